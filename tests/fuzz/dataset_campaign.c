// dataset_campaign PROBE DIR FILES [SEED]: datasets of other programs, mutated, are imported: each
// is refused in a sentence or taken, and neither this process nor the disk comes to harm. PROBE
// reads HDF5 files first (tests/demos/probe.c). Prints one line of figures. The same seed makes the
// same files; the one at hand is DIR/input.*.
#include <hdf5.h>
#include <sys/resource.h>
#include <time.h>

#include "../demos/sample.h"
#include "base/random.h"
#include "demos/transfer.h"
#include "irl/runtime.h"

enum { BASES = 5, LIMIT_MS = 40000, LIMIT_MB = 600 };

typedef struct base {
  const char* name;  // of the input, whose end says what it is
  char* bytes;
  size_t size;
} base;

typedef struct campaign {
  irl_task* task;
  irl_demos_access access;
  char dir[1024];
  base bases[BASES];
  irl_rng rng;
  int files, taken, crashed, stopped;
  double slowest;  // [ms]
  int slowest_file;
} campaign;

//---------------------------------- Sound files ---------------------------------------------------

// In HDF5's oldest layout, whose bookkeeping carries no checksums: what is changed in it is met.
static void put_old(hid_t group, const char* name, hid_t type, int rank, hsize_t rows, hsize_t cols,
                    bool packed) {
  const hsize_t dims[2] = {rows, cols}, chunk[2] = {4, cols};
  hid_t space = H5Screate_simple(rank, dims, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
  double values[8 * 16];
  uint64_t state = rows * 31 + cols;
  sample_fill(values, 8 * 16, &state);
  if (packed) {
    H5Pset_chunk(list, rank, chunk);
    H5Pset_shuffle(list);
    H5Pset_deflate(list, 6);
  }
  hid_t set = H5Dcreate2(group, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  CHECK(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(set);
  H5Pclose(list);
  H5Sclose(space);
}

static void make_old(const char* path) {
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  for (int i = 0; i < 4; i++) {
    char name[24];
    snprintf(name, sizeof name, "episode_%d", i);
    hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate(H5S_SCALAR);
    const int64_t condition = i;
    hid_t attribute =
        H5Acreate2(group, "condition", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    CHECK(H5Awrite(attribute, H5T_NATIVE_INT64, &condition) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    put_old(group, "observations", H5T_IEEE_F64LE, 2, 8, 10, i % 2 != 0);
    put_old(group, "actions", H5T_IEEE_F32LE, 2, 7, 2, i % 2 != 0);
    put_old(group, "rewards", H5T_IEEE_F64BE, 1, 7, 1, false);
    H5Gclose(group);
  }
  H5Fclose(file);
}

// One of each kind of file, small.
static void make_bases(campaign* c) {
  static const char* const names[BASES] = {"input.hdf5", "input.d4rl.hdf5", "input.robomimic.hdf5",
                                           "input.npz", "input.old.hdf5"};
  char dataset[2048], path[4096];
  irl_demos* demos = NULL;
  irl_errinfo info = {0};
  snprintf(dataset, sizeof dataset, "%s/sound", c->dir);
  sample_save(dataset, "reacher");
  CHECK_OK(irl_demos_load(&demos, dataset, &info));
  for (int i = 0; i < BASES; i++) {
    snprintf(path, sizeof path, "%s/%s", c->dir, names[i]);
    if (i == 0) {
      sample_path(path, dataset, "main_data.hdf5");
    } else if (i == BASES - 1) {
      make_old(path);
    } else {
      static const irl_demos_export_format formats[] = {IRL_EXPORT_D4RL, IRL_EXPORT_ROBOMIMIC,
                                                        IRL_EXPORT_NPZ};
      CHECK_OK(irl_demos_export(path, formats[i - 1], demos, c->task, NULL, &info));
    }
    c->bases[i].name = names[i];
    c->bases[i].bytes = sample_read(path, &c->bases[i].size);
  }
  irl_demos_destroy(demos);
  sample_remove(dataset);
}

//---------------------------------- Mutation ------------------------------------------------------

static size_t below(campaign* c, size_t n) {
  return n == 0 ? 0 : (size_t)(irl_rng_uniform(&c->rng) * (double)n) % n;
}

// Numbers that sizes and addresses are made of.
static void put_number(campaign* c, char* data, size_t size) {
  static const uint64_t numbers[] = {0,          1,        UINT64_MAX,    INT64_MAX,
                                     UINT32_MAX, 1u << 31, 1ull << 40,    0xffff,
                                     0x7fff,     255,      UINT64_MAX - 8};
  const uint64_t number =
      below(c, 3) == 0 ? below(c, size) : numbers[below(c, sizeof numbers / sizeof numbers[0])];
  const size_t width = (size_t)1 << below(c, 4);
  memcpy(data + below(c, size - 8), &number, width);
}

static void mutate(campaign* c, char* data, size_t* size) {
  const size_t n = *size, block = 1 + below(c, 512);
  switch (below(c, 6)) {
    case 0:
      *size = below(c, n);
      break;
    case 1:
      data[below(c, n)] ^= (char)(1 << below(c, 8));
      break;
    case 2:
      put_number(c, data, n);
      break;
    case 3:
      memmove(data + below(c, n - block), data + below(c, n - block), block);
      break;
    case 4:
      memset(data + below(c, n - block), below(c, 2) ? 0xff : 0, block);
      break;
    default:
      for (size_t i = 0; i < 1 + block / 16; i++) {
        data[below(c, n)] = (char)below(c, 256);
      }
      break;
  }
}

//---------------------------------- Campaign ------------------------------------------------------

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

// A refusal is one sentence and leaves nothing; what is taken is a dataset in every respect.
static void take_in(campaign* c, const char* path) {
  irl_demos* demos = NULL;
  irl_demos_report report;
  irl_errinfo info = {0};
  const double begin = now_ms();
  irl_err err =
      irl_demos_import(&demos, &report, path, IRL_FORMAT_DETECT, c->task, &c->access, &info);
  const double spent = now_ms() - begin;
  CHECK((err == IRL_OK) == (demos != NULL));
  CHECK(err == IRL_OK || (info.text[0] && !strchr(info.text, '\n')));
  for (int i = 0; demos && i < demos->batch.n; i++) {
    const irl_batch* b = &demos->batch;
    CHECK(b->length[i] >= 1 && b->length[i] <= b->horizon && b->condition[i] >= 0);
    for (int64_t e = 0; e < (int64_t)(b->length[i] + 1) * b->nx; e++) {
      CHECK(isfinite(irl_batch_x(b, i, 0)[e]));
    }
  }
  c->taken += err == IRL_OK;
  c->crashed += strstr(info.text, "crashes HDF5") != NULL;
  c->stopped += strstr(info.text, "takes longer to read") != NULL;
  if (spent > c->slowest) {
    c->slowest = spent;
    c->slowest_file = c->files;
  }
  irl_demos_destroy(demos);
}

static void one_file(campaign* c, uint64_t seed) {
  char path[4096];
  c->rng = irl_rng_stream(seed, IRL_PURPOSE_RESET, 0, 0, (uint64_t)c->files);
  const base* b = &c->bases[below(c, BASES)];
  size_t size = b->size;
  char* data = irl_calloc(size, 1);
  memcpy(data, b->bytes, size);
  for (size_t i = 0; i <= below(c, 3) && size > 1024; i++) {
    mutate(c, data, &size);
  }
  snprintf(path, sizeof path, "%s/%s", c->dir, b->name);
  sample_write(path, data, size);
  irl_free(data);
  take_in(c, path);
  c->files++;
}

static long peak_mb(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return usage.ru_maxrss / 1024;
}

int main(int argc, char** argv) {
  static campaign c;
  if (argc < 4) {
    fprintf(stderr, "usage: dataset_campaign PROBE DIR FILES [SEED]\n");
    return 2;
  }
  const int files = atoi(argv[3]);
  const uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
  c.access.helper = argv[1];
  snprintf(c.dir, sizeof c.dir, "%s", argv[2]);
  irl_runtime_init();  // MuJoCo warns of absurd states
  sample_remove(c.dir);
  CHECK(mkdir(c.dir, 0777) == 0);
  c.task = sample_task("reacher");
  make_bases(&c);
  while (c.files < files && test_failures == 0) {
    one_file(&c, seed);
  }
  const long self = peak_mb(RUSAGE_SELF), helper = peak_mb(RUSAGE_CHILDREN);
  printf(
      "%d files: %d taken, %d refused (%d crashed the helper, %d took it too long); slowest %.0f "
      "ms (file %d); peak memory %ld MB here, %ld MB in the helper\n",
      c.files, c.taken, c.files - c.taken, c.crashed, c.stopped, c.slowest, c.slowest_file, self,
      helper);
  CHECK(c.slowest < LIMIT_MS);
#ifndef __SANITIZE_ADDRESS__
  CHECK(self < LIMIT_MB);
#endif
  for (int i = 0; i < BASES; i++) {
    irl_free(c.bases[i].bytes);
  }
  irl_task_destroy(c.task);
  if (test_failures == 0) {
    sample_remove(c.dir);
  }
  return c.files < files || test_failures != 0;
}
