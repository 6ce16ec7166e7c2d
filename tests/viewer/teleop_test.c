// The controller on simulated robots: targets are reached by actions within the bounds.
#include "viewer/teleop.h"

#include <mujoco/mujoco.h>

#include "arms.h"

typedef struct rig {
  irl_task* task;
  irl_live* live;
  irl_teleop* teleop;
  irl_live_row row;
  const irl_task_info* about;
  double u[16];
  double largest;  // |u| over its bound
} rig;

static void rig_open(rig* r, irl_task* task) {
  irl_errinfo info = {0};
  *r = (rig){.task = task, .about = irl_task_get(task)};
  CHECK_OK(irl_live_create(&r->live, task, &info));
  CHECK_OK(irl_teleop_create(&r->teleop, task, &info));
  CHECK_OK(irl_live_reset(r->live, 0, 1, 0, true, &r->row, &info));
  irl_teleop_reset(r->teleop, r->row.state);
}

static void rig_close(rig* r) {
  irl_live_destroy(r->live);
  irl_teleop_destroy(r->teleop);
  irl_task_destroy(r->task);
}

static void rig_run(rig* r, const irl_command* command, double speed, int steps) {
  irl_errinfo info = {0};
  const double* high = irl_task_action_high(r->task);
  for (int s = 0; s < steps; s++) {
    irl_teleop_act(r->teleop, r->row.state, command, speed, r->u);
    for (int i = 0; i < r->about->nu; i++) {
      r->largest = fmax(r->largest, fabs(r->u[i]) / high[i]);
    }
    CHECK_OK(irl_live_step(r->live, r->u, &r->row, &info));
  }
}

// Where the hand really is, and how it is turned.
static void hand(const rig* r, double point[3], double quat[4]) {
  const mjModel* m = irl_task_model(r->task);
  const irl_teleop_info* about = irl_teleop_get(r->teleop);
  mjData* d = mj_makeData(m);
  irl_task_set_state(r->task, d, r->row.state);
  mj_kinematics(m, d);
  mju_mulMatVec3(point, d->xmat + 9 * about->hand, about->point);
  mju_addTo3(point, d->xpos + 3 * about->hand);
  memcpy(quat, d->xquat + 4 * about->hand, 4 * sizeof *quat);
  mj_deleteData(d);
}

static double distance_to(const rig* r, const double target[3]) {
  double p[3], q[4];
  hand(r, p, q);
  mju_subFrom3(p, target);
  return mju_norm3(p);
}

static irl_task* bundled(const char* name) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  CHECK_OK(irl_task_load(&task, name, NULL, 0, &info));
  if (task == NULL) {
    exit(100);
  }
  return task;
}

//---------------------------------- Tests ---------------------------------------------------------

static void finds_the_hand(void) {
  rig r;
  rig_open(&r, bundled("reacher"));
  const irl_teleop_info* about = irl_teleop_get(r.teleop);
  const mjModel* m = irl_task_model(r.task);
  CHECK(about->hand == mj_name2id(m, mjOBJ_BODY, "fingertip"));
  CHECK(about->joints == 2 && about->planar && fabs(about->normal[2]) > 0.999);
  CHECK_NEAR(about->reach, 0.21, 1e-9);  // both links and the fingertip's offset
  CHECK(!irl_teleop_moves(r.teleop, mj_name2id(m, mjOBJ_BODY, "target")));
  CHECK(irl_teleop_moves(r.teleop, mj_name2id(m, mjOBJ_BODY, "body1")));
  rig_close(&r);
  rig_open(&r, arm_task(arm_torque));
  about = irl_teleop_get(r.teleop);
  CHECK(about->joints == 7 && !about->planar && about->grippers == 0);
  CHECK_NEAR(about->point[2], 0.1, 1e-12);  // the site
  rig_close(&r);
}

// Fingertip to a point: within 10 mm (the task asks for 20) in a second of simulation, torques
// within bounds.
static void pulls_the_reacher(void) {
  static const double targets[4][3] = {
      {0.1, 0.1, 0.01}, {-0.1, 0.12, 0.01}, {0.15, -0.05, 0.01}, {-0.05, -0.15, 0.01}};
  for (int k = 0; k < 4; k++) {
    rig r;
    irl_command c = irl_command_defaults();
    rig_open(&r, bundled("reacher"));
    c.placed = true;
    memcpy(c.target, targets[k], sizeof c.target);
    CHECK(distance_to(&r, c.target) > 0.05);
    rig_run(&r, &c, 0.2, 50);
    CHECK(distance_to(&r, c.target) < 0.01);
    CHECK(r.largest <= 1);
    rig_close(&r);
  }
}

