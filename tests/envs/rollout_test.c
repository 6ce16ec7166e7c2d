// Rollouts: bits over threads, log-densities, clipping, states that start again, refused arguments.
#include <mujoco/mujoco.h>

#include "sample.h"

static const char* const tasks[] = {"reacher", "inverted_pendulum", "point_mass", "lq_point_mass"};

// The sample model with all that a worker touches: velocities, health, success, noise, forces.
static const char* const rich_task =
    "{\"name\": \"rich\", \"model\": \"m\", \"horizon\": 30, \"frame_skip\": 2, \"observation\": ["
    "{\"qpos\": \"*\"}, {\"qvel\": \"*\"}, {\"cfrc_ext\": \"pendant\"}, {\"site\": \"tip\"}], "
    "\"reward\": [{\"name\": \"forward\", \"norm\": \"linear\", \"weight\": -1, "
    "\"residual\": {\"velocity\": {\"site\": \"tip\"}, \"components\": [0]}}, "
    "{\"name\": \"alive\", \"norm\": \"constant\", \"weight\": -1, \"while\": \"healthy\"}, "
    "{\"name\": \"felt\", \"norm\": \"l2\", \"weight\": 0.01, \"residual\": "
    "[{\"sensor\": \"felt\"}, {\"qfrc_constraint\": \"ball\"}]}], "
    "\"healthy\": [{\"qpos\": \"hinge\", \"min\": -0.4, \"max\": 0.4}], "
    "\"success\": {\"when\": [{\"qpos\": \"slider\", \"above\": 0.01}], \"hold\": 3}, "
    "\"reset\": {\"noise\": [{\"qpos\": [\"slider\", \"hinge\"], \"normal\": 0.1}]}}";

static uint64_t hash_at(const irl_task* task, int nthread, int n) {
  irl_policy policy = sample_policy(task, irl_task_get(task)->horizon, 0.8);
  const irl_policy* each[8] = {&policy, &policy, &policy, &policy,
                               &policy, &policy, &policy, &policy};
  irl_batch batch = sample_batch(task, n, irl_task_get(task)->horizon);
  irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, each);
  (void)roll_out(task, &rollout, &batch, nthread);
  const uint64_t hash = hash_batch(&batch);
  irl_batch_destroy(&batch);
  irl_policy_destroy(&policy);
  return hash;
}

static void bits_do_not_depend_on_threads(void) {
  static const int threads[] = {2, 3, 8};
  for (int k = 0; k < 5; k++) {
    irl_task* task = k < 4 ? bundled_task(tasks[k]) : sample_task(rich_task, NULL);
    const uint64_t one = hash_at(task, 1, 24);
    for (int j = 0; j < 3; j++) {
      CHECK(hash_at(task, threads[j], 24) == one);
    }
    irl_task_destroy(task);
  }
}

// Nothing of an episode reaches the next one on the same simulator data.
static void episodes_leave_no_trace(void) {
  irl_task* task = sample_task(rich_task, NULL);
  irl_policy policy = sample_policy(task, 30, 0.8);
  const irl_policy* each[1] = {&policy};
  irl_batch together = sample_batch(task, 6, 30), alone = sample_batch(task, 1, 30);
  irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, each);
  (void)roll_out(task, &rollout, &together, 1);
  for (int i = 0; i < 6; i++) {
    rollout.first = i;
    (void)roll_out(task, &rollout, &alone, 1);
    CHECK(memcmp(alone.x, irl_batch_x(&together, i, 0), (size_t)(31 * alone.nx) * 8) == 0);
    CHECK(memcmp(alone.z, irl_batch_z(&together, i, 0), (size_t)(30 * alone.nz) * 8) == 0);
    CHECK(memcmp(alone.state, irl_batch_state(&together, i, 0), (size_t)(31 * alone.nstate) * 8) ==
          0);
  }
  irl_batch_destroy(&together);
  irl_batch_destroy(&alone);
  irl_policy_destroy(&policy);
  irl_task_destroy(task);
}

