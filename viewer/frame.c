#include "viewer/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "viewer/camera_file.h"
#include "viewer/theme.h"

enum {
  STILL_MOMENTS = 3,   // poses of a rollout in a still picture
  STILL_ROLLOUTS = 8,  // rollouts of a group that are given poses in a still picture
  FILM_ROLLOUTS = 64,  // rollouts of a group that move in a film
  STRIDES = 5          // poses of a rollout that goes far in a still picture
};

//---------------------------------- Life ----------------------------------------------------------

// Most poses that a tile shows at once in a film.
static int most_rollouts(const irl_replay* replay) {
  int most = 0;
  for (int g = 0; g < replay->ngroups; g++) {
    most = replay->groups[g].batch->n > most ? replay->groups[g].batch->n : most;
  }
  return most < FILM_ROLLOUTS ? most : FILM_ROLLOUTS;
}

irl_err irl_show_prepare(irl_show* show, const irl_replay* replay, const irl_view_options* options,
                         int width, int height, bool fine, irl_errinfo* info) {
  *show = (irl_show){0};
  mjr_defaultContext(&show->draw.context);
  bool given = false;
  int poses = most_rollouts(replay) + STILL_ROLLOUTS * STILL_MOMENTS;
  irl_err err = irl_motion_create(&show->motion, replay, info);
  show->motion.hidden = options->hidden;
  if (err == IRL_OK) {
    irl_range range =
        show->motion.range.kind == IRL_RANGE_AUTO ? options->range : show->motion.range;
    err = irl_motion_color(&show->motion, options->layer, &range);
  }
  if (err == IRL_OK) {
    mjv_defaultCamera(&show->camera);
    err = irl_camera_find(&show->camera, show->motion.model, options->camera, &given, info);
  }
  if (err == IRL_OK) {
    err = irl_stage_create(&show->stage, &show->motion, poses, fine, info);
  }
  if (err == IRL_OK) {
    err = irl_draw_recut(&show->draw, &show->stage, info);
  }
  if (err != IRL_OK) {
    irl_show_destroy(show);
    return err;
  }
  show->groups = replay->ngroups < IRL_GROUPS_MAX ? replay->ngroups : IRL_GROUPS_MAX;
  show->chart = options->chart ? IRL_CHART_TALL : 0.0;
  irl_show_arrange(show, 0, width, height, options->hidden);
  if (!given) {
    show->along = show->motion.far;
    irl_view_angle(&show->motion, &show->camera.azimuth, &show->camera.elevation);
    irl_show_arrange(show, 0, width, height, options->hidden);
    irl_show_aim(show);
  }
  return IRL_OK;
}

irl_err irl_show_create(irl_show* show, const irl_replay* replay, const irl_view_options* options,
                        int width, int height, bool fine, irl_errinfo* info) {
  IRL_TRY(irl_show_prepare(show, replay, options, width, height, fine, info));
  mjr_makeContext(show->stage.look, &show->draw.context, mjFONTSCALE_100);
  return IRL_OK;
}

irl_err irl_show_color(irl_show* show, int layer, const irl_range* range) {
  IRL_TRY(irl_motion_color(&show->motion, layer, range));
  irl_draw_recolor(&show->draw, &show->stage);
  return IRL_OK;
}

irl_err irl_show_renew(irl_show* show, irl_errinfo* info) {
  irl_motion before = show->motion;
  const irl_range range = before.range;
  const unsigned hidden = before.hidden;
  int layer = before.layer < before.replay->nlayers ? before.layer : 0;
  irl_err err = irl_motion_create(&show->motion, before.replay, info);
  if (err != IRL_OK) {
    show->motion = before;
    return err;
  }
  irl_motion_destroy(&before);
  show->motion.hidden = hidden;
  IRL_TRY(irl_motion_color(&show->motion, layer, &range));
  return irl_draw_recut(&show->draw, &show->stage, info);
}

void irl_show_destroy(irl_show* show) {
  irl_draw_destroy(&show->draw);
  irl_stage_destroy(&show->stage);
  irl_motion_destroy(&show->motion);
  *show = (irl_show){0};
}

