#include "policy/lqr.h"

#include "problems.h"
#include "test.h"

static const double log_2pi = 1.8378770664093454836;

// The cost part of one step, split by hand: x'Qx, 2 x'Nu, u'Ru and the affine rest.
typedef struct riccati {
  double P[64];  // value function ½ xᵀPx + pᵀx
  double p[8];
  double K[64];
  double k[8];
} riccati;

// H = C + FᵀPF, h = c + Fᵀ(Pf + p), by plain sums.
static void riccati_hessian(const problem* lq, int t, const riccati* r, bool last, double* H,
                            double* h) {
  const int n = lq->n;
  const int nx = lq->nx;
  const double* F = lq->dyn.F + t * nx * n;
  for (int i = 0; i < n; i++) {
    h[i] = lq->cost.c[t * n + i];
    for (int a = 0; a < nx && !last; a++) {
      double g = r->p[a];
      for (int b = 0; b < nx; b++) {
        g += r->P[a * nx + b] * lq->dyn.f[t * nx + b];
      }
      h[i] += F[a * n + i] * g;
    }
    for (int j = 0; j < n; j++) {
      H[i * n + j] = lq->cost.C[(t * n + i) * n + j];
      for (int a = 0; a < nx && !last; a++) {
        for (int b = 0; b < nx; b++) {
          H[i * n + j] += F[a * n + i] * r->P[a * nx + b] * F[b * n + j];
        }
      }
    }
  }
}

// Textbook gains [K k] = −H_uu⁻¹ [H_ux h_u] and the value of using them, in the closed-loop form
// P = [1 Kᵀ] H [1; K], p = [1 Kᵀ] (H [0; k] + h), which is another formula than the code's.
static void riccati_step(const problem* lq, int t, riccati* r, bool last) {
  const int n = lq->n;
  const int nx = lq->nx;
  const int nu = lq->nu;
  double H[DENSE_MAX * DENSE_MAX];
  double h[DENSE_MAX];
  double A[DENSE_MAX * DENSE_MAX];
  double B[DENSE_MAX * DENSE_MAX];
  riccati_hessian(lq, t, r, last, H, h);
  for (int a = 0; a < nu; a++) {
    memcpy(A + a * nu, H + (nx + a) * n + nx, (size_t)nu * sizeof(double));
    for (int i = 0; i < nx; i++) {
      B[a * (nx + 1) + i] = -H[(nx + a) * n + i];
    }
    B[a * (nx + 1) + nx] = -h[nx + a];
  }
  (void)dense_solve(A, B, nu, nx + 1);
  double G[DENSE_MAX * DENSE_MAX] = {0};  // [1; K]  (n, nx)
  double g[DENSE_MAX] = {0};              // [0; k]
  for (int i = 0; i < nx; i++) {
    G[i * nx + i] = 1;
  }
  for (int a = 0; a < nu; a++) {
    for (int i = 0; i < nx; i++) {
      r->K[a * nx + i] = G[(nx + a) * nx + i] = B[a * (nx + 1) + i];
    }
    r->k[a] = g[nx + a] = B[a * (nx + 1) + nx];
  }
  for (int i = 0; i < nx; i++) {
    r->p[i] = 0;
    for (int j = 0; j < nx; j++) {
      r->P[i * nx + j] = 0;
      for (int a = 0; a < n; a++) {
        for (int b = 0; b < n; b++) {
          r->P[i * nx + j] += G[a * nx + i] * H[a * n + b] * G[b * nx + j];
        }
      }
    }
    for (int a = 0; a < n; a++) {
      double e = h[a];
      for (int b = 0; b < n; b++) {
        e += H[a * n + b] * g[b];
      }
      r->p[i] += G[a * nx + i] * e;
    }
  }
}

// Gains and values are those of LQR whatever the entropy weight; Σ is proportional to it.
static void check_riccati(double entropy) {
  problem lq;
  CHECK(problem_init(&lq, 8, 4, 3, 0.3, 11));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, entropy, &lq.out));
  riccati r = {0};
  for (int t = lq.T - 1; t >= 0; t--) {
    riccati_step(&lq, t, &r, t == lq.T - 1);
    const irl_value value = irl_lqr_value(lq.lqr, t);
    for (int i = 0; i < lq.nu * lq.nx; i++) {
      CHECK_NEAR(lq.out.K[t * lq.nu * lq.nx + i], r.K[i], 1e-11);
    }
    for (int i = 0; i < lq.nu; i++) {
      CHECK_NEAR(lq.out.k[t * lq.nu + i], r.k[i], 1e-11);
    }
    for (int i = 0; i < lq.nx * lq.nx; i++) {
      CHECK_NEAR(value.V[i] * entropy, r.P[i], 1e-11);
    }
    for (int i = 0; i < lq.nx; i++) {
      CHECK_NEAR(value.v[i] * entropy, r.p[i], 1e-11);
    }
  }
  problem_fini(&lq);
}

