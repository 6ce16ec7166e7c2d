#include "irl/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "envs/env.h"

enum { MAX_PATH = 4096 };

//---------------------------------- Opening ------------------------------------------------------

static irl_err join(char out[MAX_PATH], const char* folder, const char* name, irl_errinfo* info) {
  return irl_path_join(out, MAX_PATH, folder, name)
             ? IRL_OK
             : irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
}

static char* copy_text(const char* text) {
  char* copy = IRL_NEW(char, strlen(text) + 1);
  if (copy != NULL) {
    memcpy(copy, text, strlen(text));
  }
  return copy;
}

static irl_err read_config(irl_run* run, irl_errinfo* info) {
  char path[MAX_PATH];
  irl_json* doc;
  static const char* const formats[] = {"mjirl-run-1", NULL};
  IRL_TRY(join(path, run->folder, "config.json", info));
  IRL_TRY(irl_path_check_seen(path, info));
  if (!irl_file_exists(path)) {
    return irl_fail(info, IRL_ENOENT, "%s: is not a run (no config.json); give train's --out",
                    run->folder);
  }
  IRL_TRY(irl_json_load(&doc, path, info));
  irl_jnode root = irl_json_root(doc);
  irl_json_as_choice(irl_json_get(root, "format"), formats);
  run->algo = (irl_algo)irl_json_as_choice(irl_json_get(root, "algo"), irl_algo_names);
  irl_json_as_string(irl_json_get(root, "task"));
  run->demos_path = copy_text(irl_json_string_or(root, "demos", ""));
  irl_json_string_or(root, "demos_crc32c", "");
  double seed = irl_json_as_number(irl_json_get(root, "seed"), 0, 18446744073709551616.0);
  run->seed = seed < 18446744073709551616.0 ? (uint64_t)seed : UINT64_MAX;
  run->config = irl_config_defaults();
  irl_err err = irl_config_read(&run->config, irl_json_get(root, "config"));
  irl_expert_plan_read(&run->plan, irl_json_get_opt(root, "expert"));
  IRL_TRY(irl_json_close(doc, info));
  return run->demos_path == NULL ? IRL_ENOMEM : err;
}

static irl_err read_task(irl_run* run, irl_errinfo* info) {
  char path[MAX_PATH], *json = NULL, *mjcf = NULL;
  size_t size;
  IRL_TRY(join(path, run->folder, "task.json", info));
  IRL_TRY(irl_file_read(path, IRL_TASK_TEXT_MAX, &json, &size, info));
  irl_path_join(path, sizeof path, run->folder, "model.xml");
  irl_err err = irl_file_read(path, IRL_TASK_TEXT_MAX, &mjcf, &size, info);
  if (err == IRL_OK) {
    irl_errinfo reason = {IRL_OK, ""};
    err = irl_task_from_text(&run->task, json, mjcf, &reason);
    if (err != IRL_OK) {
      irl_fail(info, err, "%s: %s", run->folder, reason.text);
    }
  }
  irl_free(json);
  irl_free(mjcf);
  return err;
}

static irl_err check_policy(const irl_run* run, const irl_policy* p, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(run->task);
  if (p->nx != t->nx || p->nu != t->nu || (p->steps != 1 && p->steps < t->horizon)) {
    return irl_fail(info, IRL_EDIM,
                    "%s/policy.safetensors: policy of %d steps, %d observations, %d actions does "
                    "not fit the task (%d, %d, %d); restore the run",
                    run->folder, p->steps, p->nx, p->nu, t->horizon, t->nx, t->nu);
  }
  return IRL_OK;
}

static irl_err read_condition(irl_run* run, const irl_tensors* t, int k, irl_errinfo* info) {
  char prefix[64];
  snprintf(prefix, sizeof prefix, "initial/%d/", run->condition[k]);
  IRL_TRY(irl_policy_from_tensors(&run->initial[k], t, prefix, info));
  snprintf(prefix, sizeof prefix, "learned/%d/", run->condition[k]);
  IRL_TRY(irl_policy_from_tensors(&run->learned[k], t, prefix, info));
  IRL_TRY(check_policy(run, &run->initial[k], info));
  return check_policy(run, &run->learned[k], info);
}

