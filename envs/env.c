// Batches of episodes on MuJoCo's simulation pool.
#include "envs/env.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"
#include "envs/env_internal.h"
#include "envs/episode_internal.h"

irl_err irl_env_create(irl_env** out, const irl_task* task, int max_trajectories, int nthread,
                       irl_errinfo* info) {
  *out = NULL;
  if (max_trajectories < 1) {
    return irl_fail(info, IRL_ERANGE, "env: %d trajectories at once; ask for at least 1",
                    max_trajectories);
  }
  irl_env* env = IRL_NEW(irl_env, 1);
  if (env == NULL) {
    return irl_fail(info, IRL_ENOMEM, "env: out of memory; ask for fewer trajectories");
  }
  // padded so that no two simulations' scratch share a cache line
  env->nscratch = (irl_episode_memory(task) + 15) / 8 * 8;
  env->task = task;
  env->max_trajectories = max_trajectories;
  env->scratch = irl_calloc((size_t)max_trajectories, (size_t)env->nscratch * sizeof(double));
  env->ids = IRL_NEW(int, max_trajectories);
  env->progress = IRL_NEW(irl_progress, max_trajectories);
  if (env->scratch == NULL || env->ids == NULL || env->progress == NULL) {
    irl_env_destroy(env);
    return irl_fail(info, IRL_ENOMEM, "env: out of memory; ask for fewer trajectories");
  }
  for (int i = 0; i < max_trajectories; i++) {
    env->ids[i] = i;
  }
  char why[300] = "";
  mjBatchConfig config;
  mjb_defaultConfig(&config);
  config.nthread = nthread > 0 ? nthread : irl_cpu_count();
  config.persistent = (task->model->opt.enableflags & mjENBL_SLEEP) != 0;
  const mjModel lean = irl_model_lean(task->model);
  env->blind = !irl_model_needs_cameras(task->model);
  env->batch = mjb_makeBatch(&lean, max_trajectories, &config, why, (int)sizeof why);
  if (env->batch == NULL) {
    irl_env_destroy(env);
    return irl_fail(info, IRL_ESIM, "%s: MuJoCo cannot make simulations (%s); use a smaller model",
                    task->name, why);
  }
  if (task->info.nworld > 0 && ((env->world = IRL_NEW(double, task->info.nworld)) == NULL ||
                                !irl_domain_attach(&env->domain, task, env->batch))) {
    irl_env_destroy(env);
    return irl_fail(info, IRL_ENOMEM, "env: out of memory; ask for fewer trajectories");
  }
  *out = env;
  return IRL_OK;
}

void irl_env_destroy(irl_env* env) {
  if (env == NULL) {
    return;
  }
  mjb_deleteBatch(env->batch);
  irl_free(env->scratch);
  irl_free(env->ids);
  irl_free(env->progress);
  irl_free(env->world);
  irl_free(env);
}

int irl_env_nthread(const irl_env* env) {
  return mjb_nthread(env->batch);
}

const irl_task* irl_env_task(const irl_env* env) {
  return env->task;
}

const mjModel* irl_env_blind(const irl_env* env, mjModel* copy, const mjModel* m) {
  if (!env->blind) {
    return m;
  }
  *copy = *m;
  copy->ncam = 0;
  copy->nlight = 0;
  return copy;
}

//---------------------------------- Actions -------------------------------------------------------

// Uniform within the bounds, ±1 on an unbounded side; returns the log-density.
static double uniform_action(const irl_task* task, irl_rng* rng, double* u) {
  double log_density = 0;
  for (int i = 0; i < task->info.nu; i++) {
    const double lo = isfinite(task->low[i]) ? task->low[i] : -1;
    const double hi = isfinite(task->high[i]) ? task->high[i] : 1;
    u[i] = lo + (hi - lo) * irl_rng_uniform(rng);
    log_density -= log(hi - lo);
  }
  return log_density;
}

// The policy of trajectory i, NULL when there is none.
static const irl_policy* policy_of(const irl_rollout* r, const irl_batch* b, int i) {
  return r->own_policy != NULL ? r->own_policy[i]
         : r->policy == NULL   ? NULL
                               : r->policy[b->condition[i]];
}

