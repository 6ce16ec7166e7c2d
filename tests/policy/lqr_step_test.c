#include "problems.h"
#include "test.h"

static double objective(const irl_lqr_report* r, double entropy_weight) {
  return r->expected_cost - entropy_weight * r->entropy;
}

static double objective_prev(const irl_lqr_report* r, double entropy_weight) {
  return r->expected_cost_prev - entropy_weight * r->expected_entropy_prev;
}

static bool all_finite(const irl_policy* p) {
  for (int i = 0; i < p->steps * p->nu * p->nx; i++) {
    if (!isfinite(p->K[i])) {
      return false;
    }
  }
  for (int i = 0; i < p->steps * p->nu * p->nu; i++) {
    if (!isfinite(p->sigma[i]) || !isfinite(p->prec[i]) || !isfinite(p->chol[i])) {
      return false;
    }
  }
  return true;
}

// From a wide range of limits, starts of eta and seeds: KL equals the limit, the objective falls.
static void test_kl_is_met(void) {
  static const double limits[] = {1e-3, 0.1, 1, 10};
  static const double starts[] = {1e-6, 1, 1e8};
  int passes = 0;
  for (int seed = 0; seed < 4; seed++) {
    for (int l = 0; l < 4; l++) {
      for (int e = 0; e < 3; e++) {
        problem lq;
        CHECK(problem_init(&lq, 20, 4, 2, 0.1, 30 + (uint64_t)seed));
        irl_lqr_options options = irl_lqr_defaults();
        options.kl_limit = limits[l];
        options.kl_tolerance = 1e-3;
        double eta = starts[e];
        irl_lqr_report r;
        CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
        CHECK(r.converged && eta == r.eta);
        CHECK_NEAR(r.kl, limits[l], 1e-3 * limits[l]);
        CHECK(objective(&r, 1) < objective_prev(&r, 1));
        irl_lqr_forward(lq.lqr, &lq.dyn, &lq.out);
        CHECK_NEAR(irl_lqr_kl(lq.lqr, &lq.out, &lq.prev), r.kl, 1e-12 * (1 + r.kl));
        CHECK_NEAR(irl_lqr_expected_cost(lq.lqr, &lq.cost), r.expected_cost, 1e-9);
        passes += r.dual_steps;
        problem_fini(&lq);
      }
    }
  }
  CHECK(passes <= 48 * 20);  // a search is a handful of passes
}

// Where the unconstrained solution lies within the limit, it is the answer, with eta = 0.
static void test_loose_limit(void) {
  problem lq;
  CHECK(problem_init(&lq, 10, 3, 2, 0.1, 40));
  irl_policy free_policy;
  CHECK_OK(irl_policy_create(&free_policy, 10, 3, 2));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &free_policy));
  static const double limits[] = {1e6, (double)INFINITY};
  for (int i = 0; i < 2; i++) {
    irl_lqr_options options = irl_lqr_defaults();
    options.kl_limit = limits[i];
    double eta = 1;
    irl_lqr_report r;
    CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
    CHECK(r.converged && r.eta == 0 && eta == 0);
    CHECK(memcmp(lq.out.K, free_policy.K, 10 * 6 * sizeof(double)) == 0);
    CHECK(memcmp(lq.out.sigma, free_policy.sigma, 10 * 4 * sizeof(double)) == 0);
    // warm start from 0: one pass, and a binding limit is still met from there
    CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
    CHECK(r.dual_steps == 1);
    options.kl_limit = 0.5;
    CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
    CHECK_NEAR(r.kl, 0.5, 0.05);
  }
  irl_policy_destroy(&free_policy);
  problem_fini(&lq);
}

// Steps one after another end at the unconstrained optimum.
static void test_repeated_steps_converge(void) {
  problem lq;
  CHECK(problem_init(&lq, 15, 4, 2, 0.1, 50));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &lq.out));
  const double best = -irl_lqr_log_z(lq.lqr, &lq.dyn, NULL);
  irl_lqr_options options = irl_lqr_defaults();
  options.kl_limit = 2;
  double eta = 1;
  double last = INFINITY;
  for (int i = 0; i < 60; i++) {
    irl_lqr_report r;
    CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
    CHECK(objective(&r, 1) <= last + 1e-10);
    last = objective(&r, 1);
    irl_policy_copy(&lq.prev, &lq.out);
  }
  CHECK_NEAR(last, best, 1e-9);
  CHECK(eta == 0);
  problem_fini(&lq);
}

// T = 1, one state, one action: the step against a plain random search over (K, k, log σ) that
// knows nothing but the objective and the constraint.
typedef struct tiny {
  double mean;  // of x
  double var;
  const irl_quadratic* cost;
  const irl_policy* prev;
  double limit;
} tiny;

static double tiny_kl(const tiny* p, const double* w) {
  const double dK = w[0] - p->prev->K[0];
  const double e = dK * p->mean + w[1] - p->prev->k[0];
  const double var = exp(2 * w[2]);
  const double old = p->prev->sigma[0];
  return 0.5 * (var / old - 1 - log(var / old) + (e * e + dK * dK * p->var) / old);
}

