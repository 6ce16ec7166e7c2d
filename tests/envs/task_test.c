// What a task JSON means: names, sizes, observations against MuJoCo's own arrays, kept texts.
#include "envs/task.h"

#include <mujoco/mujoco.h>

#include "sample.h"

static void bundled_tasks_load(void) {
  const char* const* names = NULL;
  irl_errinfo info = {0};
  int count = 0;
  CHECK_OK(irl_task_list(&names, &info));
  for (; names != NULL && names[count] != NULL; count++) {
    irl_task* task = bundled_task(names[count]);
    CHECK(strcmp(irl_task_get(task)->name, names[count]) == 0);
    CHECK(irl_task_get(task)->nconditions >= 1);
    CHECK(irl_task_get(task)->has_reward);
    irl_task_destroy(task);
  }
  CHECK(count >= 4);
  irl_task_list_free(names);
}

static void reacher_is_described(void) {
  irl_task* task = bundled_task("reacher");
  const irl_task_info* t = irl_task_get(task);
  CHECK(t->nq == 4 && t->nv == 4 && t->nu == 2 && t->nx == 10 && t->nz == 3);
  CHECK(t->horizon == 50 && t->frame_skip == 2 && t->nconditions == 4 && t->nterms == 2);
  CHECK_NEAR(t->dt, 0.02, 1e-15);
  CHECK_NEAR(t->temperature, 0.01, 0);
  CHECK(t->timing == IRL_TIMING_GYMNASIUM && !t->has_termination);
  CHECK(strcmp(irl_task_observation_name(task, 0), "cos joint0") == 0);
  CHECK(strcmp(irl_task_observation_name(task, 4), "target_x") == 0);
  CHECK(strcmp(irl_task_observation_name(task, 6), "qvel joint0") == 0);
  CHECK(strcmp(irl_task_observation_name(task, 8), "fingertip x - target x") == 0);
  const irl_reward_term* terms = irl_task_terms(task);
  CHECK(strcmp(terms[0].name, "distance") == 0 && terms[0].dim == 3 && !terms[0].of_action);
  CHECK(strcmp(terms[1].name, "control") == 0 && terms[1].dim == 2 && terms[1].of_action);
  CHECK(irl_task_action_low(task)[0] == -1 && irl_task_action_high(task)[1] == 1);
  irl_task_destroy(task);
}

