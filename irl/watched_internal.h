// Rollouts that the host can stop.
#ifndef MJIRL_IRL_WATCHED_INTERNAL_H_
#define MJIRL_IRL_WATCHED_INTERNAL_H_

#include "base/log.h"
#include "envs/env.h"

// Trajectories that a thread rolls out between two looks at the host: a second or so of the largest
// tasks.
enum { IRL_WATCHED_EACH = 2 };

// irl_env_rollout, to the same bytes, in parts between which the host (may be NULL) is asked
// whether to stop. Errors: those of irl_env_rollout, IRL_ECANCELED (the rest of the batch is not
// filled).
IRL_NODISCARD irl_err irl_watched_rollout(irl_env* env, const irl_rollout* rollout,
                                          irl_batch* batch, const irl_host* host,
                                          int64_t* env_steps, int* ninvalid, irl_errinfo* info);

#endif  // MJIRL_IRL_WATCHED_INTERNAL_H_
