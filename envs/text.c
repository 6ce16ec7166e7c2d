// Task JSON as text: overrides, the resolved form, the default task of a bare model.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "envs/task_internal.h"

static void copy_value(irl_jout* out, irl_jnode node) {
  switch (irl_json_type(node)) {
    case IRL_JSON_BOOL:
      irl_jout_bool(out, irl_json_as_bool(node));
      break;
    case IRL_JSON_NUMBER:
      irl_jout_number(out, irl_json_as_number(node, -DBL_MAX, DBL_MAX));
      break;
    case IRL_JSON_STRING:
      irl_jout_string(out, irl_json_as_string(node));
      break;
    case IRL_JSON_ARRAY:
      irl_jout_open(out, '[');
      for (int i = 0; i < irl_json_length(node); i++) {
        copy_value(out, irl_json_at(node, i));
      }
      irl_jout_close(out);
      break;
    case IRL_JSON_OBJECT:
      irl_jout_open(out, '{');
      for (int i = 0; i < irl_json_nkeys(node); i++) {
        const char* key = irl_json_key(node, i);
        irl_jout_key(out, key);
        copy_value(out, irl_json_get(node, key));
      }
      irl_jout_close(out);
      break;
    case IRL_JSON_NULL:
    case IRL_JSON_NONE:
      irl_jout_null(out);
      break;
  }
}

static irl_err take_text(char** text, irl_jout* out) {
  *text = out->failed ? NULL : irl_strdup(out->text);
  irl_jout_fini(out);
  return *text == NULL ? IRL_ENOMEM : IRL_OK;
}

//---------------------------------- Overrides -----------------------------------------------------

static bool has_key(const char* setting, const char* key) {
  const size_t n = strlen(key);
  return strncmp(setting, key, n) == 0 && setting[n] == '=';
}

static bool is_overridden(const char* key, const char* const* set, int nset) {
  for (int i = 0; i < nset; i++) {
    if (has_key(set[i], key)) {
      return true;
    }
  }
  return false;
}

// The value of "key=value": JSON if it is JSON, else the text itself.
static irl_err override_value(irl_jout* out, const char* value) {
  irl_json* doc = NULL;
  if (irl_json_parse(&doc, "value", value, strlen(value), NULL) != IRL_OK) {
    irl_jout_string(out, value);
    return IRL_OK;
  }
  copy_value(out, irl_json_root(doc));
  return irl_json_close(doc, NULL);
}

static irl_err append_overrides(irl_jout* out, const char* const* set, int nset,
                                irl_errinfo* info) {
  for (int i = 0; i < nset; i++) {
    const char* equals = strchr(set[i], '=');
    char key[64];
    if (equals == NULL || equals == set[i] || equals - set[i] >= (long)sizeof key) {
      return irl_fail(info, IRL_ERANGE,
                      "--set %s: not of the form key=value; write for example "
                      "horizon=100",
                      set[i]);
    }
    memcpy(key, set[i], (size_t)(equals - set[i]));
    key[equals - set[i]] = 0;
    if (is_overridden(key, set + i + 1, nset - i - 1)) {
      continue;  // the last one counts
    }
    irl_jout_key(out, key);
    irl_err err = override_value(out, equals + 1);
    if (err != IRL_OK) {
      return irl_fail(info, err, "--set %s: the value cannot be read; write JSON or plain text",
                      set[i]);
    }
  }
  return IRL_OK;
}

// A document complains about keys that were never asked for.
static void skip_value(irl_jnode node) {
  irl_jout nowhere;
  irl_jout_init(&nowhere, false);
  copy_value(&nowhere, node);
  irl_jout_fini(&nowhere);
}

