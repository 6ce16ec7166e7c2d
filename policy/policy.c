#include "policy/policy.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "policy/eigen_internal.h"
#include "policy/policy_internal.h"

static const double log_2pi = 1.8378770664093454836;

static int controller(const irl_policy* policy, int t) {
  assert(t >= 0);
  return t < policy->steps ? t : policy->steps - 1;
}

// The three primary arrays lie first in the block, the derived ones behind them.
irl_err irl_policy_create(irl_policy* policy, int steps, int nx, int nu) {
  *policy = (irl_policy){0};
  if (steps < 1 || steps > IRL_POLICY_MAX_STEPS || nx < 1 || nx > IRL_POLICY_MAX_NX || nu < 1 ||
      nu > IRL_POLICY_MAX_NU) {
    return IRL_ERANGE;
  }
  const size_t S = (size_t)steps;
  const size_t gain = S * (size_t)nu * (size_t)nx;
  const size_t vec = S * (size_t)nu;
  const size_t mat = vec * (size_t)nu;
  double* p = IRL_NEW(double, gain + vec + 3 * mat + S);
  if (p == NULL) {
    return IRL_ENOMEM;
  }
  *policy = (irl_policy){.steps = steps, .nx = nx, .nu = nu, .memory = p};
  policy->K = p;
  policy->k = policy->K + gain;
  policy->sigma = policy->k + vec;
  policy->chol = policy->sigma + mat;
  policy->prec = policy->chol + mat;
  policy->logdet = policy->prec + mat;
  return IRL_OK;
}

void irl_policy_destroy(irl_policy* policy) {
  irl_free(policy->memory);
  *policy = (irl_policy){0};
}

void irl_policy_copy(irl_policy* dst, const irl_policy* src) {
  assert(dst->steps == src->steps && dst->nx == src->nx && dst->nu == src->nu);
  const size_t per_step = (size_t)src->nu * (size_t)(src->nx + 1 + 3 * src->nu) + 1;
  memcpy(dst->memory, src->memory, (size_t)src->steps * per_step * sizeof(double));
}

irl_err irl_policy_factor(irl_policy* policy, irl_errinfo* info) {
  const int nx = policy->nx;
  const int nu = policy->nu;
  for (int s = 0; s < policy->steps; s++) {
    if (!irl_all_finite(policy->K + (ptrdiff_t)s * nu * nx, nu * nx) ||
        !irl_all_finite(policy->k + (ptrdiff_t)s * nu, nu)) {
      return irl_fail(info, IRL_ENUM,
                      "policy: a gain or offset of step %d is not finite; check the data it was "
                      "made from",
                      s);
    }
    const ptrdiff_t at = (ptrdiff_t)s * nu * nu;
    if (!irl_cholesky(policy->chol + at, policy->sigma + at, nu)) {
      return irl_fail(info, IRL_ENUM,
                      "policy: the covariance of step %d is not positive definite; raise the floor "
                      "of the action noise",
                      s);
    }
    irl_cholesky_inverse(policy->prec + at, policy->chol + at, nu);
    policy->logdet[s] = irl_cholesky_logdet(policy->chol + at, nu);
  }
  return IRL_OK;
}

irl_err irl_policy_set_noise(irl_policy* policy, const double* stddev) {
  const int nu = policy->nu;
  memset(policy->K, 0, (size_t)policy->steps * (size_t)nu * (size_t)policy->nx * sizeof(double));
  memset(policy->k, 0, (size_t)policy->steps * (size_t)nu * sizeof(double));
  memset(policy->sigma, 0, (size_t)policy->steps * (size_t)nu * (size_t)nu * sizeof(double));
  for (int s = 0; s < policy->steps; s++) {
    for (int i = 0; i < nu; i++) {
      policy->sigma[((ptrdiff_t)s * nu + i) * nu + i] = stddev[i] * stddev[i];
    }
  }
  return irl_policy_factor(policy, NULL);
}

void irl_policy_mean(const irl_policy* policy, int t, const double* x, double* u) {
  const int s = controller(policy, t);
  const double* K = policy->K + (ptrdiff_t)s * policy->nu * policy->nx;
  const double* k = policy->k + (ptrdiff_t)s * policy->nu;
  irl_mat_vec(u, K, x, policy->nu, policy->nx);
  for (int i = 0; i < policy->nu; i++) {
    u[i] += k[i];
  }
}

// log N(mean + e; mean, Σ_s) from the deviation e, which is overwritten by L⁻¹ e.
static double deviation_logdensity(const irl_policy* policy, int s, double* e) {
  const int nu = policy->nu;
  irl_solve_lower(e, policy->chol + (ptrdiff_t)s * nu * nu, e, nu);
  return -0.5 * (nu * log_2pi + policy->logdet[s] + irl_dot(e, e, nu));
}

// Rows of L from the last to the first: noise may stand where the action is written.
double irl_policy_act(const irl_policy* policy, int t, const double* x, const double* noise,
                      double* u) {
  const int nu = policy->nu;
  const int s = controller(policy, t);
  const double* L = policy->chol + (ptrdiff_t)s * nu * nu;
  double mean[IRL_POLICY_MAX_NU];
  double e[IRL_POLICY_MAX_NU];
  irl_policy_mean(policy, t, x, mean);
  for (int i = nu - 1; i >= 0; i--) {
    u[i] = mean[i] + irl_dot(L + (ptrdiff_t)i * nu, noise, i + 1);
  }
  // The density is that of the rounded u, so that it equals irl_policy_logdensity bit for bit.
  for (int i = 0; i < nu; i++) {
    e[i] = u[i] - mean[i];
  }
  return deviation_logdensity(policy, s, e);
}