// Number of conditions, from the shape of the tensor "condition".
static int count_conditions(const irl_tensors* t) {
  for (int i = 0; i < irl_tensors_count(t); i++) {
    const irl_tensor* tensor = irl_tensors_at(t, i);
    if (strcmp(tensor->name, "condition") == 0 && tensor->rank == 1) {
      return (int)tensor->shape[0];
    }
  }
  return 0;
}

static irl_err allocate(irl_run* run, int n) {
  run->condition = IRL_NEW(int, n);
  run->learned = IRL_NEW(irl_policy, n);
  run->initial = IRL_NEW(irl_policy, n);
  run->log_z = IRL_NEW(double, n);
  bool ok = run->condition && run->learned && run->initial && run->log_z;
  run->nconditions = ok ? n : 0;
  return ok ? IRL_OK : IRL_ENOMEM;
}

static irl_err read_arrays(irl_run* run, const irl_tensors* t, irl_errinfo* info) {
  int64_t n = run->nconditions, two = 2;
  const void *condition, *log_z, *reference;
  IRL_TRY(irl_tensors_find(t, "condition", IRL_I64, 1, &n, &condition, info));
  if (n < 1) {
    return irl_fail(info, IRL_ERANGE, "%s/policy.safetensors: has no condition; restore the run",
                    run->folder);
  }
  IRL_TRY(irl_tensors_find(t, "log_z", IRL_F64, 1, &n, &log_z, info));
  IRL_TRY(irl_tensors_find(t, "reference_return", IRL_F64, 1, &two, &reference, info));
  memcpy(run->log_z, log_z, sizeof(double) * (size_t)n);
  double returns[2];
  memcpy(returns, reference, sizeof returns);
  run->expert_return = returns[0];
  run->random_return = returns[1];
  for (int k = 0; k < run->nconditions; k++) {
    int64_t c;
    memcpy(&c, (const char*)condition + sizeof c * (size_t)k, sizeof c);
    if (c < 0 || c >= irl_task_get(run->task)->nconditions) {
      return irl_fail(info, IRL_ERANGE,
                      "%s/policy.safetensors: condition %lld is not the task's; restore the run",
                      run->folder, (long long)c);
    }
    run->condition[k] = (int)c;
  }
  return IRL_OK;
}

static irl_err read_policies(irl_run* run, irl_errinfo* info) {
  char path[MAX_PATH];
  irl_tensors* t;
  IRL_TRY(join(path, run->folder, "policy.safetensors", info));
  IRL_TRY(irl_tensors_load(&t, path, info));
  irl_err err = allocate(run, count_conditions(t));
  if (err == IRL_OK) {
    err = read_arrays(run, t, info);
  }
  for (int k = 0; k < run->nconditions && err == IRL_OK; k++) {
    err = read_condition(run, t, k, info);
  }
  irl_tensors_destroy(t);
  return err;
}

// Files of two runs in one folder would be read past their ends.
static irl_err check_cost(const irl_run* run, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(run->task);
  int nx = irl_cost_nx(run->cost), nu = irl_cost_nu(run->cost);
  return nx == t->nx && nu == t->nu
             ? IRL_OK
             : irl_fail(info, IRL_EDIM,
                        "%s/cost.safetensors: a cost of %d observations and %d actions does not "
                        "fit the task (%d, %d); restore the run",
                        run->folder, nx, nu, t->nx, t->nu);
}

static irl_err read_all(irl_run* run, irl_errinfo* info) {
  char path[MAX_PATH];
  IRL_TRY(read_config(run, info));
  IRL_TRY(read_task(run, info));
  IRL_TRY(read_policies(run, info));
  IRL_TRY(join(path, run->folder, "cost.safetensors", info));
  IRL_TRY(irl_cost_load(&run->cost, path, info));
  return check_cost(run, info);
}

