// No allocation per environment step: as many for 10 steps as for 100. The program's own malloc is
// put before the C library's, and counts.
#include <stdatomic.h>
#include <stddef.h>

#include "sample.h"

static atomic_long allocations;

#ifdef SANITIZED
#define COUNTING 0
#else
#define COUNTING 1
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);
extern void* malloc(size_t size);
extern void* calloc(size_t count, size_t size);
extern void* realloc(void* memory, size_t size);
extern void* aligned_alloc(size_t alignment, size_t size);

void* malloc(size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_calloc(count, size);
}

void* realloc(void* memory, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_realloc(memory, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_memalign(alignment, size);
}
#endif

static long during_rollout(const irl_task* task, int horizon, int nthread) {
  irl_policy policy = sample_policy(task, horizon, 0.3);
  const irl_policy* each[4] = {&policy, &policy, &policy, &policy};
  irl_batch b = sample_batch(task, 16, horizon);
  irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, each);
  irl_env* env = NULL;
  rollout.run_on = true;
  CHECK_OK(irl_env_create(&env, task, 16, nthread, NULL));
  CHECK_OK(irl_env_rollout(env, &rollout, &b, NULL, NULL, NULL));  // buffers of the first use
  const long before = atomic_load(&allocations);
  CHECK_OK(irl_env_rollout(env, &rollout, &b, NULL, NULL, NULL));
  const long during = atomic_load(&allocations) - before;
  irl_env_destroy(env);
  irl_batch_destroy(&b);
  irl_policy_destroy(&policy);
  return during;
}

static void rollouts_allocate_nothing(void) {
  static const char* const names[] = {"reacher", "inverted_pendulum", "point_mass", "lq_point_mass",
                                      "ant",     "humanoid"};
  for (int k = 0; k < 6; k++) {
    irl_task* task = bundled_task(names[k]);
    for (int nthread = 1; nthread <= 2; nthread++) {
      CHECK(during_rollout(task, 10, nthread) == 0);
      CHECK(during_rollout(task, 100, nthread) == 0);
    }
    irl_task_destroy(task);
  }
}

static void the_counter_counts(void) {
  const long before = atomic_load(&allocations);
  void* volatile memory = malloc(100);
  free(memory);
  CHECK(!COUNTING || atomic_load(&allocations) > before);
}

TESTS(TEST(the_counter_counts), TEST(rollouts_allocate_nothing))
