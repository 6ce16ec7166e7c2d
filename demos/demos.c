// A dataset in memory: its end, its figures, and whether it belongs to a task.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "demos/demos_internal.h"

void irl_demos_destroy(irl_demos* demos) {
  if (!demos) {
    return;
  }
  for (int i = 0; demos->label && demos->recording && i < demos->batch.n; i++) {
    irl_free(demos->label[i]);
    irl_free(demos->recording[i]);
  }
  char* const texts[] = {demos->dataset_id, demos->algorithm,   demos->task_name, demos->task_json,
                         demos->mjcf,       demos->state_parts, demos->platform};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    irl_free(texts[i]);
  }
  irl_free(demos->label);
  irl_free(demos->mask);
  irl_free(demos->recording);
  irl_free(demos->facts);
  irl_free(demos->seed);
  irl_free(demos->applied);
  irl_batch_destroy(&demos->batch);
  irl_free(demos);
}

//---------------------------------- Match ---------------------------------------------------------

// Compares the recorded parts of the physics state with the task's, name by name.
static irl_err match_parts(const irl_demos* demos, const irl_task* task, irl_errinfo* info) {
  int count;
  const irl_state_part* parts = irl_task_state_parts(task, &count);
  irl_json* doc;
  IRL_TRY(irl_json_parse(&doc, "state parts of the demonstrations", demos->state_parts,
                         strlen(demos->state_parts), info));
  irl_jnode list = irl_json_root(doc);
  bool good = irl_json_length(list) == count;
  for (int i = 0; good && i < count; i++) {
    irl_jnode entry = irl_json_at(list, i);
    const char* name = irl_json_as_string(irl_json_get(entry, "name"));
    int offset = irl_json_as_int(irl_json_get(entry, "offset"), 0, 1 << 30);
    int size = irl_json_as_int(irl_json_get(entry, "size"), 0, 1 << 30);
    good = !strcmp(name, parts[i].name) && offset == parts[i].offset && size == parts[i].size;
  }
  bool well_formed = irl_json_ok(doc);
  irl_err closed = irl_json_close(doc, well_formed ? NULL : info);
  if (!well_formed) {
    return closed;
  }
  return good ? IRL_OK
              : irl_fail(info, IRL_EDIM,
                         "demonstrations: their physics state is made of other parts than that of "
                         "task %s; use the task and the MuJoCo they were made with",
                         irl_task_get(task)->name);
}

// Residuals and states may be missing; where the file has them, they must be the task's.
static irl_err match_sizes(const irl_demos* demos, const irl_task_info* t, irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  const int nz = b->nz + demos->left_nz, nstate = b->nstate + demos->left_nstate;
  if (b->nx != t->nx || b->nu != t->nu) {
    return irl_fail(info, IRL_EDIM,
                    "demonstrations: have %d observation and %d action entries, task %s has %d and "
                    "%d; use the task they were made with",
                    b->nx, b->nu, t->name, t->nx, t->nu);
  }
  if (nz != 0 && nz != t->nz) {
    return irl_fail(info, IRL_EDIM,
                    "demonstrations: have %d residual entries, task %s has %d; use the task they "
                    "were made with",
                    nz, t->name, t->nz);
  }
  if (nstate != 0 && nstate != t->nstate) {
    return irl_fail(info, IRL_EDIM,
                    "demonstrations: have %d state entries, task %s has %d; use the task they were "
                    "made with",
                    nstate, t->name, t->nstate);
  }
  return IRL_OK;
}

irl_err irl_demos_match(const irl_demos* demos, const irl_task* task, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  if (demos->task_name[0] && strcmp(demos->task_name, t->name) != 0) {
    return irl_fail(info, IRL_ERANGE,
                    "demonstrations: are of task %s, not of %s; give the task they were made with",
                    demos->task_name, t->name);
  }
  IRL_TRY(match_sizes(demos, t, info));
  if (irl_demos_nconditions(demos) > t->nconditions) {
    return irl_fail(
        info, IRL_ERANGE,
        "demonstrations: use %d conditions, task %s has %d; use the task they were made "
        "with",
        irl_demos_nconditions(demos), t->name, t->nconditions);
  }
  bool parts = demos->batch.nstate + demos->left_nstate > 0 && demos->state_parts[0];
  return parts ? match_parts(demos, task, info) : IRL_OK;
}

