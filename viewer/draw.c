#include "viewer/draw.h"

#include <GL/gl.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"

enum { MANY_KNOTS = 200000 };

//---------------------------------- Smoothed trails -----------------------------------------------

// Catmull-Rom spline through p1 and p2 at part u of the way, p0 and p3 being their neighbours.
static float spline(float p0, float p1, float p2, float p3, float u) {
  float a = 2.0F * p1, b = p2 - p0, c = 2.0F * p0 - 5.0F * p1 + 4.0F * p2 - p3;
  float d = 3.0F * (p1 - p2) + p3 - p0;
  return 0.5F * (a + u * (b + u * (c + u * d)));
}

static void to_bytes(const float rgb[3], uint8_t out[3]) {
  for (int c = 0; c < 3; c++) {
    out[c] = (uint8_t)(rgb[c] * 255.0F + 0.5F);
  }
}

// Knot at part u of the way from point t to t + 1, its cost mixed alike.
static void set_knot(const irl_stage* stage, int group, int episode, int k, int t, float u,
                     irl_knot* knot) {
  const irl_motion* motion = stage->motion;
  const float* p[4];
  for (int j = 0; j < 4; j++) {
    p[j] = irl_motion_trail(motion, group, episode, t - 1 + j, k);
  }
  for (int c = 0; c < 3; c++) {
    knot->pos[c] = u == 0.0F ? p[1][c] : spline(p[0][c], p[1][c], p[2][c], p[3][c], u);
  }
  double here = irl_motion_cost_at(motion, group, episode, t);
  double next = irl_motion_cost_at(motion, group, episode, t + 1);
  float rgb[3];
  irl_stage_color(stage, here + (double)u * (next - here), rgb);
  to_bytes(rgb, knot->rgb);
}

static size_t knots_of(const irl_draw* draw, int group, int episode) {
  int length = draw->motion->replay->groups[group].batch->length[episode];
  return (size_t)length * (size_t)draw->substeps + 1;
}

static size_t trail_number(const irl_draw* draw, int group, int episode, int k) {
  return (size_t)(draw->motion->first[group] + episode) * (size_t)draw->motion->npoints + (size_t)k;
}

// Calls visit for each trail that is shown.
typedef void (*trail_visit)(irl_draw* draw, const irl_stage* stage, int group, int episode, int k,
                            size_t* used);

static void place_trail(irl_draw* draw, const irl_stage* stage, int group, int episode, int k,
                        size_t* used) {
  (void)stage;
  draw->first[trail_number(draw, group, episode, k)] = *used;
  *used += knots_of(draw, group, episode);
}

static void fill_trail(irl_draw* draw, const irl_stage* stage, int group, int episode, int k,
                       size_t* used) {
  size_t n = knots_of(draw, group, episode);
  for (size_t i = 0; i < n; i++) {
    int t = (int)(i / (size_t)draw->substeps), sub = (int)(i % (size_t)draw->substeps);
    set_knot(stage, group, episode, k, t, (float)sub / (float)draw->substeps,
             &draw->knots[*used + i]);
  }
  *used += n;
}

// Visits all trails in order of group, rollout and point; returns what they count up in `used`.
static size_t each_trail(irl_draw* draw, const irl_stage* stage, trail_visit visit) {
  const irl_motion* motion = draw->motion;
  size_t used = 0;
  for (int g = 0; g < motion->replay->ngroups; g++) {
    for (int i = 0; i < motion->replay->groups[g].batch->n; i++) {
      for (int k = 0; irl_motion_shown(motion, g, i) && k < motion->npoints; k++) {
        visit(draw, stage, g, i, k, &used);
      }
    }
  }
  return used;
}

static void free_trails(irl_draw* draw) {
  irl_free(draw->first);
  irl_free(draw->knots);
  irl_free(draw->vertices);
  draw->first = NULL;
  draw->knots = NULL;
  draw->vertices = NULL;
}

