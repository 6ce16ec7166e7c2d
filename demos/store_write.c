// Writing an HDF5 file.
#include <errno.h>
#include <hdf5.h>
#include <string.h>

#include "base/file.h"
#include "demos/store_internal.h"

_Static_assert(sizeof(hid_t) == sizeof(irl_h5), "HDF5 handles are 64 bits wide since 1.10");

enum { CACHE = 64 << 20 };  // bytes of HDF5's bookkeeping that are held

void irl_h5_quiet(irl_h5_print* old) {
  H5Eget_auto2(H5E_DEFAULT, &old->function, &old->data);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void irl_h5_loud(const irl_h5_print* old) {
  H5Eclear2(H5E_DEFAULT);
  H5Eset_auto2(H5E_DEFAULT, old->function, old->data);
}

// Notes a failure of an HDF5 call, which all return a negative number for it.
static bool went(irl_h5w* w, int64_t result) {
  w->failed |= result < 0;
  return !w->failed;
}

// Passes a handle through and notes when it is none.
static hid_t note(irl_h5w* w, hid_t id) {
  w->failed |= id < 0;
  return id;
}

// h5py's bool.
static hid_t flag_type(irl_h5w* w) {
  hid_t type = note(w, H5Tenum_create(H5T_STD_I8LE));
  const int8_t no = 0, yes = 1;
  went(w, H5Tenum_insert(type, "FALSE", &no));
  went(w, H5Tenum_insert(type, "TRUE", &yes));
  return type;
}

// UTF-8 of `size` bytes, or H5T_VARIABLE.
static hid_t text_type(irl_h5w* w, size_t size) {
  hid_t type = note(w, H5Tcopy(H5T_C_S1));
  went(w, H5Tset_size(type, size));
  went(w, H5Tset_cset(type, H5T_CSET_UTF8));
  return type;
}

// Creation properties of objects: no timestamps, so that equal data gives equal files.
static hid_t object_list(irl_h5w* w, hid_t class) {
  hid_t list = note(w, H5Pcreate(class));
  went(w, H5Pset_obj_track_times(list, false));
  return list;
}

// Room for the bookkeeping of thousands of objects: with HDF5's own 2 MiB it is written and read
// again and again while it grows.
static void set_cache(irl_h5w* w, hid_t list) {
  H5AC_cache_config_t cache = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
  went(w, H5Pget_mdc_config(list, &cache));
  cache.set_initial_size = true;
  cache.initial_size = cache.max_size = CACHE;
  cache.incr_mode = H5C_incr__off;
  cache.flash_incr_mode = H5C_flash_incr__off;
  cache.decr_mode = H5C_decr__off;
  cache.evictions_enabled = false;  // nothing is read back while it is written
  went(w, H5Pset_mdc_config(list, &cache));
}

// The format of HDF5 1.8: every reader in use knows it and its metadata carry checksums.
static hid_t access_list(irl_h5w* w) {
  hid_t list = note(w, H5Pcreate(H5P_FILE_ACCESS));
  set_cache(w, list);
  went(w, H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V18));
  went(w, H5Pset_fclose_degree(list, H5F_CLOSE_STRONG));
  went(w, irl_h5_sink_use(list, w->driver, &w->sink));
  return list;
}

//---------------------------------- Open and finish -----------------------------------------------

void irl_h5w_open(irl_h5w* w, const char* path) {
  memset(w, 0, sizeof *w);
  irl_h5_quiet(&w->print);
  irl_h5_sink_open(&w->sink, path);
  w->failed = w->sink.error != 0;
  w->driver = note(w, irl_h5_sink_driver());
  w->group_list = object_list(w, H5P_GROUP_CREATE);
  w->dataset_list = object_list(w, H5P_DATASET_CREATE);
  went(w, H5Pset_fill_time(w->dataset_list, H5D_FILL_TIME_NEVER));
  w->text_type = text_type(w, H5T_VARIABLE);
  w->flag_type = flag_type(w);
  hid_t access = access_list(w), create = object_list(w, H5P_FILE_CREATE);
  w->file = w->failed ? -1 : note(w, H5Fcreate("mjirl", H5F_ACC_TRUNC, create, access));
  w->place = w->before = -1;
  H5Pclose(access);
  H5Pclose(create);
}

// The group that was written stays at hand for links.
static void close_place(irl_h5w* w) {
  if (w->before >= 0) {
    H5Gclose(w->before);
  }
  w->before = w->place;
  w->place = -1;
}

irl_err irl_h5w_finish(irl_h5w* w, size_t* size, irl_errinfo* info) {
  close_place(w);
  close_place(w);
  went(w, w->file < 0 ? -1 : H5Fclose(w->file));
  H5Pclose(w->group_list);
  H5Pclose(w->dataset_list);
  H5Tclose(w->text_type);
  H5Tclose(w->flag_type);
  H5FDunregister(w->driver);
  irl_h5_loud(&w->print);
  if (w->failed && !w->sink.error) {
    w->sink.error = ENOMEM;  // all that HDF5 itself can lack
  }
  irl_h5_sink_close(&w->sink);
  *size = (size_t)w->sink.end;
  return w->sink.error == 0 ? IRL_OK : irl_file_fail(info, w->sink.path, "write", w->sink.error);
}

