// The stationary sampler's step on a linear system with quadratic cost: its direction against
// finite differences of the closed-form objective, its fixed point against Riccati's, no
// allocation.
#include "allocations.h"
#include "base/linalg.h"
#include "irl/sampler_internal.h"

// x' = A x + B u + 0.1 ξ, c = ½ xᵀQ x + ½ R u², a discretised spring.
enum { NX = 2, SAMPLES = 10, HORIZON = 1000 };

static const double A[4] = {1, 0.2, -0.1, 0.9}, B[2] = {0.02, 0.2}, Q[4] = {1, 0.1, 0.1, 0.5};
static const double R = 0.5, PROCESS = 0.1, START = 0.5;

static void next_state(const double* x, double u, irl_rng* rng, double* out) {
  for (int i = 0; i < NX; i++) {
    out[i] = A[2 * i] * x[0] + A[2 * i + 1] * x[1] + B[i] * u + PROCESS * irl_rng_normal(rng);
  }
}

static double step_cost(const double* x, double u) {
  return 0.5 * (Q[0] * x[0] * x[0] + 2 * Q[1] * x[0] * x[1] + Q[3] * x[1] * x[1] + R * u * u);
}

// Trajectories of the policy from x₀ ~ N(START, PROCESS²) and their costs.
static void draw(const irl_policy* policy, uint64_t iteration, irl_batch* b, double* cost) {
  for (int i = 0; i < b->n; i++) {
    irl_rng rng = irl_rng_stream(9, IRL_PURPOSE_VERIFY, iteration, 0, (uint64_t)i);
    b->valid[i] = true;
    b->length[i] = b->horizon;
    for (int j = 0; j < NX; j++) {
      irl_batch_x(b, i, 0)[j] = START + PROCESS * irl_rng_normal(&rng);
    }
    for (int t = 0; t < b->horizon; t++) {
      double *x = irl_batch_x(b, i, t), *u = irl_batch_u(b, i, t);
      irl_policy_sample(policy, t, x, &rng, u);
      cost[(long)i * b->horizon + t] = step_cost(x, u[0]);
      next_state(x, u[0], &rng, irl_batch_x(b, i, t + 1));
    }
  }
}

typedef struct setup {
  irl_sampler sampler;
  irl_sampler_options options;
  irl_batch batch;
  double* cost;
  int* index;
} setup;

static void setup_init(setup* s, int samples, int horizon) {
  s->options =
      (irl_sampler_options){.kl_step = 0.02, .kl_lo = 0.1, .kl_hi = 1, .discount = 1, .trace = 1};
  s->options.lqr = irl_lqr_defaults();
  s->options.lqr.min_stddev = 1e-3;
  s->options.lqr.max_stddev = 10;
  CHECK_OK(irl_sampler_init_stationary(&s->sampler, horizon, NX, 1, samples, samples));
  CHECK_OK(irl_batch_create(&s->batch, samples, horizon, NX, 1, 0, 0));
  s->cost = calloc((size_t)samples * (size_t)horizon, sizeof(double));
  s->index = calloc((size_t)samples, sizeof(int));
  for (int i = 0; i < samples; i++) {
    s->index[i] = i;
  }
}

static void setup_fini(setup* s) {
  irl_sampler_fini(&s->sampler);
  irl_batch_destroy(&s->batch);
  free(s->cost);
  free(s->index);
}

static void set_policy(irl_policy* p, const double* parameter) {
  p->K[0] = parameter[0];
  p->K[1] = parameter[1];
  p->k[0] = parameter[2];
  p->sigma[0] = exp(parameter[3]);
  CHECK_OK(irl_policy_factor(p, NULL));
}

//---------------------------------- Direction ----------------------------------------------------

