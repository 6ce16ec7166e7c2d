#include "viewer/chart.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "viewer/frame.h"
#include "viewer/theme.h"

// Design pixels.
#define NAMES 112.0  // column of names and numbers at the left
#define EDGE 14.0    // at the right, top and bottom
#define ROW_GAP 4.0

//---------------------------------- Place ---------------------------------------------------------

void irl_chart_place(irl_chart* chart, const irl_show* show) {
  const irl_layout* l = &show->layout;
  double unit = l->unit, top = l->chart.y + 8.0 * unit;
  *chart = (irl_chart){.steps = show->motion.steps, .nstrips = l->ntiles};
  chart->x = l->chart.x + NAMES * unit;
  chart->width = fmax(1.0, l->chart.width - (NAMES + EDGE) * unit);
  double bottom = l->chart.y + l->chart.height - 8.0 * unit;
  if (show->chart >= IRL_CHART_TALL) {
    double height = l->chart.height - (16.0 + IRL_CHART_LOW - 12.0) * unit;
    chart->plot = (irl_box){chart->x, top + 2.0 * unit, chart->width, height};
    top += height + 10.0 * unit;
  }
  double gap = ROW_GAP * unit, n = l->ntiles;
  double tall = fmax(2.0, (bottom - top - gap * (n - 1)) / n);
  for (int i = 0; i < l->ntiles; i++) {
    chart->strip[i] = (irl_box){chart->x, top + i * (tall + gap), chart->width, tall};
  }
}

double irl_chart_x(const irl_chart* chart, double step) {
  return chart->x + chart->width * step / (chart->steps > 0 ? chart->steps : 1);
}

double irl_chart_step(const irl_chart* chart, double x) {
  return fmin(1.0, fmax(0.0, (x - chart->x) / chart->width)) * chart->steps;
}

//---------------------------------- Values --------------------------------------------------------

