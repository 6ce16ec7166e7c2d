// Judging a run; docs/evaluation.md has the definitions and their sources.
#include "irl/eval.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "envs/env.h"
#include "irl/learner_internal.h"
#include "irl/objective_internal.h"
#include "irl/optimize_internal.h"
#include "irl/partition.h"
#include "irl/statistics_internal.h"

enum {
  GROUP_EPISODES = 10,  // a condition, of each group of the mixed-quality set
  REOPT_RESTARTS = 3,
  REOPT_ITERATIONS = 25,
  REOPT_SAMPLES = 20,
  EPIC_ACTIONS = 16
};

// Groups of the mixed-quality set, from good to bad: the learned sampler, the same with its noise
// raised, the first sampler with raised noise, uniformly random actions, none.
typedef enum group { LEARNED, NOISY, NOISIER, INITIAL_NOISY, UNIFORM, ZERO, NGROUPS } group;

static const double group_noise[NGROUPS] = {1.0, 9.0, 100.0, 9.0, 0.0, 0.0};

typedef struct judge {
  const irl_run* run;
  const irl_task_info* info;
  const irl_host* host;
  irl_env* env;
  uint64_t seed;
  int threads;
  int nc;
  const irl_policy** table;  // (nconditions)
  irl_policy* scaled;        // (nc)
  irl_batch set;             // mixed-quality set: demonstrations, then the groups
  int ndemos;
  int ngood;            // demonstrations and trajectories of the learned sampler
  double* step_cost;    // learned cost per step      (set.n, T)
  double* path_cost;    //                            (set.n)
  double* path_return;  //                            (set.n)
} judge;

//---------------------------------- Rollouts -----------------------------------------------------

// Trajectories first..first+n-1 of the set are rolled out, dealt round-robin over the conditions.
static irl_err roll(judge* j, const irl_policy* policy, irl_action_mode mode, uint64_t iteration,
                    irl_batch* batch, irl_errinfo* info) {
  for (int k = 0; k < j->nc; k++) {
    j->table[j->run->condition[k]] = policy != NULL ? &policy[k] : NULL;
  }
  for (int i = 0; i < batch->n; i++) {
    batch->condition[i] = j->run->condition[i % j->nc];
  }
  irl_rollout rollout = {.mode = mode,
                         .policy = j->table,
                         .seed = j->seed,
                         .iteration = iteration,
                         .reset_purpose = IRL_PURPOSE_EVAL,
                         .action_purpose = IRL_PURPOSE_EVAL_ACTION};
  return irl_env_rollout(j->env, &rollout, batch, NULL, NULL, info);
}

static irl_err create_batch(const judge* j, int n, irl_batch* batch) {
  const irl_task_info* t = j->info;
  return irl_batch_create(batch, n, t->horizon, t->nx, t->nu, 0, 0);
}

// Mean over conditions of the mean return; every condition weighs the same.
static double condition_mean_return(const judge* j, const irl_batch* b) {
  double sum = 0.0;
  int used = 0;
  for (int k = 0; k < j->nc; k++) {
    double part = 0.0;
    int n = 0;
    for (int i = 0; i < b->n; i++) {
      if (b->condition[i] == j->run->condition[k] && b->valid[i]) {
        part += irl_batch_return(b, i);
        n++;
      }
    }
    if (n > 0) {
      sum += part / n;
      used++;
    }
  }
  return used > 0 ? sum / used : NAN;
}

static double spread(const irl_batch* b, double* returns) {
  int n = 0;
  for (int i = 0; i < b->n; i++) {
    if (b->valid[i]) {
      returns[n++] = irl_batch_return(b, i);
    }
  }
  return irl_stddev(returns, n);
}

//---------------------------------- Policy -------------------------------------------------------

// Effective sample size of the sampler's own trajectories under p_θ, mean over the conditions that
// have any.
static double effective_samples(const judge* j, const irl_batch* b, double* logw) {
  irl_objective o = irl_cost_objective(j->run->cost, j->info->nx, j->info->nu);
  double sum = 0.0;
  int used = 0;
  for (int k = 0; k < j->nc; k++) {
    int n = 0;
    for (int i = k; i < b->n; i += j->nc) {
      if (b->valid[i]) {
        logw[n++] = -o.path_cost(o.arg, b, i) - irl_batch_logq(b, i);
      }
    }
    sum += n > 0 ? irl_importance(logw, n, NULL).ess : 0.0;
    used += n > 0;
  }
  return used > 0 ? sum / used : NAN;
}

