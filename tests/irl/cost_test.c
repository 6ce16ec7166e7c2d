// The neural cost against a plain double-precision version of the same formulas, written here, and
// against finite differences of it.
#include "irl/cost.h"

#include <cblas.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/linalg.h"
#include "base/random.h"
#include "test.h"

enum { MAX_NX = 12, MAX_NU = 3, MAX_WIDTH = 48, MAX_ROWS = 3000 };

//---------------------------------- Reference -----------------------------------------------------

typedef struct shape {
  irl_cost_config config;
  int nx;
  int nu;
  double mean[MAX_NX];
  double scale[MAX_NX];
  double action_scale[MAX_NU];
} shape;

// c(x, u) with the parameters as doubles, in the order of irl_cost_tensors.
static double reference(const shape* s, const double* params, const double* x, const double* u) {
  const irl_cost_config* c = &s->config;
  const int outputs = c->kind == IRL_COST_NETWORK ? 1 : c->outputs;
  double xhat[MAX_NX + MAX_NU], h[2][MAX_WIDTH], sum = 0;
  for (int i = 0; i < s->nx; i++) {
    xhat[i] = (x[i] - s->mean[i]) / s->scale[i];
  }
  for (int j = 0; j < s->nu; j++) {
    xhat[s->nx + j] = u[j] / s->action_scale[j];
  }
  const double *in = xhat, *p = params;
  const int nz = s->nx + (c->input == IRL_COST_STATE_ACTION ? s->nu : 0);
  int inputs = nz;
  for (int l = 0; l < c->depth; l++) {
    const double* bias = p + c->width * inputs;
    for (int k = 0; k < c->width; k++) {
      double z = bias[k];
      for (int i = 0; i < inputs; i++) {
        z += p[k * inputs + i] * in[i];
      }
      h[l % 2][k] = c->activation == IRL_RELU       ? fmax(z, 0)
                    : c->activation == IRL_SOFTPLUS ? log(1 + exp(z))
                                                    : tanh(z);
    }
    p = bias + c->width;
    in = h[l % 2];
    inputs = c->width;
  }
  const int identity = c->identity ? nz : 0, features = identity + (c->depth > 0 ? c->width : 0);
  const double *b = p + outputs * features, *omega = b + outputs;
  for (int o = 0; o < outputs; o++) {
    double y = b[o];
    for (int k = 0; k < features; k++) {
      y += p[o * features + k] * (k < identity ? xhat[k] : in[k - identity]);
    }
    sum += c->kind == IRL_COST_NETWORK ? y : 0.5 * y * y;
  }
  for (int j = 0; j < s->nu; j++) {
    double w = c->action_weight_min + log1p(exp(omega[j])), v = u[j] / s->action_scale[j];
    sum += 0.5 * w * v * v;
  }
  return sum;
}

//---------------------------------- Fixture -------------------------------------------------------

typedef struct fixture {
  shape s;
  irl_cost* cost;
  irl_cost_rows* rows;
  int n;
  int nparam;
  double* x;       // (n, nx)
  double* u;       // (n, nu)
  double* params;  // θ as doubles
  float* c;        // (n)
  float* weight;   // (n)
  float* gradient;
} fixture;

static irl_cost_config config_of(irl_cost_kind kind, int depth, int width, bool identity) {
  irl_cost_config config = irl_cost_defaults();
  config.kind = kind;
  config.depth = depth;
  config.width = width;
  config.outputs = 7;
  config.identity = identity;
  config.action_weight = 0.7;
  return config;
}

static void refresh(fixture* f) {
  for (int i = 0; i < f->nparam; i++) {
    f->params[i] = (double)irl_cost_params(f->cost)[i];
  }
}

