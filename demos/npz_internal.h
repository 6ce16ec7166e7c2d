// NumPy's .npz: a zip of .npy arrays. Read strictly, written without compression.
#ifndef MJIRL_DEMOS_NPZ_INTERNAL_H_
#define MJIRL_DEMOS_NPZ_INTERNAL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

//---------------------------------- Reading -------------------------------------------------------

// Element types that are read; others ("|O": Python objects) are known by name only.
typedef enum irl_npy_type {
  IRL_NPY_OTHER,
  IRL_NPY_F64,
  IRL_NPY_F32,
  IRL_NPY_INT,   // signed, `item` bytes
  IRL_NPY_UINT,  // unsigned
  IRL_NPY_BOOL,
  IRL_NPY_BYTES  // texts of `item` bytes
} irl_npy_type;

enum { IRL_NPZ_NAME = 64, IRL_NPZ_MEMBERS = 64 };

typedef struct irl_npy {
  char name[IRL_NPZ_NAME];  // without .npy
  irl_npy_type type;
  size_t item;                // bytes an element
  int rank;                   // 1 or 2; others are IRL_NPY_OTHER
  int rows, cols;             // cols 1 for one dimension
  bool fortran;               // columns one behind the other
  const unsigned char* data;  // elements, little-endian, not aligned
  unsigned char* owned;       // unpacked bytes of the member, or NULL
} irl_npy;

typedef struct irl_npz {
  irl_npy member[IRL_NPZ_MEMBERS];
  int n;
  char* file;  // owned
  size_t size;
  const char* path;
  irl_errinfo* info;
} irl_npz;

// Every size and checksum is checked. Errors: IRL_EIO, IRL_ENOENT, IRL_EPARSE, IRL_ERANGE (above
// 4 GiB, or unpacked above 8), IRL_EUNSUPPORTED (encrypted, other compression), IRL_ENOMEM.
IRL_NODISCARD irl_err irl_npz_open(irl_npz* npz, const char* path, irl_errinfo* info);
void irl_npz_close(irl_npz* npz);
const irl_npy* irl_npz_find(const irl_npz* npz, const char* name);  // NULL: not there
// The numbers as doubles, row-major, (rows, cols). type must be a number's.
void irl_npy_numbers(const irl_npy* array, double* out);
// One element of a row of whole numbers, exact.
uint64_t irl_npy_bits(const irl_npy* array, int row);

//---------------------------------- Writing -------------------------------------------------------

// A zip in memory; the first failure sticks.
typedef struct irl_npzw {
  unsigned char* data;  // irl_calloc
  size_t size, capacity;
  struct {
    char name[IRL_NPZ_NAME];
    uint32_t crc, size, offset;
  } member[IRL_NPZ_MEMBERS];
  int n;
  bool failed;     // no memory
  bool too_large;  // 4 GiB is the end of plain zips
} irl_npzw;

// Adds an array; descr is NumPy's name of its type ("<f8"), cols < 0: one dimension.
void irl_npzw_add(irl_npzw* w, const char* name, const char* descr, size_t item, const void* data,
                  int64_t rows, int cols);
void irl_npzw_finish(irl_npzw* w);  // writes the directory; data and size are the file
void irl_npzw_fini(irl_npzw* w);

#endif  // MJIRL_DEMOS_NPZ_INTERNAL_H_
