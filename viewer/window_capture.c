#include <GL/gl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/file.h"
#include "viewer/png.h"
#include "viewer/window_internal.h"

#define FILM_FPS 60.0  // a film's frame is a frame of the window, however long it took

bool irl_window_file_name(char* out, size_t size, const char* ending) {
  char stamp[32];
  struct tm now;
  time_t seconds = time(NULL);
  if (localtime_r(&seconds, &now) == NULL) {
    return false;
  }
  (void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &now);
  (void)snprintf(out, size, "mjirl-%s%s", stamp, ending);
  for (int k = 2; (irl_file_exists(out) || irl_dir_exists(out)) && k < 100; k++) {
    (void)snprintf(out, size, "mjirl-%s-%d%s", stamp, k, ending);
  }
  return !irl_file_exists(out) && !irl_dir_exists(out);
}

// The picture as it stands in the back buffer, without the panel's columns.
static irl_err read_picture(const irl_window* window, irl_canvas* canvas) {
  int left = window->show.layout.left, width = window->width - left;
  uint8_t* rgb = irl_calloc(3 * (size_t)width, (size_t)window->height);
  irl_err err = rgb != NULL ? irl_canvas_create(canvas, width, window->height) : IRL_ENOMEM;
  if (err == IRL_OK) {
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(left, 0, width, window->height, GL_RGB, GL_UNSIGNED_BYTE, rgb);
    irl_canvas_shrink(canvas, 0, 0, rgb, width, window->height, 1);
  }
  irl_free(rgb);
  return err;
}

static void tell(irl_window* window, irl_err err, const char* what, const irl_errinfo* info) {
  if (err == IRL_OK) {
    irl_window_notify(window, "wrote %s", what);
  } else {
    irl_window_notify(window, "no picture: %.200s",
                      info->text[0] != 0 ? info->text : irl_err_name(err));
  }
  // A picture on the disk is worth a line of its own.
  irl_log(window->host != NULL ? &window->host->sink : NULL,
          err == IRL_OK ? IRL_LOG_INFO : IRL_LOG_WARNING, "%s", window->notice);
}

static void take_screenshot(irl_window* window) {
  char name[64];
  irl_canvas canvas = {0};
  irl_errinfo info = {0};
  window->screenshot = false;
  irl_err err = irl_window_file_name(name, sizeof name, ".png") ? IRL_OK : IRL_EEXIST;
  if (err == IRL_OK) {
    err = read_picture(window, &canvas);
  }
  if (err == IRL_OK) {
    err = irl_png_write(name, &canvas, false, &info);
  }
  irl_canvas_destroy(&canvas);
  tell(window, err, name, &info);
}

//---------------------------------- Films and frames ----------------------------------------------

void irl_window_capture_end(irl_window* window) {
  irl_errinfo info = {0};
  if (window->capture == IRL_CAPTURE_FILM) {
    irl_err err = irl_film_close(window->film, &info);
    window->film = NULL;
    tell(window, err, window->capture_path, &info);
  } else if (window->capture == IRL_CAPTURE_FOLDER) {
    tell(window, IRL_OK, window->capture_path, &info);
  }
  window->capture = IRL_CAPTURE_NONE;
}

static irl_err begin(irl_window* window, irl_capture kind, irl_errinfo* info) {
  int width = window->width - window->show.layout.left, height = window->height;
  const char* ending = kind == IRL_CAPTURE_FILM ? ".mp4" : "-frames";
  if (!irl_window_file_name(window->capture_path, sizeof window->capture_path, ending)) {
    return irl_fail(info, IRL_EEXIST, "all names are taken");
  }
  window->captured = 0;
  window->capture_size[0] = width;
  window->capture_size[1] = height;
  return kind == IRL_CAPTURE_FILM
             ? irl_film_open(&window->film, window->capture_path, width, height, FILM_FPS, info)
             : irl_dir_create(window->capture_path, info);
}

void irl_window_capture_toggle(irl_window* window, irl_capture kind) {
  irl_errinfo info = {0};
  if (window->capture != IRL_CAPTURE_NONE) {
    irl_window_capture_end(window);
    return;
  }
  irl_err err = begin(window, kind, &info);
  if (err != IRL_OK) {
    tell(window, err, "", &info);
    return;
  }
  window->capture = kind;
  window->set.paused = 0;
  irl_window_notify(window, "%s %s",
                    kind == IRL_CAPTURE_FILM ? "filming" : "taking frames:", window->capture_path);
}

static irl_err add_frame(irl_window* window, const irl_canvas* canvas, irl_errinfo* info) {
  char name[32], path[128];
  if (window->capture == IRL_CAPTURE_FILM) {
    return irl_film_add(window->film, canvas, info);
  }
  (void)snprintf(name, sizeof name, "%06d.png", window->captured);
  return irl_path_join(path, sizeof path, window->capture_path, name)
             ? irl_png_write(path, canvas, true, info)
             : IRL_EIO;
}

static void capture_frame(irl_window* window) {
  irl_canvas canvas = {0};
  irl_errinfo info = {0};
  int width = window->width - window->show.layout.left;
  if (width != window->capture_size[0] || window->height != window->capture_size[1]) {
    irl_window_capture_end(window);  // a film has one size
    return;
  }
  irl_err err = read_picture(window, &canvas);
  if (err == IRL_OK) {
    err = add_frame(window, &canvas, &info);
  }
  irl_canvas_destroy(&canvas);
  window->captured++;
  if (err != IRL_OK) {
    irl_film_abandon(window->film);
    window->film = NULL;
    window->capture = IRL_CAPTURE_NONE;
    tell(window, err, "", &info);
  }
}

void irl_window_capture(irl_window* window) {
  if (window->screenshot) {
    take_screenshot(window);
  }
  if (window->capture != IRL_CAPTURE_NONE) {
    capture_frame(window);
  }
}
