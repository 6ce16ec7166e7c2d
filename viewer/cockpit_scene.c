// The world as the person sees it, and what the mouse means in it.
#include <GL/gl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "viewer/cockpit.h"
#include "viewer/theme.h"

#define TARGET_PIXELS 11.0  // radius of the target's ball [design pixels]
#define SHADOW_PIXELS 2048  // side of the shadow map
#define STEEP 0.85          // a view from above: what is dragged stays at its height
#define GRASP_PIXELS 20.0   // how near the mouse must come

//---------------------------------- Camera --------------------------------------------------------

// Bodies that joints move.
static bool moves(const mjModel* m, int body) {
  for (int b = body; b > 0; b = m->body_parentid[b]) {
    if (m->body_dofnum[b] > 0) {
      return true;
    }
  }
  return false;
}

static void grow(double lo[3], double hi[3], const double* center, double radius) {
  for (int k = 0; k < 3; k++) {
    lo[k] = fmin(lo[k], center[k] - radius);
    hi[k] = fmax(hi[k], center[k] + radius);
  }
}

// The box of all that moves, with room for the hand: all that a planar robot can reach, some way
// around that of others.
static void moving_box(const irl_cockpit* c, double lo[3], double hi[3]) {
  const mjModel* m = c->look;
  const irl_teleop_info* about = irl_teleop_get(irl_recorder_teleop(c->recorder));
  for (int k = 0; k < 3; k++) {
    lo[k] = 1e10;
    hi[k] = -1e10;
  }
  for (int g = 0; g < m->ngeom; g++) {
    if (moves(m, m->geom_bodyid[g]) && m->geom_type[g] != mjGEOM_PLANE) {
      grow(lo, hi, c->d->geom_xpos + 3 * g, m->geom_rbound[g]);
    }
  }
  int base = about->hand;
  while (base > 0 && moves(m, m->body_parentid[base])) {
    base = m->body_parentid[base];
  }
  if (about->planar && base > 0 && m->body_dofnum[base] < 3) {
    grow(lo, hi, c->d->xpos + 3 * base, about->reach);
    for (int k = 0; k < 3; k++) {  // no room is needed across the plane
      if (fabs(about->normal[k]) > 0.99) {
        lo[k] = hi[k] = c->d->xpos[3 * base + k];
      }
    }
  } else if (about->hand >= 0) {
    grow(lo, hi, c->view.pose.target, 0.2 * about->reach);
  }
}

void irl_cockpit_aim(irl_cockpit* c) {
  double lo[3], hi[3], size = 0;
  const irl_teleop_info* about = irl_teleop_get(irl_recorder_teleop(c->recorder));
  mjv_defaultFreeCamera(c->look, &c->camera);
  moving_box(c, lo, hi);
  if (hi[0] < lo[0]) {
    return;
  }
  for (int k = 0; k < 3; k++) {
    c->camera.lookat[k] = 0.5 * (lo[k] + hi[k]);
    size += (hi[k] - lo[k]) * (hi[k] - lo[k]);
  }
  const double fovy = c->look->vis.global.fovy * 3.14159265358979 / 180;
  c->camera.distance = 0.5 * sqrt(size) / sin(0.5 * fovy);
  c->camera.azimuth = 130;
  c->camera.elevation = -25;
  if (about->planar && fabs(about->normal[2]) > 0.9) {
    c->camera.azimuth = 90;
    c->camera.elevation = -70;
  } else if (about->planar && fabs(about->normal[2]) < 0.1) {
    c->camera.azimuth = atan2(about->normal[1], about->normal[0]) * 180 / 3.14159265358979;
    c->camera.elevation = -8;
  }
}

//---------------------------------- Drawing -------------------------------------------------------

static mjvGeom* add_geom(irl_cockpit* c) {
  return c->scene.ngeom < c->scene.maxgeom ? &c->scene.geoms[c->scene.ngeom++] : NULL;
}

static const double* target_now(const irl_cockpit* c) {
  return c->grip == IRL_GRIP_TARGET ? c->target : c->view.pose.target;
}

static double pixel_size(const irl_cockpit* c, const double point[3]) {
  const float p[3] = {(float)point[0], (float)point[1], (float)point[2]};
  float seen[3];
  return irl_lens_project(&c->lens, p, seen) ? (double)irl_lens_pixel(&c->lens, seen[2]) : 0;
}

// The ball that can be dragged, and the string that pulls the hand to it.
static void add_target(irl_cockpit* c) {
  static const float bright[4] = {1.0F, 0.78F, 0.25F, 0.85F}, held[4] = {1.0F, 0.5F, 0.2F, 1.0F};
  const double* target = target_now(c);
  const double radius = TARGET_PIXELS * c->unit * pixel_size(c, target);
  const double size[3] = {radius, radius, radius};
  mjvGeom* ball = c->view.pose.body >= 0 ? add_geom(c) : NULL;
  if (ball == NULL || radius <= 0) {
    return;
  }
  mjv_initGeom(ball, mjGEOM_SPHERE, size, target, NULL, c->grip == IRL_GRIP_TARGET ? held : bright);
  ball->category = mjCAT_DECOR;
  ball->emission = 0.6F;
  mjvGeom* string = add_geom(c);
  if (string != NULL) {
    mjv_initGeom(string, mjGEOM_CAPSULE, size, NULL, NULL, bright);
    double point[3];
    const bool own = c->command.body == c->view.pose.body;
    mju_mulMatVec3(
        point, c->d->xmat + 9 * c->view.pose.body,
        own ? c->command.point : irl_teleop_get(irl_recorder_teleop(c->recorder))->point);
    mju_addTo3(point, c->d->xpos + 3 * c->view.pose.body);
    mjv_connector(string, mjGEOM_CAPSULE, 0.18 * radius, point, target);
    string->category = mjCAT_DECOR;
  }
}

