// Start states: the initial state, the fixed conditions, and the noise on them.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "envs/task_internal.h"

enum { MAX_TRIES = 10000 };  // of a rejection rule

//---------------------------------- States --------------------------------------------------------

// The start is one row: qpos, qvel, act, and the poses of mocap bodies, 3 + 4 numbers each.
typedef enum part { PART_QPOS, PART_QVEL, PART_ACT, PART_MOCAP, NPART } part;

static const struct {
  const char* key;
  int objtype;
} parts[NPART] = {
    {"qpos", mjOBJ_JOINT}, {"qvel", mjOBJ_JOINT}, {"act", mjOBJ_ACTUATOR}, {"mocap", mjOBJ_BODY}};

static int part_begin(const mjModel* m, part p) {
  const int nq = (int)m->nq, nv = (int)m->nv, na = (int)m->na;
  return p == PART_QPOS ? 0 : p == PART_QVEL ? nq : p == PART_ACT ? nq + nv : nq + nv + na;
}

// Where an object's entries begin in the row, and how many they are; 0: it has none.
static int place(const mjModel* m, part p, int id, int* at) {
  const int begin = part_begin(m, p);
  switch (p) {
    case PART_QPOS:
      *at = begin + m->jnt_qposadr[id];
      return irl_joint_nq(m, id);
    case PART_QVEL:
      *at = begin + m->jnt_dofadr[id];
      return irl_joint_nv(m, id);
    case PART_ACT:
      *at = begin + m->actuator_actadr[id];
      return m->actuator_actnum[id];
    default:
      *at = begin + 7 * m->body_mocapid[id];
      return m->body_mocapid[id] < 0 ? 0 : 7;
  }
}

static int find(irl_jnode where, const mjModel* m, part p, const char* name, int* at, int* n) {
  const int id = irl_model_find(where, m, parts[p].objtype, name);
  *n = id < 0 ? 0 : place(m, p, id, at);
  if (id >= 0 && *n == 0) {
    irl_json_refuse(where, IRL_ERANGE, "'%s' has no %s; name %s", name, parts[p].key,
                    p == PART_ACT ? "an actuator with dynamics" : "a body with mocap=\"true\"");
  }
  return *n > 0;
}

// Reads {"name": number or array} over a part of the row; marks its entries in fixed. A mocap body
// takes a position alone, too.
static void part_values(irl_task* task, irl_jnode object, part p, double* start, uint8_t* fixed) {
  for (int i = 0; i < irl_json_nkeys(object) && irl_json_ok(object.doc); i++) {
    const char* name = irl_json_key(object, i);
    irl_jnode value = irl_json_get(object, name);
    int at = 0, n = 0;
    if (!find(value, task->model, p, name, &at, &n)) {
      return;
    }
    if (p == PART_MOCAP && irl_json_length(value) == 3) {
      n = 3;
    }
    if (n == 1 && irl_json_type(value) != IRL_JSON_ARRAY) {
      start[at] = irl_json_as_number(value, -1e10, 1e10);
    } else {
      irl_json_as_numbers(value, start + at, n, -1e10, 1e10);
    }
    memset(fixed + at, 1, (size_t)n);
  }
}

static void state_values(irl_task* task, irl_jnode node, double* start, uint8_t* fixed) {
  for (int p = 0; p < NPART; p++) {
    part_values(task, irl_json_get_opt(node, parts[p].key), (part)p, start, fixed);
  }
}

// The model's own start, or that of a keyframe (−1: none).
static void model_state(const irl_task* task, int key, double* start) {
  const mjModel* m = task->model;
  const size_t nq = (size_t)m->nq, nv = (size_t)m->nv, na = (size_t)m->na, d = sizeof(double);
  double* mocap = start + part_begin(m, PART_MOCAP);
  memset(start, 0, (size_t)task->nstart * d);
  memcpy(start, key < 0 ? m->qpos0 : m->key_qpos + (size_t)key * nq, nq * d);
  if (key >= 0) {
    memcpy(start + nq, m->key_qvel + (size_t)key * nv, nv * d);
    memcpy(start + nq + nv, m->key_act + (size_t)key * na, na * d);
  }
  for (int b = 0; b < (int)m->nbody; b++) {
    const int i = m->body_mocapid[b], k = key * (int)m->nmocap + i;
    if (i >= 0) {
      memcpy(mocap + 7 * i, key < 0 ? m->body_pos + 3 * b : m->key_mpos + 3 * k, 3 * d);
      memcpy(mocap + 7 * i + 3, key < 0 ? m->body_quat + 4 * b : m->key_mquat + 4 * k, 4 * d);
    }
  }
}

