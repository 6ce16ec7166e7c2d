// The file of a search for trajectories, as it is between two stages: what the next ones depend on,
// and nothing of the machine. Random streams are functions of the seed and of these numbers.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/linalg.h"
#include "base/tensors.h"
#include "irl/optimizer_internal.h"
#include "irl/search_file_internal.h"

static const char format[] = "mjirl-trajectories-1";

enum { PLACE_NEXT, PLACE_REPEAT, PLACE_TURN, PLACE_ITERATION, PLACE_STEPS, PLACES };
enum { FROM, OWN, OLDER, REJECTED, STARTED, DRAWN, WRONG, INDEFINITE, COUNTS };
enum {
  ETA,
  MULTIPLIER,
  PREDICTED,
  ERROR,
  KL,
  LAST_ETA,
  MEDIAN,
  LIMIT,
  COST,
  VARIANCE,
  ENTROPY,
  FIGURES
};
enum { LENGTH, CONDITION, VALID, TERMINATED, SUCCESS, MARKS };
enum { SECONDS = 2, POLICY_TENSORS = 6, ROW_TENSORS = 7, OTHER_TENSORS = 5 };

// What is written, or read, beside what lies in the search itself.
typedef struct snapshot {
  irl_optimizer* s;
  int64_t place[PLACES];
  double seconds[SECONDS];
  int64_t* alive;  // numbers of trials                            (nalive)
  int64_t* count;  // of each trial                                (ntrials, COUNTS)
  double* figure;  //                                              (ntrials, FIGURES)
  irl_batch rows;  // trajectories in use of all that are alive; none: zeroed
  int64_t* mark;   // their integers                               (rows.n, MARKS)
  irl_tensor* tensor;
  int n;
} snapshot;

static irl_err no_memory(irl_errinfo* info) {
  return irl_fail(info, IRL_ENOMEM, "search: out of memory; free some");
}

static irl_err damaged(const irl_optimizer* s, const char* what, irl_errinfo* info) {
  return irl_fail(info, IRL_EDIM, "%s: the file is damaged (%s); leave out --resume",
                  s->options->state, what);
}

static void snapshot_fini(snapshot* f) {
  irl_free(f->alive);
  irl_free(f->count);
  irl_free(f->figure);
  irl_batch_destroy(&f->rows);
  irl_free(f->mark);
  irl_free(f->tensor);
}

// Room for all but the trajectories, once it is known how many trials are alive.
static irl_err snapshot_init(snapshot* f) {
  const irl_optimizer* s = f->s;
  const int each = 2 * POLICY_TENSORS + 1;
  f->alive = IRL_NEW(int64_t, s->nalive);
  f->count = IRL_NEW(int64_t, (size_t)s->ntrials * COUNTS);
  f->figure = IRL_NEW(double, (size_t)s->ntrials* FIGURES);
  f->tensor = IRL_NEW(irl_tensor, s->nalive * each + ROW_TENSORS + OTHER_TENSORS);
  const bool all = f->alive != NULL && f->count != NULL && f->figure != NULL && f->tensor != NULL;
  return all ? IRL_OK : IRL_ENOMEM;
}

static int in_use(const irl_trial* t) {
  return t->n + t->older;
}

// Room for the trajectories.
static irl_err make_rows(snapshot* f) {
  const irl_optimizer* s = f->s;
  const irl_task_info* t = s->info;
  int n = 0;
  for (int j = 0; j < s->nalive; j++) {
    n += in_use(s->alive[j]);
  }
  if (n == 0) {
    return IRL_OK;
  }
  f->mark = IRL_NEW(int64_t, (size_t)n * MARKS);
  IRL_TRY(irl_batch_create(&f->rows, n, t->horizon, t->nx, t->nu, t->nz, t->nstate));
  return f->mark != NULL ? IRL_OK : IRL_ENOMEM;
}

//---------------------------------- Settings ------------------------------------------------------

