// `mjirl eval`: judges a run's policy and cost.
#include "irl/eval.h"

#include <math.h>

#include "base/arena.h"
#include "cli/cli.h"

typedef struct eval_args {
  cli_common common;
  const char* run;
  int episodes;
  bool reoptimize;
  cli_texts set;
} eval_args;

// write_interval writes [lo, hi], or null where there is none.
static void write_interval(irl_jout* out, const char* key, irl_interval range) {
  if (!isfinite(range.lo) || !isfinite(range.hi)) {
    irl_jout_key_number(out, key, NAN);
    return;
  }
  irl_jout_key(out, key);
  irl_jout_open(out, '[');
  irl_jout_number(out, range.lo);
  irl_jout_number(out, range.hi);
  irl_jout_close(out);
}

static void write_transfer(irl_jout* out, const irl_eval_transfer* transfer) {
  irl_jout_key(out, "transfer");
  irl_jout_open(out, '{');
  irl_jout_key_number(out, "expert_return", transfer->expert_return);
  irl_jout_key_number(out, "random_return", transfer->random_return);
  irl_jout_key_number(out, "normalized_return", transfer->normalized_return);
  irl_jout_key_number(out, "policy_normalized_return", transfer->policy_normalized_return);
  irl_jout_close(out);
}

static void write_conditions(irl_jout* out, const irl_eval_condition* condition, int n) {
  irl_jout_key(out, "conditions");
  irl_jout_open(out, '[');
  for (int k = 0; k < n; k++) {
    irl_jout_open(out, '{');
    irl_jout_key_int(out, "condition", condition[k].condition);
    irl_jout_key_number(out, "return_mean", condition[k].return_mean);
    irl_jout_key_number(out, "success_rate", condition[k].success_rate);
    irl_jout_key_number(out, "objective", condition[k].objective);
    irl_jout_key_number(out, "reoptimized_return", condition[k].reoptimized_return);
    irl_jout_key_number(out, "reoptimized_gap", condition[k].reoptimized_gap);
    irl_jout_close(out);
  }
  irl_jout_close(out);
}

// write_result writes the run's figures, those without meaning (NAN) as null.
static void write_result(irl_jout* out, const irl_eval_result* result) {
#define WRITE(key) irl_jout_key_number(out, #key, result->key);
  IRL_EVAL_FIGURES(WRITE)
#undef WRITE
  irl_jout_key(out, "intervals");
  irl_jout_open(out, '{');
#define WRITE(key) write_interval(out, #key, result->interval.key);
  IRL_EVAL_FIGURES(WRITE)
#undef WRITE
  irl_jout_close(out);
}

// run_eval needs nothing but the run's folder: it keeps task, cost, policy and reference returns.
static irl_err run_eval(cli_context* cli, const void* args) {
  const eval_args* a = args;
  irl_run* run = NULL;
  irl_eval_result result;
  IRL_TRY(irl_run_open(&run, a->run, &cli->info));
  irl_eval_condition* condition = IRL_NEW(irl_eval_condition, run->nconditions);
  const irl_eval_options options = {
      .episodes = a->episodes,
      .reoptimize = a->reoptimize,
      .set = a->set.item,
      .nset = a->set.count,
      .seed = a->common.seed,
      .threads = a->common.threads,
      .condition = condition,
  };
  const irl_err err = condition == NULL
                          ? irl_fail(&cli->info, IRL_ENOMEM, "eval: out of memory; free some")
                          : irl_eval(run, &options, &cli->host, &result, &cli->info);
  if (err == IRL_OK) {
    write_result(&cli->result, &result);
    write_conditions(&cli->result, condition, run->nconditions);
    if (result.has_transfer) {
      write_transfer(&cli->result, &result.transfer);
    }
  }
  irl_free(condition);
  irl_run_close(run);
  return cli_say_stopped(cli, err, a->run);
}

static const cli_option options[] = {
    CLI_ARGUMENT(eval_args, run, "RUN", "folder of a training run"),
    CLI_WHOLE(eval_args, episodes, "episodes", "N", 1, 100000,
              "rollouts of the policy, dealt in turn over the task's conditions (20)"),
    CLI_SWITCH(eval_args, reoptimize, "reoptimize",
               "also train a new policy from scratch on the learned cost"),
    {.kind = CLI_SETTINGS,
     .name = "set",
     .metavar = "key=value",
     .help = "a change of the task: how cost and policy fare there; may be given many times",
     .offset = offsetof(eval_args, set)},
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
