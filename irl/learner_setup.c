// Making and freeing a learner: sizes, normalisation, first samplers, reference returns.
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "irl/learner_internal.h"
#include "irl/objective_internal.h"
#include "irl/split_internal.h"

enum { REFERENCE_EPISODES = 20 };

static const double STATIONARY_RIDGE = 1e-6;  // of the demonstrations' controllers

double irl_normalized_return(double value, double random, double expert) {
  return (value - random) / (expert - random);
}

//---------------------------------- Demonstrations -----------------------------------------------

uint32_t irl_learner_demos_crc(const irl_demos* demos) {
  const irl_batch* b = &demos->batch;
  size_t n = (size_t)b->n, T = (size_t)b->horizon;
  const int32_t sizes[] = {b->n, b->horizon, b->nx, b->nu, b->has_reward};
  uint32_t crc = irl_crc32c(0, sizes, sizeof sizes);
  crc = irl_crc32c(crc, b->x, n * (T + 1) * (size_t)b->nx * sizeof *b->x);
  crc = irl_crc32c(crc, b->u, n * T * (size_t)b->nu * sizeof *b->u);
  crc = irl_crc32c(crc, b->reward, n * T * sizeof *b->reward);
  crc = irl_crc32c(crc, b->length, n * sizeof *b->length);
  crc = irl_crc32c(crc, b->condition, n * sizeof *b->condition);
  return irl_crc32c(crc, b->valid, n * sizeof *b->valid);
}

// Indices of a condition's valid demonstrations of the task's length; returns their number.
static int demos_of(const irl_learner* l, const irl_demos* demos, int condition, int* index) {
  int n = 0;
  for (int i = 0; i < demos->batch.n; i++) {
    bool full = demos->batch.length[i] == l->info->horizon;
    if (demos->batch.condition[i] == condition && demos->batch.valid[i] && full) {
      index[n++] = i;
    }
  }
  return n;
}

// Numbers that are none, and such as no Gaussian gives a density: their squares overflow.
static irl_err check_numbers(const irl_demos* demos, irl_errinfo* info) {
  const double most = 1e100;
  const irl_batch* b = &demos->batch;
  for (int i = 0; i < b->n; i++) {
    for (long j = 0; j < (long)b->length[i] * b->nu; j++) {
      double u = irl_batch_u(b, i, 0)[j];
      if (!(fabs(u) <= most)) {
        return irl_fail(info, IRL_ENUM,
                        "demonstrations: episode %d has the action %g, to which no sampler gives a "
                        "density; remove the episode",
                        i, u);
      }
    }
    for (long j = 0; j < (long)(b->length[i] + 1) * b->nx; j++) {
      double x = irl_batch_x(b, i, 0)[j];
      if (!(fabs(x) <= most)) {
        return irl_fail(info, IRL_ENUM,
                        "demonstrations: episode %d has the observation %g; remove the episode", i,
                        x);
      }
    }
  }
  return IRL_OK;
}

// Conditions that have demonstrations: l->condition, l->nc.
static irl_err find_conditions(irl_learner* l, const irl_demos* demos, int* index,
                               irl_errinfo* info) {
  for (int c = 0; c < l->info->nconditions; c++) {
    if (demos_of(l, demos, c, index) > 0) {
      l->condition[l->nc++] = c;
    }
  }
  if (l->nc == 0) {
    return irl_fail(
        info, IRL_EDIM,
        "demonstrations: no episode of %d steps for any condition of task %s; give some "
        "that do not end early, of the task's horizon",
        l->info->horizon, l->info->name);
  }
  return IRL_OK;
}

// Mean over conditions of the demonstrations' mean return.
static double expert_return(const irl_learner* l, const irl_demos* demos, int* index) {
  if (!demos->batch.has_reward || !l->info->has_reward) {
    return NAN;
  }
  double sum = 0.0;
  for (int k = 0; k < l->nc; k++) {
    int n = demos_of(l, demos, l->condition[k], index);
    for (int i = 0; i < n; i++) {
      sum += irl_batch_return(&demos->batch, index[i]) / n;
    }
  }
  return sum / l->nc;
}

//---------------------------------- Normalisation ------------------------------------------------

