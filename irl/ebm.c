#include <math.h>
#include <stddef.h>

#include "irl/loss_internal.h"
#include "irl/partition.h"

enum { PARTICLES = 64, MOVES = 8 };

// Moves a particle by an independence Metropolis chain with the background as its proposal: from i
// to j with probability min(1, w_j/w_i).
static int metropolis(const double* logw, int n, int i, irl_rng* rng) {
  for (int k = 0; k < MOVES; k++) {
    int j = (int)irl_rng_below(rng, (uint64_t)n);
    if (log(1.0 - irl_rng_uniform(rng)) < logw[j] - logw[i]) {
      i = j;
    }
  }
  return i;
}

irl_loss_output irl_loss_ebm(const irl_loss_input* in, double* gradient, double* work) {
  for (int i = 0; i < in->n; i++) {
    work[i] = -in->cost[i] - in->logmu[i];
  }
  irl_log_z z = irl_importance(work, in->n, gradient);
  irl_loss_output out = {.log_z = z.log_z, .ess = z.ess, .temper = 1.0};

  // Systematic resampling: particle m stands at cumulative weight (m + v)/M.
  double place[PARTICLES], v = irl_rng_uniform(in->rng), cumulative = 0.0;
  for (int m = 0, i = -1; m < PARTICLES; m++) {
    while (i < in->n - 1 && (i < 0 || cumulative <= (m + v) / PARTICLES)) {
      cumulative += gradient[++i];
    }
    place[m] = i;
  }
  for (int i = 0; i < in->n; i++) {
    gradient[i] = i < in->ndemo ? 1.0 / in->ndemo : 0.0;
    out.loss += i < in->ndemo ? in->cost[i] / in->ndemo : 0.0;
  }
  for (int m = 0; m < PARTICLES; m++) {
    gradient[metropolis(work, in->n, (int)place[m], in->rng)] -= 1.0 / PARTICLES;
  }
  out.loss += out.log_z;
  return out;
}
