// Marginals, expected cost and KL of a forward pass against sampled trajectories.
#include "problems.h"
#include "test.h"

enum { T = 6, NX = 3, NU = 2, N = NX + NU, SAMPLES = 40000 };

typedef struct moments {
  double mean[T * N];
  double second[T * N * N];
  double cost;
  double cost2;
  double kl;
  double kl2;
} moments;

// x ~ N(mean, L Lᵀ) with the factor found here.
static void sample_normal(const double* mean, const double* cov, irl_rng* rng, double* x) {
  double L[NX * NX] = {0};
  double noise[NX];
  for (int i = 0; i < NX; i++) {
    noise[i] = irl_rng_normal(rng);
    for (int j = 0; j <= i; j++) {
      double sum = cov[i * NX + j];
      for (int k = 0; k < j; k++) {
        sum -= L[i * NX + k] * L[j * NX + k];
      }
      L[i * NX + j] = i == j ? sqrt(sum) : sum / L[j * NX + j];
    }
    x[i] = mean[i];
    for (int j = 0; j <= i; j++) {
      x[i] += L[i * NX + j] * noise[j];
    }
  }
}

static void sample_trajectory(const problem* lq, irl_rng* rng, moments* m) {
  double y[N];
  double cost = 0;
  double kl = 0;
  sample_normal(lq->dyn.x0_mean, lq->dyn.x0_cov, rng, y);
  for (int t = 0; t < T; t++) {
    kl += irl_policy_sample(&lq->out, t, y, rng, y + NX);
    kl -= irl_policy_logdensity(&lq->prev, t, y, y + NX);
    cost += stage_cost(&lq->cost, t, y);
    double next[NX];
    for (int i = 0; i < N; i++) {
      m->mean[t * N + i] += y[i] / SAMPLES;
      for (int j = 0; j < N; j++) {
        m->second[(t * N + i) * N + j] += y[i] * y[j] / SAMPLES;
      }
    }
    for (int i = 0; i < NX; i++) {
      next[i] = lq->dyn.f[t * NX + i];
      for (int j = 0; j < N; j++) {
        next[i] += lq->dyn.F[(t * NX + i) * N + j] * y[j];
      }
    }
    sample_normal(next, lq->dyn.cov + t * NX * NX, rng, y);
  }
  m->cost += cost / SAMPLES;
  m->cost2 += cost * cost / SAMPLES;
  m->kl += kl / SAMPLES;
  m->kl2 += kl * kl / SAMPLES;
}

static void test_marginals(void) {
  static moments m;
  problem lq;
  CHECK(problem_init(&lq, T, NX, NU, 0.3, 21));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, &lq.prev, 1, 1, &lq.out));
  irl_lqr_forward(lq.lqr, &lq.dyn, &lq.out);
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < SAMPLES; i++) {
    sample_trajectory(&lq, &rng, &m);
  }
  // five standard errors of each mean; of second moments those of a Gaussian, about √2 var / √n
  for (int t = 0; t < T; t++) {
    const double* mean = irl_lqr_mean(lq.lqr) + t * N;
    const double* cov = irl_lqr_cov(lq.lqr) + t * N * N;
    for (int i = 0; i < N; i++) {
      CHECK_NEAR(mean[i], m.mean[t * N + i], 5 * sqrt(cov[i * N + i] / SAMPLES));
      for (int j = 0; j < N; j++) {
        const double sampled =
            m.second[(t * N + i) * N + j] - m.mean[t * N + i] * m.mean[t * N + j];
        const double scale = sqrt(cov[i * N + i] * cov[j * N + j]);
        CHECK_NEAR(cov[i * N + j], sampled, 5 * scale * sqrt(2.0 / SAMPLES));
        CHECK(cov[i * N + j] == cov[j * N + i]);
      }
    }
  }
  CHECK_NEAR(irl_lqr_expected_cost(lq.lqr, &lq.cost), m.cost,
             5 * sqrt((m.cost2 - m.cost * m.cost) / SAMPLES));
  CHECK_NEAR(irl_lqr_kl(lq.lqr, &lq.out, &lq.prev), m.kl,
             5 * sqrt((m.kl2 - m.kl * m.kl) / SAMPLES));
  problem_fini(&lq);
}

// For the optimum of E[c] − ν H the soft value of the start is the objective itself.
static void test_value_is_objective(void) {
  problem lq;
  CHECK(problem_init(&lq, 10, NX, NU, 0.3, 22));
  CHECK_OK(irl_lqr_backward(lq.lqr, &lq.dyn, &lq.cost, NULL, 0, 1, &lq.out));
  irl_lqr_forward(lq.lqr, &lq.dyn, &lq.out);
  const double objective =
      irl_lqr_expected_cost(lq.lqr, &lq.cost) - irl_policy_entropy(&lq.out, lq.T);
  CHECK_NEAR(-irl_lqr_log_z(lq.lqr, &lq.dyn, NULL), objective, 1e-11);
  problem_fini(&lq);
}

TESTS(TEST(test_marginals), TEST(test_value_is_objective))
