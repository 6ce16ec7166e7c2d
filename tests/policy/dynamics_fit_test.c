#include "arm.h"
#include "policy/dynamics.h"
#include "problems.h"
#include "test.h"

enum { MANY = 200 };

static void all_of(int* index, int n) {
  for (int i = 0; i < n; i++) {
    index[i] = i;
  }
}

// x' = F_t y + f_t exactly, z = Z_t y + z0_t exactly, from normal starts and actions.
static void linear_batch(const irl_dynamics* truth, irl_batch* batch, uint64_t seed) {
  const int ny = batch->nx + batch->nu;
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < batch->n; i++) {
    random_normals(irl_batch_x(batch, i, 0), batch->nx, 1, &rng);
    for (int t = 0; t < batch->horizon; t++) {
      double y[DENSE_MAX];
      random_normals(irl_batch_u(batch, i, t), batch->nu, 1, &rng);
      memcpy(y, irl_batch_x(batch, i, t), (size_t)batch->nx * sizeof(double));
      memcpy(y + batch->nx, irl_batch_u(batch, i, t), (size_t)batch->nu * sizeof(double));
      for (int j = 0; j < batch->nx + batch->nz; j++) {
        const bool state = j < batch->nx;
        const int at = state ? t * batch->nx + j : t * batch->nz + j - batch->nx;
        const double* map = (state ? truth->F : truth->Z) + at * ny;
        double sum = (state ? truth->f : truth->z0)[at];
        for (int k = 0; k < ny; k++) {
          sum += map[k] * y[k];
        }
        *(state ? irl_batch_x(batch, i, t + 1) + j : irl_batch_z(batch, i, t) + j - batch->nx) =
            sum;
      }
    }
  }
}

static double worst(const double* a, const double* b, int n) {
  double most = 0;
  for (int i = 0; i < n; i++) {
    most = fmax(most, fabs(a[i] - b[i]));
  }
  return most;
}

// An exactly linear system with 1e-10 ridge is recovered to 1e-6, its noise is the floor, with and
// without neighbours (whose systems are others, so a strong prior must hurt).
static void test_linear_system(void) {
  enum { T = 6, NX = 4, NU = 2, NZ = 2, NY = NX + NU, N = 40 };
  int index[N];
  all_of(index, N);
  irl_rng rng = irl_rng_stream(3, IRL_PURPOSE_VERIFY, 0, 0, 0);
  irl_dynamics truth;
  irl_dynamics dyn;
  irl_batch batch;
  CHECK_OK(irl_dynamics_create(&truth, T, NX, NU, NZ));
  CHECK_OK(irl_dynamics_create(&dyn, T, NX, NU, NZ));
  CHECK_OK(irl_batch_create(&batch, N, T, NX, NU, NZ, 0));
  random_normals(truth.F, T * NX * NY, 0.4, &rng);
  random_normals(truth.f, T * NX, 0.4, &rng);
  random_normals(truth.Z, T * NZ * NY, 1, &rng);
  random_normals(truth.z0, T * NZ, 1, &rng);
  linear_batch(&truth, &batch, 4);
  irl_dynamics_options options = {.window = 0, .prior_strength = 0, .ridge = 1e-10};
  CHECK_OK(irl_dynamics_fit(&dyn, &batch, index, N, &options, NULL));
  CHECK_NEAR(worst(dyn.F, truth.F, T * NX * NY), 0, 1e-6);
  CHECK_NEAR(worst(dyn.f, truth.f, T * NX), 0, 1e-6);
  CHECK_NEAR(worst(dyn.Z, truth.Z, T * NZ * NY), 0, 1e-6);
  CHECK_NEAR(worst(dyn.z0, truth.z0, T * NZ), 0, 1e-6);
  for (int i = 0; i < T * NX * NX; i++) {
    CHECK_NEAR(dyn.cov[i], 0, 1e-9);
  }
  options.window = 2;
  options.prior_strength = 20;
  CHECK_OK(irl_dynamics_fit(&dyn, &batch, index, N, &options, NULL));
  CHECK(worst(dyn.F, truth.F, T * NX * NY) > 0.01);
  for (int t = 1; t < T; t++) {  // the same system at every step: neighbours only help
    memcpy(truth.F + t * NX * NY, truth.F, NX * NY * sizeof(double));
    memcpy(truth.Z + t * NZ * NY, truth.Z, NZ * NY * sizeof(double));
  }
  linear_batch(&truth, &batch, 5);
  CHECK_OK(irl_dynamics_fit(&dyn, &batch, index, 4, &options, NULL));
  CHECK_NEAR(worst(dyn.F, truth.F, T * NX * NY), 0, 1e-6);
  CHECK_NEAR(worst(dyn.Z, truth.Z, T * NZ * NY), 0, 1e-6);
  irl_batch_destroy(&batch);
  irl_dynamics_destroy(&dyn);
  irl_dynamics_destroy(&truth);
}

