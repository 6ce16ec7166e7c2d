// `mjirl plot`: learning curves of runs.
#include "viewer/plot.h"

#include <string.h>

#include "cli/cli.h"

typedef struct plot_args {
  cli_common common;
  cli_texts runs;
  const char* out;
  cli_pixels size;
  bool light;
} plot_args;

// run_plot reads all runs before the picture is begun.
static irl_err run_plot(cli_context* cli, const void* args) {
  const plot_args* a = args;
  irl_plot_run runs[IRL_PLOT_RUNS_MAX] = {{.n = 0}};
  int n = 0, points = 0;
  if (a->runs.count > IRL_PLOT_RUNS_MAX) {
    cli->usage = true;
    return irl_fail(&cli->info, IRL_ERANGE, "plot: %d runs are too many; give at most %d",
                    a->runs.count, IRL_PLOT_RUNS_MAX);
  }
  irl_err err = cli_check_file(a->out, &cli->info);
  for (; n < a->runs.count && err == IRL_OK; n++) {
    err = irl_plot_read(&runs[n], a->runs.item[n], &cli->info);
    points += runs[n].n;
  }
  if (err == IRL_OK) {
    err = irl_plot_write(runs, n, a->out, a->size.width, a->size.height, a->light, &cli->info);
  }
  for (int i = 0; i < n; i++) {
    irl_plot_run_fini(&runs[i]);
  }
  irl_jout_key_int(&cli->result, "runs", n);
  irl_jout_key_int(&cli->result, "points", points);
  return err;
}

static const cli_option options[] = {
    {.kind = CLI_TEXTS,
     .metavar = "RUN",
     .help = "training runs, a colour each",
     .offset = offsetof(plot_args, runs),
     .required = true},
    CLI_NEEDED(plot_args, out, "out", "F.png|F.svg", "picture to write"),
    {.kind = CLI_PIXELS,
     .name = "size",
     .metavar = "WxH",
     .help = "size in pixels (1280x800)",
     .offset = offsetof(plot_args, size)},
    CLI_SWITCH(plot_args, light, "light", "on white, for print"),
    CLI_JSON(plot_args),
    CLI_END,
};

const cli_command cli_plot = {
    .name = "plot",
    .summary = "draw learning curves of runs",
    .detail = "Normalised return, cost, log Z and effective sample size over environment steps.",
    .options = options,
    .defaults = &(const plot_args){.size = {1280, 800}},
    .size = sizeof(plot_args),
    .run = run_plot,
};
