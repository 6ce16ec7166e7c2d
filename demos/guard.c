// The host's side of the helper: start it, wait within limits, take its word.
#include "demos/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

enum { ANSWER = 700, GRACE = 30 };  // bytes; seconds beyond twice the helper's own limit

typedef struct child {
  pid_t id;
  int pipe;  // its stdout
} child;

// Never a bare fork: the host may have threads, and only exec makes a clean process of its copy.
static bool start(child* c, const char* helper, const char* path) {
  int ends[2];
  posix_spawn_file_actions_t actions;
  char words[2][16] = {"demos", "probe-hdf5"};
  char *program = strdup(helper), *file = strdup(path);
  char* argv[] = {program, words[0], words[1], file, NULL};
  bool good = program && file && pipe2(ends, O_CLOEXEC) == 0;
  if (good) {
    good = posix_spawn_file_actions_init(&actions) == 0;
    good = good && !posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) &&
           !posix_spawn_file_actions_adddup2(&actions, ends[1], 1) &&
           !posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) &&
           !posix_spawn(&c->id, helper, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    c->pipe = ends[0];
    if (!good) {
      close(ends[0]);
    }
  }
  free(program);
  free(file);
  return good;
}

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Reads what the helper says until it ends or time is up; false in the latter case. What passes the
// buffer is read and dropped, so that the helper cannot hang on a full pipe.
static bool listen(const child* c, char answer[ANSWER], double limit) {
  const double end = seconds_now() + limit;
  size_t used = 0;
  answer[0] = 0;
  for (double left = limit; left > 0; left = end - seconds_now()) {
    struct pollfd wait = {.fd = c->pipe, .events = POLLIN};
    char more[ANSWER];
    if (poll(&wait, 1, left < 1000 ? (int)(left * 1e3) + 1 : 1000000) <= 0) {
      continue;
    }
    ssize_t got = read(c->pipe, more, sizeof more);
    if (got <= 0 && errno != EINTR) {
      return true;
    }
    size_t room = ANSWER - 1 - used, kept = got > 0 ? (size_t)got : 0;
    kept = kept < room ? kept : room;
    memcpy(answer + used, more, kept);
    used += kept;
    answer[used] = 0;
  }
  return false;
}

// Its exit status; 0 where the host has told the system not to keep any.
static int finish(const child* c, bool in_time) {
  int status = 0;
  if (!in_time) {
    kill(c->id, SIGKILL);
  }
  while (waitpid(c->id, &status, 0) < 0 && errno == EINTR) {
  }
  close(c->pipe);
  return status;
}

// Turns how the helper ended into an error.
static irl_err judge(const char* path, char* answer, bool in_time, int status, irl_errinfo* info) {
  bool ended = WIFEXITED(status);
  if (in_time && ended && WEXITSTATUS(status) == 0 && !strcmp(answer, "ok\n")) {
    return IRL_OK;
  }
  answer[strcspn(answer, "\n")] = 0;
  if (in_time && ended && WEXITSTATUS(status) == 1 && answer[0]) {
    return irl_fail(info, IRL_EPARSE, "%s", answer);
  }
  if (!in_time || (!ended && WTERMSIG(status) == SIGXCPU)) {
    return irl_fail(info, IRL_EPARSE,
                    "%s: takes longer to read than any sound file of its size; it is damaged or "
                    "hostile, get it anew from where it came",
                    path);
  }
  if (!ended) {
    return irl_fail(info, IRL_EPARSE,
                    "%s: reading it crashes HDF5 (signal %d, in a helper process, no harm was "
                    "done); it is damaged or hostile, get it anew from where it came",
                    path, WTERMSIG(status));
  }
  return irl_fail(info, IRL_EUNSUPPORTED,
                  "%s: the helper that reads files of others ended with %d and no word; let "
                  "MJIRL_PROBE name the program mjirl",
                  path, WEXITSTATUS(status));
}

irl_err irl_demos_guard(const char* path, const irl_demos_access* access, irl_errinfo* info) {
  const char* helper = access && access->helper ? access->helper : getenv("MJIRL_PROBE");
  char answer[ANSWER];
  struct stat file;
  child c;
  if (access && access->trusted) {
    return IRL_OK;
  }
  if (stat(path, &file) != 0 || !S_ISREG(file.st_mode)) {
    return irl_fail(info, IRL_ENOENT, "%s: is not a file; give an HDF5 file", path);
  }
  if (!helper || !*helper) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: has no checksum of mjirl's, and there is no helper to read it first; let "
                    "MJIRL_PROBE name the program mjirl, or open it as trusted",
                    path);
  }
  if (!start(&c, helper, path)) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: the helper %s that reads files of others first cannot be started; let "
                    "MJIRL_PROBE name the program mjirl",
                    path, helper);
  }
  bool in_time = listen(&c, answer, 2 * (20 + (double)file.st_size / 5e7) + GRACE);
  return judge(path, answer, in_time, finish(&c, in_time), info);
}
