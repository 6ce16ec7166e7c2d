#include "viewer/camera_file.h"

#include <mujoco/mujoco.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

#define FAR 1e9  // [m], beyond which nothing is

irl_err irl_camera_save(const mjvCamera* camera, const mjModel* model, const char* path,
                        irl_errinfo* info) {
  irl_jout out;
  bool fixed = camera->type == mjCAMERA_FIXED;
  irl_jout_init(&out, true);
  irl_jout_open(&out, '{');
  irl_jout_key_string(&out, "format", "mjirl-camera-1");
  if (fixed) {
    irl_jout_key_string(&out, "name", mj_id2name(model, mjOBJ_CAMERA, camera->fixedcamid));
  } else {
    irl_jout_key_numbers(&out, "lookat", camera->lookat, 3);
    irl_jout_key_number(&out, "distance", camera->distance);
    irl_jout_key_number(&out, "azimuth", camera->azimuth);
    irl_jout_key_number(&out, "elevation", camera->elevation);
  }
  irl_jout_close(&out);
  irl_err err = out.failed ? irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path)
                           : irl_file_write(path, out.text, out.size, info);
  irl_jout_fini(&out);
  return err;
}

static irl_err find_named(mjvCamera* camera, const mjModel* model, const char* name,
                          irl_errinfo* info) {
  int id = mj_name2id(model, mjOBJ_CAMERA, name);
  if (id < 0) {
    const char* first = model->ncam > 0 ? mj_id2name(model, mjOBJ_CAMERA, 0) : NULL;
    return irl_fail(info, IRL_ENOENT,
                    "camera '%s': the model has no camera of this name; use %s%s, or a file *.json",
                    name, first != NULL ? first : "no --camera",
                    first != NULL ? " or leave it out" : "");
  }
  camera->type = mjCAMERA_FIXED;
  camera->fixedcamid = id;
  return IRL_OK;
}

static irl_err load(mjvCamera* camera, const mjModel* model, const char* path, irl_errinfo* info) {
  static const char* const formats[] = {"mjirl-camera-1", NULL};
  irl_json* doc = NULL;
  char name[256] = "";
  IRL_TRY(irl_json_load(&doc, path, info));
  irl_jnode root = irl_json_root(doc);
  irl_json_as_choice(irl_json_get(root, "format"), formats);
  const char* given = irl_json_string_or(root, "name", "");
  (void)snprintf(name, sizeof name, "%s", given);
  if (name[0] == 0) {
    camera->type = mjCAMERA_FREE;
    irl_json_as_numbers(irl_json_get(root, "lookat"), camera->lookat, 3, -FAR, FAR);
    camera->distance = irl_json_as_number(irl_json_get(root, "distance"), 1e-9, FAR);
    camera->azimuth = irl_json_as_number(irl_json_get(root, "azimuth"), -1e6, 1e6);
    camera->elevation = irl_json_as_number(irl_json_get(root, "elevation"), -1e6, 1e6);
  }
  IRL_TRY(irl_json_close(doc, info));
  return name[0] != 0 ? find_named(camera, model, name, info) : IRL_OK;
}

irl_err irl_camera_find(mjvCamera* camera, const mjModel* model, const char* words, bool* given,
                        irl_errinfo* info) {
  *given = words != NULL && strcmp(words, "free") != 0;
  if (!*given) {
    return IRL_OK;
  }
  size_t n = strlen(words);
  bool file = n > 5 && strcmp(words + n - 5, ".json") == 0;
  return file ? load(camera, model, words, info) : find_named(camera, model, words, info);
}
