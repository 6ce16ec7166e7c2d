// Entries: measurements named by MuJoCo parts, compiled to channels.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "envs/task_internal.h"

// One kind of measurement: the JSON key that names its objects, and how long it is.
typedef struct quantity {
  const char* key;
  irl_source source;
  int objtype;
  int width;  // entries per object; 0: the object's own size
  int need;
} quantity;

static const quantity quantities[] = {
    {"qpos", IRL_SOURCE_QPOS, mjOBJ_JOINT, 0, 0},
    {"qvel", IRL_SOURCE_QVEL, mjOBJ_JOINT, 0, 0},
    {"qfrc_constraint", IRL_SOURCE_QFRC_CONSTRAINT, mjOBJ_JOINT, 0, IRL_NEED_START},
    {"qfrc_actuator", IRL_SOURCE_QFRC_ACTUATOR, mjOBJ_JOINT, 0, IRL_NEED_START},
    {"sensor", IRL_SOURCE_SENSOR, mjOBJ_SENSOR, 0, IRL_NEED_STAGES},
    {"body", IRL_SOURCE_BODY, mjOBJ_BODY, 3, IRL_NEED_KINEMATICS},
    {"site", IRL_SOURCE_SITE, mjOBJ_SITE, 3, IRL_NEED_KINEMATICS},
    {"geom", IRL_SOURCE_GEOM, mjOBJ_GEOM, 3, IRL_NEED_KINEMATICS},
    {"com", IRL_SOURCE_COM, mjOBJ_BODY, 3, IRL_NEED_STAGES},
    {"cfrc_ext", IRL_SOURCE_CFRC_EXT, mjOBJ_BODY, 6, IRL_NEED_FORCES},
    {"cinert", IRL_SOURCE_CINERT, mjOBJ_BODY, 10, IRL_NEED_STAGES},
    {"cvel", IRL_SOURCE_CVEL, mjOBJ_BODY, 6, IRL_NEED_STAGES},
    {"quat", IRL_SOURCE_QUAT, mjOBJ_BODY, 4, IRL_NEED_KINEMATICS},
    {"act", IRL_SOURCE_ACT, mjOBJ_ACTUATOR, 0, 0},
    {"actuator_force", IRL_SOURCE_ACTUATOR_FORCE, mjOBJ_ACTUATOR, 1, IRL_NEED_START},
    {"actuator_length", IRL_SOURCE_ACTUATOR_LENGTH, mjOBJ_ACTUATOR, 1, IRL_NEED_STAGES},
    {"actuator_velocity", IRL_SOURCE_ACTUATOR_VELOCITY, mjOBJ_ACTUATOR, 1, IRL_NEED_STAGES},
    {"tendon", IRL_SOURCE_TENDON_LENGTH, mjOBJ_TENDON, 1, IRL_NEED_STAGES},
    {"tendon_velocity", IRL_SOURCE_TENDON_VELOCITY, mjOBJ_TENDON, 1, IRL_NEED_STAGES},
    {"numeric", IRL_SOURCE_NUMERIC, mjOBJ_NUMERIC, 0, 0},
};
enum { NQUANTITY = (int)(sizeof quantities / sizeof quantities[0]) };

static const irl_group nothing = {0, 0};

int irl_joint_nq(const mjModel* model, int joint) {
  switch (model->jnt_type[joint]) {
    case mjJNT_FREE:
      return 7;
    case mjJNT_BALL:
      return 4;
    default:
      return 1;
  }
}

int irl_joint_nv(const mjModel* model, int joint) {
  switch (model->jnt_type[joint]) {
    case mjJNT_FREE:
      return 6;
    case mjJNT_BALL:
      return 3;
    default:
      return 1;
  }
}

//---------------------------------- Channels ------------------------------------------------------

static bool reserve(irl_task* task, irl_jnode node, int extra) {
  const int need = task->nchannel + extra;
  if (need <= task->channel_capacity) {
    return true;
  }
  const int capacity = 2 * need + 32;
  irl_channel* channel = IRL_NEW(irl_channel, capacity);
  char(*label)[IRL_LABEL] = irl_calloc((size_t)capacity, sizeof *label);
  if (channel == NULL || label == NULL) {
    irl_free(channel);
    irl_free(label);
    irl_json_refuse(node, IRL_ENOMEM, "out of memory; list fewer entries");
    return false;
  }
  if (task->nchannel > 0) {
    memcpy(channel, task->channel, (size_t)task->nchannel * sizeof *channel);
    memcpy(label, task->label, (size_t)task->nchannel * sizeof *label);
  }
  irl_free(task->channel);
  irl_free(task->label);
  task->channel = channel;
  task->label = label;
  task->channel_capacity = capacity;
  return true;
}

