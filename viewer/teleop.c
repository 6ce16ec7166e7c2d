// The controller: the target moves, the reference posture follows it, the actuators follow that.
#include "viewer/teleop.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "viewer/teleop_internal.h"

#define FOLLOW_SECONDS 0.1    // of the person, in which the reference comes close to the target
#define FASTEST_FOLLOW 0.35   // of the way to the target in a control step
#define REACHES_A_SECOND 3.0  // of the person: greatest speed of the reference
#define STIFFNESS 0.25        // w dt of computed torque, gentle
#define STIFFEST 0.5          // w dt, far from the limit of stability
#define RESPONSE 12.0         // w that is worth going there for [rad/s]
#define SERVO_SECONDS 2.0     // in which a held key moves a servo across its range
#define LEAD_ANGLE 0.5        // how far the reference may run ahead of the robot [rad]
#define LEAD_LENGTH 0.25      // [of the reach]
#define DAMPING 0.03          // of the least squares [of the reach]
#define JOINT_SPEED 25.0      // greatest [rad/s]

enum { LIMIT_PASSES = 4 };

struct irl_teleop {
  const irl_task* task;
  const mjModel* m;
  mjData* d;  // scratch
  irl_teleop_info info;
  irl_drive* drive;  // (nu)
  bool* actuated;    // (nv)
  bool* frozen;      // (nv) at a limit, in this solve
  double* qref;      // reference posture; only actuated joints of it count  (nq)
  double* speed;     // of the reference                                     (nv)
  double* length;    // of the actuators at the reference                    (nout)
  double* control;   // last action: the set points of servos                (nu)
  double* jac;       // of the target's point                                (6, nv)
  double* work;      // (max(3 nv, nu (nv + nu + 2)))
  double target[3], quat[4];
  int body;         // that follows the target
  double point[3];  // in its frame
};

irl_command irl_command_defaults(void) {
  return (irl_command){.body = -1, .quat = {1, 0, 0, 0}, .weightless = true, .strength = 1.0};
}

//---------------------------------- Poses ---------------------------------------------------------

// Puts the actual posture into the scratch, with the reference's joints in place of its own.
static void pose_reference(irl_teleop* t, const double* qpos) {
  const mjModel* m = t->m;
  memcpy(t->d->qpos, qpos, (size_t)m->nq * sizeof(double));
  for (int j = 0; j < m->njnt; j++) {
    const int q = m->jnt_qposadr[j];
    if (t->actuated[m->jnt_dofadr[j]]) {
      const int n = m->jnt_type[j] == mjJNT_BALL ? 4 : m->jnt_type[j] == mjJNT_FREE ? 7 : 1;
      memcpy(t->d->qpos + q, t->qref + q, (size_t)n * sizeof(double));
    }
  }
  mj_kinematics(m, t->d);
  mj_comPos(m, t->d);
}

static void point_position(const irl_teleop* t, double out[3]) {
  mju_mulMatVec3(out, t->d->xmat + 9 * t->body, t->point);
  mju_addTo3(out, t->d->xpos + 3 * t->body);
}

// Ties the target to a body's point, where it is now.
static void tie(irl_teleop* t, int body, const double point[3]) {
  t->body = body;
  memcpy(t->point, point, sizeof t->point);
  if (body >= 0) {
    point_position(t, t->target);
    memcpy(t->quat, t->d->xquat + 4 * body, sizeof t->quat);
  }
}

static void choose_point(irl_teleop* t, const irl_command* c) {
  const int body = c->body >= 0 && c->body < t->m->nbody ? c->body : t->info.hand;
  const double* point = body == c->body ? c->point : t->info.point;
  if (body != t->body || memcmp(point, t->point, sizeof t->point) != 0) {
    tie(t, body, point);
  }
}

//---------------------------------- Target --------------------------------------------------------

static void move_target(irl_teleop* t, const irl_command* c, double seconds) {
  if (c->placed) {
    memcpy(t->target, c->target, sizeof t->target);
  }
  mju_addToScl3(t->target, c->move, seconds);
  if (c->turned) {
    memcpy(t->quat, c->quat, sizeof t->quat);
    mju_normalize4(t->quat);
  }
  double axis[3], turn[4], before[4];
  memcpy(axis, c->turn, sizeof axis);
  memcpy(before, t->quat, sizeof before);
  const double angle = mju_normalize3(axis) * seconds;
  if (angle > 1e-9) {
    mju_axisAngle2Quat(turn, axis, angle);
    mju_mulQuat(t->quat, turn, before);
  }
}