static uint32_t checksum_of(const irl_tensor* tensor, int n, uint32_t crc) {
  for (int i = 0; i < n; i++) {
    crc = irl_crc32c(crc, tensor[i].data, irl_tensor_bytes(&tensor[i]));
  }
  return crc;
}

static uint32_t checksum_of_warm(const irl_optimize_options* o) {
  uint32_t crc = 0;
  for (int k = 0; k < o->nc; k++) {
    irl_tensor t[3];
    irl_policy_tensors(&o->warm[k], "", t);
    crc = checksum_of(t, 3, crc);
  }
  return crc;
}

static void write_conditions(const irl_optimize_options* o, irl_jout* out) {
  irl_jout_key(out, "conditions");
  irl_jout_open(out, '[');
  for (int k = 0; k < o->nc; k++) {
    irl_jout_int(out, o->condition[k]);
  }
  irl_jout_close(out);
}

static void write_plan(const irl_optimize_options* o, irl_jout* out) {
  irl_jout_key_int(out, "restarts", o->restarts);
  irl_jout_key_int(out, "rounds", o->rounds);
  irl_jout_key_int(out, "iterations", o->iterations);
  irl_jout_key_int(out, "samples", o->samples);
  irl_jout_key_number(out, "entropy", o->entropy);
  irl_jout_key_string(out, "dynamics", irl_dynamics_kind_name((int)o->dynamics));
  irl_jout_key_number(out, "polish", o->polish);
  irl_jout_key_string(out, "polish_dynamics", irl_dynamics_kind_name((int)o->polish_dynamics));
  irl_jout_key_string(out, "initial", irl_initial_name((int)o->initial));
  if (o->warm != NULL) {
    irl_jout_key_int(out, "warm", checksum_of_warm(o));
  }
}

// What must be the same for a search to go on.
static irl_err settings_text(const irl_optimizer* s, irl_jout* out, irl_errinfo* info) {
  const irl_optimize_options* o = s->options;
  irl_jout_init(out, false);
  irl_jout_open(out, '{');
  irl_search_identity(o->task, o->seed, out);
  write_plan(o, out);
  write_conditions(o, out);
  irl_jout_close(out);
  return out->failed ? no_memory(info) : IRL_OK;
}

//---------------------------------- Arrays --------------------------------------------------------

static irl_tensor* add(snapshot* f, const char* name, irl_dtype type, const void* data, int rank,
                       int64_t a, int64_t b, int64_t c) {
  const int64_t shape[] = {a, b, c};
  f->tensor[f->n] = irl_tensor_of(name, type, data, rank, shape);
  return &f->tensor[f->n++];
}

static void add_numbers(snapshot* f) {
  const irl_optimizer* s = f->s;
  add(f, "place", IRL_I64, f->place, 1, PLACES, 0, 0);
  add(f, "seconds", IRL_F64, f->seconds, 1, SECONDS, 0, 0);
  add(f, "alive", IRL_I64, f->alive, 1, s->nalive, 0, 0);
  add(f, "counts", IRL_I64, f->count, 2, s->ntrials, COUNTS, 0);
  add(f, "figures", IRL_F64, f->figure, 2, s->ntrials, FIGURES, 0);
}

// With what is derived of Σ: the step has Σ⁻¹ before Σ, and other bits would come of it from Σ.
static void add_policy(snapshot* f, const irl_policy* p, const char* kind, int j) {
  char prefix[32], name[48];
  snprintf(prefix, sizeof prefix, "%s/%d/", kind, j);
  irl_policy_tensors(p, prefix, f->tensor + f->n);
  f->n += 3;
  snprintf(name, sizeof name, "%schol", prefix);
  add(f, name, IRL_F64, p->chol, 3, p->steps, p->nu, p->nu);
  snprintf(name, sizeof name, "%sprec", prefix);
  add(f, name, IRL_F64, p->prec, 3, p->steps, p->nu, p->nu);
  snprintf(name, sizeof name, "%slogdet", prefix);
  add(f, name, IRL_F64, p->logdet, 1, p->steps, 0, 0);
}

