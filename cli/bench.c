// `mjirl bench`: speed against references taken in the same process.
#include "policy/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/pool.h"
#include "cli/cli.h"
#include "demos/bench_io.h"
#include "demos/bench_journal.h"
#include "envs/bench.h"
#include "irl/bench_cost.h"
#include "irl/bench_iteration.h"
#include "irl/bench_stationary.h"
#include "irl/bench_step.h"
#include "viewer/bench.h"

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
  irl_err (*run)(const char* subject, int threads, figures* out, irl_errinfo* info);
  const char* subject;  // a task's name, or NULL
} measurement;

//---------------------------------- Rollouts ------------------------------------------------------

// rollout compares control steps a second with those of bare mj_step under the same controls.
static irl_err rollout(const char* subject, int threads, figures* out, irl_errinfo* info) {
  enum { REPEATS = 201 };
  irl_task* task = NULL;
  irl_env_bench bench = {0};
  IRL_TRY(irl_task_load(&task, subject, NULL, 0, info));
  const irl_err err = irl_env_bench_run(&bench, task, threads, REPEATS, info);
  irl_task_destroy(task);
  *out = (figures){bench.steps_per_second, bench.bare_per_second, bench.ratio};
  return err;
}

//---------------------------------- Cost ----------------------------------------------------------

// bench_cost compares rates of arithmetic, in 10^9 operations a second.
static irl_err bench_cost(irl_bench_cost bench, figures* out) {
  IRL_TRY(irl_bench_cost_run(&bench, 30));
  *out = (figures){1e-9 * bench.rate, 1e-9 * bench.gemm_rate, bench.ratio};
  return IRL_OK;
}

// An Adam step of the default settings on reacher.
static irl_err cost_reacher(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)subject;
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
static irl_err cost_cheetah(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)subject;
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
static irl_err backward(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)subject;
  (void)threads;
  (void)info;
  IRL_TRY(irl_policy_bench_backward(&out->value, &out->reference, 100));
  out->ratio = out->reference / out->value;
  return IRL_OK;
}

// search_step: what a step of a stationary search costs beside the rollouts that feed it [ms].
static irl_err search_step(const char* subject, irl_expert_method method, figures* out,
                           irl_errinfo* info) {
  irl_task* task = NULL;
  irl_bench_stationary bench = {0};
  IRL_TRY(irl_task_load(&task, subject, NULL, 0, info));
  const irl_err err = irl_bench_stationary_run(&bench, task, method, 5, info);
  irl_task_destroy(task);
  *out = (figures){1e3 * bench.optimiser, 1e3 * bench.rollouts, bench.rollouts / bench.optimiser};
  return err;
}

static irl_err natural_step(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)threads;
  return search_step(subject, IRL_EXPERT_NATURAL, out, info);
}

static irl_err random_step(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)threads;
  return search_step(subject, IRL_EXPERT_RANDOM, out, info);
}

// sampler_step compares a step of the sampler with the rollouts that feed it.
static irl_err sampler_step(const char* subject, int threads, figures* out, irl_errinfo* info) {
  enum { REPEATS = 9 };
  irl_task* task = NULL;
  (void)threads;
  IRL_TRY(irl_task_load(&task, subject, NULL, 0, info));
  const irl_err err = irl_bench_step_run(&out->value, &out->reference, task, REPEATS, info);
  irl_task_destroy(task);
  *out = (figures){1e3 * out->value, 1e3 * out->reference, out->reference / out->value};
  return err;
}

//---------------------------------- Iteration -----------------------------------------------------

// iteration compares one of training with twice as much of something with two of the plain one.
static irl_err iteration(irl_bench_growth growth, figures* out, irl_errinfo* info) {
  enum { REPEATS = 7 };
  irl_bench_iteration bench;
  IRL_TRY(irl_bench_iteration_run(&bench, growth, REPEATS, info));
  *out = (figures){1e3 * bench.twice, 2e3 * bench.once, bench.ratio};
  return IRL_OK;
}

static irl_err iteration_samples(const char* subject, int threads, figures* out,
                                 irl_errinfo* info) {
  (void)subject;
  (void)threads;
  return iteration(IRL_BENCH_SAMPLES, out, info);
}

