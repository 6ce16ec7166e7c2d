// Made-up episodes whose every number follows from the episode's seed and the step, so that whoever
// finds one somewhere can tell whether it is whole.
#ifndef MJIRL_TESTS_DEMOS_SYNTHETIC_H_
#define MJIRL_TESTS_DEMOS_SYNTHETIC_H_

#include "demos/journal.h"
#include "sample.h"

typedef struct synthetic {
  const irl_task* task;
  double *x, *state;  // rows of step t + 1
  double *u, *applied, *z;
  irl_journal_row row;
} synthetic;

static inline synthetic synthetic_make(const irl_task* task) {
  const irl_task_info* t = irl_task_get(task);
  synthetic s = {.task = task,
                 .x = IRL_NEW(double, t->nx),
                 .state = IRL_NEW(double, t->nstate),
                 .u = IRL_NEW(double, t->nu),
                 .applied = IRL_NEW(double, t->nu),
                 .z = IRL_NEW(double, t->nz + 1)};
  s.row = (irl_journal_row){.x = s.x, .state = s.state, .u = s.u, .applied = s.applied, .z = s.z};
  return s;
}

static inline void synthetic_free(synthetic* s) {
  irl_free(s->x);
  irl_free(s->state);
  irl_free(s->u);
  irl_free(s->applied);
  irl_free(s->z);
}

// Row t of observations and states: t = 0 is the first one.
static inline void synthetic_state(synthetic* s, uint64_t seed, int t) {
  const irl_task_info* info = irl_task_get(s->task);
  uint64_t stream = seed * 1000003 + (uint64_t)t * 7919 + 1;
  sample_fill(s->x, info->nx, &stream);
  sample_fill(s->state, info->nstate, &stream);
}

// Step t: what is done in it and what comes after it.
static inline const irl_journal_row* synthetic_step(synthetic* s, uint64_t seed, int t) {
  const irl_task_info* info = irl_task_get(s->task);
  const double *low = irl_task_action_low(s->task), *high = irl_task_action_high(s->task);
  uint64_t stream = seed * 999983 + (uint64_t)t * 104729 + 5;
  sample_fill(s->u, info->nu, &stream);
  for (int i = 0; i < info->nu; i++) {
    s->applied[i] = fmin(fmax(s->u[i], low[i]), high[i]);
  }
  sample_fill(s->z, info->nz, &stream);
  s->row.reward = sample_number(&stream);
  s->row.logq = sample_number(&stream);
  s->row.terminated = s->row.success = false;
  synthetic_state(s, seed, t + 1);
  return &s->row;
}

// Whether trajectory i is the first `length` steps of the episode of this seed.
static inline bool synthetic_is(synthetic* s, const irl_batch* b, int i, uint64_t seed) {
  const size_t real = sizeof(double);
  bool good = true;
  synthetic_state(s, seed, 0);
  for (int t = 0; t <= b->length[i] && good; t++) {
    good = memcmp(irl_batch_x(b, i, t), s->x, (size_t)b->nx * real) == 0 &&
           memcmp(irl_batch_state(b, i, t), s->state, (size_t)b->nstate * real) == 0;
    if (t < b->length[i]) {
      synthetic_step(s, seed, t);
      good = good && memcmp(irl_batch_u(b, i, t), s->u, (size_t)b->nu * real) == 0 &&
             (b->nz == 0 || memcmp(irl_batch_z(b, i, t), s->z, (size_t)b->nz * real) == 0) &&
             b->reward[(int64_t)i * b->horizon + t] == s->row.reward &&
             b->logq[(int64_t)i * b->horizon + t] == s->row.logq;
    }
  }
  return good;
}

// Begins an episode and records n steps of it.
static inline irl_err synthetic_record(irl_journal* j, synthetic* s, uint64_t seed, int n,
                                       irl_errinfo* info) {
  synthetic_state(s, seed, 0);
  IRL_TRY(irl_journal_begin(j, 0, seed, s->x, s->state, NULL, info));
  for (int t = 0; t < n; t++) {
    IRL_TRY(irl_journal_step(j, synthetic_step(s, seed, t), info));
  }
  return IRL_OK;
}

// Number of the dataset's episode with this seed, -1: none; fails the test when there are two.
static inline int synthetic_find(const irl_demos* demos, uint64_t seed) {
  int found = -1;
  for (int i = 0; demos && i < demos->batch.n; i++) {
    if ((demos->facts[i] & IRL_DEMO_SEED) && demos->seed[i] == seed) {
      CHECK(found < 0);
      found = i;
    }
  }
  return found;
}

#endif  // MJIRL_TESTS_DEMOS_SYNTHETIC_H_
