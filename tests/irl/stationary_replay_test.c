// Starts of random search: both signs of a direction begin alike when they are paired, and those
// from which a trajectory ended early are drawn again until both last.
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/tensors.h"
#include "irl/runtime.h"
#include "irl/stationary_internal.h"
#include "test.h"

enum { DIRECTIONS = 8, STEPS = 15 };  // in which some of the first policies let the pole fall

typedef struct search {
  irl_task* task;
  irl_reward_steps reward;
  irl_stationary_options o;
  irl_campaign c;
  irl_errinfo info;
} search;

static void search_init(search* s, double replay) {
  static const char* const set[] = {
      "conditions=[{\"name\": \"left\", \"qpos\": {\"slider\": -0.5}},"
      "{\"name\": \"right\", \"qpos\": {\"slider\": 0.5}}]"};
  irl_runtime_init();
  *s = (search){0};
  CHECK_OK(irl_task_load(&s->task, "inverted_pendulum", set, 1, &s->info));
  s->reward = (irl_reward_steps){s->task, true};
  s->o = (irl_stationary_options){.task = s->task,
                                  .plan = *irl_task_expert(s->task),
                                  .search = irl_reward_step_costs(&s->reward),
                                  .judge = irl_reward_step_costs(&s->reward),
                                  .seed = 3,
                                  .threads = 1};
  s->o.plan.directions = s->o.plan.best = DIRECTIONS;
  s->o.plan.noise = 0.5;
  s->o.plan.steps = STEPS;
  s->o.plan.iterations = 12;
  s->o.plan.paired = true;
  s->o.plan.replay = replay;
}

static void search_fini(search* s) {
  irl_campaign_close(&s->c);
  irl_task_destroy(s->task);
}

static void step(search* s) {
  CHECK_OK(irl_campaign_step(&s->c, &s->info));
  s->c.iteration++;
}

// First observation of a trajectory of the last step.
static const double* first(const search* s, int trajectory) {
  return irl_batch_x(&s->c.batch, trajectory, 0);
}

static bool alike(const double* a, const double* b) {
  return memcmp(a, b, 4 * sizeof *a) == 0;
}

static bool fell(const search* s, int k) {
  return s->c.batch.length[2 * k] < STEPS || s->c.batch.length[2 * k + 1] < STEPS;
}

// Both signs of each direction begin alike, two directions not, half of them on either side.
static void pairs_begin_alike(void) {
  search s;
  search_init(&s, 0);
  CHECK_OK(irl_campaign_open(&s.c, &s.o, &s.info));
  for (int it = 0; it < 2; it++) {
    double before[4];
    memcpy(before, first(&s, 0), sizeof before);
    step(&s);
    CHECK(!alike(before, first(&s, 0)));
    for (int k = 0; k < DIRECTIONS; k++) {
      CHECK(alike(first(&s, 2 * k), first(&s, 2 * k + 1)));
      CHECK(k == 0 || !alike(first(&s, 2 * k), first(&s, 2 * k - 2)));
      CHECK((first(&s, 2 * k)[0] > 0) == (k % 2 == 1));
    }
  }
  search_fini(&s);
}

// What the test keeps of hard starts: their first observations, the oldest first.
typedef struct memory {
  double x[DIRECTIONS][4];
  int n;
} memory;

static void forget(memory* m, int k) {
  memmove(m->x[k], m->x[k + 1], sizeof m->x[0] * (size_t)(m->n - 1 - k));
  m->n--;
}

// Compares a step's starts with what is remembered, and remembers what came of them. Returns how
// many starts came again.
static int check_step(search* s, memory* m, int most, int* mended) {
  const int again = m->n < most ? m->n : most;
  for (int k = 0; k < again; k++) {
    CHECK(alike(first(s, 2 * k), m->x[k]));
    CHECK(alike(first(s, 2 * k + 1), m->x[k]));
  }
  for (int k = again - 1; k >= 0; k--) {
    if (!fell(s, k)) {
      forget(m, k);
      ++*mended;
    }
  }
  for (int k = again; k < DIRECTIONS; k++) {
    for (int j = 0; j < m->n; j++) {
      CHECK(!alike(first(s, 2 * k), m->x[j]));  // a new one
    }
    if (fell(s, k)) {
      if (m->n == DIRECTIONS) {
        forget(m, 0);
      }
      memcpy(m->x[m->n++], first(s, 2 * k), sizeof m->x[0]);
    }
  }
  return again;
}

static void hard_starts_come_again(void) {
  search s;
  memory m = {.n = 0};
  int again = 0, mended = 0, full = 0;
  search_init(&s, 0.5);
  CHECK_OK(irl_campaign_open(&s.c, &s.o, &s.info));
  for (int it = 0; it < s.o.plan.iterations; it++) {
    step(&s);
    again += check_step(&s, &m, DIRECTIONS / 2, &mended);
    full += m.n == DIRECTIONS;
  }
  CHECK(again > 10 && mended > 3 && full > 0);  // else the test has seen nothing
  search_fini(&s);
}

