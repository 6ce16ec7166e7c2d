// The mixture of Gaussians behind the dynamics' prior.
#include "base/random.h"
#include "policy/mixture_internal.h"
#include "test.h"

enum { D = 3, N = 600 };

// Two clusters of normal vectors with standard deviations 0.5 around (±4, 0, ∓4).
static void two_clusters(double* rows, int n, uint64_t seed) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < n; i++) {
    const double side = i % 3 == 0 ? 4 : -4;  // a third on one side
    rows[i * D] = side + 0.5 * irl_rng_normal(&rng);
    rows[i * D + 1] = 0.5 * irl_rng_normal(&rng);
    rows[i * D + 2] = -side + 0.5 * irl_rng_normal(&rng);
  }
}

// Rows of one side give that side's moments: mean to 4 standard errors of 200 rows (0.14), variance
// 0.25 to 4 of its own standard errors (0.1).
static void test_clusters_are_found(void) {
  double rows[N * D];
  double mean[D];
  double cov[D * D];
  irl_mixture* m;
  two_clusters(rows, N, 1);
  CHECK_OK(irl_mixture_create(&m, D, 4));
  CHECK_OK(irl_mixture_fit(m, rows, N, 2, 100));
  irl_mixture_moments(m, rows, 1, mean, cov);
  CHECK_NEAR(mean[0], 4, 0.14);
  CHECK_NEAR(mean[2], -4, 0.14);
  CHECK_NEAR(cov[0], 0.25, 0.1);
  CHECK_NEAR(cov[4], 0.25, 0.1);
  irl_mixture_moments(m, rows + D, 1, mean, cov);
  CHECK_NEAR(mean[0], -4, 0.14);
  // Rows of both sides, half each: their mean and a variance of 16 between them.
  irl_mixture_moments(m, rows, 2, mean, cov);
  CHECK_NEAR(mean[0], 0, 0.2);
  CHECK_NEAR(cov[0], 16.25, 0.8);
  CHECK_NEAR(cov[2], -16, 0.8);
  irl_mixture_destroy(m);
}

// One cluster is the sample's own mean and covariance, plus 1e-6 of the variance on the diagonal.
static void test_one_cluster_is_the_sample(void) {
  double rows[N * D];
  double mean[D];
  double cov[D * D];
  double sum[D] = {0};
  irl_mixture* m;
  two_clusters(rows, N, 2);
  CHECK_OK(irl_mixture_create(&m, D, 1));
  CHECK_OK(irl_mixture_fit(m, rows, N, 1, 100));
  irl_mixture_moments(m, rows, 5, mean, cov);
  for (int i = 0; i < N * D; i++) {
    sum[i % D] += rows[i] / N;
  }
  for (int a = 0; a < D; a++) {
    CHECK_NEAR(mean[a], sum[a], 1e-10);
    for (int b = 0; b < D; b++) {
      double c = 0;
      for (int i = 0; i < N; i++) {
        c += (rows[i * D + a] - sum[a]) * (rows[i * D + b] - sum[b]) / N;
      }
      CHECK_NEAR(cov[a * D + b], c, 1e-10 + (a == b ? 1.1e-6 * c : 0));
    }
  }
  irl_mixture_destroy(m);
}

// The likelihood rises with every step and the search ends by itself, whether the log-likelihood is
// negative (these rows) or positive (nearly singular ones).
static void test_likelihood_rises_and_settles(void) {
  for (int flat = 0; flat < 2; flat++) {
    double rows[N * D];
    double before = -INFINITY;
    irl_mixture* m;
    two_clusters(rows, N, 3);
    for (int i = 0; flat && i < N; i++) {
      rows[i * D + 1] = rows[i * D];
      rows[i * D + 2] = rows[i * D];
    }
    CHECK_OK(irl_mixture_create(&m, D, 5));
    for (int step = 0; step < 20; step++) {
      CHECK_OK(irl_mixture_fit(m, rows, N, 5, 1));
      CHECK(irl_mixture_likelihood(m) >= before - 1e-3 * fabs(before));
      before = irl_mixture_likelihood(m);
    }
    CHECK((before > 0) == (flat == 1));
    CHECK_OK(irl_mixture_fit(m, rows, N, 2, 100));
    CHECK(irl_mixture_steps(m) < 100);
    irl_mixture_destroy(m);
  }
}

// Fewer rows than coordinates, a constant coordinate, equal rows: finite; NaN is refused.
static void test_degenerate_rows(void) {
  double rows[4 * D] = {1, 2, 3, 1, 2, 5, 1, 2, 3, 1, 2, 3};
  double mean[D];
  double cov[D * D];
  irl_mixture* m;
  CHECK_OK(irl_mixture_create(&m, D, 4));
  CHECK_OK(irl_mixture_fit(m, rows, 4, 4, 100));
  irl_mixture_moments(m, rows, 2, mean, cov);
  for (int i = 0; i < D * D; i++) {
    CHECK(isfinite(cov[i]));
  }
  CHECK_NEAR(mean[0], 1, 1e-9);
  rows[4] = NAN;
  CHECK(irl_mixture_fit(m, rows, 4, 4, 100) == IRL_ENUM);
  irl_mixture_destroy(m);
}

TESTS(TEST(test_clusters_are_found), TEST(test_one_cluster_is_the_sample),
      TEST(test_likelihood_rises_and_settles), TEST(test_degenerate_rows))
