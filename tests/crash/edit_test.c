// Changes of a dataset in place and their undoing, on a disk that fails and in a process that dies
// at each call to the system: the dataset before the change is never lost, and what stands is
// always the one or the other, whole.
#include "demos/edit.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "../demos/sample.h"
#include "faults.h"

#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 3 };  // every third call is enough where each takes longer
#else
enum { STRIDE = 1 };
#endif

enum { BEFORE = SAMPLE_N - 1, AFTER = 2 };  // episodes: one of the sample's is invalid

typedef struct stage {
  char dir[2048];
  irl_task* task;
  irl_demos* demos;  // as it was before any change
  irl_errinfo info;
} stage;

static void open_stage(stage* g, const char* name) {
  memset(g, 0, sizeof *g);
  if (!faults) {
    faults = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  memset(faults, 0, sizeof *faults);
  sample_dir(g->dir, name);
  g->task = sample_task("inverted_pendulum");
  sample_save(g->dir, "inverted_pendulum");
  CHECK_OK(irl_demos_load(&g->demos, g->dir, &g->info));
}

static void close_stage(stage* g) {
  irl_demos_destroy(g->demos);
  irl_task_destroy(g->task);
  sample_remove(g->dir);
}

static void set_up(stage* g) {
  memset(faults, 0, sizeof *faults);
  sample_remove(g->dir);
  sample_save(g->dir, "inverted_pendulum");
}

// Keeps two episodes.
static irl_err change(stage* g) {
  irl_demos* picked = NULL;
  const irl_demos* source = g->demos;
  const irl_demos_pick picks[AFTER] = {{.episode = 3}, {.episode = 1}};
  irl_err err = irl_demos_pick_episodes(&picked, &source, 1, picks, AFTER, &g->info);
  err = err ? err : irl_demos_store(g->dir, true, picked, g->task, NULL, &g->info);
  irl_demos_destroy(picked);
  return err;
}

static irl_err change_and_undo(stage* g) {
  irl_err err = change(g);
  return err ? err : irl_demos_undo(g->dir, &g->info);
}

// Episodes of the dataset that stands, which must be one of the two, to the bit.
static int standing(stage* g) {
  irl_demos* now = NULL;
  faults->kind = FAULT_NONE;
  irl_err err = irl_demos_load(&now, g->dir, &g->info);
  if (err) {
    printf("call %d of kind %d: %s\n", faults->at, faults->kind, g->info.text);
  }
  CHECK_OK(err);
  const int n = now ? now->batch.n : 0;
  CHECK(n == BEFORE || n == AFTER);
  for (int i = 0; i < n; i++) {
    const int was = n == BEFORE ? i : i == 0 ? 3 : 1;
    const irl_batch *a = &now->batch, *b = &g->demos->batch;
    CHECK(a->length[i] == b->length[was] &&
          !memcmp(irl_batch_x(a, i, 0), irl_batch_x(b, was, 0),
                  (size_t)(a->length[i] + 1) * (size_t)a->nx * sizeof(double)));
  }
  irl_demos_destroy(now);
  return n;
}

// Whatever happened, it can be gone on with: to the state after the change, and back.
static void recover(stage* g) {
  if (standing(g) == BEFORE) {
    CHECK_OK(change(g));
  }
  CHECK(standing(g) == AFTER);
  CHECK_OK(irl_demos_undo(g->dir, &g->info));
  CHECK(standing(g) == BEFORE);
  int n = 0;
  DIR* folder = opendir(g->dir);
  for (struct dirent* e; folder && (e = readdir(folder));) {
    n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
  }
  closedir(folder);
  CHECK(n == 2);  // data and data.before: nothing hidden is left
}

static void arm(fault kind, int error, int at) {
  faults->calls = faults->hits = 0;
  faults->error = error;
  faults->at = at;
  faults->kind = kind;
}

static int sweep_errors(stage* g, irl_err (*act)(stage*), fault kind, int error) {
  for (int k = 1;; k += STRIDE) {
    set_up(g);
    arm(kind, error, k);
    const irl_err err = act(g);
    const bool done = faults->hits == 0 && faults->calls < k;
    CHECK(err == IRL_OK || g->info.text[0]);
    CHECK(err == IRL_OK || (kind != FAULT_INTERRUPTED && kind != FAULT_SHORT));
    recover(g);
    if (done || test_failures > 0) {
      return k - 1;
    }
  }
}

static int sweep_deaths(stage* g, irl_err (*act)(stage*), fault kind, bool power,
                        bool no_exchange) {
  for (int k = 1;; k += STRIDE) {
    int status = 0;
    set_up(g);
    faults->no_exchange = no_exchange;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      arm(kind, 0, k);
      _exit(act(g) != IRL_OK);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULT_EXIT);
    faults->kind = FAULT_NONE;
    if (power) {
      fault_power_loss(g->dir);
    }
    faults->no_exchange = false;
    recover(g);
    if (WEXITSTATUS(status) == 0 || test_failures > 0) {
      return k - 1;
    }
  }
}

static void report(const char* what, int calls) {
  printf("     %s: %d calls\n", what, calls);
  CHECK(calls > 30);
}

static void errors(void) {
  stage g;
  open_stage(&g, "edit_errors");
  report("EIO once", sweep_errors(&g, change_and_undo, FAULT_ONCE, EIO));
  report("ENOSPC for good", sweep_errors(&g, change_and_undo, FAULT_FOR_GOOD, ENOSPC));
  report("half, then ENOSPC for good", sweep_errors(&g, change_and_undo, FAULT_FULL, ENOSPC));
  report("EINTR", sweep_errors(&g, change_and_undo, FAULT_INTERRUPTED, 0));
  report("short transfers", sweep_errors(&g, change_and_undo, FAULT_SHORT, 0));
  close_stage(&g);
}

static void deaths(void) {
  stage g;
  open_stage(&g, "edit_deaths");
  report("death before", sweep_deaths(&g, change_and_undo, FAULT_DIE_BEFORE, false, false));
  report("death within", sweep_deaths(&g, change_and_undo, FAULT_DIE_TORN, false, false));
  report("death after", sweep_deaths(&g, change_and_undo, FAULT_DIE_AFTER, false, false));
  report("death, two renames for one", sweep_deaths(&g, change, FAULT_DIE_AFTER, false, true));
  close_stage(&g);
}

static void deaths_and_power_loss(void) {
  stage g;
  open_stage(&g, "edit_power");
  // What was written long ago counts as synced.
  report("power loss", sweep_deaths(&g, change_and_undo, FAULT_DIE_BEFORE, true, false));
  close_stage(&g);
}

TESTS(TEST(errors), TEST(deaths), TEST(deaths_and_power_loss))
