#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "irl/partition.h"
#include "viewer/reel_internal.h"

// Weights below 10 to this are all alike: no trajectory at all.
#define FAINTEST (-12.0)

static size_t steps_of(const irl_batch* b) {
  return (size_t)b->n * (size_t)b->horizon;
}

// Costs, weights of trajectories and so on mean nothing for algorithms without an energy.
static bool has_energy(const irl_run* run) {
  return run != NULL && run->algo <= IRL_ALGO_EBM;
}

static bool means_something(const irl_reel* r, irl_reel_meaning meaning) {
  bool reward = false, logq = false;
  for (int g = 0; g < r->ngroups; g++) {
    reward = reward || r->batch[g].has_reward;
    logq = logq || r->has_logq[g];
  }
  switch (meaning) {
    case IRL_REEL_LEARNED:
      return r->judge != NULL;
    case IRL_REEL_TRUE:
      return reward;
    case IRL_REEL_DIFFERENCE:
      return r->judge != NULL && reward;
    case IRL_REEL_WEIGHT:
      return has_energy(r->judge);
    case IRL_REEL_DENSITY:
      return logq;
    case IRL_REEL_MEANINGS:
    default:
      return false;
  }
}

//---------------------------------- Values --------------------------------------------------------

static void fill_learned(irl_reel* r, int g) {
  const irl_batch* b = &r->batch[g];
  for (int i = 0; i < b->n; i++) {
    irl_cost_eval(irl_reel_cost(r), b->length[i], irl_batch_x(b, i, 0), irl_batch_u(b, i, 0),
                  r->value[IRL_REEL_LEARNED][g] + (long)i * b->horizon);
  }
}

static void fill_true(irl_reel* r, int g) {
  const irl_batch* b = &r->batch[g];
  for (size_t k = 0; k < steps_of(b); k++) {
    r->value[IRL_REEL_TRUE][g][k] = b->has_reward ? -b->reward[k] : NAN;
  }
}

static void fill_density(irl_reel* r, int g) {
  const irl_batch* b = &r->batch[g];
  for (size_t k = 0; k < steps_of(b); k++) {
    r->value[IRL_REEL_DENSITY][g][k] = r->has_logq[g] ? b->logq[k] : NAN;
  }
}

// Sums over all steps that have both costs, for the straight line learned = a true + b.
typedef struct line {
  double n, x, y, xx, xy;
} line;

static void add_steps(const irl_reel* r, int g, line* sum) {
  const irl_batch* b = &r->batch[g];
  for (int i = 0; i < b->n; i++) {
    for (int t = 0; b->valid[i] && b->has_reward && t < b->length[i]; t++) {
      long k = (long)i * b->horizon + t;
      double x = r->value[IRL_REEL_TRUE][g][k], y = r->value[IRL_REEL_LEARNED][g][k];
      sum->n += 1.0;
      sum->x += x;
      sum->y += y;
      sum->xx += x * x;
      sum->xy += x * y;
    }
  }
}

// Costs that differ by a positive factor and a constant ask for the same behaviour: what is shown
// is what such a change cannot take away.
static void fill_difference(irl_reel* r) {
  line s = {0};
  for (int g = 0; g < r->ngroups; g++) {
    add_steps(r, g, &s);
  }
  double spread = s.xx - s.x * s.x / fmax(s.n, 1.0);
  double a = spread > 0.0 ? fmax(0.0, (s.xy - s.x * s.y / s.n) / spread) : 0.0;
  double b = (s.y - a * s.x) / fmax(s.n, 1.0);
  char factor[32], constant[32];
  irl_format_number(factor, sizeof factor, a);
  irl_format_number(constant, sizeof constant, fabs(b));
  (void)snprintf(r->difference, sizeof r->difference,
                 "learned \xE2\x88\x92 (%s \xC3\x97 true %s %s)", factor,
                 b < 0.0 ? "\xE2\x88\x92" : "+", constant);
  for (int g = 0; g < r->ngroups; g++) {
    for (size_t k = 0; k < steps_of(&r->batch[g]); k++) {
      double truth = r->value[IRL_REEL_TRUE][g][k];
      r->value[IRL_REEL_DIFFERENCE][g][k] = r->value[IRL_REEL_LEARNED][g][k] - a * truth - b;
    }
  }
}

static const irl_policy* learned_policy(const irl_run* run, int condition) {
  for (int k = 0; k < run->nconditions; k++) {
    if (run->condition[k] == condition) {
      return &run->learned[k];
    }
  }
  return NULL;
}