static void push(irl_task* task, irl_source source, int index, const char* label) {
  task->channel[task->nchannel] = (irl_channel){.source = (int)source,
                                                .index = index,
                                                .minus = IRL_SOURCE_CONSTANT,
                                                .minus_index = 0,
                                                .memory = -1,
                                                .lo = -HUGE_VAL,
                                                .hi = HUGE_VAL};
  snprintf(task->label[task->nchannel], IRL_LABEL, "%s", label);
  task->nchannel++;
}

static int address(const mjModel* m, const quantity* q, int id) {
  switch (q->source) {
    case IRL_SOURCE_QPOS:
      return m->jnt_qposadr[id];
    case IRL_SOURCE_SENSOR:
      return m->sensor_adr[id];
    case IRL_SOURCE_ACT:
      return m->actuator_actadr[id];
    case IRL_SOURCE_NUMERIC:
      return m->numeric_adr[id];
    default:
      return q->objtype == mjOBJ_JOINT ? m->jnt_dofadr[id] : q->width * id;
  }
}

// MJPC writes a parameter of a residual as "value low high".
static int numeric_width(const mjModel* m, int id) {
  const char* name = mj_id2name(m, mjOBJ_NUMERIC, id);
  return name != NULL && strncmp(name, "residual_", 9) == 0 ? 1 : m->numeric_size[id];
}

static int width(const mjModel* m, const quantity* q, int id) {
  switch (q->width > 0 ? IRL_NSOURCE : q->source) {
    case IRL_NSOURCE:
      return q->width;
    case IRL_SOURCE_SENSOR:
      return m->sensor_dim[id];
    case IRL_SOURCE_ACT:
      return m->actuator_actnum[id];
    case IRL_SOURCE_NUMERIC:
      return numeric_width(m, id);
    case IRL_SOURCE_QPOS:
      return irl_joint_nq(m, id);
    default:
      return irl_joint_nv(m, id);
  }
}

// "joint0" for qpos, "qvel joint0", "fingertip x", "force 2".
static void make_label(char* out, const mjModel* m, const quantity* q, int id, int i) {
  static const char axes[] = "xyz";
  const char* name = mj_id2name(m, q->objtype, id);
  const char* kind =
      q->source == IRL_SOURCE_QPOS || q->width == 3 || q->objtype == mjOBJ_SENSOR ? "" : q->key;
  char object[40];
  if (name != NULL && name[0] != 0) {
    snprintf(object, sizeof object, "%.39s", name);
  } else {
    snprintf(object, sizeof object, "%s%d", q->objtype == mjOBJ_JOINT ? "joint" : q->key, id);
  }
  char component[16] = "";
  if (q->width == 3) {
    snprintf(component, sizeof component, " %c", axes[i]);
  } else if (width(m, q, id) > 1) {
    snprintf(component, sizeof component, " %d", i);
  }
  snprintf(out, IRL_LABEL, "%s%s%s%s", kind, kind[0] != 0 ? " " : "", object, component);
}

static void push_object(irl_task* task, irl_jnode node, const quantity* q, int id) {
  const mjModel* m = task->model;
  if (q->objtype == mjOBJ_SENSOR && m->sensor_type[id] == mjSENS_USER) {
    irl_json_refuse(node, IRL_ERANGE,
                    "sensor '%s' is a user sensor, which MuJoCo leaves at 0; measure it by the "
                    "parts it is made of",
                    mj_id2name(m, mjOBJ_SENSOR, id));
    return;
  }
  const int n = width(m, q, id);
  if (n == 0) {
    irl_json_refuse(node, IRL_ERANGE,
                    "actuator '%s' has no activation; name one with dynamics, or leave it out",
                    mj_id2name(m, q->objtype, id));
    return;
  }
  if (!reserve(task, node, n)) {
    return;
  }
  for (int i = 0; i < n; i++) {
    char label[IRL_LABEL];
    make_label(label, m, q, id, i);
    push(task, q->source, address(m, q, id) + i, label);
  }
  task->need |= q->need;
}

//---------------------------------- Objects -------------------------------------------------------

int irl_objects_parse(int** ids, irl_jnode node, const mjModel* m, int objtype) {
  *ids = NULL;
  const bool list = irl_json_type(node) == IRL_JSON_ARRAY;
  const char* name = list ? "" : irl_json_as_string(node);
  const bool all = strcmp(name, "*") == 0;
  const int first = all && objtype == mjOBJ_BODY ? 1 : 0;
  const int n = list ? irl_json_length(node) : all ? irl_model_count(m, objtype) - first : 1;
  if (!irl_json_ok(node.doc)) {
    return 0;
  }
  if (n == 0) {
    irl_json_refuse(node, IRL_ERANGE,
                    list ? "names nothing; name at least one object"
                         : "names nothing, as the model has no %s; measure something else",
                    irl_model_word(objtype));
    return 0;
  }
  *ids = IRL_NEW(int, n);
  if (*ids == NULL) {
    irl_json_refuse(node, IRL_ENOMEM, "out of memory; list fewer objects");
    return 0;
  }
  for (int i = 0; i < n; i++) {
    irl_jnode item = list ? irl_json_at(node, i) : node;
    (*ids)[i] = all ? first + i : irl_model_find(item, m, objtype, irl_json_as_string(item));
  }
  if (!irl_json_ok(node.doc)) {
    irl_free(*ids);
    *ids = NULL;
    return 0;
  }
  return n;
}

