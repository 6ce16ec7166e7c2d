#include "viewer/scale.h"

#include "test.h"

static void range_leaves_out_the_tails(void) {
  double values[1000];
  irl_scale scale;
  for (int i = 0; i < 1000; i++) {
    values[i] = (i * 7919) % 1000;  // 0..999 in disorder
  }
  values[0] = (double)NAN;  // was 0
  irl_scale_init(&scale, values, 1000, NULL);
  CHECK_NEAR(scale.lo, 20.0, 2.0);
  CHECK_NEAR(scale.hi, 979.0, 2.0);
  CHECK(scale.below && scale.above);
  CHECK_NEAR(irl_scale_place(&scale, scale.lo), 0.0, 0.0);
  CHECK_NEAR(irl_scale_place(&scale, scale.hi), 1.0, 0.0);
  CHECK(isnan(irl_scale_place(&scale, (double)NAN)));
}

static void range_of_equal_or_no_values(void) {
  double equal[3] = {2.5, 2.5, 2.5};
  irl_scale scale;
  irl_scale_init(&scale, equal, 3, NULL);
  CHECK(scale.lo < 2.5 && scale.hi > 2.5);
  CHECK(!scale.below && !scale.above);
  irl_scale_init(&scale, equal, 0, NULL);
  CHECK(scale.lo == 0.0 && scale.hi == 1.0);
}

static void given_range_is_kept(void) {
  double values[3] = {-1.0, 0.5, 7.0};
  const double given[2] = {0.0, 10.0};
  irl_scale scale;
  irl_scale_init(&scale, values, 3, given);
  CHECK(scale.lo == 0.0 && scale.hi == 10.0);
  CHECK(scale.below && !scale.above);
}

static void ranges_are_read(void) {
  irl_range r;
  CHECK(irl_range_parse(&r, "auto") && r.kind == IRL_RANGE_AUTO);
  CHECK(irl_range_parse(&r, "-1:2.5") && r.kind == IRL_RANGE_FIXED);
  CHECK(r.lo == -1.0 && r.hi == 2.5);
  CHECK(irl_range_parse(&r, "5%:95%") && r.kind == IRL_RANGE_PERCENT);
  CHECK(r.lo == 5.0 && r.hi == 95.0);
  const char* const bad[] = {"",      "1",     "1:",     ":1",      "2:1",   "1:1",
                             "5%:95", "5:95%", "-1%:5%", "5%:101%", "1:2:3", "a:b",
                             "nan:1", "0:inf", "1 :2",   "auto "};
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
    if (irl_range_parse(&r, bad[k])) {
      printf("'%s' was taken\n", bad[k]);
      CHECK(false);
    }
  }
}

static void percentiles_are_taken(void) {
  double values[101];
  irl_scale scale;
  for (int i = 0; i <= 100; i++) {
    values[i] = 100.0 - i;
  }
  irl_scale_fit(&scale, values, 101, &(irl_range){IRL_RANGE_PERCENT, 10.0, 75.0}, false);
  CHECK(scale.lo == 10.0 && scale.hi == 75.0 && scale.bend == 0.0);
}

// 0 is in the middle, equal sizes are equally far from it, bent or not.
static void diverging_scales_are_symmetric(void) {
  double values[200];
  for (int bent = 0; bent < 2; bent++) {
    irl_scale scale;
    for (int i = 0; i < 200; i++) {
      values[i] = bent ? (i % 2 ? 1.0 : -1.0) * pow(10.0, i % 20 / 5.0) : i - 150.0;
    }
    irl_scale_fit(&scale, values, 200, &(irl_range){IRL_RANGE_AUTO, 0.0, 0.0}, true);
    CHECK(scale.lo == -scale.hi && (scale.bend > 0.0) == bent);
    CHECK_NEAR(irl_scale_place(&scale, 0.0), 0.5, 1e-15);
    for (double v = 0.01; v < scale.hi; v *= 3.0) {
      double up = irl_scale_place(&scale, v), down = irl_scale_place(&scale, -v);
      CHECK_NEAR(up + down, 1.0, 1e-12);
      CHECK(up > 0.5);
    }
    CHECK_NEAR(irl_scale_place(&scale, scale.hi), 1.0, 1e-12);
  }
}

