// A search for trajectories that is stopped in any of its stages and goes on from its file ends in
// the same bits; files of others and damaged ones are refused.
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/tensors.h"
#include "irl/objective_internal.h"
#include "irl/optimize_internal.h"
#include "irl/runtime.h"
#include "irl/search_file_internal.h"
#include "irl/stationary_internal.h"
#include "test.h"

enum { T = 15, NC = 2, MOST_ROWS = 3000, ROW_BYTES = 400, PATH_BYTES = 1200 };

static const char* file(const char* name, char path[PATH_BYTES]) {
  char root[1100];
  snprintf(root, sizeof root, "%s/optimize_resume_%d", test_folder(), (int)getpid());
  CHECK_OK(irl_dir_create(root, NULL));
  snprintf(path, PATH_BYTES, "%s/%s", root, name);
  return path;
}

// The search with what it told of itself, and the stage in which it is stopped (−1: never).
typedef struct search {
  irl_task* task;
  irl_optimize_options o;
  irl_policy policy[NC];
  int64_t env_steps;
  irl_errinfo info;
  atomic_bool stop;
  int stop_at;
  bool resumed;  // nothing told since
  int nrows;
  struct {
    int stage;
    char text[ROW_BYTES];
  } row[MOST_ROWS];
} search;

// All of it but for the stage that a stop broke off, which is told once more.
static void note(void* user, const irl_search_row* r) {
  search* s = user;
  while (s->resumed && s->nrows > 0 && s->row[s->nrows - 1].stage >= r->stage) {
    s->nrows--;
  }
  s->resumed = false;
  CHECK(s->nrows < MOST_ROWS);
  s->row[s->nrows].stage = r->stage;
  snprintf(s->row[s->nrows++].text, ROW_BYTES,
           "%d %d %d %d %d %lld %a %a %a %a %a %a %a %a %a %d %d %d", r->stage, r->iteration,
           r->condition, r->start, r->from, (long long)r->env_steps, r->kl, r->eta, r->step,
           r->predicted, r->actual, r->error, r->entropy, r->cost, r->objective, r->indefinite,
           r->calmed, r->accepted);
  if (r->stage == s->stop_at) {
    s->stop = true;
  }
}

// The reward's cost, but that before the last judgement (whose batch has no states) `lost`
// trajectories in sixteen are lost, at random, and some up to `wrong` cost more.
static double unlucky(const void* arg, const irl_batch* batch, int i, double lost, double wrong,
                      double more) {
  const double cost = irl_reward_objective(arg).path_cost(arg, batch, i);
  const double luck = batch->nstate > 0 ? fmod(floor(cost * 1e4), 16) : 15;
  return luck < lost ? (double)NAN : luck < wrong ? cost + more * luck : cost;
}

// Draws of guests are lost too, and what a start had before it was given up decides how long its
// guest tries.
static double often_lost(const void* arg, const irl_batch* batch, int i) {
  return unlucky(arg, batch, i, 7, 10, 5000);
}

// What goes wrong decides between starts.
static double often_wrong(const void* arg, const irl_batch* batch, int i) {
  return unlucky(arg, batch, i, 4, 8, 30);
}

typedef double (*path_cost)(const void* arg, const irl_batch* batch, int i);

// other: cost of a trajectory, NULL: the reward's
static search* search_new(irl_dynamics_kind kind, path_cost other) {
  static const char* const set[] = {"horizon=15"};
  static const int condition[NC] = {3, 1};
  search* s = calloc(1, sizeof *s);
  CHECK(s != NULL);
  irl_runtime_init();
  CHECK_OK(irl_task_load(&s->task, "lq_point_mass", set, 1, &s->info));
  s->o = irl_optimize_defaults(s->task);
  s->o.condition = condition;
  s->o.nc = NC;
  s->o.objective = irl_reward_objective(s->task);
  s->o.objective.path_cost = other != NULL ? other : s->o.objective.path_cost;
  s->o.seed = 5;
  s->o.threads = 1;
  s->o.restarts = 6;
  s->o.iterations = 4;
  s->o.samples = 8;
  s->o.dynamics = kind;
  s->o.entropy = other != NULL ? 8 : 1;  // so that it decides between starts
  s->o.polish = 0.1;
  s->o.report = note;
  s->o.user = s;
  s->stop_at = -1;
  for (int k = 0; k < NC; k++) {
    CHECK_OK(
        irl_policy_create(&s->policy[k], T, irl_task_get(s->task)->nx, irl_task_get(s->task)->nu));
  }
  return s;
}

