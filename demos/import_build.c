// From arrays as they came to a dataset of a task: what fits is taken, what the task can compute is
// computed, what is missing is said.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "demos/import_internal.h"

typedef enum state_form {
  NO_STATE,
  FULL_STATE,      // the task's own parts
  TIME_QPOS_QVEL,  // robosuite's row
  QPOS_QVEL,       // one row
  QPOS_AND_QVEL    // two arrays
} state_form;

typedef struct builder {
  irl_raw* raw;
  const irl_task* task;
  const irl_task_info* t;
  bool have[RAW_NKINDS];  // in all episodes, in the task's width
  state_form form;
  irl_derive* derive;    // NULL: nothing is simulated
  double* plain;         // (nstate) an ordinary state, for what a file's states leave open
  int* length;           // (n) control steps
  int qpos, qvel, time;  // offsets within a state row
  irl_demos* demos;
  irl_derive_rows rows;  // memory for one episode, (T+1, ...)
  double *rows_state, *rows_action;
} builder;

static const char* const NAMES[RAW_NKINDS] = {
    "observations", "next observations", "raw actions", "applied actions", "rewards",  "states",
    "next states",  "positions",         "velocities",  "log-densities",   "residuals"};

//---------------------------------- What there is -------------------------------------------------

// Whether a part is there in all episodes in the given width (0: any one).
static bool everywhere(const builder* b, irl_raw_kind kind, int width) {
  for (int i = 0; i < b->raw->n; i++) {
    const irl_raw_array* part = &b->raw->episode[i].part[kind];
    int wanted = width ? width : b->raw->episode[0].part[kind].cols;
    if (!part->data || part->cols != wanted) {
      return false;
    }
  }
  return true;
}

// Whether any episode has it.
static const irl_raw_array* somewhere(const builder* b, irl_raw_kind kind) {
  for (int i = 0; i < b->raw->n; i++) {
    if (b->raw->episode[i].part[kind].data) {
      return &b->raw->episode[i].part[kind];
    }
  }
  return NULL;
}

// Settles a part; one that is there but of no use is reported.
static void settle(builder* b, irl_raw_kind kind, int width) {
  b->have[kind] = everywhere(b, kind, width);
  const irl_raw_array* some = somewhere(b, kind);
  if (!b->have[kind] && some && some->cols != width) {
    irl_report_lost(b->raw->report, "%s: have %d columns, task %s has %d", NAMES[kind], some->cols,
                    b->t->name, width);
  } else if (!b->have[kind] && some) {
    irl_report_lost(b->raw->report, "%s: are missing in some episodes", NAMES[kind]);
  }
}

static void settle_states(builder* b) {
  const irl_task_info* t = b->t;
  int width = everywhere(b, RAW_STATE, 0) ? b->raw->episode[0].part[RAW_STATE].cols : 0;
  b->form = width == t->nstate                ? FULL_STATE
            : width == 1 + t->nq + t->nv      ? TIME_QPOS_QVEL
            : width && width == t->nq + t->nv ? QPOS_QVEL
                                              : NO_STATE;
  if (b->form == NO_STATE && everywhere(b, RAW_QPOS, t->nq) && everywhere(b, RAW_QVEL, t->nv)) {
    b->form = QPOS_AND_QVEL;
  }
  if (b->form == NO_STATE && somewhere(b, RAW_STATE)) {
    irl_report_lost(b->raw->report,
                    "states: have %d columns; task %s has %d, or %d of time, qpos, qvel",
                    somewhere(b, RAW_STATE)->cols, t->name, t->nstate, 1 + t->nq + t->nv);
  } else if (b->form == NO_STATE) {
    irl_report_lost(b->raw->report, "states: not in the file, so nothing can be simulated again");
  } else if (b->form != FULL_STATE) {
    irl_report_lost(b->raw->report,
                    "states: positions and velocities only; the solver's warm start "
                    "and the like are not known, so a second simulation may differ in last digits");
  }
}

