#include "policy/advantage.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"

enum { MAX_NX = 1 << 13, TIME_FEATURES = 4, MOST_RIDGES = 8 };

static const double clip = 10;              // whitened observations beyond this say no more
static const double smallest_ridge = 1e-5;  // of the features' mean square

void irl_advantage(const double* reward, const double* value, int length, double last,
                   double discount, double trace, double* advantage) {
  double next = last, sum = 0;
  for (int t = length - 1; t >= 0; t--) {
    const double delta = reward[t] + discount * next - value[t];
    sum = delta + discount * trace * sum;
    next = value[t];
    advantage[t] = sum;
  }
}

void irl_discounted_sum(const double* reward, int length, double discount, double* sum) {
  double ahead = 0;
  for (int t = length - 1; t >= 0; t--) {
    ahead = reward[t] + discount * ahead;
    sum[t] = ahead;
  }
}

irl_err irl_critic_create(irl_critic* v, int nx, bool products) {
  *v = (irl_critic){0};
  if (nx < 1 || nx > (products ? IRL_CRITIC_MOST_PAIRED : MAX_NX)) {
    return IRL_ERANGE;
  }
  const size_t m = (size_t)nx, n = m + (products ? m * (m + 1) / 2 : m) + TIME_FEATURES;
  double* p = IRL_NEW(double, 3 * n + 2 * n * n);
  if (p == NULL) {
    return IRL_ENOMEM;
  }
  *v = (irl_critic){.nx = nx, .products = products, .n = (int)n, .memory = p};
  v->weight = p;
  v->feature = p + n;
  v->moment = p + 2 * n;
  v->gram = p + 3 * n;
  v->factor = v->gram + n * n;
  return IRL_OK;
}

void irl_critic_destroy(irl_critic* v) {
  irl_free(v->memory);
  *v = (irl_critic){0};
}

// φ(x, t) = [x̃, x̃², 1, τ, τ², τ³], x̃ the whitened observation, τ = t/horizon; x̃ᵢ x̃ⱼ of all j ≤ i
// in place of x̃² with products.
static void features(const irl_critic* v, const double* mean, const double* stddev, const double* x,
                     double time, double* phi) {
  for (int i = 0; i < v->nx; i++) {
    const double z = (x[i] - mean[i]) / stddev[i];
    const double c = z > clip ? clip : z < -clip ? -clip : z;
    phi[i] = c;
  }
  double* p = phi + v->nx;
  for (int i = 0; i < v->nx; i++) {
    for (int j = v->products ? 0 : i; j <= i; j++) {
      *p++ = phi[i] * phi[j];
    }
  }
  p[0] = 1;
  p[1] = time;
  p[2] = time * time;
  p[3] = time * time * time;
}

void irl_critic_predict(irl_critic* v, const double* mean, const double* stddev,
                        const irl_batch* batch, int i, int horizon, double* out) {
  for (int t = 0; t < batch->length[i]; t++) {
    out[t] = 0;
    if (v->fitted != 0) {
      features(v, mean, stddev, irl_batch_x(batch, i, t), (double)t / horizon, v->feature);
      out[t] = irl_dot(v->weight, v->feature, v->n);
    }
  }
}

// Lower half of Σ φ φᵀ, and Σ φ target.
static void accumulate(irl_critic* v, const double* mean, const double* stddev,
                       const irl_batch* batch, int i, int horizon, const double* target) {
  for (int t = 0; t < batch->length[i]; t++) {
    features(v, mean, stddev, irl_batch_x(batch, i, t), (double)t / horizon, v->feature);
    for (int a = 0; a < v->n; a++) {
      irl_axpy(v->gram + (ptrdiff_t)a * v->n, v->feature[a], v->feature, a + 1);
    }
    irl_axpy(v->moment, target[t], v->feature, v->n);
  }
}

// weight = (gram + ridge I)⁻¹ moment; false when that matrix is not positive definite.
static bool solve(irl_critic* v, double ridge) {
  const int n = v->n;
  memcpy(v->factor, v->gram, (size_t)n * (size_t)n * sizeof(double));
  for (int a = 0; a < n; a++) {
    v->factor[(ptrdiff_t)a * n + a] += ridge;
  }
  if (!irl_cholesky(v->factor, v->factor, n)) {
    return false;
  }
  irl_solve_lower(v->feature, v->factor, v->moment, n);
  irl_solve_lower_t(v->feature, v->factor, v->feature, n);
  return irl_all_finite(v->feature, n);
}

irl_err irl_critic_fit(irl_critic* v, const double* mean, const double* stddev,
                       const irl_batch* batch, const int* index, int n, int horizon,
                       const double* target) {
  double trace = 0;
  memset(v->gram, 0, (size_t)v->n * (size_t)v->n * sizeof(double));
  memset(v->moment, 0, (size_t)v->n * sizeof(double));
  for (int k = 0; k < n; k++) {
    accumulate(v, mean, stddev, batch, index[k], horizon,
               target + (ptrdiff_t)index[k] * batch->horizon);
  }
  for (int a = 0; a < v->n; a++) {
    trace += v->gram[(ptrdiff_t)a * v->n + a];
  }
  double ridge = smallest_ridge * trace / v->n;
  for (int k = 0; k < MOST_RIDGES && isfinite(ridge); k++, ridge *= 10) {
    if (solve(v, ridge)) {
      memcpy(v->weight, v->feature, (size_t)v->n * sizeof(double));
      v->fitted = 1;
      return IRL_OK;
    }
  }
  return IRL_ENUM;
}
