// The file of a search under way: what the next steps depend on, and nothing of time or machine.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/tensors.h"
#include "irl/search_file_internal.h"
#include "irl/stationary_internal.h"

static const char format[] = "mjirl-search-2";

enum {
  OWN_TENSORS = 10,
  MOST_TENSORS = OWN_TENSORS + IRL_CAMPAIGN_TENSORS,
  COUNTS = 3,
  SCORES = 3
};
enum { PHASE, ROUND, TURN, LEFT, STAGES };
enum { SECONDS = 2 };

// The plan as far as it must be the same. A single search whose sizes stay may become longer, and
// may have another return to end at.
static irl_expert_plan fixed_plan(const irl_stationary_options* o) {
  irl_expert_plan p = o->whole != NULL ? *o->whole : o->plan;
  p.best_return = NAN;
  if (p.then == NULL && p.restarts == 1 && p.last == 1) {
    p.iterations = p.audition = 0;
    p.stop_return = NAN;
  }
  return p;
}

// What else trajectories are drawn by, where it is not as usual.
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

// What must be the same for a search to go on.
static irl_err settings_text(const irl_campaign* c, irl_jout* out, irl_errinfo* info) {
  const irl_stationary_options* o = c->options;
  const irl_expert_plan plan = fixed_plan(o);
  irl_jout_init(out, false);
  irl_jout_open(out, '{');
  irl_search_identity(o->task, o->seed, out);
  if (plan.method == IRL_EXPERT_NATURAL) {
    irl_jout_key_number(out, "temperature", o->temperature);
  }
  irl_jout_key(out, "plan");
  irl_expert_plan_write(&plan, out);
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
    if (c->options->plan.average > 1) {
      t[n++] = irl_tensor_of("random/mean", IRL_F64, c->random.mean, 2, weights);
    }
    return add_whiten(&c->random.whiten, t, n);
  }
  t[n++] = irl_tensor_of("value/weight", IRL_F64, c->value.weight, 1, &features);
  t[n++] = irl_tensor_of("value/fitted", IRL_F64, &c->value.fitted, 1, &one);
  return add_whiten(&c->whiten, t, n);
}

int irl_campaign_tensors(const irl_campaign* c, irl_tensor t[IRL_CAMPAIGN_TENSORS]) {
  irl_policy_tensors(&c->policy, "policy/", t);
  irl_policy_tensors(&c->best, "best/", t + 3);
  return add_method(c, t, 6);
}

irl_err irl_campaign_refresh(irl_campaign* c) {
  if (is_random(c)) {
    irl_random_search_refresh(&c->random);
  }
  IRL_TRY(irl_policy_factor(&c->policy, NULL));
  return irl_policy_factor(&c->best, NULL);
}

// Where the audition is, and what waits in it.
static int add_starts(const irl_campaign* c, irl_tensor* t, int n) {
  const int64_t starts = irl_campaign_starts(c), shape[] = {starts, irl_campaign_size(c)};
  if (c->order != NULL) {
    t[n++] = irl_tensor_of("starts/order", IRL_I64, c->order, 1, &starts);
    t[n++] = irl_tensor_of("starts/waiting", IRL_F64, c->waiting, 2, shape);
  }
  return n;
}

irl_err irl_campaign_save(const irl_campaign* c, const char* path, irl_errinfo* info) {
  const int64_t count[COUNTS] = {c->iteration, c->env_steps, c->batch.horizon}, counts = COUNTS,
                stage[STAGES] = {c->options->phase, c->round, c->turn, c->left}, stages = STAGES,
                scores = SCORES, parts = SECONDS;
  const double score[SCORES] = {c->best_score, c->score, c->report};
  const irl_seconds took = irl_seconds_since(c->begun);
  const double seconds[SECONDS] = {c->past.wall + took.wall, c->past.cpu + took.cpu};
  irl_tensor t[MOST_TENSORS];
  irl_jout settings;
  int n = irl_campaign_tensors(c, t);
  t[n++] = irl_tensor_of("counts", IRL_I64, count, 1, &counts);
  t[n++] = irl_tensor_of("stage", IRL_I64, stage, 1, &stages);
  t[n++] = irl_tensor_of("scores", IRL_F64, score, 1, &scores);
  t[n++] = irl_tensor_of("seconds", IRL_F64, seconds, 1, &parts);
  n = add_starts(c, t, n);
  if (c->options->phase > 0) {
    irl_policy_tensors(c->options->start, "start/", t + n);
    n += 3;
  }
  irl_err err = settings_text(c, &settings, info);
  if (err == IRL_OK) {
    const char* metadata[] = {"format", format, "settings", settings.text};
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
    err = irl_search_other(path, info);
  }
  irl_jout_fini(&settings);
  return err;
}

static irl_err read_numbers(void* out, const char* name, irl_dtype dtype, int64_t n,
                            const irl_tensors* file, irl_errinfo* info) {
  const irl_tensor t = irl_tensor_of(name, dtype, out, 1, &n);
  return irl_tensor_read(&t, file, info);
}

