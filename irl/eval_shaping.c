// Canonical forms of rewards, in which shaping cancels: EPIC (Gleave, Dennis, Legg, Russell and
// Leike 2021, definition 4.1) and DARD (Wulfe, Balakrishna, Ellis, Mercat, McAllister and Gaidon
// 2022, definition 4). What is assumed of costs and rewards: docs/evaluation.md.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "irl/eval_internal.h"

enum {
  NACTIONS = 16,    // drawn from the set, the same for every step
  DARD_STEPS = 20,  // of an episode at which all actions are simulated
};

static const double gamma_ = 0.99;

typedef struct shaping {
  irl_judge* judge;
  const irl_eval_set* set;
  irl_env* env;    // for single steps
  irl_batch step;  // of horizon 1                                  (most)
  int T, nx, nu, nstate;
  int lived, stride;       // of an episode: steps until the task ended it, and between those that
                           // DARD looks at
  double* action;          // A                                     (NACTIONS, nu)
  double *x, *u, *c;       // points of the network                 (T × NACTIONS)
  double *here, *next;     // E_A c(s, A), E_A c(s', A)             (T)
  double *ahead, *reward;  // E_A c(T(s, A), A), E_A r(s, A)        (T), NAN where not simulated
  double* state;           // starts of the single steps            (most, nstate)
  double* pair[IRL_EVAL_NPAIRS];  // the condition's values, a then b  (n, T, 2); NAN: left out
} shaping;

//---------------------------------- Memory --------------------------------------------------------

static irl_err allocate(shaping* s, int n) {
  size_t T = (size_t)s->T, rows = T * NACTIONS;
  size_t most = (DARD_STEPS + 2) * NACTIONS;
  most = most > T ? most : T;
  s->action = IRL_NEW(double, NACTIONS*(size_t)s->nu);
  s->x = IRL_NEW(double, rows*(size_t)s->nx);
  s->u = IRL_NEW(double, rows*(size_t)s->nu);
  s->c = IRL_NEW(double, rows);
  s->here = IRL_NEW(double, 4 * T);
  s->state = IRL_NEW(double, most*(size_t)s->nstate);
  bool ok = s->action && s->x && s->u && s->c && s->here && s->state;
  for (int p = 0; p < IRL_EVAL_NPAIRS; p++) {
    s->pair[p] = IRL_NEW(double, (size_t)n* T * 2);
    ok = ok && s->pair[p] != NULL;
  }
  if (!ok) {
    return IRL_ENOMEM;
  }
  s->next = s->here + T;
  s->ahead = s->next + T;
  s->reward = s->ahead + T;
  IRL_TRY(irl_batch_create(&s->step, (int)most, 1, s->nx, s->nu, 0, 0));
  return irl_env_create(&s->env, s->judge->task, (int)most, s->judge->options->threads, NULL);
}

static void shaping_fini(shaping* s) {
  irl_env_destroy(s->env);
  irl_batch_destroy(&s->step);
  irl_free(s->action);
  irl_free(s->x);
  irl_free(s->u);
  irl_free(s->c);
  irl_free(s->here);
  irl_free(s->state);
  for (int p = 0; p < IRL_EVAL_NPAIRS; p++) {
    irl_free(s->pair[p]);
  }
}

static void draw_actions(shaping* s, int k) {
  const irl_batch* b = &s->set->batch;
  irl_rng rng = irl_rng_stream(s->judge->options->seed, IRL_PURPOSE_BOOTSTRAP, 0, (uint64_t)k, 0);
  for (int m = 0; m < NACTIONS; m++) {
    int i = (int)irl_rng_below(&rng, (uint64_t)b->n);
    int t = (int)irl_rng_below(&rng, (uint64_t)b->length[i]);
    memcpy(s->action + m * s->nu, irl_batch_u(b, i, t), sizeof(double) * (size_t)s->nu);
  }
}

