// Noise of the finished samplers. A linear model does not warn of what a robot may hit, so Σ may be
// so wide that one trajectory in twenty goes astray and costs more than all the others together.
#include <math.h>

#include "irl/learner_internal.h"
#include "irl/objective_internal.h"
#include "irl/trial_internal.h"

enum { LEVELS = 4, DRAWS = 3 };

// What the trajectories that went wrong add to the mean cost of condition k's newest. [nats]
static double excess(const irl_learner* l, int k) {
  const irl_crew* crew = &l->crew[IRL_CREW_MAIN];
  const irl_objective o = irl_cost_objective(l->cost);
  const int n = crew->samples;
  irl_judgement j = {.path = crew->path, .sorted = crew->path + n};
  irl_judge_trajectories(&j, &o, &crew->batch, k * n, n, &crew->sampler[k].policy);
  return irl_judgement_excess(&j);
}

// E[c] − H of condition k by its newest trajectories.
static double value(const irl_learner* l, int k) {
  const irl_crew* crew = &l->crew[IRL_CREW_MAIN];
  const irl_objective o = irl_cost_objective(l->cost);
  const int n = crew->samples;
  irl_judgement j = {.path = crew->path};
  irl_judge_trajectories(&j, &o, &crew->batch, k * n, n, &crew->sampler[k].policy);
  return irl_judgement_value(&j, 1.0);
}

// Adds up what several draws say; those of every level have the same starts and noise.
static irl_err draw(irl_learner* l, uint64_t round, double* values, irl_errinfo* info) {
  for (int k = 0; k < l->nc; k++) {
    values[k] = 0;
  }
  for (uint64_t i = 0; i < DRAWS; i++) {
    IRL_TRY(irl_crew_roll(l, IRL_CREW_MAIN, round + i, info));
    for (int k = 0; k < l->nc; k++) {
      values[k] += value(l, k) / DRAWS;
    }
  }
  return IRL_OK;
}

static void scale(irl_learner* l, int k, double factor) {
  irl_policy_scale_covariance(&l->crew[IRL_CREW_MAIN].sampler[k].policy, factor);
}

irl_err irl_crew_calm(irl_learner* l, uint64_t round, irl_errinfo* info) {
  irl_crew* crew = &l->crew[IRL_CREW_MAIN];
  double *values = l->calm, *best = l->calm + l->nc, *level = l->calm + 2 * l->nc;
  const double worth = irl_calm_price(l->info->nu, l->info->horizon);
  bool any = false;
  for (int k = 0; k < l->nc; k++) {
    level[k] = excess(l, k) > worth ? 0 : -1;  // -1: left as it is
    any |= level[k] >= 0;
  }
  for (int i = 0; any && i < LEVELS; i++) {
    IRL_TRY(draw(l, round, values, info));
    for (int k = 0; k < l->nc; k++) {
      if (level[k] < 0) {
        continue;
      }
      if (i == 0 || values[k] < best[k]) {
        best[k] = values[k];
        level[k] = i;
      }
      scale(l, k, 0.25);
    }
  }
  for (int k = 0; k < l->nc; k++) {
    if (level[k] >= 0) {
      scale(l, k, pow(4, LEVELS - level[k]));
      IRL_TRY(irl_policy_factor(&crew->sampler[k].policy, info));
    }
  }
  return IRL_OK;
}
