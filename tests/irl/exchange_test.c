// Conditions that try each other's policies: what bending does, which starts go on, and that a good
// valley found by one condition is found by all.
#include "irl/objective_internal.h"
#include "irl/optimize_internal.h"
#include "irl/optimizer_internal.h"
#include "irl/runtime.h"
#include "test.h"

enum { T = 30, NC = 2 };

// A mass on a rail with two valleys, a deep one at x = 1 and a shallow one at x = −1.
static const char* const rail =
    "<mujoco><option timestep='0.05' gravity='0 0 0'/><worldbody><site name='deep' pos='1 0 0'/>"
    "<site name='shallow' pos='-1 0 0'/><body><joint name='x' type='slide' axis='1 0 0' "
    "damping='1'/>"
    "<geom size='0.1' mass='1'/><site name='mass'/></body></worldbody>"
    "<actuator><motor joint='x' gear='5' ctrlrange='-1 1'/></actuator></mujoco>";

static const char* const task_json =
    "{\"name\": \"rail\", \"model\": \"m\", \"horizon\": 30, \"temperature\": 0.1,"
    "\"observation\": [{\"qpos\": \"x\"}, {\"qvel\": \"x\"}], \"reward\": ["
    "{\"name\": \"deep\", \"norm\": \"log\", \"weight\": 1.5, \"parameter\": 0.01, \"residual\":"
    " {\"site\": \"mass\", \"minus\": {\"site\": \"deep\"}, \"components\": [0]}},"
    "{\"name\": \"shallow\", \"norm\": \"log\", \"weight\": 1, \"parameter\": 0.01, \"residual\":"
    " {\"site\": \"mass\", \"minus\": {\"site\": \"shallow\"}, \"components\": [0]}},"
    "{\"name\": \"effort\", \"norm\": \"square\", \"weight\": 0.1, \"residual\": \"action\"}],"
    "\"reset\": {\"noise\": [{\"qpos\": \"x\", \"normal\": 0.01}]},"
    "\"conditions\": [{\"qpos\": {\"x\": -0.5}}, {\"qpos\": {\"x\": 0.5}}]}";

typedef struct rows {
  int n;
  bool foreign[NC];  // some start of the condition began with the other's policy
} rows;

static void note(void* user, const irl_search_row* row) {
  rows* r = user;
  r->n++;
  r->foreign[row->condition] |= row->from >= 0 && row->from != row->condition;
}

// Where the mass ends under mean actions.
static double end_of(const irl_task* task, const irl_policy* policy, int condition) {
  const irl_task_info* t = irl_task_get(task);
  irl_env* env = NULL;
  irl_batch b;
  CHECK_OK(irl_batch_create(&b, 1, T, t->nx, t->nu, t->nz, 0));
  CHECK_OK(irl_env_create(&env, task, 1, 1, NULL));
  b.condition[0] = condition;
  irl_rollout r = {.mode = IRL_ACTION_MEAN, .own_policy = &policy, .exact_start = true};
  CHECK_OK(irl_env_rollout(env, &r, &b, NULL, NULL, NULL));
  const double end = irl_batch_x(&b, 0, T - 1)[0];
  irl_env_destroy(env);
  irl_batch_destroy(&b);
  return end;
}

static void search(const irl_task* task, const int* condition, int nc, irl_policy* policy,
                   rows* r) {
  const irl_task_info* t = irl_task_get(task);
  irl_optimize_options o = irl_optimize_defaults(task);
  int64_t steps = 0;
  irl_errinfo info = {0};
  *r = (rows){0};
  o.condition = condition;
  o.nc = nc;
  o.objective = irl_reward_objective(task);
  o.restarts = 1;
  o.iterations = 12;
  o.samples = 8;
  o.threads = 1;
  o.polish = 0.1;
  o.report = note;
  o.user = r;
  for (int k = 0; k < nc; k++) {
    CHECK_OK(irl_policy_create(&policy[k], t->horizon, t->nx, t->nu));
  }
  CHECK_OK(irl_optimize(&o, NULL, policy, &steps, &info));
}

