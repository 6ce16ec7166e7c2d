// Expansions of many rows at once. Tangents and Jacobians are in float, by one GEMM a layer over
// (row, input) pairs; products of Jacobians are summed in double, so that a Hessian is positive
// semidefinite to double rounding and agrees with irl_cost_expand to float precision.
#include <cblas.h>
#include <stddef.h>
#include <string.h>

#include "base/linalg.h"
#include "irl/cost_internal.h"

// W_0ᵀ (ninput, width)
static void transpose_first(const irl_cost* cost, float* wt) {
  const float* w = cost->params + cost->weight_at[0];
  for (int k = 0; k < cost->config.width; k++) {
    for (int i = 0; i < cost->ninput; i++) {
      wt[i * cost->config.width + k] = w[k * cost->ninput + i];
    }
  }
}

// T_0 (n, ni, width): row (r, i) is ∂h_0/∂z_i = W_0[:, i] a'(z), slope (n, width) the derivatives.
static void first_tangent(const float* restrict wt, const float* restrict slope, int n, int ni,
                          int width, float* restrict t) {
  for (int r = 0; r < n; r++) {
    for (int i = 0; i < ni; i++) {
      for (int k = 0; k < width; k++) {
        t[((long)r * ni + i) * width + k] = wt[(long)i * width + k] * slope[(long)r * width + k];
      }
    }
  }
}

// T (n, ni, width) times the slopes of its row.
static void scale_tangent(const float* restrict slope, int n, int ni, int width,
                          float* restrict t) {
  for (int r = 0; r < n; r++) {
    for (int i = 0; i < ni; i++) {
      for (int k = 0; k < width; k++) {
        t[((long)r * ni + i) * width + k] *= slope[(long)r * width + k];
      }
    }
  }
}

// out (n) = a'(z) by h = a(z).
static void slopes_of(irl_activation activation, const float* h, long n, float* out) {
  for (long i = 0; i < n; i++) {
    out[i] = 1;
  }
  irl_cost_slopes(activation, out, h, n);
}

// Row (r, i) of J begins as column i of A's identity part.
static void first_jacobian(const irl_cost* cost, int n, float* jac) {
  const float* a = cost->params + cost->a_at;
  const int ni = cost->ninput, outputs = cost->outputs;
  for (long r = 0; r < n; r++) {
    for (int i = 0; i < ni; i++) {
      for (int o = 0; o < outputs; o++) {
        jac[(r * ni + i) * outputs + o] =
            cost->config.identity ? a[(long)o * cost->features + i] : 0;
      }
    }
  }
}

// s->j (n, ni, O) = ∂y/∂z of rows first to first + n, after their forward pass.
static void jacobians(const irl_cost* cost, const irl_cost_rows* rows, irl_cost_lane* s, int first,
                      int n) {
  const int ni = cost->ninput, width = cost->config.width, depth = cost->config.depth;
  int now = 0;
  first_jacobian(cost, n, s->j);
  for (int l = 0; l < depth; l++) {
    float* slope = s->dh[0];
    slopes_of(cost->config.activation, rows->h[l] + (long)first * width, (long)n * width, slope);
    if (l == 0) {
      first_tangent(s->wt, slope, n, ni, width, s->t[0]);
      continue;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n * ni, width, width, 1, s->t[now], width,
                cost->params + cost->weight_at[l], width, 0, s->t[1 - now], width);
    now = 1 - now;
    scale_tangent(slope, n, ni, width, s->t[now]);
  }
  if (depth > 0) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n * ni, cost->outputs, width, 1, s->t[now],
                width, cost->params + cost->a_at + cost->hidden_at, cost->features, 1, s->j,
                cost->outputs);
  }
}

// ∇ = Jᵀy, H = JᵀJ and the value of one row, in the units of x and u; jac (ninput, O).
static void finish_row(const irl_cost_pass* p, irl_cost_lane* s, long row, const float* jac) {
  const irl_cost* cost = p->cost;
  const int nx = cost->nx, nu = cost->nu, n = nx + nu, ni = cost->ninput, outputs = cost->outputs;
  const float* y32 = p->rows->y + row * outputs;
  double *uhat = s->work + nx, *weight = uhat + nu, *y = weight + nu;
  double *j = y + outputs, *dense = j + outputs * ni;
  double norm2 = 0;
  for (int o = 0; o < outputs; o++) {
    y[o] = (double)y32[o];
    norm2 += y[o] * y[o];
  }
  for (int i = 0; i < ni; i++) {
    double per_unit = 1 / cost->scale[i];
    for (int o = 0; o < outputs; o++) {
      j[o * ni + i] = per_unit * (double)jac[i * outputs + o];
    }
  }
  double* hessian = p->hessian + row * n * n;
  memset(p->gradient + row * n, 0, (size_t)n * sizeof *p->gradient);
  irl_mat_vec_t(p->gradient + row * n, j, y, outputs, ni);
  irl_mat_mul_tn(dense, j, j, ni, outputs, ni);
  memset(hessian, 0, (size_t)n * (size_t)n * sizeof *hessian);
  for (int i = 0; i < ni; i++) {
    memcpy(hessian + i * n, dense + i * ni, (size_t)ni * sizeof *hessian);
  }
  for (int k = 0; k < nu; k++) {
    uhat[k] = (double)p->rows->u[row * nu + k];
  }
  p->value[row] =
      0.5 * norm2 + irl_cost_expand_action(cost, weight, uhat, p->gradient + row * n, hessian);
}

// A block's rows are taken in chunks whose tangents stay in the second-level cache.
static void quadratic_block(const irl_cost_pass* p, irl_cost_lane* s, int block, int first, int n) {
  const irl_cost* cost = p->cost;
  irl_cost_action_weights(cost, s->work + cost->nx + cost->nu);
  irl_cost_forward_block(p, s, block, first, n);
  if (cost->config.depth > 0) {
    transpose_first(cost, s->wt);
  }
  for (int done = 0; done < n; done += p->rows->chunk) {
    int m = n - done < p->rows->chunk ? n - done : p->rows->chunk;
    jacobians(cost, p->rows, s, first + done, m);
    for (int r = 0; r < m; r++) {
      finish_row(p, s, first + done + r, s->j + (long)r * cost->ninput * cost->outputs);
    }
  }
}

// The general network's Hessian needs every layer's tangents and an eigendecomposition a row: in
// double, point by point.
static void network_block(const irl_cost_pass* p, irl_cost_lane* s, int block, int first, int n) {
  (void)block;
  const int nx = p->cost->nx, nu = p->cost->nu, size = nx + nu;
  double *xhat = s->work, *uhat = xhat + nx;
  for (long row = first; row < first + n; row++) {
    for (int i = 0; i < nx; i++) {
      xhat[i] = (double)p->rows->x[row * p->cost->ninput + i];
    }
    for (int j = 0; j < nu; j++) {
      uhat[j] = (double)p->rows->u[row * nu + j];
    }
    p->value[row] = irl_cost_expand_normalized(p->cost, p->gradient + row * size,
                                               p->hessian + row * size * size, s->work);
  }
}

void irl_cost_expand_rows(const irl_cost* cost, irl_cost_rows* rows, irl_pool* pool, double* value,
                          double* gradient, double* hessian) {
  irl_cost_pass pass = {
      .cost = cost, .rows = rows, .value = value, .gradient = gradient, .hessian = hessian};
  pass.block = cost->config.kind == IRL_COST_QUADRATIC ? quadratic_block : network_block;
  irl_cost_run_pass(&pass, pool);
}
