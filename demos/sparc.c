// The spectral arc length of a speed profile.
#include <math.h>
#include <stdint.h>

#include "base/arena.h"
#include "demos/survey.h"

enum { PADDING = 4 };  // doublings beyond the next power of two
#define CUT_OFF 10.0   // [Hz]
#define THRESHOLD 0.05

// Exchanges entries whose numbers mirror each other in `bits` bits.
static void reverse_bits(double* re, double* im, int64_t n) {
  for (int64_t i = 1, j = 0; i < n; i++) {
    int64_t bit = n >> 1;
    for (; j & bit; bit >>= 1) {
      j ^= bit;
    }
    j ^= bit;
    if (i < j) {
      const double r = re[i], m = im[i];
      re[i] = re[j];
      im[i] = im[j];
      re[j] = r;
      im[j] = m;
    }
  }
}

// Cooley and Tukey's transform in place, n a power of two; turn holds exp(-2πik/n), k < n/2, as
// pairs. The frequencies come in order.
static void transform(double* re, double* im, int64_t n, const double* turn) {
  reverse_bits(re, im, n);
  for (int64_t half = 1; half < n; half *= 2) {
    const int64_t stride = n / (2 * half);
    for (int64_t first = 0; first < n; first += 2 * half) {
      for (int64_t k = 0; k < half; k++) {
        const double c = turn[2 * k * stride], s = turn[2 * k * stride + 1];
        const int64_t a = first + k, b = a + half;
        const double r = re[b] * c - im[b] * s, m = re[b] * s + im[b] * c;
        re[b] = re[a] - r;
        im[b] = im[a] - m;
        re[a] += r;
        im[a] += m;
      }
    }
  }
}

// Arc length of the amplitudes up to the cut-off, between the first and the last that reach the
// threshold; both axes are scaled to 1.
static double arc_length(const double* amplitude, int64_t n, double step) {
  int64_t first = -1, last = -1;
  double largest = 0, sum = 0;
  for (int64_t k = 0; k < n; k++) {
    largest = fmax(largest, amplitude[k]);
  }
  for (int64_t k = 0; k < n && (double)k * step <= CUT_OFF; k++) {
    if (amplitude[k] >= THRESHOLD * largest) {
      first = first < 0 ? k : first;
      last = k;
    }
  }
  if (largest <= 0 || last <= first) {
    return NAN;
  }
  for (int64_t k = first; k < last; k++) {
    sum += hypot(1.0 / (double)(last - first), (amplitude[k + 1] - amplitude[k]) / largest);
  }
  return -sum;
}

irl_err irl_sparc(double* sparc, const double* speed, int n, double dt) {
  int64_t size = 1;
  while (size < n) {
    size *= 2;
  }
  size <<= PADDING;
  double* re = irl_calloc((size_t)size * 3, sizeof *re);
  *sparc = NAN;
  if (!re) {
    return IRL_ENOMEM;
  }
  double *im = re + size, *turn = im + size;
  for (int i = 0; i < n; i++) {
    re[i] = speed[i];
  }
  for (int64_t k = 0; k < size / 2; k++) {
    const double angle = -2 * M_PI * (double)k / (double)size;
    turn[2 * k] = cos(angle);
    turn[2 * k + 1] = sin(angle);
  }
  transform(re, im, size, turn);
  for (int64_t k = 0; k <= size / 2; k++) {
    re[k] = hypot(re[k], im[k]);
  }
  *sparc = arc_length(re, size / 2 + 1, 1 / (dt * (double)size));
  irl_free(re);
  return IRL_OK;
}
