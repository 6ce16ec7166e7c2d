#include "policy/advantage.h"

#include "base/random.h"
#include "test.h"

enum { T = 30, NX = 2, N = 12 };

static void noise(double* out, int n, uint64_t stream) {
  irl_rng rng = irl_rng_stream(5, IRL_PURPOSE_VERIFY, stream, 0, 0);
  for (int i = 0; i < n; i++) {
    out[i] = irl_rng_normal(&rng);
  }
}

// Equation 16 as a double sum over every pair of steps.
static void advantages_are_the_double_sum(void) {
  double r[T], v[T + 1], a[T];
  const double gamma = 0.9, lambda = 0.8;
  noise(r, T, 0);
  noise(v, T + 1, 1);
  irl_advantage(r, v, T, v[T], gamma, lambda, a);
  for (int t = 0; t < T; t++) {
    double sum = 0;
    for (int k = t; k < T; k++) {
      sum += pow(gamma * lambda, k - t) * (r[k] + gamma * v[k + 1] - v[k]);
    }
    CHECK_NEAR(a[t], sum, 1e-13);
  }
}

// λ = 1 without a value: the discounted sum of rewards; λ = 0: the one-step error. In place too.
static void limits_of_trace(void) {
  double r[T], v[T], a[T], g[T];
  const double zero[T] = {0};
  noise(r, T, 2);
  noise(v, T, 3);
  irl_advantage(r, zero, T, 0, 0.95, 1, a);
  irl_discounted_sum(r, T, 0.95, g);
  for (int t = 0; t < T; t++) {
    CHECK_NEAR(a[t], g[t], 1e-13);
  }
  irl_advantage(r, v, T, 0, 0.95, 0, a);
  for (int t = 0; t < T; t++) {
    CHECK_NEAR(a[t], r[t] + 0.95 * (t + 1 < T ? v[t + 1] : 0) - v[t], 1e-15);
  }
  irl_advantage(r, v, T, 0, 0.95, 0, v);  // over the values themselves
  for (int t = 0; t < T; t++) {
    CHECK_NEAR(v[t], a[t], 0);
  }
}

static void fill_batch(irl_batch* b, double* target) {
  noise(b->x, N * (T + 1) * NX, 4);
  for (int i = 0; i < N; i++) {
    b->length[i] = i == 3 ? 1 : T;
    for (int t = 0; t < T; t++) {
      const double *x = irl_batch_x(b, i, t), s = (double)t / T;
      target[i * T + t] = 2 - x[0] + 0.5 * x[1] * x[1] + 3 * s - s * s * s;
    }
  }
}

// A value made of the features is found; the ridge of 1e-5 leaves errors of its size.
static void fit_finds_what_is_there(void) {
  irl_batch b;
  irl_critic c;
  double target[N * T], got[T];
  const double mean[NX] = {0.1, -0.2}, stddev[NX] = {1.5, 0.5};
  int index[N];
  CHECK_OK(irl_batch_create(&b, N, T, NX, 1, 0, 0));
  CHECK_OK(irl_critic_create(&c, NX, false));
  fill_batch(&b, target);
  for (int i = 0; i < N; i++) {
    index[i] = i;
  }
  irl_critic_predict(&c, mean, stddev, &b, 0, T, got);
  CHECK(got[0] == 0);
  CHECK_OK(irl_critic_fit(&c, mean, stddev, &b, index, N, T, target));
  for (int i = 0; i < N; i++) {
    irl_critic_predict(&c, mean, stddev, &b, i, T, got);
    for (int t = 0; t < b.length[i]; t++) {
      CHECK_NEAR(got[t], target[i * T + t], 0.01);
    }
  }
  irl_critic_destroy(&c);
  irl_batch_destroy(&b);
}

// A distance between two moving things needs their product, and is found with it alone.
static void products_tell_distances(void) {
  irl_batch b;
  double target[N * T], got[T], worst[2] = {0, 0};
  const double mean[NX] = {0.1, -0.2}, stddev[NX] = {1.5, 0.5};
  int index[N];
  CHECK_OK(irl_batch_create(&b, N, T, NX, 1, 0, 0));
  fill_batch(&b, target);
  for (int i = 0; i < N; i++) {
    index[i] = i;
    for (int t = 0; t < b.length[i]; t++) {
      const double *x = irl_batch_x(&b, i, t), apart = x[0] - x[1];
      target[i * T + t] = apart * apart;
    }
  }
  for (int products = 0; products < 2; products++) {
    irl_critic c;
    CHECK_OK(irl_critic_create(&c, NX, products));
    CHECK_OK(irl_critic_fit(&c, mean, stddev, &b, index, N, T, target));
    for (int i = 0; i < N; i++) {
      irl_critic_predict(&c, mean, stddev, &b, i, T, got);
      for (int t = 0; t < b.length[i]; t++) {
        worst[products] = fmax(worst[products], fabs(got[t] - target[i * T + t]));
      }
    }
    irl_critic_destroy(&c);
  }
  CHECK(worst[0] > 1 && worst[1] < 0.01);  // the ridge of 1e-5 leaves errors of its size
  irl_critic none;
  CHECK(irl_critic_create(&none, IRL_CRITIC_MOST_PAIRED + 1, true) == IRL_ERANGE);
  irl_batch_destroy(&b);
}

// One step of one trajectory (fewer samples than features) and a constant observation still fit;
// targets that are not finite leave the value alone.
static void poor_data_fit_or_are_refused(void) {
  irl_batch b;
  irl_critic c;
  double target[N * T], before[T], after[T];
  const double mean[NX] = {0, 0}, stddev[NX] = {1, INFINITY};
  const int index[1] = {3};
  CHECK_OK(irl_batch_create(&b, N, T, NX, 1, 0, 0));
  CHECK_OK(irl_critic_create(&c, NX, false));
  fill_batch(&b, target);
  CHECK_OK(irl_critic_fit(&c, mean, stddev, &b, index, 1, T, target));
  irl_critic_predict(&c, mean, stddev, &b, 0, T, before);
  CHECK(isfinite(before[0]) && isfinite(before[T - 1]));
  target[3 * T] = NAN;
  CHECK(irl_critic_fit(&c, mean, stddev, &b, index, 1, T, target) == IRL_ENUM);
  irl_critic_predict(&c, mean, stddev, &b, 0, T, after);
  CHECK(before[0] == after[0]);
  irl_critic_destroy(&c);
  CHECK(irl_critic_create(&c, 0, false) == IRL_ERANGE);
  irl_batch_destroy(&b);
}

TESTS(TEST(advantages_are_the_double_sum), TEST(limits_of_trace), TEST(fit_finds_what_is_there),
      TEST(products_tell_distances), TEST(poor_data_fit_or_are_refused))
