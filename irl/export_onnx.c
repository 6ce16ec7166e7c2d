// The cost and the policies as ONNX graphs. Operators are few and old, arrays are 32-bit floats,
// and the number of rows N is free.
#include <stdio.h>

#include "base/arena.h"
#include "irl/cost_internal.h"
#include "irl/export_internal.h"
#include "irl/onnx_internal.h"

enum { NAME = 64 };

static void add1(irl_onnx* o, const char* op, const char* a, const char* out) {
  irl_onnx_add(o, (irl_onnx_node){.op = op, .input = {a}, .output = out});
}

static void add2(irl_onnx* o, const char* op, const char* a, const char* b, const char* out) {
  irl_onnx_add(o, (irl_onnx_node){.op = op, .input = {a, b}, .output = out});
}

// Columns side by side.
static void concat(irl_onnx* o, const char* a, const char* b, const char* out) {
  irl_onnx_add(
      o, (irl_onnx_node){
             .op = "Concat", .input = {a, b}, .output = out, .attribute = {{"axis", 1, false}}});
}

// out (N, rows) = in (N, columns) Wᵀ + bias, W (rows, columns) as it lies in θ.
static void linear(irl_onnx* o, const char* in, const char* weight, const char* bias,
                   const char* out) {
  irl_onnx_add(o, (irl_onnx_node){.op = "Gemm",
                                  .input = {in, weight, bias},
                                  .output = out,
                                  .attribute = {{"transB", 1, false}}});
}

//---------------------------------- The cost ------------------------------------------------------

// x̂ = (x − mean)/scale and û = u/scale; z is what the features read. A division by the scale and
// not a factor in W: a mean far from 0 would cancel in the bias. A scale that 32 bits round to 0 is
// as bad as one that they cannot hold.
static const char* add_inputs(irl_onnx* o, const irl_cost* cost) {
  const int64_t nx = cost->nx, nu = cost->nu;
  for (int i = 0; i < cost->nx + cost->nu; i++) {
    o->infinite = o->infinite || !((float)cost->scale[i] > 0);  // runs on into action_scale
  }
  irl_onnx_input(o, "x", IRL_ONNX_FLOAT, 2, (int64_t[]){-1, nx}, "observations, as the task's");
  irl_onnx_input(o, "u", IRL_ONNX_FLOAT, 2, (int64_t[]){-1, nu}, "actions, before clipping");
  irl_onnx_doubles(o, "x_mean", 1, &nx, cost->mean);
  irl_onnx_doubles(o, "x_scale", 1, &nx, cost->scale);
  irl_onnx_doubles(o, "u_scale", 1, &nu, cost->action_scale);
  add2(o, "Sub", "x", "x_mean", "x_centred");
  add2(o, "Div", "x_centred", "x_scale", "x_hat");
  add2(o, "Div", "u", "u_scale", "u_hat");
  if (cost->config.input == IRL_COST_STATE_ACTION) {
    concat(o, "x_hat", "u_hat", "z");
    return "z";
  }
  return "x_hat";
}

// h = a(W_L … a(W_0 z + b_0) … + b_L); `h` (NAME) gets the name of the last layer.
static void add_layers(irl_onnx* o, const irl_cost* cost, const char* z, char h[NAME]) {
  static const char* const ops[] = {
      [IRL_TANH] = "Tanh", [IRL_RELU] = "Relu", [IRL_SOFTPLUS] = "Softplus"};
  const int64_t width = cost->config.width;
  snprintf(h, NAME, "%s", z);
  for (int l = 0; l < cost->config.depth; l++) {
    char weight[NAME], bias[NAME], sum[NAME];
    snprintf(weight, sizeof weight, "layers.%d.weight", l);
    snprintf(bias, sizeof bias, "layers.%d.bias", l);
    snprintf(sum, sizeof sum, "layers.%d.sum", l);
    irl_onnx_floats(o, weight, 2, (int64_t[]){width, irl_cost_inputs(cost, l)},
                    cost->params + cost->weight_at[l]);
    irl_onnx_floats(o, bias, 1, &width, cost->params + cost->bias_at[l]);
    linear(o, h, weight, bias, sum);
    snprintf(h, NAME, "layers.%d", l);
    add1(o, ops[cost->config.activation], sum, h);
  }
}

