// Trajectory optimisation from scratch on a fixed objective. Makes experts (true reward) and
// re-optimises learned costs.
//
// Every condition gets many cheap starts; the best are continued, with more trajectories, and fewer
// of them in each stage (successive halving); the last is polished with little noise. A step of the
// KL-constrained LQR is a proposal: its trajectories decide whether it is taken.
#ifndef MJIRL_IRL_OPTIMIZE_INTERNAL_H_
#define MJIRL_IRL_OPTIMIZE_INTERNAL_H_

#include <stdint.h>

#include "base/log.h"
#include "base/pool.h"
#include "envs/env.h"
#include "irl/sampler_internal.h"
#include "irl/search.h"

typedef struct irl_optimize_options {
  const irl_task* task;
  const int* condition;  // the task's numbers of the conditions to solve     (nc)
  int nc;
  irl_objective objective;
  uint64_t seed;
  int threads;
  int restarts;    // starts a condition
  int rounds;      // of exchange, at most
  int iterations;  // of the longest stage
  int samples;     // trajectories an iteration and start, half as many in the first stage
  irl_dynamics_kind dynamics;
  double entropy;  // ν of all stages but the last, > 0; results have the noise of ν = 1
  double polish;   // share of it in a last stage, 0: none
  irl_dynamics_kind polish_dynamics;
  irl_initial initial;     // of every start; noise and pull come on top, the first has no pull
  const irl_policy* warm;  // (nc), for IRL_INITIAL_WARM
  void (*report)(void* user, const irl_search_row* row);  // NULL: none
  void* user;
  const char* state;     // file that the search is saved in before its first stage and after each,
                         // or NULL; not with mixtures
  bool resume;           // go on from that file, with the same objective
  irl_seconds* earlier;  // gets what the parts before a resumption took, or NULL
} irl_optimize_options;

irl_optimize_options irl_optimize_defaults(const irl_task* task);

// policy (nc) has been created by the caller with the task's sizes and gets the best policies
// found; their quality is judged by the objective of mean-action trajectories. *env_steps grows.
// Errors: IRL_ENUM when every search of a condition diverged, IRL_EDIM for a state of another
// search, IRL_EUNSUPPORTED for one of mixtures, IRL_ECANCELED (saved as it was before the stage
// that it was in), IRL_ENOMEM.
IRL_NODISCARD irl_err irl_optimize(const irl_optimize_options* options, const irl_host* host,
                                   irl_policy* policy, int64_t* env_steps, irl_errinfo* info);

#endif  // MJIRL_IRL_OPTIMIZE_INTERNAL_H_
