// The priors of the fitted dynamics by name, on the arm and on linear systems.
#include "arm.h"
#include "policy/dynamics.h"
#include "test.h"

enum { NY = ARM_NX + ARM_NU, D = 2 * ARM_NX + ARM_NU + ARM_NZ, MANY = 100 };

static irl_dynamics_options options_of(irl_dynamics_kind kind, double strength) {
  irl_dynamics_options o = irl_dynamics_defaults();
  o.kind = kind;
  o.prior_strength = strength;
  return o;
}

static void test_names(void) {
  irl_dynamics_kind kind;
  for (int i = 0; irl_dynamics_kind_name(i) != NULL; i++) {
    CHECK(irl_dynamics_kind_parse(irl_dynamics_kind_name(i), &kind) && (int)kind == i);
  }
  CHECK(irl_dynamics_kind_parse("combined", &kind) && kind == IRL_DYNAMICS_COMBINED);
  CHECK(!irl_dynamics_kind_parse("exact", &kind));
  CHECK(irl_dynamics_kind_name(-1) == NULL);
}

typedef struct arms {
  irl_policy policy;
  irl_batch train;
  irl_batch test;
  irl_dynamics dyn;
  irl_dynamics_fitter* fitter;
  int index[MANY];
} arms;

static void arms_init(arms* a, double gain, double stddev, int n) {
  CHECK_OK(arm_policy(&a->policy, gain, stddev));
  CHECK_OK(irl_batch_create(&a->train, n, ARM_T, ARM_NX, ARM_NU, ARM_NZ, 0));
  CHECK_OK(irl_batch_create(&a->test, MANY, ARM_T, ARM_NX, ARM_NU, ARM_NZ, 0));
  CHECK_OK(irl_dynamics_create(&a->dyn, ARM_T, ARM_NX, ARM_NU, ARM_NZ));
  CHECK_OK(irl_dynamics_fitter_create(&a->fitter, ARM_T, ARM_NX, ARM_NU, ARM_NZ));
  for (int i = 0; i < MANY; i++) {
    a->index[i] = i;
    arm_rollout(&a->test, i, &a->policy, 2);
  }
  for (int i = 0; i < n; i++) {
    arm_rollout(&a->train, i, &a->policy, 1);
  }
}

static void arms_fini(arms* a) {
  irl_dynamics_fitter_destroy(a->fitter);
  irl_dynamics_destroy(&a->dyn);
  irl_batch_destroy(&a->test);
  irl_batch_destroy(&a->train);
  irl_policy_destroy(&a->policy);
}

// Root mean square error of x_{t+1} on held-out trajectories, as a share of its spread in a step.
static double prediction_error(const irl_dynamics* dyn, const irl_batch* test) {
  double sum = 0;
  double spread = 0;
  for (int t = 0; t < ARM_T; t++) {
    for (int j = 0; j < ARM_NX; j++) {
      const double* F = dyn->F + (t * ARM_NX + j) * NY;
      double mean = 0;
      double squares = 0;
      for (int i = 0; i < test->n; i++) {
        const double next = irl_batch_x(test, i, t + 1)[j];
        double e = next - dyn->f[t * ARM_NX + j];
        for (int k = 0; k < ARM_NX; k++) {
          e -= F[k] * irl_batch_x(test, i, t)[k];
        }
        e -= F[ARM_NX] * irl_batch_u(test, i, t)[0] + F[ARM_NX + 1] * irl_batch_u(test, i, t)[1];
        mean += next / test->n;
        squares += next * next / test->n;
        sum += e * e / test->n;
      }
      spread += squares - mean * mean;
    }
  }
  return sqrt(sum / spread);
}

static bool finite_model(const irl_dynamics* dyn) {
  double zero = 0;
  for (int i = 0; i < ARM_T * ARM_NX * NY; i++) {
    zero += 0 * dyn->F[i];
  }
  for (int i = 0; i < ARM_T * ARM_NX * ARM_NX; i++) {
    zero += 0 * dyn->cov[i];
  }
  return zero == 0;
}

// Held-out prediction with the mixture, one pseudo-trajectory and thirty, against the pooled prior.
// The limits are what was measured, with room; the pooled prior is the better one on smooth motion.
static void test_mixture_predicts(void) {
  static const int sizes[3] = {5, 10, 25};
  static const double limits[3] = {0.25, 0.12, 0.08};
  for (int s = 0; s < 3; s++) {
    arms a;
    arms_init(&a, 1, 0.5, sizes[s]);
    double error[3];
    const irl_dynamics_options kinds[3] = {options_of(IRL_DYNAMICS_FITTED, 30),
                                           options_of(IRL_DYNAMICS_MIXTURE, 1),
                                           options_of(IRL_DYNAMICS_MIXTURE, 30)};
    for (int k = 0; k < 3; k++) {
      CHECK_OK(irl_dynamics_fitter_run(a.fitter, &a.dyn, &a.train, a.index, sizes[s], &kinds[k],
                                       NULL, NULL));
      error[k] = prediction_error(&a.dyn, &a.test);
    }
    printf("     n %2d: pooled %.4f, mixture of weight 1 %.4f, of weight 30 %.4f\n", sizes[s],
           error[0], error[1], error[2]);
    CHECK(error[2] < limits[s]);
    arms_fini(&a);
  }
}

