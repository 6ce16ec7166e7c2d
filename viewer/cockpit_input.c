// Keys and gamepads. Keys mean what they mean in MuJoCo's simulate; letters are the window's own
// until the keyboard drives the robot, then they are the robot's.
#include <math.h>
#include <stdio.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/cockpit.h"

#define KEY_REACHES 0.6  // a second: how fast keys move the hand
#define KEY_TURN 1.2     // [rad/s]

static irl_cockpit* cockpit_of(GLFWwindow* handle) {
  return glfwGetWindowUserPointer(handle);
}

static void send(irl_cockpit* c, irl_event event, int argument) {
  irl_recorder_send(c->recorder, event, argument);
}

static const irl_teleop_info* robot(const irl_cockpit* c) {
  return irl_teleop_get(irl_recorder_teleop(c->recorder));
}

//---------------------------------- What keys do --------------------------------------------------

static void change_speed(irl_cockpit* c, bool faster) {
  static const double speeds[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4};
  enum { N = sizeof speeds / sizeof speeds[0] };
  int at = 0;
  while (at < N - 1 && speeds[at] < c->view.speed * 0.999) {
    at++;
  }
  const bool between = speeds[at] > c->view.speed * 1.001;
  at += faster ? !between : -1;
  at = at < 0 ? 0 : at > N - 1 ? N - 1 : at;
  char text[64];
  irl_recorder_set_speed(c->recorder, speeds[at]);
  (void)snprintf(text, sizeof text, "%g\xC3\x97 real time", speeds[at]);
  irl_cockpit_notify(c, text, false);
}

static void change_camera(irl_cockpit* c, int way) {
  const int count = (int)c->look->ncam + 1;
  const int now = c->camera.type == mjCAMERA_FIXED ? c->camera.fixedcamid + 1 : 0;
  const int next = (now + way + count) % count;
  char text[128];
  c->camera.type = next == 0 ? mjCAMERA_FREE : mjCAMERA_FIXED;
  c->camera.fixedcamid = next - 1;
  const char* name = next == 0 ? "free" : mj_id2name(c->look, mjOBJ_CAMERA, next - 1);
  (void)snprintf(text, sizeof text, "camera: %.100s", name != NULL ? name : "unnamed");
  irl_cockpit_notify(c, text, false);
}

void irl_cockpit_tie(irl_cockpit* c, int body, const double local[3]) {
  char text[160];
  const char* name = body >= 0 ? mj_id2name(c->look, mjOBJ_BODY, body) : "the hand";
  if (body >= 0 && !irl_teleop_moves(irl_recorder_teleop(c->recorder), body)) {
    (void)snprintf(text, sizeof text, "no actuator moves %.100s", name != NULL ? name : "that");
  } else {
    c->command.body = body;
    if (body >= 0) {
      memcpy(c->command.point, local, sizeof c->command.point);
    }
    (void)snprintf(text, sizeof text, "the ball pulls %.100s", name != NULL ? name : "that body");
  }
  irl_cockpit_notify(c, text, false);
}

static void tie_parent(irl_cockpit* c) {
  const double origin[3] = {0, 0, 0};
  const int body = c->view.pose.body;
  if (body > 0 &&
      irl_teleop_moves(irl_recorder_teleop(c->recorder), c->look->body_parentid[body])) {
    irl_cockpit_tie(c, c->look->body_parentid[body], origin);
  }
}

static void toggle(irl_cockpit* c, bool* what, const char* on, const char* off) {
  *what = !*what;
  irl_cockpit_notify(c, *what ? on : off, false);
}

static void give_keys(irl_cockpit* c, bool controls) {
  c->keys = controls || robot(c)->hand < 0 ? IRL_KEYS_CONTROLS : IRL_KEYS_HAND;
}

static void escape(irl_cockpit* c) {
  if (c->keys != IRL_KEYS_WINDOW) {
    c->keys = IRL_KEYS_WINDOW;
  } else if (c->view.session.phase == IRL_PHASE_COUNTDOWN) {
    send(c, IRL_EVENT_PAUSE, 0);
  } else {
    c->camera.type = mjCAMERA_FREE;
    c->camera.fixedcamid = -1;
  }
}

//---------------------------------- Keys ----------------------------------------------------------

static void on_control_key(GLFWwindow* handle, irl_cockpit* c, int key) {
  switch (key) {
    case GLFW_KEY_Q:
      glfwSetWindowShouldClose(handle, GLFW_TRUE);
      break;
    case GLFW_KEY_P:
      c->screenshot = true;
      break;
    case GLFW_KEY_A:
      irl_cockpit_aim(c);
      break;
    default:
      break;
  }
}

