// MuJoCo's own plugins (actuators, sensors, signed distances), loaded when a model first asks for
// one: most do not, and a library that is loaded cannot be unloaded.
#include <dlfcn.h>
#include <mujoco/mujoco.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "envs/task_internal.h"

enum { PATH_BYTES = 4096 };

// Beside the library in the wheel and in an installation of ours, in bin/ of MuJoCo's own archives.
static const char* const places[] = {"plugin", "mujoco_plugin", "../bin/mujoco_plugin"};

static void load(void) {
  Dl_info library;
  char folder[PATH_BYTES], path[PATH_BYTES];
  const char* (*const in_library)(void) = mj_versionString;
  const void* address;
  memcpy(&address, &in_library, sizeof address);
  char* real = dladdr(address, &library) != 0 ? realpath(library.dli_fname, NULL) : NULL;
  char* slash = real == NULL ? NULL : strrchr(real, '/');
  if (slash != NULL) {
    *slash = 0;
    snprintf(folder, sizeof folder, "%s", real);
    for (int i = 0; i < (int)(sizeof places / sizeof places[0]); i++) {
      if (irl_path_join(path, sizeof path, folder, places[i]) && irl_dir_exists(path)) {
        mj_loadAllPluginLibraries(path, NULL);
        break;
      }
    }
  }
  free(real);
}

void irl_plugins_need(const char* mjcf) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (strstr(mjcf, "plugin") != NULL) {
    (void)pthread_once(&once, load);
  }
}
