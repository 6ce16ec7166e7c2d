#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "drivers.h"
#include "pictures.h"
#include "synthetic.h"
#include "viewer/context.h"
#include "viewer/frame.h"
#include "viewer/png.h"
#include "viewer/theme.h"

// A run of fn in a process of its own, where it may spoil the surroundings; true when it succeeded.
static bool apart(int (*fn)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int result = fn();
    fflush(stdout);
    _exit(result);
  }
  int status = 0;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void hide_displays(void) {
  (void)unsetenv("DISPLAY");
  (void)unsetenv("WAYLAND_DISPLAY");
}

static int without_gl(void) {
  synthetic s;
  char path[512];
  irl_errinfo info = {0};
  int before = test_failures;
  hide_displays();
  (void)setenv("__EGL_VENDOR_LIBRARY_FILENAMES", "/dev/null", 1);
  syn_open(&s, 1);
  syn_path(path, sizeof path, "no_gl.png");
  CHECK(irl_viewer_offscreen(&s.replay, NULL, path, NULL, NULL, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "pictures: no OpenGL");
  CHECK_CONTAINS(info.text, "; install Mesa's drivers");
  CHECK(!irl_file_exists(path));
  CHECK(irl_viewer_window(&s.replay, NULL, NULL, NULL, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "window: cannot open one");
  CHECK_CONTAINS(info.text, "--offscreen");
  syn_close(&s);
  return test_failures != before;
}

// Runs first: later tests load the drivers.
static void no_gl_and_no_display_are_one_clear_sentence(void) {
  CHECK(apart(without_gl));
  drivers_pin();
}

static void bad_outputs_are_refused_before_work(void) {
  synthetic s;
  char path[512], inner[600];
  irl_errinfo info = {0};
  irl_view_options options = {.width = 10, .height = 10};
  syn_open(&s, 1);
  CHECK(irl_viewer_offscreen(&s.replay, NULL, "/proc/nowhere/a.png", NULL, NULL, &info) != IRL_OK);
  CHECK_CONTAINS(info.text, "/proc/nowhere");
  CHECK(irl_viewer_offscreen(&s.replay, NULL, "/proc/nowhere/frames", NULL, NULL, &info) != IRL_OK);
  syn_path(path, sizeof path, "full");
  CHECK_OK(irl_dir_create(path, &info));
  (void)snprintf(inner, sizeof inner, "%s/keep", path);
  CHECK_OK(irl_file_write(inner, "x", 1, &info));
  CHECK(irl_viewer_offscreen(&s.replay, NULL, path, NULL, NULL, &info) == IRL_EEXIST);
  CHECK_CONTAINS(info.text, "not empty");
  CHECK(irl_viewer_offscreen(&s.replay, NULL, inner, NULL, NULL, &info) == IRL_EEXIST);
  CHECK_CONTAINS(info.text, "is a file");
  syn_path(path, sizeof path, "tiny.png");
  CHECK(irl_viewer_offscreen(&s.replay, &options, path, NULL, NULL, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "size 10");
  options = (irl_view_options){.camera = "nose"};
  CHECK(irl_viewer_offscreen(&s.replay, &options, path, NULL, NULL, &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "camera 'nose'");
  CHECK_CONTAINS(info.text, "above");
  CHECK(!irl_file_exists(path));
  syn_close(&s);
}

//---------------------------------- Colours in a picture ------------------------------------------

enum { WIDTH = 800, HEIGHT = 600 };

// Where points of the trails land in a picture of this size: pixels for rollout i at step t.
typedef struct places {
  double x[2][SYN_STEPS + 1], y[2][SYN_STEPS + 1];
  irl_layout layout;
} places;

static void find_places(const irl_replay* replay, const irl_view_options* options, bool still,
                        places* out) {
  irl_context gl;
  irl_show show;
  irl_lens lens;
  irl_errinfo info = {0};
  CHECK_OK(irl_context_headless(&gl, &info));
  CHECK_OK(irl_show_create(&show, replay, options, options->width, options->height, still, &info));
  const irl_tile* tile = &show.layout.tile[0];
  irl_show_stage(&show, 0, tile, &(irl_moment){.still = still, .focus = -1});
  irl_lens_init(&lens, &show.stage.scene.camera[0], tile->width, tile->height);
  for (int i = 0; i < 2; i++) {
    for (int t = 0; t <= SYN_STEPS; t++) {
      float p[3];
      CHECK(irl_lens_project(&lens, irl_motion_trail(&show.motion, 0, i, t, 0), p));
      out->x[i][t] = tile->x + (double)p[0];
      out->y[i][t] = tile->y + (double)p[1];
    }
  }
  out->layout = show.layout;
  irl_show_destroy(&show);
  irl_context_close(&gl);
}

static void shoot(const irl_replay* replay, const irl_view_options* options, const char* path,
                  picture* out) {
  irl_errinfo info = {0};
  int frames = 0;
  irl_err err = irl_viewer_offscreen(replay, options, path, &frames, NULL, &info);
  if (err != IRL_OK) {
    printf("%s\n", info.text);
  }
  CHECK_OK(err);
  CHECK(frames == 1);
  CHECK(picture_read(out, path));
  CHECK(out->width == WIDTH && out->height == HEIGHT);
}

// Trails of two known costs are found in the pixels where the camera's geometry puts them, in the
// colours that the map gives these costs: unlit and opaque, so to the byte but for rounding.
static void trails_have_their_costs_colours(void) {
  synthetic s;
  picture p;
  places at;
  char path[512];
  irl_colormap map;
  irl_colormap_init(&map);
  hide_displays();
  syn_open(&s, 2);
  const char* cameras[] = {NULL, "above"};
  for (int c = 0; c < 2; c++) {
    irl_view_options options = {.width = WIDTH, .height = HEIGHT, .camera = cameras[c]};
    find_places(&s.replay, &options, true, &at);
    shoot(&s.replay, &options, syn_path(path, sizeof path, "known.png"), &p);
    for (int i = 0; i < 2; i++) {
      float right[3], wrong[3];
      irl_colormap_at(&map, syn_cost(i, 2) / 4.0, right);
      irl_colormap_at(&map, syn_cost(1 - i, 2) / 4.0, wrong);
      for (int t = 6; t < SYN_STEPS - 4; t += 3) {
        if (t > 18 && t < 26) {
          continue;  // a pose of the ball stands in the middle
        }
        CHECK(picture_nearest(&p, at.x[i][t], at.y[i][t], 1, right) <= 2.0);
        CHECK(picture_nearest(&p, at.x[i][t], at.y[i][t], 3, wrong) > 60.0);
        CHECK(picture_nearest(&p, at.x[i][t], at.y[i][t] + 12.0, 3, right) > 40.0);
      }
      CHECK(at.x[i][SYN_STEPS] - at.x[i][0] > 0.2 * WIDTH);
      const irl_tile* tile = &at.layout.tile[0];
      for (int end = 0; end <= SYN_STEPS && c == 0; end += SYN_STEPS) {  // clear of the title
        CHECK(at.x[i][end] > tile->x && at.x[i][end] < tile->x + tile->width);
        CHECK(at.y[i][end] > tile->y + tile->head && at.y[i][end] < tile->y + tile->height);
      }
    }
    CHECK(at.y[0][0] < at.y[1][0]);  // y runs away from the viewer: up
    picture_free(&p);
  }
  syn_close(&s);
}

static void bar_and_page_have_their_colours(void) {
  synthetic s;
  picture p;
  places at;
  char path[512];
  irl_colormap map;
  irl_colormap_init(&map);
  syn_open(&s, 2);
  irl_view_options options = {.width = WIDTH, .height = HEIGHT};
  find_places(&s.replay, &options, true, &at);
  shoot(&s.replay, &options, syn_path(path, sizeof path, "bar.png"), &p);
  const irl_ink page = IRL_THEME_PAGE;
  const float ground[3] = {page.r, page.g, page.b};
  CHECK(picture_differs(&p, 2, 2, ground) <= 1.0);
  irl_box bar = at.layout.bar;
  for (int k = 0; k <= 4; k++) {
    float rgb[3];
    double part = 0.02 + 0.24 * k;
    irl_colormap_at(&map, part, rgb);
    CHECK(picture_nearest(&p, bar.x + part * bar.width, bar.y + 0.5 * bar.height, 1, rgb) <= 3.0);
  }
  const irl_ink title = IRL_THEME_TITLE;
  const float white[3] = {title.r, title.g, title.b};
  const irl_tile* tile = &at.layout.tile[0];
  CHECK(picture_nearest(&p, tile->x + 40, tile->y + 0.4 * tile->head, 16, white) <= 12.0);
  picture_free(&p);
  syn_close(&s);
}

// Without a floor, see-through bodies stand before the stage's colour and not before black.
static void many_groups_and_no_costs(void) {
  synthetic s;
  picture p;
  char path[512];
  syn_open(&s, 2);
  s.group.cost = NULL;
  irl_replay_group groups[12];
  for (int g = 0; g < 12; g++) {
    groups[g] = s.group;  // more than fit: the first nine are shown
  }
  s.replay.groups = groups;
  s.replay.ngroups = 12;
  irl_view_options options = {.width = WIDTH, .height = HEIGHT};
  shoot(&s.replay, &options, syn_path(path, sizeof path, "many.png"), &p);
  picture_free(&p);
  syn_close(&s);
}

static void pictures_are_the_same_each_time(void) {
  synthetic s;
  picture a, b;
  char path[512];
  syn_open(&s, 2);
  irl_view_options options = {.width = WIDTH, .height = HEIGHT};
  shoot(&s.replay, &options, syn_path(path, sizeof path, "same.png"), &a);
  shoot(&s.replay, &options, path, &b);
  CHECK(memcmp(a.rgb, b.rgb, (size_t)WIDTH * HEIGHT * 3) == 0);
  picture_free(&a);
  picture_free(&b);
  syn_close(&s);
}

//---------------------------------- Films and folders ---------------------------------------------

static int files_in(const char* path) {
  DIR* folder = opendir(path);
  int n = 0;
  for (struct dirent* e; folder != NULL && (e = readdir(folder)) != NULL;) {
    n += e->d_name[0] != '.';
  }
  if (folder != NULL) {
    closedir(folder);
  }
  return n;
}

static void remove_folder(const char* path) {
  char file[600];
  for (int f = 0; f < 200; f++) {
    (void)snprintf(file, sizeof file, "%s/%06d.png", path, f);
    (void)unlink(file);
  }
  (void)rmdir(path);
}

// True when the trail of rollout 0 has been drawn up to step t in a frame of a film.
static bool drawn(const picture* p, const places* at, int t) {
  irl_colormap map;
  float rgb[3];
  irl_colormap_init(&map);
  irl_colormap_at(&map, syn_cost(0, 2) / 4.0, rgb);
  return picture_nearest(p, at->x[0][t], at->y[0][t], 1, rgb) <= 3.0;
}

// 40 steps of 0.01 s at 25 frames a second: frames 0 to 10, four steps apart. Trails end where the
// bodies are.
static void folders_hold_all_frames(void) {
  synthetic s;
  places at;
  char path[512], file[600];
  irl_errinfo info = {0};
  int frames = 0;
  syn_open(&s, 2);
  remove_folder(syn_path(path, sizeof path, "frames"));
  irl_view_options options = {.width = 960, .height = 540, .fps = 25};
  find_places(&s.replay, &options, false, &at);
  CHECK_OK(irl_viewer_offscreen(&s.replay, &options, path, &frames, NULL, &info));
  CHECK(frames == 11);
  CHECK(files_in(path) == 11);
  for (int f = 0; f < 11; f += 5) {
    picture p;
    (void)snprintf(file, sizeof file, "%s/%06d.png", path, f);
    CHECK(picture_read(&p, file));
    CHECK(p.width == 960 && p.height == 540);
    CHECK(drawn(&p, &at, 2) == (f > 0));
    CHECK(drawn(&p, &at, 16) == (f > 3));
    CHECK(drawn(&p, &at, 25) == (f > 7));
    CHECK(drawn(&p, &at, 36) == (f > 8));
    picture_free(&p);
  }
  remove_folder(path);
  syn_close(&s);
}

static void stops_on_request(void) {
  synthetic s;
  char path[512];
  irl_errinfo info = {0};
  atomic_bool stop = true;
  irl_host host = {.stop = &stop};
  syn_open(&s, 1);
  irl_view_options options = {.width = 320, .height = 240};
  syn_path(path, sizeof path, "stopped.mp4");
  irl_err err = irl_viewer_offscreen(&s.replay, &options, path, NULL, &host, &info);
  CHECK(err == IRL_ECANCELED || err == IRL_EUNSUPPORTED);  // the latter without ffmpeg
  CHECK(!irl_file_exists(path));
  syn_close(&s);
}

static void png_errors_name_the_file(void) {
  irl_canvas canvas;
  irl_errinfo info = {0};
  CHECK_OK(irl_canvas_create(&canvas, 8, 8));
  CHECK(irl_png_write("/proc/nowhere/x.png", &canvas, true, &info) != IRL_OK);
  CHECK_CONTAINS(info.text, "/proc/nowhere/x.png");
  irl_canvas_destroy(&canvas);
}

TESTS(TEST(no_gl_and_no_display_are_one_clear_sentence), TEST(bad_outputs_are_refused_before_work),
      TEST(trails_have_their_costs_colours), TEST(bar_and_page_have_their_colours),
      TEST(many_groups_and_no_costs), TEST(pictures_are_the_same_each_time),
      TEST(folders_hold_all_frames), TEST(stops_on_request), TEST(png_errors_name_the_file))
