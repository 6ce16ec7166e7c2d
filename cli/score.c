// `mjirl score`: energy, log-density and importance weight of demonstrations under a run.
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/file.h"
#include "cli/cli.h"
#include "irl/compare.h"
#include "irl/eval.h"

typedef struct score_args {
  cli_common common;
  const char* run;
  const char* demos;
  const char* out;
  const char* against;
} score_args;

// write_rows gives each trajectory an object; the condition is only in the CSV.
static void write_rows(irl_jout* out, const irl_score_row* rows, int n) {
  irl_jout_key(out, "trajectories");
  irl_jout_open(out, '[');
  for (int i = 0; i < n; i++) {
    irl_jout_open(out, '{');
    irl_jout_key_int(out, "episode", rows[i].episode);
    irl_jout_key_number(out, "cost", rows[i].cost);
    irl_jout_key_number(out, "log_p", rows[i].log_p);
    irl_jout_key_number(out, "log_q", rows[i].log_q);
    irl_jout_key_number(out, "weight", rows[i].weight);
    irl_jout_close(out);
  }
  irl_jout_close(out);
}

// write_csv writes the numbers so that they read back to the same bits.
static irl_err write_csv(const char* path, const irl_score_row* rows, int n, irl_errinfo* info) {
  char* text = NULL;
  size_t size = 0;
  FILE* file = open_memstream(&text, &size);
  if (file == NULL) {
    return IRL_ENOMEM;
  }
  fputs("episode,condition,cost,log_p,log_q,weight\n", file);
  for (int i = 0; i < n; i++) {
    fprintf(file, "%d,%d,%.17g,%.17g,%.17g,%.17g\n", rows[i].episode, rows[i].condition,
            rows[i].cost, rows[i].log_p, rows[i].log_q, rows[i].weight);
  }
  const bool complete = fclose(file) == 0;
  const irl_err err = complete ? irl_file_write(path, text, size, info) : IRL_ENOMEM;
  free(text);
  return err;
}

// mean_log_z is one number for the whole run; each condition has its own Z.
static double mean_log_z(const irl_run* run) {
  double sum = 0;
  for (int i = 0; i < run->nconditions; i++) {
    sum += run->log_z[i];
  }
  return sum / run->nconditions;
}

// compare weighs the same trajectories by a second run's model.
static irl_err compare(cli_context* cli, const irl_run* run, const char* folder,
                       const irl_demos* demos) {
  irl_run* other = NULL;
  irl_comparison c;
  IRL_TRY(irl_run_open(&other, folder, &cli->info));
  irl_err err = irl_compare(run, other, demos, &c, &cli->info);
  irl_run_close(other);
  if (err == IRL_OK) {
    irl_jout_key(&cli->result, "against");
    irl_jout_open(&cli->result, '{');
    irl_jout_key_number(&cli->result, "kl", c.kl);
    irl_jout_key_number(&cli->result, "kl_reverse", c.kl_reverse);
    irl_jout_key_number(&cli->result, "ess", c.ess);
    irl_jout_key_number(&cli->result, "ess_against", c.ess_against);
    irl_jout_close(&cli->result);
  }
  return err;
}

// run_score checks the output, then reads the run and the dataset.
static irl_err run_score(cli_context* cli, const void* args) {
  const score_args* a = args;
  irl_run* run = NULL;
  irl_demos* demos = NULL;
  irl_score_row* rows = NULL;
  int n = 0;
  if (a->out != NULL) {
    IRL_TRY(cli_check_file(a->out, &cli->info));
  }
  irl_err err = irl_run_open(&run, a->run, &cli->info);
  if (err == IRL_OK) {
    err = irl_demos_load_lean(&demos, a->demos, &cli->info);
  }
  if (err == IRL_OK) {
    err = irl_demos_prepare(demos, run->task, &cli->info);
  }
  if (err == IRL_OK) {
    err = irl_score(run, demos, &rows, &n, &cli->info);
  }
  if (err == IRL_OK && a->out != NULL) {
    err = write_csv(a->out, rows, n, &cli->info);
  }
  if (err == IRL_OK) {
    irl_jout_key_number(&cli->result, "log_z", mean_log_z(run));
    write_rows(&cli->result, rows, n);
  }
  if (err == IRL_OK && a->against != NULL) {
    err = compare(cli, run, a->against, demos);
  }
  irl_free(rows);
  irl_demos_destroy(demos);
  irl_run_close(run);
  return err;
}

static const cli_option options[] = {
    CLI_ARGUMENT(score_args, run, "RUN", "folder of a training run"),
    CLI_NEEDED(score_args, demos, "demos", "DIR", "dataset of trajectories to score"),
    CLI_OPTIONAL(score_args, against, "against", "RUN2",
                 "also the divergence of the weights from those of another run's model"),
    CLI_OPTIONAL(score_args, out, "out", "F.csv",
                 "also write episode,condition,cost,log_p,log_q,weight to a file"),
    CLI_JSON(score_args),
    CLI_END,
};

const cli_command cli_score = {
    .name = "score",
    .summary = "energy, log-density and importance weight of trajectories under a run",
    .detail =
        "log_z is the mean over the task's conditions; log_p = -cost - log Z holds with the\n"
        "log Z of the trajectory's own condition. Weights add up to 1 in each condition.\n"
        "--against weighs the trajectories by both models over one background, an even mixture of\n"
        "the two runs' samplers, and prints KL(weights || weights of RUN2), the same the other "
        "way\n"
        "round, and the effective numbers of trajectories, means over the conditions.",
    .options = options,
    .defaults = &(const score_args){.run = NULL},
    .size = sizeof(score_args),
    .blas = true,
    .run = run_score,
};
