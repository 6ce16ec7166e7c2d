// Partition estimates against long-double sums, closed forms and a bisection of the discriminator's
// loss itself.
#include "irl/partition.h"

#include "base/linalg.h"
#include "base/random.h"
#include "test.h"

enum { MAX_N = 200 };

typedef struct sample {
  double cost_p[MAX_N];
  double logq_p[MAX_N];
  double cost_q[MAX_N];
  double logq_q[MAX_N];
  int np;
  int nq;
} sample;

// Costs and log-densities whose logits spread by `spread`; `tilt` moves demonstrations' logits up.
static void draw(sample* s, int np, int nq, double spread, double tilt, uint64_t seed) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 1, 0, 0);
  s->np = np;
  s->nq = nq;
  double level = 20 * irl_rng_normal(&rng);
  for (int i = 0; i < np; i++) {
    s->logq_p[i] = 10 * irl_rng_normal(&rng);
    s->cost_p[i] = level - s->logq_p[i] + spread * irl_rng_normal(&rng) - tilt;
  }
  for (int i = 0; i < nq; i++) {
    s->logq_q[i] = 10 * irl_rng_normal(&rng);
    s->cost_q[i] = level - s->logq_q[i] + spread * irl_rng_normal(&rng);
  }
}

static double root_of(const sample* s, double* conditioning) {
  return irl_discriminator_log_z(s->cost_p, s->logq_p, s->np, s->cost_q, s->logq_q, s->nq,
                                 conditioning);
}

//---------------------------------- Importance weights --------------------------------------------

static void weights_of_known_numbers(void) {
  // weights 1, 2, 3, 4 at an offset that overflows exp
  double logw[4], w[4];
  for (int i = 0; i < 4; i++) {
    logw[i] = 5000 + log(i + 1);
  }
  irl_log_z z = irl_importance(logw, 4, w);
  CHECK_NEAR(z.log_z, 5000 + log(2.5), 1e-12);
  CHECK_NEAR(z.ess, 100.0 / 30, 1e-11);
  CHECK_NEAR(z.max_weight, 0.4, 1e-12);
  // sd of the mean over the mean: √(5/3/4)/2.5
  CHECK_NEAR(z.std_error, sqrt(5.0 / 12) / 2.5, 1e-11);
  for (int i = 0; i < 4; i++) {
    CHECK_NEAR(w[i], (i + 1) / 10.0, 1e-12);
  }
}

static void weights_of_nothing(void) {
  double none[2] = {-(double)INFINITY, -(double)INFINITY}, w[2];
  irl_log_z z = irl_importance(none, 2, w);
  CHECK(isinf(z.log_z) && z.log_z < 0 && z.ess == 0 && w[0] == 0 && w[1] == 0);
  CHECK(isnan(irl_importance(none, 0, NULL).log_z));
  double bad[2] = {0, (double)NAN};
  CHECK(isnan(irl_importance(bad, 2, w).log_z) && isnan(w[0]));
  double one[1] = {-3};
  z = irl_importance(one, 1, w);
  CHECK(z.log_z == -3 && z.ess == 1 && w[0] == 1 && isinf(z.std_error));
  double half[2] = {0, -(double)INFINITY};
  CHECK_NEAR(irl_importance(half, 2, w).log_z, -log(2), 1e-15);
}

// c = ½ a u², q = N(0, 1): log Z = ½ log(2π/a). The standard error holds: of 400 estimates about 95
// % lie within two of their own.
static void log_z_of_a_gaussian(void) {
  enum { N = 400, RUNS = 400 };
  const double a = 1.3, log_2pi = 1.8378770664093454836;
  double cost[N], logq[N], work[N];
  int inside = 0;
  for (int run = 0; run < RUNS; run++) {
    irl_rng rng = irl_rng_stream(7, IRL_PURPOSE_VERIFY, 2, 0, (uint64_t)run);
    for (int i = 0; i < N; i++) {
      double u = irl_rng_normal(&rng);
      cost[i] = 0.5 * a * u * u;
      logq[i] = -0.5 * (u * u + log_2pi);
    }
    irl_log_z z = irl_log_z_from_q(cost, logq, N, work);
    inside += fabs(z.log_z - 0.5 * (log_2pi - log(a))) < 2 * z.std_error;
  }
  CHECK(inside > 0.92 * RUNS && inside < 0.98 * RUNS);
}