// A thread from the target straight down, so that the eye finds what it is above.
static void add_plumb_line(irl_cockpit* c) {
  static const float faint[4] = {1.0F, 0.78F, 0.25F, 0.35F};
  const irl_teleop_info* about = irl_teleop_get(irl_recorder_teleop(c->recorder));
  const double* target = target_now(c);
  const double foot[3] = {target[0], target[1], target[2] - 2 * about->reach};
  mjvGeom* line = about->planar || c->view.pose.body < 0 ? NULL : add_geom(c);
  if (line != NULL) {
    mjv_initGeom(line, mjGEOM_CAPSULE, NULL, NULL, NULL, faint);
    mjv_connector(line, mjGEOM_CAPSULE, 1.2 * c->unit * pixel_size(c, target), target, foot);
    line->category = mjCAT_DECOR;
  }
}

void irl_cockpit_draw(irl_cockpit* c) {
  const mjrRect rect = {0, 0, c->width, c->height};
  irl_task_set_state(c->task, c->d, c->view.state);
  mj_forward(c->look, c->d);
  mjv_updateScene(c->look, c->d, &c->option, NULL, &c->camera, mjCAT_ALL, &c->scene);
  const mjvGLCamera eye = mjv_averageCamera(&c->scene.camera[0], &c->scene.camera[1]);
  irl_lens_init(&c->lens, &eye, c->width, c->height);
  if (!irl_session_running(&c->view.session) || c->view.session.phase == IRL_PHASE_RECORDING ||
      c->view.session.phase == IRL_PHASE_COUNTDOWN) {
    add_target(c);
    add_plumb_line(c);
  }
  mjr_render(rect, &c->scene, &c->context);
}

//---------------------------------- Mouse ---------------------------------------------------------

bool irl_cockpit_on_target(const irl_cockpit* c, double x, double y) {
  const double* target = target_now(c);
  const float p[3] = {(float)target[0], (float)target[1], (float)target[2]};
  float seen[3];
  return c->view.pose.body >= 0 && irl_lens_project(&c->lens, p, seen) &&
         hypot((double)seen[0] - x, (double)seen[1] - y) < GRASP_PIXELS * c->unit;
}

void irl_cockpit_drag(irl_cockpit* c, double x, double y, bool level) {
  const irl_teleop_info* about = irl_teleop_get(irl_recorder_teleop(c->recorder));
  double from[3], along[3], normal[3], gap[3];
  irl_lens_ray(&c->lens, x, y, from, along);
  for (int k = 0; k < 3; k++) {
    normal[k] = about->planar ? about->normal[k] : k < 2 ? (double)c->lens.forward[k] : 0;
  }
  if (!about->planar && (level || fabs((double)c->lens.forward[2]) > STEEP)) {
    normal[0] = normal[1] = 0;
    normal[2] = 1;
  }
  mju_normalize3(normal);
  const double facing = mju_dot3(normal, along);
  if (fabs(facing) < 0.05) {
    return;  // the plane is seen edge-on
  }
  mju_sub3(gap, c->target, from);
  const double distance = mju_dot3(normal, gap) / facing;
  if (distance > 0) {
    mju_addScl3(c->target, from, along, distance);
  }
}

int irl_cockpit_pick(irl_cockpit* c, double x, double y, double point[3]) {
  int geom = -1, flex = -1, skin = -1;
  const int body = mjv_select(c->look, c->d, &c->option, (double)c->width / c->height, x / c->width,
                              1 - y / c->height, &c->scene, point, &geom, &flex, &skin);
  return body > 0 ? body : -1;
}

//---------------------------------- Life ----------------------------------------------------------

irl_err irl_cockpit_scene_init(irl_cockpit* c, irl_errinfo* info) {
  c->look = mj_copyModel(NULL, irl_task_model(c->task));
  c->d = c->look != NULL ? mj_makeData(c->look) : NULL;
  if (c->d == NULL) {
    return irl_fail(info, IRL_ENOMEM, "window: out of memory; close other programs");
  }
  if (c->look->vis.quality.shadowsize > SHADOW_PIXELS) {
    c->look->vis.quality.shadowsize = SHADOW_PIXELS;  // what a person sees beside the action
  }
  mjv_defaultOption(&c->option);
  mjv_defaultCamera(&c->camera);
  mjv_makeScene(c->look, &c->scene, 2000);
  mjr_makeContext(c->look, &c->context, irl_context_font_scale(&c->gl));
  mjr_setBuffer(mjFB_WINDOW, &c->context);
  irl_task_set_state(c->task, c->d, c->view.state);
  mj_forward(c->look, c->d);
  irl_cockpit_aim(c);
  if (c->options->camera != NULL && strcmp(c->options->camera, "free") != 0) {
    c->camera.type = mjCAMERA_FIXED;
    c->camera.fixedcamid = mj_name2id(c->look, mjOBJ_CAMERA, c->options->camera);
  }
  return IRL_OK;
}

void irl_cockpit_scene_fini(irl_cockpit* c) {
  if (c->gl.window != NULL && c->look != NULL) {
    mjr_freeContext(&c->context);
  }
  mjv_freeScene(&c->scene);
  mj_deleteData(c->d);
  mj_deleteModel(c->look);
}