static void refuse_kind(irl_jnode node, int found) {
  const char* names[NQUANTITY + 2] = {"velocity"};
  char list[400] = "velocity";
  for (int i = 0; i < NQUANTITY; i++) {
    names[i + 1] = quantities[i].key;
    const size_t used = strlen(list);
    snprintf(list + used, sizeof list - used, ", %s", quantities[i].key);
  }
  if (found > 1) {
    irl_json_refuse(node, IRL_EPARSE, "measures %d things at once; make one entry of each", found);
    return;
  }
  for (int i = 0; i < irl_json_nkeys(node); i++) {
    const char* key = irl_json_key(node, i);
    const char* near = irl_closest_name(key, names);
    if (near != NULL && strcmp(near, key) != 0) {
      irl_json_refuse(node, IRL_EPARSE, "unknown key '%s'; did you mean '%s'?", key, near);
      return;
    }
  }
  irl_json_refuse(node, IRL_EPARSE, "does not say what to measure; give one of %s", list);
}

// What an object measures, without its minus: pushes channels.
static irl_group quantity_parse(irl_task* task, irl_jnode node) {
  if (irl_json_type(node) != IRL_JSON_OBJECT) {
    irl_json_refuse(node, IRL_EPARSE, "must be an object such as {\"qpos\": \"joint\"}");
    return nothing;
  }
  const quantity* q = NULL;
  irl_jnode which = node;
  int found = 0;
  for (int i = 0; i < NQUANTITY; i++) {
    irl_jnode value = irl_json_get_opt(node, quantities[i].key);
    if (value.item != NULL) {
      q = &quantities[i];
      which = value;
      found++;
    }
  }
  if (!irl_json_ok(node.doc)) {
    return nothing;
  }
  if (found != 1) {
    refuse_kind(node, found);
    return nothing;
  }
  int* ids = NULL;
  const int n = irl_objects_parse(&ids, which, task->model, q->objtype);
  irl_group group = {task->nchannel, 0};
  const bool all =
      irl_json_type(which) == IRL_JSON_STRING && strcmp(irl_json_as_string(which), "*") == 0;
  for (int i = 0; i < n; i++) {
    if (!all || width(task->model, q, ids[i]) > 0) {  // of actuators: those with dynamics
      push_object(task, which, q, ids[i]);
    }
  }
  irl_free(ids);
  group.n = task->nchannel - group.first;
  return group;
}

//---------------------------------- Differences ---------------------------------------------------

static void subtract_constant(irl_task* task, irl_jnode node, irl_group group) {
  double* constant = IRL_NEW(double, task->nconstant + group.n);
  if (constant == NULL) {
    irl_json_refuse(node, IRL_ENOMEM, "out of memory; list fewer entries");
    return;
  }
  memcpy(constant, task->constant, (size_t)task->nconstant * sizeof *constant);
  irl_json_as_numbers(node, constant + task->nconstant, group.n, -1e10, 1e10);
  irl_free(task->constant);
  task->constant = constant;
  for (int i = 0; i < group.n; i++) {
    task->channel[group.first + i].minus = IRL_SOURCE_CONSTANT;
    task->channel[group.first + i].minus_index = task->nconstant + i;
  }
  task->nconstant += group.n;
}

static void subtract_entry(irl_task* task, irl_jnode node, irl_group group) {
  irl_group other = quantity_parse(task, node);
  if (!irl_json_ok(node.doc)) {
    return;
  }
  if (other.n != group.n) {
    irl_json_refuse(node, IRL_EDIM,
                    "has %d entries where the entry it is taken from has %d; use "
                    "two of the same size",
                    other.n, group.n);
    return;
  }
  for (int i = 0; i < group.n; i++) {
    const irl_channel* from = &task->channel[other.first + i];
    task->channel[group.first + i].minus = from->source;
    task->channel[group.first + i].minus_index = from->index;
    char label[IRL_LABEL];
    snprintf(label, sizeof label, "%.38s - %.38s", task->label[group.first + i],
             task->label[other.first + i]);
    memcpy(task->label[group.first + i], label, sizeof label);
  }
  task->nchannel = other.first;
}

