// One simulation of a task, step by step.
#include <math.h>
#include <string.h>

#include "envs/episode_internal.h"

//---------------------------------- Measuring -----------------------------------------------------

static void bind(irl_episode* ep) {
  const mjData* d = ep->d;
  ep->base[IRL_SOURCE_CONSTANT] = ep->task->constant;
  ep->base[IRL_SOURCE_QPOS] = d->qpos;
  ep->base[IRL_SOURCE_QVEL] = d->qvel;
  ep->base[IRL_SOURCE_QFRC_CONSTRAINT] = d->qfrc_constraint;
  ep->base[IRL_SOURCE_QFRC_ACTUATOR] = d->qfrc_actuator;
  ep->base[IRL_SOURCE_SENSOR] = d->sensordata;
  ep->base[IRL_SOURCE_BODY] = d->xpos;
  ep->base[IRL_SOURCE_SITE] = d->site_xpos;
  ep->base[IRL_SOURCE_GEOM] = d->geom_xpos;
  ep->base[IRL_SOURCE_COM] = d->subtree_com;
  ep->base[IRL_SOURCE_CFRC_EXT] = d->cfrc_ext;
  ep->base[IRL_SOURCE_CINERT] = d->cinert;
  ep->base[IRL_SOURCE_CVEL] = d->cvel;
  ep->base[IRL_SOURCE_QUAT] = d->xquat;
  ep->base[IRL_SOURCE_ACT] = d->act;
  ep->base[IRL_SOURCE_ACTUATOR_FORCE] = d->actuator_force;
  ep->base[IRL_SOURCE_ACTUATOR_LENGTH] = d->actuator_length;
  ep->base[IRL_SOURCE_ACTUATOR_VELOCITY] = d->actuator_velocity;
  ep->base[IRL_SOURCE_TENDON_LENGTH] = d->ten_length;
  ep->base[IRL_SOURCE_TENDON_VELOCITY] = d->ten_velocity;
  ep->base[IRL_SOURCE_NUMERIC] = ep->m->numeric_data;
  ep->base[IRL_SOURCE_TANGENT] = ep->tangent;
}

static inline double read_channel(const irl_episode* ep, const irl_channel* c) {
  return ep->base[c->source][c->index] - ep->base[c->minus][c->minus_index];
}

static inline double transformed(const irl_channel* c, double v) {
  if (c->transform != IRL_IDENTITY) {
    v = c->transform == IRL_COS ? cos(v) : sin(v);
  }
  return v < c->lo ? c->lo : v > c->hi ? c->hi : v;  // NaN passes
}

// Computes the rotations of the current state, which channels then read.
static void turn(irl_episode* ep) {
  for (int i = 0; i < ep->task->ntangent; i++) {
    const irl_tangent* t = &ep->task->tangent[i];
    mju_subQuat(ep->tangent + 3 * (ptrdiff_t)i, ep->base[t->source] + t->index,
                ep->base[t->minus] + t->minus_index);
  }
}

void irl_episode_observe(const irl_episode* ep, double* x) {
  const irl_channel* channel = ep->task->channel;
  const int nx = ep->task->info.nx;
  for (int i = 0; i < nx;) {
    const irl_channel* c = &channel[i];
    if (c->run == 0) {
      x[i++] = transformed(c, read_channel(ep, c));
      continue;
    }
    const double *from = ep->base[c->source] + c->index, lo = c->lo, hi = c->hi;
    for (int k = 0; k < c->run; k++) {
      x[i + k] = from[k] < lo ? lo : from[k] > hi ? hi : from[k];  // NaN passes
    }
    i += c->run;
  }
}

// Residuals; a velocity is the change since the last control step over dt.
static void residuals(irl_episode* ep, double* z) {
  const irl_channel* channel = ep->task->channel + ep->task->info.nx;
  const int nz = ep->task->info.nz;
  for (int i = 0; i < nz; i++) {
    const irl_channel* c = &channel[i];
    double v = read_channel(ep, c);
    if (c->memory >= 0) {
      const double now = v;
      v = (now - ep->memory[c->memory]) / ep->task->info.dt;
      ep->memory[c->memory] = now;
    }
    z[i] = transformed(c, v);
  }
}

