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

// Correlation from sums over parts is that of the whole; 1e-13: other order of summation.
static void sums_give_the_correlation(void) {
  double x[N], y[N];
  irl_rng rng = irl_rng_stream(3, IRL_PURPOSE_VERIFY, 0, 0, 0);
  irl_sums part[2] = {{0}}, whole = {0};
  for (int i = 0; i < N; i++) {
    x[i] = irl_rng_normal(&rng);
    y[i] = x[i] + irl_rng_normal(&rng);
    irl_sums_add(&part[i % 2], x[i], y[i]);
  }
  irl_sums_merge(&whole, &part[0]);
  irl_sums_merge(&whole, &part[1]);
  CHECK_NEAR(irl_sums_pearson(&whole), irl_pearson(x, y, N), 1e-13);
  CHECK(isnan(irl_sums_pearson(&(irl_sums){0})));
}

// A resample stays within its strata, and each member of one comes as often as any other.
static void resamples_keep_strata(void) {
  const int stratum[7] = {0, 0, 0, 1, 2, 2, 2};
  int pick[7], count[7] = {0};
  irl_rng rng = irl_rng_stream(4, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int b = 0; b < 3000; b++) {
    irl_resample(&rng, stratum, 7, pick);
    for (int i = 0; i < 7; i++) {
      CHECK(pick[i] >= 0 && pick[i] < 7 && stratum[pick[i]] == stratum[i]);
      count[pick[i]]++;
    }
  }
  for (int i = 0; i < 7; i++) {  // 9000 draws of one in three: five standard deviations are 224
    CHECK(i == 3 ? count[i] == 3000 : abs(count[i] - 3000) < 224);
  }
}

// The interval of a mean of N normals is ±1.96/√N; its ends scatter by some 4 % with 4000
// replicates, 15 % are allowed.
static void interval_of_a_mean(void) {
  double x[N], mean[4000];
  int stratum[N] = {0}, pick[N];
  irl_rng rng = irl_rng_stream(5, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < N; i++) {
    x[i] = irl_rng_normal(&rng);
  }
  for (int b = 0; b < 4000; b++) {
    double sum = 0;
    irl_resample(&rng, stratum, N, pick);
    for (int i = 0; i < N; i++) {
      sum += x[pick[i]];
    }
    mean[b] = sum / N;
  }
  mean[7] = NAN;  // passed over
  irl_interval range = irl_percentile_interval(mean, 4000);
  double half = 1.96 * irl_stddev(x, N) / sqrt(N);
  CHECK_NEAR(range.lo, irl_mean(x, N) - half, 0.15 * half);
  CHECK_NEAR(range.hi, irl_mean(x, N) + half, 0.15 * half);
  CHECK(isnan(irl_percentile_interval(mean, 1).lo));
}

// Of the two in the middle the mean; of none there is none.
static void median_is_the_middle(void) {
  double odd[] = {5, -1, 3}, even[] = {7, 1, 2, 100};
  CHECK_NEAR(irl_median(odd, 3), 3, 0);
  CHECK_NEAR(irl_median(even, 4), 4.5, 0);
  CHECK(isnan(irl_median(odd, 0)));
}

TESTS(TEST(median_is_the_middle), TEST(pearson_of_lines), TEST(pearson_by_hand),
      TEST(spearman_formula), TEST(spearman_ties), TEST(auc_counts_pairs), TEST(moments),
      TEST(sums_give_the_correlation), TEST(resamples_keep_strata), TEST(interval_of_a_mean))
