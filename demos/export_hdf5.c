// Export to D4RL's flat HDF5 and to robomimic's, without our own parts.
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "demos/export_internal.h"
#include "demos/store_internal.h"

//---------------------------------- D4RL ----------------------------------------------------------

// width 0: one-dimensional
static void put_joined(irl_h5w* w, const char* name, const irl_batch* b, const double* data,
                       int stride, int width, irl_span span) {
  int rows;
  double* joined = irl_export_join(b, data, stride, width ? width : 1, span, &rows);
  w->failed |= !joined;
  if (joined) {
    irl_h5w_numbers(w, name, joined, rows, width);
  }
  irl_free(joined);
}

// Positions or velocities out of the states before each action.
static void put_state_part(irl_h5w* w, const char* name, const irl_batch* b,
                           const irl_state_part* part) {
  int rows, steps = irl_export_steps(b);
  double* all = irl_export_join(b, b->state, b->horizon + 1, b->nstate, IRL_SPAN_STEPS, &rows);
  double* some = all ? irl_calloc((size_t)steps * (size_t)part->size + 1, sizeof(double)) : NULL;
  w->failed |= !some;
  for (int64_t i = 0; some && i < rows; i++) {
    memcpy(some + i * part->size, all + i * b->nstate + part->offset,
           (size_t)part->size * sizeof *some);
  }
  if (some) {
    irl_h5w_numbers(w, name, some, rows, part->size);
  }
  irl_free(all);
  irl_free(some);
}

// A flag at the last step of each episode that ended in a way.
static void put_ends(irl_h5w* w, const char* name, const irl_batch* b, bool terminated) {
  int steps = irl_export_steps(b), at = 0;
  uint8_t* flags = steps == INT_MAX ? NULL : irl_calloc((size_t)steps + 1, 1);
  w->failed |= !flags;
  for (int i = 0; flags && i < b->n; i++) {
    at += b->length[i];
    flags[at - 1] = (b->terminated[i] != 0) == terminated;
  }
  if (flags) {
    irl_h5w_flags(w, name, flags, steps);
  }
  irl_free(flags);
}

static void put_infos(irl_h5w* w, const irl_demos* d, const irl_task* task) {
  const irl_batch* b = &d->batch;
  int count;
  const irl_state_part* parts = irl_task_state_parts(task, &count);
  irl_h5w_group(w, "/infos");
  if (d->has_logq) {
    put_joined(w, "action_log_probs", b, b->logq, b->horizon, 0, IRL_SPAN_STEPS);
  }
  for (int p = 0; b->nstate > 0 && p < count; p++) {
    if (!strcmp(parts[p].name, "qpos") || !strcmp(parts[p].name, "qvel")) {
      put_state_part(w, parts[p].name, b, &parts[p]);
    }
  }
  if (b->nstate > 0) {
    put_joined(w, "state", b, b->state, b->horizon + 1, b->nstate, IRL_SPAN_STEPS);
    put_joined(w, "next_state", b, b->state, b->horizon + 1, b->nstate, IRL_SPAN_NEXT);
  }
}

irl_err irl_export_d4rl(const char* path, size_t* size, const irl_demos* demos,
                        const irl_task* task, irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  irl_h5w w;
  irl_h5w_open(&w, path);
  irl_h5w_group(&w, "/");
  put_joined(&w, "observations", b, b->x, b->horizon + 1, b->nx, IRL_SPAN_STEPS);
  put_joined(&w, "next_observations", b, b->x, b->horizon + 1, b->nx, IRL_SPAN_NEXT);
  if (demos->has_action) {
    put_joined(&w, "actions", b, b->u, b->horizon, b->nu, IRL_SPAN_STEPS);
  }
  if (b->has_reward) {
    put_joined(&w, "rewards", b, b->reward, b->horizon, 0, IRL_SPAN_STEPS);
  }
  put_ends(&w, "terminals", b, true);
  put_ends(&w, "timeouts", b, false);
  put_infos(&w, demos, task);
  irl_h5w_group(&w, "/metadata");
  irl_h5w_text(&w, "algorithm", demos->algorithm[0] ? demos->algorithm : "unknown");
  return irl_h5w_finish(&w, size, info);
}

//---------------------------------- robomimic -----------------------------------------------------

// The file that irl_demos_save writes has robomimic's view in it; here it stands alone.
irl_err irl_export_robomimic(const char* path, size_t* size, const irl_demos* demos,
                             const irl_task* task, irl_errinfo* info) {
  irl_demos_totals totals = {0};
  const irl_demos_meta meta = {.seed = demos->seed,
                               .facts = demos->facts,
                               .label = (const char* const*)demos->label,
                               .mask = demos->mask};
  irl_err err = irl_demos_build_view(path, &totals, task, &demos->batch, &meta, true, info);
  *size = totals.bytes;
  return err;
}
