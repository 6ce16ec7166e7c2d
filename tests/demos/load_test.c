// Loading: damaged, incomplete and foreign files end in a sentence, never in a crash.
#include <hdf5.h>

#include "demos/guard.h"
#include "sample.h"

static irl_err load(const char* dir, irl_errinfo* info) {
  irl_demos* demos = NULL;
  *info = (irl_errinfo){0};
  const irl_demos_access access = {.trusted = true};  // HDF5 meets the damage in this process
  irl_err err = irl_demos_load_with(&demos, dir, &access, info);
  CHECK((err == IRL_OK) == (demos != NULL));
  CHECK(err == IRL_OK || err == IRL_ENOMEM || info->text[0]);
  irl_demos_destroy(demos);
  return err;
}

static void refuses(const char* dir, irl_err code, const char* text) {
  irl_errinfo info;
  CHECK(load(dir, &info) == code);
  CHECK_CONTAINS(info.text, text);
}

//---------------------------------- Damage --------------------------------------------------------

static void truncated(bool checksum) {
  char dir[2048], path[4096];
  size_t size;
  irl_errinfo info;
  sample_save(sample_dir(dir, "truncated"), "reacher");
  if (!checksum) {
    sample_strip_crc(dir);
  }
  sample_path(path, dir, "main_data.hdf5");
  char* data = sample_read(path, &size);
  for (size_t k = 0; k < 200; k++) {
    sample_write(path, data, size * k / 200);
    CHECK(load(dir, &info) != IRL_OK);
  }
  for (size_t cut = 1; cut <= 8; cut++) {
    sample_write(path, data, size - cut);
    CHECK(load(dir, &info) != IRL_OK);
  }
  irl_free(data);
}

static void truncated_at_200_lengths(void) {
  truncated(true);
}

static void truncated_without_checksum(void) {
  truncated(false);
}

// Inverts one bit of each of `places` bytes in turn; returns how often the file still loaded.
static int flip(const char* path, const char* dir, size_t places) {
  size_t size;
  irl_errinfo info;
  int loaded = 0;
  char* data = sample_read(path, &size);
  for (size_t k = 0; k < places; k++) {
    size_t at = k < 64 ? k * (size > 64) : (size_t)((double)k / (double)places * (double)size);
    char bit = (char)(1 << (k * 5 % 8));
    data[at] ^= bit;
    sample_write(path, data, size);
    loaded += load(dir, &info) == IRL_OK;
    data[at] ^= bit;
  }
  sample_write(path, data, size);
  CHECK_OK(load(dir, &info));
  irl_free(data);
  return loaded;
}

static void flipped_bits_are_all_found(void) {
  char dir[2048], path[4096];
  sample_save(sample_dir(dir, "flipped"), "reacher");
  sample_path(path, dir, "main_data.hdf5");
  CHECK(flip(path, dir, 300) == 0);
}

// Without the checksum HDF5 meets the damage itself: its bookkeeping is guarded, numbers are not.
static void flipped_bits_without_checksum(void) {
  char dir[2048], path[4096];
  sample_save(sample_dir(dir, "flipped_bare"), "reacher");
  sample_strip_crc(dir);
  sample_path(path, dir, "main_data.hdf5");
  CHECK(flip(path, dir, 600) < 600);
}

static void flipped_bits_in_metadata(void) {
  char dir[2048], path[4096];
  sample_save(sample_dir(dir, "flipped_metadata"), "reacher");
  sample_path(path, dir, "metadata.json");
  CHECK(flip(path, dir, 300) < 300);
}

static void absent(void) {
  char dir[2048], path[4096];
  refuses(sample_dir(dir, "absent"), IRL_ENOENT, "there is no dataset");
  CHECK(mkdir(dir, 0777) == 0);
  refuses(dir, IRL_ENOENT, "there is no dataset");
  snprintf(path, sizeof path, "%s/other.txt", dir);
  sample_write(path, "not HDF5 at all", 15);
  refuses(path, IRL_EPARSE, "the file is damaged");
}

//---------------------------------- Learning's share ----------------------------------------------

