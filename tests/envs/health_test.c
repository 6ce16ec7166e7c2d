// Termination, success, and simulations that go wrong.
#include <mujoco/mujoco.h>

#include "sample.h"

// A free slider pushed by u: qpos after t steps is known, so ends can be placed.
static const char* const slider =
    "<mujoco><option timestep='0.1' gravity='0 0 0'><flag contact='disable'/></option><worldbody>"
    "<body><joint name='x' type='slide'/><geom size='0.1' mass='1'/></body></worldbody>"
    "<actuator><motor joint='x'/></actuator></mujoco>";

#define SLIDER_TASK(more)                                                                          \
  "{\"name\": \"slider\", \"model\": \"m\", \"horizon\": 20, \"observation\": {\"qpos\": \"x\"}, " \
  "\"conditions\": [{\"qvel\": {\"x\": 1}}], \"reward\": [{\"name\": \"alive\", "                  \
  "\"norm\": \"constant\", \"weight\": -1, \"while\": \"healthy\"}, {\"name\": \"one\", "          \
  "\"norm\": \"constant\", \"weight\": -10}]" more "}"

static irl_batch run(const char* json, const char* mjcf, bool run_on, int* invalid) {
  irl_task* task = sample_task(json, mjcf);
  irl_batch b = sample_batch(task, 3, irl_task_get(task)->horizon);
  for (int k = 0; k < b.n * b.horizon * b.nx; k++) {
    b.x[k] = 77;  // what an earlier rollout left must go
  }
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  rollout.run_on = run_on;
  *invalid = roll_out(task, &rollout, &b, 2);
  irl_task_destroy(task);
  return b;
}

// x_t = 0.1 t: beyond 0.45 first at t = 5, after the fifth step.
static void episodes_end_when_unhealthy(void) {
  int invalid;
  const char* json = SLIDER_TASK(", \"healthy\": [{\"qpos\": \"x\", \"max\": 0.45}]");
  irl_batch b = run(json, slider, false, &invalid);
  CHECK(invalid == 0 && b.length[0] == 5 && b.terminated[0] == 1);
  CHECK_NEAR(b.reward[3], 11, 0);
  CHECK_NEAR(b.reward[4], 10, 0);  // the step that ends it is paid, its health bonus is not
  CHECK_NEAR(b.x[5], 0.5, 1e-12);
  for (int t = 5; t < 20; t++) {
    CHECK(b.reward[t] == 0 && b.x[t + 1] == 0 && irl_batch_state(&b, 0, t + 1)[0] == 0);
  }
  irl_batch_destroy(&b);
  b = run(json, slider, true, &invalid);
  CHECK(invalid == 0 && b.length[0] == 20 && b.terminated[0] == 1);
  CHECK_NEAR(b.x[20], 2.0, 1e-12);
  CHECK(b.reward[4] == 10 && b.reward[5] == 0 && b.reward[19] == 0);
  irl_batch_destroy(&b);
}

// Inclusive and exclusive bounds, at a value that is met exactly: x stays 0 without speed.
static void bounds_are_open_or_closed(void) {
  static const struct {
    const char* range;
    int terminated;
  } cases[] = {
      {"\"min\": 0", 0},          {"\"max\": 0", 0},        {"\"above\": 0", 1},
      {"\"below\": 0", 1},        {"\"min\": 0.1", 1},      {"\"max\": -0.1", 1},
      {"\"norm_below\": 0.1", 0}, {"\"norm_below\": 0", 1}, {"\"above\": -1, \"below\": 1", 0},
      {"\"finite\": true", 0}};
  for (int k = 0; k < (int)(sizeof cases / sizeof cases[0]); k++) {
    char json[600];
    snprintf(
        json, sizeof json,
        "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 3, \"observation\": {\"qpos\": \"x\"}, "
        "\"healthy\": [{\"qpos\": \"x\", %s}]}",
        cases[k].range);
    int invalid;
    irl_batch b = run(json, slider, false, &invalid);
    CHECK(b.terminated[1] == cases[k].terminated);
    irl_batch_destroy(&b);
  }
}

