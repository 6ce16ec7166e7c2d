#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "irl/trial_internal.h"

enum { OLDER = 2 };  // older trajectories that are remembered, in draws
// Policies within so many nats a step of each other share trajectories for the model.
static const double close_by = 0.1;
// A gain of less than this share of the objective's parts is none.
static const double worth_having = 5e-4;
static const double far_off = 9;  // median deviations

irl_err irl_trial_init(irl_trial* trial, const irl_task* task, int samples) {
  const irl_task_info* t = irl_task_get(task);
  memset(trial, 0, sizeof *trial);
  const int most = (1 + OLDER) * samples;
  trial->samples = samples;
  trial->index = IRL_NEW(int, most);
  trial->now.path = IRL_NEW(double, samples);
  trial->best.path = IRL_NEW(double, samples);
  trial->next.path = IRL_NEW(double, samples);
  trial->next.sorted = IRL_NEW(double, samples);
  if (trial->index == NULL || trial->now.path == NULL || trial->best.path == NULL ||
      trial->next.path == NULL || trial->next.sorted == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < most; i++) {
    trial->index[i] = i;
  }
  IRL_TRY(irl_policy_create(&trial->proposal, t->horizon, t->nx, t->nu));
  IRL_TRY(irl_policy_create(&trial->kept, t->horizon, t->nx, t->nu));
  return irl_batch_create(&trial->batch, most, t->horizon, t->nx, t->nu, t->nz, t->nstate);
}

void irl_trial_fini(irl_trial* trial) {
  irl_policy_destroy(&trial->proposal);
  irl_policy_destroy(&trial->kept);
  irl_batch_destroy(&trial->batch);
  irl_differences_destroy(&trial->differences);
  irl_dynamics_fitter_destroy(trial->fitter);
  irl_free(trial->index);
  irl_free(trial->now.path);
  irl_free(trial->best.path);
  irl_free(trial->next.path);
  irl_free(trial->next.sorted);
  memset(trial, 0, sizeof *trial);
}

void irl_trial_restart(irl_trial* trial, int from, const irl_policy* policy, double noise) {
  irl_policy_copy(&trial->proposal, policy);
  irl_policy_scale_covariance(&trial->proposal, noise);
  irl_policy_copy(&trial->kept, &trial->proposal);
  trial->from = from;
  trial->n = trial->older = trial->rejected = 0;
  trial->eta = trial->multiplier = 1;
  trial->started = false;
}

void irl_trial_resume(irl_trial* trial) {
  trial->fresh = true;
  trial->moved = trial->calmed = false;
  trial->stream = 0;
  trial->idle = 0;
  if (trial->started) {
    irl_policy_copy(&trial->proposal, &trial->kept);
  }
}

//---------------------------------- Judging -------------------------------------------------------

double irl_judgement_value(const irl_judgement* j, double entropy_weight) {
  return j->cost - entropy_weight * j->entropy;
}

// Mean and the variance of the mean, by Welford's update.
typedef struct running {
  int n;
  double mean, square;
} running;

static void add(running* r, double x) {
  const double delta = x - r->mean;
  r->n++;
  r->mean += delta / r->n;
  r->square += delta * (x - r->mean);
}

