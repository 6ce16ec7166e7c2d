// Which OpenBLAS kernels run: chosen before the library loads, so only a program can do it.
#ifndef MJIRL_CLI_KERNELS_H_
#define MJIRL_CLI_KERNELS_H_

// OpenBLAS takes its Haswell kernels on CPUs that are newer than itself, though they have AVX-512.
// Where `config` (irl_runtime_blas) says so, starts this program anew with
// OPENBLAS_CORETYPE=SKYLAKEX; returns when there is nothing to gain, the variable is set already,
// or MJIRL_NO_REEXEC is set.
void cli_choose_kernels(const char* config, char* const* argv);

#endif  // MJIRL_CLI_KERNELS_H_
