#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "policy/moments_internal.h"

// A regressor is constant when its spread within a step is below this share of its spread over the
// whole batch, or when that is rounding of its size.
static const double constant_share = 1e-6;
static const double rounding = 1e-12;

static double* carve(double** next, size_t count) {
  double* here = *next;
  *next += count;
  return here;
}

irl_err irl_moments_create(irl_moments* m, int horizon, int ny_, int nw_) {
  *m = (irl_moments){.horizon = horizon, .ny = ny_, .nw = nw_, .d = ny_ + nw_};
  const size_t T = (size_t)horizon;
  const size_t ny = (size_t)ny_;
  const size_t nw = (size_t)nw_;
  const size_t d = ny + nw;
  double* p = IRL_NEW(double, T*(1 + d + d * d) + 3 * d + d * d + ny * (1 + 2 * ny + nw));
  if (p == NULL) {
    return IRL_ENOMEM;
  }
  m->memory = p;
  m->count = carve(&p, T);
  m->mean = carve(&p, T * d);
  m->scatter = carve(&p, T * d * d);
  m->total = carve(&p, d);
  m->level = carve(&p, d);
  m->row = carve(&p, d);
  m->S = carve(&p, d * d);
  m->scale = carve(&p, ny);
  m->R = carve(&p, ny * ny);
  m->Rinv = carve(&p, ny * ny);
  m->slope = carve(&p, ny * nw);
  return IRL_OK;
}

void irl_moments_destroy(irl_moments* m) {
  irl_free(m->memory);
  *m = (irl_moments){0};
}

static void mirror_lower(double* A, int n) {
  for (int i = 1; i < n; i++) {
    for (int j = 0; j < i; j++) {
      A[(ptrdiff_t)j * n + i] = A[(ptrdiff_t)i * n + j];
    }
  }
}

static bool has_step(const irl_batch* batch, int i, int t) {
  return batch->valid[i] && t < batch->length[i];
}

int irl_moments_usable(const irl_batch* batch, const int* index, int n) {
  int usable = 0;
  for (int k = 0; k < n; k++) {
    assert(index[k] >= 0 && index[k] < batch->n);
    usable += has_step(batch, index[k], 0);
  }
  return usable;
}

// Adds the rows of step t to the sums that will be the mean of place `at`.
static irl_err sum_rows(irl_moments* m, const irl_batch* batch, const int* index, int n, int t,
                        int at, irl_row_fn row, const char* what, irl_errinfo* info) {
  double* mean = m->mean + (ptrdiff_t)at * m->d;
  for (int k = 0; k < n; k++) {
    if (!has_step(batch, index[k], t)) {
      continue;
    }
    row(batch, index[k], t, m->row);
    if (!irl_all_finite(m->row, m->d)) {
      return irl_fail(info, IRL_ENUM,
                      "%s: trajectory %d has a number that is not finite at step %d; leave it out",
                      what, index[k], t);
    }
    irl_axpy(mean, 1, m->row, m->d);
    m->count[at] += 1;
    for (int j = 0; j < m->d; j++) {
      m->level[j] = fmax(m->level[j], fabs(m->row[j]));
    }
  }
  return IRL_OK;
}

static void divide_sums(irl_moments* m, int at) {
  for (int j = 0; j < m->d && m->count[at] > 0; j++) {
    m->mean[(ptrdiff_t)at * m->d + j] /= m->count[at];
  }
}

// Adds step t's rows to place `at`, about the mean there.
static void add_scatter(irl_moments* m, const irl_batch* batch, const int* index, int n, int t,
                        int at, irl_row_fn row) {
  const int d = m->d;
  double* S = m->scatter + (ptrdiff_t)at * d * d;
  for (int k = 0; k < n; k++) {
    if (!has_step(batch, index[k], t)) {
      continue;
    }
    row(batch, index[k], t, m->row);
    irl_axpy(m->row, -1, m->mean + (ptrdiff_t)at * d, d);
    for (int j = 0; j < d; j++) {
      if (m->row[j] != 0) {
        irl_axpy(S + (ptrdiff_t)j * d, m->row[j], m->row, j + 1);
      }
    }
  }
}

// Variance over all rows: that within the steps and that of the steps' means.
static void total_variance(irl_moments* m) {
  const ptrdiff_t d = m->d;
  for (ptrdiff_t j = 0; j < d; j++) {
    double rows = 0;
    double mean = 0;
    double sum = 0;
    for (int t = 0; t < m->horizon; t++) {
      rows += m->count[t];
      mean += m->count[t] * m->mean[t * d + j];
      sum += m->scatter[(t * d + j) * d + j];
    }
    mean /= rows;
    for (int t = 0; t < m->horizon; t++) {
      const double e = m->mean[t * d + j] - mean;
      sum += m->count[t] * e * e;
    }
    m->total[j] = sum / rows;
  }
}

static void clear(irl_moments* m) {
  const size_t T = (size_t)m->horizon, d = (size_t)m->d;
  memset(m->count, 0, (T * (1 + d + d * d) + 2 * d) * sizeof(double));  // count to level
}

// About each step's own mean, so that motion along the trajectory does not count as spread.
irl_err irl_moments_gather(irl_moments* m, const irl_batch* batch, const int* index, int n,
                           irl_row_fn row, const char* what, irl_errinfo* info) {
  clear(m);
  for (int t = 0; t < m->horizon; t++) {
    IRL_TRY(sum_rows(m, batch, index, n, t, t, row, what, info));
    divide_sums(m, t);
    add_scatter(m, batch, index, n, t, t, row);
    mirror_lower(m->scatter + (ptrdiff_t)t * m->d * m->d, m->d);
  }
  total_variance(m);
  return IRL_OK;
}