static void ticks_are_tidy(void) {
  irl_ticks ticks;
  irl_ticks_init(&ticks, &(irl_scale){.lo = -0.07, .hi = 1.31}, 7);
  CHECK(ticks.n == 7);
  CHECK(strcmp(ticks.text[0], "0.0") == 0);
  CHECK(strcmp(ticks.text[6], "1.2") == 0);
  irl_ticks_init(&ticks, &(irl_scale){.lo = -250.0, .hi = 250.0}, 5);
  CHECK(ticks.n == 5);
  CHECK(strcmp(ticks.text[0],
               "\xE2\x88\x92"
               "200") == 0);
  CHECK(strcmp(ticks.text[2], "0") == 0);
  irl_ticks_init(&ticks, &(irl_scale){.lo = 1.0, .hi = 1.0}, 5);
  CHECK(ticks.n == 0);
}

static void ticks_lie_within_for_any_range(void) {
  for (int k = 0; k < 2000; k++) {
    irl_ticks ticks;
    double lo = sin(k * 1.7) * pow(10.0, k % 9 - 4), span = pow(10.0, (k * 31 % 130) / 10.0 - 6.0);
    irl_ticks_init(&ticks, &(irl_scale){.lo = lo, .hi = lo + span}, 7);
    CHECK(ticks.n >= 2 && ticks.n <= 8);
    for (int i = 0; i < ticks.n; i++) {
      CHECK(ticks.value[i] >= lo - 1e-8 * span && ticks.value[i] <= lo + span * (1 + 1e-8));
    }
  }
}

// Two thirds of the values lie near 9, one third up to 700: the median is put at 0.4, the order
// stays, and the numbers along the bar spread over the decades.
static void long_tails_bend_the_scale(void) {
  double values[999];
  irl_scale scale;
  irl_ticks ticks;
  for (int i = 0; i < 999; i++) {
    values[i] = i % 3 < 2 ? 4.0 + i % 10 : 10.0 + 0.69 * i;
  }
  irl_scale_init(&scale, values, 999, NULL);
  CHECK(scale.bend > 0.0);
  CHECK_NEAR(irl_scale_place(&scale, values[999 / 2]), 0.4, 1e-6);
  CHECK_NEAR(irl_scale_place(&scale, scale.hi), 1.0, 1e-12);
  for (double v = scale.lo; v < scale.hi; v += 1.0) {
    CHECK(irl_scale_place(&scale, v + 1.0) > irl_scale_place(&scale, v));
  }
  irl_ticks_init(&ticks, &scale, 8);
  CHECK(ticks.n >= 4 && ticks.n <= 8);
  for (int i = 0; i < ticks.n; i++) {
    double power = pow(10.0, floor(log10(ticks.value[i]) + 1e-9)), lead = ticks.value[i] / power;
    CHECK(fabs(lead - 1) < 1e-9 || fabs(lead - 2) < 1e-9 || fabs(lead - 5) < 1e-9);
    CHECK(atof(ticks.text[i]) == ticks.value[i]);
    CHECK(i == 0 ||
          irl_scale_place(&scale, ticks.value[i]) - irl_scale_place(&scale, ticks.value[i - 1]) >
              0.09);
  }
}

static void numbers_read_well(void) {
  const struct {
    double value;
    const char* text;
  } cases[] = {{0.0, "0.00"},
               {-3.4567,
                "\xE2\x88\x92"
                "3.46"},
               {123.4, "123"},
               {0.01234, "0.012"},
               {45.67, "45.7"},
               {(double)NAN, "?"},
               {1234567.0, "1.23e+06"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[32];
    irl_format_number(text, sizeof text, cases[i].value);
    CHECK_CONTAINS(text, cases[i].text);
  }
}

TESTS(TEST(range_leaves_out_the_tails), TEST(range_of_equal_or_no_values),
      TEST(given_range_is_kept), TEST(ranges_are_read), TEST(percentiles_are_taken),
      TEST(diverging_scales_are_symmetric), TEST(ticks_are_tidy),
      TEST(ticks_lie_within_for_any_range), TEST(long_tails_bend_the_scale),
      TEST(numbers_read_well))