// Trajectories are as long as the steps before made them: a file may not say otherwise than
// between one step and what there is room for. Written so that NaN is refused.
static irl_err check_counts(const irl_campaign* c, double iteration, double steps,
                            irl_errinfo* info) {
  const int most = irl_campaign_most_steps(c);
  if (iteration >= 0 && iteration <= INT32_MAX && steps >= 1 && steps <= most) {
    return IRL_OK;
  }
  return irl_fail(info, IRL_EDIM,
                  "search: after %g steps its trajectories have %g, of at most %d; leave out "
                  "--resume",
                  iteration, steps, most);
}

static irl_err read_counts(irl_campaign* c, const irl_tensors* file, irl_errinfo* info) {
  int64_t count[COUNTS];
  IRL_TRY(read_numbers(count, "counts", IRL_I64, COUNTS, file, info));
  IRL_TRY(check_counts(c, (double)count[0], (double)count[2], info));
  c->iteration = (int)count[0];
  c->env_steps = count[1];
  c->batch.horizon = (int)count[2];
  return IRL_OK;
}

static irl_err read_scores(irl_campaign* c, const irl_tensors* file, irl_errinfo* info) {
  double score[SCORES], seconds[SECONDS];
  IRL_TRY(read_numbers(score, "scores", IRL_F64, SCORES, file, info));
  IRL_TRY(read_numbers(seconds, "seconds", IRL_F64, SECONDS, file, info));
  c->best_score = score[0];
  c->score = score[1];
  c->report = score[2];
  c->past = (irl_seconds){seconds[0], seconds[1]};
  return IRL_OK;
}

// A file may not name starts that there are not.
static irl_err check_starts(const irl_campaign* c, const int64_t stage[STAGES], irl_errinfo* info) {
  const int64_t starts = irl_campaign_starts(c);
  bool sound = stage[LEFT] >= 1 && stage[LEFT] <= starts && stage[TURN] >= 0 &&
               stage[TURN] < stage[LEFT] && stage[ROUND] >= 0 && stage[ROUND] <= starts;
  for (int k = 0; k < starts && c->order != NULL; k++) {
    const double* waiting = c->waiting + k * irl_campaign_size(c);
    IRL_TRY(check_counts(c, waiting[IRL_WAITING_ITERATION], waiting[IRL_WAITING_STEPS], info));
    sound = sound && c->order[k] >= 0 && c->order[k] < starts;
  }
  return sound ? IRL_OK
               : irl_fail(info, IRL_EDIM,
                          "search: its starts are not those of an audition of %d; leave out "
                          "--resume",
                          (int)starts);
}

static irl_err read_starts(irl_campaign* c, const irl_tensors* file, irl_errinfo* info) {
  int64_t stage[STAGES];
  irl_tensor t[2];
  const int n = add_starts(c, t, 0);
  IRL_TRY(read_numbers(stage, "stage", IRL_I64, STAGES, file, info));
  for (int k = 0; k < n; k++) {
    IRL_TRY(irl_tensor_read(&t[k], file, info));
  }
  IRL_TRY(check_starts(c, stage, info));
  c->round = (int)stage[ROUND];
  c->turn = (int)stage[TURN];
  c->left = (int)stage[LEFT];
  c->seed = irl_campaign_seed(c->options, c->order != NULL ? (int)c->order[c->turn] : 0);
  c->random.seed = c->seed;
  return IRL_OK;
}

static irl_err read_all(irl_campaign* c, const irl_tensors* file, const char* path,
                        irl_errinfo* info) {
  irl_tensor t[IRL_CAMPAIGN_TENSORS];
  const int n = irl_campaign_tensors(c, t);
  IRL_TRY(check_settings(c, file, path, info));
  for (int k = 0; k < n; k++) {
    IRL_TRY(irl_tensor_read(&t[k], file, info));
  }
  IRL_TRY(read_counts(c, file, info));
  IRL_TRY(read_scores(c, file, info));
  IRL_TRY(read_starts(c, file, info));
  return irl_campaign_refresh(c);
}

irl_err irl_campaign_load(irl_campaign* c, const char* path, irl_errinfo* info) {
  irl_tensors* file = NULL;
  IRL_TRY(irl_tensors_load(&file, path, info));
  irl_err err = read_all(c, file, path, info);
  irl_tensors_destroy(file);
  return err;
}

static irl_err read_start(const irl_tensors* file, irl_policy* start, irl_errinfo* info) {
  irl_tensor t[3];
  irl_policy_tensors(start, "start/", t);
  for (int k = 0; k < 3; k++) {
    IRL_TRY(irl_tensor_read(&t[k], file, info));
  }
  return irl_policy_factor(start, info);
}

irl_err irl_campaign_peek(const char* path, int* phase, irl_policy* start, irl_errinfo* info) {
  irl_tensors* file = NULL;
  int64_t stage[STAGES];
  IRL_TRY(irl_tensors_load(&file, path, info));
  const char* kind = irl_tensors_metadata(file, "format");
  irl_err err = kind != NULL && strcmp(kind, format) == 0
                    ? read_numbers(stage, "stage", IRL_I64, STAGES, file, info)
                    : irl_search_other(path, info);
  if (err == IRL_OK && (stage[PHASE] < 0 || stage[PHASE] > INT32_MAX)) {
    err = irl_search_other(path, info);
  }
  if (err == IRL_OK && stage[PHASE] > 0) {
    err = read_start(file, start, info);
  }
  *phase = err == IRL_OK ? (int)stage[PHASE] : 0;
  irl_tensors_destroy(file);
  return err;
}
