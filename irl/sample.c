#include "irl/sample.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/objective_internal.h"
#include "irl/partition.h"

enum { LEAST_POOL = 64, POOL_PER_SAMPLE = 8, MOVES = 16 };

const char* const irl_sample_method_names[] = {"both", "sir", "chain", NULL};

// One condition's candidates: trajectories of the pool with their log-weights.
typedef struct candidates {
  int n;
  int* index;    // in the pool       (n)
  double* logw;  // −c − log q        (n)
  double* w;     // normalised        (n)
  int* states;   // of a chain        (n)
  int* chosen;   // in the result     (n at most)
} candidates;

static irl_err candidates_init(candidates* c, int capacity) {
  c->index = IRL_NEW(int, capacity);
  c->logw = IRL_NEW(double, capacity);
  c->w = IRL_NEW(double, capacity);
  c->states = IRL_NEW(int, capacity);
  c->chosen = IRL_NEW(int, capacity);
  return c->index && c->logw && c->w && c->states && c->chosen ? IRL_OK : IRL_ENOMEM;
}

static void candidates_fini(candidates* c) {
  irl_free(c->index);
  irl_free(c->logw);
  irl_free(c->w);
  irl_free(c->states);
  irl_free(c->chosen);
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

// Systematic resampling, then Metropolis moves where they are asked for.
static void resample(const candidates* c, bool moves, int* chosen, int wanted, irl_rng* rng,
                     double* accepted) {
  double v = irl_rng_uniform(rng);
  for (int m = 0; m < wanted; m++) {
    int i = at_level(c, (m + v) / wanted);
    chosen[m] = moves ? move(c, i, rng, accepted) : i;
  }
}

// The independence Metropolis chain with q as its proposal: every trajectory is proposed once, in
// the order drawn, and taken with probability min(1, w_j/w_i). states (n) gets where it stood.
static void run_chain(const candidates* c, int* states, irl_rng* rng, double* accepted) {
  int i = 0;
  for (int j = 0; j < c->n; j++) {
    bool take = j == 0 || log(1.0 - irl_rng_uniform(rng)) < c->logw[j] - c->logw[i];
    *accepted += j > 0 && take;
    i = take ? j : i;
    states[j] = i;
  }
}

// Length over 1 + 2 Σ ρ_t, autocorrelations of the log-weight along the chain summed until a pair
// of neighbours is no longer positive (Geyer 1992, initial positive sequence).
static double chain_ess(const candidates* c, const int* states) {
  int n = c->n;
  double mean = 0.0, variance = 0.0, time = 1.0;
  for (int i = 0; i < n; i++) {
    mean += c->logw[states[i]] / n;
  }
  for (int i = 0; i < n; i++) {
    double d = c->logw[states[i]] - mean;
    variance += d * d / n;
  }
  for (int lag = 1; variance > 0.0 && lag + 1 < n; lag += 2) {
    double pair = 0.0;
    for (int i = 0; i + lag < n; i++) {
      double d = c->logw[states[i]] - mean,
             last = i + lag + 1 < n ? c->logw[states[i + lag + 1]] : mean;
      pair += d * (c->logw[states[i + lag]] - mean + last - mean) / n;
    }
    if (pair <= 0.0) {
      break;
    }
    time += 2.0 * pair / variance;
  }
  return variance > 0.0 ? fmin(n, n / time) : 1.0;
}

// A chain gives its states at even distances, the last of each stretch: the first of them is where
// it has forgotten its start as far as it does at all.
static void chain(const candidates* c, int* states, int* chosen, int wanted, irl_rng* rng,
                  double* accepted) {
  run_chain(c, states, rng, accepted);
  for (int m = 0; m < wanted; m++) {
    chosen[m] = states[(int)((m + 1L) * c->n / wanted) - 1];
  }
}

// Fills every nconditions-th trajectory of the result.
static void choose(const irl_run* run, int k, candidates* c, const irl_batch* pool,
                   irl_sample_method method, uint64_t seed, irl_sample_result* r,
                   double* accepted) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_RESAMPLE, 0, (uint64_t)run->condition[k], 1);
  int wanted = (r->batch.n - k + run->nconditions - 1) / run->nconditions;
  if (method == IRL_SAMPLE_CHAIN) {
    chain(c, c->states, c->chosen, wanted, &rng, accepted);
    r->ess += chain_ess(c, c->states) / run->nconditions;
  } else {
    resample(c, method == IRL_SAMPLE_BOTH, c->chosen, wanted, &rng, accepted);
    r->ess += irl_importance(c->logw, c->n, NULL).ess / run->nconditions;
  }
  for (int m = 0; m < wanted; m++) {
    irl_batch_copy(&r->batch, k + m * run->nconditions, pool, c->index[c->chosen[m]]);
  }
}

static irl_err sample(const irl_run* run, const irl_batch* pool, candidates* c,
                      irl_sample_method method, uint64_t seed, irl_sample_result* r,
                      irl_errinfo* info) {
  double accepted = 0.0, proposed = 0.0;
  for (int k = 0; k < run->nconditions; k++) {
    weigh(c, run, k, pool);
    if (c->n == 0) {
      return irl_fail(info, IRL_ESIM,
                      "condition %d: every trajectory of the sampler diverged; train again with a "
                      "smaller max_stddev",
                      run->condition[k]);
    }
    (void)irl_importance(c->logw, c->n, c->w);
    choose(run, k, c, pool, method, seed, r, &accepted);
    proposed += c->n - 1;
  }
  proposed = method == IRL_SAMPLE_BOTH ? (double)MOVES * r->batch.n : proposed;
  r->acceptance = method == IRL_SAMPLE_SIR ? (double)NAN : accepted / proposed;
  return IRL_OK;
}

irl_err irl_sample(const irl_run* run, int n, irl_sample_method method, uint64_t seed, int threads,
                   irl_sample_result* r, irl_errinfo* info) {
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
  if (err == IRL_OK) {
    err = irl_batch_add_worlds(&r->batch, t->nworld);
  }
  err = err != IRL_OK ? irl_fail(info, err, "sample: out of memory; ask for fewer episodes")
                      : sample(run, &pool, &c, method, seed, r, info);
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