// Velocity that the point should have: (3 of position, 3 of rotation times arm) -> rows used.
static int wanted_velocity(const irl_teleop* t, const irl_command* c, double speed, double arm,
                           double v[6]) {
  const double dt = irl_task_get(t->task)->dt;
  const double strength = fmin(1, fmax(0.02, c->strength));
  const double follow = strength * fmin(FASTEST_FOLLOW / dt, 1 / (FOLLOW_SECONDS * speed));
  const double most = REACHES_A_SECOND * t->info.reach / speed;
  double now[3], inverse[4], error[4];
  point_position(t, now);
  for (int i = 0; i < 3; i++) {
    v[i] = follow * (t->target[i] - now[i]);
  }
  const double fast = mju_norm3(v);
  if (fast > most) {
    mju_scl3(v, v, most / fast);
  }
  if (!c->upright && !c->turned && mju_norm3(c->turn) == 0) {
    return 3;
  }
  mju_negQuat(inverse, t->d->xquat + 4 * t->body);
  mju_mulQuat(error, t->quat, inverse);
  mju_quat2Vel(v + 3, error, 1);
  mju_scl3(v + 3, v + 3, follow * arm);
  return 6;
}

//---------------------------------- Damped least squares ------------------------------------------

// speed = J'(J J' + lambda^2)^-1 v over the columns that are actuated and not frozen. J (rows, nv).
static void least_squares(irl_teleop* t, const double* v, int rows, double lambda) {
  const int nv = (int)t->m->nv;
  double A[36], y[6];
  for (int i = 0; i < rows; i++) {
    for (int k = 0; k <= i; k++) {
      double sum = i == k ? lambda * lambda : 0;
      for (int j = 0; j < nv; j++) {
        sum += t->actuated[j] && !t->frozen[j] ? t->jac[i * nv + j] * t->jac[k * nv + j] : 0;
      }
      A[i * rows + k] = A[k * rows + i] = sum;
    }
  }
  memset(t->speed, 0, (size_t)nv * sizeof(double));
  if (!irl_cholesky(A, A, rows)) {
    return;
  }
  irl_cholesky_solve(y, A, v, rows, 1);
  for (int j = 0; j < nv; j++) {
    for (int i = 0; i < rows && t->actuated[j] && !t->frozen[j]; i++) {
      t->speed[j] += t->jac[i * nv + j] * y[i];
    }
  }
}

// Freezes the joints that would leave their range within dt; true when there is a new one.
static bool freeze_limits(irl_teleop* t, double dt) {
  const mjModel* m = t->m;
  bool any = false;
  for (int j = 0; j < m->njnt; j++) {
    const int v = m->jnt_dofadr[j];
    const bool straight = m->jnt_type[j] == mjJNT_HINGE || m->jnt_type[j] == mjJNT_SLIDE;
    if (!straight || !m->jnt_limited[j] || !t->actuated[v] || t->frozen[v]) {
      continue;
    }
    const double next = t->qref[m->jnt_qposadr[j]] + t->speed[v] * dt;
    if ((next < m->jnt_range[2 * j] && t->speed[v] < 0) ||
        (next > m->jnt_range[2 * j + 1] && t->speed[v] > 0)) {
      t->frozen[v] = true;
      any = true;
    }
  }
  return any;
}

static void limit_speed(irl_teleop* t) {
  double most = 0;
  for (int j = 0; j < t->m->nv; j++) {
    most = fmax(most, fabs(t->speed[j]));
  }
  for (int j = 0; j < t->m->nv && most > JOINT_SPEED; j++) {
    t->speed[j] *= JOINT_SPEED / most;
  }
}

