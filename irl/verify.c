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
#include "irl/verify_internal.h"

enum {
  NP = 60,
  NQ = 80,
  DIM = 8,
  RUN_EPISODES = 40,  // a condition
  GRADIENT_PATHS = 40,
  GRADIENT_T = 10,
  GRADIENT_NX = 4,
  GRADIENT_NU = 2,
  RUN_PATHS = 60,  // 600 rows: more than one block of the network's passes
  RUN_ROWS = RUN_PATHS * GRADIENT_T
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

// All conditions.
static irl_err facts_of_run(const irl_run* run, const irl_batch* demos, const irl_batch* samples,
                            irl_verify_result* r, irl_errinfo* info) {
  double* work = IRL_NEW(double, 2 * ((size_t)demos->n + (size_t)samples->n) + 1);
  irl_err err =
      work != NULL ? IRL_OK : irl_fail(info, IRL_ENOMEM, "verify: out of memory; free some");
  for (int k = 0; k < run->nconditions && err == IRL_OK; k++) {
    err = facts_of_condition(run, k, demos, samples, work, r, info);
  }
  irl_free(work);
  return err;
}

//---------------------------------- Gradient with respect to θ -----------------------------------

// Log-densities near −c, so that the discriminator is not saturated and every trajectory counts.
static void draw_densities(const irl_cost* cost, irl_rng* rng, int i, const double* x,
                           const double* u, double* logq) {
  double c[GRADIENT_T];
  irl_cost_eval(cost, GRADIENT_T, x, u, c);
  logq[i] = irl_rng_normal(rng);
  for (int t = 0; t < GRADIENT_T; t++) {
    logq[i] -= c[t];
  }
}

// Trajectories of normal numbers for a small network.
static void make_paths(const irl_cost* cost, uint64_t seed, double* x, double* u, double* logq) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 1, 0, 0);
  for (int i = 0; i < GRADIENT_PATHS; i++) {
    double *xi = x + i * GRADIENT_T * GRADIENT_NX, *ui = u + i * GRADIENT_T * GRADIENT_NU;
    for (int j = 0; j < GRADIENT_T * GRADIENT_NX; j++) {
      xi[j] = irl_rng_normal(&rng);
    }
    for (int j = 0; j < GRADIENT_T * GRADIENT_NU; j++) {
      ui[j] = irl_rng_normal(&rng);
    }
    draw_densities(cost, &rng, i, xi, ui, logq);
  }
}

// Half of the trajectories as demonstrations, half as samples.
static irl_theory_batch halves(int paths, const double* x, const double* u, const double* logq) {
  return (irl_theory_batch){
      .x = x, .u = u, .logq = logq, .np = paths / 2, .nq = paths / 2, .horizon = GRADIENT_T};
}

static irl_err compare_gradients(const irl_cost* cost, const irl_theory_batch* batch,
                                 irl_pool* pool, double* error, irl_errinfo* info) {
  const irl_err err = irl_theory_check_gradient(cost, batch, IRL_FACTS_RIGHT, pool, error);
  return err == IRL_OK ? IRL_OK : irl_fail(info, err, "verify: gradient: %s", irl_err_name(err));
}

static irl_err check_gradient(uint64_t seed, irl_pool* pool, irl_verify_result* r,
                              irl_errinfo* info) {
  double x[GRADIENT_PATHS * GRADIENT_T * GRADIENT_NX];
  double u[GRADIENT_PATHS * GRADIENT_T * GRADIENT_NU], logq[GRADIENT_PATHS];
  irl_cost_config config = irl_cost_defaults();
  irl_cost* cost;
  IRL_TRY(irl_cost_create(&cost, &config, GRADIENT_NX, GRADIENT_NU, seed, info));
  make_paths(cost, seed, x, u, logq);
  const irl_theory_batch batch = halves(GRADIENT_PATHS, x, u, logq);
  const irl_err err = compare_gradients(cost, &batch, pool, &r->theta_gradient_error, info);
  irl_cost_destroy(cost);
  return err;
}

// Rows at random from the valid trajectories of a batch, trajectories and steps alike.
static void draw_rows(const irl_batch* batch, irl_rng* rng, int n, double* x, double* u) {
  for (int row = 0; row < n;) {
    const int i = (int)irl_rng_below(rng, (uint64_t)batch->n);
    if (!batch->valid[i] || batch->length[i] < 1) {
      continue;
    }
    const int t = (int)irl_rng_below(rng, (uint64_t)batch->length[i]);
    memcpy(x + (long)row * batch->nx, irl_batch_x(batch, i, t), sizeof(double) * (size_t)batch->nx);
    memcpy(u + (long)row * batch->nu, irl_batch_u(batch, i, t), sizeof(double) * (size_t)batch->nu);
    row++;
  }
}

