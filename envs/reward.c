// Norms of reward terms, their gradients and quadratic majorisers.
//
// L2, smooth L2 and log are concave functions f of s = ‖r‖², so the tangent of f at s₀ gives
//   f(‖r‖²) <= f(s₀) + f'(s₀)(‖r‖² − s₀),
// a quadratic with Hessian 2f'(s₀) I that lies above and touches at r₀ (de Leeuw and Lange 2009,
// "Sharp quadratic majorization in one dimension"; the step of iteratively reweighted least
// squares).
#include "envs/reward.h"

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

//---------------------------------- Norms of each entry -------------------------------------------

// One entry's part of a separable norm.
typedef struct part {
  double value, slope, curvature;  // curvature: of the majoriser
} part;

// (a^q + p^q)^{1/q} − p of a length a >= 0, with c such that its slope is c a.
static double rounded(double a, double p, double q, double* c) {
  const double sum = pow(a, q) + pow(p, q);
  const double root = pow(sum, 1 / q);
  *c = sum > 0 ? root * pow(fmax(a, length_floor), q - 2) / sum : 1 / length_floor;
  return root - p;
}

static part cosh_part(double x, double p) {
  return (part){p * p * (cosh(x / p) - 1), p * sinh(x / p), cosh(x / p)};
}

static part power_part(double x, double p) {
  const double a = fabs(x);
  return (part){pow(a, p), x == 0 ? 0 : copysign(p * pow(a, p - 1), x),
                p * pow(fmax(a, length_floor), p - 2) * fmax(1, p - 1)};
}

static part smooth_abs_part(double x, double p) {
  const double root = sqrt(x * x + p * p);
  return (part){root - p, root > 0 ? x / root : 0, 1 / fmax(root, length_floor)};
}

static part smooth_abs2_part(double x, double p, double q) {
  double c;
  const double value = rounded(fabs(x), p, q, &c);
  return (part){value, c * x, c * fmax(1, q - 1)};
}

// log(1 + e^y) without overflow; its second derivative is at most 1/4.
static part rectify_part(double x, double p) {
  if (p == 0) {  // half of x + |x|
    return (part){fmax(x, 0), x > 0, 0.5 / fmax(fabs(x), length_floor)};
  }
  const double y = x / p;
  return (part){p * (fmax(y, 0) + log1p(exp(-fabs(y)))), 1 / (1 + exp(-y)), 0.25 / p};
}

static bool is_separable(irl_norm norm) {
  return norm >= IRL_NORM_COSH;
}

static part separable_part(const irl_reward_term* term, double x) {
  const double p = term->parameter;
  switch (term->norm) {
    case IRL_NORM_COSH:
      return cosh_part(x, p);
    case IRL_NORM_POWER:
      return power_part(x, p);
    case IRL_NORM_SMOOTH_ABS:
      return smooth_abs_part(x, p);
    case IRL_NORM_SMOOTH_ABS2:
      return smooth_abs2_part(x, p, term->exponent);
    default:
      return rectify_part(x, p);
  }
}

static double separable_value(const irl_reward_term* term, const double* r) {
  double value = 0;
  for (int i = 0; i < term->dim; i++) {
    value += separable_part(term, r[i]).value;
  }
  return value;
}

//---------------------------------- Norms ---------------------------------------------------------

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
    case IRL_NORM_L22: {
      double c;
      return rounded(sqrt(sum_squares(r, term->dim)), p, term->exponent, &c);
    }
    default:
      break;
  }
  return separable_value(term, r);
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
    case IRL_NORM_L22: {
      double c;
      (void)rounded(sqrt(s), p, term->exponent, &c);
      return c;
    }
    default:
      return 0;
  }
}

static void expand_separable(const irl_reward_term* term, double weight, const double* r,
                             double* gradient, double* hessian) {
  for (int i = 0; i < term->dim; i++) {
    const part x = separable_part(term, r[i]);
    gradient[i] = weight * x.slope;
    hessian[i * term->dim + i] = fmax(weight * x.curvature, 0);
  }
}

double irl_reward_term_expand(const irl_reward_term* term, const double* r, double* gradient,
                              double* hessian) {
  const int n = term->dim;
  const double weight = cap_holds(term, r) ? 0 : term->weight;  // the constant cap lies above
  memset(hessian, 0, (size_t)n * (size_t)n * sizeof *hessian);
  if (is_separable(term->norm)) {
    expand_separable(term, weight, r, gradient, hessian);
    return irl_reward_term_cost(term, r);
  }
  const double c = weight * radial_curvature(term, r);
  const double steep = term->norm == IRL_NORM_L22 ? fmax(1, term->exponent - 1) : 1;
  const double constant = term->norm == IRL_NORM_LINEAR ? weight : 0;
  for (int i = 0; i < n; i++) {
    gradient[i] = constant + c * r[i];
    hessian[i * n + i] = c > 0 ? c * steep : 0;
  }
  return irl_reward_term_cost(term, r);
}
