#include "base/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json_internal.h"

// A key that a getter asked an object for in vain; suggestions for misspelt keys come from these.
typedef struct asked_key {
  char* key;  // heap, owned
  int next;   // entry of the same object, -1: none
} asked_key;

// cJSON's nodes carry the index of their place in `valueint`, which has no other use here (numbers
// are taken from valuedouble).
struct irl_json {
  char* name;
  char* text;
  cJSON* root;
  irl_jscan scan;
  asked_key* asked;  // (nasked)
  int nasked;
  int asked_capacity;
  irl_errinfo error;  // the first one
};

//---------------------------------- Places --------------------------------------------------------

// The public header names cJSON nowhere; its node types come back here.
static const cJSON* item_of(irl_jnode node) {
  return node.item;
}

static irl_jplace* place_of(irl_jnode node) {
  return &node.doc->scan.places[item_of(node)->valueint];
}

static irl_jnode absent(irl_json* doc) {
  return (irl_jnode){.doc = doc, .item = NULL};
}

// A place for an item, dead at once if the document has been refused.
static irl_jnode usable(irl_json* doc, const cJSON* item) {
  return (irl_jnode){.doc = doc, .item = doc->error.code == IRL_OK ? item : NULL};
}

// An absent place, or any place once an error stands: getters give their fallback.
static bool is_dead(irl_jnode node) {
  return node.item == NULL || node.doc->error.code != IRL_OK;
}

IRL_PRINTF(3, 0)
// Only the first refusal counts: later ones mostly follow from it.
static void refuse_v(irl_jnode where, irl_err code, const char* format, va_list args) {
  irl_json* doc = where.doc;
  if (doc->error.code != IRL_OK) {
    return;
  }
  char why[640];
  vsnprintf(why, sizeof why, format, args);
  if (where.item == NULL) {
    irl_fail(&doc->error, code, "%s: %s", doc->name, why);
    return;
  }
  char path[256];
  int place = item_of(where)->valueint;
  irl_json_path(&doc->scan, place, path, sizeof path);
  int line = irl_json_line(&doc->scan, doc->scan.places[place].offset);
  irl_fail(&doc->error, code, "%s:%d: %s: %s", doc->name, line, path, why);
}

void irl_json_refuse(irl_jnode where, irl_err code, const char* format, ...) {
  va_list args;
  va_start(args, format);
  refuse_v(where, code, format, args);
  va_end(args);
}

//---------------------------------- Opening -------------------------------------------------------

typedef struct named_item {
  const char* key;
  const cJSON* item;
} named_item;

static int compare_named(const void* a, const void* b) {
  const named_item *x = a, *y = b;
  int order = strcmp(x->key, y->key);
  return order != 0 ? order : x->item->valueint - y->item->valueint;
}

// Sorted, so that an object with very many keys costs n log n.
static irl_err check_duplicates(irl_json* doc, const cJSON* object) {
  int n = cJSON_GetArraySize(object);
  if (n < 2) {
    return IRL_OK;
  }
  named_item* members = IRL_NEW(named_item, n);
  if (members == NULL) {
    return irl_fail(&doc->error, IRL_ENOMEM, "%s: no memory to read it; free some", doc->name);
  }
  int i = 0;
  for (const cJSON* child = object->child; child != NULL; child = child->next) {
    members[i++] = (named_item){child->string, child};
  }
  qsort(members, (size_t)n, sizeof *members, compare_named);
  for (i = 1; i < n && doc->error.code == IRL_OK; i++) {
    if (strcmp(members[i].key, members[i - 1].key) == 0) {
      size_t first = doc->scan.places[members[i - 1].item->valueint].offset;
      irl_json_refuse(usable(doc, members[i].item), IRL_EPARSE,
                      "this key stands already in line %d; remove one of them",
                      irl_json_line(&doc->scan, first));
    }
  }
  irl_free(members);
  return doc->error.code;
}

