// Statistics against worked examples and properties that define them.
#include "base/random.h"
#include "irl/statistics_internal.h"
#include "test.h"

enum { N = 200 };

static void pearson_of_lines(void) {
  double x[N], y[N], z[N];
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < N; i++) {
    x[i] = irl_rng_normal(&rng);
    y[i] = 3.0 - 2.0 * x[i];
    z[i] = 1.0;
  }
  CHECK_NEAR(irl_pearson(x, y, N), -1.0, 1e-14);
  CHECK_NEAR(irl_pearson(x, x, N), 1.0, 1e-14);
  CHECK(isnan(irl_pearson(x, z, N)));
  CHECK(isnan(irl_pearson(x, y, 0)));
}

// ρ = cov/σσ by hand: x = 1 2 3 4, y = 1 3 2 5 gives 5.5/√(5·8.75).
static void pearson_by_hand(void) {
  double x[] = {1, 2, 3, 4}, y[] = {1, 3, 2, 5};
  CHECK_NEAR(irl_pearson(x, y, 4), 5.5 / sqrt(5 * 8.75), 1e-15);
}

// Without ties Spearman is 1 − 6 Σd²/(n(n²−1)); any monotone map leaves it as it is.
static void spearman_formula(void) {
  double x[N], y[N], work[3 * N];
  int order[N];
  irl_rng rng = irl_rng_stream(2, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < N; i++) {
    x[i] = irl_rng_normal(&rng);
    y[i] = x[i] + irl_rng_normal(&rng);
  }
  double sum = 0;
  for (int i = 0; i < N; i++) {
    int rx = 0, ry = 0;
    for (int j = 0; j < N; j++) {
      rx += x[j] < x[i];
      ry += y[j] < y[i];
    }
    sum += (double)(rx - ry) * (rx - ry);
  }
  double expected = 1 - 6 * sum / ((double)N * (N * (double)N - 1));
  CHECK_NEAR(irl_spearman(x, y, N, work, order), expected, 1e-12);
  for (int i = 0; i < N; i++) {
    x[i] = exp(3 * x[i]);
  }
  CHECK_NEAR(irl_spearman(x, y, N, work, order), expected, 1e-12);
}

// Ties take the mean rank: x = 1 1 2, y = 1 2 3 gives ranks 1.5 1.5 3 and 1 2 3, ρ = √3/2.
static void spearman_ties(void) {
  double x[] = {1, 1, 2}, y[] = {1, 2, 3}, work[9];
  int order[3];
  CHECK_NEAR(irl_spearman(x, y, 3, work, order), sqrt(3.0) / 2, 1e-15);
}

static void auc_counts_pairs(void) {
  double good[] = {3, 4, 5}, bad[] = {1, 2, 3};
  CHECK_NEAR(irl_auc(good, 3, bad, 3), 8.5 / 9, 1e-15);
  CHECK_NEAR(irl_auc(bad, 3, good, 3), 0.5 / 9, 1e-15);
  CHECK_NEAR(irl_auc(good, 3, good, 3), 0.5, 1e-15);
  CHECK(isnan(irl_auc(good, 0, bad, 3)));
}

static void moments(void) {
  double x[] = {2, 4, 4, 4, 5, 5, 7, 9};
  CHECK_NEAR(irl_mean(x, 8), 5.0, 0);
  CHECK_NEAR(irl_stddev(x, 8), 2.0, 1e-15);
}

TESTS(TEST(pearson_of_lines), TEST(pearson_by_hand), TEST(spearman_formula), TEST(spearman_ties),
      TEST(auc_counts_pairs), TEST(moments))