static void solve_speed(irl_teleop* t, const irl_command* c, double speed) {
  const int nv = (int)t->m->nv;
  const double arm = 0.5 * t->info.reach, dt = irl_task_get(t->task)->dt;
  double v[6], now[3];
  memset(t->speed, 0, (size_t)nv * sizeof(double));
  if (t->body < 0) {
    return;
  }
  const int rows = wanted_velocity(t, c, speed, arm, v);
  point_position(t, now);
  mj_jac(t->m, t->d, t->jac, t->jac + 3 * nv, now, t->body);
  for (int i = 3 * nv; i < 6 * nv; i++) {
    t->jac[i] *= arm;
  }
  memset(t->frozen, 0, (size_t)nv * sizeof(bool));
  for (int pass = 0; pass < LIMIT_PASSES; pass++) {
    least_squares(t, v, rows, DAMPING * t->info.reach);
    if (!freeze_limits(t, dt)) {
      break;
    }
  }
  limit_speed(t);
}

//---------------------------------- Reference -----------------------------------------------------

static double lead_of(const irl_teleop* t, int joint) {
  return t->m->jnt_type[joint] == mjJNT_SLIDE ? LEAD_LENGTH * t->info.reach : LEAD_ANGLE;
}

// Keeps the reference within reach of the robot, so that a blocked one does not wind up, and within
// the joints' ranges.
static void bound_reference(irl_teleop* t, const double* qpos) {
  const mjModel* m = t->m;
  for (int j = 0; j < m->njnt; j++) {
    const int q = m->jnt_qposadr[j];
    if (m->jnt_type[j] != mjJNT_HINGE && m->jnt_type[j] != mjJNT_SLIDE) {
      continue;
    }
    const double lead = lead_of(t, j);
    t->qref[q] = fmin(qpos[q] + lead, fmax(qpos[q] - lead, t->qref[q]));
    if (m->jnt_limited[j]) {
      t->qref[q] = fmin(m->jnt_range[2 * j + 1], fmax(m->jnt_range[2 * j], t->qref[q]));
    }
  }
}

// Moves the reference on by a control step and measures the actuators there.
static void advance_reference(irl_teleop* t, const double* qpos, const irl_command* c,
                              double speed) {
  const double dt = irl_task_get(t->task)->dt;
  pose_reference(t, qpos);
  choose_point(t, c);
  move_target(t, c, dt / speed);
  if (c->mode == IRL_TELEOP_HAND) {
    solve_speed(t, c, speed);
  } else {
    memset(t->speed, 0, (size_t)t->m->nv * sizeof(double));
  }
  mj_integratePos(t->m, t->qref, t->speed, dt);
  bound_reference(t, qpos);
  pose_reference(t, qpos);
  mj_tendon(t->m, t->d);
  mj_transmission(t->m, t->d);
  memcpy(t->length, t->d->actuator_length, (size_t)t->m->nout * sizeof(double));
}

// The reference is where the robot is, and so is the target.
static void follow_robot(irl_teleop* t) {
  memcpy(t->qref, t->d->qpos, (size_t)t->m->nq * sizeof(double));
  memset(t->speed, 0, (size_t)t->m->nv * sizeof(double));
  tie(t, t->body, t->point);
}

//---------------------------------- Forces --------------------------------------------------------

// The response w of the actual joints to the reference [rad/s].
static double response(const irl_teleop* t, const irl_command* c) {
  const double dt = irl_task_get(t->task)->dt;
  const double w = fmax(STIFFNESS / dt, fmin(STIFFEST / dt, RESPONSE));
  return w * fmin(1, fmax(0.02, c->strength));
}

// Generalised force (nv) that makes the actual joints follow the reference; the scratch is at the
// actual state. Without tracking it only carries the robot's weight. Joint damping d is answered at
// the reference's speed and adds dt d to the inertia (the stable PD of Tan, Liu and Turk 2011), so
// that light joints are held as firmly as heavy ones.
static void wanted_force(irl_teleop* t, const irl_command* c, bool track, double* tau) {
  const int nv = (int)t->m->nv;
  const double w = response(t, c), dt = irl_task_get(t->task)->dt;
  double* gap = t->work;
  double* acceleration = t->work + nv;
  mj_differentiatePos(t->m, gap, 1, t->d->qpos, t->qref);
  for (int j = 0; j < nv; j++) {
    const double rate = t->speed[j] - t->d->qvel[j];
    acceleration[j] = track && t->actuated[j] ? w * w * gap[j] + 2 * w * rate : 0;
  }
  mj_mulM(t->m, t->d, tau, acceleration);
  for (int j = 0; j < nv; j++) {
    const double damping = t->m->dof_damping[j];
    tau[j] += damping * (dt * acceleration[j] + (track ? t->speed[j] : 0));
    if (c->weightless) {
      tau[j] += t->d->qfrc_bias[j] - t->d->qfrc_passive[j] + t->d->qfrc_damper[j];
    }
  }
}

