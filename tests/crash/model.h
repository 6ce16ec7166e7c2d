// What must be found after a crash, from what was acknowledged before it.
#ifndef MJIRL_TESTS_CRASH_MODEL_H_
#define MJIRL_TESTS_CRASH_MODEL_H_

#include "../demos/synthetic.h"
#include "ack.h"
#include "demos/journal_internal.h"

enum { MODEL_MAX = 20000 };  // episodes

// A call that was under way may have happened or not, so lengths are a range and presence is one of
// three.
typedef struct expected {
  int least, most;  // steps
  bool may_be_there, may_be_missing;
  int seen;  // whole copies found
} expected;

typedef struct model {
  uint64_t first;  // seed of the first episode
  int n;
  expected episodes[MODEL_MAX];
  int64_t steps;  // acknowledged ones that had to be there, over all checks
  int64_t lost;   // broken promises
} model;

static inline expected* model_at(model* m, uint64_t seed) {
  const uint64_t i = seed - m->first;
  if (seed < m->first || i >= MODEL_MAX) {
    return NULL;
  }
  m->n = (int)i >= m->n ? (int)i + 1 : m->n;
  return &m->episodes[i];
}

static inline void model_note(model* m, const ack* a) {
  expected* e = a->kind <= ACK_FOLDED ? NULL : model_at(m, a->seed);
  if (!e) {
    return;
  }
  switch (a->kind) {
    case ACK_BEGUN:
      *e = (expected){.least = 0, .most = 1, .may_be_there = true};
      break;
    case ACK_STEPPED:
    case ACK_REWOUND:
      e->least = a->value;
      e->most = a->value + 1;
      break;
    case ACK_REWINDING:
      e->least = a->value;
      break;
    case ACK_ENDING:
      e->most = e->least;
      e->may_be_missing |= !a->value;
      break;
    case ACK_DISCARDING:
      e->may_be_there = e->may_be_missing = true;
      break;
    case ACK_ENDED:
      e->may_be_there = a->value != 0;
      e->may_be_missing = a->value == 0;
      break;
    default:  // discarded, or not any more
      e->may_be_there = a->value == 0;
      e->may_be_missing = a->value != 0;
      break;
  }
}

// One episode that was found, in a dataset or in a journal.
static inline void model_see(model* m, synthetic* s, const irl_batch* b, int i, uint64_t seed) {
  expected* e = model_at(m, seed);
  bool good = e && synthetic_is(s, b, i, seed);
  // The begin of an episode may not have been acknowledged yet.
  if (good && !e->may_be_there && !e->may_be_missing) {
    good = b->length[i] <= 1;
  } else if (good) {
    good = e->may_be_there && b->length[i] >= e->least && b->length[i] <= e->most;
  }
  if (!good) {
    printf("seed %llu: length %d is not within %d to %d, or its numbers are others\n",
           (unsigned long long)seed, b->length[i], e ? e->least : -1, e ? e->most : -1);
    m->lost++;
  }
  if (e) {
    e->seen++;
  }
}

static inline void model_see_dataset(model* m, synthetic* s, const char* dir) {
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  irl_err err = irl_demos_load(&demos, dir, &info);
  if (err == IRL_ENOENT) {
    return;  // none yet
  }
  if (err) {
    printf("%s\n", info.text);
    m->lost++;
    return;
  }
  for (int i = 0; i < demos->batch.n; i++) {
    model_see(m, s, &demos->batch, i, demos->seed[i]);
  }
  irl_demos_destroy(demos);
}

// Episodes that the dataset has too (a fold was interrupted) are not seen twice.
static inline void model_see_journal(model* m, synthetic* s, const char* dir) {
  char path[4096];
  irl_recording r;
  irl_errinfo info = {0};
  snprintf(path, sizeof path, "%s/" IRL_JOURNAL_NAME, dir);
  if (!irl_file_exists(path)) {
    return;
  }
  if (irl_recording_load(&r, path, &info) != IRL_OK || r.damaged) {
    printf("%s: damaged. %s\n", path, info.text);
    m->lost++;
    return;
  }
  for (int i = 0; i < r.n; i++) {
    const irl_recorded* e = &r.episodes[i];
    const expected* known = model_at(m, e->seed);
    irl_batch b = {0};
    if (!e->discarded && e->length > 0 && known && known->seen == 0) {
      CHECK_OK(irl_batch_create(&b, 1, e->length, r.head.nx, r.head.nu, r.head.nz, r.head.nstate));
      irl_recording_copy(&r, i, &b, 0);
      model_see(m, s, &b, 0, e->seed);
      irl_batch_destroy(&b);
    }
  }
  irl_recording_fini(&r);
}

// Looks at dataset and journal together; nothing is changed by it.
static inline void model_check(model* m, synthetic* s, const char* dir) {
  for (int i = 0; i < m->n; i++) {
    m->episodes[i].seen = 0;
  }
  model_see_dataset(m, s, dir);
  model_see_journal(m, s, dir);
  for (int i = 0; i < m->n; i++) {
    expected* e = &m->episodes[i];
    const bool must = e->may_be_there && !e->may_be_missing && e->least > 0;
    m->steps += must ? e->least : 0;
    if ((must && e->seen == 0) || e->seen > 1) {
      printf("seed %llu: found %d times, %d steps acknowledged\n",
             (unsigned long long)(m->first + (uint64_t)i), e->seen, e->least);
      m->lost++;
    }
  }
}

// What a crash has settled: an episode is as it is found, and a later check wants the same.
static inline void model_settle(model* m) {
  for (int i = 0; i < m->n; i++) {
    expected* e = &m->episodes[i];
    if (e->may_be_there && e->may_be_missing) {
      e->may_be_there = e->seen > 0;
      e->may_be_missing = e->seen == 0;
    }
  }
}

#endif  // MJIRL_TESTS_CRASH_MODEL_H_
