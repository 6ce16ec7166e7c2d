// The search for trajectories: the linear-quadratic optimum, its refusals, and that a proposal must
// not be worse.
#include "irl/expert.h"
#include "irl/objective_internal.h"
#include "irl/optimize_internal.h"
#include "irl/runtime.h"
#include "irl/trial_internal.h"
#include "test.h"

enum { T = 15, NC = 4, STARTS = 2 + 4 };  // guests among them

static irl_task* lq(void) {
  const char* const set[] = {"horizon=15"};
  irl_task* task = NULL;
  irl_errinfo info = {0};
  irl_runtime_init();
  CHECK_OK(irl_task_load(&task, "lq_point_mass", set, 1, &info));
  return task;
}

// One axis: Riccati's recursion for p' = p + a v + b u, v' = v + a u with the cost
// ½(5 p'² + ½ v'² + 2 u²), on the value ½ [p v] P [p v]ᵀ. The second derivative in the first
// action.
static double riccati(const irl_task* task, double P[3]) {
  const irl_task_info* t = irl_task_get(task);
  const double k = t->frame_skip, h = t->dt / k, a = k * h, b = h * h * k * (k + 1) / 2;
  double P11 = 0, P12 = 0, P22 = 0, uu = 0;
  for (int s = 0; s < T; s++) {
    const double S11 = P11 + 5, S12 = P12, S22 = P22 + 0.5;  // cost of the state reached
    const double SB1 = S11 * b + S12 * a, SB2 = S12 * b + S22 * a;
    uu = 2 + b * SB1 + a * SB2;
    const double up = SB1, uv = a * SB1 + SB2;  // Bᵀ S A, A = [1 a; 0 1]
    const double A11 = S11, A12 = a * S11 + S12, A22 = a * a * S11 + 2 * a * S12 + S22;
    P11 = A11 - up * up / uu;
    P12 = A12 - up * uv / uu;
    P22 = A22 - uv * uv / uu;
  }
  P[0] = P11;
  P[1] = P12;
  P[2] = P22;
  return uu;
}

static double least_cost(const irl_task* task, double p, double v) {
  double P[3];
  riccati(task, P);
  return 0.5 * (P[0] * p * p + 2 * P[1] * p * v + P[2] * v * v);
}

static double optimum(const irl_task* task, int c) {
  static const double start[NC][4] = {// px, py, vx, vy of the task's conditions
                                      {1, 1, 0, 0},
                                      {-1, 0.8, 0.5, 0},
                                      {-0.6, -1, 0, 0},
                                      {0.9, -0.5, 0, -0.5}};
  return least_cost(task, start[c][0], start[c][2]) + least_cost(task, start[c][1], start[c][3]);
}

typedef struct rows {
  int n;
  int refused;
  double objective[NC];  // of the policy that is kept, start 0
  bool kept_on_refusal;
  int stage, row[NC][STARTS];  // refusals in a row
  bool retried, redrawn;       // what came after one refusal and after two was as it should be
  int64_t env_steps;
} rows;

// After one refusal another step is compared in pairs, after two the kept policy is drawn again.
static void follow(rows* r, const irl_search_row* row) {
  int* n = &r->row[row->condition][row->start];
  if (row->stage != r->stage) {
    memset(r->row, 0, sizeof r->row);
    r->stage = row->stage;
  }
  r->retried &= *n != 1 || !isnan(row->actual);
  r->redrawn &= *n < 2 || isnan(row->actual);
  *n = row->accepted ? 0 : *n + 1;
}

static void note(void* user, const irl_search_row* row) {
  rows* r = user;
  r->n++;
  follow(r, row);
  if (!row->accepted) {
    r->refused++;
    r->kept_on_refusal &= row->start != 0 || row->objective == r->objective[row->condition];
  }
  if (row->start == 0) {
    r->objective[row->condition] = row->objective;
  }
}

