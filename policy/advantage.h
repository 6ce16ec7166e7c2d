// Advantages of the actions of a stationary policy: generalised advantage estimation (Schulman,
// Moritz, Levine, Jordan and Abbeel 2016, eq. 16) over a value function that is linear in features
// of the observation and of time (Duan et al. 2016, section 5: observation, its square, powers of
// time), fitted by ridge regression. With products of two observations it can tell how far apart
// two things are that both move, which squares alone cannot.
#ifndef MJIRL_POLICY_ADVANTAGE_H_
#define MJIRL_POLICY_ADVANTAGE_H_

#include <stdbool.h>

#include "base/batch.h"
#include "base/err.h"
#include "policy/whiten.h"

#ifdef __cplusplus
extern "C" {
#endif

// A_t = Σ_k (γλ)^k δ_{t+k},  δ_t = r_t + γ V_{t+1} − V_t,  with V_length = last: 0 where the
// episode is over. reward, value, advantage (length); advantage may be reward.
void irl_advantage(const double* reward, const double* value, int length, double last,
                   double discount, double trace, double* advantage);

// G_t = Σ_k γ^k r_{t+k}. reward, sum (length); sum may be reward.
void irl_discounted_sum(const double* reward, int length, double discount, double* sum);

typedef struct irl_critic {
  int nx;
  bool products;    // of all pairs of observations, in place of their squares alone
  int n;            // features, 2 nx + 4, or nx + nx (nx + 1)/2 + 4
  double fitted;    // 0: the value is 0 everywhere, else 1
  double* weight;   // (n)
  double* feature;  // scratch of one state            (n)
  double* gram;     // scratch of the fit              (n, n)
  double* factor;   // scratch of the fit              (n, n)
  double* moment;   // scratch of the fit              (n)
  void* memory;
} irl_critic;

// Errors: IRL_ENOMEM, IRL_ERANGE (nx below 1 or above 2¹³, with products IRL_CRITIC_MOST_PAIRED).
#define IRL_CRITIC_MOST_PAIRED 64
IRL_NODISCARD irl_err irl_critic_create(irl_critic* critic, int nx, bool products);
void irl_critic_destroy(irl_critic* critic);  // a zeroed one is fine

// V at the states before the actions of trajectory i: out (length). mean and stddev (nx) whiten the
// observation; an observation of infinite stddev is left out. Time counts from 0 to 1 over
// `horizon`.
void irl_critic_predict(irl_critic* critic, const double* mean, const double* stddev,
                        const irl_batch* batch, int i, int horizon, double* out);

// Fits to targets (N, T) over the given valid trajectories, index (n). The ridge is relative to the
// features' mean square and grows until the system is positive definite. When it never is, or the
// targets are not finite, the value stays as it was: IRL_ENUM.
IRL_NODISCARD irl_err irl_critic_fit(irl_critic* critic, const double* mean, const double* stddev,
                                     const irl_batch* batch, const int* index, int n, int horizon,
                                     const double* target);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_POLICY_ADVANTAGE_H_
