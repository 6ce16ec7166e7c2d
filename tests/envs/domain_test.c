// Changes of the physical world: the model's numbers, what is drawn, the bits for any number of
// threads, and what is refused. tests/python/test_domain.py compares with MuJoCo's own Python.
#include <mujoco/mujoco.h>

#include "sample.h"

// Two masses that fall beside each other, the second on a spring with a motor, and a muscle.
static const char* const falling =
    "<mujoco><option timestep='0.01' integrator='Euler'/><worldbody>"
    "<body name='a'><joint name='ja' type='slide' axis='0 0 1' damping='0.5' armature='0.1'/>"
    "<geom name='ga' size='0.1' mass='2' friction='0.7 0.1 0.01'/></body>"
    "<body name='b' pos='1 0 0'><joint name='jb' type='slide' axis='0 0 1' stiffness='3' "
    "frictionloss='0.2' damping='1'/><geom name='gb' size='0.1' mass='1'/></body></worldbody>"
    "<actuator><motor name='ma' joint='ja' gear='10'/>"
    "<position name='pb' joint='jb' kp='7' kv='1'/>"
    "<muscle name='mu' joint='jb' range='0.75 1.05' lengthrange='-1 1'/></actuator></mujoco>";

#define WORLD(domain)                                                                         \
  "{\"name\": \"w\", \"model\": \"w\", \"horizon\": 5, \"observation\": [{\"qpos\": \"*\"}, " \
  "{\"qvel\": \"*\"}], \"domain\": {" domain "}}"

static irl_task* world(const char* json) {
  return sample_task(json, falling);
}

static void fixed_changes_are_in_the_model(void) {
  irl_task* plain = world(WORLD(""));
  irl_task* task =
      world(WORLD("\"mass\": 1.5, \"friction\": {\"geom\": \"ga\", \"scale\": 0.5},"
                  "\"damping\": [{\"joint\": \"*\", \"scale\": 2}, {\"joint\": \"jb\","
                  "\"scale\": 3}], \"armature\": 4, \"frictionloss\": 5,"
                  "\"stiffness\": 0, \"gain\": {\"actuator\": [\"ma\", \"pb\"],"
                  "\"scale\": 0.8}, \"gravity\": 0.5"));
  const mjModel *p = irl_task_model(plain), *m = irl_task_model(task);
  for (int i = 1; i < 3; i++) {
    CHECK(m->body_mass[i] == 1.5 * p->body_mass[i]);
    CHECK(m->body_subtreemass[i] == m->body_mass[i]);  // a constant that MuJoCo derives
    CHECK(m->body_inertia[3 * i + 2] == 1.5 * p->body_inertia[3 * i + 2]);
  }
  CHECK(m->body_mass[0] == 0);
  CHECK(m->geom_friction[0] == 0.35 && m->geom_friction[1] == 0.05);
  CHECK(m->geom_friction[3] == p->geom_friction[3]);
  CHECK(m->dof_damping[0] == 1 && m->dof_damping[1] == 6);
  CHECK(m->dof_armature[0] == 0.4 && m->dof_frictionloss[1] == 1 && m->jnt_stiffness[1] == 0);
  CHECK(m->actuator_gainprm[0] == 0.8 && m->actuator_gainprm[mjNGAIN] == 0.8 * 7);
  CHECK(m->actuator_biasprm[mjNBIAS + 1] == 0.8 * -7 && m->actuator_biasprm[mjNBIAS + 2] == -0.8);
  CHECK(m->actuator_gainprm[2 * mjNGAIN] == p->actuator_gainprm[2 * mjNGAIN]);
  CHECK(m->opt.gravity[2] == 0.5 * p->opt.gravity[2]);
  CHECK(irl_task_get(task)->nworld == 0);
  irl_task_destroy(plain);
  irl_task_destroy(task);
}

// A dataset's two texts give the same world again, and the kept MJCF stays the model as it was.
static void worlds_are_kept(void) {
  irl_task* task = world(WORLD("\"mass\": {\"body\": \"a\", \"scale\": 3}"));
  irl_task* again = NULL;
  CHECK_CONTAINS(irl_task_json(task), "\"domain\"");
  CHECK_OK(irl_task_from_text(&again, irl_task_json(task), irl_task_mjcf(task), NULL));
  CHECK(irl_task_model(again)->body_mass[1] == 6);
  CHECK(strcmp(irl_task_mjcf(task), falling) == 0);
  irl_task_destroy(again);
  irl_task_destroy(task);
}

