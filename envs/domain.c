// Changes of the physical world by name: for transfer tests once for a task, for robustness drawn
// for each trajectory.
//
// A kind of change multiplies entries of mjModel's arrays by a factor. A factor that is one number
// is put into the task's own model when the task is loaded; one with a range stays in the list, and
// MuJoCo's batch keeps the fields that it touches per simulation (mjb_expand).
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "envs/task_internal.h"

// Arrays of mjModel that changes multiply; `width` numbers per object, the first `used` change.
typedef struct field {
  const char* name;  // as mjb_expand knows it
  int width, used;
  bool constants;  // mj_setConst derives other numbers from it
} field;

enum {
  BODY_MASS,
  BODY_INERTIA,
  GEOM_FRICTION,
  DOF_DAMPING,
  DOF_DAMPINGPOLY,
  DOF_ARMATURE,
  DOF_FRICTIONLOSS,
  JNT_STIFFNESS,
  JNT_STIFFNESSPOLY,
  ACTUATOR_GAIN,
  ACTUATOR_BIAS,
  GRAVITY
};

static const field fields[IRL_DOMAIN_FIELDS] = {
    [BODY_MASS] = {"body_mass", 1, 1, true},
    [BODY_INERTIA] = {"body_inertia", 3, 3, true},
    [GEOM_FRICTION] = {"geom_friction", 3, 3, false},
    [DOF_DAMPING] = {"dof_damping", 1, 1, false},
    [DOF_DAMPINGPOLY] = {"dof_dampingpoly", mjNPOLY, mjNPOLY, false},
    [DOF_ARMATURE] = {"dof_armature", 1, 1, true},
    [DOF_FRICTIONLOSS] = {"dof_frictionloss", 1, 1, false},
    [JNT_STIFFNESS] = {"jnt_stiffness", 1, 1, false},
    [JNT_STIFFNESSPOLY] = {"jnt_stiffnesspoly", mjNPOLY, mjNPOLY, false},
    // of a servo both, so that it stays a servo with softer springs
    [ACTUATOR_GAIN] = {"actuator_gainprm", mjNGAIN, 3, false},
    [ACTUATOR_BIAS] = {"actuator_biasprm", mjNBIAS, 3, false},
    [GRAVITY] = {"opt.gravity", 3, 3, false},
};

static double* field_of(mjModel* m, int f) {
  switch (f) {
    case BODY_MASS:
      return m->body_mass;
    case BODY_INERTIA:
      return m->body_inertia;
    case GEOM_FRICTION:
      return m->geom_friction;
    case DOF_DAMPING:
      return m->dof_damping;
    case DOF_DAMPINGPOLY:
      return m->dof_dampingpoly;
    case DOF_ARMATURE:
      return m->dof_armature;
    case DOF_FRICTIONLOSS:
      return m->dof_frictionloss;
    case JNT_STIFFNESS:
      return m->jnt_stiffness;
    case JNT_STIFFNESSPOLY:
      return m->jnt_stiffnesspoly;
    case ACTUATOR_GAIN:
      return m->actuator_gainprm;
    case ACTUATOR_BIAS:
      return m->actuator_biasprm;
    default:
      return m->opt.gravity;
  }
}

// What the members of "domain" change.
typedef struct kind {
  const char* key;
  const char* object;  // key that names the objects; NULL: there is only one
  int objtype;
  int nfields;
  int fields[2];
} kind;

static const kind kinds[] = {
    {"mass", "body", mjOBJ_BODY, 2, {BODY_MASS, BODY_INERTIA}},
    {"friction", "geom", mjOBJ_GEOM, 1, {GEOM_FRICTION}},
    {"damping", "joint", mjOBJ_JOINT, 2, {DOF_DAMPING, DOF_DAMPINGPOLY}},
    {"armature", "joint", mjOBJ_JOINT, 1, {DOF_ARMATURE}},
    {"frictionloss", "joint", mjOBJ_JOINT, 1, {DOF_FRICTIONLOSS}},
    {"stiffness", "joint", mjOBJ_JOINT, 2, {JNT_STIFFNESS, JNT_STIFFNESSPOLY}},
    {"gain", "actuator", mjOBJ_ACTUATOR, 2, {ACTUATOR_GAIN, ACTUATOR_BIAS}},
    {"gravity", NULL, 0, 1, {GRAVITY}},
};
enum { NKINDS = (int)(sizeof kinds / sizeof kinds[0]) };

