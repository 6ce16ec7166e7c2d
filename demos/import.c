// Import: what kind of file it is, its reader, the dataset.
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "demos/import_internal.h"

#define MAX_BYTES ((int64_t)8 << 30)  // of all arrays, as irl_demos_load allows

const char* const irl_demos_format_names[IRL_NFORMATS + 1] = {
    "detect", "minari", "robomimic", "robosuite", "d4rl", "npz", NULL};

//---------------------------------- Report --------------------------------------------------------

static void add_line(char lines[][IRL_REPORT_TEXT], int* n, const char* format, va_list args) {
  if (*n < IRL_REPORT_LINES) {
    vsnprintf(lines[(*n)++], IRL_REPORT_TEXT, format, args);
  }
}

void irl_report_lost(irl_demos_report* report, const char* format, ...) {
  va_list args;
  va_start(args, format);
  add_line(report->lost, &report->nlost, format, args);
  va_end(args);
}

void irl_report_derived(irl_demos_report* report, const char* format, ...) {
  va_list args;
  va_start(args, format);
  add_line(report->derived, &report->nderived, format, args);
  va_end(args);
}

//---------------------------------- Memory --------------------------------------------------------

irl_err irl_raw_init(irl_raw* raw, int n) {
  raw->episode = IRL_NEW(irl_raw_episode, n > 0 ? n : 1);
  if (!raw->episode) {
    return irl_fail(raw->info, IRL_ENOMEM, "%s: no memory for %d episodes; free some", raw->path,
                    n);
  }
  raw->n = n;
  for (int i = 0; i < n; i++) {
    raw->episode[i].terminated = raw->episode[i].success = -1;
    raw->episode[i].condition = -1;
  }
  return IRL_OK;
}

void irl_raw_fini(irl_raw* raw) {
  for (int i = 0; i < raw->n; i++) {
    irl_free(raw->episode[i].label);
  }
  for (int i = 0; i < raw->nblocks; i++) {
    irl_free(raw->block[i]);
  }
  irl_free(raw->episode);
  irl_free(raw->block);
}

irl_err irl_raw_block(irl_raw* raw, int64_t rows, int64_t cols, double** block) {
  *block = NULL;
  if (rows < 0 || cols < 0 || (cols > 0 && rows > MAX_BYTES / 8 / cols) ||
      rows * cols * 8 > MAX_BYTES - raw->bytes) {
    return irl_fail(raw->info, IRL_ERANGE, "%s: its arrays pass 8 GiB; split the file", raw->path);
  }
  if (raw->nblocks == raw->capacity) {
    int capacity = raw->capacity ? 2 * raw->capacity : 64;
    double** grown = IRL_NEW(double*, capacity);
    if (grown && raw->nblocks) {
      memcpy(grown, raw->block, (size_t)raw->nblocks * sizeof(double*));
    }
    if (grown) {
      irl_free(raw->block);
      raw->block = grown;
      raw->capacity = capacity;
    }
  }
  *block =
      raw->nblocks < raw->capacity ? irl_calloc((size_t)(rows * cols) + 1, sizeof(double)) : NULL;
  if (!*block) {
    return irl_fail(raw->info, IRL_ENOMEM, "%s: no memory for %" PRId64 " numbers; free some",
                    raw->path, rows * cols);
  }
  raw->block[raw->nblocks++] = *block;
  raw->bytes += rows * cols * 8;
  return IRL_OK;
}

//---------------------------------- Face ----------------------------------------------------------

// HDF5 and zip files begin with fixed bytes.
static irl_err sniff(const char* path, bool* zip, irl_errinfo* info) {
  unsigned char head[8] = {0};
  FILE* file = fopen(path, "rb");
  size_t got = file ? fread(head, 1, sizeof head, file) : 0;
  if (file) {
    fclose(file);
  }
  *zip = got >= 4 && !memcmp(head, "PK", 2);
  if (*zip || (got == 8 && !memcmp(head, "\x89HDF\r\n\x1a\n", 8))) {
    return IRL_OK;
  }
  return irl_fail(info, IRL_EPARSE,
                  "%s: is neither an HDF5 file nor an .npz; give demonstrations of Minari, "
                  "robomimic, robosuite, D4RL or imitation",
                  path);
}

static irl_err read_any(irl_raw* raw, const char* path, const irl_demos_access* access) {
  bool zip;
  irl_demos_format wanted = raw->report->format;
  IRL_TRY(sniff(path, &zip, raw->info));
  if (wanted != IRL_FORMAT_DETECT && (wanted == IRL_FORMAT_NPZ) != zip) {
    return irl_fail(raw->info, IRL_EPARSE, "%s: is %s, not of format %s; leave --format out", path,
                    zip ? "a zip file" : "an HDF5 file", irl_demos_format_names[wanted]);
  }
  if (zip) {
    raw->report->format = IRL_FORMAT_NPZ;
    return irl_import_npz(raw, path);
  }
  IRL_TRY(irl_demos_guard(path, access, raw->info));
  return irl_import_hdf5(raw, path);
}

irl_err irl_demos_import(irl_demos** demos, irl_demos_report* report, const char* path,
                         irl_demos_format format, const irl_task* task,
                         const irl_demos_access* access, irl_errinfo* info) {
  char data[IRL_DEMOS_PATH], metadata[IRL_DEMOS_PATH];
  *demos = NULL;
  *report = (irl_demos_report){.format = format, .state_error = (double)NAN};
  if (irl_task_get(task)->nu == 0) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "task %s: has no actuators, so there is nothing to demonstrate; use a model "
                    "with actuators",
                    irl_task_get(task)->name);
  }
  IRL_TRY(irl_demos_find(path, data, metadata, sizeof data, info));
  irl_raw raw = {.path = path, .report = report, .info = info};
  irl_err err = read_any(&raw, data, access);
  if (!err) {
    err = irl_import_build(demos, &raw, task);
  }
  irl_raw_fini(&raw);
  return err;
}
