// Any bytes are either refused with a sentence, or decoded; what was decoded is encoded and decoded
// again, and comes back the same.
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/tensors.h"
#include "fuzz.h"

static size_t bytes_of(const irl_tensor* tensor) {
  static const size_t sizes[] = {4, 8, 8, 1};
  size_t size = sizes[tensor->dtype];
  for (int i = 0; i < tensor->rank; i++) {
    size *= (size_t)tensor->shape[i];
  }
  return size;
}

// Every tensor of `a` is found in `b`, with the same bytes.
static void check_same(const irl_tensors* a, const irl_tensors* b) {
  assert(irl_tensors_count(a) == irl_tensors_count(b));
  for (int i = 0; i < irl_tensors_count(a); i++) {
    const irl_tensor* t = irl_tensors_at(a, i);
    const void* data = NULL;
    irl_err err = irl_tensors_find(b, t->name, t->dtype, t->rank, t->shape, &data, NULL);
    assert(err == IRL_OK && memcmp(data, t->data, bytes_of(t)) == 0);
  }
}

static void check_round_trip(const irl_tensors* decoded) {
  int n = irl_tensors_count(decoded);
  irl_tensor* tensors = IRL_NEW(irl_tensor, n);
  assert(tensors != NULL);
  for (int i = 0; i < n; i++) {
    tensors[i] = *irl_tensors_at(decoded, i);
  }
  char* bytes = NULL;
  size_t size = 0;
  irl_tensors* again = NULL;
  irl_err err = irl_tensors_encode(tensors, n, NULL, 0, &bytes, &size);
  assert(err == IRL_OK);
  err = irl_tensors_decode(&again, "again", bytes, size, NULL);
  assert(err == IRL_OK);
  check_same(decoded, again);
  irl_tensors_destroy(again);
  irl_free(bytes);
  irl_free(tensors);
}

static void decode(const char* data, size_t size) {
  irl_tensors* decoded = NULL;
  irl_errinfo info = {0};
  irl_err err = irl_tensors_decode(&decoded, "input", data, size, &info);
  if (err != IRL_OK) {
    assert(decoded == NULL && info.code == err && strncmp(info.text, "input", 5) == 0);
    return;
  }
  check_round_trip(decoded);
  (void)irl_tensors_metadata(decoded, "format");
  irl_tensors_destroy(decoded);
}

// Once as it is, once with the header's size set so that it ends with the last brace: otherwise
// most changes that a fuzzer makes stop at a wrong size.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  decode((const char*)data, size);
  size_t end = size;
  while (end > 8 && data[end - 1] != '}') {
    end--;
  }
  if (end > 8) {
    char* mended = IRL_NEW(char, size);
    assert(mended != NULL);
    memcpy(mended, data, size);
    const uint64_t header_size = end - 8;
    memcpy(mended, &header_size, 8);
    decode(mended, size);
    irl_free(mended);
  }
  return 0;
}
