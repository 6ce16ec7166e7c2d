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
        irl_layout_init(&l, &(irl_plan){.width = sizes[s][0],
                                        .height = sizes[s][1],
                                        .tiles = n,
                                        .columns = columns,
                                        .bar = true});
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
  irl_plan plan = {.width = 1280, .height = 720, .tiles = 3, .columns = 3, .bar = true};
  irl_layout_init(&with, &plan);
  plan.bar = false;
  irl_layout_init(&without, &plan);
  CHECK(without.bar.width == 0.0);
  CHECK(without.tile[0].height > with.tile[0].height);
}

static void panel_and_chart_take_their_room(void) {
  irl_plan plan = {
      .left = 260, .width = 1280, .height = 720, .tiles = 3, .columns = 3, .bar = true};
  irl_layout with, without;
  irl_layout_init(&without, &plan);
  plan.chart = 120.0;
  irl_layout_init(&with, &plan);
  CHECK(without.chart.height == 0.0);
  CHECK_NEAR(with.chart.height, 120.0, 1.0);
  for (int i = 0; i < 3; i++) {
    CHECK(with.tile[i].x >= 260 && inside(&with.tile[i], 1280, 720));
    CHECK(with.tile[i].y + with.tile[i].height <= with.chart.y);
  }
  CHECK(with.chart.y + with.chart.height <= with.bar.y);
  CHECK(with.bar.x > 260.0 && with.bar.x + with.bar.width < 1280.0);
}

TESTS(TEST(tiles_lie_inside_and_apart), TEST(no_bar_no_foot), TEST(panel_and_chart_take_their_room))
