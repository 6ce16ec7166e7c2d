#include "base/linalg.h"

#include "base/random.h"
#include "test.h"

enum { MAX = 40 };

static const double EPS = 2.220446049250313e-16;

static void random_matrix(double* A, int size, uint64_t seed) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < size; i++) {
    A[i] = irl_rng_normal(&rng);
  }
}

// A = G Gᵀ + I for a random G: positive definite, condition number at most some thousands here.
static void random_spd(double* A, int n, uint64_t seed) {
  static double G[MAX * MAX];
  random_matrix(G, n * n, seed);
  irl_mat_mul_nt(A, G, G, n, n, n);
  for (int i = 0; i < n; i++) {
    A[i * n + i] += 1.0;
  }
}

static double largest(const double* A, int size) {
  double m = 0.0;
  for (int i = 0; i < size; i++) {
    m = fmax(m, fabs(A[i]));
  }
  return m;
}

// Products accumulated along rows are plain sums in order: every instruction set must give exactly
// the bits of the plain loop.
static void products_match_plain_loops(void) {
  static double A[MAX * MAX], At[MAX * MAX], B[MAX * MAX], Bt[MAX * MAX], C[MAX * MAX];
  const int sizes[][3] = {{1, 1, 1}, {2, 3, 4}, {7, 26, 33}, {33, 33, 33}, {5, 0, 4}, {40, 17, 9}};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    const int m = sizes[s][0], k = sizes[s][1], n = sizes[s][2];
    random_matrix(A, m * k, s + 1);
    random_matrix(B, k * n, s + 100);
    for (int p = 0; p < k; p++) {
      for (int i = 0; i < m; i++) {
        At[p * m + i] = A[i * k + p];
      }
      for (int j = 0; j < n; j++) {
        Bt[j * k + p] = B[p * n + j];
      }
    }
    static double expected[MAX * MAX], expected_size[MAX * MAX];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0.0, magnitude = 0.0;
        for (int p = 0; p < k; p++) {
          sum += A[i * k + p] * B[p * n + j];
          magnitude += fabs(A[i * k + p] * B[p * n + j]);
        }
        expected[i * n + j] = sum;
        expected_size[i * n + j] = magnitude;
      }
    }
    irl_mat_mul(C, A, B, m, k, n);
    CHECK(memcmp(C, expected, (size_t)(m * n) * sizeof *C) == 0);
    memset(C, 0xFF, sizeof C);
    irl_mat_mul_tn(C, At, B, m, k, n);
    CHECK(memcmp(C, expected, (size_t)(m * n) * sizeof *C) == 0);
    irl_mat_mul_nt(C, A, Bt, m, k, n);
    for (int i = 0; i < m * n; i++) {  // summed in another order: k roundings each
      CHECK_NEAR(C[i], expected[i], (k + 1) * EPS * expected_size[i]);
    }
  }
}

static void upper_triangles_match_products(void) {
  static double A[MAX * MAX], B[MAX * MAX], C[MAX * MAX], full[MAX * MAX];
  for (int k = 0; k <= MAX; k += 7) {
    for (int n = 1; n <= MAX; n += 6) {
      random_matrix(A, k * n, (uint64_t)(k + n));
      random_matrix(B, k * n, (uint64_t)(k * n + 1));
      irl_mat_mul_tn(full, A, B, n, k, n);
      memset(C, 0xFF, sizeof C);
      irl_mat_mul_tn_upper(C, A, B, k, n);
      for (int i = 0; i < n; i++) {
        CHECK(memcmp(C + i * n + i, full + i * n + i, (size_t)(n - i) * sizeof *C) == 0);
      }
    }
  }
}

static void vectors_match_products(void) {
  static double A[MAX * MAX], x[MAX], y[MAX], expected[MAX];
  for (int m = 1; m <= MAX; m += 13) {
    for (int n = 1; n <= MAX; n += 6) {
      random_matrix(A, m * n, (uint64_t)(m * n));
      random_matrix(x, MAX, 7);
      irl_mat_vec(y, A, x, m, n);
      irl_mat_mul(expected, A, x, m, n, 1);
      for (int i = 0; i < m; i++) {
        CHECK_NEAR(y[i], expected[i], 100 * n * EPS);
        CHECK(irl_dot(A + i * n, x, n) == y[i]);
      }
      irl_mat_vec_t(y, A, x, m, n);
      irl_mat_mul(expected, x, A, 1, m, n);
      CHECK(memcmp(y, expected, (size_t)n * sizeof *y) == 0);
    }
  }
  double two[3] = {1, 2, 3};
  irl_axpy(two, 2.0, (const double[]){10, 20, 30}, 3);
  CHECK(two[0] == 21 && two[1] == 42 && two[2] == 63);
  CHECK(irl_dot(two, two, 0) == 0.0);
}

