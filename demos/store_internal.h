// The few HDF5 operations that datasets need: checked, silent, and with the same bytes for the same
// data. HDF5's own types stay inside store_read.c and store_write.c.
#ifndef MJIRL_DEMOS_STORE_INTERNAL_H_
#define MJIRL_DEMOS_STORE_INTERNAL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"
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

// A new file that HDF5 writes to, one that never fails as far as HDF5 knows (store_file.c).
typedef struct irl_h5_sink {
  const char* path;  // borrowed
  int fd;            // -1: none
  int error;         // errno of the first failure, 0: none
  int64_t end;       // bytes
  int64_t kicked;    // of them, those that the disk was told of
} irl_h5_sink;
void irl_h5_sink_open(irl_h5_sink* sink, const char* path);
void irl_h5_sink_close(irl_h5_sink* sink);  // and removes the file after an error
irl_h5 irl_h5_sink_driver(void);            // a handle that H5FDunregister takes
int irl_h5_sink_use(irl_h5 access, irl_h5 driver, irl_h5_sink* sink);

// A file that is being written. The first failure sticks and makes all later calls no-ops;
// irl_h5w_finish reports it.
typedef struct irl_h5w {
  irl_h5_sink sink;
  irl_h5 driver;
  irl_h5 file;
  irl_h5 place;         // group that names are relative to
  irl_h5 before;        // the one before it
  irl_h5 group_list;    // creation properties without timestamps
  irl_h5 dataset_list;  // the same for datasets
  irl_h5 text_type;     // UTF-8 text of any length
  irl_h5 flag_type;     // h5py's bool: enum {FALSE, TRUE} on one byte
  bool failed;
  irl_h5_print print;
} irl_h5w;

// path: of a new file, borrowed until the end
void irl_h5w_open(irl_h5w* w, const char* path);
// Ends the writer, also after a failure, which leaves no file. The file's bytes are under way to
// the disk but not synced. Errors: IRL_EIO, IRL_ENOSPC, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_h5w_finish(irl_h5w* w, size_t* size, irl_errinfo* info);

// Absolute path; later names are relative to it. "/" is there already and is only gone to.
void irl_h5w_group(irl_h5w* w, const char* path);
void irl_h5w_subgroup(irl_h5w* w, const char* name);
// Hard link to an object, named relative to the group that was gone to before this one.
void irl_h5w_link(irl_h5w* w, const char* from, const char* name);
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
void irl_h5w_attr_numbers(irl_h5w* w, const char* name, const double* value, int count);
void irl_h5w_attr_flag(irl_h5w* w, const char* name, bool value);
void irl_h5w_attr_text(irl_h5w* w, const char* name, const char* text);

//---------------------------------- Reading -------------------------------------------------------

enum { IRL_H5_DEPTH = 4, IRL_H5_MEMBERS = 12, IRL_H5_NAME = 32, IRL_H5_SETS = 12 };

// A group that was reached by hard links alone, kept open, with its members if they are few.
// Walking to an object by its whole path costs HDF5 more than reading it.
typedef struct irl_h5_group {
  char path[64];  // "" none
  irl_h5 id;
  bool all;  // `member` has all of them
  int n;
  struct {
    char name[IRL_H5_NAME];
    bool hard;
  } member[IRL_H5_MEMBERS];
} irl_h5_group;

// An array that is kept open: first its shape is asked for, then its numbers.
typedef struct irl_h5_set {
  char name[64];  // "" none
  irl_h5 id;
} irl_h5_set;

typedef struct irl_h5r {
  irl_h5 file;
  const char* path;   // for messages, borrowed
  irl_errinfo* info;  // borrowed, may be NULL
  irl_h5_print print;
  irl_h5_group group[IRL_H5_DEPTH];  // the last one of each depth: below the root, below that ...
  irl_h5_set set[IRL_H5_SETS];       // the last ones, in a ring
  int next_set;
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
// Length of an attribute that is a list of at most `most` numbers, 0 when absent; and the numbers.
IRL_NODISCARD irl_err irl_h5r_attr_count(irl_h5r* r, const char* name, const char* attribute,
                                         int most, int* count);
IRL_NODISCARD irl_err irl_h5r_attr_numbers(irl_h5r* r, const char* name, const char* attribute,
                                           int count, double* out);
// Text (irl_free); "" when absent.
IRL_NODISCARD irl_err irl_h5r_attr_text(irl_h5r* r, const char* name, const char* attribute,
                                        char** text);

//---------------------------------- load_world.c --------------------------------------------------

// Takes the number of factors of an episode's world into *nworld, on which episodes that know
// theirs must agree.
IRL_NODISCARD irl_err irl_demos_measure_world(irl_h5r* file, int episode, int* nworld);
// Reads them into a row of the batch; NaN where the episode knows none.
IRL_NODISCARD irl_err irl_demos_read_world(irl_h5r* file, int episode, irl_batch* b, int slot);

#endif  // MJIRL_DEMOS_STORE_INTERNAL_H_
