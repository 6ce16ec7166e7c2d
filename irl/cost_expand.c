// The cost in double precision at single points: value, gradient and positive semidefinite Hessian.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "irl/cost_internal.h"

// Working memory of one point, cut out of the caller's doubles.
typedef struct point {
  double* xhat;     //                              (nx)
  double* uhat;     //                              (nu)
  double* weight;   // w of the actions             (nu)
  double* h;        // hidden layers                (depth, width)
  double* adjoint;  // ∂c/∂h, `network` only        (depth, width)
  double* t[2];     // ∂h_l/∂z of two layers         (width, ninput)
  double* y;        // A f + b                      (O)
  double* j;        // ∂y/∂z                        (O, ninput)
  double* vectors;  // eigenvectors of the Hessian  (ninput, ninput)
  double* matrix;   // Hessian in z                 (ninput, ninput)
  double* weights;  // one layer's, as doubles      (widest layer)
} point;

// Units of a hidden layer, 0 when there is none.
static int layer_size(const irl_cost* cost) {
  return cost->config.depth > 0 ? cost->config.width : 0;
}

static int widest_layer(const irl_cost* cost) {
  int width = layer_size(cost), in = width > cost->ninput ? width : cost->ninput;
  return width * (in > cost->outputs ? in : cost->outputs);
}

int irl_cost_work_size(const irl_cost* cost) {
  int width = layer_size(cost), ni = cost->ninput;
  return cost->nx + 2 * cost->nu + 2 * cost->config.depth * width + 2 * width * ni +
         cost->outputs * (1 + ni) + 2 * ni * ni + widest_layer(cost);
}

// The parts lie one behind the other; irl_cost_work_size is their sum.
static point cut(const irl_cost* cost, double* work) {
  int width = layer_size(cost), ni = cost->ninput;
  point p;
  p.xhat = work;
  p.uhat = p.xhat + cost->nx;  // right behind x̂: z = [x̂; û] is in one piece
  p.weight = p.uhat + cost->nu;
  p.h = p.weight + cost->nu;
  p.adjoint = p.h + cost->config.depth * width;
  p.t[0] = p.adjoint + cost->config.depth * width;
  p.t[1] = p.t[0] + width * ni;
  p.y = p.t[1] + width * ni;
  p.j = p.y + cost->outputs;
  p.vectors = p.j + cost->outputs * ni;
  p.matrix = p.vectors + ni * ni;
  p.weights = p.matrix + ni * ni;
  return p;
}

//---------------------------------- Value ---------------------------------------------------------

// out (m) = bias + W v, W (m, n) with rows ld apart
static void affine(double* out, const float* w, int ld, const float* bias, const double* v, int m,
                   int n) {
  for (int i = 0; i < m; i++) {
    double sum = (double)bias[i];
    for (int k = 0; k < n; k++) {
      sum += (double)w[(long)i * ld + k] * v[k];
    }
    out[i] = sum;
  }
}

static double activate(irl_activation activation, double z) {
  switch (activation) {
    case IRL_RELU:
      return fmax(z, 0);
    case IRL_SOFTPLUS:
      return fmax(z, 0) + log1p(exp(-fabs(z)));
    case IRL_TANH:
      break;
  }
  return tanh(z);
}

// Hidden layers h (depth, width) and outputs y (O) at z, which is x̂ or [x̂; û].
static void evaluate(const irl_cost* cost, const double* xhat, double* h, double* y) {
  const float* params = cost->params;
  const int depth = cost->config.depth, width = cost->config.width;
  const double* in = xhat;
  for (int l = 0; l < depth; l++) {
    int inputs = irl_cost_inputs(cost, l);
    double* out = h + (long)l * width;
    affine(out, params + cost->weight_at[l], inputs, params + cost->bias_at[l], in, width, inputs);
    for (int k = 0; k < width; k++) {
      out[k] = activate(cost->config.activation, out[k]);
    }
    in = out;
  }
  const float* a = params + cost->a_at;
  int identity = cost->hidden_at;
  affine(y, a, cost->features, params + cost->b_at, xhat, cost->outputs, identity);
  for (int i = 0; depth > 0 && i < cost->outputs; i++) {
    for (int k = 0; k < width; k++) {
      y[i] += (double)a[(long)i * cost->features + identity + k] * in[k];
    }
  }
}