static irl_err search(const irl_task* task, irl_dynamics_kind kind, irl_initial initial,
                      const irl_policy* warm, int iterations, int threads, irl_policy* out, rows* r,
                      irl_errinfo* info) {
  static const int condition[NC] = {0, 1, 2, 3};
  const irl_task_info* t = irl_task_get(task);
  irl_optimize_options o = irl_optimize_defaults(task);
  int64_t steps = 0;
  *r = (rows){.kept_on_refusal = true, .retried = true, .redrawn = true};
  for (int c = 0; c < NC; c++) {
    CHECK_OK(irl_policy_create(&out[c], t->horizon, t->nx, t->nu));
  }
  o.condition = condition;
  o.nc = NC;
  o.objective = irl_reward_objective(task);
  o.restarts = 2;
  o.iterations = iterations;
  o.samples = 8;
  o.threads = threads;
  o.dynamics = kind;
  o.initial = initial;
  o.warm = warm;
  o.polish = 0.1;
  o.polish_dynamics = kind;
  o.report = note;
  o.user = r;
  const irl_err err = irl_optimize(&o, NULL, out, &steps, info);
  r->env_steps = steps;
  return err;
}

static void destroy(irl_policy* policy) {
  for (int c = 0; c < NC; c++) {
    irl_policy_destroy(&policy[c]);
  }
}

// Return of mean actions from the exact start.
static double mean_return(const irl_task* task, const irl_policy* policy, int c) {
  const irl_task_info* t = irl_task_get(task);
  irl_env* env = NULL;
  irl_batch b;
  CHECK_OK(irl_batch_create(&b, 1, T, t->nx, t->nu, t->nz, 0));
  CHECK_OK(irl_env_create(&env, task, 1, 1, NULL));
  b.condition[0] = c;
  const irl_policy* own = &policy[c];
  irl_rollout r = {.mode = IRL_ACTION_MEAN, .own_policy = &own, .exact_start = true};
  CHECK_OK(irl_env_rollout(env, &r, &b, NULL, NULL, NULL));
  const double value = irl_batch_return(&b, 0);
  irl_env_destroy(env);
  irl_batch_destroy(&b);
  return value;
}

// Within 0.1 % of the least cost in every condition, with every kind of dynamics and every start.
static void linear_quadratic_optimum(void) {
  irl_task* task = lq();
  for (int kind = 0; kind < 6; kind++) {
    static const irl_initial initial[6] = {IRL_INITIAL_ZERO, IRL_INITIAL_ZERO, IRL_INITIAL_ZERO,
                                           IRL_INITIAL_ZERO, IRL_INITIAL_PD,   IRL_INITIAL_LQR};
    irl_policy policy[NC];
    irl_errinfo info = {0};
    rows r;
    CHECK_OK(
        search(task, (irl_dynamics_kind)(kind % 4), initial[kind], NULL, 6, 2, policy, &r, &info));
    for (int c = 0; c < NC; c++) {
      const double cost = -mean_return(task, policy, c), least = optimum(task, c);
      CHECK(cost >= least * (1 - 1e-9));
      CHECK(cost <= least * 1.001);
    }
    CHECK(r.n > 0 && r.kept_on_refusal && r.retried && r.redrawn);
    if (kind == 0) {  // draws of a condition: 2 x 4 of 6, then 7, two rounds of 5 x 4 and up to
                      // four polishes of 7 with 8
      CHECK(r.refused > 0 && r.n <= NC * (8 + 7 + 2 * 20 + 4 * 7));
      const int visits = 2 * 6 * 6, judged = 2 * 100 + 5 * 100;
      CHECK(r.env_steps <= (int64_t)T * NC * (8 * 6 + (7 + 2 * 20 + 4 * 7) * 8 + visits + judged));
    }
    destroy(policy);
  }
  irl_task_destroy(task);
}

static void threads_do_not_matter(void) {
  irl_task* task = lq();
  irl_policy a[NC], b[NC];
  irl_errinfo info = {0};
  rows r;
  for (int kind = 0; kind < 2; kind++) {
    CHECK_OK(search(task, (irl_dynamics_kind)kind, IRL_INITIAL_ZERO, NULL, 2, 1, a, &r, &info));
    CHECK_OK(search(task, (irl_dynamics_kind)kind, IRL_INITIAL_ZERO, NULL, 2, 3, b, &r, &info));
    for (int c = 0; c < NC; c++) {
      CHECK(memcmp(a[c].K, b[c].K, sizeof(double) * T * 2 * 4) == 0);
      CHECK(memcmp(a[c].sigma, b[c].sigma, sizeof(double) * T * 4) == 0);
    }
    destroy(a);
    destroy(b);
  }
  irl_task_destroy(task);
}