// What the next stage begins with.
static irl_policy* policy_of(irl_trial* t) {
  return t->started ? &t->kept : &t->proposal;
}

static void add_trials(snapshot* f) {
  const irl_optimizer* s = f->s;
  for (int j = 0; j < s->nalive; j++) {
    irl_trial* t = s->alive[j];
    char name[48];
    add_policy(f, policy_of(t), "policy", j);
    if (t->started && t->now.n > 0) {
      snprintf(name, sizeof name, "policy/%d/costs", j);
      add(f, name, IRL_F64, t->now.path, 1, t->now.n, 0, 0);
    }
  }
  for (int j = 0; j < s->nrough; j++) {
    add_policy(f, &s->rough[j], "rough", j);
  }
}

static void add_rows(snapshot* f) {
  const irl_batch* b = &f->rows;
  const int64_t n = b->n, T = b->horizon;
  if (n == 0) {
    return;
  }
  add(f, "rows/marks", IRL_I64, f->mark, 2, n, MARKS, 0);
  add(f, "rows/x", IRL_F64, b->x, 3, n, T + 1, b->nx);
  add(f, "rows/u", IRL_F64, b->u, 3, n, T, b->nu);
  add(f, "rows/reward", IRL_F64, b->reward, 2, n, T, 0);
  add(f, "rows/logq", IRL_F64, b->logq, 2, n, T, 0);
  if (b->nz > 0) {
    add(f, "rows/z", IRL_F64, b->z, 3, n, T, b->nz);
  }
  if (b->nstate > 0) {
    add(f, "rows/state", IRL_F64, b->state, 3, n, T + 1, b->nstate);
  }
}

//---------------------------------- Saving --------------------------------------------------------

// Of starts that were given up too: a guest takes the place of one, and whether its first draws
// rest is decided by what was there.
static void put_trial(const irl_trial* t, int64_t* count, double* figure) {
  const irl_judgement* j = &t->now;
  const int64_t counts[COUNTS] = {t->from,    t->n, t->older, t->rejected,
                                  t->started, j->n, j->wrong, t->report.indefinite};
  const double figures[FIGURES] = {t->eta,       t->multiplier, t->predicted, t->error,
                                   t->report.kl, t->report.eta, j->median,    j->limit,
                                   j->cost,      j->variance,   j->entropy};
  memcpy(count, counts, sizeof counts);
  memcpy(figure, figures, sizeof figures);
}

static void put_numbers(snapshot* f) {
  const irl_optimizer* s = f->s;
  const irl_seconds took = irl_seconds_since(s->begun);
  const int64_t place[PLACES] = {s->next, s->repeat, s->turn, s->iteration,
                                 *s->env_steps - s->steps_before};
  memcpy(f->place, place, sizeof place);
  f->seconds[0] = s->past.wall + took.wall;
  f->seconds[1] = s->past.cpu + took.cpu;
  for (int j = 0; j < s->nalive; j++) {
    f->alive[j] = s->alive[j] - s->trial;
  }
  for (ptrdiff_t i = 0; i < s->ntrials; i++) {
    put_trial(&s->trial[i], f->count + i * COUNTS, f->figure + i * FIGURES);
  }
}

static void put_rows(snapshot* f) {
  irl_batch* b = &f->rows;
  int row = 0;
  for (int j = 0; j < f->s->nalive; j++) {
    const irl_trial* t = f->s->alive[j];
    for (int i = 0; i < in_use(t); i++, row++) {
      irl_batch_copy(b, row, &t->batch, t->index[i]);
      const int64_t mark[MARKS] = {b->length[row], b->condition[row], b->valid[row],
                                   b->terminated[row], b->success[row]};
      memcpy(f->mark + (ptrdiff_t)row * MARKS, mark, sizeof mark);
    }
  }
}

