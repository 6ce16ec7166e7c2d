#include "viewer/pad.h"

#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "viewer/png.h"

#define DASH 6.0  // widths that a dash and a gap take

static int byte_of(float part) {
  return (int)(part * 255.0F + 0.5F);
}

// "rgb(1,2,3)" and the opacity of an ink, as attributes called `what`.
static void svg_ink(FILE* svg, const char* what, irl_ink ink) {
  fprintf(svg, " %s=\"rgb(%d,%d,%d)\"", what, byte_of(ink.r), byte_of(ink.g), byte_of(ink.b));
  if (ink.a < 1.0F) {
    fprintf(svg, " %s-opacity=\"%.3g\"", what, (double)ink.a);
  }
}

irl_err irl_pad_open(irl_pad* pad, bool svg, int width, int height, irl_ink ground) {
  *pad = (irl_pad){0};
  if (!svg) {
    IRL_TRY(irl_canvas_create(&pad->canvas, width, height));
    irl_canvas_clear(&pad->canvas, ground);
    return IRL_OK;
  }
  pad->svg = open_memstream(&pad->text, &pad->size);
  if (pad->svg == NULL) {
    return IRL_ENOMEM;
  }
  fprintf(pad->svg,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
          "viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, sans-serif\">\n",
          width, height, width, height);
  irl_pad_box(pad, (irl_box){0, 0, width, height}, 0.0, ground);
  return IRL_OK;
}

void irl_pad_close(irl_pad* pad) {
  if (pad->svg != NULL) {
    (void)fclose(pad->svg);
  }
  free(pad->text);
  irl_canvas_destroy(&pad->canvas);
  *pad = (irl_pad){0};
}

void irl_pad_box(irl_pad* pad, irl_box box, double radius, irl_ink ink) {
  if (pad->svg == NULL) {
    irl_canvas_box(&pad->canvas, box, radius, ink);
    return;
  }
  fprintf(pad->svg, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"", box.x, box.y,
          box.width, box.height);
  if (radius > 0.0) {
    fprintf(pad->svg, " rx=\"%.2f\"", radius);
  }
  svg_ink(pad->svg, "fill", ink);
  fputs("/>\n", pad->svg);
}

// Walks along the path and draws every other piece of DASH widths.
static void canvas_dashes(irl_canvas* canvas, const double* p, int n, double width, irl_ink ink) {
  double walked = 0.0, dash = DASH * width;
  for (int i = 0; i + 1 < n; i++) {
    double dx = p[2 * i + 2] - p[2 * i], dy = p[2 * i + 3] - p[2 * i + 1], whole = hypot(dx, dy);
    for (double at = 0.0; at < whole;) {
      double left = dash - fmod(walked + at, dash), to = fmin(whole, at + left);
      bool on = fmod(floor((walked + at) / dash + 1e-9), 2.0) == 0.0;
      const double a[2] = {p[2 * i] + dx * at / whole, p[2 * i + 1] + dy * at / whole};
      const double b[2] = {p[2 * i] + dx * to / whole, p[2 * i + 1] + dy * to / whole};
      if (on) {
        irl_canvas_line(canvas, a, b, width, ink);
      }
      at = to + 1e-9;
    }
    walked += whole;
  }
}

void irl_pad_path(irl_pad* pad, const double* points, int n, double width, bool dashed,
                  irl_ink ink) {
  if (pad->svg == NULL && dashed) {
    canvas_dashes(&pad->canvas, points, n, width, ink);
    return;
  }
  for (int i = 0; i + 1 < n && pad->svg == NULL; i++) {
    irl_canvas_line(&pad->canvas, points + 2 * i, points + 2 * i + 2, width, ink);
  }
  if (pad->svg != NULL && n > 1) {
    fputs("<polyline points=\"", pad->svg);
    for (int i = 0; i < n; i++) {
      fprintf(pad->svg, "%s%.2f,%.2f", i > 0 ? " " : "", points[2 * i], points[2 * i + 1]);
    }
    fprintf(pad->svg, "\" fill=\"none\" stroke-width=\"%.2f\" stroke-linejoin=\"round\"", width);
    if (dashed) {
      fprintf(pad->svg, " stroke-dasharray=\"%.2f\"", DASH * width);
    }
    svg_ink(pad->svg, "stroke", ink);
    fputs("/>\n", pad->svg);
  }
}

// Text as XML has it.
static void svg_escaped(FILE* svg, const char* text) {
  for (const char* c = text; *c != 0; c++) {
    if (*c == '&' || *c == '<' || *c == '>') {
      fputs(*c == '&' ? "&amp;" : *c == '<' ? "&lt;" : "&gt;", svg);
    } else if ((unsigned char)*c >= ' ') {
      fputc(*c, svg);
    }
  }
}

void irl_pad_text(irl_pad* pad, double x, double y, const irl_pen* pen, const char* text) {
  static const char* const anchors[] = {"start", "middle", "end"};
  if (pad->svg == NULL) {
    irl_canvas_text(&pad->canvas, x, y, pen, text);
    return;
  }
  fprintf(pad->svg, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.2f\" text-anchor=\"%s\"%s", x, y,
          pen->size, anchors[pen->align], pen->weight > 1.2 ? " font-weight=\"bold\"" : "");
  svg_ink(pad->svg, "fill", pen->ink);
  fputc('>', pad->svg);
  svg_escaped(pad->svg, text);
  fputs("</text>\n", pad->svg);
}

irl_err irl_pad_write(irl_pad* pad, const char* path, irl_errinfo* info) {
  if (pad->svg == NULL) {
    return irl_png_write(path, &pad->canvas, false, info);
  }
  fputs("</svg>\n", pad->svg);
  bool complete = fclose(pad->svg) == 0;
  pad->svg = NULL;
  return complete ? irl_file_write(path, pad->text, pad->size, info)
                  : irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path);
}
