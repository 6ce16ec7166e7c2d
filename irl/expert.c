#include "irl/expert.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"
#include "envs/env.h"
#include "irl/objective_internal.h"
#include "irl/optimize_internal.h"
#include "irl/stationary_internal.h"
#include "irl/statistics_internal.h"
#include "irl/watched_internal.h"

enum {
  TRAJECTORY_EPISODES = 20,  // mean-action episodes a condition that an expert is judged by
  STATIONARY_EPISODES = 100  // the same in all
};

irl_expert_options irl_expert_defaults(const irl_task* task) {
  irl_expert_options options = {.task = task,
                                .seed = 0,
                                .threads = 0,
                                .episodes = 20,
                                .plan = *irl_task_expert(task),
                                .polish = 0.1};
  return options;
}

static bool is_stationary(const irl_expert_options* o) {
  return o->plan.method != IRL_EXPERT_TRAJECTORY;
}

// One policy for all conditions, with the noise that demonstrations are drawn with.
static irl_err optimize_stationary(const irl_expert_options* o, const irl_host* host,
                                   irl_expert_result* r, irl_errinfo* info) {
  irl_seconds earlier = {0, 0};
  const irl_reward_steps search = {o->task, o->plan.alive}, judge = {o->task, true};
  const irl_stationary_options options = {.task = o->task,
                                          .plan = o->plan,
                                          .search = irl_reward_step_costs(&search),
                                          .judge = irl_reward_step_costs(&judge),
                                          .temperature = irl_task_get(o->task)->temperature,
                                          .start = o->start,
                                          .seed = o->seed,
                                          .threads = o->threads,
                                          .state = o->state,
                                          .resume = o->resume,
                                          .earlier = &earlier};
  IRL_TRY(irl_stationary(&options, host, &r->policy[0], &r->env_steps, info));
  IRL_TRY(irl_stationary_noise(&options, host, &r->policy[0], &r->env_steps, info));
  r->wall_seconds = earlier.wall;
  r->cpu_seconds = earlier.cpu;
  for (int c = 1; c < r->nconditions; c++) {
    irl_policy_copy(&r->policy[c], &r->policy[0]);
  }
  return IRL_OK;
}

static irl_err optimize_trajectories(const irl_expert_options* o, const irl_host* host,
                                     irl_expert_result* r, irl_errinfo* info) {
  irl_seconds earlier = {0, 0};
  if (o->warm != NULL && o->plan.iterations == 0 && !o->resume) {  // nothing to search
    for (int c = 0; c < r->nconditions; c++) {
      irl_policy_copy(&r->policy[c], &o->warm[c]);
    }
    return IRL_OK;
  }
  int* condition = IRL_NEW(int, r->nconditions);
  if (condition == NULL) {
    return irl_fail(info, IRL_ENOMEM, "expert: out of memory; free some");
  }
  for (int c = 0; c < r->nconditions; c++) {
    condition[c] = c;
  }
  irl_optimize_options options = irl_optimize_defaults(o->task);
  options.condition = condition;
  options.nc = r->nconditions;
  options.objective = irl_reward_objective(o->task);
  options.seed = o->seed;
  options.threads = o->threads;
  options.restarts = o->plan.restarts;
  options.rounds = o->plan.rounds;
  options.iterations = o->plan.iterations;
  options.samples = o->plan.samples;
  options.dynamics = o->dynamics;
  options.entropy = o->plan.entropy;
  options.polish = o->polish;
  options.polish_dynamics = o->polish_dynamics;
  options.initial = o->initial;
  options.warm = o->warm;
  options.report = o->report;
  options.user = o->user;
  options.state = o->state;
  options.resume = o->resume;
  options.earlier = &earlier;
  irl_err err = irl_optimize(&options, host, r->policy, &r->env_steps, info);
  r->wall_seconds = earlier.wall;
  r->cpu_seconds = earlier.cpu;
  irl_free(condition);
  return err;
}