// Draws the noise of sampled actions some steps ahead, into their own rows of u: a physics step
// drives the code of logarithm and sine out of the caches, and a row at a time finds it cold.
static void draw_noise(const irl_rollout* r, irl_rng* rng, irl_batch* b, int i, int t) {
  enum { AHEAD = 32 };  // few, as the episode may end before they are used
  if (r->mode == IRL_ACTION_SAMPLE && t % AHEAD == 0) {
    const int rows = b->horizon - t < AHEAD ? b->horizon - t : AHEAD;
    irl_rng_normals(rng, irl_batch_u(b, i, t), rows * b->nu);
  }
}

// Chooses u_t from x_t; returns its log-density.
static double choose_action(const irl_task* task, irl_action_mode mode, const irl_policy* policy,
                            int t, const double* x, irl_rng* rng, double* u) {
  switch (mode) {
    case IRL_ACTION_SAMPLE:
      return irl_policy_act(policy, t, x, u, u);
    case IRL_ACTION_MEAN:
      irl_policy_mean(policy, t, x, u);
      return irl_policy_logdensity(policy, t, x, u);
    case IRL_ACTION_UNIFORM:
      return uniform_action(task, rng, u);
    case IRL_ACTION_ZERO:
      memset(u, 0, (size_t)task->info.nu * sizeof *u);
      return 0;
    case IRL_ACTION_GIVEN:
      break;
  }
  return 0;
}

//---------------------------------- Rollouts ------------------------------------------------------

typedef struct rollout_job {
  irl_env* env;
  const irl_rollout* rollout;
  irl_batch* batch;
  // MuJoCo's pool orders a call after its workers by itself, in code that the thread sanitizer
  // cannot see into; this counter states the same order where it can.
  atomic_int* ended;
} rollout_job;

static void zero_row(double* array, int width, int from, int to) {
  if (to > from && width > 0) {
    memset(array + (size_t)from * (size_t)width, 0,
           (size_t)(to - from) * (size_t)width * sizeof *array);
  }
}

// Ends trajectory i after `length` steps: what lies behind is zero.
static void close_trajectory(irl_batch* b, int i, int length) {
  const int T = b->horizon;
  b->length[i] = length;
  zero_row(irl_batch_x(b, i, 0), b->nx, length + 1, T + 1);
  zero_row(irl_batch_u(b, i, 0), b->nu, length, T);
  zero_row(irl_batch_z(b, i, 0), b->nz, length, T);
  zero_row(irl_batch_state(b, i, 0), b->nstate, length + 1, T + 1);
  zero_row(b->reward + (size_t)i * (size_t)T, 1, length, T);
  zero_row(b->logq + (size_t)i * (size_t)T, 1, length, T);
}

// Writes observation and physics state of step t.
static void record(const irl_episode* ep, irl_batch* b, int i, int t) {
  irl_episode_observe(ep, irl_batch_x(b, i, t));
  if (b->nstate > 0) {
    mj_getState(ep->m, ep->d, irl_batch_state(b, i, t), ep->task->state_spec);
  }
}

// Acts, simulates and records one control step. False when it diverged.
static bool advance(irl_episode* ep, const rollout_job* job, irl_rng* rng, int i, int t,
                    irl_progress* so_far, double* scratch) {
  irl_batch* b = job->batch;
  const bool ended = so_far->terminated;
  double* u = irl_batch_u(b, i, t);
  double* z = b->nz > 0 ? irl_batch_z(b, i, t) : scratch;
  bool healthy = true, success = false;
  const double logq = choose_action(ep->task, job->rollout->mode, policy_of(job->rollout, b, i), t,
                                    irl_batch_x(b, i, t), rng, u);
  if (job->rollout->mode != IRL_ACTION_GIVEN) {
    b->logq[(long)i * b->horizon + t] = logq;
  }
  so_far->steps = t + 1;
  if (!irl_episode_step(ep, u)) {
    return false;
  }
  record(ep, b, i, t + 1);
  const double reward = irl_episode_outcome(ep, u, z, &healthy, &success);
  b->reward[(long)i * b->horizon + t] = ended ? 0 : reward;
  so_far->success |= !ended && success;
  so_far->terminated = ended || !healthy;
  return true;
}