// Three trajectories a step, where there are seven regressors: a policy that is finite and better
// than none.
static void few_samples_will_do(void) {
  static const int condition[1] = {0};
  irl_task* task = lq();
  const irl_task_info* t = irl_task_get(task);
  irl_policy policy[NC];
  irl_optimize_options o = irl_optimize_defaults(task);
  irl_errinfo info = {0};
  int64_t steps = 0;
  CHECK_OK(irl_policy_create(&policy[0], t->horizon, t->nx, t->nu));
  o.condition = condition;
  o.nc = 1;
  o.objective = irl_reward_objective(task);
  o.restarts = 4;
  o.iterations = 4;
  o.samples = 3;
  CHECK_OK(irl_optimize(&o, NULL, policy, &steps, &info));
  CHECK(steps <= T * (4 * 3 * 3 + 5 * 3 + 2 * 2 * 3 * 3 + 7 * 100));  // never more than 3 a draw
  CHECK_OK(irl_policy_factor(&policy[0], &info));
  const double found = mean_return(task, policy, 0);
  memset(policy[0].K, 0, sizeof(double) * T * 2 * 4);
  memset(policy[0].k, 0, sizeof(double) * T * 2);
  CHECK(found > mean_return(task, policy, 0));
  irl_policy_destroy(&policy[0]);
  irl_task_destroy(task);
}

// The reward's cost and one of effort that no model is told of.
static double effort_weight;

static double with_effort(const void* arg, const irl_batch* batch, int i) {
  double sum = 0;
  for (int t = 0; t < T; t++) {
    const double* u = irl_batch_u(batch, i, t);
    sum += u[0] * u[0] + u[1] * u[1];
  }
  return irl_reward_objective(arg).path_cost(arg, batch, i) + effort_weight * sum;
}

static double noise_of(const irl_task* task, double weight, double entropy, double polish) {
  static const int condition[1] = {0};
  const irl_task_info* t = irl_task_get(task);
  irl_optimize_options o = irl_optimize_defaults(task);
  irl_policy policy;
  irl_errinfo info = {0};
  int64_t steps = 0;
  CHECK_OK(irl_policy_create(&policy, t->horizon, t->nx, t->nu));
  o.condition = condition;
  o.nc = 1;
  o.objective = irl_reward_objective(task);
  o.objective.path_cost = with_effort;
  effort_weight = weight;
  o.restarts = 1;
  o.rounds = 0;
  o.iterations = 12;
  o.entropy = entropy;
  o.polish = polish;
  o.polish_dynamics = o.dynamics;
  CHECK_OK(irl_optimize(&o, NULL, &policy, &steps, &info));
  const double variance = policy.sigma[0];
  irl_policy_destroy(&policy);
  return variance;
}

// Noise that costs more than its entropy is worth is taken back, noise that costs less is given,
// other noise stays. No step of the search with dear effort is good enough to be taken, so that it
// would end with the noise it began with, 0.3 half-ranges. Where the model sees Q_uu and a draw of
// noise costs but a fifth of it, 4 Σ costs 0.3 nats more an action than Σ and has 0.69 more
// entropy.
static void noise_that_costs_too_much_is_taken_back(void) {
  irl_task* task = lq();
  double P[3];
  const double curvature = riccati(task, P) / irl_task_get(task)->temperature;
  const double plain = noise_of(task, 0, 1, 0), dear = noise_of(task, 1000, 1, 0);
  const double cheap = noise_of(task, -0.4 * curvature, 1, 0);
  CHECK(plain > 0.1 * irl_task_get(task)->temperature);
  CHECK(dear < 0.3 * 0.09);
  CHECK_NEAR(cheap / plain, 4, 4 * 0.03);  // as below
  irl_task_destroy(task);
}

