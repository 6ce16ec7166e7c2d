// The evaluation's parts against sums written out term by term, and its figures on costs whose
// quality is known.
#include "base/arena.h"
#include "envs/env.h"
#include "irl/eval_internal.h"
#include "test.h"

enum { T = 12, NC = 2, NX = 4, NU = 2, NACTIONS = 16 };

// A run made by hand on the linear task: random samplers, any cost.
typedef struct fixture {
  irl_task* task;
  irl_run run;
  irl_policy policy[NC];
  int condition[NC];
  irl_eval_options options;
  irl_judge judge;
  char no_demos[16];  // a path where nothing is
} fixture;

// healthy: the task's rule for ending episodes, as "healthy=[...]", or NULL.
static void set_up_for(fixture* f, int depth, int horizon, const char* healthy) {
  char text[32];
  const char* const set[] = {text, healthy};
  const double noise[NU] = {0.3, 0.5};
  irl_errinfo info = {IRL_OK, ""};
  memset(f, 0, sizeof *f);
  snprintf(text, sizeof text, "horizon=%d", horizon);
  CHECK_OK(irl_task_load(&f->task, "lq_point_mass", set, healthy != NULL ? 2 : 1, &info));
  irl_cost_config config = irl_cost_defaults();
  config.depth = depth;
  config.output_scale = 1.0;
  CHECK_OK(irl_cost_create(&f->run.cost, &config, NX, NU, 3, &info));
  for (int k = 0; k < NC; k++) {
    CHECK_OK(irl_policy_create(&f->policy[k], horizon, NX, NU));
    CHECK_OK(irl_policy_set_noise(&f->policy[k], noise));
    f->condition[k] = 2 * k + 1;
  }
  strcpy(f->no_demos, "no such folder");
  f->run.task = f->task;
  f->run.nconditions = NC;
  f->run.condition = f->condition;
  f->run.learned = f->run.initial = f->policy;
  f->run.expert_return = -1.0;
  f->run.random_return = -20.0;
  f->run.demos_path = f->no_demos;
  f->options = (irl_eval_options){.episodes = 10, .seed = 5, .threads = 2};
  f->judge = (irl_judge){.run = &f->run, .options = &f->options};
  CHECK_OK(irl_judge_init(&f->judge, f->task, &info));
}

static void set_up(fixture* f, int depth) {
  set_up_for(f, depth, T, NULL);
}

static void tear_down(fixture* f) {
  irl_judge_fini(&f->judge);
  for (int k = 0; k < NC; k++) {
    irl_policy_destroy(&f->policy[k]);
  }
  irl_cost_destroy(f->run.cost);
  irl_task_destroy(f->task);
}

//---------------------------------- Canonical rewards ---------------------------------------------

static double cost_at(const fixture* f, const double* x, const double* u) {
  double c;
  irl_cost_eval(f->run.cost, 1, x, u, &c);
  return c;
}

// One control step from an observation, which is the whole state here: x' and the reward.
static double step_from(const fixture* f, const double* x, const double* u, double* next) {
  double qpos[2 * 2], qvel[2 * 2], obs[2 * NX], reward[2];
  uint8_t ended[2];
  CHECK_OK(irl_env_trace(f->judge.env, x, x + 2, u, 1, qpos, qvel, obs, reward, ended, NULL));
  memcpy(next, obs + NX, sizeof(double) * NX);
  return reward[1];
}

// The definitions of docs/evaluation.md, one expectation after another.
static void brute_force(const fixture* f, const irl_batch* b, int i, int t, const double* action[],
                        double epic[2], double dard[2]) {
  const double gamma = 0.99;
  const double *x = irl_batch_x(b, i, t), *next = irl_batch_x(b, i, t + 1);
  double here = 0, after = 0, ahead = 0, reward = 0, simulated[NX];
  for (int m = 0; m < NACTIONS; m++) {
    here += cost_at(f, x, action[m]) / NACTIONS;
    after += cost_at(f, next, action[m]) / NACTIONS;
    reward += step_from(f, x, action[m], simulated) / NACTIONS;
    ahead += cost_at(f, simulated, action[m]) / NACTIONS;
  }
  epic[0] = -cost_at(f, x, irl_batch_u(b, i, t)) - gamma * after + here;
  epic[1] = b->reward[i * T + t];
  dard[0] = epic[0] + gamma * ahead;
  dard[1] = epic[1] - reward;
}

