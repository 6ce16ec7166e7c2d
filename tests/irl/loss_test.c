// Losses of cost learning: derivatives with respect to each cost against finite differences, what
// tempering promises, and the paper's equivalences as they show in the code (1611.03852,
// section 3.3).
#include "base/random.h"
#include "irl/loss_internal.h"
#include "irl/partition.h"
#include "test.h"

enum { NDEMO = 20, N = 50 };

typedef struct problem {
  double cost[N], logmu[N], gradient[N], work[N];
} problem;

static irl_loss_input draw(problem* p, double spread, uint64_t seed) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < N; i++) {
    p->logmu[i] = 5 * irl_rng_normal(&rng);
    p->cost[i] = 50 - p->logmu[i] + spread * irl_rng_normal(&rng);
  }
  return (irl_loss_input){.cost = p->cost, .logmu = p->logmu, .ndemo = NDEMO, .n = N};
}

//---------------------------------- Gradients ----------------------------------------------------

// Where a loss learns its log Z that is at the minimum, so that the derivative of the minimised
// loss is the partial one (envelope theorem). Tolerance: central differences with h = 1e-5 err by
// h² (third derivative) plus ε|L|/h ≈ 1e-9, and the search for log Z of stepwise ends at a step of
// 1e-6, which the flat minimum squares away.
static void gradients_match(void) {
  static const irl_loss_fn losses[] = {irl_loss_gcl, irl_loss_gcl_q, irl_loss_gan_gcl,
                                       irl_loss_stepwise};
  const double h = 1e-5;
  problem p;
  for (int which = 0; which < 16; which++) {
    irl_loss_fn loss = losses[which / 4];
    irl_loss_input in = draw(&p, 1.5, (uint64_t)(which % 4));
    double gradient[N], ignored[N];
    for (int k = 0; k < 10; k++) {  // Newton's steps are bounded, so from far it takes a few calls
      in.log_z = loss(&in, gradient, p.work).log_z;
    }
    for (int i = 0; i < N; i++) {
      double kept = p.cost[i];
      p.cost[i] = kept + h;
      double above = loss(&in, ignored, p.work).loss;
      p.cost[i] = kept - h;
      double below = loss(&in, ignored, p.work).loss;
      p.cost[i] = kept;
      CHECK_NEAR(gradient[i], (above - below) / (2 * h), 1e-8);
    }
  }
}

//---------------------------------- Maximum entropy ----------------------------------------------

// A constant added to every cost moves log Z and nothing else: the gradient sums to zero.
static void constants_cancel(void) {
  problem p;
  irl_loss_input in = draw(&p, 2.0, 9);
  double before = irl_loss_gcl(&in, p.gradient, p.work).loss, sum = 0;
  for (int i = 0; i < N; i++) {
    sum += p.gradient[i];
    p.cost[i] += 1000;
  }
  CHECK_NEAR(sum, 0, 1e-14);
  CHECK_NEAR(irl_loss_gcl(&in, p.gradient, p.work).loss, before, 1e-9);
}

// gcl-q does not look at the demonstrations' densities.
static void q_ignores_demonstration_density(void) {
  problem p;
  irl_loss_input in = draw(&p, 2.0, 10);
  double before = irl_loss_gcl_q(&in, p.gradient, p.work).log_z;
  p.logmu[0] += 5;
  CHECK_NEAR(irl_loss_gcl_q(&in, p.gradient, p.work).log_z, before, 0);
  double mixture = irl_loss_gcl(&in, p.gradient, p.work).log_z;
  p.logmu[0] -= 5;
  CHECK(irl_loss_gcl(&in, p.gradient, p.work).log_z != mixture);
}

static void tempering_reaches_the_share(void) {
  problem p;
  irl_loss_input in = draw(&p, 30.0, 11);
  irl_loss_output sharp = irl_loss_gcl(&in, p.gradient, p.work);
  CHECK_NEAR(sharp.temper, 1, 0);
  CHECK(sharp.ess < 0.3 * N);
  in.min_ess = 0.3;
  irl_loss_output soft = irl_loss_gcl(&in, p.gradient, p.work);
  CHECK(soft.temper < 1);
  CHECK_NEAR(soft.ess, 0.3 * N, 1e-3 * N);
  CHECK_NEAR(soft.log_z, sharp.log_z, 0);
}

