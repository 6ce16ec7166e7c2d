#include "viewer/reel.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "irl/history.h"
#include "viewer/reel_internal.h"

enum { MAX_PATH = 4096, LEARNED_FROM_END = 1 };

//---------------------------------- Groups --------------------------------------------------------

// Copies trajectories first to last, as far as there are any.
static irl_err select_episodes(irl_batch* out, const irl_batch* from, int first, int last,
                               irl_errinfo* info) {
  last = last < from->n ? last : from->n - 1;
  if (first > last) {
    return irl_fail(info, IRL_ERANGE, "--episodes: %d is past the last one; count from 0 to %d",
                    first, from->n - 1);
  }
  IRL_TRY(irl_batch_create(out, last - first + 1, from->horizon, from->nx, from->nu, from->nz,
                           from->nstate));
  out->has_reward = from->has_reward;
  for (int i = first; i <= last; i++) {
    irl_batch_copy(out, i - first, from, i);
  }
  return IRL_OK;
}

static irl_err add_group(irl_reel* r, const char* name, const irl_batch* from, bool has_logq,
                         irl_errinfo* info) {
  int g = r->ngroups;
  if (r->judge != NULL && r->judge->task != NULL &&
      (irl_task_get(r->judge->task)->nx != from->nx ||
       irl_task_get(r->judge->task)->nu != from->nu)) {
    return irl_fail(info, IRL_EDIM,
                    "--cost: %s was trained on a task of other sizes; give a run of this task",
                    r->judge->folder);
  }
  IRL_TRY(select_episodes(&r->batch[g], from, r->options.first, r->options.last, info));
  r->has_logq[g] = has_logq;
  r->groups[g] = (irl_replay_group){.name = name, .batch = &r->batch[g], .first = r->options.first};
  r->ngroups++;
  return IRL_OK;
}

// Simulates a run's policy from the start, so that episode 3 is the same whatever else is shown.
static irl_err roll(irl_reel* r, const irl_run* run, const irl_policy* policy, irl_batch* batch,
                    irl_errinfo* info) {
  return irl_run_rollout(run, policy, r->options.last + 1, r->options.seed, r->options.threads,
                         batch, info);
}

static irl_err add_rollouts(irl_reel* r, const char* name, const irl_policy* policy,
                            irl_errinfo* info) {
  irl_batch batch = {0};
  irl_err err = roll(r, r->run, policy, &batch, info);
  if (err == IRL_OK) {
    err = add_group(r, name, &batch, true, info);
  }
  irl_batch_destroy(&batch);
  return err;
}

// The expert's group, where its dataset keeps states.
static irl_err add_expert(irl_reel* r, irl_errinfo* info) {
  const irl_batch* demos = &r->demos->batch;
  const bool past = r->options.first >= demos->n;
  if (demos->nstate == 0 || (past && r->options.past_expert)) {
    return IRL_OK;
  }
  return past ? irl_fail(info, IRL_ERANGE,
                         "--episodes: %d is past the expert's last one; count from 0 to %d, or "
                         "leave the expert out with --groups initial,learned",
                         r->options.first, demos->n - 1)
              : add_group(r, "expert", demos, r->demos->has_logq, info);
}

// Expert, initial and learned rollouts beside each other; the expert's only where its dataset is
// still there.
static irl_err load_run(irl_reel* r, const char* source, const irl_host* host, irl_errinfo* info) {
  irl_errinfo why = {0};
  IRL_TRY(irl_run_open(&r->run, source, info));
  r->task = r->run->task;
  r->judge = r->other != NULL ? r->other : r->run;
  if (irl_demos_load(&r->demos, r->run->demos_path, &why) != IRL_OK) {
    irl_log(host != NULL ? &host->sink : NULL, IRL_LOG_WARNING, "%s", why.text);
  } else {
    IRL_TRY(add_expert(r, info));
  }
  IRL_TRY(add_rollouts(r, "initial", r->run->initial, info));
  return add_rollouts(r, "learned", r->run->learned, info);
}

// A dataset by itself, in the task that it keeps.
static irl_err load_dataset(irl_reel* r, const char* source, irl_errinfo* info) {
  IRL_TRY(irl_demos_load(&r->demos, source, info));
  if (r->demos->batch.nstate == 0 || r->demos->task_json[0] == '\0') {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: the dataset keeps no physics states or no task, so it cannot be drawn; "
                    "give one that mjirl recorded",
                    source);
  }
  IRL_TRY(irl_task_from_text(&r->task, r->demos->task_json, r->demos->mjcf, info));
  IRL_TRY(irl_demos_match(r->demos, r->task, info));
  return add_group(r, "demonstrations", &r->demos->batch, r->demos->has_logq, info);
}

