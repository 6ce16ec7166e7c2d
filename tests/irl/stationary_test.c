// Searches of one stationary policy: what they find on the linear task, on what they do not depend,
// and what they make of bad costs.
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/linalg.h"
#include "base/tensors.h"
#include "irl/expert.h"
#include "irl/runtime.h"
#include "irl/stationary_internal.h"
#include "test.h"

static char root[1024];

static const char* file(const char* name, char path[1200]) {
  if (root[0] == 0) {
    const char* dir = test_folder();
    snprintf(root, sizeof root, "%s/stationary_%d", dir, (int)getpid());
    CHECK_OK(irl_dir_create(root, NULL));
  }
  snprintf(path, 1200, "%s/%s", root, name);
  return path;
}

static irl_task* load(const char* name, const char* set) {
  irl_task* task = NULL;
  irl_errinfo info = {IRL_OK, ""};
  irl_runtime_init();
  CHECK_OK(irl_task_load(&task, name, &set, set != NULL, &info));
  return task;
}

// A search on the task's own reward.
typedef struct search {
  irl_task* task;
  irl_reward_steps reward;
  irl_stationary_options o;
  irl_policy policy;
  int64_t env_steps;
  irl_errinfo info;
} search;

static void search_init(search* s, irl_task* task, irl_expert_method method) {
  const irl_task_info* t = irl_task_get(task);
  *s = (search){.task = task, .reward = {task, true}};
  s->o = (irl_stationary_options){.task = task,
                                  .plan = irl_expert_plan_defaults(method),
                                  .search = irl_reward_step_costs(&s->reward),
                                  .judge = irl_reward_step_costs(&s->reward),
                                  .seed = 4,
                                  .threads = 2};
  CHECK_OK(irl_policy_create(&s->policy, 1, t->nx, t->nu));
}

static irl_err run(search* s) {
  return irl_stationary(&s->o, NULL, &s->policy, &s->env_steps, &s->info);
}

static void search_fini(search* s) {
  irl_policy_destroy(&s->policy);
  irl_task_destroy(s->task);
}

static bool same_policy(const irl_policy* a, const irl_policy* b) {
  return memcmp(a->K, b->K, sizeof(double) * (size_t)(a->nx * a->nu)) == 0 &&
         memcmp(a->k, b->k, sizeof(double) * (size_t)a->nu) == 0 &&
         memcmp(a->sigma, b->sigma, sizeof(double) * (size_t)(a->nu * a->nu)) == 0;
}

//---------------------------------- The linear task ----------------------------------------------

// Stationary gain of one axis of lq_point_mass (docs/tasks.md) by Riccati's recursion: the cost is
// on the state after the action.
static void riccati(double K[2]) {
  const double h = 0.005, k = 10, A[4] = {1, k * h, 0, 1}, B[2] = {h * h * k * (k + 1) / 2, k * h};
  double P[4] = {0};
  for (int it = 0; it < 5000; it++) {
    const double S[4] = {P[0] + 5, P[1], P[2], P[3] + 0.5};
    double SA[4], BSA[2];
    irl_mat_mul(SA, S, A, 2, 2, 2);
    const double SB[2] = {S[0] * B[0] + S[1] * B[1], S[2] * B[0] + S[3] * B[1]};
    const double quu = 2 + B[0] * SB[0] + B[1] * SB[1];
    for (int j = 0; j < 2; j++) {
      BSA[j] = B[0] * SA[j] + B[1] * SA[2 + j];
      K[j] = -BSA[j] / quu;
    }
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 2; j++) {
        P[2 * i + j] = A[i] * SA[j] + A[2 + i] * SA[2 + j] + BSA[i] * K[j];
      }
    }
  }
}

