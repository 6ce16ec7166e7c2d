#include "viewer/color.h"

#include "test.h"

static void to_lab(const float rgb[3], double lab[3]) {
  const double wide[3] = {(double)rgb[0], (double)rgb[1], (double)rgb[2]};
  irl_oklab_from_srgb(wide, lab);
}

static double linear(float v) {
  double y = (double)v;
  return y <= 0.04045 ? y / 12.92 : pow((y + 0.055) / 1.055, 2.4);
}

// CIE 1976 L*, a measure of lightness that has nothing to do with the map's own space.
static double cie_lightness(const float rgb[3]) {
  double y = 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
  return y > 0.008856 ? 116.0 * cbrt(y) - 16.0 : 903.3 * y;
}

static void oklab_round_trip_and_known_values(void) {
  const double white[3] = {1.0, 1.0, 1.0}, red[3] = {1.0, 0.0, 0.0};
  double lab[3], back[3];
  irl_oklab_from_srgb(white, lab);
  CHECK_NEAR(lab[0], 1.0, 1e-6);
  CHECK_NEAR(lab[1], 0.0, 1e-6);
  CHECK_NEAR(lab[2], 0.0, 1e-6);
  irl_oklab_from_srgb(red, lab);  // as CSS Color 4 lists it
  CHECK_NEAR(lab[0], 0.62796, 1e-4);
  CHECK_NEAR(lab[1], 0.22486, 1e-4);
  CHECK_NEAR(lab[2], 0.12585, 1e-4);
  for (int k = 0; k < 64; k++) {
    const double rgb[3] = {(k % 4) / 3.0, (k / 4 % 4) / 3.0, (k / 16) / 3.0};
    irl_oklab_from_srgb(rgb, lab);
    irl_oklab_to_srgb(lab, back);
    for (int c = 0; c < 3; c++) {
      CHECK_NEAR(back[c], rgb[c], 1e-5);  // the published matrices have ten digits
    }
  }
}

static void lightness_rises_throughout(void) {
  irl_colormap map;
  irl_colormap_init(&map);
  for (int i = 1; i < IRL_COLORMAP_SIZE; i++) {
    double a[3], b[3];
    to_lab(map.rgb[i - 1], a);
    to_lab(map.rgb[i], b);
    CHECK(b[0] > a[0]);
    CHECK(cie_lightness(map.rgb[i]) > cie_lightness(map.rgb[i - 1]));
  }
  CHECK(cie_lightness(map.rgb[255]) - cie_lightness(map.rgb[0]) > 55.0);
}

static void steps_are_uniform(void) {
  irl_colormap map;
  irl_colormap_init(&map);
  double least = 1e9, most = 0.0;
  for (int i = 1; i < IRL_COLORMAP_SIZE; i++) {
    double a[3], b[3];
    to_lab(map.rgb[i - 1], a);
    to_lab(map.rgb[i], b);
    double d = hypot(hypot(b[0] - a[0], b[1] - a[1]), b[2] - a[2]);
    least = fmin(least, d);
    most = fmax(most, d);
  }
  CHECK(most / least < 1.02);  // a cut at sRGB's limits would show here
}

// With red and green confused (deuteranopia and protanopia, the linear projections of Viénot,
// Brettel and Mollon 1999), steps of a tenth of the map stay apart: CSS Color 4 names 0.02 as the
// least noticeable distance in OKLab.
static void steps_survive_colour_blindness(void) {
  irl_colormap map;
  irl_colormap_init(&map);
  const double mix[2][3] = {{0.29275, 0.70725, -0.02234}, {0.11238, 0.88762, 0.00401}};
  for (int kind = 0; kind < 2; kind++) {
    double last[3] = {0};
    for (int k = 0; k <= 10; k++) {
      const float* c = map.rgb[k * 255 / 10];
      double r = linear(c[0]), g = linear(c[1]), b = linear(c[2]);
      double rg = mix[kind][0] * r + mix[kind][1] * g;
      double blue = fmax(0.0, mix[kind][2] * r - mix[kind][2] * g + b);
      double seen[3] = {rg, rg, blue}, lab[3];
      for (int j = 0; j < 3; j++) {
        seen[j] = seen[j] <= 0.0031308 ? 12.92 * seen[j] : 1.055 * pow(seen[j], 1 / 2.4) - 0.055;
      }
      irl_oklab_from_srgb(seen, lab);
      if (k > 0) {
        CHECK(hypot(hypot(lab[0] - last[0], lab[1] - last[1]), lab[2] - last[2]) > 0.02);
        CHECK(lab[0] > last[0]);
      }
      memcpy(last, lab, sizeof last);
    }
  }
}

static void values_are_clamped_and_interpolated(void) {
  irl_colormap map;
  float a[3], b[3];
  uint8_t bytes[3];
  irl_colormap_init(&map);
  irl_colormap_at(&map, -3.0, a);
  CHECK(memcmp(a, map.rgb[0], sizeof a) == 0);
  irl_colormap_at(&map, 1e300, a);
  CHECK(memcmp(a, map.rgb[255], sizeof a) == 0);
  irl_colormap_at(&map, 10.5 / 255.0, a);
  for (int c = 0; c < 3; c++) {
    CHECK_NEAR((double)a[c], 0.5 * (double)(map.rgb[10][c] + map.rgb[11][c]), 1e-6);
  }
  irl_colormap_at(&map, (double)NAN, b);
  CHECK(b[0] == b[1] && b[1] == b[2]);
  irl_colormap_bytes(&map, 1.0, bytes);
  CHECK_NEAR(bytes[0], (double)map.rgb[255][0] * 255.0, 0.51);
}

// Darkest in the middle, as light at equal distance on both sides, in even steps, and within sRGB,
// so that nothing was clipped.
static void diverging_map_is_symmetric_and_uniform(void) {
  irl_colormap map;
  double step = 0.0;
  irl_colormap_init_diverging(&map);
  for (int i = 0; i < 128; i++) {
    double a[3], b[3], next[3], left[3], right[3], follow[3];
    for (int c = 0; c < 3; c++) {
      left[c] = (double)map.rgb[i][c];
      right[c] = (double)map.rgb[255 - i][c];
      follow[c] = (double)map.rgb[i + 1][c];
      CHECK(left[c] > 0.0 && left[c] < 1.0 && right[c] > 0.0 && right[c] < 1.0);
    }
    irl_oklab_from_srgb(left, a);
    irl_oklab_from_srgb(right, b);
    irl_oklab_from_srgb(follow, next);
    CHECK_NEAR(a[0], b[0], 1e-5);  // floats hold the colours
    if (i < 127) {
      double d = hypot(hypot(next[0] - a[0], next[1] - a[1]), next[2] - a[2]);
      CHECK(next[0] < a[0]);
      CHECK_NEAR(d, i == 0 ? d : step, 1e-5);
      step = i == 0 ? d : step;
    }
  }
}

TESTS(TEST(oklab_round_trip_and_known_values), TEST(lightness_rises_throughout),
      TEST(steps_are_uniform), TEST(steps_survive_colour_blindness),
      TEST(values_are_clamped_and_interpolated), TEST(diverging_map_is_symmetric_and_uniform))
