#include "irl/bench_stationary.h"

#include "irl/stationary_internal.h"
#include "irl/statistics_internal.h"

enum { MOST_REPEATS = 64 };

static irl_err measure(irl_campaign* c, irl_bench_stationary* bench, int repeats,
                       irl_errinfo* info) {
  double optimiser[MOST_REPEATS], rollouts[MOST_REPEATS];
  IRL_TRY(irl_campaign_step(c, info));
  for (int r = 0; r < repeats; r++) {
    const double start = irl_now();
    c->iteration++;
    c->simulating = 0;
    IRL_TRY(irl_campaign_step(c, info));
    rollouts[r] = c->simulating;
    optimiser[r] = irl_now() - start - c->simulating;
  }
  bench->optimiser = irl_median(optimiser, repeats);
  bench->rollouts = irl_median(rollouts, repeats);
  return IRL_OK;
}

irl_err irl_bench_stationary_run(irl_bench_stationary* bench, const irl_task* task,
                                 irl_expert_method method, int repeats, irl_errinfo* info) {
  const irl_reward_steps reward = {task, true};
  const irl_stationary_options options = {.task = task,
                                          .plan = irl_expert_plan_defaults(method),
                                          .search = irl_reward_step_costs(&reward),
                                          .judge = irl_reward_step_costs(&reward),
                                          .threads = 1};
  irl_campaign c;
  if (method == IRL_EXPERT_TRAJECTORY || !irl_task_get(task)->has_reward ||
      irl_task_get(task)->nu == 0) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "bench: %s has no stationary search to measure; name another task or method",
                    irl_task_get(task)->name);
  }
  irl_err err = irl_campaign_open(&c, &options, info);
  if (err == IRL_OK) {
    err = measure(&c, bench, repeats < MOST_REPEATS ? repeats : MOST_REPEATS, info);
  }
  irl_campaign_close(&c);
  return err;
}
