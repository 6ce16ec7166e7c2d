// A batch of one simulation on the caller's thread: MuJoCo's errors come back instead of ending the
// process.
#include "envs/live.h"

#include <mujoco/mjbatch.h>
#include <string.h>

#include "base/arena.h"
#include "envs/episode_internal.h"

struct irl_live {
  const irl_task* task;
  mjBatch* batch;
  irl_episode episode;
  double* memory;  // of the episode
  double *x, *state, *applied, *z;
};

irl_err irl_live_create(irl_live** out, const irl_task* task, irl_errinfo* info) {
  const irl_task_info* t = &task->info;
  *out = NULL;
  irl_live* live = IRL_NEW(irl_live, 1);
  const size_t numbers = (size_t)(irl_episode_memory(task) + t->nx + t->nstate + t->nu + t->nz + 1);
  double* block = live != NULL ? IRL_NEW(double, numbers) : NULL;
  if (block == NULL) {
    irl_free(live);
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; use a smaller model", task->name);
  }
  live->task = task;
  live->memory = block;
  live->x = live->memory + irl_episode_memory(task);
  live->state = live->x + t->nx;
  live->applied = live->state + t->nstate;
  live->z = live->applied + t->nu;
  // persistent: what a step leaves in mjData beside the state is there for the next one
  const mjBatchConfig config = {.nthread = 1, .persistent = 1};
  char why[300] = "";
  const mjModel lean = irl_model_lean(task->model);
  live->batch = mjb_makeBatch(&lean, 1, &config, why, (int)sizeof why);
  if (live->batch == NULL) {
    irl_live_destroy(live);
    return irl_fail(info, IRL_ESIM, "%s: MuJoCo cannot make a simulation (%s); use a smaller model",
                    task->name, why);
  }
  *out = live;
  return IRL_OK;
}

void irl_live_destroy(irl_live* live) {
  if (live == NULL) {
    return;
  }
  mjb_deleteBatch(live->batch);
  irl_free(live->memory);
  irl_free(live);
}

// One call on the simulation: the start when u is NULL, else a step.
typedef struct call {
  irl_live* live;
  irl_live_row* row;
  int condition;
  irl_start_noise* noise;
  const double* start;  // physics state, or NULL: the condition's
  const double* u;
  bool sound;
} call;

static void measure(irl_live* live, irl_live_row* row) {
  const irl_episode* ep = &live->episode;
  irl_episode_observe(ep, live->x);
  mj_getState(ep->m, ep->d, live->state, ep->task->state_spec);
  *row = (irl_live_row){.x = live->x, .state = live->state, .applied = live->applied, .z = live->z};
}

static void start(const mjModel* m, mjData* d, int sim, void* arg) {
  call* c = arg;
  irl_live* live = c->live;
  (void)sim;
  memset(live->applied, 0, (size_t)(live->task->info.nu + live->task->info.nz) * sizeof(double));
  c->sound = irl_episode_reset(&live->episode, live->task, m, d, live->memory, c->condition,
                               c->start, c->noise);
  measure(live, c->row);
}

static void step(const mjModel* m, mjData* d, int sim, void* arg) {
  call* c = arg;
  irl_live* live = c->live;
  irl_episode* ep = &live->episode;
  bool healthy = true, success = false;
  (void)m;
  (void)sim;
  c->sound = irl_episode_step(ep, c->u);
  memcpy(live->applied, d->ctrl, (size_t)live->task->info.nu * sizeof(double));
  measure(live, c->row);
  c->row->reward = irl_episode_outcome(ep, c->u, live->z, &healthy, &success);
  c->row->terminated = !healthy;
  c->row->success = success;
}

static irl_err apply(call* c, mjfBatchFunc function, const char* what, irl_errinfo* info) {
  irl_live* live = c->live;
  if (mjb_apply(live->batch, NULL, 1, function, c, 1) > 0) {
    return irl_fail(info, IRL_ESIM, "%s: MuJoCo stopped the simulation (%s); check the model",
                    live->task->name, mjb_error(live->batch, 0));
  }
  if (!c->sound) {
    return irl_fail(info, IRL_ESIM, "%s: %s", live->task->name, what);
  }
  return IRL_OK;
}

irl_err irl_live_reset(irl_live* live, int condition, uint64_t seed, uint64_t number, bool exact,
                       irl_live_row* row, irl_errinfo* info) {
  if (condition < 0 || condition >= live->task->info.nconditions) {
    return irl_fail(info, IRL_ERANGE, "%s: there is no condition %d; give 0 to %d",
                    live->task->name, condition, live->task->info.nconditions - 1);
  }
  irl_start_noise noise = {irl_rng_stream(seed, IRL_PURPOSE_RESET, 0, (uint64_t)condition, number),
                           1};
  call c = {.live = live, .row = row, .condition = condition, .noise = exact ? NULL : &noise};
  return apply(&c, start, "no start state meets the reset's rules; widen its ring", info);
}

irl_err irl_live_restore(irl_live* live, const double* state, irl_live_row* row,
                         irl_errinfo* info) {
  call c = {.live = live, .row = row, .start = state};
  return apply(&c, start, "the state cannot be restored; reset instead", info);
}

irl_err irl_live_step(irl_live* live, const double* u, irl_live_row* row, irl_errinfo* info) {
  call c = {.live = live, .row = row, .u = u};
  return apply(&c, step, "the simulation diverged; act more gently or use a smaller timestep",
               info);
}
