// Protocol Buffers' wire format, as far as the files of other programs need it: TensorBoard's
// events and ONNX models. A message is a row of fields, each a tag, number << 3 | wire type, and a
// value (protobuf.dev/programming-guides/encoding):
//
//   0 varint, 7 bits a byte, the lowest first   1 eight bytes   2 size and bytes   5 four bytes
#ifndef MJIRL_IRL_WIRE_INTERNAL_H_
#define MJIRL_IRL_WIRE_INTERNAL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A message under construction. Memory that runs out is asked about once, at the end.
typedef struct irl_wire {
  unsigned char* data;  // heap, owned by irl_wire_fini
  size_t size;          // bytes in use
  size_t capacity;
  bool failed;  // out of memory: data is incomplete
} irl_wire;

// A zeroed irl_wire is empty and owns nothing.
void irl_wire_fini(irl_wire* wire);
void irl_wire_reset(irl_wire* wire);  // empty again, memory kept

// Bytes and varints without a tag.
void irl_wire_put(irl_wire* wire, const void* data, size_t size);
void irl_wire_put_varint(irl_wire* wire, uint64_t value);

// Fields. A negative integer is its 64-bit two's complement, ten bytes, as int32 and int64 fields
// have it.
void irl_wire_int(irl_wire* wire, int field, int64_t value);
void irl_wire_float(irl_wire* wire, int field, float value);
void irl_wire_double(irl_wire* wire, int field, double value);
void irl_wire_bytes(irl_wire* wire, int field, const void* data, size_t size);
void irl_wire_text(irl_wire* wire, int field, const char* text);
void irl_wire_message(irl_wire* wire, int field, const irl_wire* message);  // its failure is ours

#endif  // MJIRL_IRL_WIRE_INTERNAL_H_
