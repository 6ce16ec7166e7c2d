#include <stdio.h>
#include <string.h>

#include "policy/policy.h"

static const char* const part_names[3] = {"K", "k", "sigma"};

static void part_name(char* out, const char* prefix, int part) {
  (void)snprintf(out, IRL_TENSOR_NAME_SIZE, "%s%s", prefix, part_names[part]);
}

// Shapes of K (S, nu, nx), k (S, nu) and sigma (S, nu, nu).
static int part_shape(int64_t shape[3], int part, int64_t steps, int64_t nx, int64_t nu) {
  shape[0] = steps;
  shape[1] = nu;
  shape[2] = part == 0 ? nx : nu;
  return part == 1 ? 2 : 3;
}

void irl_policy_tensors(const irl_policy* policy, const char* prefix, irl_tensor out[3]) {
  const double* const data[3] = {policy->K, policy->k, policy->sigma};
  for (int part = 0; part < 3; part++) {
    char name[IRL_TENSOR_NAME_SIZE];
    int64_t shape[3];
    part_name(name, prefix, part);
    const int rank = part_shape(shape, part, policy->steps, policy->nx, policy->nu);
    out[part] = irl_tensor_of(name, IRL_F64, data[part], rank, shape);
  }
}

static const irl_tensor* by_name(const irl_tensors* tensors, const char* name) {
  for (int i = 0; i < irl_tensors_count(tensors); i++) {
    const irl_tensor* tensor = irl_tensors_at(tensors, i);
    if (strcmp(tensor->name, name) == 0) {
      return tensor;
    }
  }
  return NULL;
}

// An empty policy whose sizes are those of the stored gains.
static irl_err create_from_gains(irl_policy* policy, const irl_tensors* tensors, const char* prefix,
                                 irl_errinfo* info) {
  char name[IRL_TENSOR_NAME_SIZE];
  part_name(name, prefix, 0);
  const irl_tensor* gains = by_name(tensors, name);
  if (gains == NULL) {
    return irl_fail(info, IRL_ENOENT, "policy: tensor '%s' is missing; give a policy file", name);
  }
  if (gains->rank != 3) {
    return irl_fail(info, IRL_EDIM, "policy: tensor '%s' has rank %d; it must have rank 3", name,
                    gains->rank);
  }
  const int64_t* n = gains->shape;
  irl_err err = IRL_ERANGE;
  if (n[0] <= INT32_MAX && n[1] <= INT32_MAX && n[2] <= INT32_MAX) {
    err = irl_policy_create(policy, (int)n[0], (int)n[2], (int)n[1]);
  }
  return err == IRL_OK ? IRL_OK
                       : irl_fail(info, err,
                                  "policy: tensor '%s' cannot be used: %s; give a policy "
                                  "file of this program",
                                  name, irl_err_name(err));
}

irl_err irl_policy_from_tensors(irl_policy* policy, const irl_tensors* tensors, const char* prefix,
                                irl_errinfo* info) {
  *policy = (irl_policy){0};
  IRL_TRY(create_from_gains(policy, tensors, prefix, info));
  double* const data[3] = {policy->K, policy->k, policy->sigma};
  irl_err err = IRL_OK;
  for (int part = 0; part < 3; part++) {
    char name[IRL_TENSOR_NAME_SIZE];
    int64_t shape[3];
    const void* source = NULL;
    part_name(name, prefix, part);
    const int rank = part_shape(shape, part, policy->steps, policy->nx, policy->nu);
    err = irl_tensors_find(tensors, name, IRL_F64, rank, shape, &source, info);
    if (err != IRL_OK) {
      goto fail;
    }
    const size_t count = (size_t)shape[0] * (size_t)shape[1] * (rank == 3 ? (size_t)shape[2] : 1);
    memcpy(data[part], source, count * sizeof(double));
  }
  err = irl_policy_factor(policy, info);
  if (err != IRL_OK) {
    goto fail;
  }
  return IRL_OK;

fail:
  irl_policy_destroy(policy);
  return err;
}
