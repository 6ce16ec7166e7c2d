// Finite differences of the simulator, against exact derivatives and against the simulator itself.
#include "envs/linearize.h"

#include "sample.h"

typedef struct setup {
  irl_task* task;
  const irl_task_info* t;
  irl_env* env;
  irl_policy policy;
  irl_batch batch;
  irl_linearizer* lin;
  irl_differences diff;
  irl_dynamics dyn;
  int64_t steps;
  int index[16];
} setup;

// Sixteen trajectories of a task's first condition under small noise and gains.
static void setup_init(setup* s, const char* name, int horizon, double stddev,
                       const irl_linearize_options* options, int nthread) {
  *s = (setup){.task = bundled_task(name)};
  s->t = irl_task_get(s->task);
  s->policy = sample_policy(s->task, horizon, stddev);
  memset(s->policy.K, 0, sizeof(double) * (size_t)(horizon * s->t->nu * s->t->nx));
  s->batch = sample_batch(s->task, 16, horizon);
  const irl_policy* own[16];
  for (int i = 0; i < 16; i++) {
    own[i] = &s->policy;
    s->index[i] = i;
    s->batch.condition[i] = 0;
  }
  irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, NULL);
  rollout.own_policy = own;
  rollout.run_on = true;
  CHECK_OK(irl_env_create(&s->env, s->task, 16, nthread, NULL));
  CHECK_OK(irl_env_rollout(s->env, &rollout, &s->batch, NULL, NULL, NULL));
  CHECK_OK(irl_linearizer_create(&s->lin, s->env, horizon, options, NULL));
  CHECK_OK(irl_differences_create(&s->diff, horizon,
                                  options->paths * irl_linearize_directions(s->task),
                                  2 * s->t->nx + s->t->nu + s->t->nz));
  CHECK_OK(irl_dynamics_create(&s->dyn, horizon, s->t->nx, s->t->nu, s->t->nz));
  CHECK_OK(irl_linearizer_run(s->lin, &s->batch, s->index, 16, &s->diff, &s->steps, NULL));
}

static void setup_fini(setup* s) {
  irl_dynamics_destroy(&s->dyn);
  irl_differences_destroy(&s->diff);
  irl_linearizer_destroy(s->lin);
  irl_env_destroy(s->env);
  irl_batch_destroy(&s->batch);
  irl_policy_destroy(&s->policy);
  irl_task_destroy(s->task);
}

static void fit(setup* s, irl_dynamics_kind kind, double ridge) {
  irl_dynamics_fitter* fitter;
  irl_dynamics_options o = irl_dynamics_defaults();
  o.kind = kind;
  o.ridge = ridge;
  CHECK_OK(irl_dynamics_fitter_create(&fitter, s->batch.horizon, s->t->nx, s->t->nu, s->t->nz));
  CHECK_OK(irl_dynamics_fitter_run(fitter, &s->dyn, &s->batch, s->index, 16, &o, &s->diff, NULL));
  irl_dynamics_fitter_destroy(fitter);
}

// lq_point_mass: x' = A x + B u with k substeps of h (linear_test.c). The ridge of 1e-6 pulls a
// slope by a share of 1e-6, rounding of differences of size 1e-2 adds 1e-13.
static void linear_system_is_exact(void) {
  setup s;
  const irl_linearize_options o = irl_linearize_defaults();
  setup_init(&s, "lq_point_mass", 10, 1, &o, 1);
  fit(&s, IRL_DYNAMICS_SIMULATOR, 1e-6);
  const double k = s.t->frame_skip, h = s.t->dt / k;
  const double want[4][6] = {{1, 0, k * h, 0, h * h * k * (k + 1) / 2, 0},
                             {0, 1, 0, k * h, 0, h * h * k * (k + 1) / 2},
                             {0, 0, 1, 0, k * h, 0},
                             {0, 0, 0, 1, 0, k * h}};
  for (int t = 0; t < 10; t++) {
    for (int i = 0; i < 24; i++) {
      CHECK_NEAR(s.dyn.F[t * 24 + i], want[i / 6][i % 6], 2e-6);
    }
  }
  // 3 paths, 4 + 2 directions, there and back, 10 steps.
  CHECK(s.steps == 3 * 6 * 2 * 10);
  setup_fini(&s);
}

// Error of predicting x_{t+1} of the trajectories themselves, as a share of the spread in a step.
static double prediction_error(const setup* s) {
  const int nx = s->t->nx, nu = s->t->nu;
  double sum = 0, spread = 0;
  for (int t = 0; t < s->batch.horizon; t++) {
    for (int j = 0; j < nx; j++) {
      const double* F = s->dyn.F + (t * nx + j) * (nx + nu);
      double mean = 0, squares = 0;
      for (int i = 0; i < 16; i++) {
        const double next = irl_batch_x(&s->batch, i, t + 1)[j];
        double e = next - s->dyn.f[t * nx + j];
        for (int k = 0; k < nx; k++) {
          e -= F[k] * irl_batch_x(&s->batch, i, t)[k];
        }
        for (int k = 0; k < nu; k++) {
          e -= F[nx + k] * irl_batch_u(&s->batch, i, t)[k];
        }
        mean += next / 16;
        squares += next * next / 16;
        sum += e * e / 16;
      }
      spread += squares - mean * mean;
    }
  }
  return sqrt(sum / spread);
}

