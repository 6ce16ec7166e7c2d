// The three facts over many random batches, and the mistakes they must expose.
#include "irl/facts.h"

#include "base/random.h"
#include "test.h"

enum { MAX_N = 200, BATCHES = 1000 };

typedef struct sample {
  double cost_p[MAX_N];
  double logq_p[MAX_N];
  double cost_q[MAX_N];
  double logq_q[MAX_N];
} sample;

// A batch of random sizes whose logits have the given spread: q is a 3-dimensional Gaussian, so
// that its entropy is known, costs are q's energies times a factor, plus noise; demonstrations are
// nearer.
static irl_facts_batch draw(sample* s, int np, int nq, double spread, uint64_t seed) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 3, 0, 0);
  const double log_2pi = 1.8378770664093454836, sd = exp(irl_rng_normal(&rng));
  const double level = 30 * irl_rng_normal(&rng), factor = 0.5 + irl_rng_uniform(&rng);
  for (int i = 0; i < np + nq; i++) {
    double norm2 = 0;
    for (int k = 0; k < 3; k++) {
      double e = (i < np ? 0.8 : 1) * irl_rng_normal(&rng);
      norm2 += e * e;
    }
    double logq = -0.5 * norm2 - 3 * (log(sd) + 0.5 * log_2pi);
    double cost = level + factor * 0.5 * norm2 + spread * irl_rng_normal(&rng);
    *(i < np ? &s->cost_p[i] : &s->cost_q[i - np]) = cost;
    *(i < np ? &s->logq_p[i] : &s->logq_q[i - np]) = logq;
  }
  return (irl_facts_batch){.cost_p = s->cost_p,
                           .logq_p = s->logq_p,
                           .np = np,
                           .cost_q = s->cost_q,
                           .logq_q = s->logq_q,
                           .nq = nq,
                           .entropy = 3 * (log(sd) + 0.5 * (log_2pi + 1))};
}

static int size_of(irl_rng* rng) {
  return 1 + (int)irl_rng_below(rng, MAX_N);
}

// Spreads 0.1 to 300, evenly in the logarithm.
static double spread_of(int batch) {
  return 0.1 * pow(3000, (double)batch / (BATCHES - 1));
}

//---------------------------------- They hold -----------------------------------------------------

static void hold_on_random_batches(void) {
  sample s;
  irl_rng rng = irl_rng_stream(11, IRL_PURPOSE_VERIFY, 4, 0, 0);
  int ill = 0, within = 0, known = 0;
  for (int i = 0; i < BATCHES; i++) {
    irl_facts_batch b = draw(&s, size_of(&rng), size_of(&rng), spread_of(i), (uint64_t)i);
    irl_facts f;
    CHECK_OK(irl_facts_check(&b, IRL_FACTS_RIGHT, &f));
    ill += f.ill_conditioned;
    CHECK(f.ill_conditioned == !(f.conditioning >= 1e-12));
    CHECK_NEAR(f.fact3_error, 0, 1e-10);
    if (!f.ill_conditioned) {
      CHECK_NEAR(f.fact1_error, 0, 1e-10);
      CHECK_NEAR(f.fact2_error, 0, 1e-10);
    }
    if (b.nq >= 30) {
      known++;
      within += f.fact3_sigma <= 4;
    }
    CHECK(!f.ill_conditioned || !irl_facts_pass(&f));
  }
  // Few batches may be beyond judgement even at spread 300; 4 sigma is rarely missed (the
  // log-density of a Gaussian is skewed, so a few more than the normal's 6e-5).
  CHECK(ill < BATCHES / 10);
  CHECK(within > 0.995 * known);
  printf("     %d of %d batches ill-conditioned\n", ill, BATCHES);
}

// Logits of ±1e3 that still overlap, and ones that do not.
static void hold_on_saturated_logits(void) {
  sample s;
  for (int i = 0; i < 200; i++) {
    irl_facts_batch b = draw(&s, 1 + i, MAX_N - i, 1, (uint64_t)i);
    const double gap = 5 * (double)i;
    for (int k = 0; k < b.np; k++) {
      s.cost_p[k] -= gap;
    }
    irl_facts f;
    CHECK_OK(irl_facts_check(&b, IRL_FACTS_RIGHT, &f));
    CHECK_NEAR(f.fact1_error, 0, 1e-10);
    CHECK_NEAR(f.fact2_error, 0, 1e-10);
    CHECK_NEAR(f.fact3_error, 0, 1e-10);
    CHECK(f.ill_conditioned == (f.conditioning < 1e-12));
    CHECK(i < 150 || f.ill_conditioned);  // D = 1 and 0 to the last bit: flagged, not passed
  }
}

