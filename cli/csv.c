#include "cli/csv.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

// Limits that no honest table reaches.
enum { MAX_BYTES = 1 << 30, MAX_ROWS = 10000000 };

// A line of the file, without its end.
typedef struct line {
  char* text;  // zero-ended
  size_t size;
  int number;  // from 1
} line;

// next_line cuts the following line off *rest; false at the end of the file.
static bool next_line(char** rest, const char* end, line* out) {
  if (*rest == end) {
    return false;
  }
  char* start = *rest;
  char* stop = memchr(start, '\n', (size_t)(end - start));
  *rest = stop != NULL ? stop + 1 : start + (end - start);
  out->text = start;
  out->size = (size_t)((stop != NULL ? stop : end) - start);
  if (out->size > 0 && start[out->size - 1] == '\r') {
    out->size--;
  }
  start[out->size] = '\0';
  out->number++;
  return true;
}

// count_lines stops counting above MAX_ROWS.
static int count_lines(const char* text, const char* end) {
  int n = 0;
  while (text != end && n <= MAX_ROWS) {
    const char* stop = memchr(text, '\n', (size_t)(end - text));
    text = stop != NULL ? stop + 1 : end;
    n++;
  }
  return n;
}

// read_number takes one plain decimal number off *text: no space, hexadecimal, inf or nan.
static bool read_number(char** text, double* value) {
  const size_t length = strspn(*text, "+-.0123456789eE");
  char* end = NULL;
  *value = strtod(*text, &end);
  if (length == 0 || end != *text + length || !isfinite(*value)) {
    return false;
  }
  *text = end;
  return true;
}

static char* skip_blanks(char* text) {
  return text + strspn(text, " \t");
}

// count_fields gives an empty line no fields, so that a model without actuators has empty rows.
static int count_fields(const line* row) {
  int n = *skip_blanks(row->text) != '\0';
  for (size_t i = 0; i < row->size; i++) {
    n += row->text[i] == ',';
  }
  return n;
}

// read_row checks the width first: a wrong width is the likelier mistake, and the clearer sentence.
static irl_err read_row(const char* path, const line* row, int columns, const char* each,
                        double* out, irl_errinfo* info) {
  const int fields = count_fields(row);
  if (strlen(row->text) != row->size) {
    return irl_fail(info, IRL_EPARSE, "%s: line %d holds a zero byte; give numbers as text", path,
                    row->number);
  }
  if (fields != columns) {
    return irl_fail(info, IRL_EDIM, "%s: line %d has %d value%s; give %d, one for each %s", path,
                    row->number, fields, fields == 1 ? "" : "s", columns, each);
  }
  char* at = row->text;
  for (int i = 0; i < columns; i++) {
    const char* start = at = skip_blanks(at);
    const int length = (int)strcspn(start, ",");
    if (!read_number(&at, &out[i]) || *(at = skip_blanks(at)) != (i + 1 < columns ? ',' : '\0')) {
      return irl_fail(info, IRL_EPARSE,
                      "%s: line %d, value %d: '%.*s' is not a finite number; give plain numbers "
                      "with commas between and no header",
                      path, row->number, i + 1, length < 40 ? length : 40, start);
    }
    at++;
  }
  return IRL_OK;
}

irl_err cli_csv_read(const char* path, int columns, const char* each, double** rows, int* nrows,
                     irl_errinfo* info) {
  char* text = NULL;
  size_t size = 0;
  *rows = NULL;
  IRL_TRY(irl_file_read(path, MAX_BYTES, &text, &size, info));
  irl_err err = IRL_OK;
  *nrows = count_lines(text, text + size);
  if (*nrows == 0 || *nrows > MAX_ROWS) {
    err = irl_fail(info, IRL_ERANGE, "%s: has %s rows; give 1 to %d", path,
                   *nrows == 0 ? "no" : "too many", MAX_ROWS);
    goto done;
  }
  *rows = IRL_NEW(double, (size_t)*nrows*(size_t)(columns > 0 ? columns : 1));
  if (*rows == NULL) {
    err = irl_fail(info, IRL_ENOMEM, "%s: no memory for %d rows; give fewer", path, *nrows);
    goto done;
  }
  char* rest = text;
  line row = {0};
  for (int r = 0; err == IRL_OK && next_line(&rest, text + size, &row); r++) {
    err = read_row(path, &row, columns, each, *rows + (size_t)r * (size_t)columns, info);
  }
done:
  if (err != IRL_OK) {
    irl_free(*rows);
    *rows = NULL;
  }
  irl_free(text);
  return err;
}
