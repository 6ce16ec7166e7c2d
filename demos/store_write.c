// Building an HDF5 file in memory.
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "demos/store_internal.h"

_Static_assert(sizeof(hid_t) == sizeof(irl_h5), "HDF5 handles are 64 bits wide since 1.10");

enum { MEMORY_STEP = 1 << 20 };  // bytes the memory file grows by

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

//---------------------------------- Memory of the file --------------------------------------------
// H5Fget_file_image clears a flag in its copy of the superblock but not that block's checksum
// (1.10.8), so the bytes are taken from HDF5's memory driver itself, as they are when the file is
// closed.

static void* image_malloc(size_t size, H5FD_file_image_op_t op, void* user) {
  (void)op, (void)user;
  return malloc(size);
}

static void* image_realloc(void* image, size_t size, H5FD_file_image_op_t op, void* user) {
  (void)op, (void)user;
  return realloc(image, size);
}

static void* image_copy(void* to, const void* from, size_t size, H5FD_file_image_op_t op,
                        void* user) {
  (void)op, (void)user;
  return memcpy(to, from, size);
}

// Keeps the bytes of the file when it is closed.
static herr_t image_free(void* image, H5FD_file_image_op_t op, void* user) {
  irl_h5w* w = user;
  if (op == H5FD_FILE_IMAGE_OP_FILE_CLOSE && !w->image) {
    w->image = image;
  } else {
    free(image);
  }
  return 0;
}

static void* share_user(void* user) {
  return user;
}

static herr_t leave_user(void* user) {
  (void)user;
  return 0;
}

// The format of HDF5 1.8: every reader in use knows it and its metadata carry checksums.
static hid_t access_list(irl_h5w* w) {
  H5FD_file_image_callbacks_t calls = {
      image_malloc, image_copy, image_realloc, image_free, share_user, leave_user, w};
  hid_t list = note(w, H5Pcreate(H5P_FILE_ACCESS));
  went(w, H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V18));
  went(w, H5Pset_fclose_degree(list, H5F_CLOSE_STRONG));
  went(w, H5Pset_fapl_core(list, MEMORY_STEP, false));
  went(w, H5Pset_file_image_callbacks(list, &calls));
  return list;
}

//---------------------------------- Open and finish -----------------------------------------------

void irl_h5w_open(irl_h5w* w) {
  memset(w, 0, sizeof *w);
  irl_h5_quiet(&w->print);
  w->group_list = object_list(w, H5P_GROUP_CREATE);
  w->dataset_list = object_list(w, H5P_DATASET_CREATE);
  went(w, H5Pset_fill_time(w->dataset_list, H5D_FILL_TIME_NEVER));
  w->text_type = text_type(w, H5T_VARIABLE);
  w->flag_type = flag_type(w);
  hid_t access = access_list(w), create = object_list(w, H5P_FILE_CREATE);
  w->file = note(w, H5Fcreate("mjirl", H5F_ACC_TRUNC, create, access));
  w->place = -1;
  H5Pclose(access);
  H5Pclose(create);
}

static void close_place(irl_h5w* w) {
  if (w->place >= 0) {
    H5Gclose(w->place);
  }
  w->place = -1;
}

// Size of a file in the format above: the end of file address in its superblock, version 2.
static size_t image_size(const unsigned char* image) {
  enum { VERSION = 8, END_OF_FILE = 28 };
  uint64_t size = 0;
  for (int i = 7; i >= 0; i--) {
    size = size << 8 | image[END_OF_FILE + i];
  }
  return image[VERSION] == 2 ? (size_t)size : 0;
}

irl_err irl_h5w_finish(irl_h5w* w, void** image, size_t* size) {
  *image = NULL;
  *size = 0;
  close_place(w);
  went(w, w->file < 0 ? -1 : H5Fclose(w->file));
  H5Pclose(w->group_list);
  H5Pclose(w->dataset_list);
  H5Tclose(w->text_type);
  H5Tclose(w->flag_type);
  irl_h5_loud(&w->print);
  if (w->failed || !w->image) {
    free(w->image);
    return IRL_ENOMEM;
  }
  *image = w->image;
  *size = image_size(w->image);
  return IRL_OK;
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

void irl_h5w_link(irl_h5w* w, const char* path, const char* name) {
  if (!w->failed) {
    went(w, H5Lcreate_hard(w->file, path, w->place, name, H5P_DEFAULT, H5P_DEFAULT));
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

// One scalar attribute of the group that is being written.
static void write_attribute(irl_h5w* w, const char* name, hid_t file_type, hid_t memory_type,
                            const void* value) {
  if (w->failed) {
    return;
  }
  hid_t space = note(w, H5Screate(H5S_SCALAR));
  hid_t attribute = H5Acreate2(w->place, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (went(w, attribute)) {
    went(w, H5Awrite(attribute, memory_type, value));
  }
  H5Aclose(attribute);
  H5Sclose(space);
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

void irl_h5w_attr_flag(irl_h5w* w, const char* name, bool value) {
  const int8_t byte = value;
  write_attribute(w, name, w->flag_type, w->flag_type, &byte);
}

// Text of variable length: h5py reads it as str, and the length may pass 64 KiB, as only a
// reference stands in the attribute itself.
void irl_h5w_attr_text(irl_h5w* w, const char* name, const char* text) {
  write_attribute(w, name, w->text_type, w->text_type, &text);
}
