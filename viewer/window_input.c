#include <math.h>
#include <stdio.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/window_internal.h"

#define SLOWEST 0.015625
#define FASTEST 16.0

static irl_window* window_of(GLFWwindow* handle) {
  return glfwGetWindowUserPointer(handle);
}

//---------------------------------- Keys ----------------------------------------------------------

static void step_by(irl_window* window, int steps) {
  double dt = irl_task_get(window->show.motion.replay->task)->dt;
  int step = irl_window_step(window) + steps;
  int last = window->show.motion.steps;
  step = step < 0 ? 0 : step > last ? last : step;
  window->time = step * dt;
  window->paused = true;
}

static void change_speed(irl_window* window, double factor) {
  window->speed = fmin(FASTEST, fmax(SLOWEST, window->speed * factor));
}

static int most_rollouts(const irl_window* window) {
  int most = 0;
  for (int g = 0; g < window->show.groups; g++) {
    int n = window->show.motion.replay->groups[g].batch->n;
    most = n > most ? n : most;
  }
  return most;
}

// Cycles none, 0, 1, ..., and none again.
static void move_focus(irl_window* window, int way) {
  int n = most_rollouts(window);
  window->focus += way;
  window->focus = window->focus >= n ? -1 : window->focus < -1 ? n - 1 : window->focus;
}

// Switches a group on or off; the last one stays.
static void toggle_group(irl_window* window, int group) {
  if (group >= window->show.groups) {
    return;
  }
  window->visible[group] = !window->visible[group];
  int left = 0;
  for (int g = 0; g < window->show.groups; g++) {
    left += window->visible[g];
  }
  window->visible[group] = window->visible[group] || left == 0;
  window->rearrange = true;
}

// The free camera and the model's own in a circle.
static void change_camera(irl_window* window, int way) {
  mjvCamera* camera = &window->show.camera;
  const mjModel* model = window->show.motion.model;
  int count = (int)model->ncam + 1;
  int now = camera->type == mjCAMERA_FIXED ? camera->fixedcamid + 1 : 0;
  int next = (now + way + count) % count;
  camera->type = next == 0 ? mjCAMERA_FREE : mjCAMERA_FIXED;
  camera->fixedcamid = next - 1;
  const char* name = next == 0 ? NULL : mj_id2name(model, mjOBJ_CAMERA, next - 1);
  char text[128];
  (void)snprintf(text, sizeof text, "camera: %.100s", next == 0 ? "free" : name ? name : "unnamed");
  irl_window_notify(window, text);
}

static void free_camera(irl_window* window) {
  window->show.camera.type = mjCAMERA_FREE;
  window->show.camera.fixedcamid = -1;
  irl_view_angle(&window->show.motion, &window->show.camera.azimuth,
                 &window->show.camera.elevation);
  irl_show_aim(&window->show);
  window->focus = -1;
}

static void on_control_key(GLFWwindow* handle, irl_window* window, int key) {
  if (key == GLFW_KEY_Q) {
    glfwSetWindowShouldClose(handle, GLFW_TRUE);
  } else if (key == GLFW_KEY_P) {
    window->screenshot = true;
  }
}

static void on_key(GLFWwindow* handle, int key, int scancode, int action, int mods) {
  (void)scancode;
  irl_window* window = window_of(handle);
  if (action == GLFW_RELEASE) {
    return;
  }
  if (mods & GLFW_MOD_CONTROL) {
    on_control_key(handle, window, key);
    return;
  }
  switch (key) {
    case GLFW_KEY_SPACE:
      window->paused = !window->paused;
      break;
    case GLFW_KEY_LEFT:
    case GLFW_KEY_RIGHT:
      step_by(window, key == GLFW_KEY_LEFT ? -1 : 1);
      break;
    case GLFW_KEY_EQUAL:
    case GLFW_KEY_KP_ADD:
      change_speed(window, 2.0);
      break;
    case GLFW_KEY_MINUS:
    case GLFW_KEY_KP_SUBTRACT:
      change_speed(window, 0.5);
      break;
    case GLFW_KEY_BACKSPACE:
      window->time = 0.0;
      break;
    case GLFW_KEY_TAB:
      move_focus(window, mods & GLFW_MOD_SHIFT ? -1 : 1);
      break;
    case GLFW_KEY_LEFT_BRACKET:
    case GLFW_KEY_RIGHT_BRACKET:
      change_camera(window, key == GLFW_KEY_LEFT_BRACKET ? -1 : 1);
      break;
    case GLFW_KEY_ESCAPE:
      free_camera(window);
      break;
    case GLFW_KEY_F1:
      window->help = !window->help;
      break;
    default:
      if (key >= GLFW_KEY_1 && key <= GLFW_KEY_9) {
        toggle_group(window, key - GLFW_KEY_1);
      }
      break;
  }
}

//---------------------------------- Mouse ---------------------------------------------------------

static bool held(GLFWwindow* handle, int button) {
  return glfwGetMouseButton(handle, button) == GLFW_PRESS;
}

static void on_move(GLFWwindow* handle, double x, double y) {
  irl_window* window = window_of(handle);
  double dx = x - window->mouse_x, dy = y - window->mouse_y;
  int width = 1, height = 1;
  window->mouse_x = x;
  window->mouse_y = y;
  bool left = held(handle, GLFW_MOUSE_BUTTON_LEFT), right = held(handle, GLFW_MOUSE_BUTTON_RIGHT);
  bool middle = held(handle, GLFW_MOUSE_BUTTON_MIDDLE);
  if ((!left && !right && !middle) || window->show.camera.type != mjCAMERA_FREE) {
    return;
  }
  bool shift = glfwGetKey(handle, GLFW_KEY_LEFT_SHIFT) == GLFW_PRESS ||
               glfwGetKey(handle, GLFW_KEY_RIGHT_SHIFT) == GLFW_PRESS;
  int action = right  ? (shift ? mjMOUSE_MOVE_H : mjMOUSE_MOVE_V)
               : left ? (shift ? mjMOUSE_ROTATE_H : mjMOUSE_ROTATE_V)
                      : mjMOUSE_ZOOM;
  glfwGetWindowSize(handle, &width,
                    &height);  // mouse and window share these units, pixels need not
  height = height > 0 ? height : 1;
  mjv_moveCamera(window->show.stage.look, action, dx / height, dy / height, &window->show.camera);
}

static void on_scroll(GLFWwindow* handle, double dx, double dy) {
  (void)dx;
  irl_window* window = window_of(handle);
  if (window->show.camera.type == mjCAMERA_FREE) {
    mjv_moveCamera(window->show.stage.look, mjMOUSE_ZOOM, 0.0, -0.05 * dy, &window->show.camera);
  }
}

void irl_window_listen(irl_window* window) {
  GLFWwindow* handle = window->gl.window;
  glfwSetWindowUserPointer(handle, window);
  glfwGetCursorPos(handle, &window->mouse_x, &window->mouse_y);
  glfwSetKeyCallback(handle, on_key);
  glfwSetCursorPosCallback(handle, on_move);
  glfwSetScrollCallback(handle, on_scroll);
}
