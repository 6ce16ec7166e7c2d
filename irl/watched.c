#include "irl/watched_internal.h"

// Trajectories first to first + n − 1, which stay the batch's.
static irl_batch part_of(const irl_batch* b, int first, int n) {
  irl_batch part = *b;
  part.n = n;
  part.x = irl_batch_x(b, first, 0);
  part.u = irl_batch_u(b, first, 0);
  part.z = irl_batch_z(b, first, 0);
  part.reward = b->reward + (long)first * b->horizon;
  part.logq = b->logq + (long)first * b->horizon;
  part.state = irl_batch_state(b, first, 0);
  part.world = b->world != NULL ? b->world + (long)first * b->nworld : NULL;
  part.length = b->length + first;
  part.condition = b->condition + first;
  part.valid = b->valid + first;
  part.terminated = b->terminated + first;
  part.success = b->success + first;
  return part;
}

// The same of what is given by trajectory.
static irl_rollout part_of_rollout(const irl_rollout* r, const irl_task_info* t, int first) {
  irl_rollout part = *r;
  part.first = r->first + first;
  part.number = r->number != NULL ? r->number + first : NULL;
  part.own_policy = r->own_policy != NULL ? r->own_policy + first : NULL;
  part.start_state = r->start_state != NULL ? r->start_state + (long)first * t->nstate : NULL;
  part.world = r->world != NULL ? r->world + (long)first * t->nworld : NULL;
  return part;
}

irl_err irl_watched_rollout(irl_env* env, const irl_rollout* rollout, irl_batch* batch,
                            const irl_host* host, int64_t* env_steps, int* ninvalid,
                            irl_errinfo* info) {
  const int most = IRL_WATCHED_EACH * irl_env_nthread(env);
  const irl_task_info* task = irl_task_get(irl_env_task(env));
  int all = 0;
  for (int first = 0; first < batch->n; first += most) {
    const int n = batch->n - first < most ? batch->n - first : most;
    irl_batch part = part_of(batch, first, n);
    const irl_rollout own = part_of_rollout(rollout, task, first);
    int invalid = 0;
    if (irl_host_stop(host)) {
      return IRL_ECANCELED;
    }
    IRL_TRY(irl_env_rollout(env, &own, &part, env_steps, &invalid, info));
    batch->has_reward = part.has_reward;
    all += invalid;
  }
  if (ninvalid != NULL) {
    *ninvalid = all;
  }
  return IRL_OK;
}
