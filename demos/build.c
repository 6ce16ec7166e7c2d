// The contents of main_data.hdf5: one array, two names (docs/demos.md).
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "demos/demos_internal.h"
#include "demos/store_internal.h"

enum { GYM_TYPE = 2, SMALL_MODEL = 1 << 16 };  // robomimic's EnvType.GYM_TYPE; bytes

// What is written of one trajectory, and room for what is computed for it.
typedef struct builder {
  irl_h5w* file;
  const irl_task* task;
  const irl_task_info* t;
  const irl_batch* batch;
  const irl_demos_meta* meta;
  double* action;   // (T, nu)
  int64_t* done;    // (T)
  uint8_t* ending;  // (T)
  bool alone;       // robomimic's view only: its arrays have no other name
} builder;

//---------------------------------- Checks --------------------------------------------------------

// The batch must be one of this task: what is written beside it would otherwise describe another.
static irl_err check_sizes(const irl_task* task, const irl_batch* b, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  if (t->nu == 0) {
    return irl_fail(
        info, IRL_EUNSUPPORTED,
        "demonstrations: task %s has no actuators, so there is nothing to demonstrate; use "
        "a model with actuators",
        t->name);
  }
  if (b->nx != t->nx || b->nu != t->nu) {
    return irl_fail(
        info, IRL_EDIM,
        "demonstrations: %d observation and %d action entries do not fit task %s with %d "
        "and %d; use the task they were made with",
        b->nx, b->nu, t->name, t->nx, t->nu);
  }
  if (b->nworld != 0 && b->nworld != t->nworld) {
    return irl_fail(info, IRL_EDIM,
                    "demonstrations: worlds of %d factors do not fit task %s, which draws %d; use "
                    "the task they were made with",
                    b->nworld, t->name, t->nworld);
  }
  if (b->nstate != 0 && b->nstate != t->nstate) {
    return irl_fail(
        info, IRL_EDIM,
        "demonstrations: %d state entries do not fit task %s with %d; use the task they "
        "were made with",
        b->nstate, t->name, t->nstate);
  }
  return IRL_OK;
}

static bool all_finite(const double* data, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (!isfinite(data[i])) {
      return false;
    }
  }
  return true;
}

// Name of the first array of a trajectory that is not finite, or NULL.
static const char* not_finite(const irl_batch* b, int i) {
  int64_t T = b->length[i], first = (int64_t)i * b->horizon;
  if (!all_finite(irl_batch_x(b, i, 0), (T + 1) * b->nx)) {
    return "observations";
  }
  if (!all_finite(irl_batch_u(b, i, 0), T * b->nu)) {
    return "actions";
  }
  if (!all_finite(b->reward + first, T)) {
    return "rewards";
  }
  if (!all_finite(b->logq + first, T)) {
    return "log-densities";
  }
  if (b->nz > 0 && !all_finite(irl_batch_z(b, i, 0), T * b->nz)) {
    return "residuals";
  }
  bool states = b->nstate == 0 || all_finite(irl_batch_state(b, i, 0), (T + 1) * b->nstate);
  return states ? NULL : "states";
}

// Readers may rely on finite numbers and on at least one episode with at least one step.
static irl_err check_values(const irl_batch* b, irl_errinfo* info) {
  int kept = 0;
  for (int i = 0; i < b->n; i++) {
    if (!b->valid[i]) {
      continue;
    }
    kept++;
    if (b->length[i] < 1 || b->length[i] > b->horizon || b->condition[i] < 0) {
      return irl_fail(
          info, IRL_EDIM,
          "demonstration %d: length %d or condition %d is out of range; it cannot be kept", i,
          b->length[i], b->condition[i]);
    }
    const char* bad = not_finite(b, i);
    if (bad) {
      return irl_fail(info, IRL_ENUM,
                      "demonstration %d: its %s are not finite; leave the trajectory out", i, bad);
    }
  }
  return kept > 0
             ? IRL_OK
             : irl_fail(info, IRL_ENUM,
                        "demonstrations: no valid trajectory to save; every one of %d diverged",
                        b->n);
}

//---------------------------------- Actions -------------------------------------------------------

// The actions that the simulator saw, (length, nu) into k->action.
static void clip_actions(const builder* k, int i) {
  const double *low = irl_task_action_low(k->task), *high = irl_task_action_high(k->task);
  const double* u = irl_batch_u(k->batch, i, 0);
  int nu = k->batch->nu;
  for (int e = 0; e < k->batch->length[i] * nu; e++) {
    k->action[e] = fmin(fmax(u[e], low[e % nu]), high[e % nu]);
  }
}