irl_err irl_draw_recut(irl_draw* draw, const irl_stage* stage, irl_errinfo* info) {
  const irl_motion* motion = stage->motion;
  size_t trails = (size_t)motion->first[motion->replay->ngroups] * (size_t)motion->npoints;
  free_trails(draw);
  draw->motion = motion;
  draw->substeps = trails * (size_t)motion->steps * 4 < MANY_KNOTS ? 4 : 1;
  draw->first = IRL_NEW(size_t, trails);
  size_t n = draw->first != NULL ? each_trail(draw, stage, place_trail) : 0;
  draw->knots = IRL_NEW(irl_knot, n);
  draw->vertices = IRL_NEW(irl_ribbon_vertex, 2 * n + 2 * trails);
  if (draw->first == NULL || draw->knots == NULL || draw->vertices == NULL) {
    free_trails(draw);
    return irl_fail(info, IRL_ENOMEM, "replay: out of memory; show fewer episodes");
  }
  irl_draw_recolor(draw, stage);
  return IRL_OK;
}

void irl_draw_recolor(irl_draw* draw, const irl_stage* stage) {
  (void)each_trail(draw, stage, fill_trail);
}

irl_err irl_draw_create(irl_draw* draw, const irl_stage* stage, irl_errinfo* info) {
  *draw = (irl_draw){0};
  mjr_defaultContext(&draw->context);
  IRL_TRY(irl_draw_recut(draw, stage, info));
  mjr_makeContext(stage->look, &draw->context, mjFONTSCALE_100);
  return IRL_OK;
}

void irl_draw_destroy(irl_draw* draw) {
  if (draw->context.glInitialized) {
    mjr_freeContext(&draw->context);
  }
  free_trails(draw);
  *draw = (irl_draw){0};
}

//---------------------------------- Ribbons -------------------------------------------------------

// Direction across the trail on the screen at knot i of n, as right and up parts.
static void across(const irl_lens* lens, const irl_knot* knot, size_t i, size_t n, float out[2]) {
  float a[3], b[3];
  out[0] = 0.0F;
  out[1] = 1.0F;
  size_t before = i > 0 ? i - 1 : i, after = i + 1 < n ? i + 1 : i;
  if (!irl_lens_project(lens, knot[before].pos, a) || !irl_lens_project(lens, knot[after].pos, b)) {
    return;
  }
  float dx = b[0] - a[0], dy = a[1] - b[1], length = sqrtf(dx * dx + dy * dy);
  if (length > 1e-4F) {
    out[0] = -dy / length;
    out[1] = dx / length;
  }
}

// The two sides of a ribbon at a knot: as many pixels wide at any distance.
static void set_vertices(const irl_lens* lens, const irl_knot* knot, const float side[2],
                         float half_pixels, uint8_t alpha, bool edge, irl_ribbon_vertex out[2]) {
  static const uint8_t EDGE[3] = {12, 14, 19};
  float depth = 0.0F;
  for (int c = 0; c < 3; c++) {
    depth += (knot->pos[c] - lens->pos[c]) * lens->forward[c];
  }
  float reach = half_pixels * irl_lens_pixel(lens, depth);
  for (int s = 0; s < 2; s++) {
    float r = s == 0 ? reach : -reach;
    for (int c = 0; c < 3; c++) {
      out[s].pos[c] = knot->pos[c] + r * (side[0] * lens->right[c] + side[1] * lens->up[c]);
    }
    memcpy(out[s].color, edge ? EDGE : knot->rgb, 3);
    out[s].color[3] = alpha;
  }
}

// Appends one trail as a strip facing the viewer, joined to the strip before by empty triangles.
static size_t add_ribbon(irl_draw* draw, const irl_lens* lens, const irl_knot* knot, size_t n,
                         float half_pixels, uint8_t alpha, bool edge, size_t used) {
  irl_ribbon_vertex* out = draw->vertices;
  float side[2] = {0.0F, 1.0F};
  size_t begin = used + (used > 0 ? 2 : 0);
  for (size_t i = 0; i < n; i++) {
    float next[2];
    across(lens, knot, i, n, next);
    side[0] = next[0];
    side[1] = next[1];
    set_vertices(lens, &knot[i], side, half_pixels, alpha, edge, &out[begin + 2 * i]);
  }
  if (used > 0) {
    out[used] = out[used - 1];
    out[used + 1] = out[begin];
  }
  return begin + 2 * n;
}

