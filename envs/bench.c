// Rollouts against a bare loop of mj_step.
#include "envs/bench.h"

#include <math.h>
#include <mujoco/mjbatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/pool.h"
#include "envs/env_internal.h"

// Trajectories of one measurement: as many as take target_seconds of each thread, one at least.
// Short pieces in turns: what another program takes (caches, the clock's pace) falls on both sides
// of a pair, or spoils few of them.
enum { MAX_HORIZON = 100, MAX_TRAJECTORIES = 64, PROBE_STEPS = 20 };
static const double target_seconds = 0.003;

typedef struct rig {
  const irl_task* task;
  irl_env* env;
  irl_policy policy;
  const irl_policy** policies;  // (nconditions), all the same
  irl_batch batch;              // as training asks for it: without physics states
  double* start;                // physics states of the starts  (N, nstate)
  double* control;              // clipped actions               (N, T, nu)
} rig;

//---------------------------------- The bare loop -------------------------------------------------

// On the memory that rollouts simulate in, models too, so that neither side is lucky in where it
// lies; with all that the task's own model asks for.
static void replay(const mjModel* lean, mjData* d, int i, void* arg) {
  const rig* r = arg;
  mjModel whole = *lean;
  whole.opt.disableflags = r->task->model->opt.disableflags;
  const mjModel* m = &whole;
  const irl_task_info* info = &r->task->info;
  const size_t nu = (size_t)info->nu;
  const double* control = r->control + (size_t)i * (size_t)r->batch.horizon * nu;
  mj_resetData(m, d);
  mj_setState(m, d, r->start + (size_t)i * (size_t)info->nstate, r->task->state_spec);
  for (int t = 0; t < r->batch.length[i]; t++) {
    memcpy(d->ctrl, control + (size_t)t * nu, nu * sizeof *control);
    for (int k = 0; k < info->frame_skip; k++) {
      mj_step(m, d);
    }
  }
}

//---------------------------------- Setting up ----------------------------------------------------

static irl_rollout noisy_rollout(const rig* r, uint64_t iteration) {
  return (irl_rollout){.mode = IRL_ACTION_SAMPLE,
                       .policy = r->policies,
                       .iteration = iteration,
                       .reset_purpose = IRL_PURPOSE_RESET,
                       .action_purpose = IRL_PURPOSE_ACTION,
                       .run_on = true};
}

// Zero gains still cost a full matrix product; a third of the bounds as noise clips now and then.
static irl_err make_policy(rig* r, int horizon, irl_errinfo* info) {
  const irl_task_info* task = &r->task->info;
  IRL_TRY(irl_policy_create(&r->policy, horizon, task->nx, task->nu));
  for (int t = 0; t < horizon; t++) {
    for (int j = 0; j < task->nu; j++) {
      const double high = r->task->high[j] < 1e10 ? r->task->high[j] : 1;
      const double deviation = high > 0 ? high / 3 : 1;
      r->policy.sigma[((long)t * task->nu + j) * task->nu + j] = deviation * deviation;
    }
  }
  return irl_policy_factor(&r->policy, info);
}

// Rolls out once with physics states and keeps the starts.
static irl_err take_starts(rig* r, int n, irl_errinfo* info) {
  const irl_task_info* task = &r->task->info;
  irl_batch batch = {0};
  IRL_TRY(irl_batch_create(&batch, n, 1, task->nx, task->nu, 0, task->nstate));
  memcpy(batch.condition, r->batch.condition, (size_t)n * sizeof *batch.condition);
  irl_rollout rollout = noisy_rollout(r, 0);
  irl_err err = irl_env_rollout(r->env, &rollout, &batch, NULL, NULL, info);
  for (int i = 0; i < n && err == IRL_OK; i++) {
    memcpy(r->start + (size_t)i * (size_t)task->nstate, irl_batch_state(&batch, i, 0),
           (size_t)task->nstate * sizeof(double));
  }
  irl_batch_destroy(&batch);
  return err;
}

static void take_controls(rig* r) {
  const int nu = r->task->info.nu;
  const long rows = (long)r->batch.n * r->batch.horizon;
  for (long k = 0; k < rows * nu; k++) {
    const double u = r->batch.u[k], lo = r->task->low[k % nu], hi = r->task->high[k % nu];
    r->control[k] = u < lo ? lo : u > hi ? hi : u;
  }
}

// A control step of one model costs a thousand of another's.
static int choose_count(const irl_task* task, int horizon, int nthread) {
  mjData* d = mj_makeData(task->model);
  if (d == NULL) {
    return nthread;
  }
  const double start = irl_now();
  for (int k = 0; k < PROBE_STEPS * task->info.frame_skip; k++) {
    mj_step(task->model, d);
  }
  const double seconds = (irl_now() - start) / PROBE_STEPS * horizon;  // a trajectory's
  mj_deleteData(d);
  const double n = ceil(target_seconds / fmax(seconds, 1e-9));
  return nthread * (int)fmin(fmax(n, 1), MAX_TRAJECTORIES);
}

