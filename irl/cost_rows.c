// Forward and backward passes over many rows: GEMM inside blocks of fixed size that the pool's
// threads share out, everything else fused into few passes over a block that is in cache.
#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/vecmath.h"
#include "irl/cost_internal.h"

//---------------------------------- Memory --------------------------------------------------------

// Arrays are laid out by row, so that a block's part of each is one stretch of memory.
static float* take(irl_arena* arena, long rows, long columns) {
  return IRL_ARENA_NEW(arena, float, rows* columns);
}

// Scratch of one lane; width 0 (no hidden layers) gives empty arrays.
static bool place_lane(irl_cost_lane* s, const irl_cost* cost, int chunk, irl_arena* arena) {
  long width = cost->config.depth > 0 ? cost->config.width : 0;
  s->dy = take(arena, IRL_COST_BLOCK, cost->outputs);
  s->wt = take(arena, cost->ninput, width);
  s->j = take(arena, (long)chunk * cost->ninput, cost->outputs);
  s->work = IRL_ARENA_NEW(arena, double, irl_cost_work_size(cost));
  for (int i = 0; i < 2; i++) {
    s->dh[i] = take(arena, IRL_COST_BLOCK, width);
    s->t[i] = take(arena, (long)chunk * cost->ninput, width);
  }
  return s->dh[1] != NULL && s->t[1] != NULL;
}

// Bytes that place() needs, with room for the arena's alignment.
static size_t arena_size(const irl_cost* cost, const irl_cost_rows* rows) {
  const size_t align = 64, width = cost->config.depth > 0 ? (size_t)cost->config.width : 0;
  size_t nx = (size_t)cost->ninput, nu = (size_t)cost->nu, outputs = (size_t)cost->outputs;
  size_t row = nx + nu + outputs + (size_t)cost->config.depth * width;
  size_t scratch = (IRL_COST_BLOCK + (size_t)rows->chunk * nx) * (outputs + 2 * width) + nx * width;
  size_t doubles = (size_t)irl_cost_work_size(cost);
  size_t floats = (size_t)rows->capacity * row + (size_t)rows->nlane * scratch + nu +
                  (size_t)irl_cost_blocks(rows->capacity) * (size_t)cost->nparam;
  size_t arrays = 6 + IRL_COST_MAX_DEPTH + 9 * (size_t)rows->nlane;
  return floats * sizeof(float) + (size_t)rows->nlane * doubles * sizeof(double) + arrays * align;
}

// All arrays, out of the arena; false when they do not fit.
static bool place(irl_cost_rows* rows, const irl_cost* cost) {
  irl_arena* arena = &rows->arena;
  rows->x = take(arena, rows->capacity, cost->ninput);
  rows->u = take(arena, rows->capacity, cost->nu);
  rows->y = take(arena, rows->capacity, cost->outputs);
  for (int l = 0; l < cost->config.depth; l++) {
    rows->h[l] = take(arena, rows->capacity, cost->config.width);
  }
  rows->gradient = take(arena, irl_cost_blocks(rows->capacity), cost->nparam);
  rows->action_weight = take(arena, 1, cost->nu);
  bool ok = rows->action_weight != NULL;
  for (int i = 0; ok && i < rows->nlane; i++) {
    ok = place_lane(&rows->lanes[i], cost, rows->chunk, arena);
  }
  return ok;
}

irl_err irl_cost_rows_create(irl_cost_rows** out, const irl_cost* cost, int capacity) {
  assert(capacity >= 1);
  *out = NULL;
  irl_cost_rows* rows = IRL_NEW(irl_cost_rows, 1);
  if (rows == NULL) {
    return IRL_ENOMEM;
  }
  int blocks = irl_cost_blocks(capacity), cpus = irl_cpu_count(), width = cost->config.width;
  // At least 8, so that results for 8 threads are tested on small machines too.
  int lanes = cpus > 8 ? cpus : 8;
  rows->capacity = capacity;
  rows->nlane = lanes < blocks ? lanes : blocks;
  rows->nlane = rows->nlane < IRL_COST_MAX_LANES ? rows->nlane : IRL_COST_MAX_LANES;
  rows->chunk =
      IRL_COST_TANGENT_FLOATS / (cost->ninput * (width > cost->outputs ? width : cost->outputs));
  rows->chunk = rows->chunk < 1 ? 1 : rows->chunk > IRL_COST_BLOCK ? IRL_COST_BLOCK : rows->chunk;
  irl_err err = irl_arena_init(&rows->arena, arena_size(cost, rows));
  if (err == IRL_OK && !place(rows, cost)) {
    err = IRL_ENOMEM;
  }
  if (err != IRL_OK) {
    irl_cost_rows_destroy(rows);
    return err;
  }
  *out = rows;
  return IRL_OK;
}

