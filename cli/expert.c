// `mjirl expert`: demonstrations of a task's own reward.
#include "irl/expert.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/retell.h"
#include "demos/demos.h"

enum { PATH_BYTES = 4096 };

typedef struct expert_args {
  cli_common common;
  const char* task;
  const char* out;
  const char* policy;
  const char* state;
  cli_texts set;
  int episodes;
  int method;      // index in irl_expert_methods, -1: the task's own
  int iterations;  // -1: the plan's own
  bool resume;
  int dynamics;  // irl_dynamics_kind
  int initial;   // irl_initial
  const char* warm;
  const char* diagnostics;
} expert_args;

static const char* const dynamics[] = {"fitted", "mixture", "simulator", "combined", NULL};
static const char* const initials[] = {"zero", "pd", "lqr", "warm", NULL};
static const char* const methods[] = {"trajectory", "natural_gradient", "random_search", NULL};

//---------------------------------- Saving --------------------------------------------------------

// write_command writes the options that decide the data; threads and what is told of the search do
// not.
static void write_command(FILE* out, const expert_args* a) {
  fputs("mjirl expert", out);
  cli_retell_task(out, a->task);
  fprintf(out, " -n %d --seed %" PRIu64, a->episodes, a->common.seed);
  if (a->method >= 0) {
    fprintf(out, " --method %s", methods[a->method]);
  }
  if (a->iterations >= 0) {
    fprintf(out, " --iterations %d", a->iterations);
  }
  if (a->dynamics != 0) {
    fprintf(out, " --dynamics %s", dynamics[a->dynamics]);
  }
  if (a->initial != 0) {
    fprintf(out, " --initial %s", initials[a->initial]);
  }
  if (a->warm != NULL) {
    fputs(" --demos", out);
    cli_retell_file(out, a->warm);
  }
  if (a->policy != NULL) {
    fputs(" --policy", out);
    cli_retell_file(out, a->policy);
  }
  for (int i = 0; i < a->set.count; i++) {
    fputs(" --set", out);
    cli_retell_setting(out, a->set.item[i]);
  }
}

// command_text is heap memory of the C library (free), NULL without any.
static char* command_text(const expert_args* a) {
  char* text = NULL;
  size_t size = 0;
  FILE* out = open_memstream(&text, &size);
  if (out == NULL) {
    return NULL;
  }
  write_command(out, a);
  if (fclose(out) != 0) {
    free(text);
    return NULL;
  }
  return text;
}

// save keeps how the data came about, so that anyone can make it again.
static irl_err save(const expert_args* a, const irl_task* task, irl_expert_method method,
                    const irl_expert_result* result, irl_errinfo* info) {
  static const char* const algorithm[] = {"maximum-entropy LQR expert",
                                          "natural policy gradient expert",
                                          "augmented random search expert"};
  const irl_batch* batch = &result->demos;
  char path[PATH_BYTES];
  if (!irl_path_join(path, sizeof path, a->out, "policy.safetensors")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", a->out);
  }
  char* command = command_text(a);
  uint64_t* seed = IRL_NEW(uint64_t, batch->n);
  irl_err err = command == NULL || seed == NULL ? IRL_ENOMEM : IRL_OK;
  for (int i = 0; i < batch->n && err == IRL_OK; i++) {
    seed[i] = a->common.seed;
  }
  const irl_demos_meta meta = {.algorithm = algorithm[method], .command = command, .seed = seed};
  if (err == IRL_OK) {
    err = irl_demos_save(a->out, task, batch, &meta, info);
  }
  irl_free(seed);
  free(command);
  return err == IRL_OK ? irl_expert_save(result, task, path, info) : err;
}

// count_valid counts what the dataset got: diverged episodes are left out of it.
static int count_valid(const irl_batch* batch) {
  int n = 0;
  for (int i = 0; i < batch->n; i++) {
    n += batch->valid[i] != 0;
  }
  return n;
}

// make_plan lays the command line over the task's own plan.
static irl_expert_plan make_plan(const expert_args* a, const irl_task* task) {
  irl_expert_plan plan = *irl_task_expert(task);
  if (a->method >= 0 && (irl_expert_method)a->method != plan.method) {
    const double best_return = plan.best_return, stop_return = plan.stop_return;
    plan = irl_expert_plan_defaults((irl_expert_method)a->method);
    plan.best_return = best_return;
    plan.stop_return = stop_return;
  }
  if (a->iterations >= 0) {
    plan.iterations = a->iterations;
    plan.then = NULL;
  }
  return plan;
}

