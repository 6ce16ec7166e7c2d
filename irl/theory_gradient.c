// Fact 2 with respect to the network's parameters.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "base/random.h"
#include "irl/cost_internal.h"
#include "irl/partition.h"
#include "irl/theory.h"

enum { DIRECTIONS = 8 };

static const double LOGIT_STEP = 1e-2;  // how far a step in θ may move a logit

// First size of a step. Where a unit has a kink, few rows should cross one.
static const double SMOOTH_STEP = 1e-3, KINKED_STEP = 1e-5;

// Memory and parts of one check.
typedef struct check {
  const irl_cost* cost;
  const irl_theory_batch* batch;
  irl_cost* moved;      // a copy of the cost whose θ is moved about
  irl_cost_rows* rows;  // all steps of all trajectories
  irl_arena arena;
  int npath;  // np + nq
  int nparam;
  bool kinked;          // units that are not smooth
  double log_z;         // fact 1's root
  double* path_cost;    // (npath)
  double* path_weight;  // ∂loss/∂c                 (npath)
  double* moved_cost;   // (npath)
  double* logw;         // (npath)
  double* work;         // irl_cost_work_size
  float* float_cost;    // (npath T)
  float* row_weight;    // (npath T)
  uint64_t* piece;      // of a kinked network that the row lies on at θ, by its hash  (npath T)
  double* row_value;    // costs at θ                                    (npath T)
  bool* held;           // the row keeps that cost along the direction   (npath T)
  float* maxent;        // gradient                 (nparam)
  float* logistic;      // gradient                 (nparam)
  float* unheld;        // maxent of the rows not held   (nparam)
  float* theta;         // θ at first               (nparam)
  float* step;          // direction times its size (nparam)
} check;

//---------------------------------- Memory --------------------------------------------------------

static void check_fini(check* k) {
  irl_arena_fini(&k->arena);
  irl_cost_rows_destroy(k->rows);
  irl_cost_destroy(k->moved);
}

static irl_err place(check* k) {
  const size_t paths = (size_t)k->npath, params = (size_t)k->nparam;
  const size_t rows = paths * (size_t)k->batch->horizon;
  const size_t work = (size_t)irl_cost_work_size(k->cost);
  IRL_TRY(irl_arena_init(&k->arena, (4 * paths + work + rows) * sizeof(double) +
                                        (2 * rows + 5 * params) * sizeof(float) +
                                        rows * (sizeof(uint64_t) + sizeof(bool)) + 20 * 64));
  k->path_cost = IRL_ARENA_NEW(&k->arena, double, paths);
  k->path_weight = IRL_ARENA_NEW(&k->arena, double, paths);
  k->moved_cost = IRL_ARENA_NEW(&k->arena, double, paths);
  k->logw = IRL_ARENA_NEW(&k->arena, double, paths);
  k->work = IRL_ARENA_NEW(&k->arena, double, work);
  k->float_cost = IRL_ARENA_NEW(&k->arena, float, rows);
  k->row_weight = IRL_ARENA_NEW(&k->arena, float, rows);
  k->piece = IRL_ARENA_NEW(&k->arena, uint64_t, rows);
  k->row_value = IRL_ARENA_NEW(&k->arena, double, rows);
  k->held = IRL_ARENA_NEW(&k->arena, bool, rows);
  k->maxent = IRL_ARENA_NEW(&k->arena, float, params);
  k->logistic = IRL_ARENA_NEW(&k->arena, float, params);
  k->unheld = IRL_ARENA_NEW(&k->arena, float, params);
  k->theta = IRL_ARENA_NEW(&k->arena, float, params);
  k->step = IRL_ARENA_NEW(&k->arena, float, params);
  return IRL_OK;
}

