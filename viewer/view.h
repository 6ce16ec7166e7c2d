// Where the camera stands: a good angle chosen from the motion, and the closest distance at which
// all of it is in the picture.
#ifndef MJIRL_VIEWER_VIEW_H_
#define MJIRL_VIEWER_VIEW_H_

#include "viewer/motion.h"

struct mjvCamera_;
struct mjvGLCamera_;

// Azimuth and elevation [deg] that show the motion: from above, at a slant, when it lies in a
// horizontal plane; from the side when it lies in a vertical one; a three-quarter view otherwise.
void irl_view_angle(const irl_motion* motion, double* azimuth, double* elevation);

// True when the motion lies in a vertical plane; `along` is then the horizontal direction in it.
bool irl_view_upright(const irl_motion* motion, double along[3]);

// Sets lookat and distance [m] of a free camera (its azimuth and elevation are given) to where all
// balls of the motion fit into a picture of the given width over height. fovy: vertical field of
// view [deg].
void irl_view_fit(struct mjvCamera_* camera, const irl_motion* motion, double aspect, double fovy);

// How points of the world land in a picture.
typedef struct irl_lens {
  float pos[3];                       // of the eye, in the world [m]
  float forward[3], up[3], right[3];  // unit vectors
  float left, bottom;  // of the window onto the world, at unit distance when not orthographic
  float per_pixel;     // its units a pixel
  int width, height;   // pixels
  bool orthographic;
} irl_lens;

// Of a camera that mjv_updateScene has set, in a picture of that size [pixels].
void irl_lens_init(irl_lens* lens, const struct mjvGLCamera_* camera, int width, int height);

// x to the right and y down in pixels, z the distance along the line of sight [m]; false behind the
// camera.
bool irl_lens_project(const irl_lens* lens, const float point[3], float out[3]);

// The line of sight through a point of the picture (x right, y down, pixels): where it begins and
// its direction, of unit length along the camera's own.
void irl_lens_ray(const irl_lens* lens, double x, double y, double from[3], double along[3]);

// Metres that a pixel covers at a distance.
float irl_lens_pixel(const irl_lens* lens, float distance);

#endif  // MJIRL_VIEWER_VIEW_H_
