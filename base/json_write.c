#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/json_internal.h"

// Room for so many more bytes and the zero. After a failure the text stays as it is, and every
// later call does nothing; whoever uses the text asks `failed` once.
static bool reserve(irl_jout* out, size_t more) {
  if (out->failed) {
    return false;
  }
  size_t wanted = out->size + more + 1;
  if (wanted <= out->capacity) {
    return true;
  }
  size_t capacity = wanted > 2 * out->capacity ? wanted : 2 * out->capacity;
  char* text = IRL_NEW(char, capacity);
  if (text == NULL) {
    out->failed = true;
    return false;
  }
  if (out->text != NULL) {
    memcpy(text, out->text, out->size + 1);
    irl_free(out->text);
  }
  out->text = text;
  out->capacity = capacity;
  return true;
}

static void put(irl_jout* out, const char* text, size_t size) {
  if (reserve(out, size)) {
    memcpy(out->text + out->size, text, size);
    out->size += size;
    out->text[out->size] = '\0';
  }
}

static void put_text(irl_jout* out, const char* text) {
  put(out, text, strlen(text));
}

static void put_newline(irl_jout* out) {
  if (out->pretty) {
    put(out, "\n", 1);
    for (int i = 0; i < out->depth; i++) {
      put(out, "  ", 2);
    }
  }
}

// Comma and line break before a key or an element.
static void begin_entry(irl_jout* out) {
  if (out->need_comma) {
    put(out, ",", 1);
  }
  if (out->depth > 0) {
    put_newline(out);
  }
}

// A value inside an object follows its key, where begin_entry was done.
static void begin_value(irl_jout* out) {
  if (out->depth == 0 || out->stack[out->depth - 1] == ']') {
    begin_entry(out);
  }
}

void irl_jout_init(irl_jout* out, bool pretty) {
  *out = (irl_jout){.pretty = pretty};
  if (reserve(out, 255)) {
    out->text[0] = '\0';
  }
}

void irl_jout_fini(irl_jout* out) {
  irl_free(out->text);
  *out = (irl_jout){0};
}

void irl_jout_reset(irl_jout* out) {
  out->size = 0;
  out->depth = 0;
  out->need_comma = false;
  if (out->text != NULL) {
    out->text[0] = '\0';
  }
}

void irl_jout_open(irl_jout* out, char bracket) {
  assert(bracket == '{' || bracket == '[');
  assert(out->depth < (int)sizeof out->stack);
  begin_value(out);
  put(out, &bracket, 1);
  out->stack[out->depth++] = bracket == '{' ? '}' : ']';
  out->need_comma = false;
}

// An empty container stays on one line: need_comma tells that something stands in it.
void irl_jout_close(irl_jout* out) {
  assert(out->depth > 0);
  char bracket = out->stack[--out->depth];
  if (out->need_comma) {
    put_newline(out);
  }
  put(out, &bracket, 1);
  out->need_comma = true;
}

// The shortest of the forms with 15 to 17 digits that reads back to the same bits. A host may have
// set a locale with another decimal point; a run of bytes that JSON's numbers do not have is that.
static void put_number(irl_jout* out, double value) {
  if (!isfinite(value)) {
    put_text(out, "null");
    return;
  }
  char digits[64], text[64];
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (strtod(digits, NULL) == value) {
      break;
    }
  }
  size_t n = 0;
  bool point = false;
  for (const char* c = digits; *c != '\0'; c++) {
    bool plain = (*c >= '0' && *c <= '9') || *c == '-' || *c == '+' || *c == 'e';
    if (plain || !point) {
      text[n++] = plain ? *c : '.';
    }
    point = !plain;
  }
  put(out, text, n);
}

// Everything that RFC 8259 wants escaped, and DEL, which terminals act on.
static void put_string(irl_jout* out, const char* value) {
  put(out, "\"", 1);
  size_t left = strlen(value);
  while (left > 0) {
    int n = irl_utf8_length(value, left);
    unsigned char c = (unsigned char)*value;
    if (n == 0) {
      put_text(out, "\xEF\xBF\xBD");  // U+FFFD stands for what is not UTF-8
      n = 1;
    } else if (c == '"' || c == '\\') {
      const char escaped[2] = {'\\', (char)c};
      put(out, escaped, 2);
    } else if (c == '\n') {
      put(out, "\\n", 2);
    } else if (c == '\t') {
      put(out, "\\t", 2);
    } else if (c < 0x20 || c == 0x7F) {
      char escaped[8];
      snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)c);
      put(out, escaped, 6);
    } else {
      put(out, value, (size_t)n);
    }
    value += n;
    left -= (size_t)n;
  }
  put(out, "\"", 1);
}

void irl_jout_key(irl_jout* out, const char* key) {
  assert(out->depth > 0 && out->stack[out->depth - 1] == '}');
  begin_entry(out);
  put_string(out, key);
  put_text(out, out->pretty ? ": " : ":");
  out->need_comma = false;
}

void irl_jout_number(irl_jout* out, double value) {
  begin_value(out);
  put_number(out, value);
  out->need_comma = true;
}

void irl_jout_int(irl_jout* out, int64_t value) {
  char text[32];
  int length = snprintf(text, sizeof text, "%" PRId64, value);
  begin_value(out);
  put(out, text, (size_t)length);
  out->need_comma = true;
}

static void put_uint(irl_jout* out, uint64_t value) {
  char text[32];
  int length = snprintf(text, sizeof text, "%" PRIu64, value);
  begin_value(out);
  put(out, text, (size_t)length);
  out->need_comma = true;
}

void irl_jout_bool(irl_jout* out, bool value) {
  begin_value(out);
  put_text(out, value ? "true" : "false");
  out->need_comma = true;
}

void irl_jout_string(irl_jout* out, const char* value) {
  begin_value(out);
  if (value != NULL) {
    put_string(out, value);
  } else {
    put_text(out, "null");
  }
  out->need_comma = true;
}

void irl_jout_null(irl_jout* out) {
  irl_jout_string(out, NULL);
}

void irl_jout_key_number(irl_jout* out, const char* key, double value) {
  irl_jout_key(out, key);
  irl_jout_number(out, value);
}

void irl_jout_key_int(irl_jout* out, const char* key, int64_t value) {
  irl_jout_key(out, key);
  irl_jout_int(out, value);
}

void irl_jout_key_uint(irl_jout* out, const char* key, uint64_t value) {
  irl_jout_key(out, key);
  put_uint(out, value);
}

void irl_jout_key_bool(irl_jout* out, const char* key, bool value) {
  irl_jout_key(out, key);
  irl_jout_bool(out, value);
}

void irl_jout_key_string(irl_jout* out, const char* key, const char* value) {
  irl_jout_key(out, key);
  irl_jout_string(out, value);
}

// On one line also when pretty.
void irl_jout_key_numbers(irl_jout* out, const char* key, const double* values, int n) {
  irl_jout_key(out, key);
  put(out, "[", 1);
  for (int i = 0; i < n; i++) {
    if (i > 0) {
      put_text(out, out->pretty ? ", " : ",");
    }
    put_number(out, values[i]);
  }
  put(out, "]", 1);
  out->need_comma = true;
}
