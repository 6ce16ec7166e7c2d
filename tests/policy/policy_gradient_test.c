#include "base/linalg.h"
#include "policy/policy.h"
#include "test.h"

enum { NX = 3, NU = 2, T = 4 };

// A policy of some steps with gains, offsets and correlated noise, all from one stream.
static irl_policy random_policy(int steps, uint64_t stream) {
  irl_policy p;
  irl_rng rng = irl_rng_stream(9, IRL_PURPOSE_VERIFY, stream, 0, 0);
  CHECK_OK(irl_policy_create(&p, steps, NX, NU));
  for (int i = 0; i < steps * NU * NX; i++) {
    p.K[i] = irl_rng_normal(&rng);
  }
  for (int i = 0; i < steps * NU; i++) {
    p.k[i] = irl_rng_normal(&rng);
  }
  for (int s = 0; s < steps; s++) {
    const double a = 0.5 + irl_rng_uniform(&rng), c = 0.5 + irl_rng_uniform(&rng), r = 0.3;
    const double sigma[4] = {a, r, r, c};
    memcpy(p.sigma + s * NU * NU, sigma, sizeof sigma);
  }
  CHECK_OK(irl_policy_factor(&p, NULL));
  return p;
}

static void fill(irl_batch* b) {
  irl_rng rng = irl_rng_stream(9, IRL_PURPOSE_VERIFY, 77, 0, 0);
  CHECK_OK(irl_batch_create(b, 1, T, NX, NU, 0, 0));
  for (int i = 0; i < (T + 1) * NX; i++) {
    b->x[i] = irl_rng_normal(&rng);
  }
  for (int i = 0; i < T * NU; i++) {
    b->u[i] = irl_rng_normal(&rng);
  }
}

// Σ_t w_t log π at a policy whose entry *at is moved by h. Entries of Σ are independent, but Σ has
// to stay symmetric: its mirror moves along.
static double moved(irl_policy* p, const irl_batch* b, const double* w, double* at, double* mirror,
                    double h) {
  const double kept = *at;
  double sum = 0;
  *at = kept + h;
  *mirror = kept + h;
  CHECK_OK(irl_policy_factor(p, NULL));
  for (int t = 0; t < T; t++) {
    sum += w[t] * irl_policy_logdensity(p, t, irl_batch_x(b, 0, t), irl_batch_u(b, 0, t));
  }
  *at = *mirror = kept;
  CHECK_OK(irl_policy_factor(p, NULL));
  return sum;
}

// Central differences with h = 1e-5: error h² of the third derivative, 1e-9, and 1e-11 of rounding.
static void check_against_differences(int steps) {
  irl_policy p = random_policy(steps, (uint64_t)steps);
  irl_batch b;
  const double w[T] = {1, -0.5, 2, 0.25}, h = 1e-5;
  double dK[T * NU * NX] = {0}, dk[T * NU] = {0}, ds[T * NU * NU] = {0};
  fill(&b);
  irl_policy_batch_gradient(&p, &b, 0, w, dK, dk, ds);
  for (int i = 0; i < steps * NU * NX; i++) {
    const double d = moved(&p, &b, w, p.K + i, p.K + i, h) - moved(&p, &b, w, p.K + i, p.K + i, -h);
    CHECK_NEAR(dK[i], d / (2 * h), 1e-7);
  }
  for (int i = 0; i < steps * NU; i++) {
    const double d = moved(&p, &b, w, p.k + i, p.k + i, h) - moved(&p, &b, w, p.k + i, p.k + i, -h);
    CHECK_NEAR(dk[i], d / (2 * h), 1e-7);
  }
  for (int s = 0; s < steps; s++) {
    for (int e = 0; e < 3; e++) {
      const int i = s * 4 + (e == 2 ? 3 : e), j = s * 4 + (e == 1 ? 2 : e == 2 ? 3 : 0);
      const double d = moved(&p, &b, w, p.sigma + i, p.sigma + j, h) -
                       moved(&p, &b, w, p.sigma + i, p.sigma + j, -h);
      CHECK_NEAR(i == j ? ds[i] : ds[i] + ds[j], d / (2 * h), 1e-7);
    }
  }
  irl_batch_destroy(&b);
  irl_policy_destroy(&p);
}

static void stationary_gradient(void) {
  check_against_differences(1);
}

static void time_varying_gradient(void) {
  check_against_differences(T);
}

// The divergence over visited states is that of Gaussians about those states' moments.
static void divergence_agrees_with_that_of_moments(void) {
  for (int steps = 1; steps <= T; steps += T - 1) {
    irl_policy p = random_policy(steps, 20), q = random_policy(steps, 21);
    irl_batch b;
    double none[T * NX * NX] = {0};  // each step's state is certain: no covariance
    fill(&b);
    CHECK_NEAR(irl_policy_batch_kl(&p, &q, &b, 0), irl_policy_kl(&p, &q, b.x, none, T), 1e-12);
    CHECK_NEAR(irl_policy_batch_kl(&p, &p, &b, 0), 0, 1e-14);
    b.length[0] = 2;
    CHECK_NEAR(irl_policy_batch_kl(&p, &q, &b, 0), irl_policy_kl(&p, &q, b.x, none, 2), 1e-12);
    irl_batch_destroy(&b);
    irl_policy_destroy(&p);
    irl_policy_destroy(&q);
  }
}

// The gradient's mean over the policy's own actions is 0, within 5 standard errors of 40,000 draws.
static void score_has_mean_zero(void) {
  irl_policy p = random_policy(1, 30);
  enum { DRAWS = 40000 };
  const double x[NX] = {0.3, -1, 2};
  double dK[NU * NX] = {0}, dk[NU] = {0}, ds[NU * NU] = {0}, u[NU];
  irl_rng rng = irl_rng_stream(9, IRL_PURPOSE_VERIFY, 31, 0, 0);
  for (int i = 0; i < DRAWS; i++) {
    (void)irl_policy_sample(&p, 0, x, &rng, u);
    irl_policy_add_gradient(&p, 0, x, u, 1.0 / DRAWS, dK, dk, ds);
  }
  for (int j = 0; j < NU; j++) {
    CHECK_NEAR(dk[j], 0, 5 * sqrt(p.prec[j * NU + j] / DRAWS));
    CHECK_NEAR(ds[j * NU + j], 0, 5 * p.prec[j * NU + j] / sqrt(2.0 * DRAWS));
  }
  irl_policy_destroy(&p);
}

TESTS(TEST(stationary_gradient), TEST(time_varying_gradient),
      TEST(divergence_agrees_with_that_of_moments), TEST(score_has_mean_zero))
