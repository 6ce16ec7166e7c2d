#include "viewer/field.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/pool.h"

enum { UNTOUCHED, WAITING, REACHED, MISSED };
enum { MAX_ROUNDS = 24, MAX_TRIES = 3, CELLS = IRL_FIELD_SIDE - 1 };

#define OPACITY 0.8F
#define LONGEST_TURN 0.4  // of a joint in one round [rad or m]

//---------------------------------- What moves ----------------------------------------------------

static bool is_translation(const mjModel* m, int dof) {
  int joint = m->dof_jntid[dof];
  return m->jnt_type[joint] == mjJNT_SLIDE ||
         (m->jnt_type[joint] == mjJNT_FREE && dof - m->jnt_dofadr[joint] < 3);
}

// The degrees of freedom above a body, nearest the world first; where two or more of its root's are
// translations only those: a robot that roams is moved as it is.
static void choose_dofs(irl_field* f) {
  const mjModel* m = f->motion->model;
  int root = m->body_rootid[f->body], slides = 0;
  f->ndof = 0;
  for (int d = 0; d < m->nv; d++) {
    slides += m->dof_bodyid[d] == root && is_translation(m, d);
  }
  for (int d = 0; d < m->nv; d++) {
    bool above = false;
    for (int b = f->body; b > 0 && !above; b = m->body_parentid[b]) {
      above = m->dof_bodyid[d] == b;
    }
    bool whole = m->dof_bodyid[d] == root && is_translation(m, d);
    if (above && (slides < 2 || whole)) {
      f->dof[f->ndof++] = d;
    }
  }
}

static irl_err choose_body(irl_field* f, const char* name, irl_errinfo* info) {
  const mjModel* m = f->motion->model;
  f->body = f->motion->body[0];
  mju_copy3(f->local, f->motion->local[0]);
  if (name != NULL) {
    f->body = mj_name2id(m, mjOBJ_BODY, name);
    mju_zero3(f->local);
    if (f->body < 0) {
      return irl_fail(info, IRL_ENOENT, "--field-body: the model has no body '%s'; see its MJCF",
                      name);
    }
  }
  choose_dofs(f);
  return f->ndof > 0 ? IRL_OK
                     : irl_fail(info, IRL_EUNSUPPORTED,
                                "field: nothing moves the body '%s'; choose another with "
                                "--field-body",
                                mj_id2name(m, mjOBJ_BODY, f->body));
}

//---------------------------------- Life ----------------------------------------------------------

static irl_err place_memory(irl_field* f) {
  const mjModel* m = f->motion->model;
  const irl_task_info* t = irl_task_get(f->motion->replay->task);
  f->node = IRL_NEW(irl_field_node, IRL_FIELD_NODES);
  f->qpos = IRL_NEW(double, (size_t)IRL_FIELD_NODES*(size_t)m->nq);
  f->qvel = IRL_NEW(double, m->nv);
  f->start = IRL_NEW(double, m->nq);
  f->after = IRL_NEW(double, m->nq + m->nv);
  f->x = IRL_NEW(double, (size_t)IRL_FIELD_NODES*(size_t)t->nx);
  f->u = IRL_NEW(double, t->nu + 1);
  f->jac = IRL_NEW(double, 4 * (m->nv + 1));
  f->cost = IRL_NEW(double, IRL_FIELD_NODES);
  f->queue = IRL_NEW(int, MAX_TRIES* IRL_FIELD_NODES);
  f->vertex = IRL_NEW(irl_ribbon_vertex, 6 * CELLS * CELLS);
  bool all = f->node && f->qpos && f->qvel && f->start && f->after && f->x && f->u && f->jac &&
             f->cost && f->queue && f->vertex;
  return all ? IRL_OK : IRL_ENOMEM;
}