// Numbers the nodes in the order of the text, ties them to their places, and checks what the
// grammar does not say: that keys are unique and numbers fit a double.
static irl_err tie(irl_json* doc, cJSON* item, int* next) {
  item->valueint = (*next)++;
  doc->scan.places[item->valueint].item = item;
  if (cJSON_IsNumber(item) && !isfinite(item->valuedouble)) {
    irl_json_refuse(usable(doc, item), IRL_ERANGE,
                    "this number is too large for a double; write a smaller one");
    return doc->error.code;
  }
  for (cJSON* child = item->child; child != NULL; child = child->next) {
    IRL_TRY(tie(doc, child, next));
  }
  return cJSON_IsObject(item) ? check_duplicates(doc, item) : IRL_OK;
}

static char* copy_text(const char* text, size_t size) {
  char* copy = IRL_NEW(char, size + 1);
  if (copy != NULL && size > 0) {
    memcpy(copy, text, size);
  }
  return copy;
}

static void destroy(irl_json* doc) {
  if (doc == NULL) {
    return;
  }
  for (int i = 0; i < doc->nasked; i++) {
    irl_free(doc->asked[i].key);
  }
  irl_free(doc->asked);
  irl_free(doc->scan.places);
  cJSON_Delete(doc->root);
  irl_free(doc->text);
  irl_free(doc->name);
  irl_free(doc);
}

// Scanner first: cJSON never sees a text that it would read more generously than we do.
static irl_err build(irl_json* doc, int line, size_t size, irl_errinfo* info) {
  doc->scan = (irl_jscan){.name = doc->name, .text = doc->text, .size = size, .line = line};
  IRL_TRY(irl_json_scan(&doc->scan, info));
  doc->root = cJSON_ParseWithLength(doc->text, size + 1);  // with its zero
  if (doc->root == NULL) {
    return irl_fail(info, IRL_ENOMEM, "%s: no memory to read it; free some", doc->name);
  }
  int count = 0;
  irl_err err = tie(doc, doc->root, &count);
  if (err != IRL_OK) {
    return irl_fail(info, err, "%s", doc->error.text);
  }
  assert(count == doc->scan.nplaces);
  doc->scan.places[0].known = true;
  return IRL_OK;
}

irl_err irl_json_parse_line(irl_json** out, const char* name, int line, const char* text,
                            size_t size, irl_errinfo* info) {
  *out = NULL;
  irl_json* doc = IRL_NEW(irl_json, 1);
  irl_err err = IRL_OK;
  if (doc != NULL) {
    doc->name = copy_text(name, strlen(name));
    doc->text = copy_text(text, size);
  }
  if (doc == NULL || doc->name == NULL || doc->text == NULL) {
    err = irl_fail(info, IRL_ENOMEM, "%s: no memory to read it; free some", name);
  } else {
    err = build(doc, line, size, info);
  }
  if (err != IRL_OK) {
    destroy(doc);
    return err;
  }
  *out = doc;
  return IRL_OK;
}

irl_err irl_json_parse(irl_json** out, const char* name, const char* text, size_t size,
                       irl_errinfo* info) {
  return irl_json_parse_line(out, name, 1, text, size, info);
}

// The path stands in messages as it was given.
irl_err irl_json_load(irl_json** doc, const char* path, irl_errinfo* info) {
  *doc = NULL;
  char* text = NULL;
  size_t size = 0;
  IRL_TRY(irl_file_read(path, IRL_JSON_MAX_FILE, &text, &size, info));
  irl_err err = irl_json_parse(doc, path, text, size, info);
  irl_free(text);
  return err;
}

//---------------------------------- Closing -------------------------------------------------------

// The key asked for in vain at the same object that is nearest to a member's key, or NULL.
static const char* suggest(const irl_json* doc, const irl_jplace* member, const char* key) {
  const char* best = NULL;
  int least = 0;
  for (int i = doc->scan.places[member->parent].asked; i >= 0; i = doc->asked[i].next) {
    int distance = irl_name_distance(key, doc->asked[i].key);
    if (irl_name_is_near(key, distance) && (best == NULL || distance < least)) {
      best = doc->asked[i].key;
      least = distance;
    }
  }
  return best;
}

