// Trajectories of one initial condition with their log-densities: the demonstrations and everything
// the samplers ever drew (D_samp of GCL's algorithm 1), under the demonstrations' fitted density
// and under every sampler that was kept.
#ifndef MJIRL_IRL_STORE_INTERNAL_H_
#define MJIRL_IRL_STORE_INTERNAL_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"
#include "policy/policy.h"

typedef struct irl_store {
  irl_batch batch;  // demonstrations first, then samples in the order of drawing
  int ndemo;
  int n;                   // trajectories in use
  double* log_demo;        // log-density under the demonstrations' controller          (capacity)
  double* log_samplers;    // log Σ_m count_m q_m(τ)                                    (capacity)
  double* log_own;         // under the sampler that drew it; demonstrations: the newest (capacity)
  int* drawer;             // index in kept of the sampler that drew it; demonstrations: −1
  irl_policy demo_policy;  // fitted to the demonstrations (GCL, section 4.3)
  irl_policy* kept;        // samplers in the order of drawing                          (nkept)
  double* count;           // trajectories each has drawn                               (nkept)
  uint64_t* round;         // when each drew                                            (nkept)
  int nkept, max_kept;
  double total;      // Σ count
  int capacity;      // trajectories there is room for
  double** logq;     // stores that forget: log q_m(τ_i)                     (max_kept, capacity)
  double* logq_all;  // what logq's rows are cut from
} irl_store;

typedef struct irl_store_options {
  int horizon;      // steps of every trajectory
  int max_samples;  // room for samples
  int max_kept;     // room for samplers
  bool forgets;  // irl_store_forget will be called: single densities are kept, not their sum alone
  irl_policy_fit_options fit;
} irl_store_options;

// Takes the demonstrations of one condition (index (n) in demos, each of `horizon` steps).
IRL_NODISCARD irl_err irl_store_init(irl_store* store, const irl_store_options* options,
                                     const irl_batch* demos, const int* index, int n,
                                     irl_errinfo* info);
void irl_store_fini(irl_store* store);

// Puts the density that the demonstrations were really drawn with in the place of the fitted one,
// where it is known (GCL, appendix B, has both). policy: of the store's sizes, copied.
void irl_store_know_density(irl_store* store, const irl_policy* policy);

// Adds the valid ones of the trajectories first .. first+n-1 of a batch, drawn from policy in the
// given round (rounds never fall), and updates every density; the sampler is kept even if none was
// valid. Returns the number added. Work: one density evaluation for each trajectory in the store
// and one for each new trajectory and kept sampler.
int irl_store_add(irl_store* store, const irl_policy* policy, uint64_t round,
                  const irl_batch* batch, int first, int n);

// Drops the samplers that drew in the round, and their trajectories: what is left is as if they had
// never been, to the last bit. Only for stores made to forget.
void irl_store_forget(irl_store* store, uint64_t round);

// log μ(τ_i) of the mixture in which demonstrations and samples take part with these numbers of
// trajectories: log[(nd q_demo(τ) + ns Σ_m (count_m/total) q_m(τ)) / (nd + ns)].
double irl_store_log_mixture(const irl_store* store, int i, double nd, double ns);

// The same for samples that all come from the newest sampler, q_new:
// log[(nd q_demo(τ) + ns q_new(τ)) / (nd + ns)]. For demonstrations and its own trajectories only.
double irl_store_log_newest(const irl_store* store, int i, double nd, double ns);

// log Σ_m (count_m/total) q_m(τ_i): the mixture of the kept samplers alone.
double irl_store_log_samplers(const irl_store* store, int i);

// The sampler that drew trajectory i; for a demonstration the newest one.
const irl_policy* irl_store_drawer(const irl_store* store, int i);

#endif  // MJIRL_IRL_STORE_INTERNAL_H_
