#include <string.h>

#include "base/file.h"
#include "irl/search_file_internal.h"

void irl_search_identity(const irl_task* task, uint64_t seed, irl_jout* out) {
  const char *json = irl_task_json(task), *mjcf = irl_task_mjcf(task);
  irl_jout_key_string(out, "task", irl_task_get(task)->name);
  irl_jout_key_int(out, "definition",
                   irl_crc32c(irl_crc32c(0, json, strlen(json)), mjcf, strlen(mjcf)));
  irl_jout_key_uint(out, "seed", seed);
}

irl_err irl_search_other(const char* path, irl_errinfo* info) {
  return irl_fail(info, IRL_EDIM,
                  "%s: the search was begun with another task, seed or settings; give those, or "
                  "leave out --resume",
                  path);
}

size_t irl_tensor_bytes(const irl_tensor* t) {
  size_t bytes = sizeof(double);
  for (int k = 0; k < t->rank; k++) {
    bytes *= (size_t)t->shape[k];
  }
  return bytes;
}

irl_err irl_tensor_read(const irl_tensor* t, const irl_tensors* file, irl_errinfo* info) {
  const void* data = NULL;
  IRL_TRY(irl_tensors_find(file, t->name, t->dtype, t->rank, t->shape, &data, info));
  memcpy(irl_tensor_place(t), data, irl_tensor_bytes(t));
  return IRL_OK;
}
