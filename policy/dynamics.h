// Time-varying linear-Gaussian dynamics fitted to trajectories:
//
//   x_{t+1} ~ N(F_t [x_t; u_t] + f_t, cov_t),    z_t ≈ Z_t [x_t; u_t] + z0_t
//
// z are the residuals a reward is made of (envs/reward.h); they ride along as further outputs of the
// same regression. Levine and Abbeel 2014, section 4: linear regression under a prior that shares
// strength between time steps.
#ifndef MJIRL_POLICY_DYNAMICS_H_
#define MJIRL_POLICY_DYNAMICS_H_

#include "base/batch.h"
#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_dynamics {
  int horizon;  // T
  int nx;
  int nu;
  int nz;

  double* F;    // (T, nx, nx+nu)
  double* f;    // (T, nx)
  double* cov;  // (T, nx, nx)
  double* Z;    // (T, nz, nx+nu)
  double* z0;   // (T, nz)
  double* x0_mean;  // start state                 (nx)
  double* x0_cov;   //                             (nx, nx)
  void* memory;     // the one block behind all of it, owned
} irl_dynamics;

IRL_NODISCARD irl_err irl_dynamics_create(irl_dynamics* dyn, int horizon, int nx, int nu, int nz);
void irl_dynamics_destroy(irl_dynamics* dyn);

typedef struct irl_dynamics_options {
  int window;             // the prior of step t is a regression over steps t−window .. t+window
  double prior_strength;  // weight of the prior, in trajectories
  double ridge;           // variance added to standardised regressors
  double min_variance;    // floor on cov's diagonal, relative to each output's variance
} irl_dynamics_options;

irl_dynamics_options irl_dynamics_defaults(void);

// Fits over the given valid trajectories (index (n)) of full length; regressors are standardised
// inside, constant observations are allowed. x0_mean and x0_cov are those of x at t = 0.
// Errors: IRL_ERANGE (n < 2), IRL_ENUM, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_dynamics_fit(irl_dynamics* dyn, const irl_batch* batch, const int* index,
                                       int n, const irl_dynamics_options* options,
                                       irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_DYNAMICS_H_
