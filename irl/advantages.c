#include <math.h>

#include "irl/advantages_internal.h"

void irl_values_advantages(const irl_values* v, const irl_batch* b, const int* index, int n,
                           const double* reward, double trace, double* advantage) {
  for (int k = 0; k < n; k++) {
    const int i = index[k];
    double* a = advantage + (long)i * b->horizon;
    irl_critic_predict(v->critic, v->mean, v->stddev, b, i, b->horizon, a);
    irl_advantage(reward + (long)i * b->horizon, a, b->length[i], 0, v->discount, trace, a);
  }
}

void irl_values_fit(const irl_values* v, const irl_batch* b, const int* index, int n,
                    double* reward) {
  for (int k = 0; k < n; k++) {
    double* r = reward + (long)index[k] * b->horizon;
    irl_discounted_sum(r, b->length[index[k]], v->discount, r);
  }
  irl_err ignored = irl_critic_fit(v->critic, v->mean, v->stddev, b, index, n, b->horizon, reward);
  (void)ignored;
}

double irl_advantages_normalise(const irl_batch* b, const int* index, int n, double* advantage) {
  double mean = 0, square = 0;
  long rows = 0;
  for (int k = 0; k < n; k++) {
    const double* a = advantage + (long)index[k] * b->horizon;
    for (int t = 0; t < b->length[index[k]]; t++) {
      mean += a[t];
      rows++;
    }
  }
  mean /= (double)rows;
  for (int k = 0; k < n; k++) {
    double* a = advantage + (long)index[k] * b->horizon;
    for (int t = 0; t < b->length[index[k]]; t++) {
      a[t] -= mean;
      square += a[t] * a[t];
    }
  }
  const double spread = sqrt(square / (double)rows);
  if (spread <= 1e-12 * fmax(1, fabs(mean))) {
    return 0;
  }
  for (int k = 0; k < n; k++) {
    double* a = advantage + (long)index[k] * b->horizon;
    for (int t = 0; t < b->length[index[k]]; t++) {
      a[t] /= spread;
    }
  }
  return spread;
}
