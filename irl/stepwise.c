#include <math.h>

#include "base/linalg.h"
#include "irl/loss_internal.h"

enum { NEWTON_STEPS = 8 };

// Sum over the items of ∂L/∂b at b, and of the second derivative.
static double slope(const irl_loss_input* in, double b, double* curvature) {
  double first = 0.0, second = 0.0;
  for (int i = 0; i < in->n; i++) {
    double d = exp(irl_log_sigmoid(-in->cost[i] - in->logmu[i] - b));
    double n = i < in->ndemo ? in->ndemo : in->n - in->ndemo;
    first += (i < in->ndemo ? 1.0 - d : -d) / n;
    second += d * (1.0 - d) / n;
  }
  *curvature = second;
  return first;
}

// The constant b at which the loss is least, by Newton's method from where it was. The loss is
// convex in b; steps are bounded, so that saturated items do not throw it off.
static double solve_constant(const irl_loss_input* in) {
  double b = in->log_z;
  for (int k = 0; k < NEWTON_STEPS; k++) {
    double curvature, g = slope(in, b, &curvature);
    double step = -g / fmax(curvature, 1e-3);
    b += fmin(fmax(step, -2.0), 2.0);
    if (fabs(step) < 1e-6) {
      break;
    }
  }
  return b;
}

irl_loss_output irl_loss_stepwise(const irl_loss_input* in, double* gradient, double* work) {
  (void)work;
  irl_loss_output out = {.log_z = solve_constant(in), .ess = NAN, .temper = 1.0};
  int np = in->ndemo, nq = in->n - np;
  for (int i = 0; i < in->n; i++) {
    double s = -in->cost[i] - in->logmu[i] - out.log_z;
    gradient[i] = i < np ? exp(irl_log_sigmoid(-s)) / np : -exp(irl_log_sigmoid(s)) / nq;
    out.loss -= i < np ? irl_log_sigmoid(s) / np : irl_log_sigmoid(-s) / nq;
  }
  return out;
}