//---------------------------------- Reading -------------------------------------------------------

// Entries of a field that object `id` has: the first and their number.
static int object_entries(const mjModel* m, const kind* k, int f, int id, int* first) {
  const bool of_dof =
      f == DOF_DAMPING || f == DOF_DAMPINGPOLY || f == DOF_ARMATURE || f == DOF_FRICTIONLOSS;
  if (k->objtype != mjOBJ_JOINT || !of_dof) {
    *first = id;
    return 1;
  }
  *first = m->jnt_dofadr[id];
  return irl_joint_nv(m, id);
}

static bool grow(irl_domain* d, irl_jnode node) {
  if (d->ntargets < d->target_capacity) {
    return true;
  }
  const int capacity = 2 * d->target_capacity + 64;
  irl_domain_target* more = IRL_NEW(irl_domain_target, capacity);
  if (more == NULL) {
    irl_json_refuse(node, IRL_ENOMEM, "out of memory; change fewer objects");
    return false;
  }
  if (d->ntargets > 0) {
    memcpy(more, d->target, (size_t)d->ntargets * sizeof *more);
  }
  irl_free(d->target);
  d->target = more;
  d->target_capacity = capacity;
  return true;
}

static void add_object(irl_task* task, irl_jnode node, const kind* k, int id, int factor) {
  irl_domain* d = &task->domain;
  for (int i = 0; i < k->nfields; i++) {
    const field* f = &fields[k->fields[i]];
    int first = 0;
    const int n = object_entries(task->model, k, k->fields[i], id, &first);
    for (int e = 0; e < n * f->used; e++) {
      const int at = (first + e / f->used) * f->width + e % f->used;
      if (!grow(d, node)) {
        return;
      }
      d->target[d->ntargets++] = (irl_domain_target){factor, k->fields[i], at};
    }
  }
}

static int add_factor(irl_task* task, irl_jnode node, const char* name, const double* range) {
  irl_domain* d = &task->domain;
  if (d->nfactors == d->factor_capacity) {
    const int capacity = 2 * d->factor_capacity + 8;
    irl_domain_factor* more = IRL_NEW(irl_domain_factor, capacity);
    if (more == NULL) {
      irl_json_refuse(node, IRL_ENOMEM, "out of memory; change fewer objects");
      return 0;
    }
    if (d->nfactors > 0) {
      memcpy(more, d->factor, (size_t)d->nfactors * sizeof *more);
    }
    irl_free(d->factor);
    d->factor = more;
    d->factor_capacity = capacity;
  }
  irl_domain_factor* factor = &d->factor[d->nfactors];
  *factor = (irl_domain_factor){.lo = range[0], .hi = range[1]};
  snprintf(factor->name, sizeof factor->name, "%s", name);
  d->nworld += range[0] < range[1];
  return d->nfactors++;
}

// "mass upper" for one object, "mass upper ..." for several that share a factor.
static void name_factor(char out[IRL_LABEL], const mjModel* m, const kind* k, int id,
                        bool several) {
  const char* name = mj_id2name(m, k->objtype, id);
  if (name != NULL) {
    snprintf(out, IRL_LABEL, "%s %.50s%s", k->key, name, several ? " ..." : "");
  } else {
    snprintf(out, IRL_LABEL, "%s %s %d%s", k->key, k->object, id, several ? " ..." : "");
  }
}

// A number, or the two ends of a range.
static void scale_parse(irl_jnode node, const kind* k, double* range) {
  const double least = k->objtype == mjOBJ_BODY ? 1e-6 : 0;  // nothing moves without mass
  if (irl_json_type(node) == IRL_JSON_ARRAY) {
    irl_json_as_numbers(node, range, 2, least, 1e6);
    if (irl_json_ok(node.doc) && range[0] > range[1]) {
      irl_json_refuse(node, IRL_ERANGE, "is empty; give [smallest, largest]");
    }
    return;
  }
  range[0] = range[1] = irl_json_as_number(node, least, 1e6);
}