irl_err irl_field_create(irl_field* f, const irl_motion* motion, const irl_reel* reel,
                         const char* body, irl_errinfo* info) {
  *f = (irl_field){.motion = motion, .reel = reel, .step = -1};
  if (reel == NULL || irl_reel_cost(reel) == NULL) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "field: there is no learned cost; give a run, or --cost RUN");
  }
  f->dof = IRL_NEW(int, motion->model->nv + 1);
  irl_err err = f->dof == NULL ? IRL_ENOMEM : choose_body(f, body, info);
  if (err == IRL_OK) {
    err = place_memory(f);
  }
  if (err == IRL_OK) {
    err = irl_env_create(&f->env, motion->replay->task, 1, 1, info);
  }
  if (err == IRL_ENOMEM) {
    irl_fail(info, err, "field: out of memory; leave out --field");
  }
  if (err != IRL_OK) {
    irl_field_destroy(f);
  }
  return err;
}

void irl_field_destroy(irl_field* f) {
  irl_env_destroy(f->env);
  irl_free(f->dof);
  irl_free(f->node);
  irl_free(f->qpos);
  irl_free(f->qvel);
  irl_free(f->start);
  irl_free(f->after);
  irl_free(f->x);
  irl_free(f->u);
  irl_free(f->jac);
  irl_free(f->cost);
  irl_free(f->queue);
  irl_free(f->vertex);
  *f = (irl_field){0};
}

//---------------------------------- The plane -----------------------------------------------------

static void point_now(const irl_field* f, double out[3]) {
  const mjData* d = f->motion->data;
  mju_mulMatVec3(out, d->xmat + 9 * f->body, f->local);
  mju_addTo3(out, d->xpos + 3 * f->body);
}

// The rectangle around all that moves, through the point as it is: upright when the motion is, else
// level.
static void lay_plane(irl_field* f) {
  double here[3], along[3] = {1, 0, 0}, across[3] = {0, 1, 0}, reach[2] = {0, 0};
  const irl_motion* m = f->motion;
  point_now(f, here);
  if (irl_view_upright(m, along)) {
    across[1] = 0.0;
    across[2] = 1.0;
  }
  const double* axis[2] = {along, across};
  double middle[3];
  for (int k = 0; k < 3; k++) {
    middle[k] = 0.5 * (m->low[k] + m->high[k]);
  }
  for (int a = 0; a < 2; a++) {
    for (int k = 0; k < 3; k++) {
      reach[a] += 0.5 * (m->high[k] - m->low[k]) * fabs(axis[a][k]);
    }
    reach[a] *= 1.12;
  }
  mju_copy3(f->corner, here);
  for (int a = 0; a < 2; a++) {
    double offset[3];
    mju_sub3(offset, middle, here);
    mju_addToScl3(f->corner, axis[a], mju_dot3(offset, axis[a]) - reach[a]);
    mju_scl3(f->side[a], axis[a], 2.0 * reach[a]);
  }
}

static void node_place(const irl_field* f, int node, double out[3]) {
  mju_addScl3(out, f->corner, f->side[0], (double)(node % IRL_FIELD_SIDE) / CELLS);
  mju_addToScl3(out, f->side[1], (double)(node / IRL_FIELD_SIDE) / CELLS);
}

//---------------------------------- Inverse kinematics --------------------------------------------

// Keeps hinges and slides within their ranges.
static void clamp_joints(const mjModel* m, double* qpos) {
  for (int j = 0; j < m->njnt; j++) {
    bool scalar = m->jnt_type[j] == mjJNT_HINGE || m->jnt_type[j] == mjJNT_SLIDE;
    if (scalar && m->jnt_limited[j]) {
      double* q = &qpos[m->jnt_qposadr[j]];
      *q = fmin(m->jnt_range[2 * j + 1], fmax(m->jnt_range[2 * j], *q));
    }
  }
}

// The step of damped least squares, dq = Jᵀ (J Jᵀ + λ² I)⁻¹ e, over the chosen degrees of freedom.
static void damped_step(irl_field* f, const double error[3], double damping, double* dq) {
  const mjModel* m = f->motion->model;
  double a[9] = {0}, y[3], point[3], largest = 0.0;
  point_now(f, point);
  mj_jac(m, f->motion->data, f->jac, NULL, point, f->body);
  for (int r = 0; r < 9; r++) {
    for (int k = 0; k < f->ndof; k++) {
      a[r] += f->jac[(r / 3) * m->nv + f->dof[k]] * f->jac[(r % 3) * m->nv + f->dof[k]];
    }
    a[r] += r % 4 == 0 ? damping * damping : 0.0;
  }
  mju_cholFactor(a, 3, 0.0);
  mju_cholSolve(y, a, error, 3);
  mju_zero(dq, (int)m->nv);
  for (int k = 0; k < f->ndof; k++) {
    int d = f->dof[k];
    dq[d] = f->jac[d] * y[0] + f->jac[m->nv + d] * y[1] + f->jac[2 * m->nv + d] * y[2];
    largest = fmax(largest, is_translation(m, d) ? 0.0 : fabs(dq[d]));
  }
  mju_scl(dq, dq, largest > LONGEST_TURN ? LONGEST_TURN / largest : 1.0, (int)m->nv);
}

