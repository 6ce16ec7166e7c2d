// Recording and folding on a failing disk and in a process that dies, at every call to the system
// in turn. Whatever happens, what was acknowledged is found.
#include <sys/mman.h>
#include <sys/wait.h>

#include "faults.h"
#include "model.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 3 };  // calls from one fault to the next: sanitizers make each play slow
#else
enum { STRIDE = 1 };
#endif

// A folder as a crash may leave it: a dataset, and a journal with a torn end beside it.
enum { PROPS = 3 };
static const char* const prop_names[PROPS] = {"data/main_data.hdf5", "data/metadata.json",
                                              "recording.journal"};

typedef struct stage {
  char dir[2048];
  char* props[PROPS];
  size_t prop_sizes[PROPS];
  irl_task* task;
  synthetic s;
  model* m;  // shared with the child
  irl_journal* journal;
  irl_errinfo info;
  bool strict;  // no call may fail
  int errors;   // that calls reported
} stage;

static void* shared(size_t size) {
  void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    exit(101);
  }
  return memory;
}

static void open_stage(stage* g, const char* name) {
  memset(g, 0, sizeof *g);
  faults = shared(sizeof *faults);
  g->m = shared(sizeof *g->m);
  g->m->first = 1;
  sample_dir(g->dir, name);
  g->task = sample_task(CRASH_TASK);
  g->s = synthetic_make(g->task);
}

static void close_stage(stage* g) {
  faults->kind = FAULT_NONE;
  for (int i = 0; i < PROPS; i++) {
    irl_free(g->props[i]);
  }
  sample_remove(g->dir);
  synthetic_free(&g->s);
  irl_task_destroy(g->task);
  munmap(g->m, sizeof *g->m);
  munmap(faults, sizeof *faults);
}

//---------------------------------- What is played ------------------------------------------------

static void note(stage* g, uint64_t seed, ack_kind kind, int value) {
  const ack a = {seed, (int32_t)kind, value};
  model_note(g->m, &a);
}

// After a failure the disk is mended ("free some space and go on"); a second one is none of ours.
static bool again(stage* g, irl_err err, int* tries) {
  if (err == IRL_OK) {
    return false;
  }
  if (g->strict || g->info.text[0] == 0 || (*tries)++ > 0) {
    printf("call %d of kind %d: %s\n", faults->at, faults->kind, g->info.text);
    CHECK(!"a call failed that must not");
    return false;
  }
  g->errors++;
  faults->kind = FAULT_NONE;
  return true;
}

#define MUST(call)                      \
  do {                                  \
    int tries_ = 0;                     \
    while (again(g, (call), &tries_)) { \
    }                                   \
  } while (0)

static void step(stage* g, uint64_t seed, int t) {
  MUST(irl_journal_step(g->journal, synthetic_step(&g->s, seed, t), &g->info));
  note(g, seed, ACK_STEPPED, t + 1);
}

static void begin(stage* g, uint64_t seed, int steps) {
  synthetic_state(&g->s, seed, 0);
  MUST(irl_journal_begin(g->journal, 0, seed, g->s.x, g->s.state, NULL, &g->info));
  note(g, seed, ACK_BEGUN, 0);
  for (int t = 0; t < steps; t++) {
    step(g, seed, t);
  }
}

static void end(stage* g, uint64_t seed, bool kept) {
  note(g, seed, ACK_ENDING, kept);
  MUST(irl_journal_end(g->journal, kept, -1, "label", &g->info));
  note(g, seed, ACK_ENDED, kept);
}

static void rewind_to(stage* g, uint64_t seed, int length) {
  note(g, seed, ACK_REWINDING, length);
  MUST(irl_journal_rewind(g->journal, length, &g->info));
  note(g, seed, ACK_REWOUND, length);
}

static void discard(stage* g, uint64_t seed, int number, bool discarded) {
  note(g, seed, ACK_DISCARDING, discarded);
  MUST(irl_journal_discard(g->journal, number, discarded, &g->info));
  note(g, seed, ACK_DISCARDED, discarded);
}

// A journal whose last sync failed is closed all the same, and folds in what it holds.
static void close_journal(stage* g) {
  irl_err err = irl_journal_close(g->journal, &g->info);
  g->journal = NULL;
  CHECK(err == IRL_OK || !g->strict);
  if (err) {
    g->errors++;
    faults->kind = FAULT_NONE;
  }
}

static void fold(stage* g) {
  irl_demos_folded folded;
  MUST(irl_demos_fold(g->dir, &folded, &g->info));
}

