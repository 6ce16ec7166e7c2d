// Statistics of evaluation. Arrays of n; NAN when a figure is undefined (no variation, no members).
#ifndef MJIRL_IRL_STATISTICS_INTERNAL_H_
#define MJIRL_IRL_STATISTICS_INTERNAL_H_

#include "base/err.h"

double irl_mean(const double* x, int n);
double irl_stddev(const double* x, int n);  // population

// Pearson's correlation.
double irl_pearson(const double* x, const double* y, int n);

// Spearman's rank correlation, ties by mean ranks. work (3n); order (n).
double irl_spearman(const double* x, const double* y, int n, double* work, int* order);

// Area under the ROC curve: the probability that a member of `positive` has a higher score than one
// of `negative`, ties counted half (Mann-Whitney).
double irl_auc(const double* positive, int npositive, const double* negative, int nnegative);

#endif  // MJIRL_IRL_STATISTICS_INTERNAL_H_
