#include "irl/forecast.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"
#include "irl/learner_internal.h"
#include "irl/partition.h"
#include "irl/statistics_internal.h"
#include "irl/train_internal.h"

enum { TRIAL_ITERATIONS = 2, WINDOW = 2 };

//---------------------------------- Where observations lie ----------------------------------------

// Mean and standard deviation of each observation entry, step by step with its neighbours.
typedef struct band {
  double *mean, *deviation;  // (T, nx)
} band;

static irl_err band_create(band* b, int T, int nx) {
  size_t n = (size_t)T * (size_t)nx;
  b->mean = IRL_NEW(double, 2 * n);
  b->deviation = b->mean + n;
  return b->mean != NULL ? IRL_OK : IRL_ENOMEM;
}

// Over trajectories first .. end−1, steps t−WINDOW .. t+WINDOW.
static void band_of(band* out, const irl_batch* b, int first, int end, int t, int entry) {
  int lo = t > WINDOW ? t - WINDOW : 0;
  int hi = t + WINDOW < b->horizon ? t + WINDOW : b->horizon - 1;
  double n = (double)(end - first) * (hi - lo + 1), sum = 0.0, square = 0.0;
  for (int i = first; i < end; i++) {
    for (int s = lo; s <= hi; s++) {
      sum += irl_batch_x(b, i, s)[entry];
    }
  }
  double mean = sum / n;
  for (int i = first; i < end; i++) {
    for (int s = lo; s <= hi; s++) {
      double d = irl_batch_x(b, i, s)[entry] - mean;
      square += d * d;
    }
  }
  out->mean[(long)t * b->nx + entry] = mean;
  out->deviation[(long)t * b->nx + entry] = sqrt(square / n);
}

static void band_fill(band* out, const irl_batch* b, int first, int end) {
  for (int t = 0; t < b->horizon; t++) {
    for (int entry = 0; entry < b->nx; entry++) {
      band_of(out, b, first, end, t, entry);
    }
  }
}

// Share of the observation entries of trajectories first .. end−1 within three standard deviations
// of the band. Entries that the band never saw vary must be equal up to rounding.
static double share_inside(const band* in, const irl_batch* b, int first, int end) {
  double inside = 0.0;
  for (int i = first; i < end; i++) {
    for (int t = 0; t < b->horizon; t++) {
      for (int e = 0; e < b->nx; e++) {
        long at = (long)t * b->nx + e;
        double room = 3.0 * in->deviation[at] + 1e-9 * (1.0 + fabs(in->mean[at]));
        inside += fabs(irl_batch_x(b, i, t)[e] - in->mean[at]) <= room;
      }
    }
  }
  return inside / ((double)(end - first) * b->horizon * b->nx);
}

// Both ways for one condition: what demonstrations cover of the first sampler, and it of them.
static irl_err compare(const irl_store* s, irl_forecast* f, double share) {
  band b;
  IRL_TRY(band_create(&b, s->batch.horizon, s->batch.nx));
  if (s->n > s->ndemo) {
    band_fill(&b, &s->batch, 0, s->ndemo);
    f->coverage += share * share_inside(&b, &s->batch, s->ndemo, s->n);
    band_fill(&b, &s->batch, s->ndemo, s->n);
    f->overlap += share * share_inside(&b, &s->batch, 0, s->ndemo);
  }
  irl_free(b.mean);
  return IRL_OK;
}

//---------------------------------- Weights -------------------------------------------------------

// Weights of the mixture towards the demonstrations' fitted density: what the effective sample size
// would be if the cost were learned and the samplers had not moved.
static irl_err weigh(const irl_store* s, irl_forecast* f, double share) {
  double* logw = IRL_NEW(double, s->n);
  if (logw == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < s->n; i++) {
    logw[i] = s->log_demo[i] - irl_store_log_mixture(s, i, s->ndemo, s->n - s->ndemo);
  }
  double ess = irl_importance(logw, s->n, NULL).ess;
  f->ess += share * ess;
  f->ess_share += share * ess / s->n;
  irl_free(logw);
  return IRL_OK;
}

//---------------------------------- Advice --------------------------------------------------------

__attribute__((format(printf, 2, 3))) static void advise(irl_forecast* f, const char* format, ...) {
  if (f->nadvice < IRL_FORECAST_ADVICE) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(f->advice[f->nadvice++], IRL_FORECAST_TEXT, format, arguments);
    va_end(arguments);
  }
}

