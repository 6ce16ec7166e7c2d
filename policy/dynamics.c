#include "policy/dynamics.h"

#include <stddef.h>

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
