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

// Where the regression of a step takes what its own trajectories do not tell.
typedef enum irl_dynamics_kind {
  IRL_DYNAMICS_FITTED,     // the pooled covariance of the steps around it
  IRL_DYNAMICS_MIXTURE,    // a mixture of Gaussians over the joint vectors of all steps
  IRL_DYNAMICS_SIMULATOR,  // nothing of the trajectories: differences of the simulator alone
  IRL_DYNAMICS_COMBINED    // those differences as prior of the regression
} irl_dynamics_kind;

// Name of a kind ("fitted", ...), NULL beyond the last; and the kind of a name, false if unknown.
const char* irl_dynamics_kind_name(int kind);
bool irl_dynamics_kind_parse(const char* name, irl_dynamics_kind* kind);

// Differences of the simulator about trajectories (envs/linearize.h): rows [Δx, Δu, Δ(x' − x), Δz],
// scaled so that Σ_rows row rowᵀ / paths is the joint covariance the trajectories would have if
// the system were linear. Zero rows are missing ones.
typedef struct irl_differences {
  int horizon;  // T
  int n;        // rows a step
  int d;        // 2 nx + nu + nz
  int paths;    // trajectories that the rows stand for
  double* row;  // (T, n, d), owned
} irl_differences;

IRL_NODISCARD irl_err irl_differences_create(irl_differences* diff, int horizon, int n, int d);
void irl_differences_destroy(irl_differences* diff);  // a zeroed one is fine
void irl_differences_zero(irl_differences* diff);
static inline double* irl_differences_row(const irl_differences* diff, int t, int i) {
  return diff->row + ((long)t * diff->n + i) * diff->d;
}

// The defaults were chosen by the error of predictions on held-out trajectories of a two-joint arm
// with a reacher's observations (tests/policy/arm.h; 50 steps, weak and strong feedback). Against
// them the regression of each step alone errs 5 to 8 times as much with 5 trajectories, 1.2 to 1.9
// times with 10, 1 to 1.2 times with 25. Motion that changes within 5 steps wants a smaller window.
typedef struct irl_dynamics_options {
  irl_dynamics_kind kind;  // default fitted
  int window;              // fitted: the prior of step t is the covariance within t−window ..
                           // t+window; default 5
  double prior_strength;   // weight of the prior, in trajectories; default 30
  double ridge;            // variance added to standardised regressors; default 1e-3
  double min_variance;     // floor on cov's diagonal, share of x's variance in the batch; 1e-6
  int clusters;            // mixture: at most so many Gaussians; default 20
  int cluster_points;      // mixture: at least so many steps a Gaussian; default 40
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

// The same with memory that is taken once, for loops. A mixture goes on from that of the last call,
// and is fitted to the newest 20 trajectories of this and earlier calls, or to all of this one: use
// a fitter of its own for each condition then.
typedef struct irl_dynamics_fitter irl_dynamics_fitter;
IRL_NODISCARD irl_err irl_dynamics_fitter_create(irl_dynamics_fitter** fitter, int horizon, int nx,
                                                 int nu, int nz);
void irl_dynamics_fitter_destroy(irl_dynamics_fitter* fitter);  // NULL is fine

// differences: needed for `simulator` and `combined` (else IRL_ERANGE), NULL otherwise.
IRL_NODISCARD irl_err irl_dynamics_fitter_run(irl_dynamics_fitter* fitter, irl_dynamics* dyn,
                                              const irl_batch* batch, const int* index, int n,
                                              const irl_dynamics_options* options,
                                              const irl_differences* differences,
                                              irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_DYNAMICS_H_
