// `mjirl`: finds the command, reads its options, runs it, prints what it says. The only place that
// decides exit codes: 0 done, 1 failed, 2 wrong usage.
#include <ctype.h>
#include <mujoco/mujoco.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "cli/kernels.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "demos/guard.h"
#include "envs/task.h"
#include "irl/runtime.h"

// What the shell gets to see.
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

// In the order of a first day's work.
static const cli_command* const commands[] = {
    &cli_env_list,     &cli_env_check,   &cli_env_trace,    &cli_expert,      &cli_record,
    &cli_train,        &cli_eval,        &cli_score,        &cli_sample,      &cli_replay,
    &cli_export,       &cli_plot,        &cli_demos_info,   &cli_demos_check, &cli_demos_import,
    &cli_demos_export, &cli_demos_merge, &cli_demos_filter, &cli_demos_trim,  &cli_demos_delete,
    &cli_demos_split,  &cli_demos_undo,  &cli_demos_fold,   &cli_verify,      &cli_bench,
};
enum { NCOMMANDS = sizeof commands / sizeof commands[0] };

static int usage_error(const char* text) {
  cli_print_error(text);
  return EXIT_USAGE;
}

//---------------------------------- Help ----------------------------------------------------------

// print_overview is `mjirl help`.
static int print_overview(void) {
  printf(
      "mjirl learns the cost behind a robot's expert demonstrations, on MuJoCo.\n\n"
      "Usage: mjirl <command> [options]\n\nCommands:\n");
  for (int i = 0; i < NCOMMANDS; i++) {
    printf("  %-12s  %s\n", commands[i]->name, commands[i]->summary);
  }
  printf(
      "  %-12s  %s\n\n'mjirl <command> --help' shows a command's options, 'mjirl --version' what "
      "this is built on.\n",
      "help", "show this text, or that of a command");
  return EXIT_DONE;
}

// print_command_help is `mjirl <command> --help`, all of it from the command's tables.
static int print_command_help(const cli_command* command) {
  printf("%c%s.\n\nUsage: ", toupper((unsigned char)command->summary[0]), command->summary + 1);
  cli_options_usage(stdout, command->options, command->name);
  printf("\n");
  if (command->detail != NULL) {
    printf("\n%s\n", command->detail);
  }
  cli_options_help(stdout, command->options);
  if (command->help != NULL) {
    command->help(stdout);
  }
  return EXIT_DONE;
}

// print_help_help is `mjirl help help`; help is no command of the tables.
static int print_help_help(void) {
  printf(
      "Show the commands, or the options of one.\n\nUsage: mjirl help [COMMAND]\n\n"
      "'mjirl help COMMAND' says the same as 'mjirl COMMAND --help'.\n");
  return EXIT_DONE;
}

// print_version names what decides results and speed beside our own code.
static int print_version(void) {
  printf("mjirl %s\nMuJoCo %s\n%s\n", MJIRL_VERSION, mj_versionString(), irl_runtime_blas());
  return EXIT_DONE;
}

// print_group lists the commands that begin with a word, e.g. "env".
static int print_group(const char* word) {
  const size_t length = strlen(word);
  printf("Usage: mjirl %s <command> [options]\n\nCommands:\n", word);
  for (int i = 0; i < NCOMMANDS; i++) {
    if (strncmp(commands[i]->name, word, length) == 0 && commands[i]->name[length] == ' ') {
      printf("  %-12s  %s\n", commands[i]->name, commands[i]->summary);
    }
  }
  return EXIT_DONE;
}

//---------------------------------- Finding a command ---------------------------------------------

