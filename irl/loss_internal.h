// Losses of cost learning on one condition's trajectories: value and derivative with respect to
// each trajectory's cost, from which backpropagation does the rest. One small file a loss.
#ifndef MJIRL_IRL_LOSS_INTERNAL_H_
#define MJIRL_IRL_LOSS_INTERNAL_H_

// Demonstrations come first (ndemo), then samples, n in all.
typedef struct irl_loss_input {
  const double* cost;   // c_θ(τ_i)                                   (n)
  const double* logmu;  // log-density of τ_i under the background     (n)
  int ndemo, n;
  double min_ess;  // temper the weights until ess reaches this share; 0: never
} irl_loss_input;

typedef struct irl_loss_output {
  double loss;
  double log_z;
  double ess;     // effective sample size of the weights
  double temper;  // exponent the weights were raised to, 1 unless min_ess asked for less
} irl_loss_output;

// MaxEnt IRL with the partition function by importance sampling over demonstrations and samples
// (GCL eq. 4; 1611.03852 eq. 7): L = mean_demo c + log 1/n Σ_i e^{−c_i}/μ(τ_i).
// gradient (n) gets ∂L/∂c_i = [i demo]/ndemo − w_i.  work (n).
irl_loss_output irl_loss_gcl(const irl_loss_input* in, double* gradient, double* work);

// The same with the partition function over the samples alone: `gcl-q`.
irl_loss_output irl_loss_gcl_q(const irl_loss_input* in, double* gradient, double* work);

#endif  // MJIRL_IRL_LOSS_INTERNAL_H_