// Every kind of entry, from the start state, against an mjData of our own.
static void observations_are_mujocos(void) {
  irl_task* task = sample_task(
      "{\"name\": \"sample\", \"model\": \"m\", \"horizon\": 3, \"reset\": {\"key\": \"home\"},"
      "\"observation\": ["
      "{\"qpos\": [\"hinge\", \"slider\"]}, {\"qvel\": \"hinge\", \"clip\": [-0.1, 0.1]},"
      "{\"qpos\": \"hinge\", \"transform\": \"sin\"}, {\"sensor\": \"felt\", \"components\": [2, "
      "0]},"
      "{\"site\": \"tip\", \"minus\": {\"site\": \"goal\"}}, {\"body\": \"pole\", \"components\": "
      "[2]},"
      "{\"geom\": \"rod\", \"minus\": [1, 2, 3], \"components\": [0]}, {\"qpos\": \"ball\"},"
      "{\"com\": \"cart\", \"components\": [0]}, {\"qfrc_actuator\": \"slider\"},"
      "{\"cvel\": \"pole\", \"components\": [1]}]}",
      NULL);
  irl_batch batch = sample_batch(task, 1, 3);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  CHECK(roll_out(task, &rollout, &batch, 1) == 0);
  const mjModel* m = irl_task_model(task);
  mjData* d = mj_makeData(m);
  mj_resetDataKeyframe(m, d, 0);
  mj_forward(m, d);
  const int rod = mj_name2id(m, mjOBJ_GEOM, "rod"), tip = mj_name2id(m, mjOBJ_SITE, "tip");
  const double* felt = d->sensordata + m->sensor_adr[1];
  const double want[] = {d->qpos[1],
                         d->qpos[0],
                         0.1,
                         sin(d->qpos[1]),
                         felt[2],
                         felt[0],
                         d->site_xpos[3 * tip] - 0.5,
                         d->site_xpos[3 * tip + 1] - 0.25,
                         d->site_xpos[3 * tip + 2] - 0.1,
                         d->xpos[3 * 2 + 2],
                         d->geom_xpos[3 * rod] - 1,
                         d->qpos[2],
                         d->qpos[3],
                         d->qpos[4],
                         d->qpos[5],
                         d->subtree_com[3],
                         d->qfrc_actuator[0],
                         d->cvel[6 * 2 + 1]};
  CHECK(irl_task_get(task)->nx == (int)(sizeof want / sizeof want[0]));
  for (int i = 0; i < irl_task_get(task)->nx; i++) {
    CHECK_NEAR(irl_batch_x(&batch, 0, 0)[i], want[i], 0);
  }
  mj_deleteData(d);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

// A residual "velocity" is the displacement of a control step over its length.
static void velocities_are_displacements(void) {
  irl_task* task =
      sample_task(SAMPLE_TASK(", \"reset\": {\"key\": \"home\"}, \"reward\": [{\"name\": "
                              "\"forward\", \"norm\": \"linear\", \"weight\": -2, "
                              "\"residual\": {\"velocity\": {\"qpos\": \"slider\"}}}]"),
                  NULL);
  irl_batch batch = sample_batch(task, 2, 30);
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  CHECK(roll_out(task, &rollout, &batch, 1) == 0);
  for (int i = 0; i < 2; i++) {
    for (int t = 0; t < 30; t++) {
      const double moved = irl_batch_x(&batch, i, t + 1)[0] - irl_batch_x(&batch, i, t)[0];
      CHECK_NEAR(irl_batch_z(&batch, i, t)[0], moved / 0.02, 1e-12);
      CHECK_NEAR(batch.reward[i * 30 + t], 2 * moved / 0.02, 1e-12);
    }
  }
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

static uint64_t rollout_hash(const irl_task* task) {
  irl_policy policy = sample_policy(task, irl_task_get(task)->horizon, 0.5);
  const irl_policy* each[16];
  for (int c = 0; c < 16; c++) {
    each[c] = &policy;
  }
  irl_batch batch = sample_batch(task, 8, irl_task_get(task)->horizon);
  irl_rollout rollout = sample_rollout(IRL_ACTION_SAMPLE, each);
  (void)roll_out(task, &rollout, &batch, 1);
  const uint64_t hash = hash_batch(&batch);
  irl_batch_destroy(&batch);
  irl_policy_destroy(&policy);
  return hash;
}

// The kept texts give the same task: same rollouts to the last bit, and the same texts again.
static void texts_make_the_task_again(void) {
  static const char* const names[] = {"reacher", "inverted_pendulum", "point_mass",
                                      "lq_point_mass"};
  for (int k = 0; k < 4; k++) {
    irl_task* task = bundled_task(names[k]);
    irl_task* again = sample_task(irl_task_json(task), irl_task_mjcf(task));
    CHECK(rollout_hash(task) == rollout_hash(again));
    CHECK(strcmp(irl_task_json(task), irl_task_json(again)) == 0);
    CHECK(strcmp(irl_task_mjcf(task), irl_task_mjcf(again)) == 0);
    CHECK(strstr(irl_task_json(task), "/") == NULL ||
          strstr(irl_task_json(task), "models") == NULL);
    irl_task_destroy(again);
    irl_task_destroy(task);
  }
}

static char* write_file(const char* name, const char* text) {
  static char path[2][1024];
  static int turn;
  turn = 1 - turn;
  const char* folder = test_folder();
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  FILE* file = fopen(path[turn], "w");
  CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
  return path[turn];
}

// A bare model: qpos and qvel, its key `home`, 200 steps.
static void bare_models_have_a_default(void) {
  const char* path = write_file("a bare.model.xml", sample_mjcf);
  irl_task* task = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_load(&task, path, NULL, 0, &info));
  const irl_task_info* t = irl_task_get(task);
  CHECK(strcmp(t->name, "a_bare_model") == 0);
  CHECK(t->nx == 6 + 5 && t->horizon == 200 && t->frame_skip == 1 && !t->has_reward);
  irl_batch batch = sample_batch(task, 1, 2);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  CHECK(roll_out(task, &rollout, &batch, 1) == 0);
  CHECK(!batch.has_reward);
  CHECK_NEAR(batch.x[0], 0.3, 0);
  CHECK_NEAR(batch.x[7], 0.2, 0);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

// MJPC's cost sensors do not keep a bare model from being looked at, recorded and kept; a model
// that cannot move is told so itself, not the task that stands for it.
static void bare_models_of_others(void) {
  const char* path = write_file(
      "mjpc.xml",
      "<mujoco><worldbody><body><joint name='j'/><geom size='.1'/></body></worldbody><sensor><user "
      "name='Reach' dim='1' user='2 1 0 1'/></sensor></mujoco>");
  irl_task *task = NULL, *again = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_load(&task, path, NULL, 0, &info));
  CHECK(task != NULL && !irl_task_get(task)->has_reward);
  CHECK_OK(irl_task_from_text(&again, irl_task_json(task), irl_task_mjcf(task), &info));
  irl_task_destroy(again);
  irl_task_destroy(task);
  path = write_file("still.xml",
                    "<mujoco><worldbody><geom name='wall' size='.1'/></worldbody></mujoco>");
  CHECK(irl_task_load(&task, path, NULL, 0, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "still.xml: the model has no joint");
}

static void a_missing_model_is_asked_for_by_its_task(void) {
  const char* path = write_file("lost.json",
                                "{\"name\": \"lost\", \"model\": \"gone.xml\", \"horizon\": "
                                "3, \"observation\": {\"qpos\": \"*\"}}");
  irl_task* task = NULL;
  irl_errinfo info = {0};
  CHECK(irl_task_load(&task, path, NULL, 0, &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "lost.json: $.model: ");
  CHECK_CONTAINS(info.text, "gone.xml: cannot open");
}

// A model in two files is kept as one text, which makes the same model.
static void includes_are_resolved(void) {
  write_file("part.xml",
             "<mujoco><worldbody><body name='b' pos='0.123456789 0 0'><joint name='j'/>"
             "<geom size='0.1'/></body></worldbody></mujoco>");
  const char* path = write_file(
      "whole.xml",
      "<mujoco><include file='part.xml'/><actuator><motor joint='j'/></actuator></mujoco>");
  irl_task* task = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_load(&task, path, NULL, 0, &info));
  CHECK(task != NULL && irl_task_model(task)->body_pos[3] == 0.123456789);
  irl_task* again = sample_task(irl_task_json(task), irl_task_mjcf(task));
  CHECK(rollout_hash(task) == rollout_hash(again));
  irl_task_destroy(again);
  irl_task_destroy(task);
}

static void settings_replace_members(void) {
  const char* const set[] = {"horizon=7", "timing=\"fresh\"", "conditions=[]", "horizon=12",
                             "name=other"};
  irl_task* task = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_load(&task, "reacher", set, 5, &info));
  const irl_task_info* t = irl_task_get(task);
  CHECK(t->horizon == 12 && t->timing == IRL_TIMING_FRESH && t->nconditions == 1);
  CHECK(strcmp(t->name, "other") == 0);
  irl_task_destroy(task);
}

// fresh observations are those of the new state, gymnasium's one substep old; states are the same.
static void timings_differ_in_positions_only(void) {
  const char* const fresh[] = {"timing=fresh"};
  irl_task *old_task = bundled_task("reacher"), *new_task = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_load(&new_task, "reacher", fresh, 1, &info));
  irl_batch a = sample_batch(old_task, 4, 50), b = sample_batch(new_task, 4, 50);
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  CHECK(roll_out(old_task, &rollout, &a, 1) == 0 && roll_out(new_task, &rollout, &b, 1) == 0);
  const mjModel* m = irl_task_model(new_task);
  mjData* d = mj_makeData(m);
  const int tip = mj_name2id(m, mjOBJ_BODY, "fingertip"),
            goal = mj_name2id(m, mjOBJ_BODY, "target");
  CHECK(memcmp(a.state, b.state, (size_t)(4 * 51 * a.nstate) * sizeof(double)) == 0);
  for (int i = 0; i < 4; i++) {
    double change = 0;
    for (int t = 1; t <= 50; t++) {
      irl_task_set_state(new_task, d, irl_batch_state(&b, i, t));
      mj_kinematics(m, d);
      CHECK_NEAR(irl_batch_x(&b, i, t)[8], d->xpos[3 * tip] - d->xpos[3 * goal], 0);
      change += fabs(irl_batch_x(&a, i, t)[8] - irl_batch_x(&b, i, t)[8]);
    }
    CHECK(change > 1e-9);
  }
  mj_deleteData(d);
  irl_batch_destroy(&a);
  irl_batch_destroy(&b);
  irl_task_destroy(old_task);
  irl_task_destroy(new_task);
}

