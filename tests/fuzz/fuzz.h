// The entry point that libFuzzer, or replay.c in its place, calls with one input.
#ifndef MJIRL_TESTS_FUZZ_FUZZ_H_
#define MJIRL_TESTS_FUZZ_FUZZ_H_

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#endif  // MJIRL_TESTS_FUZZ_FUZZ_H_
