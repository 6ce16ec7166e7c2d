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

typedef struct irl_layout {
  int width, height;  // pixels
  double unit;        // pixels a design pixel of a 1280 × 720 picture
  int ntiles;
  irl_tile tile[IRL_GROUPS_MAX];
  double radius;  // of the tiles' corners
  irl_box bar;    // the colours of the colour bar, without its numbers; width 0: none
} irl_layout;

// A grid of ntiles with so many columns, and a strip for the colour bar below it if there is one.
void irl_layout_init(irl_layout* layout, int width, int height, int ntiles, int columns, bool bar);

#endif  // MJIRL_VIEWER_LAYOUT_H_
