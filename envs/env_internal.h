// What the files that run simulations share: the batch of simulations and its scratch.
#ifndef MJIRL_ENVS_ENV_INTERNAL_H_
#define MJIRL_ENVS_ENV_INTERNAL_H_

#include <mujoco/mjbatch.h>

#include "envs/env.h"
#include "envs/task_internal.h"

// How far an episode has come: written every step, so each has a cache line of its own.
typedef union irl_progress {
  struct {
    int steps;  // control steps simulated, a diverged one included
    bool terminated, success;
  };
  char line[64];
} irl_progress;

struct irl_env {
  const irl_task* task;
  mjBatch* batch;
  int max_trajectories;
  bool blind;              // simulations do without cameras and lights
  int nscratch;            // doubles of scratch per simulation
  double* scratch;         // (max_trajectories, nscratch): memory of an episode
  int* ids;                // 0, 1, 2, ...                        (max_trajectories)
  irl_progress* progress;  // of the last episodes             (max_trajectories)
  irl_domain_rows domain;  // physical worlds of the simulations, where they are drawn
  double* world;           // scratch of those draws (nworld)
};

// The model that a call on a simulation steps with: m, or, where nothing looks from a camera, a
// copy of it that has no cameras and lights, whose poses MuJoCo then leaves out. The copy is the
// caller's, borrows the arrays of m, and steps the data of m.
const mjModel* irl_env_blind(const irl_env* env, mjModel* copy, const mjModel* m);

// Gives the first n simulations the task's own model, without the draws of its domain.
void irl_env_plain_worlds(irl_env* env, int n);

#endif  // MJIRL_ENVS_ENV_INTERNAL_H_