//---------------------------------- Past costs ----------------------------------------------------

static const char* judge_folder(const irl_reel* r) {
  return r->judge != NULL ? r->judge->folder : NULL;
}

// When the judge's models were last written; zero when they are not there.
static struct timespec models_time(const irl_reel* r) {
  char path[MAX_PATH];
  struct stat st;
  bool found = judge_folder(r) != NULL &&
               irl_path_join(path, sizeof path, judge_folder(r), "policy.safetensors") &&
               stat(path, &st) == 0;
  return found ? st.st_mtim : (struct timespec){0};
}

// Takes the newest list of past costs; the choice stays on its iteration, or on the newest one.
static irl_err list_costs(irl_reel* r, irl_errinfo* info) {
  int *found = NULL, n = 0;
  if (r->judge == NULL) {
    return IRL_OK;
  }
  IRL_TRY(irl_history_list(judge_folder(r), &found, &n, info));
  bool newest = r->niterations == 0 || r->chosen == r->niterations - 1;
  int now = r->niterations > 0 ? r->iterations[r->chosen] : -1;
  // Whoever looks at the newest cost goes on with the newest; who looks at an older one stays
  // there.
  irl_free(r->iterations);
  r->iterations = found;
  r->niterations = n;
  r->chosen = n > 0 ? n - 1 : 0;
  for (int k = 0; k < n && !newest; k++) {
    r->chosen = found[k] == now ? k : r->chosen;
  }
  return IRL_OK;
}

irl_err irl_reel_choose(irl_reel* r, int index, irl_errinfo* info) {
  irl_cost* cost = NULL;
  if (r->niterations == 0) {
    return IRL_OK;
  }
  index = index < 0 ? 0 : index >= r->niterations ? r->niterations - 1 : index;
  IRL_TRY(irl_history_load(&cost, judge_folder(r), r->iterations[index], info));
  if (irl_cost_nx(cost) != r->batch[0].nx || irl_cost_nu(cost) != r->batch[0].nu) {
    irl_cost_destroy(cost);
    return irl_fail(info, IRL_EDIM, "%s: the cost of iteration %d is of another task; restore it",
                    judge_folder(r), r->iterations[index]);
  }
  irl_cost_destroy(r->cost);
  r->cost = cost;
  r->chosen = index;
  irl_err err = irl_reel_fill_layers(r);
  return err == IRL_OK ? err : irl_fail(info, err, "replay: out of memory; show fewer episodes");
}

//---------------------------------- News ----------------------------------------------------------

// Reads the run again and draws new rollouts of its newest policies.
static irl_err reload(irl_reel* r, irl_errinfo* info) {
  irl_run* run = NULL;
  irl_batch fresh = {0}, chosen = {0};
  irl_batch* learned = &r->batch[r->ngroups - LEARNED_FROM_END];
  IRL_TRY(irl_run_open(&run, r->run->folder, info));
  irl_err err = roll(r, run, run->learned, &fresh, info);
  if (err == IRL_OK) {
    err = select_episodes(&chosen, &fresh, r->options.first, r->options.last, info);
  }
  irl_batch_destroy(&fresh);
  if (err != IRL_OK) {
    irl_run_close(run);
    return err;
  }
  irl_batch_destroy(learned);
  *learned = chosen;
  // The task stays the first run's, to which all that is drawn points; costs and policies move on.
  irl_task* task = r->run->task;
  r->run->task = run->task;
  run->task = task;
  r->judge = r->judge == r->run ? run : r->judge;
  irl_run_close(r->run);
  r->run = run;
  return IRL_OK;
}

irl_err irl_reel_poll(irl_reel* r, irl_news* news, irl_errinfo* info) {
  *news = IRL_NEWS_NONE;
  if (r->run == NULL) {
    return IRL_OK;
  }
  if (!irl_run_exists(r->run->folder)) {
    return irl_fail(info, IRL_ENOENT, "%s: the run has gone; was it moved or deleted?",
                    r->run->folder);
  }
  int before = r->niterations;
  bool newest = before == 0 || r->chosen == before - 1;
  struct timespec models = models_time(r);
  IRL_TRY(list_costs(r, info));
  if (models.tv_sec != r->models.tv_sec || models.tv_nsec != r->models.tv_nsec) {
    r->models = models;
    IRL_TRY(reload(r, info));
    *news = IRL_NEWS_ROLLOUTS;
  } else if (r->niterations != before) {
    *news = IRL_NEWS_COST;
  }
  if (*news == IRL_NEWS_NONE) {
    return IRL_OK;
  }
  if (newest && r->niterations > 0) {
    return irl_reel_choose(r, r->niterations - 1, info);
  }
  return irl_reel_fill_layers(r);
}