// Mean and standard deviation of each observation entry over the demonstrations, which are all that
// the stores hold so far; entries that hardly move keep the scale 1.
static void observation_scale(const irl_learner* l, double* mean, double* scale) {
  int nx = l->info->nx, T = l->info->horizon;
  double count = 0.0;
  memset(mean, 0, sizeof(double) * (size_t)nx);
  memset(scale, 0, sizeof(double) * (size_t)nx);
  for (int k = 0; k < l->nc; k++) {
    const irl_batch* b = &l->store[k].batch;
    for (int r = 0; r < l->store[k].n * (T + 1); r++) {
      count += 1.0;
      for (int j = 0; j < nx; j++) {
        double delta = b->x[(long)r * nx + j] - mean[j];
        mean[j] += delta / count;
        scale[j] += delta * (b->x[(long)r * nx + j] - mean[j]);
      }
    }
  }
  for (int j = 0; j < nx; j++) {
    double deviation = sqrt(scale[j] / count);
    scale[j] = deviation > 1e-8 * (1.0 + fabs(mean[j])) ? deviation : 1.0;
  }
}

// Root mean square of the demonstrations' action noise about their fitted controllers: the natural
// unit of an action, in which a maximum-entropy expert's control weight is at most 1
// (Σ_t⁻¹ = Q_uu ⪰ W).
static void noise_scale(const irl_learner* l, double* scale) {
  int nu = l->info->nu;
  for (int k = 0; k < l->nc; k++) {
    const irl_policy* p = &l->store[k].demo_policy;
    for (int t = 0; t < p->steps; t++) {
      for (int j = 0; j < nu; j++) {
        scale[j] += p->sigma[((long)t * nu + j) * nu + j] / (p->steps * l->nc);
      }
    }
  }
}

// Root mean square of the actions themselves. Over a long horizon the motion that lasts is what
// actions are for, and may be a hundred times the noise of a step: in units of the noise its cost
// would be ten thousand nats a step, and all there is to the cost.
static void motion_scale(const irl_learner* l, double* scale) {
  int nu = l->info->nu, T = l->info->horizon;
  double rows = 0.0;
  for (int k = 0; k < l->nc; k++) {
    for (int r = 0; r < l->store[k].ndemo * T; r++) {
      rows += 1.0;
      for (int j = 0; j < nu; j++) {
        const double u = l->store[k].batch.u[(long)r * nu + j];
        scale[j] += (u * u - scale[j]) / rows;
      }
    }
  }
  const double least = irl_policy_fit_defaults().min_stddev;
  for (int j = 0; j < nu; j++) {  // an action that is always 0 has the fit's least noise
    scale[j] = fmax(scale[j], least * least);
  }
}

static void action_scale(const irl_learner* l, double* scale) {
  memset(scale, 0, sizeof(double) * (size_t)l->info->nu);
  if (irl_learner_stationary(l)) {
    motion_scale(l, scale);
  } else {
    noise_scale(l, scale);
  }
  for (int j = 0; j < l->info->nu; j++) {
    scale[j] = sqrt(scale[j]);
  }
}

static irl_err make_cost(irl_learner* l, irl_errinfo* info) {
  const irl_config* c = &l->config;
  irl_cost_config config = irl_cost_defaults();
  config.kind = c->network ? IRL_COST_NETWORK : IRL_COST_QUADRATIC;
  config.depth = c->depth;
  config.width = c->width;
  config.outputs = c->outputs;
  config.identity = c->identity != 0;
  config.activation = c->activation;
  config.input = c->input;
  config.penalty = c->action_penalty;
  config.action_weight = c->action_weight + c->action_weight_min;
  config.action_weight_min = c->action_weight_min;
  IRL_TRY(irl_cost_create(&l->cost, &config, l->info->nx, l->info->nu, l->seed, info));
  int nx = l->info->nx, nu = l->info->nu;
  double* work = IRL_NEW(double, 2 * nx + nu);
  if (work == NULL) {
    return IRL_ENOMEM;
  }
  observation_scale(l, work, work + nx);
  action_scale(l, work + 2 * nx);
  irl_cost_set_normalizer(l->cost, work, work + nx, work + 2 * nx);
  irl_free(work);
  return IRL_OK;
}

//---------------------------------- Samplers -----------------------------------------------------

irl_err irl_learner_bound_noise(const irl_learner* l, irl_policy* policy) {
  const irl_lqr_options* o = &l->sampler_options.lqr;
  return irl_learner_stationary(l)
             ? irl_policy_clip_covariance(policy, o->min_stddev, o->max_stddev, NULL)
             : IRL_OK;
}

// Greatest standard deviation of a single action.
static double greatest_stddev(const irl_policy* p) {
  double most = 0.0;
  for (int i = 0; i < p->steps * p->nu; i++) {
    most = fmax(most, p->sigma[(long)i * p->nu + i % p->nu]);
  }
  return sqrt(most);
}

