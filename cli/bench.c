// `mjirl bench`: speed against references taken in the same process.
#include "policy/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/pool.h"
#include "cli/cli.h"
#include "irl/bench_cost.h"

extern char** environ;

typedef struct bench_args {
  cli_common common;
  const char* filter;
} bench_args;

// A measured speed or time beside its reference; the ratio says how many times as fast as the
// reference it is, so that larger is better for both.
typedef struct figures {
  double value, reference, ratio;
} figures;

typedef struct measurement {
  const char* name;
  const char* unit;
  irl_err (*run)(int threads, figures* out, irl_errinfo* info);
} measurement;

//---------------------------------- Cost ----------------------------------------------------------

// bench_cost compares rates of arithmetic, in 10^9 operations a second.
static irl_err bench_cost(irl_bench_cost bench, figures* out) {
  IRL_TRY(irl_bench_cost_run(&bench, 30));
  *out = (figures){1e-9 * bench.rate, 1e-9 * bench.gemm_rate, bench.ratio};
  return IRL_OK;
}

// An Adam step of the default settings on reacher.
static irl_err cost_reacher(int threads, figures* out, irl_errinfo* info) {
  (void)info;
  return bench_cost((irl_bench_cost){.rows = 13000,
                                     .nx = 10,
                                     .nu = 2,
                                     .width = 32,
                                     .depth = 2,
                                     .outputs = 16,
                                     .threads = threads},
                    out);
}

// One of a larger robot.
static irl_err cost_cheetah(int threads, figures* out, irl_errinfo* info) {
  (void)info;
  return bench_cost((irl_bench_cost){.rows = 10000,
                                     .nx = 17,
                                     .nu = 6,
                                     .width = 64,
                                     .depth = 2,
                                     .outputs = 32,
                                     .threads = threads},
                    out);
}

//---------------------------------- Sampler -------------------------------------------------------

// backward compares times: the ratio is the other way round.
static irl_err backward(int threads, figures* out, irl_errinfo* info) {
  (void)threads;
  (void)info;
  IRL_TRY(irl_policy_bench_backward(&out->value, &out->reference, 100));
  out->ratio = out->reference / out->value;
  return IRL_OK;
}

//---------------------------------- Start ---------------------------------------------------------

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

// start_once runs `mjirl env check reacher` in a process of its own and takes the time [s].
static irl_err start_once(posix_spawn_file_actions_t* actions, double* seconds) {
  char words[4][16] = {"mjirl", "env", "check", "reacher"};
  char* argv[] = {words[0], words[1], words[2], words[3], NULL};
  pid_t child;
  int status = 0;
  const double begin = irl_now();
  if (posix_spawn(&child, "/proc/self/exe", actions, NULL, argv, environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0) {
    return IRL_EIO;
  }
  *seconds = irl_now() - begin;
  return IRL_OK;
}

// start: from nothing to the first steps of reacher, against the limit of 50 ms.
static irl_err start(int threads, figures* out, irl_errinfo* info) {
  enum { REPEATS = 9 };
  double seconds[REPEATS];
  posix_spawn_file_actions_t actions;
  (void)threads;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  irl_err err = IRL_OK;
  for (int i = 0; i < REPEATS && err == IRL_OK; i++) {
    err = start_once(&actions, &seconds[i]);
  }
  posix_spawn_file_actions_destroy(&actions);
  if (err != IRL_OK) {
    return irl_fail(info, err, "bench: the program could not start itself; is /proc mounted?");
  }
  qsort(seconds, REPEATS, sizeof seconds[0], by_value);
  *out = (figures){1e3 * seconds[REPEATS / 2], 50, 50e-3 / seconds[REPEATS / 2]};
  return IRL_OK;
}

//---------------------------------- All -----------------------------------------------------------

static const measurement measurements[] = {
    {"cost update 13000 rows 10+2 inputs 2x32", "GF/s", cost_reacher},
    {"cost update 10000 rows 17+6 inputs 2x64", "GF/s", cost_cheetah},
    {"backward pass T=100 nx=26 nu=7", "us", backward},
    {"start reacher", "ms", start},
};
enum { NMEASUREMENTS = sizeof measurements / sizeof measurements[0] };

// measure runs one measurement and writes its row.
static irl_err measure(cli_context* cli, const measurement* m, int threads) {
  figures f = {0};
  irl_log(&cli->host.sink, IRL_LOG_PROGRESS, "%s", m->name);
  IRL_TRY(m->run(threads, &f, &cli->info));
  irl_jout_open(&cli->result, '{');
  irl_jout_key_string(&cli->result, "name", m->name);
  irl_jout_key_number(&cli->result, "value", f.value);
  irl_jout_key_string(&cli->result, "unit", m->unit);
  irl_jout_key_number(&cli->result, "reference", f.reference);
  irl_jout_key_number(&cli->result, "ratio", f.ratio);
  irl_jout_close(&cli->result);
  return IRL_OK;
}

// run_bench stops between measurements when asked to.
static irl_err run_bench(cli_context* cli, const void* args) {
  const bench_args* a = args;
  const int threads = a->common.threads > 0 ? a->common.threads : irl_cpu_count();
  int found = 0;
  irl_jout_key(&cli->result, "results");
  irl_jout_open(&cli->result, '[');
  for (int i = 0; i < NMEASUREMENTS; i++) {
    if (a->filter != NULL && strstr(measurements[i].name, a->filter) == NULL) {
      continue;
    }
    if (irl_host_stop(&cli->host)) {
      return irl_fail(&cli->info, IRL_ECANCELED, "bench: stopped by a signal; nothing is printed");
    }
    IRL_TRY(measure(cli, &measurements[i], threads));
    found++;
  }
  irl_jout_close(&cli->result);
  return found > 0 ? IRL_OK
                   : irl_fail(&cli->info, IRL_ENOENT,
                              "--filter: no measurement's name contains '%.80s'; leave it out to "
                              "see all",
                              a->filter);
}

static const cli_option options[] = {
    CLI_OPTIONAL(bench_args, filter, "filter", "S", "only measurements whose name contains S"),
    CLI_THREADS(bench_args),
    CLI_JSON(bench_args),
    CLI_END,
};

const cli_command cli_bench = {
    .name = "bench",
    .summary = "measure speed against references taken in the same process",
    .detail =
        "ratio says how many times as fast as its reference something is: a loop of bare\n"
        "mj_step for rollouts, cblas_sgemm for the cost, a plain triple loop for the backward\n"
        "pass, the limit of 50 ms for the start.",
    .options = options,
    .defaults = &(const bench_args){.filter = NULL},
    .size = sizeof(bench_args),
    .blas = true,
    .stops = true,
    .run = run_bench,
};