static void set_up(fixture* f, irl_cost_config config, int nx, int nu, int n) {
  openblas_set_num_threads(1);  // irl_runtime_init's work
  *f = (fixture){.s = {.config = config, .nx = nx, .nu = nu}, .n = n};
  irl_rng rng = irl_rng_stream(5, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < nx; i++) {
    f->s.mean[i] = irl_rng_normal(&rng);
    f->s.scale[i] = 0.5 + irl_rng_uniform(&rng);
  }
  for (int j = 0; j < nu; j++) {
    f->s.action_scale[j] = 0.5 + irl_rng_uniform(&rng);
  }
  CHECK_OK(irl_cost_create(&f->cost, &config, nx, nu, 3, NULL));
  irl_cost_set_normalizer(f->cost, f->s.mean, f->s.scale, f->s.action_scale);
  CHECK_OK(irl_cost_rows_create(&f->rows, f->cost, n));
  f->nparam = irl_cost_nparam(f->cost);
  f->x = IRL_NEW(double, n* nx);
  f->u = IRL_NEW(double, n* nu);
  f->params = IRL_NEW(double, f->nparam);
  f->gradient = IRL_NEW(float, f->nparam);
  f->c = IRL_NEW(float, n);
  f->weight = IRL_NEW(float, n);
  for (int i = 0; i < n * nx; i++) {
    f->x[i] = 1.5 * irl_rng_normal(&rng);
  }
  for (int i = 0; i < n * nu; i++) {
    f->u[i] = irl_rng_normal(&rng);
  }
  for (int i = 0; i < n; i++) {
    f->weight[i] = (float)irl_rng_normal(&rng);
  }
  for (int i = 0; i < f->nparam; i++) {
    irl_cost_params(f->cost)[i] += (float)(0.1 * irl_rng_normal(&rng));  // b is 0 at first
  }
  refresh(f);
  irl_cost_rows_resize(f->rows, n);
  irl_cost_rows_set(f->rows, f->cost, 0, n, f->x, f->u);
}

static void tear_down(fixture* f) {
  irl_cost_rows_destroy(f->rows);
  irl_cost_destroy(f->cost);
  void* memory[] = {f->x, f->u, f->params, f->gradient, f->c, f->weight};
  for (int i = 0; i < 6; i++) {
    irl_free(memory[i]);
  }
}

// Runs a check on every kind of shape: depths 0 to 3, with and without identity, both kinds, sizes
// that no vector width divides.
static void on_shapes(void (*check)(fixture* f), int n, irl_activation activation,
                      irl_cost_input input) {
  for (int kind = 0; kind < 2; kind++) {
    for (int depth = 0; depth < 4; depth++) {
      for (int identity = depth == 0; identity < 2; identity++) {
        fixture f;
        irl_cost_config config = config_of((irl_cost_kind)kind, depth, 13, identity);
        config.activation = activation;
        config.input = input;
        set_up(&f, config, 5, 2, n);
        check(&f);
        tear_down(&f);
      }
    }
  }
}

static void on_all_shapes(void (*check)(fixture* f), int n) {
  on_shapes(check, n, IRL_TANH, IRL_COST_STATE);
  on_shapes(check, n, IRL_TANH, IRL_COST_STATE_ACTION);
  on_shapes(check, n, IRL_SOFTPLUS, IRL_COST_STATE);
  on_shapes(check, n, IRL_SOFTPLUS, IRL_COST_STATE_ACTION);
  on_shapes(check, n, IRL_RELU, IRL_COST_STATE);
  on_shapes(check, n, IRL_RELU, IRL_COST_STATE_ACTION);
}

//---------------------------------- Value and gradient --------------------------------------------

static void check_forward(fixture* f) {
  double* work = IRL_NEW(double, irl_cost_work_size(f->cost));
  double* eval = IRL_NEW(double, f->n);
  irl_cost_forward(f->cost, f->rows, NULL, f->c);
  irl_cost_eval(f->cost, f->n, f->x, f->u, eval);
  for (int r = 0; r < f->n; r++) {
    const double *x = f->x + r * f->s.nx, *u = f->u + r * f->s.nu;
    double expected = reference(&f->s, f->params, x, u);
    // Float: some tens of roundings of 6e-8, and tanh to 2 units in the last place.
    CHECK_NEAR((double)f->c[r], expected, 5e-6 * (1 + fabs(expected)));
    CHECK_NEAR(eval[r], expected, 1e-13 * (1 + fabs(expected)));
    CHECK_NEAR(irl_cost_value(f->cost, x, u, work), eval[r], 0);
  }
  irl_free(work);
  irl_free(eval);
}

