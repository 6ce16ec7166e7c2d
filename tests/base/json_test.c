#include "base/json.h"

#include <unistd.h>

#include "test.h"

#define ESCAPED_ZERO "\\u0000"

static irl_json* parse(const char* text) {
  irl_json* doc = NULL;
  irl_errinfo info = {0};
  irl_err err = irl_json_parse(&doc, "t.json", text, strlen(text), &info);
  if (err != IRL_OK) {
    test_failures++;
    printf("%s refused: %s\n", text, info.text);
  }
  return doc;
}

// Refused while parsing, with that beginning ("t.json:<line>: <path>: ") and remedy.
static void check_refused_bytes(const char* text, size_t size, irl_err code, const char* place,
                                const char* part) {
  irl_json* doc = NULL;
  irl_errinfo info = {0};
  irl_err err = irl_json_parse(&doc, "t.json", text, size, &info);
  if (err != code || doc != NULL || info.code != code || strstr(info.text, part) == NULL ||
      strncmp(info.text, place, strlen(place)) != 0 || strchr(info.text, ';') == NULL) {
    test_failures++;
    printf("%s: error %d '%s', expected %d '%s ... %s ...; ...'\n", text, err, info.text, code,
           place, part);
  }
  if (doc != NULL) {
    CHECK_OK(irl_json_close(doc, NULL));
  }
}

static void check_refused(const char* text, const char* place, const char* part) {
  check_refused_bytes(text, strlen(text), IRL_EPARSE, place, part);
}

static void numbers_refused(void) {
  check_refused("01", "t.json:1: $: ", "begins with 0");
  check_refused("{\"a\":\n -01}", "t.json:2: $.a: ", "begins with 0");
  check_refused("[1, +1]", "t.json:1: $[1]: ", "found '+'");
  check_refused("[.5]", "t.json:1: $[0]: ", "found '.'");
  check_refused("[1.]", "t.json:1: $[0]: ", "digit");
  check_refused("[1.e5]", "t.json:1: $[0]: ", "digit");
  check_refused("[1e]", "t.json:1: $[0]: ", "digit");
  check_refused("[1e+]", "t.json:1: $[0]: ", "digit");
  check_refused("[-]", "t.json:1: $[0]: ", "digit");
  check_refused("[0x10]", "t.json:1: $: ", "found 'x'");
  check_refused("[NaN]", "t.json:1: $[0]: ", "finite");
  check_refused("[Infinity]", "t.json:1: $[0]: ", "finite");
  check_refused("[-Infinity]", "t.json:1: $[0]: ", "infinity");
  check_refused("[nan]", "t.json:1: $[0]: ", "found 'n'");
  check_refused("[1234567890123456789012345678901234567890123456789012345678901234]",
                "t.json:1: $[0]: ", "63 characters");
  check_refused_bytes("{\"a\":[1,\n1e999]}", 16, IRL_ERANGE, "t.json:2: $.a[1]: ", "too large");
  check_refused_bytes("-1e400", 6, IRL_ERANGE, "t.json:1: $: ", "too large");
}

static void structure_refused(void) {
  check_refused("", "t.json:1: $: ", "ends early");
  check_refused(" \n\n ", "t.json:3: $: ", "ends early");
  check_refused("{\"a\":1", "t.json:1: $: ", "ends early");
  check_refused("{\"a\"", "t.json:1: $: ", "ends early");
  check_refused("{\"a\":", "t.json:1: $.a: ", "ends early");
  check_refused("[1,2", "t.json:1: $: ", "ends early");
  check_refused("{\"a\":1}x", "t.json:1: $: ", "more text");
  check_refused("{}\n{}", "t.json:2: $: ", "more text");
  check_refused("1 2", "t.json:1: $: ", "more text");
  check_refused("[1,]", "t.json:1: $: ", "comma");
  check_refused("{\"b\":{\"a\":1,\n}}", "t.json:1: $.b: ", "comma");
  check_refused("[1 2]", "t.json:1: $: ", "found '2'");
  check_refused("[1}", "t.json:1: $: ", "found '}'");
  check_refused("{\"a\" 1}", "t.json:1: $: ", "':'");
  check_refused("{a:1}", "t.json:1: $: ", "double quotes");
  check_refused("{'a':1}", "t.json:1: $: ", "double quotes");
  check_refused("['a']", "t.json:1: $[0]: ", "double quotes");
  check_refused("{,}", "t.json:1: $: ", "found ','");
  check_refused("[tru]", "t.json:1: $[0]: ", "true");
  check_refused("[1] // no", "t.json:1: $: ", "more text");
  check_refused("[/* no */ 1]", "t.json:1: $[0]: ", "comments");
  check_refused("\xEF\xBB\xBF{}", "t.json:1: $: ", "byte order mark");
  check_refused_bytes("[1]\0", 4, IRL_EPARSE, "t.json:1: $: ", "more text");
  check_refused_bytes("[\0]", 3, IRL_EPARSE, "t.json:1: $[0]: ", "0x00");
  check_refused("[1,\v2]", "t.json:1: $[1]: ", "0x0B");
}

