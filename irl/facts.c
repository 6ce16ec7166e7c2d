#include "irl/facts.h"

#include <math.h>

#include "base/linalg.h"
#include "irl/partition.h"

static const double ILL = 1e-12;        // smallest mean D(1−D) that fixes log Z
static const double TOLERANCE = 1e-10;  // of the three identities
static const double MAX_SIGMA = 4;      // of the closed-form entropy

//---------------------------------- Sums over a batch ---------------------------------------------

// One trajectory of a batch: demonstrations come first.
typedef struct path {
  double cost;
  double logq;
  bool demo;
  double n;  // size of its half of the batch
} path;

static path path_at(const irl_facts_batch* b, int i) {
  if (i < b->np) {
    return (path){b->cost_p[i], b->logq_p[i], true, b->np};
  }
  return (path){b->cost_q[i - b->np], b->logq_q[i - b->np], false, b->nq};
}

static double largest_logit(const irl_facts_batch* b, double log_z) {
  double max = 0;
  for (int i = 0; i < b->np + b->nq; i++) {
    path t = path_at(b, i);
    max = fmax(max, fabs(irl_discriminator_logit(t.cost, t.logq, log_z)));
  }
  return max;
}

//---------------------------------- Fact 1 --------------------------------------------------------

// log(½ mean_p[e^{−c}/q] + ½ mean_q[e^{−c}/q]): the mistake of using q alone for μ̃.
static double log_z_without_mixture(const irl_facts_batch* b) {
  double max = -INFINITY, sum = 0;
  for (int i = 0; i < b->np + b->nq; i++) {
    path t = path_at(b, i);
    max = fmax(max, -t.cost - t.logq);
  }
  for (int i = 0; i < b->np + b->nq; i++) {
    path t = path_at(b, i);
    sum += 0.5 / t.n * exp(-t.cost - t.logq - max);
  }
  return max + log(sum);
}

//---------------------------------- Fact 2, the discriminator's side ------------------------------

// ∂/∂c of −mean_p log D − mean_q log(1−D): with −log σ(s) = log(1+e^{−s}) and ∂s/∂c = −1,
// a demonstration has 1/(1+e^s) and a sample −1/(1+e^{−s}), over their numbers.
static double logistic_slope(path t, double log_z) {
  double s = irl_discriminator_logit(t.cost, t.logq, log_z);
  return t.demo ? 1 / (t.n * (1 + exp(s))) : -1 / (t.n * (1 + exp(-s)));
}

//---------------------------------- Fact 2, the MaxEnt side ---------------------------------------

// Shares of the two components in the mixture μ̃ = ½ e^{−c}/Z + ½ q at a trajectory.
typedef struct shares {
  double model;    // ½ e^{−c}/Z / μ̃
  double sampler;  // ½ q / μ̃
} shares;

static shares shares_at(path t, double log_z) {
  double model = -t.cost - log_z, sampler = t.logq;
  double max = fmax(model, sampler);
  double log_sum = max + log1p(exp(fmin(model, sampler) - max));
  return (shares){exp(model - log_sum), exp(sampler - log_sum)};
}

// The importance estimate over Z, minus 1: with e^{−c}/μ̃ = 2Z × the model's share, it is
// mean_p(model) + mean_q(model) − 1, written so that nothing cancels: mean_q(model) −
// mean_p(sampler).
static double estimate_excess(const irl_facts_batch* b, double log_z) {
  double p = 0, q = 0;
  for (int i = 0; i < b->np + b->nq; i++) {
    path t = path_at(b, i);
    shares s = shares_at(t, log_z);
    p += t.demo ? s.sampler / t.n : 0;
    q += t.demo ? 0 : s.model / t.n;
  }
  return q - p;
}

// ∂/∂c of mean_p c + log Z, Z estimated by weights e^{−c}/μ̃ with μ̃ held constant: 1/N_p (for a
// demonstration) less the self-normalised weight w = model/(N (1 + excess)).
static double maxent_slope(path t, double log_z, double excess, bool through_weights) {
  shares s = shares_at(t, log_z);
  double n = t.n * (1 + excess);
  if (through_weights) {
    // ∂ log(e^{−c}/μ̃)/∂c is −1 with μ̃ constant, and −(sampler's share) when it is not.
    return (t.demo ? 1 / t.n : 0) - s.model * s.sampler / n;
  }
  return t.demo ? (s.sampler + excess) / n : -s.model / n;
}

// The same with weights e^{−c}/q, self-normalised by their sum.
static double maxent_slope_without_mixture(path t, double log_z_by_q) {
  double w = 0.5 / t.n * exp(-t.cost - t.logq - log_z_by_q);
  return (t.demo ? 1 / t.n : 0) - w;
}

