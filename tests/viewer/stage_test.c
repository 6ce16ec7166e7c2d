#include "viewer/stage.h"

#include "base/pool.h"
#include "synthetic.h"
#include "viewer/theme.h"
#include "viewer/view.h"

typedef struct staged {
  synthetic s;
  irl_motion motion;
  irl_stage stage;
  mjvCamera camera;
} staged;

static void stage_open(staged* x, int n) {
  irl_errinfo info = {0};
  syn_open(&x->s, n);
  CHECK_OK(irl_motion_create(&x->motion, &x->s.replay, &info));
  CHECK_OK(irl_stage_create(&x->stage, &x->motion, n, true, &info));
  mjv_defaultCamera(&x->camera);
  irl_view_angle(&x->motion, &x->camera.azimuth, &x->camera.elevation);
}

static void stage_close(staged* x) {
  irl_stage_destroy(&x->stage);
  irl_motion_destroy(&x->motion);
  syn_close(&x->s);
}

static const mjvGeom* part(const staged* x, const char* body, int skip) {
  int id = mj_name2id(x->motion.model, mjOBJ_BODY, body);
  for (int i = 0; i < x->stage.scene.ngeom; i++) {
    const mjvGeom* g = &x->stage.scene.geoms[i];
    if (g->objtype == mjOBJ_GEOM && x->motion.model->geom_bodyid[g->objid] == id && skip-- == 0) {
      return g;
    }
  }
  return NULL;
}

// Moving bodies take the colour of their step's cost; a body that keeps still is drawn once for all
// rollouts, as a target.
static void poses_are_tinted_and_targets_shared(void) {
  staged x;
  stage_open(&x, 3);
  irl_stage_begin(&x.stage, &x.camera, 0.0);
  int before = x.stage.scene.ngeom;
  for (int i = 0; i < 3; i++) {
    irl_stage_add(&x.stage, 0, i, 10, 0.5F);
  }
  CHECK(x.stage.scene.ngeom == before + 4);
  for (int i = 0; i < 3; i++) {
    const mjvGeom* ball = part(&x, "ball", i);
    float rgb[3];
    irl_colormap_at(&x.stage.map, syn_cost(i, 3) / 4.0, rgb);
    CHECK(ball != NULL && memcmp(ball->rgba, rgb, sizeof rgb) == 0);
    CHECK_NEAR((double)ball->rgba[3], 0.5, 1e-6);
    CHECK_NEAR((double)ball->pos[0], -0.25, 1e-6);
    CHECK_NEAR((double)ball->pos[1], syn_y(i, 3), 1e-6);
  }
  const irl_ink target = IRL_THEME_TARGET;
  const mjvGeom* goal = part(&x, "goal", 0);
  CHECK(goal != NULL && goal->rgba[0] == target.r && goal->rgba[3] == 1.0F);
  CHECK(part(&x, "goal", 1) == NULL);
  stage_close(&x);
}

static void targets_that_differ_are_all_shown(void) {
  staged x;
  stage_open(&x, 2);
  for (int t = 0; t <= SYN_STEPS; t++) {
    syn_state(&x.s, 1, t, -0.5 + 0.02 * t, 0.0, -0.6, 0.2);
  }
  irl_stage_begin(&x.stage, &x.camera, 0.0);
  irl_stage_add(&x.stage, 0, 0, 5, 1.0F);
  irl_stage_add(&x.stage, 0, 1, 5, 1.0F);
  CHECK(part(&x, "goal", 1) != NULL);
  stage_close(&x);
}

static void a_full_scene_takes_no_more(void) {
  staged x;
  stage_open(&x, 1);
  irl_stage_begin(&x.stage, &x.camera, 0.0);
  for (int i = 0; i < 500; i++) {
    irl_stage_add(&x.stage, 0, 0, i % SYN_STEPS, 0.5F);
  }
  CHECK(x.stage.scene.ngeom <= x.stage.scene.maxgeom);
  stage_close(&x);
}

// What fits into the part below the title stays there when the title's part is added on top.
static void the_title_has_room(void) {
  const double heads[] = {0.0, 0.1, 0.3};
  staged x;
  stage_open(&x, 4);
  for (int k = 0; k < 3; k++) {
    int width = 900, height = 300, head = (int)(heads[k] * height);
    irl_view_fit(&x.camera, &x.motion, (double)width / (height - head),
                 (double)x.stage.look->vis.global.fovy);
    irl_stage_begin(&x.stage, &x.camera, (double)head / height);
    irl_lens lens;
    irl_lens_init(&lens, &x.stage.scene.camera[0], width, height);
    double top = 1e9, bottom = 0.0;
    for (int i = 0; i < x.motion.nballs; i++) {
      float p[3];
      CHECK(irl_lens_project(&lens, x.motion.balls[i].center, p));
      double r = (double)(x.motion.balls[i].radius / irl_lens_pixel(&lens, p[2]));
      top = fmin(top, (double)p[1] - r);
      bottom = fmax(bottom, (double)p[1] + r);
    }
    CHECK(top >= head && top < head + 0.08 * height);  // height is what limits here
    CHECK(bottom <= height && bottom > 0.92 * height);
  }
  stage_close(&x);
}

// 50 rollouts: the scene of a frame is built within 2 ms of CPU time, the best of several.
static void fifty_rollouts_in_two_milliseconds(void) {
  staged x;
  stage_open(&x, 50);
  double best = 1e9;
  for (int round = 0; round < 20; round++) {
    double began = irl_now();
    irl_stage_begin(&x.stage, &x.camera, 0.1);
    for (int i = 0; i < 50; i++) {
      irl_stage_add(&x.stage, 0, i, round, 0.5F);
    }
    best = fmin(best, irl_now() - began);
  }
  printf("     50 poses in %.3f ms\n", 1e3 * best);
#ifndef __SANITIZE_ADDRESS__
  CHECK(best < 2e-3);
#endif
  stage_close(&x);
}

TESTS(TEST(poses_are_tinted_and_targets_shared), TEST(targets_that_differ_are_all_shown),
      TEST(a_full_scene_takes_no_more), TEST(the_title_has_room),
      TEST(fifty_rollouts_in_two_milliseconds))
