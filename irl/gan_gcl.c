#include <math.h>
#include <stddef.h>

#include "base/linalg.h"
#include "irl/loss_internal.h"
#include "irl/partition.h"

// Effective sample size of the model's weights e^{−c}/q over the samples, for the log only.
static double effective_samples(const irl_loss_input* in, double* work) {
  for (int j = in->ndemo; j < in->n; j++) {
    work[j - in->ndemo] = -in->cost[j] - in->logmu[j];
  }
  return irl_importance(work, in->n - in->ndemo, NULL).ess;
}

irl_loss_output irl_loss_gan_gcl(const irl_loss_input* in, double* gradient, double* work) {
  int np = in->ndemo, nq = in->n - np;
  double conditioning;
  irl_loss_output out = {.temper = 1.0};
  out.log_z = irl_discriminator_log_z(in->cost, in->logmu, np, in->cost + np, in->logmu + np, nq,
                                      &conditioning);
  for (int i = 0; i < in->n; i++) {
    double s = irl_discriminator_logit(in->cost[i], in->logmu[i], out.log_z);
    // ∂/∂c of −log σ(s) and of −log(1−σ(s)), with ∂s/∂c = −1
    gradient[i] = i < np ? exp(irl_log_sigmoid(-s)) / np : -exp(irl_log_sigmoid(s)) / nq;
    out.loss -= i < np ? irl_log_sigmoid(s) / np : irl_log_sigmoid(-s) / nq;
  }
  out.ess = effective_samples(in, work);
  return out;
}
