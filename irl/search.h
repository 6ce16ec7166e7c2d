// What a search for trajectories can be told, and what it tells of itself.
#ifndef MJIRL_IRL_SEARCH_H_
#define MJIRL_IRL_SEARCH_H_

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Where a start begins.
typedef enum irl_initial {
  IRL_INITIAL_ZERO,  // zero gains, noise, a random pull that fades
  IRL_INITIAL_PD,    // springs and dampers on the actuated joints that are observed
  IRL_INITIAL_LQR,   // LQR about the first state, linearised by the simulator
  IRL_INITIAL_WARM   // the policies that the caller gives
} irl_initial;

const char* irl_initial_name(int initial);  // NULL beyond the last
bool irl_initial_parse(const char* name, irl_initial* initial);

// One proposal of one start, for logs.
typedef struct irl_search_row {
  int stage, iteration;  // iteration: over all stages
  int condition, start;
  int from;           // condition whose policy the start began with, -1: none
  int64_t env_steps;  // so far, all conditions
  double kl;          // KL(new ‖ old) of the step [nats]
  double eta;         // its dual variable
  double step;        // KL limit of the step, a control step [nats]
  double predicted;   // gain of E[c] − ν H by the model
  double actual;      // the same by trajectories
  double error;       // its standard error
  double entropy;     // of the new policy [nats]
  double cost;        // mean cost of the new policy's trajectories
  double objective;   // E[c] − ν H of the policy that is kept
  int indefinite;     // backward passes without a positive definite Q_uu
  bool calmed;        // the proposal was the policy kept before it with a quarter of its noise
  bool accepted;
} irl_search_row;

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_SEARCH_H_
