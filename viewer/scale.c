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

// Where the median of long-tailed values is put, and below which place it makes a long tail.
#define MEDIAN_PLACE 0.4
#define TAIL_PLACE 0.2

// The bend that puts the median there: its place rises from linear to 1 as the bend falls to 0.
static double bend_for(const irl_scale* scale, double median) {
  double m = median - scale->lo, h = scale->hi - scale->lo;
  if (!(m > 0.0) || m >= TAIL_PLACE * h) {
    return 0.0;
  }
  double low = log(m) - 20.0, high = log(h) + 20.0;
  for (int k = 0; k < 60; k++) {
    double mid = 0.5 * (low + high), w = exp(mid);
    bool too_high = asinh(m / w) > MEDIAN_PLACE * asinh(h / w);
    low = too_high ? mid : low;
    high = too_high ? high : mid;
  }
  return exp(0.5 * (low + high));
}

// Value at a percentile in [0, 100] of sorted values (n >= 1).
static double percentile(const double* values, size_t n, double percent, bool up) {
  return values[(size_t)(0.01 * percent * (double)(n - 1) + (up ? 0.5 : 0.0))];
}

// Ends by percentiles; values that agree to 1e-9 would make a bar of rounding noise.
static void choose_ends(irl_scale* scale, const double* values, size_t n, double lo, double hi) {
  scale->lo = percentile(values, n, lo, false);
  scale->hi = percentile(values, n, hi, true);
  double margin = fmax(fabs(scale->lo), fabs(scale->hi)) * 1e-9 + 1e-300;
  if (scale->hi - scale->lo < margin) {
    double half = fmax(0.5 * fabs(scale->lo), 1e-6);
    scale->lo -= half;
    scale->hi += half;
  }
}

// Ends symmetrically about 0, and the bend of the values' sizes; values become sizes, sorted.
static void mirror(irl_scale* scale, double* values, size_t n, const irl_range* range) {
  for (size_t i = 0; i < n; i++) {
    values[i] = fabs(values[i]);
  }
  qsort(values, n, sizeof *values, compare);
  scale->diverging = true;
  double reach = fmax(fabs(scale->lo), fabs(scale->hi));
  *scale = (irl_scale){.lo = 0.0, .hi = fmax(reach, 1e-9), .diverging = true};
  if (range->kind == IRL_RANGE_AUTO && n > 0) {
    scale->bend = bend_for(scale, values[n / 2]);
  }
  scale->lo = -scale->hi;
}

void irl_scale_fit(irl_scale* scale, double* values, size_t n, const irl_range* range,
                   bool diverging) {
  const bool fixed = range->kind == IRL_RANGE_FIXED;
  *scale = (irl_scale){.lo = 0.0, .hi = 1.0};
  n = keep_finite(values, n);
  double least = 0.0, most = 0.0;
  if (fixed) {
    scale->lo = range->lo;
    scale->hi = range->hi;
  }
  if (n > 0) {
    const bool given = range->kind == IRL_RANGE_PERCENT;
    qsort(values, n, sizeof *values, compare);
    least = values[0];
    most = values[n - 1];
    if (!fixed) {
      choose_ends(scale, values, n, given ? range->lo : 2.0, given ? range->hi : 98.0);
    }
    scale->bend = range->kind == IRL_RANGE_AUTO ? bend_for(scale, values[n / 2]) : 0.0;
  }
  if (diverging) {
    mirror(scale, values, n, range);
  }
  double slack = 1e-6 * (scale->hi - scale->lo);
  scale->below = n > 0 && least < scale->lo - slack;
  scale->above = n > 0 && most > scale->hi + slack;
}

void irl_scale_init(irl_scale* scale, double* values, size_t n, const double given[2]) {
  irl_range range = {IRL_RANGE_AUTO, 0.0, 0.0};
  if (given != NULL && given[0] < given[1]) {
    range = (irl_range){IRL_RANGE_FIXED, given[0], given[1]};
  }
  irl_scale_fit(scale, values, n, &range, false);
}

