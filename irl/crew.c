#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/learner_internal.h"
#include "irl/objective_internal.h"
#include "irl/stationary_internal.h"
#include "irl/trial_internal.h"

enum { EXPLORER_STREAM = 1 << 24 };  // first trajectory number of the explorers' random streams

static irl_objective objective_of(const irl_learner* l) {
  return irl_cost_objective(l->cost);
}

static int most_demos(const irl_learner* l) {
  int most = 0;
  for (int k = 0; k < l->nc; k++) {
    most = l->store[k].ndemo > most ? l->store[k].ndemo : most;
  }
  return most;
}

static irl_err make_arrays(irl_crew* crew, int nc) {
  crew->sampler = IRL_NEW(irl_sampler, nc);
  crew->stood = IRL_NEW(irl_policy, nc);
  crew->round = IRL_NEW(uint64_t, nc);
  crew->stood_round = IRL_NEW(uint64_t, nc);
  crew->index = IRL_NEW(int, (size_t)nc*(size_t)crew->most);
  crew->added = IRL_NEW(int, nc);
  crew->path = IRL_NEW(double, 2 * (size_t)crew->samples);
  bool ok = crew->sampler && crew->stood && crew->round && crew->stood_round && crew->index &&
            crew->added && crew->path;
  return ok ? IRL_OK : IRL_ENOMEM;
}

// Sampler and room for its last step's start, of condition k.
static irl_err make_sampler(irl_crew* crew, const irl_learner* l, int k) {
  const irl_task_info* t = l->info;
  const irl_objective objective = objective_of(l);
  crew->stood_round[k] = IRL_NO_ROUND;
  IRL_TRY(irl_policy_create(&crew->stood[k], irl_learner_policy_steps(l), t->nx, t->nu));
  return irl_learner_stationary(l)
             ? irl_sampler_init_stationary(&crew->sampler[k], t->horizon, t->nx, t->nu,
                                           crew->samples, l->nc * crew->samples)
             : irl_sampler_init(&crew->sampler[k], t->horizon, t->nx, t->nu, 0, &objective);
}

// What the samplers' steps are taken on beside the newest trajectories: a model of each step is
// fitted to copies of them and of the demonstrations, a stationary sampler needs every step's cost.
static irl_err make_grounds(irl_crew* crew, const irl_learner* l) {
  const irl_task_info* t = l->info;
  if (!irl_learner_stationary(l)) {
    return irl_batch_create(&crew->model, l->nc * crew->most, t->horizon, t->nx, t->nu, 0, 0);
  }
  crew->cost = IRL_NEW(double, (size_t)crew->batch.n*(size_t)t->horizon);
  return crew->cost != NULL ? IRL_OK : IRL_ENOMEM;
}

irl_err irl_crew_init(irl_crew* crew, const irl_learner* l, int samples, bool near_demos) {
  const irl_task_info* t = l->info;
  crew->samples = samples;
  if (samples == 0) {
    return IRL_OK;
  }
  crew->near_demos = near_demos;
  crew->most = samples + (near_demos ? most_demos(l) : 0);
  IRL_TRY(make_arrays(crew, l->nc));
  IRL_TRY(irl_batch_create(&crew->batch, l->nc * samples, t->horizon, t->nx, t->nu, 0, 0));
  IRL_TRY(irl_batch_create(&crew->stood_on, l->nc * samples, t->horizon, t->nx, t->nu, 0, 0));
  IRL_TRY(make_grounds(crew, l));
  for (int i = 0; i < crew->batch.n; i++) {
    crew->batch.condition[i] = l->condition[i / samples];
  }
  for (int k = 0; k < l->nc; k++) {
    IRL_TRY(make_sampler(crew, l, k));
  }
  return IRL_OK;
}

void irl_crew_fini(irl_crew* crew, int nc) {
  for (int k = 0; crew->sampler != NULL && k < nc; k++) {
    irl_sampler_fini(&crew->sampler[k]);
  }
  for (int k = 0; crew->stood != NULL && k < nc; k++) {
    irl_policy_destroy(&crew->stood[k]);
  }
  irl_free(crew->sampler);
  irl_free(crew->stood);
  irl_free(crew->round);
  irl_free(crew->stood_round);
  irl_free(crew->index);
  irl_free(crew->added);
  irl_free(crew->path);
  irl_free(crew->cost);
  irl_batch_destroy(&crew->batch);
  irl_batch_destroy(&crew->stood_on);
  irl_batch_destroy(&crew->model);
}

//---------------------------------- Drawing ------------------------------------------------------

typedef struct storing {
  irl_learner* learner;
  irl_crew* crew;
  uint64_t round;
} storing;

// Piece: a condition, whose store nobody else touches.
static void store_piece(int k, int thread, void* arg) {
  (void)thread;
  storing* s = arg;
  s->crew->added[k] = irl_store_add(&s->learner->store[k], &s->crew->sampler[k].policy, s->round,
                                    &s->crew->batch, k * s->crew->samples, s->crew->samples);
}

