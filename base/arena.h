// Arenas: memory that is placed once and given back all together.
//
// After start-up the training and rollout loops take all their memory from arenas, so that no
// allocation happens per environment step. An arena is not thread safe: one per thread.
#ifndef MJIRL_BASE_ARENA_H_
#define MJIRL_BASE_ARENA_H_

#include <stddef.h>

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_arena {
  unsigned char* data;  // heap block, 64-byte aligned, owned
  size_t capacity;      // bytes
  size_t used;          // bytes
  size_t peak;          // largest `used` so far [bytes]
} irl_arena;

// Allocates `capacity` bytes. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_arena_init(irl_arena* arena, size_t capacity);

// Frees the block; the arena may be initialised again. A zeroed arena is fine.
void irl_arena_fini(irl_arena* arena);

// Returns count*size zeroed bytes, 64-byte aligned; NULL when they overflow or do not fit.
void* irl_arena_alloc(irl_arena* arena, size_t count, size_t size);

#define IRL_ARENA_NEW(arena, type, count) \
  ((type*)irl_arena_alloc((arena), (size_t)(count), sizeof(type)))

// A mark and the return to it, which gives back everything placed since.
size_t irl_arena_mark(const irl_arena* arena);
void irl_arena_release(irl_arena* arena, size_t mark);

// Zeroed heap memory with overflow check, 64-byte aligned; NULL on failure. Free with irl_free.
void* irl_calloc(size_t count, size_t size);
void irl_free(void* memory);

#define IRL_NEW(type, count) ((type*)irl_calloc((size_t)(count), sizeof(type)))

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_ARENA_H_
