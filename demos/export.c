// Export: imitation's .npz and CSV; the HDF5 formats are in export_hdf5.c.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "demos/export_internal.h"
#include "demos/npz_internal.h"
#include "demos/transfer.h"

const char* const irl_demos_export_names[IRL_NEXPORTS + 1] = {"npz", "csv", "d4rl", "robomimic",
                                                              NULL};

//---------------------------------- Joined arrays -------------------------------------------------

int irl_export_steps(const irl_batch* batch) {
  int64_t steps = 0;
  for (int i = 0; i < batch->n; i++) {
    steps += batch->length[i] + 1;
  }
  return steps < INT_MAX ? (int)steps - batch->n : INT_MAX;
}

double* irl_export_join(const irl_batch* batch, const double* data, int stride, int width,
                        irl_span span, int* rows) {
  int n = batch->n, steps = irl_export_steps(batch);
  size_t row = (size_t)width * sizeof(double);
  *rows = steps == INT_MAX ? 0 : steps + (span == IRL_SPAN_ALL ? n : 0);
  double* out = steps == INT_MAX ? NULL : irl_calloc((size_t)*rows + 1, row);
  double* to = out;
  for (int i = 0; out && i < n; i++) {
    size_t count = (size_t)batch->length[i] + (span == IRL_SPAN_ALL);
    const double* from = data + ((int64_t)i * stride + (span == IRL_SPAN_NEXT)) * width;
    memcpy(to, from, count * row);
    to += count * (size_t)width;
  }
  return out;
}

//---------------------------------- npz -----------------------------------------------------------

typedef struct npz_export {
  irl_npzw zip;
  const irl_demos* demos;
  bool failed;
} npz_export;

static void add_joined(npz_export* e, const char* name, const double* data, int stride, int width,
                       bool flat, irl_span span) {
  int rows;
  double* joined = irl_export_join(&e->demos->batch, data, stride, width, span, &rows);
  e->failed |= !joined;
  if (joined) {
    irl_npzw_add(&e->zip, name, "<f8", sizeof(double), joined, rows, flat ? -1 : width);
  }
  irl_free(joined);
}

// imitation wants one entry a step here, and reads nothing of it.
static void add_infos(npz_export* e) {
  int steps = irl_export_steps(&e->demos->batch);
  unsigned char* zeros = steps == INT_MAX ? NULL : irl_calloc((size_t)steps + 1, 1);
  e->failed |= !zeros;
  if (zeros) {
    irl_npzw_add(&e->zip, "infos", "|u1", 1, zeros, steps, -1);
  }
  irl_free(zeros);
}

// Where episodes part: the running sum of their lengths without the last.
static void add_indices(npz_export* e) {
  const irl_batch* b = &e->demos->batch;
  int64_t* at = IRL_NEW(int64_t, b->n);
  e->failed |= !at;
  for (int i = 0; at && i < b->n; i++) {
    at[i] = b->length[i] + (i > 0 ? at[i - 1] : 0);
  }
  if (at) {
    irl_npzw_add(&e->zip, "indices", "<i8", sizeof *at, at, b->n - 1, -1);
  }
  irl_free(at);
}

// Labels as texts of the longest one's size.
static void add_labels(npz_export* e) {
  const irl_demos* d = e->demos;
  size_t width = 0;
  char descr[32];
  for (int i = 0; i < d->batch.n; i++) {
    width = strlen(d->label[i]) > width ? strlen(d->label[i]) : width;
  }
  char* texts = width ? irl_calloc((size_t)d->batch.n, width) : NULL;
  e->failed |= width && !texts;
  for (int i = 0; texts && i < d->batch.n; i++) {
    memcpy(texts + (size_t)i * width, d->label[i], strlen(d->label[i]));
  }
  if (texts) {
    snprintf(descr, sizeof descr, "|S%zu", width);
    irl_npzw_add(&e->zip, "label", descr, width, texts, d->batch.n, -1);
  }
  irl_free(texts);
}

// One whole number or flag an episode, where all episodes have it.
static void add_facts(npz_export* e) {
  const irl_demos* d = e->demos;
  const irl_batch* b = &d->batch;
  irl_npzw_add(&e->zip, "terminal", "|b1", 1, b->terminated, b->n, -1);
  if (d->has_condition) {
    irl_npzw_add(&e->zip, "condition", "<i4", sizeof *b->condition, b->condition, b->n, -1);
  }
  if (d->has_seed) {
    irl_npzw_add(&e->zip, "seed", "<u8", sizeof *d->seed, d->seed, b->n, -1);
  }
  if (d->has_success) {
    irl_npzw_add(&e->zip, "success", "|b1", 1, b->success, b->n, -1);
  }
  add_labels(e);
}

// imitation reads the first six; the others stand beside them for those who know of them.
static irl_err npz_bytes(npz_export* e, irl_errinfo* info) {
  const irl_demos* d = e->demos;
  const irl_batch* b = &d->batch;
  add_joined(e, "obs", b->x, b->horizon + 1, b->nx, false, IRL_SPAN_ALL);
  add_joined(e, "acts", b->u, b->horizon, b->nu, false, IRL_SPAN_STEPS);
  add_infos(e);
  add_indices(e);
  if (b->has_reward) {
    add_joined(e, "rews", b->reward, b->horizon, 1, true, IRL_SPAN_STEPS);
  }
  add_facts(e);
  if (d->has_logq) {
    add_joined(e, "action_log_probs", b->logq, b->horizon, 1, true, IRL_SPAN_STEPS);
  }
  if (b->nz > 0) {
    add_joined(e, "residuals", b->z, b->horizon, b->nz, false, IRL_SPAN_STEPS);
  }
  if (b->nstate > 0) {
    add_joined(e, "state", b->state, b->horizon + 1, b->nstate, false, IRL_SPAN_ALL);
  }
  irl_npzw_finish(&e->zip);
  if (e->zip.too_large) {
    return irl_fail(info, IRL_ERANGE,
                    "demonstrations: pass 4 GiB, where plain .npz files end; export to d4rl, or "
                    "fewer episodes");
  }
  return e->failed || e->zip.failed ? IRL_ENOMEM : IRL_OK;
}

