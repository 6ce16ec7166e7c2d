// Recording by hand: a window in which a person moves the robot through its own actuators, and the
// dataset that comes of it (docs/recording.md).
#ifndef MJIRL_VIEWER_RECORD_H_
#define MJIRL_VIEWER_RECORD_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_record_options {
  const char* dir;      // folder of the dataset, made or added to
  int episodes;         // wanted in this session; 0: any number
  int condition;        // the only one, or -1: all in turn
  uint64_t seed;        // of the start states
  double speed;         // seconds of the simulation a second; 0: what a person can follow
  double countdown;     // before an episode [s]
  int hold;             // control steps of success that end an episode; 0: none do
  bool only_success;    // other episodes are discarded
  const char* label;    // of the episodes; NULL: none
  const char* gamepad;  // JSON file that says what its sticks and buttons do; NULL: ours
  const char* camera;   // named camera of the model; NULL: one that frames the robot
  int width, height;    // of the window; 0: 1280 x 720
  bool free_running;    // draw as often as the machine can instead of once a screen refresh
} irl_record_options;

// Opens the window and records until it is closed or the host says stop; then the journal is folded
// into the dataset. A journal that a crash left is folded first. *episodes (may be NULL) gets the
// number added in this session. On the main thread only. Errors: IRL_EUNSUPPORTED (no actuators, no
// display, no GL), those of irl_journal_create and irl_demos_fold; IRL_ENOENT for an unknown
// camera, those of the gamepad's file.
IRL_NODISCARD irl_err irl_viewer_record(const irl_task* task, const irl_record_options* options,
                                        int* episodes, const irl_host* host, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_VIEWER_RECORD_H_
