#include "policy/policy.h"

#include "problems.h"
#include "test.h"

static irl_rng stream(uint64_t trajectory) {
  return irl_rng_stream(7, IRL_PURPOSE_VERIFY, 0, 0, trajectory);
}

// One step, three observations, two actions: the case whose numbers come from SciPy below.
static irl_policy known_policy(bool other) {
  static const double K[2][6] = {{0.5, -0.25, 1.0, 0.0, 2.0, -0.5},
                                 {0.4, 0.0, 0.8, 0.1, 1.5, -0.5}};
  static const double k[2][2] = {{0.1, -0.2}, {0.0, 0.3}};
  static const double sigma[2][4] = {{0.5, 0.2, 0.2, 0.3}, {0.8, -0.1, -0.1, 0.4}};
  irl_policy p;
  CHECK_OK(irl_policy_create(&p, 1, 3, 2));
  memcpy(p.K, K[other], sizeof K[0]);
  memcpy(p.k, k[other], sizeof k[0]);
  memcpy(p.sigma, sigma[other], sizeof sigma[0]);
  CHECK_OK(irl_policy_factor(&p, NULL));
  return p;
}

// scipy.stats.multivariate_normal logpdf and entropy, and the textbook KL in numpy (1.4e-15 apart
// in double, so 1e-13 leaves room for another order of summation).
static void test_matches_scipy(void) {
  const double x[3] = {1.0, 2.0, -1.0};
  const double u[2] = {-0.5, 4.0};
  const double mean[3] = {0.5, -1.0, 2.0};
  const double cov[9] = {1.0, 0.3, 0.1, 0.3, 0.5, 0.0, 0.1, 0.0, 0.2};
  irl_policy p = known_policy(false);
  irl_policy q = known_policy(true);
  CHECK_NEAR(irl_policy_logdensity(&p, 0, x, u), -1.3751487007235754, 1e-13);
  CHECK_NEAR(irl_policy_entropy(&p, 1), 1.7342396098144848, 1e-13);
  CHECK_NEAR(irl_policy_kl(&p, &q, mean, cov, 1), 2.0001427400369365, 1e-13);
  CHECK_NEAR(irl_policy_kl(&p, &p, mean, cov, 1), 0, 1e-13);
  irl_policy_destroy(&p);
  irl_policy_destroy(&q);
}

static void test_sampling_moments(void) {
  enum { N = 200000 };
  const double x[3] = {1.0, 2.0, -1.0};
  irl_policy p = known_policy(false);
  irl_rng rng = stream(1);
  double mean[2] = {0};
  double second[3] = {0};
  double exact[2];
  irl_policy_mean(&p, 0, x, exact);
  for (int i = 0; i < N; i++) {
    double u[2];
    const double logq = irl_policy_sample(&p, 0, x, &rng, u);
    if (i < 100) {
      CHECK(logq == irl_policy_logdensity(&p, 0, x, u));  // bit for bit
    }
    const double e[2] = {u[0] - exact[0], u[1] - exact[1]};
    mean[0] += e[0] / N;
    mean[1] += e[1] / N;
    second[0] += e[0] * e[0] / N;
    second[1] += e[0] * e[1] / N;
    second[2] += e[1] * e[1] / N;
  }
  // five standard errors: sd/√N of the mean, about var·√2/√N of second moments
  CHECK_NEAR(mean[0], 0, 5 * sqrt(0.5 / N));
  CHECK_NEAR(mean[1], 0, 5 * sqrt(0.3 / N));
  CHECK_NEAR(second[0], 0.5, 5 * 0.5 * sqrt(2.0 / N));
  CHECK_NEAR(second[1], 0.2, 5 * 0.5 * sqrt(2.0 / N));
  CHECK_NEAR(second[2], 0.3, 5 * 0.3 * sqrt(2.0 / N));
  irl_policy_destroy(&p);
}

// ∫ N du = 1, the mean and the entropy −∫ N log N, by the trapezoid rule, exact to rounding here.
static void test_density_integrates(void) {
  irl_policy p;
  CHECK_OK(irl_policy_create(&p, 1, 1, 1));
  p.K[0] = -2;
  p.k[0] = 0.5;
  p.sigma[0] = 0.09;
  CHECK_OK(irl_policy_factor(&p, NULL));
  const double x = 0.75;
  const double h = 1e-3;
  double mass = 0;
  double mean = 0;
  double entropy = 0;
  for (int i = -5000; i <= 5000; i++) {
    const double u = -1 + i * h;
    const double logp = irl_policy_logdensity(&p, 0, &x, &u);
    mass += h * exp(logp);
    mean += h * u * exp(logp);
    entropy -= h * logp * exp(logp);
  }
  CHECK_NEAR(mass, 1, 1e-10);
  CHECK_NEAR(mean, -1, 1e-10);
  CHECK_NEAR(entropy, irl_policy_entropy(&p, 1), 1e-10);
  irl_policy_destroy(&p);
}

