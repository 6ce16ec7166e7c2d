// Import from HDF5: Minari, robomimic, robosuite, D4RL. An array that is there but cannot be used
// is noted as lost and passed over; damage ends the import.
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "demos/import_internal.h"
#include "demos/store_internal.h"

typedef struct source {
  irl_h5r file;
  irl_raw* raw;
  bool told[RAW_NKINDS];  // a part's loss is reported once, not for each episode
} source;

typedef struct part_name {
  irl_raw_kind kind;
  const char* name;
} part_name;

//---------------------------------- Arrays --------------------------------------------------------

// Shape of an array that may be used; absent if it is none. The reason is reported once.
static irl_err usable_shape(source* s, irl_raw_kind kind, const char* name, irl_h5_shape* shape) {
  irl_errinfo why = {0};
  s->file.info = &why;
  irl_err err = irl_h5r_shape(&s->file, name, shape);
  s->file.info = s->raw->info;
  if (err != IRL_EUNSUPPORTED) {
    return err ? irl_fail(s->raw->info, err, "%s", why.text) : IRL_OK;
  }
  shape->present = false;
  if (!s->told[kind]) {
    s->told[kind] = true;
    irl_report_lost(s->raw->report, "%s: cannot be used: %s", name,
                    strstr(why.text, name) ? strstr(why.text, name) + strlen(name) + 1 : why.text);
  }
  return IRL_OK;
}

// An array of the file as it is; not there: data stays NULL.
static irl_err read_array(source* s, irl_raw_kind kind, const char* name, irl_raw_array* out) {
  irl_h5_shape shape;
  double* block;
  *out = (irl_raw_array){0};
  IRL_TRY(usable_shape(s, kind, name, &shape));
  if (!shape.present) {
    return IRL_OK;
  }
  IRL_TRY(irl_raw_block(s->raw, shape.rows, shape.cols, &block));
  if (shape.rows > 0) {
    IRL_TRY(irl_h5r_numbers(&s->file, name, block, shape.rows, shape.cols));
  }
  *out = (irl_raw_array){block, shape.rows, shape.cols};
  return IRL_OK;
}

// The parts of an episode that lie under a group.
static irl_err read_parts(source* s, irl_raw_episode* e, const char* group, const part_name* parts,
                          int n) {
  char name[256];
  for (int i = 0; i < n; i++) {
    snprintf(name, sizeof name, "%s/%s", group, parts[i].name);
    if (!e->part[parts[i].kind].data) {
      IRL_TRY(read_array(s, parts[i].kind, name, &e->part[parts[i].kind]));
    }
  }
  return IRL_OK;
}

// Whether the last entry of an array of flags is set; -1 where there is none.
static irl_err read_last(source* s, const char* group, const char* part, int* value) {
  char name[256];
  irl_raw_array flags;
  snprintf(name, sizeof name, "%s/%s", group, part);
  IRL_TRY(read_array(s, RAW_NKINDS - 1, name, &flags));
  bool there = flags.data && flags.rows > 0 && flags.cols == 1;
  *value = there ? flags.data[flags.rows - 1] != 0 : -1;
  return IRL_OK;
}

// Facts of an episode that are attributes of its group; a value out of range is as good as none.
static irl_err read_facts(source* s, irl_raw_episode* e, const char* group) {
  int64_t condition = -1, success = -1;
  bool present;
  IRL_TRY(irl_h5r_attr_int(&s->file, group, "condition", &condition, &present));
  IRL_TRY(irl_h5r_attr_int(&s->file, group, "success", &success, &present));
  IRL_TRY(irl_h5r_attr_uint(&s->file, group, "seed", &e->seed, &e->has_seed));
  IRL_TRY(irl_h5r_attr_text(&s->file, group, "label", &e->label));
  e->condition = condition;
  e->success = success < 0 || success > 1 ? -1 : (int)success;
  return IRL_OK;
}

//---------------------------------- Names of episodes ---------------------------------------------