// The first in the text; parents come before their children, so an unknown object is named itself.
static void refuse_unknown_key(irl_json* doc) {
  for (int i = 0; i < doc->scan.nplaces; i++) {
    const irl_jplace* place = &doc->scan.places[i];
    if (!place->is_member || place->known) {
      continue;
    }
    const cJSON* item = place->item;
    const char* near = suggest(doc, place, item->string);
    if (near != NULL) {
      irl_json_refuse(usable(doc, item), IRL_EPARSE, "unknown key; did you mean '%s'?", near);
    } else {
      irl_json_refuse(usable(doc, item), IRL_EPARSE, "unknown key; remove it");
    }
    return;
  }
}

// Unknown keys mean something only when the loader got to its end.
irl_err irl_json_close(irl_json* doc, irl_errinfo* info) {
  assert(doc != NULL);
  if (doc->error.code == IRL_OK) {
    refuse_unknown_key(doc);
  }
  irl_err err = doc->error.code;
  if (err != IRL_OK) {
    irl_fail(info, err, "%s", doc->error.text);
  }
  destroy(doc);
  return err;
}

bool irl_json_ok(const irl_json* doc) {
  return doc->error.code == IRL_OK;
}

//---------------------------------- Walking -------------------------------------------------------

irl_jnode irl_json_root(irl_json* doc) {
  return usable(doc, doc->root);
}

irl_jtype irl_json_type(irl_jnode node) {
  if (is_dead(node)) {
    return IRL_JSON_NONE;
  }
  switch (item_of(node)->type & 0xFF) {
    case cJSON_NULL:
      return IRL_JSON_NULL;
    case cJSON_True:
    case cJSON_False:
      return IRL_JSON_BOOL;
    case cJSON_Number:
      return IRL_JSON_NUMBER;
    case cJSON_String:
      return IRL_JSON_STRING;
    case cJSON_Array:
      return IRL_JSON_ARRAY;
    default:
      return IRL_JSON_OBJECT;
  }
}

// True when the place is alive and of that type; an error when it is alive and is not.
static bool demand(irl_jnode node, irl_jtype type) {
  static const char* const names[] = {"nothing",  "null",     "true or false", "a number",
                                      "a string", "an array", "an object"};
  irl_jtype found = irl_json_type(node);
  if (found == IRL_JSON_NONE) {
    return false;
  }
  if (found != type) {
    irl_json_refuse(node, IRL_EPARSE, "found %s; write %s", names[found], names[type]);
  }
  return found == type;
}

// Notes a key that was asked for in vain. Without memory the suggestion is lost, and no more.
static void note_asked(irl_jnode object, const char* key) {
  irl_json* doc = object.doc;
  irl_jplace* place = place_of(object);
  for (int i = place->asked; i >= 0; i = doc->asked[i].next) {
    if (strcmp(doc->asked[i].key, key) == 0) {
      return;
    }
  }
  if (doc->nasked == doc->asked_capacity) {
    int capacity = doc->asked_capacity > 0 ? 2 * doc->asked_capacity : 32;
    asked_key* asked = IRL_NEW(asked_key, capacity);
    if (asked == NULL) {
      return;
    }
    if (doc->nasked > 0) {
      memcpy(asked, doc->asked, (size_t)doc->nasked * sizeof *asked);
    }
    irl_free(doc->asked);
    doc->asked = asked;
    doc->asked_capacity = capacity;
  }
  char* copy = copy_text(key, strlen(key));
  if (copy != NULL) {
    doc->asked[doc->nasked] = (asked_key){copy, place->asked};
    place->asked = doc->nasked++;
  }
}

static const cJSON* find_member(const cJSON* object, const char* key) {
  for (const cJSON* child = object->child; child != NULL; child = child->next) {
    if (strcmp(child->string, key) == 0) {
      return child;
    }
  }
  return NULL;
}

// The one way to a member, which also notes what is known and what was asked for.
irl_jnode irl_json_get_opt(irl_jnode object, const char* key) {
  if (!demand(object, IRL_JSON_OBJECT)) {
    return absent(object.doc);
  }
  const cJSON* item = find_member(item_of(object), key);
  if (item == NULL) {
    note_asked(object, key);
    return absent(object.doc);
  }
  irl_jnode node = usable(object.doc, item);
  place_of(node)->known = true;
  return node;
}

