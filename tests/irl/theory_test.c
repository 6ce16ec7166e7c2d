// The closed-form linear case and the gradient in θ.
#include "irl/theory.h"

#include <cblas.h>

#include "base/arena.h"
#include "base/random.h"
#include "test.h"

//---------------------------------- Closed form ---------------------------------------------------

static void check_estimate(const irl_theory_linear* r, const irl_theory_estimate* e) {
  CHECK(e->std_error > 0);
  CHECK_NEAR(e->log_z, r->log_z_exact, 4 * e->std_error);
  // the groups (4 of the largest N, 40 of the next, ...) fix the slope to about ±0.02.
  CHECK_NEAR(e->slope, -0.5, 0.08);
}

static void log_z_converges_to_the_closed_form(void) {
  irl_theory_linear r;
  irl_pool* pool;
  CHECK_OK(irl_pool_create(&pool, 2));
  CHECK_OK(irl_theory_check_linear(1, pool, &r));
  CHECK_NEAR(r.log_z_backward, r.log_z_exact, 1e-11);
  CHECK_NEAR(r.controlled_error, 0, 1e-12);  // any hundred trajectories of the wrong sampler
  check_estimate(&r, &r.q);
  check_estimate(&r, &r.mixture);
  check_estimate(&r, &r.missed_mixture);
  // Where q misses, its own estimate has next to no effective trajectories; the mixture keeps them.
  CHECK(r.missed_mixture.ess > 0.3);
  CHECK(r.missed_q.ess < 0.1 * r.missed_mixture.ess);
  CHECK(r.missed_mixture.std_error < 0.3 * r.missed_q.std_error);
  printf(
      "     exact %.6f, q %.6f ± %.1g (slope %.3f, ess %.3f), mixture %.6f ± %.1g (%.3f, %.3f)\n",
      r.log_z_exact, r.q.log_z, r.q.std_error, r.q.slope, r.q.ess, r.mixture.log_z,
      r.mixture.std_error, r.mixture.slope, r.mixture.ess);
  printf("     missed: q %.6f ± %.1g (slope %.3f, ess %.2g), mixture %.6f ± %.1g (%.3f, %.3f)\n",
         r.missed_q.log_z, r.missed_q.std_error, r.missed_q.slope, r.missed_q.ess,
         r.missed_mixture.log_z, r.missed_mixture.std_error, r.missed_mixture.slope,
         r.missed_mixture.ess);
  irl_theory_linear serial;
  CHECK_OK(irl_theory_check_linear(1, NULL, &serial));
  CHECK(memcmp(&serial, &r, sizeof r) == 0);
  irl_pool_destroy(pool);
}

//---------------------------------- Gradient ------------------------------------------------------

enum { NX = 6, NU = 2, T = 20, NP = 9, NQ = 15, PATHS = NP + NQ };

typedef struct fixture {
  irl_cost* cost;
  irl_theory_batch batch;
  double x[PATHS * T * NX];
  double u[PATHS * T * NU];
  double logq[PATHS];
} fixture;

// Random trajectories whose logits are spread by about `spread`.
static void set_up(fixture* f, irl_cost_kind kind, double spread, uint64_t seed) {
  openblas_set_num_threads(1);  // irl_runtime_init's work
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 5, 0, 0);
  irl_cost_config config = irl_cost_defaults();
  config.kind = kind;
  config.output_scale = 0.3;
  CHECK_OK(irl_cost_create(&f->cost, &config, NX, NU, seed, NULL));
  f->batch =
      (irl_theory_batch){.x = f->x, .u = f->u, .logq = f->logq, .np = NP, .nq = NQ, .horizon = T};
  double* work = IRL_NEW(double, irl_cost_work_size(f->cost));
  for (int i = 0; i < PATHS; i++) {
    double cost = 0;
    for (int row = i * T; row < (i + 1) * T; row++) {
      for (int k = 0; k < NX; k++) {
        f->x[row * NX + k] = irl_rng_normal(&rng);
      }
      for (int k = 0; k < NU; k++) {
        f->u[row * NU + k] = irl_rng_normal(&rng);
      }
      cost += irl_cost_value(f->cost, f->x + row * NX, f->u + row * NU, work);
    }
    f->logq[i] = -cost + spread * irl_rng_normal(&rng) + (i < NP ? 0 : 1) - 7;
  }
  irl_free(work);
}

static double error_of(const fixture* f, irl_facts_mutant mutant) {
  double error;
  CHECK_OK(irl_theory_check_gradient(f->cost, &f->batch, mutant, NULL, &error));
  return error;
}

static void gradients_agree_to_float_precision(void) {
  fixture f;
  for (int i = 0; i < 10; i++) {
    set_up(&f, i % 2 == 0 ? IRL_COST_QUADRATIC : IRL_COST_NETWORK, 0.5 + i, (uint64_t)i);
    CHECK_NEAR(error_of(&f, IRL_FACTS_RIGHT), 0, 1e-5);
    irl_cost_destroy(f.cost);
  }
}

static void mistakes_are_seen(void) {
  fixture f;
  for (int i = 0; i < 5; i++) {
    set_up(&f, IRL_COST_QUADRATIC, 1 + i, (uint64_t)i);
    CHECK(error_of(&f, IRL_FACTS_NO_LOG_Z) > 0.03);
    CHECK(error_of(&f, IRL_FACTS_THROUGH_WEIGHTS) > 0.1);
    CHECK(error_of(&f, IRL_FACTS_Q_FOR_MIXTURE) > 0.03);
    irl_cost_destroy(f.cost);
  }
}

static void bad_batches_are_refused(void) {
  fixture f;
  double error;
  set_up(&f, IRL_COST_QUADRATIC, 1, 1);
  f.batch.np = 0;
  CHECK(irl_theory_check_gradient(f.cost, &f.batch, IRL_FACTS_RIGHT, NULL, &error) == IRL_ERANGE);
  CHECK(isnan(error));
  f.batch.np = NP;
  f.logq[3] = (double)NAN;
  CHECK(irl_theory_check_gradient(f.cost, &f.batch, IRL_FACTS_RIGHT, NULL, &error) == IRL_ENUM);
  irl_cost_destroy(f.cost);
}

TESTS(TEST(log_z_converges_to_the_closed_form), TEST(gradients_agree_to_float_precision),
      TEST(mistakes_are_seen), TEST(bad_batches_are_refused))
