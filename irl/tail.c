// The tail of importance weights: a generalised Pareto distribution fitted to the largest of them.
//
// Its shape k says which moments of the weights exist (those below 1/k), hence how far an estimate
// and its standard error can be trusted: below ½ the variance is finite, above 0.7 no practicable
// number of samples helps (Vehtari, Simpson, Gelman, Yao and Gabry 2024, "Pareto smoothed
// importance sampling", section 3).
#include <math.h>
#include <stdlib.h>

#include "irl/partition.h"

enum { LEAST_TAIL = 5, MOST_GRID = 30 + 300 };

static int ascending(const void* a, const void* b) {
  double x, y;
  x = *(const double*)a;
  y = *(const double*)b;
  return (x > y) - (x < y);
}

// mean log(1 − b x), −k of a generalised Pareto distribution at b = −k/σ
static double mean_log(const double* x, int n, double b) {
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    sum += log1p(-b * x[i]);
  }
  return sum / n;
}

// Shape by the approximate Bayesian estimator of Zhang and Stephens 2009 ("A new and efficient
// estimation method for the generalized Pareto distribution"): the posterior mean of b over a grid
// of quantiles of its prior, then k at that b. k is drawn towards ½ as if ten more values had said
// so (Vehtari et al., appendix G), which keeps short tails from saying much. x (n) ascending, > 0.
static double fit_shape(const double* x, int n) {
  double b[MOST_GRID], profile[MOST_GRID], most = -INFINITY, total = 0.0, mean = 0.0;
  int grid = 30 + (int)sqrt(n);
  grid = grid < MOST_GRID ? grid : MOST_GRID;
  double quartile = x[(int)(0.25 * n + 0.5) - 1];
  for (int j = 0; j < grid; j++) {
    b[j] = 1.0 / x[n - 1] + (1.0 - sqrt(grid / (j + 0.5))) / (3.0 * quartile);
    double k = mean_log(x, n, b[j]);
    profile[j] = n * (log(-b[j] / k) - k - 1.0);  // the likelihood with σ at its best for b
    most = fmax(most, profile[j]);
  }
  for (int j = 0; j < grid; j++) {
    double weight = exp(profile[j] - most);
    total += weight;
    mean += weight * b[j];
  }
  const double prior = 10.0;
  return (n * mean_log(x, n, mean / total) + prior * 0.5) / (n + prior);
}

double irl_tail_index(const double* logw, int n, double* work) {
  int tail = (int)ceil(fmin(0.2 * n, 3.0 * sqrt(n)));
  if (tail < LEAST_TAIL) {
    return NAN;
  }
  for (int i = 0; i < n; i++) {
    if (!isfinite(logw[i])) {
      return NAN;
    }
    work[i] = logw[i];
  }
  qsort(work, (size_t)n, sizeof *work, ascending);
  double top = work[n - 1], cutoff = exp(work[n - tail - 1] - top);
  double* x = work + n - tail;
  for (int i = 0; i < tail; i++) {
    x[i] = exp(x[i] - top) - cutoff;
  }
  while (tail > 0 && !(*x > 0.0)) {  // as large as the cutoff, or nothing beside the largest
    x++;
    tail--;
  }
  return tail < LEAST_TAIL ? INFINITY : fit_shape(x, tail);
}
