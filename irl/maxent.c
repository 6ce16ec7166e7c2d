// Maximum entropy in closed form: the loss mean_demo c + log Z and its gradient by the
// linear-quadratic model of each condition, without samples or weights.
//
// Where the dynamics are linear and c is quadratic the backward pass gives log Z and the controller
// of p_θ, its forward pass the Gaussian marginals of (x_t, u_t), and E_{p_θ}[∂c/∂θ], the
// expectation of a quadratic function, is the mean over the 2n points μ ± √n L_i of a cubature of
// third degree (Σ = L Lᵀ). Elsewhere it is the Laplace approximation, as in Levine and Koltun 2012,
// about the model's own mean path and in the dynamics fitted to the newest trajectories.
#include <math.h>
#include <string.h>

#include "base/linalg.h"
#include "irl/learner_internal.h"

// Expands the cost at the model's mean path, y_t of the last forward pass.
static void expand_mean(irl_learner* l, irl_sampler* s, double* work) {
  int nx = s->nx, n = nx + s->nu;
  double *y = work, *g = y + n, *H = g + n, *scratch = H + n * n;
  irl_quadratic_zero(&s->cost);
  for (int t = 0; t < s->horizon; t++) {
    memcpy(y, irl_lqr_mean(s->lqr) + (long)t * n, sizeof(double) * (size_t)n);
    double value = irl_cost_expand(l->cost, y, y + nx, g, H, scratch);
    irl_quadratic_add(&s->cost, t, 1.0, y, value, g, H);
  }
}

// p_θ of the present cost in the fitted dynamics: controller, log Z, marginals (in the lqr).
static void solve_piece(int k, int thread, void* arg) {
  (void)thread;
  irl_learner* l = arg;
  irl_sampler* s = irl_learner_sampler(l, k);
  expand_mean(l, s, l->model_work + (long)k * irl_maxent_work(l));
  irl_err err = irl_lqr_backward(s->lqr, &s->dyn, &s->cost, NULL, 0.0, 1.0, &l->model[k]);
  l->log_z_model[k] = err == IRL_OK ? irl_lqr_log_z(s->lqr, &s->dyn, NULL) : NAN;
  if (err == IRL_OK) {
    irl_lqr_forward(s->lqr, &s->dyn, &l->model[k]);
  }
}

// L Lᵀ = Σ + a trifle, for marginals are singular where the start is fixed.
static bool factor(double* L, double* cov, const double* from, int n) {
  double trace = 0.0;
  memcpy(cov, from, sizeof(double) * (size_t)(n * n));
  for (int i = 0; i < n; i++) {
    trace += cov[i * n + i];
  }
  for (int i = 0; i < n; i++) {
    cov[i * n + i] += 1e-12 * trace + 1e-300;
  }
  return irl_cholesky(L, cov, n);
}

// The cubature's points of condition k, T × 2n rows from `row` on. False: no marginals.
static bool set_points(irl_learner* l, int k, int row) {
  const irl_sampler* s = irl_learner_sampler(l, k);
  int nx = s->nx, n = nx + s->nu;
  double *L = l->model_work, *cov = L + n * n, *y = cov + n * n;
  for (int t = 0; t < s->horizon; t++) {
    const double* mean = irl_lqr_mean(s->lqr) + (long)t * n;
    if (!factor(L, cov, irl_lqr_cov(s->lqr) + (long)t * n * n, n)) {
      return false;
    }
    for (int p = 0; p < 2 * n; p++, row++) {
      double reach = p < n ? sqrt(n) : -sqrt(n);
      for (int i = 0; i < n; i++) {
        y[i] = mean[i] + reach * L[i * n + p % n];
      }
      irl_cost_rows_set(l->rows, l->cost, row, 1, y, y + nx);
    }
  }
  return true;
}

// The picked trajectories and probes keep their rows: demonstrations have the loss's weight, the
// others none of their own, for they are there for the penalties alone. Returns the next row.
static int weigh_picked(irl_learner* l) {
  int T = l->info->horizon, row = 0;
  for (int k = 0; k < l->nc; k++) {
    int ndemo = l->store[k].ndemo;
    float weight = (float)(1.0 / (ndemo * l->nc));
    for (int r = 0; r < l->npick[k] * T; r++) {
      l->row_weight[row++] = r < ndemo * T ? weight : 0.0f;
    }
  }
  memset(l->row_weight + row, 0, sizeof(float) * 2 * (size_t)l->nprobe);
  return row + 2 * l->nprobe;
}

// Behind the picked trajectories' rows the model's points, with their weights. False when a
// condition has no model.
static bool set_rows(irl_learner* l) {
  int points = l->info->horizon * irl_maxent_points(l), row = weigh_picked(l);
  irl_cost_rows_resize(l->rows, row + l->nc * points);
  for (int k = 0; k < l->nc; k++) {
    if (!isfinite(l->log_z_model[k]) || !set_points(l, k, row)) {
      return false;
    }
    for (int p = 0; p < points; p++) {
      l->row_weight[row++] = (float)(-1.0 / (irl_maxent_points(l) * l->nc));
    }
  }
  return true;
}

int irl_maxent_work(const irl_learner* l) {
  int n = l->info->nx + l->info->nu;
  return 2 * n + n * n +
         (n * n > irl_cost_work_size(l->cost) ? n * n : irl_cost_work_size(l->cost));
}

int irl_maxent_points(const irl_learner* l) {
  return 2 * (l->info->nx + l->info->nu);
}

// mean_demo c + log Z, mean over the conditions.
static double loss_of_rows(const irl_learner* l) {
  double loss = 0.0;
  int T = l->info->horizon, row = 0;
  for (int k = 0; k < l->nc; row += l->npick[k++] * T) {
    for (int r = row; r < row + l->store[k].ndemo * T; r++) {
      loss += (double)l->row_weight[r] * (double)l->row_cost[r];
    }
    loss += l->log_z_model[k] / l->nc;
  }
  return loss;
}

double irl_maxent_gradient(irl_learner* l) {
  irl_pool_run(l->pool, l->nc, solve_piece, l);
  if (!set_rows(l)) {
    return NAN;
  }
  irl_cost_forward(l->cost, l->rows, l->pool, l->row_cost);
  double loss = loss_of_rows(l);
  (void)irl_learner_regularise(l);
  irl_cost_backward(l->cost, l->rows, l->pool, l->row_weight, l->gradient);
  return loss;
}

void irl_learner_learn_closed(irl_learner* l, const irl_adam* adam) {
  irl_learner_fit_models(l);
  for (int k = 0; k < l->nc; k++) {
    irl_sampler* s = irl_learner_sampler(l, k);
    irl_lqr_forward(s->lqr, &s->dyn, &s->policy);
  }
  for (int step = 0; step < l->config.cost_steps; step++) {
    if (step % IRL_STEPS_PER_PICK == 0) {
      irl_learner_pick(l, IRL_PICK_RANDOM, (uint64_t)(step / IRL_STEPS_PER_PICK));
    }
    if (!isfinite(irl_maxent_gradient(l))) {
      return;
    }
    irl_adam_step(adam, irl_cost_nparam(l->cost), ++l->adam_step, l->gradient, l->adam_m, l->adam_v,
                  irl_cost_params(l->cost));
  }
}
