#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/store_internal.h"

static double log_add(double a, double b) {
  double hi = fmax(a, b), lo = fmin(a, b);
  return hi == -INFINITY ? hi : hi + log1p(exp(lo - hi));
}

static irl_err allocate(irl_store* s, int horizon, const irl_batch* demos, int capacity,
                        int max_kept) {
  s->max_kept = max_kept;
  s->log_demo = IRL_NEW(double, capacity);
  s->log_samplers = IRL_NEW(double, capacity);
  s->log_own = IRL_NEW(double, capacity);
  s->round = IRL_NEW(int, capacity);
  s->kept = IRL_NEW(irl_policy, max_kept);
  s->count = IRL_NEW(double, max_kept);
  if (s->log_demo == NULL || s->log_samplers == NULL || s->log_own == NULL || s->round == NULL ||
      s->kept == NULL || s->count == NULL) {
    return IRL_ENOMEM;
  }
  return irl_batch_create(&s->batch, capacity, horizon, demos->nx, demos->nu, 0, 0);
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

irl_err irl_store_init(irl_store* s, int horizon, const irl_batch* demos, const int* index, int n,
                       int max_samples, int max_kept, const irl_policy_fit_options* fit,
                       irl_errinfo* info) {
  memset(s, 0, sizeof *s);
  irl_err err = allocate(s, horizon, demos, n + max_samples, max_kept);
  for (int i = 0; i < n && err == IRL_OK; i++) {
    irl_batch_copy(&s->batch, i, demos, index[i]);
    s->log_samplers[i] = -INFINITY;
    s->round[i] = -1;
  }
  s->ndemo = s->n = n;
  err = err == IRL_OK ? fit_demos(s, fit, info) : err;
  if (err != IRL_OK) {
    irl_store_fini(s);
    return err;
  }
  for (int i = 0; i < n; i++) {
    s->log_demo[i] = irl_policy_batch_logdensity(&s->demo_policy, &s->batch, i);
  }
  return IRL_OK;
}

void irl_store_fini(irl_store* s) {
  for (int m = 0; s->kept != NULL && m < s->nkept; m++) {
    irl_policy_destroy(&s->kept[m]);
  }
  irl_policy_destroy(&s->demo_policy);
  irl_batch_destroy(&s->batch);
  irl_free(s->log_demo);
  irl_free(s->log_samplers);
  irl_free(s->log_own);
  irl_free(s->round);
  irl_free(s->kept);
  irl_free(s->count);
  memset(s, 0, sizeof *s);
}

// Densities of the trajectories before `before` under a sampler that has just been kept.
static void add_sampler_to_old(irl_store* s, const irl_policy* policy, double count, int before) {
  for (int i = 0; i < before; i++) {
    double logq = irl_policy_batch_logdensity(policy, &s->batch, i);
    s->log_samplers[i] = log_add(s->log_samplers[i], log(count) + logq);
    if (i < s->ndemo) {
      s->log_own[i] = logq;
    }
  }
}

static void densities_of_new(irl_store* s, int i) {
  s->round[i] = s->nkept - 1;
  s->log_demo[i] = irl_policy_batch_logdensity(&s->demo_policy, &s->batch, i);
  s->log_own[i] = irl_policy_batch_logdensity(&s->kept[s->nkept - 1], &s->batch, i);
  double sum = log(s->count[s->nkept - 1]) + s->log_own[i];
  for (int m = 0; m < s->nkept - 1; m++) {
    double logq = irl_policy_batch_logdensity(&s->kept[m], &s->batch, i);
    sum = log_add(sum, log(s->count[m]) + logq);
  }
  s->log_samplers[i] = sum;
}

int irl_store_add(irl_store* s, const irl_policy* policy, const irl_batch* batch, int first,
                  int n) {
  int before = s->n;
  if (s->nkept == s->max_kept ||
      irl_policy_create(&s->kept[s->nkept], policy->steps, policy->nx, policy->nu) != IRL_OK) {
    return 0;
  }
  for (int i = first; i < first + n && s->n < s->batch.n; i++) {
    if (batch->valid[i]) {
      irl_batch_copy(&s->batch, s->n++, batch, i);
    }
  }
  int added = s->n - before;
  irl_policy_copy(&s->kept[s->nkept], policy);
  s->count[s->nkept++] = added;
  s->total += added;
  add_sampler_to_old(s, policy, added, before);
  for (int i = before; i < s->n; i++) {
    densities_of_new(s, i);
  }
  return added;
}

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
  return &s->kept[s->round[i] < 0 ? s->nkept - 1 : s->round[i]];
}