static irl_err write_file(const snapshot* f, irl_errinfo* info) {
  char crc[16];
  irl_jout settings;
  irl_err err = settings_text(f->s, &settings, info);
  if (err == IRL_OK) {
    snprintf(crc, sizeof crc, "%08x", checksum_of(f->tensor, f->n, 0));
    const char* metadata[] = {"crc32c", crc, "format", format, "settings", settings.text};
    err = irl_tensors_save(f->s->options->state, f->tensor, f->n, metadata, 3, info);
  }
  irl_jout_fini(&settings);
  return err;
}

irl_err irl_optimizer_save(irl_optimizer* s, irl_errinfo* info) {
  snapshot f = {.s = s};
  if (s->options->state == NULL) {
    return IRL_OK;
  }
  irl_err err = snapshot_init(&f);
  err = err == IRL_OK ? make_rows(&f) : err;
  if (err == IRL_OK) {
    put_numbers(&f);
    put_rows(&f);
    add_numbers(&f);
    add_trials(&f);
    add_rows(&f);
    err = write_file(&f, info);
  } else {
    no_memory(info);
  }
  snapshot_fini(&f);
  return err;
}

//---------------------------------- Reading -------------------------------------------------------

static irl_err check_file(const irl_optimizer* s, const irl_tensors* file, irl_errinfo* info) {
  const char* kind = irl_tensors_metadata(file, "format");
  const char* stored = irl_tensors_metadata(file, "settings");
  irl_jout settings;
  irl_err err = settings_text(s, &settings, info);
  if (err == IRL_OK && (kind == NULL || strcmp(kind, format) != 0 || stored == NULL ||
                        strcmp(stored, settings.text) != 0)) {
    err = irl_search_other(s->options->state, info);
  }
  irl_jout_fini(&settings);
  return err;
}

// All types are eight bytes wide, so that arrays are in the file in the order they were given in.
static irl_err check_sum(const irl_optimizer* s, const irl_tensors* file, irl_errinfo* info) {
  const char* stated = irl_tensors_metadata(file, "crc32c");
  char actual[16];
  uint32_t crc = 0;
  for (int i = 0; i < irl_tensors_count(file); i++) {
    const irl_tensor* t = irl_tensors_at(file, i);
    if (t->dtype != IRL_F64 && t->dtype != IRL_I64) {
      return damaged(s, t->name, info);
    }
    crc = checksum_of(t, 1, crc);
  }
  snprintf(actual, sizeof actual, "%08x", crc);
  return stated != NULL && strcmp(stated, actual) == 0 ? IRL_OK : damaged(s, "its checksum", info);
}

// Copies tensors of the file to where those from `first` on have their data.
static irl_err read_from(const snapshot* f, int first, const irl_tensors* file, irl_errinfo* info) {
  for (int i = first; i < f->n; i++) {
    IRL_TRY(irl_tensor_read(&f->tensor[i], file, info));
  }
  return IRL_OK;
}

static bool within(int64_t value, int64_t least, int64_t most) {
  return value >= least && value <= most;
}

// Each stage before the next one was run once or as often as it may be.
static bool place_is_sound(const irl_optimizer* s, const int64_t* p) {
  if (!within(p[PLACE_NEXT], 0, s->nstages)) {
    return false;
  }
  const int repeats = p[PLACE_NEXT] < s->nstages ? s->stages[p[PLACE_NEXT]].repeats : 1;
  int64_t most = 0;
  for (int i = 0; i < p[PLACE_NEXT]; i++) {
    most += s->stages[i].repeats;
  }
  return within(p[PLACE_REPEAT], 0, repeats - 1) &&
         within(p[PLACE_TURN], p[PLACE_NEXT] + p[PLACE_REPEAT], most + p[PLACE_REPEAT]) &&
         within(p[PLACE_ITERATION], 0, INT32_MAX / 2) && within(p[PLACE_STEPS], 0, INT64_MAX / 2);
}

