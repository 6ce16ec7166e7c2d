// `mjirl env trace`: one trajectory under given actions, for comparing with other programs.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/pool.h"
#include "cli/cli.h"
#include "cli/csv.h"
#include "envs/env.h"

typedef struct trace_args {
  cli_common common;
  const char* task;
  const char* init;
  const char* actions;
  const char* out;
  cli_texts set;
} trace_args;

// A trajectory with all that goes in and comes out; rows are steps, row 0 is the start.
typedef struct trace {
  const irl_task_info* info;
  double* actions;      // (steps, nu)
  double* start;        // qpos (nq), then qvel (nv)
  double* qpos;         // (steps + 1, nq)
  double* qvel;         // (steps + 1, nv)
  double* obs;          // (steps + 1, nx)
  double* reward;       // (steps + 1)
  uint8_t* terminated;  // (steps + 1)
  int steps;
} trace;

static void trace_fini(trace* t) {
  irl_free(t->actions);
  irl_free(t->start);
  irl_free(t->qpos);
  irl_free(t->qvel);
  irl_free(t->obs);
  irl_free(t->reward);
  irl_free(t->terminated);
}

// read_start reads {"qpos": [...], "qvel": [...]}; MuJoCo calls numbers beyond 1e10 bad.
static irl_err read_start(trace* t, const char* path, irl_errinfo* info) {
  irl_json* doc = NULL;
  IRL_TRY(irl_json_load(&doc, path, info));
  const irl_jnode root = irl_json_root(doc);
  irl_json_as_numbers(irl_json_get(root, "qpos"), t->start, t->info->nq, -1e10, 1e10);
  irl_json_as_numbers(irl_json_get(root, "qvel"), t->start + t->info->nq, t->info->nv, -1e10, 1e10);
  return irl_json_close(doc, info);
}

// trace_create reads both files and makes room for the results; one entry more than needed each, as
// a model may have none.
static irl_err trace_create(trace* t, const trace_args* a, irl_errinfo* info) {
  const irl_task_info* task = t->info;
  t->start = IRL_NEW(double, task->nq + task->nv + 1);
  if (t->start == NULL) {
    return IRL_ENOMEM;
  }
  IRL_TRY(read_start(t, a->init, info));
  IRL_TRY(cli_csv_read(a->actions, task->nu, "actuator", &t->actions, &t->steps, info));
  const size_t rows = (size_t)t->steps + 1;
  t->qpos = IRL_NEW(double, rows*(size_t)task->nq + 1);
  t->qvel = IRL_NEW(double, rows*(size_t)task->nv + 1);
  t->obs = IRL_NEW(double, rows*(size_t)task->nx + 1);
  t->reward = IRL_NEW(double, rows);
  t->terminated = IRL_NEW(uint8_t, rows);
  return t->qpos && t->qvel && t->obs && t->reward && t->terminated ? IRL_OK : IRL_ENOMEM;
}

static void write_names(FILE* file, const char* prefix, int n) {
  for (int i = 0; i < n; i++) {
    fprintf(file, ",%s%d", prefix, i);
  }
}

// write_number leaves out the sign of a nan, which says nothing and not every reader knows.
static void write_number(FILE* file, double number) {
  if (isnan(number)) {
    fputs(",nan", file);
  } else {
    fprintf(file, ",%.17g", number);
  }
}

static void write_numbers(FILE* file, const double* rows, int row, int n) {
  for (int i = 0; i < n; i++) {
    write_number(file, rows[(size_t)row * (size_t)n + (size_t)i]);
  }
}

// write_trace makes the whole text first: a file is replaced at once or not at all.
static irl_err write_trace(const trace* t, const char* path, irl_errinfo* info) {
  char* text = NULL;
  size_t size = 0;
  FILE* file = open_memstream(&text, &size);
  if (file == NULL) {
    return IRL_ENOMEM;
  }
  fputs("step", file);
  write_names(file, "qpos", t->info->nq);
  write_names(file, "qvel", t->info->nv);
  write_names(file, "obs", t->info->nx);
  fputs(",reward,terminated\n", file);
  for (int row = 0; row <= t->steps; row++) {
    fprintf(file, "%d", row);
    write_numbers(file, t->qpos, row, t->info->nq);
    write_numbers(file, t->qvel, row, t->info->nv);
    write_numbers(file, t->obs, row, t->info->nx);
    write_number(file, t->reward[row]);
    fprintf(file, ",%d\n", t->terminated[row] != 0);
  }
  const bool complete = fclose(file) == 0;
  irl_err err = complete ? irl_file_write(path, text, size, info) : IRL_ENOMEM;
  free(text);
  return err;
}

