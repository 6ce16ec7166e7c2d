// Where bundled data is: one folder share/mjirl with tasks/, models/ and demos/, the same in an
// installation and in a build tree (where its members are links into the source tree).
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "envs/task_internal.h"

enum { LEVELS = 3, PATH_BYTES = 4096 };

char* irl_strdup(const char* text) {
  const size_t size = strlen(text) + 1;
  char* copy = irl_calloc(size, 1);
  if (copy != NULL) {
    memcpy(copy, text, size);
  }
  return copy;
}

static const char anchor = 0;  // an address in this library

static bool exists(const char* path) {
  return access(path, F_OK) == 0;
}

static bool executable(char* out, size_t size) {
  const ssize_t n = readlink("/proc/self/exe", out, size - 1);
  out[n < 0 ? 0 : n] = 0;
  return n > 0;
}

// The shared library that this code is in, or again the program.
static bool library(char* out, size_t size) {
  Dl_info place;
  if (dladdr(&anchor, &place) == 0 || place.dli_fname == NULL) {
    return false;
  }
  char* real = realpath(place.dli_fname, NULL);
  const bool fits = real != NULL && snprintf(out, size, "%s", real) < (int)size;
  free(real);
  return fits;
}

// <folder of file>/share/mjirl/<relative>, or the same some levels further up: bin/mjirl and
// lib/x86_64-linux-gnu/libmjirl.so of an installation, cli/mjirl and tests/envs/x of a build tree.
static bool search_upwards(char* out, size_t size, char* file, const char* relative) {
  for (int level = 0; level <= LEVELS; level++) {
    char* slash = strrchr(file, '/');
    if (slash == NULL) {
      return false;
    }
    *slash = 0;
    char share[PATH_BYTES];
    if (irl_path_join(share, sizeof share, file, "share/mjirl") &&
        irl_path_join(out, size, share, relative) && exists(out)) {
      return true;
    }
  }
  return false;
}

irl_err irl_data_path(char* out, size_t size, const char* relative, irl_errinfo* info) {
  const char* chosen = getenv("MJIRL_DATA");
  if (chosen != NULL && chosen[0] != 0) {
    if (irl_path_join(out, size, chosen, relative) && exists(out)) {
      return IRL_OK;
    }
    return irl_fail(info, IRL_ENOENT,
                    "%s: not in MJIRL_DATA (%s); set it to a folder with tasks, "
                    "models and demos, or unset it",
                    relative, chosen);
  }
  char place[PATH_BYTES];
  char beside[PATH_BYTES] = "?";
  if (executable(place, sizeof place)) {
    memcpy(beside, place, sizeof beside);
    if (search_upwards(out, size, place, relative)) {
      return IRL_OK;
    }
  }
  if (library(place, sizeof place) && search_upwards(out, size, place, relative)) {
    return IRL_OK;
  }
  return irl_fail(info, IRL_ENOENT,
                  "%s: not found in share/mjirl above %.300s; set MJIRL_DATA to "
                  "the folder with tasks, models and demos",
                  relative, beside);
}
