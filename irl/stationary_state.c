// The file of a search under way: what the next steps depend on, and nothing of time or machine.
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/tensors.h"
#include "irl/stationary_internal.h"

enum { MOST_TENSORS = 16, COUNTS = 3, SCORES = 3 };

// Settings that a search which does not use them leaves out.
static void settings_beyond(const irl_expert_plan* p, irl_jout* out) {
  const irl_expert_plan usual = irl_expert_plan_defaults(p->method);
  if (p->judge != usual.judge) {
    irl_jout_key_int(out, "judge", p->judge);
  }
  if (p->last != usual.last) {
    irl_jout_key_number(out, "last", p->last);
    irl_jout_key_int(out, "iterations", p->iterations);  // how fast it goes there
  }
  if (p->products) {
    irl_jout_key_bool(out, "products", true);
  }
  if (p->floor != usual.floor) {
    irl_jout_key_number(out, "floor", p->floor);
  }
}

// The same of what trajectories are drawn.
static void settings_of_calls(const irl_stationary_options* o, irl_jout* out) {
  if (o->run_on) {
    irl_jout_key_bool(out, "run_on", true);
  }
  if (o->condition != NULL) {
    irl_jout_key(out, "conditions");
    irl_jout_open(out, '[');
    for (int k = 0; k < o->nc; k++) {
      irl_jout_int(out, o->condition[k]);
    }
    irl_jout_close(out);
  }
}

// What must be the same for a search to go on: all but the number of steps, which may grow
// where nothing depends on it.
static irl_err settings_text(const irl_campaign* c, irl_jout* out, irl_errinfo* info) {
  const irl_stationary_options* o = c->options;
  const irl_expert_plan* p = &o->plan;
  const char *json = irl_task_json(o->task), *mjcf = irl_task_mjcf(o->task);
  irl_jout_init(out, false);
  irl_jout_open(out, '{');
  irl_jout_key_string(out, "task", c->info->name);
  irl_jout_key_int(out, "definition",
                   irl_crc32c(irl_crc32c(0, json, strlen(json)), mjcf, strlen(mjcf)));
  irl_jout_key_uint(out, "seed", o->seed);
  irl_jout_key_string(out, "method", irl_expert_methods[p->method]);
  irl_jout_key_bool(out, "alive", p->alive);
  irl_jout_key_int(out, "steps", p->steps);
  irl_jout_key_number(out, "grow", p->grow);
  irl_jout_key_number(out, "stddev", p->stddev);
  if (p->method == IRL_EXPERT_NATURAL) {
    irl_jout_key_int(out, "samples", p->samples);
    irl_jout_key_number(out, "kl", p->kl);
    irl_jout_key_number(out, "discount", p->discount);
    irl_jout_key_number(out, "trace", p->trace);
    irl_jout_key_number(out, "temperature", o->temperature);
  } else {
    irl_jout_key_int(out, "directions", p->directions);
    irl_jout_key_int(out, "best", p->best);
    irl_jout_key_number(out, "step", p->step);
    irl_jout_key_number(out, "noise", p->noise);
    irl_jout_key_bool(out, "offset", p->offset);
  }
  settings_beyond(p, out);
  settings_of_calls(o, out);
  irl_jout_close(out);
  return out->failed ? irl_fail(info, IRL_ENOMEM, "search: out of memory; free some") : IRL_OK;
}

static bool is_random(const irl_campaign* c) {
  return c->options->plan.method == IRL_EXPERT_RANDOM;
}

static int add_whiten(const irl_whiten* w, irl_tensor* t, int n) {
  const int64_t nx = w->n, one = 1;
  t[n++] = irl_tensor_of("whiten/mean", IRL_F64, w->mean, 1, &nx);
  t[n++] = irl_tensor_of("whiten/m2", IRL_F64, w->m2, 1, &nx);
  t[n++] = irl_tensor_of("whiten/count", IRL_F64, &w->count, 1, &one);
  return n;
}

// The method's own numbers.
static int add_method(const irl_campaign* c, irl_tensor* t, int n) {
  const int64_t weights[] = {c->info->nu, c->info->nx + 1}, features = c->value.n, one = 1;
  if (is_random(c)) {
    t[n++] = irl_tensor_of("random/weights", IRL_F64, c->random.M, 2, weights);
    return add_whiten(&c->random.whiten, t, n);
  }
  t[n++] = irl_tensor_of("value/weight", IRL_F64, c->value.weight, 1, &features);
  t[n++] = irl_tensor_of("value/fitted", IRL_F64, &c->value.fitted, 1, &one);
  return add_whiten(&c->whiten, t, n);
}

irl_err irl_campaign_save(const irl_campaign* c, const char* path, irl_errinfo* info) {
  const int64_t count[COUNTS] = {c->iteration, c->env_steps, c->batch.horizon}, counts = COUNTS,
                scores = SCORES;
  const double score[SCORES] = {c->best_score, c->score, c->report};
  irl_tensor t[MOST_TENSORS];
  irl_jout settings;
  int n = 0;
  t[n++] = irl_tensor_of("counts", IRL_I64, count, 1, &counts);
  t[n++] = irl_tensor_of("scores", IRL_F64, score, 1, &scores);
  irl_policy_tensors(&c->policy, "policy/", t + n);
  irl_policy_tensors(&c->best, "best/", t + n + 3);
  n = add_method(c, t, n + 6);
  irl_err err = settings_text(c, &settings, info);
  if (err == IRL_OK) {
    const char* metadata[] = {"format", "mjirl-search-1", "settings", settings.text};
    err = irl_tensors_save(path, t, n, metadata, 2, info);
  }
  irl_jout_fini(&settings);
  return err;
}