static void forward_is_the_formula(void) {
  on_all_shapes(check_forward, 40);
}

// d/dθ_i of Σ weight c by central differences in double: truncation h² and rounding 1e-16/h are
// both below 1e-8.
static double numeric_gradient(fixture* f, int i) {
  const double step = 1e-5, old = f->params[i];
  double sum = 0;
  for (int sign = -1; sign <= 1; sign += 2) {
    f->params[i] = old + sign * step;
    for (int r = 0; r < f->n; r++) {
      sum += sign * (double)f->weight[r] *
             reference(&f->s, f->params, f->x + r * f->s.nx, f->u + r * f->s.nu);
    }
  }
  f->params[i] = old;
  return sum / (2 * step);
}

static void check_backward(fixture* f) {
  irl_cost_forward(f->cost, f->rows, NULL, f->c);
  irl_cost_backward(f->cost, f->rows, NULL, f->weight, f->gradient);
  double difference2 = 0, norm2 = 0;
  for (int i = 0; i < f->nparam; i++) {
    double expected = numeric_gradient(f, i), d = (double)f->gradient[i] - expected;
    difference2 += d * d;
    norm2 += expected * expected;
  }
  CHECK(norm2 > 0);
  CHECK_NEAR(sqrt(difference2 / norm2), 0, 3e-6);  // float precision
}

static void backward_is_the_derivative(void) {
  on_all_shapes(check_backward, 40);
}

// More rows than one block, the last block not full; twice with other weights in between: the
// backward pass leaves the activations alone.
static void blocks_add_up(void) {
  fixture f;
  set_up(&f, config_of(IRL_COST_QUADRATIC, 2, 16, true), 5, 2, 1100);
  check_forward(&f);
  check_backward(&f);
  float* first = IRL_NEW(float, f.nparam);
  memcpy(first, f.gradient, (size_t)f.nparam * sizeof *first);
  float* ones = IRL_NEW(float, f.n);
  for (int r = 0; r < f.n; r++) {
    ones[r] = 1;
  }
  irl_cost_backward(f.cost, f.rows, NULL, ones, f.gradient);
  CHECK(memcmp(first, f.gradient, (size_t)f.nparam * sizeof *first) != 0);
  irl_cost_backward(f.cost, f.rows, NULL, f.weight, f.gradient);
  CHECK(memcmp(first, f.gradient, (size_t)f.nparam * sizeof *first) == 0);
  irl_free(first);
  irl_free(ones);
  tear_down(&f);
}

//---------------------------------- Threads -------------------------------------------------------

// Bits of costs, gradient and expansions together.
static uint32_t hash_with(fixture* f, int nthread) {
  irl_pool* pool;
  CHECK_OK(irl_pool_create(&pool, nthread));
  const int n = f->s.nx + f->s.nu;
  double* value = IRL_NEW(double, (long)f->n*(1 + n + n * n));
  double *gradient = value + f->n, *hessian = gradient + (long)f->n * n;
  irl_cost_forward(f->cost, f->rows, pool, f->c);
  irl_cost_backward(f->cost, f->rows, pool, f->weight, f->gradient);
  irl_cost_expand_rows(f->cost, f->rows, pool, value, gradient, hessian);
  uint32_t crc = irl_crc32c(0, f->c, (size_t)f->n * sizeof *f->c);
  crc = irl_crc32c(crc, f->gradient, (size_t)f->nparam * sizeof *f->gradient);
  crc = irl_crc32c(crc, value, (size_t)f->n * (size_t)(1 + n + n * n) * sizeof *value);
  irl_free(value);
  irl_pool_destroy(pool);
  return crc;
}

