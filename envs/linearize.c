#include "envs/linearize.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "envs/env_internal.h"
#include "envs/episode_internal.h"

struct irl_linearizer {
  irl_env* env;
  irl_linearize_options options;
  int horizon;
  int ntangent;  // 2 nv + na
  int width;     // of a simulation's scratch: move, action, and a row
  int qpos;      // where qpos, qvel and act begin in a physics state, −1: not in it
  int qvel;
  int act;
  double* size;    // of the moves                        (T, ntangent + nu)
  double* work;    // (paths, width)
  int* path;       // trajectories that are differenced   (paths)
  int* simulated;  // control steps                       (paths)
};

irl_linearize_options irl_linearize_defaults(void) {
  return (irl_linearize_options){.paths = 3, .share = 0.3, .least = 1e-4};
}

static int tangent_size(const irl_task* task) {
  return 2 * (int)task->model->nv + (int)task->model->na;
}

int irl_linearize_directions(const irl_task* task) {
  return tangent_size(task) + task->info.nu;
}

static int part_offset(const irl_task* task, const char* name) {
  for (int i = 0; i < task->nparts; i++) {
    if (strcmp(task->part[i].name, name) == 0) {
      return task->part[i].offset;
    }
  }
  return -1;
}

static int row_width(const irl_task* task) {
  return 2 * task->info.nx + task->info.nu + task->info.nz;
}

irl_err irl_linearizer_create(irl_linearizer** out, irl_env* env, int horizon,
                              const irl_linearize_options* options, irl_errinfo* info) {
  const irl_task* task = env->task;
  *out = NULL;
  if (options->paths < 1 || options->paths > env->max_trajectories || !(options->share > 0) ||
      !(options->least > 0)) {
    return irl_fail(info, IRL_ERANGE,
                    "linearisation: %d paths, share %g, least move %g; give 1 to %d paths and "
                    "sizes above 0",
                    options->paths, options->share, options->least, env->max_trajectories);
  }
  irl_linearizer* lin = IRL_NEW(irl_linearizer, 1);
  if (lin == NULL) {
    return irl_fail(info, IRL_ENOMEM, "linearisation: out of memory; use fewer paths");
  }
  lin->env = env;
  lin->options = *options;
  lin->horizon = horizon;
  lin->ntangent = tangent_size(task);
  lin->width = (2 * (lin->ntangent + task->info.nu) + row_width(task) + 7) / 8 * 8;
  lin->qpos = part_offset(task, "qpos");
  lin->qvel = part_offset(task, "qvel");
  lin->act = part_offset(task, "act");
  lin->size = IRL_NEW(double, (size_t)horizon*(size_t)irl_linearize_directions(task));
  lin->work = IRL_NEW(double, (size_t)options->paths*(size_t)lin->width);
  lin->path = IRL_NEW(int, options->paths);
  lin->simulated = IRL_NEW(int, options->paths);
  if (lin->size == NULL || lin->work == NULL || lin->path == NULL || lin->simulated == NULL) {
    irl_linearizer_destroy(lin);
    return irl_fail(info, IRL_ENOMEM, "linearisation: out of memory; use fewer paths");
  }
  *out = lin;
  return IRL_OK;
}

void irl_linearizer_destroy(irl_linearizer* lin) {
  if (lin != NULL) {
    irl_free(lin->size);
    irl_free(lin->work);
    irl_free(lin->path);
    irl_free(lin->simulated);
    irl_free(lin);
  }
}

//---------------------------------- Sizes of the moves --------------------------------------------

static bool has_step(const irl_batch* b, int i, int t) {
  return b->valid[i] && t < b->length[i];
}

// Coordinates of a state and action along the directions, about a reference trajectory: differences
// of qpos in its tangent space.
static void coordinates(const irl_linearizer* lin, const irl_batch* b, int reference, int i, int t,
                        double* out) {
  const irl_task* task = lin->env->task;
  const mjModel* m = task->model;
  const double* from = irl_batch_state(b, reference, t);
  const double* to = irl_batch_state(b, i, t);
  mj_differentiatePos(m, out, 1, from + lin->qpos, to + lin->qpos);
  memcpy(out + m->nv, to + lin->qvel, (size_t)m->nv * sizeof *out);
  if (m->na > 0) {
    memcpy(out + 2 * m->nv, to + lin->act, (size_t)m->na * sizeof *out);
  }
  memcpy(out + lin->ntangent, irl_batch_u(b, i, t), (size_t)task->info.nu * sizeof *out);
}

