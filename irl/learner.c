#include <math.h>
#include <string.h>

#include "irl/facts.h"
#include "irl/learner_internal.h"
#include "irl/loss_internal.h"
#include "irl/objective_internal.h"
#include "irl/partition.h"

//---------------------------------- Sampling -----------------------------------------------------

static const irl_policy* const* rollout_policies(irl_learner* l) {
  for (int k = 0; k < l->nc; k++) {
    l->policy[l->condition[k]] = &irl_learner_sampler(l, k)->policy;
  }
  return l->policy;
}

irl_err irl_learner_draw(irl_learner* l, uint64_t round, irl_errinfo* info) {
  for (int which = 0; which < IRL_NCREWS; which++) {
    if (l->crew[which].samples > 0) {
      IRL_TRY(irl_crew_draw(l, which, round, info));
    }
  }
  return IRL_OK;
}

//---------------------------------- Partition ----------------------------------------------------

// MaxEnt loss, log Z and effective samples on the picked trajectories, for every algorithm alike.
static irl_loss_output partition(irl_learner* l, int k) {
  long first = (long)k * l->per_condition;
  irl_loss_input in = {.cost = l->path_cost + first,
                       .logmu = l->path_logmu + first,
                       .ndemo = l->store[k].ndemo,
                       .n = l->npick[k]};
  bool mixture = irl_algorithm_of(l->algo)->background == IRL_BACKGROUND_MIXTURE;
  irl_loss_fn loss = mixture ? irl_loss_gcl : irl_loss_gcl_q;
  return loss(&in, l->path_gradient + first, l->path_work + first);
}

//---------------------------------- Step control -------------------------------------------------

// Standard errors by which a step may seem to have made things worse. At one, a lucky draw of the
// old policy is hard to beat and samplers come to a stand.
static const double PATIENCE = 2.0;

// Judges the last steps by the newest samples, under the present cost that they were taken on.
static void settle(irl_learner* l) {
  irl_learner_pick(l, IRL_PICK_NEWEST, 0);
  irl_learner_path_costs(l);
  for (int k = 0; k < l->nc; k++) {
    l->log_z_before[k] = partition(l, k).log_z;
  }
  for (int which = 0; which < IRL_NCREWS; which++) {
    irl_crew_settle(l, which, PATIENCE);
  }
}

// The last step has no next iteration to be judged in, nor to be put right in: it gets a draw of
// its own, for nothing else, and must have made things better.
static irl_err settle_last(irl_learner* l, uint64_t round, irl_errinfo* info) {
  IRL_TRY(irl_crew_roll(l, IRL_CREW_MAIN, round, info));
  irl_crew_settle(l, IRL_CREW_MAIN, 0.0);
  return irl_learner_stationary(l) ? IRL_OK : irl_crew_calm(l, round + 1, info);
}

//---------------------------------- Metrics ------------------------------------------------------

static void measure_facts(const irl_learner* l, int k, irl_metrics* m) {
  const irl_store* s = &l->store[k];
  long first = (long)k * l->per_condition;
  double* logq = l->path_work + first;
  for (int i = 0; i < l->npick[k]; i++) {
    logq[i] = s->log_own[l->pick[first + i]];
  }
  irl_facts_batch batch = {.cost_p = l->path_cost + first,
                           .logq_p = logq,
                           .np = s->ndemo,
                           .cost_q = l->path_cost + first + s->ndemo,
                           .logq_q = logq + s->ndemo,
                           .nq = l->npick[k] - s->ndemo,
                           .entropy = NAN};
  irl_facts facts;
  if (irl_facts_check(&batch, IRL_FACTS_RIGHT, &facts) != IRL_OK) {
    return;
  }
  // Where the discriminator is saturated facts 1 and 2 cannot be judged: no error is not a pass.
  if (!facts.ill_conditioned) {
    m->fact1_error = fmax(m->fact1_error, facts.fact1_error);
    m->fact2_error = fmax(m->fact2_error, facts.fact2_error);
  }
  m->fact3_error = fmax(m->fact3_error, facts.fact3_error);
}

