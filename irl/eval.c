// Judging a run; docs/evaluation.md has the definitions and their sources.
#include "irl/eval.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/eval_internal.h"
#include "irl/learner_internal.h"
#include "irl/objective_internal.h"
#include "irl/partition.h"

enum {
  BASELINE_EPISODES = 20,  // a condition, of the baselines of a changed task
};

// Streams of rollouts; the groups of the mixed-quality set have those of irl_eval_group.
enum { STREAM_POLICY = 0, STREAM_REOPTIMIZED = 100, STREAM_EXPERT, STREAM_ZERO, STREAM_UNIFORM };

//---------------------------------- Rollouts -----------------------------------------------------

irl_err irl_judge_init(irl_judge* j, const irl_task* task, irl_errinfo* info) {
  int most = j->options->episodes > BASELINE_EPISODES ? j->options->episodes : BASELINE_EPISODES;
  j->task = task;
  j->info = irl_task_get(task);
  j->nc = j->run->nconditions;
  j->table = IRL_NEW(const irl_policy*, j->info->nconditions);
  j->policy = IRL_NEW(irl_policy, j->nc);
  if (j->table == NULL || j->policy == NULL) {
    return IRL_ENOMEM;
  }
  for (int k = 0; k < j->nc; k++) {
    const irl_policy* p = &j->run->learned[k];
    IRL_TRY(irl_policy_create(&j->policy[k], p->steps, p->nx, p->nu));
  }
  return irl_env_create(&j->env, task, most * j->nc, j->options->threads, info);
}

void irl_judge_fini(irl_judge* j) {
  for (int k = 0; j->policy != NULL && k < j->nc; k++) {
    irl_policy_destroy(&j->policy[k]);
  }
  for (int k = 0; j->found != NULL && k < j->nc; k++) {
    irl_policy_destroy(&j->found[k]);
  }
  irl_free(j->policy);
  irl_free(j->found);
  irl_free(j->table);
  irl_env_destroy(j->env);
}

irl_err irl_judge_roll(irl_judge* j, const irl_policy* policy, irl_action_mode mode,
                       uint64_t stream, irl_batch* batch, irl_errinfo* info) {
  for (int k = 0; k < j->nc; k++) {
    j->table[j->run->condition[k]] = policy != NULL ? &policy[k] : NULL;
  }
  for (int i = 0; i < batch->n; i++) {
    batch->condition[i] = j->run->condition[i % j->nc];
  }
  irl_rollout rollout = {.mode = mode,
                         .policy = j->table,
                         .seed = j->options->seed,
                         .iteration = stream,
                         .reset_purpose = IRL_PURPOSE_EVAL,
                         .action_purpose = IRL_PURPOSE_EVAL_ACTION,
                         .run_on = true};
  return irl_env_rollout(j->env, &rollout, batch, NULL, NULL, info);
}

//---------------------------------- Rolled-out episodes -------------------------------------------

// What the figures of a policy are made of: its valid episodes, condition by condition.
typedef struct episodes {
  int n;
  int* slot;      // condition, 0 to nc−1                       (n)
  double* value;  // true return                                (n)
  double* logw;   // −c − log q                                 (n)
  double* done;   // 1 where the task's success rule held       (n)
  int* pick;      // a resample                                 (n)
  double* work;   //                                            (n)
} episodes;

static irl_err episodes_create(episodes* e, int capacity) {
  size_t n = (size_t)capacity;
  memset(e, 0, sizeof *e);
  e->slot = IRL_NEW(int, 2 * n);
  e->value = IRL_NEW(double, 4 * n);
  if (e->slot == NULL || e->value == NULL) {
    return IRL_ENOMEM;
  }
  e->pick = e->slot + n;
  e->logw = e->value + n;
  e->done = e->logw + n;
  e->work = e->done + n;
  return IRL_OK;
}

static void episodes_destroy(episodes* e) {
  irl_free(e->slot);
  irl_free(e->value);
}

static void gather(episodes* e, const irl_judge* j, const irl_batch* b) {
  irl_objective o = irl_cost_objective(j->run->cost);
  e->n = 0;
  for (int k = 0; k < j->nc; k++) {
    for (int i = k; i < b->n; i += j->nc) {
      if (b->valid[i]) {
        e->slot[e->n] = k;
        e->value[e->n] = irl_batch_return(b, i);
        e->logw[e->n] = -o.path_cost(o.arg, b, i) - irl_batch_logq(b, i);
        e->done[e->n] = b->success[i];
        e->pick[e->n] = e->n;
        e->n++;
      }
    }
  }
}

