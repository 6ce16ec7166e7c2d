// The cost's share of an iteration: GCL's algorithm 2 on minibatches of trajectories.
#include <math.h>

#include "irl/learner_internal.h"
#include "irl/loss_internal.h"

enum { STEPS_PER_PICK = 10 };

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

// Background density of a picked trajectory: the mixture in the picked proportions, or for gcl-q
// the newest sampler's own.
static double background(const irl_learner* l, const irl_store* s, int i, int ns) {
  return l->algo == IRL_ALGO_GCL_Q ? s->log_own[i]
                                   : irl_store_log_mixture(s, i, (double)s->ndemo, (double)ns);
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
  int ns = mode == IRL_PICK_NEWEST || l->algo == IRL_ALGO_GCL_Q
               ? choose_newest(s, want, pick + s->ndemo)
               : choose_random(s, want, &rng, pick + s->ndemo);
  l->npick[k] = s->ndemo + ns;
  for (int i = 0; i < l->npick[k]; i++) {
    logmu[i] = background(l, s, pick[i], ns);
  }
}

void irl_learner_pick(irl_learner* l, irl_pick_mode mode, uint64_t draw) {
  int T = l->info->horizon, row = 0;
  for (int k = 0; k < l->nc; k++) {
    pick_condition(l, k, mode, draw);
  }
  for (int k = 0; k < l->nc; k++) {
    row += l->npick[k] * T;
  }
  irl_cost_rows_resize(l->rows, row);
  row = 0;
  for (int k = 0; k < l->nc; k++) {
    const irl_batch* b = &l->store[k].batch;
    for (int i = 0; i < l->npick[k]; i++, row += T) {
      int from = l->pick[(long)k * l->per_condition + i];
      irl_cost_rows_set(l->rows, l->cost, row, T, irl_batch_x(b, from, 0), irl_batch_u(b, from, 0));
    }
  }
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

// ∂L/∂c of every picked trajectory; L is the mean of the conditions' losses. False: not finite.
static bool path_gradients(irl_learner* l) {
  for (int k = 0; k < l->nc; k++) {
    long first = (long)k * l->per_condition;
    irl_loss_input in = {.cost = l->path_cost + first,
                         .logmu = l->path_logmu + first,
                         .ndemo = l->store[k].ndemo,
                         .n = l->npick[k],
                         .min_ess = l->config.min_ess};
    irl_loss_output out = l->algo == IRL_ALGO_GCL_Q
                              ? irl_loss_gcl_q(&in, l->path_gradient + first, l->path_work + first)
                              : irl_loss_gcl(&in, l->path_gradient + first, l->path_work + first);
    if (!isfinite(out.loss)) {
      return false;
    }
  }
  return true;
}

static void spread_weights(irl_learner* l) {
  int T = l->info->horizon, row = 0;
  for (int k = 0; k < l->nc; k++) {
    for (int i = 0; i < l->npick[k]; i++) {
      float w = (float)(l->path_gradient[(long)k * l->per_condition + i] / l->nc);
      for (int t = 0; t < T; t++) {
        l->row_weight[row++] = w;
      }
    }
  }
}

// Geometric decay from config.rate to config.rate_end over the run.
static double learning_rate(const irl_learner* l) {
  double last = l->config.iterations > 1 ? l->config.iterations - 1 : 1;
  double part = l->iteration / last;
  return l->config.rate * pow(l->config.rate_end / l->config.rate, part);
}

void irl_learner_learn_cost(irl_learner* l) {
  irl_adam adam = irl_adam_defaults();
  adam.rate = learning_rate(l);
  adam.weight_decay = l->config.weight_decay;
  adam.max_norm = l->config.gradient_norm;
  for (int step = 0; step < l->config.cost_steps; step++) {
    if (step % STEPS_PER_PICK == 0) {
      irl_learner_pick(l, IRL_PICK_RANDOM, (uint64_t)(step / STEPS_PER_PICK));
    }
    irl_learner_path_costs(l);
    if (!path_gradients(l)) {
      continue;
    }
    spread_weights(l);
    irl_cost_backward(l->cost, l->rows, l->pool, l->row_weight, l->gradient);
    irl_adam_step(&adam, irl_cost_nparam(l->cost), ++l->adam_step, l->gradient, l->adam_m,
                  l->adam_v, irl_cost_params(l->cost));
  }
}
