// One whole picture of a replay: a tile a group, titles, colour bar.
#ifndef MJIRL_VIEWER_FRAME_H_
#define MJIRL_VIEWER_FRAME_H_

#include "viewer/draw.h"
#include "viewer/layout.h"

// What is common to pictures and the window.
typedef struct irl_show {
  irl_motion motion;
  irl_stage stage;
  irl_draw draw;
  mjvCamera camera;
  irl_layout layout;
  int groups;  // shown, at most IRL_GROUPS_MAX
} irl_show;

// Works everything out; a GL context must be current. Errors: IRL_ENOENT for an unknown camera,
// IRL_ENOMEM, IRL_ERANGE.
IRL_NODISCARD irl_err irl_show_create(irl_show* show, const irl_replay* replay,
                                      const irl_view_options* options, int width, int height,
                                      bool fine, irl_errinfo* info);
void irl_show_destroy(irl_show* show);  // a zeroed show is fine

// Arranges the tiles for a new size and points the free camera at the motion again.
void irl_show_arrange(irl_show* show, int width, int height, int tiles);
void irl_show_aim(irl_show* show);

// A moment of the replay.
typedef struct irl_moment {
  bool
      still;  // the whole course in one picture, with a few poses; else step `step` of all rollouts
  int step;
  int focus;  // rollout that stands out, or -1
} irl_moment;

// Fills the stage for a group: camera, surroundings and poses.
void irl_show_stage(irl_show* show, int group, const irl_tile* tile, const irl_moment* moment);

// Trails of the group at that moment; `unit` as in irl_layout.
irl_trails irl_show_trails(const irl_show* show, int group, const irl_moment* moment, double unit);

// The words over a tile: the group's name, and its numbers at that moment.
void irl_show_caption(const irl_show* show, int group, const irl_moment* moment, char* out,
                      size_t size);
void irl_draw_title(irl_canvas* canvas, irl_box box, double unit, const char* name,
                    const char* caption);

// The colour bar with numbers and the quantity's name, on a canvas whose corner is at (x, y);
// `note` stands at the right.
void irl_draw_bar(irl_canvas* canvas, const irl_show* show, double x, double y, const char* note);

#endif  // MJIRL_VIEWER_FRAME_H_
