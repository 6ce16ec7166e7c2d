// Energies, densities and weights of trajectories: the partition function of
// p_θ(τ) = e^{−c_θ(τ)}/Z, estimated from samples. All in double and log space.
//
// Arrays are per trajectory: cost c (N), log-density logq (N), all of one condition.
#ifndef MJIRL_IRL_PARTITION_H_
#define MJIRL_IRL_PARTITION_H_

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_log_z {
  double log_z;       // estimate
  double std_error;   // delta-method standard error of log_z from the batch itself
  double ess;         // effective sample size (Σw)²/Σw²
  double max_weight;  // largest normalised weight
} irl_log_z;

// Normalised weights w_i ∝ exp(logw_i), Σ w_i = 1, and log mean exp(logw).  w (n) may be NULL.
irl_log_z irl_importance(const double* logw, int n, double* w);

// The same with a control variate: v_i = π(τ_i)/μ(τ_i) for a density π over the actions, here that
// of the linear-quadratic model's own solution, whose mean under μ is known to be 1 (Owen and Zhou
// 2000, "Safe and effective importance sampling", section 3). Ẑ = mean w − β (mean v − 1), β by
// regression of w on v, which is Σ_i a_i w_i with a_i = 1/n − (v_i − v̄)(v̄ − 1)/Σ(v − v̄)²; the
// shares a_i w_i / Ẑ go to w (n), or NULL, and can be negative. Where the cost is the model's, w =
// Z v and Ẑ = Z without any variance. Falls back to irl_importance where the mean of v is more than
// three of its standard errors from 1: the samples do not cover the model then, and only one that
// explains all but 1e-6 of the variance of w may extrapolate. std_error is that of what v does not
// explain.
irl_log_z irl_log_z_controlled(const double* logw, const double* logv, int n, double* w);

// Shape k̂ of the generalised Pareto distribution that the largest min(n/5, 3√n) weights exp(logw)
// follow above the next one (Vehtari et al. 2024): below ½ the weights have a variance, above 0.7
// an estimate from them is not to be trusted. NAN with fewer than 5 such weights (n <= 20) or a
// log-weight that is not finite; INFINITY when all but a few are nothing beside the largest. work
// (n).
double irl_tail_index(const double* logw, int n, double* work);

// log Z by q alone: logw_i = −c_i − log q_i  (GCL, section 4.1). work (n).
irl_log_z irl_log_z_from_q(const double* cost, const double* logq, int n, double* work);

// log μ(τ_i) = log Σ_m (count_m/Σcount) q_m(τ_i): mixture of M densities, each weighted by its
// share of the trajectories. logq (M, N) row-major, out (N).
void irl_log_mixture(const double* logq, const double* count, int m, int n, double* out);

// 1611.03852, section 3: discriminator logit s = −c − log q − log Z and D = σ(s).
double irl_discriminator_logit(double cost, double logq, double log_z);

// log Z at which the discriminator's loss is stationary, mean_p(1−D) = mean_q(D), by bracketing in
// log space. Returns the root; *conditioning = mean D(1−D) over both batches.
double irl_discriminator_log_z(const double* cost_p, const double* logq_p, int np,
                               const double* cost_q, const double* logq_q, int nq,
                               double* conditioning);

// The importance-sampling estimate with μ̃ = ½ e^{−c}/Z + ½ q at a given log Z:
// log(½ mean_p[e^{−c}/μ̃] + ½ mean_q[e^{−c}/μ̃]); fact 1 says that it equals log Z at the root above.
double irl_half_mixture_log_z(const double* cost_p, const double* logq_p, int np,
                              const double* cost_q, const double* logq_q, int nq, double log_z);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_PARTITION_H_
