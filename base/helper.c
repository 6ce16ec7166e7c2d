#include "base/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

enum { MAX_WORDS = 8 };

typedef struct child {
  pid_t id;
  int pipe;  // its output
} child;

//---------------------------------- Starting ------------------------------------------------------

static bool plan(posix_spawn_file_actions_t* actions, int input, int output) {
  const bool given =
      input >= 0 ? posix_spawn_file_actions_adddup2(actions, input, 0) == 0
                 : posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0) == 0;
  return given && posix_spawn_file_actions_adddup2(actions, output, 1) == 0 &&
         posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0) == 0;
}

// Never a bare fork: the host may have threads, and only exec makes a clean process of its copy.
static bool start(child* c, const char* program, const char* const* words, int input) {
  int ends[2];
  posix_spawn_file_actions_t actions;
  const char* argv[MAX_WORDS + 2] = {program};
  for (int i = 0; i < MAX_WORDS && words[i] != NULL; i++) {
    argv[i + 1] = words[i];
  }
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return false;
  }
  bool good = posix_spawn_file_actions_init(&actions) == 0;
  if (good) {
    const char* const* from = argv;
    char* const* list;  // exec changes no word, whatever its type says
    memcpy(&list, &from, sizeof list);
    good = plan(&actions, input, ends[1]) &&
           posix_spawn(&c->id, program, &actions, NULL, list, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
  }
  close(ends[1]);
  c->pipe = ends[0];
  if (!good) {
    close(ends[0]);
  }
  return good;
}

//---------------------------------- Waiting -------------------------------------------------------

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Reads what the helper says until it ends or time is up; false in the latter case. What passes the
// buffer is read and dropped, so that the helper cannot hang on a full pipe.
static bool listen(const child* c, char answer[IRL_HELPER_ANSWER], double limit) {
  const double end = seconds_now() + limit;
  size_t used = 0;
  answer[0] = 0;
  for (double left = limit; left > 0; left = end - seconds_now()) {
    struct pollfd wait = {.fd = c->pipe, .events = POLLIN};
    char more[IRL_HELPER_ANSWER];
    if (poll(&wait, 1, left < 1000 ? (int)(left * 1e3) + 1 : 1000000) <= 0) {
      continue;
    }
    ssize_t got = read(c->pipe, more, sizeof more);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return true;
    }
    const size_t room = IRL_HELPER_ANSWER - 1 - used;
    const size_t kept = (size_t)got < room ? (size_t)got : room;
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

bool irl_helper_run(irl_helper_end* end, const char* program, const char* const* words, int input,
                    double seconds) {
  child c;
  if (!start(&c, program, words, input)) {
    return false;
  }
  end->in_time = listen(&c, end->answer, seconds);
  const int status = finish(&c, end->in_time);
  end->exited = WIFEXITED(status);
  end->code = end->exited ? WEXITSTATUS(status) : WTERMSIG(status);
  end->answer[strcspn(end->answer, "\n")] = 0;
  return true;
}

bool irl_helper_agrees(const irl_helper_end* end) {
  return end->in_time && end->exited && end->code == 0 && strcmp(end->answer, "ok") == 0;
}

bool irl_helper_was_slow(const irl_helper_end* end) {
  return !end->in_time || (!end->exited && end->code == SIGXCPU);
}

//---------------------------------- Limits --------------------------------------------------------

static rlim_t at_most(rlim_t value, rlim_t most) {
  return most != RLIM_INFINITY && most < value ? most : value;
}

// `more` above the limit nothing is heard any more: of processor time there is a signal before.
static void limit(int what, rlim_t value, rlim_t more) {
  struct rlimit r;
  if (getrlimit(what, &r) == 0) {
    r.rlim_cur = at_most(value, r.rlim_max);
    r.rlim_max = at_most(value + more, r.rlim_max);
    (void)setrlimit(what, &r);
  }
}

// Bytes of address space that the process has now.
static rlim_t memory_now(void) {
  unsigned long pages = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (file != NULL && fscanf(file, "%lu", &pages) != 1) {
    pages = 0;
  }
  if (file != NULL) {
    fclose(file);
  }
  return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

void irl_helper_limit(double seconds, size_t memory) {
  limit(RLIMIT_CPU, (rlim_t)seconds, 2);
  limit(RLIMIT_FSIZE, 0, 0);
  limit(RLIMIT_CORE, 0, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_AS, memory_now() + memory, 0);
#else
  (void)memory_now;  // they reserve terabytes
  (void)memory;
#endif
}
