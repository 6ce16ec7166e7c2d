// Files of others go through the helper; hostile ones end in a sentence, within bounds.
#include "demos/guard.h"

#include <hdf5.h>

#include "sample.h"

static irl_err guard(const char* path, irl_errinfo* info) {
  const irl_demos_access access = {.helper = getenv("MJIRL_TEST_PROBE")};
  *info = (irl_errinfo){0};
  return irl_demos_guard(path, &access, info);
}

static void refused(const char* path, const char* text) {
  irl_errinfo info;
  CHECK(guard(path, &info) != IRL_OK);
  CHECK_CONTAINS(info.text, text);
  CHECK(strchr(info.text, '\n') == NULL);
}

// A dataset without checksum in the folder `name`; path gets its HDF5 file.
static void make(char dir[2048], char path[4096], const char* name) {
  sample_save(sample_dir(dir, name), "reacher");
  sample_strip_crc(dir);
  sample_path(path, dir, "main_data.hdf5");
}

static hid_t create(char path[2048], const char* name) {
  return H5Fcreate(sample_dir(path, name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
}

//---------------------------------- The helper ----------------------------------------------------

static void sound_files_pass(void) {
  char dir[2048], path[4096];
  irl_errinfo info = {0};
  irl_demos* demos = NULL;
  const irl_demos_access access = {.helper = getenv("MJIRL_TEST_PROBE")};
  make(dir, path, "guard");
  CHECK_OK(guard(path, &info));
  CHECK_OK(irl_demos_load_with(&demos, dir, &access, &info));
  irl_demos_destroy(demos);
}

static void no_helper_no_reading(void) {
  char dir[2048], path[4096];
  irl_errinfo info = {0};
  irl_demos* demos = NULL;
  make(dir, path, "guard");
  unsetenv("MJIRL_PROBE");
  CHECK(irl_demos_load(&demos, dir, &info) == IRL_EUNSUPPORTED && demos == NULL);
  CHECK_CONTAINS(info.text, "there is no helper");
  const irl_demos_access missing = {.helper = "/nonexistent/helper"};
  CHECK(irl_demos_load_with(&demos, dir, &missing, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "cannot be started");
  const irl_demos_access trusted = {.trusted = true};
  CHECK_OK(irl_demos_load_with(&demos, dir, &trusted, &info));
  irl_demos_destroy(demos);
}

static void misbehaving_helpers(void) {
  char dir[2048], path[4096];
  make(dir, path, "guard");
  setenv("PROBE_MOOD", "crash", 1);
  refused(path, "crashes HDF5 (signal 9");
  setenv("PROBE_MOOD", "silent", 1);
  refused(path, "no word");
  unsetenv("PROBE_MOOD");
  refused(dir, "is not a file");
}

//---------------------------------- Damage --------------------------------------------------------

static void truncated(void) {
  char dir[2048], path[4096];
  size_t size;
  make(dir, path, "guard_cut");
  char* data = sample_read(path, &size);
  for (size_t k = 0; k < 25; k++) {
    sample_write(path, data, size * k / 25);
    refused(path, "");
  }
  irl_free(data);
}

// A flipped bit may hit a number, which HDF5 cannot know; what must not happen is a crash here, or
// a loader that meets in this process what the helper has not met.
static void flipped(void) {
  char dir[2048], path[4096];
  size_t size;
  irl_errinfo info = {0};
  const irl_demos_access access = {.helper = getenv("MJIRL_TEST_PROBE")};
  make(dir, path, "guard_flip");
  char* data = sample_read(path, &size);
  int loaded = 0;
  for (size_t k = 0; k < 60; k++) {
    size_t at = k * 7919 % (size < 20000 ? size : 20000);
    data[at] = (char)(data[at] ^ 1 << k % 8);
    sample_write(path, data, size);
    data[at] = (char)(data[at] ^ 1 << k % 8);
    irl_demos* demos = NULL;
    info = (irl_errinfo){0};
    irl_err err = irl_demos_load_with(&demos, dir, &access, &info);
    loaded += err == IRL_OK;
    CHECK(err == IRL_OK || info.text[0]);
    irl_demos_destroy(demos);
  }
  CHECK(loaded < 60);
  irl_free(data);
}

//---------------------------------- Hostile -------------------------------------------------------

static void huge_declared_size(void) {
  char path[2048];
  hid_t file = create(path, "huge.h5"), list = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t dims[2] = {(hsize_t)1 << 40, 8}, chunk[2] = {1024, 8};
  hid_t space = H5Screate_simple(2, dims, NULL);
  H5Pset_chunk(list, 2, chunk);
  H5Pset_deflate(list, 1);
  hid_t set =
      H5Dcreate2(file, "observations", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  CHECK(set >= 0);
  H5Dclose(set);
  H5Sclose(space);
  H5Pclose(list);
  H5Fclose(file);
  refused(path, "is declared with");
}

// Groups may be hard-linked into themselves: the walk must end.
static void cycles_end(void) {
  char path[2048];
  irl_errinfo info;
  hid_t file = create(path, "cycle.h5");
  hid_t a = H5Gcreate2(file, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  CHECK(H5Lcreate_hard(file, "a", a, "again", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  CHECK(H5Lcreate_hard(file, "/", a, "root", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  CHECK(H5Lcreate_soft("/b", file, "c", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  CHECK(H5Lcreate_soft("/c", file, "b", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  CHECK(H5Lcreate_external("/etc/passwd", "/", file, "out", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  H5Gclose(a);
  H5Fclose(file);
  CHECK_OK(guard(path, &info));  // walked to the end; the loaders refuse such links by name
}

static void deep_nesting(void) {
  char path[2048];
  hid_t at = create(path, "deep.h5");
  hid_t file = at;
  for (int i = 0; i < 100; i++) {
    hid_t next = H5Gcreate2(at, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (at != file) {
      H5Gclose(at);
    }
    at = next;
  }
  H5Gclose(at);
  H5Fclose(file);
  refused(path, "nested deeper");
}

// A chunk of gigabytes would be unpacked in one piece: the limit on memory stops it.
static void huge_chunk(void) {
  char path[2048];
  hid_t file = create(path, "chunk.h5"), list = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t dims[1] = {(hsize_t)1 << 28}, one[1] = {1};
  hid_t space = H5Screate_simple(1, dims, NULL), part = H5Screate_simple(1, one, NULL);
  H5Pset_chunk(list, 1, dims);
  H5Pset_deflate(list, 1);
  hid_t set = H5Dcreate2(file, "rewards", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  const double value = 1;
  const hsize_t zero[1] = {0};
  H5Sselect_hyperslab(space, H5S_SELECT_SET, zero, NULL, one, NULL);
  CHECK(H5Dwrite(set, H5T_NATIVE_DOUBLE, part, space, H5P_DEFAULT, &value) >= 0);
  H5Dclose(set);
  H5Sclose(space);
  H5Sclose(part);
  H5Pclose(list);
  H5Fclose(file);
  refused(path, "rewards cannot be read");
}

//---------------------------------- One episode at a time -----------------------------------------

static void episodes_alone_equal_those_of_all(void) {
  char dir[2048];
  irl_errinfo info = {0};
  irl_demos *all = NULL, *one = NULL;
  irl_demos_stream* stream = NULL;
  sample_save(sample_dir(dir, "stream"), "reacher");
  CHECK_OK(irl_demos_load(&all, dir, &info));
  CHECK_OK(irl_demos_open(&stream, dir, NULL, &info));
  CHECK(irl_demos_stream_count(stream) == all->batch.n);
  for (int i = all->batch.n - 1; i >= 0; i--) {
    CHECK_OK(irl_demos_read_episode(&one, stream, i, &info));
    const irl_batch *a = &all->batch, *b = &one->batch;
    CHECK(b->n == 1 && b->length[0] == a->length[i] && b->horizon == a->length[i]);
    CHECK(b->condition[0] == a->condition[i] && b->terminated[0] == a->terminated[i]);
    CHECK(!memcmp(irl_batch_x(b, 0, 0), irl_batch_x(a, i, 0),
                  (size_t)(b->length[0] + 1) * (size_t)a->nx * sizeof(double)));
    CHECK(!memcmp(irl_batch_u(b, 0, 0), irl_batch_u(a, i, 0),
                  (size_t)b->length[0] * (size_t)a->nu * sizeof(double)));
    CHECK(strcmp(one->task_name, "reacher") == 0 && one->mjcf[0]);
    irl_demos_destroy(one);
  }
  CHECK(irl_demos_read_episode(&one, stream, all->batch.n, &info) == IRL_ERANGE && one == NULL);
  irl_demos_close(stream);
  irl_demos_destroy(all);
}

TESTS(TEST(sound_files_pass), TEST(no_helper_no_reading), TEST(misbehaving_helpers),
      TEST(truncated), TEST(flipped), TEST(huge_declared_size), TEST(cycles_end),
      TEST(deep_nesting), TEST(huge_chunk), TEST(episodes_alone_equal_those_of_all))