// From −0.5 the shallow valley is the near one, and alone the search ends there.
static void a_valley_found_by_one_is_found_by_all(void) {
  static const int all[NC] = {0, 1};
  irl_task* task = NULL;
  irl_errinfo info = {0};
  irl_policy alone, policy[NC];
  rows r;
  irl_runtime_init();
  CHECK_OK(irl_task_from_text(&task, task_json, rail, &info));
  search(task, all, 1, &alone, &r);
  CHECK(!r.foreign[0]);
  CHECK_NEAR(end_of(task, &alone, 0), -1, 0.2);
  search(task, all, NC, policy, &r);
  CHECK(r.foreign[0] && r.foreign[1]);
  CHECK_NEAR(end_of(task, &policy[0], 0), 1, 0.2);
  CHECK_NEAR(end_of(task, &policy[1], 1), 1, 0.2);
  irl_policy_destroy(&alone);
  for (int k = 0; k < NC; k++) {
    irl_policy_destroy(&policy[k]);
  }
  irl_task_destroy(task);
}

// At `shift` times what is left of the way, the bent policy acts as the straight one does at 0.
static void bending_moves_the_way(void) {
  enum { STEPS = 5, NX = 3, NU = 2 };
  static const double shift[NX] = {0.5, -2, 0}, deviation[NU] = {1, 1};
  irl_policy straight, bent;
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  CHECK_OK(irl_policy_create(&straight, STEPS, NX, NU));
  CHECK_OK(irl_policy_create(&bent, STEPS, NX, NU));
  CHECK_OK(irl_policy_set_noise(&straight, deviation));
  for (int i = 0; i < STEPS * NU * NX; i++) {
    straight.K[i] = irl_rng_normal(&rng);
  }
  irl_policy_copy(&bent, &straight);
  irl_policy_bend(&bent, shift);
  for (int t = 0; t < STEPS; t++) {
    double x[NX], y[NX], u[NU], v[NU];
    for (int j = 0; j < NX; j++) {
      x[j] = irl_rng_normal(&rng);
      y[j] = x[j] + (2 * t < STEPS ? 1 - 2.0 * t / STEPS : 0) * shift[j];
    }
    irl_policy_mean(&straight, t, x, u);
    irl_policy_mean(&bent, t, y, v);
    CHECK_NEAR(u[0], v[0], 1e-13);
    CHECK_NEAR(u[1], v[1], 1e-13);
  }
  irl_policy_destroy(&straight);
  irl_policy_destroy(&bent);
}

static irl_trial standing_at(double cost) {
  return (irl_trial){.started = true, .now = {.median = cost}};
}

// 100, 100.2 and 100.4 are one valley; 103 goes before the second and third of it; a start without
// trajectories is last.
static void one_of_each_valley_goes_first(void) {
  irl_trial t[5] = {
      standing_at(103), standing_at(100.2), {0}, standing_at(100), standing_at(100.4)};
  irl_trial* group[5] = {&t[0], &t[1], &t[2], &t[3], &t[4]};
  CHECK(irl_trials_least(group, 5, 1) == 100 && irl_trials_least(&group[2], 1, 1) == INFINITY);
  CHECK(irl_trials_gained(group, 5, 101, 1) && !irl_trials_gained(group, 5, 100.4, 1));
  CHECK(irl_trials_gained(group, 5, INFINITY, 1) && !irl_trials_gained(&group[2], 1, INFINITY, 1));
  irl_trials_rank(group, 5, 1);
  CHECK(group[0] == &t[3] && group[1] == &t[0] && group[2] == &t[1] && group[3] == &t[4] &&
        group[4] == &t[2]);
}

TESTS(TEST(a_valley_found_by_one_is_found_by_all), TEST(bending_moves_the_way),
      TEST(one_of_each_valley_goes_first))