// E_x E_u[log p − log q] by sampling agrees with the closed form within five standard errors.
static void test_kl_monte_carlo(void) {
  enum { N = 200000 };
  const double mean[3] = {0.5, -1.0, 2.0};
  const double stddev[3] = {1.0, 0.7, 0.4};
  double cov[9] = {0};
  for (int i = 0; i < 3; i++) {
    cov[4 * i] = stddev[i] * stddev[i];
  }
  irl_policy p = known_policy(false);
  irl_policy q = known_policy(true);
  irl_rng rng = stream(2);
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < N; i++) {
    double x[3];
    double u[2];
    for (int j = 0; j < 3; j++) {
      x[j] = mean[j] + stddev[j] * irl_rng_normal(&rng);
    }
    const double d = irl_policy_sample(&p, 0, x, &rng, u) - irl_policy_logdensity(&q, 0, x, u);
    sum += d;
    squares += d * d;
  }
  const double average = sum / N;
  const double error = sqrt((squares / N - average * average) / N);
  CHECK_NEAR(irl_policy_kl(&p, &q, mean, cov, 1), average, 5 * error);
  irl_policy_destroy(&p);
  irl_policy_destroy(&q);
}

// A stationary policy is a time-varying one with equal steps, everywhere.
static void test_stationary(void) {
  enum { T = 4 };
  irl_policy one = known_policy(false);
  irl_policy many;
  CHECK_OK(irl_policy_create(&many, T, 3, 2));
  for (int t = 0; t < T; t++) {
    memcpy(many.K + t * 6, one.K, 6 * sizeof(double));
    memcpy(many.k + t * 2, one.k, 2 * sizeof(double));
    memcpy(many.sigma + t * 4, one.sigma, 4 * sizeof(double));
  }
  CHECK_OK(irl_policy_factor(&many, NULL));
  const double x[3] = {0.3, -0.2, 0.9};
  double a[2];
  double b[2];
  irl_rng first = stream(3);
  irl_rng second = stream(3);
  CHECK(irl_policy_sample(&one, T - 1, x, &first, a) ==
        irl_policy_sample(&many, T - 1, x, &second, b));
  CHECK(a[0] == b[0] && a[1] == b[1]);
  CHECK(irl_policy_entropy(&one, T) == irl_policy_entropy(&many, T));
  double mean[T * 3] = {0};
  double cov[T * 9] = {0};
  CHECK_NEAR(irl_policy_kl(&one, &many, mean, cov, T), 0, 1e-13);
  irl_policy_destroy(&one);
  irl_policy_destroy(&many);
}

static void test_batch_logdensity(void) {
  irl_policy p = known_policy(false);
  irl_batch batch;
  CHECK_OK(irl_batch_create(&batch, 2, 5, 3, 2, 0, 0));
  irl_rng rng = stream(4);
  random_normals(batch.x, 2 * 6 * 3, 1, &rng);
  random_normals(batch.u, 2 * 5 * 2, 1, &rng);
  batch.length[1] = 3;
  double sum = 0;
  for (int t = 0; t < 3; t++) {
    sum += irl_policy_logdensity(&p, t, irl_batch_x(&batch, 1, t), irl_batch_u(&batch, 1, t));
  }
  CHECK(irl_policy_batch_logdensity(&p, &batch, 1) == sum);
  irl_batch_destroy(&batch);
  irl_policy_destroy(&p);
}

