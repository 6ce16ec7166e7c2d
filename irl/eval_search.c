// Optimising again: new policies from scratch on a frozen cost or on the reward
// (docs/evaluation.md).
#include <limits.h>
#include <math.h>

#include "base/arena.h"
#include "base/pool.h"
#include "irl/eval_internal.h"
#include "irl/objective_internal.h"
#include "irl/optimize_internal.h"
#include "irl/stationary_internal.h"

enum {
  COST_ROWS = 4096,  // of the cost's network at a time
  SHORT = 16         // part of the horizon that a search begins with where robots fall
};

//---------------------------------- Controllers of each step --------------------------------------

static irl_err trajectories(irl_judge* j, irl_judge_aim aim, irl_errinfo* info) {
  int64_t steps = 0;
  irl_optimize_options o = irl_optimize_defaults(j->task);
  o.condition = j->run->condition;
  o.nc = j->nc;
  o.objective =
      aim == IRL_JUDGE_LEARNED ? irl_cost_objective(j->run->cost) : irl_reward_objective(j->task);
  o.seed = j->options->seed;
  o.threads = j->options->threads;
  return irl_optimize(&o, j->host, j->found, &steps, info);
}

//---------------------------------- One stationary controller -------------------------------------

static irl_stationary_options search_options(const irl_judge* j) {
  return (irl_stationary_options){.task = j->task,
                                  .plan = j->run->plan,
                                  .condition = j->run->condition,
                                  .nc = j->nc,
                                  .seed = j->options->seed,
                                  .threads = j->options->threads};
}

// The expert's search as it is.
static irl_err search_reward(irl_judge* j, irl_errinfo* info) {
  const irl_reward_steps search = {j->task, j->run->plan.alive}, judge = {j->task, true};
  irl_stationary_options o = search_options(j);
  int64_t steps = 0;
  o.search = irl_reward_step_costs(&search);
  o.judge = irl_reward_step_costs(&judge);
  o.temperature = j->info->temperature;
  IRL_TRY(irl_stationary(&o, j->host, &j->found[0], &steps, info));
  return irl_stationary_noise(&o, j->host, &j->found[0], &steps, info);
}

// The expert's plan without the return at which its search may stop, which is none of a learned
// cost's. That cost is due for every step of the horizon, as it was in training, and nearly all of
// it for a robot that lies there: of the whole length it tells little of how it came to fall. So
// where episodes can end trajectories are short until they last, and the control steps that are
// saved go into further iterations.
static void plan_learned(const irl_judge* j, irl_stationary_options* o) {
  irl_expert_plan* p = &o->plan;
  o->endless = true;
  if (j->info->has_termination && p->steps == 0) {
    const int n = p->method == IRL_EXPERT_RANDOM ? 2 * p->directions : p->samples;
    o->most_env_steps = (int64_t)p->iterations * n * j->info->horizon;
    p->iterations = p->iterations < INT_MAX / SHORT ? p->iterations * SHORT : INT_MAX;
    p->audition = p->audition < INT_MAX / SHORT ? p->audition * SHORT : INT_MAX;
    p->steps = j->info->horizon > SHORT ? j->info->horizon / SHORT : 1;
    p->grow = 2;
  }
}

// A learned cost is in nats, so the entropy's weight is 1.
static irl_err search_learned(irl_judge* j, const irl_learned_steps* cost, irl_errinfo* info) {
  irl_stationary_options o = search_options(j);
  int64_t steps = 0;
  o.search = o.judge = irl_learned_step_costs(cost);
  plan_learned(j, &o);
  o.temperature = 1;
  o.run_on = true;
  IRL_TRY(irl_stationary(&o, j->host, &j->found[0], &steps, info));
  return irl_stationary_soften(&o, j->host, &j->found[0], &steps, info);
}

static irl_err with_network(irl_judge* j, irl_errinfo* info) {
  irl_learned_steps cost = {.cost = j->run->cost, .capacity = COST_ROWS};
  cost.c = IRL_NEW(float, COST_ROWS);
  irl_err err = cost.c == NULL ? IRL_ENOMEM : irl_pool_create(&cost.pool, j->options->threads);
  if (err == IRL_OK) {
    err = irl_cost_rows_create(&cost.rows, cost.cost, COST_ROWS);
  }
  if (err == IRL_OK) {
    err = search_learned(j, &cost, info);
  }
  irl_cost_rows_destroy(cost.rows);
  irl_pool_destroy(cost.pool);
  irl_free(cost.c);
  return err;
}

static irl_err stationary(irl_judge* j, irl_judge_aim aim, irl_errinfo* info) {
  IRL_TRY(aim == IRL_JUDGE_LEARNED ? with_network(j, info) : search_reward(j, info));
  for (int k = 1; k < j->nc; k++) {
    irl_policy_copy(&j->found[k], &j->found[0]);
  }
  return IRL_OK;
}

//---------------------------------- Either --------------------------------------------------------

static irl_err make_found(irl_judge* j, bool by_step) {
  const irl_task_info* t = j->info;
  if (j->found != NULL) {
    return IRL_OK;
  }
  j->found = IRL_NEW(irl_policy, j->nc);
  for (int k = 0; j->found != NULL && k < j->nc; k++) {
    IRL_TRY(irl_policy_create(&j->found[k], by_step ? t->horizon : 1, t->nx, t->nu));
  }
  return j->found != NULL ? IRL_OK : IRL_ENOMEM;
}

irl_err irl_judge_optimize(irl_judge* j, irl_judge_aim aim, irl_errinfo* info) {
  const bool by_step = j->run->plan.method == IRL_EXPERT_TRAJECTORY;
  IRL_TRY(make_found(j, by_step));
  return by_step ? trajectories(j, aim, info) : stationary(j, aim, info);
}
