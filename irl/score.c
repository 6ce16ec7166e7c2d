// Energies, log-densities and importance weights of given trajectories under a learned model.
#include <string.h>

#include "base/arena.h"
#include "irl/eval.h"
#include "irl/partition.h"

static int condition_slot(const irl_run* run, int condition) {
  for (int k = 0; k < run->nconditions; k++) {
    if (run->condition[k] == condition) {
      return k;
    }
  }
  return -1;
}

static double path_cost(const irl_run* run, const irl_batch* b, int i, double* step) {
  double sum = 0.0;
  irl_cost_eval(run->cost, b->length[i], irl_batch_x(b, i, 0), irl_batch_u(b, i, 0), step);
  for (int t = 0; t < b->length[i]; t++) {
    sum += step[t];
  }
  return sum;
}

// Weights of the rows that belong to one condition, normalised among themselves.
static void weigh(irl_score_row* rows, int n, int condition, double* logw, double* w) {
  int count = 0;
  for (int i = 0; i < n; i++) {
    if (rows[i].condition == condition) {
      logw[count++] = rows[i].log_p - rows[i].log_q;
    }
  }
  irl_importance(logw, count, w);
  for (int i = 0, j = 0; i < n; i++) {
    if (rows[i].condition == condition) {
      rows[i].weight = w[j++];
    }
  }
}

static irl_err score_rows(const irl_run* run, const irl_batch* b, irl_score_row* rows, int* nrows,
                          double* step, irl_errinfo* info) {
  int n = 0;
  for (int i = 0; i < b->n; i++) {
    int k = condition_slot(run, b->condition[i]);
    if (!b->valid[i]) {
      continue;
    }
    if (k < 0) {
      return irl_fail(
          info, IRL_EDIM,
          "episode %d: its condition %d had no demonstrations in training; leave it out", i,
          b->condition[i]);
    }
    double cost = path_cost(run, b, i, step);
    rows[n++] = (irl_score_row){.episode = i,
                                .condition = b->condition[i],
                                .cost = cost,
                                .log_p = -cost - run->log_z[k],
                                .log_q = irl_policy_batch_logdensity(&run->learned[k], b, i)};
  }
  *nrows = n;
  return IRL_OK;
}

irl_err irl_score(const irl_run* run, const irl_demos* demos, irl_score_row** rows, int* nrows,
                  irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  IRL_TRY(irl_demos_match(demos, run->task, info));
  *nrows = 0;
  *rows = IRL_NEW(irl_score_row, b->n);
  double* work = IRL_NEW(double, 2 * b->n + b->horizon);
  irl_err err = *rows == NULL || work == NULL
                    ? irl_fail(info, IRL_ENOMEM, "score: out of memory; score fewer episodes")
                    : score_rows(run, b, *rows, nrows, work + 2 * b->n, info);
  for (int k = 0; k < run->nconditions && err == IRL_OK; k++) {
    weigh(*rows, *nrows, run->condition[k], work, work + b->n);
  }
  irl_free(work);
  if (err != IRL_OK) {
    irl_free(*rows);
    *rows = NULL;
  }
  return err;
}
