#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/file.h"
#include "viewer/context.h"
#include "viewer/field.h"
#include "viewer/film.h"
#include "viewer/frame.h"
#include "viewer/png.h"
#include "viewer/theme.h"

enum { DEFAULT_WIDTH = 1280, DEFAULT_HEIGHT = 720, MAX_FRAMES = 1000000 };

#define MAX_FPS 60.0
#define HOLD_SECONDS 1.0  // that a film rests on its last picture

typedef enum output { OUTPUT_PICTURE, OUTPUT_FILM, OUTPUT_FOLDER } output;

// Everything that an offscreen replay holds on to.
typedef struct studio {
  irl_context gl;
  irl_show show;
  irl_canvas canvas;
  uint8_t* pixels;  // of one tile, (scale*height, scale*width, 3)
  int scale;        // pixels rendered for one shown, a side
  int focus;        // rollout that stands out, or -1
  irl_field field;  // the cost over places, where it is asked for
} studio;

static bool ends_with(const char* path, const char* ending) {
  size_t n = strlen(path), m = strlen(ending);
  return n >= m && strcasecmp(path + n - m, ending) == 0;
}

static output output_of(const char* path) {
  return ends_with(path, ".png")   ? OUTPUT_PICTURE
         : ends_with(path, ".mp4") ? OUTPUT_FILM
                                   : OUTPUT_FOLDER;
}

//---------------------------------- Studio --------------------------------------------------------

static void studio_close(studio* s) {
  irl_field_destroy(&s->field);
  irl_show_destroy(&s->show);
  irl_canvas_destroy(&s->canvas);
  irl_free(s->pixels);
  irl_context_close(&s->gl);
}

// Memory and the offscreen buffer for the largest tile, twice as fine if the driver can.
static irl_err make_buffers(studio* s, int width, int height, bool fine, irl_errinfo* info) {
  size_t most = 0;
  int wide = 0, tall = 0;
  for (int i = 0; i < s->show.layout.ntiles; i++) {
    const irl_tile* tile = &s->show.layout.tile[i];
    size_t n = (size_t)tile->width * (size_t)tile->height;
    most = n > most ? n : most;
    wide = tile->width > wide ? tile->width : wide;
    tall = tile->height > tall ? tile->height : tall;
  }
  s->scale = fine && 2 * (wide > tall ? wide : tall) <= s->gl.max_side ? 2 : 1;
  s->pixels = irl_calloc(most * (size_t)(s->scale * s->scale), 3);
  if (s->pixels == NULL || irl_canvas_create(&s->canvas, width, height) != IRL_OK) {
    return irl_fail(info, IRL_ENOMEM, "pictures: out of memory; choose a smaller --size");
  }
  mjr_resizeOffscreen(wide * s->scale, tall * s->scale, &s->show.draw.context);
  mjr_setBuffer(mjFB_OFFSCREEN, &s->show.draw.context);
  if (s->show.draw.context.currentBuffer != mjFB_OFFSCREEN) {
    return irl_fail(
        info, IRL_EUNSUPPORTED,
        "pictures: the driver gives no %d × %d buffer to draw into; choose a smaller --size",
        wide * s->scale, tall * s->scale);
  }
  return IRL_OK;
}

static irl_err studio_open(studio* s, const irl_replay* replay, const irl_view_options* options,
                           bool fine, irl_errinfo* info) {
  *s = (studio){.focus = options->focus - 1};
  int width = options->width > 0 ? options->width : DEFAULT_WIDTH;
  int height = options->height > 0 ? options->height : DEFAULT_HEIGHT;
  if (width < 64 || height < 64 || width > 8192 || height > 8192) {
    return irl_fail(info, IRL_ERANGE, "size %d × %d: out of range; give sides of 64 to 8192 pixels",
                    width, height);
  }
  irl_err err = irl_context_headless(&s->gl, info);
  if (err == IRL_OK) {
    err = irl_show_create(&s->show, replay, options, width, height, fine, info);
  }
  if (err == IRL_OK && options->field) {
    err = irl_field_create(&s->field, &s->show.motion, replay->reel, options->field_body, info);
  }
  if (err == IRL_OK) {
    err = make_buffers(s, width, height, fine, info);
  }
  if (err != IRL_OK) {
    studio_close(s);
  }
  return err;
}

