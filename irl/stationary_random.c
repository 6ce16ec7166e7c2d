#include <math.h>

#include "base/arena.h"
#include "irl/stationary_internal.h"

irl_err irl_campaign_random_init(irl_campaign* c) {
  const irl_expert_plan* p = &c->options->plan;
  const irl_random_search_options options = {p->directions, p->best,     p->step,   p->noise,
                                             p->offset,     p->observed, p->average};
  const int n = 2 * p->directions;
  IRL_TRY(irl_random_search_create(&c->random, &options, c->info->nx, c->info->nu, c->seed));
  c->tried = IRL_NEW(irl_policy, n);
  c->returns = IRL_NEW(double, n);
  if (c->tried == NULL || c->returns == NULL) {
    return IRL_ENOMEM;
  }
  for (int k = 0; k < n; k++) {
    IRL_TRY(irl_policy_create(&c->tried[k], 1, c->info->nx, c->info->nu));
    irl_policy_copy(&c->tried[k], &c->policy);  // Σ, which mean actions do not use
  }
  return IRL_OK;
}

void irl_campaign_random_fini(irl_campaign* c) {
  for (int k = 0; c->tried != NULL && k < 2 * c->options->plan.directions; k++) {
    irl_policy_destroy(&c->tried[k]);
  }
  irl_free(c->tried);
  irl_free(c->returns);
  irl_random_search_destroy(&c->random);
}

// Trajectories [first, first + n) of the iteration: number k is of direction k/2 and sign −(k mod
// 2).
static irl_err roll(irl_campaign* c, int first, int n, irl_errinfo* info) {
  c->batch.n = n;
  for (int i = 0; i < n; i++) {
    c->each[i] = &c->tried[first + i];
    c->batch.condition[i] = irl_stationary_condition(c->options, (first + i) / 2);
  }
  const irl_rollout rollout = {.mode = IRL_ACTION_MEAN,
                               .own_policy = c->each,
                               .seed = c->seed,
                               .iteration = (uint64_t)c->iteration + 1,
                               .reset_purpose = IRL_PURPOSE_RESET,
                               .action_purpose = IRL_PURPOSE_ACTION,
                               .first = first,
                               .spread = c->options->plan.spread,
                               .run_on = c->options->run_on};
  const double start = irl_now();
  irl_err err = irl_env_rollout(c->env, &rollout, &c->batch, &c->env_steps, NULL, info);
  c->simulating += irl_now() - start;
  irl_campaign_count(c);
  return err;
}

// Returns of the batch, and its observations into the whitening.
static void take_in(irl_campaign* c, int first) {
  const irl_batch* b = &c->batch;
  c->options->search.costs(c->options->search.arg, b, c->cost);
  for (int i = 0; i < b->n; i++) {
    const double* cost = c->cost + (long)i * b->horizon;
    double sum = 0;
    for (int t = 0; t < b->length[i]; t++) {
      sum -= cost[t];
    }
    c->returns[first + i] = b->valid[i] ? sum : NAN;
    if (b->valid[i]) {
      irl_whiten_add(&c->random.whiten, irl_batch_x(b, i, 0), b->length[i]);
    }
  }
}

irl_err irl_campaign_random_begin(irl_campaign* c, irl_errinfo* info) {
  if (c->options->start == NULL) {
    return IRL_OK;
  }
  IRL_TRY(roll(c, 0, c->batch.n, info));  // all directions still have the policy to start from
  take_in(c, 0);
  irl_random_search_refresh(&c->random);
  irl_random_search_start(&c->random, c->options->start);
  return IRL_OK;
}

irl_err irl_campaign_random_step(irl_campaign* c, irl_errinfo* info) {
  const int n = 2 * c->options->plan.directions;
  const int most = c->batch.n;  // what the batch has room for
  irl_random_search_report report;
  // the step is normalised by the returns' spread and does not shrink by itself
  c->random.options.step = c->options->plan.step * irl_campaign_share(c);
  c->random.options.noise = c->options->plan.noise * irl_campaign_share(c);
  irl_random_search_refresh(&c->random);
  for (int k = 0; k < n; k++) {
    irl_random_search_policy(&c->random, (uint64_t)c->iteration, k / 2, k % 2 == 0 ? 1 : -1,
                             &c->tried[k]);
  }
  irl_err err = IRL_OK;
  for (int first = 0; first < n && err == IRL_OK; first += most) {
    err = roll(c, first, n - first < most ? n - first : most, info);
    if (err == IRL_OK) {
      take_in(c, first);
    }
  }
  c->batch.n = most;
  IRL_TRY(err);
  irl_random_search_step(&c->random, (uint64_t)c->iteration, c->returns, &report);
  irl_random_search_refresh(&c->random);
  irl_random_search_result(&c->random, &c->policy);
  c->report = report.mean;
  return IRL_OK;
}
