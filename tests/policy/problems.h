// Random linear-quadratic problems and small dense algebra written apart from base/linalg.c, so
// that a test does not check code against itself.
#ifndef MJIRL_TESTS_POLICY_PROBLEMS_H_
#define MJIRL_TESTS_POLICY_PROBLEMS_H_

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/random.h"
#include "policy/lqr.h"

enum { DENSE_MAX = 24 };  // rows of the dense matrices below

// Solves A X = B by Gauss-Jordan elimination with partial pivoting; returns log|det A|. A (n, n)
// and B (n, m) are overwritten, B by X.
static inline double dense_solve(double* A, double* B, int n, int m) {
  double logdet = 0;
  for (int c = 0; c < n; c++) {
    int best = c;
    for (int r = c + 1; r < n; r++) {
      best = fabs(A[r * n + c]) > fabs(A[best * n + c]) ? r : best;
    }
    for (int j = 0; j < n; j++) {
      const double swap = A[c * n + j];
      A[c * n + j] = A[best * n + j];
      A[best * n + j] = swap;
    }
    for (int j = 0; j < m; j++) {
      const double swap = B[c * m + j];
      B[c * m + j] = B[best * m + j];
      B[best * m + j] = swap;
    }
    const double pivot = A[c * n + c];
    logdet += log(fabs(pivot));
    for (int r = 0; r < n; r++) {
      const double factor = r == c ? 0 : A[r * n + c] / pivot;
      for (int j = 0; j < n && r != c; j++) {
        A[r * n + j] -= factor * A[c * n + j];
      }
      for (int j = 0; j < m && r != c; j++) {
        B[r * m + j] -= factor * B[c * m + j];
      }
    }
    for (int j = 0; j < n; j++) {
      A[c * n + j] /= pivot;
    }
    for (int j = 0; j < m; j++) {
      B[c * m + j] /= pivot;
    }
  }
  return logdet;
}

static inline void dense_inverse(double* out, const double* A, int n) {
  double copy[DENSE_MAX * DENSE_MAX];
  memcpy(copy, A, (size_t)(n * n) * sizeof(double));
  memset(out, 0, (size_t)(n * n) * sizeof(double));
  for (int i = 0; i < n; i++) {
    out[i * n + i] = 1;
  }
  (void)dense_solve(copy, out, n, n);
}

// A positive definite matrix, scale × (1 + BBᵀ/n).
static inline void random_spd(double* A, int n, double scale, irl_rng* rng) {
  double B[DENSE_MAX * DENSE_MAX];
  for (int i = 0; i < n * n; i++) {
    B[i] = irl_rng_normal(rng);
  }
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      double sum = i == j ? 1 : 0;
      for (int k = 0; k < n; k++) {
        sum += B[i * n + k] * B[j * n + k] / n;
      }
      A[i * n + j] = scale * sum;
    }
  }
}

static inline void random_normals(double* x, int n, double scale, irl_rng* rng) {
  for (int i = 0; i < n; i++) {
    x[i] = scale * irl_rng_normal(rng);
  }
}

// ½ yᵀCy + cᵀy + c0 of step t.
static inline double stage_cost(const irl_quadratic* q, int t, const double* y) {
  const int n = q->nx + q->nu;
  double sum = q->c0[t];
  for (int i = 0; i < n; i++) {
    sum += q->c[t * n + i] * y[i];
    for (int j = 0; j < n; j++) {
      sum += 0.5 * y[i] * q->C[(t * n + i) * n + j] * y[j];
    }
  }
  return sum;
}

typedef struct problem {
  int T, nx, nu, n;
  irl_dynamics dyn;
  irl_quadratic cost;
  irl_policy prev;
  irl_policy out;
  irl_lqr* lqr;
} problem;

// Stable-ish random dynamics with noise of standard deviation `noise`, positive definite costs, a
// random previous policy; all memory made.
static inline bool problem_init(problem* p, int T, int nx, int nu, double noise, uint64_t seed) {
  const int n = nx + nu;
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, 0);
  *p = (problem){.T = T, .nx = nx, .nu = nu, .n = n};
  if (irl_dynamics_create(&p->dyn, T, nx, nu, 0) || irl_quadratic_create(&p->cost, T, nx, nu) ||
      irl_policy_create(&p->prev, T, nx, nu) || irl_policy_create(&p->out, T, nx, nu) ||
      irl_lqr_create(&p->lqr, T, nx, nu)) {
    return false;
  }
  random_normals(p->dyn.F, T * nx * n, 0.4, &rng);
  random_normals(p->dyn.f, T * nx, 0.3, &rng);
  random_normals(p->dyn.x0_mean, nx, 1, &rng);
  random_spd(p->dyn.x0_cov, nx, 0.2, &rng);
  random_normals(p->cost.c, T * n, 0.5, &rng);
  random_normals(p->cost.c0, T, 0.5, &rng);
  random_normals(p->prev.K, T * nu * nx, 0.3, &rng);
  random_normals(p->prev.k, T * nu, 0.3, &rng);
  for (int t = 0; t < T; t++) {
    random_spd(p->cost.C + t * n * n, n, 0.8, &rng);
    random_spd(p->prev.sigma + t * nu * nu, nu, 0.5, &rng);
    if (noise > 0) {
      random_spd(p->dyn.cov + t * nx * nx, nx, noise * noise, &rng);
    }
  }
  return irl_policy_factor(&p->prev, NULL) == IRL_OK;
}

static inline void problem_fini(problem* p) {
  irl_lqr_destroy(p->lqr);
  irl_policy_destroy(&p->out);
  irl_policy_destroy(&p->prev);
  irl_quadratic_destroy(&p->cost);
  irl_dynamics_destroy(&p->dyn);
}

#endif  // MJIRL_TESTS_POLICY_PROBLEMS_H_
