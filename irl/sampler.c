#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/sampler_internal.h"

enum { MAX_ACTIONS = 256 };

irl_err irl_sampler_check(const irl_task* task, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  double n = t->nx + t->nu;
  if (t->horizon * n * n <= IRL_SAMPLER_MOST) {
    return IRL_OK;
  }
  return irl_fail(info, IRL_EUNSUPPORTED,
                  "%s: %d steps of %d observations and %d actions are too many for a controller of "
                  "each step; use a stationary policy, a shorter horizon or fewer observations",
                  t->name, t->horizon, t->nx, t->nu);
}

irl_err irl_sampler_init(irl_sampler* s, int horizon, int nx, int nu, int nz,
                         const irl_objective* objective) {
  memset(s, 0, sizeof *s);
  s->horizon = horizon;
  s->nx = nx;
  s->nu = nu;
  s->eta = 1.0;
  s->multiplier = 1.0;
  s->scratch_destroy = objective->scratch_destroy;
  irl_err err = objective->scratch_create(objective->arg, &s->scratch);
  if (err == IRL_OK) {
    err = irl_policy_create(&s->policy, horizon, nx, nu);
  }
  if (err == IRL_OK) {
    err = irl_policy_create(&s->candidate, horizon, nx, nu);
  }
  if (err == IRL_OK) {
    err = irl_dynamics_create(&s->dyn, horizon, nx, nu, nz);
  }
  if (err == IRL_OK) {
    err = irl_dynamics_fitter_create(&s->fitter, horizon, nx, nu, nz);
  }
  if (err == IRL_OK) {
    err = irl_quadratic_create(&s->cost, horizon, nx, nu);
  }
  if (err == IRL_OK) {
    err = irl_lqr_create(&s->lqr, horizon, nx, nu);
  }
  if (err != IRL_OK) {
    irl_sampler_fini(s);
  }
  return err;
}

void irl_sampler_fini(irl_sampler* s) {
  irl_policy_destroy(&s->policy);
  irl_policy_destroy(&s->candidate);
  irl_dynamics_destroy(&s->dyn);
  irl_dynamics_fitter_destroy(s->fitter);
  irl_quadratic_destroy(&s->cost);
  irl_lqr_destroy(s->lqr);
  irl_gradient_destroy(s->gradient);
  if (s->scratch != NULL) {
    s->scratch_destroy(s->scratch);
  }
  memset(s, 0, sizeof *s);
}

static double clamp(double x, double lo, double hi) {
  return fmin(fmax(x, lo), hi);
}

void irl_sampler_adapt(irl_sampler* s, const irl_sampler_options* options, double before,
                       double after) {
  double factor = after < before ? 1.5 : 0.5;
  s->multiplier = clamp(s->multiplier * factor, options->kl_lo, options->kl_hi);
}

bool irl_sampler_step(irl_sampler* s, const irl_sampler_options* options, const irl_batch* batch,
                      const int* index, int n, int nfit, const irl_objective* objective) {
  irl_lqr_options lqr = options->lqr;
  lqr.kl_limit = options->kl_step * s->multiplier * s->horizon;
  s->report = (irl_lqr_report){0};  // a step that fails moves by no KL
  irl_err err = irl_dynamics_fitter_run(s->fitter, &s->dyn, batch, index, nfit, &options->dynamics,
                                        s->differences, NULL);
  if (err == IRL_OK) {
    objective->expand(objective->arg, batch, index, n, &s->dyn, &s->cost, s->scratch);
    err = irl_lqr_step(s->lqr, &s->dyn, &s->cost, &s->policy, &lqr, &s->eta, &s->candidate,
                       &s->report);
  }
  if (err != IRL_OK) {
    s->multiplier = fmax(0.5 * s->multiplier, options->kl_lo);
    return false;
  }
  irl_policy swap = s->policy;
  s->policy = s->candidate;
  s->candidate = swap;
  return true;
}

double irl_half_range(const irl_task* task, int action) {
  double lo = irl_task_action_low(task)[action], hi = irl_task_action_high(task)[action];
  return isfinite(lo) && isfinite(hi) ? 0.5 * (hi - lo) : 1.0;
}

irl_err irl_policy_start(irl_policy* policy, const irl_task* task, double stddev, double pull,
                         double fade_share, irl_rng* rng) {
  double deviation[MAX_ACTIONS];
  if (policy->nu > MAX_ACTIONS) {
    return IRL_EUNSUPPORTED;
  }
  for (int j = 0; j < policy->nu; j++) {
    deviation[j] = stddev * irl_half_range(task, j);
  }
  IRL_TRY(irl_policy_set_noise(policy, deviation));
  for (int j = 0; pull > 0.0 && j < policy->nu; j++) {
    double size = pull * irl_rng_normal(rng) * irl_half_range(task, j);
    double fade = fmax(1.0, fade_share * policy->steps);
    for (int t = 0; t < policy->steps; t++) {
      policy->k[t * policy->nu + j] = size * exp(-t / fade);
    }
  }
  return IRL_OK;
}

irl_err irl_sampler_start(irl_sampler* s, const irl_task* task, double stddev, double pull,
                          irl_rng* rng) {
  IRL_TRY(irl_policy_start(&s->policy, task, stddev, pull, 0.2, rng));
  s->eta = s->multiplier = 1.0;
  return IRL_OK;
}