// Renders one group and puts it in its place on the canvas.
static void shoot_tile(studio* s, int number, const irl_moment* moment) {
  const irl_tile* tile = &s->show.layout.tile[number];
  int group = s->show.shown[number];
  mjrRect rect = {0, 0, tile->width * s->scale, tile->height * s->scale};
  irl_trails trails = irl_show_trails(&s->show, group, moment, s->show.layout.unit * s->scale);
  if (s->field.env != NULL) {
    trails.mesh = s->field.vertex;
    trails.nmesh = s->field.nvertex;
    trails.head = tile->head * s->scale;
  }
  irl_show_stage(&s->show, group, tile, moment);
  irl_draw_tile(&s->show.draw, &s->show.stage, &s->show.eye, rect, &trails);
  mjr_readPixels(s->pixels, NULL, rect, &s->show.draw.context);
  irl_canvas_shrink(&s->canvas, tile->x, tile->y, s->pixels, tile->width, tile->height, s->scale);
}

// The cost field of the rollout in focus, or of the first one; of its end in a still picture.
static void make_field(studio* s, const irl_moment* moment) {
  const irl_show* show = &s->show;
  int group = show->shown[show->layout.ntiles - 1];
  int n = show->motion.replay->groups[group].batch->n;
  int episode = s->focus < 0 ? 0 : s->focus < n ? s->focus : n - 1;
  irl_field_aim(&s->field, group, episode, moment->still ? show->motion.steps : moment->step, 0);
  while (irl_field_work(&s->field, 1.0)) {
  }
  irl_field_paint(&s->field, &show->stage);
}

// Renders a moment into the canvas.
static void shoot(studio* s, const irl_moment* moment) {
  const irl_layout* layout = &s->show.layout;
  irl_canvas_clear(&s->canvas, IRL_THEME_PAGE);
  if (s->field.env != NULL) {
    make_field(s, moment);
  }
  for (int i = 0; i < layout->ntiles; i++) {
    const irl_tile* tile = &layout->tile[i];
    irl_box box = {tile->x, tile->y, tile->width, tile->height};
    int group = s->show.shown[i];
    char caption[160];
    shoot_tile(s, i, moment);
    irl_show_caption(&s->show, group, moment, caption, sizeof caption);
    irl_draw_title(&s->canvas, (irl_box){box.x, box.y, box.width, tile->head}, layout->unit,
                   s->show.motion.replay->groups[group].name, caption);
    irl_canvas_frame(&s->canvas, box, layout->radius, IRL_THEME_PAGE);
  }
  if (layout->chart.height > 0.0) {
    irl_chart chart;
    irl_chart_place(&chart, &s->show);
    irl_chart_draw(&s->canvas, &s->show, &chart, moment->focus, 0.0, 0.0);
    if (!moment->still) {
      irl_chart_cursor(&s->canvas, &chart, moment->step, 0.0, 0.0, layout->unit);
    }
  }
  char note[96];
  irl_show_note(&s->show, moment, note, sizeof note);
  irl_draw_bar(&s->canvas, &s->show, 0.0, 0.0);
  irl_draw_note(&s->canvas, &s->show, 0.0, 0.0, note);
}

//---------------------------------- Time ----------------------------------------------------------

typedef struct schedule {
  double fps;
  int frames;
} schedule;

// Real time of the task; no faster than a step a frame unless steps come faster than frames may.
static schedule plan(const irl_show* show, int fps) {
  double dt = irl_task_get(show->motion.replay->task)->dt;
  double rate = fps > 0 ? fps : fmin(MAX_FPS, 1.0 / dt);
  double seconds = show->motion.steps * dt;
  return (schedule){.fps = rate, .frames = (int)fmin(MAX_FRAMES, floor(seconds * rate + 1e-6)) + 1};
}

static int step_of_frame(const irl_show* show, const schedule* plan, int frame) {
  double dt = irl_task_get(show->motion.replay->task)->dt;
  int step = (int)(frame / plan->fps / dt + 1e-6);
  return step < show->motion.steps ? step : show->motion.steps;
}

//---------------------------------- Outputs -------------------------------------------------------