static void mixture_is_a_weighted_sum(void) {
  double logq[3 * 2] = {-1, -2000, -3, -2001, -(double)INFINITY, 0}, out[2];
  const double count[3] = {1, 3, 0};  // the third has no trajectories: left out
  irl_log_mixture(logq, count, 3, 2, out);
  CHECK_NEAR(out[0], log(0.25 * exp(-1) + 0.75 * exp(-3)), 1e-15);
  CHECK_NEAR(out[1], -2000 + log(0.25 + 0.75 * exp(-1)), 1e-12);
  const double only[3] = {0, 0, 2};
  irl_log_mixture(logq, only, 3, 2, out);
  CHECK(isinf(out[0]) && out[1] == 0);
}

//---------------------------------- The root ------------------------------------------------------

static long double softplus(long double s) {
  return (s > 0 ? s : 0) + log1pl(expl(-fabsl(s)));
}

// −mean_p log D − mean_q log(1−D)
static long double loss(const sample* s, long double log_z) {
  long double p = 0, q = 0;
  for (int i = 0; i < s->np; i++) {
    p += softplus((long double)s->cost_p[i] + (long double)s->logq_p[i] + log_z);
  }
  for (int i = 0; i < s->nq; i++) {
    q += softplus(-(long double)s->cost_q[i] - (long double)s->logq_q[i] - log_z);
  }
  return p / s->np + q / s->nq;
}

// Fourth-order central difference: truncation h⁴, rounding 1e-19/h.
static long double loss_slope(const sample* s, long double z) {
  const long double h = 5e-4L;
  return (8 * (loss(s, z + h) - loss(s, z - h)) - (loss(s, z + 2 * h) - loss(s, z - 2 * h))) /
         (12 * h);
}

// log mean_p(1−D) − log mean_q D in long double, whose exponents reach e^{±11000}.
static long double log_slope(const sample* s, long double z) {
  long double p = 0, q = 0;
  for (int i = 0; i < s->np; i++) {
    p += 1 / (1 + expl(-(long double)s->cost_p[i] - (long double)s->logq_p[i] - z));
  }
  for (int i = 0; i < s->nq; i++) {
    q += 1 / (1 + expl((long double)s->cost_q[i] + (long double)s->logq_q[i] + z));
  }
  return logl(p / s->np) - logl(q / s->nq);
}

static double bisect(const sample* s, long double (*f)(const sample*, long double)) {
  long double lo = -1e4L, hi = 1e4L;
  for (int i = 0; i < 120; i++) {
    long double mid = (lo + hi) / 2;
    if (f(s, mid) > 0) {
      hi = mid;
    } else {
      lo = mid;
    }
  }
  return (double)((lo + hi) / 2);
}

static void root_is_where_the_loss_is_stationary(void) {
  sample s;
  int checked = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    int np = 1 + (int)(seed * 7 % MAX_N), nq = 1 + (int)(seed * 13 % MAX_N);
    draw(&s, np, nq, 0.1 + 0.02 * (double)seed, (double)(seed % 3), seed);
    double conditioning, z = root_of(&s, &conditioning);
    if (conditioning > 1e-2) {
      checked++;
      CHECK_NEAR(z, bisect(&s, loss_slope), 1e-10);
    }
  }
  CHECK(checked > 150);
}

// Saturated logits, |s| to 1e3: all demonstrations told apart from all samples, so that D is 1 on
// the one and 0 on the other to the last bit; and the mirror of it, where every answer is wrong.
static void root_of_saturated_logits(void) {
  sample s;
  for (uint64_t seed = 0; seed < 60; seed++) {
    const double tilt = (seed % 2 ? 1 : -1) * 33.0 * (double)(seed / 2 + 1);
    draw(&s, 1 + (int)seed, 60, 2, tilt, seed);
    double conditioning, z = root_of(&s, &conditioning);
    double expected = bisect(&s, log_slope);
    if (seed % 2 == 0) {
      // 1 − mean: the flat form has lost the root; its mirror is the same problem with p and q
      // exchanged and all logits negated.
      sample m = s;
      m.np = s.nq;
      m.nq = s.np;
      memcpy(m.cost_p, s.cost_q, sizeof m.cost_p);
      memcpy(m.logq_p, s.logq_q, sizeof m.logq_p);
      memcpy(m.cost_q, s.cost_p, sizeof m.cost_q);
      memcpy(m.logq_q, s.logq_p, sizeof m.logq_q);
      expected = bisect(&m, log_slope);
    }
    CHECK_NEAR(z, expected, 1e-10);
    CHECK(conditioning < 0.25);
  }
}

