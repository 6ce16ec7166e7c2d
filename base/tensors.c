#include "base/tensors.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian, and this room copies their arrays as they are"
#endif

enum { LENGTH_SIZE = 8, MAX_HEADER = 100000000, ALIGNMENT = 64 };

static const int64_t MAX_FILE = INT64_C(1) << 36;  // bytes: 64 GiB

static const char METADATA_KEY[] = "__metadata__";

static const char* const dtype_names[] = {"F32", "F64", "I64", "U8", NULL};
static const size_t dtype_sizes[] = {4, 8, 8, 1};

typedef struct metadata_pair {
  char* key;    // heap, owned
  char* value;  // heap, owned
} metadata_pair;

struct irl_tensors {
  char* name;           // of the file, for messages
  irl_tensor* tensors;  // (count), in the order of the header
  size_t* begins;       // (count), first byte of each, counted from the end of the header
  size_t* sizes;        // (count), bytes
  int count;
  metadata_pair* metadata;  // (nmetadata)
  int nmetadata;
  irl_arena arena;  // the arrays
};

irl_tensor irl_tensor_of(const char* name, irl_dtype dtype, const void* data, int rank,
                         const int64_t* shape) {
  assert(strlen(name) < IRL_TENSOR_NAME_SIZE && rank >= 0 && rank <= IRL_TENSOR_MAX_RANK);
  irl_tensor tensor = {.dtype = dtype, .rank = rank, .data = data};
  snprintf(tensor.name, sizeof tensor.name, "%s", name);
  for (int i = 0; i < rank; i++) {
    tensor.shape[i] = shape[i];
  }
  return tensor;
}

// Bytes of a tensor; false for a negative size or a product that overflows.
static bool tensor_size(const irl_tensor* tensor, size_t* size) {
  *size = dtype_sizes[tensor->dtype];
  for (int i = 0; i < tensor->rank; i++) {
    if (tensor->shape[i] < 0 || __builtin_mul_overflow(*size, (uint64_t)tensor->shape[i], size)) {
      return false;
    }
  }
  return true;
}

// "(2, 3)"; four numbers always fit 128 bytes.
static void shape_text(char* out, size_t size, int rank, const int64_t* shape) {
  size_t used = (size_t)snprintf(out, size, "(");
  for (int i = 0; i < rank; i++) {
    used +=
        (size_t)snprintf(out + used, size - used, "%s%lld", i > 0 ? ", " : "", (long long)shape[i]);
  }
  snprintf(out + used, size - used, ")");
}

//---------------------------------- Writing -------------------------------------------------------

// Unique, not empty, and not the name that the format keeps for itself.
static bool names_are_good(const irl_tensor* tensors, int n) {
  for (int i = 0; i < n; i++) {
    if (tensors[i].name[0] == '\0' || strcmp(tensors[i].name, METADATA_KEY) == 0) {
      return false;
    }
    for (int j = 0; j < i; j++) {
      if (strcmp(tensors[i].name, tensors[j].name) == 0) {
        return false;
      }
    }
  }
  return true;
}

static void write_metadata(irl_jout* header, const char* const* metadata, int nmetadata) {
  if (nmetadata == 0) {
    return;
  }
  irl_jout_key(header, METADATA_KEY);
  irl_jout_open(header, '{');
  for (int i = 0; i < nmetadata; i++) {
    irl_jout_key_string(header, metadata[2 * i], metadata[2 * i + 1]);
  }
  irl_jout_close(header);
}

// "name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}
static void write_entry(irl_jout* header, const irl_tensor* tensor, size_t begin, size_t size) {
  irl_jout_key(header, tensor->name);
  irl_jout_open(header, '{');
  irl_jout_key_string(header, "dtype", dtype_names[tensor->dtype]);
  irl_jout_key(header, "shape");
  irl_jout_open(header, '[');
  for (int i = 0; i < tensor->rank; i++) {
    irl_jout_int(header, tensor->shape[i]);
  }
  irl_jout_close(header);
  irl_jout_key(header, "data_offsets");
  irl_jout_open(header, '[');
  irl_jout_int(header, (int64_t)begin);
  irl_jout_int(header, (int64_t)(begin + size));
  irl_jout_close(header);
  irl_jout_close(header);
}