// Running mean and sum of squared deviations (Welford 1962).
typedef struct spread {
  int n;
  double mean, square;
} spread;

static void spread_add(spread* s, double value) {
  double delta = value - s->mean;
  s->mean += delta / ++s->n;
  s->square += delta * (value - s->mean);
}

// How far the weights behind partition()'s log Z can be trusted. Its log-weights are in path_work.
static void measure_weights(irl_learner* l, int k, irl_metrics* m) {
  long first = (long)k * l->per_condition;
  const irl_store* s = &l->store[k];
  bool mixture = irl_algorithm_of(l->algo)->background == IRL_BACKGROUND_MIXTURE;
  int n = mixture ? l->npick[k] : l->npick[k] - s->ndemo;
  const double* logw = l->path_work + first;
  irl_log_z z = irl_importance(logw, n, NULL);
  m->max_weight = fmax(m->max_weight, z.max_weight);
  m->tail_index = fmax(m->tail_index, irl_tail_index(logw, n, l->path_gradient + first));
  m->log_z_stderr += z.std_error / l->nc;
  m->log_z_drift += (z.log_z - l->log_z_before[k]) / l->nc;
}

static void measure_costs(irl_learner* l, int k, irl_metrics* m) {
  const irl_store* s = &l->store[k];
  long first = (long)k * l->per_condition;
  int ns = l->npick[k] - s->ndemo;
  const double* cost = l->path_cost + first;
  irl_loss_output out = partition(l, k);
  l->log_z[k] = out.log_z;
  measure_weights(l, k, m);
  m->loss += out.loss / l->nc;
  m->log_z += out.log_z / l->nc;
  m->ess += out.ess / l->nc;
  for (int i = 0; i < s->ndemo; i++) {
    m->demo_cost += cost[i] / (s->ndemo * l->nc);
  }
  for (int i = s->ndemo; i < l->npick[k]; i++) {
    m->sample_cost += cost[i] / (ns * l->nc);
  }
}

double irl_learner_batch_return(const irl_batch* batch) {
  double sum = 0.0;
  int n = 0;
  for (int i = 0; i < batch->n; i++) {
    if (batch->valid[i]) {
      sum += irl_batch_return(batch, i);
      n++;
    }
  }
  return n > 0 ? sum / n : NAN;
}

// Mean cost of the demonstrations held out, and how far it lies above that of those trained on,
// with the standard error of that difference from the spread within each condition. Both kinds were
// made alike, so a difference of several errors says that the cost has learned the latter by heart.
static void measure_heldout(irl_learner* l, irl_metrics* m) {
  irl_objective o = irl_cost_objective(l->cost);
  double variance = 0.0;
  int used = 0;
  m->heldout_cost = m->heldout_gap = m->heldout_gap_stderr = NAN;
  for (int k = 0, i = 0; k < l->nc; k++) {
    spread train = {0}, out = {0};
    for (; i < l->nheldout && l->heldout.condition[i] == l->condition[k]; i++) {
      spread_add(&out, o.path_cost(o.arg, &l->heldout, i));
    }
    for (int d = 0; d < l->store[k].ndemo; d++) {
      spread_add(&train, l->path_cost[(long)k * l->per_condition + d]);
    }
    if (out.n > 0) {
      double pooled = (train.square + out.square) / fmax(1.0, train.n + out.n - 2);
      m->heldout_cost = (used == 0 ? 0.0 : m->heldout_cost) + out.mean;
      m->heldout_gap = (used == 0 ? 0.0 : m->heldout_gap) + out.mean - train.mean;
      variance += pooled * (1.0 / train.n + 1.0 / out.n);
      used++;
    }
  }
  if (used > 0) {
    m->heldout_cost /= used;
    m->heldout_gap /= used;
    m->heldout_gap_stderr = sqrt(variance) / used;
  }
}

