// What an iteration reports, and the three files of a run that keep it: metrics.jsonl (the truth),
// metrics.csv and a TensorBoard event file.
#ifndef MJIRL_IRL_METRICS_INTERNAL_H_
#define MJIRL_IRL_METRICS_INTERNAL_H_

#include <stdint.h>

#include "base/err.h"

// The keys of metrics.jsonl in order, all numbers; NAN (null in the file) where one has no meaning.
#define IRL_METRICS_FIELDS(X) \
  X(wall_seconds)             \
  X(loss)                     \
  X(demo_cost)                \
  X(sample_cost)              \
  X(log_z)                    \
  X(ess)                      \
  X(entropy)                  \
  X(kl)                       \
  X(return_mean)              \
  X(normalized_return)        \
  X(fact1_error)              \
  X(fact2_error)              \
  X(fact3_error)              \
  X(max_weight)               \
  X(tail_index)               \
  X(log_z_stderr)             \
  X(log_z_drift)              \
  X(log_z_laplace)            \
  X(log_z_controlled)         \
  X(log_z_controlled_stderr)  \
  X(heldout_cost)             \
  X(heldout_gap)              \
  X(heldout_gap_stderr)

typedef struct irl_metrics {
  int iteration;  // from 1
  int64_t env_steps;
#define IRL_METRICS_MEMBER(name) double name;
  IRL_METRICS_FIELDS(IRL_METRICS_MEMBER)
#undef IRL_METRICS_MEMBER
} irl_metrics;

// Appends one iteration to the three files in the folder.
IRL_NODISCARD irl_err irl_metrics_append(const char* folder, const irl_metrics* metrics,
                                         irl_errinfo* info);

// Puts the lines appended so far onto the disk: a checkpoint may not be more durable than they are.
IRL_NODISCARD irl_err irl_metrics_sync(const char* folder, irl_errinfo* info);

// Cuts the files back to the first `iterations` iterations (writing the CSV and event file anew)
// and returns the wall time of the last one kept.
IRL_NODISCARD irl_err irl_metrics_rewind(const char* folder, int iterations, double* wall_seconds,
                                         irl_errinfo* info);

#endif  // MJIRL_IRL_METRICS_INTERNAL_H_
