#include "demos/survey.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

//---------------------------------- Columns -------------------------------------------------------

// The k-th smallest of n numbers (Hoare's selection): those before it are not larger afterwards,
// those behind it not smaller.
static double select_kth(double* a, int64_t n, int64_t k) {
  int64_t low = 0, high = n - 1;
  while (low < high) {
    const double pivot = a[low + (high - low) / 2];
    int64_t i = low, j = high;
    while (i <= j) {
      while (a[i] < pivot) {
        i++;
      }
      while (a[j] > pivot) {
        j--;
      }
      if (i <= j) {
        const double kept = a[i];
        a[i++] = a[j];
        a[j--] = kept;
      }
    }
    low = k > j ? i : low;
    high = k < i ? j : high;
    if (k > j && k < i) {
      break;
    }
  }
  return a[k];
}

// The numbers are left in another order.
static void describe(irl_demos_column* c, double* a, int64_t n) {
  double sum = 0, squares = 0;
  c->min = c->max = a[0];
  for (int64_t i = 0; i < n; i++) {
    sum += a[i];
    c->min = fmin(c->min, a[i]);
    c->max = fmax(c->max, a[i]);
  }
  c->mean = sum / (double)n;
  for (int64_t i = 0; i < n; i++) {
    squares += (a[i] - c->mean) * (a[i] - c->mean);
  }
  c->std = sqrt(squares / (double)n);
  c->low = select_kth(a, n, (n - 1) * 5 / 100);
  c->median = select_kth(a, n, (n - 1) / 2);
  c->high = select_kth(a, n, (n - 1) * 95 / 100);
}

// Entry e of the rows of all episodes, `more` rows beyond their steps; returns how many.
static int64_t gather(double* out, const irl_batch* b, const double* data, int width, int more,
                      int e) {
  int64_t n = 0;
  for (int i = 0; i < b->n; i++) {
    const double* rows = data + (int64_t)i * (b->horizon + more) * width;
    for (int t = 0; t < b->length[i] + more; t++) {
      out[n++] = rows[(int64_t)t * width + e];
    }
  }
  return n;
}

//---------------------------------- Actions -------------------------------------------------------

// Von Neumann's ratio of an entry; differences are taken within episodes.
static double roughness(const irl_batch* b, int e, double std) {
  double sum = 0;
  int64_t n = 0;
  for (int i = 0; i < b->n; i++) {
    const double* u = irl_batch_u(b, i, 0) + e;
    for (int t = 1; t < b->length[i]; t++) {
      const double difference = u[(int64_t)t * b->nu] - u[(int64_t)(t - 1) * b->nu];
      sum += difference * difference;
      n++;
    }
  }
  return n > 0 && std > 0 ? sum / (double)n / (std * std) : (double)NAN;
}

// Share of the n numbers that are at or beyond the bounds.
static double saturation(const double* a, int64_t n, double low, double high) {
  int64_t count = 0;
  if (!isfinite(low) && !isfinite(high)) {
    return NAN;
  }
  for (int64_t i = 0; i < n; i++) {
    count += a[i] <= low || a[i] >= high;
  }
  return (double)count / (double)n;
}

// Mean of what is known, NaN if nothing is.
static double mean_known(const irl_demos_motion* motion, int n, bool rough) {
  double sum = 0;
  int known = 0;
  for (int i = 0; i < n; i++) {
    const double value = rough ? motion[i].roughness : motion[i].saturated;
    sum += isnan(value) ? 0 : value;
    known += !isnan(value);
  }
  return known > 0 ? sum / known : (double)NAN;
}

static double repeated(const irl_batch* b) {
  int64_t count = 0, steps = 0;
  for (int i = 0; i < b->n; i++) {
    for (int t = 1; t < b->length[i]; t++) {
      const size_t size = (size_t)b->nu * sizeof(double);
      count += memcmp(irl_batch_u(b, i, t), irl_batch_u(b, i, t - 1), size) == 0;
      steps++;
    }
  }
  return steps > 0 ? (double)count / (double)steps : (double)NAN;
}

static void survey_actions(irl_demos_survey* s, const irl_batch* b, const irl_task* task,
                           double* room) {
  for (int e = 0; e < b->nu; e++) {
    const int64_t n = gather(room, b, b->u, b->nu, 0, e);
    s->motion[e].saturated =
        task ? saturation(room, n, irl_task_action_low(task)[e], irl_task_action_high(task)[e])
             : (double)NAN;
    describe(&s->action[e], room, n);
    s->motion[e].roughness = roughness(b, e, s->action[e].std);
  }
  s->saturated = mean_known(s->motion, b->nu, false);
  s->roughness = mean_known(s->motion, b->nu, true);
  s->repeated = repeated(b);
}

//---------------------------------- Smoothness ----------------------------------------------------

// ‖q̇‖ of the rows of an episode.
static void speed_of(double* speed, const irl_batch* b, int i, const irl_state_part* qvel) {
  for (int t = 0; t <= b->length[i]; t++) {
    const double* v = irl_batch_state(b, i, t) + qvel->offset;
    double sum = 0;
    for (int k = 0; k < qvel->size; k++) {
      sum += v[k] * v[k];
    }
    speed[t] = sqrt(sum);
  }
}

static irl_err survey_speed(irl_demos_survey* s, const irl_batch* b, const irl_task* task,
                            double* room) {
  int count, known = 0;
  double sum = 0;
  const irl_state_part *parts = irl_task_state_parts(task, &count), *qvel = NULL;
  for (int p = 0; p < count; p++) {
    qvel = strcmp(parts[p].name, "qvel") == 0 ? &parts[p] : qvel;
  }
  for (int i = 0; qvel && i < b->n; i++) {
    double sparc;
    speed_of(room, b, i, qvel);
    IRL_TRY(irl_sparc(&sparc, room, b->length[i] + 1, irl_task_get(task)->dt));
    if (!isnan(sparc)) {
      sum += sparc;
      known++;
      s->sparc_min = fmin(s->sparc_min, sparc);  // fmin passes over the NaN it starts with
    }
  }
  s->sparc_mean = known > 0 ? sum / known : (double)NAN;
  return IRL_OK;
}

