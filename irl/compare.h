// Two learned models side by side.
#ifndef MJIRL_IRL_COMPARE_H_
#define MJIRL_IRL_COMPARE_H_

#include "base/err.h"
#include "demos/demos.h"
#include "irl/run.h"

#ifdef __cplusplus
extern "C" {
#endif

// Both models weigh the same trajectories: w ∝ e^{−c}/μ, normalised in each condition, μ an even
// mixture of the two runs' last samplers. Means over the conditions that both runs know.
typedef struct irl_comparison {
  double kl;          // KL(w ‖ w') of the run's weights from the other's [nats]
  double kl_reverse;  // KL(w' ‖ w)
  double ess;         // effective trajectories of the run's weights
  double ess_against;
  int conditions;
} irl_comparison;

// Errors: IRL_EDIM (another task, no common condition), IRL_ENOMEM.
IRL_NODISCARD irl_err irl_compare(const irl_run* run, const irl_run* against,
                                  const irl_demos* demos, irl_comparison* result,
                                  irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_COMPARE_H_
