#include "base/file.h"
#include "test.h"

// The definition: one bit at a time.
static uint32_t crc_by_bits(const unsigned char* data, size_t size) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (int b = 0; b < 8; b++) {
      crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1u)));
    }
  }
  return ~crc;
}

// The check value, and the vectors of RFC 3720, appendix B.4.
static void published_values(void) {
  CHECK(irl_crc32c(0, "123456789", 9) == 0xE3069283u);
  unsigned char data[32] = {0};
  CHECK(irl_crc32c(0, data, 32) == 0x8A9136AAu);
  memset(data, 0xFF, sizeof data);
  CHECK(irl_crc32c(0, data, 32) == 0x62A8AB43u);
  for (int i = 0; i < 32; i++) {
    data[i] = (unsigned char)i;
  }
  CHECK(irl_crc32c(0, data, 32) == 0x46DD794Eu);
  CHECK(irl_crc32c(0, data, 0) == 0);
  CHECK(irl_crc32c(123, NULL, 0) == 123);
}

static void any_length_place_and_cut(void) {
  unsigned char data[100];
  for (int i = 0; i < 100; i++) {
    data[i] = (unsigned char)(i * i * 7 + 3);
  }
  for (size_t begin = 0; begin < 9; begin++) {
    for (size_t size = 0; size + begin <= sizeof data; size++) {
      uint32_t whole = crc_by_bits(data + begin, size);
      CHECK(irl_crc32c(0, data + begin, size) == whole);
      size_t cut = size / 3;
      uint32_t first = irl_crc32c(0, data + begin, cut);
      CHECK(irl_crc32c(first, data + begin + cut, size - cut) == whole);
    }
  }
}

TESTS(TEST(published_values), TEST(any_length_place_and_cut))
