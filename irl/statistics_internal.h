// Statistics of evaluation. Arrays of n; NAN when a figure is undefined (no variation, no members).
#ifndef MJIRL_IRL_STATISTICS_INTERNAL_H_
#define MJIRL_IRL_STATISTICS_INTERNAL_H_

#include "base/err.h"
#include "base/random.h"
#include "irl/eval.h"

double irl_mean(const double* x, int n);
double irl_stddev(const double* x, int n);  // population
double irl_median(double* x, int n);        // sorts x

// Pearson's correlation.
double irl_pearson(const double* x, const double* y, int n);

// Spearman's rank correlation, ties by mean ranks. work (3n); order (n).
double irl_spearman(const double* x, const double* y, int n, double* work, int* order);

// Area under the ROC curve: the probability that a member of `positive` has a higher score than one
// of `negative`, ties counted half (Mann-Whitney).
double irl_auc(const double* positive, int npositive, const double* negative, int nnegative);

// Sums over pairs (a, b), from which a correlation follows. Take the pairs about a common point
// near their means: the subtractions cancel otherwise.
typedef struct irl_sums {
  double n, a, b, aa, bb, ab;
} irl_sums;

void irl_sums_add(irl_sums* sums, double a, double b);
void irl_sums_merge(irl_sums* sums, const irl_sums* other);

double irl_sums_pearson(const irl_sums* sums);

//---------------------------------- Bootstrap -----------------------------------------------------

// Draws n members with replacement from each of the strata: out (n) gets indices into the whole,
// where stratum[i] names the stratum of member i and members of a stratum stand together. Efron and
// Tibshirani 1993, chapter 8: a design that fixed the strata keeps them.
void irl_resample(irl_rng* rng, const int* stratum, int n, int* out);

// The central 95 % of replicates; values (n) are sorted, those that are not finite passed over.
irl_interval irl_percentile_interval(double* values, int n);

#endif  // MJIRL_IRL_STATISTICS_INTERNAL_H_
