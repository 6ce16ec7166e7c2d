// Checking the theory; docs/theory.md says what is checked and why the tolerances are what they
// are.
#include "irl/verify.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/facts.h"
#include "irl/lqg_internal.h"
#include "irl/objective_internal.h"
#include "irl/theory.h"

enum {
  NP = 60,
  NQ = 80,
  DIM = 8,
  RUN_EPISODES = 40,  // a condition
  GRADIENT_PATHS = 40,
  GRADIENT_T = 10,
  GRADIENT_NX = 4,
  GRADIENT_NU = 2
};

// The network computes in float: a relative error of 1e-7 a term, summed over some thousand terms.
static const double GRADIENT_TOLERANCE = 1e-4;

static const char* const fact_names[3] = {"fact1", "fact2", "fact3"};

//---------------------------------- Facts --------------------------------------------------------

static void note_facts(irl_verify_result* r, const irl_facts* f) {
  const double errors[3] = {f->fact1_error, f->fact2_error, f->fact3_error};
  for (int i = 0; i < 3; i++) {
    r->facts[i].relative_error = fmax(r->facts[i].relative_error, errors[i]);
    r->facts[i].conditioning = fmin(r->facts[i].conditioning, f->conditioning);
  }
  r->passed = r->passed && irl_facts_pass(f);
}

static irl_err check_batch(const irl_facts_batch* batch, irl_verify_result* r, irl_errinfo* info) {
  irl_facts f;
  irl_err err = irl_facts_check(batch, IRL_FACTS_RIGHT, &f);
  if (err != IRL_OK) {
    return irl_fail(info, err, "verify: %s while checking the facts", irl_err_name(err));
  }
  note_facts(r, &f);
  return IRL_OK;
}

// log N(x; mean, stddev² I) in DIM dimensions.
static double log_normal(const double* x, double mean, double stddev) {
  double sum = 0.0;
  for (int i = 0; i < DIM; i++) {
    double z = (x[i] - mean) / stddev;
    sum += -0.5 * z * z - log(stddev) - 0.918938533204672742;
  }
  return sum;
}

// A batch of trajectories whose energy is Gaussian and whose sampler is near it but not on it.
static irl_err facts_of_gaussians(uint64_t seed, irl_verify_result* r, irl_errinfo* info) {
  const double offset = 3.7, mean_q = 0.25, stddev_q = 1.2;
  double cost[NP + NQ], logq[NP + NQ], x[DIM];
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < NP + NQ; i++) {
    for (int d = 0; d < DIM; d++) {
      double z = irl_rng_normal(&rng);
      x[d] = i < NP ? z : mean_q + stddev_q * z;
    }
    cost[i] = offset - log_normal(x, 0.0, 1.0);
    logq[i] = log_normal(x, mean_q, stddev_q);
  }
  irl_facts_batch batch = {.cost_p = cost,
                           .logq_p = logq,
                           .np = NP,
                           .cost_q = cost + NP,
                           .logq_q = logq + NP,
                           .nq = NQ,
                           .entropy = DIM * (0.5 + log(stddev_q) + 0.918938533204672742)};
  return check_batch(&batch, r, info);
}

// Arrays of one condition: demonstrations, then fresh samples of the last sampler.
static irl_err facts_of_condition(const irl_run* run, int k, const irl_batch* demos,
                                  const irl_batch* samples, double* work, irl_verify_result* r,
                                  irl_errinfo* info) {
  irl_objective o = irl_cost_objective(run->cost);
  const irl_batch* from[2] = {demos, samples};
  double *cost = work, *logq = work + demos->n + samples->n;
  int n = 0, count[2] = {0, 0};
  for (int g = 0; g < 2; g++) {
    for (int i = 0; i < from[g]->n; i++) {
      if (from[g]->condition[i] == run->condition[k] && from[g]->valid[i]) {
        cost[n] = o.path_cost(o.arg, from[g], i);
        logq[n++] = irl_policy_batch_logdensity(&run->learned[k], from[g], i);
        count[g]++;
      }
    }
  }
  irl_facts_batch batch = {
      .cost_p = cost,
      .logq_p = logq,
      .np = count[0],
      .cost_q = cost + count[0],
      .logq_q = logq + count[0],
      .nq = count[1],
      .entropy = irl_policy_entropy(&run->learned[k], irl_task_get(run->task)->horizon)};
  return check_batch(&batch, r, info);
}

static irl_err facts_of_run(const irl_run* run, uint64_t seed, int threads, irl_verify_result* r,
                            irl_errinfo* info) {
  irl_demos* demos;
  irl_batch samples = {0};
  IRL_TRY(irl_demos_load_lean(&demos, run->demos_path, info));
  irl_err err = irl_demos_prepare(demos, run->task, info);
  if (err == IRL_OK) {
    err = irl_run_rollout(run, run->learned, RUN_EPISODES * run->nconditions, seed, threads,
                          &samples, info);
  }
  double* work = IRL_NEW(double, 2 * ((size_t)demos->batch.n + (size_t)samples.n) + 1);
  if (err == IRL_OK && work == NULL) {
    err = irl_fail(info, IRL_ENOMEM, "verify: out of memory; free some");
  }
  for (int k = 0; k < run->nconditions && err == IRL_OK; k++) {
    err = facts_of_condition(run, k, &demos->batch, &samples, work, r, info);
  }
  irl_free(work);
  irl_batch_destroy(&samples);
  irl_demos_destroy(demos);
  return err;
}

//---------------------------------- Gradient with respect to θ -----------------------------------