// The part of the cost that depends on x.
static double state_cost(const irl_cost* cost, const double* y) {
  if (cost->config.kind == IRL_COST_NETWORK) {
    return y[0];
  }
  double sum = 0;
  for (int i = 0; i < cost->outputs; i++) {
    sum += y[i] * y[i];
  }
  return 0.5 * sum;
}

void irl_cost_action_weights(const irl_cost* cost, double* weight) {
  for (int j = 0; j < cost->nu; j++) {
    weight[j] = irl_cost_action_weight(cost, j);
  }
}

// x̂ = (x − mean)/scale, û = u/scale
static void normalize(const irl_cost* cost, const double* x, const double* u, double* xhat,
                      double* uhat) {
  for (int i = 0; i < cost->nx; i++) {
    xhat[i] = (x[i] - cost->mean[i]) / cost->scale[i];
  }
  for (int j = 0; j < cost->nu; j++) {
    uhat[j] = u[j] / cost->action_scale[j];
  }
}

double irl_cost_value(const irl_cost* cost, const double* x, const double* u, double* work) {
  point p = cut(cost, work);
  normalize(cost, x, u, p.xhat, p.uhat);
  evaluate(cost, p.xhat, p.h, p.y);
  double actions = 0;
  for (int j = 0; j < cost->nu; j++) {
    actions += irl_cost_action_weight(cost, j) * p.uhat[j] * p.uhat[j];
  }
  return state_cost(cost, p.y) + 0.5 * actions;
}

const double* irl_cost_value_hidden(const irl_cost* cost, double* work) {
  return cut(cost, work).h;
}

void irl_cost_eval(const irl_cost* cost, int n, const double* x, const double* u, double* c) {
  double* work = IRL_NEW(double, irl_cost_work_size(cost));
  for (long r = 0; r < n; r++) {
    c[r] =
        work == NULL ? (double)NAN : irl_cost_value(cost, x + r * cost->nx, u + r * cost->nu, work);
  }
  irl_free(work);
}

//---------------------------------- Derivatives ---------------------------------------------------

// to (m, n) = from (m, n), whose rows are ld apart
static void widen(double* to, const float* from, int ld, int m, int n) {
  for (int i = 0; i < m; i++) {
    for (int k = 0; k < n; k++) {
      to[i * n + k] = (double)from[(long)i * ld + k];
    }
  }
}

// z (width, ninput) = ∂(W_l h_{l−1})/∂z, before the layer's activation.
static void tangent(const irl_cost* cost, const point* p, int layer, const double* below,
                    double* z) {
  const int width = cost->config.width, ni = cost->ninput;
  const float* w = cost->params + cost->weight_at[layer];
  if (layer == 0) {
    widen(z, w, ni, width, ni);
    return;
  }
  widen(p->weights, w, width, width, width);
  irl_mat_mul(z, p->weights, below, width, width, ni);
}

// Σ_k adjoint_k a''(z_k) ∇z_k ∇z_kᵀ, a layer's share of the Hessian of g: everything but the
// activation a is linear.
static void add_curvature(irl_activation activation, double* hessian, const double* adjoint,
                          const double* h, const double* z, int width, int ni) {
  for (int k = 0; k < width; k++) {
    double weight = adjoint[k] * irl_cost_curvature(activation, h[k]);
    for (int i = 0; i < ni; i++) {
      for (int j = 0; j < ni; j++) {
        hessian[i * ni + j] += weight * z[k * ni + i] * z[k * ni + j];
      }
    }
  }
}