// The largest step is bounded because the Jacobian is only true nearby: without that an arm that
// is nearly stretched would be thrown about. Near a stretched pose J Jᵀ is singular, and λ keeps
// the step finite there at the price of more rounds.
//
// Moves the point to a place from the pose in the scratch data; true when it comes there.
static bool reach_place(irl_field* f, const double place[3], double size) {
  const mjModel* m = f->motion->model;
  mjData* d = f->motion->data;
  double* dq = f->jac + 3 * m->nv;
  for (int round = 0; round < MAX_ROUNDS; round++) {
    double error[3], here[3];
    mj_kinematics(m, d);
    mj_comPos(m, d);
    point_now(f, here);
    mju_sub3(error, place, here);
    if (mju_norm3(error) < 2e-3 * size) {
      return true;
    }
    damped_step(f, error, 0.01 * size, dq);
    mj_integratePos(m, d->qpos, dq, 1.0);
    clamp_joints(m, d->qpos);
  }
  return false;
}

//---------------------------------- Going outwards ------------------------------------------------

// A place that was missed from one side may be reached from another, where the arm bends otherwise;
// three tries find what there is without going round in circles.
static void enqueue(irl_field* f, int node, int parent) {
  irl_field_node* n = &f->node[node];
  bool open = n->state == UNTOUCHED || n->state == MISSED;
  if (open && n->tries < MAX_TRIES) {
    n->state = WAITING;
    n->parent = (int16_t)parent;
    n->tries++;
    f->queue[f->tail++] = node;
  }
}

