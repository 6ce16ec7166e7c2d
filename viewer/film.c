#include "viewer/film.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"

extern char** environ;

struct irl_film {
  pid_t child;
  int in;        // our end of ffmpeg's input: a socket, so that a dead reader raises no signal
  int messages;  // what ffmpeg says, an unnamed file
  int width, height;
  uint8_t* rgb;  // (height, width, 3)
  char path[PATH_MAX];
  char temporary[PATH_MAX];
};

static void close_fd(int* fd) {
  if (*fd >= 0) {
    (void)close(*fd);
    *fd = -1;
  }
}

static void film_free(irl_film* film) {
  close_fd(&film->in);
  close_fd(&film->messages);
  irl_free(film->rgb);
  irl_free(film);
}

// Starts ffmpeg with the socket `in` as its input.
static int start(irl_film* film, int in, double fps) {
  char size[32], rate[32];
  (void)snprintf(size, sizeof size, "%dx%d", film->width, film->height);
  (void)snprintf(rate, sizeof rate, "%.6f", fps);
  // H.264 in yuv420p needs even sides, hence the pad; faststart lets browsers play while loading.
  const char* args[] = {"ffmpeg",
                        "-hide_banner",
                        "-loglevel",
                        "error",
                        "-nostdin",
                        "-y",
                        "-f",
                        "rawvideo",
                        "-pixel_format",
                        "rgb24",
                        "-video_size",
                        size,
                        "-framerate",
                        rate,
                        "-i",
                        "pipe:0",
                        "-an",
                        "-vf",
                        "pad=ceil(iw/2)*2:ceil(ih/2)*2",
                        "-c:v",
                        "libx264",
                        "-preset",
                        "veryfast",
                        "-crf",
                        "18",
                        "-pix_fmt",
                        "yuv420p",
                        "-movflags",
                        "+faststart",
                        "-f",
                        "mp4",
                        film->temporary,
                        NULL};
  char* argv[sizeof args / sizeof args[0]];
  memcpy(argv, args, sizeof args);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  (void)posix_spawn_file_actions_init(&actions);
  (void)posix_spawnattr_init(&attributes);
  (void)posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  (void)posix_spawn_file_actions_adddup2(&actions, film->messages, STDOUT_FILENO);
  (void)posix_spawn_file_actions_adddup2(&actions, film->messages, STDERR_FILENO);
  // Its own process group: Ctrl-C stops us, and we end the film in order.
  (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  (void)posix_spawnattr_setpgroup(&attributes, 0);
  int error = posix_spawnp(&film->child, "ffmpeg", &actions, &attributes, argv, environ);
  (void)posix_spawn_file_actions_destroy(&actions);
  (void)posix_spawnattr_destroy(&attributes);
  return error;
}

// The sentence for a film that could not be begun.
static irl_err fail_start(const char* path, int error, irl_errinfo* info) {
  if (error == ENOENT || error == EACCES) {
    return irl_fail(
        info, IRL_EUNSUPPORTED,
        "%s: films need the program ffmpeg, which is not in PATH; install ffmpeg, or write "
        "a PNG or a folder of frames",
        path);
  }
  return irl_fail(info, IRL_EIO, "%s: cannot start ffmpeg: %s; write a folder of frames instead",
                  path, strerrorname_np(error));
}

irl_err irl_film_open(irl_film** out, const char* path, int width, int height, double fps,
                      irl_errinfo* info) {
  *out = NULL;
  irl_film* film = IRL_NEW(irl_film, 1);
  if (film == NULL) {
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; choose a smaller size", path);
  }
  film->width = width;
  film->height = height;
  film->in = -1;
  int ends[2] = {-1, -1}, error = 0;
  int n = snprintf(film->path, sizeof film->path, "%s", path);
  int m = snprintf(film->temporary, sizeof film->temporary, "%s.partial", path);
  film->rgb = irl_calloc(3 * (size_t)width * (size_t)height, 1);
  film->messages = memfd_create("ffmpeg", MFD_CLOEXEC);
  if (n >= PATH_MAX || m >= PATH_MAX) {
    error = ENAMETOOLONG;
  } else if (film->rgb == NULL) {
    error = ENOMEM;
  } else if (film->messages < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    error = errno;
  } else {
    film->in = ends[0];
    error = start(film, ends[1], fps);
  }
  close_fd(&ends[1]);
  if (error != 0) {
    film_free(film);
    return fail_start(path, error, info);
  }
  *out = film;
  return IRL_OK;
}

// The last line that ffmpeg wrote, without its newline.
static void last_message(irl_film* film, char* out, size_t size) {
  char text[2048];
  off_t end = lseek(film->messages, 0, SEEK_END);
  off_t from = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
  ssize_t got = pread(film->messages, text, sizeof text - 1, from);
  text[got > 0 ? got : 0] = 0;
  size_t length = strlen(text);
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r')) {
    text[--length] = 0;
  }
  const char* line = strrchr(text, '\n');
  (void)snprintf(out, size, "%s", length == 0 ? "no message" : line != NULL ? line + 1 : text);
}

// Exit code of a child, -1 when a signal ended it.
static int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return -1;
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

irl_err irl_film_add(irl_film* film, const irl_canvas* canvas, irl_errinfo* info) {
  size_t n = (size_t)film->width * (size_t)film->height;
  for (size_t i = 0; i < n; i++) {
    memcpy(film->rgb + 3 * i, canvas->rgba + 4 * i, 3);
  }
  for (size_t sent = 0; sent < 3 * n;) {
    ssize_t got = send(film->in, film->rgb + sent, 3 * n - sent, MSG_NOSIGNAL);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      char message[256];
      (void)wait_for(film->child);
      film->child = 0;
      last_message(film, message, sizeof message);
      return irl_fail(info, IRL_EIO, "%s: ffmpeg stopped: %s; write a folder of frames instead",
                      film->path, message);
    }
    sent += (size_t)got;
  }
  return IRL_OK;
}

irl_err irl_film_close(irl_film* film, irl_errinfo* info) {
  irl_err err = IRL_OK;
  close_fd(&film->in);  // the end of the input, which ffmpeg waits for
  int status = film->child > 0 ? wait_for(film->child) : -1;
  if (status != 0) {
    char message[256];
    last_message(film, message, sizeof message);
    (void)unlink(film->temporary);
    err = irl_fail(info, IRL_EIO, "%s: ffmpeg failed: %s; write a folder of frames instead",
                   film->path, message);
  } else {
    err = irl_file_commit(film->temporary, film->path, info);
  }
  film_free(film);
  return err;
}

void irl_film_abandon(irl_film* film) {
  if (film == NULL) {
    return;
  }
  if (film->child > 0) {
    (void)kill(film->child, SIGKILL);
    (void)wait_for(film->child);
  }
  (void)unlink(film->temporary);
  film_free(film);
}
