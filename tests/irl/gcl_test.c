// Derivatives of the losses with respect to each cost against central finite differences, and what
// tempering promises.
#include "base/random.h"
#include "irl/loss_internal.h"
#include "irl/partition.h"
#include "test.h"

enum { NDEMO = 7, N = 25 };

typedef struct problem {
  double cost[N], logmu[N], gradient[N], work[N];
} problem;

typedef irl_loss_output (*loss_fn)(const irl_loss_input*, double*, double*);

static irl_loss_input draw(problem* p, double spread, uint64_t seed) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < N; i++) {
    p->logmu[i] = 100 + 10 * irl_rng_normal(&rng);
    p->cost[i] = 50 - p->logmu[i] + spread * irl_rng_normal(&rng);
  }
  return (irl_loss_input){.cost = p->cost, .logmu = p->logmu, .ndemo = NDEMO, .n = N};
}

// Tolerance: central differences with h = 1e-5 err by h² (third derivative) plus ε|L|/h ≈ 1e-9.
static void gradient_matches(loss_fn loss) {
  const double h = 1e-5;
  problem p;
  for (uint64_t seed = 0; seed < 5; seed++) {
    irl_loss_input in = draw(&p, 1.5, seed);
    double gradient[N], ignored[N];
    loss(&in, gradient, p.work);
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

static void gcl_gradient(void) {
  gradient_matches(irl_loss_gcl);
}

static void gcl_q_gradient(void) {
  gradient_matches(irl_loss_gcl_q);
}

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

TESTS(TEST(gcl_gradient), TEST(gcl_q_gradient), TEST(constants_cancel),
      TEST(q_ignores_demonstration_density), TEST(tempering_reaches_the_share))