// The member that nobody asked for yet whose key looks most like a missing one, or NULL.
static const char* misspelt_member(irl_jnode object, const char* key) {
  const char* best = NULL;
  int least = 0;
  for (const cJSON* child = item_of(object)->child; child != NULL; child = child->next) {
    int distance = irl_name_distance(key, child->string);
    if (!place_of(usable(object.doc, child))->known && irl_name_is_near(key, distance) &&
        (best == NULL || distance < least)) {
      best = child->string;
      least = distance;
    }
  }
  return best;
}

// Here the suggestion goes the other way: from the missing key to one that stands there.
irl_jnode irl_json_get(irl_jnode object, const char* key) {
  irl_jnode node = irl_json_get_opt(object, key);
  if (node.item == NULL && !is_dead(object)) {
    const char* near = misspelt_member(object, key);
    if (near != NULL) {
      irl_json_refuse(object, IRL_EPARSE, "key '%s' is missing; did you mean it by '%s'?", key,
                      near);
    } else {
      irl_json_refuse(object, IRL_EPARSE, "key '%s' is missing; add it", key);
    }
  }
  return node;
}

bool irl_json_has(irl_jnode object, const char* key) {
  return irl_json_get_opt(object, key).item != NULL;
}

int irl_json_length(irl_jnode array) {
  return demand(array, IRL_JSON_ARRAY) ? cJSON_GetArraySize(item_of(array)) : 0;
}

// The child of that ordinal. Children are a linked list: the one visited last is where a search
// begins, so that counting upwards costs one step each.
static const cJSON* child_at(irl_jnode container, int index) {
  irl_jplace* place = place_of(container);
  const cJSON* child = item_of(container)->child;
  int ordinal = 0;
  if (place->cursor != NULL && place->cursor_ordinal <= index) {
    child = place->cursor;
    ordinal = place->cursor_ordinal;
  }
  for (; child != NULL && ordinal < index; ordinal++) {
    child = child->next;
  }
  assert(index >= 0 && child != NULL);
  place->cursor = child;
  place->cursor_ordinal = index;
  return child;
}

irl_jnode irl_json_at(irl_jnode array, int index) {
  return demand(array, IRL_JSON_ARRAY) ? usable(array.doc, child_at(array, index))
                                       : absent(array.doc);
}

int irl_json_nkeys(irl_jnode object) {
  return demand(object, IRL_JSON_OBJECT) ? cJSON_GetArraySize(item_of(object)) : 0;
}

irl_jnode irl_json_member(irl_jnode object, int index) {
  if (!demand(object, IRL_JSON_OBJECT)) {
    return absent(object.doc);
  }
  irl_jnode node = usable(object.doc, child_at(object, index));
  place_of(node)->known = true;
  return node;
}

const char* irl_json_key(irl_jnode object, int index) {
  irl_jnode node = irl_json_member(object, index);
  return node.item != NULL ? item_of(node)->string : "";
}

//---------------------------------- Values --------------------------------------------------------

// What a getter gives in the place of a number that it refused: some value in the range.
static double nearest_to_zero(double lo, double hi) {
  return lo > 0.0 ? lo : hi < 0.0 ? hi : 0.0;
}

typedef struct digits {
  char text[32];
} digits;

// As a person would write it: 1e-12, where 17 digits give 9.9999999999999998e-13.
static digits shortest(double value) {
  digits d;
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(d.text, sizeof d.text, "%.*g", precision, value);
    if (strtod(d.text, NULL) == value) {
      break;
    }
  }
  return d;
}

// Names only the bounds that exist.
static void refuse_range(irl_jnode node, double value, double lo, double hi) {
  const digits v = shortest(value), least = shortest(lo), most = shortest(hi);
  if (isinf(lo)) {
    irl_json_refuse(node, IRL_ERANGE, "%s is too large; write at most %s", v.text, most.text);
  } else if (isinf(hi)) {
    irl_json_refuse(node, IRL_ERANGE, "%s is too small; write at least %s", v.text, least.text);
  } else {
    irl_json_refuse(node, IRL_ERANGE, "%s is out of range; write %s to %s", v.text, least.text,
                    most.text);
  }
}