// An applied action on robomimic's scale, [-1, 1] over its range; unbounded ones stay as they are.
static double scale_action(double applied, double low, double high) {
  bool plain = low == -1 && high == 1;
  if (plain || !isfinite(low) || !isfinite(high)) {
    return applied;
  }
  double scaled = high > low ? (applied - low) / (high - low) * 2 - 1 : 0;
  return fmin(fmax(scaled, -1), 1);
}

// The same on robomimic's scale, in place.
static void scale_actions(const builder* k, int i) {
  const double *low = irl_task_action_low(k->task), *high = irl_task_action_high(k->task);
  int nu = k->batch->nu;
  for (int e = 0; e < k->batch->length[i] * nu; e++) {
    k->action[e] = scale_action(k->action[e], low[e % nu], high[e % nu]);
  }
}

//---------------------------------- Episodes ------------------------------------------------------

// Which facts are written of a trajectory.
static int facts_of(const builder* k, int i) {
  if (k->meta->facts) {
    return k->meta->facts[i] & (k->meta->seed ? ~0 : ~IRL_DEMO_SEED);
  }
  return IRL_DEMO_CONDITION | (k->meta->seed ? IRL_DEMO_SEED : 0) |
         (k->t->has_success ? IRL_DEMO_SUCCESS : 0);
}

// A text of a trajectory, unless it is empty or missing.
static void put_text(const builder* k, const char* name, const char* const* texts, int i) {
  if (texts && texts[i] && *texts[i]) {
    irl_h5w_attr_text(k->file, name, texts[i]);
  }
}

// Attributes that mean nothing for this task or batch are left out, not written as zero.
static void put_episode_attributes(const builder* k, int i, int number) {
  const irl_batch* b = k->batch;
  const int facts = facts_of(k, i);
  irl_h5w_attr_int(k->file, "id", number);
  irl_h5w_attr_int(k->file, "total_steps", b->length[i]);
  if (facts & IRL_DEMO_CONDITION) {
    irl_h5w_attr_int(k->file, "condition", b->condition[i]);
  }
  if (facts & IRL_DEMO_SEED) {
    irl_h5w_attr_uint(k->file, "seed", k->meta->seed[i]);
  }
  if (facts & IRL_DEMO_SUCCESS) {
    irl_h5w_attr_flag(k->file, "success", b->success[i]);
  }
  if (facts & IRL_DEMO_INCOMPLETE) {
    irl_h5w_attr_flag(k->file, "incomplete", true);
  }
  if (b->has_reward) {
    irl_h5w_attr_number(k->file, "rewards_sum", irl_batch_return(b, i));
  }
  if (irl_batch_world(b, i)) {
    irl_h5w_attr_numbers(k->file, "world", irl_batch_world(b, i), b->nworld);
  }
  put_text(k, "label", k->meta->label, i);
  put_text(k, "recording", k->meta->recording, i);
}

// A flag that is set at the last step or nowhere.
static void put_ending(const builder* k, const char* name, int length, bool ends) {
  memset(k->ending, 0, (size_t)length);
  k->ending[length - 1] = ends;
  irl_h5w_flags(k->file, name, k->ending, length);
}

// Minari's view: /episode_<number>.
static void put_episode(const builder* k, int i, int number) {
  const irl_batch* b = k->batch;
  int T = b->length[i];
  char path[64];
  snprintf(path, sizeof path, "/episode_%d", number);
  irl_h5w_group(k->file, path);
  put_episode_attributes(k, i, number);
  irl_h5w_numbers(k->file, "observations", irl_batch_x(b, i, 0), T + 1, b->nx);
  irl_h5w_numbers(k->file, "actions", irl_batch_u(b, i, 0), T, b->nu);
  irl_h5w_numbers(k->file, "rewards", b->reward + (int64_t)i * b->horizon, T, 0);
  put_ending(k, "terminations", T, b->terminated[i]);
  put_ending(k, "truncations", T, !b->terminated[i]);
  irl_h5w_subgroup(k->file, "infos");
  clip_actions(k, i);
  irl_h5w_numbers(k->file, "infos/applied_actions", k->action, T, b->nu);
  if (!k->meta->no_logq) {
    irl_h5w_numbers(k->file, "infos/action_log_probs", b->logq + (int64_t)i * b->horizon, T, 0);
  }
  if (b->nz > 0) {
    irl_h5w_numbers(k->file, "infos/residuals", irl_batch_z(b, i, 0), T, b->nz);
  }
  if (b->nstate > 0) {
    irl_h5w_numbers(k->file, "infos/state", irl_batch_state(b, i, 0), T + 1, b->nstate);
  }
}

