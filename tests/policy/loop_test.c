// The parts together: sample, fit dynamics, KL-limited step, again, on the nonlinear arm.
#include "arm.h"
#include "policy/dynamics.h"
#include "policy/lqr.h"
#include "test.h"

enum { SAMPLES = 12, N = ARM_NX + ARM_NU };

// 20 × (squared distance of the tip + 0.01 |u|²) a step: exactly quadratic in the observations.
static void set_cost(irl_quadratic* cost) {
  for (int t = 0; t < ARM_T; t++) {
    double* C = cost->C + t * N * N;
    C[8 * N + 8] = C[9 * N + 9] = 40;
    C[10 * N + 10] = C[11 * N + 11] = 0.4;
  }
}

static double mean_cost(const irl_batch* batch) {
  double sum = 0;
  for (int i = 0; i < batch->n; i++) {
    for (int t = 0; t < ARM_T; t++) {
      const double* x = irl_batch_x(batch, i, t);
      const double* u = irl_batch_u(batch, i, t);
      sum += 20 * (x[8] * x[8] + x[9] * x[9] + 0.01 * (u[0] * u[0] + u[1] * u[1]));
    }
  }
  return sum / batch->n;
}

typedef struct loop {
  irl_batch batch;
  irl_dynamics dyn;
  irl_quadratic cost;
  irl_policy prev;
  irl_policy next;
  irl_lqr* lqr;
  int index[SAMPLES];
} loop;

static void loop_init(loop* l) {
  const double noise[ARM_NU] = {1, 1};
  CHECK_OK(irl_batch_create(&l->batch, SAMPLES, ARM_T, ARM_NX, ARM_NU, 0, 0));
  CHECK_OK(irl_dynamics_create(&l->dyn, ARM_T, ARM_NX, ARM_NU, 0));
  CHECK_OK(irl_quadratic_create(&l->cost, ARM_T, ARM_NX, ARM_NU));
  CHECK_OK(irl_policy_create(&l->prev, ARM_T, ARM_NX, ARM_NU));
  CHECK_OK(irl_policy_create(&l->next, ARM_T, ARM_NX, ARM_NU));
  CHECK_OK(irl_lqr_create(&l->lqr, ARM_T, ARM_NX, ARM_NU));
  CHECK_OK(irl_policy_set_noise(&l->prev, noise));
  set_cost(&l->cost);
  for (int i = 0; i < SAMPLES; i++) {
    l->index[i] = i;
  }
}

static void loop_fini(loop* l) {
  irl_lqr_destroy(l->lqr);
  irl_policy_destroy(&l->next);
  irl_policy_destroy(&l->prev);
  irl_quadratic_destroy(&l->cost);
  irl_dynamics_destroy(&l->dyn);
  irl_batch_destroy(&l->batch);
}

static double sample(loop* l, const irl_policy* policy, uint64_t seed) {
  for (int i = 0; i < SAMPLES; i++) {
    arm_rollout(&l->batch, i, policy, seed);
  }
  return mean_cost(&l->batch);
}

static void test_arm_learns_to_reach(void) {
  static const double limits[2] = {10, 50};
  for (int c = 0; c < 2; c++) {
    loop l;
    loop_init(&l);
    irl_dynamics_options fit = irl_dynamics_defaults();
    irl_lqr_options options = irl_lqr_defaults();
    double multiplier = 1;
    double eta = 1;
    const double first = sample(&l, &l.prev, 1);
    double now = first;
    for (int it = 1; it <= 20; it++) {
      irl_lqr_report r;
      options.kl_limit = limits[c] * multiplier;
      CHECK_OK(irl_dynamics_fit(&l.dyn, &l.batch, l.index, SAMPLES, &fit, NULL));
      CHECK_OK(irl_lqr_step(l.lqr, &l.dyn, &l.cost, &l.prev, &options, &eta, &l.next, &r));
      const double before = now;
      now = sample(&l, &l.next, 1 + (uint64_t)it);
      multiplier =
          irl_lqr_adapt(multiplier, r.expected_cost_prev - r.expected_cost, before - now, 0.1, 10);
      irl_policy_copy(&l.prev, &l.next);
    }
    printf("     KL %g: cost %.0f -> %.1f\n", limits[c], first, now);
    CHECK(now < 0.25 * first);  // 2343 at first, about 500 where it settles, noise included
    loop_fini(&l);
  }
}

TESTS(TEST(test_arm_learns_to_reach))