//---------------------------------- Arrangement ---------------------------------------------------

static double tile_aspect(const irl_tile* tile) {
  return (double)tile->width / (tile->height - tile->head > 1 ? tile->height - tile->head : 1);
}

static void fit(const irl_show* show, mjvCamera* camera, const irl_tile* tile) {
  const double fovy = (double)show->stage.look->vis.global.fovy;
  if (show->along) {
    irl_journey_fit(camera, &show->motion, tile_aspect(tile), fovy);
  } else {
    irl_view_fit(camera, &show->motion, tile_aspect(tile), fovy);
  }
}

// Pixels that a metre takes at the best distance.
static double fitted_size(const irl_show* show, const irl_layout* layout) {
  mjvCamera camera = show->camera;
  fit(show, &camera, &layout->tile[0]);
  return (layout->tile[0].height - layout->tile[0].head) / camera.distance;
}

void irl_show_arrange(irl_show* show, int left, int width, int height, unsigned hidden) {
  irl_plan plan = {.left = left,
                   .width = width,
                   .height = height,
                   .bar = show->motion.has_cost,
                   .chart = show->motion.has_cost ? show->chart : 0.0};
  double best = 0.0;
  for (int g = 0; g < show->groups; g++) {
    if (!(hidden >> g & 1U)) {
      show->shown[plan.tiles++] = g;
    }
  }
  for (plan.columns = plan.tiles; plan.columns >= 1; plan.columns--) {
    irl_layout layout;
    irl_layout_init(&layout, &plan);
    double size = fitted_size(show, &layout);
    // One row unless others show the motion clearly larger, as when a runner crosses the picture.
    if (plan.columns == plan.tiles || size > 1.25 * best) {
      show->layout = layout;
      best = size;
    }
  }
}

void irl_show_aim(irl_show* show) {
  if (show->camera.type == mjCAMERA_FREE) {
    fit(show, &show->camera, &show->layout.tile[0]);
  }
}

//---------------------------------- Poses ---------------------------------------------------------

// The step at which a rollout has covered the given part of its trail's length.
static int step_at_path(const irl_motion* motion, int group, int episode, double part) {
  int last = motion->replay->groups[group].batch->length[episode];
  double total = 0.0, seen = 0.0;
  for (int pass = 0; pass < 2; pass++) {
    for (int t = 1; t <= last; t++) {
      const float* a = irl_motion_trail(motion, group, episode, t - 1, 0);
      const float* b = irl_motion_trail(motion, group, episode, t, 0);
      double d = hypot(hypot((double)(b[0] - a[0]), (double)(b[1] - a[1])), (double)(b[2] - a[2]));
      total += pass == 0 ? d : 0.0;
      seen += pass == 1 ? d : 0.0;
      if (pass == 1 && seen >= part * total) {
        return t;
      }
    }
  }
  return last;
}

// A start, a middle and a final pose of some rollouts of each condition: the end counts, so it
// stands out.
static void add_still_poses(irl_show* show, int group) {
  const irl_batch* batch = show->motion.replay->groups[group].batch;
  const double parts[STILL_MOMENTS] = {0.0, 0.55, 1.0};
  const float alphas[STILL_MOMENTS] = {0.16F, 0.20F, 0.80F};
  int conditions = 1, given = 0;
  for (int i = 0; i < batch->n; i++) {
    conditions = batch->condition[i] >= conditions ? batch->condition[i] + 1 : conditions;
  }
  int each = conditions < 4 ? 4 / conditions : 1;
  for (int c = 0; c < conditions; c++) {
    for (int i = 0, taken = 0; i < batch->n && taken < each && given < STILL_ROLLOUTS; i++) {
      if (batch->condition[i] != c || !irl_motion_shown(&show->motion, group, i)) {
        continue;
      }
      for (int k = given == 0 ? 0 : 1; k < STILL_MOMENTS;
           k++) {  // the start is much the same for all
        int t = k == 0 ? 0 : step_at_path(&show->motion, group, i, parts[k]);
        t = k == STILL_MOMENTS - 1 ? batch->length[i] : t;
        irl_stage_add(&show->stage, group, i, t, alphas[k]);
      }
      taken++;
      given++;
    }
  }
}