static irl_err settle_all(builder* b) {
  const irl_task_info* t = b->t;
  settle(b, RAW_X, t->nx);
  settle(b, RAW_NEXT_X, t->nx);
  settle(b, RAW_U, t->nu);
  settle(b, RAW_APPLIED, t->nu);
  settle(b, RAW_REWARD, 1);
  settle(b, RAW_LOGQ, 1);
  settle(b, RAW_Z, t->nz);
  b->have[RAW_Z] &= t->nz > 0;
  settle_states(b);
  b->have[RAW_NEXT_STATE] = b->form == FULL_STATE && everywhere(b, RAW_NEXT_STATE, t->nstate);
  if (!b->have[RAW_X] && b->form == NO_STATE) {
    const irl_raw_array* x = somewhere(b, RAW_X);
    return irl_fail(b->raw->info, IRL_EDIM,
                    "%s: has neither observations of %d entries (%d found) nor states of task %s; "
                    "give the task that it was made with",
                    b->raw->path, t->nx, x ? x->cols : 0, t->name);
  }
  return IRL_OK;
}

//---------------------------------- Lengths -------------------------------------------------------

// The part that says how many observations or states there are.
static const irl_raw_array* row_part(const builder* b, int i) {
  const irl_raw_array* part = b->raw->episode[i].part;
  return b->have[RAW_X]             ? &part[RAW_X]
         : b->form == QPOS_AND_QVEL ? &part[RAW_QPOS]
                                    : &part[RAW_STATE];
}

static const irl_raw_array* action_part(const builder* b, int i) {
  const irl_raw_array* part = b->raw->episode[i].part;
  return b->have[RAW_U] ? &part[RAW_U] : b->have[RAW_APPLIED] ? &part[RAW_APPLIED] : NULL;
}

static irl_err bad_rows(const builder* b, int i, irl_raw_kind kind, int rows, int steps) {
  return irl_fail(b->raw->info, IRL_EDIM,
                  "%s: episode %d has %d rows of %s, but %d steps; repair the file", b->raw->path,
                  i, rows, NAMES[kind], steps);
}

// Control steps of an episode. Without an observation behind the last action that step is lost,
// unless states let the task compute it.
static irl_err measure(const builder* b, int i, int* lost) {
  const irl_raw_array *rows = row_part(b, i), *actions = action_part(b, i);
  int steps = actions ? actions->rows : rows->rows - 1;
  bool closed = rows->rows == steps + 1;
  if (!closed && rows->rows != steps) {
    return bad_rows(b, i, b->have[RAW_X] ? RAW_X : RAW_STATE, rows->rows, steps);
  }
  for (int k = 0; k < RAW_NKINDS; k++) {
    const irl_raw_array* part = &b->raw->episode[i].part[k];
    bool per_row = k == RAW_X || k == RAW_STATE || k == RAW_QPOS || k == RAW_QVEL;
    bool used = b->have[k] || (per_row && b->form != NO_STATE && part->data);
    if (used && part->rows != steps && !(per_row && part->rows == steps + 1)) {
      return bad_rows(b, i, (irl_raw_kind)k, part->rows, steps);
    }
  }
  bool known = closed || b->have[RAW_NEXT_X] || (b->form != NO_STATE && actions);
  *lost += !known;
  b->length[i] = known ? steps : steps - 1;
  return IRL_OK;
}

// Takes episodes without a step out of the list.
static void drop_empty(builder* b) {
  irl_raw* raw = b->raw;
  int n = 0;
  for (int i = 0; i < raw->n; i++) {
    if (b->length[i] >= 1) {
      irl_raw_episode swapped = raw->episode[n];
      b->length[n] = b->length[i];
      raw->episode[n++] = raw->episode[i];
      if (i >= n) {
        raw->episode[i] = swapped;
      }
    }
  }
  if (n < raw->n) {
    irl_report_lost(raw->report, "episodes: %d without a single whole step", raw->n - n);
  }
  for (int i = n; i < raw->n; i++) {
    irl_free(raw->episode[i].label);
  }
  raw->n = n;
}

