#include "cli/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

// Parsing reads a table row by row; each kind of value has one function that checks a text and
// stores the value at the row's offset, and that writes the sentence when it cannot.

// What one call of cli_options_parse carries along.
typedef struct parser {
  const cli_option* table;
  const char* command;
  unsigned char* args;
  bool seen[CLI_MAX_OPTIONS];
  irl_errinfo* info;
} parser;

// is_positional tells an argument that is known by its place alone.
static bool is_positional(const cli_option* option) {
  return option->name == NULL && option->letter == 0;
}

// label writes how messages call an option: "--out", "-n" or "TASK".
static const char* label(const cli_option* option, char text[64]) {
  if (is_positional(option)) {
    snprintf(text, 64, "%s", option->metavar);
  } else if (option->name != NULL) {
    snprintf(text, 64, "--%s", option->name);
  } else {
    snprintf(text, 64, "-%c", option->letter);
  }
  return text;
}

//---------------------------------- Values --------------------------------------------------------

bool cli_read_u64(const char* text, uint64_t* value) {
  if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') {
    return false;
  }
  errno = 0;
  *value = strtoull(text, NULL, 10);
  return errno == 0;
}

// read_int reads a whole number with an optional minus; strtol alone would take spaces and junk.
static bool read_int(const char* text, int* value) {
  const bool negative = text[0] == '-';
  uint64_t magnitude = 0;
  if (!cli_read_u64(text + negative, &magnitude) || magnitude > INT_MAX) {
    return false;
  }
  *value = negative ? -(int)magnitude : (int)magnitude;
  return true;
}

// read_pair splits "AxB" or "A-B" at the separator and reads both halves.
static bool read_pair(const char* text, char separator, int* a, int* b) {
  char half[16];
  const char* middle = strchr(text, separator);
  if (middle == NULL || middle == text || (size_t)(middle - text) >= sizeof half) {
    return false;
  }
  memcpy(half, text, (size_t)(middle - text));
  half[middle - text] = '\0';
  return read_int(half, a) && read_int(middle + 1, b);
}

// set_int also names the range, so that one look at the message is enough to mend it.
static irl_err set_int(const parser* p, const cli_option* option, const char* text) {
  char name[64];
  int value = 0;
  if (!read_int(text, &value)) {
    return irl_fail(p->info, IRL_EPARSE, "%s: '%.80s' is not a whole number; give %d to %d",
                    label(option, name), text, option->lo, option->hi);
  }
  if (value < option->lo || value > option->hi) {
    return irl_fail(p->info, IRL_EPARSE, "%s: %d is out of range; give %d to %d",
                    label(option, name), value, option->lo, option->hi);
  }
  memcpy(p->args + option->offset, &value, sizeof value);
  return IRL_OK;
}

// set_u64 refuses negative numbers, which strtoull would wrap around.
static irl_err set_u64(const parser* p, const cli_option* option, const char* text) {
  char name[64];
  uint64_t value = 0;
  if (!cli_read_u64(text, &value)) {
    return irl_fail(p->info, IRL_EPARSE,
                    "%s: '%.80s' is not a whole number; give 0 to 18446744073709551615",
                    label(option, name), text);
  }
  memcpy(p->args + option->offset, &value, sizeof value);
  return IRL_OK;
}

// set_choice takes one of the row's words and stores its index; the message lists them all.
static irl_err set_choice(const parser* p, const cli_option* option, const char* text) {
  char name[64];
  char all[256] = "";
  for (int i = 0; option->choices[i] != NULL; i++) {
    if (strcmp(text, option->choices[i]) == 0) {
      memcpy(p->args + option->offset, &i, sizeof i);
      return IRL_OK;
    }
    const size_t used = strlen(all);
    snprintf(all + used, sizeof all - used, "%s%s", i == 0 ? "" : ", ", option->choices[i]);
  }
  return irl_fail(p->info, IRL_EPARSE, "%s: '%.80s' is not known; give one of %s",
                  label(option, name), text, all);
}

