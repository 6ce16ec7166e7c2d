// Round trips through other formats, imports of what is incomplete, and changes of datasets.
#include "demos/transfer.h"

#include "demos/edit.h"
#include "rollout.h"

enum { N = 9 };

static const irl_demos_access TRUSTED = {.trusted = true};

// A dataset of real rollouts with seeds and a label.
static irl_demos* recorded(const irl_task* task, char dir[2048], const char* name) {
  irl_batch batch;
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  uint64_t seed[N];
  const char* label[N] = {"first", "second one"};
  for (int i = 0; i < N; i++) {
    seed[i] = UINT64_MAX - (uint64_t)i;
  }
  const irl_demos_meta meta = {.seed = seed, .label = label};
  CHECK_OK(rollout_batch(&batch, task, N, 3, &info));
  CHECK_OK(irl_demos_save(sample_dir(dir, name), task, &batch, &meta, &info));
  CHECK_OK(irl_demos_load(&demos, dir, &info));
  irl_batch_destroy(&batch);
  return demos;
}

static bool same(const double* a, const double* b, int64_t count) {
  return count == 0 || memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

// Bit for bit, all that every format holds.
static void check_core(const irl_demos* a, const irl_demos* b) {
  const irl_batch *x = &a->batch, *y = &b->batch;
  CHECK(x->n == y->n && x->nx == y->nx && x->nu == y->nu && y->nstate == x->nstate);
  for (int i = 0; i < x->n && x->n == y->n; i++) {
    int T = x->length[i];
    CHECK(y->length[i] == T && y->condition[i] == x->condition[i]);
    CHECK(y->terminated[i] == x->terminated[i]);
    CHECK(same(irl_batch_x(x, i, 0), irl_batch_x(y, i, 0), (int64_t)(T + 1) * x->nx));
    CHECK(same(irl_batch_state(x, i, 0), irl_batch_state(y, i, 0), (int64_t)(T + 1) * x->nstate));
    CHECK(same(x->reward + (int64_t)i * x->horizon, y->reward + (int64_t)i * y->horizon, T));
    CHECK(same(irl_batch_z(x, i, 0), irl_batch_z(y, i, 0), (int64_t)T * x->nz));
  }
}

static void check_actions(const irl_demos* a, const irl_demos* b) {
  for (int i = 0; i < a->batch.n; i++) {
    int T = a->batch.length[i];
    CHECK(
        same(irl_batch_u(&a->batch, i, 0), irl_batch_u(&b->batch, i, 0), (int64_t)T * a->batch.nu));
    CHECK(same(a->batch.logq + (int64_t)i * a->batch.horizon,
               b->batch.logq + (int64_t)i * b->batch.horizon, T));
  }
}

// Exports and takes in again.
static irl_demos* round_trip(const irl_demos* demos, const irl_task* task, int format,
                             irl_demos_report* report) {
  char path[2048];
  irl_errinfo info = {0};
  irl_demos* back = NULL;
  sample_dir(path, "exported");
  CHECK_OK(irl_demos_export(path, (irl_demos_export_format)format, demos, task, NULL, &info));
  CHECK(irl_demos_export(path, (irl_demos_export_format)format, demos, task, NULL, &info) ==
        IRL_EEXIST);
  CHECK_OK(irl_demos_import(&back, report, path, IRL_FORMAT_DETECT, task, &TRUSTED, &info));
  return back;
}

// Demonstrations of a task and what comes back of them through a file of that format.
typedef struct trip {
  irl_task* task;
  irl_demos *demos, *back;
  irl_demos_report report;
} trip;

static trip travel(const char* name, int format) {
  char dir[2048];
  trip t = {.task = sample_task(name)};
  t.demos = recorded(t.task, dir, "transfer");
  t.back = round_trip(t.demos, t.task, format, &t.report);
  return t;
}

static void end_trip(trip* t) {
  irl_demos_destroy(t->back);
  irl_demos_destroy(t->demos);
  irl_task_destroy(t->task);
}

static void npz_keeps_everything(void) {
  trip t = travel("reacher", IRL_EXPORT_NPZ);
  CHECK(t.report.format == IRL_FORMAT_NPZ && t.report.nlost == 0 && t.report.nderived == 0);
  check_core(t.demos, t.back);
  check_actions(t.demos, t.back);
  for (int i = 0; i < N; i++) {
    CHECK(t.back->seed[i] == t.demos->seed[i]);
    CHECK(strcmp(t.back->label[i], t.demos->label[i]) == 0);
  }
  end_trip(&t);
}

// Episodes of one task end at time limits, those of the other at terminations.
static const char* const endings[] = {"reacher", "inverted_pendulum"};

static void d4rl_keeps_all_but_facts(void) {
  for (int k = 0; k < 2; k++) {
    trip t = travel(endings[k], IRL_EXPORT_D4RL);
    CHECK(t.report.format == IRL_FORMAT_D4RL && t.report.nlost == 0);
    check_core(t.demos, t.back);
    check_actions(t.demos, t.back);
    CHECK(!t.back->has_seed && t.back->label[0][0] == 0);
    end_trip(&t);
  }
}

// On tasks with bounds of ±1 nothing is scaled, so clipped actions come back bit for bit; on others
// within the rounding of two products.
static void robomimic_keeps_applied_actions(void) {
  for (int k = 0; k < 2; k++) {
    trip t = travel(endings[k], IRL_EXPORT_ROBOMIMIC);
    const irl_batch* b = &t.demos->batch;
    CHECK(t.report.format == IRL_FORMAT_ROBOMIMIC && t.report.nlost == 2);
    CHECK_CONTAINS(t.report.lost[0], "raw actions");
    for (int i = 0; i < N; i++) {
      t.back->batch.terminated[i] = b->terminated[i];  // robomimic does not say
    }
    check_core(t.demos, t.back);
    for (int e = 0; e < b->length[1] * b->nu; e++) {
      double was = (t.demos->applied + b->horizon * b->nu)[e];
      CHECK_NEAR(irl_batch_u(&t.back->batch, 1, 0)[e], was, k == 0 ? 0 : 1e-15 * 8);
    }
    CHECK(!t.back->has_logq && t.back->seed[2] == t.demos->seed[2]);
    end_trip(&t);
  }
}

//---------------------------------- Conditions ----------------------------------------------------

static void conditions_are_found_again(void) {
  char dir[2048];
  irl_errinfo info = {0};
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, dir, "transfer");
  for (int states = 0; states < 2; states++) {
    demos->batch.nstate = states ? irl_task_get(task)->nstate : 0;
    memset(demos->batch.condition, 0, N * sizeof(int));
    demos->has_condition = false;
    CHECK_OK(irl_demos_prepare(demos, task, &info));
    CHECK(demos->has_condition);
    for (int i = 0; i < N; i++) {
      CHECK(demos->batch.condition[i] == i % irl_task_get(task)->nconditions);
    }
  }
  demos->has_action = false;
  CHECK(irl_demos_prepare(demos, task, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "hold no actions");
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

//---------------------------------- npz -----------------------------------------------------------

// Damaged zips end in a sentence; a flipped bit is found by a checksum or is one of the few that
// mean nothing (times, versions).
static void damaged_npz(void) {
  char dir[2048], path[2048];
  irl_errinfo info = {0};
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, dir, "transfer");
  CHECK_OK(
      irl_demos_export(sample_dir(path, "damaged.npz"), IRL_EXPORT_NPZ, demos, task, NULL, &info));
  size_t size;
  int loaded = 0;
  char* data = sample_read(path, &size);
  for (size_t k = 0; k < 400; k++) {
    size_t at = k < 200 ? size * k / 200 : size - 1 - (k - 200) * 5;
    bool cut = k % 2;
    data[at] = (char)(data[at] ^ 1 << k % 8);
    sample_write(path, data, cut ? at : size);
    data[at] = (char)(data[at] ^ 1 << k % 8);
    irl_demos_report report;
    irl_demos* back = NULL;
    info = (irl_errinfo){0};
    irl_err err = irl_demos_import(&back, &report, path, IRL_FORMAT_DETECT, task, NULL, &info);
    CHECK(err == IRL_OK || info.text[0]);
    CHECK(!cut || err != IRL_OK);
    loaded += err == IRL_OK;
    irl_demos_destroy(back);
  }
  CHECK(loaded < 60);
  irl_free(data);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void wrong_task_is_named(void) {
  char dir[2048], path[2048];
  irl_errinfo info = {0};
  irl_demos_report report;
  irl_demos* back = NULL;
  irl_task *task = sample_task("reacher"), *other = sample_task("inverted_pendulum");
  irl_demos* demos = recorded(task, dir, "transfer");
  CHECK_OK(
      irl_demos_export(sample_dir(path, "other.npz"), IRL_EXPORT_NPZ, demos, task, NULL, &info));
  CHECK(irl_demos_import(&back, &report, path, IRL_FORMAT_DETECT, other, NULL, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "give the task that it was made with");
  CHECK(irl_demos_import(&back, &report, path, IRL_FORMAT_D4RL, task, NULL, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "leave --format out");
  sample_write(path, "hello", 5);
  CHECK(irl_demos_import(&back, &report, path, IRL_FORMAT_DETECT, task, NULL, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "neither an HDF5 file nor an .npz");
  irl_demos_destroy(demos);
  irl_task_destroy(task);
  irl_task_destroy(other);
}

//---------------------------------- Changes -------------------------------------------------------

static void picks_cut_and_join(void) {
  char dir[2048], out[2048];
  irl_errinfo info = {0};
  irl_demos *picked = NULL, *back = NULL;
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, dir, "transfer");
  const irl_demos* sources[] = {demos, demos};
  const irl_demos_pick picks[] = {{.episode = 3},
                                  {.source = 1, .episode = 0, .begin = 5, .end = 9}};
  CHECK_OK(irl_demos_pick_episodes(&picked, sources, 2, picks, 2, &info));
  CHECK_OK(irl_demos_store(sample_dir(out, "picked"), false, picked, task, NULL, &info));
  CHECK_OK(irl_demos_load(&back, out, &info));
  CHECK(back->batch.n == 2 && back->batch.length[1] == 4);
  CHECK(same(irl_batch_x(&back->batch, 1, 0), irl_batch_x(&demos->batch, 0, 5), 5 * 10));
  CHECK(back->facts[0] & IRL_DEMO_SEED && !(back->facts[1] & IRL_DEMO_SEED));
  CHECK(strcmp(back->label[1], "first") == 0 && strcmp(back->platform, demos->platform) == 0);
  irl_demos_verdict v;
  CHECK_OK(irl_demos_check(&v, back, task, 1, &info));
  CHECK(v.same_platform && v.differing == 0);
  irl_demos* none = NULL;
  CHECK(irl_demos_pick_episodes(&none, sources, 2, picks, 0, &info) == IRL_ERANGE);
  const irl_demos_pick beyond = {.episode = 0, .begin = 60};
  CHECK(irl_demos_pick_episodes(&none, sources, 1, &beyond, 1, &info) == IRL_ERANGE);
  irl_demos_destroy(back);
  irl_demos_destroy(picked);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void where_reads_conditions(void) {
  char dir[2048];
  irl_errinfo info = {0};
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, dir, "transfer");
  const struct {
    const char* where;
    bool holds;
  } cases[] = {{"length=50", true},    {"length<50", false},   {"label=second one", true},
               {"label!=first", true}, {"condition>=1", true}, {"episode==1", true},
               {"return>-1e9", true},  {"episode<=0.5", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    bool holds = !cases[i].holds;
    CHECK_OK(irl_demos_where(&holds, cases[i].where, demos, 1, &info));
    CHECK(holds == cases[i].holds);
  }
  bool holds;
  CHECK(irl_demos_where(&holds, "speed>1", demos, 0, &info) == IRL_EPARSE);
  CHECK(irl_demos_where(&holds, "return>fast", demos, 0, &info) == IRL_EPARSE);
  CHECK(irl_demos_where(&holds, "label<b", demos, 0, &info) == IRL_EPARSE);
  demos->facts[0] &= (uint8_t)~IRL_DEMO_SUCCESS;
  CHECK(irl_demos_where(&holds, "success=1", demos, 0, &info) == IRL_EUNSUPPORTED);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void changes_in_place_can_be_undone(void) {
  char dir[2048];
  irl_errinfo info = {0};
  irl_demos *picked = NULL, *now = NULL;
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, dir, "in_place");
  const irl_demos* source = demos;
  const irl_demos_pick pick = {.episode = 2};
  CHECK(irl_demos_undo(dir, &info) == IRL_ENOENT);
  CHECK_OK(irl_demos_pick_episodes(&picked, &source, 1, &pick, 1, &info));
  CHECK_OK(irl_demos_store(dir, true, picked, task, NULL, &info));
  for (int turn = 0; turn < 4; turn++) {
    CHECK_OK(irl_demos_load(&now, dir, &info));
    CHECK(now->batch.n == (turn % 2 ? N : 1));
    irl_demos_destroy(now);
    CHECK_OK(irl_demos_undo(dir, &info));
  }
  irl_demos_destroy(picked);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void masks_are_kept(void) {
  char dir[2048];
  irl_errinfo info = {0};
  irl_demos* now = NULL;
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, dir, "masks");
  CHECK_OK(irl_demos_split(demos, 0.3, 1, &info));
  CHECK_OK(irl_demos_store(dir, true, demos, task, NULL, &info));
  CHECK_OK(irl_demos_load(&now, dir, &info));
  int valid = 0;
  for (int i = 0; i < N; i++) {
    CHECK(now->mask && now->mask[i] == demos->mask[i]);
    valid += demos->mask[i] == IRL_DEMOS_VALID;
  }
  CHECK(valid > 0 && valid < N);
  CHECK(irl_demos_split(demos, 1, 1, &info) == IRL_ERANGE);
  irl_demos_destroy(now);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

TESTS(TEST(npz_keeps_everything), TEST(d4rl_keeps_all_but_facts),
      TEST(robomimic_keeps_applied_actions), TEST(conditions_are_found_again), TEST(damaged_npz),
      TEST(wrong_task_is_named), TEST(picks_cut_and_join), TEST(where_reads_conditions),
      TEST(changes_in_place_can_be_undone), TEST(masks_are_kept))