// Slow motion changes the speed in the simulation's time, not what is reached.
static void slow_motion_reaches_too(void) {
  rig r;
  irl_command c = irl_command_defaults();
  rig_open(&r, bundled("reacher"));
  c.placed = true;
  memcpy(c.target, (double[3]){0.1, 0.1, 0.01}, sizeof c.target);
  rig_run(&r, &c, 2.0, 60);
  CHECK(distance_to(&r, c.target) < 2e-3);
  rig_close(&r);
}

// Each kind of actuator carries the arm to a point and holds it there against gravity.
static void drives(const char* mjcf, double tolerance) {
  rig r;
  double p[3], q[4];
  irl_command c = irl_command_defaults();
  rig_open(&r, arm_task(mjcf));
  hand(&r, p, q);
  rig_run(&r, &c, 1, 50);
  CHECK(distance_to(&r, p) < tolerance);  // nothing is asked: it stays
  c.placed = true;
  c.upright = true;
  memcpy(c.target, p, sizeof p);
  c.target[0] -= 0.15;
  c.target[1] += 0.2;
  c.target[2] -= 0.1;
  rig_run(&r, &c, 1, 150);
  CHECK(distance_to(&r, c.target) < tolerance);
  double now[4], turned[3];
  hand(&r, p, now);
  mju_subQuat(turned, now, q);
  CHECK(mju_norm3(turned) < 0.05);  // upright: the tool is not turned
  CHECK(r.largest <= 1);
  rig_close(&r);
}

static void drives_torques(void) {
  drives(arm_torque, 2e-3);
}
static void drives_servos(void) {
  drives(arm_servo, 5e-3);
}
static void drives_speeds(void) {
  drives(arm_speed, 1e-2);
}

// Without compensation the same servos sag; with it they do not.
static void compensates_weight(void) {
  double sag[2];
  for (int k = 0; k < 2; k++) {
    rig r;
    double p[3], q[4];
    irl_command c = irl_command_defaults();
    c.weightless = k == 1;
    rig_open(&r, arm_task(arm_servo));
    hand(&r, p, q);
    rig_run(&r, &c, 1, 100);
    sag[k] = distance_to(&r, p);
    rig_close(&r);
  }
  CHECK(sag[0] > 5e-3);
  CHECK(sag[1] < 0.2 * sag[0]);
}

// An unreachable target: every action within the bounds, joints within their ranges (and the
// little that MuJoCo's soft limits give), nothing diverges, and the way back is open at once.
static void respects_limits(void) {
  rig r;
  irl_command c = irl_command_defaults();
  rig_open(&r, arm_task(arm_torque));
  double p[3], q[4];
  hand(&r, p, q);
  c.placed = true;
  memcpy(c.target, (double[3]){-3, 0, -2}, sizeof c.target);
  rig_run(&r, &c, 1, 300);
  CHECK(r.largest <= 1);
  const mjModel* m = irl_task_model(r.task);
  for (int j = 0; j < 7; j++) {
    CHECK(r.row.x[j] > m->jnt_range[2 * j] - 0.1 && r.row.x[j] < m->jnt_range[2 * j + 1] + 0.1);
  }
  memcpy(c.target, p, sizeof p);
  rig_run(&r, &c, 1, 250);
  CHECK(distance_to(&r, p) < 0.02);
  rig_close(&r);
}

static void moves_by_speed_and_turns(void) {
  rig r;
  double p[3], q[4], now[4], turned[3], after[3];
  irl_command c = irl_command_defaults();
  c.upright = true;
  rig_open(&r, arm_task(arm_torque));
  hand(&r, p, q);
  c.move[1] = 0.1;  // for a second of the person at half speed
  c.turn[2] = 0.5;
  rig_run(&r, &c, 0.5, 25);
  c.move[1] = c.turn[2] = 0;
  rig_run(&r, &c, 0.5, 50);
  hand(&r, after, now);
  CHECK_NEAR(after[1] - p[1], 0.1, 5e-3);
  CHECK_NEAR(after[0] - p[0], 0, 5e-3);
  mju_subQuat(turned, now, q);
  CHECK_NEAR(mju_norm3(turned), 0.5, 0.02);
  rig_close(&r);
}

