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

// MuJoCo sorts the boxes of all geoms in every step, even where no two may touch, and walks over
// all joints and tendons for a dry friction that none has.
mjModel irl_model_lean(const mjModel* m) {
  mjModel lean = *m;
  if (!may_collide(m)) {
    lean.opt.disableflags |= mjDSBL_CONTACT;
  }
  if (all_zero(m->dof_frictionloss, m->nv) && all_zero(m->tendon_frictionloss, m->ntendon)) {
    lean.opt.disableflags |= mjDSBL_FRICTIONLOSS;
  }
  return lean;
}
