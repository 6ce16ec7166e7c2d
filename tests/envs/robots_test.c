// Everything that a model can name: actuators with activation, tendons, mocap bodies, keyframes,
// quaternions, constants and cost sensors as MJPC writes them, plugins.
#include <mujoco/mujoco.h>

#include "base/linalg.h"
#include "sample.h"

static const char* const mjcf =
    "<mujoco><option timestep='0.01'/>"
    "<custom><numeric name='agent_horizon' data='0.35'/>"
    "<numeric name='residual_Goal' data='0.7 0 1'/><numeric name='pair' data='1 2'/></custom>"
    "<worldbody><body name='hand' mocap='true' pos='1 2 3'><geom size='.01' contype='0' "
    "conaffinity='0'/></body>"
    "<body name='free' pos='0 0 2'><freejoint name='root'/><geom name='g' size='.1 .2 .3' "
    "type='box'/></body>"
    "<body name='arm' pos='2 0 1'><joint name='hinge' axis='0 1 0' damping='1'/><geom size='.05' "
    "pos='.2 0 0'/>"
    "<body name='wrist' pos='.4 0 0'><joint name='ball' type='ball' damping='.1'/><geom size='.05' "
    "pos='.1 0 0'/></body></body></worldbody>"
    "<tendon><fixed name='cable'><joint joint='hinge' coef='2'/></fixed></tendon>"
    "<equality><weld body1='hand' body2='free' active='false'/></equality>"
    "<actuator><position name='servo' joint='hinge' kp='10'/>"
    "<general name='slow' joint='hinge' dyntype='filter' dynprm='0.1' gainprm='3' ctrlrange='-1 "
    "1'/>"
    "<motor name='pull' tendon='cable'/></actuator>"
    "<sensor><user name='Reach' dim='3' user='7 1.5 0 10 0.1 2'/></sensor>"
    "<keyframe><key name='up' qpos='0 0 1 1 0 0 0 .5 1 0 0 0' act='.25' mpos='4 5 6'/>"
    "<key name='down' qpos='0 0 3 0 1 0 0 -.5 1 0 0 0' ctrl='.1 .2 .3'/></keyframe></mujoco>";

#define REACH                                                                                    \
  "\"reward\": [{\"name\": \"Reach\", \"residual\": {\"body\": \"free\", \"minus\": {\"body\": " \
  "\"hand\"}}}]"
#define ROBOT(members) "{\"name\": \"r\", \"model\": \"m\", " REACH ", " members "}"

