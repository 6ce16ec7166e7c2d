#include "viewer/view.h"

#include <math.h>
#include <mujoco/mujoco.h>

#define DEGREE (3.14159265358979323846 / 180.0)
#define SIDE_ELEVATION (-8.0)  // [deg] of the view of what moves in a vertical plane
#define MARGIN 1.06            // of the picture, around what is to be seen

//---------------------------------- Angle ---------------------------------------------------------

// Covariance (3, 3) of the trailed points.
static void spread(const irl_motion* motion, double cov[9]) {
  double mean[3] = {0, 0, 0}, n = 0;
  mju_zero(cov, 9);
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < motion->nballs; i++) {
      const irl_ball* ball = &motion->balls[i];
      if (ball->radius > 0) {
        continue;  // shapes stand still as often as not: only trails tell the motion
      }
      double v[3] = {(double)ball->center[0], (double)ball->center[1], (double)ball->center[2]};
      if (pass == 0) {
        mju_addTo3(mean, v);
        n += 1;
        continue;
      }
      mju_subFrom3(v, mean);
      for (int k = 0; k < 9; k++) {
        cov[k] += v[k / 3] * v[k % 3] / n;
      }
    }
    mju_scl3(mean, mean, pass == 0 ? 1.0 / fmax(n, 1.0) : 1.0);
  }
}

bool irl_view_upright(const irl_motion* motion, double along[3]) {
  double azimuth, elevation;
  irl_view_angle(motion, &azimuth, &elevation);
  if (elevation != SIDE_ELEVATION) {
    return false;
  }
  along[0] = sin(azimuth * DEGREE);
  along[1] = -cos(azimuth * DEGREE);
  along[2] = 0.0;
  return true;
}

void irl_view_angle(const irl_motion* motion, double* azimuth, double* elevation) {
  double cov[9], value[3], axes[9], quat[4];
  spread(motion, cov);
  mju_eig3(value, axes, quat, cov);  // decreasing, axes in columns
  double normal[3] = {axes[2], axes[5], axes[8]};
  bool line = value[1] < 1e-4 * value[0], flat = value[2] < 0.03 * value[1];
  if (line) {  // seen from the side
    const double along[3] = {axes[0], axes[3], axes[6]}, up[3] = {0.0, 0.0, 1.0};
    mju_cross(normal, along, up);
    flat = mju_normalize3(normal) > 0.3;
  }
  *azimuth = 115.0;
  *elevation = -28.0;
  if (flat && fabs(normal[2]) > 0.8) {
    *azimuth = 90.0;
    *elevation = -68.0;
  } else if (flat && fabs(normal[2]) < 0.3) {
    // Looking along the normal, so that x runs to the right.
    *azimuth = atan2(normal[1], normal[0]) / DEGREE;
    *azimuth += *azimuth <= 0.0 ? 180.0 : 0.0;
    *elevation = SIDE_ELEVATION;
  }
}

//---------------------------------- Distance ------------------------------------------------------

typedef struct axes3 {
  double right[3], up[3], forward[3];
} axes3;

// As MuJoCo's free camera has them.
static axes3 camera_axes(double azimuth, double elevation) {
  double ca = cos(azimuth * DEGREE), sa = sin(azimuth * DEGREE);
  double ce = cos(elevation * DEGREE), se = sin(elevation * DEGREE);
  return (axes3){
      .right = {sa, -ca, 0.0}, .up = {-ca * se, -sa * se, ce}, .forward = {ca * ce, sa * ce, se}};
}

// Least distance at which the balls stay within ±tangent of the line of sight in the direction
// `side`, and on which side they press: the two sides' distances.
static void press(const irl_motion* motion, const axes3* a, const double side[3], double tangent,
                  const double lookat[3], double out[2]) {
  double secant = sqrt(1.0 + tangent * tangent);
  out[0] = out[1] = 0.0;
  for (int i = 0; i < motion->nballs; i++) {
    const irl_ball* ball = &motion->balls[i];
    double q[3];
    for (int k = 0; k < 3; k++) {
      q[k] = (double)ball->center[k] - lookat[k];
    }
    double along = mju_dot3(q, a->forward), across = mju_dot3(q, side);
    double reach = (double)ball->radius * secant;
    out[0] = fmax(out[0], (reach - across) / tangent - along);
    out[1] = fmax(out[1], (reach + across) / tangent - along);
  }
}

