// The view of motion that goes far, a runner's: a camera that goes along with one rollout, close
// enough to see its gait, where a picture of the whole way would show a line.
#ifndef MJIRL_VIEWER_JOURNEY_H_
#define MJIRL_VIEWER_JOURNEY_H_

#include "viewer/motion.h"

struct mjvCamera_;

// Sets lookat and distance [m] of a free camera (its azimuth and elevation are given) to where what
// moves, as it stands at the start, fits into a picture of the given width over height with room
// for a few more of it beside it. fovy: vertical field of view [deg].
void irl_journey_fit(struct mjvCamera_* camera, const irl_motion* motion, double aspect,
                     double fovy);

// Rollout that the view of a group goes along with: the one in focus, else the first that is shown,
// -1 when none is.
int irl_journey_guide(const irl_motion* motion, int group, int focus);

// How far a rollout has come since its start at step t: horizontally, and smoothed over a stride,
// so that the picture does not hop with the robot [m].
void irl_journey_way(const irl_motion* motion, int group, int episode, int t, double way[3]);

// Steps of a rollout that a still picture shows: its last one, and before it those at which it was
// another `spacing` [m] away. Fills steps, latest first; returns their number, at most most.
int irl_journey_strides(const irl_motion* motion, int group, int episode, double spacing,
                        int* steps, int most);

#endif  // MJIRL_VIEWER_JOURNEY_H_