// Samplers of a stationary crew get no noisier than they start: what a cost asks of noise it learns
// slowly, and nothing has shown it the noisier ones.
static irl_err bound_first_noise(irl_learner* l, irl_policy* policy) {
  IRL_TRY(irl_learner_bound_noise(l, policy));
  const double most = fmax(greatest_stddev(policy), l->sampler_options.lqr.min_stddev);
  l->first_stddev = fmax(l->first_stddev, most);
  return irl_learner_stationary(l)
             ? irl_policy_clip_covariance(policy, l->sampler_options.lqr.min_stddev, most, NULL)
             : IRL_OK;
}

static irl_err first_policy(irl_learner* l, int k) {
  irl_sampler* sampler = irl_learner_sampler(l, k);
  const bool learns = irl_algorithm_of(l->algo)->loss != NULL;
  if (!l->config.demos_start) {
    IRL_TRY(irl_sampler_start(sampler, l->task, l->config.init_stddev, 0.0, NULL));
  } else {
    irl_policy_copy(&sampler->policy, &l->store[k].demo_policy);
    if (learns) {
      irl_policy_scale_covariance(&sampler->policy, l->config.demo_widen);
    }
  }
  return learns ? bound_first_noise(l, &sampler->policy) : IRL_OK;
}

static void sampler_options(irl_learner* l) {
  double scale = INFINITY;
  for (int j = 0; j < l->info->nu; j++) {
    scale = fmin(scale, irl_half_range(l->task, j));
  }
  irl_sampler_options* o = &l->sampler_options;
  o->kl_step = l->config.kl_step;
  o->kl_lo = l->config.kl_min;
  o->kl_hi = l->config.kl_max;
  o->discount = l->config.discount;
  o->trace = l->config.trace;
  o->dynamics = irl_dynamics_defaults();
  o->lqr = irl_lqr_defaults();
  o->lqr.min_stddev = l->config.min_stddev * scale;
  o->lqr.max_stddev = l->config.max_stddev * scale;
}

// Each condition's demonstrations, those held out aside; index has room for twice the dataset.
static irl_err make_stores(irl_learner* l, const irl_demos* demos, int* index, irl_errinfo* info) {
  const irl_batch* d = &demos->batch;
  IRL_TRY(irl_batch_create(&l->heldout, d->n, l->info->horizon, d->nx, d->nu, 0, 0));
  int64_t draws = (int64_t)l->config.iterations * l->config.sampler_steps;
  bool forgets = l->config.keep != IRL_KEEP_ALL && l->config.keep_rounds < draws;
  draws = forgets ? l->config.keep_rounds : draws;
  int64_t total = draws * (l->config.samples + l->config.explore);
  if (total > INT_MAX / 2) {
    return IRL_ENOMEM;
  }
  irl_store_options options = {.horizon = l->info->horizon,
                               .max_samples = (int)total,
                               .max_kept = IRL_NCREWS * (int)draws,
                               .forgets = forgets,
                               .fit = irl_policy_fit_defaults()};
  options.fit.window = l->config.demo_window;
  if (irl_learner_stationary(l)) {  // one controller is known from all rows: no need to shrink it
    options.fit.stationary = true;
    options.fit.ridge = STATIONARY_RIDGE;
  }
  for (int k = 0; k < l->nc; k++) {
    int n = demos_of(l, demos, l->condition[k], index), *heldout = index + n;
    int out = irl_split(demos, index, n, l->config.heldout, heldout);
    for (int i = 0; i < out; i++) {
      irl_batch_copy(&l->heldout, l->nheldout++, &demos->batch, heldout[i]);
    }
    IRL_TRY(irl_store_init(&l->store[k], &options, &demos->batch, index, n - out, info));
  }
  return IRL_OK;
}

static irl_err make_crews(irl_learner* l) {
  const irl_task_info* t = l->info;
  bool learns = irl_algorithm_of(l->algo)->loss != NULL;
  sampler_options(l);
  IRL_TRY(irl_crew_init(&l->crew[IRL_CREW_MAIN], l, l->config.samples, true));
  IRL_TRY(irl_crew_init(&l->crew[IRL_CREW_EXPLORE], l, learns ? l->config.explore : 0, false));
  for (int k = 0; k < l->nc; k++) {
    IRL_TRY(irl_policy_create(&l->initial[k], irl_learner_policy_steps(l), t->nx, t->nu));
    IRL_TRY(irl_policy_create(&l->model[k], irl_learner_policy_steps(l), t->nx, t->nu));
    IRL_TRY(first_policy(l, k));
    irl_policy_copy(&l->initial[k], &irl_learner_sampler(l, k)->policy);
    irl_policy_copy(&l->crew[IRL_CREW_MAIN].stood[k], &l->initial[k]);
  }
  return IRL_OK;
}