// Keeps the channels that "components" lists, in its order.
static void select_components(irl_task* task, irl_jnode node, irl_group* group) {
  irl_jnode list = irl_json_get_opt(node, "components");
  const int n = irl_json_length(list);
  if (list.item == NULL) {
    return;
  }
  if (n == 0) {
    irl_json_refuse(list, IRL_ERANGE, "is empty; list at least one component, from 0");
    return;
  }
  if (!reserve(task, node, n)) {
    return;
  }
  const int base = task->nchannel;  // picked channels go behind the group, then over it
  for (int i = 0; i < n; i++) {
    const int at = group->first + irl_json_as_int(irl_json_at(list, i), 0, group->n - 1);
    task->channel[base + i] = task->channel[at];
    memcpy(task->label[base + i], task->label[at], IRL_LABEL);
  }
  memmove(task->channel + group->first, task->channel + base, (size_t)n * sizeof *task->channel);
  memmove(task->label + group->first, task->label + base, (size_t)n * sizeof *task->label);
  group->n = n;
  task->nchannel = group->first + n;
}

//---------------------------------- Modifiers -----------------------------------------------------

static irl_group difference_parse(irl_task* task, irl_jnode node) {
  irl_group group = quantity_parse(task, node);
  irl_jnode minus = irl_json_get_opt(node, "minus");
  if (irl_json_ok(node.doc) && minus.item != NULL) {
    if (irl_json_type(minus) == IRL_JSON_ARRAY) {
      subtract_constant(task, minus, group);
    } else {
      subtract_entry(task, minus, group);
    }
  }
  if (irl_json_ok(node.doc) && irl_json_bool_or(node, "tangent", false)) {
    irl_rotation_parse(task, node, &group, minus.item != NULL);
  }
  if (irl_json_ok(node.doc)) {
    select_components(task, node, &group);
  }
  return group;
}

//---------------------------------- Entries -------------------------------------------------------

static void prefix_label(irl_task* task, int at, const char* prefix) {
  char label[IRL_LABEL];
  snprintf(label, sizeof label, "%s %.70s", prefix, task->label[at]);
  memcpy(task->label[at], label, sizeof label);
}

static irl_group velocity_parse(irl_task* task, irl_jnode node, irl_jnode inner, bool allowed) {
  if (!allowed) {
    irl_json_refuse(inner, IRL_EPARSE,
                    "a velocity by displacement belongs to a reward's residual; "
                    "observe qvel or a velocity sensor here");
    return nothing;
  }
  irl_group group = difference_parse(task, inner);
  if (irl_json_ok(node.doc)) {
    select_components(task, node, &group);
  }
  for (int i = 0; irl_json_ok(node.doc) && i < group.n; i++) {
    task->channel[group.first + i].memory = task->nmemory++;
    prefix_label(task, group.first + i, "velocity");
  }
  return group;
}

irl_group irl_entry_parse(irl_task* task, irl_jnode node, bool velocity) {
  static const char* const transforms[] = {"none", "cos", "sin", NULL};
  irl_jnode inner = irl_json_type(node) == IRL_JSON_OBJECT ? irl_json_get_opt(node, "velocity")
                                                           : (irl_jnode){node.doc, NULL};
  irl_group group = inner.item != NULL ? velocity_parse(task, node, inner, velocity)
                                       : difference_parse(task, node);
  if (!irl_json_ok(node.doc)) {
    return nothing;
  }
  const int transform = irl_json_choice_or(node, "transform", transforms, IRL_IDENTITY);
  double clip[2] = {-HUGE_VAL, HUGE_VAL};
  irl_jnode range = irl_json_get_opt(node, "clip");
  if (range.item != NULL) {
    irl_json_as_numbers(range, clip, 2, -1e10, 1e10);
    if (irl_json_ok(node.doc) && clip[0] > clip[1]) {
      irl_json_refuse(range, IRL_ERANGE, "is empty; give [smallest, largest]");
    }
  }
  for (int i = group.first; i < group.first + group.n; i++) {
    task->channel[i].transform = (irl_transform)transform;
    task->channel[i].lo = clip[0];
    task->channel[i].hi = clip[1];
    if (transform != IRL_IDENTITY) {
      prefix_label(task, i, transforms[transform]);
    }
  }
  return group;
}

irl_group irl_entries_parse(irl_task* task, irl_jnode node, bool velocity) {
  if (irl_json_type(node) != IRL_JSON_ARRAY) {
    return irl_entry_parse(task, node, velocity);
  }
  irl_group all = {task->nchannel, 0};
  for (int i = 0; i < irl_json_length(node) && irl_json_ok(node.doc); i++) {
    irl_entry_parse(task, irl_json_at(node, i), velocity);
  }
  all.n = task->nchannel - all.first;
  return all;
}
