// Re-simulation: whether the recorded actions still lead to the recorded states.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "demos/demos_internal.h"
#include "envs/env.h"

enum { BLOCK = 64 };  // episodes simulated at once

typedef struct checker {
  const irl_demos* demos;
  const irl_task* task;
  irl_env* env;
  irl_batch again;  // (BLOCK, T)
  double* start;    // (BLOCK, nstate)
  double* world;    // (BLOCK, nworld)
  irl_demos_verdict* verdict;
  irl_errinfo* info;
} checker;

// Whether an episode can be simulated again: where physics are drawn, its world must be known.
static bool knows_world(const checker* c, int episode) {
  return irl_task_get(c->task)->nworld == 0 || irl_batch_world(&c->demos->batch, episode) != NULL;
}

// The world of an episode, the model as it is where it is not known.
static void put_world(checker* c, int i, int episode) {
  const int nworld = irl_task_get(c->task)->nworld;
  const double* world = irl_batch_world(&c->demos->batch, episode);
  for (int k = 0; k < nworld; k++) {
    c->world[(ptrdiff_t)i * nworld + k] = world ? world[k] : 1;
  }
}

// Simulates episodes first..first+n-1 again, past any termination: where a recording ends early it
// is compared up to its own end.
static irl_err simulate(checker* c, int first, int n) {
  const irl_batch* b = &c->demos->batch;
  c->again.n = n;
  for (int i = 0; i < n; i++) {
    size_t actions = (size_t)b->horizon * (size_t)b->nu * sizeof(double);
    memcpy(irl_batch_u(&c->again, i, 0), irl_batch_u(b, first + i, 0), actions);
    memcpy(c->start + (int64_t)i * b->nstate, irl_batch_state(b, first + i, 0),
           (size_t)b->nstate * sizeof(double));
    put_world(c, i, first + i);
    c->again.condition[i] = b->condition[first + i];
    c->again.length[i] = b->horizon;
  }
  irl_rollout rollout = {.mode = IRL_ACTION_GIVEN,
                         .first = first,
                         .run_on = true,
                         .start_state = c->start,
                         .world = c->world};
  int invalid = 0;
  return irl_env_rollout(c->env, &rollout, &c->again, NULL, &invalid, c->info);
}

// The part of the physics state that an entry of its row belongs to.
static void name_entry(irl_demos_verdict* v, const irl_task* task, int entry) {
  int count;
  const irl_state_part* parts = irl_task_state_parts(task, &count);
  for (int p = 0; p < count; p++) {
    if (entry >= parts[p].offset && entry < parts[p].offset + parts[p].size) {
      snprintf(v->component, sizeof v->component, "%s", parts[p].name);
      v->entry = entry - parts[p].offset;
    }
  }
}

// Only the first difference is kept: those after it follow from it.
static void note_difference(checker* c, int episode, int step, int entry, double was, double is) {
  irl_demos_verdict* v = c->verdict;
  if (v->episode >= 0) {
    return;
  }
  v->episode = episode;
  v->step = step;
  v->recorded = was;
  v->simulated = is;
  name_entry(v, c->task, entry);
}

//---------------------------------- Derived numbers -----------------------------------------------

static const irl_demos_derived NOTHING = {.episode = -1, .step = -1};

// Compares `count` numbers of an episode, `width` a step, the first of them of step `first`.
static void compare_numbers(irl_demos_derived* d, int episode, int first, const double* was,
                            const double* is, int64_t count, int width) {
  bool differs = false;
  for (int64_t i = 0; i < count; i++) {
    const double off = fabs(was[i] - is[i]) / fmax(1, fabs(was[i]));
    d->largest = fmax(d->largest, off);
    if (off > IRL_DEMOS_TOLERANCE || isnan(off)) {
      differs = true;
      if (d->episode < 0) {
        d->episode = episode;
        d->step = first + (int)(i / width);
        d->entry = (int)(i % width);
        d->recorded = was[i];
        d->derived = is[i];
      }
    }
  }
  d->count += count;
  d->differing += differs;
}

// Observations and rewards follow from the states, unless the episode was cut out of a longer one
// under Gymnasium's timing: then its first ones also knew where the bodies had been before.
static void derive_episode(checker* c, int episode, int i, int rows) {
  const irl_batch *b = &c->demos->batch, *a = &c->again;
  const bool cut = irl_batch_state(b, episode, 0)[0] != 0;  // time, the first part of a state
  const int first = cut && irl_task_get(c->task)->timing == IRL_TIMING_GYMNASIUM;
  if (rows > first) {
    compare_numbers(&c->verdict->observations, episode, first, irl_batch_x(b, episode, first),
                    irl_batch_x(a, i, first), (int64_t)(rows - first) * b->nx, b->nx);
  }
  if (b->has_reward && a->has_reward && rows - 1 > first) {
    compare_numbers(&c->verdict->rewards, episode, first,
                    b->reward + (int64_t)episode * b->horizon + first,
                    a->reward + (int64_t)i * a->horizon + first, rows - 1 - first, 1);
  }
}

static irl_err check_policies(const irl_demos* demos, const irl_policy* policies, int n,
                              irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  for (int p = 0; p < n; p++) {
    const bool fits = policies[p].nx == b->nx && policies[p].nu == b->nu &&
                      (policies[p].steps == 1 || policies[p].steps >= b->horizon);
    if (!fits) {
      return irl_fail(info, IRL_EDIM,
                      "policy: has %d steps, %d observation and %d action entries, the "
                      "demonstrations have %d, %d and %d; give the policy that drew them",
                      policies[p].steps, policies[p].nx, policies[p].nu, b->horizon, b->nx, b->nu);
    }
  }
  return n > 1 && n < irl_demos_nconditions(demos)
             ? irl_fail(info, IRL_EDIM,
                        "policy: is of %d conditions, the demonstrations have %d; give the policy "
                        "that drew them",
                        n, irl_demos_nconditions(demos))
             : IRL_OK;
}

