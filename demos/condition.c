// Which condition an episode belongs to: the nearest start, in units of the start noise.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "demos/import_internal.h"

enum { DRAWS = 64 };  // starts drawn of each condition to see its noise

// The starts of a task in the space that episodes are compared in: states or observations.
typedef struct starts {
  int conditions, width;
  double* draw;   // (DRAWS, width) of the condition at hand
  double* mean;   // (conditions, width)
  double* scale;  // (width), 0: an entry that is not compared
} starts;

static void add_condition(starts* s, int condition) {
  double* mean = s->mean + (int64_t)condition * s->width;
  for (int e = 0; e < s->width; e++) {
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
      sum += s->draw[(int64_t)i * s->width + e];
    }
    mean[e] = sum / DRAWS;
    for (int i = 0; i < DRAWS; i++) {
      double off = s->draw[(int64_t)i * s->width + e] - mean[e];
      squares += off * off;
    }
    s->scale[e] += squares / DRAWS / s->conditions;
  }
}

// From variances to deviations. Entries without noise decide where conditions differ in them, so
// they get a thousandth of that difference as theirs; others that never differ decide nothing.
static void finish_scale(starts* s) {
  for (int e = 0; e < s->width; e++) {
    double low = INFINITY, high = -INFINITY;
    for (int c = 0; c < s->conditions; c++) {
      low = fmin(low, s->mean[(int64_t)c * s->width + e]);
      high = fmax(high, s->mean[(int64_t)c * s->width + e]);
    }
    s->scale[e] = sqrt(s->scale[e]) + 1e-3 * (high - low);
  }
}

// Time and the solver's warm start say nothing about where an episode begins.
static void drop_parts(starts* s, const irl_task* task) {
  int count;
  const irl_state_part* parts = irl_task_state_parts(task, &count);
  for (int p = 0; p < count; p++) {
    if (!strcmp(parts[p].name, "time") || !strcmp(parts[p].name, "qacc_warmstart")) {
      memset(s->scale + parts[p].offset, 0, (size_t)parts[p].size * sizeof *s->scale);
    }
  }
}

static irl_err measure(starts* s, const irl_task* task, bool states, irl_errinfo* info) {
  irl_derive* derive;
  IRL_TRY(irl_derive_create(&derive, task, info));
  irl_err err = IRL_OK;
  for (int c = 0; !err && c < s->conditions; c++) {
    err = irl_derive_starts(derive, c, false, DRAWS, states ? NULL : s->draw,
                            states ? s->draw : NULL, info);
    if (!err) {
      add_condition(s, c);
    }
  }
  irl_derive_destroy(derive);
  finish_scale(s);
  if (states) {
    drop_parts(s, task);
  }
  return err;
}

static int nearest(const starts* s, const double* row) {
  int best = 0;
  double least = INFINITY;
  for (int c = 0; c < s->conditions; c++) {
    const double* mean = s->mean + (int64_t)c * s->width;
    double distance = 0;
    for (int e = 0; e < s->width; e++) {
      double off = s->scale[e] > 0 ? (row[e] - mean[e]) / s->scale[e] : 0;
      distance += off * off;
    }
    best = distance < least ? c : best;
    least = fmin(least, distance);
  }
  return best;
}

irl_err irl_demos_assign_conditions(irl_demos* demos, const irl_task* task, irl_errinfo* info) {
  irl_batch* b = &demos->batch;
  const irl_task_info* t = irl_task_get(task);
  bool states = b->nstate == t->nstate;
  if (b->nx != t->nx) {
    return irl_fail(info, IRL_EDIM,
                    "demonstrations: have %d observation entries, task %s has %d; use the task "
                    "they were made with",
                    b->nx, t->name, t->nx);
  }
  int width = states ? t->nstate : t->nx;
  size_t size = (size_t)width;
  double* memory = irl_calloc(size * (DRAWS + (size_t)t->nconditions + 1), sizeof *memory);
  starts s = {.conditions = t->nconditions, .width = width, .draw = memory};
  irl_err err = memory ? IRL_OK : irl_fail(info, IRL_ENOMEM, "conditions: no memory; free some");
  if (!err) {
    s.mean = memory + size * DRAWS;
    s.scale = s.mean + size * (size_t)t->nconditions;
    err = measure(&s, task, states, info);
  }
  for (int i = 0; !err && i < b->n; i++) {
    b->condition[i] = nearest(&s, states ? irl_batch_state(b, i, 0) : irl_batch_x(b, i, 0));
    demos->facts[i] |= IRL_DEMO_CONDITION;
  }
  demos->has_condition |= !err;
  irl_free(memory);
  return err;
}

irl_err irl_demos_prepare(irl_demos* demos, const irl_task* task, irl_errinfo* info) {
  IRL_TRY(irl_demos_match(demos, task, info));
  if (!demos->has_action) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "demonstrations: hold no actions, so their density and cost cannot be known; "
                    "use a dataset with actions");
  }
  bool needed = !demos->has_condition && irl_task_get(task)->nconditions > 1;
  return needed ? irl_demos_assign_conditions(demos, task, info) : IRL_OK;
}
