// Re-simulation: recorded actions give the recorded states again, bit for bit.
#include <math.h>

#include "demos/edit.h"
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
  // The same code on the same states: not only within the tolerance.
  CHECK(v.observations.count > 0 && v.observations.largest == 0);
  CHECK(v.rewards.largest == 0 && (v.rewards.count > 0) == demos->batch.has_reward);
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

//---------------------------------- Drawn worlds --------------------------------------------------

static irl_task* drawn_task(void) {
  const char* set[] = {"horizon=20",
                       "domain={\"mass\": {\"body\": \"*\", \"scale\": [0.5, 2], \"each\": true}, "
                       "\"gain\": [0.5, 1.5], \"damping\": 2}"};
  irl_task* task = NULL;
  CHECK_OK(irl_task_load(&task, "reacher", set, 2, NULL));
  return task;
}

// Each episode is simulated again in the world that was drawn for it, which the file keeps, and
// which a cut or a choice of episodes carries along.
static void drawn_worlds_are_built_again(void) {
  irl_task* task = drawn_task();
  irl_demos *demos = recorded(task, 8), *picked = NULL;
  irl_demos_verdict v;
  irl_errinfo info = {0};
  CHECK(demos->batch.nworld == irl_task_get(task)->nworld && demos->batch.nworld == 5);
  CHECK_OK(irl_demos_check(&v, demos, task, 2, &info));
  CHECK(v.episodes == 8 && v.differing == 0 && v.largest == 0 && v.rewards.largest == 0);
  const irl_demos_pick picks[] = {{.episode = 6, .begin = 3, .end = 9}, {.episode = 2}};
  const irl_demos* const sources[] = {demos};
  CHECK_OK(irl_demos_pick_episodes(&picked, sources, 1, picks, 2, &info));
  CHECK(irl_batch_world(&picked->batch, 0)[1] == irl_batch_world(&demos->batch, 6)[1]);
  CHECK_OK(irl_demos_check(&v, picked, task, 1, &info));
  CHECK(v.episodes == 2 && v.differing == 0);
  irl_demos_factor f;
  irl_demos_world_factor(&f, picked, 4);
  CHECK(f.episodes == 2 && f.min < f.mean && f.mean < f.max);
  irl_demos_destroy(picked);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

// A factor that is off by one bit is found, one that is not known leaves its episode out.
static void wrong_and_unknown_worlds(void) {
  irl_task *task = drawn_task(), *other = NULL;
  const char* set[] = {"domain.mass.each=false"};
  irl_demos* demos = recorded(task, 4);
  irl_demos_verdict v;
  irl_errinfo info = {0};
  double* row = demos->batch.world + 2 * 5;
  row[4] = nextafter(row[4], 9);
  CHECK_OK(irl_demos_check(&v, demos, task, 1, &info));
  CHECK(v.differing == 1 && v.episode == 2);
  row[0] = NAN;
  CHECK_OK(irl_demos_check(&v, demos, task, 1, &info));
  CHECK(v.episodes == 3 && v.differing == 0);
  CHECK_OK(irl_task_vary(&other, task, set, 1, &info));
  CHECK(irl_demos_check(&v, demos, other, 1, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "worlds have 5 drawn factors, those of the task 2");
  for (int i = 0; i < 4; i++) {
    demos->batch.world[5 * i] = NAN;
  }
  CHECK(irl_demos_check(&v, demos, task, 1, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "does not keep what was drawn");
  irl_demos_destroy(demos);
  irl_task_destroy(other);
  irl_task_destroy(task);
}

// What is saved without some of the worlds comes back without them; other widths are refused.
static void worlds_are_saved_where_they_are_known(void) {
  char dir[2048];
  irl_task* task = drawn_task();
  irl_batch batch;
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  CHECK_OK(rollout_batch(&batch, task, 3, 5, &info));
  batch.world[0] = NAN;
  CHECK_OK(irl_demos_save(sample_dir(dir, "worlds"), task, &batch, NULL, &info));
  CHECK_OK(irl_demos_load(&demos, dir, &info));
  CHECK(irl_batch_world(&demos->batch, 0) == NULL);
  CHECK(memcmp(irl_batch_world(&demos->batch, 2), batch.world + 10, 5 * sizeof(double)) == 0);
  irl_demos_destroy(demos);
  batch.nworld = 4;
  CHECK(irl_demos_save(sample_dir(dir, "narrow"), task, &batch, NULL, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "worlds of 4 factors do not fit task reacher, which draws 5");
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

//---------------------------------- Differences ---------------------------------------------------

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

// Observations and rewards are not taken on trust either.
static void finds_changed_observations_and_rewards(void) {
  irl_task* task = sample_task("reacher");
  irl_demos* demos = recorded(task, 6);
  irl_demos_verdict v;
  irl_errinfo info = {0};
  irl_batch_x(&demos->batch, 2, 7)[3] += 1e-6;
  demos->batch.reward[4 * demos->batch.horizon + 9] -= 1e-6;
  CHECK_OK(irl_demos_check(&v, demos, task, 1, &info));
  CHECK(v.differing == 0);
  CHECK(v.observations.differing == 1 && v.observations.episode == 2);
  CHECK(v.observations.step == 7 && v.observations.entry == 3);
  CHECK(v.observations.largest > 1e-8 && v.observations.largest < 2e-6);
  CHECK(v.rewards.differing == 1 && v.rewards.episode == 4 && v.rewards.step == 9);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
}

static void densities_follow_from_the_policy(void) {
  irl_task* task = sample_task("reacher");
  const irl_task_info* t = irl_task_get(task);
  irl_demos* demos = recorded(task, 5);
  irl_policy policy = {0};
  irl_demos_derived v;
  irl_errinfo info = {0};
  irl_batch* b = &demos->batch;
  uint64_t random = 3;
  const double stddev[] = {0.5, 2};
  CHECK_OK(irl_policy_create(&policy, t->horizon, t->nx, t->nu));
  CHECK_OK(irl_policy_set_noise(&policy, stddev));
  for (int i = 0; i < 5; i++) {
    demos->facts[i] |= IRL_DEMO_SEED;
    for (int step = 0; step < b->length[i]; step++) {
      // Independent normals about 0, as K and k are: the density in closed form.
      double* u = irl_batch_u(b, i, step);
      sample_fill(u, 2, &random);
      b->logq[i * b->horizon + step] =
          -log(2 * M_PI) - log(0.5 * 2) - 0.5 * (u[0] * u[0] / 0.25 + u[1] * u[1] / 4);
    }
  }
  CHECK_OK(irl_demos_check_densities(&v, demos, &policy, 1, &info));
  CHECK(v.count == 5 * 50 && v.differing == 0 && v.largest < 1e-12);
  b->logq[3 * b->horizon + 11] += 1e-6;
  b->logq[3 * b->horizon + 12] += 1e-6;
  CHECK_OK(irl_demos_check_densities(&v, demos, &policy, 1, &info));
  CHECK(v.differing == 1 && v.episode == 3 && v.step == 11);
  demos->facts[3] &= (uint8_t)~IRL_DEMO_SEED;  // as after its beginning was cut off
  CHECK_OK(irl_demos_check_densities(&v, demos, &policy, 1, &info));
  CHECK(v.differing == 0 && v.count == 4 * 50);
  policy.nx--;
  CHECK(irl_demos_check_densities(&v, demos, &policy, 1, &info) == IRL_EDIM);
  policy.nx++;
  irl_policy_destroy(&policy);
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

TESTS(TEST(drawn_worlds_are_built_again), TEST(wrong_and_unknown_worlds),
      TEST(worlds_are_saved_where_they_are_known), TEST(every_bundled_task_repeats),
      TEST(repeats_from_the_kept_task), TEST(finds_one_changed_bit),
      TEST(finds_changed_observations_and_rewards), TEST(densities_follow_from_the_policy),
      TEST(another_platform_is_told), TEST(needs_states_and_the_task))