// set_pixels reads "1280x720"; the bounds are those that offscreen buffers surely have.
static irl_err set_pixels(const parser* p, const cli_option* option, const char* text) {
  char name[64];
  cli_pixels value = {0};
  if (!read_pair(text, 'x', &value.width, &value.height)) {
    return irl_fail(p->info, IRL_EPARSE,
                    "%s: '%.80s' is not a size in pixels; write it like 1280x720",
                    label(option, name), text);
  }
  if (value.width < 64 || value.width > 8192 || value.height < 64 || value.height > 8192) {
    return irl_fail(p->info, IRL_EPARSE, "%s: '%.80s' is out of range; give 64 to 8192 each",
                    label(option, name), text);
  }
  memcpy(p->args + option->offset, &value, sizeof value);
  return IRL_OK;
}

// set_span reads "0-9", or "4" for one alone.
static irl_err set_span(const parser* p, const cli_option* option, const char* text) {
  char name[64];
  cli_span value = {.given = true};
  if (!read_pair(text, '-', &value.first, &value.last)) {
    if (!read_int(text, &value.first)) {
      return irl_fail(p->info, IRL_EPARSE,
                      "%s: '%.80s' is not a range of numbers; write it like 0-9 or 4",
                      label(option, name), text);
    }
    value.last = value.first;
  }
  if (value.first < 0 || value.last < value.first) {
    return irl_fail(p->info, IRL_EPARSE,
                    "%s: '%.80s' runs backwards or below 0; count from 0 and upwards, like 0-9",
                    label(option, name), text);
  }
  memcpy(p->args + option->offset, &value, sizeof value);
  return IRL_OK;
}

// set_texts appends; the texts stay where they are, in argv.
static irl_err set_texts(const parser* p, const cli_option* option, const char* text) {
  char name[64];
  cli_texts value;
  memcpy(&value, p->args + option->offset, sizeof value);
  if (value.count == CLI_MAX_TEXTS) {
    return irl_fail(p->info, IRL_EPARSE, "%s: given too often; give at most %d",
                    label(option, name), CLI_MAX_TEXTS);
  }
  value.item[value.count++] = text;
  memcpy(p->args + option->offset, &value, sizeof value);
  return IRL_OK;
}

// is_setting tells key=value and key.key=value, none of the keys empty; which there are is the
// affair of what is set.
static bool is_setting(const char* text) {
  const size_t n = strcspn(text, "=");
  const char* dots = strstr(text, "..");
  return text[n] == '=' && n > 0 && text[0] != '.' && text[n - 1] != '.' &&
         (dots == NULL || dots > text + n);
}

static irl_err set_setting(const parser* p, const cli_option* option, const char* text) {
  char name[64];
  return is_setting(text)
             ? set_texts(p, option, text)
             : irl_fail(p->info, IRL_EPARSE,
                        "%s: '%.80s' is not of the form %s; write for example horizon=100 or "
                        "domain.mass=1.5",
                        label(option, name), text, option->metavar);
}

static bool repeats(const cli_option* option) {
  return option->kind == CLI_TEXTS || option->kind == CLI_SETTINGS;
}

// set_value checks `text` (NULL for flags) and stores it.
static irl_err set_value(parser* p, int index, const char* text) {
  const cli_option* option = &p->table[index];
  char name[64];
  if (p->seen[index] && !repeats(option)) {
    return irl_fail(p->info, IRL_EPARSE, "%s: given twice; give it once", label(option, name));
  }
  p->seen[index] = true;
  if (option->kind == CLI_FLAG) {
    const bool value = true;
    memcpy(p->args + option->offset, &value, sizeof value);
    return IRL_OK;
  }
  if (text[0] == '\0') {
    return irl_fail(p->info, IRL_EPARSE, "%s: the value is empty; give a %s", label(option, name),
                    option->metavar);
  }
  switch (option->kind) {
    case CLI_INT:
      return set_int(p, option, text);
    case CLI_U64:
      return set_u64(p, option, text);
    case CLI_CHOICE:
      return set_choice(p, option, text);
    case CLI_PIXELS:
      return set_pixels(p, option, text);
    case CLI_SPAN:
      return set_span(p, option, text);
    case CLI_TEXTS:
      return set_texts(p, option, text);
    case CLI_SETTINGS:
      return set_setting(p, option, text);
    case CLI_TEXT:
    case CLI_FLAG:
      break;
  }
  memcpy(p->args + option->offset, &text, sizeof text);
  return IRL_OK;
}