// Mean return of mean actions over 20 starts that no search uses.
static double judge(const irl_task* task, const irl_policy* policy) {
  const irl_task_info* t = irl_task_get(task);
  enum { EPISODES = 20 };
  const irl_policy* own[EPISODES];
  irl_env* env;
  irl_batch b;
  double sum = 0;
  CHECK_OK(irl_env_create(&env, task, EPISODES, 1, NULL));
  CHECK_OK(irl_batch_create(&b, EPISODES, t->horizon, t->nx, t->nu, 0, 0));
  for (int i = 0; i < EPISODES; i++) {
    own[i] = policy;
    b.condition[i] = i % t->nconditions;
  }
  const irl_rollout r = {.mode = IRL_ACTION_MEAN,
                         .own_policy = own,
                         .seed = 99,
                         .reset_purpose = IRL_PURPOSE_VERIFY,
                         .action_purpose = IRL_PURPOSE_VERIFY};
  CHECK_OK(irl_env_rollout(env, &r, &b, NULL, NULL, NULL));
  for (int i = 0; i < EPISODES; i++) {
    sum += irl_batch_return(&b, i) / EPISODES;
  }
  irl_batch_destroy(&b);
  irl_env_destroy(env);
  return sum;
}

// Both methods come near the stationary Riccati gain's cost, beyond what doing nothing costs.
// Random search is left with the size of its steps, 0.2 %; the gradient of 2400 noisy steps, whose
// trust region is of the noise's own size, with 6 %.
static void linear_task_is_solved(irl_expert_method method, int iterations, double share) {
  search s;
  irl_policy best;
  double K[2];
  search_init(&s, load("lq_point_mass", "horizon=60"), method);
  CHECK_OK(irl_policy_create(&best, 1, 4, 2));
  const double idle = judge(s.task, &best);
  riccati(K);
  for (int j = 0; j < 2; j++) {
    best.K[j * 4 + j] = K[0];
    best.K[j * 4 + j + 2] = K[1];
  }
  const double wanted = judge(s.task, &best);
  s.o.plan.iterations = iterations;
  s.o.plan.step = 0.15;
  s.o.plan.noise = 0.1;
  s.o.plan.best = 8;
  s.o.plan.alive = true;
  s.o.plan.kl = 0.1;
  s.o.plan.samples = 40;
  s.o.plan.discount = 0.98;
  CHECK_OK(run(&s));
  const double found = judge(s.task, &s.policy);
  printf("idle %g found %g riccati %g\n", idle, found, wanted);
  CHECK((found - idle) / (wanted - idle) > share);
  irl_policy_destroy(&best);
  search_fini(&s);
}

static void random_search_solves_the_linear_task(void) {
  linear_task_is_solved(IRL_EXPERT_RANDOM, 120, 0.97);
}

static void natural_gradient_solves_the_linear_task(void) {
  linear_task_is_solved(IRL_EXPERT_NATURAL, 40, 0.92);
}

// log|Σ| after eight steps of the natural gradient at a temperature.
static double noise_after(irl_task* task, double temperature) {
  search s;
  irl_campaign c;
  search_init(&s, task, IRL_EXPERT_NATURAL);
  s.o.temperature = temperature;
  CHECK_OK(irl_campaign_open(&c, &s.o, &s.info));
  for (int k = 0; k < 8; k++, c.iteration++) {
    CHECK_OK(irl_campaign_step(&c, &s.info));
  }
  const double logdet = c.policy.logdet[0];
  irl_campaign_close(&c);
  irl_policy_destroy(&s.policy);
  return logdet;
}

// The temperature is in units of cost, and the costs here are of tens: a thousandth is nothing
// beside them, a thousand keeps the noise up.
static void temperature_weighs_entropy_in_units_of_cost(void) {
  irl_task* task = load("lq_point_mass", "horizon=30");
  const double cold = noise_after(task, 0);
  CHECK_NEAR(noise_after(task, 1e-3), cold, 1e-2);
  CHECK(noise_after(task, 1e3) > cold + 0.5);
  irl_task_destroy(task);
}

//---------------------------------- Sameness -----------------------------------------------------

// Costs of the task's reward that ask for a stop when they have been asked for `left` times.
typedef struct stopping {
  irl_reward_steps reward;
  atomic_bool* stop;
  int* left;
} stopping;