static void bits_do_not_depend_on_threads(void) {
  fixture f;
  set_up(&f, config_of(IRL_COST_QUADRATIC, 2, 32, true), 10, 2, MAX_ROWS);
  uint32_t expected = hash_with(&f, 1);
  const int threads[] = {2, 3, 8, 2, 3, 8};
  for (int i = 0; i < 6; i++) {
    CHECK(hash_with(&f, threads[i]) == expected);
  }
  tear_down(&f);
}

// The costs and gradient of the first rows do not change with the rows after their block.
static void rows_do_not_disturb_each_other(void) {
  fixture f;
  set_up(&f, config_of(IRL_COST_QUADRATIC, 2, 32, true), 10, 2, 2000);
  float alone[512];
  irl_cost_rows_resize(f.rows, 512);
  irl_cost_forward(f.cost, f.rows, NULL, alone);
  irl_cost_rows_resize(f.rows, f.n);
  irl_cost_forward(f.cost, f.rows, NULL, f.c);
  CHECK(memcmp(alone, f.c, sizeof alone) == 0);
  irl_cost_rows_resize(f.rows, 0);
  irl_cost_forward(f.cost, f.rows, NULL, f.c);
  irl_cost_backward(f.cost, f.rows, NULL, f.weight, f.gradient);
  CHECK(f.gradient[0] == 0);
  tear_down(&f);
}

//---------------------------------- Expansion -----------------------------------------------------

static double shifted(fixture* f, const double* y, int i, double di, int j, double dj) {
  double z[MAX_NX + MAX_NU];
  memcpy(z, y, (size_t)(f->s.nx + f->s.nu) * sizeof *z);
  z[i] += di;
  z[j] += dj;
  return reference(&f->s, f->params, z, z + f->s.nx);
}

static void copy_point(const fixture* f, int r, double* y) {
  memcpy(y, f->x + r * f->s.nx, (size_t)f->s.nx * sizeof *y);
  memcpy(y + f->s.nx, f->u + r * f->s.nu, (size_t)f->s.nu * sizeof *y);
}

static void check_gradient(fixture* f) {
  double y[MAX_NX + MAX_NU], g[MAX_NX + MAX_NU], H[(MAX_NX + MAX_NU) * (MAX_NX + MAX_NU)];
  double* work = IRL_NEW(double, irl_cost_work_size(f->cost));
  for (int r = 0; r < f->n; r++) {
    copy_point(f, r, y);
    double value = irl_cost_expand(f->cost, y, y + f->s.nx, g, H, work);
    CHECK_NEAR(value, reference(&f->s, f->params, y, y + f->s.nx), 1e-13 * (1 + fabs(value)));
    for (int i = 0; i < f->s.nx + f->s.nu; i++) {
      double slope = (shifted(f, y, i, 1e-5, i, 0) - shifted(f, y, i, -1e-5, i, 0)) / 2e-5;
      CHECK_NEAR(g[i], slope, 1e-7 * (1 + fabs(slope)));
    }
  }
  irl_free(work);
}

static void expansion_has_the_gradient(void) {
  on_all_shapes(check_gradient, 5);
}

static double numeric_hessian(fixture* f, const double* y, int i, int j) {
  const double d = 1e-4;
  return (shifted(f, y, i, d, j, d) - shifted(f, y, i, d, j, -d) - shifted(f, y, i, -d, j, d) +
          shifted(f, y, i, -d, j, -d)) /
         (4 * d * d);
}

// Without hidden layers the quadratic kind is quadratic: Gauss-Newton is the Hessian itself.
static void gauss_newton_is_exact_for_identity_features(void) {
  fixture f;
  set_up(&f, config_of(IRL_COST_QUADRATIC, 0, 0, true), 5, 2, 3);
  double y[7], g[7], H[49];
  double* work = IRL_NEW(double, irl_cost_work_size(f.cost));
  for (int r = 0; r < f.n; r++) {
    copy_point(&f, r, y);
    (void)irl_cost_expand(f.cost, y, y + 5, g, H, work);
    for (int i = 0; i < 49; i++) {
      CHECK_NEAR(H[i], numeric_hessian(&f, y, i / 7, i % 7), 1e-5);  // rounding 1e-16/d²
    }
  }
  irl_free(work);
  tear_down(&f);
}

