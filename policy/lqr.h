// Maximum-entropy LQR under a KL constraint: the sampler's step
//
//   min_q E_q[c] − ν H(q)   subject to   KL(q ‖ q_prev) ≤ ε
//
// (Levine and Abbeel 2014; Finn, Levine and Abbeel 2016, section 4.2 and appendix A). With the dual
// variable η the Lagrangian is an unconstrained problem with the cost
//
//   C̃ = (C + η P) / (η + ν),   P = expansion of −log q_prev(u|x),
//
// whose solution is u_t ~ N(K_t x_t + k_t, Q_uu⁻¹). For ν = 1 and η = 0 it is p(τ) ∝ e^{−c(τ)}
// itself and the soft value of the start state gives log Z in closed form.
#ifndef MJIRL_POLICY_LQR_H_
#define MJIRL_POLICY_LQR_H_

#include "base/err.h"
#include "policy/dynamics.h"
#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

// Stage costs ½ yᵀ C_t y + c_tᵀ y + c0_t, y = [x; u], n = nx + nu.
typedef struct irl_quadratic {
  int horizon;  // T
  int nx;
  int nu;
  double* C;   // (T, n, n), symmetric
  double* c;   // (T, n)
  double* c0;  // (T)
  void* memory;
} irl_quadratic;

IRL_NODISCARD irl_err irl_quadratic_create(irl_quadratic* q, int horizon, int nx, int nu);
void irl_quadratic_destroy(irl_quadratic* q);
void irl_quadratic_zero(irl_quadratic* q);

// Adds weight × the expansion with value c0, gradient g (n) and Hessian H (n, n) taken at y (n) to
// step t, re-centred to the origin.
void irl_quadratic_add(irl_quadratic* q, int t, double weight, const double* y, double c0,
                       const double* g, const double* H);

// Memory for T steps, made once and used by every call; not thread safe (one per thread).
typedef struct irl_lqr irl_lqr;
IRL_NODISCARD irl_err irl_lqr_create(irl_lqr** lqr, int horizon, int nx, int nu);
void irl_lqr_destroy(irl_lqr* lqr);

// Soft value function of step t after a backward pass, V(x) = ½ xᵀVx + vᵀx + v0 with
//   e^{−V_t(x)} = ∫ e^{−c̃_t(x,u) − E[V_{t+1}(x')]} du,   x' ~ N(F y + f, cov),   V_T = 0,
// all constants included. With deterministic dynamics that is ∫ e^{−Σ_{s≥t} c̃_s} over all actions
// to come; noise is averaged outside the logarithm and adds ½ tr(V_{t+1} cov). Pointers into lqr.
// t in [0, T).
typedef struct irl_value {
  const double* V;  // (nx, nx)
  const double* v;  // (nx)
  double v0;
} irl_value;
irl_value irl_lqr_value(const irl_lqr* lqr, int t);

// One backward pass on c̃ = (cost + eta·(−log prev)) / (eta + nu), with the constants of −log prev;
// prev may be NULL when eta is 0, and may be stationary. For t = T−1 .. 0, V, v, v0 those of t+1:
//   Q  = C̃ + FᵀVF        q  = c̃ + Fᵀ(Vf + v)        q0 = c̃0 + ½ fᵀVf + vᵀf + v0 + ½ tr(V cov)
//   K  = −Q_uu⁻¹ Q_ux     k  = −Q_uu⁻¹ q_u           Σ  = Q_uu⁻¹
//   V ← Q_xx − Q_xu Q_uu⁻¹ Q_ux        v ← q_x − Q_xu Q_uu⁻¹ q_u
//   v0 ← q0 − ½ q_uᵀ Q_uu⁻¹ q_u − (dim u / 2) log 2π + ½ log|Q_uu|
// out (time-varying) gets K, k, Σ, factored. The dynamics of step T−1 are not used. Errors:
// IRL_ENUM when some Q_uu is not positive definite, something is not finite (out is then garbage),
// or eta + nu is 0.
IRL_NODISCARD irl_err irl_lqr_backward(irl_lqr* lqr, const irl_dynamics* dyn,
                                       const irl_quadratic* cost, const irl_policy* prev,
                                       double eta, double nu, irl_policy* out);