// The header's text, padded with blanks to a multiple of 8 bytes as the official writer does, and
// the bytes of data that follow it.
static irl_err write_header(irl_jout* header, const irl_tensor* tensors, int ntensors,
                            const char* const* metadata, int nmetadata, size_t* data_size) {
  *data_size = 0;
  irl_jout_open(header, '{');
  write_metadata(header, metadata, nmetadata);
  for (size_t width = 8; width >= 1; width /= 2) {
    for (int i = 0; i < ntensors; i++) {
      size_t size = 0;
      if (dtype_sizes[tensors[i].dtype] != width) {
        continue;
      }
      size_t begin = *data_size;
      if (!tensor_size(&tensors[i], &size) || __builtin_add_overflow(begin, size, data_size) ||
          *data_size > (size_t)MAX_FILE) {
        return IRL_ERANGE;
      }
      write_entry(header, &tensors[i], begin, size);
    }
  }
  irl_jout_close(header);
  if (header->failed) {
    return IRL_ENOMEM;
  }
  return header->size < MAX_HEADER - LENGTH_SIZE ? IRL_OK : IRL_ERANGE;
}

// In the order of write_header.
static void write_arrays(char* out, const irl_tensor* tensors, int ntensors) {
  for (size_t width = 8; width >= 1; width /= 2) {
    for (int i = 0; i < ntensors; i++) {
      size_t size = 0;
      if (dtype_sizes[tensors[i].dtype] == width && tensor_size(&tensors[i], &size) && size > 0) {
        memcpy(out, tensors[i].data, size);
        out += size;
      }
    }
  }
}

irl_err irl_tensors_encode(const irl_tensor* tensors, int ntensors, const char* const* metadata,
                           int nmetadata, char** data, size_t* size) {
  *data = NULL;
  *size = 0;
  if (!names_are_good(tensors, ntensors)) {
    return IRL_ERANGE;
  }
  irl_jout header;
  irl_jout_init(&header, false);
  size_t data_size = 0;
  irl_err err = write_header(&header, tensors, ntensors, metadata, nmetadata, &data_size);
  if (err == IRL_OK) {
    const size_t padded = (header.size + 7) / 8 * 8;
    const uint64_t length = padded;
    *size = LENGTH_SIZE + padded + data_size;
    *data = IRL_NEW(char, *size + 1);
    if (*data == NULL) {
      err = IRL_ENOMEM;
    } else {
      memcpy(*data, &length, LENGTH_SIZE);
      memset(*data + LENGTH_SIZE, ' ', padded);
      memcpy(*data + LENGTH_SIZE, header.text, header.size);
      write_arrays(*data + LENGTH_SIZE + padded, tensors, ntensors);
    }
  }
  irl_jout_fini(&header);
  return err;
}

irl_err irl_tensors_save(const char* path, const irl_tensor* tensors, int ntensors,
                         const char* const* metadata, int nmetadata, irl_errinfo* info) {
  char* data = NULL;
  size_t size = 0;
  irl_err err = irl_tensors_encode(tensors, ntensors, metadata, nmetadata, &data, &size);
  if (err != IRL_OK) {
    return irl_fail(info, err, "%s: its tensors cannot be encoded: %s; %s", path, irl_err_name(err),
                    err == IRL_ENOMEM ? "free some memory" : "give unique names and smaller sizes");
  }
  err = irl_file_write(path, data, size, info);
  irl_free(data);
  return err;
}

//---------------------------------- Reading -------------------------------------------------------

static irl_err fail_memory(const char* name, irl_errinfo* info) {
  return irl_fail(info, IRL_ENOMEM, "%s: no memory to read it; free some", name);
}

