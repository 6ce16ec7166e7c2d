// Fitting the time-varying dynamics: Bayesian linear regression step by step, in the conjugate
// normal-inverse-Wishart form of Levine and Abbeel 2014, section 4: the moments of a step are
// combined with those of its neighbours, which count as `prior_strength` further trajectories.
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "policy/dynamics.h"

// A regressor is constant when its spread within a step is below this share of its spread over the
// whole batch, or when that is rounding of its size.
static const double constant_share = 1e-6;
static const double rounding = 1e-12;

irl_dynamics_options irl_dynamics_defaults(void) {
  return (irl_dynamics_options){
      .window = 2, .prior_strength = 5, .ridge = 1e-4, .min_variance = 1e-6};
}

// Columns of a joint row: regressors y = [x_t, u_t], then targets w = [x_{t+1} − x_t, z_t]. Taking
// the change of x as the target makes the ridge pull towards "nothing changes" instead of towards
// zero, and an observation that is constant predict itself.
typedef struct fit {
  const irl_batch* batch;
  const irl_dynamics_options* options;
  int nx;
  int ny;           // nx + nu
  int nw;           // nx + nz
  int d;            // ny + nw
  double* count;    // trajectories that have the step            (T)
  double* mean;     // of the joint rows                          (T, d)
  double* scatter;  // Σ (row − mean)(row − mean)ᵀ                (T, d, d)
  double* total;    // variance over the whole batch              (d)
  double* level;    // largest magnitude                          (d)
  double* S;        // posterior scatter of one step              (d, d)
  double* scale;    // standard deviations of one step's y; 0: constant (ny)
  double* R;        // regularised correlations, then their factor (ny, ny)
  double* Rinv;     //                                            (ny, ny)
  double* B;        // standardised right side, then slopes       (ny, nw)
  double* row;      //                                            (d)
  void* memory;
} fit;

static double* carve(double** next, size_t count) {
  double* here = *next;
  *next += count;
  return here;
}

static irl_err fit_create(fit* f, const irl_batch* batch, const irl_dynamics_options* options) {
  *f = (fit){.batch = batch, .options = options, .nx = batch->nx};
  f->ny = batch->nx + batch->nu;
  f->nw = batch->nx + batch->nz;
  f->d = f->ny + f->nw;
  const size_t T = (size_t)batch->horizon;
  const size_t d = (size_t)f->d;
  const size_t ny = (size_t)f->ny;
  const size_t nw = (size_t)f->nw;
  double* p = IRL_NEW(double, T*(1 + d + d * d) + 3 * d + d * d + ny * (1 + 2 * ny + nw));
  if (p == NULL) {
    return IRL_ENOMEM;
  }
  f->memory = p;
  f->count = carve(&p, T);
  f->mean = carve(&p, T * d);
  f->scatter = carve(&p, T * d * d);
  f->total = carve(&p, d);
  f->level = carve(&p, d);
  f->row = carve(&p, d);
  f->S = carve(&p, d * d);
  f->scale = carve(&p, ny);
  f->R = carve(&p, ny * ny);
  f->Rinv = carve(&p, ny * ny);
  f->B = carve(&p, ny * nw);
  return IRL_OK;
}

static bool has_step(const irl_batch* batch, int i, int t) {
  return batch->valid[i] && t < batch->length[i];
}

static void read_row(const fit* f, int i, int t, double* row) {
  const irl_batch* b = f->batch;
  memcpy(row, irl_batch_x(b, i, t), (size_t)b->nx * sizeof(double));
  memcpy(row + b->nx, irl_batch_u(b, i, t), (size_t)b->nu * sizeof(double));
  for (int j = 0; j < b->nx; j++) {
    row[f->ny + j] = irl_batch_x(b, i, t + 1)[j] - row[j];
  }
  if (b->nz > 0) {
    memcpy(row + f->ny + b->nx, irl_batch_z(b, i, t), (size_t)b->nz * sizeof(double));
  }
}

