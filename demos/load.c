// Reading a dataset in two passes: first every size, which decides the memory, then every number.
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "demos/demos_internal.h"
#include "demos/guard.h"
#include "demos/journal.h"
#include "demos/store_internal.h"

#define MAX_BYTES ((int64_t)8 << 30)  // of declared arrays; a damaged size must not take all memory

// The arrays of an episode, in the order of the enum. Missing optional ones must be missing in all.
typedef struct part {
  const char* name;
  bool required;
  int extra_rows;  // beyond the control steps
  int rank;
} part;
enum { OBSERVATIONS, ACTIONS, REWARDS, TERMINATIONS, STATE, LOGQ, APPLIED, RESIDUALS, NPARTS };
static const part PARTS[NPARTS] = {
    [OBSERVATIONS] = {"observations", true, 1, 2},
    [ACTIONS] = {"actions", true, 0, 2},
    [REWARDS] = {"rewards", false, 0, 1},
    [TERMINATIONS] = {"terminations", false, 0, 1},
    [STATE] = {"infos/state", false, 1, 2},
    [LOGQ] = {"infos/action_log_probs", false, 0, 1},
    [APPLIED] = {"infos/applied_actions", false, 0, 2},
    [RESIDUALS] = {"infos/residuals", false, 0, 2},
};

// What the first pass learns: widths of the parts (-1: absent) and the longest episode.
typedef struct layout {
  int n;
  int horizon;
  int cols[NPARTS];
  int nworld;  // factors of drawn worlds; episodes without them are fine
  int64_t bytes;
} layout;

typedef struct loader {
  irl_h5r* file;
  irl_demos* demos;
  double* terminations;  // (T)
  layout plan;
  bool lean;        // only what learning looks at
  bool conditions;  // all episodes measured so far have one
  irl_errinfo* info;
} loader;

static irl_err no_memory(const loader* l) {
  return irl_fail(l->info, IRL_ENOMEM, "%s: no memory for %" PRId64 " bytes of arrays; free some",
                  l->file->path, l->plan.bytes);
}

// Path of a part inside the file.
static void part_name(char out[128], int episode, int p) {
  snprintf(out, 128, "episode_%d/%s", episode, PARTS[p].name);
}

//---------------------------------- First pass: sizes ---------------------------------------------

// An episode is as long as its actions; observations and states have one row more.
static irl_err check_rows(loader* l, int episode, int p, const irl_h5_shape* s, int length) {
  char name[128];
  part_name(name, episode, p);
  if (!s->present && PARTS[p].required) {
    return irl_fail(l->info, IRL_EPARSE,
                    "%s: %s is missing; remove the episode or restore the file", l->file->path,
                    name);
  }
  if (s->present && s->rank != PARTS[p].rank) {
    return irl_fail(l->info, IRL_EDIM, "%s: %s has %d dimensions, not %d; flatten it",
                    l->file->path, name, s->rank, PARTS[p].rank);
  }
  if (s->present && s->rows != length + PARTS[p].extra_rows) {
    return irl_fail(l->info, IRL_EDIM, "%s: %s has %d rows, but %d actions ask for %d; repair it",
                    l->file->path, name, s->rows, length, length + PARTS[p].extra_rows);
  }
  return IRL_OK;
}

// All episodes must agree on a part's width and on whether it is there.
static irl_err check_cols(loader* l, int episode, int p, const irl_h5_shape* s) {
  int cols = s->present ? s->cols : -1;
  if (episode == 0) {
    l->plan.cols[p] = cols;
  }
  if (cols == l->plan.cols[p] && cols != 0) {
    return IRL_OK;
  }
  char name[128];
  part_name(name, episode, p);
  if (cols < 0 || l->plan.cols[p] < 0) {
    return irl_fail(l->info, IRL_EDIM,
                    "%s: %s is %s, unlike in episode_0; keep such episodes apart", l->file->path,
                    name, cols < 0 ? "missing" : "there");
  }
  return irl_fail(l->info, IRL_EDIM, "%s: %s has %d columns, not %d; keep such episodes apart",
                  l->file->path, name, cols, cols == 0 ? 1 : l->plan.cols[p]);
}

