// No allocation in a rollout, of 10 steps or of 100.
#include "allocations.h"
#include "sample.h"

static long during_rollout(const irl_task* task, int horizon, int nthread) {
  irl_policy policy = sample_policy(task, horizon, 0.3);
  const irl_policy* each[4] = {&policy, &policy, &policy, &policy};
  irl_batch b = sample_batch(task, 16, horizon);
  irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, each);
  irl_env* env = NULL;
  rollout.run_on = true;
  CHECK_OK(irl_env_create(&env, task, 16, nthread, NULL));
  CHECK_OK(irl_env_rollout(env, &rollout, &b, NULL, NULL, NULL));  // buffers of the first use
  const long before = atomic_load(&allocations);
  CHECK_OK(irl_env_rollout(env, &rollout, &b, NULL, NULL, NULL));
  const long during = atomic_load(&allocations) - before;
  irl_env_destroy(env);
  irl_batch_destroy(&b);
  irl_policy_destroy(&policy);
  return during;
}

static void rollouts_allocate_nothing(void) {
  static const char* const names[] = {"reacher", "inverted_pendulum", "point_mass", "lq_point_mass",
                                      "ant",     "humanoid"};
  for (int k = 0; k < 6; k++) {
    irl_task* task = bundled_task(names[k]);
    for (int nthread = 1; nthread <= 2; nthread++) {
      CHECK(during_rollout(task, 10, nthread) == 0);
      CHECK(during_rollout(task, 100, nthread) == 0);
    }
    irl_task_destroy(task);
  }
}

TESTS(TEST(the_counter_counts), TEST(rollouts_allocate_nothing))