static irl_err step_mean(fit* f, const int* index, int n, int t, irl_errinfo* info) {
  double* mean = f->mean + (ptrdiff_t)t * f->d;
  for (int k = 0; k < n; k++) {
    if (!has_step(f->batch, index[k], t)) {
      continue;
    }
    read_row(f, index[k], t, f->row);
    if (!irl_all_finite(f->row, f->d)) {
      return irl_fail(
          info, IRL_ENUM,
          "dynamics: trajectory %d has a number that is not finite at step %d; leave it "
          "out",
          index[k], t);
    }
    irl_axpy(mean, 1, f->row, f->d);
    f->count[t] += 1;
    for (int j = 0; j < f->d; j++) {
      f->level[j] = fmax(f->level[j], fabs(f->row[j]));
    }
  }
  for (int j = 0; j < f->d && f->count[t] > 0; j++) {
    mean[j] /= f->count[t];
  }
  return IRL_OK;
}

// Lower triangle of the scatter about the step's own mean, so that motion along the trajectory does
// not count as spread.
static void step_scatter(fit* f, const int* index, int n, int t) {
  const int d = f->d;
  double* S = f->scatter + (ptrdiff_t)t * d * d;
  for (int k = 0; k < n; k++) {
    if (!has_step(f->batch, index[k], t)) {
      continue;
    }
    read_row(f, index[k], t, f->row);
    irl_axpy(f->row, -1, f->mean + (ptrdiff_t)t * d, d);
    for (int j = 0; j < d; j++) {
      if (f->row[j] != 0) {
        irl_axpy(S + (ptrdiff_t)j * d, f->row[j], f->row, j + 1);
      }
    }
  }
}

static void mirror_lower(double* A, int n) {
  for (int i = 1; i < n; i++) {
    for (int j = 0; j < i; j++) {
      A[(ptrdiff_t)j * n + i] = A[(ptrdiff_t)i * n + j];
    }
  }
}

// Variance over all steps and trajectories: within steps and of the steps' means.
static void total_variance(fit* f) {
  const int T = f->batch->horizon;
  const int d = f->d;
  for (int j = 0; j < d; j++) {
    double rows = 0;
    double mean = 0;
    double within = 0;
    for (int t = 0; t < T; t++) {
      rows += f->count[t];
      mean += f->count[t] * f->mean[(ptrdiff_t)t * d + j];
      within += f->scatter[((ptrdiff_t)t * d + j) * d + j];
    }
    mean /= rows;
    for (int t = 0; t < T; t++) {
      const double e = f->mean[(ptrdiff_t)t * d + j] - mean;
      within += f->count[t] * e * e;
    }
    f->total[j] = within / rows;
  }
}

static irl_err gather(fit* f, const int* index, int n, irl_errinfo* info) {
  for (int t = 0; t < f->batch->horizon; t++) {
    IRL_TRY(step_mean(f, index, n, t, info));
    step_scatter(f, index, n, t);
    mirror_lower(f->scatter + (ptrdiff_t)t * f->d * f->d, f->d);
  }
  total_variance(f);
  return IRL_OK;
}

static double dof_of(const fit* f, int t) {
  return f->count[t] > 1 ? f->count[t] - 1 : 0;
}

// S = scatter of step t + prior_strength × mean covariance of the window. Returns the weight of
// both, in trajectories, 0 when there is no spread to learn from.
static double combine(fit* f, int t) {
  const int T = f->batch->horizon;
  const ptrdiff_t dd = (ptrdiff_t)f->d * f->d;
  const int first = t > f->options->window ? t - f->options->window : 0;
  const int last = t + f->options->window < T ? t + f->options->window : T - 1;
  double dof = 0;
  for (int s = first; s <= last; s++) {
    dof += dof_of(f, s);
  }
  memset(f->S, 0, (size_t)dd * sizeof(double));
  if (!(dof > 0)) {
    return 0;
  }
  for (int s = first; s <= last; s++) {
    const double weight = f->options->prior_strength / dof + (s == t ? 1 : 0);
    irl_axpy(f->S, weight, f->scatter + s * dd, (int)dd);
  }
  return dof_of(f, t) + f->options->prior_strength;
}

// Standard deviations of the regressors, 0 for those that are constant.
static void set_scales(fit* f, double weight) {
  for (int j = 0; j < f->ny; j++) {
    const double variance = f->S[(ptrdiff_t)j * f->d + j] / weight;
    const double least = fmax(constant_share * constant_share * f->total[j],
                              rounding * rounding * f->level[j] * f->level[j]);
    f->scale[j] = variance > least ? sqrt(variance) : 0;
  }
}

