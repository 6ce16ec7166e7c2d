// A disk that fails and a process that dies, at a chosen call: the linker puts the __wrap_
// functions below in the place of the C library's. For one source file of a test program.
#ifndef MJIRL_TESTS_CRASH_FAULTS_H_
#define MJIRL_TESTS_CRASH_FAULTS_H_

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

typedef enum fault {
  FAULT_NONE,
  FAULT_ONCE,         // the call fails
  FAULT_FOR_GOOD,     // it and all after it fail
  FAULT_INTERRUPTED,  // by a signal, where that can happen
  FAULT_SHORT,        // half of a transfer is done
  FAULT_FULL,         // half of it, and all calls after it fail
  FAULT_DIE_BEFORE,   // the process ends before the call,
  FAULT_DIE_TORN,     // in the middle of a transfer (other calls: before),
  FAULT_DIE_AFTER,    // after it
} fault;

enum { FAULT_EXIT = 99, FAULT_FILES = 256 };

// Bytes of a file that were synced: what is left of it after power loss at the worst.
typedef struct synced_file {
  ino_t file;
  off_t size;
} synced_file;

// In memory that a forked child shares.
typedef struct fault_state {
  fault kind;
  int error;
  int at;     // call that is hit, from 1
  int calls;  // so far
  int hits;
  int no_exchange;  // the file system cannot exchange two names
  int moved;        // names were changed and their folder not synced since
  int hasty;        // a journal was removed meanwhile
  int nsynced;
  synced_file synced[FAULT_FILES];
} fault_state;

static fault_state* faults;

static inline int fault_hits(void) {
  const int stays = faults->kind == FAULT_FOR_GOOD || faults->kind == FAULT_FULL;
  const int hit = stays ? faults->calls >= faults->at : faults->calls == faults->at;
  return faults->kind != FAULT_NONE && hit;
}

// Counts a call; nonzero when it is to fail, with errno set.
static inline int fault_before(int can_be_interrupted, int transfers) {
  faults->calls++;
  if (!fault_hits()) {
    return 0;
  }
  if (faults->kind == FAULT_DIE_BEFORE || (faults->kind == FAULT_DIE_TORN && !transfers)) {
    _exit(FAULT_EXIT);
  }
  const int interrupts = faults->kind == FAULT_INTERRUPTED && can_be_interrupted;
  const int full = faults->kind == FAULT_FULL && faults->calls > faults->at;
  if (!interrupts && !full && faults->kind != FAULT_ONCE && faults->kind != FAULT_FOR_GOOD) {
    return 0;
  }
  faults->hits++;
  errno = interrupts ? EINTR : faults->error;
  return 1;
}

static inline void fault_after(void) {
  if (fault_hits() && faults->kind == FAULT_DIE_AFTER) {
    _exit(FAULT_EXIT);
  }
}

static inline size_t fault_size(size_t size) {
  const int cuts =
      faults->kind == FAULT_SHORT || faults->kind == FAULT_FULL || faults->kind == FAULT_DIE_TORN;
  if (fault_hits() && size > 1 && cuts) {
    faults->hits++;
    return size / 2;
  }
  return size;
}

static inline void fault_torn(void) {
  if (fault_hits() && faults->kind == FAULT_DIE_TORN) {
    _exit(FAULT_EXIT);
  }
}

// Nothing here needs the disk to be reached: what would have been is noted.
static inline int fault_sync(int fd) {
  struct stat status;
  if (fault_before(1, 0)) {
    return -1;
  }
  const int known = fstat(fd, &status) == 0;
  faults->moved &= !(known && S_ISDIR(status.st_mode));
  if (known && S_ISREG(status.st_mode)) {
    int i = 0;
    while (i < faults->nsynced && faults->synced[i].file != status.st_ino) {
      i++;
    }
    if (i < FAULT_FILES) {
      faults->nsynced = i == faults->nsynced ? i + 1 : faults->nsynced;
      faults->synced[i] = (synced_file){status.st_ino, status.st_size};
    }
  }
  fault_after();
  return 0;
}