static irl_err check_init(check* k, const irl_cost* cost, const irl_theory_batch* batch) {
  *k = (check){.cost = cost, .batch = batch, .npath = batch->np + batch->nq};
  const int rows = k->npath * batch->horizon;
  k->nparam = irl_cost_nparam(cost);
  k->kinked = cost->config.activation == IRL_RELU && cost->config.depth > 0;
  IRL_TRY(irl_cost_clone(&k->moved, cost));
  IRL_TRY(irl_cost_rows_create(&k->rows, cost, rows));
  IRL_TRY(place(k));
  memcpy(k->theta, irl_cost_params(k->moved), (size_t)k->nparam * sizeof *k->theta);
  irl_cost_rows_resize(k->rows, rows);
  irl_cost_rows_set(k->rows, cost, 0, rows, batch->x, batch->u);
  return IRL_OK;
}

//---------------------------------- Losses --------------------------------------------------------

// c of one row, in double from θ as it stands in `cost`.
static double row_cost(check* k, const irl_cost* cost, long row) {
  const irl_theory_batch* b = k->batch;
  return irl_cost_value(cost, b->x + row * cost->nx, b->u + row * cost->nu, k->work);
}

// c(τ) of every trajectory; rows that are held have the cost that they have at the first θ.
static void path_costs(check* k, const irl_cost* cost, double* out) {
  const long horizon = k->batch->horizon;
  for (long i = 0; i < k->npath; i++) {
    out[i] = 0;
    for (long row = i * horizon; row < (i + 1) * horizon; row++) {
      out[i] += k->held[row] ? k->row_value[row] : row_cost(k, cost, row);
    }
  }
}

// −mean_p log D − mean_q log(1−D)
static double logistic_loss(const irl_theory_batch* b, const double* cost, double log_z) {
  double p = 0, q = 0;
  for (int i = 0; i < b->np + b->nq; i++) {
    double s = irl_discriminator_logit(cost[i], b->logq[i], log_z);
    *(i < b->np ? &p : &q) -= irl_log_sigmoid(i < b->np ? s : -s);
  }
  return p / b->np + q / b->nq;
}

// Its weights on the costs: σ(−s)/N_p for a demonstration, −σ(s)/N_q for a sample.
static void logistic_weights(check* k, double log_z) {
  const irl_theory_batch* b = k->batch;
  for (int i = 0; i < k->npath; i++) {
    double s = irl_discriminator_logit(k->path_cost[i], b->logq[i], log_z);
    k->path_weight[i] =
        i < b->np ? exp(irl_log_sigmoid(-s)) / b->np : -exp(irl_log_sigmoid(s)) / b->nq;
  }
}

// The MaxEnt loss's weights: 1/N_p for a demonstration, less the self-normalised importance weight
// w ∝ e^{−c}/μ̃ over 2 N_p or 2 N_q.
static void maxent_weights(check* k, irl_facts_mutant mutant) {
  const irl_theory_batch* b = k->batch;
  for (int i = 0; i < k->npath; i++) {
    double parts[2] = {-k->path_cost[i] - k->log_z - log(2), b->logq[i] - log(2)};
    double log_mu = mutant == IRL_FACTS_Q_FOR_MIXTURE ? b->logq[i] : irl_logsumexp(parts, 2);
    k->logw[i] = -k->path_cost[i] - log_mu - log(2.0 * (i < b->np ? b->np : b->nq));
  }
  (void)irl_importance(k->logw, k->npath, k->path_weight);
  for (int i = 0; i < k->npath; i++) {
    double through = 1;
    if (mutant == IRL_FACTS_THROUGH_WEIGHTS) {
      // the sampler's share of μ̃: ∂ log(e^{−c}/μ̃)/∂c when μ̃ is not held constant
      through = exp(irl_log_sigmoid(k->path_cost[i] + b->logq[i] + k->log_z));
    }
    k->path_weight[i] = (i < b->np ? 1.0 / b->np : 0) - through * k->path_weight[i];
  }
}

// Gradient in θ from path_weight, through the network.
static void gradient(check* k, irl_pool* pool, float* out) {
  const int horizon = k->batch->horizon;
  for (int i = 0; i < k->npath * horizon; i++) {
    k->row_weight[i] = k->held[i] ? 0 : (float)k->path_weight[i / horizon];
  }
  irl_cost_backward(k->cost, k->rows, pool, k->row_weight, out);
}

