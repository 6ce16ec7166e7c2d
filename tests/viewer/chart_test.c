#include "viewer/chart.h"

#include "synthetic.h"
#include "viewer/frame.h"

static void prepare(irl_show* show, const synthetic* s, unsigned hidden) {
  irl_errinfo info = {0};
  irl_view_options options = {.chart = true, .hidden = hidden};
  CHECK_OK(irl_show_prepare(show, &s->replay, &options, 1280, 720, false, &info));
}

static void places_and_steps_are_inverse(void) {
  synthetic s;
  irl_show show;
  irl_chart chart;
  syn_open(&s, 3);
  prepare(&show, &s, 0);
  irl_chart_place(&chart, &show);
  CHECK(chart.nstrips == 1 && chart.steps == SYN_STEPS);
  for (int t = 0; t <= SYN_STEPS; t++) {
    CHECK_NEAR(irl_chart_step(&chart, irl_chart_x(&chart, t)), t, 1e-9);
  }
  CHECK(irl_chart_step(&chart, -1e6) == 0.0 && irl_chart_step(&chart, 1e6) == SYN_STEPS);
  irl_box all = show.layout.chart;
  CHECK(chart.plot.y >= all.y && chart.plot.y + chart.plot.height < chart.strip[0].y);
  CHECK(chart.strip[0].y + chart.strip[0].height <= all.y + all.height);
  irl_show_destroy(&show);
  syn_close(&s);
}

// The strip has the colour of the median rollout's cost at each step, here a ramp of known costs.
static void strip_has_the_medians_colours(void) {
  synthetic s;
  irl_show show;
  irl_chart chart;
  irl_canvas canvas;
  syn_open(&s, 3);
  for (int t = 0; t < SYN_STEPS; t++) {
    for (int i = 0; i < 3; i++) {  // the middle one is the median: 4 t / T
      s.cost[i * SYN_STEPS + t] = 4.0 * t / SYN_STEPS + (i - 1) * 0.7;
    }
  }
  prepare(&show, &s, 0);
  irl_chart_place(&chart, &show);
  CHECK_OK(irl_canvas_create(&canvas, 1280, 720));
  for (int focus = -1; focus < 3; focus += 3) {
    irl_chart_draw(&canvas, &show, &chart, focus, 0.0, 0.0);
    for (int t = 0; t < SYN_STEPS; t++) {
      double cost = 4.0 * t / SYN_STEPS + (focus < 0 ? 0.0 : (focus - 1) * 0.7);
      int x = (int)irl_chart_x(&chart, t + 0.5);
      int y = (int)(chart.strip[0].y + 0.5 * chart.strip[0].height);
      float rgb[3];
      irl_stage_color(&show.stage, cost, rgb);
      for (int c = 0; c < 3; c++) {
        CHECK_NEAR(canvas.rgba[4 * (y * 1280 + x) + c], 255.0 * (double)rgb[c], 1.0);
      }
    }
  }
  irl_canvas_destroy(&canvas);
  irl_show_destroy(&show);
  syn_close(&s);
}

// A group that is switched off has no tile, no strip and no say in the range.
static void hidden_groups_are_left_out(void) {
  synthetic s;
  irl_show show;
  double* large = IRL_NEW(double, 3 * SYN_STEPS);
  syn_open(&s, 3);
  for (int k = 0; k < 3 * SYN_STEPS; k++) {
    large[k] = 1e6 + k;
  }
  irl_replay_group groups[2] = {s.group, s.group};
  groups[1].cost = large;
  s.replay.groups = groups;
  s.replay.ngroups = 2;
  s.replay.range[1] = 0.0;
  prepare(&show, &s, 0);
  CHECK(show.layout.ntiles == 2 && show.motion.scale.hi > 1e5);
  irl_show_destroy(&show);
  prepare(&show, &s, 2);
  CHECK(show.layout.ntiles == 1 && show.shown[0] == 0);
  CHECK(show.motion.scale.hi < 4.0);
  irl_show_destroy(&show);
  prepare(&show, &s, 1);
  CHECK(show.layout.ntiles == 1 && show.shown[0] == 1);
  irl_show_destroy(&show);
  irl_free(large);
  syn_close(&s);
}

TESTS(TEST(places_and_steps_are_inverse), TEST(strip_has_the_medians_colours),
      TEST(hidden_groups_are_left_out))
