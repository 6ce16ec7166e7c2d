// What a model lets a person do with it: its actuators' kinds, its hand.
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "viewer/teleop_internal.h"

//---------------------------------- Names ---------------------------------------------------------

static bool contains(const char* name, const char* part) {
  const size_t n = strlen(part);
  for (; *name != '\0'; name++) {
    size_t i = 0;
    while (i < n && tolower((unsigned char)name[i]) == part[i]) {
      i++;
    }
    if (i == n) {
      return true;
    }
  }
  return false;
}

static bool named(const mjModel* m, int type, int id, const char* const* parts) {
  const char* name = id < 0 ? NULL : mj_id2name(m, type, id);
  for (; name != NULL && *parts != NULL; parts++) {
    if (contains(name, *parts)) {
      return true;
    }
  }
  return false;
}

//---------------------------------- Actuators -----------------------------------------------------

static bool is_gripper(const mjModel* m, int a) {
  static const char* const parts[] = {"grip", "finger", "jaw", NULL};
  const int target = m->actuator_trnid[2 * a];
  const int trn = m->actuator_trntype[a];
  const bool joint = trn == mjTRN_JOINT || trn == mjTRN_JOINTINPARENT;
  return named(m, mjOBJ_ACTUATOR, a, parts) || (joint && named(m, mjOBJ_JOINT, target, parts)) ||
         (trn == mjTRN_TENDON && named(m, mjOBJ_TENDON, target, parts));
}

static bool one_to_one(const mjModel* m, int a) {
  const int trn = m->actuator_trntype[a], gain = m->actuator_gaintype[a];
  return m->actuator_ctrlnum[a] == 1 && m->actuator_outnum[a] == 1 && trn != mjTRN_BODY &&
         (gain == mjGAIN_FIXED || gain == mjGAIN_AFFINE || gain == mjGAIN_MUSCLE) &&
         m->actuator_dyntype[a] != mjDYN_USER && m->actuator_dyntype[a] != mjDYN_DCMOTOR &&
         m->actuator_dyntype[a] != mjDYN_PID;
}

static irl_drive_kind kind_of(const mjModel* m, int a) {
  const double* gain = m->actuator_gainprm + a * mjNGAIN;
  const double* bias = m->actuator_biasprm + a * mjNBIAS;
  if (!one_to_one(m, a)) {
    return IRL_DRIVE_NONE;
  }
  const bool affine = m->actuator_gaintype[a] == mjGAIN_FIXED && gain[0] != 0 &&
                      m->actuator_biastype[a] == mjBIAS_AFFINE;
  if (m->actuator_dyntype[a] == mjDYN_INTEGRATOR) {
    return affine && bias[1] != 0 ? IRL_DRIVE_VELOCITY : IRL_DRIVE_NONE;
  }
  if (affine && bias[1] != 0) {
    return IRL_DRIVE_POSITION;
  }
  if (affine && fabs(gain[0] + bias[2]) < 1e-6 * fabs(gain[0])) {
    return IRL_DRIVE_VELOCITY;
  }
  return IRL_DRIVE_FORCE;
}

// The ends of a gripper: a servo begins at the end that is nearer to its length.
static void study_gripper(irl_drive* drive, const mjModel* m, const mjData* d) {
  const double* gain = m->actuator_gainprm + drive->actuator * mjNGAIN;
  const double* bias = m->actuator_biasprm + drive->actuator * mjNBIAS;
  drive->first = drive->high;
  drive->second = drive->low;
  if (drive->kind == IRL_DRIVE_POSITION) {
    const double now = (-bias[0] - bias[1] * d->actuator_length[drive->out]) / gain[0];
    if (fabs(now - drive->low) < fabs(now - drive->high)) {
      drive->first = drive->low;
      drive->second = drive->high;
    }
  }
  drive->kind = IRL_DRIVE_GRIPPER;
}

void irl_drives_study(irl_drive* drive, const irl_task* task, const mjData* d) {
  const mjModel* m = irl_task_model(task);
  const double* low = irl_task_action_low(task);
  const double* high = irl_task_action_high(task);
  int arms = 0;
  for (int a = 0; a < m->nactuator; a++) {
    const irl_drive_kind kind = kind_of(m, a);
    arms += kind != IRL_DRIVE_NONE && !is_gripper(m, a);
    for (int k = 0; k < m->actuator_ctrlnum[a]; k++) {
      const int c = m->actuator_ctrladr[a] + k;
      drive[c] = (irl_drive){.kind = kind,
                             .actuator = a,
                             .out = m->actuator_outadr[a],
                             .servo = kind == IRL_DRIVE_POSITION,
                             .low = isfinite(low[c]) ? low[c] : -1,
                             .high = isfinite(high[c]) ? high[c] : 1};
    }
  }
  for (int c = 0; c < m->nu && arms > 0; c++) {
    if (m->actuator_ctrlnum[drive[c].actuator] == 1 && is_gripper(m, drive[c].actuator)) {
      study_gripper(&drive[c], m, d);
    }
  }
}

void irl_drives_mark(const irl_drive* drive, int nu, const mjModel* m, const mjData* d,
                     bool* actuated) {
  memset(actuated, 0, (size_t)m->nv * sizeof *actuated);
  for (int c = 0; c < nu; c++) {
    if (drive[c].kind == IRL_DRIVE_NONE || drive[c].kind == IRL_DRIVE_GRIPPER) {
      continue;
    }
    const int row = d->moment_rowadr[drive[c].out];
    for (int k = 0; k < d->moment_rownnz[drive[c].out]; k++) {
      actuated[d->moment_colind[row + k]] |= d->actuator_moment[row + k] != 0;
    }
  }
}

