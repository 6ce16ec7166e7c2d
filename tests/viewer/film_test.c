#include "viewer/film.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "synthetic.h"

enum { WIDTH = 64, HEIGHT = 48 };

// Puts a shell script named ffmpeg into a folder of its own and makes that the whole PATH, with the
// system's folders behind it for the script's own commands.
static void fake_ffmpeg(const char* script) {
  char folder[512], path[600], search[700];
  irl_errinfo info = {0};
  syn_path(folder, sizeof folder, "fake_bin");
  CHECK_OK(irl_dir_create(folder, &info));
  (void)snprintf(path, sizeof path, "%s/ffmpeg", folder);
  CHECK_OK(irl_file_write(path, script, strlen(script), &info));
  CHECK(chmod(path, 0755) == 0);
  (void)snprintf(search, sizeof search, "%s:/usr/bin:/bin", folder);
  CHECK(setenv("PATH", search, 1) == 0);
}

static irl_err make_film(const char* path, int frames, irl_errinfo* info) {
  irl_film* film = NULL;
  irl_canvas canvas = {0};
  IRL_TRY(irl_film_open(&film, path, WIDTH, HEIGHT, 25.0, info));
  CHECK_OK(irl_canvas_create(&canvas, WIDTH, HEIGHT));
  irl_err err = IRL_OK;
  for (int f = 0; f < frames && err == IRL_OK; f++) {
    irl_canvas_clear(&canvas, (irl_ink){(float)f / (float)frames, 0.5F, 0.25F, 1.0F});
    err = irl_film_add(film, &canvas, info);
  }
  irl_canvas_destroy(&canvas);
  if (err != IRL_OK) {
    irl_film_abandon(film);
    return err;
  }
  return irl_film_close(film, info);
}

static void no_ffmpeg_is_one_clear_sentence(void) {
  char path[512], *before = strdup(getenv("PATH"));
  irl_errinfo info = {0};
  CHECK(setenv("PATH", "/nowhere", 1) == 0);
  CHECK(make_film(syn_path(path, sizeof path, "none.mp4"), 1, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "ffmpeg, which is not in PATH; install ffmpeg");
  CHECK(!irl_file_exists(path));
  (void)setenv("PATH", before, 1);
  free(before);
}

// A stand-in that keeps what it was given shows that every byte arrives, in order.
static void pixels_arrive_whole(void) {
  char path[512], *before = strdup(getenv("PATH")), *data = NULL;
  irl_errinfo info = {0};
  size_t size = 0;
  fake_ffmpeg("#!/bin/sh\nfor last; do :; done\ncat > \"$last\"\n");
  CHECK_OK(make_film(syn_path(path, sizeof path, "raw.mp4"), 100, &info));
  CHECK_OK(irl_file_read(path, 1 << 24, &data, &size, &info));
  CHECK(size == 100u * WIDTH * HEIGHT * 3);
  for (int f = 0; f < 100 && size == 100u * WIDTH * HEIGHT * 3; f++) {
    const unsigned char* last =
        (const unsigned char*)data + ((size_t)f + 1) * WIDTH * HEIGHT * 3 - 3;
    CHECK_NEAR(last[0], 255.0 * f / 100.0, 0.51);
    CHECK_NEAR(last[1], 127.5, 0.51);
  }
  irl_free(data);
  (void)unlink(path);
  (void)setenv("PATH", before, 1);
  free(before);
}

// A reader that dies must raise no SIGPIPE, and its last words are passed on.
static void a_failing_ffmpeg_is_reported(void) {
  char path[512], partial[600], *before = strdup(getenv("PATH"));
  irl_errinfo info = {0};
  (void)signal(SIGPIPE, SIG_DFL);  // some hosts start programs with it ignored
  syn_path(path, sizeof path, "broken.mp4");
  (void)snprintf(partial, sizeof partial, "%s.partial", path);
  fake_ffmpeg(
      "#!/bin/sh\nfor last; do :; done\necho x > \"$last\"\necho first >&2\n"
      "echo 'Unknown encoder libx264' >&2\nexit 1\n");
  CHECK(make_film(path, 500, &info) == IRL_EIO);
  CHECK_CONTAINS(info.text, "Unknown encoder libx264; ");
  CHECK(!irl_file_exists(path) && !irl_file_exists(partial));
  fake_ffmpeg("#!/bin/sh\ncat > /dev/null\necho disk full >&2\nexit 3\n");  // fails at the end only
  CHECK(make_film(path, 3, &info) == IRL_EIO);
  CHECK_CONTAINS(info.text, "disk full");
  CHECK(!irl_file_exists(path));
  (void)setenv("PATH", before, 1);
  free(before);
}

static void abandoning_leaves_nothing(void) {
  char path[512], partial[600], *before = strdup(getenv("PATH"));
  irl_errinfo info = {0};
  irl_film* film = NULL;
  syn_path(path, sizeof path, "left.mp4");
  (void)snprintf(partial, sizeof partial, "%s.partial", path);
  fake_ffmpeg("#!/bin/sh\nfor last; do :; done\ncat > \"$last\"\n");
  CHECK_OK(irl_film_open(&film, path, WIDTH, HEIGHT, 25.0, &info));
  irl_film_abandon(film);
  irl_film_abandon(NULL);
  CHECK(!irl_file_exists(path) && !irl_file_exists(partial));
  (void)setenv("PATH", before, 1);
  free(before);
}

// The real program, where there is one: an MP4 with the odd size padded to even.
static void real_film(void) {
  char path[512], *data = NULL;
  irl_errinfo info = {0};
  size_t size = 0;
  irl_err err = make_film(syn_path(path, sizeof path, "real.mp4"), 10, &info);
  if (err == IRL_EUNSUPPORTED) {
    printf("skip: no ffmpeg here\n");
    return;
  }
  CHECK_OK(err);
  CHECK_OK(irl_file_read(path, 1 << 24, &data, &size, &info));
  CHECK(size > 500 && memcmp(data + 4, "ftyp", 4) == 0);
  irl_free(data);
  (void)unlink(path);
}

TESTS(TEST(no_ffmpeg_is_one_clear_sentence), TEST(pixels_arrive_whole),
      TEST(a_failing_ffmpeg_is_reported), TEST(abandoning_leaves_nothing), TEST(real_film))