static void settings_reach_into_objects(void) {
  static const char* const set[] = {"domain.gravity=0.25", "domain.mass.scale=2",
                                    "domain.mass.body=b", "horizon=7"};
  irl_task* task = world(WORLD("\"gravity\": 3, \"armature\": 2"));
  irl_task* varied = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_vary(&varied, task, set, 4, &info));
  const mjModel* m = irl_task_model(varied);
  CHECK(m->body_mass[1] == 2 && m->body_mass[2] == 2);
  CHECK(m->opt.gravity[2] == -9.81 * 0.25 && m->dof_armature[0] == 0.2);
  CHECK(irl_task_get(varied)->horizon == 7);
  irl_task_destroy(varied);
  static const char* const bad[] = {".mass=1", "domain.=1", "domain..mass=1", "domain.mass"};
  for (int i = 0; i < 4; i++) {
    CHECK(irl_task_vary(&varied, task, bad + i, 1, &info) == IRL_ERANGE && varied == NULL);
    CHECK_CONTAINS(info.text, "domain.mass=1.5");
  }
  irl_task_destroy(task);
}

//---------------------------------- Draws ---------------------------------------------------------

enum { N = 40 };

// Rolls out one control step without actions.
static irl_batch fall(const irl_task* task, int n, int first, irl_purpose purpose, int nthread) {
  irl_batch b = sample_batch(task, n, 1);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  rollout.first = first;
  rollout.reset_purpose = purpose;
  CHECK(roll_out(task, &rollout, &b, nthread) == 0);
  return b;
}

// After one step from rest a body that nothing but gravity moves has v = −g s h.
static double gravity_of(const irl_batch* b, int i) {
  return irl_batch_x(b, i, 1)[2] / (-9.81 * 0.01);
}

#define LIGHT "\"armature\": 0, \"damping\": 0, "