static void stopping_costs(const void* arg, const irl_batch* b, double* c) {
  const stopping* s = arg;
  if (--*s->left == 0) {
    *s->stop = true;
  }
  irl_reward_step_costs(&s->reward).costs(&s->reward, b, c);
}

// Runs a search, stopped after its n-th step, and then to its end.
static void run_in_two(search* s, int n) {
  atomic_bool stop = false;
  int left = n;
  const stopping costs = {s->reward, &stop, &left};
  const irl_host host = {.stop = &stop};
  s->o.search = (irl_step_costs){stopping_costs, &costs};
  CHECK(irl_stationary(&s->o, &host, &s->policy, &s->env_steps, &s->info) == IRL_ECANCELED);
  s->o.resume = true;
  s->o.threads = 1;
  CHECK_OK(run(s));
}

// The number of threads and a stop half-way change no bit; the seed does.
static void only_the_seed_decides(void) {
  static const irl_expert_method methods[] = {IRL_EXPERT_NATURAL, IRL_EXPERT_RANDOM};
  irl_task* task = load("swimmer", "horizon=15");
  for (int m = 0; m < 2; m++) {
    search whole, parts, other;
    char path[1200];
    search_init(&whole, task, methods[m]);
    search_init(&parts, task, methods[m]);
    search_init(&other, task, methods[m]);
    whole.o.plan.iterations = 24;
    whole.o.plan.steps = 3;
    whole.o.plan.grow = 1.1;
    other.o.plan = parts.o.plan = whole.o.plan;
    other.o.seed = 5;
    parts.o.state = file(m == 0 ? "natural" : "random", path);
    CHECK_OK(run(&whole));
    CHECK_OK(run(&other));
    run_in_two(&parts, 11);
    CHECK(same_policy(&whole.policy, &parts.policy));
    CHECK(!same_policy(&whole.policy, &other.policy));
    CHECK(whole.env_steps == parts.env_steps);
    irl_policy_destroy(&whole.policy);
    irl_policy_destroy(&parts.policy);
    irl_policy_destroy(&other.policy);
  }
  irl_task_destroy(task);
}

// Where sizes shrink over the search its length counts: a state then goes on with the same number
// of steps alone. Judging with the same starts, a floor and products are part of a search too.
static void shrinking_searches_keep_their_length(void) {
  irl_task* task = load("swimmer", "horizon=15");
  search whole, parts;
  char path[1200];
  search_init(&whole, task, IRL_EXPERT_NATURAL);
  whole.o.plan.iterations = 24;
  whole.o.plan.last = 0.1;
  whole.o.plan.judge = 3;
  whole.o.plan.floor = 0.2;
  whole.o.plan.products = true;
  search_init(&parts, task, IRL_EXPERT_NATURAL);
  parts.o.plan = whole.o.plan;
  parts.o.state = file("shrinking", path);
  CHECK_OK(run(&whole));
  run_in_two(&parts, 11);
  CHECK(same_policy(&whole.policy, &parts.policy));
  parts.o.plan.iterations = 25;
  CHECK(run(&parts) == IRL_EDIM);
  CHECK_CONTAINS(parts.info.text, "another task, seed or settings");
  irl_policy_destroy(&whole.policy);
  irl_policy_destroy(&parts.policy);
  irl_task_destroy(task);
}

// The share goes from 1 to the plan's last evenly in its logarithm.
static void sizes_shrink_evenly(void) {
  search s;
  irl_campaign c;
  search_init(&s, load("swimmer", "horizon=10"), IRL_EXPERT_RANDOM);
  s.o.plan.iterations = 8;
  CHECK_OK(irl_campaign_open(&c, &s.o, &s.info));
  c.iteration = 5;
  CHECK(irl_campaign_share(&c) == 1);
  s.o.plan.last = 0.01;
  c.iteration = 0;
  CHECK(irl_campaign_share(&c) == 1);
  c.iteration = 4;
  CHECK_NEAR(irl_campaign_share(&c), 0.1, 1e-15);
  CHECK_OK(irl_campaign_step(&c, &s.info));
  CHECK_NEAR(c.random.options.step, 0.1 * s.o.plan.step, 1e-15);
  CHECK_NEAR(c.random.options.noise, 0.1 * s.o.plan.noise, 1e-15);
  c.iteration = 8;
  CHECK_NEAR(irl_campaign_share(&c), 0.01, 1e-15);
  irl_campaign_close(&c);
  search_fini(&s);
}