// Differences of the arm's own step about every trajectory: exact slopes from two trajectories.
static void arm_differences(irl_differences* diff, const irl_batch* b, double size) {
  enum { DIRECTIONS = 4 + ARM_NU };
  CHECK_OK(irl_differences_create(diff, ARM_T, b->n * DIRECTIONS, D));
  diff->paths = b->n;
  for (int t = 0; t < ARM_T; t++) {
    for (int p = 0; p < b->n; p++) {
      const double* x = irl_batch_x(b, p, t);
      for (int j = 0; j < DIRECTIONS; j++) {
        double* row = irl_differences_row(diff, t, p * DIRECTIONS + j);
        for (int side = -1; side <= 1; side += 2) {
          arm a = {{atan2(x[2], x[0]), atan2(x[3], x[1])}, {x[6], x[7]}};
          double from[ARM_NX];
          double to[ARM_NX];
          double u[2] = {irl_batch_u(b, p, t)[0], irl_batch_u(b, p, t)[1]};
          double* moved = j < 2 ? &a.q[j] : j < 4 ? &a.qd[j - 2] : &u[j - 4];
          *moved += side * size;
          arm_observe(&a, from);
          arm_step(&a, u);
          arm_observe(&a, to);
          for (int i = 0; i < ARM_NX; i++) {
            row[i] += side * from[i] / 2;
            row[NY + i] += side * (to[i] - from[i]) / 2;
          }
          row[ARM_NX] += side * u[0] / 2;
          row[ARM_NX + 1] += side * u[1] / 2;
        }
      }
    }
  }
}

// From two trajectories, where a regression has nothing to go by, the simulator's slopes are as
// good as those of 25 trajectories; as a prior they are better still.
static void test_simulator_needs_few(void) {
  arms a;
  irl_differences diff;
  arms_init(&a, 4, 0.2, 5);
  arm_differences(&diff, &a.train, 1e-2);
  const irl_dynamics_options kinds[3] = {options_of(IRL_DYNAMICS_FITTED, 30),
                                         options_of(IRL_DYNAMICS_SIMULATOR, 30),
                                         options_of(IRL_DYNAMICS_COMBINED, 30)};
  double error[3];
  for (int k = 0; k < 3; k++) {
    CHECK_OK(
        irl_dynamics_fitter_run(a.fitter, &a.dyn, &a.train, a.index, 5, &kinds[k], &diff, NULL));
    CHECK(finite_model(&a.dyn));
    error[k] = prediction_error(&a.dyn, &a.test);
  }
  printf("     n 5: fitted %.4f, simulator %.4f, combined %.4f\n", error[0], error[1], error[2]);
  CHECK(error[1] < error[0]);
  CHECK(error[2] < error[0]);
  irl_differences_destroy(&diff);
  arms_fini(&a);
}

// A fitter's second use gives the bits of its first: nothing is left over.
static void test_fitter_forgets(void) {
  arms a;
  irl_dynamics other;
  arms_init(&a, 1, 0.5, 8);
  const irl_dynamics_options o = irl_dynamics_defaults();
  CHECK_OK(irl_dynamics_create(&other, ARM_T, ARM_NX, ARM_NU, ARM_NZ));
  CHECK_OK(irl_dynamics_fitter_run(a.fitter, &other, &a.test, a.index, 30, &o, NULL, NULL));
  CHECK_OK(irl_dynamics_fitter_run(a.fitter, &other, &a.train, a.index, 8, &o, NULL, NULL));
  CHECK_OK(irl_dynamics_fit(&a.dyn, &a.train, a.index, 8, &o, NULL));
  CHECK(memcmp(a.dyn.F, other.F, sizeof(double) * ARM_T * ARM_NX * NY) == 0);
  CHECK(memcmp(a.dyn.cov, other.cov, sizeof(double) * ARM_T * ARM_NX * ARM_NX) == 0);
  irl_dynamics_destroy(&other);
  arms_fini(&a);
}

static void test_bad_input(void) {
  arms a;
  irl_errinfo info = {0};
  irl_differences none;
  arms_init(&a, 1, 0.5, 3);
  irl_dynamics_options o = options_of(IRL_DYNAMICS_SIMULATOR, 30);
  CHECK(irl_dynamics_fitter_run(a.fitter, &a.dyn, &a.train, a.index, 3, &o, NULL, &info) ==
        IRL_ERANGE);
  CHECK_CONTAINS(info.text, "simulator needs differences of the simulator");
  CHECK_OK(irl_differences_create(&none, ARM_T, 6, D));
  none.paths = 1;  // all of them missing: every slope is 0, nothing changes
  CHECK_OK(irl_dynamics_fitter_run(a.fitter, &a.dyn, &a.train, a.index, 3, &o, &none, &info));
  CHECK(finite_model(&a.dyn));
  CHECK(a.dyn.F[0] == 1 && a.dyn.F[1] == 0);
  irl_differences_destroy(&none);
  for (int kind = 0; kind < 2; kind++) {  // fewer trajectories than regressors, all the same
    const int same[3] = {1, 1, 1};
    o = options_of((irl_dynamics_kind)kind, 1);
    CHECK_OK(irl_dynamics_fitter_run(a.fitter, &a.dyn, &a.train, same, 3, &o, NULL, &info));
    CHECK(finite_model(&a.dyn));
  }
  irl_batch_u(&a.train, 2, 9)[0] = (double)NAN;
  CHECK(irl_dynamics_fitter_run(a.fitter, &a.dyn, &a.train, a.index, 3, &o, NULL, &info) ==
        IRL_ENUM);
  CHECK_CONTAINS(info.text, "trajectory 2 has a number that is not finite at step 9");
  arms_fini(&a);
}

TESTS(TEST(test_names), TEST(test_mixture_predicts), TEST(test_simulator_needs_few),
      TEST(test_fitter_forgets), TEST(test_bad_input))
