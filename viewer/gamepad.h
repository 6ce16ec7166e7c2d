// What a gamepad's sticks and buttons mean: a mapping from a JSON file, applied to states as GLFW
// gives them. Pure functions: no window, no device.
//
//   {"dead_zone": 0.15,
//    "axes": {"left_x": "right", "left_y": {"moves": "away", "scale": -1}, ...},
//    "buttons": {"start": "record", "y": "success", ...}}
#ifndef MJIRL_VIEWER_GAMEPAD_H_
#define MJIRL_VIEWER_GAMEPAD_H_

#include <stdbool.h>

#include "base/err.h"
#include "viewer/teleop.h"

enum { IRL_GAMEPAD_AXES = 6, IRL_GAMEPAD_BUTTONS = 15 };  // in GLFW's order

// What an axis moves.
typedef enum irl_gamepad_motion {
  IRL_MOTION_NONE,
  IRL_MOTION_RIGHT,  // the hand, as the person sees it
  IRL_MOTION_AWAY,
  IRL_MOTION_UP,
  IRL_MOTION_PITCH,  // turns it about `right`, `away`, `up`
  IRL_MOTION_ROLL,
  IRL_MOTION_YAW,
  IRL_MOTION_GRIP,     // past its half: opens or closes the gripper
  IRL_MOTION_CONTROL,  // pushes one control
} irl_gamepad_motion;

// What a button does when it is pressed.
typedef enum irl_gamepad_action {
  IRL_ACTION_NONE,
  IRL_ACTION_RECORD,
  IRL_ACTION_PAUSE,
  IRL_ACTION_SUCCESS,
  IRL_ACTION_FAILURE,
  IRL_ACTION_DISCARD,
  IRL_ACTION_RETRY,
  IRL_ACTION_BACK,     // a step back
  IRL_ACTION_FORWARD,  // a step forward
  IRL_ACTION_GRIP,
  IRL_ACTION_FASTER,
  IRL_ACTION_SLOWER,
  IRL_ACTIONS,
} irl_gamepad_action;

typedef struct irl_gamepad_axis {
  irl_gamepad_motion motion;
  int control;   // of IRL_MOTION_CONTROL, from 0
  double scale;  // factor on the axis; negative turns it round
} irl_gamepad_axis;

typedef struct irl_gamepad_map {
  double dead_zone;  // share of a stick's way that means nothing, in [0, 1)
  irl_gamepad_axis axis[IRL_GAMEPAD_AXES];
  irl_gamepad_action button[IRL_GAMEPAD_BUTTONS];
} irl_gamepad_map;

// Left stick: level; right stick: up and yaw; right trigger: gripper; start: record; Y success, A
// failure, X once more, B discard; left bumper: pause; right bumper: gripper; cross: back, forward,
// faster, slower.
irl_gamepad_map irl_gamepad_defaults(void);

// Reads a mapping; what it does not name keeps its default. nu: controls of the task. Errors: those
// of irl_json_load; unknown names with the closest known one.
IRL_NODISCARD irl_err irl_gamepad_load(irl_gamepad_map* map, const char* path, int nu,
                                       irl_errinfo* info);

// What the person wants with it, in shares -1 ... 1.
typedef struct irl_gamepad_wish {
  double move[3];  // right, away, up
  double turn[3];  // pitch, roll, yaw
  double rate[IRL_TELEOP_RATES];
  bool pushes;                // some control is pushed
  bool pressed[IRL_ACTIONS];  // since the last time
  bool used;                  // anything at all
} irl_gamepad_wish;

// A gamepad's state, as GLFW gives it: sticks -1 ... 1 (y down), triggers -1 (free) ... 1.
typedef struct irl_gamepad_state {
  float axis[IRL_GAMEPAD_AXES];
  unsigned char button[IRL_GAMEPAD_BUTTONS];
} irl_gamepad_state;

// before: the state of the last call, for what has just been pressed.
void irl_gamepad_read(irl_gamepad_wish* wish, const irl_gamepad_map* map,
                      const irl_gamepad_state* before, const irl_gamepad_state* now);

#endif  // MJIRL_VIEWER_GAMEPAD_H_
