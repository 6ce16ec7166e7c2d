#include <math.h>
#include <string.h>

#include "base/linalg.h"
#include "policy/eigen_internal.h"

enum { max_sweeps = 60 };

// Rotates rows and columns p, q of A so that A_pq becomes zero (Golub and Van Loan, "Matrix
// Computations", section 8.5.2), and U's columns with them.
static void rotate(double* A, double* U, int p, int q, int n) {
  const double apq = A[p * n + q];
  const double theta = (A[q * n + q] - A[p * n + p]) / (2 * apq);
  const double sign = theta >= 0 ? 1 : -1;
  const double t = sign / (fabs(theta) + hypot(1, theta));
  const double c = 1 / hypot(1, t);
  const double s = t * c;
  for (int i = 0; i < n; i++) {
    const double aip = A[i * n + p];
    const double aiq = A[i * n + q];
    A[i * n + p] = c * aip - s * aiq;
    A[i * n + q] = s * aip + c * aiq;
  }
  for (int i = 0; i < n; i++) {
    const double api = A[p * n + i];
    const double aqi = A[q * n + i];
    A[p * n + i] = c * api - s * aqi;
    A[q * n + i] = s * api + c * aqi;
    const double uip = U[i * n + p];
    const double uiq = U[i * n + q];
    U[i * n + p] = c * uip - s * uiq;
    U[i * n + q] = s * uip + c * uiq;
  }
}

void irl_eigen_symmetric(double* A, double* U, double* values, int n) {
  memset(U, 0, (size_t)n * (size_t)n * sizeof(double));
  for (int i = 0; i < n; i++) {
    U[i * n + i] = 1;
  }
  bool rotated = true;
  for (int sweep = 0; sweep < max_sweeps && rotated; sweep++) {
    rotated = false;
    for (int p = 0; p < n; p++) {
      for (int q = p + 1; q < n; q++) {
        const double scale = sqrt(fabs(A[p * n + p])) * sqrt(fabs(A[q * n + q]));
        if (fabs(A[p * n + q]) > 1e-16 * scale) {
          rotate(A, U, p, q, n);
          rotated = true;
        }
      }
    }
  }
  for (int i = 0; i < n; i++) {
    values[i] = A[i * n + i];
  }
}

void irl_eigen_clip(double* A, double floor, double ceiling, int n, double* values, double* U,
                    double* work) {
  memcpy(work, A, (size_t)n * (size_t)n * sizeof(double));
  irl_eigen_symmetric(work, U, values, n);
  memset(A, 0, (size_t)n * (size_t)n * sizeof(double));
  for (int k = 0; k < n; k++) {
    const double value = fmin(fmax(values[k], floor), ceiling);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        A[i * n + j] += value * U[i * n + k] * U[j * n + k];
      }
    }
  }
  irl_mat_symmetrize(A, n);
}