//---------------------------------- Numerical derivative ------------------------------------------

// A parameter that has no gradient by decree: the action penalty where it is fixed.
static bool is_fixed(const irl_cost* cost, int i) {
  return cost->config.penalty == IRL_PENALTY_FIXED && i >= cost->omega_at &&
         i < cost->omega_at + cost->nu;
}

// A random direction of the given size, rounded so that θ ± step and θ ± 2 step are floats without
// further rounding; entries for which that fails stay 0.
static void draw_step(check* k, irl_rng* rng, double size) {
  for (int i = 0; i < k->nparam; i++) {
    const float theta = k->theta[i], most = 2 * fabsf(theta);
    const float spacing = nextafterf(most, INFINITY) - most;
    float step = (float)(size * irl_rng_normal(rng));
    step = spacing > 0 && theta != 0 ? spacing * nearbyintf(step / spacing) : step;
    volatile float two_up = theta + 2 * step, two_down = theta - 2 * step;
    volatile float up = theta + step, down = theta - step;
    bool exact = two_up - theta == 2 * step && theta - two_down == 2 * step && up - theta == step &&
                 theta - down == step;
    k->step[i] = exact && !is_fixed(k->cost, i) ? step : 0;
  }
}

// θ + times · step
static void move(check* k, float times) {
  float* params = irl_cost_params(k->moved);
  for (int i = 0; i < k->nparam; i++) {
    params[i] = k->theta[i] + times * k->step[i];
  }
}

// The discriminator's loss at θ + times · step.
static double loss_at(check* k, float times, double log_z) {
  move(k, times);
  path_costs(k, k->moved, k->moved_cost);
  return logistic_loss(k->batch, k->moved_cost, log_z);
}

// Largest change of a logit along the step.
static double logit_change(check* k) {
  double most = 0;
  move(k, 1);
  path_costs(k, k->moved, k->moved_cost);
  for (int i = 0; i < k->npath; i++) {
    most = fmax(most, fabs(k->moved_cost[i] - k->path_cost[i]));
  }
  return most;
}

//---------------------------------- Kinks ---------------------------------------------------------

// Units of relu that turn on or off on the way give differences that no derivative has. On the
// piece of the network that θ lies on the loss is smooth, so rows that leave it along a step are
// held: their cost stays put, on both sides of the comparison.

// Which units the last row_cost found on, as a hash (FNV-1a).
static uint64_t piece(const check* k, const irl_cost* cost) {
  const double* h = irl_cost_value_hidden(cost, k->work);
  uint64_t hash = 14695981039346656037u;
  for (long i = 0; i < (long)cost->config.depth * cost->config.width; i++) {
    hash = (hash ^ (h[i] > 0 ? 1u : 0u)) * 1099511628211u;
  }
  return hash;
}

static void note_pieces(check* k) {
  for (long row = 0; k->kinked && row < (long)k->npath * k->batch->horizon; row++) {
    k->row_value[row] = row_cost(k, k->moved, row);
    k->piece[row] = piece(k, k->moved);
  }
}

// Holds the rows that are on another piece at one of the points that the derivative is taken from;
// returns how many.
static int hold_rows(check* k) {
  const float points[] = {-2, -1, 1, 2};
  int held = 0;
  for (int p = 0; p < 4; p++) {
    move(k, points[p]);
    for (long row = 0; row < (long)k->npath * k->batch->horizon; row++) {
      if (!k->held[row]) {
        (void)row_cost(k, k->moved, row);
        k->held[row] = piece(k, k->moved) != k->piece[row];
        held += k->held[row];
      }
    }
  }
  return held;
}

static void release(check* k) {
  memset(k->held, 0, (size_t)k->npath * (size_t)k->batch->horizon * sizeof *k->held);
}

