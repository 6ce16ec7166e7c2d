#include "base/tensors.h"

#include <stdint.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "test.h"

static const float weights[6] = {1, -2, 3.5f, 0, 1e-40f, 6};
static const double means[2] = {0.1, -1e300};
static const int64_t counts[1] = {INT64_MIN};
static const uint8_t flags[3] = {0, 255, 7};

enum { NTENSORS = 5 };

static void make_tensors(irl_tensor out[NTENSORS]) {
  out[0] = irl_tensor_of("flags", IRL_U8, flags, 1, (const int64_t[]){3});
  out[1] = irl_tensor_of("net.w0", IRL_F32, weights, 2, (const int64_t[]){2, 3});
  out[2] = irl_tensor_of("mean \"é\"", IRL_F64, means, 1, (const int64_t[]){2});
  out[3] = irl_tensor_of("count", IRL_I64, counts, 0, NULL);
  out[4] = irl_tensor_of("empty", IRL_F32, NULL, 3, (const int64_t[]){2, 0, 4});
}

static const char* const metadata[] = {"format", "mjirl", "note", "two\nlines"};

static char* encode(size_t* size) {
  irl_tensor tensors[NTENSORS];
  make_tensors(tensors);
  char* data = NULL;
  CHECK_OK(irl_tensors_encode(tensors, NTENSORS, metadata, 2, &data, size));
  return data;
}

static void check_contents(const irl_tensors* t) {
  const void* data = NULL;
  irl_errinfo info = {0};
  CHECK(irl_tensors_count(t) == NTENSORS);
  CHECK_OK(irl_tensors_find(t, "net.w0", IRL_F32, 2, (const int64_t[]){2, 3}, &data, &info));
  CHECK(data != NULL && memcmp(data, weights, sizeof weights) == 0 && (uintptr_t)data % 64 == 0);
  CHECK_OK(irl_tensors_find(t, "mean \"é\"", IRL_F64, 1, (const int64_t[]){2}, &data, &info));
  CHECK(data != NULL && memcmp(data, means, sizeof means) == 0 && (uintptr_t)data % 64 == 0);
  CHECK_OK(irl_tensors_find(t, "count", IRL_I64, 0, NULL, &data, &info));
  CHECK(data != NULL && memcmp(data, counts, sizeof counts) == 0);
  CHECK_OK(irl_tensors_find(t, "flags", IRL_U8, 1, (const int64_t[]){3}, &data, &info));
  CHECK(data != NULL && memcmp(data, flags, sizeof flags) == 0);
  CHECK_OK(irl_tensors_find(t, "empty", IRL_F32, 3, (const int64_t[]){2, 0, 4}, &data, &info));
  CHECK(data != NULL);
  CHECK(strcmp(irl_tensors_metadata(t, "format"), "mjirl") == 0);
  CHECK(strcmp(irl_tensors_metadata(t, "note"), "two\nlines") == 0);
  CHECK(irl_tensors_metadata(t, "other") == NULL);
  for (int i = 0; i < NTENSORS; i++) {
    CHECK(irl_tensors_at(t, i)->data != NULL);
  }
}

static void round_trip(void) {
  size_t size = 0, again_size = 0;
  char* data = encode(&size);
  char* again = encode(&again_size);
  CHECK(size == again_size && memcmp(data, again, size) == 0);
  uint64_t header = 0;
  memcpy(&header, data, 8);
  CHECK(header % 8 == 0 && size == 8 + header + 24 + 16 + 8 + 3);
  irl_tensors* t = NULL;
  CHECK_OK(irl_tensors_decode(&t, "m", data, size, NULL));
  if (t != NULL) {
    check_contents(t);
  }
  irl_tensors_destroy(t);
  irl_free(data);
  irl_free(again);
}

