// The recording window's loop, and what stands around it: the dataset's past, the folding.
#include "viewer/record.h"

#include <GL/gl.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "base/arena.h"
#include "base/file.h"
#include "demos/demos.h"
#include "demos/journal.h"
#include "viewer/cockpit.h"
#include "viewer/png.h"

enum { DEFAULT_WIDTH = 1280, DEFAULT_HEIGHT = 720 };

#define FRAME_SECONDS (1.0 / 60.0)
#define LATE_FRAMES 2.5  // a frame that took as long as so many is a dropped one

//---------------------------------- Pictures ------------------------------------------------------

static void name_picture(char* out, size_t size) {
  char stamp[32] = "";
  struct tm now;
  const time_t seconds = time(NULL);
  if (localtime_r(&seconds, &now) != NULL) {
    (void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &now);
  }
  (void)snprintf(out, size, "mjirl-%s.png", stamp);
  for (int k = 2; irl_file_exists(out) && k < 100; k++) {
    (void)snprintf(out, size, "mjirl-%s-%d.png", stamp, k);
  }
}

static irl_err read_window(const irl_cockpit* c, irl_canvas* canvas) {
  uint8_t* rgb = irl_calloc(3 * (size_t)c->full, (size_t)c->height);
  irl_err err = rgb != NULL ? irl_canvas_create(canvas, c->full, c->height) : IRL_ENOMEM;
  if (err == IRL_OK) {
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(0, 0, c->full, c->height, GL_RGB, GL_UNSIGNED_BYTE, rgb);
    irl_canvas_shrink(canvas, 0, 0, rgb, c->full, c->height, 1);
  }
  irl_free(rgb);
  return err;
}

static void take_picture(irl_cockpit* c) {
  char name[64], text[300];
  irl_canvas canvas = {0};
  irl_errinfo info = {0};
  c->screenshot = false;
  name_picture(name, sizeof name);
  irl_err err = read_window(c, &canvas);
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
  irl_cockpit_notify(c, text, err != IRL_OK);
}

//---------------------------------- Loop ----------------------------------------------------------

static void follow_size(irl_cockpit* c) {
  int width = 1, height = 1;
  float content = 1.0F;
  glfwGetFramebufferSize(c->gl.window, &c->full, &c->height);
  glfwGetWindowSize(c->gl.window, &width, &height);
  c->scale = width > 0 ? (double)c->full / width : 1;
  const int panel = irl_cockpit_console_width(c);
  c->width = panel < c->full / 2 ? c->full - panel : c->full;
  glfwGetWindowContentScale(c->gl.window, &content, NULL);
  c->unit = fmin(c->width / 1100.0, c->height / 640.0);
  c->unit = (double)content * fmin(1.6, fmax(0.75, c->unit / (double)content));
}

// The title tells the phase and the count, for task bars and for programs that watch.
static void follow_title(irl_cockpit* c) {
  char title[sizeof c->title], phase[64];
  const irl_session* s = &c->view.session;
  (void)snprintf(phase, sizeof phase, "%s", irl_phase_name(s->phase));
  if (s->phase == IRL_PHASE_PAUSED || s->phase == IRL_PHASE_REVIEW) {
    (void)snprintf(phase, sizeof phase, "%s at %d of %d", irl_phase_name(s->phase), s->cursor,
                   s->length);
  }
  (void)snprintf(title, sizeof title,
                 "%.60s \xE2\x80\x94 %s \xE2\x80\x94 %d kept, %d discarded \xE2\x80\x94 mjirl",
                 irl_task_get(c->task)->name, phase, s->kept, s->discarded);
  if (strcmp(title, c->title) != 0) {
    memcpy(c->title, title, sizeof title);
    glfwSetWindowTitle(c->gl.window, title);
  }
}

static void follow_messages(irl_cockpit* c) {
  if (c->view.messages != c->messages) {
    c->messages = c->view.messages;
    irl_cockpit_notify(c, c->view.message, c->view.alarming);
  }
}

static irl_err frames(irl_cockpit* c, irl_errinfo* info) {
  double last = glfwGetTime();
  while (!glfwWindowShouldClose(c->gl.window) && !irl_host_stop(c->host)) {
    const double now = glfwGetTime();
    c->dropped += c->frames > 1 && now - last > LATE_FRAMES * FRAME_SECONDS;
    last = now;
    follow_size(c);
    const unsigned epoch = c->view.epoch;
    irl_recorder_look(c->recorder, &c->view);
    if (c->view.epoch != epoch) {
      irl_cockpit_regrip(c);
    }
    irl_cockpit_command(c);
    follow_messages(c);
    follow_title(c);
    if (c->width < 16 || c->height < 16) {
      glfwWaitEventsTimeout(0.1);  // minimised
      continue;
    }
    irl_cockpit_draw(c);
    irl_cockpit_hud(c);
    irl_cockpit_console_draw(c);
    if (c->screenshot) {
      take_picture(c);
    }
    glfwSwapBuffers(c->gl.window);
    if (irl_context_lost(&c->gl)) {
      return irl_fail(
          info, IRL_EIO,
          "window: the graphics driver was reset; start again, what was recorded is kept");
    }
    c->frames++;
    const double left = FRAME_SECONDS - (glfwGetTime() - now);
    if (left > 1e-3 && !c->options->free_running) {
      glfwWaitEventsTimeout(left);
    } else {
      glfwPollEvents();
    }
  }
  return IRL_OK;
}

static void display_lost(void* display, void* user) {
  (void)display;
  longjmp(*(jmp_buf*)user, 1);
}

