#include "arm.h"
#include "test.h"

enum { HELD_OUT = 100, MANY = 4000 };

typedef struct demos {
  irl_policy truth;
  irl_batch train;
  irl_batch test;
  int* index;
} demos;

static void demos_init(demos* d, double gain, double stddev, int n) {
  CHECK_OK(arm_policy(&d->truth, gain, stddev));
  CHECK_OK(irl_batch_create(&d->train, n, ARM_T, ARM_NX, ARM_NU, 0, 0));
  CHECK_OK(irl_batch_create(&d->test, HELD_OUT, ARM_T, ARM_NX, ARM_NU, 0, 0));
  d->index = malloc((size_t)n * sizeof(int));
  for (int i = 0; i < n; i++) {
    d->index[i] = i;
    arm_rollout(&d->train, i, &d->truth, 1);
  }
  for (int i = 0; i < HELD_OUT; i++) {
    arm_rollout(&d->test, i, &d->truth, 2);
  }
}

static void demos_fini(demos* d) {
  free(d->index);
  irl_batch_destroy(&d->test);
  irl_batch_destroy(&d->train);
  irl_policy_destroy(&d->truth);
}

// Mean log-density a step that is lost against the truth on held-out trajectories [nats].
static double loss(const demos* d, const irl_policy* fitted) {
  double sum = 0;
  for (int i = 0; i < HELD_OUT; i++) {
    sum += irl_policy_batch_logdensity(&d->truth, &d->test, i);
    sum -= irl_policy_batch_logdensity(fitted, &d->test, i);
  }
  return sum / HELD_OUT / ARM_T;
}

// No covariance below the floor: the smallest eigenvalue of each 2×2 Σ.
static void check_floor(const irl_policy* p, double stddev) {
  for (int t = 0; t < p->steps; t++) {
    const double* S = p->sigma + 4 * t;
    const double low = 0.5 * (S[0] + S[3]) - hypot(0.5 * (S[0] - S[3]), S[1]);
    CHECK(low >= stddev * stddev * (1 - 1e-9));
    CHECK(isfinite(p->logdet[t]));
  }
}

// The measured losses (see policy_fit.c) with some room; the truth itself is at 0.
static void test_held_out_density(void) {
  static const int sizes[5] = {1, 3, 5, 10, 20};
  static const double limits[2][5] = {{2, 1, 0.6, 0.4, 0.2}, {8, 4, 1.5, 0.5, 0.2}};
  for (int c = 0; c < 2; c++) {
    for (int s = 0; s < 5; s++) {
      demos d;
      irl_policy fitted;
      demos_init(&d, c == 0 ? 1 : 4, c == 0 ? 0.5 : 0.2, sizes[s]);
      const irl_policy_fit_options options = irl_policy_fit_defaults();
      CHECK_OK(irl_policy_fit(&fitted, &d.train, d.index, sizes[s], &options, NULL));
      check_floor(&fitted, options.min_stddev);
      CHECK(loss(&d, &fitted) < limits[c][s]);
      printf("     feedback %s, %2d demonstrations: %.3f nats a step lost\n",
             c == 0 ? "weak" : "strong", sizes[s], loss(&d, &fitted));
      irl_policy_destroy(&fitted);
      demos_fini(&d);
    }
  }
}

// With many demonstrations the controller itself is found: gains on what moves, offsets, Σ.
static void test_recovers_controller(void) {
  demos d;
  irl_policy fitted;
  demos_init(&d, 1, 0.5, MANY);
  const irl_policy_fit_options options = {.window = 0, .ridge = 1e-9, .min_stddev = 1e-4};
  CHECK_OK(irl_policy_fit(&fitted, &d.train, d.index, MANY, &options, NULL));
  CHECK(fabs(loss(&d, &fitted)) < 0.005);  // (14 parameters an action)/(2·4000)
  for (int t = 0; t < ARM_T; t++) {
    for (int i = 0; i < 4; i++) {  // a fifth of the pull is from other steps: 10 in 4000
      CHECK_NEAR(fitted.sigma[4 * t + i], d.truth.sigma[4 * t + i], 0.15 * d.truth.sigma[4 * t]);
    }
    for (int a = 0; a < ARM_NU; a++) {  // a constant observation has no gain
      CHECK(fitted.K[(t * ARM_NU + a) * ARM_NX + 4] == 0);
    }
  }
  irl_policy_destroy(&fitted);
  demos_fini(&d);
}

