// The cost's share of an iteration: GCL's algorithm 2 on minibatches of trajectories.
#include <math.h>
#include <string.h>

#include "irl/learner_internal.h"
#include "irl/loss_internal.h"
#include "irl/regularise_internal.h"

enum { PROBE_STREAM = 1 << 24 };

#define PROBE_DELTA 0.05  // half the length of a probe's segment, in x̂

//---------------------------------- Picking ------------------------------------------------------

// `want` of the store's samples without replacement, in order (selection sampling, Knuth 3.4.2 S).
static int choose_random(const irl_store* s, int want, irl_rng* rng, int* out) {
  int left = s->n - s->ndemo, chosen = 0;
  for (int i = s->ndemo; i < s->n && chosen < want; i++, left--) {
    if (irl_rng_uniform(rng) * left < want - chosen) {
      out[chosen++] = i;
    }
  }
  return chosen;
}

static int choose_newest(const irl_store* s, int want, int* out) {
  int newest = (int)s->count[s->nkept - 1];
  int n = newest < want ? newest : want;
  for (int i = 0; i < n; i++) {
    out[i] = s->n - newest + i;
  }
  return n;
}

// Log-density of a picked trajectory under the algorithm's background; step-wise algorithms have
// theirs by row.
static double background(const irl_learner* l, const irl_store* s, int i, int ns) {
  switch (irl_algorithm_of(l->algo)->background) {
    case IRL_BACKGROUND_MIXTURE:
      return irl_store_log_mixture(s, i, s->ndemo, ns);
    case IRL_BACKGROUND_SAMPLERS:
      return irl_store_log_samplers(s, i);
    case IRL_BACKGROUND_NEWEST:
    case IRL_BACKGROUND_STEP:
    case IRL_BACKGROUND_NONE:
      break;
  }
  return s->log_own[i];
}

// The same in a batch whose samples all come from the newest sampler: a density that others have a
// share in would make log Z too large.
static double newest_background(const irl_learner* l, const irl_store* s, int i, int ns) {
  bool mixture = irl_algorithm_of(l->algo)->background == IRL_BACKGROUND_MIXTURE;
  return mixture ? irl_store_log_newest(s, i, s->ndemo, ns) : s->log_own[i];
}

// log π(u_t|x_t) of every step of a trajectory under the sampler that drew it; zeros where the
// algorithm is given no density.
static void step_densities(const irl_learner* l, const irl_store* s, int i, double* out) {
  const irl_policy* policy = irl_store_drawer(s, i);
  bool given = irl_algorithm_of(l->algo)->background == IRL_BACKGROUND_STEP;
  for (int t = 0; t < l->info->horizon; t++) {
    out[t] = given ? irl_policy_logdensity(policy, t, irl_batch_x(&s->batch, i, t),
                                           irl_batch_u(&s->batch, i, t))
                   : 0.0;
  }
}

static void pick_condition(irl_learner* l, int k, irl_pick_mode mode, uint64_t draw) {
  const irl_store* s = &l->store[k];
  int* pick = l->pick + (long)k * l->per_condition;
  double* logmu = l->path_logmu + (long)k * l->per_condition;
  for (int i = 0; i < s->ndemo; i++) {
    pick[i] = i;
  }
  irl_rng rng =
      irl_rng_stream(l->seed, IRL_PURPOSE_MINIBATCH, (uint64_t)l->iteration, (uint64_t)k, draw);
  int room = l->per_condition - s->ndemo;
  int want = l->config.batch_samples < room ? l->config.batch_samples : room;
  int ns = mode == IRL_PICK_NEWEST || irl_algorithm_of(l->algo)->background == IRL_BACKGROUND_NEWEST
               ? choose_newest(s, want, pick + s->ndemo)
               : choose_random(s, want, &rng, pick + s->ndemo);
  l->npick[k] = s->ndemo + ns;
  for (int i = 0; i < l->npick[k]; i++) {
    logmu[i] = mode == IRL_PICK_NEWEST ? newest_background(l, s, pick[i], ns)
                                       : background(l, s, pick[i], ns);
  }
  for (int i = 0; l->controlled && i < l->npick[k]; i++) {
    double logpi = irl_policy_batch_logdensity(&l->model[k], &s->batch, pick[i]);
    l->path_logv[(long)k * l->per_condition + i] = logpi - logmu[i];
  }
}

//---------------------------------- Rows ---------------------------------------------------------