// y (N, O) = A f + b, f = [z; h] or what there is of it.
static void add_features(irl_onnx* o, const irl_cost* cost, const char* z, const char* h) {
  const bool both = cost->config.identity && cost->config.depth > 0;
  const int64_t outputs = cost->outputs, features = cost->features;
  if (both) {
    concat(o, z, h, "features");
  }
  irl_onnx_floats(o, "A", 2, (int64_t[]){outputs, features}, cost->params + cost->a_at);
  irl_onnx_floats(o, "b", 1, &outputs, cost->params + cost->b_at);
  linear(o, both ? "features" : h, "A", "b", "y");
}

// state_cost (N): ½ ‖y‖², or y itself, whose one column goes.
static void add_state_cost(irl_onnx* o, const irl_cost* cost) {
  if (cost->config.kind == IRL_COST_QUADRATIC) {
    const float half = 0.5f;
    irl_onnx_floats(o, "half", 0, NULL, &half);
    irl_onnx_add(o, (irl_onnx_node){.op = "ReduceSumSquare",
                                    .input = {"y"},
                                    .output = "y_squared",
                                    .attribute = {{"axes", 1, true}, {"keepdims", 0, false}}});
    add2(o, "Mul", "y_squared", "half", "state_cost");
  } else {
    const int64_t one = 1;
    irl_onnx_ints(o, "column", 1, &one, &one);
    add2(o, "Squeeze", "y", "column", "state_cost");
  }
}

// action_cost (N) = ½ Σ_j w_j û_j²; half_w (nu) stands for the ω of the file, fixed or learned.
static irl_err add_action_cost(irl_onnx* o, const irl_cost* cost) {
  const int64_t nu = cost->nu;
  double* half_w = IRL_NEW(double, nu);
  if (half_w == NULL) {
    return IRL_ENOMEM;
  }
  for (int j = 0; j < cost->nu; j++) {
    half_w[j] = 0.5 * irl_cost_action_weight(cost, j);
  }
  irl_onnx_doubles(o, "half_w", 1, &nu, half_w);
  irl_free(half_w);
  add2(o, "Mul", "u_hat", "u_hat", "u_squared");
  add2(o, "MatMul", "u_squared", "half_w", "action_cost");
  return IRL_OK;
}

static irl_err add_cost(irl_onnx* o, const irl_cost* cost) {
  char h[NAME];
  const char* z = add_inputs(o, cost);
  add_layers(o, cost, z, h);
  add_features(o, cost, z, h);
  add_state_cost(o, cost);
  IRL_TRY(add_action_cost(o, cost));
  add2(o, "Add", "state_cost", "action_cost", "cost");
  irl_onnx_output(o, "cost", IRL_ONNX_FLOAT, 1, (int64_t[]){-1}, "learned cost of each step");
  return IRL_OK;
}

//---------------------------------- The policies --------------------------------------------------

// slot (highest + 1): the place of each of the task's conditions among the run's. One without
// demonstrations points behind the last, which the runtime refuses.
static irl_err add_slots(irl_onnx* o, const irl_run* run, int steps) {
  int highest = 0;
  for (int k = 0; k < run->nconditions; k++) {
    highest = run->condition[k] > highest ? run->condition[k] : highest;
  }
  const int64_t n = highest + 1;
  int64_t* first = IRL_NEW(int64_t, n);
  if (first == NULL) {
    return IRL_ENOMEM;
  }
  for (int c = 0; c < n; c++) {
    first[c] = (int64_t)run->nconditions * steps;
  }
  for (int k = 0; k < run->nconditions; k++) {
    first[run->condition[k]] = (int64_t)k * steps;
  }
  irl_onnx_ints(o, "first_controller", 1, &n, first);
  irl_free(first);
  return IRL_OK;
}