// Σ = Q_uu⁻¹ at the task's temperature, with whatever entropy the search and its polish go about.
// Dynamics are linear, so the model errs by its ridge of 1e-3 alone and by KL steps that are not
// done yet: 3 %.
static void noise_is_that_of_the_whole_entropy(void) {
  irl_task* task = lq();
  double P[3];
  const double variance = irl_task_get(task)->temperature / riccati(task, P);
  CHECK_NEAR(noise_of(task, 0, 1, 0) / variance, 1, 0.03);
  CHECK_NEAR(noise_of(task, 0, 1, 0.1) / variance, 1, 0.03);
  CHECK_NEAR(noise_of(task, 0, 0.25, 0) / variance, 1, 0.03);
  CHECK_NEAR(noise_of(task, 0, 0.25, 0.1) / variance, 1, 0.03);
  irl_task_destroy(task);
}

static double not_a_number(const void* arg, const irl_batch* batch, int i) {
  (void)arg;
  (void)batch;
  (void)i;
  return (double)NAN;
}

static void bad_input_is_refused(void) {
  irl_task* task = lq();
  irl_policy policy[NC], small[NC];
  irl_errinfo info = {0};
  rows r;
  static const int condition[1] = {2};
  irl_optimize_options o = irl_optimize_defaults(task);
  int64_t steps = 0;
  CHECK(search(task, IRL_DYNAMICS_FITTED, IRL_INITIAL_WARM, NULL, 1, 1, policy, &r, &info) ==
        IRL_EDIM);
  CHECK_CONTAINS(info.text, "has no policy of 15 steps");
  for (int c = 0; c < NC; c++) {
    CHECK_OK(irl_policy_create(&small[c], 1, 4, 2));
  }
  destroy(policy);
  CHECK(search(task, IRL_DYNAMICS_FITTED, IRL_INITIAL_WARM, small, 1, 1, policy, &r, &info) ==
        IRL_EDIM);
  o.condition = condition;
  o.nc = 1;
  o.restarts = 2;
  o.iterations = 2;
  o.objective = irl_reward_objective(task);
  o.objective.path_cost = not_a_number;  // NaN rewards
  CHECK(irl_optimize(&o, NULL, policy, &steps, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "every search of condition 2 diverged");
  CHECK(policy[0].K[0] == 0);
  destroy(policy);
  destroy(small);
  irl_task_destroy(task);
}

//---------------------------------- Proposals -----------------------------------------------------

static void set(irl_judgement* j, const double* path, int n, double entropy) {
  j->n = n;
  j->cost = 0;
  j->variance = 0;
  j->entropy = entropy;
  for (int i = 0; i < n; i++) {
    j->path[i] = path[i];
    j->cost += path[i] / n;
  }
  for (int i = 0; i < n; i++) {
    j->variance += (path[i] - j->cost) * (path[i] - j->cost) / (n - 1) / n;
  }
}

// Pairs: costs that differ by 100 from start to start but by 1 ± 0.1 between the policies are told
// apart, both ways; entropy counts with its weight; what is not finite is refused.
static void proposals_are_judged_in_pairs(void) {
  static const double old[4] = {100, 200, 300, 400};
  static const double worse[4] = {101.1, 200.9, 301.1, 400.9};
  static const double better[4] = {99.1, 198.9, 299.1, 398.9};
  static const double unclear[4] = {110, 190, 310, 392};
  double path[3][4], error;
  irl_trial t = {.now.path = path[0], .best.path = path[1], .next.path = path[2]};
  set(&t.now, old, 4, 10);
  set(&t.best, old, 4, 10);
  set(&t.next, worse, 4, 10);
  CHECK(!irl_trial_accepts(&t, 1));
  CHECK_NEAR(irl_judgement_gain(&t.now, &t.next, 1, &error), -1, 1e-12);
  CHECK_NEAR(error, sqrt(4 * 0.01 / 3 / 4), 1e-12);
  set(&t.next, worse, 4, 12);  // 1 worse, but 2 nats more entropy
  CHECK(irl_trial_accepts(&t, 1));
  CHECK(!irl_trial_accepts(&t, 0.1));
  set(&t.next, better, 4, 10);
  CHECK(irl_trial_accepts(&t, 1));
  set(&t.next, unclear, 4, 10);  // worse by 0.5 ± 5
  CHECK(irl_trial_accepts(&t, 1));
  t.next.cost = INFINITY;
  CHECK(!irl_trial_accepts(&t, 1));
  t.next.cost = (double)NAN;
  CHECK(!irl_trial_accepts(&t, 1));
}

static double listed(const void* arg, const irl_batch* batch, int i) {
  (void)batch;
  return ((const double*)arg)[i];
}

// Between starts the median counts: one trajectory that goes wrong does not outweigh the rest, and
// one that diverged is the worst there is.
static void starts_are_ranked_by_the_median(void) {
  static const double cost[5] = {1, 1000, 3, 2, 7}, deviation[1] = {1};
  double path[5], sorted[5];
  irl_judgement j = {.path = path, .sorted = sorted};
  const irl_objective o = {.path_cost = listed, .arg = cost};
  irl_policy policy;
  irl_batch b;
  CHECK_OK(irl_policy_create(&policy, 1, 1, 1));
  CHECK_OK(irl_policy_set_noise(&policy, deviation));
  CHECK_OK(irl_batch_create(&b, 5, 1, 1, 1, 0, 0));
  memset(b.valid, 1, 5 * sizeof *b.valid);
  irl_judge_trajectories(&j, &o, &b, 0, 5, &policy);
  CHECK_NEAR(j.median, 3, 0);
  CHECK_NEAR(j.cost, 202.6, 1e-12);
  CHECK_NEAR(irl_judgement_typical(&j, 2), 3 - log(2 * acos(-1) * exp(1)), 1e-12);
  irl_judge_trajectories(&j, &o, &b, 0, 4, &policy);
  CHECK_NEAR(j.median, 2.5, 0);
  b.valid[0] = b.valid[1] = 0;
  irl_judge_trajectories(&j, &o, &b, 0, 5, &policy);
  CHECK_NEAR(j.median, 7, 0);
  b.valid[2] = 0;
  irl_judge_trajectories(&j, &o, &b, 1, 4, &policy);  // half of them diverged
  CHECK(j.median == 7 && irl_judgement_usable(&j, 3) && !irl_judgement_usable(&j, 1));
  irl_judge_trajectories(&j, &o, &b, 0, 5, &policy);  // most
  CHECK(isinf(j.median) && isinf(j.cost));
  irl_batch_destroy(&b);
  irl_policy_destroy(&policy);
}

enum { PATHS = 7 };

static bool accepted(const irl_judgement* best, const irl_judgement* next) {
  const irl_trial t = {.best = *best, .next = *next};
  return irl_trial_accepts(&t, 1);
}

static void judge(irl_judgement* j, const double* cost, const irl_policy* policy, irl_batch* b) {
  const irl_objective o = {.path_cost = listed, .arg = cost};
  irl_judge_trajectories(j, &o, b, 0, PATHS, policy);
}

// A trajectory beyond nine median deviations is none to go by. Where two policies have as many of
// them the others decide; one that has more has to be better with them.
static void trajectories_that_go_wrong_are_left_out(void) {
  static const double old[PATHS] = {10, 11, 12, 13, 14, 15, 16}, deviation[1] = {1};
  static const double lucky[PATHS] = {9, 10, 11, 12, 13, 14, 15};
  static const double once[PATHS] = {9, 10, 500, 12, 13, 14, 15};
  static const double other[PATHS] = {8, 500, 10, 11, 12, 13, 14};
  static const double twice[PATHS] = {9, 500, 500, 12, 13, 14, 15};
  double path[2][PATHS], sorted[2][PATHS], error;
  irl_judgement a = {.path = path[0], .sorted = sorted[0]};
  irl_judgement b = {.path = path[1], .sorted = sorted[1]};
  irl_policy policy;
  irl_batch batch;
  CHECK_OK(irl_policy_create(&policy, 1, 1, 1));
  CHECK_OK(irl_policy_set_noise(&policy, deviation));
  CHECK_OK(irl_batch_create(&batch, PATHS, 1, 1, 1, 0, 0));
  memset(batch.valid, 1, PATHS * sizeof *batch.valid);
  judge(&a, old, &policy, &batch);
  CHECK(a.wrong == 0 && a.limit == 13 + 9 * 2);
  judge(&b, lucky, &policy, &batch);
  CHECK_NEAR(irl_judgement_gain(&a, &b, 1, &error), 1, 1e-12);
  judge(&b, once, &policy, &batch);
  CHECK(b.wrong == 1 && !irl_judgement_usable(&b, 2) && irl_judgement_usable(&b, 3));
  CHECK_NEAR(irl_judgement_gain(&a, &b, 1, &error), (91 - 573) / 7.0, 1e-12);
  CHECK(error > 482 / 7.0);  // so errors do not refuse it
  CHECK(!accepted(&a, &b) && accepted(&b, &a));
  judge(&a, other, &policy, &batch);  // 1 better on the five that went well with both
  CHECK_NEAR(irl_judgement_gain(&b, &a, 1, &error), 1, 1e-12);
  CHECK_NEAR(error, 0, 1e-12);
  CHECK(accepted(&b, &a) && !accepted(&a, &b));
  CHECK_NEAR(irl_judgement_standing(&a, 1), irl_judgement_typical(&a, 1), 0);  // one is luck
  judge(&b, twice, &policy, &batch);
  CHECK(b.wrong == 2);
  CHECK_NEAR(irl_judgement_gain(&a, &b, 1, &error), (568 - 1063) / 7.0, 1e-12);
  CHECK_NEAR(irl_judgement_standing(&b, 1) - irl_judgement_typical(&b, 1),
             (1063 / 7.0 - 63 / 5.0) / 2, 1e-12);
  irl_batch_destroy(&batch);
  irl_policy_destroy(&policy);
}

//---------------------------------- Less noise ----------------------------------------------------

static void set_trial(irl_trial* t, const irl_task* task, const double* cost) {
  static const double deviation[2] = {0.3, 0.3};
  const irl_task_info* i = irl_task_get(task);
  const irl_objective o = {.path_cost = listed, .arg = cost};
  irl_batch b;
  CHECK_OK(irl_trial_init(t, task, PATHS));
  CHECK_OK(irl_policy_set_noise(&t->proposal, deviation));
  CHECK_OK(irl_batch_create(&b, PATHS, T, i->nx, i->nu, i->nz, i->nstate));
  memset(b.valid, 1, PATHS * sizeof *b.valid);
  const irl_sampler_options none = {.lqr.entropy_weight = 0.1};
  CHECK(irl_trial_settle(t, &none, &o, &b, 0, PATHS) == isfinite(cost[0]));
  t->multiplier = 0.01;
  irl_batch_destroy(&b);
}

// What a trial proposes after two refusals and another draw of the policy that is kept, whose
// trajectories have these costs: whether it is a quarter of the noise and nothing else.
static bool calms(const double* cost) {
  irl_task* task = lq();
  const irl_task_info* i = irl_task_get(task);
  irl_sampler_options options = {
      .kl_step = 0.5, .dynamics = irl_dynamics_defaults(), .lqr = irl_lqr_defaults()};
  options.lqr.entropy_weight = 0.1;
  const irl_objective o = irl_reward_objective(task);
  irl_sampler worker;
  irl_trial t;
  CHECK_OK(irl_sampler_init(&worker, T, i->nx, i->nu, i->nz, &o));
  set_trial(&t, task, cost);
  t.rejected = 2;
  CHECK(!irl_trial_propose(&t, &worker, &options, &o));  // drawn from again, and taken
  t.rejected = 0;
  t.fresh = false;
  const bool calmed = irl_trial_propose(&t, &worker, &options, &o) && t.calmed;
  if (calmed) {
    CHECK_NEAR(t.proposal.sigma[0], 0.25 * 0.09, 1e-12);
    CHECK(memcmp(t.proposal.K, t.kept.K, sizeof(double) * T * 2 * 4) == 0);
    CHECK_NEAR(t.report.kl, (log(2) - 0.375) * 2 * T, 1e-12);  // of two normal distributions
  }
  irl_trial_fini(&t);
  irl_sampler_fini(&worker);
  irl_task_destroy(task);
  return calmed;
}

// Σ/4 costs 0.1 × 0.318 × 30 actions = 0.95 nats here. Two trajectories in seven that cost 500 are
// worth that; one is luck, and two that cost little more than the others are not.
static void noise_that_goes_wrong_is_proposed_less(void) {
  static const double well[PATHS] = {10, 11, 12, 13, 14, 15, 16};
  static const double once[PATHS] = {9, 10, 500, 12, 13, 14, 15};
  static const double twice[PATHS] = {9, 500, 500, 12, 13, 14, 15};
  static const double hardly[PATHS] = {0.09, 2, 2, 0.12, 0.13, 0.14, 0.15};
  CHECK(!calms(well) && !calms(once) && calms(twice) && !calms(hardly));
}

// The KL limit that was cut down with more noise begins anew; a refusal leaves it.
static void less_noise_begins_with_another_limit(void) {
  static const double twice[PATHS] = {9, 500, 500, 12, 13, 14, 15};
  static const double well[PATHS] = {9, 10, 11, 12, 13, 14, 15};
  const irl_sampler_options options = {.lqr.entropy_weight = 0.1, .kl_lo = 0.002, .kl_hi = 20};
  irl_task* task = lq();
  for (int better = 0; better < 2; better++) {
    const irl_objective o = {.path_cost = listed, .arg = better ? well : twice};
    irl_trial t;
    set_trial(&t, task, twice);
    t.calmed = t.moved = true;
    irl_policy_scale_covariance(&t.proposal, 0.25);  // costs 0.1 × ln 2 × 30 nats
    CHECK(irl_trial_settle(&t, &options, &o, &t.batch, 0, PATHS) == better);
    CHECK_NEAR(t.multiplier, better ? 1 : 0.01, 0);
    CHECK(t.rejected == 0);  // it is not one of the two refusals before another draw
    irl_trial_fini(&t);
  }
  irl_task_destroy(task);
}

// Trajectories that are lost are drawn anew, with other starts and noise, and a start that has lost
// them four times in a row rests. The policy that is kept stays, and what comes after its draws
// were lost is compared with it.
static void lost_draws_are_drawn_anew(void) {
  static const double lost[PATHS] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  static const double well[PATHS] = {9, 10, 11, 12, 13, 14, 15};
  const irl_sampler_options options = {.lqr.entropy_weight = 0.1, .kl_lo = 0.002, .kl_hi = 20};
  const irl_objective bad = {.path_cost = listed, .arg = lost};
  irl_task* task = lq();
  for (int started = 0; started < 2; started++) {
    irl_trial t;
    set_trial(&t, task, started ? well : lost);
    const double sigma = t.proposal.sigma[0];
    irl_trial_resume(&t);
    for (int draw = 0; draw < 4; draw++) {
      CHECK(t.stream == draw && t.idle == 2 * draw && t.fresh && t.started == started);
      CHECK_NEAR(t.proposal.sigma[0], sigma, 0);
      CHECK(!irl_trial_settle(&t, &options, &bad, &t.batch, 0, PATHS));
      CHECK(!irl_trial_propose(&t, NULL, &options, &bad));
    }
    CHECK(t.idle == 8 && t.n == (started ? PATHS : 0));
    irl_trial_fini(&t);
  }
  irl_task_destroy(task);
}

TESTS(TEST(linear_quadratic_optimum), TEST(threads_do_not_matter), TEST(bad_input_is_refused),
      TEST(few_samples_will_do), TEST(noise_that_costs_too_much_is_taken_back),
      TEST(noise_is_that_of_the_whole_entropy), TEST(proposals_are_judged_in_pairs),
      TEST(starts_are_ranked_by_the_median), TEST(trajectories_that_go_wrong_are_left_out),
      TEST(noise_that_goes_wrong_is_proposed_less), TEST(less_noise_begins_with_another_limit),
      TEST(lost_draws_are_drawn_anew))