static int compare(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

// 10th, 50th and 90th percentile over a group's rollouts at step t; NaN where none is that long. A
// rollout in focus stands for all. work: (n).
static void spread_at(const irl_motion* motion, int group, int focus, int t, double* work,
                      double out[3]) {
  const irl_batch* batch = motion->replay->groups[group].batch;
  int n = 0;
  for (int i = 0; i < batch->n; i++) {
    bool chosen = focus < 0 || focus >= batch->n || focus == i;
    if (chosen && irl_motion_shown(motion, group, i) && t < batch->length[i]) {
      double value = irl_motion_cost(motion, group, i, t);
      work[n] = value;
      n += isfinite(value);
    }
  }
  out[0] = out[1] = out[2] = NAN;
  if (n > 0) {
    qsort(work, (size_t)n, sizeof *work, compare);
    out[0] = work[(int)(0.1 * (n - 1))];
    out[1] = 0.5 * (work[(n - 1) / 2] + work[n / 2]);
    out[2] = work[(int)(0.9 * (n - 1) + 0.5)];
  }
}

//---------------------------------- Drawing -------------------------------------------------------

// Told apart with any kind of colour vision, and none of them on the cost's own map.
irl_ink irl_chart_ink(int group) {
  static const irl_ink inks[] = {{0.45F, 0.78F, 0.98F, 1.0F},
                                 {0.62F, 0.65F, 0.70F, 1.0F},
                                 {0.36F, 0.93F, 0.66F, 1.0F},
                                 {0.95F, 0.90F, 0.55F, 1.0F}};
  return inks[group & 3];
}

static void draw_strip(irl_canvas* canvas, const irl_show* show, irl_box box, int group, int focus,
                       double* work) {
  const irl_motion* motion = &show->motion;
  irl_canvas_box(canvas, box, 0.0, IRL_THEME_WALL);
  for (int t = 0; t < motion->steps; t++) {
    double spread[3];
    float rgb[3];
    spread_at(motion, group, focus, t, work, spread);
    if (isnan(spread[1])) {
      continue;
    }
    irl_stage_color(&show->stage, spread[1], rgb);
    // Whole pixels, so that no seams show between neighbours.
    double from = floor(box.x + box.width * t / motion->steps);
    double to = floor(box.x + box.width * (t + 1) / motion->steps);
    irl_box cell = {from, box.y, to - from, box.height};
    irl_canvas_box(canvas, cell, 0.0, (irl_ink){rgb[0], rgb[1], rgb[2], 1.0F});
  }
}

// The figure's axis is the colour bar's, bent alike, so that a height and a colour say the same. A
// curve that leaves the range runs along the edge.
static double plot_y(const irl_show* show, irl_box plot, double value) {
  double place = irl_scale_place(&show->motion.scale, value);
  return plot.y + plot.height * (1.0 - fmin(1.04, fmax(-0.04, place)));
}

// Median and, over many rollouts, the band that holds the middle eight tenths.
static void draw_curve(irl_canvas* canvas, const irl_show* show, irl_box plot, int group, int focus,
                       double* work) {
  irl_ink ink = irl_chart_ink(group), band = ink;
  double last[2] = {0, 0}, unit = show->layout.unit, steps = show->motion.steps;
  bool drawing = false;
  band.a = 0.16F;
  for (int t = 0; t < show->motion.steps; t++) {
    double v[3];
    spread_at(&show->motion, group, focus, t, work, v);
    if (isnan(v[1])) {
      drawing = false;
      continue;
    }
    double here[2] = {plot.x + plot.width * (t + 0.5) / steps, plot_y(show, plot, v[1])};
    double top = plot_y(show, plot, v[2]), bottom = plot_y(show, plot, v[0]);
    double from = floor(plot.x + plot.width * t / steps);
    double to = floor(plot.x + plot.width * (t + 1) / steps);
    irl_box column = {from, top, to - from, bottom - top};
    irl_canvas_box(canvas, column, 0.0, band);
    if (drawing) {
      irl_canvas_line(canvas, last, here, 1.8 * unit, ink);
    }
    drawing = true;
    last[0] = here[0];
    last[1] = here[1];
  }
}

static void draw_axes(irl_canvas* canvas, const irl_show* show, irl_box plot) {
  double unit = show->layout.unit;
  irl_ticks ticks;
  irl_pen pen = {fmax(8.5, 12.0 * unit), 1.0, IRL_ALIGN_RIGHT, IRL_THEME_FAINT};
  irl_ticks_init(&ticks, &show->motion.scale, 4);
  for (int k = 0; k < ticks.n; k++) {
    double y = plot_y(show, plot, ticks.value[k]);
    irl_canvas_box(canvas, (irl_box){plot.x, y - 0.5, plot.width, 1.0}, 0.0, IRL_THEME_WALL);
    irl_canvas_text(canvas, plot.x - 8.0 * unit, y + 4.2 * unit, &pen, ticks.text[k]);
  }
}

static irl_box moved(irl_box box, double x, double y) {
  return (irl_box){box.x - x, box.y - y, box.width, box.height};
}

void irl_chart_draw(irl_canvas* canvas, const irl_show* show, const irl_chart* chart, int focus,
                    double x, double y) {
  const irl_replay* replay = show->motion.replay;
  const irl_layout* l = &show->layout;
  int most = 1;
  for (int g = 0; g < replay->ngroups; g++) {
    most = replay->groups[g].batch->n > most ? replay->groups[g].batch->n : most;
  }
  double* work = IRL_NEW(double, most);
  if (work == NULL) {
    return;  // the picture goes on without
  }
  irl_canvas_box(canvas, moved(l->chart, x, y), l->radius, IRL_THEME_STAGE);
  irl_box plot = moved(chart->plot, x, y);
  if (chart->plot.height > 0.0) {
    draw_axes(canvas, show, plot);
  }
  for (int i = 0; i < chart->nstrips; i++) {
    int group = show->shown[i];
    irl_box strip = moved(chart->strip[i], x, y);
    irl_pen pen = {fmax(8.5, 13.0 * l->unit), 1.0, IRL_ALIGN_RIGHT, irl_chart_ink(group)};
    draw_strip(canvas, show, strip, group, focus, work);
    irl_canvas_text(canvas, strip.x - 8.0 * l->unit, strip.y + 0.5 * strip.height + 0.35 * pen.size,
                    &pen, replay->groups[group].name);
    if (chart->plot.height > 0.0) {
      draw_curve(canvas, show, plot, group, focus, work);
    }
  }
  irl_free(work);
}

void irl_chart_cursor(irl_canvas* canvas, const irl_chart* chart, double step, double x, double y,
                      double unit) {
  double at = irl_chart_x(chart, step) - x;
  irl_box first = chart->plot.height > 0.0 ? chart->plot : chart->strip[0];
  irl_box last = chart->strip[chart->nstrips > 0 ? chart->nstrips - 1 : 0];
  double top = first.y - 4.0 * unit - y, bottom = last.y + last.height + 4.0 * unit - y;
  irl_box line = {at - unit, top, 2.0 * unit, bottom - top};
  irl_canvas_box(canvas, line, unit, IRL_THEME_TITLE);
}
