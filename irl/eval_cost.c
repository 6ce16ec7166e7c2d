// The learned cost against the true reward, and demonstrations against others, with intervals by a
// bootstrap over episodes within each group (docs/evaluation.md).
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/eval_internal.h"

typedef enum figure { SPEARMAN, PEARSON, EPIC, DARD, AUC, NFIGURES } figure;

// One condition's episodes: all that its figures are made of, so that a replicate simulates
// nothing.
typedef struct contrast {
  int n;
  int* member;                      // index in the set             (n)
  int* group;                       // irl_eval_group               (n)
  double *score, *value;            // −c(τ) and J                  (n)
  irl_sums* pair[IRL_EVAL_NPAIRS];  // of the episode's steps       (n)
  int *pick, *order;                // scratch: a resample, ranks   (n)
  double *a, *b, *work;             // scratch                      (n), (n), (3n)
} contrast;

static irl_err contrast_create(contrast* c, int capacity) {
  size_t n = (size_t)capacity;
  memset(c, 0, sizeof *c);
  c->member = IRL_NEW(int, 4 * n);
  c->score = IRL_NEW(double, 7 * n);
  c->pair[0] = IRL_NEW(irl_sums, IRL_EVAL_NPAIRS * n);
  if (c->member == NULL || c->score == NULL || c->pair[0] == NULL) {
    return IRL_ENOMEM;
  }
  c->group = c->member + n;
  c->pick = c->group + n;
  c->order = c->pick + n;
  c->value = c->score + n;
  c->a = c->value + n;
  c->b = c->a + n;
  c->work = c->b + n;
  for (int p = 1; p < IRL_EVAL_NPAIRS; p++) {
    c->pair[p] = c->pair[0] + (size_t)p * n;
  }
  return IRL_OK;
}

static void contrast_destroy(contrast* c) {
  irl_free(c->member);
  irl_free(c->score);
  irl_free(c->pair[0]);
}

static void gather(contrast* c, const irl_eval_set* set, int condition) {
  for (int i = 0; i < set->batch.n; i++) {
    if (set->batch.condition[i] == condition) {
      c->member[c->n] = i;
      c->group[c->n] = set->group[i];
      c->score[c->n] = -set->path_cost[i];
      c->value[c->n++] = set->path_return[i];
    }
  }
}

//---------------------------------- Figures of a (re)sample ---------------------------------------

static double rank_correlation(contrast* c) {
  for (int i = 0; i < c->n; i++) {
    c->a[i] = c->score[c->pick[i]];
    c->b[i] = c->value[c->pick[i]];
  }
  return irl_spearman(c->a, c->b, c->n, c->work, c->order);
}

static double step_correlation(const contrast* c, int pairing) {
  irl_sums sums = {0};
  for (int i = 0; i < c->n; i++) {
    irl_sums_merge(&sums, &c->pair[pairing][c->pick[i]]);
  }
  return irl_sums_pearson(&sums);
}

// √((1 − ρ)/2), which is 0 for equal rewards up to scale and shaping and 1 for opposite ones.
static double distance(double correlation) {
  return sqrt(0.5 * (1.0 - correlation));
}

// Demonstrations, those held out where there are any, against the groups that are worse than the
// learned sampler.
static double separation(contrast* c) {
  int np = 0, nn = 0;
  irl_eval_group demos = IRL_EVAL_DEMOS;
  for (int i = 0; i < c->n; i++) {
    demos = c->group[i] == IRL_EVAL_HELDOUT ? IRL_EVAL_HELDOUT : demos;
  }
  for (int i = 0; i < c->n; i++) {
    int e = c->pick[i];
    if (c->group[e] == (int)demos) {
      c->a[np++] = c->score[e];
    } else if (c->group[e] > IRL_EVAL_LEARNED && c->group[e] < IRL_EVAL_NGROUPS) {
      c->b[nn++] = c->score[e];
    }
  }
  return irl_auc(c->a, np, c->b, nn);
}

// Adds this condition's share of each figure for the episodes of c->pick.
static void add_figures(contrast* c, bool rewards, double share, double out[NFIGURES]) {
  if (rewards) {
    out[SPEARMAN] += share * rank_correlation(c);
    out[PEARSON] += share * step_correlation(c, IRL_EVAL_REWARD);
    out[EPIC] += share * distance(step_correlation(c, IRL_EVAL_EPIC));
    out[DARD] += share * distance(step_correlation(c, IRL_EVAL_DARD));
  }
  out[AUC] += share * separation(c);
}

//---------------------------------- All of them ---------------------------------------------------

// The point figures, and one replicate after another: replicate (NFIGURES, IRL_EVAL_REPLICATES).
static void add_condition(contrast* c, const irl_judge* j, int k, double* point,
                          double* replicate) {
  bool rewards = j->info->has_reward;
  double out[NFIGURES], share = 1.0 / j->nc;
  for (int i = 0; i < c->n; i++) {
    c->pick[i] = i;
  }
  add_figures(c, rewards, share, point);
  for (int b = 0; b < IRL_EVAL_REPLICATES; b++) {
    irl_rng rng =
        irl_rng_stream(j->options->seed, IRL_PURPOSE_BOOTSTRAP, (uint64_t)b + 1, (uint64_t)k, 0);
    irl_resample(&rng, c->group, c->n, c->pick);
    memset(out, 0, sizeof out);
    add_figures(c, rewards, share, out);
    for (int f = 0; f < NFIGURES; f++) {
      replicate[f * IRL_EVAL_REPLICATES + b] += out[f];
    }
  }
}

static irl_err judge_condition(irl_judge* j, const irl_eval_set* set, int k, double* point,
                               double* replicate, irl_errinfo* info) {
  contrast c;
  irl_err err = contrast_create(&c, set->batch.n);
  if (err == IRL_OK) {
    gather(&c, set, j->run->condition[k]);
    err = j->info->has_reward ? irl_eval_canonical(j, set, k, c.member, c.n, c.pair, info) : IRL_OK;
  }
  if (err == IRL_OK) {
    add_condition(&c, j, k, point, replicate);
  }
  contrast_destroy(&c);
  return err;
}

irl_err irl_judge_cost(irl_judge* j, const irl_eval_set* set, irl_eval_result* r,
                       irl_errinfo* info) {
  double point[NFIGURES] = {0.0};
  double* replicate = IRL_NEW(double, (size_t)NFIGURES* IRL_EVAL_REPLICATES);
  irl_err err = replicate == NULL ? IRL_ENOMEM : IRL_OK;
  for (int k = 0; k < j->nc && err == IRL_OK; k++) {
    err = judge_condition(j, set, k, point, replicate, info);
  }
  const struct {
    figure f;
    double* value;
    irl_interval* interval;
  } outputs[] = {{SPEARMAN, &r->spearman, &r->interval.spearman},
                 {PEARSON, &r->pearson, &r->interval.pearson},
                 {EPIC, &r->epic, &r->interval.epic},
                 {DARD, &r->dard, &r->interval.dard},
                 {AUC, &r->auc, &r->interval.auc}};
  for (int i = 0; i < NFIGURES && err == IRL_OK; i++) {
    if (j->info->has_reward || outputs[i].f == AUC) {
      *outputs[i].value = point[outputs[i].f];
      *outputs[i].interval = irl_percentile_interval(
          replicate + (long)outputs[i].f * IRL_EVAL_REPLICATES, IRL_EVAL_REPLICATES);
    }
  }
  irl_free(replicate);
  return err;
}
