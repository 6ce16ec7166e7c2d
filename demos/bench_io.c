// A dataset written, and read by episodes, beside a plain file of the same size on the same disk.
#include "demos/bench_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "demos/demos_internal.h"

enum { HORIZON = 1000, READS = 31 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Numbers that no disk can make smaller.
static void fill(double* data, int64_t count, uint64_t* state) {
  for (int64_t i = 0; i < count; i++) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    data[i] = (double)(int64_t)*state / 4611686018427387904.0;
  }
}

// Episodes of HORIZON steps that make about `bytes` of a file.
static irl_err make_batch(irl_batch* b, const irl_task* task, int64_t bytes) {
  const irl_task_info* t = irl_task_get(task);
  int64_t row = 8 * (2 * t->nx + 3 * t->nu + t->nz + t->nstate + 3);
  int n = (int)(bytes / (row * HORIZON));
  uint64_t state = 1;
  n = n > 0 ? n : 1;
  IRL_TRY(irl_batch_create(b, n, HORIZON, t->nx, t->nu, t->nz, t->nstate));
  int64_t steps = (int64_t)n * HORIZON;
  fill(b->x, (steps + n) * t->nx, &state);
  fill(b->u, steps * t->nu, &state);
  fill(b->z, steps * t->nz, &state);
  fill(b->state, (steps + n) * t->nstate, &state);
  fill(b->reward, steps, &state);
  fill(b->logq, steps, &state);
  return IRL_OK;
}

// The time of writing and syncing `size` bytes in one go, those of an array over and over.
static irl_err plain_write(const char* path, const double* data, int64_t count, size_t size,
                           double* seconds, irl_errinfo* info) {
  const size_t all = (size_t)count * sizeof *data;
  const double begin = now();
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  ssize_t put = file < 0 ? -1 : 1;
  for (size_t done = 0; done < size && put > 0; done += (size_t)(put > 0 ? put : 0)) {
    const size_t at = done % all, left = size - done;
    put = write(file, (const char*)data + at, left < all - at ? left : all - at);
  }
  bool good = put > 0 && fsync(file) == 0;
  int reason = errno;
  *seconds = now() - begin;
  if (file >= 0) {
    close(file);
  }
  (void)unlink(path);
  return good
             ? IRL_OK
             : irl_fail(info, reason == ENOSPC ? IRL_ENOSPC : IRL_EIO,
                        "%s: cannot be written: %s; choose another folder", path, strerror(reason));
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

// Asks the system to forget what it keeps of a file, so that reading it reads the disk.
static void forget(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }
}

// Episodes from all over the file, none twice while there are enough.
static irl_err read_some(irl_bench_io* bench, const char* dir, irl_errinfo* info) {
  irl_demos_stream* stream;
  double seconds[READS], begin = now();
  IRL_TRY(irl_demos_open(&stream, dir, NULL, info));
  bench->open_seconds = now() - begin;
  int n = irl_demos_stream_count(stream);
  irl_err err = IRL_OK;
  for (int i = 0; i < READS && !err; i++) {
    irl_demos* one = NULL;
    begin = now();
    err = irl_demos_read_episode(&one, stream, (int)((int64_t)i * 7919 % n), info);
    seconds[i] = now() - begin;
    irl_demos_destroy(one);
  }
  irl_demos_close(stream);
  if (!err) {
    qsort(seconds, READS, sizeof seconds[0], by_value);
    bench->read_seconds = seconds[READS / 2];
    bench->read_seconds_max = seconds[READS - 1];
  }
  return err;
}

// Takes the dataset away again.
static void remove_all(const char* dir) {
  char data[IRL_DEMOS_PATH], path[IRL_DEMOS_PATH];
  if (irl_path_join(data, sizeof data, dir, "data")) {
    const char* const names[] = {IRL_DEMOS_DATA, IRL_DEMOS_METADATA};
    for (int i = 0; i < 2; i++) {
      if (irl_path_join(path, sizeof path, data, names[i])) {
        (void)unlink(path);
      }
    }
    (void)rmdir(data);
  }
  (void)rmdir(dir);
}

static irl_err measure(irl_bench_io* bench, const irl_task* task, const irl_batch* batch,
                       const char* dir, irl_errinfo* info) {
  char path[IRL_DEMOS_PATH];
  double plain, begin = now();
  size_t size;
  IRL_TRY(irl_demos_save(dir, task, batch, NULL, info));
  double seconds = now() - begin;
  if (!irl_path_join(path, sizeof path, dir, "data/" IRL_DEMOS_DATA)) {
    return irl_fail(info, IRL_ERANGE, "%s: the path is too long; choose a shorter one", dir);
  }
  struct stat status;
  IRL_TRY(stat(path, &status) == 0 ? IRL_OK : irl_file_fail(info, path, "read", errno));
  size = (size_t)status.st_size;
  forget(path);
  IRL_TRY(read_some(bench, dir, info));
  if (!irl_path_join(path, sizeof path, dir, "plain")) {
    return irl_fail(info, IRL_ERANGE, "%s: the path is too long; choose a shorter one", dir);
  }
  const int64_t rows = (int64_t)batch->n * (batch->horizon + 1);
  IRL_TRY(plain_write(path, batch->state, rows * batch->nstate, size, &plain, info));
  bench->bytes = (double)size;
  bench->write_rate = (double)size / seconds;
  bench->disk_rate = (double)size / plain;
  return IRL_OK;
}

irl_err irl_bench_io_run(irl_bench_io* bench, const irl_task* task, const char* dir, int64_t bytes,
                         irl_errinfo* info) {
  char folder[IRL_DEMOS_PATH];
  irl_batch batch = {0};
  *bench = (irl_bench_io){0};
  if (snprintf(folder, sizeof folder, "%s/mjirl-bench-XXXXXX", dir) >= (int)sizeof folder ||
      !mkdtemp(folder)) {
    return irl_fail(info, IRL_EIO, "%s: no folder can be made in it (%s); choose another", dir,
                    strerror(errno));
  }
  irl_err err = make_batch(&batch, task, bytes);
  if (err) {
    err = irl_fail(info, err, "bench: no memory for a dataset of %.3g bytes; free some",
                   (double)bytes);
  } else {
    err = measure(bench, task, &batch, folder, info);
  }
  irl_batch_destroy(&batch);
  remove_all(folder);
  return err;
}