//---------------------------------- The hand ------------------------------------------------------

// Actuated degrees of freedom between the world and a body.
static int chain_joints(const mjModel* m, const bool* actuated, int body) {
  int n = 0;
  for (int b = body; b > 0; b = m->body_parentid[b]) {
    for (int k = 0; k < m->body_dofnum[b]; k++) {
      n += actuated[m->body_dofadr[b] + k];
    }
  }
  return n;
}

static int depth(const mjModel* m, int body) {
  int n = 0;
  for (int b = body; b > 0; b = m->body_parentid[b]) {
    n++;
  }
  return n;
}

static const char* const hand_words[] = {"hand", "tip", "tool",    "tcp",
                                         "end_", "ee_", "gripper", NULL};

// Bodies on longer chains first, then named ones, then deeper ones.
static int choose_body(const mjModel* m, const bool* actuated) {
  int best = -1, best_score = 0;
  for (int b = 1; b < m->nbody; b++) {
    const int joints = chain_joints(m, actuated, b);
    const int score = 10000 * joints + 1000 * named(m, mjOBJ_BODY, b, hand_words) + depth(m, b);
    if (joints > 0 && score > best_score) {
      best = b;
      best_score = score;
    }
  }
  return best;
}

// A named site on as long a chain as the body's is a better hand than the body itself.
static bool choose_site(irl_teleop_info* info, const mjModel* m, const bool* actuated) {
  for (int s = 0; s < m->nsite; s++) {
    const int b = m->site_bodyid[s];
    if (named(m, mjOBJ_SITE, s, hand_words) && chain_joints(m, actuated, b) == info->joints) {
      info->hand = b;
      memcpy(info->point, m->site_pos + 3 * s, sizeof info->point);
      return true;
    }
  }
  return false;
}

// The point of a body's geoms that is farthest from its origin, which is at its joint: centres, and
// the ends of long ones.
static void farthest_point(const mjModel* m, int body, double point[3]) {
  double best = -1;
  for (int k = 0; k < m->body_geomnum[body]; k++) {
    const int g = m->body_geomadr[body] + k;
    const bool stick = m->geom_type[g] == mjGEOM_CAPSULE || m->geom_type[g] == mjGEOM_CYLINDER;
    for (int end = -1; end <= 1; end++) {
      double along[3] = {0, 0, stick ? end * m->geom_size[3 * g + 1] : 0}, p[3];
      mju_rotVecQuat(p, along, m->geom_quat + 4 * g);
      mju_addTo3(p, m->geom_pos + 3 * g);
      if (mju_norm3(p) > best + 1e-9) {
        best = mju_norm3(p);
        memcpy(point, p, sizeof p);
      }
    }
  }
}

// The plane that all joints of the hand's chain keep it in, if there is one.
static bool find_plane(const mjModel* m, const mjData* d, const bool* actuated, int hand,
                       double normal[3]) {
  bool any = false;
  for (int pass = 0; pass < 2; pass++) {  // hinges say the plane, then slides must lie in it
    for (int b = hand; b > 0; b = m->body_parentid[b]) {
      for (int k = 0; k < m->body_jntnum[b]; k++) {
        const int j = m->body_jntadr[b] + k;
        const double* axis = d->xaxis + 3 * j;
        if (!actuated[m->jnt_dofadr[j]]) {
          continue;
        }
        if (m->jnt_type[j] == mjJNT_BALL || m->jnt_type[j] == mjJNT_FREE) {
          return false;
        }
        const double along = fabs(mju_dot3(axis, normal));
        if (pass == 0 && m->jnt_type[j] == mjJNT_HINGE) {
          if (any && along < 1 - 1e-6) {
            return false;
          }
          memcpy(normal, axis, 3 * sizeof *normal);
          any = true;
        } else if (pass == 1 && m->jnt_type[j] == mjJNT_SLIDE && any && along > 1e-6) {
          return false;
        }
      }
    }
  }
  return any;
}

// How far the hand is from the first actuated joint of its chain, along the links.
static double chain_reach(const mjModel* m, const bool* actuated, const irl_teleop_info* info) {
  double reach = mju_norm3(info->point);
  for (int b = info->hand; b > 0 && chain_joints(m, actuated, m->body_parentid[b]) > 0;
       b = m->body_parentid[b]) {
    reach += mju_norm3(m->body_pos + 3 * b);
  }
  for (int b = info->hand; b > 0; b = m->body_parentid[b]) {
    for (int k = 0; k < m->body_jntnum[b]; k++) {
      const int j = m->body_jntadr[b] + k;
      if (m->jnt_type[j] == mjJNT_SLIDE && actuated[m->jnt_dofadr[j]] && m->jnt_limited[j]) {
        reach = fmax(reach, m->jnt_range[2 * j + 1] - m->jnt_range[2 * j]);
      }
    }
  }
  return reach > 0 ? reach : m->stat.extent;
}

void irl_hand_study(irl_teleop_info* info, const mjModel* m, const mjData* d,
                    const bool* actuated) {
  info->hand = choose_body(m, actuated);
  info->reach = m->stat.extent;
  if (info->hand < 0) {
    return;
  }
  info->joints = chain_joints(m, actuated, info->hand);
  if (!choose_site(info, m, actuated)) {
    farthest_point(m, info->hand, info->point);
  }
  info->reach = chain_reach(m, actuated, info);
  info->planar = find_plane(m, d, actuated, info->hand, info->normal);
}
