// Judging what was learned. Definitions and sources: docs/evaluation.md.
#ifndef MJIRL_IRL_EVAL_H_
#define MJIRL_IRL_EVAL_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "irl/run.h"

#ifdef __cplusplus
extern "C" {
#endif

// NAN where a figure has no meaning (no rewards, not asked for).
typedef struct irl_eval_result {
  double return_mean;        // true return of sampled actions, equally weighted conditions
  double return_std;         // over episodes
  double expert_return;      // mean of the demonstrations
  double random_return;      // the better of zero and uniformly random actions
  double normalized_return;  // (return_mean − random)/(expert − random)
  double reoptimized_normalized_return;  // a new sampler from scratch on the frozen cost
  double spearman;  // rank correlation of −cost and return over a mixed-quality set
  double pearson;   // of −cost and reward per step, within the same set
  double epic;      // EPIC distance (Gleave et al. 2021), 0 to 1
  double auc;       // demonstrations against others by learned cost
  double ess;       // effective sample size of the last sampler's weights, mean over conditions
  double success_rate;
} irl_eval_result;

IRL_NODISCARD irl_err irl_eval(const irl_run* run, int episodes, bool reoptimize, uint64_t seed,
                               int threads, const irl_host* host, irl_eval_result* result,
                               irl_errinfo* info);

typedef struct irl_score_row {
  int episode;
  int condition;
  double cost;    // c_θ(τ)
  double log_p;   // −c − log Z of the condition
  double log_q;   // under the run's last sampler
  double weight;  // ∝ p/q, normalised over the condition's given trajectories
} irl_score_row;

// Rows of all valid demonstrations; *rows is heap memory (irl_free).
IRL_NODISCARD irl_err irl_score(const irl_run* run, const irl_demos* demos, irl_score_row** rows,
                                int* nrows, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_EVAL_H_
