#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"
#include "irl/sampler_internal.h"
#include "irl/search_file_internal.h"
#include "irl/stationary_internal.h"

enum {
  JUDGE_EPISODES = 10,  // mean-action episodes that a policy on the way is judged by
  JUDGE_SHARE = 10,     // at least this many search trajectories for each of them
  CONFIRM_ROUNDS = 10,  // times that many before a search ends early
  MAX_ACTIONS = 256
};

static const double batch_numbers = 2e7;  // that a call of rollouts may hold, beyond one trajectory
static const double save_seconds = 10;

//---------------------------------- Setting up ---------------------------------------------------

static bool is_random(const irl_campaign* c) {
  return c->options->plan.method == IRL_EXPERT_RANDOM;
}

// Trajectories that a step draws.
static int step_trajectories(const irl_expert_plan* plan) {
  return plan->method == IRL_EXPERT_RANDOM ? 2 * plan->directions : plan->samples;
}

int irl_stationary_conditions(const irl_stationary_options* o) {
  return o->condition != NULL ? o->nc : irl_task_get(o->task)->nconditions;
}

int irl_stationary_condition(const irl_stationary_options* o, int i) {
  const int slot = i % irl_stationary_conditions(o);
  return o->condition != NULL ? o->condition[slot] : slot;
}

// Control steps of a search's first trajectories; what is kept is judged on the whole horizon.
static int first_steps(const irl_campaign* c) {
  const int steps = c->options->plan.steps;
  return steps > 0 && steps < c->info->horizon ? steps : c->info->horizon;
}

// Of its longest ones.
int irl_campaign_most_steps(const irl_campaign* c) {
  return c->options->plan.grow > 1 ? c->info->horizon : first_steps(c);
}

// Mean-action episodes of a judgement.
static int judge_episodes(const irl_campaign* c) {
  const int own = c->options->plan.judge;
  return (own > 0 ? own : JUDGE_EPISODES) * irl_stationary_conditions(c->options);
}

// How many of them one call of rollouts does.
static int call_trajectories(const irl_campaign* c) {
  const irl_task_info* t = c->info;
  const int all = step_trajectories(&c->options->plan);
  const double each = ((double)irl_campaign_most_steps(c) + 1) * (t->nx + t->nu + 3);
  const double fit = floor(batch_numbers / each);
  if (!is_random(c) || fit >= all) {
    return all;
  }
  return fit < 2 ? 2 : (int)fit;
}

// Zero gains, noise in the plan's share of the actions' ranges.
static irl_err first_policy(irl_campaign* c) {
  double stddev[MAX_ACTIONS];
  if (c->info->nu > MAX_ACTIONS) {
    return IRL_EUNSUPPORTED;
  }
  for (int j = 0; j < c->info->nu; j++) {
    stddev[j] = c->options->plan.stddev * irl_half_range(c->options->task, j);
  }
  IRL_TRY(irl_policy_set_noise(&c->policy, stddev));
  if (c->options->start != NULL) {
    irl_policy_copy(&c->policy, c->options->start);
  }
  irl_policy_copy(&c->best, &c->policy);
  return IRL_OK;
}

// Refuses what does not fit the task.
static irl_err check_sizes(const irl_stationary_options* options, const irl_task_info* t,
                           irl_errinfo* info) {
  if (options->start != NULL &&
      (options->start->steps != 1 || options->start->nx != t->nx || options->start->nu != t->nu)) {
    return irl_fail(
        info, IRL_EDIM,
        "search: starts from a policy of %d steps, %d observations and %d actions; give "
        "a stationary one of this task (1, %d, %d)",
        options->start->steps, options->start->nx, options->start->nu, t->nx, t->nu);
  }
  if (options->plan.method == IRL_EXPERT_NATURAL && options->plan.products &&
      t->nx > IRL_CRITIC_MOST_PAIRED) {
    return irl_fail(info, IRL_ERANGE,
                    "search: products of %d observations are too many for the value, which takes "
                    "%d; leave out \"products\"",
                    t->nx, IRL_CRITIC_MOST_PAIRED);
  }
  if (options->plan.method == IRL_EXPERT_RANDOM && options->plan.observed > t->nx) {
    return irl_fail(info, IRL_ERANGE,
                    "search: \"observed\" is %d and the task has %d observations; give at most "
                    "these, or leave it out",
                    options->plan.observed, t->nx);
  }
  return IRL_OK;
}