// (E[c] − H)/T of K, k, log Σ, by the moments of the states; second (3, 3) gets the mean of
// [x; 1][x; 1]ᵀ where it is asked for.
static double objective(const double* parameter, int horizon, double* second) {
  const double *K = parameter, k = parameter[2], sigma = exp(parameter[3]);
  double m[2] = {START, START}, S[4] = {PROCESS * PROCESS, 0, 0, PROCESS * PROCESS}, sum = 0;
  for (int t = 0; t < horizon; t++) {
    const double KS[2] = {K[0] * S[0] + K[1] * S[2], K[0] * S[1] + K[1] * S[3]};
    const double u = K[0] * m[0] + K[1] * m[1] + k, uu = KS[0] * K[0] + KS[1] * K[1] + sigma;
    sum += step_cost(m, u) + 0.5 * (Q[0] * S[0] + 2 * Q[1] * S[1] + Q[3] * S[3] + R * uu);
    for (int i = 0; second != NULL && i < 9; i++) {
      const double a = i / 3 < 2 ? m[i / 3] : 1, b = i % 3 < 2 ? m[i % 3] : 1;
      second[i] += (a * b + (i / 3 < 2 && i % 3 < 2 ? S[i / 3 * 2 + i % 3] : 0)) / horizon;
    }
    double F[4], FS[4], mean[2];
    for (int i = 0; i < 4; i++) {
      F[i] = A[i] + B[i / 2] * K[i % 2];
    }
    mean[0] = A[0] * m[0] + A[1] * m[1] + B[0] * u;
    mean[1] = A[2] * m[0] + A[3] * m[1] + B[1] * u;
    irl_mat_mul(FS, F, S, 2, 2, 2);
    irl_mat_mul_nt(S, FS, F, 2, 2, 2);
    for (int i = 0; i < 4; i++) {
      S[i] += B[i / 2] * B[i % 2] * sigma + (i % 3 == 0 ? PROCESS * PROCESS : 0);
    }
    memcpy(m, mean, sizeof m);
  }
  return sum / horizon - 0.5 * (1 + log(2 * 3.14159265358979324) + parameter[3]);
}

// The natural descent direction by finite differences: −Σ G M⁻¹ of [K, k], −2 ∂J/∂log Σ.
static void natural_direction(const double* parameter, int horizon, double* out) {
  double second[9] = {0}, g[4], L[9], z[3];
  (void)objective(parameter, horizon, second);
  for (int i = 0; i < 4; i++) {
    double lo[4], hi[4];
    memcpy(lo, parameter, sizeof lo);
    memcpy(hi, parameter, sizeof hi);
    lo[i] -= 1e-5;
    hi[i] += 1e-5;
    g[i] = (objective(hi, horizon, NULL) - objective(lo, horizon, NULL)) / 2e-5;
  }
  CHECK(irl_cholesky(L, second, 3));
  irl_solve_lower(z, L, g, 3);
  irl_solve_lower_t(z, L, z, 3);
  for (int i = 0; i < 3; i++) {
    out[i] = -exp(parameter[3]) * z[i];
  }
  out[3] = -2 * g[3];
}

// A small step of many trajectories goes along the natural gradient of the closed form, whose only
// other approximation is the step's size: the share of the direction that is not along it.
static void step_is_the_natural_gradient(void) {
  enum { MANY = 4000, SHORT = 20 };
  const double parameter[4] = {0.3, -0.2, 0.1, log(0.3)};
  double want[4], got[4], norm = 0, along = 0, square = 0;
  setup s;
  setup_init(&s, MANY, SHORT);
  s.options.kl_step = 1e-6;
  set_policy(&s.sampler.policy, parameter);
  draw(&s.sampler.policy, 0, &s.batch, s.cost);
  CHECK(irl_sampler_ascend(&s.sampler, &s.options, &s.batch, s.index, MANY, s.cost));
  CHECK_NEAR(s.sampler.report.kl, SHORT * 1e-6, SHORT * 1e-7);
  natural_direction(parameter, SHORT, want);
  const irl_policy* p = &s.sampler.policy;
  const double now[4] = {p->K[0], p->K[1], p->k[0], log(p->sigma[0])};
  for (int i = 0; i < 4; i++) {
    got[i] = now[i] - parameter[i];
    norm += want[i] * want[i];
    square += got[i] * got[i];
    along += want[i] * got[i];
  }
  printf("     cosine %.5f\n", along / sqrt(norm * square));
  CHECK(along / sqrt(norm * square) > 0.995);
  setup_fini(&s);
}

//---------------------------------- Fixed point --------------------------------------------------

// Riccati's fixed point for costs discounted by γ: K = −γ(R + γBᵀPB)⁻¹ BᵀPA, Σ = (R + γBᵀPB)⁻¹,
// P = Q + γAᵀPA + γAᵀPB K.
static void riccati(double discount, double* K, double* sigma) {
  double P[4], PA[4], APA[4];
  memcpy(P, Q, sizeof P);
  for (int i = 0; i < 1000; i++) {
    const double PB[2] = {P[0] * B[0] + P[1] * B[1], P[2] * B[0] + P[3] * B[1]};
    *sigma = 1 / (R + discount * (B[0] * PB[0] + B[1] * PB[1]));
    K[0] = -*sigma * discount * (PB[0] * A[0] + PB[1] * A[2]);
    K[1] = -*sigma * discount * (PB[0] * A[1] + PB[1] * A[3]);
    irl_mat_mul(PA, P, A, 2, 2, 2);
    for (int j = 0; j < 4; j++) {
      APA[j] = A[j / 2] * PA[j % 2] + A[2 + j / 2] * PA[2 + j % 2];
      P[j] = Q[j] + discount * APA[j] - K[j / 2] * K[j % 2] / *sigma;
    }
  }
}