static bool has_rows(const irl_batch* batch) {
  for (int i = 0; i < batch->n; i++) {
    if (batch->valid[i] && batch->length[i] > 0) {
      return true;
    }
  }
  return false;
}

// Through the run's own network at its θ, on rows of its demonstrations and samples.
irl_err irl_verify_run_gradient(const irl_run* run, const irl_batch* demos,
                                const irl_batch* samples, uint64_t seed, irl_pool* pool,
                                double* error, irl_errinfo* info) {
  const int nx = irl_cost_nx(run->cost), nu = irl_cost_nu(run->cost), half = RUN_ROWS / 2;
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 2, 0, 0);
  if (!has_rows(demos) || !has_rows(samples)) {
    return irl_fail(info, IRL_ERANGE,
                    "verify: gradient: no trajectory of the %s is valid; check another run",
                    has_rows(demos) ? "sampler" : "demonstrations");
  }
  double* x = IRL_NEW(double, RUN_ROWS*(size_t)(nx + nu) + RUN_PATHS);
  if (x == NULL) {
    return irl_fail(info, IRL_ENOMEM, "verify: out of memory; free some");
  }
  double *u = x + (long)RUN_ROWS * nx, *logq = u + (long)RUN_ROWS * nu;
  draw_rows(demos, &rng, half, x, u);
  draw_rows(samples, &rng, half, x + (long)half * nx, u + (long)half * nu);
  for (long i = 0; i < RUN_PATHS; i++) {
    draw_densities(run->cost, &rng, (int)i, x + i * GRADIENT_T * nx, u + i * GRADIENT_T * nu, logq);
  }
  const irl_theory_batch batch = halves(RUN_PATHS, x, u, logq);
  const irl_err err = compare_gradients(run->cost, &batch, pool, error, info);
  irl_free(x);
  return err;
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

//---------------------------------- All -----------------------------------------------------------

static irl_err check_run(const irl_run* run, uint64_t seed, int threads, irl_pool* pool,
                         irl_verify_result* r, irl_errinfo* info) {
  irl_demos* demos;
  irl_batch samples = {0};
  IRL_TRY(irl_demos_load_lean(&demos, run->demos_path, info));
  irl_err err = irl_demos_prepare(demos, run->task, info);
  if (err == IRL_OK) {
    err = irl_run_rollout(run, run->learned, RUN_EPISODES * run->nconditions, seed, threads,
                          &samples, info);
  }
  if (err == IRL_OK) {
    err = facts_of_run(run, &demos->batch, &samples, r, info);
  }
  if (err == IRL_OK) {
    err = irl_verify_run_gradient(run, &demos->batch, &samples, seed, pool,
                                  &r->theta_gradient_error, info);
  }
  irl_batch_destroy(&samples);
  irl_demos_destroy(demos);
  return err;
}

static irl_err check_made(uint64_t seed, irl_pool* pool, irl_verify_result* r, irl_errinfo* info) {
  IRL_TRY(facts_of_gaussians(seed, r, info));
  return check_gradient(seed, pool, r, info);
}

irl_err irl_verify(const irl_run* run, uint64_t seed, int threads, const irl_host* host,
                   irl_verify_result* r, irl_errinfo* info) {
  irl_pool* pool;
  memset(r, 0, sizeof *r);
  r->passed = true;
  for (int i = 0; i < 3; i++) {
    r->facts[i] = (irl_verify_fact){fact_names[i], 0.0, 1.0};
  }
  irl_err err = irl_pool_create(&pool, threads);
  if (err != IRL_OK) {
    return irl_fail(info, err, "verify: threads: %s", irl_err_name(err));
  }
  err =
      run == NULL ? check_made(seed, pool, r, info) : check_run(run, seed, threads, pool, r, info);
  r->passed = r->passed && r->theta_gradient_error <= GRADIENT_TOLERANCE;
  if (err == IRL_OK) {
    err = check_log_z(seed, pool, r, info);
  }
  irl_pool_destroy(pool);
  return err == IRL_OK ? check_experiment(seed, threads, host, r, info) : err;
}
