// Whitening of observations: their running mean and variance, and its folding into a policy, so
// that what is learned on whitened observations comes out as plain gains and offsets.
//
//   u = M (x − μ)/σ + b   is   u = K x + k   with   K = M/σ,  k = b − K μ
//
// Moments of a block of rows are taken in two passes and merged by Chan, Golub and LeVeque 1979
// (their eq. 1.5), which loses no digits to a large mean. The result depends on the blocks and
// their order alone.
#ifndef MJIRL_POLICY_WHITEN_H_
#define MJIRL_POLICY_WHITEN_H_

#include "base/err.h"
#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_whiten {
  int n;         // entries of an observation
  double count;  // rows seen
  double* mean;  // (n)
  double* m2;    // sums of squared deviations from the mean   (n)
  double* work;  // moments of one block                        (2, n)
  void* memory;  // the one block behind all of it, owned
} irl_whiten;

// No rows seen. Errors: IRL_ENOMEM, IRL_ERANGE (n < 1).
IRL_NODISCARD irl_err irl_whiten_create(irl_whiten* whiten, int n);
void irl_whiten_destroy(irl_whiten* whiten);  // a zeroed one is fine

// Takes in rows of observations, x (rows, n), all finite; rows may be 0.
void irl_whiten_add(irl_whiten* whiten, const double* x, int rows);

// Standard deviations, stddev (n): +inf for an observation that is constant to rounding (below 1e-7
// of its size or 1e-7 altogether), so that whatever is divided by it ignores that observation. 1
// before there are rows.
void irl_whiten_stddev(const irl_whiten* whiten, double* stddev);

// Writes K and k of a stationary policy from weights [M, b] (nu, n + 1) on [whitened observation;
// 1]. stddev (n) as irl_whiten_stddev gives it.
void irl_whiten_fold(const irl_whiten* whiten, const double* stddev, const double* weights,
                     irl_policy* policy);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_WHITEN_H_
