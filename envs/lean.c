// What a simulation may leave out without changing a bit of its results.
#include "envs/task_internal.h"

// Whether two geoms that could move against each other pass the masks of bit `bit`: one's contype
// and the other's conaffinity have it. Geoms of bodies welded together never collide. Among all
// geoms with the bit in either mask, such a pair exists where both masks occur and the geoms are
// not all of one weld: this needs no pairs.
static bool bit_collides(const mjModel* m, int bit) {
  bool type = false, affinity = false, several = false;
  int weld = -1;
  for (int g = 0; g < m->ngeom; g++) {
    const bool t = ((unsigned)m->geom_contype[g] >> bit & 1u) != 0;
    const bool a = ((unsigned)m->geom_conaffinity[g] >> bit & 1u) != 0;
    if (t || a) {
      const int w = m->body_weldid[m->geom_bodyid[g]];
      several |= weld >= 0 && w != weld;
      weld = w;
      type |= t;
      affinity |= a;
    }
  }
  return type && affinity && several;
}

static bool may_collide(const mjModel* m) {
  if (m->npair > 0 || m->nflex > 0) {
    return true;
  }
  for (int bit = 0; bit < 32; bit++) {
    if (bit_collides(m, bit)) {
      return true;
    }
  }
  return false;
}

static bool all_zero(const mjtNum* x, mjtSize n) {
  for (mjtSize i = 0; i < n; i++) {
    if (x[i] != 0) {
      return false;
    }
  }
  return true;
}

static bool has_dry_friction(const mjModel* m) {
  return !all_zero(m->dof_frictionloss, m->nv) || !all_zero(m->tendon_frictionloss, m->ntendon);
}

// Whether a constraint of any kind could ever become active.
static bool may_constrain(const mjModel* m) {
  bool limited = false;
  for (int i = 0; i < m->njnt; i++) {
    limited |= m->jnt_limited[i] != 0;
  }
  for (int i = 0; i < m->ntendon; i++) {
    limited |= m->tendon_limited[i] != 0;
  }
  return limited || m->neq > 0 || has_dry_friction(m) || may_collide(m);
}

// Whether springs, dampers, a fluid, gravity compensation or foreign code push anything.
static bool has_passive_forces(const mjModel* m) {
  const bool joints =
      !all_zero(m->jnt_stiffness, m->njnt) || !all_zero(m->jnt_stiffnesspoly, m->njnt * mjNPOLY) ||
      !all_zero(m->dof_damping, m->nv) || !all_zero(m->dof_dampingpoly, m->nv * mjNPOLY);
  const bool tendons = !all_zero(m->tendon_stiffness, m->ntendon) ||
                       !all_zero(m->tendon_stiffnesspoly, m->ntendon * mjNPOLY) ||
                       !all_zero(m->tendon_damping, m->ntendon) ||
                       !all_zero(m->tendon_dampingpoly, m->ntendon * mjNPOLY);
  const bool actuators = !all_zero(m->actuator_damping, m->nactuator) ||
                         !all_zero(m->actuator_dampingpoly, m->nactuator * mjNPOLY);
  const bool fluid = m->opt.density != 0 || m->opt.viscosity != 0;
  return joints || tendons || actuators || fluid || m->flg_gravcomp || m->flg_adhesion ||
         m->flg_surfacevel || m->nflex > 0 || m->nplugin > 0 || mjcb_passive != NULL;
}

// MuJoCo sorts the boxes of all geoms in every step, even where no two may touch, and walks over
// all joints and tendons for dry friction, springs and dampers that none has.
mjModel irl_model_lean(const mjModel* m) {
  mjModel lean = *m;
  int* off = &lean.opt.disableflags;
  *off |= may_constrain(m) ? 0 : mjDSBL_CONSTRAINT;
  *off |= may_collide(m) ? 0 : mjDSBL_CONTACT;
  *off |= has_dry_friction(m) ? 0 : mjDSBL_FRICTIONLOSS;
  *off |= has_passive_forces(m) ? 0 : mjDSBL_SPRING | mjDSBL_DAMPER;
  *off |= m->nsensor > 0 || m->nplugin > 0 ? 0 : mjDSBL_SENSOR;
  return lean;
}

// Sensors may stand at a camera; what plugins look at is not known.
bool irl_model_needs_cameras(const mjModel* m) {
  for (int i = 0; i < m->nsensor; i++) {
    if (m->sensor_objtype[i] == mjOBJ_CAMERA || m->sensor_reftype[i] == mjOBJ_CAMERA) {
      return true;
    }
  }
  return m->nplugin > 0 || mjcb_sensor != NULL || mjcb_control != NULL || mjcb_passive != NULL;
}
