// Advantages of the actions of a batch of trajectories from their rewards and a value of states,
// for whatever steps by the natural gradient: the experts' searches and training's stationary
// samplers.
#ifndef MJIRL_IRL_ADVANTAGES_INTERNAL_H_
#define MJIRL_IRL_ADVANTAGES_INTERNAL_H_

#include "base/batch.h"
#include "policy/advantage.h"

// What values are of: whitened observations, discounted sums.
typedef struct irl_values {
  irl_critic* critic;
  const double* mean;    // of the observations               (nx)
  const double* stddev;  //                                   (nx)
  double discount;
} irl_values;

// Advantages (N, T) of trajectories index (n) with rewards (N, T) under the values as they stand.
void irl_values_advantages(const irl_values* values, const irl_batch* batch, const int* index,
                           int n, const double* reward, double trace, double* advantage);

// Fits the values to the discounted sums of rewards (N, T), which take the rewards' place. A fit
// that fails leaves the last values: advantages are then noisier, not wrong.
void irl_values_fit(const irl_values* values, const irl_batch* batch, const int* index, int n,
                    double* reward);

// Mean 0 and deviation 1 over all steps of the trajectories; returns the deviation, 0 when all are
// equal (then they are left as differences from the mean), NAN when one is no number.
double irl_advantages_normalise(const irl_batch* batch, const int* index, int n, double* advantage);

#endif  // MJIRL_IRL_ADVANTAGES_INTERNAL_H_