// Forces f of n actuators (their outputs) with the least |A'f - tau|: (A A' + eps) f = A tau. A (n,
// nv) and the rest stand in memory of n (nv + n + 1) numbers.
static void actuator_forces(const mjModel* m, const mjData* d, const int* out, int n,
                            const double* tau, double* f, double* memory) {
  const int nv = (int)m->nv;
  double *A = memory, *G = A + n * nv, *b = G + n * n, trace = 0;
  memset(A, 0, (size_t)(n * nv) * sizeof *A);
  for (int i = 0; i < n; i++) {
    const int row = d->moment_rowadr[out[i]];
    for (int k = 0; k < d->moment_rownnz[out[i]]; k++) {
      A[i * nv + d->moment_colind[row + k]] = d->actuator_moment[row + k];
    }
  }
  irl_mat_mul_nt(G, A, A, n, nv, n);
  for (int i = 0; i < n; i++) {
    trace += G[i * n + i];
    b[i] = irl_dot(A + i * nv, tau, nv);
  }
  for (int i = 0; i < n; i++) {
    G[i * n + i] += 1e-9 * trace + 1e-12;
  }
  memset(f, 0, (size_t)n * sizeof *f);
  if (irl_cholesky(G, G, n)) {
    irl_cholesky_solve(f, G, b, n, 1);
  }
}

//---------------------------------- Controls ------------------------------------------------------

static double gain_now(const mjModel* m, const mjData* d, const irl_drive* v) {
  const double* p = m->actuator_gainprm + v->actuator * mjNGAIN;
  const double length = d->actuator_length[v->out], rate = d->actuator_velocity[v->out];
  switch (m->actuator_gaintype[v->actuator]) {
    case mjGAIN_AFFINE:
      return p[0] + p[1] * length + p[2] * rate;
    case mjGAIN_MUSCLE:
      return mju_muscleGain(length, rate, m->actuator_lengthrange + 2 * v->out,
                            m->actuator_acc0[v->out], p);
    default:
      return p[0];
  }
}

static double bias_now(const mjModel* m, const mjData* d, const irl_drive* v) {
  const double* p = m->actuator_biasprm + v->actuator * mjNBIAS;
  const double length = d->actuator_length[v->out], rate = d->actuator_velocity[v->out];
  switch (m->actuator_biastype[v->actuator]) {
    case mjBIAS_AFFINE:
      return p[0] + p[1] * length + p[2] * rate;
    case mjBIAS_MUSCLE:
      return mju_muscleBias(length, m->actuator_lengthrange + 2 * v->out, m->actuator_acc0[v->out],
                            p);
    default:
      return 0;
  }
}

// The control of a servo that rests at a length while it bears a force.
static double servo_control(const mjModel* m, const irl_drive* v, double length, double force) {
  const double* gain = m->actuator_gainprm + v->actuator * mjNGAIN;
  const double* bias = m->actuator_biasprm + v->actuator * mjNBIAS;
  return (force - bias[0] - bias[1] * length) / gain[0];
}

// The rate of an actuator's length that the reference asks for.
static double reference_rate(const irl_teleop* t, const irl_drive* v, double w) {
  const mjData* d = t->d;
  double rate = w * (t->length[v->out] - d->actuator_length[v->out]);
  const int row = d->moment_rowadr[v->out];
  for (int k = 0; k < d->moment_rownnz[v->out]; k++) {
    rate += d->actuator_moment[row + k] * t->speed[d->moment_colind[row + k]];
  }
  return rate;
}

static bool bears(const irl_teleop* t, int control) {
  const irl_drive_kind kind = t->drive[control].kind;
  return kind == IRL_DRIVE_FORCE || kind == IRL_DRIVE_POSITION || kind == IRL_DRIVE_VELOCITY;
}