static irl_err measure_all(builder* b, int* horizon) {
  int lost = 0;
  for (int i = 0; i < b->raw->n; i++) {
    IRL_TRY(measure(b, i, &lost));
  }
  if (lost) {
    irl_report_lost(b->raw->report,
                    "last steps: of %d episodes, as no observation stands behind their last action",
                    lost);
  }
  drop_empty(b);
  *horizon = 0;
  for (int i = 0; i < b->raw->n; i++) {
    *horizon = b->length[i] > *horizon ? b->length[i] : *horizon;
  }
  return b->raw->n > 0
             ? IRL_OK
             : irl_fail(b->raw->info, IRL_EPARSE,
                        "%s: no episode has a whole step; give another file", b->raw->path);
}

static irl_err check_finite(const builder* b) {
  for (int i = 0; i < b->raw->n; i++) {
    for (int k = 0; k < RAW_NKINDS; k++) {
      const irl_raw_array* part = &b->raw->episode[i].part[k];
      for (int64_t e = 0; part->data && e < (int64_t)part->rows * part->cols; e++) {
        if (!isfinite(part->data[e])) {
          return irl_fail(b->raw->info, IRL_ENUM,
                          "%s: episode %d: its %s are not finite at row %d; remove the episode",
                          b->raw->path, i, NAMES[k], (int)(e / part->cols));
        }
      }
    }
  }
  return IRL_OK;
}

//---------------------------------- States --------------------------------------------------------

// Time, positions and velocities of row r of whatever the file has, into a state row of the task.
static void put_recorded(const builder* b, int i, int r, double* out) {
  const irl_raw_array* part = b->raw->episode[i].part;
  const irl_task_info* t = b->t;
  bool timed = b->form == TIME_QPOS_QVEL;
  const double *qpos, *qvel;
  if (b->form == QPOS_AND_QVEL) {
    qpos = part[RAW_QPOS].data + (int64_t)r * t->nq;
    qvel = part[RAW_QVEL].data + (int64_t)r * t->nv;
  } else {
    qpos = part[RAW_STATE].data + (int64_t)r * part[RAW_STATE].cols + timed;
    qvel = qpos + t->nq;
  }
  out[b->time] = timed ? qpos[-1] : r * t->dt;
  memcpy(out + b->qpos, qpos, (size_t)t->nq * sizeof *out);
  memcpy(out + b->qvel, qvel, (size_t)t->nv * sizeof *out);
}

// A state row of the task; what the file does not have is as in an ordinary state.
static void put_state(const builder* b, int i, int r, double* out) {
  const irl_raw_array* full = &b->raw->episode[i].part[RAW_STATE];
  size_t row = (size_t)b->t->nstate * sizeof *out;
  if (b->form == FULL_STATE) {
    memcpy(out, full->data + (int64_t)r * full->cols, row);
    return;
  }
  memcpy(out, b->plain, row);
  put_recorded(b, i, r, out);
}

// Rows of states that the file has of an episode.
static int state_rows(const builder* b, int i) {
  const irl_raw_array* part = b->raw->episode[i].part;
  return b->form == QPOS_AND_QVEL ? part[RAW_QPOS].rows : part[RAW_STATE].rows;
}

static void find_parts(builder* b) {
  int count;
  const irl_state_part* parts = irl_task_state_parts(b->task, &count);
  for (int p = 0; p < count; p++) {
    b->qpos = strcmp(parts[p].name, "qpos") ? b->qpos : parts[p].offset;
    b->qvel = strcmp(parts[p].name, "qvel") ? b->qvel : parts[p].offset;
    b->time = strcmp(parts[p].name, "time") ? b->time : parts[p].offset;
  }
}

