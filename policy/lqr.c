#include "policy/lqr.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "policy/lqr_internal.h"
#include "policy/policy_internal.h"

static const double log_2pi = 1.8378770664093454836;

static bool sizes_ok(int horizon, int nx, int nu) {
  return horizon >= 1 && horizon <= IRL_POLICY_MAX_STEPS && nx >= 1 && nx <= IRL_POLICY_MAX_NX &&
         nu >= 1 && nu <= IRL_POLICY_MAX_NU;
}

irl_err irl_quadratic_create(irl_quadratic* q, int horizon, int nx, int nu) {
  *q = (irl_quadratic){0};
  if (!sizes_ok(horizon, nx, nu)) {
    return IRL_ERANGE;
  }
  const size_t T = (size_t)horizon;
  const size_t n = (size_t)nx + (size_t)nu;
  double* p = IRL_NEW(double, T*(n * n + n + 1));
  if (p == NULL) {
    return IRL_ENOMEM;
  }
  *q = (irl_quadratic){.horizon = horizon, .nx = nx, .nu = nu, .memory = p};
  q->C = p;
  q->c = q->C + T * n * n;
  q->c0 = q->c + T * n;
  return IRL_OK;
}

void irl_quadratic_destroy(irl_quadratic* q) {
  irl_free(q->memory);
  *q = (irl_quadratic){0};
}

void irl_quadratic_zero(irl_quadratic* q) {
  const size_t n = (size_t)q->nx + (size_t)q->nu;
  memset(q->memory, 0, (size_t)q->horizon * (n * n + n + 1) * sizeof(double));
}

// About the origin, c0 + gᵀ(y'−y) + ½ (y'−y)ᵀ H (y'−y) has the gradient g − H y and the value
// c0 − gᵀy + ½ yᵀHy.
void irl_quadratic_add(irl_quadratic* q, int t, double weight, const double* y, double c0,
                       const double* g, const double* H) {
  const int n = q->nx + q->nu;
  double* C = q->C + (ptrdiff_t)t * n * n;
  double* c = q->c + (ptrdiff_t)t * n;
  double value = c0;
  for (int i = 0; i < n; i++) {
    const double Hy = irl_dot(H + (ptrdiff_t)i * n, y, n);
    irl_axpy(C + (ptrdiff_t)i * n, weight, H + (ptrdiff_t)i * n, n);
    c[i] += weight * (g[i] - Hy);
    value -= (g[i] - 0.5 * Hy) * y[i];
  }
  q->c0[t] += weight * value;
}

static double* carve(double** next, size_t count) {
  double* here = *next;
  *next += count;
  return here;
}

irl_err irl_lqr_create(irl_lqr** out, int horizon, int nx_, int nu_) {
  *out = NULL;
  if (!sizes_ok(horizon, nx_, nu_)) {
    return IRL_ERANGE;
  }
  const size_t T = (size_t)horizon;
  const size_t nx = (size_t)nx_;
  const size_t nu = (size_t)nu_;
  const size_t n = nx + nu;
  const size_t trajectory = T * (2 * (nx * nx + nx) + 1 + n * n + n);
  const size_t scratch = 3 * n * n + n + (nx + 1) * (n + 1) + 3 * nu * nu + nu;
  const size_t head = (sizeof(irl_lqr) + sizeof(double) - 1) / sizeof(double);
  double* p = IRL_NEW(double, head + trajectory + scratch);
  if (p == NULL) {
    return IRL_ENOMEM;
  }
  irl_lqr* lqr = (irl_lqr*)(void*)p;
  p += head;
  *lqr = (irl_lqr){.horizon = horizon, .nx = nx_, .nu = nu_};
  lqr->V = carve(&p, T * nx * nx);
  lqr->v = carve(&p, T * nx);
  lqr->v0 = carve(&p, T);
  lqr->mean = carve(&p, T * n);
  lqr->cov = carve(&p, T * n * n);
  lqr->xmean = carve(&p, T * nx);
  lqr->xcov = carve(&p, T * nx * nx);
  lqr->Q = carve(&p, n * n);
  lqr->q = carve(&p, n);
  lqr->A = carve(&p, n * n);
  lqr->W = carve(&p, n * n);
  lqr->Y = carve(&p, nu * (nx + 1));
  lqr->YY = carve(&p, (nx + 1) * (nx + 1));
  lqr->L = carve(&p, nu * nu);
  lqr->eigval = carve(&p, nu);
  lqr->eigvec = carve(&p, nu * nu);
  lqr->spare = carve(&p, nu * nu);
  *out = lqr;
  return IRL_OK;
}