static void remember(irl_episode* ep) {
  const irl_channel* channel = ep->task->channel + ep->task->info.nx;
  for (int i = 0; i < ep->task->info.nz && ep->task->nmemory > 0; i++) {
    if (channel[i].memory >= 0) {
      ep->memory[channel[i].memory] = read_channel(ep, &channel[i]);
    }
  }
}

static bool check_holds(const irl_episode* ep, const irl_check* check) {
  const irl_channel* channel = ep->task->channel + check->group.first;
  double norm2 = 0;
  for (int i = 0; i < check->group.n; i++) {
    const double v = transformed(&channel[i], read_channel(ep, &channel[i]));
    const bool above = check->lo_open ? v > check->lo : v >= check->lo;
    const bool below = check->hi_open ? v < check->hi : v <= check->hi;
    if (!above || !below) {
      return false;
    }
    norm2 += v * v;
  }
  return check->norm == HUGE_VAL || norm2 < check->norm * check->norm;
}

static bool all_hold(const irl_episode* ep, const irl_check* checks, int n) {
  for (int i = 0; i < n; i++) {
    if (!check_holds(ep, &checks[i])) {
      return false;
    }
  }
  return true;
}

//---------------------------------- Reset ---------------------------------------------------------

int irl_episode_memory(const irl_task* task) {
  return task->nmemory + task->info.nz + 3 * task->ntangent;
}

static void attach(irl_episode* ep, const irl_task* task, const mjModel* m, mjData* d,
                   double* memory) {
  ep->task = task;
  ep->m = m;
  ep->d = d;
  ep->memory = memory;
  ep->tangent = memory + task->nmemory + task->info.nz;
  ep->held = 0;
  bind(ep);
}

// Where only qpos and qvel are measured the forward pass is left to the first step, which makes it
// anyway. Quaternions (nq > nv) are normalised by it, so they get it here.
static void begin(irl_episode* ep) {
  if (ep->task->need != 0 || ep->task->info.nq != ep->task->info.nv) {
    mj_forward(ep->m, ep->d);
  }
  turn(ep);
  remember(ep);
}

bool irl_episode_reset(irl_episode* ep, const irl_task* task, const mjModel* m, mjData* d,
                       double* memory, int condition, const double* state, irl_start_noise* noise) {
  attach(ep, task, m, d, memory);
  if (state != NULL) {
    irl_start_reset(task, m, condition, d);
    mj_setState(m, d, state, task->state_spec);
  } else if (!irl_start_draw(task, m, condition, noise, d)) {
    return false;
  }
  begin(ep);
  return true;
}

void irl_episode_reset_at(irl_episode* ep, const irl_task* task, const mjModel* m, mjData* d,
                          double* memory, const double* qpos, const double* qvel) {
  attach(ep, task, m, d, memory);
  irl_start_reset(task, m, 0, d);
  memcpy(d->qpos, qpos, (size_t)task->info.nq * sizeof *qpos);
  memcpy(d->qvel, qvel, (size_t)task->info.nv * sizeof *qvel);
  mj_forward(m,
             d);  // also where no channel needs it: others do so, and solvers start from its result
  turn(ep);
  remember(ep);
}

static void move_state(const mjModel* m, mjData* d, const double* move) {
  mj_integratePos(m, d->qpos, move, 1);
  for (int i = 0; i < m->nv; i++) {
    d->qvel[i] += move[m->nv + i];
  }
  for (int i = 0; i < m->na; i++) {
    d->act[i] += move[2 * m->nv + i];
  }
}