static int key_parse(irl_task* task, irl_jnode node, int otherwise) {
  irl_jnode key = irl_json_get_opt(node, "key");
  return key.item == NULL ? otherwise
                          : irl_model_find(key, task->model, mjOBJ_KEY, irl_json_as_string(key));
}

// A condition with a keyframe of its own starts from that, and takes from "reset" what that sets by
// name; only its own values hold against draws.
static void condition_parse(irl_task* task, int c, irl_jnode reset, irl_jnode condition) {
  double* start = task->start + (size_t)c * (size_t)task->nstart;
  uint8_t* fixed = task->fixed + (size_t)c * (size_t)task->nstart;
  (void)irl_json_string_or(condition, "name", "");
  task->key[c] = key_parse(task, condition, key_parse(task, reset, -1));
  if (!irl_json_ok(reset.doc)) {
    return;
  }
  model_state(task, task->key[c], start);
  state_values(task, reset, start, fixed);
  memset(fixed, 0, (size_t)task->nstart);
  state_values(task, condition, start, fixed);
}

static void conditions_parse(irl_task* task, irl_jnode root, irl_jnode reset) {
  const mjModel* m = task->model;
  irl_jnode list = irl_json_get_opt(root, "conditions");
  const int n = irl_json_length(list);
  task->info.nconditions = n > 0 ? n : 1;
  task->nstart = part_begin(m, PART_MOCAP) + 7 * (int)m->nmocap;
  const size_t rows = (size_t)task->info.nconditions, width = (size_t)task->nstart;
  task->start = IRL_NEW(double, rows* width + 1);
  task->fixed = IRL_NEW(uint8_t, rows * width + 1);
  task->key = IRL_NEW(int, rows);
  if (task->start == NULL || task->fixed == NULL || task->key == NULL) {
    irl_json_refuse(root, IRL_ENOMEM, "out of memory; list fewer conditions");
    return;
  }
  for (int c = 0; c < task->info.nconditions && irl_json_ok(root.doc); c++) {
    condition_parse(task, c, reset, n > 0 ? irl_json_at(list, c) : (irl_jnode){root.doc, NULL});
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

// The part that a draw is of, and its objects' names.
static irl_jnode drawn_part(irl_jnode node, part* which) {
  irl_jnode names = {node.doc, NULL};
  int found = 0;
  for (int p = 0; p < NPART; p++) {
    irl_jnode value = irl_json_get_opt(node, parts[p].key);
    if (value.item != NULL) {
      names = value;
      *which = (part)p;
      found++;
    }
  }
  if (irl_json_ok(node.doc) && found != 1) {
    irl_json_refuse(node, IRL_EPARSE,
                    "give either \"qpos\" or \"qvel\" with the joints' names, \"act\" with "
                    "actuators', or \"mocap\" with bodies'");
  }
  return names;
}

// Entries of one object that a draw covers: of a mocap body its position. 0: it has none, which
// with "*" is no mistake.
static int drawn_entries(const mjModel* m, part p, int id, int* at) {
  const int n = place(m, p, id, at);
  return p == PART_MOCAP && n > 0 ? 3 : n;
}

static bool reserve(irl_draw* draw, irl_jnode node, int n) {
  draw->at = IRL_NEW(int, n + 1);
  draw->lo = IRL_NEW(double, 2 * n + 2);
  if (draw->at == NULL || draw->lo == NULL) {
    irl_json_refuse(node, IRL_ENOMEM, "out of memory; list fewer objects");
    return false;
  }
  draw->hi = draw->lo + n;
  return true;
}

// Which entries of the start a draw covers.
static void targets_parse(irl_task* task, irl_draw* draw, irl_jnode node) {
  const mjModel* m = task->model;
  part p = PART_QPOS;
  irl_jnode names = drawn_part(node, &p);
  int *ids = NULL, at = 0, total = 0;
  const int count = irl_json_ok(node.doc) ? irl_objects_parse(&ids, names, m, parts[p].objtype) : 0;
  for (int i = 0; i < count; i++) {
    total += drawn_entries(m, p, ids[i], &at);
  }
  if (irl_json_ok(node.doc) && total == 0) {
    irl_json_refuse(names, IRL_ERANGE, "has no %s; name what has", parts[p].key);
  }
  if (irl_json_ok(node.doc) && reserve(draw, node, total)) {
    for (int i = 0; i < count; i++) {
      const int n = drawn_entries(m, p, ids[i], &at);
      for (int j = 0; j < n; j++) {
        draw->at[draw->n++] = at + j;
      }
    }
  }
  irl_free(ids);
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
  irl_free(task->key);
  irl_free(task->fixed);
}

//---------------------------------- Drawing -------------------------------------------------------

static double draw_entry(const irl_draw* draw, int i, irl_start_noise* noise) {
  const double lo = draw->lo[i], hi = draw->hi[i];
  const double middle = draw->normal ? 0 : 0.5 * (lo + hi);
  const double value = draw->normal ? hi * irl_rng_normal(&noise->rng)
                                    : lo + (hi - lo) * irl_rng_uniform(&noise->rng);
  return value + (noise->spread - 1) * (value - middle);  // the task's own to the bit at 1
}

// Where an entry of the start is in d.
static double* entry_of(const irl_task* task, mjData* d, int at) {
  const mjModel* m = task->model;
  const int nq = (int)m->nq, nv = (int)m->nv, na = (int)m->na, k = at - nq - nv - na;
  if (at < nq) {
    return d->qpos + at;
  }
  if (at < nq + nv) {
    return d->qvel + (at - nq);
  }
  if (k < 0) {
    return d->act + (at - nq - nv);
  }
  return k % 7 < 3 ? d->mocap_pos + (k / 7 * 3 + k % 7) : d->mocap_quat + (k / 7 * 4 + k % 7 - 3);
}

// One try: writes the drawn values where they are free; returns their norm. Entries that the
// condition fixes take part in neither.
static double draw_once(const irl_task* task, const irl_draw* draw, int condition,
                        irl_start_noise* noise, mjData* d) {
  const double* start = task->start + (size_t)condition * (size_t)task->nstart;
  const uint8_t* fixed = task->fixed + (size_t)condition * (size_t)task->nstart;
  double norm2 = 0;
  for (int i = 0; i < draw->n; i++) {
    const int at = draw->at[i];
    const double value = draw_entry(draw, i, noise);
    if (draw->replace && fixed[at]) {
      continue;
    }
    norm2 += value * value;
    *entry_of(task, d, at) = draw->replace ? value : start[at] + value;
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

void irl_start_reset(const irl_task* task, const mjModel* m, int condition, mjData* d) {
  if (task->key[condition] >= 0) {
    mj_resetDataKeyframe(m, d, task->key[condition]);
  } else {
    mj_resetData(m, d);
  }
}

static void put_start(const irl_task* task, int condition, mjData* d) {
  const mjModel* m = task->model;
  const double* start = task->start + (size_t)condition * (size_t)task->nstart;
  const size_t nq = (size_t)m->nq, nv = (size_t)m->nv, na = (size_t)m->na;
  memcpy(d->qpos, start, nq * sizeof(double));
  memcpy(d->qvel, start + nq, nv * sizeof(double));
  if (na > 0) {
    memcpy(d->act, start + nq + nv, na * sizeof(double));
  }
  for (int at = (int)(nq + nv + na); at < task->nstart; at++) {
    *entry_of(task, d, at) = start[at];
  }
}

bool irl_start_draw(const irl_task* task, const mjModel* m, int condition, irl_start_noise* noise,
                    mjData* d) {
  irl_start_reset(task, m, condition, d);
  put_start(task, condition, d);
  for (int k = 0; noise != NULL && k < task->ndraw; k++) {
    const irl_draw* draw = &task->draw[k];
    if (all_fixed(draw, task->fixed + (size_t)condition * (size_t)task->nstart)) {
      continue;
    }
    double norm = -1;
    int tries = 0;
    do {
      norm = draw_once(task, draw, condition, noise, d);
    } while (!(norm > draw->norm_above && norm < draw->norm_below) && ++tries < MAX_TRIES);
    if (tries == MAX_TRIES) {
      return false;
    }
  }
  return true;
}
