// The theory of 1611.03852 where the answers are known: a linear-Gaussian case with the partition
// function in closed form, and the gradient with respect to θ through the network.
#ifndef MJIRL_IRL_THEORY_H_
#define MJIRL_IRL_THEORY_H_

#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "irl/cost.h"
#include "irl/facts.h"

#ifdef __cplusplus
extern "C" {
#endif

//---------------------------------- Closed form ---------------------------------------------------

// An estimate of log Z from IRL_THEORY_SAMPLES trajectories, and how it got there.
typedef struct irl_theory_estimate {
  double log_z;
  double std_error;  // its own, by the delta method
  double ess;        // effective share of the trajectories, (Σw)²/(N Σw²)
  double slope;      // of log(root mean square error) over log N, −1/2 in theory
} irl_theory_estimate;

enum { IRL_THEORY_SAMPLES = 100000 };

// Deterministic linear system x' = F [x; u], quadratic cost, T·nu = 10, unclipped. `q` is the right
// sampler with 1.5 times its covariance; `missed` is that one moved away by 1.5 standard deviations
// in every action. `mixture`: half of the trajectories come from the sampler, half from the right
// density (as demonstrations do), and all are weighted by the mixture's density.
typedef struct irl_theory_linear {
  double log_z_exact;     // the Gaussian integral over all actions at once, by a dense Cholesky
  double log_z_backward;  // the soft value of the sampler's backward pass
  irl_theory_estimate q;
  irl_theory_estimate mixture;
  irl_theory_estimate missed_q;
  irl_theory_estimate missed_mixture;
  double controlled_error;  // largest error of log Z of any 100 trajectories with the closed form
                            // as control variate
} irl_theory_linear;

// Errors: IRL_ENOMEM; IRL_ENUM when the backward pass fails. Results do not depend on the pool.
IRL_NODISCARD irl_err irl_theory_check_linear(uint64_t seed, irl_pool* pool,
                                              irl_theory_linear* result);

//---------------------------------- Gradient ------------------------------------------------------

// Trajectories of one condition, demonstrations first, all of the same length.
typedef struct irl_theory_batch {
  const double* x;     // observations                            (np + nq, T, nx)
  const double* u;     // raw actions                             (np + nq, T, nu)
  const double* logq;  // log-densities of the trajectories under q   (np + nq)
  int np;
  int nq;
  int horizon;  // T
} irl_theory_batch;

// Fact 2 with respect to θ: the MaxEnt gradient, from importance weights through irl_cost_backward,
// against the discriminator's logistic loss (a) differentiated numerically in double precision
// along random directions, (b) through irl_cost_backward with the loss's own weights. *error is the
// larger relative error in norm: float precision, about 1e-6, unless a mutant is asked for. Rows on
// which a unit of relu turns on or off along a direction stand still in it; a fixed action penalty
// is not moved.
// IRL_FACTS_SIGN does not concern the gradient. Errors: IRL_ENOMEM, IRL_ERANGE (np, nq or T < 1),
// IRL_ENUM (costs or log-densities not finite).
IRL_NODISCARD irl_err irl_theory_check_gradient(const irl_cost* cost, const irl_theory_batch* batch,
                                                irl_facts_mutant mutant, irl_pool* pool,
                                                double* error);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_THEORY_H_