// What learning looks at is the same; the rest is left out, but its widths are still the task's.
static void lean_leaves_out_states(void) {
  char dir[2048];
  irl_errinfo info = {0};
  irl_demos *all = NULL, *lean = NULL;
  irl_task* task = sample_task("reacher");
  sample_save(sample_dir(dir, "lean"), "reacher");
  CHECK_OK(irl_demos_load(&all, dir, &info));
  CHECK_OK(irl_demos_load_lean(&lean, dir, &info));
  const irl_batch *a = &all->batch, *b = &lean->batch;
  const size_t steps = (size_t)a->n * (size_t)a->horizon, real = sizeof(double);
  CHECK(a->nstate > 0 && a->nz > 0 && all->applied != NULL);
  CHECK(b->nstate == 0 && b->nz == 0 && lean->applied == NULL);
  CHECK(lean->left_nstate == a->nstate && lean->left_nz == a->nz && all->left_nstate == 0);
  CHECK(!memcmp(a->x, b->x, (steps + (size_t)a->n) * (size_t)a->nx * real));
  CHECK(!memcmp(a->u, b->u, steps * (size_t)a->nu * real));
  CHECK(!memcmp(a->reward, b->reward, steps * real) && !memcmp(a->logq, b->logq, steps * real));
  CHECK(!memcmp(a->condition, b->condition, (size_t)a->n * sizeof *a->condition));
  CHECK_OK(irl_demos_prepare(lean, task, &info));
  lean->left_nstate++;
  CHECK(irl_demos_prepare(lean, task, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "state entries");
  lean->left_nstate--;
  lean->left_nz++;
  CHECK(irl_demos_prepare(lean, task, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "residual entries");
  irl_demos_destroy(all);
  irl_demos_destroy(lean);
  irl_task_destroy(task);
}

//---------------------------------- Other contents ------------------------------------------------

// A dataset without checksum, its HDF5 file open for changes.
static hid_t open_changed(char dir[2048], const char* name) {
  char path[4096];
  sample_save(sample_dir(dir, name), "reacher");
  sample_strip_crc(dir);
  sample_path(path, dir, "main_data.hdf5");
  hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  CHECK(file >= 0);
  return file;
}

static void remove_from_all(hid_t file, const char* name) {
  char path[256];
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "episode_%d/%s", i, name);
    CHECK(H5Ldelete(file, path, H5P_DEFAULT) >= 0);
  }
}

static void put_array(hid_t file, const char* name, hid_t type, int rank, hsize_t rows,
                      hsize_t cols) {
  const hsize_t dims[3] = {rows, cols, 1};
  double zeros[4096] = {0};
  CHECK(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
  hid_t space = H5Screate_simple(rank, dims, NULL);
  hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  CHECK(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros) >= 0);
  H5Dclose(set);
  H5Sclose(space);
}

static void optional_parts_may_be_missing(void) {
  char dir[2048];
  irl_errinfo info = {0};
  irl_demos* demos = NULL;
  const char* optional[] = {"rewards", "terminations", "truncations", "infos"};
  hid_t file = open_changed(dir, "optional");
  for (int i = 0; i < 4; i++) {
    remove_from_all(file, optional[i]);
  }
  CHECK(H5Ldelete(file, "mjirl", H5P_DEFAULT) >= 0 && H5Ldelete(file, "data", H5P_DEFAULT) >= 0);
  H5Fclose(file);
  CHECK_OK(irl_demos_load_with(&demos, dir, &(irl_demos_access){.trusted = true}, &info));
  CHECK(!demos->batch.has_reward && !demos->has_logq && demos->batch.nstate == 0);
  CHECK(demos->batch.nz == 0 && demos->applied == NULL && demos->batch.terminated[1] == 0);
  CHECK(demos->task_name[0] == 0 && demos->mjcf[0] == 0 && demos->platform[0] == 0);
  irl_demos_destroy(demos);
}

static void attributes_may_be_missing(void) {
  char dir[2048], path[64];
  irl_errinfo info = {0};
  irl_demos* demos = NULL;
  hid_t file = open_changed(dir, "no_attributes");
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "episode_%d", i);
    CHECK(H5Adelete_by_name(file, path, "condition", H5P_DEFAULT) >= 0);
    CHECK(H5Adelete_by_name(file, path, "total_steps", H5P_DEFAULT) >= 0);
  }
  H5Fclose(file);
  CHECK_OK(irl_demos_load_with(&demos, dir, &(irl_demos_access){.trusted = true}, &info));
  CHECK(!demos->has_condition && demos->batch.condition[1] == 0);
  irl_demos_destroy(demos);
  // Learning finds the conditions by the first states, which therefore stay.
  const irl_demos_access lean = {.trusted = true, .lean = true};
  CHECK_OK(irl_demos_load_with(&demos, dir, &lean, &info));
  CHECK(demos->batch.nstate > 0 && demos->left_nstate == 0 && demos->batch.nz == 0);
  irl_demos_destroy(demos);
}

