// The sampler of one initial condition: a time-varying linear-Gaussian policy with the fitted
// dynamics and the maximum-entropy LQR step that improve it on a cost, or a stationary one with the
// natural gradient. Used for a learned cost (training) and for the true one (expert).
#ifndef MJIRL_IRL_SAMPLER_INTERNAL_H_
#define MJIRL_IRL_SAMPLER_INTERNAL_H_

#include "base/batch.h"
#include "base/random.h"
#include "envs/task.h"
#include "policy/advantage.h"
#include "policy/dynamics.h"
#include "policy/lqr.h"
#include "policy/natural.h"
#include "policy/policy.h"
#include "policy/whiten.h"

// What is optimised: a cost of trajectories that can be expanded to second order.
typedef struct irl_objective {
  // Expands the cost of the given trajectories of a batch about their own points into out, averaged
  // over them. dyn is fitted to the same trajectories. scratch: from scratch_create, one a caller
  // at a time.
  void (*expand)(const void* arg, const irl_batch* batch, const int* index, int n,
                 const irl_dynamics* dyn, irl_quadratic* out, void* scratch);
  double (*path_cost)(const void* arg, const irl_batch* batch, int i);  // c(τ_i)
  irl_err (*scratch_create)(const void* arg, void** scratch);
  void (*scratch_destroy)(void* scratch);
  const void* arg;
} irl_objective;

// What a stationary sampler steps with. Nothing in it outlasts a step.
typedef struct irl_gradient {
  irl_natural natural;
  irl_critic value;
  irl_whiten whiten;  // of the observations of the step's own trajectories
  double* stddev;     //                                             (nx)
  double* advantage;  // by place in the batch                       (most, T)
  double* sums;       // discounted costs to come, turned            (most, T)
  int* fold;          // trajectories that values are fitted to      (samples)
  int* rest;          // and those that they are for                 (samples)
  int samples, most;  // most trajectories of a step; of the batch they lie in
} irl_gradient;

typedef struct irl_sampler {
  int horizon, nx, nu;
  irl_policy policy;     // q, what samples are drawn from
  irl_policy candidate;  // result of the next step, then swapped in
  irl_dynamics dyn;      // fitted to q's last trajectories
  irl_dynamics_fitter* fitter;
  const irl_differences* differences;  // of the simulator about them, NULL: none; borrowed
  irl_quadratic cost;                  // expansion of the cost about them
  irl_lqr* lqr;
  void* scratch;  // of the expansion
  void (*scratch_destroy)(void*);
  double eta;              // dual variable, warm start
  double multiplier;       // on the KL limit
  irl_lqr_report report;   // of the last step
  irl_gradient* gradient;  // of a stationary policy, which has none of dyn, fitter, cost and lqr;
                           // NULL: of a time-varying one
} irl_sampler;

typedef struct irl_sampler_options {
  double kl_step;       // KL limit a control step [nats], before the multiplier
  double kl_lo, kl_hi;  // bounds of the multiplier
  irl_dynamics_options dynamics;
  irl_lqr_options lqr;
  double discount, trace;  // of a stationary policy's advantages
} irl_sampler_options;

// Refuses tasks whose time-varying matrices would not fit into a sensible amount of memory:
// IRL_EUNSUPPORTED when T (nx + nu)² is beyond IRL_SAMPLER_MOST numbers, and a sampler holds
// several such arrays.
#define IRL_SAMPLER_MOST 4e7
IRL_NODISCARD irl_err irl_sampler_check(const irl_task* task, irl_errinfo* info);

IRL_NODISCARD irl_err irl_sampler_init(irl_sampler* sampler, int horizon, int nx, int nu, int nz,
                                       const irl_objective* objective);

// The same for a stationary policy that steps on at most `samples` trajectories, which lie in
// batches of at most `most`.
IRL_NODISCARD irl_err irl_sampler_init_stationary(irl_sampler* sampler, int horizon, int nx, int nu,
                                                  int samples, int most);
void irl_sampler_fini(irl_sampler* sampler);

// One step: fits dynamics to trajectories (index (nfit)), expands the cost about the first n, takes
// the KL-constrained maximum-entropy LQR step and makes it the policy. When fit or step fail the
// policy stays and the KL limit is halved. Returns false then.
bool irl_sampler_step(irl_sampler* sampler, const irl_sampler_options* options,
                      const irl_batch* batch, const int* index, int n, int nfit,
                      const irl_objective* objective);

// One step of a stationary sampler: the natural gradient of E[c] − H at trajectories (index (n)) of
// its policy, given the costs of their steps, cost (N, T). Its KL limit holds for the mean of the
// control steps. When the step fails the policy stays and the limit is halved. Returns false then.
bool irl_sampler_ascend(irl_sampler* sampler, const irl_sampler_options* options,
                        const irl_batch* batch, const int* index, int n, const double* cost);

void irl_gradient_destroy(irl_gradient* gradient);  // NULL is fine

// Zero gains with noise of `stddev` action half-ranges around a random pull (its size in
// half-ranges) that fades over a share `fade` of the steps, so that starts from different streams
// fall into different valleys. The second, which fades over a fifth, also puts the step control
// back.
IRL_NODISCARD irl_err irl_policy_start(irl_policy* policy, const irl_task* task, double stddev,
                                       double pull, double fade, irl_rng* rng);
IRL_NODISCARD irl_err irl_sampler_start(irl_sampler* sampler, const irl_task* task, double stddev,
                                        double pull, irl_rng* rng);

// Half of an action's range, 1 where it is unbounded.
double irl_half_range(const irl_task* task, int action);

// Raises the KL limit after an improvement of the objective and halves it after a loss, both under
// the same cost (DESIGN of the step control: docs/training.md).
void irl_sampler_adapt(irl_sampler* sampler, const irl_sampler_options* options, double before,
                       double after);

#endif  // MJIRL_IRL_SAMPLER_INTERNAL_H_
