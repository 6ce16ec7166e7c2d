// `mjirl verify`: the theory behind the training, checked by numbers.
#include "irl/verify.h"

#include "cli/cli.h"

typedef struct verify_args {
  cli_common common;
  const char* run;
} verify_args;

// Below this mean D(1−D) the discriminator is saturated (docs/theory.md).
static const double ill_conditioned = 1e-12;

// write_facts writes the three facts of 1611.03852, section 3.2.
static void write_facts(irl_jout* out, const irl_verify_result* result) {
  irl_jout_key(out, "facts");
  irl_jout_open(out, '[');
  for (int i = 0; i < 3; i++) {
    irl_jout_open(out, '{');
    irl_jout_key_string(out, "name", result->facts[i].name);
    irl_jout_key_number(out, "relative_error", result->facts[i].relative_error);
    irl_jout_key_number(out, "conditioning", result->facts[i].conditioning);
    irl_jout_close(out);
  }
  irl_jout_close(out);
}

// write_lqg leaves the convergence rate to people: it is no part of the JSON object.
static void write_lqg(irl_jout* out, const irl_verify_lqg* lqg, bool json) {
  irl_jout_key(out, "lqg");
  irl_jout_open(out, '{');
  irl_jout_key_number(out, "log_z_exact", lqg->log_z_exact);
  irl_jout_key_number(out, "log_z_q", lqg->log_z_q);
  irl_jout_key_number(out, "log_z_mixture", lqg->log_z_mixture);
  irl_jout_key_number(out, "log_z_stderr", lqg->log_z_stderr);
  irl_jout_key_number(out, "kl_to_truth", lqg->kl_to_truth);
  irl_jout_key_number(out, "kl_bc", lqg->kl_bc);
  irl_jout_key_number(out, "kl_initial", lqg->kl_initial);
  if (!json) {
    irl_jout_key_number(out, "convergence", lqg->convergence);
    irl_jout_key_number(out, "controlled_error", lqg->controlled_error);
  }
  irl_jout_close(out);
}

// say_why names a fact that the batch is too extreme to judge, or else points to the numbers.
static irl_err say_why(const irl_verify_result* result, irl_errinfo* info) {
  for (int i = 0; i < 3; i++) {
    if (result->facts[i].conditioning < ill_conditioned) {
      return irl_fail(info, IRL_ENUM,
                      "verify: ill_conditioned: mean D(1-D) = %.3g is below %.0e, where %s cannot "
                      "be judged; check a run whose sampler fits its cost better",
                      result->facts[i].conditioning, ill_conditioned, result->facts[i].name);
    }
  }
  return irl_fail(info, IRL_ENUM, "verify: not every check passed; see the numbers above");
}

// run_verify prints the numbers in any case; its exit code says whether all are within their
// bounds.
static irl_err run_verify(cli_context* cli, const void* args) {
  const verify_args* a = args;
  irl_run* run = NULL;
  irl_verify_result result;
  if (a->run != NULL) {
    IRL_TRY(irl_run_open(&run, a->run, &cli->info));
  }
  irl_err err = irl_verify(run, a->common.seed, a->common.threads, &cli->host, &result, &cli->info);
  irl_run_close(run);
  if (err != IRL_OK) {
    return cli_say_stopped(cli, err, a->run != NULL ? a->run : "verify");
  }
  write_facts(&cli->result, &result);
  irl_jout_key_number(&cli->result, "theta_gradient_error", result.theta_gradient_error);
  write_lqg(&cli->result, &result.lqg, a->common.json);
  irl_jout_key_bool(&cli->result, "passed", result.passed);
  cli->complete = true;
  return result.passed ? IRL_OK : say_why(&result, &cli->info);
}

static const cli_option options[] = {
    {.kind = CLI_TEXT,
     .metavar = "RUN",
     .help = "check the cost, sampler and demonstrations of a run (batches made here)",
     .offset = offsetof(verify_args, run)},
    CLI_SEED(verify_args),
    CLI_THREADS(verify_args),
    CLI_JSON(verify_args),
    CLI_END,
};

const cli_command cli_verify = {
    .name = "verify",
    .summary = "check the theory's three facts and the closed-form case by numbers",
    .detail =
        "Exits with 1 when a check does not pass; the numbers are printed all the same.\n"
        "theta_gradient_error is taken through the cost network of RUN, on rows of its\n"
        "demonstrations and samples.\n"
        "convergence is the slope of log error over log N, -1/2 in theory.",
    .options = options,
    .defaults = &(const verify_args){.run = NULL},
    .size = sizeof(verify_args),
    .blas = true,
    .stops = true,
    .run = run_verify,
};