// An ordinary state of the task with a cold solver.
static irl_err find_plain(builder* b) {
  int count;
  const irl_state_part* parts = irl_task_state_parts(b->task, &count);
  b->plain = IRL_NEW(double, b->t->nstate);
  if (!b->plain) {
    return IRL_ENOMEM;
  }
  IRL_TRY(irl_derive_starts(b->derive, 0, true, 1, NULL, b->plain, b->raw->info));
  for (int p = 0; p < count; p++) {
    if (!strcmp(parts[p].name, "qacc_warmstart")) {
      memset(b->plain + parts[p].offset, 0, (size_t)parts[p].size * sizeof(double));
    }
  }
  return IRL_OK;
}

//---------------------------------- Copying -------------------------------------------------------

static void copy_rows(double* to, const irl_raw_array* from, int rows) {
  if (to && from->data) {
    memcpy(to, from->data, (size_t)rows * (size_t)from->cols * sizeof *to);
  }
}

// From robomimic's scale to the task's; unbounded ones are as they are.
static void unscale(const builder* b, double* u, int steps) {
  const double *low = irl_task_action_low(b->task), *high = irl_task_action_high(b->task);
  for (int e = 0; e < steps * b->t->nu; e++) {
    double lo = low[e % b->t->nu], hi = high[e % b->t->nu];
    bool plain = (lo == -1 && hi == 1) || !isfinite(lo) || !isfinite(hi);
    u[e] = plain ? u[e] : lo + (u[e] + 1) / 2 * (hi - lo);
  }
}

// Parts that the file itself has.
static void copy_episode(const builder* b, int i) {
  irl_batch* d = &b->demos->batch;
  const irl_raw_episode* e = &b->raw->episode[i];
  int T = b->length[i];
  int64_t step = (int64_t)i * d->horizon;
  const irl_raw_array *actions = action_part(b, i), *x = &e->part[RAW_X];
  if (b->have[RAW_X]) {
    copy_rows(irl_batch_x(d, i, 0), x, x->rows < T + 1 ? x->rows : T + 1);
  }
  if (b->have[RAW_X] && x->rows == T && b->have[RAW_NEXT_X]) {
    memcpy(irl_batch_x(d, i, T), e->part[RAW_NEXT_X].data + (int64_t)(T - 1) * d->nx,
           (size_t)d->nx * sizeof(double));
  }
  if (actions) {
    copy_rows(irl_batch_u(d, i, 0), actions, T);
  }
  if (b->raw->unit_actions && actions) {
    unscale(b, irl_batch_u(d, i, 0), T);
  }
  copy_rows(b->have[RAW_REWARD] ? d->reward + step : NULL, &e->part[RAW_REWARD], T);
  copy_rows(b->have[RAW_LOGQ] ? d->logq + step : NULL, &e->part[RAW_LOGQ], T);
  copy_rows(b->have[RAW_Z] ? irl_batch_z(d, i, 0) : NULL, &e->part[RAW_Z], T);
  int rows = b->form == NO_STATE ? 0 : state_rows(b, i);
  for (int r = 0; r < rows && r <= T; r++) {
    put_state(b, i, r, irl_batch_state(d, i, r));
  }
  if (b->have[RAW_NEXT_STATE] && rows == T) {
    memcpy(irl_batch_state(d, i, T), e->part[RAW_NEXT_STATE].data + (int64_t)(T - 1) * d->nstate,
           (size_t)d->nstate * sizeof(double));
  }
}