static void search_free(search* s) {
  for (int k = 0; k < NC; k++) {
    irl_policy_destroy(&s->policy[k]);
  }
  irl_task_destroy(s->task);
  free(s);
}

static irl_err run(search* s) {
  const irl_host host = {.stop = &s->stop};
  s->env_steps = 1000;  // counted by the caller before
  s->stop = false;
  s->resumed = s->o.resume;
  return irl_optimize(&s->o, &host, s->policy, &s->env_steps, &s->info);
}

//---------------------------------- Stopped anywhere ----------------------------------------------

// Stops in each stage once; returns how many there were.
static int run_in_parts(search* s) {
  irl_err err = IRL_ECANCELED;
  int parts = 0;
  for (; err == IRL_ECANCELED && parts < 20; parts++) {
    s->stop_at = parts;
    s->o.threads = 1 + parts % 3;
    err = run(s);
    s->o.resume = true;
    for (int k = 0; k < NC; k++) {  // another process knows nothing of it
      CHECK(err == IRL_OK || s->policy[k].K[0] == 0);
    }
  }
  CHECK_OK(err);
  return parts;
}

static void expect_same(const search* a, const search* b) {
  CHECK(a->env_steps == b->env_steps);
  CHECK(a->nrows == b->nrows);
  for (int i = 0; i < a->nrows && i < b->nrows; i++) {
    CHECK(strcmp(a->row[i].text, b->row[i].text) == 0);
  }
  for (int k = 0; k < NC; k++) {
    const irl_policy *p = &a->policy[k], *q = &b->policy[k];
    CHECK(memcmp(p->K, q->K, sizeof(double) * T * (size_t)(p->nx * p->nu)) == 0);
    CHECK(memcmp(p->k, q->k, sizeof(double) * T * (size_t)p->nu) == 0);
    CHECK(memcmp(p->sigma, q->sigma, sizeof(double) * T * (size_t)(p->nu * p->nu)) == 0);
  }
}

// The files too, but for the seconds.
static void expect_same_files(const char* a, const char* b) {
  irl_tensors *one, *two;
  CHECK_OK(irl_tensors_load(&one, a, NULL));
  CHECK_OK(irl_tensors_load(&two, b, NULL));
  CHECK(irl_tensors_count(one) == irl_tensors_count(two));
  for (int i = 0; i < irl_tensors_count(one); i++) {
    const irl_tensor *p = irl_tensors_at(one, i), *q = irl_tensors_at(two, i);
    size_t bytes = 8;
    CHECK(strcmp(p->name, q->name) == 0 && p->rank == q->rank);
    for (int d = 0; d < p->rank; d++) {
      CHECK(p->shape[d] == q->shape[d]);
      bytes *= (size_t)p->shape[d];
    }
    CHECK(strcmp(p->name, "seconds") == 0 || memcmp(p->data, q->data, bytes) == 0);
  }
  irl_tensors_destroy(one);
  irl_tensors_destroy(two);
}

// Rounds of exchange with guests, a polish that goes on, models of each kind that can be saved,
// draws that are lost.
static void stops_change_nothing(void) {
  static const irl_dynamics_kind kind[] = {IRL_DYNAMICS_FITTED, IRL_DYNAMICS_COMBINED,
                                           IRL_DYNAMICS_FITTED, IRL_DYNAMICS_FITTED};
  static const path_cost cost[] = {NULL, NULL, often_lost, often_wrong};
  for (int m = 0; m < 4; m++) {
    char at[PATH_BYTES], there[PATH_BYTES];
    search *plain = search_new(kind[m], cost[m]), *whole = search_new(kind[m], cost[m]),
           *parts = search_new(kind[m], cost[m]);
    whole->o.state = file("whole", at);
    parts->o.state = file("parts", there);
    CHECK_OK(run(plain));
    CHECK_OK(run(whole));
    CHECK(run_in_parts(parts) > 4);
    expect_same(plain, whole);
    expect_same(whole, parts);
    expect_same_files(at, there);
    CHECK_OK(run(parts));  // from where it ended
    expect_same(whole, parts);
    search_free(plain);
    search_free(whole);
    search_free(parts);
  }
}

// The seconds of the parts before are in the file, and grow.
static void seconds_add_up(void) {
  char path[PATH_BYTES];
  irl_seconds first = {-1, -1}, second = {-1, -1};
  search* s = search_new(IRL_DYNAMICS_FITTED, NULL);
  s->o.state = file("seconds", path);
  s->stop_at = 1;
  CHECK(run(s) == IRL_ECANCELED);
  s->o.resume = true;
  s->o.earlier = &first;
  s->stop_at = 2;
  CHECK(run(s) == IRL_ECANCELED);
  s->o.earlier = &second;
  s->stop_at = -1;
  CHECK_OK(run(s));
  CHECK(first.wall > 0 && first.cpu > 0);
  CHECK(second.wall > first.wall && second.cpu > first.cpu);
  search_free(s);
}

