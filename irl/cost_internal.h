// What the files of the neural cost share.
#ifndef MJIRL_IRL_COST_INTERNAL_H_
#define MJIRL_IRL_COST_INTERNAL_H_

#include <math.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "irl/cost.h"

struct irl_cost {
  irl_cost_config config;
  int nx;
  int nu;
  int ninput;     // entries of z, what the features read: x̂, or x̂ and û
  int outputs;    // O: rows of A, 1 for `network`
  int features;   // F: columns of A, (identity ? ninput : 0) + (depth > 0 ? width : 0)
  int hidden_at;  // first column of A that belongs to h

  double* mean;          // of x                    (nx)
  double* scale;         // of x, > 0               (nx)
  double* action_scale;  // of u, > 0               (nu)

  // θ and the places of its parts within it.
  float* params;  // (nparam)
  int nparam;
  int weight_at[IRL_COST_MAX_DEPTH];  // W_l (width, inputs of layer l)
  int bias_at[IRL_COST_MAX_DEPTH];    // b_l (width)
  int a_at;                           // A (outputs, features)
  int b_at;                           // b (outputs)
  int omega_at;                       // ω (nu)
};

// Inputs of hidden layer l.
static inline int irl_cost_inputs(const irl_cost* cost, int layer) {
  return layer == 0 ? cost->ninput : cost->config.width;
}

// w_j = w_min + softplus(ω_j) and its derivative σ(ω_j).
double irl_cost_action_weight(const irl_cost* cost, int j);
double irl_cost_action_slope(const irl_cost* cost, int j);

// All w_j (nu).
void irl_cost_action_weights(const irl_cost* cost, double* weight);

// Derivative of the activation and its second one, both by the value h = a(z).
static inline double irl_cost_slope(irl_activation activation, double h) {
  switch (activation) {
    case IRL_RELU:
      return h > 0 ? 1 : 0;
    case IRL_SOFTPLUS:
      return -expm1(-h);
    case IRL_TANH:
      break;
  }
  return 1 - h * h;
}

static inline double irl_cost_curvature(irl_activation activation, double h) {
  switch (activation) {
    case IRL_RELU:
      return 0;
    case IRL_SOFTPLUS:
      return -expm1(-h) * exp(-h);
    case IRL_TANH:
      break;
  }
  return -2 * h * (1 - h * h);
}

// g *= a'(z) by h = a(z), on n floats.
void irl_cost_slopes(irl_activation activation, float* g, const float* h, long n);

// Hidden layers (depth, width) that the last irl_cost_value left in its work.
const double* irl_cost_value_hidden(const irl_cost* cost, double* work);

// irl_cost_expand at a normalised point: work begins with x̂ (nx) and û (nu), filled in by the
// caller, and room for the action weights (nu).
double irl_cost_expand_normalized(const irl_cost* cost, double* gradient, double* hessian,
                                  double* work);

// Adds the action penalty's part of an expansion, in the units of u; returns the penalty. weight
// (nu).
double irl_cost_expand_action(const irl_cost* cost, const double* weight, const double* uhat,
                              double* gradient, double* hessian);

//---------------------------------- Rows ----------------------------------------------------------

enum {
  IRL_COST_BLOCK = 512,            // rows; fixed, for results are summed block by block
  IRL_COST_MAX_LANES = 64,         // threads that work at once
  IRL_COST_TANGENT_FLOATS = 16384  // size of a tangent array in the batched expansion
};

// Scratch memory of one thread at work; which one a block gets does not matter.
typedef struct irl_cost_lane {
  float* dy;     // ∂/∂y                                 (BLOCK, O)
  float* dh[2];  // ∂/∂h of two layers in turn           (BLOCK, width)
  float* wt;     // W_0ᵀ                                 (ninput, width)
  float* t[2];   // tangents of two layers in turn       (chunk, ninput, width)
  float* j;      // ∂y/∂z                                 (chunk, ninput, O)
  double* work;  // irl_cost_work_size doubles
} irl_cost_lane;

struct irl_cost_rows {
  int capacity;
  int nrows;
  int nlane;
  int chunk;                     // rows of a tangent array
  float* x;                      // z: x̂, or [x̂; û] (capacity, ninput)
  float* u;                      // û = u/scale    (capacity, nu)
  float* h[IRL_COST_MAX_DEPTH];  // hidden layers  (capacity, width)
  float* y;                      // A f + b        (capacity, O)
  float* gradient;               // of each block  (blocks, nparam)
  float* action_weight;          // w              (nu)
  irl_cost_lane lanes[IRL_COST_MAX_LANES];
  irl_arena arena;
};

static inline int irl_cost_blocks(int nrows) {
  return (nrows + IRL_COST_BLOCK - 1) / IRL_COST_BLOCK;
}

// One pass over all rows: `block` is called for each block, from the threads of a pool.
typedef struct irl_cost_pass {
  const irl_cost* cost;
  irl_cost_rows* rows;
  void (*block)(const struct irl_cost_pass* pass, irl_cost_lane* lane, int block, int first, int n);
  atomic_int next;      // block to be taken
  float* c;             // (nrows)
  const float* weight;  // (nrows)
  double* value;        // (nrows)
  double* gradient;     // (nrows, nx+nu)
  double* hessian;      // (nrows, nx+nu, nx+nu)
} irl_cost_pass;

void irl_cost_run_pass(irl_cost_pass* pass, irl_pool* pool);

// The forward pass of one block, as a pass's `block`; c may be NULL.
void irl_cost_forward_block(const irl_cost_pass* pass, irl_cost_lane* lane, int block, int first,
                            int n);

#endif  // MJIRL_IRL_COST_INTERNAL_H_
