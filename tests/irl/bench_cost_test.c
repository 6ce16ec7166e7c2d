// The benchmark's figures fit together. How fast the machine is, is not judged here.
#include "irl/bench_cost.h"

#include "test.h"

static void figures_fit_together(void) {
  irl_bench_cost b = {
      .rows = 1500, .nx = 10, .nu = 2, .width = 32, .depth = 2, .outputs = 16, .threads = 2};
  CHECK_OK(irl_bench_cost_run(&b, 5));
  // Forward: 2 (10·32 + 32·32 + 10·16 + 32·16) a row; backward as much again for the parameters,
  // and 2 (32·32 + 16·32) for the hidden layers.
  CHECK_NEAR(b.flops, 1500.0 * 2 * (2 * (320 + 1024 + 160 + 512) + 1024 + 512), 0);
  CHECK(b.seconds > 0 && b.gemm_seconds > 0 && b.expand_seconds > 0 && b.ratio > 0);
  CHECK_NEAR(b.rate * b.seconds, b.flops, 1e-6 * b.flops);
  CHECK_NEAR(b.gemm_rate * b.gemm_seconds, b.flops, 1e-6 * b.flops);
}

static void bad_sizes_are_refused(void) {
  irl_bench_cost b = {.rows = 0, .nx = 1, .nu = 1, .width = 1, .depth = 1, .outputs = 1};
  CHECK(irl_bench_cost_run(&b, 1) == IRL_ERANGE);
  b.rows = 1;
  CHECK(irl_bench_cost_run(&b, 0) == IRL_ERANGE);
  b.width = 0;
  CHECK(irl_bench_cost_run(&b, 1) == IRL_ERANGE);
}

TESTS(TEST(figures_fit_together), TEST(bad_sizes_are_refused))
