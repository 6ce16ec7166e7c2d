#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

enum {
  NAME_TRIES = 1000,
  WRITE_BLOCK = 8 << 20,  // bytes
  LEFT_SECONDS = 3600     // after which a temporary file that nobody holds was left by a crash
};

//---------------------------------- The seam ------------------------------------------------------

// Everything that this room asks of the file system goes through these, so that faults can be put
// in one place. Calls that a signal interrupted are made again.

static int sys_open(const char* path, int flags, mode_t mode) {
  int fd;
  do {
    fd = open(path, flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

static ssize_t sys_read(int fd, void* data, size_t size) {
  ssize_t n;
  do {
    n = read(fd, data, size);
  } while (n < 0 && errno == EINTR);
  return n;
}

static ssize_t sys_write(int fd, const void* data, size_t size) {
  ssize_t n;
  do {
    n = write(fd, data, size);
  } while (n < 0 && errno == EINTR);
  return n;
}

// After a failed fsync the kernel may have dropped the data: it is not tried again, the file is
// lost.
static int sys_fsync(int fd) {
  int result;
  do {
    result = fsync(fd);
  } while (result < 0 && errno == EINTR);
  return result;
}

// Linux closes the descriptor even when the call was interrupted.
static int sys_close(int fd) {
  int result = close(fd);
  return result < 0 && errno == EINTR ? 0 : result;
}

static int sys_rename(const char* from, const char* to) {
  return rename(from, to);
}

static int sys_unlink(const char* path) {
  return unlink(path);
}

static int sys_mkdir(const char* path) {
  return mkdir(path, 0777);
}

static int sys_truncate(int fd, off_t size) {
  int result;
  do {
    result = ftruncate(fd, size);
  } while (result < 0 && errno == EINTR);
  return result;
}

//---------------------------------- Errors and names ----------------------------------------------

// What the user can do about it.
static const char* remedy(int error, bool writing) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free some space";
    case EFBIG:
      return "raise the limit on file sizes (ulimit -f)";
    case EROFS:
    case EACCES:
    case EPERM:
      return writing ? "choose a place that you may write to" : "choose one that you may read";
    case ENOENT:
    case ENOTDIR:
      return "check that the path exists";
    case EMFILE:
    case ENFILE:
      return "close other files";
    default:
      return "check the disk and the path";
  }
}

// A quota and a size limit are a full disk to the caller: try again after making room.
static irl_err error_code(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return IRL_ENOSPC;
    case ENOENT:
    case ENOTDIR:
      return IRL_ENOENT;
    case ENOMEM:
      return IRL_ENOMEM;
    default:
      return IRL_EIO;
  }
}

// "<path>: cannot <verb>: <the system's reason>; <remedy>". strerror_r is GNU's, thread-safe.
static irl_err fail_errno(irl_errinfo* info, const char* path, const char* verb, int error,
                          bool writing) {
  char reason[128];
  const char* text = strerror_r(error, reason, sizeof reason);
  irl_err code = error_code(error);
  return irl_fail(info, code, "%s: cannot %s: %s; %s", path, verb, text, remedy(error, writing));
}

static irl_err fail_read(irl_errinfo* info, const char* path, const char* verb, int error) {
  return fail_errno(info, path, verb, error, false);
}

// When writing, a missing folder is a failure to write and not a missing input.
static irl_err fail_write(irl_errinfo* info, const char* path, const char* verb, int error) {
  irl_err code = fail_errno(info, path, verb, error, true);
  if (code == IRL_ENOENT) {
    code = IRL_EIO;
    if (info != NULL) {
      info->code = code;
    }
  }
  return code;
}

irl_err irl_file_fail(irl_errinfo* info, const char* path, const char* verb, int error) {
  return fail_write(info, path, verb, error);
}

static irl_err fail_long(irl_errinfo* info, const char* path) {
  return irl_fail(info, IRL_EIO, "%.200s...: the path is too long; use one below %d bytes", path,
                  PATH_MAX);
}

