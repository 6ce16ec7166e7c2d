// Derivatives of the log-density, and the divergence over states that were visited.
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/linalg.h"
#include "policy/policy.h"
#include "policy/policy_internal.h"

static int controller(const irl_policy* policy, int t) {
  return t < policy->steps ? t : policy->steps - 1;
}

// e = u − K x − k.
static void deviation(const irl_policy* policy, int t, const double* x, const double* u,
                      double* e) {
  irl_policy_mean(policy, t, x, e);
  for (int i = 0; i < policy->nu; i++) {
    e[i] = u[i] - e[i];
  }
}

void irl_policy_add_gradient(const irl_policy* policy, int t, const double* x, const double* u,
                             double weight, double* dK, double* dk, double* dsigma) {
  const int nx = policy->nx, nu = policy->nu, s = controller(policy, t);
  const double* P = policy->prec + (ptrdiff_t)s * nu * nu;
  double e[IRL_POLICY_MAX_NU], Pe[IRL_POLICY_MAX_NU];
  deviation(policy, t, x, u, e);
  irl_mat_vec(Pe, P, e, nu, nu);
  for (int i = 0; i < nu; i++) {
    irl_axpy(dK + ((ptrdiff_t)s * nu + i) * nx, weight * Pe[i], x, nx);
    dk[(ptrdiff_t)s * nu + i] += weight * Pe[i];
    double* row = dsigma + ((ptrdiff_t)s * nu + i) * nu;
    irl_axpy(row, 0.5 * weight * Pe[i], Pe, nu);
    irl_axpy(row, -0.5 * weight, P + (ptrdiff_t)i * nu, nu);
  }
}

void irl_policy_batch_gradient(const irl_policy* policy, const irl_batch* batch, int i,
                               const double* weight, double* dK, double* dk, double* dsigma) {
  assert(policy->nx == batch->nx && policy->nu == batch->nu);
  for (int t = 0; t < batch->length[i]; t++) {
    irl_policy_add_gradient(policy, t, irl_batch_x(batch, i, t), irl_batch_u(batch, i, t),
                            weight == NULL ? 1 : weight[t], dK, dk, dsigma);
  }
}

// ½ (tr(Σ_q⁻¹ Σ_p) − nu + log|Σ_q| − log|Σ_p|), the part of the divergence that no state changes.
static double covariance_kl(const irl_policy* p, int sp, const irl_policy* q, int sq) {
  const ptrdiff_t size = (ptrdiff_t)p->nu * p->nu;
  const double trace = irl_dot(q->prec + sq * size, p->sigma + sp * size, (int)size);
  return 0.5 * (trace - p->nu + q->logdet[sq] - p->logdet[sp]);
}

double irl_policy_batch_kl(const irl_policy* p, const irl_policy* q, const irl_batch* batch,
                           int i) {
  assert(p->nx == q->nx && p->nu == q->nu && p->nx == batch->nx);
  const int nu = p->nu;
  double sum = 0, a[IRL_POLICY_MAX_NU], b[IRL_POLICY_MAX_NU];
  for (int t = 0; t < batch->length[i]; t++) {
    const int sp = controller(p, t), sq = controller(q, t);
    irl_policy_mean(p, t, irl_batch_x(batch, i, t), a);
    irl_policy_mean(q, t, irl_batch_x(batch, i, t), b);
    for (int j = 0; j < nu; j++) {
      a[j] -= b[j];
    }
    irl_mat_vec(b, q->prec + (ptrdiff_t)sq * nu * nu, a, nu, nu);
    const double kl = covariance_kl(p, sp, q, sq) + 0.5 * irl_dot(a, b, nu);
    sum += kl < 0 ? 0 : kl;  // below zero by rounding only; a NaN passes through
  }
  return sum;
}
