#include "irl/sample.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/objective_internal.h"
#include "irl/partition.h"

enum { LEAST_POOL = 64, POOL_PER_SAMPLE = 8, MOVES = 16 };

// One condition's candidates: trajectories of the pool with their log-weights.
typedef struct candidates {
  int n;
  int* index;    // in the pool       (n)
  double* logw;  // −c − log q        (n)
  double* w;     // normalised        (n)
} candidates;

static irl_err candidates_init(candidates* c, int capacity) {
  c->index = IRL_NEW(int, capacity);
  c->logw = IRL_NEW(double, capacity);
  c->w = IRL_NEW(double, capacity);
  return c->index && c->logw && c->w ? IRL_OK : IRL_ENOMEM;
}

static void candidates_fini(candidates* c) {
  irl_free(c->index);
  irl_free(c->logw);
  irl_free(c->w);
}

static void weigh(candidates* c, const irl_run* run, int k, const irl_batch* pool) {
  irl_objective o = irl_cost_objective(run->cost);
  c->n = 0;
  for (int i = k; i < pool->n; i += run->nconditions) {
    if (pool->valid[i]) {
      c->index[c->n] = i;
      c->logw[c->n++] = -o.path_cost(o.arg, pool, i) - irl_batch_logq(pool, i);
    }
  }
}

// Index of the candidate at cumulative weight `level`.
static int at_level(const candidates* c, double level) {
  double sum = 0.0;
  for (int i = 0; i < c->n - 1; i++) {
    sum += c->w[i];
    if (sum > level) {
      return i;
    }
  }
  return c->n - 1;
}

// From i to j with probability min(1, w_j/w_i), j uniform among the candidates, which are draws of
// q.
static int move(const candidates* c, int i, irl_rng* rng, double* accepted) {
  for (int m = 0; m < MOVES; m++) {
    int j = (int)irl_rng_below(rng, (uint64_t)c->n);
    if (log(1.0 - irl_rng_uniform(rng)) < c->logw[j] - c->logw[i]) {
      *accepted += j != i;
      i = j;
    }
  }
  return i;
}

// Fills every nconditions-th trajectory of the result: systematic resampling, then Metropolis
// moves.
static void choose(const irl_run* run, int k, const candidates* c, const irl_batch* pool,
                   uint64_t seed, irl_sample_result* r, double* accepted) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_RESAMPLE, 0, (uint64_t)run->condition[k], 1);
  int wanted = (r->batch.n - k + run->nconditions - 1) / run->nconditions;
  double v = irl_rng_uniform(&rng);
  for (int m = 0; m < wanted; m++) {
    int i = move(c, at_level(c, (m + v) / wanted), &rng, accepted);
    irl_batch_copy(&r->batch, k + m * run->nconditions, pool, c->index[i]);
  }
}

static irl_err sample(const irl_run* run, const irl_batch* pool, candidates* c, uint64_t seed,
                      irl_sample_result* r, irl_errinfo* info) {
  double accepted = 0.0;
  for (int k = 0; k < run->nconditions; k++) {
    weigh(c, run, k, pool);
    if (c->n == 0) {
      return irl_fail(info, IRL_ESIM,
                      "condition %d: every trajectory of the sampler diverged; train again with a "
                      "smaller max_stddev",
                      run->condition[k]);
    }
    r->ess += irl_importance(c->logw, c->n, c->w).ess / run->nconditions;
    choose(run, k, c, pool, seed, r, &accepted);
  }
  r->acceptance = accepted / ((double)MOVES * r->batch.n);
  return IRL_OK;
}

irl_err irl_sample(const irl_run* run, int n, uint64_t seed, int threads, irl_sample_result* r,
                   irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(run->task);
  irl_batch pool;
  candidates c = {0};
  memset(r, 0, sizeof *r);
  int per_condition = POOL_PER_SAMPLE * ((n + run->nconditions - 1) / run->nconditions);
  r->pool = per_condition > LEAST_POOL ? per_condition : LEAST_POOL;
  IRL_TRY(
      irl_run_rollout(run, run->learned, r->pool * run->nconditions, seed, threads, &pool, info));
  irl_err err = candidates_init(&c, r->pool);
  if (err == IRL_OK) {
    err = irl_batch_create(&r->batch, n, t->horizon, t->nx, t->nu, t->nz, t->nstate);
  }
  err = err != IRL_OK ? irl_fail(info, err, "sample: out of memory; ask for fewer episodes")
                      : sample(run, &pool, &c, seed, r, info);
  candidates_fini(&c);
  irl_batch_destroy(&pool);
  if (err != IRL_OK) {
    irl_sample_result_fini(r);
  }
  return err;
}

void irl_sample_result_fini(irl_sample_result* r) {
  irl_batch_destroy(&r->batch);
}