static void test_riccati(void) {
  check_riccati(1);
  check_riccati(1e-6);  // the deterministic limit
  check_riccati(30);
}

// With deterministic dynamics and a fixed start the cost is a quadratic in the stacked actions U
// (T·nu = 10): its coefficients by evaluating it, then p(U) ∝ e^{−c} by dense algebra.
enum { DT = 5, DX = 3, DU = 2, DM = DT * DU };

static double rollout_cost(const problem* lq, const double* x0, const double* U) {
  double y[DX + DU];
  double sum = 0;
  memcpy(y, x0, DX * sizeof(double));
  for (int t = 0; t < DT; t++) {
    double next[DX];
    memcpy(y + DX, U + t * DU, DU * sizeof(double));
    sum += stage_cost(&lq->cost, t, y);
    for (int i = 0; i < DX; i++) {
      next[i] = lq->dyn.f[t * DX + i];
      for (int j = 0; j < DX + DU; j++) {
        next[i] += lq->dyn.F[(t * DX + i) * (DX + DU) + j] * y[j];
      }
    }
    memcpy(y, next, sizeof next);
  }
  return sum;
}

// c(U) = h0 + hᵀU + ½ UᵀHU, from differences, exact for a quadratic.
static double stacked_quadratic(const problem* lq, const double* x0, double* H, double* h) {
  double U[DM] = {0};
  double one[DM];
  const double h0 = rollout_cost(lq, x0, U);
  for (int i = 0; i < DM; i++) {
    U[i] = 1;
    const double plus = rollout_cost(lq, x0, U);
    U[i] = -1;
    const double minus = rollout_cost(lq, x0, U);
    U[i] = 0;
    h[i] = 0.5 * (plus - minus);
    H[i * DM + i] = plus + minus - 2 * h0;
    one[i] = plus;
  }
  for (int i = 0; i < DM; i++) {
    for (int j = 0; j < i; j++) {
      U[i] = U[j] = 1;
      H[i * DM + j] = H[j * DM + i] = rollout_cost(lq, x0, U) - one[i] - one[j] + h0;
      U[i] = U[j] = 0;
    }
  }
  return h0;
}

static void test_dense_trajectory(void) {
  problem lq;
  CHECK(problem_init(&lq, DT, DX, DU, 0, 12));
  memset(lq.dyn.x0_cov, 0, DX * DX * sizeof(double));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &lq.out));
  double H[DM * DM];
  double cov[DM * DM];
  double h[DM];
  double mean[DM];
  const double h0 = stacked_quadratic(&lq, lq.dyn.x0_mean, H, h);
  double copy[DM * DM];
  memcpy(copy, H, sizeof copy);
  for (int i = 0; i < DM; i++) {
    mean[i] = -h[i];
  }
  const double logdet = dense_solve(copy, mean, DM, 1);
  dense_inverse(cov, H, DM);

  double log_z = -h0 + 0.5 * DM * log_2pi - 0.5 * logdet;
  for (int i = 0; i < DM; i++) {
    log_z -= 0.5 * h[i] * mean[i];
  }
  CHECK_NEAR(irl_lqr_log_z(lq.lqr, &lq.dyn, NULL), log_z, 1e-10);
  CHECK_NEAR(irl_lqr_log_z(lq.lqr, &lq.dyn, lq.dyn.x0_mean), log_z, 1e-10);

  irl_lqr_forward(lq.lqr, &lq.dyn, &lq.out);
  for (int t = 0; t < DT; t++) {
    const int n = DX + DU;
    const int at = t * DU;
    // marginal of u_t, and its covariance given the earlier actions: the inverse of the last block
    // of the inverse of the leading covariance
    double leading[DM * DM];
    double precision[DM * DM];
    double last[DU * DU];
    double conditional[DU * DU];
    const int m = at + DU;
    for (int i = 0; i < m; i++) {
      memcpy(leading + i * m, cov + i * DM, (size_t)m * sizeof(double));
    }
    dense_inverse(precision, leading, m);
    for (int a = 0; a < DU; a++) {
      CHECK_NEAR(irl_lqr_mean(lq.lqr)[t * n + DX + a], mean[at + a], 1e-10);
      for (int b = 0; b < DU; b++) {
        CHECK_NEAR(irl_lqr_cov(lq.lqr)[(t * n + DX + a) * n + DX + b], cov[(at + a) * DM + at + b],
                   1e-10);
        last[a * DU + b] = precision[(at + a) * m + at + b];
      }
    }
    dense_inverse(conditional, last, DU);
    for (int i = 0; i < DU * DU; i++) {
      CHECK_NEAR(lq.out.sigma[t * DU * DU + i], conditional[i], 1e-10);
    }
  }
  problem_fini(&lq);
}

