// The strict scanner that stands before cJSON, and what it shares with the reader.
//
// cJSON accepts more than JSON and keeps no positions. The scanner checks the grammar byte by byte
// and notes where each value stands, in the order of the text; cJSON then builds the tree from a
// text that is known to be good, and both are walked together.
#ifndef MJIRL_BASE_JSON_INTERNAL_H_
#define MJIRL_BASE_JSON_INTERNAL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
  IRL_JSON_MAX_DEPTH = 64,
  IRL_JSON_MAX_NUMBER = 63,       // characters; cJSON's own buffer holds no more
  IRL_JSON_MAX_VALUES = 1 << 20,  // bounds the memory that a hostile file can ask for
  IRL_JSON_MAX_FILE = 16 << 20,   // bytes
  IRL_JSON_MAX_TEXT = 100000000   // bytes
};

// One value of the text.
typedef struct irl_jplace {
  const void* item;    // its cJSON node, once built
  const void* cursor;  // of an array or object: the child visited last, its ordinal beside it
  int cursor_ordinal;
  int parent;       // place of the container, -1 for the root
  int ordinal;      // among its container's children
  int asked;        // of an object: first entry of the keys that were asked for in vain, -1: none
  uint32_t offset;  // first byte
  uint32_t key;     // of a member: first byte of the key, inside its quotes
  uint32_t key_size;
  bool is_member;  // of an object
  bool known;      // a getter asked for it
} irl_jplace;

typedef struct irl_jscan {
  const char* name;  // of the file, for messages
  const char* text;  // borrowed
  size_t size;
  int line;  // of its first byte
  size_t pos;
  int depth;
  irl_jplace* places;  // (nplaces), heap, owned: irl_free
  int nplaces;
  int capacity;
  irl_errinfo* info;
  irl_err err;
} irl_jscan;

// Checks the whole text and lists its values. On failure `places` is still the caller's to free.
IRL_NODISCARD irl_err irl_json_scan(irl_jscan* scan, irl_errinfo* info);

// Line of a byte and the JSON path of a place ("$.a[2]"), shortened to fit.
int irl_json_line(const irl_jscan* scan, size_t offset);
void irl_json_path(const irl_jscan* scan, int place, char* out, size_t size);

// Bytes of the UTF-8 sequence that begins at s, of which `left` bytes remain; 0: not valid.
int irl_utf8_length(const char* s, size_t left);

// Edit distance of two names (swaps count 1, case does not count), and whether it means a
// misspelling.
int irl_name_distance(const char* a, const char* b);
bool irl_name_is_near(const char* word, int distance);

#endif  // MJIRL_BASE_JSON_INTERNAL_H_
