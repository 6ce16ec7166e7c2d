// `mjirl env list` and `mjirl env check`.
#include "envs/env.h"

#include <string.h>

#include "cli/cli.h"

// write_sizes writes the members that `list` and `check` share.
static void write_sizes(irl_jout* out, const irl_task_info* task) {
  irl_jout_key_string(out, "name", task->name);
  irl_jout_key_int(out, "nq", task->nq);
  irl_jout_key_int(out, "nv", task->nv);
  irl_jout_key_int(out, "nu", task->nu);
  irl_jout_key_int(out, "observation", task->nx);
  irl_jout_key_int(out, "horizon", task->horizon);
}

//---------------------------------- env list ------------------------------------------------------

typedef struct list_args {
  cli_common common;
} list_args;

// write_task loads one bundled task: the list cannot go stale, and takes milliseconds.
static irl_err write_task(cli_context* cli, const char* name) {
  irl_task* task = NULL;
  IRL_TRY(irl_task_load(&task, name, NULL, 0, &cli->info));
  irl_jout_open(&cli->result, '{');
  write_sizes(&cli->result, irl_task_get(task));
  irl_jout_key_int(&cli->result, "frame_skip", irl_task_get(task)->frame_skip);
  irl_jout_close(&cli->result);
  irl_task_destroy(task);
  return IRL_OK;
}

static irl_err run_list(cli_context* cli, const void* args) {
  (void)args;
  const char* const* names = NULL;
  IRL_TRY(irl_task_list(&names, &cli->info));
  irl_jout_key(&cli->result, "tasks");
  irl_jout_open(&cli->result, '[');
  irl_err err = IRL_OK;
  for (int i = 0; err == IRL_OK && names[i] != NULL; i++) {
    err = write_task(cli, names[i]);
  }
  irl_jout_close(&cli->result);
  irl_task_list_free(names);
  return err;
}

static const cli_option list_options[] = {CLI_JSON(list_args), CLI_END};

const cli_command cli_env_list = {
    .name = "env list",
    .summary = "list the bundled tasks",
    .options = list_options,
    .defaults = &(const list_args){{0}},
    .size = sizeof(list_args),
    .run = run_list,
};

//---------------------------------- env check -----------------------------------------------------

enum { CHECK_STEPS = 10 };

typedef struct check_args {
  cli_common common;
  const char* task;
  cli_texts set;
} check_args;

// write_lines puts each line of the text into an array.
static void write_lines(irl_jout* out, const char* key, char* text) {
  irl_jout_key(out, key);
  irl_jout_open(out, '[');
  for (char* line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    irl_jout_string(out, line);
  }
  irl_jout_close(out);
}

// run_check needs one simulator: warnings are counted in it.
static irl_err run_check(cli_context* cli, const void* args) {
  const check_args* a = args;
  char warnings[4096] = "";
  irl_task* task = NULL;
  irl_env* env = NULL;
  IRL_TRY(irl_task_load(&task, a->task, a->set.item, a->set.count, &cli->info));
  irl_err err = irl_env_create(&env, task, 1, 1, &cli->info);
  if (err == IRL_OK) {
    err = irl_env_check(env, CHECK_STEPS, warnings, sizeof warnings, &cli->info);
  }
  if (err == IRL_OK) {
    write_sizes(&cli->result, irl_task_get(task));
    write_lines(&cli->result, "warnings", warnings);
  }
  irl_env_destroy(env);
  irl_task_destroy(task);
  return err;
}

static const cli_option check_options[] = {
    CLI_ARGUMENT(check_args, task, "TASK", CLI_TASK_HELP),
    CLI_SET(check_args),
    CLI_JSON(check_args),
    CLI_END,
};

const cli_command cli_env_check = {
    .name = "env check",
    .summary = "load a task, reset it and take 10 steps with zero action",
    .detail = "Physics warnings that MuJoCo counted are listed.",
    .options = check_options,
    .defaults = &(const check_args){.task = NULL},
    .size = sizeof(check_args),
    .run = run_check,
};
