#define GL_GLEXT_PROTOTYPES
#include "viewer/sheet.h"

#include <GL/gl.h>
#include <GL/glext.h>
#include <stdio.h>
#include <string.h>

void irl_sheets_begin(int width, int height) {
  glPushAttrib(GL_ALL_ATTRIB_BITS);
  glViewport(0, 0, width, height);
  glDisable(GL_LIGHTING);
  glDisable(GL_DEPTH_TEST);
  glDisable(GL_FOG);
  glDisable(GL_TEXTURE_2D);
  glDisable(GL_CULL_FACE);
  glEnable(GL_BLEND);
  glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);  // sheets are premultiplied
}

void irl_sheets_end(void) {
  glPopAttrib();
}

bool irl_sheet_renew(irl_sheet* sheet, double width, double height, const char* text) {
  const int w = width < 1 ? 1 : (int)width, h = height < 1 ? 1 : (int)height;
  const bool same_size = sheet->canvas.width == w && sheet->canvas.height == h;
  if (same_size && strcmp(sheet->text, text) == 0) {
    return false;
  }
  if (!same_size) {
    irl_canvas_destroy(&sheet->canvas);
    if (irl_canvas_create(&sheet->canvas, w, h) != IRL_OK) {
      return false;  // nothing is laid over; the picture below goes on
    }
  }
  (void)snprintf(sheet->text, sizeof sheet->text, "%s", text);
  irl_canvas_clear(&sheet->canvas, (irl_ink){0});
  return true;
}

void irl_sheet_lay(const irl_sheet* sheet, int height, double x, double y) {
  if (sheet->canvas.rgba == NULL || x < 0 || y < 0) {
    return;
  }
  glPixelZoom(1.0F, -1.0F);
  glWindowPos2i((int)x, height - (int)y);
  glDrawPixels(sheet->canvas.width, sheet->canvas.height, GL_RGBA, GL_UNSIGNED_BYTE,
               sheet->canvas.rgba);
  glPixelZoom(1.0F, 1.0F);
}