// All rollouts where they are now, fainter the more there are.
static void add_film_poses(irl_show* show, int group, const irl_moment* moment) {
  const irl_batch* batch = show->motion.replay->groups[group].batch;
  int n = batch->n < FILM_ROLLOUTS ? batch->n : FILM_ROLLOUTS;
  float alpha = n <= 2 ? 0.95F : n <= 8 ? 0.7F : n <= 24 ? 0.45F : 0.3F;
  for (int k = 0; k < n; k++) {
    int i = (int)((long)k * batch->n / n);
    bool focused = moment->focus < 0 || moment->focus == i;
    if (irl_motion_shown(&show->motion, group, i) && (focused || n > 1)) {
      float a = moment->focus < 0 ? alpha : focused ? 0.96F : 0.05F;
      irl_stage_add(&show->stage, group, i, moment->step, a);
    }
  }
}

//---------------------------------- Going along ---------------------------------------------------

static int strides(const irl_show* show, int group, int guide, int steps[STRIDES]) {
  return irl_journey_strides(&show->motion, group, guide, 1.2 * show->motion.radius, steps,
                             STRIDES);
}

// The last strides of one rollout, fainter the longer ago.
static void add_strides(irl_show* show, int group, const irl_moment* moment) {
  const int guide = irl_journey_guide(&show->motion, group, moment->focus);
  int steps[STRIDES];
  const int n = guide >= 0 ? strides(show, group, guide, steps) : 0;
  for (int k = 0; k < n; k++) {
    irl_stage_add(&show->stage, group, guide, steps[k], k == 0 ? 0.95F : 0.6F - 0.1F * (float)k);
  }
}

void irl_show_way(const irl_show* show, int group, const irl_moment* moment, double way[3]) {
  const int guide = irl_journey_guide(&show->motion, group, moment->focus);
  mju_zero3(way);
  if (!show->along || show->camera.type != mjCAMERA_FREE || guide < 0) {
    return;
  }
  if (!moment->still) {
    irl_journey_way(&show->motion, group, guide, moment->step, way);
    return;
  }
  int steps[STRIDES];  // the middle of the strides
  double first[3];
  const int n = strides(show, group, guide, steps);
  irl_journey_way(&show->motion, group, guide, steps[0], way);
  irl_journey_way(&show->motion, group, guide, steps[n - 1], first);
  mju_addTo3(way, first);
  mju_scl3(way, way, 0.5);
}

void irl_show_stage(irl_show* show, int group, const irl_tile* tile, const irl_moment* moment) {
  double way[3];
  irl_show_way(show, group, moment, way);
  show->eye = show->camera;
  mju_addTo3(show->eye.lookat, way);
  irl_stage_begin(&show->stage, &show->eye, (double)tile->head / tile->height);
  if (moment->still && show->along) {
    add_strides(show, group, moment);
  } else if (moment->still) {
    add_still_poses(show, group);
  } else {
    add_film_poses(show, group, moment);
  }
}

irl_trails irl_show_trails(const irl_show* show, int group, const irl_moment* moment, double unit) {
  int n = show->motion.replay->groups[group].batch->n;
  double pixels = n <= 6 ? 3.0 : n <= 20 ? 2.6 : n <= 60 ? 2.0 : 1.4;
  return (irl_trails){.group = group,
                      .until = moment->still ? show->motion.steps : moment->step,
                      .focus = moment->focus,
                      .pixels = fmax(1.2, pixels * unit),
                      .opacity = n <= 24 ? 1.0F : 0.8F};
}

//---------------------------------- Words ---------------------------------------------------------

typedef struct group_numbers {
  int rollouts;
  double cost;  // mean over rollouts, of all steps or of one
  double mean_return;
} group_numbers;

