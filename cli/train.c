// `mjirl train`: learns the cost behind demonstrations.
#include "irl/train.h"

#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "irl/forecast.h"

typedef struct train_args {
  cli_common common;
  const char* task;
  const char* demos;
  const char* out;
  const char* config;
  cli_texts set;
  int algo;
  bool resume;
  bool dry_run;
} train_args;

// is_world tells a change of the task's world from a setting of the training.
static bool is_world(const char* set) {
  return strncmp(set, "domain=", 7) == 0 || strncmp(set, "domain.", 7) == 0;
}

// load_task loads the task with what --set changes of its world.
static irl_err load_task(cli_context* cli, const train_args* a, irl_task** task) {
  const char* world[CLI_MAX_TEXTS];
  int n = 0;
  for (int i = 0; i < a->set.count; i++) {
    if (is_world(a->set.item[i])) {
      world[n++] = a->set.item[i];
    }
  }
  return irl_task_load(task, a->task, world, n, &cli->info);
}

// read_config lays --set over --config over the defaults. A bad --set is wrong usage; a bad file is
// a failure like any other. info: of the task, NULL before it is known.
static irl_err read_config(cli_context* cli, const train_args* a, const irl_task_info* info,
                           irl_config* config) {
  *config = irl_config_for((irl_algo)a->algo, info != NULL ? info->horizon : 0,
                           info != NULL ? info->nx + info->nu : 0);
  if (a->config != NULL) {
    IRL_TRY(irl_config_load(config, a->config, &cli->info));
  }
  cli->usage = true;
  for (int i = 0; i < a->set.count; i++) {
    if (!is_world(a->set.item[i])) {
      IRL_TRY(irl_config_set(config, a->set.item[i], &cli->info));
    }
  }
  IRL_TRY(irl_config_check(config, &cli->info));
  cli->usage = false;
  return IRL_OK;
}

// check_output lets only --resume into a folder that is not empty.
static irl_err check_output(const train_args* a, irl_errinfo* info) {
  if (a->dry_run) {
    return IRL_OK;
  }
  return a->resume ? irl_dir_check_writable(a->out, info) : cli_check_folder(a->out, info);
}

static void write_result(irl_jout* out, const train_args* a, const irl_train_result* result) {
  irl_jout_key_string(out, "algo", irl_algo_names[a->algo]);
  irl_jout_key_int(out, "iterations", result->iterations);
  irl_jout_key_int(out, "env_steps", result->env_steps);
  irl_jout_key_number(out, "wall_seconds", result->wall_seconds);
  irl_jout_key_number(out, "normalized_return", result->normalized_return);
}

// train ends well when it was stopped: all is saved, and the result says how far it came.
static irl_err train(cli_context* cli, const train_args* a, irl_train_options* options) {
  irl_train_result result = {0};
  irl_err err = irl_train(options, &cli->host, &result, &cli->info);
  if (err == IRL_ECANCELED) {
    irl_log(&cli->host.sink, IRL_LOG_WARNING,
            "stopped after iteration %d; everything is saved, --resume goes on", result.iterations);
    err = IRL_OK;
  }
  if (err == IRL_OK) {
    write_result(&cli->result, a, &result);
  }
  return err;
}

static void write_forecast(irl_jout* out, const irl_forecast* f) {
  irl_jout_key_int(out, "demonstrations", f->demonstrations);
  irl_jout_key_int(out, "conditions", f->conditions);
  irl_jout_key_int(out, "conditions_of_task", f->conditions_of_task);
  irl_jout_key_int(out, "fewest", f->fewest);
  irl_jout_key_number(out, "rows_per_unknown", f->rows_per_unknown);
  irl_jout_key_number(out, "coverage", f->coverage);
  irl_jout_key_number(out, "overlap", f->overlap);
  irl_jout_key_number(out, "ess", f->ess);
  irl_jout_key_number(out, "ess_share", f->ess_share);
  irl_jout_key_int(out, "env_steps", f->env_steps);
  irl_jout_key_number(out, "wall_seconds", f->wall_seconds);
  irl_jout_key_bool(out, "enough", f->enough);
  irl_jout_key(out, "advice");
  irl_jout_open(out, '[');
  for (int i = 0; i < f->nadvice; i++) {
    irl_jout_string(out, f->advice[i]);
  }
  irl_jout_close(out);
}