// The number of trajectory i in the streams.
static uint64_t number_of(const irl_rollout* r, int i) {
  return (uint64_t)(r->number != NULL ? r->number[i] : r->first + i);
}

static void run_episode(const mjModel* m, mjData* d, int i, void* arg) {
  const rollout_job* job = arg;
  const irl_rollout* r = job->rollout;
  irl_batch* b = job->batch;
  const irl_task* task = job->env->task;
  const uint64_t c = (uint64_t)b->condition[i], number = number_of(r, i);
  irl_start_noise start = {irl_rng_stream(r->seed, r->reset_purpose, r->iteration, c, number),
                           r->spread > 0 ? r->spread : 1};
  irl_rng action = irl_rng_stream(r->seed, r->action_purpose, r->iteration, c, number);
  double* memory = job->env->scratch + (size_t)i * (size_t)job->env->nscratch;
  const double* state =
      r->start_state == NULL ? NULL : r->start_state + (size_t)i * (size_t)task->info.nstate;
  irl_progress* so_far = &job->env->progress[i];
  mjModel without;
  m = irl_env_blind(job->env, &without, m);
  irl_episode ep;
  bool valid = irl_episode_reset(&ep, task, m, d, memory, b->condition[i], state,
                                 r->exact_start ? NULL : &start);
  record(&ep, b, i, 0);
  int t = 0;
  while (valid && t < b->horizon && (r->run_on || !so_far->terminated)) {
    draw_noise(r, &action, b, i, t);
    valid = advance(&ep, job, &action, i, t, so_far, memory + task->nmemory);
    t += valid;
  }
  b->valid[i] = valid;
  b->terminated[i] = so_far->terminated;
  b->success[i] = so_far->success;
  close_trajectory(b, i, t);
  atomic_fetch_add_explicit(job->ended, 1, memory_order_release);
}

static irl_err check_policies(const irl_task* task, const irl_rollout* r, const irl_batch* b,
                              irl_errinfo* info) {
  if (r->mode != IRL_ACTION_SAMPLE && r->mode != IRL_ACTION_MEAN) {
    return IRL_OK;
  }
  for (int i = 0; i < b->n; i++) {
    const irl_policy* policy = policy_of(r, b, i);
    if (policy == NULL || policy->nx != task->info.nx || policy->nu != task->info.nu) {
      return irl_fail(info, IRL_EDIM,
                      "rollout: %s %d has no policy of %d observations and "
                      "%d actions; give one that fits the task",
                      r->own_policy != NULL ? "trajectory" : "condition",
                      r->own_policy != NULL ? i : b->condition[i], task->info.nx, task->info.nu);
    }
  }
  return IRL_OK;
}

static bool fits(int given, int wanted, bool optional) {
  return given == wanted || (optional && given == 0);
}

static irl_err check_rollout(const irl_env* env, const irl_rollout* r, const irl_batch* b,
                             irl_errinfo* info) {
  const irl_task_info* task = &env->task->info;
  if (b->n > env->max_trajectories) {
    return irl_fail(info, IRL_ERANGE,
                    "rollout: %d trajectories in an env made for %d; make a "
                    "larger one",
                    b->n, env->max_trajectories);
  }
  if (!fits(b->nx, task->nx, false) || !fits(b->nu, task->nu, false) ||
      !fits(b->nz, task->nz, true) || !fits(b->nstate, task->nstate, true) ||
      !fits(b->nworld, task->nworld, true)) {
    return irl_fail(info, IRL_EDIM,
                    "rollout: the batch has nx %d, nu %d, nz %d, nstate %d, nworld %d where "
                    "the task has %d, %d, %d, %d, %d; make it of the task's sizes",
                    b->nx, b->nu, b->nz, b->nstate, b->nworld, task->nx, task->nu, task->nz,
                    task->nstate, task->nworld);
  }
  for (int i = 0; i < b->n; i++) {
    if (b->condition[i] < 0 || b->condition[i] >= task->nconditions) {
      return irl_fail(info, IRL_ERANGE,
                      "rollout: trajectory %d has condition %d; the task has %d, "
                      "from 0",
                      i, b->condition[i], task->nconditions);
    }
  }
  return check_policies(env->task, r, b, info);
}

