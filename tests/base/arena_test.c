#include "base/arena.h"

#include <stdint.h>

#include "test.h"

static void places_are_aligned_and_zero(void) {
  irl_arena arena;
  CHECK_OK(irl_arena_init(&arena, 4096));
  memset(arena.data, 0xAB, arena.capacity);
  unsigned char* before = NULL;
  for (int i = 1; i < 10; i++) {
    unsigned char* p = irl_arena_alloc(&arena, (size_t)i, 3);
    CHECK(p != NULL && (uintptr_t)p % 64 == 0 && p > before);
    for (int j = 0; j < 3 * i; j++) {
      CHECK(p[j] == 0);
    }
    before = p;
  }
  irl_arena_fini(&arena);
}

static void refuses_what_does_not_fit(void) {
  irl_arena arena;
  CHECK_OK(irl_arena_init(&arena, 256));
  CHECK(irl_arena_alloc(&arena, 257, 1) == NULL);
  CHECK(irl_arena_alloc(&arena, SIZE_MAX, 2) == NULL);
  CHECK(irl_arena_alloc(&arena, SIZE_MAX / 2 + 1, 2) == NULL);
  CHECK(IRL_ARENA_NEW(&arena, double, -1) == NULL);
  CHECK(arena.used == 0);
  CHECK(irl_arena_alloc(&arena, 1, 1) != NULL);
  CHECK(irl_arena_alloc(&arena, 193, 1) == NULL);  // 64 + 193 > 256
  CHECK(irl_arena_alloc(&arena, 192, 1) != NULL);
  CHECK(irl_arena_alloc(&arena, 1, 1) == NULL);
  CHECK(irl_arena_alloc(&arena, 0, 8) != NULL);
  irl_arena_fini(&arena);
  CHECK(irl_arena_alloc(&arena, 1, 1) == NULL);
}

static void release_gives_back(void) {
  irl_arena arena;
  CHECK_OK(irl_arena_init(&arena, 1024));
  CHECK(irl_arena_alloc(&arena, 100, 1) != NULL);
  size_t mark = irl_arena_mark(&arena);
  int* first = IRL_ARENA_NEW(&arena, int, 50);
  CHECK(first != NULL);
  first[49] = 7;
  irl_arena_release(&arena, mark);
  int* second = IRL_ARENA_NEW(&arena, int, 50);
  CHECK(second == first && second[49] == 0);
  irl_arena_release(&arena, 0);
  CHECK(arena.used == 0 && arena.peak == 128 + 200);
  irl_arena_fini(&arena);
}

static void zeroed_arena_can_end(void) {
  irl_arena arena = {0};
  irl_arena_fini(&arena);
  CHECK_OK(irl_arena_init(&arena, 0));
  irl_arena_fini(&arena);
  CHECK(irl_arena_init(&arena, SIZE_MAX) == IRL_ENOMEM);
}

static void heap_memory_checks_overflow(void) {
  CHECK(irl_calloc(SIZE_MAX, 2) == NULL);
  CHECK(irl_calloc(SIZE_MAX, 1) == NULL);
  CHECK(IRL_NEW(double, -5) == NULL);
  unsigned char* p = irl_calloc(1001, 3);
  CHECK(p != NULL && (uintptr_t)p % 64 == 0 && p[0] == 0 && p[3002] == 0);
  irl_free(p);
  void* empty = irl_calloc(0, 8);
  CHECK(empty != NULL);
  irl_free(empty);
  irl_free(NULL);
}

TESTS(TEST(places_are_aligned_and_zero), TEST(refuses_what_does_not_fit), TEST(release_gives_back),
      TEST(zeroed_arena_can_end), TEST(heap_memory_checks_overflow))
