// Putting a folder in place whole: hidden folder, sync, rename, sync of its parent.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
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

// Calls that a signal interrupted are made again.
static int open_folder(const char* path) {
  int folder;
  do {
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  } while (folder < 0 && errno == EINTR);
  return folder;
}

// Some file systems cannot sync folders, and say so: that is no failure.
static int sync_open_folder(int folder) {
  int result;
  do {
    result = fsync(folder);
  } while (result != 0 && errno == EINTR);
  return result != 0 && (errno == EINVAL || errno == ENOTSUP) ? 0 : result;
}

static int sync_folder(const char* path) {
  int folder = open_folder(path);
  int result = folder < 0 ? -1 : sync_open_folder(folder);
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

// Whether a file's name is one that a save gives, also while it is being written (base/file.c).
static bool is_ours(const char* name) {
  return strncmp(name, IRL_DEMOS_DATA, strlen(IRL_DEMOS_DATA)) == 0 ||
         strncmp(name, IRL_DEMOS_METADATA, strlen(IRL_DEMOS_METADATA)) == 0;
}

// Removes a hidden folder with the files that a save may have put there.
static void remove_dataset(const char* folder) {
  char path[IRL_DEMOS_PATH];
  DIR* dir = opendir(folder);
  for (struct dirent* entry; dir && (entry = readdir(dir));) {
    if (is_ours(entry->d_name) && irl_path_join(path, sizeof path, folder, entry->d_name)) {
      (void)unlink(path);
    }
  }
  if (dir) {
    closedir(dir);
  }
  (void)rmdir(folder);
}

// Moves a dataset to where irl_demos_undo finds it; what was kept before goes, or has the dataset's
// old name then.
static int keep_as_before(const irl_place* place, const char* old) {
  char before[IRL_DEMOS_PATH];
  if (!irl_path_join(before, sizeof before, place->dir, IRL_DEMOS_BEFORE)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  if (renameat2(AT_FDCWD, old, AT_FDCWD, before, RENAME_EXCHANGE) == 0) {
    return 0;
  }
  remove_dataset(before);
  return rename(old, before);
}

// The checksums in the metadata.json of a folder, zeros where it has none.
static irl_demos_metadata checksums(const char* folder) {
  char path[IRL_DEMOS_PATH];
  irl_demos_metadata m = {0};
  irl_errinfo unused = {0};
  if (irl_path_join(path, sizeof path, folder, IRL_DEMOS_METADATA) && irl_file_exists(path) &&
      irl_demos_metadata_read(&m, path, &unused) != IRL_OK) {
    return (irl_demos_metadata){0};
  }
  irl_free(m.dataset_id);
  irl_free(m.algorithm);
  return m;
}

// Whether a hidden folder holds the dataset that the present one took the place of by a change: a
// crash came between the two and its being kept.
static bool was_replaced(const irl_place* place, const char* hidden) {
  const irl_demos_metadata now = checksums(place->data), old = checksums(hidden);
  return now.has_replaces && old.has_crc && now.replaces == old.crc32c &&
         (!now.has_crc || now.crc32c != old.crc32c);
}

// Finishes what a crash interrupted: a dataset that was moved aside comes back unless its successor
// stands, and then it goes, or is kept if it was changed in place.
static void repair(const irl_place* place) {
  if (irl_dir_exists(place->old) && irl_dir_empty(place->data)) {
    (void)rename(place->old, place->data);
  }
  const char* const hidden[] = {place->old, place->partial};
  for (int i = 0; i < 2; i++) {
    if (irl_dir_exists(hidden[i]) && was_replaced(place, hidden[i])) {
      (void)keep_as_before(place, hidden[i]);
    }
  }
  if (!irl_dir_empty(place->data)) {
    remove_dataset(place->old);
  }
  remove_dataset(place->partial);
}

// Nothing is overwritten unasked; an empty folder `data` is no dataset and is replaced.
static irl_err refuse_existing(const irl_place* place, irl_errinfo* info) {
  IRL_TRY(irl_path_check_seen(place->data, info));
  if (place->replace && !irl_file_exists(place->data)) {
    return IRL_OK;
  }
  if (!irl_dir_empty(place->data) || irl_file_exists(place->data)) {
    return irl_fail(
        info, IRL_EEXIST,
        "%s: already holds a dataset (its folder data); choose another folder or remove "
        "this one",
        place->dir);
  }
  return IRL_OK;
}

// The paths of a place; slashes at the end of dir do not count.
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
      !irl_path_join(place->old, sizeof place->old, place->dir, IRL_DEMOS_OLD) ||
      !irl_path_join(place->partial, sizeof place->partial, place->dir, PARTIAL)) {
    return irl_fail(info, IRL_ERANGE, "dataset folder: its name is too long; give at most %d bytes",
                    IRL_DEMOS_PATH - 64);
  }
  return IRL_OK;
}

