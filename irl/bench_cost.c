// The update is compared with nothing but its own matrix products: what it takes longer is the
// price of everything else (tanh, sums, Adam, sharing out). Both are timed in turn, so that a busy
// or throttled machine slows both.
#include "irl/bench_cost.h"

#include <cblas.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/pool.h"
#include "base/random.h"
#include "irl/cost.h"
#include "irl/statistics_internal.h"

enum { MAX_PRODUCTS = 4 + 3 * IRL_COST_MAX_DEPTH, MAX_REPEATS = 1000, WAYS = 5 };

//---------------------------------- Products ------------------------------------------------------

// One matrix product over all rows. Two kinds: (rows, n) = (rows, k)(k, n), where blocks of rows
// are independent, and (m, n) = (rows, m)ᵀ(rows, n), where each block gives a sum of its own.
typedef struct product {
  bool over_rows;  // the second kind
  int m;           // second kind only
  int n;
  int k;            // first kind only
  bool transposed;  // first kind: the small matrix is stored (n, k)
} product;

// All products of one forward and backward pass. The first layer needs no gradient in x.
static int list_products(const irl_bench_cost* b, product out[MAX_PRODUCTS]) {
  int count = 0;
  for (int l = 0; l < b->depth; l++) {
    int in = l == 0 ? b->nx : b->width;
    out[count++] = (product){.n = b->width, .k = in, .transposed = true};
    out[count++] = (product){.over_rows = true, .m = b->width, .n = in};
    if (l > 0) {
      out[count++] = (product){.n = b->width, .k = b->width};
    }
  }
  out[count++] = (product){.n = b->outputs, .k = b->nx, .transposed = true};
  out[count++] = (product){.over_rows = true, .m = b->outputs, .n = b->nx};
  if (b->depth > 0) {
    out[count++] = (product){.n = b->outputs, .k = b->width, .transposed = true};
    out[count++] = (product){.over_rows = true, .m = b->outputs, .n = b->width};
    out[count++] = (product){.n = b->width, .k = b->outputs};
  }
  return count;
}

static double product_flops(const product* p, int rows) {
  return 2.0 * rows * p->n * (p->over_rows ? p->m : p->k);
}

// Memory that the products work on: large enough for each of them, shared by all.
typedef struct arrays {
  const product* p;
  int rows;
  int block;
  const float* a;      // (rows, widest)
  const float* b;      // (rows, widest)
  const float* small;  // (widest, widest)
  float* c;            // (rows, widest), or one sum a block
} arrays;

// Rows first to first + n of a product, with one call.
static void multiply(const arrays* w, int first, int n) {
  const product* p = w->p;
  if (p->over_rows) {
    float* c = w->c + (long)(first / w->block) * p->m * p->n;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, p->m, p->n, n, 1,
                w->a + (long)first * p->m, p->m, w->b + (long)first * p->n, p->n, 0, c, p->n);
    return;
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, p->transposed ? CblasTrans : CblasNoTrans, n, p->n, p->k,
              1, w->a + (long)first * p->k, p->k, w->small, p->transposed ? p->k : p->n, 0,
              w->c + (long)first * p->n, p->n);
}

static void multiply_block(int piece, int thread, void* arg) {
  (void)thread;
  const arrays* w = (const arrays*)arg;
  int first = piece * w->block, left = w->rows - first;
  multiply(w, first, left < w->block ? left : w->block);
}

// Seconds of one product done in one of the ways: whole, or in blocks.
static double time_product(arrays* w, int way, int threads, irl_pool* pool) {
  const int blocks[WAYS] = {0, 256, 512, 1024, 2048};
  w->block = blocks[way] > 0 && blocks[way] < w->rows ? blocks[way] : w->rows;
  openblas_set_num_threads(way == 0 ? threads : 1);
  double start = irl_now();
  if (way == 0) {
    multiply(w, 0, w->rows);
  } else {
    irl_pool_run(pool, (w->rows + w->block - 1) / w->block, multiply_block, w);
  }
  double seconds = irl_now() - start;
  openblas_set_num_threads(1);
  return seconds;
}

