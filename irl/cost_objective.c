#include <string.h>

#include "base/arena.h"
#include "irl/objective_internal.h"

enum { CHUNK = 256 };  // rows expanded at a time: enough for the matrix products to be efficient

// Rows (i, t) of an expansion, a chunk at a time.
typedef struct scratch {
  irl_cost_rows* rows;
  double* value;     // (CHUNK)
  double* gradient;  // (CHUNK, n)
  double* hessian;   // (CHUNK, n, n)
  int* step;         // (CHUNK)
  double* y;         // (CHUNK, n)
  int used;
} scratch;

static void scratch_destroy(void* memory) {
  scratch* s = memory;
  irl_cost_rows_destroy(s->rows);
  irl_free(s->value);
  irl_free(s->step);
  irl_free(s);
}

static irl_err scratch_create(const void* arg, void** out) {
  const size_t n = (size_t)(irl_cost_nx(arg) + irl_cost_nu(arg));
  scratch* s = IRL_NEW(scratch, 1);
  *out = NULL;
  if (s == NULL) {
    return IRL_ENOMEM;
  }
  s->value = IRL_NEW(double, CHUNK*(1 + 2 * n + n * n));
  s->step = IRL_NEW(int, CHUNK);
  if (s->value == NULL || s->step == NULL || irl_cost_rows_create(&s->rows, arg, CHUNK) != IRL_OK) {
    scratch_destroy(s);
    return IRL_ENOMEM;
  }
  s->gradient = s->value + CHUNK;
  s->hessian = s->gradient + CHUNK * n;
  s->y = s->hessian + CHUNK * n * n;
  *out = s;
  return IRL_OK;
}

// Expands the rows that are waiting and adds them to their steps.
static void flush(const irl_cost* cost, scratch* s, double weight, irl_quadratic* out) {
  const int nx = out->nx, n = nx + out->nu;
  if (s->used == 0) {
    return;
  }
  irl_cost_rows_resize(s->rows, s->used);
  for (int r = 0; r < s->used; r++) {
    irl_cost_rows_set(s->rows, cost, r, 1, s->y + r * n, s->y + r * n + nx);
  }
  irl_cost_expand_rows(cost, s->rows, NULL, s->value, s->gradient, s->hessian);
  for (int r = 0; r < s->used; r++) {
    irl_quadratic_add(out, s->step[r], weight, s->y + r * n, s->value[r], s->gradient + r * n,
                      s->hessian + r * n * n);
  }
  s->used = 0;
}

static void expand(const void* arg, const irl_batch* batch, const int* index, int n,
                   const irl_dynamics* dyn, irl_quadratic* out, void* memory) {
  (void)dyn;
  scratch* s = memory;
  const int nx = batch->nx, nu = batch->nu, ny = nx + nu;
  irl_quadratic_zero(out);
  for (int t = 0; t < batch->horizon; t++) {
    for (int j = 0; j < n; j++) {
      double* y = s->y + s->used * ny;
      memcpy(y, irl_batch_x(batch, index[j], t), sizeof(double) * (size_t)nx);
      memcpy(y + nx, irl_batch_u(batch, index[j], t), sizeof(double) * (size_t)nu);
      s->step[s->used++] = t;
      if (s->used == CHUNK) {
        flush(arg, s, 1.0 / n, out);
      }
    }
  }
  flush(arg, s, 1.0 / n, out);
}

static double path_cost(const void* arg, const irl_batch* batch, int i) {
  double c[CHUNK], sum = 0.0;
  for (int t = 0; t < batch->length[i]; t += CHUNK) {
    const int n = batch->length[i] - t < CHUNK ? batch->length[i] - t : CHUNK;
    irl_cost_eval(arg, n, irl_batch_x(batch, i, t), irl_batch_u(batch, i, t), c);
    for (int k = 0; k < n; k++) {
      sum += c[k];
    }
  }
  return sum;
}

irl_objective irl_cost_objective(const irl_cost* cost) {
  return (irl_objective){.expand = expand,
                         .path_cost = path_cost,
                         .scratch_create = scratch_create,
                         .scratch_destroy = scratch_destroy,
                         .arg = cost};
}