// adjoint_l = ∂g/∂h_l for the scalar network, from the last layer down.
static void adjoints(const irl_cost* cost, const point* p) {
  const int width = cost->config.width, last = cost->config.depth - 1;
  for (int k = 0; k < width; k++) {
    p->adjoint[last * width + k] = (double)cost->params[cost->a_at + cost->hidden_at + k];
  }
  for (int l = last; l > 0; l--) {
    const float* w = cost->params + cost->weight_at[l];
    double *to = p->adjoint + (l - 1) * width, *from = p->adjoint + l * width;
    memset(to, 0, (size_t)width * sizeof *to);
    for (int k = 0; k < width; k++) {
      double d = from[k] * irl_cost_slope(cost->config.activation, p->h[l * width + k]);
      for (int m = 0; m < width; m++) {
        to[m] += d * (double)w[(long)k * width + m];
      }
    }
  }
}

// ∂h/∂z (width, ninput) of the last layer; the network's curvature goes into p->matrix on the way.
static const double* last_tangent(const irl_cost* cost, const point* p) {
  const int width = cost->config.width, ni = cost->ninput;
  const bool curved = cost->config.kind == IRL_COST_NETWORK;
  double *now = p->t[0], *below = p->t[1];
  for (int l = 0; l < cost->config.depth; l++) {
    const double* h = p->h + l * width;
    double* swap = now;
    now = below;
    below = swap;
    tangent(cost, p, l, below, now);
    if (curved) {
      add_curvature(cost->config.activation, p->matrix, p->adjoint + l * width, h, now, width, ni);
    }
    for (int k = 0; k < width; k++) {
      const double slope = irl_cost_slope(cost->config.activation, h[k]);
      for (int i = 0; i < ni; i++) {
        now[k * ni + i] *= slope;
      }
    }
  }
  return now;
}

// J (O, ninput) = A [I; ∂h/∂z]
static void jacobian(const irl_cost* cost, const point* p, const double* t) {
  const int ni = cost->ninput, width = layer_size(cost);
  const float* a = cost->params + cost->a_at;
  widen(p->weights, a + cost->hidden_at, cost->features, cost->outputs, width);
  irl_mat_mul(p->j, p->weights, t, cost->outputs, width, ni);
  for (int o = 0; cost->config.identity && o < cost->outputs; o++) {
    for (int i = 0; i < ni; i++) {
      p->j[o * ni + i] += (double)a[(long)o * cost->features + i];
    }
  }
}

//---------------------------------- Projection ----------------------------------------------------

// One Jacobi rotation in the plane (p, q) of the symmetric A (n, n); V (n, n) gathers them.
static void rotate(double* a, double* v, int n, int p, int q) {
  double apq = a[p * n + q];
  if (apq == 0) {
    return;
  }
  double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
  double c = 1 / sqrt(t * t + 1), s = t * c;
  for (int k = 0; k < n; k++) {
    double x = a[k * n + p], y = a[k * n + q];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (int k = 0; k < n; k++) {
    double x = a[p * n + k], y = a[q * n + k];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    double vx = v[k * n + p], vy = v[k * n + q];
    v[k * n + p] = c * vx - s * vy;
    v[k * n + q] = s * vx + c * vy;
  }
}

// Σ_{j<i} a_ij², which each sweep makes smaller (quadratically in the end).
static double off_diagonal(const double* a, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < i; j++) {
      sum += a[i * n + j] * a[i * n + j];
    }
  }
  return sum;
}

// Σ a_ii²
static double trace2(const double* a, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    sum += a[i * n + i] * a[i * n + i];
  }
  return sum;
}