double irl_json_as_number(irl_jnode node, double lo, double hi) {
  if (!demand(node, IRL_JSON_NUMBER)) {
    return nearest_to_zero(lo, hi);
  }
  double value = item_of(node)->valuedouble;
  if (!(value >= lo && value <= hi)) {
    refuse_range(node, value, lo, hi);
    return nearest_to_zero(lo, hi);
  }
  return value;
}

// Whole means whole in value: 1e3 and 5.0 are integers, as in JSON Schema.
int64_t irl_json_as_int64(irl_jnode node, int64_t lo, int64_t hi) {
  assert(lo >= -IRL_JSON_MAX_INT && hi <= IRL_JSON_MAX_INT);
  double value = irl_json_as_number(node, (double)lo, (double)hi);
  if (value != floor(value)) {
    irl_json_refuse(node, IRL_EPARSE, "%s is not whole; write a whole number",
                    shortest(value).text);
    return (int64_t)nearest_to_zero((double)lo, (double)hi);
  }
  return (int64_t)value;
}

int irl_json_as_int(irl_jnode node, int lo, int hi) {
  return (int)irl_json_as_int64(node, lo, hi);
}

bool irl_json_as_bool(irl_jnode node) {
  return demand(node, IRL_JSON_BOOL) && cJSON_IsTrue(item_of(node));
}

const char* irl_json_as_string(irl_jnode node) {
  return demand(node, IRL_JSON_STRING) ? item_of(node)->valuestring : "";
}

// The list may be cut when it is very long; the suggestion is not.
static void refuse_choice(irl_jnode node, const char* word, const char* const* names) {
  char list[320] = "";
  size_t used = 0;
  for (int i = 0; names[i] != NULL && used < sizeof list; i++) {
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
  }
  const char* near = irl_closest_name(word, names);
  if (near != NULL) {
    irl_json_refuse(node, IRL_ERANGE, "'%.80s' is none of %s; did you mean '%s'?", word, list,
                    near);
  } else {
    irl_json_refuse(node, IRL_ERANGE, "'%.80s' is unknown; write one of %s", word, list);
  }
}

int irl_json_as_choice(irl_jnode node, const char* const* names) {
  if (!demand(node, IRL_JSON_STRING)) {
    return 0;
  }
  const char* word = item_of(node)->valuestring;
  for (int i = 0; names[i] != NULL; i++) {
    if (strcmp(word, names[i]) == 0) {
      return i;
    }
  }
  refuse_choice(node, word, names);
  return 0;
}

double irl_json_number_or(irl_jnode object, const char* key, double lo, double hi,
                          double fallback) {
  irl_jnode node = irl_json_get_opt(object, key);
  return node.item != NULL ? irl_json_as_number(node, lo, hi) : fallback;
}

int irl_json_int_or(irl_jnode object, const char* key, int lo, int hi, int fallback) {
  irl_jnode node = irl_json_get_opt(object, key);
  return node.item != NULL ? irl_json_as_int(node, lo, hi) : fallback;
}

bool irl_json_bool_or(irl_jnode object, const char* key, bool fallback) {
  irl_jnode node = irl_json_get_opt(object, key);
  return node.item != NULL ? irl_json_as_bool(node) : fallback;
}

const char* irl_json_string_or(irl_jnode object, const char* key, const char* fallback) {
  irl_jnode node = irl_json_get_opt(object, key);
  return node.item != NULL ? irl_json_as_string(node) : fallback;
}

int irl_json_choice_or(irl_jnode object, const char* key, const char* const* names, int fallback) {
  irl_jnode node = irl_json_get_opt(object, key);
  return node.item != NULL ? irl_json_as_choice(node, names) : fallback;
}

// `out` is filled in any case, so that a loader may go on to its end.
void irl_json_as_numbers(irl_jnode array, double* out, int n, double lo, double hi) {
  for (int i = 0; i < n; i++) {
    out[i] = nearest_to_zero(lo, hi);
  }
  if (!demand(array, IRL_JSON_ARRAY)) {
    return;
  }
  int found = irl_json_length(array);
  if (found != n) {
    irl_json_refuse(array, IRL_EDIM, "its length is %d; write %d numbers", found, n);
    return;
  }
  for (int i = 0; i < n; i++) {
    out[i] = irl_json_as_number(irl_json_at(array, i), lo, hi);
  }
}
