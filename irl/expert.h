// Experts: policies optimised on a task's true reward, by the method that the task's plan names.
// `trajectory` draws from p(τ) ∝ exp(return/temperature); the stationary methods' demonstrations
// are of the best mean actions found with as much noise as costs them little (docs/training.md).
#ifndef MJIRL_IRL_EXPERT_H_
#define MJIRL_IRL_EXPERT_H_

#include <stdint.h>

#include "base/batch.h"
#include "base/err.h"
#include "base/log.h"
#include "envs/task.h"
#include "irl/search.h"
#include "policy/dynamics.h"
#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_expert_options {
  const irl_task* task;
  uint64_t seed;
  int threads;              // <= 0: all CPUs
  int episodes;             // demonstrations in all, dealt round-robin over the conditions
  irl_expert_plan plan;     // how to search; default: the task's own
  const irl_policy* start;  // stationary methods: where to begin, or NULL
  const char* state;        // file that a search is saved in, or NULL; not with mixtures
  bool resume;              // go on from that file

  // The trajectory method's search beside the plan.
  irl_dynamics_kind dynamics;         // of all stages but the polish; default fitted
  double polish;                      // share of the entropy in a last stage, 0: none
  irl_dynamics_kind polish_dynamics;  // of that stage
  irl_initial initial;                // of all starts; default zero
  const irl_policy* warm;             // (conditions), for IRL_INITIAL_WARM; with 0 iterations they
                                      // are the experts as they are; borrowed
  void (*report)(void* user, const irl_search_row* row);  // of each proposal; NULL: none
  void* user;
} irl_expert_options;

irl_expert_options irl_expert_defaults(const irl_task* task);

typedef struct irl_expert_result {
  irl_batch demos;     // stochastic demonstrations with log-densities and states, owned
  irl_policy* policy;  // (nconditions), owned
  int nconditions;
  double* condition_return;  // mean-action return of each condition, NaN where all diverged,
                             // (nconditions), owned
  double* condition_random;  // the better of doing nothing and of uniform actions, (nconditions)
  double return_mean;        // mean-action return averaged over conditions
  double return_std;         // standard deviation over mean-action episodes
  int judged;                // mean-action episodes that these are of; diverged ones are not
  double random_return;  // from the same starts: the better of doing nothing and of uniform actions
  double sampled_mean;   // return of the demonstrations, which are noisy
  int64_t env_steps;
  double wall_seconds;  // all that was done, parts of a search before it was resumed included
  double cpu_seconds;   // of all threads of this process
} irl_expert_result;

// Errors: IRL_EUNSUPPORTED (task without reward or actuators, too large for the trajectory
// method), IRL_EDIM (a start or state that does not fit), IRL_ENUM, IRL_ENOMEM, IRL_ECANCELED (a
// search's state is as it was when it was last saved).
IRL_NODISCARD irl_err irl_expert(const irl_expert_options* options, const irl_host* host,
                                 irl_expert_result* result, irl_errinfo* info);
void irl_expert_result_fini(irl_expert_result* result);

// The policies as "expert/<condition>/K", k and sigma; a stationary one that serves all conditions
// once, as condition 0.
IRL_NODISCARD irl_err irl_expert_save(const irl_expert_result* result, const irl_task* task,
                                      const char* path, irl_errinfo* info);

// Reads such a file; *policy is (*n), 1 or the task's number of conditions, and the caller's.
// Errors: IRL_EDIM for another task's sizes, those of irl_tensors_load.
IRL_NODISCARD irl_err irl_expert_load(irl_policy** policy, int* n, const irl_task* task,
                                      const char* path, irl_errinfo* info);
void irl_expert_policies_free(irl_policy* policy, int n);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_EXPERT_H_
