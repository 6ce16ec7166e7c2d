#include <math.h>
#include <stddef.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/window_internal.h"

#define DOUBLE_CLICK 0.3  // [s]
#define HOVER_REACH 14.0  // [design pixels]
#define CLICK_REACH 40.0

static irl_window* window_of(GLFWwindow* handle) {
  return glfwGetWindowUserPointer(handle);
}

//---------------------------------- Keys ----------------------------------------------------------

enum { CTRL = GLFW_MOD_CONTROL, SHIFT = GLFW_MOD_SHIFT };

// MuJoCo's simulate has the first ones with the same meaning.
static const struct {
  int key, mods;  // as GLFW counts them
  int action;     // irl_action
} KEYS[] = {
    {GLFW_KEY_SPACE, 0, IRL_DO_PAUSE},
    {GLFW_KEY_LEFT, 0, IRL_DO_BACK},
    {GLFW_KEY_RIGHT, 0, IRL_DO_FORWARD},
    {GLFW_KEY_EQUAL, 0, IRL_DO_FASTER},
    {GLFW_KEY_EQUAL, SHIFT, IRL_DO_FASTER},
    {GLFW_KEY_KP_ADD, 0, IRL_DO_FASTER},
    {GLFW_KEY_MINUS, 0, IRL_DO_SLOWER},
    {GLFW_KEY_KP_SUBTRACT, 0, IRL_DO_SLOWER},
    {GLFW_KEY_BACKSPACE, 0, IRL_DO_RESET},
    {GLFW_KEY_ESCAPE, 0, IRL_DO_FREE},
    {GLFW_KEY_LEFT_BRACKET, 0, IRL_DO_CAMERA_PREVIOUS},
    {GLFW_KEY_RIGHT_BRACKET, 0, IRL_DO_CAMERA_NEXT},
    {GLFW_KEY_TAB, 0, IRL_DO_PANEL},
    {GLFW_KEY_F1, 0, IRL_DO_HELP},
    {GLFW_KEY_F2, 0, IRL_DO_INFO},
    {GLFW_KEY_F3, 0, IRL_DO_CHART},
    {GLFW_KEY_F5, 0, IRL_DO_FULL},
    {GLFW_KEY_A, CTRL, IRL_DO_ALIGN},
    {GLFW_KEY_C, CTRL, IRL_DO_COPY},
    {GLFW_KEY_L, CTRL, IRL_DO_RELOAD},
    {GLFW_KEY_P, CTRL, IRL_DO_SCREENSHOT},
    {GLFW_KEY_Q, CTRL, IRL_DO_QUIT},
    {GLFW_KEY_HOME, 0, IRL_DO_FIRST},
    {GLFW_KEY_END, 0, IRL_DO_LAST},
    {GLFW_KEY_L, 0, IRL_DO_LOOP},
    {GLFW_KEY_DOWN, 0, IRL_DO_FOCUS_NEXT},
    {GLFW_KEY_UP, 0, IRL_DO_FOCUS_PREVIOUS},
    {GLFW_KEY_0, 0, IRL_DO_FOCUS_NONE},
    {GLFW_KEY_C, 0, IRL_DO_COLOR_NEXT},
    {GLFW_KEY_C, SHIFT, IRL_DO_COLOR_PREVIOUS},
    {GLFW_KEY_R, 0, IRL_DO_RANGE},
    {GLFW_KEY_COMMA, 0, IRL_DO_ITERATION_PREVIOUS},
    {GLFW_KEY_PERIOD, 0, IRL_DO_ITERATION_NEXT},
    {GLFW_KEY_N, 0, IRL_DO_FOLLOW},
    {GLFW_KEY_F, 0, IRL_DO_FIELD},
    {GLFW_KEY_K, CTRL, IRL_DO_SAVE_CAMERA},
    {GLFW_KEY_R, CTRL, IRL_DO_FILM},
    {GLFW_KEY_F, CTRL, IRL_DO_FRAMES},
};

const char* const irl_window_help[][2] = {
    {"Space", "pause, play"},
    {"\xE2\x86\x90  \xE2\x86\x92", "one step back, forward"},
    {"Home  End", "first, last step"},
    {"Backspace", "from the beginning"},
    {"+  -", "faster, slower: 0.1 to 4 times real time"},
    {"L", "loop"},
    {"Down  Up  0", "next, last rollout in focus; all"},
    {"1 ... 9", "show, hide a group"},
    {"C  Shift-C", "next, last meaning of the colours"},
    {"R", "range: auto, percentiles, held"},
    {",  .", "cost of an earlier, later iteration"},
    {"N", "follow a run that is training"},
    {"F", "cost field: the cost over places"},
    {"[  ]", "cameras of the model"},
    {"Esc  Ctrl-A", "free camera; aim it at the motion"},
    {"Ctrl-K", "save the camera"},
    {"Ctrl-P", "picture to a file"},
    {"Ctrl-R  Ctrl-F", "begin, end a film; a folder of frames"},
    {"Ctrl-C", "copy the state"},
    {"Ctrl-L", "read the run again"},
    {"Tab", "panel; Alt and a letter: its sections"},
    {"F1  F2  F3  F5", "help, facts, chart, full screen"},
    {"Ctrl-Q", "quit"},
    {"Drag left, right, wheel", "turn, move, zoom; Shift: level"},
    {"Drag on the timeline", "scrub"},
    {"Double click", "focus; right: aim the view there"},
    {NULL, NULL}};