irl_err irl_campaign_open(irl_campaign* c, const irl_stationary_options* options,
                          irl_errinfo* info) {
  *c = (irl_campaign){.options = options, .info = irl_task_get(options->task)};
  const irl_task_info* t = c->info;
  c->seed = irl_campaign_seed(options, 0);
  c->begun = irl_seconds_now();
  const int n = call_trajectories(c), judged = judge_episodes(c);
  const int most = n > judged ? n : judged;
  c->best_score = INFINITY;
  c->report = c->score = NAN;
  IRL_TRY(check_sizes(options, t, info));
  IRL_TRY(irl_policy_create(&c->policy, 1, t->nx, t->nu));
  IRL_TRY(irl_policy_create(&c->best, 1, t->nx, t->nu));
  IRL_TRY(first_policy(c));
  IRL_TRY(irl_env_create(&c->env, c->options->task, most, c->options->threads, info));
  IRL_TRY(irl_batch_create(&c->batch, n, irl_campaign_most_steps(c), t->nx, t->nu, 0, 0));
  IRL_TRY(irl_batch_create(&c->judged, judged, t->horizon, t->nx, t->nu, 0, 0));
  c->cost = IRL_NEW(double, (size_t)most*(size_t)t->horizon);
  c->each = IRL_NEW(const irl_policy*, most);
  if (c->cost == NULL || c->each == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < judged; i++) {
    c->judged.condition[i] = irl_stationary_condition(options, i);
  }
  IRL_TRY(is_random(c) ? irl_campaign_random_init(c) : irl_campaign_natural_init(c));
  c->batch.horizon = first_steps(c);  // rows lie closer together than there is room for
  return irl_campaign_audition(c);
}

void irl_campaign_close(irl_campaign* c) {
  irl_campaign_audition_fini(c);
  irl_campaign_random_fini(c);
  irl_campaign_natural_fini(c);
  irl_policy_destroy(&c->policy);
  irl_policy_destroy(&c->best);
  irl_env_destroy(c->env);
  irl_batch_destroy(&c->batch);
  irl_batch_destroy(&c->judged);
  irl_free(c->cost);
  irl_free(c->each);
}

//---------------------------------- Judging ------------------------------------------------------

// Mean cost of mean actions, +inf when one trajectory diverged.
static double judged_cost(irl_campaign* c) {
  const irl_batch* b = &c->judged;
  double sum = 0;
  c->options->judge.costs(c->options->judge.arg, b, c->cost);
  for (int i = 0; i < b->n; i++) {
    for (int t = 0; t < b->length[i]; t++) {
      sum += c->cost[(long)i * b->horizon + t];
    }
    sum += b->valid[i] ? 0 : INFINITY;
  }
  return isnan(sum) ? INFINITY : sum / b->n;
}

// Mean cost of the present policy's mean actions on starts of its own, which are never those of
// iteration 0, for on these the policy that is found is judged; round: which of several.
static irl_err judge_round(irl_campaign* c, int round, double* cost, irl_errinfo* info) {
  const bool same = c->options->plan.judge > 0;  // starts: else the luckiest policy would be kept
  for (int i = 0; i < c->judged.n; i++) {
    c->each[i] = &c->policy;
  }
  const irl_rollout rollout = {.mode = IRL_ACTION_MEAN,
                               .own_policy = c->each,
                               .seed = c->options->seed,
                               .iteration = same ? 1 : (uint64_t)c->iteration + 1,
                               .reset_purpose = IRL_PURPOSE_EVAL,
                               .action_purpose = IRL_PURPOSE_EVAL_ACTION,
                               .first = round * c->judged.n,
                               .run_on = c->options->run_on};
  IRL_TRY(irl_env_rollout(c->env, &rollout, &c->judged, &c->env_steps, NULL, info));
  *cost = judged_cost(c);
  return IRL_OK;
}