// Gaussian marginals of y_t = [x_t; u_t] under a policy: mean (T, n), cov (T, n, n), in lqr's
// memory.
void irl_lqr_forward(irl_lqr* lqr, const irl_dynamics* dyn, const irl_policy* policy);
const double* irl_lqr_mean(const irl_lqr* lqr);
const double* irl_lqr_cov(const irl_lqr* lqr);

// Σ_t E[½ yᵀC y + cᵀy + c0] under the marginals of the last forward pass.
double irl_lqr_expected_cost(const irl_lqr* lqr, const irl_quadratic* cost);

// KL(p ‖ q) under the marginals of the last forward pass, which must have been p's.
double irl_lqr_kl(const irl_lqr* lqr, const irl_policy* p, const irl_policy* q);

// log Z, or its average −E_{x_0}[V_0(x_0)], for ν = 1, η = 0 after irl_lqr_backward; x0 mean and
// covariance from dyn. For deterministic dynamics, exact log ∫ e^{−c} du at a fixed start x0: pass
// it; NULL: average.
double irl_lqr_log_z(const irl_lqr* lqr, const irl_dynamics* dyn, const double* x0);

typedef struct irl_lqr_options {
  double kl_limit;        // ε over the whole trajectory [nats]; INFINITY: none
  double entropy_weight;  // ν; default 1
  double min_stddev;      // floor of the action noise [action units]; default 1e-4, 0: none
  double max_stddev;      // ceiling of the action noise; default INFINITY
  double kl_tolerance;    // accept |KL − ε| below this share of ε; default 0.1
  int max_dual_steps;     // default 50
} irl_lqr_options;

irl_lqr_options irl_lqr_defaults(void);

typedef struct irl_lqr_report {
  double eta;            // dual variable found, 0 when the constraint does not bind
  double kl;             // KL(new ‖ prev) under new's marginals [nats]
  double entropy;        // of the new policy [nats]
  double expected_cost;  // under the new policy and these dynamics
  double expected_cost_prev;
  double expected_entropy_prev;
  int dual_steps;
  int indefinite;  // backward passes that met a Q_uu that was not positive definite
  bool converged;  // KL within tolerance of the limit, or below it with eta at its floor
} irl_lqr_report;

// The constrained step, by bracketing eta in log space (Levine and Abbeel 2014). *eta is where the
// search starts and gets the solution (warm start; give 1 the first time; 0 is fine). out may not
// be prev; prev may be stationary. Noise bounds clip the eigenvalues of Σ after the pass, K and k
// stay; kl, entropy and costs are those of the clipped policy. lqr keeps out's value function
// (before clipping) and marginals. When max_dual_steps are used up, or bounds that prev breaks put
// the limit out of reach, out is the best policy within the limit, else the most cautious one, and
// converged is false. Errors: IRL_ENUM when no eta gives a positive definite, finite pass (out is
// then a copy of prev).
IRL_NODISCARD irl_err irl_lqr_step(irl_lqr* lqr, const irl_dynamics* dyn, const irl_quadratic* cost,
                                   const irl_policy* prev, const irl_lqr_options* options,
                                   double* eta, irl_policy* out, irl_lqr_report* report);

// Next step size by comparing improvements (guided policy search; both under the *previous* cost,
// GCL appendix A): mult = predicted / (2 max(1e-4, predicted − actual)), kept in [0.1, 5]; returns
// the new multiplier within [lo, hi].
double irl_lqr_adapt(double multiplier, double predicted, double actual, double lo, double hi);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_LQR_H_