typedef struct policy_figures {
  double mean, deviation, ess, success;
  double objective;  // E[c] − H by the same episodes [nats]
} policy_figures;

// Figures of the picked episodes: means within a condition, then over conditions.
static policy_figures figures(episodes* e) {
  policy_figures f = {0};
  int used = 0;
  for (int first = 0, end; first < e->n; first = end, used++) {
    double mean = 0.0, success = 0.0, objective = 0.0;
    for (end = first; end < e->n && e->slot[end] == e->slot[first]; end++) {
      mean += e->value[e->pick[end]];
      success += e->done[e->pick[end]];
      e->work[end - first] = e->logw[e->pick[end]];
      objective -= e->logw[e->pick[end]];
    }
    f.mean += mean / (end - first);
    f.success += success / (end - first);
    f.objective += objective / (end - first);
    f.ess += irl_importance(e->work, end - first, NULL).ess;
  }
  for (int i = 0; i < e->n; i++) {
    e->work[i] = e->value[e->pick[i]];
  }
  f.deviation = irl_stddev(e->work, e->n);
  f.mean /= used;
  f.success /= used;
  f.ess /= used;
  f.objective /= used;
  return f;
}

enum { MEAN, DEVIATION, ESS, SUCCESS, OBJECTIVE, NFIGURES };

// A condition with one episode says nothing about the spread: a resample would always be the same.
static bool has_lone_episode(const episodes* e) {
  for (int i = 0; i < e->n; i++) {
    bool before = i > 0 && e->slot[i - 1] == e->slot[i];
    bool after = i + 1 < e->n && e->slot[i + 1] == e->slot[i];
    if (!before && !after) {
      return true;
    }
  }
  return e->n == 0;
}

// Intervals of the figures by resampling episodes within each condition; NAN with too few.
static irl_err bootstrap(episodes* e, uint64_t seed, uint64_t stream, irl_interval out[NFIGURES]) {
  for (int i = 0; i < NFIGURES; i++) {
    out[i] = (irl_interval){NAN, NAN};
  }
  if (has_lone_episode(e)) {
    return IRL_OK;
  }
  double* replicate = IRL_NEW(double, (size_t)NFIGURES* IRL_EVAL_REPLICATES);
  if (replicate == NULL) {
    return IRL_ENOMEM;
  }
  for (int b = 0; b < IRL_EVAL_REPLICATES; b++) {
    irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_BOOTSTRAP, (uint64_t)b + 1, UINT64_MAX, stream);
    irl_resample(&rng, e->slot, e->n, e->pick);
    policy_figures f = figures(e);
    const double values[NFIGURES] = {f.mean, f.deviation, f.ess, f.success, f.objective};
    for (int i = 0; i < NFIGURES; i++) {
      replicate[i * IRL_EVAL_REPLICATES + b] = values[i];
    }
  }
  for (int i = 0; i < NFIGURES; i++) {
    out[i] = irl_percentile_interval(replicate + i * IRL_EVAL_REPLICATES, IRL_EVAL_REPLICATES);
  }
  irl_free(replicate);
  return IRL_OK;
}

// Sampled actions of a policy in the judge's world: its figures, and their intervals unless out is
// NULL. n counts episodes over all conditions.
static irl_err judge_rollouts(irl_judge* j, const irl_policy* policy, irl_action_mode mode,
                              uint64_t stream, int n, policy_figures* f, irl_interval out[NFIGURES],
                              irl_errinfo* info) {
  const irl_task_info* t = j->info;
  irl_batch batch = {0};
  episodes e;
  irl_err err = episodes_create(&e, n);
  if (err == IRL_OK) {
    err = irl_batch_create(&batch, n, t->horizon, t->nx, t->nu, 0, 0);
  }
  if (err == IRL_OK) {
    err = irl_judge_roll(j, policy, mode, stream, &batch, info);
  }
  if (err == IRL_OK) {
    gather(&e, j, &batch);
    *f = figures(&e);
    err = out != NULL ? bootstrap(&e, j->options->seed, stream, out) : IRL_OK;
  }
  irl_batch_destroy(&batch);
  episodes_destroy(&e);
  return err;
}