void irl_lqr_destroy(irl_lqr* lqr) {
  irl_free(lqr);
}

irl_value irl_lqr_value(const irl_lqr* lqr, int t) {
  assert(t >= 0 && t < lqr->horizon);
  const int nx = lqr->nx;
  return (irl_value){
      .V = lqr->V + (ptrdiff_t)t * nx * nx, .v = lqr->v + (ptrdiff_t)t * nx, .v0 = lqr->v0[t]};
}

// The lower triangle becomes the upper one's mirror image, to keep rounding from building up.
static void mirror_upper(double* A, int n) {
  for (int i = 1; i < n; i++) {
    for (int j = 0; j < i; j++) {
      A[(ptrdiff_t)i * n + j] = A[(ptrdiff_t)j * n + i];
    }
  }
}

// Below F's rows, those of −log N(u; Kx + k, Σ) = ½ ‖L⁻¹(G y − k)‖² + ½ log|Σ| + (nu/2) log 2π with
// G = [−K, 1]: A gets G, W gets weight × Σ⁻¹ G, q the linear part. Returns the constant.
static double add_policy(irl_lqr* lqr, const irl_policy* prev, int t, double weight) {
  const int nx = lqr->nx;
  const int nu = lqr->nu;
  const int n = nx + nu;
  const int s = t < prev->steps ? t : prev->steps - 1;
  const double* K = prev->K + (ptrdiff_t)s * nu * nx;
  const double* k = prev->k + (ptrdiff_t)s * nu;
  const double* P = prev->prec + (ptrdiff_t)s * nu * nu;
  double* G = lqr->A + (ptrdiff_t)nx * n;
  double* PG = lqr->W + (ptrdiff_t)nx * n;
  double constant = 0.5 * (prev->logdet[s] + nu * log_2pi);
  memset(G, 0, (size_t)nu * (size_t)n * sizeof(double));
  for (int a = 0; a < nu; a++) {
    for (int i = 0; i < nx; i++) {
      G[(ptrdiff_t)a * n + i] = -K[(ptrdiff_t)a * nx + i];
    }
    G[(ptrdiff_t)a * n + nx + a] = 1;
  }
  for (int i = 0; i < nu * nu; i++) {
    lqr->spare[i] = weight * P[i];
  }
  irl_mat_mul(PG, lqr->spare, G, nu, nu, n);
  for (int a = 0; a < nu; a++) {
    irl_axpy(lqr->q, -k[a], PG + (ptrdiff_t)a * n, n);
    constant += 0.5 * k[a] * irl_dot(P + (ptrdiff_t)a * nu, k, nu);
  }
  return weight * constant;
}

// The expectation of the next step's value, ½ x'ᵀVx' + vᵀx' + v0 at x' ~ N(F y + f, cov), is
//   ½ yᵀ(FᵀVF) y + yᵀFᵀ(Vf + v) + ½ fᵀVf + vᵀf + v0 + ½ tr(V cov):
// A gets F, W gets VF, q the linear part. Returns the constant.
static double add_future(irl_lqr* lqr, const irl_dynamics* dyn, int t) {
  const int nx = lqr->nx;
  const int n = nx + lqr->nu;
  const irl_value next = irl_lqr_value(lqr, t + 1);
  const double* F = dyn->F + (ptrdiff_t)t * nx * n;
  const double* f = dyn->f + (ptrdiff_t)t * nx;
  const double* cov = dyn->cov + (ptrdiff_t)t * nx * nx;
  double constant = next.v0 + 0.5 * irl_dot(next.V, cov, nx * nx);
  memcpy(lqr->A, F, (size_t)nx * (size_t)n * sizeof(double));
  irl_mat_mul(lqr->W, next.V, F, nx, nx, n);
  for (int i = 0; i < nx; i++) {
    const double Vf = irl_dot(next.V + (ptrdiff_t)i * nx, f, nx);
    constant += (0.5 * Vf + next.v[i]) * f[i];
    irl_axpy(lqr->q, Vf + next.v[i], F + (ptrdiff_t)i * n, n);
  }
  return constant;
}

