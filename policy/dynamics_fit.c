// Fitting the time-varying dynamics: Bayesian linear regression step by step, in the conjugate
// normal-inverse-Wishart form of Levine and Abbeel 2014, section 4: the moments of a step are
// combined with those of its neighbours, which count as `prior_strength` further trajectories.
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "policy/dynamics.h"
#include "policy/moments_internal.h"

irl_dynamics_options irl_dynamics_defaults(void) {
  return (irl_dynamics_options){
      .window = 5, .prior_strength = 30, .ridge = 1e-3, .min_variance = 1e-6};
}

// Regressors x_t, u_t; targets x_{t+1} − x_t, z_t. Taking the change of x as the target makes the
// ridge pull towards "nothing changes" instead of towards zero, and an observation that is constant
// predict itself.
static void read_row(const irl_batch* b, int i, int t, double* row) {
  const double* now = irl_batch_x(b, i, t);
  const double* next = irl_batch_x(b, i, t + 1);
  double* change = row + b->nx + b->nu;
  memcpy(row, now, (size_t)b->nx * sizeof(double));
  memcpy(row + b->nx, irl_batch_u(b, i, t), (size_t)b->nu * sizeof(double));
  for (int j = 0; j < b->nx; j++) {
    change[j] = next[j] - now[j];
  }
  if (b->nz > 0) {
    memcpy(change + b->nx, irl_batch_z(b, i, t), (size_t)b->nz * sizeof(double));
  }
}

// Degrees of freedom that the regression used up are taken off, but never more than three quarters:
// with few trajectories nearly all of them are used up by regressors that do not matter.
static void set_noise(irl_moments* m, irl_dynamics* dyn, int t, double min_variance) {
  const int nx = dyn->nx;
  double* cov = dyn->cov + (ptrdiff_t)t * nx * nx;
  irl_moments_residual(m, nx, cov);
  const double dof = fmax(m->weight - m->used, 0.25 * m->weight);
  for (int i = 0; i < nx * nx; i++) {
    cov[i] = dof > 0 ? cov[i] / dof : 0;
  }
  for (int j = 0; j < nx; j++) {
    cov[j * nx + j] = fmax(cov[j * nx + j], min_variance * m->total[j]);
  }
}

// Slopes and offsets of the targets about the means of step t; F = 1 + slopes of the change.
static void set_maps(const irl_moments* m, irl_dynamics* dyn, int t) {
  const double* mean = m->mean + (ptrdiff_t)t * m->d;
  for (int a = 0; a < m->nw; a++) {
    const bool state = a < dyn->nx;
    const ptrdiff_t at = state ? (ptrdiff_t)t * dyn->nx + a : (ptrdiff_t)t * dyn->nz + a - dyn->nx;
    double* map = (state ? dyn->F : dyn->Z) + at * m->ny;
    double offset = mean[m->ny + a];
    for (int i = 0; i < m->ny; i++) {
      map[i] = m->slope[(ptrdiff_t)i * m->nw + a];
      offset -= map[i] * mean[i];
    }
    if (state) {
      map[a] += 1;
    }
    (state ? dyn->f : dyn->z0)[at] = offset;
  }
}

// A step that no trajectory reached keeps the model of the step before.
static void repeat_step(irl_dynamics* dyn, int t) {
  const size_t nx = (size_t)dyn->nx;
  const size_t nz = (size_t)dyn->nz;
  const size_t ny = nx + (size_t)dyn->nu;
  const size_t now = (size_t)t;
  const size_t old = now - 1;
  memcpy(dyn->F + now * nx * ny, dyn->F + old * nx * ny, nx * ny * sizeof(double));
  memcpy(dyn->f + now * nx, dyn->f + old * nx, nx * sizeof(double));
  memcpy(dyn->cov + now * nx * nx, dyn->cov + old * nx * nx, nx * nx * sizeof(double));
  memcpy(dyn->Z + now * nz * ny, dyn->Z + old * nz * ny, nz * ny * sizeof(double));
  memcpy(dyn->z0 + now * nz, dyn->z0 + old * nz, nz * sizeof(double));
}

static irl_err fit_step(irl_moments* m, irl_dynamics* dyn, int t,
                        const irl_dynamics_options* options, irl_errinfo* info) {
  if (!(m->count[t] > 0)) {
    repeat_step(dyn, t);
    return IRL_OK;
  }
  irl_moments_combine(m, t, options->window, 1, options->prior_strength);
  if (!irl_moments_regress(m, options->ridge)) {
    return irl_fail(info, IRL_ENUM,
                    "dynamics: the regression of step %d is singular; raise the ridge or give more "
                    "trajectories",
                    t);
  }
  set_noise(m, dyn, t, options->min_variance);
  set_maps(m, dyn, t);
  return IRL_OK;
}

static void fit_start(const irl_moments* m, irl_dynamics* dyn) {
  const double dof = m->count[0] - 1;
  for (int i = 0; i < dyn->nx; i++) {
    dyn->x0_mean[i] = m->mean[i];
    for (int j = 0; j < dyn->nx; j++) {
      dyn->x0_cov[(ptrdiff_t)i * dyn->nx + j] = m->scatter[(ptrdiff_t)i * m->d + j] / dof;
    }
  }
}

irl_err irl_dynamics_fit(irl_dynamics* dyn, const irl_batch* batch, const int* index, int n,
                         const irl_dynamics_options* options, irl_errinfo* info) {
  assert(dyn->horizon == batch->horizon && dyn->nx == batch->nx && dyn->nu == batch->nu);
  assert(dyn->nz == batch->nz);
  assert(options->window >= 0 && options->prior_strength >= 0 && options->ridge >= 0);
  const int usable = irl_moments_usable(batch, index, n);
  if (usable < 2) {
    return irl_fail(info, IRL_ERANGE,
                    "dynamics: %d usable trajectories; a fit needs at least 2, give more", usable);
  }
  irl_moments m;
  if (irl_moments_create(&m, batch->horizon, batch->nx + batch->nu, batch->nx + batch->nz) !=
      IRL_OK) {
    return irl_fail(info, IRL_ENOMEM, "dynamics: no memory for the fit; use fewer observations");
  }
  irl_err err = irl_moments_gather(&m, batch, index, n, read_row, "dynamics", info);
  for (int t = 0; t < batch->horizon && err == IRL_OK; t++) {
    err = fit_step(&m, dyn, t, options, info);
  }
  if (err == IRL_OK) {
    fit_start(&m, dyn);
  }
  irl_moments_destroy(&m);
  return err;
}
