#include "viewer/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "viewer/pad.h"
#include "viewer/scale.h"
#include "viewer/theme.h"

enum { MAX_PATH = 4096, MAX_METRICS = 1 << 28 };
enum { RETURN, COST, LOG_Z, ESS, DEMO_COST };  // places in PANELS

static const struct {
  const char *key, *title;
} PANELS[] = {{"normalized_return", "normalised return"},
              {"sample_cost", "cost of samples; dashed: of demonstrations"},
              {"log_z", "log Z"},
              {"ess", "effective sample size"},
              {"demo_cost", ""}};
enum { NVALUES = sizeof PANELS / sizeof PANELS[0] };

//---------------------------------- Reading -------------------------------------------------------

// The last part of a path.
static void name_of(char out[64], const char* folder) {
  size_t n = strlen(folder);
  while (n > 1 && folder[n - 1] == '/') {
    n--;
  }
  size_t from = n;
  while (from > 0 && folder[from - 1] != '/') {
    from--;
  }
  (void)snprintf(out, 64, "%.*s", (int)(n - from < 60 ? n - from : 60), folder + from);
}

// One line: an object with the numbers of an iteration, null for those without a meaning.
static irl_err read_line(irl_plot_run* run, const char* path, int number, const char* line,
                         size_t size, irl_errinfo* info) {
  irl_json* doc = NULL;
  IRL_TRY(irl_json_parse_line(&doc, path, number, line, size, info));
  irl_jnode root = irl_json_root(doc);
  for (int k = 0; k < NVALUES; k++) {
    run->value[k][run->n] = NAN;
  }
  run->steps[run->n] = irl_json_as_number(irl_json_get(root, "env_steps"), 0.0, 1e300);
  for (int i = 0; i < irl_json_nkeys(root); i++) {
    irl_jnode value = irl_json_member(root, i);
    for (int k = 0; k < NVALUES; k++) {
      if (strcmp(irl_json_key(root, i), PANELS[k].key) == 0 &&
          irl_json_type(value) == IRL_JSON_NUMBER) {
        run->value[k][run->n] = irl_json_as_number(value, -1e300, 1e300);
      }
    }
  }
  run->n++;
  return irl_json_close(doc, info);
}

// A last line without an end is still being written: it is left for later.
static irl_err read_lines(irl_plot_run* run, const char* path, const char* text,
                          irl_errinfo* info) {
  int lines = 0;
  for (const char* at = text; (at = strchr(at, '\n')) != NULL; at++) {
    lines++;
  }
  run->steps = IRL_NEW(double, lines + 1);
  for (int k = 0; k < NVALUES; k++) {
    run->value[k] = IRL_NEW(double, lines + 1);
    if (run->steps == NULL || run->value[k] == NULL) {
      return irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path);
    }
  }
  for (const char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
    IRL_TRY(read_line(run, path, run->n + 1, at, (size_t)(end - at), info));
  }
  return run->n > 0 ? IRL_OK
                    : irl_fail(info, IRL_ENOENT, "%s: no iteration yet; wait for one", path);
}

irl_err irl_plot_read(irl_plot_run* run, const char* folder, irl_errinfo* info) {
  char path[MAX_PATH], *text = NULL;
  size_t size = 0;
  *run = (irl_plot_run){0};
  name_of(run->name, folder);
  if (!irl_path_join(path, sizeof path, folder, "metrics.jsonl")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
  }
  IRL_TRY(irl_path_check_seen(path, info));
  if (!irl_file_exists(path)) {
    return irl_fail(info, IRL_ENOENT, "%s: holds no curves (no metrics.jsonl); give train's --out",
                    folder);
  }
  IRL_TRY(irl_file_read(path, MAX_METRICS, &text, &size, info));
  irl_err err = read_lines(run, path, text, info);
  irl_free(text);
  if (err != IRL_OK) {
    irl_plot_run_fini(run);
  }
  return err;
}

void irl_plot_run_fini(irl_plot_run* run) {
  irl_free(run->steps);
  for (int k = 0; k < NVALUES; k++) {
    irl_free(run->value[k]);
  }
  *run = (irl_plot_run){0};
}

//---------------------------------- Look ----------------------------------------------------------

typedef struct look {
  irl_ink page, ground, grid, title, text;
  irl_ink curve[8];
  double unit;
} look;

