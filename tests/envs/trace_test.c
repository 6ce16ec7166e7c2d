// One given trajectory against the same through MuJoCo by hand.
#include <mujoco/mujoco.h>

#include "sample.h"

enum { STEPS = 60 };

static void traces_are_plain_simulation(void) {
  irl_task* task = bundled_task("inverted_pendulum");
  const mjModel* m = irl_task_model(task);
  const double qpos0[2] = {0.1, 0.05}, qvel0[2] = {0.2, -0.1};
  double actions[STEPS], qpos[2 * (STEPS + 1)], qvel[2 * (STEPS + 1)], obs[4 * (STEPS + 1)];
  double reward[STEPS + 1];
  uint8_t terminated[STEPS + 1];
  for (int t = 0; t < STEPS; t++) {
    actions[t] = t % 10 == 9 ? 20 : 0.1 * sin(t);  // some beyond the range of 3
  }
  irl_env* env = NULL;
  CHECK_OK(irl_env_create(&env, task, 1, 1, NULL));
  CHECK_OK(
      irl_env_trace(env, qpos0, qvel0, actions, STEPS, qpos, qvel, obs, reward, terminated, NULL));
  mjData* d = mj_makeData(m);
  memcpy(d->qpos, qpos0, sizeof qpos0);
  memcpy(d->qvel, qvel0, sizeof qvel0);
  mj_forward(m, d);
  bool ended = false;
  CHECK(reward[0] == 0 && terminated[0] == 0);
  for (int t = 0; t <= STEPS; t++) {
    const bool over = fabs(d->qpos[1]) > 0.2;
    CHECK(qpos[2 * t] == d->qpos[0] && qpos[2 * t + 1] == d->qpos[1]);
    CHECK(qvel[2 * t] == d->qvel[0] && qvel[2 * t + 1] == d->qvel[1]);
    CHECK(obs[4 * t] == d->qpos[0] && obs[4 * t + 3] == d->qvel[1]);
    CHECK(t == 0 || (terminated[t] == over && reward[t] == (over ? 0 : 1)));
    ended |= over;
    d->ctrl[0] = t < STEPS ? fmin(actions[t], 3) : 0;
    mj_step(m, d);
    mj_step(m, d);
  }
  CHECK(ended);
  mj_deleteData(d);
  irl_env_destroy(env);
  irl_task_destroy(task);
}

TESTS(TEST(traces_are_plain_simulation))
