// The learned cost c_θ(x, u), a neural network in float on OpenBLAS.
//
//   quadratic: c = ½ ‖A f_θ(x) + b‖² + ½ Σ_j w_j u_j²         (GCL, section 6.1)
//   network:   c = g_θ(x) + ½ Σ_j w_j u_j²
//
// x̂ = (x − mean)/scale, h = network of x̂ (tanh, ReLU or softplus), f_θ(x) = [x̂; h] (identity
// features beside the learned ones: GCL initialises f as the identity), w_j = w_min + softplus(ω_j)
// > 0: without it ∫e^{−c}du diverges where actions are clipped. A cost of state and action reads z
// = [x̂; û] in the place of x̂.
#ifndef MJIRL_IRL_COST_H_
#define MJIRL_IRL_COST_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/tensors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum irl_cost_kind { IRL_COST_QUADRATIC, IRL_COST_NETWORK } irl_cost_kind;

extern const char* const irl_cost_kind_names[];  // as in files; NULL-ended

// h of a hidden layer, what the features read, and whether the action penalty is learned. Names as
// in settings and files; NULL-ended.
typedef enum irl_activation { IRL_TANH, IRL_RELU, IRL_SOFTPLUS } irl_activation;
typedef enum irl_cost_input { IRL_COST_STATE, IRL_COST_STATE_ACTION } irl_cost_input;
typedef enum irl_action_penalty { IRL_PENALTY_LEARNED, IRL_PENALTY_FIXED } irl_action_penalty;
extern const char* const irl_activation_names[];
extern const char* const irl_cost_input_names[];
extern const char* const irl_action_penalty_names[];

enum { IRL_COST_MAX_DEPTH = 8 };

typedef struct irl_cost_config {
  irl_cost_kind kind;
  int depth;             // hidden layers, 0 to IRL_COST_MAX_DEPTH (0: identity features only)
  int width;             // units of each hidden layer
  int outputs;           // rows of A (quadratic); ignored for network
  bool identity;         // x̂ among the features
  double action_weight;  // initial w_j, above action_weight_min
  double action_weight_min;
  irl_activation activation;
  irl_cost_input input;        // x̂, or [x̂; û], for the layers and the identity
  irl_action_penalty penalty;  // fixed: ω gets no gradient
  double output_scale;  // standard deviation of A's initial entries, relative to 1/√features
} irl_cost_config;

irl_cost_config irl_cost_defaults(void);  // quadratic, 2 × 32, identity

typedef struct irl_cost irl_cost;

// Weights are drawn from stream (seed, IRL_PURPOSE_INIT). nx >= 1, nu >= 1.
IRL_NODISCARD irl_err irl_cost_create(irl_cost** cost, const irl_cost_config* config, int nx,
                                      int nu, uint64_t seed, irl_errinfo* info);
void irl_cost_destroy(irl_cost* cost);

// A copy with parameters and normalisation of its own. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_cost_clone(irl_cost** out, const irl_cost* cost);
const irl_cost_config* irl_cost_get_config(const irl_cost* cost);
int irl_cost_nx(const irl_cost* cost);
int irl_cost_nu(const irl_cost* cost);

// Input normalisation, mean (nx) and scale (nx) > 0, and the action's scale (nu) > 0 (w_j acts on
// u_j/scale_j). Not trained.
void irl_cost_set_normalizer(irl_cost* cost, const double* mean, const double* scale,
                             const double* action_scale);

// Scale (nx) of the input normalisation.
const double* irl_cost_scale(const irl_cost* cost);

// Parameters θ as one array of floats, in the order of irl_cost_tensors.
int irl_cost_nparam(const irl_cost* cost);
float* irl_cost_params(irl_cost* cost);

// Rows of data that a cost is evaluated on, and the activations kept for the backward pass.
// Rows are worked on in fixed blocks that the pool's threads share out; sums over blocks run in
// block order, so results do not depend on the number of threads.
typedef struct irl_cost_rows irl_cost_rows;
IRL_NODISCARD irl_err irl_cost_rows_create(irl_cost_rows** rows, const irl_cost* cost,
                                           int capacity);
void irl_cost_rows_destroy(irl_cost_rows* rows);

// Sets the number of rows in use (<= capacity) and returns it for filling through
// irl_cost_rows_set.
void irl_cost_rows_resize(irl_cost_rows* rows, int nrows);
void irl_cost_rows_set(irl_cost_rows* rows, const irl_cost* cost, int first, int n, const double* x,
                       const double* u);  // x (n, nx), u (n, nu): normalised and stored as float

// c (nrows): costs of all rows; keeps activations for backward.
void irl_cost_forward(const irl_cost* cost, irl_cost_rows* rows, irl_pool* pool, float* c);

// gradient (nparam) = Σ_r weight_r ∂c_r/∂θ, with the activations of the last forward pass.
void irl_cost_backward(const irl_cost* cost, irl_cost_rows* rows, irl_pool* pool,
                       const float* weight, float* gradient);

// Costs of n points in double precision from the float parameters, for evaluation and drawing:
// x (n, nx), u (n, nu), c (n). Takes its work memory from the heap; c is NAN when there is none.
void irl_cost_eval(const irl_cost* cost, int n, const double* x, const double* u, double* c);

// The same at one point without allocation; work: irl_cost_work_size doubles.
double irl_cost_value(const irl_cost* cost, const double* x, const double* u, double* work);

// Second-order expansion at one point y = [x; u], in double: value, gradient (n) and positive
// semidefinite Hessian (n, n), n = nx + nu, in the units of x and u. `quadratic`: Gauss-Newton;
// `network`: the exact Hessian in x̂ with its negative eigenvalues set to 0. work:
// irl_cost_work_size doubles.
int irl_cost_work_size(const irl_cost* cost);
double irl_cost_expand(const irl_cost* cost, const double* x, const double* u, double* gradient,
                       double* hessian, double* work);

// The same for all rows at once, forward pass included: value (nrows), gradient (nrows, n),
// hessian (nrows, n, n). `quadratic` works with Jacobians in float (relative error about 1e-6 of
// the entries' scale) and multiplies them in double; `network` is irl_cost_expand on each row.
void irl_cost_expand_rows(const irl_cost* cost, irl_cost_rows* rows, irl_pool* pool, double* value,
                          double* gradient, double* hessian);

// Adam (Kingma and Ba 2015), its moments held by the caller: m, v (nparam), step counts from 1. A
// gradient that is not finite changes nothing.
typedef struct irl_adam {
  double rate, beta1, beta2, epsilon;
  double weight_decay;  // decoupled, per step relative to rate
  double max_norm;      // gradient is scaled down to this norm; INFINITY: never
} irl_adam;
irl_adam irl_adam_defaults(void);
void irl_adam_step(const irl_adam* adam, int n, int step, const float* gradient, float* m, float* v,
                   float* params);

// All arrays of a cost, pointers borrowed; returns the count, at most IRL_COST_MAX_TENSORS:
//   layers.L.weight (width, inputs), layers.L.bias (width), A (outputs, features), b (outputs),
//   omega (nu) in float; x_mean (nx), x_scale (nx), u_scale (nu) in double.
enum { IRL_COST_MAX_TENSORS = 2 * IRL_COST_MAX_DEPTH + 8 };
int irl_cost_tensors(const irl_cost* cost, irl_tensor out[IRL_COST_MAX_TENSORS]);

IRL_NODISCARD irl_err irl_cost_save(const irl_cost* cost, const char* path, irl_errinfo* info);
IRL_NODISCARD irl_err irl_cost_load(irl_cost** cost, const char* path, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_COST_H_
