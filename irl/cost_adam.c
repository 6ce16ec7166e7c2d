// The optimiser: one pass over parameters and moments.
#include <math.h>

#include "irl/cost.h"

// The paper's values.
irl_adam irl_adam_defaults(void) {
  return (irl_adam){.rate = 1e-3,
                    .beta1 = 0.9,
                    .beta2 = 0.999,
                    .epsilon = 1e-8,
                    .weight_decay = 0,
                    .max_norm = INFINITY};
}

// Factor that brings the gradient to max_norm; 0 when it is not finite: such a step is left out.
static double clip_factor(const irl_adam* adam, int n, const float* gradient) {
  double norm2 = 0;
  for (int i = 0; i < n; i++) {
    norm2 += (double)gradient[i] * (double)gradient[i];
  }
  double norm = sqrt(norm2);
  if (!isfinite(norm)) {
    return 0;
  }
  return norm > adam->max_norm ? adam->max_norm / norm : 1;
}

// Algorithm 1 of Kingma and Ba 2015 with its bias corrections moved into the rate and epsilon:
//   θ −= α √(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε √(1−β₂ᵗ))
void irl_adam_step(const irl_adam* adam, int n, int step, const float* gradient, float* m, float* v,
                   float* params) {
  double clip = clip_factor(adam, n, gradient);
  if (clip == 0) {
    return;
  }
  double root = sqrt(1 - pow(adam->beta2, step));
  const float rate = (float)(adam->rate * root / (1 - pow(adam->beta1, step)));
  const float epsilon = (float)(adam->epsilon * root), scale = (float)clip;
  const float b1 = (float)adam->beta1, c1 = (float)(1 - adam->beta1);
  const float b2 = (float)adam->beta2, c2 = (float)(1 - adam->beta2);
  const float keep = (float)(1 - adam->rate * adam->weight_decay);
  for (int i = 0; i < n; i++) {
    float g = gradient[i] * scale;
    m[i] = b1 * m[i] + c1 * g;
    v[i] = b2 * v[i] + c2 * g * g;
    params[i] = keep * params[i] - rate * m[i] / (sqrtf(v[i]) + epsilon);
  }
}
