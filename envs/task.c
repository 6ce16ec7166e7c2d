// Loading tasks and what they tell.
#include "envs/task.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "envs/task_internal.h"

enum { PATH_BYTES = 4096, JSON_MAX_BYTES = 16 << 20 };

void irl_task_destroy(irl_task* task) {
  if (task == NULL) {
    return;
  }
  irl_start_free(task);
  irl_domain_free(task);
  irl_expert_plan_fini(&task->plan);
  mj_deleteModel(task->model);
  irl_free(task->json);
  irl_free(task->mjcf);
  irl_free(task->channel);
  irl_free(task->label);
  irl_free(task->constant);
  irl_free(task->tangent);
  irl_free(task->term);
  irl_free(task->while_healthy);
  irl_free(task->healthy);
  irl_free(task->success);
  irl_free(task->low);
  irl_free(task->high);
  irl_free(task);
}

//---------------------------------- Parts ---------------------------------------------------------

static void state_parts(irl_task* task) {
  static const struct {
    const char* name;
    int bit;
  } parts[] = {{"time", mjSTATE_TIME},
               {"qpos", mjSTATE_QPOS},
               {"qvel", mjSTATE_QVEL},
               {"act", mjSTATE_ACT},
               {"history", mjSTATE_HISTORY},
               {"qacc_warmstart", mjSTATE_WARMSTART},
               {"eq_active", mjSTATE_EQ_ACTIVE},
               {"mocap_pos", mjSTATE_MOCAP_POS},
               {"mocap_quat", mjSTATE_MOCAP_QUAT},
               {"plugin", mjSTATE_PLUGIN},
               {"plastic", mjSTATE_PLASTIC}};
  int offset = 0;
  for (int i = 0; i < (int)(sizeof parts / sizeof parts[0]); i++) {
    const int size = mj_stateSize(task->model, parts[i].bit);
    if (size > 0) {
      task->part[task->nparts++] = (irl_state_part){parts[i].name, offset, size};
      task->state_spec |= parts[i].bit;
      offset += size;
    }
  }
  task->info.nstate = offset;
}

static bool action_bounds(irl_task* task) {
  const mjModel* m = task->model;
  const int nu = (int)m->nu;
  task->low = IRL_NEW(double, nu + 1);
  task->high = IRL_NEW(double, nu + 1);
  task->constant = IRL_NEW(double, 1);
  task->nconstant = 1;
  if (task->low == NULL || task->high == NULL || task->constant == NULL) {
    return false;
  }
  for (int i = 0; i < nu; i++) {
    const bool limited = m->actuator_ctrllimited[i];
    task->low[i] = limited ? m->actuator_ctrlrange[2 * i] : -HUGE_VAL;
    task->high[i] = limited ? m->actuator_ctrlrange[2 * i + 1] : HUGE_VAL;
  }
  return true;
}

// The cheapest way that leaves what the channels read as the timing says.
static irl_stepping choose_stepping(const irl_task* task) {
  const bool derived = (task->need & (IRL_NEED_KINEMATICS | IRL_NEED_STAGES)) != 0;
  if (task->info.timing == IRL_TIMING_GYMNASIUM || !derived) {
    return IRL_STEP_PLAIN;
  }
  return task->model->opt.integrator == mjINT_RK4 ? IRL_STEP_REFRESH : IRL_STEP_SPLIT;
}

//---------------------------------- Document ------------------------------------------------------

static void parse_name(irl_task* task, irl_jnode root) {
  static const char* const plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  irl_jnode node = irl_json_get(root, "name");
  const char* name = irl_json_as_string(node);
  const size_t n = strlen(name);
  if (irl_json_ok(node.doc) && (n == 0 || n >= sizeof task->name || strspn(name, plain) != n)) {
    irl_json_refuse(node, IRL_ERANGE, "'%s' is no name; use 1 to %d letters, digits, _ and -", name,
                    (int)sizeof task->name - 1);
    return;
  }
  snprintf(task->name, sizeof task->name, "%s", name);
}

static void parse_top(irl_task* task, irl_jnode root) {
  static const char* const timings[] = {"fresh", "gymnasium", NULL};
  irl_task_info* info = &task->info;
  const mjModel* m = task->model;
  parse_name(task, root);
  (void)irl_json_string_or(root, "description", "");
  (void)irl_json_string_or(root, "$schema", "");  // for editors
  (void)irl_json_as_string(irl_json_get(root, "model"));
  info->name = task->name;
  info->nq = (int)m->nq;
  info->nv = (int)m->nv;
  info->nu = (int)m->nu;
  info->frame_skip = irl_json_int_or(root, "frame_skip", 1, 10000, 1);
  const int usual = irl_json_ok(root.doc) ? irl_model_horizon(m, info->frame_skip) : 0;
  info->horizon = usual > 0 ? irl_json_int_or(root, "horizon", 1, 100000, usual)
                            : irl_json_as_int(irl_json_get(root, "horizon"), 1, 100000);
  info->timing = (irl_timing)irl_json_choice_or(root, "timing", timings, IRL_TIMING_FRESH);
  info->temperature = irl_json_number_or(root, "temperature", 1e-12, 1e12, 1);
  info->dt = m->opt.timestep * info->frame_skip;
}

