#include <math.h>
#include <stddef.h>
#include <string.h>

#include "envs/linearize.h"
#include "irl/initial_internal.h"

static const char* const names[] = {"zero", "pd", "lqr", "warm", NULL};

const char* irl_initial_name(int initial) {
  const int count = (int)(sizeof names / sizeof names[0]) - 1;
  return initial >= 0 && initial < count ? names[initial] : NULL;
}

bool irl_initial_parse(const char* name, irl_initial* initial) {
  for (int i = 0; names[i] != NULL; i++) {
    if (strcmp(name, names[i]) == 0) {
      *initial = (irl_initial)i;
      return true;
    }
  }
  return false;
}

// Gains in action half-ranges: full action at an offset of 1 rad or m and at 5 rad/s or m/s, soft
// enough for a step of the simulation and far from what noise can do.
static const double spring = 1.0;
static const double damper = 0.2;

// Noise, a share of the half-ranges that changes from start to start, about a pull that fades.
static irl_err noisy(const irl_initial_request* r, irl_policy* policy) {
  static const double noise[] = {0.3, 0.5, 0.2, 1.0};
  static const double pull[] = {0.3, 1.0, 0.1};
  static const double fade[] = {0.2, 0.2, 0.5, 0.5};
  irl_rng rng =
      irl_rng_stream(r->seed, IRL_PURPOSE_EXPERT, 0, (uint64_t)r->condition, (uint64_t)r->number);
  return irl_policy_start(policy, r->task, noise[r->number % 4],
                          r->number > 0 ? pull[r->number % 3] : 0.0, fade[r->number / 3 % 4], &rng);
}

//---------------------------------- About the first state -----------------------------------------

enum { FIRST_TRAJECTORIES = 8 };

// Everything about one step at the start of the condition, and as it would be if it stayed so.
typedef struct first_state {
  irl_batch batch;  // one step of FIRST_TRAJECTORIES noisy trajectories
  irl_linearizer* linearizer;
  irl_differences differences;
  irl_dynamics dyn, all_dyn;     // of one step, of all
  irl_quadratic cost, all_cost;  //
  irl_lqr* lqr;
  void* scratch;
} first_state;

static irl_err first_create(first_state* f, const irl_initial_request* r, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(r->task);
  irl_linearize_options options = irl_linearize_defaults();
  options.paths = FIRST_TRAJECTORIES;
  IRL_TRY(irl_batch_create(&f->batch, FIRST_TRAJECTORIES, 1, t->nx, t->nu, t->nz, t->nstate));
  IRL_TRY(irl_linearizer_create(&f->linearizer, r->env, 1, &options, info));
  IRL_TRY(irl_differences_create(&f->differences, 1,
                                 FIRST_TRAJECTORIES * irl_linearize_directions(r->task),
                                 2 * t->nx + t->nu + t->nz));
  IRL_TRY(irl_dynamics_create(&f->dyn, 1, t->nx, t->nu, t->nz));
  IRL_TRY(irl_dynamics_create(&f->all_dyn, t->horizon, t->nx, t->nu, 0));
  IRL_TRY(irl_quadratic_create(&f->cost, 1, t->nx, t->nu));
  IRL_TRY(irl_quadratic_create(&f->all_cost, t->horizon, t->nx, t->nu));
  IRL_TRY(irl_lqr_create(&f->lqr, t->horizon, t->nx, t->nu));
  return r->objective->scratch_create(r->objective->arg, &f->scratch);
}

static void first_destroy(first_state* f, const irl_initial_request* r) {
  irl_batch_destroy(&f->batch);
  irl_linearizer_destroy(f->linearizer);
  irl_differences_destroy(&f->differences);
  irl_dynamics_destroy(&f->dyn);
  irl_dynamics_destroy(&f->all_dyn);
  irl_quadratic_destroy(&f->cost);
  irl_quadratic_destroy(&f->all_cost);
  irl_lqr_destroy(f->lqr);
  if (f->scratch != NULL) {
    r->objective->scratch_destroy(f->scratch);
  }
}

static irl_err draw_first_step(first_state* f, const irl_initial_request* r,
                               const irl_policy* policy, int64_t* env_steps, irl_errinfo* info) {
  const irl_policy* own[FIRST_TRAJECTORIES];
  for (int i = 0; i < FIRST_TRAJECTORIES; i++) {
    own[i] = policy;
    f->batch.condition[i] = r->condition;
  }
  irl_rollout rollout = {.mode = IRL_ACTION_SAMPLE,
                         .own_policy = own,
                         .seed = r->seed,
                         .reset_purpose = IRL_PURPOSE_EXPERT,
                         .action_purpose = IRL_PURPOSE_ACTION,
                         .run_on = true};
  return irl_env_rollout(r->env, &rollout, &f->batch, env_steps, NULL, info);
}

// The step's model and cost at every step of the horizon.
static void repeat(first_state* f) {
  const size_t nx = (size_t)f->dyn.nx, n = nx + (size_t)f->dyn.nu;
  for (size_t t = 0; t < (size_t)f->all_dyn.horizon; t++) {
    memcpy(f->all_dyn.F + t * nx * n, f->dyn.F, nx * n * sizeof(double));
    memcpy(f->all_dyn.f + t * nx, f->dyn.f, nx * sizeof(double));
    memcpy(f->all_dyn.cov + t * nx * nx, f->dyn.cov, nx * nx * sizeof(double));
    memcpy(f->all_cost.C + t * n * n, f->cost.C, n * n * sizeof(double));
    memcpy(f->all_cost.c + t * n, f->cost.c, n * sizeof(double));
    f->all_cost.c0[t] = f->cost.c0[0];
  }
  memcpy(f->all_dyn.x0_mean, f->dyn.x0_mean, nx * sizeof(double));
  memcpy(f->all_dyn.x0_cov, f->dyn.x0_cov, nx * nx * sizeof(double));
}

