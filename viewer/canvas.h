// Pictures in memory and flat drawing on them: text, lines, rounded boxes, all with exact coverage
// anti-aliasing, so that they are crisp at any size. x runs right and y down, in pixels; pixel (0,
// 0) covers [0, 1) x [0, 1).
#ifndef MJIRL_VIEWER_CANVAS_H_
#define MJIRL_VIEWER_CANVAS_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef struct irl_canvas {
  int width, height;  // pixels
  uint8_t* rgba;      // (height, width, 4), premultiplied by alpha, row 0 on top; owned
} irl_canvas;

// sRGB and opacity, each in [0, 1], not premultiplied.
typedef struct irl_ink {
  float r, g, b, a;
} irl_ink;

typedef struct irl_box {
  double x, y, width, height;  // pixels
} irl_box;

typedef enum irl_align { IRL_ALIGN_LEFT, IRL_ALIGN_CENTER, IRL_ALIGN_RIGHT } irl_align;

typedef struct irl_pen {
  double size;    // em [pixels]; capitals are 0.7 of it
  double weight;  // thickness of the strokes, 1 = regular, 1.5 = bold
  irl_align align;
  irl_ink ink;
} irl_pen;

// Transparent black. Errors: IRL_ENOMEM, IRL_ERANGE for a size outside of 1..16384.
IRL_NODISCARD irl_err irl_canvas_create(irl_canvas* canvas, int width, int height);
void irl_canvas_destroy(irl_canvas* canvas);  // a zeroed canvas is fine

// Replaces every pixel by the ink, its opacity included.
void irl_canvas_clear(irl_canvas* canvas, irl_ink ink);

// A filled box with rounded corners, radius in pixels, laid over what is there; it may reach beyond
// the canvas. The same holds of all shapes below.
void irl_canvas_box(irl_canvas* canvas, irl_box box, double radius, irl_ink ink);

// Makes everything outside of the rounded box, within margin pixels around it, the given ink.
void irl_canvas_frame(irl_canvas* canvas, irl_box box, double radius, irl_ink ink);

// A straight line with round ends, points as (x, y) and width in pixels.
void irl_canvas_line(irl_canvas* canvas, const double from[2], const double to[2], double width,
                     irl_ink ink);

// A filled triangle; corners (3, 2) [pixels], in either order.
void irl_canvas_triangle(irl_canvas* canvas, const double corners[6], irl_ink ink);

// A line of UTF-8 text whose baseline begins, is centred or ends at (x, y).
void irl_canvas_text(irl_canvas* canvas, double x, double y, const irl_pen* pen, const char* text);
double irl_text_width(const irl_pen* pen, const char* text);  // [pixels]

// Shrinks an RGB picture (scale*height, scale*width, 3), last row first as OpenGL gives it, by a
// box filter and puts it at (x, y), opaque. width and height are those on the canvas [pixels],
// scale >= 1. What does not fit is cut off.
void irl_canvas_shrink(irl_canvas* canvas, int x, int y, const uint8_t* rgb, int width, int height,
                       int scale);

#endif  // MJIRL_VIEWER_CANVAS_H_