void irl_cost_rows_destroy(irl_cost_rows* rows) {
  if (rows != NULL) {
    irl_arena_fini(&rows->arena);
    irl_free(rows);
  }
}

void irl_cost_rows_resize(irl_cost_rows* rows, int nrows) {
  assert(nrows >= 0 && nrows <= rows->capacity);
  rows->nrows = nrows;
}

// The only place where double becomes float.
void irl_cost_rows_set(irl_cost_rows* rows, const irl_cost* cost, int first, int n, const double* x,
                       const double* u) {
  assert(first >= 0 && n >= 0 && first + n <= rows->nrows);
  const int nx = cost->nx, nu = cost->nu;
  const bool actions = cost->config.input == IRL_COST_STATE_ACTION;
  float* to_x = rows->x + (long)first * cost->ninput;
  float* to_u = rows->u + (long)first * nu;
  for (int r = 0; r < n; r++) {
    for (int i = 0; i < nx; i++) {
      *to_x++ = (float)((*x++ - cost->mean[i]) / cost->scale[i]);
    }
    for (int j = 0; j < nu; j++) {
      float uhat = (float)(*u++ / cost->action_scale[j]);
      *to_u++ = uhat;
      if (actions) {
        *to_x++ = uhat;
      }
    }
  }
}

//---------------------------------- Sharing out ---------------------------------------------------

// One lane takes the next block until none is left: threads that are slow do less. A block's
// results depend on its rows alone.
static void run_lane(int piece, int thread, void* arg) {
  (void)thread;
  irl_cost_pass* p = (irl_cost_pass*)arg;
  const int nrows = p->rows->nrows, blocks = irl_cost_blocks(nrows);
  for (int b; (b = atomic_fetch_add(&p->next, 1)) < blocks;) {
    int first = b * IRL_COST_BLOCK, left = nrows - first;
    p->block(p, &p->rows->lanes[piece], b, first, left < IRL_COST_BLOCK ? left : IRL_COST_BLOCK);
  }
}

// More lanes than blocks, or than there is scratch for, would have nothing to do.
void irl_cost_run_pass(irl_cost_pass* p, irl_pool* pool) {
  int lanes = pool == NULL ? 1 : irl_pool_nthread(pool), blocks = irl_cost_blocks(p->rows->nrows);
  lanes = lanes < p->rows->nlane ? lanes : p->rows->nlane;
  lanes = lanes < blocks ? lanes : blocks;
  for (int j = 0; j < p->cost->nu; j++) {
    p->rows->action_weight[j] = (float)irl_cost_action_weight(p->cost, j);
  }
  atomic_init(&p->next, 0);
  irl_pool_run(pool, lanes, run_lane, p);
}

//---------------------------------- Forward -------------------------------------------------------

// C (m, n) = A (m, k) · B (n, k)ᵀ + beta C
static void gemm_nt(int m, int n, int k, const float* a, const float* b, int ldb, float beta,
                    float* c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, k, b, ldb, beta, c, n);
}

// C (m, n) = A (m, k) · B (k, n)
static void gemm_nn(int m, int n, int k, const float* a, const float* b, int ldb, float* c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, ldb, 0, c, n);
}

// C (m, n) = A (k, m)ᵀ · B (k, n), rows of C ldc apart
static void gemm_tn(int m, int n, int k, const float* a, const float* b, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1, a, m, b, n, 0, c, ldc);
}

// y = a(y + bias), y (rows, cols)
static void activate(irl_activation activation, float* y, const float* bias, int rows, int cols) {
  switch (activation) {
    case IRL_TANH:
      irl_tanh_bias_f32(y, bias, rows, cols);
      break;
    case IRL_RELU:
      irl_relu_bias_f32(y, bias, rows, cols);
      break;
    case IRL_SOFTPLUS:
      irl_softplus_bias_f32(y, bias, rows, cols);
      break;
  }
}