//---------------------------------- Names ---------------------------------------------------------

// unknown_option names the nearest option where there is one.
static irl_err unknown_option(const parser* p, const char* word) {
  const char* names[CLI_MAX_OPTIONS + 2];
  int n = 0;
  for (int i = 0; p->table[i].help != NULL; i++) {
    if (p->table[i].name != NULL) {
      names[n++] = p->table[i].name;
    }
  }
  names[n++] = "help";
  names[n] = NULL;
  char bare[64];
  snprintf(bare, sizeof bare, "%s", word + strspn(word, "-"));
  bare[strcspn(bare, "=")] = '\0';
  const char* near = irl_closest_name(bare, names);
  if (near != NULL) {
    return irl_fail(p->info, IRL_EPARSE,
                    "%.80s: 'mjirl %s' has no such option; did you mean --%s? "
                    "('mjirl %s --help' lists all)",
                    word, p->command, near, p->command);
  }
  return irl_fail(p->info, IRL_EPARSE,
                  "%.80s: 'mjirl %s' has no such option; 'mjirl %s --help' lists all", word,
                  p->command, p->command);
}

// find_long looks for the whole name: abbreviations would break when options are added.
static int find_long(const cli_option* table, const char* name, size_t length) {
  for (int i = 0; table[i].help != NULL; i++) {
    const char* candidate = table[i].name;
    if (candidate != NULL && strlen(candidate) == length && memcmp(candidate, name, length) == 0) {
      return i;
    }
  }
  return -1;
}

static int find_letter(const cli_option* table, char letter) {
  for (int i = 0; table[i].help != NULL; i++) {
    if (table[i].letter != 0 && table[i].letter == letter) {
      return i;
    }
  }
  return -1;
}

// take_value gives an option its value: the text attached to it, or else the next word.
static irl_err take_value(parser* p, int index, const char* attached, int argc, char* const* argv,
                          int* at) {
  const cli_option* option = &p->table[index];
  char name[64];
  if (option->kind == CLI_FLAG) {
    return attached == NULL ? set_value(p, index, NULL)
                            : irl_fail(p->info, IRL_EPARSE, "%s: takes no value; leave out '%.80s'",
                                       label(option, name), attached);
  }
  if (attached != NULL) {
    return set_value(p, index, attached);
  }
  if (*at + 1 >= argc) {
    label(option, name);
    return irl_fail(p->info, IRL_EPARSE, "%s: its value is missing; write %s %s", name, name,
                    option->metavar);
  }
  const char* next = argv[*at + 1];
  if (strncmp(next, "--", 2) == 0) {
    label(option, name);
    return irl_fail(p->info, IRL_EPARSE,
                    "%s: its value is missing, '%.80s' is an option; write %s%s%s", name, next,
                    name, option->name != NULL ? "=" : " ", option->metavar);
  }
  *at += 1;
  return set_value(p, index, next);
}

// parse_long reads --name, --name value and --name=value.
static irl_err parse_long(parser* p, int argc, char* const* argv, int* at) {
  const char* word = argv[*at] + 2;
  const char* equals = strchr(word, '=');
  const size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
  const int index = find_long(p->table, word, length);
  if (index < 0) {
    return unknown_option(p, argv[*at]);
  }
  return take_value(p, index, equals != NULL ? equals + 1 : NULL, argc, argv, at);
}

// parse_short reads -n, -n value and -nvalue.
static irl_err parse_short(parser* p, int argc, char* const* argv, int* at) {
  const char* word = argv[*at];
  const int index = find_letter(p->table, word[1]);
  if (index < 0) {
    return unknown_option(p, word);
  }
  return take_value(p, index, word[2] != '\0' ? word + 2 : NULL, argc, argv, at);
}

// parse_positional gives the word to the first argument that is still free.
static irl_err parse_positional(parser* p, const char* word) {
  for (int i = 0; p->table[i].help != NULL; i++) {
    if (is_positional(&p->table[i]) && (!p->seen[i] || repeats(&p->table[i]))) {
      return set_value(p, i, word);
    }
  }
  return irl_fail(p->info, IRL_EPARSE,
                  "%.80s: 'mjirl %s' takes no such argument; 'mjirl %s --help' shows its use", word,
                  p->command, p->command);
}