// With hidden layers Gauss-Newton is the Hessian of ½‖J dx‖²: J by finite differences of the square
// root is not to be had from the cost, so the outputs are taken one at a time: a cost with a single
// output and value ½y² has H = (∇c)(∇c)ᵀ/(2c).
static void gauss_newton_of_one_output(void) {
  irl_cost_config config = config_of(IRL_COST_QUADRATIC, 2, 13, true);
  config.outputs = 1;
  fixture f;
  set_up(&f, config, 5, 1, 10);
  double y[6], g[6], H[36];
  double* work = IRL_NEW(double, irl_cost_work_size(f.cost));
  for (int r = 0; r < f.n; r++) {
    copy_point(&f, r, y);
    y[5] = 0;
    double c = irl_cost_expand(f.cost, y, y + 5, g, H, work);
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 5; j++) {
        CHECK_NEAR(H[i * 6 + j], g[i] * g[j] / (2 * c), 1e-12 * (1 + fabs(H[i * 6 + j])));
      }
    }
  }
  irl_free(work);
  tear_down(&f);
}

// Eigenvalues: A (n, n) is positive semidefinite when A + tiny I has a Cholesky factor.
static bool semidefinite(const double* a, int n, double tiny) {
  double shifted_a[(MAX_NX + MAX_NU) * (MAX_NX + MAX_NU)], L[(MAX_NX + MAX_NU) * (MAX_NX + MAX_NU)];
  for (int i = 0; i < n * n; i++) {
    shifted_a[i] = a[i] + (i % (n + 1) == 0 ? tiny : 0);
  }
  return irl_cholesky(L, shifted_a, n);
}

// The network's Hessian H₊ is the projection of the true one H: H₊ ⪰ 0, H₊ − H ⪰ 0 and
// H₊ (H₊ − H) = 0 hold together only for it. Unit scales, in which the projection is made.
static void check_projection(irl_activation activation) {
  fixture f;
  irl_cost_config config = config_of(IRL_COST_NETWORK, 2, 13, true);
  config.activation = activation;
  set_up(&f, config, 5, 1, 8);
  for (int i = 0; i < 5; i++) {
    f.s.scale[i] = 1;
  }
  irl_cost_set_normalizer(f.cost, f.s.mean, f.s.scale, f.s.action_scale);
  double y[6], g[6], H[36], plus[25], rest[25], product[25];
  double* work = IRL_NEW(double, irl_cost_work_size(f.cost));
  int negative = 0;
  for (int r = 0; r < f.n; r++) {
    copy_point(&f, r, y);
    (void)irl_cost_expand(f.cost, y, y + 5, g, H, work);
    for (int i = 0; i < 25; i++) {
      plus[i] = H[i / 5 * 6 + i % 5];
      rest[i] = plus[i] - numeric_hessian(&f, y, i / 5, i % 5);
      negative += fabs(rest[i]) > 1e-3;
    }
    CHECK(semidefinite(plus, 5, 1e-12));
    CHECK(semidefinite(rest, 5, 1e-5));
    irl_mat_mul(product, plus, rest, 5, 5, 5);
    for (int i = 0; i < 25; i++) {
      CHECK_NEAR(product[i], 0, 1e-5);
    }
  }
  CHECK(negative > 0);  // the projection had something to do
  irl_free(work);
  tear_down(&f);
}

static void network_hessian_is_projected(void) {
  check_projection(IRL_TANH);
  check_projection(IRL_SOFTPLUS);
}