irl_err irl_run_open(irl_run** out, const char* folder, irl_errinfo* info) {
  *out = NULL;
  irl_run* run = IRL_NEW(irl_run, 1);
  if (run == NULL || (run->folder = copy_text(folder)) == NULL) {
    irl_run_close(run);
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", folder);
  }
  irl_err err = read_all(run, info);
  if (err != IRL_OK) {
    irl_run_close(run);
    return err;
  }
  *out = run;
  return IRL_OK;
}

void irl_run_close(irl_run* run) {
  if (run == NULL) {
    return;
  }
  for (int k = 0; k < run->nconditions; k++) {
    irl_policy_destroy(&run->learned[k]);
    irl_policy_destroy(&run->initial[k]);
  }
  irl_expert_plan_fini(&run->plan);
  irl_free(run->condition);
  irl_free(run->learned);
  irl_free(run->initial);
  irl_free(run->log_z);
  irl_free(run->demos_path);
  irl_free(run->folder);
  irl_cost_destroy(run->cost);
  irl_task_destroy(run->task);
  irl_free(run);
}

bool irl_run_exists(const char* folder) {
  char path[MAX_PATH];
  return irl_path_join(path, sizeof path, folder, "config.json") && irl_file_exists(path);
}

//---------------------------------- Using --------------------------------------------------------

irl_err irl_run_step_costs(const irl_run* run, const irl_batch* batch, double* out) {
  const irl_task_info* t = irl_task_get(run->task);
  if (batch->nx != t->nx || batch->nu != t->nu) {
    return IRL_EDIM;
  }
  memset(out, 0, sizeof(double) * (size_t)batch->n * (size_t)batch->horizon);
  for (int i = 0; i < batch->n; i++) {
    irl_cost_eval(run->cost, batch->length[i], irl_batch_x(batch, i, 0), irl_batch_u(batch, i, 0),
                  out + (long)i * batch->horizon);
  }
  return IRL_OK;
}

static irl_err roll(const irl_run* run, const irl_policy* policy, uint64_t seed, int threads,
                    const irl_policy** table, irl_batch* batch, irl_errinfo* info) {
  irl_env* env;
  for (int k = 0; k < run->nconditions; k++) {
    table[run->condition[k]] = &policy[k];
  }
  for (int i = 0; i < batch->n; i++) {
    batch->condition[i] = run->condition[i % run->nconditions];
  }
  irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                         .policy = table,
                         .seed = seed,
                         .reset_purpose = IRL_PURPOSE_EVAL,
                         .action_purpose = IRL_PURPOSE_EVAL_ACTION};
  IRL_TRY(irl_env_create(&env, run->task, batch->n, threads, info));
  irl_err err = irl_env_rollout(env, &rollout, batch, NULL, NULL, info);
  irl_env_destroy(env);
  return err;
}

irl_err irl_run_rollout(const irl_run* run, const irl_policy* policy, int episodes, uint64_t seed,
                        int threads, irl_batch* batch, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(run->task);
  const irl_policy** table = IRL_NEW(const irl_policy*, t->nconditions);
  irl_err err = table == NULL ? IRL_ENOMEM : IRL_OK;
  if (err == IRL_OK) {
    err = irl_batch_create(batch, episodes, t->horizon, t->nx, t->nu, t->nz, t->nstate);
  }
  if (err == IRL_OK) {
    err = irl_batch_add_worlds(batch, t->nworld);
  }
  if (err != IRL_OK) {
    irl_fail(info, err, "rollout of %d episodes: %s; ask for fewer", episodes, irl_err_name(err));
  } else {
    err = roll(run, policy, seed, threads, table, batch, info);
    if (err != IRL_OK) {
      irl_batch_destroy(batch);
    }
  }
  irl_free(table);
  return err;
}