// Sizes of one episode; nothing of it is read yet.
static irl_err measure_episode(loader* l, int episode) {
  irl_h5_shape shapes[NPARTS];
  char name[128];
  for (int p = 0; p < NPARTS; p++) {
    part_name(name, episode, p);
    IRL_TRY(irl_h5r_shape(l->file, name, &shapes[p]));
  }
  int length = shapes[ACTIONS].rows;
  IRL_TRY(check_rows(l, episode, ACTIONS, &shapes[ACTIONS], length));  // the others follow them
  if (length == 0) {
    return irl_fail(l->info, IRL_EDIM, "%s: episode_%d has no steps; remove it", l->file->path,
                    episode);
  }
  for (int p = 0; p < NPARTS; p++) {
    IRL_TRY(check_rows(l, episode, p, &shapes[p], length));
    IRL_TRY(check_cols(l, episode, p, &shapes[p]));
  }
  l->plan.horizon = length > l->plan.horizon ? length : l->plan.horizon;
  return irl_demos_measure_world(l->file, episode, &l->plan.nworld);
}

// Bytes of the batch: short episodes are padded to the longest, so this is what memory must hold.
static irl_err check_bytes(loader* l) {
  int64_t per_step = 0;
  for (int p = 0; p < NPARTS; p++) {
    per_step += l->plan.cols[p] > 0 ? l->plan.cols[p] : 0;
  }
  int64_t rows = (int64_t)l->plan.n * ((int64_t)l->plan.horizon + 1);
  if (rows > MAX_BYTES / 8 / (per_step + l->plan.nworld)) {
    return irl_fail(l->info, IRL_ERANGE,
                    "%s: %d episodes of up to %d steps with %" PRId64
                    " numbers each pass 8 GiB; split the dataset",
                    l->file->path, l->plan.n, l->plan.horizon, per_step);
  }
  l->plan.bytes = rows * per_step * 8;
  return IRL_OK;
}

// Counts the episodes and compares with metadata.json (expected, -1: it does not say).
static irl_err count_episodes(loader* l, int expected) {
  IRL_TRY(irl_h5r_count(l->file, "episode_", &l->plan.n));
  bool other = false;
  if (l->plan.n == 0) {
    IRL_TRY(irl_h5r_find(l->file, "data", &other));
    const char* what = other ? "holds /data (robomimic) but no /episode_0" : "holds no /episode_0";
    return irl_fail(l->info, IRL_EUNSUPPORTED,
                    "%s: %s; give a Minari dataset with HDF5 data (docs/demos.md)", l->file->path,
                    what);
  }
  if (expected >= 0 && expected != l->plan.n) {
    return irl_fail(l->info, IRL_EDIM,
                    "%s: holds %d episodes, but metadata.json says %d; restore both files",
                    l->file->path, l->plan.n, expected);
  }
  return IRL_OK;
}

// Sizes of an episode that must be there.
static irl_err measure_next(loader* l, int episode) {
  char name[32];
  bool present;
  snprintf(name, sizeof name, "episode_%d", episode);
  IRL_TRY(irl_h5r_find(l->file, name, &present));
  if (!present) {
    return irl_fail(l->info, IRL_EPARSE,
                    "%s: %s is missing among %d episodes; number them from 0 without gaps",
                    l->file->path, name, l->plan.n);
  }
  return measure_episode(l, episode);
}

// Whether an episode says its condition.
static irl_err find_condition(loader* l, int episode) {
  char name[32];
  int64_t condition;
  bool present;
  snprintf(name, sizeof name, "episode_%d", episode);
  IRL_TRY(irl_h5r_attr_int(l->file, name, "condition", &condition, &present));
  l->conditions &= present;
  return IRL_OK;
}

// A part that the file may have is passed over; returns the width that it has there.
static int leave_out(loader* l, int p) {
  int cols = l->plan.cols[p];
  l->plan.cols[p] = -1;
  return cols > 0 ? cols : 0;
}

// The first pass. States are the largest part of a file; learning asks for them only where the
// condition of an episode is to be found by its first one.
static irl_err measure(loader* l, int expected) {
  IRL_TRY(count_episodes(l, expected));
  l->conditions = true;
  for (int i = 0; i < l->plan.n; i++) {
    IRL_TRY(measure_next(l, i));
    if (l->lean) {
      IRL_TRY(find_condition(l, i));
    }
  }
  if (l->lean) {
    (void)leave_out(l, APPLIED);
    l->demos->left_nz = leave_out(l, RESIDUALS);
    l->demos->left_nstate = l->conditions ? leave_out(l, STATE) : 0;
  }
  return check_bytes(l);
}

