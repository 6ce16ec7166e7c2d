#include <GL/gl.h>
#include <math.h>

#include "viewer/theme.h"
#include "viewer/window_internal.h"

static void clear_window(const irl_window* window) {
  const irl_ink page = IRL_THEME_PAGE;
  glViewport(0, 0, window->width, window->height);
  glDisable(GL_SCISSOR_TEST);
  glClearColor(page.r, page.g, page.b, 1.0F);
  glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT);
}

// The tiles are drawn into the same kind of buffer as pictures without a window are, so that both
// are the same whatever samples the window itself has. False when the driver has none so large.
static bool use_buffer(irl_window* window) {
  mjrContext* context = &window->show.draw.context;
  bool fits = window->width <= window->gl.max_side && window->height <= window->gl.max_side;
  if (fits && (context->offWidth != window->width || context->offHeight != window->height)) {
    mjr_resizeOffscreen(window->width, window->height, context);
  }
  mjr_setBuffer(fits ? mjFB_OFFSCREEN : mjFB_WINDOW, context);
  return context->currentBuffer == mjFB_OFFSCREEN;
}

static mjrRect tile_rect(const irl_window* window, int i) {
  const irl_tile* tile = &window->show.layout.tile[i];
  return (mjrRect){tile->x, window->height - tile->y - tile->height, tile->width, tile->height};
}

static void draw_tile(irl_window* window, int i) {
  irl_show* show = &window->show;
  irl_moment moment = irl_window_moment(window);
  irl_trails trails = irl_show_trails(show, show->shown[i], &moment, show->layout.unit);
  if (window->set.field && window->field.nvertex > 0) {
    trails.mesh = window->field.vertex;
    trails.nmesh = window->field.nvertex;
    trails.head = show->layout.tile[i].head;
  }
  irl_show_stage(show, show->shown[i], &show->layout.tile[i], &moment);
  irl_draw_tile(&show->draw, &show->stage, &show->eye, tile_rect(window, i), &trails);
  window->lens[i] = show->draw.lens;
}

static void draw_tiles(irl_window* window) {
  mjrContext* context = &window->show.draw.context;
  bool buffered = use_buffer(window);
  for (int i = 0; i < window->show.layout.ntiles; i++) {
    draw_tile(window, i);
    if (buffered) {
      mjr_blitBuffer(tile_rect(window, i), tile_rect(window, i), 1, 0, context);
    }
  }
  mjr_setBuffer(mjFB_WINDOW, context);
}

void irl_window_draw(irl_window* window) {
  if (window->rearrange) {
    irl_show_arrange(&window->show, window->panel ? window->panel_width : 0, window->width,
                     window->height, irl_window_hidden(window));
    irl_chart_place(&window->chart, &window->show);
    if (!window->steered) {
      irl_show_aim(&window->show);
    }
    window->rearrange = false;
  }
  clear_window(window);
  draw_tiles(window);
  irl_window_draw_words(window);
  irl_window_capture(window);
  irl_window_draw_aids(window);
  irl_controls_draw(window);
  irl_window_draw_help(window);
}

// Every point of every trail that is drawn now is projected and the nearest one kept: some ten
// thousand projections, far less than a frame takes, and no index that could be out of date.
irl_pick irl_window_pick(const irl_window* window, double x, double y, double reach) {
  const irl_show* show = &window->show;
  irl_pick best = {0};
  double nearest = reach * reach;
  int now = irl_window_step(window);
  for (int i = 0; i < show->layout.ntiles; i++) {
    const irl_tile* tile = &show->layout.tile[i];
    int g = show->shown[i];
    const irl_batch* batch = show->motion.replay->groups[g].batch;
    double dx = x - tile->x, dy = y - tile->y;
    if (dx < 0 || dy < 0 || dx >= tile->width || dy >= tile->height) {
      continue;
    }
    for (int e = 0; e < batch->n; e++) {
      int last = now < batch->length[e] ? now : batch->length[e];
      for (int t = 0; irl_motion_shown(&show->motion, g, e) && t <= last; t++) {
        for (int k = 0; k < show->motion.npoints; k++) {
          float at[3];
          bool seen =
              irl_lens_project(&window->lens[i], irl_motion_trail(&show->motion, g, e, t, k), at);
          double rx = (double)at[0] - dx, ry = (double)at[1] - dy;
          // Of equally near ones the rollout in focus is meant.
          double far = rx * rx + ry * ry - (e == window->set.focus - 1 ? 9.0 : 0.0);
          if (seen && far < nearest) {
            nearest = far;
            best = (irl_pick){true, g, e, t};
          }
        }
      }
    }
  }
  return best;
}
