#include "viewer/scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

// Moves the finite values to the front and returns their number.
static size_t keep_finite(double* values, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (isfinite(values[i])) {
      values[kept++] = values[i];
    }
  }
  return kept;
}

void irl_scale_init(irl_scale* scale, double* values, size_t n, const double given[2]) {
  *scale = (irl_scale){.lo = 0.0, .hi = 1.0};
  n = keep_finite(values, n);
  if (given != NULL && given[0] < given[1]) {
    scale->lo = given[0];
    scale->hi = given[1];
  }
  if (n == 0) {
    return;
  }
  qsort(values, n, sizeof *values, compare);
  double least = values[0], most = values[n - 1];
  if (given == NULL || !(given[0] < given[1])) {
    scale->lo = values[(size_t)(0.02 * (double)(n - 1))];
    scale->hi = values[(size_t)(0.98 * (double)(n - 1) + 0.5)];
    // Values that agree to 1e-9 would make a bar of rounding noise.
    double margin = fmax(fabs(scale->lo), fabs(scale->hi)) * 1e-9 + 1e-300;
    if (scale->hi - scale->lo < margin) {
      double half = fmax(0.5 * fabs(scale->lo), 1e-6);
      scale->lo -= half;
      scale->hi += half;
    }
  }
  double slack = 1e-6 * (scale->hi - scale->lo);
  scale->below = least < scale->lo - slack;
  scale->above = most > scale->hi + slack;
}

double irl_scale_place(const irl_scale* scale, double value) {
  return (value - scale->lo) / (scale->hi - scale->lo);
}

// The least of 1, 2, 5 times a power of ten that is at least x.
static double tidy_step(double x) {
  double power = pow(10.0, floor(log10(x)));
  const double steps[] = {1.0, 2.0, 5.0, 10.0};
  for (int k = 0; k < 3; k++) {
    if (steps[k] * power >= x * (1.0 - 1e-9)) {
      return steps[k] * power;
    }
  }
  return 10.0 * power;
}

// Writes "−" for every "-" of a plain number.
static void true_minus(char* out, size_t size, const char* plain) {
  size_t used = 0;
  for (; *plain != 0 && used + 4 < size; plain++) {
    if (*plain == '-') {
      memcpy(out + used, "\xE2\x88\x92", 3);
      used += 3;
    } else {
      out[used++] = *plain;
    }
  }
  out[used] = 0;
}

static void format_tick(char* out, size_t size, double value, double step) {
  char plain[48];
  double largest = fmax(fabs(value), step);
  int decimals = (int)fmax(0.0, ceil(-log10(step) - 1e-9));
  if (largest >= 1e6 || step < 1e-5) {
    (void)snprintf(plain, sizeof plain, "%.3g", value);
  } else {
    (void)snprintf(plain, sizeof plain, "%.*f", decimals, value);
  }
  true_minus(out, size, plain);
}

void irl_ticks_init(irl_ticks* ticks, double lo, double hi, int most) {
  *ticks = (irl_ticks){0};
  if (!(lo < hi) || !isfinite(hi - lo)) {
    return;
  }
  double step = tidy_step((hi - lo) / most);
  double slack = 1e-9 * (hi - lo);
  for (double k = ceil((lo - slack) / step); k * step <= hi + slack && ticks->n < IRL_TICKS_MAX;
       k++) {
    double value = k == 0.0 ? 0.0 : k * step;  // never -0
    ticks->value[ticks->n] = value;
    format_tick(ticks->text[ticks->n], sizeof ticks->text[0], value, step);
    ticks->n++;
  }
}

void irl_format_number(char* out, size_t size, double value) {
  char plain[48];
  double a = fabs(value);
  if (!isfinite(value)) {
    (void)snprintf(plain, sizeof plain, "%s", isnan(value) ? "?" : value > 0 ? "inf" : "-inf");
  } else if (a != 0.0 && (a >= 1e5 || a < 1e-3)) {
    (void)snprintf(plain, sizeof plain, "%.2e", value);
  } else {
    int decimals = a >= 100.0 ? 0 : a >= 10.0 ? 1 : a >= 0.1 || a == 0.0 ? 2 : 3;
    (void)snprintf(plain, sizeof plain, "%.*f", decimals, value);
  }
  true_minus(out, size, plain);
}
