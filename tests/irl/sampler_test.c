// The sampler's step: no allocation once it runs, and finite policies from poor data.
#include "allocations.h"
#include "envs/env.h"
#include "irl/objective_internal.h"
#include "irl/runtime.h"
#include "irl/sampler_internal.h"

enum { N = 12 };

typedef struct setup {
  irl_task* task;
  irl_env* env;
  irl_batch batch;
  irl_sampler sampler;
  irl_sampler_options options;
  int index[N];
} setup;

static void setup_init(setup* s, const irl_objective* objective, bool residuals) {
  irl_runtime_init();
  CHECK_OK(irl_task_load(&s->task, "reacher", NULL, 0, NULL));
  const irl_task_info* t = irl_task_get(s->task);
  const irl_objective reward = irl_reward_objective(s->task);
  const int nz = residuals ? t->nz : 0;
  s->options = (irl_sampler_options){.kl_step = 0.5,
                                     .kl_lo = 0.1,
                                     .kl_hi = 4,
                                     .dynamics = irl_dynamics_defaults(),
                                     .lqr = irl_lqr_defaults()};
  CHECK_OK(irl_env_create(&s->env, s->task, N, 1, NULL));
  CHECK_OK(irl_batch_create(&s->batch, N, t->horizon, t->nx, t->nu, nz, 0));
  CHECK_OK(irl_sampler_init(&s->sampler, t->horizon, t->nx, t->nu, nz,
                            objective != NULL ? objective : &reward));
  CHECK_OK(irl_sampler_start(&s->sampler, s->task, 0.3, 0, NULL));
  for (int i = 0; i < N; i++) {
    s->index[i] = i;
  }
}

static void setup_fini(setup* s) {
  irl_sampler_fini(&s->sampler);
  irl_batch_destroy(&s->batch);
  irl_env_destroy(s->env);
  irl_task_destroy(s->task);
}

static void draw(setup* s, int iteration) {
  const irl_policy* own[N];
  for (int i = 0; i < N; i++) {
    own[i] = &s->sampler.policy;
  }
  irl_rollout rollout = {.own_policy = own,
                         .iteration = (uint64_t)iteration,
                         .reset_purpose = IRL_PURPOSE_VERIFY,
                         .action_purpose = IRL_PURPOSE_ACTION,
                         .run_on = true};
  CHECK_OK(irl_env_rollout(s->env, &rollout, &s->batch, NULL, NULL, NULL));
}

// The second step of a sampler takes nothing from the heap, on the true reward and on a learned
// cost.
static void steps_allocate_nothing(void) {
  irl_cost* cost = NULL;
  const irl_cost_config config = irl_cost_defaults();
  CHECK_OK(irl_cost_create(&cost, &config, 10, 2, 1, NULL));
  for (int learned = 0; learned < 2; learned++) {
    setup s;
    const irl_objective of_cost = irl_cost_objective(cost);
    setup_init(&s, learned ? &of_cost : NULL, !learned);
    const irl_objective objective = learned ? of_cost : irl_reward_objective(s.task);
    draw(&s, 0);
    CHECK(irl_sampler_step(&s.sampler, &s.options, &s.batch, s.index, N, N, &objective));
    draw(&s, 1);
    const long before = atomic_load(&allocations);
    CHECK(irl_sampler_step(&s.sampler, &s.options, &s.batch, s.index, N, N, &objective));
    CHECK(atomic_load(&allocations) == before);
    setup_fini(&s);
  }
  irl_cost_destroy(cost);
}

static bool finite_policy(const irl_policy* p) {
  double zero = 0;
  for (int i = 0; i < p->steps * p->nu * p->nx; i++) {
    zero += 0 * p->K[i];
  }
  for (int i = 0; i < p->steps * p->nu * p->nu; i++) {
    zero += 0 * p->sigma[i] + 0 * p->prec[i];
  }
  for (int i = 0; i < p->steps * p->nu; i++) {
    zero += 0 * p->k[i];
  }
  return zero == 0;
}

// Two trajectories (12 regressors), the same twice, actions far beyond the bounds, constant
// observations: a finite policy. NaN: no step, the policy stays, the KL limit is halved.
static void poor_data(void) {
  for (int k = 0; k < 4; k++) {
    setup s;
    setup_init(&s, NULL, true);
    const irl_objective objective = irl_reward_objective(s.task);
    const irl_task_info* t = irl_task_get(s.task);
    if (k == 2) {
      CHECK_OK(irl_sampler_start(&s.sampler, s.task, 100, 0, NULL));
    }
    draw(&s, 0);
    if (k == 1) {
      s.index[1] = 0;
    }
    for (int i = 0; k == 3 && i < N; i++) {
      for (int row = 0; row <= t->horizon; row++) {
        memcpy(irl_batch_x(&s.batch, i, row), irl_batch_x(&s.batch, 0, 0),
               sizeof(double) * (size_t)t->nx);
      }
    }
    const int n = k < 2 ? 2 : N;
    CHECK(irl_sampler_step(&s.sampler, &s.options, &s.batch, s.index, n, n, &objective));
    CHECK(finite_policy(&s.sampler.policy));
    irl_batch_x(&s.batch, 1, 3)[0] = (double)NAN;
    s.index[1] = 1;
    const double before = s.sampler.policy.K[0], multiplier = s.sampler.multiplier;
    CHECK(!irl_sampler_step(&s.sampler, &s.options, &s.batch, s.index, n, n, &objective));
    CHECK(s.sampler.policy.K[0] == before);
    CHECK_NEAR(s.sampler.multiplier, 0.5 * multiplier, 1e-12);
    setup_fini(&s);
  }
}

TESTS(TEST(the_counter_counts), TEST(steps_allocate_nothing), TEST(poor_data))
