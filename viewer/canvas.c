#include "viewer/canvas.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "viewer/glyphs.h"

enum { MAX_SIDE = 16384 };

irl_err irl_canvas_create(irl_canvas* canvas, int width, int height) {
  *canvas = (irl_canvas){0};
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) {
    return IRL_ERANGE;
  }
  canvas->rgba = irl_calloc((size_t)width * (size_t)height, 4);
  if (canvas->rgba == NULL) {
    return IRL_ENOMEM;
  }
  canvas->width = width;
  canvas->height = height;
  return IRL_OK;
}

void irl_canvas_destroy(irl_canvas* canvas) {
  irl_free(canvas->rgba);
  *canvas = (irl_canvas){0};
}

static uint8_t to_byte(float x) {
  return (uint8_t)(x <= 0.0F ? 0 : x >= 1.0F ? 255 : (int)(x * 255.0F + 0.5F));
}

static uint8_t* pixel_at(const irl_canvas* canvas, int x, int y) {
  return canvas->rgba + 4 * ((size_t)y * (size_t)canvas->width + (size_t)x);
}

void irl_canvas_clear(irl_canvas* canvas, irl_ink ink) {
  uint8_t rgba[4] = {to_byte(ink.r * ink.a), to_byte(ink.g * ink.a), to_byte(ink.b * ink.a),
                     to_byte(ink.a)};
  for (int y = 0; y < canvas->height; y++) {
    for (int x = 0; x < canvas->width; x++) {
      memcpy(pixel_at(canvas, x, y), rgba, 4);
    }
  }
}

// Lays ink over a pixel, coverage in [0, 1].
static void blend(uint8_t* pixel, irl_ink ink, float coverage) {
  float a = ink.a * coverage, keep = 1.0F - a;
  if (a <= 0.0F) {
    return;
  }
  const float color[4] = {ink.r * 255.0F, ink.g * 255.0F, ink.b * 255.0F, 255.0F};
  for (int c = 0; c < 4; c++) {
    pixel[c] = (uint8_t)(color[c] * a + (float)pixel[c] * keep + 0.5F);
  }
}

typedef struct span {
  int x0, x1, y0, y1;  // pixels, the ends excluded
} span;

static int clip(double v, int hi) {
  return v <= 0.0 ? 0 : v >= hi ? hi : (int)v;
}

// The pixels that a shape reaching from (x0, y0) to (x1, y1) may touch.
static span span_of(const irl_canvas* canvas, double x0, double y0, double x1, double y1) {
  return (span){clip(floor(x0) - 1, canvas->width), clip(ceil(x1) + 1, canvas->width),
                clip(floor(y0) - 1, canvas->height), clip(ceil(y1) + 1, canvas->height)};
}

// Signed distance from the middle of a pixel to the edge of a rounded box, negative inside.
static double box_distance(irl_box box, double radius, int px, int py) {
  double cx = box.x + 0.5 * box.width, cy = box.y + 0.5 * box.height;
  double qx = fabs(px + 0.5 - cx) - 0.5 * box.width + radius;
  double qy = fabs(py + 0.5 - cy) - 0.5 * box.height + radius;
  return hypot(fmax(qx, 0.0), fmax(qy, 0.0)) + fmin(fmax(qx, qy), 0.0) - radius;
}

// Share of a pixel inside of an edge at this signed distance from its middle: a ramp one pixel
// wide.
static float coverage_at(double distance) {
  return (float)fmin(1.0, fmax(0.0, 0.5 - distance));
}

void irl_canvas_box(irl_canvas* canvas, irl_box box, double radius, irl_ink ink) {
  span s = span_of(canvas, box.x, box.y, box.x + box.width, box.y + box.height);
  for (int y = s.y0; y < s.y1; y++) {
    for (int x = s.x0; x < s.x1; x++) {
      blend(pixel_at(canvas, x, y), ink, coverage_at(box_distance(box, radius, x, y)));
    }
  }
}

