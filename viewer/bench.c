#include "viewer/bench.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "envs/env.h"
#include "viewer/frame.h"

enum { FRAMES = 60, WARM = 5 };

static double cpu_now(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static irl_err roll(irl_batch* batch, const irl_task* task, int n, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  irl_env* env = NULL;
  irl_rollout rollout = {.mode = IRL_ACTION_UNIFORM,
                         .run_on = true,
                         .reset_purpose = IRL_PURPOSE_EVAL,
                         .action_purpose = IRL_PURPOSE_EVAL_ACTION};
  irl_err err = irl_batch_create(batch, n, t->horizon, t->nx, t->nu, t->nz, t->nstate);
  if (err != IRL_OK) {
    return irl_fail(info, err, "bench: out of memory; free some");
  }
  IRL_TRY(irl_env_create(&env, task, n, 0, info));
  err = irl_env_rollout(env, &rollout, batch, NULL, NULL, info);
  irl_env_destroy(env);
  return err;
}

// A frame at a moment that goes through the whole replay; the trails grow with it.
static void build_frame(irl_show* show, int frame) {
  irl_moment moment = {.step = show->motion.steps * frame / FRAMES, .focus = -1};
  const irl_tile* tile = &show->layout.tile[0];
  irl_trails trails = irl_show_trails(show, 0, &moment, 1.0);
  irl_lens lens;
  irl_show_stage(show, 0, tile, &moment);
  mjvGLCamera eye = mjv_averageCamera(&show->stage.scene.camera[0], &show->stage.scene.camera[1]);
  irl_lens_init(&lens, &eye, tile->width, tile->height);
  (void)irl_draw_ribbons(&show->draw, &lens, &trails);
}

static void measure(irl_viewer_bench* bench, irl_show* show) {
  double seconds[FRAMES];
  for (int f = 0; f < WARM; f++) {
    build_frame(show, f);
  }
  for (int f = 0; f < FRAMES; f++) {
    double begin = cpu_now();
    build_frame(show, f);
    seconds[f] = cpu_now() - begin;
  }
  qsort(seconds, FRAMES, sizeof seconds[0], compare);
  bench->scene = seconds[FRAMES / 2];
  double begin = cpu_now();
  irl_draw_recolor(&show->draw, &show->stage);
  bench->recolor = cpu_now() - begin;
}

irl_err irl_viewer_bench_run(irl_viewer_bench* bench, const irl_task* task, int rollouts,
                             irl_errinfo* info) {
  irl_batch batch = {0};
  irl_show show = {0};
  irl_env_runtime_init();
  irl_err err = roll(&batch, task, rollouts, info);
  double* cost = err == IRL_OK ? IRL_NEW(double, batch.n* batch.horizon) : NULL;
  for (int i = 0; cost != NULL && i < batch.n * batch.horizon; i++) {
    cost[i] = -batch.reward[i];
  }
  irl_replay_group group = {.name = "random", .batch = &batch, .cost = cost};
  irl_replay replay = {.task = task, .groups = &group, .ngroups = 1};
  if (err == IRL_OK) {
    err = irl_show_prepare(&show, &replay, &(irl_view_options){0}, 1280, 720, false, info);
  }
  if (err == IRL_OK) {
    measure(bench, &show);
  }
  irl_show_destroy(&show);
  irl_free(cost);
  irl_batch_destroy(&batch);
  return err;
}
