// Norms of reward terms, their gradients and quadratic majorisers.
//
// L2, smooth L2 and log are concave functions f of s = ‖r‖², so the tangent of f at s₀ gives
//   f(‖r‖²) <= f(s₀) + f'(s₀)(‖r‖² − s₀),
// a quadratic with Hessian 2f'(s₀) I that lies above and touches at r₀ (de Leeuw and Lange 2009,
// "Sharp quadratic majorization in one dimension"; the step of iteratively reweighted least
// squares).
#include "envs/reward.h"

#include <assert.h>
#include <math.h>
#include <string.h>

// Below this length [residual units] L2 is expanded as a parabola of curvature 1/floor.
static const double length_floor = 1e-3;

static double sum(const double* r, int n) {
  double s = 0;
  for (int i = 0; i < n; i++) {
    s += r[i];
  }
  return s;
}

static double sum_squares(const double* r, int n) {
  double s = 0;
  for (int i = 0; i < n; i++) {
    s += r[i] * r[i];
  }
  return s;
}

static double norm_value(const irl_reward_term* term, const double* r) {
  const double p = term->parameter;
  switch (term->norm) {
    case IRL_NORM_CONSTANT:
      return 1;
    case IRL_NORM_LINEAR:
      return sum(r, term->dim);
    case IRL_NORM_QUADRATIC:
      return 0.5 * sum_squares(r, term->dim);
    case IRL_NORM_SQUARE:
      return sum_squares(r, term->dim);
    case IRL_NORM_L2:
      return sqrt(sum_squares(r, term->dim));
    case IRL_NORM_SMOOTH_L2:
      return sqrt(sum_squares(r, term->dim) + p * p) - p;
    case IRL_NORM_LOG:
      return log(sum_squares(r, term->dim) + p);
  }
  assert(!"unknown norm");
  return 0;
}

double irl_reward_term_cost(const irl_reward_term* term, const double* r) {
  const double cost = term->weight * norm_value(term, r);
  return term->capped && cost > term->cap ? term->cap : cost;
}

static bool cap_holds(const irl_reward_term* term, const double* r) {
  return term->capped && term->weight * norm_value(term, r) >= term->cap;
}

// c such that the gradient is c r and the majoriser's Hessian c I, for the norms of ‖r‖.
static double radial_curvature(const irl_reward_term* term, const double* r) {
  const double p = term->parameter;
  const double s = sum_squares(r, term->dim);
  switch (term->norm) {
    case IRL_NORM_QUADRATIC:
      return 1;
    case IRL_NORM_SQUARE:
      return 2;
    case IRL_NORM_L2:
      return 1 / fmax(sqrt(s), length_floor);
    case IRL_NORM_SMOOTH_L2:
      return 1 / fmax(sqrt(s + p * p), length_floor);
    case IRL_NORM_LOG:
      return 2 / (s + p);
    case IRL_NORM_CONSTANT:
    case IRL_NORM_LINEAR:
      break;
  }
  return 0;
}

double irl_reward_term_expand(const irl_reward_term* term, const double* r, double* gradient,
                              double* hessian) {
  const int n = term->dim;
  const double weight = cap_holds(term, r) ? 0 : term->weight;  // the constant cap lies above
  const double c = weight * radial_curvature(term, r);
  const double constant = term->norm == IRL_NORM_LINEAR ? weight : 0;
  memset(hessian, 0, (size_t)n * (size_t)n * sizeof *hessian);
  for (int i = 0; i < n; i++) {
    gradient[i] = constant + c * r[i];
    hessian[i * n + i] = c > 0 ? c : 0;
  }
  return irl_reward_term_cost(term, r);
}
