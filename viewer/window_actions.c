#include <stdio.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/camera_file.h"
#include "viewer/window_internal.h"

static const double SPEEDS[] = {0.1, 0.2, 0.5, 1.0, 2.0, 4.0};
enum { NSPEEDS = sizeof SPEEDS / sizeof SPEEDS[0] };

//---------------------------------- Playing -------------------------------------------------------

static void change_speed(irl_window* window, int way) {
  double now = window->set.speed;
  if (way > 0) {
    for (int k = NSPEEDS - 1; k >= 0 && SPEEDS[k] > now * 1.001; k--) {
      window->set.speed = SPEEDS[k];
    }
  } else {
    for (int k = 0; k < NSPEEDS && SPEEDS[k] < now * 0.999; k++) {
      window->set.speed = SPEEDS[k];
    }
  }
}

static int most_rollouts(const irl_window* window) {
  int most = 0;
  for (int g = 0; g < window->show.groups; g++) {
    int n = window->show.motion.replay->groups[g].batch->n;
    most = n > most ? n : most;
  }
  return most;
}

// Cycles none, 1, 2, ..., and none again.
static void move_focus(irl_window* window, int way) {
  int n = most_rollouts(window) + 1;
  window->set.focus = (window->set.focus + way + n) % n;
}

// Switches a group on or off; the last one stays.
static void toggle_group(irl_window* window, int group) {
  if (group >= window->show.groups) {
    return;
  }
  window->set.visible[group] = !window->set.visible[group];
  int left = 0;
  for (int g = 0; g < window->show.groups; g++) {
    left += window->set.visible[g];
  }
  window->set.visible[group] = window->set.visible[group] || left == 0;
  irl_window_notify(window, "%.60s %s", window->show.motion.replay->groups[group].name,
                    window->set.visible[group] ? "shown" : "hidden");
  irl_window_recolor(window);  // the range is of what is shown
}

//---------------------------------- Colours -------------------------------------------------------

static void change_layer(irl_window* window, int way) {
  const irl_replay* replay = window->show.motion.replay;
  if (replay->nlayers > 1) {
    window->set.layer = (window->set.layer + way + replay->nlayers) % replay->nlayers;
    irl_window_recolor(window);
    irl_window_notify(window, "colour: %s", irl_motion_quantity(&window->show.motion));
  }
}

// Auto, percentiles, and the ends held where they are.
static void change_range(irl_window* window) {
  static const char* const names[] = {"auto", "5th to 95th percentile", "held"};
  irl_settings* set = &window->set;
  set->range_kind = (set->range_kind + 1) % 3;
  if (set->range_kind == IRL_RANGE_PERCENT) {
    set->range[0] = 5.0;
    set->range[1] = 95.0;
  } else if (set->range_kind == IRL_RANGE_FIXED) {
    set->range[0] = window->show.motion.scale.lo;
    set->range[1] = window->show.motion.scale.hi;
  }
  irl_window_recolor(window);
  irl_window_notify(window, "range: %s", names[set->range_kind]);
}

static void change_iteration(irl_window* window, int way) {
  const int* there = NULL;
  int n = window->reel != NULL ? irl_reel_iterations(window->reel, &there) : 0;
  if (n == 0) {
    irl_window_notify(window, "no past costs were kept");
    return;
  }
  int index = irl_reel_chosen(window->reel) + way;
  irl_window_choose_iteration(window, index);
  irl_window_notify(window, "cost after iteration %d of %d", there[irl_reel_chosen(window->reel)],
                    there[n - 1]);
}

// The field is of the learned cost: that becomes the colours' meaning.
static void toggle_field(irl_window* window) {
  irl_settings* set = &window->set;
  if (window->field.env == NULL) {
    irl_window_notify(window, "no field: there is no learned cost, or nothing that moves");
    set->field = 0;
    return;
  }
  set->field = !set->field;
  int learned = irl_reel_layer(window->reel, "learned");
  if (set->field && learned >= 0 && set->layer != learned) {
    set->layer = learned;
    irl_window_recolor(window);
  }
  if (set->field && set->focus == 0) {
    set->focus = 1;
  }
  irl_window_notify(window, "cost field %s", set->field ? "on" : "off");
}

