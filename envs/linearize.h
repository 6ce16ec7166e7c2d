// Linearisation of a task's control step by finite differences of the simulator, about recorded
// trajectories. The policy sees observations, which need not be the state: state and action are
// moved, and what is kept are the changes of observation, action, next observation and residuals,
// from which policy/dynamics.h regresses x' = F [x; u] + f in observation coordinates.
//
// Central differences of whole control steps, so that every integrator, frame skip, the clipping of
// actions and contacts are in them (mjd_transitionFD refuses Runge-Kutta and sees one physics
// step). Each direction is moved by a share of its own spread over the trajectories: averaged over
// several noisy paths that is the statistical linearisation over the sampler's distribution rather
// than the derivative at one point, and an actuator that saturates half of the time has half the
// slope.
#ifndef MJIRL_ENVS_LINEARIZE_H_
#define MJIRL_ENVS_LINEARIZE_H_

#include <stdint.h>

#include "envs/env.h"
#include "policy/dynamics.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_linearize_options {
  int paths;     // trajectories that are differenced, the first of those given; default 3
  double share;  // size of a move, in standard deviations over the trajectories; default 0.3
  double least;  // floor of a move [rad, m, rad/s, m/s, action half-ranges]; default 1e-4
} irl_linearize_options;

irl_linearize_options irl_linearize_defaults(void);

// Directions moved a step, 2 nv + na + nu; each costs two control steps.
int irl_linearize_directions(const irl_task* task);

// The work memory of a linearisation: sizes of the moves, and scratch of each simulation. The env
// is borrowed and must outlive it; horizon: most steps of the batches to come. Errors: IRL_ERANGE
// (paths beyond the env's trajectories, sizes not above 0), IRL_ENOMEM.
typedef struct irl_linearizer irl_linearizer;
IRL_NODISCARD irl_err irl_linearizer_create(irl_linearizer** lin, irl_env* env, int horizon,
                                            const irl_linearize_options* options,
                                            irl_errinfo* info);
void irl_linearizer_destroy(irl_linearizer* lin);  // NULL is fine

// Differences about the given trajectories (index (n)) of a batch that has its physics states; out
// was made by irl_differences_create for this task, the batch's horizon and paths × directions
// rows. Trajectories that diverged and moves that diverge leave zero rows. Bit-identical for any
// thread count. *env_steps (may be NULL) grows by the control steps simulated. Errors: IRL_EDIM
// (the batch has no states or other sizes), IRL_ERANGE (no trajectory to difference).
IRL_NODISCARD irl_err irl_linearizer_run(irl_linearizer* lin, const irl_batch* batch,
                                         const int* index, int n, irl_differences* out,
                                         int64_t* env_steps, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_ENVS_LINEARIZE_H_
