// How far apart two learned models are: the Kullback-Leibler divergence of the weights that they
// give a common set of trajectories.
#include "irl/compare.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/objective_internal.h"
#include "irl/partition.h"

// One condition's trajectories in both models' eyes.
typedef struct views {
  double* logw[2];  // −c − log ½(q_a + q_b)   (n)
  double* w[2];     // normalised              (n)
  int n;
} views;

static int slot_of(const irl_run* run, int condition) {
  for (int k = 0; k < run->nconditions; k++) {
    if (run->condition[k] == condition) {
      return k;
    }
  }
  return -1;
}

// The background is the same for both, an even mixture of their last samplers, so that the weights
// differ by the costs alone.
static void view(views* v, const irl_run* const run[2], const irl_batch* b, int i) {
  double logq[2];
  for (int m = 0; m < 2; m++) {
    int k = slot_of(run[m], b->condition[i]);
    logq[m] = irl_policy_batch_logdensity(&run[m]->learned[k], b, i);
  }
  double top = fmax(logq[0], logq[1]);
  double logmu = top + log(0.5 * exp(logq[0] - top) + 0.5 * exp(logq[1] - top));
  for (int m = 0; m < 2; m++) {
    irl_objective o = irl_cost_objective(run[m]->cost);
    v->logw[m][v->n] = -o.path_cost(o.arg, b, i) - logmu;
  }
  v->n++;
}

// Σ p log(p/q) of normalised weights given with their logarithms up to a constant each.
static double divergence(const double* p, const double* logp, double log_zp, const double* logq,
                         double log_zq, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    sum += p[i] > 0.0 ? p[i] * ((logp[i] - log_zp) - (logq[i] - log_zq)) : 0.0;
  }
  return fmax(sum, 0.0);  // rounding
}

static void compare_condition(views* v, irl_comparison* out) {
  irl_log_z a = irl_importance(v->logw[0], v->n, v->w[0]);
  irl_log_z b = irl_importance(v->logw[1], v->n, v->w[1]);
  out->kl += divergence(v->w[0], v->logw[0], a.log_z, v->logw[1], b.log_z, v->n);
  out->kl_reverse += divergence(v->w[1], v->logw[1], b.log_z, v->logw[0], a.log_z, v->n);
  out->ess += a.ess;
  out->ess_against += b.ess;
  out->conditions++;
}

static irl_err compare(const irl_run* const run[2], const irl_batch* b, views* v,
                       irl_comparison* out, irl_errinfo* info) {
  for (int k = 0; k < run[0]->nconditions; k++) {
    int condition = run[0]->condition[k];
    v->n = 0;
    for (int i = 0; i < b->n && slot_of(run[1], condition) >= 0; i++) {
      if (b->condition[i] == condition && b->valid[i]) {
        view(v, run, b, i);
      }
    }
    if (v->n > 0) {
      compare_condition(v, out);
    }
  }
  if (out->conditions == 0) {
    return irl_fail(info, IRL_EDIM,
                    "demonstrations: none is of a condition that both runs were trained on; give "
                    "others");
  }
  out->kl /= out->conditions;
  out->kl_reverse /= out->conditions;
  out->ess /= out->conditions;
  out->ess_against /= out->conditions;
  return IRL_OK;
}

irl_err irl_compare(const irl_run* run, const irl_run* against, const irl_demos* demos,
                    irl_comparison* out, irl_errinfo* info) {
  const irl_task_info *t = irl_task_get(run->task), *other = irl_task_get(against->task);
  memset(out, 0, sizeof *out);
  if (t->nx != other->nx || t->nu != other->nu) {
    return irl_fail(info, IRL_EDIM,
                    "%s: a run of task %s with %d observations and %d actions, the other's %s has "
                    "%d and %d; give two runs of one task",
                    against->folder, other->name, other->nx, other->nu, t->name, t->nx, t->nu);
  }
  IRL_TRY(irl_demos_match(demos, run->task, info));
  const irl_run* const both[2] = {run, against};
  size_t n = (size_t)demos->batch.n;
  double* work = IRL_NEW(double, 4 * n);
  if (work == NULL) {
    return irl_fail(info, IRL_ENOMEM, "score: out of memory; score fewer episodes");
  }
  views v = {{work, work + n}, {work + 2 * n, work + 3 * n}, 0};
  irl_err err = compare(both, &demos->batch, &v, out, info);
  irl_free(work);
  return err;
}