static void away_from_the_root_gradients_differ(void) {
  sample s;
  for (int i = 0; i < 50; i++) {
    irl_facts_batch b = draw(&s, 40, 60, 0.1 + 0.05 * i, (uint64_t)i);
    irl_facts f;
    CHECK_OK(irl_facts_check(&b, IRL_FACTS_RIGHT, &f));
    CHECK(f.fact2_off_error > 1e-3);
    CHECK(irl_facts_pass(&f));
  }
}

//---------------------------------- Mistakes are seen ---------------------------------------------

// Fact 1, 2 and 3 errors that a mistake must show on every one of 50 ordinary batches, or 0 where
// it does not touch the fact.
static void check_mutant(irl_facts_mutant mutant, double least1, double least2, double least3) {
  sample s;
  for (int i = 0; i < 50; i++) {
    irl_facts_batch b = draw(&s, 30 + i, 100 - i, 0.5 + 0.05 * i, (uint64_t)i);
    irl_facts f;
    CHECK_OK(irl_facts_check(&b, mutant, &f));
    CHECK(!f.ill_conditioned);
    CHECK(!irl_facts_pass(&f));
    CHECK(f.fact1_error >= least1);
    CHECK(f.fact2_error >= least2);
    CHECK(f.fact3_error >= least3);
    CHECK(least1 > 0 || f.fact1_error <= 1e-10);
    CHECK(least2 > 0 || f.fact2_error <= 1e-10);
    CHECK(least3 > 0 || f.fact3_error <= 1e-10);
  }
}

static void missing_log_z_is_seen(void) {
  check_mutant(IRL_FACTS_NO_LOG_Z, 0.1, 0.01, 1e-3);
}

static void gradient_through_the_weights_is_seen(void) {
  check_mutant(IRL_FACTS_THROUGH_WEIGHTS, 0, 0.1, 0);
}

static void q_alone_for_the_mixture_is_seen(void) {
  check_mutant(IRL_FACTS_Q_FOR_MIXTURE, 1e-4, 1e-3, 0);
}

static void wrong_sign_is_seen(void) {
  check_mutant(IRL_FACTS_SIGN, 0, 0, 1e-3);
}

// The closed-form entropy of another density than the sampler's is seen in fact 3.
static void wrong_entropy_is_seen(void) {
  sample s;
  irl_facts_batch b = draw(&s, 50, MAX_N, 1, 1);
  b.entropy += 1;
  irl_facts f;
  CHECK_OK(irl_facts_check(&b, IRL_FACTS_RIGHT, &f));
  CHECK(f.fact3_sigma > 4);
  CHECK(!irl_facts_pass(&f));
  b.entropy = (double)NAN;  // unknown: not judged
  CHECK_OK(irl_facts_check(&b, IRL_FACTS_RIGHT, &f));
  CHECK(isnan(f.fact3_sigma));
  CHECK(irl_facts_pass(&f));
}

// The batch's own entropy differs from the closed form by N^{-1/2}: the difference times √N stays.
static void entropy_difference_shrinks(void) {
  sample s;
  double mean2[2] = {0, 0};
  for (int i = 0; i < 400; i++) {
    for (int k = 0; k < 2; k++) {
      int nq = k == 0 ? 10 : 160;
      irl_facts_batch b = draw(&s, 1, nq, 1, (uint64_t)(1000 + 2 * i + k));
      double mean = b.entropy;
      for (int j = 0; j < nq; j++) {
        mean += s.logq_q[j] / nq;
      }
      mean2[k] += mean * mean / 400;
    }
  }
  // 16 times the trajectories, a quarter of the difference; 400 batches give it to ±7 %.
  CHECK_NEAR(sqrt(mean2[0] / mean2[1]), 4, 0.6);
}

//---------------------------------- Input ---------------------------------------------------------

static void bad_input_is_refused(void) {
  sample s;
  irl_facts f;
  irl_facts_batch b = draw(&s, 3, 3, 1, 1);
  b.np = 0;
  CHECK(irl_facts_check(&b, IRL_FACTS_RIGHT, &f) == IRL_ERANGE);
  CHECK(!irl_facts_pass(&f));
  b = draw(&s, 3, 3, 1, 1);
  s.cost_q[1] = (double)NAN;
  CHECK(irl_facts_check(&b, IRL_FACTS_RIGHT, &f) == IRL_ENUM);
  b = draw(&s, 3, 3, 1, 1);
  s.logq_p[2] = -(double)INFINITY;
  CHECK(irl_facts_check(&b, IRL_FACTS_RIGHT, &f) == IRL_ENUM);
  CHECK(!irl_facts_pass(&f));
}

TESTS(TEST(hold_on_random_batches), TEST(hold_on_saturated_logits),
      TEST(away_from_the_root_gradients_differ), TEST(missing_log_z_is_seen),
      TEST(gradient_through_the_weights_is_seen), TEST(q_alone_for_the_mixture_is_seen),
      TEST(wrong_sign_is_seen), TEST(wrong_entropy_is_seen), TEST(entropy_difference_shrinks),
      TEST(bad_input_is_refused))
