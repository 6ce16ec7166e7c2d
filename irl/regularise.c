// Penalties on the cost itself, beside the loss: they add to the weights that backpropagation
// starts from. Each is in units of the step costs' variance s² over the condition's rows, which is
// held constant in the gradient: at the paper's own weights they swamp a cost of another scale.
#include <stddef.h>

#include "irl/regularise_internal.h"

// g_lcr = Σ_t [(c_{t+1} − c_t) − (c_t − c_{t−1})]²: locally constant rate (GCL, section 5.1).
double irl_penalty_rate(const float* c, int paths, int steps, double scale, float* weight) {
  double sum = 0.0;
  for (int i = 0; i < paths; i++) {
    const float* ci = c + (long)i * steps;
    for (int t = 1; t < steps - 1; t++) {
      double d = (double)ci[t + 1] - 2.0 * (double)ci[t] + (double)ci[t - 1];
      float g = (float)(2.0 * scale * d), *w = weight + (long)i * steps + t;
      sum += scale * d * d;
      w[-1] += g;
      w[0] -= 2.0f * g;
      w[1] += g;
    }
  }
  return sum;
}

// g_mono = Σ_t max(0, c_t − c_{t−1} − 1)²: demonstrations make monotone progress, up to one nat a
// step (GCL, section 5.2).
double irl_penalty_progress(const float* c, int paths, int steps, double scale, float* weight) {
  double sum = 0.0;
  for (int i = 0; i < paths; i++) {
    const float* ci = c + (long)i * steps;
    for (int t = 1; t < steps; t++) {
      double rise = (double)ci[t] - (double)ci[t - 1] - 1.0;
      if (rise > 0.0) {
        float g = (float)(2.0 * scale * rise);
        sum += scale * rise * rise;
        weight[(long)i * steps + t] += g;
        weight[(long)i * steps + t - 1] -= g;
      }
    }
  }
  return sum;
}

// Σ_p [(c(x_p + δv_p) − c(x_p − δv_p)) / 2δ]² for directions v_p ~ N(0, I) in x̂, whose expectation
// is Σ ‖∂c/∂x̂‖² for small δ (Hutchinson 1990): the gradient penalty without second derivatives. c:
// the two sides of each pair in turn.
double irl_penalty_slope(const float* c, int pairs, double delta, double scale, float* weight) {
  double sum = 0.0;
  for (int p = 0; p < pairs; p++) {
    double slope = ((double)c[2 * p] - (double)c[2 * p + 1]) / (2.0 * delta);
    float g = (float)(scale * slope / delta);
    sum += scale * slope * slope;
    weight[2 * p] += g;
    weight[2 * p + 1] -= g;
  }
  return sum;
}

double irl_step_variance(const float* c, int n) {
  double mean = 0.0, sum = 0.0;
  for (int i = 0; i < n; i++) {
    double delta = (double)c[i] - mean;
    mean += delta / (i + 1);
    sum += delta * ((double)c[i] - mean);
  }
  return n > 0 ? sum / n : 0.0;
}