static void draw(const fixture* f, const irl_batch* b, int k, const double* action[]) {
  irl_rng rng = irl_rng_stream(f->options.seed, IRL_PURPOSE_BOOTSTRAP, 0, (uint64_t)k, 0);
  for (int m = 0; m < NACTIONS; m++) {
    int i = (int)irl_rng_below(&rng, (uint64_t)b->n);
    action[m] = irl_batch_u(b, i, (int)irl_rng_below(&rng, (uint64_t)b->length[i]));
  }
}

// Steps until an episode fell below y; all where it never did. This task's observations are its
// states, so that they say when it ended.
static int lived(const irl_batch* b, int i, double y) {
  int t = 1;
  while (t < T && irl_batch_x(b, i, t)[1] >= y) {
    t++;
  }
  return t;
}

// Correlations by the sums and by the definition. All steps are simulated at this horizon, up to
// the one with which the task ends an episode: after it nothing is paid whatever is done, but what
// the simulator would pay there is. 1e-9: the network's rows are summed in another order when they
// come in bulk.
static void check_canonical(const char* healthy, double y) {
  fixture f;
  irl_eval_set set;
  set_up_for(&f, 2, T, healthy);
  CHECK_OK(irl_eval_set_create(&set, &f.judge, NULL, NULL));
  int n = 0, member[200];
  for (int i = 0; i < set.batch.n; i++) {
    if (set.batch.condition[i] == f.condition[1]) {
      member[n++] = i;
    }
  }
  irl_sums memory[IRL_EVAL_NPAIRS][200] = {{{0}}}, total[IRL_EVAL_NPAIRS] = {{0}};
  irl_sums* pair[] = {memory[0], memory[1], memory[2]};
  CHECK_OK(irl_eval_canonical(&f.judge, &set, 1, member, n, pair, NULL));

  const double* action[NACTIONS];
  double values[2][2][200 * T];
  int used = 0, ended = 0;
  draw(&f, &set.batch, 1, action);
  for (int e = 0; e < n; e++) {
    int end = lived(&set.batch, member[e], y);
    CHECK(set.batch.length[member[e]] == T && (end == T || set.batch.terminated[member[e]]));
    ended += end < T;
    for (int t = 0; t < T; t++) {
      double epic[2], dard[2];
      brute_force(&f, &set.batch, member[e], t, action, epic, dard);
      for (int s = 0; s < 2; s++) {
        values[0][s][e * T + t] = epic[s];
        values[1][s][used] = dard[s];
      }
      used += t < end;
    }
    CHECK_NEAR(memory[IRL_EVAL_EPIC][e].n, T, 0);
    CHECK_NEAR(memory[IRL_EVAL_DARD][e].n, end, 0);
    for (int p = 0; p < IRL_EVAL_NPAIRS; p++) {
      irl_sums_merge(&total[p], &memory[p][e]);
    }
  }
  CHECK(healthy == NULL ? ended == 0 : ended > n / 4 && used > T);
  CHECK_NEAR(irl_sums_pearson(&total[IRL_EVAL_EPIC]),
             irl_pearson(values[0][0], values[0][1], n * T), 1e-9);
  CHECK_NEAR(irl_sums_pearson(&total[IRL_EVAL_DARD]), irl_pearson(values[1][0], values[1][1], used),
             1e-9);
  irl_eval_set_destroy(&set);
  tear_down(&f);
}

static void canonical_rewards_are_the_papers(void) {
  check_canonical(NULL, -INFINITY);
  check_canonical("healthy=[{\"qpos\": \"y\", \"min\": -0.62}]", -0.62);
}

//---------------------------------- Figures -------------------------------------------------------