static void draws_fill_their_range(void) {
  irl_task* task = world(WORLD(LIGHT "\"gravity\": {\"scale\": [0.5, 2]}"));
  irl_batch b = fall(task, N, 0, IRL_PURPOSE_RESET, 1);
  double low = 9, high = 0;
  CHECK(irl_task_get(task)->nworld > 0);
  CHECK(irl_task_model(task)->opt.gravity[2] == -9.81);
  for (int i = 0; i < N; i++) {
    low = fmin(low, gravity_of(&b, i));
    high = fmax(high, gravity_of(&b, i));
    CHECK(i == 0 || gravity_of(&b, i) != gravity_of(&b, i - 1));
  }
  CHECK(low >= 0.5 && low < 0.65 && high <= 2 && high > 1.85);  // 40 draws miss 0.15 in 1 of 70
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

// A draw belongs to the trajectory's number and to what its start is for, and to nothing else.
static void draws_are_numbered(void) {
  irl_task* task = world(WORLD(LIGHT "\"gravity\": [0.5, 2], \"mass\": [0.5, 2], \"gain\": "
                                     "{\"actuator\": \"ma\", \"scale\": [0.5, 1]}"));
  irl_batch all = fall(task, N, 0, IRL_PURPOSE_RESET, 1);
  irl_batch two = fall(task, N, 0, IRL_PURPOSE_RESET, 2);
  irl_batch late = fall(task, 3, 5, IRL_PURPOSE_RESET, 2);
  irl_batch other = fall(task, N, 0, IRL_PURPOSE_EVAL, 1);
  CHECK(hash_batch(&all) == hash_batch(&two));
  for (int i = 0; i < 3; i++) {
    CHECK(gravity_of(&late, i) == gravity_of(&all, 5 + i));
  }
  CHECK(gravity_of(&other, 0) != gravity_of(&all, 0));
  irl_batch_destroy(&all);
  irl_batch_destroy(&two);
  irl_batch_destroy(&late);
  irl_batch_destroy(&other);
  irl_task_destroy(task);
}

// Trajectories with the same number share their world, whatever their place in the batch.
static void given_numbers_count(void) {
  static const int number[3] = {7, 2, 7};
  irl_task* task = world(WORLD(LIGHT "\"gravity\": [0.5, 2]"));
  irl_batch all = fall(task, N, 0, IRL_PURPOSE_RESET, 1);
  irl_batch some = sample_batch(task, 3, 1);
  CHECK_OK(irl_batch_add_worlds(&some, 1));
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  rollout.number = number;
  CHECK(roll_out(task, &rollout, &some, 1) == 0);
  for (int i = 0; i < 3; i++) {
    CHECK(gravity_of(&some, i) == gravity_of(&all, number[i]));
    CHECK_NEAR(gravity_of(&some, i), irl_batch_world(&some, i)[0], 1e-14);
  }
  irl_batch_destroy(&all);
  irl_batch_destroy(&some);
  irl_task_destroy(task);
}

// Fixed factors are no part of a world. Given its factors, another rollout is in the same world to
// the last bit.
static void worlds_are_recorded_and_given(void) {
  irl_task* task =
      world(WORLD(
          LIGHT "\"gravity\": [0.5, 2], \"stiffness\": 3, \"mass\": {\"body\": [\"b\", \"a\"], "
                "\"scale\": [0.5, 2], \"each\": true}, \"friction\": {\"geom\": \"*\", \"scale\": "
                "[1, 2]}, \"frictionloss\": [0, 1]"));
  static const char* const names[] = {"mass b", "mass a", "friction ga ...", "frictionloss",
                                      "gravity"};
  CHECK(irl_task_get(task)->nworld == 5);
  for (int k = 0; k < 5; k++) {
    const irl_task_factor f = irl_task_world_factor(task, k);
    CHECK(strcmp(f.name, names[k]) == 0);
    CHECK(f.lo == (k == 2 ? 1 : k == 3 ? 0 : 0.5) && f.hi == (k == 3 ? 1 : 2));
  }
  irl_batch a = sample_batch(task, N, 5), b = sample_batch(task, N, 5);
  CHECK_OK(irl_batch_add_worlds(&a, 5));
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  CHECK(roll_out(task, &rollout, &a, 2) == 0);
  memcpy(b.u, a.u, (size_t)N * 5 * (size_t)a.nu * sizeof *b.u);
  rollout = (irl_rollout){.mode = IRL_ACTION_GIVEN, .world = a.world, .reset_purpose = 9};
  CHECK(roll_out(task, &rollout, &b, 1) == 0);
  CHECK(memcmp(a.x, b.x, (size_t)N * 6 * (size_t)a.nx * sizeof *a.x) == 0);
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < 5; k++) {
      const irl_task_factor f = irl_task_world_factor(task, k);
      CHECK(irl_batch_world(&a, i)[k] >= f.lo && irl_batch_world(&a, i)[k] <= f.hi);
    }
  }
  a.nworld = 4;
  irl_errinfo info = {0};
  irl_env* env = NULL;
  CHECK_OK(irl_env_create(&env, task, N, 1, NULL));
  CHECK(irl_env_rollout(env, &rollout, &a, NULL, NULL, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "nworld 4");
  a.nworld = 5;
  irl_env_destroy(env);
  irl_batch_destroy(&a);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

// u = 1 through gear 10: v = 10 h / m without gravity. Returns m of body a, and of b by its spring
// being off: its servo's force is kp u h / m.
static void mass_of(const irl_task* task, double (*mass)[2]) {
  irl_batch b = sample_batch(task, N, 1);
  irl_rollout rollout = sample_rollout(IRL_ACTION_GIVEN, NULL);
  for (int i = 0; i < N; i++) {
    irl_batch_u(&b, i, 0)[0] = 1;
    irl_batch_u(&b, i, 0)[1] = 1;
  }
  CHECK(roll_out(task, &rollout, &b, 2) == 0);
  for (int i = 0; i < N; i++) {
    mass[i][0] = 0.1 / irl_batch_x(&b, i, 1)[2];
    mass[i][1] = irl_batch_x(&b, i, 1)[3];
  }
  irl_batch_destroy(&b);
}

static void objects_share_or_draw_each(void) {
  static double together[N][2], each[N][2];
  irl_task* one = world(WORLD(LIGHT "\"gravity\": 0, \"frictionloss\": 0, "
                                    "\"mass\": {\"body\": \"*\", \"scale\": [0.5, 2]}"));
  irl_task* many = world(WORLD(LIGHT "\"gravity\": 0, \"frictionloss\": 0, \"mass\": "
                                     "{\"body\": \"*\", \"scale\": [0.5, 2], \"each\": true}"));
  mass_of(one, together);
  mass_of(many, each);
  int unlike = 0;
  for (int i = 0; i < N; i++) {
    CHECK(together[i][0] > 2 * 0.5 - 1e-12 && together[i][0] < 2 * 2 + 1e-12);
    // v of b falls with its mass: the product with a's is near constant only if they share
    const double a = together[i][0] * together[i][1], b = together[0][0] * together[0][1];
    CHECK_NEAR(a, b, 0.1 * b);
    unlike += fabs(each[i][0] * each[i][1] - b) > 0.1 * b;
  }
  CHECK(unlike > N / 2);
  irl_task_destroy(one);
  irl_task_destroy(many);
}

// A trace runs in the model as it is, whatever a rollout drew before.
static void traces_are_not_drawn(void) {
  static const double zero[4] = {0}, u[6] = {0};
  double qpos[6], qvel[6], obs[12], reward[3];
  uint8_t terminated[3];
  irl_task* task = world(WORLD(LIGHT "\"gravity\": [0.1, 0.2], \"mass\": [0.5, 2]"));
  irl_env* env = NULL;
  irl_batch b = sample_batch(task, 4, 1);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  CHECK_OK(irl_env_create(&env, task, 4, 1, NULL));
  CHECK_OK(irl_env_rollout(env, &rollout, &b, NULL, NULL, NULL));
  CHECK_OK(irl_env_trace(env, zero, zero, u, 2, qpos, qvel, obs, reward, terminated, NULL));
  CHECK_NEAR(qvel[2], -9.81 * 0.01, 1e-15);
  irl_env_destroy(env);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

//---------------------------------- Disabling -----------------------------------------------------

static void disabled_parts_do_nothing(void) {
  irl_task* task = world(WORLD("\"disable\": {\"actuator\": [\"ma\", \"mu\"]}, \"gravity\": 0"));
  irl_task* locked = world(WORLD("\"disable\": {\"joint\": \"ja\"}, \"gravity\": 30"));
  irl_batch b = sample_batch(task, 1, 5), c = sample_batch(locked, 1, 300);
  irl_rollout rollout = sample_rollout(IRL_ACTION_GIVEN, NULL);
  for (int t = 0; t < 5; t++) {
    irl_batch_u(&b, 0, t)[0] = irl_batch_u(&b, 0, t)[1] = irl_batch_u(&b, 0, t)[2] = 1;
  }
  CHECK(roll_out(task, &rollout, &b, 1) == 0);
  CHECK(irl_batch_x(&b, 0, 5)[0] == 0 && irl_batch_x(&b, 0, 5)[1] > 0.001);
  CHECK(roll_out(locked, &rollout, &c, 1) == 0);
  // 3 s under 30 g: dry friction at MuJoCo's stiffest (impedance 0.9999) creeps by
  // v = (1 − 0.9999)/0.9999 · a₀ · τ/2 ~ 3e-4 m/s
  CHECK(fabs(irl_batch_x(&c, 0, 300)[0]) < 2e-3);
  CHECK(fabs(irl_batch_x(&c, 0, 300)[1]) > 1);
  irl_batch_destroy(&b);
  irl_batch_destroy(&c);
  irl_task_destroy(task);
  irl_task_destroy(locked);
}

//---------------------------------- Refusals ------------------------------------------------------

static void refuse(const char* json, irl_err code, const char* a, const char* b) {
  irl_task* task = NULL;
  irl_errinfo info = {0};
  CHECK(irl_task_from_text(&task, json, falling, &info) == code && task == NULL);
  CHECK_CONTAINS(info.text, a);
  CHECK_CONTAINS(info.text, b);
  irl_task_destroy(task);
}

static void bad_domains(void) {
  refuse(WORLD("\"mas\": 1"), IRL_EPARSE, "$.domain.mas", "did you mean 'mass'?");
  refuse(WORLD("\"mass\": {\"bodies\": \"a\", \"scale\": 1}"), IRL_EPARSE, "$.domain.mass", "body");
  refuse(WORLD("\"mass\": {\"body\": \"aa\", \"scale\": 1}"), IRL_ENOENT, "$.domain.mass.body",
         "no body 'aa'; did you mean 'a'?");
  refuse(WORLD("\"gain\": {\"actuator\": \"mb\", \"scale\": 1}"), IRL_ENOENT, "$.domain.gain.act",
         "no actuator 'mb'; did you mean 'ma'?");
  refuse(WORLD("\"mass\": {\"body\": \"a\"}"), IRL_EPARSE, "$.domain.mass", "scale");
  refuse(WORLD("\"mass\": 0"), IRL_ERANGE, "$.domain.mass", "");
  refuse(WORLD("\"friction\": -1"), IRL_ERANGE, "$.domain.friction", "");
  refuse(WORLD("\"friction\": [2, 1]"), IRL_ERANGE, "$.domain.friction", "is empty");
  refuse(WORLD("\"friction\": [1]"), IRL_EDIM, "$.domain.friction", "2");
  refuse(WORLD("\"gravity\": {\"body\": \"a\", \"scale\": 2}"), IRL_EPARSE, "$.domain.gravity", "");
  refuse(WORLD("\"gravity\": \"low\""), IRL_EPARSE, "$.domain.gravity", "number");
  refuse(WORLD("\"gain\": 2"), IRL_EUNSUPPORTED, "'mu'", "disable");
  refuse(WORLD("\"disable\": {}"), IRL_EPARSE, "$.domain.disable", "nothing");
  refuse(WORLD("\"disable\": {\"joint\": \"jc\"}"), IRL_ENOENT, "no joint 'jc'", "did you mean");
  refuse(WORLD("\"disable\": {\"joints\": \"ja\"}"), IRL_EPARSE, "joints", "joint");
}

TESTS(TEST(given_numbers_count), TEST(worlds_are_recorded_and_given),
      TEST(fixed_changes_are_in_the_model), TEST(worlds_are_kept),
      TEST(settings_reach_into_objects), TEST(draws_fill_their_range), TEST(draws_are_numbered),
      TEST(objects_share_or_draw_each), TEST(traces_are_not_drawn), TEST(disabled_parts_do_nothing),
      TEST(bad_domains))