static irl_err iteration_horizon(const char* subject, int threads, figures* out,
                                 irl_errinfo* info) {
  (void)subject;
  (void)threads;
  return iteration(IRL_BENCH_HORIZON, out, info);
}

static irl_err iteration_conditions(const char* subject, int threads, figures* out,
                                    irl_errinfo* info) {
  (void)subject;
  (void)threads;
  return iteration(IRL_BENCH_CONDITIONS, out, info);
}

//---------------------------------- Datasets ------------------------------------------------------

// measure_io makes a dataset of a GB of reacher episodes in the folder for temporary files.
static irl_err measure_io(irl_bench_io* io, irl_errinfo* info) {
  irl_task* task = NULL;
  const char* dir = getenv("TMPDIR");
  IRL_TRY(irl_task_load(&task, "reacher", NULL, 0, info));
  const irl_err err =
      irl_bench_io_run(io, task, dir != NULL ? dir : "/tmp", (int64_t)1 << 30, info);
  irl_task_destroy(task);
  return err;
}

// demos_write compares saving, reading back and comparing a dataset with one write and fsync.
static irl_err demos_write(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)subject;
  (void)threads;
  irl_bench_io io;
  IRL_TRY(measure_io(&io, info));
  *out = (figures){1e-6 * io.write_rate, 1e-6 * io.disk_rate, io.write_rate / io.disk_rate};
  return IRL_OK;
}

// demos_read takes one episode of that dataset, against the limit of 10 ms.
static irl_err demos_read(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)subject;
  (void)threads;
  irl_bench_io io;
  IRL_TRY(measure_io(&io, info));
  *out = (figures){1e3 * io.read_seconds, 10, 10e-3 / io.read_seconds};
  return IRL_OK;
}

// journal_step: what recording a step of reacher costs, against 1 % of a control step of 20 ms.
static irl_err journal_step(int sync_ms, int steps, double period, figures* out,
                            irl_journal_bench* bench, irl_errinfo* info) {
  irl_task* task = NULL;
  const char* dir = getenv("TMPDIR");
  IRL_TRY(irl_task_load(&task, "reacher", NULL, 0, info));
  const irl_err err =
      irl_journal_bench_run(bench, task, dir != NULL ? dir : "/tmp", sync_ms, steps, period, info);
  irl_task_destroy(task);
  *out = (figures){1e6 * bench->mean, 200, 200e-6 / bench->mean};
  return err;
}

// demos_record: the mean at the recorder's own pace, syncs every half second included.
static irl_err demos_record(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)subject;
  (void)threads;
  irl_journal_bench bench;
  return journal_step(IRL_JOURNAL_SYNC_MS, 250, 0.02, out, &bench, info);
}

// demos_record_synced: the median where each step is synced.
static irl_err demos_record_synced(const char* subject, int threads, figures* out,
                                   irl_errinfo* info) {
  (void)subject;
  (void)threads;
  irl_journal_bench bench;
  IRL_TRY(journal_step(0, 250, 0, out, &bench, info));
  *out = (figures){1e6 * bench.median, 200, 200e-6 / bench.median};
  return IRL_OK;
}

//---------------------------------- Viewer --------------------------------------------------------

// viewer_scene: what a frame costs beside the renderer's own work, against 2 ms.
static irl_err viewer_scene(const char* subject, int rollouts, figures* out, irl_errinfo* info) {
  irl_task* task = NULL;
  irl_viewer_bench bench = {0};
  IRL_TRY(irl_task_load(&task, subject, NULL, 0, info));
  const irl_err err = irl_viewer_bench_run(&bench, task, rollouts, info);
  irl_task_destroy(task);
  *out = (figures){1e3 * bench.scene, 2, 2e-3 / bench.scene};
  return err;
}

static irl_err viewer_50(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)threads;
  return viewer_scene(subject, 50, out, info);
}