static irl_err rig_init(rig* r, const irl_task* task, int nthread, irl_errinfo* info) {
  const irl_task_info* t = &task->info;
  const int horizon = t->horizon < MAX_HORIZON ? t->horizon : MAX_HORIZON;
  const int n = choose_count(task, horizon, nthread > 0 ? nthread : irl_cpu_count());
  r->task = task;
  IRL_TRY(irl_env_create(&r->env, task, n, nthread, info));
  IRL_TRY(make_policy(r, horizon, info));
  IRL_TRY(irl_batch_create(&r->batch, n, horizon, t->nx, t->nu, t->nz, 0));
  r->start = IRL_NEW(double, (size_t)n*(size_t)t->nstate);
  r->control = IRL_NEW(double, (size_t)n*(size_t)horizon*(size_t)t->nu + 1);
  r->policies = IRL_NEW(const irl_policy*, t->nconditions);
  if (r->start == NULL || r->control == NULL || r->policies == NULL) {
    return irl_fail(info, IRL_ENOMEM, "bench: out of memory; close other programs");
  }
  for (int c = 0; c < t->nconditions; c++) {
    r->policies[c] = &r->policy;
  }
  for (int i = 0; i < n; i++) {
    r->batch.condition[i] = i % t->nconditions;
  }
  return take_starts(r, n, info);
}

static void rig_fini(rig* r) {
  irl_env_destroy(r->env);
  irl_policy_destroy(&r->policy);
  irl_batch_destroy(&r->batch);
  irl_free(r->start);
  irl_free(r->control);
  irl_free((void*)r->policies);
}

//---------------------------------- Measuring -----------------------------------------------------

// Processor time of all threads [s]: other programs on the machine do not take from it.
static double processor_time(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Control steps a second with nthread CPUs to itself.
static double rate_of(const rig* r, int64_t steps, double begin) {
  return (double)steps * irl_env_nthread(r->env) / (processor_time() - begin);
}

static irl_err time_rollout(double* rate, rig* r, irl_errinfo* info) {
  const irl_rollout rollout = noisy_rollout(r, 0);
  int64_t steps = 0;
  const double begin = processor_time();
  IRL_TRY(irl_env_rollout(r->env, &rollout, &r->batch, &steps, NULL, info));
  *rate = rate_of(r, steps, begin);
  return IRL_OK;
}

static double time_bare(rig* r) {
  int64_t steps = 0;
  for (int i = 0; i < r->batch.n; i++) {
    steps += r->batch.length[i];
  }
  const double begin = processor_time();
  mjb_apply(r->env->batch, r->env->ids, r->batch.n, replay, r, 0);
  return rate_of(r, steps, begin);
}

static int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static double median(double* values, int n) {
  qsort(values, (size_t)n, sizeof *values, by_size);
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

static irl_err measure(irl_env_bench* bench, rig* r, int repetitions, double* work,
                       irl_errinfo* info) {
  double *rate = work, *bare = work + repetitions, *ratio = work + 2 * repetitions;
  IRL_TRY(time_rollout(&rate[0], r, info));  // warms up, and makes the controls to replay
  take_controls(r);
  (void)time_bare(r);
  for (int i = 0; i < repetitions; i++) {
    if (i % 2 == 0) {
      IRL_TRY(time_rollout(&rate[i], r, info));
    }
    bare[i] = time_bare(r);
    if (i % 2 == 1) {
      IRL_TRY(time_rollout(&rate[i], r, info));
    }
    ratio[i] = rate[i] / bare[i];
  }
  bench->steps_per_second = median(rate, repetitions);
  bench->bare_per_second = median(bare, repetitions);
  bench->ratio = median(ratio, repetitions);
  return IRL_OK;
}

irl_err irl_env_bench_run(irl_env_bench* bench, const irl_task* task, int nthread, int repetitions,
                          irl_errinfo* info) {
  *bench = (irl_env_bench){0};
  if (repetitions < 1) {
    return irl_fail(info, IRL_ERANGE, "bench: %d repetitions; ask for at least 1", repetitions);
  }
  if (task->info.nu == 0) {
    return irl_fail(info, IRL_ERANGE, "bench: %s has no actuators; choose another task",
                    task->name);
  }
  rig r = {0};
  double* work = IRL_NEW(double, 3 * repetitions);
  irl_err err = work == NULL
                    ? irl_fail(info, IRL_ENOMEM, "bench: out of memory; close other programs")
                    : rig_init(&r, task, nthread, info);
  if (err == IRL_OK) {
    err = measure(bench, &r, repetitions, work, info);
  }
  rig_fini(&r);
  irl_free(work);
  return err;
}