static irl_err judge_policy(judge* j, int episodes, irl_eval_result* r, irl_errinfo* info) {
  irl_batch batch;
  double* logw = IRL_NEW(double, episodes);
  IRL_TRY(logw == NULL ? IRL_ENOMEM : create_batch(j, episodes, &batch));
  irl_err err = roll(j, j->run->learned, IRL_ACTION_SAMPLE, 0, &batch, info);
  if (err == IRL_OK) {
    r->ess = effective_samples(j, &batch, logw);
    double successes = 0.0;
    for (int i = 0; i < episodes; i++) {
      successes += batch.success[i];
    }
    r->success_rate = j->info->has_success ? successes / episodes : NAN;
    r->return_mean = j->info->has_reward ? condition_mean_return(j, &batch) : NAN;
    r->return_std = j->info->has_reward ? spread(&batch, logw) : NAN;
    r->normalized_return =
        irl_normalized_return(r->return_mean, r->random_return, r->expert_return);
  }
  irl_batch_destroy(&batch);
  irl_free(logw);
  return err;
}

//---------------------------------- Mixed-quality set --------------------------------------------

static irl_err roll_group(judge* j, group g, irl_batch* batch, irl_errinfo* info) {
  const irl_policy* from = g == INITIAL_NOISY ? j->run->initial : j->run->learned;
  for (int k = 0; k < j->nc && group_noise[g] > 0.0; k++) {
    irl_policy_copy(&j->scaled[k], &from[k]);
    irl_policy_scale_covariance(&j->scaled[k], group_noise[g]);
  }
  irl_action_mode mode = g == UNIFORM ? IRL_ACTION_UNIFORM
                         : g == ZERO  ? IRL_ACTION_ZERO
                                      : IRL_ACTION_SAMPLE;
  return roll(j, j->scaled, mode, 1 + (uint64_t)g, batch, info);
}

// Demonstrations that the run's conditions know; those that cannot be read are left out.
static void take_demos(judge* j, const irl_demos* demos, int room) {
  for (int i = 0; demos != NULL && i < demos->batch.n && j->ndemos < room; i++) {
    bool fits = demos->batch.valid[i] && demos->batch.length[i] == j->info->horizon;
    if (fits) {
      irl_batch_copy(&j->set, j->ndemos++, &demos->batch, i);
    }
  }
}

static irl_err fill_set(judge* j, const irl_demos* demos, irl_errinfo* info) {
  irl_batch part;
  int n = GROUP_EPISODES * j->nc;
  int ndemos = demos != NULL ? demos->batch.n : 0;
  IRL_TRY(create_batch(j, ndemos + NGROUPS * n, &j->set));
  take_demos(j, demos, ndemos);
  j->set.n = j->ndemos;
  IRL_TRY(create_batch(j, n, &part));
  irl_err err = IRL_OK;
  for (int g = 0; g < NGROUPS && err == IRL_OK; g++) {
    err = roll_group(j, (group)g, &part, info);
    for (int i = 0; i < n && err == IRL_OK; i++) {
      if (part.valid[i]) {
        irl_batch_copy(&j->set, j->set.n++, &part, i);
      }
    }
    j->ngood = g == LEARNED ? j->set.n : j->ngood;
  }
  irl_batch_destroy(&part);
  return err;
}

static irl_err cost_of_set(judge* j) {
  int n = j->set.n, T = j->set.horizon;
  j->step_cost = IRL_NEW(double, (size_t)n*(size_t)T);
  j->path_cost = IRL_NEW(double, n);
  j->path_return = IRL_NEW(double, n);
  if (j->step_cost == NULL || j->path_cost == NULL || j->path_return == NULL) {
    return IRL_ENOMEM;
  }
  IRL_TRY(irl_run_step_costs(j->run, &j->set, j->step_cost));
  for (int i = 0; i < n; i++) {
    for (int t = 0; t < j->set.length[i]; t++) {
      j->path_cost[i] -= j->step_cost[(long)i * T + t];
    }
    j->path_return[i] = irl_batch_return(&j->set, i);
  }
  return IRL_OK;
}

//---------------------------------- Cost against reward ------------------------------------------

// Scratch for the figures of one condition.
typedef struct pairs {
  double *a, *b, *work;  // (n), (n), (3n)
  int* order;            // (n)
  int n;
} pairs;