static void log_densities_are_the_policys(void) {
  irl_task* task = bundled_task("reacher");
  irl_policy policy[4];
  const irl_policy* each[4];
  for (int c = 0; c < 4; c++) {
    policy[c] = sample_policy(task, 50, 0.3 + 0.2 * c);
    each[c] = &policy[c];
  }
  irl_batch b = sample_batch(task, 16, 50);
  for (int mode = 0; mode < 2; mode++) {
    irl_rollout rollout = sample_rollout(mode == 0 ? IRL_ACTION_SAMPLE : IRL_ACTION_MEAN, each);
    CHECK(roll_out(task, &rollout, &b, 2) == 0);
    for (int i = 0; i < 16; i++) {
      const irl_policy* p = each[b.condition[i]];
      for (int t = 0; t < 50; t++) {
        const double *x = irl_batch_x(&b, i, t), *u = irl_batch_u(&b, i, t);
        double mean[2];
        CHECK_NEAR(b.logq[i * 50 + t], irl_policy_logdensity(p, t, x, u), 0);
        irl_policy_mean(p, t, x, mean);
        CHECK((mode == 1) == (u[0] == mean[0] && u[1] == mean[1]));
      }
    }
  }
  irl_batch_destroy(&b);
  for (int c = 0; c < 4; c++) {
    irl_policy_destroy(&policy[c]);
  }
  irl_task_destroy(task);
}

static void other_modes_act_as_they_say(void) {
  irl_task* task = sample_task(rich_task, NULL);
  irl_batch b = sample_batch(task, 40, 30);
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  rollout.run_on = true;
  CHECK(roll_out(task, &rollout, &b, 1) == 0);
  double least = 10, most = -10;
  for (int k = 0; k < 40 * 30; k++) {
    CHECK(b.u[2 * k] >= -1 && b.u[2 * k] <= 2);          // the motor's range
    CHECK(b.u[2 * k + 1] >= -1 && b.u[2 * k + 1] <= 1);  // unbounded: ±1
    CHECK_NEAR(b.logq[k], -log(3.0) - log(2.0), 1e-15);
    least = fmin(least, b.u[2 * k]);
    most = fmax(most, b.u[2 * k]);
  }
  CHECK(least < -0.98 && most > 1.98);
  rollout.mode = IRL_ACTION_ZERO;
  CHECK(roll_out(task, &rollout, &b, 1) == 0);
  for (int k = 0; k < 40 * 30; k++) {
    CHECK(b.u[2 * k] == 0 && b.logq[k] == 0);
  }
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

// The simulator sees clipped actions, the reward and the batch raw ones.
static void actions_are_clipped_for_the_simulator_only(void) {
  irl_task* task = sample_task(SAMPLE_TASK(", \"reward\": [{\"name\": \"u\", \"norm\": \"square\", "
                                           "\"residual\": \"action\"}]"),
                               NULL);
  irl_batch raw = sample_batch(task, 1, 30), clipped = sample_batch(task, 1, 30);
  for (int t = 0; t < 30; t++) {
    raw.u[2 * t] = 6 * sin(t);
    clipped.u[2 * t] = fmin(fmax(raw.u[2 * t], -1), 2);
    raw.u[2 * t + 1] = clipped.u[2 * t + 1] = 3 * cos(t);  // this motor has no range
    raw.logq[t] = -1.5 * t;
  }
  irl_rollout rollout = sample_rollout(IRL_ACTION_GIVEN, NULL);
  CHECK(roll_out(task, &rollout, &raw, 1) == 0 && roll_out(task, &rollout, &clipped, 1) == 0);
  CHECK(memcmp(raw.state, clipped.state, (size_t)(31 * raw.nstate) * sizeof(double)) == 0);
  for (int t = 0; t < 30; t++) {
    const double* u = irl_batch_u(&raw, 0, t);
    CHECK(u[0] == 6 * sin(t) && raw.logq[t] == -1.5 * t);
    CHECK_NEAR(raw.reward[t], -(u[0] * u[0] + u[1] * u[1]), 1e-12);
  }
  irl_batch_destroy(&raw);
  irl_batch_destroy(&clipped);
  irl_task_destroy(task);
}

// A rollout from a recorded state under the recorded actions is the recorded rest, to the last bit.
static void recorded_states_start_again(void) {
  for (int k = 0; k < 4; k++) {
    irl_task* task = bundled_task(tasks[k]);
    const int T = 20, from = 8;
    irl_policy policy = sample_policy(task, T, 0.5);
    const irl_policy* each[8] = {&policy, &policy, &policy, &policy};
    irl_batch b = sample_batch(task, 1, T), rest = sample_batch(task, 1, T - from);
    irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, each);
    rollout.run_on = true;
    (void)roll_out(task, &rollout, &b, 1);
    memcpy(rest.u, irl_batch_u(&b, 0, from), (size_t)((T - from) * b.nu) * sizeof(double));
    rollout.mode = IRL_ACTION_GIVEN;
    rollout.start_state = irl_batch_state(&b, 0, from);
    (void)roll_out(task, &rollout, &rest, 1);
    CHECK(memcmp(rest.state, irl_batch_state(&b, 0, from),
                 (size_t)((T - from + 1) * b.nstate) * sizeof(double)) == 0);
    CHECK(memcmp(irl_batch_x(&rest, 0, 1), irl_batch_x(&b, 0, from + 1),
                 (size_t)((T - from) * b.nx) * sizeof(double)) == 0);
    irl_batch_destroy(&b);
    irl_batch_destroy(&rest);
    irl_policy_destroy(&policy);
    irl_task_destroy(task);
  }
}