//---------------------------------- Policy -------------------------------------------------------

// At least one episode a condition, or means over them would leave some out.
static int episode_count(const irl_judge* j) {
  return j->options->episodes > j->nc ? j->options->episodes : j->nc;
}

static irl_interval normalized(irl_interval value, const irl_run* run) {
  return (irl_interval){irl_normalized_return(value.lo, run->random_return, run->expert_return),
                        irl_normalized_return(value.hi, run->random_return, run->expert_return)};
}

// The learned sampler, which the new ones are held against.
typedef struct standard {
  double value;
  irl_interval range;
} standard;

static irl_err judge_policy(irl_judge* j, irl_eval_result* r, standard* objective,
                            irl_errinfo* info) {
  policy_figures f;
  irl_interval range[NFIGURES];
  IRL_TRY(judge_rollouts(j, j->run->learned, IRL_ACTION_SAMPLE, STREAM_POLICY, episode_count(j), &f,
                         range, info));
  *objective = (standard){f.objective, range[OBJECTIVE]};
  r->ess = f.ess;
  r->interval.ess = range[ESS];
  if (j->info->has_success) {
    r->success_rate = f.success;
    r->interval.success_rate = range[SUCCESS];
  }
  if (j->info->has_reward) {
    r->return_mean = f.mean;
    r->return_std = f.deviation;
    r->normalized_return = irl_normalized_return(f.mean, r->random_return, r->expert_return);
    r->interval.return_mean = range[MEAN];
    r->interval.return_std = range[DEVIATION];
    r->interval.normalized_return = normalized(range[MEAN], j->run);
  }
  return IRL_OK;
}

//---------------------------------- Optimising again ----------------------------------------------

// The interval of a − b, of which both have one of their own.
static irl_interval difference(standard a, standard b) {
  return (irl_interval){a.value - b.value - hypot(a.value - a.range.lo, b.range.hi - b.value),
                        a.value - b.value + hypot(a.range.hi - a.value, b.value - b.range.lo)};
}

static irl_err reoptimize(irl_judge* j, standard learned, irl_eval_result* r, irl_errinfo* info) {
  policy_figures f;
  irl_interval range[NFIGURES];
  IRL_TRY(irl_judge_optimize(j, IRL_JUDGE_LEARNED, info));
  IRL_TRY(judge_rollouts(j, j->found, IRL_ACTION_SAMPLE, STREAM_REOPTIMIZED, episode_count(j), &f,
                         range, info));
  r->reoptimized_gap = f.objective - learned.value;
  r->interval.reoptimized_gap = difference((standard){f.objective, range[OBJECTIVE]}, learned);
  if (j->info->has_reward) {
    r->reoptimized_normalized_return =
        irl_normalized_return(f.mean, r->random_return, r->expert_return);
    r->interval.reoptimized_normalized_return = normalized(range[MEAN], j->run);
  }
  return IRL_OK;
}

//---------------------------------- Transfer ------------------------------------------------------

// Cost and policy must fit the changed task as they are.
static irl_err check_changed(const irl_run* run, const irl_task* changed, irl_errinfo* info) {
  const irl_task_info *a = irl_task_get(run->task), *b = irl_task_get(changed);
  if (a->nx != b->nx || a->nu != b->nu || b->horizon != a->horizon ||
      a->nconditions != b->nconditions) {
    return irl_fail(info, IRL_EDIM,
                    "transfer: the change gives the task %d observations, %d actions, %d steps and "
                    "%d conditions where the run has %d, %d, %d and %d; change only its world",
                    b->nx, b->nu, b->horizon, b->nconditions, a->nx, a->nu, a->horizon,
                    a->nconditions);
  }
  return b->has_reward
             ? IRL_OK
             : irl_fail(info, IRL_EUNSUPPORTED,
                        "transfer: %s has no reward to judge by; leave --set out", b->name);
}

