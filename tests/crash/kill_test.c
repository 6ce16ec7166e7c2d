// kill_test DRIVER DIR KILLS [SEED]: kills a recording program at random moments with SIGKILL and
// looks for everything that it had acknowledged. Prints one line of figures.
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

extern char** environ;

enum { KILLS_PER_FOLDER = 20, WINDOW_MS = 150 };

typedef struct campaign {
  const char* driver;
  char dir[2048];
  synthetic s;
  model m;
  uint64_t random;
  int kills, folding, recording;  // what was under way
  int64_t messages;
} campaign;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double uniform(campaign* c) {
  return (sample_number(&c->random) + 2) / 4;
}

static pid_t start(campaign* c, uint64_t first_seed, int sync_ms, int* pipe_end) {
  int ends[2];
  char seed[32], sync[16], dir[2048], name[] = "record_driver";
  char* argv[] = {name, dir, seed, sync, NULL};
  posix_spawn_file_actions_t actions;
  pid_t child = -1;
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)first_seed);
  snprintf(sync, sizeof sync, "%d", sync_ms);
  snprintf(dir, sizeof dir, "%s", c->dir);
  CHECK(pipe(ends) == 0);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  CHECK(posix_spawn(&child, c->driver, &actions, NULL, argv, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  *pipe_end = ends[0];
  return child;
}

// Takes in one message; false at the end.
static bool listen_once(campaign* c, int pipe_end, ack* a) {
  size_t got = 0;
  while (got < sizeof *a) {
    ssize_t n = read(pipe_end, (char*)a + got, sizeof *a - got);
    if (n <= 0) {
      return false;
    }
    got += (size_t)n;
  }
  model_note(&c->m, a);
  c->messages++;
  return true;
}

// Listens until it is time to kill; the clock starts with the first message.
static void listen_and_kill(campaign* c, pid_t child, int pipe_end) {
  ack a = {0};
  bool open = listen_once(c, pipe_end, &a);
  const int64_t end = now_us() + (int64_t)(uniform(c) * WINDOW_MS * 1000);
  int64_t left;
  while (open && (left = end - now_us()) > 0) {
    struct pollfd p = {.fd = pipe_end, .events = POLLIN};
    const struct timespec wait = {left / 1000000, left % 1000000 * 1000};
    if (ppoll(&p, 1, &wait, NULL) > 0) {
      open = listen_once(c, pipe_end, &a);
    }
  }
  CHECK(open);  // it ends only by being killed
  kill(child, SIGKILL);
  while (listen_once(c, pipe_end, &a)) {
  }
  c->folding += a.kind == ACK_FOLDING;
  c->recording += a.kind != ACK_FOLDING;
}

static void kill_once(campaign* c) {
  const int syncs[] = {0, 0, 3, 500};
  int pipe_end = -1, status = 0;
  const uint64_t first = c->m.first + (uint64_t)(c->kills % KILLS_PER_FOLDER) * CRASH_EPISODES;
  pid_t child = start(c, first, syncs[c->kills % 4], &pipe_end);
  listen_and_kill(c, child, pipe_end);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  close(pipe_end);
  c->kills++;
}

// One kill after the other into the same folder; now and then this process folds.
static void run_folder(campaign* c, int kills) {
  irl_demos_folded folded;
  irl_errinfo info = {0};
  memset(&c->m.episodes, 0, sizeof c->m.episodes);
  c->m.n = 0;
  c->m.first = 1000000 + (uint64_t)c->kills * CRASH_EPISODES;
  sample_remove(c->dir);
  for (int i = 0; i < kills && c->m.lost == 0; i++) {
    kill_once(c);
    model_check(&c->m, &c->s, c->dir);
    model_settle(&c->m);
    if (i == kills - 1 || uniform(c) < 0.2) {
      irl_err err = irl_demos_fold(c->dir, &folded, &info);
      if (err || folded.damaged || irl_journal_waits(c->dir)) {
        printf("fold: %s\n", info.text);
        c->m.lost++;
      }
      model_check(&c->m, &c->s, c->dir);
    }
  }
}

int main(int argc, char** argv) {
  static campaign c;
  if (argc < 4) {
    fprintf(stderr, "usage: kill_test DRIVER DIR KILLS [SEED]\n");
    return 2;
  }
  const int kills = atoi(argv[3]);
  irl_task* task = sample_task(CRASH_TASK);
  c.driver = argv[1];
  c.random = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
  c.s = synthetic_make(task);
  snprintf(c.dir, sizeof c.dir, "%s", argv[2]);
  while (c.kills < kills && c.m.lost == 0 && test_failures == 0) {
    run_folder(&c, kills - c.kills < KILLS_PER_FOLDER ? kills - c.kills : KILLS_PER_FOLDER);
  }
  printf(
      "%d kills (%d while folding, %d while recording), %lld acknowledgements, %lld acknowledged "
      "steps looked for, %lld lost\n",
      c.kills, c.folding, c.recording, (long long)c.messages, (long long)c.m.steps,
      (long long)c.m.lost);
  if (c.m.lost == 0) {
    sample_remove(c.dir);
  }
  synthetic_free(&c.s);
  irl_task_destroy(task);
  return c.m.lost != 0 || test_failures != 0 || c.kills < kills;
}
