#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "irl/run_internal.h"

enum { MAX_PATH = 4096, TENSORS_PER_CONDITION = 6, MORE_TENSORS = 3, MAX_CONFIG = 1 << 20 };

static irl_err write_file(const char* folder, const char* name, const char* text, size_t size,
                          irl_errinfo* info) {
  char path[MAX_PATH];
  if (!irl_path_join(path, sizeof path, folder, name)) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
  }
  return irl_file_write(path, text, size, info);
}

static void config_text(const irl_learner* l, const char* demos_path, irl_jout* out) {
  irl_jout_open(out, '{');
  irl_jout_key_string(out, "format", "mjirl-run-1");
  irl_jout_key_string(out, "algo", irl_algo_names[l->algo]);
  irl_jout_key_string(out, "task", l->info->name);
  irl_jout_key_string(out, "demos", demos_path);
  char crc[16];
  snprintf(crc, sizeof crc, "%08x", l->demos_crc32c);
  irl_jout_key_string(out, "demos_crc32c", crc);
  irl_jout_key_uint(out, "seed", l->seed);
  irl_jout_key(out, "config");
  irl_jout_open(out, '{');
  irl_config_write(&l->config, out);
  irl_jout_close(out);
  irl_jout_key(out, "expert");
  irl_expert_plan_write(irl_task_expert(l->task), out);
  irl_jout_close(out);
}

irl_err irl_run_write_start(const char* folder, const irl_learner* l, const char* demos_path,
                            irl_errinfo* info) {
  const char *json = irl_task_json(l->task), *mjcf = irl_task_mjcf(l->task);
  IRL_TRY(write_file(folder, "task.json", json, strlen(json), info));
  IRL_TRY(write_file(folder, "model.xml", mjcf, strlen(mjcf), info));
  irl_jout out;
  irl_jout_init(&out, true);
  config_text(l, demos_path, &out);
  irl_err err = out.failed ? irl_fail(info, IRL_ENOMEM, "config.json: out of memory; free some")
                           : write_file(folder, "config.json", out.text, out.size, info);
  irl_jout_fini(&out);
  return err;
}

// True when config.json tells of other demonstrations than the learner's.
static bool other_demos(const irl_learner* l, const char* text, size_t size) {
  irl_json* doc;
  char crc[16];
  if (irl_json_parse(&doc, "config.json", text, size, NULL) != IRL_OK) {
    return false;
  }
  snprintf(crc, sizeof crc, "%08x", l->demos_crc32c);
  const char* stored = irl_json_string_or(irl_json_root(doc), "demos_crc32c", crc);
  bool other = strcmp(stored, crc) != 0;
  irl_errinfo ignored;  // a document closed before all of it was read
  return irl_json_close(doc, &ignored) == IRL_ENOMEM ? false : other;
}

// The task and its world are those of the run: a changed world keeps the task's name.
static irl_err check_same_task(const char* folder, const irl_learner* l, irl_errinfo* info) {
  char path[MAX_PATH], *stored;
  const char* json = irl_task_json(l->task);
  size_t size;
  if (!irl_path_join(path, sizeof path, folder, "task.json")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
  }
  IRL_TRY(irl_file_read(path, IRL_TASK_TEXT_MAX, &stored, &size, info));
  const bool same = size == strlen(json) && memcmp(json, stored, size) == 0;
  irl_free(stored);
  return same ? IRL_OK
              : irl_fail(info, IRL_EDIM,
                         "%s: the run was started with another task or in another world of it; "
                         "resume it with the same --task and --set domain...",
                         path);
}

irl_err irl_run_check_same(const char* folder, const irl_learner* l, const char* demos_path,
                           irl_errinfo* info) {
  char path[MAX_PATH], *stored;
  size_t size;
  if (!irl_path_join(path, sizeof path, folder, "config.json")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
  }
  IRL_TRY(irl_file_read(path, MAX_CONFIG, &stored, &size, info));
  irl_jout out;
  irl_jout_init(&out, true);
  config_text(l, demos_path, &out);
  bool same = !out.failed && out.size == size && memcmp(out.text, stored, size) == 0;
  bool demos_changed = !same && other_demos(l, stored, size);
  irl_jout_fini(&out);
  irl_free(stored);
  if (demos_changed) {
    return irl_fail(info, IRL_EDIM,
                    "%s: the demonstrations are not those the run was started with; restore them "
                    "or train anew with another --out",
                    demos_path);
  }
  return same ? check_same_task(folder, l, info)
              : irl_fail(info, IRL_EDIM,
                         "%s: the run was started with other settings; resume it with the same "
                         "--task, --demos, --algo, --seed and --set",
                         path);
}

// Tensors "learned/<condition>/K" and so on, the conditions' numbers, log Z and the two reference
// returns (expert, random).
static irl_err write_policies(const char* path, const irl_learner* l, irl_errinfo* info) {
  irl_tensor* t = IRL_NEW(irl_tensor, l->nc * TENSORS_PER_CONDITION + MORE_TENSORS);
  int64_t* condition = IRL_NEW(int64_t, l->nc);
  int64_t nc = l->nc, two = 2;
  double reference[2] = {l->expert_return, l->random_return};
  int n = 0;
  if (t == NULL || condition == NULL) {
    irl_free(t);
    irl_free(condition);
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path);
  }
  for (int k = 0; k < l->nc; k++, n += TENSORS_PER_CONDITION) {
    char prefix[64];
    condition[k] = l->condition[k];
    snprintf(prefix, sizeof prefix, "initial/%d/", l->condition[k]);
    irl_policy_tensors(&l->initial[k], prefix, &t[n]);
    snprintf(prefix, sizeof prefix, "learned/%d/", l->condition[k]);
    irl_policy_tensors(&irl_learner_sampler(l, k)->policy, prefix, &t[n + 3]);
  }
  t[n++] = irl_tensor_of("condition", IRL_I64, condition, 1, &nc);
  t[n++] = irl_tensor_of("log_z", IRL_F64, l->log_z, 1, &nc);
  t[n++] = irl_tensor_of("reference_return", IRL_F64, reference, 1, &two);
  const char* metadata[] = {"format", "mjirl-policy-1"};
  irl_err err = irl_tensors_save(path, t, n, metadata, 1, info);
  irl_free(t);
  irl_free(condition);
  return err;
}

irl_err irl_run_write_models(const char* folder, const irl_learner* l, irl_errinfo* info) {
  char path[MAX_PATH];
  if (!irl_path_join(path, sizeof path, folder, "cost.safetensors")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
  }
  IRL_TRY(irl_cost_save(l->cost, path, info));
  irl_path_join(path, sizeof path, folder, "policy.safetensors");
  return write_policies(path, l, info);
}
