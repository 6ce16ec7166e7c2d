#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/learner_internal.h"
#include "irl/lqg_internal.h"
#include "irl/objective_internal.h"

enum { DEMOS_PER_START = 10, PROBES_PER_START = 40, MAX_ACTIONS = 64 };

// The system as it is: exact dynamics and cost of each start condition, and the controllers of
// p(τ) ∝ e^{return/temperature}.
typedef struct truth {
  irl_task* task;
  const irl_task_info* info;
  int nc;
  irl_dynamics* dyn;         // (nc)
  irl_policy* policy;        // (nc)
  const irl_policy** table;  // (nc)
  irl_lqr* lqr;
  irl_env* env;
  uint64_t seed;
} truth;

//---------------------------------- The truth ----------------------------------------------------

static irl_err roll(truth* w, const irl_policy* policy, irl_purpose purpose, irl_batch* batch,
                    irl_errinfo* info) {
  for (int c = 0; c < w->nc; c++) {
    w->table[c] = &policy[c];
  }
  for (int i = 0; i < batch->n; i++) {
    batch->condition[i] = i % w->nc;
  }
  irl_rollout rollout = {
      .policy = w->table, .seed = w->seed, .reset_purpose = purpose, .action_purpose = purpose};
  return irl_env_rollout(w->env, &rollout, batch, NULL, NULL, info);
}

// Dynamics and residual map by regression without ridge or prior, exact for a linear system, then
// the soft Riccati recursion.
static irl_err solve_start(truth* w, int c, const irl_batch* probes, irl_quadratic* cost,
                           void* work, irl_errinfo* info) {
  const irl_dynamics_options exact = {
      .window = 0, .prior_strength = 0.0, .ridge = 1e-14, .min_variance = 0.0};
  int index[PROBES_PER_START], n = 0;
  for (int i = c; i < probes->n; i += w->nc) {
    index[n++] = i;
  }
  irl_objective objective = irl_reward_objective(w->task);
  IRL_TRY(irl_dynamics_fit(&w->dyn[c], probes, index, n, &exact, info));
  objective.expand(objective.arg, probes, index, n, &w->dyn[c], cost, work);
  return irl_lqr_backward(w->lqr, &w->dyn[c], cost, NULL, 0.0, 1.0, &w->policy[c]);
}

static irl_err solve(truth* w, irl_errinfo* info) {
  const irl_task_info* t = w->info;
  irl_batch probes = {0};
  irl_quadratic cost = {0};
  double noise[MAX_ACTIONS];
  void* work = NULL;
  irl_err err = irl_reward_objective(w->task).scratch_create(w->task, &work);
  if (err == IRL_OK) {
    err = irl_batch_create(&probes, w->nc * PROBES_PER_START, t->horizon, t->nx, t->nu, t->nz, 0);
  }
  if (err == IRL_OK) {
    err = irl_quadratic_create(&cost, t->horizon, t->nx, t->nu);
  }
  for (int j = 0; j < t->nu && j < MAX_ACTIONS; j++) {
    noise[j] = 1.0;
  }
  for (int c = 0; c < w->nc && err == IRL_OK; c++) {
    err = irl_policy_set_noise(&w->policy[c], noise);
  }
  if (err == IRL_OK) {
    err = roll(w, w->policy, IRL_PURPOSE_VERIFY, &probes, info);
  }
  for (int c = 0; c < w->nc && err == IRL_OK; c++) {
    err = solve_start(w, c, &probes, &cost, work, info);
  }
  irl_batch_destroy(&probes);
  irl_quadratic_destroy(&cost);
  irl_free(work);
  return err;
}

static irl_err truth_init(truth* w, int threads, irl_errinfo* info) {
  IRL_TRY(irl_task_load(&w->task, "lq_point_mass", NULL, 0, info));
  const irl_task_info* t = w->info = irl_task_get(w->task);
  w->nc = t->nconditions;
  w->dyn = IRL_NEW(irl_dynamics, w->nc);
  w->policy = IRL_NEW(irl_policy, w->nc);
  w->table = IRL_NEW(const irl_policy*, w->nc);
  if (w->dyn == NULL || w->policy == NULL || w->table == NULL) {
    return IRL_ENOMEM;
  }
  for (int c = 0; c < w->nc; c++) {
    IRL_TRY(irl_dynamics_create(&w->dyn[c], t->horizon, t->nx, t->nu, t->nz));
    IRL_TRY(irl_policy_create(&w->policy[c], t->horizon, t->nx, t->nu));
  }
  IRL_TRY(irl_lqr_create(&w->lqr, t->horizon, t->nx, t->nu));
  IRL_TRY(irl_env_create(&w->env, w->task, w->nc * PROBES_PER_START, threads, info));
  return solve(w, info);
}