// A call that fails, happens and dies as chosen.
#define FAULT_WRAP(type, name, declared, passed, can_be_interrupted) \
  type __real_##name declared;                                       \
  type __wrap_##name declared;                                       \
  type __wrap_##name declared {                                      \
    if (fault_before(can_be_interrupted, 0)) {                       \
      return (type)-1;                                               \
    }                                                                \
    type result = __real_##name passed;                              \
    fault_after();                                                   \
    return result;                                                   \
  }

#define FAULT_WRAP_TRANSFER(name, declared, passed) \
  ssize_t __real_##name declared;                   \
  ssize_t __wrap_##name declared;                   \
  ssize_t __wrap_##name declared {                  \
    if (fault_before(1, 1)) {                       \
      return -1;                                    \
    }                                               \
    size = fault_size(size);                        \
    ssize_t result = __real_##name passed;          \
    fault_torn();                                   \
    fault_after();                                  \
    return result;                                  \
  }

FAULT_WRAP(int, open, (const char* path, int flags, mode_t mode), (path, flags, mode), 1)
FAULT_WRAP(int, mkdir, (const char* path, mode_t mode), (path, mode), 0)
FAULT_WRAP(int, rmdir, (const char* path), (path), 0)
FAULT_WRAP(int, ftruncate, (int fd, off_t size), (fd, size), 1)
FAULT_WRAP_TRANSFER(read, (int fd, void* data, size_t size), (fd, data, size))
FAULT_WRAP_TRANSFER(write, (int fd, const void* data, size_t size), (fd, data, size))
FAULT_WRAP_TRANSFER(pwrite, (int fd, const void* data, size_t size, off_t at), (fd, data, size, at))

int __real_rename(const char* from, const char* to);
int __wrap_rename(const char* from, const char* to);
int __wrap_rename(const char* from, const char* to) {
  if (fault_before(0, 0)) {
    return -1;
  }
  int result = __real_rename(from, to);
  faults->moved |= result == 0;
  fault_after();
  return result;
}

// Power loss may undo what was renamed since the last sync of the folder, but not bring back a
// file.
int __real_unlink(const char* path);
int __wrap_unlink(const char* path);
int __wrap_unlink(const char* path) {
  if (fault_before(0, 0)) {
    return -1;
  }
  faults->hasty += faults->moved && strstr(path, "/recording.journal") != NULL;
  int result = __real_unlink(path);
  fault_after();
  return result;
}

int __real_renameat2(int a, const char* from, int b, const char* to, unsigned flags);
int __wrap_renameat2(int a, const char* from, int b, const char* to, unsigned flags);
int __wrap_renameat2(int a, const char* from, int b, const char* to, unsigned flags) {
  if (faults->no_exchange) {
    errno = EINVAL;
    return -1;
  }
  if (fault_before(0, 0)) {
    return -1;
  }
  int result = __real_renameat2(a, from, b, to, flags);
  faults->moved |= result == 0;
  fault_after();
  return result;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
  return fault_sync(fd);
}

int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd) {
  return fault_sync(fd);
}

// Power loss: of every file below a folder, what was never synced is cut off. Names are kept; that
// they were synced in time is what `hasty` is for.
static inline void fault_power_loss(const char* dir) {
  DIR* folder = opendir(dir);
  for (struct dirent* entry; folder && (entry = readdir(folder));) {
    char path[4096];
    struct stat status;
    const int size_of_path = snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
        size_of_path >= (int)sizeof path) {
      continue;
    }
    if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
      fault_power_loss(path);
    } else if (S_ISREG(status.st_mode)) {
      off_t size = 0;
      for (int i = 0; i < faults->nsynced; i++) {
        size = faults->synced[i].file == status.st_ino ? faults->synced[i].size : size;
      }
      (void)!truncate(path, size < status.st_size ? size : status.st_size);
    }
  }
  if (folder) {
    closedir(folder);
  }
}

#endif  // MJIRL_TESTS_CRASH_FAULTS_H_