void irl_cost_slopes(irl_activation activation, float* g, const float* h, long n) {
  switch (activation) {
    case IRL_TANH:
      irl_tanh_grad_f32(g, h, n);
      break;
    case IRL_RELU:
      irl_relu_grad_f32(g, h, n);
      break;
    case IRL_SOFTPLUS:
      irl_softplus_grad_f32(g, h, n);
      break;
  }
}

// h_l = a(W_l h_{l−1} + b_l); returns the last layer.
static const float* forward_hidden(const irl_cost* cost, irl_cost_rows* rows, int first, int n) {
  const int width = cost->config.width;
  const float* in = rows->x + (long)first * cost->ninput;
  for (int l = 0; l < cost->config.depth; l++) {
    int inputs = irl_cost_inputs(cost, l);
    float* h = rows->h[l] + (long)first * width;
    gemm_nt(n, width, inputs, in, cost->params + cost->weight_at[l], inputs, 0, h);
    activate(cost->config.activation, h, cost->params + cost->bias_at[l], n, width);
    in = h;
  }
  return in;
}

// y = A [z; h], without b
static float* forward_outputs(const irl_cost* cost, irl_cost_rows* rows, int first, int n,
                              const float* h) {
  const irl_cost_config* c = &cost->config;
  const float* a = cost->params + cost->a_at;
  float* y = rows->y + (long)first * cost->outputs;
  if (c->identity) {
    gemm_nt(n, cost->outputs, cost->ninput, rows->x + (long)first * cost->ninput, a, cost->features,
            0, y);
  }
  if (c->depth > 0) {
    gemm_nt(n, cost->outputs, c->width, h, a + cost->hidden_at, cost->features, c->identity ? 1 : 0,
            y);
  }
  return y;
}

// y += b, then Σ y² in eight sums that the compiler can keep in vector registers.
static float half_norm2(float* restrict y, const float* restrict b, int n) {
  float sum[8] = {0};
  int j = 0;
  for (; j + 8 <= n; j += 8) {
    for (int k = 0; k < 8; k++) {
      y[j + k] += b[j + k];
      sum[k] += y[j + k] * y[j + k];
    }
  }
  for (int k = 0; j < n; j++, k++) {
    y[j] += b[j];
    sum[k] += y[j] * y[j];
  }
  return 0.5f * (((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7])));
}

// ½ Σ w_j û_j²
static float action_cost(const float* u, const float* w, int nu) {
  float sum = 0;
  for (int j = 0; j < nu; j++) {
    sum += w[j] * u[j] * u[j];
  }
  return 0.5f * sum;
}

// Activations of a block stay in the rows for the backward pass and for expansions.
void irl_cost_forward_block(const irl_cost_pass* p, irl_cost_lane* s, int block, int first, int n) {
  (void)s;
  (void)block;
  const irl_cost* cost = p->cost;
  const int outputs = cost->outputs, nu = cost->nu;
  const float* b = cost->params + cost->b_at;
  const float* u = p->rows->u + (long)first * nu;
  float* y = forward_outputs(cost, p->rows, first, n, forward_hidden(cost, p->rows, first, n));
  for (int r = 0; r < n; r++) {
    float state = 0;
    if (cost->config.kind == IRL_COST_QUADRATIC) {
      state = half_norm2(y + (long)r * outputs, b, outputs);
    } else {
      state = y[r] += b[0];
    }
    if (p->c != NULL) {
      p->c[first + r] = state + action_cost(u + (long)r * nu, p->rows->action_weight, nu);
    }
  }
}

void irl_cost_forward(const irl_cost* cost, irl_cost_rows* rows, irl_pool* pool, float* c) {
  irl_cost_pass p = {.cost = cost, .rows = rows, .block = irl_cost_forward_block, .c = c};
  irl_cost_run_pass(&p, pool);
}

//---------------------------------- Backward ------------------------------------------------------

// out (columns) = Σ_r m_r, m (rows, columns)
static void column_sums(const float* restrict m, int rows, int columns, float* restrict out) {
  for (int j = 0; j < columns; j++) {
    out[j] = 0;
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < columns; j++) {
      out[j] += m[(long)r * columns + j];
    }
  }
}

