// The worlds that episodes drew: an attribute of each, which may be missing.
#include <math.h>
#include <stdio.h>

#include "demos/demos_internal.h"
#include "demos/store_internal.h"

#define FACTOR_MAX 1e6  // as in task files

irl_err irl_demos_measure_world(irl_h5r* file, int episode, int* nworld) {
  char name[32];
  int count;
  snprintf(name, sizeof name, "episode_%d", episode);
  IRL_TRY(irl_h5r_attr_count(file, name, "world", IRL_TASK_WORLD_MAX, &count));
  if (count > 0 && *nworld > 0 && count != *nworld) {
    return irl_fail(file->info, IRL_EDIM,
                    "%s: attribute world of %s has %d factors, not %d; keep such episodes apart",
                    file->path, name, count, *nworld);
  }
  *nworld = count > 0 ? count : *nworld;
  return IRL_OK;
}

// What a task file allows.
static irl_err check_factors(const irl_h5r* file, const char* name, const double* row, int n) {
  for (int k = 0; k < n; k++) {
    if (!(row[k] >= 0 && row[k] <= FACTOR_MAX)) {
      return irl_fail(file->info, IRL_ERANGE,
                      "%s: attribute world of %s has the factor %g; give 0 to %g", file->path, name,
                      row[k], FACTOR_MAX);
    }
  }
  return IRL_OK;
}

irl_err irl_demos_read_world(irl_h5r* file, int episode, irl_batch* b, int slot) {
  char name[32];
  int count;
  if (b->nworld == 0) {
    return IRL_OK;
  }
  double* row = b->world + (ptrdiff_t)slot * b->nworld;
  snprintf(name, sizeof name, "episode_%d", episode);
  IRL_TRY(irl_h5r_attr_count(file, name, "world", IRL_TASK_WORLD_MAX, &count));
  if (count > 0) {
    IRL_TRY(irl_h5r_attr_numbers(file, name, "world", b->nworld, row));
    return check_factors(file, name, row, b->nworld);
  }
  for (int k = 0; k < b->nworld; k++) {
    row[k] = NAN;
  }
  return IRL_OK;
}
