// What a task computes of given states: blocks of one-step rollouts.
#include <string.h>

#include "base/arena.h"
#include "demos/import_internal.h"
#include "envs/env.h"

enum { BLOCK = 256 };  // rows simulated at once

struct irl_derive {
  const irl_task* task;
  irl_env* env;
  irl_batch batch;  // (BLOCK, 1)
  double* plain;    // factors of the model as it is (BLOCK, nworld)
};

irl_err irl_derive_create(irl_derive** derive, const irl_task* task, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  irl_derive* d = IRL_NEW(irl_derive, 1);
  *derive = NULL;
  if (!d) {
    return irl_fail(info, IRL_ENOMEM, "%s: no memory to simulate; free some", t->name);
  }
  const size_t factors = (size_t)BLOCK * (size_t)t->nworld;
  d->task = task;
  d->plain = IRL_NEW(double, factors + 1);
  for (size_t k = 0; d->plain && k < factors; k++) {
    d->plain[k] = 1;
  }
  irl_err err = d->plain ? irl_env_create(&d->env, task, BLOCK, 0, info) : IRL_ENOMEM;
  if (!err) {
    err = irl_batch_create(&d->batch, BLOCK, 1, t->nx, t->nu, t->nz, t->nstate);
  }
  if (err) {
    irl_derive_destroy(d);
    return irl_fail(info, err, "%s: no memory to simulate its steps; free some", t->name);
  }
  *derive = d;
  return IRL_OK;
}

void irl_derive_destroy(irl_derive* derive) {
  if (derive) {
    irl_env_destroy(derive->env);
    irl_batch_destroy(&derive->batch);
    irl_free(derive->plain);
    irl_free(derive);
  }
}

// Rows first..first+n-1 of an array from the batch's column of them; `stride` is its row's size.
static void take(double* out, const double* in, int first, int n, int width, int stride) {
  for (int i = 0; out && i < n; i++) {
    memcpy(out + (int64_t)(first + i) * width, in + (int64_t)i * stride,
           (size_t)width * sizeof *out);
  }
}

// One block, already simulated, into the caller's arrays.
static void take_block(const irl_derive* d, const irl_derive_rows* r, int first, int n) {
  const irl_batch* b = &d->batch;
  take(r->x, irl_batch_x(b, 0, 0), first, n, b->nx, 2 * b->nx);
  take(r->next_x, irl_batch_x(b, 0, 1), first, n, b->nx, 2 * b->nx);
  take(r->next_state, irl_batch_state(b, 0, 1), first, n, b->nstate, 2 * b->nstate);
  take(r->reward, b->reward, first, n, 1, 1);
  take(r->z, b->z, first, n, b->nz, b->nz);
  if (r->terminated) {
    memcpy(r->terminated + first, b->terminated, (size_t)n);
  }
}

irl_err irl_derive_run(irl_derive* derive, const irl_derive_rows* rows, irl_errinfo* info) {
  irl_batch* b = &derive->batch;
  const irl_task_info* t = irl_task_get(derive->task);
  for (int first = 0; first < rows->n; first += BLOCK) {
    int n = rows->n - first < BLOCK ? rows->n - first : BLOCK, invalid = 0;
    const irl_rollout rollout = {.mode = rows->action ? IRL_ACTION_GIVEN : IRL_ACTION_ZERO,
                                 .run_on = true,
                                 .world = derive->plain,
                                 .start_state = rows->state + (int64_t)first * t->nstate};
    b->n = n;
    memset(b->condition, 0, (size_t)n * sizeof *b->condition);
    if (rows->action) {
      memcpy(b->u, rows->action + (int64_t)first * t->nu, (size_t)n * (size_t)t->nu * sizeof *b->u);
    }
    irl_err err = irl_env_rollout(derive->env, &rollout, b, NULL, &invalid, info);
    if (!err && invalid && rows->action) {
      err = irl_fail(info, IRL_ESIM,
                     "states %d to %d of an episode: the simulation of task %s diverges from one "
                     "of them within a step; is it the right task?",
                     first, first + n - 1, t->name);
    }
    if (!err) {
      take_block(derive, rows, first, n);
    }
    b->n = BLOCK;
    IRL_TRY(err);
  }
  return IRL_OK;
}

irl_err irl_derive_starts(irl_derive* derive, int condition, bool exact, int n, double* x,
                          double* state, irl_errinfo* info) {
  irl_batch* b = &derive->batch;
  const irl_rollout rollout = {.mode = IRL_ACTION_ZERO,
                               .reset_purpose = IRL_PURPOSE_RESET,
                               .world = derive->plain,
                               .exact_start = exact};
  int invalid = 0;
  b->n = n < BLOCK ? n : BLOCK;
  for (int i = 0; i < b->n; i++) {
    b->condition[i] = condition;
  }
  irl_err err = irl_env_rollout(derive->env, &rollout, b, NULL, &invalid, info);
  take(x, irl_batch_x(b, 0, 0), 0, b->n, b->nx, 2 * b->nx);
  take(state, irl_batch_state(b, 0, 0), 0, b->n, b->nstate, 2 * b->nstate);
  b->n = BLOCK;
  return err;
}