static void symmetrize_averages(void) {
  double A[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  irl_mat_symmetrize(A, 3);
  const double expected[9] = {1, 3, 5, 3, 5, 7, 5, 7, 9};
  CHECK(memcmp(A, expected, sizeof A) == 0);
}

// Backward stability: the residual of L Lᵀ is a few n ε ‖A‖ (Higham 2002, theorem 10.3).
static void cholesky_reproduces(void) {
  static double A[MAX * MAX], L[MAX * MAX], R[MAX * MAX];
  for (int n = 1; n <= MAX; n++) {
    random_spd(A, n, (uint64_t)n);
    CHECK(irl_cholesky(L, A, n));
    irl_mat_mul_nt(R, L, L, n, n, n);
    for (int i = 0; i < n * n; i++) {
      CHECK_NEAR(R[i], A[i], 4 * n * EPS * largest(A, n * n));
      CHECK(i % n <= i / n || L[i] == 0.0);
    }
    CHECK(irl_cholesky(A, A, n));
    CHECK(memcmp(A, L, (size_t)(n * n) * sizeof *A) == 0);
  }
}

static void cholesky_refuses(void) {
  double L[4];
  CHECK(!irl_cholesky(L, (const double[]){1, 2, 2, 1}, 2));
  CHECK(!irl_cholesky(L, (const double[]){0, 0, 0, 1}, 2));
  CHECK(!irl_cholesky(L, (const double[]){-1}, 1));
  CHECK(!irl_cholesky(L, (const double[]){NAN}, 1));
  CHECK(!irl_cholesky(L, (const double[]){INFINITY}, 1));
  CHECK(!irl_cholesky(L, (const double[]){1, 0, NAN, 1}, 2));
  CHECK(!irl_cholesky(L, (const double[]){1, 0, -INFINITY, 1}, 2));
  CHECK(!irl_cholesky(L, (const double[]){1, 1, 1, 1}, 2));
}

static void solves_leave_small_residuals(void) {
  static double A[MAX * MAX], L[MAX * MAX], B[MAX * MAX], X[MAX * MAX], R[MAX * MAX];
  for (int n = 1; n <= MAX; n += 3) {
    const int m = n % 5 + 1;
    random_spd(A, n, (uint64_t)n + 50);
    random_matrix(B, n * m, (uint64_t)n);
    CHECK(irl_cholesky(L, A, n));
    irl_cholesky_solve(X, L, B, n, m);
    irl_mat_mul(R, A, X, n, n, m);
    double scale = largest(A, n * n) * largest(X, n * m);
    for (int i = 0; i < n * m; i++) {
      CHECK_NEAR(R[i], B[i], 10 * n * EPS * scale);
    }

    // One column by the two triangular solves, in place.
    double x[MAX];
    for (int i = 0; i < n; i++) {
      x[i] = B[i * m];
    }
    irl_solve_lower(x, L, x, n);
    irl_solve_lower_t(x, L, x, n);
    for (int i = 0; i < n; i++) {
      CHECK_NEAR(x[i], X[i * m], 1e-12 * (1.0 + largest(X, n * m)));
    }
    irl_cholesky_solve(B, L, B, n, m);
    CHECK(memcmp(B, X, (size_t)(n * m) * sizeof *B) == 0);
  }
}

static void inverse_inverts(void) {
  double L2[4], inverse2[4];
  CHECK(irl_cholesky(L2, (const double[]){4, 2, 2, 3}, 2));
  irl_cholesky_inverse(inverse2, L2, 2);
  const double exact[4] = {0.375, -0.25, -0.25, 0.5};
  for (int i = 0; i < 4; i++) {
    CHECK_NEAR(inverse2[i], exact[i], 4 * EPS);
  }
  static double A[MAX * MAX], L[MAX * MAX], V[MAX * MAX], I[MAX * MAX];
  for (int n = 1; n <= MAX; n++) {
    random_spd(A, n, (uint64_t)n + 9);
    CHECK(irl_cholesky(L, A, n));
    memset(V, 0xFF, sizeof V);  // nothing of the old contents may be used
    irl_cholesky_inverse(V, L, n);
    irl_mat_mul(I, A, V, n, n, n);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double scale = largest(A, n * n) * largest(V, n * n);
        CHECK_NEAR(I[i * n + j], i == j, 10 * n * n * EPS * scale);
        CHECK(V[i * n + j] == V[j * n + i]);
      }
    }
  }
}

