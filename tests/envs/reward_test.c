// Reward terms against finite differences, and the majorising property by sampling.
#include "envs/reward.h"

#include "base/linalg.h"
#include "base/random.h"
#include "test.h"

enum { DIM = 3 };

static const irl_reward_term terms[] = {
    {"linear", IRL_NORM_LINEAR, 1.7, 0, false, 0, DIM, false, 0, 0},
    {"quadratic", IRL_NORM_QUADRATIC, 0.6, 0, false, 0, DIM, false, 0, 0},
    {"square", IRL_NORM_SQUARE, 2.5, 0, false, 0, DIM, false, 0, 0},
    {"l2", IRL_NORM_L2, 1.3, 0, false, 0, DIM, false, 0, 0},
    {"smooth_l2", IRL_NORM_SMOOTH_L2, 0.9, 0.2, false, 0, DIM, false, 0, 0},
    {"log", IRL_NORM_LOG, 0.4, 0.05, false, 0, DIM, false, 0, 0},
    {"capped", IRL_NORM_SQUARE, 2.5, 0, false, 0, DIM, true, 3, 0},
    {"l22", IRL_NORM_L22, 1.1, 0.3, false, 0, DIM, false, 0, 1.5},
    {"power", IRL_NORM_POWER, 0.8, 1.9, false, 0, DIM, false, 0, 0},
    {"smooth_abs", IRL_NORM_SMOOTH_ABS, 0.8, 0.1, false, 0, DIM, false, 0, 0},
    {"smooth_abs2", IRL_NORM_SMOOTH_ABS2, 0.8, 0.1, false, 0, DIM, false, 0, 2},
    {"rectify", IRL_NORM_RECTIFY, 0.8, 0.2, false, 0, DIM, false, 0, 0},
    {"relu", IRL_NORM_RECTIFY, 0.8, 0, false, 0, DIM, false, 0, 0},
    // those without a quadratic above them come last
    {"cosh", IRL_NORM_COSH, 0.8, 0.5, false, 0, DIM, false, 0, 0},
    {"cube", IRL_NORM_POWER, 0.8, 3, false, 0, DIM, false, 0, 0},
    {"steep", IRL_NORM_L22, 0.8, 0.5, false, 0, DIM, false, 0, 4},
};
enum { NTERMS = (int)(sizeof terms / sizeof terms[0]), NBOUNDED = NTERMS - 3 };

static void random_residual(irl_rng* rng, double scale, double* r) {
  for (int i = 0; i < DIM; i++) {
    r[i] = scale * irl_rng_normal(rng);
  }
}

static void values_are_the_formulas(void) {
  const double r[DIM] = {0.3, -0.4, 1.2};  // ‖r‖² = 1.69, ‖r‖ = 1.3
  const double want[NTERMS] = {1.7 * 1.1,
                               0.6 * 0.5 * 1.69,
                               2.5 * 1.69,
                               1.3 * 1.3,
                               0.9 * (sqrt(1.69 + 0.04) - 0.2),
                               0.4 * log(1.69 + 0.05),
                               3,
                               1.1 * (pow(pow(1.3, 1.5) + pow(0.3, 1.5), 1 / 1.5) - 0.3),
                               0.8 * (pow(0.3, 1.9) + pow(0.4, 1.9) + pow(1.2, 1.9)),
                               0.8 * (sqrt(0.1) + sqrt(0.17) + sqrt(1.45) - 0.3),
                               0.8 * (sqrt(0.1) + sqrt(0.17) + sqrt(1.45) - 0.3),
                               0.8 * 0.2 * (log(1 + exp(1.5)) + log(1 + exp(-2)) + log(1 + exp(6))),
                               0.8 * 1.5,
                               0.8 * 0.25 * (cosh(0.6) + cosh(0.8) + cosh(2.4) - 3),
                               0.8 * (0.027 + 0.064 + 1.728),
                               0.8 * (pow(pow(1.3, 4) + 0.0625, 0.25) - 0.5)};
  for (int k = 0; k < NTERMS; k++) {
    CHECK_NEAR(irl_reward_term_cost(&terms[k], r), want[k], 1e-14);
  }
  const irl_reward_term bonus = {"bonus", IRL_NORM_CONSTANT, -2, 0, false, 0, 0, false, 0, 0};
  CHECK_NEAR(irl_reward_term_cost(&bonus, r), -2, 0);
}

