// Writing .npz: stored members, so that any zip reader opens them. Times are the zip epoch: equal
// data gives equal bytes.
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "demos/npz_internal.h"

enum { ALIGN = 64, DATE = 33 };  // NumPy's alignment of an array's bytes; 1980-01-01

static void put(irl_npzw* w, const void* bytes, size_t size) {
  if (w->failed || w->too_large || size > UINT32_MAX - w->size) {
    w->too_large |= !w->failed;
    return;
  }
  if (w->size + size > w->capacity) {
    size_t capacity = 2 * w->capacity > w->size + size ? 2 * w->capacity : w->size + size + 4096;
    unsigned char* grown = irl_calloc(capacity, 1);
    if (!grown) {
      w->failed = true;
      return;
    }
    if (w->size) {
      memcpy(grown, w->data, w->size);
    }
    irl_free(w->data);
    w->data = grown;
    w->capacity = capacity;
  }
  if (size) {
    memcpy(w->data + w->size, bytes, size);
  }
  w->size += size;
}

static void put_little(irl_npzw* w, uint32_t value, int n) {
  unsigned char bytes[4];
  for (int i = 0; i < n; i++) {
    bytes[i] = (unsigned char)(value >> 8 * i);
  }
  put(w, bytes, (size_t)n);
}

// What local header and directory entry share: version, flags, method, time, date, checksum, sizes,
// lengths of the name and of the extra field.
static void put_common(irl_npzw* w, int m) {
  const uint32_t words[5] = {20, 0, 0, 0, DATE};
  for (int i = 0; i < 5; i++) {
    put_little(w, words[i], 2);
  }
  put_little(w, w->member[m].crc, 4);
  put_little(w, w->member[m].size, 4);
  put_little(w, w->member[m].size, 4);
  put_little(w, (uint32_t)strlen(w->member[m].name), 2);
  put_little(w, 0, 2);
}

// The .npy header, version 1, padded so that the numbers behind it are aligned.
static size_t npy_header(char out[256], const char* descr, int64_t rows, int cols) {
  char shape[64];
  snprintf(shape, sizeof shape, cols < 0 ? "(%lld,)" : "(%lld, %d)", (long long)rows, cols);
  memset(out, ' ', 256);
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  int size = snprintf(out + 10, 246, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                      descr, shape);
  out[10 + size] = ' ';
  size_t total = ((size_t)(10 + size + 1) + ALIGN - 1) / ALIGN * ALIGN;
  out[total - 1] = '\n';
  out[8] = (char)((total - 10) & 255);
  out[9] = (char)((total - 10) >> 8);
  return total;
}

static uint32_t crc_of(uint32_t crc, const unsigned char* data, size_t size) {
  while (size > 0) {
    uInt part = size > 1u << 30 ? 1u << 30 : (uInt)size;
    crc = (uint32_t)crc32(crc, data, part);
    data += part;
    size -= part;
  }
  return crc;
}

void irl_npzw_add(irl_npzw* w, const char* name, const char* descr, size_t item, const void* data,
                  int64_t rows, int cols) {
  char header[256];
  size_t front = npy_header(header, descr, rows, cols);
  size_t size = (size_t)rows * (size_t)(cols < 0 ? 1 : cols) * item;
  if (w->n == IRL_NPZ_MEMBERS || size > UINT32_MAX - 1024) {
    w->too_large = true;
    return;
  }
  int m = w->n++;
  unsigned char dummy = 0;
  const unsigned char* bytes = size ? data : &dummy;
  snprintf(w->member[m].name, IRL_NPZ_NAME, "%s.npy", name);
  w->member[m].size = (uint32_t)(front + size);
  w->member[m].offset = (uint32_t)w->size;
  w->member[m].crc = crc_of(crc_of(0, (const unsigned char*)header, front), bytes, size);
  put(w, "PK\3\4", 4);
  put_common(w, m);
  put(w, w->member[m].name, strlen(w->member[m].name));
  put(w, header, front);
  put(w, bytes, size);
}

void irl_npzw_finish(irl_npzw* w) {
  uint32_t begin = (uint32_t)w->size;
  for (int m = 0; m < w->n; m++) {
    put(w, "PK\1\2", 4);
    put_little(w, 20, 2);
    put_common(w, m);
    put_little(w, 0, 2);  // comment
    put_little(w, 0, 4);  // disk, internal attributes
    put_little(w, 0, 4);  // external attributes
    put_little(w, w->member[m].offset, 4);
    put(w, w->member[m].name, strlen(w->member[m].name));
  }
  uint32_t size = (uint32_t)w->size - begin;
  put(w, "PK\5\6", 4);
  put_little(w, 0, 4);
  put_little(w, (uint32_t)w->n, 2);
  put_little(w, (uint32_t)w->n, 2);
  put_little(w, size, 4);
  put_little(w, begin, 4);
  put_little(w, 0, 2);
}

void irl_npzw_fini(irl_npzw* w) {
  irl_free(w->data);
  w->data = NULL;
}