// Keys that mean the same whoever has the letters.
static bool on_common_key(irl_cockpit* c, int key, int mods) {
  const int stride = mods & GLFW_MOD_SHIFT ? 10 : 1;
  const bool idle = c->view.session.phase == IRL_PHASE_READY;
  switch (key) {
    case GLFW_KEY_ENTER:
    case GLFW_KEY_KP_ENTER:
      send(c, IRL_EVENT_RECORD, 0);
      break;
    case GLFW_KEY_SPACE:
      send(c, IRL_EVENT_PAUSE, 0);
      break;
    case GLFW_KEY_BACKSPACE:
      send(c, idle ? IRL_EVENT_RESTART : IRL_EVENT_DISCARD, 0);
      break;
    case GLFW_KEY_DELETE:
      if (idle) {
        send(c, IRL_EVENT_DISCARD, 0);
      }
      break;
    case GLFW_KEY_LEFT:
    case GLFW_KEY_RIGHT:
      send(c, IRL_EVENT_STEP, key == GLFW_KEY_LEFT ? -stride : stride);
      break;
    case GLFW_KEY_HOME:
      send(c, IRL_EVENT_SEEK, 0);
      break;
    case GLFW_KEY_END:
      send(c, IRL_EVENT_SEEK, c->view.session.length);
      break;
    case GLFW_KEY_F1:
      c->help = !c->help;
      break;
    case GLFW_KEY_F5:
      (void)irl_context_full_screen(&c->gl);
      break;
    case GLFW_KEY_TAB:
      c->shown = !c->shown;
      break;
    case GLFW_KEY_ESCAPE:
      escape(c);
      break;
    default:
      return false;
  }
  return true;
}

static void on_letter(irl_cockpit* c, int key, int mods) {
  switch (key) {
    case GLFW_KEY_Y:
      send(c, IRL_EVENT_SUCCESS, 0);
      break;
    case GLFW_KEY_N:
      send(c, IRL_EVENT_FAILURE, 0);
      break;
    case GLFW_KEY_R:
      send(c, IRL_EVENT_RETRY, 0);
      break;
    case GLFW_KEY_K:
      give_keys(c, (mods & GLFW_MOD_SHIFT) != 0);
      break;
    case GLFW_KEY_G:
      toggle(c, &c->command.closed, "gripper: closed", "gripper: open");
      break;
    case GLFW_KEY_H:
      toggle(c, &c->command.relax, "the robot goes limp", "the robot holds its posture");
      break;
    case GLFW_KEY_U:
      toggle(c, &c->command.upright, "the hand keeps its orientation", "the hand may turn");
      break;
    case GLFW_KEY_B:
      toggle(c, &c->command.weightless, "the robot's weight is carried",
             "the robot's weight is not carried");
      break;
    default:
      break;
  }
}

static void on_sign(irl_cockpit* c, int key, int mods) {
  switch (key) {
    case GLFW_KEY_EQUAL:
    case GLFW_KEY_KP_ADD:
    case GLFW_KEY_MINUS:
    case GLFW_KEY_KP_SUBTRACT:
      change_speed(c, key == GLFW_KEY_EQUAL || key == GLFW_KEY_KP_ADD);
      break;
    case GLFW_KEY_COMMA:
    case GLFW_KEY_PERIOD:
      send(c, IRL_EVENT_CONDITION, key == GLFW_KEY_COMMA ? -1 : 1);
      break;
    case GLFW_KEY_LEFT_BRACKET:
    case GLFW_KEY_RIGHT_BRACKET:
      change_camera(c, key == GLFW_KEY_LEFT_BRACKET ? -1 : 1);
      break;
    case GLFW_KEY_PAGE_UP:
      tie_parent(c);
      break;
    default:
      on_letter(c, key, mods);
      break;
  }
}

// Keys of the robot that are pressed once; those that are held are polled.
static void on_robot_key(irl_cockpit* c, int key) {
  const int most = (int)c->look->nu - 1;
  if (key == GLFW_KEY_PAGE_DOWN && c->bank + 10 <= most) {
    c->bank += 10;
  } else if (key == GLFW_KEY_PAGE_UP && c->bank >= 10) {
    c->bank -= 10;
  } else if (c->keys == IRL_KEYS_HAND && key == GLFW_KEY_G) {
    toggle(c, &c->command.closed, "gripper: closed", "gripper: open");
  }
}

