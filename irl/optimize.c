#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"
#include "irl/optimize_internal.h"

enum { JUDGE_EPISODES = 20 };

// One search over all conditions at a time; its memory serves every restart.
typedef struct search {
  const irl_optimize_options* options;
  const irl_task_info* info;
  const irl_host* host;
  irl_env* env;
  irl_pool* pool;
  irl_sampler* sampler;       // (nc)
  const irl_policy** policy;  // by the task's condition, for rollouts (nconditions)
  irl_sampler_options step;
  irl_batch batch;     // condition by condition (nc × samples)
  irl_batch judge;     // mean-action trajectories (nc × JUDGE_EPISODES)
  int* index;          // scratch (nc × samples)
  double* best;        // lowest mean-action cost so far (nc)
  irl_policy* result;  // (nc)
  int64_t* env_steps;
  int restart;
} search;

//---------------------------------- Setting up ---------------------------------------------------

static irl_err batches(search* s) {
  const irl_task_info* t = s->info;
  const irl_optimize_options* o = s->options;
  IRL_TRY(irl_batch_create(&s->batch, o->nc * o->samples, t->horizon, t->nx, t->nu, t->nz, 0));
  IRL_TRY(irl_batch_create(&s->judge, o->nc * JUDGE_EPISODES, t->horizon, t->nx, t->nu, t->nz, 0));
  for (int i = 0; i < s->batch.n; i++) {
    s->batch.condition[i] = o->condition[i / o->samples];
  }
  for (int i = 0; i < s->judge.n; i++) {
    s->judge.condition[i] = o->condition[i / JUDGE_EPISODES];
  }
  return IRL_OK;
}

static irl_err search_init(search* s, irl_errinfo* info) {
  const irl_optimize_options* o = s->options;
  int most = o->nc * (o->samples > JUDGE_EPISODES ? o->samples : JUDGE_EPISODES);
  s->step = (irl_sampler_options){.kl_step = 0.5,
                                  .kl_lo = 0.02,
                                  .kl_hi = 20.0,
                                  .dynamics = irl_dynamics_defaults(),
                                  .lqr = irl_lqr_defaults()};
  IRL_TRY(irl_env_create(&s->env, o->task, most, o->threads, info));
  IRL_TRY(irl_pool_create(&s->pool, o->threads));
  s->sampler = IRL_NEW(irl_sampler, o->nc);
  s->policy = IRL_NEW(const irl_policy*, s->info->nconditions);
  s->index = IRL_NEW(int, (size_t)o->nc*(size_t)o->samples);
  s->best = IRL_NEW(double, o->nc);
  if (s->sampler == NULL || s->policy == NULL || s->index == NULL || s->best == NULL) {
    return IRL_ENOMEM;
  }
  for (int k = 0; k < o->nc; k++) {
    s->best[k] = INFINITY;
    IRL_TRY(irl_sampler_init(&s->sampler[k], s->info->horizon, s->info->nx, s->info->nu,
                             s->info->nz, o->objective.work_size));
  }
  return batches(s);
}

static void search_fini(search* s) {
  for (int k = 0; s->sampler != NULL && k < s->options->nc; k++) {
    irl_sampler_fini(&s->sampler[k]);
  }
  irl_env_destroy(s->env);
  irl_pool_destroy(s->pool);
  irl_free(s->sampler);
  irl_free(s->policy);
  irl_free(s->index);
  irl_free(s->best);
  irl_batch_destroy(&s->batch);
  irl_batch_destroy(&s->judge);
}

// Where a search starts: around zero, or, from the second on, around a random pull.
static irl_err start_policy(const search* s, int k) {
  static const double noise[] = {0.3, 0.5, 0.2, 1.0};
  irl_rng rng = irl_rng_stream(s->options->seed, IRL_PURPOSE_EXPERT, 0,
                               (uint64_t)s->options->condition[k], (uint64_t)s->restart);
  return irl_sampler_start(&s->sampler[k], s->options->task, noise[s->restart % 4],
                           s->restart > 0 ? 0.3 : 0.0, &rng);
}

//---------------------------------- Searching ----------------------------------------------------

static irl_err roll(search* s, irl_action_mode mode, irl_purpose reset, uint64_t iteration,
                    irl_batch* batch) {
  for (int k = 0; k < s->options->nc; k++) {
    s->policy[s->options->condition[k]] = &s->sampler[k].policy;
  }
  irl_rollout rollout = {.mode = mode,
                         .policy = s->policy,
                         .seed = s->options->seed,
                         .iteration = iteration,
                         .reset_purpose = reset,
                         .action_purpose = IRL_PURPOSE_ACTION,
                         .run_on = true};
  return irl_env_rollout(s->env, &rollout, batch, s->env_steps, NULL, NULL);
}

