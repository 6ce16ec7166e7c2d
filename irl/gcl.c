#include <math.h>
#include <stddef.h>

#include "irl/loss_internal.h"
#include "irl/partition.h"

enum { TEMPER_STEPS = 30 };

// Log-weights −c − log μ of the background, n of them from `first`.
static void log_weights(const irl_loss_input* in, int first, double exponent, double* logw) {
  for (int i = first; i < in->n; i++) {
    logw[i - first] = exponent * (-in->cost[i] - in->logmu[i]);
  }
}

// Largest exponent in (0, 1] at which the effective sample size reaches min_ess of the background,
// by bisection. Below one the weights are biased towards the background and less noisy.
static double temper(const irl_loss_input* in, int first, double* logw) {
  int n = in->n - first;
  log_weights(in, first, 1.0, logw);
  if (in->min_ess <= 0.0 || irl_importance(logw, n, NULL).ess >= in->min_ess * n) {
    return 1.0;
  }
  double lo = 0.0, hi = 1.0;
  for (int k = 0; k < TEMPER_STEPS; k++) {
    double mid = 0.5 * (lo + hi);
    log_weights(in, first, mid, logw);
    if (irl_importance(logw, n, NULL).ess >= in->min_ess * n) {
      lo = mid;
    } else {
      hi = mid;
    }
  }
  return lo;
}

static irl_loss_output maxent(const irl_loss_input* in, int first, double* gradient, double* work) {
  irl_loss_output out = {.temper = temper(in, first, work)};
  int n = in->n - first;
  log_weights(in, first, 1.0, work);
  out.log_z = irl_importance(work, n, NULL).log_z;
  log_weights(in, first, out.temper, work);
  for (int i = 0; i < first; i++) {
    gradient[i] = 0.0;
  }
  irl_log_z weighted = in->logv != NULL && out.temper == 1.0
                           ? irl_log_z_controlled(work, in->logv + first, n, gradient + first)
                           : irl_importance(work, n, gradient + first);
  out.ess = weighted.ess;
  double mean_demo = 0.0;
  for (int i = first; i < in->n; i++) {
    gradient[i] = -gradient[i];
  }
  for (int i = 0; i < in->ndemo; i++) {
    gradient[i] += 1.0 / in->ndemo;
    mean_demo += in->cost[i] / in->ndemo;
  }
  out.loss = mean_demo + out.log_z;
  return out;
}

irl_loss_output irl_loss_gcl(const irl_loss_input* in, double* gradient, double* work) {
  return maxent(in, 0, gradient, work);
}

irl_loss_output irl_loss_gcl_q(const irl_loss_input* in, double* gradient, double* work) {
  return maxent(in, in->ndemo, gradient, work);
}