// Slopes of all targets on the standardised regressors: (R + ridge) B = S_yw / (weight · scale).
// Constant regressors become unit rows with slope 0. Returns the effective number of regressors,
// tr(R (R + ridge)⁻¹).
static double solve_slopes(fit* f, double weight) {
  const int ny = f->ny;
  const int nw = f->nw;
  const int d = f->d;
  const double ridge = f->options->ridge;
  int used = 0;
  for (int i = 0; i < ny; i++) {
    const double si = f->scale[i];
    for (int j = 0; j < ny; j++) {
      const double s = si * f->scale[j] * weight;
      f->R[(ptrdiff_t)i * ny + j] = s > 0 ? f->S[(ptrdiff_t)i * d + j] / s : 0;
    }
    f->R[(ptrdiff_t)i * ny + i] = si > 0 ? 1 + ridge : 1;
    used += si > 0;
    for (int j = 0; j < nw; j++) {
      f->B[(ptrdiff_t)i * nw + j] = si > 0 ? f->S[(ptrdiff_t)i * d + ny + j] / (si * weight) : 0;
    }
  }
  if (!irl_cholesky(f->R, f->R, ny)) {
    return -1;
  }
  irl_cholesky_solve(f->B, f->R, f->B, ny, nw);
  irl_cholesky_inverse(f->Rinv, f->R, ny);
  double trace = 0;
  for (int i = 0; i < ny; i++) {
    trace += f->scale[i] > 0 ? f->Rinv[(ptrdiff_t)i * ny + i] : 0;
    for (int j = 0; j < nw; j++) {
      f->B[(ptrdiff_t)i * nw + j] = f->scale[i] > 0 ? f->B[(ptrdiff_t)i * nw + j] / f->scale[i] : 0;
    }
  }
  return used - ridge * trace;
}

// Residual scatter of targets a and b: S_ab − B_aᵀS_yb − S_ayB_b + B_aᵀS_yyB_b. row holds
// S_yb − S_yy B_b.
static double residual(const fit* f, int a, int b) {
  const ptrdiff_t d = f->d;
  double sum = f->S[(f->ny + a) * d + f->ny + b];
  for (int i = 0; i < f->ny; i++) {
    const double Bia = f->B[(ptrdiff_t)i * f->nw + a];
    const double Bib = f->B[(ptrdiff_t)i * f->nw + b];
    sum -= Bia * f->row[i] + f->S[i * d + f->ny + a] * Bib;
  }
  return sum;
}

static void set_noise(fit* f, double* cov, double dof) {
  const int nx = f->nx;
  const ptrdiff_t d = f->d;
  for (int b = 0; b < nx; b++) {
    for (int i = 0; i < f->ny; i++) {
      f->row[i] = f->S[i * d + f->ny + b];
      for (int j = 0; j < f->ny; j++) {
        f->row[i] -= f->S[i * d + j] * f->B[(ptrdiff_t)j * f->nw + b];
      }
    }
    for (int a = 0; a <= b; a++) {
      const double value = dof > 0 ? residual(f, a, b) / dof : 0;
      cov[(ptrdiff_t)a * nx + b] = value;
      cov[(ptrdiff_t)b * nx + a] = value;
    }
    double* variance = cov + (ptrdiff_t)b * nx + b;
    *variance = fmax(*variance, f->options->min_variance * f->total[b]);
  }
}

// Slopes and offsets of the targets, F = 1 + Bᵀ.
static void set_maps(const fit* f, irl_dynamics* dyn, int t) {
  const int ny = f->ny;
  const double* mean = f->mean + (ptrdiff_t)t * f->d;
  for (int a = 0; a < f->nw; a++) {
    const bool state = a < f->nx;
    double* slopes = state ? dyn->F + ((ptrdiff_t)t * f->nx + a) * ny
                           : dyn->Z + ((ptrdiff_t)t * dyn->nz + a - f->nx) * ny;
    double* offset =
        state ? dyn->f + (ptrdiff_t)t * f->nx + a : dyn->z0 + (ptrdiff_t)t * dyn->nz + a - f->nx;
    *offset = mean[ny + a];
    for (int i = 0; i < ny; i++) {
      slopes[i] = f->B[(ptrdiff_t)i * f->nw + a];
      *offset -= slopes[i] * mean[i];
    }
    if (state) {
      slopes[a] += 1;
    }
  }
}

