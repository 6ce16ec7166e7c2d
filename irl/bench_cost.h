// Speed of the neural cost, measured against OpenBLAS in the same process.
#ifndef MJIRL_IRL_BENCH_COST_H_
#define MJIRL_IRL_BENCH_COST_H_

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_bench_cost {
  int rows;
  int nx;
  int nu;
  int width;
  int depth;
  int outputs;
  int threads;

  double flops;           // multiplications and additions of one update's matrix products
  double seconds;         // one update: forward, backward, Adam (median)
  double gemm_seconds;    // the same products alone, each by cblas_sgemm at its best (median)
  double rate;            // flops / seconds
  double gemm_rate;       // flops / gemm_seconds
  double ratio;           // rate / gemm_rate, at most about 1 (median of the paired measurements)
  double expand_seconds;  // irl_cost_expand_rows over all rows (median)
} irl_bench_cost;

// Measures a quadratic cost of the sizes given in *bench and fills in the rest. `at its best`: each
// product is tried whole with OpenBLAS's own threads and in blocks of several sizes shared out over
// ours, and the fastest way is taken. repeats >= 1. Errors: IRL_ENOMEM, IRL_ERANGE for the sizes.
// Sets OpenBLAS's number of threads and leaves it at 1; nothing else may use it meanwhile.
IRL_NODISCARD irl_err irl_bench_cost_run(irl_bench_cost* bench, int repeats);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_BENCH_COST_H_