// Judges the present policy and keeps it when it is the best so far. One that would end the search
// is judged on ten times as many episodes, as long as they agree.
static irl_err judge(irl_campaign* c, irl_errinfo* info) {
  IRL_TRY(judge_round(c, 0, &c->score, info));
  if (c->score < c->best_score && !c->options->endless &&
      -c->score >= c->options->plan.stop_return) {
    double sum = c->score;
    int rounds = 1;
    while (rounds < CONFIRM_ROUNDS && -sum / rounds >= c->options->plan.stop_return) {
      double cost;
      IRL_TRY(judge_round(c, rounds, &cost, info));
      sum += cost;
      rounds++;
    }
    c->score = sum / rounds;
  }
  if (c->score < c->best_score) {
    c->best_score = c->score;
    irl_policy_copy(&c->best, &c->policy);
  }
  return IRL_OK;
}

// Steps between two judgements, so that they stay a small share of the work.
static int judge_every(const irl_campaign* c) {
  const int wanted = judge_episodes(c) / irl_stationary_conditions(c->options) * JUDGE_SHARE,
            n = step_trajectories(&c->options->plan);
  return n >= wanted ? 1 : (wanted + n - 1) / n;
}

//---------------------------------- The loop -----------------------------------------------------

// "search 2/2  start 3, 4 left  " where there are several.
static void name_part(const irl_campaign* c, char* out, size_t size) {
  int searches = c->options->phase + 1, n = 0;
  for (const irl_expert_plan* p = c->options->plan.then; p != NULL; p = p->then) {
    searches++;
  }
  out[0] = 0;
  if (searches > 1) {
    n = snprintf(out, size, "search %d/%d  ", c->options->phase + 1, searches);
  }
  if (c->left > 1) {
    (void)snprintf(out + n, size - (size_t)n, "start %d, %d left  ", (int)c->order[c->turn] + 1,
                   c->left);
  }
}

static void tell(const irl_campaign* c) {
  char part[64];
  if (c->host != NULL) {
    name_part(c, part, sizeof part);
    irl_log(&c->host->sink, IRL_LOG_PROGRESS,
            "%sstep %d/%d  return %.6g  judged %.6g  best %.6g  %.3g env steps", part, c->iteration,
            c->options->plan.iterations, c->report, -c->score, -c->best_score,
            (double)c->env_steps);
  }
}

static bool good_enough(const irl_campaign* c) {  // false where there is no such return
  return !c->options->endless && -c->best_score >= c->options->plan.stop_return;
}

static bool spent(const irl_campaign* c) {
  return c->options->most_env_steps > 0 && c->env_steps >= c->options->most_env_steps;
}

double irl_campaign_share(const irl_campaign* c) {
  const irl_expert_plan* p = &c->options->plan;
  return p->last < 1 ? pow(p->last, (double)c->iteration / p->iterations) : 1;
}

irl_err irl_campaign_step(irl_campaign* c, irl_errinfo* info) {
  return is_random(c) ? irl_campaign_random_step(c, info) : irl_campaign_natural_step(c, info);
}

void irl_campaign_count(irl_campaign* c) {
  for (int i = 0; i < c->batch.n; i++) {
    const bool whole = c->batch.length[i] == c->batch.horizon;
    const bool down = c->options->run_on && c->batch.terminated[i];
    c->lasting += c->batch.valid[i] && whole && !down;
  }
}

// Longer trajectories once half of them last: early on a step is cheap and falls, which end most of
// them, are a large share of what it sees; in the end it sees the whole horizon.
static void lengthen(irl_campaign* c) {
  if (2 * c->lasting >= step_trajectories(&c->options->plan)) {
    const double longer = ceil(c->options->plan.grow * c->batch.horizon);
    c->batch.horizon =
        longer < irl_campaign_most_steps(c) ? (int)longer : irl_campaign_most_steps(c);
  }
}

static irl_err advance(irl_campaign* c, irl_errinfo* info) {
  c->lasting = 0;
  IRL_TRY(irl_campaign_step(c, info));
  lengthen(c);
  c->iteration++;
  if (c->iteration % judge_every(c) == 0 || c->iteration == irl_campaign_until(c)) {
    IRL_TRY(judge(c, info));
  }
  tell(c);
  return IRL_OK;
}

static irl_err save(const irl_campaign* c, irl_errinfo* info) {
  return c->options->state == NULL ? IRL_OK : irl_campaign_save(c, c->options->state, info);
}

