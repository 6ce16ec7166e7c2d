#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_internal.h"

//---------------------------------- Places --------------------------------------------------------

// Counted only when a message needs it.
int irl_json_line(const irl_jscan* scan, size_t offset) {
  int line = scan->line;
  for (size_t i = 0; i < offset; i++) {
    line += scan->text[i] == '\n';
  }
  return line;
}

// Keys that can follow a dot in a path; others stand in brackets and quotes.
static bool is_plain_key(const char* key, size_t size) {
  for (size_t i = 0; i < size; i++) {
    char c = key[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '-';
    if (!plain) {
      return false;
    }
  }
  return size > 0;
}

// One step of a path; long keys are cut.
static int path_step(const irl_jscan* scan, const irl_jplace* place, char* out, size_t size) {
  if (!place->is_member) {
    return snprintf(out, size, "[%d]", place->ordinal);
  }
  const char* key = scan->text + place->key;
  int shown = place->key_size <= 60 ? (int)place->key_size : 60;
  while (shown < (int)place->key_size && ((unsigned char)key[shown] & 0xC0) == 0x80) {
    shown--;  // not inside a UTF-8 sequence
  }
  const char* more = shown < (int)place->key_size ? "..." : "";
  return is_plain_key(key, place->key_size) ? snprintf(out, size, ".%.*s%s", shown, key, more)
                                            : snprintf(out, size, "[\"%.*s%s\"]", shown, key, more);
}

// Climbs to the root, then writes the steps downwards. The text's own spelling of keys is shown.
void irl_json_path(const irl_jscan* scan, int place, char* out, size_t size) {
  int chain[IRL_JSON_MAX_DEPTH + 1];
  int n = 0;
  for (int p = place; p >= 0 && scan->places[p].parent >= 0; p = scan->places[p].parent) {
    chain[n++] = p;
  }
  size_t used = (size_t)snprintf(out, size, "$");
  while (n > 0) {
    char step[96];
    size_t length = (size_t)path_step(scan, &scan->places[chain[--n]], step, sizeof step);
    if (used + length + sizeof "..." > size) {
      snprintf(out + used, size - used, "...");
      return;
    }
    memcpy(out + used, step, length + 1);
    used += length;
  }
}

// Appends a place; -1 when there are too many or no memory.
static int add_place(irl_jscan* scan, irl_jplace place) {
  if (scan->nplaces == scan->capacity) {
    int capacity = scan->capacity > 0 ? 2 * scan->capacity : 64;
    irl_jplace* places = IRL_NEW(irl_jplace, capacity);
    if (places == NULL) {
      return -1;
    }
    if (scan->nplaces > 0) {
      memcpy(places, scan->places, (size_t)scan->nplaces * sizeof *places);
    }
    irl_free(scan->places);
    scan->places = places;
    scan->capacity = capacity;
  }
  scan->places[scan->nplaces] = place;
  return scan->nplaces++;
}

//---------------------------------- Errors --------------------------------------------------------

// Refuses the byte at `offset`, inside the given place. Always false.
static bool refuse(irl_jscan* scan, int place, size_t offset, const char* why) {
  char path[256];
  irl_json_path(scan, place, path, sizeof path);
  scan->err = irl_fail(scan->info, IRL_EPARSE, "%s:%d: %s: %s", scan->name,
                       irl_json_line(scan, offset), path, why);
  return false;
}

// Refuses the next byte, which is not what the grammar wants there.
static bool refuse_next(irl_jscan* scan, int place, const char* wanted) {
  char why[128];
  if (scan->pos >= scan->size) {
    snprintf(why, sizeof why, "the text ends early, where %s is due; restore what was cut off",
             wanted);
    return refuse(scan, place, scan->pos, why);
  }
  unsigned char c = (unsigned char)scan->text[scan->pos];
  if (c > 0x20 && c < 0x7F) {
    snprintf(why, sizeof why, "found '%c'; write %s here", c, wanted);
  } else {
    snprintf(why, sizeof why, "found byte 0x%02X; write %s here", c, wanted);
  }
  return refuse(scan, place, scan->pos, why);
}

//---------------------------------- Grammar (RFC 8259) --------------------------------------------

// The next byte, -1 at the end.
static int peek(const irl_jscan* scan) {
  return scan->pos < scan->size ? (unsigned char)scan->text[scan->pos] : -1;
}

static void skip_space(irl_jscan* scan) {
  for (int c = peek(scan); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = peek(scan)) {
    scan->pos++;
  }
}

static bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

static bool skip_digits(irl_jscan* scan, int place) {
  if (!is_digit(peek(scan))) {
    return refuse_next(scan, place, "a digit");
  }
  while (is_digit(peek(scan))) {
    scan->pos++;
  }
  return true;
}

// number = [ "-" ] ( "0" / 1-9 *digit ) [ "." 1*digit ] [ ( "e" / "E" ) [ "+" / "-" ] 1*digit ]
static bool scan_number(irl_jscan* scan, int place) {
  const size_t begin = scan->pos;
  scan->pos += peek(scan) == '-';
  if (peek(scan) == '0') {
    scan->pos++;
    if (is_digit(peek(scan))) {
      return refuse(scan, place, begin, "a number begins with 0; leave that zero out");
    }
  } else if (peek(scan) == 'I') {
    return refuse(scan, place, begin, "infinity is not a JSON number; write a finite number");
  } else if (!skip_digits(scan, place)) {
    return false;
  }
  if (peek(scan) == '.') {
    scan->pos++;
    if (!skip_digits(scan, place)) {
      return false;
    }
  }
  if (peek(scan) == 'e' || peek(scan) == 'E') {
    scan->pos++;
    scan->pos += peek(scan) == '+' || peek(scan) == '-';
    if (!skip_digits(scan, place)) {
      return false;
    }
  }
  if (scan->pos - begin > IRL_JSON_MAX_NUMBER) {
    return refuse(scan, place, begin, "a number has more than 63 characters; shorten it");
  }
  return true;
}

// Four hexadecimal digits; -1 when they are not there.
static long scan_hex4(irl_jscan* scan) {
  long value = 0;
  for (int i = 0; i < 4; i++, scan->pos++) {
    int c = peek(scan);
    int digit = is_digit(c)              ? c - '0'
                : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                         : -1;
    if (digit < 0) {
      return -1;
    }
    value = 16 * value + digit;
  }
  return value;
}

// \uXXXX, after the u; a high surrogate must be followed by a low one.
static bool scan_unicode(irl_jscan* scan, int place) {
  const size_t begin = scan->pos - 2;
  long code = scan_hex4(scan);
  if (code < 0) {
    return refuse(scan, place, begin, "\\u lacks its digits; write four hexadecimal digits");
  }
  if (code == 0) {
    return refuse(scan, place, begin, "\\u0000 stands in a string; remove it");
  }
  bool lone = code >= 0xDC00 && code <= 0xDFFF;
  if (code >= 0xD800 && code <= 0xDBFF) {
    lone = true;
    if (scan->size - scan->pos >= 6 && memcmp(scan->text + scan->pos, "\\u", 2) == 0) {
      scan->pos += 2;
      long low = scan_hex4(scan);
      lone = low < 0xDC00 || low > 0xDFFF;
    }
  }
  return !lone || refuse(scan, place, begin, "half a surrogate pair; write both halves");
}

int irl_utf8_length(const char* s, size_t left) {
  const unsigned char* b = (const unsigned char*)s;
  if (left == 0) {
    return 0;
  }
  if (b[0] < 0x80) {
    return 1;
  }
  int n = b[0] >= 0xF0 ? 4 : b[0] >= 0xE0 ? 3 : 2;
  if (b[0] < 0xC2 || b[0] > 0xF4 || left < (size_t)n) {
    return 0;
  }
  for (int i = 1; i < n; i++) {
    if ((b[i] & 0xC0) != 0x80) {
      return 0;
    }
  }
  // Overlong forms, surrogates, and beyond U+10FFFF show in the second byte.
  bool bad = (b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xED && b[1] > 0x9F) ||
             (b[0] == 0xF0 && b[1] < 0x90) || (b[0] == 0xF4 && b[1] > 0x8F);
  return bad ? 0 : n;
}

// A backslash and what follows it.
static bool scan_escape(irl_jscan* scan, int place) {
  const size_t begin = scan->pos++;
  int c = peek(scan);
  if (c < 0) {
    return refuse_next(scan, place, "an escaped character");
  }
  scan->pos++;
  if (c == 'u') {
    return scan_unicode(scan, place);
  }
  return strchr("\"\\/bfnrt", c) != NULL && c != 0
             ? true
             : refuse(scan, place, begin, "unknown escape in a string; double the backslash");
}

// A string, its opening quote being next.
static bool scan_string(irl_jscan* scan, int place) {
  scan->pos++;
  for (;;) {
    int c = peek(scan);
    if (c < 0) {
      return refuse_next(scan, place, "the quote that ends a string");
    }
    if (c == '"') {
      scan->pos++;
      return true;
    }
    if (c == '\\') {
      if (!scan_escape(scan, place)) {
        return false;
      }
      continue;
    }
    if (c < 0x20) {
      return refuse(scan, place, scan->pos,
                    "a control character stands in a string; end the string, or write \\u00XX");
    }
    int n = irl_utf8_length(scan->text + scan->pos, scan->size - scan->pos);
    if (n == 0) {
      return refuse(scan, place, scan->pos, "a string is not valid UTF-8; save the file as UTF-8");
    }
    scan->pos += (size_t)n;
  }
}

// true, false or null; what follows a wrong spelling is the separator's business.
static bool scan_literal(irl_jscan* scan, int place, const char* word) {
  size_t length = strlen(word);
  if (scan->size - scan->pos < length || memcmp(scan->text + scan->pos, word, length) != 0) {
    return refuse_next(scan, place, "true, false, null, a number or a quoted string");
  }
  scan->pos += length;
  return true;
}

static bool scan_value(irl_jscan* scan, irl_jplace place);

// What stands between the children: the closing bracket (*done) or a comma and no bracket.
static bool scan_separator(irl_jscan* scan, int place, char closing, bool* done) {
  skip_space(scan);
  *done = peek(scan) == closing;
  if (!*done && peek(scan) != ',') {
    return refuse_next(scan, place, closing == ']' ? "',' or ']'" : "',' or '}'");
  }
  const size_t comma = scan->pos++;
  if (!*done) {
    skip_space(scan);
    if (peek(scan) == closing) {
      return refuse(scan, place, comma, "a comma stands before a closing bracket; remove it");
    }
  }
  return true;
}

// "[" [ value *( "," value ) ] "]"
static bool scan_array(irl_jscan* scan, int self) {
  scan->pos++;
  skip_space(scan);
  if (peek(scan) == ']') {
    scan->pos++;
    return true;
  }
  bool done = false;
  for (int ordinal = 0; !done; ordinal++) {
    if (!scan_value(scan, (irl_jplace){.parent = self, .ordinal = ordinal}) ||
        !scan_separator(scan, self, ']', &done)) {
      return false;
    }
  }
  return true;
}

// string ":" value. The key's place in the text is kept with the value's.
static bool scan_member(irl_jscan* scan, int self, int ordinal) {
  if (peek(scan) != '"') {
    return refuse_next(scan, self, "a key in double quotes");
  }
  const size_t key = scan->pos + 1;
  if (!scan_string(scan, self)) {
    return false;
  }
  const size_t key_size = scan->pos - 1 - key;
  skip_space(scan);
  if (peek(scan) != ':') {
    return refuse_next(scan, self, "':' after a key");
  }
  scan->pos++;
  return scan_value(scan, (irl_jplace){.parent = self,
                                       .ordinal = ordinal,
                                       .is_member = true,
                                       .key = (uint32_t)key,
                                       .key_size = (uint32_t)key_size});
}

// "{" [ member *( "," member ) ] "}"
static bool scan_object(irl_jscan* scan, int self) {
  scan->pos++;
  skip_space(scan);
  if (peek(scan) == '}') {
    scan->pos++;
    return true;
  }
  bool done = false;
  for (int ordinal = 0; !done; ordinal++) {
    if (!scan_member(scan, self, ordinal) || !scan_separator(scan, self, '}', &done)) {
      return false;
    }
  }
  return true;
}

// Recursion is bounded here, for the scanner itself and for all who walk the tree later.
static bool scan_container(irl_jscan* scan, int self) {
  if (scan->depth == IRL_JSON_MAX_DEPTH) {
    return refuse(scan, self, scan->pos, "nested deeper than 64 levels; flatten it");
  }
  scan->depth++;
  bool ok = peek(scan) == '{' ? scan_object(scan, self) : scan_array(scan, self);
  scan->depth--;
  return ok;
}

static bool scan_value(irl_jscan* scan, irl_jplace place) {
  skip_space(scan);
  place.offset = (uint32_t)scan->pos;
  place.asked = -1;
  if (scan->nplaces == IRL_JSON_MAX_VALUES) {
    return refuse(scan, place.parent, scan->pos, "more than 1048576 values; make it smaller");
  }
  int self = add_place(scan, place);
  if (self < 0) {
    scan->err = irl_fail(scan->info, IRL_ENOMEM, "%s: no memory to read it; free some", scan->name);
    return false;
  }
  int c = peek(scan);
  switch (c) {
    case '{':
    case '[':
      return scan_container(scan, self);
    case '"':
      return scan_string(scan, self);
    case 't':
      return scan_literal(scan, self, "true");
    case 'f':
      return scan_literal(scan, self, "false");
    case 'n':
      return scan_literal(scan, self, "null");
    // Python and JavaScript write these when asked to; people write the next two.
    case 'N':
    case 'I':
      return refuse(scan, self, scan->pos, "NaN and infinity are not JSON; write a finite number");
    case '/':
      return refuse(scan, self, scan->pos, "comments are not JSON; remove it");
    case '\'':
      return refuse(scan, self, scan->pos, "a string in single quotes; use double quotes");
    default:
      return c == '-' || is_digit(c) ? scan_number(scan, self) : refuse_next(scan, self, "a value");
  }
}

irl_err irl_json_scan(irl_jscan* scan, irl_errinfo* info) {
  scan->info = info;
  if (scan->size > IRL_JSON_MAX_TEXT) {
    return irl_fail(info, IRL_EPARSE, "%s: its JSON has %zu bytes; give at most %d", scan->name,
                    scan->size, IRL_JSON_MAX_TEXT);
  }
  if (scan->size >= 3 && memcmp(scan->text, "\xEF\xBB\xBF", 3) == 0) {
    return irl_fail(info, IRL_EPARSE,
                    "%s:%d: $: it begins with a byte order mark; save it as UTF-8 without one",
                    scan->name, scan->line);
  }
  if (!scan_value(scan, (irl_jplace){.parent = -1})) {
    return scan->err;
  }
  skip_space(scan);
  if (scan->pos < scan->size) {
    refuse(scan, 0, scan->pos, "more text follows the JSON value; remove it");
    return scan->err;
  }
  return IRL_OK;
}
