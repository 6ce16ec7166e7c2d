// Memory stays flat however long a replay runs: thousands of frames, each with other colours.
#include <malloc.h>

#include "drivers.h"
#include "synthetic.h"
#include "viewer/frame.h"

enum { WARM = 300, FRAMES = 1300, SIDE = 48 };

// Memory that is handed out now [bytes]; finer than what is resident, which hides small losses in
// the heap's slack.
static double in_use(void) {
  struct mallinfo2 m = mallinfo2();
  return (double)m.uordblks + (double)m.hblkhd;
}

static void draw_frame(irl_show* show, int frame) {
  irl_moment moment = {.step = frame % SYN_STEPS, .focus = frame % 5 - 1};
  irl_range range = {IRL_RANGE_FIXED, 0.0, 4.0 + frame % 7};
  irl_trails trails = irl_show_trails(show, 0, &moment, 1.0);
  irl_chart chart;
  irl_canvas canvas;
  CHECK_OK(irl_show_color(show, 0, &range));
  irl_show_stage(show, 0, &show->layout.tile[0], &moment);
  irl_draw_tile(&show->draw, &show->stage, &show->camera, (mjrRect){0, 0, SIDE, SIDE}, &trails);
  if (frame % 50 == 0) {
    CHECK_OK(irl_canvas_create(&canvas, 320, 240));
    irl_chart_place(&chart, show);
    irl_chart_draw(&canvas, show, &chart, moment.focus, 0.0, 0.0);
    irl_canvas_destroy(&canvas);
  }
}

// New rollouts of a run that is followed are no exception.
static void memory_is_flat(void) {
  synthetic s;
  irl_context gl;
  irl_show show;
  irl_errinfo info = {0};
  irl_view_options options = {.chart = true};
  drivers_pin();
  syn_open(&s, 4);
  CHECK_OK(irl_context_headless(&gl, &info));
  CHECK_OK(irl_show_create(&show, &s.replay, &options, 320, 240, false, &info));
  mjr_resizeOffscreen(SIDE, SIDE, &show.draw.context);
  mjr_setBuffer(mjFB_OFFSCREEN, &show.draw.context);
  double before = 0.0;
  for (int frame = 0; frame < FRAMES; frame++) {
    before = frame == WARM ? in_use() : before;
    draw_frame(&show, frame);
    if (frame % 100 == 99) {
      CHECK_OK(irl_show_renew(&show, &info));
    }
  }
  // 70 bytes lost in each frame would be more; the graphics driver's own play is less.
  printf("%.1f kB more in use\n", (in_use() - before) / 1024.0);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  printf("note: sanitizers keep freed memory for a while, so its amount was not judged\n");
#else
  CHECK_NEAR((in_use() - before) / 1024.0, 0.0, 64.0);  // kB
#endif
  irl_show_destroy(&show);
  irl_context_close(&gl);
  syn_close(&s);
}

TESTS(TEST(memory_is_flat))