static irl_err write_npz(const char* path, const irl_demos* demos, int64_t* bytes,
                         irl_errinfo* info) {
  npz_export e = {.demos = demos};
  irl_err err = npz_bytes(&e, info);
  if (!err) {
    *bytes = (int64_t)e.zip.size;
    err = irl_file_write(path, e.zip.data, e.zip.size, info);
  }
  irl_npzw_fini(&e.zip);
  return err;
}

//---------------------------------- CSV -----------------------------------------------------------

static void put_columns(FILE* file, const char* name, int n) {
  for (int i = 0; i < n; i++) {
    fprintf(file, ",%s%d", name, i);
  }
}

// The names of observations may hold commas and quotes, so columns are numbered.
static void put_header(FILE* file, const irl_demos* demos) {
  const irl_batch* b = &demos->batch;
  fprintf(file, "episode,step,condition,terminated");
  put_columns(file, "obs", b->nx);
  put_columns(file, "act", b->nu);
  fprintf(file, "%s%s", b->has_reward ? ",reward" : "", demos->has_logq ? ",logq" : "");
  put_columns(file, "residual", b->nz);
  put_columns(file, "state", b->nstate);
  fprintf(file, "\n");
}

// Numbers that read back to the same bits; empty fields where there is none.
static void put_numbers(FILE* file, const double* numbers, int n, bool there) {
  for (int i = 0; i < n; i++) {
    if (there) {
      fprintf(file, ",%.17g", numbers[i]);
    } else {
      fprintf(file, ",");
    }
  }
}

// Row t of an episode; the last one has an observation and a state but no action.
static void put_row(FILE* file, const irl_demos* demos, int i, int t) {
  const irl_batch* b = &demos->batch;
  bool step = t < b->length[i];
  int at = step ? t : 0;
  int64_t index = (int64_t)i * b->horizon + at;
  fprintf(file, "%d,%d,%d,%d", i, t, b->condition[i], !step && b->terminated[i]);
  put_numbers(file, irl_batch_x(b, i, t), b->nx, true);
  put_numbers(file, irl_batch_u(b, i, at), b->nu, step && demos->has_action);
  put_numbers(file, b->reward + index, b->has_reward, step);
  put_numbers(file, b->logq + index, demos->has_logq, step);
  put_numbers(file, b->z ? irl_batch_z(b, i, at) : NULL, b->nz, step);
  put_numbers(file, b->state ? irl_batch_state(b, i, t) : NULL, b->nstate, true);
  fprintf(file, "\n");
}

static irl_err write_csv(const char* path, const irl_demos* demos, int64_t* bytes,
                         irl_errinfo* info) {
  char* text = NULL;
  size_t size = 0;
  FILE* file = open_memstream(&text, &size);
  if (!file) {
    return IRL_ENOMEM;
  }
  put_header(file, demos);
  for (int i = 0; i < demos->batch.n; i++) {
    for (int t = 0; t <= demos->batch.length[i]; t++) {
      put_row(file, demos, i, t);
    }
  }
  bool good = !ferror(file);
  good = fclose(file) == 0 && good;
  *bytes = (int64_t)size;
  irl_err err = good ? irl_file_write(path, text, size, info) : IRL_ENOMEM;
  free(text);
  return err;
}

//---------------------------------- Face ----------------------------------------------------------

// Under a name of its own until it is whole.
static irl_err write_hdf5(const char* path, bool flat, const irl_demos* demos, const irl_task* task,
                          int64_t* bytes, irl_errinfo* info) {
  char temporary[IRL_DEMOS_PATH];
  size_t size = 0;
  if (!irl_file_temporary(temporary, sizeof temporary, path)) {
    return irl_fail(info, IRL_ERANGE, "%s: the path is too long; choose a shorter one", path);
  }
  IRL_TRY(flat ? irl_export_d4rl(temporary, &size, demos, task, info)
               : irl_export_robomimic(temporary, &size, demos, task, info));
  *bytes = (int64_t)size;
  return irl_file_commit(temporary, path, info);
}

irl_err irl_demos_export(const char* path, irl_demos_export_format format, const irl_demos* demos,
                         const irl_task* task, int64_t* bytes, irl_errinfo* info) {
  int64_t size = 0;
  irl_err err;
  IRL_TRY(irl_demos_match(demos, task, info));
  if (irl_file_exists(path) || irl_dir_exists(path)) {
    return irl_fail(info, IRL_EEXIST, "%s: is there already; choose another name or remove it",
                    path);
  }
  if (format == IRL_EXPORT_NPZ) {
    err = write_npz(path, demos, &size, info);
  } else if (format == IRL_EXPORT_CSV) {
    err = write_csv(path, demos, &size, info);
  } else {
    err = write_hdf5(path, format == IRL_EXPORT_D4RL, demos, task, &size, info);
  }
  if (bytes) {
    *bytes = size;
  }
  return err == IRL_ENOMEM
             ? irl_fail(info, err, "%s: no memory for it; export fewer episodes at a time", path)
             : err;
}