// Start moments and noise of known covariance come out, within sampling error of 400 trajectories.
static void test_noise_and_start(void) {
  enum { T = 3, N = 400 };
  int index[N];
  all_of(index, N);
  irl_batch batch;
  irl_dynamics dyn;
  CHECK_OK(irl_batch_create(&batch, N, T, 2, 1, 0, 0));
  CHECK_OK(irl_dynamics_create(&dyn, T, 2, 1, 0));
  irl_rng rng = irl_rng_stream(9, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < N; i++) {
    double* x = irl_batch_x(&batch, i, 0);
    x[0] = 3 + 0.5 * irl_rng_normal(&rng);
    x[1] = -1 + 0.5 * (x[0] - 3);
    for (int t = 0; t < T; t++) {
      const double* now = irl_batch_x(&batch, i, t);
      double* next = irl_batch_x(&batch, i, t + 1);
      const double e = irl_rng_normal(&rng);
      irl_batch_u(&batch, i, t)[0] = irl_rng_normal(&rng);
      next[0] = 0.9 * now[0] + 0.2 * e;
      next[1] = 0.5 * now[0] + irl_batch_u(&batch, i, t)[0] - 0.1 * e + 0.1 * irl_rng_normal(&rng);
    }
  }
  const irl_dynamics_options options = {.window = 0, .prior_strength = 0, .ridge = 1e-9};
  CHECK_OK(irl_dynamics_fit(&dyn, &batch, index, N, &options, NULL));
  CHECK_NEAR(dyn.x0_mean[0], 3, 5 * 0.5 / sqrt(N));
  CHECK_NEAR(dyn.x0_cov[0], 0.25, 5 * 0.25 * sqrt(2.0 / N));
  CHECK_NEAR(dyn.x0_cov[1], 0.5 * dyn.x0_cov[0], 1e-12);
  for (int t = 0; t < T; t++) {
    const double* cov = dyn.cov + 4 * t;
    CHECK_NEAR(cov[0], 0.04, 5 * 0.04 * sqrt(2.0 / N));
    CHECK_NEAR(cov[1], -0.02, 5 * 0.03 * sqrt(2.0 / N));
    CHECK_NEAR(cov[3], 0.02, 5 * 0.02 * sqrt(2.0 / N));
  }
  irl_batch_destroy(&batch);
  irl_dynamics_destroy(&dyn);
}

static bool finite_model(const irl_dynamics* dyn) {
  const int T = dyn->horizon;
  const int ny = dyn->nx + dyn->nu;
  double sum = 0;
  for (int i = 0; i < T * dyn->nx * ny; i++) {
    sum += dyn->F[i];
  }
  for (int i = 0; i < T * dyn->nx; i++) {
    sum += dyn->f[i];
  }
  for (int i = 0; i < T * dyn->nx * dyn->nx; i++) {
    sum += dyn->cov[i];
  }
  for (int i = 0; i < T * dyn->nz * ny; i++) {
    sum += dyn->Z[i];
  }
  return isfinite(sum);
}

// Root mean square prediction error of the changing observations on `test`, in units of their
// spread within a step.
static double prediction_error(const irl_dynamics* dyn, const irl_batch* test) {
  double sum = 0;
  double spread = 0;
  for (int t = 0; t < ARM_T; t++) {
    for (int j = 0; j < ARM_NX; j++) {
      if (j == 4 || j == 5) {
        continue;
      }
      const double* F = dyn->F + (t * ARM_NX + j) * (ARM_NX + ARM_NU);
      double mean = 0;
      double squares = 0;
      for (int i = 0; i < test->n; i++) {
        double e = irl_batch_x(test, i, t + 1)[j];
        mean += e / test->n;
        squares += e * e / test->n;
        e -= dyn->f[t * ARM_NX + j];
        for (int k = 0; k < ARM_NX; k++) {
          e -= F[k] * irl_batch_x(test, i, t)[k];
        }
        e -= F[ARM_NX] * irl_batch_u(test, i, t)[0] + F[ARM_NX + 1] * irl_batch_u(test, i, t)[1];
        sum += e * e / test->n;
      }
      spread += squares - mean * mean;
    }
  }
  return sqrt(sum / spread);
}

typedef struct arms {
  irl_policy policy;
  irl_batch train;
  irl_batch test;
  irl_dynamics dyn;
  int index[MANY];
} arms;

static void arms_init(arms* a, double gain, double stddev, int n) {
  CHECK_OK(arm_policy(&a->policy, gain, stddev));
  CHECK_OK(irl_batch_create(&a->train, n, ARM_T, ARM_NX, ARM_NU, ARM_NZ, 0));
  CHECK_OK(irl_batch_create(&a->test, MANY, ARM_T, ARM_NX, ARM_NU, ARM_NZ, 0));
  CHECK_OK(irl_dynamics_create(&a->dyn, ARM_T, ARM_NX, ARM_NU, ARM_NZ));
  all_of(a->index, MANY);
  for (int i = 0; i < n; i++) {
    arm_rollout(&a->train, i, &a->policy, 1);
  }
  for (int i = 0; i < MANY; i++) {
    arm_rollout(&a->test, i, &a->policy, 2);
  }
}

