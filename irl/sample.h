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

// How a trajectory of p_θ comes of those of the sampler.
typedef enum irl_sample_method {
  IRL_SAMPLE_BOTH,   // resampling, then Metropolis moves of each
  IRL_SAMPLE_SIR,    // sampling-importance-resampling alone, systematic
  IRL_SAMPLE_CHAIN,  // one independence Metropolis chain over all of them, in the order drawn
} irl_sample_method;
extern const char* const irl_sample_method_names[];  // "both", "sir", "chain"; NULL-ended

typedef struct irl_sample_result {
  irl_batch
      batch;   // n trajectories with physics states, dealt round-robin over the conditions; owned
  double ess;  // (Σw)²/Σw² of the sampler's trajectories, mean over conditions; of a chain its
               // length over the integrated autocorrelation time of the cost
  int pool;    // sampler trajectories a condition that were chosen among
  double acceptance;  // share of Metropolis moves that were accepted, NAN without any
} irl_sample_result;

// Errors: IRL_ENOMEM, IRL_ESIM when a condition's trajectories all diverged.
IRL_NODISCARD irl_err irl_sample(const irl_run* run, int n, irl_sample_method method, uint64_t seed,
                                 int threads, irl_sample_result* result, irl_errinfo* info);
void irl_sample_result_fini(irl_sample_result* result);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_SAMPLE_H_
