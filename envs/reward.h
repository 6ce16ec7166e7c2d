// Rewards as sums of terms, each a weighted norm of a residual, so that an optimiser sees structure
// and not a number:  reward = Σ_k −weight_k ρ_k(r_k) (+ constants). Residuals come from named
// MuJoCo parts (task JSON) or are the action itself.
#ifndef MJIRL_ENVS_REWARD_H_
#define MJIRL_ENVS_REWARD_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

// Norms ρ(r); names and parameters follow MJPC where it has them.
typedef enum irl_norm {
  IRL_NORM_CONSTANT,   // 1 (an alive bonus; no residual)
  IRL_NORM_LINEAR,     // Σ r_i
  IRL_NORM_QUADRATIC,  // ½ Σ r_i²
  IRL_NORM_SQUARE,     // Σ r_i²
  IRL_NORM_L2,         // ‖r‖ (MJPC's kL2 with p = 0)
  IRL_NORM_SMOOTH_L2,  // √(‖r‖² + p²) − p
  IRL_NORM_LOG,        // log(‖r‖² + p)   (GCL's peg cost: Levine et al. 2015)
  // MJPC's others
  IRL_NORM_L22,          // (‖r‖^q + p^q)^{1/q} − p
  IRL_NORM_COSH,         // Σ p² (cosh(r_i/p) − 1)
  IRL_NORM_POWER,        // Σ |r_i|^p
  IRL_NORM_SMOOTH_ABS,   // Σ √(r_i² + p²) − p
  IRL_NORM_SMOOTH_ABS2,  // Σ (|r_i|^q + p^q)^{1/q} − p
  IRL_NORM_RECTIFY       // Σ p log(1 + e^{r_i/p}); p = 0: Σ max(r_i, 0)
} irl_norm;

typedef struct irl_reward_term {
  char name[64];
  irl_norm norm;
  double weight;     // cost weight: reward is −weight ρ; a bonus has a negative weight
  double parameter;  // p of the norm
  bool of_action;    // residual is the raw action u, not part of z
  int offset;        // first entry in z (or in u)
  int dim;           // entries
  bool capped;       // the cost weight × ρ is at most cap
  double cap;
  double exponent;  // q of the norm
} irl_reward_term;

// min(weight × ρ(r), cap), r (dim): the term's cost, reward with the sign turned.
double irl_reward_term_cost(const irl_reward_term* term, const double* r);

// Value, gradient (dim) and a positive semidefinite Hessian (dim, dim) of the term's cost at r. For
// concave or kinked norms the Hessian is that of a quadratic which lies above the norm and touches
// it at r (a majoriser), floored so that it stays finite at r = 0; cosh and exponents above 2 have
// no such quadratic, and the Hessian is then at least the norm's own at r. For a term of negative
// weight it is 0, and both are 0 where the cap holds.
double irl_reward_term_expand(const irl_reward_term* term, const double* r, double* gradient,
                              double* hessian);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_ENVS_REWARD_H_
