#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"
#include "envs/linearize.h"
#include "irl/initial_internal.h"
#include "irl/optimize_internal.h"
#include "irl/optimizer_internal.h"
#include "irl/trial_internal.h"

enum { IDLE_LIMIT = 8, POLISHES = 4, LENGTHEN = 2 };

irl_optimize_options irl_optimize_defaults(const irl_task* task) {
  return (irl_optimize_options){.task = task,
                                .restarts = 8,
                                .rounds = 2,
                                .iterations = 16,
                                .samples = 20,
                                .entropy = 1,
                                .dynamics = IRL_DYNAMICS_FITTED};
}

//---------------------------------- Stages --------------------------------------------------------

static int at_least(int value, int least) {
  return value > least ? value : least;
}

static void add_stage(irl_optimizer* s, irl_stage next) {
  if (next.width >= 1 && next.iterations >= 1) {
    s->stages[s->nstages++] = next;
  }
}

// Half as long and with half the trajectories while there are many; then as many rounds of exchange
// as bring something.
static void plan(irl_optimizer* s) {
  const irl_optimize_options* o = s->options;
  const int least = o->samples < 6 ? o->samples : 6;
  const int few = at_least(o->samples / 2, least), half = at_least(o->iterations / 2, 1);
  const int first = o->restarts, second = (o->restarts + 3) / 4, third = (o->restarts + 11) / 12;
  const bool cheap = first > second;
  irl_stage stage = {first, 0, o->iterations, o->samples, o->entropy, 1, o->dynamics, false};
  if (cheap) {
    stage.iterations = half;
    stage.samples = few;
  }
  add_stage(s, stage);
  if (cheap) {
    stage.width = second;
    stage.iterations = o->iterations;
    stage.samples = o->samples;
    add_stage(s, stage);
  }
  if (o->rounds > 0) {
    add_stage(s, (irl_stage){third, irl_guests(s), half, o->samples, o->entropy, o->rounds,
                             o->dynamics, false});
  }
  if (o->polish > 0) {
    add_stage(s, (irl_stage){third, 0, o->iterations, o->samples, o->polish * o->entropy, POLISHES,
                             o->polish_dynamics, true});
  }
}

//---------------------------------- Setting up ----------------------------------------------------

static bool simulates(irl_dynamics_kind kind) {
  return kind == IRL_DYNAMICS_SIMULATOR || kind == IRL_DYNAMICS_COMBINED;
}

static irl_err make_trials(irl_optimizer* s) {
  const irl_optimize_options* o = s->options;
  const irl_task_info* t = s->info;
  const int each = o->restarts + irl_guests(s);
  s->each = each;
  s->ntrials = each * o->nc;
  s->trial = IRL_NEW(irl_trial, s->ntrials);
  s->alive = IRL_NEW(irl_trial*, s->ntrials);
  s->active = IRL_NEW(irl_trial*, s->ntrials);
  if (s->trial == NULL || s->alive == NULL || s->active == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < s->ntrials; i++) {
    IRL_TRY(irl_trial_init(&s->trial[i], o->task, o->samples));
    s->trial[i].slot = i / each;
    s->trial[i].number = i % each;
    s->trial[i].from = -1;
    s->trial[i].eta = s->trial[i].multiplier = 1.0;
    if (o->dynamics == IRL_DYNAMICS_MIXTURE || o->polish_dynamics == IRL_DYNAMICS_MIXTURE) {
      IRL_TRY(irl_dynamics_fitter_create(&s->trial[i].fitter, t->horizon, t->nx, t->nu, t->nz));
    }
  }
  for (int i = 0; i < o->nc * o->restarts; i++) {
    s->alive[i] = &s->trial[i / o->restarts * each + i % o->restarts];
  }
  s->nalive = o->nc * o->restarts;
  return IRL_OK;
}

