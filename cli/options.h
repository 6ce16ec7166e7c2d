// Command-line options from a table: parsing, checking and --help all read the same rows.
//
// `--name value`, `--name=value`, `-n value`, `-nvalue`; `--` ends the options. Nothing is guessed:
// unknown and repeated options, missing and superfluous values, junk after a number are errors.
#ifndef MJIRL_CLI_OPTIONS_H_
#define MJIRL_CLI_OPTIONS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

typedef enum cli_kind {
  CLI_FLAG,      // bool
  CLI_TEXT,      // const char*, not empty
  CLI_TEXTS,     // cli_texts: may be given many times
  CLI_SETTINGS,  // the same, each key=value or key.key=value
  CLI_INT,       // int within [lo, hi]
  CLI_U64,       // uint64_t
  CLI_CHOICE,    // int, index in choices
  CLI_PIXELS,    // cli_pixels, "1280x720"
  CLI_SPAN       // cli_span, "0-9" or "4"
} cli_kind;

enum { CLI_MAX_TEXTS = 64, CLI_MAX_OPTIONS = 64 };

typedef struct cli_texts {
  int count;
  const char* item[CLI_MAX_TEXTS];
} cli_texts;

typedef struct cli_pixels {
  int width, height;
} cli_pixels;

typedef struct cli_span {
  int first, last;  // inclusive
  bool given;
} cli_span;

// A row of a table, which has at most CLI_MAX_OPTIONS and ends with a row without help. A row with
// neither name nor letter is a positional argument, filled in the table's order.
typedef struct cli_option {
  cli_kind kind;
  const char* name;     // long name without its dashes, or NULL
  char letter;          // short name, or 0
  const char* metavar;  // stands for the value in messages, e.g. "DIR"; NULL for flags
  const char* help;     // one line
  size_t offset;        // of the value within the command's arguments
  bool required;
  int lo, hi;                  // CLI_INT
  const char* const* choices;  // CLI_CHOICE, NULL-ended
} cli_option;

// Reads argv[0..argc-1] (program and command already taken off) into args. `command` is its name in
// messages. *help is set, and parsing ends, where --help or -h stands. Errors: IRL_EPARSE.
IRL_NODISCARD irl_err cli_options_parse(const cli_option* table, const char* command, int argc,
                                        char* const* argv, void* args, bool* help,
                                        irl_errinfo* info);

// "mjirl expert TASK --out DIR [options]", without newline.
void cli_options_usage(FILE* file, const cli_option* table, const char* command);

// The sections "Arguments" and "Options" of --help.
void cli_options_help(FILE* file, const cli_option* table);

// Whole numbers without sign, space or junk; false when text is not one or does not fit.
bool cli_read_u64(const char* text, uint64_t* value);

#endif  // MJIRL_CLI_OPTIONS_H_