static void enqueue_neighbours(irl_field* f, int node) {
  int x = node % IRL_FIELD_SIDE, y = node / IRL_FIELD_SIDE;
  const int way[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  for (int k = 0; k < 4; k++) {
    int nx = x + way[k][0], ny = y + way[k][1];
    if (nx >= 0 && ny >= 0 && nx < IRL_FIELD_SIDE && ny < IRL_FIELD_SIDE) {
      enqueue(f, ny * IRL_FIELD_SIDE + nx, node);
    }
  }
}

static double* node_x(const irl_field* f, int node) {
  return f->x + (long)node * irl_task_get(f->motion->replay->task)->nx;
}

// Costs of all reached nodes.
static void evaluate(irl_field* f) {
  for (int node = 0; node < IRL_FIELD_NODES; node++) {
    if (f->node[node].state == REACHED && !isnan(f->cost[node])) {
      irl_cost_eval(irl_reel_cost(f->reel), 1, node_x(f, node), f->u, &f->cost[node]);
    }
  }
}

void irl_field_aim(irl_field* f, int group, int episode, int step, int generation) {
  const mjModel* m = f->motion->model;
  if (f->group == group && f->episode == episode && f->step == step) {
    if (f->generation != generation) {
      f->generation = generation;
      f->colored = false;
      evaluate(f);
    }
    return;
  }
  f->group = group;
  f->episode = episode;
  f->step = step;
  f->generation = generation;
  irl_motion_pose(f->motion, group, episode, step);
  mju_copy(f->start, f->motion->data->qpos, (int)m->nq);
  lay_plane(f);
  memset(f->node, 0, sizeof *f->node * IRL_FIELD_NODES);
  for (int i = 0; i < IRL_FIELD_NODES; i++) {
    f->cost[i] = NAN;
  }
  double here[3], offset[3];
  int at[2];
  point_now(f, here);
  mju_sub3(offset, here, f->corner);
  for (int a = 0; a < 2; a++) {
    double part = mju_dot3(offset, f->side[a]) / fmax(mju_dot3(f->side[a], f->side[a]), 1e-12);
    at[a] = (int)fmin(CELLS, fmax(0.0, floor(part * CELLS + 0.5)));
  }
  f->head = f->tail = f->reached = 0;
  enqueue(f, at[1] * IRL_FIELD_SIDE + at[0], -1);
  f->busy = true;
  f->colored = false;
}

// Observation of a reached node's pose at rest, into its x; false when the simulator refuses it.
static bool observe(irl_field* f, int node) {
  const double* qpos = f->qpos + (long)node * f->motion->model->nq;
  double reward = 0.0;
  uint8_t terminated = 0;
  irl_errinfo why = {0};
  return irl_env_trace(f->env, qpos, f->qvel, f->u, 0, f->after, f->after + f->motion->model->nq,
                       node_x(f, node), &reward, &terminated, &why) == IRL_OK;
}

// Brings the point to one place; from there its neighbours are tried next. What lies behind a
// place out of reach is only tried from elsewhere, so blank regions cost next to nothing.
static void visit(irl_field* f, int node) {
  const mjModel* m = f->motion->model;
  irl_field_node* n = &f->node[node];
  double place[3], size = mju_norm3(f->side[0]);
  const double* from = n->parent < 0 ? f->start : f->qpos + (long)n->parent * m->nq;
  mju_copy(f->motion->data->qpos, from, (int)m->nq);
  node_place(f, node, place);
  if (!reach_place(f, place, size)) {
    n->state = MISSED;
    return;
  }
  n->state = REACHED;
  f->reached++;
  mju_copy(f->qpos + (long)node * m->nq, f->motion->data->qpos, (int)m->nq);
  if (observe(f, node)) {
    irl_cost_eval(irl_reel_cost(f->reel), 1, node_x(f, node), f->u, &f->cost[node]);
  }
  enqueue_neighbours(f, node);
}

bool irl_field_work(irl_field* f, double seconds) {
  double until = irl_now() + seconds;
  while (f->busy && irl_now() < until) {
    if (f->head == f->tail) {
      f->busy = false;
      f->colored = false;
    } else {
      visit(f, f->queue[f->head++]);
    }
  }
  return f->busy;
}

//---------------------------------- Picture -------------------------------------------------------

static void set_vertex(const irl_field* f, const irl_stage* stage, int node,
                       irl_ribbon_vertex* out) {
  double place[3];
  float rgb[3];
  node_place(f, node, place);
  irl_stage_color(stage, f->cost[node], rgb);
  for (int k = 0; k < 3; k++) {
    out->pos[k] = (float)place[k];
    out->color[k] = (uint8_t)(rgb[k] * 255.0F + 0.5F);
  }
  out->color[3] = (uint8_t)(OPACITY * 255.0F);
}

void irl_field_paint(irl_field* f, const irl_stage* stage) {
  const int step[6] = {0, 1, IRL_FIELD_SIDE + 1, 0, IRL_FIELD_SIDE + 1, IRL_FIELD_SIDE};
  if (f->busy || f->colored) {
    return;
  }
  f->nvertex = 0;
  for (int cell = 0; cell < CELLS * CELLS; cell++) {
    int node = (cell / CELLS) * IRL_FIELD_SIDE + cell % CELLS;
    bool whole = !isnan(f->cost[node]) && !isnan(f->cost[node + 1]) &&
                 !isnan(f->cost[node + IRL_FIELD_SIDE]) &&
                 !isnan(f->cost[node + IRL_FIELD_SIDE + 1]);
    for (int k = 0; k < 6 && whole; k++) {
      set_vertex(f, stage, node + step[k], &f->vertex[f->nvertex++]);
    }
  }
  f->colored = true;
}

void irl_field_describe(const irl_field* f, char* out, size_t size) {
  const mjModel* m = f->motion->model;
  const char* name = mj_id2name(m, mjOBJ_BODY, f->body);
  const irl_replay_group* g = &f->motion->replay->groups[f->group];
  (void)snprintf(out, size, "field: cost at rest with %.40s moved, else as %.40s %d, step %d",
                 name != NULL ? name : "the point", g->name, g->first + f->episode, f->step);
}
