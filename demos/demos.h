// Demonstrations: datasets that are a Minari dataset directory and a robomimic file at once
// (docs/demos.md gives the layout).
#ifndef MJIRL_DEMOS_DEMOS_H_
#define MJIRL_DEMOS_DEMOS_H_

#include <stdint.h>

#include "base/batch.h"
#include "base/err.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_demos {
  irl_batch batch;     // all episodes; state recorded where the file has it
  uint64_t* seed;      // (N)
  char* task_name;     // as the file says; "" when it does not
  char* task_json;     // compiled task, "" when absent
  char* mjcf;          // model, "" when absent
  double* applied;     // actions as the simulator saw them (N, T, nu), or NULL
} irl_demos;

typedef struct irl_demos_meta {
  const char* dataset_id;   // e.g. "mjirl/reacher/expert-v0"; NULL: made from the task's name
  const char* algorithm;    // how the data came about, e.g. "maximum-entropy LQR expert"
  const char* command;      // command line that makes it again, or NULL
  const uint64_t* seed;     // (N) or NULL
} irl_demos_meta;

// Writes <dir>/data/main_data.hdf5 and <dir>/data/metadata.json, whole or not at all. Invalid
// trajectories are left out. Errors: IRL_EEXIST when dir already holds a dataset, IRL_EIO, IRL_ENOSPC.
IRL_NODISCARD irl_err irl_demos_save(const char* dir, const irl_task* task, const irl_batch* batch,
                                     const irl_demos_meta* meta, irl_errinfo* info);

// Reads a dataset directory (or its main_data.hdf5). Every size and number is checked; NaN, episodes
// of different widths, truncated files end in a sentence. Errors: IRL_ENOENT, IRL_EPARSE, IRL_EDIM,
// IRL_ENUM, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_load(irl_demos** demos, const char* dir, irl_errinfo* info);
void irl_demos_destroy(irl_demos* demos);

// Checks that the demonstrations belong to this task (sizes, and the name when the file gives one).
IRL_NODISCARD irl_err irl_demos_match(const irl_demos* demos, const irl_task* task,
                                      irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_DEMOS_H_
