// Named arrays in a file: the safetensors format (u64 header size | JSON header | data), written
// without time, path or thread count, so that equal contents give equal bytes. Reading checks
// everything: header below 100 MB, unique names, sizes that fit shapes, offsets in bounds, no gap,
// no overlap, no bytes left over.
#ifndef MJIRL_BASE_TENSORS_H_
#define MJIRL_BASE_TENSORS_H_

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { IRL_TENSOR_MAX_RANK = 4, IRL_TENSOR_NAME_SIZE = 96 };

typedef enum irl_dtype { IRL_F32, IRL_F64, IRL_I64, IRL_U8 } irl_dtype;

typedef struct irl_tensor {
  char name[IRL_TENSOR_NAME_SIZE];
  irl_dtype dtype;
  int rank;  // 0 to IRL_TENSOR_MAX_RANK
  int64_t shape[IRL_TENSOR_MAX_RANK];
  const void* data;  // row-major, little-endian; borrowed when writing
} irl_tensor;

typedef struct irl_tensors irl_tensors;  // a file read into memory

// A tensor for writing. shape has rank entries.
irl_tensor irl_tensor_of(const char* name, irl_dtype dtype, const void* data, int rank,
                         const int64_t* shape);

// Writes atomically, wider types first so that every array is aligned in the file; metadata is
// nmetadata pairs (key, value) of strings, 2*nmetadata entries.
IRL_NODISCARD irl_err irl_tensors_save(const char* path, const irl_tensor* tensors, int ntensors,
                                       const char* const* metadata, int nmetadata,
                                       irl_errinfo* info);

// The same into memory (heap, irl_free).
IRL_NODISCARD irl_err irl_tensors_encode(const irl_tensor* tensors, int ntensors,
                                         const char* const* metadata, int nmetadata, char** data,
                                         size_t* size);

// Reads a file, or bytes in memory, which `name` stands for in messages. Arrays are copied to
// 64-byte aligned places. Types other than irl_dtype's and ranks above 4 are IRL_EUNSUPPORTED.
IRL_NODISCARD irl_err irl_tensors_load(irl_tensors** out, const char* path, irl_errinfo* info);
IRL_NODISCARD irl_err irl_tensors_decode(irl_tensors** out, const char* name, const char* data,
                                         size_t size, irl_errinfo* info);
void irl_tensors_destroy(irl_tensors* tensors);

int irl_tensors_count(const irl_tensors* tensors);
const irl_tensor* irl_tensors_at(const irl_tensors* tensors, int index);

// The tensor of that name with exactly that type and shape, else a sentence (IRL_ENOENT, IRL_EDIM).
IRL_NODISCARD irl_err irl_tensors_find(const irl_tensors* tensors, const char* name,
                                       irl_dtype dtype, int rank, const int64_t* shape,
                                       const void** data, irl_errinfo* info);

// Value of a metadata key, or NULL.
const char* irl_tensors_metadata(const irl_tensors* tensors, const char* key);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_TENSORS_H_
