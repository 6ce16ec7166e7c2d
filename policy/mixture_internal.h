// A mixture of Gaussians over the joint vectors [x; u; x' − x; z] of all steps, as the prior of the
// dynamics (Levine and Abbeel 2014, section 4; Levine and Koltun 2013 have the moments): steps that
// look alike share what they know, whenever they happen.
#ifndef MJIRL_POLICY_MIXTURE_INTERNAL_H_
#define MJIRL_POLICY_MIXTURE_INTERNAL_H_

#include "base/err.h"

typedef struct irl_mixture irl_mixture;

IRL_NODISCARD irl_err irl_mixture_create(irl_mixture** mixture, int d, int clusters);
void irl_mixture_destroy(irl_mixture* mixture);  // NULL is fine

// Expectation maximisation over rows (n, d), from the Gaussians of the last call, or, the first
// time and when the number of clusters changes, from rows dealt out in order. Coordinates are
// standardised; every covariance keeps 1e-6 of that on its diagonal. Stops when the mean
// log-likelihood gains less than 1e-5 of its size (of its absolute value: it may be negative), or
// after most_steps. A cluster that dies gets the covariance of all rows about a row far from the
// others. Errors: IRL_ENOMEM, IRL_ENUM.
IRL_NODISCARD irl_err irl_mixture_fit(irl_mixture* mixture, const double* rows, int n, int clusters,
                                      int most_steps);

// Mean log-likelihood of the rows of the last fit, in standardised units, and the steps it took.
double irl_mixture_likelihood(const irl_mixture* mixture);
int irl_mixture_steps(const irl_mixture* mixture);

// Moments of the mixture with the clusters weighted by the given rows' mean responsibilities:
// mean (d), covariance (d, d).
void irl_mixture_moments(irl_mixture* mixture, const double* rows, int n, double* mean,
                         double* covariance);

#endif  // MJIRL_POLICY_MIXTURE_INTERNAL_H_
