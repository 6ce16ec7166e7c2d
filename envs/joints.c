// Which observations tell of an actuator's joint.
#include "envs/task_internal.h"

static bool reads(const irl_channel* c, int source, int index) {
  return c->source == source && c->index == index && c->minus == IRL_SOURCE_CONSTANT &&
         c->memory < 0 && c->transform == IRL_IDENTITY;
}

static int find(const irl_task* task, int source, int index) {
  for (int i = 0; i < task->info.nx; i++) {
    if (reads(&task->channel[i], source, index)) {
      return i;
    }
  }
  return -1;
}

bool irl_task_joint_of(const irl_task* task, int actuator, irl_joint_view* view) {
  const mjModel* m = task->model;
  const int joint = m->actuator_trnid[2 * actuator];
  if (m->actuator_trntype[actuator] != mjTRN_JOINT || joint < 0 ||
      (m->jnt_type[joint] != mjJNT_HINGE && m->jnt_type[joint] != mjJNT_SLIDE)) {
    return false;
  }
  *view = (irl_joint_view){.position = find(task, IRL_SOURCE_QPOS, m->jnt_qposadr[joint]),
                           .velocity = find(task, IRL_SOURCE_QVEL, m->jnt_dofadr[joint]),
                           .gear = m->actuator_gear[6 * actuator]};
  return view->gear != 0;
}
