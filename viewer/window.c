#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/window_internal.h"

enum { DEFAULT_WIDTH = 1280, DEFAULT_HEIGHT = 720 };

#define FRAME_SECONDS (1.0 / 60.0)
#define REST_SECONDS 1.0  // at the end, before it begins again
#define NOTICE_SECONDS 3.0
#define NEWS_SECONDS 0.5     // between looks at a run that is training
#define FIELD_SECONDS 0.008  // of a frame, for the cost field
#define FIELD_STILL 0.04     // where nothing else moves

//---------------------------------- Time ----------------------------------------------------------

static double step_seconds(const irl_window* window) {
  return irl_task_get(window->show.motion.replay->task)->dt;
}

static double duration(const irl_window* window) {
  return window->show.motion.steps * step_seconds(window);
}

int irl_window_step(const irl_window* window) {
  int step = (int)floor(window->time / step_seconds(window) + 1e-6);
  return step < window->show.motion.steps ? step : window->show.motion.steps;
}

void irl_window_set_step(irl_window* window, int step) {
  int last = window->show.motion.steps;
  step = step < 0 ? 0 : step > last ? last : step;
  window->time = step * step_seconds(window);
  window->set.paused = true;
}

irl_moment irl_window_moment(const irl_window* window) {
  return (irl_moment){.step = irl_window_step(window), .focus = window->set.focus - 1};
}

unsigned irl_window_hidden(const irl_window* window) {
  unsigned hidden = 0;
  for (int g = 0; g < window->show.groups; g++) {
    hidden |= window->set.visible[g] ? 0U : 1U << g;
  }
  return hidden;
}

// While a film is taken each frame is a film's frame, however long it took to draw.
static void advance(irl_window* window, double seconds) {
  double end = duration(window);
  if (window->set.paused) {
    return;
  }
  // A stall (a dragged window, a suspended machine) must not make the replay jump.
  double passed = window->capture != IRL_CAPTURE_NONE ? FRAME_SECONDS : fmin(seconds, 0.1);
  window->time += passed * window->set.speed;
  if (!window->set.loop) {
    window->set.paused = window->time >= end;
    window->time = fmin(window->time, end);
  } else if (window->time > end + REST_SECONDS * window->set.speed) {
    window->time = 0.0;
  }
}

void irl_window_notify(irl_window* window, const char* format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(window->notice, sizeof window->notice, format, args);
  va_end(args);
  window->notice_until = glfwGetTime() + NOTICE_SECONDS;
  irl_log(window->host != NULL ? &window->host->sink : NULL, IRL_LOG_PROGRESS, "%s",
          window->notice);
}

//---------------------------------- What is shown -------------------------------------------------

void irl_window_recolor(irl_window* window) {
  const irl_settings* set = &window->set;
  irl_range range = {(irl_range_kind)set->range_kind, set->range[0], set->range[1]};
  bool whole = range.kind != IRL_RANGE_PERCENT || (range.lo >= 0.0 && range.hi <= 100.0);
  if (range.kind != IRL_RANGE_AUTO && !(range.lo < range.hi && whole)) {
    irl_window_notify(window, "range: the lower end must be below the upper one");
    range.kind = IRL_RANGE_AUTO;
  }
  window->show.motion.hidden = irl_window_hidden(window);
  if (irl_show_color(&window->show, set->layer, &range) != IRL_OK) {
    irl_window_notify(window, "out of memory; show fewer episodes");
  }
  window->generation++;
  window->rearrange = true;
}

void irl_window_choose_iteration(irl_window* window, int index) {
  irl_errinfo info = {0};
  if (window->reel == NULL) {
    return;
  }
  if (irl_reel_choose(window->reel, index, &info) != IRL_OK) {
    irl_window_notify(window, "%.200s", info.text);
  }
  window->set.iteration = irl_reel_chosen(window->reel);
  irl_window_recolor(window);
}

void irl_window_look(irl_window* window) {
  irl_news news = IRL_NEWS_NONE;
  window->asked = glfwGetTime();
  if (window->reel == NULL) {
    return;
  }
  window->failed = irl_reel_poll(window->reel, &news, window->info);
  if (window->failed == IRL_OK && news == IRL_NEWS_ROLLOUTS) {
    window->failed = irl_show_renew(&window->show, window->info);
  }
  if (window->failed != IRL_OK || news == IRL_NEWS_NONE) {
    return;
  }
  const int* there = NULL;
  int n = irl_reel_iterations(window->reel, &there);
  window->set.iteration = irl_reel_chosen(window->reel);
  irl_window_recolor(window);
  irl_window_notify(window, "iteration %d%s", n > 0 ? there[n - 1] : 0,
                    news == IRL_NEWS_ROLLOUTS ? ": new rollouts" : "");
}

//---------------------------------- Loop ----------------------------------------------------------

// Notices a resized window, and how many pixels a unit of the mouse is.
static void follow_size(irl_window* window) {
  int width = 0, height = 0, units = 0, tall = 0;
  glfwGetFramebufferSize(window->gl.window, &width, &height);
  glfwGetWindowSize(window->gl.window, &units, &tall);
  window->ratio = units > 0 ? (double)width / units : 1.0;
  if (width != window->width || height != window->height) {
    window->width = width;
    window->height = height;
    window->rearrange = true;
    irl_controls_resize(window);
  }
}