// The control that makes a drive follow the reference with the force it has to give beside what a
// servo finds by itself.
static double drive_control(const irl_teleop* t, const irl_command* c, const irl_drive* v,
                            double force) {
  const double gain = gain_now(t->m, t->d, v);
  if (v->kind == IRL_DRIVE_POSITION) {
    return servo_control(t->m, v, t->length[v->out], force);
  }
  if (v->kind == IRL_DRIVE_VELOCITY) {
    const bool integrates = t->m->actuator_dyntype[v->actuator] == mjDYN_INTEGRATOR;
    const double rate = reference_rate(t, v, response(t, c));
    return rate + (integrates ? 0 : force / gain);
  }
  return gain != 0 ? (force - bias_now(t->m, t->d, v)) / gain : 0;
}

// Controls of all driven actuators from the reference; the scratch is at the actual state. Servos
// track by themselves: they are given the weight alone, the others the whole force.
static void follow_reference(irl_teleop* t, const irl_command* c, double* u) {
  const int nu = (int)t->m->nu, nv = (int)t->m->nv;
  double *tau = t->work + 2 * nv, *force = t->work + 3 * nv, *memory = force + 2 * nu;
  int* out = (int*)(void*)(force + nu);
  int n = 0;
  for (int i = 0; i < nu; i++) {
    if (bears(t, i)) {
      out[n++] = t->drive[i].out;
    }
  }
  for (int servos = 0; servos < 2; servos++) {
    wanted_force(t, c, !servos, tau);
    actuator_forces(t->m, t->d, out, n, tau, force, memory);
    for (int i = 0, k = 0; i < nu; i++) {
      if (bears(t, i) && (t->drive[i].kind != IRL_DRIVE_FORCE) == servos) {
        u[i] = drive_control(t, c, &t->drive[i], force[k]);
      }
      k += bears(t, i);
    }
  }
}

// Keys on single controls: servos move their set point, the others are pushed while a key is down.
static void follow_rates(irl_teleop* t, const irl_command* c, double seconds, double* u) {
  for (int i = 0; i < t->m->nu; i++) {
    const irl_drive* v = &t->drive[i];
    const double rate = i < IRL_TELEOP_RATES ? fmin(1, fmax(-1, c->rate[i])) : 0;
    if (v->kind == IRL_DRIVE_GRIPPER && rate == 0) {
      continue;
    }
    u[i] = v->servo   ? t->control[i] + rate * (v->high - v->low) * seconds / SERVO_SECONDS
           : rate > 0 ? rate * v->high * c->strength
                      : -rate * v->low * c->strength;
  }
}

static void set_levels(const irl_teleop* t, const irl_command* c, double* u) {
  for (int i = 0; i < t->m->nu; i++) {
    u[i] = i < IRL_TELEOP_RATES ? c->level[i] : 0;
  }
}

static bool pulled(const irl_command* c) {
  return c->placed || c->turned || mju_norm3(c->move) > 0 || mju_norm3(c->turn) > 0;
}

void irl_teleop_act(irl_teleop* t, const double* state, const irl_command* c, double speed,
                    double* u) {
  const int nu = (int)t->m->nu;
  double* qpos = t->work;
  irl_task_set_state(t->task, t->d, state);
  memcpy(qpos, t->d->qpos, (size_t)t->m->nq * sizeof(double));
  advance_reference(t, qpos, c, speed);
  irl_task_set_state(t->task, t->d, state);
  mj_fwdPosition(t->m, t->d);
  mj_fwdVelocity(t->m, t->d);
  memset(u, 0, (size_t)nu * sizeof *u);
  for (int i = 0; i < nu; i++) {
    if (t->drive[i].kind == IRL_DRIVE_GRIPPER) {
      u[i] = c->closed ? t->drive[i].second : t->drive[i].first;
    }
  }
  if (c->mode == IRL_TELEOP_LEVELS) {
    follow_robot(t);
    set_levels(t, c, u);
  } else if (c->mode == IRL_TELEOP_CONTROLS || (c->relax && !pulled(c))) {
    follow_robot(t);
    follow_rates(t, c, irl_task_get(t->task)->dt / speed, u);
  } else {
    follow_reference(t, c, u);
  }
  const double* low = irl_task_action_low(t->task);
  const double* high = irl_task_action_high(t->task);
  for (int i = 0; i < nu; i++) {
    u[i] = isfinite(u[i]) ? fmin(high[i], fmax(low[i], u[i])) : 0;
    t->control[i] = u[i];
  }
}

//---------------------------------- Life ----------------------------------------------------------