//---------------------------------- Camera --------------------------------------------------------

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
  window->set.camera = next;
  irl_window_notify(window, "camera: %.100s", next == 0 ? "free" : name ? name : "unnamed");
}

static void free_camera(irl_window* window, bool align) {
  mjvCamera* camera = &window->show.camera;
  bool was_fixed = camera->type != mjCAMERA_FREE;
  camera->type = mjCAMERA_FREE;
  camera->fixedcamid = -1;
  window->set.camera = 0;
  irl_window_notify(window, align ? "camera: aimed at the motion" : "camera: free");
  if (align || was_fixed) {
    window->steered = false;
    window->show.along = window->show.motion.far;
    irl_view_angle(&window->show.motion, &camera->azimuth, &camera->elevation);
    irl_show_aim(&window->show);
  }
}

static void save_camera(irl_window* window) {
  char name[64];
  irl_errinfo info = {0};
  irl_err err = irl_window_file_name(name, sizeof name, "-camera.json") ? IRL_OK : IRL_EEXIST;
  if (err == IRL_OK) {
    err = irl_camera_save(&window->show.camera, window->show.motion.model, name, &info);
  }
  irl_window_notify(window, "%s%.200s",
                    err == IRL_OK ? "wrote " : "no camera: ", err == IRL_OK ? name : info.text);
}

//---------------------------------- The window ----------------------------------------------------

static void toggle_full(irl_window* window) {
  const bool full = irl_context_full_screen(&window->gl);
  irl_window_notify(window, "full screen %s", full ? "on" : "off");
}

// The state that the rollout in focus (or the first) is in, as MJCF's keyframe has it.
static void copy_state(irl_window* window) {
  char text[4096];
  const mjModel* m = window->show.motion.model;
  const irl_show* show = &window->show;
  int episode = window->set.focus > 0 ? window->set.focus - 1 : 0;
  int group = show->shown[show->layout.ntiles > 0 ? show->layout.ntiles - 1 : 0];
  int n = show->motion.replay->groups[group].batch->n;
  irl_motion_pose(&show->motion, group, episode < n ? episode : n - 1, irl_window_step(window));
  size_t used = (size_t)snprintf(text, sizeof text, "<key qpos='");
  for (int part = 0; part < 2; part++) {
    const mjtNum* values = part == 0 ? show->motion.data->qpos : show->motion.data->qvel;
    int count = (int)(part == 0 ? m->nq : m->nv);
    for (int i = 0; i < count && used < sizeof text - 64; i++) {
      used +=
          (size_t)snprintf(text + used, sizeof text - used, "%s%.17g", i > 0 ? " " : "", values[i]);
    }
    used += (size_t)snprintf(text + used, sizeof text - used, part == 0 ? "' qvel='" : "'/>");
  }
  glfwSetClipboardString(window->gl.window, text);
  irl_window_notify(window, "state copied");
}

static void toggle_chart(irl_window* window) {
  static const double heights[] = {0.0, IRL_CHART_LOW, IRL_CHART_TALL};
  static const char* const names[] = {"none", "timeline", "timeline and figure"};
  window->set.chart = (window->set.chart + 2) % 3;
  window->show.chart = heights[window->set.chart];
  window->rearrange = true;
  irl_window_notify(window, "chart: %s", names[window->set.chart]);
}

static void toggle_panel(irl_window* window) {
  window->panel = !window->panel;
  irl_window_notify(window, "panel %s", window->panel ? "on" : "off");
  window->rearrange = true;
}

//---------------------------------- All -----------------------------------------------------------

