// The mouse. It means what it means in MuJoCo's simulate, and it drags the ball and the timeline.
#include <math.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/cockpit.h"

#define DOUBLE_CLICK_SECONDS 0.3

static irl_cockpit* cockpit_of(GLFWwindow* handle) {
  return glfwGetWindowUserPointer(handle);
}

static const irl_teleop_info* robot(const irl_cockpit* c) {
  return irl_teleop_get(irl_recorder_teleop(c->recorder));
}

//---------------------------------- Gripping ------------------------------------------------------

static bool in_timeline(const irl_cockpit* c, double x, double y) {
  const irl_box* b = &c->timeline;
  return b->width > 0 && x >= b->x - 4 && x <= b->x + b->width + 4 && y >= b->y - 8 * c->unit &&
         y <= b->y + b->height + 8 * c->unit && irl_session_running(&c->view.session);
}

static void seek(irl_cockpit* c, double x) {
  const double share = (x - c->timeline.x) / c->timeline.width;
  irl_recorder_send(c->recorder, IRL_EVENT_SEEK,
                    (int)lround(share * c->view.session.options.horizon));
}

// Ctrl-drag as in simulate: the body that the target is tied to is pulled or turned.
static void begin_perturb(irl_cockpit* c, int button) {
  const bool own = c->command.body >= 0;
  if (c->view.pose.body < 0) {
    return;
  }
  mjv_defaultPerturb(&c->perturb);
  c->perturb.select = c->view.pose.body;
  memcpy(c->perturb.localpos, own ? c->command.point : robot(c)->point, sizeof c->perturb.localpos);
  mjv_initPerturb(c->look, c->d, &c->scene, &c->perturb);
  memcpy(c->perturb.refselpos, c->view.pose.target, sizeof c->perturb.refselpos);
  memcpy(c->perturb.refquat, c->view.pose.quat, sizeof c->perturb.refquat);
  memcpy(c->target, c->view.pose.target, sizeof c->target);
  c->pulls = true;
  c->grip = button == GLFW_MOUSE_BUTTON_RIGHT ? IRL_GRIP_TARGET : IRL_GRIP_TURN;
}

static void begin_target(irl_cockpit* c, double x, double y) {
  const float p[3] = {(float)c->view.pose.target[0], (float)c->view.pose.target[1],
                      (float)c->view.pose.target[2]};
  float seen[3];
  memcpy(c->target, c->view.pose.target, sizeof c->target);
  c->offset[0] = c->offset[1] = 0;
  if (irl_lens_project(&c->lens, p, seen)) {
    c->offset[0] = x - (double)seen[0];
    c->offset[1] = y - (double)seen[1];
  }
  c->pulls = false;
  c->grip = IRL_GRIP_TARGET;
}

void irl_cockpit_regrip(irl_cockpit* c) {
  if (c->grip == IRL_GRIP_TURN || (c->grip == IRL_GRIP_TARGET && c->pulls)) {
    begin_perturb(c, c->button);
  } else if (c->grip == IRL_GRIP_TARGET) {
    begin_target(c, c->mouse[0] * c->scale, c->mouse[1] * c->scale);
  }
}

static void double_click(irl_cockpit* c, int button, int mods, double x, double y) {
  double point[3], local[3], gap[3];
  const int body = irl_cockpit_pick(c, x, y, point);
  if (button == GLFW_MOUSE_BUTTON_LEFT) {
    if (body > 0) {
      mju_sub3(gap, point, c->d->xpos + 3 * body);
      mju_mulMatTVec3(local, c->d->xmat + 9 * body, gap);
    }
    irl_cockpit_tie(c, body, local);
  } else if (button == GLFW_MOUSE_BUTTON_RIGHT && body > 0 && (mods & GLFW_MOD_CONTROL)) {
    c->camera.type = mjCAMERA_TRACKING;
    c->camera.trackbodyid = body;
    c->camera.fixedcamid = -1;
  } else if (button == GLFW_MOUSE_BUTTON_RIGHT && body >= 0) {
    memcpy(c->camera.lookat, point, sizeof c->camera.lookat);
  }
}

static void press(irl_cockpit* c, int button, int mods) {
  const double now = glfwGetTime();
  const double x = c->mouse[0] * c->scale, y = c->mouse[1] * c->scale;
  const bool twice = button == c->pressed_button && now - c->pressed_at < DOUBLE_CLICK_SECONDS;
  c->pressed_button = twice ? -1 : button;
  c->pressed_at = now;
  c->button = button;
  if (twice) {
    double_click(c, button, mods, x, y);
  } else if (button == GLFW_MOUSE_BUTTON_LEFT && in_timeline(c, x, y)) {
    c->grip = IRL_GRIP_TIMELINE;
    seek(c, x);
  } else if ((mods & GLFW_MOD_CONTROL) && button != GLFW_MOUSE_BUTTON_MIDDLE) {
    begin_perturb(c, button);
  } else if (button == GLFW_MOUSE_BUTTON_LEFT && irl_cockpit_on_target(c, x, y)) {
    begin_target(c, x, y);
  } else {
    c->grip = IRL_GRIP_VIEW;
  }
}

