// What the speed of this room is judged by; printed by `mjirl bench`.
#ifndef MJIRL_POLICY_BENCH_H_
#define MJIRL_POLICY_BENCH_H_

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

// Median time of one irl_lqr_backward with a KL term at T = 100, nx = 26, nu = 7, and the time that
// a plain three-loop triple product FᵀVF of the same sizes takes T times, both over `repetitions`
// >= 1 [µs]. Errors: IRL_ENOMEM, IRL_ERANGE, IRL_ENUM.
IRL_NODISCARD irl_err irl_policy_bench_backward(double* microseconds, double* reference,
                                                int repetitions);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_BENCH_H_
