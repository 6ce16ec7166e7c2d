// Models of others are compiled by a helper first: both sides of it.
#include <dirent.h>
#include <errno.h>
#include <mujoco/mjbatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/helper.h"
#include "envs/task_internal.h"

enum { PATH_BYTES = 4096, SECONDS = 20, GIBIBYTES = 4 };
enum { BUSY = 4 };  // times as long it may take where the machine is busy with other things

// Processor time that a model may take.
static int seconds_allowed(void) {
  const char* chosen = getenv("MJIRL_MODEL_SECONDS");
  const int seconds = chosen == NULL ? 0 : atoi(chosen);
  return seconds > 0 ? seconds : SECONDS;
}

//---------------------------------- Bundled models ------------------------------------------------

static bool models_folder(char out[PATH_BYTES]) {
  return irl_data_path(out, PATH_BYTES, "models", NULL) == IRL_OK;
}

// Whether a file is in the folder of bundled models, links followed.
static bool is_bundled_file(const char* path) {
  char folder[PATH_BYTES];
  char* model = realpath(path, NULL);
  char* real = model != NULL && models_folder(folder) ? realpath(folder, NULL) : NULL;
  const size_t n = real == NULL ? 0 : strlen(real);
  const bool inside = n > 0 && strncmp(model, real, n) == 0 && model[n] == '/';
  free(model);
  free(real);
  return inside;
}

static bool has_content(const char* path, const char* text, size_t size) {
  struct stat status;
  char* data = NULL;
  size_t got = 0;
  if (stat(path, &status) != 0 || status.st_size != (off_t)size ||
      irl_file_read(path, size, &data, &got, NULL) != IRL_OK) {
    return false;
  }
  const bool same = got == size && memcmp(data, text, size) == 0;
  irl_free(data);
  return same;
}

// Whether a kept text is that of a bundled model.
static bool is_bundled_text(const char* text) {
  char folder[PATH_BYTES], path[PATH_BYTES];
  DIR* dir = models_folder(folder) ? opendir(folder) : NULL;
  bool same = false;
  for (struct dirent* e = dir == NULL ? NULL : readdir(dir); e != NULL && !same; e = readdir(dir)) {
    same = e->d_name[0] != '.' && irl_path_join(path, sizeof path, folder, e->d_name) &&
           has_content(path, text, strlen(text));
  }
  if (dir != NULL) {
    closedir(dir);
  }
  return same;
}

//---------------------------------- The host's side -----------------------------------------------

static const char* find_helper(void) {
  const char* helper = getenv("MJIRL_PROBE");
  const char* trust = getenv("MJIRL_TRUST_MODELS");
  const bool trusted = trust != NULL && strcmp(trust, "1") == 0;
  return trusted || helper == NULL || helper[0] == 0 ? NULL : helper;
}

// Turns how the helper ended into an error.
static irl_err judge(const irl_helper_end* end, const char* name, irl_errinfo* info) {
  if (irl_helper_agrees(end)) {
    return IRL_OK;
  }
  if (end->in_time && end->exited && end->code == 1 && end->answer[0] != 0) {
    return irl_fail(info, IRL_EPARSE, "%s", end->answer);
  }
  if (irl_helper_was_slow(end)) {
    return irl_fail(info, IRL_EPARSE,
                    "%s: MuJoCo needs more than %d s to compile the model; use a smaller one, or "
                    "set MJIRL_MODEL_SECONDS=%d if you know where it is from",
                    name, seconds_allowed(), 10 * seconds_allowed());
  }
  if (!end->exited) {
    return irl_fail(info, IRL_EPARSE,
                    "%s: MuJoCo needs more than %d GiB for the model or crashes on it (signal %d, "
                    "in a helper process, no harm was done); use a smaller one, or set "
                    "MJIRL_TRUST_MODELS=1 if you know where it is from",
                    name, GIBIBYTES, end->code);
  }
  return irl_fail(info, IRL_EUNSUPPORTED,
                  "%s: the helper that compiles models first ended with %d and no word; let "
                  "MJIRL_PROBE name the program mjirl",
                  name, end->code);
}

