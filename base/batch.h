// A batch of trajectories: the one data type that every room passes around.
//
//   tau_i = (x_0, u_0, x_1, u_1, ..., u_{T-1}, x_T)
//
// All arrays are row-major and owned by the batch. Rows at and after length[i] are zero, except
// x and state, which have length[i] + 1 rows.
#ifndef MJIRL_BASE_BATCH_H_
#define MJIRL_BASE_BATCH_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_batch {
  int n;        // N, trajectories
  int horizon;  // T, control steps
  int nx;       // observation entries
  int nu;       // action entries
  int nz;       // reward residual entries, may be 0
  int nstate;   // physics state entries, 0: not recorded
  int nworld;   // factors of a world that is drawn for each trajectory, 0: not recorded

  double* x;            // observations                              (N, T+1, nx)
  double* u;            // raw actions, as the policy gave them      (N, T, nu)
  double* z;            // residuals that the reward is made of      (N, T, nz)
  double* reward;       // true reward of step t, after it           (N, T)
  double* logq;         // log-density of u_t under its sampler      (N, T)
  double* state;        // physics state (envs/env.h names its parts) (N, T+1, nstate)
  double* world;        // those factors; a row begins with NaN where they are not known (N, nworld)
  int* length;          // control steps until the end, <= T         (N)
  int* condition;       // initial condition, from 0                 (N)
  uint8_t* valid;       // 0: diverged, to be left out everywhere    (N)
  uint8_t* terminated;  // ended by the task's termination rule      (N)
  uint8_t* success;     // task's success rule held                  (N)
  bool has_reward;      // false: reward holds zeros and means nothing
  void* memory;         // the one block behind all of it
} irl_batch;

// All arrays zeroed, length = T, valid = 1, has_reward true. Errors: IRL_ENOMEM, IRL_ERANGE for a
// size below zero (n, horizon, nx may not be 0) or a product that overflows.
IRL_NODISCARD irl_err irl_batch_create(irl_batch* batch, int n, int horizon, int nx, int nu, int nz,
                                       int nstate);
void irl_batch_destroy(irl_batch* batch);  // a zeroed batch is fine

// Room for the factors of drawn worlds, none of them known yet; nworld 0 changes nothing. Errors:
// IRL_ENOMEM.
IRL_NODISCARD irl_err irl_batch_add_worlds(irl_batch* batch, int nworld);

// Copies trajectory `from` of src over trajectory `to` of dst; the sizes per step must agree and
// the trajectory must not be longer than dst's horizon (asserted). nz, nstate and nworld may be 0
// in either. Rewards that src does not have make dst a batch without rewards.
void irl_batch_copy(irl_batch* dst, int to, const irl_batch* src, int from);

// Pointers to one step.
static inline double* irl_batch_x(const irl_batch* b, int i, int t) {
  return b->x + ((long)i * (b->horizon + 1) + t) * b->nx;
}
static inline double* irl_batch_u(const irl_batch* b, int i, int t) {
  return b->u + ((long)i * b->horizon + t) * b->nu;
}
static inline double* irl_batch_z(const irl_batch* b, int i, int t) {
  return b->z + ((long)i * b->horizon + t) * b->nz;
}
static inline double* irl_batch_state(const irl_batch* b, int i, int t) {
  return b->state + ((long)i * (b->horizon + 1) + t) * b->nstate;
}

// The factors of trajectory i's world (nworld), or NULL where they are not known.
const double* irl_batch_world(const irl_batch* batch, int i);

// Σ_t reward over a trajectory's length, and Σ_t log q.
double irl_batch_return(const irl_batch* batch, int i);
double irl_batch_logq(const irl_batch* batch, int i);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_BATCH_H_
