// Messages against bytes worked out by hand from the description of the wire format.
#include "irl/onnx_internal.h"
#include "test.h"

// What came out is exactly these bytes; shows both where it is not.
static void check_bytes(const irl_wire* wire, const unsigned char* expected, size_t size) {
  const bool same = !wire->failed && wire->size == size && memcmp(wire->data, expected, size) == 0;
  CHECK(same);
  for (size_t i = 0; !same && (i < size || i < wire->size); i++) {
    printf("%zu: %02x %02x\n", i, i < wire->size ? wire->data[i] : 0u, i < size ? expected[i] : 0u);
  }
}

#define CHECK_BYTES(wire, ...)                      \
  do {                                              \
    const unsigned char check_b_[] = {__VA_ARGS__}; \
    check_bytes((wire), check_b_, sizeof check_b_); \
  } while (0)

// 300 = 0b10'0101100: the seven low bits first, with a bit that says more follow.
static void varints(void) {
  irl_wire w = {0};
  irl_wire_put_varint(&w, 0);
  irl_wire_put_varint(&w, 127);
  irl_wire_put_varint(&w, 128);
  irl_wire_put_varint(&w, 300);
  irl_wire_put_varint(&w, UINT64_MAX);
  CHECK_BYTES(&w, 0x00, 0x7f, 0x80, 0x01, 0xac, 0x02,  //
              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
  irl_wire_fini(&w);
}

// Tags are number × 8 + type; from 16 on they take two bytes. 1.5 = 0x3fc00000, −2 = 0xc0 then
// zeros, little-endian.
static void fields(void) {
  irl_wire w = {0};
  irl_wire_int(&w, 1, 150);
  irl_wire_int(&w, 2, -1);
  irl_wire_float(&w, 3, 1.5f);
  irl_wire_double(&w, 4, -2);
  irl_wire_text(&w, 5, "ok");
  irl_wire_bytes(&w, 16, "\0\1", 2);
  irl_wire_text(&w, 6, "");
  CHECK_BYTES(&w, 0x08, 0x96, 0x01,                                              //
              0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,  //
              0x1d, 0x00, 0x00, 0xc0, 0x3f,                                      //
              0x21, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0,              //
              0x2a, 0x02, 'o', 'k', 0x82, 0x01, 0x02, 0x00, 0x01, 0x32, 0x00);
  irl_wire_fini(&w);
}

// A message within a message is its size and its bytes; an empty one is the size 0.
static void messages(void) {
  irl_wire inner = {0}, outer = {0};
  irl_wire_int(&inner, 1, 1);
  irl_wire_message(&outer, 3, &inner);
  irl_wire_reset(&inner);
  irl_wire_message(&outer, 3, &inner);
  CHECK_BYTES(&outer, 0x1a, 0x02, 0x08, 0x01, 0x1a, 0x00);
  inner.failed = true;
  irl_wire_message(&outer, 3, &inner);
  CHECK(outer.failed);
  irl_wire_fini(&inner);
  irl_wire_fini(&outer);
  CHECK(outer.data == NULL && outer.size == 0 && !outer.failed);
}

// What was put before memory grew is still there after it.
static void growth(void) {
  irl_wire w = {0};
  for (int i = 0; i < 100000; i++) {
    const unsigned char byte = (unsigned char)(i % 251);
    irl_wire_put(&w, &byte, 1);
  }
  bool same = w.size == 100000 && !w.failed;
  for (size_t i = 0; same && i < w.size; i++) {
    same = w.data[i] == i % 251;
  }
  CHECK(same);
  irl_wire_fini(&w);
}

// A model small enough to write out by hand, with the field numbers of onnx.proto.
static void model(void) {
  irl_onnx onnx = {.arrays = 0};
  irl_wire out = {0};
  const float half = 0.5f;
  irl_onnx_input(&onnx, "x", IRL_ONNX_FLOAT, 2, (int64_t[]){-1, 3}, "in");
  irl_onnx_floats(&onnx, "a", 1, (int64_t[]){1}, &half);
  irl_onnx_add(&onnx, (irl_onnx_node){.op = "Op",
                                      .input = {"x", "a"},
                                      .output = "y",
                                      .attribute = {{"axis", 1, false}, {"axes", 2, true}}});
  irl_onnx_metadata(&onnx, "k", "v");
  CHECK_OK(irl_onnx_encode(&onnx, "g", "p", "1", "d", &out));
  CHECK(onnx.arrays == 1);
  // clang-format off
  CHECK_BYTES(&out,
      0x08, 7,                                             // ir_version
      0x12, 1, 'p', 0x1a, 1, '1', 0x32, 1, 'd',            // producer, its version, doc
      0x3a, 88,                                            // graph
        0x5a, 24, 0x0a, 1, 'x',                            //   input
          0x12, 15, 0x0a, 13, 0x08, 1,                     //     type, tensor of FLOAT
            0x12, 9, 0x0a, 3, 0x12, 1, 'N', 0x0a, 2, 0x08, 3,  // shape: N, 3
          0x1a, 2, 'i', 'n',                               //     doc
        0x2a, 13, 0x08, 1, 0x10, 1, 0x42, 1, 'a',          //   initializer a (1), FLOAT
          0x4a, 4, 0, 0, 0, 0x3f,                          //     0.5
        0x0a, 42, 0x0a, 1, 'x', 0x0a, 1, 'a',              //   node: inputs,
          0x12, 1, 'y', 0x1a, 1, 'y', 0x22, 2, 'O', 'p',   //     output, name, operator
          0x2a, 11, 0x0a, 4, 'a', 'x', 'i', 's', 0x18, 1, 0xa0, 1, 2,  // axis = 1, INT
          0x2a, 11, 0x0a, 4, 'a', 'x', 'e', 's', 0x40, 2, 0xa0, 1, 7,  // axes = [2], INTS
        0x12, 1, 'g',                                      //   name
      0x42, 2, 0x10, 13,                                   // opset_import: version 13
      0x72, 6, 0x0a, 1, 'k', 0x12, 1, 'v');                // metadata_props
  // clang-format on
  irl_wire_fini(&out);
  irl_onnx_fini(&onnx);
}

// Doubles become floats; one that is too large for that is refused.
static void numbers(void) {
  irl_onnx onnx = {.arrays = 0};
  irl_wire out = {0};
  irl_onnx_doubles(&onnx, "a", 0, NULL, &(double){0.1});
  CHECK(!onnx.infinite);
  irl_onnx_doubles(&onnx, "b", 0, NULL, &(double){1e39});
  CHECK(onnx.infinite && irl_onnx_encode(&onnx, "g", "p", "1", "d", &out) == IRL_ENUM);
  irl_wire_fini(&out);
  irl_onnx_fini(&onnx);
}

TESTS(TEST(varints), TEST(fields), TEST(messages), TEST(growth), TEST(model), TEST(numbers))
