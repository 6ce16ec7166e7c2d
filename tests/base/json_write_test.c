#include <locale.h>

#include "base/json.h"
#include "base/random.h"
#include "test.h"

static void everything(irl_jout* out) {
  const double numbers[] = {1, 1.0 / 3.0, (double)NAN};
  irl_jout_open(out, '{');
  irl_jout_key_number(out, "a", 0.1);
  irl_jout_key(out, "b");
  irl_jout_open(out, '[');
  irl_jout_int(out, INT64_MIN);
  irl_jout_open(out, '{');
  irl_jout_close(out);
  irl_jout_null(out);
  irl_jout_close(out);
  irl_jout_key_bool(out, "c", true);
  irl_jout_key_numbers(out, "d", numbers, 3);
  irl_jout_key_string(out, "e", NULL);
  irl_jout_key_int(out, "f", 7);
  irl_jout_close(out);
}

static void compact_and_pretty(void) {
  irl_jout out;
  irl_jout_init(&out, false);
  everything(&out);
  CHECK(!out.failed && out.size == strlen(out.text));
  CHECK(strcmp(out.text,
               "{\"a\":0.1,\"b\":[-9223372036854775808,{},null],\"c\":true,"
               "\"d\":[1,0.3333333333333333,null],\"e\":null,\"f\":7}") == 0);
  irl_jout_reset(&out);
  CHECK(out.size == 0 && out.text[0] == '\0');
  irl_jout_open(&out, '[');
  irl_jout_close(&out);
  CHECK(strcmp(out.text, "[]") == 0);
  irl_jout_fini(&out);

  irl_jout_init(&out, true);
  everything(&out);
  CHECK(strcmp(out.text,
               "{\n  \"a\": 0.1,\n  \"b\": [\n    -9223372036854775808,\n    {},\n    null\n  ],\n"
               "  \"c\": true,\n  \"d\": [1, 0.3333333333333333, null],\n  \"e\": null,\n"
               "  \"f\": 7\n}") == 0);
  irl_jout_fini(&out);
}

static void strings_are_escaped(void) {
  irl_jout out;
  irl_jout_init(&out, false);
  irl_jout_string(&out, "q\" b\\ n\n t\t bell\a é \xF0\x9F\x99\x82 \xFF \xC3");
  CHECK(strcmp(out.text,
               "\"q\\\" b\\\\ n\\n t\\t bell\\u0007 é \xF0\x9F\x99\x82 "
               "\xEF\xBF\xBD \xEF\xBF\xBD\"") == 0);
  irl_json* doc = NULL;
  CHECK_OK(irl_json_parse(&doc, "t", out.text, out.size, NULL));
  if (doc != NULL) {
    CHECK(strcmp(irl_json_as_string(irl_json_root(doc)),
                 "q\" b\\ n\n t\t bell\a é \xF0\x9F\x99\x82 \xEF\xBF\xBD \xEF\xBF\xBD") == 0);
    CHECK_OK(irl_json_close(doc, NULL));
  }
  irl_jout_fini(&out);
}

// Any finite double, by its bits; every hundredth with few digits, as people write them.
static double some_double(irl_rng* rng, int i) {
  if (i % 100 == 0) {
    return (double)irl_rng_below(rng, 100000) / 1000.0 - 50.0;
  }
  for (;;) {
    uint64_t bits = irl_rng_u64(rng);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (isfinite(value)) {
      return value;
    }
  }
}

static void check_round_trip(int n) {
  double* values = malloc((size_t)n * sizeof *values);
  double* back = malloc((size_t)n * sizeof *back);
  irl_rng rng = irl_rng_stream(4, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int i = 0; i < n; i++) {
    values[i] = some_double(&rng, i);
  }
  values[1] = -0.0;
  values[2] = 5e-324;
  values[3] = 1.7976931348623157e308;
  values[4] = 2.2250738585072011e-308;
  irl_jout out;
  irl_jout_init(&out, false);
  irl_jout_open(&out, '{');
  irl_jout_key_numbers(&out, "values", values, n);
  irl_jout_close(&out);
  CHECK(!out.failed);
  irl_json* doc = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_json_parse(&doc, "t", out.text, out.size, &info));
  if (doc != NULL) {
    irl_jnode array = irl_json_get(irl_json_root(doc), "values");
    irl_json_as_numbers(array, back, n, -INFINITY, INFINITY);
    CHECK_OK(irl_json_close(doc, &info));
    CHECK(memcmp(values, back, (size_t)n * sizeof *values) == 0);
  }
  irl_jout_fini(&out);
  free(values);
  free(back);
}

static void doubles_come_back_to_the_bit(void) {
  check_round_trip(100000);
}

// A host may have set a locale that writes a comma.
static void locale_does_not_matter(void) {
  const char* const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
  bool found = false;
  for (int i = 0; i < 4 && !found; i++) {
    found = setlocale(LC_NUMERIC, locales[i]) != NULL;
  }
  printf("     decimal point: '%s'\n", localeconv()->decimal_point);
  irl_jout out;
  irl_jout_init(&out, false);
  irl_jout_number(&out, -1.5e-7);
  CHECK(strcmp(out.text, "-1.5e-07") == 0);
  irl_jout_fini(&out);
  check_round_trip(1000);
  setlocale(LC_NUMERIC, "C");
}

static void large_unsigned_numbers_keep_every_digit(void) {
  irl_jout out;
  irl_jout_init(&out, false);
  irl_jout_open(&out, '{');
  irl_jout_key_uint(&out, "a", UINT64_MAX);
  irl_jout_key_uint(&out, "b", (UINT64_C(1) << 53) + 1);
  irl_jout_close(&out);
  CHECK(strcmp(out.text, "{\"a\":18446744073709551615,\"b\":9007199254740993}") == 0);
  irl_jout_fini(&out);
}

TESTS(TEST(compact_and_pretty), TEST(strings_are_escaped), TEST(doubles_come_back_to_the_bit),
      TEST(locale_does_not_matter), TEST(large_unsigned_numbers_keep_every_digit))