//---------------------------------- Second pass: values -------------------------------------------

// All memory of the dataset; irl_demos_destroy frees it, also when only some of it is there.
static irl_err allocate(loader* l) {
  irl_demos* d = l->demos;
  const int* cols = l->plan.cols;
  size_t n = (size_t)l->plan.n, steps = n * (size_t)l->plan.horizon;
  irl_err err = irl_batch_create(&d->batch, l->plan.n, l->plan.horizon, cols[OBSERVATIONS],
                                 cols[ACTIONS], cols[RESIDUALS] > 0 ? cols[RESIDUALS] : 0,
                                 cols[STATE] > 0 ? cols[STATE] : 0);
  err = err ? err : irl_batch_add_worlds(&d->batch, l->plan.nworld);
  d->seed = IRL_NEW(uint64_t, n);
  d->facts = IRL_NEW(uint8_t, n);
  d->label = IRL_NEW(char*, n);
  d->recording = IRL_NEW(char*, n);
  l->terminations = IRL_NEW(double, l->plan.horizon);
  if (cols[APPLIED] > 0) {
    d->applied = irl_calloc(steps * (size_t)cols[APPLIED], sizeof(double));
  }
  bool good = !err && d->seed && d->facts && d->label && d->recording && l->terminations &&
              (cols[APPLIED] < 0 || d->applied);
  return good ? IRL_OK : no_memory(l);
}

// Where a part of an episode goes.
static double* part_target(const loader* l, int slot, int p) {
  irl_batch* b = &l->demos->batch;
  int64_t step = (int64_t)slot * b->horizon;
  double* const targets[NPARTS] = {
      [OBSERVATIONS] = irl_batch_x(b, slot, 0),
      [ACTIONS] = irl_batch_u(b, slot, 0),
      [REWARDS] = b->reward + step,
      [TERMINATIONS] = l->terminations,
      [STATE] = b->nstate > 0 ? irl_batch_state(b, slot, 0) : NULL,
      [LOGQ] = b->logq + step,
      [APPLIED] = l->demos->applied ? l->demos->applied + step * b->nu : NULL,
      [RESIDUALS] = b->nz > 0 ? irl_batch_z(b, slot, 0) : NULL,
  };
  return targets[p];
}

// Reads one array into its place in the batch and refuses numbers that are not finite.
static irl_err read_part(loader* l, int episode, int slot, int p, int length) {
  char name[128];
  part_name(name, episode, p);
  int rows = length + PARTS[p].extra_rows, cols = l->plan.cols[p];
  double* out = part_target(l, slot, p);
  IRL_TRY(irl_h5r_numbers(l->file, name, out, rows, cols));
  for (int64_t i = 0; i < (int64_t)rows * cols; i++) {
    if (!isfinite(out[i])) {
      return irl_fail(l->info, IRL_ENUM,
                      "%s: %s is not finite at row %" PRId64 "; remove the episode", l->file->path,
                      name, i / cols);
    }
  }
  return IRL_OK;
}

// An attribute that is a whole number within a range; absent leaves the value.
static irl_err read_attribute(loader* l, const char* name, const char* attribute, int64_t high,
                              int64_t* value, bool* present) {
  IRL_TRY(irl_h5r_attr_int(l->file, name, attribute, value, present));
  if (*present && (*value < 0 || *value > high)) {
    return irl_fail(l->info, IRL_ERANGE,
                    "%s: attribute %s of %s is %" PRId64 "; give 0 to %" PRId64, l->file->path,
                    attribute, name, *value, high);
  }
  return IRL_OK;
}