// The noise does not fall below its floor: there it is as large as at the start, whatever it costs.
static void noise_keeps_its_floor(void) {
  search s;
  irl_campaign c;
  search_init(&s, load("lq_point_mass", "horizon=30"), IRL_EXPERT_NATURAL);
  s.o.plan.floor = 1;
  CHECK_OK(irl_campaign_open(&c, &s.o, &s.info));
  const double first = c.policy.sigma[0];
  for (int k = 0; k < 5; k++, c.iteration++) {
    CHECK_OK(irl_campaign_step(&c, &s.info));
    CHECK(c.policy.sigma[0] >= first * (1 - 1e-9));
  }
  irl_campaign_close(&c);
  search_fini(&s);
}

static void products_of_too_many_observations(void) {
  search s;
  search_init(&s, load("humanoid_standup", "horizon=10"), IRL_EXPERT_NATURAL);
  s.o.plan.products = true;
  CHECK(run(&s) == IRL_ERANGE);
  CHECK_CONTAINS(s.info.text, "leave out \"products\"");
  search_fini(&s);
}

// Nor does a stop before the first step, of a search that starts from a policy.
static void a_stop_at_the_start_changes_nothing(void) {
  irl_task* task = load("swimmer", "horizon=15");
  search whole, parts;
  irl_policy start;
  char path[1200];
  CHECK_OK(irl_policy_create(&start, 1, 8, 2));
  CHECK_OK(irl_policy_set_noise(&start, (const double[]){0.1, 0.1}));
  start.K[3] = 0.5;
  search_init(&whole, task, IRL_EXPERT_RANDOM);
  search_init(&parts, task, IRL_EXPERT_RANDOM);
  whole.o.plan.iterations = 3;
  whole.o.start = &start;
  parts.o.plan = whole.o.plan;
  parts.o.start = &start;
  parts.o.state = file("first", path);
  CHECK_OK(run(&whole));
  run_in_two(&parts, 1);
  CHECK(same_policy(&whole.policy, &parts.policy));
  CHECK(whole.env_steps == parts.env_steps);
  irl_policy_destroy(&whole.policy);
  irl_policy_destroy(&parts.policy);
  irl_policy_destroy(&start);
  irl_task_destroy(task);
}

static void a_state_of_another_search_is_refused(void) {
  search s;
  char path[1200];
  search_init(&s, load("swimmer", "horizon=20"), IRL_EXPERT_RANDOM);
  s.o.plan.iterations = 1;
  s.o.state = file("other", path);
  CHECK_OK(run(&s));
  s.o.resume = true;
  CHECK_OK(run(&s));
  s.o.plan.noise *= 2;
  CHECK(run(&s) == IRL_EDIM);
  CHECK_CONTAINS(s.info.text, "another task, seed or settings");
  s.o.plan.noise /= 2;
  s.o.seed++;
  CHECK(run(&s) == IRL_EDIM);
  s.o.state = file("none", path);
  CHECK(run(&s) == IRL_ENOENT);
  search_fini(&s);
}

// Control steps that trajectories have come to after five steps of random search, and the
// environment steps that took.
static int steps_of_five(const char* name, const char* set, double grow, int64_t* env_steps) {
  search s;
  char path[1200];
  irl_tensors* saved;
  const int64_t three = 3;
  const void* counts;
  search_init(&s, load(name, set), IRL_EXPERT_RANDOM);
  s.o.plan.iterations = 5;
  s.o.plan.steps = 40;
  s.o.plan.grow = grow;
  s.o.state = file("grown", path);
  CHECK_OK(run(&s));
  CHECK_OK(irl_tensors_load(&saved, path, NULL));
  CHECK_OK(irl_tensors_find(saved, "counts", IRL_I64, 1, &three, &counts, NULL));
  const int steps = (int)((const int64_t*)counts)[2];
  irl_tensors_destroy(saved);
  *env_steps = s.env_steps;
  search_fini(&s);
  return steps;
}

