// Figures of a dataset, and whether it belongs to a task.
#include "sample.h"

// Three episodes of lengths 2, 1, 2 with one action entry, returns 3, 10, -1.
static irl_demos* small(void) {
  irl_demos* d = IRL_NEW(irl_demos, 1);
  CHECK_OK(irl_batch_create(&d->batch, 3, 2, 1, 1, 0, 0));
  const double reward[] = {1, 2, 10, 0, 0, -1}, u[] = {0.5, -3, 1, 0, 2, 0.25};
  const double applied[] = {0.5, -1, 1, 0, 1, 0.25};
  d->applied = IRL_NEW(double, 6);
  memcpy(d->batch.reward, reward, sizeof reward);
  memcpy(d->batch.u, u, sizeof u);
  memcpy(d->applied, applied, sizeof applied);
  d->batch.length[1] = 1;
  d->batch.condition[1] = 2;
  d->batch.success[2] = d->batch.terminated[1] = 1;
  return d;
}

static void summary_of_all(void) {
  irl_demos* d = small();
  irl_demos_summary s;
  irl_demos_summarise(&s, d, -1);
  CHECK(s.episodes == 3 && s.steps == 5 && s.length_min == 1 && s.length_max == 2);
  CHECK(s.return_mean == 4 && s.return_min == -1 && s.return_max == 10);
  CHECK_NEAR(s.return_std, sqrt((1 + 36 + 25) / 2.0), 1e-15);  // one rounding of √31
  CHECK(s.successes == 1 && s.terminations == 1);
  CHECK(s.action_min == -3 && s.action_max == 2);
  CHECK(s.clipped == 2.0 / 5);
  CHECK(irl_demos_nconditions(d) == 3);
  irl_demos_destroy(d);
}

static void summary_of_one_condition(void) {
  irl_demos* d = small();
  irl_demos_summary s;
  irl_demos_summarise(&s, d, 2);
  CHECK(s.episodes == 1 && s.steps == 1 && s.return_mean == 10 && s.return_std == 0);
  CHECK(s.action_min == 1 && s.action_max == 1 && s.clipped == 0);
  irl_demos_summarise(&s, d, 1);
  CHECK(s.episodes == 0 && s.steps == 0 && isnan(s.return_mean) && isnan(s.action_min));
  CHECK(isnan(s.clipped));
  irl_demos_destroy(d);
}

static void summary_without_rewards(void) {
  irl_demos* d = small();
  irl_demos_summary s;
  d->batch.has_reward = false;
  irl_free(d->applied);
  d->applied = NULL;
  irl_demos_summarise(&s, d, -1);
  CHECK(isnan(s.return_mean) && isnan(s.return_std) && isnan(s.return_min) && isnan(s.clipped));
  irl_demos_destroy(d);
}

static irl_demos* written(const char* task) {
  char dir[2048];
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  sample_save(sample_dir(dir, "match"), task);
  CHECK_OK(irl_demos_load(&demos, dir, &info));
  return demos;
}

static void refuses(const irl_demos* d, const irl_task* task, irl_err code, const char* text) {
  irl_errinfo info = {0};
  CHECK(irl_demos_match(d, task, &info) == code);
  CHECK_CONTAINS(info.text, text);
}

static void match(void) {
  irl_task *reacher = sample_task("reacher"), *pendulum = sample_task("inverted_pendulum");
  irl_demos* d = written("reacher");
  irl_errinfo info = {0};
  CHECK_OK(irl_demos_match(d, reacher, &info));
  refuses(d, pendulum, IRL_ERANGE, "are of task reacher, not of inverted_pendulum");
  d->task_name[0] = 0;
  CHECK_OK(irl_demos_match(d, reacher, &info));
  refuses(d, pendulum, IRL_EDIM, "have 10 observation and 2 action entries");
  d->batch.condition[0] = 9;
  refuses(d, reacher, IRL_ERANGE, "use 10 conditions, task reacher has 4");
  d->batch.condition[0] = 0;
  char* part = strstr(d->state_parts, "qvel");
  CHECK(part != NULL);
  part[3] = 'x';
  refuses(d, reacher, IRL_EDIM, "made of other parts");
  d->state_parts[0] = '?';
  CHECK(irl_demos_match(d, reacher, &info) == IRL_EPARSE);
  d->state_parts[0] = 0;  // a file that does not say is believed
  CHECK_OK(irl_demos_match(d, reacher, &info));
  irl_demos_destroy(d);
  irl_task_destroy(reacher);
  irl_task_destroy(pendulum);
}

static void platform_text(void) {
  char text[512], again[512];
  irl_demos_platform(text, sizeof text);
  irl_demos_platform(again, sizeof again);
  CHECK(!strcmp(text, again));
  CHECK_CONTAINS(text, "\"machine\"");
  CHECK_CONTAINS(text, "\"libc\"");
  char host[256] = "";
  CHECK(gethostname(host, sizeof host - 1) == 0);
  CHECK(host[0] == 0 || strstr(text, host) == NULL);
  CHECK(strchr(text, '/') == NULL);  // no path
}

static irl_err named(const char* folder, const char* id, char out[256], irl_errinfo* info) {
  char dir[2048], inner[4096];
  irl_task* task = sample_task("reacher");
  irl_batch batch = sample_batch(task);
  irl_demos* demos = NULL;
  const irl_demos_meta meta = {.dataset_id = id};
  snprintf(inner, sizeof inner, "%s/%s", sample_dir(dir, "names"), folder);
  irl_err err = irl_demos_save(inner, task, &batch, &meta, info);
  if (!err) {
    CHECK_OK(irl_demos_load(&demos, inner, info));
    snprintf(out, 256, "%s", demos->dataset_id);
  }
  irl_demos_destroy(demos);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
  return err;
}

static void dataset_names(void) {
  char id[256];
  irl_errinfo info = {0};
  CHECK_OK(named("expert-v0", NULL, id, &info));
  CHECK(!strcmp(id, "mjirl/reacher/expert-v0"));
  CHECK_OK(named("some folder/", NULL, id, &info));
  CHECK(!strcmp(id, "mjirl/reacher/demonstrations-v0"));
  CHECK_OK(named("x", "a/b-c_d-v12", id, &info));
  CHECK(!strcmp(id, "a/b-c_d-v12"));
  const char* bad[] = {"", "a", "a-v", "a-vx", "/a-v0", "a/-v0", "a//b-v0", "ä-v0", "a b-v0"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK(named("y", bad[i], id, &info) == IRL_ERANGE);
    CHECK_CONTAINS(info.text, "is not of the form namespace/name-v0");
  }
}

TESTS(TEST(summary_of_all), TEST(summary_of_one_condition), TEST(summary_without_rewards),
      TEST(match), TEST(platform_text), TEST(dataset_names))
