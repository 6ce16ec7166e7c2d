// `mjirl demos import` and `mjirl demos export`.
#include "cli/cli.h"
#include "demos/edit.h"
#include "demos/transfer.h"

typedef struct transfer_args {
  cli_common common;
  const char* source;
  const char* task;
  const char* out;
  int format;
} transfer_args;

//---------------------------------- demos import --------------------------------------------------

static void write_lines(irl_jout* out, const char* key, char lines[][IRL_REPORT_TEXT], int n) {
  irl_jout_key(out, key);
  irl_jout_open(out, '[');
  for (int i = 0; i < n; i++) {
    irl_jout_string(out, lines[i]);
  }
  irl_jout_close(out);
}

static void write_report(irl_jout* out, irl_demos_report* report) {
  irl_jout_key_string(out, "format", irl_demos_format_names[report->format]);
  irl_jout_key_int(out, "episodes", report->episodes);
  irl_jout_key_int(out, "steps", report->steps);
  write_lines(out, "lost", report->lost, report->nlost);
  write_lines(out, "derived", report->derived, report->nderived);
  irl_jout_key_number(out, "state_error", report->state_error);
}

static irl_err run_import(cli_context* cli, const void* args) {
  const transfer_args* a = args;
  irl_task* task = NULL;
  irl_demos* demos = NULL;
  irl_demos_report report;
  IRL_TRY(irl_demos_check_output(a->out, &cli->info));
  IRL_TRY(irl_task_load(&task, a->task, NULL, 0, &cli->info));
  irl_err err = irl_demos_import(&demos, &report, a->source, (irl_demos_format)a->format, task,
                                 NULL, &cli->info);
  if (err == IRL_OK) {
    err = irl_demos_store(a->out, false, demos, task, NULL, &cli->info);
  }
  if (err == IRL_OK) {
    write_report(&cli->result, &report);
  }
  irl_demos_destroy(demos);
  irl_task_destroy(task);
  return err;
}

static const cli_option import_options[] = {
    CLI_ARGUMENT(transfer_args, source, "SRC", "file or folder of another program"),
    CLI_NEEDED(transfer_args, task, "task", "TASK", CLI_TASK_HELP),
    CLI_NEEDED(transfer_args, out, "out", "DIR", "folder of the new dataset"),
    CLI_ONE_OF(transfer_args, format, "format", "F", irl_demos_format_names,
               "minari, robomimic, robosuite, d4rl or npz (found out from the file)"),
    CLI_JSON(transfer_args),
    CLI_END,
};

const cli_command cli_demos_import = {
    .name = "demos import",
    .summary = "make a dataset of demonstrations that another program wrote",
    .detail =
        "States or observations alone are taken as far as they go. What the task can\n"
        "compute of states and actions it computes (`derived`), what is missing then is named\n"
        "(`lost`). `state_error` is the largest difference between a recorded position or\n"
        "velocity and the one simulated from the step before.",
    .options = import_options,
    .defaults = &(const transfer_args){.format = IRL_FORMAT_DETECT},
    .size = sizeof(transfer_args),
    .run = run_import,
};

//---------------------------------- demos export --------------------------------------------------

static irl_err export_to(cli_context* cli, const transfer_args* a, const irl_demos* demos) {
  irl_task* task = NULL;
  int64_t bytes = 0;
  IRL_TRY(a->task != NULL ? irl_task_load(&task, a->task, NULL, 0, &cli->info)
                          : irl_demos_own_task(&task, demos, &cli->info));
  const irl_err err =
      irl_demos_export(a->out, (irl_demos_export_format)a->format, demos, task, &bytes, &cli->info);
  irl_task_destroy(task);
  irl_jout_key_string(&cli->result, "format", irl_demos_export_names[a->format]);
  irl_jout_key_int(&cli->result, "episodes", demos->batch.n);
  irl_jout_key_int(&cli->result, "bytes", bytes);
  return err;
}

static irl_err run_export(cli_context* cli, const void* args) {
  const transfer_args* a = args;
  irl_demos* demos = NULL;
  IRL_TRY(cli_check_file(a->out, &cli->info));
  IRL_TRY(irl_demos_load(&demos, a->source, &cli->info));
  const irl_err err = export_to(cli, a, demos);
  irl_demos_destroy(demos);
  return err;
}

static const cli_option export_options[] = {
    CLI_ARGUMENT(transfer_args, source, "DIR", "dataset of demonstrations"),
    {.kind = CLI_CHOICE,
     .name = "format",
     .metavar = "F",
     .help = "npz (imitation), csv, d4rl or robomimic",
     .offset = offsetof(transfer_args, format),
     .required = true,
     .choices = irl_demos_export_names},
    CLI_NEEDED(transfer_args, out, "out", "FILE", "file to write, which must not be there"),
    CLI_OPTIONAL(transfer_args, task, "task", "TASK", "its task (the one that the dataset keeps)"),
    CLI_JSON(transfer_args),
    CLI_END,
};

const cli_command cli_demos_export = {
    .name = "demos export",
    .summary = "write a dataset as a file of another program",
    .detail =
        "Minari and robomimic read a dataset as it is, without this. docs/demos.md has a table\n"
        "of what each format can hold.",
    .options = export_options,
    .defaults = &(const transfer_args){.format = IRL_EXPORT_NPZ},
    .size = sizeof(transfer_args),
    .run = run_export,
};