static void parse_sections(irl_task* task, irl_jnode root) {
  irl_domain_parse(task, root);
  if (irl_json_ok(root.doc)) {
    task->info.nx = irl_entries_parse(task, irl_json_get(root, "observation"), false).n;
  }
  if (irl_json_ok(root.doc) && task->info.nx == 0) {
    irl_json_refuse(root, IRL_ERANGE, "observation is empty; list at least one entry");
  }
  if (irl_json_ok(root.doc)) {
    irl_reward_parse(task, root);
  }
  if (irl_json_ok(root.doc)) {
    irl_checks_parse(task, root);
  }
  if (irl_json_ok(root.doc)) {
    irl_start_parse(task, root);
  }
  if (irl_json_ok(root.doc)) {
    irl_plan_parse(task, root);
  }
}

// Whether a channel is an entry itself, at most clipped.
static bool is_plain(const irl_channel* c) {
  return c->transform == IRL_IDENTITY && c->memory < 0 && c->minus == IRL_SOURCE_CONSTANT &&
         c->minus_index == 0;
}

// Finds the parts of the observation that are rows of an array: they are copied as such.
static void mark_runs(irl_task* task) {
  irl_channel* channel = task->channel;
  for (int i = task->info.nx - 1; i >= 0; i--) {
    irl_channel *c = &channel[i], *next = i + 1 < task->info.nx ? c + 1 : NULL;
    const bool goes_on = next != NULL && next->run > 0 && next->source == c->source &&
                         next->index == c->index + 1 && next->lo == c->lo && next->hi == c->hi;
    c->run = !is_plain(c) ? 0 : goes_on ? next->run + 1 : 1;
  }
}

static void compile_document(irl_task* task, irl_jnode root) {
  if (!action_bounds(task)) {
    irl_json_refuse(root, IRL_ENOMEM, "out of memory; close other programs");
    return;
  }
  parse_top(task, root);
  parse_sections(task, root);
  task->stepping = choose_stepping(task);
  mark_runs(task);
  state_parts(task);
}

// Writes the resolved JSON from a second reading: copying asks for every key, and a document in
// which every key was asked for can no longer tell which are unknown.
static irl_err resolve(irl_task* task, const char* name, const char* text, irl_errinfo* info) {
  irl_json* doc = NULL;
  IRL_TRY(irl_json_parse(&doc, name, text, strlen(text), info));
  irl_err err = irl_text_resolved(&task->json, task, irl_json_root(doc));
  irl_err ignored = irl_json_close(doc, NULL);
  (void)ignored;
  return err == IRL_OK ? IRL_OK
                       : irl_fail(info, err, "%s: out of memory; close other programs", name);
}

// Compiles a JSON text over a model that the task owns already; name stands for it in messages.
static irl_err compile_task(irl_task* task, const char* name, const char* text, irl_errinfo* info) {
  irl_json* doc = NULL;
  IRL_TRY(irl_json_parse(&doc, name, text, strlen(text), info));
  compile_document(task, irl_json_root(doc));
  IRL_TRY(irl_json_close(doc, info));
  return resolve(task, name, text, info);
}

// Puts one setting over the text, which is replaced.
static irl_err override_one(char** text, const char* name, const char* setting, irl_errinfo* info) {
  irl_json* doc = NULL;
  char* changed = NULL;
  IRL_TRY(irl_json_parse(&doc, name, *text, strlen(*text), info));
  irl_err err = irl_text_override(&changed, irl_json_root(doc), setting, info);
  irl_err closed = irl_json_close(doc, err == IRL_OK ? info : NULL);
  err = err != IRL_OK ? err : closed;
  if (err != IRL_OK) {
    irl_free(changed);
    return err;
  }
  irl_free(*text);
  *text = changed;
  return IRL_OK;
}

static irl_err override(char** text, const char* name, const char* const* set, int nset,
                        irl_errinfo* info) {
  for (int i = 0; i < nset; i++) {
    IRL_TRY(override_one(text, name, set[i], info));
  }
  return IRL_OK;
}

// Overrides and compiles; frees the text.
static irl_err compile_with(irl_task* task, char* text, const char* path, const char* const* set,
                            int nset, irl_errinfo* info) {
  char name[PATH_BYTES];
  snprintf(name, sizeof name, nset > 0 ? "%s with --set" : "%s", path);
  irl_err err = override(&text, path, set, nset, info);
  if (err == IRL_OK) {
    err = compile_task(task, name, text, info);
  }
  irl_free(text);
  return err;
}

