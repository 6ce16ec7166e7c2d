// What the parts of the evaluation share: the run on trial, its rollouts, and the mixed-quality set
// (eval.c, eval_set.c, eval_shaping.c, eval_cost.c).
#ifndef MJIRL_IRL_EVAL_INTERNAL_H_
#define MJIRL_IRL_EVAL_INTERNAL_H_

#include "envs/env.h"
#include "irl/eval.h"
#include "irl/statistics_internal.h"

enum {
  IRL_EVAL_REPLICATES = 1000,  // of a bootstrap
  IRL_EVAL_REWARD = 0,         // pairs that are correlated: −c(x,u) and the reward of the step,
  IRL_EVAL_EPIC,               // their canonical forms by EPIC,
  IRL_EVAL_DARD,               // and by DARD
  IRL_EVAL_NPAIRS
};

// A run in the world of a task: its own, or a changed one.
typedef struct irl_judge {
  const irl_run* run;
  const irl_task* task;
  const irl_task_info* info;
  const irl_host* host;
  const irl_eval_options* options;
  irl_env* env;
  int nc;                    // conditions of the run
  const irl_policy** table;  // by the task's condition, for rollouts  (nconditions)
  irl_policy* policy;        // scratch, of the learned ones' sizes    (nc)
  irl_policy* found;         // by irl_judge_optimize, NULL before     (nc)
} irl_judge;

IRL_NODISCARD irl_err irl_judge_init(irl_judge* judge, const irl_task* task, irl_errinfo* info);
void irl_judge_fini(irl_judge* judge);

// Rollouts of the batch's trajectories, dealt in turn over the run's conditions. policy (nc) may be
// NULL where the mode needs none. `stream` keeps rollouts of different purposes apart. They run on
// to the horizon, as in training: returns are the same (nothing is paid after the end), and learned
// costs of trajectories that ended early can be compared with those of others.
IRL_NODISCARD irl_err irl_judge_roll(irl_judge* judge, const irl_policy* policy,
                                     irl_action_mode mode, uint64_t stream, irl_batch* batch,
                                     irl_errinfo* info);

// Optimises policies from scratch in the judge's world, by the kind of search that the run's task
// has for its experts: on the frozen cost, or on the task's reward as a measure of that. They are
// judge->found, one controller each for stationary methods.
typedef enum irl_judge_aim { IRL_JUDGE_LEARNED, IRL_JUDGE_REWARD } irl_judge_aim;
IRL_NODISCARD irl_err irl_judge_optimize(irl_judge* judge, irl_judge_aim aim, irl_errinfo* info);

//---------------------------------- The mixed-quality set -----------------------------------------

// Groups from good to bad: the demonstrations, the learned sampler, the same with its noise raised,
// the first sampler with raised noise, uniformly random actions, none. Demonstrations that training
// held out are a group of their own.
typedef enum irl_eval_group {
  IRL_EVAL_DEMOS,
  IRL_EVAL_LEARNED,
  IRL_EVAL_NOISY,
  IRL_EVAL_NOISIER,
  IRL_EVAL_INITIAL_NOISY,
  IRL_EVAL_UNIFORM,
  IRL_EVAL_ZERO,
  IRL_EVAL_NGROUPS,
  IRL_EVAL_HELDOUT = IRL_EVAL_NGROUPS
} irl_eval_group;

typedef struct irl_eval_set {
  irl_batch batch;      // N episodes, group by group
  int* group;           // irl_eval_group of each                   (N)
  uint8_t* has_state;   // its physics states are known             (N)
  double* step_cost;    // learned cost                             (N, T)
  double* path_cost;    //                                          (N)
  double* path_return;  //                                          (N)
} irl_eval_set;

// Rolls the groups out and takes the demonstrations (may be NULL) that are whole. Errors:
// IRL_ENOMEM and those of rollouts; the set is then to be destroyed.
IRL_NODISCARD irl_err irl_eval_set_create(irl_eval_set* set, irl_judge* judge,
                                          const irl_demos* demos, irl_errinfo* info);
void irl_eval_set_destroy(irl_eval_set* set);

// Canonical rewards of one condition's steps, as sums over each episode: pair[p][i] gets the sums
// of episode member[i] for the pairing p. Errors: IRL_ENOMEM and those of rollouts.
IRL_NODISCARD irl_err irl_eval_canonical(irl_judge* judge, const irl_eval_set* set, int k,
                                         const int* member, int n, irl_sums* pair[IRL_EVAL_NPAIRS],
                                         irl_errinfo* info);

// spearman, pearson, epic, dard and auc with their intervals.
IRL_NODISCARD irl_err irl_judge_cost(irl_judge* judge, const irl_eval_set* set,
                                     irl_eval_result* result, irl_errinfo* info);

#endif  // MJIRL_IRL_EVAL_INTERNAL_H_
