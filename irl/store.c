#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/store_internal.h"

static double log_add(double a, double b) {
  double hi = fmax(a, b), lo = fmin(a, b);
  return hi == -INFINITY ? hi : hi + log1p(exp(lo - hi));
}

static irl_err allocate(irl_store* s, const irl_store_options* o, const irl_batch* demos,
                        int capacity) {
  s->max_kept = o->max_kept;
  s->capacity = capacity;
  s->log_demo = IRL_NEW(double, capacity);
  s->log_samplers = IRL_NEW(double, capacity);
  s->log_own = IRL_NEW(double, capacity);
  s->drawer = IRL_NEW(int, capacity);
  s->kept = IRL_NEW(irl_policy, o->max_kept);
  s->count = IRL_NEW(double, o->max_kept);
  s->round = IRL_NEW(uint64_t, o->max_kept);
  bool ok =
      s->log_demo && s->log_samplers && s->log_own && s->drawer && s->kept && s->count && s->round;
  if (ok && o->forgets) {
    s->logq = IRL_NEW(double*, o->max_kept);
    s->logq_all = IRL_NEW(double, (size_t)o->max_kept*(size_t)capacity);
    ok = s->logq && s->logq_all;
    for (int m = 0; ok && m < o->max_kept; m++) {
      s->logq[m] = s->logq_all + (size_t)m * (size_t)capacity;
    }
  }
  return ok ? irl_batch_create(&s->batch, capacity, o->horizon, demos->nx, demos->nu, 0, 0)
            : IRL_ENOMEM;
}

// The density of the demonstrations: fitted to their copies at the front of the batch.
static irl_err fit_demos(irl_store* s, const irl_policy_fit_options* fit, irl_errinfo* info) {
  int* index = IRL_NEW(int, s->ndemo);
  if (index == NULL) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < s->ndemo; i++) {
    index[i] = i;
  }
  irl_err err = irl_policy_fit(&s->demo_policy, &s->batch, index, s->ndemo, fit, info);
  irl_free(index);
  return err;
}

irl_err irl_store_init(irl_store* s, const irl_store_options* o, const irl_batch* demos,
                       const int* index, int n, irl_errinfo* info) {
  memset(s, 0, sizeof *s);
  irl_err err = allocate(s, o, demos, n + o->max_samples);
  for (int i = 0; i < n && err == IRL_OK; i++) {
    irl_batch_copy(&s->batch, i, demos, index[i]);
    s->log_samplers[i] = -INFINITY;
    s->drawer[i] = -1;
  }
  s->ndemo = s->n = n;
  err = err == IRL_OK ? fit_demos(s, &o->fit, info) : err;
  if (err != IRL_OK) {
    irl_store_fini(s);
    return err;
  }
  for (int i = 0; i < n; i++) {
    s->log_demo[i] = irl_policy_batch_logdensity(&s->demo_policy, &s->batch, i);
  }
  return IRL_OK;
}

void irl_store_know_density(irl_store* s, const irl_policy* policy) {
  irl_policy_copy(&s->demo_policy, policy);
  for (int i = 0; i < s->n; i++) {
    s->log_demo[i] = irl_policy_batch_logdensity(&s->demo_policy, &s->batch, i);
  }
}

void irl_store_fini(irl_store* s) {
  for (int m = 0; s->kept != NULL && m < s->max_kept; m++) {
    irl_policy_destroy(&s->kept[m]);
  }
  irl_policy_destroy(&s->demo_policy);
  irl_batch_destroy(&s->batch);
  irl_free(s->log_demo);
  irl_free(s->log_samplers);
  irl_free(s->log_own);
  irl_free(s->drawer);
  irl_free(s->kept);
  irl_free(s->count);
  irl_free(s->round);
  irl_free(s->logq);
  irl_free(s->logq_all);
  memset(s, 0, sizeof *s);
}

//---------------------------------- Adding -------------------------------------------------------

static double density(irl_store* s, int m, int i) {
  double logq = irl_policy_batch_logdensity(&s->kept[m], &s->batch, i);
  if (s->logq != NULL) {
    s->logq[m][i] = logq;
  }
  return logq;
}

// Densities of the trajectories before `before` under the newest sampler.
static void add_sampler_to_old(irl_store* s, int before) {
  int newest = s->nkept - 1;
  for (int i = 0; i < before; i++) {
    double logq = density(s, newest, i);
    s->log_samplers[i] = log_add(s->log_samplers[i], log(s->count[newest]) + logq);
    if (i < s->ndemo) {
      s->log_own[i] = logq;
    }
  }
}

