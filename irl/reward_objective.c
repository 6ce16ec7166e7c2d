#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "irl/objective_internal.h"

static int max_dim(const irl_task* task) {
  const irl_task_info* info = irl_task_get(task);
  return (info->nz > info->nu ? info->nz : info->nu) + 1;
}

// g += Jᵀ gr and H += Jᵀ Hr J for a residual with Jacobian J (d, n); scratch (d, n).
static void chain(double* g, double* H, const double* J, const double* gr, const double* Hr, int d,
                  int n, double* scratch) {
  for (int i = 0; i < d; i++) {
    irl_axpy(g, gr[i], J + i * n, n);
  }
  irl_mat_mul(scratch, Hr, J, d, d, n);
  for (int i = 0; i < d; i++) {
    for (int a = 0; a < n; a++) {
      irl_axpy(H + a * n, J[i * n + a], scratch + i * n, n);
    }
  }
}

// Residual of the action itself: its Jacobian is a unit block behind the observation.
static void chain_action(double* g, double* H, const irl_reward_term* term, const double* gr,
                         const double* Hr, int nx, int n) {
  int first = nx + term->offset;
  for (int i = 0; i < term->dim; i++) {
    g[first + i] += gr[i];
    irl_axpy(H + (first + i) * n + first, 1.0, Hr + i * term->dim, term->dim);
  }
}

// Cost −reward of one step as value, gradient g (n) and Hessian H (n, n), before the temperature.
static double expand_step(const irl_task* task, const irl_batch* batch, int i, int t,
                          const irl_dynamics* dyn, double* g, double* H, double* scratch) {
  const irl_task_info* info = irl_task_get(task);
  const irl_reward_term* terms = irl_task_terms(task);
  int n = info->nx + info->nu, m = max_dim(task);
  double *gr = scratch, *Hr = gr + m, *JH = Hr + m * m;
  double value = 0.0;
  memset(g, 0, sizeof(double) * (size_t)n);
  memset(H, 0, sizeof(double) * (size_t)(n * n));
  for (int k = 0; k < info->nterms; k++) {
    const irl_reward_term* term = &terms[k];
    const double* r = term->of_action ? irl_batch_u(batch, i, t) : irl_batch_z(batch, i, t);
    value += irl_reward_term_expand(term, r + term->offset, gr, Hr);
    if (term->of_action) {
      chain_action(g, H, term, gr, Hr, info->nx, n);
    } else if (term->dim > 0) {
      const double* J = dyn->Z + ((long)t * info->nz + term->offset) * n;
      chain(g, H, J, gr, Hr, term->dim, n, JH);
    }
  }
  return value;
}

static void expand(const void* arg, const irl_batch* batch, const int* index, int n,
                   const irl_dynamics* dyn, irl_quadratic* out, void* scratch_) {
  const irl_task* task = arg;
  int nx = batch->nx, nu = batch->nu, ny = nx + nu;
  double *y = scratch_, *g = y + ny, *H = g + ny, *scratch = H + ny * ny;
  double weight = 1.0 / (irl_task_get(task)->temperature * n);
  irl_quadratic_zero(out);
  for (int t = 0; t < batch->horizon; t++) {
    for (int j = 0; j < n; j++) {
      int i = index[j];
      memcpy(y, irl_batch_x(batch, i, t), sizeof(double) * (size_t)nx);
      memcpy(y + nx, irl_batch_u(batch, i, t), sizeof(double) * (size_t)nu);
      double value = expand_step(task, batch, i, t, dyn, g, H, scratch);
      irl_quadratic_add(out, t, weight, y, value, g, H);
    }
  }
}

static double path_cost(const void* arg, const irl_batch* batch, int i) {
  const irl_task* task = arg;
  return -irl_batch_return(batch, i) / irl_task_get(task)->temperature;
}

static irl_err scratch_create(const void* arg, void** scratch) {
  const irl_task_info* info = irl_task_get(arg);
  int n = info->nx + info->nu, m = max_dim(arg);
  *scratch = IRL_NEW(double, 2 * n + n * n + m + m * m + m * n);
  return *scratch == NULL ? IRL_ENOMEM : IRL_OK;
}

irl_objective irl_reward_objective(const irl_task* task) {
  return (irl_objective){.expand = expand,
                         .path_cost = path_cost,
                         .scratch_create = scratch_create,
                         .scratch_destroy = irl_free,
                         .arg = task};
}