// Mean cost of a rollout's steps, or the cost of the step shown.
static double rollout_cost(const irl_motion* motion, int group, int episode, const irl_moment* m) {
  int length = motion->replay->groups[group].batch->length[episode];
  if (!m->still || length == 0) {
    return irl_motion_cost(motion, group, episode, m->step);
  }
  double sum = 0.0;
  for (int t = 0; t < length; t++) {
    sum += irl_motion_cost(motion, group, episode, t);
  }
  return sum / length;
}

static group_numbers count(const irl_motion* motion, int group, const irl_moment* moment) {
  const irl_batch* batch = motion->replay->groups[group].batch;
  group_numbers out = {0};
  for (int i = 0; i < batch->n; i++) {
    if (irl_motion_shown(motion, group, i) && (moment->focus < 0 || moment->focus == i)) {
      out.rollouts++;
      out.cost += rollout_cost(motion, group, i, moment);
      out.mean_return += irl_batch_return(batch, i);
    }
  }
  out.cost /= out.rollouts > 0 ? out.rollouts : 1;
  out.mean_return /= out.rollouts > 0 ? out.rollouts : 1;
  return out;
}

void irl_show_caption(const irl_show* show, int group, const irl_moment* moment, char* out,
                      size_t size) {
  const irl_replay_group* g = &show->motion.replay->groups[group];
  group_numbers numbers = count(&show->motion, group, moment);
  char cost[48] = "", text[48] = "", amount[32];
  if (isfinite(numbers.cost)) {
    irl_format_number(amount, sizeof amount, numbers.cost);
    (void)snprintf(cost, sizeof cost, " \xC2\xB7 %s %s", irl_motion_word(&show->motion), amount);
  }
  if (g->batch->has_reward) {
    irl_format_number(amount, sizeof amount, numbers.mean_return);
    (void)snprintf(text, sizeof text, " \xC2\xB7 return %s", amount);
  }
  (void)snprintf(out, size, "%d rollout%s%s%s", numbers.rollouts, numbers.rollouts == 1 ? "" : "s",
                 text, cost);
}

// Makes the text smaller until it fits, down to 0.7 of its size, and then shorter.
static void draw_fitted(irl_canvas* canvas, double x, double y, irl_pen pen, double room,
                        const char* text) {
  char shorter[192];
  double width = irl_text_width(&pen, text);
  pen.size *= width > room ? fmax(0.7, room / width) : 1.0;
  int keep = snprintf(shorter, sizeof shorter - 4, "%s", text);
  keep = keep < (int)sizeof shorter - 5 ? keep : (int)sizeof shorter - 5;
  while (keep > 0 && irl_text_width(&pen, shorter) > room + 0.5) {
    do {  // a whole UTF-8 character
      keep--;
    } while (keep > 0 && ((unsigned char)shorter[keep] & 0xC0) == 0x80);
    memcpy(shorter + keep, "\xE2\x80\xA6", 4);  // an ellipsis
  }
  irl_canvas_text(canvas, x, y, &pen, shorter);
}

// What stands still may reach up into the head: a veil that thins out downwards keeps it from the
// words.
static void draw_veil(irl_canvas* canvas, irl_box box) {
  const int rows = (int)box.height;
  for (int y = 0; y < rows; y++) {
    const double left = (double)(rows - y) / rows;
    irl_ink ink = IRL_THEME_STAGE;
    ink.a = (float)fmin(0.94, 3.0 * left);
    irl_canvas_box(canvas, (irl_box){box.x, box.y + y, box.width, 1.0}, 0.0, ink);
  }
}

void irl_draw_title(irl_canvas* canvas, irl_box box, double unit, const char* name,
                    const char* caption) {
  draw_veil(canvas, box);
  double inset = 18.0 * unit, room = box.width - 2.0 * inset;
  irl_pen title = {.size = fmax(11.0, 23.0 * unit), .weight = 1.35, .ink = IRL_THEME_TITLE};
  irl_pen small = {.size = fmax(9.0, 15.0 * unit), .weight = 1.0, .ink = IRL_THEME_TEXT};
  draw_fitted(canvas, box.x + inset, box.y + 34.0 * unit, title, room, name);
  draw_fitted(canvas, box.x + inset, box.y + 57.0 * unit, small, room, caption);
}

//---------------------------------- Colour bar ----------------------------------------------------

