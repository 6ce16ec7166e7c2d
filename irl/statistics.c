#include <math.h>
#include <stdlib.h>

#include "irl/statistics_internal.h"

double irl_mean(const double* x, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    sum += x[i];
  }
  return n > 0 ? sum / n : NAN;
}

double irl_stddev(const double* x, int n) {
  double mean = irl_mean(x, n), sum = 0.0;
  for (int i = 0; i < n; i++) {
    sum += (x[i] - mean) * (x[i] - mean);
  }
  return n > 0 ? sqrt(sum / n) : NAN;
}

static int ascending(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

double irl_median(double* x, int n) {
  qsort(x, (size_t)n, sizeof *x, ascending);
  return n > 0 ? 0.5 * (x[(n - 1) / 2] + x[n / 2]) : NAN;
}

double irl_pearson(const double* x, const double* y, int n) {
  double mx = irl_mean(x, n), my = irl_mean(y, n), xx = 0.0, yy = 0.0, xy = 0.0;
  for (int i = 0; i < n; i++) {
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xx > 0.0 && yy > 0.0 ? xy / sqrt(xx * yy) : NAN;
}

static int by_value(const void* a, const void* b, void* values) {
  const double* x = values;
  int i = *(const int*)a, j = *(const int*)b;
  return x[i] < x[j] ? -1 : x[i] > x[j] ? 1 : i - j;
}

// Ranks from 1; equal values share the mean of their ranks.
static void ranks(double* x, int n, double* rank, int* order) {
  for (int i = 0; i < n; i++) {
    order[i] = i;
  }
  qsort_r(order, (size_t)n, sizeof order[0], by_value, x);
  for (int i = 0; i < n;) {
    int end = i + 1;
    while (end < n && !(x[order[end]] > x[order[i]])) {
      end++;
    }
    for (int k = i; k < end; k++) {
      rank[order[k]] = 0.5 * (i + 1 + end);
    }
    i = end;
  }
}

double irl_spearman(const double* x, const double* y, int n, double* work, int* order) {
  double *values = work, *rank_x = work + n, *rank_y = work + 2 * n;
  for (int i = 0; i < n; i++) {
    values[i] = x[i];
  }
  ranks(values, n, rank_x, order);
  for (int i = 0; i < n; i++) {
    values[i] = y[i];
  }
  ranks(values, n, rank_y, order);
  return irl_pearson(rank_x, rank_y, n);
}

double irl_auc(const double* positive, int np, const double* negative, int nn) {
  double wins = 0.0;
  for (int i = 0; i < np; i++) {
    for (int j = 0; j < nn; j++) {
      wins += positive[i] > negative[j] ? 1.0 : positive[i] < negative[j] ? 0.0 : 0.5;
    }
  }
  return np > 0 && nn > 0 ? wins / ((double)np * nn) : NAN;
}

//---------------------------------- Sums of pairs -------------------------------------------------

void irl_sums_add(irl_sums* s, double a, double b) {
  s->n += 1.0;
  s->a += a;
  s->b += b;
  s->aa += a * a;
  s->bb += b * b;
  s->ab += a * b;
}

void irl_sums_merge(irl_sums* s, const irl_sums* o) {
  s->n += o->n;
  s->a += o->a;
  s->b += o->b;
  s->aa += o->aa;
  s->bb += o->bb;
  s->ab += o->ab;
}

double irl_sums_pearson(const irl_sums* s) {
  double aa = s->aa - s->a * s->a / s->n;
  double bb = s->bb - s->b * s->b / s->n;
  double ab = s->ab - s->a * s->b / s->n;
  return s->n > 1.0 && aa > 0.0 && bb > 0.0 ? fmax(-1.0, fmin(1.0, ab / sqrt(aa * bb))) : NAN;
}

//---------------------------------- Bootstrap -----------------------------------------------------

void irl_resample(irl_rng* rng, const int* stratum, int n, int* out) {
  for (int first = 0, end; first < n; first = end) {
    for (end = first + 1; end < n && stratum[end] == stratum[first]; end++) {
    }
    for (int i = first; i < end; i++) {
      out[i] = first + (int)irl_rng_below(rng, (uint64_t)(end - first));
    }
  }
}

// Linear between the two nearest of n sorted values.
static double quantile(const double* sorted, int n, double p) {
  double place = p * (n - 1);
  int i = (int)place;
  return i + 1 < n ? sorted[i] + (place - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

irl_interval irl_percentile_interval(double* values, int n) {
  int kept = 0;
  for (int i = 0; i < n; i++) {
    if (isfinite(values[i])) {
      values[kept++] = values[i];
    }
  }
  if (kept < 2) {
    return (irl_interval){NAN, NAN};
  }
  qsort(values, (size_t)kept, sizeof values[0], ascending);
  return (irl_interval){quantile(values, kept, 0.025), quantile(values, kept, 0.975)};
}
