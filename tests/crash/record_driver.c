// Records made-up episodes as fast as it can until somebody kills it: record_driver DIR FIRST_SEED
// SYNC_MS. Standard output gets an `ack` for everything that was acknowledged.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../demos/synthetic.h"
#include "ack.h"
#include "demos/journal.h"

typedef struct driver {
  const char* dir;
  irl_task* task;
  synthetic s;
  irl_journal* journal;
  irl_journal_options options;
  uint64_t seed;    // of the running episode
  uint64_t random;  // state
  irl_errinfo info;
} driver;

static void say(uint64_t seed, ack_kind kind, int value) {
  const ack a = {seed, (int32_t)kind, value};
  if (write(STDOUT_FILENO, &a, sizeof a) != sizeof a) {
    exit(3);
  }
}

static void must(driver* d, irl_err err) {
  if (err) {
    fprintf(stderr, "record_driver: %s\n", d->info.text);
    exit(2);
  }
}

// 0 to n - 1.
static int below(driver* d, int n) {
  return (int)((sample_number(&d->random) + 2) / 4 * n) % n;
}

static void rewind_somewhere(driver* d, int* length) {
  *length = below(d, *length + 1);
  say(d->seed, ACK_REWINDING, *length);
  must(d, irl_journal_rewind(d->journal, *length, &d->info));
  say(d->seed, ACK_REWOUND, *length);
}

static void run_episode(driver* d) {
  const int steps = below(d, 40);
  int number, length = 0;
  synthetic_state(&d->s, d->seed, 0);
  must(d, irl_journal_begin(d->journal, 0, d->seed, d->s.x, d->s.state, &number, &d->info));
  say(d->seed, ACK_BEGUN, 0);
  for (int i = 0; i < steps; i++) {
    must(d, irl_journal_step(d->journal, synthetic_step(&d->s, d->seed, length), &d->info));
    say(d->seed, ACK_STEPPED, ++length);
    if (d->options.sync_ms >= 100) {
      usleep(300);  // or nearly all kills would fall into the syncs of begin and end
    }
    if (below(d, 40) == 0) {
      rewind_somewhere(d, &length);
    }
  }
  const bool kept = below(d, 8) != 0;
  say(d->seed, ACK_ENDING, kept);
  must(d, irl_journal_end(d->journal, kept, -1, "made up", &d->info));
  say(d->seed, ACK_ENDED, kept);
  if (below(d, 6) == 0) {
    say(d->seed, ACK_DISCARDING, kept);
    must(d, irl_journal_discard(d->journal, number, kept, &d->info));
    say(d->seed, ACK_DISCARDED, kept);
  }
}

static void fold(driver* d) {
  irl_demos_folded folded;
  say(0, ACK_FOLDING, 0);
  must(d, irl_demos_fold(d->dir, &folded, &d->info));
  say(0, ACK_FOLDED, folded.added);
}

// A journal that a crash left is gone on with or folded in.
static void run_session(driver* d) {
  if (irl_journal_waits(d->dir) && below(d, 2) == 0) {
    say(0, ACK_FOLDED, 0);
    must(d, irl_journal_open(&d->journal, d->dir, d->task, &d->options, &d->info));
  } else {
    fold(d);
    must(d, irl_journal_create(&d->journal, d->dir, d->task, &d->options, &d->info));
  }
  for (int n = 1 + below(d, 5); n > 0; n--) {
    run_episode(d);
    d->seed++;
  }
  must(d, irl_journal_close(d->journal, &d->info));
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: record_driver DIR FIRST_SEED SYNC_MS\n");
    return 2;
  }
  driver d = {.dir = argv[1], .seed = strtoull(argv[2], NULL, 10)};
  d.random = d.seed * 77 + 1;
  d.options = (irl_journal_options){.seed = d.seed, .sync_ms = atoi(argv[3])};
  d.task = sample_task(CRASH_TASK);
  d.s = synthetic_make(d.task);
  const uint64_t last = d.seed + CRASH_EPISODES - 10;
  for (;;) {
    if (d.seed < last) {
      run_session(&d);
    } else {
      pause();
    }
  }
}
