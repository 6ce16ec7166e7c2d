// Time-varying linear-Gaussian dynamics fitted to trajectories:
//
//   x_{t+1} ~ N(F_t [x_t; u_t] + f_t, cov_t),    z_t ≈ Z_t [x_t; u_t] + z0_t
//
// z are the residuals a reward is made of (envs/reward.h); they ride along as further outputs of
// the same regression. Levine and Abbeel 2014, section 4: linear regression under a prior that
// shares strength between time steps.
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

  double* F;        // (T, nx, nx+nu)
  double* f;        // (T, nx)
  double* cov;      // (T, nx, nx)
  double* Z;        // (T, nz, nx+nu)
  double* z0;       // (T, nz)
  double* x0_mean;  // start state                 (nx)
  double* x0_cov;   //                             (nx, nx)
  void* memory;     // the one block behind all of it, owned
} irl_dynamics;

IRL_NODISCARD irl_err irl_dynamics_create(irl_dynamics* dyn, int horizon, int nx, int nu, int nz);
void irl_dynamics_destroy(irl_dynamics* dyn);

// The defaults were chosen by the error of predictions on held-out trajectories of a two-joint arm
// with a reacher's observations (tests/policy/arm.h; 50 steps, weak and strong feedback). Against
// them the regression of each step alone errs 5 to 8 times as much with 5 trajectories, 1.2 to 1.9
// times with 10, 1 to 1.2 times with 25. Motion that changes within 5 steps wants a smaller window.
typedef struct irl_dynamics_options {
  int window;             // the prior of step t: covariance within steps t−window .. t+window; 5
  double prior_strength;  // weight of the prior, in trajectories; default 30
  double ridge;           // variance added to standardised regressors; default 1e-3
  double min_variance;    // floor on cov's diagonal, share of x's variance in the batch; 1e-6
} irl_dynamics_options;

irl_dynamics_options irl_dynamics_defaults(void);

// Fits over the given valid trajectories (index (n)); a shorter trajectory gives the steps it has,
// and steps that none reached repeat the last model. The change of x is regressed on standardised
// regressors, so that the ridge pulls towards F = [1 0]; a regressor that does not vary has slope
// 0, and a constant observation predicts itself. Any n >= 2 works. x0_mean and x0_cov are those of
// x at t = 0. Errors: IRL_ERANGE (fewer than 2 usable), IRL_ENUM, IRL_ENOMEM; dyn is then half
// written.
IRL_NODISCARD irl_err irl_dynamics_fit(irl_dynamics* dyn, const irl_batch* batch, const int* index,
                                       int n, const irl_dynamics_options* options,
                                       irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_DYNAMICS_H_
