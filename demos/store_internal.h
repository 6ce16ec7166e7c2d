// The few HDF5 operations that datasets need: checked, silent, and with the same bytes for the same
// data. HDF5's own types stay inside store_read.c and store_write.c.
#ifndef MJIRL_DEMOS_STORE_INTERNAL_H_
#define MJIRL_DEMOS_STORE_INTERNAL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef int64_t irl_h5;  // an HDF5 handle, negative: none

// HDF5's error printing, switched off by irl_h5_quiet and put back by irl_h5_loud.
typedef struct irl_h5_print {
  int (*function)(irl_h5 stack, void* data);
  void* data;
} irl_h5_print;
void irl_h5_quiet(irl_h5_print* old);
void irl_h5_loud(const irl_h5_print* old);

//---------------------------------- Writing -------------------------------------------------------

// A file that is built in memory: HDF5 never touches the disk, because a failed write leaves it
// with handles that it can neither close nor forget (it crashes at exit). The first failure sticks
// and makes all later calls no-ops; irl_h5w_finish reports it.
typedef struct irl_h5w {
  irl_h5 file;
  irl_h5 place;         // group that names are relative to
  irl_h5 group_list;    // creation properties without timestamps
  irl_h5 dataset_list;  // the same for datasets
  irl_h5 text_type;     // UTF-8 text of any length
  irl_h5 flag_type;     // h5py's bool: enum {FALSE, TRUE} on one byte
  bool failed;
  void* image;  // the file's bytes once it is closed
  irl_h5_print print;
} irl_h5w;

void irl_h5w_open(irl_h5w* w);
// The file's bytes (free) and the end of the writer, also after a failure.
IRL_NODISCARD irl_err irl_h5w_finish(irl_h5w* w, void** image, size_t* size);

// Absolute path; later names are relative to it. "/" is there already and is only gone to.
void irl_h5w_group(irl_h5w* w, const char* path);
void irl_h5w_subgroup(irl_h5w* w, const char* name);
void irl_h5w_link(irl_h5w* w, const char* path, const char* name);  // hard link to an object
// cols 0: one-dimensional
void irl_h5w_numbers(irl_h5w* w, const char* name, const double* data, int rows, int cols);
void irl_h5w_ints(irl_h5w* w, const char* name, const int64_t* data, int rows);
void irl_h5w_flags(irl_h5w* w, const char* name, const uint8_t* data, int rows);
// count names of `width` bytes each, zero-filled, as robomimic's masks are
void irl_h5w_names(irl_h5w* w, const char* name, const char* names, size_t width, int count);
void irl_h5w_text(irl_h5w* w, const char* name, const char* text);  // scalar text, any length
void irl_h5w_attr_int(irl_h5w* w, const char* name, int64_t value);
void irl_h5w_attr_uint(irl_h5w* w, const char* name, uint64_t value);
void irl_h5w_attr_number(irl_h5w* w, const char* name, double value);
void irl_h5w_attr_flag(irl_h5w* w, const char* name, bool value);
void irl_h5w_attr_text(irl_h5w* w, const char* name, const char* text);

//---------------------------------- Reading -------------------------------------------------------

typedef struct irl_h5r {
  irl_h5 file;
  const char* path;   // for messages, borrowed
  irl_errinfo* info;  // borrowed, may be NULL
  irl_h5_print print;
  char group[64];  // path of the group that was last found by hard links alone, "" none
} irl_h5r;

// Shape of an array; cols is 1 for one dimension.
typedef struct irl_h5_shape {
  bool present;
  int rank;  // 1 or 2
  int rows, cols;
} irl_h5_shape;

IRL_NODISCARD irl_err irl_h5r_open(irl_h5r* r, const char* path, irl_errinfo* info);
void irl_h5r_close(irl_h5r* r);

// Names are paths from the root, "/"-separated, without one in front. Only hard links are followed.
IRL_NODISCARD irl_err irl_h5r_find(irl_h5r* r, const char* name, bool* present);
// Number of links in the root that are named <prefix><digits>.
IRL_NODISCARD irl_err irl_h5r_count(irl_h5r* r, const char* prefix, int* count);
// Names of the hard-linked members of a group in alphabetical order, NULL-ended
// (irl_h5_names_free); none where there is no such group. At most 2^20. Errors: IRL_EPARSE,
// IRL_ERANGE, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_h5r_members(irl_h5r* r, const char* group, char*** names, int* count);
// The strings of a one-dimensional array of texts of fixed length, in the same form.
IRL_NODISCARD irl_err irl_h5r_names(irl_h5r* r, const char* name, char*** names, int* count);
void irl_h5_names_free(char** names);  // NULL is fine
// Refuses everything but a plain array of numbers inside this file.
IRL_NODISCARD irl_err irl_h5r_shape(irl_h5r* r, const char* name, irl_h5_shape* shape);
// Reads an array of known shape, from any number type or bool.
IRL_NODISCARD irl_err irl_h5r_numbers(irl_h5r* r, const char* name, double* out, int rows,
                                      int cols);
// Scalar text (irl_free); "" when absent.
IRL_NODISCARD irl_err irl_h5r_text(irl_h5r* r, const char* name, char** text);
// Attributes of an object; *present false and the value untouched when absent.
IRL_NODISCARD irl_err irl_h5r_attr_int(irl_h5r* r, const char* name, const char* attribute,
                                       int64_t* value, bool* present);
IRL_NODISCARD irl_err irl_h5r_attr_uint(irl_h5r* r, const char* name, const char* attribute,
                                        uint64_t* value, bool* present);
// Text (irl_free); "" when absent.
IRL_NODISCARD irl_err irl_h5r_attr_text(irl_h5r* r, const char* name, const char* attribute,
                                        char** text);

#endif  // MJIRL_DEMOS_STORE_INTERNAL_H_