// A trace runs on where a rollout stops, and tells that the state is no longer finite.
static void nan_is_not_finite(void) {
  irl_task* task = sample_task(
      "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 3, \"observation\": {\"qpos\": \"x\"}, "
      "\"healthy\": [{\"qvel\": \"x\", \"finite\": true}]}",
      slider);
  irl_env* env = NULL;
  const double zero = 0, bad = NAN;
  double qpos[2], qvel[2], obs[2], reward[2];
  uint8_t terminated[2];
  CHECK_OK(irl_env_create(&env, task, 1, 1, NULL));
  CHECK_OK(irl_env_trace(env, &zero, &zero, &zero, 1, qpos, qvel, obs, reward, terminated, NULL));
  CHECK(qvel[1] == 0 && !terminated[1]);
  CHECK_OK(irl_env_trace(env, &zero, &bad, &zero, 1, qpos, qvel, obs, reward, terminated, NULL));
  CHECK(isnan(qvel[1]) && terminated[1]);
  irl_env_destroy(env);
  irl_task_destroy(task);
}

// x_t = 0.1 t is within [0.35, 0.85] for t = 4..8: five steps.
static void success_must_be_held(void) {
  int invalid;
  irl_batch b =
      run(SLIDER_TASK(", \"healthy\": [{\"qpos\": \"x\", \"max\": 99}], \"success\": {\"when\": "
                      "[{\"qpos\": \"x\", \"min\": 0.35, \"max\": 0.85}], \"hold\": 5}"),
          slider, false, &invalid);
  CHECK(b.success[0] == 1);
  irl_batch_destroy(&b);
  b = run(SLIDER_TASK(", \"healthy\": [{\"qpos\": \"x\", \"max\": 99}], \"success\": {\"when\": "
                      "[{\"qpos\": \"x\", \"min\": 0.35, \"max\": 0.85}], \"hold\": 6}"),
          slider, false, &invalid);
  CHECK(b.success[0] == 0);
  irl_batch_destroy(&b);
}

// cos(0.1 t) > 0 for 15 steps, and after a break for 31 more: the count begins again.
static void success_must_be_unbroken(void) {
  static const int hold[] = {31, 33};
  for (int k = 0; k < 2; k++) {
    char json[600];
    int invalid;
    snprintf(
        json, sizeof json,
        "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 100, \"observation\": {\"qpos\": \"x\"}, "
        "\"conditions\": [{\"qvel\": {\"x\": 1}}], \"success\": {\"hold\": %d, \"when\": "
        "[{\"qpos\": \"x\", \"transform\": \"cos\", \"above\": 0}]}}",
        hold[k]);
    irl_batch b = run(json, slider, false, &invalid);
    CHECK(invalid == 0 && b.success[0] == (k == 0));
    irl_batch_destroy(&b);
  }
}

// A spring that Euler cannot integrate at this step: the state grows until MuJoCo calls it bad.
static const char* const bomb =
    "<mujoco><option timestep='0.1' gravity='0 0 0'><flag contact='disable'/></option><worldbody>"
    "<body><joint name='x' type='slide' stiffness='100000' springref='1'/><geom size='0.1' "
    "mass='1'/>"
    "</body></worldbody></mujoco>";

static void diverged_trajectories_are_invalid(void) {
  int invalid;
  irl_batch b =
      run("{\"name\": \"s\", \"model\": \"m\", \"horizon\": 50, \"observation\": [{\"qpos\": "
          "\"x\"}, {\"qvel\": \"x\"}]}",
          bomb, true, &invalid);
  CHECK(invalid == 3);
  for (int i = 0; i < 3; i++) {
    const int length = b.length[i];
    CHECK(b.valid[i] == 0 && length > 0 && length < 50);
    for (int t = 0; t <= length; t++) {
      CHECK(isfinite(irl_batch_x(&b, i, t)[0]) && isfinite(irl_batch_x(&b, i, t)[1]));
    }
    for (int t = length + 1; t <= 50; t++) {
      CHECK(irl_batch_x(&b, i, t)[0] == 0 && irl_batch_state(&b, i, t)[0] == 0);
    }
  }
  irl_batch_destroy(&b);
}