static void strings_refused(void) {
  check_refused("[\"" ESCAPED_ZERO "\"]", "t.json:1: $[0]: ", "\\u0000");
  check_refused("{\"a" ESCAPED_ZERO "b\":1}", "t.json:1: $: ", "\\u0000");
  check_refused("[\"\\ud800\"]", "t.json:1: $[0]: ", "surrogate");
  check_refused("[\"\\udc00\"]", "t.json:1: $[0]: ", "surrogate");
  check_refused("[\"\\ud800\\u0041\"]", "t.json:1: $[0]: ", "surrogate");
  check_refused("[\"\\u12g4\"]", "t.json:1: $[0]: ", "hexadecimal");
  check_refused("[\"\\x\"]", "t.json:1: $[0]: ", "escape");
  check_refused("[\"a\nb\"]", "t.json:1: $[0]: ", "control character");
  check_refused("[\"abc", "t.json:1: $[0]: ", "quote");
  check_refused("[\"abc\\", "t.json:1: $[0]: ", "ends early");
  const char* const bad_utf8[] = {"\xFF",
                                  "\xC0\xAF",
                                  "\x80",
                                  "\xC3",
                                  "\xE2\x82",
                                  "\xED\xA0\x80",
                                  "\xE0\x80\xAF",
                                  "\xF0\x80\x80\x80",
                                  "\xF4\x90\x80\x80",
                                  "\xF5\x80\x80\x80"};
  for (size_t i = 0; i < sizeof bad_utf8 / sizeof bad_utf8[0]; i++) {
    char text[32];
    snprintf(text, sizeof text, "{\"k\":\n\"x%sx\"}", bad_utf8[i]);
    check_refused(text, "t.json:2: $.k: ", "UTF-8");
  }
}