// A fact counts as known when every episode has it; condition 0 stands in until conditions are
// assigned by an episode's first state.
static irl_err read_attributes(loader* l, int episode, int slot) {
  irl_demos* d = l->demos;
  int64_t condition = 0, success = 0, incomplete = 0, steps = d->batch.length[slot];
  bool present, condition_there, success_there, seed_there;
  char name[32];
  snprintf(name, sizeof name, "episode_%d", episode);
  IRL_TRY(read_attribute(l, name, "total_steps", INT_MAX, &steps, &present));
  IRL_TRY(read_attribute(l, name, "condition", 65535, &condition, &condition_there));
  IRL_TRY(read_attribute(l, name, "success", 1, &success, &success_there));
  IRL_TRY(irl_h5r_attr_uint(l->file, name, "seed", &d->seed[slot], &seed_there));
  IRL_TRY(read_attribute(l, name, "incomplete", 1, &incomplete, &present));
  IRL_TRY(irl_h5r_attr_text(l->file, name, "label", &d->label[slot]));
  IRL_TRY(irl_h5r_attr_text(l->file, name, "recording", &d->recording[slot]));
  IRL_TRY(irl_demos_read_world(l->file, episode, &d->batch, slot));
  if (steps != d->batch.length[slot]) {
    return irl_fail(l->info, IRL_EDIM,
                    "%s: %s holds %d steps, but its total_steps says %" PRId64 "; restore the file",
                    l->file->path, name, d->batch.length[slot], steps);
  }
  d->batch.condition[slot] = (int)condition;
  d->batch.success[slot] = (uint8_t)success;
  d->facts[slot] =
      (uint8_t)((condition_there ? IRL_DEMO_CONDITION : 0) | (seed_there ? IRL_DEMO_SEED : 0) |
                (success_there ? IRL_DEMO_SUCCESS : 0) | (incomplete ? IRL_DEMO_INCOMPLETE : 0));
  d->has_condition &= condition_there;
  d->has_success &= success_there;
  d->has_seed &= seed_there;
  return IRL_OK;
}

// The second pass for one episode, into a row of the batch. Its length is read again, as only the
// longest was kept.
static irl_err read_episode(loader* l, int episode, int slot) {
  irl_batch* b = &l->demos->batch;
  char name[128];
  irl_h5_shape shape;
  part_name(name, episode, ACTIONS);
  IRL_TRY(irl_h5r_shape(l->file, name, &shape));
  b->length[slot] = shape.rows;
  for (int p = 0; p < NPARTS; p++) {
    if (l->plan.cols[p] > 0) {
      IRL_TRY(read_part(l, episode, slot, p, shape.rows));
    }
  }
  b->terminated[slot] = l->plan.cols[TERMINATIONS] > 0 && l->terminations[shape.rows - 1] != 0;
  return read_attributes(l, episode, slot);
}

//---------------------------------- The file's own ------------------------------------------------

// What /mjirl says: the task, the model, where it was recorded. Other programs' files have none.
static irl_err read_origin(loader* l) {
  irl_demos* d = l->demos;
  const struct {
    const char* name;
    char** text;
  } texts[] = {{"mjirl/task.json", &d->task_json},
               {"mjirl/model.xml", &d->mjcf},
               {"mjirl/platform", &d->platform},
               {"mjirl/state_parts", &d->state_parts}};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    IRL_TRY(irl_h5r_text(l->file, texts[i].name, texts[i].text));
  }
  bool ours, present;
  int64_t has_reward = 1, has_action = 1, format = IRL_DEMOS_FORMAT;
  IRL_TRY(irl_h5r_find(l->file, "mjirl", &ours));
  const char* place = ours ? "mjirl" : "/";
  IRL_TRY(irl_h5r_attr_text(l->file, place, ours ? "task" : "mjirl_task", &d->task_name));
  if (ours) {
    IRL_TRY(irl_h5r_attr_int(l->file, place, "format", &format, &present));
    IRL_TRY(irl_h5r_attr_int(l->file, place, "has_reward", &has_reward, &present));
    IRL_TRY(irl_h5r_attr_int(l->file, place, "has_action", &has_action, &present));
  }
  if (format != IRL_DEMOS_FORMAT) {
    return irl_fail(l->info, IRL_EUNSUPPORTED,
                    "%s: has format %" PRId64
                    ", this program reads format %d; use the program it "
                    "was made with",
                    l->file->path, format, IRL_DEMOS_FORMAT);
  }
  d->batch.has_reward = l->plan.cols[REWARDS] > 0 && has_reward != 0;
  d->has_action = has_action != 0;
  d->has_logq = l->plan.cols[LOGQ] > 0;
  return IRL_OK;
}

