// The KL-constrained step: a search for the dual variable eta, and the step size rule.
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/linalg.h"
#include "policy/eigen_internal.h"
#include "policy/lqr_internal.h"

enum { max_dual_steps_default = 50, bisect_every = 3 };
static const double eta_floor = 1e-8;      // of the search without an entropy term
static const double eta_vanishes = 1e-14;  // below this the constraint is numerically absent
static const double eta_ceiling = 1e16;

irl_lqr_options irl_lqr_defaults(void) {
  return (irl_lqr_options){.kl_limit = INFINITY,
                           .entropy_weight = 1,
                           .min_stddev = 1e-4,
                           .max_stddev = INFINITY,
                           .kl_tolerance = 0.1,
                           .max_dual_steps = max_dual_steps_default};
}

// One side of the bracket: the pass made there, and log(KL/ε), +inf when there was no pass.
typedef struct side {
  bool known;
  bool usable;
  double eta;
  double excess;
} side;

typedef struct search {
  irl_lqr* lqr;
  const irl_dynamics* dyn;
  const irl_quadratic* cost;
  const irl_policy* prev;
  const irl_lqr_options* options;
  irl_policy* out;
  irl_lqr_report* report;
  side low;   // eta too small: KL above the limit, or no positive definite pass
  side high;  // eta too large: KL below the limit
} search;

// Largest absolute row sum, a bound on the eigenvalues of a symmetric matrix.
static double row_sum_norm(const double* A, int n) {
  double norm = 0;
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) {
      sum += fabs(A[i * n + j]);
    }
    norm = sum > norm ? sum : norm;
  }
  return norm;
}

// Clips the eigenvalues of every Σ to [min², max²]; most steps are cleared by norms alone. Returns
// false when something is not finite.
static bool clip_noise(search* s) {
  irl_policy* out = s->out;
  const int nu = out->nu;
  const double floor = s->options->min_stddev * s->options->min_stddev;
  const double ceiling = s->options->max_stddev * s->options->max_stddev;
  for (int t = 0; t < out->steps; t++) {
    const ptrdiff_t at = (ptrdiff_t)t * nu * nu;
    if (row_sum_norm(out->prec + at, nu) * floor <= 1 &&
        row_sum_norm(out->sigma + at, nu) <= ceiling) {
      continue;
    }
    if (!irl_all_finite(out->sigma + at, nu * nu)) {
      return false;
    }
    irl_eigen_clip(out->sigma + at, floor, ceiling, nu, s->lqr->eigval, s->lqr->eigvec,
                   s->lqr->spare);
    if (!irl_cholesky(out->chol + at, out->sigma + at, nu)) {
      return false;
    }
    irl_cholesky_inverse(out->prec + at, out->chol + at, nu);
    out->logdet[t] = irl_cholesky_logdet(out->chol + at, nu);
  }
  return true;
}

// Makes the policy of one eta and measures it. False: there is none.
static bool evaluate(search* s, double eta) {
  irl_lqr_report* r = s->report;
  r->dual_steps++;
  r->eta = eta;
  if (irl_lqr_backward(s->lqr, s->dyn, s->cost, s->prev, eta, s->options->entropy_weight, s->out) !=
          IRL_OK ||
      !clip_noise(s)) {
    r->indefinite++;
    return false;
  }
  irl_lqr_forward(s->lqr, s->dyn, s->out);
  r->kl = irl_lqr_kl(s->lqr, s->out, s->prev);
  r->expected_cost = irl_lqr_expected_cost(s->lqr, s->cost);
  r->entropy = irl_policy_entropy(s->out, s->lqr->horizon);
  return isfinite(r->kl) && isfinite(r->expected_cost) && isfinite(r->entropy);
}

static double smallest_eta(const search* s) {
  return s->options->entropy_weight > 0 ? 0 : eta_floor;
}

// Below everything tried: follow KL ~ eta^-2 once, then ask for the unconstrained solution.
static double eta_below(const search* s) {
  if (s->low.known) {
    return s->high.eta * 0.1;
  }
  const double guess = s->high.eta * fmin(fmax(exp(0.5 * s->high.excess), 1e-3), 0.5);
  return s->report->dual_steps > 1 || guess < eta_floor ? smallest_eta(s) : guess;
}

// Above everything tried, again by KL ~ eta^-2; far below the entropy weight the curve is flat and
// eta grows by tens at least.
static double eta_above(const search* s) {
  const double weight = s->options->entropy_weight;
  if (s->low.eta <= eta_floor) {
    return fmax(1e-2 * weight, 10 * eta_floor);
  }
  const double growth = s->low.usable ? 1.5 * exp(0.5 * s->low.excess) : 10;
  return s->low.eta * fmin(fmax(growth, s->low.eta < 0.1 * weight ? 10 : 2), 100);
}