irl_err irl_moments_pool(irl_moments* m, const irl_batch* batch, const int* index, int n,
                         irl_row_fn row, const char* what, irl_errinfo* info) {
  assert(m->horizon == 1);
  clear(m);
  for (int t = 0; t < batch->horizon; t++) {
    IRL_TRY(sum_rows(m, batch, index, n, t, 0, row, what, info));
  }
  divide_sums(m, 0);
  for (int t = 0; t < batch->horizon; t++) {
    add_scatter(m, batch, index, n, t, 0, row);
  }
  mirror_lower(m->scatter, m->d);
  total_variance(m);
  return IRL_OK;
}

static double freedom(const irl_moments* m, int t) {
  return m->count[t] > 1 ? m->count[t] - 1 : 0;
}

void irl_moments_combine(irl_moments* m, int t, int window, double own, double prior) {
  const ptrdiff_t dd = (ptrdiff_t)m->d * m->d;
  const int first = t > window ? t - window : 0;
  const int last = t < m->horizon - window ? t + window : m->horizon - 1;
  double pooled = 0;
  for (int s = first; s <= last; s++) {
    pooled += freedom(m, s);
  }
  memset(m->S, 0, (size_t)dd * sizeof(double));
  m->weight = 0;
  if (pooled > 0) {
    const double strength = prior < 0 ? pooled : prior;
    for (int s = first; s <= last; s++) {
      irl_axpy(m->S, strength / pooled + (s == t ? own : 0), m->scatter + s * dd, (int)dd);
    }
    m->weight = strength + own * freedom(m, t);
  }
}

void irl_moments_differences(irl_moments* m, int t, const double* rows, int n, int paths,
                             double own, double prior) {
  const ptrdiff_t d = m->d;
  const double weight = prior / paths;
  memset(m->S, 0, (size_t)(d * d) * sizeof(double));
  for (int r = 0; r < n; r++) {
    const double* row = rows + r * d;
    for (int i = 0; i < d; i++) {
      if (row[i] != 0) {
        irl_axpy(m->S + i * d, weight * row[i], row, i + 1);
      }
    }
  }
  mirror_lower(m->S, m->d);
  irl_axpy(m->S, own, m->scatter + t * d * d, (int)(d * d));
  m->weight = prior + own * freedom(m, t);
}

static void set_scales(irl_moments* m) {
  for (int j = 0; j < m->ny; j++) {
    const double variance = m->weight > 0 ? m->S[(ptrdiff_t)j * m->d + j] / m->weight : 0;
    const double least = fmax(constant_share * constant_share * m->total[j],
                              rounding * rounding * m->level[j] * m->level[j]);
    m->scale[j] = variance > least ? sqrt(variance) : 0;
  }
}

// R = correlations + ridge, slope = standardised right side. A constant regressor gets a unit row
// and no right side, so that its slope is 0. Returns how many are not constant.
static int set_equations(irl_moments* m, double ridge) {
  const ptrdiff_t ny = m->ny;
  const ptrdiff_t nw = m->nw;
  int varying = 0;
  for (ptrdiff_t i = 0; i < ny; i++) {
    const double* Si = m->S + i * m->d;
    const double si = m->scale[i];
    for (ptrdiff_t j = 0; j < ny; j++) {
      const double s = si * m->scale[j] * m->weight;
      m->R[i * ny + j] = s > 0 ? Si[j] / s : 0;
    }
    m->R[i * ny + i] = si > 0 ? 1 + ridge : 1;
    for (ptrdiff_t j = 0; j < nw; j++) {
      m->slope[i * nw + j] = si > 0 ? Si[ny + j] / (si * m->weight) : 0;
    }
    varying += si > 0;
  }
  return varying;
}

// used = tr(R (R + ridge)⁻¹), the degrees of freedom of ridge regression.
bool irl_moments_regress(irl_moments* m, double ridge) {
  const int ny = m->ny;
  const int nw = m->nw;
  set_scales(m);
  m->used = set_equations(m, ridge);
  if (!irl_cholesky(m->R, m->R, ny)) {
    return false;
  }
  irl_cholesky_solve(m->slope, m->R, m->slope, ny, nw);
  irl_cholesky_inverse(m->Rinv, m->R, ny);
  for (ptrdiff_t i = 0; i < ny; i++) {
    m->used -= m->scale[i] > 0 ? ridge * m->Rinv[i * ny + i] : 0;
    for (ptrdiff_t j = 0; j < nw; j++) {
      m->slope[i * nw + j] = m->scale[i] > 0 ? m->slope[i * nw + j] / m->scale[i] : 0;
    }
  }
  return irl_all_finite(m->slope, ny * nw);
}

// S_ab − B_aᵀS_yb − B_bᵀS_ya + B_aᵀS_yyB_b, column b by column.
void irl_moments_residual(irl_moments* m, int n, double* out) {
  const ptrdiff_t d = m->d;
  const ptrdiff_t nw = m->nw;
  for (int b = 0; b < n; b++) {
    for (int i = 0; i < m->ny; i++) {
      m->row[i] = m->S[i * d + m->ny + b];
      for (int j = 0; j < m->ny; j++) {
        m->row[i] -= m->S[i * d + j] * m->slope[j * nw + b];
      }
    }
    for (int a = 0; a <= b; a++) {
      double sum = m->S[(m->ny + a) * d + m->ny + b];
      for (int i = 0; i < m->ny; i++) {
        sum -= m->slope[i * nw + a] * m->row[i] + m->slope[i * nw + b] * m->S[i * d + m->ny + a];
      }
      out[a * n + b] = sum;
      out[b * n + a] = sum;
    }
  }
}
