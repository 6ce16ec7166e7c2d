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

//---------------------------------- Other activations ---------------------------------------------

// e^−a = 2^k (1 + e) for the magnitude a of x, by −a = k ln 2 + r as above. NaN stays in e.
typedef struct exponential {
  float e;      // e^r − 1
  float scale;  // 2^k
} exponential;

static inline exponential exp_minus(float x) {
  const float ROUND = 12582912.0f, LOG2E = 1.44269504f;
  const float LN2_HIGH = 0.693145752f, LN2_LOW = 1.42860677e-6f;
  const int32_t LARGE = 0x42AE0000;  // 87: e^−87 is the last that is not subnormal
  const int32_t magnitude = (int32_t)(bits_of(x) & 0x7FFFFFFFu);
  const uint32_t nan = magnitude > 0x7F800000 ? 0x7FC00000u : 0;
  const float y = -float_of((uint32_t)(magnitude > LARGE ? LARGE : magnitude));
  const float shifted = y * LOG2E + ROUND;
  const float k = shifted - ROUND;
  const float r = (y - k * LN2_HIGH) - k * LN2_LOW;
  float p = 1.388251643e-3f;
  p = p * r + 8.366547130e-3f;
  p = p * r + 4.166720071e-2f;
  p = p * r + 1.666654342e-1f;
  p = p * r + 4.999999815e-1f;
  exponential out;
  out.e = float_of(bits_of(r + (r * r) * p) | nan);
  out.scale = float_of((bits_of(shifted) << 23) + 0x3F800000u);
  return out;
}

// max(x, 0); a NaN of either sign stays one.
static inline float relu_one(float x) {
  const uint32_t bits = bits_of(x);
  const uint32_t negative = (uint32_t)((int32_t)bits >> 31);
  const uint32_t nan = (int32_t)(bits & 0x7FFFFFFFu) > 0x7F800000 ? 0xFFFFFFFFu : 0;
  return float_of(bits & (~negative | nan));
}

// log(1 + e^x) = max(x, 0) + log(1 + y), y = e^−|x|; log(1 + y) = 2 artanh s, s = y/(2 + y) <= ⅓,
// by its series, whose first omitted term is 2e-8 of the sum.
static inline float softplus_one(float x) {
  const exponential q = exp_minus(x);
  const float y = q.scale + q.scale * q.e;
  const float s = y / (2.0f + y), t = s * s;
  float p = 1.0f / 13.0f;
  p = p * t + 1.0f / 11.0f;
  p = p * t + 1.0f / 9.0f;
  p = p * t + 1.0f / 7.0f;
  p = p * t + 1.0f / 5.0f;
  p = p * t + 1.0f / 3.0f;
  return relu_one(x) + 2.0f * (s + s * t * p);
}

IRL_CLONES void irl_relu_bias_f32(float* y, const float* bias, int rows, int cols) {
  for (int i = 0; i < rows; i++) {
    float* restrict row = y + (long)i * cols;
    for (int j = 0; j < cols; j++) {
      row[j] = relu_one(row[j] + bias[j]);
    }
  }
}

IRL_CLONES void irl_relu_grad_f32(float* g, const float* h, long n) {
  float* restrict out = g;
  const float* restrict in = h;
  for (long i = 0; i < n; i++) {
    const uint32_t positive = (int32_t)bits_of(in[i]) > 0 ? 0xFFFFFFFFu : 0;
    out[i] = float_of(bits_of(out[i]) & positive);
  }
}

IRL_CLONES void irl_softplus_bias_f32(float* y, const float* bias, int rows, int cols) {
  for (int i = 0; i < rows; i++) {
    float* restrict row = y + (long)i * cols;
    for (int j = 0; j < cols; j++) {
      row[j] = softplus_one(row[j] + bias[j]);
    }
  }
}

IRL_CLONES void irl_softplus_grad_f32(float* g, const float* h, long n) {
  float* restrict out = g;
  const float* restrict in = h;
  for (long i = 0; i < n; i++) {
    const exponential q = exp_minus(in[i]);
    out[i] *= (1.0f - q.scale) - q.scale * q.e;  // small h have scale 1, and nothing cancels
  }
}
