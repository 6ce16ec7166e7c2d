// What an import carries from a file's reader to the dataset: arrays as they came, episode by
// episode, in the file's own widths.
#ifndef MJIRL_DEMOS_IMPORT_INTERNAL_H_
#define MJIRL_DEMOS_IMPORT_INTERNAL_H_

#include "demos/demos_internal.h"
#include "demos/transfer.h"

typedef enum irl_raw_kind {
  RAW_X,           // observations (T+1, nx), or (T, nx) where the last one is missing
  RAW_NEXT_X,      // observations after each action (T, nx)
  RAW_U,           // raw actions (T, nu)
  RAW_APPLIED,     // clipped actions (T, nu)
  RAW_REWARD,      // (T, 1)
  RAW_STATE,       // physics states, rows as RAW_X; of a task's own parts, or time, qpos, qvel
  RAW_NEXT_STATE,  // (T, ...)
  RAW_QPOS,        // rows as RAW_X
  RAW_QVEL,
  RAW_LOGQ,  // (T, 1)
  RAW_Z,     // residuals (T, nz)
  RAW_NKINDS
} irl_raw_kind;

typedef struct irl_raw_array {
  const double* data;  // (rows, cols), NULL: not there; memory of the irl_raw
  int rows, cols;
} irl_raw_array;

typedef struct irl_raw_episode {
  irl_raw_array part[RAW_NKINDS];
  int terminated;     // -1: unknown
  int success;        // -1: unknown
  int64_t condition;  // -1: unknown
  bool has_seed;
  uint64_t seed;
  char* label;  // owned; "" or NULL: none
  uint8_t mask;
} irl_raw_episode;

typedef struct irl_raw {
  irl_raw_episode* episode;  // (n)
  int n;
  bool has_mask;
  bool unit_actions;  // RAW_APPLIED is scaled to [-1, 1] over the task's bounds
  double** block;     // memory of all arrays
  int nblocks, capacity;
  int64_t bytes;
  const char* path;
  irl_demos_report* report;
  irl_errinfo* info;
} irl_raw;

// Notes for the report; beyond its room they are dropped.
void irl_report_lost(irl_demos_report* report, const char* format, ...) IRL_PRINTF(2, 3);
void irl_report_derived(irl_demos_report* report, const char* format, ...) IRL_PRINTF(2, 3);

// Room for n episodes of which nothing is known. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_raw_init(irl_raw* raw, int n);
void irl_raw_fini(irl_raw* raw);
// Memory for rows x cols numbers, which the irl_raw frees. Errors: IRL_ENOMEM, IRL_ERANGE beyond
// 8 GiB in all.
IRL_NODISCARD irl_err irl_raw_block(irl_raw* raw, int64_t rows, int64_t cols, double** block);

// One reader a family of files. Each fills raw, which the caller has zeroed but for path, report
// and info.
IRL_NODISCARD irl_err irl_import_hdf5(irl_raw* raw, const char* path);  // all HDF5 formats
IRL_NODISCARD irl_err irl_import_npz(irl_raw* raw, const char* path);

// Makes the dataset: decides what fits the task, has it compute what can be, notes what is lost.
IRL_NODISCARD irl_err irl_import_build(irl_demos** demos, irl_raw* raw, const irl_task* task);

// What the task computes of states and actions, a block of rows at a time.
typedef struct irl_derive irl_derive;
// One control step from each of n states; all of these but `state` and `action` are results and may
// be NULL.
typedef struct irl_derive_rows {
  int n;
  const double* state;   // (n, nstate)
  const double* action;  // (n, nu), NULL: zeros
  double* x;             // observation of the state itself (n, nx)
  double* next_x;        // after the step (n, nx)
  double* next_state;    // (n, nstate)
  double* reward;        // (n)
  double* z;             // (n, nz)
  uint8_t* terminated;   // (n)
} irl_derive_rows;
IRL_NODISCARD irl_err irl_derive_create(irl_derive** derive, const irl_task* task,
                                        irl_errinfo* info);
void irl_derive_destroy(irl_derive* derive);  // NULL is fine
IRL_NODISCARD irl_err irl_derive_run(irl_derive* derive, const irl_derive_rows* rows,
                                     irl_errinfo* info);
// n starts of a condition, without noise or with it: observations (n, nx), states (n, nstate).
IRL_NODISCARD irl_err irl_derive_starts(irl_derive* derive, int condition, bool exact, int n,
                                        double* x, double* state, irl_errinfo* info);

#endif  // MJIRL_DEMOS_IMPORT_INTERNAL_H_