//---------------------------------- Expectations over actions -------------------------------------

// mean[t] = E_A c(x_t, A) for n consecutive observations.
static void mean_costs(shaping* s, const double* x, int n, double* mean) {
  for (int t = 0; t < n; t++) {
    for (int m = 0; m < NACTIONS; m++) {
      long row = (long)t * NACTIONS + m;
      memcpy(s->x + row * s->nx, x + (long)t * s->nx, sizeof(double) * (size_t)s->nx);
      memcpy(s->u + row * s->nu, s->action + m * s->nu, sizeof(double) * (size_t)s->nu);
    }
  }
  irl_cost_eval(s->judge->run->cost, n * NACTIONS, s->x, s->u, s->c);
  for (int t = 0; t < n; t++) {
    mean[t] = irl_mean(s->c + (long)t * NACTIONS, NACTIONS);
  }
}

// One control step from state t of episode i, as number n of those to simulate.
static void set_step(shaping* s, int n, int i, int t, const double* u) {
  const irl_batch* b = &s->set->batch;
  memcpy(s->state + (long)n * s->nstate, irl_batch_state(b, i, t),
         sizeof(double) * (size_t)s->nstate);
  memcpy(irl_batch_u(&s->step, n, 0), u, sizeof(double) * (size_t)s->nu);
  s->step.condition[n] = b->condition[i];
}

static irl_err simulate(shaping* s, int n, irl_errinfo* info) {
  s->step.n = n;
  irl_rollout rollout = {.mode = IRL_ACTION_GIVEN,
                         .seed = s->judge->options->seed,
                         .reset_purpose = IRL_PURPOSE_EVAL,
                         .action_purpose = IRL_PURPOSE_EVAL_ACTION,
                         .start_state = s->state};
  return irl_env_rollout(s->env, &rollout, &s->step, NULL, NULL, info);
}

// Steps of episode i until the task ended it, by its own actions simulated again one by one: a
// rollout that ran on says that it ended, not when.
static irl_err find_end(shaping* s, int i, irl_errinfo* info) {
  const irl_batch* b = &s->set->batch;
  s->lived = b->length[i];
  if (b->terminated[i]) {
    for (int t = 0; t < b->length[i]; t++) {
      set_step(s, t, i, t, irl_batch_u(b, i, t));
    }
    IRL_TRY(simulate(s, b->length[i], info));
    for (int t = b->length[i] - 1; t >= 0; t--) {
      s->lived = s->step.terminated[t] ? t + 1 : s->lived;
    }
  }
  s->stride = s->lived / DARD_STEPS + 1;
  return IRL_OK;
}

// The step of episode i that DARD looks at after step t: every stride-th, and the one in which the
// task ended it, for there a reward for going on has its say.
static int next_step(const shaping* s, int i, int t) {
  int last = s->lived - 1;
  bool ends = s->set->batch.terminated[i] && t < last && t + s->stride > last;
  return ends ? last : t + s->stride;
}

// Every action from each of these states. ahead and reward get the means; a step from which an
// action diverged is left out.
static irl_err act(shaping* s, int i, irl_errinfo* info) {
  int n = 0;
  for (int t = 0; t < s->lived; t = next_step(s, i, t)) {
    for (int m = 0; m < NACTIONS; m++, n++) {
      set_step(s, n, i, t, s->action + m * s->nu);
    }
  }
  IRL_TRY(simulate(s, n, info));
  n = 0;
  for (int t = 0; t < s->lived; t = next_step(s, i, t), n += NACTIONS) {
    double cost = 0.0, reward = 0.0, c;
    for (int m = n; m < n + NACTIONS; m++) {
      irl_cost_eval(s->judge->run->cost, 1, irl_batch_x(&s->step, m, 1),
                    irl_batch_u(&s->step, m, 0), &c);
      cost += s->step.valid[m] ? c / NACTIONS : NAN;
      reward += s->step.reward[m] / NACTIONS;
    }
    s->ahead[t] = cost;
    s->reward[t] = reward;
  }
  return IRL_OK;
}