static void work_on_field(irl_window* window) {
  if (!window->set.field || window->field.env == NULL) {
    return;
  }
  const irl_show* show = &window->show;
  int group = show->shown[show->layout.ntiles > 0 ? show->layout.ntiles - 1 : 0];
  int episode = window->set.focus > 0 ? window->set.focus - 1 : 0;
  int n = show->motion.replay->groups[group].batch->n;
  irl_field* field = &window->field;
  bool idle = !field->busy;
  // While it plays, a field that is under way is finished first, or none ever would be.
  if (idle || window->set.paused) {
    irl_field_aim(field, group, episode < n ? episode : n - 1, irl_window_step(window),
                  window->generation);
  }
  (void)irl_field_work(field, window->set.paused ? FIELD_STILL : FIELD_SECONDS);
  irl_field_paint(field, &show->stage);
}

// Waits for the next frame's time, or for input while nothing moves.
static void wait_turn(const irl_window* window, double began) {
  double left = FRAME_SECONDS - (glfwGetTime() - began);
  bool still = window->set.paused && glfwGetTime() > window->notice_until &&
               window->capture == IRL_CAPTURE_NONE && !(window->set.field && window->field.busy);
  if (still) {
    glfwWaitEventsTimeout(0.1);
  } else if (left > 1e-3) {
    glfwWaitEventsTimeout(left);
  } else {
    glfwPollEvents();
  }
}

static bool goes_on(const irl_window* window) {
  return window->failed == IRL_OK && !glfwWindowShouldClose(window->gl.window) &&
         !irl_host_stop(window->host);
}

static void run(irl_window* window) {
  double last = glfwGetTime();
  while (goes_on(window)) {
    double now = glfwGetTime();
    advance(window, now - last);
    last = now;
    follow_size(window);
    if (window->set.follow && now - window->asked > NEWS_SECONDS) {
      irl_window_look(window);
    }
    if (window->width < 16 || window->height < 16) {
      glfwWaitEventsTimeout(0.1);  // minimised
      continue;
    }
    work_on_field(window);
    irl_window_draw(window);
    glfwSwapBuffers(window->gl.window);
    window->frames++;
    if (irl_context_lost(&window->gl)) {
      window->failed = irl_fail(window->info, IRL_EUNSUPPORTED,
                                "window: the graphics driver lost the context; open it again");
    }
    wait_turn(window, now);
  }
}

//---------------------------------- Life ----------------------------------------------------------

static void first_settings(irl_window* window, const irl_replay* replay,
                           const irl_view_options* options) {
  irl_settings* set = &window->set;
  *set = (irl_settings){.loop = 1, .speed = 1.0, .chart = options->plain ? 0 : 2};
  for (int g = 0; g < window->show.groups; g++) {
    set->visible[g] = !(options->hidden >> g & 1U);
  }
  const mjvCamera* camera = &window->show.camera;
  set->camera = camera->type == mjCAMERA_FIXED ? camera->fixedcamid + 1 : 0;
  set->focus = options->focus;
  set->layer = options->layer;
  set->range_kind = (int)window->show.motion.range.kind;
  set->range[0] = window->show.motion.range.lo;
  set->range[1] = window->show.motion.range.hi;
  set->follow = options->follow;
  set->field = options->field;
  set->iteration = replay->reel != NULL ? irl_reel_chosen(replay->reel) : 0;
  window->show.chart = options->plain ? 0.0 : IRL_CHART_TALL;
  window->panel = !options->plain;
  window->steered = options->camera != NULL;
  window->rearrange = true;
  if (options->step > 0) {
    irl_window_set_step(window, options->step - 1);
  }
}

static irl_err open_window(irl_window* window, const irl_replay* replay,
                           const irl_view_options* options, irl_errinfo* info) {
  char title[160];
  int width = options->width > 0 ? options->width : DEFAULT_WIDTH;
  int height = options->height > 0 ? options->height : DEFAULT_HEIGHT;
  (void)snprintf(title, sizeof title, "%.120s \xE2\x80\x94 mjirl",
                 irl_task_get(replay->task)->name);
  IRL_TRY(irl_context_window(&window->gl, title, width, height, info));
  glfwSetWindowSizeLimits(window->gl.window, 320, 240, GLFW_DONT_CARE, GLFW_DONT_CARE);
  glfwGetFramebufferSize(window->gl.window, &window->width, &window->height);
  IRL_TRY(
      irl_show_create(&window->show, replay, options, window->width, window->height, false, info));
  mjr_changeFont(irl_context_font_scale(&window->gl), &window->show.draw.context);
  mjr_setBuffer(mjFB_WINDOW, &window->show.draw.context);
  first_settings(window, replay, options);
  irl_err err = irl_field_create(&window->field, &window->show.motion, replay->reel,
                                 options->field_body, info);
  if (err != IRL_OK && (options->field || err == IRL_ENOMEM)) {
    return err;  // else there is just no field to be switched on
  }
  if (irl_controls_create(window) != IRL_OK) {
    return irl_fail(info, IRL_ENOMEM, "window: out of memory; show fewer episodes");
  }
  irl_window_listen(window);
  return IRL_OK;
}

irl_err irl_viewer_window(const irl_replay* replay, const irl_view_options* options, int* frames,
                          const irl_host* host, irl_errinfo* info) {
  const irl_view_options defaults = {0};
  irl_errinfo ignored = {0};
  irl_window window = {.host = host, .reel = replay->reel, .info = info != NULL ? info : &ignored};
  irl_env_runtime_init();
  irl_err err = open_window(&window, replay, options != NULL ? options : &defaults, window.info);
  if (err == IRL_OK) {
    run(&window);
    err = window.failed;
  }
  if (frames != NULL) {
    *frames = window.frames;
  }
  irl_window_capture_end(&window);
  irl_controls_destroy(&window);
  irl_field_destroy(&window.field);
  irl_show_destroy(&window.show);
  irl_window_words_fini(&window);
  irl_context_close(&window.gl);
  return err;
}
