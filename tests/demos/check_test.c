// Re-simulation: recorded actions give the recorded states again, bit for bit.
#include "rollout.h"

enum { N = 70 };  // more than are simulated at once

// A dataset of real rollouts, written and read.
static irl_demos* recorded(const irl_task* task, int n) {
  char dir[2048];
  irl_batch batch;
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  CHECK_OK(rollout_batch(&batch, task, n, 5, &info));
  CHECK_OK(irl_demos_save(sample_dir(dir, "check"), task, &batch, NULL, &info));
  CHECK_OK(irl_demos_load(&demos, dir, &info));
  irl_batch_destroy(&batch);
  return demos;
}

// 50 steps of each are enough to meet contacts.
static void repeats(const char* name) {
  const char* set[] = {"horizon=50"};
  irl_task* task = NULL;
  CHECK_OK(irl_task_load(&task, name, set, 1, NULL));
  irl_demos* demos = recorded(task, N);
  irl_demos_verdict v;
  irl_errinfo info = {0};
  CHECK_OK(irl_demos_check(&v, demos, task, 2, &info));
  CHECK(v.same_platform);
  CHECK(v.episodes == N && v.differing == 0 && v.episode == -1 && v.step == -1);
  CHECK(v.largest == 0);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void every_bundled_task_repeats(void) {
  const char* const* names = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_list(&names, &info));
  for (int i = 0; names && names[i]; i++) {
    repeats(names[i]);
  }
  irl_task_list_free(names);
}

// The task that the dataset keeps is enough to repeat it.
static void repeats_from_the_kept_task(void) {
  irl_task *task = sample_task("reacher"), *kept = NULL;
  irl_demos* demos = recorded(task, 4);
  irl_demos_verdict v;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_from_text(&kept, demos->task_json, demos->mjcf, &info));
  CHECK_OK(irl_demos_check(&v, demos, kept, 1, &info));
  CHECK(v.differing == 0 && v.largest == 0);
  irl_demos_destroy(demos);
  irl_task_destroy(kept);
  irl_task_destroy(task);
}

// The smallest possible change of one state or action is found, with its place.
static void finds_one_changed_bit(void) {
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, 6);
  irl_demos_verdict v;
  irl_errinfo info = {0};
  double* qvel = irl_batch_state(&demos->batch, 3, 20) + 6;  // time, 4 qpos, then the second qvel
  const double was = *qvel;
  *qvel = nextafter(was, 10);
  CHECK_OK(irl_demos_check(&v, demos, task, 1, &info));
  CHECK(v.differing == 1 && v.episode == 3 && v.step == 20 && v.entry == 1);
  CHECK(!strcmp(v.component, "qvel"));
  CHECK(v.recorded == *qvel && v.simulated == was);
  CHECK(v.largest == fabs(*qvel - was));
  *qvel = was;
  double* u = irl_batch_u(&demos->batch, 5, 30);  // a clipped action would hide the change
  *u = *u > 0 ? -0.5 : 0.5;
  CHECK_OK(irl_demos_check(&v, demos, task, 1, &info));
  CHECK(v.differing == 1 && v.episode == 5 && v.step == 31);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void another_platform_is_told(void) {
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, 1);
  irl_demos_verdict v;
  irl_errinfo info = {0};
  demos->platform[0] = '[';
  CHECK_OK(irl_demos_check(&v, demos, task, 1, &info));
  CHECK(!v.same_platform && v.differing == 0);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void needs_states_and_the_task(void) {
  irl_task *task = sample_task("reacher"), *other = sample_task("inverted_pendulum");
  irl_demos* demos = recorded(task, 1);
  irl_demos_verdict v;
  irl_errinfo info = {0};
  CHECK(irl_demos_check(&v, demos, other, 1, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "are of task reacher, not of inverted_pendulum");
  demos->batch.nstate = 0;
  CHECK(irl_demos_check(&v, demos, task, 1, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "keep no physics states");
  irl_demos_destroy(demos);
  irl_task_destroy(task);
  irl_task_destroy(other);
}

TESTS(TEST(every_bundled_task_repeats), TEST(repeats_from_the_kept_task),
      TEST(finds_one_changed_bit), TEST(another_platform_is_told), TEST(needs_states_and_the_task))