double irl_policy_sample(const irl_policy* policy, int t, const double* x, irl_rng* rng,
                         double* u) {
  double noise[IRL_POLICY_MAX_NU];
  irl_rng_normals(rng, noise, policy->nu);
  return irl_policy_act(policy, t, x, noise, u);
}

double irl_policy_logdensity(const irl_policy* policy, int t, const double* x, const double* u) {
  double e[IRL_POLICY_MAX_NU];
  irl_policy_mean(policy, t, x, e);
  for (int i = 0; i < policy->nu; i++) {
    e[i] = u[i] - e[i];
  }
  return deviation_logdensity(policy, controller(policy, t), e);
}

double irl_policy_batch_logdensity(const irl_policy* policy, const irl_batch* batch, int i) {
  assert(policy->nx == batch->nx && policy->nu == batch->nu);
  double sum = 0;
  for (int t = 0; t < batch->length[i]; t++) {
    sum += irl_policy_logdensity(policy, t, irl_batch_x(batch, i, t), irl_batch_u(batch, i, t));
  }
  return sum;
}

double irl_policy_entropy(const irl_policy* policy, int horizon) {
  double sum = 0;
  for (int t = 0; t < horizon; t++) {
    sum += 0.5 * (policy->nu * (1 + log_2pi) + policy->logdet[controller(policy, t)]);
  }
  return sum;
}

// E_x[eᵀ P e] for e = (A − B) x + a − b and x ~ N(mean, cov): the value at the mean plus
// tr((A−B)ᵀ P (A−B) cov), summed entry by entry to need no scratch of the observation's size.
static double expected_square(const irl_policy* p, int sp, const irl_policy* q, int sq,
                              const double* mean, const double* cov) {
  const int nx = p->nx;
  const int nu = p->nu;
  const double* A = p->K + (ptrdiff_t)sp * nu * nx;
  const double* B = q->K + (ptrdiff_t)sq * nu * nx;
  const double* P = q->prec + (ptrdiff_t)sq * nu * nu;
  double e[IRL_POLICY_MAX_NU];
  double sum = 0;
  for (int i = 0; i < nu; i++) {
    const double* Ai = A + (ptrdiff_t)i * nx;
    const double* Bi = B + (ptrdiff_t)i * nx;
    e[i] = p->k[(ptrdiff_t)sp * nu + i] - q->k[(ptrdiff_t)sq * nu + i];
    for (int b = 0; b < nx; b++) {
      const double* row = cov + (ptrdiff_t)b * nx;
      double left = 0;
      double right = 0;
      for (int a = 0; a < nx; a++) {
        left += (Ai[a] - Bi[a]) * row[a];
      }
      for (int j = 0; j < nu; j++) {
        right += P[i * nu + j] * (A[(ptrdiff_t)j * nx + b] - B[(ptrdiff_t)j * nx + b]);
      }
      sum += left * right;
      e[i] += (Ai[b] - Bi[b]) * mean[b];
    }
  }
  for (int i = 0; i < nu; i++) {
    sum += e[i] * irl_dot(P + (ptrdiff_t)i * nu, e, nu);
  }
  return sum;
}

double irl_policy_kl(const irl_policy* p, const irl_policy* q, const double* mean,
                     const double* cov, int horizon) {
  assert(p->nx == q->nx && p->nu == q->nu);
  const int nx = p->nx;
  const int nu = p->nu;
  double sum = 0;
  for (int t = 0; t < horizon; t++) {
    const int sp = controller(p, t);
    const int sq = controller(q, t);
    const double trace =
        irl_dot(q->prec + (ptrdiff_t)sq * nu * nu, p->sigma + (ptrdiff_t)sp * nu * nu, nu * nu);
    const double square =
        expected_square(p, sp, q, sq, mean + (ptrdiff_t)t * nx, cov + (ptrdiff_t)t * nx * nx);
    const double kl = 0.5 * (trace - nu + q->logdet[sq] - p->logdet[sp] + square);
    sum += kl < 0 ? 0 : kl;  // below zero by rounding only; a NaN passes through
  }
  return sum;
}

void irl_policy_scale_covariance(irl_policy* policy, double scale) {
  assert(scale > 0);
  const ptrdiff_t n = (ptrdiff_t)policy->steps * policy->nu * policy->nu;
  const double root = sqrt(scale);
  for (ptrdiff_t i = 0; i < n; i++) {
    policy->sigma[i] *= scale;
    policy->chol[i] *= root;
    policy->prec[i] /= scale;
  }
  for (int s = 0; s < policy->steps; s++) {
    policy->logdet[s] += policy->nu * log(scale);
  }
}

irl_err irl_policy_clip_covariance(irl_policy* policy, double lo, double hi, irl_errinfo* info) {
  assert(0 <= lo && lo <= hi);
  const size_t nu = (size_t)policy->nu;
  double* scratch = IRL_NEW(double, nu*(2 * nu + 1));
  if (scratch == NULL) {
    return irl_fail(info, IRL_ENOMEM, "policy: out of memory; free some");
  }
  for (int s = 0; s < policy->steps; s++) {
    irl_eigen_clip(policy->sigma + (ptrdiff_t)s * policy->nu * policy->nu, lo * lo, hi * hi,
                   policy->nu, scratch, scratch + nu, scratch + nu * (nu + 1));
  }
  irl_free(scratch);
  return irl_policy_factor(policy, info);
}