// Refuses an output that cannot be written, before anything is rendered.
static irl_err check_output(const char* path, output kind, irl_errinfo* info) {
  char folder[4096];
  if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder) {
    return irl_fail(info, IRL_EIO, "%.60s...: path too long; choose a shorter one", path);
  }
  IRL_TRY(irl_path_check_seen(path, info));
  if (kind != OUTPUT_FOLDER) {
    char* slash = strrchr(folder, '/');
    if (slash == NULL) {
      (void)snprintf(folder, sizeof folder, ".");
    } else {
      slash[slash == folder ? 1 : 0] = 0;
    }
    if (irl_dir_exists(path)) {
      return irl_fail(info, IRL_EIO, "%s: is a folder; name a file", path);
    }
  } else if (irl_file_exists(path) && !irl_dir_exists(path)) {
    return irl_fail(info, IRL_EEXIST, "%s: is a file; name it *.png or *.mp4, or give a folder",
                    path);
  } else if (!irl_dir_empty(path)) {
    return irl_fail(info, IRL_EEXIST, "%s: the folder is not empty; give a new one for the frames",
                    path);
  }
  return irl_dir_check_writable(folder, info);
}

static irl_err write_picture(studio* s, const char* path, int step, int* frames,
                             irl_errinfo* info) {
  int last = s->show.motion.steps;
  shoot(s, &(irl_moment){
               .still = step == 0, .step = step - 1 < last ? step - 1 : last, .focus = s->focus});
  *frames = 1;
  return irl_png_write(path, &s->canvas, false, info);
}

// A film at real time that rests on its last picture.
static irl_err write_film(studio* s, const char* path, int fps, int* frames, const irl_host* host,
                          irl_errinfo* info) {
  schedule times = plan(&s->show, fps);
  irl_film* film = NULL;
  IRL_TRY(irl_film_open(&film, path, s->canvas.width, s->canvas.height, times.fps, info));
  int hold = (int)(HOLD_SECONDS * times.fps);
  for (int f = 0; f < times.frames + hold; f++) {
    irl_err err = IRL_OK;
    if (f < times.frames) {
      shoot(s, &(irl_moment){.step = step_of_frame(&s->show, &times, f), .focus = s->focus});
      irl_log(host != NULL ? &host->sink : NULL, IRL_LOG_PROGRESS, "film: frame %d of %d", f + 1,
              times.frames);
    }
    err = irl_host_stop(host)
              ? irl_fail(info, IRL_ECANCELED, "%s: stopped; no film was written", path)
              : irl_film_add(film, &s->canvas, info);
    if (err != IRL_OK) {
      irl_film_abandon(film);
      return err;
    }
    *frames = f + 1;
  }
  return irl_film_close(film, info);
}

static irl_err write_folder(studio* s, const char* path, int fps, int* frames, const irl_host* host,
                            irl_errinfo* info) {
  schedule times = plan(&s->show, fps);
  IRL_TRY(irl_dir_create(path, info));
  for (int f = 0; f < times.frames; f++) {
    char name[32], file[4096];
    (void)snprintf(name, sizeof name, "%06d.png", f);
    if (!irl_path_join(file, sizeof file, path, name)) {
      return irl_fail(info, IRL_EIO, "%.60s...: path too long; choose a shorter one", path);
    }
    if (irl_host_stop(host)) {
      return irl_fail(info, IRL_ECANCELED, "%s: stopped; %d frames were written", path, *frames);
    }
    shoot(s, &(irl_moment){.step = step_of_frame(&s->show, &times, f), .focus = s->focus});
    IRL_TRY(irl_png_write(file, &s->canvas, true, info));
    irl_log(host != NULL ? &host->sink : NULL, IRL_LOG_PROGRESS, "frame %d of %d", f + 1,
            times.frames);
    *frames = f + 1;
  }
  return IRL_OK;
}

irl_err irl_viewer_offscreen(const irl_replay* replay, const irl_view_options* options,
                             const char* path, int* frames, const irl_host* host,
                             irl_errinfo* info) {
  const irl_view_options defaults = {0};
  options = options != NULL ? options : &defaults;
  output kind = output_of(path);
  int written = 0;
  studio s;
  irl_env_runtime_init();
  IRL_TRY(check_output(path, kind, info));
  IRL_TRY(studio_open(&s, replay, options, kind == OUTPUT_PICTURE, info));
  irl_err err = kind == OUTPUT_PICTURE ? write_picture(&s, path, options->step, &written, info)
                : kind == OUTPUT_FILM  ? write_film(&s, path, options->fps, &written, host, info)
                                       : write_folder(&s, path, options->fps, &written, host, info);
  studio_close(&s);
  if (frames != NULL) {
    *frames = written;
  }
  return err;
}