// One of robomimic's filter keys; names that are no episode of this file are passed over.
static irl_err read_mask(loader* l, const char* name, uint8_t value) {
  char** names;
  int count;
  bool present;
  irl_demos* d = l->demos;
  IRL_TRY(irl_h5r_find(l->file, name, &present));
  if (!present) {
    return IRL_OK;
  }
  IRL_TRY(irl_h5r_names(l->file, name, &names, &count));
  d->mask = d->mask ? d->mask : IRL_NEW(uint8_t, d->batch.n);
  for (int i = 0; d->mask && i < count; i++) {
    char* end = names[i];
    long episode = strncmp(names[i], "demo_", 5) ? -1 : strtol(names[i] + 5, &end, 10);
    if (end > names[i] + 5 && !*end && episode >= 0 && episode < d->batch.n) {
      d->mask[episode] = value;
    }
  }
  irl_h5_names_free(names);
  return d->mask ? IRL_OK : no_memory(l);
}

static irl_err read_masks(loader* l) {
  IRL_TRY(read_mask(l, "mask/train", IRL_DEMOS_TRAIN));
  return read_mask(l, "mask/valid", IRL_DEMOS_VALID);
}

static irl_err read_all(loader* l, int expected) {
  IRL_TRY(measure(l, expected));
  IRL_TRY(allocate(l));
  irl_demos* d = l->demos;
  d->has_condition = d->has_success = d->has_seed = true;
  for (int i = 0; i < l->plan.n; i++) {
    IRL_TRY(read_episode(l, i, i));
  }
  IRL_TRY(read_masks(l));
  return read_origin(l);
}

//---------------------------------- Faces ---------------------------------------------------------

// A file is ours if its checksum says so; others are for the helper first.
static irl_err check_file(const irl_demos_metadata* metadata, const char* path,
                          const irl_demos_access* access, irl_errinfo* info) {
  return metadata->has_crc ? irl_demos_check_crc(metadata, path, info)
                           : irl_demos_guard(path, access, info);
}

// What reading a file begins with: its metadata.json, its checksum or the helper, its opening. The
// checksum that the file was just found to have (NULL: none) is not computed again.
static irl_err begin(loader* l, irl_demos_metadata* metadata, const char* data_path,
                     const char* metadata_path, const irl_demos_access* access,
                     const uint32_t* found) {
  IRL_TRY(irl_demos_metadata_read(metadata, metadata_path, l->info));
  l->demos = IRL_NEW(irl_demos, 1);
  if (!l->demos) {
    irl_free(metadata->dataset_id);
    irl_free(metadata->algorithm);
    return irl_fail(l->info, IRL_ENOMEM, "%s: no memory to read it; free some", data_path);
  }
  l->demos->dataset_id = metadata->dataset_id;
  l->demos->algorithm = metadata->algorithm;
  l->demos->has_crc = metadata->has_crc;
  l->demos->crc32c = metadata->crc32c;
  const bool known = found && metadata->has_crc && *found == metadata->crc32c;
  IRL_TRY(known ? IRL_OK : check_file(metadata, data_path, access, l->info));
  return irl_h5r_open(l->file, data_path, l->info);
}

// irl_demos_destroy takes whatever had been put into the dataset.
static void finish(loader* l) {
  irl_h5r_close(l->file);
  irl_free(l->terminations);
  irl_demos_destroy(l->demos);
}

irl_err irl_demos_read(irl_demos** demos, const char* data_path, const char* metadata_path,
                       const irl_demos_access* access, irl_errinfo* info) {
  irl_demos_metadata metadata;
  irl_h5r file = {.file = -1};
  loader l = {.file = &file, .lean = access && access->lean, .info = info};
  *demos = NULL;
  irl_err err = begin(&l, &metadata, data_path, metadata_path, access, NULL);
  err = err ? err : read_all(&l, metadata.episodes);
  if (!err) {
    *demos = l.demos;
    l.demos = NULL;
  }
  finish(&l);
  return err;
}

// Frees what `allocate` took, or what stands of it.
static void release(loader* l) {
  irl_demos* d = l->demos;
  if (d->label && d->recording) {
    irl_free(d->label[0]);
    irl_free(d->recording[0]);
  }
  irl_free(d->label);
  irl_free(d->recording);
  irl_free(d->seed);
  irl_free(d->facts);
  irl_free(d->applied);
  irl_free(l->terminations);
  irl_batch_destroy(&d->batch);
  d->label = d->recording = NULL;
  d->seed = NULL;
  d->facts = NULL;
  d->applied = l->terminations = NULL;
}