// Names "<prefix><number>" sort by their number, so that demo_10 comes behind demo_9.
static int by_number(const void* a, const void* b) {
  const char *x = *(char*const*)a, *y = *(char*const*)b;
  long long i = strtoll(x + strcspn(x, "0123456789"), NULL, 10);
  long long j = strtoll(y + strcspn(y, "0123456789"), NULL, 10);
  return i != j ? (i > j) - (i < j) : strcmp(x, y);
}

// The members of a group that begin with a prefix and a digit, in the order of their numbers.
static irl_err list_episodes(source* s, const char* group, const char* prefix, char*** names,
                             int* n) {
  int count;
  size_t size = strlen(prefix);
  IRL_TRY(irl_h5r_members(&s->file, group, names, &count));
  *n = 0;
  for (int i = 0; i < count; i++) {
    char* name = (*names)[i];
    if (!strncmp(name, prefix, size) && name[size] >= '0' && name[size] <= '9') {
      (*names)[i] = (*names)[*n];
      (*names)[(*n)++] = name;
    }
  }
  qsort(*names, (size_t)*n, sizeof **names, by_number);
  return IRL_OK;
}

//---------------------------------- Minari --------------------------------------------------------

static irl_err read_minari_episode(source* s, irl_raw_episode* e, const char* group) {
  static const part_name parts[] = {{RAW_X, "observations"},
                                    {RAW_U, "actions"},
                                    {RAW_REWARD, "rewards"},
                                    {RAW_STATE, "infos/state"},
                                    {RAW_QPOS, "infos/qpos"},
                                    {RAW_QVEL, "infos/qvel"},
                                    {RAW_APPLIED, "infos/applied_actions"},
                                    {RAW_LOGQ, "infos/action_log_probs"},
                                    {RAW_Z, "infos/residuals"}};
  IRL_TRY(read_parts(s, e, group, parts, (int)(sizeof parts / sizeof parts[0])));
  IRL_TRY(read_last(s, group, "terminations", &e->terminated));
  return read_facts(s, e, group);
}

// A file of ours may say that its rewards or actions are stand-ins.
static irl_err drop_stand_ins(source* s) {
  int64_t has_reward = 1, has_action = 1;
  bool ours, present;
  IRL_TRY(irl_h5r_find(&s->file, "mjirl", &ours));
  if (ours) {
    IRL_TRY(irl_h5r_attr_int(&s->file, "mjirl", "has_reward", &has_reward, &present));
    IRL_TRY(irl_h5r_attr_int(&s->file, "mjirl", "has_action", &has_action, &present));
  }
  for (int i = 0; i < s->raw->n; i++) {
    irl_raw_array* part = s->raw->episode[i].part;
    if (!has_reward) {
      part[RAW_REWARD].data = NULL;
    }
    if (!has_action) {
      part[RAW_U].data = part[RAW_APPLIED].data = NULL;
    }
  }
  return IRL_OK;
}

//---------------------------------- robomimic and robosuite ---------------------------------------

// Observations by robomimic's keys: `flat` is ours; else a key that stands alone; else none, as the
// order of several is nobody's knowledge.
static irl_err read_obs(source* s, irl_raw_episode* e, const char* group) {
  char name[256], **keys;
  int n;
  snprintf(name, sizeof name, "%s/obs", group);
  IRL_TRY(irl_h5r_members(&s->file, name, &keys, &n));
  const char* key = n == 1 ? keys[0] : NULL;
  for (int i = 0; i < n; i++) {
    key = strcmp(keys[i], "flat") ? key : keys[i];
  }
  irl_err err = IRL_OK;
  if (key) {
    snprintf(name, sizeof name, "%s/obs/%.100s", group, key);
    err = read_array(s, RAW_X, name, &e->part[RAW_X]);
    snprintf(name, sizeof name, "%s/next_obs/%.100s", group, key);
    err = err ? err : read_array(s, RAW_NEXT_X, name, &e->part[RAW_NEXT_X]);
  } else if (n > 1 && !s->told[RAW_X]) {
    s->told[RAW_X] = true;
    irl_report_lost(s->raw->report,
                    "observations: are %d arrays under %s/obs whose order the file does not say", n,
                    group);
  }
  irl_h5_names_free(keys);
  return err;
}

