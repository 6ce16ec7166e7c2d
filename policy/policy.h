// Gaussian linear-feedback policies, time-varying or stationary:
//
//   u_t ~ N(K_s x_t + k_s, Σ_s),   s = min(t, steps − 1)
//
// A time-varying policy has one controller a control step (steps = T), a stationary one has
// steps = 1; everything here works with both. Finn, Levine and Abbeel 2016 (Guided Cost Learning),
// section 4.2, use the time-varying form as the sampler q(τ).
#ifndef MJIRL_POLICY_POLICY_H_
#define MJIRL_POLICY_POLICY_H_

#include "base/batch.h"
#include "base/err.h"
#include "base/random.h"
#include "base/tensors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_policy {
  int steps;  // S: T for a time-varying policy, 1 for a stationary one
  int nx;
  int nu;

  double* K;      // feedback gains                       (S, nu, nx)
  double* k;      // offsets                              (S, nu)
  double* sigma;  // covariances Σ                        (S, nu, nu)

  // derived by irl_policy_factor
  double* chol;    // lower Cholesky factors L of Σ       (S, nu, nu)
  double* prec;    // Σ⁻¹                                 (S, nu, nu)
  double* logdet;  // log|Σ|                              (S)
  void* memory;    // the one block behind all of it, owned
} irl_policy;

// All zero; fill K, k, sigma and call irl_policy_factor. Errors: IRL_ENOMEM, IRL_ERANGE (steps, nx
// or nu below 1, or above 2²⁴, 2¹⁴ and 256).
IRL_NODISCARD irl_err irl_policy_create(irl_policy* policy, int steps, int nx, int nu);
void irl_policy_destroy(irl_policy* policy);  // a zeroed policy is fine

// Copies src into dst of the same sizes (asserted).
void irl_policy_copy(irl_policy* dst, const irl_policy* src);

// Computes chol, prec and logdet. Errors: IRL_ENUM when a Σ is not positive definite or anything is
// not finite; info names the step.
IRL_NODISCARD irl_err irl_policy_factor(irl_policy* policy, irl_errinfo* info);

// Zero gains and offsets, Σ = diag(stddev²); stddev (nu) > 0, in action units.
IRL_NODISCARD irl_err irl_policy_set_noise(irl_policy* policy, const double* stddev);

// u = K x + k.   x (nx)  u (nu)
void irl_policy_mean(const irl_policy* policy, int t, const double* x, double* u);

// u ~ N(K x + k, Σ); returns log N(u; ...) of the u that is returned, the same bits as
// irl_policy_logdensity gives.
double irl_policy_sample(const irl_policy* policy, int t, const double* x, irl_rng* rng, double* u);

// The same from standard normals that were drawn before: u = K x + k + L noise. noise (nu) may be
// u.
double irl_policy_act(const irl_policy* policy, int t, const double* x, const double* noise,
                      double* u);

// log N(u; K x + k, Σ).
double irl_policy_logdensity(const irl_policy* policy, int t, const double* x, const double* u);

// log q(τ_i) = Σ_{t < length} log N(u_t; K_t x_t + k_t, Σ_t) of one trajectory of a batch.
double irl_policy_batch_logdensity(const irl_policy* policy, const irl_batch* batch, int i);

// Adds weight × ∂ log N(u; K x + k, Σ)/∂(K, k, Σ) of step t to dK (S, nu, nx), dk (S, nu) and
// dsigma (S, nu, nu), at the controller that acts then. With e = u − K x − k and P = Σ⁻¹ these are
// P e xᵀ, P e and ½ (P e eᵀ P − P), the entries of Σ taken as independent.
void irl_policy_add_gradient(const irl_policy* policy, int t, const double* x, const double* u,
                             double weight, double* dK, double* dk, double* dsigma);

// The same summed over the steps of one trajectory, weight (T), or NULL for ones: ∇ log q(τ_i).
void irl_policy_batch_gradient(const irl_policy* policy, const irl_batch* batch, int i,
                               const double* weight, double* dK, double* dk, double* dsigma);

// Entropy of the actions summed over `horizon` steps: Σ_t ½ log|2πe Σ_t| [nats].
double irl_policy_entropy(const irl_policy* policy, int horizon);

// Σ_t E_x[KL(p(·|x_t) ‖ q(·|x_t))] for x_t ~ N(mean_t, cov_t), which is KL(p(τ) ‖ q(τ)) when these
// are p's own state marginals. mean (T, nx), cov (T, nx, nx).
double irl_policy_kl(const irl_policy* p, const irl_policy* q, const double* mean,
                     const double* cov, int horizon);

// Σ_t KL(p(·|x_t) ‖ q(·|x_t)) over the states that trajectory i visited before its actions: an
// unbiased estimate of KL(p(τ) ‖ q(τ)) when the trajectory is p's.
double irl_policy_batch_kl(const irl_policy* p, const irl_policy* q, const irl_batch* batch, int i);

typedef struct irl_policy_fit_options {
  int window;         // steps t−window .. t+window are pooled; default 2
  double ridge;       // added to the regressors' variance, relative to it; default 1e-3
  double min_stddev;  // floor of the residual standard deviation [action units]; default 1e-2
  bool stationary;    // one controller for the rows of all steps; window is not looked at
} irl_policy_fit_options;

irl_policy_fit_options irl_policy_fit_defaults(void);

// Fits u on [x, 1] step by step by ridge regression over the given valid trajectories of a batch
// (index (n)); Σ is the covariance of a prediction's error (residuals with degrees of freedom taken
// off, shrunk towards those of all steps, and the error of the fit itself) plus the floor. This is
// the density that GCL section 4.3 needs for the demonstrations. Works for any n >= 1: with few
// trajectories the ridge grows and gains go to zero; with one, gains are 0 and Σ comes from the
// change of actions from step to step. policy is created; steps = batch horizon, or 1.
// Errors: IRL_ERANGE (n < 1), IRL_ENUM (not finite), IRL_ENOMEM.
IRL_NODISCARD irl_err irl_policy_fit(irl_policy* policy, const irl_batch* batch, const int* index,
                                     int n, const irl_policy_fit_options* options,
                                     irl_errinfo* info);

// Multiplies every Σ by scale > 0 and factors again.
void irl_policy_scale_covariance(irl_policy* policy, double scale);

// Clips the eigenvalues of every Σ to [lo², hi²] and factors again. lo and hi are standard
// deviations [action units], 0 <= lo <= hi. Errors: those of irl_policy_factor.
IRL_NODISCARD irl_err irl_policy_clip_covariance(irl_policy* policy, double lo, double hi,
                                                 irl_errinfo* info);

// The three tensors "<prefix>K", "<prefix>k", "<prefix>sigma" of a policy, borrowed from it.
void irl_policy_tensors(const irl_policy* policy, const char* prefix, irl_tensor out[3]);

// Creates a policy from such tensors, sizes from their shapes, and factors it.
IRL_NODISCARD irl_err irl_policy_from_tensors(irl_policy* policy, const irl_tensors* tensors,
                                              const char* prefix, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_POLICY_H_
