// Any bytes are either refused with a sentence, or read; what was read is written and read again,
// and comes back the same.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "fuzz.h"

// Writes a place with all below it.
static void copy_node(irl_jout* out, irl_jnode node) {
  switch (irl_json_type(node)) {
    case IRL_JSON_NUMBER:
      irl_jout_number(out, irl_json_as_number(node, -INFINITY, INFINITY));
      break;
    case IRL_JSON_STRING:
      irl_jout_string(out, irl_json_as_string(node));
      break;
    case IRL_JSON_BOOL:
      irl_jout_bool(out, irl_json_as_bool(node));
      break;
    case IRL_JSON_ARRAY:
      irl_jout_open(out, '[');
      for (int i = 0; i < irl_json_length(node); i++) {
        copy_node(out, irl_json_at(node, i));
      }
      irl_jout_close(out);
      break;
    case IRL_JSON_OBJECT:
      irl_jout_open(out, '{');
      for (int i = 0; i < irl_json_nkeys(node); i++) {
        irl_jout_key(out, irl_json_key(node, i));
        copy_node(out, irl_json_member(node, i));
      }
      irl_jout_close(out);
      break;
    default:
      irl_jout_null(out);
  }
}

// The text of a document as the writer puts it; `text` must be JSON that was accepted.
static irl_err rewrite(irl_jout* out, const char* text, size_t size) {
  irl_json* doc = NULL;
  irl_errinfo info = {0};
  irl_err err = irl_json_parse(&doc, "input", text, size, &info);
  if (err != IRL_OK) {
    assert(doc == NULL && info.code == err && strncmp(info.text, "input", 5) == 0);
    assert(strchr(info.text, ';') != NULL && strchr(info.text, '\n') == NULL);
    return err;
  }
  copy_node(out, irl_json_root(doc));
  assert(!out->failed);
  err = irl_json_close(doc, &info);
  assert(err == IRL_OK);
  return err;
}

// A loader such as a task's, which meets wrong types, missing and unknown keys.
static void load_strictly(const char* text, size_t size) {
  static const char* const choices[] = {"alpha", "beta", NULL};
  irl_json* doc = NULL;
  irl_errinfo info = {0};
  if (irl_json_parse(&doc, "input", text, size, NULL) != IRL_OK) {
    return;
  }
  irl_jnode root = irl_json_root(doc);
  double numbers[2];
  (void)irl_json_int_or(root, "horizon", 1, 100, 10);
  (void)irl_json_number_or(root, "gain", 0.0, 1.0, 0.5);
  (void)irl_json_choice_or(root, "kind", choices, 0);
  (void)irl_json_string_or(root, "label", "");
  (void)irl_json_bool_or(root, "fresh", true);
  irl_json_as_numbers(irl_json_get_opt(root, "pair"), numbers, 2, -1.0, 1.0);
  irl_jnode terms = irl_json_get_opt(root, "terms");
  for (int i = 0; i < irl_json_length(terms); i++) {
    (void)irl_json_as_int64(irl_json_get(irl_json_at(terms, i), "weight"), 0, IRL_JSON_MAX_INT);
  }
  irl_err err = irl_json_close(doc, &info);
  assert((err == IRL_OK) == (info.text[0] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  irl_jout first, second;
  irl_jout_init(&first, size % 2 == 0);
  irl_jout_init(&second, size % 2 == 0);
  if (rewrite(&first, (const char*)data, size) == IRL_OK) {
    irl_err err = rewrite(&second, first.text, first.size);
    assert(err == IRL_OK);
    assert(first.size == second.size && memcmp(first.text, second.text, first.size) == 0);
    load_strictly((const char*)data, size);
  }
  irl_jout_fini(&first);
  irl_jout_fini(&second);
  return 0;
}