// The folder that holds a path, without trailing slashes; false when it does not fit.
static bool parent_of(char out[PATH_MAX], const char* path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') {
    length--;
  }
  while (length > 0 && path[length - 1] != '/') {
    length--;
  }
  while (length > 1 && path[length - 1] == '/') {
    length--;
  }
  if (length == 0) {
    path = ".";
    length = 1;
  }
  if (length >= PATH_MAX) {
    return false;
  }
  memcpy(out, path, length);
  out[length] = '\0';
  return true;
}

bool irl_path_join(char* out, size_t size, const char* folder, const char* name) {
  size_t length = strlen(folder);
  const char* slash = length > 0 && folder[length - 1] != '/' ? "/" : "";
  int written = snprintf(out, size, "%s%s%s", folder, slash, name);
  return written >= 0 && (size_t)written < size;
}

//---------------------------------- Reading -------------------------------------------------------

// The size is asked of the open file and not of its path, which may be replaced in between.
static irl_err read_open_file(int fd, const char* path, size_t max_size, char** data, size_t* size,
                              irl_errinfo* info) {
  struct stat status;
  if (fstat(fd, &status) != 0) {
    return fail_read(info, path, "read", errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return irl_fail(info, IRL_EIO, "%s: it is not a regular file; give a file", path);
  }
  if ((unsigned long long)status.st_size > max_size) {
    return irl_fail(info, IRL_ERANGE, "%s: it has %lld bytes; give a file of at most %zu", path,
                    (long long)status.st_size, max_size);
  }
  size_t wanted = (size_t)status.st_size;
  char* text = IRL_NEW(char, wanted + 1);
  if (text == NULL) {
    return irl_fail(info, IRL_ENOMEM, "%s: no memory for its %zu bytes; free some", path, wanted);
  }
  size_t got = 0;
  while (got < wanted) {
    ssize_t n = sys_read(fd, text + got, wanted - got);
    if (n < 0) {
      irl_err err = fail_read(info, path, "read", errno);
      irl_free(text);
      return err;
    }
    if (n == 0) {  // somebody shortened it meanwhile
      break;
    }
    got += (size_t)n;
  }
  text[got] = '\0';
  *data = text;
  *size = got;
  return IRL_OK;
}

irl_err irl_file_read(const char* path, size_t max_size, char** data, size_t* size,
                      irl_errinfo* info) {
  *data = NULL;
  *size = 0;
  int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);  // a pipe must not hang us
  if (fd < 0) {
    const int error = errno;
    IRL_TRY(irl_path_check_seen(path, info));
    return fail_read(info, path, "open", error);
  }
  irl_err err = read_open_file(fd, path, max_size, data, size, info);
  sys_close(fd);
  return err;
}

//---------------------------------- Writing -------------------------------------------------------

// Writes all bytes; returns 0 or an errno. The disk is set to work on each block while the next one
// is copied; whether it did is what fsync tells.
static int write_all(int fd, const char* data, size_t size) {
  for (size_t done = 0; done < size;) {
    const size_t block = size - done < WRITE_BLOCK ? size - done : WRITE_BLOCK;
    const ssize_t n = sys_write(fd, data + done, block);
    if (n < 0) {
      return errno;
    }
    if (n == 0) {
      return EIO;
    }
    if (n == WRITE_BLOCK) {
      (void)sync_file_range(fd, (off_t)done, n, SYNC_FILE_RANGE_WRITE);
    }
    done += (size_t)n;
  }
  return 0;
}

// Makes a rename or a new entry in the folder survive power loss; returns 0 or an errno. Some file
// systems cannot sync folders, and say EINVAL.
static int sync_folder(const char* folder) {
  int fd = sys_open(folder, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) {
    return errno == EACCES ? 0 : errno;  // writable, but not readable: cannot be synced by us
  }
  int error = sys_fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP ? errno : 0;
  sys_close(fd);
  return error;
}

// Whether a name is "<anything>.<process>-<n>.tmp", as this room gives them.
static bool is_temporary(const char* name) {
  static const char digits[] = "0123456789";
  const size_t length = strlen(name), end = length - strlen(".tmp");
  if (length < sizeof "x.1-0.tmp" - 1 || strcmp(name + end, ".tmp") != 0) {
    return false;
  }
  size_t n = end, process;
  while (n > 0 && strchr(digits, name[n - 1]) != NULL) {
    n--;
  }
  if (n == end || n < 2 || name[n - 1] != '-') {
    return false;
  }
  process = n - 1;
  while (process > 0 && strchr(digits, name[process - 1]) != NULL) {
    process--;
  }
  return process < n - 1 && process > 1 && name[process - 1] == '.';
}