// What is known of an episode as a whole.
static irl_err copy_facts(const builder* b, int i) {
  irl_demos* d = b->demos;
  irl_raw_episode* e = &b->raw->episode[i];
  bool condition = e->condition >= 0 && e->condition < b->t->nconditions;
  d->batch.length[i] = b->length[i];
  d->batch.terminated[i] = e->terminated == 1;
  d->batch.success[i] = e->success == 1;
  d->batch.condition[i] = condition ? (int)e->condition : 0;
  d->seed[i] = e->has_seed ? e->seed : 0;
  d->facts[i] = (uint8_t)((condition ? IRL_DEMO_CONDITION : 0) | (e->has_seed ? IRL_DEMO_SEED : 0) |
                          (e->success >= 0 ? IRL_DEMO_SUCCESS : 0));
  d->has_condition &= condition;
  d->has_seed &= e->has_seed;
  d->has_success &= e->success >= 0;
  d->label[i] = e->label ? e->label : irl_demos_text("");
  e->label = NULL;
  d->recording[i] = irl_demos_text("");
  if (d->mask) {
    d->mask[i] = e->mask;
  }
  return d->label[i] && d->recording[i] ? IRL_OK : IRL_ENOMEM;
}

//---------------------------------- Computing -----------------------------------------------------

// Whether the task has something to compute.
static bool wants_derive(const builder* b) {
  bool actions = b->have[RAW_U] || b->have[RAW_APPLIED];
  bool open_end = false;
  for (int i = 0; b->form != NO_STATE && i < b->raw->n; i++) {
    open_end |= state_rows(b, i) == b->length[i] && !b->have[RAW_NEXT_STATE];
  }
  return b->form != NO_STATE &&
         (!b->have[RAW_X] || open_end || (actions && !b->have[RAW_REWARD] && b->t->has_reward) ||
          (actions && !b->have[RAW_Z] && b->t->nz > 0));
}

// How far one simulated step is from the next recorded state.
static void note_error(const builder* b, int i, int known) {
  const irl_batch* d = &b->demos->batch;
  double* worst = &b->raw->report->state_error;
  for (int t = 0; t + 1 < known && t < b->length[i]; t++) {
    const double *is = b->rows.next_state + (int64_t)t * d->nstate,
                 *was = irl_batch_state(d, i, t + 1);
    for (int e = 0; e < b->t->nq + b->t->nv; e++) {
      int at = e < b->t->nq ? b->qpos + e : b->qvel + e - b->t->nq;
      *worst = fmax(*worst, fabs(is[at] - was[at]));  // fmax passes over the NaN it starts with
    }
  }
}

// Observations of recorded states. Under Gymnasium's timing an observation shows the bodies one
// physics step before the state, so that it takes the step that led there.
static void put_observations(const builder* b, int i, int known, bool actions) {
  irl_batch* d = &b->demos->batch;
  size_t row = (size_t)d->nx * sizeof(double);
  for (int t = 0; t <= b->length[i]; t++) {
    bool own = t < known && (t == 0 || !actions || b->t->timing == IRL_TIMING_FRESH);
    const double* from =
        own ? b->rows.x + (int64_t)t * d->nx : b->rows.next_x + (int64_t)(t - 1) * d->nx;
    memcpy(irl_batch_x(d, i, t), from, row);
  }
}

// What a file's states leave open (warm start, activations) carries over from the simulated step.
static void carry_rest(const builder* b, int i, int known) {
  const irl_batch* d = &b->demos->batch;
  for (int t = 0; t + 1 < known; t++) {
    memcpy(irl_batch_state(d, i, t + 1), b->rows.next_state + (int64_t)t * d->nstate,
           (size_t)d->nstate * sizeof(double));
    put_recorded(b, i, t + 1, irl_batch_state(d, i, t + 1));
  }
}