static void logdet_and_density(void) {
  const double A[4] = {4, 2, 2, 3};  // determinant 8, inverse (3, −2; −2, 4)/8
  double L[4], work[3];
  CHECK(irl_cholesky(L, A, 2));
  CHECK_NEAR(irl_cholesky_logdet(L, 2), log(8), 4 * EPS * log(8));
  const double x[2] = {1, -1}, mean[2] = {0.5, 2};
  const double d0 = 0.5, d1 = -3;
  const double mahalanobis = (3 * d0 * d0 - 4 * d0 * d1 + 4 * d1 * d1) / 8;
  const double pi = acos(-1);
  CHECK_NEAR(irl_gauss_logpdf(x, mean, L, 2, work), -0.5 * (2 * log(2 * pi) + log(8) + mahalanobis),
             1e-14);

  // Independent entries: the sum of the one-dimensional log-densities.
  const double D[9] = {0.5, 0, 0, 0, 2, 0, 0, 0, 1e-3};
  const double y[3] = {0.1, 3, 1.001}, nu[3] = {0, 1, 1};
  double expected = 0.0;
  for (int i = 0; i < 3; i++) {
    double z = (y[i] - nu[i]) / D[4 * i];
    expected += -0.5 * z * z - log(D[4 * i]) - 0.5 * log(2 * pi);
  }
  CHECK_NEAR(irl_gauss_logpdf(y, nu, D, 3, work), expected, 1e-13);
}

static void logsumexp_extremes(void) {
  CHECK(irl_logsumexp(NULL, 0) == -INFINITY);
  CHECK(irl_logsumexp((const double[]){-7.25}, 1) == -7.25);
  CHECK_NEAR(irl_logsumexp((const double[]){1000, 1000}, 2), 1000 + log(2), 1e-12);
  CHECK_NEAR(irl_logsumexp((const double[]){-1e308, -1e308}, 2), -1e308, 0);
  CHECK_NEAR(irl_logsumexp((const double[]){1e308, 0, -1e308}, 3), 1e308, 0);
  CHECK_NEAR(irl_logsumexp((const double[]){0, -745, -745}, 3), 0, 0);
  CHECK(irl_logsumexp((const double[]){-INFINITY, -INFINITY}, 2) == -INFINITY);
  CHECK(irl_logsumexp((const double[]){-INFINITY, 3}, 2) == 3);
  CHECK(irl_logsumexp((const double[]){INFINITY, 3}, 2) == INFINITY);
  CHECK(isnan(irl_logsumexp((const double[]){INFINITY, NAN}, 2)));
  CHECK(isnan(irl_logsumexp((const double[]){NAN}, 1)));
}

static void log_sigmoid_extremes(void) {
  CHECK_NEAR(irl_log_sigmoid(0), -log(2), EPS);
  CHECK_NEAR(irl_log_sigmoid(-800), -800, 0);
  CHECK_NEAR(irl_log_sigmoid(40), -exp(-40), 1e-16 * exp(-40));
  CHECK(irl_log_sigmoid(800) == 0.0);
  CHECK(irl_log_sigmoid(INFINITY) == 0.0 && irl_log_sigmoid(-INFINITY) == -INFINITY);
  CHECK(isnan(irl_log_sigmoid(NAN)));
  for (double s = -30; s <= 30; s += 0.37) {  // log σ(s) − log σ(−s) = s
    CHECK_NEAR(irl_log_sigmoid(s) - irl_log_sigmoid(-s), s, 1e-14 * fabs(s) + 1e-15);
  }
}

static void finite_is_seen(void) {
  const double x[4] = {0, 1e308, NAN, -INFINITY};
  CHECK(irl_all_finite(x, 0) && irl_all_finite(x, 2));
  CHECK(!irl_all_finite(x, 3) && !irl_all_finite(x + 3, 1));
}

TESTS(TEST(products_match_plain_loops), TEST(upper_triangles_match_products),
      TEST(vectors_match_products), TEST(symmetrize_averages), TEST(cholesky_reproduces),
      TEST(cholesky_refuses), TEST(solves_leave_small_residuals), TEST(inverse_inverts),
      TEST(logdet_and_density), TEST(logsumexp_extremes), TEST(log_sigmoid_extremes),
      TEST(finite_is_seen))