// Removes a temporary file that was left: nobody holds it, nor has written to it for so long.
static void sweep_one(const char* path, int seconds) {
  struct stat status;
  const int fd = sys_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  if (fd < 0) {
    return;
  }
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
      (seconds == 0 || time(NULL) - status.st_mtime > seconds) &&
      flock(fd, LOCK_EX | LOCK_NB) == 0) {
    sys_unlink(path);
  }
  sys_close(fd);
}

// Whether a temporary file is one of the named file; NULL: of any.
static bool is_temporary_of(const char* entry, const char* name) {
  if (!is_temporary(entry) || name == NULL) {
    return is_temporary(entry);
  }
  const char* end = strrchr(entry, '.');
  while (*--end != '.') {
  }
  return (size_t)(end - entry) == strlen(name) && strncmp(entry, name, strlen(name)) == 0;
}

// Best effort: what cannot be removed stays.
static void sweep_folder(const char* folder, const char* name, int seconds) {
  char left[PATH_MAX];
  DIR* dir = opendir(folder);
  for (struct dirent* entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    if (is_temporary_of(entry->d_name, name) &&
        irl_path_join(left, sizeof left, folder, entry->d_name)) {
      sweep_one(left, seconds);
    }
  }
  if (dir != NULL) {
    closedir(dir);
  }
}

void irl_dir_sweep(const char* folder, const char* name) {
  sweep_folder(folder, name, 0);
}

// A process that was killed while it wrote leaves its temporary file; the next write to the folder
// takes it away.
static void sweep_temporaries(const char* path) {
  char folder[PATH_MAX];
  if (parent_of(folder, path)) {
    sweep_folder(folder, NULL, LEFT_SECONDS);
  }
}

// Creates "<prefix>.<process>-<n>.tmp", which did not exist before; returns a descriptor, or -1
// with errno set. It is locked as long as it is open, so that nobody takes it for one that was
// left.
static int create_temporary(char name[PATH_MAX], const char* prefix) {
  for (int n = 0; n < NAME_TRIES; n++) {
    int length = snprintf(name, PATH_MAX, "%s.%ld-%d.tmp", prefix, (long)getpid(), n);
    if (length < 0 || length >= PATH_MAX) {
      errno = ENAMETOOLONG;
      return -1;
    }
    int fd = sys_open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (fd >= 0) {
      (void)flock(fd, LOCK_EX | LOCK_NB);  // fails only on file systems that cannot
      return fd;
    }
    if (errno != EEXIST) {
      return -1;
    }
  }
  return -1;
}

bool irl_file_temporary(char* out, size_t size, const char* path) {
  const int length = snprintf(out, size, "%s.%ld-%d.tmp", path, (long)getpid(), NAME_TRIES);
  return length >= 0 && (size_t)length < size;
}

// Renaming over a device or a folder would destroy it or fail late.
static irl_err check_replaceable(const char* path, irl_errinfo* info) {
  struct stat status;
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
    return irl_fail(info, IRL_EIO, "%s: it is not a regular file; give the name of a file", path);
  }
  return IRL_OK;
}

// Renames and syncs the folder; the temporary file is removed when the renaming fails.
static irl_err put_in_place(const char* temporary, const char* path, irl_errinfo* info) {
  char folder[PATH_MAX];
  if (!parent_of(folder, path)) {
    sys_unlink(temporary);
    return fail_long(info, path);
  }
  if (sys_rename(temporary, path) != 0) {
    int error = errno;
    sys_unlink(temporary);
    return fail_write(info, path, "replace", error);
  }
  int error = sync_folder(folder);
  return error != 0 ? fail_write(info, path, "make the new file durable", error) : IRL_OK;
}

