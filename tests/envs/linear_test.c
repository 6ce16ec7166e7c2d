// lq_point_mass against its A and B. One substep of h is v' = v + h u, p' = p + h v' (unit mass),
// so k of them are p' = p + k h v + h² k(k+1)/2 u, v' = v + k h u. Tolerance: rounding of 10 sums.
#include "sample.h"

static void control_steps_are_linear(void) {
  irl_task* task = bundled_task("lq_point_mass");
  const irl_task_info* t = irl_task_get(task);
  const double k = t->frame_skip, h = t->dt / k;
  irl_batch b = sample_batch(task, 8, t->horizon);
  irl_policy policy = sample_policy(task, t->horizon, 3);
  const irl_policy* each[4] = {&policy, &policy, &policy, &policy};
  irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, each);
  CHECK(roll_out(task, &rollout, &b, 1) == 0);
  for (int i = 0; i < 8; i++) {
    for (int s = 0; s < t->horizon; s++) {
      const double *x = irl_batch_x(&b, i, s), *u = irl_batch_u(&b, i, s);
      const double* next = irl_batch_x(&b, i, s + 1);
      for (int j = 0; j < 2; j++) {
        const double p = x[j] + k * h * x[2 + j] + h * h * k * (k + 1) / 2 * u[j];
        const double v = x[2 + j] + k * h * u[j];
        CHECK_NEAR(next[j], p, 1e-12 * (1 + fabs(p)));
        CHECK_NEAR(next[2 + j], v, 1e-12 * (1 + fabs(v)));
      }
    }
  }
  irl_policy_destroy(&policy);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

// The reward is −½(5‖p'‖² + ½‖v'‖² + 2‖u‖²), of the state after the step and the action before it.
static void rewards_are_quadratic(void) {
  irl_task* task = bundled_task("lq_point_mass");
  irl_batch b = sample_batch(task, 4, 100);
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  CHECK(roll_out(task, &rollout, &b, 1) == 0);
  for (int i = 0; i < 4; i++) {
    for (int s = 0; s < 100; s++) {
      const double *x = irl_batch_x(&b, i, s + 1), *u = irl_batch_u(&b, i, s);
      const double want =
          -0.5 * (5 * (x[0] * x[0] + x[1] * x[1]) + 0.5 * (x[2] * x[2] + x[3] * x[3]) +
                  2 * (u[0] * u[0] + u[1] * u[1]));
      CHECK_NEAR(b.reward[i * 100 + s], want, 1e-13 * (1 - want));
    }
  }
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

static void starts_are_exact(void) {
  irl_task* task = bundled_task("lq_point_mass");
  irl_batch b = sample_batch(task, 8, 1);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  CHECK(roll_out(task, &rollout, &b, 1) == 0);
  for (int i = 0; i < 4; i++) {
    CHECK(memcmp(irl_batch_x(&b, i, 0), irl_batch_x(&b, i + 4, 0), 4 * sizeof(double)) == 0);
  }
  CHECK(b.x[0] == 1 && b.x[1] == 1 && b.x[2] == 0);
  CHECK(irl_task_action_high(task)[0] > 1e300);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

TESTS(TEST(control_steps_are_linear), TEST(rewards_are_quadratic), TEST(starts_are_exact))
