// The store's running densities against the sums they stand for.
#include "base/linalg.h"
#include "irl/learner_internal.h"
#include "irl/store_internal.h"
#include "test.h"

enum { T = 6, NX = 2, NU = 1, NDEMO = 5, NSAMPLE = 4, ROUNDS = 3 };

static void fill(irl_batch* b, uint64_t seed) {
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < b->n * (T + 1) * NX; i++) {
    b->x[i] = irl_rng_normal(&rng);
  }
  for (int i = 0; i < b->n * T * NU; i++) {
    b->u[i] = 0.3 * irl_rng_normal(&rng);
  }
}

static void make_policy(irl_policy* p, int round) {
  double stddev[NU] = {0.3 + 0.2 * round};
  CHECK_OK(irl_policy_create(p, T, NX, NU));
  CHECK_OK(irl_policy_set_noise(p, stddev));
}

typedef struct fixture {
  irl_store store;
  irl_policy policy[ROUNDS];
} fixture;

static void set_up_as(fixture* f, bool forgets) {
  int index[NDEMO] = {0, 1, 2, 3, 4};
  irl_batch demos, samples;
  irl_store_options options = {.horizon = T,
                               .max_samples = ROUNDS * NSAMPLE,
                               .max_kept = ROUNDS,
                               .forgets = forgets,
                               .fit = irl_policy_fit_defaults()};
  irl_errinfo info;
  CHECK_OK(irl_batch_create(&demos, NDEMO, T, NX, NU, 0, 0));
  CHECK_OK(irl_batch_create(&samples, NSAMPLE, T, NX, NU, 0, 0));
  fill(&demos, 1);
  CHECK_OK(irl_store_init(&f->store, &options, &demos, index, NDEMO, &info));
  for (int r = 0; r < ROUNDS; r++) {
    make_policy(&f->policy[r], r);
    fill(&samples, 10 + (uint64_t)r);
    samples.valid[1] = r != 1;  // one diverged trajectory, which must not be taken
    CHECK(irl_store_add(&f->store, &f->policy[r], (uint64_t)r, &samples, 0, NSAMPLE) ==
          NSAMPLE - (r == 1));
  }
  irl_batch_destroy(&demos);
  irl_batch_destroy(&samples);
}

static void set_up(fixture* f) {
  set_up_as(f, false);
}

static void tear_down(fixture* f) {
  irl_store_fini(&f->store);
  for (int r = 0; r < ROUNDS; r++) {
    irl_policy_destroy(&f->policy[r]);
  }
}

// log[(nd q_demo + ns Σ_m (count_m/total) q_m)/(nd+ns)] term by term.
static void mixture_is_the_sum(void) {
  fixture f;
  set_up(&f);
  const irl_store* s = &f.store;
  const double count[ROUNDS] = {NSAMPLE, NSAMPLE - 1, NSAMPLE}, total = 3 * NSAMPLE - 1;
  CHECK(s->n == NDEMO + 3 * NSAMPLE - 1);
  for (int i = 0; i < s->n; i++) {
    double terms[ROUNDS + 1], nd = 5, ns = 3;
    for (int r = 0; r < ROUNDS; r++) {
      terms[r] = log(ns / (nd + ns) * count[r] / total) +
                 irl_policy_batch_logdensity(&f.policy[r], &s->batch, i);
    }
    terms[ROUNDS] =
        log(nd / (nd + ns)) + irl_policy_batch_logdensity(&s->demo_policy, &s->batch, i);
    CHECK_NEAR(irl_store_log_mixture(s, i, nd, ns), irl_logsumexp(terms, ROUNDS + 1), 1e-11);
  }
  tear_down(&f);
}

// log[(nd q_demo + ns q_newest)/(nd+ns)] for demonstrations and the newest sampler's trajectories.
static void newest_mixture_has_one_sampler(void) {
  fixture f;
  set_up(&f);
  const irl_store* s = &f.store;
  for (int i = 0; i < s->n; i++) {
    if (i < NDEMO || i >= s->n - NSAMPLE) {
      double nd = 5, ns = 3;
      double terms[2] = {
          log(nd / (nd + ns)) + irl_policy_batch_logdensity(&s->demo_policy, &s->batch, i),
          log(ns / (nd + ns)) + irl_policy_batch_logdensity(&f.policy[ROUNDS - 1], &s->batch, i)};
      CHECK_NEAR(irl_store_log_newest(s, i, nd, ns), irl_logsumexp(terms, 2), 1e-11);
    }
  }
  tear_down(&f);
}

static void own_density_is_the_drawers(void) {
  fixture f;
  set_up(&f);
  const irl_store* s = &f.store;
  for (int i = 0; i < s->n; i++) {
    int r = i < NDEMO ? ROUNDS - 1 : i < NDEMO + NSAMPLE ? 0 : i < NDEMO + 2 * NSAMPLE - 1 ? 1 : 2;
    CHECK_NEAR(s->log_own[i], irl_policy_batch_logdensity(&f.policy[r], &s->batch, i), 0);
  }
  tear_down(&f);
}