static double tiny_objective(const tiny* p, const double* w) {
  const double* C = p->cost->C;
  const double* c = p->cost->c;
  const double u = w[0] * p->mean + w[1];
  const double xx = p->var + p->mean * p->mean;
  const double xu = w[0] * p->var + p->mean * u;
  const double uu = w[0] * w[0] * p->var + exp(2 * w[2]) + u * u;
  return 0.5 * (C[0] * xx + 2 * C[1] * xu + C[3] * uu) + c[0] * p->mean + c[1] * u +
         p->cost->c0[0] - (w[2] + 0.5 * log(2 * 3.14159265358979323846 * exp(1)));
}

static double random_search(const tiny* p, double* w, irl_rng* rng) {
  double best = tiny_objective(p, w);
  double size = 0.3;
  for (int i = 0; i < 400000; i++) {
    double trial[3];
    for (int j = 0; j < 3; j++) {
      trial[j] = w[j] + size * irl_rng_normal(rng);
    }
    const double value = tiny_objective(p, trial);
    if (tiny_kl(p, trial) <= p->limit && value < best) {
      best = value;
      memcpy(w, trial, sizeof trial);
      size *= 1.5;
    } else {
      size = fmax(size * 0.995, 1e-7);
    }
  }
  return best;
}

static void test_against_random_search(void) {
  irl_rng rng = irl_rng_stream(8, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int seed = 0; seed < 3; seed++) {
    problem lq;
    CHECK(problem_init(&lq, 1, 1, 1, 0.1, 60 + (uint64_t)seed));
    irl_lqr_options options = irl_lqr_defaults();
    options.kl_limit = 0.02;
    options.kl_tolerance = 1e-9;
    double eta = 1;
    irl_lqr_report r;
    CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
    const tiny p = {lq.dyn.x0_mean[0], lq.dyn.x0_cov[0], &lq.cost, &lq.prev, 0.02};
    const double ours[3] = {lq.out.K[0], lq.out.k[0], 0.5 * log(lq.out.sigma[0])};
    CHECK_NEAR(tiny_objective(&p, ours), objective(&r, 1), 1e-12);
    CHECK_NEAR(tiny_kl(&p, ours), 0.02, 1e-9);
    double found[3] = {lq.prev.K[0], lq.prev.k[0], 0.5 * log(lq.prev.sigma[0])};
    const double best = random_search(&p, found, &rng);
    CHECK(objective(&r, 1) <= best + 1e-9);    // nothing feasible is better
    CHECK_NEAR(best, objective(&r, 1), 1e-5);  // and the search gets there
    CHECK_NEAR(found[1], lq.out.k[0], 2e-2);
    problem_fini(&lq);
  }
}

// A cost that is concave in some action direction: small eta has no solution, the search goes on.
static void test_indefinite_cost(void) {
  problem lq;
  CHECK(problem_init(&lq, 8, 3, 2, 0.1, 70));
  const int n = lq.n;
  for (int t = 0; t < lq.T; t++) {
    lq.cost.C[(t * n + n - 1) * n + n - 1] = -3;
  }
  static const double starts[] = {0, 1e-4, 1};
  static const double limits[] = {0.5, 20, (double)INFINITY};
  for (int s = 0; s < 3; s++) {
    for (int l = 0; l < 3; l++) {
      irl_lqr_options options = irl_lqr_defaults();
      options.kl_limit = limits[l];
      double eta = starts[s];
      irl_lqr_report r;
      CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
      CHECK(r.converged && r.eta > 0 && all_finite(&lq.out));
      CHECK(objective(&r, 1) < objective_prev(&r, 1));
      CHECK(s > 0 || r.indefinite > 0);
      if (isfinite(limits[l])) {
        CHECK_NEAR(r.kl, limits[l], 0.1 * limits[l]);
      }
    }
  }
  problem_fini(&lq);
}

// Eigenvalues of a 2×2 covariance.
static void eigen2(const double* S, double* low, double* high) {
  const double mid = 0.5 * (S[0] + S[3]);
  const double radius = hypot(0.5 * (S[0] - S[3]), S[1]);
  *low = mid - radius;
  *high = mid + radius;
}

static void test_noise_bounds(void) {
  problem lq;
  CHECK(problem_init(&lq, 8, 3, 2, 0.1, 80));
  for (int t = 0; t < lq.T; t++) {  // one stiff and one soft direction
    const int n = lq.n;
    lq.cost.C[(t * n + n - 1) * n + n - 1] += 1e6;
    lq.cost.C[(t * n + n - 2) * n + n - 2] = 0.1;
  }
  irl_lqr_options options = irl_lqr_defaults();
  options.min_stddev = 0.2;
  options.max_stddev = 0.7;
  options.kl_limit = 200;
  double eta = 1;
  irl_lqr_report r;
  CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
  double least = INFINITY;
  double most = 0;
  for (int t = 0; t < lq.T; t++) {
    double low = 0;
    double high = 0;
    eigen2(lq.out.sigma + 4 * t, &low, &high);
    least = fmin(least, low);
    most = fmax(most, high);
    CHECK_NEAR(lq.out.logdet[t], log(low * high), 1e-10);
  }
  CHECK_NEAR(least, 0.04, 1e-12);
  CHECK(most <= 0.49 + 1e-12);
  irl_lqr_forward(lq.lqr, &lq.dyn, &lq.out);
  CHECK_NEAR(irl_lqr_kl(lq.lqr, &lq.out, &lq.prev), r.kl, 1e-10);  // KL is the clipped policy's
  problem_fini(&lq);
}

