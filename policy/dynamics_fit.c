// Fitting the time-varying dynamics: Bayesian linear regression step by step, in the conjugate
// normal-inverse-Wishart form of Levine and Abbeel 2014, section 4: the moments of a step are
// combined with those of a prior, which count as `prior_strength` further trajectories.
//
//   S = own scatter + m Φ + N m/(N + m) (μ − μ₀)(μ − μ₀)ᵀ
//
// The prior's mean μ₀ moves the covariance of a step, never its mean. Pooled neighbours and
// differences of the simulator have the step's own mean.
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "policy/dynamics.h"
#include "policy/mixture_internal.h"
#include "policy/moments_internal.h"

enum {
  KEPT_TRAJECTORIES = 20,  // that a mixture is fitted to, the given ones among them
  FIRST_STEPS = 100,       // of expectation maximisation
  LATER_STEPS = 10         // the same from the last call's Gaussians
};

struct irl_dynamics_fitter {
  irl_moments m;
  irl_mixture* mixture;  // made at its first use
  double* rows;          // of the kept trajectories, step by step   (nrows, d)
  int nrows, capacity;
  double* mean;  // of the prior    (d)
  double* cov;   //                 (d, d)
};

irl_dynamics_options irl_dynamics_defaults(void) {
  return (irl_dynamics_options){.kind = IRL_DYNAMICS_FITTED,
                                .window = 5,
                                .prior_strength = 30,
                                .ridge = 1e-3,
                                .min_variance = 1e-6,
                                .clusters = 20,
                                .cluster_points = 40};
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

//---------------------------------- Mixture -------------------------------------------------------

// Rows of the given trajectories step by step, then those kept from earlier calls, at most
// KEPT_TRAJECTORIES × T or what is given.
static irl_err keep_rows(irl_dynamics_fitter* f, const irl_batch* batch, const int* index, int n) {
  const ptrdiff_t d = f->m.d;
  const int T = batch->horizon;
  int wanted = (n > KEPT_TRAJECTORIES ? n : KEPT_TRAJECTORIES) * T;
  if (wanted > f->capacity) {
    double* rows = IRL_NEW(double, 2 * (size_t)wanted * (size_t)d);
    if (rows == NULL) {
      return IRL_ENOMEM;
    }
    if (f->rows != NULL) {
      memcpy(rows, f->rows, (size_t)f->nrows * (size_t)d * sizeof(double));
    }
    irl_free(f->rows);
    f->rows = rows;
    f->capacity = wanted;
  }
  double* fresh = f->rows + (ptrdiff_t)f->capacity * d;
  int count = 0;
  for (int t = 0; t < T; t++) {
    for (int k = 0; k < n; k++) {
      if (batch->valid[index[k]] && t < batch->length[index[k]]) {
        read_row(batch, index[k], t, fresh + (ptrdiff_t)count++ * d);
      }
    }
  }
  const int old = f->nrows < wanted - count ? f->nrows : wanted - count;
  memmove(f->rows + (ptrdiff_t)count * d, f->rows, (size_t)old * (size_t)d * sizeof(double));
  memcpy(f->rows, fresh, (size_t)count * (size_t)d * sizeof(double));
  f->nrows = count + old;
  return IRL_OK;
}

static irl_err fit_mixture(irl_dynamics_fitter* f, const irl_batch* batch, const int* index, int n,
                           const irl_dynamics_options* options, irl_errinfo* info) {
  irl_err err = keep_rows(f, batch, index, n);
  if (err == IRL_OK && f->mixture == NULL) {
    err = irl_mixture_create(&f->mixture, f->m.d, options->clusters);
  }
  if (err == IRL_OK) {
    const int most = f->nrows / options->cluster_points;
    const int clusters = most < 2 ? 2 : most < options->clusters ? most : options->clusters;
    const bool warm = irl_mixture_steps(f->mixture) > 0;
    err =
        irl_mixture_fit(f->mixture, f->rows, f->nrows, clusters, warm ? LATER_STEPS : FIRST_STEPS);
  }
  return err == IRL_OK ? IRL_OK
                       : irl_fail(info, err,
                                  "dynamics: the mixture of %d rows failed (%s); use the fitted "
                                  "prior or more trajectories",
                                  f->nrows, irl_err_name(err));
}

// S of step t under the mixture's prior, whose clusters are weighted by the step's own rows.
static void combine_mixture(irl_dynamics_fitter* f, const irl_batch* batch, const int* index, int n,
                            int t, double strength) {
  irl_moments* m = &f->m;
  const ptrdiff_t d = m->d;
  double* fresh = f->rows + (ptrdiff_t)f->capacity * d;
  int count = 0;
  for (int k = 0; k < n; k++) {
    if (batch->valid[index[k]] && t < batch->length[index[k]]) {
      read_row(batch, index[k], t, fresh + (ptrdiff_t)count++ * d);
    }
  }
  irl_mixture_moments(f->mixture, fresh, count, f->mean, f->cov);
  for (ptrdiff_t j = 0; j < d; j++) {
    f->mean[j] = m->mean[t * d + j] - f->mean[j];
  }
  const double pull = count * strength / (count + strength);
  memcpy(m->S, m->scatter + t * d * d, (size_t)(d * d) * sizeof(double));
  irl_axpy(m->S, strength, f->cov, (int)(d * d));
  for (ptrdiff_t j = 0; j < d; j++) {
    irl_axpy(m->S + j * d, pull * f->mean[j], f->mean, (int)d);
  }
  m->weight = strength + (count > 1 ? count - 1 : 0);
}

//---------------------------------- All steps -----------------------------------------------------

typedef struct fit_job {
  irl_dynamics_fitter* fitter;
  irl_dynamics* dyn;
  const irl_batch* batch;
  const int* index;
  int n;
  const irl_dynamics_options* options;
  const irl_differences* differences;
} fit_job;

// The scatter that step t is regressed on.
static void combine(const fit_job* job, int t) {
  const irl_dynamics_options* o = job->options;
  const irl_differences* diff = job->differences;
  irl_moments* m = &job->fitter->m;
  switch (o->kind) {
    case IRL_DYNAMICS_FITTED:
      irl_moments_combine(m, t, o->window, 1, o->prior_strength);
      break;
    case IRL_DYNAMICS_MIXTURE:
      combine_mixture(job->fitter, job->batch, job->index, job->n, t, o->prior_strength);
      break;
    case IRL_DYNAMICS_SIMULATOR:
    case IRL_DYNAMICS_COMBINED:
      irl_moments_differences(m, t, irl_differences_row(diff, t, 0), diff->n, diff->paths,
                              o->kind == IRL_DYNAMICS_COMBINED, o->prior_strength);
      break;
  }
}

static irl_err fit_step(const fit_job* job, int t, irl_errinfo* info) {
  irl_moments* m = &job->fitter->m;
  const irl_dynamics_options* o = job->options;
  const bool simulated = o->kind == IRL_DYNAMICS_SIMULATOR;
  if (!(m->count[t] > 0)) {
    repeat_step(job->dyn, t);
    return IRL_OK;
  }
  combine(job, t);
  if (!irl_moments_regress(m, o->ridge)) {
    return irl_fail(info, IRL_ENUM,
                    "dynamics: the regression of step %d is singular; raise the ridge or give more "
                    "trajectories",
                    t);
  }
  if (simulated) {  // the noise is what the slopes leave of the trajectories themselves
    irl_moments_combine(m, t, 0, 1, 0);
    m->used = 0;
  }
  set_noise(m, job->dyn, t, o->min_variance);
  set_maps(m, job->dyn, t);
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

static irl_err check(const fit_job* job, irl_errinfo* info) {
  const irl_dynamics_options* o = job->options;
  const irl_differences* diff = job->differences;
  const irl_moments* m = &job->fitter->m;
  const int usable = irl_moments_usable(job->batch, job->index, job->n);
  if (usable < 2) {
    return irl_fail(info, IRL_ERANGE,
                    "dynamics: %d usable trajectories; a fit needs at least 2, give more", usable);
  }
  const bool simulated = o->kind == IRL_DYNAMICS_SIMULATOR || o->kind == IRL_DYNAMICS_COMBINED;
  if (simulated &&
      (diff == NULL || diff->paths < 1 || diff->horizon != m->horizon || diff->d != m->d)) {
    return irl_fail(info, IRL_ERANGE,
                    "dynamics: %s needs differences of the simulator; give them or choose fitted",
                    irl_dynamics_kind_name((int)o->kind));
  }
  return IRL_OK;
}

static irl_err fit_all(const fit_job* job, irl_errinfo* info) {
  irl_moments* m = &job->fitter->m;
  IRL_TRY(check(job, info));
  IRL_TRY(irl_moments_gather(m, job->batch, job->index, job->n, read_row, "dynamics", info));
  if (job->options->kind == IRL_DYNAMICS_MIXTURE) {
    IRL_TRY(fit_mixture(job->fitter, job->batch, job->index, job->n, job->options, info));
  }
  for (int t = 0; t < job->batch->horizon; t++) {
    IRL_TRY(fit_step(job, t, info));
  }
  fit_start(m, job->dyn);
  return IRL_OK;
}

irl_err irl_dynamics_fitter_create(irl_dynamics_fitter** out, int horizon, int nx, int nu, int nz) {
  *out = NULL;
  irl_dynamics_fitter* f = IRL_NEW(irl_dynamics_fitter, 1);
  if (f == NULL) {
    return IRL_ENOMEM;
  }
  const size_t d = 2 * (size_t)nx + (size_t)nu + (size_t)nz;
  irl_err err = irl_moments_create(&f->m, horizon, nx + nu, nx + nz);
  f->mean = IRL_NEW(double, d + d * d);
  if (err != IRL_OK || f->mean == NULL) {
    irl_dynamics_fitter_destroy(f);
    return IRL_ENOMEM;
  }
  f->cov = f->mean + d;
  *out = f;
  return IRL_OK;
}

void irl_dynamics_fitter_destroy(irl_dynamics_fitter* f) {
  if (f != NULL) {
    irl_moments_destroy(&f->m);
    irl_mixture_destroy(f->mixture);
    irl_free(f->rows);
    irl_free(f->mean);
    irl_free(f);
  }
}

irl_err irl_dynamics_fitter_run(irl_dynamics_fitter* fitter, irl_dynamics* dyn,
                                const irl_batch* batch, const int* index, int n,
                                const irl_dynamics_options* options,
                                const irl_differences* differences, irl_errinfo* info) {
  assert(dyn->horizon == batch->horizon && dyn->nx == batch->nx && dyn->nu == batch->nu);
  assert(dyn->nz == batch->nz && fitter->m.horizon == batch->horizon);
  assert(fitter->m.ny == batch->nx + batch->nu && fitter->m.nw == batch->nx + batch->nz);
  assert(options->window >= 0 && options->prior_strength >= 0 && options->ridge >= 0);
  const fit_job job = {fitter, dyn, batch, index, n, options, differences};
  return fit_all(&job, info);
}

irl_err irl_dynamics_fit(irl_dynamics* dyn, const irl_batch* batch, const int* index, int n,
                         const irl_dynamics_options* options, irl_errinfo* info) {
  irl_dynamics_fitter* fitter;
  if (irl_dynamics_fitter_create(&fitter, batch->horizon, batch->nx, batch->nu, batch->nz) !=
      IRL_OK) {
    return irl_fail(info, IRL_ENOMEM, "dynamics: no memory for the fit; use fewer observations");
  }
  const irl_err err = irl_dynamics_fitter_run(fitter, dyn, batch, index, n, options, NULL, info);
  irl_dynamics_fitter_destroy(fitter);
  return err;
}
