#include "irl/train.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/pool.h"
#include "irl/checkpoint_internal.h"
#include "irl/history.h"
#include "irl/learner_internal.h"
#include "irl/run_internal.h"
#include "irl/train_internal.h"

enum { MAX_PATH = 4096, KEPT_CHECKPOINTS = 3 };

typedef struct trainer {
  const irl_train_options* options;
  const irl_host* host;
  irl_train_result* result;
  irl_learner* learner;
  char checkpoints[MAX_PATH];
  double started;      // clock at the start of this process's share [s]
  double wall_before;  // wall time of earlier shares [s]
  int lock;            // of the folder; negative: none
  int saved;           // iteration of the newest checkpoint
  int overfitted;      // iterations in a row with a held-out gap beyond chance
} trainer;

//---------------------------------- The folder ---------------------------------------------------

static irl_err check_out(const irl_train_options* o, irl_errinfo* info) {
  if (o->out == NULL) {
    return IRL_OK;
  }
  IRL_TRY(irl_path_check_seen(o->out, info));
  bool exists = irl_run_exists(o->out);
  if (exists && !o->resume) {
    return irl_fail(info, IRL_EEXIST, "%s: holds a run already; give another --out or --resume",
                    o->out);
  }
  if (o->resume && !irl_dir_exists(o->out)) {
    return irl_fail(info, IRL_ENOENT, "%s: holds no run to resume; leave out --resume", o->out);
  }
  if (!exists && !o->resume && !irl_dir_empty(o->out)) {
    return irl_fail(info, IRL_EEXIST, "%s: is not empty and not a run; give another --out", o->out);
  }
  return irl_dir_check_writable(o->out, info);
}

// What a killed run left half written, once nobody else can be writing it; beside a run's own files
// others may stand, which are not ours.
static void sweep(const char* out) {
  static const char* const own[] = {
      "config.json",   "task.json",   "model.xml",          "cost.safetensors",
      "metrics.jsonl", "report.json", "policy.safetensors", NULL};
  static const char* const folders[] = {"checkpoints", "costs", NULL};
  char path[MAX_PATH];
  for (int i = 0; own[i] != NULL; i++) {
    irl_dir_sweep(out, own[i]);
  }
  for (int i = 0; folders[i] != NULL; i++) {
    if (irl_path_join(path, sizeof path, out, folders[i])) {
      irl_dir_sweep(path, NULL);
    }
  }
}

static irl_err hold_folder(trainer* t, irl_errinfo* info) {
  const irl_train_options* o = t->options;
  IRL_TRY(irl_dir_lock(&t->lock, o->out, info));
  if (o->resume && t->lock >= 0) {
    sweep(o->out);
  }
  return IRL_OK;
}

static irl_err open_folder(trainer* t, irl_errinfo* info) {
  const irl_train_options* o = t->options;
  int iteration = 0;
  if (!irl_path_join(t->checkpoints, sizeof t->checkpoints, o->out, "checkpoints")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", o->out);
  }
  IRL_TRY(irl_dir_create(t->checkpoints, info));
  IRL_TRY(hold_folder(t, info));
  // A run killed before its config.json was written starts over.
  if (o->resume && irl_run_exists(o->out)) {
    IRL_TRY(irl_run_check_same(o->out, t->learner, o->demos_path, info));
    IRL_TRY(irl_checkpoint_restore(t->learner, t->checkpoints, t->host, &iteration, info));
    t->saved = iteration;
    if (iteration == 0 && t->host != NULL) {
      irl_log(&t->host->sink, IRL_LOG_WARNING, "%s: no checkpoint to go on from; it starts over",
              o->out);
    }
    return irl_metrics_rewind(o->out, iteration, &t->wall_before, info);
  }
  IRL_TRY(irl_history_save(o->out, 0, t->learner->cost, info));
  return irl_run_write_start(o->out, t->learner, o->demos_path, info);
}

// The models first: a run killed in between goes on from the checkpoint before and writes them
// again.
static irl_err save(trainer* t, irl_errinfo* info) {
  if (t->options->out == NULL) {
    return IRL_OK;
  }
  IRL_TRY(irl_metrics_sync(t->options->out, info));
  IRL_TRY(irl_run_write_models(t->options->out, t->learner, info));
  IRL_TRY(irl_checkpoint_save(t->learner, t->checkpoints, KEPT_CHECKPOINTS, info));
  t->saved = t->learner->iteration;
  return IRL_OK;
}

static irl_err write_report(const trainer* t, irl_errinfo* info) {
  char path[MAX_PATH];
  const irl_train_result* r = t->result;
  if (!irl_path_join(path, sizeof path, t->options->out, "report.json")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long", t->options->out);
  }
  irl_jout out;
  irl_jout_init(&out, true);
  irl_jout_open(&out, '{');
  irl_jout_key_string(&out, "algo", irl_algo_names[t->options->algo]);
  irl_jout_key_int(&out, "iterations", r->iterations);
  irl_jout_key_int(&out, "env_steps", r->env_steps);
  irl_jout_key_number(&out, "wall_seconds", r->wall_seconds);
  irl_jout_key_number(&out, "return_mean", r->return_mean);
  irl_jout_key_number(&out, "expert_return", t->learner->expert_return);
  irl_jout_key_number(&out, "random_return", t->learner->random_return);
  irl_jout_key_number(&out, "normalized_return", r->normalized_return);
  irl_jout_close(&out);
  irl_err err = out.failed ? irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path)
                           : irl_file_write(path, out.text, out.size, info);
  irl_jout_fini(&out);
  return err;
}

