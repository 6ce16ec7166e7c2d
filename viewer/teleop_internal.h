// What teleop.c (acting) and teleop_model.c (studying a model) share.
#ifndef MJIRL_VIEWER_TELEOP_INTERNAL_H_
#define MJIRL_VIEWER_TELEOP_INTERNAL_H_

#include <mujoco/mujoco.h>

#include "viewer/teleop.h"

// How a control is driven so that its actuator follows the reference.
typedef enum irl_drive_kind {
  IRL_DRIVE_NONE,      // not by the controller
  IRL_DRIVE_FORCE,     // the control is a force, after gain and bias
  IRL_DRIVE_POSITION,  // a length
  IRL_DRIVE_VELOCITY,  // a rate of length
  IRL_DRIVE_GRIPPER,   // one of two ends
} irl_drive_kind;

typedef struct irl_drive {
  irl_drive_kind kind;
  int actuator, out;     // that the control belongs to, and its force output
  bool servo;            // held at a length: keys move its set point, they do not push
  double low, high;      // of the control; ±1 where it has no bound
  double first, second;  // ends of a gripper: at the start, and the other one
} irl_drive;

// Drives of all controls (nu). Bounds are those of the task.
void irl_drives_study(irl_drive* drive, const irl_task* task, const mjData* d);

// Marks the degrees of freedom that driven controls move; d is at a posture with its moments.
void irl_drives_mark(const irl_drive* drive, int nu, const mjModel* m, const mjData* d,
                     bool* actuated);

// The hand, its reach and its plane; d is at a posture with its kinematics.
void irl_hand_study(irl_teleop_info* info, const mjModel* m, const mjData* d, const bool* actuated);

#endif  // MJIRL_VIEWER_TELEOP_INTERNAL_H_
