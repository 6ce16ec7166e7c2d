// Counts what a test program takes from the heap: its own malloc stands before the C library's. For
// one source file of a program. Under sanitizers, which have a malloc of their own, nothing counts
// and COUNTING is 0.
#ifndef MJIRL_TESTS_ALLOCATIONS_H_
#define MJIRL_TESTS_ALLOCATIONS_H_

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "test.h"

static atomic_long allocations;

#ifdef SANITIZED
#define COUNTING 0
#else
#define COUNTING 1
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

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

// For every program that counts: zero would be no news where nothing is counted.
static void the_counter_counts(void) {
  const long before = atomic_load(&allocations);
  void* volatile memory = malloc(100);
  free(memory);
  CHECK(!COUNTING || atomic_load(&allocations) > before);
}

#endif  // MJIRL_TESTS_ALLOCATIONS_H_
