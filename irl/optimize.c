#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"
#include "envs/linearize.h"
#include "irl/initial_internal.h"
#include "irl/optimize_internal.h"
#include "irl/trial_internal.h"

enum { JUDGE_EPISODES = 20, MOST_STAGES = 6, IDLE_LIMIT = 4 };
static const double same_valley_share = 5e-3;  // of the objective's parts

// A stretch of iterations with one number of starts, after which the worst are given up.
typedef struct stage {
  int width;              // starts a condition
  int iterations;         // proposals of each
  int samples;            // trajectories of a proposal
  double entropy_weight;  // ν, 1: the task's own temperature
  irl_dynamics_kind dynamics;
} stage;

typedef struct search {
  const irl_optimize_options* options;
  const irl_task_info* info;
  const irl_host* host;
  irl_env* env;
  irl_pool* pool;
  irl_linearizer* linearizer;  // NULL where no stage needs one
  stage stages[MOST_STAGES];
  int nstages;
  irl_sampler* worker;  // one a thread
  irl_trial* trial;     // (ntrials)
  irl_trial** alive;    // those of this stage, by condition   (nc × width)
  int ntrials, nalive;
  irl_sampler_options step;
  irl_batch drawn;         // of all alive, `samples` each
  irl_batch judge;         // mean-action trajectories (nc × JUDGE_EPISODES)
  const irl_policy** own;  // of each drawn trajectory
  int* number;             // its random stream
  double* best;            // lowest mean-action cost so far (nc)
  irl_policy* result;      // (nc)
  double* sigma;           // noise of the kept policies before the polish, (nalive, T, nu, nu)
  int64_t* env_steps;
  int at;         // stage
  int iteration;  // over all stages
} search;

irl_optimize_options irl_optimize_defaults(const irl_task* task) {
  return (irl_optimize_options){.task = task,
                                .restarts = 12,
                                .iterations = 16,
                                .samples = 20,
                                .dynamics = IRL_DYNAMICS_FITTED};
}

//---------------------------------- Stages --------------------------------------------------------

static int at_least(int value, int least) {
  return value > least ? value : least;
}

static void add_stage(search* s, stage next) {
  if (next.width >= 1 && next.iterations >= 1) {
    s->stages[s->nstages++] = next;
  }
}

// Half as long and with half the trajectories while there are many.
static void plan(search* s) {
  const irl_optimize_options* o = s->options;
  const int few = at_least(o->samples / 2, 6);
  const int first = o->restarts, second = (o->restarts + 3) / 4, third = (o->restarts + 11) / 12;
  if (first > second) {
    add_stage(s, (stage){first, at_least(o->iterations / 2, 1), few, 1, o->dynamics});
  }
  if (second > third) {
    add_stage(s, (stage){second, o->iterations, o->samples, 1, o->dynamics});
  }
  add_stage(s, (stage){third, o->iterations, o->samples, 1, o->dynamics});
  if (o->polish > 0) {
    add_stage(s, (stage){third, o->iterations, o->samples, o->polish, o->polish_dynamics});
  }
}

//---------------------------------- Setting up ----------------------------------------------------

static bool simulates(irl_dynamics_kind kind) {
  return kind == IRL_DYNAMICS_SIMULATOR || kind == IRL_DYNAMICS_COMBINED;
}

static irl_err make_trials(search* s) {
  const irl_optimize_options* o = s->options;
  const irl_task_info* t = s->info;
  s->ntrials = o->restarts * o->nc;
  s->trial = IRL_NEW(irl_trial, s->ntrials);
  s->alive = IRL_NEW(irl_trial*, s->ntrials);
  if (s->trial == NULL || s->alive == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < s->ntrials; i++) {
    IRL_TRY(irl_trial_init(&s->trial[i], o->task, o->samples));
    s->trial[i].slot = i / o->restarts;
    s->trial[i].number = i % o->restarts;
    s->trial[i].eta = s->trial[i].multiplier = 1.0;
    if (o->dynamics == IRL_DYNAMICS_MIXTURE || o->polish_dynamics == IRL_DYNAMICS_MIXTURE) {
      IRL_TRY(irl_dynamics_fitter_create(&s->trial[i].fitter, t->horizon, t->nx, t->nu, t->nz));
    }
    s->alive[i] = &s->trial[i];
  }
  s->nalive = s->ntrials;
  return IRL_OK;
}

static irl_err make_workers(search* s) {
  const irl_task_info* t = s->info;
  s->worker = IRL_NEW(irl_sampler, irl_pool_nthread(s->pool));
  if (s->worker == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < irl_pool_nthread(s->pool); i++) {
    IRL_TRY(
        irl_sampler_init(&s->worker[i], t->horizon, t->nx, t->nu, t->nz, &s->options->objective));
  }
  return IRL_OK;
}

