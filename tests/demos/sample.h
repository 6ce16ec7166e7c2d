// Made-up demonstrations with known numbers, and file helpers, for the tests of demos/.
#ifndef MJIRL_TESTS_DEMOS_SAMPLE_H_
#define MJIRL_TESTS_DEMOS_SAMPLE_H_

#include <dirent.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "demos/demos.h"
#include "test.h"

enum { SAMPLE_N = 5, SAMPLE_T = 7 };

// Numbers with all their mantissa bits in use, within (-2, 2).
static inline double sample_number(uint64_t* state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)*state / 4611686018427387904.0;
}

static inline void sample_fill(double* data, int64_t count, uint64_t* state) {
  for (int64_t i = 0; i < count; i++) {
    data[i] = sample_number(state);
  }
}

// SAMPLE_N trajectories of a task, of lengths 7, 6, 5, ...; the second one terminated, the third
// one invalid, conditions 0, 1, 0, 1, ... where the task has them.
static inline irl_batch sample_batch(const irl_task* task) {
  const irl_task_info* t = irl_task_get(task);
  irl_batch b = {0};
  uint64_t state = 1;
  CHECK_OK(irl_batch_create(&b, SAMPLE_N, SAMPLE_T, t->nx, t->nu, t->nz, t->nstate));
  for (int i = 0; i < SAMPLE_N; i++) {
    int64_t T = SAMPLE_T - i % 5, step = (int64_t)i * SAMPLE_T;
    b.length[i] = (int)T;
    b.condition[i] = t->nconditions > 1 ? i % 2 : 0;
    b.terminated[i] = i == 1;
    b.valid[i] = i != 2;
    b.success[i] = t->has_success && i == 3;
    sample_fill(irl_batch_x(&b, i, 0), (T + 1) * b.nx, &state);
    sample_fill(irl_batch_u(&b, i, 0), T * b.nu, &state);
    sample_fill(irl_batch_z(&b, i, 0), T * b.nz, &state);
    sample_fill(irl_batch_state(&b, i, 0), (T + 1) * b.nstate, &state);
    sample_fill(b.reward + step, T, &state);
    sample_fill(b.logq + step, T, &state);
  }
  return b;
}

static inline irl_task* sample_task(const char* name) {
  irl_task* task = NULL;
  irl_errinfo info = {0};
  irl_err err = irl_task_load(&task, name, NULL, 0, &info);
  if (err) {
    printf("%s\n", info.text);
    exit(101);
  }
  return task;
}

// Removes a file, a link or a folder with all that is in it.
static inline void sample_remove(const char* path) {
  if (remove(path) == 0) {
    return;
  }
  DIR* folder = opendir(path);
  struct dirent* entry;
  char inner[4096];
  while (folder && (entry = readdir(folder))) {
    bool real = strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    if (real && irl_path_join(inner, sizeof inner, path, entry->d_name)) {
      sample_remove(inner);
    }
  }
  if (folder) {
    closedir(folder);
  }
  (void)remove(path);
}

// A path inside the test's own folder; whatever stood there is removed.
static inline const char* sample_dir(char out[2048], const char* name) {
  const char* base = test_folder();
  snprintf(out, 2048, "%s/%s", base, name);
  sample_remove(out);
  return out;
}

static inline void sample_path(char out[4096], const char* dir, const char* file) {
  snprintf(out, 4096, "%s/data/%s", dir, file);
}

static inline char* sample_read(const char* path, size_t* size) {
  char* data = NULL;
  CHECK_OK(irl_file_read(path, (size_t)1 << 30, &data, size, NULL));
  return data;
}

static inline void sample_write(const char* path, const void* data, size_t size) {
  FILE* file = fopen(path, "wb");
  CHECK(file && fwrite(data, 1, size, file) == size);
  fclose(file);
}

// Makes a dataset of a task in the folder `name`.
static inline void sample_save(const char* dir, const char* task_name) {
  irl_task* task = sample_task(task_name);
  irl_batch batch = sample_batch(task);
  irl_errinfo info = {0};
  CHECK_OK(irl_demos_save(dir, task, &batch, NULL, &info));
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

// Takes the checksum out of metadata.json, so that HDF5 itself meets the damage.
static inline void sample_strip_crc(const char* dir) {
  char path[4096];
  size_t size = 0;
  char* text = NULL;
  sample_path(path, dir, "metadata.json");
  CHECK_OK(irl_file_read(path, 1 << 20, &text, &size, NULL));
  char* key = strstr(text, "mjirl_crc32c");
  CHECK(key != NULL);
  if (key) {
    memcpy(key, "other_crc32c", 12);
  }
  sample_write(path, text, size);
  irl_free(text);
}

#endif  // MJIRL_TESTS_DEMOS_SAMPLE_H_