static void densities_of_new(irl_store* s, int i) {
  int newest = s->nkept - 1;
  s->drawer[i] = newest;
  s->log_demo[i] = irl_policy_batch_logdensity(&s->demo_policy, &s->batch, i);
  s->log_own[i] = density(s, newest, i);
  double sum = log(s->count[newest]) + s->log_own[i];
  for (int m = 0; m < newest; m++) {
    sum = log_add(sum, log(s->count[m]) + density(s, m, i));
  }
  s->log_samplers[i] = sum;
}

// log Σ_m count_m q_m(τ) from the single densities, in the order of the samplers: a sum that was
// added up as samplers came and went would depend on those that are gone.
static void sum_again(irl_store* s) {
  for (int i = 0; i < s->n; i++) {
    double sum = -INFINITY;
    for (int m = 0; m < s->nkept; m++) {
      sum = log_add(sum, log(s->count[m]) + s->logq[m][i]);
    }
    s->log_samplers[i] = sum;
  }
}

int irl_store_add(irl_store* s, const irl_policy* policy, uint64_t round, const irl_batch* batch,
                  int first, int n) {
  int before = s->n;
  if (s->nkept == s->max_kept) {
    return 0;
  }
  irl_policy* own = &s->kept[s->nkept];  // a place that was forgotten has its memory already
  if (own->memory == NULL &&
      irl_policy_create(own, policy->steps, policy->nx, policy->nu) != IRL_OK) {
    return 0;
  }
  for (int i = first; i < first + n && s->n < s->capacity; i++) {
    if (batch->valid[i]) {
      irl_batch_copy(&s->batch, s->n++, batch, i);
    }
  }
  int added = s->n - before;
  irl_policy_copy(own, policy);
  s->round[s->nkept] = round;
  s->count[s->nkept++] = added;
  s->total += added;
  add_sampler_to_old(s, before);
  for (int i = before; i < s->n; i++) {
    densities_of_new(s, i);
  }
  if (s->logq != NULL) {
    sum_again(s);
  }
  return added;
}

//---------------------------------- Forgetting ---------------------------------------------------

// Moves trajectory `from` down to place `to`; `drawer` is the new number of the sampler that drew
// it.
static void move_trajectory(irl_store* s, int to, int from, int drawer) {
  if (to != from) {
    irl_batch_copy(&s->batch, to, &s->batch, from);
    s->log_demo[to] = s->log_demo[from];
    s->log_own[to] = s->log_own[from];
    for (int m = 0; m < s->nkept; m++) {
      s->logq[m][to] = s->logq[m][from];
    }
  }
  s->drawer[to] = drawer;
}

// Takes sampler m out; its memory goes to the free places behind the others.
static void drop_sampler(irl_store* s, int m) {
  irl_policy policy = s->kept[m];
  double* row = s->logq[m];
  int n = s->ndemo;
  for (int i = s->ndemo; i < s->n; i++) {
    if (s->drawer[i] != m) {
      move_trajectory(s, n++, i, s->drawer[i] - (s->drawer[i] > m));
    }
  }
  s->n = n;
  s->total -= s->count[m];
  s->nkept--;
  for (int k = m; k < s->nkept; k++) {
    s->kept[k] = s->kept[k + 1];
    s->logq[k] = s->logq[k + 1];
    s->count[k] = s->count[k + 1];
    s->round[k] = s->round[k + 1];
  }
  s->kept[s->nkept] = policy;
  s->logq[s->nkept] = row;
}

void irl_store_forget(irl_store* s, uint64_t round) {
  for (int m = s->nkept - 1; m >= 0; m--) {
    if (s->round[m] == round) {
      drop_sampler(s, m);
    }
  }
  sum_again(s);
}

//---------------------------------- Mixtures -----------------------------------------------------

double irl_store_log_mixture(const irl_store* s, int i, double nd, double ns) {
  double demos = log(nd) + s->log_demo[i];
  double samplers = log(ns) - log(s->total) + s->log_samplers[i];
  return log_add(demos, samplers) - log(nd + ns);
}

double irl_store_log_newest(const irl_store* s, int i, double nd, double ns) {
  return log_add(log(nd) + s->log_demo[i], log(ns) + s->log_own[i]) - log(nd + ns);
}

double irl_store_log_samplers(const irl_store* s, int i) {
  return s->log_samplers[i] - log(s->total);
}

const irl_policy* irl_store_drawer(const irl_store* s, int i) {
  return &s->kept[s->drawer[i] < 0 ? s->nkept - 1 : s->drawer[i]];
}