// How many trials there are follows from the stage that was run last; ν is still that one's.
static irl_err read_place(snapshot* f, const irl_tensors* file, irl_errinfo* info) {
  irl_optimizer* s = f->s;
  const int64_t n = PLACES, *p = f->place;
  const void* data = NULL;
  IRL_TRY(irl_tensors_find(file, "place", IRL_I64, 1, &n, &data, info));
  memcpy(f->place, data, sizeof f->place);
  if (!place_is_sound(s, p)) {
    return damaged(s, "it is at a stage that there is not", info);
  }
  s->next = (int)p[PLACE_NEXT];
  s->repeat = (int)p[PLACE_REPEAT];
  s->turn = (int)p[PLACE_TURN];
  s->iteration = (int)p[PLACE_ITERATION];
  *s->env_steps = s->steps_before + p[PLACE_STEPS];
  if (s->turn > 0) {
    s->at = s->repeat > 0 ? s->next : s->next - 1;
    s->step.lqr.entropy_weight = s->stages[s->at].entropy_weight;
  }
  if (s->turn > 1) {
    s->nalive = s->options->nc * (s->stages[s->at].width + s->stages[s->at].guests);
  }
  return IRL_OK;
}

// Each condition's trials are of its own, and none is alive twice.
static bool alive_is_sound(const snapshot* f) {
  const irl_optimizer* s = f->s;
  const int width = s->nalive / s->options->nc;
  bool sound = true;
  for (int i = 0; i < s->nalive; i++) {
    const int64_t first = (int64_t)(i / width) * s->each;
    sound &= within(f->alive[i], first, first + s->each - 1);
    for (int j = 0; j < i; j++) {
      sound &= f->alive[j] != f->alive[i];
    }
  }
  return sound;
}

static bool counts_are_sound(const irl_optimizer* s, const irl_trial* t, const int64_t* c) {
  return within(c[FROM], -1, s->options->nc - 1) && within(c[OWN], 0, t->samples) &&
         within(c[OLDER], 0, t->batch.n - t->samples) && within(c[REJECTED], 0, INT32_MAX / 2) &&
         within(c[STARTED], 0, 1) && within(c[DRAWN], 0, t->samples) &&
         within(c[WRONG], 0, c[DRAWN]) && within(c[INDEFINITE], 0, INT32_MAX);
}

static void take_trial(irl_trial* t, const int64_t* count, const double* figure) {
  irl_judgement* j = &t->now;
  t->from = (int)count[FROM];
  t->n = (int)count[OWN];
  t->older = (int)count[OLDER];
  t->rejected = (int)count[REJECTED];
  t->started = count[STARTED] == 1;
  j->n = (int)count[DRAWN];
  j->wrong = (int)count[WRONG];
  t->report.indefinite = (int)count[INDEFINITE];
  t->eta = figure[ETA];
  t->multiplier = figure[MULTIPLIER];
  t->predicted = figure[PREDICTED];
  t->error = figure[ERROR];
  t->report.kl = figure[KL];
  t->report.eta = figure[LAST_ETA];
  j->median = figure[MEDIAN];
  j->limit = figure[LIMIT];
  j->cost = figure[COST];
  j->variance = figure[VARIANCE];
  j->entropy = figure[ENTROPY];
}

static irl_err take_numbers(const snapshot* f, irl_errinfo* info) {
  irl_optimizer* s = f->s;
  if (!alive_is_sound(f)) {
    return damaged(s, "it names starts that there are not", info);
  }
  s->past = (irl_seconds){f->seconds[0], f->seconds[1]};
  for (int i = 0; i < s->nalive; i++) {
    s->alive[i] = &s->trial[f->alive[i]];
  }
  for (ptrdiff_t i = 0; i < s->ntrials; i++) {
    const int64_t* count = f->count + i * COUNTS;
    if (!counts_are_sound(s, &s->trial[i], count)) {
      return damaged(s, "a start has counts that cannot be", info);
    }
    take_trial(&s->trial[i], count, f->figure + i * FIGURES);
  }
  return IRL_OK;
}

// Those from before the polish, if it has begun.
static irl_err make_rough(irl_optimizer* s) {
  return s->turn > 0 && s->stages[s->at].polishes ? irl_optimizer_remember_rough(s) : IRL_OK;
}