// Order matters: the data must be on the disk before the name points to it, and the name before the
// caller is told. close can report a late write error (NFS), so it counts too.
irl_err irl_file_write(const char* path, const void* data, size_t size, irl_errinfo* info) {
  IRL_TRY(check_replaceable(path, info));
  char temporary[PATH_MAX];
  sweep_temporaries(path);
  int fd = create_temporary(temporary, path);
  if (fd < 0) {
    return fail_write(info, path, "write", errno);
  }
  int error = write_all(fd, data, size);
  if (error == 0 && sys_fsync(fd) != 0) {
    error = errno;
  }
  if (sys_close(fd) != 0 && error == 0) {
    error = errno;
  }
  if (error != 0) {
    sys_unlink(temporary);
    return fail_write(info, path, "write", error);
  }
  return put_in_place(temporary, path, info);
}

irl_err irl_file_stage(const char* path, const void* data, size_t size, irl_errinfo* info) {
  const int fd = sys_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (fd < 0) {
    return fail_write(info, path, "write", errno);
  }
  int error = write_all(fd, data, size);
  if (sys_close(fd) != 0 && error == 0) {
    error = errno;
  }
  if (error != 0) {
    sys_unlink(path);
    return fail_write(info, path, "write", error);
  }
  return IRL_OK;
}

// fsync works on a descriptor opened for reading: it is the file that is synced.
static int sync_file(const char* path) {
  int fd = sys_open(path, O_RDONLY, 0);
  int error = fd < 0 || sys_fsync(fd) != 0 ? errno : 0;
  if (fd >= 0) {
    sys_close(fd);
  }
  return error;
}

irl_err irl_file_sync(const char* path, irl_errinfo* info) {
  char folder[PATH_MAX];
  int error = sync_file(path);
  if (error == 0) {
    error = parent_of(folder, path) ? sync_folder(folder) : ENAMETOOLONG;
  }
  return error != 0 ? fail_write(info, path, "make it durable", error) : IRL_OK;
}

irl_err irl_file_commit(const char* temporary, const char* path, irl_errinfo* info) {
  irl_err err = check_replaceable(path, info);
  if (err == IRL_OK) {
    int error = sync_file(temporary);
    err = error != 0 ? fail_write(info, temporary, "make it durable", error) : IRL_OK;
  }
  if (err != IRL_OK) {
    sys_unlink(temporary);
    return err;
  }
  return put_in_place(temporary, path, info);
}

// O_APPEND places the one write at the end, also when another process appends.
irl_err irl_file_append(const char* path, const void* data, size_t size, irl_errinfo* info) {
  int fd = sys_open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0666);
  if (fd < 0) {
    return fail_write(info, path, "append", errno);
  }
  struct stat before;
  int error = fstat(fd, &before) != 0 ? errno : 0;
  if (error == 0) {
    error = write_all(fd, data, size);
    if (error != 0 && S_ISREG(before.st_mode)) {
      (void)!sys_truncate(fd, before.st_size);  // no half line stays behind
    }
  }
  if (sys_close(fd) != 0 && error == 0) {
    error = errno;
  }
  return error != 0 ? fail_write(info, path, "append", error) : IRL_OK;
}

//---------------------------------- Folders -------------------------------------------------------

// Why it cannot be told what path names or, of a folder, holds: an errno; 0 when it can.
static int hidden_by(const char* path) {
  struct stat status;
  if (stat(path, &status) != 0) {
    return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
  }
  DIR* dir = S_ISDIR(status.st_mode) ? opendir(path) : NULL;
  const int error = dir == NULL && S_ISDIR(status.st_mode) ? errno : 0;
  if (dir != NULL) {
    closedir(dir);
  }
  return error;
}

// The lowest part of the path that can be seen is the one that hides the rest.
irl_err irl_path_check_seen(const char* path, irl_errinfo* info) {
  char shut[PATH_MAX], parent[PATH_MAX];
  struct stat status;
  const int error = hidden_by(path);
  if (error == 0) {
    return IRL_OK;
  }
  if (error != EACCES || strlen(path) >= sizeof shut) {
    return fail_read(info, path, "look at it", error);
  }
  memcpy(shut, path, strlen(path) + 1);
  while (lstat(shut, &status) != 0 && parent_of(parent, shut) && strcmp(parent, shut) != 0) {
    memcpy(shut, parent, sizeof shut);
  }
  return irl_fail(info, IRL_EIO,
                  "%s: permission is missing to look into %s; ask for it, or choose another place",
                  path, shut);
}

