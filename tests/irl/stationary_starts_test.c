// Searches of several starts and of several parts: each is what single searches give one after the
// other, whether they are stopped on the way or not.
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/tensors.h"
#include "irl/runtime.h"
#include "irl/search_file_internal.h"
#include "irl/stationary_internal.h"
#include "test.h"

static const char* file(const char* name, char path[1200]) {
  char root[1100];
  snprintf(root, sizeof root, "%s/stationary_starts_%d", test_folder(), (int)getpid());
  CHECK_OK(irl_dir_create(root, NULL));
  snprintf(path, 1200, "%s/%s", root, name);
  return path;
}

// A search on a task whose starts are always the same, so that judgements do not depend on seeds.
typedef struct search {
  irl_task* task;
  irl_reward_steps reward;
  irl_stationary_options o;
  irl_policy policy;
  int64_t env_steps;
  irl_errinfo info;
} search;

static void search_init(search* s, irl_expert_method method) {
  static const char* const set[] = {"horizon=30", "conditions=[]",
                                    "reset={\"qpos\": {\"x\": 0.5}}"};
  irl_runtime_init();
  *s = (search){0};
  CHECK_OK(irl_task_load(&s->task, "lq_point_mass", set, 3, &s->info));
  s->reward = (irl_reward_steps){s->task, true};
  s->o = (irl_stationary_options){.task = s->task,
                                  .plan = irl_expert_plan_defaults(method),
                                  .search = irl_reward_step_costs(&s->reward),
                                  .judge = irl_reward_step_costs(&s->reward),
                                  .seed = 4,
                                  .threads = 1};
  s->o.plan.iterations = 20;
  s->o.plan.samples = 6;
  s->o.plan.alive = true;
  CHECK_OK(irl_policy_create(&s->policy, 1, irl_task_get(s->task)->nx, irl_task_get(s->task)->nu));
}

static irl_err run(search* s) {
  s->env_steps = 0;
  return irl_stationary(&s->o, NULL, &s->policy, &s->env_steps, &s->info);
}

static void search_fini(search* s) {
  irl_policy_destroy(&s->policy);
  irl_task_destroy(s->task);
}

static bool same_policy(const irl_policy* a, const irl_policy* b) {
  return memcmp(a->K, b->K, sizeof(double) * (size_t)(a->nx * a->nu)) == 0 &&
         memcmp(a->k, b->k, sizeof(double) * (size_t)a->nu) == 0 &&
         memcmp(a->sigma, b->sigma, sizeof(double) * (size_t)(a->nu * a->nu)) == 0;
}

static const irl_expert_method methods[] = {IRL_EXPERT_NATURAL, IRL_EXPERT_RANDOM};

//---------------------------------- Against single searches --------------------------------------

// Judged cost of the best policy after so many steps of a single search with a start's seed.
static double alone(search* s, int start, int iterations) {
  irl_stationary_options o = s->o;
  double score;
  char path[1200];
  irl_tensors* saved;
  const int64_t three = 3;
  const void* data;
  s->o.plan.restarts = 1;
  s->o.plan.iterations = iterations;
  s->o.seed = irl_campaign_seed(&o, start);
  s->o.state = file("alone", path);
  CHECK_OK(run(s));
  CHECK_OK(irl_tensors_load(&saved, path, NULL));
  CHECK_OK(irl_tensors_find(saved, "scores", IRL_F64, 1, &three, &data, NULL));
  score = ((const double*)data)[0];
  irl_tensors_destroy(saved);
  s->o = o;
  return score;
}

// Random numbers of all searches and starts are different; a single search has its own seed's.
static void starts_have_streams_of_their_own(void) {
  uint64_t seed[6];
  for (int k = 0; k < 6; k++) {
    const irl_stationary_options o = {.seed = 7, .phase = k / 3};
    seed[k] = irl_campaign_seed(&o, k % 3);
    for (int j = 0; j < k; j++) {
      CHECK(seed[j] != seed[k]);
    }
  }
  CHECK(seed[0] == 7);
}

// Which of three starts is left after a round of all and one of the better two.
static int winner(search* s, int audition) {
  double score[3];
  int worst = 0;
  for (int k = 0; k < 3; k++) {
    score[k] = alone(s, k, audition);
    worst = score[k] > score[worst] ? k : worst;
  }
  int best = worst == 0 ? 1 : 0;
  for (int k = 0; k < 3; k++) {
    score[k] = alone(s, k, 2 * audition);
    best = k != worst && score[k] < score[best] ? k : best;
  }
  return best;
}