//---------------------------------- Files of others -----------------------------------------------

// A search that was stopped in the first polish, and its file.
static search* stopped(const char* name, char path[PATH_BYTES]) {
  search* s = search_new(IRL_DYNAMICS_FITTED, NULL);
  s->o.restarts = 2;
  s->o.rounds = 1;
  s->o.state = file(name, path);
  s->stop_at = 3;
  CHECK(run(s) == IRL_ECANCELED);
  s->stop_at = -1;
  s->o.resume = true;
  return s;
}

static void expect_refused(search* s, irl_err err, const char* words) {
  s->info = (irl_errinfo){0};
  CHECK(run(s) == err);
  CHECK_CONTAINS(s->info.text, words);
}

static void other_searches_are_refused(void) {
  static const char* const words = "another task, seed or settings";
  static const int other[NC] = {3, 2};
  char path[PATH_BYTES], none[PATH_BYTES];
  search* s = stopped("other", path);
  const irl_optimize_options o = s->o;
  s->o.seed++;
  expect_refused(s, IRL_EDIM, words);
  s->o = o;
  s->o.iterations++;
  expect_refused(s, IRL_EDIM, words);
  s->o = o;
  s->o.dynamics = IRL_DYNAMICS_SIMULATOR;
  expect_refused(s, IRL_EDIM, words);
  s->o = o;
  s->o.polish = 0.2;
  expect_refused(s, IRL_EDIM, words);
  s->o = o;
  s->o.condition = other;
  expect_refused(s, IRL_EDIM, words);
  s->o = o;
  s->o.state = file("none", none);
  expect_refused(s, IRL_ENOENT, "none");
  s->o.resume = false;
  s->o.polish_dynamics = IRL_DYNAMICS_MIXTURE;
  expect_refused(s, IRL_EUNSUPPORTED, "'mixture' cannot be saved");
  s->o = o;
  CHECK_OK(run(s));
  search_free(s);
}

// Where a search begins is part of it.
static void other_first_policies_are_refused(void) {
  char path[PATH_BYTES];
  irl_policy warm[NC];
  search* s = search_new(IRL_DYNAMICS_FITTED, NULL);
  static const double deviation[] = {0.3, 0.3};
  for (int k = 0; k < NC; k++) {
    CHECK_OK(irl_policy_create(&warm[k], T, s->policy[k].nx, s->policy[k].nu));
    CHECK_OK(irl_policy_set_noise(&warm[k], deviation));
  }
  s->o.initial = IRL_INITIAL_WARM;
  s->o.warm = warm;
  s->o.state = file("warm", path);
  s->stop_at = 0;
  CHECK(run(s) == IRL_ECANCELED);
  s->o.resume = true;
  s->stop_at = -1;
  warm[1].k[3] = 0.01;
  expect_refused(s, IRL_EDIM, "another task, seed or settings");
  warm[1].k[3] = 0;
  CHECK_OK(run(s));
  for (int k = 0; k < NC; k++) {
    irl_policy_destroy(&warm[k]);
  }
  search_free(s);
}

//---------------------------------- Damaged files -------------------------------------------------

static void write_bytes(const char* path, const char* data, size_t size) {
  CHECK_OK(irl_file_write(path, data, size, NULL));
}

// Cut off anywhere, or with a byte that is another one.
static void damaged_files_are_refused(void) {
  enum { CUTS = 40, FLIPS = 150 };
  char path[PATH_BYTES];
  char* data;
  size_t size;
  search* s = stopped("damaged", path);
  CHECK_OK(irl_file_read(path, 1 << 26, &data, &size, NULL));
  for (size_t i = 0; i < CUTS; i++) {
    write_bytes(path, data, size * i / CUTS);
    CHECK(run(s) != IRL_OK);
    CHECK(s->info.text[0] != 0);
  }
  for (size_t i = 0; i < FLIPS; i++) {
    const size_t at = i < 50 ? i * 40 : (size - 1) * i / (FLIPS - 1);
    data[at] ^= 4;
    write_bytes(path, data, size);
    CHECK(run(s) != IRL_OK);
    data[at] ^= 4;
  }
  write_bytes(path, data, size);
  CHECK_OK(run(s));
  irl_free(data);
  search_free(s);
}