// Episodes dealt round-robin over the conditions into a batch that is created here.
static irl_err roll(const irl_expert_options* o, const irl_host* host, irl_expert_result* r,
                    irl_action_mode mode, irl_purpose reset, uint64_t seed, int episodes,
                    irl_batch* batch, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(o->task);
  const irl_policy** policy = IRL_NEW(const irl_policy*, r->nconditions);
  irl_env* env = NULL;
  irl_err err = policy == NULL ? IRL_ENOMEM : IRL_OK;
  if (err == IRL_OK) {
    err = irl_batch_create(batch, episodes, t->horizon, t->nx, t->nu, t->nz, t->nstate);
  }
  if (err == IRL_OK) {
    err = irl_batch_add_worlds(batch, t->nworld);
  }
  if (err == IRL_OK) {
    err = irl_env_create(&env, o->task, episodes, o->threads, info);
  }
  if (err == IRL_OK) {
    for (int c = 0; c < r->nconditions; c++) {
      policy[c] = &r->policy[c];
    }
    for (int i = 0; i < episodes; i++) {
      batch->condition[i] = i % r->nconditions;
    }
    irl_rollout rollout = {.mode = mode,
                           .policy = policy,
                           .seed = seed,
                           .reset_purpose = reset,
                           .action_purpose = IRL_PURPOSE_ACTION};
    err = irl_watched_rollout(env, &rollout, batch, host, &r->env_steps, NULL, info);
  }
  irl_env_destroy(env);
  irl_free(policy);
  return err;
}

static double mean_return(const irl_batch* batch) {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < batch->n; i++) {
    sum += batch->valid[i] ? irl_batch_return(batch, i) : 0;
    n += batch->valid[i] != 0;
  }
  return n > 0 ? sum / n : NAN;
}

// Mean-action episodes that an expert is judged by, as many of each condition.
static int judge_episodes(const irl_expert_options* o, int nconditions) {
  const int share = STATIONARY_EPISODES / nconditions;
  return nconditions * (is_stationary(o) && share > 1 ? share : TRAJECTORY_EPISODES);
}

// Means of the valid episodes; a condition in which all diverged has none. returns is scratch
// (batch->n).
static void judge_valid(irl_expert_result* r, const irl_batch* batch, double* returns) {
  double sum = 0;
  int used = 0;
  r->judged = 0;
  for (int c = 0; c < r->nconditions; c++) {
    const int first = r->judged;
    for (int i = c; i < batch->n; i += r->nconditions) {
      if (batch->valid[i]) {
        returns[r->judged++] = irl_batch_return(batch, i);
      }
    }
    const int n = r->judged - first;
    r->condition_return[c] = n > 0 ? irl_mean(returns + first, n) : NAN;
    sum += n > 0 ? r->condition_return[c] : 0;
    used += n > 0;
  }
  r->return_mean = used > 0 ? sum / used : NAN;
  r->return_std = r->judged > 0 ? irl_stddev(returns, r->judged) : NAN;
}

// Mean-action returns on fresh starts, the same for every seed so that experts can be compared.
static irl_err judge(const irl_expert_options* o, const irl_host* host, irl_expert_result* r,
                     irl_errinfo* info) {
  irl_batch batch = {0};
  const int n = judge_episodes(o, r->nconditions);
  double* returns = IRL_NEW(double, n);
  irl_err err = returns == NULL
                    ? irl_fail(info, IRL_ENOMEM, "expert: out of memory; free some")
                    : roll(o, host, r, IRL_ACTION_MEAN, IRL_PURPOSE_EVAL, 0, n, &batch, info);
  if (err == IRL_OK) {
    judge_valid(r, &batch, returns);
  }
  irl_batch_destroy(&batch);
  irl_free(returns);
  return err;
}

static double condition_mean(const irl_batch* batch, int condition) {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < batch->n; i++) {
    const bool counts = batch->valid[i] && batch->condition[i] == condition;
    sum += counts ? irl_batch_return(batch, i) : 0;
    n += counts;
  }
  return n > 0 ? sum / n : NAN;
}

// What no search at all gets from the same starts.
static irl_err judge_random(const irl_expert_options* o, const irl_host* host, irl_expert_result* r,
                            irl_errinfo* info) {
  static const irl_action_mode mode[] = {IRL_ACTION_ZERO, IRL_ACTION_UNIFORM};
  r->random_return = -INFINITY;
  for (int k = 0; k < 2; k++) {
    irl_batch batch = {0};
    irl_err err = roll(o, host, r, mode[k], IRL_PURPOSE_EVAL, 0, judge_episodes(o, r->nconditions),
                       &batch, info);
    r->random_return = err == IRL_OK ? fmax(r->random_return, mean_return(&batch)) : NAN;
    for (int c = 0; err == IRL_OK && c < r->nconditions; c++) {
      const double mean = condition_mean(&batch, c);
      r->condition_random[c] = k == 0 ? mean : fmax(r->condition_random[c], mean);
    }
    irl_batch_destroy(&batch);
    IRL_TRY(err);
  }
  return IRL_OK;
}

