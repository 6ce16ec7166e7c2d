#include <string.h>

#include "base/arena.h"
#include "irl/wire_internal.h"

enum { VARINT = 0, FIXED64 = 1, SIZED = 2, FIXED32 = 5, FIRST_CAPACITY = 512 };

void irl_wire_fini(irl_wire* wire) {
  irl_free(wire->data);
  *wire = (irl_wire){0};
}

void irl_wire_reset(irl_wire* wire) {
  wire->size = 0;
  wire->failed = false;
}

// Room for more bytes, by doubling; false, and failed, where there is none.
static bool reserve(irl_wire* wire, size_t more) {
  size_t need, capacity = wire->capacity > 0 ? wire->capacity : FIRST_CAPACITY;
  if (wire->failed || __builtin_add_overflow(wire->size, more, &need)) {
    wire->failed = true;
    return false;
  }
  if (need <= wire->capacity) {
    return true;
  }
  while (capacity < need) {
    capacity = capacity > SIZE_MAX / 2 ? need : 2 * capacity;
  }
  unsigned char* data = IRL_NEW(unsigned char, capacity);
  wire->failed = data == NULL;
  if (wire->failed) {
    return false;
  }
  if (wire->size > 0) {
    memcpy(data, wire->data, wire->size);
  }
  irl_free(wire->data);
  wire->data = data;
  wire->capacity = capacity;
  return true;
}

void irl_wire_put(irl_wire* wire, const void* data, size_t size) {
  if (size > 0 && reserve(wire, size)) {
    memcpy(wire->data + wire->size, data, size);
    wire->size += size;
  }
}

void irl_wire_put_varint(irl_wire* wire, uint64_t value) {
  unsigned char bytes[10];
  size_t n = 0;
  do {
    bytes[n++] = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>= 7;
  } while (value != 0);
  irl_wire_put(wire, bytes, n);
}

static void put_tag(irl_wire* wire, int field, int type) {
  irl_wire_put_varint(wire, (uint64_t)field << 3 | (uint64_t)type);
}

void irl_wire_int(irl_wire* wire, int field, int64_t value) {
  put_tag(wire, field, VARINT);
  irl_wire_put_varint(wire, (uint64_t)value);
}

void irl_wire_float(irl_wire* wire, int field, float value) {
  put_tag(wire, field, FIXED32);
  irl_wire_put(wire, &value, sizeof value);
}

void irl_wire_double(irl_wire* wire, int field, double value) {
  put_tag(wire, field, FIXED64);
  irl_wire_put(wire, &value, sizeof value);
}

void irl_wire_bytes(irl_wire* wire, int field, const void* data, size_t size) {
  put_tag(wire, field, SIZED);
  irl_wire_put_varint(wire, size);
  irl_wire_put(wire, data, size);
}

void irl_wire_text(irl_wire* wire, int field, const char* text) {
  irl_wire_bytes(wire, field, text, strlen(text));
}

void irl_wire_message(irl_wire* wire, int field, const irl_wire* message) {
  wire->failed = wire->failed || message->failed;
  irl_wire_bytes(wire, field, message->data, message->size);
}