// state_path names the file that a search is saved in: --state, or one beside --out, whose folder
// is made.
static irl_err state_path(const expert_args* a, char* path, irl_errinfo* info) {
  char folder[PATH_BYTES];
  size_t end = strlen(a->out);
  while (end > 1 && a->out[end - 1] == '/') {
    end--;
  }
  const int n = a->state != NULL ? snprintf(path, PATH_BYTES, "%s", a->state)
                                 : snprintf(path, PATH_BYTES, "%.*s.search", (int)end, a->out);
  if (n >= PATH_BYTES) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", a->out);
  }
  snprintf(folder, sizeof folder, "%s", path);
  char* slash = strrchr(folder, '/');
  if (slash == NULL || slash == folder) {
    return IRL_OK;
  }
  *slash = 0;
  return irl_dir_create(folder, info);
}

// keeps_state is false for mixtures: each model goes on from the one before.
static bool keeps_state(const expert_args* a, const irl_expert_plan* plan) {
  return plan->method != IRL_EXPERT_TRAJECTORY || a->dynamics != IRL_DYNAMICS_MIXTURE;
}

// check_plan refuses what a method cannot do.
static irl_err check_plan(cli_context* cli, const expert_args* a, const irl_expert_plan* plan) {
  irl_errinfo* info = &cli->info;
  if (!keeps_state(a, plan) && (a->resume || a->state != NULL)) {
    cli->usage = true;
    return irl_fail(info, IRL_ERANGE,
                    "--%s: a search with --dynamics mixture keeps no state; leave it out",
                    a->resume ? "resume" : "state");
  }
  if (plan->method == IRL_EXPERT_TRAJECTORY && a->policy != NULL && a->initial != 0) {
    return irl_fail(info, IRL_ERANGE,
                    "--policy: the search begins there; leave out --initial and --demos");
  }
  if (plan->method != IRL_EXPERT_TRAJECTORY &&
      (a->dynamics != 0 || a->initial != 0 || a->diagnostics != NULL)) {
    return irl_fail(info, IRL_ERANGE,
                    "--%s: only the method 'trajectory' has it; leave it out or give --method "
                    "trajectory",
                    a->dynamics != 0  ? "dynamics"
                    : a->initial != 0 ? "initial"
                                      : "diagnostics");
  }
  if ((a->initial == IRL_INITIAL_WARM) != (a->warm != NULL)) {
    return irl_fail(info, IRL_ERANGE, "--%s: goes with --%s; give both or none",
                    a->warm != NULL ? "demos" : "initial warm",
                    a->warm != NULL ? "initial warm" : "demos");
  }
  return IRL_OK;
}

// write_number writes a member; null where there is no number.
static void write_number(FILE* out, const char* key, double value) {
  if (isfinite(value)) {
    fprintf(out, ", \"%s\": %.9g", key, value);
  } else {
    fprintf(out, ", \"%s\": null", key);
  }
}

// write_row appends a proposal to the diagnostics, one line of JSON.
static void write_row(void* user, const irl_search_row* r) {
  FILE* out = user;
  fprintf(out, "{\"stage\": %d, \"iteration\": %d, \"condition\": %d, \"start\": %d", r->stage,
          r->iteration, r->condition, r->start);
  fprintf(out, r->from < 0 ? ", \"from\": null" : ", \"from\": %d", r->from);
  fprintf(out, ", \"accepted\": %s, \"calmed\": %s, \"indefinite\": %d, \"env_steps\": %lld",
          r->accepted ? "true" : "false", r->calmed ? "true" : "false", r->indefinite,
          (long long)r->env_steps);
  write_number(out, "kl", r->kl);
  write_number(out, "eta", r->eta);
  write_number(out, "step", r->step);
  write_number(out, "predicted", r->predicted);
  write_number(out, "actual", r->actual);
  write_number(out, "error", r->error);
  write_number(out, "entropy", r->entropy);
  write_number(out, "cost", r->cost);
  write_number(out, "objective", r->objective);
  fputs("}\n", out);
}