static void check_batched_expansion(fixture* f) {
  const int n = f->s.nx + f->s.nu;
  double* value = IRL_NEW(double, (long)f->n*(1 + n + n * n));
  double *gradient = value + f->n, *hessian = gradient + (long)f->n * n;
  double* work = IRL_NEW(double, irl_cost_work_size(f->cost));
  double y[MAX_NX + MAX_NU], g[MAX_NX + MAX_NU], H[(MAX_NX + MAX_NU) * (MAX_NX + MAX_NU)];
  irl_cost_expand_rows(f->cost, f->rows, NULL, value, gradient, hessian);
  for (int r = 0; r < f->n; r++) {
    copy_point(f, r, y);
    double c = irl_cost_expand(f->cost, y, y + f->s.nx, g, H, work);
    double scale = 1 + fabs(c);
    CHECK_NEAR(value[r], c, 5e-6 * scale);
    for (int i = 0; i < n; i++) {
      CHECK_NEAR(gradient[r * n + i], g[i], 1e-5 * scale);
    }
    for (int i = 0; i < n * n; i++) {
      CHECK_NEAR(hessian[r * n * n + i], H[i], 1e-5 * scale);
    }
    CHECK(semidefinite(hessian + r * n * n, n, 1e-12 * scale));
  }
  irl_free(value);
  irl_free(work);
}

static void batched_expansion_agrees(void) {
  on_all_shapes(check_batched_expansion, 40);
  fixture f;
  set_up(&f, config_of(IRL_COST_QUADRATIC, 2, 32, true), 10, 2, 1100);
  check_batched_expansion(&f);
  tear_down(&f);
}

//---------------------------------- Adam ----------------------------------------------------------

// Kingma and Ba, algorithm 1, in double, as printed.
static void adam_is_algorithm_1(void) {
  irl_adam adam = irl_adam_defaults();
  adam.rate = 0.01;
  float params[2] = {1, -2}, m[2] = {0}, v[2] = {0};
  double p[2] = {1, -2}, pm[2] = {0}, pv[2] = {0};
  for (int step = 1; step <= 200; step++) {
    float gradient[2] = {2 * params[0], 0.5f * params[1] + 1};
    double g[2] = {2 * p[0], 0.5 * p[1] + 1};
    irl_adam_step(&adam, 2, step, gradient, m, v, params);
    for (int i = 0; i < 2; i++) {
      pm[i] = 0.9 * pm[i] + 0.1 * g[i];
      pv[i] = 0.999 * pv[i] + 0.001 * g[i] * g[i];
      p[i] -= 0.01 * (pm[i] / (1 - pow(0.9, step))) / (sqrt(pv[i] / (1 - pow(0.999, step))) + 1e-8);
    }
  }
  CHECK_NEAR((double)params[0], p[0], 1e-5);
  CHECK_NEAR((double)params[1], p[1], 1e-5);
}

static void adam_clips_and_decays(void) {
  irl_adam adam = irl_adam_defaults();
  float a[2] = {0}, b[2] = {0}, m[2] = {0}, v[2] = {0};
  // A gradient of norm 5, clipped to 1, has the moments of the same direction with norm 1.
  adam.max_norm = 1;
  irl_adam_step(&adam, 2, 1, (float[]){3, 4}, m, v, a);
  CHECK_NEAR((double)m[0], 0.06, 1e-8);
  CHECK_NEAR((double)m[1], 0.08, 1e-8);
  // Decoupled decay alone: the gradient is 0.
  adam.weight_decay = 0.1;
  float c[1] = {2}, cm[1] = {0}, cv[1] = {0};
  irl_adam_step(&adam, 1, 1, (float[]){0}, cm, cv, c);
  CHECK_NEAR((double)c[0], 2 * (1 - 1e-4), 1e-6);
  // A gradient that is not finite changes nothing.
  memcpy(b, a, sizeof b);
  irl_adam_step(&adam, 2, 2, (float[]){NAN, 1}, m, v, a);
  irl_adam_step(&adam, 2, 2, (float[]){INFINITY, 1}, m, v, a);
  CHECK(memcmp(a, b, sizeof b) == 0);
  CHECK_NEAR((double)m[0], 0.06, 1e-8);
}

//---------------------------------- Creation ------------------------------------------------------