// Trajectories of the widest stage.
static int most_drawn(const search* s) {
  int most = 0;
  for (int i = 0; i < s->nstages; i++) {
    most = at_least(s->options->nc * s->stages[i].width * s->stages[i].samples, most);
  }
  return most;
}

static irl_err make_batches(search* s) {
  const irl_task_info* t = s->info;
  const irl_optimize_options* o = s->options;
  const int most = most_drawn(s);
  IRL_TRY(irl_batch_create(&s->drawn, most, t->horizon, t->nx, t->nu, t->nz, t->nstate));
  IRL_TRY(irl_batch_create(&s->judge, o->nc * JUDGE_EPISODES, t->horizon, t->nx, t->nu, t->nz, 0));
  s->own = IRL_NEW(const irl_policy*, at_least(most, s->judge.n));
  s->number = IRL_NEW(int, at_least(most, s->judge.n));
  s->best = IRL_NEW(double, o->nc);
  if (s->own == NULL || s->number == NULL || s->best == NULL) {
    return IRL_ENOMEM;
  }
  for (int k = 0; k < o->nc; k++) {
    s->best[k] = INFINITY;
  }
  for (int i = 0; i < s->judge.n; i++) {
    s->judge.condition[i] = o->condition[i / JUDGE_EPISODES];
  }
  return IRL_OK;
}

static irl_err make_linearizer(search* s, irl_errinfo* info) {
  const irl_linearize_options options = irl_linearize_defaults();
  bool needed = false;
  for (int i = 0; i < s->nstages; i++) {
    needed |= simulates(s->stages[i].dynamics);
  }
  return needed ? irl_linearizer_create(&s->linearizer, s->env, s->info->horizon, &options, info)
                : IRL_OK;
}

static irl_err search_init(search* s, irl_errinfo* info) {
  const irl_optimize_options* o = s->options;
  plan(s);
  s->step = (irl_sampler_options){.kl_step = 0.5,
                                  .kl_lo = 0.002,
                                  .kl_hi = 20.0,
                                  .dynamics = irl_dynamics_defaults(),
                                  .lqr = irl_lqr_defaults()};
  IRL_TRY(irl_env_create(&s->env, o->task, at_least(most_drawn(s), o->nc * JUDGE_EPISODES),
                         o->threads, info));
  IRL_TRY(irl_pool_create(&s->pool, o->threads));
  IRL_TRY(make_trials(s));
  IRL_TRY(make_workers(s));
  IRL_TRY(make_linearizer(s, info));
  return make_batches(s);
}

static void search_fini(search* s) {
  for (int i = 0; s->worker != NULL && i < irl_pool_nthread(s->pool); i++) {
    irl_sampler_fini(&s->worker[i]);
  }
  for (int i = 0; s->trial != NULL && i < s->ntrials; i++) {
    irl_trial_fini(&s->trial[i]);
  }
  irl_linearizer_destroy(s->linearizer);
  irl_env_destroy(s->env);
  irl_pool_destroy(s->pool);
  irl_free(s->worker);
  irl_free(s->trial);
  irl_free(s->alive);
  irl_free(s->own);
  irl_free(s->number);
  irl_free(s->best);
  irl_free(s->sigma);
  irl_batch_destroy(&s->drawn);
  irl_batch_destroy(&s->judge);
}

//---------------------------------- One iteration -------------------------------------------------

// Starts and noise are the same throughout a stage: what differs between a policy and its proposal
// is then the policy, not luck. The step cannot fit itself to them, it averages over the model.
static irl_err roll(search* s, irl_action_mode mode, int stream, irl_batch* batch) {
  irl_rollout rollout = {.mode = mode,
                         .own_policy = s->own,
                         .number = s->number,
                         .seed = s->options->seed,
                         .iteration = (uint64_t)stream,
                         .reset_purpose = IRL_PURPOSE_EXPERT,
                         .action_purpose = IRL_PURPOSE_ACTION,
                         .run_on = true};
  return irl_env_rollout(s->env, &rollout, batch, s->env_steps, NULL, NULL);
}

// Trajectories of every proposal.
static irl_err draw(search* s) {
  const int samples = s->stages[s->at].samples;
  s->drawn.n = s->nalive * samples;
  for (int i = 0; i < s->drawn.n; i++) {
    const irl_trial* trial = s->alive[i / samples];
    s->drawn.condition[i] = s->options->condition[trial->slot];
    s->own[i] = &trial->proposal;
    s->number[i] = trial->stream * samples + i % samples;
  }
  return roll(s, IRL_ACTION_SAMPLE, 1 + s->at, &s->drawn);
}

