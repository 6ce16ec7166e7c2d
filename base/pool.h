// A fixed pool of threads that share out numbered pieces of work. Which thread takes which piece is
// not determined; what a piece computes must depend on its number alone.
#ifndef MJIRL_BASE_POOL_H_
#define MJIRL_BASE_POOL_H_

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_pool irl_pool;

// piece in [0, npieces), thread in [0, irl_pool_nthread) for scratch memory only.
typedef void (*irl_piece_fn)(int piece, int thread, void* arg);

// nthread threads in all, the caller's included; nthread <= 0: one per CPU this process may use.
IRL_NODISCARD irl_err irl_pool_create(irl_pool** pool, int nthread);
void irl_pool_destroy(irl_pool* pool);  // NULL is fine
int irl_pool_nthread(const irl_pool* pool);

// Runs fn on every piece and returns when all are done. pool may be NULL (serial). Not reentrant.
void irl_pool_run(irl_pool* pool, int npieces, irl_piece_fn fn, void* arg);

// CPUs this process may use (affinity and cgroup respected).
int irl_cpu_count(void);

// Monotonic clock [s].
double irl_now(void);

// Time that passed and time of all the process's threads [s].
typedef struct irl_seconds {
  double wall, cpu;
} irl_seconds;
irl_seconds irl_seconds_now(void);
irl_seconds irl_seconds_since(irl_seconds start);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_POOL_H_