static void creation_is_seeded(void) {
  irl_cost_config config = irl_cost_defaults();
  irl_cost *a, *b, *c;
  CHECK_OK(irl_cost_create(&a, &config, 10, 2, 1, NULL));
  CHECK_OK(irl_cost_create(&b, &config, 10, 2, 1, NULL));
  CHECK_OK(irl_cost_create(&c, &config, 10, 2, 2, NULL));
  size_t bytes = (size_t)irl_cost_nparam(a) * sizeof(float);
  CHECK(memcmp(irl_cost_params(a), irl_cost_params(b), bytes) == 0);
  CHECK(memcmp(irl_cost_params(a), irl_cost_params(c), bytes) != 0);
  // The initial action weight is the configured one: ½ w u² at the point where x does not matter.
  double x[10] = {0}, u0[2] = {0, 0}, u1[2] = {2, 0}, c0, c1;
  irl_cost_eval(a, 1, x, u0, &c0);
  irl_cost_eval(a, 1, x, u1, &c1);
  CHECK_NEAR(c1 - c0, 0.5 * config.action_weight * 4, 1e-6);
  irl_cost_destroy(a);
  irl_cost_destroy(b);
  irl_cost_destroy(c);
}

static void check_refused(irl_cost_config config, int nx, const char* part) {
  irl_cost* cost;
  irl_errinfo info;
  CHECK(irl_cost_create(&cost, &config, nx, 2, 1, &info) == IRL_ERANGE);
  CHECK(cost == NULL);
  CHECK_CONTAINS(info.text, part);
}

static void creation_refuses_nonsense(void) {
  const irl_cost_config good = irl_cost_defaults();
  irl_cost_config c = good;
  check_refused(good, 0, "give 1 to");
  c.depth = IRL_COST_MAX_DEPTH + 1;
  check_refused(c, 3, "depth is 9");
  c = good;
  c.width = 0;
  check_refused(c, 3, "width is 0");
  c = good;
  c.outputs = -1;
  check_refused(c, 3, "outputs is -1");
  c = good;
  c.depth = 0;
  c.identity = false;
  check_refused(c, 3, "no features");
  c = good;
  c.action_weight_min = 0;
  check_refused(c, 3, "action_weight_min is 0");
  c = good;
  c.action_weight = c.action_weight_min;
  check_refused(c, 3, "action_weight is");
  c = good;
  c.output_scale = (double)NAN;
  check_refused(c, 3, "output_scale is nan");
  c = good;
  c.kind = (irl_cost_kind)7;
  check_refused(c, 3, "unknown kind");
}

//---------------------------------- Files ---------------------------------------------------------

static void file_path(char* out, const char* name) {
  const char* folder = test_folder();
  CHECK(irl_path_join(out, 512, folder, name));
}

static void check_round_trip(fixture* f) {
  char path[512];
  file_path(path, "cost_test.safetensors");
  irl_cost* loaded;
  irl_errinfo info = {0};
  CHECK_OK(irl_cost_save(f->cost, path, &info));
  CHECK_OK(irl_cost_load(&loaded, path, &info));
  const irl_cost_config *a = irl_cost_get_config(f->cost), *b = irl_cost_get_config(loaded);
  CHECK(a->kind == b->kind && a->depth == b->depth && a->width == b->width);
  CHECK(a->outputs == b->outputs && a->identity == b->identity);
  CHECK(a->action_weight == b->action_weight && a->action_weight_min == b->action_weight_min);
  CHECK(a->output_scale == b->output_scale);
  CHECK(irl_cost_nx(loaded) == f->s.nx && irl_cost_nu(loaded) == f->s.nu);
  CHECK(irl_cost_nparam(loaded) == f->nparam);
  CHECK(memcmp(irl_cost_params(loaded), irl_cost_params(f->cost), (size_t)f->nparam * 4) == 0);
  double before[8], after[8];
  irl_cost_eval(f->cost, 8, f->x, f->u, before);
  irl_cost_eval(loaded, 8, f->x, f->u, after);
  CHECK(memcmp(before, after, sizeof before) == 0);
  // Saved again it has the same bytes.
  char path2[512], *bytes, *bytes2;
  size_t size, size2;
  file_path(path2, "cost_test_2.safetensors");
  CHECK_OK(irl_cost_save(loaded, path2, &info));
  CHECK_OK(irl_file_read(path, 1 << 20, &bytes, &size, &info));
  CHECK_OK(irl_file_read(path2, 1 << 20, &bytes2, &size2, &info));
  CHECK(size == size2 && memcmp(bytes, bytes2, size) == 0);
  irl_free(bytes);
  irl_free(bytes2);
  irl_cost_destroy(loaded);
}