static void do_playing(irl_window* window, int action) {
  int step = irl_window_step(window), last = window->show.motion.steps;
  switch (action) {
    case IRL_DO_PAUSE:
      window->set.paused = !window->set.paused;
      if (!window->set.paused && step == last) {
        window->time = 0.0;
      }
      break;
    case IRL_DO_BACK:
    case IRL_DO_FORWARD:
      irl_window_set_step(window, step + (action == IRL_DO_BACK ? -1 : 1));
      break;
    case IRL_DO_FIRST:
    case IRL_DO_LAST:
      irl_window_set_step(window, action == IRL_DO_FIRST ? 0 : last);
      break;
    case IRL_DO_RESET:
      window->time = 0.0;
      break;
    case IRL_DO_FASTER:
    case IRL_DO_SLOWER:
      change_speed(window, action == IRL_DO_FASTER ? 1 : -1);
      break;
    case IRL_DO_LOOP:
      window->set.loop = !window->set.loop;
      irl_window_notify(window, "loop %s", window->set.loop ? "on" : "off");
      break;
    case IRL_DO_FOCUS_NEXT:
    case IRL_DO_FOCUS_PREVIOUS:
      move_focus(window, action == IRL_DO_FOCUS_NEXT ? 1 : -1);
      break;
    default:
      window->set.focus = 0;
      break;
  }
}

static void do_learning(irl_window* window, int action) {
  switch (action) {
    case IRL_DO_COLOR_NEXT:
    case IRL_DO_COLOR_PREVIOUS:
      change_layer(window, action == IRL_DO_COLOR_NEXT ? 1 : -1);
      break;
    case IRL_DO_RANGE:
      change_range(window);
      break;
    case IRL_DO_ITERATION_NEXT:
    case IRL_DO_ITERATION_PREVIOUS:
      change_iteration(window, action == IRL_DO_ITERATION_NEXT ? 1 : -1);
      break;
    case IRL_DO_FOLLOW:
      window->set.follow = !window->set.follow;
      irl_window_notify(window, "following the run: %s", window->set.follow ? "on" : "off");
      break;
    default:
      toggle_field(window);
      break;
  }
}

static void do_view(irl_window* window, int action) {
  switch (action) {
    case IRL_DO_CAMERA_NEXT:
    case IRL_DO_CAMERA_PREVIOUS:
      change_camera(window, action == IRL_DO_CAMERA_NEXT ? 1 : -1);
      break;
    case IRL_DO_FREE:
    case IRL_DO_ALIGN:
      free_camera(window, action == IRL_DO_ALIGN);
      break;
    case IRL_DO_SAVE_CAMERA:
      save_camera(window);
      break;
    case IRL_DO_PANEL:
      toggle_panel(window);
      break;
    case IRL_DO_HELP:
      window->help = !window->help;
      irl_window_notify(window, "help %s", window->help ? "on" : "off");
      break;
    case IRL_DO_INFO:
      window->set.info = !window->set.info;
      irl_window_notify(window, "facts %s", window->set.info ? "on" : "off");
      break;
    case IRL_DO_CHART:
      toggle_chart(window);
      break;
    default:
      toggle_full(window);
      break;
  }
}

void irl_window_do(irl_window* window, int action) {
  if (action >= IRL_DO_GROUP) {
    toggle_group(window, action - IRL_DO_GROUP);
  } else if (action <= IRL_DO_FOCUS_NONE) {
    do_playing(window, action);
  } else if (action <= IRL_DO_FIELD) {
    do_learning(window, action);
  } else if (action <= IRL_DO_FULL) {
    do_view(window, action);
  } else if (action == IRL_DO_SCREENSHOT) {
    window->screenshot = true;
  } else if (action == IRL_DO_FILM || action == IRL_DO_FRAMES) {
    irl_window_capture_toggle(window,
                              action == IRL_DO_FILM ? IRL_CAPTURE_FILM : IRL_CAPTURE_FOLDER);
  } else if (action == IRL_DO_COPY) {
    copy_state(window);
  } else if (action == IRL_DO_RELOAD) {
    irl_window_notify(window,
                      window->reel != NULL ? "read the run again" : "nothing to read again");
    irl_window_look(window);
  } else if (action == IRL_DO_QUIT) {
    glfwSetWindowShouldClose(window->gl.window, GLFW_TRUE);
  }
}
