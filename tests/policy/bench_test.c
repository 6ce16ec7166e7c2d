#include "policy/bench.h"

#include "test.h"

static void test_runs(void) {
  double microseconds = 0;
  double reference = 0;
  CHECK(irl_policy_bench_backward(&microseconds, &reference, 0) != 0);
  CHECK_OK(irl_policy_bench_backward(&microseconds, &reference, 5));
  CHECK(microseconds > 0 && reference > 0);
}

TESTS(TEST(test_runs))
