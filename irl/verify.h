// `mjirl verify`: the theory of 1611.03852 checked numerically (docs/theory.md).
#ifndef MJIRL_IRL_VERIFY_H_
#define MJIRL_IRL_VERIFY_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "irl/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_verify_fact {
  const char* name;  // "fact1", "fact2", "fact3"
  double relative_error;
  double conditioning;  // mean D(1−D)
} irl_verify_fact;

typedef struct irl_verify_lqg {
  double log_z_exact, log_z_q, log_z_mixture, log_z_stderr;
  double controlled_error;  // of log Z with the closed form as control variate, which has none
  double convergence;       // slope of log error over log N, −1/2 in theory
  double kl_to_truth, kl_bc, kl_initial;
} irl_verify_lqg;

typedef struct irl_verify_result {
  irl_verify_fact facts[3];
  double theta_gradient_error;
  irl_verify_lqg lqg;
  bool passed;
} irl_verify_result;

// run NULL: on batches and a network made here; else on the run's own demonstrations, sampler and
// cost, θ included.
IRL_NODISCARD irl_err irl_verify(const irl_run* run, uint64_t seed, int threads,
                                 const irl_host* host, irl_verify_result* result,
                                 irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_VERIFY_H_