irl_err irl_crew_roll(irl_learner* l, int which, uint64_t round, irl_errinfo* info) {
  irl_crew* crew = &l->crew[which];
  for (int k = 0; k < l->nc; k++) {
    // Checkpoints keep Σ alone: what derives from it must not depend on how a sampler came about.
    IRL_TRY(irl_policy_factor(&crew->sampler[k].policy, info));
    l->policy[l->condition[k]] = &crew->sampler[k].policy;
    crew->round[k] = round;
  }
  irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                         .policy = l->policy,
                         .seed = l->seed,
                         .iteration = round,
                         .reset_purpose = IRL_PURPOSE_RESET,
                         .action_purpose = IRL_PURPOSE_ACTION,
                         .first = which == IRL_CREW_MAIN ? 0 : EXPLORER_STREAM,
                         .run_on = true};
  return irl_env_rollout(l->env, &rollout, &crew->batch, &l->env_steps, NULL, info);
}

irl_err irl_crew_draw(irl_learner* l, int which, uint64_t round, irl_errinfo* info) {
  irl_crew* crew = &l->crew[which];
  IRL_TRY(irl_crew_roll(l, which, round, info));
  storing s = {l, crew, round};
  irl_pool_run(l->pool, l->nc, store_piece, &s);
  for (int k = 0; k < l->nc; k++) {
    if (crew->added[k] == 0 && which == IRL_CREW_MAIN) {
      return irl_fail(info, IRL_ESIM,
                      "training: every trajectory of condition %d diverged; use a smaller "
                      "max_stddev or time step, or demonstrations within the task's action range",
                      l->condition[k]);
    }
  }
  return IRL_OK;
}

//---------------------------------- Stepping -----------------------------------------------------

int irl_crew_gather(irl_learner* l, int which, int k, int* nfit) {
  irl_crew* crew = &l->crew[which];
  const int first = k * crew->samples, to = k * crew->most;
  int n = 0;
  for (int i = first; i < first + crew->samples; i++) {
    if (crew->batch.valid[i]) {
      irl_batch_copy(&crew->model, to + n++, &crew->batch, i);
    }
  }
  *nfit = n;
  for (int i = 0; crew->near_demos && i < l->store[k].ndemo; i++) {
    irl_batch_copy(&crew->model, to + (*nfit)++, &l->store[k].batch, i);
  }
  for (int i = 0; i < *nfit; i++) {
    crew->index[to + i] = to + i;
  }
  return n;
}

static irl_sampler_options options_of(const irl_learner* l, int which) {
  irl_sampler_options options = l->sampler_options;
  const bool explores = which == IRL_CREW_EXPLORE;
  if (irl_learner_stationary(l)) {
    options.kl_step *= irl_learner_rate(l) / l->config.rate;  // the game of two comes to rest
    options.lqr.max_stddev = explores ? options.lqr.max_stddev : l->first_stddev;
  } else if (explores) {  // far from anything: free to take the steps of a search
    options.kl_lo = 0.02;
    options.kl_hi = 20.0;
  }
  return options;
}

// Valid trajectories of condition k in the newest batch, into crew->index; returns their number.
static int valid_ones(irl_crew* crew, int k) {
  int n = 0, *index = crew->index + k * crew->most;
  for (int i = k * crew->samples; i < (k + 1) * crew->samples; i++) {
    if (crew->batch.valid[i]) {
      index[n++] = i;
    }
  }
  return n;
}

// Pieces: the main crew's conditions, then the explorers'; stationary samplers.
static void ascend_piece(int piece, int thread, void* arg) {
  (void)thread;
  irl_learner* l = arg;
  int which = piece < l->nc ? IRL_CREW_MAIN : IRL_CREW_EXPLORE, k = piece % l->nc;
  irl_crew* crew = &l->crew[which];
  irl_sampler_options options = options_of(l, which);
  int n = valid_ones(crew, k);
  if (n >= 2) {
    irl_sampler_ascend(&crew->sampler[k], &options, &crew->batch, crew->index + k * crew->most, n,
                       crew->cost);
  }
}

// Costs of all steps of the newest trajectories, on the network's own blocks of rows.
static void cost_steps(irl_learner* l) {
  const irl_learned_steps steps = {.cost = l->cost,
                                   .rows = l->rows,
                                   .capacity = l->info->horizon,
                                   .pool = l->pool,
                                   .c = l->row_cost};
  const irl_step_costs costs = irl_learned_step_costs(&steps);
  for (int which = 0; which < IRL_NCREWS; which++) {
    if (l->crew[which].samples > 0) {
      costs.costs(costs.arg, &l->crew[which].batch, l->crew[which].cost);
    }
  }
}

// The same pieces; controllers of each step.
static void step_piece(int piece, int thread, void* arg) {
  (void)thread;
  irl_learner* l = arg;
  int which = piece < l->nc ? IRL_CREW_MAIN : IRL_CREW_EXPLORE, k = piece % l->nc, nfit;
  irl_crew* crew = &l->crew[which];
  irl_sampler_options options = options_of(l, which);
  irl_objective objective = objective_of(l);
  int n = irl_crew_gather(l, which, k, &nfit);
  if (n >= 2) {
    irl_sampler_step(&crew->sampler[k], &options, &crew->model, crew->index + k * crew->most, n,
                     nfit, &objective);
  }
}

