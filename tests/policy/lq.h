// A small linear system with quadratic cost whose best stationary policy is known: the terminal
// cost is the Riccati value itself, so one gain is optimal at every step of a finite horizon.
#ifndef MJIRL_TESTS_POLICY_LQ_H_
#define MJIRL_TESTS_POLICY_LQ_H_

#include "base/batch.h"
#include "base/random.h"
#include "policy/policy.h"
#include "test.h"

enum { LQ_NX = 2, LQ_NU = 1 };

// Position and velocity, a force; x' = A x + B u, cost ½ xᵀ x + ½ R u² on x before the action.
static const double lq_A[4] = {1, 0.2, 0, 1};
static const double lq_B[2] = {0.02, 0.2};
static const double lq_R = 0.5;

// One Riccati step backwards: P becomes I + Aᵀ P A − Aᵀ P B K', K the gain u = K x (K = −K').
static inline void lq_riccati(double P[4], double K[2]) {
  for (int k = 0; k < 2000; k++) {
    double PA[4], PB[2], BPA[2], quu = lq_R;
    for (int i = 0; i < 2; i++) {
      PB[i] = P[2 * i] * lq_B[0] + P[2 * i + 1] * lq_B[1];
      for (int j = 0; j < 2; j++) {
        PA[2 * i + j] = P[2 * i] * lq_A[j] + P[2 * i + 1] * lq_A[2 + j];
      }
    }
    quu += lq_B[0] * PB[0] + lq_B[1] * PB[1];
    for (int j = 0; j < 2; j++) {
      BPA[j] = lq_B[0] * PA[j] + lq_B[1] * PA[2 + j];
      K[j] = -BPA[j] / quu;
    }
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 2; j++) {
        P[2 * i + j] = (i == j) + lq_A[i] * PA[j] + lq_A[2 + i] * PA[2 + j] + BPA[i] * K[j];
      }
    }
  }
}

static inline double lq_square(const double P[4], const double* x) {
  return 0.5 * (x[0] * (P[0] * x[0] + P[1] * x[1]) + x[1] * (P[2] * x[0] + P[3] * x[1]));
}

// Simulates trajectory i of a batch under a policy, sampled or mean actions, from a random start;
// rewards are minus the costs, the terminal one with the last step.
static inline void lq_roll(irl_batch* b, int i, const irl_policy* policy, bool sample,
                           uint64_t iteration, const double P[4]) {
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_ACTION, iteration, 0, (uint64_t)i);
  double* x = irl_batch_x(b, i, 0);
  x[0] = irl_rng_normal(&rng);
  x[1] = irl_rng_normal(&rng);
  for (int t = 0; t < b->horizon; t++) {
    double *u = irl_batch_u(b, i, t), *next = irl_batch_x(b, i, t + 1);
    x = irl_batch_x(b, i, t);
    if (sample) {
      (void)irl_policy_sample(policy, t, x, &rng, u);
    } else {
      irl_policy_mean(policy, t, x, u);
    }
    next[0] = lq_A[0] * x[0] + lq_A[1] * x[1] + lq_B[0] * u[0];
    next[1] = lq_A[2] * x[0] + lq_A[3] * x[1] + lq_B[1] * u[0];
    b->reward[(long)i * b->horizon + t] = -0.5 * (x[0] * x[0] + x[1] * x[1] + lq_R * u[0] * u[0]);
  }
  b->reward[(long)i * b->horizon + b->horizon - 1] -= lq_square(P, irl_batch_x(b, i, b->horizon));
}

#endif  // MJIRL_TESTS_POLICY_LQ_H_