//---------------------------------- Objects -------------------------------------------------------

void irl_h5w_group(irl_h5w* w, const char* path) {
  close_place(w);
  if (!w->failed && !strcmp(path, "/")) {
    w->place = note(w, H5Gopen2(w->file, "/", H5P_DEFAULT));
  } else if (!w->failed) {
    w->place = note(w, H5Gcreate2(w->file, path, H5P_DEFAULT, w->group_list, H5P_DEFAULT));
  }
}

void irl_h5w_subgroup(irl_h5w* w, const char* name) {
  if (!w->failed) {
    hid_t group = note(w, H5Gcreate2(w->place, name, H5P_DEFAULT, w->group_list, H5P_DEFAULT));
    H5Gclose(group);
  }
}

void irl_h5w_link(irl_h5w* w, const char* from, const char* name) {
  if (!w->failed) {
    went(w, H5Lcreate_hard(w->before, from, w->place, name, H5P_DEFAULT, H5P_DEFAULT));
  }
}

// One array of rank 0, 1 or 2 in the group that is being written.
static void write_array(irl_h5w* w, const char* name, hid_t file_type, hid_t memory_type,
                        const void* data, int rank, const hsize_t* dims) {
  if (w->failed) {
    return;
  }
  hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dims, NULL);
  hid_t set = H5Dcreate2(w->place, name, file_type, note(w, space), H5P_DEFAULT, w->dataset_list,
                         H5P_DEFAULT);
  if (went(w, set)) {
    went(w, H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
  }
  H5Dclose(set);
  H5Sclose(space);
}

void irl_h5w_numbers(irl_h5w* w, const char* name, const double* data, int rows, int cols) {
  const hsize_t dims[2] = {(hsize_t)rows, (hsize_t)cols};
  write_array(w, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, data, cols == 0 ? 1 : 2, dims);
}

void irl_h5w_ints(irl_h5w* w, const char* name, const int64_t* data, int rows) {
  const hsize_t dims[1] = {(hsize_t)rows};
  write_array(w, name, H5T_STD_I64LE, H5T_NATIVE_INT64, data, 1, dims);
}

void irl_h5w_flags(irl_h5w* w, const char* name, const uint8_t* data, int rows) {
  const hsize_t dims[1] = {(hsize_t)rows};
  write_array(w, name, w->flag_type, w->flag_type, data, 1, dims);
}

// h5py reads these as bytes, which is what robomimic expects.
void irl_h5w_names(irl_h5w* w, const char* name, const char* names, size_t width, int count) {
  const hsize_t dims[1] = {(hsize_t)count};
  hid_t type = note(w, H5Tcopy(H5T_C_S1));
  went(w, H5Tset_size(type, width));
  went(w, H5Tset_strpad(type, H5T_STR_NULLPAD));
  write_array(w, name, type, type, names, 1, dims);
  H5Tclose(type);
}

// Text of fixed length inside a dataset: attributes end at 64 KiB, models do not.
void irl_h5w_text(irl_h5w* w, const char* name, const char* text) {
  size_t size = strlen(text);
  hid_t type = text_type(w, size + 1);
  write_array(w, name, type, type, text, 0, NULL);
  H5Tclose(type);
}

//---------------------------------- Attributes ----------------------------------------------------

// One attribute of the group that is being written: a scalar (count 0) or a list.
static void write_list(irl_h5w* w, const char* name, hid_t file_type, hid_t memory_type,
                       const void* value, int count) {
  const hsize_t dims[1] = {(hsize_t)count};
  if (w->failed) {
    return;
  }
  hid_t space = note(w, count == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, dims, NULL));
  hid_t attribute = H5Acreate2(w->place, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (went(w, attribute)) {
    went(w, H5Awrite(attribute, memory_type, value));
  }
  H5Aclose(attribute);
  H5Sclose(space);
}

static void write_attribute(irl_h5w* w, const char* name, hid_t file_type, hid_t memory_type,
                            const void* value) {
  write_list(w, name, file_type, memory_type, value, 0);
}

void irl_h5w_attr_int(irl_h5w* w, const char* name, int64_t value) {
  write_attribute(w, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

void irl_h5w_attr_uint(irl_h5w* w, const char* name, uint64_t value) {
  write_attribute(w, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &value);
}

void irl_h5w_attr_number(irl_h5w* w, const char* name, double value) {
  write_attribute(w, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

void irl_h5w_attr_numbers(irl_h5w* w, const char* name, const double* value, int count) {
  write_list(w, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, value, count);
}

void irl_h5w_attr_flag(irl_h5w* w, const char* name, bool value) {
  const int8_t byte = value;
  write_attribute(w, name, w->flag_type, w->flag_type, &byte);
}

// Text of variable length: h5py reads it as str, and the length may pass 64 KiB, as only a
// reference stands in the attribute itself.
void irl_h5w_attr_text(irl_h5w* w, const char* name, const char* text) {
  write_attribute(w, name, w->text_type, w->text_type, &text);
}
