// Reading .npz: zip (stored or deflated members, APPNOTE 6.3) and .npy (NumPy's format, versions 1
// to 3).
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/file.h"
#include "demos/npz_internal.h"

#define MAX_FILE ((size_t)4 << 30)
#define MAX_UNPACKED ((uint64_t)8 << 30)

enum {
  END_SIZE = 22,    // end of central directory
  ENTRY_SIZE = 46,  // fixed part of a directory entry
  LOCAL_SIZE = 30,  // fixed part of a local header
  STORED = 0,
  DEFLATED = 8
};

typedef struct entry {
  unsigned flags, method;
  uint32_t crc;
  uint64_t packed, unpacked, offset;
  const unsigned char* name;
  unsigned name_size;
} entry;

//---------------------------------- Bytes ---------------------------------------------------------

static uint64_t little(const unsigned char* bytes, int n) {
  uint64_t value = 0;
  for (int i = n - 1; i >= 0; i--) {
    value = value << 8 | bytes[i];
  }
  return value;
}

static irl_err damaged(const irl_npz* z, const char* why) {
  return irl_fail(z->info, IRL_EPARSE,
                  "%s: is not a sound .npz (%s); get it anew from where it came", z->path, why);
}

//---------------------------------- Zip -----------------------------------------------------------

// The last end-of-directory record whose comment reaches to the end of the file.
static const unsigned char* find_end(const irl_npz* z) {
  const unsigned char* file = (const unsigned char*)z->file;
  if (z->size < END_SIZE) {
    return NULL;
  }
  for (size_t back = END_SIZE; back <= z->size && back <= END_SIZE + 65535u; back++) {
    const unsigned char* at = file + z->size - back;
    if (!memcmp(at, "PK\5\6", 4) && little(at + 20, 2) == back - END_SIZE) {
      return at;
    }
  }
  return NULL;
}

// Sizes of 64 bits stand in an extra field, in the order of those that do not fit.
static bool read_wide(entry* e, const unsigned char* extra, size_t size) {
  uint64_t* wide[3] = {&e->unpacked, &e->packed, &e->offset};
  while (size >= 4) {
    size_t field = (size_t)little(extra + 2, 2);
    if (field > size - 4) {
      return false;
    }
    const unsigned char *at = extra + 4, *end = at + field;
    for (int i = 0; i < 3 && little(extra, 2) == 1; i++) {
      if (*wide[i] == UINT32_MAX && end - at >= 8) {
        *wide[i] = little(at, 8);
        at += 8;
      }
    }
    extra = end;
    size -= 4 + field;
  }
  return true;
}

// Reads the directory entry at *at and moves on.
static bool read_entry(const irl_npz* z, size_t* at, entry* e) {
  const unsigned char* p = (const unsigned char*)z->file + *at;
  if (*at > z->size || z->size - *at < ENTRY_SIZE || memcmp(p, "PK\1\2", 4) != 0) {
    return false;
  }
  size_t name = (size_t)little(p + 28, 2), extra = (size_t)little(p + 30, 2),
         comment = (size_t)little(p + 32, 2);
  if (z->size - *at - ENTRY_SIZE < name + extra + comment) {
    return false;
  }
  *e = (entry){.flags = (unsigned)little(p + 8, 2),
               .method = (unsigned)little(p + 10, 2),
               .crc = (uint32_t)little(p + 16, 4),
               .packed = little(p + 20, 4),
               .unpacked = little(p + 24, 4),
               .offset = little(p + 42, 4),
               .name = p + ENTRY_SIZE,
               .name_size = (unsigned)name};
  *at += ENTRY_SIZE + name + extra + comment;
  return read_wide(e, p + ENTRY_SIZE + name, extra);
}

// Where a member's bytes begin; NULL if they do not lie within the file.
static const unsigned char* find_data(const irl_npz* z, const entry* e) {
  const unsigned char* file = (const unsigned char*)z->file;
  if (e->offset > z->size || z->size - e->offset < LOCAL_SIZE ||
      memcmp(file + e->offset, "PK\3\4", 4) != 0) {
    return NULL;
  }
  uint64_t begin =
      e->offset + LOCAL_SIZE + little(file + e->offset + 26, 2) + little(file + e->offset + 28, 2);
  return begin <= z->size && e->packed <= z->size - begin ? file + begin : NULL;
}

// Checksum of any length; zlib takes at most 4 GiB at once.
static uint32_t crc_of(const unsigned char* data, uint64_t size) {
  uLong crc = crc32(0, NULL, 0);
  while (size > 0) {
    uInt part = size > 1u << 30 ? 1u << 30 : (uInt)size;
    crc = crc32(crc, data, part);
    data += part;
    size -= part;
  }
  return (uint32_t)crc;
}

