// A small test harness: each test program has TESTS(...) listing its functions; CHECK* report and
// go on; the program's exit code is the number of failed tests (at most 100). `program NAME` runs
// one.
#ifndef MJIRL_TESTS_TEST_H_
#define MJIRL_TESTS_TEST_H_

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_failures;

#define CHECK(condition)                                                   \
  do {                                                                     \
    if (!(condition)) {                                                    \
      test_failures++;                                                     \
      printf("%s:%d: CHECK(%s) failed\n", __FILE__, __LINE__, #condition); \
    }                                                                      \
  } while (0)

// |a − b| <= tolerance; fails for NaN.
#define CHECK_NEAR(a, b, tolerance)                                                            \
  do {                                                                                         \
    double check_a_ = (a), check_b_ = (b), check_t_ = (tolerance);                             \
    if (!(fabs(check_a_ - check_b_) <= check_t_)) {                                            \
      test_failures++;                                                                         \
      printf("%s:%d: %s = %.17g, %s = %.17g, differ by %.3g > %.3g\n", __FILE__, __LINE__, #a, \
             check_a_, #b, check_b_, fabs(check_a_ - check_b_), check_t_);                     \
    }                                                                                          \
  } while (0)

#define CHECK_OK(expression)                                                              \
  do {                                                                                    \
    int check_e_ = (int)(expression);                                                     \
    if (check_e_ != 0) {                                                                  \
      test_failures++;                                                                    \
      printf("%s:%d: %s returned error %d\n", __FILE__, __LINE__, #expression, check_e_); \
    }                                                                                     \
  } while (0)

#define CHECK_CONTAINS(text, part)                                                            \
  do {                                                                                        \
    const char* check_text_ = (text);                                                         \
    if (strstr(check_text_, (part)) == NULL) {                                                \
      test_failures++;                                                                        \
      printf("%s:%d: '%s' does not contain '%s'\n", __FILE__, __LINE__, check_text_, (part)); \
    }                                                                                         \
  } while (0)

// Where tests write: the build's folder under ctest, else the system's folder for temporary files,
// so that a test run by hand leaves nothing in the sources.
static inline const char* test_folder(void) {
  const char* folder = getenv("MJIRL_TEST_DIR");
  return folder != NULL ? folder : P_tmpdir;
}

typedef struct test_case {
  const char* name;
  void (*run)(void);
} test_case;

#define TEST(function) \
  { #function, function }

static inline int test_main(int argc, char** argv, const test_case* cases, int n) {
  int failed = 0;
  for (int i = 0; i < n; i++) {
    if (argc > 1 && strcmp(argv[1], cases[i].name) != 0) {
      continue;
    }
    int before = test_failures;
    cases[i].run();
    bool bad = test_failures != before;
    failed += bad;
    printf("%s %s\n", bad ? "FAIL" : "ok  ", cases[i].name);
    fflush(stdout);
  }
  return failed > 100 ? 100 : failed;
}

#define TESTS(...)                                                              \
  int main(int argc, char** argv) {                                             \
    const test_case cases[] = {__VA_ARGS__};                                    \
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0])); \
  }

#endif  // MJIRL_TESTS_TEST_H_