// Empties a trajectory in which MuJoCo raised an error: it never came to its end.
static void discard_failed(const irl_env* env, irl_batch* b) {
  const int* status = mjb_status(env->batch);
  for (int i = 0; i < b->n; i++) {
    if (status[i] != 0) {
      b->valid[i] = 0;
      close_trajectory(b, i, 0);
      zero_row(irl_batch_x(b, i, 0), b->nx, 0, 1);
      zero_row(irl_batch_state(b, i, 0), b->nstate, 0, 1);
    }
  }
}

// Draws the factors of trajectory i's world, or takes the given ones; returns them.
static const double* choose_world(irl_env* env, const irl_rollout* r, const irl_batch* b, int i) {
  const size_t nworld = (size_t)env->task->info.nworld;
  double* row = b->nworld > 0 ? b->world + (size_t)i * nworld : env->world;
  if (r->world != NULL) {
    memcpy(row, r->world + (size_t)i * nworld, nworld * sizeof *row);
  } else {
    irl_rng rng = irl_rng_stream(r->seed, irl_purpose_domain(r->reset_purpose), r->iteration,
                                 (uint64_t)b->condition[i], number_of(r, i));
    irl_domain_draw(env->task, &rng, row);
  }
  return row;
}

static irl_err make_worlds(irl_env* env, const irl_rollout* r, const irl_batch* b,
                           irl_errinfo* info) {
  const irl_task* task = env->task;
  for (int i = 0; i < b->n && task->info.nworld > 0; i++) {
    irl_domain_put(task, &env->domain, i, choose_world(env, r, b, i));
  }
  return irl_domain_settle(&env->domain, env->batch, env->ids, b->n)
             ? IRL_OK
             : irl_fail(info, IRL_ESIM,
                        "%s: MuJoCo refuses a model that \"domain\" drew; narrow its ranges",
                        task->name);
}

void irl_env_plain_worlds(irl_env* env, int n) {
  for (int i = 0; i < n && env->task->info.nworld > 0; i++) {
    irl_domain_put(env->task, &env->domain, i, NULL);
  }
  (void)irl_domain_settle(&env->domain, env->batch, env->ids, n);
}

irl_err irl_env_rollout(irl_env* env, const irl_rollout* rollout, irl_batch* batch,
                        int64_t* env_steps, int* ninvalid, irl_errinfo* info) {
  IRL_TRY(check_rollout(env, rollout, batch, info));
  IRL_TRY(make_worlds(env, rollout, batch, info));
  for (int i = 0; i < batch->n; i++) {
    batch->terminated[i] = 0;
    batch->success[i] = 0;
    env->progress[i] = (irl_progress){.steps = 0};
  }
  batch->has_reward = env->task->info.has_reward;
  atomic_int ended = 0;
  rollout_job job = {env, rollout, batch, &ended};
  const int failed = mjb_apply(env->batch, env->ids, batch->n, run_episode, &job, 0);
  (void)atomic_load_explicit(&ended, memory_order_acquire);
  if (failed > 0) {
    discard_failed(env, batch);
  }
  int invalid = 0;
  for (int i = 0; i < batch->n; i++) {
    invalid += !batch->valid[i];
    if (env_steps != NULL) {
      *env_steps += env->progress[i].steps;
    }
  }
  if (ninvalid != NULL) {
    *ninvalid = invalid;
  }
  return IRL_OK;
}

//---------------------------------- One trajectory ------------------------------------------------

typedef struct trace_job {
  irl_env* env;
  const double *qpos0, *qvel0, *actions;
  int nsteps;
  double *qpos, *qvel, *obs, *reward;
  uint8_t* terminated;
} trace_job;

static void trace_row(const irl_episode* ep, const trace_job* job, int t) {
  const irl_task_info* info = &ep->task->info;
  const size_t nq = (size_t)info->nq, nv = (size_t)info->nv, row = (size_t)t;
  memcpy(job->qpos + row * nq, ep->d->qpos, nq * sizeof(double));
  memcpy(job->qvel + row * nv, ep->d->qvel, nv * sizeof(double));
  irl_episode_observe(ep, job->obs + row * (size_t)info->nx);
}

