// Where a search begins: first policies by name.
#ifndef MJIRL_IRL_INITIAL_INTERNAL_H_
#define MJIRL_IRL_INITIAL_INTERNAL_H_

#include "irl/optimize_internal.h"

typedef struct irl_initial_request {
  const irl_task* task;
  irl_env* env;
  int condition;
  int number;  // of the start; 0 has no pull
  uint64_t seed;
  irl_initial initial;
  const irl_policy* warm;  // for IRL_INITIAL_WARM
  const irl_objective* objective;
} irl_initial_request;

// Fills policy (created, with the task's sizes). The noise is a share of the actions' half-ranges
// that changes from start to start, the pull a random constant action that fades.
IRL_NODISCARD irl_err irl_initial_policy(const irl_initial_request* request, irl_policy* policy,
                                         int64_t* env_steps, irl_errinfo* info);

#endif  // MJIRL_IRL_INITIAL_INTERNAL_H_
