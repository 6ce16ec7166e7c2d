#include "viewer/color.h"

#include <math.h>

// The path's ends: lightness, chroma and hue in degrees. The hue turns faster at first (HUE_LEAN),
// so that orange comes while it still fits into sRGB with full chroma.
#define LIGHT_LOW 0.42
#define LIGHT_HIGH 0.93
#define CHROMA_LOW 0.19
#define CHROMA_HIGH 0.138
#define CHROMA_BULGE 0.010
#define HUE_LOW 285.0
#define HUE_TURN 180.0
#define HUE_LEAN 0.3

enum { PATH_STEPS = 2048 };  // of the arc length's table

static double srgb_encode(double x) {
  double a = fabs(x);
  double y = a <= 0.0031308 ? 12.92 * a : 1.055 * pow(a, 1.0 / 2.4) - 0.055;
  return copysign(y, x);
}

static double srgb_decode(double y) {
  double a = fabs(y);
  double x = a <= 0.04045 ? a / 12.92 : pow((a + 0.055) / 1.055, 2.4);
  return copysign(x, y);
}

// Ottosson, "A perceptual color space for image processing" (2020), both directions.
void irl_oklab_to_srgb(const double lab[3], double rgb[3]) {
  double l = lab[0] + 0.3963377774 * lab[1] + 0.2158037573 * lab[2];
  double m = lab[0] - 0.1055613458 * lab[1] - 0.0638541728 * lab[2];
  double s = lab[0] - 0.0894841775 * lab[1] - 1.2914855480 * lab[2];
  l = l * l * l;
  m = m * m * m;
  s = s * s * s;
  rgb[0] = srgb_encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
  rgb[1] = srgb_encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
  rgb[2] = srgb_encode(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}

void irl_oklab_from_srgb(const double rgb[3], double lab[3]) {
  double r = srgb_decode(rgb[0]), g = srgb_decode(rgb[1]), b = srgb_decode(rgb[2]);
  double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  lab[0] = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
  lab[1] = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s;
  lab[2] = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s;
}

// The path before it is walked evenly, t in [0, 1].
static void path_at(double t, double lab[3]) {
  double chroma = CHROMA_LOW + (CHROMA_HIGH - CHROMA_LOW) * t + 4.0 * CHROMA_BULGE * t * (1.0 - t);
  double turn = (1.0 + HUE_LEAN) * t - HUE_LEAN * t * t;
  double hue = (HUE_LOW + HUE_TURN * turn) * (3.14159265358979323846 / 180.0);
  lab[0] = LIGHT_LOW + (LIGHT_HIGH - LIGHT_LOW) * t;
  lab[1] = chroma * cos(hue);
  lab[2] = chroma * sin(hue);
}

// Euclidean distance in OKLab, which is made to match what eyes see.
static double distance(const double a[3], const double b[3]) {
  double d0 = a[0] - b[0], d1 = a[1] - b[1], d2 = a[2] - b[2];
  return sqrt(d0 * d0 + d1 * d1 + d2 * d2);
}

void irl_colormap_init(irl_colormap* map) {
  double length[PATH_STEPS + 1] = {0};  // of the path up to step k
  double last[3], next[3];
  path_at(0.0, last);
  for (int k = 1; k <= PATH_STEPS; k++) {
    path_at((double)k / PATH_STEPS, next);
    length[k] = length[k - 1] + distance(last, next);
    for (int c = 0; c < 3; c++) {
      last[c] = next[c];
    }
  }
  int k = 0;
  for (int i = 0; i < IRL_COLORMAP_SIZE; i++) {
    double want = length[PATH_STEPS] * i / (IRL_COLORMAP_SIZE - 1);
    while (k + 1 < PATH_STEPS && length[k + 1] < want) {
      k++;
    }
    double part = (want - length[k]) / (length[k + 1] - length[k]);
    double lab[3], rgb[3];
    path_at((k + part) / PATH_STEPS, lab);
    irl_oklab_to_srgb(lab, rgb);
    for (int c = 0; c < 3; c++) {
      map->rgb[i][c] = (float)fmin(1.0, fmax(0.0, rgb[c]));
    }
  }
}

// The diverging map: lightness and chroma at distance s from the middle, hues of its two arms.
#define MIDDLE_LIGHT 0.42
#define END_LIGHT 0.80
#define END_CHROMA 0.12
#define COOL_HUE 232.0
#define WARM_HUE 65.0

// Chroma and lightness are both linear in s, so each arm is a straight line in OKLab, and equal
// steps along it are equal distances.
void irl_colormap_init_diverging(irl_colormap* map) {
  for (int i = 0; i < IRL_COLORMAP_SIZE; i++) {
    double t = 2.0 * i / (IRL_COLORMAP_SIZE - 1) - 1.0, s = fabs(t);
    double hue = (t < 0.0 ? COOL_HUE : WARM_HUE) * (3.14159265358979323846 / 180.0);
    double lab[3] = {MIDDLE_LIGHT + (END_LIGHT - MIDDLE_LIGHT) * s, END_CHROMA * s * cos(hue),
                     END_CHROMA * s * sin(hue)};
    double rgb[3];
    irl_oklab_to_srgb(lab, rgb);
    for (int c = 0; c < 3; c++) {
      map->rgb[i][c] = (float)fmin(1.0, fmax(0.0, rgb[c]));
    }
  }
}

void irl_colormap_at(const irl_colormap* map, double t, float rgb[3]) {
  if (isnan(t)) {
    rgb[0] = rgb[1] = rgb[2] = 0.55F;
    return;
  }
  double place = fmin(1.0, fmax(0.0, t)) * (IRL_COLORMAP_SIZE - 1);
  int i = (int)place;
  int j = i + 1 < IRL_COLORMAP_SIZE ? i + 1 : i;
  float part = (float)(place - i);
  for (int c = 0; c < 3; c++) {
    rgb[c] = map->rgb[i][c] + part * (map->rgb[j][c] - map->rgb[i][c]);
  }
}

void irl_colormap_bytes(const irl_colormap* map, double t, uint8_t rgb[3]) {
  float color[3];
  irl_colormap_at(map, t, color);
  for (int c = 0; c < 3; c++) {
    rgb[c] = (uint8_t)(color[c] * 255.0F + 0.5F);
  }
}
