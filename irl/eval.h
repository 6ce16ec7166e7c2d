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

// Where a policy fails: one condition's share of the figures. NAN where one has no meaning.
typedef struct irl_eval_condition {
  int condition;              // the task's number
  double return_mean;         // of the learned sampler
  double success_rate;        // share of its rollouts that fulfil the task's rule
  double objective;           // its E[c] − H [nats]
  double reoptimized_return;  // of the new one that was optimised from scratch on the frozen cost
  double reoptimized_gap;     // its E[c] − H less that of the learned one [nats]
} irl_eval_condition;

typedef struct irl_eval_options {
  int episodes;     // rollouts of the policy, dealt over the conditions; at least one each is made
  bool reoptimize;  // also train new samplers from scratch on the frozen cost
  const char* const* set;  // changes "key=value" of the task for the transfer figures   (nset)
  int nset;                // 0: no transfer
  uint64_t seed;
  int threads;                    // <= 0: all CPUs
  irl_eval_condition* condition;  // gets the run's conditions in their order, or NULL (nconditions)
} irl_eval_options;

// X(key): the figures of an evaluation in the order in which they are written.
#define IRL_EVAL_FIGURES(X)                                                                       \
  X(return_mean)       /* true return of sampled actions, equally weighted conditions */          \
  X(return_std)        /* over episodes */                                                        \
  X(expert_return)     /* mean of the demonstrations */                                           \
  X(random_return)     /* the better of zero and uniformly random actions */                      \
  X(normalized_return) /* (return_mean − random)/(expert − random) */                         \
  X(reoptimized_normalized_return) /* a new sampler from scratch on the frozen cost */            \
  X(spearman)     /* rank correlation of −cost and return over a mixed-quality set */           \
  X(pearson)      /* of −cost and reward per step, within the same set */                       \
  X(epic)         /* EPIC distance (Gleave et al. 2021), 0 to 1 */                                \
  X(auc)          /* demonstrations against others by learned cost */                             \
  X(ess)          /* effective sample size of the last sampler's weights, mean over conditions */ \
  X(success_rate) /* share of the rollouts that fulfil the task's rule */                         \
  X(dard)         /* DARD distance (Wulfe et al. 2022), 0 to 1 */                                 \
  X(reoptimized_gap) /* E[c] − H of the new sampler less that of the learned one [nats] */

// An interval of 95 % by the percentile bootstrap over episodes; NAN where there is none.
typedef struct irl_interval {
  double lo, hi;
} irl_interval;

// How cost and policy fare in a changed world; every return is on the changed task.
typedef struct irl_eval_transfer {
  double expert_return;             // samplers optimised on the true reward there
  double random_return;             // the better of zero and uniformly random actions there
  double normalized_return;         // samplers optimised there on the frozen cost
  double policy_normalized_return;  // the learned policy as it is
} irl_eval_transfer;

// NAN where a figure has no meaning (no rewards, not asked for).
typedef struct irl_eval_result {
#define IRL_EVAL_MEMBER(key) double key;
  IRL_EVAL_FIGURES(IRL_EVAL_MEMBER)
#undef IRL_EVAL_MEMBER
  struct {
#define IRL_EVAL_MEMBER(key) irl_interval key;
    IRL_EVAL_FIGURES(IRL_EVAL_MEMBER)
#undef IRL_EVAL_MEMBER
  } interval;
  bool has_transfer;
  irl_eval_transfer transfer;
} irl_eval_result;

// Errors: IRL_ENOENT, IRL_EPARSE, IRL_ERANGE (a change that the task does not know), IRL_EDIM (a
// change after which cost or policy no longer fit), IRL_ENUM, IRL_ECANCELED, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_eval(const irl_run* run, const irl_eval_options* options,
                               const irl_host* host, irl_eval_result* result, irl_errinfo* info);

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