// File systems without locks (EOPNOTSUPP and the like) are used without one.
static irl_err lock_dir(irl_place* place, irl_errinfo* info) {
  place->lock = open_folder(place->dir);
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
irl_err irl_place_open(irl_place* place, const char* dir, bool replace, irl_errinfo* info) {
  IRL_TRY(name_paths(place, dir, info));
  place->replace = replace;
  IRL_TRY(refuse_existing(place, info));
  place->created = count_missing(place->dir);
  irl_err err = irl_dir_create(place->dir, info);
  if (!err) {
    err = lock_dir(place, info);
  }
  if (!err) {
    repair(place);
    err = refuse_existing(place, info);
  }
  if (!err) {
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
  remove_dataset(place->partial);
  for_created(place, remove_folder);
  close(place->lock);
}

// Puts the new folder in the place of the old one, which then stands under one of the hidden names.
// Where the file system cannot exchange two names at once, readers find the old one by its hidden
// name in between (irl_demos_load).
static int exchange(const irl_place* place) {
  if (irl_dir_empty(place->data)) {
    return rename(place->partial, place->data);
  }
  if (renameat2(AT_FDCWD, place->partial, AT_FDCWD, place->data, RENAME_EXCHANGE) == 0) {
    return 0;
  }
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) {
    return -1;
  }
  if (rename(place->data, place->old) != 0 || sync_open_folder(place->lock) != 0) {
    return -1;
  }
  return rename(place->partial, place->data);
}

// Moves the new folder into place; without replace, one that appeared meanwhile is not touched.
static irl_err move_in(const irl_place* place, irl_errinfo* info) {
  if (sync_folder(place->partial) != 0) {
    return sys_fail(info, place->partial, "cannot be synced");
  }
  int result = place->replace ? exchange(place) : rename(place->partial, place->data);
  if (result == 0) {
    return IRL_OK;
  }
  bool taken = errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR;
  return taken ? irl_fail(info, IRL_EEXIST, "%s: appeared meanwhile; choose another folder",
                          place->data)
               : sys_fail(info, place->data, "cannot be put in place");
}

irl_err irl_place_sync(const irl_place* place, irl_errinfo* info) {
  return sync_open_folder(place->lock) == 0 ? IRL_OK
                                            : sys_fail(info, place->dir, "cannot be synced");
}

// Keeps the replaced dataset, which stands under a hidden name now.
static irl_err keep_old(const irl_place* place, irl_errinfo* info) {
  const char* old = irl_dir_exists(place->old) ? place->old : place->partial;
  if (!place->keep || !irl_dir_exists(old)) {
    return IRL_OK;
  }
  return keep_as_before(place, old) == 0
             ? IRL_OK
             : sys_fail(info, old, "the dataset before this cannot be kept");
}

irl_err irl_place_undo(irl_place* place, irl_errinfo* info) {
  char before[IRL_DEMOS_PATH];
  irl_err err = IRL_OK;
  if (!irl_path_join(before, sizeof before, place->dir, IRL_DEMOS_BEFORE) ||
      renameat2(AT_FDCWD, before, AT_FDCWD, place->data, RENAME_EXCHANGE) != 0) {
    err = irl_fail(info, IRL_EUNSUPPORTED,
                   "%s: its two datasets cannot be exchanged (%s); exchange data and %s by hand",
                   place->dir, strerror(errno), IRL_DEMOS_BEFORE);
  } else {
    err = irl_place_sync(place, info);
  }
  irl_place_abort(place);  // only the hidden folder and the lock
  return err;
}

irl_err irl_place_commit(irl_place* place, irl_errinfo* info) {
  irl_err err = move_in(place, info);
  if (err) {
    repair(place);
    irl_place_abort(place);
    return err;
  }
  // The old dataset goes only when the new one would survive power loss.
  err = irl_place_sync(place, info);
  err = err ? err : keep_old(place, info);
  if (!err) {
    remove_dataset(place->partial);
    remove_dataset(place->old);
  }
  for_created(place, sync_parent);
  close(place->lock);
  return err;
}