static void files(void) {
  const char* folder = test_folder();
  char path[512];
  snprintf(path, sizeof path, "%s/tensors_test.safetensors", folder);
  irl_tensor tensors[NTENSORS];
  make_tensors(tensors);
  irl_errinfo info = {0};
  CHECK_OK(irl_tensors_save(path, tensors, NTENSORS, metadata, 2, &info));
  irl_tensors* t = NULL;
  CHECK_OK(irl_tensors_load(&t, path, &info));
  if (t != NULL) {
    check_contents(t);
  }
  irl_tensors_destroy(t);
  unlink(path);
  CHECK(irl_tensors_load(&t, path, &info) == IRL_ENOENT && t == NULL);
  CHECK(irl_tensors_save("/no/such/folder/x", tensors, NTENSORS, NULL, 0, &info) == IRL_EIO);
  irl_tensors_destroy(NULL);
}

static void no_tensors(void) {
  char* data = NULL;
  size_t size = 0;
  CHECK_OK(irl_tensors_encode(NULL, 0, NULL, 0, &data, &size));
  irl_tensors* t = NULL;
  CHECK(size == 16);
  CHECK_OK(irl_tensors_decode(&t, "m", data, size, NULL));
  CHECK(t != NULL && irl_tensors_count(t) == 0);
  irl_tensors_destroy(t);
  irl_free(data);
}

