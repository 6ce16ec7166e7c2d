// Strict JSON.
//
// Reading: a document keeps its first error, and every getter after it returns its fallback, so
// that a loader reads straight down and asks once, at irl_json_close. Refused, each with the JSON
// path ("$.observation[2].joint") and the line: unknown keys (with the closest known name),
// repeated keys, missing keys, wrong types, numbers out of range, NaN and infinities, integers that
// are not whole, trailing bytes, invalid UTF-8, zero characters, nesting deeper than 64, more than
// 2^20 values, files above 16 MiB. A key is known when a getter asked for it.
//
// Messages: "<file>:<line>: $.path[3].key: <why>; <what to do>".
//
// Writing: irl_jout builds a text; numbers in the shortest of the forms with 15 to 17 digits that
// reads back to the same bits, NaN and infinities as null, what is not UTF-8 as U+FFFD.
#ifndef MJIRL_BASE_JSON_H_
#define MJIRL_BASE_JSON_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

//---------------------------------- Reading -------------------------------------------------------

typedef struct irl_json irl_json;

// Whole numbers up to 2^53 are exact in a double.
#define IRL_JSON_MAX_INT INT64_C(9007199254740992)

// A place in a document; item is NULL where the key is absent or an error stands.
typedef struct irl_jnode {
  irl_json* doc;
  const void* item;
} irl_jnode;

typedef enum irl_jtype {
  IRL_JSON_NONE = 0,  // absent
  IRL_JSON_NULL,
  IRL_JSON_BOOL,
  IRL_JSON_NUMBER,
  IRL_JSON_STRING,
  IRL_JSON_ARRAY,
  IRL_JSON_OBJECT
} irl_jtype;

// Opens a file or a text; name stands for the text in messages. On success the caller owns *doc and
// must call irl_json_close. Errors: IRL_EIO, IRL_ENOENT, IRL_EPARSE, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_json_load(irl_json** doc, const char* path, irl_errinfo* info);
IRL_NODISCARD irl_err irl_json_parse(irl_json** doc, const char* name, const char* text,
                                     size_t size, irl_errinfo* info);

// One value of a text of many: messages name its line there, counted from 1.
IRL_NODISCARD irl_err irl_json_parse_line(irl_json** doc, const char* name, int line,
                                          const char* text, size_t size, irl_errinfo* info);

// Checks that no unknown key is left, frees the document and returns its first error.
IRL_NODISCARD irl_err irl_json_close(irl_json* doc, irl_errinfo* info);

// True while nothing has been refused.
bool irl_json_ok(const irl_json* doc);

irl_jnode irl_json_root(irl_json* doc);
irl_jtype irl_json_type(irl_jnode node);

// Member of an object: required (absent is an error) or optional (absent gives item NULL).
irl_jnode irl_json_get(irl_jnode object, const char* key);
irl_jnode irl_json_get_opt(irl_jnode object, const char* key);
bool irl_json_has(irl_jnode object, const char* key);

// Elements of an array; length 0 when absent. An element out of range is a bug.
int irl_json_length(irl_jnode array);
irl_jnode irl_json_at(irl_jnode array, int index);

// Values of a place. The range is inclusive. An absent place gives the value in range that is
// nearest to zero, false, "" or the first choice.
double irl_json_as_number(irl_jnode node, double lo, double hi);
int irl_json_as_int(irl_jnode node, int lo, int hi);
int64_t irl_json_as_int64(irl_jnode node, int64_t lo, int64_t hi);  // within ±IRL_JSON_MAX_INT
bool irl_json_as_bool(irl_jnode node);
const char* irl_json_as_string(irl_jnode node);  // lives as long as the document; "" after an error
int irl_json_as_choice(irl_jnode node, const char* const* names);  // index in the NULL-ended list

// Members with a fallback where the key is absent; required ones are irl_json_as_x(irl_json_get()).
double irl_json_number_or(irl_jnode object, const char* key, double lo, double hi, double fallback);
int irl_json_int_or(irl_jnode object, const char* key, int lo, int hi, int fallback);
bool irl_json_bool_or(irl_jnode object, const char* key, bool fallback);
const char* irl_json_string_or(irl_jnode object, const char* key, const char* fallback);
int irl_json_choice_or(irl_jnode object, const char* key, const char* const* names, int fallback);

// Fills out[0..n-1] from an array of exactly n numbers within [lo, hi].
void irl_json_as_numbers(irl_jnode array, double* out, int n, double lo, double hi);

// All members of an object: the i-th key and its value (marks it known).
int irl_json_nkeys(irl_jnode object);
const char* irl_json_key(irl_jnode object, int index);
irl_jnode irl_json_member(irl_jnode object, int index);

// Refuses a place for the caller's own reason; the message gets file, line and path in front.
void irl_json_refuse(irl_jnode where, irl_err code, const char* format, ...) IRL_PRINTF(3, 4);

// The name in the NULL-ended list that is closest to `word` by edit distance; NULL if none is near.
const char* irl_closest_name(const char* word, const char* const* names);

//---------------------------------- Writing -------------------------------------------------------

typedef struct irl_jout {
  char* text;   // zero-ended, heap, owned; never NULL after init unless failed
  size_t size;  // bytes without the zero
  size_t capacity;
  int depth;
  char stack[64];  // closing brackets that are due
  bool need_comma;
  bool pretty;  // two-space indentation and newlines
  bool failed;  // out of memory
} irl_jout;

void irl_jout_init(irl_jout* out, bool pretty);
void irl_jout_fini(irl_jout* out);
void irl_jout_reset(irl_jout* out);               // empty again, memory kept
void irl_jout_open(irl_jout* out, char bracket);  // '{' or '['
void irl_jout_close(irl_jout* out);               // the bracket that was opened last
void irl_jout_key(irl_jout* out, const char* key);
void irl_jout_number(irl_jout* out, double value);
void irl_jout_int(irl_jout* out, int64_t value);
void irl_jout_bool(irl_jout* out, bool value);
void irl_jout_string(irl_jout* out, const char* value);  // NULL writes null
void irl_jout_null(irl_jout* out);

// Key and value in one call.
void irl_jout_key_number(irl_jout* out, const char* key, double value);
void irl_jout_key_int(irl_jout* out, const char* key, int64_t value);
void irl_jout_key_uint(irl_jout* out, const char* key, uint64_t value);
void irl_jout_key_bool(irl_jout* out, const char* key, bool value);
void irl_jout_key_string(irl_jout* out, const char* key, const char* value);
void irl_jout_key_numbers(irl_jout* out, const char* key, const double* values, int n);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_JSON_H_
