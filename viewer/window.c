#include <GL/gl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "base/arena.h"
#include "base/file.h"
#include "viewer/png.h"
#include "viewer/theme.h"
#include "viewer/window_internal.h"

enum { DEFAULT_WIDTH = 1280, DEFAULT_HEIGHT = 720 };

#define FRAME_SECONDS (1.0 / 60.0)
#define REST_SECONDS 1.0  // at the end, before it begins again
#define NOTICE_SECONDS 3.0

//---------------------------------- Time ----------------------------------------------------------

double irl_window_duration(const irl_window* window) {
  return window->show.motion.steps * irl_task_get(window->show.motion.replay->task)->dt;
}

int irl_window_step(const irl_window* window) {
  double dt = irl_task_get(window->show.motion.replay->task)->dt;
  int step = (int)floor(window->time / dt + 1e-6);
  return step < window->show.motion.steps ? step : window->show.motion.steps;
}

static void advance(irl_window* window, double seconds) {
  double end = irl_window_duration(window);
  if (window->paused) {
    return;
  }
  // A stall (a dragged window, a suspended machine) must not make the replay jump.
  window->time += fmin(seconds, 0.1) * window->speed;
  if (window->time > end + REST_SECONDS * window->speed) {
    window->time = 0.0;
  }
}

void irl_window_notify(irl_window* window, const char* text) {
  (void)snprintf(window->notice, sizeof window->notice, "%s", text);
  window->notice_until = glfwGetTime() + NOTICE_SECONDS;
}

//---------------------------------- Drawing -------------------------------------------------------

// Lists the groups that are switched on.
static int visible_groups(const irl_window* window, int shown[IRL_GROUPS_MAX]) {
  int n = 0;
  for (int g = 0; g < window->show.groups; g++) {
    if (window->visible[g]) {
      shown[n++] = g;
    }
  }
  return n;
}

static void clear_window(const irl_window* window) {
  const irl_ink page = IRL_THEME_PAGE;
  glViewport(0, 0, window->width, window->height);
  glDisable(GL_SCISSOR_TEST);
  glClearColor(page.r, page.g, page.b, 1.0F);
  glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT);
}

static void draw_window(irl_window* window) {
  irl_show* show = &window->show;
  int shown[IRL_GROUPS_MAX], n = visible_groups(window, shown);
  irl_moment moment = {.step = irl_window_step(window), .focus = window->focus};
  unsigned hidden = 0;
  for (int g = 0; g < show->groups; g++) {
    hidden |= window->visible[g] ? 0U : 1U << g;
  }
  if (window->rearrange) {
    irl_show_arrange(show, 0, window->width, window->height, hidden);
    window->rearrange = false;
  }
  clear_window(window);
  for (int i = 0; i < n; i++) {
    const irl_tile* tile = &show->layout.tile[i];
    mjrRect rect = {tile->x, window->height - tile->y - tile->height, tile->width, tile->height};
    irl_trails trails = irl_show_trails(show, shown[i], &moment, show->layout.unit);
    irl_show_stage(show, shown[i], tile, &moment);
    irl_draw_tile(&show->draw, &show->stage, &show->camera, rect, &trails);
  }
  irl_window_overlay(window, shown);
}

//---------------------------------- Screenshot ----------------------------------------------------

// A name that is not taken: mjirl-<date>-<time>.png, with a number when a second sees several.
static bool screenshot_name(char* out, size_t size) {
  char stamp[32];
  struct tm now;
  time_t seconds = time(NULL);
  if (localtime_r(&seconds, &now) == NULL) {
    return false;
  }
  (void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &now);
  (void)snprintf(out, size, "mjirl-%s.png", stamp);
  for (int k = 2; irl_file_exists(out) && k < 100; k++) {
    (void)snprintf(out, size, "mjirl-%s-%d.png", stamp, k);
  }
  return !irl_file_exists(out);
}

static irl_err read_window(const irl_window* window, irl_canvas* canvas) {
  uint8_t* rgb = irl_calloc(3 * (size_t)window->width, (size_t)window->height);
  irl_err err = rgb != NULL ? irl_canvas_create(canvas, window->width, window->height) : IRL_ENOMEM;
  if (err == IRL_OK) {
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(0, 0, window->width, window->height, GL_RGB, GL_UNSIGNED_BYTE, rgb);
    irl_canvas_shrink(canvas, 0, 0, rgb, window->width, window->height, 1);
  }
  irl_free(rgb);
  return err;
}

static void take_screenshot(irl_window* window) {
  char name[64], text[256];
  irl_canvas canvas = {0};
  irl_errinfo info = {0};
  window->screenshot = false;
  irl_err err = screenshot_name(name, sizeof name) ? read_window(window, &canvas) : IRL_EEXIST;
  if (err == IRL_OK) {
    err = irl_png_write(name, &canvas, false, &info);
  }
  irl_canvas_destroy(&canvas);
  if (err == IRL_OK) {
    (void)snprintf(text, sizeof text, "wrote %s", name);
  } else {
    (void)snprintf(text, sizeof text, "no picture: %.200s",
                   info.text[0] != 0 ? info.text : irl_err_name(err));
  }
  irl_window_notify(window, text);
  irl_log(window->host != NULL ? &window->host->sink : NULL,
          err == IRL_OK ? IRL_LOG_INFO : IRL_LOG_WARNING, "%s", text);
}

//---------------------------------- Loop ----------------------------------------------------------

// Notices a resized window.
static void follow_size(irl_window* window) {
  int width = 0, height = 0;
  glfwGetFramebufferSize(window->gl.window, &width, &height);
  if (width != window->width || height != window->height) {
    window->width = width;
    window->height = height;
    window->rearrange = true;
  }
}

// Waits for the next frame's time, or for input while nothing moves.
static void wait_turn(const irl_window* window, double began) {
  double left = FRAME_SECONDS - (glfwGetTime() - began);
  if (window->paused && glfwGetTime() > window->notice_until) {
    glfwWaitEventsTimeout(0.1);
  } else if (left > 1e-3) {
    glfwWaitEventsTimeout(left);
  } else {
    glfwPollEvents();
  }
}

static void run(irl_window* window) {
  double last = glfwGetTime();
  while (!glfwWindowShouldClose(window->gl.window) && !irl_host_stop(window->host)) {
    double now = glfwGetTime();
    advance(window, now - last);
    last = now;
    follow_size(window);
    if (window->width < 16 || window->height < 16) {
      glfwWaitEventsTimeout(0.1);  // minimised
      continue;
    }
    draw_window(window);
    if (window->screenshot) {
      take_screenshot(window);
    }
    glfwSwapBuffers(window->gl.window);
    window->frames++;
    wait_turn(window, now);
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
  mjr_setBuffer(mjFB_WINDOW, &window->show.draw.context);
  for (int g = 0; g < window->show.groups; g++) {
    window->visible[g] = true;
  }
  irl_window_listen(window);
  return IRL_OK;
}

irl_err irl_viewer_window(const irl_replay* replay, const irl_view_options* options, int* frames,
                          const irl_host* host, irl_errinfo* info) {
  const irl_view_options defaults = {0};
  irl_window window = {.host = host, .speed = 1.0, .focus = -1};
  irl_env_runtime_init();
  irl_err err = open_window(&window, replay, options != NULL ? options : &defaults, info);
  if (err == IRL_OK) {
    run(&window);
  }
  if (frames != NULL) {
    *frames = window.frames;
  }
  irl_show_destroy(&window.show);
  irl_window_panels_fini(&window);
  irl_context_close(&window.gl);
  return err;
}
