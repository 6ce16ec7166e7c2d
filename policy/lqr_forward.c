// Gaussian marginals of a policy under linear-Gaussian dynamics, and expectations under them.
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/linalg.h"
#include "policy/lqr_internal.h"

// Joint moments of y = [x; u], u ~ N(K x + k, Σ), out of those of x:
//   mean = [m; K m + k],  cov = [S, S Kᵀ; K S, K S Kᵀ + Σ]
static void join_action(irl_lqr* lqr, const irl_policy* policy, int t) {
  const int nx = lqr->nx;
  const int nu = lqr->nu;
  const int n = nx + nu;
  const int s = t < policy->steps ? t : policy->steps - 1;
  const double* K = policy->K + (ptrdiff_t)s * nu * nx;
  const double* sigma = policy->sigma + (ptrdiff_t)s * nu * nu;
  const double* m = lqr->xmean + (ptrdiff_t)t * nx;
  const double* S = lqr->xcov + (ptrdiff_t)t * nx * nx;
  double* mean = lqr->mean + (ptrdiff_t)t * n;
  double* cov = lqr->cov + (ptrdiff_t)t * n * n;
  double* KS = lqr->Y;
  irl_mat_mul(KS, K, S, nu, nx, nx);
  memcpy(mean, m, (size_t)nx * sizeof(double));
  irl_mat_vec(mean + nx, K, m, nu, nx);
  irl_axpy(mean + nx, 1, policy->k + (ptrdiff_t)s * nu, nu);
  for (int i = 0; i < nx; i++) {
    memcpy(cov + (ptrdiff_t)i * n, S + (ptrdiff_t)i * nx, (size_t)nx * sizeof(double));
    for (int a = 0; a < nu; a++) {
      cov[(ptrdiff_t)i * n + nx + a] = KS[(ptrdiff_t)a * nx + i];
    }
  }
  for (int a = 0; a < nu; a++) {
    double* row = cov + (ptrdiff_t)(nx + a) * n;
    memcpy(row, KS + (ptrdiff_t)a * nx, (size_t)nx * sizeof(double));
    for (int b = 0; b <= a; b++) {
      const double value =
          irl_dot(KS + (ptrdiff_t)a * nx, K + (ptrdiff_t)b * nx, nx) + sigma[a * nu + b];
      row[nx + b] = value;
      cov[(ptrdiff_t)(nx + b) * n + nx + a] = value;
    }
  }
}

// x_{t+1}: mean F m + f, covariance F cov Fᵀ + noise.
static void advance(irl_lqr* lqr, const irl_dynamics* dyn, int t) {
  const int nx = lqr->nx;
  const int n = nx + lqr->nu;
  const double* F = dyn->F + (ptrdiff_t)t * nx * n;
  const double* noise = dyn->cov + (ptrdiff_t)t * nx * nx;
  double* m = lqr->xmean + (ptrdiff_t)(t + 1) * nx;
  double* S = lqr->xcov + (ptrdiff_t)(t + 1) * nx * nx;
  irl_mat_vec(m, F, lqr->mean + (ptrdiff_t)t * n, nx, n);
  irl_axpy(m, 1, dyn->f + (ptrdiff_t)t * nx, nx);
  irl_mat_mul(lqr->W, F, lqr->cov + (ptrdiff_t)t * n * n, nx, n, n);
  irl_mat_mul_nt(S, lqr->W, F, nx, n, nx);
  irl_axpy(S, 1, noise, nx * nx);
  irl_mat_symmetrize(S, nx);
}

void irl_lqr_forward(irl_lqr* lqr, const irl_dynamics* dyn, const irl_policy* policy) {
  assert(dyn->horizon == lqr->horizon && dyn->nx == lqr->nx && dyn->nu == lqr->nu);
  assert(policy->nx == lqr->nx && policy->nu == lqr->nu);
  const size_t nx = (size_t)lqr->nx;
  memcpy(lqr->xmean, dyn->x0_mean, nx * sizeof(double));
  memcpy(lqr->xcov, dyn->x0_cov, nx * nx * sizeof(double));
  for (int t = 0; t < lqr->horizon; t++) {
    join_action(lqr, policy, t);
    if (t + 1 < lqr->horizon) {
      advance(lqr, dyn, t);
    }
  }
}

const double* irl_lqr_mean(const irl_lqr* lqr) {
  return lqr->mean;
}

const double* irl_lqr_cov(const irl_lqr* lqr) {
  return lqr->cov;
}

double irl_lqr_expected_cost(const irl_lqr* lqr, const irl_quadratic* cost) {
  const int n = lqr->nx + lqr->nu;
  double sum = 0;
  for (int t = 0; t < lqr->horizon; t++) {
    const double* C = cost->C + (ptrdiff_t)t * n * n;
    const double* y = lqr->mean + (ptrdiff_t)t * n;
    double quadratic = irl_dot(C, lqr->cov + (ptrdiff_t)t * n * n, n * n);
    for (int i = 0; i < n; i++) {
      quadratic += y[i] * irl_dot(C + (ptrdiff_t)i * n, y, n);
    }
    sum += 0.5 * quadratic + irl_dot(cost->c + (ptrdiff_t)t * n, y, n) + cost->c0[t];
  }
  return sum;
}

double irl_lqr_kl(const irl_lqr* lqr, const irl_policy* p, const irl_policy* q) {
  return irl_policy_kl(p, q, lqr->xmean, lqr->xcov, lqr->horizon);
}
