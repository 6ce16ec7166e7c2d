#include "cli/output.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"

// The text for people is made from the JSON itself, so that both always say the same: a member a
// line, an array of objects as a table, a few numbers in a row.

enum { MAX_COLUMNS = 16, MOST_IN_ROW = 8, CELL = 512 };

// cell writes a value as a person reads it: numbers to six digits, whole ones in full.
static void cell(irl_jnode node, char text[CELL]) {
  const char* word = "-";
  switch (irl_json_type(node)) {
    case IRL_JSON_NUMBER: {
      const double number = irl_json_as_number(node, -INFINITY, INFINITY);
      const bool whole = number == floor(number) && fabs(number) < 1e15;
      snprintf(text, CELL, whole ? "%.0f" : "%.6g", number);
      return;
    }
    case IRL_JSON_BOOL:
      word = irl_json_as_bool(node) ? "yes" : "no";
      break;
    case IRL_JSON_STRING:
      word = irl_json_as_string(node);
      break;
    case IRL_JSON_NONE:
    case IRL_JSON_NULL:
    case IRL_JSON_ARRAY:
    case IRL_JSON_OBJECT:
      break;
  }
  snprintf(text, CELL, "%s", word);
}

// A column of a table: its key and how wide and where its cells stand.
typedef struct column {
  const char* key;
  int width;
  bool number;  // numbers stand to the right
} column;

// measure_column finds the widest cell.
static column measure_column(irl_jnode array, int index) {
  char text[CELL];
  column c = {.key = irl_json_key(irl_json_at(array, 0), index)};
  c.width = (int)strlen(c.key);
  for (int r = 0; r < irl_json_length(array); r++) {
    const irl_jnode value = irl_json_get_opt(irl_json_at(array, r), c.key);
    cell(value, text);
    const int length = (int)strlen(text);
    c.width = length > c.width ? length : c.width;
    c.number = c.number || irl_json_type(value) == IRL_JSON_NUMBER;
  }
  return c;
}

static void print_cell(const column* c, const char* text, bool last) {
  const int width = c->number ? c->width : last ? 0 : -c->width;
  printf("  %*s%s", width, text, last ? "\n" : "");
}

// print_table writes an array of objects with a header of their keys.
static void print_table(irl_jnode array) {
  char text[CELL];
  column columns[MAX_COLUMNS];
  int n = irl_json_nkeys(irl_json_at(array, 0));
  n = n > MAX_COLUMNS ? MAX_COLUMNS : n;
  for (int c = 0; c < n; c++) {
    columns[c] = measure_column(array, c);
  }
  for (int c = 0; c < n; c++) {
    print_cell(&columns[c], columns[c].key, c == n - 1);
  }
  for (int r = 0; r < irl_json_length(array); r++) {
    for (int c = 0; c < n; c++) {
      cell(irl_json_get_opt(irl_json_at(array, r), columns[c].key), text);
      print_cell(&columns[c], text, c == n - 1);
    }
  }
}

// number_row writes an array of a few numbers side by side; false where it is another one.
static bool number_row(irl_jnode array, char text[CELL]) {
  char number[CELL];
  const int n = irl_json_length(array);
  int used = 0;
  for (int i = 0; i < n && n <= MOST_IN_ROW; i++) {
    const irl_jnode item = irl_json_at(array, i);
    if (irl_json_type(item) != IRL_JSON_NUMBER) {
      return false;
    }
    cell(item, number);
    used += snprintf(text + used, (size_t)(CELL - used), "%s%s", i > 0 ? "  " : "", number);
  }
  return used > 0;
}

// print_array writes a table for objects and a list for anything else.
static void print_array(const char* key, irl_jnode array) {
  char text[CELL];
  const int n = irl_json_length(array);
  printf("%s%s\n", key, n == 0 ? ": none" : "");
  if (n > 0 && irl_json_type(irl_json_at(array, 0)) == IRL_JSON_OBJECT) {
    print_table(array);
    return;
  }
  for (int i = 0; i < n; i++) {
    cell(irl_json_at(array, i), text);
    printf("  %s\n", text);
  }
}

// print_object writes a member a line, its values in a column; objects within are indented.
static void print_object(irl_jnode object, int indent) {
  char text[CELL];
  int width = 0;
  const int n = irl_json_nkeys(object);
  for (int i = 0; i < n; i++) {
    const int length = (int)strlen(irl_json_key(object, i));
    width = length > width ? length : width;
  }
  for (int i = 0; i < n; i++) {
    const char* key = irl_json_key(object, i);
    const irl_jnode value = irl_json_get(object, key);
    if (irl_json_type(value) == IRL_JSON_ARRAY && number_row(value, text)) {
      printf("%*s%-*s  %s\n", indent, "", width, key, text);
    } else if (irl_json_type(value) == IRL_JSON_ARRAY) {
      print_array(key, value);
    } else if (irl_json_type(value) == IRL_JSON_OBJECT) {
      printf("%*s%s\n", indent, "", key);
      print_object(value, indent + 2);
    } else {
      cell(value, text);
      printf("%*s%-*s  %s\n", indent, "", width, key, text);
    }
  }
}

// print_text reads the result back; keys are known as they are asked for, so closing checks it all.
static irl_err print_text(const char* text, size_t size, irl_errinfo* info) {
  irl_json* doc = NULL;
  IRL_TRY(irl_json_parse(&doc, "result", text, size, info));
  print_object(irl_json_root(doc), 0);
  return irl_json_close(doc, info);
}

// One object and a newline is all that --json may write.
irl_err cli_print_result(const char* text, size_t size, bool json, irl_errinfo* info) {
  if (json) {
    fwrite(text, 1, size, stdout);
    putchar('\n');
  } else {
    IRL_TRY(print_text(text, size, info));
  }
  return cli_finish_output(info);
}

// A full disk shows only when the buffer is written: exit code 0 must not hide it.
irl_err cli_finish_output(irl_errinfo* info) {
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout)) {
    return irl_fail(info, IRL_EIO, "standard output: %s; the result could not be printed",
                    errno != 0 ? strerror(errno) : "writing failed");
  }
  return IRL_OK;
}

//---------------------------------- Output places -------------------------------------------------

// The parent must be there: a misspelt folder should be named, not made.
irl_err cli_check_file(const char* path, irl_errinfo* info) {
  char folder[4096];
  const char* slash = strrchr(path, '/');
  const size_t length = slash == NULL ? 0 : (size_t)(slash - path);
  if (length >= sizeof folder || (slash != NULL && slash[1] == '\0') || irl_dir_exists(path)) {
    return irl_fail(info, IRL_EEXIST, "%s: is a folder; give the name of a file", path);
  }
  snprintf(folder, sizeof folder, "%.*s", (int)length, path);
  const char* parent = slash == NULL ? "." : length == 0 ? "/" : folder;
  IRL_TRY(irl_path_check_seen(path, info));
  if (!irl_dir_exists(parent)) {
    return irl_fail(info, IRL_ENOENT, "%s: there is no folder %s; create it first", path, parent);
  }
  return irl_dir_check_writable(parent, info);
}

// A new folder may have parents that are not there yet; what is in an old one is never touched.
irl_err cli_check_folder(const char* path, irl_errinfo* info) {
  struct stat status;
  IRL_TRY(irl_path_check_seen(path, info));
  if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
    return irl_fail(info, IRL_EEXIST, "%s: is a file; give the name of a new folder", path);
  }
  if (!irl_dir_empty(path)) {
    return irl_fail(info, IRL_EEXIST, "%s: the folder is not empty; give a new one or delete it",
                    path);
  }
  return irl_dir_check_writable(path, info);
}
