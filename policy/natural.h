// Natural policy gradient for one stationary Gaussian policy u ~ N(K x + k, Σ), with an exact KL
// trust region (Kakade 2001; Schulman et al. 2015, appendix C; Rajeswaran et al. 2017).
//
// Weights W = [gains, offset] act on s = [whitened observation; 1]; Σ = L exp(D) Lᵀ moves along a
// symmetric D from its present factor L. With ε = L⁻¹(u − W s) the scores are
//   ∂/∂W = Σ⁻¹ e sᵀ,  ∂/∂D = ½ (ε εᵀ − I),
// and the Fisher matrix is E[s sᵀ] ⊗ Σ⁻¹ for W and ½ I for D, without a cross term. So the natural
// gradient is Σ G E[s sᵀ]⁻¹ and 2 ∂J/∂D in closed form; the step takes it by conjugate gradient on
// Fisher-vector products, scales it to the KL limit, and shortens it until the exact KL, averaged
// over the visited states, is within the limit and the surrogate E[π_new/π_old A] + entropy H is
// better.
#ifndef MJIRL_POLICY_NATURAL_H_
#define MJIRL_POLICY_NATURAL_H_

#include "base/batch.h"
#include "base/err.h"
#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_natural_options {
  double kl;          // limit of the mean KL(old ‖ new) of a control step [nats]
  double entropy;     // weight of the entropy beside the mean of the given advantages
  double damping;     // added to E[s sᵀ] and to D's block, relative to 1
  double min_stddev;  // floor of Σ's eigenvalues' roots [action units]
  double max_stddev;  // and their ceiling
  int cg_steps;       // most conjugate gradient steps
  int trials;         // most shorter steps that the line search tries
} irl_natural_options;

irl_natural_options irl_natural_defaults(void);

typedef struct irl_natural {
  int nx, nu, p;     // p = nx + 1 entries of s
  long capacity;     // rows
  long rows;         // of the last batch
  double* s;         // (rows, p)
  double* eps;       // ε                                   (rows, nu)
  double* a;         // advantages                          (rows)
  double* moment;    // E[s sᵀ]                             (p, p)
  double* gradient;  // of W and then of D                  (nu, p) + (nu, nu)
  double* step;      // natural gradient, same shape
  double* work;      // scratch
  irl_policy old;    // before the step
  void* memory;
} irl_natural;

typedef struct irl_natural_report {
  double kl;        // exact, of the step taken
  double expected;  // improvement that the gradient predicts
  double improved;  // of the surrogate
  double scale;     // of the step within the trust region's, 0: the policy stands
  int cg_steps;
} irl_natural_report;

// Errors: IRL_ENOMEM, IRL_ERANGE.
IRL_NODISCARD irl_err irl_natural_create(irl_natural* natural, int nx, int nu, long capacity);
void irl_natural_destroy(irl_natural* natural);  // a zeroed one is fine

// One step from trajectories of `policy` (index (n), all valid) with the advantages (N, T) of their
// actions, larger is better. mean and stddev (nx) whiten; they change nothing but the conditioning.
// The result is factored. When no shorter step improves, or all advantages are equal and no entropy
// is asked for, the policy stands and report->scale is 0. Errors: IRL_ENUM for advantages that are
// not finite, IRL_ERANGE for more rows than the capacity or none.
IRL_NODISCARD irl_err irl_natural_step(irl_natural* natural, const irl_natural_options* options,
                                       const double* mean, const double* stddev,
                                       const irl_batch* batch, const int* index, int n,
                                       const double* advantage, irl_policy* policy,
                                       irl_natural_report* report, irl_errinfo* info);

// The two halves of it, for tests and for those who want the gradient alone: sums over the batch,
// and natural->step = F⁻¹ natural->gradient.
IRL_NODISCARD irl_err irl_natural_measure(irl_natural* natural, const irl_natural_options* options,
                                          const double* mean, const double* stddev,
                                          const irl_batch* batch, const int* index, int n,
                                          const double* advantage, const irl_policy* policy,
                                          irl_errinfo* info);
int irl_natural_solve(irl_natural* natural, const irl_natural_options* options,
                      const irl_policy* policy);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_NATURAL_H_