static void arms_fini(arms* a) {
  irl_dynamics_destroy(&a->dyn);
  irl_batch_destroy(&a->test);
  irl_batch_destroy(&a->train);
  irl_policy_destroy(&a->policy);
}

// Held-out error on the nonlinear arm with the defaults, measured and given some room; against the
// regression of each step alone, which is hopeless with fewer trajectories than its 12 regressors.
static void test_arm_prediction(void) {
  static const double gains[3] = {1, 4, 3};
  static const double noises[3] = {0.5, 0.2, 1.5};
  static const int sizes[3] = {5, 10, 25};
  static const double limits[3][3] = {{0.05, 0.04, 0.035}, {0.06, 0.04, 0.03}, {0.12, 0.1, 0.1}};
  static const double shares[3] = {0.25, 0.9, 1.05};
  for (int c = 0; c < 3; c++) {
    for (int s = 0; s < 3; s++) {
      arms a;
      arms_init(&a, gains[c], noises[c], sizes[s]);
      irl_dynamics_options options = irl_dynamics_defaults();
      CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, a.index, sizes[s], &options, NULL));
      const double ours = prediction_error(&a.dyn, &a.test);
      CHECK(ours < limits[c][s]);
      options.window = 0;
      options.prior_strength = 0;
      CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, a.index, sizes[s], &options, NULL));
      const double alone = prediction_error(&a.dyn, &a.test);
      CHECK(ours < alone * shares[s]);
      printf("     arm gain %g noise %g n %2d: error %.4f, each step alone %.4f\n", gains[c],
             noises[c], sizes[s], ours, alone);
      arms_fini(&a);
    }
  }
}

// The target is constant: it predicts itself and nothing else follows it.
static void test_constant_columns(void) {
  arms a;
  arms_init(&a, 1, 0.5, 10);
  const irl_dynamics_options options = irl_dynamics_defaults();
  CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 10, &options, NULL));
  for (int t = 0; t < ARM_T; t++) {
    for (int j = 0; j < ARM_NX; j++) {
      for (int k = 0; k < ARM_NX + ARM_NU; k++) {
        const double F = a.dyn.F[(t * ARM_NX + j) * (ARM_NX + ARM_NU) + k];
        if (j == 4 || j == 5 || k == 4 || k == 5) {
          CHECK(F == (j == k ? 1 : 0));
        }
      }
    }
    CHECK_NEAR(a.dyn.f[t * ARM_NX + 4], 0, 1e-15);
    CHECK_NEAR(a.dyn.cov[(t * ARM_NX + 5) * ARM_NX + 5], 0, 1e-15);
  }
  arms_fini(&a);
}

static void test_degenerate_data(void) {
  arms a;
  arms_init(&a, 1, 0.5, 6);
  const irl_dynamics_options options = irl_dynamics_defaults();
  irl_errinfo info = {0};
  CHECK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 1, &options, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "1 usable trajectories");
  CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 2, &options, &info));
  CHECK(finite_model(&a.dyn));
  const int twice[4] = {3, 3, 3, 3};  // one trajectory four times
  CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, twice, 4, &options, &info));
  CHECK(finite_model(&a.dyn));
  for (int i = 0; i < 6; i++) {  // a nearly constant column and one of rounding size
    for (int t = 0; t <= ARM_T; t++) {
      irl_batch_x(&a.train, i, t)[4] = 1e6 + 1e-9 * i;
      irl_batch_x(&a.train, i, t)[5] = 1e-300 * i;
    }
  }
  CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 6, &options, &info));
  CHECK(finite_model(&a.dyn));
  a.train.valid[2] = 0;  // left out, whatever it holds
  irl_batch_x(&a.train, 2, 7)[1] = (double)NAN;
  CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 6, &options, &info));
  CHECK(finite_model(&a.dyn));
  a.train.valid[2] = 1;
  CHECK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 6, &options, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "trajectory 2 has a number that is not finite at step 6");
  const irl_dynamics_options bare = {.window = 0};
  CHECK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 2, &bare, &info) != IRL_OK ||
        finite_model(&a.dyn));
  arms_fini(&a);
}

// Trajectories that end early give what they have; steps that none reached repeat the last model.
static void test_short_trajectories(void) {
  arms a;
  arms_init(&a, 1, 0.5, 8);
  const irl_dynamics_options options = irl_dynamics_defaults();
  for (int i = 0; i < 8; i++) {
    a.train.length[i] = i == 0 ? 30 : 20;
    const int rows = ARM_T - a.train.length[i];
    memset(irl_batch_x(&a.train, i, a.train.length[i] + 1), 0,
           (size_t)(rows * ARM_NX) * sizeof(double));
  }
  CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 8, &options, NULL));
  CHECK(finite_model(&a.dyn));
  const int block = ARM_NX * (ARM_NX + ARM_NU);
  CHECK(memcmp(a.dyn.F + 49 * block, a.dyn.F + 29 * block, (size_t)block * sizeof(double)) == 0);
  arms_fini(&a);
}

TESTS(TEST(test_linear_system), TEST(test_noise_and_start), TEST(test_arm_prediction),
      TEST(test_constant_columns), TEST(test_degenerate_data), TEST(test_short_trajectories))