// The floor of a direction's move: actions count in half-ranges.
static double least_move(const irl_linearizer* lin, int direction) {
  const irl_task* task = lin->env->task;
  const int a = direction - lin->ntangent;
  const bool bounded = a >= 0 && isfinite(task->low[a]) && isfinite(task->high[a]);
  return lin->options.least * (bounded ? 0.5 * (task->high[a] - task->low[a]) : 1);
}

// share × standard deviation of each direction over the trajectories, by Welford's update.
static void set_sizes(irl_linearizer* lin, const irl_batch* b, const int* index, int n, int t) {
  const int m = lin->ntangent + lin->env->task->info.nu;
  double* mean = lin->work;
  double* now = lin->work + lin->ntangent + lin->env->task->info.nu;
  double* size = lin->size + (long)t * m;
  double count = 0;
  memset(mean, 0, (size_t)m * sizeof *mean);
  memset(size, 0, (size_t)m * sizeof *size);
  for (int k = 0; k < n; k++) {
    if (!has_step(b, index[k], t)) {
      continue;
    }
    coordinates(lin, b, lin->path[0], index[k], t, now);
    count += 1;
    for (int j = 0; j < m; j++) {
      const double delta = now[j] - mean[j];
      mean[j] += delta / count;
      size[j] += delta * (now[j] - mean[j]);
    }
  }
  for (int j = 0; j < m; j++) {
    const double spread = count > 1 ? sqrt(size[j] / (count - 1)) : 0;
    size[j] = fmax(lin->options.share * spread, least_move(lin, j));
  }
}

//---------------------------------- Differences ---------------------------------------------------

typedef struct difference_job {
  irl_linearizer* lin;
  const irl_batch* batch;
  irl_differences* out;
  atomic_int* ended;  // as in env.c: states an order that the thread sanitizer can see
} difference_job;

// The row [x, u, x' − x, z] of one moved control step. False when it diverged.
static bool moved_row(const irl_linearizer* lin, irl_episode* ep, const mjModel* m, mjData* d,
                      double* memory, const double* state, const double* move, const double* u,
                      double* row) {
  const irl_task* task = lin->env->task;
  const int nx = task->info.nx;
  const int nu = task->info.nu;
  double* change = row + nx + nu;
  bool healthy;
  bool success;
  irl_episode_reset_near(ep, task, m, d, memory, state, move, row);
  memcpy(row + nx, u, (size_t)nu * sizeof *row);
  if (!irl_episode_step(ep, u)) {
    return false;
  }
  irl_episode_observe(ep, change);
  for (int i = 0; i < nx; i++) {
    change[i] -= row[i];
  }
  (void)irl_episode_outcome(ep, u, change + nx, &healthy, &success);
  return true;
}

// Row of direction j: half the difference of the moves forth and back, in units in which the moves
// have the trajectories' spread (size / share).
static void difference_row(const difference_job* job, const mjModel* m, mjData* d, int p, int t,
                           int j) {
  irl_linearizer* lin = job->lin;
  const irl_task* task = lin->env->task;
  const int nu = task->info.nu;
  const int width = job->out->d;
  double* move = lin->work + (long)p * lin->width;
  double* u = move + lin->ntangent;
  double* back = u + nu;
  double* row = irl_differences_row(job->out, t, p * (lin->ntangent + nu) + j);
  double* memory = lin->env->scratch + (size_t)p * (size_t)lin->env->nscratch;
  const double size = lin->size[(long)t * (lin->ntangent + nu) + j];
  const double* state = irl_batch_state(job->batch, lin->path[p], t);
  irl_episode ep;
  memset(move, 0, (size_t)lin->ntangent * sizeof *move);
  memcpy(u, irl_batch_u(job->batch, lin->path[p], t), (size_t)nu * sizeof *u);
  double* moved = j < lin->ntangent ? &move[j] : &u[j - lin->ntangent];
  const double at = *moved;
  *moved = at + size;
  bool sound = moved_row(lin, &ep, m, d, memory, state, move, u, row);
  *moved = at - size;
  sound = sound && moved_row(lin, &ep, m, d, memory, state, move, u, back);
  for (int i = 0; i < width; i++) {
    row[i] = sound ? (row[i] - back[i]) / (2 * lin->options.share) : 0;
  }
  lin->simulated[p] += 2;
}

