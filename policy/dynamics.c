#include "policy/dynamics.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "policy/policy_internal.h"

irl_err irl_dynamics_create(irl_dynamics* dyn, int horizon, int nx_, int nu_, int nz_) {
  *dyn = (irl_dynamics){0};
  if (horizon < 1 || horizon > IRL_POLICY_MAX_STEPS || nx_ < 1 || nx_ > IRL_POLICY_MAX_NX ||
      nu_ < 1 || nu_ > IRL_POLICY_MAX_NU || nz_ < 0 || nz_ > IRL_POLICY_MAX_NX) {
    return IRL_ERANGE;
  }
  const size_t T = (size_t)horizon;
  const size_t nx = (size_t)nx_;
  const size_t nz = (size_t)nz_;
  const size_t n = nx + (size_t)nu_;
  double* p = IRL_NEW(double, T*((nx + nz) * (n + 1) + nx * nx) + nx + nx * nx);
  if (p == NULL) {
    return IRL_ENOMEM;
  }
  *dyn = (irl_dynamics){.horizon = horizon, .nx = nx_, .nu = nu_, .nz = nz_, .memory = p};
  dyn->F = p;
  dyn->f = dyn->F + T * nx * n;
  dyn->cov = dyn->f + T * nx;
  dyn->Z = dyn->cov + T * nx * nx;
  dyn->z0 = dyn->Z + T * nz * n;
  dyn->x0_mean = dyn->z0 + T * nz;
  dyn->x0_cov = dyn->x0_mean + nx;
  return IRL_OK;
}

void irl_dynamics_destroy(irl_dynamics* dyn) {
  irl_free(dyn->memory);
  *dyn = (irl_dynamics){0};
}

static const char* const kind_names[] = {"fitted", "mixture", "simulator", "combined", NULL};

const char* irl_dynamics_kind_name(int kind) {
  const int count = (int)(sizeof kind_names / sizeof kind_names[0]) - 1;
  return kind >= 0 && kind < count ? kind_names[kind] : NULL;
}

bool irl_dynamics_kind_parse(const char* name, irl_dynamics_kind* kind) {
  for (int i = 0; kind_names[i] != NULL; i++) {
    if (strcmp(name, kind_names[i]) == 0) {
      *kind = (irl_dynamics_kind)i;
      return true;
    }
  }
  return false;
}

irl_err irl_differences_create(irl_differences* diff, int horizon, int n, int d) {
  *diff = (irl_differences){0};
  if (horizon < 1 || n < 1 || d < 1) {
    return IRL_ERANGE;
  }
  double* row = irl_calloc((size_t)horizon * (size_t)n, (size_t)d * sizeof(double));
  if (row == NULL) {
    return IRL_ENOMEM;
  }
  *diff = (irl_differences){.horizon = horizon, .n = n, .d = d, .row = row};
  return IRL_OK;
}

void irl_differences_destroy(irl_differences* diff) {
  irl_free(diff->row);
  *diff = (irl_differences){0};
}

void irl_differences_zero(irl_differences* diff) {
  diff->paths = 0;
  memset(diff->row, 0, (size_t)diff->horizon * (size_t)diff->n * (size_t)diff->d * sizeof(double));
}