// What robomimic's view otherwise shares with Minari's.
static void put_own_arrays(const builder* k, int i) {
  const irl_batch* b = k->batch;
  int T = b->length[i];
  irl_h5w_numbers(k->file, "obs/flat", irl_batch_x(b, i, 0), T + 1, b->nx);
  if (b->has_reward) {
    irl_h5w_numbers(k->file, "rewards", b->reward + (int64_t)i * b->horizon, T, 0);
  }
  if (b->nstate > 0) {
    irl_h5w_numbers(k->file, "states", irl_batch_state(b, i, 0), T + 1, b->nstate);
  }
}

// robomimic's view: /data/demo_<number>, the same arrays through hard links to the episode before.
// Its own are next_obs (one row later), dones (numbers) and actions (applied, scaled); k->action
// holds the applied ones.
static void put_demo(const builder* k, int i, int number) {
  const irl_batch* b = k->batch;
  int T = b->length[i];
  char path[64];
  snprintf(path, sizeof path, "/data/demo_%d", number);
  irl_h5w_group(k->file, path);
  irl_h5w_attr_int(k->file, "num_samples", T);
  if (strlen(irl_task_mjcf(k->task)) < SMALL_MODEL) {
    irl_h5w_attr_text(k->file, "model_file", irl_task_mjcf(k->task));
  }
  if (k->alone) {
    put_episode_attributes(k, i, number);
    clip_actions(k, i);
  }
  scale_actions(k, i);
  irl_h5w_numbers(k->file, "actions", k->action, T, b->nu);
  memset(k->done, 0, (size_t)T * sizeof *k->done);
  k->done[T - 1] = 1;
  irl_h5w_ints(k->file, "dones", k->done, T);
  irl_h5w_subgroup(k->file, "obs");
  irl_h5w_subgroup(k->file, "next_obs");
  irl_h5w_numbers(k->file, "next_obs/flat", irl_batch_x(b, i, 1), T, b->nx);
  if (k->alone) {
    put_own_arrays(k, i);
    return;
  }
  irl_h5w_link(k->file, "observations", "obs/flat");
  irl_h5w_link(k->file, "rewards", "rewards");
  if (b->nstate > 0) {
    irl_h5w_link(k->file, "infos/state", "states");
  }
}

//---------------------------------- File ----------------------------------------------------------

// Names and sizes of the parts of a state row: MuJoCo's own bit masks change with its version.
static void put_state_parts(const builder* k) {
  int count;
  const irl_state_part* parts = irl_task_state_parts(k->task, &count);
  irl_jout out;
  irl_jout_init(&out, false);
  irl_jout_open(&out, '[');
  for (int i = 0; i < count; i++) {
    irl_jout_open(&out, '{');
    irl_jout_key_string(&out, "name", parts[i].name);
    irl_jout_key_int(&out, "offset", parts[i].offset);
    irl_jout_key_int(&out, "size", parts[i].size);
    irl_jout_close(&out);
  }
  irl_jout_close(&out);
  if (out.failed) {
    k->file->failed = true;
  } else {
    irl_h5w_text(k->file, "state_parts", out.text);
  }
  irl_jout_fini(&out);
}

// What the numbers of an episode's world multiply.
static void put_world_factors(const builder* k) {
  irl_jout out;
  irl_jout_init(&out, false);
  irl_jout_open(&out, '[');
  for (int i = 0; i < k->t->nworld; i++) {
    const irl_task_factor f = irl_task_world_factor(k->task, i);
    irl_jout_open(&out, '{');
    irl_jout_key_string(&out, "name", f.name);
    irl_jout_key_number(&out, "low", f.lo);
    irl_jout_key_number(&out, "high", f.hi);
    irl_jout_close(&out);
  }
  irl_jout_close(&out);
  if (out.failed) {
    k->file->failed = true;
  } else {
    irl_h5w_text(k->file, "world_factors", out.text);
  }
  irl_jout_fini(&out);
}

// What belongs to the file as a whole: /mjirl.
static void put_origin(const builder* k) {
  char platform[512];
  irl_h5w_group(k->file, "/mjirl");
  irl_h5w_attr_int(k->file, "format", IRL_DEMOS_FORMAT);
  irl_h5w_attr_text(k->file, "task", k->t->name);
  irl_h5w_attr_flag(k->file, "has_reward", k->batch->has_reward);
  if (k->meta->no_action) {
    irl_h5w_attr_flag(k->file, "has_action", false);
  }
  irl_h5w_text(k->file, "task.json", irl_task_json(k->task));
  irl_h5w_text(k->file, "model.xml", irl_task_mjcf(k->task));
  irl_demos_platform(platform, sizeof platform);
  const char* recorded = k->meta->platform ? k->meta->platform : platform;
  if (*recorded) {
    irl_h5w_text(k->file, "platform", recorded);
  }
  if (k->batch->nstate > 0) {
    put_state_parts(k);
  }
  if (k->batch->nworld > 0) {
    put_world_factors(k);
  }
}

