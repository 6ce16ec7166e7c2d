#include "policy/whiten.h"

#include <string.h>

#include "base/random.h"
#include "test.h"

enum { N = 3, ROWS = 1000 };

static double data[ROWS * N];

static void fill(double offset) {
  irl_rng rng = irl_rng_stream(3, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int r = 0; r < ROWS; r++) {
    data[r * N] = offset + irl_rng_normal(&rng);
    data[r * N + 1] = 5 * irl_rng_uniform(&rng);
    data[r * N + 2] = -7.25;
  }
}

static void two_pass(double* mean, double* stddev) {
  for (int i = 0; i < N; i++) {
    double sum = 0, square = 0;
    for (int r = 0; r < ROWS; r++) {
      sum += data[r * N + i];
    }
    mean[i] = sum / ROWS;
    for (int r = 0; r < ROWS; r++) {
      square += (data[r * N + i] - mean[i]) * (data[r * N + i] - mean[i]);
    }
    stddev[i] = sqrt(square / ROWS);
  }
}

// Blocks of any size give the moments of all rows, also about a mean a million deviations away,
// where sums of squares would keep 4 digits. Rounding: 1e-16 × 1e6 of the deviation a merge.
static void blocks_give_the_moments_of_all(void) {
  static const int block[] = {1, 2, 0, 17, 480, 500};
  static const double offset[] = {0, 1e6};
  for (int k = 0; k < 2; k++) {
    irl_whiten w;
    double mean[N], stddev[N], got[N];
    fill(offset[k]);
    two_pass(mean, stddev);
    CHECK_OK(irl_whiten_create(&w, N));
    for (int b = 0, at = 0; b < 6; at += block[b++]) {
      irl_whiten_add(&w, data + at * N, block[b]);
    }
    irl_whiten_stddev(&w, got);
    CHECK(w.count == ROWS);
    for (int i = 0; i < 2; i++) {
      CHECK_NEAR(w.mean[i], mean[i], 1e-14 * (1 + fabs(mean[i])));
      CHECK_NEAR(got[i], stddev[i], 1e-9);
    }
    irl_whiten_destroy(&w);
  }
}

static void constant_observations_are_ignored(void) {
  irl_whiten w;
  irl_policy p;
  double stddev[N];
  const double weights[N + 1] = {1, 2, 3, 4};
  fill(0);
  CHECK_OK(irl_whiten_create(&w, N));
  irl_whiten_stddev(&w, stddev);
  CHECK(stddev[0] == 1 && stddev[2] == 1);  // nothing seen: no whitening yet
  irl_whiten_add(&w, data, ROWS);
  irl_whiten_stddev(&w, stddev);
  CHECK(isinf(stddev[2]) && isfinite(stddev[0]));
  CHECK_OK(irl_policy_create(&p, 1, N, 1));
  irl_whiten_fold(&w, stddev, weights, &p);
  CHECK(p.K[2] == 0 && isfinite(p.k[0]));
  irl_policy_destroy(&p);
  irl_whiten_destroy(&w);
}

// The folded policy acts as the weights do on whitened observations.
static void folding_changes_no_action(void) {
  irl_whiten w;
  irl_policy p;
  double stddev[N], u[2];
  const double weights[2 * (N + 1)] = {0.5, -2, 0, 0.3, 1, 1, 0, -4};
  fill(3);
  CHECK_OK(irl_whiten_create(&w, N));
  irl_whiten_add(&w, data, ROWS);
  irl_whiten_stddev(&w, stddev);
  CHECK_OK(irl_policy_create(&p, 1, N, 2));
  irl_whiten_fold(&w, stddev, weights, &p);
  for (int r = 0; r < 20; r++) {
    const double* x = data + r * N;
    irl_policy_mean(&p, 0, x, u);
    for (int j = 0; j < 2; j++) {
      double wanted = weights[j * (N + 1) + N];
      for (int i = 0; i < 2; i++) {
        wanted += weights[j * (N + 1) + i] * (x[i] - w.mean[i]) / stddev[i];
      }
      CHECK_NEAR(u[j], wanted, 1e-13);
    }
  }
  irl_policy_destroy(&p);
  irl_whiten_destroy(&w);
}

static void sizes_are_checked(void) {
  irl_whiten w;
  CHECK(irl_whiten_create(&w, 0) == IRL_ERANGE);
  irl_whiten_destroy(&w);
}

TESTS(TEST(blocks_give_the_moments_of_all), TEST(constant_observations_are_ignored),
      TEST(folding_changes_no_action), TEST(sizes_are_checked))