static double fact2(const irl_facts_batch* b, irl_facts_mutant mutant, double disc_log_z,
                    double log_z) {
  double excess = estimate_excess(b, log_z), by_q = log_z_without_mixture(b);
  double difference2 = 0, norm2 = 0;
  for (int i = 0; i < b->np + b->nq; i++) {
    path t = path_at(b, i);
    double maxent = mutant == IRL_FACTS_Q_FOR_MIXTURE
                        ? maxent_slope_without_mixture(t, by_q)
                        : maxent_slope(t, log_z, excess, mutant == IRL_FACTS_THROUGH_WEIGHTS);
    double difference = logistic_slope(t, disc_log_z) - maxent;
    difference2 += difference * difference;
    norm2 += maxent * maxent;
  }
  return difference2 == 0 ? 0 : sqrt(difference2 / norm2);
}

//---------------------------------- Fact 3 --------------------------------------------------------

// Relative difference of mean_q[log(1−D) − log D], through the discriminator's outputs, and
// mean_q[c] + mean_q[log q] + log Z.
static double fact3(const irl_facts_batch* b, irl_facts_mutant mutant, double disc_log_z,
                    double log_z) {
  double loss = 0, mean_cost = 0, mean_logq = 0;
  for (int i = 0; i < b->nq; i++) {
    double s = irl_discriminator_logit(b->cost_q[i], b->logq_q[i], disc_log_z);
    double log_d = irl_log_sigmoid(s), log_not_d = irl_log_sigmoid(-s);
    loss += (mutant == IRL_FACTS_SIGN ? log_not_d + log_d : log_not_d - log_d) / b->nq;
    mean_cost += b->cost_q[i] / b->nq;
    mean_logq += b->logq_q[i] / b->nq;
  }
  double energy = mean_cost + mean_logq + log_z;
  double scale = fmax(fmax(1, fabs(energy)), fmax(fabs(mean_cost), fabs(mean_logq)));
  return fabs(loss - energy) / scale;
}

// |−mean log q − H| in standard errors of the mean; NAN when H is unknown or nq < 2.
static double entropy_sigma(const irl_facts_batch* b) {
  double mean = 0, deviation2 = 0;
  if (b->nq < 2 || isnan(b->entropy)) {
    return (double)NAN;
  }
  for (int i = 0; i < b->nq; i++) {
    mean += b->logq_q[i] / b->nq;
  }
  for (int i = 0; i < b->nq; i++) {
    deviation2 += (b->logq_q[i] - mean) * (b->logq_q[i] - mean);
  }
  double std_error = sqrt(deviation2 / ((double)b->nq * (b->nq - 1)));
  double difference = fabs(mean + b->entropy);
  return difference == 0 ? 0 : difference / std_error;
}

//---------------------------------- All three -----------------------------------------------------

static bool finite_batch(const irl_facts_batch* b) {
  return irl_all_finite(b->cost_p, b->np) && irl_all_finite(b->logq_p, b->np) &&
         irl_all_finite(b->cost_q, b->nq) && irl_all_finite(b->logq_q, b->nq) && !isinf(b->entropy);
}

irl_err irl_facts_check(const irl_facts_batch* b, irl_facts_mutant mutant, irl_facts* f) {
  *f = (irl_facts){.ill_conditioned = true};
  if (b->np < 1 || b->nq < 1) {
    return IRL_ERANGE;
  }
  if (!finite_batch(b)) {
    return IRL_ENUM;
  }
  double root = irl_discriminator_log_z(b->cost_p, b->logq_p, b->np, b->cost_q, b->logq_q, b->nq,
                                        &f->conditioning);
  f->log_z = mutant == IRL_FACTS_NO_LOG_Z ? 0 : root;
  f->log_z_importance =
      mutant == IRL_FACTS_Q_FOR_MIXTURE
          ? log_z_without_mixture(b)
          : irl_half_mixture_log_z(b->cost_p, b->logq_p, b->np, b->cost_q, b->logq_q, b->nq, root);
  f->ill_conditioned = !(f->conditioning >= ILL);
  f->fact1_error = fabs(f->log_z - f->log_z_importance) / fmax(1, largest_logit(b, f->log_z) / 1e3);
  f->fact2_error = fact2(b, mutant, f->log_z, root);
  f->fact2_off_error = fact2(b, mutant, f->log_z + 1, root + 1);
  f->fact3_error = fact3(b, mutant, f->log_z, root);
  f->fact3_sigma = entropy_sigma(b);
  return IRL_OK;
}

bool irl_facts_pass(const irl_facts* f) {
  return !f->ill_conditioned && f->fact1_error <= TOLERANCE && f->fact2_error <= TOLERANCE &&
         f->fact3_error <= TOLERANCE && (isnan(f->fact3_sigma) || f->fact3_sigma <= MAX_SIGMA);
}