// The MaxEnt gradient of the rows that stay on their piece, after holding the others.
static const float* hold_kinks(check* k, irl_pool* pool) {
  if (!k->kinked || hold_rows(k) == 0) {
    return k->maxent;
  }
  gradient(k, pool, k->unheld);
  return k->unheld;
}

//---------------------------------- Comparison ----------------------------------------------------

// The step of direction d. It moves no logit by much more than LOGIT_STEP.
static double choose_step(check* k, int d) {
  double size = k->kinked ? KINKED_STEP : SMOOTH_STEP;
  for (int trial = 0; trial < 2; trial++) {
    irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, (uint64_t)d);
    draw_step(k, &rng, size);
    double change = trial == 0 ? logit_change(k) : 0;
    size *= change > LOGIT_STEP ? LOGIT_STEP / change : 1;
  }
  return size;
}

// Relative error of the MaxEnt gradient against numerical derivatives along random directions v:
// E (vᵀe)² = ‖e‖², so that the ratio of root mean squares is that of the norms.
static double numerical_error(check* k, irl_pool* pool, double log_z) {
  double difference2 = 0, norm2 = 0;
  for (int d = 0; d < DIRECTIONS; d++) {
    const double size = choose_step(k, d);
    const float* g = hold_kinks(k, pool);
    double near = loss_at(k, 1, log_z) - loss_at(k, -1, log_z);
    double far = loss_at(k, 2, log_z) - loss_at(k, -2, log_z);
    double numerical = (8 * near - far) / 12, expected = 0;
    release(k);
    for (int i = 0; i < k->nparam; i++) {
      expected += (double)g[i] * (double)k->step[i];
    }
    // Directions of different sizes count alike.
    difference2 += (numerical - expected) * (numerical - expected) / (size * size);
    norm2 += numerical * numerical / (size * size);
  }
  return sqrt(difference2 / norm2);
}

//---------------------------------- The check -----------------------------------------------------

// ‖a − b‖/‖b‖
static double relative_difference(const float* a, const float* b, int n) {
  double difference2 = 0, norm2 = 0;
  for (int i = 0; i < n; i++) {
    double d = (double)a[i] - (double)b[i];
    difference2 += d * d;
    norm2 += (double)b[i] * (double)b[i];
  }
  return difference2 == 0 ? 0 : sqrt(difference2 / norm2);
}

irl_err irl_theory_check_gradient(const irl_cost* cost, const irl_theory_batch* b,
                                  irl_facts_mutant mutant, irl_pool* pool, double* error) {
  *error = (double)NAN;
  if (b->np < 1 || b->nq < 1 || b->horizon < 1) {
    return IRL_ERANGE;
  }
  check k;
  irl_err err = check_init(&k, cost, b);
  if (err == IRL_OK) {
    path_costs(&k, cost, k.path_cost);
    bool finite = irl_all_finite(k.path_cost, k.npath) && irl_all_finite(b->logq, k.npath);
    err = finite ? IRL_OK : IRL_ENUM;
  }
  if (err == IRL_OK) {
    k.log_z = irl_discriminator_log_z(k.path_cost, b->logq, b->np, k.path_cost + b->np,
                                      b->logq + b->np, b->nq, NULL);
    const double disc_log_z = mutant == IRL_FACTS_NO_LOG_Z ? 0 : k.log_z;
    irl_cost_forward(cost, k.rows, pool, k.float_cost);
    note_pieces(&k);
    logistic_weights(&k, disc_log_z);
    gradient(&k, pool, k.logistic);
    maxent_weights(&k, mutant);  // the last, for hold_kinks takes its gradient again
    gradient(&k, pool, k.maxent);
    const double numerical = numerical_error(&k, pool, disc_log_z);
    // fmax would pass over a NAN: no row was left to compare on
    *error = isnan(numerical)
                 ? numerical
                 : fmax(relative_difference(k.maxent, k.logistic, k.nparam), numerical);
  }
  check_fini(&k);
  return err;
}
