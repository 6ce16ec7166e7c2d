#include "irl/bench_iteration.h"

#include <stdio.h>
#include <time.h>

#include "irl/learner_internal.h"
#include "irl/statistics_internal.h"

enum { MOST_REPEATS = 64, CONDITIONS = 4, HORIZON = 50, DEMOS = 10 };

// One of the two learners and what it stands on.
typedef struct side {
  irl_task* task;
  irl_demos demos;
  irl_learner* learner;
} side;

static irl_err make_demos(side* s, int conditions, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(s->task);
  static char name[1] = "";
  irl_env* env;
  const int n = conditions * DEMOS;
  s->demos = (irl_demos){.task_name = name, .task_json = name, .mjcf = name};
  IRL_TRY(irl_batch_create(&s->demos.batch, n, t->horizon, t->nx, t->nu, 0, 0));
  for (int i = 0; i < n; i++) {
    s->demos.batch.condition[i] = i % conditions;
  }
  const irl_rollout rollout = {.mode = IRL_ACTION_UNIFORM,
                               .reset_purpose = IRL_PURPOSE_VERIFY,
                               .action_purpose = IRL_PURPOSE_VERIFY};
  IRL_TRY(irl_env_create(&env, s->task, n, 1, info));
  const irl_err err = irl_env_rollout(env, &rollout, &s->demos.batch, NULL, NULL, info);
  irl_env_destroy(env);
  return err;
}

// The settings of the smaller task, whatever the horizon.
static irl_config settings(const irl_task_info* t, int times, int iterations) {
  irl_config c = irl_config_for(IRL_ALGO_GCL, HORIZON, t->nx + t->nu);
  c.samples *= times;
  c.batch_samples *= times;
  c.explore *= times;
  c.iterations = iterations;
  return c;
}

static irl_err side_init(side* s, irl_bench_growth growth, int times, int iterations,
                         irl_errinfo* info) {
  char horizon[32];
  const char* set[] = {horizon};
  const int conditions = growth == IRL_BENCH_CONDITIONS ? CONDITIONS / 2 * times : CONDITIONS;
  snprintf(horizon, sizeof horizon, "horizon=%d",
           growth == IRL_BENCH_HORIZON ? HORIZON * times : HORIZON);
  IRL_TRY(irl_task_load(&s->task, "reacher", set, 1, info));
  IRL_TRY(make_demos(s, conditions, info));
  const irl_config config =
      settings(irl_task_get(s->task), growth == IRL_BENCH_SAMPLES ? times : 1, iterations);
  return irl_learner_create(&s->learner, s->task, &s->demos, IRL_ALGO_GCL, &config, 0, 1, info);
}

static void side_fini(side* s) {
  irl_learner_destroy(s->learner);
  irl_batch_destroy(&s->demos.batch);
  irl_task_destroy(s->task);
}

// CPU time [s] of one iteration: one thread does it all, and other programs should not count.
static irl_err iterate(side* s, double* seconds, irl_errinfo* info) {
  irl_metrics metrics;
  const clock_t start = clock();
  const irl_err err = irl_learner_iterate(s->learner, &metrics, info);
  *seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  return err;
}

// The first iteration comes before the rest: it touches memory for the first time.
static irl_err measure(side pair[2], irl_bench_iteration* bench, int repeats, irl_errinfo* info) {
  double times[2][MOST_REPEATS + 1], ratio[MOST_REPEATS];
  for (int r = 0; r <= repeats; r++) {
    for (int i = 0; i < 2; i++) {
      IRL_TRY(iterate(&pair[i], &times[i][r], info));
    }
  }
  for (int r = 0; r < repeats; r++) {
    ratio[r] = 2 * times[0][r + 1] / times[1][r + 1];
  }
  bench->once = irl_median(times[0] + 1, repeats);
  bench->twice = irl_median(times[1] + 1, repeats);
  bench->ratio = irl_median(ratio, repeats);
  return IRL_OK;
}

irl_err irl_bench_iteration_run(irl_bench_iteration* bench, irl_bench_growth growth, int repeats,
                                irl_errinfo* info) {
  side pair[2] = {{0}};
  if (repeats < 1 || repeats > MOST_REPEATS) {
    return IRL_ERANGE;
  }
  irl_err err = IRL_OK;
  for (int i = 0; i < 2 && err == IRL_OK; i++) {
    // one more than are taken: the last one of a run has a draw of its own
    err = side_init(&pair[i], growth, i + 1, repeats + 2, info);
  }
  if (err == IRL_OK) {
    err = measure(pair, bench, repeats, info);
  }
  side_fini(&pair[0]);
  side_fini(&pair[1]);
  return err;
}
