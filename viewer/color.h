// The colour map: cost to colour, perceptually uniform and safe for colour-blind eyes.
//
// A path through OKLCh (Ottosson 2020) whose lightness rises and whose hue turns once from violet
// through red to yellow, walked at equal steps of OKLab distance. Lightness alone orders all
// values, so the map also reads in grey and without red-green vision.
#ifndef MJIRL_VIEWER_COLOR_H_
#define MJIRL_VIEWER_COLOR_H_

#include <stdint.h>

enum { IRL_COLORMAP_SIZE = 256 };

typedef struct irl_colormap {
  float rgb[IRL_COLORMAP_SIZE][3];  // sRGB in [0, 1], from the lowest value to the highest
} irl_colormap;

void irl_colormap_init(irl_colormap* map);

// For values on both sides of 0: from blue through a dark neutral to orange, both arms of equal
// lightness at equal distance from the middle. Blue and orange are told apart by colour-blind eyes.
void irl_colormap_init_diverging(irl_colormap* map);

// Colour at t (0: the lowest value, 1: the highest), in [0, 1] or in bytes 0 .. 255; t is clamped
// to [0, 1], linear between entries; NaN gives a neutral grey.
void irl_colormap_at(const irl_colormap* map, double t, float rgb[3]);
void irl_colormap_bytes(const irl_colormap* map, double t, uint8_t rgb[3]);

// OKLab (L, a, b) of an sRGB colour in [0, 1], and back; the result may lie outside of [0, 1].
void irl_oklab_from_srgb(const double rgb[3], double lab[3]);
void irl_oklab_to_srgb(const double lab[3], double rgb[3]);

#endif  // MJIRL_VIEWER_COLOR_H_
