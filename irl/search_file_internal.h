// What the files of searches have in common (stationary_state.c, optimizer_state.c).
#ifndef MJIRL_IRL_SEARCH_FILE_INTERNAL_H_
#define MJIRL_IRL_SEARCH_FILE_INTERNAL_H_

#include <stdint.h>

#include "base/json.h"
#include "base/tensors.h"
#include "envs/task.h"

// Writes the keys "task", "definition" and "seed", with which the settings of a search begin. The
// definition is a checksum of the task's texts.
void irl_search_identity(const irl_task* task, uint64_t seed, irl_jout* out);

// Says that a file is of another search; IRL_EDIM.
IRL_NODISCARD irl_err irl_search_other(const char* path, irl_errinfo* info);

// Where a tensor that was made of an array which may be written has it.
static inline void* irl_tensor_place(const irl_tensor* t) {
  return (void*)(uintptr_t)t->data;
}

// Bytes of a tensor of doubles or int64_t.
size_t irl_tensor_bytes(const irl_tensor* t);

// Copies the file's tensor of t's name, type (doubles or int64_t) and shape to where t has its
// data. Errors: IRL_ENOENT, IRL_EDIM.
IRL_NODISCARD irl_err irl_tensor_read(const irl_tensor* t, const irl_tensors* file,
                                      irl_errinfo* info);

#endif  // MJIRL_IRL_SEARCH_FILE_INTERNAL_H_