// warm_policies fits a policy to each condition's demonstrations, as training does.
static irl_err warm_policies(const char* dir, const irl_task* task, irl_policy** out,
                             irl_errinfo* info) {
  const int nc = irl_task_get(task)->nconditions;
  const irl_policy_fit_options fit = irl_policy_fit_defaults();
  irl_demos* demos = NULL;
  IRL_TRY(irl_demos_load(&demos, dir, info));
  irl_policy* policy = IRL_NEW(irl_policy, nc);
  int* index = IRL_NEW(int, demos->batch.n);
  irl_err err = policy == NULL || index == NULL ? IRL_ENOMEM : irl_demos_prepare(demos, task, info);
  *out = policy;
  for (int c = 0; c < nc && err == IRL_OK; c++) {
    int n = 0;
    for (int i = 0; i < demos->batch.n; i++) {
      if (demos->batch.condition[i] == c && demos->batch.valid[i]) {
        index[n++] = i;
      }
    }
    err = irl_policy_fit(&policy[c], &demos->batch, index, n, &fit, info);
  }
  irl_free(index);
  irl_demos_destroy(demos);
  return err;
}

// search runs the expert with the file of its state, which goes when it is of no more use.
static irl_err search(cli_context* cli, const expert_args* a, irl_expert_options* options,
                      irl_expert_result* result) {
  char path[PATH_BYTES];
  const bool kept = keeps_state(a, &options->plan);
  if (kept) {
    IRL_TRY(state_path(a, path, &cli->info));
    options->state = path;
    options->resume = a->resume;
  }
  irl_err err = irl_expert(options, &cli->host, result, &cli->info);
  if (err == IRL_ECANCELED && kept) {
    return irl_fail(&cli->info, err, "%s: stopped; the search is saved in %s, --resume goes on",
                    a->task, path);
  }
  err = cli_say_stopped(cli, err, a->task);
  if (err == IRL_OK) {
    err = save(a, options->task, options->plan.method, result, &cli->info);
  }
  if (err == IRL_OK && kept && a->state == NULL) {
    remove(path);
  }
  return err;
}

static void write_result(irl_jout* out, const irl_expert_options* o, const irl_expert_result* r) {
  irl_jout_key_int(out, "episodes", count_valid(&r->demos));
  irl_jout_key_number(out, "return_mean", r->return_mean);
  irl_jout_key_number(out, "return_std", r->return_std);
  irl_jout_key_int(out, "env_steps", r->env_steps);
  irl_jout_key_number(out, "wall_seconds", r->wall_seconds);
  irl_jout_key_number(out, "cpu_seconds", r->cpu_seconds);
  irl_jout_key_string(out, "method", irl_expert_methods[o->plan.method]);
  irl_jout_key_int(out, "judged_episodes", r->judged);
  irl_jout_key_numbers(out, "condition_returns", r->condition_return, r->nconditions);
  irl_jout_key_numbers(out, "condition_randoms", r->condition_random, r->nconditions);
  irl_jout_key_number(out, "sampled_mean", r->sampled_mean);
  irl_jout_key_number(out, "random_return", r->random_return);
  irl_jout_key_number(out, "best_return", o->plan.best_return);
}

// search_trajectories adds what the trajectory method alone has: first policies from
// demonstrations, and diagnostics.
static irl_err search_trajectories(cli_context* cli, const expert_args* a,
                                   irl_expert_options* options, irl_expert_result* result) {
  irl_policy* warm = NULL;
  FILE* out = NULL;
  irl_err err = IRL_OK;
  if (a->warm != NULL) {
    err = warm_policies(a->warm, options->task, &warm, &cli->info);
  }
  if (err == IRL_OK && a->diagnostics != NULL) {
    out = fopen(a->diagnostics, a->resume ? "a" : "w");
    err = out != NULL ? IRL_OK
                      : irl_fail(&cli->info, IRL_EIO, "%s: cannot be written; give another path",
                                 a->diagnostics);
  }
  if (out != NULL) {
    (void)setvbuf(out, NULL, _IOLBF, BUFSIZ);  // one that is killed ends with a whole line
  }
  options->dynamics = (irl_dynamics_kind)a->dynamics;
  options->initial = a->policy != NULL ? IRL_INITIAL_WARM : (irl_initial)a->initial;
  options->warm = warm != NULL ? warm : options->warm;
  options->report = out != NULL ? write_row : NULL;
  options->user = out;
  if (err == IRL_OK) {
    err = search(cli, a, options, result);
  }
  if (out != NULL && fclose(out) != 0 && err == IRL_OK) {
    err = irl_fail(&cli->info, IRL_EIO, "%s: cannot be written; free some space", a->diagnostics);
  }
  irl_expert_policies_free(warm, irl_task_get(options->task)->nconditions);
  return err;
}

