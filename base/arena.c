#include "base/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
  ALIGNMENT = 64,       // a cache line, and the widest vector
  HUGE_BLOCK = 8 << 20  // bytes
};

// Rounds up to a multiple of ALIGNMENT; false when that overflows.
static bool round_up(size_t size, size_t* rounded) {
  if (size > SIZE_MAX - (ALIGNMENT - 1)) {
    return false;
  }
  *rounded = (size + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1);
  return true;
}

// Large blocks in pages of 2 MiB, where the system has them: a fault for each 4 KiB costs more than
// filling them. It is a wish only.
static void advise_huge(void* memory, size_t size) {
  const uintptr_t page = 4096, begin = ((uintptr_t)memory + page - 1) & ~(page - 1);
  if (size >= HUGE_BLOCK) {
    (void)madvise((void*)begin, ((uintptr_t)memory + size - begin) & ~(page - 1), MADV_HUGEPAGE);
  }
}

// All heap memory of this room comes from here (cJSON takes its own). PTRDIFF_MAX: larger blocks
// cannot be indexed.
void* irl_calloc(size_t count, size_t size) {
  size_t bytes = 0;
  size_t rounded = 0;
  if (__builtin_mul_overflow(count, size, &bytes) || !round_up(bytes, &rounded) ||
      rounded > PTRDIFF_MAX) {
    return NULL;
  }
  // An empty block still is a block: NULL is left to mean failure.
  rounded = rounded > 0 ? rounded : ALIGNMENT;
  void* memory = aligned_alloc(ALIGNMENT, rounded);
  if (memory != NULL) {
    advise_huge(memory, rounded);
    memset(memory, 0, rounded);
  }
  return memory;
}

void irl_free(void* memory) {
  free(memory);
}

irl_err irl_arena_init(irl_arena* arena, size_t capacity) {
  *arena = (irl_arena){0};
  arena->data = irl_calloc(capacity, 1);
  if (arena->data == NULL) {
    return IRL_ENOMEM;
  }
  arena->capacity = capacity;
  return IRL_OK;
}

void irl_arena_fini(irl_arena* arena) {
  irl_free(arena->data);
  *arena = (irl_arena){0};
}

// `used` is not rounded up afterwards, so that a last array may fill the block to its end.
void* irl_arena_alloc(irl_arena* arena, size_t count, size_t size) {
  size_t bytes = 0;
  size_t begin = 0;
  if (__builtin_mul_overflow(count, size, &bytes) || !round_up(arena->used, &begin) ||
      begin > arena->capacity || bytes > arena->capacity - begin || arena->data == NULL) {
    return NULL;
  }
  arena->used = begin + bytes;
  arena->peak = arena->used > arena->peak ? arena->used : arena->peak;
  return memset(arena->data + begin, 0, bytes);
}

size_t irl_arena_mark(const irl_arena* arena) {
  return arena->used;
}

void irl_arena_release(irl_arena* arena, size_t mark) {
  assert(mark <= arena->used);
  arena->used = mark;
}