irl_err irl_demos_check_densities(irl_demos_derived* verdict, const irl_demos* demos,
                                  const irl_policy* policies, int npolicies, irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  *verdict = NOTHING;
  IRL_TRY(check_policies(demos, policies, npolicies, info));
  for (int i = 0; i < b->n && demos->has_logq && demos->has_action; i++) {
    const irl_policy* p = &policies[npolicies > 1 ? b->condition[i] : 0];
    const double* recorded = b->logq + (int64_t)i * b->horizon;
    const int differing = verdict->differing;
    for (int t = 0; t < b->length[i] && demos->facts[i] & IRL_DEMO_SEED; t++) {
      const double derived =
          irl_policy_logdensity(p, t, irl_batch_x(b, i, t), irl_batch_u(b, i, t));
      compare_numbers(verdict, i, t, &recorded[t], &derived, 1, 1);
    }
    verdict->differing = differing + (verdict->differing > differing);
  }
  return IRL_OK;
}

//---------------------------------- States --------------------------------------------------------

// Compares the states of one episode bit for bit; a simulation that broke off differs as well.
static void compare_episode(checker* c, int episode, int i) {
  const irl_batch* b = &c->demos->batch;
  int rows = b->length[episode] + 1, steps = c->again.length[i];
  int reached = c->again.valid[i] || steps >= rows ? rows : steps + 1;
  bool differs = reached < rows;
  for (int64_t e = 0; e < (int64_t)reached * b->nstate; e++) {
    double was = irl_batch_state(b, episode, 0)[e], is = irl_batch_state(&c->again, i, 0)[e];
    if (memcmp(&was, &is, sizeof was) != 0) {
      differs = true;
      c->verdict->largest = fmax(c->verdict->largest, fabs(was - is));
      note_difference(c, episode, (int)(e / b->nstate), (int)(e % b->nstate), was, is);
    }
  }
  if (reached < rows) {
    note_difference(c, episode, reached, 0, irl_batch_state(b, episode, reached)[0], NAN);
  }
  derive_episode(c, episode, i, reached);
  c->verdict->episodes++;
  c->verdict->differing += differs;
}

// In blocks, so that the memory needed does not grow with the dataset.
static irl_err check_all(checker* c) {
  int n = c->demos->batch.n;
  for (int first = 0; first < n; first += BLOCK) {
    int count = n - first < BLOCK ? n - first : BLOCK;
    IRL_TRY(simulate(c, first, count));
    for (int i = 0; i < count; i++) {
      if (knows_world(c, first + i)) {
        compare_episode(c, first + i, i);
      }
    }
  }
  return IRL_OK;
}

// The worlds must be those of this task, and one of them must be known.
static irl_err check_worlds(const irl_demos* demos, const irl_task* task, irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  const int nworld = irl_task_get(task)->nworld;
  int known = 0;
  for (int i = 0; i < b->n; i++) {
    known += irl_batch_world(b, i) != NULL;
  }
  if (known > 0 && b->nworld != nworld) {
    return irl_fail(info, IRL_EDIM,
                    "demonstrations: their worlds have %d drawn factors, those of the task %d; use "
                    "the task that they were made with",
                    b->nworld, nworld);
  }
  return nworld > 0 && known == 0
             ? irl_fail(info, IRL_EUNSUPPORTED,
                        "demonstrations: the task draws its physics for each trajectory "
                        "(\"domain\" with ranges) and the dataset does not keep what was drawn, so "
                        "nothing can be simulated again; make them once more")
             : IRL_OK;
}

irl_err irl_demos_check(irl_demos_verdict* verdict, const irl_demos* demos, const irl_task* task,
                        int nthread, irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  char platform[512];
  irl_demos_platform(platform, sizeof platform);
  *verdict =
      (irl_demos_verdict){.episode = -1, .step = -1, .observations = NOTHING, .rewards = NOTHING};
  verdict->same_platform = strcmp(platform, demos->platform) == 0;
  IRL_TRY(irl_demos_match(demos, task, info));
  if (b->nstate == 0) {
    return irl_fail(
        info, IRL_EUNSUPPORTED,
        "demonstrations: keep no physics states, so nothing can be simulated again; use "
        "a dataset that mjirl wrote");
  }
  IRL_TRY(check_worlds(demos, task, info));
  int block = b->n < BLOCK ? b->n : BLOCK;
  checker c = {.demos = demos, .task = task, .verdict = verdict, .info = info};
  IRL_TRY(irl_env_create(&c.env, task, block, nthread, info));
  c.start = irl_calloc((size_t)block * (size_t)b->nstate, sizeof(double));
  c.world = IRL_NEW(double, (size_t)block*(size_t)irl_task_get(task)->nworld + 1);
  irl_err err = irl_batch_create(&c.again, block, b->horizon, b->nx, b->nu, 0, b->nstate);
  if (err || !c.start || !c.world) {
    err = irl_fail(info, IRL_ENOMEM, "demonstrations: no memory to simulate them again; free some");
  } else {
    err = check_all(&c);
  }
  irl_batch_destroy(&c.again);
  irl_free(c.start);
  irl_free(c.world);
  irl_env_destroy(c.env);
  return err;
}
