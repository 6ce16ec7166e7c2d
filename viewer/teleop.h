// Teleoperation: what a person wants of a robot, turned into the commands of its own actuators.
//
// The person moves a target; a reference posture follows it by damped least squares within the
// joints' limits, and the actuators follow the reference: position servos by their set points,
// velocity servos by its speed, everything else by computed torque,
//   tau = (M + dt D)(w^2 (q_ref - q) + 2 w (qd_ref - qd)) + D qd_ref + bias - spring,
//   f = argmin |A'f - tau|,
// with D the joints' damping and A the actuators' moments (which know gears and tendons), always
// within the action bounds. No OpenGL here, no clock, no memory but the reference: the same calls
// give the same actions.
#ifndef MJIRL_VIEWER_TELEOP_H_
#define MJIRL_VIEWER_TELEOP_H_

#include <stdbool.h>

#include "envs/task.h"

enum { IRL_TELEOP_RATES = 64 };  // controls that keys and sliders reach one by one

typedef enum irl_teleop_mode {
  IRL_TELEOP_HAND,      // the hand follows a target
  IRL_TELEOP_CONTROLS,  // each control is pushed by itself
  IRL_TELEOP_LEVELS,    // each control is set by itself
} irl_teleop_mode;

// What the person wants now. Lengths and angles are the scene's; speeds are those of the person's
// clock, so slow motion makes the robot no slower to command.
typedef struct irl_command {
  irl_teleop_mode mode;
  bool placed;       // put the target at:
  double target[3];  // [m]
  bool turned;       // turn the target to:
  double quat[4];
  double move[3];  // speed of the target, world axes [m/s]
  double turn[3];  // [rad/s]

  int body;         // that the target is tied to; -1: the hand
  double point[3];  // where, in the body's frame [m]

  double rate[IRL_TELEOP_RATES];   // of each control, -1 ... 1
  double level[IRL_TELEOP_RATES];  // of each control, as the actuator takes it
  bool closed;                     // gripper

  bool relax;       // without a pull no effort is made; else the posture is held
  bool upright;     // the hand's orientation is part of the target
  bool weightless;  // gravity and other bias forces are compensated
  double strength;  // 0 ... 1 (1): share of the fastest stable response
} irl_command;

irl_command irl_command_defaults(void);

typedef struct irl_teleop irl_teleop;

// Studies the model: which actuators the controller can drive and how, which of them are a gripper
// (named *grip* or *finger*), which body is the hand (named *hand*, *tip*, *tool*, *gripper* or
// *end*, else the one at the end of the longest chain of actuated joints). Errors: IRL_ENOMEM,
// IRL_EUNSUPPORTED for a task without actuators.
IRL_NODISCARD irl_err irl_teleop_create(irl_teleop** teleop, const irl_task* task,
                                        irl_errinfo* info);
void irl_teleop_destroy(irl_teleop* teleop);  // NULL is fine

// Starts again from a physics state (nstate): the reference is its posture, the target its hand.
void irl_teleop_reset(irl_teleop* teleop, const double* state);

// The action u (nu) for a control step from `state`. speed: seconds of the simulation in a second
// of the person.
void irl_teleop_act(irl_teleop* teleop, const double* state, const irl_command* command,
                    double speed, double* u);

// What the model allows.
typedef struct irl_teleop_info {
  int hand;         // body, -1: no body is moved by an actuator
  double point[3];  // the hand's point in its frame [m]
  double reach;     // size of what the actuators move [m]
  int joints;       // actuated degrees of freedom that move the hand
  bool planar;      // the hand moves in a plane only, with this normal
  double normal[3];
  int grippers;  // controls of the gripper
  int undriven;  // controls that only IRL_TELEOP_CONTROLS reaches
} irl_teleop_info;
const irl_teleop_info* irl_teleop_get(const irl_teleop* teleop);

// Where the target stands now, and the point that follows it.
typedef struct irl_teleop_pose {
  int body;
  double target[3], quat[4];
  double point[3];
} irl_teleop_pose;
void irl_teleop_where(const irl_teleop* teleop, irl_teleop_pose* pose);

// True when actuators move the body at all.
bool irl_teleop_moves(const irl_teleop* teleop, int body);

#endif  // MJIRL_VIEWER_TELEOP_H_
