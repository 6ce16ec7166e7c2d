// Penalties on the cost: values by their formulas, derivatives by finite differences; which
// demonstrations are held out.
#include "base/random.h"
#include "irl/regularise_internal.h"
#include "irl/split_internal.h"
#include "test.h"

enum { PATHS = 3, STEPS = 7, N = PATHS * STEPS };

static void draw(float* c) {
  irl_rng rng = irl_rng_stream(4, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < N; i++) {
    c[i] = (float)(2 * irl_rng_normal(&rng));
  }
}

static double rate(const float* c, float* g) {
  return irl_penalty_rate(c, PATHS, STEPS, 0.3, g);
}

static double progress(const float* c, float* g) {
  return irl_penalty_progress(c, PATHS, STEPS, 0.3, g);
}

static double slope(const float* c, float* g) {
  return irl_penalty_slope(c, N / 2, 0.05, 0.3, g);
}

// All three are piecewise quadratic, so central differences are exact up to the rounding of floats:
// costs of size 2 moved by h = 2^-7 are exact, results of size 1e3 are known to 1e-4.
static void derivatives_match(void) {
  double (*const penalties[])(const float*, float*) = {rate, progress, slope};
  const float h = 1.0f / 128;
  for (int which = 0; which < 3; which++) {
    float c[N], g[N] = {0}, ignored[N];
    draw(c);
    double value = penalties[which](c, g), norm = 0;
    CHECK(value > 0);
    for (int i = 0; i < N; i++) {
      float kept = c[i];
      c[i] = kept + h;
      double above = penalties[which](c, ignored);
      c[i] = kept - h;
      double below = penalties[which](c, ignored);
      c[i] = kept;
      double expected = (above - below) / (2 * (double)h);
      // the rise of one nat is met within h of one cost in a hundred; none here
      CHECK_NEAR((double)g[i], expected, 1e-4 * (1 + fabs(expected)));
      norm += fabs(expected);
    }
    CHECK(norm > 1);
  }
}

static void straight_lines_cost_nothing(void) {
  float c[N], g[N] = {0};
  for (int i = 0; i < N; i++) {
    c[i] = 5 - 0.5f * (float)(i % STEPS);
  }
  CHECK_NEAR(rate(c, g), 0, 0);
  CHECK_NEAR(progress(c, g), 0, 0);
  for (int i = 0; i < N; i++) {
    c[i] = 1.5f * (float)(i % STEPS);
    CHECK_NEAR((double)g[i], 0, 0);
  }
  CHECK_NEAR(progress(c, g), 0.3 * PATHS * (STEPS - 1) * 0.25, 1e-12);
}

// Penalties add to weights that are there already.
static void weights_are_added_to(void) {
  float c[N], g[N] = {0}, twice[N] = {0};
  draw(c);
  (void)rate(c, g);
  (void)rate(c, twice);
  (void)rate(c, twice);
  for (int i = 0; i < N; i++) {
    CHECK_NEAR((double)twice[i], 2 * (double)g[i], 1e-5);
  }
}

static void variance_is_the_mean_square(void) {
  const float c[] = {1, 2, 3, 6};
  CHECK_NEAR(irl_step_variance(c, 4), 3.5, 1e-15);
  CHECK_NEAR(irl_step_variance(c, 0), 0, 0);
}

//---------------------------------- Held out -----------------------------------------------------

static int split(int n, double share, uint8_t* mask, int* index, int* heldout) {
  irl_demos demos = {.mask = mask};
  for (int i = 0; i < n; i++) {
    index[i] = i;
  }
  return irl_split(&demos, index, n, share, heldout);
}

static void a_fifth_is_held_out(void) {
  int index[40], heldout[40];
  for (int n = 1; n <= 40; n++) {
    int out = split(n, 0.2, NULL, index, heldout);
    CHECK(out == n / 5);
    for (int i = 1; i < out; i++) {
      CHECK(heldout[i] - heldout[i - 1] == 5 || n % 5 != 0);
    }
    for (int i = 0; i < n; i++) {  // each is in one of the two
      int found = 0;
      for (int k = 0; k < n - out; k++) {
        found += index[k] == i;
      }
      for (int k = 0; k < out; k++) {
        found += heldout[k] == i;
      }
      CHECK(found == 1);
    }
  }
  CHECK(split(40, 0, NULL, index, heldout) == 0);
  CHECK(split(2, 0.5, NULL, index, heldout) == 1);
  CHECK(split(1, 0.5, NULL, index, heldout) == 0);
}

static void masks_decide(void) {
  int index[4], heldout[4];
  uint8_t mask[4] = {IRL_DEMOS_TRAIN, IRL_DEMOS_VALID, IRL_DEMOS_UNMASKED, IRL_DEMOS_VALID};
  CHECK(split(4, 0.2, mask, index, heldout) == 2 && heldout[0] == 1 && heldout[1] == 3);
  CHECK(index[0] == 0 && index[1] == 2);
  CHECK(split(4, 0, mask, index, heldout) == 0);
  uint8_t all[4] = {IRL_DEMOS_VALID, IRL_DEMOS_VALID, IRL_DEMOS_VALID, IRL_DEMOS_VALID};
  CHECK(split(4, 0.2, all, index, heldout) == 0);  // none would be left
}

TESTS(TEST(derivatives_match), TEST(straight_lines_cost_nothing), TEST(weights_are_added_to),
      TEST(variance_is_the_mean_square), TEST(a_fifth_is_held_out), TEST(masks_decide))
