// `mjirl expert`: demonstrations of a task's own reward.
#include "irl/expert.h"

#include <stdio.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "demos/demos.h"

typedef struct expert_args {
  cli_common common;
  const char* task;
  const char* out;
  int episodes;
} expert_args;

// save keeps how the data came about, so that anyone can make it again.
static irl_err save(const expert_args* a, const irl_task* task, const irl_batch* batch,
                    irl_errinfo* info) {
  char command[512];
  snprintf(command, sizeof command, "mjirl expert %.400s -n %d --seed %llu", a->task, a->episodes,
           (unsigned long long)a->common.seed);
  uint64_t* seed = IRL_NEW(uint64_t, batch->n);
  if (seed == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < batch->n; i++) {
    seed[i] = a->common.seed;
  }
  const irl_demos_meta meta = {
      .algorithm = "maximum-entropy LQR expert", .command = command, .seed = seed};
  const irl_err err = irl_demos_save(a->out, task, batch, &meta, info);
  irl_free(seed);
  return err;
}

// count_valid counts what the dataset got: diverged episodes are left out of it.
static int count_valid(const irl_batch* batch) {
  int n = 0;
  for (int i = 0; i < batch->n; i++) {
    n += batch->valid[i] != 0;
  }
  return n;
}

// run_expert checks the output first: the search takes seconds to minutes.
static irl_err run_expert(cli_context* cli, const void* args) {
  const expert_args* a = args;
  irl_task* task = NULL;
  irl_expert_result result = {0};
  IRL_TRY(irl_demos_check_output(a->out, &cli->info));
  IRL_TRY(irl_task_load(&task, a->task, NULL, 0, &cli->info));
  irl_expert_options options = irl_expert_defaults(task);
  options.seed = a->common.seed;
  options.threads = a->common.threads;
  options.episodes = a->episodes;
  irl_err err = irl_expert(&options, &cli->host, &result, &cli->info);
  if (err == IRL_OK) {
    err = save(a, task, &result.demos, &cli->info);
  }
  if (err == IRL_OK) {
    irl_jout_key_int(&cli->result, "episodes", count_valid(&result.demos));
    irl_jout_key_number(&cli->result, "return_mean", result.return_mean);
    irl_jout_key_number(&cli->result, "return_std", result.return_std);
    irl_jout_key_int(&cli->result, "env_steps", result.env_steps);
    irl_jout_key_number(&cli->result, "wall_seconds", result.wall_seconds);
  }
  irl_expert_result_fini(&result);
  irl_task_destroy(task);
  return err;
}

static const cli_option options[] = {
    CLI_ARGUMENT(expert_args, task, "TASK", CLI_TASK_HELP),
    CLI_NEEDED(expert_args, out, "out", "DIR", "folder of the new dataset"),
    {.kind = CLI_INT,
     .letter = 'n',
     .metavar = "N",
     .help = "demonstrations in all, dealt in turn over the task's conditions (20)",
     .offset = offsetof(expert_args, episodes),
     .lo = 1,
     .hi = 100000},
    CLI_SEED(expert_args),
    CLI_THREADS(expert_args),
    CLI_JSON(expert_args),
    CLI_END,
};

const cli_command cli_expert = {
    .name = "expert",
    .summary = "make demonstrations by optimising a task's own reward",
    .detail =
        "Demonstrations are drawn from p(trajectory) ~ exp(return/temperature), with the\n"
        "task's temperature, and keep the log-density of every action. return_mean and\n"
        "return_std are those of mean actions.",
    .options = options,
    .defaults = &(const expert_args){.episodes = 20},
    .size = sizeof(expert_args),
    .blas = true,
    .stops = true,
    .run = run_expert,
};