// find_command looks for argv[0] or for argv[0] and argv[1] together; *words gets how many it took.
static const cli_command* find_command(int argc, char* const* argv, int* words) {
  char pair[64];
  snprintf(pair, sizeof pair, "%.20s %.20s", argv[0], argc > 1 ? argv[1] : "");
  for (int i = 0; i < NCOMMANDS; i++) {
    if (strcmp(commands[i]->name, argv[0]) == 0 || strcmp(commands[i]->name, pair) == 0) {
      *words = strchr(commands[i]->name, ' ') != NULL ? 2 : 1;
      return commands[i];
    }
  }
  return NULL;
}

// is_group tells a first word of two, e.g. "env".
static bool is_group(const char* word) {
  const size_t length = strlen(word);
  for (int i = 0; i < NCOMMANDS; i++) {
    if (strncmp(commands[i]->name, word, length) == 0 && commands[i]->name[length] == ' ') {
      return true;
    }
  }
  return false;
}

// unknown_command names the nearest command, or the word that is missing.
static int unknown_command(int argc, char* const* argv) {
  const char* names[NCOMMANDS + 2];
  char text[256];
  char word[64];
  const bool group = is_group(argv[0]);
  if (group && argc == 1) {
    snprintf(text, sizeof text, "'%s': a second word is missing; 'mjirl help' lists the commands",
             argv[0]);
    return usage_error(text);
  }
  for (int i = 0; i < NCOMMANDS; i++) {
    names[i] = commands[i]->name;
  }
  names[NCOMMANDS] = "help";
  names[NCOMMANDS + 1] = NULL;
  snprintf(word, sizeof word, "%.20s%s%.20s", argv[0], group ? " " : "", group ? argv[1] : "");
  const char* near = irl_closest_name(word, names);
  snprintf(text, sizeof text,
           "'%s': there is no such command; %s%s%s'mjirl help' lists the commands", word,
           near != NULL ? "did you mean '" : "", near != NULL ? near : "",
           near != NULL ? "'? " : "");
  return usage_error(text);
}

//---------------------------------- Running -------------------------------------------------------

// report_failure prints the sentence, or the bare error where a room had none to add.
static void report_failure(const cli_command* command, irl_err err, const irl_errinfo* info) {
  char text[128];
  snprintf(text, sizeof text, "%s: %s", command->name, irl_err_name(err));
  cli_print_error(info->text[0] != '\0' ? info->text : text);
}

// print_result closes the result's object and prints it.
static irl_err print_result(cli_context* cli, bool json) {
  irl_jout_close(&cli->result);
  return cli->result.failed
             ? IRL_ENOMEM
             : cli_print_result(cli->result.text, cli->result.size, json, &cli->info);
}

// run_command runs a command whose options are read. A check that did not pass prints its numbers
// before the sentence that says so.
static int run_command(const cli_command* command, const void* args) {
  const cli_common* common = args;
  cli_terminal terminal;
  cli_terminal_init(&terminal);
  cli_context cli = {.host = cli_terminal_host(&terminal, command->stops)};
  irl_jout_init(&cli.result, false);
  irl_jout_open(&cli.result, '{');
  irl_err err = command->run(&cli, args);
  cli_terminal_fini(&terminal);
  if (err == IRL_OK) {
    err = print_result(&cli, common->json);
  } else if (cli.complete) {
    irl_errinfo kept = cli.info;
    const irl_err printed = print_result(&cli, common->json);
    cli.info = printed == IRL_OK ? kept : cli.info;
  }
  irl_jout_fini(&cli.result);
  if (err == IRL_OK) {
    return EXIT_DONE;
  }
  report_failure(command, err, &cli.info);
  return cli.usage ? EXIT_USAGE : EXIT_FAILED;
}