// Both ends of a segment about a random step of trajectory `from`: δ times a random direction in x̂.
static void set_probe(irl_learner* l, const irl_batch* b, int from, irl_rng* rng, int row) {
  int t = (int)irl_rng_below(rng, (uint64_t)l->info->horizon), nx = b->nx;
  double *plus = l->probe, *minus = plus + nx;
  const double* x = irl_batch_x(b, from, t);
  for (int j = 0; j < nx; j++) {
    double shift = PROBE_DELTA * irl_cost_scale(l->cost)[j] * irl_rng_normal(rng);
    plus[j] = x[j] + shift;
    minus[j] = x[j] - shift;
  }
  irl_cost_rows_set(l->rows, l->cost, row, 1, plus, irl_batch_u(b, from, t));
  irl_cost_rows_set(l->rows, l->cost, row + 1, 1, minus, irl_batch_u(b, from, t));
}

// One pair for every picked trajectory, behind the trajectories' rows.
static void set_probes(irl_learner* l, uint64_t draw, int row) {
  irl_rng rng =
      irl_rng_stream(l->seed, IRL_PURPOSE_MINIBATCH, (uint64_t)l->iteration, PROBE_STREAM, draw);
  for (int k = 0; k < l->nc; k++) {
    for (int i = 0; i < l->npick[k]; i++, row += 2) {
      set_probe(l, &l->store[k].batch, l->pick[(long)k * l->per_condition + i], &rng, row);
    }
  }
}

void irl_learner_pick(irl_learner* l, irl_pick_mode mode, uint64_t draw) {
  int T = l->info->horizon, row = 0, paths = 0;
  for (int k = 0; k < l->nc; k++) {
    pick_condition(l, k, mode, draw);
  }
  for (int k = 0; k < l->nc; k++) {
    paths += l->npick[k];
  }
  l->nprobe = mode == IRL_PICK_RANDOM && l->config.gradient_penalty > 0.0 ? paths : 0;
  irl_cost_rows_resize(l->rows, paths * T + 2 * l->nprobe);
  for (int k = 0; k < l->nc; k++) {
    const irl_batch* b = &l->store[k].batch;
    for (int i = 0; i < l->npick[k]; i++, row += T) {
      int from = l->pick[(long)k * l->per_condition + i];
      irl_cost_rows_set(l->rows, l->cost, row, T, irl_batch_x(b, from, 0), irl_batch_u(b, from, 0));
      if (irl_algorithm_of(l->algo)->stepwise) {
        step_densities(l, &l->store[k], from, l->row_logpi + row);
      }
    }
  }
  if (l->nprobe > 0) {
    set_probes(l, draw, row);
  }
}

//---------------------------------- Regularisers -------------------------------------------------

double irl_learner_regularise(irl_learner* l) {
  const irl_config* c = &l->config;
  int T = l->info->horizon, row = 0;
  double variance = 0.0, sum = 0.0;
  if (!(c->lcr > 0.0) && !(c->mono > 0.0) && l->nprobe == 0) {
    return 0.0;
  }
  for (int k = 0; k < l->nc; k++, row += l->npick[k - 1] * T) {
    int demos = l->store[k].ndemo, paths = l->npick[k];
    double s2 = irl_step_variance(l->row_cost + row, paths * T);
    variance += s2 / l->nc;
    if (!(s2 > 0.0)) {
      continue;
    }
    const float* cost = l->row_cost + row;
    if (c->lcr > 0.0 && T > 2) {
      sum += irl_penalty_rate(cost, paths, T, c->lcr / (s2 * l->nc * paths * (T - 2)),
                              l->row_weight + row);
    }
    if (c->mono > 0.0 && T > 1) {
      sum += irl_penalty_progress(cost, demos, T, c->mono / (s2 * l->nc * demos * (T - 1)),
                                  l->row_weight + row);
    }
  }
  if (l->nprobe > 0 && variance > 0.0) {
    sum += irl_penalty_slope(l->row_cost + row, l->nprobe, PROBE_DELTA,
                             c->gradient_penalty / (variance * l->nprobe), l->row_weight + row);
  }
  return sum;
}

//---------------------------------- Learning -----------------------------------------------------

void irl_learner_path_costs(irl_learner* l) {
  int T = l->info->horizon, row = 0;
  irl_cost_forward(l->cost, l->rows, l->pool, l->row_cost);
  for (int k = 0; k < l->nc; k++) {
    for (int i = 0; i < l->npick[k]; i++) {
      double sum = 0.0;
      for (int t = 0; t < T; t++) {
        sum += (double)l->row_cost[row++];
      }
      l->path_cost[(long)k * l->per_condition + i] = sum;
    }
  }
}

