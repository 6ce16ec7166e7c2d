// A finished (or stopped) training run read back from its folder.
#ifndef MJIRL_IRL_RUN_H_
#define MJIRL_IRL_RUN_H_

#include <stdint.h>

#include "base/err.h"
#include "demos/demos.h"
#include "envs/task.h"
#include "irl/config.h"
#include "irl/cost.h"
#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_run {
  irl_algo algo;
  irl_config config;
  uint64_t seed;  // above 2^53 to the nearest number that a double holds
  irl_task* task;
  irl_expert_plan plan;  // how an expert of the task is searched for, which task does not keep
  irl_cost* cost;
  int nconditions;       // conditions that had demonstrations
  int* condition;        // the task's number of each  (nconditions)
  irl_policy* learned;   // (nconditions) last samplers
  irl_policy* initial;   // (nconditions) samplers before the first update
  double* log_z;         // (nconditions)
  double expert_return;  // mean return of the demonstrations, NAN without rewards
  double random_return;  // the better of doing nothing and uniform actions
  char* demos_path;      // as given to train
  char* folder;
} irl_run;

IRL_NODISCARD irl_err irl_run_open(irl_run** run, const char* folder, irl_errinfo* info);
void irl_run_close(irl_run* run);

// True when the folder is a run (it has a config.json of ours), so that a command can tell it from
// a dataset.
bool irl_run_exists(const char* folder);

// Per-step learned cost of a batch: out (N, T), zero past each length.
IRL_NODISCARD irl_err irl_run_step_costs(const irl_run* run, const irl_batch* batch, double* out);

// Rollouts with physics states for the viewer and evaluation: episodes trajectories dealt
// round-robin over the conditions, sampled actions of the learned (or initial) policies. batch is
// created.
IRL_NODISCARD irl_err irl_run_rollout(const irl_run* run, const irl_policy* policy, int episodes,
                                      uint64_t seed, int threads, irl_batch* batch,
                                      irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_RUN_H_
