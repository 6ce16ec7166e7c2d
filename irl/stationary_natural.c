#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/advantages_internal.h"
#include "irl/stationary_internal.h"

irl_err irl_campaign_natural_init(irl_campaign* c) {
  const int n = c->options->plan.samples;
  const long rows = (long)n * c->batch.horizon;
  IRL_TRY(irl_natural_create(&c->natural, c->info->nx, c->info->nu, rows));
  IRL_TRY(irl_critic_create(&c->value, c->info->nx, c->options->plan.products));
  IRL_TRY(irl_whiten_create(&c->whiten, c->info->nx));
  c->stddev = IRL_NEW(double, c->info->nx);
  c->advantage = IRL_NEW(double, rows);
  c->index = IRL_NEW(int, n);
  if (c->stddev == NULL || c->advantage == NULL || c->index == NULL) {
    return IRL_ENOMEM;
  }
  c->least_stddev = INFINITY;
  for (int j = 0; j < c->info->nu; j++) {
    const double sigma = sqrt(c->policy.sigma[j * c->info->nu + j]);
    c->least_stddev = fmin(c->least_stddev, c->options->plan.floor * sigma);
  }
  for (int i = 0; i < n; i++) {
    c->batch.condition[i] = irl_stationary_condition(c->options, i);
  }
  return IRL_OK;
}

void irl_campaign_natural_fini(irl_campaign* c) {
  irl_natural_destroy(&c->natural);
  irl_critic_destroy(&c->value);
  irl_whiten_destroy(&c->whiten);
  irl_free(c->stddev);
  irl_free(c->advantage);
  irl_free(c->index);
}

static irl_err roll(irl_campaign* c, irl_errinfo* info) {
  for (int i = 0; i < c->batch.n; i++) {
    c->each[i] = &c->policy;
  }
  const irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                               .own_policy = c->each,
                               .seed = c->seed,
                               .iteration = (uint64_t)c->iteration + 1,
                               .reset_purpose = IRL_PURPOSE_RESET,
                               .action_purpose = IRL_PURPOSE_ACTION,
                               .spread = c->options->plan.spread,
                               .run_on = c->options->run_on};
  const double start = irl_now();
  irl_err err = irl_env_rollout(c->env, &rollout, &c->batch, &c->env_steps, NULL, info);
  c->simulating += irl_now() - start;
  irl_campaign_count(c);
  return err;
}

// Valid trajectories of the batch, their observations into the whitening and their rewards (minus
// cost) in place of the costs. Returns their number.
static int take_in(irl_campaign* c) {
  const irl_batch* b = &c->batch;
  int n = 0;
  double sum = 0;
  c->options->search.costs(c->options->search.arg, b, c->cost);
  for (int i = 0; i < b->n; i++) {
    if (!b->valid[i] || b->length[i] == 0) {
      continue;
    }
    double* reward = c->cost + (long)i * b->horizon;
    for (int t = 0; t < b->length[i]; t++) {
      reward[t] = -reward[t];
      sum += reward[t];
    }
    irl_whiten_add(&c->whiten, irl_batch_x(b, i, 0), b->length[i]);
    c->index[n++] = i;
  }
  irl_whiten_stddev(&c->whiten, c->stddev);
  c->report = n > 0 ? sum / n : NAN;
  return n;
}

irl_err irl_campaign_natural_step(irl_campaign* c, irl_errinfo* info) {
  irl_natural_report report;
  irl_natural_options options = irl_natural_defaults();
  IRL_TRY(roll(c, info));
  const int n = take_in(c);
  if (n == 0) {
    return irl_fail(
        info, IRL_ESIM,
        "search: every trajectory of a step diverged; use a smaller stddev or time step");
  }
  const irl_expert_plan* p = &c->options->plan;
  const irl_values values = {&c->value, c->whiten.mean, c->stddev, p->discount};
  // under the values of the batches before this one, which they cannot have been fitted to
  irl_values_advantages(&values, &c->batch, c->index, n, c->cost, p->trace, c->advantage);
  const double spread = irl_advantages_normalise(&c->batch, c->index, n, c->advantage);
  irl_values_fit(&values, &c->batch, c->index, n, c->cost);
  if (spread == 0) {
    return IRL_OK;  // nothing tells good actions from bad
  }
  options.kl = p->kl * irl_campaign_share(c);
  options.entropy = c->options->temperature / spread;
  options.min_stddev = c->least_stddev;
  return irl_natural_step(&c->natural, &options, c->whiten.mean, c->stddev, &c->batch, c->index, n,
                          c->advantage, &c->policy, &report, info);
}
