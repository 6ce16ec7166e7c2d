// How much noise a stationary policy carries: an expert's demonstrations, or by maximum entropy.
#include <math.h>

#include "base/arena.h"
#include "irl/stationary_internal.h"
#include "irl/watched_internal.h"

enum { EPISODES = 30, MOST_SCALINGS = 10 };

static const double kept_share = 0.97;

typedef struct trial {
  const irl_stationary_options* options;
  const irl_host* host;
  irl_env* env;
  irl_batch batch;
  const irl_policy** policy;  // (EPISODES)
  double* cost;               // (EPISODES, T)
  int64_t* env_steps;
} trial;

static irl_err trial_init(trial* t, const irl_policy* policy, irl_errinfo* info) {
  const irl_task_info* task = irl_task_get(t->options->task);
  IRL_TRY(irl_env_create(&t->env, t->options->task, EPISODES, t->options->threads, info));
  IRL_TRY(irl_batch_create(&t->batch, EPISODES, task->horizon, task->nx, task->nu, 0, 0));
  t->policy = IRL_NEW(const irl_policy*, EPISODES);
  t->cost = IRL_NEW(double, (size_t)EPISODES*(size_t)task->horizon);
  if (t->policy == NULL || t->cost == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < EPISODES; i++) {
    t->policy[i] = policy;
    t->batch.condition[i] = irl_stationary_condition(t->options, i);
  }
  return IRL_OK;
}

static void trial_fini(trial* t) {
  irl_env_destroy(t->env);
  irl_batch_destroy(&t->batch);
  irl_free(t->policy);
  irl_free(t->cost);
}

// The same starts and noise in every call.
static irl_err roll(trial* t, irl_action_mode mode, int* invalid, irl_errinfo* info) {
  const irl_rollout rollout = {.mode = mode,
                               .own_policy = t->policy,
                               .seed = t->options->seed,
                               .reset_purpose = IRL_PURPOSE_VERIFY,
                               .action_purpose = IRL_PURPOSE_VERIFY,
                               .run_on = t->options->run_on};
  return irl_watched_rollout(t->env, &rollout, &t->batch, t->host, t->env_steps, invalid, info);
}

// Mean return of one way to act; −inf when a trajectory diverged.
static irl_err mean_return(trial* t, irl_action_mode mode, double* mean, irl_errinfo* info) {
  int invalid = 0;
  IRL_TRY(roll(t, mode, &invalid, info));
  *mean = invalid > 0 ? -INFINITY : 0;
  for (int i = 0; i < t->batch.n; i++) {
    *mean += irl_batch_return(&t->batch, i) / t->batch.n;
  }
  return IRL_OK;
}

static irl_err settle(trial* t, irl_policy* policy, irl_errinfo* info) {
  double mean, idle, sampled;
  IRL_TRY(irl_policy_factor(policy, info));
  IRL_TRY(mean_return(t, IRL_ACTION_MEAN, &mean, info));
  IRL_TRY(mean_return(t, IRL_ACTION_ZERO, &idle, info));
  if (!isfinite(idle)) {
    idle = 0;
  }
  for (int k = 0; k < MOST_SCALINGS; k++) {
    IRL_TRY(mean_return(t, IRL_ACTION_SAMPLE, &sampled, info));
    if (mean > idle && sampled - idle >= kept_share * (mean - idle)) {
      break;
    }
    irl_policy_scale_covariance(policy, 0.25);
  }
  return irl_policy_factor(policy, info);
}

irl_err irl_stationary_noise(const irl_stationary_options* options, const irl_host* host,
                             irl_policy* policy, int64_t* env_steps, irl_errinfo* info) {
  trial t = {.options = options, .host = host, .env_steps = env_steps};
  irl_err err = trial_init(&t, policy, info);
  if (err == IRL_OK) {
    err = settle(&t, policy, info);
  }
  trial_fini(&t);
  return err;
}

//---------------------------------- Maximum entropy ----------------------------------------------

// E[c] − temperature · H of sampled actions, +inf when a trajectory diverged.
static irl_err free_energy(trial* t, const irl_policy* policy, double* value, irl_errinfo* info) {
  const irl_batch* b = &t->batch;
  double sum = 0;
  int invalid = 0;
  IRL_TRY(roll(t, IRL_ACTION_SAMPLE, &invalid, info));
  t->options->judge.costs(t->options->judge.arg, b, t->cost);
  for (long i = 0; i < (long)b->n * b->horizon; i++) {
    sum += t->cost[i];
  }
  *value = sum / b->n - t->options->temperature * irl_policy_entropy(policy, b->horizon);
  *value = invalid > 0 || isnan(*value) ? INFINITY : *value;
  return IRL_OK;
}

// Tries every scaling: where much noise brings a robot down at once, less of it changes nothing at
// first, and a search that stopped at the first loss would stop there.
static irl_err soften(trial* t, irl_policy* policy, irl_errinfo* info) {
  double best = INFINITY, back = 1, value;
  IRL_TRY(irl_policy_factor(policy, info));
  for (int k = 0; k < MOST_SCALINGS; k++) {
    IRL_TRY(free_energy(t, policy, &value, info));
    back = value < best ? 1 : back;
    best = fmin(value, best);
    irl_policy_scale_covariance(policy, 0.25);
    back *= 4;
  }
  irl_policy_scale_covariance(policy, back);
  return irl_policy_factor(policy, info);
}

irl_err irl_stationary_soften(const irl_stationary_options* options, const irl_host* host,
                              irl_policy* policy, int64_t* env_steps, irl_errinfo* info) {
  trial t = {.options = options, .host = host, .env_steps = env_steps};
  irl_err err = trial_init(&t, policy, info);
  if (err == IRL_OK) {
    err = soften(&t, policy, info);
  }
  trial_fini(&t);
  return err;
}