// The head of robomimic's view. Its code reads "type", its manual says "env_type": both are there.
static void put_data(const builder* k, int64_t steps) {
  irl_h5w_group(k->file, "/data");
  irl_h5w_attr_int(k->file, "total", steps);
  irl_jout out;
  irl_jout_init(&out, false);
  irl_jout_open(&out, '{');
  irl_jout_key_string(&out, "env_name", k->t->name);
  irl_jout_key_int(&out, "type", GYM_TYPE);
  irl_jout_key_int(&out, "env_type", GYM_TYPE);
  irl_jout_key(&out, "env_kwargs");
  irl_jout_open(&out, '{');
  irl_jout_close(&out);
  irl_jout_close(&out);
  if (out.failed) {
    k->file->failed = true;
  } else {
    irl_h5w_attr_text(k->file, "env_args", out.text);
  }
  irl_jout_fini(&out);
}

// robomimic's filter keys: names of demonstrations, in the order of the file.
static irl_err put_mask(const builder* k, const char* name, uint8_t wanted) {
  enum { NAME = 16 };
  const irl_batch* b = k->batch;
  char* names = irl_calloc((size_t)b->n, NAME);
  int count = 0, number = 0;
  if (!names) {
    return IRL_ENOMEM;
  }
  for (int i = 0; i < b->n; i++) {
    if (b->valid[i] && k->meta->mask[i] == wanted) {
      snprintf(names + (ptrdiff_t)NAME * count++, NAME, "demo_%d", number);
    }
    number += b->valid[i] != 0;
  }
  irl_h5w_names(k->file, name, names, NAME, count);
  irl_free(names);
  return IRL_OK;
}

static irl_err put_masks(const builder* k) {
  if (!k->meta->mask) {
    return IRL_OK;
  }
  irl_h5w_group(k->file, "/mask");
  IRL_TRY(put_mask(k, "train", IRL_DEMOS_TRAIN));
  return put_mask(k, "valid", IRL_DEMOS_VALID);
}

// Invalid trajectories are not counted, as they are not written.
static void count_totals(irl_demos_totals* totals, const irl_batch* b) {
  *totals = (irl_demos_totals){0};
  for (int i = 0; i < b->n; i++) {
    totals->episodes += b->valid[i] != 0;
    totals->steps += b->valid[i] ? b->length[i] : 0;
  }
}

// Episodes are numbered without gaps, which Minari needs, whatever was left out before them.
static void put_all(const builder* k, int64_t steps) {
  if (!k->alone) {
    put_origin(k);
  }
  put_data(k, steps);
  int number = 0;
  for (int i = 0; i < k->batch->n; i++) {
    if (k->batch->valid[i]) {
      if (!k->alone) {
        put_episode(k, i, number);
      }
      put_demo(k, i, number++);
    }
  }
}

irl_err irl_demos_build_view(const char* path, irl_demos_totals* totals, const irl_task* task,
                             const irl_batch* batch, const irl_demos_meta* meta, bool alone,
                             irl_errinfo* info) {
  IRL_TRY(check_sizes(task, batch, info));
  IRL_TRY(check_values(batch, info));
  size_t T = (size_t)batch->horizon;
  irl_h5w file;
  builder k = {.file = &file,
               .task = task,
               .t = irl_task_get(task),
               .batch = batch,
               .meta = meta,
               .alone = alone};
  k.action = irl_calloc(T * (size_t)batch->nu, sizeof *k.action);
  k.done = irl_calloc(T, sizeof *k.done);
  k.ending = irl_calloc(T, 1);
  irl_err err = IRL_OK;
  if (k.action && k.done && k.ending) {
    count_totals(totals, batch);
    irl_h5w_open(&file, path);
    put_all(&k, totals->steps);
    file.failed |= put_masks(&k) != IRL_OK;
    err = irl_h5w_finish(&file, &totals->bytes, info);
  } else {
    err = irl_fail(info, IRL_ENOMEM, "%s: no memory for an episode; free some", path);
  }
  irl_free(k.action);
  irl_free(k.done);
  irl_free(k.ending);
  return err;
}

irl_err irl_demos_build(const char* path, irl_demos_totals* totals, const irl_task* task,
                        const irl_batch* batch, const irl_demos_meta* meta, irl_errinfo* info) {
  IRL_TRY(irl_demos_build_view(path, totals, task, batch, meta, false, info));
  return irl_demos_file_crc(path, &totals->crc32c, info);
}