// The start whose turn it is, as far as it goes now.
static irl_err go_on(irl_campaign* c, irl_errinfo* info) {
  if (isnan(c->score)) {  // nothing judged yet: not a search that was stopped before its first step
    IRL_TRY(is_random(c) ? irl_campaign_random_begin(c, info) : IRL_OK);
    IRL_TRY(judge(c, info));
  }
  while (c->iteration < irl_campaign_until(c) && !good_enough(c) && !spent(c)) {
    if (irl_host_stop(c->host)) {
      IRL_TRY(save(c, info));
      return IRL_ECANCELED;
    }
    IRL_TRY(advance(c, info));
    if (irl_now() - c->saved > save_seconds) {
      IRL_TRY(save(c, info));
      c->saved = irl_now();
    }
  }
  return IRL_OK;
}

static irl_err search(irl_campaign* c, irl_errinfo* info) {
  c->saved = irl_now();
  for (;;) {
    IRL_TRY(go_on(c, info));
    if (c->left == 1) {
      break;
    }
    IRL_TRY(good_enough(c) || spent(c) ? irl_campaign_settle(c) : irl_campaign_next(c));
  }
  if (!isfinite(c->best_score)) {
    return irl_fail(info, IRL_ENUM,
                    "search: no policy on the way had mean actions of finite cost; use a smaller "
                    "step or time step");
  }
  return save(c, info);
}

// One of the plan's searches. policy is where it begins (but the first's) and what it finds.
static irl_err run_phase(const irl_stationary_options* options, const irl_host* host,
                         irl_policy* policy, int64_t* env_steps, irl_seconds* seconds,
                         irl_errinfo* info) {
  irl_campaign c;
  irl_err err = irl_campaign_open(&c, options, info);
  c.host = host;
  c.env_steps = *env_steps;
  c.past = *seconds;
  if (err == IRL_OK && options->resume) {
    err = irl_campaign_load(&c, options->state, info);
  }
  if (err == IRL_OK && options->earlier != NULL && options->resume) {
    *options->earlier = c.past;
  }
  if (err == IRL_OK) {
    err = search(&c, info);
  }
  if (err == IRL_OK) {
    irl_policy_copy(policy, &c.best);
    *env_steps = c.env_steps;
    const irl_seconds took = irl_seconds_since(c.begun);
    *seconds = (irl_seconds){c.past.wall + took.wall, c.past.cpu + took.cpu};
  }
  irl_campaign_close(&c);
  return err;
}

static const irl_expert_plan* plan_of_phase(const irl_stationary_options* o, int phase) {
  const irl_expert_plan* p = &o->plan;
  for (int k = 0; k < phase && p != NULL; k++) {
    p = p->then;
  }
  return p;
}

// Where a search that was stopped goes on.
static irl_err find_phase(const irl_stationary_options* o, int* phase, irl_policy* policy,
                          irl_errinfo* info) {
  IRL_TRY(irl_campaign_peek(o->state, phase, policy, info));
  return plan_of_phase(o, *phase) != NULL ? IRL_OK : irl_search_other(o->state, info);
}

static irl_err run_all(const irl_stationary_options* options, const irl_host* host,
                       irl_policy* policy, int64_t* env_steps, irl_errinfo* info) {
  irl_stationary_options now = *options;
  irl_seconds seconds = {0, 0};
  now.whole = &options->plan;
  if (options->resume) {
    IRL_TRY(find_phase(options, &now.phase, policy, info));
  }
  for (const irl_expert_plan* p; (p = plan_of_phase(options, now.phase)) != NULL; now.phase++) {
    now.plan = *p;
    now.start = now.phase > 0 ? policy : options->start;
    IRL_TRY(run_phase(&now, host, policy, env_steps, &seconds, info));
    now.resume = false;
  }
  return IRL_OK;
}

irl_err irl_stationary(const irl_stationary_options* options, const irl_host* host,
                       irl_policy* policy, int64_t* env_steps, irl_errinfo* info) {
  irl_errinfo reason = {IRL_OK, ""};
  int64_t steps = 0;
  irl_err err = run_all(options, host, policy, &steps, &reason);
  if (err == IRL_OK) {
    *env_steps += steps;
  } else if (reason.code == IRL_OK) {
    return irl_fail(info, err, "search: %s", irl_err_name(err));
  } else if (info != NULL) {
    *info = reason;
  }
  return err;
}