static look look_of(bool light, int width, int height) {
  // Told apart with any kind of colour vision: lightness alternates with hue.
  look dark = {.page = IRL_THEME_PAGE,
               .ground = IRL_THEME_STAGE,
               .grid = IRL_THEME_WALL,
               .title = IRL_THEME_TITLE,
               .text = IRL_THEME_TEXT,
               .curve = {{0.36F, 0.93F, 0.66F, 1.0F},
                         {0.45F, 0.70F, 0.98F, 1.0F},
                         {0.98F, 0.75F, 0.35F, 1.0F},
                         {0.90F, 0.45F, 0.70F, 1.0F},
                         {0.75F, 0.78F, 0.84F, 1.0F},
                         {0.62F, 0.45F, 0.95F, 1.0F},
                         {0.95F, 0.93F, 0.55F, 1.0F},
                         {0.90F, 0.42F, 0.32F, 1.0F}}};
  look white = {.page = {1, 1, 1, 1},
                .ground = {0.965F, 0.97F, 0.978F, 1.0F},
                .grid = {0.87F, 0.88F, 0.90F, 1.0F},
                .title = {0.08F, 0.09F, 0.12F, 1.0F},
                .text = {0.32F, 0.34F, 0.40F, 1.0F},
                .curve = {{0.00F, 0.50F, 0.36F, 1.0F},
                          {0.10F, 0.40F, 0.80F, 1.0F},
                          {0.85F, 0.52F, 0.00F, 1.0F},
                          {0.72F, 0.18F, 0.48F, 1.0F},
                          {0.35F, 0.37F, 0.42F, 1.0F},
                          {0.42F, 0.25F, 0.75F, 1.0F},
                          {0.55F, 0.55F, 0.05F, 1.0F},
                          {0.75F, 0.20F, 0.12F, 1.0F}}};
  look out = light ? white : dark;
  out.unit = fmax(0.35, fmin(width / 1280.0, height / 800.0));
  return out;
}

//---------------------------------- Panels --------------------------------------------------------

typedef struct panel {
  irl_box plot;  // where the curves are
  irl_scale x, y;
} panel;

// Returns far below 0, as before the first updates, would leave no room for what matters.
#define LEAST_RETURN (-0.5)

static irl_err scale_panel(panel* p, const irl_plot_run* runs, int n, int which) {
  size_t count = 0, used = 0;
  double far = 1.0;
  for (int r = 0; r < n; r++) {
    count += 2 * (size_t)runs[r].n;
    far = fmax(far, runs[r].steps[runs[r].n - 1]);
  }
  double* values = IRL_NEW(double, count);
  if (values == NULL) {
    return IRL_ENOMEM;
  }
  for (int r = 0; r < n; r++) {
    for (int i = 0; i < runs[r].n; i++) {
      double v = runs[r].value[which][i];
      values[used++] = which == RETURN ? fmax(v, LEAST_RETURN) : v;
      values[used++] = which == COST ? runs[r].value[DEMO_COST][i] : NAN;
    }
  }
  irl_scale_fit(&p->y, values, used, &(irl_range){IRL_RANGE_AUTO, 0, 0}, false);
  if (which == RETURN) {
    p->y = (irl_scale){.lo = fmin(p->y.lo, 0.0), .hi = fmax(p->y.hi, 1.0) + 0.05};
  }
  if (which == ESS) {  // a number of trajectories: 1.001 of them are 1
    p->y.bend = 0.0;
  }
  p->x = (irl_scale){.lo = 0.0, .hi = far};
  irl_free(values);
  return IRL_OK;
}

// The first iterations' costs are orders of magnitude above the last ones': the axis is bent as
// the viewer's colour bar is, linear near the bottom and logarithmic above.
//
// A little beyond the ends, so that curves that leave are seen to leave.
static double place_y(const panel* p, double value) {
  double part = fmin(1.02, fmax(-0.02, irl_scale_place(&p->y, value)));
  return p->plot.y + p->plot.height * (1.0 - part);
}

static double place_x(const panel* p, double steps) {
  return p->plot.x + p->plot.width * irl_scale_place(&p->x, steps);
}

static void draw_grid(irl_pad* pad, const look* l, const panel* p) {
  irl_ticks ticks;
  irl_pen pen = {12.5 * l->unit, 1.0, IRL_ALIGN_RIGHT, l->text};
  irl_ticks_init(&ticks, &p->y, 6);
  for (int k = 0; k < ticks.n; k++) {
    double y = place_y(p, ticks.value[k]);
    irl_pad_box(pad, (irl_box){p->plot.x, y - 0.5, p->plot.width, 1.0}, 0.0, l->grid);
    irl_pad_text(pad, p->plot.x - 8.0 * l->unit, y + 4.4 * l->unit, &pen, ticks.text[k]);
  }
  pen.align = IRL_ALIGN_CENTER;
  irl_ticks_init(&ticks, &p->x, 5);
  for (int k = 0; k < ticks.n; k++) {
    double x = place_x(p, ticks.value[k]);
    irl_pad_box(pad, (irl_box){x - 0.5, p->plot.y, 1.0, p->plot.height}, 0.0, l->grid);
    irl_pad_text(pad, x, p->plot.y + p->plot.height + 18.0 * l->unit, &pen, ticks.text[k]);
  }
}