static irl_err allocate(irl_expert_result* r, const irl_expert_options* o) {
  const irl_task_info* t = irl_task_get(o->task);
  r->policy = IRL_NEW(irl_policy, t->nconditions);
  r->condition_return = IRL_NEW(double, t->nconditions);
  r->condition_random = IRL_NEW(double, t->nconditions);
  if (r->policy == NULL || r->condition_return == NULL || r->condition_random == NULL) {
    return IRL_ENOMEM;
  }
  r->nconditions = t->nconditions;
  for (int c = 0; c < r->nconditions; c++) {
    IRL_TRY(irl_policy_create(&r->policy[c], is_stationary(o) ? 1 : t->horizon, t->nx, t->nu));
  }
  return IRL_OK;
}

// Says so when demonstrations diverged, which no dataset keeps, and when every other one ended
// early: such episodes show how not to do it.
static void warn_of_failure(const irl_task_info* t, const irl_batch* demos, const irl_host* host) {
  int ended = 0, longest = 0, valid = 0;
  for (int i = 0; i < demos->n; i++) {
    valid += demos->valid[i] != 0;
    ended += demos->valid[i] && demos->terminated[i];
    longest = demos->valid[i] && demos->length[i] > longest ? demos->length[i] : longest;
  }
  if (host != NULL && valid < demos->n) {
    irl_log(&host->sink, IRL_LOG_WARNING,
            "%s: %d of %d demonstrations diverged and are left out; use a smaller time step or a "
            "lower temperature",
            t->name, demos->n - valid, demos->n);
  }
  if (host != NULL && valid > 0 && ended == valid) {
    irl_log(&host->sink, IRL_LOG_WARNING,
            "%s: every demonstration ended early, the longest after %d of %d steps; the search did "
            "not solve this task",
            t->name, longest, t->horizon);
  }
}

static irl_err make(const irl_expert_options* o, const irl_host* host, irl_expert_result* r,
                    irl_errinfo* info) {
  IRL_TRY(is_stationary(o) ? optimize_stationary(o, host, r, info)
                           : optimize_trajectories(o, host, r, info));
  IRL_TRY(judge(o, host, r, info));
  IRL_TRY(judge_random(o, host, r, info));
  IRL_TRY(roll(o, host, r, IRL_ACTION_SAMPLE, IRL_PURPOSE_RESET, o->seed, o->episodes, &r->demos,
               info));
  r->sampled_mean = mean_return(&r->demos);
  warn_of_failure(irl_task_get(o->task), &r->demos, host);
  return IRL_OK;
}

irl_err irl_expert(const irl_expert_options* options, const irl_host* host,
                   irl_expert_result* result, irl_errinfo* info) {
  const irl_task_info* task = irl_task_get(options->task);
  const irl_seconds start = irl_seconds_now();
  memset(result, 0, sizeof *result);
  if (!task->has_reward || task->nu == 0) {
    return irl_fail(info, IRL_EUNSUPPORTED, "%s: has no %s; an expert needs one", task->name,
                    task->nu == 0 ? "actuator" : "reward");
  }
  if (!is_stationary(options)) {
    IRL_TRY(irl_sampler_check(options->task, info));
  }
  irl_err err = allocate(result, options);
  if (err != IRL_OK) {
    irl_fail(info, err, "expert: out of memory; free some");
  } else {
    err = make(options, host, result, info);
  }
  const irl_seconds took = irl_seconds_since(start);
  result->wall_seconds += took.wall;
  result->cpu_seconds += took.cpu;
  if (err != IRL_OK) {
    irl_expert_result_fini(result);
  }
  return err;
}

void irl_expert_result_fini(irl_expert_result* result) {
  for (int c = 0; result->policy != NULL && c < result->nconditions; c++) {
    irl_policy_destroy(&result->policy[c]);
  }
  irl_free(result->policy);
  irl_free(result->condition_return);
  irl_free(result->condition_random);
  irl_batch_destroy(&result->demos);
  memset(result, 0, sizeof *result);
}