static void tell_row(search* s, const irl_trial* t, bool accepted) {
  const irl_optimize_options* o = s->options;
  const double weight = s->step.lqr.entropy_weight;
  if (o->report == NULL) {
    return;
  }
  const irl_search_row row = {.stage = s->at,
                              .iteration = s->iteration,
                              .condition = o->condition[t->slot],
                              .start = t->number,
                              .env_steps = *s->env_steps,
                              .kl = t->report.kl,
                              .eta = t->report.eta,
                              .step = s->step.kl_step * t->multiplier,
                              .predicted = t->predicted,
                              .actual = t->gain,
                              .error = t->error,
                              .entropy = t->next.entropy,
                              .cost = t->next.cost,
                              .objective = irl_judgement_value(&t->now, weight),
                              .indefinite = t->report.indefinite,
                              .accepted = accepted};
  o->report(o->user, &row);
}

static void settle(search* s) {
  const int samples = s->stages[s->at].samples;
  for (int i = 0; i < s->nalive; i++) {
    irl_trial* t = s->alive[i];
    const bool accepted =
        irl_trial_settle(t, &s->step, &s->options->objective, &s->drawn, i * samples, samples);
    tell_row(s, t, accepted);
  }
}

static irl_err linearize(search* s) {
  const irl_linearize_options options = irl_linearize_defaults();
  const irl_task_info* t = s->info;
  const int rows = options.paths * irl_linearize_directions(s->options->task);
  for (int i = 0; i < s->nalive && simulates(s->step.dynamics.kind); i++) {
    irl_trial* trial = s->alive[i];
    if (trial->differences.row == NULL) {
      IRL_TRY(
          irl_differences_create(&trial->differences, t->horizon, rows, 2 * t->nx + t->nu + t->nz));
    }
    if (trial->started && trial->rejected == 0) {  // else they are those of the kept policy
      IRL_TRY(irl_linearizer_run(s->linearizer, &trial->batch, trial->index, trial->n,
                                 &trial->differences, s->env_steps, NULL));
    }
  }
  return IRL_OK;
}

static void propose(int i, int thread, void* arg) {
  search* s = arg;
  (void)irl_trial_propose(s->alive[i], &s->worker[thread], &s->step, &s->options->objective);
}

static void tell(const search* s) {
  if (s->host != NULL) {
    double sum = 0.0;
    int n = 0;
    for (int i = 0; i < s->nalive; i += s->stages[s->at].width) {
      sum += irl_judgement_value(&s->alive[i]->now, s->step.lqr.entropy_weight);
      n++;
    }
    irl_log(&s->host->sink, IRL_LOG_PROGRESS,
            "stage %d/%d  %d starts a condition  step %d  cost minus entropy %.5g", s->at + 1,
            s->nstages, s->stages[s->at].width, s->iteration, sum / n);
  }
}

static irl_err iterate(search* s) {
  if (irl_host_stop(s->host)) {
    return IRL_ECANCELED;
  }
  s->iteration++;
  IRL_TRY(draw(s));
  settle(s);
  IRL_TRY(linearize(s));
  irl_pool_run(s->pool, s->nalive, propose, s);
  tell(s);
  return IRL_OK;
}

//---------------------------------- Stages --------------------------------------------------------

static double standing(const irl_trial* t, double weight) {
  return t->started ? irl_judgement_value(&t->now, weight) : INFINITY;
}

static void sort_by_standing(irl_trial** group, int n, double weight) {
  for (int i = 1; i < n; i++) {
    irl_trial* t = group[i];
    int j = i;
    for (; j > 0 && standing(t, weight) < standing(group[j - 1], weight); j--) {
      group[j] = group[j - 1];
    }
    group[j] = t;
  }
}

// Two starts of the same value have most likely found the same valley.
static bool same_valley(const irl_trial* a, const irl_trial* b, double weight) {
  const double size = fabs(a->now.cost) + fabs(weight * a->now.entropy);
  return fabs(standing(a, weight) - standing(b, weight)) <= same_valley_share * size;
}

// Brings the best start of each valley to the front of a sorted group, in order, the others behind:
// many starts that have settled in one valley must not push out one that is still on its way down
// another.
static void valleys_first(irl_trial** group, int n, double weight) {
  int front = n > 0;
  for (int i = 1; i < n; i++) {
    irl_trial* t = group[i];
    if (!t->started || same_valley(t, group[front - 1], weight)) {
      continue;
    }
    memmove(group + front + 1, group + front, (size_t)(i - front) * sizeof *group);
    group[front++] = t;
  }
}