static void pushes_single_controls(void) {
  rig r;
  irl_command c = irl_command_defaults();
  c.mode = IRL_TELEOP_CONTROLS;
  c.rate[1] = -1;
  rig_open(&r, bundled("reacher"));
  rig_run(&r, &c, 1, 1);
  CHECK(r.u[0] == 0 && r.u[1] == -1);
  c.strength = 0.25;
  rig_run(&r, &c, 1, 1);
  CHECK(r.u[1] == -0.25);
  rig_close(&r);
  rig_open(&r, arm_task(arm_servo));
  c = irl_command_defaults();
  c.mode = IRL_TELEOP_CONTROLS;
  rig_run(&r, &c, 1, 1);
  const double before = r.u[3];
  CHECK_NEAR(before, 1.2, 1e-9);  // servos stay where they are
  c.rate[3] = 0.5;
  rig_run(&r, &c, 1, 50);  // half of 5.2 rad in two seconds: 1.3 rad in one
  CHECK_NEAR(r.u[3], before + 1.3, 1e-9);
  rig_close(&r);
}

// A gripper of two fingers on one tendon: it is not the hand's, and goes from end to end.
static void toggles_a_gripper(void) {
  static const char* const mjcf = ARM_BODY
      "<tendon><fixed name='grip'><joint joint='j6' coef='1'/></fixed></tendon><actuator>"
      "<motor name='a1' joint='j1'/><motor name='a3' joint='j3'/>"
      "<position name='grip' tendon='grip' kp='5' ctrlrange='0 0.8' ctrllimited='true'/>"
      "</actuator>" ARM_START;
  rig r;
  irl_command c = irl_command_defaults();
  rig_open(&r, arm_task(mjcf));
  CHECK(irl_teleop_get(r.teleop)->grippers == 1 && irl_teleop_get(r.teleop)->joints == 2);
  rig_run(&r, &c, 1, 1);
  CHECK(r.u[2] == 0);  // at the start it is nearer to 0
  c.closed = true;
  rig_run(&r, &c, 1, 1);
  CHECK(r.u[2] == 0.8);
  rig_close(&r);
}

// Seven torque motors on joints of very different weight at a control step of 50 ms put the peg
// into its hole: to the millimetre, upright, against contact.
static void puts_a_peg_into_its_hole(void) {
  rig r;
  irl_command c = irl_command_defaults();
  double start[3], end[3], before[4], after[4], turned[3];
  rig_open(&r, bundled("peg"));
  hand(&r, start, before);
  c.upright = c.placed = true;
  for (int s = 0; s < 100; s++) {  // sideways over condition 0's hole, then down
    const double over = fmin(1, (s + 1) / 40.0), down = fmax(0, fmin(1, (s - 45) / 30.0));
    c.target[0] = start[0] + (0.47 - start[0]) * over;
    c.target[1] = start[1] + (-0.05 - start[1]) * over;
    c.target[2] = start[2] + (-0.085 - start[2]) * down;
    rig_run(&r, &c, 0.33, 1);
  }
  hand(&r, end, after);
  CHECK_NEAR(end[0], 0.47, 2e-3);
  CHECK_NEAR(end[1], -0.05, 2e-3);
  CHECK_NEAR(end[2], -0.085, 2e-3);
  mju_subQuat(turned, after, before);
  CHECK(mju_norm3(turned) < 0.03);
  CHECK(r.row.success && r.largest <= 1);
  rig_close(&r);
}

static void same_calls_same_actions(void) {
  double last[2][7];
  for (int k = 0; k < 2; k++) {
    rig r;
    irl_command c = irl_command_defaults();
    rig_open(&r, arm_task(arm_torque));
    rig_run(&r, &c, 1, k == 0 ? 0 : 30);  // what was before a reset leaves no trace
    irl_errinfo info = {0};
    CHECK_OK(irl_live_reset(r.live, 0, 1, 0, true, &r.row, &info));
    irl_teleop_reset(r.teleop, r.row.state);
    c.placed = true;
    memcpy(c.target, (double[3]){0.3, 0.3, 0.5}, sizeof c.target);
    rig_run(&r, &c, 1, 40);
    memcpy(last[k], r.u, sizeof last[k]);
    rig_close(&r);
  }
  CHECK(memcmp(last[0], last[1], sizeof last[0]) == 0);
}

static void refuses_no_actuators(void) {
  irl_task* task = arm_task(ARM_BODY "<keyframe><key name='home'/></keyframe></mujoco>");
  irl_teleop* teleop = NULL;
  irl_errinfo info = {0};
  CHECK(irl_teleop_create(&teleop, task, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "no actuators");
  irl_task_destroy(task);
}

TESTS(TEST(finds_the_hand), TEST(pulls_the_reacher), TEST(slow_motion_reaches_too),
      TEST(drives_torques), TEST(drives_servos), TEST(drives_speeds), TEST(compensates_weight),
      TEST(respects_limits), TEST(moves_by_speed_and_turns), TEST(pushes_single_controls),
      TEST(toggles_a_gripper), TEST(puts_a_peg_into_its_hole), TEST(same_calls_same_actions),
      TEST(refuses_no_actuators))