// All that names a line counts from that of the text of many.
static void lines_count_on(void) {
  static const char* const cases[][2] = {
      {"garbage", "t.jsonl:4: $: found 'g'"},
      {"\xEF\xBB\xBF{}", "t.jsonl:4: $: it begins with"},
      {"{\"a\":1,\n\"a\":2}", "t.jsonl:5: $.a: this key stands already in line 4"},
      {"{\n\n\"a\":\"b\"}", "t.jsonl:6: $.a: found a string; write a number"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    irl_json* doc = NULL;
    irl_errinfo info = {0};
    const char* text = cases[i][0];
    irl_err err = irl_json_parse_line(&doc, "t.jsonl", 4, text, strlen(text), &info);
    if (err == IRL_OK) {
      irl_json_as_number(irl_json_get(irl_json_root(doc), "a"), 0, 9);
      err = irl_json_close(doc, &info);
    }
    CHECK(err == IRL_EPARSE);
    CHECK_CONTAINS(info.text, cases[i][1]);
  }
}

static void keys_refused(void) {
  check_refused("{\"a\":1,\n\"b\":2,\n\"a\":3}", "t.json:3: $.a: ", "already in line 1");
  check_refused("{\"o\":[{},{\"x\":1,\"x\":1}]}", "t.json:1: $.o[1].x: ", "remove one");
  check_refused("{\"a\":1,\"\\u0061\":2}", "t.json:1: $[\"\\u0061\"]: ", "already");
  irl_json* doc = parse("{\"a\":1,\"A\":2}");  // differ in case: two keys
  CHECK(irl_json_as_int(irl_json_get(irl_json_root(doc), "A"), 0, 9) == 2);
  CHECK(irl_json_as_int(irl_json_get(irl_json_root(doc), "a"), 0, 9) == 1);
  CHECK_OK(irl_json_close(doc, NULL));
}

static void depth_is_limited(void) {
  char text[200];
  for (int depth = 63; depth <= 66; depth++) {
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    irl_json* doc = NULL;
    irl_errinfo info = {0};
    irl_err err = irl_json_parse(&doc, "t", text, (size_t)(2 * depth), &info);
    CHECK((err == IRL_OK) == (depth <= 64));
    if (err == IRL_OK) {
      CHECK_OK(irl_json_close(doc, NULL));
    } else {
      CHECK_CONTAINS(info.text, "64 levels");
      CHECK_CONTAINS(info.text, "t:1: $[0][0]");
    }
  }
}

// [1,1,...] with the given number of ones; the array itself is a value too.
static irl_err parse_ones(int n, irl_errinfo* info) {
  char* text = malloc(2 * (size_t)n + 2);
  text[0] = '[';
  for (int i = 0; i < n; i++) {
    memcpy(text + 1 + 2 * i, "1,", 2);
  }
  text[2 * n] = ']';
  irl_json* doc = NULL;
  irl_err err = irl_json_parse(&doc, "t", text, 2 * (size_t)n + 1, info);
  if (err == IRL_OK) {
    CHECK(irl_json_length(irl_json_root(doc)) == n);
    err = irl_json_close(doc, info);
  }
  free(text);
  return err;
}

static void value_count_is_limited(void) {
  irl_errinfo info = {0};
  CHECK_OK(parse_ones((1 << 20) - 1, &info));
  CHECK(parse_ones(1 << 20, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "1048576 values");
}

// The getters' refusals, on a small schema like that of a task.
typedef struct settings {
  int horizon;
  double gain;
  bool fresh;
  char label[32];
  int norm;
  double target[2];
} settings;

static const char* const norms[] = {"quadratic", "smooth_abs", "cosh", NULL};

static irl_err read_settings(settings* s, const char* text, irl_errinfo* info) {
  irl_json* doc = NULL;
  IRL_TRY(irl_json_parse(&doc, "t.json", text, strlen(text), info));
  irl_jnode root = irl_json_root(doc);
  s->horizon = irl_json_as_int(irl_json_get(root, "horizon"), 1, 1000);
  s->gain = irl_json_number_or(root, "gain", 0.0, INFINITY, 0.5);
  s->fresh = irl_json_bool_or(root, "fresh", true);
  snprintf(s->label, sizeof s->label, "%s", irl_json_string_or(root, "label", "none"));
  irl_jnode cost = irl_json_get_opt(root, "cost");
  s->norm = cost.item != NULL ? irl_json_choice_or(cost, "norm", norms, 2) : 0;
  if (irl_json_has(root, "target")) {
    irl_json_as_numbers(irl_json_get(root, "target"), s->target, 2, -1, 1);
  }
  return irl_json_close(doc, info);
}

static void good_settings(void) {
  settings s = {0};
  irl_errinfo info = {0};
  CHECK_OK(read_settings(&s, "{\"horizon\": 50}", &info));
  CHECK(s.horizon == 50 && s.gain == 0.5 && s.fresh && s.norm == 0 && s.target[0] == 0.0);
  CHECK(strcmp(s.label, "none") == 0 && info.text[0] == '\0');
  CHECK_OK(read_settings(&s,
                         "{\"horizon\":1e3,\"gain\":0,\"fresh\":false,\"label\":\"a\\u00e9\\ud83d"
                         "\\ude42\",\"cost\":{\"norm\":\"smooth_abs\"},\"target\":[-1,1.0]}",
                         &info));
  CHECK(s.horizon == 1000 && s.gain == 0.0 && !s.fresh && s.norm == 1);
  CHECK(s.target[0] == -1.0 && s.target[1] == 1.0);
  CHECK(strcmp(s.label, "a\xC3\xA9\xF0\x9F\x99\x82") == 0);
}

static void bad_settings(void) {
  static const struct {
    const char* text;
    irl_err code;
    const char* message;
  } cases[] = {
      {"{}", IRL_EPARSE, "t.json:1: $: key 'horizon' is missing; add it"},
      {"{\"horizn\":5}", IRL_EPARSE,
       "t.json:1: $: key 'horizon' is missing; did you mean it by 'horizn'?"},
      {"{\"horizon\":5,\n\"gian\":1}", IRL_EPARSE,
       "t.json:2: $.gian: unknown key; did you mean 'gain'?"},
      {"{\"horizon\":5,\n\"zebra\":1}", IRL_EPARSE, "t.json:2: $.zebra: unknown key; remove it"},
      {"{\"horizon\":5,\"gain\":1,\"gian\":1}", IRL_EPARSE,
       "t.json:1: $.gian: unknown key; remove it"},
      {"{\"horizon\":5,\"cost\":\n\n{\"nrom\":\"cosh\"}}", IRL_EPARSE,
       "t.json:3: $.cost.nrom: unknown key; did you mean 'norm'?"},
      {"{\"horizon\":5,\"cost\":{\"gian\":1}}", IRL_EPARSE,
       "t.json:1: $.cost.gian: unknown key; remove it"},
      {"{\"horizon\":\"5\"}", IRL_EPARSE, "t.json:1: $.horizon: found a string; write a number"},
      {"{\"horizon\":null}", IRL_EPARSE, "t.json:1: $.horizon: found null; write a number"},
      {"{\"horizon\":5,\"fresh\":1}", IRL_EPARSE,
       "t.json:1: $.fresh: found a number; write true or false"},
      {"{\"horizon\":5,\"label\":[]}", IRL_EPARSE,
       "t.json:1: $.label: found an array; write a string"},
      {"{\"horizon\":5,\"cost\":true}", IRL_EPARSE,
       "t.json:1: $.cost: found true or false; write an object"},
      {"[]", IRL_EPARSE, "t.json:1: $: found an array; write an object"},
      {"{\"horizon\":0}", IRL_ERANGE, "t.json:1: $.horizon: 0 is out of range; write 1 to 1000"},
      {"{\"horizon\":1001}", IRL_ERANGE,
       "t.json:1: $.horizon: 1001 is out of range; write 1 to 1000"},
      {"{\"horizon\":2.5}", IRL_EPARSE,
       "t.json:1: $.horizon: 2.5 is not whole; write a whole number"},
      {"{\"horizon\":5,\"gain\":-0.5}", IRL_ERANGE,
       "t.json:1: $.gain: -0.5 is too small; write at least 0"},
      {"{\"horizon\":5,\"gain\":-1e-12}", IRL_ERANGE,
       "t.json:1: $.gain: -1e-12 is too small; write at least 0"},
      {"{\"horizon\":5,\"cost\":{\"norm\":\"cosch\"}}", IRL_ERANGE,
       "t.json:1: $.cost.norm: 'cosch' is none of quadratic, smooth_abs, cosh; did you mean "
       "'cosh'?"},
      {"{\"horizon\":5,\"cost\":{\"norm\":\"zebra\"}}", IRL_ERANGE,
       "t.json:1: $.cost.norm: 'zebra' is unknown; write one of quadratic, smooth_abs, cosh"},
      {"{\"horizon\":5,\"target\":[1]}", IRL_EDIM,
       "t.json:1: $.target: its length is 1; write 2 numbers"},
      {"{\"horizon\":5,\"target\":[1,1,1]}", IRL_EDIM,
       "t.json:1: $.target: its length is 3; write 2 numbers"},
      {"{\"horizon\":5,\"target\":[1,\n2]}", IRL_ERANGE,
       "t.json:2: $.target[1]: 2 is out of range; write -1 to 1"},
      {"{\"horizon\":5,\"target\":[1,\n\"2\"]}", IRL_EPARSE,
       "t.json:2: $.target[1]: found a string; write a number"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    settings s;
    irl_errinfo info = {0};
    irl_err err = read_settings(&s, cases[i].text, &info);
    if (err != cases[i].code || info.code != err || strcmp(info.text, cases[i].message) != 0) {
      test_failures++;
      printf("%s: error %d '%s', expected %d '%s'\n", cases[i].text, err, info.text, cases[i].code,
             cases[i].message);
    }
  }
}

static void first_error_stays(void) {
  irl_json* doc = parse("{\"a\":1,\"b\":[true],\"c\":{\"d\":2}}");
  irl_jnode root = irl_json_root(doc);
  irl_jnode b = irl_json_get(root, "b");
  CHECK(irl_json_ok(doc));
  irl_json_refuse(irl_json_at(b, 0), IRL_EDIM, "it is %s; %s", "wrong", "mend it");
  CHECK(!irl_json_ok(doc));
  irl_json_refuse(b, IRL_EIO, "later");
  CHECK(irl_json_as_number(irl_json_get(root, "a"), 3, 4) == 3.0);
  CHECK(irl_json_as_int(irl_json_get(root, "a"), -4, -3) == -3);
  CHECK(irl_json_int_or(root, "a", 0, 9, 7) == 7);
  CHECK(irl_json_choice_or(root, "a", norms, 2) == 2);
  CHECK(irl_json_length(b) == 0 && irl_json_nkeys(root) == 0);
  CHECK(irl_json_at(b, 0).item == NULL && irl_json_type(b) == IRL_JSON_NONE);
  CHECK(strcmp(irl_json_as_string(b), "") == 0 && !irl_json_as_bool(b));
  irl_errinfo info = {0};
  CHECK(irl_json_close(doc, &info) == IRL_EDIM);
  CHECK(strcmp(info.text, "t.json:1: $.b[0]: it is wrong; mend it") == 0);
}

static void refusal_without_a_place(void) {
  irl_json* doc = parse("{}");
  irl_errinfo info = {0};
  irl_json_refuse(irl_json_get_opt(irl_json_root(doc), "a"), IRL_ENOENT, "no %s; %s", "a",
                  "add it");
  CHECK(irl_json_close(doc, &info) == IRL_ENOENT);
  CHECK(strcmp(info.text, "t.json: no a; add it") == 0);
}

static void one_sided_ranges(void) {
  irl_json* doc = parse("[5]");
  irl_errinfo info = {0};
  CHECK(irl_json_as_number(irl_json_at(irl_json_root(doc), 0), -INFINITY, -1.5) == -1.5);
  CHECK(irl_json_close(doc, &info) == IRL_ERANGE);
  CHECK(strcmp(info.text, "t.json:1: $[0]: 5 is too large; write at most -1.5") == 0);
}

// More absent keys than fit the first block of notes: all stay suggestions.
static void many_absent_keys(void) {
  irl_json* doc = parse("{\"option_77x\": 1}");
  irl_errinfo info = {0};
  for (int repeat = 0; repeat < 2; repeat++) {
    for (int i = 0; i < 100; i++) {
      char key[32];
      snprintf(key, sizeof key, "option_%d", i);
      CHECK(!irl_json_has(irl_json_root(doc), key));
    }
  }
  CHECK(irl_json_close(doc, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "did you mean 'option_77'?");
}

static void members_and_elements(void) {
  irl_json* doc = parse("{\"x\":[10,11,12,13],\"y\":{\"k1\":1,\"k2\":2,\"\":3}}");
  irl_jnode root = irl_json_root(doc);
  irl_jnode x = irl_json_get(root, "x"), y = irl_json_get(root, "y");
  CHECK(irl_json_length(x) == 4 && irl_json_nkeys(y) == 3);
  const int order[] = {0, 1, 3, 2, 0, 3, 3};
  for (int i = 0; i < 7; i++) {
    CHECK(irl_json_as_int(irl_json_at(x, order[i]), 0, 99) == 10 + order[i]);
  }
  CHECK(strcmp(irl_json_key(y, 1), "k2") == 0 && strcmp(irl_json_key(y, 0), "k1") == 0);
  CHECK(irl_json_as_int(irl_json_member(y, 2), 0, 9) == 3 && irl_json_key(y, 2)[0] == '\0');
  CHECK(irl_json_get_opt(root, "z").item == NULL && !irl_json_has(root, "z"));
  CHECK(irl_json_get(irl_json_get_opt(root, "z"), "deeper").item == NULL);
  CHECK(irl_json_as_int64(irl_json_at(x, 0), 0, IRL_JSON_MAX_INT) == 10);
  CHECK_OK(irl_json_close(doc, NULL));
}

static void types(void) {
  irl_json* doc = parse("[null,true,1,\"s\",[],{}]");
  for (int i = 0; i < 6; i++) {
    CHECK(irl_json_type(irl_json_at(irl_json_root(doc), i)) == (irl_jtype)(IRL_JSON_NULL + i));
  }
  CHECK_OK(irl_json_close(doc, NULL));
}

static void long_paths_are_cut(void) {
  char text[4000] = "", key[101];
  memset(key, 'k', 100);
  key[100] = '\0';
  for (int i = 0; i < 20; i++) {
    snprintf(text + strlen(text), sizeof text - strlen(text), "{\"%s\":", key);
  }
  snprintf(text + strlen(text), sizeof text - strlen(text), "01");
  check_refused(text, "t.json:1: $.kkkkkkkk", "...: a number begins with 0");

  // A key is cut after 60 bytes, between characters: é has two, so that the 60th byte is in one.
  snprintf(text, sizeof text, "{\"x");
  for (int i = 0; i < 40; i++) {
    snprintf(text + strlen(text), sizeof text - strlen(text), "é");
  }
  snprintf(text + strlen(text), sizeof text - strlen(text), "\":01}");
  char expected[200];
  snprintf(expected, sizeof expected, "t.json:1: $[\"%.59s...\"]: a number", text + 2);
  check_refused(text, expected, "begins with 0");
}

static void many_keys_are_quick(void) {
  enum { N = 100000 };
  char* text = malloc(16 * N);
  size_t used = (size_t)snprintf(text, 16, "{");
  for (int i = 0; i < N; i++) {
    used += (size_t)snprintf(text + used, 16, "%s\"%d\":1", i > 0 ? "," : "", i);
  }
  used += (size_t)snprintf(text + used, 16, "}");
  irl_json* doc = NULL;
  CHECK_OK(irl_json_parse(&doc, "t", text, used, NULL));
  int sum = 0;
  for (int i = 0; i < irl_json_nkeys(irl_json_root(doc)); i += N / 10) {
    sum += irl_json_as_int(irl_json_member(irl_json_root(doc), i), 0, 1);
  }
  CHECK(sum == 10);
  CHECK(irl_json_close(doc, NULL) == IRL_EPARSE);
  free(text);
}

static void files(void) {
  char path[512];
  const char* folder = test_folder();
  snprintf(path, sizeof path, "%s/json_test.json", folder);
  FILE* file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) {
    return;
  }
  fputs("{\n\"a\": 3}", file);
  fclose(file);
  irl_json* doc = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_json_load(&doc, path, &info));
  CHECK(irl_json_as_int(irl_json_get(irl_json_root(doc), "a"), 0, 9) == 3);
  CHECK_OK(irl_json_close(doc, &info));
  CHECK_OK(irl_json_load(&doc, path, &info));
  CHECK(irl_json_close(doc, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "json_test.json:2: $.a: unknown key");
  CHECK(truncate(path, (16 << 20) + 1) == 0);
  CHECK(irl_json_load(&doc, path, &info) == IRL_ERANGE && doc == NULL);
  unlink(path);
  CHECK(irl_json_load(&doc, path, &info) == IRL_ENOENT && doc == NULL);
  CHECK_CONTAINS(info.text, "json_test.json: cannot open");
}

TESTS(TEST(numbers_refused), TEST(structure_refused), TEST(strings_refused), TEST(lines_count_on),
      TEST(keys_refused), TEST(depth_is_limited), TEST(value_count_is_limited), TEST(good_settings),
      TEST(bad_settings), TEST(first_error_stays), TEST(refusal_without_a_place),
      TEST(one_sided_ranges), TEST(many_absent_keys), TEST(members_and_elements), TEST(types),
      TEST(long_paths_are_cut), TEST(many_keys_are_quick), TEST(files))