//---------------------------------- Reading ------------------------------------------------------

static irl_err check_settings(const irl_campaign* c, const irl_tensors* file, const char* path,
                              irl_errinfo* info) {
  irl_jout settings;
  irl_err err = settings_text(c, &settings, info);
  const char* stored = irl_tensors_metadata(file, "settings");
  if (err == IRL_OK && (stored == NULL || strcmp(stored, settings.text) != 0)) {
    err = irl_fail(info, IRL_EDIM,
                   "%s: the search was begun with another task, seed or settings; give those, or "
                   "leave out --resume",
                   path);
  }
  irl_jout_fini(&settings);
  return err;
}

static irl_err copy_out(double* out, const irl_tensors* file, const char* name, int rank,
                        const int64_t* shape, irl_errinfo* info) {
  const void* data = NULL;
  size_t count = 1;
  IRL_TRY(irl_tensors_find(file, name, IRL_F64, rank, shape, &data, info));
  for (int i = 0; i < rank; i++) {
    count *= (size_t)shape[i];
  }
  memcpy(out, data, count * sizeof *out);
  return IRL_OK;
}

static irl_err read_policy(irl_policy* policy, const irl_tensors* file, const char* prefix,
                           irl_errinfo* info) {
  irl_policy read;
  IRL_TRY(irl_policy_from_tensors(&read, file, prefix, info));
  irl_err err = IRL_OK;
  if (read.steps != 1 || read.nx != policy->nx || read.nu != policy->nu) {
    err = irl_fail(info, IRL_EDIM, "search: its policy has other sizes; leave out --resume");
  } else {
    irl_policy_copy(policy, &read);
  }
  irl_policy_destroy(&read);
  return err;
}

static irl_err read_whiten(irl_whiten* w, const irl_tensors* file, irl_errinfo* info) {
  const int64_t nx = w->n, one = 1;
  IRL_TRY(copy_out(w->mean, file, "whiten/mean", 1, &nx, info));
  IRL_TRY(copy_out(w->m2, file, "whiten/m2", 1, &nx, info));
  return copy_out(&w->count, file, "whiten/count", 1, &one, info);
}

static irl_err read_method(irl_campaign* c, const irl_tensors* file, irl_errinfo* info) {
  const int64_t weights[] = {c->info->nu, c->info->nx + 1}, features = c->value.n, one = 1;
  if (is_random(c)) {
    IRL_TRY(copy_out(c->random.M, file, "random/weights", 2, weights, info));
    IRL_TRY(read_whiten(&c->random.whiten, file, info));
    irl_random_search_refresh(&c->random);
    return IRL_OK;
  }
  IRL_TRY(copy_out(c->value.weight, file, "value/weight", 1, &features, info));
  IRL_TRY(copy_out(&c->value.fitted, file, "value/fitted", 1, &one, info));
  return read_whiten(&c->whiten, file, info);
}

// Trajectories are as long as the steps before made them: a file may not say otherwise than
// between one step and what there is room for.
static irl_err read_counts(irl_campaign* c, const irl_tensors* file, irl_errinfo* info) {
  const int64_t counts = COUNTS;
  const void* data = NULL;
  IRL_TRY(irl_tensors_find(file, "counts", IRL_I64, 1, &counts, &data, info));
  const int64_t* count = data;
  if (count[2] < 1 || count[2] > c->info->horizon) {
    return irl_fail(info, IRL_EDIM,
                    "search: its trajectories have %lld steps, the task's at most %d; leave out "
                    "--resume",
                    (long long)count[2], c->info->horizon);
  }
  c->iteration = (int)count[0];
  c->env_steps = count[1];
  c->batch.horizon = (int)count[2];
  return IRL_OK;
}

static irl_err read_all(irl_campaign* c, const irl_tensors* file, const char* path,
                        irl_errinfo* info) {
  const int64_t scores = SCORES;
  double score[SCORES];
  IRL_TRY(check_settings(c, file, path, info));
  IRL_TRY(copy_out(score, file, "scores", 1, &scores, info));
  IRL_TRY(read_policy(&c->policy, file, "policy/", info));
  IRL_TRY(read_policy(&c->best, file, "best/", info));
  IRL_TRY(read_method(c, file, info));
  IRL_TRY(read_counts(c, file, info));
  c->best_score = score[0];
  c->score = score[1];
  c->report = score[2];
  return IRL_OK;
}

irl_err irl_campaign_load(irl_campaign* c, const char* path, irl_errinfo* info) {
  irl_tensors* file = NULL;
  IRL_TRY(irl_tensors_load(&file, path, info));
  irl_err err = read_all(c, file, path, info);
  irl_tensors_destroy(file);
  return err;
}