irl_err irl_text_override(char** text, irl_jnode root, const char* const* set, int nset,
                          irl_errinfo* info) {
  irl_jout out;
  irl_jout_init(&out, true);
  irl_jout_open(&out, '{');
  for (int i = 0; i < irl_json_nkeys(root); i++) {
    const char* key = irl_json_key(root, i);
    if (is_overridden(key, set, nset)) {
      skip_value(irl_json_get(root, key));
    } else {
      irl_jout_key(&out, key);
      copy_value(&out, irl_json_get(root, key));
    }
  }
  irl_err err = append_overrides(&out, set, nset, info);
  if (err != IRL_OK) {
    irl_jout_fini(&out);
    return err;
  }
  irl_jout_close(&out);
  err = take_text(text, &out);
  return err == IRL_OK ? IRL_OK : irl_fail(info, err, "task: out of memory; close other programs");
}

//---------------------------------- Resolved ------------------------------------------------------

static void copy_member(irl_jout* out, irl_jnode root, const char* key) {
  irl_jnode value = irl_json_get_opt(root, key);
  if (value.item != NULL) {
    irl_jout_key(out, key);
    copy_value(out, value);
  }
}

irl_err irl_text_resolved(char** text, const irl_task* task, irl_jnode root) {
  static const char* const sections[] = {"observation", "reward", "healthy",
                                         "success",     "reset",  "conditions"};
  const irl_task_info* info = &task->info;
  irl_jout out;
  irl_jout_init(&out, true);
  irl_jout_open(&out, '{');
  irl_jout_key_string(&out, "name", task->name);
  copy_member(&out, root, "description");
  irl_jout_key_string(&out, "model", "model.xml");  // its text is kept beside this one
  irl_jout_key_int(&out, "frame_skip", info->frame_skip);
  irl_jout_key_int(&out, "horizon", info->horizon);
  irl_jout_key_string(&out, "timing", info->timing == IRL_TIMING_FRESH ? "fresh" : "gymnasium");
  irl_jout_key_number(&out, "temperature", info->temperature);
  for (int i = 0; i < (int)(sizeof sections / sizeof sections[0]); i++) {
    copy_member(&out, root, sections[i]);
  }
  irl_jout_close(&out);
  return take_text(text, &out);
}

//---------------------------------- Default -------------------------------------------------------

// File name without folder and suffix, with what a task's name may not hold replaced.
static void stem(char* out, size_t size, const char* path) {
  const char* slash = strrchr(path, '/');
  snprintf(out, size, "%s", slash == NULL ? path : slash + 1);
  char* dot = strrchr(out, '.');
  if (dot != NULL && dot != out) {
    *dot = 0;
  }
  for (char* c = out; *c != 0; c++) {
    const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                       (*c >= '0' && *c <= '9') || *c == '_' || *c == '-';
    *c = plain ? *c : '_';
  }
}

irl_err irl_text_default(char** text, const mjModel* model, const char* path) {
  char name[64];
  stem(name, sizeof name, path);
  irl_jout out;
  irl_jout_init(&out, true);
  irl_jout_open(&out, '{');
  irl_jout_key_string(&out, "name", name);
  irl_jout_key_string(&out, "model", "model.xml");
  irl_jout_key_int(&out, "frame_skip", 1);
  const int horizon = irl_model_horizon(model, 1);
  irl_jout_key_int(&out, "horizon", horizon > 0 ? horizon : 200);
  irl_jout_key(&out, "observation");
  irl_jout_open(&out, '[');
  static const char* const parts[] = {"qpos", "qvel", "act"};
  for (int i = 0; i < (model->na > 0 ? 3 : 2); i++) {
    irl_jout_open(&out, '{');
    irl_jout_key_string(&out, parts[i], "*");
    irl_jout_close(&out);
  }
  irl_jout_close(&out);
  if (mj_name2id(model, mjOBJ_KEY, "home") >= 0) {
    irl_jout_key(&out, "reset");
    irl_jout_open(&out, '{');
    irl_jout_key_string(&out, "key", "home");
    irl_jout_close(&out);
  }
  irl_jout_close(&out);
  return take_text(text, &out);
}
