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

static void place_bar(irl_layout* l, int foot) {
  int room = l->width - l->left;
  l->bar = (irl_box){.x = l->left + 0.34 * room,
                     .y = l->height - foot + 17.0 * l->unit,
                     .width = 0.44 * room,
                     .height = 13.0 * l->unit};
}

void irl_layout_init(irl_layout* layout, const irl_plan* plan) {
  int room = plan->width - plan->left;
  double unit = fmax(0.35, fmin(plan->width / 1280.0, plan->height / 720.0));
  int margin = (int)(MARGIN * unit), gap = (int)(GAP * unit);
  int foot = plan->bar ? (int)(FOOT * unit) : margin;
  int chart = (int)fmin(plan->chart * unit, 0.5 * plan->height);
  int tall = plan->height - margin - foot - (chart > 0 ? chart + gap : 0);
  int rows = (plan->tiles + plan->columns - 1) / plan->columns;
  *layout = (irl_layout){.left = plan->left,
                         .width = plan->width,
                         .height = plan->height,
                         .unit = unit,
                         .ntiles = plan->tiles,
                         .radius = CORNER * unit};
  for (int i = 0; i < plan->tiles; i++) {
    irl_tile* tile = &layout->tile[i];
    int x, y;
    cut(room - 2 * margin, plan->columns, gap, i % plan->columns, &x, &tile->width);
    cut(tall, rows, gap, i / plan->columns, &y, &tile->height);
    tile->x = plan->left + margin + x;
    tile->y = margin + y;
    tile->head = (int)fmin(HEAD * unit, 0.4 * tile->height);
  }
  if (chart > 0) {
    layout->chart = (irl_box){plan->left + margin, margin + tall + gap, room - 2 * margin, chart};
  }
  if (plan->bar) {
    place_bar(layout, foot);
  }
}
