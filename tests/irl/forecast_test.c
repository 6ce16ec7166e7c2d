// What the forecast says against what training then does.
#include "irl/forecast.h"

#include <unistd.h>

#include "base/file.h"
#include "irl/expert.h"
#include "irl/runtime.h"
#include "test.h"

static irl_task* task;
static irl_demos* demos;

// Twenty demonstrations of the short linear task, five a condition, made once.
static void need_demos(void) {
  const char* const set[] = {"horizon=30"};
  const char* dir = test_folder();
  char path[1100];
  irl_errinfo info = {IRL_OK, ""};
  irl_expert_result expert;
  if (demos != NULL) {
    return;
  }
  irl_runtime_init();
  snprintf(path, sizeof path, "%s/forecast_%d", dir, (int)getpid());
  CHECK_OK(irl_task_load(&task, "lq_point_mass", set, 1, &info));
  irl_expert_options o = irl_expert_defaults(task);
  o.plan.restarts = 1;
  o.plan.iterations = 6;
  CHECK_OK(irl_expert(&o, NULL, &expert, &info));
  CHECK_OK(irl_demos_save(path, task, &expert.demos, NULL, &info));
  irl_expert_result_fini(&expert);
  CHECK_OK(irl_demos_load(&demos, path, &info));
}

static irl_train_options options(void) {
  irl_train_options o = {
      .task = task, .demos = demos, .config = irl_config_defaults(), .seed = 3, .threads = 2};
  o.config.iterations = 5;
  o.config.cost_steps = 10;
  o.config.width = 8;
  o.config.heldout = 0.0;
  return o;
}

// Only demonstrations `keep` says are used; the others are marked as broken for a while.
static void forecast_of(bool (*keep)(int episode), irl_forecast* f) {
  irl_errinfo info = {IRL_OK, ""};
  uint8_t before[64];
  need_demos();
  memcpy(before, demos->batch.valid, (size_t)demos->batch.n);
  for (int i = 0; i < demos->batch.n; i++) {
    demos->batch.valid[i] = keep(i);
  }
  irl_train_options o = options();
  CHECK_OK(irl_forecast_make(f, &o, NULL, &info));
  memcpy(demos->batch.valid, before, (size_t)demos->batch.n);
}

static bool all(int episode) {
  return episode >= 0;
}
static bool first_of_each(int episode) {
  return episode < 4;
}
static bool two_conditions(int episode) {
  return episode % 4 < 2;
}

static void steps_are_those_of_training(void) {
  irl_forecast f;
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  forecast_of(all, &f);
  irl_train_options o = options();
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  CHECK(f.env_steps == r.env_steps);
  CHECK(f.wall_seconds > 0.0 && f.demonstrations == 20 && f.conditions == 4 && f.fewest == 5);
  // 5 demonstrations, 5 steps pooled, 4 observations and an offset.
  CHECK_NEAR(f.rows_per_unknown, 5.0, 0);
  CHECK(f.enough && f.nadvice == 0);
}

// The first samplers start around the demonstrations with 40 times their covariance: they cover
// these almost wholly, and are covered little; no weight goes to them yet.
static void wide_samplers_cover_demonstrations(void) {
  irl_forecast f;
  forecast_of(all, &f);
  CHECK(f.overlap > 0.95 && f.overlap <= 1.0);
  CHECK(f.coverage > 0.05 && f.coverage < 0.8);
  CHECK(f.ess >= 1.0 && f.ess < 10.0 && f.ess_share > 0.0 && f.ess_share < 0.5);
}

static void poor_data_is_named(void) {
  irl_forecast f;
  forecast_of(first_of_each, &f);
  CHECK(!f.enough && f.fewest == 1 && f.nadvice >= 1);
  CHECK_CONTAINS(f.advice[0], "single demonstration");
  forecast_of(two_conditions, &f);
  CHECK(!f.enough && f.conditions == 2 && f.conditions_of_task == 4);
  CHECK_CONTAINS(f.advice[0], "2 of 4 conditions");
}

TESTS(TEST(steps_are_those_of_training), TEST(wide_samplers_cover_demonstrations),
      TEST(poor_data_is_named))
