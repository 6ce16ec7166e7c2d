// From costs to the colour bar: the range of values shown, and tidy numbers along it.
#ifndef MJIRL_VIEWER_SCALE_H_
#define MJIRL_VIEWER_SCALE_H_

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct irl_scale {
  double lo, hi;   // values at the ends of the colour map, lo < hi
  double bend;     // 0: linear; else v is shown at asinh((v - lo) / bend), linear near lo and
                   // logarithmic beyond; of a diverging scale, both ways from 0
  bool diverging;  // lo = -hi, 0 in the middle
  bool below;      // some values lie under lo
  bool above;      // some values lie over hi
} irl_scale;

// How the ends are chosen.
typedef enum irl_range_kind {
  IRL_RANGE_AUTO,     // 2nd to 98th percentile, bent where the values have a long tail
  IRL_RANGE_PERCENT,  // percentiles lo to hi of the values, linear
  IRL_RANGE_FIXED     // from lo to hi, linear
} irl_range_kind;

typedef struct irl_range {
  irl_range_kind kind;
  double lo, hi;  // lo < hi: percentiles in [0, 100], or values
} irl_range;

// "auto", "lo:hi" or "lo%:hi%", e.g. "5%:95%" or "-1:2.5". False when text is none of them.
bool irl_range_parse(irl_range* range, const char* text);

// The scale of the finite values (n), which are sorted. 0 to 1 when there are none. `diverging`:
// the ends lie symmetrically about 0, at the larger of their sizes.
void irl_scale_fit(irl_scale* scale, double* values, size_t n, const irl_range* range,
                   bool diverging);

// irl_scale_fit from the 2nd to the 98th percentile, widened where the values are all equal. Where
// they have a long tail, as costs far from the demonstrations do, the scale is bent so that their
// median lies well inside of it. A given range (lo < hi) is kept, and linear.
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