static irl_err read_demo(source* s, irl_raw_episode* e, const char* group) {
  static const part_name parts[] = {
      {RAW_APPLIED, "actions"}, {RAW_REWARD, "rewards"}, {RAW_STATE, "states"}};
  IRL_TRY(read_obs(s, e, group));
  IRL_TRY(read_parts(s, e, group, parts, (int)(sizeof parts / sizeof parts[0])));
  IRL_TRY(read_facts(s, e, group));
  // dones are 1 at the end of each demonstration, whatever ended it.
  return IRL_OK;
}

// robomimic's filter keys.
static irl_err read_masks(source* s, char** episodes, int n) {
  static const char* const keys[] = {"mask/train", "mask/valid"};
  for (int k = 0; k < 2; k++) {
    char** names;
    int count;
    IRL_TRY(irl_h5r_names(&s->file, keys[k], &names, &count));
    s->raw->has_mask |= count > 0;
    for (int i = 0; i < count; i++) {
      char** found = bsearch(&names[i], episodes, (size_t)n, sizeof *episodes, by_number);
      if (found) {
        s->raw->episode[found - episodes].mask = k == 0 ? IRL_DEMOS_TRAIN : IRL_DEMOS_VALID;
      }
    }
    irl_h5_names_free(names);
  }
  return IRL_OK;
}

//---------------------------------- Episodes in groups --------------------------------------------

// Both families: groups "<prefix><number>" under one group.
static irl_err read_groups(source* s, bool minari) {
  char** names;
  int n;
  char group[64];
  irl_err err = list_episodes(s, minari ? "" : "data", minari ? "episode_" : "demo_", &names, &n);
  err = err ? err : irl_raw_init(s->raw, n);
  for (int i = 0; !err && i < n; i++) {
    snprintf(group, sizeof group, "%s%.40s", minari ? "" : "data/", names[i]);
    err = minari ? read_minari_episode(s, &s->raw->episode[i], group)
                 : read_demo(s, &s->raw->episode[i], group);
  }
  if (!err) {
    err = minari ? drop_stand_ins(s) : read_masks(s, names, n);
  }
  s->raw->unit_actions = !minari;
  irl_h5_names_free(names);
  return err;
}

//---------------------------------- D4RL ----------------------------------------------------------

enum { TERMINALS = RAW_NKINDS, TIMEOUTS, NFLAT };

// Where the episodes of a flat file end: behind a terminal or a timeout, and at the end of all.
static int count_ends(const irl_raw_array* flat, int rows, int* ends) {
  int n = 0;
  for (int t = 0; t < rows; t++) {
    bool end = t == rows - 1;
    for (int k = TERMINALS; k <= TIMEOUTS; k++) {
      end |= flat[k].data && flat[k].data[t] != 0;
    }
    if (end && ends) {
      ends[n] = t + 1;
    }
    n += end;
  }
  return n;
}

// The rows of all arrays must be as many, or they belong to different steps.
static irl_err check_flat(source* s, const irl_raw_array* flat, int* rows) {
  *rows = -1;
  for (int k = 0; k < NFLAT; k++) {
    if (flat[k].data && *rows >= 0 && flat[k].rows != *rows) {
      return irl_fail(
          s->raw->info, IRL_EDIM,
          "%s: its arrays have %d and %d rows, but belong to the same steps; repair the "
          "file",
          s->raw->path, *rows, flat[k].rows);
    }
    *rows = flat[k].data ? flat[k].rows : *rows;
  }
  if (*rows > 0) {
    return IRL_OK;
  }
  return irl_fail(s->raw->info, IRL_EPARSE, "%s: holds no steps; give another file", s->raw->path);
}

