#include "irl/expert.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"
#include "envs/env.h"
#include "irl/reward_expand_internal.h"
#include "irl/sampler_internal.h"

// Everything one search over all conditions needs; several searches run side by side.
typedef struct search {
  irl_sampler* sampler;             // (nconditions)
  const irl_policy** policy;        // (nconditions) borrowed from the samplers
  irl_reward_expansion* expansion;  // (nconditions)
  irl_batch batch;                  // nconditions × samples trajectories
  irl_sampler_options options;
  int samples;
  int restart;
} search;

typedef struct finder {
  const irl_expert_options* options;
  const irl_task_info* info;
  const irl_host* host;
  irl_env* env;
  irl_pool* pool;
  search* searches;  // (restarts)
  int* index;        // (nconditions × samples) identity
  irl_batch judge;   // mean-action trajectories of all conditions
  double* best;      // (nconditions) best mean-action return so far
  irl_expert_result* result;
} finder;

enum { JUDGE_EPISODES = 20 };

irl_expert_options irl_expert_defaults(const irl_task* task) {
  irl_expert_options options = {.task = task,
                                .seed = 0,
                                .threads = 0,
                                .episodes = 20,
                                .restarts = 6,
                                .iterations = 40,
                                .samples = 20};
  return options;
}

static irl_sampler_options sampler_options(double kl_step) {
  irl_sampler_options o = {.kl_step = kl_step,
                           .kl_lo = 0.02,
                           .kl_hi = 20.0,
                           .dynamics = irl_dynamics_defaults(),
                           .lqr = irl_lqr_defaults()};
  return o;
}

static double half_range(const irl_task* task, int j) {
  double lo = irl_task_action_low(task)[j], hi = irl_task_action_high(task)[j];
  return isfinite(lo) && isfinite(hi) ? 0.5 * (hi - lo) : 1.0;
}

// Where a search starts: noise around zero, or, from the second on, around a random constant pull,
// so that the searches fall into different valleys.
static irl_err start_policy(const finder* f, int restart, int condition, irl_policy* policy) {
  irl_rng rng = irl_rng_stream(f->options->seed, IRL_PURPOSE_EXPERT, 0, (uint64_t)condition,
                               (uint64_t)restart);
  double stddev[64];
  int nu = f->info->nu;
  if (nu > 64) {
    return IRL_EUNSUPPORTED;
  }
  static const double noise[] = {0.3, 0.5, 0.2, 1.0};
  for (int j = 0; j < nu; j++) {
    stddev[j] = noise[restart % 4] * half_range(f->options->task, j);
  }
  IRL_TRY(irl_policy_set_noise(policy, stddev));
  for (int j = 0; j < nu; j++) {
    double pull = restart == 0 ? 0.0 : 0.3 * irl_rng_normal(&rng) * half_range(f->options->task, j);
    double steps = fmax(1.0, 0.2 * policy->steps);
    for (int t = 0; t < policy->steps; t++) {
      policy->k[t * nu + j] = pull * exp(-t / steps);
    }
  }
  return IRL_OK;
}

static irl_err search_init(finder* f, search* s, int restart) {
  const irl_task_info* info = f->info;
  int nc = info->nconditions, n = nc * f->options->samples;
  s->restart = restart;
  s->samples = f->options->samples;
  s->options = sampler_options(0.5);
  s->sampler = IRL_NEW(irl_sampler, nc);
  s->policy = IRL_NEW(const irl_policy*, nc);
  s->expansion = IRL_NEW(irl_reward_expansion, nc);
  if (s->sampler == NULL || s->policy == NULL || s->expansion == NULL) {
    return IRL_ENOMEM;
  }
  IRL_TRY(irl_batch_create(&s->batch, n, info->horizon, info->nx, info->nu, info->nz, 0));
  for (int c = 0; c < nc; c++) {
    IRL_TRY(irl_sampler_init(&s->sampler[c], info->horizon, info->nx, info->nu, info->nz));
    IRL_TRY(irl_reward_expansion_init(&s->expansion[c], f->options->task, info->temperature));
    IRL_TRY(start_policy(f, restart, c, &s->sampler[c].policy));
    for (int i = 0; i < s->samples; i++) {
      s->batch.condition[c * s->samples + i] = c;
    }
  }
  return IRL_OK;
}

static void search_fini(search* s, int nconditions) {
  for (int c = 0; c < nconditions; c++) {
    if (s->sampler != NULL) {
      irl_sampler_fini(&s->sampler[c]);
    }
    if (s->expansion != NULL) {
      irl_reward_expansion_fini(&s->expansion[c]);
    }
  }
  irl_free(s->sampler);
  irl_free(s->policy);
  irl_free(s->expansion);
  irl_batch_destroy(&s->batch);
}

static const irl_policy* const* search_policies(search* s, int nconditions) {
  for (int c = 0; c < nconditions; c++) {
    s->policy[c] = &s->sampler[c].policy;
  }
  return s->policy;
}