//---------------------------------- Discriminators -----------------------------------------------

// Two ways to the same constant: bracketing in log space and Newton's method.
static void both_find_the_same_constant(void) {
  problem p;
  irl_loss_input in = draw(&p, 1.0, 7);
  double by_bracket = irl_loss_gan_gcl(&in, p.gradient, p.work).log_z;
  in.log_z = by_bracket + 3;
  for (int k = 0; k < 4; k++) {
    in.log_z = irl_loss_stepwise(&in, p.gradient, p.work).log_z;
  }
  CHECK_NEAR(in.log_z, by_bracket, 1e-8);
}

// Fact 2: the discriminator's gradient is MaxEnt's, with the background of MaxEnt the half-half
// mixture of the model and q at the discriminator's log Z.
static void gan_gcl_is_gcl(void) {
  problem p;
  double maxent[N], logmu[N];
  irl_loss_input in = draw(&p, 1.0, 8);
  double log_z = irl_loss_gan_gcl(&in, p.gradient, p.work).log_z;
  for (int i = 0; i < N; i++) {
    double model = -p.cost[i] - log_z, q = p.logmu[i], top = fmax(model, q);
    logmu[i] = top + log(0.5 * exp(model - top) + 0.5 * exp(q - top));
    // Halves of unequal size: an item stands for half of the mixture over its group's number.
    logmu[i] += log((i < NDEMO ? NDEMO : N - NDEMO) / (0.5 * N));
  }
  irl_loss_input by_mixture = in;
  by_mixture.logmu = logmu;
  irl_loss_gcl(&by_mixture, maxent, p.work);
  for (int i = 0; i < N; i++) {
    CHECK_NEAR(p.gradient[i], maxent[i], 1e-12);
  }
}

// The contrastive gradient is MaxEnt's in expectation: over many draws each particle count averages
// to its weight. Standard error of a mean of R draws of 64 particles is at most ½/√(64 R/9), the
// moves being correlated with where they start; four of them is the bound.
static void ebm_is_gcl_on_average(void) {
  enum { ROUNDS = 4000 };
  problem p;
  double maxent[N], mean[N] = {0};
  irl_rng rng = irl_rng_stream(11, IRL_PURPOSE_VERIFY, 0, 0, 0);
  irl_loss_input in = draw(&p, 1.0, 9);
  in.rng = &rng;
  double loss = irl_loss_gcl(&in, maxent, p.work).loss;
  for (int r = 0; r < ROUNDS; r++) {
    CHECK_NEAR(irl_loss_ebm(&in, p.gradient, p.work).loss, loss, 1e-9);
    for (int i = 0; i < N; i++) {
      mean[i] += p.gradient[i] / ROUNDS;
    }
  }
  double bound = 4 * 0.5 / sqrt(64.0 * ROUNDS / 9);
  for (int i = 0; i < N; i++) {
    CHECK_NEAR(mean[i], maxent[i], bound);
  }
}

// Saturated logits leave finite losses and gradients.
static void saturation_is_finite(void) {
  problem p;
  const irl_loss_fn losses[] = {irl_loss_gan_gcl, irl_loss_stepwise};
  for (int k = 0; k < 2; k++) {
    irl_loss_input in = draw(&p, 1.0, 10);
    for (int i = 0; i < N; i++) {
      p.cost[i] += i < NDEMO ? -2000 : 2000;
    }
    CHECK(isfinite(losses[k](&in, p.gradient, p.work).loss));
    for (int i = 0; i < N; i++) {
      CHECK(isfinite(p.gradient[i]));
    }
  }
}

TESTS(TEST(gradients_match), TEST(constants_cancel), TEST(q_ignores_demonstration_density),
      TEST(tempering_reaches_the_share), TEST(both_find_the_same_constant), TEST(gan_gcl_is_gcl),
      TEST(ebm_is_gcl_on_average), TEST(saturation_is_finite))
