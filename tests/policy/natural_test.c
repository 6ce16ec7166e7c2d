#include "policy/natural.h"

#include "base/linalg.h"
#include "lq.h"
#include "policy/advantage.h"
#include "test.h"

enum { NX = 3, NU = 2, P = NX + 1, N = 4, T = 10, ROWS = N * T };

static const double mean[NX] = {0.5, -1, 0}, stddev[NX] = {2, 0.5, 1};
static const int all[N] = {0, 1, 2, 3};

typedef struct setting {
  irl_policy policy;
  irl_batch batch;
  double advantage[ROWS];
  irl_natural natural;
} setting;

// Actions of a policy with correlated noise at random states, and random advantages.
static void setting_init(setting* s) {
  const double sigma[4] = {0.5, 0.2, 0.2, 0.9};
  irl_rng rng = irl_rng_stream(2, IRL_PURPOSE_VERIFY, 1, 0, 0);
  CHECK_OK(irl_policy_create(&s->policy, 1, NX, NU));
  CHECK_OK(irl_batch_create(&s->batch, N, T, NX, NU, 0, 0));
  CHECK_OK(irl_natural_create(&s->natural, NX, NU, ROWS));
  for (int i = 0; i < NU * NX; i++) {
    s->policy.K[i] = 0.3 * i - 0.5;
  }
  s->policy.k[1] = 0.7;
  memcpy(s->policy.sigma, sigma, sizeof sigma);
  CHECK_OK(irl_policy_factor(&s->policy, NULL));
  for (int i = 0; i < N; i++) {
    for (int t = 0; t < T; t++) {
      double* x = irl_batch_x(&s->batch, i, t);
      for (int k = 0; k < NX; k++) {
        x[k] = mean[k] + stddev[k] * irl_rng_normal(&rng);
      }
      (void)irl_policy_sample(&s->policy, 0, x, &rng, irl_batch_u(&s->batch, i, t));
      s->advantage[i * T + t] = irl_rng_normal(&rng);
    }
  }
}

static void setting_fini(setting* s) {
  irl_natural_destroy(&s->natural);
  irl_batch_destroy(&s->batch);
  irl_policy_destroy(&s->policy);
}

// E[π_new/π_old A] for weights moved by h along entry (j, i) of W, or Σ = L exp(h E) Lᵀ along the
// symmetric unit E_(j, i): by densities of whole policies, not by the room's own sums.
static double surrogate(const setting* s, int j, int i, bool of_sigma, double h) {
  irl_policy q;
  double sum = 0;
  CHECK_OK(irl_policy_create(&q, 1, NX, NU));
  irl_policy_copy(&q, &s->policy);
  if (of_sigma) {
    double E[4] = {0}, EE[4], LE[4];
    E[j * NU + i] = E[i * NU + j] = h;
    irl_mat_mul(EE, E, E, NU, NU, NU);
    for (int k = 0; k < 4; k++) {
      E[k] += 0.5 * EE[k] + (k == 0 || k == 3);  // exp to second order
    }
    irl_mat_mul(LE, s->policy.chol, E, NU, NU, NU);
    irl_mat_mul_nt(q.sigma, LE, s->policy.chol, NU, NU, NU);
  } else if (i == NX) {
    q.k[j] += h;
  } else {
    q.K[j * NX + i] += h / stddev[i];
    q.k[j] -= h / stddev[i] * mean[i];
  }
  CHECK_OK(irl_policy_factor(&q, NULL));
  for (int r = 0; r < ROWS; r++) {
    const double *x = irl_batch_x(&s->batch, r / T, r % T),
                 *u = irl_batch_u(&s->batch, r / T, r % T);
    sum += exp(irl_policy_logdensity(&q, 0, x, u) - irl_policy_logdensity(&s->policy, 0, x, u)) *
           s->advantage[r] / ROWS;
  }
  irl_policy_destroy(&q);
  return sum;
}

// Central differences, h = 1e-4: error of the order h².
static void gradient_is_the_surrogate_s(void) {
  setting s;
  const double h = 1e-4;
  irl_natural_options o = irl_natural_defaults();
  setting_init(&s);
  CHECK_OK(irl_natural_measure(&s.natural, &o, mean, stddev, &s.batch, all, N, s.advantage,
                               &s.policy, NULL));
  for (int j = 0; j < NU; j++) {
    for (int i = 0; i < P; i++) {
      const double d = surrogate(&s, j, i, false, h) - surrogate(&s, j, i, false, -h);
      CHECK_NEAR(s.natural.gradient[j * P + i], d / (2 * h), 1e-6);
    }
    for (int i = 0; i <= j; i++) {
      const double d = surrogate(&s, j, i, true, h) - surrogate(&s, j, i, true, -h);
      const double* D = s.natural.gradient + NU * P;
      CHECK_NEAR(i == j ? D[j * NU + i] : D[j * NU + i] + D[i * NU + j], d / (2 * h), 1e-6);
    }
  }
  setting_fini(&s);
}

