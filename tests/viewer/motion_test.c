#include "viewer/motion.h"

#include <mujoco/mujoco.h>

#include "synthetic.h"
#include "viewer/view.h"

static void trails_follow_the_moving_body(void) {
  synthetic s;
  irl_motion m;
  irl_errinfo info = {0};
  syn_open(&s, 3);
  CHECK_OK(irl_motion_create(&m, &s.replay, &info));
  CHECK(m.npoints == 1);
  CHECK(m.body[0] == mj_name2id(m.model, mjOBJ_BODY, "ball"));
  for (int i = 0; i < 3; i++) {
    for (int t = 0; t <= SYN_STEPS; t++) {
      const float* p = irl_motion_trail(&m, 0, i, t, 0);
      CHECK_NEAR((double)p[0], -0.5 + (double)t / SYN_STEPS, 1e-6);  // kept in float
      CHECK_NEAR((double)p[1], syn_y(i, 3), 1e-6);
    }
    CHECK(irl_motion_moves(&m, 0, i, m.body[0]));
    CHECK(!irl_motion_moves(&m, 0, i, mj_name2id(m.model, mjOBJ_BODY, "goal")));
  }
  irl_motion_destroy(&m);
  syn_close(&s);
}

static void costs_are_those_of_the_steps(void) {
  synthetic s;
  irl_motion m;
  irl_errinfo info = {0};
  syn_open(&s, 2);
  for (int t = 0; t < SYN_STEPS; t++) {
    s.cost[t] = t;
  }
  s.replay.range[0] = s.replay.range[1] = 0.0;
  CHECK_OK(irl_motion_create(&m, &s.replay, &info));
  CHECK(m.has_cost);
  CHECK_NEAR(irl_motion_cost(&m, 0, 0, 5), 5.0, 0.0);
  CHECK_NEAR(irl_motion_cost(&m, 0, 0, 1000), SYN_STEPS - 1.0, 0.0);
  CHECK_NEAR(irl_motion_cost_at(&m, 0, 0, 5), 4.5, 0.0);
  CHECK_NEAR(irl_motion_cost_at(&m, 0, 0, 0), 0.0, 0.0);
  CHECK(m.scale.lo >= 0.0 && m.scale.lo < 3.0 && m.scale.hi > 35.0 && m.scale.hi <= 39.0);
  irl_motion_destroy(&m);
  syn_close(&s);
}

static void diverged_rollouts_are_left_out(void) {
  synthetic s;
  irl_motion m;
  irl_errinfo info = {0};
  syn_open(&s, 3);
  s.batch.valid[1] = 0;
  syn_state(&s, 1, 7, 1e6, 1e6, 0, 0);  // must not spoil the framing
  CHECK_OK(irl_motion_create(&m, &s.replay, &info));
  CHECK(!irl_motion_shown(&m, 0, 1) && irl_motion_shown(&m, 0, 2));
  CHECK(m.high[0] < 1.0);
  irl_motion_destroy(&m);
  s.batch.valid[0] = s.batch.valid[2] = 0;
  CHECK(irl_motion_create(&m, &s.replay, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "all rollouts diverged");
  syn_close(&s);
}

static void short_rollouts_and_missing_costs(void) {
  synthetic s;
  irl_motion m;
  irl_errinfo info = {0};
  syn_open(&s, 3);
  s.batch.length[0] = 0;
  s.batch.length[1] = 1;
  s.group.cost = NULL;
  CHECK_OK(irl_motion_create(&m, &s.replay, &info));
  CHECK(!m.has_cost && m.steps == SYN_STEPS);
  CHECK(isnan(irl_motion_cost(&m, 0, 2, 0)));
  irl_motion_pose(&m, 0, 0, 99);  // clamped
  irl_motion_destroy(&m);
  syn_close(&s);
}

static void states_are_demanded(void) {
  synthetic s;
  irl_motion m;
  irl_errinfo info = {0};
  irl_batch bare = {0};
  syn_open(&s, 1);
  CHECK_OK(irl_batch_create(&bare, 1, SYN_STEPS, 2, 0, 0, 0));
  s.group.batch = &bare;
  CHECK(irl_motion_create(&m, &s.replay, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "group 'known' has no physics states");
  irl_batch_destroy(&bare);
  syn_close(&s);
}

// Motion in a horizontal plane is seen from above; every ball lies in the picture, and the tightest
// one touches its border.
static void the_camera_frames_the_motion(void) {
  synthetic s;
  irl_motion m;
  irl_errinfo info = {0};
  syn_open(&s, 4);
  CHECK_OK(irl_motion_create(&m, &s.replay, &info));
  const double aspects[3] = {0.6, 1.0, 3.0};
  for (int k = 0; k < 3; k++) {
    mjvCamera camera;
    mjv_defaultCamera(&camera);
    irl_view_angle(&m, &camera.azimuth, &camera.elevation);
    CHECK(camera.elevation < -45.0);
    irl_view_fit(&camera, &m, aspects[k], (double)m.model->vis.global.fovy);
    mjvGLCamera gl = mjv_camera2GLCamera(m.model, m.data, &camera);
    gl.frustum_width = 0.0F;
    irl_lens lens;
    int height = 600, width = (int)(aspects[k] * height);
    irl_lens_init(&lens, &gl, width, height);
    double tightest = 1e9;
    for (int i = 0; i < m.nballs; i++) {
      float p[3];
      CHECK(irl_lens_project(&lens, m.balls[i].center, p));
      double r = (double)(m.balls[i].radius / irl_lens_pixel(&lens, p[2]));
      double left = (double)p[0] - r, right = width - (double)p[0] - r;
      double top = (double)p[1] - r, bottom = height - (double)p[1] - r;
      CHECK(left >= 0 && right >= 0 && top >= 0 && bottom >= 0);
      tightest = fmin(tightest, fmin(fmin(left, right) / width, fmin(top, bottom) / height));
    }
    CHECK(tightest < 0.06);  // the margin is 3 % of the side and a little for balance
  }
  irl_motion_destroy(&m);
  syn_close(&s);
}

// A pinhole written out: eye at (0, −2, 0) looking along y, 90° high, 100 × 100 pixels.
static void the_lens_is_a_pinhole(void) {
  mjvGLCamera gl = {.pos = {0, -2, 0},
                    .forward = {0, 1, 0},
                    .up = {0, 0, 1},
                    .frustum_bottom = -0.01F,
                    .frustum_top = 0.01F,
                    .frustum_near = 0.01F,
                    .frustum_far = 10.0F};
  irl_lens lens;
  float p[3];
  irl_lens_init(&lens, &gl, 100, 100);
  CHECK(irl_lens_project(&lens, (const float[3]){1, 0, 0.5F}, p));
  CHECK_NEAR((double)p[0], 50.0 + 50.0 * 1.0 / 2.0, 1e-3);
  CHECK_NEAR((double)p[1], 50.0 - 50.0 * 0.5 / 2.0, 1e-3);
  CHECK_NEAR((double)p[2], 2.0, 1e-6);
  CHECK(!irl_lens_project(&lens, (const float[3]){0, -3, 0}, p));
}

TESTS(TEST(trails_follow_the_moving_body), TEST(costs_are_those_of_the_steps),
      TEST(diverged_rollouts_are_left_out), TEST(short_rollouts_and_missing_costs),
      TEST(states_are_demanded), TEST(the_camera_frames_the_motion), TEST(the_lens_is_a_pinhole))