static double mean_variance(const running* r) {
  return r->n > 1 ? r->square / (r->n - 1) / r->n : 0;
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

// The lower of the two in the middle where the other is infinite.
static double median_of(double* x, int n) {
  qsort(x, (size_t)n, sizeof *x, by_value);
  const double low = x[(n - 1) / 2], high = x[n / 2];
  return isfinite(high) ? 0.5 * (low + high) : low;
}

static void find_wrong(irl_judgement* j) {
  for (int i = 0; i < j->n; i++) {
    j->sorted[i] = isfinite(j->path[i]) ? j->path[i] : INFINITY;
  }
  j->median = median_of(j->sorted, j->n);
  for (int i = 0; i < j->n; i++) {
    j->sorted[i] = fabs(j->sorted[i] - j->median);
  }
  j->limit = j->median + far_off * median_of(j->sorted, j->n);
  for (int i = 0; i < j->n; i++) {
    j->wrong += isfinite(j->path[i]) && j->path[i] > j->limit;
  }
}

bool irl_judgement_usable(const irl_judgement* j, int i) {
  return isfinite(j->path[i]) && j->path[i] <= j->limit;
}

double irl_judgement_typical(const irl_judgement* j, double entropy_weight) {
  return j->median - entropy_weight * j->entropy;
}

double irl_judgement_excess(const irl_judgement* j) {
  running usable = {0};
  for (int i = 0; i < j->n && j->wrong > 0; i++) {
    if (irl_judgement_usable(j, i)) {
      add(&usable, j->path[i]);
    }
  }
  return usable.n > 0 ? j->cost - usable.mean : 0;
}

double irl_calm_price(int nu, int steps) {
  return (M_LN2 - 0.375) * nu * steps;
}

double irl_judgement_standing(const irl_judgement* j, double entropy_weight) {
  const double share = j->wrong > 1 ? (j->wrong - 1.0) / j->wrong : 0;
  return irl_judgement_typical(j, entropy_weight) +
         (share > 0 ? share * irl_judgement_excess(j) : 0);
}

void irl_judge_trajectories(irl_judgement* j, const irl_objective* o, const irl_batch* batch,
                            int first, int n, const irl_policy* policy) {
  running r = {0};
  j->n = n;
  for (int i = 0; i < n; i++) {
    j->path[i] = batch->valid[first + i] ? o->path_cost(o->arg, batch, first + i) : (double)NAN;
    if (isfinite(j->path[i])) {
      add(&r, j->path[i]);
    }
  }
  j->entropy = irl_policy_entropy(policy, batch->horizon);
  // A policy that loses half of its trajectories is none to go on with.
  j->cost = r.n < 2 || 2 * r.n < n ? (double)INFINITY : r.mean;
  j->variance = mean_variance(&r);
  j->median = j->limit = (double)INFINITY;
  j->wrong = 0;
  if (isfinite(j->cost) && j->sorted != NULL) {
    find_wrong(j);
  }
}

double irl_judgement_gain(const irl_judgement* a, const irl_judgement* b, double entropy_weight,
                          double* error) {
  const bool trim = a->n == b->n && a->wrong > 0 && b->wrong == a->wrong;
  running r = {0};
  int pairs = 0;
  for (int i = 0; i < a->n && a->n == b->n; i++) {
    if (isfinite(a->path[i]) && isfinite(b->path[i])) {
      pairs++;
      if (!trim || (irl_judgement_usable(a, i) && irl_judgement_usable(b, i))) {
        add(&r, a->path[i] - b->path[i]);
      }
    }
  }
  const bool paired = r.n >= 2 && pairs == a->n;
  *error = sqrt(paired ? mean_variance(&r) : a->variance + b->variance);
  const double cost = paired && trim ? r.mean : a->cost - b->cost;
  return cost - entropy_weight * (a->entropy - b->entropy);
}

bool irl_trial_accepts(const irl_trial* trial, double entropy_weight) {
  double error;
  const double gain = irl_judgement_gain(&trial->best, &trial->next, entropy_weight, &error);
  const bool worse = trial->next.wrong > trial->best.wrong;
  return gain >= (worse ? 0 : -IRL_TRIAL_SIGNIFICANT * error);  // false for NAN
}

//---------------------------------- Settling ------------------------------------------------------

// Trust region: the share of the predicted gain that came true decides the next KL limit. What was
// learned of it with more noise does not hold for less.
static void adapt(irl_trial* trial, const irl_sampler_options* o, bool accepted) {
  if (trial->calmed) {
    trial->multiplier = accepted ? 1 : trial->multiplier;
    return;
  }
  const double share = trial->predicted > 0 ? trial->gain / trial->predicted : 0;
  const double factor = !accepted ? 0.25 : share > 0.5 ? 2 : share > 0 ? 1.4 : 0.5;
  trial->multiplier = fmin(fmax(trial->multiplier * factor, o->kl_lo), o->kl_hi);
}

void irl_judgement_copy(irl_judgement* to, const irl_judgement* from) {
  double *path = to->path, *sorted = to->sorted;
  memcpy(path, from->path, (size_t)from->n * sizeof *path);
  *to = *from;
  to->path = path;
  to->sorted = sorted;
}

// Moves the trajectories in use behind the place of new ones, if they still tell of the policy.
static void age(irl_trial* trial, bool useful) {
  const int now = useful ? trial->n : 0;
  const int before = useful ? trial->older : 0;
  const int room = OLDER * trial->samples;
  const int kept = before < room - now ? before : room - now;
  for (int i = kept - 1; i >= 0;
       i--) {  // the older the further back; from the end, as they overlap
    irl_batch_copy(&trial->batch, trial->samples + now + i, &trial->batch, trial->samples + i);
  }
  for (int i = 0; i < now; i++) {
    irl_batch_copy(&trial->batch, trial->samples + i, &trial->batch, i);
  }
  trial->older = now + kept;
}

static void keep(irl_trial* trial, const irl_batch* drawn, int first) {
  irl_policy_copy(&trial->kept, &trial->proposal);
  irl_judgement_copy(&trial->now, &trial->next);
  trial->n = 0;
  for (int i = 0; i < trial->next.n; i++) {
    if (irl_judgement_usable(&trial->next, i)) {
      irl_batch_copy(&trial->batch, trial->n++, drawn, first + i);
    }
  }
  for (int i = 0; i < trial->older; i++) {
    trial->index[trial->n + i] = trial->samples + i;
  }
  for (int i = 0; i < trial->n; i++) {
    trial->index[i] = i;
  }
}

// Other starts and noise for the policy that is kept, from which no step has led on, or for the
// first one.
static void redraw(irl_trial* trial) {
  if (trial->started) {
    irl_policy_copy(&trial->proposal, &trial->kept);
  }
  trial->stream++;
  trial->fresh = true;
  trial->moved = trial->calmed = false;
}

bool irl_trial_settle(irl_trial* trial, const irl_sampler_options* options, const irl_objective* o,
                      const irl_batch* drawn, int first, int n) {
  const double weight = options->lqr.entropy_weight;
  irl_judge_trajectories(&trial->next, o, drawn, first, n, &trial->proposal);
  const bool fresh = !trial->started || trial->fresh;
  const bool accepted = fresh ? isfinite(trial->next.cost) : irl_trial_accepts(trial, weight);
  trial->gain =
      fresh ? (double)NAN : irl_judgement_gain(&trial->now, &trial->next, weight, &trial->error);
  if (!fresh && trial->moved) {
    adapt(trial, options, accepted);
  }
  if (accepted) {
    double error;
    age(trial, trial->started && (!trial->moved || trial->report.kl < close_by * drawn->horizon));
    keep(trial, drawn, first);
    if (fresh || irl_judgement_gain(&trial->best, &trial->now, weight, &error) > 0) {
      irl_judgement_copy(&trial->best, &trial->now);
    }
    trial->started = true;
    trial->fresh = false;
  }
  trial->rejected = accepted ? 0 : trial->rejected + !trial->calmed;
  if (!fresh || !accepted) {
    const double size = fabs(trial->now.cost) + fabs(weight * trial->now.entropy);
    const double worth = worth_having * size;
    const int step = trial->predicted > worth ? 1 : 2;  // the longer while the model sees a way
    trial->idle = accepted && trial->gain > worth ? 0 : trial->idle + step;
  }
  return accepted;
}

//---------------------------------- Proposing -----------------------------------------------------

// Trajectories that go wrong are in no model, so no step leads away from them. Where they cost more
// than a quarter of the noise gives up, that is the proposal: the policy that is kept with Σ/4.
static bool calm(irl_trial* trial, double entropy_weight) {
  const irl_policy* kept = &trial->kept;
  const double price = irl_calm_price(kept->nu, kept->steps);
  const double excess = irl_judgement_excess(&trial->now);
  if (trial->now.wrong < 2 || excess < entropy_weight * price) {  // one is luck
    return false;
  }
  irl_policy_copy(&trial->proposal, kept);
  irl_policy_scale_covariance(&trial->proposal, 0.25);
  trial->report = (irl_lqr_report){.kl = price};
  trial->predicted = excess - entropy_weight * price;
  trial->moved = true;
  return true;
}

bool irl_trial_propose(irl_trial* trial, irl_sampler* worker, const irl_sampler_options* options,
                       const irl_objective* o) {
  const double weight = options->lqr.entropy_weight;
  if (trial->fresh || trial->rejected > 1) {  // fresh: what was drawn last lost its trajectories
    redraw(trial);
    return false;
  }
  const bool redrawn = !trial->moved && trial->stream > 0;
  trial->calmed = redrawn && calm(trial, weight);
  if (trial->calmed) {
    return true;
  }
  irl_dynamics_fitter* own = worker->fitter;
  irl_policy_copy(&worker->policy, &trial->kept);
  worker->eta = trial->eta;
  worker->multiplier = trial->multiplier;
  worker->differences = trial->differences.row != NULL ? &trial->differences : NULL;
  worker->fitter = trial->fitter != NULL ? trial->fitter : own;
  trial->moved = trial->started && trial->n >= 2 &&
                 irl_sampler_step(worker, options, &trial->batch, trial->index, trial->n,
                                  trial->n + trial->older, o);
  worker->fitter = own;
  const irl_lqr_report* r = &worker->report;
  trial->report = *r;
  trial->eta = worker->eta;
  trial->multiplier = worker->multiplier;
  trial->predicted = r->expected_cost_prev - weight * r->expected_entropy_prev -
                     (r->expected_cost - weight * r->entropy);
  if (trial->moved) {
    irl_policy_copy(&trial->proposal, &worker->policy);
  } else {
    redraw(trial);
  }
  return trial->moved;
}