// LQR on the first step's linearisation and cost, with the noise that the policy came with: a model
// that only holds at the start has no say in how sure to be.
static irl_err solve_first(first_state* f, const irl_initial_request* r, irl_policy* policy,
                           int64_t* env_steps, irl_errinfo* info) {
  int index[FIRST_TRAJECTORIES];
  for (int i = 0; i < FIRST_TRAJECTORIES; i++) {
    index[i] = i;
  }
  irl_dynamics_options fit = irl_dynamics_defaults();
  fit.kind = IRL_DYNAMICS_SIMULATOR;
  irl_dynamics_fitter* fitter;
  IRL_TRY(draw_first_step(f, r, policy, env_steps, info));
  IRL_TRY(irl_linearizer_run(f->linearizer, &f->batch, index, FIRST_TRAJECTORIES, &f->differences,
                             env_steps, info));
  IRL_TRY(irl_dynamics_fitter_create(&fitter, 1, f->dyn.nx, f->dyn.nu, f->dyn.nz));
  irl_err err = irl_dynamics_fitter_run(fitter, &f->dyn, &f->batch, index, FIRST_TRAJECTORIES, &fit,
                                        &f->differences, info);
  irl_dynamics_fitter_destroy(fitter);
  IRL_TRY(err);
  r->objective->expand(r->objective->arg, &f->batch, index, FIRST_TRAJECTORIES, &f->dyn, &f->cost,
                       f->scratch);
  repeat(f);
  irl_policy solved;
  IRL_TRY(irl_policy_create(&solved, policy->steps, policy->nx, policy->nu));
  err = irl_lqr_backward(f->lqr, &f->all_dyn, &f->all_cost, NULL, 0, 1, &solved);
  if (err == IRL_OK) {
    const size_t T = (size_t)policy->steps, nu = (size_t)policy->nu;
    memcpy(policy->K, solved.K, T * nu * (size_t)policy->nx * sizeof(double));
    memcpy(policy->k, solved.k, T * nu * sizeof(double));
  }
  irl_policy_destroy(&solved);
  return err == IRL_ENUM ? IRL_OK : err;  // no such controller: the noise alone
}

static irl_err lqr(const irl_initial_request* r, irl_policy* policy, int64_t* env_steps,
                   irl_errinfo* info) {
  first_state f = {0};
  irl_err err = first_create(&f, r, info);
  if (err == IRL_OK) {
    err = solve_first(&f, r, policy, env_steps, info);
  }
  first_destroy(&f, r);
  return err;
}

//---------------------------------- Springs and dampers -------------------------------------------

// Pulls every observed joint to where it starts, the pull of the start on top.
static irl_err springs(const irl_initial_request* r, irl_policy* policy, int64_t* env_steps,
                       irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(r->task);
  irl_batch batch;
  IRL_TRY(irl_batch_create(&batch, 1, 1, t->nx, t->nu, 0, 0));
  batch.condition[0] = r->condition;
  irl_rollout rollout = {.mode = IRL_ACTION_ZERO,
                         .seed = r->seed,
                         .reset_purpose = IRL_PURPOSE_EXPERT,
                         .exact_start = true,
                         .run_on = true};
  const irl_err err = irl_env_rollout(r->env, &rollout, &batch, env_steps, NULL, info);
  for (int a = 0; a < t->nu && err == IRL_OK; a++) {
    irl_joint_view view;
    const double unit = irl_half_range(r->task, a);
    for (int s = 0; irl_task_joint_of(r->task, a, &view) && s < policy->steps; s++) {
      double* K = policy->K + ((ptrdiff_t)s * t->nu + a) * t->nx;
      const double sign = view.gear > 0 ? 1 : -1;
      if (view.position >= 0) {
        K[view.position] = -sign * spring * unit;
        policy->k[s * t->nu + a] += sign * spring * unit * batch.x[view.position];
      }
      if (view.velocity >= 0) {
        K[view.velocity] = -sign * damper * unit;
      }
    }
  }
  irl_batch_destroy(&batch);
  return err;
}

irl_err irl_initial_policy(const irl_initial_request* r, irl_policy* policy, int64_t* env_steps,
                           irl_errinfo* info) {
  if (r->initial == IRL_INITIAL_WARM) {
    if (r->warm == NULL || r->warm->nx != policy->nx || r->warm->nu != policy->nu ||
        r->warm->steps != policy->steps) {
      return irl_fail(info, IRL_EDIM,
                      "optimisation: condition %d has no policy of %d steps, %d observations and "
                      "%d actions to start from; give one that fits",
                      r->condition, policy->steps, policy->nx, policy->nu);
    }
    irl_policy_copy(policy, r->warm);
    irl_policy_scale_covariance(policy, pow(4, r->number % 4));
    return IRL_OK;
  }
  IRL_TRY(noisy(r, policy));
  if (r->initial == IRL_INITIAL_PD) {
    return springs(r, policy, env_steps, info);
  }
  if (r->initial == IRL_INITIAL_LQR) {
    return lqr(r, policy, env_steps, info);
  }
  return IRL_OK;
}