static irl_err cut_flat(source* s, const irl_raw_array* flat, int rows) {
  int n = count_ends(flat, rows, NULL), first = 0;
  int* ends = IRL_NEW(int, n);
  irl_err err = ends ? irl_raw_init(s->raw, n) : IRL_ENOMEM;
  if (ends) {
    count_ends(flat, rows, ends);
  }
  for (int i = 0; !err && i < n; i++) {
    irl_raw_episode* e = &s->raw->episode[i];
    for (int k = 0; k < RAW_NKINDS; k++) {
      if (flat[k].data) {
        e->part[k] = (irl_raw_array){flat[k].data + (int64_t)first * flat[k].cols, ends[i] - first,
                                     flat[k].cols};
      }
    }
    e->terminated = flat[TERMINALS].data ? flat[TERMINALS].data[ends[i] - 1] != 0 : -1;
    first = ends[i];
  }
  irl_free(ends);
  return err;
}

static irl_err read_flat(source* s) {
  static const char* const names[NFLAT] = {[RAW_X] = "observations",
                                           [RAW_NEXT_X] = "next_observations",
                                           [RAW_U] = "actions",
                                           [RAW_REWARD] = "rewards",
                                           [RAW_STATE] = "infos/state",
                                           [RAW_NEXT_STATE] = "infos/next_state",
                                           [RAW_QPOS] = "infos/qpos",
                                           [RAW_QVEL] = "infos/qvel",
                                           [RAW_LOGQ] = "infos/action_log_probs",
                                           [TERMINALS] = "terminals",
                                           [TIMEOUTS] = "timeouts"};
  irl_raw_array flat[NFLAT] = {0};
  int rows;
  for (int k = 0; k < NFLAT; k++) {
    if (names[k]) {
      IRL_TRY(read_array(s, k < RAW_NKINDS ? (irl_raw_kind)k : RAW_Z, names[k], &flat[k]));
    }
  }
  IRL_TRY(check_flat(s, flat, &rows));
  if (!flat[TIMEOUTS].data) {
    irl_report_lost(s->raw->report,
                    "time limits: there is no array timeouts, so episodes end at terminals only");
  }
  return cut_flat(s, flat, rows);
}

//---------------------------------- Which ---------------------------------------------------------

static irl_err detect(source* s, irl_demos_format* format) {
  bool minari = false, data = false, flat = false, actions = false, obs = false;
  char **names, group[64];
  int n;
  IRL_TRY(list_episodes(s, "", "episode_", &names, &n));
  irl_h5_names_free(names);
  minari = n > 0;
  IRL_TRY(list_episodes(s, "data", "demo_", &names, &n));
  data = n > 0;
  snprintf(group, sizeof group, "data/%.40s/obs", n > 0 ? names[0] : "");
  irl_err err = data ? irl_h5r_find(&s->file, group, &obs) : IRL_OK;
  irl_h5_names_free(names);
  IRL_TRY(err);
  IRL_TRY(irl_h5r_find(&s->file, "observations", &flat));
  IRL_TRY(irl_h5r_find(&s->file, "actions", &actions));
  if (minari || data || flat || actions) {
    *format = minari ? IRL_FORMAT_MINARI
              : data ? (obs ? IRL_FORMAT_ROBOMIMIC : IRL_FORMAT_ROBOSUITE)
                     : IRL_FORMAT_D4RL;
    return IRL_OK;
  }
  return irl_fail(s->raw->info, IRL_EUNSUPPORTED,
                  "%s: holds neither /episode_<i> (Minari) nor /data/demo_<i> (robomimic, "
                  "robosuite) nor /observations (D4RL); give demonstrations of one of these",
                  s->raw->path);
}

irl_err irl_import_hdf5(irl_raw* raw, const char* path) {
  source s = {.raw = raw};
  irl_demos_format* format = &raw->report->format;
  IRL_TRY(irl_h5r_open(&s.file, path, raw->info));
  irl_err err = *format == IRL_FORMAT_DETECT ? detect(&s, format) : IRL_OK;
  if (!err) {
    err =
        *format == IRL_FORMAT_D4RL ? read_flat(&s) : read_groups(&s, *format == IRL_FORMAT_MINARI);
  }
  irl_h5r_close(&s.file);
  if (!err && raw->n == 0) {
    err = irl_fail(raw->info, IRL_EPARSE, "%s: holds no episodes of format %s; leave --format out",
                   path, irl_demos_format_names[*format]);
  }
  return err;
}
