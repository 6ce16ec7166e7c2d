// The view that goes along: a walker of two links is put, by its states, on a known way.
#include "viewer/journey.h"

#include <math.h>
#include <mujoco/mujoco.h>
#include <string.h>

#include "test.h"
#include "viewer/stage.h"
#include "viewer/view.h"

enum { STEPS = 100 };
#define SPEED 3.0   // [m/s]
#define BOUNCE 0.1  // of the trunk's height, ten times a second [m]
#define DT 0.05     // [s], so that a stride of 0.5 s is 10 steps
#define TALL 1.0    // [m]

static const char* const MJCF =
    "<mujoco><option timestep='0.05'/><worldbody>"
    "<geom name='floor' type='plane' size='3 3 1'/>"
    "<body name='trunk' pos='0 0 1'><joint name='x' type='slide' axis='1 0 0'/>"
    "<joint name='z' type='slide' axis='0 0 1'/><geom type='capsule' size='0.05' fromto='0 0 0 0 "
    "0 0.5'/><body name='leg'><joint name='hip' axis='0 1 0'/><geom type='capsule' size='0.05' "
    "fromto='0 0 0 0 0 -0.5'/></body></body></worldbody></mujoco>";
static const char* const JSON =
    "{\"name\": \"walker\", \"model\": \"walker.xml\", \"horizon\": 100,"
    " \"observation\": [{\"qpos\": \"*\"}]}";

typedef struct walk {
  irl_task* task;
  irl_batch batch;
  irl_replay_group group;
  irl_replay replay;
  irl_motion motion;
} walk;

static void put(walk* w, int i, int t, double x, double z) {
  int n = 0;
  const irl_state_part* parts = irl_task_state_parts(w->task, &n);
  for (int k = 0; k < n; k++) {
    if (strcmp(parts[k].name, "qpos") == 0) {
      const double qpos[3] = {x, z, 0.3};
      memcpy(irl_batch_state(&w->batch, i, t) + parts[k].offset, qpos, sizeof qpos);
    }
  }
}

// Two rollouts at SPEED and twice SPEED times `share`, bouncing.
static void walk_open(walk* w, double share) {
  irl_errinfo info = {0};
  *w = (walk){0};
  irl_env_runtime_init();
  CHECK_OK(irl_task_from_text(&w->task, JSON, MJCF, &info));
  const irl_task_info* t = irl_task_get(w->task);
  CHECK_NEAR(t->dt, DT, 1e-12);
  CHECK_OK(irl_batch_create(&w->batch, 2, STEPS, t->nx, t->nu, t->nz, t->nstate));
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k <= STEPS; k++) {
      put(w, i, k, (i + 1) * share * SPEED * DT * k, k % 2 == 0 ? BOUNCE : -BOUNCE);
    }
  }
  w->group = (irl_replay_group){.name = "walk", .batch = &w->batch};
  w->replay = (irl_replay){.task = w->task, .groups = &w->group, .ngroups = 1};
  CHECK_OK(irl_motion_create(&w->motion, &w->replay, &info));
}

static void walk_close(walk* w) {
  irl_motion_destroy(&w->motion);
  irl_batch_destroy(&w->batch);
  irl_task_destroy(w->task);
}

// Smoothing over a stride leaves a constant speed as it is, in the middle and near the ends, and
// takes the bouncing out.
static void the_camera_glides_with_its_rollout(void) {
  walk w;
  walk_open(&w, 1.0);
  CHECK(w.motion.far);
  for (int i = 0; i < 2; i++) {
    for (int t = 0; t <= STEPS + 10; t += 7) {
      double way[3];
      irl_journey_way(&w.motion, 0, i, t, way);
      const int at = t < STEPS ? t : STEPS;
      CHECK_NEAR(way[0], (i + 1) * SPEED * DT * at, 1e-4);  // trails are kept in float
      CHECK_NEAR(way[1], 0.0, 0.0);
      CHECK_NEAR(way[2], 0.0, 0.0);
    }
  }
  walk_close(&w);
}

static void a_walk_on_the_spot_is_not_far(void) {
  walk w;
  walk_open(&w, 0.1);  // 1.5 m and 3 m, and a walker of 1 m is seen well within them
  CHECK(!w.motion.far);
  CHECK(w.motion.radius > 0.5 * TALL && w.motion.radius < 1.1 * TALL);
  walk_close(&w);
}