irl_loss_output irl_learner_path_loss(irl_learner* l, int k, irl_rng* rng) {
  long first = (long)k * l->per_condition;
  irl_loss_input in = {.cost = l->path_cost + first,
                       .logmu = l->path_logmu + first,
                       .ndemo = l->store[k].ndemo,
                       .n = l->npick[k],
                       .logv = l->controlled ? l->path_logv + first : NULL,
                       .min_ess = l->config.min_ess,
                       .log_z = l->log_z[k],
                       .rng = rng};
  irl_loss_fn loss = irl_algorithm_of(l->algo)->loss;
  return loss(&in, l->path_gradient + first, l->path_work + first);
}

// Row weights of a condition's trajectories, all steps alike. Returns the loss.
static double path_weights(irl_learner* l, int k, irl_rng* rng, int row) {
  int T = l->info->horizon;
  irl_loss_output out = irl_learner_path_loss(l, k, rng);
  l->log_z[k] = out.log_z;
  for (int i = 0; i < l->npick[k]; i++) {
    float w = (float)(l->path_gradient[(long)k * l->per_condition + i] / l->nc);
    for (int t = 0; t < T; t++) {
      l->row_weight[row++] = w;
    }
  }
  return out.loss;
}

// Row weights of a step-wise loss.
static double step_weights(irl_learner* l, int k, irl_rng* rng, int row) {
  int T = l->info->horizon, n = l->npick[k] * T;
  for (int r = 0; r < n; r++) {
    l->step_cost[r] = (double)l->row_cost[row + r];
  }
  irl_loss_input in = {.cost = l->step_cost,
                       .logmu = l->row_logpi + row,
                       .ndemo = l->store[k].ndemo * T,
                       .n = n,
                       .log_z = l->constant[k],
                       .rng = rng};
  irl_loss_output out = irl_algorithm_of(l->algo)->loss(&in, l->step_gradient, NULL);
  l->constant[k] = out.log_z;
  for (int r = 0; r < n; r++) {
    l->row_weight[row + r] = (float)(l->step_gradient[r] / l->nc);
  }
  return out.loss;
}

// Weights of all rows; the loss is the mean of the conditions'. False: it is not finite.
static bool weigh_rows(irl_learner* l, irl_rng* rng) {
  int row = 0;
  bool stepwise = irl_algorithm_of(l->algo)->stepwise, finite = true;
  for (int k = 0; k < l->nc; k++) {
    double loss = stepwise ? step_weights(l, k, rng, row) : path_weights(l, k, rng, row);
    finite = finite && isfinite(loss);
    row += l->npick[k] * l->info->horizon;
  }
  memset(l->row_weight + row, 0, sizeof(float) * 2 * (size_t)l->nprobe);
  (void)irl_learner_regularise(l);
  return finite;
}

double irl_learner_rate(const irl_learner* l) {
  double last = l->config.iterations > 1 ? l->config.iterations - 1 : 1;
  double part = l->iteration / last;
  return l->config.rate * pow(l->config.rate_end / l->config.rate, part);
}

void irl_learner_learn_cost(irl_learner* l) {
  irl_adam adam = irl_adam_defaults();
  adam.rate = irl_learner_rate(l);
  adam.weight_decay = l->config.weight_decay;
  adam.max_norm = l->config.gradient_norm;
  if (irl_algorithm_of(l->algo)->closed) {
    irl_learner_learn_closed(l, &adam);
    return;
  }
  irl_rng rng = irl_rng_stream(l->seed, IRL_PURPOSE_RESAMPLE, (uint64_t)l->iteration, 0, 0);
  for (int step = 0; step < l->config.cost_steps; step++) {
    if (step % IRL_STEPS_PER_PICK == 0) {
      irl_learner_pick(l, IRL_PICK_RANDOM, (uint64_t)(step / IRL_STEPS_PER_PICK));
    }
    irl_learner_path_costs(l);
    if (!weigh_rows(l, &rng)) {
      continue;
    }
    irl_cost_backward(l->cost, l->rows, l->pool, l->row_weight, l->gradient);
    irl_adam_step(&adam, irl_cost_nparam(l->cost), ++l->adam_step, l->gradient, l->adam_m,
                  l->adam_v, irl_cost_params(l->cost));
  }
}