void irl_canvas_frame(irl_canvas* canvas, irl_box box, double radius, irl_ink ink) {
  span s = span_of(canvas, box.x, box.y, box.x + box.width, box.y + box.height);
  for (int y = s.y0; y < s.y1; y++) {
    bool edge = y < box.y + radius + 1 || y > box.y + box.height - radius - 2;
    for (int x = s.x0; x < s.x1; x++) {
      if (!edge && x > box.x + radius + 1 && x < box.x + box.width - radius - 2) {
        continue;
      }
      blend(pixel_at(canvas, x, y), ink, 1.0F - coverage_at(box_distance(box, radius, x, y)));
    }
  }
}

// Distance from a point to a straight piece from a to b.
static double point_to_piece(double px, double py, double ax, double ay, double bx, double by) {
  double dx = bx - ax, dy = by - ay, squared = dx * dx + dy * dy;
  double t = squared > 0.0 ? ((px - ax) * dx + (py - ay) * dy) / squared : 0.0;
  t = fmin(1.0, fmax(0.0, t));
  return hypot(px - ax - t * dx, py - ay - t * dy);
}

void irl_canvas_line(irl_canvas* canvas, const double from[2], const double to[2], double width,
                     irl_ink ink) {
  double half = 0.5 * width;
  span s = span_of(canvas, fmin(from[0], to[0]) - half, fmin(from[1], to[1]) - half,
                   fmax(from[0], to[0]) + half, fmax(from[1], to[1]) + half);
  for (int y = s.y0; y < s.y1; y++) {
    for (int x = s.x0; x < s.x1; x++) {
      double far = point_to_piece(x + 0.5, y + 0.5, from[0], from[1], to[0], to[1]);
      blend(pixel_at(canvas, x, y), ink, coverage_at(far - half));
    }
  }
}

void irl_canvas_triangle(irl_canvas* canvas, const double corners[6], irl_ink ink) {
  const double* p = corners;
  double area = (p[2] - p[0]) * (p[5] - p[1]) - (p[4] - p[0]) * (p[3] - p[1]);
  double turn = area < 0.0 ? -1.0 : 1.0;
  span s = span_of(canvas, fmin(p[0], fmin(p[2], p[4])), fmin(p[1], fmin(p[3], p[5])),
                   fmax(p[0], fmax(p[2], p[4])), fmax(p[1], fmax(p[3], p[5])));
  for (int y = s.y0; y < s.y1; y++) {
    for (int x = s.x0; x < s.x1; x++) {
      double far = -1e9;
      for (int k = 0; k < 3; k++) {
        const double *a = p + 2 * k, *b = p + 2 * ((k + 1) % 3);
        double ex = b[0] - a[0], ey = b[1] - a[1];
        double out = turn * ((x + 0.5 - a[0]) * ey - (y + 0.5 - a[1]) * ex) / hypot(ex, ey);
        far = fmax(far, out);
      }
      blend(pixel_at(canvas, x, y), ink, coverage_at(far));
    }
  }
}

//---------------------------------- Text ----------------------------------------------------------

// The mask of one glyph: strokes that overlap must not be laid over each other twice.
enum { MASK_SIDE = 160 };

typedef struct stamp {
  double x, y;        // of the glyph's origin [pixels]
  double unit;        // pixels a glyph unit
  double half;        // half of the pen's thickness [pixels]
  int left, top;      // canvas pixel of mask[0][0]
  int width, height;  // pixels in use
  uint8_t mask[MASK_SIDE][MASK_SIDE];
} stamp;

#define PEN_UNITS 1.75  // thickness of the regular weight