void irl_view_fit(mjvCamera* camera, const irl_motion* motion, double aspect, double fovy) {
  axes3 a = camera_axes(camera->azimuth, camera->elevation);
  double tall = tan(0.5 * fovy * DEGREE) / MARGIN, wide = tall * aspect;
  for (int k = 0; k < 3; k++) {
    camera->lookat[k] = 0.5 * (motion->low[k] + motion->high[k]);
  }
  double distance = 0.0;
  // Each round moves the aim so that opposite sides press alike; three settle it to a percent.
  for (int round = 0; round < 4; round++) {
    double w[2], h[2];
    press(motion, &a, a.right, wide, camera->lookat, w);
    press(motion, &a, a.up, tall, camera->lookat, h);
    distance = fmax(fmax(w[0], w[1]), fmax(h[0], h[1]));
    mju_addToScl3(camera->lookat, a.right, 0.5 * (w[1] - w[0]) * wide);
    mju_addToScl3(camera->lookat, a.up, 0.5 * (h[1] - h[0]) * tall);
  }
  camera->distance = fmax(distance, 1e-3);
}

//---------------------------------- Lens ----------------------------------------------------------

void irl_lens_init(irl_lens* lens, const mjvGLCamera* camera, int width, int height) {
  *lens = (irl_lens){.width = width, .height = height, .orthographic = camera->orthographic != 0};
  for (int k = 0; k < 3; k++) {
    lens->pos[k] = camera->pos[k];
    lens->forward[k] = camera->forward[k];
    lens->up[k] = camera->up[k];
  }
  const float *f = lens->forward, *u = lens->up;
  lens->right[0] = f[1] * u[2] - f[2] * u[1];
  lens->right[1] = f[2] * u[0] - f[0] * u[2];
  lens->right[2] = f[0] * u[1] - f[1] * u[0];
  // As MuJoCo's renderer has it: the height of the frustum is kept, its width follows the picture.
  float scale = lens->orthographic ? 1.0F : 1.0F / camera->frustum_near;
  float tall = (camera->frustum_top - camera->frustum_bottom) * scale;
  lens->bottom = camera->frustum_bottom * scale;
  lens->per_pixel = tall / (float)height;
  lens->left = camera->frustum_center * scale - 0.5F * lens->per_pixel * (float)width;
}

bool irl_lens_project(const irl_lens* lens, const float point[3], float out[3]) {
  float q[3], x = 0, y = 0, z = 0;
  for (int k = 0; k < 3; k++) {
    q[k] = point[k] - lens->pos[k];
    x += q[k] * lens->right[k];
    y += q[k] * lens->up[k];
    z += q[k] * lens->forward[k];
  }
  float depth = lens->orthographic ? 1.0F : z;
  if (z <= 1e-6F) {
    return false;
  }
  out[0] = (x / depth - lens->left) / lens->per_pixel;
  out[1] = (float)lens->height - (y / depth - lens->bottom) / lens->per_pixel;
  out[2] = z;
  return true;
}

void irl_lens_ray(const irl_lens* lens, double x, double y, double from[3], double along[3]) {
  const double sideways = (double)lens->left + (double)lens->per_pixel * x;
  const double upwards = (double)lens->bottom + (double)lens->per_pixel * (lens->height - y);
  const double bend = lens->orthographic ? 0 : 1, shift = 1 - bend;
  for (int k = 0; k < 3; k++) {
    const double across = sideways * (double)lens->right[k] + upwards * (double)lens->up[k];
    from[k] = (double)lens->pos[k] + shift * across;
    along[k] = (double)lens->forward[k] + bend * across;
  }
}

float irl_lens_pixel(const irl_lens* lens, float distance) {
  return lens->per_pixel * (lens->orthographic ? 1.0F : distance);
}
