// Putting a folder in place whole: hidden folder, sync, rename, sync of its parent.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demos/demos_internal.h"

#define PARTIAL ".data.partial"

// The sentence for a failed system call, from errno.
static irl_err sys_fail(irl_errinfo* info, const char* path, const char* what) {
  irl_err code = errno == ENOSPC || errno == EDQUOT ? IRL_ENOSPC : IRL_EIO;
  return irl_fail(info, code, "%s: %s: %s; choose a folder that can be written", path, what,
                  strerror(errno));
}

// Cuts the last component off a path: "a/b" -> "a", "b" -> ".", "/b" -> "/".
static void cut_last(char* path) {
  char* slash = strrchr(path, '/');
  if (!slash) {
    strcpy(path, ".");
  } else if (slash == path) {
    path[1] = 0;
  } else {
    *slash = 0;
  }
}

// How many folders of a path are still to be made.
static int count_missing(const char* dir) {
  char path[IRL_DEMOS_PATH];
  snprintf(path, sizeof path, "%s", dir);
  int missing = 0;
  struct stat status;
  while (stat(path, &status) != 0 && errno == ENOENT && strcmp(path, ".") && strcmp(path, "/")) {
    missing++;
    cut_last(path);
  }
  return missing;
}

// Does something to dir and its parents, as many as were created.
static void for_created(const irl_place* place, void (*act)(const char* path)) {
  char path[IRL_DEMOS_PATH];
  snprintf(path, sizeof path, "%s", place->dir);
  for (int i = 0; i < place->created; i++) {
    act(path);
    cut_last(path);
  }
}

static void remove_folder(const char* path) {
  (void)rmdir(path);
}

static int sync_folder(const char* path) {
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = folder < 0 ? -1 : fsync(folder);
  if (folder >= 0) {
    close(folder);
  }
  return result;
}

// A new folder is durable once the folder that names it is synced.
static void sync_parent(const char* path) {
  char parent[IRL_DEMOS_PATH];
  snprintf(parent, sizeof parent, "%s", path);
  cut_last(parent);
  (void)sync_folder(parent);
}

// Removes the hidden folder with the files that a save may have put there.
static void remove_partial(const irl_place* place) {
  static const char* const names[] = {IRL_DEMOS_DATA, IRL_DEMOS_METADATA};
  char path[IRL_DEMOS_PATH];
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (irl_path_join(path, sizeof path, place->partial, names[i])) {
      (void)unlink(path);
    }
  }
  (void)rmdir(place->partial);
}

// Nothing is ever overwritten; an empty folder `data` is no dataset and is replaced.
static irl_err refuse_existing(const irl_place* place, irl_errinfo* info) {
  if (!irl_dir_empty(place->data) || irl_file_exists(place->data)) {
    return irl_fail(
        info, IRL_EEXIST,
        "%s: already holds a dataset (its folder data); choose another folder or remove "
        "this one",
        place->dir);
  }
  return IRL_OK;
}

// The three paths of a place; slashes at the end of dir do not count.
static irl_err name_paths(irl_place* place, const char* dir, irl_errinfo* info) {
  size_t size = strlen(dir);
  while (size > 1 && dir[size - 1] == '/') {
    size--;
  }
  if (size == 0 || size >= sizeof place->dir) {
    return irl_fail(info, IRL_ERANGE, "dataset folder: its name has %zu bytes; give 1 to %d", size,
                    IRL_DEMOS_PATH - 64);
  }
  *place = (irl_place){.lock = -1};
  memcpy(place->dir, dir, size);
  if (!irl_path_join(place->data, sizeof place->data, place->dir, "data") ||
      !irl_path_join(place->partial, sizeof place->partial, place->dir, PARTIAL)) {
    return irl_fail(info, IRL_ERANGE, "dataset folder: its name is too long; give at most %d bytes",
                    IRL_DEMOS_PATH - 64);
  }
  return IRL_OK;
}

// File systems without locks (EOPNOTSUPP and the like) are used without one.
static irl_err lock_dir(irl_place* place, irl_errinfo* info) {
  place->lock = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (place->lock < 0) {
    return sys_fail(info, place->dir, "cannot be opened");
  }
  if (flock(place->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return irl_fail(info, IRL_EEXIST,
                    "%s: another program is writing a dataset here; wait for it or choose another "
                    "folder",
                    place->dir);
  }
  return IRL_OK;
}

irl_err irl_demos_check_output(const char* dir, irl_errinfo* info) {
  irl_place place;
  IRL_TRY(name_paths(&place, dir, info));
  IRL_TRY(refuse_existing(&place, info));
  return irl_dir_check_writable(place.dir, info);
}

// Parents that this call makes are counted, to be removed again if the save fails.
irl_err irl_place_open(irl_place* place, const char* dir, irl_errinfo* info) {
  IRL_TRY(name_paths(place, dir, info));
  IRL_TRY(refuse_existing(place, info));
  place->created = count_missing(place->dir);
  irl_err err = irl_dir_create(place->dir, info);
  if (!err) {
    err = lock_dir(place, info);
  }
  if (!err) {
    remove_partial(place);
    if (mkdir(place->partial, 0777) != 0) {
      err = sys_fail(info, place->partial, "cannot be made");
    }
  }
  if (err) {
    for_created(place, remove_folder);
    if (place->lock >= 0) {
      close(place->lock);
    }
  }
  return err;
}

void irl_place_abort(irl_place* place) {
  remove_partial(place);
  for_created(place, remove_folder);
  close(place->lock);
}

irl_err irl_place_commit(irl_place* place, irl_errinfo* info) {
  irl_err err = IRL_OK;
  if (sync_folder(place->partial) != 0) {
    err = sys_fail(info, place->partial, "cannot be synced");
  } else if (rename(place->partial, place->data) != 0) {
    bool taken = errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR;
    err = taken ? irl_fail(info, IRL_EEXIST, "%s: appeared meanwhile; choose another folder",
                           place->data)
                : sys_fail(info, place->data, "cannot be put in place");
  }
  if (err) {
    irl_place_abort(place);
    return err;
  }
  // From here the dataset stands; a folder that cannot be synced is the file system's own affair.
  (void)fsync(place->lock);
  for_created(place, sync_parent);
  close(place->lock);
  return IRL_OK;
}