// forecast says whether the data is enough and what training would cost, and trains nothing.
static irl_err forecast(cli_context* cli, const irl_train_options* options) {
  irl_forecast f;
  IRL_TRY(irl_forecast_make(&f, options, &cli->host, &cli->info));
  write_forecast(&cli->result, &f);
  return IRL_OK;
}

// run_train reads in the order of what is cheapest to get wrong.
static irl_err run_train(cli_context* cli, const void* args) {
  const train_args* a = args;
  irl_task* task = NULL;
  irl_demos* demos = NULL;
  irl_train_options options = {
      .demos_path = a->demos,
      .out = a->out,
      .algo = (irl_algo)a->algo,
      .seed = a->common.seed,
      .threads = a->common.threads,
      .resume = a->resume,
  };
  IRL_TRY(read_config(cli, a, NULL, &options.config));
  IRL_TRY(check_output(a, &cli->info));
  IRL_TRY(load_task(cli, a, &task));
  irl_err err = irl_demos_load_lean(&demos, a->demos, &cli->info);
  if (err == IRL_OK) {
    err = irl_demos_prepare(demos, task, &cli->info);
  }
  if (err == IRL_OK) {  // again, now that the task is known: it decides some of the defaults
    err = read_config(cli, a, irl_task_get(task), &options.config);
  }
  if (err == IRL_OK) {
    options.task = task;
    options.demos = demos;
    err = a->dry_run ? forecast(cli, &options) : train(cli, a, &options);
  }
  irl_demos_destroy(demos);
  irl_task_destroy(task);
  return err;
}

// print_settings lists what --set and --config take, from the library's own table.
static void print_settings(FILE* file) {
  char text[256];
  fprintf(file, "\nSettings, for --set and --config:\n");
  for (int i = 0; irl_config_describe(i, text, sizeof text) != NULL; i++) {
    fprintf(file, "  %s\n", text);
  }
}

static const cli_option options_table[] = {
    CLI_NEEDED(train_args, task, "task", "TASK", CLI_TASK_HELP),
    CLI_NEEDED(train_args, demos, "demos", "DIR", "dataset of demonstrations"),
    CLI_NEEDED(train_args, out, "out", "RUN", "folder of the new run"),
    CLI_ONE_OF(train_args, algo, "algo", "A", irl_algo_names,
               "gcl, gcl-q, gan-gcl, ebm, airl, gail, bc or maxent (gcl)"),
    CLI_OPTIONAL(train_args, config, "config", "F.json", "settings as a JSON object"),
    {.kind = CLI_SETTINGS,
     .name = "set",
     .metavar = "key=value",
     .help = "one setting, over those of --config, or a change of the task's world, as "
             "domain.gravity=0.5; may be given many times",
     .offset = offsetof(train_args, set)},
    CLI_SWITCH(train_args, resume, "resume", "go on with the run from its newest checkpoint"),
    CLI_SWITCH(train_args, dry_run, "dry-run",
               "train nothing; say whether the demonstrations are enough, and the time to expect"),
    CLI_SEED(train_args),
    CLI_THREADS(train_args),
    CLI_JSON(train_args),
    CLI_END,
};

const cli_command cli_train = {
    .name = "train",
    .summary = "learn the cost behind demonstrations",
    .detail = "Interrupted by Ctrl-C or SIGTERM it saves everything and ends; --resume goes on.",
    .options = options_table,
    .defaults = &(const train_args){.algo = IRL_ALGO_GCL},
    .size = sizeof(train_args),
    .blas = true,
    .stops = true,
    .run = run_train,
    .help = print_settings,
};
