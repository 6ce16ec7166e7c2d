// An iteration with twice as much takes about twice as long, not four times.
#include "irl/bench_iteration.h"

#include "irl/runtime.h"
#include "test.h"

// What is quadratic has a ratio of 0.5; the goal of 0.9 is for `mjirl bench` on an idle machine.
static void costs_grow_linearly(void) {
  irl_runtime_init();
  for (int growth = IRL_BENCH_SAMPLES; growth <= IRL_BENCH_CONDITIONS; growth++) {
    irl_bench_iteration b;
    irl_errinfo info = {IRL_OK, ""};
    CHECK_OK(irl_bench_iteration_run(&b, (irl_bench_growth)growth, 3, &info));
    printf("     %g ms, %g ms, ratio %.3f\n", 1e3 * b.once, 1e3 * b.twice, b.ratio);
    CHECK(b.twice > 1.1 * b.once);  // the second learner does have more to do
    CHECK(b.ratio > 0.6);
  }
}

static void bad_repeats_are_refused(void) {
  irl_bench_iteration b;
  CHECK(irl_bench_iteration_run(&b, IRL_BENCH_SAMPLES, 0, NULL) == IRL_ERANGE);
  CHECK(irl_bench_iteration_run(&b, IRL_BENCH_SAMPLES, 65, NULL) == IRL_ERANGE);
}

TESTS(TEST(costs_grow_linearly), TEST(bad_repeats_are_refused))