// One demonstration and one sample: D(p) = 1 − D(q) holds half way between the two logits.
static void root_of_a_pair(void) {
  for (int i = -6; i <= 6; i++) {
    const double a = pow(10, i / 2.0), zero = 0;
    double conditioning, z = irl_discriminator_log_z(&a, &zero, 1, &zero, &zero, 1, &conditioning);
    CHECK_NEAR(z, -a / 2, 1e-13 * (1 + a));
    double d = 1 / (1 + exp(a / 2));
    CHECK_NEAR(conditioning, d * (1 - d), 1e-12);
  }
  const double same = 4;
  CHECK_NEAR(irl_discriminator_log_z(&same, &same, 1, &same, &same, 1, NULL), -8, 0);
  CHECK(isnan(irl_discriminator_log_z(&same, &same, 1, &same, &same, 0, NULL)));
}

// Fact 1: at the root the half-mixture estimate is the root; elsewhere it is not.
static void half_mixture_estimate_is_the_root(void) {
  sample s;
  for (uint64_t seed = 0; seed < 100; seed++) {
    draw(&s, 1 + (int)seed, 101 - (int)seed, 1 + 0.03 * (double)seed, 1, seed);
    double conditioning, z = root_of(&s, &conditioning);
    CHECK_NEAR(irl_half_mixture_log_z(s.cost_p, s.logq_p, s.np, s.cost_q, s.logq_q, s.nq, z), z,
               1e-10);
    double off = irl_half_mixture_log_z(s.cost_p, s.logq_p, s.np, s.cost_q, s.logq_q, s.nq, z + 1);
    CHECK(fabs(off - (z + 1)) > 0.5 * conditioning);
  }
}

static void logit_is_its_definition(void) {
  CHECK_NEAR(irl_discriminator_logit(2, -5, 1.5), 1.5, 0);
}

//---------------------------------- Control variate -----------------------------------------------

enum { MANY = 40 };

static void draw_ratios(double* logw, double* logv, double miss) {
  irl_rng rng = irl_rng_stream(9, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < MANY; i++) {
    logv[i] = 0.6 * irl_rng_normal(&rng) - 0.18;  // mean of v is 1
    logw[i] = -700 + logv[i] + miss * irl_rng_normal(&rng);
  }
}

// w = Z v: the estimate is log Z whatever was drawn, and says so.
static void a_right_model_leaves_no_variance(void) {
  double logw[MANY], logv[MANY], w[MANY], sum = 0;
  draw_ratios(logw, logv, 0);
  irl_log_z z = irl_log_z_controlled(logw, logv, MANY, w);
  CHECK_NEAR(z.log_z, -700, 1e-12);
  CHECK_NEAR(z.std_error, 0, 1e-7);
  CHECK(fabs(irl_importance(logw, MANY, NULL).log_z + 700) > 1e-3);
  for (int i = 0; i < MANY; i++) {
    sum += w[i];
  }
  CHECK_NEAR(sum, 1, 1e-12);
}

// With a model that misses, shares still calibrate: they sum to 1, and give v its known mean.
static void shares_give_the_known_mean(void) {
  double logw[MANY], logv[MANY], w[MANY], sum = 0, known = 0;
  draw_ratios(logw, logv, 0.2);
  irl_log_z z = irl_log_z_controlled(logw, logv, MANY, w), plain = irl_importance(logw, MANY, NULL);
  for (int i = 0; i < MANY; i++) {
    sum += w[i];
    known += w[i] * exp(z.log_z - logw[i] + logv[i]);  // Σ a_i v_i
  }
  CHECK_NEAR(sum, 1, 1e-12);
  CHECK_NEAR(known, 1, 1e-12);
  CHECK(z.std_error < 0.6 * plain.std_error && z.ess > 1 && z.max_weight < 1);
}

// Samples that do not cover the model: the plain estimate stands.
static void a_model_elsewhere_is_left_out(void) {
  double logw[MANY], logv[MANY], w[MANY], plain[MANY];
  draw_ratios(logw, logv, 1);
  for (int i = 0; i < MANY; i++) {
    logv[i] -= 50;
  }
  irl_log_z z = irl_log_z_controlled(logw, logv, MANY, w);
  CHECK_NEAR(z.log_z, irl_importance(logw, MANY, plain).log_z, 0);
  CHECK(memcmp(w, plain, sizeof w) == 0);
  logv[3] = INFINITY;
  CHECK_NEAR(irl_log_z_controlled(logw, logv, MANY, NULL).log_z, z.log_z, 0);
}

TESTS(TEST(a_right_model_leaves_no_variance), TEST(shares_give_the_known_mean),
      TEST(a_model_elsewhere_is_left_out), TEST(weights_of_known_numbers), TEST(weights_of_nothing),
      TEST(log_z_of_a_gaussian), TEST(mixture_is_a_weighted_sum),
      TEST(root_is_where_the_loss_is_stationary), TEST(root_of_saturated_logits),
      TEST(root_of_a_pair), TEST(half_mixture_estimate_is_the_root), TEST(logit_is_its_definition))