// A dataset of one episode; a journal of two, the second one broken off.
static void make_props(stage* g) {
  const irl_journal_options each = {.sync_ms = 0};
  MUST(irl_journal_create(&g->journal, g->dir, g->task, &each, &g->info));
  begin(g, 1, 3);
  end(g, 1, true);
  close_journal(g);
  fold(g);
  MUST(irl_journal_create(&g->journal, g->dir, g->task, &each, &g->info));
  begin(g, 2, 2);
  end(g, 2, true);
  begin(g, 3, 2);
  close_journal(g);
  char path[4096];
  snprintf(path, sizeof path, "%s/recording.journal", g->dir);
  FILE* file = fopen(path, "ab");
  CHECK(file && fwrite("IRLJ torn", 1, 9, file) == 9);
  fclose(file);
  for (int i = 0; i < PROPS; i++) {
    snprintf(path, sizeof path, "%s/%s", g->dir, prop_names[i]);
    g->props[i] = sample_read(path, &g->prop_sizes[i]);
  }
}

// Puts the folder into that state again, and says what is known of it.
static void set_up(stage* g) {
  char path[4096];
  memset(faults, 0, sizeof *faults);
  memset(g->m->episodes, 0, sizeof g->m->episodes);
  g->m->n = 0;
  g->strict = true;
  sample_remove(g->dir);
  if (!g->props[0]) {
    make_props(g);
  }
  snprintf(path, sizeof path, "%s/data", g->dir);
  CHECK(irl_dir_exists(g->dir) || (mkdir(g->dir, 0777) == 0 && mkdir(path, 0777) == 0));
  for (int i = 0; i < PROPS; i++) {
    snprintf(path, sizeof path, "%s/%s", g->dir, prop_names[i]);
    sample_write(path, g->props[i], g->prop_sizes[i]);
    int file = open(path, O_RDONLY, 0);
    CHECK(file >= 0 && fsync(file) == 0);
    close(file);
  }
  for (uint64_t seed = 1; seed <= 3; seed++) {
    note(g, seed, ACK_BEGUN, 0);
    note(g, seed, ACK_STEPPED, seed == 1 ? 3 : 2);
  }
  g->strict = false;
  g->errors = 0;
}

// Going on with it, folding, and one more session.
static void play(stage* g) {
  const irl_journal_options each = {.sync_ms = 0}, late = {.sync_ms = 100000};
  MUST(irl_journal_open(&g->journal, g->dir, g->task, &each, &g->info));
  begin(g, 4, 3);
  rewind_to(g, 4, 1);
  step(g, 4, 1);
  end(g, 4, true);
  close_journal(g);
  fold(g);
  // Steps that are synced late count as acknowledged when the process dies, not after power loss.
  const bool lives = faults->kind < FAULT_DIE_BEFORE;
  MUST(irl_journal_create(&g->journal, g->dir, g->task, lives ? &late : &each, &g->info));
  begin(g, 5, 3);
  end(g, 5, false);
  begin(g, 6, 2);
  end(g, 6, true);
  discard(g, 5, 0, false);
  discard(g, 6, 1, true);
  begin(g, 7, 4);
  close_journal(g);
  fold(g);
}

//---------------------------------- Sweeps --------------------------------------------------------

static void arm(fault kind, int error, int at) {
  faults->calls = faults->hits = 0;
  faults->error = error;
  faults->at = at;
  faults->kind = kind;
}

// Nothing lost, nothing twice, and no leftover stays.
static bool judge(stage* g, bool recover) {
  faults->kind = FAULT_NONE;
  const int64_t lost = g->m->lost;
  CHECK(faults->hasty == 0 || !recover);  // a failed start may remove the blank one it made
  model_check(g->m, &g->s, g->dir);
  model_settle(g->m);
  if (recover) {
    g->strict = true;
    fold(g);
    CHECK(!irl_journal_waits(g->dir));
    model_check(g->m, &g->s, g->dir);
  }
  return g->m->lost == lost;
}

static int entries(const char* dir) {
  int n = 0;
  DIR* folder = opendir(dir);
  for (struct dirent* e; folder && (e = readdir(folder));) {
    n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
  }
  closedir(folder);
  return n;
}

// The next session leaves nothing of what a crash left.
static void clear_up(stage* g) {
  g->strict = true;
  MUST(irl_journal_create(&g->journal, g->dir, g->task, NULL, &g->info));
  close_journal(g);
  fold(g);
  CHECK(entries(g->dir) == 1);
}

