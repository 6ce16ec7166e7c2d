// Losses of cost learning on one condition's data: value and derivative with respect to each cost,
// from which backpropagation does the rest. One small file a loss; they share one machinery of
// energies, densities and weights, so that the paper's equivalences can be read off.
#ifndef MJIRL_IRL_LOSS_INTERNAL_H_
#define MJIRL_IRL_LOSS_INTERNAL_H_

#include <stdbool.h>

#include "base/random.h"
#include "irl/config.h"

// Items are trajectories, or single steps for the step-wise losses. Demonstrations come first
// (ndemo), then samples, n in all.
typedef struct irl_loss_input {
  const double* cost;   // c_θ of each item                            (n)
  const double* logmu;  // log-density of each item under the background (n)
  const double* logv;   // log-ratio of the control variate to the background, or NULL (n)
  int ndemo, n;
  double min_ess;  // temper the weights until ess reaches this share; 0: never
  double log_z;    // where the search for a learned log Z starts
  irl_rng* rng;    // of the losses that draw
} irl_loss_input;

typedef struct irl_loss_output {
  double loss;
  double log_z;
  double ess;     // effective sample size of the weights
  double temper;  // exponent the weights were raised to, 1 unless min_ess asked for less
} irl_loss_output;

// gradient (n) gets ∂L/∂c_i; work (n).
typedef irl_loss_output (*irl_loss_fn)(const irl_loss_input* in, double* gradient, double* work);

// MaxEnt IRL with the partition function by importance sampling over demonstrations and samples
// (GCL, section 4.3; 1611.03852 eq. 4): L = mean_demo c + log 1/n Σ_i e^{−c_i}/μ(τ_i),
// ∂L/∂c_i = [i demo]/ndemo − w_i.
irl_loss_output irl_loss_gcl(const irl_loss_input* in, double* gradient, double* work);

// The same with the partition function over the samples alone: `gcl-q`.
irl_loss_output irl_loss_gcl_q(const irl_loss_input* in, double* gradient, double* work);

// The discriminator D = σ(−c − log q − log Z) with its logistic loss (1611.03852, section 3):
// L = −mean_demo log D − mean_sample log(1−D). log Z is learned: it is put where L is least, which
// by fact 1 makes it the importance-sampling estimate.
irl_loss_output irl_loss_gan_gcl(const irl_loss_input* in, double* gradient, double* work);

// The energy-based view (1611.03852, section 2.2): the contrastive gradient mean_demo ∇c − E_p[∇c],
// the expectation by trajectories that are resampled with the importance weights and then moved by
// an independence Metropolis chain over the background.
irl_loss_output irl_loss_ebm(const irl_loss_input* in, double* gradient, double* work);

// Items are steps: D = σ(−c − log π − b) with the constant b (log_z) learned (AIRL, Fu, Luo and
// Levine 2018, without shaping); `gail` is the same with log π left out (logmu 0).
irl_loss_output irl_loss_stepwise(const irl_loss_input* in, double* gradient, double* work);

// Which density stands behind an item, and what is done with it.
typedef enum irl_background {
  IRL_BACKGROUND_MIXTURE,   // demonstrations' controllers and all kept samplers
  IRL_BACKGROUND_SAMPLERS,  // all kept samplers
  IRL_BACKGROUND_NEWEST,    // the newest sampler; samples are the newest ones
  IRL_BACKGROUND_STEP,      // per step: of the sampler that drew it, demonstrations the newest
  IRL_BACKGROUND_NONE
} irl_background;

typedef struct irl_algorithm {
  irl_background background;
  irl_loss_fn loss;  // NULL: no cost is learned
  bool stepwise;     // items are steps
  bool closed;       // the gradient comes from the linear-quadratic model, the loss is for the log
} irl_algorithm;

const irl_algorithm* irl_algorithm_of(irl_algo algo);

#endif  // MJIRL_IRL_LOSS_INTERNAL_H_
