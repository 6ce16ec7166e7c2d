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

// A document complains about keys that were never asked for.
static void skip_value(irl_jnode node) {
  irl_jout nowhere;
  irl_jout_init(&nowhere, false);
  copy_value(&nowhere, node);
  irl_jout_fini(&nowhere);
}

// The first key of a path "a.b.c".
static void first_key(char* key, size_t size, const char* path) {
  snprintf(key, size, "%.*s", (int)strcspn(path, "."), path);
}

// Copies an object (absent: an empty one) with the member at `path` replaced or added.
static irl_err copy_changed(irl_jout* out, irl_jnode object, const char* path, const char* value) {
  char key[64];
  first_key(key, sizeof key, path);
  const char* rest = strchr(path, '.');
  irl_jnode changed = {object.doc, NULL};
  irl_jout_open(out, '{');
  for (int i = 0; i < irl_json_nkeys(object); i++) {
    const char* name = irl_json_key(object, i);
    irl_jnode member = irl_json_get(object, name);
    if (strcmp(name, key) != 0) {
      irl_jout_key(out, name);
      copy_value(out, member);
    } else if (rest != NULL && irl_json_type(member) == IRL_JSON_OBJECT) {
      changed = member;
    } else {
      skip_value(member);
    }
  }
  irl_jout_key(out, key);
  irl_err err =
      rest != NULL ? copy_changed(out, changed, rest + 1, value) : override_value(out, value);
  irl_jout_close(out);
  return err;
}

// The keys of "key=value" or "key.key=value", none of them empty.
static bool setting_path(char* path, size_t size, const char* setting) {
  const char* equals = strchr(setting, '=');
  if (equals == NULL || equals - setting >= (long)size) {
    return false;
  }
  memcpy(path, setting, (size_t)(equals - setting));
  path[equals - setting] = 0;
  const size_t n = strlen(path);
  return n > 0 && path[0] != '.' && path[n - 1] != '.' && strstr(path, "..") == NULL;
}

irl_err irl_text_override(char** text, irl_jnode root, const char* setting, irl_errinfo* info) {
  char path[64];
  irl_jout out;
  *text = NULL;
  if (!setting_path(path, sizeof path, setting)) {
    return irl_fail(info, IRL_ERANGE,
                    "--set %s: not of the form key=value; write for example horizon=100 or "
                    "domain.mass=1.5",
                    setting);
  }
  irl_jout_init(&out, true);
  irl_err err = copy_changed(&out, root, path, strchr(setting, '=') + 1);
  if (err != IRL_OK) {
    irl_jout_fini(&out);
    return irl_fail(info, err, "--set %s: the value cannot be read; write JSON or plain text",
                    setting);
  }
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
  static const char* const sections[] = {"observation", "reward",     "healthy", "success",
                                         "reset",       "conditions", "domain"};
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