static void judge(irl_forecast* f) {
  if (f->conditions < f->conditions_of_task) {
    advise(f, "%d of %d conditions have no demonstrations and are not learned; record some there",
           f->conditions_of_task - f->conditions, f->conditions_of_task);
  }
  if (f->fewest < 2) {
    advise(f,
           "a condition has a single demonstration: how much its actions vary is a guess; record "
           "two or more");
  } else if (f->rows_per_unknown < 2.0) {
    advise(f,
           "%.1f data rows for each unknown of the demonstrations' controllers: their density is "
           "rough; record more",
           f->rows_per_unknown);
  }
  if (f->overlap < 0.9) {
    advise(f,
           "the first samplers reach %.0f %% of what the demonstrations do; raise demo_widen or "
           "init_stddev",
           100.0 * f->overlap);
  }
  f->enough = f->nadvice == 0;
}

irl_err irl_forecast_look(const irl_learner* l, irl_forecast* f) {
  double share = 1.0 / l->nc;
  memset(f, 0, sizeof *f);
  f->conditions_of_task = l->info->nconditions;
  f->conditions = l->nc;
  for (int k = 0; k < l->nc; k++) {
    f->demonstrations += l->store[k].ndemo;
    f->fewest = k == 0 || l->store[k].ndemo < f->fewest ? l->store[k].ndemo : f->fewest;
    IRL_TRY(compare(&l->store[k], f, share));
    IRL_TRY(weigh(&l->store[k], f, share));
  }
  const int T = l->info->horizon,
            pooled = irl_learner_stationary(l) ? T : 2 * l->config.demo_window + 1;
  f->rows_per_unknown = (double)f->fewest * (pooled < T ? pooled : T) / (l->info->nx + 1);
  judge(f);
  return IRL_OK;
}

//---------------------------------- The trial -----------------------------------------------------

// Steps of the draw that judges the last iteration's step.
static int64_t last_draw(const irl_learner* l) {
  const bool learns = irl_algorithm_of(l->algo)->loss != NULL;
  return learns ? (int64_t)l->crew[IRL_CREW_MAIN].batch.n * l->info->horizon : 0;
}

// The first iteration shows where samplers stand; the second, when memory is warm, how long one
// takes.
static irl_err trial(irl_learner* l, irl_forecast* f, double before, irl_errinfo* info) {
  irl_metrics m;
  double started = irl_now(), first = started, value, normalized;
  int64_t steps = l->env_steps;
  int trials = l->config.iterations < TRIAL_ITERATIONS ? l->config.iterations : TRIAL_ITERATIONS;
  double most = 0.0;
  for (int i = 0; i < trials; i++) {
    started = irl_now();
    IRL_TRY(irl_learner_iterate(l, &m, info));
    if (i == 0) {
      IRL_TRY(irl_forecast_look(l, f));
      first = irl_now();
    }
    most = irl_now() - started;
  }
  const int64_t last = last_draw(l), drawn = trials == l->config.iterations ? last : 0;
  const int64_t each = (l->env_steps - steps - drawn) / trials;
  const int64_t sum = steps + each * l->config.iterations + last;
  steps = l->env_steps;
  started = irl_now();
  IRL_TRY(irl_learner_judge(l, IRL_TRAIN_JUDGE_EPISODES, &value, &normalized));
  f->env_steps = sum + l->env_steps - steps;
  f->wall_seconds = first - before + (l->config.iterations - 1) * most + irl_now() - started;
  return IRL_OK;
}

irl_err irl_forecast_make(irl_forecast* f, const irl_train_options* o, const irl_host* host,
                          irl_errinfo* info) {
  irl_learner* learner = NULL;
  double before = irl_now();
  memset(f, 0, sizeof *f);
  IRL_TRY(irl_config_check(&o->config, info));
  IRL_TRY(irl_learner_create(&learner, o->task, o->demos, o->algo, &o->config, o->seed, o->threads,
                             info));
  irl_err err = irl_host_stop(host) ? IRL_ECANCELED : trial(learner, f, before, info);
  irl_learner_destroy(learner);
  if (err == IRL_ENOMEM) {
    return irl_fail(info, err, "forecast: out of memory; free some");
  }
  return err;
}
