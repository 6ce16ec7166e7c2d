// Speed of rollouts. The goal is 0.97 of bare simulation; the test allows for a busy machine.
#include "envs/bench.h"

#include "sample.h"

#ifdef SANITIZED
static const double least = 0.1;
#else
static const double least = 0.9;
#endif

static void rollouts_keep_up_with_bare_simulation(void) {
  static const char* const names[] = {"reacher", "inverted_pendulum", "point_mass",
                                      "lq_point_mass"};
  for (int k = 0; k < 4; k++) {
    irl_task* task = bundled_task(names[k]);
    irl_env_bench bench = {0};
    for (int tries = 0; tries < 5 && bench.ratio < least; tries++) {
      CHECK_OK(irl_env_bench_run(&bench, task, 1, 11, NULL));
    }
    printf("%s: %.0f control steps a second, %.3f of bare simulation\n", names[k],
           bench.steps_per_second, bench.ratio);
    CHECK(bench.ratio >= least && bench.ratio < 1.5 && bench.steps_per_second > 0);
    irl_task_destroy(task);
  }
}

static void bad_requests_are_refused(void) {
  irl_env_bench bench;
  irl_errinfo info = {0};
  irl_task* task = bundled_task("reacher");
  CHECK(irl_env_bench_run(&bench, task, 1, 0, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "repetitions");
  irl_task_destroy(task);
}

TESTS(TEST(rollouts_keep_up_with_bare_simulation), TEST(bad_requests_are_refused))
