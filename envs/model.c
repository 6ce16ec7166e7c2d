// MJCF in, mjModel out; MuJoCo's log handler.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "envs/files_internal.h"
#include "envs/task_internal.h"

enum { PATH_BYTES = 4096 };

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

// What went wrong, of which MuJoCo has told in `why`, and we know more where a file was refused.
static irl_err refuse(const irl_files* files, const char* name, const char* what, char* why,
                      irl_errinfo* info) {
  one_line(why);
  irl_files_clean_message(why);
  if (files != NULL && files->failure.code != IRL_OK) {
    return irl_fail(info, IRL_EPARSE, "%s: MuJoCo cannot %s the model (%s): %s", name, what, why,
                    files->failure.text);
  }
  return irl_fail(info, IRL_EPARSE, "%s: MuJoCo cannot %s the model (%s); correct the MJCF", name,
                  what, why);
}

// Takes the spec over; files NULL: it needs none.
static irl_err compile(mjModel** model, mjSpec* spec, const irl_files* files, const char* name,
                       irl_errinfo* info) {
  char why[300];
  *model = mj_compile(spec, files == NULL ? NULL : &files->vfs);
  snprintf(why, sizeof why, "%s", *model == NULL ? mjs_getError(spec) : "");
  mj_deleteSpec(spec);
  if (*model == NULL) {
    return refuse(files, name, "compile", why, info);
  }
  // a diverged state must stay visible: MuJoCo would put the start state in its place
  (*model)->opt.disableflags |= mjDSBL_AUTORESET;
  return IRL_OK;
}

// Textures are part of the model also where it would leave them as files: kept texts need no files.
static void embed_textures(mjSpec* spec) {
  spec->compiler.passthrough = mjPASSTHROUGH_NONE;
  for (mjsElement* e = mjs_firstElement(spec, mjOBJ_TEXTURE); e != NULL;
       e = mjs_nextElement(spec, e)) {
    mjs_asTexture(e)->embed = mjEMBED_TRUE;
  }
}

static irl_err compile_files(mjModel** model, const irl_files* files, const char* main,
                             const char* name, irl_errinfo* info) {
  char why[300] = "";
  mjSpec* spec = irl_files_parse(files, main, why, sizeof why);
  if (spec == NULL) {
    return refuse(files, name, "read", why, info);
  }
  embed_textures(spec);
  return compile(model, spec, files, name, info);
}

// Whether a text may speak of other files; where it does not, they are not looked for.
static bool may_have_files(const char* text) {
  return strstr(text, "file") != NULL || strstr(text, "include") != NULL;
}

// A text without its files finds none: those of this machine are no part of it.
static irl_err from_copies(mjModel** model, const char* text, const char* name, irl_errinfo* info) {
  irl_files files;
  char main[PATH_BYTES] = "/model.xml";
  IRL_TRY(irl_files_init(&files, false, info));
  irl_err err = IRL_OK;
  if (irl_archive_is(text)) {
    err = irl_archive_unpack(&files, main, sizeof main, text, info);
  } else {
    char* copy = irl_strdup(text);
    err = copy == NULL ? irl_fail(info, IRL_ENOMEM, "%s: out of memory; use a smaller model", name)
                       : irl_files_add(&files, main, copy, strlen(text), info);
  }
  if (err == IRL_OK) {
    err = compile_files(model, &files, main, name, info);
  }
  irl_files_fini(&files);
  return err;
}

irl_err irl_model_from_text_trusted(mjModel** model, const char* text, const char* name,
                                    irl_errinfo* info) {
  irl_plugins_need(text);
  if (may_have_files(text)) {
    return from_copies(model, text, name, info);
  }
  char why[300] = "";
  mjSpec* spec = mj_parseXMLString(text, NULL, why, (int)sizeof why);
  return spec == NULL ? refuse(NULL, name, "read", why, info)
                      : compile(model, spec, NULL, name, info);
}

//---------------------------------- Files ---------------------------------------------------------