// Σ G (E[s sᵀ] + damping)⁻¹ by a Cholesky factor, and 2 ∂J/∂D/(1 + damping). Conjugate gradient
// stops at 1e-10 of the residual; the condition number is some tens.
static void solution_is_the_closed_form(void) {
  setting s;
  irl_natural_options o = irl_natural_defaults();
  double M[P * P] = {0}, L[P * P], Gt[P * NU], X[P * NU];
  o.damping = 0.01;
  setting_init(&s);
  CHECK_OK(irl_natural_measure(&s.natural, &o, mean, stddev, &s.batch, all, N, s.advantage,
                               &s.policy, NULL));
  const int steps = irl_natural_solve(&s.natural, &o, &s.policy);
  CHECK(steps > 1 && steps <= P * NU + 2);
  for (int r = 0; r < ROWS; r++) {
    double v[P] = {0, 0, 0, 1};
    for (int i = 0; i < NX; i++) {
      v[i] = (irl_batch_x(&s.batch, r / T, r % T)[i] - mean[i]) / stddev[i];
    }
    for (int i = 0; i < P * P; i++) {
      M[i] += v[i / P] * v[i % P] / ROWS;
    }
  }
  for (int i = 0; i < P; i++) {
    M[i * P + i] += o.damping;
    for (int j = 0; j < NU; j++) {
      Gt[i * NU + j] = 0;
      for (int k = 0; k < NU; k++) {
        Gt[i * NU + j] += s.natural.gradient[k * P + i] * s.policy.sigma[k * NU + j];
      }
    }
  }
  CHECK(irl_cholesky(L, M, P));
  irl_cholesky_solve(X, L, Gt, P, NU);
  for (int j = 0; j < NU; j++) {
    for (int i = 0; i < P; i++) {
      CHECK_NEAR(s.natural.step[j * P + i], X[i * NU + j], 1e-8);
    }
    for (int i = 0; i < NU; i++) {
      CHECK_NEAR(s.natural.step[NU * P + j * NU + i],
                 2 * s.natural.gradient[NU * P + j * NU + i] / 1.01, 1e-8);
    }
  }
  setting_fini(&s);
}

// The divergence reported is the mean over the visited states, and within the limit; small steps
// gain what the gradient predicts.
static void step_keeps_to_the_trust_region(void) {
  static const double limit[] = {1e-6, 0.01, 1};
  for (int k = 0; k < 3; k++) {
    setting s;
    irl_policy old;
    irl_natural_report report;
    irl_natural_options o = irl_natural_defaults();
    double kl = 0;
    o.kl = limit[k];
    setting_init(&s);
    CHECK_OK(irl_policy_create(&old, 1, NX, NU));
    irl_policy_copy(&old, &s.policy);
    CHECK_OK(irl_natural_step(&s.natural, &o, mean, stddev, &s.batch, all, N, s.advantage,
                              &s.policy, &report, NULL));
    for (int i = 0; i < N; i++) {
      kl += irl_policy_batch_kl(&old, &s.policy, &s.batch, i) / ROWS;
    }
    CHECK(report.scale > 0 && report.improved > 0);
    CHECK_NEAR(report.kl, kl, 1e-10);
    CHECK(report.kl <= 1.001 * o.kl);
    if (k == 0) {
      CHECK_NEAR(report.kl / o.kl, 1, 0.05);
      CHECK_NEAR(report.improved / report.expected, 1, 0.05);
    }
    irl_policy_destroy(&old);
    setting_fini(&s);
  }
}

// Without advantages the entropy alone widens Σ, up to its ceiling, and leaves the mean.
static void entropy_widens(void) {
  setting s;
  irl_natural_report report;
  irl_natural_options o = irl_natural_defaults();
  o.entropy = 0.1;
  o.max_stddev = 1.5;
  setting_init(&s);
  memset(s.advantage, 0, sizeof s.advantage);
  const double K = s.policy.K[0], before = s.policy.logdet[0];
  CHECK_OK(irl_natural_step(&s.natural, &o, mean, stddev, &s.batch, all, N, s.advantage, &s.policy,
                            &report, NULL));
  CHECK(s.policy.logdet[0] > before && s.policy.K[0] == K);
  for (int k = 0; k < 50; k++) {
    CHECK_OK(irl_natural_step(&s.natural, &o, mean, stddev, &s.batch, all, N, s.advantage,
                              &s.policy, &report, NULL));
  }
  CHECK_NEAR(s.policy.sigma[0], 2.25, 1e-6);
  setting_fini(&s);
}

