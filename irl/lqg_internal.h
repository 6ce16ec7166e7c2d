// The consistency experiment of Finn, Levine and Abbeel 2016, appendix B: on a linear system with a
// quadratic cost everything is known in closed form, so a learned sampler can be held against the
// truth.
#ifndef MJIRL_IRL_LQG_INTERNAL_H_
#define MJIRL_IRL_LQG_INTERNAL_H_

#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "irl/config.h"

// Σ over the start conditions of KL(q ‖ p_true) [nats], controllers in closed form under q's
// marginals.
typedef struct irl_lqg_result {
  double kl_to_truth;  // q learned by guided cost learning
  double kl_bc;        // q fitted to the demonstrations step by step (behaviour cloning)
  double kl_initial;   // q before training
} irl_lqg_result;

// Task lq_point_mass: 4 starts, 10 demonstrations of each, T = 100; the cost learned is ½‖Ax+b‖² +
// ½uᵀWu. With true_density the partition function has the demonstrations' own density, else that of
// a controller fitted to them, as everywhere; the samplers start from the fitted one in both.
IRL_NODISCARD irl_err irl_lqg_experiment(irl_algo algo, bool true_density, uint64_t seed,
                                         int threads, const irl_host* host, irl_lqg_result* result,
                                         irl_errinfo* info);

#endif  // MJIRL_IRL_LQG_INTERNAL_H_