// Writes a file again with another number in one of its tensors, and the checksum to it.
static void change(const char* path, const char* name, int at, double value) {
  irl_tensors* saved;
  irl_tensor t[200];
  char crc[16];
  uint32_t sum = 0;
  CHECK_OK(irl_tensors_load(&saved, path, NULL));
  const int n = irl_tensors_count(saved);
  CHECK(n <= 200);
  for (int k = 0; k < n; k++) {
    size_t bytes = 8;
    t[k] = *irl_tensors_at(saved, k);
    if (strcmp(t[k].name, name) == 0 && t[k].dtype == IRL_I64) {
      ((int64_t*)irl_tensor_place(&t[k]))[at] = (int64_t)value;
    } else if (strcmp(t[k].name, name) == 0) {
      ((double*)irl_tensor_place(&t[k]))[at] = value;
    }
    for (int d = 0; d < t[k].rank; d++) {
      bytes *= (size_t)t[k].shape[d];
    }
    sum = irl_crc32c(sum, t[k].data, bytes);
  }
  snprintf(crc, sizeof crc, "%08x", sum);
  const char* metadata[] = {"crc32c",   crc,
                            "format",   irl_tensors_metadata(saved, "format"),
                            "settings", irl_tensors_metadata(saved, "settings")};
  CHECK_OK(irl_tensors_save(path, t, n, metadata, 3, NULL));
  irl_tensors_destroy(saved);
}

static int64_t first_alive(const char* path) {
  const int64_t n = NC * 3;  // the best of a condition and two guests
  irl_tensors* saved;
  const void* data;
  CHECK_OK(irl_tensors_load(&saved, path, NULL));
  CHECK_OK(irl_tensors_find(saved, "alive", IRL_I64, 1, &n, &data, NULL));
  const int64_t first = *(const int64_t*)data;
  irl_tensors_destroy(saved);
  return first;
}

// A file whose checksum is right names no stage, start or trajectory that there is not.
static void numbers_are_checked(void) {
  static const struct {
    const char* tensor;
    int at;
    double value;
    const char* words;
  } wrong[] = {{"place", 0, -1, "a stage"},
               {"place", 0, 5, "a stage"},
               {"place", 0, 2, "a stage"},  // after three turns it cannot be there
               {"place", 1, 4, "a stage"},
               {"place", 1, -1, "a stage"},
               {"place", 2, 0, "a stage"},
               {"place", 2, 1e18, "a stage"},
               {"place", 3, -1, "a stage"},
               {"place", 4, -1, "a stage"},
               {"alive", 0, -1, "starts that there are not"},
               {"alive", 0, 8, "starts that there are not"},
               {"counts", 0, 2, "counts"},
               {"counts", 0, -2, "counts"},
               {"counts", 1, 9, "counts"},
               {"counts", 1, -1, "counts"},
               {"counts", 2, 17, "counts"},
               {"counts", 2, -1, "counts"},
               {"counts", 3, -1, "counts"},
               {"counts", 4, 2, "counts"},
               {"counts", 5, 9, "counts"},
               {"counts", 6, 9, "counts"},
               {"counts", 7, -1, "counts"},
               {"policy/0/K", 3, NAN, "not finite"},
               {"policy/1/logdet", 0, INFINITY, "not finite"},
               {"rows/marks", 0, 0, "trajectory"},
               {"rows/marks", 0, 16, "trajectory"},
               {"rows/marks", 1, 1, "trajectory"},
               {"rows/marks", 2, 2, "trajectory"},
               {"rows/marks", 3, -1, "trajectory"},
               {"rows/marks", 4, 7, "trajectory"}};
  char path[PATH_BYTES];
  char* data;
  size_t size;
  search* s = stopped("numbers", path);
  CHECK_OK(irl_file_read(path, 1 << 26, &data, &size, NULL));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    change(path, wrong[i].tensor, wrong[i].at, wrong[i].value);
    expect_refused(s, IRL_EDIM, wrong[i].words);
    CHECK_CONTAINS(s->info.text, "is damaged");
    write_bytes(path, data, size);
  }
  change(path, "alive", 1, (double)first_alive(path));
  expect_refused(s, IRL_EDIM, "starts that there are not");
  write_bytes(path, data, size);
  change(path, "seconds", 0, 3);  // fine
  CHECK_OK(run(s));
  irl_free(data);
  search_free(s);
}

TESTS(TEST(stops_change_nothing), TEST(seconds_add_up), TEST(other_searches_are_refused),
      TEST(other_first_policies_are_refused), TEST(damaged_files_are_refused),
      TEST(numbers_are_checked))