static irl_err sample(finder* f, search* s, int iteration) {
  irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                         .policy = search_policies(s, f->info->nconditions),
                         .seed = f->options->seed,
                         .iteration = (uint64_t)(s->restart * 100000 + iteration),
                         .reset_purpose = IRL_PURPOSE_EXPERT,
                         .action_purpose = IRL_PURPOSE_ACTION,
                         .run_on = true};
  return irl_env_rollout(f->env, &rollout, &s->batch, &f->result->env_steps, NULL, NULL);
}

// Mean over a condition's valid trajectories of −return/temperature + log q: the objective
// E_q[c] − H(q) that the step should lower.
static double objective(const search* s, int condition, double temperature) {
  double sum = 0.0;
  int count = 0;
  for (int i = condition * s->samples; i < (condition + 1) * s->samples; i++) {
    if (s->batch.valid[i]) {
      sum += irl_batch_logq(&s->batch, i) - irl_batch_return(&s->batch, i) / temperature;
      count++;
    }
  }
  return count > 0 ? sum / count : INFINITY;
}

typedef struct step_job {
  finder* f;
  search* s;
} step_job;

static void step_condition(int c, int thread, void* arg) {
  (void)thread;
  const step_job* job = arg;
  search* s = job->s;
  irl_sampler* sampler = &s->sampler[c];
  double now = objective(s, c, job->f->info->temperature);
  if (isfinite(sampler->objective)) {
    irl_sampler_adapt(sampler, &s->options, sampler->objective, now);
  }
  sampler->objective = now;
  int* index = job->f->index + c * s->samples;
  int n = 0;
  for (int i = c * s->samples; i < (c + 1) * s->samples; i++) {
    if (s->batch.valid[i]) {
      index[n++] = i;
    }
  }
  if (n >= 2) {
    irl_sampler_step(sampler, &s->options, &s->batch, index, n, irl_reward_expand,
                     &s->expansion[c]);
  }
}

// Mean-action returns of all conditions; better policies replace the result's.
static irl_err judge(finder* f, search* s) {
  irl_rollout rollout = {.mode = IRL_ACTION_MEAN,
                         .policy = search_policies(s, f->info->nconditions),
                         .seed = f->options->seed,
                         .iteration = 0,
                         .reset_purpose = IRL_PURPOSE_EVAL,
                         .action_purpose = IRL_PURPOSE_EVAL_ACTION};
  IRL_TRY(irl_env_rollout(f->env, &rollout, &f->judge, &f->result->env_steps, NULL, NULL));
  for (int c = 0; c < f->info->nconditions; c++) {
    double sum = 0.0;
    for (int i = 0; i < JUDGE_EPISODES; i++) {
      int k = c * JUDGE_EPISODES + i;
      sum += f->judge.valid[k] ? irl_batch_return(&f->judge, k) : -INFINITY;
    }
    if (sum / JUDGE_EPISODES > f->best[c]) {
      f->best[c] = sum / JUDGE_EPISODES;
      irl_policy_copy(&f->result->policy[c], &s->sampler[c].policy);
    }
  }
  return IRL_OK;
}

static double mean(const double* x, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    sum += x[i];
  }
  return sum / n;
}

static irl_err run_search(finder* f, search* s) {
  const irl_expert_options* o = f->options;
  for (int k = 0; k < o->iterations; k++) {
    if (irl_host_stop(f->host)) {
      return IRL_ECANCELED;
    }
    IRL_TRY(sample(f, s, k));
    step_job job = {f, s};
    irl_pool_run(f->pool, f->info->nconditions, step_condition, &job);
    if (f->host != NULL) {
      irl_log(&f->host->sink, IRL_LOG_PROGRESS, "search %d/%d, step %d/%d, best return %.4g",
              s->restart + 1, o->restarts, k + 1, o->iterations,
              mean(f->best, f->info->nconditions));
    }
  }
  return judge(f, s);
}

// Demonstrations: stochastic episodes of the best policies, dealt round-robin over the conditions.
static irl_err demonstrate(finder* f) {
  const irl_task_info* info = f->info;
  irl_expert_result* r = f->result;
  const irl_policy** policy = IRL_NEW(const irl_policy*, info->nconditions);
  irl_err err = policy == NULL ? IRL_ENOMEM : IRL_OK;
  if (err == IRL_OK) {
    err = irl_batch_create(&r->demos, f->options->episodes, info->horizon, info->nx, info->nu,
                           info->nz, info->nstate);
  }
  if (err == IRL_OK) {
    for (int c = 0; c < info->nconditions; c++) {
      policy[c] = &r->policy[c];
    }
    for (int i = 0; i < r->demos.n; i++) {
      r->demos.condition[i] = i % info->nconditions;
    }
    irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                           .policy = policy,
                           .seed = f->options->seed,
                           .iteration = 0,
                           .reset_purpose = IRL_PURPOSE_RESET,
                           .action_purpose = IRL_PURPOSE_ACTION};
    err = irl_env_rollout(f->env, &rollout, &r->demos, &r->env_steps, NULL, NULL);
  }
  irl_free(policy);
  return err;
}

