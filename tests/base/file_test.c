#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "test.h"

// A fresh folder for one test.
static void make_folder(char path[PATH_MAX]) {
  const char* parent = test_folder();
  snprintf(path, PATH_MAX, "%s/file_test.XXXXXX", parent);
  CHECK(mkdtemp(path) != NULL);
}

static int count_entries(const char* folder) {
  int n = -2;  // . and ..
  DIR* dir = opendir(folder);
  CHECK(dir != NULL);
  while (dir != NULL && readdir(dir) != NULL) {
    n++;
  }
  closedir(dir);
  return n;
}

static void in(char out[PATH_MAX], const char* folder, const char* name) {
  CHECK(irl_path_join(out, PATH_MAX, folder, name));
}

static bool holds(const char* path, const char* text) {
  char* data = NULL;
  size_t size = 0;
  irl_errinfo info;
  bool same = irl_file_read(path, 1 << 20, &data, &size, &info) == IRL_OK && size == strlen(text) &&
              memcmp(data, text, size) == 0 && data[size] == '\0';
  irl_free(data);
  return same;
}

static void write_read_append(void) {
  char dir[PATH_MAX], path[PATH_MAX];
  make_folder(dir);
  in(path, dir, "a.txt");
  CHECK_OK(irl_file_write(path, "one", 3, NULL));
  CHECK(holds(path, "one") && irl_file_exists(path) && !irl_dir_exists(path));
  CHECK_OK(irl_file_write(path, "", 0, NULL));
  CHECK(holds(path, ""));
  CHECK_OK(irl_file_append(path, "x\n", 2, NULL));
  CHECK_OK(irl_file_append(path, "y\n", 2, NULL));
  CHECK(holds(path, "x\ny\n"));
  CHECK(count_entries(dir) == 1);
  unlink(path);
  CHECK_OK(irl_file_append(path, "new", 3, NULL));
  CHECK(holds(path, "new"));
  unlink(path);
  rmdir(dir);
}

static void read_refusals(void) {
  char dir[PATH_MAX], path[PATH_MAX];
  char* data = NULL;
  size_t size = 0;
  irl_errinfo info = {0};
  make_folder(dir);
  in(path, dir, "a.txt");
  CHECK(irl_file_read(path, 10, &data, &size, &info) == IRL_ENOENT && data == NULL);
  CHECK_CONTAINS(info.text, "a.txt: cannot open: No such file or directory; check that");
  CHECK_OK(irl_file_write(path, "0123456789", 10, NULL));
  CHECK_OK(irl_file_read(path, 10, &data, &size, &info));
  irl_free(data);
  CHECK(irl_file_read(path, 9, &data, &size, &info) == IRL_ERANGE && data == NULL);
  CHECK_CONTAINS(info.text, "it has 10 bytes; give a file of at most 9");
  CHECK(irl_file_read(dir, 9, &data, &size, &info) == IRL_EIO);
  CHECK_CONTAINS(info.text, "not a regular file");
  unlink(path);
  CHECK(mkfifo(path, 0600) == 0);
  CHECK(irl_file_read(path, 9, &data, &size, &info) == IRL_EIO);  // and does not wait for a writer
  unlink(path);
  rmdir(dir);
}

static void write_refusals(void) {
  char dir[PATH_MAX], path[PATH_MAX];
  irl_errinfo info = {0};
  make_folder(dir);
  CHECK(irl_file_write(dir, "x", 1, &info) == IRL_EIO);
  CHECK_CONTAINS(info.text, "not a regular file");
  struct stat status;
  in(path, dir, "pipe");
  CHECK(mkfifo(path, 0600) == 0);
  CHECK(irl_file_write(path, "x", 1, &info) == IRL_EIO);
  CHECK_CONTAINS(info.text, "pipe: it is not a regular file");
  CHECK(stat(path, &status) == 0 && S_ISFIFO(status.st_mode));
  unlink(path);
  in(path, dir, "no/such/folder");
  CHECK(irl_file_write(path, "x", 1, &info) == IRL_EIO);
  CHECK_CONTAINS(info.text, "No such file or directory");
  CHECK(count_entries(dir) == 0);
  char longer[2 * PATH_MAX];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  CHECK(irl_file_write(longer, "x", 1, &info) == IRL_EIO);
  CHECK(irl_dir_create(longer, &info) == IRL_EIO);
  CHECK_CONTAINS(info.text, "too long");
  CHECK(irl_dir_check_writable(longer, &info) == IRL_EIO);
  rmdir(dir);
}

