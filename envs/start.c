// Start states: the initial state, the fixed conditions, and the noise on them.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "envs/task_internal.h"

enum { MAX_TRIES = 10000 };  // of a rejection rule

//---------------------------------- States --------------------------------------------------------

// Reads {"joint": number or array} over the entries of qpos or qvel; marks them in fixed.
static void joint_values(irl_task* task, irl_jnode object, bool of_qvel, double* out,
                         uint8_t* fixed) {
  const mjModel* m = task->model;
  for (int i = 0; i < irl_json_nkeys(object) && irl_json_ok(object.doc); i++) {
    const char* name = irl_json_key(object, i);
    irl_jnode value = irl_json_get(object, name);
    const int joint = irl_model_find(value, m, mjOBJ_JOINT, name);
    if (joint < 0) {
      return;
    }
    const int at = of_qvel ? m->jnt_dofadr[joint] : m->jnt_qposadr[joint];
    const int n = of_qvel ? irl_joint_nv(m, joint) : irl_joint_nq(m, joint);
    if (n == 1) {
      out[at] = irl_json_as_number(value, -1e10, 1e10);
    } else {
      irl_json_as_numbers(value, out + at, n, -1e10, 1e10);
    }
    memset(fixed + at, 1, (size_t)n);
  }
}

// Overlays the "qpos" and "qvel" members of node on a start state.
static void state_values(irl_task* task, irl_jnode node, double* start, uint8_t* fixed) {
  const int nq = task->info.nq;
  joint_values(task, irl_json_get_opt(node, "qpos"), false, start, fixed);
  joint_values(task, irl_json_get_opt(node, "qvel"), true, start + nq, fixed + nq);
}

static void initial_state(irl_task* task, irl_jnode reset, double* start, uint8_t* fixed) {
  const mjModel* m = task->model;
  const int nq = task->info.nq, nv = task->info.nv;
  const double* qpos = m->qpos0;
  irl_jnode key = irl_json_get_opt(reset, "key");
  task->key = -1;
  if (key.item != NULL) {
    task->key = irl_model_find(key, m, mjOBJ_KEY, irl_json_as_string(key));
  }
  if (task->key >= 0) {
    qpos = m->key_qpos + task->key * nq;
    memcpy(start + nq, m->key_qvel + task->key * nv, (size_t)nv * sizeof *start);
  }
  memcpy(start, qpos, (size_t)nq * sizeof *start);
  state_values(task, reset, start, fixed);
  memset(fixed, 0, (size_t)(nq + nv));  // only a condition's own values hold against draws
}

static void conditions_parse(irl_task* task, irl_jnode root, irl_jnode reset) {
  const int width = task->info.nq + task->info.nv;
  irl_jnode list = irl_json_get_opt(root, "conditions");
  const int n = irl_json_length(list);
  task->info.nconditions = n > 0 ? n : 1;
  task->start = IRL_NEW(double, (size_t)task->info.nconditions*(size_t)width + 1);
  task->fixed = IRL_NEW(uint8_t, (size_t)task->info.nconditions * (size_t)width + 1);
  if (task->start == NULL || task->fixed == NULL) {
    irl_json_refuse(root, IRL_ENOMEM, "out of memory; list fewer conditions");
    return;
  }
  initial_state(task, reset, task->start, task->fixed);
  for (int c = 1; c < n; c++) {
    memcpy(task->start + (size_t)c * (size_t)width, task->start, (size_t)width * sizeof(double));
  }
  for (int c = 0; c < n && irl_json_ok(root.doc); c++) {
    irl_jnode condition = irl_json_at(list, c);
    (void)irl_json_string_or(condition, "name", "");
    state_values(task, condition, task->start + (size_t)c * (size_t)width,
                 task->fixed + (size_t)c * (size_t)width);
  }
}

//---------------------------------- Draws ---------------------------------------------------------

// A number for all entries or an array of one each.
static void spread(irl_jnode node, double* out, int n, double lo) {
  if (irl_json_type(node) == IRL_JSON_ARRAY) {
    irl_json_as_numbers(node, out, n, lo, 1e10);
    return;
  }
  const double value = irl_json_as_number(node, lo, 1e10);
  for (int i = 0; i < n; i++) {
    out[i] = value;
  }
}

static void range_parse(irl_draw* draw, irl_jnode node) {
  irl_jnode uniform = irl_json_get_opt(node, "uniform");
  irl_jnode normal = irl_json_get_opt(node, "normal");
  if (irl_json_ok(node.doc) && (uniform.item == NULL) == (normal.item == NULL)) {
    irl_json_refuse(node, IRL_EPARSE,
                    "give either \"uniform\": [low, high] or \"normal\": standard deviation");
    return;
  }
  draw->normal = normal.item != NULL;
  if (draw->normal) {
    spread(normal, draw->hi, draw->n, 0);
    return;
  }
  if (irl_json_type(uniform) != IRL_JSON_ARRAY || irl_json_length(uniform) != 2) {
    irl_json_refuse(uniform, IRL_EDIM,
                    "must be [low, high]; each a number or one number per entry");
    return;
  }
  spread(irl_json_at(uniform, 0), draw->lo, draw->n, -1e10);
  spread(irl_json_at(uniform, 1), draw->hi, draw->n, -1e10);
  for (int i = 0; i < draw->n && irl_json_ok(node.doc); i++) {
    if (draw->lo[i] > draw->hi[i]) {
      irl_json_refuse(uniform, IRL_ERANGE, "is empty for entry %d; give [low, high]", i);
    }
  }
}