// Puts one piece of a stroke into the mask, of which each pixel keeps the largest coverage.
static void stamp_line(void* arg, double x0, double y0, double x1, double y1) {
  stamp* s = arg;
  double ax = s->x + x0 * s->unit - s->left, ay = s->y - y0 * s->unit - s->top;
  double bx = s->x + x1 * s->unit - s->left, by = s->y - y1 * s->unit - s->top;
  double reach = s->half + 1.0;
  int right = clip(ceil(fmax(ax, bx) + reach), s->width);
  int bottom = clip(ceil(fmax(ay, by) + reach), s->height);
  for (int y = clip(fmin(ay, by) - reach, s->height); y < bottom; y++) {
    for (int x = clip(fmin(ax, bx) - reach, s->width); x < right; x++) {
      double distance = point_to_piece(x + 0.5, y + 0.5, ax, ay, bx, by);
      uint8_t cover = to_byte((float)(s->half + 0.5 - distance));
      s->mask[y][x] = cover > s->mask[y][x] ? cover : s->mask[y][x];
    }
  }
}

// Draws one character; letters above some 130 pixels would be cut off.
static void draw_glyph(irl_canvas* canvas, double x, double y, const irl_pen* pen, unsigned code) {
  stamp s = {.x = x, .y = y, .unit = pen->size / IRL_GLYPH_EM};
  s.half = 0.5 * PEN_UNITS * pen->weight * s.unit;
  double edge = s.half + 2.0;
  s.left = (int)floor(x - edge);
  s.top = (int)floor(y - 16.0 * s.unit - edge);
  s.width = clip(irl_glyph_advance(code) * s.unit + 2.0 * edge, MASK_SIDE);
  s.height = clip(21.0 * s.unit + 2.0 * edge, MASK_SIDE);
  irl_glyph_strokes(code, stamp_line, &s);
  for (int my = 0; my < s.height; my++) {
    for (int mx = 0; mx < s.width; mx++) {
      int px = s.left + mx, py = s.top + my;
      if (s.mask[my][mx] > 0 && px >= 0 && py >= 0 && px < canvas->width && py < canvas->height) {
        blend(pixel_at(canvas, px, py), pen->ink, (float)s.mask[my][mx] / 255.0F);
      }
    }
  }
}

double irl_text_width(const irl_pen* pen, const char* text) {
  double units = 0.0;
  for (unsigned code; (code = irl_utf8_next(&text)) != 0;) {
    units += irl_glyph_advance(code);
  }
  return units * pen->size / IRL_GLYPH_EM;
}

void irl_canvas_text(irl_canvas* canvas, double x, double y, const irl_pen* pen, const char* text) {
  double part = pen->align == IRL_ALIGN_LEFT ? 0.0 : pen->align == IRL_ALIGN_CENTER ? 0.5 : 1.0;
  x -= part * irl_text_width(pen, text);
  for (unsigned code; (code = irl_utf8_next(&text)) != 0;) {
    // Half of the spacing stands before the ink, so that centred text is centred.
    draw_glyph(canvas, x + 1.8 * pen->size / IRL_GLYPH_EM, y, pen, code);
    x += irl_glyph_advance(code) * pen->size / IRL_GLYPH_EM;
  }
}

//---------------------------------- Pictures ------------------------------------------------------

static int least(int a, int b) {
  return a < b ? a : b;
}

void irl_canvas_shrink(irl_canvas* canvas, int x, int y, const uint8_t* rgb, int width, int height,
                       int scale) {
  int area = scale * scale;
  size_t stride = 3 * (size_t)width * (size_t)scale;
  for (int row = y < 0 ? -y : 0; row < least(height, canvas->height - y); row++) {
    const uint8_t* block = rgb + (size_t)(height - 1 - row) * (size_t)scale * stride;
    for (int col = x < 0 ? -x : 0; col < least(width, canvas->width - x); col++) {
      int sum[3] = {area / 2, area / 2, area / 2};  // rounds to nearest
      for (int k = 0; k < area; k++) {
        const uint8_t* p = block + (size_t)(k / scale) * stride + 3 * (col * scale + k % scale);
        for (int c = 0; c < 3; c++) {
          sum[c] += p[c];
        }
      }
      uint8_t* out = pixel_at(canvas, x + col, y + row);
      for (int c = 0; c < 3; c++) {
        out[c] = (uint8_t)(sum[c] / area);
      }
      out[3] = 255;
    }
  }
}