// The search of several starts finds what its best start finds alone, at the cost of all rounds.
static void the_best_start_goes_on(void) {
  int others = 0;
  for (int k = 0; k < 6; k++) {
    search s, single;
    search_init(&s, methods[k % 2]);
    s.o.seed = (uint64_t)k;
    s.o.plan.restarts = 3;
    s.o.plan.audition = 4;
    search_init(&single, methods[k % 2]);
    single.o.seed = s.o.seed;
    CHECK_OK(run(&s));
    const int best = winner(&single, 4);
    alone(&single, best, s.o.plan.iterations);
    CHECK(same_policy(&s.policy, &single.policy));
    // 20 steps of the best, 8 of the second, 4 of the third, and their judgements
    const int drawn = k % 2 == 0 ? 6 : 16;
    CHECK(s.env_steps >= (20 + 8 + 4) * drawn * 30);
    CHECK(s.env_steps < (20 + 8 + 4) * (drawn + 10) * 30 + 4 * 10 * 30);
    others += best != 0;
    search_fini(&s);
    search_fini(&single);
  }
  CHECK(others > 0);  // else nothing was chosen
}

// A plan with `then` finds what a second search finds that starts from the first one's policy.
static void then_is_a_second_search(void) {
  for (int m = 0; m < 2; m++) {
    search s, single;
    irl_expert_plan then;
    search_init(&s, methods[m]);
    search_init(&single, methods[m]);
    s.o.plan.iterations = single.o.plan.iterations = 5;
    then = s.o.plan;
    then.steps = 20;
    then.iterations = 30;
    then.noise = 0.01;
    then.samples = 12;
    s.o.plan.then = &then;
    CHECK_OK(run(&s));
    CHECK_OK(run(&single));
    const int64_t first = single.env_steps;
    irl_policy start;
    CHECK_OK(irl_policy_create(&start, 1, single.policy.nx, single.policy.nu));
    irl_policy_copy(&start, &single.policy);
    single.o.phase = 1;
    const uint64_t seed = irl_campaign_seed(&single.o, 0);
    single.o.phase = 0;
    single.o.seed = seed;
    single.o.plan = then;
    single.o.start = &start;
    CHECK_OK(run(&single));
    CHECK(same_policy(&s.policy, &single.policy));
    CHECK(!same_policy(&s.policy, &start));
    CHECK(s.env_steps == first + single.env_steps);
    irl_policy_destroy(&start);
    search_fini(&s);
    search_fini(&single);
  }
}

//---------------------------------- Stopped anywhere ---------------------------------------------

// Costs of the task's reward that ask for a stop when they have been asked for `left` times.
typedef struct stopping {
  irl_reward_steps reward;
  atomic_bool* stop;
  int* left;
} stopping;

static void stopping_costs(const void* arg, const irl_batch* b, double* c) {
  const stopping* s = arg;
  if (--*s->left == 0) {
    *s->stop = true;
  }
  irl_reward_step_costs(&s->reward).costs(&s->reward, b, c);
}

// Runs a search that is stopped after every n further costs; returns how often it was.
static int run_in_parts(search* s, int n) {
  int parts = 0;
  irl_err err = IRL_ECANCELED;
  for (; err == IRL_ECANCELED && parts < 1000; parts++) {
    atomic_bool stop = false;
    int left = n;
    const stopping costs = {s->reward, &stop, &left};
    const irl_host host = {.stop = &stop};
    s->o.search = (irl_step_costs){stopping_costs, &costs};
    s->env_steps = 0;
    s->o.threads = 1 + parts % 2;
    err = irl_stationary(&s->o, &host, &s->policy, &s->env_steps, &s->info);
    s->o.resume = true;
    if (err == IRL_ECANCELED) {  // another process knows nothing of it
      memset(s->policy.K, 0, sizeof(double) * (size_t)(s->policy.nx * s->policy.nu));
    }
  }
  CHECK(err == IRL_OK);
  return parts;
}