// With identity features alone the weights of A can be put down by hand: the task's own cost, or
// one that minds velocities alone.
static void put_cost(fixture* f, double position, double velocity, float omega_of_both) {
  float* theta = irl_cost_params(f->run.cost);
  const double mean[NX] = {0}, scale[NX] = {1, 1, 1, 1}, action_scale[NU] = {1, 1};
  irl_cost_set_normalizer(f->run.cost, mean, scale, action_scale);
  irl_tensor tensors[IRL_COST_MAX_TENSORS];
  int count = irl_cost_tensors(f->run.cost, tensors);
  memset(theta, 0, sizeof(float) * (size_t)irl_cost_nparam(f->run.cost));
  for (int i = 0; i < count; i++) {
    if (strcmp(tensors[i].name, "A") == 0) {
      float* A = (float*)(uintptr_t)tensors[i].data;  // (outputs, NX)
      A[0 * NX + 0] = A[1 * NX + 1] = (float)sqrt(position);
      A[2 * NX + 2] = A[3 * NX + 3] = (float)sqrt(velocity);
    }
    if (strcmp(tensors[i].name, "omega") == 0) {
      float* omega = (float*)(uintptr_t)tensors[i].data;
      omega[0] = omega[1] = omega_of_both;  // 1.85: w = 2, the task's own
    }
  }
}

static void good_costs_score_better_than_bad_ones(void) {
  fixture f;
  irl_eval_result good, bad;
  irl_errinfo info = {IRL_OK, ""};
  set_up(&f, 0);
  put_cost(&f, 5.0, 0.5, 1.85f);
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &good, &info));
  put_cost(&f, 0.0, 5.0, -10.0f);
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &bad, &info));
  // The cost sees the state before the step, the reward the one after it: near, not equal (0.0001).
  CHECK(good.dard < 0.001 && good.epic < 0.001 && good.pearson > 0.999 && good.spearman > 0.99);
  CHECK(bad.dard > good.dard + 0.1 && bad.epic > good.epic + 0.1);
  CHECK(isnan(good.auc) && isnan(good.reoptimized_normalized_return) && !good.has_transfer);
  const irl_interval ranges[] = {good.interval.dard, good.interval.epic, good.interval.spearman};
  const double values[] = {good.dard, good.epic, good.spearman};
  for (int i = 0; i < 3; i++) {
    CHECK(ranges[i].lo < values[i] && values[i] < ranges[i].hi);
  }
  // Means of sampled returns scatter by their standard error: ±1.96 of it is the interval, to the
  // accuracy that 10 episodes have.
  double half = 1.96 * good.return_std / sqrt(10.0);
  double width = good.interval.return_mean.hi - good.interval.return_mean.lo;
  CHECK(width > 0.3 * half && width < 2.5 * half);
  tear_down(&f);
}

// Demonstrations that are worse than doing nothing turn the scale round, and not its intervals.
static void intervals_are_in_order(void) {
  fixture f;
  irl_eval_result r;
  set_up(&f, 0);
  put_cost(&f, 5.0, 0.5, 1.85f);
  f.run.random_return = 0.0;
  f.run.expert_return = -100.0;
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &r, NULL));
  const irl_interval mean = r.interval.return_mean, scaled = r.interval.normalized_return;
  CHECK(mean.lo < r.return_mean && r.return_mean < mean.hi);
  CHECK(scaled.lo < r.normalized_return && r.normalized_return < scaled.hi);
  CHECK_NEAR(scaled.lo, mean.hi / -100.0, 1e-12);
  CHECK_NEAR(scaled.hi, mean.lo / -100.0, 1e-12);
  tear_down(&f);
}

// Every condition has its share: with fewer episodes asked for, one each is made.
static void no_condition_is_left_out(void) {
  fixture f;
  irl_eval_result one, two;
  set_up(&f, 1);
  f.options.episodes = 1;
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &one, NULL));
  f.options.episodes = NC;
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &two, NULL));
  CHECK(one.return_mean == two.return_mean && one.return_std > 0.0);
  // One episode each: no spread is known, which is not an interval of no width.
  CHECK(isnan(one.interval.return_mean.lo) && isnan(one.interval.ess.hi));
  CHECK(isfinite(one.interval.dard.lo));  // of the mixed-quality set, which has its own episodes
  tear_down(&f);
}