static void test_scale_covariance(void) {
  irl_policy p = known_policy(false);
  irl_policy q = known_policy(false);
  irl_policy_scale_covariance(&p, 2.5);
  for (int i = 0; i < 4; i++) {
    q.sigma[i] *= 2.5;
  }
  CHECK_OK(irl_policy_factor(&q, NULL));
  for (int i = 0; i < 4; i++) {
    CHECK_NEAR(p.sigma[i], q.sigma[i], 1e-15);
    CHECK_NEAR(p.chol[i], q.chol[i], 1e-15);
    CHECK_NEAR(p.prec[i], q.prec[i], 1e-14);
  }
  CHECK_NEAR(p.logdet[0], q.logdet[0], 1e-14);
  irl_policy_copy(&q, &p);
  CHECK(memcmp(q.prec, p.prec, 4 * sizeof(double)) == 0 && q.logdet[0] == p.logdet[0]);
  irl_policy_destroy(&p);
  irl_policy_destroy(&q);
}

static void test_refusals(void) {
  irl_policy p;
  irl_errinfo info = {0};
  const double stddev[2] = {0.5, 2};
  CHECK(irl_policy_create(&p, 0, 3, 2) == IRL_ERANGE && p.memory == NULL);
  CHECK(irl_policy_create(&p, 1, 3, 0) == IRL_ERANGE);
  CHECK(irl_policy_create(&p, 1, 3, 100000) == IRL_ERANGE);
  irl_policy_destroy(&p);
  CHECK_OK(irl_policy_create(&p, 3, 3, 2));
  CHECK_OK(irl_policy_set_noise(&p, stddev));
  CHECK_NEAR(p.sigma[2 * 4 + 3], 4, 0);
  CHECK_NEAR(p.logdet[2], 0, 1e-15);
  p.sigma[4 + 1] = p.sigma[4 + 2] = 1.5;
  CHECK(irl_policy_factor(&p, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "step 1 is not positive definite; raise");
  p.K[0] = (double)NAN;
  CHECK(irl_policy_factor(&p, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "step 0 is not finite");
  irl_policy_destroy(&p);
}

// Σ = U diag(4, 0.25) Uᵀ of a turn by 0.3 rad, clipped to [1, 1.5²]: the same axes with 2.25 and 1,
// and the factors that belong to it. What lies within the bounds stays.
static void test_clip_covariance(void) {
  irl_policy p;
  const double c = cos(0.3), s = sin(0.3), stddev[2] = {1.2, 1.3};
  CHECK_OK(irl_policy_create(&p, 2, 1, 2));
  CHECK_OK(irl_policy_set_noise(&p, stddev));
  p.sigma[0] = 4 * c * c + 0.25 * s * s;
  p.sigma[1] = p.sigma[2] = (4 - 0.25) * c * s;
  p.sigma[3] = 4 * s * s + 0.25 * c * c;
  CHECK_OK(irl_policy_clip_covariance(&p, 1, 1.5, NULL));
  CHECK_NEAR(p.sigma[0], 2.25 * c * c + s * s, 1e-14);
  CHECK_NEAR(p.sigma[1], 1.25 * c * s, 1e-14);
  CHECK_NEAR(p.sigma[3], 2.25 * s * s + c * c, 1e-14);
  CHECK_NEAR(p.logdet[0], log(2.25), 1e-14);
  CHECK_NEAR(p.sigma[4], 1.44, 1e-14);
  CHECK_NEAR(p.sigma[7], 1.69, 1e-14);
  irl_policy_destroy(&p);
}

// Noise drawn before makes the same action, also where it stands in the action's own place.
static void test_act_on_noise(void) {
  irl_policy p = known_policy(false);
  const double x[3] = {0.3, -1.2, 2};
  irl_rng rng = irl_rng_stream(8, IRL_PURPOSE_ACTION, 0, 0, 0), again = rng;
  for (int i = 0; i < 20; i++) {
    double drawn[2], noise[2], apart[2], placed[2];
    const double want = irl_policy_sample(&p, 0, x, &rng, drawn);
    irl_rng_normals(&again, noise, 2);
    memcpy(placed, noise, sizeof noise);
    CHECK_NEAR(irl_policy_act(&p, 0, x, noise, apart), want, 0);
    CHECK_NEAR(irl_policy_act(&p, 0, x, placed, placed), want, 0);
    CHECK(memcmp(apart, drawn, sizeof drawn) == 0 && memcmp(placed, drawn, sizeof drawn) == 0);
  }
  irl_policy_destroy(&p);
}

TESTS(TEST(test_matches_scipy), TEST(test_sampling_moments), TEST(test_density_integrates),
      TEST(test_kl_monte_carlo), TEST(test_stationary), TEST(test_batch_logdensity),
      TEST(test_scale_covariance), TEST(test_clip_covariance), TEST(test_act_on_noise),
      TEST(test_refusals))