static void run_trace(const mjModel* m, mjData* d, int sim, void* arg) {
  const trace_job* job = arg;
  const irl_task* task = job->env->task;
  double* memory = job->env->scratch;
  mjModel without;
  m = irl_env_blind(job->env, &without, m);
  irl_episode ep;
  (void)sim;
  irl_episode_reset_at(&ep, task, m, d, memory, job->qpos0, job->qvel0);
  trace_row(&ep, job, 0);
  job->reward[0] = 0;
  job->terminated[0] = 0;
  for (int t = 0; t < job->nsteps; t++) {
    const double* u = job->actions + (size_t)t * (size_t)task->info.nu;
    bool healthy, success;
    (void)irl_episode_step(&ep, u);
    job->reward[t + 1] = irl_episode_outcome(&ep, u, memory + task->nmemory, &healthy, &success);
    job->terminated[t + 1] = !healthy;
    trace_row(&ep, job, t + 1);
  }
}

irl_err irl_env_trace(irl_env* env, const double* qpos0, const double* qvel0, const double* actions,
                      int nsteps, double* qpos, double* qvel, double* obs, double* reward,
                      uint8_t* terminated, irl_errinfo* info) {
  trace_job job = {env, qpos0, qvel0, actions, nsteps, qpos, qvel, obs, reward, terminated};
  irl_env_plain_worlds(env, 1);
  if (mjb_apply(env->batch, env->ids, 1, run_trace, &job, 0) > 0) {
    return irl_fail(info, IRL_ESIM,
                    "%s: MuJoCo stopped the simulation (%s); check the state and "
                    "the actions",
                    env->task->name, mjb_error(env->batch, 0));
  }
  return IRL_OK;
}

typedef struct check_job {
  irl_env* env;
  int nsteps;
  bool started;
  int count[mjNWARNING];
} check_job;

static void run_check(const mjModel* m, mjData* d, int sim, void* arg) {
  check_job* job = arg;
  irl_start_noise noise = {irl_rng_stream(0, IRL_PURPOSE_RESET, 0, 0, 0), 1};
  irl_episode ep;
  (void)sim;
  job->started = irl_episode_reset(&ep, job->env->task, m, d, job->env->scratch, 0, NULL, &noise);
  for (int t = 0; job->started && t < job->nsteps; t++) {
    (void)irl_episode_step(&ep, d->ctrl);
  }
  for (int i = 0; i < mjNWARNING; i++) {
    job->count[i] = d->warning[i].number;
  }
}

irl_err irl_env_check(irl_env* env, int nsteps, char* warnings, size_t size, irl_errinfo* info) {
  static const char* const names[mjNWARNING] = {[mjWARN_INERTIA] = "inertia matrix nearly singular",
                                                [mjWARN_CONTACTFULL] = "too many contacts",
                                                [mjWARN_CNSTRFULL] = "too many constraints",
                                                [mjWARN_BADQPOS] = "bad number in qpos",
                                                [mjWARN_BADQVEL] = "bad number in qvel",
                                                [mjWARN_BADQACC] = "bad number in qacc",
                                                [mjWARN_BADCTRL] = "bad number in ctrl"};
  check_job job = {.env = env, .nsteps = nsteps};
  irl_env_plain_worlds(env, 1);
  if (mjb_apply(env->batch, env->ids, 1, run_check, &job, 0) > 0) {
    return irl_fail(info, IRL_ESIM, "%s: MuJoCo stopped the simulation (%s); check the model",
                    env->task->name, mjb_error(env->batch, 0));
  }
  if (!job.started) {
    return irl_fail(
        info, IRL_ESIM,
        "%s: no draw of the start meets norm_above and norm_below of reset.noise; widen "
        "the ring between them",
        env->task->name);
  }
  size_t used = 0;
  warnings[0] = 0;
  for (int i = 0; i < mjNWARNING && used < size; i++) {
    if (job.count[i] > 0) {
      used += (size_t)snprintf(warnings + used, size - used, "%s: %d\n",
                               names[i] != NULL ? names[i] : "other warning", job.count[i]);
    }
  }
  return IRL_OK;
}
