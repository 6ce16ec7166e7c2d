// Small dense linear algebra in double, row-major, for matrices of some tens of rows: plain loops,
// no allocation, results independent of threads. Outputs may not overlap inputs unless said.
#ifndef MJIRL_BASE_LINALG_H_
#define MJIRL_BASE_LINALG_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

// C = A B           A (m, k)  B (k, n)  C (m, n)
void irl_mat_mul(double* C, const double* A, const double* B, int m, int k, int n);

// C = Aᵀ B          A (k, m)  B (k, n)  C (m, n)
void irl_mat_mul_tn(double* C, const double* A, const double* B, int m, int k, int n);

// The same where C is symmetric, A and B (k, n): its upper triangle, to the same bits. What is
// below is of no use.
void irl_mat_mul_tn_upper(double* C, const double* A, const double* B, int k, int n);

// C = A Bᵀ          A (m, k)  B (n, k)  C (m, n)
void irl_mat_mul_nt(double* C, const double* A, const double* B, int m, int k, int n);

// y = A x,  y = Aᵀ x
void irl_mat_vec(double* y, const double* A, const double* x, int m, int n);    // A (m, n)
void irl_mat_vec_t(double* y, const double* A, const double* x, int m, int n);  // A (m, n), y (n)

double irl_dot(const double* a, const double* b, int n);
void irl_axpy(double* y, double alpha, const double* x, int n);  // y += alpha x

// A = (A + Aᵀ)/2, in place, A (n, n)
void irl_mat_symmetrize(double* A, int n);

// Lower Cholesky factor, A = L Lᵀ, upper part of L zero; L may be A. False when A is not positive
// definite or not finite (L is then garbage).
bool irl_cholesky(double* L, const double* A, int n);

// Solve with the factor: L y = b, Lᵀ x = b, and L Lᵀ X = B for B (n, m). x may be b.
void irl_solve_lower(double* x, const double* L, const double* b, int n);
void irl_solve_lower_t(double* x, const double* L, const double* b, int n);
void irl_cholesky_solve(double* X, const double* L, const double* B, int n, int m);

// Inverse of A = L Lᵀ from its factor, symmetric to the last bit.
void irl_cholesky_inverse(double* Ainv, const double* L, int n);

// log |A| = 2 Σ log L_ii
double irl_cholesky_logdet(const double* L, int n);

// Log-density of N(mean, L Lᵀ) at x: −½ (n log 2π + log|Σ| + ‖L⁻¹(x−mean)‖²). work (n).
double irl_gauss_logpdf(const double* x, const double* mean, const double* L, int n, double* work);

// log Σ_i exp(x_i) without overflow; −inf for n = 0.
double irl_logsumexp(const double* x, int n);

// Numerically stable log σ(s) = −log(1 + e^{−s}).
double irl_log_sigmoid(double s);

bool irl_all_finite(const double* x, int n);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_LINALG_H_
