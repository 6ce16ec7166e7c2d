#include "base/random.h"

#include <assert.h>
#include <math.h>

__extension__ typedef unsigned __int128 u128;

static const double TWO_PI = 6.283185307179586476925;

// The 128-bit product of two words: returns its low half.
static uint64_t mulhilo(uint64_t a, uint64_t b, uint64_t* high) {
  u128 product = (u128)a * b;
  *high = (uint64_t)(product >> 64);
  return (uint64_t)product;
}

// Salmon et al. 2011, section 3.3: S-P network of multiplications, Weyl sequence as round keys.
void irl_philox4x64(const uint64_t counter[4], const uint64_t key[2], uint64_t out[4]) {
  const uint64_t M0 = 0xD2E7470EE14C6C93u, M1 = 0xCA5A826395121157u;
  const uint64_t W0 = 0x9E3779B97F4A7C15u, W1 = 0xBB67AE8584CAA73Bu;  // golden ratio, √3 − 1
  uint64_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
  uint64_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t high0, high1;
    uint64_t low0 = mulhilo(M0, x0, &high0);
    uint64_t low1 = mulhilo(M1, x2, &high1);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 += W0;
    k1 += W1;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

// No mixing is needed: the bijection scatters neighbouring counters as well as distant ones, and
// two streams cannot overlap, since their counters or keys differ in whole words.
irl_rng irl_rng_stream(uint64_t seed, irl_purpose purpose, uint64_t iteration, uint64_t condition,
                       uint64_t trajectory) {
  return (irl_rng){.key = {seed, (uint64_t)purpose},
                   .counter = {0, trajectory, condition, iteration}};
}

uint64_t irl_rng_u64(irl_rng* rng) {
  if (rng->left == 0) {
    irl_philox4x64(rng->counter, rng->key, rng->buffer);
    rng->counter[0]++;  // 2^64 blocks: never carries into the trajectory
    rng->left = 4;
  }
  return rng->buffer[4 - rng->left--];
}

// The upper 53 bits, as NumPy takes them: every value is a multiple of 2^-53.
double irl_rng_uniform(irl_rng* rng) {
  return (double)(irl_rng_u64(rng) >> 11) * 0x1p-53;
}

// Lemire 2019, "Fast random integer generation in an interval", algorithm 5.
uint64_t irl_rng_below(irl_rng* rng, uint64_t n) {
  assert(n >= 1);
  uint64_t high;
  uint64_t low = mulhilo(irl_rng_u64(rng), n, &high);
  if (low < n) {
    const uint64_t threshold = (0 - n) % n;  // 2^64 mod n
    while (low < threshold) {
      low = mulhilo(irl_rng_u64(rng), n, &high);
    }
  }
  return high;
}

// Box and Muller 1958: two uniforms make two normals. It takes the same number of words each time,
// unlike rejection methods, so a stream's position follows from the count of numbers drawn.
double irl_rng_normal(irl_rng* rng) {
  if (rng->has_spare) {
    rng->has_spare = 0;
    return rng->spare;
  }
  double radius = sqrt(-2.0 * log(1.0 - irl_rng_uniform(rng)));  // the logarithm's argument is > 0
  double angle = TWO_PI * irl_rng_uniform(rng);
  rng->spare = radius * sin(angle);
  rng->has_spare = 1;
  return radius * cos(angle);
}

void irl_rng_normals(irl_rng* rng, double* out, int n) {
  for (int i = 0; i < n; i++) {
    out[i] = irl_rng_normal(rng);
  }
}