// An array of 1s at its beginning and nothing behind it, which takes a chunk on the disk.
static void put_hollow(hid_t file, const char* name, hsize_t rows, hsize_t cols) {
  const hsize_t dims[2] = {rows, cols}, chunk[2] = {1, 1000}, one[2] = {1, 1}, zero[2] = {0, 0};
  const double value = 1;
  CHECK(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
  hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, dims, NULL);
  hid_t memory = H5Screate_simple(2, one, NULL);
  CHECK(H5Pset_chunk(list, 2, chunk) >= 0);
  hid_t set = H5Dcreate2(file, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, zero, NULL, one, NULL);
  CHECK(H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &value) >= 0);
  H5Dclose(set);
  H5Sclose(memory);
  H5Sclose(space);
  H5Pclose(list);
}

// States that pass 8 GiB stop a dataset from being loaded, but not from being learned from.
static void lean_of_too_many_states(void) {
  enum { T = 300 };
  char dir[2048], name[64];
  irl_errinfo info = {0};
  irl_demos* demos = NULL;
  hid_t file = open_changed(dir, "wide");
  put_array(file, "episode_0/observations", H5T_NATIVE_DOUBLE, 2, T + 1, 10);
  put_array(file, "episode_0/actions", H5T_NATIVE_DOUBLE, 2, T, 2);
  const char* const rows[] = {"rewards", "terminations", "truncations"};
  for (int p = 0; p < 3; p++) {
    snprintf(name, sizeof name, "episode_0/%s", rows[p]);
    put_array(file, name, H5T_NATIVE_DOUBLE, 1, T, 1);
  }
  put_array(file, "episode_0/infos/action_log_probs", H5T_NATIVE_DOUBLE, 1, T, 1);
  put_array(file, "episode_0/infos/applied_actions", H5T_NATIVE_DOUBLE, 2, T, 2);
  remove_from_all(file, "infos/residuals");
  CHECK(H5Adelete_by_name(file, "episode_0", "total_steps", H5P_DEFAULT) >= 0);
  put_hollow(file, "episode_0/infos/state", T + 1, 1000000);
  for (int i = 1; i < 4; i++) {
    hsize_t dims[2];
    snprintf(name, sizeof name, "episode_%d/infos/state", i);
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);
    H5Sget_simple_extent_dims(space, dims, NULL);
    H5Sclose(space);
    H5Dclose(set);
    put_hollow(file, name, dims[0], 1000000);
  }
  H5Fclose(file);
  refuses(dir, IRL_ERANGE, "pass 8 GiB");
  const irl_demos_access lean = {.trusted = true, .lean = true};
  CHECK_OK(irl_demos_load_with(&demos, dir, &lean, &info));
  CHECK(demos->batch.horizon == T && demos->left_nstate == 1000000);
  irl_demos_destroy(demos);
}