// Ribbons of all rollouts of a group up to the step; the others fade when one has the focus.
size_t irl_draw_ribbons(irl_draw* draw, const irl_lens* lens, const irl_trails* trails) {
  const irl_batch* batch = draw->motion->replay->groups[trails->group].batch;
  size_t used = 0;
  for (int i = 0; i < batch->n; i++) {
    if (!irl_motion_shown(draw->motion, trails->group, i)) {
      continue;
    }
    bool dim = trails->focus >= 0 && trails->focus != i;
    float opacity = trails->opacity * (dim ? 0.16F : 1.0F);
    int until = trails->until < batch->length[i] ? trails->until : batch->length[i];
    size_t n = (size_t)until * (size_t)draw->substeps + 1;
    for (int k = 0; k < draw->motion->npoints && n > 1; k++) {
      const irl_knot* knot = draw->knots + draw->first[trail_number(draw, trails->group, i, k)];
      used = add_ribbon(draw, lens, knot, n, (trails->edge ? 0.95F : 0.5F) * (float)trails->pixels,
                        (uint8_t)(opacity * 255.0F + 0.5F), trails->edge, used);
    }
  }
  return used;
}

// Flat colours, mixed with what stands there; what lies behind a body is hidden. The renderer's
// matrices and its reversed depth (nearer is greater) still stand after mjr_render.
static void begin_flat(const irl_ribbon_vertex* vertices) {
  glPushAttrib(GL_ALL_ATTRIB_BITS);
  glPushClientAttrib(GL_CLIENT_VERTEX_ARRAY_BIT);
  glDisable(GL_LIGHTING);
  glDisable(GL_FOG);
  glDisable(GL_CULL_FACE);
  glDisable(GL_TEXTURE_2D);
  glEnable(GL_BLEND);
  glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
  glEnable(GL_DEPTH_TEST);
  glDepthMask(GL_FALSE);
  glShadeModel(GL_SMOOTH);
  glEnableClientState(GL_VERTEX_ARRAY);
  glEnableClientState(GL_COLOR_ARRAY);
  glVertexPointer(3, GL_FLOAT, sizeof(irl_ribbon_vertex), vertices->pos);
  glColorPointer(4, GL_UNSIGNED_BYTE, sizeof(irl_ribbon_vertex), vertices->color);
  glDepthFunc(GL_GEQUAL);
}

static void end_flat(void) {
  glPopClientAttrib();
  glPopAttrib();
}

// Where the trails lie behind a body they shine through faintly.
static void draw_ribbons(irl_draw* draw, const irl_trails* trails) {
  size_t n = irl_draw_ribbons(draw, &draw->lens, trails);
  if (n == 0) {
    return;
  }
  begin_flat(draw->vertices);
  glDrawArrays(GL_TRIANGLE_STRIP, 0, (GLsizei)n);
  for (size_t i = 0; i < n; i++) {
    draw->vertices[i].color[3] = (uint8_t)(draw->vertices[i].color[3] * 0.35F);
  }
  glDepthFunc(GL_LESS);
  glDrawArrays(GL_TRIANGLE_STRIP, 0, (GLsizei)n);
  end_flat();
}

// A mesh may be larger than what the camera was fitted to: the title's rows are kept clear of it.
static void draw_mesh(const irl_trails* trails, mjrRect rect) {
  begin_flat(trails->mesh);
  glEnable(GL_SCISSOR_TEST);
  glScissor(rect.left, rect.bottom, rect.width, rect.height - trails->head);
  glDrawArrays(GL_TRIANGLES, 0, (GLsizei)trails->nmesh);
  end_flat();
}

//---------------------------------- Tile ----------------------------------------------------------

void irl_draw_tile(irl_draw* draw, irl_stage* stage, const mjvCamera* camera, mjrRect rect,
                   const irl_trails* trails) {
  // Fog swallows the floor beyond the motion, and all of the backdrop.
  double reach = camera->type == mjCAMERA_FREE ? camera->distance : 6.0 * stage->radius;
  glFogi(GL_FOG_MODE, GL_LINEAR);
  glFogf(GL_FOG_START, (float)(reach + 1.5 * stage->radius));
  glFogf(GL_FOG_END, (float)(2.2 * reach + 8.0 * stage->radius));
  mjr_render(rect, &stage->scene, &draw->context);
  mjvGLCamera eye = mjv_averageCamera(&stage->scene.camera[0], &stage->scene.camera[1]);
  irl_lens_init(&draw->lens, &eye, rect.width, rect.height);
  if (trails->nmesh > 0) {
    irl_trails edge = *trails;
    edge.edge = true;
    draw_mesh(trails, rect);
    draw_ribbons(draw, &edge);
  }
  draw_ribbons(draw, trails);
}
