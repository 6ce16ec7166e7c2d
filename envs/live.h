// One simulation of a task that somebody steps by hand, say a person at a window. Its steps are
// those of irl_env_rollout, bit for bit: what is recorded from it re-simulates to the same states.
#ifndef MJIRL_ENVS_LIVE_H_
#define MJIRL_ENVS_LIVE_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_live irl_live;

// What a control step gave. The arrays belong to the simulation and hold until its next call.
typedef struct irl_live_row {
  const double* x;        // observation now              (nx)
  const double* state;    // physics state now            (nstate)
  const double* applied;  // the action, within bounds    (nu)
  const double* z;        // residuals of the reward      (nz)
  double reward;
  bool terminated;  // the task's ranges were left
  bool success;     // its success condition has held long enough
} irl_live_row;

// The task is borrowed and must outlive the simulation, which belongs to one thread at a time.
// Errors: IRL_ENOMEM, IRL_ESIM.
IRL_NODISCARD irl_err irl_live_create(irl_live** live, const irl_task* task, irl_errinfo* info);
void irl_live_destroy(irl_live* live);  // NULL is fine

// Puts it at the start of a condition; the noise is that of trajectory `number` in the streams of
// seed, as irl_env_rollout draws it (without noise if exact). *row gets the observation and the
// state, the rest is zero. Errors: IRL_ERANGE for an unknown condition, IRL_ESIM when no start was
// found.
IRL_NODISCARD irl_err irl_live_reset(irl_live* live, int condition, uint64_t seed, uint64_t number,
                                     bool exact, irl_live_row* row, irl_errinfo* info);

// The same at a recorded physics state (nstate). Errors: IRL_ESIM.
IRL_NODISCARD irl_err irl_live_restore(irl_live* live, const double* state, irl_live_row* row,
                                       irl_errinfo* info);

// Simulates a control step under the raw action u (nu). Errors: IRL_ESIM when it diverged; the
// simulation must then be reset.
IRL_NODISCARD irl_err irl_live_step(irl_live* live, const double* u, irl_live_row* row,
                                    irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_ENVS_LIVE_H_