// out (n, n) = the nearest positive semidefinite matrix to A in the Frobenius norm: negative
// eigenvalues become 0. Cyclic Jacobi, which destroys A; vectors (n, n) is scratch.
static void project(double* a, double* vectors, int n, double* out, int ld) {
  enum { MAX_SWEEPS = 50 };
  for (int i = 0; i < n * n; i++) {
    vectors[i] = i % (n + 1) == 0 ? 1 : 0;
  }
  for (int sweep = 0; sweep < MAX_SWEEPS && off_diagonal(a, n) > 1e-30 * trace2(a, n); sweep++) {
    for (int p = 0; p < n; p++) {
      for (int q = p + 1; q < n; q++) {
        rotate(a, vectors, n, p, q);
      }
    }
  }
  for (int i = 0; i < n; i++) {
    for (int j = 0; j <= i; j++) {
      double sum = 0;
      for (int k = 0; k < n; k++) {
        sum += fmax(a[k * n + k], 0) * vectors[i * n + k] * vectors[j * n + k];
      }
      out[i * ld + j] = out[j * ld + i] = sum;
    }
  }
}

//---------------------------------- Expansion -----------------------------------------------------

double irl_cost_expand_action(const irl_cost* cost, const double* weight, const double* uhat,
                              double* gradient, double* hessian) {
  const int nx = cost->nx, n = nx + cost->nu;
  double sum = 0;
  for (int j = 0; j < cost->nu; j++) {
    double w = weight[j] / cost->action_scale[j];
    gradient[nx + j] += w * uhat[j];
    hessian[(nx + j) * n + nx + j] += w / cost->action_scale[j];
    sum += weight[j] * uhat[j] * uhat[j];
  }
  return 0.5 * sum;
}

// From z to x and u: gradient (ninput) and Hessian (ninput, ninput, rows n apart). The actions'
// scales lie behind those of x.
static void to_units(const irl_cost* cost, double* gradient, double* hessian) {
  const int ni = cost->ninput, n = cost->nx + cost->nu;
  for (int i = 0; i < ni; i++) {
    gradient[i] /= cost->scale[i];
    for (int j = 0; j < ni; j++) {
      hessian[i * n + j] /= cost->scale[i] * cost->scale[j];
    }
  }
}

// Gauss-Newton: ∇ = Jᵀy, H = JᵀJ.
static void expand_quadratic(const irl_cost* cost, const point* p, double* gradient,
                             double* hessian) {
  const int ni = cost->ninput, n = cost->nx + cost->nu;
  irl_mat_vec_t(gradient, p->j, p->y, cost->outputs, ni);
  irl_mat_mul_tn(p->matrix, p->j, p->j, ni, cost->outputs, ni);
  for (int i = 0; i < ni; i++) {
    memcpy(hessian + i * n, p->matrix + i * ni, (size_t)ni * sizeof *hessian);
  }
}

// The projection is made in z, where directions are comparable; a congruence with the scales keeps
// it semidefinite.
double irl_cost_expand_normalized(const irl_cost* cost, double* gradient, double* hessian,
                                  double* work) {
  const int ni = cost->ninput, n = cost->nx + cost->nu;
  point p = cut(cost, work);
  evaluate(cost, p.xhat, p.h, p.y);
  memset(gradient, 0, (size_t)n * sizeof *gradient);
  memset(hessian, 0, (size_t)n * (size_t)n * sizeof *hessian);
  if (cost->config.kind == IRL_COST_NETWORK) {
    memset(p.matrix, 0, (size_t)ni * (size_t)ni * sizeof *p.matrix);
    if (cost->config.depth > 0) {
      adjoints(cost, &p);
    }
  }
  jacobian(cost, &p, last_tangent(cost, &p));
  if (cost->config.kind == IRL_COST_NETWORK) {
    memcpy(gradient, p.j, (size_t)ni * sizeof *gradient);
    project(p.matrix, p.vectors, ni, hessian, n);
  } else {
    expand_quadratic(cost, &p, gradient, hessian);
  }
  to_units(cost, gradient, hessian);
  irl_cost_action_weights(cost, p.weight);
  return state_cost(cost, p.y) + irl_cost_expand_action(cost, p.weight, p.uhat, gradient, hessian);
}

double irl_cost_expand(const irl_cost* cost, const double* x, const double* u, double* gradient,
                       double* hessian, double* work) {
  normalize(cost, x, u, work, work + cost->nx);
  return irl_cost_expand_normalized(cost, gradient, hessian, work);
}