// Trajectories of normal numbers for a small network; their log-densities stand near −c, so that
// the discriminator is not saturated.
static void make_paths(const irl_cost* cost, uint64_t seed, double* x, double* u, double* logq) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 1, 0, 0);
  for (int i = 0; i < GRADIENT_PATHS; i++) {
    double c[GRADIENT_T];
    double *xi = x + i * GRADIENT_T * GRADIENT_NX, *ui = u + i * GRADIENT_T * GRADIENT_NU;
    for (int j = 0; j < GRADIENT_T * GRADIENT_NX; j++) {
      xi[j] = irl_rng_normal(&rng);
    }
    for (int j = 0; j < GRADIENT_T * GRADIENT_NU; j++) {
      ui[j] = irl_rng_normal(&rng);
    }
    irl_cost_eval(cost, GRADIENT_T, xi, ui, c);
    logq[i] = irl_rng_normal(&rng);
    for (int t = 0; t < GRADIENT_T; t++) {
      logq[i] -= c[t];
    }
  }
}

static irl_err check_gradient(uint64_t seed, irl_pool* pool, irl_verify_result* r,
                              irl_errinfo* info) {
  double x[GRADIENT_PATHS * GRADIENT_T * GRADIENT_NX];
  double u[GRADIENT_PATHS * GRADIENT_T * GRADIENT_NU], logq[GRADIENT_PATHS];
  irl_cost_config config = irl_cost_defaults();
  irl_cost* cost;
  IRL_TRY(irl_cost_create(&cost, &config, GRADIENT_NX, GRADIENT_NU, seed, info));
  make_paths(cost, seed, x, u, logq);
  irl_theory_batch batch = {.x = x,
                            .u = u,
                            .logq = logq,
                            .np = GRADIENT_PATHS / 2,
                            .nq = GRADIENT_PATHS / 2,
                            .horizon = GRADIENT_T};
  irl_err err =
      irl_theory_check_gradient(cost, &batch, IRL_FACTS_RIGHT, pool, &r->theta_gradient_error);
  irl_cost_destroy(cost);
  r->passed = r->passed && r->theta_gradient_error <= GRADIENT_TOLERANCE;
  return err == IRL_OK ? IRL_OK : irl_fail(info, err, "verify: gradient: %s", irl_err_name(err));
}

//---------------------------------- Closed forms -------------------------------------------------

// An estimate is right when it lies within four of its own standard errors and converges like N^−½.
static bool estimate_passes(const irl_theory_estimate* e, double exact) {
  bool near = fabs(e->log_z - exact) <= 4.0 * e->std_error;
  return near && e->slope > -0.6 && e->slope < -0.4;
}

static irl_err check_log_z(uint64_t seed, irl_pool* pool, irl_verify_result* r, irl_errinfo* info) {
  irl_theory_linear z;
  irl_err err = irl_theory_check_linear(seed, pool, &z);
  if (err != IRL_OK) {
    return irl_fail(info, err, "verify: linear system: %s", irl_err_name(err));
  }
  r->lqg.log_z_exact = z.log_z_exact;
  r->lqg.log_z_q = z.q.log_z;
  r->lqg.log_z_mixture = z.mixture.log_z;
  r->lqg.log_z_stderr = fmax(z.q.std_error, z.mixture.std_error);
  r->lqg.convergence = z.q.slope;
  r->lqg.controlled_error = z.controlled_error;
  r->passed = r->passed && estimate_passes(&z.q, z.log_z_exact) &&
              estimate_passes(&z.mixture, z.log_z_exact) &&
              z.controlled_error <= 1e-9 * fmax(1.0, fabs(z.log_z_exact)) &&
              fabs(z.log_z_backward - z.log_z_exact) <= 1e-9 * fmax(1.0, fabs(z.log_z_exact));
  return IRL_OK;
}

static irl_err check_experiment(uint64_t seed, int threads, const irl_host* host,
                                irl_verify_result* r, irl_errinfo* info) {
  irl_lqg_result lqg;
  IRL_TRY(irl_lqg_experiment(IRL_ALGO_GCL, false, seed, threads, host, &lqg, info));
  r->lqg.kl_to_truth = lqg.kl_to_truth;
  r->lqg.kl_bc = lqg.kl_bc;
  r->lqg.kl_initial = lqg.kl_initial;
  r->passed = r->passed && lqg.kl_to_truth < 0.25 * lqg.kl_bc;
  return IRL_OK;
}

static irl_err without_run(uint64_t seed, int threads, irl_verify_result* r, irl_errinfo* info) {
  irl_pool* pool;
  irl_err err = irl_pool_create(&pool, threads);
  if (err != IRL_OK) {
    return irl_fail(info, err, "verify: threads: %s", irl_err_name(err));
  }
  err = check_gradient(seed, pool, r, info);
  if (err == IRL_OK) {
    err = check_log_z(seed, pool, r, info);
  }
  irl_pool_destroy(pool);
  return err;
}

irl_err irl_verify(const irl_run* run, uint64_t seed, int threads, const irl_host* host,
                   irl_verify_result* r, irl_errinfo* info) {
  memset(r, 0, sizeof *r);
  r->passed = true;
  for (int i = 0; i < 3; i++) {
    r->facts[i] = (irl_verify_fact){fact_names[i], 0.0, 1.0};
  }
  IRL_TRY(run == NULL ? facts_of_gaussians(seed, r, info)
                      : facts_of_run(run, seed, threads, r, info));
  IRL_TRY(without_run(seed, threads, r, info));
  return check_experiment(seed, threads, host, r, info);
}