static irl_err allocate(irl_teleop* t) {
  const size_t nq = (size_t)t->m->nq, nv = (size_t)t->m->nv, nu = (size_t)t->m->nu;
  t->d = mj_makeData(t->m);
  t->drive = IRL_NEW(irl_drive, nu);
  t->actuated = IRL_NEW(bool, nv + 1);
  t->frozen = IRL_NEW(bool, nv + 1);
  t->qref = IRL_NEW(double, nq + 1);
  t->speed = IRL_NEW(double, nv + 1);
  t->length = IRL_NEW(double, t->m->nout + 1);
  t->control = IRL_NEW(double, nu);
  t->jac = IRL_NEW(double, 6 * nv + 1);
  t->work = IRL_NEW(double, nq + 3 * nv + 2 * nu + nu * (nv + nu + 1) + 1);
  return t->d != NULL && t->drive != NULL && t->actuated != NULL && t->frozen != NULL &&
                 t->qref != NULL && t->speed != NULL && t->length != NULL && t->control != NULL &&
                 t->jac != NULL && t->work != NULL
             ? IRL_OK
             : IRL_ENOMEM;
}

// Studies the model at the posture in which episodes begin.
static void study(irl_teleop* t) {
  const int nu = (int)t->m->nu;
  mj_forward(t->m, t->d);
  irl_drives_study(t->drive, t->task, t->d);
  irl_drives_mark(t->drive, nu, t->m, t->d, t->actuated);
  irl_hand_study(&t->info, t->m, t->d, t->actuated);
  for (int i = 0; i < nu; i++) {
    t->info.grippers += t->drive[i].kind == IRL_DRIVE_GRIPPER;
    t->info.undriven += t->drive[i].kind == IRL_DRIVE_NONE;
  }
  t->body = t->info.hand;
  memcpy(t->point, t->info.point, sizeof t->point);
}

irl_err irl_teleop_create(irl_teleop** out, const irl_task* task, irl_errinfo* info) {
  const irl_task_info* about = irl_task_get(task);
  *out = NULL;
  if (about->nu == 0) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: the model has no actuators, so there is nothing to command; add some to "
                    "the MJCF",
                    about->name);
  }
  irl_teleop* t = IRL_NEW(irl_teleop, 1);
  if (t == NULL) {
    return IRL_ENOMEM;
  }
  t->task = task;
  t->m = irl_task_model(task);
  if (allocate(t) != IRL_OK) {
    irl_teleop_destroy(t);
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; use a smaller model", about->name);
  }
  study(t);
  *out = t;
  return IRL_OK;
}

void irl_teleop_destroy(irl_teleop* t) {
  if (t == NULL) {
    return;
  }
  mj_deleteData(t->d);
  irl_free(t->drive);
  irl_free(t->actuated);
  irl_free(t->frozen);
  irl_free(t->qref);
  irl_free(t->speed);
  irl_free(t->length);
  irl_free(t->control);
  irl_free(t->jac);
  irl_free(t->work);
  irl_free(t);
}

void irl_teleop_reset(irl_teleop* t, const double* state) {
  irl_task_set_state(t->task, t->d, state);
  mj_fwdPosition(t->m, t->d);
  mj_fwdVelocity(t->m, t->d);
  follow_robot(t);
  for (int i = 0; i < t->m->nu; i++) {
    const irl_drive* v = &t->drive[i];
    t->control[i] = v->servo ? servo_control(t->m, v, t->d->actuator_length[v->out], 0) : 0;
  }
}

const irl_teleop_info* irl_teleop_get(const irl_teleop* t) {
  return &t->info;
}

void irl_teleop_where(const irl_teleop* t, irl_teleop_pose* pose) {
  *pose = (irl_teleop_pose){.body = t->body};
  memcpy(pose->target, t->target, sizeof pose->target);
  memcpy(pose->quat, t->quat, sizeof pose->quat);
  if (t->body >= 0) {
    point_position(t, pose->point);
  }
}

bool irl_teleop_moves(const irl_teleop* t, int body) {
  for (int b = body; b > 0; b = t->m->body_parentid[b]) {
    for (int k = 0; k < t->m->body_dofnum[b]; k++) {
      if (t->actuated[t->m->body_dofadr[b] + k]) {
        return true;
      }
    }
  }
  return false;
}
