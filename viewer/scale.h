// From costs to the colour bar: the range of values shown, and tidy numbers along it.
#ifndef MJIRL_VIEWER_SCALE_H_
#define MJIRL_VIEWER_SCALE_H_

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct irl_scale {
  double lo, hi;  // values at the ends of the colour map, lo < hi
  double bend;    // 0: linear; else v is shown at asinh((v - lo) / bend), linear near lo and
                  // logarithmic beyond
  bool below;     // some values lie under lo
  bool above;     // some values lie over hi
} irl_scale;

// Range from the 2nd to the 98th percentile of the finite values, widened where they are all equal;
// 0 to 1 when there are none. Where the values have a long tail, as costs far from the
// demonstrations do, the scale is bent so that their median lies well inside of it. Sorts the
// values. A given range (lo < hi) is kept, and linear.
void irl_scale_init(irl_scale* scale, double* values, size_t n, const double given[2]);

// Place of a value between lo (0) and hi (1), not clamped and increasing; NaN stays NaN.
double irl_scale_place(const irl_scale* scale, double value);

enum { IRL_TICKS_MAX = 12 };

typedef struct irl_ticks {
  int n;
  double value[IRL_TICKS_MAX];
  char text[IRL_TICKS_MAX][24];  // UTF-8, with a true minus sign
} irl_ticks;

// Tidy values along a scale, in increasing order, at most `most` (2..IRL_TICKS_MAX): multiples of
// 1, 2 or 5 times a power of ten, or on a bent scale such numbers themselves.
void irl_ticks_init(irl_ticks* ticks, const irl_scale* scale, int most);

// A number for reading: about three significant digits, with a true minus sign.
void irl_format_number(char* out, size_t size, double value);

#endif  // MJIRL_VIEWER_SCALE_H_
