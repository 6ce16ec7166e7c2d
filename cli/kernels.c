#include "cli/kernels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// has_skylakex asks for what OpenBLAS's SkylakeX kernels are compiled for.
static bool has_skylakex(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

void cli_choose_kernels(const char* config, char* const* argv) {
  if (getenv("MJIRL_NO_REEXEC") != NULL || getenv("OPENBLAS_CORETYPE") != NULL ||
      strstr(config, " Haswell") == NULL || !has_skylakex()) {
    return;
  }
  // The first variable also keeps the new process from coming here again.
  if (setenv("MJIRL_NO_REEXEC", "1", 1) == 0 && setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 1) == 0) {
    execv("/proc/self/exe", argv);
  }
  // Still here: the program goes on with the kernels it has.
  unsetenv("OPENBLAS_CORETYPE");
}
