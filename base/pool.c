#include "base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/pool_internal.h"

enum { MAX_THREADS = 1024 };

typedef struct worker {
  irl_pool* pool;
  int index;  // from 1: thread 0 is the caller
  pthread_t thread;
} worker;

// The caller works too. A worker joins a job only if it wakes while the job is open; when the
// pieces are all taken the caller closes the job and waits for the joined ones alone, so that a
// thread which the system never scheduled costs nothing.
struct irl_pool {
  pthread_mutex_t mutex;
  pthread_cond_t opened;  // a job was opened, or quit
  pthread_cond_t left;    // the last joined worker has left the job
  irl_piece_fn fn;        // NULL: no job is open
  void* arg;
  int npieces;
  unsigned long job;  // number of the job
  int joined;         // workers inside the job
  bool quit;
  atomic_long next;  // piece to hand out
  int nthread;
  worker* workers;  // (nthread - 1)
};

// Pieces go out in order. Their results are seen by the caller through the mutex, not the counter,
// which may therefore be relaxed.
static void take_pieces(irl_pool* pool, irl_piece_fn fn, void* arg, int npieces, int thread) {
  for (;;) {
    long piece = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (piece >= npieces) {
      return;
    }
    fn((int)piece, thread, arg);
  }
}

// Sleeps until a job is open that it has not seen, works on it, sleeps again. The mutex is held
// except while working.
static void* worker_main(void* arg) {
  const worker* self = arg;
  irl_pool* pool = self->pool;
  unsigned long seen = 0;
  pthread_mutex_lock(&pool->mutex);
  for (;;) {
    while (!pool->quit && (pool->fn == NULL || pool->job == seen)) {
      pthread_cond_wait(&pool->opened, &pool->mutex);
    }
    if (pool->quit) {
      break;
    }
    seen = pool->job;
    pool->joined++;
    irl_piece_fn fn = pool->fn;
    void* fn_arg = pool->arg;
    int npieces = pool->npieces;
    pthread_mutex_unlock(&pool->mutex);
    take_pieces(pool, fn, fn_arg, npieces, self->index);
    pthread_mutex_lock(&pool->mutex);
    if (--pool->joined == 0) {
      pthread_cond_signal(&pool->left);
    }
  }
  pthread_mutex_unlock(&pool->mutex);
  return NULL;
}

// Starts the workers with all signals blocked, so that handlers run on the host's own threads.
static irl_err start_workers(irl_pool* pool, int nthread) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  irl_err err = IRL_OK;
  pool->nthread = 1;
  for (int i = 1; i < nthread && err == IRL_OK; i++) {
    worker* w = &pool->workers[i - 1];
    *w = (worker){.pool = pool, .index = i};
    if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
      err = IRL_ENOMEM;
    } else {
      pool->nthread++;
    }
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return err;
}

// A thread that cannot be started is reported as lack of memory, which it nearly always is.
irl_err irl_pool_create(irl_pool** out, int nthread) {
  *out = NULL;
  nthread = nthread > 0 ? nthread : irl_cpu_count();
  if (nthread > MAX_THREADS) {
    return IRL_ERANGE;
  }
  irl_pool* pool = IRL_NEW(irl_pool, 1);
  if (pool == NULL) {
    return IRL_ENOMEM;
  }
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->opened, NULL);
  pthread_cond_init(&pool->left, NULL);
  atomic_init(&pool->next, 0);
  pool->workers = IRL_NEW(worker, nthread - 1);
  irl_err err = pool->workers != NULL ? start_workers(pool, nthread) : IRL_ENOMEM;
  if (err != IRL_OK) {
    irl_pool_destroy(pool);
    return err;
  }
  *out = pool;
  return IRL_OK;
}

void irl_pool_destroy(irl_pool* pool) {
  if (pool == NULL) {
    return;
  }
  pthread_mutex_lock(&pool->mutex);
  pool->quit = true;
  pthread_cond_broadcast(&pool->opened);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i + 1 < pool->nthread; i++) {
    pthread_join(pool->workers[i].thread, NULL);
  }
  pthread_cond_destroy(&pool->left);
  pthread_cond_destroy(&pool->opened);
  pthread_mutex_destroy(&pool->mutex);
  irl_free(pool->workers);
  irl_free(pool);
}

int irl_pool_nthread(const irl_pool* pool) {
  return pool != NULL ? pool->nthread : 1;
}

