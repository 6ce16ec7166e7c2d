// The three facts of Finn, Christiano, Abbeel and Levine 2016 (1611.03852, section 3.2) on a finite
// batch, the two sides of each by separate code (DESIGN: docs/theory.md).
#ifndef MJIRL_IRL_FACTS_H_
#define MJIRL_IRL_FACTS_H_

#include <stdbool.h>

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

// Costs and log-densities (under the density q that the discriminator is given) of a condition's
// demonstrations (np) and sampler trajectories (nq).
typedef struct irl_facts_batch {
  const double* cost_p;
  const double* logq_p;
  int np;
  const double* cost_q;
  const double* logq_q;
  int nq;
  double entropy;  // closed-form entropy of q [nats]; NAN when unknown
} irl_facts_batch;

// Mistakes that the facts must expose; each has a test that shows it.
typedef enum irl_facts_mutant {
  IRL_FACTS_RIGHT = 0,
  IRL_FACTS_NO_LOG_Z,         // discriminator without log Z
  IRL_FACTS_THROUGH_WEIGHTS,  // gradient taken through the importance weights
  IRL_FACTS_Q_FOR_MIXTURE,    // q alone in place of μ̃
  IRL_FACTS_SIGN              // sampler's loss with the sign of log D turned
} irl_facts_mutant;

typedef struct irl_facts {
  double log_z;             // root of the discriminator's stationarity
  double log_z_importance;  // importance-sampling side of fact 1
  double conditioning;      // mean D(1−D) over both batches
  bool ill_conditioned;     // conditioning below 1e-12: fact 1 and 2 cannot be judged
  double fact1_error;       // |Δ log Z| / max(1, max|s|/10³)
  double fact2_error;       // ‖∇_c L_disc − ∇_c L_maxent‖ / ‖∇_c L_maxent‖
  double fact2_off_error;   // the same at log Z + 1: must be large
  double fact3_error;       // relative, with the batch's own entropy −mean log q
  double fact3_sigma;       // difference with the closed-form entropy, in standard errors
} irl_facts;

// Errors: IRL_ERANGE when np or nq < 1, IRL_ENOMEM, IRL_ENUM for non-finite input.
IRL_NODISCARD irl_err irl_facts_check(const irl_facts_batch* batch, irl_facts_mutant mutant,
                                      irl_facts* facts);

// True when every error is within its tolerance (1e-10, 1e-10, 1e-10, 4 σ).
bool irl_facts_pass(const irl_facts* facts);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_FACTS_H_