//---------------------------------- Loading -------------------------------------------------------

static bool has_suffix(const char* text, const char* suffix) {
  const size_t n = strlen(text), k = strlen(suffix);
  return n >= k && strcmp(text + n - k, suffix) == 0;
}

// The model's path: beside the JSON unless absolute.
static bool model_path(char* out, size_t size, const char* json_path, const char* model) {
  const char* slash = strrchr(json_path, '/');
  if (model[0] == '/' || slash == NULL) {
    return snprintf(out, size, "%s", model) < (int)size;
  }
  return snprintf(out, size, "%.*s/%s", (int)(slash - json_path), json_path, model) < (int)size;
}

// The "model" member alone, settings included; all else is checked once there is a model.
static irl_err model_member(char* out, size_t size, const char* path, const char* text,
                            const char* const* set, int nset, irl_errinfo* info) {
  irl_json* doc = NULL;
  char* copy = irl_strdup(text);
  irl_err err = copy == NULL
                    ? irl_fail(info, IRL_ENOMEM, "%s: out of memory; close other programs", path)
                    : override(&copy, path, set, nset, info);
  if (err == IRL_OK) {
    err = irl_json_parse(&doc, path, copy, strlen(copy), info);
  }
  irl_free(copy);
  IRL_TRY(err);
  const char* model = irl_json_as_string(irl_json_get(irl_json_root(doc), "model"));
  const bool ok = irl_json_ok(doc);
  const bool fits = model_path(out, size, path, model);
  err = irl_json_close(doc, ok ? NULL : info);
  if (!ok) {
    return err;
  }
  return fits ? IRL_OK
              : irl_fail(info, IRL_ERANGE, "%s: the model's path is too long; move it", path);
}

static irl_err load_json(irl_task* task, const char* path, const char* const* set, int nset,
                         irl_errinfo* info) {
  char* text = NULL;
  size_t size = 0;
  char model[PATH_BYTES];
  IRL_TRY(irl_file_read(path, JSON_MAX_BYTES, &text, &size, info));
  irl_err err = IRL_OK;
  if (strlen(text) != size) {
    err = irl_fail(info, IRL_EPARSE, "%s: holds a zero byte; give a JSON text", path);
  }
  if (err == IRL_OK) {
    err = model_member(model, sizeof model, path, text, set, nset, info);
  }
  if (err == IRL_OK) {
    err = irl_model_load(&task->model, &task->mjcf, model, info);
    if (err == IRL_ENOENT && info != NULL) {
      const irl_errinfo why = *info;
      err = irl_fail(info, err, "%s: $.model: %s", path, why.text);
    }
  }
  if (err != IRL_OK) {
    irl_free(text);
    return err;
  }
  return compile_with(task, text, path, set, nset, info);
}

static irl_err load_mjcf(irl_task* task, const char* path, const char* const* set, int nset,
                         irl_errinfo* info) {
  char* text = NULL;
  IRL_TRY(irl_model_load(&task->model, &task->mjcf, path, info));
  if (task->model->njnt == 0) {
    return irl_fail(info, IRL_ERANGE,
                    "%s: the model has no joint, so nothing in it moves; add one, or give the file "
                    "that includes this one",
                    path);
  }
  irl_err err = irl_text_default(&text, task->model, path);
  if (err != IRL_OK) {
    return irl_fail(info, err, "%s: out of memory; close other programs", path);
  }
  return compile_with(task, text, path, set, nset, info);
}

static irl_err no_such_task(const char* name, irl_errinfo* info) {
  const char* const* names = NULL;
  IRL_TRY(irl_task_list(&names, info));
  const char* near = irl_closest_name(name, names);
  irl_err err = near != NULL ? irl_fail(info, IRL_ENOENT,
                                        "%s: no bundled task of that name; did you mean "
                                        "'%s'?",
                                        name, near)
                             : irl_fail(info, IRL_ENOENT,
                                        "%s: no bundled task of that name; see 'mjirl env "
                                        "list', or give a .json or .xml file",
                                        name);
  irl_task_list_free(names);
  return err;
}