// ∂/∂y of Σ_r weight_r c_r
static void output_gradient(const irl_cost* cost, const float* restrict y,
                            const float* restrict weight, int n, float* restrict dy) {
  const int outputs = cost->outputs;
  const bool quadratic = cost->config.kind == IRL_COST_QUADRATIC;
  for (int r = 0; r < n; r++) {
    for (int j = 0; j < outputs; j++) {
      dy[(long)r * outputs + j] = quadratic ? weight[r] * y[(long)r * outputs + j] : weight[r];
    }
  }
}

// ∂/∂ω_j = σ(ω_j) Σ_r weight_r ½ û_rj², 0 where the penalty is fixed
static void omega_gradient(const irl_cost* cost, const float* u, const float* weight, int n,
                           float* g) {
  for (int j = 0; j < cost->nu; j++) {
    float sum = 0;
    for (int r = 0; r < n; r++) {
      float v = u[(long)r * cost->nu + j];
      sum += weight[r] * v * v;
    }
    bool fixed = cost->config.penalty == IRL_PENALTY_FIXED;
    g[j] = fixed ? 0 : 0.5f * sum * (float)irl_cost_action_slope(cost, j);
  }
}

// What layer l reads: z, or the layer below. Layer `depth` is A.
static const float* layer_input(const irl_cost* cost, const irl_cost_rows* rows, int layer,
                                int first) {
  return layer == 0 ? rows->x + (long)first * cost->ninput
                    : rows->h[layer - 1] + (long)first * cost->config.width;
}

// From ∂/∂h of the last layer, in s->dh[0], down to W_0.
static void backward_hidden(const irl_cost* cost, irl_cost_rows* rows, irl_cost_lane* s, int first,
                            int n, float* g) {
  const int width = cost->config.width;
  int now = 0;
  for (int l = cost->config.depth - 1; l >= 0; l--) {
    int inputs = irl_cost_inputs(cost, l);
    irl_cost_slopes(cost->config.activation, s->dh[now], rows->h[l] + (long)first * width,
                    (long)n * width);
    gemm_tn(width, inputs, n, s->dh[now], layer_input(cost, rows, l, first), g + cost->weight_at[l],
            inputs);
    column_sums(s->dh[now], n, width, g + cost->bias_at[l]);
    if (l > 0) {
      gemm_nn(n, width, width, s->dh[now], cost->params + cost->weight_at[l], width,
              s->dh[1 - now]);
      now = 1 - now;
    }
  }
}

// The gradient of one block, into its own array: the sum over blocks is taken later, in order.
static void backward_block(const irl_cost_pass* p, irl_cost_lane* s, int block, int first, int n) {
  const irl_cost* cost = p->cost;
  const irl_cost_config* c = &cost->config;
  irl_cost_rows* rows = p->rows;
  const int outputs = cost->outputs;
  float* g = rows->gradient + (long)block * cost->nparam;
  float* ga = g + cost->a_at;
  output_gradient(cost, rows->y + (long)first * outputs, p->weight + first, n, s->dy);
  column_sums(s->dy, n, outputs, g + cost->b_at);
  if (c->identity) {
    gemm_tn(outputs, cost->ninput, n, s->dy, rows->x + (long)first * cost->ninput, ga,
            cost->features);
  }
  if (c->depth > 0) {
    gemm_tn(outputs, c->width, n, s->dy, layer_input(cost, rows, c->depth, first),
            ga + cost->hidden_at, cost->features);
    gemm_nn(n, c->width, outputs, s->dy, cost->params + cost->a_at + cost->hidden_at,
            cost->features, s->dh[0]);
    backward_hidden(cost, rows, s, first, n, g);
  }
  omega_gradient(cost, rows->u + (long)first * cost->nu, p->weight + first, n, g + cost->omega_at);
}

static void add(float* restrict sum, const float* restrict x, int n) {
  for (int i = 0; i < n; i++) {
    sum[i] += x[i];
  }
}

void irl_cost_backward(const irl_cost* cost, irl_cost_rows* rows, irl_pool* pool,
                       const float* weight, float* gradient) {
  irl_cost_pass p = {.cost = cost, .rows = rows, .block = backward_block, .weight = weight};
  irl_cost_run_pass(&p, pool);
  for (int i = 0; i < cost->nparam; i++) {
    gradient[i] = 0;
  }
  for (int b = 0; b < irl_cost_blocks(rows->nrows); b++) {
    add(gradient, rows->gradient + (long)b * cost->nparam, cost->nparam);
  }
}