// log p(U) of the controllers equals −c(U) − log Z for any U: they are p itself, pointwise.
static void test_density_is_boltzmann(void) {
  problem lq;
  CHECK(problem_init(&lq, DT, DX, DU, 0, 13));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &lq.out));
  irl_rng rng = irl_rng_stream(5, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int trial = 0; trial < 5; trial++) {
    double x0[DX];
    double x[DX];
    double U[DM];
    random_normals(x0, DX, 1, &rng);
    random_normals(U, DM, 1, &rng);
    memcpy(x, x0, sizeof x);
    double logp = 0;
    for (int t = 0; t < DT; t++) {
      double next[DX];
      logp += irl_policy_logdensity(&lq.out, t, x, U + t * DU);
      for (int i = 0; i < DX; i++) {
        const double* F = lq.dyn.F + (t * DX + i) * (DX + DU);
        next[i] = lq.dyn.f[t * DX + i];
        for (int j = 0; j < DX; j++) {
          next[i] += F[j] * x[j];
        }
        for (int j = 0; j < DU; j++) {
          next[i] += F[DX + j] * U[t * DU + j];
        }
      }
      memcpy(x, next, sizeof x);
    }
    const double log_z = irl_lqr_log_z(lq.lqr, &lq.dyn, x0);
    CHECK_NEAR(logp, -rollout_cost(&lq, x0, U) - log_z, 1e-9);
  }
  problem_fini(&lq);
}

// V_t(x) = −log ∫ exp(−c(x, u) − E[V_{t+1}(F y + f + noise)]) du by the trapezoid rule over u and
// over the noise: the soft Bellman equation with noisy dynamics.
static void test_soft_bellman_with_noise(void) {
  problem lq;
  CHECK(problem_init(&lq, 3, 1, 1, 0.5, 14));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &lq.out));
  const irl_value now = irl_lqr_value(lq.lqr, 0);
  const irl_value next = irl_lqr_value(lq.lqr, 1);
  const double x = 0.7;
  const double sd = sqrt(lq.dyn.cov[0]);
  double integral = 0;
  for (double u = -30; u < 30; u += 0.01) {
    const double y[2] = {x, u};
    const double mean = lq.dyn.F[0] * x + lq.dyn.F[1] * u + lq.dyn.f[0];
    double future = 0;
    for (double e = -8; e < 8; e += 0.05) {
      const double xn = mean + sd * e;
      const double value = 0.5 * next.V[0] * xn * xn + next.v[0] * xn + next.v0;
      future += 0.05 * exp(-0.5 * e * e - 0.5 * log_2pi) * value;
    }
    integral += 0.01 * exp(-stage_cost(&lq.cost, 0, y) - future);
  }
  CHECK_NEAR(0.5 * now.V[0] * x * x + now.v[0] * x + now.v0, -log(integral), 1e-8);
  problem_fini(&lq);
}