// Under Euler the fresh observations cost nothing and change nothing: the states are those of whole
// steps, and what is observed is what a recorded state gives.
static void split_steps_are_whole_steps(void) {
  static const char* const format =
      "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 20, \"frame_skip\": 3, \"timing\": \"%s\","
      "\"observation\": [{\"site\": \"tip\"}, {\"sensor\": \"speed\"}]}";
  char fresh[300], gymnasium[300];
  snprintf(fresh, sizeof fresh, format, "fresh");
  snprintf(gymnasium, sizeof gymnasium, format, "gymnasium");
  irl_task *a_task = sample_task(fresh, NULL), *b_task = sample_task(gymnasium, NULL);
  irl_batch a = sample_batch(a_task, 2, 20), b = sample_batch(b_task, 2, 20);
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  CHECK(roll_out(a_task, &rollout, &a, 1) == 0 && roll_out(b_task, &rollout, &b, 1) == 0);
  CHECK(memcmp(a.state, b.state, (size_t)(2 * 21 * a.nstate) * sizeof(double)) == 0);
  const mjModel* m = irl_task_model(a_task);
  mjData* d = mj_makeData(m);
  const int tip = mj_name2id(m, mjOBJ_SITE, "tip");
  for (int t = 0; t <= 20; t++) {
    irl_task_set_state(a_task, d, irl_batch_state(&a, 1, t));
    mj_forward(m, d);
    CHECK(memcmp(irl_batch_x(&a, 1, t), d->site_xpos + 3 * tip, 3 * sizeof(double)) == 0);
    CHECK(irl_batch_x(&a, 1, t)[3] == d->sensordata[0]);
    CHECK(t == 0 || irl_batch_x(&b, 1, t)[3] != d->sensordata[0]);
  }
  CHECK((m->opt.disableflags & mjDSBL_AUTORESET) != 0);
  mj_deleteData(d);
  irl_batch_destroy(&a);
  irl_batch_destroy(&b);
  irl_task_destroy(a_task);
  irl_task_destroy(b_task);
}