// Auditions and what follows end in the same bits and steps, wherever they are stopped.
static void stops_change_nothing(void) {
  for (int m = 0; m < 2; m++) {
    search whole;
    irl_expert_plan last, then;
    search_init(&whole, methods[m]);
    whole.o.plan.restarts = 4;
    whole.o.plan.audition = 3;
    whole.o.plan.average = 3;
    last = then = whole.o.plan;
    then.restarts = last.restarts = 1;
    then.iterations = 4;
    last.iterations = 3;
    last.steps = 5;
    then.then = &last;
    whole.o.plan.then = &then;
    CHECK_OK(run(&whole));
    for (int n = 1; n <= 7; n += 2) {
      search parts;
      char path[1200];
      search_init(&parts, methods[m]);
      parts.o.plan = whole.o.plan;
      parts.o.state = file(m == 0 ? "natural" : "random", path);
      CHECK(run_in_parts(&parts, n) > 20 / n);
      CHECK(same_policy(&whole.policy, &parts.policy));
      CHECK(whole.env_steps == parts.env_steps);
      search_fini(&parts);
    }
    search_fini(&whole);
  }
}

// What is kept of a random search is the mean of its weights where the plan says so; the natural
// gradient has no such key.
static void averages_are_kept(void) {
  for (int m = 0; m < 2; m++) {
    search plain, mean;
    search_init(&plain, methods[m]);
    search_init(&mean, methods[m]);
    mean.o.plan = plain.o.plan;
    mean.o.plan.average = 4;
    CHECK_OK(run(&plain));
    CHECK_OK(run(&mean));
    CHECK(same_policy(&plain.policy, &mean.policy) == (methods[m] == IRL_EXPERT_NATURAL));
    CHECK(plain.env_steps == mean.env_steps);
    search_fini(&plain);
    search_fini(&mean);
  }
}

// The seconds of the parts before are in the file, and grow.
static void seconds_add_up(void) {
  search s;
  char path[1200];
  irl_seconds first = {-1, -1}, second = {-1, -1};
  search_init(&s, IRL_EXPERT_RANDOM);
  s.o.state = file("seconds", path);
  CHECK_OK(run(&s));
  s.o.resume = true;
  s.o.earlier = &first;
  s.o.plan.iterations = 40;
  CHECK_OK(run(&s));
  s.o.earlier = &second;
  CHECK_OK(run(&s));
  CHECK(first.wall > 0 && first.cpu > 0);
  CHECK(second.wall > first.wall && second.cpu > first.cpu);
  search_fini(&s);
}

//---------------------------------- Ends ----------------------------------------------------------

// A start that is good enough ends the audition; on a cost that the return is none of it does not.
static void an_audition_ends_early(void) {
  search s;
  search_init(&s, IRL_EXPERT_RANDOM);
  s.o.plan.restarts = 4;
  s.o.plan.audition = 5;
  s.o.plan.stop_return = -1e9;
  CHECK_OK(run(&s));
  CHECK(s.env_steps == 100 * 30);  // ten judgements of the first start
  s.o.endless = true;
  CHECK_OK(run(&s));
  CHECK(s.env_steps > (20 + 10 + 5 + 5) * 16 * 30);
  s.o.most_env_steps = 3 * 16 * 30;
  CHECK_OK(run(&s));
  CHECK(s.env_steps < 4 * (16 + 10) * 30);
  search_fini(&s);
}

// An audition longer than the search ends with it.
static void auditions_are_no_longer_than_the_search(void) {
  search s;
  search_init(&s, IRL_EXPERT_RANDOM);
  s.o.plan.restarts = 3;
  s.o.plan.audition = 1000;
  CHECK_OK(run(&s));
  CHECK(s.env_steps < 3 * 20 * (16 + 10) * 30);
  search_fini(&s);
}

// Gains on observations that the search is not to use are 0; there must be as many as it names.
static void observations_are_left_out(void) {
  search s;
  search_init(&s, IRL_EXPERT_RANDOM);
  s.o.plan.observed = 3;
  CHECK_OK(run(&s));
  for (int a = 0; a < 2; a++) {
    CHECK(s.policy.K[a * 4 + 3] == 0 && s.policy.K[a * 4] != 0 && s.policy.K[a * 4 + 2] != 0);
  }
  s.o.plan.observed = 5;
  CHECK(run(&s) == IRL_ERANGE);
  CHECK_CONTAINS(s.info.text, "\"observed\" is 5 and the task has 4");
  search_fini(&s);
}