static void on_key(GLFWwindow* handle, int key, int scancode, int action, int mods) {
  irl_cockpit* c = cockpit_of(handle);
  (void)scancode;
  if (action == GLFW_RELEASE) {
    return;
  }
  if (irl_cockpit_console_key(c, key, mods)) {
    return;
  }
  const bool scrubs = key == GLFW_KEY_LEFT || key == GLFW_KEY_RIGHT;
  if (action == GLFW_REPEAT && !scrubs) {
    return;  // a held Enter must not run through the session
  }
  if (mods & GLFW_MOD_CONTROL) {
    on_control_key(handle, c, key);
  } else if (!on_common_key(c, key, mods)) {
    if (c->keys == IRL_KEYS_WINDOW) {
      on_sign(c, key, mods);
    } else {
      on_robot_key(c, key);
    }
  }
}

//---------------------------------- Held keys -----------------------------------------------------

static double pair(GLFWwindow* handle, int plus, int minus) {
  return (glfwGetKey(handle, plus) == GLFW_PRESS) - (glfwGetKey(handle, minus) == GLFW_PRESS);
}

// Horizontal directions away from the person and to the right.
static void level_axes(const irl_cockpit* c, double away[3], double right[3]) {
  const float* f = fabsf(c->lens.forward[2]) < 0.9F ? c->lens.forward : c->lens.up;
  const double up[3] = {0, 0, 1};
  for (int k = 0; k < 3; k++) {
    away[k] = k < 2 ? (double)f[k] : 0;
  }
  mju_normalize3(away);
  mju_cross(right, away, up);
}

static void poll_hand(irl_cockpit* c) {
  GLFWwindow* w = c->gl.window;
  double away[3], right[3];
  const double up[3] = {0, 0, 1}, speed = KEY_REACHES * robot(c)->reach;
  level_axes(c, away, right);
  mju_addToScl3(c->command.move, away, speed * pair(w, GLFW_KEY_W, GLFW_KEY_S));
  mju_addToScl3(c->command.move, right, speed * pair(w, GLFW_KEY_D, GLFW_KEY_A));
  mju_addToScl3(c->command.move, up, speed * pair(w, GLFW_KEY_E, GLFW_KEY_Q));
  mju_addToScl3(c->command.turn, right, KEY_TURN * pair(w, GLFW_KEY_K, GLFW_KEY_I));
  mju_addToScl3(c->command.turn, away, KEY_TURN * pair(w, GLFW_KEY_O, GLFW_KEY_U));
  mju_addToScl3(c->command.turn, up, KEY_TURN * pair(w, GLFW_KEY_J, GLFW_KEY_L));
}

// Columns of the keyboard: the upper key pushes a control up, the lower one down.
static void poll_controls(irl_cockpit* c) {
  static const int columns[10][2] = {{GLFW_KEY_Q, GLFW_KEY_A}, {GLFW_KEY_W, GLFW_KEY_S},
                                     {GLFW_KEY_E, GLFW_KEY_D}, {GLFW_KEY_R, GLFW_KEY_F},
                                     {GLFW_KEY_T, GLFW_KEY_G}, {GLFW_KEY_Y, GLFW_KEY_H},
                                     {GLFW_KEY_U, GLFW_KEY_J}, {GLFW_KEY_I, GLFW_KEY_K},
                                     {GLFW_KEY_O, GLFW_KEY_L}, {GLFW_KEY_P, GLFW_KEY_SEMICOLON}};
  for (int k = 0; k < 10; k++) {
    const int i = c->bank + k;
    if (i < c->look->nu && i < IRL_TELEOP_RATES) {
      c->command.rate[i] = pair(c->gl.window, columns[k][0], columns[k][1]);
    }
  }
}

//---------------------------------- Gamepad -------------------------------------------------------

// The first gamepad there is; it may come and go.
static bool poll_state(irl_cockpit* c, irl_gamepad_state* now) {
  GLFWgamepadstate state;
  int found = -1;
  for (int j = GLFW_JOYSTICK_1; j <= GLFW_JOYSTICK_LAST && found < 0; j++) {
    found = glfwJoystickIsGamepad(j) && glfwGetGamepadState(j, &state) ? j : -1;
  }
  if (found != c->gamepad) {
    c->gamepad = found;
    c->before = (irl_gamepad_state){.axis = {0, 0, 0, 0, -1, -1}};
    irl_cockpit_notify(c, found >= 0 ? glfwGetGamepadName(found) : "the gamepad is gone", false);
  }
  if (found >= 0) {
    memcpy(now->axis, state.axes, sizeof now->axis);
    memcpy(now->button, state.buttons, sizeof now->button);
  }
  return found >= 0;
}

