// A sheet to draw flat figures on: the same calls make a canvas or the text of an SVG.
#ifndef MJIRL_VIEWER_PAD_H_
#define MJIRL_VIEWER_PAD_H_

#include <stdio.h>

#include "viewer/canvas.h"

typedef struct irl_pad {
  irl_canvas canvas;  // of a PNG, or zeroed
  FILE* svg;          // or NULL
  char* text;         // behind svg
  size_t size;        // bytes
} irl_pad;

// An empty sheet of that size [pixels] and colour, with svg the text of one. Errors: IRL_ENOMEM;
// IRL_ERANGE as irl_canvas_create.
IRL_NODISCARD irl_err irl_pad_open(irl_pad* pad, bool svg, int width, int height, irl_ink ground);
void irl_pad_close(irl_pad* pad);  // a zeroed pad is fine

// As the calls of a canvas, all lengths in pixels, y down.
void irl_pad_box(irl_pad* pad, irl_box box, double radius, irl_ink ink);

// Lines between neighbouring points (n, 2); dashed: with gaps.
void irl_pad_path(irl_pad* pad, const double* points, int n, double width, bool dashed,
                  irl_ink ink);
void irl_pad_text(irl_pad* pad, double x, double y, const irl_pen* pen, const char* text);

// Writes the sheet, once, to a PNG or SVG. Errors: IRL_EIO, IRL_ENOSPC, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_pad_write(irl_pad* pad, const char* path, irl_errinfo* info);

#endif  // MJIRL_VIEWER_PAD_H_
