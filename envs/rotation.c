// Differences in tangent space: the difference of two quaternions is a rotation, three numbers that
// are 0 where they agree, not four that are not.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "envs/task_internal.h"

// Whether four channels from here on are a quaternion, of qpos or of a body.
static bool is_quat(const irl_task* task, const irl_channel* c) {
  const mjModel* m = task->model;
  for (int j = 0; c->source == IRL_SOURCE_QPOS && j < (int)m->njnt; j++) {
    const int type = m->jnt_type[j], at = m->jnt_qposadr[j];
    if ((type == mjJNT_BALL && c->index == at) || (type == mjJNT_FREE && c->index == at + 3)) {
      return true;
    }
  }
  return c->source == IRL_SOURCE_QUAT && c->index % 4 == 0;
}

// The reference of an entry without "minus": the model's own pose, no rotation for bodies.
static void subtract_pose(irl_task* task, irl_jnode node, irl_group group) {
  double* constant = IRL_NEW(double, task->nconstant + group.n);
  if (constant == NULL) {
    irl_json_refuse(node, IRL_ENOMEM, "out of memory; list fewer entries");
    return;
  }
  memcpy(constant, task->constant, (size_t)task->nconstant * sizeof *constant);
  for (int i = 0; i < group.n; i++) {
    irl_channel* c = &task->channel[group.first + i];
    constant[task->nconstant] =
        c->source == IRL_SOURCE_QPOS ? task->model->qpos0[c->index] : c->index % 4 == 0;
    c->minus = IRL_SOURCE_CONSTANT;
    c->minus_index = task->nconstant++;
  }
  irl_free(task->constant);
  task->constant = constant;
}

// Makes three channels of the four at `from`, and puts them at `to`.
static bool rotation(irl_task* task, irl_jnode node, int from, int to) {
  irl_tangent* more = IRL_NEW(irl_tangent, task->ntangent + 1);
  if (more == NULL) {
    irl_json_refuse(node, IRL_ENOMEM, "out of memory; list fewer entries");
    return false;
  }
  const irl_channel c = task->channel[from];
  if (c.minus == IRL_SOURCE_CONSTANT && mju_norm(task->constant + c.minus_index, 4) < mjMINVAL) {
    irl_json_refuse(node, IRL_ERANGE, "takes a rotation from four zeros; give a unit quaternion");
  }
  if (c.minus == IRL_SOURCE_CONSTANT) {
    mju_normalize4(task->constant + c.minus_index);
  }
  if (task->ntangent > 0) {
    memcpy(more, task->tangent, (size_t)task->ntangent * sizeof *more);
  }
  irl_free(task->tangent);
  task->tangent = more;
  more[task->ntangent] = (irl_tangent){c.source, c.index, c.minus, c.minus_index};
  for (int i = 0; i < 3; i++) {
    char label[IRL_LABEL];
    snprintf(label, sizeof label, "turn %.60s", task->label[from + i]);
    task->channel[to + i] = (irl_channel){.source = IRL_SOURCE_TANGENT,
                                          .index = 3 * task->ntangent + i,
                                          .memory = -1,
                                          .lo = -HUGE_VAL,
                                          .hi = HUGE_VAL};
    memcpy(task->label[to + i], label, sizeof label);
  }
  task->ntangent++;
  return true;
}

void irl_rotation_parse(irl_task* task, irl_jnode node, irl_group* group, bool has_minus) {
  const int source = task->channel[group->first].source;
  if (source != IRL_SOURCE_QPOS && source != IRL_SOURCE_QUAT) {
    irl_json_refuse(node, IRL_EUNSUPPORTED, "\"tangent\" goes with qpos and quat; leave it out");
    return;
  }
  if (!has_minus) {
    subtract_pose(task, node, *group);
  }
  int to = group->first, from = group->first;
  const int end = group->first + group->n;
  while (from < end && irl_json_ok(node.doc)) {
    const irl_channel* c = &task->channel[from];
    const bool quat = is_quat(task, c);
    if (quat && c[3].minus_index != c->minus_index + 3) {
      irl_json_refuse(node, IRL_EDIM, "takes something else from a quaternion; give four numbers");
    } else if (quat && !rotation(task, node, from, to)) {
      return;
    } else if (!quat) {
      task->channel[to] = *c;
      memmove(task->label[to], task->label[from], IRL_LABEL);
    }
    from += quat ? 4 : 1;
    to += quat ? 3 : 1;
  }
  group->n = to - group->first;
  task->nchannel = to;
}
