// Trajectories of the learned model p_θ itself: importance resampling of the sampler's
// trajectories, then an independence Metropolis chain over them (the energy-based view, 1611.03852
// section 2.2).
#ifndef MJIRL_IRL_SAMPLE_H_
#define MJIRL_IRL_SAMPLE_H_

#include <stdint.h>

#include "base/batch.h"
#include "base/err.h"
#include "irl/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_sample_result {
  irl_batch
      batch;   // n trajectories with physics states, dealt round-robin over the conditions; owned
  double ess;  // (Σw)²/Σw² of the sampler's trajectories, mean over conditions
  int pool;    // sampler trajectories a condition that were chosen among
  double acceptance;  // share of Metropolis moves that were accepted
} irl_sample_result;

// Errors: IRL_ENOMEM, IRL_ESIM when a condition's trajectories all diverged.
IRL_NODISCARD irl_err irl_sample(const irl_run* run, int n, uint64_t seed, int threads,
                                 irl_sample_result* result, irl_errinfo* info);
void irl_sample_result_fini(irl_sample_result* result);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_SAMPLE_H_