//---------------------------------- Reference returns --------------------------------------------

static irl_err mean_return(irl_learner* l, irl_action_mode mode, irl_batch* batch, double* out) {
  irl_rollout rollout = {.mode = mode,
                         .policy = l->policy,
                         .seed = l->seed,
                         .reset_purpose = IRL_PURPOSE_EVAL,
                         .action_purpose = IRL_PURPOSE_RANDOM};
  IRL_TRY(irl_env_rollout(l->env, &rollout, batch, &l->env_steps, NULL, NULL));
  *out = irl_learner_batch_return(batch);
  return IRL_OK;
}

// The better of doing nothing and uniformly random actions from the same starts.
static irl_err random_return(irl_learner* l) {
  irl_batch batch;
  const irl_task_info* t = l->info;
  l->random_return = NAN;
  if (!t->has_reward) {
    return IRL_OK;
  }
  IRL_TRY(irl_batch_create(&batch, l->nc * REFERENCE_EPISODES, t->horizon, t->nx, t->nu, 0, 0));
  for (int i = 0; i < batch.n; i++) {
    batch.condition[i] = l->condition[i / REFERENCE_EPISODES];
  }
  double zero = NAN, uniform = NAN;
  irl_err err = mean_return(l, IRL_ACTION_ZERO, &batch, &zero);
  if (err == IRL_OK) {
    err = mean_return(l, IRL_ACTION_UNIFORM, &batch, &uniform);
  }
  irl_batch_destroy(&batch);
  l->random_return = fmax(zero, uniform);
  return err;
}

//---------------------------------- Memory -------------------------------------------------------

static irl_err allocate(irl_learner* l, int ndemos) {
  int nc = l->info->nconditions;
  l->condition = IRL_NEW(int, nc);
  l->initial = IRL_NEW(irl_policy, nc);
  l->store = IRL_NEW(irl_store, nc);
  l->policy = IRL_NEW(const irl_policy*, nc);
  l->log_z = IRL_NEW(double, nc);
  l->log_z_before = IRL_NEW(double, nc);
  l->calm = IRL_NEW(double, 3 * (size_t)nc);
  l->model = IRL_NEW(irl_policy, nc);
  l->log_z_model = IRL_NEW(double, nc);
  l->constant = IRL_NEW(double, nc);
  l->npick = IRL_NEW(int, nc);
  l->per_condition = ndemos + l->config.batch_samples;
  size_t paths = (size_t)nc * (size_t)l->per_condition;
  l->pick = IRL_NEW(int, paths);
  l->path_cost = IRL_NEW(double, paths);
  l->path_logmu = IRL_NEW(double, paths);
  l->path_gradient = IRL_NEW(double, paths);
  l->path_work = IRL_NEW(double, paths);
  l->path_logv = IRL_NEW(double, paths);
  bool ok = l->condition && l->initial && l->store && l->policy && l->log_z && l->log_z_before &&
            l->calm && l->model && l->log_z_model && l->constant && l->npick && l->pick &&
            l->path_cost && l->path_logmu && l->path_gradient && l->path_work && l->path_logv;
  return ok ? IRL_OK : IRL_ENOMEM;
}

static irl_err allocate_network(irl_learner* l) {
  int n = irl_cost_nparam(l->cost);
  int64_t most = (int64_t)l->nc * l->per_condition * l->info->horizon;
  most += irl_algorithm_of(l->algo)->closed
              ? (int64_t)l->nc * l->info->horizon * irl_maxent_points(l)
              : 0;
  most += l->config.gradient_penalty > 0.0 ? 2 * (int64_t)l->nc * l->per_condition : 0;
  if (most > INT_MAX / 2) {
    return IRL_ENOMEM;
  }
  int rows = (int)most;
  l->gradient = IRL_NEW(float, n);
  l->adam_m = IRL_NEW(float, n);
  l->adam_v = IRL_NEW(float, n);
  l->row_cost = IRL_NEW(float, rows);
  l->row_weight = IRL_NEW(float, rows);
  l->probe = IRL_NEW(double, 2 * l->info->nx);
  bool closed = irl_algorithm_of(l->algo)->closed;
  l->model_work = IRL_NEW(double, closed ? (size_t)l->nc*(size_t)irl_maxent_work(l) : 1);
  l->row_logpi = IRL_NEW(double, rows);
  l->step_cost = IRL_NEW(double, rows);
  l->step_gradient = IRL_NEW(double, rows);
  if (!l->gradient || !l->adam_m || !l->adam_v || !l->row_cost || !l->row_weight || !l->probe ||
      !l->model_work || !l->row_logpi || !l->step_cost || !l->step_gradient) {
    return IRL_ENOMEM;
  }
  return irl_cost_rows_create(&l->rows, l->cost, rows);
}