// Simulates one step from each state of an episode and takes what the file does not have.
static irl_err derive_episode(builder* b, int i) {
  irl_batch* d = &b->demos->batch;
  int T = b->length[i], known = state_rows(b, i);
  bool actions = action_part(b, i) != NULL;
  known = b->have[RAW_NEXT_STATE] || known > T + 1 ? T + 1 : known;
  size_t real = sizeof(double);
  b->rows.n = known;
  b->rows.state = irl_batch_state(d, i, 0);
  memset(b->rows_action, 0, (size_t)(T + 1) * (size_t)d->nu * real);
  memcpy(b->rows_action, irl_batch_u(d, i, 0), (size_t)T * (size_t)d->nu * real);
  b->rows.action = actions ? b->rows_action : NULL;
  IRL_TRY(irl_derive_run(b->derive, &b->rows, b->raw->info));
  if (actions) {
    note_error(b, i, known);
  }
  if (!b->have[RAW_X]) {
    put_observations(b, i, known, actions);
  } else if (row_part(b, i)->rows == T && !b->have[RAW_NEXT_X]) {
    memcpy(irl_batch_x(d, i, T), b->rows.next_x + (int64_t)(T - 1) * d->nx, (size_t)d->nx * real);
  }
  if (known == T) {
    memcpy(irl_batch_state(d, i, T), b->rows.next_state + (int64_t)(T - 1) * d->nstate,
           (size_t)d->nstate * real);
  }
  if (!b->have[RAW_REWARD] && b->t->has_reward && actions) {
    memcpy(d->reward + (int64_t)i * d->horizon, b->rows.reward, (size_t)T * real);
  }
  if (!b->have[RAW_Z] && actions && d->nz > 0) {
    memcpy(irl_batch_z(d, i, 0), b->rows.z, (size_t)T * (size_t)d->nz * real);
  }
  if (b->form != FULL_STATE && actions) {
    carry_rest(b, i, known);
  }
  if (b->raw->episode[i].terminated < 0 && actions) {
    d->terminated[i] = b->rows.terminated[T - 1];
  }
  return IRL_OK;
}

// Memory for the rows of the longest episode.
static irl_err prepare_rows(builder* b, int horizon) {
  const irl_task_info* t = b->t;
  irl_derive_rows* r = &b->rows;
  size_t n = (size_t)horizon + 1;
  r->x = irl_calloc(n * (size_t)t->nx, sizeof(double));
  r->next_x = irl_calloc(n * (size_t)t->nx, sizeof(double));
  r->next_state = irl_calloc(n * (size_t)t->nstate, sizeof(double));
  r->reward = irl_calloc(n, sizeof(double));
  r->z = irl_calloc(n * (size_t)t->nz + 1, sizeof(double));
  r->terminated = irl_calloc(n, 1);
  b->rows_action = irl_calloc(n * (size_t)t->nu, sizeof(double));
  return r->x && r->next_x && r->next_state && r->reward && r->z && r->terminated && b->rows_action
             ? IRL_OK
             : IRL_ENOMEM;
}

static void free_rows(builder* b) {
  irl_free(b->rows.x);
  irl_free(b->rows.next_x);
  irl_free(b->rows.next_state);
  irl_free(b->rows.reward);
  irl_free(b->rows.z);
  irl_free(b->rows.terminated);
  irl_free(b->rows_action);
}

//---------------------------------- Dataset -------------------------------------------------------

// What the file has not said, and the task could not compute either.
static void report_missing(const builder* b, bool derived) {
  irl_demos_report* r = b->raw->report;
  bool actions = b->have[RAW_U] || b->have[RAW_APPLIED];
  if (!actions) {
    irl_report_lost(r, "actions: not in the file; the episodes can be shown, but not learned from");
  } else if (!b->have[RAW_U]) {
    irl_report_lost(r, "raw actions: the applied ones stand in for them");
  }
  if (actions && !b->have[RAW_LOGQ]) {
    irl_report_lost(r, "log-densities: not in the file");
  }
  if (!b->have[RAW_X]) {
    irl_report_derived(r, "observations: by the task, from the states");
  }
  if (!b->have[RAW_REWARD] && derived && actions && b->t->has_reward) {
    irl_report_derived(r, "rewards: by the task, from states and actions");
  } else if (!b->have[RAW_REWARD]) {
    irl_report_lost(r, "rewards: not in the file");
  }
  if (!b->have[RAW_Z] && derived && actions && b->t->nz > 0) {
    irl_report_derived(r, "residuals: by the task, from states and actions");
  }
  if (!b->demos->has_condition && b->t->nconditions > 1) {
    irl_report_derived(r, "conditions: the nearest of the task's %d starts", b->t->nconditions);
  }
}

