// `mjirl export`: a run's cost and policies for other programs.
#include "irl/export.h"

#include "cli/cli.h"

typedef struct export_args {
  cli_common common;
  const char* run;
  const char* out;
  int format;
  int part;  // irl_export_part, or −1: all that one file of the format can hold
} export_args;

static irl_export_part part_of(const export_args* a) {
  if (a->part >= 0) {
    return (irl_export_part)a->part;
  }
  return a->format == IRL_EXPORT_ONNX ? IRL_EXPORT_COST : IRL_EXPORT_ALL;
}

// run_export checks the output before it reads the run.
static irl_err run_export(cli_context* cli, const void* args) {
  const export_args* a = args;
  irl_run* run = NULL;
  irl_export_report report = {0};
  IRL_TRY(cli_check_file(a->out, &cli->info));
  IRL_TRY(irl_run_open(&run, a->run, &cli->info));
  const irl_err err =
      irl_export(run, a->out, (irl_export_format)a->format, part_of(a), &report, &cli->info);
  irl_run_close(run);
  cli->usage = err == IRL_EUNSUPPORTED && a->format == IRL_EXPORT_ONNX && a->part == IRL_EXPORT_ALL;
  if (err == IRL_OK) {
    irl_jout_key_int(&cli->result, "tensors", report.tensors);
    irl_jout_key_int(&cli->result, "bytes", report.bytes);
  }
  return err;
}

static const cli_option options[] = {
    CLI_ARGUMENT(export_args, run, "RUN", "folder of a training run"),
    {.kind = CLI_CHOICE,
     .name = "format",
     .metavar = "F",
     .help = "safetensors or onnx",
     .offset = offsetof(export_args, format),
     .required = true,
     .choices = irl_export_formats},
    CLI_NEEDED(export_args, out, "out", "FILE", "file to write, which must not be there"),
    CLI_ONE_OF(export_args, part, "part", "P", irl_export_parts,
               "cost, policy or all (safetensors: all, onnx: cost)"),
    CLI_JSON(export_args),
    CLI_END,
};

const cli_command cli_export = {
    .name = "export",
    .summary = "write the learned cost and policies for other programs",
    .detail =
        "An ONNX model of the cost has the inputs x (N, nx) and u (N, nu), observations and "
        "actions\n"
        "as the task has them, and the output cost (N), a number a control step. One of the\n"
        "policies has the inputs x, t (N) and condition (N), and the outputs action (N, nu), the\n"
        "mean, and sigma (N, nu, nu). Numbers are 32-bit floats. docs/export.md has the names and\n"
        "shapes of both formats and examples in Python.",
    .options = options,
    .defaults = &(const export_args){.part = -1},
    .size = sizeof(export_args),
    .run = run_export,
};
