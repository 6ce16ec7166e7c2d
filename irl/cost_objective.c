#include <string.h>

#include "irl/objective_internal.h"

static void expand(const void* arg, const irl_batch* batch, const int* index, int n,
                   const irl_dynamics* dyn, irl_quadratic* out, double* work) {
  (void)dyn;
  int nx = batch->nx, nu = batch->nu, ny = nx + nu;
  double *y = work, *g = y + ny, *H = g + ny, *scratch = H + ny * ny;
  irl_quadratic_zero(out);
  for (int t = 0; t < batch->horizon; t++) {
    for (int j = 0; j < n; j++) {
      memcpy(y, irl_batch_x(batch, index[j], t), sizeof(double) * (size_t)nx);
      memcpy(y + nx, irl_batch_u(batch, index[j], t), sizeof(double) * (size_t)nu);
      double value = irl_cost_expand(arg, y, y + nx, g, H, scratch);
      irl_quadratic_add(out, t, 1.0 / n, y, value, g, H);
    }
  }
}

static double path_cost(const void* arg, const irl_batch* batch, int i) {
  double sum = 0.0;
  for (int t = 0; t < batch->length[i]; t++) {
    double c;
    irl_cost_eval(arg, 1, irl_batch_x(batch, i, t), irl_batch_u(batch, i, t), &c);
    sum += c;
  }
  return sum;
}

irl_objective irl_cost_objective(const irl_cost* cost, int nx, int nu) {
  int n = nx + nu;
  return (irl_objective){.expand = expand,
                         .path_cost = path_cost,
                         .arg = cost,
                         .work_size = 2 * n + n * n + irl_cost_work_size(cost)};
}