// Runs the play with the fault at call 1, 2, ... in this process; returns how many calls it has.
static int sweep_errors(stage* g, fault kind, int error) {
  for (int k = 1;; k += STRIDE) {
    set_up(g);
    g->strict = kind == FAULT_INTERRUPTED || kind == FAULT_SHORT;
    arm(kind, error, k);
    play(g);
    const int calls = faults->calls;
    const bool done = faults->hits == 0 && calls < k;
    CHECK(judge(g, false));
    CHECK(g->m->episodes[6].seen == 1 && g->m->episodes[4].seen == 1);
    clear_up(g);
    if (done || test_failures > 0) {
      return k - 1;
    }
  }
}

// The play in a child that dies at call k; false when it came to its end.
static bool die_at(stage* g, fault kind, int k, void (*act)(stage*)) {
  int status = 0;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    g->strict = true;
    arm(kind, 0, k);
    act(g);
    _exit(test_failures > 0 ? 1 : 0);
  }
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  faults->kind = FAULT_NONE;
  CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULT_EXIT);
  return WEXITSTATUS(status) == FAULT_EXIT;
}

// Dies at every call. With `power` what was not synced is gone; with `recovery` the fold that
// follows dies as well, at another call each time.
static int sweep_deaths(stage* g, fault kind, bool power, bool recovery, bool no_exchange) {
  for (int k = 1;; k += STRIDE) {
    set_up(g);
    faults->no_exchange = no_exchange;
    const bool died = die_at(g, kind, k, play);
    if (power) {
      fault_power_loss(g->dir);
    }
    if (recovery) {
      model_check(g->m, &g->s, g->dir);
      model_settle(g->m);
      die_at(g, kind, 1 + k * 7 % 40, fold);
      if (power) {
        fault_power_loss(g->dir);
      }
    }
    faults->no_exchange = false;
    CHECK(judge(g, true));
    clear_up(g);
    if (!died || test_failures > 0) {
      return k - 1;
    }
  }
}

static void report(const char* what, int calls) {
  printf("     %s: %d calls\n", what, calls);
  CHECK(calls > 100);
}

static void errors_once(void) {
  stage g;
  open_stage(&g, "errors_once");
  report("EIO once", sweep_errors(&g, FAULT_ONCE, EIO));
  report("ENOSPC once", sweep_errors(&g, FAULT_ONCE, ENOSPC));
  close_stage(&g);
}

static void errors_for_good(void) {
  stage g;
  open_stage(&g, "errors_for_good");
  report("EIO for good", sweep_errors(&g, FAULT_FOR_GOOD, EIO));
  report("ENOSPC for good", sweep_errors(&g, FAULT_FOR_GOOD, ENOSPC));
  report("half, then ENOSPC for good", sweep_errors(&g, FAULT_FULL, ENOSPC));
  close_stage(&g);
}

static void interruptions_and_short_transfers(void) {
  stage g;
  open_stage(&g, "interruptions");
  report("EINTR", sweep_errors(&g, FAULT_INTERRUPTED, 0));
  report("short transfers", sweep_errors(&g, FAULT_SHORT, 0));
  close_stage(&g);
}

static void deaths(void) {
  stage g;
  open_stage(&g, "deaths");
  report("death before", sweep_deaths(&g, FAULT_DIE_BEFORE, false, false, false));
  report("death within", sweep_deaths(&g, FAULT_DIE_TORN, false, false, false));
  report("death after", sweep_deaths(&g, FAULT_DIE_AFTER, false, false, false));
  report("death, two renames for one", sweep_deaths(&g, FAULT_DIE_AFTER, false, false, true));
  close_stage(&g);
}

static void deaths_and_power_loss(void) {
  stage g;
  open_stage(&g, "power");
  report("power loss before", sweep_deaths(&g, FAULT_DIE_BEFORE, true, false, false));
  report("power loss within", sweep_deaths(&g, FAULT_DIE_TORN, true, false, false));
  report("power loss, two renames for one", sweep_deaths(&g, FAULT_DIE_AFTER, true, false, true));
  close_stage(&g);
}

static void deaths_during_recovery(void) {
  stage g;
  open_stage(&g, "recovery");
  report("death, death", sweep_deaths(&g, FAULT_DIE_BEFORE, false, true, false));
  report("power loss, power loss", sweep_deaths(&g, FAULT_DIE_AFTER, true, true, false));
  close_stage(&g);
}

TESTS(TEST(errors_once), TEST(errors_for_good), TEST(interruptions_and_short_transfers),
      TEST(deaths), TEST(deaths_and_power_loss), TEST(deaths_during_recovery))