// Where nothing ends early trajectories of 40 steps become 80, 160 and 300, all there are; where
// all fall within 40 steps they stay.
static void trajectories_grow_where_half_of_them_last(void) {
  const int64_t trajectories = 2 * irl_expert_plan_defaults(IRL_EXPERT_RANDOM).directions;
  int64_t grown, same;
  CHECK(steps_of_five("swimmer", "horizon=300", 2, &grown) == 300);
  CHECK(steps_of_five("swimmer", "horizon=300", 1, &same) == 40);
  CHECK(grown - same == trajectories * (40 + 120 + 260 + 260));
  CHECK(steps_of_five("inverted_pendulum", "domain.gravity=20", 2, &same) == 40);
}

//---------------------------------- Costs --------------------------------------------------------

// Without its constant terms hopper's reward is less by 1 for each step that ended well.
static void constant_terms_are_left_out(void) {
  irl_task* task = load("hopper", "horizon=80");
  const irl_task_info* t = irl_task_get(task);
  const irl_reward_steps with = {task, true}, without = {task, false};
  double a[160], b[160];
  irl_env* env;
  irl_batch batch;
  CHECK_OK(irl_env_create(&env, task, 2, 1, NULL));
  CHECK_OK(irl_batch_create(&batch, 2, 80, t->nx, t->nu, 0, 0));
  const irl_rollout r = {.mode = IRL_ACTION_UNIFORM,
                         .reset_purpose = IRL_PURPOSE_RESET,
                         .action_purpose = IRL_PURPOSE_ACTION};
  CHECK_OK(irl_env_rollout(env, &r, &batch, NULL, NULL, NULL));
  irl_reward_step_costs(&with).costs(&with, &batch, a);
  irl_reward_step_costs(&without).costs(&without, &batch, b);
  for (int i = 0; i < 2; i++) {
    CHECK(batch.terminated[i] && batch.length[i] < 80);
    for (int k = 0; k < 80; k++) {
      const int at = i * 80 + k;
      CHECK_NEAR(a[at], -batch.reward[at], 0);
      CHECK_NEAR(b[at] - a[at], k < batch.length[i] - 1 ? 1 : 0, 1e-12);
    }
  }
  irl_batch_destroy(&batch);
  irl_env_destroy(env);
  irl_task_destroy(task);
}

// A learned cost by blocks of 7 rows is the cost at each step, to float precision; a search lowers
// it.
static void learned_costs_are_searched(void) {
  search s;
  irl_cost* cost;
  irl_learned_steps l = {.capacity = 7};
  irl_batch b;
  float c[7];
  double got[2 * 20];
  const irl_cost_config config = irl_cost_defaults();
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 8, 0, 0);
  search_init(&s, load("lq_point_mass", "horizon=20"), IRL_EXPERT_RANDOM);
  CHECK_OK(irl_cost_create(&cost, &config, 4, 2, 3, NULL));
  CHECK_OK(irl_cost_rows_create(&l.rows, cost, 7));
  CHECK_OK(irl_batch_create(&b, 2, 20, 4, 2, 0, 0));
  l.cost = cost;
  l.c = c;
  for (int i = 0; i < 2 * 21 * 4; i++) {
    b.x[i] = irl_rng_normal(&rng);
  }
  b.length[1] = 9;
  irl_learned_step_costs(&l).costs(&l, &b, got);
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k < 20; k++) {
      double wanted = 0;
      if (k < b.length[i]) {
        irl_cost_eval(cost, 1, irl_batch_x(&b, i, k), irl_batch_u(&b, i, k), &wanted);
      }
      CHECK_NEAR(got[i * 20 + k], wanted, 1e-5 * (1 + fabs(wanted)));
    }
  }
  s.o.search = s.o.judge = irl_learned_step_costs(&l);
  s.o.plan.iterations = 20;
  CHECK_OK(run(&s));
  CHECK(s.policy.K[0] != 0);
  irl_batch_destroy(&b);
  irl_cost_rows_destroy(l.rows);
  irl_cost_destroy(cost);
  search_fini(&s);
}

