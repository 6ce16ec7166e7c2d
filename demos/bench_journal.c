#include "demos/bench_journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "demos/journal_internal.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void wait_until(double end) {
  double left = end - now();
  if (left > 0) {
    const struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
    nanosleep(&t, NULL);
  }
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

// Takes the time of each step of an episode; the numbers recorded are zeros.
static irl_err time_steps(irl_journal* j, const irl_task* task, double* seconds, int steps,
                          double period, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  double* zeros = irl_calloc((size_t)t->nx + (size_t)t->nstate + (size_t)t->nu + (size_t)t->nz, 8);
  if (!zeros) {
    return irl_fail(info, IRL_ENOMEM, "bench: out of memory; free some");
  }
  const irl_journal_row row = {
      .x = zeros, .state = zeros, .u = zeros, .applied = zeros, .z = zeros};
  irl_err err = irl_journal_begin(j, 0, 0, zeros, zeros, NULL, info);
  const double start = now();
  for (int i = 0; i < steps && !err; i++) {
    wait_until(start + i * period);
    const double begin = now();
    err = irl_journal_step(j, &row, info);
    seconds[i] = now() - begin;
  }
  irl_free(zeros);
  return err;
}

static void summarise(irl_journal_bench* bench, double* seconds, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    sum += seconds[i];
  }
  qsort(seconds, (size_t)n, sizeof *seconds, by_value);
  *bench = (irl_journal_bench){sum / n, seconds[n / 2], seconds[n * 95 / 100], seconds[n - 1]};
}

irl_err irl_journal_bench_run(irl_journal_bench* bench, const irl_task* task, const char* dir,
                              int sync_ms, int steps, double period, irl_errinfo* info) {
  char folder[IRL_DEMOS_PATH], path[IRL_DEMOS_PATH];
  const irl_journal_options options = {.sync_ms = sync_ms};
  irl_journal* j = NULL;
  *bench = (irl_journal_bench){0};
  if (!irl_path_join(folder, sizeof folder - 32, dir, "mjirl-journal.XXXXXX") || !mkdtemp(folder)) {
    return irl_fail(info, IRL_EIO, "%s: no folder can be made there: %s; choose another one", dir,
                    strerror(errno));
  }
  double* seconds = IRL_NEW(double, steps);
  irl_err err = seconds ? irl_journal_create(&j, folder, task, &options, info) : IRL_ENOMEM;
  if (!err) {
    err = time_steps(j, task, seconds, steps, period, info);
    irl_err closed = irl_journal_close(j, err ? NULL : info);
    err = err ? err : closed;
  }
  if (!err) {
    summarise(bench, seconds, steps);
  }
  irl_free(seconds);
  if (irl_path_join(path, sizeof path, folder, IRL_JOURNAL_NAME)) {
    (void)unlink(path);
  }
  (void)rmdir(folder);
  return err;
}
