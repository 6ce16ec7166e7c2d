// Demonstrations from and for other programs. What each format can hold, and what is lost on the
// way, stands in docs/demos.md.
#ifndef MJIRL_DEMOS_TRANSFER_H_
#define MJIRL_DEMOS_TRANSFER_H_

#include "base/err.h"
#include "demos/demos.h"
#include "demos/guard.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

//---------------------------------- Import --------------------------------------------------------

typedef enum irl_demos_format {
  IRL_FORMAT_DETECT,     // by what the file holds
  IRL_FORMAT_MINARI,     // folder or main_data.hdf5
  IRL_FORMAT_ROBOMIMIC,  // HDF5, /data/demo_<i> with obs
  IRL_FORMAT_ROBOSUITE,  // HDF5, /data/demo_<i> with states of time, qpos, qvel and a model_file
  IRL_FORMAT_D4RL,       // HDF5, all episodes in one row
  IRL_FORMAT_NPZ,        // imitation's .npz
  IRL_NFORMATS
} irl_demos_format;
extern const char* const irl_demos_format_names[IRL_NFORMATS + 1];  // NULL-ended

enum { IRL_REPORT_LINES = 24, IRL_REPORT_TEXT = 200 };

// What became of a file. A line reads "<part>: <what happened>".
typedef struct irl_demos_report {
  irl_demos_format format;
  int episodes;
  int64_t steps;
  int nlost;                                     // parts that the dataset lacks now
  char lost[IRL_REPORT_LINES][IRL_REPORT_TEXT];  // e.g. "log-densities: not in the file"
  int nderived;                                  // parts that the task gave, not the file
  char derived[IRL_REPORT_LINES][IRL_REPORT_TEXT];
  double state_error;  // largest |simulated - recorded| position or velocity after one step; NaN:
                       // nothing was simulated
} irl_demos_report;

// Reads demonstrations of any of these formats for a task, as far as they go: states or
// observations alone are taken. Observations, rewards and residuals that are missing are computed
// by the task from states and actions. access may be NULL. Errors: IRL_ENOENT, IRL_EPARSE, IRL_EDIM
// where nothing fits the task, IRL_ENUM, IRL_ERANGE, IRL_EUNSUPPORTED, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_import(irl_demos** demos, irl_demos_report* report,
                                       const char* path, irl_demos_format format,
                                       const irl_task* task, const irl_demos_access* access,
                                       irl_errinfo* info);

// Gives each episode the condition of the task whose start is nearest to its first state (without
// states: first observation), distances in units of the start noise, and sets has_condition.
IRL_NODISCARD irl_err irl_demos_assign_conditions(irl_demos* demos, const irl_task* task,
                                                  irl_errinfo* info);

//---------------------------------- Export --------------------------------------------------------

typedef enum irl_demos_export_format {
  IRL_EXPORT_NPZ,        // imitation's .npz
  IRL_EXPORT_CSV,        // one row a control step
  IRL_EXPORT_D4RL,       // HDF5, all episodes in one row
  IRL_EXPORT_ROBOMIMIC,  // HDF5, robomimic's view alone
  IRL_NEXPORTS
} irl_demos_export_format;
extern const char* const irl_demos_export_names[IRL_NEXPORTS + 1];  // NULL-ended

// Writes a file of another program, whole or not at all; nothing is overwritten. *bytes (may be
// NULL) gets its size. Errors: IRL_EEXIST, IRL_EDIM, IRL_EIO, IRL_ENOSPC, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_export(const char* path, irl_demos_export_format format,
                                       const irl_demos* demos, const irl_task* task, int64_t* bytes,
                                       irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_TRANSFER_H_