// What a search's costs are asked about, and a cost of ½ w u² for it.
typedef struct witness {
  double w;
  int calls, shortest, longest;  // trajectories of each call
  int cut;                       // ended before their batch's horizon
  int elsewhere;                 // of another condition than 2
} witness;

static void witnessed_costs(const void* arg, const irl_batch* b, double* c) {
  witness* s = (witness*)(uintptr_t)arg;
  s->calls++;
  s->shortest = b->horizon < s->shortest ? b->horizon : s->shortest;
  s->longest = b->horizon > s->longest ? b->horizon : s->longest;
  for (int i = 0; i < b->n; i++) {
    s->cut += b->length[i] < b->horizon;
    s->elsewhere += b->condition[i] != 2;
    for (int t = 0; t < b->horizon; t++) {
      const double u = irl_batch_u(b, i, t)[0];
      c[(long)i * b->horizon + t] = t < b->length[i] ? 0.5 * s->w * u * u : 0;
    }
  }
}

// A pole that falls is simulated to the horizon when the search runs on, in the search and in its
// judgements, and is cut off otherwise.
static void searches_run_on(void) {
  static const irl_expert_method methods[] = {IRL_EXPERT_NATURAL, IRL_EXPERT_RANDOM};
  for (int m = 0; m < 2; m++) {
    for (int on = 0; on < 2; on++) {
      search s;
      witness seen = {1, 0, 1000, 0, 0, 0};
      search_init(&s, load("inverted_pendulum", "horizon=120"), methods[m]);
      s.o.search = s.o.judge = (irl_step_costs){witnessed_costs, &seen};
      s.o.plan.iterations = 2;
      s.o.run_on = on;
      CHECK_OK(run(&s));
      CHECK(on ? seen.cut == 0 : seen.cut > 0);
      search_fini(&s);
    }
  }
}

// A pole that falls does not last when it runs on: trajectories stay short until half of them keep
// it up, as they do where they are cut off.
static void running_on_is_no_lasting(void) {
  for (int on = 0; on < 2; on++) {
    search s;
    witness seen = {1, 0, 1000, 0, 0, 0};
    search_init(&s, load("inverted_pendulum", "domain.gravity=20"), IRL_EXPERT_RANDOM);
    s.o.search = (irl_step_costs){witnessed_costs, &seen};
    s.o.plan.iterations = 3;
    s.o.plan.steps = 40;
    s.o.plan.grow = 2;
    s.o.run_on = on;
    CHECK_OK(run(&s));
    CHECK(seen.shortest == 40 && seen.longest == 40);
    search_fini(&s);
  }
}

// A search ends with the step that takes it to its bound: 8 judged trajectories of each of four
// conditions and 16 a step, all of 20 steps.
static void control_steps_are_bounded(void) {
  search s;
  search_init(&s, load("lq_point_mass", "horizon=20"), IRL_EXPERT_RANDOM);
  s.o.plan.judge = 8;
  s.o.most_env_steps = 32 * 20 + 2 * 16 * 20 + 1;
  CHECK_OK(run(&s));
  CHECK(s.env_steps == 32 * 20 + 3 * 16 * 20);
  search_fini(&s);
}

// Only the conditions that are asked for are searched and judged.
static void conditions_are_chosen(void) {
  static const int second = 2;
  search s;
  witness seen = {1, 0, 1000, 0, 0, 0};
  search_init(&s, load("lq_point_mass", "horizon=20"), IRL_EXPERT_NATURAL);
  s.o.search = s.o.judge = (irl_step_costs){witnessed_costs, &seen};
  s.o.plan.iterations = 2;
  s.o.condition = &second;
  s.o.nc = 1;
  CHECK_OK(run(&s));
  CHECK_OK(irl_stationary_soften(&s.o, NULL, &s.policy, &s.env_steps, &s.info));
  CHECK(seen.calls > 4 && seen.elsewhere == 0);
  search_fini(&s);
}

