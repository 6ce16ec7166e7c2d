// Real demonstrations for the tests of demos/: rollouts of a bundled task under wide noise, so that
// actions leave their bounds.
#ifndef MJIRL_TESTS_DEMOS_ROLLOUT_H_
#define MJIRL_TESTS_DEMOS_ROLLOUT_H_

#include "envs/env.h"
#include "sample.h"

// n trajectories of a task, dealt round-robin over its conditions, with states and residuals.
static inline irl_err rollout_batch(irl_batch* batch, const irl_task* task, int n, uint64_t seed,
                                    irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  irl_policy policy = {0};
  irl_env* env = NULL;
  const irl_policy* each[16] = {0};
  double stddev[64];
  int ninvalid = 0;
  for (int i = 0; i < 64; i++) {
    stddev[i] = 0.7;
  }
  for (int i = 0; i < 16; i++) {
    each[i] = &policy;
  }
  *batch = (irl_batch){0};
  irl_err err = irl_policy_create(&policy, 1, t->nx, t->nu);
  err = err ? err : irl_policy_set_noise(&policy, stddev);
  err = err ? err : irl_batch_create(batch, n, t->horizon, t->nx, t->nu, t->nz, t->nstate);
  err = err ? err : irl_batch_add_worlds(batch, t->nworld);
  err = err ? err : irl_env_create(&env, task, n, 1, info);
  for (int i = 0; !err && i < n; i++) {
    batch->condition[i] = i % t->nconditions;
  }
  const irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                               .policy = each,
                               .seed = seed,
                               .reset_purpose = IRL_PURPOSE_RESET,
                               .action_purpose = IRL_PURPOSE_ACTION};
  err = err ? err : irl_env_rollout(env, &rollout, batch, NULL, &ninvalid, info);
  irl_env_destroy(env);
  irl_policy_destroy(&policy);
  return err;
}

#endif  // MJIRL_TESTS_DEMOS_ROLLOUT_H_
