#include "policy/whiten.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "policy/policy_internal.h"

static const double flat = 1e-7;  // a smaller spread than this is taken for rounding

irl_err irl_whiten_create(irl_whiten* w, int n) {
  *w = (irl_whiten){0};
  if (n < 1 || n > IRL_POLICY_MAX_NX) {
    return IRL_ERANGE;
  }
  double* p = IRL_NEW(double, 4 * (size_t)n);
  if (p == NULL) {
    return IRL_ENOMEM;
  }
  *w = (irl_whiten){.n = n, .mean = p, .m2 = p + n, .work = p + 2 * (ptrdiff_t)n, .memory = p};
  return IRL_OK;
}

void irl_whiten_destroy(irl_whiten* w) {
  irl_free(w->memory);
  *w = (irl_whiten){0};
}

// Mean and squared deviations of a block, in two passes.
static void block_moments(const double* x, int rows, int n, double* mean, double* m2) {
  memset(mean, 0, (size_t)n * sizeof *mean);
  memset(m2, 0, (size_t)n * sizeof *m2);
  for (int r = 0; r < rows; r++) {
    irl_axpy(mean, 1, x + (ptrdiff_t)r * n, n);
  }
  for (int i = 0; i < n; i++) {
    mean[i] /= rows;
  }
  for (int r = 0; r < rows; r++) {
    const double* row = x + (ptrdiff_t)r * n;
    for (int i = 0; i < n; i++) {
      const double d = row[i] - mean[i];
      m2[i] += d * d;
    }
  }
}

void irl_whiten_add(irl_whiten* w, const double* x, int rows) {
  const int n = w->n;
  double *mean = w->work, *m2 = mean + n;
  if (rows < 1) {
    return;
  }
  block_moments(x, rows, n, mean, m2);
  const double total = w->count + rows;
  for (int i = 0; i < n; i++) {
    const double delta = mean[i] - w->mean[i];
    w->mean[i] += delta * (rows / total);
    w->m2[i] += m2[i] + delta * delta * (w->count * rows / total);
  }
  w->count = total;
}

void irl_whiten_stddev(const irl_whiten* w, double* stddev) {
  for (int i = 0; i < w->n; i++) {
    stddev[i] = w->count > 0 ? sqrt(w->m2[i] / w->count) : 1;
    if (!(stddev[i] > flat * fmax(1, fabs(w->mean[i])))) {
      stddev[i] = INFINITY;
    }
  }
}

void irl_whiten_fold(const irl_whiten* w, const double* stddev, const double* weights,
                     irl_policy* policy) {
  const int n = w->n;
  assert(policy->steps == 1 && policy->nx == n);
  for (int j = 0; j < policy->nu; j++) {
    const double* row = weights + (ptrdiff_t)j * (n + 1);
    double* K = policy->K + (ptrdiff_t)j * n;
    for (int i = 0; i < n; i++) {
      K[i] = row[i] / stddev[i];
    }
    policy->k[j] = row[n] - irl_dot(K, w->mean, n);
  }
}