// Mean of c + log q over the valid trajectories of a condition: E_q[c] − H(q), what a step lowers.
static double objective(const search* s, const int* index, int n) {
  const irl_objective* o = &s->options->objective;
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    sum += o->path_cost(o->arg, &s->batch, index[i]) + irl_batch_logq(&s->batch, index[i]);
  }
  return n > 0 ? sum / n : INFINITY;
}

static void step_condition(int k, int thread, void* arg) {
  (void)thread;
  search* s = arg;
  irl_sampler* sampler = &s->sampler[k];
  int first = k * s->options->samples, n = 0;
  int* index = s->index + first;
  for (int i = first; i < first + s->options->samples; i++) {
    if (s->batch.valid[i]) {
      index[n++] = i;
    }
  }
  double now = objective(s, index, n);
  if (isfinite(sampler->objective)) {
    irl_sampler_adapt(sampler, &s->step, sampler->objective, now);
  }
  sampler->objective = now;
  if (n >= 2) {
    irl_sampler_step(sampler, &s->step, &s->batch, index, n, &s->options->objective);
  }
}

static double judge_condition(const search* s, int k) {
  const irl_objective* o = &s->options->objective;
  double sum = 0.0;
  for (int i = k * JUDGE_EPISODES; i < (k + 1) * JUDGE_EPISODES; i++) {
    sum += s->judge.valid[i] ? o->path_cost(o->arg, &s->judge, i) : INFINITY;
  }
  return sum / JUDGE_EPISODES;
}

// Keeps this search's policies where they beat the earlier searches'.
static irl_err judge(search* s) {
  IRL_TRY(roll(s, IRL_ACTION_MEAN, IRL_PURPOSE_EXPERT, 0, &s->judge));
  for (int k = 0; k < s->options->nc; k++) {
    double cost = judge_condition(s, k);
    if (cost < s->best[k]) {
      s->best[k] = cost;
      irl_policy_copy(&s->result[k], &s->sampler[k].policy);
    }
  }
  return IRL_OK;
}

static void tell(const search* s, int iteration) {
  if (s->host != NULL) {
    double sum = 0.0;
    for (int k = 0; k < s->options->nc; k++) {
      sum += s->sampler[k].objective / s->options->nc;
    }
    irl_log(&s->host->sink, IRL_LOG_PROGRESS, "search %d/%d  step %d/%d  cost minus entropy %.5g",
            s->restart + 1, s->options->restarts, iteration + 1, s->options->iterations, sum);
  }
}

static irl_err run_search(search* s) {
  uint64_t first = (uint64_t)s->restart * (uint64_t)(s->options->iterations + 1);
  for (int k = 0; k < s->options->nc; k++) {
    IRL_TRY(start_policy(s, k));
  }
  for (int i = 0; i < s->options->iterations; i++) {
    if (irl_host_stop(s->host)) {
      return IRL_ECANCELED;
    }
    IRL_TRY(roll(s, IRL_ACTION_SAMPLE, IRL_PURPOSE_EXPERT, first + (uint64_t)i + 1, &s->batch));
    irl_pool_run(s->pool, s->options->nc, step_condition, s);
    tell(s, i);
  }
  return judge(s);
}

static irl_err search_all(search* s, irl_errinfo* info) {
  IRL_TRY(search_init(s, info));
  for (s->restart = 0; s->restart < s->options->restarts; s->restart++) {
    IRL_TRY(run_search(s));
  }
  for (int k = 0; k < s->options->nc; k++) {
    if (!isfinite(s->best[k])) {
      return irl_fail(info, IRL_ENUM,
                      "optimisation: every search of condition %d diverged; use a smaller time "
                      "step or tighter action limits",
                      s->options->condition[k]);
    }
  }
  return IRL_OK;
}

irl_err irl_optimize(const irl_optimize_options* options, const irl_host* host, irl_policy* policy,
                     int64_t* env_steps, irl_errinfo* info) {
  search s = {.options = options,
              .info = irl_task_get(options->task),
              .host = host,
              .result = policy,
              .env_steps = env_steps};
  irl_errinfo reason = {IRL_OK, ""};
  irl_err err = search_all(&s, &reason);
  search_fini(&s);
  if (err != IRL_OK && reason.code == IRL_OK) {
    return irl_fail(info, err, "optimisation: %s", irl_err_name(err));
  }
  if (err != IRL_OK && info != NULL) {
    *info = reason;
  }
  return err;
}