bool irl_file_exists(const char* path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool irl_dir_exists(const char* path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

// A folder that cannot be listed counts as not empty: nothing is to be put there.
bool irl_dir_empty(const char* path) {
  DIR* dir = opendir(path);
  if (dir == NULL) {
    struct stat status;
    return stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
  }
  bool empty = true;
  for (struct dirent* entry; empty && (entry = readdir(dir)) != NULL;) {
    empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
  }
  closedir(dir);
  return empty;
}

// Creates one folder whose parent exists; an existing one is fine.
static irl_err create_one(const char* path, irl_errinfo* info) {
  if (irl_dir_exists(path)) {
    return IRL_OK;
  }
  if (sys_mkdir(path) != 0 && !(errno == EEXIST && irl_dir_exists(path))) {
    return errno == EEXIST
               ? irl_fail(info, IRL_EEXIST, "%s: it is not a folder; choose another name", path)
               : fail_write(info, path, "create the folder", errno);
  }
  char parent[PATH_MAX];
  int error = parent_of(parent, path) ? sync_folder(parent) : ENAMETOOLONG;
  return error != 0 ? fail_write(info, path, "make the folder durable", error) : IRL_OK;
}

irl_err irl_dir_lock(int* lock, const char* path, irl_errinfo* info) {
  *lock = sys_open(path, O_RDONLY | O_DIRECTORY, 0);
  if (*lock < 0) {
    return fail_write(info, path, "open the folder", errno);
  }
  if (flock(*lock, LOCK_EX | LOCK_NB) == 0) {
    return IRL_OK;
  }
  const bool held = errno == EWOULDBLOCK;
  sys_close(*lock);
  *lock = -1;
  return held ? irl_fail(info, IRL_EEXIST,
                         "%s: another program is writing there; wait for it, or choose another "
                         "folder",
                         path)
              : IRL_OK;
}

void irl_dir_unlock(int lock) {
  if (lock >= 0) {
    sys_close(lock);
  }
}

// Ends the path at each slash in turn, from the left.
irl_err irl_dir_create(const char* path, irl_errinfo* info) {
  char partial[PATH_MAX];
  size_t length = strlen(path);
  if (length == 0) {
    return irl_fail(info, IRL_EIO, "the name of a folder is empty; give one");
  }
  if (length >= sizeof partial) {
    return fail_long(info, path);
  }
  memcpy(partial, path, length + 1);
  for (size_t i = 1; i < length; i++) {
    if (partial[i] == '/' && partial[i - 1] != '/') {
      partial[i] = '\0';
      IRL_TRY(create_one(partial, info));
      partial[i] = '/';
    }
  }
  return create_one(partial, info);
}

// Permission bits say too little (read-only mounts, quotas, other users' rights): a file is created
// and removed.
irl_err irl_dir_check_writable(const char* path, irl_errinfo* info) {
  char folder[PATH_MAX], prefix[PATH_MAX], name[PATH_MAX];
  if (path[0] == '\0') {
    return irl_fail(info, IRL_EIO, "the name of a folder is empty; give one");
  }
  if (!irl_path_join(folder, sizeof folder, path, "")) {  // with its slash, a file is no folder
    return fail_long(info, path);
  }
  struct stat status;
  while (stat(folder, &status) != 0) {
    if (errno != ENOENT) {
      return fail_write(info, path, "write there", errno);
    }
    if (!parent_of(prefix, folder)) {
      return fail_long(info, path);
    }
    if (strcmp(prefix, folder) == 0) {  // the current folder itself was deleted
      return fail_write(info, path, "write there", ENOENT);
    }
    memcpy(folder, prefix, sizeof folder);
  }
  if (!irl_path_join(prefix, sizeof prefix, folder, ".writable")) {
    return fail_long(info, path);
  }
  int fd = create_temporary(name, prefix);
  if (fd < 0) {
    return fail_write(info, path, "write there", errno);
  }
  sys_close(fd);
  sys_unlink(name);
  return IRL_OK;
}