static void required_parts(void) {
  char dir[2048];
  hid_t file = open_changed(dir, "required");
  CHECK(H5Ldelete(file, "episode_2/actions", H5P_DEFAULT) >= 0);
  H5Fclose(file);
  refuses(dir, IRL_EPARSE, "episode_2/actions is missing");
  file = open_changed(dir, "required");
  CHECK(H5Ldelete(file, "episode_1", H5P_DEFAULT) >= 0);
  H5Fclose(file);
  refuses(dir, IRL_EDIM, "holds 3 episodes, but metadata.json says 4");
  file = open_changed(dir, "required");
  CHECK(H5Lmove(file, "episode_1", file, "episode_9", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  H5Fclose(file);
  refuses(dir, IRL_EPARSE, "episode_1 is missing among 4 episodes");
}

// Replaces one array by another shape and expects a refusal.
static void refuses_shape(const char* name, int rank, hsize_t rows, hsize_t cols, irl_err code,
                          const char* text) {
  char dir[2048];
  hid_t file = open_changed(dir, "shapes");
  put_array(file, name, H5T_NATIVE_DOUBLE, rank, rows, cols);
  H5Fclose(file);
  refuses(dir, code, text);
}

static void wrong_shapes(void) {
  refuses_shape("episode_1/actions", 2, 6, 3, IRL_EDIM, "episode_1/actions has 3 columns, not 2");
  refuses_shape("episode_1/observations", 2, 6, 10, IRL_EDIM,
                "has 6 rows, but 6 actions ask for 7");
  refuses_shape("episode_1/rewards", 2, 6, 1, IRL_EDIM, "has 2 dimensions, not 1");
  refuses_shape("episode_1/actions", 3, 6, 2, IRL_EUNSUPPORTED, "one or two dimensions");
  refuses_shape("episode_0/observations", 2, 8, 0, IRL_EDIM, "has 0 columns");
}

static void missing_in_some(void) {
  char dir[2048];
  hid_t file = open_changed(dir, "some");
  CHECK(H5Ldelete(file, "episode_2/infos/state", H5P_DEFAULT) >= 0);
  H5Fclose(file);
  refuses(dir, IRL_EDIM, "episode_2/infos/state is missing, unlike in episode_0");
}

static void wrong_types(void) {
  char dir[2048];
  hid_t text = H5Tcopy(H5T_C_S1);
  hid_t file = open_changed(dir, "types");
  H5Tset_size(text, 4);
  put_array(file, "episode_0/rewards", text, 1, 7, 1);
  H5Fclose(file);
  H5Tclose(text);
  refuses(dir, IRL_EUNSUPPORTED, "does not hold numbers");
  file = open_changed(dir, "types");
  CHECK(H5Ldelete(file, "episode_0/actions", H5P_DEFAULT) >= 0);
  H5Gclose(H5Gcreate2(file, "episode_0/actions", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Fclose(file);
  refuses(dir, IRL_EUNSUPPORTED, "is a group");
}

// Other programs store float32 or integers; they are widened.
static void other_number_types(void) {
  char dir[2048];
  irl_errinfo info;
  hid_t file = open_changed(dir, "float32");
  put_array(file, "episode_0/rewards", H5T_NATIVE_FLOAT, 1, 7, 1);
  put_array(file, "episode_0/terminations", H5T_NATIVE_UINT8, 1, 7, 1);
  put_array(file, "episode_0/actions", H5T_NATIVE_INT, 2, 7, 2);
  H5Fclose(file);
  CHECK_OK(load(dir, &info));
}

static void not_finite(void) {
  char dir[2048];
  hid_t file = open_changed(dir, "nan");
  hid_t set = H5Dopen2(file, "episode_3/observations", H5P_DEFAULT);
  double values[1024];
  CHECK(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  values[21] = (double)NAN;
  CHECK(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(set);
  H5Fclose(file);
  refuses(dir, IRL_ENUM, "episode_3/observations is not finite at row 2");
}

static void links_that_lead_elsewhere(void) {
  char dir[2048];
  hid_t file = open_changed(dir, "links");
  CHECK(H5Ldelete(file, "episode_0/actions", H5P_DEFAULT) >= 0);
  CHECK(H5Lcreate_external("/etc/passwd", "/x", file, "episode_0/actions", H5P_DEFAULT,
                           H5P_DEFAULT) >= 0);
  H5Fclose(file);
  refuses(dir, IRL_EUNSUPPORTED, "is a soft or external link");
  file = open_changed(dir, "links");
  CHECK(H5Ldelete(file, "episode_0/infos", H5P_DEFAULT) >= 0);
  CHECK(H5Lcreate_soft("/episode_1/infos", file, "episode_0/infos", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  H5Fclose(file);
  refuses(dir, IRL_EUNSUPPORTED, "is a soft or external link");
}

static void values_in_another_file(void) {
  char dir[2048];
  const hsize_t dims[1] = {7};
  hid_t file = open_changed(dir, "external");
  CHECK(H5Ldelete(file, "episode_0/rewards", H5P_DEFAULT) >= 0);
  hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, dims, NULL);
  CHECK(H5Pset_external(list, "/etc/passwd", 0, 56) >= 0);
  hid_t set = H5Dcreate2(file, "episode_0/rewards", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list,
                         H5P_DEFAULT);
  CHECK(set >= 0);
  H5Dclose(set);
  H5Sclose(space);
  H5Pclose(list);
  H5Fclose(file);
  refuses(dir, IRL_EUNSUPPORTED, "keeps its values in another file");
}

// A file of a few KiB may declare any size; it must not cost that memory.
static void declared_but_absent(void) {
  char dir[2048];
  const hsize_t dims[2] = {2000000000, 2}, chunk[2] = {1024, 2};
  hid_t file = open_changed(dir, "declared");
  CHECK(H5Ldelete(file, "episode_0/actions", H5P_DEFAULT) >= 0);
  hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, dims, NULL);
  CHECK(H5Pset_chunk(list, 2, chunk) >= 0);
  hid_t set = H5Dcreate2(file, "episode_0/actions", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list,
                         H5P_DEFAULT);
  H5Dclose(set);
  H5Sclose(space);
  H5Pclose(list);
  H5Fclose(file);
  refuses(dir, IRL_EUNSUPPORTED, "is declared but was never written");
}

static void too_large(void) {
  char dir[2048], name[64];
  hid_t file = open_changed(dir, "large");
  const struct {
    const char* name;
    hsize_t extra, cols;
  } parts[] = {{"observations", 1, 10}, {"actions", 0, 2},      {"infos/state", 1, 13},
               {"rewards", 0, 0},       {"terminations", 0, 0}, {"truncations", 0, 0}};
  H5Ldelete(file, "episode_0/infos/residuals", H5P_DEFAULT);
  const hsize_t T = 200000000;
  for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
    const hsize_t dims[2] = {T + parts[p].extra, parts[p].cols}, chunk[2] = {1024, 1};
    int rank = parts[p].cols ? 2 : 1;
    snprintf(name, sizeof name, "episode_0/%s", parts[p].name);
    CHECK(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(rank, dims, NULL);
    const hsize_t one[2] = {1, 1}, zero[2] = {0, 0};
    const double value = 1;
    hid_t memory = H5Screate_simple(rank, one, NULL);
    CHECK(H5Pset_chunk(list, rank, chunk) >= 0);
    hid_t set = H5Dcreate2(file, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, zero, NULL, one, NULL);
    CHECK(H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &value) >= 0);
    H5Dclose(set);
    H5Sclose(memory);
    H5Sclose(space);
    H5Pclose(list);
  }
  remove_from_all(file, "infos/action_log_probs");
  remove_from_all(file, "infos/applied_actions");
  for (int i = 1; i < 4; i++) {
    snprintf(name, sizeof name, "episode_%d/infos/residuals", i);
    H5Ldelete(file, name, H5P_DEFAULT);
  }
  H5Fclose(file);
  refuses(dir, IRL_ERANGE, "pass 8 GiB");
}

static void replace_attribute(hid_t file, const char* name, const char* attribute, int64_t value) {
  CHECK(H5Adelete_by_name(file, name, attribute, H5P_DEFAULT) >= 0);
  hid_t space = H5Screate(H5S_SCALAR);
  hid_t id = H5Acreate_by_name(file, name, attribute, H5T_NATIVE_INT64, space, H5P_DEFAULT,
                               H5P_DEFAULT, H5P_DEFAULT);
  CHECK(id >= 0 && H5Awrite(id, H5T_NATIVE_INT64, &value) >= 0);
  H5Aclose(id);
  H5Sclose(space);
}

static void wrong_attributes(void) {
  char dir[2048];
  hid_t file = open_changed(dir, "attributes");
  replace_attribute(file, "episode_1", "condition", -1);
  H5Fclose(file);
  refuses(dir, IRL_ERANGE, "attribute condition of episode_1 is -1");
  file = open_changed(dir, "attributes");
  replace_attribute(file, "episode_1", "total_steps", 5);
  H5Fclose(file);
  refuses(dir, IRL_EDIM, "holds 6 steps, but its total_steps says 5");
  file = open_changed(dir, "attributes");
  replace_attribute(file, "mjirl", "format", 2);
  H5Fclose(file);
  refuses(dir, IRL_EUNSUPPORTED, "has format 2");
}

static void changed_since_written(void) {
  char dir[2048], path[4096];
  sample_save(sample_dir(dir, "changed"), "reacher");
  sample_path(path, dir, "main_data.hdf5");
  hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  CHECK(H5Ldelete(file, "episode_0/infos", H5P_DEFAULT) >= 0);
  H5Fclose(file);
  refuses(dir, IRL_EPARSE, "is damaged or was changed");
}

// All three ways to name a dataset, and the HDF5 file alone.
static void ways_to_name_it(void) {
  char dir[2048], path[4096], moved[8192];
  irl_errinfo info;
  sample_save(sample_dir(dir, "named"), "reacher");
  CHECK_OK(load(dir, &info));
  snprintf(path, sizeof path, "%s/data", dir);
  CHECK_OK(load(path, &info));
  sample_path(path, dir, "main_data.hdf5");
  CHECK_OK(load(path, &info));
  snprintf(moved, sizeof moved, "%s/alone.hdf5", dir);
  CHECK(rename(path, moved) == 0);
  CHECK_OK(load(moved, &info));
}

TESTS(TEST(truncated_at_200_lengths), TEST(truncated_without_checksum),
      TEST(flipped_bits_are_all_found), TEST(flipped_bits_without_checksum),
      TEST(flipped_bits_in_metadata), TEST(absent), TEST(optional_parts_may_be_missing),
      TEST(attributes_may_be_missing), TEST(required_parts), TEST(wrong_shapes),
      TEST(missing_in_some), TEST(wrong_types), TEST(other_number_types), TEST(not_finite),
      TEST(links_that_lead_elsewhere), TEST(values_in_another_file), TEST(declared_but_absent),
      TEST(too_large), TEST(wrong_attributes), TEST(changed_since_written), TEST(ways_to_name_it),
      TEST(lean_leaves_out_states), TEST(lean_of_too_many_states))