static void press_actions(irl_cockpit* c, const bool* pressed) {
  static const struct {
    irl_gamepad_action action;
    irl_event event;
    int argument;
  } events[] = {
      {IRL_ACTION_RECORD, IRL_EVENT_RECORD, 0},   {IRL_ACTION_PAUSE, IRL_EVENT_PAUSE, 0},
      {IRL_ACTION_SUCCESS, IRL_EVENT_SUCCESS, 0}, {IRL_ACTION_FAILURE, IRL_EVENT_FAILURE, 0},
      {IRL_ACTION_DISCARD, IRL_EVENT_DISCARD, 0}, {IRL_ACTION_RETRY, IRL_EVENT_RETRY, 0},
      {IRL_ACTION_BACK, IRL_EVENT_STEP, -1},      {IRL_ACTION_FORWARD, IRL_EVENT_STEP, 1},
  };
  for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
    if (pressed[events[i].action]) {
      send(c, events[i].event, events[i].argument);
    }
  }
  if (pressed[IRL_ACTION_GRIP]) {
    toggle(c, &c->command.closed, "gripper: closed", "gripper: open");
  }
  if (pressed[IRL_ACTION_FASTER] || pressed[IRL_ACTION_SLOWER]) {
    change_speed(c, pressed[IRL_ACTION_FASTER]);
  }
}

static void poll_gamepad(irl_cockpit* c) {
  irl_gamepad_state now = {.axis = {0}};
  irl_gamepad_wish wish;
  double axes[3][3] = {{0, 0, 0}, {0, 0, 0}, {0, 0, 1}};  // right, away, up
  if (!poll_state(c, &now)) {
    return;
  }
  irl_gamepad_read(&wish, &c->map, &c->before, &now);
  c->before = now;
  level_axes(c, axes[1], axes[0]);
  for (int k = 0; k < 3; k++) {
    mju_addToScl3(c->command.move, axes[k], KEY_REACHES * robot(c)->reach * wish.move[k]);
    mju_addToScl3(c->command.turn, axes[k], KEY_TURN * wish.turn[k]);
  }
  for (int i = 0; i < IRL_TELEOP_RATES; i++) {
    c->command.rate[i] += wish.rate[i];
  }
  if (wish.pushes) {
    c->command.mode = IRL_TELEOP_CONTROLS;
  }
  press_actions(c, wish.pressed);
}

//---------------------------------- Command -------------------------------------------------------

void irl_cockpit_command(irl_cockpit* c) {
  memset(c->command.move, 0, sizeof c->command.move);
  memset(c->command.turn, 0, sizeof c->command.turn);
  memset(c->command.rate, 0, sizeof c->command.rate);
  const bool control = irl_context_modifiers(&c->gl) & GLFW_MOD_CONTROL;
  c->levels = c->levels && c->grip == IRL_GRIP_NONE && c->keys == IRL_KEYS_WINDOW;
  c->command.mode = c->levels                      ? IRL_TELEOP_LEVELS
                    : c->keys == IRL_KEYS_CONTROLS ? IRL_TELEOP_CONTROLS
                                                   : IRL_TELEOP_HAND;
  if (c->keys == IRL_KEYS_HAND && !control) {
    poll_hand(c);
  } else if (c->keys == IRL_KEYS_CONTROLS && !control) {
    poll_controls(c);
  }
  poll_gamepad(c);
  c->command.placed = c->grip == IRL_GRIP_TARGET;
  c->command.turned = c->grip == IRL_GRIP_TURN;
  memcpy(c->command.target, c->target, sizeof c->command.target);
  memcpy(c->command.quat, c->perturb.refquat, sizeof c->command.quat);
  irl_recorder_command(c->recorder, &c->command, c->view.epoch);
}

//---------------------------------- Life ----------------------------------------------------------

void irl_cockpit_listen(irl_cockpit* c) {
  GLFWwindow* handle = c->gl.window;
  c->command = irl_command_defaults();
  c->command.upright = robot(c)->joints >= 6;
  c->gamepad = -1;
  glfwSetWindowUserPointer(handle, c);
  glfwSetKeyCallback(handle, on_key);
  irl_cockpit_listen_mouse(c);
}
