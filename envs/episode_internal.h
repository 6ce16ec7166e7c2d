// One simulation of a task, step by step; private to envs. Nothing here allocates.
#ifndef MJIRL_ENVS_EPISODE_INTERNAL_H_
#define MJIRL_ENVS_EPISODE_INTERNAL_H_

#include "envs/task_internal.h"

typedef struct irl_episode {
  const irl_task* task;
  const mjModel* m;
  mjData* d;
  const double* base[IRL_NSOURCE];  // where channels read
  double* memory;                   // last values of velocities (nmemory)
  double* tangent;                  // rotations                 (ntangent, 3)
  int held;                         // control steps in a row that success has held
} irl_episode;

// Doubles of memory that an episode needs: last values, residuals, rotations.
int irl_episode_memory(const irl_task* task);

// Binds the episode to simulator data and puts it at its start: a physics state (nstate), or a
// condition with noise (NULL: without). False when no start could be drawn.
bool irl_episode_reset(irl_episode* ep, const irl_task* task, const mjModel* m, mjData* d,
                       double* memory, int condition, const double* state, irl_start_noise* noise);

// The same from given qpos (nq) and qvel (nv).
void irl_episode_reset_at(irl_episode* ep, const irl_task* task, const mjModel* m, mjData* d,
                          double* memory, const double* qpos, const double* qvel);

// The same from a recorded state (nstate) moved by `move` (2 nv + na: along qpos's tangent, qvel,
// act), with the observation x (nx) that a trajectory passing through there would have had: in
// Gymnasium's timing body positions one substep old, which are those of qpos − h qvel.
void irl_episode_reset_near(irl_episode* ep, const irl_task* task, const mjModel* m, mjData* d,
                            double* memory, const double* state, const double* move, double* x);

// Simulates a control step under the raw action u (nu), which is clipped to the bounds. False when
// the simulation diverged: the state is not finite, or MuJoCo counted a warning.
bool irl_episode_step(irl_episode* ep, const double* u);

// Observation of the current state, x (nx).
void irl_episode_observe(const irl_episode* ep, double* x);

// What the last step was worth, with its residuals z (nz). Once a step: it moves velocities on.
// healthy: the ranges hold; success: the condition has held long enough.
double irl_episode_outcome(irl_episode* ep, const double* u, double* z, bool* healthy,
                           bool* success);

#endif  // MJIRL_ENVS_EPISODE_INTERNAL_H_