static void the_guide_is_the_focus_or_the_first_shown(void) {
  walk w;
  irl_errinfo info = {0};
  walk_open(&w, 1.0);
  CHECK(irl_journey_guide(&w.motion, 0, -1) == 0);
  CHECK(irl_journey_guide(&w.motion, 0, 1) == 1);
  CHECK(irl_journey_guide(&w.motion, 0, 7) == 0);
  irl_motion_destroy(&w.motion);
  w.batch.valid[0] = 0;
  CHECK_OK(irl_motion_create(&w.motion, &w.replay, &info));
  CHECK(irl_journey_guide(&w.motion, 0, -1) == 1);
  CHECK(irl_journey_guide(&w.motion, 0, 0) == 1);
  walk_close(&w);
}

// At 3 m/s and 0.05 s a step, 0.6 m are 4 steps.
static void strides_are_evenly_spaced_from_the_end(void) {
  walk w;
  int steps[5];
  walk_open(&w, 1.0);
  CHECK(irl_journey_strides(&w.motion, 0, 0, 0.5999, steps, 5) == 5);
  for (int k = 0; k < 5; k++) {
    CHECK(steps[k] == STEPS - 4 * k);
  }
  CHECK(irl_journey_strides(&w.motion, 0, 0, 7.0, steps, 5) == 3);  // 15 m in all
  walk_close(&w);
}

// Both ends of the strip, a robot's height each, are within the picture, and it is no larger than
// it has to be: seen from half the distance they are not.
static void the_fit_holds_the_robot_and_its_neighbours(void) {
  walk w;
  walk_open(&w, 1.0);
  const double aspect = 2.0, fovy = 30.0;
  for (int closer = 0; closer < 2; closer++) {
    mjvCamera camera;
    mjv_defaultCamera(&camera);
    camera.azimuth = 90.0;
    camera.elevation = 0.0;
    irl_journey_fit(&camera, &w.motion, aspect, fovy);
    camera.distance *= closer ? 0.5 : 1.0;
    const double tall = camera.distance * tan(0.5 * fovy * mjPI / 180.0), wide = aspect * tall;
    const double need = 2.4 * w.motion.radius + w.motion.radius;  // ROOM_ALONG and the robot
    CHECK((wide > need) == !closer);
    CHECK(!(tall < w.motion.radius) || closer);
    CHECK_NEAR(camera.lookat[0], w.motion.center[0], 1e-3);
    CHECK_NEAR(camera.lookat[2], w.motion.center[2], 1e-3);
  }
  walk_close(&w);
}

// Wherever the camera has got to there is ground under it, and lines of the grid a metre apart.
static void the_ground_has_no_end(void) {
  walk w;
  irl_stage stage;
  irl_errinfo info = {0};
  walk_open(&w, 1.0);
  CHECK_OK(irl_stage_create(&stage, &w.motion, 4, false, &info));
  mjvCamera camera;
  mjv_defaultCamera(&camera);
  camera.lookat[0] = 217.3;
  irl_stage_begin(&stage, &camera, 0.0);
  bool ground = false;
  double nearest = 1e9, next = 1e9;
  for (int i = 0; i < stage.scene.ngeom; i++) {
    const mjvGeom* g = &stage.scene.geoms[i];
    ground |= g->type == mjGEOM_PLANE && fabs((double)g->pos[0] - 217.3) < 1e-3 &&
              g->size[0] > 30.0F && fabs((double)g->pos[2]) < 1e-6;
    const double away = fabs((double)g->pos[0] - 217.3);
    if (g->type == mjGEOM_BOX && g->size[1] > g->size[0]) {
      next = away < nearest ? nearest : fmin(next, away);
      nearest = fmin(nearest, away);
    }
  }
  CHECK(ground);
  CHECK_NEAR(nearest, 0.3, 1e-3);
  CHECK_NEAR(next, 0.7, 1e-3);
  irl_stage_destroy(&stage);
  walk_close(&w);
}

TESTS(TEST(the_camera_glides_with_its_rollout), TEST(a_walk_on_the_spot_is_not_far),
      TEST(the_guide_is_the_focus_or_the_first_shown), TEST(strides_are_evenly_spaced_from_the_end),
      TEST(the_fit_holds_the_robot_and_its_neighbours), TEST(the_ground_has_no_end))
