// A simulation stepped by hand against irl_env_rollout: all of them must agree to the last bit.
#include "envs/live.h"

#include "sample.h"

enum { STEPS = 25 };

// One trajectory of random actions, from the streams (7, RESET) and (7, RANDOM), number 3.
static irl_batch reference(const irl_task* task, int condition, bool exact) {
  const irl_task_info* t = irl_task_get(task);
  irl_batch batch = {0};
  irl_env* env = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_batch_create(&batch, 1, STEPS, t->nx, t->nu, t->nz, t->nstate));
  CHECK_OK(irl_env_create(&env, task, 1, 1, &info));
  batch.condition[0] = condition;
  const irl_rollout rollout = {.mode = IRL_ACTION_UNIFORM,
                               .seed = 7,
                               .reset_purpose = IRL_PURPOSE_RESET,
                               .action_purpose = IRL_PURPOSE_RANDOM,
                               .first = 3,
                               .exact_start = exact};
  CHECK_OK(irl_env_rollout(env, &rollout, &batch, NULL, NULL, &info));
  irl_env_destroy(env);
  return batch;
}

static bool same(const double* a, const double* b, int n) {
  return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

// Steps from t on against the batch.
static void follow(irl_live* live, const irl_task_info* t, const irl_batch* b, int from) {
  irl_live_row row;
  irl_errinfo info = {0};
  bool success = false;
  for (int s = from; s < b->length[0]; s++) {
    CHECK_OK(irl_live_step(live, irl_batch_u(b, 0, s), &row, &info));
    CHECK(same(row.x, irl_batch_x(b, 0, s + 1), t->nx));
    CHECK(same(row.state, irl_batch_state(b, 0, s + 1), t->nstate));
    CHECK(same(row.z, irl_batch_z(b, 0, s), t->nz));
    CHECK(row.reward == b->reward[s]);
    CHECK(row.terminated == (b->terminated[0] && s == b->length[0] - 1));
    success |= row.success;
  }
  CHECK(success == b->success[0]);
}

static void agrees(const char* name, int condition, bool exact) {
  irl_task* task = bundled_task(name);
  const irl_task_info* t = irl_task_get(task);
  irl_batch b = reference(task, condition, exact);
  irl_live* live = NULL;
  irl_live_row row;
  irl_errinfo info = {0};
  CHECK_OK(irl_live_create(&live, task, &info));
  for (int repeat = 0; repeat < 2; repeat++) {  // a second episode is no different
    CHECK_OK(irl_live_reset(live, condition, 7, 3, exact, &row, &info));
    CHECK(same(row.x, irl_batch_x(&b, 0, 0), t->nx));
    CHECK(same(row.state, irl_batch_state(&b, 0, 0), t->nstate));
    follow(live, t, &b, 0);
  }
  CHECK_OK(irl_live_restore(live, irl_batch_state(&b, 0, 0), &row, &info));
  CHECK(same(row.state, irl_batch_state(&b, 0, 0), t->nstate));
  follow(live, t, &b, 0);
  irl_live_destroy(live);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

static void equals_rollouts(void) {
  agrees("reacher", 1, false);    // Runge-Kutta, Gymnasium's timing
  agrees("hopper", 0, false);     // velocities as rewards: memory between steps; terminates
  agrees("humanoid", 0, false);   // contacts, free joint
  agrees("point_mass", 0, true);  // fresh observations: split steps
}

static void refuses(void) {
  irl_task* task = bundled_task("reacher");
  irl_live* live = NULL;
  irl_live_row row;
  irl_errinfo info = {0};
  const double bad[2] = {NAN, 0};
  CHECK_OK(irl_live_create(&live, task, &info));
  CHECK(irl_live_reset(live, 4, 0, 0, false, &row, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "no condition 4; give 0 to 3");
  CHECK_OK(irl_live_reset(live, 0, 0, 0, false, &row, &info));
  CHECK(irl_live_step(live, bad, &row, &info) == IRL_ESIM);
  CHECK_CONTAINS(info.text, "diverged");
  CHECK_OK(irl_live_reset(live, 0, 0, 0, false, &row, &info));
  CHECK_OK(irl_live_step(live, (const double[2]){0.1, -2}, &row, &info));
  CHECK(row.applied[0] == 0.1 && row.applied[1] == -1);
  irl_live_destroy(live);
  irl_task_destroy(task);
}

// A host's first call: MuJoCo would write its warnings into a file here.
static void install(void) {
  irl_env_runtime_init();
}

TESTS(TEST(install), TEST(equals_rollouts), TEST(refuses))
