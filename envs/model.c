// MJCF in, mjModel out; MuJoCo's log handler.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "envs/task_internal.h"

enum { MODEL_MAX_BYTES = 64 << 20 };

// Messages are dropped: MuJoCo's own handler writes a file into the working folder and exits.
// Errors inside a batch or a load never come here (both trap them before the global handler); one
// that does has no way back, as a handler must not return from an error.
static void silent_handler(const mjLogMessage* message) {
  if (message->level == mjLOG_ERROR) {
    abort();
  }
}

void irl_env_runtime_init(void) {
  mju_setLogHandler(silent_handler);
}

// MuJoCo's messages have line breaks; ours are one line.
static void one_line(char* text) {
  for (char* c = text; *c != 0; c++) {
    if (*c == '\n' || *c == '\r') {
      *c = c[1] == 0 ? 0 : ' ';
    }
  }
}

static irl_err compile(mjModel** model, mjSpec* spec, const char* name, irl_errinfo* info) {
  *model = mj_compile(spec, NULL);
  if (*model == NULL) {
    char why[500];
    snprintf(why, sizeof why, "%s", mjs_getError(spec));
    one_line(why);
    return irl_fail(info, IRL_EPARSE, "%s: MuJoCo cannot compile the model (%s); correct the MJCF",
                    name, why);
  }
  // a diverged state must stay visible: MuJoCo would put the start state in its place
  (*model)->opt.disableflags |= mjDSBL_AUTORESET;
  return IRL_OK;
}

irl_err irl_model_from_text(mjModel** model, const char* text, const char* name,
                            irl_errinfo* info) {
  char why[500] = "";
  mjSpec* spec = mj_parseXMLString(text, NULL, why, (int)sizeof why);
  if (spec == NULL) {
    one_line(why);
    return irl_fail(info, IRL_EPARSE, "%s: MuJoCo cannot read the model (%s); correct the MJCF",
                    name, why);
  }
  irl_err err = compile(model, spec, name, info);
  mj_deleteSpec(spec);
  return err;
}

// The MJCF as MuJoCo writes it: includes resolved, numbers to six digits.
static irl_err save_spec(char** text, mjSpec* spec, const char* name, irl_errinfo* info) {
  char why[500] = "";
  char probe[1];
  const int need = mj_saveXMLString(spec, probe, (int)sizeof probe, why, (int)sizeof why);
  if (need <= 0) {
    one_line(why);
    return irl_fail(info, IRL_EPARSE,
                    "%s: MuJoCo cannot write the model out (%s); use a single "
                    "MJCF file",
                    name, why);
  }
  *text = irl_calloc((size_t)need + 1, 1);
  if (*text == NULL) {
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; use a smaller model", name);
  }
  return mj_saveXMLString(spec, *text, need + 1, why, (int)sizeof why) == 0
             ? IRL_OK
             : irl_fail(info, IRL_EPARSE,
                        "%s: MuJoCo cannot write the model out; use a single MJCF "
                        "file",
                        name);
}

// A model of several files becomes one text, and the model in use is the one of that text, so that
// a dataset which keeps the text has the same physics to the last bit.
static irl_err flatten(char** text, const char* path, irl_errinfo* info) {
  char why[500] = "";
  mjSpec* spec = mj_parseXML(path, NULL, why, (int)sizeof why);
  if (spec == NULL) {
    one_line(why);
    return irl_fail(info, IRL_EPARSE, "%s: MuJoCo cannot read the model (%s); correct the MJCF",
                    path, why);
  }
  mjModel* model = NULL;
  irl_err err = compile(&model, spec, path, info);
  if (err == IRL_OK) {
    mj_deleteModel(model);
    err = save_spec(text, spec, path, info);
  }
  mj_deleteSpec(spec);
  return err;
}

irl_err irl_model_load(mjModel** model, char** text, const char* path, irl_errinfo* info) {
  char* file = NULL;
  size_t size = 0;
  *text = NULL;
  IRL_TRY(irl_file_read(path, MODEL_MAX_BYTES, &file, &size, info));
  irl_err err = IRL_OK;
  if (strstr(file, "<include") != NULL) {
    irl_free(file);
    err = flatten(text, path, info);
  } else {
    *text = file;
  }
  if (err == IRL_OK) {
    err = irl_model_from_text(model, *text, path, info);
  }
  if (err != IRL_OK) {
    irl_free(*text);
    *text = NULL;
  }
  return err;
}

static int object_count(const mjModel* m, int objtype) {
  switch (objtype) {
    case mjOBJ_JOINT:
      return (int)m->njnt;
    case mjOBJ_BODY:
      return (int)m->nbody;
    case mjOBJ_SITE:
      return (int)m->nsite;
    case mjOBJ_GEOM:
      return (int)m->ngeom;
    case mjOBJ_SENSOR:
      return (int)m->nsensor;
    case mjOBJ_KEY:
      return (int)m->nkey;
    default:
      return 0;
  }
}

static const char* object_word(int objtype) {
  switch (objtype) {
    case mjOBJ_JOINT:
      return "joint";
    case mjOBJ_BODY:
      return "body";
    case mjOBJ_SITE:
      return "site";
    case mjOBJ_GEOM:
      return "geom";
    case mjOBJ_SENSOR:
      return "sensor";
    case mjOBJ_KEY:
      return "keyframe";
    default:
      return "object";
  }
}

static void refuse_name(irl_jnode where, const mjModel* m, int objtype, const char* name) {
  const int n = object_count(m, objtype);
  const char** names = IRL_NEW(const char*, n + 1);
  int named = 0;
  for (int i = 0; names != NULL && i < n; i++) {
    const char* candidate = mj_id2name(m, objtype, i);
    if (candidate != NULL && candidate[0] != 0) {
      names[named++] = candidate;
    }
  }
  const char* near = names == NULL ? NULL : irl_closest_name(name, names);
  const char* word = object_word(objtype);
  if (near != NULL) {
    irl_json_refuse(where, IRL_ENOENT, "the model has no %s '%s'; did you mean '%s'?", word, name,
                    near);
  } else {
    irl_json_refuse(where, IRL_ENOENT, "the model has no %s '%s'; name one of its %d", word, name,
                    named);
  }
  irl_free((void*)names);
}

int irl_model_find(irl_jnode where, const mjModel* model, int objtype, const char* name) {
  const int id = mj_name2id(model, objtype, name);
  if (id < 0 && where.doc != NULL && irl_json_ok(where.doc)) {
    refuse_name(where, model, objtype, name);
  }
  return id;
}

int irl_model_user_sensor(const mjModel* model, const char* name) {
  const int id = mj_name2id(model, mjOBJ_SENSOR, name);
  return id >= 0 && model->sensor_type[id] == mjSENS_USER ? id : -1;
}