// Unpacks exactly `unpacked` bytes; anything else is damage.
static bool inflate_all(const unsigned char* in, uint64_t packed, unsigned char* out,
                        uint64_t unpacked) {
  z_stream s = {0};
  if (packed > UINT_MAX || inflateInit2(&s, -MAX_WBITS) != Z_OK) {
    return false;
  }
  unsigned char* input = malloc(packed ? (size_t)packed : 1);  // zlib's input is not const
  int result = input ? Z_OK : Z_MEM_ERROR;
  uint64_t done = 0;
  if (input) {
    memcpy(input, in, (size_t)packed);
    s.next_in = input;
    s.avail_in = (uInt)packed;
  }
  while (result == Z_OK) {
    uint64_t left = unpacked - done;
    unsigned char spare;
    s.next_out = left ? out + done : &spare;
    s.avail_out = left > 1u << 30 ? 1u << 30 : left ? (uInt)left : 1;
    uInt room = s.avail_out;
    result = inflate(&s, Z_NO_FLUSH);
    done += room - s.avail_out;
    if (done > unpacked || (result == Z_OK && room == s.avail_out && s.avail_in == 0)) {
      result = Z_DATA_ERROR;
    }
  }
  inflateEnd(&s);
  free(input);
  return result == Z_STREAM_END && done == unpacked;
}

//---------------------------------- Npy -----------------------------------------------------------

// The text behind "'key':" in a header, without blanks in front; NULL: no such key.
static const char* header_value(const char* header, const char* key) {
  char quoted[32];
  snprintf(quoted, sizeof quoted, "'%s':", key);
  const char* at = strstr(header, quoted);
  return at ? at + strlen(quoted) + strspn(at + strlen(quoted), " ") : NULL;
}

static void read_type(irl_npy* a, const char* descr) {
  char order = descr[0] == '\'' ? descr[1] : 0, kind = order ? descr[2] : 0;
  char* end = NULL;
  unsigned long item = kind ? strtoul(descr + 3, &end, 10) : 0;
  bool known = (order == '<' || order == '|') && end && *end == '\'' && item > 0;
  bool number = item == 1 || item == 2 || item == 4 || item == 8;
  a->type = IRL_NPY_OTHER;
  a->item = known && item <= 65536 ? item : 0;
  if (!a->item) {
    return;
  }
  if (kind == 'f' && item >= 4 && number) {
    a->type = item == 8 ? IRL_NPY_F64 : IRL_NPY_F32;
  } else if ((kind == 'i' || kind == 'u') && number) {
    a->type = kind == 'i' ? IRL_NPY_INT : IRL_NPY_UINT;
  } else if (kind == 'b' && item == 1) {
    a->type = IRL_NPY_BOOL;
  } else if (kind == 'S') {
    a->type = IRL_NPY_BYTES;
  }
}

// "(3, 4)", "(3,)"; false if it is not well-formed. Other ranks than 1 and 2 make the array other.
static bool read_shape(irl_npy* a, const char* text) {
  unsigned long long dims[2] = {0, 1};
  const char* at = text;
  if (*at++ != '(') {
    return false;
  }
  a->rank = 0;
  while (*at && *at != ')') {
    char* end;
    if (*at < '0' || *at > '9') {
      return false;
    }
    unsigned long long value = strtoull(at, &end, 10);
    if (a->rank < 2) {
      dims[a->rank] = value;
    }
    a->rank++;
    at = end + strspn(end, ", ");
  }
  if (a->rank < 1 || a->rank > 2 || dims[0] >= INT_MAX || dims[1] > 1000000) {
    a->type = IRL_NPY_OTHER;
    dims[0] = 0;
    dims[1] = 1;
  }
  a->rows = (int)dims[0];
  a->cols = (int)dims[1];
  return *at == ')';
}

// NULL, or what is wrong with a member's bytes.
static const char* read_npy(irl_npy* a, const unsigned char* bytes, uint64_t size) {
  enum { HEADER = 4096 };
  char header[HEADER];
  if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0 || bytes[6] < 1 || bytes[6] > 3) {
    return "a member is not an array";
  }
  size_t width = bytes[6] == 1 ? 2 : 4, begin = 8 + width;
  uint64_t length = little(bytes + 8, (int)width);
  if (length >= HEADER || length > size - begin) {
    return "the header of an array is too long";
  }
  memcpy(header, bytes + begin, (size_t)length);
  header[length] = 0;
  const char *descr = header_value(header, "descr"), *order = header_value(header, "fortran_order"),
             *shape = header_value(header, "shape");
  if (!descr || !order || !shape) {
    return "the header of an array lacks a key";
  }
  read_type(a, descr);
  a->fortran = strncmp(order, "True", 4) == 0;
  if (!read_shape(a, shape)) {
    return "the shape of an array is none";
  }
  a->data = bytes + begin + length;
  uint64_t wanted = (uint64_t)a->rows * (uint64_t)a->cols * a->item;
  return a->type == IRL_NPY_OTHER || wanted == size - begin - length
             ? NULL
             : "an array has other bytes than its shape asks for";
}

//---------------------------------- Open ----------------------------------------------------------