static char* copy_string(const char* text) {
  size_t size = strlen(text) + 1;
  char* copy = IRL_NEW(char, size);
  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

// Strings only, as the format demands.
static irl_err read_metadata(irl_tensors* t, irl_jnode node) {
  int n = irl_json_nkeys(node);
  t->metadata = IRL_NEW(metadata_pair, n);
  if (t->metadata == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < n; i++) {
    const char* value = irl_json_as_string(irl_json_member(node, i));
    t->metadata[i] = (metadata_pair){copy_string(irl_json_key(node, i)), copy_string(value)};
    t->nmetadata++;
    if (t->metadata[i].key == NULL || t->metadata[i].value == NULL) {
      return IRL_ENOMEM;
    }
  }
  return IRL_OK;
}

static void read_shape(irl_tensor* tensor, irl_jnode node) {
  int rank = irl_json_length(node);
  if (rank > IRL_TENSOR_MAX_RANK) {
    irl_json_refuse(node, IRL_EUNSUPPORTED, "it has %d dimensions; give at most %d", rank,
                    IRL_TENSOR_MAX_RANK);
    return;
  }
  tensor->rank = rank;
  for (int i = 0; i < rank; i++) {
    tensor->shape[i] = irl_json_as_int64(irl_json_at(node, i), 0, IRL_JSON_MAX_INT);
  }
}

static void read_dtype(irl_tensor* tensor, irl_jnode node) {
  const char* name = irl_json_as_string(node);
  for (int i = 0; dtype_names[i] != NULL; i++) {
    if (strcmp(name, dtype_names[i]) == 0) {
      tensor->dtype = (irl_dtype)i;
      return;
    }
  }
  irl_json_refuse(node, IRL_EUNSUPPORTED,
                  "type '%.40s' is not known here; write F32, F64, I64 or U8", name);
}

// One tensor: its shape and type must agree with the bytes that it claims. Whether those bytes
// exist is seen later, when all claims are known.
static void read_entry(irl_tensors* t, int index, const char* name, irl_jnode node) {
  irl_tensor* tensor = &t->tensors[index];
  if (name[0] == '\0' || strlen(name) >= IRL_TENSOR_NAME_SIZE) {
    irl_json_refuse(node, IRL_ERANGE, "the name has %zu bytes; give it 1 to %d", strlen(name),
                    IRL_TENSOR_NAME_SIZE - 1);
    return;
  }
  memcpy(tensor->name, name, strlen(name) + 1);
  read_dtype(tensor, irl_json_get(node, "dtype"));
  read_shape(tensor, irl_json_get(node, "shape"));
  irl_jnode offsets = irl_json_get(node, "data_offsets");
  if (irl_json_length(offsets) != 2) {
    irl_json_refuse(offsets, IRL_EPARSE, "two offsets are due; write [begin, end]");
    return;
  }
  int64_t begin = irl_json_as_int64(irl_json_at(offsets, 0), 0, MAX_FILE);
  int64_t end = irl_json_as_int64(irl_json_at(offsets, 1), begin, MAX_FILE);
  size_t wanted = 0;
  if (irl_json_ok(node.doc) && (!tensor_size(tensor, &wanted) || wanted != (size_t)(end - begin))) {
    irl_json_refuse(offsets, IRL_EDIM, "%lld bytes do not fit the shape and type; repair the file",
                    (long long)(end - begin));
  }
  t->begins[index] = (size_t)begin;
  t->sizes[index] = (size_t)(end - begin);
}

// Refusals stay in the document; the error returned is lack of memory.
static irl_err read_entries(irl_tensors* t, irl_json* doc) {
  irl_jnode root = irl_json_root(doc);
  int n = irl_json_nkeys(root);
  t->tensors = IRL_NEW(irl_tensor, n);
  t->begins = IRL_NEW(size_t, n);
  t->sizes = IRL_NEW(size_t, n);
  if (t->tensors == NULL || t->begins == NULL || t->sizes == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < n && irl_json_ok(doc); i++) {
    const char* name = irl_json_key(root, i);
    if (strcmp(name, METADATA_KEY) == 0) {
      IRL_TRY(read_metadata(t, irl_json_member(root, i)));
    } else {
      read_entry(t, t->count, name, irl_json_member(root, i));
      t->count++;
    }
  }
  return IRL_OK;
}

typedef struct span {
  size_t begin, end;
  int index;
} span;

static int compare_spans(const void* a, const void* b) {
  const span *x = a, *y = b;
  if (x->begin != y->begin) {
    return x->begin < y->begin ? -1 : 1;
  }
  return x->end != y->end ? (x->end < y->end ? -1 : 1) : x->index - y->index;
}

// The arrays must cover the data exactly: each begins where the one before it ends.
static irl_err check_cover(const irl_tensors* t, size_t data_size, irl_errinfo* info) {
  span* spans = IRL_NEW(span, t->count);
  if (spans == NULL) {
    return fail_memory(t->name, info);
  }
  for (int i = 0; i < t->count; i++) {
    spans[i] = (span){t->begins[i], t->begins[i] + t->sizes[i], i};
  }
  qsort(spans, (size_t)t->count, sizeof *spans, compare_spans);
  size_t end = 0;
  irl_err err = IRL_OK;
  for (int i = 0; i < t->count && err == IRL_OK; i++) {
    const char* name = t->tensors[spans[i].index].name;
    if (spans[i].begin != end) {
      err =
          irl_fail(info, IRL_EPARSE, "%s: tensor '%s' begins at byte %zu of the data, not %zu: %s",
                   t->name, name, spans[i].begin, end,
                   spans[i].begin > end ? "a gap; repair the file" : "an overlap; repair the file");
    } else if (spans[i].end > data_size) {
      err = irl_fail(info, IRL_EPARSE,
                     "%s: tensor '%s' ends at byte %zu of %zu: the file was cut off; restore it",
                     t->name, name, spans[i].end, data_size);
    }
    end = spans[i].end;
  }
  if (err == IRL_OK && end != data_size) {
    err = irl_fail(info, IRL_EPARSE, "%s: %zu bytes follow the last tensor; restore the file",
                   t->name, data_size - end);
  }
  irl_free(spans);
  return err;
}

// The format allows a double to begin at any byte; here it may be used where it lies.
static irl_err copy_arrays(irl_tensors* t, const char* data, size_t data_size, irl_errinfo* info) {
  IRL_TRY(check_cover(t, data_size, info));
  if (irl_arena_init(&t->arena, data_size + ((size_t)t->count + 1) * ALIGNMENT) != IRL_OK) {
    return fail_memory(t->name, info);
  }
  for (int i = 0; i < t->count; i++) {
    void* copy = irl_arena_alloc(&t->arena, t->sizes[i], 1);
    assert(copy != NULL);
    if (t->sizes[i] > 0) {
      memcpy(copy, data + t->begins[i], t->sizes[i]);
    }
    t->tensors[i].data = copy;
  }
  return IRL_OK;
}

// u64 header size, header, data.
static irl_err decode(irl_tensors* t, const char* data, size_t size, irl_errinfo* info) {
  uint64_t header_size = 0;
  if (size < LENGTH_SIZE) {
    return irl_fail(info, IRL_EPARSE, "%s: %zu bytes are no safetensors file; restore it", t->name,
                    size);
  }
  memcpy(&header_size, data, LENGTH_SIZE);
  if (header_size > MAX_HEADER || header_size > size - LENGTH_SIZE) {
    return irl_fail(info, IRL_EPARSE,
                    "%s: its header claims %llu of the file's %zu bytes: this is no safetensors "
                    "file, or it was cut off; restore it",
                    t->name, (unsigned long long)header_size, size);
  }
  const char* header = data + LENGTH_SIZE;
  if (header_size == 0 || header[0] != '{') {
    return irl_fail(info, IRL_EPARSE, "%s: its header does not begin with '{'; restore the file",
                    t->name);
  }
  irl_json* doc = NULL;
  IRL_TRY(irl_json_parse(&doc, t->name, header, (size_t)header_size, info));
  irl_err err = read_entries(t, doc);
  irl_err json_err = irl_json_close(doc, info);
  if (err != IRL_OK) {
    return fail_memory(t->name, info);
  }
  IRL_TRY(json_err);
  return copy_arrays(t, header + header_size, size - LENGTH_SIZE - (size_t)header_size, info);
}

irl_err irl_tensors_decode(irl_tensors** out, const char* name, const char* data, size_t size,
                           irl_errinfo* info) {
  *out = NULL;
  irl_tensors* t = IRL_NEW(irl_tensors, 1);
  if (t == NULL) {
    return fail_memory(name, info);
  }
  t->name = copy_string(name);
  irl_err err = t->name != NULL ? decode(t, data, size, info) : fail_memory(name, info);
  if (err != IRL_OK) {
    irl_tensors_destroy(t);
    return err;
  }
  *out = t;
  return IRL_OK;
}

irl_err irl_tensors_load(irl_tensors** out, const char* path, irl_errinfo* info) {
  *out = NULL;
  char* data = NULL;
  size_t size = 0;
  IRL_TRY(irl_file_read(path, (size_t)MAX_FILE, &data, &size, info));
  irl_err err = irl_tensors_decode(out, path, data, size, info);
  irl_free(data);
  return err;
}

void irl_tensors_destroy(irl_tensors* tensors) {
  if (tensors == NULL) {
    return;
  }
  for (int i = 0; i < tensors->nmetadata; i++) {
    irl_free(tensors->metadata[i].key);
    irl_free(tensors->metadata[i].value);
  }
  irl_free(tensors->metadata);
  irl_free(tensors->tensors);
  irl_free(tensors->begins);
  irl_free(tensors->sizes);
  irl_free(tensors->name);
  irl_arena_fini(&tensors->arena);
  irl_free(tensors);
}

int irl_tensors_count(const irl_tensors* tensors) {
  return tensors->count;
}

const irl_tensor* irl_tensors_at(const irl_tensors* tensors, int index) {
  assert(index >= 0 && index < tensors->count);
  return &tensors->tensors[index];
}

irl_err irl_tensors_find(const irl_tensors* tensors, const char* name, irl_dtype dtype, int rank,
                         const int64_t* shape, const void** data, irl_errinfo* info) {
  *data = NULL;
  for (int i = 0; i < tensors->count; i++) {
    const irl_tensor* t = &tensors->tensors[i];
    if (strcmp(t->name, name) != 0) {
      continue;
    }
    bool same = t->dtype == dtype && t->rank == rank;
    for (int d = 0; same && d < rank; d++) {
      same = t->shape[d] == shape[d];
    }
    if (!same) {
      char found[128], wanted[128];
      shape_text(found, sizeof found, t->rank, t->shape);
      shape_text(wanted, sizeof wanted, rank, shape);
      return irl_fail(info, IRL_EDIM, "%s: tensor '%s' is %s %s, not %s %s; use the file it fits",
                      tensors->name, name, dtype_names[t->dtype], found, dtype_names[dtype],
                      wanted);
    }
    *data = t->data;
    return IRL_OK;
  }
  return irl_fail(info, IRL_ENOENT, "%s: it has no tensor '%s'; use a file of the right kind",
                  tensors->name, name);
}

const char* irl_tensors_metadata(const irl_tensors* tensors, const char* key) {
  for (int i = 0; i < tensors->nmetadata; i++) {
    if (strcmp(tensors->metadata[i].key, key) == 0) {
      return tensors->metadata[i].value;
    }
  }
  return NULL;
}