// Makes a file that was last written so long ago.
static void make_aged(char path[PATH_MAX], const char* dir, const char* name, int seconds) {
  struct timespec then[2] = {{.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};
  in(path, dir, name);
  CHECK_OK(irl_file_append(path, "x", 1, NULL));
  CHECK(utimensat(AT_FDCWD, path, then, 0) == 0);
}

// What a killed writer left goes; what is young, in use, or somebody else's stays.
static void left_temporaries_are_swept(void) {
  static const struct {
    const char* name;
    int age;
    bool stays;
  } files[] = {{"a.123-0.tmp", 4000, false},
               {"other.99999-12.tmp", 9999, false},
               {".writable.7-0.tmp", 4000, false},
               {"b.123-0.tmp", 60, true},
               {"c.tmp", 4000, true},
               {"c.12.tmp", 4000, true},
               {"c.x12-3.tmp", 4000, true},
               {"c.12-.tmp", 4000, true},
               {".1-0.tmp", 4000, true},
               {"d.1-0.tmp.txt", 4000, true},
               {"held.5-0.tmp", 4000, true}};
  enum { N = sizeof files / sizeof files[0] };
  char dir[PATH_MAX], path[N][PATH_MAX], written[PATH_MAX];
  make_folder(dir);
  for (int i = 0; i < N; i++) {
    make_aged(path[i], dir, files[i].name, files[i].age);
  }
  const int held = open(path[N - 1], O_RDONLY);
  CHECK(held >= 0 && flock(held, LOCK_EX) == 0);
  in(written, dir, "a");
  CHECK_OK(irl_file_write(written, "new", 3, NULL));
  CHECK(holds(written, "new"));
  for (int i = 0; i < N; i++) {
    CHECK(irl_file_exists(path[i]) == files[i].stays);
    unlink(path[i]);
  }
  close(held);
  unlink(written);
  rmdir(dir);
}

// Of one file or of all, at once; what is held or of another form stays.
static void known_left_temporaries_are_swept(void) {
  static const char* const names[] = {"a.12-0.tmp", "a.b.12-0.tmp", "b.12-3.tmp",
                                      "a.tmp",      "ab.12-0.tmp",  "a.13-0.tmp"};
  enum { N = sizeof names / sizeof names[0] };
  static const bool of_one[N] = {false, true, true, true, true, true};
  static const bool of_all[N] = {false, false, false, true, false, true};
  char dir[PATH_MAX], path[N][PATH_MAX];
  make_folder(dir);
  for (int i = 0; i < N; i++) {
    make_aged(path[i], dir, names[i], -5);
  }
  const int held = open(path[N - 1], O_RDONLY);
  CHECK(held >= 0 && flock(held, LOCK_EX) == 0);
  irl_dir_sweep(dir, "a");
  for (int i = 0; i < N; i++) {
    CHECK(irl_file_exists(path[i]) == of_one[i]);
  }
  irl_dir_sweep(dir, NULL);
  for (int i = 0; i < N; i++) {
    CHECK(irl_file_exists(path[i]) == of_all[i]);
    unlink(path[i]);
  }
  close(held);
  rmdir(dir);
  irl_dir_sweep(dir, NULL);
}

static void folder_is_held_by_one(void) {
  char dir[PATH_MAX];
  int first, second;
  irl_errinfo info = {0};
  make_folder(dir);
  CHECK_OK(irl_dir_lock(&first, dir, &info));
  CHECK(first >= 0 && irl_dir_lock(&second, dir, &info) == IRL_EEXIST && second < 0);
  CHECK_CONTAINS(info.text, "another program is writing there; wait for it");
  irl_dir_unlock(second);
  irl_dir_unlock(first);
  CHECK_OK(irl_dir_lock(&second, dir, &info));
  irl_dir_unlock(second);
  rmdir(dir);
  CHECK(irl_dir_lock(&first, dir, &info) == IRL_EIO && first < 0);
}

static void commit_puts_in_place(void) {
  char dir[PATH_MAX], path[PATH_MAX], temporary[PATH_MAX];
  irl_errinfo info = {0};
  make_folder(dir);
  in(path, dir, "a");
  in(temporary, dir, "a.tmp");
  CHECK_OK(irl_file_write(path, "old", 3, NULL));
  CHECK_OK(irl_file_write(temporary, "new", 3, NULL));
  CHECK_OK(irl_file_commit(temporary, path, &info));
  CHECK(holds(path, "new") && count_entries(dir) == 1);
  CHECK(irl_file_commit(temporary, path, &info) == IRL_EIO);
  CHECK(holds(path, "new"));
  CHECK_OK(irl_file_write(temporary, "newer", 5, NULL));
  CHECK(irl_file_commit(temporary, dir, &info) == IRL_EIO);
  CHECK(holds(path, "new") && count_entries(dir) == 1);
  unlink(path);
  rmdir(dir);
}

// Runs `body` in a child process that may lower its own rights; true when it returned 0.
static bool in_child(int (*body)(const char*), const char* path) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    _exit(body(path));
  }
  int status = 0;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int write_beyond_limit(const char* path) {
  signal(SIGXFSZ, SIG_IGN);
  const struct rlimit limit = {4096, 4096};
  static char data[100000];
  irl_errinfo info = {0};
  setrlimit(RLIMIT_FSIZE, &limit);
  bool refused = irl_file_write(path, data, sizeof data, &info) == IRL_ENOSPC &&
                 strstr(info.text, "File too large; raise the limit") != NULL;
  bool append_refused = irl_file_append(path, data, sizeof data, &info) == IRL_ENOSPC;
  return refused && append_refused ? 0 : 1;
}

