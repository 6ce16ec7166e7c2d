#include "policy/natural.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "policy/eigen_internal.h"
#include "policy/policy_internal.h"

// W's part of a vector is (nu, p), D's behind it (nu, nu).
static int weights(const irl_natural* n) {
  return n->nu * n->p;
}

static int entries(const irl_natural* n) {
  return n->nu * (n->p + n->nu);
}

irl_natural_options irl_natural_defaults(void) {
  return (irl_natural_options){.kl = 0.05,
                               .entropy = 0,
                               .damping = 1e-4,
                               .min_stddev = 1e-3,
                               .max_stddev = INFINITY,
                               .cg_steps = 50,
                               .trials = 15};
}

irl_err irl_natural_create(irl_natural* n, int nx, int nu, long capacity) {
  *n = (irl_natural){0};
  if (nx < 1 || nx >= IRL_POLICY_MAX_NX || nu < 1 || nu > IRL_POLICY_MAX_NU || capacity < 1) {
    return IRL_ERANGE;
  }
  const size_t p = (size_t)nx + 1, m = (size_t)nu, rows = (size_t)capacity;
  const size_t vector = m * (p + m);
  double* at = irl_calloc(rows * (p + m + 1) + p * p + 8 * vector + 4 * m * m, sizeof(double));
  if (at == NULL) {
    return IRL_ENOMEM;
  }
  *n = (irl_natural){.nx = nx, .nu = nu, .p = nx + 1, .capacity = capacity, .memory = at};
  n->s = at;
  n->eps = n->s + rows * p;
  n->a = n->eps + rows * m;
  n->moment = n->a + rows;
  n->gradient = n->moment + p * p;
  n->step = n->gradient + vector;
  n->work = n->step + vector;
  irl_err err = irl_policy_create(&n->old, 1, nx, nu);
  if (err != IRL_OK) {
    irl_natural_destroy(n);
  }
  return err;
}

void irl_natural_destroy(irl_natural* n) {
  irl_policy_destroy(&n->old);
  irl_free(n->memory);
  *n = (irl_natural){0};
}

//---------------------------------- Sums over the batch ------------------------------------------

static void read_row(irl_natural* n, const double* mean, const double* stddev, const double* x,
                     const double* u, const irl_policy* policy) {
  double* s = n->s + n->rows * n->p;
  double* eps = n->eps + n->rows * n->nu;
  for (int i = 0; i < n->nx; i++) {
    s[i] = (x[i] - mean[i]) / stddev[i];
  }
  s[n->nx] = 1;
  irl_policy_mean(policy, 0, x, eps);
  for (int j = 0; j < n->nu; j++) {
    eps[j] = u[j] - eps[j];
  }
  irl_solve_lower(eps, policy->chol, eps, n->nu);
  n->rows++;
}

static irl_err read_rows(irl_natural* n, const double* mean, const double* stddev,
                         const irl_batch* b, const int* index, int count, const double* advantage,
                         const irl_policy* policy, irl_errinfo* info) {
  n->rows = 0;
  for (int k = 0; k < count; k++) {
    const int i = index[k];
    const double* a = advantage + (ptrdiff_t)i * b->horizon;
    if (n->rows + b->length[i] > n->capacity) {
      return irl_fail(info, IRL_ERANGE, "natural gradient: more than the %ld steps it was made for",
                      n->capacity);
    }
    if (!irl_all_finite(a, b->length[i])) {
      return irl_fail(info, IRL_ENUM,
                      "natural gradient: the cost of a step of trajectory %d is not finite; check "
                      "the cost",
                      i);
    }
    memcpy(n->a + n->rows, a, (size_t)b->length[i] * sizeof *a);
    for (int t = 0; t < b->length[i]; t++) {
      read_row(n, mean, stddev, irl_batch_x(b, i, t), irl_batch_u(b, i, t), policy);
    }
  }
  return n->rows > 0 ? IRL_OK
                     : irl_fail(info, IRL_ERANGE, "natural gradient: no step to learn from");
}

