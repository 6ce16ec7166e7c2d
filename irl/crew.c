#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/learner_internal.h"
#include "irl/objective_internal.h"

enum { EXPLORER_STREAM = 1 << 24 };  // first trajectory number of the explorers' random streams

static irl_objective objective_of(const irl_learner* l) {
  return irl_cost_objective(l->cost);
}

irl_err irl_crew_init(irl_crew* crew, const irl_learner* l, int samples) {
  const irl_task_info* t = l->info;
  crew->samples = samples;
  if (samples == 0) {
    return IRL_OK;
  }
  const irl_objective objective = objective_of(l);
  crew->sampler = IRL_NEW(irl_sampler, l->nc);
  crew->index = IRL_NEW(int, (size_t)l->nc*(size_t)samples);
  crew->added = IRL_NEW(int, l->nc);
  if (crew->sampler == NULL || crew->index == NULL || crew->added == NULL) {
    return IRL_ENOMEM;
  }
  IRL_TRY(irl_batch_create(&crew->batch, l->nc * samples, t->horizon, t->nx, t->nu, 0, 0));
  for (int i = 0; i < crew->batch.n; i++) {
    crew->batch.condition[i] = l->condition[i / samples];
  }
  for (int k = 0; k < l->nc; k++) {
    IRL_TRY(irl_sampler_init(&crew->sampler[k], t->horizon, t->nx, t->nu, 0, &objective));
  }
  return IRL_OK;
}

void irl_crew_fini(irl_crew* crew, int nc) {
  for (int k = 0; crew->sampler != NULL && k < nc; k++) {
    irl_sampler_fini(&crew->sampler[k]);
  }
  irl_free(crew->sampler);
  irl_free(crew->index);
  irl_free(crew->added);
  irl_batch_destroy(&crew->batch);
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

irl_err irl_crew_draw(irl_learner* l, int which, uint64_t round, irl_errinfo* info) {
  irl_crew* crew = &l->crew[which];
  for (int k = 0; k < l->nc; k++) {
    // Checkpoints keep Σ alone: what derives from it must not depend on how a sampler came about.
    IRL_TRY(irl_policy_factor(&crew->sampler[k].policy, info));
    l->policy[l->condition[k]] = &crew->sampler[k].policy;
  }
  irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                         .policy = l->policy,
                         .seed = l->seed,
                         .iteration = round,
                         .reset_purpose = IRL_PURPOSE_RESET,
                         .action_purpose = IRL_PURPOSE_ACTION,
                         .first = which == IRL_CREW_MAIN ? 0 : EXPLORER_STREAM,
                         .run_on = true};
  IRL_TRY(irl_env_rollout(l->env, &rollout, &crew->batch, &l->env_steps, NULL, info));
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

int irl_crew_valid(irl_crew* crew, int k) {
  int n = 0, first = k * crew->samples;
  for (int i = first; i < first + crew->samples; i++) {
    if (crew->batch.valid[i]) {
      crew->index[first + n++] = i;
    }
  }
  return n;
}

static irl_sampler_options options_of(const irl_learner* l, int which) {
  irl_sampler_options options = l->sampler_options;
  if (which == IRL_CREW_EXPLORE) {  // far from anything: free to take the steps of a search
    options.kl_lo = 0.02;
    options.kl_hi = 20.0;
  }
  return options;
}

// Pieces: the main crew's conditions, then the explorers'.
static void step_piece(int piece, int thread, void* arg) {
  (void)thread;
  irl_learner* l = arg;
  int which = piece < l->nc ? IRL_CREW_MAIN : IRL_CREW_EXPLORE, k = piece % l->nc;
  irl_crew* crew = &l->crew[which];
  irl_sampler_options options = options_of(l, which);
  irl_objective objective = objective_of(l);
  int n = irl_crew_valid(crew, k);
  if (n >= 2) {
    irl_sampler_step(&crew->sampler[k], &options, &crew->batch, crew->index + k * crew->samples, n,
                     n, &objective);
  }
}

void irl_crew_step(irl_learner* l) {
  bool exploring = l->crew[IRL_CREW_EXPLORE].samples > 0;
  irl_pool_run(l->pool, exploring ? 2 * l->nc : l->nc, step_piece, l);
}

//---------------------------------- Explorers ----------------------------------------------------

// E_q[c] − H(q) of the explorers' newest trajectories under the present cost; NAN when none is
// valid.
static double explorer_objective(irl_learner* l, int k) {
  irl_crew* crew = &l->crew[IRL_CREW_EXPLORE];
  irl_objective o = objective_of(l);
  int n = irl_crew_valid(crew, k);
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    int path = crew->index[k * crew->samples + i];
    sum += o.path_cost(o.arg, &crew->batch, path) + irl_batch_logq(&crew->batch, path);
  }
  return n > 0 ? sum / n : NAN;
}

void irl_explorers_adapt(irl_learner* l) {
  irl_crew* crew = &l->crew[IRL_CREW_EXPLORE];
  irl_sampler_options options = options_of(l, IRL_CREW_EXPLORE);
  for (int k = 0; crew->samples > 0 && k < l->nc; k++) {
    irl_sampler* s = &crew->sampler[k];
    if (isfinite(s->objective)) {
      irl_sampler_adapt(s, &options, s->objective, explorer_objective(l, k));
    }
  }
}

void irl_explorers_measure(irl_learner* l) {
  irl_crew* crew = &l->crew[IRL_CREW_EXPLORE];
  for (int k = 0; crew->samples > 0 && k < l->nc; k++) {
    crew->sampler[k].objective = explorer_objective(l, k);
  }
}

irl_err irl_explorers_prepare(irl_learner* l) {
  irl_crew* crew = &l->crew[IRL_CREW_EXPLORE];
  bool restart = l->iteration % l->config.explore_restart == 0;
  for (int k = 0; crew->samples > 0 && restart && k < l->nc; k++) {
    irl_rng rng = irl_rng_stream(l->seed, IRL_PURPOSE_EXPERT, (uint64_t)l->iteration,
                                 (uint64_t)l->condition[k], EXPLORER_STREAM);
    IRL_TRY(irl_sampler_start(&crew->sampler[k], l->task, l->config.init_stddev, 0.3, &rng));
  }
  return IRL_OK;
}
