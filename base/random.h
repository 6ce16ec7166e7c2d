// Counter-based random streams: Philox4x64-10 of Salmon, Moraes, Dror and Shaw 2011 ("Parallel
// random numbers: as easy as 1, 2, 3"), the generator of Random123 and of numpy.random.Philox.
//
// A stream is a pure function of (seed, purpose, iteration, condition, trajectory), never of a
// thread, so results do not depend on how work is shared out:
//   key     = (seed, purpose)
//   counter = (block, trajectory, condition, iteration), block = 0, 1, 2, ...
#ifndef MJIRL_BASE_RANDOM_H_
#define MJIRL_BASE_RANDOM_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What a stream is for: streams of different purposes never meet. The values are part of the file
// format (they decide the bytes of a run): append, never renumber.
typedef enum irl_purpose {
  IRL_PURPOSE_RESET = 1,      // start states
  IRL_PURPOSE_ACTION = 2,     // the sampler's actions
  IRL_PURPOSE_RANDOM = 3,     // uniformly random actions
  IRL_PURPOSE_INIT = 4,       // initial weights
  IRL_PURPOSE_MINIBATCH = 5,  // order of training data
  IRL_PURPOSE_RESAMPLE = 6,   // importance resampling and Metropolis
  IRL_PURPOSE_EVAL = 7,       // evaluation rollouts (their resets)
  IRL_PURPOSE_EXPERT = 8,     // the expert's search
  IRL_PURPOSE_VERIFY = 9,     // numerical checks
  IRL_PURPOSE_EVAL_ACTION = 10,
  IRL_PURPOSE_BOOTSTRAP = 11,
  IRL_PURPOSE_KEEP = 12,   // which rounds stay in a reservoir
  IRL_PURPOSE_DOMAIN = 13  // physical worlds, one purpose for each purpose of their starts (below)
} irl_purpose;

// The purpose of the physical world that a trajectory of this start runs in: streams of training,
// evaluation and search stay apart.
static inline irl_purpose irl_purpose_domain(irl_purpose start) {
  return (irl_purpose)(IRL_PURPOSE_DOMAIN + 256 * (int)start);
}

typedef struct irl_rng {
  uint64_t key[2];
  uint64_t counter[4];
  uint64_t buffer[4];  // output of the current block
  int left;            // unused words of the buffer
  int has_spare;       // Box-Muller's second normal is waiting
  double spare;
} irl_rng;

// The bijection itself: 4 words out of 4 words under a key, 10 rounds.
void irl_philox4x64(const uint64_t counter[4], const uint64_t key[2], uint64_t out[4]);

irl_rng irl_rng_stream(uint64_t seed, irl_purpose purpose, uint64_t iteration, uint64_t condition,
                       uint64_t trajectory);

uint64_t irl_rng_u64(irl_rng* rng);

// Uniform in [0, 1), 53 bits.
double irl_rng_uniform(irl_rng* rng);

// Uniform in {0, ..., n-1}, n >= 1, without bias.
uint64_t irl_rng_below(irl_rng* rng, uint64_t n);

// Standard normal (Box-Muller).
double irl_rng_normal(irl_rng* rng);

// The next n of them, out (n): the numbers that as many single calls give.
void irl_rng_normals(irl_rng* rng, double* out, int n);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_RANDOM_H_
