// Nothing here leaves log space before a maximum has been taken off.
#include "irl/partition.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/linalg.h"

//---------------------------------- Importance weights --------------------------------------------

static irl_log_z log_z_constant(double log_z) {
  return (irl_log_z){.log_z = log_z, .std_error = INFINITY, .ess = 0, .max_weight = 0};
}

// Largest entry; NaN as soon as one entry is NaN (fmax would drop it).
static double largest(const double* x, int n) {
  double max = -INFINITY;
  for (int i = 0; i < n; i++) {
    if (isnan(x[i])) {
      return NAN;
    }
    max = x[i] > max ? x[i] : max;
  }
  return max;
}

// w may be NULL.
static void fill(double* w, int n, double value) {
  for (int i = 0; w != NULL && i < n; i++) {
    w[i] = value;
  }
}

irl_log_z irl_importance(const double* logw, int n, double* w) {
  double max = largest(logw, n);
  if (!isfinite(max)) {
    // No weight at all (−inf), or one that is not a number or infinite: no estimate.
    fill(w, n, max < 0 ? 0 : NAN);
    return log_z_constant(n < 1 ? (double)NAN : max);
  }
  double sum = 0, sum2 = 0;
  for (int i = 0; i < n; i++) {
    double e = exp(logw[i] - max);
    sum += e;
    sum2 += e * e;
  }
  double mean = sum / n, deviation2 = 0;
  for (int i = 0; i < n; i++) {
    double e = exp(logw[i] - max);
    deviation2 += (e - mean) * (e - mean);
    if (w != NULL) {
      w[i] = e / sum;
    }
  }
  // Delta method: sd(log ŵ) = sd(w) / (√n E w).
  double std_error = n > 1 ? sqrt(deviation2 / ((double)n * (n - 1))) / mean : (double)INFINITY;
  return (irl_log_z){.log_z = max + log(mean),
                     .std_error = std_error,
                     .ess = sum * sum / sum2,
                     .max_weight = 1 / sum};
}

irl_log_z irl_log_z_from_q(const double* cost, const double* logq, int n, double* work) {
  for (int i = 0; i < n; i++) {
    work[i] = -cost[i] - logq[i];
  }
  return irl_importance(work, n, NULL);
}

//---------------------------------- Mixture -------------------------------------------------------

// log Σ_m share_m q_m of one trajectory; components without trajectories are left out.
static double log_mixture_at(const double* logq, const double* count, double total, int m,
                             long stride) {
  double max = -INFINITY;
  for (int k = 0; k < m; k++) {
    double value = logq[k * stride];
    max = count[k] > 0 && (value > max || isnan(value)) ? value : max;
  }
  if (!isfinite(max)) {
    return max;
  }
  double sum = 0;
  for (int k = 0; k < m; k++) {
    sum += count[k] > 0 ? count[k] / total * exp(logq[k * stride] - max) : 0;
  }
  return max + log(sum);
}

void irl_log_mixture(const double* logq, const double* count, int m, int n, double* out) {
  double total = 0;
  for (int k = 0; k < m; k++) {
    total += count[k];
  }
  for (int i = 0; i < n; i++) {
    out[i] = log_mixture_at(logq + i, count, total, m, n);
  }
}

//---------------------------------- Discriminator -------------------------------------------------

double irl_discriminator_logit(double cost, double logq, double log_z) {
  return -cost - logq - log_z;
}

// One batch's share of the stationarity equation, as a function of log Z.
typedef struct batch_view {
  const double* cost;
  const double* logq;
  int n;
} batch_view;

// log mean_i σ(sign · s_i) and the modulus of its derivative in log Z, Σ_i w_i σ(−sign · s_i) with
// w_i ∝ σ(sign · s_i). Everything relative to the largest logit, so that nothing underflows.
static double log_mean_sigmoid(const batch_view* b, double sign, double log_z, double* slope) {
  double top = -INFINITY;
  for (int i = 0; i < b->n; i++) {
    double t = sign * irl_discriminator_logit(b->cost[i], b->logq[i], log_z);
    top = t > top ? t : top;
  }
  double log_top = irl_log_sigmoid(top), sum = 0, weighted = 0;
  for (int i = 0; i < b->n; i++) {
    double t = sign * irl_discriminator_logit(b->cost[i], b->logq[i], log_z);
    double e = exp(irl_log_sigmoid(t) - log_top);
    sum += e;
    weighted += e * exp(irl_log_sigmoid(-t));
  }
  *slope = weighted / sum;
  return log_top + log(sum / b->n);
}