// From zero gains, with the step control of training: gains and noise of the stationary optimum of
// E[c] − H. What is left is the noise of the steps, the end of the horizon, where the optimum is
// another one.
static void steps_reach_riccati(void) {
  double K[2], sigma, mean[4] = {0};
  enum { STEPS = 120, LAST = 40 };
  setup s;
  setup_init(&s, SAMPLES, HORIZON);
  s.options.discount = 0.99;
  s.options.trace = 0.97;
  riccati(s.options.discount, K, &sigma);
  set_policy(&s.sampler.policy, (const double[4]){0, 0, 0, log(0.04)});
  for (int i = 0; i < STEPS; i++) {
    draw(&s.sampler.policy, (uint64_t)i, &s.batch, s.cost);
    (void)irl_sampler_ascend(&s.sampler, &s.options, &s.batch, s.index, SAMPLES, s.cost);
    s.options.kl_step = 0.02 * pow(0.01, (double)i / STEPS);
    if (i >= STEPS - LAST) {
      const irl_policy* p = &s.sampler.policy;
      const double now[4] = {p->K[0], p->K[1], p->k[0], p->sigma[0]};
      irl_axpy(mean, 1.0 / LAST, now, 4);
    }
  }
  printf("     K %.4f %.4f (%.4f %.4f)  k %.4f  sigma %.4f (%.4f)\n", mean[0], mean[1], K[0], K[1],
         mean[2], mean[3], sigma);
  CHECK_NEAR(mean[0], K[0], 0.05 * fabs(K[0]));
  CHECK_NEAR(mean[1], K[1], 0.05 * fabs(K[1]));
  CHECK_NEAR(mean[2], 0, 0.02);
  CHECK_NEAR(mean[3], sigma, 0.05 * sigma);
  setup_fini(&s);
}

//---------------------------------- Trouble ------------------------------------------------------

// A cost that is no number leaves the policy as it is and halves the limit; one that is the same
// everywhere raises the noise to its ceiling.
static void poor_costs(void) {
  setup s;
  setup_init(&s, SAMPLES, HORIZON);
  const double parameter[4] = {-0.3, -0.4, 0, log(0.04)};
  set_policy(&s.sampler.policy, parameter);
  draw(&s.sampler.policy, 0, &s.batch, s.cost);
  s.cost[7] = (double)NAN;
  CHECK(!irl_sampler_ascend(&s.sampler, &s.options, &s.batch, s.index, SAMPLES, s.cost));
  CHECK(s.sampler.policy.K[0] == -0.3 && s.sampler.multiplier == 0.5);
  CHECK(s.sampler.report.kl == 0);
  for (int i = 0; i < SAMPLES * HORIZON; i++) {
    s.cost[i] = 3;
  }
  s.options.lqr.max_stddev = 0.21;
  for (int i = 0; i < 3; i++) {
    (void)irl_sampler_ascend(&s.sampler, &s.options, &s.batch, s.index, SAMPLES, s.cost);
  }
  CHECK_NEAR(s.sampler.policy.K[0], -0.3, 0.1);
  CHECK_NEAR(sqrt(s.sampler.policy.sigma[0]), 0.21, 1e-9);
  setup_fini(&s);
}

static void steps_allocate_nothing(void) {
  setup s;
  setup_init(&s, SAMPLES, HORIZON);
  set_policy(&s.sampler.policy, (const double[4]){-0.3, -0.4, 0, log(0.04)});
  draw(&s.sampler.policy, 0, &s.batch, s.cost);
  const long before = atomic_load(&allocations);
  CHECK(irl_sampler_ascend(&s.sampler, &s.options, &s.batch, s.index, SAMPLES, s.cost));
  CHECK(atomic_load(&allocations) == before);
  setup_fini(&s);
}

TESTS(TEST(the_counter_counts), TEST(step_is_the_natural_gradient), TEST(steps_reach_riccati),
      TEST(poor_costs), TEST(steps_allocate_nothing))