static irl_err pairs_init(pairs* p, int capacity) {
  memset(p, 0, sizeof *p);
  p->a = IRL_NEW(double, (size_t)capacity * 5);
  p->order = IRL_NEW(int, capacity);
  if (p->a == NULL || p->order == NULL) {
    return IRL_ENOMEM;
  }
  p->b = p->a + capacity;
  p->work = p->b + capacity;
  return IRL_OK;
}

static void pairs_fini(pairs* p) {
  irl_free(p->a);
  irl_free(p->order);
}

// −cost and return of whole trajectories (by_step false) or −cost and reward of steps.
static void collect(const judge* j, int k, bool by_step, pairs* p) {
  int T = j->set.horizon;
  p->n = 0;
  for (int i = 0; i < j->set.n; i++) {
    if (j->set.condition[i] != j->run->condition[k]) {
      continue;
    }
    if (!by_step) {
      p->a[p->n] = j->path_cost[i];
      p->b[p->n++] = j->path_return[i];
    }
    for (int t = 0; by_step && t < j->set.length[i]; t++) {
      p->a[p->n] = -j->step_cost[(long)i * T + t];
      p->b[p->n++] = j->set.reward[(long)i * T + t];
    }
  }
}

static double auc_of_condition(const judge* j, int k, pairs* p) {
  int np = 0, nn = 0;
  for (int i = 0; i < j->set.n; i++) {
    if (j->set.condition[i] == j->run->condition[k]) {
      if (i < j->ndemos) {
        p->a[np++] = j->path_cost[i];
      } else if (i >= j->ngood) {
        p->b[nn++] = j->path_cost[i];
      }
    }
  }
  return irl_auc(p->a, np, p->b, nn);
}

// Canonically shaped learned reward of one transition (Gleave et al. 2021, definition 4.1), up to a
// constant: R(s,a,s') + E[γ R(s',A,S') − R(s,A,S')] with R = −c(s,a) and A from the set's own
// actions.
static double shaped(const judge* j, int i, int t, double gamma, const double* const* actions) {
  const irl_cost* cost = j->run->cost;
  double *x = irl_batch_x(&j->set, i, t), *next = irl_batch_x(&j->set, i, t + 1), c;
  irl_cost_eval(cost, 1, x, irl_batch_u(&j->set, i, t), &c);
  double value = -c;
  for (int m = 0; m < EPIC_ACTIONS; m++) {
    irl_cost_eval(cost, 1, next, actions[m], &c);
    value -= gamma * c / EPIC_ACTIONS;
    irl_cost_eval(cost, 1, x, actions[m], &c);
    value += c / EPIC_ACTIONS;
  }
  return value;
}

// EPIC distance √((1−ρ)/2) on the set's transitions of one condition. The true reward depends on
// (s', a) alone, so its canonical form is itself up to a constant.
static double epic_of_condition(const judge* j, int k, pairs* p) {
  const double gamma = 0.99;
  const double* actions[EPIC_ACTIONS];
  int T = j->set.horizon;
  irl_rng rng = irl_rng_stream(j->seed, IRL_PURPOSE_BOOTSTRAP, 0, (uint64_t)k, 0);
  for (int m = 0; m < EPIC_ACTIONS; m++) {
    int i = (int)irl_rng_below(&rng, (uint64_t)j->set.n);
    actions[m] = irl_batch_u(&j->set, i, (int)irl_rng_below(&rng, (uint64_t)j->set.length[i]));
  }
  p->n = 0;
  for (int i = 0; i < j->set.n; i++) {
    for (int t = 0; j->set.condition[i] == j->run->condition[k] && t < j->set.length[i]; t++) {
      p->a[p->n] = shaped(j, i, t, gamma, actions);
      p->b[p->n++] = j->set.reward[(long)i * T + t];
    }
  }
  return sqrt(fmax(0.0, 0.5 * (1.0 - irl_pearson(p->a, p->b, p->n))));
}

static void compare_rewards(const judge* j, irl_eval_result* r, pairs* p) {
  r->spearman = r->pearson = r->epic = 0.0;
  for (int k = 0; k < j->nc; k++) {
    collect(j, k, false, p);
    r->spearman += irl_spearman(p->a, p->b, p->n, p->work, p->order) / j->nc;
    collect(j, k, true, p);
    r->pearson += irl_pearson(p->a, p->b, p->n) / j->nc;
    r->epic += epic_of_condition(j, k, p) / j->nc;
  }
}