// Training writes its first models after a few iterations.
static irl_err wait_for_run(const char* source, const irl_host* host, irl_errinfo* info) {
  char path[MAX_PATH];
  if (!irl_path_join(path, sizeof path, source, "policy.safetensors")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", source);
  }
  IRL_TRY(irl_path_check_seen(path, info));
  if (!irl_dir_exists(source)) {
    return irl_fail(info, IRL_ENOENT, "%s: there is no run yet; start training, then follow it",
                    source);
  }
  char dataset[MAX_PATH];
  if (irl_path_join(dataset, sizeof dataset, source, "data/main_data.hdf5") &&
      irl_file_exists(dataset)) {
    return irl_fail(info, IRL_EUNSUPPORTED, "%s: is a dataset, not a run; leave out --follow",
                    source);
  }
  // config.json comes last of what training writes at its start, the policies ten iterations later.
  while (irl_dir_exists(source) && !irl_file_exists(path)) {
    if (irl_host_stop(host)) {
      return irl_fail(info, IRL_ECANCELED,
                      "%s: stopped before its first checkpoint; follow it later", source);
    }
    irl_log(host != NULL ? &host->sink : NULL, IRL_LOG_PROGRESS,
            "%s: waiting for its first checkpoint", source);
    (void)usleep(200000);
  }
  return IRL_OK;
}

//---------------------------------- Life ----------------------------------------------------------

static irl_err open_all(irl_reel* r, const char* source, const irl_host* host, irl_errinfo* info) {
  if (r->options.wait) {
    IRL_TRY(wait_for_run(source, host, info));
  }
  bool is_run = irl_run_exists(source);
  if (r->options.cost != NULL) {
    IRL_TRY(irl_run_open(&r->other, r->options.cost, info));
    r->judge = r->other;
  }
  IRL_TRY(is_run ? load_run(r, source, host, info) : load_dataset(r, source, info));
  r->models = models_time(r);
  IRL_TRY(list_costs(r, info));
  irl_err err = irl_reel_make_layers(r);
  if (err != IRL_OK) {
    return irl_fail(info, err, "replay: out of memory; show fewer episodes");
  }
  r->replay.task = r->task;
  r->replay.groups = r->groups;
  r->replay.ngroups = r->ngroups;
  r->replay.reel = r;
  return IRL_OK;
}

irl_err irl_reel_open(irl_reel** out, const char* source, const irl_reel_options* options,
                      const irl_host* host, irl_errinfo* info) {
  irl_reel* r = IRL_NEW(irl_reel, 1);
  *out = NULL;
  if (r == NULL) {
    return irl_fail(info, IRL_ENOMEM, "replay: out of memory; free some");
  }
  r->options = *options;
  irl_err err = open_all(r, source, host, info);
  if (err != IRL_OK) {
    irl_reel_close(r);
    return err;
  }
  *out = r;
  return IRL_OK;
}

void irl_reel_close(irl_reel* r) {
  if (r == NULL) {
    return;
  }
  irl_reel_free_layers(r);
  for (int g = 0; g < IRL_REEL_GROUPS; g++) {
    irl_batch_destroy(&r->batch[g]);
  }
  if (r->run == NULL) {
    irl_task_destroy(r->task);
  }
  irl_cost_destroy(r->cost);
  irl_free(r->iterations);
  irl_demos_destroy(r->demos);
  irl_run_close(r->other);
  irl_run_close(r->run);
  irl_free(r);
}

//---------------------------------- Access --------------------------------------------------------

const irl_replay* irl_reel_replay(const irl_reel* r) {
  return &r->replay;
}

int irl_reel_layer(const irl_reel* r, const char* key) {
  for (int k = 0; k < r->replay.nlayers; k++) {
    if (strcmp(r->layers[k].key, key) == 0) {
      return k;
    }
  }
  return -1;
}

int irl_reel_iterations(const irl_reel* r, const int** iterations) {
  *iterations = r->iterations;
  return r->niterations;
}

int irl_reel_chosen(const irl_reel* r) {
  return r->chosen;
}

const irl_cost* irl_reel_cost(const irl_reel* r) {
  return r->cost != NULL ? r->cost : r->judge != NULL ? r->judge->cost : NULL;
}
