// `mjirl eval`: judges a run's policy and cost.
#include "irl/eval.h"

#include "cli/cli.h"

typedef struct eval_args {
  cli_common common;
  const char* run;
  int episodes;
  bool reoptimize;
} eval_args;

// write_result writes figures without meaning (NAN) as null.
static void write_result(irl_jout* out, const irl_eval_result* result) {
  irl_jout_key_number(out, "return_mean", result->return_mean);
  irl_jout_key_number(out, "return_std", result->return_std);
  irl_jout_key_number(out, "expert_return", result->expert_return);
  irl_jout_key_number(out, "random_return", result->random_return);
  irl_jout_key_number(out, "normalized_return", result->normalized_return);
  irl_jout_key_number(out, "reoptimized_normalized_return", result->reoptimized_normalized_return);
  irl_jout_key_number(out, "spearman", result->spearman);
  irl_jout_key_number(out, "pearson", result->pearson);
  irl_jout_key_number(out, "epic", result->epic);
  irl_jout_key_number(out, "auc", result->auc);
  irl_jout_key_number(out, "ess", result->ess);
  irl_jout_key_number(out, "success_rate", result->success_rate);
}

// run_eval needs nothing but the run's folder: it keeps task, cost, policy and reference returns.
static irl_err run_eval(cli_context* cli, const void* args) {
  const eval_args* a = args;
  irl_run* run = NULL;
  irl_eval_result result;
  IRL_TRY(irl_run_open(&run, a->run, &cli->info));
  const irl_err err = irl_eval(run, a->episodes, a->reoptimize, a->common.seed, a->common.threads,
                               &cli->host, &result, &cli->info);
  if (err == IRL_OK) {
    write_result(&cli->result, &result);
  }
  irl_run_close(run);
  return err;
}

static const cli_option options[] = {
    CLI_ARGUMENT(eval_args, run, "RUN", "folder of a training run"),
    {.kind = CLI_INT,
     .name = "episodes",
     .metavar = "N",
     .help = "rollouts of the policy, dealt in turn over the task's conditions (20)",
     .offset = offsetof(eval_args, episodes),
     .lo = 1,
     .hi = 100000},
    {.kind = CLI_FLAG,
     .name = "reoptimize",
     .help = "also train a new policy from scratch on the learned cost",
     .offset = offsetof(eval_args, reoptimize)},
    CLI_SEED(eval_args),
    CLI_THREADS(eval_args),
    CLI_JSON(eval_args),
    CLI_END,
};

const cli_command cli_eval = {
    .name = "eval",
    .summary = "judge the policy and the cost of a run",
    .detail = "A figure that has no meaning for the task, or was not asked for, is null.",
    .options = options,
    .defaults = &(const eval_args){.episodes = 20},
    .size = sizeof(eval_args),
    .blas = true,
    .stops = true,
    .run = run_eval,
};