// Figures of the newest samples under the present cost.
static void measure(irl_learner* l, irl_metrics* m) {
  irl_learner_pick(l, IRL_PICK_NEWEST, 0);
  irl_learner_path_costs(l);
  const irl_algorithm* a = irl_algorithm_of(l->algo);
  bool given_density = a->loss != NULL && !a->stepwise;
  m->fact1_error = m->fact2_error = m->fact3_error = NAN;  // fmax passes over a NAN
  m->max_weight = m->tail_index = NAN;
  if (irl_algorithm_of(l->algo)->loss == NULL) {  // no cost, no model
    m->log_z_laplace = m->log_z_controlled = m->log_z_controlled_stderr = NAN;
  }
  for (int k = 0; k < l->nc; k++) {
    measure_costs(l, k, m);
    if (given_density) {
      measure_facts(l, k, m);
    }
    m->entropy += irl_policy_entropy(&irl_learner_sampler(l, k)->policy, l->info->horizon) / l->nc;
  }
  measure_heldout(l, m);
}

static void measure_return(const irl_learner* l, irl_metrics* m) {
  m->return_mean =
      l->info->has_reward ? irl_learner_batch_return(&l->crew[IRL_CREW_MAIN].batch) : NAN;
  m->normalized_return = irl_normalized_return(m->return_mean, l->random_return, l->expert_return);
}

//---------------------------------- The loop -----------------------------------------------------

irl_err irl_learner_iterate(irl_learner* l, irl_metrics* m, irl_errinfo* info) {
  memset(m, 0, sizeof *m);
  bool learns = irl_algorithm_of(l->algo)->loss != NULL;
  uint64_t round = (uint64_t)l->iteration * (uint64_t)l->config.sampler_steps;
  IRL_TRY(irl_explorers_prepare(l));
  irl_learner_make_room(l, round);
  IRL_TRY(irl_learner_draw(l, round, info));
  measure_return(l, m);
  settle(l);
  if (learns) {
    irl_learner_learn_cost(l);
  }
  measure(l, m);
  for (int step = 0; learns && step < l->config.sampler_steps; step++) {
    if (step > 0) {
      irl_learner_make_room(l, round + (uint64_t)step);
      IRL_TRY(irl_learner_draw(l, round + (uint64_t)step, info));
      settle(l);
    }
    irl_crew_step(l);
    if (step == l->config.sampler_steps - 1) {
      irl_learner_measure_model(l, m);
    }
  }
  if (learns && l->iteration == l->config.iterations - 1) {
    IRL_TRY(settle_last(l, round + (uint64_t)l->config.sampler_steps, info));
  }
  for (int k = 0; k < l->nc; k++) {
    m->kl += irl_learner_sampler(l, k)->report.kl / l->nc;
  }
  m->iteration = ++l->iteration;
  m->env_steps = l->env_steps;
  return isfinite(m->loss) ? IRL_OK
                           : irl_fail(info, IRL_ENUM,
                                      "training: the loss is not finite at iteration %d; use a "
                                      "smaller rate",
                                      m->iteration);
}

irl_err irl_learner_judge(irl_learner* l, int episodes, double* return_mean,
                          double* normalized_return) {
  irl_batch batch;
  const irl_task_info* t = l->info;
  int chunk = l->crew[IRL_CREW_MAIN].batch.n, done = 0;
  double sum = 0.0;
  IRL_TRY(irl_batch_create(&batch, chunk, t->horizon, t->nx, t->nu, 0, 0));
  memcpy(batch.condition, l->crew[IRL_CREW_MAIN].batch.condition, sizeof(int) * (size_t)chunk);
  irl_err err = IRL_OK;
  for (int part = 0; done < episodes && err == IRL_OK; part++, done += chunk) {
    irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                           .policy = rollout_policies(l),
                           .seed = l->seed,
                           .iteration = (uint64_t)part,
                           .reset_purpose = IRL_PURPOSE_EVAL,
                           .action_purpose = IRL_PURPOSE_EVAL_ACTION};
    err = irl_env_rollout(l->env, &rollout, &batch, &l->env_steps, NULL, NULL);
    sum += irl_learner_batch_return(&batch) * chunk;
  }
  irl_batch_destroy(&batch);
  *return_mean = t->has_reward ? sum / done : NAN;
  *normalized_return = irl_normalized_return(*return_mean, l->random_return, l->expert_return);
  return err;
}
