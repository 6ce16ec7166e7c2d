// The mixed-quality set: demonstrations and rollouts from good to bad, with learned cost and true
// return (docs/evaluation.md).
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/eval_internal.h"
#include "irl/split_internal.h"

enum { GROUP_EPISODES = 10 };  // a condition, of each group

// What makes a group: noise on which sampler, or actions that need none.
static const struct {
  irl_action_mode mode;
  bool initial;  // the first sampler of the run instead of the learned one
  double noise;  // factor on its covariance
} recipe[IRL_EVAL_NGROUPS] = {
    [IRL_EVAL_LEARNED] = {IRL_ACTION_SAMPLE, false, 1.0},
    [IRL_EVAL_NOISY] = {IRL_ACTION_SAMPLE, false, 9.0},
    [IRL_EVAL_NOISIER] = {IRL_ACTION_SAMPLE, false, 100.0},
    [IRL_EVAL_INITIAL_NOISY] = {IRL_ACTION_SAMPLE, true, 9.0},
    [IRL_EVAL_UNIFORM] = {IRL_ACTION_UNIFORM, false, 0.0},
    [IRL_EVAL_ZERO] = {IRL_ACTION_ZERO, false, 0.0},
};

static void take(irl_eval_set* set, const irl_batch* from, int i, irl_eval_group group) {
  int n = set->batch.n++;
  irl_batch_copy(&set->batch, n, from, i);
  set->group[n] = (int)group;
  set->has_state[n] = from->nstate == set->batch.nstate;
}

// A condition's demonstrations that ran on to the horizon (broken ones have no comparable cost),
// those behind that training held out. index (2n of the dataset).
static void take_condition(irl_eval_set* set, const irl_demos* demos, int condition, double heldout,
                           int* index) {
  const irl_batch* b = &demos->batch;
  int n = 0;
  for (int i = 0; i < b->n; i++) {
    bool whole = b->valid[i] && b->length[i] == set->batch.horizon;
    if (whole && b->condition[i] == condition) {
      index[n++] = i;
    }
  }
  int out = irl_split(demos, index, n, heldout, index + n);
  for (int i = 0; i < n - out; i++) {
    take(set, b, index[i], IRL_EVAL_DEMOS);
  }
  for (int i = n; i < n + out; i++) {
    take(set, b, index[i], IRL_EVAL_HELDOUT);
  }
}

static irl_err take_demos(irl_eval_set* set, const irl_judge* j, const irl_demos* demos) {
  int* index = IRL_NEW(int, 2 * (size_t)demos->batch.n);
  for (int k = 0; index != NULL && k < j->nc; k++) {
    take_condition(set, demos, j->run->condition[k], j->run->config.heldout, index);
  }
  irl_free(index);
  return index != NULL ? IRL_OK : IRL_ENOMEM;
}

static irl_err roll_group(irl_judge* j, irl_eval_group g, irl_batch* part, irl_errinfo* info) {
  const irl_policy* from = recipe[g].initial ? j->run->initial : j->run->learned;
  for (int k = 0; k < j->nc && recipe[g].mode == IRL_ACTION_SAMPLE; k++) {
    irl_policy_copy(&j->policy[k], &from[k]);
    irl_policy_scale_covariance(&j->policy[k], recipe[g].noise);
  }
  return irl_judge_roll(j, j->policy, recipe[g].mode, (uint64_t)g, part, info);
}

static irl_err fill(irl_eval_set* set, irl_judge* j, irl_batch* part, irl_errinfo* info) {
  for (int g = IRL_EVAL_LEARNED; g < IRL_EVAL_NGROUPS; g++) {
    IRL_TRY(roll_group(j, (irl_eval_group)g, part, info));
    for (int i = 0; i < part->n; i++) {
      if (part->valid[i]) {
        take(set, part, i, (irl_eval_group)g);
      }
    }
  }
  return IRL_OK;
}

static irl_err allocate(irl_eval_set* set, const irl_task_info* t, int most) {
  IRL_TRY(irl_batch_create(&set->batch, most, t->horizon, t->nx, t->nu, 0, t->nstate));
  set->batch.n = 0;
  set->group = IRL_NEW(int, most);
  set->has_state = IRL_NEW(uint8_t, most);
  set->step_cost = IRL_NEW(double, (size_t)most*(size_t)t->horizon);
  set->path_cost = IRL_NEW(double, most);
  set->path_return = IRL_NEW(double, most);
  return set->group != NULL && set->has_state != NULL && set->step_cost != NULL &&
                 set->path_cost != NULL && set->path_return != NULL
             ? IRL_OK
             : IRL_ENOMEM;
}

static irl_err measure(irl_eval_set* set, const irl_run* run) {
  int T = set->batch.horizon;
  IRL_TRY(irl_run_step_costs(run, &set->batch, set->step_cost));
  for (int i = 0; i < set->batch.n; i++) {
    set->path_cost[i] = 0.0;
    for (int t = 0; t < set->batch.length[i]; t++) {
      set->path_cost[i] += set->step_cost[(long)i * T + t];
    }
    set->path_return[i] = irl_batch_return(&set->batch, i);
  }
  return IRL_OK;
}

irl_err irl_eval_set_create(irl_eval_set* set, irl_judge* judge, const irl_demos* demos,
                            irl_errinfo* info) {
  const irl_task_info* t = judge->info;
  int n = GROUP_EPISODES * judge->nc, ndemos = demos != NULL ? demos->batch.n : 0;
  irl_batch part = {0};
  memset(set, 0, sizeof *set);
  IRL_TRY(allocate(set, t, ndemos + n * (IRL_EVAL_NGROUPS - IRL_EVAL_LEARNED)));
  if (demos != NULL) {
    IRL_TRY(take_demos(set, judge, demos));
  }
  irl_err err = irl_batch_create(&part, n, t->horizon, t->nx, t->nu, 0, t->nstate);
  if (err == IRL_OK) {
    err = fill(set, judge, &part, info);
  }
  irl_batch_destroy(&part);
  return err == IRL_OK ? measure(set, judge->run) : err;
}

void irl_eval_set_destroy(irl_eval_set* set) {
  irl_batch_destroy(&set->batch);
  irl_free(set->group);
  irl_free(set->has_state);
  irl_free(set->step_cost);
  irl_free(set->path_cost);
  irl_free(set->path_return);
}