//---------------------------------- Files of others
//------------------------------------------------

static void expect_other(search* s, const char* words) {
  CHECK(run(s) == IRL_EDIM);
  CHECK_CONTAINS(s->info.text, words);
}

// With several starts, or something that follows, everything of the plan must be the same.
static void other_plans_are_refused(void) {
  search s;
  irl_expert_plan then;
  char path[1200];
  search_init(&s, IRL_EXPERT_RANDOM);
  then = s.o.plan;
  s.o.plan.restarts = 2;
  s.o.plan.then = &then;
  s.o.state = file("other", path);
  CHECK_OK(run(&s));
  s.o.resume = true;
  CHECK_OK(run(&s));
  const irl_expert_plan plan = s.o.plan;
  then.noise *= 2;
  expect_other(&s, "another task, seed or settings");
  then.noise /= 2;
  s.o.plan.then = NULL;
  expect_other(&s, "another task, seed or settings");
  s.o.plan = plan;
  s.o.plan.restarts = 3;
  expect_other(&s, "another task, seed or settings");
  s.o.plan = plan;
  s.o.plan.iterations++;
  expect_other(&s, "another task, seed or settings");
  s.o.plan = plan;
  CHECK_OK(run(&s));
  search_fini(&s);
}

// Writes a file again with another number in one of its tensors.
static void change(const char* path, const char* name, int at, int value) {
  irl_tensors* saved;
  irl_tensor t[64];
  CHECK_OK(irl_tensors_load(&saved, path, NULL));
  const int n = irl_tensors_count(saved);
  const char* metadata[] = {"format", irl_tensors_metadata(saved, "format"), "settings",
                            irl_tensors_metadata(saved, "settings")};
  for (int k = 0; k < n; k++) {
    t[k] = *irl_tensors_at(saved, k);
    if (strcmp(t[k].name, name) == 0 && t[k].dtype == IRL_I64) {
      ((int64_t*)irl_tensor_place(&t[k]))[at] = value;
    } else if (strcmp(t[k].name, name) == 0) {
      ((double*)irl_tensor_place(&t[k]))[at] = value;
    }
  }
  CHECK_OK(irl_tensors_save(path, t, n, metadata, 2, NULL));
  irl_tensors_destroy(saved);
}

// A damaged file that still reads as one names no start and no search that there is not, and no
// trajectories longer than there is room for.
static void stages_are_checked(void) {
  static const struct {
    const char* tensor;
    int at, value;
    const char* words;
  } wrong[] = {{"stage", 0, 1, "start/K"},
               {"stage", 0, -1, "another task"},
               {"stage", 1, -1, "its starts"},
               {"stage", 2, 3, "its starts"},
               {"stage", 3, 0, "its starts"},
               {"stage", 3, 4, "its starts"},
               {"starts/order", 1, 3, "its starts"},
               {"starts/order", 0, -1, "its starts"},
               {"counts", 0, -1, "after -1 steps"},
               {"counts", 2, 21, "have 21, of at most 20"},
               {"starts/waiting", IRL_WAITING_ITERATION, -1, "after -1 steps"},
               {"starts/waiting", IRL_WAITING_STEPS, 21, "have 21, of at most 20"}};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    search s;
    char path[1200];
    search_init(&s, IRL_EXPERT_RANDOM);
    s.o.plan.iterations = 2;
    s.o.plan.steps = 20;
    s.o.plan.restarts = 3;
    s.o.plan.audition = 1;
    s.o.state = file("stages", path);
    CHECK_OK(run(&s));
    s.o.resume = true;
    change(path, wrong[k].tensor, wrong[k].at, wrong[k].value);
    CHECK(run(&s) == IRL_EDIM || run(&s) == IRL_ENOENT);
    CHECK_CONTAINS(s.info.text, wrong[k].words);
    search_fini(&s);
  }
}

TESTS(TEST(starts_have_streams_of_their_own), TEST(the_best_start_goes_on),
      TEST(then_is_a_second_search), TEST(stops_change_nothing), TEST(averages_are_kept),
      TEST(seconds_add_up), TEST(an_audition_ends_early),
      TEST(auditions_are_no_longer_than_the_search), TEST(observations_are_left_out),
      TEST(other_plans_are_refused), TEST(stages_are_checked))