// What the samplers cannot be: too large to have a controller of each step, or without one where
// the algorithm is about a model of each step.
static irl_err check_sampler(const irl_learner* l, irl_errinfo* info) {
  if (!irl_learner_stationary(l)) {
    return irl_sampler_check(l->task, info);
  }
  return irl_algorithm_of(l->algo)->closed
             ? irl_fail(info, IRL_EUNSUPPORTED,
                        "setting 'sampler': %s is about a model of each step, which stationary "
                        "samplers do not make; give sampler=time_varying",
                        irl_algo_names[l->algo])
             : IRL_OK;
}

static irl_err setup(irl_learner* l, const irl_demos* demos, int threads, int* index,
                     irl_errinfo* info) {
  IRL_TRY(check_sampler(l, info));
  IRL_TRY(irl_demos_match(demos, l->task, info));
  IRL_TRY(check_numbers(demos, info));
  IRL_TRY(allocate(l, demos->batch.n));
  IRL_TRY(find_conditions(l, demos, index, info));
  int most = l->config.samples > l->config.explore ? l->config.samples : l->config.explore;
  most = l->nc * (most > REFERENCE_EPISODES ? most : REFERENCE_EPISODES);
  IRL_TRY(irl_env_create(&l->env, l->task, most, threads, info));
  IRL_TRY(irl_pool_create(&l->pool, threads));
  IRL_TRY(make_stores(l, demos, index, info));
  IRL_TRY(make_cost(l, info));
  IRL_TRY(make_crews(l));
  l->expert_return = expert_return(l, demos, index);
  IRL_TRY(random_return(l));
  return allocate_network(l);
}

irl_err irl_learner_create(irl_learner** learner, const irl_task* task, const irl_demos* demos,
                           irl_algo algo, const irl_config* config, uint64_t seed, int threads,
                           irl_errinfo* info) {
  *learner = NULL;
  irl_learner* l = IRL_NEW(irl_learner, 1);
  int* index = IRL_NEW(int, 2 * (size_t)demos->batch.n);
  if (l == NULL || index == NULL) {
    irl_free(l);
    irl_free(index);
    return irl_fail(info, IRL_ENOMEM, "training: out of memory; use fewer samples");
  }
  l->task = task;
  l->info = irl_task_get(task);
  l->algo = algo;
  l->config = *config;
  l->seed = seed;
  l->demos_crc32c = irl_learner_demos_crc(demos);
  irl_errinfo reason = {IRL_OK, ""};
  irl_err err = setup(l, demos, threads, index, &reason);
  irl_free(index);
  if (err != IRL_OK) {
    irl_learner_destroy(l);
    return irl_fail(info, err, "%s",
                    reason.text[0] != '\0'
                        ? reason.text
                        : "training: out of memory; use fewer iterations or samples");
  }
  *learner = l;
  return IRL_OK;
}

void irl_learner_destroy(irl_learner* l) {
  if (l == NULL) {
    return;
  }
  for (int k = 0; k < l->nc; k++) {
    irl_store_fini(&l->store[k]);
    irl_policy_destroy(&l->initial[k]);
    irl_policy_destroy(&l->model[k]);
  }
  void* blocks[] = {l->model_work, l->path_logv,     l->model,        l->log_z_model,
                    l->constant,   l->condition,     l->initial,      l->store,
                    l->policy,     l->log_z,         l->log_z_before, l->calm,
                    l->npick,      l->pick,          l->path_cost,    l->path_logmu,
                    l->path_work,  l->path_gradient, l->gradient,     l->adam_m,
                    l->adam_v,     l->row_cost,      l->row_weight,   l->probe,
                    l->row_logpi,  l->step_cost,     l->step_gradient};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    irl_free(blocks[i]);
  }
  irl_cost_rows_destroy(l->rows);
  irl_cost_destroy(l->cost);
  for (int which = 0; which < IRL_NCREWS; which++) {
    irl_crew_fini(&l->crew[which], l->nc);
  }
  irl_batch_destroy(&l->heldout);
  irl_env_destroy(l->env);
  irl_pool_destroy(l->pool);
  irl_free(l);
}
