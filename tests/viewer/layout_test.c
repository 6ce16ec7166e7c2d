#include "viewer/layout.h"

#include "test.h"

static bool inside(const irl_tile* t, int width, int height) {
  return t->x >= 0 && t->y >= 0 && t->width > 0 && t->height > 0 && t->x + t->width <= width &&
         t->y + t->height <= height && t->head >= 0 && t->head < t->height;
}

static bool apart(const irl_tile* a, const irl_tile* b) {
  return a->x + a->width <= b->x || b->x + b->width <= a->x || a->y + a->height <= b->y ||
         b->y + b->height <= a->y;
}

static void tiles_lie_inside_and_apart(void) {
  const int sizes[][2] = {{1280, 720}, {64, 64}, {8192, 300}, {300, 8192}, {1921, 1081}};
  for (int s = 0; s < 5; s++) {
    for (int n = 1; n <= IRL_GROUPS_MAX; n++) {
      for (int columns = 1; columns <= n; columns++) {
        irl_layout l;
        irl_layout_init(&l, sizes[s][0], sizes[s][1], n, columns, true);
        CHECK(l.ntiles == n);
        for (int i = 0; i < n && sizes[s][0] > 100; i++) {
          CHECK(inside(&l.tile[i], sizes[s][0], sizes[s][1]));
          CHECK(l.tile[i].y + l.tile[i].height <= l.bar.y);
          for (int j = 0; j < i; j++) {
            CHECK(apart(&l.tile[i], &l.tile[j]));
          }
        }
      }
    }
  }
}

static void no_bar_no_foot(void) {
  irl_layout with, without;
  irl_layout_init(&with, 1280, 720, 3, 3, true);
  irl_layout_init(&without, 1280, 720, 3, 3, false);
  CHECK(without.bar.width == 0.0);
  CHECK(without.tile[0].height > with.tile[0].height);
}

TESTS(TEST(tiles_lie_inside_and_apart), TEST(no_bar_no_foot))