//---------------------------------- Canonical forms -----------------------------------------------

// R₁ = −c(s, a) and R₂ = r(s', a) of one step, in each form.
static void put_step(const shaping* s, int e, int i, int t) {
  long at = ((long)e * s->T + t) * 2;
  double r1 = -s->set->step_cost[(long)i * s->T + t];
  double r2 = s->set->batch.reward[(long)i * s->T + t];
  double epic = r1 - gamma_ * s->next[t] + s->here[t];
  const double values[IRL_EVAL_NPAIRS][2] = {
      [IRL_EVAL_REWARD] = {r1, r2},
      [IRL_EVAL_EPIC] = {epic, r2},
      [IRL_EVAL_DARD] = {epic + gamma_ * s->ahead[t], r2 - s->reward[t]},
  };
  for (int p = 0; p < IRL_EVAL_NPAIRS; p++) {
    memcpy(s->pair[p] + at, values[p], sizeof values[p]);
  }
}

static irl_err put_episode(shaping* s, int e, int i, irl_errinfo* info) {
  const irl_batch* b = &s->set->batch;
  int length = b->length[i];
  mean_costs(s, irl_batch_x(b, i, 0), length, s->here);
  mean_costs(s, irl_batch_x(b, i, 1), length, s->next);
  for (int t = 0; t < length; t++) {
    s->ahead[t] = s->reward[t] = NAN;
  }
  if (s->set->has_state[i]) {
    IRL_TRY(find_end(s, i, info));
    IRL_TRY(act(s, i, info));
  }
  for (int t = 0; t < s->T; t++) {
    if (t < length) {
      put_step(s, e, i, t);
    } else {
      for (int p = 0; p < IRL_EVAL_NPAIRS; p++) {
        s->pair[p][((long)e * s->T + t) * 2] = NAN;
      }
    }
  }
  return IRL_OK;
}

static bool counts(const double* pair) {
  return isfinite(pair[0]) && isfinite(pair[1]);
}

// Sums of each episode about the condition's mean, so that little cancels in a correlation.
static void sum_up(const double* pair, int n, int T, irl_sums* sums) {
  double a = 0.0, b = 0.0;
  long used = 0;
  for (long r = 0; r < (long)n * T; r++) {
    if (counts(pair + 2 * r)) {
      a += pair[2 * r];
      b += pair[2 * r + 1];
      used++;
    }
  }
  for (long r = 0; r < (long)n * T; r++) {
    if (counts(pair + 2 * r)) {
      irl_sums_add(&sums[r / T], pair[2 * r] - a / (double)used,
                   pair[2 * r + 1] - b / (double)used);
    }
  }
}

static irl_err canonical(shaping* s, int k, const int* member, int n,
                         irl_sums* pair[IRL_EVAL_NPAIRS], irl_errinfo* info) {
  IRL_TRY(allocate(s, n));
  draw_actions(s, k);
  for (int e = 0; e < n; e++) {
    IRL_TRY(put_episode(s, e, member[e], info));
  }
  for (int p = 0; p < IRL_EVAL_NPAIRS; p++) {
    sum_up(s->pair[p], n, s->T, pair[p]);
  }
  return IRL_OK;
}

irl_err irl_eval_canonical(irl_judge* judge, const irl_eval_set* set, int k, const int* member,
                           int n, irl_sums* pair[IRL_EVAL_NPAIRS], irl_errinfo* info) {
  shaping s = {.judge = judge,
               .set = set,
               .T = set->batch.horizon,
               .nx = set->batch.nx,
               .nu = set->batch.nu,
               .nstate = set->batch.nstate};
  irl_err err = canonical(&s, k, member, n, pair, info);
  shaping_fini(&s);
  return err;
}