// Fewer steps than weights, an observation without variation, one step only: a finite policy.
static void poor_data_give_a_sound_policy(void) {
  setting s;
  irl_natural_report report;
  irl_natural_options o = irl_natural_defaults();
  const double flat[NX] = {INFINITY, 0.5, 1};
  setting_init(&s);
  s.batch.length[0] = 2;
  CHECK_OK(irl_natural_step(&s.natural, &o, mean, flat, &s.batch, all, 1, s.advantage, &s.policy,
                            &report, NULL));
  CHECK(irl_all_finite(s.policy.K, NU * NX) && irl_all_finite(s.policy.sigma, NU * NU));
  CHECK(report.kl <= 1.001 * o.kl);
  s.batch.length[0] = 1;
  CHECK_OK(irl_natural_step(&s.natural, &o, mean, flat, &s.batch, all, 1, s.advantage, &s.policy,
                            &report, NULL));
  CHECK(irl_all_finite(s.policy.K, NU * NX) && irl_all_finite(s.policy.sigma, NU * NU));
  setting_fini(&s);
}

static void bad_advantages_are_refused(void) {
  setting s;
  irl_errinfo info = {IRL_OK, ""};
  irl_natural_report report;
  irl_natural_options o = irl_natural_defaults();
  setting_init(&s);
  const double K = s.policy.K[1];
  s.advantage[T + 3] = NAN;
  CHECK(irl_natural_step(&s.natural, &o, mean, stddev, &s.batch, all, N, s.advantage, &s.policy,
                         &report, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "trajectory 1 is not finite");
  CHECK(irl_natural_step(&s.natural, &o, mean, stddev, &s.batch, all, 0, s.advantage, &s.policy,
                         &report, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "no step");
  memset(s.advantage, 0, sizeof s.advantage);
  CHECK_OK(irl_natural_step(&s.natural, &o, mean, stddev, &s.batch, all, N, s.advantage, &s.policy,
                            &report, &info));
  CHECK(report.scale == 0 && s.policy.K[1] == K);
  setting_fini(&s);
}

//---------------------------------- The linear system --------------------------------------------

enum { LQ_N = 60, LQ_T = 20 };

// Rewards to come less the best policy's value, a baseline that changes no gradient.
static void lq_advantages(const irl_batch* b, const double V[4], double* advantage) {
  for (int i = 0; i < LQ_N; i++) {
    double value[LQ_T];
    for (int t = 0; t < LQ_T; t++) {
      value[t] = -lq_square(V, irl_batch_x(b, i, t));
    }
    irl_advantage(b->reward + i * LQ_T, value, LQ_T, 0, 1, 1, advantage + i * LQ_T);
  }
}

// The gradient finds Riccati's gain, to the noise of 60 trajectories a step averaged over the last
// hundred policies (4 %), while the noise of its actions falls.
static void linear_system_gives_riccati_s_gain(void) {
  static double advantage[LQ_N * LQ_T];
  const double zero[LQ_NX] = {0}, one[LQ_NX] = {1, 1}, start[LQ_NU] = {0.5};
  double R[4] = {0}, K[2], got[2] = {0};
  irl_natural n;
  irl_natural_report report;
  irl_natural_options o = irl_natural_defaults();
  irl_policy p;
  irl_batch b;
  int index[LQ_N];
  lq_riccati(R, K);
  o.kl = 0.02;
  o.min_stddev = 0.1;
  CHECK_OK(irl_policy_create(&p, 1, LQ_NX, LQ_NU));
  CHECK_OK(irl_policy_set_noise(&p, start));
  CHECK_OK(irl_batch_create(&b, LQ_N, LQ_T, LQ_NX, LQ_NU, 0, 0));
  CHECK_OK(irl_natural_create(&n, LQ_NX, LQ_NU, LQ_N * LQ_T));
  for (int it = 0; it < 300; it++) {
    for (int i = 0; i < LQ_N; i++) {
      index[i] = i;
      lq_roll(&b, i, &p, true, (uint64_t)it, R);
    }
    lq_advantages(&b, R, advantage);
    CHECK_OK(irl_natural_step(&n, &o, zero, one, &b, index, LQ_N, advantage, &p, &report, NULL));
    irl_axpy(got, it >= 200 ? 0.01 : 0, p.K, LQ_NX);
  }
  CHECK_NEAR(got[0] / K[0], 1, 0.04);
  CHECK_NEAR(got[1] / K[1], 1, 0.04);
  CHECK(p.sigma[0] < 0.1);
  irl_natural_destroy(&n);
  irl_batch_destroy(&b);
  irl_policy_destroy(&p);
}

TESTS(TEST(gradient_is_the_surrogate_s), TEST(solution_is_the_closed_form),
      TEST(step_keeps_to_the_trust_region), TEST(entropy_widens),
      TEST(poor_data_give_a_sound_policy), TEST(bad_advantages_are_refused),
      TEST(linear_system_gives_riccati_s_gain))