// controller (N): which of all controllers acts, by condition and step.
static irl_err add_controller(irl_onnx* o, const irl_run* run, int steps) {
  const int64_t rows = -1, zero = 0, last = steps - 1;
  irl_onnx_input(o, "t", IRL_ONNX_INT64, 1, &rows, "control step, from 0");
  irl_onnx_input(o, "condition", IRL_ONNX_INT64, 1, &rows, "number of the task's condition");
  IRL_TRY(add_slots(o, run, steps));
  irl_onnx_ints(o, "zero", 0, NULL, &zero);
  irl_onnx_ints(o, "last", 0, NULL, &last);
  irl_onnx_add(o, (irl_onnx_node){.op = "Clip", .input = {"t", "zero", "last"}, .output = "step"});
  add2(o, "Gather", "first_controller", "condition", "first");
  add2(o, "Add", "first", "step", "controller");
  return IRL_OK;
}

// action (N, nu) = K_t x + k_t and sigma (N, nu, nu) = Σ_t, each row with its own controller.
static void add_action(irl_onnx* o, const irl_run* run, const irl_export_policies* p) {
  const int64_t nx = run->learned[0].nx, nu = run->learned[0].nu, one = 1, two = 2;
  const int64_t n = (int64_t)run->nconditions * p->steps;
  irl_onnx_doubles(o, "K", 3, (int64_t[]){n, nu, nx}, p->K);
  irl_onnx_doubles(o, "k", 2, (int64_t[]){n, nu}, p->k);
  irl_onnx_doubles(o, "Sigma", 3, (int64_t[]){n, nu, nu}, p->sigma);
  irl_onnx_ints(o, "column", 1, &one, &two);
  add2(o, "Gather", "K", "controller", "K_t");
  add2(o, "Gather", "k", "controller", "k_t");
  add2(o, "Gather", "Sigma", "controller", "sigma");
  add2(o, "Unsqueeze", "x", "column", "x_column");
  add2(o, "MatMul", "K_t", "x_column", "Kx_column");
  add2(o, "Squeeze", "Kx_column", "column", "Kx");
  add2(o, "Add", "Kx", "k_t", "action");
  irl_onnx_output(o, "action", IRL_ONNX_FLOAT, 2, (int64_t[]){-1, nu},
                  "mean action, before clipping");
  irl_onnx_output(o, "sigma", IRL_ONNX_FLOAT, 3, (int64_t[]){-1, nu, nu},
                  "covariance of the action");
}

static irl_err add_policies(irl_onnx* o, const irl_run* run) {
  irl_export_policies p;
  IRL_TRY(irl_export_policies_init(&p, run));
  irl_onnx_input(o, "x", IRL_ONNX_FLOAT, 2, (int64_t[]){-1, run->learned[0].nx},
                 "observations, as the task's");
  irl_err err = add_controller(o, run, p.steps);
  if (err == IRL_OK) {
    add_action(o, run, &p);
  }
  irl_export_policies_fini(&p);
  return err;
}

irl_err irl_export_onnx(const irl_run* run, irl_export_part part, const char* const* pairs,
                        int npairs, irl_wire* out, int* arrays) {
  const bool policy = part == IRL_EXPORT_POLICY;
  irl_onnx onnx = {.arrays = 0};
  irl_err err = policy ? add_policies(&onnx, run) : add_cost(&onnx, run->cost);
  for (int i = 0; i < npairs; i++) {
    irl_onnx_metadata(&onnx, pairs[2 * i], pairs[2 * i + 1]);
  }
  if (err == IRL_OK) {
    err = irl_onnx_encode(&onnx, policy ? "policy" : "cost", "mjirl", MJIRL_VERSION,
                          policy ? "Policies learned from demonstrations by mjirl"
                                 : "Cost learned from demonstrations by mjirl",
                          out);
  }
  *arrays = onnx.arrays;
  irl_onnx_fini(&onnx);
  return err;
}