static bool scalable(const irl_task* task, irl_jnode node, const kind* k, int id) {
  const mjModel* m = task->model;
  if (k->objtype != mjOBJ_ACTUATOR || m->actuator_gaintype[id] == mjGAIN_FIXED ||
      m->actuator_gaintype[id] == mjGAIN_AFFINE) {
    return true;
  }
  const char* name = mj_id2name(m, mjOBJ_ACTUATOR, id);
  irl_json_refuse(node, IRL_EUNSUPPORTED,
                  "actuator '%s' has a gain that is no factor (a muscle's, say); disable it or "
                  "leave it out",
                  name == NULL ? "" : name);
  return false;
}

static void add_objects(irl_task* task, irl_jnode node, const kind* k, const int* ids, int n,
                        const double* range, bool each) {
  char name[IRL_LABEL] = "gravity";
  int factor = 0;
  for (int i = 0; i < n && irl_json_ok(node.doc) && scalable(task, node, k, ids[i]); i++) {
    if (each || i == 0) {
      if (k->object != NULL) {
        name_factor(name, task->model, k, ids[i], !each && n > 1);
      }
      factor = add_factor(task, node, name, range);
    }
    add_object(task, node, k, ids[i], factor);
  }
}

// {"body": names, "scale": factor, "each": true}; of gravity only "scale".
static void change_parse(irl_task* task, irl_jnode node, const kind* k) {
  static const int one = 0;
  double range[2] = {1, 1};
  scale_parse(irl_json_get(node, "scale"), k, range);
  if (k->object == NULL) {
    add_objects(task, node, k, &one, 1, range, false);
    return;
  }
  int* ids = NULL;
  irl_jnode names = irl_json_get(node, k->object);
  const int n = irl_json_ok(node.doc) ? irl_objects_parse(&ids, names, task->model, k->objtype) : 0;
  const bool each = irl_json_bool_or(node, "each", false);
  if (irl_json_ok(node.doc)) {
    add_objects(task, node, k, ids, n, range, each);
  }
  irl_free(ids);
}

// A bare factor or range stands for all objects of the kind.
static void change_all(irl_task* task, irl_jnode node, const kind* k) {
  const mjModel* m = task->model;
  const int first = k->objtype == mjOBJ_BODY ? 1 : 0;
  const int n = k->object == NULL ? 1 : irl_model_count(m, k->objtype) - first;
  double range[2] = {1, 1};
  scale_parse(node, k, range);
  if (!irl_json_ok(node.doc)) {
    return;
  }
  const int factor = add_factor(task, node, k->key, range);
  for (int i = 0; i < n && irl_json_ok(node.doc) && scalable(task, node, k, first + i); i++) {
    add_object(task, node, k, first + i, factor);
  }
}

static void changes_parse(irl_task* task, irl_jnode node, const kind* k) {
  const bool list = irl_json_type(node) == IRL_JSON_ARRAY;
  if (irl_json_type(node) == IRL_JSON_OBJECT) {
    change_parse(task, node, k);
  } else if (list && irl_json_length(node) > 0 &&
             irl_json_type(irl_json_at(node, 0)) == IRL_JSON_OBJECT) {
    for (int i = 0; i < irl_json_length(node) && irl_json_ok(node.doc); i++) {
      change_parse(task, irl_json_at(node, i), k);
    }
  } else {
    change_all(task, node, k);
  }
}

//---------------------------------- Disabling -----------------------------------------------------

// MuJoCo leaves out actuators by group. Takes a group that no other actuator is in.
static void disable_actuators(irl_task* task, irl_jnode node, const int* ids, int n) {
  mjModel* m = task->model;
  unsigned used = 0;
  for (int i = 0; i < (int)m->nactuator; i++) {
    const int group = m->actuator_group[i];
    used |= group >= 0 && group < 31 ? 1u << group : 0;
  }
  int group = 30;
  while (group >= 0 && (used & 1u << group) != 0) {
    group--;
  }
  if (group < 0) {
    irl_json_refuse(node, IRL_EUNSUPPORTED,
                    "every actuator group is in use; free one of 0 to 30 in the MJCF");
    return;
  }
  for (int i = 0; i < n; i++) {
    m->actuator_group[ids[i]] = group;
  }
  m->opt.disableactuator |= (int)(1u << group);
}