static irl_err viewer_10(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)threads;
  return viewer_scene(subject, 10, out, info);
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
static irl_err start(const char* subject, int threads, figures* out, irl_errinfo* info) {
  (void)subject;
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
    {"cost update 13000 rows 10+2 inputs 2x32", "GF/s", cost_reacher, NULL},
    {"cost update 10000 rows 17+6 inputs 2x64", "GF/s", cost_cheetah, NULL},
    {"backward pass T=100 nx=26 nu=7", "us", backward, NULL},
    {"natural gradient step half_cheetah", "ms", natural_step, "half_cheetah"},
    {"random search step half_cheetah", "ms", random_step, "half_cheetah"},
    {"sampler step reacher", "ms", sampler_step, "reacher"},
    {"sampler step pusher", "ms", sampler_step, "pusher"},
    {"sampler step peg", "ms", sampler_step, "peg"},
    {"iteration samples x2", "ms", iteration_samples, NULL},
    {"iteration horizon x2", "ms", iteration_horizon, NULL},
    {"iteration conditions x2", "ms", iteration_conditions, NULL},
    {"start reacher", "ms", start, NULL},
    {"demos write 1 GB", "MB/s", demos_write, NULL},
    {"demos record a step", "us", demos_record, NULL},
    {"demos record a step, each synced", "us", demos_record_synced, NULL},
    {"demos read an episode of 1 GB", "ms", demos_read, NULL},
    {"viewer scene of 50 rollouts of reacher", "ms", viewer_50, "reacher"},
    {"viewer scene of 10 rollouts of humanoid", "ms", viewer_10, "humanoid"},
};
enum { NMEASUREMENTS = sizeof measurements / sizeof measurements[0] };

typedef struct bench {
  cli_context* cli;
  const char* filter;
  int threads;
  int found;
} bench;

// measure runs one measurement, if it is asked for, and writes its row.
static irl_err measure(bench* b, const measurement* m) {
  figures f = {0};
  irl_jout* out = &b->cli->result;
  if (b->filter != NULL && strstr(m->name, b->filter) == NULL) {
    return IRL_OK;
  }
  if (irl_host_stop(&b->cli->host)) {
    return irl_fail(&b->cli->info, IRL_ECANCELED,
                    "bench: stopped by a signal; start it again for its numbers");
  }
  irl_log(&b->cli->host.sink, IRL_LOG_PROGRESS, "%s", m->name);
  IRL_TRY(m->run(m->subject, b->threads, &f, &b->cli->info));
  irl_jout_open(out, '{');
  irl_jout_key_string(out, "name", m->name);
  irl_jout_key_number(out, "value", f.value);
  irl_jout_key_string(out, "unit", m->unit);
  irl_jout_key_number(out, "reference", f.reference);
  irl_jout_key_number(out, "ratio", f.ratio);
  irl_jout_close(out);
  b->found++;
  return IRL_OK;
}

// measure_rollouts goes through the bundled tasks.
static irl_err measure_rollouts(bench* b) {
  const char* const* tasks = NULL;
  IRL_TRY(irl_task_list(&tasks, &b->cli->info));
  irl_err err = IRL_OK;
  for (int i = 0; err == IRL_OK && tasks[i] != NULL; i++) {
    char name[128];
    snprintf(name, sizeof name, "rollout %s", tasks[i]);
    err = measure(b, &(const measurement){name, "steps/s", rollout, tasks[i]});
  }
  irl_task_list_free(tasks);
  return err;
}

static irl_err run_bench(cli_context* cli, const void* args) {
  const bench_args* a = args;
  bench b = {.cli = cli, .filter = a->filter};
  b.threads = a->common.threads > 0 ? a->common.threads : irl_cpu_count();
  irl_jout_key(&cli->result, "results");
  irl_jout_open(&cli->result, '[');
  IRL_TRY(measure_rollouts(&b));
  for (int i = 0; i < NMEASUREMENTS; i++) {
    IRL_TRY(measure(&b, &measurements[i]));
  }
  irl_jout_close(&cli->result);
  return b.found > 0 ? IRL_OK
                     : irl_fail(&cli->info, IRL_ENOENT,
                                "--filter: no measurement's name contains '%.80s'; leave it out "
                                "to see all",
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
        "pass, the rollouts that feed it for a step of a search or sampler, two iterations of\n"
        "half as much for a training iteration, the limit of 50 ms for the start, one write and\n"
        "fsync of the same bytes for saving a dataset, 10 ms for reading one of its episodes, 1 %\n"
        "of a control step of 20 ms for recording one, 2 ms of CPU for building what a frame of\n"
        "the viewer shows.",
    .options = options,
    .defaults = &(const bench_args){.filter = NULL},
    .size = sizeof(bench_args),
    .blas = true,
    .stops = true,
    .run = run_bench,
};
