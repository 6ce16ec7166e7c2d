// The linear-quadratic model of a condition: dynamics fitted to the newest trajectories and the
// cost expanded about them, as the sampler's step has them. Without the KL limit its backward pass
// is the model's own p(τ) ∝ e^{−c}: log Z in closed form, the Laplace approximation of Levine and
// Koltun 2012 ("Continuous inverse optimal control with locally optimal examples", section 4), and
// a controller whose density serves as control variate.
#include <math.h>

#include "irl/learner_internal.h"
#include "irl/objective_internal.h"
#include "irl/partition.h"

static void model_piece(int k, int thread, void* arg) {
  (void)thread;
  irl_learner* l = arg;
  irl_sampler* s = irl_learner_sampler(l, k);
  // Σ = Q_uu⁻¹ and the value function go into memory that the next step fills again.
  irl_err err = irl_lqr_backward(s->lqr, &s->dyn, &s->cost, NULL, 0.0, 1.0, &l->model[k]);
  l->log_z_model[k] = err == IRL_OK ? irl_lqr_log_z(s->lqr, &s->dyn, NULL) : NAN;
}

// log π(τ) of the model's controller over the background's density, for the picked trajectories
// from `first` on; beside them the log-weights. Both are path-wise scratch.
static void log_ratios(irl_learner* l, int k, int first, double* logw, double* logv) {
  const irl_store* s = &l->store[k];
  long at = (long)k * l->per_condition;
  for (int i = first; i < l->npick[k]; i++) {
    double logmu = l->path_logmu[at + i];
    logw[i - first] = -l->path_cost[at + i] - logmu;
    logv[i - first] = irl_policy_batch_logdensity(&l->model[k], &s->batch, l->pick[at + i]) - logmu;
  }
}

// Uses the models as control variates from now on, where that is asked for and all of them exist.
static void control(irl_learner* l) {
  l->controlled = l->config.control_variate == IRL_CONTROL_LAPLACE;
  for (int k = 0; k < l->nc; k++) {
    l->controlled = l->controlled && isfinite(l->log_z_model[k]);
  }
}

static void fit_piece(int k, int thread, void* arg) {
  irl_learner* l = arg;
  irl_crew* crew = &l->crew[IRL_CREW_MAIN];
  irl_sampler* s = irl_learner_sampler(l, k);
  irl_objective o = irl_cost_objective(l->cost);
  const int* index = crew->index + k * crew->most;
  int nfit, n = irl_crew_gather(l, IRL_CREW_MAIN, k, &nfit);
  if (n >= 2 &&
      irl_dynamics_fitter_run(s->fitter, &s->dyn, &crew->model, index, nfit,
                              &l->sampler_options.dynamics, s->differences, NULL) == IRL_OK) {
    o.expand(o.arg, &crew->model, index, n, &s->dyn, &s->cost, s->scratch);
  }
  model_piece(k, thread, arg);
}

void irl_learner_fit_models(irl_learner* l) {
  irl_pool_run(l->pool, l->nc, fit_piece, l);
}

void irl_learner_restore_model(irl_learner* l) {
  if (l->config.control_variate != IRL_CONTROL_NONE) {
    irl_learner_fit_models(l);
    control(l);
  }
}

void irl_learner_measure_model(irl_learner* l, irl_metrics* m) {
  bool mixture = irl_algorithm_of(l->algo)->background == IRL_BACKGROUND_MIXTURE;
  if (irl_learner_stationary(l)) {
    m->log_z_laplace = m->log_z_controlled = m->log_z_controlled_stderr = NAN;
    return;
  }
  irl_pool_run(l->pool, l->nc, model_piece, l);
  control(l);
  for (int k = 0; k < l->nc; k++) {
    int first = mixture ? 0 : l->store[k].ndemo, n = l->npick[k] - first;
    double* logw = l->path_work + (long)k * l->per_condition;
    double* logv = l->path_gradient + (long)k * l->per_condition;
    m->log_z_laplace += l->log_z_model[k] / l->nc;
    if (isfinite(l->log_z_model[k])) {
      log_ratios(l, k, first, logw, logv);
      irl_log_z z = irl_log_z_controlled(logw, logv, n, NULL);
      m->log_z_controlled += z.log_z / l->nc;
      m->log_z_controlled_stderr += z.std_error / l->nc;
    } else {
      m->log_z_controlled = m->log_z_controlled_stderr = NAN;
    }
  }
}