//---------------------------------- Duplicates ----------------------------------------------------

typedef struct fingerprint {
  int length, episode;
  uint32_t actions, observations;
} fingerprint;

static int by_fingerprint(const void* a, const void* b) {
  const fingerprint *x = a, *y = b;
  if (x->length != y->length) {
    return x->length < y->length ? -1 : 1;
  }
  if (x->actions != y->actions) {
    return x->actions < y->actions ? -1 : 1;
  }
  return (x->episode > y->episode) - (x->episode < y->episode);
}

static bool same_rows(const double* a, const double* b, int64_t count) {
  return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static bool same_actions(const irl_batch* b, int i, int j) {
  return same_rows(irl_batch_u(b, i, 0), irl_batch_u(b, j, 0), (int64_t)b->length[i] * b->nu);
}

static bool same_observations(const irl_batch* b, int i, int j) {
  return same_rows(irl_batch_x(b, i, 0), irl_batch_x(b, j, 0), (int64_t)(b->length[i] + 1) * b->nx);
}

// Compares f[at] with those before it that have the same actions: first..at-1.
static void judge(irl_demos_survey* s, const irl_batch* b, const fingerprint* f, int first,
                  int at) {
  const int episode = f[at].episode;
  int copy_of = -1, twin_of = -1;
  for (int k = first; k < at && twin_of < 0; k++) {
    if (same_actions(b, f[k].episode, episode)) {
      copy_of = copy_of < 0 ? f[k].episode : copy_of;
      const bool alike =
          f[k].observations == f[at].observations && same_observations(b, f[k].episode, episode);
      twin_of = alike ? f[k].episode : -1;
    }
  }
  s->duplicates += twin_of >= 0;
  s->copies += twin_of < 0 && copy_of >= 0;
  if (copy_of >= 0 && (s->twin < 0 || episode < s->twin)) {
    s->twin = episode;
    s->twin_of = twin_of >= 0 ? twin_of : copy_of;
  }
}

// Where actions are not known they are all zeros, and observations decide.
static irl_err survey_duplicates(irl_demos_survey* s, const irl_demos* demos) {
  const irl_batch* b = &demos->batch;
  fingerprint* f = IRL_NEW(fingerprint, b->n);
  if (!f) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < b->n; i++) {
    const size_t T = (size_t)b->length[i], size = sizeof(double);
    f[i] = (fingerprint){.length = b->length[i], .episode = i};
    f[i].observations = irl_crc32c(0, irl_batch_x(b, i, 0), (T + 1) * (size_t)b->nx * size);
    f[i].actions = demos->has_action ? irl_crc32c(0, irl_batch_u(b, i, 0), T * (size_t)b->nu * size)
                                     : f[i].observations;
  }
  qsort(f, (size_t)b->n, sizeof *f, by_fingerprint);
  for (int i = 1, first = 0; i < b->n; i++) {
    const bool alike = f[i].length == f[first].length && f[i].actions == f[first].actions;
    first = alike ? first : i;
    judge(s, b, f, first, i);
  }
  irl_free(f);
  return IRL_OK;
}

//---------------------------------- Face ----------------------------------------------------------

static irl_err fill(irl_demos_survey* s, const irl_demos* demos, const irl_task* task) {
  const irl_batch* b = &demos->batch;
  int64_t rows = 0;
  for (int i = 0; i < b->n; i++) {
    rows += b->length[i] + 1;
  }
  double* room = irl_calloc((size_t)rows, sizeof *room);
  if (!room) {
    return IRL_ENOMEM;
  }
  for (int e = 0; e < b->nx; e++) {
    describe(&s->observation[e], room, gather(room, b, b->x, b->nx, 1, e));
  }
  if (s->motion) {
    survey_actions(s, b, task, room);
  }
  irl_err err = task && b->nstate > 0 ? survey_speed(s, b, task, room) : IRL_OK;
  irl_free(room);
  return err ? err : survey_duplicates(s, demos);
}

irl_err irl_demos_survey_create(irl_demos_survey** survey, const irl_demos* demos,
                                const irl_task* task, irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  irl_demos_survey* s = IRL_NEW(irl_demos_survey, 1);
  irl_err err = IRL_ENOMEM;
  *survey = NULL;
  if (s) {
    *s = (irl_demos_survey){.nx = b->nx, .nu = b->nu, .twin = -1, .twin_of = -1};
    s->saturated = s->roughness = s->repeated = s->sparc_mean = s->sparc_min = NAN;
    s->observation = IRL_NEW(irl_demos_column, b->nx);
    if (demos->has_action) {
      s->action = IRL_NEW(irl_demos_column, b->nu);
      s->motion = IRL_NEW(irl_demos_motion, b->nu);
    }
    const bool good = s->observation && (!demos->has_action || (s->action && s->motion));
    err = good ? fill(s, demos, task) : IRL_ENOMEM;
  }
  if (err) {
    irl_demos_survey_destroy(s);
    return irl_fail(info, err, "demonstrations: no memory for their figures; free some");
  }
  *survey = s;
  return IRL_OK;
}

void irl_demos_survey_destroy(irl_demos_survey* survey) {
  if (survey) {
    irl_free(survey->observation);
    irl_free(survey->action);
    irl_free(survey->motion);
    irl_free(survey);
  }
}
