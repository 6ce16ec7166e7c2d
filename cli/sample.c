// `mjirl sample`: trajectories of the learned model itself.
#include "irl/sample.h"

#include "cli/cli.h"
#include "demos/demos.h"

typedef struct sample_args {
  cli_common common;
  const char* run;
  const char* out;
  int episodes;
  int method;  // irl_sample_method, or −1: not given, and nothing more than ever is printed
} sample_args;

// run_sample checks the output, then draws and saves a dataset.
static irl_err run_sample(cli_context* cli, const void* args) {
  const sample_args* a = args;
  irl_run* run = NULL;
  const irl_sample_method method = a->method < 0 ? IRL_SAMPLE_BOTH : (irl_sample_method)a->method;
  irl_sample_result result = {0};
  const irl_demos_meta meta = {.algorithm = "importance resampling and Metropolis moves"};
  IRL_TRY(irl_demos_check_output(a->out, &cli->info));
  IRL_TRY(irl_run_open(&run, a->run, &cli->info));
  irl_err err =
      irl_sample(run, a->episodes, method, a->common.seed, a->common.threads, &result, &cli->info);
  if (err == IRL_OK) {
    err = irl_demos_save(a->out, run->task, &result.batch, &meta, &cli->info);
  }
  if (err == IRL_OK) {
    irl_jout_key_int(&cli->result, "episodes", result.batch.n);
    irl_jout_key_number(&cli->result, "ess", result.ess);
    if (!a->common.json) {
      irl_jout_key_int(&cli->result, "pool", result.pool);
    }
    if (!a->common.json || a->method >= 0) {
      irl_jout_key_number(&cli->result, "acceptance", result.acceptance);
    }
  }
  irl_sample_result_fini(&result);
  irl_run_close(run);
  return err;
}

static const cli_option options[] = {
    CLI_ARGUMENT(sample_args, run, "RUN", "folder of a training run"),
    CLI_NEEDED(sample_args, out, "out", "DIR", "folder of the new dataset"),
    {.kind = CLI_INT,
     .letter = 'n',
     .metavar = "N",
     .help = "trajectories in all, dealt in turn over the run's conditions (20)",
     .offset = offsetof(sample_args, episodes),
     .lo = 1,
     .hi = 100000},
    CLI_ONE_OF(sample_args, method, "method", "M", irl_sample_method_names,
               "sir, chain or both (both); with it --json has the acceptance rate"),
    CLI_SEED(sample_args),
    CLI_THREADS(sample_args),
    CLI_JSON(sample_args),
    CLI_END,
};

const cli_command cli_sample = {
    .name = "sample",
    .summary = "trajectories of the learned model itself, by resampling the sampler's",
    .detail =
        "The sampler's trajectories (at least 64 a condition) are resampled with the weights\n"
        "e^(-cost)/q (--method sir), or proposed in turn to an independence Metropolis chain\n"
        "(chain), or resampled and then moved by such chains (both). ess says how many of them\n"
        "count, of a chain by its autocorrelation; where it is near 1, the same few trajectories\n"
        "come again and again.",
    .options = options,
    .defaults = &(const sample_args){.episodes = 20, .method = -1},
    .size = sizeof(sample_args),
    .blas = true,
    .run = run_sample,
};
