#include "irl/history.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

enum { MAX_PATH = 4096, MOST = 1000000 };

static irl_err cost_path(char out[MAX_PATH], const char* folder, int iteration, irl_errinfo* info) {
  char name[48];
  (void)snprintf(name, sizeof name, "costs/%06d.safetensors", iteration);
  return irl_path_join(out, MAX_PATH, folder, name)
             ? IRL_OK
             : irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
}

irl_err irl_history_save(const char* folder, int iteration, const irl_cost* cost,
                         irl_errinfo* info) {
  char path[MAX_PATH];
  if (!irl_path_join(path, sizeof path, folder, "costs")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
  }
  IRL_TRY(irl_dir_create(path, info));
  IRL_TRY(cost_path(path, folder, iteration, info));
  return irl_cost_save(cost, path, info);
}

// The iteration of a file's name, or −1.
static int iteration_of(const char* name) {
  int iteration = -1, used = 0;
  bool digits = strspn(name, "0123456789") >= 6;
  bool whole = digits && sscanf(name, "%7d.safetensors%n", &iteration, &used) == 1 && used > 0;
  return whole && name[used] == 0 && iteration < MOST ? iteration : -1;
}

static int rising(const void* a, const void* b) {
  return *(const int*)a - *(const int*)b;
}

// Counts the files and, where there is an array for at most `room` numbers, fills it.
static int scan(const char* path, int* out, int room) {
  int n = 0;
  DIR* dir = opendir(path);
  if (dir == NULL) {
    return 0;
  }
  for (struct dirent* e = readdir(dir); e != NULL; e = readdir(dir)) {
    int iteration = iteration_of(e->d_name);
    if (iteration >= 0 && (out == NULL || n < room)) {
      if (out != NULL) {
        out[n] = iteration;
      }
      n++;
    }
  }
  closedir(dir);
  return n;
}

irl_err irl_history_list(const char* folder, int** iterations, int* n, irl_errinfo* info) {
  char path[MAX_PATH];
  *iterations = NULL;
  *n = 0;
  if (!irl_path_join(path, sizeof path, folder, "costs")) {
    return IRL_OK;
  }
  int room = scan(path, NULL, 0);
  if (room == 0) {
    return IRL_OK;
  }
  int* found = IRL_NEW(int, room);
  if (found == NULL) {
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", folder);
  }
  *n = scan(path, found, room);  // a training run may have added one in between
  *iterations = found;
  qsort(found, (size_t)*n, sizeof *found, rising);
  return IRL_OK;
}

irl_err irl_history_load(irl_cost** cost, const char* folder, int iteration, irl_errinfo* info) {
  char path[MAX_PATH];
  IRL_TRY(cost_path(path, folder, iteration, info));
  return irl_cost_load(cost, path, info);
}