// log e^{-c}/q of a trajectory, up to its condition's constant. Demonstrations are weighed against
// the learned sampler, as `mjirl score` does, and rollouts against the one that drew them.
static double log_weight(const irl_reel* r, int g, int i) {
  const irl_batch* b = &r->batch[g];
  const irl_policy* policy = learned_policy(r->judge, b->condition[i]);
  double cost = 0.0;
  bool drawn = r->run != NULL && g >= r->ngroups - 2;
  for (int t = 0; t < b->length[i]; t++) {
    cost += r->value[IRL_REEL_LEARNED][g][(long)i * b->horizon + t];
  }
  if (drawn) {
    return -cost - irl_batch_logq(b, i);
  }
  return policy != NULL ? -cost - irl_policy_batch_logdensity(policy, b, i) : NAN;
}

// Normalises the weights of one condition of a group; logw and w have room for all rollouts.
static void weigh(irl_reel* r, int g, int condition, double* logw, double* w) {
  const irl_batch* b = &r->batch[g];
  int n = 0;
  for (int i = 0; i < b->n; i++) {
    double value = b->condition[i] == condition && b->valid[i] ? log_weight(r, g, i) : NAN;
    if (!isnan(value)) {
      logw[n++] = value;
    }
  }
  irl_importance(logw, n, w);
  for (int i = 0, k = 0; i < b->n; i++) {
    bool counted = b->condition[i] == condition && b->valid[i] && !isnan(log_weight(r, g, i));
    if (b->condition[i] == condition) {
      double relative = counted ? log10(w[k] * n) : NAN;
      r->weight[g][i] = counted ? w[k] : NAN;
      for (int t = 0; t < b->horizon; t++) {
        r->value[IRL_REEL_WEIGHT][g][(long)i * b->horizon + t] =
            counted ? fmax(FAINTEST, relative) : NAN;
      }
      k += counted;
    }
  }
}

static irl_err fill_weight(irl_reel* r, int g) {
  const irl_batch* b = &r->batch[g];
  double* work = IRL_NEW(double, 2 * b->n);
  int conditions = 0;
  if (work == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < b->n; i++) {
    conditions = b->condition[i] >= conditions ? b->condition[i] + 1 : conditions;
  }
  for (int c = 0; c < conditions; c++) {
    weigh(r, g, c, work, work + b->n);
  }
  irl_free(work);
  return IRL_OK;
}

//---------------------------------- Layers --------------------------------------------------------

irl_err irl_reel_fill_layers(irl_reel* r) {
  for (int g = 0; g < r->ngroups; g++) {
    if (r->judge != NULL) {
      fill_learned(r, g);
    }
    if (r->value[IRL_REEL_TRUE][g] != NULL) {
      fill_true(r, g);
    }
    if (r->value[IRL_REEL_DENSITY][g] != NULL) {
      fill_density(r, g);
    }
    if (r->value[IRL_REEL_WEIGHT][g] != NULL) {
      IRL_TRY(fill_weight(r, g));
    }
  }
  if (r->value[IRL_REEL_DIFFERENCE][0] != NULL) {
    fill_difference(r);
  }
  return IRL_OK;
}

irl_err irl_reel_make_layers(irl_reel* r) {
  static const irl_replay_layer kinds[IRL_REEL_MEANINGS] = {
      [IRL_REEL_LEARNED] = {"learned", "cost", "learned cost per step", false, NULL},
      [IRL_REEL_TRUE] = {"true", "true cost", "true cost per step", false, NULL},
      [IRL_REEL_DIFFERENCE] = {"difference", "difference", NULL, true, NULL},
      [IRL_REEL_WEIGHT] = {"weight", "log weight", "log10 of weight / mean weight", true, NULL},
      [IRL_REEL_DENSITY] = {"density", "log q", "log q(u | x) per step", false, NULL}};
  int n = 0;
  for (int m = 0; m < IRL_REEL_MEANINGS; m++) {
    if (!means_something(r, (irl_reel_meaning)m)) {
      continue;
    }
    for (int g = 0; g < r->ngroups; g++) {
      r->value[m][g] = IRL_NEW(double, steps_of(&r->batch[g]));
      r->weight[g] = r->weight[g] != NULL ? r->weight[g] : IRL_NEW(double, r->batch[g].n);
      if (r->value[m][g] == NULL || r->weight[g] == NULL) {
        return IRL_ENOMEM;
      }
      r->groups[g].weight = m == IRL_REEL_WEIGHT ? r->weight[g] : r->groups[g].weight;
    }
    r->layers[n] = kinds[m];
    r->layers[n].quantity = m == IRL_REEL_DIFFERENCE ? r->difference : kinds[m].quantity;
    r->layers[n++].value = r->value[m];
  }
  r->replay.layers = r->layers;
  r->replay.nlayers = n;
  return irl_reel_fill_layers(r);
}

void irl_reel_free_layers(irl_reel* r) {
  for (int g = 0; g < IRL_REEL_GROUPS; g++) {
    for (int m = 0; m < IRL_REEL_MEANINGS; m++) {
      irl_free(r->value[m][g]);
      r->value[m][g] = NULL;
    }
    irl_free(r->weight[g]);
    r->weight[g] = NULL;
  }
  r->replay.nlayers = 0;
}