// Return over fresh mean-action episodes of the policies that were kept.
static irl_err judge_result(finder* f) {
  irl_expert_result* r = f->result;
  double sum = 0.0, squares = 0.0;
  int n = f->judge.n;
  const irl_policy** policy = IRL_NEW(const irl_policy*, r->nconditions);
  if (policy == NULL) {
    return IRL_ENOMEM;
  }
  for (int c = 0; c < r->nconditions; c++) {
    policy[c] = &r->policy[c];
  }
  irl_rollout rollout = {.mode = IRL_ACTION_MEAN,
                         .policy = policy,
                         .seed = f->options->seed,
                         .iteration = 1,
                         .reset_purpose = IRL_PURPOSE_EVAL,
                         .action_purpose = IRL_PURPOSE_EVAL_ACTION};
  irl_err err = irl_env_rollout(f->env, &rollout, &f->judge, &r->env_steps, NULL, NULL);
  irl_free(policy);
  IRL_TRY(err);
  memset(r->condition_return, 0, sizeof(double) * (size_t)r->nconditions);
  for (int i = 0; i < n; i++) {
    double value = irl_batch_return(&f->judge, i);
    r->condition_return[f->judge.condition[i]] += value / JUDGE_EPISODES;
    sum += value;
    squares += value * value;
  }
  r->return_mean = sum / n;
  r->return_std = sqrt(fmax(0.0, squares / n - r->return_mean * r->return_mean));
  return IRL_OK;
}

static irl_err finder_init(finder* f, irl_errinfo* info) {
  const irl_expert_options* o = f->options;
  int nc = f->info->nconditions;
  int most = nc * (o->samples > JUDGE_EPISODES ? o->samples : JUDGE_EPISODES);
  irl_expert_result* r = f->result;
  IRL_TRY(
      irl_env_create(&f->env, o->task, most > o->episodes ? most : o->episodes, o->threads, info));
  IRL_TRY(irl_pool_create(&f->pool, o->threads));
  f->searches = IRL_NEW(search, o->restarts);
  f->index = IRL_NEW(int, nc * o->samples);
  f->best = IRL_NEW(double, nc);
  r->policy = IRL_NEW(irl_policy, nc);
  r->condition_return = IRL_NEW(double, nc);
  if (f->searches == NULL || f->index == NULL || f->best == NULL || r->policy == NULL ||
      r->condition_return == NULL) {
    return IRL_ENOMEM;
  }
  r->nconditions = nc;
  IRL_TRY(irl_batch_create(&f->judge, nc * JUDGE_EPISODES, f->info->horizon, f->info->nx,
                           f->info->nu, f->info->nz, 0));
  for (int i = 0; i < f->judge.n; i++) {
    f->judge.condition[i] = i / JUDGE_EPISODES;
  }
  for (int c = 0; c < nc; c++) {
    f->best[c] = -INFINITY;
    IRL_TRY(irl_policy_create(&r->policy[c], f->info->horizon, f->info->nx, f->info->nu));
  }
  return IRL_OK;
}

static void finder_fini(finder* f) {
  irl_env_destroy(f->env);
  irl_pool_destroy(f->pool);
  irl_free(f->searches);
  irl_free(f->index);
  irl_free(f->best);
  irl_batch_destroy(&f->judge);
}

static irl_err find(finder* f, irl_errinfo* info) {
  IRL_TRY(finder_init(f, info));
  irl_err err = IRL_OK;
  for (int r = 0; r < f->options->restarts && err == IRL_OK; r++) {
    err = search_init(f, &f->searches[r], r);
    if (err == IRL_OK) {
      err = run_search(f, &f->searches[r]);
    }
    search_fini(&f->searches[r], f->info->nconditions);
  }
  IRL_TRY(err);
  for (int c = 0; c < f->info->nconditions; c++) {
    if (!isfinite(f->best[c])) {
      return irl_fail(info, IRL_ENUM,
                      "expert: every search of condition %d diverged; use a smaller time step", c);
    }
  }
  IRL_TRY(judge_result(f));
  return demonstrate(f);
}

irl_err irl_expert(const irl_expert_options* options, const irl_host* host,
                   irl_expert_result* result, irl_errinfo* info) {
  const irl_task_info* task = irl_task_get(options->task);
  double start = irl_now();
  memset(result, 0, sizeof *result);
  if (!task->has_reward || task->nu == 0) {
    return irl_fail(info, IRL_EUNSUPPORTED, "%s: has no %s; an expert needs one", task->name,
                    task->nu == 0 ? "actuator" : "reward");
  }
  finder f = {.options = options, .info = task, .host = host, .result = result};
  irl_err err = find(&f, info);
  finder_fini(&f);
  result->wall_seconds = irl_now() - start;
  if (err != IRL_OK) {
    irl_expert_result_fini(result);
    if (info != NULL && info->code == IRL_OK) {
      return irl_fail(info, err, "expert: %s", irl_err_name(err));
    }
  }
  return err;
}

void irl_expert_result_fini(irl_expert_result* result) {
  for (int c = 0; result->policy != NULL && c < result->nconditions; c++) {
    irl_policy_destroy(&result->policy[c]);
  }
  irl_free(result->policy);
  irl_free(result->condition_return);
  irl_batch_destroy(&result->demos);
  memset(result, 0, sizeof *result);
}
