#include "irl/bench_step.h"

#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "envs/env.h"
#include "irl/objective_internal.h"

enum { SAMPLES = 20 };

typedef struct bench {
  const irl_task* task;
  irl_env* env;
  irl_sampler sampler;
  irl_batch batch;
  irl_objective objective;
  irl_sampler_options options;
  const irl_policy* own[SAMPLES];
  int index[SAMPLES];
} bench;

static irl_err bench_init(bench* b, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(b->task);
  b->objective = irl_reward_objective(b->task);
  b->options = (irl_sampler_options){.kl_step = 0.5,
                                     .kl_lo = 0.1,
                                     .kl_hi = 4,
                                     .dynamics = irl_dynamics_defaults(),
                                     .lqr = irl_lqr_defaults()};
  IRL_TRY(irl_env_create(&b->env, b->task, SAMPLES, 1, info));
  IRL_TRY(irl_batch_create(&b->batch, SAMPLES, t->horizon, t->nx, t->nu, t->nz, 0));
  IRL_TRY(irl_sampler_init(&b->sampler, t->horizon, t->nx, t->nu, t->nz, &b->objective));
  return irl_sampler_start(&b->sampler, b->task, 0.3, 0, NULL);
}

static irl_err draw(bench* b, int iteration) {
  for (int i = 0; i < SAMPLES; i++) {
    b->own[i] = &b->sampler.policy;
  }
  irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                         .own_policy = b->own,
                         .iteration = (uint64_t)iteration,
                         .reset_purpose = IRL_PURPOSE_VERIFY,
                         .action_purpose = IRL_PURPOSE_ACTION,
                         .run_on = true};
  return irl_env_rollout(b->env, &rollout, &b->batch, NULL, NULL, NULL);
}

// CPU time [s]: one thread does it all, and other programs should not count.
static double cpu_time(void) {
  return (double)clock() / CLOCKS_PER_SEC;
}

static irl_err step(bench* b) {
  int n = 0;
  for (int i = 0; i < SAMPLES; i++) {
    if (b->batch.valid[i]) {
      b->index[n++] = i;
    }
  }
  return irl_sampler_step(&b->sampler, &b->options, &b->batch, b->index, n, n, &b->objective)
             ? IRL_OK
             : IRL_ENUM;
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static irl_err measure(bench* b, double* times, int repetitions) {
  for (int r = 0; r < repetitions; r++) {
    const double start = cpu_time();
    IRL_TRY(draw(b, r));
    const double middle = cpu_time();
    IRL_TRY(step(b));
    times[r] = cpu_time() - middle;
    times[repetitions + r] = middle - start;
  }
  qsort(times, (size_t)repetitions, sizeof *times, by_value);
  qsort(times + repetitions, (size_t)repetitions, sizeof *times, by_value);
  return IRL_OK;
}

irl_err irl_bench_step_run(double* step_seconds, double* rollout_seconds, const irl_task* task,
                           int repetitions, irl_errinfo* info) {
  bench b = {.task = task};
  double* times = repetitions < 1 ? NULL : IRL_NEW(double, 2 * (size_t)repetitions);
  irl_err err = times == NULL ? IRL_ERANGE : bench_init(&b, info);
  if (err == IRL_OK) {
    err = measure(&b, times, repetitions);
  }
  if (err == IRL_OK) {
    *step_seconds = times[repetitions / 2];
    *rollout_seconds = times[repetitions + repetitions / 2];
  }
  irl_sampler_fini(&b.sampler);
  irl_batch_destroy(&b.batch);
  irl_env_destroy(b.env);
  irl_free(times);
  return err;
}