static void fill_bar(irl_canvas* canvas, const irl_show* show, irl_box bar) {
  int columns = (int)ceil(bar.width);
  for (int k = 0; k < columns; k++) {
    double from = bar.x + k, to = fmin(bar.x + k + 1, bar.x + bar.width);
    float rgb[3];
    irl_colormap_at(irl_stage_map(&show->stage), (k + 0.5) / bar.width, rgb);
    // Neighbours overlap by half a pixel so that no dark seams show between them.
    irl_box column = {from, bar.y, to - from + (k + 1 < columns ? 0.5 : 0.0), bar.height};
    irl_canvas_box(canvas, column, 0.0, (irl_ink){rgb[0], rgb[1], rgb[2], 1.0F});
  }
}

// Points at the ends tell that values lie beyond them.
static void point_ends(irl_canvas* canvas, const irl_show* show, irl_box bar) {
  const irl_scale* scale = &show->motion.scale;
  for (int end = 0; end < 2; end++) {
    if (end == 0 ? scale->below : scale->above) {
      double x = end == 0 ? bar.x : bar.x + bar.width, way = end == 0 ? -1.0 : 1.0;
      float rgb[3];
      irl_colormap_at(irl_stage_map(&show->stage), end, rgb);
      const double corners[6] = {
          x, bar.y, x, bar.y + bar.height, x + way * 0.75 * bar.height, bar.y + 0.5 * bar.height};
      irl_canvas_triangle(canvas, corners, (irl_ink){rgb[0], rgb[1], rgb[2], 1.0F});
    }
  }
}

void irl_draw_bar(irl_canvas* canvas, const irl_show* show, double x, double y) {
  const irl_layout* layout = &show->layout;
  irl_box bar = layout->bar;
  double unit = layout->unit;
  if (bar.width <= 0.0) {
    return;
  }
  bar.x -= x;
  bar.y -= y;
  fill_bar(canvas, show, bar);
  point_ends(canvas, show, bar);
  irl_ticks ticks;
  irl_ticks_init(&ticks, &show->motion.scale, 8);
  irl_pen number = {fmax(9.0, 14.5 * unit), 1.0, IRL_ALIGN_CENTER, IRL_THEME_TEXT};
  for (int k = 0; k < ticks.n; k++) {
    double at = bar.x + bar.width * irl_scale_place(&show->motion.scale, ticks.value[k]);
    irl_box mark = {at - 0.5, bar.y + bar.height, 1.0, 4.0 * unit};
    irl_canvas_box(canvas, mark, 0.0, IRL_THEME_FAINT);
    irl_canvas_text(canvas, at, bar.y + bar.height + 19.0 * unit, &number, ticks.text[k]);
  }
  irl_pen label = {fmax(9.5, 16.0 * unit), 1.0, IRL_ALIGN_RIGHT, IRL_THEME_TITLE};
  double edge = bar.x - 1.6 * bar.height;
  draw_fitted(canvas, edge, bar.y + bar.height - 1.0 * unit, label,
              edge + x - layout->left - 20.0 * unit, irl_motion_quantity(&show->motion));
}

void irl_draw_note(irl_canvas* canvas, const irl_show* show, double x, double y, const char* note) {
  const irl_layout* l = &show->layout;
  irl_box bar = l->bar;
  irl_pen small = {fmax(9.0, 14.5 * l->unit), 1.0, IRL_ALIGN_RIGHT, IRL_THEME_FAINT};
  double right = l->width - 20.0 * l->unit - x;
  if (bar.width > 0.0) {
    draw_fitted(canvas, right, bar.y + bar.height - l->unit - y, small,
                right + x - bar.x - bar.width - 1.6 * bar.height, note);
  }
}

void irl_show_note(const irl_show* show, const irl_moment* moment, char* out, size_t size) {
  const irl_task_info* task = irl_task_get(show->motion.replay->task);
  if (moment->still) {
    (void)snprintf(out, size, "%.48s", task->name);
  } else {
    (void)snprintf(out, size, "%.48s   t = %.2f s", task->name, moment->step * task->dt);
  }
}