// E[s sᵀ], and the gradients E[A Σ⁻¹ e sᵀ] and ½ E[A (ε εᵀ − I)] + entropy ½ I.
static void sum_rows(irl_natural* n, double entropy, const irl_policy* policy) {
  const int p = n->p, nu = n->nu;
  double *G = n->gradient, *D = G + weights(n), *H = n->work;
  memset(n->moment, 0, (size_t)p * (size_t)p * sizeof(double));
  memset(G, 0, (size_t)entries(n) * sizeof(double));
  memset(H, 0, (size_t)weights(n) * sizeof(double));
  for (long r = 0; r < n->rows; r++) {
    const double *s = n->s + r * p, *eps = n->eps + r * nu, a = n->a[r] / (double)n->rows;
    for (int i = 0; i < p; i++) {
      irl_axpy(n->moment + (ptrdiff_t)i * p, s[i] / (double)n->rows, s, i + 1);
    }
    for (int j = 0; j < nu; j++) {
      irl_axpy(H + (ptrdiff_t)j * p, a * eps[j], s, p);  // L⁻ᵀ follows once for all rows
      irl_axpy(D + (ptrdiff_t)j * nu, 0.5 * a * eps[j], eps, nu);
      D[j * nu + j] -= 0.5 * a;
    }
  }
  for (int i = 0; i < p; i++) {
    for (int j = 0; j < i; j++) {
      n->moment[(ptrdiff_t)j * p + i] = n->moment[(ptrdiff_t)i * p + j];
    }
  }
  for (int j = 0; j < nu; j++) {
    D[j * nu + j] += 0.5 * entropy;
  }
  // Σ⁻¹ e = L⁻ᵀ ε: G = L⁻ᵀ H by back substitution over the rows of H
  for (int j = nu - 1; j >= 0; j--) {
    double* row = G + (ptrdiff_t)j * p;
    memcpy(row, H + (ptrdiff_t)j * p, (size_t)p * sizeof(double));
    for (int i = j + 1; i < nu; i++) {
      irl_axpy(row, -policy->chol[i * nu + j], G + (ptrdiff_t)i * p, p);
    }
    for (int i = 0; i < p; i++) {
      row[i] /= policy->chol[j * nu + j];
    }
  }
}

irl_err irl_natural_measure(irl_natural* n, const irl_natural_options* options, const double* mean,
                            const double* stddev, const irl_batch* batch, const int* index,
                            int count, const double* advantage, const irl_policy* policy,
                            irl_errinfo* info) {
  assert(policy->steps == 1 && policy->nx == n->nx && policy->nu == n->nu);
  assert(batch->nx == n->nx && batch->nu == n->nu);
  IRL_TRY(read_rows(n, mean, stddev, batch, index, count, advantage, policy, info));
  sum_rows(n, options->entropy, policy);
  return IRL_OK;
}

//---------------------------------- Natural gradient ---------------------------------------------

// out = F v: Σ⁻¹ V (E[s sᵀ] + damping I), and ½ (1 + damping) D.
static void fisher(const irl_natural* n, double damping, const irl_policy* policy, const double* v,
                   double* out, double* scratch) {
  const int w = weights(n), all = entries(n);
  irl_mat_mul(scratch, v, n->moment, n->nu, n->p, n->p);
  irl_axpy(scratch, damping, v, w);
  irl_mat_mul(out, policy->prec, scratch, n->nu, n->nu, n->p);
  for (int i = w; i < all; i++) {
    out[i] = 0.5 * (1 + damping) * v[i];
  }
}

// Conjugate gradient from zero until the residual is 1e-10 of its first; returns the steps taken.
int irl_natural_solve(irl_natural* n, const irl_natural_options* options,
                      const irl_policy* policy) {
  const int all = entries(n);
  double *r = n->work, *d = r + all, *Fd = d + all, *scratch = Fd + all;
  memset(n->step, 0, (size_t)all * sizeof(double));
  memcpy(r, n->gradient, (size_t)all * sizeof(double));
  memcpy(d, r, (size_t)all * sizeof(double));
  const double first = irl_dot(r, r, all);
  double rr = first;
  int k = 0;
  while (k < options->cg_steps && rr > 1e-20 * first) {
    fisher(n, options->damping, policy, d, Fd, scratch);
    const double alpha = rr / irl_dot(d, Fd, all);
    irl_axpy(n->step, alpha, d, all);
    irl_axpy(r, -alpha, Fd, all);
    const double next = irl_dot(r, r, all);
    for (int i = 0; i < all; i++) {
      d[i] = r[i] + next / rr * d[i];
    }
    rr = next;
    k++;
  }
  return k;
}

//---------------------------------- Line search --------------------------------------------------

// Σ = L exp(scale D) Lᵀ with its eigenvalues' roots in [min_stddev, max_stddev].
static irl_err move_covariance(const irl_natural* n, const irl_natural_options* o, double scale,
                               const irl_policy* from, irl_policy* to) {
  const int nu = n->nu;
  double *A = n->work, *U = A + nu * nu, *E = U + nu * nu;
  double values[IRL_POLICY_MAX_NU];
  memcpy(A, n->step + weights(n), (size_t)(nu * nu) * sizeof(double));
  irl_mat_symmetrize(A, nu);
  irl_eigen_symmetric(A, U, values, nu);
  for (int i = 0; i < nu; i++) {
    for (int j = 0; j < nu; j++) {
      E[i * nu + j] = U[i * nu + j] * exp(0.5 * scale * values[j]);
    }
  }
  irl_mat_mul(A, from->chol, E, nu, nu, nu);
  irl_mat_mul_nt(to->sigma, A, A, nu, nu, nu);
  irl_mat_symmetrize(to->sigma, nu);
  irl_eigen_clip(to->sigma, o->min_stddev * o->min_stddev, o->max_stddev * o->max_stddev, nu,
                 values, U, E);
  return irl_policy_factor(to, NULL);
}

