// Speed of rollouts, measured against bare simulation in the same process.
#ifndef MJIRL_ENVS_BENCH_H_
#define MJIRL_ENVS_BENCH_H_

#include "base/err.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

// Rates are by processor time, so that other programs do not take from them: what nthread CPUs give
// that have nothing else to do.
typedef struct irl_env_bench {
  double steps_per_second;  // control steps of irl_env_rollout (median)
  double bare_per_second;   // control steps of the bare loop (median)
  double ratio;             // of the two, median of the paired measurements
} irl_env_bench;

// Rolls a noisy time-varying policy out (sampling, observation, reward, log-density recorded) and
// replays the same start states and clipped controls in a bare mjb_apply loop of mj_step that
// records nothing; both on nthread threads (<= 0: all) and on the same simulations' memory, in
// turns of a few ms, `repetitions` >= 1 times.
// Errors: IRL_ENOMEM, IRL_ERANGE, IRL_ESIM.
IRL_NODISCARD irl_err irl_env_bench_run(irl_env_bench* bench, const irl_task* task, int nthread,
                                        int repetitions, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_ENVS_BENCH_H_