// A window over all steps gives them the same gains, those that a window one step shorter finds at
// every step but the first and the last, from which it reaches all others too; offsets and Σ remain
// a step's own. Of 3 demonstrations of one gain for all steps it loses less than the usual window.
static void test_one_gain_for_all_steps(void) {
  demos d;
  irl_policy all, nearly, usual;
  demos_init(&d, 1, 0.5, 3);
  irl_policy_fit_options options = irl_policy_fit_defaults();
  CHECK_OK(irl_policy_fit(&usual, &d.train, d.index, 3, &options, NULL));
  options.window = ARM_T - 2;
  CHECK_OK(irl_policy_fit(&nearly, &d.train, d.index, 3, &options, NULL));
  options.window = ARM_T - 1;
  CHECK_OK(irl_policy_fit(&all, &d.train, d.index, 3, &options, NULL));
  const size_t gains = ARM_NU * ARM_NX * sizeof(double), offsets = ARM_NU * sizeof(double);
  for (int t = 1; t < ARM_T - 1; t++) {
    CHECK(memcmp(all.K, all.K + t * ARM_NU * ARM_NX, gains) == 0);
    CHECK(memcmp(nearly.K + t * ARM_NU * ARM_NX, all.K, gains) == 0);
    CHECK(memcmp(nearly.k + t * ARM_NU, all.k + t * ARM_NU, offsets) == 0);
    CHECK(all.k[t * ARM_NU] != all.k[0]);
  }
  printf("     3 demonstrations: %.3f nats a step lost, usual window %.3f\n", loss(&d, &all),
         loss(&d, &usual));
  CHECK(loss(&d, &all) < loss(&d, &usual));
  irl_policy_destroy(&usual);
  irl_policy_destroy(&nearly);
  irl_policy_destroy(&all);
  demos_fini(&d);
}

enum { ROWS_N = 3, ROWS_T = 40, ROWS_NX = 3, ROWS_P = ROWS_NX + 1 };

// Rows about a plane with noise, of trajectories of different lengths; the second observation is
// large and the third follows the first.
static void rows_fill(irl_batch* b) {
  irl_rng rng = irl_rng_stream(5, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < ROWS_N; i++) {
    b->valid[i] = true;
    b->length[i] = ROWS_T - 7 * i;
    for (int t = 0; t < b->length[i]; t++) {
      double* x = irl_batch_x(b, i, t);
      x[0] = irl_rng_normal(&rng);
      x[1] = 100 + 5 * irl_rng_normal(&rng);
      x[2] = x[0] + 0.3 * irl_rng_normal(&rng);
      irl_batch_u(b, i, t)[0] = 0.5 * x[0] - 0.02 * x[1] + x[2] + 3 + 0.1 * irl_rng_normal(&rng);
    }
  }
}

// The normal equations of u on [x, 1] over all rows, by elimination: w (ROWS_P), the sum of squared
// residuals. Returns the number of rows.
static int least_squares(const irl_batch* b, double* w, double* square) {
  long double A[ROWS_P][ROWS_P + 1] = {{0}};
  int n = 0;
  for (int i = 0; i < b->n; i++) {
    for (int t = 0; t < b->length[i]; t++, n++) {
      const double* x = irl_batch_x(b, i, t);
      const double s[ROWS_P + 1] = {x[0], x[1], x[2], 1, irl_batch_u(b, i, t)[0]};
      for (int j = 0; j < ROWS_P; j++) {
        for (int k = 0; k <= ROWS_P; k++) {
          A[j][k] += (long double)s[j] * s[k];
        }
      }
    }
  }
  for (int j = 0; j < ROWS_P; j++) {
    for (int i = 0; i < ROWS_P; i++) {
      const long double f = i == j ? 0 : A[i][j] / A[j][j];
      for (int k = j; k <= ROWS_P; k++) {
        A[i][k] -= f * A[j][k];
      }
    }
  }
  *square = 0;
  for (int j = 0; j < ROWS_P; j++) {
    w[j] = (double)(A[j][ROWS_P] / A[j][j]);
  }
  for (int i = 0; i < b->n; i++) {
    for (int t = 0; t < b->length[i]; t++) {
      const double* x = irl_batch_x(b, i, t);
      const double e = irl_batch_u(b, i, t)[0] - w[0] * x[0] - w[1] * x[1] - w[2] * x[2] - w[3];
      *square += e * e;
    }
  }
  return n;
}

