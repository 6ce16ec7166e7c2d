// What the Python tests compare with NumPy and the safetensors package:
//   base_peer random SEED PURPOSE ITERATION CONDITION TRAJECTORY N   N words, uniforms and normals
//   base_peer save FILE                                              a file with one tensor of a
//   kind base_peer show FILE                                              tensors of a file, data
//   in hex
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/tensors.h"

static int show_random(char** args) {
  uint64_t v[6];
  for (int i = 0; i < 6; i++) {
    v[i] = strtoull(args[i], NULL, 10);
  }
  irl_rng words = irl_rng_stream(v[0], (irl_purpose)v[1], v[2], v[3], v[4]);
  irl_rng uniforms = words, normals = words;
  for (uint64_t i = 0; i < v[5]; i++) {
    uint64_t word = irl_rng_u64(&words);
    double uniform = irl_rng_uniform(&uniforms);
    printf("%" PRIu64 " %.17g %.17g\n", word, uniform, irl_rng_normal(&normals));
  }
  return 0;
}

static int report(irl_err err, const irl_errinfo* info) {
  if (err != IRL_OK) {
    fprintf(stderr, "%s\n", info->text);
  }
  return err != IRL_OK;
}

static int save(const char* path) {
  static const float f32[6] = {0.5f, -1, 2, 3, 4, 5};
  static const double f64[2] = {1e300, -0.1};
  static const int64_t i64[1] = {-7};
  static const uint8_t u8[3] = {1, 2, 255};
  static const char* const metadata[] = {"kind", "test", "text", "é \"quoted\""};
  const irl_tensor tensors[] = {
      irl_tensor_of("u8", IRL_U8, u8, 1, (const int64_t[]){3}),
      irl_tensor_of("f32", IRL_F32, f32, 2, (const int64_t[]){2, 3}),
      irl_tensor_of("f64", IRL_F64, f64, 1, (const int64_t[]){2}),
      irl_tensor_of("i64", IRL_I64, i64, 0, NULL),
      irl_tensor_of("none", IRL_F32, NULL, 2, (const int64_t[]){0, 3}),
  };
  irl_errinfo info = {0};
  return report(irl_tensors_save(path, tensors, 5, metadata, 2, &info), &info);
}

static size_t bytes_of(const irl_tensor* tensor) {
  static const size_t sizes[] = {4, 8, 8, 1};
  size_t size = sizes[tensor->dtype];
  for (int i = 0; i < tensor->rank; i++) {
    size *= (size_t)tensor->shape[i];
  }
  return size;
}

static int show(const char* path) {
  static const char* const names[] = {"F32", "F64", "I64", "U8"};
  irl_tensors* tensors = NULL;
  irl_errinfo info = {0};
  irl_err err = irl_tensors_load(&tensors, path, &info);
  if (err != IRL_OK) {
    return report(err, &info);
  }
  for (int i = 0; i < irl_tensors_count(tensors); i++) {
    const irl_tensor* t = irl_tensors_at(tensors, i);
    printf("%s %s ", t->name, names[t->dtype]);
    for (int d = 0; d < t->rank; d++) {
      printf("%s%" PRId64, d > 0 ? "," : "", t->shape[d]);
    }
    printf(" ");
    for (size_t k = 0; k < bytes_of(t); k++) {
      printf("%02x", ((const unsigned char*)t->data)[k]);
    }
    printf("\n");
  }
  const char* kind = irl_tensors_metadata(tensors, "kind");
  printf("kind=%s\n", kind != NULL ? kind : "");
  irl_tensors_destroy(tensors);
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 8 && strcmp(argv[1], "random") == 0) {
    return show_random(argv + 2);
  }
  if (argc == 3 && strcmp(argv[1], "save") == 0) {
    return save(argv[2]);
  }
  if (argc == 3 && strcmp(argv[1], "show") == 0) {
    return show(argv[2]);
  }
  fprintf(stderr, "usage: base_peer random ... | save FILE | show FILE\n");
  return 2;
}
