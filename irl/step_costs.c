#include <string.h>

#include "irl/stationary_internal.h"

// Σ over constant terms is taken off where it was paid: an episode that ended by the task's rule
// had its last step paid as an unhealthy one.
static void reward_costs(const void* arg, const irl_batch* b, double* c) {
  const irl_reward_steps* r = arg;
  const double paid = r->alive ? 0 : irl_task_constant_reward(r->task, true);
  const double last = r->alive ? 0 : irl_task_constant_reward(r->task, false);
  for (int i = 0; i < b->n; i++) {
    const double* reward = b->reward + (long)i * b->horizon;
    double* row = c + (long)i * b->horizon;
    memset(row, 0, (size_t)b->horizon * sizeof *row);
    for (int t = 0; t < b->length[i]; t++) {
      const bool ended = b->terminated[i] && t == b->length[i] - 1;
      row[t] = (ended ? last : paid) - reward[t];
    }
  }
}

irl_step_costs irl_reward_step_costs(const irl_reward_steps* arg) {
  return (irl_step_costs){reward_costs, arg};
}

static void learned_costs(const void* arg, const irl_batch* b, double* c) {
  const irl_learned_steps* l = arg;
  for (int i = 0; i < b->n; i++) {
    double* row = c + (long)i * b->horizon;
    memset(row, 0, (size_t)b->horizon * sizeof *row);
    for (int t = 0; t < b->length[i]; t += l->capacity) {
      const int n = b->length[i] - t < l->capacity ? b->length[i] - t : l->capacity;
      irl_cost_rows_resize(l->rows, n);
      irl_cost_rows_set(l->rows, l->cost, 0, n, irl_batch_x(b, i, t), irl_batch_u(b, i, t));
      irl_cost_forward(l->cost, l->rows, l->pool, l->c);
      for (int k = 0; k < n; k++) {
        row[t + k] = l->c[k];
      }
    }
  }
}

irl_step_costs irl_learned_step_costs(const irl_learned_steps* arg) {
  return (irl_step_costs){learned_costs, arg};
}