// Under ½ w u² on the first of two actions and with both of variance σ², E[c] − νH is, but for a
// constant, T (½ w σ² − ν log σ²): 0.614 ν at σ² = 4ν/w, 0.5 ν at ν/w, 1.51 ν at ν/4w. From 64 ν/w
// the third quartering is the best.
static void noise_of_maximum_entropy(void) {
  const double nu = 3, w = 7;
  search s;
  witness seen = {w, 0, 1000, 0, 0, 0};
  search_init(&s, load("lq_point_mass", "horizon=40"), IRL_EXPERT_NATURAL);
  s.o.judge = (irl_step_costs){witnessed_costs, &seen};
  s.o.temperature = nu;
  const double stddev[2] = {sqrt(64 * nu / w), sqrt(64 * nu / w)};
  CHECK_OK(irl_policy_set_noise(&s.policy, stddev));
  CHECK_OK(irl_stationary_soften(&s.o, NULL, &s.policy, &s.env_steps, &s.info));
  CHECK_NEAR(s.policy.sigma[0], nu / w, 1e-12);
  CHECK_NEAR(s.policy.sigma[3], nu / w, 1e-12);
  CHECK(s.env_steps == 10 * 30 * 40);
  search_fini(&s);
}

// Costs that are not numbers on every third trajectory, or on all.
static void broken_costs(const void* arg, const irl_batch* b, double* c) {
  const int* every = arg;
  for (int i = 0; i < b->n; i++) {
    for (int t = 0; t < b->horizon; t++) {
      const double u = irl_batch_u(b, i, t)[0];
      c[i * b->horizon + t] = t >= b->length[i] ? 0 : i % *every == 0 ? NAN : u * u;
    }
  }
}

static void costs_that_are_no_numbers(void) {
  static const int third = 3, all = 1;
  search s;
  search_init(&s, load("lq_point_mass", "horizon=20"), IRL_EXPERT_RANDOM);
  s.o.plan.iterations = 3;
  s.o.search = (irl_step_costs){broken_costs, &third};
  CHECK_OK(run(&s));  // those directions are left out
  CHECK(irl_all_finite(s.policy.K, 8) && irl_all_finite(s.policy.k, 2));
  s.o.search = s.o.judge = (irl_step_costs){broken_costs, &all};
  CHECK(run(&s) == IRL_ENUM);
  CHECK_CONTAINS(s.info.text, "no policy");
  s.o.plan.method = IRL_EXPERT_NATURAL;
  s.o.search = (irl_step_costs){broken_costs, &third};
  s.o.judge = irl_reward_step_costs(&s.reward);
  CHECK(run(&s) == IRL_ENUM);
  CHECK_CONTAINS(s.info.text, "trajectory 0 is not finite");
  search_fini(&s);
}

// Episodes of one step, in which nothing can be learned but what pays at once, end in finite
// policies.
static void terminations_at_once(void) {
  static const irl_expert_method methods[] = {IRL_EXPERT_NATURAL, IRL_EXPERT_RANDOM};
  for (int m = 0; m < 2; m++) {
    search s;
    search_init(&s, load("hopper", "healthy=[{\"qpos\": \"z\", \"above\": 5}]"), methods[m]);
    s.o.plan.iterations = 12;
    CHECK_OK(run(&s));
    CHECK(irl_all_finite(s.policy.K, 33) && irl_all_finite(s.policy.sigma, 9));
    CHECK(s.env_steps < 5000);
    search_fini(&s);
  }
}

//---------------------------------- Experts ------------------------------------------------------

