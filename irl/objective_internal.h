// The two costs that samplers are optimised on.
#ifndef MJIRL_IRL_OBJECTIVE_INTERNAL_H_
#define MJIRL_IRL_OBJECTIVE_INTERNAL_H_

#include "envs/task.h"
#include "irl/cost.h"
#include "irl/sampler_internal.h"

// The task's true reward as a maximum-entropy cost, −reward/temperature. Residuals enter through
// the fitted linear map z ≈ Z [x; u] + z0 (chain rule), so that any reward made of named parts can
// be optimised without knowing how it depends on the observation. task is borrowed.
irl_objective irl_reward_objective(const irl_task* task);

// A learned cost, by its Gauss-Newton expansion. cost is borrowed and may change between calls.
irl_objective irl_cost_objective(const irl_cost* cost);

#endif  // MJIRL_IRL_OBJECTIVE_INTERNAL_H_