static void size_limit_leaves_the_old_file(void) {
  char dir[PATH_MAX], path[PATH_MAX];
  make_folder(dir);
  in(path, dir, "a");
  CHECK_OK(irl_file_write(path, "old", 3, NULL));
  CHECK(in_child(write_beyond_limit, path));
  CHECK(holds(path, "old") && count_entries(dir) == 1);
  unlink(path);
  rmdir(dir);
}

// Root may write anywhere: become nobody first.
static int write_without_rights(const char* path) {
  if (geteuid() == 0 && seteuid(65534) != 0) {
    return 2;
  }
  irl_errinfo info = {0};
  char folder[PATH_MAX], deeper[PATH_MAX];
  snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
  in(deeper, folder, "x/y/z");
  bool ok = irl_file_write(path, "new", 3, &info) == IRL_EIO &&
            strstr(info.text, "Permission denied; choose a place") != NULL;
  ok = ok && irl_dir_check_writable(folder, &info) == IRL_EIO &&
       strstr(info.text, "Permission denied; choose a place") != NULL;
  ok = ok && irl_dir_check_writable(deeper, &info) == IRL_EIO;
  ok = ok && irl_dir_create(deeper, &info) == IRL_EIO;
  return ok ? 0 : 1;
}

static void read_only_folder_is_refused(void) {
  char dir[PATH_MAX], path[PATH_MAX];
  make_folder(dir);
  in(path, dir, "a");
  CHECK_OK(irl_file_write(path, "old", 3, NULL));
  chmod(dir, 0555);
  CHECK(in_child(write_without_rights, path));
  chmod(dir, 0755);
  CHECK(holds(path, "old") && count_entries(dir) == 1);
  unlink(path);
  rmdir(dir);
}

// A folder that may not be looked into holds nothing known, and is named.
static int look_without_rights(const char* path) {
  if (geteuid() == 0 && seteuid(65534) != 0) {
    return 2;
  }
  irl_errinfo info = {0};
  char below[PATH_MAX], expected[2 * PATH_MAX], *data = NULL;
  size_t size = 0;
  in(below, path, "x/y");
  snprintf(expected, sizeof expected, "%s: permission is missing to look into %s; ask", below,
           path);
  bool ok = irl_path_check_seen(below, &info) == IRL_EIO && strstr(info.text, expected) != NULL;
  ok = ok && irl_file_read(below, 10, &data, &size, &info) == IRL_EIO &&
       strstr(info.text, expected) != NULL;
  snprintf(expected, sizeof expected, "%s: permission is missing to look into %s; ask", path, path);
  ok = ok && irl_path_check_seen(path, &info) == IRL_EIO && strstr(info.text, expected) != NULL;
  return ok ? 0 : 1;
}

static int read_without_rights(const char* path) {
  if (geteuid() == 0 && seteuid(65534) != 0) {
    return 2;
  }
  irl_errinfo info = {0};
  char* data = NULL;
  size_t size = 0;
  bool ok = irl_path_check_seen(path, &info) == IRL_OK &&
            irl_file_read(path, 10, &data, &size, &info) == IRL_EIO && data == NULL &&
            strstr(info.text, "cannot open: Permission denied; choose one that you may read");
  return ok ? 0 : 1;
}

