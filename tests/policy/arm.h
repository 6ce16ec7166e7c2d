// A damped two-joint arm that reaches for a point, with the observations of a reacher: the
// nonlinear toy on which fits are judged. Links of length 1, point masses 1 at their ends, no
// gravity.
#ifndef MJIRL_TESTS_POLICY_ARM_H_
#define MJIRL_TESTS_POLICY_ARM_H_

#include <math.h>

#include "base/batch.h"
#include "base/random.h"
#include "policy/policy.h"

enum { ARM_NX = 10, ARM_NU = 2, ARM_NZ = 3, ARM_T = 50, ARM_SUBSTEPS = 4 };

typedef struct arm {
  double q[2];   // joint angles [rad]
  double qd[2];  // [rad/s]
} arm;

static const double arm_target[2] = {0.7, 1.1};

// x = [cos q1, cos q2, sin q1, sin q2, target x, y, q1', q2', tip − target x, y]
static inline void arm_observe(const arm* a, double* x) {
  for (int j = 0; j < 2; j++) {
    x[j] = cos(a->q[j]);
    x[2 + j] = sin(a->q[j]);
    x[4 + j] = arm_target[j];
    x[6 + j] = a->qd[j];
  }
  x[8] = cos(a->q[0]) + cos(a->q[0] + a->q[1]) - arm_target[0];
  x[9] = sin(a->q[0]) + sin(a->q[0] + a->q[1]) - arm_target[1];
}

// Lagrange's equations, M(q) q'' + coriolis + damping q' = u, by semi-implicit Euler over 0.05 s.
static inline void arm_step(arm* a, const double* u) {
  const double h = 0.05 / ARM_SUBSTEPS;
  for (int i = 0; i < ARM_SUBSTEPS; i++) {
    const double c = cos(a->q[1]);
    const double s = sin(a->q[1]);
    const double m11 = 3 + 2 * c;
    const double m12 = 1 + c;
    const double b1 = u[0] - a->qd[0] + s * (2 * a->qd[0] * a->qd[1] + a->qd[1] * a->qd[1]);
    const double b2 = u[1] - a->qd[1] - s * a->qd[0] * a->qd[0];
    const double det = m11 - m12 * m12;
    a->qd[0] += h * (b1 - m12 * b2) / det;
    a->qd[1] += h * (m11 * b2 - m12 * b1) / det;
    a->q[0] += h * a->qd[0];
    a->q[1] += h * a->qd[1];
  }
}

// Trajectory i of the batch under a policy from a start with a little noise. z = [u, |tip|²].
static inline void arm_rollout(irl_batch* batch, int i, const irl_policy* policy, uint64_t seed) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, (uint64_t)i);
  arm a = {{0.1 * irl_rng_normal(&rng), 0.3 + 0.1 * irl_rng_normal(&rng)},
           {0.05 * irl_rng_normal(&rng), 0.05 * irl_rng_normal(&rng)}};
  for (int t = 0; t < batch->horizon; t++) {
    double* x = irl_batch_x(batch, i, t);
    double* u = irl_batch_u(batch, i, t);
    arm_observe(&a, x);
    batch->logq[i * batch->horizon + t] = irl_policy_sample(policy, t, x, &rng, u);
    if (batch->nz == ARM_NZ) {
      double* z = irl_batch_z(batch, i, t);
      z[0] = u[0];
      z[1] = u[1];
      z[2] = x[8] * x[8] + x[9] * x[9];
    }
    arm_step(&a, u);
  }
  arm_observe(&a, irl_batch_x(batch, i, batch->horizon));
}

// Joint damping and a pull of the tip to the target; noise falls from `stddev` to half of it.
static inline irl_err arm_policy(irl_policy* policy, double gain, double stddev) {
  IRL_TRY(irl_policy_create(policy, ARM_T, ARM_NX, ARM_NU));
  for (int t = 0; t < ARM_T; t++) {
    double* K = policy->K + t * ARM_NU * ARM_NX;
    K[8] = gain * 0.6;
    K[9] = -gain * (1 + 0.01 * t);
    K[6] = -gain;
    K[ARM_NX + 8] = gain * 0.5;
    K[ARM_NX + 9] = -gain * 0.5;
    K[ARM_NX + 7] = -gain;
    for (int a = 0; a < ARM_NU; a++) {
      const double s = stddev * (1 - 0.5 * t / ARM_T);
      policy->sigma[(t * ARM_NU + a) * ARM_NU + a] = s * s;
    }
    policy->sigma[t * 4 + 1] = policy->sigma[t * 4 + 2] = 0.3 * policy->sigma[t * 4];
  }
  return irl_policy_factor(policy, NULL);
}

#endif  // MJIRL_TESTS_POLICY_ARM_H_
