// log Z with a control variate: the closed form of the sampler's linear-quadratic model carries the
// bulk, and the weights only what it misses.
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "irl/partition.h"

// Means beyond this many standard errors from the known one say that the samples do not cover the
// model: a regression would extrapolate, which only a model that leaves no more than this share of
// the weights' variance unexplained may do.
static const double TRUSTED = 3.0, EXACT = 1e-6;

typedef struct moments {
  double mean_w, mean_v;
  double vv, vw, ww;  // variance of v, covariance with w, variance of w
} moments;

// w_i = exp(logw_i − top), v_i = exp(logv_i).
static moments moments_of(const double* logw, const double* logv, int n, double top) {
  moments m = {0, 0, 0, 0, 0};
  for (int i = 0; i < n; i++) {
    m.mean_w += exp(logw[i] - top) / n;
    m.mean_v += exp(logv[i]) / n;
  }
  for (int i = 0; i < n; i++) {
    double dv = exp(logv[i]) - m.mean_v;
    m.vv += dv * dv / n;
    double dw = exp(logw[i] - top) - m.mean_w;
    m.vw += dv * dw / n;
    m.ww += dw * dw / n;
  }
  return m;
}

static bool usable(const moments* m, int n) {
  double error = sqrt(m->vv / n);
  bool exact = m->vw * m->vw >= (1.0 - EXACT) * m->vv * m->ww;
  return n > 2 && isfinite(m->vv) && m->vv > 0.0 &&
         (exact || fabs(m->mean_v - 1.0) <= TRUSTED * error);
}

irl_log_z irl_log_z_controlled(const double* logw, const double* logv, int n, double* w) {
  irl_log_z plain = irl_importance(logw, n, w);
  if (!isfinite(plain.log_z)) {
    return plain;
  }
  double top = plain.log_z;  // w_i has mean 1 then
  moments m = moments_of(logw, logv, n, top);
  double beta = m.vv > 0.0 ? m.vw / m.vv : 0.0;
  double z = m.mean_w - beta * (m.mean_v - 1.0);
  if (!usable(&m, n) || !(z > 0.0)) {
    return plain;
  }
  irl_log_z out = {.log_z = top + log(z)};
  double square = 0.0, rest = 0.0;
  for (int i = 0; i < n; i++) {
    double wi = exp(logw[i] - top), dv = exp(logv[i]) - m.mean_v;
    double share = wi * (1.0 - dv * (m.mean_v - 1.0) / m.vv) / (n * z);
    double miss = wi - m.mean_w - beta * dv;
    square += share * share;
    rest += miss * miss;
    out.max_weight = fmax(out.max_weight, share);
    if (w != NULL) {
      w[i] = share;
    }
  }
  out.ess = 1.0 / square;
  out.std_error = sqrt(rest / ((double)n * (n - 1))) / z;
  return out;
}