bool irl_range_parse(irl_range* range, const char* text) {
  double ends[2];
  int percents = 0;
  *range = (irl_range){IRL_RANGE_AUTO, 0.0, 0.0};
  if (strcmp(text, "auto") == 0) {
    return true;
  }
  for (int k = 0; k < 2; k++) {
    char* end = NULL;
    ends[k] = strtod(text, &end);
    if (end == text || !isfinite(ends[k])) {
      return false;
    }
    percents += *end == '%';
    end += *end == '%';
    if (*end != (k == 0 ? ':' : 0)) {
      return false;
    }
    text = end + 1;
  }
  bool percent = percents == 2;
  *range = (irl_range){percent ? IRL_RANGE_PERCENT : IRL_RANGE_FIXED, ends[0], ends[1]};
  bool inside = !percent || (ends[0] >= 0.0 && ends[1] <= 100.0);
  return percents != 1 && inside && ends[0] < ends[1];
}

double irl_scale_place(const irl_scale* scale, double value) {
  double v = value - scale->lo, h = scale->hi - scale->lo;
  if (scale->diverging && scale->bend > 0.0) {
    return 0.5 + 0.5 * asinh(value / scale->bend) / asinh(scale->hi / scale->bend);
  }
  return scale->bend > 0.0 ? asinh(v / scale->bend) / asinh(h / scale->bend) : v / h;
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

// As many decimals as the steps between the ticks need.
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

static void add_tick(irl_ticks* ticks, double value, double step) {
  value = value == 0.0 ? 0.0 : value;  // never -0
  ticks->value[ticks->n] = value;
  format_tick(ticks->text[ticks->n], sizeof ticks->text[0], value, step);
  ticks->n++;
}

static void linear_ticks(irl_ticks* ticks, double lo, double hi, int most) {
  double step = tidy_step((hi - lo) / most);
  double slack = 1e-9 * (hi - lo);
  for (double k = ceil((lo - slack) / step); k * step <= hi + slack && ticks->n < IRL_TICKS_MAX;
       k++) {
    add_tick(ticks, k * step, step);
  }
}

// Keeps a value in chosen (n), increasing, if it is on the scale and not too near to another.
static int choose(double* chosen, int n, int most, const irl_scale* scale, double value) {
  double place = irl_scale_place(scale, value);
  if (n >= most || !(place >= 0.0 && place <= 1.0)) {
    return n;
  }
  for (int i = 0; i < n; i++) {
    if (fabs(irl_scale_place(scale, chosen[i]) - place) < 0.75 / most) {
      return n;
    }
  }
  int at = n;
  for (; at > 0 && chosen[at - 1] > value; at--) {
    chosen[at] = chosen[at - 1];
  }
  chosen[at] = value;
  return n + 1;
}

// 0 first, then the powers of ten, their fives and their twos, of both signs, as far as room is.
static void bent_ticks(irl_ticks* ticks, const irl_scale* scale, int most) {
  const double lead[] = {1.0, 5.0, 2.0};
  double chosen[IRL_TICKS_MAX];
  double largest = fmax(fabs(scale->lo), fabs(scale->hi));
  int top = (int)floor(log10(largest)), n = choose(chosen, 0, most, scale, 0.0);
  for (int k = 0; k < 3; k++) {
    for (int power = top; power > top - 8; power--) {
      n = choose(chosen, n, most, scale, lead[k] * pow(10.0, power));
      n = choose(chosen, n, most, scale, -lead[k] * pow(10.0, power));
    }
  }
  for (int i = 0; i < n; i++) {
    double size = fabs(chosen[i]);
    add_tick(ticks, chosen[i], size > 0.0 ? pow(10.0, floor(log10(size) + 1e-9)) : 1.0);
  }
}

void irl_ticks_init(irl_ticks* ticks, const irl_scale* scale, int most) {
  *ticks = (irl_ticks){0};
  if (!(scale->lo < scale->hi) || !isfinite(scale->hi - scale->lo)) {
    return;
  }
  if (scale->bend > 0.0) {
    bent_ticks(ticks, scale, most);
  } else {
    linear_ticks(ticks, scale->lo, scale->hi, most);
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