// Absolute, ending in .xml, for relative names in the model to be found from. Links in the folder
// are followed, the file itself may be one.
static bool absolute_path(char* out, size_t size, const char* path) {
  char folder[PATH_BYTES];
  const char* slash = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
           slash == NULL ? "." : path);
  char* real = realpath(folder, NULL);
  const char* base = slash == NULL ? path : slash + 1;
  const size_t n = strlen(base);
  const bool xml = n >= 4 && strcmp(base + n - 4, ".xml") == 0;
  const bool fits =
      real != NULL && snprintf(out, size, "%s/%s%s", strcmp(real, "/") == 0 ? "" : real, base,
                               xml ? "" : ".xml") < (int)size;
  free(real);
  return fits;
}

// Takes over data.
static irl_err from_disk(mjModel** model, char** text, const char* path, char* data, size_t size,
                         irl_errinfo* info) {
  irl_files files;
  char main[PATH_BYTES];
  if (!absolute_path(main, sizeof main, path)) {
    irl_free(data);
    return irl_fail(info, IRL_ERANGE, "%s: its path is too long; move it", path);
  }
  irl_err err = irl_files_init(&files, true, info);
  if (err != IRL_OK) {
    irl_free(data);
    return err;
  }
  err = irl_files_add(&files, main, data, size, info);
  if (err == IRL_OK) {
    err = compile_files(model, &files, main, path, info);
  }
  if (err == IRL_OK && (err = irl_archive_pack(text, &files, main, info)) != IRL_OK) {
    mj_deleteModel(*model);
    *model = NULL;
  }
  irl_files_fini(&files);
  return err;
}

irl_err irl_model_load_trusted(mjModel** model, char** text, const char* path, irl_errinfo* info) {
  char* data = NULL;
  size_t size = 0;
  *text = NULL;
  *model = NULL;
  IRL_TRY(irl_file_read(path, IRL_TASK_TEXT_MAX, &data, &size, info));
  if (strlen(data) != size) {
    irl_free(data);
    return irl_fail(info, IRL_EPARSE, "%s: holds a zero byte; give an MJCF text", path);
  }
  if (may_have_files(data) && !irl_archive_is(data)) {
    return from_disk(model, text, path, data, size, info);
  }
  irl_err err = irl_model_from_text_trusted(model, data, path, info);
  if (err != IRL_OK) {
    irl_free(data);
    return err;
  }
  *text = data;
  return IRL_OK;
}

irl_err irl_model_load(mjModel** model, char** text, const char* path, irl_errinfo* info) {
  IRL_TRY(irl_guard_file(path, info));
  return irl_model_load_trusted(model, text, path, info);
}

irl_err irl_model_from_text(mjModel** model, const char* text, const char* name,
                            irl_errinfo* info) {
  IRL_TRY(irl_guard_text(text, name, info));
  return irl_model_from_text_trusted(model, text, name, info);
}

//---------------------------------- Names ---------------------------------------------------------

int irl_model_count(const mjModel* m, int objtype) {
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
    case mjOBJ_TENDON:
      return (int)m->ntendon;
    case mjOBJ_ACTUATOR:
      return (int)m->nu;
    case mjOBJ_NUMERIC:
      return (int)m->nnumeric;
    default:
      return 0;
  }
}

const char* irl_model_word(int objtype) {
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
    case mjOBJ_TENDON:
      return "tendon";
    case mjOBJ_ACTUATOR:
      return "actuator";
    case mjOBJ_NUMERIC:
      return "numeric";
    default:
      return "object";
  }
}

static void refuse_name(irl_jnode where, const mjModel* m, int objtype, const char* name) {
  const int n = irl_model_count(m, objtype);
  const char** names = IRL_NEW(const char*, n + 1);
  int named = 0;
  for (int i = 0; names != NULL && i < n; i++) {
    const char* candidate = mj_id2name(m, objtype, i);
    if (candidate != NULL && candidate[0] != 0) {
      names[named++] = candidate;
    }
  }
  const char* near = names == NULL ? NULL : irl_closest_name(name, names);
  const char* word = irl_model_word(objtype);
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

int irl_model_horizon(const mjModel* model, int frame_skip) {
  const int id = mj_name2id(model, mjOBJ_NUMERIC, "agent_horizon");
  const double seconds = id >= 0 ? model->numeric_data[model->numeric_adr[id]] : 0;
  const double steps = seconds / (model->opt.timestep * frame_skip);
  return steps >= 0.5 && steps < 100000 ? (int)(steps + 0.5) : 0;
}
