// Drawing with OpenGL: a stage with the trails of its rollouts.
#ifndef MJIRL_VIEWER_DRAW_H_
#define MJIRL_VIEWER_DRAW_H_

#include "viewer/stage.h"
#include "viewer/view.h"

typedef struct irl_ribbon_vertex {
  float pos[3];      // [m]
  uint8_t color[4];  // sRGB and opacity
} irl_ribbon_vertex;

// A point of a smoothed trail.
typedef struct irl_knot {
  float pos[3];  // [m]
  uint8_t rgb[3];
} irl_knot;

typedef struct irl_draw {
  const irl_motion* motion;
  mjrContext context;
  int substeps;  // knots a control step
  irl_knot* knots;
  size_t* first;                // of rollout and point: its first knot (rollouts * npoints)
  irl_ribbon_vertex* vertices;  // two a knot and two more a trail
  irl_lens lens;                // of the tile drawn last
} irl_draw;

// A context must be current, but for recut, recolor and ribbons. Errors: IRL_ENOMEM,
// IRL_EUNSUPPORTED.
IRL_NODISCARD irl_err irl_draw_create(irl_draw* draw, const irl_stage* stage, irl_errinfo* info);

// After the stage's motion has new rollouts (recut) or new colours (recolor). Errors of recut:
// IRL_ENOMEM, and there are no trails then.
IRL_NODISCARD irl_err irl_draw_recut(irl_draw* draw, const irl_stage* stage, irl_errinfo* info);
void irl_draw_recolor(irl_draw* draw, const irl_stage* stage);

void irl_draw_destroy(irl_draw* draw);  // a zeroed draw is fine

// Which part of the trails of a group is drawn and how.
typedef struct irl_trails {
  int group;
  int until;      // step up to which they are drawn
  int focus;      // rollout that stands out, or -1
  double pixels;  // width
  float opacity;
  const irl_ribbon_vertex* mesh;  // triangles that are drawn into the scene, or NULL
  size_t nmesh;                   // vertices; over it the trails get a dark edge
  int head;                       // rows at the rectangle's top that the mesh leaves free [pixels]
  bool edge;                      // draw that edge now
} irl_trails;

// Fills the vertices of a group's trails as this lens sees them; returns their number. Needs no
// context: the part of a frame's work that is ours.
size_t irl_draw_ribbons(irl_draw* draw, const irl_lens* lens, const irl_trails* trails);

// Draws the stage (filled by irl_stage_begin and _add) and the trails into a rectangle of the
// current buffer.
void irl_draw_tile(irl_draw* draw, irl_stage* stage, const mjvCamera* camera, mjrRect rect,
                   const irl_trails* trails);

#endif  // MJIRL_VIEWER_DRAW_H_