// Memory for the episode that was measured last, if it is longer than those before.
static irl_err make_room(loader* l) {
  const int n = l->plan.n;
  const bool has_reward = l->demos->batch.has_reward;
  irl_err err = IRL_OK;
  if (l->plan.horizon > l->demos->batch.horizon || l->plan.nworld != l->demos->batch.nworld) {
    release(l);
    l->plan.n = 1;
    err = check_bytes(l);
    err = err ? err : allocate(l);
    l->plan.n = n;
    l->demos->batch.has_reward = has_reward;
  }
  return err;
}

// One pass: the sizes of an episode, then its numbers. Its texts go with the next one.
static irl_err scan_all(loader* l, int expected, irl_demos_seer see, void* user) {
  irl_demos* d = l->demos;
  IRL_TRY(count_episodes(l, expected));
  for (int i = 0; i < l->plan.n; i++) {
    IRL_TRY(measure_next(l, i));
    IRL_TRY(make_room(l));
    if (i == 0) {
      IRL_TRY(read_origin(l));
      d->has_condition = d->has_success = d->has_seed = true;
    }
    irl_free(d->label[0]);
    irl_free(d->recording[0]);
    d->label[0] = d->recording[0] = NULL;
    IRL_TRY(read_episode(l, i, 0));
    IRL_TRY(see(user, d, i));
  }
  return IRL_OK;
}

irl_err irl_demos_scan(const char* data_path, const char* metadata_path, const uint32_t* found,
                       irl_demos_seer see, void* user, irl_errinfo* info) {
  irl_demos_metadata metadata;
  irl_h5r file = {.file = -1};
  loader l = {.file = &file, .info = info};
  irl_err err = begin(&l, &metadata, data_path, metadata_path, NULL, found);
  err = err ? err : scan_all(&l, metadata.episodes, see, user);
  finish(&l);
  return err;
}

// The two files of a dataset given as its folder, its data folder, or the HDF5 file itself.
static bool find_files(const char* dir, char* data, char* metadata, size_t size) {
  char folder[IRL_DEMOS_PATH];
  if (irl_dir_exists(dir)) {
    bool fits = irl_path_join(folder, sizeof folder, dir, "data");
    if (fits && !irl_dir_exists(folder)) {
      fits = irl_path_join(folder, sizeof folder, dir, IRL_DEMOS_OLD);
    }
    if (!fits || !irl_dir_exists(folder)) {
      fits = snprintf(folder, sizeof folder, "%s", dir) < (int)sizeof folder;
    }
    return fits && irl_path_join(data, size, folder, IRL_DEMOS_DATA) &&
           irl_path_join(metadata, size, folder, IRL_DEMOS_METADATA);
  }
  const char* slash = strrchr(dir, '/');
  int length = slash ? (int)(slash - dir) : 1;
  return snprintf(data, size, "%s", dir) < (int)size &&
         snprintf(folder, sizeof folder, "%.*s", length, slash ? dir : ".") < (int)sizeof folder &&
         irl_path_join(metadata, size, folder, IRL_DEMOS_METADATA);
}

irl_err irl_demos_find(const char* dir, char* data, char* metadata, size_t size,
                       irl_errinfo* info) {
  if (!find_files(dir, data, metadata, size)) {
    return irl_fail(info, IRL_ERANGE, "dataset: the path is longer than %d bytes; shorten it",
                    IRL_DEMOS_PATH - 1);
  }
  IRL_TRY(irl_path_check_seen(data, info));
  if (!irl_file_exists(data) && irl_journal_waits(dir)) {
    return irl_fail(info, IRL_ENOENT,
                    "%s: its recording is not folded into a dataset yet; do so with `mjirl demos "
                    "fold %s`",
                    dir, dir);
  }
  if (!irl_file_exists(data)) {
    return irl_fail(info, IRL_ENOENT,
                    "%s: there is no dataset (%s); give a folder that mjirl or Minari wrote", dir,
                    data);
  }
  return IRL_OK;
}

