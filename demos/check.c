// Re-simulation: whether the recorded actions still lead to the recorded states.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "demos/demos_internal.h"
#include "envs/env.h"

enum { BLOCK = 64 };  // episodes simulated at once

typedef struct checker {
  const irl_demos* demos;
  const irl_task* task;
  irl_env* env;
  irl_batch again;  // (BLOCK, T)
  double* start;    // (BLOCK, nstate)
  irl_demos_verdict* verdict;
  irl_errinfo* info;
} checker;

// Simulates episodes first..first+n-1 again, past any termination: where a recording ends early it
// is compared up to its own end.
static irl_err simulate(checker* c, int first, int n) {
  const irl_batch* b = &c->demos->batch;
  c->again.n = n;
  for (int i = 0; i < n; i++) {
    size_t actions = (size_t)b->horizon * (size_t)b->nu * sizeof(double);
    memcpy(irl_batch_u(&c->again, i, 0), irl_batch_u(b, first + i, 0), actions);
    memcpy(c->start + (int64_t)i * b->nstate, irl_batch_state(b, first + i, 0),
           (size_t)b->nstate * sizeof(double));
    c->again.condition[i] = b->condition[first + i];
    c->again.length[i] = b->horizon;
  }
  irl_rollout rollout = {
      .mode = IRL_ACTION_GIVEN, .first = first, .run_on = true, .start_state = c->start};
  int invalid = 0;
  return irl_env_rollout(c->env, &rollout, &c->again, NULL, &invalid, c->info);
}

// The part of the physics state that an entry of its row belongs to.
static void name_entry(irl_demos_verdict* v, const irl_task* task, int entry) {
  int count;
  const irl_state_part* parts = irl_task_state_parts(task, &count);
  for (int p = 0; p < count; p++) {
    if (entry >= parts[p].offset && entry < parts[p].offset + parts[p].size) {
      snprintf(v->component, sizeof v->component, "%s", parts[p].name);
      v->entry = entry - parts[p].offset;
    }
  }
}

// Only the first difference is kept: those after it follow from it.
static void note_difference(checker* c, int episode, int step, int entry, double was, double is) {
  irl_demos_verdict* v = c->verdict;
  if (v->episode >= 0) {
    return;
  }
  v->episode = episode;
  v->step = step;
  v->recorded = was;
  v->simulated = is;
  name_entry(v, c->task, entry);
}

// Compares the states of one episode bit for bit; a simulation that broke off differs as well.
static void compare_episode(checker* c, int episode, int i) {
  const irl_batch* b = &c->demos->batch;
  int rows = b->length[episode] + 1, steps = c->again.length[i];
  int reached = c->again.valid[i] || steps >= rows ? rows : steps + 1;
  bool differs = reached < rows;
  for (int64_t e = 0; e < (int64_t)reached * b->nstate; e++) {
    double was = irl_batch_state(b, episode, 0)[e], is = irl_batch_state(&c->again, i, 0)[e];
    if (memcmp(&was, &is, sizeof was) != 0) {
      differs = true;
      c->verdict->largest = fmax(c->verdict->largest, fabs(was - is));
      note_difference(c, episode, (int)(e / b->nstate), (int)(e % b->nstate), was, is);
    }
  }
  if (reached < rows) {
    note_difference(c, episode, reached, 0, irl_batch_state(b, episode, reached)[0], NAN);
  }
  c->verdict->episodes++;
  c->verdict->differing += differs;
}

// In blocks, so that the memory needed does not grow with the dataset.
static irl_err check_all(checker* c) {
  int n = c->demos->batch.n;
  for (int first = 0; first < n; first += BLOCK) {
    int count = n - first < BLOCK ? n - first : BLOCK;
    IRL_TRY(simulate(c, first, count));
    for (int i = 0; i < count; i++) {
      compare_episode(c, first + i, i);
    }
  }
  return IRL_OK;
}

irl_err irl_demos_check(irl_demos_verdict* verdict, const irl_demos* demos, const irl_task* task,
                        int nthread, irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  char platform[512];
  irl_demos_platform(platform, sizeof platform);
  *verdict = (irl_demos_verdict){.episode = -1, .step = -1};
  verdict->same_platform = strcmp(platform, demos->platform) == 0;
  IRL_TRY(irl_demos_match(demos, task, info));
  if (b->nstate == 0) {
    return irl_fail(
        info, IRL_EUNSUPPORTED,
        "demonstrations: keep no physics states, so nothing can be simulated again; use "
        "a dataset that mjirl wrote");
  }
  int block = b->n < BLOCK ? b->n : BLOCK;
  checker c = {.demos = demos, .task = task, .verdict = verdict, .info = info};
  IRL_TRY(irl_env_create(&c.env, task, block, nthread, info));
  c.start = irl_calloc((size_t)block * (size_t)b->nstate, sizeof(double));
  irl_err err = irl_batch_create(&c.again, block, b->horizon, b->nx, b->nu, 0, b->nstate);
  if (err || !c.start) {
    err = irl_fail(info, IRL_ENOMEM, "demonstrations: no memory to simulate them again; free some");
  } else {
    err = check_all(&c);
  }
  irl_batch_destroy(&c.again);
  irl_free(c.start);
  irl_env_destroy(c.env);
  return err;
}
