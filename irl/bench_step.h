// What a step of the sampler costs beside the rollouts that feed it; printed by `mjirl bench`.
#ifndef MJIRL_IRL_BENCH_STEP_H_
#define MJIRL_IRL_BENCH_STEP_H_

#include "base/err.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

// Median CPU times over `repetitions` >= 1 of one sampler step (fit of the dynamics, expansion of
// the task's reward, KL-constrained LQR) on 20 trajectories of a task's first condition, and of the
// rollouts of those, one thread each [s]. The policy goes on from step to step.
IRL_NODISCARD irl_err irl_bench_step_run(double* step_seconds, double* rollout_seconds,
                                         const irl_task* task, int repetitions, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_BENCH_STEP_H_