static void transfer_needs_a_task_that_fits(void) {
  const char* const wrong[] = {"horizon=5"};
  fixture f;
  irl_eval_result r;
  irl_errinfo info = {IRL_OK, ""};
  set_up(&f, 1);
  f.options.set = wrong;
  f.options.nset = 1;
  CHECK(irl_eval(&f.run, &f.options, NULL, &r, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "5 steps");
  tear_down(&f);
}

// In the world it comes from a good cost transfers as well as it re-optimises.
static void transfer_to_the_same_world(void) {
  const char* const same[] = {"temperature=1"};
  fixture f;
  irl_eval_result r;
  irl_errinfo info = {IRL_OK, ""};
  set_up(&f, 0);
  put_cost(&f, 5.0, 0.5, 1.85f);
  f.options.set = same;
  f.options.nset = 1;
  f.options.reoptimize = true;
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &r, &info));
  CHECK(r.has_transfer);
  double reoptimized =
      r.random_return + r.reoptimized_normalized_return * (r.expert_return - r.random_return);
  double there =
      r.transfer.random_return +
      r.transfer.normalized_return * (r.transfer.expert_return - r.transfer.random_return);
  CHECK_NEAR(reoptimized, there, 1e-9 * fabs(there));  // the same search on the same world
  // The learned samplers, which know nothing, are the dearer ones by the cost too: measured -6.8.
  CHECK(r.reoptimized_gap < -4);
  CHECK(r.interval.reoptimized_gap.lo < r.reoptimized_gap &&
        r.reoptimized_gap < r.interval.reoptimized_gap.hi);
  tear_down(&f);
}

// Held against new samplers instead the gap is none, to the accuracy of the episodes.
static void gap_is_to_the_learned_sampler(void) {
  fixture f;
  irl_eval_result r;
  irl_errinfo info = {IRL_OK, ""};
  set_up(&f, 0);
  put_cost(&f, 5.0, 0.5, 1.85f);
  f.options.reoptimize = true;
  f.options.episodes = 100;
  irl_eval_condition each[NC];
  f.options.condition = each;
  CHECK_OK(irl_judge_optimize(&f.judge, IRL_JUDGE_LEARNED, &info));
  f.run.learned = f.judge.found;
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &r, &info));
  CHECK(r.interval.reoptimized_gap.lo < 0 && 0 < r.interval.reoptimized_gap.hi);
  CHECK(fabs(r.reoptimized_gap) < 2);
  double gap = 0, old = 0, found = 0;  // the conditions' figures are those that the means are of
  for (int k = 0; k < NC; k++) {
    CHECK(each[k].condition == f.run.condition[k] && isfinite(each[k].objective));
    gap += each[k].reoptimized_gap / NC;
    old += each[k].return_mean / NC;
    found += each[k].reoptimized_return / NC;
  }
  CHECK_NEAR(gap, r.reoptimized_gap, 1e-9);
  CHECK_NEAR(old, r.return_mean, 1e-9);
  CHECK_NEAR((found - r.random_return) / (r.expert_return - r.random_return),
             r.reoptimized_normalized_return, 1e-9);
  tear_down(&f);
}

// Where experts of the task are stationary, so are the policies that are optimised again. On the
// task's own cost they come as near to its optimum as controllers of each step, which get −135 (84
// for the mean actions of 60 steps, and half a nat for the noise of each action), and do not stop
// at a return that the plan has for the reward; on a cost that knows only actions they do nothing,
// which gets −264.
static void stationary_plans_are_followed(void) {
  fixture f;
  irl_eval_result good, idle;
  irl_errinfo info = {IRL_OK, ""};
  set_up_for(&f, 0, 60, NULL);
  f.run.plan = irl_expert_plan_defaults(IRL_EXPERT_RANDOM);
  f.run.plan.iterations = 60;
  f.run.plan.step = f.run.plan.noise = 0.2;
  f.run.plan.stop_return = -1e9;
  f.run.expert_return = -135;
  f.run.random_return = -264;
  f.options.reoptimize = true;
  put_cost(&f, 5.0, 0.5, 1.85f);
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &good, &info));
  CHECK(good.reoptimized_normalized_return > 0.9);
  put_cost(&f, 0.0, 0.0, 20.0f);
  CHECK_OK(irl_eval(&f.run, &f.options, NULL, &idle, &info));
  CHECK(idle.reoptimized_normalized_return < 0);
  tear_down(&f);
}

TESTS(TEST(canonical_rewards_are_the_papers), TEST(good_costs_score_better_than_bad_ones),
      TEST(intervals_are_in_order), TEST(no_condition_is_left_out),
      TEST(transfer_needs_a_task_that_fits), TEST(transfer_to_the_same_world),
      TEST(gap_is_to_the_learned_sampler), TEST(stationary_plans_are_followed))