// Observations after a reset and three steps of given actions, beside mj_step's own.
static void observations_are_mujocos(void) {
  irl_task* task = sample_task(
      ROBOT("\"observation\": [{\"act\": \"slow\"}, {\"act\": \"*\"}, {\"actuator_force\": \"*\"},"
            "{\"actuator_length\": \"servo\"}, {\"actuator_velocity\": \"pull\"},"
            "{\"tendon\": \"cable\"}, {\"tendon_velocity\": \"*\"}, {\"quat\": \"wrist\"},"
            "{\"numeric\": \"residual_Goal\"}, {\"numeric\": \"pair\", \"components\": [1]},"
            "{\"qpos\": \"hinge\", \"minus\": {\"numeric\": \"residual_Goal\"}}]"),
      mjcf);
  const irl_task_info* t = irl_task_get(task);
  CHECK(t->horizon == 35 && t->nx == 16);
  irl_batch batch = sample_batch(task, 1, 3);
  for (int i = 0; i < 9; i++) {
    batch.u[i] = 0.3 * i - 0.7;
  }
  irl_rollout rollout = sample_rollout(IRL_ACTION_GIVEN, NULL);
  CHECK(roll_out(task, &rollout, &batch, 1) == 0);
  const mjModel* m = irl_task_model(task);
  mjData* d = mj_makeData(m);
  mj_forward(m, d);
  for (int s = 0; s < 3; s++) {
    mju_copy(d->ctrl, batch.u + 3 * s, 3);
    d->ctrl[1] = fmax(-1, fmin(1, d->ctrl[1]));
    mj_step(m, d);
    mjData* fresh = mj_copyData(NULL, m, d);
    mj_fwdPosition(m, fresh);
    mj_fwdVelocity(m, fresh);
    const double want[] = {d->act[0],
                           d->act[0],
                           d->actuator_force[0],
                           d->actuator_force[1],
                           d->actuator_force[2],
                           fresh->actuator_length[0],
                           fresh->actuator_velocity[2],
                           fresh->ten_length[0],
                           fresh->ten_velocity[0],
                           fresh->xquat[16],
                           fresh->xquat[17],
                           fresh->xquat[18],
                           fresh->xquat[19],
                           0.7,
                           2,
                           d->qpos[7] - 0.7};
    for (int i = 0; i < 16; i++) {
      CHECK_NEAR(irl_batch_x(&batch, 0, s + 1)[i], want[i], 0);
    }
    mj_deleteData(fresh);
  }
  mj_deleteData(d);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

// The differences are those of mj_differentiatePos, joint by joint.
static void tangents_are_mujocos(void) {
  irl_task* task = sample_task(
      ROBOT(
          "\"horizon\": 20, \"observation\": [{\"qpos\": \"*\", \"tangent\": true},"
          "{\"qpos\": \"*\"}, {\"quat\": \"free\", \"minus\": {\"quat\": \"wrist\"}, \"tangent\": "
          "true}, {\"qpos\": \"ball\", \"minus\": [0, 0, 2, 0], \"tangent\": true,"
          "\"components\": [1]}],"
          "\"reset\": {\"noise\": [{\"qvel\": \"*\", \"normal\": 3}]}"),
      mjcf);
  const mjModel* m = irl_task_model(task);
  CHECK(irl_task_get(task)->nx == 10 + 12 + 3 + 1);
  CHECK(strcmp(irl_task_observation_name(task, 3), "turn root 3") == 0);
  irl_batch batch = sample_batch(task, 2, 20);
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  CHECK(roll_out(task, &rollout, &batch, 2) == 0);
  for (int i = 0; i < 2; i++) {
    for (int s = 0; s <= 20; s++) {
      const double* x = irl_batch_x(&batch, i, s);
      const double back[4] = {0, 0, 1, 0};
      double want[10], turn[3];
      mj_differentiatePos(m, want, 1, m->qpos0, x + 10);
      for (int k = 0; k < 10; k++) {
        CHECK_NEAR(x[k], want[k], 1e-14);
      }
      mju_subQuat(turn, x + 18, back);
      CHECK_NEAR(x[25], turn[1], 1e-14);
    }
  }
  CHECK(fabs(irl_batch_x(&batch, 0, 20)[22]) > 1e-3);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

static const double* start_of(const irl_task* task, irl_batch* batch, const char* part, int i) {
  int n = 0;
  const irl_state_part* parts = irl_task_state_parts(task, &n);
  for (int k = 0; k < n; k++) {
    if (strcmp(parts[k].name, part) == 0) {
      return irl_batch_state(batch, i, 0) + parts[k].offset;
    }
  }
  CHECK(!"no such part");
  return NULL;
}

static void conditions_are_states(void) {
  irl_task* task = sample_task(
      ROBOT("\"horizon\": 2, \"observation\": {\"qpos\": \"*\"},"
            "\"reset\": {\"key\": \"up\", \"noise\": [{\"mocap\": \"hand\", \"replace\": true,"
            "\"uniform\": [[7, 8, 9], [7.5, 8.5, 9.5]]}]},"
            "\"conditions\": [{}, {\"key\": \"down\", \"mocap\": {\"hand\": [1, 1, 1]}},"
            "{\"mocap\": {\"hand\": [0, 0, 0, 0, 1, 0, 0]}, \"act\": {\"slow\": -0.5}}]"),
      mjcf);
  irl_batch batch = sample_batch(task, 6, 2);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  CHECK(roll_out(task, &rollout, &batch, 2) == 0);
  const double* hand = start_of(task, &batch, "mocap_pos", 0);
  CHECK(hand[0] >= 7 && hand[0] < 7.5 && hand[2] >= 9 && hand[2] < 9.5);
  CHECK(start_of(task, &batch, "mocap_pos", 3)[0] != hand[0]);
  CHECK(start_of(task, &batch, "qpos", 0)[7] == 0.5 && start_of(task, &batch, "act", 0)[0] == 0.25);
  CHECK(start_of(task, &batch, "qpos", 1)[2] == 3 && start_of(task, &batch, "qpos", 1)[4] == 1);
  CHECK(start_of(task, &batch, "act", 1)[0] == 0);
  CHECK(start_of(task, &batch, "mocap_pos", 1)[0] == 1);
  CHECK(start_of(task, &batch, "mocap_pos", 2)[1] == 0);
  CHECK(start_of(task, &batch, "mocap_quat", 2)[1] == 1);
  CHECK(start_of(task, &batch, "act", 2)[0] == -0.5 && start_of(task, &batch, "qpos", 2)[7] == 0.5);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

// The norm of MJPC's sensor "7 1.5 0 10 0.1 2": smooth_abs2 with p = 0.1, q = 2.
static void cost_sensors_are_mjpcs(void) {
  irl_task* task = sample_task(ROBOT("\"horizon\": 2, \"observation\": {\"qpos\": \"*\"}"), mjcf);
  const irl_reward_term* term = irl_task_terms(task);
  CHECK(term->norm == IRL_NORM_SMOOTH_ABS2);
  CHECK(term->weight == 1.5 && term->parameter == 0.1 && term->exponent == 2);
  irl_task_destroy(task);
}

static void wrong_names_are_refused(void) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  CHECK(irl_task_from_text(&task, ROBOT("\"horizon\": 2, \"observation\": {\"act\": \"servo\"}"),
                           mjcf, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "'servo' has no activation");
  CHECK(irl_task_from_text(&task, ROBOT("\"horizon\": 2, \"observation\": {\"tendon\": \"cabel\"}"),
                           mjcf, &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "no tendon 'cabel'; did you mean 'cable'?");
  CHECK(irl_task_from_text(&task,
                           ROBOT("\"horizon\": 2, \"observation\": {\"qpos\": \"*\"}, "
                                 "\"conditions\": [{\"mocap\": {\"arm\": [0, 0, 0]}}]"),
                           mjcf, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "mocap=\"true\"");
  CHECK(irl_task_from_text(&task,
                           ROBOT("\"horizon\": 2, \"observation\": {\"qvel\": \"*\", \"tangent\": "
                                 "true}"),
                           mjcf, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "goes with qpos and quat");
}

static void plugins_are_loaded(void) {
  irl_task* task = sample_task(
      SAMPLE_TASK(""),
      "<mujoco><extension><plugin plugin='mujoco.pid'><instance name='pid'><config key='kp' "
      "value='40'/><config key='ki' value='40'/></instance></plugin></extension><worldbody><body>"
      "<joint name='j' type='slide' axis='1 0 0'/><geom size='.1'/></body></worldbody><actuator>"
      "<plugin joint='j' plugin='mujoco.pid' instance='pid' actdim='1'/></actuator></mujoco>");
  CHECK(irl_task_model(task)->nplugin == 1);
  irl_batch batch = sample_batch(task, 1, 5);
  irl_rollout rollout = sample_rollout(IRL_ACTION_GIVEN, NULL);
  batch.u[0] = 1;
  CHECK(roll_out(task, &rollout, &batch, 1) == 0);
  CHECK(irl_batch_x(&batch, 0, 2)[0] > 0);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
}

TESTS(TEST(observations_are_mujocos), TEST(tangents_are_mujocos), TEST(conditions_are_states),
      TEST(cost_sensors_are_mjpcs), TEST(wrong_names_are_refused), TEST(plugins_are_loaded))