//---------------------------------- Measurement ---------------------------------------------------

// All that a measurement needs, in one place.
typedef struct setting {
  irl_cost* cost;
  irl_cost_rows* rows;
  irl_pool* pool;
  irl_arena arena;
  double* x;
  double* u;
  float* c;
  float* weight;
  float* gradient;
  float* m;
  float* v;
  double* expansion;
  arrays work;
  double* update;  // (repeats) seconds
  double* gemm;    // (repeats)
  double* expand;  // (repeats)
  double* ratio;   // (repeats)
} setting;

// Columns of the widest array.
static int widest(const irl_bench_cost* b) {
  int w = b->nx > b->width ? b->nx : b->width;
  return w > b->outputs ? w : b->outputs;
}

// Memory and random data.
static irl_err place(setting* s, const irl_bench_cost* b, int repeats) {
  const size_t rows = (size_t)b->rows, n = (size_t)(b->nx + b->nu), w = (size_t)widest(b);
  const size_t nparam = (size_t)irl_cost_nparam(s->cost), sums = (rows / 256 + 1) * w * w;
  size_t doubles = rows * (n + 1 + n + n * n) + 4 * (size_t)repeats;
  size_t floats = 2 * rows + 3 * nparam + 3 * rows * w + w * w + sums;
  IRL_TRY(irl_arena_init(&s->arena, doubles * sizeof(double) + floats * sizeof(float) + 24 * 64));
  s->x = IRL_ARENA_NEW(&s->arena, double, rows*(size_t)b->nx);
  s->u = IRL_ARENA_NEW(&s->arena, double, rows*(size_t)b->nu);
  s->expansion = IRL_ARENA_NEW(&s->arena, double, rows*(1 + n + n * n));
  s->update = IRL_ARENA_NEW(&s->arena, double, repeats);
  s->gemm = IRL_ARENA_NEW(&s->arena, double, repeats);
  s->expand = IRL_ARENA_NEW(&s->arena, double, repeats);
  s->ratio = IRL_ARENA_NEW(&s->arena, double, repeats);
  s->c = IRL_ARENA_NEW(&s->arena, float, rows);
  s->weight = IRL_ARENA_NEW(&s->arena, float, rows);
  s->gradient = IRL_ARENA_NEW(&s->arena, float, nparam);
  s->m = IRL_ARENA_NEW(&s->arena, float, nparam);
  s->v = IRL_ARENA_NEW(&s->arena, float, nparam);
  float* a = IRL_ARENA_NEW(&s->arena, float, rows* w);
  float* other = IRL_ARENA_NEW(&s->arena, float, rows* w);
  float* small = IRL_ARENA_NEW(&s->arena, float, w* w);
  s->work = (arrays){.rows = b->rows, .a = a, .b = other, .small = small};
  s->work.c = IRL_ARENA_NEW(&s->arena, float, rows* w + sums);
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (size_t i = 0; i < rows * w; i++) {
    a[i] = other[i] = (float)irl_rng_normal(&rng);
    small[i % (w * w)] = a[i];
  }
  for (size_t i = 0; i < rows * n; i++) {
    s->x[i] = irl_rng_normal(&rng);  // runs on into u
  }
  for (size_t i = 0; i < rows; i++) {
    s->weight[i] = 1 / (float)rows;
  }
  return IRL_OK;
}

static void take_down(setting* s) {
  irl_arena_fini(&s->arena);
  irl_pool_destroy(s->pool);
  irl_cost_rows_destroy(s->rows);
  irl_cost_destroy(s->cost);
}

