#include "policy/random_search.h"

#include "lq.h"
#include "test.h"

enum { N = 8, T = 40, STARTS = 5 };

static irl_random_search make(int directions, int best, double step, double noise, int nx, int nu) {
  irl_random_search s;
  const irl_random_search_options o = {directions, best, step, noise, true, 0, 0};
  CHECK_OK(irl_random_search_create(&s, &o, nx, nu, 11));
  return s;
}

// Policies of both signs lie symmetrically about the present one, at the same place every time.
static void directions_are_pairs(void) {
  irl_random_search s = make(3, 3, 0.1, 0.05, 2, 2);
  irl_policy p[4];
  for (int k = 0; k < 4; k++) {
    CHECK_OK(irl_policy_create(&p[k], 1, 2, 2));
  }
  for (int i = 0; i < 6; i++) {
    s.M[i] = 0.25 * i;
  }
  irl_random_search_policy(&s, 5, 1, 1, &p[0]);
  irl_random_search_policy(&s, 5, 1, -1, &p[1]);
  irl_random_search_policy(&s, 5, 1, 0, &p[2]);
  irl_random_search_policy(&s, 6, 1, 1, &p[3]);
  for (int i = 0; i < 4; i++) {
    CHECK_NEAR(p[0].K[i] + p[1].K[i], 2 * p[2].K[i], 1e-15);
    CHECK(p[0].K[i] != p[2].K[i] && p[0].K[i] != p[3].K[i]);
  }
  CHECK(p[0].k[0] != p[2].k[0]);
  for (int k = 0; k < 4; k++) {
    irl_policy_destroy(&p[k]);
  }
  irl_random_search_destroy(&s);
}

// The step by the formula of the paper, written out for two of three directions. δ is read off the
// perturbed policies, without whitening.
static void step_is_the_paper_s(void) {
  irl_random_search s = make(3, 2, 0.1, 0.05, 2, 1);
  irl_random_search_report report;
  irl_policy p;
  const double r[6] = {1, 4, 2, 2.5, 9, -3};  // the best two directions are 2 and 0
  double delta[3][3], wanted[3];
  CHECK_OK(irl_policy_create(&p, 1, 2, 1));
  for (int j = 0; j < 3; j++) {
    irl_random_search_policy(&s, 0, j, 1, &p);
    for (int i = 0; i < 2; i++) {
      delta[j][i] = p.K[i] / 0.05;
    }
    delta[j][2] = p.k[0] / 0.05;
  }
  const double mean = (9 - 3 + 1 + 4) / 4.0;
  const double sigma =
      sqrt((pow(9 - mean, 2) + pow(-3 - mean, 2) + pow(1 - mean, 2) + pow(4 - mean, 2)) / 4);
  for (int i = 0; i < 3; i++) {
    wanted[i] = 0.1 / (2 * sigma) * ((9 + 3) * delta[2][i] + (1 - 4) * delta[0][i]);
  }
  irl_random_search_step(&s, 0, r, &report);
  CHECK(report.used == 2);
  CHECK_NEAR(report.mean, mean, 1e-15);
  CHECK_NEAR(report.spread, sigma, 1e-14);
  double norm = 0;
  for (int i = 0; i < 3; i++) {
    CHECK_NEAR(s.M[i], wanted[i], 1e-14);
    norm += wanted[i] * wanted[i];
  }
  CHECK_NEAR(report.moved, sqrt(norm), 1e-14);
  irl_policy_destroy(&p);
  irl_random_search_destroy(&s);
}

// Gains on observations that are not searched stay; the others are those of a search that has no
// more of them.
static void only_the_first_observations_are_searched(void) {
  const irl_random_search_options o = {2, 1, 0.1, 0.05, true, 2, 1};
  const double r[4] = {1, 4, 2, 2.5};
  irl_random_search_report report;
  irl_random_search some, less = make(2, 1, 0.1, 0.05, 2, 2);
  CHECK_OK(irl_random_search_create(&some, &o, 4, 2, 11));
  for (int a = 0; a < 2; a++) {
    some.M[a * 5 + 2] = some.M[a * 5 + 3] = 3;
  }
  for (int k = 0; k < 3; k++) {
    irl_random_search_step(&some, (uint64_t)k, r, &report);
    irl_random_search_step(&less, (uint64_t)k, r, &report);
  }
  for (int a = 0; a < 2; a++) {
    CHECK(some.M[a * 5 + 2] == 3 && some.M[a * 5 + 3] == 3);
    CHECK(some.M[a * 5] == less.M[a * 3] && some.M[a * 5 + 1] == less.M[a * 3 + 1]);
    CHECK(some.M[a * 5 + 4] == less.M[a * 3 + 2] && less.M[a * 3 + 2] != 0);
  }
  irl_random_search_destroy(&some);
  irl_random_search_destroy(&less);
}

// The mean of the first three M, then a third of each newer one, a step without a use of the
// returns included; without an average M to the bit.
static void results_are_averaged(void) {
  const irl_random_search_options o = {2, 2, 0.1, 0.05, true, 0, 3};
  const double r[5][4] = {{1, 4, 2, 2.5}, {3, 1, 0, 7}, {2, 2, 2, 2}, {5, 1, 1, 9}, {1, 8, 2, 0}};
  irl_random_search_report report;
  irl_random_search plain = make(2, 2, 0.1, 0.05, 2, 1), s;
  irl_policy p;
  double mean = 0;
  CHECK_OK(irl_policy_create(&p, 1, 2, 1));
  CHECK_OK(irl_random_search_create(&s, &o, 2, 1, 11));
  for (int k = 0; k < 5; k++) {
    irl_random_search_step(&s, (uint64_t)k, r[k], &report);
    irl_random_search_step(&plain, (uint64_t)k, r[k], &report);
    mean = k < 3 ? (k * mean + s.M[0]) / (k + 1) : (2 * mean + s.M[0]) / 3;
    irl_random_search_result(&s, &p);
    CHECK_NEAR(p.K[0], mean, 1e-15);
    irl_random_search_result(&plain, &p);
    CHECK(p.K[0] == plain.M[0] && p.k[0] == plain.M[2] && plain.M[0] == s.M[0]);
  }
  CHECK(fabs(mean - s.M[0]) > 1e-3);
  irl_policy_destroy(&p);
  irl_random_search_destroy(&s);
  irl_random_search_destroy(&plain);
}