static irl_err make_workers(irl_optimizer* s) {
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

// Trajectories that are drawn at once.
static int most_drawn(const irl_optimizer* s) {
  const int nc = s->options->nc;
  int most = 0;
  for (int i = 0; i < s->nstages; i++) {
    const irl_stage* g = &s->stages[i];
    most = at_least(nc * (g->width + g->guests) * g->samples, most);
    most = at_least(g->guests > 0 ? irl_visitors(s) * s->stages[0].samples : 0, most);
  }
  return most;
}

static irl_err make_batches(irl_optimizer* s) {
  const irl_task_info* t = s->info;
  const irl_optimize_options* o = s->options;
  const int most = most_drawn(s);
  IRL_TRY(irl_batch_create(&s->drawn, most, t->horizon, t->nx, t->nu, t->nz, t->nstate));
  IRL_TRY(
      irl_batch_create(&s->judge, o->nc * IRL_JUDGE_EPISODES, t->horizon, t->nx, t->nu, t->nz, 0));
  s->own = IRL_NEW(const irl_policy*, at_least(most, s->judge.n));
  s->number = IRL_NEW(int, at_least(most, s->judge.n));
  s->best = IRL_NEW(double, o->nc);
  s->before = IRL_NEW(double, o->nc);
  s->scale = IRL_NEW(double, o->nc);
  if (s->own == NULL || s->number == NULL || s->best == NULL || s->before == NULL ||
      s->scale == NULL) {
    return IRL_ENOMEM;
  }
  for (int k = 0; k < o->nc; k++) {
    s->best[k] = INFINITY;
  }
  for (int i = 0; i < s->judge.n; i++) {
    s->judge.condition[i] = o->condition[i / IRL_JUDGE_EPISODES];
  }
  return IRL_OK;
}

static irl_err make_visitors(irl_optimizer* s) {
  const irl_task_info* t = s->info;
  s->visitor = IRL_NEW(irl_policy, at_least(irl_visitors(s), 1));
  s->shift = IRL_NEW(double, 2 * t->nx);
  if (s->visitor == NULL || s->shift == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < irl_visitors(s); i++) {
    IRL_TRY(irl_policy_create(&s->visitor[i], t->horizon, t->nx, t->nu));
  }
  return IRL_OK;
}

static irl_err make_linearizer(irl_optimizer* s, irl_errinfo* info) {
  const irl_linearize_options options = irl_linearize_defaults();
  bool needed = false;
  for (int i = 0; i < s->nstages; i++) {
    needed |= simulates(s->stages[i].dynamics);
  }
  return needed ? irl_linearizer_create(&s->linearizer, s->env, s->info->horizon, &options, info)
                : IRL_OK;
}

static irl_err search_init(irl_optimizer* s, irl_errinfo* info) {
  const irl_optimize_options* o = s->options;
  plan(s);
  s->step = (irl_sampler_options){.kl_step = 0.5,
                                  .kl_lo = 0.002,
                                  .kl_hi = 20.0,
                                  .dynamics = irl_dynamics_defaults(),
                                  .lqr = irl_lqr_defaults()};
  IRL_TRY(irl_env_create(&s->env, o->task, at_least(most_drawn(s), o->nc * IRL_JUDGE_EPISODES),
                         o->threads, info));
  IRL_TRY(irl_pool_create(&s->pool, o->threads));
  IRL_TRY(make_trials(s));
  IRL_TRY(make_workers(s));
  IRL_TRY(make_visitors(s));
  IRL_TRY(make_linearizer(s, info));
  return make_batches(s);
}

static void search_fini(irl_optimizer* s) {
  for (int i = 0; s->worker != NULL && i < irl_pool_nthread(s->pool); i++) {
    irl_sampler_fini(&s->worker[i]);
  }
  for (int i = 0; s->trial != NULL && i < s->ntrials; i++) {
    irl_trial_fini(&s->trial[i]);
  }
  for (int i = 0; s->visitor != NULL && i < irl_visitors(s); i++) {
    irl_policy_destroy(&s->visitor[i]);
  }
  irl_linearizer_destroy(s->linearizer);
  irl_env_destroy(s->env);
  irl_pool_destroy(s->pool);
  irl_free(s->worker);
  irl_free(s->trial);
  irl_free(s->alive);
  irl_free(s->active);
  irl_free(s->own);
  irl_free(s->number);
  irl_free(s->best);
  irl_free(s->before);
  irl_free(s->scale);
  irl_free(s->visitor);
  irl_free(s->shift);
  for (int i = 0; i < s->nrough; i++) {
    irl_policy_destroy(&s->rough[i]);
  }
  irl_free(s->rough);
  irl_batch_destroy(&s->drawn);
  irl_batch_destroy(&s->judge);
}

//---------------------------------- One iteration -------------------------------------------------

// Starts and noise are the same throughout a stage: what differs between a policy and its proposal
// is then the policy, not luck. The step cannot fit itself to them, it averages over the model.
irl_err irl_optimizer_roll(irl_optimizer* s, irl_action_mode mode, int stream, irl_batch* batch) {
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
static irl_err draw(irl_optimizer* s) {
  const int samples = s->stages[s->at].samples;
  s->drawn.n = s->nactive * samples;
  for (int i = 0; i < s->drawn.n; i++) {
    const irl_trial* trial = s->active[i / samples];
    s->drawn.condition[i] = s->options->condition[trial->slot];
    s->own[i] = &trial->proposal;
    s->number[i] = trial->stream * samples + i % samples;
  }
  return irl_optimizer_roll(s, IRL_ACTION_SAMPLE, s->turn, &s->drawn);
}

static void tell_row(irl_optimizer* s, const irl_trial* t, bool accepted) {
  const irl_optimize_options* o = s->options;
  const double weight = s->step.lqr.entropy_weight;
  if (o->report == NULL) {
    return;
  }
  const irl_search_row row = {.stage = s->turn - 1,
                              .iteration = s->iteration,
                              .condition = o->condition[t->slot],
                              .start = t->number,
                              .from = t->from < 0 ? -1 : o->condition[t->from],
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
                              .calmed = t->moved && t->calmed,
                              .accepted = accepted};
  o->report(o->user, &row);
}

static void settle(irl_optimizer* s) {
  const int samples = s->stages[s->at].samples;
  for (int i = 0; i < s->nactive; i++) {
    irl_trial* t = s->active[i];
    const bool accepted =
        irl_trial_settle(t, &s->step, &s->options->objective, &s->drawn, i * samples, samples);
    tell_row(s, t, accepted);
  }
}

static irl_err linearize(irl_optimizer* s) {
  const irl_linearize_options options = irl_linearize_defaults();
  const irl_task_info* t = s->info;
  const int rows = options.paths * irl_linearize_directions(s->options->task);
  for (int i = 0; i < s->nactive && simulates(s->step.dynamics.kind); i++) {
    irl_trial* trial = s->active[i];
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
  irl_optimizer* s = arg;
  (void)irl_trial_propose(s->active[i], &s->worker[thread], &s->step, &s->options->objective);
}

static void tell(const irl_optimizer* s) {
  if (s->host != NULL) {
    double sum = 0.0;
    int n = 0;
    for (int i = 0; i < s->nalive; i += s->nalive / s->options->nc) {
      sum += irl_judgement_value(&s->alive[i]->now, s->step.lqr.entropy_weight);
      n++;
    }
    irl_log(&s->host->sink, IRL_LOG_PROGRESS,
            "stage %d  %d starts a condition  step %d  cost minus entropy %.5g", s->turn,
            s->nalive / s->options->nc, s->iteration, sum / n);
  }
}

static irl_err iterate(irl_optimizer* s) {
  if (irl_host_stop(s->host)) {
    return IRL_ECANCELED;
  }
  s->iteration++;
  IRL_TRY(draw(s));
  settle(s);
  IRL_TRY(linearize(s));
  irl_pool_run(s->pool, s->nactive, propose, s);
  tell(s);
  return IRL_OK;
}

//---------------------------------- Stages --------------------------------------------------------

// The best `width` starts of each condition go on, with room for guests behind them.
static void select_best(irl_optimizer* s, const irl_stage* next) {
  const int old = s->nalive / s->options->nc, now = next->width + next->guests;
  irl_trial** chosen = s->active;  // nothing is drawn now
  memset(chosen, 0, (size_t)s->ntrials * sizeof(irl_trial*));
  for (int k = 0; k < s->options->nc; k++) {
    irl_trials_rank(s->alive + k * old, old, s->step.lqr.entropy_weight);
    for (int i = 0; i < next->width; i++) {
      chosen[k * now + i] = s->alive[k * old + i];
    }
  }
  s->nalive = now * s->options->nc;
  memcpy(s->alive, chosen, (size_t)s->nalive * sizeof(irl_trial*));
}

//---------------------------------- Running -------------------------------------------------------

irl_err irl_optimizer_remember_rough(irl_optimizer* s) {
  const irl_task_info* t = s->info;
  s->rough = IRL_NEW(irl_policy, s->nalive);
  if (s->rough == NULL) {
    return IRL_ENOMEM;
  }
  for (; s->nrough < s->nalive; s->nrough++) {
    IRL_TRY(irl_policy_create(&s->rough[s->nrough], t->horizon, t->nx, t->nu));
    irl_policy_copy(&s->rough[s->nrough], &s->alive[s->nrough]->kept);
  }
  return IRL_OK;
}

// Starts that have gained nothing for a while are left alone.
static void find_active(irl_optimizer* s) {
  s->nactive = 0;
  for (int i = 0; i < s->nalive; i++) {
    if (s->alive[i]->idle < IDLE_LIMIT) {
      s->active[s->nactive++] = s->alive[i];
    }
  }
}

// What idle starts do not draw the others may.
static irl_err run_iterations(irl_optimizer* s) {
  const irl_stage* now = &s->stages[s->at];
  int64_t draws = (int64_t)s->nalive * (now->iterations + 1);
  int64_t most = LENGTHEN * (int64_t)now->iterations;
  for (find_active(s); draws >= 2 * s->nactive && s->nactive > 0 && most > 0; most--) {
    draws -= s->nactive;
    IRL_TRY(iterate(s));
    find_active(s);
  }
  s->iteration++;  // the last proposals
  IRL_TRY(draw(s));
  settle(s);
  return IRL_OK;
}

static void note_objectives(irl_optimizer* s) {
  const int all = s->nalive / s->options->nc;
  for (int k = 0; k < s->options->nc; k++) {
    s->before[k] = irl_trials_least(s->alive + k * all, all, s->step.lqr.entropy_weight);
  }
}

static void note_gain(irl_optimizer* s) {
  const int all = s->nalive / s->options->nc;
  s->gained = false;
  for (int k = 0; k < s->options->nc; k++) {
    s->gained |=
        irl_trials_gained(s->alive + k * all, all, s->before[k], s->step.lqr.entropy_weight);
  }
}

static irl_err run_stage(irl_optimizer* s, int at) {
  const irl_stage* now = &s->stages[at];
  s->at = at;
  if (s->turn++ > 0 && s->rough == NULL) {  // a polish goes on with the starts that s->rough is of
    select_best(s, now);
    IRL_TRY(irl_exchange(s));
  }
  if (now->polishes && s->rough == NULL) {
    IRL_TRY(irl_optimizer_remember_rough(s));
  }
  s->step.dynamics.kind = now->dynamics;
  s->step.lqr.entropy_weight = now->entropy_weight;
  note_objectives(s);
  for (int i = 0; i < s->nalive; i++) {
    irl_trial_resume(s->alive[i]);
  }
  IRL_TRY(run_iterations(s));
  note_gain(s);
  return IRL_OK;
}

//---------------------------------- The search ----------------------------------------------------

static irl_err first_policies(irl_optimizer* s, irl_errinfo* info) {
  for (int i = 0; i < s->nalive; i++) {
    irl_trial* t = s->alive[i];
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
  return IRL_OK;
}

// The stage that is due, which is repeated as long as that brings something.
static irl_err advance(irl_optimizer* s) {
  IRL_TRY(run_stage(s, s->next));
  s->repeat++;
  if (s->repeat == s->stages[s->next].repeats || !s->gained) {
    s->next++;
    s->repeat = 0;
  }
  return IRL_OK;
}

static irl_err search_all(irl_optimizer* s, irl_errinfo* info) {
  IRL_TRY(irl_optimizer_check_state(s, info));
  IRL_TRY(search_init(s, info));
  if (s->options->resume) {
    IRL_TRY(irl_optimizer_load(s, info));
  } else {
    IRL_TRY(first_policies(s, info));
    IRL_TRY(irl_optimizer_save(s, info));
  }
  while (s->next < s->nstages) {
    IRL_TRY(advance(s));
    IRL_TRY(irl_optimizer_save(s, info));
  }
  return irl_optimizer_finish(s, info);
}

irl_err irl_optimize(const irl_optimize_options* options, const irl_host* host, irl_policy* policy,
                     int64_t* env_steps, irl_errinfo* info) {
  irl_optimizer s = {.options = options,
                     .info = irl_task_get(options->task),
                     .host = host,
                     .result = policy,
                     .env_steps = env_steps,
                     .steps_before = *env_steps,
                     .begun = irl_seconds_now()};
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
