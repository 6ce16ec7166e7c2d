// Datasets: what is written reads back bit for bit, and what must not be written is refused.
#include "sample.h"

static bool same(const double* a, const double* b, int64_t count) {
  return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static void compare(const irl_batch* a, int i, const irl_batch* b, int j) {
  int T = a->length[i];
  CHECK(b->length[j] == T);
  CHECK(b->condition[j] == a->condition[i]);
  CHECK(b->terminated[j] == a->terminated[i]);
  CHECK(b->valid[j] == 1);
  CHECK(b->success[j] == a->success[i]);
  CHECK(same(irl_batch_x(a, i, 0), irl_batch_x(b, j, 0), (T + 1) * a->nx));
  CHECK(same(irl_batch_u(a, i, 0), irl_batch_u(b, j, 0), T * a->nu));
  CHECK(same(irl_batch_state(a, i, 0), irl_batch_state(b, j, 0), (T + 1) * a->nstate));
  CHECK(a->nz == 0 || same(irl_batch_z(a, i, 0), irl_batch_z(b, j, 0), T * a->nz));
  CHECK(same(a->reward + i * a->horizon, b->reward + j * b->horizon, T));
  CHECK(same(a->logq + i * a->horizon, b->logq + j * b->horizon, T));
}

// Rows after the end must be zero, as base/batch.h promises.
static void check_padding(const irl_batch* b) {
  for (int i = 0; i < b->n; i++) {
    for (int t = b->length[i]; t < b->horizon; t++) {
      CHECK(b->reward[i * b->horizon + t] == 0 && b->logq[i * b->horizon + t] == 0);
      CHECK(irl_batch_u(b, i, t)[0] == 0);
      CHECK(irl_batch_x(b, i, t + 1)[0] == 0);
      CHECK(irl_batch_state(b, i, t + 1)[0] == 0);
    }
  }
}

static void round_trip(void) {
  char dir[2048];
  const uint64_t seeds[SAMPLE_N] = {1, UINT64_MAX, 3, 4, (uint64_t)1 << 63};
  const char* labels[SAMPLE_N] = {"first", NULL, "lost", "", "größer"};
  const irl_demos_meta meta = {.dataset_id = "mjirl/reacher/sample-v3",
                               .algorithm = "made up",
                               .command = "none",
                               .seed = seeds,
                               .label = labels};
  irl_task* task = sample_task("reacher");
  irl_batch batch = sample_batch(task);
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_demos_save(sample_dir(dir, "round_trip"), task, &batch, &meta, &info));
  CHECK_OK(irl_demos_load(&demos, dir, &info));
  const int kept[] = {0, 1, 3, 4};
  CHECK(demos->batch.n == 4);
  CHECK(demos->batch.horizon == SAMPLE_T);
  for (int j = 0; j < demos->batch.n; j++) {
    compare(&batch, kept[j], &demos->batch, j);
    CHECK(demos->seed[j] == seeds[kept[j]]);
  }
  check_padding(&demos->batch);
  CHECK(!strcmp(demos->label[0], "first") && !strcmp(demos->label[1], ""));
  CHECK(!strcmp(demos->label[2], "") && !strcmp(demos->label[3], "größer"));
  CHECK(demos->has_success && demos->batch.success[2] == 1);
  CHECK(demos->has_seed && demos->has_logq && demos->has_condition && demos->batch.has_reward);
  CHECK(!strcmp(demos->dataset_id, "mjirl/reacher/sample-v3"));
  CHECK(!strcmp(demos->algorithm, "made up"));
  CHECK(!strcmp(demos->task_name, "reacher"));
  CHECK(!strcmp(demos->task_json, irl_task_json(task)));
  CHECK(!strcmp(demos->mjcf, irl_task_mjcf(task)));
  CHECK_CONTAINS(demos->platform, "\"mujoco\"");
  CHECK_OK(irl_demos_match(demos, task, &info));
  irl_demos_destroy(demos);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

// The simulator sees clipped actions, densities the raw ones: both are kept.
static void applied_actions(void) {
  char dir[2048];
  irl_task* task = sample_task("reacher");
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  sample_save(sample_dir(dir, "applied"), "reacher");
  CHECK_OK(irl_demos_load(&demos, dir, &info));
  const irl_batch* b = &demos->batch;
  int clipped = 0;
  for (int i = 0; i < b->n * b->horizon * b->nu; i++) {
    double low = irl_task_action_low(task)[i % b->nu], high = irl_task_action_high(task)[i % b->nu];
    CHECK(demos->applied[i] == fmin(fmax(b->u[i], low), high));
    clipped += demos->applied[i] != b->u[i];
  }
  CHECK(clipped > 0);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void deterministic_bytes(void) {
  char a[2048], b[2048], path[4096];
  sample_save(sample_dir(a, "bytes_a"), "reacher");
  sleep(1);  // a timestamp in seconds would differ
  sample_save(sample_dir(b, "bytes_b"), "reacher");
  const char* names[] = {"main_data.hdf5", "metadata.json"};
  for (int i = 0; i < 2; i++) {
    size_t asize, bsize;
    sample_path(path, a, names[i]);
    char* adata = sample_read(path, &asize);
    sample_path(path, b, names[i]);
    char* bdata = sample_read(path, &bsize);
    CHECK(asize == bsize && memcmp(adata, bdata, asize) == 0);
    irl_free(adata);
    irl_free(bdata);
  }
}

// What is not known is not written as if it were.
static void without_rewards_and_densities(void) {
  char dir[2048];
  irl_task* task = sample_task("reacher");
  irl_batch batch = sample_batch(task);
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  const irl_demos_meta meta = {.no_logq = true};
  batch.has_reward = false;
  CHECK_OK(irl_demos_save(sample_dir(dir, "unknown"), task, &batch, &meta, &info));
  CHECK_OK(irl_demos_load(&demos, dir, &info));
  CHECK(!demos->batch.has_reward && !demos->has_logq && !demos->has_seed);
  CHECK(demos->batch.logq[0] == 0);
  irl_demos_destroy(demos);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

static void refuses(const irl_task* task, const irl_batch* batch, irl_err code, const char* text) {
  char dir[2048];
  irl_errinfo info = {0};
  CHECK(irl_demos_save(sample_dir(dir, "refused"), task, batch, NULL, &info) == code);
  CHECK_CONTAINS(info.text, text);
  CHECK(!irl_dir_exists(dir));
}

static void refuses_bad_batches(void) {
  irl_task* task = sample_task("reacher");
  irl_task* other = sample_task("inverted_pendulum");
  irl_batch batch = sample_batch(task);
  refuses(other, &batch, IRL_EDIM, "do not fit task inverted_pendulum");
  irl_batch_u(&batch, 3, 1)[0] = (double)NAN;
  refuses(task, &batch, IRL_ENUM, "demonstration 3: its actions are not finite");
  irl_batch_u(&batch, 3, 1)[0] = 0;
  irl_batch_state(&batch, 4, 1)[2] = (double)INFINITY;
  refuses(task, &batch, IRL_ENUM, "demonstration 4: its states are not finite");
  irl_batch_state(&batch, 4, 1)[2] = 0;
  batch.length[0] = 0;
  refuses(task, &batch, IRL_EDIM, "length 0");
  memset(batch.valid, 0, SAMPLE_N);
  refuses(task, &batch, IRL_ENUM, "no valid trajectory");
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
  irl_task_destroy(other);
}

TESTS(TEST(round_trip), TEST(applied_actions), TEST(deterministic_bytes),
      TEST(without_rewards_and_densities), TEST(refuses_bad_batches))