static irl_err ask(const char* helper, const char* file, int input, const char* name,
                   irl_errinfo* info) {
  const char* words[] = {"env", "probe-model", file, NULL};
  irl_helper_end end;
  if (!irl_helper_run(&end, helper, words, input, BUSY * seconds_allowed())) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: the helper %s that compiles models first cannot be started; let "
                    "MJIRL_PROBE name the program mjirl",
                    name, helper);
  }
  return judge(&end, name, info);
}

irl_err irl_guard_file(const char* path, irl_errinfo* info) {
  const char* helper = find_helper();
  if (helper == NULL || !irl_file_exists(path) || is_bundled_file(path)) {
    return IRL_OK;
  }
  return ask(helper, path, -1, path, info);
}

static bool write_all(int fd, const char* text, size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, text, size);
    if (n < 0 && errno != EINTR) {
      return false;
    }
    text += n > 0 ? n : 0;
    size -= n > 0 ? (size_t)n : 0;
  }
  return true;
}

irl_err irl_guard_text(const char* text, const char* name, irl_errinfo* info) {
  const char* helper = find_helper();
  if (helper == NULL || is_bundled_text(text)) {
    return IRL_OK;
  }
  const int fd = memfd_create("model", MFD_CLOEXEC);
  irl_err err = IRL_ENOMEM;
  if (fd < 0 || !write_all(fd, text, strlen(text)) || lseek(fd, 0, SEEK_SET) != 0) {
    err = irl_fail(info, IRL_ENOMEM, "%s: no memory to hand it to the helper; free some", name);
  } else {
    err = ask(helper, "-", fd, name, info);
  }
  if (fd >= 0) {
    close(fd);
  }
  return err;
}

//---------------------------------- The helper's side ---------------------------------------------

static void one_step(const mjModel* m, mjData* d, int sim, void* arg) {
  (void)sim;
  (void)arg;
  mj_step(m, d);
}

// Simulation data take memory too, and a step may be without end.
static irl_err try_step(const mjModel* model, const char* name, irl_errinfo* info) {
  char why[300] = "";
  mjBatchConfig config;
  mjb_defaultConfig(&config);
  config.nthread = 1;
  mjBatch* batch = mjb_makeBatch(model, 1, &config, why, (int)sizeof why);
  irl_err err = IRL_OK;
  if (batch == NULL) {
    err = irl_fail(info, IRL_ESIM, "%s: MuJoCo cannot simulate the model (%s); use a smaller one",
                   name, why);
  } else if (mjb_apply(batch, NULL, 0, one_step, NULL, 0) > 0) {
    err = irl_fail(info, IRL_ESIM, "%s: MuJoCo stopped the simulation (%s); correct the MJCF", name,
                   mjb_error(batch, 0));
  }
  mjb_deleteBatch(batch);
  return err;
}

static irl_err read_input(char** text, irl_errinfo* info) {
  struct stat status;
  if (fstat(0, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > IRL_TASK_TEXT_MAX) {
    return irl_fail(info, IRL_ERANGE, "kept model: it is too long; use a smaller one");
  }
  *text = irl_calloc((size_t)status.st_size + 1, 1);
  if (*text == NULL) {
    return irl_fail(info, IRL_ENOMEM, "kept model: out of memory; close other programs");
  }
  for (off_t got = 0; got < status.st_size;) {
    const ssize_t n = read(0, *text + got, (size_t)(status.st_size - got));
    if (n <= 0) {
      irl_free(*text);
      return irl_fail(info, IRL_EIO, "kept model: the helper cannot read it; try again");
    }
    got += n;
  }
  return IRL_OK;
}

irl_err irl_task_probe_model(const char* path, irl_errinfo* info) {
  mjModel* model = NULL;
  char* text = NULL;
  irl_err err = IRL_OK;
  irl_env_runtime_init();
  irl_helper_limit(seconds_allowed(), (size_t)GIBIBYTES << 30);
  if (path != NULL) {
    err = irl_model_load_trusted(&model, &text, path, info);
  } else {
    IRL_TRY(read_input(&text, info));
    err = irl_model_from_text_trusted(&model, text, "kept model", info);
  }
  if (err == IRL_OK) {
    err = try_step(model, path == NULL ? "kept model" : path, info);
  }
  mj_deleteModel(model);
  irl_free(text);
  return err;
}