static void on_button(GLFWwindow* handle, int button, int action, int mods) {
  irl_cockpit* c = cockpit_of(handle);
  // where the events before this one left the mouse: on a slow screen it is elsewhere by now
  const double x = c->mouse[0] * c->scale, y = c->mouse[1] * c->scale;
  if (action == GLFW_RELEASE && irl_cockpit_console_release(c)) {
    return;
  }
  if (action == GLFW_PRESS && c->grip == IRL_GRIP_NONE) {
    if (!irl_cockpit_console_press(c, x, y)) {
      press(c, button, mods);
    }
  } else if (action == GLFW_RELEASE && button == c->button) {
    irl_cockpit_command(c);  // where it was let go, even if no frame saw it there
    c->grip = IRL_GRIP_NONE;
  }
}

static bool shifted(const irl_cockpit* c) {
  return irl_context_modifiers(&c->gl) & GLFW_MOD_SHIFT;
}

static void move_view(irl_cockpit* c, bool shift, double dx, double dy) {
  const int action =
      c->button == GLFW_MOUSE_BUTTON_RIGHT  ? (shift ? mjMOUSE_MOVE_H : mjMOUSE_MOVE_V)
      : c->button == GLFW_MOUSE_BUTTON_LEFT ? (shift ? mjMOUSE_ROTATE_H : mjMOUSE_ROTATE_V)
                                            : mjMOUSE_ZOOM;
  mjv_moveCamera(c->look, action, dx, dy, &c->camera);
}

static void pull(irl_cockpit* c, bool shift, double dx, double dy) {
  const int action = c->grip == IRL_GRIP_TARGET ? (shift ? mjMOUSE_MOVE_H : mjMOUSE_MOVE_V)
                                                : (shift ? mjMOUSE_ROTATE_H : mjMOUSE_ROTATE_V);
  mjv_movePerturb(c->look, c->d, action, dx, dy, &c->scene, &c->perturb);
  memcpy(c->target, c->perturb.refselpos, sizeof c->target);
}

static void on_move(GLFWwindow* handle, double x, double y) {
  irl_cockpit* c = cockpit_of(handle);
  int width = 1, height = 1;
  glfwGetWindowSize(handle, &width, &height);
  height = height > 0 ? height : 1;
  const double dx = (x - c->mouse[0]) / height, dy = (y - c->mouse[1]) / height;
  c->mouse[0] = x;
  c->mouse[1] = y;
  if (irl_cockpit_console_move(c, x * c->scale, y * c->scale)) {
    return;
  }
  switch (c->grip) {
    case IRL_GRIP_VIEW:
      move_view(c, shifted(c), dx, dy);
      break;
    case IRL_GRIP_TIMELINE:
      seek(c, x * c->scale);
      break;
    case IRL_GRIP_TURN:
      pull(c, shifted(c), dx, dy);
      break;
    case IRL_GRIP_TARGET:
      if (c->pulls) {
        pull(c, shifted(c), dx, dy);
      } else {
        irl_cockpit_drag(c, x * c->scale - c->offset[0], y * c->scale - c->offset[1], shifted(c));
      }
      break;
    default:
      break;
  }
}

// The wheel zooms; while the ball is held it moves that along the line of sight.
static void on_scroll(GLFWwindow* handle, double dx, double dy) {
  irl_cockpit* c = cockpit_of(handle);
  (void)dx;
  if (irl_cockpit_console_scroll(c, dy)) {
    return;
  }
  if (c->grip == IRL_GRIP_TARGET && !robot(c)->planar) {
    for (int k = 0; k < 3; k++) {
      c->target[k] += 0.03 * dy * robot(c)->reach * (double)c->lens.forward[k];
    }
  } else {
    mjv_moveCamera(c->look, mjMOUSE_ZOOM, 0, -0.05 * dy, &c->camera);
  }
}

void irl_cockpit_listen_mouse(irl_cockpit* c) {
  GLFWwindow* handle = c->gl.window;
  c->pressed_button = -1;
  glfwGetCursorPos(handle, &c->mouse[0], &c->mouse[1]);
  glfwSetMouseButtonCallback(handle, on_button);
  glfwSetCursorPosCallback(handle, on_move);
  glfwSetScrollCallback(handle, on_scroll);
}