// Bounds that prev breaks can leave no eta within the limit: the most cautious one is given, and
// said not to be converged.
static void test_unreachable_limit(void) {
  problem lq;
  CHECK(problem_init(&lq, 8, 3, 2, 0.1, 81));
  irl_lqr_options options = irl_lqr_defaults();
  options.min_stddev = 5;
  options.kl_limit = 1e-3;
  double eta = 1;
  irl_lqr_report r;
  CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
  CHECK(!r.converged && r.kl > 1e-3 && all_finite(&lq.out));
  CHECK(r.dual_steps <= options.max_dual_steps + 1);
  problem_fini(&lq);
}

static void test_without_entropy(void) {
  problem lq;
  CHECK(problem_init(&lq, 8, 3, 2, 0.1, 82));
  irl_lqr_options options = irl_lqr_defaults();
  options.entropy_weight = 0;
  options.kl_limit = 3;
  double eta = 0;
  irl_lqr_report r;
  CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
  CHECK(r.converged);
  CHECK_NEAR(r.kl, 3, 0.3);
  CHECK(r.expected_cost < r.expected_cost_prev);
  options.kl_limit = (double)INFINITY;
  CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r));
  CHECK(all_finite(&lq.out));
  problem_fini(&lq);
}

// Nothing finite to be found: an error, and the previous policy, also from a stationary one.
static void test_failure_keeps_previous(void) {
  problem lq;
  CHECK(problem_init(&lq, 5, 3, 2, 0.1, 83));
  irl_policy stationary;
  CHECK_OK(irl_policy_create(&stationary, 1, 3, 2));
  memcpy(stationary.K, lq.prev.K, 6 * sizeof(double));
  memcpy(stationary.sigma, lq.prev.sigma, 4 * sizeof(double));
  CHECK_OK(irl_policy_factor(&stationary, NULL));
  lq.cost.C[0] = (double)NAN;
  irl_lqr_options options = irl_lqr_defaults();
  options.kl_limit = 1;
  double eta = 1;
  irl_lqr_report r;
  CHECK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, &options, &eta, &lq.out, &r) == IRL_ENUM);
  CHECK(eta == 1 && !r.converged);
  CHECK(memcmp(lq.out.K, lq.prev.K, 5 * 6 * sizeof(double)) == 0);
  CHECK(memcmp(lq.out.chol, lq.prev.chol, 5 * 4 * sizeof(double)) == 0);
  CHECK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &stationary, &options, &eta, &lq.out, &r) ==
        IRL_ENUM);
  CHECK(memcmp(lq.out.K + 4 * 6, stationary.K, 6 * sizeof(double)) == 0);
  CHECK(lq.out.logdet[3] == stationary.logdet[0]);
  lq.cost.C[0] = 1;
  CHECK_OK(irl_lqr_step(lq.lqr, &lq.dyn, &lq.cost, &stationary, &options, &eta, &lq.out, &r));
  CHECK_NEAR(r.kl, 1, 0.1);
  irl_policy_destroy(&stationary);
  problem_fini(&lq);
}

static void test_adapt(void) {
  CHECK_NEAR(irl_lqr_adapt(1, 10, 10, 0.01, 10), 5, 0);       // as predicted: grows, capped
  CHECK_NEAR(irl_lqr_adapt(1, 10, 5, 0.01, 10), 1, 1e-15);    // half of it: stays
  CHECK_NEAR(irl_lqr_adapt(1, 10, 0, 0.01, 10), 0.5, 1e-15);  // nothing gained: halves
  CHECK_NEAR(irl_lqr_adapt(1, 10, -40, 0.01, 10), 0.1, 1e-15);
  CHECK_NEAR(irl_lqr_adapt(1, -1, -3, 0.01, 10), 0.1, 1e-15);
  CHECK_NEAR(irl_lqr_adapt(5, 10, 20, 0.01, 10), 10, 0);
  CHECK_NEAR(irl_lqr_adapt(0.02, 10, -90, 0.01, 10), 0.01, 0);
  CHECK_NEAR(irl_lqr_adapt(1, (double)NAN, 1, 0.01, 10), 0.1, 1e-15);
  CHECK_NEAR(irl_lqr_adapt(1, 1, -(double)INFINITY, 0.01, 10), 0.1, 1e-15);
}

TESTS(TEST(test_kl_is_met), TEST(test_loose_limit), TEST(test_repeated_steps_converge),
      TEST(test_against_random_search), TEST(test_indefinite_cost), TEST(test_noise_bounds),
      TEST(test_unreachable_limit), TEST(test_without_entropy), TEST(test_failure_keeps_previous),
      TEST(test_adapt))