// Which entries of qpos or qvel a draw covers.
static void targets_parse(irl_task* task, irl_draw* draw, irl_jnode node) {
  const mjModel* m = task->model;
  irl_jnode qpos = irl_json_get_opt(node, "qpos");
  irl_jnode qvel = irl_json_get_opt(node, "qvel");
  if (irl_json_ok(node.doc) && (qpos.item == NULL) == (qvel.item == NULL)) {
    irl_json_refuse(node, IRL_EPARSE, "give either \"qpos\" or \"qvel\" with the joints' names");
    return;
  }
  draw->of_qvel = qvel.item != NULL;
  int* joints = NULL;
  const int njoints = irl_joints_parse(&joints, draw->of_qvel ? qvel : qpos, m);
  for (int i = 0; i < njoints; i++) {
    draw->n += draw->of_qvel ? irl_joint_nv(m, joints[i]) : irl_joint_nq(m, joints[i]);
  }
  draw->at = IRL_NEW(int, draw->n + 1);
  draw->lo = IRL_NEW(double, 2 * draw->n + 2);
  if (draw->at == NULL || draw->lo == NULL) {
    irl_json_refuse(node, IRL_ENOMEM, "out of memory; list fewer joints");
    draw->n = 0;
  } else {
    draw->hi = draw->lo + draw->n;
  }
  for (int i = 0, k = 0; i < njoints && draw->n > 0; i++) {
    const int adr = draw->of_qvel ? m->jnt_dofadr[joints[i]] : m->jnt_qposadr[joints[i]];
    const int n = draw->of_qvel ? irl_joint_nv(m, joints[i]) : irl_joint_nq(m, joints[i]);
    for (int j = 0; j < n; j++) {
      draw->at[k++] = adr + j;
    }
  }
  irl_free(joints);
}

static void draw_parse(irl_task* task, irl_draw* draw, irl_jnode node) {
  targets_parse(task, draw, node);
  if (!irl_json_ok(node.doc)) {
    return;
  }
  range_parse(draw, node);
  draw->replace = irl_json_bool_or(node, "replace", false);
  draw->norm_above = irl_json_number_or(node, "norm_above", 0, 1e10, -1);
  draw->norm_below = irl_json_number_or(node, "norm_below", 0, 1e10, HUGE_VAL);
  if (irl_json_ok(node.doc) && draw->norm_below <= draw->norm_above) {
    irl_json_refuse(node, IRL_ERANGE, "norm_below %g is not above norm_above %g; widen the ring",
                    draw->norm_below, draw->norm_above);
  }
}

void irl_start_parse(irl_task* task, irl_jnode root) {
  irl_jnode reset = irl_json_get_opt(root, "reset");
  conditions_parse(task, root, reset);
  irl_jnode noise = irl_json_get_opt(reset, "noise");
  const int n = irl_json_length(noise);
  task->draw = IRL_NEW(irl_draw, n + 1);
  if (task->draw == NULL) {
    irl_json_refuse(root, IRL_ENOMEM, "out of memory; list less noise");
    return;
  }
  task->ndraw = n;
  for (int i = 0; i < n && irl_json_ok(root.doc); i++) {
    draw_parse(task, &task->draw[i], irl_json_at(noise, i));
  }
}

void irl_start_free(irl_task* task) {
  for (int i = 0; i < task->ndraw; i++) {
    irl_free(task->draw[i].at);
    irl_free(task->draw[i].lo);
  }
  irl_free(task->draw);
  irl_free(task->start);
  irl_free(task->fixed);
}

//---------------------------------- Drawing -------------------------------------------------------

static double draw_entry(const irl_draw* draw, int i, irl_rng* rng) {
  return draw->normal ? draw->hi[i] * irl_rng_normal(rng)
                      : draw->lo[i] + (draw->hi[i] - draw->lo[i]) * irl_rng_uniform(rng);
}

// One try: writes the drawn values over q where they are free; returns their norm. Entries that the
// condition fixes take part in neither.
static double draw_once(const irl_draw* draw, const double* start, const uint8_t* fixed,
                        irl_rng* rng, double* q) {
  double norm2 = 0;
  for (int i = 0; i < draw->n; i++) {
    const int at = draw->at[i];
    const double value = draw_entry(draw, i, rng);
    if (draw->replace && fixed[at]) {
      continue;
    }
    norm2 += value * value;
    q[at] = draw->replace ? value : start[at] + value;
  }
  return sqrt(norm2);
}

static bool all_fixed(const irl_draw* draw, const uint8_t* fixed) {
  for (int i = 0; i < draw->n; i++) {
    if (!draw->replace || !fixed[draw->at[i]]) {
      return false;
    }
  }
  return true;
}

bool irl_start_draw(const irl_task* task, int condition, irl_rng* rng, mjData* d) {
  const int nq = task->info.nq, nv = task->info.nv;
  const double* start = task->start + (size_t)condition * (size_t)(nq + nv);
  const uint8_t* fixed = task->fixed + (size_t)condition * (size_t)(nq + nv);
  memcpy(d->qpos, start, (size_t)nq * sizeof(double));
  memcpy(d->qvel, start + nq, (size_t)nv * sizeof(double));
  for (int k = 0; rng != NULL && k < task->ndraw; k++) {
    const irl_draw* draw = &task->draw[k];
    const int offset = draw->of_qvel ? nq : 0;
    if (all_fixed(draw, fixed + offset)) {
      continue;
    }
    double norm = -1;
    int tries = 0;
    do {
      norm =
          draw_once(draw, start + offset, fixed + offset, rng, draw->of_qvel ? d->qvel : d->qpos);
    } while (!(norm > draw->norm_above && norm < draw->norm_below) && ++tries < MAX_TRIES);
    if (tries == MAX_TRIES) {
      return false;
    }
  }
  return true;
}