// One member; others than .npy are passed over.
static irl_err add_member(irl_npz* z, const entry* e, uint64_t* unpacked) {
  if (e->name_size < 5 || memcmp(e->name + e->name_size - 4, ".npy", 4) != 0 ||
      e->name_size - 4 >= IRL_NPZ_NAME) {
    return IRL_OK;
  }
  if (z->n == IRL_NPZ_MEMBERS) {
    return damaged(z, "more than 64 arrays");
  }
  if ((e->flags & 1) || (e->method != STORED && e->method != DEFLATED)) {
    return irl_fail(z->info, IRL_EUNSUPPORTED,
                    "%s: is encrypted or packed by other means than deflate; save it with "
                    "numpy.savez",
                    z->path);
  }
  const unsigned char* bytes = find_data(z, e);
  *unpacked += e->unpacked;
  if (!bytes || (e->method == STORED && e->packed != e->unpacked)) {
    return damaged(z, "a member lies outside the file");
  }
  // Deflate reaches 1032 at most: more is a lie, and would take memory for nothing.
  if (e->unpacked > MAX_UNPACKED || *unpacked > MAX_UNPACKED ||
      e->unpacked > 1100 * (e->packed + 1000)) {
    return irl_fail(z->info, IRL_ERANGE, "%s: its arrays are declared above 8 GiB; split the file",
                    z->path);
  }
  irl_npy* a = &z->member[z->n];
  *a = (irl_npy){0};
  memcpy(a->name, e->name, e->name_size - 4);
  if (e->method == DEFLATED) {
    a->owned = irl_calloc((size_t)e->unpacked + 1, 1);
    if (!a->owned) {
      return irl_fail(z->info, IRL_ENOMEM, "%s: no memory to unpack it; free some", z->path);
    }
    bytes = a->owned;
  }
  z->n++;
  if (a->owned && !inflate_all(find_data(z, e), e->packed, a->owned, e->unpacked)) {
    return damaged(z, "a member cannot be unpacked");
  }
  if (crc_of(bytes, e->unpacked) != e->crc) {
    return damaged(z, "a checksum is wrong");
  }
  const char* why = read_npy(a, bytes, e->unpacked);
  return why ? damaged(z, why) : IRL_OK;
}

static irl_err read_directory(irl_npz* z) {
  const unsigned char* end = find_end(z);
  uint64_t unpacked = 0;
  if (!end) {
    return damaged(z, "it has no directory, perhaps it is cut off");
  }
  size_t at = (size_t)little(end + 16, 4);
  int count = (int)little(end + 10, 2);
  for (int i = 0; i < count; i++) {
    entry e;
    if (!read_entry(z, &at, &e)) {
      return damaged(z, "its directory is cut off");
    }
    IRL_TRY(add_member(z, &e, &unpacked));
  }
  return IRL_OK;
}

irl_err irl_npz_open(irl_npz* npz, const char* path, irl_errinfo* info) {
  *npz = (irl_npz){.path = path, .info = info};
  IRL_TRY(irl_file_read(path, MAX_FILE, &npz->file, &npz->size, info));
  irl_err err = read_directory(npz);
  if (err) {
    irl_npz_close(npz);
  }
  return err;
}

void irl_npz_close(irl_npz* npz) {
  for (int i = 0; i < npz->n; i++) {
    irl_free(npz->member[i].owned);
  }
  irl_free(npz->file);
  npz->file = NULL;
  npz->n = 0;
}

const irl_npy* irl_npz_find(const irl_npz* npz, const char* name) {
  for (int i = 0; i < npz->n; i++) {
    if (!strcmp(npz->member[i].name, name)) {
      return &npz->member[i];
    }
  }
  return NULL;
}

//---------------------------------- Numbers -------------------------------------------------------

static double number_at(const irl_npy* a, size_t index) {
  const unsigned char* p = a->data + index * a->item;
  uint64_t bits = little(p, (int)a->item);
  uint32_t half = (uint32_t)bits;
  double wide;
  float narrow;
  int shift = 64 - 8 * (int)a->item;
  switch (a->type) {
    case IRL_NPY_F64:
      memcpy(&wide, &bits, sizeof wide);
      return wide;
    case IRL_NPY_F32:
      memcpy(&narrow, &half, sizeof narrow);
      return (double)narrow;
    case IRL_NPY_INT:
      return (double)((int64_t)(bits << shift) >> shift);
    case IRL_NPY_BOOL:
      return bits != 0;
    case IRL_NPY_UINT:
      return (double)bits;
    case IRL_NPY_OTHER:
    case IRL_NPY_BYTES:
      break;
  }
  return 0;
}

void irl_npy_numbers(const irl_npy* array, double* out) {
  size_t rows = (size_t)array->rows, cols = (size_t)array->cols;
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < cols; j++) {
      out[i * cols + j] = number_at(array, array->fortran ? j * rows + i : i * cols + j);
    }
  }
}

uint64_t irl_npy_bits(const irl_npy* array, int row) {
  return array->item <= 8 ? little(array->data + (size_t)row * array->item, (int)array->item) : 0;
}
