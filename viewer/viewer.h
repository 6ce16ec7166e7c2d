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
  const irl_batch* batch;  // with physics states; rollouts that are not valid are left out
  const double* cost;      // per step (N, T), NaN is grey; or NULL: no colours, no bar
} irl_replay_group;

typedef struct irl_replay {
  const irl_task* task;
  const irl_replay_group* groups;
  int ngroups;           // the first nine are shown
  const char* quantity;  // what the colour means, with its unit: "learned cost per step"
  double range[2];       // of the colour map; equal values: chosen from the data's percentiles, and
                         // logarithmic towards the top where the data has a long tail
} irl_replay;

typedef struct irl_view_options {
  int width, height;   // pixels; 0: 1280 × 720
  const char* camera;  // named camera of the model; NULL or "free": the one that frames the motion
  int fps;             // of films; 0: a step a frame, at most 60; films run at the task's real time
} irl_view_options;

// What is drawn: a tile a group. Trails follow the sites named trace*, else the centre of a robot
// that roams, else the tip of the body at the end of the chain that moves most; they and the bodies
// have the colour of each step's cost. Bodies that keep still during a rollout and geoms named
// *goal* or *target* are drawn as targets. Physics is not run: states are replayed.
//
// Both functions may be called again, from one thread at a time; options may be NULL.

// Writes the replay without a window, nor a display: *.png one picture of all rollouts' whole
// course,
// *.mp4 a film through ffmpeg that rests on its last picture for a second, any other path a new or
// empty folder of frames 000000.png, ... *frames (may be NULL) gets the number of pictures written.
// Errors: IRL_EUNSUPPORTED (no GL, no ffmpeg), IRL_EIO, IRL_ENOSPC, IRL_EEXIST (a folder in use),
// IRL_ENOENT (no such camera), IRL_ERANGE (nothing to show, size), IRL_ENOMEM, IRL_ECANCELED.
IRL_NODISCARD irl_err irl_viewer_offscreen(const irl_replay* replay,
                                           const irl_view_options* options, const char* path,
                                           int* frames, const irl_host* host, irl_errinfo* info);

// Opens a window and plays until it is closed; F1 shows the keys. On the main thread only. *frames
// (may be NULL) gets the number of frames drawn. Errors: IRL_EUNSUPPORTED without display or GL,
// and those above that are not of files.
IRL_NODISCARD irl_err irl_viewer_window(const irl_replay* replay, const irl_view_options* options,
                                        int* frames, const irl_host* host, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_VIEWER_VIEWER_H_
