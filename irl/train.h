// The training loop of guided cost learning: algorithm 1 of Finn, Levine and Abbeel 2016.
//
// Leaves a run folder (docs/files.md): config.json, task.json, model.xml, metrics.jsonl,
// metrics.csv, events.out.tfevents.*, checkpoints/NNNNNN, cost.safetensors, policy.safetensors,
// report.json.
#ifndef MJIRL_IRL_TRAIN_H_
#define MJIRL_IRL_TRAIN_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "demos/demos.h"
#include "envs/task.h"
#include "irl/config.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_train_options {
  const irl_task* task;
  const irl_demos* demos;
  const char* demos_path;  // kept in config.json for eval and replay
  const char* out;         // run folder; NULL: nothing is written
  irl_algo algo;
  irl_config config;
  uint64_t seed;
  int threads;  // <= 0: all CPUs this process may use
  bool resume;  // go on from the newest checkpoint that verifies
} irl_train_options;

typedef struct irl_train_result {
  int iterations;
  int64_t env_steps;  // every control step simulated
  double wall_seconds;
  double return_mean;  // of the last iteration's sampled actions; NAN without rewards
  double normalized_return;
} irl_train_result;

// Errors: IRL_EDIM (demonstrations of another task), IRL_EEXIST (out holds a run and resume is
// false), IRL_ENOENT (resume without a run), IRL_EIO, IRL_ENOSPC, IRL_ENUM, IRL_ECANCELED (stopped
// by the host; everything is saved and result is filled).
IRL_NODISCARD irl_err irl_train(const irl_train_options* options, const irl_host* host,
                                irl_train_result* result, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_TRAIN_H_