static irl_err set_up(setting* s, irl_bench_cost* b, int repeats) {
  irl_cost_config config = irl_cost_defaults();
  config.width = b->width;
  config.depth = b->depth;
  config.outputs = b->outputs;
  IRL_TRY(irl_cost_create(&s->cost, &config, b->nx, b->nu, 1, NULL));
  IRL_TRY(irl_cost_rows_create(&s->rows, s->cost, b->rows));
  IRL_TRY(irl_pool_create(&s->pool, b->threads));
  b->threads = irl_pool_nthread(s->pool);
  IRL_TRY(place(s, b, repeats));
  irl_cost_rows_resize(s->rows, b->rows);
  irl_cost_rows_set(s->rows, s->cost, 0, b->rows, s->x, s->u);
  return IRL_OK;
}

// One step of training, as the training loop does it.
static double time_update(setting* s, int step) {
  irl_adam adam = irl_adam_defaults();
  double start = irl_now();
  irl_cost_forward(s->cost, s->rows, s->pool, s->c);
  irl_cost_backward(s->cost, s->rows, s->pool, s->weight, s->gradient);
  irl_adam_step(&adam, irl_cost_nparam(s->cost), step, s->gradient, s->m, s->v,
                irl_cost_params(s->cost));
  return irl_now() - start;
}

// Expansions of all rows, what the sampler asks for once an iteration.
static double time_expand(setting* s, const irl_bench_cost* b) {
  double* gradient = s->expansion + b->rows;
  double* hessian = gradient + (long)b->rows * (b->nx + b->nu);
  double start = irl_now();
  irl_cost_expand_rows(s->cost, s->rows, s->pool, s->expansion, gradient, hessian);
  return irl_now() - start;
}

// The fastest way of each product, each tried `repeats` times.
static void choose_ways(setting* s, const irl_bench_cost* b, const product* list, int count,
                        int repeats, int way[MAX_PRODUCTS]) {
  for (int i = 0; i < count; i++) {
    double best = 0;
    s->work.p = &list[i];
    for (int k = 0; k < WAYS; k++) {
      for (int r = 0; r < repeats; r++) {
        s->gemm[r] = time_product(&s->work, k, b->threads, s->pool);
      }
      double seconds = irl_median(s->gemm, repeats);
      if (k == 0 || seconds < best) {
        best = seconds;
        way[i] = k;
      }
    }
  }
}

// Products, update and expansion in turn, `repeats` times.
static void measure(setting* s, irl_bench_cost* b, int repeats) {
  product list[MAX_PRODUCTS];
  int way[MAX_PRODUCTS], count = list_products(b, list);
  b->flops = 0;
  for (int i = 0; i < count; i++) {
    b->flops += product_flops(&list[i], b->rows);
  }
  choose_ways(s, b, list, count, repeats, way);
  for (int r = 0; r < repeats; r++) {
    s->gemm[r] = 0;
    for (int i = 0; i < count; i++) {
      s->work.p = &list[i];
      s->gemm[r] += time_product(&s->work, way[i], b->threads, s->pool);
    }
    s->update[r] = time_update(s, r + 1);
    s->expand[r] = time_expand(s, b);
    s->ratio[r] = s->gemm[r] / s->update[r];
  }
  b->seconds = irl_median(s->update, repeats);
  b->gemm_seconds = irl_median(s->gemm, repeats);
  b->expand_seconds = irl_median(s->expand, repeats);
  b->ratio = irl_median(s->ratio, repeats);
  b->rate = b->flops / b->seconds;
  b->gemm_rate = b->flops / b->gemm_seconds;
}

irl_err irl_bench_cost_run(irl_bench_cost* bench, int repeats) {
  if (bench->rows < 1 || bench->nx < 1 || bench->nu < 1 || repeats < 1 || repeats > MAX_REPEATS) {
    return IRL_ERANGE;
  }
  setting s = {0};
  openblas_set_num_threads(1);
  irl_err err = set_up(&s, bench, repeats);
  if (err == IRL_OK) {
    measure(&s, bench, repeats);
  }
  take_down(&s);
  return err;
}