// Runs until the window is closed. Where its display goes away nothing of it may be touched again:
// it is left to the end of the process.
static irl_err run(irl_cockpit* c, irl_errinfo* info) {
  jmp_buf back;
  if (setjmp(back) != 0) {
    c->gl = (irl_context){0};
    return irl_fail(info, IRL_EIO,
                    "window: its display went away; start again, what was recorded is kept");
  }
  irl_context_guard(&c->gl, display_lost, &back);
  return frames(c, info);
}

//---------------------------------- Session -------------------------------------------------------

// What an earlier session left: its journal is folded, its episodes are counted.
static irl_err take_up(irl_cockpit* c, irl_errinfo* info) {
  char path[4096];
  irl_demos_folded folded = {0};
  irl_demos* demos = NULL;
  const char* dir = c->options->dir;
  if (irl_journal_waits(dir)) {
    IRL_TRY(irl_demos_fold(dir, &folded, info));
    irl_log(c->host != NULL ? &c->host->sink : NULL, IRL_LOG_INFO,
            "%s: %d episodes of an earlier session are in the dataset now, %d of them broken off",
            dir, folded.added, folded.incomplete);
  }
  if (!irl_path_join(path, sizeof path, dir, "data/main_data.hdf5") || !irl_file_exists(path)) {
    return IRL_OK;
  }
  IRL_TRY(irl_demos_load(&demos, dir, info));
  const irl_err err = irl_demos_match(demos, c->task, info);
  c->earlier = demos->batch.n;
  irl_demos_destroy(demos);
  return err;
}

static irl_err open_window(irl_cockpit* c, irl_errinfo* info) {
  const irl_record_options* o = c->options;
  const irl_err err = irl_context_window(&c->gl, "mjirl", o->width > 0 ? o->width : DEFAULT_WIDTH,
                                         o->height > 0 ? o->height : DEFAULT_HEIGHT, info);
  if (err != IRL_OK) {
    char* instead = info != NULL ? strstr(info->text, ", or write a PNG") : NULL;
    if (instead != NULL) {
      *instead = '\0';  // a recording needs its window
    }
    return err;
  }
  glfwSetWindowSizeLimits(c->gl.window, 400, 300, GLFW_DONT_CARE, GLFW_DONT_CARE);
  if (o->free_running) {
    glfwSwapInterval(0);
  }
  return IRL_OK;
}

static irl_err open_recorder(irl_cockpit* c, irl_errinfo* info) {
  const irl_record_options* o = c->options;
  const irl_recorder_options options = {
      .dir = o->dir,
      .seed = o->seed,
      .first = c->earlier,
      .speed = o->speed,
      .label = o->label,
      .session = {.condition = o->condition,
                  .wanted = o->episodes,
                  .hold = o->hold,
                  .only_success = o->only_success,
                  .countdown = o->countdown},
  };
  c->view.state = IRL_NEW(double, irl_task_get(c->task)->nstate);
  c->view.u = IRL_NEW(double, irl_task_get(c->task)->nu + 1);
  if (c->view.state == NULL || c->view.u == NULL) {
    return IRL_ENOMEM;
  }
  IRL_TRY(irl_recorder_create(&c->recorder, c->task, &options, info));
  irl_recorder_look(c->recorder, &c->view);
  IRL_TRY(irl_cockpit_scene_init(c, info));
  IRL_TRY(irl_cockpit_console_init(c));
  irl_cockpit_listen(c);
  return irl_recorder_start(c->recorder, info);
}

static irl_err check_options(const irl_task* task, const irl_record_options* o, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  if (t->nu == 0) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: the model has no actuators, so there is nothing to command; add some to "
                    "the MJCF",
                    t->name);
  }
  if (o->condition >= t->nconditions) {
    return irl_fail(info, IRL_ERANGE, "--condition: %s has none of number %d; give 0 to %d",
                    t->name, o->condition, t->nconditions - 1);
  }
  if (o->camera != NULL && strcmp(o->camera, "free") != 0 &&
      mj_name2id(irl_task_model(task), mjOBJ_CAMERA, o->camera) < 0) {
    return irl_fail(info, IRL_ENOENT,
                    "--camera: the model has no camera '%s'; give one of its own, or 'free'",
                    o->camera);
  }
  return IRL_OK;
}

irl_err irl_viewer_record(const irl_task* task, const irl_record_options* options, int* episodes,
                          const irl_host* host, irl_errinfo* info) {
  irl_cockpit c = {.task = task, .options = options, .host = host};
  irl_demos_folded folded = {0};
  irl_env_runtime_init();
  IRL_TRY(check_options(task, options, info));
  c.map = irl_gamepad_defaults();
  if (options->gamepad != NULL) {
    IRL_TRY(irl_gamepad_load(&c.map, options->gamepad, irl_task_get(task)->nu, info));
  }
  IRL_TRY(take_up(&c, info));
  irl_err err = open_window(&c, info);
  if (err == IRL_OK) {
    err = open_recorder(&c, info);
  }
  if (err == IRL_OK) {
    err = run(&c, info);
  }
  const bool recorded = c.recorder != NULL;
  irl_errinfo closing = {0};
  const irl_err closed = irl_recorder_close(c.recorder, &closing);
  irl_cockpit_hud_fini(&c);
  irl_cockpit_console_fini(&c);
  irl_cockpit_scene_fini(&c);
  irl_context_close(&c.gl);
  irl_free(c.view.state);
  irl_free(c.view.u);
  if (err == IRL_OK && closed != IRL_OK) {
    err = irl_fail(info, closed, "%s", closing.text);
  }
  if (recorded) {
    irl_errinfo folding = {0};
    const irl_err last = irl_demos_fold(options->dir, &folded, &folding);
    if (err == IRL_OK && last != IRL_OK) {
      err = irl_fail(info, last, "%s", folding.text);
    }
  }
  if (episodes != NULL) {
    *episodes = folded.added;
  }
  return err;
}
