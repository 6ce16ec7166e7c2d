// The file room under faults: the linker puts the __wrap_ functions below in the place of the C
// library's. Each operation is repeated with a fault at its first, second, third ... call until it
// runs to its end without meeting one.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "test.h"

typedef enum fault { ONCE, FROM_THEN_ON, INTERRUPTED, SHORT, SHORT_THEN_FAIL } fault;

// State of the fault maker: the one thing here that has to be global.
static struct {
  fault kind;
  int error;
  int at;     // call that fails, from 1; 0: none
  int calls;  // so far
  int hits;
} faults;

static bool is_hit(void) {
  switch (faults.kind) {
    case FROM_THEN_ON:
      return faults.calls >= faults.at;
    case SHORT:
      return false;
    case SHORT_THEN_FAIL:
      return faults.calls == faults.at + 1;
    default:
      return faults.calls == faults.at;
  }
}

static bool fails(bool can_be_interrupted) {
  faults.calls++;
  if (faults.at == 0 || !is_hit() || (faults.kind == INTERRUPTED && !can_be_interrupted)) {
    return false;
  }
  faults.hits++;
  errno = faults.kind == INTERRUPTED ? EINTR : faults.error;
  return true;
}

// Lets a part of a transfer through.
static size_t shortened(size_t size) {
  bool is_short = faults.kind == SHORT || faults.kind == SHORT_THEN_FAIL;
  if (is_short && faults.calls == faults.at && size > 1) {
    faults.hits++;
    return size / 2;
  }
  return size;
}

int __real_open(const char* path, int flags, mode_t mode);
int __wrap_open(const char* path, int flags, mode_t mode);
int __wrap_open(const char* path, int flags, mode_t mode) {
  return fails(true) ? -1 : __real_open(path, flags, mode);
}

ssize_t __real_read(int fd, void* data, size_t size);
ssize_t __wrap_read(int fd, void* data, size_t size);
ssize_t __wrap_read(int fd, void* data, size_t size) {
  return fails(true) ? -1 : __real_read(fd, data, shortened(size));
}

ssize_t __real_write(int fd, const void* data, size_t size);
ssize_t __wrap_write(int fd, const void* data, size_t size);
ssize_t __wrap_write(int fd, const void* data, size_t size) {
  return fails(true) ? -1 : __real_write(fd, data, shortened(size));
}

// Nothing here needs the disk to be reached, only the answer.
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
  (void)fd;
  return fails(true) ? -1 : 0;
}

// A failing close closes all the same.
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
  int result = __real_close(fd);
  return fails(true) ? -1 : result;
}

int __real_rename(const char* from, const char* to);
int __wrap_rename(const char* from, const char* to);
int __wrap_rename(const char* from, const char* to) {
  return fails(false) ? -1 : __real_rename(from, to);
}

int __real_unlink(const char* path);
int __wrap_unlink(const char* path);
int __wrap_unlink(const char* path) {
  return fails(false) ? -1 : __real_unlink(path);
}

int __real_mkdir(const char* path, mode_t mode);
int __wrap_mkdir(const char* path, mode_t mode);
int __wrap_mkdir(const char* path, mode_t mode) {
  return fails(false) ? -1 : __real_mkdir(path, mode);
}

int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size) {
  return fails(true) ? -1 : __real_ftruncate(fd, size);
}

//---------------------------------- Sweeps --------------------------------------------------------

typedef struct scene {
  char dir[PATH_MAX], path[PATH_MAX], temporary[PATH_MAX];
} scene;

static void set_scene(scene* s) {
  memset(&faults, 0, sizeof faults);
  const char* parent = test_folder();
  snprintf(s->dir, sizeof s->dir, "%s/file_fault_test.XXXXXX", parent);
  CHECK(mkdtemp(s->dir) != NULL);
  CHECK(irl_path_join(s->path, sizeof s->path, s->dir, "a"));
  CHECK(irl_path_join(s->temporary, sizeof s->temporary, s->dir, "t"));
  CHECK_OK(irl_file_write(s->path, "old text", 8, NULL));
  memset(&faults, 0, sizeof faults);
}

// Removes everything; returns how many entries there were besides the file itself.
static int clear_scene(const scene* s) {
  memset(&faults, 0, sizeof faults);
  int others = 0;
  DIR* dir = opendir(s->dir);
  for (struct dirent* e; dir != NULL && (e = readdir(dir)) != NULL;) {
    if (e->d_name[0] != '.') {
      char path[PATH_MAX];
      CHECK(irl_path_join(path, sizeof path, s->dir, e->d_name));
      others += strcmp(e->d_name, "a") != 0;
      unlink(path);
    }
  }
  closedir(dir);
  CHECK(rmdir(s->dir) == 0);
  return others;
}

static bool holds(const char* path, const char* text) {
  memset(&faults, 0, sizeof faults);
  char* data = NULL;
  size_t size = 0;
  bool same = irl_file_read(path, 1000, &data, &size, NULL) == IRL_OK && size == strlen(text) &&
              memcmp(data, text, size) == 0;
  irl_free(data);
  return same;
}

typedef irl_err (*operation)(const scene* s, irl_errinfo* info);

static irl_err do_write(const scene* s, irl_errinfo* info) {
  return irl_file_write(s->path, "new text!", 9, info);
}

