#include "base/linalg.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/clones_internal.h"

// Every sum below has one fixed order, whatever the instruction set: products are accumulated along
// rows, element by element, and dot products in LANES partial sums. With -ffp-contract=off all
// clones therefore give the same bits.
enum { LANES = 8 };

static const double LOG_2PI = 1.8378770664093454836;

// y += a0 x0 + a1 x1 + a2 x2 + a3 x3, in that order
static inline void axpy4(double* restrict y, const double* a, const double* restrict x0,
                         const double* restrict x1, const double* restrict x2,
                         const double* restrict x3, int n) {
  const double a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
  for (int j = 0; j < n; j++) {
    y[j] = (((y[j] + a0 * x0[j]) + a1 * x1[j]) + a2 * x2[j]) + a3 * x3[j];
  }
}

static inline void axpy(double* restrict y, double alpha, const double* restrict x, int n) {
  for (int j = 0; j < n; j++) {
    y[j] += alpha * x[j];
  }
}

// Eight partial sums, added pairwise at the end: wide enough for one AVX-512 register or two of
// AVX, and more accurate than one running sum.
//
// Up to four products need no lanes in memory; the sums are the same to the last bit.
static inline double dot(const double* restrict a, const double* restrict b, int n) {
  if (n <= 4) {
    const double s0 = n > 0 ? 0 + a[0] * b[0] : 0, s1 = n > 1 ? 0 + a[1] * b[1] : 0;
    const double s2 = n > 2 ? 0 + a[2] * b[2] : 0, s3 = n > 3 ? 0 + a[3] * b[3] : 0;
    return (s0 + s1) + (s2 + s3);
  }
  double lane[LANES] = {0};
  int i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int l = 0; l < LANES; l++) {
      lane[l] += a[i + l] * b[i + l];
    }
  }
  for (int l = 0; i + l < n; l++) {
    lane[l] += a[i + l] * b[i + l];
  }
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

// c += Σ_p a[p·stride] B_p, B (k, n) with rows ld apart: one row of a product, four rows of B at a
// time.
static inline void row_times(double* restrict c, const double* restrict a, long stride,
                             const double* restrict B, long ld, int k, int n) {
  int p = 0;
  for (; p + 4 <= k; p += 4) {
    const double a4[4] = {a[p * stride], a[(p + 1) * stride], a[(p + 2) * stride],
                          a[(p + 3) * stride]};
    const double* b = B + p * ld;
    axpy4(c, a4, b, b + ld, b + 2 * ld, b + 3 * ld, n);
  }
  for (; p < k; p++) {
    axpy(c, a[p * stride], B + p * ld, n);
  }
}

static void zero(double* x, long n) {
  if (n > 0) {
    memset(x, 0, (size_t)n * sizeof *x);
  }
}

IRL_CLONES void irl_mat_mul(double* C, const double* A, const double* B, int m, int k, int n) {
  zero(C, (long)m * n);
  for (int i = 0; i < m; i++) {
    row_times(C + (long)i * n, A + (long)i * k, 1, B, n, k, n);
  }
}

IRL_CLONES void irl_mat_mul_tn(double* C, const double* A, const double* B, int m, int k, int n) {
  zero(C, (long)m * n);
  for (int i = 0; i < m; i++) {
    row_times(C + (long)i * n, A + i, m, B, n, k, n);
  }
}

IRL_CLONES void irl_mat_mul_tn_upper(double* C, const double* A, const double* B, int k, int n) {
  zero(C, (long)n * n);
  for (int i = 0; i < n; i++) {
    const int first = i & ~(LANES - 1);  // whole registers
    row_times(C + (long)i * n + first, A + i, n, B + first, n, k, n - first);
  }
}

IRL_CLONES void irl_mat_mul_nt(double* C, const double* A, const double* B, int m, int k, int n) {
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      C[(long)i * n + j] = dot(A + (long)i * k, B + (long)j * k, k);
    }
  }
}

IRL_CLONES void irl_mat_vec(double* y, const double* A, const double* x, int m, int n) {
  for (int i = 0; i < m; i++) {
    y[i] = dot(A + (long)i * n, x, n);
  }
}

IRL_CLONES void irl_mat_vec_t(double* y, const double* A, const double* x, int m, int n) {
  zero(y, n);
  row_times(y, x, 1, A, n, m, n);
}

IRL_CLONES double irl_dot(const double* a, const double* b, int n) {
  return dot(a, b, n);
}

IRL_CLONES void irl_axpy(double* y, double alpha, const double* x, int n) {
  axpy(y, alpha, x, n);
}

// Both halves are set from one number, so the result is symmetric to the last bit.
void irl_mat_symmetrize(double* A, int n) {
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < i; j++) {
      double* lower = A + (long)i * n + j;
      double* upper = A + (long)j * n + i;
      *lower = 0.5 * (*lower + *upper);
      *upper = *lower;
    }
  }
}