// Slopes in observation coordinates predict motion that they were not fitted to, in both timings:
// reacher's observations are one substep old, point_mass's are fresh. Runge-Kutta:
// inverted_pendulum.
static void slopes_predict_trajectories(void) {
  static const char* const names[] = {"reacher", "point_mass", "inverted_pendulum"};
  static const double limits[] = {0.02, 0.02, 0.05};
  for (int k = 0; k < 3; k++) {
    setup s;
    const irl_linearize_options o = irl_linearize_defaults();
    setup_init(&s, names[k], 15, 0.1, &o, 1);
    fit(&s, IRL_DYNAMICS_SIMULATOR, 1e-3);
    const double error = prediction_error(&s);
    printf("     %s: %.4f of the spread\n", names[k], error);
    CHECK(error < limits[k]);
    setup_fini(&s);
  }
}

// A path whose action lies beyond the bound has no slope, and over paths half of which do the slope
// is about half: that is what a policy with noise about the bound can count on. reacher, actions in
// [−1, 1], second step, joint 0's velocity. 16 paths: between a quarter and three quarters.
static void clipped_actions_count_as_clipped(void) {
  double slope[3];
  for (int k = 0; k < 3; k++) {
    setup s;
    irl_linearize_options o = irl_linearize_defaults();
    o.paths = 16;
    setup_init(&s, "reacher", 3, 0.3, &o, 1);
    for (int i = 0; i < 16; i++) {  // pretend the second action was about 0, at the bound, far out
      irl_batch_u(&s.batch, i, 1)[0] += k == 0 ? 0 : k == 1 ? 1 : 5;
    }
    CHECK_OK(irl_linearizer_run(s.lin, &s.batch, s.index, 16, &s.diff, NULL, NULL));
    fit(&s, IRL_DYNAMICS_SIMULATOR, 1e-3);
    slope[k] = s.dyn.F[(1 * 10 + 6) * 12 + 10];  // d velocity 0 / d action 0
    setup_fini(&s);
  }
  CHECK(fabs(slope[0]) > 0.1);
  CHECK(slope[1] / slope[0] > 0.25 && slope[1] / slope[0] < 0.75);
  CHECK_NEAR(slope[2] / slope[0], 0, 1e-9);
}

static void threads_do_not_matter(void) {
  setup a, b;
  const irl_linearize_options o = irl_linearize_defaults();
  setup_init(&a, "reacher", 6, 0.3, &o, 1);
  setup_init(&b, "reacher", 6, 0.3, &o, 3);
  CHECK(memcmp(a.diff.row, b.diff.row,
               sizeof(double) * (size_t)(a.diff.horizon * a.diff.n * a.diff.d)) == 0);
  CHECK(a.steps == b.steps);
  setup_fini(&a);
  setup_fini(&b);
}

static void bad_input_is_refused(void) {
  setup s;
  irl_errinfo info = {0};
  irl_linearize_options o = irl_linearize_defaults();
  irl_env_runtime_init();
  setup_init(&s, "reacher", 4, 0.3, &o, 1);
  irl_batch bare;
  CHECK_OK(irl_batch_create(&bare, 16, 4, s.t->nx, s.t->nu, s.t->nz, 0));
  CHECK(irl_linearizer_run(s.lin, &bare, s.index, 16, &s.diff, NULL, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "record the physics states");
  irl_batch_destroy(&bare);
  memset(s.batch.valid, 0, 16);
  CHECK(irl_linearizer_run(s.lin, &s.batch, s.index, 16, &s.diff, NULL, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "none of 16 trajectories is valid");
  irl_linearizer* lin;
  o.paths = 17;
  CHECK(irl_linearizer_create(&lin, s.env, 4, &o, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "give 1 to 16 paths");
  memset(s.batch.valid, 1, 16);  // a state that no simulation survives leaves zero rows
  irl_batch_state(&s.batch, 0, 1)[2] = (double)NAN;
  CHECK_OK(irl_linearizer_run(s.lin, &s.batch, s.index, 16, &s.diff, NULL, &info));
  const int directions = irl_linearize_directions(s.task);
  for (int i = 0; i < directions * s.diff.d; i++) {
    CHECK(irl_differences_row(&s.diff, 1, 0)[i] == 0);
  }
  CHECK(irl_differences_row(&s.diff, 1, directions)[0] != 0);
  setup_fini(&s);
}

TESTS(TEST(linear_system_is_exact), TEST(slopes_predict_trajectories),
      TEST(clipped_actions_count_as_clipped), TEST(threads_do_not_matter),
      TEST(bad_input_is_refused))
