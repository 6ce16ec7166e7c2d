// Made-up replays of a point mass in a plane, with known paths and costs, for the tests of viewer/.
#ifndef MJIRL_TESTS_VIEWER_SYNTHETIC_H_
#define MJIRL_TESTS_VIEWER_SYNTHETIC_H_

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "test.h"
#include "viewer/viewer.h"

enum { SYN_STEPS = 40 };

// A ball on two slides over a floor, a target on two slides of its own, and two cameras.
static const char* const SYN_MJCF =
    "<mujoco><option timestep='0.01'/><worldbody>"
    "<geom name='floor' type='plane' size='3 3 1' pos='0 0 -0.05'/>"
    "<camera name='above' pos='0 0 3'/><camera name='aside' pos='0 -3 1' xyaxes='1 0 0 0 1 3'/>"
    "<body name='ball'><joint name='x' type='slide' axis='1 0 0'/>"
    "<joint name='y' type='slide' axis='0 1 0'/><geom size='0.03' mass='1'/></body>"
    "<body name='goal'><joint name='gx' type='slide' axis='1 0 0'/>"
    "<joint name='gy' type='slide' axis='0 1 0'/><geom size='0.02' mass='1' contype='0'/></body>"
    "</worldbody></mujoco>";
static const char* const SYN_JSON =
    "{\"name\": \"synthetic\", \"model\": \"synthetic.xml\", \"horizon\": 40,"
    " \"observation\": [{\"qpos\": [\"x\", \"y\"]}]}";

typedef struct synthetic {
  irl_task* task;
  irl_batch batch;
  double* cost;  // (N, T)
  irl_replay_group group;
  irl_replay replay;
} synthetic;

// Places x, y and the target in the state of step t.
static inline void syn_state(synthetic* s, int i, int t, double x, double y, double gx, double gy) {
  int n = 0;
  const irl_state_part* parts = irl_task_state_parts(s->task, &n);
  for (int k = 0; k < n; k++) {
    if (strcmp(parts[k].name, "qpos") == 0) {
      double qpos[4] = {x, y, gx, gy};
      memcpy(irl_batch_state(&s->batch, i, t) + parts[k].offset, qpos, sizeof qpos);
    }
  }
}

// Height of rollout i's path and its constant cost.
static inline double syn_y(int i, int n) {
  return n > 1 ? 0.3 - 0.6 * i / (n - 1) : 0.3;
}

static inline double syn_cost(int i, int n) {
  return n > 1 ? 1.0 + 2.0 * i / (n - 1) : 1.0;
}

// n rollouts straight from x = −0.5 to x = 0.5 at heights from 0.3 down to −0.3, costs from 1 to 3
// of a range 0 to 4; targets at (0.6, 0) in all.
static inline void syn_open(synthetic* s, int n) {
  irl_errinfo info = {0};
  *s = (synthetic){0};
  irl_env_runtime_init();
  if (irl_task_from_text(&s->task, SYN_JSON, SYN_MJCF, &info) != IRL_OK) {
    printf("%s\n", info.text);
    exit(101);
  }
  const irl_task_info* t = irl_task_get(s->task);
  CHECK_OK(irl_batch_create(&s->batch, n, SYN_STEPS, t->nx, t->nu, t->nz, t->nstate));
  s->cost = IRL_NEW(double, n* SYN_STEPS);
  for (int i = 0; i < n; i++) {
    for (int k = 0; k <= SYN_STEPS; k++) {
      syn_state(s, i, k, -0.5 + (double)k / SYN_STEPS, syn_y(i, n), 0.6, 0.0);
    }
    for (int k = 0; k < SYN_STEPS; k++) {
      s->cost[i * SYN_STEPS + k] = syn_cost(i, n);
    }
  }
  s->batch.has_reward = false;
  s->group = (irl_replay_group){.name = "known", .batch = &s->batch, .cost = s->cost};
  s->replay = (irl_replay){.task = s->task,
                           .groups = &s->group,
                           .ngroups = 1,
                           .quantity = "known cost",
                           .range = {0.0, 4.0}};
}

static inline void syn_close(synthetic* s) {
  irl_batch_destroy(&s->batch);
  irl_free(s->cost);
  irl_task_destroy(s->task);
}

// A path in the test's own folder.
static inline const char* syn_path(char* out, size_t size, const char* name) {
  const char* folder = test_folder();
  (void)snprintf(out, size, "%s/%s", folder, name);
  return out;
}

#endif  // MJIRL_TESTS_VIEWER_SYNTHETIC_H_