static void bad_actions_are_invalid(void) {
  irl_task* task =
      sample_task(SLIDER_TASK(", \"healthy\": [{\"qpos\": \"x\", \"max\": 99}]"), slider);
  irl_batch b = sample_batch(task, 2, 20);
  b.u[7] = NAN;
  irl_rollout rollout = sample_rollout(IRL_ACTION_GIVEN, NULL);
  irl_env* env = NULL;
  int64_t steps = 100;
  int invalid = 0;
  CHECK_OK(irl_env_create(&env, task, 2, 1, NULL));
  CHECK_OK(irl_env_rollout(env, &rollout, &b, &steps, &invalid, NULL));
  CHECK(invalid == 1 && !b.valid[0] && b.valid[1] && b.length[0] == 7);
  CHECK(steps == 100 + 8 + 20);  // the step that failed was simulated too
  CHECK(b.u[7] == 0);
  irl_env_destroy(env);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

// An arena too small for the contacts of a pile: MuJoCo raises an error or counts a warning in the
// middle of a step. Either way the process lives and the trajectory is invalid.
static void simulator_errors_stay_in_their_trajectory(void) {
  char mjcf[20000];
  for (int kilobytes = 20; kilobytes <= 400; kilobytes *= 2) {
    size_t used = (size_t)snprintf(mjcf, sizeof mjcf,
                                   "<mujoco><size memory='%dK'/><worldbody><geom type='plane' "
                                   "size='5 5 1'/>",
                                   kilobytes);
    for (int i = 0; i < 30; i++) {
      used += (size_t)snprintf(
          mjcf + used, sizeof mjcf - used,
          "<body pos='%g %g %g'><freejoint%s/><geom type='box' size='.1 .1 .1'/>"
          "</body>",
          0.05 * (i % 3), 0.05 * (i % 2), 0.15 + 0.21 * i, i == 0 ? " name='a'" : "");
    }
    snprintf(mjcf + used, sizeof mjcf - used, "</worldbody></mujoco>");
    irl_task* task = NULL;
    irl_env* env = NULL;
    irl_errinfo info = {0};
    if (irl_task_from_text(&task,
                           "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 300, "
                           "\"observation\": {\"qpos\": \"a\"}}",
                           mjcf, &info) != IRL_OK ||
        irl_env_create(&env, task, 2, 2, &info) != IRL_OK) {
      CHECK(info.text[0] != 0);
      irl_task_destroy(task);
      continue;
    }
    irl_batch b = sample_batch(task, 2, 300);
    irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
    int invalid = 0;
    CHECK_OK(irl_env_rollout(env, &rollout, &b, NULL, &invalid, &info));
    CHECK(invalid == (b.valid[0] ? 0 : 2));
    CHECK(kilobytes > 200 || invalid == 2);
    irl_batch_destroy(&b);
    irl_env_destroy(env);
    irl_task_destroy(task);
  }
}

static void warnings_are_listed(void) {
  irl_task* task = sample_task(
      "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 5, \"observation\": {\"qpos\": \"x\"}}",
      bomb);
  irl_env* env = NULL;
  char text[400] = "?";
  CHECK_OK(irl_env_create(&env, task, 1, 1, NULL));
  CHECK_OK(irl_env_check(env, 100, text, sizeof text, NULL));
  CHECK_CONTAINS(text, "bad number in q");
  irl_env_destroy(env);
  irl_task_destroy(task);
  task = bundled_task("reacher");
  CHECK_OK(irl_env_create(&env, task, 1, 1, NULL));
  CHECK_OK(irl_env_check(env, 10, text, sizeof text, NULL));
  CHECK(text[0] == 0);
  irl_env_destroy(env);
  irl_task_destroy(task);
}

// MuJoCo's own handler would write MUJOCO_LOG.TXT here.
static void nothing_is_written(void) {
  CHECK(remove("MUJOCO_LOG.TXT") != 0);
}

static void install(void) {
  irl_env_runtime_init();
}

// A check does not pass over a start that can never be drawn.
static void impossible_starts_are_told(void) {
  irl_task* task = sample_task(SAMPLE_TASK(", \"reset\": {\"noise\": [{\"qpos\": \"hinge\", "
                                           "\"uniform\": [-1, 1], \"norm_above\": 5}]}"),
                               NULL);
  irl_errinfo info = {0};
  irl_env* env = NULL;
  char text[200];
  CHECK_OK(irl_env_create(&env, task, 1, 1, NULL));
  CHECK(irl_env_check(env, 10, text, sizeof text, &info) == IRL_ESIM);
  CHECK_CONTAINS(info.text, "sample: no draw of the start meets norm_above");
  irl_env_destroy(env);
  irl_task_destroy(task);
}

TESTS(TEST(impossible_starts_are_told), TEST(install), TEST(episodes_end_when_unhealthy),
      TEST(bounds_are_open_or_closed), TEST(nan_is_not_finite), TEST(success_must_be_held),
      TEST(success_must_be_unbroken), TEST(diverged_trajectories_are_invalid),
      TEST(bad_actions_are_invalid), TEST(simulator_errors_stay_in_their_trajectory),
      TEST(warnings_are_listed), TEST(nothing_is_written))
