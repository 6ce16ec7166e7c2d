// Creation of a cost: what is allowed, where the parts of θ lie, and how they are drawn.
#include "irl/cost.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "irl/cost_internal.h"

const char* const irl_cost_kind_names[] = {"quadratic", "network", NULL};
const char* const irl_activation_names[] = {"tanh", "relu", "softplus", NULL};
const char* const irl_cost_input_names[] = {"state", "state-action", NULL};
const char* const irl_action_penalty_names[] = {"learned", "fixed", NULL};

enum { MAX_UNITS = 4096, MAX_SIZE = 100000 };

//---------------------------------- Configuration -------------------------------------------------

// 2 × 32 tanh units beside the identity: the network of GCL's smaller tasks (24 to 52 units).
irl_cost_config irl_cost_defaults(void) {
  return (irl_cost_config){.kind = IRL_COST_QUADRATIC,
                           .depth = 2,
                           .width = 32,
                           .outputs = 16,
                           .identity = true,
                           .activation = IRL_TANH,
                           .input = IRL_COST_STATE,
                           .penalty = IRL_PENALTY_LEARNED,
                           .action_weight = 1,
                           .action_weight_min = 1e-3,
                           .output_scale = 1};
}

// Sizes are bounded so that every product of two of them fits an int.
static irl_err check_sizes(const irl_cost_config* c, int nx, int nu, irl_errinfo* info) {
  if (nx < 1 || nx > MAX_SIZE || nu < 1 || nu > MAX_SIZE) {
    return irl_fail(info, IRL_ERANGE,
                    "cost: %d observation and %d action entries; give 1 to %d of each", nx, nu,
                    MAX_SIZE);
  }
  if (c->kind != IRL_COST_QUADRATIC && c->kind != IRL_COST_NETWORK) {
    return irl_fail(info, IRL_ERANGE, "cost: unknown kind %d; use quadratic or network",
                    (int)c->kind);
  }
  if (c->depth < 0 || c->depth > IRL_COST_MAX_DEPTH) {
    return irl_fail(info, IRL_ERANGE, "cost: depth is %d; give 0 to %d", c->depth,
                    (int)IRL_COST_MAX_DEPTH);
  }
  if (c->depth > 0 && (c->width < 1 || c->width > MAX_UNITS)) {
    return irl_fail(info, IRL_ERANGE, "cost: width is %d; give 1 to %d", c->width, MAX_UNITS);
  }
  if (c->kind == IRL_COST_QUADRATIC && (c->outputs < 1 || c->outputs > MAX_UNITS)) {
    return irl_fail(info, IRL_ERANGE, "cost: outputs is %d; give 1 to %d", c->outputs, MAX_UNITS);
  }
  return IRL_OK;
}

// Values for which nothing could be learned, or for which Z does not exist.
static irl_err check_values(const irl_cost_config* c, irl_errinfo* info) {
  if (c->depth == 0 && !c->identity) {
    return irl_fail(info, IRL_ERANGE,
                    "cost: no features (depth 0 without identity); set identity or a depth");
  }
  if (!(c->action_weight_min > 0) || !isfinite(c->action_weight_min)) {
    return irl_fail(info, IRL_ERANGE,
                    "cost: action_weight_min is %g, and the partition function diverges without "
                    "it; give a number above 0",
                    c->action_weight_min);
  }
  if (!(c->action_weight > c->action_weight_min) || !isfinite(c->action_weight)) {
    return irl_fail(info, IRL_ERANGE,
                    "cost: action_weight is %g; give a number above action_weight_min (%g)",
                    c->action_weight, c->action_weight_min);
  }
  if (!(c->output_scale > 0) || !isfinite(c->output_scale)) {
    return irl_fail(info, IRL_ERANGE,
                    "cost: output_scale is %g, and nothing is learned from 0; give a number "
                    "above 0",
                    c->output_scale);
  }
  return IRL_OK;
}

//---------------------------------- Layout --------------------------------------------------------

// Places of the parts of θ; true when their count fits an int.
static bool lay_out(irl_cost* cost) {
  const irl_cost_config* c = &cost->config;
  long at = 0;
  for (int l = 0; l < c->depth; l++) {
    cost->weight_at[l] = (int)at;
    at += (long)c->width * irl_cost_inputs(cost, l);
    cost->bias_at[l] = (int)at;
    at += c->width;
  }
  cost->a_at = (int)at;
  at += (long)cost->outputs * cost->features;
  cost->b_at = (int)at;
  at += cost->outputs;
  cost->omega_at = (int)at;
  at += cost->nu;
  cost->nparam = (int)at;
  return at < 1L << 30;
}

// Each part of θ has a random stream of its own, so that one layer's size does not change what
// another one draws.
static void fill_normal(float* out, int n, double stddev, uint64_t seed, uint64_t part) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_INIT, 0, 0, part);
  for (int i = 0; i < n; i++) {
    out[i] = (float)(stddev * irl_rng_normal(&rng));
  }
}