static irl_err judge_cost(judge* j, const irl_demos* demos, irl_eval_result* r, irl_errinfo* info) {
  pairs p;
  IRL_TRY(fill_set(j, demos, info));
  IRL_TRY(cost_of_set(j));
  IRL_TRY(pairs_init(&p, j->set.n * j->set.horizon));
  if (j->info->has_reward) {
    compare_rewards(j, r, &p);
  }
  if (j->ndemos > 0) {
    r->auc = 0.0;
    for (int k = 0; k < j->nc; k++) {
      r->auc += auc_of_condition(j, k, &p) / j->nc;
    }
  }
  pairs_fini(&p);
  return IRL_OK;
}

//---------------------------------- Re-optimisation ----------------------------------------------

// A new sampler from scratch on the frozen cost, judged by the true return of its sampled actions.
static irl_err reoptimize(judge* j, int episodes, irl_eval_result* r, irl_errinfo* info) {
  int64_t steps = 0;
  irl_batch batch;
  irl_optimize_options o = {.task = j->run->task,
                            .condition = j->run->condition,
                            .nc = j->nc,
                            .objective = irl_cost_objective(j->run->cost, j->info->nx, j->info->nu),
                            .seed = j->seed,
                            .threads = j->threads,
                            .restarts = REOPT_RESTARTS,
                            .iterations = REOPT_ITERATIONS,
                            .samples = REOPT_SAMPLES};
  IRL_TRY(irl_optimize(&o, j->host, j->scaled, &steps, info));
  IRL_TRY(create_batch(j, episodes, &batch));
  irl_err err = roll(j, j->scaled, IRL_ACTION_SAMPLE, 100, &batch, info);
  if (err == IRL_OK && j->info->has_reward) {
    r->reoptimized_normalized_return =
        irl_normalized_return(condition_mean_return(j, &batch), r->random_return, r->expert_return);
  }
  irl_batch_destroy(&batch);
  return err;
}

//---------------------------------- All of it ----------------------------------------------------

static irl_err judge_init(judge* j, int episodes, irl_errinfo* info) {
  int most = j->nc * GROUP_EPISODES;
  j->table = IRL_NEW(const irl_policy*, j->info->nconditions);
  j->scaled = IRL_NEW(irl_policy, j->nc);
  if (j->table == NULL || j->scaled == NULL) {
    return IRL_ENOMEM;
  }
  for (int k = 0; k < j->nc; k++) {
    const irl_policy* p = &j->run->learned[k];
    IRL_TRY(irl_policy_create(&j->scaled[k], p->steps, p->nx, p->nu));
  }
  return irl_env_create(&j->env, j->run->task, most > episodes ? most : episodes, j->threads, info);
}

static void judge_fini(judge* j) {
  for (int k = 0; j->scaled != NULL && k < j->nc; k++) {
    irl_policy_destroy(&j->scaled[k]);
  }
  irl_free(j->scaled);
  irl_free(j->table);
  irl_env_destroy(j->env);
  irl_batch_destroy(&j->set);
  irl_free(j->step_cost);
  irl_free(j->path_cost);
  irl_free(j->path_return);
}

static irl_err evaluate(judge* j, int episodes, bool again, irl_eval_result* r, irl_errinfo* info) {
  irl_demos* demos = NULL;
  IRL_TRY(judge_init(j, episodes, info));
  if (irl_demos_load(&demos, j->run->demos_path, NULL) == IRL_OK &&
      irl_demos_prepare(demos, j->run->task, NULL) != IRL_OK) {
    irl_demos_destroy(demos);
    demos = NULL;
  }
  irl_err err = judge_policy(j, episodes, r, info);
  if (err == IRL_OK) {
    err = judge_cost(j, demos, r, info);
  }
  irl_demos_destroy(demos);
  return err == IRL_OK && again ? reoptimize(j, episodes, r, info) : err;
}

irl_err irl_eval(const irl_run* run, int episodes, bool again, uint64_t seed, int threads,
                 const irl_host* host, irl_eval_result* r, irl_errinfo* info) {
  judge j = {.run = run,
             .info = irl_task_get(run->task),
             .host = host,
             .seed = seed,
             .threads = threads,
             .nc = run->nconditions};
  *r = (irl_eval_result){
      NAN, NAN, run->expert_return, run->random_return, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  irl_errinfo reason = {IRL_OK, ""};
  irl_err err = evaluate(&j, episodes, again, r, &reason);
  judge_fini(&j);
  if (err != IRL_OK && reason.code == IRL_OK) {
    return irl_fail(info, err, "evaluation: %s", irl_err_name(err));
  }
  if (err != IRL_OK && info != NULL) {
    *info = reason;
  }
  return err;
}
