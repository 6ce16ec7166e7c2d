// Start states: distributions, rejection, conditions, streams.
#include "sample.h"

enum { N = 4000 };

// Starts of N trajectories, one observation row each: qpos (6), qvel (5) of the sample model.
static irl_batch starts(const irl_task* task, uint64_t seed, int first, bool exact) {
  irl_batch batch = sample_batch(task, N, 1);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  rollout.seed = seed;
  rollout.first = first;
  rollout.exact_start = exact;
  CHECK(roll_out(task, &rollout, &batch, 1) == 0);
  return batch;
}

static void mean_and_deviation(const irl_batch* b, int entry, double* mean, double* deviation) {
  double sum = 0, squares = 0;
  for (int i = 0; i < b->n; i++) {
    const double v = irl_batch_x(b, i, 0)[entry];
    sum += v;
    squares += v * v;
  }
  *mean = sum / b->n;
  *deviation = sqrt(squares / b->n - *mean * *mean);
}

// Means and deviations within five standard errors of the distribution's own.
static void noise_has_its_distribution(void) {
  irl_task* task = sample_task(
      SAMPLE_TASK(", \"reset\": {\"key\": \"home\", \"qvel\": {\"slider\": 1}, \"noise\": ["
                  "{\"qpos\": [\"slider\", \"hinge\"], \"uniform\": [[-0.1, 0], [0.1, 0.2]]},"
                  "{\"qvel\": \"slider\", \"normal\": 0.5}]}"),
      NULL);
  irl_batch b = starts(task, 3, 0, false);
  double mean, deviation;
  mean_and_deviation(&b, 0, &mean, &deviation);
  CHECK_NEAR(mean, 0.3, 5 * 0.2 / sqrt(12.0 * N));
  CHECK_NEAR(deviation, 0.2 / sqrt(12.0), 0.03 * 0.2);
  mean_and_deviation(&b, 1, &mean, &deviation);
  CHECK_NEAR(mean, 0.1 + 0.1, 5 * 0.2 / sqrt(12.0 * N));
  mean_and_deviation(&b, 6, &mean, &deviation);
  CHECK_NEAR(mean, 1, 5 * 0.5 / sqrt((double)N));
  CHECK_NEAR(deviation, 0.5, 5 * 0.5 / sqrt(2.0 * N));
  mean_and_deviation(&b, 7, &mean, &deviation);
  CHECK_NEAR(mean, 0.2, 1e-12);
  for (int i = 0; i < N; i++) {
    CHECK(fabs(irl_batch_x(&b, i, 0)[0] - 0.3) <= 0.1);
  }
  irl_batch_destroy(&b);
  b = starts(task, 3, 0, true);
  for (int i = 0; i < N; i++) {
    CHECK(irl_batch_x(&b, i, 0)[0] == 0.3 && irl_batch_x(&b, i, 0)[6] == 1);
  }
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

// Draws with a spread lie about the middle of their ranges: those without it, so many times as far
// from there. 1 and 0, which is none, change no bit.
static void noise_spreads(void) {
  irl_task* task = sample_task(
      SAMPLE_TASK(", \"reset\": {\"key\": \"home\", \"qvel\": {\"slider\": 1}, \"noise\": ["
                  "{\"qpos\": \"slider\", \"uniform\": [-0.1, 0.3]},"
                  "{\"qvel\": \"slider\", \"normal\": 0.5}]}"),
      NULL);
  irl_batch plain = starts(task, 3, 0, false);
  irl_batch b = sample_batch(task, N, 1);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  rollout.seed = 3;
  for (int k = 0; k < 3; k++) {
    static const double factor[3] = {1, 1.5, 0.25};
    rollout.spread = factor[k];
    CHECK(roll_out(task, &rollout, &b, 1) == 0);
    for (int i = 0; i < N; i++) {
      const double *x = irl_batch_x(&plain, i, 0), *y = irl_batch_x(&b, i, 0);
      CHECK_NEAR(y[0] - 0.4, factor[k] * (x[0] - 0.4), k == 0 ? 0 : 1e-12);  // 0.3 at home
      CHECK_NEAR(y[6] - 1, factor[k] * (x[6] - 1), k == 0 ? 0 : 1e-12);
    }
  }
  irl_batch_destroy(&plain);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

static void rejection_keeps_a_ring(void) {
  irl_task* task = sample_task(
      SAMPLE_TASK(
          ", \"reset\": {\"noise\": [{\"qpos\": [\"slider\", \"hinge\"], \"uniform\": [-1, 1], "
          "\"replace\": true, \"norm_above\": 0.5, \"norm_below\": 0.8}]}"),
      NULL);
  irl_batch b = starts(task, 4, 0, false);
  double least = 10, most = 0;
  for (int i = 0; i < N; i++) {
    const double norm = hypot(irl_batch_x(&b, i, 0)[0], irl_batch_x(&b, i, 0)[1]);
    CHECK(norm > 0.5 && norm < 0.8);
    least = fmin(least, norm);
    most = fmax(most, norm);
  }
  CHECK(least < 0.51 && most > 0.79);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

static void impossible_rejections_are_invalid(void) {
  irl_task* task = sample_task(
      SAMPLE_TASK(", \"reset\": {\"noise\": [{\"qpos\": \"slider\", \"uniform\": [0, 0.1], "
                  "\"norm_above\": 0.5}]}"),
      NULL);
  irl_batch batch = sample_batch(task, 2, 5);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  CHECK(roll_out(task, &rollout, &batch, 1) == 2);
  CHECK(batch.valid[0] == 0 && batch.length[0] == 0);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

// A condition's own values hold against "replace", and added noise lies on top of them.
static void conditions_take_noise(void) {
  irl_task* task = bundled_task("reacher");
  static const double targets[4][2] = {{0.1, 0.1}, {-0.1, 0.12}, {0.15, -0.05}, {-0.05, -0.15}};
  irl_batch b = starts(task, 5, 0, false);
  for (int i = 0; i < N; i++) {
    const double* x = irl_batch_x(&b, i, 0);
    CHECK(x[4] == targets[i % 4][0] && x[5] == targets[i % 4][1]);
    CHECK(fabs(atan2(x[2], x[0])) <= 0.1 && fabs(x[6]) <= 0.005);
    CHECK(i < 4 || x[0] != irl_batch_x(&b, i - 4, 0)[0]);
  }
  irl_batch_destroy(&b);
  irl_task_destroy(task);
  const char* const set[] = {"conditions=[]"};
  CHECK_OK(irl_task_load(&task, "reacher", set, 1, NULL));
  b = starts(task, 5, 0, false);
  double far = 0;
  for (int i = 0; i < N; i++) {
    far = fmax(far, hypot(irl_batch_x(&b, i, 0)[4], irl_batch_x(&b, i, 0)[5]));
  }
  CHECK(far < 0.2 && far > 0.19);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

// A condition that fixes one of two drawn joints: the other is still drawn.
static void conditions_may_fix_a_part(void) {
  const char* const set[] = {"conditions=[{\"qpos\": {\"target_x\": 0.05}}]"};
  irl_task* task = NULL;
  CHECK_OK(irl_task_load(&task, "reacher", set, 1, NULL));
  irl_batch b = starts(task, 8, 0, false);
  for (int i = 1; i < N; i++) {
    CHECK(irl_batch_x(&b, i, 0)[4] == 0.05);
    CHECK(irl_batch_x(&b, i, 0)[5] != irl_batch_x(&b, i - 1, 0)[5]);
  }
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

// A start depends on (seed, condition, number) alone: trajectory i of a batch that begins at 10 is
// trajectory i + 10 of one that begins at 0.
static void streams_are_numbered(void) {
  const char* const set[] = {"conditions=[]"};
  irl_task* task = NULL;
  CHECK_OK(irl_task_load(&task, "reacher", set, 1, NULL));
  irl_batch a = starts(task, 6, 0, false), b = starts(task, 6, 10, false);
  irl_batch c = starts(task, 7, 0, false);
  const size_t row = (size_t)a.nx * sizeof(double);
  for (int i = 0; i + 10 < N; i++) {
    CHECK(memcmp(irl_batch_x(&b, i, 0), irl_batch_x(&a, i + 10, 0), row) == 0);
    CHECK(memcmp(irl_batch_x(&c, i, 0), irl_batch_x(&a, i, 0), row) != 0);
  }
  irl_batch_destroy(&a);
  irl_batch_destroy(&b);
  irl_batch_destroy(&c);
  irl_task_destroy(task);
}

TESTS(TEST(noise_has_its_distribution), TEST(noise_spreads), TEST(rejection_keeps_a_ring),
      TEST(impossible_rejections_are_invalid), TEST(conditions_take_noise),
      TEST(conditions_may_fix_a_part), TEST(streams_are_numbered))
