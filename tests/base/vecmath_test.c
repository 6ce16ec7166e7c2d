#include "base/vecmath.h"

#include <stdint.h>

#include "test.h"

enum { BLOCK = 4096 };

// Every 251st float of either sign, from 0 to infinity. 4e-7 is what the header promises; 2e-7 was
// measured over all floats.
static void tanh_is_accurate(void) {
  static float x[BLOCK], y[BLOCK];
  double worst = 0.0;
  for (uint32_t sign = 0; sign <= 1; sign++) {
    for (uint64_t from = 0; from <= 0x7F800000u; from += 251u * BLOCK) {
      for (uint32_t i = 0; i < BLOCK; i++) {
        uint64_t magnitude = from + 251u * i;
        uint32_t bits = (magnitude > 0x7F800000u ? 0x7F800000u : (uint32_t)magnitude) | sign << 31;
        memcpy(&x[i], &bits, sizeof bits);
        y[i] = x[i];
      }
      irl_tanh_f32(y, BLOCK);
      for (int i = 0; i < BLOCK; i++) {
        double exact = tanh((double)x[i]);
        double error = exact == 0.0 ? fabs((double)y[i]) : fabs((double)y[i] - exact) / fabs(exact);
        worst = error <= worst ? worst : error;  // also keeps NaN
      }
    }
  }
  CHECK(worst <= 4e-7);
}

static void special_values(void) {
  float x[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 3e38f, -3e38f, 1e-45f, -1e-45f, 9.0f};
  irl_tanh_f32(x, 10);
  CHECK(x[0] == 0.0f && !signbit(x[0]) && x[1] == 0.0f && signbit(x[1]));
  CHECK(x[2] == 1.0f && x[3] == -1.0f && isnan(x[4]) && x[5] == 1.0f && x[6] == -1.0f);
  CHECK(x[7] == 1e-45f && x[8] == -1e-45f);
  CHECK(x[9] <= 1.0f);
  uint32_t quiet = 0xFFC12345u;
  memcpy(x, &quiet, sizeof quiet);
  irl_tanh_f32(x, 1);
  CHECK(isnan(x[0]));
}

static void never_beyond_one(void) {
  static float x[BLOCK];
  for (int i = 0; i < BLOCK; i++) {
    x[i] = 8.0f + 2.0f * (float)i / BLOCK;
  }
  irl_tanh_f32(x, BLOCK);
  for (int i = 0; i < BLOCK; i++) {
    CHECK(x[i] <= 1.0f && x[i] > 0.9999f);
  }
}

// The bits of a result must not depend on where it stands: vector body, epilogue or alone.
static void place_does_not_matter(void) {
  for (int n = 1; n <= 70; n++) {
    float together[70], alone, biased[70], bias[70], grad[70];
    for (int i = 0; i < n; i++) {
      together[i] = 0.37f * (float)(i - n / 2);
      biased[i] = together[i] - 0.25f;
      bias[i] = 0.25f;
      grad[i] = 1.0f + (float)i;
    }
    irl_tanh_f32(together, n);
    irl_tanh_bias_f32(biased, bias, 1, n);
    irl_tanh_grad_f32(grad, together, n);
    for (int i = 0; i < n; i++) {
      float begin = 0.37f * (float)(i - n / 2);
      alone = begin;
      irl_tanh_f32(&alone, 1);
      CHECK(alone == together[i]);
      alone = (begin - 0.25f) + 0.25f;
      irl_tanh_f32(&alone, 1);
      CHECK(alone == biased[i]);
      float slope = 1.0f - together[i] * together[i];
      CHECK(grad[i] == (1.0f + (float)i) * slope);
    }
  }
}

static void bias_is_added_by_column(void) {
  enum { ROWS = 3, COLS = 5 };
  float y[ROWS * COLS] = {0};
  const float bias[COLS] = {-2, -1, 0, 1, 2};
  irl_tanh_bias_f32(y, bias, ROWS, COLS);
  for (int k = 0; k < ROWS * COLS; k++) {
    CHECK_NEAR((double)y[k], tanh((double)bias[k % COLS]), 4e-7);
  }
  irl_tanh_bias_f32(y, bias, 0, COLS);
  irl_tanh_f32(y, 0);
  irl_tanh_grad_f32(y, y, 0);
}

// log(1 + e^x) and its slope over all magnitudes that a float has, against double precision.
static void softplus_is_accurate(void) {
  static const float zero[1] = {0};
  double worst = 0, worst_slope = 0;
  for (int i = -300000; i <= 300000; i++) {
    float x = 110.0f * (float)i / 300000, h = x, g = 1;
    irl_softplus_bias_f32(&h, zero, 1, 1);
    irl_softplus_grad_f32(&g, &h, 1);
    double exact = fmax((double)x, 0) + log1p(exp(-fabs((double)x)));
    double slope = -expm1(-(double)h);
    if (x > -86) {
      worst = fmax(worst, fabs((double)h - exact) / exact);
      worst_slope = fmax(worst_slope, fabs((double)g - slope) / slope);
    } else {  // below the last normal float it may be flushed to the smallest, never below 0
      CHECK(h >= 0 && h < 2e-37f && g >= 0 && g < 2e-37f);
    }
  }
  CHECK(worst <= 1e-6);
  CHECK(worst_slope <= 1e-6);
}

static void relu_is_exact(void) {
  float x[] = {-2, 0.5f, 0, NAN, -INFINITY, INFINITY, -NAN};
  const float bias[] = {1, 1, 0, 0, 0, 0, 0};
  irl_relu_bias_f32(x, bias, 1, 7);
  CHECK(x[0] == 0 && x[1] == 1.5f && x[2] == 0 && isnan(x[3]) && x[4] == 0 && isnan(x[6]));
  CHECK(isinf(x[5]));
  float g[] = {3, 4, 5};
  irl_relu_grad_f32(g, x, 3);
  CHECK(g[0] == 0 && g[1] == 4 && g[2] == 0);
}

static void other_activations_keep_nan(void) {
  static const float zero[1] = {0};
  float x = NAN, g = 1;
  irl_softplus_bias_f32(&x, zero, 1, 1);
  CHECK(isnan(x));
  irl_softplus_grad_f32(&g, &x, 1);
  CHECK(isnan(g));
}

TESTS(TEST(softplus_is_accurate), TEST(relu_is_exact), TEST(other_activations_keep_nan),
      TEST(tanh_is_accurate), TEST(special_values), TEST(never_beyond_one),
      TEST(place_does_not_matter), TEST(bias_is_added_by_column))