static void encode_refuses(void) {
  irl_tensor two[2];
  char* data = NULL;
  size_t size = 0;
  irl_errinfo info = {0};
  two[0] = two[1] = irl_tensor_of("a", IRL_U8, flags, 1, (const int64_t[]){3});
  CHECK(irl_tensors_encode(two, 2, NULL, 0, &data, &size) == IRL_ERANGE && data == NULL);
  CHECK(irl_tensors_save("x.safetensors", two, 2, NULL, 0, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "x.safetensors: its tensors cannot be encoded");
  two[0] = irl_tensor_of("__metadata__", IRL_U8, flags, 1, (const int64_t[]){3});
  CHECK(irl_tensors_encode(two, 1, NULL, 0, &data, &size) == IRL_ERANGE);
  two[0] = irl_tensor_of("", IRL_U8, flags, 1, (const int64_t[]){3});
  CHECK(irl_tensors_encode(two, 1, NULL, 0, &data, &size) == IRL_ERANGE);
  two[0] = irl_tensor_of("n", IRL_U8, flags, 1, (const int64_t[]){-3});
  CHECK(irl_tensors_encode(two, 1, NULL, 0, &data, &size) == IRL_ERANGE);
  two[0] = irl_tensor_of("n", IRL_F64, flags, 2, (const int64_t[]){INT64_MAX, INT64_MAX});
  CHECK(irl_tensors_encode(two, 1, NULL, 0, &data, &size) == IRL_ERANGE);
}

// A file of the given header text and that many bytes of data, decoded: error code and message.
static irl_err decode_text(const char* header, size_t data_size, irl_errinfo* info) {
  char file[2048] = {0};
  uint64_t header_size = strlen(header);
  memcpy(file, &header_size, 8);
  memcpy(file + 8, header, header_size);
  irl_tensors* t = NULL;
  irl_err err = irl_tensors_decode(&t, "m", file, 8 + header_size + data_size, info);
  CHECK((err == IRL_OK) == (t != NULL));
  irl_tensors_destroy(t);
  return err;
}

#define ENTRY(name, dtype, shape, begin, end)                                                  \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end \
  "]"                                                                                          \
  "}"

static void hostile_headers(void) {
  static const struct {
    const char* header;
    size_t data_size;
    irl_err code;
    const char* part;
  } cases[] = {
      {"{" ENTRY("a", "F32", "[2]", "0", "8") "}", 8, IRL_OK, ""},
      {"{" ENTRY("b", "F32", "[1]", "4", "8") "," ENTRY("a", "U8", "[4]", "0", "4") "}", 8, IRL_OK,
       ""},
      {"{" ENTRY("a", "F32", "[2]", "0", "8") "}   ", 8, IRL_OK, ""},
      {"{" ENTRY("a", "F32", "[2]", "4", "12") "}", 12, IRL_EPARSE,
       "begins at byte 4 of the data, "
       "not 0: a gap"},
      {"{" ENTRY("a", "U8", "[4]", "0", "4") "," ENTRY("b", "U8", "[4]", "5", "9") "}", 9,
       IRL_EPARSE, "'b' begins at byte 5 of the data, not 4: a gap"},
      {"{" ENTRY("a", "U8", "[4]", "0", "4") "," ENTRY("b", "U8", "[4]", "3", "7") "}", 7,
       IRL_EPARSE, "an overlap"},
      {"{" ENTRY("a", "U8", "[4]", "0", "4") "," ENTRY("b", "U8", "[4]", "0", "4") "}", 4,
       IRL_EPARSE, "an overlap"},
      {"{" ENTRY("a", "F32", "[2]", "0", "8") "}", 9, IRL_EPARSE, "1 bytes follow the last tensor"},
      {"{}", 1, IRL_EPARSE, "1 bytes follow the last tensor"},
      {"{" ENTRY("a", "F32", "[2]", "0", "8") "}", 7, IRL_EPARSE, "cut off"},
      {"{" ENTRY("a", "F32", "[2]", "0", "9") "}", 9, IRL_EDIM,
       "$.a.data_offsets: 9 bytes do not fit"},
      {"{" ENTRY("a", "F32", "[2]", "8", "0") "}", 8, IRL_ERANGE, "$.a.data_offsets[1]"},
      {"{" ENTRY("a", "F32", "[2]", "-8", "0") "}", 8, IRL_ERANGE, "$.a.data_offsets[0]"},
      {"{" ENTRY("a", "U8", "[9007199254740992,2048]", "0", "0") "}", 0, IRL_EDIM, "do not fit"},
      {"{" ENTRY("a", "U8", "[4294967296,4294967296]", "0", "0") "}", 0, IRL_EDIM, "do not fit"},
      {"{" ENTRY("a", "U8", "[1e300]", "0", "0") "}", 0, IRL_ERANGE, "$.a.shape[0]"},
      {"{" ENTRY("a", "U8", "[-1]", "0", "0") "}", 0, IRL_ERANGE, "$.a.shape[0]"},
      {"{" ENTRY("a", "U8", "[1.5]", "0", "1") "}", 1, IRL_EPARSE, "$.a.shape[0]"},
      {"{" ENTRY("a", "U8", "4", "0", "4") "}", 4, IRL_EPARSE, "$.a.shape: found a number"},
      {"{" ENTRY("a", "U8", "[1,1,1,1,1]", "0", "1") "}", 1, IRL_EUNSUPPORTED, "5 dimensions"},
      {"{" ENTRY("a", "BF16", "[1]", "0", "2") "}", 2, IRL_EUNSUPPORTED, "$.a.dtype: type 'BF16'"},
      {"{" ENTRY("a", "U8", "[1]", "0", "1") "," ENTRY("a", "U8", "[1]", "1", "2") "}", 2,
       IRL_EPARSE, "$.a: this key stands already"},
      {"{" ENTRY("", "U8", "[1]", "0", "1") "}", 1, IRL_ERANGE, "the name has 0 bytes"},
      {"{" ENTRY("a\\u0000b", "U8", "[1]", "0", "1") "}", 1, IRL_EPARSE, "\\u0000"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, IRL_EPARSE, "'data_offsets' is missing"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1, IRL_EPARSE,
       "two offsets"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"more\":1}}", 1, IRL_EPARSE,
       "$.a.more: unknown key"},
      {"{\"a\":3}", 0, IRL_EPARSE, "$.a: found a number"},
      {"{\"__metadata__\":{\"a\":1}}", 0, IRL_EPARSE, "$.__metadata__.a: found a number"},
      {"{\"__metadata__\":[]}", 0, IRL_EPARSE, "$.__metadata__: found an array"},
      {" {}", 0, IRL_EPARSE, "does not begin with '{'"},
      {"[]", 0, IRL_EPARSE, "does not begin with '{'"},
      {"", 0, IRL_EPARSE, "does not begin with '{'"},
      {"{}x", 0, IRL_EPARSE, "more text"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    irl_errinfo info = {0};
    irl_err err = decode_text(cases[i].header, cases[i].data_size, &info);
    if (err != cases[i].code || strstr(info.text, cases[i].part) == NULL) {
      test_failures++;
      printf("%s: error %d '%s', expected %d '%s'\n", cases[i].header, err, info.text,
             cases[i].code, cases[i].part);
    }
  }
}

static void long_names(void) {
  char header[400], name[200];
  irl_errinfo info = {0};
  memset(name, 'n', sizeof name);
  for (int length = 95; length <= 96; length++) {
    snprintf(header, sizeof header,
             "{\"%.*s\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", length, name);
    CHECK(decode_text(header, 1, &info) == (length == 95 ? IRL_OK : IRL_ERANGE));
  }
  CHECK_CONTAINS(info.text, "the name has 96 bytes; give it 1 to 95");
}

static void hostile_sizes(void) {
  const uint64_t sizes[] = {9,         16,        100000000, 100000001, UINT64_MAX, UINT64_MAX - 7,
                            INT64_MAX, UINT32_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    char file[16] = {0};
    memcpy(file, &sizes[i], 8);
    memcpy(file + 8, "{}", 2);
    irl_tensors* t = NULL;
    irl_errinfo info = {0};
    CHECK(irl_tensors_decode(&t, "m", file, 16, &info) == IRL_EPARSE && t == NULL);
    CHECK_CONTAINS(info.text, "m: its header claims");
  }
}

// Every truncation is noticed; every single changed byte is noticed or harmless (no crash).
static void damaged_files(void) {
  size_t size = 0;
  char* data = encode(&size);
  for (size_t n = 0; n < size; n++) {
    irl_tensors* t = NULL;
    irl_errinfo info = {0};
    char* cut = malloc(n + 1);  // sanitizers see any read beyond it
    memcpy(cut, data, n);
    CHECK(irl_tensors_decode(&t, "m", cut, n, &info) != IRL_OK && t == NULL);
    CHECK_CONTAINS(info.text, "m:");
    free(cut);
  }
  for (size_t i = 0; i < size; i++) {
    for (int bit = 0; bit < 8; bit++) {
      irl_tensors* t = NULL;
      data[i] = (char)(data[i] ^ (1 << bit));
      irl_err err = irl_tensors_decode(&t, "m", data, size, NULL);
      CHECK((err == IRL_OK) == (t != NULL));
      irl_tensors_destroy(t);
      data[i] = (char)(data[i] ^ (1 << bit));
    }
  }
  irl_free(data);
}

static void find_refuses(void) {
  size_t size = 0;
  char* data = encode(&size);
  irl_tensors* t = NULL;
  const void* found = &size;
  irl_errinfo info = {0};
  CHECK_OK(irl_tensors_decode(&t, "m", data, size, NULL));
  if (t == NULL) {
    return;
  }
  CHECK(irl_tensors_find(t, "none", IRL_F32, 0, NULL, &found, &info) == IRL_ENOENT);
  CHECK(found == NULL);
  CHECK_CONTAINS(info.text, "m: it has no tensor 'none'");
  CHECK(irl_tensors_find(t, "net.w0", IRL_F64, 2, (const int64_t[]){2, 3}, &found, &info) ==
        IRL_EDIM);
  CHECK_CONTAINS(info.text, "'net.w0' is F32 (2, 3), not F64 (2, 3)");
  CHECK(irl_tensors_find(t, "net.w0", IRL_F32, 2, (const int64_t[]){3, 2}, &found, &info) ==
        IRL_EDIM);
  CHECK(irl_tensors_find(t, "net.w0", IRL_F32, 1, (const int64_t[]){6}, &found, &info) == IRL_EDIM);
  irl_tensors_destroy(t);
  irl_free(data);
}

TESTS(TEST(round_trip), TEST(files), TEST(no_tensors), TEST(encode_refuses), TEST(hostile_headers),
      TEST(long_names), TEST(hostile_sizes), TEST(damaged_files), TEST(find_refuses))