// (C + eta P)/(eta + nu) made by hand from values of −log q_prev equals what the pass does inside.
static void test_kl_term(void) {
  const double eta = 2.5;
  const double entropy = 0.7;
  problem lq;
  CHECK(problem_init(&lq, 4, 3, 2, 0.2, 15));
  irl_quadratic sum;
  CHECK_OK(irl_quadratic_create(&sum, lq.T, lq.nx, lq.nu));
  double zero[8] = {0};
  for (int t = 0; t < lq.T; t++) {
    const int n = lq.n;
    double g[8];
    double H[64];
    double y[8] = {0};
    const double f0 = -irl_policy_logdensity(&lq.prev, t, y, y + lq.nx);
    for (int i = 0; i < n; i++) {  // differences of a quadratic are exact
      y[i] = 1;
      const double plus = -irl_policy_logdensity(&lq.prev, t, y, y + lq.nx);
      y[i] = -1;
      const double minus = -irl_policy_logdensity(&lq.prev, t, y, y + lq.nx);
      y[i] = 0;
      g[i] = 0.5 * (plus - minus);
      for (int j = 0; j < n; j++) {
        double f[4];
        for (int s = 0; s < 4; s++) {
          y[i] += s & 1 ? 1 : -1;
          y[j] += s & 2 ? 1 : -1;
          f[s] = -irl_policy_logdensity(&lq.prev, t, y, y + lq.nx);
          y[i] = y[j] = 0;
        }
        H[i * n + j] = 0.25 * (f[3] - f[1] - f[2] + f[0]);
      }
    }
    irl_quadratic_add(&sum, t, eta / (eta + entropy), zero, f0, g, H);
    irl_quadratic_add(&sum, t, 1 / (eta + entropy), zero, lq.cost.c0[t], lq.cost.c + t * n,
                      lq.cost.C + t * n * n);
  }
  irl_lqr* other = NULL;
  irl_policy out;
  CHECK_OK(irl_lqr_create(&other, lq.T, lq.nx, lq.nu));
  CHECK_OK(irl_policy_create(&out, lq.T, lq.nx, lq.nu));
  CHECK_OK(irl_lqr_backward(other, &lq.dyn, &sum, NULL, 0, 1, &out));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, eta, entropy, &lq.out));
  for (int i = 0; i < lq.T * lq.nu * lq.nx; i++) {
    CHECK_NEAR(lq.out.K[i], out.K[i], 1e-10);
  }
  for (int i = 0; i < lq.T * lq.nu * lq.nu; i++) {
    CHECK_NEAR(lq.out.sigma[i], out.sigma[i], 1e-10);
  }
  for (int t = 0; t < lq.T; t++) {
    CHECK_NEAR(irl_lqr_value(lq.lqr, t).v0, irl_lqr_value(other, t).v0, 1e-10);
  }
  irl_policy_destroy(&out);
  irl_lqr_destroy(other);
  irl_quadratic_destroy(&sum);
  problem_fini(&lq);
}

static void test_quadratic_add(void) {
  irl_quadratic q;
  CHECK_OK(irl_quadratic_create(&q, 2, 2, 1));
  irl_rng rng = irl_rng_stream(6, IRL_PURPOSE_VERIFY, 0, 0, 0);
  double at[2][3];
  double g[2][3];
  double H[2][9];
  for (int s = 0; s < 2; s++) {
    random_normals(at[s], 3, 1, &rng);
    random_normals(g[s], 3, 1, &rng);
    random_spd(H[s], 3, 1, &rng);
    irl_quadratic_add(&q, 1, 0.3 + s, at[s], 2 + s, g[s], H[s]);
  }
  double y[3];
  random_normals(y, 3, 2, &rng);
  double expected = 0;
  for (int s = 0; s < 2; s++) {
    double value = 2 + s;
    for (int i = 0; i < 3; i++) {
      value += g[s][i] * (y[i] - at[s][i]);
      for (int j = 0; j < 3; j++) {
        value += 0.5 * (y[i] - at[s][i]) * H[s][i * 3 + j] * (y[j] - at[s][j]);
      }
    }
    expected += (0.3 + s) * value;
  }
  CHECK_NEAR(stage_cost(&q, 1, y), expected, 1e-12);
  CHECK_NEAR(stage_cost(&q, 0, y), 0, 0);
  irl_quadratic_zero(&q);
  CHECK_NEAR(stage_cost(&q, 1, y), 0, 0);
  irl_quadratic_destroy(&q);
}

static void test_refusals(void) {
  problem lq;
  irl_lqr* lqr = NULL;
  CHECK(irl_lqr_create(&lqr, 0, 1, 1) == IRL_ERANGE && lqr == NULL);
  CHECK(problem_init(&lq, 3, 2, 2, 0.1, 16));
  CHECK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 0, &lq.out) == IRL_ENUM);
  const int n = lq.n;
  double* entry = lq.cost.C + (1 * n + n - 1) * n + n - 1;
  *entry = -50;
  CHECK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &lq.out) == IRL_ENUM);
  *entry = (double)NAN;
  CHECK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &lq.out) == IRL_ENUM);
  *entry = 2;
  lq.cost.c0[0] = (double)INFINITY;
  CHECK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &lq.out) == IRL_ENUM);
  problem_fini(&lq);
}

TESTS(TEST(test_riccati), TEST(test_dense_trajectory), TEST(test_density_is_boltzmann),
      TEST(test_soft_bellman_with_noise), TEST(test_kl_term), TEST(test_quadratic_add),
      TEST(test_refusals))
