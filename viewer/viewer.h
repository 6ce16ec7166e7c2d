// The viewer: rollouts coloured by a per-step cost, in a window (GLFW) or without a display (EGL).
#ifndef MJIRL_VIEWER_VIEWER_H_
#define MJIRL_VIEWER_VIEWER_H_

#include "base/batch.h"
#include "base/err.h"
#include "base/log.h"
#include "envs/task.h"
#include "viewer/scale.h"

#ifdef __cplusplus
extern "C" {
#endif

// Rollouts that are shown together, e.g. "expert", "initial", "learned". Borrowed by the viewer.
typedef struct irl_replay_group {
  const char* name;
  const irl_batch* batch;  // with physics states; rollouts that are not valid are left out
  const double* cost;      // per step (N, T), NaN is grey; or NULL: no colours, no bar
  const double* weight;  // importance weight of each rollout (N), for the pointer's words; or NULL
  int first;             // number of the first rollout in its dataset, for words
} irl_replay_group;

// One meaning of the colours.
typedef struct irl_replay_layer {
  const char* key;       // name for options and panels, e.g. "learned"
  const char* word;      // what one value is called, e.g. "cost"
  const char* quantity;  // with its unit, e.g. "learned cost per step"
  bool diverging;        // colours run both ways from 0
  double* const* value;  // of a group: per step (N, T), NaN is grey; or NULL  (ngroups)
} irl_replay_layer;

struct irl_reel;

typedef struct irl_replay {
  const irl_task* task;
  const irl_replay_group* groups;
  int ngroups;           // the first nine are shown
  const char* quantity;  // what the colour means, with its unit: "learned cost per step"
  double range[2];       // of the colour map; equal values: chosen from the data's percentiles, and
                         // logarithmic towards the top where the data has a long tail
  const irl_replay_layer* layers;  // in the place of the groups' cost and of quantity; or NULL
  int nlayers;
  struct irl_reel* reel;  // where it comes from (viewer/reel.h): past costs, news, fields; or NULL
} irl_replay;

typedef struct irl_view_options {
  int width, height;   // pixels; 0: 1280 × 720
  const char* camera;  // named camera of the model; NULL or "free": the one that frames the motion
                       // of the model, or the file of a saved one (viewer/camera_file.h)
  int fps;             // of films; 0: a step a frame, at most 60; films run at the task's real time
  int layer;           // of the replay's layers, that is shown first
  irl_range range;     // of the colours, unless the replay's own is given
  unsigned hidden;     // groups that are switched off at first, a bit each
  int step;            // pictures: the moment to show, counted from 1; 0: the whole course
  int focus;           // rollout that stands out, counted from 1; 0: none
  bool chart;          // pictures: with the cost over time below
  bool field;          // with the cost over positions, drawn in the scene
  const char* field_body;  // body that is moved about for it; NULL: what the trails follow
  bool follow;             // window: look for news of a run that is still training
  bool plain;              // window: panel, chart and timeline are off at first
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
