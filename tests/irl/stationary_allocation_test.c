// Steps of a stationary search allocate nothing once they have warmed up.
#include "allocations.h"
#include "irl/runtime.h"
#include "irl/stationary_internal.h"

static long during_steps(const irl_task* task, irl_expert_method method) {
  const irl_reward_steps reward = {task, true};
  const irl_stationary_options options = {.task = task,
                                          .plan = irl_expert_plan_defaults(method),
                                          .search = irl_reward_step_costs(&reward),
                                          .judge = irl_reward_step_costs(&reward),
                                          .threads = 1};
  irl_campaign c;
  irl_errinfo info = {IRL_OK, ""};
  CHECK_OK(irl_campaign_open(&c, &options, &info));
  CHECK_OK(irl_campaign_step(&c, &info));
  const long before = atomic_load(&allocations);
  for (int k = 0; k < 3; k++) {
    c.iteration++;
    CHECK_OK(irl_campaign_step(&c, &info));
  }
  const long during = atomic_load(&allocations) - before;
  irl_campaign_close(&c);
  return during;
}

static void steps_allocate_nothing(void) {
  irl_task* task;
  const char* const set[] = {"horizon=40"};
  irl_runtime_init();
  CHECK_OK(irl_task_load(&task, "hopper", set, 1, NULL));
  CHECK(during_steps(task, IRL_EXPERT_NATURAL) == 0);
  CHECK(during_steps(task, IRL_EXPERT_RANDOM) == 0);
  irl_task_destroy(task);
}

TESTS(TEST(the_counter_counts), TEST(steps_allocate_nothing))