// One controller for all steps is the regression of all rows; Σ is that of a prediction's error:
// s²(1 + p/n), p the regressors and the mean, s² with p degrees of freedom taken off.
static void test_stationary_is_least_squares(void) {
  irl_batch b;
  irl_policy fitted;
  double w[ROWS_P], square;
  const int index[ROWS_N] = {0, 1, 2};
  CHECK_OK(irl_batch_create(&b, ROWS_N, ROWS_T, ROWS_NX, 1, 0, 0));
  rows_fill(&b);
  const irl_policy_fit_options options = {.ridge = 0, .min_stddev = 1e-2, .stationary = true};
  CHECK_OK(irl_policy_fit(&fitted, &b, index, ROWS_N, &options, NULL));
  const int n = least_squares(&b, w, &square);
  const double ridge = 2.0 * ROWS_NX * ROWS_NX / ((n - 1.0) * (n - 1.0));  // policy_fit.c, scarcity
  CHECK(fitted.steps == 1);
  for (int j = 0; j < ROWS_NX; j++) {
    CHECK_NEAR(fitted.K[j], w[j], 20 * ridge * fabs(w[j]));  // correlated regressors weigh it more
  }
  CHECK_NEAR(fitted.k[0], w[3], 20 * ridge * fabs(w[3]));
  const double variance = square / (n - ROWS_P);
  const double leverage = (double)ROWS_NX / (n - 1) + 1.0 / n;
  CHECK_NEAR(fitted.sigma[0], variance * (1 + leverage) + 1e-4, 20 * ridge * variance);
  irl_policy_destroy(&fitted);
  irl_batch_u(&b, 2, 11)[0] = (double)NAN;
  irl_errinfo info = {0};
  CHECK(irl_policy_fit(&fitted, &b, index, ROWS_N, &options, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "trajectory 2 has a number that is not finite at step 11");
  irl_batch_destroy(&b);
}

// One demonstration is enough for a stationary controller: its steps are rows too.
static void test_stationary_from_one(void) {
  irl_batch b;
  irl_policy fitted;
  const int index = 0;
  CHECK_OK(irl_batch_create(&b, ROWS_N, ROWS_T, ROWS_NX, 1, 0, 0));
  rows_fill(&b);
  const irl_policy_fit_options options = {.ridge = 0, .min_stddev = 1e-2, .stationary = true};
  CHECK_OK(irl_policy_fit(&fitted, &b, &index, 1, &options, NULL));
  CHECK_NEAR(fitted.K[0] + fitted.K[2], 1.5, 0.1);
  CHECK_NEAR(sqrt(fitted.sigma[0]), 0.1, 0.03);
  irl_policy_destroy(&fitted);
  irl_batch_destroy(&b);
}

// One demonstration: no feedback, its own actions as means.
static void test_one_demonstration(void) {
  demos d;
  irl_policy fitted;
  demos_init(&d, 1, 0.5, 1);
  const irl_policy_fit_options options = irl_policy_fit_defaults();
  CHECK_OK(irl_policy_fit(&fitted, &d.train, d.index, 1, &options, NULL));
  for (int i = 0; i < ARM_T * ARM_NU * ARM_NX; i++) {
    CHECK(fitted.K[i] == 0);
  }
  for (int i = 0; i < ARM_T * ARM_NU; i++) {
    CHECK_NEAR(fitted.k[i], d.train.u[i], 1e-15);
  }
  check_floor(&fitted, 1e-2);
  irl_policy_destroy(&fitted);
  demos_fini(&d);
}

// The same trajectory thrice, actions all equal: residuals are 0, the floor alone is left.
static void test_no_noise(void) {
  demos d;
  irl_policy fitted;
  demos_init(&d, 1, 0.5, 3);
  for (int i = 0; i < 3; i++) {
    for (int t = 0; t < ARM_T; t++) {
      irl_batch_u(&d.train, i, t)[0] = 0.25;
      irl_batch_u(&d.train, i, t)[1] = -0.5;
    }
  }
  irl_policy_fit_options options = irl_policy_fit_defaults();
  CHECK_OK(irl_policy_fit(&fitted, &d.train, d.index, 3, &options, NULL));
  check_floor(&fitted, options.min_stddev);
  CHECK_NEAR(fitted.sigma[0], 1e-4, 1e-12);
  irl_policy_destroy(&fitted);
  options.min_stddev = 0;
  irl_errinfo info = {0};
  CHECK(irl_policy_fit(&fitted, &d.train, d.index, 3, &options, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "raise the floor");
  CHECK(fitted.memory == NULL);
  demos_fini(&d);
}

static void test_unusual_batches(void) {
  demos d;
  irl_policy fitted;
  irl_errinfo info = {0};
  demos_init(&d, 1, 0.5, 4);
  const irl_policy_fit_options options = irl_policy_fit_defaults();
  CHECK(irl_policy_fit(&fitted, &d.train, d.index, 0, &options, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "no usable trajectories");
  for (int i = 0; i < 4; i++) {  // early ends
    d.train.length[i] = 10 + 5 * i;
  }
  CHECK_OK(irl_policy_fit(&fitted, &d.train, d.index, 4, &options, &info));
  CHECK(fitted.steps == ARM_T);
  check_floor(&fitted, options.min_stddev);
  CHECK(memcmp(fitted.K + 49 * 20, fitted.K + 24 * 20, 20 * sizeof(double)) == 0);
  irl_policy_destroy(&fitted);
  irl_batch_u(&d.train, 1, 3)[1] = (double)NAN;
  CHECK(irl_policy_fit(&fitted, &d.train, d.index, 4, &options, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "trajectory 1 has a number that is not finite at step 3");
  CHECK(fitted.memory == NULL);
  memset(d.train.valid, 0, 4);
  CHECK(irl_policy_fit(&fitted, &d.train, d.index, 4, &options, &info) == IRL_ERANGE);
  demos_fini(&d);
}

TESTS(TEST(test_held_out_density), TEST(test_recovers_controller),
      TEST(test_one_gain_for_all_steps), TEST(test_stationary_is_least_squares),
      TEST(test_stationary_from_one), TEST(test_one_demonstration), TEST(test_no_noise),
      TEST(test_unusual_batches))