static void run_path(const mjModel* m, mjData* d, int p, void* arg) {
  const difference_job* job = arg;
  const irl_linearizer* lin = job->lin;
  const int directions = lin->ntangent + lin->env->task->info.nu;
  mjModel without;
  m = irl_env_blind(lin->env, &without, m);
  for (int t = 0; t < job->batch->horizon && has_step(job->batch, lin->path[p], t); t++) {
    for (int j = 0; j < directions; j++) {
      difference_row(job, m, d, p, t, j);
    }
  }
  atomic_fetch_add_explicit(job->ended, 1, memory_order_release);
}

// A path in which MuJoCo raised an error tells nothing.
static void discard_failed(const irl_linearizer* lin, int paths, irl_differences* out) {
  const int* status = mjb_status(lin->env->batch);
  const int directions = lin->ntangent + lin->env->task->info.nu;
  for (int p = 0; p < paths; p++) {
    for (int t = 0; status[p] != 0 && t < out->horizon; t++) {
      memset(irl_differences_row(out, t, p * directions), 0,
             (size_t)directions * (size_t)out->d * sizeof(double));
    }
  }
}

static irl_err check(const irl_linearizer* lin, const irl_batch* b, const irl_differences* out,
                     irl_errinfo* info) {
  const irl_task_info* t = &lin->env->task->info;
  const int rows = lin->options.paths * irl_linearize_directions(lin->env->task);
  if (b->nstate != t->nstate || b->nx != t->nx || b->nu != t->nu || b->horizon != lin->horizon ||
      lin->qpos < 0 || lin->qvel < 0) {
    return irl_fail(info, IRL_EDIM,
                    "linearisation: the batch has horizon %d, nstate %d where %d, %d are needed; "
                    "record the physics states",
                    b->horizon, b->nstate, lin->horizon, t->nstate);
  }
  if (out->horizon != lin->horizon || out->n != rows || out->d != row_width(lin->env->task)) {
    return irl_fail(info, IRL_EDIM,
                    "linearisation: differences of %d rows of %d numbers where %d of %d are "
                    "needed; make them of the task's sizes",
                    out->n, out->d, rows, row_width(lin->env->task));
  }
  return IRL_OK;
}

// The first valid trajectories; returns their number.
static int choose_paths(irl_linearizer* lin, const irl_batch* b, const int* index, int n) {
  int paths = 0;
  for (int k = 0; k < n && paths < lin->options.paths; k++) {
    if (has_step(b, index[k], 0)) {
      lin->path[paths++] = index[k];
    }
  }
  return paths;
}

irl_err irl_linearizer_run(irl_linearizer* lin, const irl_batch* batch, const int* index, int n,
                           irl_differences* out, int64_t* env_steps, irl_errinfo* info) {
  IRL_TRY(check(lin, batch, out, info));
  const int paths = choose_paths(lin, batch, index, n);
  if (paths == 0) {
    return irl_fail(info, IRL_ERANGE,
                    "linearisation: none of %d trajectories is valid; use a smaller time step or "
                    "tighter action limits",
                    n);
  }
  irl_differences_zero(out);
  out->paths = paths;
  for (int t = 0; t < batch->horizon; t++) {
    set_sizes(lin, batch, index, n, t);
  }
  memset(lin->simulated, 0, (size_t)lin->options.paths * sizeof *lin->simulated);
  atomic_int ended = 0;
  difference_job job = {lin, batch, out, &ended};
  irl_env_plain_worlds(lin->env, paths);
  const int failed = mjb_apply(lin->env->batch, lin->env->ids, paths, run_path, &job, 0);
  (void)atomic_load_explicit(&ended, memory_order_acquire);
  for (int p = 0; p < paths && env_steps != NULL; p++) {
    *env_steps += lin->simulated[p];
  }
  if (failed > 0) {
    discard_failed(lin, paths, out);
  }
  return failed < paths ? IRL_OK
                        : irl_fail(info, IRL_ESIM,
                                   "linearisation: MuJoCo stopped every simulation (%s); check the "
                                   "model",
                                   mjb_error(lin->env->batch, 0));
}