static void truth_fini(truth* w) {
  for (int c = 0; c < w->nc && w->dyn != NULL && w->policy != NULL; c++) {
    irl_dynamics_destroy(&w->dyn[c]);
    irl_policy_destroy(&w->policy[c]);
  }
  irl_free(w->dyn);
  irl_free(w->policy);
  irl_free(w->table);
  irl_lqr_destroy(w->lqr);
  irl_env_destroy(w->env);
  irl_task_destroy(w->task);
}

// KL(q ‖ p_true) of start c under q's own marginals in the exact dynamics.
static double kl_to_truth(truth* w, int c, const irl_policy* q) {
  irl_lqr_forward(w->lqr, &w->dyn[c], q);
  return irl_lqr_kl(w->lqr, q, &w->policy[c]);
}

//---------------------------------- The experiment -----------------------------------------------

// The learned cost is in the true one's family: identity features only.
static irl_config experiment_config(const truth* w) {
  irl_config config = irl_config_defaults();
  config.depth = 0;
  config.outputs = w->info->nx;
  config.iterations = 40;
  config.heldout = 0.0;           // all 40 demonstrations, as in the paper
  config.gradient_penalty = 0.0;  // nothing but the likelihood
  return config;
}

static irl_err cloned(truth* w, const irl_batch* demos, irl_lqg_result* r, irl_errinfo* info) {
  irl_policy_fit_options fit = irl_policy_fit_defaults();
  fit.window = 0;
  for (int c = 0; c < w->nc; c++) {
    int index[DEMOS_PER_START];
    irl_policy q;
    for (int i = 0; i < DEMOS_PER_START; i++) {
      index[i] = c + i * w->nc;
    }
    IRL_TRY(irl_policy_fit(&q, demos, index, DEMOS_PER_START, &fit, info));
    r->kl_bc += kl_to_truth(w, c, &q);
    irl_policy_destroy(&q);
  }
  return IRL_OK;
}

static irl_err learned(truth* w, const irl_demos* demos, irl_algo algo, bool true_density,
                       int threads, const irl_host* host, irl_lqg_result* r, irl_errinfo* info) {
  irl_learner* l;
  irl_metrics m;
  irl_config config = experiment_config(w);
  IRL_TRY(irl_learner_create(&l, w->task, demos, algo, &config, w->seed, threads, info));
  irl_err err = IRL_OK;
  for (int k = 0; k < l->nc; k++) {
    r->kl_initial += kl_to_truth(w, l->condition[k], &l->initial[k]);
    if (true_density) {
      irl_store_know_density(&l->store[k], &w->policy[l->condition[k]]);
    }
  }
  while (l->iteration < config.iterations && err == IRL_OK) {
    err = irl_host_stop(host) ? IRL_ECANCELED : irl_learner_iterate(l, &m, info);
  }
  for (int k = 0; k < l->nc && err == IRL_OK; k++) {
    r->kl_to_truth += kl_to_truth(w, l->condition[k], &irl_learner_sampler(l, k)->policy);
  }
  irl_learner_destroy(l);
  return err;
}

static irl_err experiment(truth* w, irl_algo algo, bool true_density, int threads,
                          const irl_host* host, irl_lqg_result* r, irl_errinfo* info) {
  char name[64] = "";
  irl_demos demos = {.task_name = name, .task_json = name, .mjcf = name};
  IRL_TRY(truth_init(w, threads, info));
  const irl_task_info* t = w->info;
  IRL_TRY(irl_batch_create(&demos.batch, w->nc * DEMOS_PER_START, t->horizon, t->nx, t->nu, 0, 0));
  irl_err err = roll(w, w->policy, IRL_PURPOSE_RESET, &demos.batch, info);
  if (err == IRL_OK) {
    err = cloned(w, &demos.batch, r, info);
  }
  if (err == IRL_OK) {
    err = learned(w, &demos, algo, true_density, threads, host, r, info);
  }
  irl_batch_destroy(&demos.batch);
  return err;
}

irl_err irl_lqg_experiment(irl_algo algo, bool true_density, uint64_t seed, int threads,
                           const irl_host* host, irl_lqg_result* result, irl_errinfo* info) {
  truth w = {.seed = seed};
  irl_errinfo reason = {IRL_OK, ""};
  memset(result, 0, sizeof *result);
  irl_err err = experiment(&w, algo, true_density, threads, host, result, &reason);
  truth_fini(&w);
  if (err != IRL_OK && reason.code == IRL_OK) {
    return irl_fail(info, err, "linear-quadratic experiment: %s", irl_err_name(err));
  }
  if (err != IRL_OK && info != NULL) {
    *info = reason;
  }
  return err;
}
