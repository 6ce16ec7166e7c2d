#include "base/batch.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"

// Adds the bytes of an array (a, b, c) of `size`-byte entries to *total, with room to align it;
// false on overflow.
static bool add_array(size_t* total, int a, int b, int c, size_t size) {
  size_t bytes = 0;
  return !__builtin_mul_overflow((size_t)a * (size_t)b, (size_t)c, &bytes) &&
         !__builtin_mul_overflow(bytes, size, &bytes) &&
         !__builtin_add_overflow(bytes, (size_t)64, &bytes) &&
         !__builtin_add_overflow(bytes, *total, total);
}

// Bytes of all arrays, in the order of the struct; reward and log q as one of two numbers a step.
static bool total_size(const irl_batch* b, size_t* total) {
  const int n = b->n, T = b->horizon;
  const size_t number = sizeof(double);
  *total = 0;
  return add_array(total, n, T + 1, b->nx, number) && add_array(total, n, T, b->nu, number) &&
         add_array(total, n, T, b->nz, number) && add_array(total, n, T, 2, number) &&
         add_array(total, 1, 1, 1, number) && add_array(total, n, T + 1, b->nstate, number) &&
         add_array(total, n, 1, 1, sizeof(int)) && add_array(total, n, 1, 1, sizeof(int)) &&
         add_array(total, n, 1, 1, 1) && add_array(total, n, 1, 1, 1) &&
         add_array(total, n, 1, 1, 1);
}

irl_err irl_batch_create(irl_batch* batch, int n, int horizon, int nx, int nu, int nz, int nstate) {
  *batch = (irl_batch){.n = n, .horizon = horizon, .nx = nx, .nu = nu, .nz = nz, .nstate = nstate};
  size_t bytes = 0;
  if (n < 1 || horizon < 1 || horizon == INT32_MAX || nx < 1 || nu < 0 || nz < 0 || nstate < 0 ||
      !total_size(batch, &bytes)) {
    *batch = (irl_batch){0};
    return IRL_ERANGE;
  }

  // One block, carved in order. What an arena would do at its end, irl_batch_destroy does by
  // itself.
  irl_arena arena;
  irl_err err = irl_arena_init(&arena, bytes);
  if (err != IRL_OK) {
    *batch = (irl_batch){0};
    return err;
  }
  const size_t steps = (size_t)n * (size_t)horizon, states = steps + (size_t)n;
  batch->memory = arena.data;
  batch->x = IRL_ARENA_NEW(&arena, double, states*(size_t)nx);
  batch->u = IRL_ARENA_NEW(&arena, double, steps*(size_t)nu);
  batch->z = IRL_ARENA_NEW(&arena, double, steps*(size_t)nz);
  batch->reward = IRL_ARENA_NEW(&arena, double, steps);
  batch->logq = IRL_ARENA_NEW(&arena, double, steps);
  batch->state = IRL_ARENA_NEW(&arena, double, states*(size_t)nstate);
  batch->length = IRL_ARENA_NEW(&arena, int, n);
  batch->condition = IRL_ARENA_NEW(&arena, int, n);
  batch->valid = IRL_ARENA_NEW(&arena, uint8_t, n);
  batch->terminated = IRL_ARENA_NEW(&arena, uint8_t, n);
  batch->success = IRL_ARENA_NEW(&arena, uint8_t, n);
  assert(batch->success != NULL);  // the last of them fits, so all do
  batch->has_reward = true;
  for (int i = 0; i < n; i++) {
    batch->length[i] = horizon;
    batch->valid[i] = 1;
  }
  return IRL_OK;
}

irl_err irl_batch_add_worlds(irl_batch* batch, int nworld) {
  const size_t numbers = (size_t)batch->n * (size_t)nworld;
  if (nworld == 0) {
    return IRL_OK;
  }
  batch->world = IRL_NEW(double, numbers);
  if (batch->world == NULL) {
    return IRL_ENOMEM;
  }
  batch->nworld = nworld;
  for (size_t k = 0; k < numbers; k++) {
    batch->world[k] = NAN;
  }
  return IRL_OK;
}

