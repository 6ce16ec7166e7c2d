// One whole picture of a replay: a tile a group, titles, colour bar.
#ifndef MJIRL_VIEWER_FRAME_H_
#define MJIRL_VIEWER_FRAME_H_

#include "viewer/chart.h"
#include "viewer/draw.h"
#include "viewer/journey.h"
#include "viewer/layout.h"

// What is common to pictures and the window.
typedef struct irl_show {
  irl_motion motion;
  irl_stage stage;
  irl_draw draw;
  mjvCamera camera;  // where the rollouts begin, if it goes along with them
  mjvCamera eye;     // of the stage that was filled last
  bool along;        // the free camera goes along with a rollout
  irl_layout layout;
  int groups;                 // at most IRL_GROUPS_MAX
  int shown[IRL_GROUPS_MAX];  // group of each tile
  double chart;               // height of timeline and figure [design pixels]; 0: none
} irl_show;

// Works everything out for a picture of this size [pixels]; the replay is borrowed and must outlive
// the show, and a GL context must be current. `fine` as in irl_stage_create. Errors: IRL_ENOENT for
// an unknown camera, IRL_ENOMEM, IRL_ERANGE.
IRL_NODISCARD irl_err irl_show_create(irl_show* show, const irl_replay* replay,
                                      const irl_view_options* options, int width, int height,
                                      bool fine, irl_errinfo* info);
// The same without a context, for all that does not draw.
IRL_NODISCARD irl_err irl_show_prepare(irl_show* show, const irl_replay* replay,
                                       const irl_view_options* options, int width, int height,
                                       bool fine, irl_errinfo* info);
void irl_show_destroy(irl_show* show);  // a zeroed show is fine

// Colours by another layer, by its new values, or over another range. Errors: IRL_ENOMEM, and the
// colours stay.
IRL_NODISCARD irl_err irl_show_color(irl_show* show, int layer, const irl_range* range);

// Takes over new rollouts of the replay it was made of. Camera and colours stay. After an error the
// show can only be destroyed.
IRL_NODISCARD irl_err irl_show_renew(irl_show* show, irl_errinfo* info);

// Gives each visible group a tile in a picture of a new size, of which `left` columns are not ours,
// and points the free camera at the motion. hidden: groups without a tile, a bit each.
void irl_show_arrange(irl_show* show, int left, int width, int height, unsigned hidden);
void irl_show_aim(irl_show* show);

// A moment of the replay.
typedef struct irl_moment {
  bool
      still;  // the whole course in one picture, with a few poses; else step `step` of all rollouts
  int step;
  int focus;  // rollout that stands out, or -1
} irl_moment;

// How far the camera of a group has gone along at that moment, 0 where it stays [m].
void irl_show_way(const irl_show* show, int group, const irl_moment* moment, double way[3]);

// Fills the stage for a group: camera, surroundings and poses.
void irl_show_stage(irl_show* show, int group, const irl_tile* tile, const irl_moment* moment);

// Trails of the group at that moment; `unit` as in irl_layout.
irl_trails irl_show_trails(const irl_show* show, int group, const irl_moment* moment, double unit);

// The words over a tile: the group's numbers at that moment into out (size bytes, cut off beyond),
// and how they are drawn into the tile's head (box), with the group's name over them.
void irl_show_caption(const irl_show* show, int group, const irl_moment* moment, char* out,
                      size_t size);
void irl_draw_title(irl_canvas* canvas, irl_box box, double unit, const char* name,
                    const char* caption);

// The colour bar with numbers and the quantity's name, on a canvas whose corner is at (x, y); and
// what stands at its right, the task and the time.
void irl_draw_bar(irl_canvas* canvas, const irl_show* show, double x, double y);
void irl_draw_note(irl_canvas* canvas, const irl_show* show, double x, double y, const char* note);
void irl_show_note(const irl_show* show, const irl_moment* moment, char* out, size_t size);

#endif  // MJIRL_VIEWER_FRAME_H_