static void full_store_takes_no_more(void) {
  fixture f;
  set_up(&f);
  irl_batch samples;
  CHECK_OK(irl_batch_create(&samples, NSAMPLE, T, NX, NU, 0, 0));
  int before = f.store.n;
  CHECK(irl_store_add(&f.store, &f.policy[0], 3, &samples, 0, NSAMPLE) == 0);
  CHECK(f.store.n == before);
  irl_batch_destroy(&samples);
  tear_down(&f);
}

// A store that keeps single densities gives the same sums as one that adds them up.
static void both_kinds_agree(void) {
  fixture a, b;
  set_up_as(&a, false);
  set_up_as(&b, true);
  CHECK(a.store.n == b.store.n);
  for (int i = 0; i < a.store.n; i++) {
    CHECK_NEAR(a.store.log_samplers[i], b.store.log_samplers[i], 1e-11);
    CHECK(a.store.log_own[i] == b.store.log_own[i] && a.store.drawer[i] == b.store.drawer[i]);
  }
  tear_down(&a);
  tear_down(&b);
}

// After forgetting a round, and after drawing into the room it left, a store is to the last bit
// what it would be had that round never been: resuming relies on it.
static void forgetting_leaves_no_trace(void) {
  for (int gone = 0; gone < ROUNDS; gone++) {
    fixture f, g;
    set_up_as(&f, true);
    set_up_as(&g, true);
    irl_batch samples;
    CHECK_OK(irl_batch_create(&samples, NSAMPLE, T, NX, NU, 0, 0));
    fill(&samples, 77);
    irl_store_forget(&f.store, (uint64_t)gone);
    CHECK(f.store.nkept == ROUNDS - 1);
    CHECK(irl_store_add(&f.store, &f.policy[1], 9, &samples, 0, NSAMPLE) == NSAMPLE);
    for (int r = 0; r < ROUNDS; r++) {  // g: all three rounds go and the right ones come again
      irl_store_forget(&g.store, (uint64_t)r);
    }
    CHECK(g.store.n == NDEMO && g.store.total == 0);
    for (int r = 0; r < ROUNDS; r++) {
      irl_batch again;
      CHECK_OK(irl_batch_create(&again, NSAMPLE, T, NX, NU, 0, 0));
      fill(&again, 10 + (uint64_t)r);
      again.valid[1] = r != 1;
      if (r != gone) {
        irl_store_add(&g.store, &f.policy[r], (uint64_t)r, &again, 0, NSAMPLE);
      }
      irl_batch_destroy(&again);
    }
    irl_store_add(&g.store, &f.policy[1], 9, &samples, 0, NSAMPLE);
    CHECK(f.store.n == g.store.n && f.store.total == g.store.total);
    for (int i = 0; i < f.store.n; i++) {
      CHECK(f.store.log_samplers[i] == g.store.log_samplers[i]);
      CHECK(f.store.log_own[i] == g.store.log_own[i] && f.store.drawer[i] == g.store.drawer[i]);
      CHECK(f.store.log_demo[i] == g.store.log_demo[i]);
      CHECK(memcmp(irl_batch_u(&f.store.batch, i, 0), irl_batch_u(&g.store.batch, i, 0),
                   sizeof(double) * T * NU) == 0);
    }
    irl_batch_destroy(&samples);
    tear_down(&f);
    tear_down(&g);
  }
}

// Runs of 12 rounds with room for 5: which are there in the end, over many seeds. The newest always
// is; each of the 11 before it with probability 4/11, here within four binomial standard
// deviations.
static void reservoirs_are_uniform(void) {
  enum { RUNS = 4000, ALL = 12, ROOM = 5 };
  int there[ALL] = {0};
  for (uint64_t seed = 0; seed < RUNS; seed++) {
    uint64_t kept[ROOM];
    int n = 0;
    for (uint64_t round = 0; round < ALL; round++) {
      if (n == ROOM) {
        int gone = irl_keep_leaver(IRL_KEEP_RESERVOIR, seed, n, round);
        CHECK(gone >= 0 && gone < n);
        n--;
        memmove(&kept[gone], &kept[gone + 1], sizeof *kept * (size_t)(n - gone));
      }
      kept[n++] = round;
    }
    for (int i = 0; i < n; i++) {
      there[kept[i]]++;
    }
  }
  CHECK(there[ALL - 1] == RUNS);
  const double p = (ROOM - 1) / (double)(ALL - 1), deviation = sqrt(RUNS * p * (1 - p));
  for (int r = 0; r < ALL - 1; r++) {
    CHECK_NEAR(there[r], RUNS * p, 4 * deviation);
  }
  CHECK(irl_keep_leaver(IRL_KEEP_WINDOW, 1, 5, 30) == 0);
}

TESTS(TEST(reservoirs_are_uniform), TEST(both_kinds_agree), TEST(forgetting_leaves_no_trace),
      TEST(mixture_is_the_sum), TEST(newest_mixture_has_one_sampler),
      TEST(own_density_is_the_drawers), TEST(full_store_takes_no_more))