static bool all_finite(const double* rows, int row, int n) {
  for (int i = 0; i < n; i++) {
    if (!isfinite(rows[(size_t)row * (size_t)n + (size_t)i])) {
      return false;
    }
  }
  return true;
}

// first_diverged gives the first row with a number that is not finite; -1: none.
static int first_diverged(const trace* t) {
  const irl_task_info* task = t->info;
  for (int row = 0; row <= t->steps; row++) {
    if (!all_finite(t->qpos, row, task->nq) || !all_finite(t->qvel, row, task->nv) ||
        !all_finite(t->obs, row, task->nx) || !isfinite(t->reward[row])) {
      return row;
    }
  }
  return -1;
}

// warn_of_divergence: the rows are written all the same, as others may diverge at another place.
static void warn_of_divergence(const cli_context* cli, const trace* t, const char* path) {
  const int row = first_diverged(t);
  if (row >= 0) {
    irl_log(&cli->host.sink, IRL_LOG_WARNING,
            "%s: has numbers that are not finite from step %d on: the simulation diverged; start "
            "it slower, or give smaller actions",
            path, row);
  }
}

// run_trace checks the output before it reads or simulates anything.
static irl_err run_trace(cli_context* cli, const void* args) {
  const trace_args* a = args;
  irl_task* task = NULL;
  irl_env* env = NULL;
  trace t = {0};
  IRL_TRY(cli_check_file(a->out, &cli->info));
  IRL_TRY(irl_task_load(&task, a->task, a->set.item, a->set.count, &cli->info));
  t.info = irl_task_get(task);
  irl_err err = trace_create(&t, a, &cli->info);
  if (err == IRL_OK) {
    err = irl_env_create(&env, task, 1, 1, &cli->info);
  }
  const double begin = irl_now();
  if (err == IRL_OK) {
    err = irl_env_trace(env, t.start, t.start + t.info->nq, t.actions, t.steps, t.qpos, t.qvel,
                        t.obs, t.reward, t.terminated, &cli->info);
  }
  const double seconds = irl_now() - begin;
  if (err == IRL_OK) {
    err = write_trace(&t, a->out, &cli->info);
  }
  if (err == IRL_OK) {
    warn_of_divergence(cli, &t, a->out);
  }
  irl_jout_key_int(&cli->result, "steps", t.steps);
  irl_jout_key_number(&cli->result, "seconds", seconds);
  trace_fini(&t);
  irl_env_destroy(env);
  irl_task_destroy(task);
  return err;
}

static const cli_option options[] = {
    CLI_ARGUMENT(trace_args, task, "TASK", CLI_TASK_HELP),
    CLI_NEEDED(trace_args, init, "init", "S.json",
               "start state, {\"qpos\": [...], \"qvel\": [...]}"),
    CLI_NEEDED(trace_args, actions, "actions", "A.csv",
               "a row of numbers for each step, one for each actuator, no header"),
    CLI_NEEDED(trace_args, out, "out", "O.csv",
               "file to write: step,qpos0,...,qvel0,...,obs0,...,reward,terminated"),
    CLI_SET(trace_args),
    CLI_JSON(trace_args),
    CLI_END,
};

const cli_command cli_env_trace = {
    .name = "env trace",
    .summary = "simulate given actions from a given state and write every number",
    .detail =
        "All rows of A.csv are run, whatever the task's horizon or termination. Row 0 of\n"
        "O.csv is the start, with reward 0. Numbers are written so that they read back to\n"
        "the same bits; where a simulation diverges they are nan or inf, and a warning says from\n"
        "which step. `seconds` is the time that the simulation took.",
    .options = options,
    .defaults = &(const trace_args){.task = NULL},
    .size = sizeof(trace_args),
    .run = run_trace,
};
