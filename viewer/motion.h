// What the replay's physics states mean in space, worked out once: the trails of interesting
// points, which bodies move, and the room that all of it takes.
#ifndef MJIRL_VIEWER_MOTION_H_
#define MJIRL_VIEWER_MOTION_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "viewer/scale.h"
#include "viewer/viewer.h"

struct mjModel_;
struct mjData_;

enum { IRL_TRAILS_MAX = 8 };  // trailed points of one rollout

// A body part's whereabouts, for framing.
typedef struct irl_ball {
  float center[3];  // [m]
  float radius;     // [m]
} irl_ball;

typedef struct irl_motion {
  const irl_replay* replay;
  const struct mjModel_* model;  // the task's, borrowed
  struct mjData_* data;          // scratch
  int nbody;

  int npoints;                      // trailed points
  int body[IRL_TRAILS_MAX];         // that each is fixed to
  double local[IRL_TRAILS_MAX][3];  // where, in the body's frame [m]

  int steps;          // most steps of any rollout
  int* first;         // of a group: number of its first rollout in the arrays below (ngroups + 1)
  float** trail;      // of a rollout: (length + 1, npoints, 3) [m]; NULL: diverged, not shown
  float* trail_data;  // behind them
  uint8_t* moves;     // rollout's body moves during it (rollouts, nbody)

  irl_ball* balls;  // (nballs)
  int nballs;
  double low[3], high[3];  // box around the balls [m]
  double center[3];        // of the robots that can go away, as the first rollout begins [m]
  double radius;           // of the ball around them, 0: none can [m]
  bool far;                // the motion takes many times their own room
  int layer;               // of the replay's, that gives the colours
  irl_range range;         // how its ends are chosen
  unsigned hidden;         // groups that have no part in them, a bit each
  irl_scale scale;         // of the costs
  bool has_cost;
} irl_motion;

// Errors: IRL_ENOMEM, IRL_ERANGE for a replay without states or without a rollout to show.
IRL_NODISCARD irl_err irl_motion_create(irl_motion* motion, const irl_replay* replay,
                                        irl_errinfo* info);
// Colours by another layer, or by new values of the same one, over another range. Errors:
// IRL_ENOMEM, and the colours stay as they were.
IRL_NODISCARD irl_err irl_motion_color(irl_motion* motion, int layer, const irl_range* range);

// What the colours mean: the layer's quantity, and whether it runs both ways from 0.
const char* irl_motion_quantity(const irl_motion* motion);
const char* irl_motion_word(const irl_motion* motion);  // the same in a word or two
bool irl_motion_diverging(const irl_motion* motion);

void irl_motion_destroy(irl_motion* motion);  // a zeroed motion is fine

// Puts step t (clamped to the rollout's length) of a rollout into motion->data, poses computed.
void irl_motion_pose(const irl_motion* motion, int group, int episode, int t);

// Cost of step t, clamped to the last one; NaN without costs.
double irl_motion_cost(const irl_motion* motion, int group, int episode, int t);

// Cost where the trail is at point t of length + 1: the mean of the steps that meet there.
double irl_motion_cost_at(const irl_motion* motion, int group, int episode, int t);

// Position of trailed point k at point t (clamped) [m].
const float* irl_motion_trail(const irl_motion* motion, int group, int episode, int t, int k);

// A geom of the world that the model calls a goal or target.
bool irl_motion_is_goal(const irl_motion* motion, int geom);

bool irl_motion_shown(const irl_motion* motion, int group, int episode);
bool irl_motion_moves(const irl_motion* motion, int group, int episode, int body);

#endif  // MJIRL_VIEWER_MOTION_H_