// start_command reads the options; only a valid command line costs more than that.
static int start_command(const cli_command* command, int argc, char* const* argv,
                         char* const* all) {
  bool help = false;
  irl_errinfo info = {0};
  unsigned char* args = irl_calloc(1, command->size);
  if (args == NULL) {
    report_failure(command, IRL_ENOMEM, &info);
    return EXIT_FAILED;
  }
  memcpy(args, command->defaults, command->size);
  int code = EXIT_USAGE;
  if (cli_options_parse(command->options, command->name, argc, argv, args, &help, &info) !=
      IRL_OK) {
    cli_print_error(info.text);
  } else if (help) {
    code = print_command_help(command);
  } else {
    if (command->blas) {
      cli_choose_kernels(irl_runtime_blas(), all);
    }
    irl_runtime_init();
    code = run_command(command, args);
  }
  irl_free(args);
  return code;
}

static bool is_help(const char* word) {
  return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

// help shows the help of what the words name; none: that of the program.
static int help(int argc, char* const* argv) {
  char text[128];
  int words = 0;
  if (argc == 0) {
    return print_overview();
  }
  const cli_command* command = find_command(argc, argv, &words);
  words = is_help(argv[0]) ? 1 : words;
  if (words > 0 && argc > words) {
    snprintf(text, sizeof text, "'%.40s': is more than the name of a command; leave it out",
             argv[words]);
    return usage_error(text);
  }
  if (command == NULL && argc == 1 && is_group(argv[0])) {
    return print_group(argv[0]);
  }
  if (command == NULL && words == 0) {
    return unknown_command(argc, argv);
  }
  return command != NULL ? print_command_help(command) : print_help_help();
}

// answer is what a helper says and ends with.
static int answer(irl_err err, const irl_errinfo* info) {
  printf("%s\n", err == IRL_OK ? "ok" : info->text);
  return err == IRL_OK ? EXIT_DONE : EXIT_FAILED;
}

// probe is the hidden commands `demos probe-hdf5 FILE` and `env probe-model FILE|-`: this program
// as its own helper, which reads files of others before the program itself does.
static int probe(char* const* words) {
  irl_errinfo info = {0};
  return strcmp(words[0], "demos") == 0
             ? answer(irl_demos_probe(words[2], &info), &info)
             : answer(irl_task_probe_model(strcmp(words[2], "-") == 0 ? NULL : words[2], &info),
                      &info);
}

static bool is_probe(int argc, char* const* argv) {
  return argc == 4 && ((strcmp(argv[1], "demos") == 0 && strcmp(argv[2], "probe-hdf5") == 0) ||
                       (strcmp(argv[1], "env") == 0 && strcmp(argv[2], "probe-model") == 0));
}

// name_helper tells the library to use this program as the helper, unless the user named one.
static void name_helper(void) {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
  if (size > 0) {
    path[size] = '\0';
    (void)setenv("MJIRL_PROBE", path, 0);
  }
}

// dispatch decides by the first words and returns the exit code.
static int dispatch(int argc, char* const* argv) {
  int words = 0;
  if (argc < 2) {
    return usage_error("no command: nothing to do; 'mjirl help' lists the commands");
  }
  if (is_help(argv[1])) {
    return help(argc - 2, argv + 2);
  }
  if (strcmp(argv[1], "--version") == 0) {
    if (argc > 2) {
      return usage_error("--version: stands alone; leave out what follows it");
    }
    cli_choose_kernels(irl_runtime_blas(), argv);
    return print_version();
  }
  if (is_probe(argc, argv)) {
    return probe(argv + 1);
  }
  const cli_command* command = find_command(argc - 1, argv + 1, &words);
  if (command != NULL) {
    return start_command(command, argc - 1 - words, argv + 1 + words, argv);
  }
  if (argc == 3 && is_group(argv[1]) && is_help(argv[2])) {
    return print_group(argv[1]);
  }
  return unknown_command(argc - 1, argv + 1);
}

int main(int argc, char** argv) {
  irl_errinfo info = {0};
  name_helper();
  (void)signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is then an error like a full disk
  const int code = dispatch(argc, argv);
  if (code == EXIT_DONE && cli_finish_output(&info) != IRL_OK) {
    cli_print_error(info.text);
    return EXIT_FAILED;
  }
  return code;
}