static void bad_returns_move_nothing(void) {
  irl_random_search s = make(2, 2, 0.1, 0.05, 2, 1);
  irl_random_search_report report;
  const double none[4] = {NAN, 1, 2, INFINITY}, equal[4] = {3, 3, 3, 3}, half[4] = {NAN, 1, 2, 5};
  irl_random_search_step(&s, 0, none, &report);
  CHECK(report.used == 0 && isnan(report.mean) && s.M[0] == 0);
  irl_random_search_step(&s, 0, equal, &report);
  CHECK(report.used == 0 && s.M[0] == 0);
  irl_random_search_step(&s, 0, half, &report);
  CHECK(report.used == 1 && s.M[0] != 0 && isfinite(s.M[0]));
  irl_random_search_destroy(&s);
}

// A policy put in comes out again, whitening or not.
static void start_keeps_the_policy(void) {
  irl_random_search s = make(2, 2, 0.1, 0.05, 2, 1);
  irl_policy in, out;
  const double rows[6] = {1, 10, 2, 30, 4, 20};
  CHECK_OK(irl_policy_create(&in, 1, 2, 1));
  CHECK_OK(irl_policy_create(&out, 1, 2, 1));
  in.K[0] = 0.5;
  in.K[1] = -3;
  in.k[0] = 2;
  irl_whiten_add(&s.whiten, rows, 3);
  irl_random_search_refresh(&s);
  irl_random_search_start(&s, &in);
  irl_random_search_policy(&s, 0, 0, 0, &out);
  CHECK_NEAR(out.K[0], 0.5, 1e-15);
  CHECK_NEAR(out.K[1], -3, 1e-14);
  CHECK_NEAR(out.k[0], 2, 1e-12);
  irl_policy_destroy(&in);
  irl_policy_destroy(&out);
  irl_random_search_destroy(&s);
}

// Returns and observations of an iteration's 2N policies on the linear system.
static void lq_iteration(irl_random_search* s, irl_batch* b, irl_policy* p, uint64_t it,
                         const double P[4]) {
  irl_random_search_report report;
  double returns[2 * N];
  for (int k = 0; k < 2 * N; k++) {
    irl_random_search_policy(s, it, k / 2, k % 2 ? -1 : 1, p);
    returns[k] = 0;
    for (int i = 0; i < STARTS; i++) {
      lq_roll(b, i, p, false, 0, P);  // the same starts for all: the best gain is best from each
      returns[k] += irl_batch_return(b, i);
    }
  }
  for (int j = 0; j < STARTS; j++) {
    irl_whiten_add(&s->whiten, irl_batch_x(b, j, 0), T);
  }
  irl_random_search_refresh(s);
  irl_random_search_step(s, it, returns, &report);
}

// On the linear system the search finds Riccati's gain. Steps and noise shrink together, as the
// normalised step never does; what is left (2 %) is their last size.
static void linear_system_gives_riccati_s_gain(void) {
  double P[4] = {0}, K[2];
  irl_random_search s = make(N, 4, 0.1, 0.1, LQ_NX, LQ_NU);
  irl_batch b;
  irl_policy p;
  lq_riccati(P, K);
  CHECK_OK(irl_batch_create(&b, STARTS, T, LQ_NX, LQ_NU, 0, 0));
  CHECK_OK(irl_policy_create(&p, 1, LQ_NX, LQ_NU));
  for (int it = 0; it < 400; it++) {
    lq_iteration(&s, &b, &p, (uint64_t)it, P);
    s.options.step *= 0.985;
    s.options.noise *= 0.99;
  }
  irl_random_search_policy(&s, 0, 0, 0, &p);
  CHECK_NEAR(p.K[0] / K[0], 1, 0.02);
  CHECK_NEAR(p.K[1] / K[1], 1, 0.02);
  CHECK_NEAR(p.k[0], 0, 0.02);
  irl_policy_destroy(&p);
  irl_batch_destroy(&b);
  irl_random_search_destroy(&s);
}

static void options_are_checked(void) {
  irl_random_search s;
  static const irl_random_search_options bad[] = {
      {0, 1, 1, 1, true, 0, 0}, {2, 3, 1, 1, true, 0, 0},  {2, 0, 1, 1, true, 0, 0},
      {2, 2, 0, 1, true, 0, 0}, {2, 2, 1, -1, true, 0, 0}, {2, 2, NAN, 1, true, 0, 0},
      {2, 2, 1, 1, true, 3, 0}, {2, 2, 1, 1, true, -1, 0}, {2, 2, 1, 1, true, 0, -1}};
  for (int k = 0; k < 9; k++) {
    CHECK(irl_random_search_create(&s, &bad[k], 2, 1, 0) == IRL_ERANGE);
    irl_random_search_destroy(&s);
  }
}

TESTS(TEST(directions_are_pairs), TEST(step_is_the_paper_s),
      TEST(only_the_first_observations_are_searched), TEST(results_are_averaged),
      TEST(bad_returns_move_nothing), TEST(start_keeps_the_policy),
      TEST(linear_system_gives_riccati_s_gain), TEST(options_are_checked))
