#include "viewer/layout.h"

#include <math.h>

// Design pixels.
#define MARGIN 20.0
#define GAP 12.0
#define FOOT 66.0  // height of the strip with the colour bar
#define HEAD 66.0  // height of a tile's title
#define CORNER 12.0

// Cuts `length` into n pieces with gaps so that they fill it exactly; piece k's start and size.
static void cut(int length, int n, int gap, int k, int* start, int* size) {
  int room = length - gap * (n - 1);
  int from = room * k / n, to = room * (k + 1) / n;
  *start = from + gap * k;
  *size = to - from;
}

void irl_layout_init(irl_layout* layout, int width, int height, int ntiles, int columns, bool bar) {
  double unit = fmax(0.35, fmin(width / 1280.0, height / 720.0));
  int margin = (int)(MARGIN * unit), gap = (int)(GAP * unit);
  int foot = bar ? (int)(FOOT * unit) : margin;
  int rows = (ntiles + columns - 1) / columns;
  *layout = (irl_layout){.width = width, .height = height, .unit = unit, .ntiles = ntiles};
  layout->radius = CORNER * unit;
  for (int i = 0; i < ntiles; i++) {
    irl_tile* tile = &layout->tile[i];
    int x, y;
    cut(width - 2 * margin, columns, gap, i % columns, &x, &tile->width);
    cut(height - margin - foot, rows, gap, i / columns, &y, &tile->height);
    tile->x = margin + x;
    tile->y = margin + y;
    tile->head = (int)fmin(HEAD * unit, 0.4 * tile->height);
  }
  if (bar) {
    layout->bar = (irl_box){.x = 0.34 * width,
                            .y = height - foot + 17.0 * unit,
                            .width = 0.44 * width,
                            .height = 13.0 * unit};
  }
}