// A step made of several calls of rollouts has the same starts as one of a single call.
static void calls_do_not_matter(void) {
  search whole, parts;
  search_init(&whole, 0.5);
  search_init(&parts, 0.5);
  CHECK_OK(irl_campaign_open(&whole.c, &whole.o, &whole.info));
  CHECK_OK(irl_campaign_open(&parts.c, &parts.o, &parts.info));
  parts.c.batch.n = 6;  // 6, 6 and 4 of the 16
  for (int it = 0; it < 6; it++) {
    step(&whole);
    step(&parts);
    CHECK(memcmp(whole.c.hard, parts.c.hard, sizeof(double) * (1 + DIRECTIONS)) == 0);
    CHECK(memcmp(whole.c.random.M, parts.c.random.M, sizeof(double) * 5) == 0);
  }
  CHECK(whole.c.hard[0] > 0);
  search_fini(&whole);
  search_fini(&parts);
}

//---------------------------------- Files --------------------------------------------------------

static const char* file(char path[1200]) {
  snprintf(path, 1200, "%s/stationary_replay_%d", test_folder(), (int)getpid());
  return path;
}

static irl_err run(search* s, irl_policy* policy) {
  int64_t steps = 0;
  return irl_stationary(&s->o, NULL, policy, &steps, &s->info);
}

// A search that is saved half way and taken up again has the same starts and ends in the same bits.
static void resumed_searches_remember(void) {
  irl_policy found[2];
  for (int k = 0; k < 2; k++) {
    search s;
    char path[1200];
    search_init(&s, 0.5);
    CHECK_OK(irl_policy_create(&found[k], 1, 4, 1));
    if (k == 1) {
      s.o.state = file(path);
      s.o.plan.iterations = 7;  // after which it is judged anyway
      CHECK_OK(run(&s, &found[k]));
      s.o.plan.iterations = 12;
      s.o.resume = true;
    }
    s.o.plan.stop_return = NAN;
    CHECK_OK(run(&s, &found[k]));
    search_fini(&s);
  }
  CHECK(memcmp(found[0].K, found[1].K, 4 * sizeof(double)) == 0);
  CHECK(found[0].K[1] != 0);
  irl_policy_destroy(&found[0]);
  irl_policy_destroy(&found[1]);
}

// Writes a search's file again with another number among its hard starts.
static void change(const char* path, int at, double value) {
  irl_tensors* saved;
  irl_tensor t[64];
  CHECK_OK(irl_tensors_load(&saved, path, NULL));
  const int n = irl_tensors_count(saved);
  const char* metadata[] = {"settings", irl_tensors_metadata(saved, "settings")};
  for (int k = 0; k < n; k++) {
    t[k] = *irl_tensors_at(saved, k);
    if (strcmp(t[k].name, "random/hard") == 0) {
      ((double*)irl_tensor_place(&t[k]))[at] = value;
    }
  }
  CHECK_OK(irl_tensors_save(path, t, n, metadata, 1, NULL));
  irl_tensors_destroy(saved);
}

static void hard_starts_of_files_are_checked(void) {
  static const double wrong[][2] = {{0, -1}, {0, DIRECTIONS + 1}, {0, NAN}, {1, -1}, {1, 1e300}};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    search s;
    irl_policy policy;
    char path[1200];
    search_init(&s, 0.5);
    CHECK_OK(irl_policy_create(&policy, 1, 4, 1));
    s.o.state = file(path);
    s.o.plan.iterations = 2;
    CHECK_OK(run(&s, &policy));
    s.o.resume = true;
    change(path, (int)wrong[k][0], wrong[k][1]);
    CHECK(run(&s, &policy) == IRL_EDIM);
    CHECK_CONTAINS(s.info.text, "hard starts");
    irl_policy_destroy(&policy);
    search_fini(&s);
  }
}

//---------------------------------- Confirming ---------------------------------------------------

// Mean return of doing nothing over so many episodes a condition, judged by a search of no steps
// that ends at stop_return, and what it took.
static double judged(uint64_t seed, int episodes, double stop_return, int64_t* steps) {
  search s;
  irl_policy policy;
  search_init(&s, 0);
  CHECK_OK(irl_policy_create(&policy, 1, 4, 1));
  s.o.seed = seed;
  s.o.plan.iterations = 0;
  s.o.plan.judge = episodes;
  s.o.plan.stop_return = stop_return;
  *steps = 0;
  CHECK_OK(irl_stationary(&s.o, NULL, &policy, steps, &s.info));
  irl_policy_destroy(&policy);
  search_fini(&s);
  return (double)*steps / (2 * episodes) - 1;  // 1 a step, but for the one that ends it
}

// A return that would end the search is looked at ten times, until the mean of all is below it: the
// same episodes in one judgement give that mean.
static void confirmations_end_where_they_fail(void) {
  int early = 0;
  for (uint64_t seed = 0; seed < 12; seed++) {
    int64_t once, steps;
    const double stop = judged(seed, 2, NAN, &once) - 0.1;
    int rounds = 1;
    while (rounds < 10 && judged(seed, 2 * rounds, NAN, &once) >= stop) {
      rounds++;
    }
    judged(seed, 2 * rounds, NAN, &once);
    judged(seed, 2, stop, &steps);
    CHECK(steps == once);
    early += rounds < 10;
  }
  CHECK(early > 2 && early < 12);
}

TESTS(TEST(pairs_begin_alike), TEST(hard_starts_come_again), TEST(calls_do_not_matter),
      TEST(resumed_searches_remember), TEST(hard_starts_of_files_are_checked),
      TEST(confirmations_end_where_they_fail))