// Q, q of one step: the stage cost (C + eta P)·scale and the future. Returns the constant.
static double set_action_value(irl_lqr* lqr, const irl_dynamics* dyn, const irl_quadratic* cost,
                               const irl_policy* prev, int t, double eta, double scale) {
  const int nx = lqr->nx;
  const int n = nx + lqr->nu;
  const bool future = t < lqr->horizon - 1;
  const double* C = cost->C + (ptrdiff_t)t * n * n;
  double constant = scale * cost->c0[t];
  for (int i = 0; i < n; i++) {
    lqr->q[i] = scale * cost->c[(ptrdiff_t)t * n + i];
  }
  if (future) {
    constant += add_future(lqr, dyn, t);
  }
  if (eta > 0) {
    constant += add_policy(lqr, prev, t, eta * scale);
  }
  // One product for both: AᵀW over the rows that are in use.
  const int first = future ? 0 : nx;
  const int rows = (future ? nx : 0) + (eta > 0 ? lqr->nu : 0);
  irl_mat_mul_tn_upper(lqr->Q, lqr->A + (ptrdiff_t)first * n, lqr->W + (ptrdiff_t)first * n, rows,
                       n);
  irl_axpy(lqr->Q, scale, C, n * n);
  mirror_upper(lqr->Q, n);
  return constant;
}

// Integrates u out of e^{−(½ yᵀQy + qᵀy + q0)}: with Q_uu = L Lᵀ and Y = L⁻¹ [Q_ux, q_u],
//   V = Q_xx − YₓᵀYₓ,  v = q_x − Yₓᵀy,  v0 = q0 − ½ yᵀy − (nu/2) log 2π + ½ log|Q_uu|,
// and leaves Y for set_controller.
static bool eliminate_action(irl_lqr* lqr, int t, double q0) {
  const int nx = lqr->nx;
  const int nu = lqr->nu;
  const int n = nx + nu;
  const int m = nx + 1;
  double* V = lqr->V + (ptrdiff_t)t * nx * nx;
  double* v = lqr->v + (ptrdiff_t)t * nx;
  for (int a = 0; a < nu; a++) {
    memcpy(lqr->spare + (ptrdiff_t)a * nu, lqr->Q + (ptrdiff_t)(nx + a) * n + nx,
           (size_t)nu * sizeof(double));
  }
  if (!irl_cholesky(lqr->L, lqr->spare, nu)) {
    return false;
  }
  for (int a = 0; a < nu; a++) {
    double* Ya = lqr->Y + (ptrdiff_t)a * m;
    memcpy(Ya, lqr->Q + (ptrdiff_t)(nx + a) * n, (size_t)nx * sizeof(double));
    Ya[nx] = lqr->q[nx + a];
    for (int b = 0; b < a; b++) {
      irl_axpy(Ya, -lqr->L[a * nu + b], lqr->Y + (ptrdiff_t)b * m, m);
    }
    for (int i = 0; i < m; i++) {
      Ya[i] /= lqr->L[a * nu + a];
    }
  }
  irl_mat_mul_tn_upper(lqr->YY, lqr->Y, lqr->Y, nu, m);
  for (int i = 0; i < nx; i++) {
    const double* YYi = lqr->YY + (ptrdiff_t)i * m;
    for (int j = 0; j < nx; j++) {
      V[(ptrdiff_t)i * nx + j] = lqr->Q[(ptrdiff_t)i * n + j] - YYi[j];
    }
    v[i] = lqr->q[i] - YYi[nx];
  }
  lqr->v0[t] =
      q0 + 0.5 * (irl_cholesky_logdet(lqr->L, nu) - nu * log_2pi - lqr->YY[(ptrdiff_t)nx * m + nx]);
  mirror_upper(V, nx);
  return true;
}

