// What the commands of `mjirl` share: the table entry that describes one, and its surroundings.
#ifndef MJIRL_CLI_CLI_H_
#define MJIRL_CLI_CLI_H_

#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/options.h"

// First member of every command's arguments.
typedef struct cli_common {
  bool json;
  uint64_t seed;
  int threads;  // 0: all
} cli_common;

// What a command works with. It adds members to `result`, the object that becomes the output, and
// returns; printing and exit codes are main's.
typedef struct cli_context {
  irl_host host;     // messages to stderr, stop on SIGINT and SIGTERM
  irl_jout result;   // one object, open
  irl_errinfo info;  // the sentence of a failure
  bool usage;        // the failure is a matter of the command line
  bool complete;     // the result is to be printed though the command failed
} cli_context;

typedef struct cli_command {
  const char* name;     // "train", "env trace"
  const char* summary;  // one line
  const char* detail;   // more lines for --help, or NULL
  const cli_option* options;
  const void* defaults;  // arguments before the command line is read
  size_t size;           // bytes of the arguments
  bool blas;             // uses OpenBLAS: worth choosing its kernels
  bool stops;            // ends cleanly when the host says stop
  irl_err (*run)(cli_context* cli, const void* args);
  void (*help)(FILE* file);  // further sections of --help, or NULL
} cli_command;

enum { CLI_MAX_THREADS = 1024 };

#define CLI_TASK_HELP "bundled name, task JSON or MJCF file"

// Rows that most tables have; `args` is the command's arguments, whose first member is `common`.
#define CLI_JSON(args)                                                               \
  {                                                                                  \
    .kind = CLI_FLAG, .name = "json", .help = "print the result as one JSON object", \
    .offset = offsetof(args, common) + offsetof(cli_common, json)                    \
  }
#define CLI_SEED(args)                                                      \
  {                                                                         \
    .kind = CLI_U64, .name = "seed", .metavar = "N",                        \
    .help = "seed of all random numbers, equal seeds give equal bytes (0)", \
    .offset = offsetof(args, common) + offsetof(cli_common, seed)           \
  }
#define CLI_THREADS(args)                                                      \
  {                                                                            \
    .kind = CLI_INT, .name = "threads", .metavar = "N",                        \
    .help = "threads to use; results do not depend on it (all)",               \
    .offset = offsetof(args, common) + offsetof(cli_common, threads), .lo = 1, \
    .hi = CLI_MAX_THREADS                                                      \
  }
// Changes of the task, over its JSON.
#define CLI_SET(args)                                                                      \
  {                                                                                        \
    .kind = CLI_SETTINGS, .name = "set", .metavar = "key=value",                           \
    .help = "replace a value of the task, as domain.gravity=0.5; may be given many times", \
    .offset = offsetof(args, set)                                                          \
  }
#define CLI_END \
  { .help = NULL }

// A text that must be given: as an argument without a name, or as --name.
#define CLI_ARGUMENT(args, member, placeholder, text)                                         \
  {                                                                                           \
    .kind = CLI_TEXT, .metavar = placeholder, .help = text, .offset = offsetof(args, member), \
    .required = true                                                                          \
  }
#define CLI_NEEDED(args, member, option, placeholder, text)                 \
  {                                                                         \
    .kind = CLI_TEXT, .name = option, .metavar = placeholder, .help = text, \
    .offset = offsetof(args, member), .required = true                      \
  }
// A text that may be given.
#define CLI_OPTIONAL(args, member, option, placeholder, text)               \
  {                                                                         \
    .kind = CLI_TEXT, .name = option, .metavar = placeholder, .help = text, \
    .offset = offsetof(args, member)                                        \
  }

// A flag; a whole number from least to most; one of a NULL-ended list of names.
#define CLI_SWITCH(args, member, option, text) \
  { .kind = CLI_FLAG, .name = option, .help = text, .offset = offsetof(args, member) }
#define CLI_WHOLE(args, member, option, placeholder, least, most, text)    \
  {                                                                        \
    .kind = CLI_INT, .name = option, .metavar = placeholder, .help = text, \
    .offset = offsetof(args, member), .lo = least, .hi = most              \
  }
#define CLI_ONE_OF(args, member, option, placeholder, names, text)            \
  {                                                                           \
    .kind = CLI_CHOICE, .name = option, .metavar = placeholder, .help = text, \
    .offset = offsetof(args, member), .choices = names                        \
  }

// Fails unless a file could be written at path: it is no folder and its folder is writable.
IRL_NODISCARD irl_err cli_check_file(const char* path, irl_errinfo* info);

// Fails unless path is free for a new folder: not there or an empty folder, in a writable place.
IRL_NODISCARD irl_err cli_check_folder(const char* path, irl_errinfo* info);

// The sentence of a stop that leaves nothing to go on from; other errors keep theirs. Returns err.
irl_err cli_say_stopped(cli_context* cli, irl_err err, const char* what);

extern const cli_command cli_env_list;
extern const cli_command cli_env_check;
extern const cli_command cli_env_trace;
extern const cli_command cli_expert;
extern const cli_command cli_record;
extern const cli_command cli_train;
extern const cli_command cli_eval;
extern const cli_command cli_sample;
extern const cli_command cli_score;
extern const cli_command cli_export;
extern const cli_command cli_verify;
extern const cli_command cli_replay;
extern const cli_command cli_plot;
extern const cli_command cli_bench;
extern const cli_command cli_demos_info;
extern const cli_command cli_demos_check;
extern const cli_command cli_demos_import;
extern const cli_command cli_demos_export;
extern const cli_command cli_demos_merge;
extern const cli_command cli_demos_filter;
extern const cli_command cli_demos_trim;
extern const cli_command cli_demos_delete;
extern const cli_command cli_demos_split;
extern const cli_command cli_demos_undo;
extern const cli_command cli_demos_fold;

#endif  // MJIRL_CLI_CLI_H_
