// Quadratic expansion of a task's true reward as a maximum-entropy cost, −reward/temperature.
#ifndef MJIRL_IRL_REWARD_EXPAND_INTERNAL_H_
#define MJIRL_IRL_REWARD_EXPAND_INTERNAL_H_

#include "base/err.h"
#include "envs/task.h"
#include "policy/dynamics.h"
#include "policy/lqr.h"

typedef struct irl_reward_expansion {
  const irl_task* task;
  double temperature;
  double* work;  // irl_reward_expand_work_size(task) doubles, owned
} irl_reward_expansion;

IRL_NODISCARD irl_err irl_reward_expansion_init(irl_reward_expansion* e, const irl_task* task,
                                                double temperature);
void irl_reward_expansion_fini(irl_reward_expansion* e);

// An irl_expand_fn; arg is an irl_reward_expansion. Residuals enter through the fitted linear map
// z ≈ Z [x; u] + z0 (chain rule), so that any reward made of named parts can be optimised without
// knowing how it depends on the observation.
void irl_reward_expand(const irl_batch* batch, const int* index, int n, const irl_dynamics* dyn,
                       irl_quadratic* out, void* arg);

#endif  // MJIRL_IRL_REWARD_EXPAND_INTERNAL_H_