static bool is_finite(const irl_policy* p) {
  return irl_all_finite(p->K, (int)(p->logdet + p->steps - p->K));  // one block
}

// A guest that has drawn nothing yet keeps what it begins with.
static irl_err take_policies(const irl_optimizer* s, irl_errinfo* info) {
  bool finite = true;
  for (int j = 0; j < s->nalive; j++) {
    irl_trial* t = s->alive[j];
    finite &= is_finite(policy_of(t));
    if (!t->started && t->from >= 0) {
      irl_policy_copy(&t->kept, &t->proposal);
    }
  }
  for (int j = 0; j < s->nrough; j++) {
    finite &= is_finite(&s->rough[j]);
  }
  return finite ? IRL_OK : damaged(s, "a policy is not finite", info);
}

static bool mark_is_sound(const irl_optimizer* s, const irl_trial* t, const int64_t* m) {
  return within(m[LENGTH], 1, s->info->horizon) && m[CONDITION] == s->options->condition[t->slot] &&
         within(m[VALID], 0, 1) && within(m[TERMINATED], 0, 1) && within(m[SUCCESS], 0, 1);
}

// Trajectories of the policy come first, older ones behind the room for as many as are drawn.
static irl_err take_rows(snapshot* f, irl_errinfo* info) {
  irl_batch* b = &f->rows;
  int row = 0;
  for (int j = 0; j < f->s->nalive; j++) {
    irl_trial* t = f->s->alive[j];
    for (int i = 0; i < in_use(t); i++, row++) {
      const int64_t* mark = f->mark + (ptrdiff_t)row * MARKS;
      if (!mark_is_sound(f->s, t, mark)) {
        return damaged(f->s, "a trajectory is not one of the task's", info);
      }
      b->length[row] = (int)mark[LENGTH];
      b->condition[row] = (int)mark[CONDITION];
      b->valid[row] = mark[VALID] == 1;
      b->terminated[row] = mark[TERMINATED] == 1;
      b->success[row] = mark[SUCCESS] == 1;
      t->index[i] = i < t->n ? i : t->samples + i - t->n;
      irl_batch_copy(&t->batch, t->index[i], b, row);
    }
  }
  return IRL_OK;
}

static irl_err read_all(snapshot* f, const irl_tensors* file, irl_errinfo* info) {
  irl_optimizer* s = f->s;
  IRL_TRY(check_file(s, file, info));
  IRL_TRY(check_sum(s, file, info));
  IRL_TRY(read_place(f, file, info));
  IRL_TRY(snapshot_init(f));
  add_numbers(f);
  IRL_TRY(read_from(f, 0, file, info));
  IRL_TRY(take_numbers(f, info));
  IRL_TRY(make_rough(s));
  IRL_TRY(make_rows(f));
  const int numbers = f->n;
  add_trials(f);
  add_rows(f);
  IRL_TRY(read_from(f, numbers, file, info));
  IRL_TRY(take_policies(s, info));
  return take_rows(f, info);
}

irl_err irl_optimizer_load(irl_optimizer* s, irl_errinfo* info) {
  snapshot f = {.s = s};
  irl_tensors* file = NULL;
  IRL_TRY(irl_tensors_load(&file, s->options->state, info));
  irl_err err = read_all(&f, file, info);
  irl_tensors_destroy(file);
  snapshot_fini(&f);
  if (err == IRL_OK && s->options->earlier != NULL) {
    *s->options->earlier = s->past;
  }
  return err;
}

irl_err irl_optimizer_check_state(const irl_optimizer* s, irl_errinfo* info) {
  const irl_optimize_options* o = s->options;
  const bool mixture =
      o->dynamics == IRL_DYNAMICS_MIXTURE || o->polish_dynamics == IRL_DYNAMICS_MIXTURE;
  return o->state == NULL || !mixture
             ? IRL_OK
             : irl_fail(
                   info, IRL_EUNSUPPORTED,
                   "%s: a search with dynamics 'mixture' cannot be saved, for its models go on "
                   "from each other; choose other dynamics or leave out the file",
                   o->state);
}