// Residual of the stationarity equation in log space, increasing in log Z, with its slope:
//   log mean_p(1−D) − log mean_q D   or, mirrored,   log mean_q(1−D) − log mean_p D
// whichever is steeper. Both have the same root; the flat one has lost it where logits saturate.
static double residual(const batch_view* p, const batch_view* q, double log_z, double* slope) {
  double sp, sq, mirror_sp, mirror_sq;
  double direct = log_mean_sigmoid(p, -1, log_z, &sp) - log_mean_sigmoid(q, 1, log_z, &sq);
  double mirror =
      log_mean_sigmoid(q, -1, log_z, &mirror_sq) - log_mean_sigmoid(p, 1, log_z, &mirror_sp);
  if (sp + sq >= mirror_sp + mirror_sq) {
    *slope = sp + sq;
    return direct;
  }
  *slope = mirror_sp + mirror_sq;
  return mirror;
}

// Takes the logits of a batch, at log Z = 0, into the bracket.
static void widen(const batch_view* b, double* lo, double* hi) {
  for (int i = 0; i < b->n; i++) {
    double s = irl_discriminator_logit(b->cost[i], b->logq[i], 0);
    *lo = s < *lo ? s : *lo;
    *hi = s > *hi ? s : *hi;
  }
}

// Newton inside a bracket: at the smallest logit every 1−D <= ½ <= D, at the largest the other way
// round, so the root lies between. A step that leaves the bracket, or that does not halve it in two
// rounds, is replaced by bisection.
static double find_root(const batch_view* p, const batch_view* q, double lo, double hi) {
  enum { MAX_STEPS = 400 };
  double z = 0.5 * (lo + hi), width = hi - lo;
  for (int i = 0; i < MAX_STEPS && lo < hi; i++) {
    double slope, r = residual(p, q, z, &slope);
    if (r == 0) {
      return z;
    }
    *(r > 0 ? &hi : &lo) = z;
    double next = z - r / slope;
    bool slow = i % 2 == 1 && hi - lo > 0.5 * width;
    width = i % 2 == 1 ? hi - lo : width;
    if (slow || !(next > lo && next < hi)) {
      next = 0.5 * (lo + hi);
    }
    if (next == z || next == lo || next == hi) {
      return next;
    }
    z = next;
  }
  return z;
}

// mean D(1−D) of one batch.
static double mean_variance(const batch_view* b, double log_z) {
  double sum = 0;
  for (int i = 0; i < b->n; i++) {
    double s = irl_discriminator_logit(b->cost[i], b->logq[i], log_z);
    sum += exp(irl_log_sigmoid(s) + irl_log_sigmoid(-s));
  }
  return sum / b->n;
}

double irl_discriminator_log_z(const double* cost_p, const double* logq_p, int np,
                               const double* cost_q, const double* logq_q, int nq,
                               double* conditioning) {
  batch_view p = {cost_p, logq_p, np}, q = {cost_q, logq_q, nq};
  double lo = INFINITY, hi = -INFINITY;
  widen(&p, &lo, &hi);
  widen(&q, &lo, &hi);
  double z = np < 1 || nq < 1 ? (double)NAN : find_root(&p, &q, lo, hi);
  if (conditioning != NULL) {
    // Half the loss's second derivative in log Z.
    *conditioning = 0.5 * mean_variance(&p, z) + 0.5 * mean_variance(&q, z);
  }
  return z;
}

//---------------------------------- Importance side of fact 1 -------------------------------------

// log(e^a + e^b)
static double log_add(double a, double b) {
  double max = a > b ? a : b;
  return max + log1p(exp((a > b ? b : a) - max));
}

// log(½ mean_i [e^{−c}/μ̃]) over one batch, μ̃ = ½ e^{−c}/Z + ½ q.
static double log_half_mean_ratio(const batch_view* b, double log_z) {
  const double log_half = -0.693147180559945309417;
  double max = -INFINITY, sum = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < b->n; i++) {
      double log_mu = log_half + log_add(-b->cost[i] - log_z, b->logq[i]);
      double ratio = -b->cost[i] - log_mu;
      if (pass == 0) {
        max = ratio > max ? ratio : max;
      } else {
        sum += exp(ratio - max);
      }
    }
  }
  return log_half + max + log(sum / b->n);
}

double irl_half_mixture_log_z(const double* cost_p, const double* logq_p, int np,
                              const double* cost_q, const double* logq_q, int nq, double log_z) {
  batch_view p = {cost_p, logq_p, np}, q = {cost_q, logq_q, nq};
  return log_add(log_half_mean_ratio(&p, log_z), log_half_mean_ratio(&q, log_z));
}
