// How long it takes to build what a frame shows, for `mjirl bench`.
#ifndef MJIRL_VIEWER_BENCH_H_
#define MJIRL_VIEWER_BENCH_H_

#include "envs/task.h"

typedef struct irl_viewer_bench {
  double scene;    // seconds of CPU to build a frame's scene: poses, colours and trails, median
  double recolor;  // to give all trails other colours [s]
} irl_viewer_bench;

// So many rollouts of random actions, all steps run; no graphics are needed. Errors: IRL_ENOMEM,
// those of irl_env_rollout.
IRL_NODISCARD irl_err irl_viewer_bench_run(irl_viewer_bench* bench, const irl_task* task,
                                           int rollouts, irl_errinfo* info);

#endif  // MJIRL_VIEWER_BENCH_H_
