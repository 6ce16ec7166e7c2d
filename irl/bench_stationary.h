// What a step of a stationary search costs beside the rollouts that feed it; printed by `mjirl
// bench`.
#ifndef MJIRL_IRL_BENCH_STATIONARY_H_
#define MJIRL_IRL_BENCH_STATIONARY_H_

#include "base/err.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_bench_stationary {
  double optimiser;  // of one step, all but its rollouts (median) [s]
  double rollouts;   // of the same steps (median)                 [s]
} irl_bench_stationary;

// Takes `repeats` >= 1 steps of a method on the task's own reward, after one to warm up, with the
// method's default settings: 16 episodes (random search) or 10 (natural gradient) of the whole
// horizon, run on one thread. Errors: IRL_EUNSUPPORTED (task without reward or actuators, or the
// trajectory method), those of irl_env_rollout, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_bench_stationary_run(irl_bench_stationary* bench, const irl_task* task,
                                               irl_expert_method method, int repeats,
                                               irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_BENCH_STATIONARY_H_