// The best `width` starts of each condition go on.
static void select_best(search* s, int width) {
  const int old = s->nalive / s->options->nc;
  const double weight = s->step.lqr.entropy_weight;
  for (int k = 0; k < s->options->nc; k++) {
    irl_trial** group = s->alive + k * old;
    sort_by_standing(group, old, weight);
    valleys_first(group, old, weight);
    memmove(s->alive + k * width, group, (size_t)width * sizeof *group);
  }
  s->nalive = width * s->options->nc;
}

static size_t noise_size(const search* s) {
  return (size_t)s->info->horizon * (size_t)s->info->nu * (size_t)s->info->nu;
}

// The noise of the task's temperature, which a polish takes away.
static irl_err remember_noise(search* s) {
  const size_t size = noise_size(s);
  s->sigma = IRL_NEW(double, (size_t)s->nalive* size);
  if (s->sigma == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < s->nalive; i++) {
    memcpy(s->sigma + (size_t)i * size, s->alive[i]->kept.sigma, size * sizeof(double));
  }
  return IRL_OK;
}

// A stage ends early when no start has gained anything for a while.
static bool all_idle(const search* s) {
  for (int i = 0; i < s->nalive; i++) {
    if (s->alive[i]->idle < IDLE_LIMIT) {
      return false;
    }
  }
  return true;
}

static irl_err run_stage(search* s, int at) {
  const stage* now = &s->stages[at];
  if (at > 0) {
    select_best(s, now->width);
  }
  s->at = at;
  if (at > 0 && now->entropy_weight < 1) {
    IRL_TRY(remember_noise(s));
  }
  s->step.dynamics.kind = now->dynamics;
  s->step.lqr.entropy_weight = now->entropy_weight;
  for (int i = 0; i < s->nalive; i++) {
    s->alive[i]->fresh = true;
    s->alive[i]->moved = false;
    s->alive[i]->stream = 0;
    s->alive[i]->idle = 0;
    if (s->alive[i]->started) {
      irl_policy_copy(&s->alive[i]->proposal, &s->alive[i]->kept);
    }
  }
  for (int i = 0; i < now->iterations && !all_idle(s); i++) {
    IRL_TRY(iterate(s));
  }
  s->iteration++;  // the last proposals
  IRL_TRY(draw(s));
  settle(s);
  return IRL_OK;
}

//---------------------------------- Judging -------------------------------------------------------

static double judge_condition(const search* s, int k) {
  const irl_objective* o = &s->options->objective;
  double sum = 0.0;
  for (int i = k * JUDGE_EPISODES; i < (k + 1) * JUDGE_EPISODES; i++) {
    sum += s->judge.valid[i] ? o->path_cost(o->arg, &s->judge, i) : INFINITY;
  }
  return sum / JUDGE_EPISODES;
}

// Start i is the result of condition k, with the noise of the task's temperature.
static irl_err take(search* s, int k, int i) {
  const size_t size = noise_size(s);
  irl_policy_copy(&s->result[k], &s->alive[i]->kept);
  if (s->sigma != NULL) {
    memcpy(s->result[k].sigma, s->sigma + (size_t)i * size, size * sizeof(double));
  }
  return irl_policy_factor(&s->result[k], NULL);
}

// Mean actions of the starts that are left decide.
static irl_err judge(search* s) {
  const int width = s->nalive / s->options->nc;
  for (int j = 0; j < width; j++) {
    for (int i = 0; i < s->judge.n; i++) {
      s->own[i] = &s->alive[i / JUDGE_EPISODES * width + j]->kept;
      s->number[i] = i % JUDGE_EPISODES;
    }
    IRL_TRY(roll(s, IRL_ACTION_MEAN, 0, &s->judge));
    for (int k = 0; k < s->options->nc; k++) {
      const double cost = judge_condition(s, k);
      if (cost < s->best[k]) {
        s->best[k] = cost;
        IRL_TRY(take(s, k, k * width + j));
      }
    }
  }
  return IRL_OK;
}

static irl_err search_all(search* s, irl_errinfo* info) {
  IRL_TRY(search_init(s, info));
  for (int i = 0; i < s->ntrials; i++) {
    irl_trial* t = &s->trial[i];
    const irl_initial_request request = {
        .task = s->options->task,
        .env = s->env,
        .condition = s->options->condition[t->slot],
        .number = t->number,
        .seed = s->options->seed,
        .initial = s->options->initial,
        .warm = s->options->warm != NULL ? &s->options->warm[t->slot] : NULL,
        .objective = &s->options->objective};
    IRL_TRY(irl_initial_policy(&request, &t->proposal, s->env_steps, info));
  }
  for (int i = 0; i < s->nstages; i++) {
    IRL_TRY(run_stage(s, i));
  }
  IRL_TRY(judge(s));
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
