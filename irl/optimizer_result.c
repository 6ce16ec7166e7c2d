// What a search returns: mean actions decide between policies, and noise that costs more than its
// entropy is worth is taken back.
#include <math.h>
#include <string.h>

#include "irl/optimizer_internal.h"

enum { NOISE_LEVELS = 5 };  // 4 Σ and Σ to Σ/64

static double judge_condition(const irl_optimizer* s, int k) {
  const irl_objective* o = &s->options->objective;
  double sum = 0.0;
  for (int i = k * IRL_JUDGE_EPISODES; i < (k + 1) * IRL_JUDGE_EPISODES; i++) {
    sum += s->judge.valid[i] ? o->path_cost(o->arg, &s->judge, i) : INFINITY;
  }
  return sum / IRL_JUDGE_EPISODES;
}

// A policy of start i is the result of condition k, with the noise of the whole entropy: Σ = ν
// Q_uu⁻¹.
static irl_err take(irl_optimizer* s, int k, int i, const irl_policy* policy) {
  const irl_task_info* t = s->info;
  irl_policy_copy(&s->result[k], policy);
  if (s->rough != NULL) {
    memcpy(s->result[k].sigma, s->rough[i].sigma,
           (size_t)t->horizon * (size_t)(t->nu * t->nu) * sizeof(double));
  }
  irl_policy_scale_covariance(&s->result[k], 1 / s->options->entropy);
  return irl_policy_factor(&s->result[k], NULL);
}

// Mean actions of one start of each condition, as it is now or as it was before the polish.
static irl_err judge_start(irl_optimizer* s, int j, bool rough) {
  const int width = s->nalive / s->options->nc;
  for (int i = 0; i < s->judge.n; i++) {
    const int at = i / IRL_JUDGE_EPISODES * width + j;
    s->own[i] = rough ? &s->rough[at] : &s->alive[at]->kept;
    s->number[i] = i % IRL_JUDGE_EPISODES;
  }
  IRL_TRY(irl_optimizer_roll(s, IRL_ACTION_MEAN, 0, &s->judge));
  for (int k = 0; k < s->options->nc; k++) {
    const double cost = judge_condition(s, k);
    if (cost < s->best[k]) {
      s->best[k] = cost;
      IRL_TRY(take(s, k, k * width + j, s->own[k * IRL_JUDGE_EPISODES]));
    }
  }
  return IRL_OK;
}

// Mean actions of the starts that are left decide.
static irl_err judge(irl_optimizer* s) {
  for (int j = 0; j < s->nalive / s->options->nc; j++) {
    IRL_TRY(judge_start(s, j, false));
    if (s->rough != NULL) {
      IRL_TRY(judge_start(s, j, true));
    }
  }
  return IRL_OK;
}

// Models leave out trajectories that went wrong, so their Σ does not know of them: it is divided by
// 4 as often as that makes E[c] − H less. Up to 4 Σ too, for the search has taken noise back where
// it met such trajectories. best (nc), scale (nc)
static irl_err soften(irl_optimizer* s, double* best, double* scale) {
  for (int i = 0; i < s->judge.n; i++) {
    s->own[i] = &s->result[i / IRL_JUDGE_EPISODES];
    s->number[i] = i % IRL_JUDGE_EPISODES;
  }
  for (int k = 0; k < s->options->nc; k++) {
    irl_policy_scale_covariance(&s->result[k], 4);
  }
  for (int level = 0; level < NOISE_LEVELS; level++) {
    IRL_TRY(irl_optimizer_roll(s, IRL_ACTION_SAMPLE, 0, &s->judge));
    for (int k = 0; k < s->options->nc; k++) {
      const double value =
          judge_condition(s, k) - irl_policy_entropy(&s->result[k], s->info->horizon);
      if (level == 0 || value < best[k]) {
        best[k] = value;
        scale[k] = pow(4, NOISE_LEVELS - level);
      }
      irl_policy_scale_covariance(&s->result[k], 0.25);
    }
  }
  for (int k = 0; k < s->options->nc; k++) {
    irl_policy_scale_covariance(&s->result[k], scale[k]);
  }
  return IRL_OK;
}

irl_err irl_optimizer_finish(irl_optimizer* s, irl_errinfo* info) {
  IRL_TRY(judge(s));
  for (int k = 0; k < s->options->nc; k++) {
    if (!isfinite(s->best[k])) {
      return irl_fail(info, IRL_ENUM,
                      "optimisation: every search of condition %d diverged; use a smaller time "
                      "step or tighter action limits",
                      s->options->condition[k]);
    }
  }
  return soften(s, s->before, s->scale);
}