// A joint is locked by dry friction that nothing here overcomes, made as stiff as MuJoCo allows: a
// soft one creeps under load. Coordinates stay, so observations keep their size.
static void lock_joints(irl_task* task, const int* ids, int n) {
  static const double no_torque_reaches = 1e6;  // [N m] or [N]
  mjModel* m = task->model;
  for (int i = 0; i < n; i++) {
    const int first = m->jnt_dofadr[ids[i]];
    for (int k = first; k < first + irl_joint_nv(m, ids[i]); k++) {
      m->dof_frictionloss[k] = no_torque_reaches;
      m->dof_solimp[mjNIMP * k] = mjMAXIMP;
      m->dof_solimp[mjNIMP * k + 1] = mjMAXIMP;
    }
  }
}

static void disable_parse(irl_task* task, irl_jnode node) {
  static const char* const keys[] = {"actuator", "joint"};
  static const int types[] = {mjOBJ_ACTUATOR, mjOBJ_JOINT};
  int given = 0;
  for (int i = 0; i < 2 && irl_json_ok(node.doc); i++) {
    irl_jnode names = irl_json_get_opt(node, keys[i]);
    int* ids = NULL;
    if (names.item == NULL) {
      continue;
    }
    const int n = irl_objects_parse(&ids, names, task->model, types[i]);
    given += n;
    if (n > 0 && i == 0) {
      disable_actuators(task, names, ids, n);
    } else if (n > 0) {
      lock_joints(task, ids, n);
    }
    irl_free(ids);
  }
  if (irl_json_ok(node.doc) && given == 0 && irl_json_nkeys(node) == 0) {
    irl_json_refuse(node, IRL_EPARSE, "disables nothing; give \"actuator\" or \"joint\"");
  }
}

//---------------------------------- Models --------------------------------------------------------

bool irl_domain_attach(irl_domain_rows* rows, const irl_task* task, mjBatch* batch) {
  const irl_domain* d = &task->domain;
  *rows = (irl_domain_rows){.constants = false};
  for (int i = 0; i < d->ntargets; i++) {
    const int f = d->target[i].field;
    if (rows->row[f] == NULL) {
      rows->row[f] = mjb_expand(batch, fields[f].name, &rows->size[f], NULL);
      rows->constants |= fields[f].constants;
    }
    if (rows->row[f] == NULL) {
      return false;
    }
  }
  return true;
}

// Multiplies what the list names in a simulation's row; factor: by the targets' numbers.
static void scale_row(const irl_task* task, const irl_domain_rows* rows, int sim,
                      const double* factor) {
  const irl_domain* d = &task->domain;
  for (int i = 0; i < d->ntargets; i++) {
    const irl_domain_target* t = &d->target[i];
    rows->row[t->field][(size_t)sim * (size_t)rows->size[t->field] + (size_t)t->at] *=
        factor[t->factor];
  }
}

// Each row from the task's own model again.
static void restore_row(const irl_task* task, const irl_domain_rows* rows, int sim) {
  for (int f = 0; f < IRL_DOMAIN_FIELDS; f++) {
    if (rows->row[f] != NULL) {
      const size_t n = (size_t)rows->size[f];
      memcpy(rows->row[f] + (size_t)sim * n, field_of(task->model, f), n * sizeof(double));
    }
  }
}

bool irl_domain_settle(const irl_domain_rows* rows, mjBatch* batch, const int* ids, int n) {
  return !rows->constants || mjb_setConst(batch, ids, n) == 0;
}