const double* irl_batch_world(const irl_batch* batch, int i) {
  if (batch->nworld == 0) {
    return NULL;
  }
  const double* row = batch->world + (ptrdiff_t)i * batch->nworld;
  return !isnan(row[0]) ? row : NULL;
}

void irl_batch_destroy(irl_batch* batch) {
  irl_free(batch->memory);
  irl_free(batch->world);
  *batch = (irl_batch){0};
}

// Puts `rows` rows of `width` numbers at dst and zeros up to `capacity` rows; from NULL, zeros
// alone.
static void copy_rows(double* dst, const double* src, int rows, int capacity, int width) {
  size_t used = src != NULL ? (size_t)rows * (size_t)width : 0;
  size_t all = (size_t)capacity * (size_t)width;
  if (used > 0) {
    memmove(dst, src, used * sizeof *dst);
  }
  if (all > used) {
    memset(dst + used, 0, (all - used) * sizeof *dst);
  }
}

static void copy_world(irl_batch* dst, int to, const irl_batch* src, int from) {
  const double* world = irl_batch_world(src, from);
  assert(dst->nworld == src->nworld || dst->nworld == 0 || src->nworld == 0);
  for (int k = 0; k < dst->nworld; k++) {
    dst->world[(ptrdiff_t)to * dst->nworld + k] = world != NULL ? world[k] : NAN;
  }
}

// The part that src does not have (nz or nstate 0) becomes zero. A batch with rewards that takes in
// a trajectory without can no longer say that it has them.
void irl_batch_copy(irl_batch* dst, int to, const irl_batch* src, int from) {
  assert(dst->nx == src->nx && dst->nu == src->nu && dst->horizon >= src->length[from]);
  assert(dst->nz == src->nz || dst->nz == 0 || src->nz == 0);
  assert(dst->nstate == src->nstate || dst->nstate == 0 || src->nstate == 0);
  const int T = dst->horizon, length = src->length[from];
  const long a = (long)to * T, b = (long)from * src->horizon;
  copy_rows(irl_batch_x(dst, to, 0), irl_batch_x(src, from, 0), length + 1, T + 1, dst->nx);
  copy_rows(irl_batch_u(dst, to, 0), irl_batch_u(src, from, 0), length, T, dst->nu);
  copy_rows(irl_batch_z(dst, to, 0), src->nz > 0 ? irl_batch_z(src, from, 0) : NULL, length, T,
            dst->nz);
  copy_rows(irl_batch_state(dst, to, 0), src->nstate > 0 ? irl_batch_state(src, from, 0) : NULL,
            length + 1, T + 1, dst->nstate);
  copy_rows(dst->reward + a, src->reward + b, length, T, 1);
  copy_rows(dst->logq + a, src->logq + b, length, T, 1);
  copy_world(dst, to, src, from);
  dst->length[to] = length;
  dst->condition[to] = src->condition[from];
  dst->valid[to] = src->valid[from];
  dst->terminated[to] = src->terminated[from];
  dst->success[to] = src->success[from];
  if (!src->has_reward) {  // no write otherwise: threads may fill one batch together
    dst->has_reward = false;
  }
}

double irl_batch_return(const irl_batch* batch, int i) {
  const double* reward = batch->reward + (long)i * batch->horizon;
  double sum = 0.0;
  for (int t = 0; t < batch->length[i]; t++) {
    sum += reward[t];
  }
  return sum;
}

double irl_batch_logq(const irl_batch* batch, int i) {
  const double* logq = batch->logq + (long)i * batch->horizon;
  double sum = 0.0;
  for (int t = 0; t < batch->length[i]; t++) {
    sum += logq[t];
  }
  return sum;
}
