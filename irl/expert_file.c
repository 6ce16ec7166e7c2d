// An expert's policies in a file.
#include <stdio.h>

#include "base/arena.h"
#include "base/tensors.h"
#include "irl/expert.h"

enum { PER_POLICY = 3 };

irl_err irl_expert_save(const irl_expert_result* r, const irl_task* task, const char* path,
                        irl_errinfo* info) {
  const int n = r->policy[0].steps == 1 ? 1 : r->nconditions;
  irl_tensor* tensors = IRL_NEW(irl_tensor, n * PER_POLICY);
  if (tensors == NULL) {
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path);
  }
  for (int c = 0; c < n; c++) {
    char prefix[64];
    snprintf(prefix, sizeof prefix, "expert/%d/", c);
    irl_policy_tensors(&r->policy[c], prefix, &tensors[c * PER_POLICY]);
  }
  const char* metadata[] = {"format", "mjirl-expert-1", "task", irl_task_get(task)->name};
  irl_err err = irl_tensors_save(path, tensors, n * PER_POLICY, metadata, 2, info);
  irl_free(tensors);
  return err;
}

static irl_err read_policy(irl_policy* policy, const irl_tensors* file, int c,
                           const irl_task_info* task, const char* path, irl_errinfo* info) {
  char prefix[64];
  snprintf(prefix, sizeof prefix, "expert/%d/", c);
  IRL_TRY(irl_policy_from_tensors(policy, file, prefix, info));
  if (policy->nx != task->nx || policy->nu != task->nu ||
      (policy->steps != 1 && policy->steps != task->horizon)) {
    return irl_fail(info, IRL_EDIM,
                    "%s: a policy of %d steps, %d observations and %d actions, where %s has %d, %d "
                    "and %d; give one made for this task",
                    path, policy->steps, policy->nx, policy->nu, task->name, task->horizon,
                    task->nx, task->nu);
  }
  return IRL_OK;
}

irl_err irl_expert_load(irl_policy** policy, int* n, const irl_task* task, const char* path,
                        irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  irl_tensors* file = NULL;
  *policy = NULL;
  *n = 0;
  IRL_TRY(irl_tensors_load(&file, path, info));
  const int count = irl_tensors_count(file) / PER_POLICY;
  irl_err err = IRL_OK;
  if (count != 1 && count != t->nconditions) {
    err =
        irl_fail(info, IRL_EDIM, "%s: holds %d policies for the %d conditions of %s; give its own",
                 path, count, t->nconditions, t->name);
  } else if ((*policy = IRL_NEW(irl_policy, count)) == NULL) {
    err = irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path);
  }
  for (int c = 0; c < count && err == IRL_OK; c++) {
    *n = c + 1;
    err = read_policy(&(*policy)[c], file, c, t, path, info);
  }
  irl_tensors_destroy(file);
  if (err != IRL_OK) {
    irl_expert_policies_free(*policy, *n);
    *policy = NULL;
    *n = 0;
  }
  return err;
}

void irl_expert_policies_free(irl_policy* policy, int n) {
  for (int c = 0; policy != NULL && c < n; c++) {
    irl_policy_destroy(&policy[c]);
  }
  irl_free(policy);
}
