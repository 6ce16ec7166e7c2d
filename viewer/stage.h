// The scene of one tile: the model's still surroundings, lights of our own, and any number of poses
// of its moving bodies tinted by cost.
#ifndef MJIRL_VIEWER_STAGE_H_
#define MJIRL_VIEWER_STAGE_H_

#include <mujoco/mujoco.h>

#include "viewer/color.h"
#include "viewer/motion.h"

typedef struct irl_stage {
  const irl_motion* motion;
  mjModel* look;  // the task's model with our field of view, quality and fog
  mjvScene scene;
  mjvOption option;
  irl_colormap map;        // of values that run one way
  irl_colormap diverging;  // of values that run both ways from 0
  double radius;           // of all that moves, or of what is seen of it at once [m]
} irl_stage;

// The motion is borrowed and must outlive the stage. Room for `poses` poses at once; `fine` spends
// time on round shapes and sharp shadows. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_stage_create(irl_stage* stage, const irl_motion* motion, int poses,
                                       bool fine, irl_errinfo* info);
void irl_stage_destroy(irl_stage* stage);  // a zeroed stage is fine

// Begins a picture: surroundings, lights and camera. `head` is the part of the picture's height, at
// its top, that is to be kept free for a title. Where the motion goes far the ground has no end and
// a grid, by which it is seen to pass.
void irl_stage_begin(irl_stage* stage, mjvCamera* camera, double head);

// Adds step t of a rollout: its moving bodies in the colour of the step's cost, its still ones (a
// target) once, however many rollouts share it. alpha: opacity in [0, 1].
void irl_stage_add(irl_stage* stage, int group, int episode, int t, float alpha);

// The map that the motion's values are shown in now.
const irl_colormap* irl_stage_map(const irl_stage* stage);

// Colour of a cost in [0, 1] each, or the plain one without costs.
void irl_stage_color(const irl_stage* stage, double cost, float rgb[3]);

#endif  // MJIRL_VIEWER_STAGE_H_