// K and k moved by scale × the step of W.
static void move_mean(const irl_natural* n, double scale, const double* mean, const double* stddev,
                      const irl_policy* from, irl_policy* to) {
  for (int j = 0; j < n->nu; j++) {
    const double* row = n->step + (ptrdiff_t)j * n->p;
    double* K = to->K + (ptrdiff_t)j * n->nx;
    double offset = row[n->nx];
    for (int i = 0; i < n->nx; i++) {
      const double change = row[i] / stddev[i];
      K[i] = from->K[(ptrdiff_t)j * n->nx + i] + scale * change;
      offset -= change * mean[i];
    }
    to->k[j] = from->k[j] + scale * offset;
  }
}

// Mean KL(old ‖ new) over the rows: the means differ by scale × W's step on s.
static double exact_kl(const irl_natural* n, double scale, const irl_policy* old,
                       const irl_policy* new) {
  const int nu = n->nu, p = n->p;
  double *VM = n->work, *C = VM + weights(n);
  irl_mat_mul(VM, n->step, n->moment, nu, p, p);
  irl_mat_mul_nt(C, VM, n->step, nu, p, nu);
  const double square = scale * scale * irl_dot(C, new->prec, nu * nu);
  const double trace = irl_dot(new->prec, old->sigma, nu * nu);
  return 0.5 * (trace - nu + new->logdet[0] - old->logdet[0] + square);
}

// E[(π_new/π_old − 1) A] + entropy (H_new − H_old): what the step gains.
static double gain(const irl_natural* n, const irl_natural_options* o, double scale,
                   const irl_policy* old, const irl_policy* new) {
  const int nu = n->nu;
  double sum = 0, e[IRL_POLICY_MAX_NU], shift[IRL_POLICY_MAX_NU];
  for (long r = 0; r < n->rows; r++) {
    const double* eps = n->eps + r * nu;
    irl_mat_vec(e, old->chol, eps, nu, nu);
    irl_mat_vec(shift, n->step, n->s + r * n->p, nu, n->p);
    irl_axpy(e, -scale, shift, nu);
    irl_solve_lower(e, new->chol, e, nu);
    const double log_ratio =
        0.5 * (irl_dot(eps, eps, nu) - irl_dot(e, e, nu) + old->logdet[0] - new->logdet[0]);
    sum += expm1(log_ratio) * n->a[r] / (double)n->rows;
  }
  return sum + 0.5 * o->entropy * (new->logdet[0] - old->logdet[0]);
}

// Shortens the trust region's step until it keeps to the limit and gains something.
static bool line_search(irl_natural* n, const irl_natural_options* o, double length,
                        const double* mean, const double* stddev, const irl_policy* old,
                        irl_policy* new, irl_natural_report* report) {
  double scale = length;
  for (int k = 0; k <= o->trials; k++) {
    move_mean(n, scale, mean, stddev, old, new);
    const bool sound = move_covariance(n, o, scale, old, new) == IRL_OK;
    report->kl = sound ? exact_kl(n, scale, old, new) : INFINITY;
    if (report->kl <= 1.0001 * o->kl) {
      report->improved = gain(n, o, scale, old, new);
      if (report->improved > 0 && isfinite(report->improved)) {
        report->scale = scale / length;
        return true;
      }
      scale *= 0.5;
    } else {  // the divergence is nearly quadratic: aim at the limit
      scale *= fmax(0.1, 0.99 * sqrt(o->kl / report->kl));
    }
  }
  return false;
}

irl_err irl_natural_step(irl_natural* n, const irl_natural_options* options, const double* mean,
                         const double* stddev, const irl_batch* batch, const int* index, int count,
                         const double* advantage, irl_policy* policy, irl_natural_report* report,
                         irl_errinfo* info) {
  *report = (irl_natural_report){0};
  IRL_TRY(
      irl_natural_measure(n, options, mean, stddev, batch, index, count, advantage, policy, info));
  report->cg_steps = irl_natural_solve(n, options, policy);
  const double slope = irl_dot(n->gradient, n->step, entries(n));  // gᵀ F⁻¹ g
  if (!(slope > 0) || !isfinite(slope)) {
    return IRL_OK;
  }
  const double length = sqrt(2 * options->kl / slope);
  report->expected = length * slope;
  irl_policy_copy(&n->old, policy);
  if (!line_search(n, options, length, mean, stddev, &n->old, policy, report)) {
    irl_policy_copy(policy, &n->old);
    report->kl = report->improved = 0;
  }
  return IRL_OK;
}