static void files_round_trip(void) {
  on_all_shapes(check_round_trip, 8);
}

// Replaces the first occurrence of a word in a saved cost by another of the same length and loads
// it.
static void check_broken(const fixture* f, const char* word, const char* by, const char* part) {
  char path[512], *bytes;
  size_t size;
  irl_errinfo info = {0};
  file_path(path, "cost_broken.safetensors");
  CHECK_OK(irl_cost_save(f->cost, path, &info));
  CHECK_OK(irl_file_read(path, 1 << 20, &bytes, &size, &info));
  char* at = (char*)memmem(bytes, size, word, strlen(word));
  CHECK(at != NULL && strlen(word) == strlen(by));
  if (at != NULL) {
    memcpy(at, by, strlen(by));
  }
  CHECK_OK(irl_file_write(path, bytes, size, &info));
  irl_cost* loaded;
  CHECK(irl_cost_load(&loaded, path, &info) != IRL_OK);
  CHECK(loaded == NULL);
  CHECK_CONTAINS(info.text, part);
  CHECK_CONTAINS(info.text, ";");
  irl_free(bytes);
}

static void broken_files_are_refused(void) {
  fixture f;
  set_up(&f, config_of(IRL_COST_QUADRATIC, 2, 13, true), 5, 2, 4);
  check_broken(&f, "mjirl.cost.1", "mjirl.cost.9", "not a cost");
  check_broken(&f, "quadratic", "quadratik", "kind");
  check_broken(&f, "depth\\\":2", "depth\\\":1", "arrays");
  check_broken(&f, "outputs\\\":7", "outputs\\\":6", "A");
  check_broken(&f, "identity", "identify", "identity");
  check_broken(&f, "action_weight_min\\\":0.001", "action_weight_min\\\":0.000",
               "action_weight_min");
  check_broken(&f, "\"omega\"", "\"omegb\"", "omega");
  float* params = irl_cost_params(f.cost);
  params[3] = NAN;
  check_broken(&f, "{", "{", "not finite");
  params[3] = 0;
  f.s.scale[1] = 1e-300;  // legal: only what is not above 0 is refused
  irl_cost_set_normalizer(f.cost, f.s.mean, f.s.scale, f.s.action_scale);
  double scale = 1e-300;
  char word[9] = {0}, negative[9] = {0};
  memcpy(word, &scale, 8);
  scale = -scale;
  memcpy(negative, &scale, 8);
  CHECK(strlen(word) == 8);
  check_broken(&f, word, negative, "normalisation");
  irl_cost* loaded;
  irl_errinfo info;
  CHECK(irl_cost_load(&loaded, "no-such-file.safetensors", &info) == IRL_ENOENT);
  tear_down(&f);
}

TESTS(TEST(forward_is_the_formula), TEST(backward_is_the_derivative), TEST(blocks_add_up),
      TEST(bits_do_not_depend_on_threads), TEST(rows_do_not_disturb_each_other),
      TEST(expansion_has_the_gradient), TEST(gauss_newton_is_exact_for_identity_features),
      TEST(gauss_newton_of_one_output), TEST(network_hessian_is_projected),
      TEST(batched_expansion_agrees), TEST(adam_is_algorithm_1), TEST(adam_clips_and_decays),
      TEST(creation_is_seeded), TEST(creation_refuses_nonsense), TEST(files_round_trip),
      TEST(broken_files_are_refused))
