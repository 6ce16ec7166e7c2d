// Experts: maximum-entropy trajectory optimisation on a task's true reward, p(τ) ∝
// exp(return/temperature).
#ifndef MJIRL_IRL_EXPERT_H_
#define MJIRL_IRL_EXPERT_H_

#include <stdint.h>

#include "base/batch.h"
#include "base/err.h"
#include "base/log.h"
#include "envs/task.h"
#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_expert_options {
  const irl_task* task;
  uint64_t seed;
  int threads;     // <= 0: all CPUs
  int episodes;    // demonstrations in all, dealt round-robin over the conditions
  int restarts;    // searches a condition, the best is kept; default 6
  int iterations;  // sampler steps a search; default 25
  int samples;     // trajectories a sampler step; default 20
} irl_expert_options;

irl_expert_options irl_expert_defaults(const irl_task* task);

typedef struct irl_expert_result {
  irl_batch demos;     // stochastic demonstrations with log-densities and states, owned
  irl_policy* policy;  // (nconditions), owned
  int nconditions;
  double* condition_return;  // mean-action return of each condition, (nconditions), owned
  double return_mean;        // mean-action return averaged over conditions
  double return_std;         // standard deviation over mean-action episodes
  int64_t env_steps;
  double wall_seconds;
} irl_expert_result;

// Errors: IRL_EUNSUPPORTED (task without reward or actuators), IRL_ENUM, IRL_ENOMEM, IRL_ECANCELED.
IRL_NODISCARD irl_err irl_expert(const irl_expert_options* options, const irl_host* host,
                                 irl_expert_result* result, irl_errinfo* info);
void irl_expert_result_fini(irl_expert_result* result);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_EXPERT_H_
