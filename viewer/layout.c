#include "viewer/layout.h"

#include <math.h>

// Design pixels.
#define MARGIN 20.0
#define GAP 12.0
#define FOOT 66.0  // height of the strip with the colour bar
#define HEAD 66.0  // height of a tile's title
#define CORNER 12.0

void irl_layout_init(irl_layout* layout, int width, int height, int ntiles, bool stacked,
                     bool bar) {
  double unit = fmax(0.35, fmin(width / 1280.0, height / 720.0));
  int margin = (int)(MARGIN * unit), gap = (int)(GAP * unit);
  int foot = bar ? (int)(FOOT * unit) : margin;
  *layout = (irl_layout){.width = width, .height = height, .unit = unit, .ntiles = ntiles};
  layout->radius = CORNER * unit;
  int inner_width = width - 2 * margin, inner_height = height - margin - foot;
  int along = (stacked ? inner_height : inner_width) - gap * (ntiles - 1);
  for (int i = 0; i < ntiles; i++) {
    // Rounded so that the tiles fill the row exactly.
    int from = along * i / ntiles + gap * i, to = along * (i + 1) / ntiles + gap * i;
    layout->tile[i] = (irl_tile){.x = margin + (stacked ? 0 : from),
                                 .y = margin + (stacked ? from : 0),
                                 .width = stacked ? inner_width : to - from,
                                 .height = stacked ? to - from : inner_height,
                                 .head = (int)(HEAD * unit)};
  }
  if (bar) {
    layout->bar = (irl_box){.x = 0.34 * width,
                            .y = height - foot + 17.0 * unit,
                            .width = 0.44 * width,
                            .height = 13.0 * unit};
  }
}
