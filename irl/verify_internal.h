// The parts of `mjirl verify` that tests call by themselves.
#ifndef MJIRL_IRL_VERIFY_INTERNAL_H_
#define MJIRL_IRL_VERIFY_INTERNAL_H_

#include "base/pool.h"
#include "irl/verify.h"

// The gradient in θ of the run's own network at its own θ (irl_theory_check_gradient). Trajectories
// are of ten rows each, drawn at random from the demonstrations and samples, which need a valid
// trajectory each: short ones leave room for steps that reach large parameters too. Log-densities
// are drawn near −c, for with the sampler's own a few rows might carry all weight.
IRL_NODISCARD irl_err irl_verify_run_gradient(const irl_run* run, const irl_batch* demos,
                                              const irl_batch* samples, uint64_t seed,
                                              irl_pool* pool, double* error, irl_errinfo* info);

#endif  // MJIRL_IRL_VERIFY_INTERNAL_H_
