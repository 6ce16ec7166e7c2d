#include "irl/runtime.h"

#include <cblas.h>

#include "envs/task.h"

void irl_runtime_init(void) {
  irl_env_runtime_init();
  openblas_set_num_threads(1);
}

const char* irl_runtime_blas(void) {
  return openblas_get_config();
}