// Central differences with step 1e-5: truncation 1e-10 and rounding 1e-11 here.
static void gradients_are_derivatives(void) {
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int k = 0; k < NTERMS; k++) {
    for (int trial = 0; trial < 20; trial++) {
      double r[DIM], gradient[DIM], hessian[DIM * DIM];
      random_residual(&rng, 1, r);
      const double value = irl_reward_term_expand(&terms[k], r, gradient, hessian);
      CHECK_NEAR(value, irl_reward_term_cost(&terms[k], r), 0);
      for (int i = 0; i < DIM; i++) {
        const double h = 1e-5, at = r[i];
        r[i] = at + h;
        const double above = irl_reward_term_cost(&terms[k], r);
        r[i] = at - h;
        const double below = irl_reward_term_cost(&terms[k], r);
        r[i] = at;
        CHECK_NEAR(gradient[i], (above - below) / (2 * h), 1e-8);
      }
    }
  }
}

static double quadratic_at(double value, const double* gradient, const double* hessian,
                           const double* step) {
  double Hs[DIM];
  irl_mat_vec(Hs, hessian, step, DIM, DIM);
  return value + irl_dot(gradient, step, DIM) + 0.5 * irl_dot(step, Hs, DIM);
}

static void expansions_lie_above(void) {
  irl_rng rng = irl_rng_stream(2, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int k = 0; k < NBOUNDED; k++) {
    for (int trial = 0; trial < 300; trial++) {
      double r[DIM], other[DIM], step[DIM], gradient[DIM], hessian[DIM * DIM];
      random_residual(&rng, trial % 3 == 0 ? 0.05 : 1, r);
      random_residual(&rng, trial % 2 == 0 ? 0.1 : 3, other);
      for (int i = 0; i < DIM; i++) {
        step[i] = other[i] - r[i];
      }
      const double value = irl_reward_term_expand(&terms[k], r, gradient, hessian);
      const double bound = quadratic_at(value, gradient, hessian, step);
      CHECK(irl_reward_term_cost(&terms[k], other) <= bound + 1e-12 * (1 + fabs(bound)));
    }
  }
}

static void expansions_are_finite_at_zero(void) {
  const double zero[DIM] = {0};
  for (int k = 0; k < NTERMS; k++) {
    double gradient[DIM], hessian[DIM * DIM];
    const double value = irl_reward_term_expand(&terms[k], zero, gradient, hessian);
    CHECK(isfinite(value) && irl_all_finite(gradient, DIM) && irl_all_finite(hessian, DIM * DIM));
  }
}

static void negative_weights_have_no_curvature(void) {
  for (int k = 0; k < NTERMS; k++) {
    irl_reward_term term = terms[k];
    const double r[DIM] = {0.3, 0.2, -0.1};
    double gradient[DIM], flipped[DIM], hessian[DIM * DIM];
    irl_reward_term_expand(&term, r, gradient, hessian);
    term.weight = -term.weight;
    irl_reward_term_expand(&term, r, flipped, hessian);
    for (int i = 0; i < DIM * DIM; i++) {
      CHECK(hessian[i] == 0);
    }
    for (int i = 0; i < DIM; i++) {
      CHECK_NEAR(flipped[i], -gradient[i], 0);
    }
  }
}

TESTS(TEST(values_are_the_formulas), TEST(gradients_are_derivatives), TEST(expansions_lie_above),
      TEST(expansions_are_finite_at_zero), TEST(negative_weights_have_no_curvature))