// MJPC's way: norm and weight in the sensor, the residual in the task.
static void user_sensors_declare_terms(void) {
  static const char* const mjcf =
      "<mujoco><worldbody><body><joint name='j' type='slide'/><geom size='0.1'/></body></worldbody>"
      "<sensor><user name='Place' dim='1' user='2 1.5 0 10 0.1'/></sensor></mujoco>";
  irl_task* task = sample_task(
      "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 3, \"observation\": {\"qpos\": \"*\"},"
      "\"reward\": [{\"name\": \"Place\", \"residual\": {\"qpos\": \"j\"}}]}",
      mjcf);
  const irl_reward_term* term = irl_task_terms(task);
  CHECK(term->norm == IRL_NORM_SMOOTH_L2);
  CHECK_NEAR(term->weight, 1.5, 0);
  CHECK_NEAR(term->parameter, 0.1, 0);
  irl_task_destroy(task);
}

// A task in a changed world is what its text with these members gives; the original stays.
static void tasks_vary(void) {
  const char* const set[] = {"horizon=7"};
  const char* const wrong[] = {"horzion=7"};
  irl_errinfo info = {IRL_OK, ""};
  irl_task *task, *varied, *same;
  CHECK_OK(irl_task_load(&task, "reacher", NULL, 0, &info));
  CHECK_OK(irl_task_vary(&varied, task, set, 1, &info));
  CHECK(irl_task_get(varied)->horizon == 7 && irl_task_get(task)->horizon == 50);
  CHECK(irl_task_get(varied)->nx == irl_task_get(task)->nx);
  CHECK_OK(irl_task_vary(&same, task, NULL, 0, &info));
  CHECK(strcmp(irl_task_json(same), irl_task_json(task)) == 0);
  irl_task_destroy(varied);
  CHECK(irl_task_vary(&varied, task, wrong, 1, &info) != IRL_OK && varied == NULL);
  CHECK_CONTAINS(info.text, "horzion");
  irl_task_destroy(same);
  irl_task_destroy(task);
}

TESTS(TEST(bare_models_of_others), TEST(a_missing_model_is_asked_for_by_its_task),
      TEST(bundled_tasks_load), TEST(reacher_is_described), TEST(observations_are_mujocos),
      TEST(velocities_are_displacements), TEST(texts_make_the_task_again),
      TEST(bare_models_have_a_default), TEST(includes_are_resolved), TEST(settings_replace_members),
      TEST(timings_differ_in_positions_only), TEST(split_steps_are_whole_steps),
      TEST(user_sensors_declare_terms), TEST(tasks_vary))