static void shut_folder_is_named(void) {
  char dir[PATH_MAX], shut[PATH_MAX], file[PATH_MAX];
  irl_errinfo info = {0};
  make_folder(dir);
  chmod(dir, 0755);
  in(shut, dir, "shut");
  in(file, dir, "f");
  CHECK_OK(irl_dir_create(shut, NULL));
  CHECK_OK(irl_file_write(file, "x", 1, NULL));
  CHECK_OK(irl_path_check_seen(shut, &info));
  CHECK_OK(irl_path_check_seen(file, &info));
  chmod(shut, 0);
  chmod(file, 0);
  CHECK(in_child(look_without_rights, shut));
  CHECK(in_child(read_without_rights, file));
  unlink(file);
  rmdir(shut);
  rmdir(dir);
}

// What is not there can be told, below a file too; a loop of links cannot.
static void unseen_paths(void) {
  char dir[PATH_MAX], path[PATH_MAX], below[PATH_MAX];
  irl_errinfo info = {0};
  make_folder(dir);
  in(path, dir, "f");
  in(below, path, "below");
  CHECK_OK(irl_path_check_seen(below, &info));
  CHECK_OK(irl_file_write(path, "x", 1, NULL));
  CHECK_OK(irl_path_check_seen(below, &info));
  CHECK(irl_dir_empty(below));
  unlink(path);
  CHECK(symlink("f", path) == 0);
  CHECK(irl_path_check_seen(path, &info) == IRL_EIO && !irl_dir_empty(path));
  CHECK_CONTAINS(info.text, "f: cannot look at it: Too many levels of symbolic links; check the");
  unlink(path);
  rmdir(dir);
}

static void folders(void) {
  char dir[PATH_MAX], path[PATH_MAX], file[PATH_MAX];
  irl_errinfo info = {0};
  make_folder(dir);
  in(path, dir, "a//b/c/");
  CHECK_OK(irl_dir_check_writable(path, &info));
  CHECK(irl_dir_empty(dir) && irl_dir_empty(path) && !irl_dir_exists(path));
  CHECK_OK(irl_dir_create(path, &info));
  CHECK_OK(irl_dir_create(path, &info));
  CHECK_OK(irl_dir_check_writable(path, &info));
  CHECK(irl_dir_exists(path) && irl_dir_empty(path) && !irl_dir_empty(dir));
  CHECK(!irl_file_exists(path));
  in(file, dir, "f");
  CHECK_OK(irl_file_write(file, "x", 1, &info));
  CHECK(irl_dir_create(file, &info) == IRL_EEXIST);
  CHECK_CONTAINS(info.text, "not a folder");
  CHECK(irl_dir_check_writable(file, &info) != IRL_OK);
  CHECK(!irl_dir_empty(file));
  CHECK(irl_dir_check_writable(file, &info) != IRL_OK);
  in(path, file, "below");
  CHECK(irl_dir_create(path, &info) == IRL_EEXIST);
  CHECK(irl_dir_check_writable(path, &info) != IRL_OK);
  CHECK(irl_dir_create("", &info) == IRL_EIO && irl_dir_check_writable("", &info) == IRL_EIO);
  CHECK_OK(irl_dir_check_writable("relative/new", &info));
  const char* const made[] = {"a/b/c", "a/b", "a"};
  for (int i = 0; i < 3; i++) {
    in(path, dir, made[i]);
    CHECK(rmdir(path) == 0);
  }
  unlink(file);
  CHECK(rmdir(dir) == 0);
}

static void paths_join(void) {
  char out[8];
  CHECK(irl_path_join(out, sizeof out, "a", "b") && strcmp(out, "a/b") == 0);
  CHECK(irl_path_join(out, sizeof out, "a/", "b") && strcmp(out, "a/b") == 0);
  CHECK(irl_path_join(out, sizeof out, "", "b") && strcmp(out, "b") == 0);
  CHECK(irl_path_join(out, sizeof out, "abc", "def") && strcmp(out, "abc/def") == 0);
  CHECK(!irl_path_join(out, sizeof out, "abcd", "def"));
}

TESTS(TEST(write_read_append), TEST(read_refusals), TEST(write_refusals),
      TEST(left_temporaries_are_swept), TEST(known_left_temporaries_are_swept),
      TEST(folder_is_held_by_one), TEST(commit_puts_in_place), TEST(size_limit_leaves_the_old_file),
      TEST(read_only_folder_is_refused), TEST(shut_folder_is_named), TEST(unseen_paths),
      TEST(folders), TEST(paths_join))
