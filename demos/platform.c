// What bit-for-bit repetition depends on.
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "demos/demos_internal.h"
#include "demos/journal_internal.h"

// The C library's mathematics and MuJoCo's own code choose their path by vector instructions, so
// these, and not the clock or the name of the machine, decide whether bits repeat.

#if defined(__x86_64__)
// Vendor, family and model as CPUID gives them (extended family and model added in).
static void cpu_text(char* out, size_t size) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  char vendor[13] = "unknown";
  if (__get_cpuid(0, &a, &b, &c, &d)) {
    memcpy(vendor, &b, 4);
    memcpy(vendor + 4, &d, 4);
    memcpy(vendor + 8, &c, 4);
    vendor[12] = 0;
  }
  a = 0;
  (void)__get_cpuid(1, &a, &b, &c, &d);
  unsigned family = ((a >> 8) & 15) + ((a >> 20) & 255),
           model = ((a >> 4) & 15) | ((a >> 12) & 240);
  snprintf(out, size, "%s family %u model %u", vendor, family, model);
}

// The vector instructions that the C library's mathematics dispatches on.
static void flags_text(char* out, size_t size) {
  __builtin_cpu_init();
  snprintf(out, size, "%s%s%s%s%s%s", __builtin_cpu_supports("sse4.1") ? "sse4.1" : "sse2",
           __builtin_cpu_supports("sse4.2") ? " sse4.2" : "",
           __builtin_cpu_supports("avx") ? " avx" : "",
           __builtin_cpu_supports("avx2") ? " avx2" : "",
           __builtin_cpu_supports("fma") ? " fma" : "",
           __builtin_cpu_supports("avx512f") ? " avx512f" : "");
}
#elif defined(__aarch64__)
static void cpu_text(char* out, size_t size) {
  snprintf(out, size, "aarch64");
}

static void flags_text(char* out, size_t size) {
  snprintf(out, size, "hwcap %lx", getauxval(AT_HWCAP));
}
#else
static void cpu_text(char* out, size_t size) {
  snprintf(out, size, "unknown");
}

static void flags_text(char* out, size_t size) {
  snprintf(out, size, "unknown");
}
#endif

static const char* libc_version(void) {
#if defined(__GLIBC__)
  return gnu_get_libc_version();
#else
  return "unknown";
#endif
}

void irl_demos_mujoco(char* out, size_t size) {
  snprintf(out, size, "%s", mj_versionString());
}

void irl_demos_platform(char* out, size_t size) {
  char cpu[64], flags[64];
  struct utsname system;
  cpu_text(cpu, sizeof cpu);
  flags_text(flags, sizeof flags);
  const char* machine = uname(&system) == 0 ? system.machine : "unknown";
  snprintf(out, size,
           "{\"machine\": \"%s\", \"cpu\": \"%s\", \"flags\": \"%s\", \"libc\": \"%s\", "
           "\"mujoco\": \"%s\"}",
           machine, cpu, flags, libc_version(), mj_versionString());
}
