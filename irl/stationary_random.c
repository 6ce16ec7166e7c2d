#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/stationary_internal.h"

irl_err irl_campaign_random_init(irl_campaign* c) {
  const irl_expert_plan* p = &c->options->plan;
  const irl_random_search_options options = {p->directions, p->best,     p->step,  p->noise,
                                             p->offset,     p->observed, p->paired};
  const int n = 2 * p->directions;
  IRL_TRY(irl_random_search_create(&c->random, &options, c->info->nx, c->info->nu, c->seed));
  c->tried = IRL_NEW(irl_policy, n);
  c->returns = IRL_NEW(double, n);
  c->number = IRL_NEW(int, n);
  c->early = IRL_NEW(bool, n);
  c->hard = IRL_NEW(double, 1 + (size_t)p->directions);
  if (c->tried == NULL || c->returns == NULL || c->number == NULL || c->early == NULL ||
      c->hard == NULL) {
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
  irl_free(c->number);
  irl_free(c->early);
  irl_free(c->hard);
  irl_random_search_destroy(&c->random);
}

//---------------------------------- Starts -------------------------------------------------------

// Hard starts that this step has again, in its first directions.
static int replayed(const irl_campaign* c) {
  const int most = (int)(c->options->plan.replay * c->options->plan.directions);
  return c->hard[0] < most ? (int)c->hard[0] : most;
}

// A start that two steps may have is one number of one stream, of which number modulo directions
// gives the condition. Else each trajectory's is of the step's own stream.
static void number_starts(irl_campaign* c) {
  const int n = c->options->plan.directions, again = replayed(c);
  const int all = INT_MAX / n;  // steps before numbers come again
  for (int k = 0; k < n; k++) {
    const int own = c->iteration % all * n + k;
    c->number[2 * k] = c->number[2 * k + 1] = k < again ? (int)c->hard[1 + k] : own;
  }
  for (int i = 0; i < 2 * n && !c->options->plan.paired; i++) {
    c->number[i] = i;
  }
}

static int condition_of(const irl_campaign* c, int trajectory) {
  const int n = c->options->plan.directions;
  return irl_stationary_condition(
      c->options, c->options->plan.paired ? c->number[trajectory] % n : trajectory / 2);
}

// Starts from which both trajectories lasted are hard no more, new ones from which one did not are.
static void remember_hard(irl_campaign* c) {
  const int n = c->options->plan.directions, again = replayed(c);
  int had = (int)c->hard[0], kept = 0;
  for (int k = 0; k < had; k++) {
    const bool mended = k < again && !c->early[2 * k] && !c->early[2 * k + 1];
    c->hard[1 + kept] = c->hard[1 + k];
    kept += !mended;
  }
  for (int k = again; k < n; k++) {
    if ((c->early[2 * k] || c->early[2 * k + 1]) && kept == n) {  // full: the oldest goes
      memmove(c->hard + 1, c->hard + 2, (size_t)(n - 1) * sizeof *c->hard);
      kept--;
    }
    if (c->early[2 * k] || c->early[2 * k + 1]) {
      c->hard[1 + kept++] = c->number[2 * k];
    }
  }
  c->hard[0] = kept;
}

// Trajectories [first, first + n) of the iteration: number k is of direction k/2 and sign −(k mod
// 2).
static irl_err roll(irl_campaign* c, int first, int n, irl_errinfo* info) {
  c->batch.n = n;
  for (int i = 0; i < n; i++) {
    c->each[i] = &c->tried[first + i];
    c->batch.condition[i] = condition_of(c, first + i);
  }
  const irl_rollout rollout = {
      .mode = IRL_ACTION_MEAN,
      .own_policy = c->each,
      .seed = c->seed,
      .iteration = c->options->plan.paired ? 1 : (uint64_t)c->iteration + 1,
      .reset_purpose = IRL_PURPOSE_RESET,
      .action_purpose = IRL_PURPOSE_ACTION,
      .number = c->number + first,
      .run_on = c->options->run_on};
  const double start = irl_now();
  irl_err err = irl_env_rollout(c->env, &rollout, &c->batch, &c->env_steps, NULL, info);
  c->simulating += irl_now() - start;
  irl_campaign_count(c);
  for (int i = 0; i < n; i++) {
    const bool whole = c->batch.length[i] == c->batch.horizon;
    const bool down = c->options->run_on && c->batch.terminated[i];
    c->early[first + i] = !c->batch.valid[i] || !whole || down;
  }
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
  number_starts(c);
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
  number_starts(c);
  for (int first = 0; first < n && err == IRL_OK; first += most) {
    err = roll(c, first, n - first < most ? n - first : most, info);
    if (err == IRL_OK) {
      take_in(c, first);
    }
  }
  c->batch.n = most;
  IRL_TRY(err);
  remember_hard(c);
  irl_random_search_step(&c->random, (uint64_t)c->iteration, c->returns, &report);
  irl_random_search_refresh(&c->random);
  irl_random_search_policy(&c->random, 0, 0, 0, &c->policy);
  c->report = report.mean;
  return IRL_OK;
}