irl_err irl_demos_load_with(irl_demos** demos, const char* dir, const irl_demos_access* access,
                            irl_errinfo* info) {
  char data[IRL_DEMOS_PATH], metadata[IRL_DEMOS_PATH];
  *demos = NULL;
  IRL_TRY(irl_demos_find(dir, data, metadata, sizeof data, info));
  return irl_demos_read(demos, data, metadata, access, info);
}

irl_err irl_demos_load(irl_demos** demos, const char* dir, irl_errinfo* info) {
  return irl_demos_load_with(demos, dir, NULL, info);
}

irl_err irl_demos_load_lean(irl_demos** demos, const char* dir, irl_errinfo* info) {
  return irl_demos_load_with(demos, dir, &(irl_demos_access){.lean = true}, info);
}

//---------------------------------- One episode at a time -----------------------------------------

struct irl_demos_stream {
  irl_h5r file;
  char path[IRL_DEMOS_PATH];
  irl_demos_metadata metadata;
  layout first;  // widths, from the first episode; n is the number of all
};

// The names are counted and the first episode's sizes taken; the others follow when they are read.
static irl_err open_stream(irl_demos_stream* s, const irl_demos_access* access, irl_errinfo* info) {
  if (!s->metadata.has_crc) {
    IRL_TRY(irl_demos_guard(s->path, access, info));
  }
  IRL_TRY(irl_h5r_open(&s->file, s->path, info));
  loader l = {.file = &s->file, .info = info};
  IRL_TRY(count_episodes(&l, s->metadata.episodes));
  IRL_TRY(measure_episode(&l, 0));
  s->first = l.plan;
  return IRL_OK;
}

irl_err irl_demos_open(irl_demos_stream** stream, const char* dir, const irl_demos_access* access,
                       irl_errinfo* info) {
  char metadata[IRL_DEMOS_PATH];
  *stream = NULL;
  irl_demos_stream* s = IRL_NEW(irl_demos_stream, 1);
  if (!s) {
    return irl_fail(info, IRL_ENOMEM, "%s: no memory to open it; free some", dir);
  }
  s->file.file = -1;
  irl_err err = irl_demos_find(dir, s->path, metadata, sizeof metadata, info);
  err = err ? err : irl_demos_metadata_read(&s->metadata, metadata, info);
  err = err ? err : open_stream(s, access, info);
  if (err) {
    irl_demos_close(s);
    return err;
  }
  *stream = s;
  return IRL_OK;
}

int irl_demos_stream_count(const irl_demos_stream* stream) {
  return stream->first.n;
}

void irl_demos_close(irl_demos_stream* stream) {
  if (stream) {
    irl_h5r_close(&stream->file);
    irl_free(stream->metadata.dataset_id);
    irl_free(stream->metadata.algorithm);
    irl_free(stream);
  }
}

// Sizes and numbers of one episode into a dataset of one.
static irl_err read_one(loader* l, int episode) {
  irl_demos* d = l->demos;
  d->has_condition = d->has_success = d->has_seed = true;
  l->plan.horizon = 0;
  IRL_TRY(measure_episode(l, episode));
  l->plan.n = 1;
  IRL_TRY(check_bytes(l));
  IRL_TRY(allocate(l));
  IRL_TRY(read_episode(l, episode, 0));
  return read_origin(l);
}

irl_err irl_demos_read_episode(irl_demos** demos, irl_demos_stream* stream, int episode,
                               irl_errinfo* info) {
  *demos = NULL;
  if (episode < 0 || episode >= stream->first.n) {
    return irl_fail(info, IRL_ERANGE, "%s: has no episode %d; give 0 to %d", stream->path, episode,
                    stream->first.n - 1);
  }
  loader l = {.file = &stream->file, .demos = IRL_NEW(irl_demos, 1), .info = info};
  l.file->info = info;
  l.plan = stream->first;
  irl_err err = l.demos ? read_one(&l, episode) : IRL_ENOMEM;
  if (!err) {
    l.demos->dataset_id = irl_demos_text(stream->metadata.dataset_id);
    l.demos->algorithm = irl_demos_text(stream->metadata.algorithm);
    err = l.demos->dataset_id && l.demos->algorithm ? IRL_OK : no_memory(&l);
  }
  irl_free(l.terminations);
  if (err) {
    irl_demos_destroy(l.demos);
    return err;
  }
  *demos = l.demos;
  return IRL_OK;
}
