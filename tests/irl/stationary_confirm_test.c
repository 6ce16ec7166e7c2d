// How policies on the way are judged: the confirmation of a return that would end a search, and on
// which starts.
#include <math.h>

#include "irl/runtime.h"
#include "irl/stationary_internal.h"
#include "test.h"

typedef struct search {
  irl_task* task;
  irl_reward_steps reward;
  irl_stationary_options o;
  irl_errinfo info;
} search;

static void search_init(search* s) {
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
}

static void search_fini(search* s) {
  irl_task_destroy(s->task);
}

// Mean return of doing nothing over so many episodes a condition, judged by a search of no steps
// that ends at stop_return, and what it took.
static double judged(uint64_t seed, int episodes, double stop_return, int64_t* steps) {
  search s;
  irl_policy policy;
  search_init(&s);
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

typedef struct looked {
  const irl_task* task;
  double* first;  // observations that trajectories began with    (n, 4)
  int n;
} looked;

static void look(const void* arg, const irl_batch* batch, double* c) {
  const looked* l = arg;
  const irl_reward_steps reward = {l->task, true};
  for (int i = 0; i < batch->n && i < l->n; i++) {
    memcpy(l->first + 4 * i, irl_batch_x(batch, i, 0), 4 * sizeof(double));
  }
  irl_reward_step_costs(&reward).costs(&reward, batch, c);
}

// The starts that choose between policies are not those that `mjirl expert` judges the chosen one
// by (random numbers of seed 0, iteration 0), not even where the search has seed 0 too.
static void what_chooses_does_not_judge(void) {
  enum { N = 8 };
  double first[N][4];
  search s;
  irl_policy policy;
  irl_env* env = NULL;
  irl_batch final;
  int64_t steps = 0;
  search_init(&s);
  const looked l = {s.task, first[0], N};
  s.o.judge = (irl_step_costs){look, &l};
  s.o.seed = 0;
  s.o.plan.iterations = 0;
  s.o.plan.judge = N / 2;  // a condition
  CHECK_OK(irl_policy_create(&policy, 1, 4, 1));
  CHECK_OK(irl_stationary(&s.o, NULL, &policy, &steps, &s.info));
  CHECK_OK(irl_batch_create(&final, N, 1, 4, 1, 0, 0));
  CHECK_OK(irl_env_create(&env, s.task, N, 1, &s.info));
  for (int i = 0; i < N; i++) {
    final.condition[i] = i % 2;
  }
  const irl_rollout rollout = {.mode = IRL_ACTION_ZERO, .reset_purpose = IRL_PURPOSE_EVAL};
  CHECK_OK(irl_env_rollout(env, &rollout, &final, &steps, NULL, &s.info));
  for (int i = 0; i < N * N; i++) {
    CHECK(memcmp(first[i / N], irl_batch_x(&final, i % N, 0), sizeof *first) != 0);
  }
  irl_env_destroy(env);
  irl_batch_destroy(&final);
  irl_policy_destroy(&policy);
  search_fini(&s);
}

// What a search draws starts so many times as far apart, what judges it starts as the task says.
static void searches_spread_and_judges_do_not(void) {
  static const irl_expert_method method[2] = {IRL_EXPERT_RANDOM, IRL_EXPERT_NATURAL};
  for (int m = 0; m < 2; m++) {
    double drawn[2][4][4], judged[2][4][4];
    for (int wide = 0; wide < 2; wide++) {
      search s;
      irl_policy policy;
      int64_t steps = 0;
      search_init(&s);
      const looked search_looks = {s.task, drawn[wide][0], 4};
      const looked judge_looks = {s.task, judged[wide][0], 4};
      s.o.search = (irl_step_costs){look, &search_looks};
      s.o.judge = (irl_step_costs){look, &judge_looks};
      s.o.plan = irl_expert_plan_defaults(method[m]);
      s.o.plan.iterations = 1;
      s.o.plan.spread = wide ? 3 : 1;
      CHECK_OK(irl_policy_create(&policy, 1, 4, 1));
      CHECK_OK(irl_stationary(&s.o, NULL, &policy, &steps, &s.info));
      irl_policy_destroy(&policy);
      search_fini(&s);
    }
    CHECK(memcmp(judged[0], judged[1], sizeof judged[0]) == 0);
    for (int i = 0; i < 4; i++) {
      CHECK_NEAR(drawn[1][i][1], 3 * drawn[0][i][1], 1e-12);  // the pole's angle, about 0
      CHECK(fabs(drawn[0][i][1]) > 1e-9);
    }
  }
}

TESTS(TEST(confirmations_end_where_they_fail), TEST(what_chooses_does_not_judge),
      TEST(searches_spread_and_judges_do_not))