void irl_episode_reset_near(irl_episode* ep, const irl_task* task, const mjModel* m, mjData* d,
                            double* memory, const double* state, const double* move, double* x) {
  const bool late = task->info.timing == IRL_TIMING_GYMNASIUM && task->need != 0;
  attach(ep, task, m, d, memory);
  irl_start_reset(task, m, 0, d);
  mj_setState(m, d, state, task->state_spec);
  move_state(m, d, move);
  if (late) {
    mj_integratePos(m, d->qpos, d->qvel, -m->opt.timestep);
    mj_forward(m, d);
    mj_integratePos(m, d->qpos, d->qvel, m->opt.timestep);
    turn(ep);
    remember(ep);
  } else {
    begin(ep);
  }
  irl_episode_observe(ep, x);
}

//---------------------------------- Step ----------------------------------------------------------

// MuJoCo must never see a control outside its range change what it does: what it gets is what a
// dataset calls the applied action. NaN passes, and MuJoCo counts it as a warning.
static void apply_controls(irl_episode* ep, const double* u) {
  const irl_task* task = ep->task;
  for (int i = 0; i < task->info.nu; i++) {
    const double lo = task->low[i], hi = task->high[i];
    ep->d->ctrl[i] = u[i] < lo ? lo : u[i] > hi ? hi : u[i];
  }
}

static void refresh(irl_episode* ep) {
  mj_fwdPosition(ep->m, ep->d);
  mj_sensorPos(ep->m, ep->d);
  mj_fwdVelocity(ep->m, ep->d);
  mj_sensorVel(ep->m, ep->d);
}

static void substeps_split(irl_episode* ep, bool forces) {
  const int skip = ep->task->info.frame_skip;
  for (int i = 0; i < skip; i++) {
    mj_step2(ep->m, ep->d);
    if (forces && i == skip - 1) {
      mj_rnePostConstraint(ep->m, ep->d);  // before the contacts of the new state replace the old
    }
    mj_step1(ep->m, ep->d);
  }
}

static void substeps_whole(irl_episode* ep, bool forces) {
  for (int i = 0; i < ep->task->info.frame_skip; i++) {
    mj_step(ep->m, ep->d);
  }
  if (forces) {
    mj_rnePostConstraint(ep->m, ep->d);
  }
}

static bool sound(const irl_episode* ep) {
  const mjData* d = ep->d;
  int warnings = 0;
  for (int i = 0; i < mjNWARNING; i++) {
    warnings |= d->warning[i].number;
  }
  double zero = 0;  // 0 × NaN and 0 × inf are NaN
  for (int i = 0; i < ep->task->info.nq; i++) {
    zero += 0 * d->qpos[i];
  }
  for (int i = 0; i < ep->task->info.nv; i++) {
    zero += 0 * d->qvel[i];
  }
  return warnings == 0 && zero == 0;
}

bool irl_episode_step(irl_episode* ep, const double* u) {
  const irl_task* task = ep->task;
  const bool forces = (task->need & IRL_NEED_FORCES) != 0;
  apply_controls(ep, u);
  if (task->stepping == IRL_STEP_SPLIT) {
    substeps_split(ep, forces);
  } else {
    substeps_whole(ep, forces);
  }
  if (task->stepping == IRL_STEP_REFRESH) {
    if ((task->need & IRL_NEED_STAGES) != 0) {
      refresh(ep);
    } else {
      mj_kinematics(ep->m, ep->d);
    }
  }
  turn(ep);
  return sound(ep);
}

double irl_episode_outcome(irl_episode* ep, const double* u, double* z, bool* healthy,
                           bool* success) {
  const irl_task* task = ep->task;
  double reward = 0;
  residuals(ep, z);
  *healthy = all_hold(ep, task->healthy, task->nhealthy);
  ep->held = task->nsuccess > 0 && all_hold(ep, task->success, task->nsuccess) ? ep->held + 1 : 0;
  *success = task->nsuccess > 0 && ep->held >= task->hold;
  for (int k = 0; k < task->info.nterms; k++) {
    const irl_reward_term* term = &task->term[k];
    if (*healthy || !task->while_healthy[k]) {
      reward -= irl_reward_term_cost(term, (term->of_action ? u : z) + term->offset);
    }
  }
  return reward;
}