// Memory and texts of the dataset.
static irl_err prepare(builder* b, int horizon, bool derived) {
  const irl_task_info* t = b->t;
  irl_demos* d = b->demos;
  int n = b->raw->n;
  bool actions = b->have[RAW_U] || b->have[RAW_APPLIED];
  bool z = b->have[RAW_Z] || (derived && actions);
  IRL_TRY(irl_batch_create(&d->batch, n, horizon, t->nx, t->nu, z ? t->nz : 0,
                           b->form == NO_STATE ? 0 : t->nstate));
  d->seed = IRL_NEW(uint64_t, n);
  d->facts = IRL_NEW(uint8_t, n);
  d->label = IRL_NEW(char*, n);
  d->recording = IRL_NEW(char*, n);
  d->mask = b->raw->has_mask ? IRL_NEW(uint8_t, n) : NULL;
  char algorithm[64];
  snprintf(algorithm, sizeof algorithm, "imported from %s",
           irl_demos_format_names[b->raw->report->format]);
  d->dataset_id = irl_demos_text("");
  d->algorithm = irl_demos_text(algorithm);
  d->task_name = irl_demos_text(t->name);
  d->task_json = irl_demos_text(irl_task_json(b->task));
  d->mjcf = irl_demos_text(irl_task_mjcf(b->task));
  d->state_parts = irl_demos_text("");
  d->platform = irl_demos_text("");
  d->batch.has_reward = b->have[RAW_REWARD] || (derived && actions && t->has_reward);
  d->has_logq = b->have[RAW_LOGQ];
  d->has_action = actions;
  d->has_condition = d->has_success = d->has_seed = true;
  return d->seed && d->facts && d->label && d->recording && d->dataset_id && d->algorithm &&
                 d->task_name && d->task_json && d->mjcf && d->state_parts && d->platform
             ? IRL_OK
             : IRL_ENOMEM;
}

static irl_err fill(builder* b, bool derived) {
  for (int i = 0; i < b->raw->n; i++) {
    copy_episode(b, i);
    IRL_TRY(copy_facts(b, i));
    if (derived) {
      IRL_TRY(derive_episode(b, i));
    }
    b->raw->report->steps += b->length[i];
  }
  b->raw->report->episodes = b->raw->n;
  report_missing(b, derived);
  return b->demos->has_condition ? IRL_OK
                                 : irl_demos_assign_conditions(b->demos, b->task, b->raw->info);
}

static irl_err build(builder* b) {
  int horizon;
  b->length = IRL_NEW(int, b->raw->n);
  if (!b->length || !b->demos) {
    return IRL_ENOMEM;
  }
  IRL_TRY(settle_all(b));
  IRL_TRY(check_finite(b));
  IRL_TRY(measure_all(b, &horizon));
  bool derived = wants_derive(b);
  find_parts(b);
  if (derived || (b->form != NO_STATE && b->form != FULL_STATE)) {
    IRL_TRY(irl_derive_create(&b->derive, b->task, b->raw->info));
    IRL_TRY(find_plain(b));
    IRL_TRY(prepare_rows(b, horizon));
  }
  IRL_TRY(prepare(b, horizon, derived));
  return fill(b, derived);
}

irl_err irl_import_build(irl_demos** demos, irl_raw* raw, const irl_task* task) {
  builder b = {.raw = raw, .task = task, .t = irl_task_get(task)};
  b.demos = IRL_NEW(irl_demos, 1);
  irl_err err = build(&b);
  if (err == IRL_ENOMEM) {
    err = irl_fail(raw->info, err, "%s: no memory for its arrays; free some", raw->path);
  }
  free_rows(&b);
  irl_derive_destroy(b.derive);
  irl_free(b.plain);
  irl_free(b.length);
  if (err) {
    irl_demos_destroy(b.demos);
    return err;
  }
  *demos = b.demos;
  return IRL_OK;
}
