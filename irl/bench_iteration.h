// How the cost of a training iteration grows; printed by `mjirl bench`.
#ifndef MJIRL_IRL_BENCH_ITERATION_H_
#define MJIRL_IRL_BENCH_ITERATION_H_

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum irl_bench_growth {
  IRL_BENCH_SAMPLES,
  IRL_BENCH_HORIZON,
  IRL_BENCH_CONDITIONS
} irl_bench_growth;

typedef struct irl_bench_iteration {
  double once, twice;  // medians of CPU time [s]
  double ratio;        // median over the pairs of 2 × once / twice: 1 is linear, more is less
} irl_bench_iteration;

// Two learners of gcl on reacher, the second with twice as much of one thing (14 sampler
// trajectories a condition, 50 steps, 2 conditions), take an iteration in turns, one thread each,
// `repeats` (1 to 64) times after one that is not counted. Demonstrations are of random actions.
IRL_NODISCARD irl_err irl_bench_iteration_run(irl_bench_iteration* bench, irl_bench_growth growth,
                                              int repeats, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_BENCH_ITERATION_H_
