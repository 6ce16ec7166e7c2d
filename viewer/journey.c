#include "viewer/journey.h"

#include <math.h>
#include <mujoco/mujoco.h>

#include "viewer/view.h"

#define DEGREE (3.14159265358979323846 / 180.0)
#define STRIDE_SECONDS 0.5  // that the camera's way is smoothed over
#define ROOM_ALONG 2.4      // on either side of what moves, in its radii
#define ROOM_ABOVE 1.15     // above and below it

void irl_journey_fit(mjvCamera* camera, const irl_motion* motion, double aspect, double fovy) {
  const double right[3] = {sin(camera->azimuth * DEGREE), -cos(camera->azimuth * DEGREE), 0.0};
  irl_ball ball[2];
  irl_motion strip = {.balls = ball, .nballs = 2};
  mju_copy3(strip.low, motion->center);
  mju_copy3(strip.high, motion->center);
  for (int side = 0; side < 2; side++) {
    ball[side].radius = (float)(ROOM_ABOVE * motion->radius);
    for (int k = 0; k < 3; k++) {
      double away = (side == 0 ? -ROOM_ALONG : ROOM_ALONG) * motion->radius * right[k];
      ball[side].center[k] = (float)(motion->center[k] + away);
    }
  }
  irl_view_fit(camera, &strip, aspect, fovy);
}

int irl_journey_guide(const irl_motion* motion, int group, int focus) {
  const int n = motion->replay->groups[group].batch->n;
  if (focus >= 0 && focus < n && irl_motion_shown(motion, group, focus)) {
    return focus;
  }
  for (int i = 0; i < n; i++) {
    if (irl_motion_shown(motion, group, i)) {
      return i;
    }
  }
  return -1;
}

// Mean place of the trailed points.
static void place(const irl_motion* motion, int group, int episode, int t, double out[3]) {
  mju_zero3(out);
  for (int k = 0; k < motion->npoints; k++) {
    const float* at = irl_motion_trail(motion, group, episode, t, k);
    for (int a = 0; a < 3; a++) {
      out[a] += (double)at[a] / motion->npoints;
    }
  }
}

void irl_journey_way(const irl_motion* motion, int group, int episode, int t, double way[3]) {
  const irl_task_info* task = irl_task_get(motion->replay->task);
  const int last = motion->replay->groups[group].batch->length[episode];
  const int half = (int)fmax(1.0, 0.5 * STRIDE_SECONDS / task->dt);
  double start[3];
  place(motion, group, episode, 0, start);
  mju_zero3(way);
  t = t < last ? t : last;
  // As many steps ahead as behind: near the ends the camera is where the robot is.
  const int reach = t < half ? t : last - t < half ? last - t : half;
  for (int s = t - reach; s <= t + reach; s++) {
    double at[3];
    place(motion, group, episode, s, at);
    mju_addToScl3(way, at, 1.0 / (2 * reach + 1));
  }
  mju_subFrom3(way, start);
  way[2] = 0.0;
}

int irl_journey_strides(const irl_motion* motion, int group, int episode, double spacing,
                        int* steps, int most) {
  int t = motion->replay->groups[group].batch->length[episode], n = 0;
  double last[3], now[3];
  irl_journey_way(motion, group, episode, t, last);
  for (steps[n++] = t; t >= 0 && n < most; t--) {
    irl_journey_way(motion, group, episode, t, now);
    if (mju_dist3(now, last) >= spacing) {
      mju_copy3(last, now);
      steps[n++] = t;
    }
  }
  return n;
}