static void state_parts_have_their_places(void) {
  irl_task* task = sample_task(rich_task, NULL);
  irl_batch b = sample_batch(task, 1, 5);
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  CHECK(roll_out(task, &rollout, &b, 1) == 0);
  int count = 0, total = 0;
  const irl_state_part* part = irl_task_state_parts(task, &count);
  const double* state = irl_batch_state(&b, 0, 3);
  for (int i = 0; i < count; i++) {
    CHECK(part[i].offset == total && part[i].size > 0);
    total += part[i].size;
  }
  CHECK(total == irl_task_get(task)->nstate && count >= 4);
  CHECK(strcmp(part[0].name, "time") == 0 && strcmp(part[1].name, "qpos") == 0);
  CHECK_NEAR(state[0], 3 * 0.02, 1e-15);
  CHECK(memcmp(state + part[1].offset, irl_batch_x(&b, 0, 3), 6 * sizeof(double)) == 0);
  CHECK(memcmp(state + part[2].offset, irl_batch_x(&b, 0, 3) + 6, 5 * sizeof(double)) == 0);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

static void refuse(irl_env* env, const irl_rollout* rollout, irl_batch* b, irl_err code,
                   const char* part) {
  irl_errinfo info = {0};
  CHECK(irl_env_rollout(env, rollout, b, NULL, NULL, &info) == code);
  CHECK_CONTAINS(info.text, part);
}

static void wrong_arguments_are_refused(void) {
  irl_task* task = bundled_task("reacher");
  irl_task* other = bundled_task("point_mass");
  irl_policy policy = sample_policy(other, 50, 0.5);
  const irl_policy* each[4] = {&policy, &policy, &policy, &policy};
  irl_env* env = NULL;
  irl_errinfo info = {0};
  CHECK(irl_env_create(&env, task, 0, 1, &info) == IRL_ERANGE && env == NULL);
  CHECK_OK(irl_env_create(&env, task, 4, 1, &info));
  irl_batch b = sample_batch(task, 4, 50), large = sample_batch(task, 5, 50);
  irl_batch foreign = sample_batch(other, 4, 50);
  irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, NULL);
  refuse(env, &rollout, &b, IRL_EDIM, "condition 0 has no policy");
  rollout.policy = each;
  refuse(env, &rollout, &b, IRL_EDIM, "10 observations");
  rollout.mode = IRL_ACTION_ZERO;
  refuse(env, &rollout, &large, IRL_ERANGE, "5 trajectories in an env made for 4");
  refuse(env, &rollout, &foreign, IRL_EDIM, "nx 4");
  b.condition[2] = 4;
  refuse(env, &rollout, &b, IRL_ERANGE, "trajectory 2 has condition 4");
  irl_env_destroy(env);
  irl_batch_destroy(&b);
  irl_batch_destroy(&large);
  irl_batch_destroy(&foreign);
  irl_policy_destroy(&policy);
  irl_task_destroy(task);
  irl_task_destroy(other);
}

TESTS(TEST(bits_do_not_depend_on_threads), TEST(episodes_leave_no_trace),
      TEST(log_densities_are_the_policys), TEST(other_modes_act_as_they_say),
      TEST(actions_are_clipped_for_the_simulator_only), TEST(recorded_states_start_again),
      TEST(state_parts_have_their_places), TEST(wrong_arguments_are_refused))