// Wakes no more workers than there are pieces beside the caller's own.
static void open_job(irl_pool* pool, int npieces, irl_piece_fn fn, void* arg) {
  pthread_mutex_lock(&pool->mutex);
  assert(pool->fn == NULL && "irl_pool_run is not reentrant");
  pool->fn = fn;
  pool->arg = arg;
  pool->npieces = npieces;
  pool->job++;
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  if (npieces >= pool->nthread) {
    pthread_cond_broadcast(&pool->opened);
  } else {
    for (int i = 1; i < npieces; i++) {
      pthread_cond_signal(&pool->opened);
    }
  }
  pthread_mutex_unlock(&pool->mutex);
}

// From here on no worker can join; those inside are waited for.
static void close_job(irl_pool* pool) {
  pthread_mutex_lock(&pool->mutex);
  pool->fn = NULL;
  while (pool->joined > 0) {
    pthread_cond_wait(&pool->left, &pool->mutex);
  }
  pthread_mutex_unlock(&pool->mutex);
}

void irl_pool_run(irl_pool* pool, int npieces, irl_piece_fn fn, void* arg) {
  if (pool == NULL || pool->nthread == 1 || npieces <= 1) {
    for (int piece = 0; piece < npieces; piece++) {
      fn(piece, 0, arg);
    }
    return;
  }
  open_job(pool, npieces, fn, arg);
  take_pieces(pool, fn, arg, npieces, 0);
  close_job(pool);
}

//---------------------------------- CPUs ----------------------------------------------------------

// CPUs in the affinity mask; machines with more than 1024 need a larger mask than cpu_set_t.
static int affinity_count(void) {
  for (size_t ncpu = 1024; ncpu <= (1u << 20); ncpu *= 2) {
    cpu_set_t* set = CPU_ALLOC(ncpu);
    if (set == NULL) {
      break;
    }
    size_t size = CPU_ALLOC_SIZE(ncpu);
    int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) {
      return count;
    }
  }
  return 1;
}

// Containers are given shares of a CPU: 1.5 CPUs are worth two threads.
int irl_cpu_quota(const char* text) {
  char* end = NULL;
  double quota = strtod(text, &end);
  double period = end != text ? strtod(end, NULL) : 0.0;
  if (!(quota > 0.0) || !(period > 0.0)) {  // "max 100000", or nothing that we understand
    return 0;
  }
  double cpus = quota / period;
  return cpus >= MAX_THREADS ? 0 : (int)cpus + ((double)(int)cpus < cpus);
}

// The first line of a file that begins with the prefix. These are the kernel's files, not ours.
static bool read_line(const char* path, const char* prefix, char* line, int size) {
  FILE* file = fopen(path, "re");
  if (file == NULL) {
    return false;
  }
  bool found = false;
  while (!found && fgets(line, size, file) != NULL) {
    found = strncmp(line, prefix, strlen(prefix)) == 0;
  }
  fclose(file);
  return found;
}

// Smallest quota of this process's cgroup (version 2) and those above it; 0: none.
static int cgroup_count(void) {
  char line[1024], file[1100];
  if (!read_line("/proc/self/cgroup", "0::/", line, (int)sizeof line)) {
    return 0;
  }
  line[strcspn(line, "\n")] = '\0';
  char* path = line + strlen("0::");
  int smallest = 0;
  for (;;) {
    char limit[128];
    snprintf(file, sizeof file, "/sys/fs/cgroup%s/cpu.max", path);
    int quota = read_line(file, "", limit, (int)sizeof limit) ? irl_cpu_quota(limit) : 0;
    smallest = quota > 0 && (smallest == 0 || quota < smallest) ? quota : smallest;
    char* slash = strrchr(path, '/');
    if (slash == NULL) {
      return smallest;
    }
    *slash = '\0';
  }
}

int irl_cpu_count(void) {
  int allowed = affinity_count();
  int quota = cgroup_count();
  int count = quota > 0 && quota < allowed ? quota : allowed;
  return count < MAX_THREADS ? count : MAX_THREADS;
}

static double clock_now(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double irl_now(void) {
  return clock_now(CLOCK_MONOTONIC);
}

irl_seconds irl_seconds_now(void) {
  return (irl_seconds){clock_now(CLOCK_MONOTONIC), clock_now(CLOCK_PROCESS_CPUTIME_ID)};
}

irl_seconds irl_seconds_since(irl_seconds start) {
  const irl_seconds now = irl_seconds_now();
  return (irl_seconds){now.wall - start.wall, now.cpu - start.cpu};
}