// use_policies has a search begin with the policies of a file: one for all conditions, or for the
// trajectory method one of each.
static irl_err use_policies(irl_expert_options* options, const irl_policy* policy, int n,
                            irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(options->task);
  const bool each = options->plan.method == IRL_EXPERT_TRAJECTORY;
  options->start = each ? NULL : &policy[0];
  options->warm = each ? policy : NULL;
  if (each && (n != t->nconditions || policy[0].steps != t->horizon)) {
    return irl_fail(info, IRL_EDIM,
                    "--policy: it has %d controllers of %d steps, the method 'trajectory' needs %d "
                    "of %d; give a file that it wrote",
                    n, policy[0].steps, t->nconditions, t->horizon);
  }
  return IRL_OK;
}

static irl_err with_task(cli_context* cli, const expert_args* a, const irl_task* task) {
  irl_expert_options options = irl_expert_defaults(task);
  irl_expert_result result = {0};
  irl_policy* start = NULL;
  int nstart = 0;
  irl_err err = IRL_OK;
  options.seed = a->common.seed;
  options.threads = a->common.threads;
  options.episodes = a->episodes;
  options.plan = make_plan(a, task);
  IRL_TRY(check_plan(cli, a, &options.plan));
  if (a->policy != NULL) {
    IRL_TRY(irl_expert_load(&start, &nstart, task, a->policy, &cli->info));
    err = use_policies(&options, start, nstart, &cli->info);
  }
  if (err == IRL_OK) {
    err = search_trajectories(cli, a, &options, &result);
  }
  if (err == IRL_OK) {
    write_result(&cli->result, &options, &result);
  }
  irl_expert_result_fini(&result);
  irl_expert_policies_free(start, nstart);
  return err;
}

// run_expert checks the output first: the search takes seconds to hours.
static irl_err run_expert(cli_context* cli, const void* args) {
  const expert_args* a = args;
  irl_task* task = NULL;
  IRL_TRY(irl_demos_check_output(a->out, &cli->info));
  IRL_TRY(irl_task_load(&task, a->task, a->set.item, a->set.count, &cli->info));
  irl_err err = with_task(cli, a, task);
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
    CLI_ONE_OF(expert_args, method, "method", "M", methods,
               "how to search: trajectory, natural_gradient or random_search (the task's own)"),
    CLI_WHOLE(expert_args, iterations, "iterations", "N", 0, 10000000,
              "steps of the search, with none that follows; 0 judges and keeps where it starts "
              "(the task's "
              "own)"),
    CLI_OPTIONAL(expert_args, policy, "policy", "F.safetensors", "start from an expert's policies"),
    CLI_OPTIONAL(
        expert_args, state, "state", "FILE",
        "where the search is saved as it goes, and stays (DIR.search, removed at the end); not "
        "with --dynamics mixture"),
    CLI_SWITCH(expert_args, resume, "resume",
               "go on with a search that was stopped (trajectory: from the stage it was in)"),
    CLI_ONE_OF(expert_args, dynamics, "dynamics", "D", dynamics,
               "trajectory: model of each step: fitted, mixture, simulator or combined (fitted)"),
    CLI_ONE_OF(expert_args, initial, "initial", "P", initials,
               "trajectory: where starts begin: zero, pd, lqr, or warm with --demos (zero)"),
    CLI_OPTIONAL(expert_args, warm, "demos", "DIR",
                 "with --initial warm: dataset whose demonstrations the first policies are fitted "
                 "to"),
    CLI_OPTIONAL(expert_args, diagnostics, "diagnostics", "F.jsonl",
                 "trajectory: one JSON object a proposal of the search (docs/experts.md)"),
    CLI_SET(expert_args),
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
    .defaults = &(const expert_args){.episodes = 20, .method = -1, .iterations = -1},
    .size = sizeof(expert_args),
    .blas = true,
    .stops = true,
    .run = run_expert,
};
