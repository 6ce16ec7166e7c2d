// Where things stand in a picture of a given size.
#ifndef MJIRL_VIEWER_LAYOUT_H_
#define MJIRL_VIEWER_LAYOUT_H_

#include <stdbool.h>

#include "viewer/canvas.h"

enum { IRL_GROUPS_MAX = 9 };  // that fit side by side

typedef struct irl_tile {
  int x, y, width, height;  // pixels, y down
  int head;                 // rows at its top that the title takes
} irl_tile;

// What a picture is to hold.
typedef struct irl_plan {
  int left;           // columns at the left that are not ours (a panel's) [pixels]
  int width, height;  // of the whole picture [pixels]
  int tiles, columns;
  bool bar;      // with a colour bar
  double chart;  // height of the timeline and the figure over it [design pixels]; 0: none
} irl_plan;

typedef struct irl_layout {
  int left;           // where our part begins [pixels]
  int width, height;  // pixels
  double unit;        // pixels a design pixel of a 1280 × 720 picture
  int ntiles;
  irl_tile tile[IRL_GROUPS_MAX];
  double radius;  // of the tiles' corners
  irl_box chart;  // timeline and figure, with their words; height 0: none
  irl_box bar;    // the colours of the colour bar, without its numbers; width 0: none
} irl_layout;

// A grid of tiles, below it the chart, and a strip for the colour bar at the bottom.
void irl_layout_init(irl_layout* layout, const irl_plan* plan);

#endif  // MJIRL_VIEWER_LAYOUT_H_