// The pieces of a curve between its gaps. points: (n, 2).
static void draw_curve(irl_pad* pad, const look* l, const panel* p, const irl_plot_run* run,
                       const double* value, bool dashed, irl_ink ink, double* points) {
  int used = 0;
  for (int i = 0; i <= run->n; i++) {
    if (i < run->n && isfinite(value[i])) {
      points[2 * used] = place_x(p, run->steps[i]);
      points[2 * used + 1] = place_y(p, value[i]);
      used++;
    } else {
      irl_pad_path(pad, points, used, (dashed ? 1.3 : 2.0) * l->unit, dashed, ink);
      used = 0;
    }
  }
}

static irl_err draw_panel(irl_pad* pad, const look* l, irl_box box, const irl_plot_run* runs, int n,
                          int which) {
  panel p;
  double u = l->unit;
  int most = 1;
  IRL_TRY(scale_panel(&p, runs, n, which));
  for (int r = 0; r < n; r++) {
    most = runs[r].n > most ? runs[r].n : most;
  }
  double* points = IRL_NEW(double, 2 * most);
  if (points == NULL) {
    return IRL_ENOMEM;
  }
  p.plot =
      (irl_box){box.x + 74.0 * u, box.y + 50.0 * u, box.width - 98.0 * u, box.height - 84.0 * u};
  irl_pad_box(pad, box, 12.0 * u, l->ground);
  irl_pen title = {17.0 * u, 1.3, IRL_ALIGN_LEFT, l->title};
  irl_pad_text(pad, box.x + 20.0 * u, box.y + 30.0 * u, &title, PANELS[which].title);
  draw_grid(pad, l, &p);
  for (int r = 0; r < n; r++) {
    if (which == COST) {
      draw_curve(pad, l, &p, &runs[r], runs[r].value[DEMO_COST], true, l->curve[r % 8], points);
    }
    draw_curve(pad, l, &p, &runs[r], runs[r].value[which], false, l->curve[r % 8], points);
  }
  irl_free(points);
  return IRL_OK;
}

// The runs' names in a line at the bottom, as many as there is room for.
static void draw_legend(irl_pad* pad, const look* l, const irl_plot_run* runs, int n, int width,
                        int height) {
  double u = l->unit, x = 24.0 * u, y = height - 22.0 * u;
  irl_pen pen = {14.5 * u, 1.0, IRL_ALIGN_LEFT, l->text};
  irl_pen right = {14.5 * u, 1.0, IRL_ALIGN_RIGHT, l->text};
  const char* axis = "over environment steps";
  double room = width - 48.0 * u - irl_text_width(&right, axis);
  irl_pad_text(pad, width - 24.0 * u, y, &right, axis);
  for (int r = 0; r < n; r++) {
    double wide = irl_text_width(&pen, runs[r].name) + 62.0 * u;
    if (x + wide > room) {
      irl_pad_text(pad, x, y, &pen, "\xE2\x80\xA6");
      return;
    }
    const double line[4] = {x, y - 5.0 * u, x + 26.0 * u, y - 5.0 * u};
    irl_pad_path(pad, line, 2, 3.0 * u, false, l->curve[r % 8]);
    irl_pad_text(pad, x + 34.0 * u, y, &pen, runs[r].name);
    x += wide;
  }
}

static irl_err draw_all(irl_pad* pad, const look* l, const irl_plot_run* runs, int n, int width,
                        int height) {
  double u = l->unit, margin = 16.0 * u, foot = 52.0 * u;
  double wide = 0.5 * (width - 3.0 * margin), tall = 0.5 * (height - foot - 2.0 * margin);
  for (int k = 0; k < IRL_PLOT_PANELS; k++) {
    irl_box box = {margin + (k % 2) * (wide + margin), margin + (double)(k / 2) * (tall + margin),
                   wide, tall};
    IRL_TRY(draw_panel(pad, l, box, runs, n, k));
  }
  draw_legend(pad, l, runs, n, width, height);
  return IRL_OK;
}

irl_err irl_plot_write(const irl_plot_run* runs, int n, const char* path, int width, int height,
                       bool light, irl_errinfo* info) {
  size_t length = strlen(path);
  bool svg = length > 4 && strcmp(path + length - 4, ".svg") == 0;
  irl_pad pad;
  if (!svg && (length <= 4 || strcmp(path + length - 4, ".png") != 0)) {
    return irl_fail(info, IRL_EUNSUPPORTED, "%.200s: unknown ending; use .png or .svg", path);
  }
  if (width < 200 || height < 200 || width > 8192 || height > 8192) {
    return irl_fail(info, IRL_ERANGE,
                    "size %d × %d: out of range; give sides of 200 to 8192 pixels", width, height);
  }
  look l = look_of(light, width, height);
  irl_err err = irl_pad_open(&pad, svg, width, height, l.page);
  if (err == IRL_OK) {
    err = draw_all(&pad, &l, runs, n, width, height);
  }
  if (err != IRL_OK) {
    irl_pad_close(&pad);
    return irl_fail(info, err, "plot: out of memory; choose a smaller --size");
  }
  err = irl_pad_write(&pad, path, info);
  irl_pad_close(&pad);
  return err;
}
