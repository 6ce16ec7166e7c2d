#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "irl/reward_expand_internal.h"

static int max_dim(const irl_task* task) {
  const irl_task_info* info = irl_task_get(task);
  return (info->nz > info->nu ? info->nz : info->nu) + 1;
}

irl_err irl_reward_expansion_init(irl_reward_expansion* e, const irl_task* task,
                                  double temperature) {
  const irl_task_info* info = irl_task_get(task);
  int n = info->nx + info->nu, m = max_dim(task);
  e->task = task;
  e->temperature = temperature;
  e->work = IRL_NEW(double, n + n * n + n + m + m * m + m * n);
  return e->work == NULL ? IRL_ENOMEM : IRL_OK;
}

void irl_reward_expansion_fini(irl_reward_expansion* e) {
  irl_free(e->work);
  memset(e, 0, sizeof *e);
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
static double expand_step(const irl_reward_expansion* e, const irl_batch* batch, int i, int t,
                          const irl_dynamics* dyn, double* g, double* H, double* scratch) {
  const irl_task_info* info = irl_task_get(e->task);
  const irl_reward_term* terms = irl_task_terms(e->task);
  int n = info->nx + info->nu, m = max_dim(e->task);
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

void irl_reward_expand(const irl_batch* batch, const int* index, int n, const irl_dynamics* dyn,
                       irl_quadratic* out, void* arg) {
  const irl_reward_expansion* e = arg;
  int nx = batch->nx, nu = batch->nu, ny = nx + nu;
  double *y = e->work, *g = y + ny, *H = g + ny, *scratch = H + ny * ny;
  double weight = 1.0 / (e->temperature * n);
  irl_quadratic_zero(out);
  for (int t = 0; t < batch->horizon; t++) {
    for (int j = 0; j < n; j++) {
      int i = index[j];
      memcpy(y, irl_batch_x(batch, i, t), sizeof(double) * (size_t)nx);
      memcpy(y + nx, irl_batch_u(batch, i, t), sizeof(double) * (size_t)nu);
      double value = expand_step(e, batch, i, t, dyn, g, H, scratch);
      irl_quadratic_add(out, t, weight, y, value, g, H);
    }
  }
}