// Layers keep the variance of their inputs (1/√inputs); small biases make h more than odd in x.
static void draw_params(irl_cost* cost, uint64_t seed) {
  const irl_cost_config* c = &cost->config;
  for (int l = 0; l < c->depth; l++) {
    int inputs = irl_cost_inputs(cost, l);
    fill_normal(cost->params + cost->weight_at[l], c->width * inputs, 1 / sqrt(inputs), seed,
                (uint64_t)(2 * l));
    fill_normal(cost->params + cost->bias_at[l], c->width, 0.1, seed, (uint64_t)(2 * l + 1));
  }
  fill_normal(cost->params + cost->a_at, cost->outputs * cost->features,
              c->output_scale / sqrt(cost->features), seed, 2 * IRL_COST_MAX_DEPTH);
  // b stays 0: the cost is smallest near the mean of the data at first.
  // softplus⁻¹(v) = v + log(1 − e^{−v})
  double above = c->action_weight - c->action_weight_min;
  for (int j = 0; j < cost->nu; j++) {
    cost->params[cost->omega_at + j] = (float)(above + log(-expm1(-above)));
  }
}

irl_err irl_cost_create(irl_cost** out, const irl_cost_config* config, int nx, int nu,
                        uint64_t seed, irl_errinfo* info) {
  *out = NULL;
  IRL_TRY(check_sizes(config, nx, nu, info));
  IRL_TRY(check_values(config, info));
  irl_cost shape = {.config = *config, .nx = nx, .nu = nu};
  shape.outputs = config->kind == IRL_COST_NETWORK ? 1 : config->outputs;
  shape.ninput = nx + (config->input == IRL_COST_STATE_ACTION ? nu : 0);
  shape.hidden_at = config->identity ? shape.ninput : 0;
  shape.features = shape.hidden_at + (config->depth > 0 ? config->width : 0);
  if (!lay_out(&shape)) {
    return irl_fail(info, IRL_ERANGE, "cost: too many parameters; give a smaller width or depth");
  }
  // One block: the struct, then doubles, then floats.
  size_t doubles = (size_t)(2 * nx + nu);
  unsigned char* memory = (unsigned char*)irl_calloc(
      1, sizeof shape + doubles * sizeof(double) + (size_t)shape.nparam * sizeof(float));
  if (memory == NULL) {
    return irl_fail(info, IRL_ENOMEM, "cost: out of memory; give a smaller width or depth");
  }
  shape.mean = (double*)(void*)(memory + sizeof shape);
  shape.scale = shape.mean + nx;
  shape.action_scale = shape.scale + nx;
  shape.params = (float*)(void*)(shape.action_scale + nu);
  irl_cost* cost = (irl_cost*)(void*)memory;
  *cost = shape;
  for (int i = 0; i < nx + nu; i++) {
    cost->scale[i] = 1;  // runs on into action_scale
  }
  draw_params(cost, seed);
  *out = cost;
  return IRL_OK;
}

void irl_cost_destroy(irl_cost* cost) {
  irl_free(cost);
}

irl_err irl_cost_clone(irl_cost** out, const irl_cost* cost) {
  IRL_TRY(irl_cost_create(out, &cost->config, cost->nx, cost->nu, 0, NULL));
  irl_cost_set_normalizer(*out, cost->mean, cost->scale, cost->action_scale);
  memcpy((*out)->params, cost->params, (size_t)cost->nparam * sizeof *cost->params);
  return IRL_OK;
}

const irl_cost_config* irl_cost_get_config(const irl_cost* cost) {
  return &cost->config;
}

int irl_cost_nx(const irl_cost* cost) {
  return cost->nx;
}

int irl_cost_nu(const irl_cost* cost) {
  return cost->nu;
}

void irl_cost_set_normalizer(irl_cost* cost, const double* mean, const double* scale,
                             const double* action_scale) {
  memcpy(cost->mean, mean, (size_t)cost->nx * sizeof *mean);
  memcpy(cost->scale, scale, (size_t)cost->nx * sizeof *scale);
  memcpy(cost->action_scale, action_scale, (size_t)cost->nu * sizeof *action_scale);
  for (int i = 0; i < cost->nx + cost->nu; i++) {
    assert(cost->scale[i] > 0 && isfinite(cost->scale[i]));
  }
}

const double* irl_cost_scale(const irl_cost* cost) {
  return cost->scale;
}

int irl_cost_nparam(const irl_cost* cost) {
  return cost->nparam;
}

float* irl_cost_params(irl_cost* cost) {
  return cost->params;
}

//---------------------------------- Action weights ------------------------------------------------

// softplus ω = max(ω, 0) + log(1 + e^{−|ω|}): neither overflows nor loses small values.
double irl_cost_action_weight(const irl_cost* cost, int j) {
  double omega = (double)cost->params[cost->omega_at + j];
  double softplus = fmax(omega, 0) + log1p(exp(-fabs(omega)));
  return cost->config.action_weight_min + softplus;
}

// The derivative of softplus is the logistic function.
double irl_cost_action_slope(const irl_cost* cost, int j) {
  return 1 / (1 + exp(-(double)cost->params[cost->omega_at + j]));
}
