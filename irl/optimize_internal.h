// Trajectory optimisation from scratch on a fixed objective: several searches from different
// starts, the best kept for each condition. Makes experts (true reward) and re-optimises learned
// costs.
#ifndef MJIRL_IRL_OPTIMIZE_INTERNAL_H_
#define MJIRL_IRL_OPTIMIZE_INTERNAL_H_

#include <stdint.h>

#include "base/log.h"
#include "envs/env.h"
#include "irl/sampler_internal.h"

typedef struct irl_optimize_options {
  const irl_task* task;
  const int* condition;  // the task's numbers of the conditions to solve     (nc)
  int nc;
  irl_objective objective;
  uint64_t seed;
  int threads;
  int restarts, iterations, samples;
} irl_optimize_options;

// policy (nc) has been created by the caller with the task's sizes and gets the best policies
// found; their quality is judged by the objective of mean-action trajectories. *env_steps grows.
// Errors: IRL_ENUM when every search of a condition diverged, IRL_ECANCELED, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_optimize(const irl_optimize_options* options, const irl_host* host,
                                   irl_policy* policy, int64_t* env_steps, irl_errinfo* info);

#endif  // MJIRL_IRL_OPTIMIZE_INTERNAL_H_