// What the steps to come may be taken back to.
static void remember(irl_crew* crew, int nc) {
  for (int k = 0; crew->samples > 0 && k < nc; k++) {
    irl_policy_copy(&crew->stood[k], &crew->sampler[k].policy);
    crew->stood_round[k] = crew->round[k];
  }
  for (int i = 0; i < crew->batch.n; i++) {
    irl_batch_copy(&crew->stood_on, i, &crew->batch, i);
  }
}

void irl_crew_step(irl_learner* l) {
  bool exploring = l->crew[IRL_CREW_EXPLORE].samples > 0;
  for (int which = 0; which < IRL_NCREWS; which++) {
    remember(&l->crew[which], l->nc);
  }
  const int pieces = exploring ? 2 * l->nc : l->nc;
  if (irl_learner_stationary(l)) {
    cost_steps(l);
    irl_pool_run(l->pool, pieces, ascend_piece, l);
  } else {
    irl_pool_run(l->pool, pieces, step_piece, l);
  }
}

//---------------------------------- Settling -----------------------------------------------------

// Puts condition k's sampler and trajectories back to where the last step was taken.
static void take_back(irl_crew* crew, int k) {
  irl_policy_copy(&crew->sampler[k].policy, &crew->stood[k]);
  crew->round[k] = crew->stood_round[k];
  for (int i = k * crew->samples; i < (k + 1) * crew->samples; i++) {
    irl_batch_copy(&crew->batch, i, &crew->stood_on, i);
  }
}

void irl_crew_settle(irl_learner* l, int which, double patience) {
  irl_crew* crew = &l->crew[which];
  const irl_sampler_options options = options_of(l, which);
  const irl_objective o = objective_of(l);
  const int n = crew->samples;
  for (int k = 0; n > 0 && k < l->nc; k++) {
    irl_judgement before = {.path = crew->path}, after = {.path = crew->path + n};
    irl_sampler* s = &crew->sampler[k];
    if (crew->stood_round[k] == IRL_NO_ROUND) {
      continue;
    }
    double error;
    irl_judge_trajectories(&before, &o, &crew->stood_on, k * n, n, &crew->stood[k]);
    irl_judge_trajectories(&after, &o, &crew->batch, k * n, n, &s->policy);
    const double gain = irl_judgement_gain(&before, &after, 1.0, &error);
    // A model's step is judged by what it promised; the natural gradient's is a random one in part,
    // and limits that halve on every other unlucky draw would soon hold it fast.
    if (!irl_learner_stationary(l) || !(fabs(gain) <= error)) {  // true for NAN
      irl_sampler_adapt(s, &options, 0.0, -gain);
    }
    if (!(gain >= -patience * error)) {  // true for NAN
      take_back(crew, k);
    }
  }
}

// The trajectories of one round; those of the conditions whose last step was taken on it stay.
static irl_err draw_stood_round(irl_learner* l, int which, uint64_t round, irl_errinfo* info) {
  irl_crew* crew = &l->crew[which];
  IRL_TRY(irl_crew_roll(l, which, round, info));
  for (int k = 0; k < l->nc; k++) {
    for (int i = k * crew->samples; crew->stood_round[k] == round && i < (k + 1) * crew->samples;
         i++) {
      irl_batch_copy(&crew->stood_on, i, &crew->batch, i);
    }
  }
  return IRL_OK;
}

irl_err irl_crew_draw_stood(irl_learner* l, int which, irl_errinfo* info) {
  irl_crew* crew = &l->crew[which];
  for (int k = 0; crew->samples > 0 && k < l->nc; k++) {
    if (crew->stood_round[k] != IRL_NO_ROUND) {
      IRL_TRY(draw_stood_round(l, which, crew->stood_round[k], info));
    }
  }
  for (int k = 0; crew->samples > 0 && k < l->nc; k++) {
    crew->round[k] = crew->stood_round[k];
  }
  for (int i = 0; i < crew->batch.n; i++) {
    irl_batch_copy(&crew->batch, i, &crew->stood_on, i);
  }
  return IRL_OK;
}

//---------------------------------- Explorers ----------------------------------------------------

irl_err irl_explorers_prepare(irl_learner* l) {
  irl_crew* crew = &l->crew[IRL_CREW_EXPLORE];
  bool restart = l->iteration % l->config.explore_restart == 0;
  for (int k = 0; crew->samples > 0 && restart && k < l->nc; k++) {
    irl_rng rng = irl_rng_stream(l->seed, IRL_PURPOSE_EXPERT, (uint64_t)l->iteration,
                                 (uint64_t)l->condition[k], EXPLORER_STREAM);
    IRL_TRY(irl_sampler_start(&crew->sampler[k], l->task, l->config.init_stddev, 0.3, &rng));
    IRL_TRY(irl_learner_bound_noise(l, &crew->sampler[k].policy));
    crew->stood_round[k] = IRL_NO_ROUND;
  }
  return IRL_OK;
}
