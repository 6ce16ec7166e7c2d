#include "base/err.h"

#include "test.h"

static void names_are_unique(void) {
  for (int i = 0; i <= IRL_ECANCELED; i++) {
    CHECK(strcmp(irl_err_name((irl_err)i), "unknown error") != 0);
    for (int j = 0; j < i; j++) {
      CHECK(strcmp(irl_err_name((irl_err)i), irl_err_name((irl_err)j)) != 0);
    }
  }
  CHECK(strcmp(irl_err_name((irl_err)1000), "unknown error") == 0);
}

static void fail_writes_a_sentence(void) {
  irl_errinfo info = {0};
  CHECK(irl_fail(&info, IRL_ERANGE, "%s: %d", "horizon", -1) == IRL_ERANGE);
  CHECK(info.code == IRL_ERANGE);
  CHECK(strcmp(info.text, "horizon: -1") == 0);
  CHECK(irl_fail(NULL, IRL_EIO, "nobody listens") == IRL_EIO);
}

static void fail_keeps_one_plain_line(void) {
  irl_errinfo info;
  (void)irl_fail(&info, IRL_EIO, "a\nb\033[31mc\x7f");
  CHECK(strcmp(info.text, "a b [31mc ") == 0);
}

// A cut must not leave half a character: é has two bytes, so one of two lengths would.
static void fail_cuts_between_characters(void) {
  for (int shift = 0; shift < 4; shift++) {
    char longer[2000];
    memset(longer, 'x', (size_t)shift);
    for (int i = shift; i + 2 < (int)sizeof longer; i += 2) {
      memcpy(longer + i, "é", 3);
    }
    irl_errinfo info;
    (void)irl_fail(&info, IRL_EIO, "%s", longer);
    size_t length = strlen(info.text);
    CHECK(length >= sizeof info.text - 2);
    CHECK(length % 2 == (size_t)shift % 2);
  }
}

static irl_err tries(irl_err first, int* reached) {
  *reached = 0;
  IRL_TRY(first);
  *reached = 1;
  return IRL_OK;
}

static void try_returns_early(void) {
  int reached = -1;
  CHECK(tries(IRL_ENOMEM, &reached) == IRL_ENOMEM && reached == 0);
  CHECK(tries(IRL_OK, &reached) == IRL_OK && reached == 1);
}

TESTS(TEST(names_are_unique), TEST(fail_writes_a_sentence), TEST(fail_keeps_one_plain_line),
      TEST(fail_cuts_between_characters), TEST(try_returns_early))
