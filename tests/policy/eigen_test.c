#include "policy/eigen_internal.h"
#include "problems.h"
#include "test.h"

// A = U diag(values) Uᵀ, UᵀU = 1.
static void check_decomposition(const double* A, const double* U, const double* values, int n,
                                double tolerance) {
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      double product = 0;
      double gram = 0;
      for (int k = 0; k < n; k++) {
        product += U[i * n + k] * values[k] * U[j * n + k];
        gram += U[k * n + i] * U[k * n + j];
      }
      CHECK_NEAR(product, A[i * n + j], tolerance);
      CHECK_NEAR(gram, i == j, 1e-13);
    }
  }
}

static void test_random_matrices(void) {
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int n = 1; n <= 17; n++) {
    double A[DENSE_MAX * DENSE_MAX];
    double copy[DENSE_MAX * DENSE_MAX];
    double U[DENSE_MAX * DENSE_MAX];
    double values[DENSE_MAX];
    random_spd(A, n, 1, &rng);
    memcpy(copy, A, sizeof A);
    irl_eigen_symmetric(copy, U, values, n);
    check_decomposition(A, U, values, n, 1e-12);
  }
}

static void test_graded_and_diagonal(void) {
  double A[9] = {1e6, 1e2, 1e-3, 1e2, 1, 1e-6, 1e-3, 1e-6, 1e-8};
  double copy[9];
  double U[9];
  double values[3];
  memcpy(copy, A, sizeof A);
  irl_eigen_symmetric(copy, U, values, 3);
  check_decomposition(A, U, values, 3, 1e-9);  // rounding of the largest entry
  double D[4] = {3, 0, 0, 2};
  irl_eigen_symmetric(D, U, values, 2);
  CHECK(values[0] == 3 && values[1] == 2);
}

// Eigenvalues 1 and 9 along (1, 1) and (1, −1).
static void test_clip(void) {
  const double A[4] = {5, -4, -4, 5};
  double B[4];
  double values[2];
  double U[4];
  double work[4];
  memcpy(B, A, sizeof A);
  irl_eigen_clip(B, 0, (double)INFINITY, 2, values, U, work);
  for (int i = 0; i < 4; i++) {
    CHECK_NEAR(B[i], A[i], 1e-14);
  }
  irl_eigen_clip(B, 3, 7, 2, values, U, work);
  CHECK_NEAR(B[0], 5, 1e-14);
  CHECK_NEAR(B[1], -2, 1e-14);
  CHECK(B[1] == B[2]);
}

TESTS(TEST(test_random_matrices), TEST(test_graded_and_diagonal), TEST(test_clip))