static irl_err transfer_figures(irl_judge* j, irl_eval_transfer* t, irl_errinfo* info) {
  policy_figures zero, uniform, kept, expert, learned;
  int few = BASELINE_EPISODES * j->nc, n = episode_count(j);
  IRL_TRY(judge_rollouts(j, NULL, IRL_ACTION_ZERO, STREAM_ZERO, few, &zero, NULL, info));
  IRL_TRY(judge_rollouts(j, NULL, IRL_ACTION_UNIFORM, STREAM_UNIFORM, few, &uniform, NULL, info));
  IRL_TRY(
      judge_rollouts(j, j->run->learned, IRL_ACTION_SAMPLE, STREAM_POLICY, n, &kept, NULL, info));
  IRL_TRY(irl_judge_optimize(j, IRL_JUDGE_REWARD, info));
  IRL_TRY(judge_rollouts(j, j->found, IRL_ACTION_SAMPLE, STREAM_EXPERT, n, &expert, NULL, info));
  IRL_TRY(irl_judge_optimize(j, IRL_JUDGE_LEARNED, info));
  IRL_TRY(
      judge_rollouts(j, j->found, IRL_ACTION_SAMPLE, STREAM_REOPTIMIZED, n, &learned, NULL, info));
  t->random_return = fmax(zero.mean, uniform.mean);
  t->expert_return = expert.mean;
  t->normalized_return = irl_normalized_return(learned.mean, t->random_return, t->expert_return);
  t->policy_normalized_return =
      irl_normalized_return(kept.mean, t->random_return, t->expert_return);
  return IRL_OK;
}

static irl_err judge_transfer(const irl_judge* here, irl_eval_result* r, irl_errinfo* info) {
  irl_judge there = {.run = here->run, .host = here->host, .options = here->options};
  irl_task* changed = NULL;
  IRL_TRY(irl_task_vary(&changed, here->task, here->options->set, here->options->nset, info));
  irl_err err = check_changed(here->run, changed, info);
  if (err == IRL_OK) {
    err = irl_judge_init(&there, changed, info);
  }
  if (err == IRL_OK) {
    err = transfer_figures(&there, &r->transfer, info);
    r->has_transfer = err == IRL_OK;
  }
  irl_judge_fini(&there);
  irl_task_destroy(changed);
  return err;
}

//---------------------------------- All of it ----------------------------------------------------

// Demonstrations are a help, not a need: the run keeps their mean return.
static irl_demos* find_demos(const irl_run* run) {
  irl_demos* demos = NULL;
  if (irl_demos_load(&demos, run->demos_path, NULL) == IRL_OK &&
      irl_demos_prepare(demos, run->task, NULL) != IRL_OK) {
    irl_demos_destroy(demos);
    demos = NULL;
  }
  return demos;
}

static irl_err judge_cost(irl_judge* j, irl_eval_result* r, irl_errinfo* info) {
  irl_demos* demos = find_demos(j->run);
  irl_eval_set set;
  irl_err err = irl_eval_set_create(&set, j, demos, info);
  if (err == IRL_OK) {
    err = irl_judge_cost(j, &set, r, info);
  }
  irl_eval_set_destroy(&set);
  irl_demos_destroy(demos);
  return err;
}

static irl_err evaluate(irl_judge* j, irl_eval_result* r, irl_errinfo* info) {
  IRL_TRY(irl_judge_init(j, j->run->task, info));
  standard learned;
  IRL_TRY(judge_policy(j, r, &learned, info));
  IRL_TRY(judge_cost(j, r, info));
  if (j->options->reoptimize) {
    IRL_TRY(reoptimize(j, learned, r, info));
  }
  return j->options->nset > 0 ? judge_transfer(j, r, info) : IRL_OK;
}

static void clear(irl_eval_result* r, const irl_run* run) {
  memset(r, 0, sizeof *r);
#define CLEAR(key) r->key = r->interval.key.lo = r->interval.key.hi = NAN;
  IRL_EVAL_FIGURES(CLEAR)
#undef CLEAR
  r->expert_return = run->expert_return;
  r->random_return = run->random_return;
}

irl_err irl_eval(const irl_run* run, const irl_eval_options* options, const irl_host* host,
                 irl_eval_result* result, irl_errinfo* info) {
  irl_judge j = {.run = run, .host = host, .options = options};
  irl_errinfo reason = {IRL_OK, ""};
  clear(result, run);
  irl_err err = evaluate(&j, result, &reason);
  irl_judge_fini(&j);
  if (err != IRL_OK && reason.code == IRL_OK) {
    return irl_fail(info, err, "evaluation: %s", irl_err_name(err));
  }
  if (err != IRL_OK && info != NULL) {
    *info = reason;
  }
  return err;
}
