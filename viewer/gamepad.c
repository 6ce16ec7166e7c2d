#include "viewer/gamepad.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

// GLFW's order.
static const char* const axis_names[] = {"left_x",       "left_y",        "right_x", "right_y",
                                         "left_trigger", "right_trigger", NULL};
static const char* const button_names[] = {
    "a",          "b",         "x",         "y",          "left_bumper", "right_bumper",
    "back",       "start",     "guide",     "left_thumb", "right_thumb", "dpad_up",
    "dpad_right", "dpad_down", "dpad_left", NULL};
enum { LEFT_TRIGGER = 4 };

static const char* const motion_names[] = {"none", "right", "away", "up", "pitch",
                                           "roll", "yaw",   "grip", NULL};
static const char* const action_names[] = {"none",    "record", "pause", "success", "failure",
                                           "discard", "retry",  "back",  "forward", "grip",
                                           "faster",  "slower", NULL};

irl_gamepad_map irl_gamepad_defaults(void) {
  return (irl_gamepad_map){
      .dead_zone = 0.15,
      .axis = {{IRL_MOTION_RIGHT, 0, 1},
               {IRL_MOTION_AWAY, 0, -1},
               {IRL_MOTION_YAW, 0, -1},
               {IRL_MOTION_UP, 0, -1},
               {IRL_MOTION_NONE, 0, 1},
               {IRL_MOTION_GRIP, 0, 1}},
      .button = {IRL_ACTION_FAILURE, IRL_ACTION_DISCARD, IRL_ACTION_RETRY, IRL_ACTION_SUCCESS,
                 IRL_ACTION_PAUSE, IRL_ACTION_GRIP, IRL_ACTION_DISCARD, IRL_ACTION_RECORD,
                 IRL_ACTION_NONE, IRL_ACTION_NONE, IRL_ACTION_NONE, IRL_ACTION_FASTER,
                 IRL_ACTION_FORWARD, IRL_ACTION_SLOWER, IRL_ACTION_BACK}};
}

//---------------------------------- Reading -------------------------------------------------------

static int find(const char* const* names, const char* name) {
  for (int i = 0; names[i] != NULL; i++) {
    if (strcmp(names[i], name) == 0) {
      return i;
    }
  }
  return -1;
}

// "right", "control3"
static void parse_motion(irl_gamepad_axis* axis, irl_jnode node, int nu) {
  const char* text = irl_json_as_string(node);
  if (strncmp(text, "control", 7) == 0 && text[7] >= '0' && text[7] <= '9') {
    axis->motion = IRL_MOTION_CONTROL;
    axis->control = atoi(text + 7);
    if (axis->control >= nu || axis->control >= IRL_TELEOP_RATES) {
      irl_json_refuse(node, IRL_ERANGE, "there is no control %d; give 0 to %d", axis->control,
                      nu - 1);
    }
    return;
  }
  axis->motion = (irl_gamepad_motion)irl_json_as_choice(node, motion_names);
}

static void parse_axis(irl_gamepad_axis* axis, irl_jnode node, int nu) {
  *axis = (irl_gamepad_axis){.scale = 1};
  if (irl_json_type(node) == IRL_JSON_OBJECT) {
    parse_motion(axis, irl_json_get(node, "moves"), nu);
    axis->scale = irl_json_number_or(node, "scale", -10, 10, 1);
  } else {
    parse_motion(axis, node, nu);
  }
}

// The index of a member's key among the names, or -1 after a refusal.
static int member_index(irl_jnode object, int i, const char* const* names) {
  const char* key = irl_json_key(object, i);
  const int index = find(names, key);
  if (index < 0) {
    const char* near = irl_closest_name(key, names);
    irl_json_refuse(irl_json_member(object, i), IRL_EPARSE, "a gamepad has no '%s'; %s%s%s", key,
                    near != NULL ? "did you mean '" : "",
                    near != NULL ? near : "see docs/recording.md for its parts",
                    near != NULL ? "'?" : "");
  }
  return index;
}

irl_err irl_gamepad_load(irl_gamepad_map* map, const char* path, int nu, irl_errinfo* info) {
  irl_json* doc = NULL;
  *map = irl_gamepad_defaults();
  IRL_TRY(irl_json_load(&doc, path, info));
  irl_jnode root = irl_json_root(doc);
  map->dead_zone = irl_json_number_or(root, "dead_zone", 0, 0.9, map->dead_zone);
  irl_jnode axes = irl_json_get_opt(root, "axes");
  for (int i = 0; i < irl_json_nkeys(axes) && irl_json_ok(doc); i++) {
    const int a = member_index(axes, i, axis_names);
    if (a >= 0) {
      parse_axis(&map->axis[a], irl_json_member(axes, i), nu);
    }
  }
  irl_jnode buttons = irl_json_get_opt(root, "buttons");
  for (int i = 0; i < irl_json_nkeys(buttons) && irl_json_ok(doc); i++) {
    const int b = member_index(buttons, i, button_names);
    if (b >= 0) {
      map->button[b] =
          (irl_gamepad_action)irl_json_as_choice(irl_json_member(buttons, i), action_names);
    }
  }
  return irl_json_close(doc, info);
}

//---------------------------------- Applying ------------------------------------------------------

// A stick's way without its dead zone: 0 within, then growing from 0 to 1.
static double alive(double value, double dead_zone) {
  const double size = fmin(1, fabs(value));
  return size <= dead_zone ? 0 : copysign((size - dead_zone) / (1 - dead_zone), value);
}

static double axis_value(const irl_gamepad_map* map, const irl_gamepad_state* state, int a) {
  const double raw = (double)state->axis[a];
  return alive(a >= LEFT_TRIGGER ? 0.5 * (raw + 1) : raw, map->dead_zone) * map->axis[a].scale;
}

static void apply_axis(irl_gamepad_wish* wish, const irl_gamepad_axis* axis, double before,
                       double now) {
  switch (axis->motion) {
    case IRL_MOTION_RIGHT:
    case IRL_MOTION_AWAY:
    case IRL_MOTION_UP:
      wish->move[axis->motion - IRL_MOTION_RIGHT] += now;
      break;
    case IRL_MOTION_PITCH:
    case IRL_MOTION_ROLL:
    case IRL_MOTION_YAW:
      wish->turn[axis->motion - IRL_MOTION_PITCH] += now;
      break;
    case IRL_MOTION_GRIP:
      wish->pressed[IRL_ACTION_GRIP] |= now > 0.5 && before <= 0.5;
      break;
    case IRL_MOTION_CONTROL:
      wish->rate[axis->control] += now;
      wish->pushes |= now != 0;
      break;
    default:
      break;
  }
  wish->used |= now != 0;
}

void irl_gamepad_read(irl_gamepad_wish* wish, const irl_gamepad_map* map,
                      const irl_gamepad_state* before, const irl_gamepad_state* now) {
  *wish = (irl_gamepad_wish){.used = false};
  for (int a = 0; a < IRL_GAMEPAD_AXES; a++) {
    apply_axis(wish, &map->axis[a], axis_value(map, before, a), axis_value(map, now, a));
  }
  for (int b = 0; b < IRL_GAMEPAD_BUTTONS; b++) {
    if (now->button[b] && !before->button[b] && map->button[b] != IRL_ACTION_NONE) {
      wish->pressed[map->button[b]] = true;
      wish->used = true;
    }
  }
}