// A step that no trajectory reached keeps the model of the step before.
static void repeat_step(irl_dynamics* dyn, int t) {
  const size_t nx = (size_t)dyn->nx;
  const size_t nz = (size_t)dyn->nz;
  const size_t ny = nx + (size_t)dyn->nu;
  const size_t now = (size_t)t;
  memcpy(dyn->F + now * nx * ny, dyn->F + (now - 1) * nx * ny, nx * ny * sizeof(double));
  memcpy(dyn->f + now * nx, dyn->f + (now - 1) * nx, nx * sizeof(double));
  memcpy(dyn->cov + now * nx * nx, dyn->cov + (now - 1) * nx * nx, nx * nx * sizeof(double));
  memcpy(dyn->Z + now * nz * ny, dyn->Z + (now - 1) * nz * ny, nz * ny * sizeof(double));
  memcpy(dyn->z0 + now * nz, dyn->z0 + (now - 1) * nz, nz * sizeof(double));
}

static irl_err fit_step(fit* f, irl_dynamics* dyn, int t, irl_errinfo* info) {
  if (!(f->count[t] > 0)) {
    repeat_step(dyn, t);
    return IRL_OK;
  }
  const double weight = combine(f, t);
  memset(f->scale, 0, (size_t)f->ny * sizeof(double));
  if (weight > 0) {
    set_scales(f, weight);
  }
  const double used = solve_slopes(f, weight);
  if (!(used >= 0) || !irl_all_finite(f->B, f->ny * f->nw)) {
    return irl_fail(info, IRL_ENUM,
                    "dynamics: the regression of step %d is singular; raise the ridge or give more "
                    "trajectories",
                    t);
  }
  set_noise(f, dyn->cov + (ptrdiff_t)t * f->nx * f->nx, fmax(weight - used, 0.25 * weight));
  set_maps(f, dyn, t);
  return IRL_OK;
}

static void fit_start(const fit* f, irl_dynamics* dyn) {
  const double dof = dof_of(f, 0);
  for (int i = 0; i < f->nx; i++) {
    dyn->x0_mean[i] = f->mean[i];
    for (int j = 0; j < f->nx; j++) {
      dyn->x0_cov[(ptrdiff_t)i * f->nx + j] =
          dof > 0 ? f->scatter[(ptrdiff_t)i * f->d + j] / dof : 0;
    }
  }
}

static int usable_count(const irl_batch* batch, const int* index, int n) {
  int usable = 0;
  for (int k = 0; k < n; k++) {
    assert(index[k] >= 0 && index[k] < batch->n);
    usable += has_step(batch, index[k], 0);
  }
  return usable;
}

irl_err irl_dynamics_fit(irl_dynamics* dyn, const irl_batch* batch, const int* index, int n,
                         const irl_dynamics_options* options, irl_errinfo* info) {
  assert(dyn->horizon == batch->horizon && dyn->nx == batch->nx && dyn->nu == batch->nu);
  assert(dyn->nz == batch->nz);
  assert(options->window >= 0 && options->prior_strength >= 0 && options->ridge >= 0);
  const int usable = usable_count(batch, index, n);
  if (usable < 2) {
    return irl_fail(info, IRL_ERANGE,
                    "dynamics: %d usable trajectories; a fit needs at least 2, give more", usable);
  }
  fit f;
  if (fit_create(&f, batch, options) != IRL_OK) {
    return irl_fail(info, IRL_ENOMEM, "dynamics: no memory for the fit; use fewer observations");
  }
  irl_err err = gather(&f, index, n, info);
  for (int t = 0; t < batch->horizon && err == IRL_OK; t++) {
    err = fit_step(&f, dyn, t, info);
  }
  if (err == IRL_OK) {
    fit_start(&f, dyn);
  }
  irl_free(f.memory);
  return err;
}
