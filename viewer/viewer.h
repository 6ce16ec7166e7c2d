// The viewer: rollouts coloured by a per-step cost, in a window (GLFW) or without a display (EGL).
#ifndef MJIRL_VIEWER_VIEWER_H_
#define MJIRL_VIEWER_VIEWER_H_

#include "base/batch.h"
#include "base/err.h"
#include "base/log.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

// Rollouts that are shown together, e.g. "expert", "initial", "learned". Borrowed by the viewer.
typedef struct irl_replay_group {
  const char* name;
  const irl_batch* batch;  // with physics states
  const double* cost;      // per step (N, T)
} irl_replay_group;

typedef struct irl_replay {
  const irl_task* task;
  const irl_replay_group* groups;
  int ngroups;
  const char* quantity;  // what the colour means, with its unit: "learned cost per step"
  double range[2];       // of the colour map; equal values: chosen from the data's percentiles
} irl_replay;

typedef struct irl_view_options {
  int width, height;   // pixels; 0: 1280 × 720
  const char* camera;  // named camera of the model; NULL: the free camera, framing the motion
  int fps;             // of films; 0: real time of the task, at most 60
} irl_view_options;

// Writes the replay without a window: *.png one picture of all rollouts with trails (the groups in
// columns), *.mp4 a film through ffmpeg, any other path a folder of frames 000000.png, ... *frames
// (may be NULL) gets their number. Errors: IRL_EUNSUPPORTED (no GL, no ffmpeg), IRL_EIO,
// IRL_ENOENT.
IRL_NODISCARD irl_err irl_viewer_offscreen(const irl_replay* replay,
                                           const irl_view_options* options, const char* path,
                                           int* frames, const irl_host* host, irl_errinfo* info);

// Opens a window and plays until it is closed. Errors: IRL_EUNSUPPORTED without display or GL.
// *frames gets the number of frames drawn.
IRL_NODISCARD irl_err irl_viewer_window(const irl_replay* replay, const irl_view_options* options,
                                        int* frames, const irl_host* host, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_VIEWER_VIEWER_H_