static irl_err do_commit(const scene* s, irl_errinfo* info) {
  return irl_file_commit(s->temporary, s->path, info);
}

static irl_err do_append(const scene* s, irl_errinfo* info) {
  return irl_file_append(s->path, "+more", 5, info);
}

// Runs the operation with the fault at call k = 1, 2, ...; returns how many calls could be hit.
// After a failure the old file must stand, unless the call that failed came after the replacement.
static int sweep(operation op, const char* new_text, fault kind, int error, irl_err expected) {
  for (int k = 1;; k++) {
    scene s;
    set_scene(&s);
    CHECK_OK(irl_file_write(s.temporary, new_text, strlen(new_text), NULL));
    if (op != do_commit) {
      unlink(s.temporary);
    }
    memset(&faults, 0, sizeof faults);
    faults.kind = kind;
    faults.error = error;
    faults.at = k;
    irl_errinfo info = {0};
    irl_err err = op(&s, &info);
    const int hits = faults.hits, calls = faults.calls;
    bool is_old = holds(s.path, "old text"), is_new = holds(s.path, new_text);
    CHECK(err == IRL_OK ? is_new : (is_old || is_new));
    CHECK(hits > 0 || err == IRL_OK);
    if (kind == INTERRUPTED || kind == SHORT) {
      CHECK(err == IRL_OK);
    } else if (err != IRL_OK) {
      CHECK(err == expected && info.code == expected);
      CHECK_CONTAINS(info.text, strerror(error));
    }
    int others = clear_scene(&s);
    CHECK(others == 0 || kind == FROM_THEN_ON);  // there the removal fails too
    if (calls < k) {
      return k - 1;
    }
  }
}

static void check_all(operation op, const char* new_text, int calls) {
  CHECK(sweep(op, new_text, ONCE, EIO, IRL_EIO) == calls);
  CHECK(sweep(op, new_text, ONCE, ENOSPC, IRL_ENOSPC) == calls);
  CHECK(sweep(op, new_text, FROM_THEN_ON, EIO, IRL_EIO) == calls);
  CHECK(sweep(op, new_text, FROM_THEN_ON, EDQUOT, IRL_ENOSPC) == calls);
  CHECK(sweep(op, new_text, INTERRUPTED, 0, IRL_OK) >= calls);
  CHECK(sweep(op, new_text, SHORT, 0, IRL_OK) >= calls);
}

// open, write, fsync, close, rename, then open, fsync, close of the folder.
static void write_is_all_or_nothing(void) {
  check_all(do_write, "new text!", 8);
}

// open, fsync, close, rename, then open, fsync, close of the folder.
static void commit_is_all_or_nothing(void) {
  check_all(do_commit, "new text!", 7);
}

// open, write, close.
static void append_is_all_or_nothing(void) {
  check_all(do_append, "old text+more", 3);
}

// A write that goes half through and then fails must not leave half a line.
static void half_an_append_is_taken_back(void) {
  scene s;
  set_scene(&s);
  faults.kind = SHORT_THEN_FAIL;
  faults.error = ENOSPC;
  faults.at = 2;
  CHECK(do_append(&s, NULL) == IRL_ENOSPC);
  CHECK(faults.hits == 2 && holds(s.path, "old text"));
  CHECK(clear_scene(&s) == 0);
}

static void read_reports(void) {
  scene s;
  set_scene(&s);
  for (int k = 1; k <= 2; k++) {
    memset(&faults, 0, sizeof faults);
    faults.error = EIO;
    faults.at = k;
    char* data = NULL;
    size_t size = 0;
    irl_errinfo info = {0};
    CHECK(irl_file_read(s.path, 100, &data, &size, &info) == IRL_EIO && data == NULL);
    CHECK_CONTAINS(info.text, k == 1 ? "cannot open: " : "cannot read: ");
    for (int kind = INTERRUPTED; kind <= SHORT; kind++) {
      memset(&faults, 0, sizeof faults);
      faults.kind = (fault)kind;
      faults.at = k;
      CHECK_OK(irl_file_read(s.path, 100, &data, &size, &info));
      CHECK(size == 8 && memcmp(data, "old text", 8) == 0);
      irl_free(data);
    }
  }
  CHECK(clear_scene(&s) == 0);
}

// Some file systems cannot sync a folder; that is no failure.
static void folder_without_sync(void) {
  scene s;
  set_scene(&s);
  faults.error = EINVAL;
  faults.at = 7;
  CHECK_OK(do_write(&s, NULL));
  CHECK(faults.hits == 1 && holds(s.path, "new text!"));
  CHECK(clear_scene(&s) == 0);
}

static void folders_report(void) {
  scene s;
  set_scene(&s);
  irl_errinfo info = {0};
  faults.error = ENOSPC;
  faults.at = 1;
  CHECK(irl_dir_create(s.temporary, &info) == IRL_ENOSPC);
  CHECK_CONTAINS(info.text, "cannot create the folder: No space left on device; free some space");
  faults.calls = 0;
  CHECK(irl_dir_check_writable(s.dir, &info) == IRL_ENOSPC);
  CHECK(clear_scene(&s) == 0);
}

TESTS(TEST(write_is_all_or_nothing), TEST(commit_is_all_or_nothing), TEST(append_is_all_or_nothing),
      TEST(half_an_append_is_taken_back), TEST(read_reports), TEST(folder_without_sync),
      TEST(folders_report))
