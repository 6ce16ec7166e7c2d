// The stationary sampler's step: natural gradient of E_q[c] − H(q) on the costs of single steps.
//
// Advantages are of the turned costs, by generalised advantage estimation. The values in them are
// fitted to the step's own trajectories under the present cost, which was another one an iteration
// ago, but never to the trajectory that they are for (two folds): a value that had seen what came
// of an action would hide it. The entropy of a policy with one Σ is the same in every state, so
// that no action changes the entropy to come and its gradient is that of H alone, at weight 1
// (nats).
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/advantages_internal.h"
#include "irl/sampler_internal.h"

enum {
  FOLDS = 2,
  MOST_PAIRED = 20  // observations whose products the values take in: the value of a quadratic cost
                    // has them, and the fit's work grows with the fourth power
};

static irl_err gradient_create(irl_gradient* g, int horizon, int nx, int nu, int samples,
                               int most) {
  const size_t rows = (size_t)most * (size_t)horizon;
  g->samples = samples;
  g->most = most;
  g->stddev = IRL_NEW(double, nx);
  g->advantage = IRL_NEW(double, rows);
  g->sums = IRL_NEW(double, rows);
  g->fold = IRL_NEW(int, samples);
  g->rest = IRL_NEW(int, samples);
  if (!g->stddev || !g->advantage || !g->sums || !g->fold || !g->rest) {
    return IRL_ENOMEM;
  }
  IRL_TRY(irl_natural_create(&g->natural, nx, nu, (long)samples * horizon));
  IRL_TRY(irl_critic_create(&g->value, nx, nx <= MOST_PAIRED));
  return irl_whiten_create(&g->whiten, nx);
}

void irl_gradient_destroy(irl_gradient* g) {
  if (g == NULL) {
    return;
  }
  irl_natural_destroy(&g->natural);
  irl_critic_destroy(&g->value);
  irl_whiten_destroy(&g->whiten);
  irl_free(g->stddev);
  irl_free(g->advantage);
  irl_free(g->sums);
  irl_free(g->fold);
  irl_free(g->rest);
  irl_free(g);
}

irl_err irl_sampler_init_stationary(irl_sampler* s, int horizon, int nx, int nu, int samples,
                                    int most) {
  memset(s, 0, sizeof *s);
  s->horizon = horizon;
  s->nx = nx;
  s->nu = nu;
  s->eta = s->multiplier = 1.0;
  s->gradient = IRL_NEW(irl_gradient, 1);
  irl_err err = s->gradient == NULL ? IRL_ENOMEM
                                    : gradient_create(s->gradient, horizon, nx, nu, samples, most);
  if (err == IRL_OK) {
    err = irl_policy_create(&s->policy, 1, nx, nu);
  }
  if (err == IRL_OK) {
    err = irl_policy_create(&s->candidate, 1, nx, nu);
  }
  if (err != IRL_OK) {
    irl_sampler_fini(s);
  }
  return err;
}

//---------------------------------- Advantages ---------------------------------------------------

static void whiten(irl_gradient* g, const irl_batch* b, const int* index, int n) {
  irl_whiten* w = &g->whiten;
  w->count = 0;
  memset(w->mean, 0, (size_t)w->n * sizeof(double));
  memset(w->m2, 0, (size_t)w->n * sizeof(double));
  for (int k = 0; k < n; k++) {
    irl_whiten_add(w, irl_batch_x(b, index[k], 0), b->length[index[k]]);
  }
  irl_whiten_stddev(w, g->stddev);
}

// g->sums = −cost of the given trajectories.
static void turn(irl_gradient* g, const irl_batch* b, const int* index, int n, const double* cost) {
  for (int k = 0; k < n; k++) {
    const long first = (long)index[k] * b->horizon;
    for (int t = 0; t < b->length[index[k]]; t++) {
      g->sums[first + t] = -cost[first + t];
    }
  }
}

// Advantages of the trajectories of one fold under values fitted to the others.
static void fold_advantages(irl_gradient* g, const irl_sampler_options* o, const irl_batch* b,
                            const int* index, int n, int fold, const double* cost) {
  const irl_values values = {&g->value, g->whiten.mean, g->stddev, o->discount};
  int in = 0, out = 0;
  for (int k = 0; k < n; k++) {
    if (k % FOLDS == fold) {
      g->rest[out++] = index[k];
    } else {
      g->fold[in++] = index[k];
    }
  }
  g->value.fitted = 0;
  turn(g, b, g->fold, in, cost);
  irl_values_fit(&values, b, g->fold, in, g->sums);
  turn(g, b, g->rest, out, cost);
  irl_values_advantages(&values, b, g->rest, out, g->sums, o->trace, g->advantage);
}

//---------------------------------- The step -----------------------------------------------------

bool irl_sampler_ascend(irl_sampler* s, const irl_sampler_options* o, const irl_batch* b,
                        const int* index, int n, const double* cost) {
  irl_gradient* g = s->gradient;
  irl_natural_report report = {0};
  irl_natural_options options = irl_natural_defaults();
  s->report = (irl_lqr_report){0};
  whiten(g, b, index, n);
  for (int fold = 0; fold < FOLDS; fold++) {
    fold_advantages(g, o, b, index, n, fold, cost);
  }
  const double spread = irl_advantages_normalise(b, index, n, g->advantage);
  options.kl = o->kl_step * s->multiplier;
  options.entropy = spread > 0 ? 1.0 / spread : 1.0;
  options.min_stddev = o->lqr.min_stddev;
  options.max_stddev = o->lqr.max_stddev;
  irl_policy_copy(&s->candidate, &s->policy);
  irl_err err = irl_natural_step(&g->natural, &options, g->whiten.mean, g->stddev, b, index, n,
                                 g->advantage, &s->candidate, &report, NULL);
  if (err != IRL_OK || report.scale == 0) {
    s->multiplier = fmax(0.5 * s->multiplier, o->kl_lo);
    return false;
  }
  irl_policy_copy(&s->policy, &s->candidate);
  s->report.kl = report.kl * s->horizon;
  return true;
}
