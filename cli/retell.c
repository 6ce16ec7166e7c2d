#include "cli/retell.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// quoted writes text between single quotes, which a shell reads as it stands, unless it does that
// without them.
static void quoted(FILE* out, const char* before, const char* text) {
  static const char plain[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
  if (text[strspn(text, plain)] == '\0' && (text[0] != '\0' || before[0] != '\0')) {
    fprintf(out, " %s%s", before, text);
    return;
  }
  fprintf(out, " '%s", before);
  for (const char* c = text; *c != '\0'; c++) {
    fputs(*c == '\'' ? "'\\''" : (const char[]){*c, '\0'}, out);
  }
  fputc('\'', out);
}

void cli_retell_word(FILE* out, const char* word) {
  quoted(out, "", word);
}

// name_at finds the last part of a path, slashes at its end left out.
static const char* name_at(const char* path, size_t* length) {
  size_t end = strlen(path);
  while (end > 1 && path[end - 1] == '/') {
    end--;
  }
  size_t begin = end;
  while (begin > 0 && path[begin - 1] != '/') {
    begin--;
  }
  *length = end - begin;
  return path + begin;
}

static void named(FILE* out, const char* path, const char* before) {
  size_t length = 0;
  const char* name = name_at(path, &length);
  char* copy = strndup(name, length);  // without memory the path's end will do
  quoted(out, name[0] == '-' && before[0] == '\0' ? "./" : before, copy != NULL ? copy : name);
  free(copy);
}

void cli_retell_file(FILE* out, const char* path) {
  named(out, path, "");
}

static bool ends_with(const char* text, const char* end) {
  const size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

void cli_retell_task(FILE* out, const char* task) {
  const bool known =
      ends_with(task, ".json") || ends_with(task, ".xml") || ends_with(task, ".mjcf");
  named(out, task, strchr(task, '/') != NULL && !known ? "./" : "");
}

void cli_retell_setting(FILE* out, const char* setting) {
  static const char model[] = "model=";
  const size_t n = sizeof model - 1;
  if (strncmp(setting, model, n) != 0) {
    cli_retell_word(out, setting);
    return;
  }
  char* path = strdup(setting + n);
  const char* bare = path != NULL ? path : setting + n;
  const size_t size = strlen(bare);
  if (path != NULL && size > 1 && bare[0] == '"' && bare[size - 1] == '"') {  // a text of JSON
    path[size - 1] = '\0';
    bare++;
  }
  named(out, bare, model);
  free(path);
}