// Demonstrations keep the return of mean actions, the file gives the policy back, and a search may
// start from it.
static void expert_is_kept(void) {
  irl_task* task = load("lq_point_mass", "horizon=50");
  irl_task* other = load("swimmer", NULL);
  irl_expert_options o = irl_expert_defaults(task);
  irl_expert_result r, again;
  irl_errinfo info = {IRL_OK, ""};
  irl_policy* policy;
  int n;
  char path[1200];
  o.plan = irl_expert_plan_defaults(IRL_EXPERT_RANDOM);
  o.plan.iterations = 20;
  o.episodes = 8;
  o.threads = 2;
  CHECK_OK(irl_expert(&o, NULL, &r, &info));
  CHECK(r.sampled_mean - r.random_return > 0.9 * (r.return_mean - r.random_return));
  CHECK(r.policy[0].steps == 1 && r.judged >= 100 - r.nconditions);
  CHECK_OK(irl_expert_save(&r, task, file("policy", path), &info));
  CHECK_OK(irl_expert_load(&policy, &n, task, path, &info));
  CHECK(n == 1 && same_policy(&policy[0], &r.policy[0]));
  o.start = &policy[0];
  o.plan.iterations = 0;
  CHECK_OK(irl_expert(&o, NULL, &again, &info));
  CHECK_NEAR(again.return_mean, r.return_mean, 1e-9 * fabs(r.return_mean));
  irl_policy long_policy;
  CHECK_OK(irl_policy_create(&long_policy, 50, 4, 2));
  o.start = &long_policy;
  irl_expert_result refused;
  CHECK(irl_expert(&o, NULL, &refused, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "give a stationary one");
  irl_policy_destroy(&long_policy);
  irl_policy* none;
  CHECK(irl_expert_load(&none, &n, other, path, &info) == IRL_EDIM && none == NULL);
  CHECK_CONTAINS(info.text, "made for this task");
  irl_expert_policies_free(policy, 1);
  irl_expert_result_fini(&again);
  irl_expert_result_fini(&r);
  irl_task_destroy(task);
  irl_task_destroy(other);
}

// A search that starts from a policy and hardly moves still has that policy after its first step,
// however far the observations' scales are from 1: what is left is the whitening's own noise.
static void a_start_survives_the_whitening(void) {
  search s;
  irl_policy start;
  irl_tensors* saved;
  char path[1200];
  const int64_t shape[3] = {1, 2, 8};
  const void* data;
  search_init(&s, load("swimmer", "horizon=60"), IRL_EXPERT_RANDOM);
  CHECK_OK(irl_policy_create(&start, 1, 8, 2));
  for (int i = 0; i < 16; i++) {
    start.K[i] = 0.1 * (1 + i % 5);
  }
  s.o.plan.iterations = 1;
  s.o.plan.step = s.o.plan.noise = 1e-9;
  s.o.start = &start;
  s.o.state = file("started", path);
  CHECK_OK(run(&s));
  CHECK_OK(irl_tensors_load(&saved, path, NULL));
  CHECK_OK(irl_tensors_find(saved, "policy/K", IRL_F64, 3, shape, &data, NULL));
  for (int i = 0; i < 16; i++) {
    CHECK_NEAR(((const double*)data)[i], start.K[i], 0.1 * start.K[i]);
  }
  irl_tensors_destroy(saved);
  irl_policy_destroy(&start);
  search_fini(&s);
}

TESTS(TEST(random_search_solves_the_linear_task), TEST(natural_gradient_solves_the_linear_task),
      TEST(temperature_weighs_entropy_in_units_of_cost), TEST(only_the_seed_decides),
      TEST(trajectories_grow_where_half_of_them_last), TEST(shrinking_searches_keep_their_length),
      TEST(sizes_shrink_evenly), TEST(noise_keeps_its_floor),
      TEST(products_of_too_many_observations), TEST(a_state_of_another_search_is_refused),
      TEST(constant_terms_are_left_out), TEST(learned_costs_are_searched), TEST(searches_run_on),
      TEST(running_on_is_no_lasting), TEST(conditions_are_chosen), TEST(control_steps_are_bounded),
      TEST(noise_of_maximum_entropy), TEST(costs_that_are_no_numbers), TEST(terminations_at_once),
      TEST(expert_is_kept), TEST(a_start_survives_the_whitening),
      TEST(a_stop_at_the_start_changes_nothing))
