// A dataset appears whole or not at all.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sample.h"

static irl_err save(const char* dir, irl_errinfo* info) {
  irl_task* task = sample_task("reacher");
  irl_batch batch = sample_batch(task);
  irl_err err = irl_demos_save(dir, task, &batch, NULL, info);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
  return err;
}

static void makes_parents(void) {
  char dir[2048], inner[4096];
  irl_errinfo info = {0};
  snprintf(inner, sizeof inner, "%s/a/b/", sample_dir(dir, "parents"));
  CHECK_OK(save(inner, &info));
  snprintf(inner, sizeof inner, "%s/a/b/data/main_data.hdf5", dir);
  CHECK(irl_file_exists(inner));
  snprintf(inner, sizeof inner, "%s/a/b/.data.partial", dir);
  CHECK(!irl_dir_exists(inner));
}

static void refuses_to_overwrite(void) {
  char dir[2048], path[4096];
  size_t before, after;
  irl_errinfo info = {0};
  CHECK_OK(save(sample_dir(dir, "overwrite"), &info));
  sample_path(path, dir, "main_data.hdf5");
  char* a = sample_read(path, &before);
  CHECK(save(dir, &info) == IRL_EEXIST);
  CHECK_CONTAINS(info.text, "already holds a dataset");
  CHECK(irl_demos_check_output(dir, &info) == IRL_EEXIST);
  char* b = sample_read(path, &after);
  CHECK(before == after && memcmp(a, b, after) == 0);
  irl_free(a);
  irl_free(b);
}

// A crash leaves its hidden folder; the next save removes it.
static void clears_what_a_crash_left(void) {
  char dir[2048], path[4096];
  irl_errinfo info = {0};
  snprintf(path, sizeof path, "%s/.data.partial", sample_dir(dir, "crashed"));
  CHECK(mkdir(dir, 0777) == 0 && mkdir(path, 0777) == 0);
  snprintf(path, sizeof path, "%s/.data.partial/main_data.hdf5", dir);
  sample_write(path, "half", 4);
  CHECK_OK(save(dir, &info));
  CHECK(!irl_file_exists(path));
}

static void keeps_a_second_writer_out(void) {
  char dir[2048];
  irl_errinfo info = {0};
  sample_dir(dir, "second");
  CHECK(mkdir(dir, 0777) == 0);
  int lock = open(dir, O_RDONLY | O_DIRECTORY);
  CHECK(flock(lock, LOCK_SH) == 0);  // shared, so that only an exclusive lock is refused
  CHECK(save(dir, &info) == IRL_EEXIST);
  CHECK_CONTAINS(info.text, "another program is writing");
  close(lock);
  CHECK_OK(save(dir, &info));
}

// The disk is full after `limit` bytes of a file: in a child, as the limit cannot be taken back.
static int save_with_limit(const char* dir, rlim_t limit) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    const struct rlimit size = {limit, limit};
    irl_errinfo info = {0};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &size);
    irl_err err = save(dir, &info);
    exit(err && info.text[0] == 0 ? 99 : (int)err);  // exit, so that HDF5's own ending runs too
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void full_disk_leaves_nothing(void) {
  char dir[2048], inner[4096];
  const rlim_t limits[] = {0, 1, 512, 4096, 10000, 20000};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    snprintf(inner, sizeof inner, "%s/deep/set", sample_dir(dir, "full"));
    int code = save_with_limit(inner, limits[i]);
    CHECK(code == IRL_EIO || code == IRL_ENOSPC);
    CHECK(!irl_dir_exists(dir));
  }
  CHECK(save_with_limit(inner, 1 << 24) == 0);
}

static void full_disk_keeps_a_folder_that_was_there(void) {
  char dir[2048];
  sample_dir(dir, "full_kept");
  CHECK(mkdir(dir, 0777) == 0);
  CHECK(save_with_limit(dir, 4096) != 0);
  CHECK(irl_dir_exists(dir) && irl_dir_empty(dir));
}

static void refuses_a_file_in_the_way(void) {
  char dir[2048], inner[4096];
  irl_errinfo info = {0};
  sample_dir(dir, "in_the_way");
  sample_write(dir, "x", 1);
  snprintf(inner, sizeof inner, "%s/set", dir);
  CHECK(save(inner, &info) != IRL_OK && info.text[0]);
  CHECK(save(dir, &info) != IRL_OK && info.text[0]);
  CHECK(irl_file_exists(dir));
}

static int count_entries(const char* dir) {
  int count = 0;
  DIR* folder = opendir(dir);
  for (struct dirent* entry; folder && (entry = readdir(folder));) {
    count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
  }
  closedir(folder);
  return count;
}

static irl_err replace(const char* dir, int episodes, irl_errinfo* info) {
  irl_task* task = sample_task("reacher");
  irl_batch batch = sample_batch(task);
  batch.n = episodes;
  irl_err err = irl_demos_replace(dir, task, &batch, NULL, info);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
  return err;
}

static int episodes_in(const char* dir) {
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  irl_err err = irl_demos_load(&demos, dir, &info);
  int n = err ? -1 : demos->batch.n;
  irl_demos_destroy(demos);
  return n;
}

static void replaces_when_asked(void) {
  char dir[2048];
  irl_errinfo info = {0};
  CHECK_OK(replace(sample_dir(dir, "replaced"), 5, &info));
  CHECK(episodes_in(dir) == 4);
  CHECK_OK(replace(dir, 2, &info));
  CHECK(episodes_in(dir) == 2 && count_entries(dir) == 1);
}

// Where two names cannot be exchanged at once, a crash can leave the old dataset moved aside.
static void finds_what_was_moved_aside(void) {
  char dir[2048], data[4096], old[4096];
  irl_errinfo info = {0};
  CHECK_OK(save(sample_dir(dir, "aside"), &info));
  snprintf(data, sizeof data, "%s/data", dir);
  snprintf(old, sizeof old, "%s/.data.old", dir);
  CHECK(rename(data, old) == 0 && episodes_in(dir) == 4);
  CHECK(save(dir, &info) == IRL_EEXIST);
  CHECK(episodes_in(dir) == 4);
  CHECK(irl_dir_exists(data) || irl_dir_exists(old));
  CHECK_OK(replace(dir, 2, &info));
  CHECK(episodes_in(dir) == 2 && count_entries(dir) == 1);
}

TESTS(TEST(makes_parents), TEST(refuses_to_overwrite), TEST(clears_what_a_crash_left),
      TEST(keeps_a_second_writer_out), TEST(full_disk_leaves_nothing),
      TEST(full_disk_keeps_a_folder_that_was_there), TEST(refuses_a_file_in_the_way),
      TEST(replaces_when_asked), TEST(finds_what_was_moved_aside))