// check_required runs last, so that a misspelt option is named and not the one it stood for.
static irl_err check_required(const parser* p) {
  char name[64];
  for (int i = 0; p->table[i].help != NULL; i++) {
    const cli_option* option = &p->table[i];
    assert(i < CLI_MAX_OPTIONS);
    if (!option->required || p->seen[i]) {
      continue;
    }
    label(option, name);
    return is_positional(option)
               ? irl_fail(p->info, IRL_EPARSE, "%s: missing; 'mjirl %s --help' shows its use", name,
                          p->command)
               : irl_fail(p->info, IRL_EPARSE, "%s: missing; add %s %s", name, name,
                          option->metavar);
  }
  return IRL_OK;
}

irl_err cli_options_parse(const cli_option* table, const char* command, int argc, char* const* argv,
                          void* args, bool* help, irl_errinfo* info) {
  parser p = {.table = table, .command = command, .args = args, .info = info};
  *help = false;
  bool options_ended = false;
  for (int at = 0; at < argc; at++) {
    const char* word = argv[at];
    if (options_ended || word[0] != '-' || word[1] == '\0') {
      IRL_TRY(parse_positional(&p, word));
    } else if (strcmp(word, "--") == 0) {
      options_ended = true;
    } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
      *help = true;
      return IRL_OK;
    } else if (word[1] == '-') {
      IRL_TRY(parse_long(&p, argc, argv, &at));
    } else {
      IRL_TRY(parse_short(&p, argc, argv, &at));
    }
  }
  return check_required(&p);
}

//---------------------------------- Help ----------------------------------------------------------

// spelled writes an option as --help shows it: "-n, --episodes N".
static void spelled(const cli_option* option, char text[96]) {
  if (is_positional(option)) {
    snprintf(text, 96, "%s", option->metavar);
    return;
  }
  char letter[8] = "    ";
  if (option->letter != 0) {
    snprintf(letter, sizeof letter, "-%c%s", option->letter, option->name != NULL ? ", " : "");
  }
  snprintf(text, 96, "%s%s%s%s%s", letter, option->name != NULL ? "--" : "",
           option->name != NULL ? option->name : "", option->metavar != NULL ? " " : "",
           option->metavar != NULL ? option->metavar : "");
}

void cli_options_usage(FILE* file, const cli_option* table, const char* command) {
  char name[64];
  bool more = false;
  fprintf(file, "mjirl %s", command);
  for (int i = 0; table[i].help != NULL; i++) {
    const cli_option* option = &table[i];
    label(option, name);
    if (is_positional(option)) {
      const char* dots = repeats(option) ? "..." : "";
      fprintf(file, option->required ? " %s%s" : " [%s%s]", name, dots);
    } else if (option->required) {
      fprintf(file, " %s %s", name, option->metavar);
    } else {
      more = true;
    }
  }
  fputs(more ? " [options]" : "", file);
}

// print_rows writes either the arguments or the options of a table.
static void print_rows(FILE* file, const cli_option* table, bool positional, int width) {
  char text[96];
  for (int i = 0; table[i].help != NULL; i++) {
    if (is_positional(&table[i]) == positional) {
      spelled(&table[i], text);
      fprintf(file, "  %-*s  %s\n", width, text, table[i].help);
    }
  }
}

void cli_options_help(FILE* file, const cli_option* table) {
  char text[96];
  int width = (int)strlen("-h, --help");
  bool positionals = false;
  for (int i = 0; table[i].help != NULL; i++) {
    spelled(&table[i], text);
    const int length = (int)strlen(text);
    width = length > width ? length : width;
    positionals = positionals || is_positional(&table[i]);
  }
  if (positionals) {
    fprintf(file, "\nArguments:\n");
    print_rows(file, table, true, width);
  }
  fprintf(file, "\nOptions:\n");
  print_rows(file, table, false, width);
  fprintf(file, "  %-*s  %s\n", width, "-h, --help", "this text");
}