// Every factor takes its place in the stream, a fixed one too.
void irl_domain_draw(const irl_task* task, irl_rng* rng, double* world) {
  const irl_domain* d = &task->domain;
  for (int k = 0, j = 0; k < d->nfactors; k++) {
    const irl_domain_factor* f = &d->factor[k];
    const double drawn = f->lo + (f->hi - f->lo) * irl_rng_uniform(rng);
    if (f->lo < f->hi) {
      world[j++] = drawn;
    }
  }
}

void irl_domain_put(const irl_task* task, const irl_domain_rows* rows, int sim,
                    const double* world) {
  restore_row(task, rows, sim);
  if (world != NULL) {
    scale_row(task, rows, sim, world);
  }
}

irl_task_factor irl_task_world_factor(const irl_task* task, int i) {
  const irl_domain_factor* f = task->domain.factor;
  for (int left = i; f->lo == f->hi || left-- > 0; f++) {
  }
  return (irl_task_factor){f->name, f->lo, f->hi};
}

// Puts the fixed factors into the task's model and leaves the random ones in the list. A batch of
// one simulation does it, as it does for each trajectory, and traps what MuJoCo raises.
static void apply_fixed(irl_task* task, irl_jnode node) {
  irl_domain* d = &task->domain;
  double* factor = IRL_NEW(double, d->nfactors + 1);
  char why[300] = "";
  mjBatchConfig config;
  mjb_defaultConfig(&config);
  config.nthread = 1;
  mjBatch* batch = mjb_makeBatch(task->model, 1, &config, why, (int)sizeof why);
  irl_domain_rows rows;
  for (int k = 0; factor != NULL && k < d->nfactors; k++) {
    factor[k] = d->factor[k].lo < d->factor[k].hi ? 1 : d->factor[k].lo;
  }
  if (factor == NULL || batch == NULL || !irl_domain_attach(&rows, task, batch)) {
    irl_json_refuse(node, IRL_ESIM, "the model cannot be changed (%s); use a smaller one", why);
  } else {
    scale_row(task, &rows, 0, factor);
    if (irl_domain_settle(&rows, batch, NULL, 0)) {
      mjb_getModel(batch, 0, task->model);
    } else {
      irl_json_refuse(node, IRL_ESIM, "MuJoCo refuses the changed model (%s); change it less",
                      mjb_error(batch, 0));
    }
  }
  mjb_deleteBatch(batch);
  irl_free(factor);
}

// What is left to be drawn: targets of random factors, by their numbers among those. Factors stand
// in the order of their targets.
static void keep_random(irl_domain* d) {
  int n = 0;
  for (int i = 0, k = 0, before = 0; i < d->ntargets; i++) {
    const int factor = d->target[i].factor;
    for (; k < factor; k++) {
      before += d->factor[k].lo < d->factor[k].hi;
    }
    if (d->factor[factor].lo < d->factor[factor].hi) {
      d->target[n] = d->target[i];
      d->target[n++].factor = before;
    }
  }
  d->ntargets = n;
}

void irl_domain_parse(irl_task* task, irl_jnode root) {
  irl_jnode node = irl_json_get_opt(root, "domain");
  if (node.item == NULL) {
    return;
  }
  for (int i = 0; i < NKINDS && irl_json_ok(root.doc); i++) {
    irl_jnode change = irl_json_get_opt(node, kinds[i].key);
    if (change.item != NULL) {
      changes_parse(task, change, &kinds[i]);
    }
  }
  irl_jnode disable = irl_json_get_opt(node, "disable");
  if (irl_json_ok(root.doc) && disable.item != NULL) {
    disable_parse(task, disable);
  }
  if (irl_json_ok(root.doc) && task->domain.ntargets > 0) {
    apply_fixed(task, node);
    keep_random(&task->domain);
    task->info.nworld = task->domain.nworld;
  }
  if (irl_json_ok(root.doc) && task->info.nworld > IRL_TASK_WORLD_MAX) {
    irl_json_refuse(node, IRL_ERANGE,
                    "draws %d factors for each trajectory; name fewer objects, at most %d factors "
                    "can be kept",
                    task->info.nworld, IRL_TASK_WORLD_MAX);
  }
}

void irl_domain_free(irl_task* task) {
  irl_free(task->domain.factor);
  irl_free(task->domain.target);
}