static void on_key(GLFWwindow* handle, int key, int scancode, int action, int mods) {
  (void)scancode;
  irl_window* window = window_of(handle);
  mods &= GLFW_MOD_CONTROL | GLFW_MOD_SHIFT | GLFW_MOD_ALT;
  if (action == GLFW_RELEASE || irl_controls_key(window, key, mods)) {
    return;
  }
  if (key >= GLFW_KEY_1 && key <= GLFW_KEY_9 && mods == 0) {
    irl_window_do(window, IRL_DO_GROUP + key - GLFW_KEY_1);
    return;
  }
  for (size_t k = 0; k < sizeof KEYS / sizeof KEYS[0]; k++) {
    if (KEYS[k].key == key && KEYS[k].mods == mods) {
      irl_window_do(window, KEYS[k].action);
      return;
    }
  }
}

//---------------------------------- Mouse ---------------------------------------------------------

static bool held(GLFWwindow* handle, int button) {
  return glfwGetMouseButton(handle, button) == GLFW_PRESS;
}

static bool over_chart(const irl_window* window) {
  const irl_box* box = &window->show.layout.chart;
  return box->height > 0.0 && window->mouse_x >= box->x && window->mouse_x < box->x + box->width &&
         window->mouse_y >= box->y && window->mouse_y < box->y + box->height;
}

static void scrub(irl_window* window) {
  double step = irl_chart_step(&window->chart, window->mouse_x);
  irl_window_set_step(window, (int)floor(step + 1e-9));
}

static void turn_camera(irl_window* window, double dx, double dy) {
  GLFWwindow* handle = window->gl.window;
  bool left = held(handle, GLFW_MOUSE_BUTTON_LEFT), right = held(handle, GLFW_MOUSE_BUTTON_RIGHT);
  bool middle = held(handle, GLFW_MOUSE_BUTTON_MIDDLE),
       shift = irl_context_modifiers(&window->gl) & GLFW_MOD_SHIFT;
  if ((!left && !right && !middle) || window->show.camera.type != mjCAMERA_FREE) {
    return;
  }
  int action = right  ? (shift ? mjMOUSE_MOVE_H : mjMOUSE_MOVE_V)
               : left ? (shift ? mjMOUSE_ROTATE_H : mjMOUSE_ROTATE_V)
                      : mjMOUSE_ZOOM;
  window->steered = true;
  mjv_moveCamera(window->show.stage.look, action, dx / window->height, dy / window->height,
                 &window->show.camera);
}

static void on_move(GLFWwindow* handle, double x, double y) {
  irl_window* window = window_of(handle);
  double dx = x * window->ratio - window->mouse_x, dy = y * window->ratio - window->mouse_y;
  window->mouse_x += dx;
  window->mouse_y += dy;
  if (window->height < 1 || irl_controls_mouse(window, mjEVENT_MOVE, 0, dx, dy)) {
    return;
  }
  if (window->scrubbing) {
    scrub(window);
  } else if (window->dragging) {
    turn_camera(window, dx, dy);
  }
  window->pick = window->dragging ? (irl_pick){0}
                                  : irl_window_pick(window, window->mouse_x, window->mouse_y,
                                                    HOVER_REACH * window->show.layout.unit);
}

// Left: the rollout there gets the focus, none where there is none. Right: the camera looks there.
static void double_click(irl_window* window, int button) {
  irl_pick pick = irl_window_pick(window, window->mouse_x, window->mouse_y,
                                  CLICK_REACH * window->show.layout.unit);
  if (button == GLFW_MOUSE_BUTTON_LEFT) {
    window->set.focus = pick.found ? pick.episode + 1 : 0;
  } else if (button == GLFW_MOUSE_BUTTON_RIGHT && pick.found) {
    const float* at =
        irl_motion_trail(&window->show.motion, pick.group, pick.episode, pick.step, 0);
    const irl_moment moment = irl_window_moment(window);
    double way[3];  // from where the camera goes along
    irl_show_way(&window->show, pick.group, &moment, way);
    window->steered = true;
    for (int k = 0; k < 3; k++) {
      window->show.camera.lookat[k] = (double)at[k] - way[k];
    }
  }
}

static void on_button(GLFWwindow* handle, int button, int action, int mods) {
  (void)mods;
  irl_window* window = window_of(handle);
  bool press = action == GLFW_PRESS;
  if (irl_controls_mouse(window, press ? mjEVENT_PRESS : mjEVENT_RELEASE, button, 0.0, 0.0)) {
    return;
  }
  window->scrubbing = press && button == GLFW_MOUSE_BUTTON_LEFT && over_chart(window);
  window->dragging = press && !window->scrubbing;
  if (window->scrubbing) {
    scrub(window);
  } else if (press) {
    double now = glfwGetTime();
    if (now - window->clicked < DOUBLE_CLICK && window->clicked_button == button) {
      double_click(window, button);
    }
    window->clicked = now;
    window->clicked_button = button;
  }
}

static void on_scroll(GLFWwindow* handle, double dx, double dy) {
  irl_window* window = window_of(handle);
  if (irl_controls_mouse(window, mjEVENT_SCROLL, 0, dx, dy)) {
    return;
  }
  if (window->show.camera.type == mjCAMERA_FREE) {
    window->steered = true;
    mjv_moveCamera(window->show.stage.look, mjMOUSE_ZOOM, 0.0, -0.05 * dy, &window->show.camera);
  }
}

void irl_window_listen(irl_window* window) {
  GLFWwindow* handle = window->gl.window;
  glfwSetWindowUserPointer(handle, window);
  glfwSetKeyCallback(handle, on_key);
  glfwSetCursorPosCallback(handle, on_move);
  glfwSetMouseButtonCallback(handle, on_button);
  glfwSetScrollCallback(handle, on_scroll);
}