//---------------------------------- The loop -----------------------------------------------------

static double wall(const trainer* t) {
  return t->wall_before + irl_now() - t->started;
}

static void tell(const trainer* t, const irl_metrics* m) {
  if (t->host != NULL) {
    irl_log(&t->host->sink, IRL_LOG_PROGRESS,
            "iteration %d/%d  normalized return %.3f  ess %.1f  %lld env steps", m->iteration,
            t->options->config.iterations, m->normalized_return, m->ess, (long long)m->env_steps);
  }
}

// Once the first samplers have shown where they go: what the data may be too poor for.
static irl_err warn_of_data(const trainer* t) {
  irl_forecast f;
  IRL_TRY(irl_forecast_look(t->learner, &f));
  for (int i = 0; i < f.nadvice && t->host != NULL; i++) {
    irl_log(&t->host->sink, IRL_LOG_WARNING, "demonstrations: %s", f.advice[i]);
  }
  return IRL_OK;
}

// Says once that the cost knows its demonstrations by heart: those held out have cost more, by more
// than three standard errors, for three iterations in a row.
static void watch_overfitting(trainer* t, const irl_metrics* m) {
  bool beyond = m->heldout_gap > 3.0 * m->heldout_gap_stderr;
  t->overfitted = beyond ? t->overfitted + 1 : 0;
  if (t->overfitted == 3 && t->host != NULL) {
    irl_log(&t->host->sink, IRL_LOG_WARNING,
            "iteration %d: demonstrations held out cost %.3g nats more than those trained on "
            "(standard error %.2g): the cost overfits; give more demonstrations, fewer iterations "
            "or a weight_decay",
            m->iteration, m->heldout_gap, m->heldout_gap_stderr);
    t->overfitted = INT_MIN / 2;
  }
}

static irl_err iterate(trainer* t, irl_errinfo* info) {
  irl_learner* l = t->learner;
  const irl_train_options* o = t->options;
  irl_metrics m;
  IRL_TRY(irl_learner_iterate(l, &m, info));
  m.wall_seconds = wall(t);
  t->result->return_mean = m.return_mean;
  t->result->normalized_return = m.normalized_return;
  if (o->out != NULL) {
    IRL_TRY(irl_metrics_append(o->out, &m, info));
    IRL_TRY(irl_history_save(o->out, l->iteration, l->cost, info));
  }
  tell(t, &m);
  watch_overfitting(t, &m);
  if (l->iteration == 1) {
    IRL_TRY(warn_of_data(t));
  }
  bool due = l->iteration % o->config.checkpoint_every == 0 || l->iteration == o->config.iterations;
  return due ? save(t, info) : IRL_OK;
}

static irl_err loop(trainer* t, irl_errinfo* info) {
  while (t->learner->iteration < t->options->config.iterations) {
    if (irl_host_stop(t->host)) {
      if (t->learner->iteration > t->saved) {
        IRL_TRY(save(t, info));
      }
      return irl_fail(info, IRL_ECANCELED,
                      "training: stopped after %d iterations, everything is saved; go on with "
                      "--resume",
                      t->learner->iteration);
    }
    IRL_TRY(iterate(t, info));
  }
  return irl_learner_judge(t->learner, IRL_TRAIN_JUDGE_EPISODES, &t->result->return_mean,
                           &t->result->normalized_return);
}

static irl_err run(trainer* t, irl_errinfo* info) {
  if (t->options->out != NULL) {
    IRL_TRY(open_folder(t, info));
  }
  irl_err err = loop(t, info);
  t->result->iterations = t->learner->iteration;
  t->result->env_steps = t->learner->env_steps;
  t->result->wall_seconds = wall(t);
  if ((err == IRL_OK || err == IRL_ECANCELED) && t->options->out != NULL) {
    IRL_TRY(write_report(t, info));
  }
  return err;
}

irl_err irl_train(const irl_train_options* options, const irl_host* host, irl_train_result* result,
                  irl_errinfo* info) {
  trainer t = {
      .options = options, .host = host, .result = result, .started = irl_now(), .lock = -1};
  memset(result, 0, sizeof *result);
  result->return_mean = result->normalized_return = NAN;
  IRL_TRY(irl_config_check(&options->config, info));
  IRL_TRY(check_out(options, info));
  IRL_TRY(irl_learner_create(&t.learner, options->task, options->demos, options->algo,
                             &options->config, options->seed, options->threads, info));
  irl_err err = run(&t, info);
  irl_dir_unlock(t.lock);
  irl_learner_destroy(t.learner);
  return err;
}