// Inside the bracket: regula falsi on log KL over log eta, kept off the ends, with a bisection now
// and then so that the bracket shrinks whatever the curve.
static double eta_between(const search* s) {
  const double a = log(s->low.eta);
  const double b = log(s->high.eta);
  double share = s->low.excess / (s->low.excess - s->high.excess);
  if (!isfinite(share) || s->report->dual_steps % bisect_every == 0) {
    share = 0.5;
  }
  return exp(a + (b - a) * fmin(fmax(share, 0.05), 0.95));
}

static double next_eta(const search* s) {
  if (!s->high.known) {
    return eta_above(s);
  }
  if (!s->low.known || s->low.eta < eta_vanishes) {
    return eta_below(s);
  }
  return eta_between(s);
}

static bool exhausted(const search* s, double eta) {
  const bool collapsed = s->low.known && s->high.known && s->low.eta > eta_vanishes &&
                         s->high.eta < s->low.eta * (1 + 1e-12);
  const bool vanished = s->low.known && s->high.known && eta < eta_vanishes;
  return collapsed || vanished || eta > eta_ceiling;
}

// Leaves in out the policy of the best eta found when none was accepted: within the limit if there
// was any, else the most cautious one.
static irl_err settle(search* s) {
  const side* best = s->high.known ? &s->high : &s->low;
  if (best->known && best->usable && evaluate(s, best->eta)) {
    return IRL_OK;
  }
  return IRL_ENUM;
}

static irl_err find_eta(search* s, double eta) {
  const double limit = s->options->kl_limit;
  const double slack = s->options->kl_tolerance * limit;
  eta = fmin(fmax(eta, smallest_eta(s)), eta_ceiling);
  while (s->report->dual_steps < s->options->max_dual_steps && !exhausted(s, eta)) {
    const bool usable = evaluate(s, eta);
    const double kl = s->report->kl;
    if (usable &&
        (isinf(limit) || fabs(kl - limit) <= slack || (kl <= limit && eta <= smallest_eta(s)))) {
      s->report->converged = true;
      return IRL_OK;
    }
    const bool above = !usable || kl > limit;
    *(above ? &s->low : &s->high) = (side){.known = true,
                                           .usable = usable,
                                           .eta = eta,
                                           .excess = usable ? log(kl / limit) : (double)INFINITY};
    eta = next_eta(s);
  }
  return settle(s);
}

static void report_previous(search* s) {
  irl_lqr_forward(s->lqr, s->dyn, s->prev);
  s->report->expected_cost_prev = irl_lqr_expected_cost(s->lqr, s->cost);
  s->report->expected_entropy_prev = irl_policy_entropy(s->prev, s->lqr->horizon);
}

// out = prev, which may be stationary.
static void copy_previous(irl_policy* out, const irl_policy* prev) {
  const size_t nu = (size_t)out->nu;
  const size_t nx = (size_t)out->nx;
  for (int t = 0; t < out->steps; t++) {
    const size_t to = (size_t)t;
    const size_t from = (size_t)(t < prev->steps ? t : prev->steps - 1);
    memcpy(out->K + to * nu * nx, prev->K + from * nu * nx, nu * nx * sizeof(double));
    memcpy(out->k + to * nu, prev->k + from * nu, nu * sizeof(double));
    memcpy(out->sigma + to * nu * nu, prev->sigma + from * nu * nu, nu * nu * sizeof(double));
    memcpy(out->chol + to * nu * nu, prev->chol + from * nu * nu, nu * nu * sizeof(double));
    memcpy(out->prec + to * nu * nu, prev->prec + from * nu * nu, nu * nu * sizeof(double));
    out->logdet[t] = prev->logdet[from];
  }
}

irl_err irl_lqr_step(irl_lqr* lqr, const irl_dynamics* dyn, const irl_quadratic* cost,
                     const irl_policy* prev, const irl_lqr_options* options, double* eta,
                     irl_policy* out, irl_lqr_report* report) {
  assert(out != prev && out->steps == lqr->horizon && prev->steps <= out->steps);
  assert(options->kl_limit > 0 && options->kl_tolerance > 0 && options->entropy_weight >= 0);
  *report = (irl_lqr_report){0};
  search s = {.lqr = lqr,
              .dyn = dyn,
              .cost = cost,
              .prev = prev,
              .options = options,
              .out = out,
              .report = report};
  report_previous(&s);
  const double start = isinf(options->kl_limit) ? 0 : (*eta >= 0 ? *eta : 1);
  const irl_err err = find_eta(&s, start);
  if (err != IRL_OK) {
    copy_previous(out, prev);
    report->eta = *eta;
    report->kl = 0;
    report->entropy = report->expected_entropy_prev;
    report->expected_cost = report->expected_cost_prev;
    return err;
  }
  *eta = report->eta;
  return IRL_OK;
}

double irl_lqr_adapt(double multiplier, double predicted, double actual, double lo, double hi) {
  const double shortfall = predicted - actual;
  double change = predicted / (2 * (shortfall > 1e-4 ? shortfall : 1e-4));
  if (!isfinite(predicted) || !isfinite(actual)) {
    change = 0.1;
  }
  change = fmin(fmax(change, 0.1), 5);
  return fmin(fmax(multiplier * change, lo), hi);
}