//---------------------------------- Summary -------------------------------------------------------

void irl_demos_world_factor(irl_demos_factor* factor, const irl_demos* demos, int k) {
  *factor = (irl_demos_factor){.min = NAN, .mean = NAN, .max = NAN};
  double sum = 0;
  for (int i = 0; i < demos->batch.n; i++) {
    const double* world = irl_batch_world(&demos->batch, i);
    if (world) {
      factor->min = fmin(factor->min, world[k]);  // fmin and fmax pass over NaN
      factor->max = fmax(factor->max, world[k]);
      sum += world[k];
      factor->episodes++;
    }
  }
  factor->mean = factor->episodes > 0 ? sum / factor->episodes : NAN;
}

int irl_demos_nconditions(const irl_demos* demos) {
  int largest = -1;
  for (int i = 0; i < demos->batch.n; i++) {
    largest = demos->batch.condition[i] > largest ? demos->batch.condition[i] : largest;
  }
  return largest + 1;
}

// The mean is summed here and divided at the end.
static void add_return(irl_demos_summary* s, double value) {
  s->return_min = fmin(s->return_min, value);  // fmin passes over the NaN it starts with
  s->return_max = fmax(s->return_max, value);
  s->return_mean += value;
}

// Range of the raw actions; returns how many entries the simulator saw changed.
static int64_t add_actions(irl_demos_summary* s, const irl_demos* demos, int i) {
  const irl_batch* b = &demos->batch;
  const double* u = irl_batch_u(b, i, 0);
  const double* applied = demos->applied ? demos->applied + (u - b->u) : u;
  int64_t changed = 0;
  for (int64_t e = 0; e < (int64_t)b->length[i] * b->nu; e++) {
    s->action_min = fmin(s->action_min, u[e]);
    s->action_max = fmax(s->action_max, u[e]);
    changed += u[e] != applied[e];
  }
  return changed;
}

// Lengths, ending and return of one episode.
static void add_episode(irl_demos_summary* s, const irl_batch* b, int i) {
  int length = b->length[i];
  s->length_min = s->episodes == 0 || length < s->length_min ? length : s->length_min;
  s->length_max = length > s->length_max ? length : s->length_max;
  s->episodes++;
  s->steps += length;
  s->successes += b->success[i] != 0;
  s->terminations += b->terminated[i] != 0;
  if (b->has_reward) {
    add_return(s, irl_batch_return(b, i));
  }
}

// Sample standard deviation of the returns of a condition, 0 for a single episode.
static double return_std(const irl_batch* b, int condition, double mean) {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < b->n; i++) {
    if (condition < 0 || b->condition[i] == condition) {
      double difference = irl_batch_return(b, i) - mean;
      sum += difference * difference;
      n++;
    }
  }
  return n > 1 ? sqrt(sum / (n - 1)) : 0;
}

void irl_demos_summarise(irl_demos_summary* summary, const irl_demos* demos, int condition) {
  const irl_batch* b = &demos->batch;
  irl_demos_summary s = {
      .return_min = NAN, .return_max = NAN, .action_min = NAN, .action_max = NAN};
  int64_t clipped = 0;
  for (int i = 0; i < b->n; i++) {
    if (condition < 0 || b->condition[i] == condition) {
      add_episode(&s, b, i);
      clipped += add_actions(&s, demos, i);
    }
  }
  bool known = s.episodes > 0 && b->has_reward;
  s.return_mean = known ? s.return_mean / s.episodes : (double)NAN;
  s.return_std = known ? return_std(b, condition, s.return_mean) : (double)NAN;
  s.clipped =
      demos->applied && s.steps > 0 ? (double)clipped / (double)(s.steps * b->nu) : (double)NAN;
  *summary = s;
}