// Cholesky–Banachiewicz, row by row: L_ij = (A_ij − Σ_{k<j} L_ik L_jk) / L_jj. Only the lower half
// of A is read.
IRL_CLONES bool irl_cholesky(double* L, const double* A, int n) {
  for (int i = 0; i < n; i++) {
    double* Li = L + (long)i * n;
    const double* Ai = A + (long)i * n;
    for (int j = 0; j < i; j++) {
      const double* Lj = L + (long)j * n;
      Li[j] = (Ai[j] - dot(Li, Lj, j)) / Lj[j];
    }
    double pivot = Ai[i] - dot(Li, Li, i);
    if (!(pivot > 0.0) || !isfinite(pivot)) {
      return false;
    }
    Li[i] = sqrt(pivot);
    zero(Li + i + 1, n - i - 1);
  }
  return true;
}

// Forward substitution: x_i = (b_i − Σ_{k<i} L_ik x_k) / L_ii.
void irl_solve_lower(double* x, const double* L, const double* b, int n) {
  for (int i = 0; i < n; i++) {
    const double* Li = L + (long)i * n;
    x[i] = (b[i] - dot(Li, x, i)) / Li[i];
  }
}

// Back substitution with Lᵀ, column by column of Lᵀ, which are rows of L: each x_i, once known, is
// taken out of the equations above it.
void irl_solve_lower_t(double* x, const double* L, const double* b, int n) {
  if (x != b && n > 0) {
    memmove(x, b, (size_t)n * sizeof *x);
  }
  for (int i = n - 1; i >= 0; i--) {
    const double* Li = L + (long)i * n;
    x[i] /= Li[i];
    axpy(x, -x[i], Li, i);
  }
}

static inline void divide(double* x, double divisor, int n) {
  for (int j = 0; j < n; j++) {
    x[j] /= divisor;
  }
}

// Both substitutions for all columns of B at once: the inner loops run along rows of X.
IRL_CLONES void irl_cholesky_solve(double* X, const double* L, const double* B, int n, int m) {
  if (X != B && n > 0 && m > 0) {
    memmove(X, B, (size_t)n * (size_t)m * sizeof *X);
  }
  for (int i = 0; i < n; i++) {
    double* Xi = X + (long)i * m;
    for (int k = 0; k < i; k++) {
      axpy(Xi, -L[(long)i * n + k], X + (long)k * m, m);
    }
    divide(Xi, L[(long)i * n + i], m);
  }
  for (int i = n - 1; i >= 0; i--) {
    double* Xi = X + (long)i * m;
    divide(Xi, L[(long)i * n + i], m);
    for (int k = 0; k < i; k++) {
      axpy(X + (long)k * m, -L[(long)i * n + k], Xi, m);
    }
  }
}

// Linv = L⁻¹, row by row; its upper half is not touched.
static inline void invert_lower(double* Linv, const double* L, int n) {
  for (int i = 0; i < n; i++) {
    double* row = Linv + (long)i * n;
    zero(row, i);
    for (int k = 0; k < i; k++) {
      axpy(row, -L[(long)i * n + k], Linv + (long)k * n, k + 1);
    }
    double diagonal = L[(long)i * n + i];
    divide(row, diagonal, i);
    row[i] = 1.0 / diagonal;
  }
}

// A⁻¹ = L⁻ᵀ L⁻¹ in place of L⁻¹: row i of the lower half needs rows i and below only, so rows can
// be replaced from the top, the diagonal entry last.
IRL_CLONES void irl_cholesky_inverse(double* Ainv, const double* L, int n) {
  invert_lower(Ainv, L, n);
  for (int i = 0; i < n; i++) {
    double* row = Ainv + (long)i * n;
    double diagonal = row[i] * row[i];
    for (int j = 0; j < i; j++) {
      row[j] *= row[i];
    }
    for (int k = i + 1; k < n; k++) {
      const double* below = Ainv + (long)k * n;
      axpy(row, below[i], below, i);
      diagonal += below[i] * below[i];
    }
    row[i] = diagonal;
  }
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < i; j++) {
      Ainv[(long)j * n + i] = Ainv[(long)i * n + j];
    }
  }
}

double irl_cholesky_logdet(const double* L, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    sum += log(L[(long)i * n + i]);
  }
  return 2.0 * sum;
}

// ‖L⁻¹(x − mean)‖² is the Mahalanobis distance under Σ = L Lᵀ; no inverse is formed.
double irl_gauss_logpdf(const double* x, const double* mean, const double* L, int n, double* work) {
  for (int i = 0; i < n; i++) {
    work[i] = x[i] - mean[i];
  }
  irl_solve_lower(work, L, work, n);
  return -0.5 * (n * LOG_2PI + irl_cholesky_logdet(L, n) + dot(work, work, n));
}

// exp is taken of differences to the largest entry, so one term is 1 and none overflows.
double irl_logsumexp(const double* x, int n) {
  double largest = -INFINITY;
  for (int i = 0; i < n; i++) {
    if (isnan(x[i])) {
      return x[i];
    }
    largest = x[i] > largest ? x[i] : largest;
  }
  // All −inf, or one +inf: the answer is that, where a difference would be NaN.
  if (isinf(largest)) {
    return largest;
  }
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    sum += exp(x[i] - largest);
  }
  return largest + log(sum);
}

// The exponent is never positive: neither form overflows, and log1p keeps the digits of a small
// one.
double irl_log_sigmoid(double s) {
  return s >= 0.0 ? -log1p(exp(-s)) : s - log1p(exp(s));
}

bool irl_all_finite(const double* x, int n) {
  for (int i = 0; i < n; i++) {
    if (!isfinite(x[i])) {
      return false;
    }
  }
  return true;
}
