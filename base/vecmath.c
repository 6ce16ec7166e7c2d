#include "base/vecmath.h"

#include <stdint.h>
#include <string.h>

#include "base/clones_internal.h"

// The same 32 bits, read as the other type.
static inline uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// tanh x = t / (t + 2) with t = exp(2|x|) − 1, and the sign of x.
//
// 2|x| = k ln 2 + r, |r| <= ½ ln 2, so t = 2^k (e^r − 1) + (2^k − 1): small x keep all their
// digits, since then k = 0 and nothing cancels. No branch and no call, so that loops over it
// vectorise: the comparisons are of integers, because those of floats may trap, which holds gcc
// back.
static inline float tanh_one(float x) {
  const float ROUND = 12582912.0f;  // 1.5 2^23: adding it rounds to a whole number in the low bits
  const float LOG2E = 1.44269504f;
  const float LN2_HIGH = 0.693145752f, LN2_LOW = 1.42860677e-6f;  // 15 bits: k LN2_HIGH is exact
  const int32_t LARGE = 0x41140000, INFINITE = 0x7F800000;        // 9.25: tanh is 1 from 9.02 on
  const uint32_t sign = bits_of(x) & 0x80000000u;
  const int32_t magnitude = (int32_t)(bits_of(x) & 0x7FFFFFFFu);
  const uint32_t nan = magnitude > INFINITE ? 0x7FC00000u : 0;
  const float a = float_of((uint32_t)(magnitude > LARGE ? LARGE : magnitude));
  const float y = a + a;
  const float shifted = y * LOG2E + ROUND;
  const float k = shifted - ROUND;
  const float r = (y - k * LN2_HIGH) - k * LN2_LOW;
  const float scale = float_of((bits_of(shifted) << 23) + 0x3F800000u);  // 2^k

  // (e^r − 1 − r) / r², such that e^r − 1 has a relative error of at most 1.4e-8 there
  float p = 1.388251643e-3f;
  p = p * r + 8.366547130e-3f;
  p = p * r + 4.166720071e-2f;
  p = p * r + 1.666654342e-1f;
  p = p * r + 4.999999815e-1f;
  const float e = r + (r * r) * p;
  const float t = scale * e + (scale - 1.0f);
  return float_of(bits_of(t / (t + 2.0f)) | sign | nan);
}

IRL_CLONES void irl_tanh_f32(float* x, int n) {
  for (int i = 0; i < n; i++) {
    x[i] = tanh_one(x[i]);
  }
}

// One pass over y, which stays in cache between the addition and the rest.
IRL_CLONES void irl_tanh_bias_f32(float* y, const float* bias, int rows, int cols) {
  for (int i = 0; i < rows; i++) {
    float* restrict row = y + (long)i * cols;
    for (int j = 0; j < cols; j++) {
      row[j] = tanh_one(row[j] + bias[j]);
    }
  }
}

IRL_CLONES void irl_tanh_grad_f32(float* g, const float* h, long n) {
  float* restrict out = g;
  const float* restrict in = h;
  for (long i = 0; i < n; i++) {
    out[i] *= 1.0f - in[i] * in[i];
  }
}
