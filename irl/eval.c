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

// Figures of the picked episodes of the condition that begins at `first`, but for the deviation;
// *end is where the next one begins.
static policy_figures condition_figures(episodes* e, int first, int* end) {
  policy_figures f = {0};
  int i = first;
  for (; i < e->n && e->slot[i] == e->slot[first]; i++) {
    f.mean += e->value[e->pick[i]];
    f.success += e->done[e->pick[i]];
    f.objective -= e->logw[e->pick[i]];
    e->work[i - first] = e->logw[e->pick[i]];
  }
  const int n = i - first;
  f.mean /= n;
  f.success /= n;
  f.objective /= n;
  f.ess = irl_importance(e->work, n, NULL).ess;
  *end = i;
  return f;
}

// Figures of the picked episodes: means within a condition, then over conditions. each (nc) gets
// the conditions' own where they have episodes, NULL: none.
static policy_figures figures(episodes* e, policy_figures* each) {
  policy_figures f = {0};
  int used = 0;
  for (int first = 0, end; first < e->n; first = end, used++) {
    const policy_figures own = condition_figures(e, first, &end);
    f.mean += own.mean;
    f.success += own.success;
    f.objective += own.objective;
    f.ess += own.ess;
    if (each != NULL) {
      each[e->slot[first]] = own;
    }
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
    policy_figures f = figures(e, NULL);
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

// What is said of a policy.
typedef struct verdict {
  policy_figures all;
  irl_interval range[NFIGURES];
  policy_figures* each;  // of the conditions (nc), with the intervals; NULL: neither
} verdict;

// Rollouts of a policy in the judge's world. n counts episodes over all conditions.
static irl_err judge_rollouts(irl_judge* j, const irl_policy* policy, irl_action_mode mode,
                              uint64_t stream, int n, verdict* v, irl_errinfo* info) {
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
    v->all = figures(&e, v->each);
    err = v->each != NULL ? bootstrap(&e, j->options->seed, stream, v->range) : IRL_OK;
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

// The scale runs downwards where the demonstrations are worse than doing nothing.
static irl_interval normalized(irl_interval value, const irl_run* run) {
  const double lo = irl_normalized_return(value.lo, run->random_return, run->expert_return);
  const double hi = irl_normalized_return(value.hi, run->random_return, run->expert_return);
  return lo > hi ? (irl_interval){hi, lo} : (irl_interval){lo, hi};
}

// The figures of a run's policy; those of conditions without valid episodes stay NAN.
static irl_err judge_run(irl_judge* j, const irl_policy* policy, uint64_t stream, verdict* v,
                         irl_errinfo* info) {
  for (int k = 0; k < j->nc; k++) {
    v->each[k] = (policy_figures){NAN, NAN, NAN, NAN, NAN};
  }
  return judge_rollouts(j, policy, IRL_ACTION_SAMPLE, stream, episode_count(j), v, info);
}

static irl_err judge_policy(irl_judge* j, irl_eval_result* r, verdict* learned, irl_errinfo* info) {
  IRL_TRY(judge_run(j, j->run->learned, STREAM_POLICY, learned, info));
  const policy_figures* f = &learned->all;
  const irl_interval* range = learned->range;
  r->ess = f->ess;
  r->interval.ess = range[ESS];
  if (j->info->has_success) {
    r->success_rate = f->success;
    r->interval.success_rate = range[SUCCESS];
  }
  if (j->info->has_reward) {
    r->return_mean = f->mean;
    r->return_std = f->deviation;
    r->normalized_return = irl_normalized_return(f->mean, r->random_return, r->expert_return);
    r->interval.return_mean = range[MEAN];
    r->interval.return_std = range[DEVIATION];
    r->interval.normalized_return = normalized(range[MEAN], j->run);
  }
  return IRL_OK;
}

//---------------------------------- Optimising again ----------------------------------------------

// The interval of a − b, figures that both verdicts have with an interval of their own.
static irl_interval difference(double a, irl_interval of_a, double b, irl_interval of_b) {
  return (irl_interval){a - b - hypot(a - of_a.lo, of_b.hi - b),
                        a - b + hypot(of_a.hi - a, b - of_b.lo)};
}

static irl_err reoptimize(irl_judge* j, const verdict* learned, verdict* found, irl_eval_result* r,
                          irl_errinfo* info) {
  IRL_TRY(irl_judge_optimize(j, IRL_JUDGE_LEARNED, info));
  IRL_TRY(judge_run(j, j->found, STREAM_REOPTIMIZED, found, info));
  const double a = found->all.objective, b = learned->all.objective;
  r->reoptimized_gap = a - b;
  r->interval.reoptimized_gap =
      difference(a, found->range[OBJECTIVE], b, learned->range[OBJECTIVE]);
  if (j->info->has_reward) {
    r->reoptimized_normalized_return =
        irl_normalized_return(found->all.mean, r->random_return, r->expert_return);
    r->interval.reoptimized_normalized_return = normalized(found->range[MEAN], j->run);
  }
  return IRL_OK;
}

// What both verdicts say of each condition; of the new policies nothing where none were made.
static void tell_conditions(const irl_judge* j, const verdict* learned, const verdict* found) {
  for (int k = 0; k < j->nc; k++) {
    const policy_figures *old = &learned->each[k], *new = &found->each[k];
    const bool rewarded = j->info->has_reward;
    j->options->condition[k] = (irl_eval_condition){
        .condition = j->run->condition[k],
        .return_mean = rewarded ? old->mean : NAN,
        .success_rate = j->info->has_success ? old->success : NAN,
        .objective = old->objective,
        .reoptimized_return = rewarded && j->options->reoptimize ? new->mean : NAN,
        .reoptimized_gap = j->options->reoptimize ? new->objective - old->objective : NAN};
  }
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
  verdict zero = {0}, uniform = {0}, kept = {0}, expert = {0}, learned = {0};
  int few = BASELINE_EPISODES * j->nc, n = episode_count(j);
  IRL_TRY(judge_rollouts(j, NULL, IRL_ACTION_ZERO, STREAM_ZERO, few, &zero, info));
  IRL_TRY(judge_rollouts(j, NULL, IRL_ACTION_UNIFORM, STREAM_UNIFORM, few, &uniform, info));
  IRL_TRY(judge_rollouts(j, j->run->learned, IRL_ACTION_SAMPLE, STREAM_POLICY, n, &kept, info));
  IRL_TRY(irl_judge_optimize(j, IRL_JUDGE_REWARD, info));
  IRL_TRY(judge_rollouts(j, j->found, IRL_ACTION_SAMPLE, STREAM_EXPERT, n, &expert, info));
  IRL_TRY(irl_judge_optimize(j, IRL_JUDGE_LEARNED, info));
  IRL_TRY(judge_rollouts(j, j->found, IRL_ACTION_SAMPLE, STREAM_REOPTIMIZED, n, &learned, info));
  t->random_return = fmax(zero.all.mean, uniform.all.mean);
  t->expert_return = expert.all.mean;
  t->normalized_return =
      irl_normalized_return(learned.all.mean, t->random_return, t->expert_return);
  t->policy_normalized_return =
      irl_normalized_return(kept.all.mean, t->random_return, t->expert_return);
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

// Demonstrations are a help, not a need: the run keeps their mean return. But what the cost is
// judged on is not the same without them, so that is said.
static irl_demos* find_demos(const irl_judge* j) {
  const irl_run* run = j->run;
  irl_demos* demos = NULL;
  if (irl_demos_load(&demos, run->demos_path, NULL) == IRL_OK &&
      irl_demos_prepare(demos, run->task, NULL) != IRL_OK) {
    irl_demos_destroy(demos);
    demos = NULL;
  }
  if (demos == NULL && j->host != NULL) {
    irl_log(
        &j->host->sink, IRL_LOG_WARNING,
        "%s: the run's demonstrations are not there or do not fit, so auc is null and the cost is "
        "judged on the other episodes alone; put them back, or start where training was started",
        run->demos_path);
  }
  return demos;
}

static irl_err judge_cost(irl_judge* j, irl_eval_result* r, irl_errinfo* info) {
  irl_demos* demos = find_demos(j);
  irl_eval_set set;
  irl_err err = irl_eval_set_create(&set, j, demos, info);
  if (err == IRL_OK) {
    err = irl_judge_cost(j, &set, r, info);
  }
  irl_eval_set_destroy(&set);
  irl_demos_destroy(demos);
  return err;
}

static irl_err evaluate(irl_judge* j, policy_figures* each, irl_eval_result* r, irl_errinfo* info) {
  verdict learned = {.each = each}, found = {.each = each + j->nc};
  IRL_TRY(judge_policy(j, r, &learned, info));
  IRL_TRY(judge_cost(j, r, info));
  if (j->options->reoptimize) {
    IRL_TRY(reoptimize(j, &learned, &found, r, info));
  }
  if (j->options->condition != NULL) {
    tell_conditions(j, &learned, &found);
  }
  return j->options->nset > 0 ? judge_transfer(j, r, info) : IRL_OK;
}

static irl_err judge(irl_judge* j, irl_eval_result* r, irl_errinfo* info) {
  IRL_TRY(irl_judge_init(j, j->run->task, info));
  policy_figures* each = IRL_NEW(policy_figures, 2 * (size_t)j->nc);
  irl_err err = each != NULL ? evaluate(j, each, r, info) : IRL_ENOMEM;
  irl_free(each);
  return err;
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
  irl_err err = judge(&j, result, &reason);
  irl_judge_fini(&j);
  if (err != IRL_OK && reason.code == IRL_OK) {
    return irl_fail(info, err, "evaluation: %s", irl_err_name(err));
  }
  if (err != IRL_OK && info != NULL) {
    *info = reason;
  }
  return err;
}
