#include "base/pool.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include "base/pool_internal.h"
#include "base/random.h"
#include "test.h"

enum { PIECES = 1000, MAX_THREADS = 8 };

typedef struct job {
  double out[PIECES];
  atomic_int runs[PIECES];
  atomic_int inside[MAX_THREADS];  // pieces that a thread is in right now
  atomic_int wrong;
  int nthread;
} job;

static void one_piece(int piece, int thread, void* arg) {
  job* j = arg;
  if (thread < 0 || thread >= j->nthread || atomic_fetch_add(&j->inside[thread], 1) != 0) {
    atomic_fetch_add(&j->wrong, 1);
    return;
  }
  irl_rng rng = irl_rng_stream(5, IRL_PURPOSE_VERIFY, 0, 0, (uint64_t)piece);
  double sum = 0.0;
  for (int i = 0; i < 20; i++) {
    sum += irl_rng_normal(&rng);
  }
  j->out[piece] = sum;
  atomic_fetch_add(&j->runs[piece], 1);
  atomic_fetch_sub(&j->inside[thread], 1);
}

static void run_job(job* j, irl_pool* pool) {
  memset(j, 0, sizeof *j);
  j->nthread = irl_pool_nthread(pool);
  irl_pool_run(pool, PIECES, one_piece, j);
  CHECK(atomic_load(&j->wrong) == 0);
  for (int i = 0; i < PIECES; i++) {
    CHECK(atomic_load(&j->runs[i]) == 1);
  }
}

static void results_do_not_depend_on_threads(void) {
  static job serial, parallel;
  run_job(&serial, NULL);
  for (int nthread = 1; nthread <= MAX_THREADS; nthread++) {
    irl_pool* pool = NULL;
    CHECK_OK(irl_pool_create(&pool, nthread));
    CHECK(irl_pool_nthread(pool) == nthread);
    for (int repeat = 0; repeat < 5; repeat++) {
      run_job(&parallel, pool);
      CHECK(memcmp(serial.out, parallel.out, sizeof serial.out) == 0);
    }
    irl_pool_destroy(pool);
  }
}

static void count_piece(int piece, int thread, void* arg) {
  (void)thread;
  atomic_fetch_add_explicit((atomic_long*)arg, piece + 1, memory_order_relaxed);
}

// Jobs of every small size, one right after the other: a late worker must not enter the next one.
static void many_small_jobs(void) {
  irl_pool* pool = NULL;
  CHECK_OK(irl_pool_create(&pool, 4));
  for (int i = 0; i < 20000; i++) {
    atomic_long sum = 0;
    const int n = i % 9;
    irl_pool_run(pool, n, count_piece, &sum);
    CHECK(atomic_load(&sum) == n * (n + 1) / 2);
  }
  irl_pool_destroy(pool);
}

static void idle_threads_sleep(void) {
  irl_pool* pool = NULL;
  CHECK_OK(irl_pool_create(&pool, MAX_THREADS));
  atomic_long sum = 0;
  irl_pool_run(pool, 100, count_piece, &sum);
  struct timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  double busy =
      (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
  CHECK(busy < 0.02);  // of 0.1 s
  irl_pool_destroy(pool);
}

static void odd_requests(void) {
  irl_pool* pool = NULL;
  CHECK(irl_pool_create(&pool, 100000) == IRL_ERANGE && pool == NULL);
  irl_pool_destroy(NULL);
  CHECK(irl_pool_nthread(NULL) == 1);
  CHECK_OK(irl_pool_create(&pool, 0));
  CHECK(irl_pool_nthread(pool) == irl_cpu_count());
  atomic_long sum = 0;
  irl_pool_run(pool, 0, count_piece, &sum);
  irl_pool_run(pool, -3, count_piece, &sum);
  CHECK(atomic_load(&sum) == 0);
  irl_pool_destroy(pool);
}

static void quotas(void) {
  CHECK(irl_cpu_quota("max 100000\n") == 0);
  CHECK(irl_cpu_quota("200000 100000\n") == 2);
  CHECK(irl_cpu_quota("150000 100000") == 2);
  CHECK(irl_cpu_quota("5000 100000") == 1);
  CHECK(irl_cpu_quota("1e300 1") == 0);
  CHECK(irl_cpu_quota("") == 0);
  CHECK(irl_cpu_quota("12") == 0);
  CHECK(irl_cpu_quota("-1 100000") == 0);
  CHECK(irl_cpu_count() >= 1);
}

static void clock_goes_forward(void) {
  double a = irl_now();
  nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  double b = irl_now();
  CHECK(b - a >= 0.002 && b - a < 1.0);
}

TESTS(TEST(results_do_not_depend_on_threads), TEST(many_small_jobs), TEST(idle_threads_sleep),
      TEST(odd_requests), TEST(quotas), TEST(clock_goes_forward))
