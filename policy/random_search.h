// Augmented random search, version V2-t of Mania, Guy and Recht 2018 ("Simple random search
// provides a competitive approach to reinforcement learning"), algorithm 2: weights M = [gains,
// offset] of a deterministic linear policy on [whitened observation; 1], moved along random
// directions δ by the returns of M ± νδ,
//
//   M ← M + α/(b σ_R) Σ_{j among the b best} (r(M + νδ_j) − r(M − νδ_j)) δ_j
//
// with σ_R the standard deviation of the 2b returns used and the best directions those with the
// largest max(r(M + νδ_j), r(M − νδ_j)).
#ifndef MJIRL_POLICY_RANDOM_SEARCH_H_
#define MJIRL_POLICY_RANDOM_SEARCH_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/policy.h"
#include "policy/whiten.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_random_search_options {
  int directions;  // N, at least 1
  int best;        // b, 1 to N
  double step;     // α > 0 [action units]
  double noise;    // ν > 0 [action units]
  bool offset;     // search the offset too (the paper's policies have none)
  int observed;    // gains on the first so many observations are searched, 0: on all
  int average;     // steps that the weights of the result are averaged over, 0 and 1: none
} irl_random_search_options;

typedef struct irl_random_search {
  irl_random_search_options options;
  int nx, nu;
  uint64_t seed;
  double* M;          // weights, the offset last   (nu, nx + 1)
  double* mean;       // of them over steps         (nu, nx + 1)
  irl_whiten whiten;  // of all observations so far; the caller adds to it between steps
  double* stddev;     // of the observations, irl_random_search_refresh  (nx)
  double* work;       // scratch (2, nu, nx + 1)
  int* order;         // scratch (N)
  void* memory;
} irl_random_search;

typedef struct irl_random_search_report {
  int used;             // directions that moved M, 0: M stands
  double mean, spread;  // of the returns used; NAN when none
  double moved;         // ‖ΔM‖_F
} irl_random_search_report;

// M = 0. Errors: IRL_ENOMEM, IRL_ERANGE (sizes as irl_policy_create's, options out of range).
IRL_NODISCARD irl_err irl_random_search_create(irl_random_search* search,
                                               const irl_random_search_options* options, int nx,
                                               int nu, uint64_t seed);
void irl_random_search_destroy(irl_random_search* search);

// Starts from a stationary policy: M such that the whitening of now folded in gives its K and k,
// but for gains on observations that are constant so far.
void irl_random_search_start(irl_random_search* search, const irl_policy* policy);

// Takes over the standard deviations after rows were added to the whitening.
void irl_random_search_refresh(irl_random_search* search);

// K and k of M + sign ν δ_j of an iteration into a stationary policy (its Σ is left alone); sign 0
// is M itself. δ_j is a function of (seed, iteration, j).
void irl_random_search_policy(irl_random_search* search, uint64_t iteration, int j, int sign,
                              irl_policy* policy);

// Moves M by the returns of an iteration, returns (N, 2), [+, −] of each direction. A direction
// with a return that is not finite is left out; when all returns used are equal nothing moves.
void irl_random_search_step(irl_random_search* search, uint64_t iteration, const double* returns,
                            irl_random_search_report* report);

// K and k that a search has come to after so many steps, at least one: of the mean of M,
// M̄ ← M̄ + (M − M̄)/min(steps, average). A step is as long as ever where the returns differ by luck
// alone, so M wanders about the optimum; its mean lies nearer to it (Polyak and Juditsky 1992,
// "Acceleration of stochastic approximation by averaging"). Σ is left alone.
void irl_random_search_result(irl_random_search* search, irl_policy* policy);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_RANDOM_SEARCH_H_
