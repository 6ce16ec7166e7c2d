// What windows lay over their picture: sheets of words, drawn anew only when they change.
#ifndef MJIRL_VIEWER_SHEET_H_
#define MJIRL_VIEWER_SHEET_H_

#include <stdbool.h>

#include "viewer/canvas.h"

enum { IRL_SHEET_TEXT = 512 };

// A flat picture, redrawn only when its words or its size change. A zeroed one is empty; its owner
// gives it back by irl_canvas_destroy.
typedef struct irl_sheet {
  irl_canvas canvas;
  char text[IRL_SHEET_TEXT];  // what it shows now
} irl_sheet;

// Sets OpenGL up for laying sheets over a framebuffer of this size [pixels], and takes that back.
// A context must be current.
void irl_sheets_begin(int width, int height);
void irl_sheets_end(void);

// True when the sheet must be drawn again, and is blank: it had another size [pixels, rounded down]
// or other words than now.
bool irl_sheet_renew(irl_sheet* sheet, double width, double height, const char* text);

// Lays the sheet over a framebuffer `height` high, its top left corner at (x, y) [pixels], y down.
void irl_sheet_lay(const irl_sheet* sheet, int height, double x, double y);

#endif  // MJIRL_VIEWER_SHEET_H_