irl_err irl_task_load(irl_task** out, const char* name_or_path, const char* const* set, int nset,
                      irl_errinfo* info) {
  *out = NULL;
  irl_task* task = IRL_NEW(irl_task, 1);
  if (task == NULL) {
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; close other programs", name_or_path);
  }
  char path[PATH_BYTES];
  char relative[128];
  irl_err err = IRL_OK;
  if (has_suffix(name_or_path, ".xml") || has_suffix(name_or_path, ".mjcf")) {
    err = load_mjcf(task, name_or_path, set, nset, info);
  } else if (has_suffix(name_or_path, ".json") || strchr(name_or_path, '/') != NULL) {
    err = load_json(task, name_or_path, set, nset, info);
  } else if (snprintf(relative, sizeof relative, "tasks/%s.json", name_or_path) >=
                 (int)sizeof relative ||
             irl_data_path(path, sizeof path, relative, NULL) != IRL_OK) {
    err = no_such_task(name_or_path, info);
  } else {
    err = load_json(task, path, set, nset, info);
  }
  if (err != IRL_OK) {
    irl_task_destroy(task);
    return err;
  }
  *out = task;
  return IRL_OK;
}

static irl_err from_texts(irl_task** out, const char* json, const char* mjcf,
                          const char* const* set, int nset, irl_errinfo* info) {
  irl_task* task = IRL_NEW(irl_task, 1);
  char* text = irl_strdup(json);  // compile_with takes it
  irl_err err = IRL_ENOMEM;
  *out = NULL;
  if (task == NULL || text == NULL || (task->mjcf = irl_strdup(mjcf)) == NULL) {
    irl_free(text);
    err = irl_fail(info, IRL_ENOMEM, "task: out of memory; close other programs");
  } else if ((err = irl_model_from_text(&task->model, mjcf, "kept model", info)) != IRL_OK) {
    irl_free(text);
  } else {
    err = compile_with(task, text, "kept task", set, nset, info);
  }
  if (err != IRL_OK) {
    irl_task_destroy(task);
    return err;
  }
  *out = task;
  return IRL_OK;
}

irl_err irl_task_from_text(irl_task** out, const char* json, const char* mjcf, irl_errinfo* info) {
  return from_texts(out, json, mjcf, NULL, 0, info);
}

irl_err irl_task_vary(irl_task** out, const irl_task* task, const char* const* set, int nset,
                      irl_errinfo* info) {
  return from_texts(out, task->json, task->mjcf, set, nset, info);
}

//---------------------------------- Asking --------------------------------------------------------

const irl_task_info* irl_task_get(const irl_task* task) {
  return &task->info;
}

const struct mjModel_* irl_task_model(const irl_task* task) {
  return task->model;
}

const irl_reward_term* irl_task_terms(const irl_task* task) {
  return task->term;
}

const char* irl_task_observation_name(const irl_task* task, int i) {
  return task->label[i];
}

const double* irl_task_action_low(const irl_task* task) {
  return task->low;
}

const double* irl_task_action_high(const irl_task* task) {
  return task->high;
}

const char* irl_task_json(const irl_task* task) {
  return task->json;
}

const char* irl_task_mjcf(const irl_task* task) {
  return task->mjcf;
}

const irl_state_part* irl_task_state_parts(const irl_task* task, int* count) {
  *count = task->nparts;
  return task->part;
}

void irl_task_set_state(const irl_task* task, struct mjData_* d, const double* state) {
  mj_setState(task->model, d, state, task->state_spec);
}

//---------------------------------- Bundled tasks -------------------------------------------------

static int is_task_file(const struct dirent* entry) {
  return entry->d_name[0] != '.' && has_suffix(entry->d_name, ".json");
}

// Pointers and texts in one block.
static const char** name_block(struct dirent** files, int n) {
  size_t bytes = ((size_t)n + 1) * sizeof(char*);
  for (int i = 0; i < n; i++) {
    bytes += strlen(files[i]->d_name);  // ".json" goes, a zero comes
  }
  const char** names = irl_calloc(bytes, 1);
  if (names == NULL) {
    return NULL;
  }
  char* at = (char*)(names + n + 1);
  for (int i = 0; i < n; i++) {
    const size_t length = strlen(files[i]->d_name) - strlen(".json");
    memcpy(at, files[i]->d_name, length);
    names[i] = at;
    at += length + 1;
  }
  return names;
}

irl_err irl_task_list(const char* const** names, irl_errinfo* info) {
  char folder[PATH_BYTES];
  struct dirent** files = NULL;
  *names = NULL;
  IRL_TRY(irl_data_path(folder, sizeof folder, "tasks", info));
  const int n = scandir(folder, &files, is_task_file, alphasort);
  if (n < 0) {
    return irl_fail(info, IRL_EIO, "%s: cannot be read; check its permissions", folder);
  }
  *names = name_block(files, n);
  for (int i = 0; i < n; i++) {
    free(files[i]);
  }
  free(files);
  return *names != NULL
             ? IRL_OK
             : irl_fail(info, IRL_ENOMEM, "%s: out of memory; close other programs", folder);
}

void irl_task_list_free(const char* const* names) {
  irl_free((void*)(uintptr_t)names);
}