// K, k = −Q_uu⁻¹ [Q_ux, q_u] and Σ = Q_uu⁻¹ with its factors.
static bool set_controller(irl_lqr* lqr, int t, irl_policy* out) {
  const int nx = lqr->nx;
  const int nu = lqr->nu;
  const int m = nx + 1;
  for (int a = nu - 1; a >= 0; a--) {
    double* Ya = lqr->Y + (ptrdiff_t)a * m;
    for (int b = a + 1; b < nu; b++) {
      irl_axpy(Ya, -lqr->L[b * nu + a], lqr->Y + (ptrdiff_t)b * m, m);
    }
    for (int i = 0; i < m; i++) {
      Ya[i] /= lqr->L[a * nu + a];
    }
  }
  for (int a = 0; a < nu; a++) {
    const double* Ya = lqr->Y + (ptrdiff_t)a * m;
    double* Ka = out->K + ((ptrdiff_t)t * nu + a) * nx;
    for (int i = 0; i < nx; i++) {
      Ka[i] = -Ya[i];
    }
    out->k[(ptrdiff_t)t * nu + a] = -Ya[nx];
  }
  const ptrdiff_t at = (ptrdiff_t)t * nu * nu;
  memcpy(out->prec + at, lqr->spare, (size_t)nu * (size_t)nu * sizeof(double));
  irl_cholesky_inverse(out->sigma + at, lqr->L, nu);
  out->logdet[t] = -irl_cholesky_logdet(lqr->L, nu);
  return irl_cholesky(out->chol + at, out->sigma + at, nu) &&
         irl_all_finite(out->K + (ptrdiff_t)t * nu * nx, nu * nx) &&
         irl_all_finite(out->k + (ptrdiff_t)t * nu, nu);
}

irl_err irl_lqr_backward(irl_lqr* lqr, const irl_dynamics* dyn, const irl_quadratic* cost,
                         const irl_policy* prev, double eta, double nu, irl_policy* out) {
  const int T = lqr->horizon;
  assert(dyn->horizon == T && cost->horizon == T && out->steps == T);
  assert(dyn->nx == lqr->nx && cost->nx == lqr->nx && out->nx == lqr->nx);
  assert(dyn->nu == lqr->nu && cost->nu == lqr->nu && out->nu == lqr->nu);
  assert(eta >= 0 && nu >= 0 && (eta == 0 || prev != NULL) && out != prev);
  if (!(eta + nu > 0)) {
    return IRL_ENUM;
  }
  for (int t = T - 1; t >= 0; t--) {
    const double q0 = set_action_value(lqr, dyn, cost, prev, t, eta, 1 / (eta + nu));
    if (!eliminate_action(lqr, t, q0) || !set_controller(lqr, t, out)) {
      return IRL_ENUM;
    }
  }
  return isfinite(lqr->v0[0]) ? IRL_OK : IRL_ENUM;
}

double irl_lqr_log_z(const irl_lqr* lqr, const irl_dynamics* dyn, const double* x0) {
  const int nx = lqr->nx;
  const irl_value value = irl_lqr_value(lqr, 0);
  const double* x = x0 != NULL ? x0 : dyn->x0_mean;
  double sum = value.v0 + irl_dot(value.v, x, nx);
  for (int i = 0; i < nx; i++) {
    sum += 0.5 * x[i] * irl_dot(value.V + (ptrdiff_t)i * nx, x, nx);
  }
  if (x0 == NULL) {
    sum += 0.5 * irl_dot(value.V, dyn->x0_cov, nx * nx);
  }
  return -sum;
}
