// Parallel rollouts of a task on MuJoCo's batch of simulations (mjbatch.h): policy, observation,
// reward and log-density run inside the worker. Results are bit-identical for any thread count.
#ifndef MJIRL_ENVS_ENV_H_
#define MJIRL_ENVS_ENV_H_

#include <stdint.h>

#include "base/batch.h"
#include "base/err.h"
#include "base/random.h"
#include "envs/task.h"
#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_env irl_env;

// Simulators of a task on nthread threads (<= 0: all CPUs this process may use); at most
// max_trajectories a call. The task is borrowed and must outlive the env. Errors: IRL_ERANGE (below
// 1), IRL_ENOMEM.
IRL_NODISCARD irl_err irl_env_create(irl_env** env, const irl_task* task, int max_trajectories,
                                     int nthread, irl_errinfo* info);
void irl_env_destroy(irl_env* env);       // NULL is fine
int irl_env_nthread(const irl_env* env);  // threads in use
const irl_task* irl_env_task(const irl_env* env);

typedef enum irl_action_mode {
  IRL_ACTION_SAMPLE,   // u ~ policy, logq recorded
  IRL_ACTION_MEAN,     // u = K x + k, logq = log-density at the mean
  IRL_ACTION_ZERO,     // u = 0, logq = 0
  IRL_ACTION_UNIFORM,  // uniform within the action bounds (±1 where unbounded), its log-density
  IRL_ACTION_GIVEN     // u already stands in the batch, logq is left alone
} irl_action_mode;

typedef struct irl_rollout {
  irl_action_mode mode;
  const irl_policy* const* policy;  // one a condition (nconditions); unused for zero/uniform/given
  const irl_policy* const* own_policy;  // one a trajectory (N) in its place, or NULL
  uint64_t seed;
  uint64_t iteration;
  irl_purpose reset_purpose;  // stream (seed, purpose, iteration, condition, trajectory number)
  irl_purpose action_purpose;
  int first;          // number of the batch's first trajectory in these streams
  const int* number;  // (N) numbers in these streams instead of first, first + 1, ..., or NULL
  bool run_on;        // simulate all T steps even after termination; rewards after it are 0
  bool exact_start;   // no start noise: the condition's own state
  double spread;      // factor on the start noise, about the middle of each range; 0: 1
  const double* start_state;  // (N, nstate) physics states to start from instead, or NULL
  const double* world;        // (N, nworld) factors of the physics instead of drawn ones, or NULL
} irl_rollout;

// Fills the batch: batch->n <= max_trajectories, condition[] set by the caller, sizes as the task's
// (nz, nstate and nworld may be 0), any horizon. A trajectory that diverges gets valid = 0 and is
// counted in *ninvalid; *env_steps (may be NULL) grows by the control steps simulated. Errors:
// IRL_EDIM, IRL_ERANGE for arguments that do not fit the task, IRL_ESIM for a world of its domain
// that MuJoCo refuses.
IRL_NODISCARD irl_err irl_env_rollout(irl_env* env, const irl_rollout* rollout, irl_batch* batch,
                                      int64_t* env_steps, int* ninvalid, irl_errinfo* info);

// One trajectory under given actions (nsteps, nu) from given qpos, qvel (after mj_resetData, before
// mj_forward), all steps run whatever the termination: qpos (nsteps+1, nq), qvel (nsteps+1, nv),
// obs (nsteps+1, nx), reward (nsteps+1) with 0 in row 0, terminated (nsteps+1). Errors: IRL_ESIM
// when MuJoCo stopped the simulation.
IRL_NODISCARD irl_err irl_env_trace(irl_env* env, const double* qpos0, const double* qvel0,
                                    const double* actions, int nsteps, double* qpos, double* qvel,
                                    double* obs, double* reward, uint8_t* terminated,
                                    irl_errinfo* info);

// Warnings MuJoCo counted over nsteps steps with zero action, as "<warning>: <count>" lines in
// warnings (size bytes, cut off beyond); empty: none. Errors: IRL_ESIM.
IRL_NODISCARD irl_err irl_env_check(irl_env* env, int nsteps, char* warnings, size_t size,
                                    irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_ENVS_ENV_H_
