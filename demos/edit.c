// Choosing and joining episodes, masks, and the change of a dataset in its place.
#include "demos/edit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "demos/demos_internal.h"
#include "demos/journal.h"

//---------------------------------- What all have -------------------------------------------------

// What the new dataset will have: whatever every source has.
typedef struct plan {
  int horizon, nz, nstate, nworld;
  bool reward, logq, action, applied, mask, platform, alone;
} plan;

// Datasets are joined only if they show the same thing in the same way.
static irl_err check_alike(const irl_demos* a, const irl_demos* b, irl_errinfo* info) {
  const irl_batch *x = &a->batch, *y = &b->batch;
  if (x->nx != y->nx || x->nu != y->nu || strcmp(a->task_name, b->task_name) != 0) {
    return irl_fail(
        info, IRL_EDIM,
        "datasets: one is of task %s with %d observation and %d action entries, another "
        "of %s with %d and %d; join those of one task only",
        a->task_name, x->nx, x->nu, b->task_name, y->nx, y->nu);
  }
  if (x->nstate && y->nstate && strcmp(a->state_parts, b->state_parts) != 0 && *a->state_parts &&
      *b->state_parts) {
    return irl_fail(info, IRL_EDIM,
                    "datasets: of task %s, but their physics states are made of different parts; "
                    "record them with one MuJoCo",
                    a->task_name);
  }
  return IRL_OK;
}

static irl_err make_plan(plan* p, const irl_demos* const* sources, int n, irl_errinfo* info) {
  const irl_demos* first = sources[0];
  *p = (plan){.nz = first->batch.nz,
              .nstate = first->batch.nstate,
              .nworld = first->batch.nworld,
              .reward = true,
              .logq = true,
              .action = true,
              .applied = true,
              .platform = true,
              .alone = n == 1};
  for (int i = 0; i < n; i++) {
    const irl_demos* d = sources[i];
    IRL_TRY(check_alike(first, d, info));
    p->nz = d->batch.nz == p->nz ? p->nz : 0;
    p->nstate = d->batch.nstate == p->nstate ? p->nstate : 0;
    p->nworld = strcmp(d->task_json, first->task_json) == 0 && d->batch.nworld == p->nworld
                    ? p->nworld
                    : 0;  // factors of another "domain" mean something else
    p->reward &= d->batch.has_reward;
    p->logq &= d->has_logq;
    p->action &= d->has_action;
    p->applied &= d->applied != NULL;
    p->mask |= d->mask != NULL;
    p->platform &= !strcmp(d->platform, first->platform);
  }
  return IRL_OK;
}

//---------------------------------- One episode ---------------------------------------------------

static irl_err check_pick(plan* p, const irl_demos_pick* pick, const irl_demos* const* sources,
                          int nsources, irl_errinfo* info) {
  bool there = pick->source >= 0 && pick->source < nsources && pick->episode >= 0 &&
               pick->episode < sources[pick->source]->batch.n;
  if (!there) {
    int n = pick->source >= 0 && pick->source < nsources ? sources[pick->source]->batch.n : 0;
    return irl_fail(info, IRL_ERANGE, "episode %d: is not there; give 0 to %d", pick->episode,
                    n - 1);
  }
  int length = sources[pick->source]->batch.length[pick->episode];
  int end = pick->end ? pick->end : length;
  if (pick->begin < 0 || pick->begin >= end || end > length) {
    return irl_fail(info, IRL_ERANGE,
                    "episode %d: has %d steps, so steps %d to %d cannot be kept; give less",
                    pick->episode, length, pick->begin, end - 1);
  }
  p->horizon = end - pick->begin > p->horizon ? end - pick->begin : p->horizon;
  return IRL_OK;
}

static void copy_rows(double* to, const double* from, int64_t count) {
  if (count > 0) {
    memcpy(to, from, (size_t)count * sizeof *to);
  }
}

static void copy_arrays(irl_demos* d, int i, const irl_demos* s, int j, int begin, int T) {
  irl_batch* a = &d->batch;
  const irl_batch* b = &s->batch;
  int64_t at = (int64_t)i * a->horizon, from = (int64_t)j * b->horizon + begin;
  copy_rows(irl_batch_x(a, i, 0), irl_batch_x(b, j, begin), (int64_t)(T + 1) * a->nx);
  copy_rows(irl_batch_u(a, i, 0), irl_batch_u(b, j, begin), (int64_t)T * a->nu);
  copy_rows(irl_batch_z(a, i, 0), irl_batch_z(b, j, begin), (int64_t)T * a->nz);
  copy_rows(irl_batch_state(a, i, 0), irl_batch_state(b, j, begin), (int64_t)(T + 1) * a->nstate);
  copy_rows(a->reward + at, b->reward + from, a->has_reward ? T : 0);
  copy_rows(a->logq + at, b->logq + from, d->has_logq ? T : 0);
  if (a->nworld > 0) {
    copy_rows(a->world + (int64_t)i * a->nworld, b->world + (int64_t)j * b->nworld, a->nworld);
  }
  if (d->applied) {
    copy_rows(d->applied + at * a->nu, s->applied + from * b->nu, (int64_t)T * a->nu);
  }
}

static irl_err copy_episode(irl_demos* d, int i, const irl_demos* s, const irl_demos_pick* pick) {
  const irl_batch* b = &s->batch;
  int j = pick->episode, end = pick->end ? pick->end : b->length[j];
  bool cut_front = pick->begin > 0, cut_back = end < b->length[j];
  copy_arrays(d, i, s, j, pick->begin, end - pick->begin);
  d->batch.length[i] = end - pick->begin;
  d->batch.condition[i] = b->condition[j];
  d->batch.terminated[i] = b->terminated[j] && !cut_back;
  d->batch.success[i] = b->success[j] && !cut_back;
  d->seed[i] = cut_front ? 0 : s->seed[j];
  int facts = s->facts[j] & ~(cut_front ? IRL_DEMO_SEED : 0) & ~(cut_back ? IRL_DEMO_SUCCESS : 0);
  d->facts[i] = (uint8_t)facts;
  d->has_condition &= (facts & IRL_DEMO_CONDITION) != 0;
  d->has_seed &= (facts & IRL_DEMO_SEED) != 0;
  d->has_success &= (facts & IRL_DEMO_SUCCESS) != 0;
  d->label[i] = irl_demos_text(s->label[j]);
  d->recording[i] = irl_demos_text(s->recording[j]);
  if (d->mask) {
    d->mask[i] = s->mask ? s->mask[j] : IRL_DEMOS_UNMASKED;
  }
  return d->label[i] && d->recording[i] ? IRL_OK : IRL_ENOMEM;
}

//---------------------------------- The new dataset -----------------------------------------------

static irl_err prepare(irl_demos* d, const plan* p, const irl_demos* first, int n) {
  const irl_batch* b = &first->batch;
  IRL_TRY(irl_batch_create(&d->batch, n, p->horizon, b->nx, b->nu, p->nz, p->nstate));
  IRL_TRY(irl_batch_add_worlds(&d->batch, p->nworld));
  d->batch.has_reward = p->reward;
  d->has_logq = p->logq;
  d->has_action = p->action;
  d->crc32c = first->crc32c;
  d->has_crc = first->has_crc && p->alone;
  d->has_condition = d->has_seed = d->has_success = true;
  d->seed = IRL_NEW(uint64_t, n);
  d->facts = IRL_NEW(uint8_t, n);
  d->label = IRL_NEW(char*, n);
  d->recording = IRL_NEW(char*, n);
  d->mask = p->mask ? IRL_NEW(uint8_t, n) : NULL;
  if (p->applied) {
    d->applied = irl_calloc((size_t)n * (size_t)p->horizon * (size_t)b->nu, sizeof(double));
  }
  d->dataset_id = irl_demos_text(first->dataset_id);
  d->algorithm = irl_demos_text(first->algorithm);
  d->task_name = irl_demos_text(first->task_name);
  d->task_json = irl_demos_text(first->task_json);
  d->mjcf = irl_demos_text(first->mjcf);
  d->state_parts = irl_demos_text(p->nstate ? first->state_parts : "");
  d->platform = irl_demos_text(p->platform ? first->platform : "");
  bool good = d->seed && d->facts && d->label && d->recording && (d->mask || !p->mask) &&
              (d->applied || !p->applied) && d->dataset_id && d->algorithm && d->task_name &&
              d->task_json && d->mjcf && d->state_parts && d->platform;
  return good ? IRL_OK : IRL_ENOMEM;
}

irl_err irl_demos_pick_episodes(irl_demos** demos, const irl_demos* const* sources, int nsources,
                                const irl_demos_pick* picks, int npicks, irl_errinfo* info) {
  plan p;
  *demos = NULL;
  if (nsources < 1 || npicks < 1) {
    return irl_fail(info, IRL_ERANGE,
                    "datasets: no episode is left; a dataset has at least one, delete its folder "
                    "instead");
  }
  IRL_TRY(make_plan(&p, sources, nsources, info));
  for (int i = 0; i < npicks; i++) {
    IRL_TRY(check_pick(&p, &picks[i], sources, nsources, info));
  }
  irl_demos* d = IRL_NEW(irl_demos, 1);
  irl_err err = d ? prepare(d, &p, sources[0], npicks) : IRL_ENOMEM;
  for (int i = 0; !err && i < npicks; i++) {
    err = copy_episode(d, i, sources[picks[i].source], &picks[i]);
  }
  if (err) {
    irl_demos_destroy(d);
    return irl_fail(info, err, "datasets: no memory for %d episodes; free some", npicks);
  }
  *demos = d;
  return IRL_OK;
}

//---------------------------------- Masks ---------------------------------------------------------

// Shuffles the episodes of one condition and masks the first `share` of them for validation.
static int split_condition(irl_demos* demos, int condition, double share, uint64_t seed,
                           int* order) {
  const irl_batch* b = &demos->batch;
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_RESET, 0, (uint64_t)condition, 0);
  int n = 0;
  for (int i = 0; i < b->n; i++) {
    if (b->condition[i] == condition) {
      order[n++] = i;
    }
  }
  for (int i = n - 1; i > 0; i--) {
    int other = (int)(irl_rng_uniform(&rng) * (i + 1)), kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
  int valid = (int)nearbyint(share * n);
  for (int i = 0; i < n; i++) {
    demos->mask[order[i]] = i < valid ? IRL_DEMOS_VALID : IRL_DEMOS_TRAIN;
  }
  return valid;
}

irl_err irl_demos_split(irl_demos* demos, double valid_share, uint64_t seed, irl_errinfo* info) {
  int n = demos->batch.n, valid = 0;
  if (!(valid_share > 0 && valid_share < 1) || n < 2) {
    return irl_fail(info, IRL_ERANGE,
                    "split: a share of %g of %d episodes leaves one side empty; give a share "
                    "between 0 and 1 of at least 2 episodes",
                    valid_share, n);
  }
  int* order = IRL_NEW(int, n);
  demos->mask = demos->mask ? demos->mask : IRL_NEW(uint8_t, n);
  if (!order || !demos->mask) {
    irl_free(order);
    return irl_fail(info, IRL_ENOMEM, "split: no memory; free some");
  }
  for (int c = 0; c < irl_demos_nconditions(demos); c++) {
    valid += split_condition(demos, c, valid_share, seed, order);
  }
  irl_free(order);
  // Small conditions may round to nothing, or to all.
  if (valid == 0) {
    demos->mask[n - 1] = IRL_DEMOS_VALID;
  }
  if (valid == n) {
    demos->mask[0] = IRL_DEMOS_TRAIN;
  }
  return IRL_OK;
}

//---------------------------------- Writing -------------------------------------------------------

irl_err irl_demos_own_task(irl_task** task, const irl_demos* demos, irl_errinfo* info) {
  *task = NULL;
  if (!demos->task_json[0] || !demos->mjcf[0]) {
    return irl_fail(info, IRL_ENOENT,
                    "demonstrations: the dataset keeps no task, as another program wrote it; take "
                    "it in with `mjirl demos import` first");
  }
  return irl_task_from_text(task, demos->task_json, demos->mjcf, info);
}

irl_err irl_demos_settled(const char* dir, irl_errinfo* info) {
  if (irl_journal_waits(dir)) {
    return irl_fail(info, IRL_EEXIST,
                    "%s: has a recording that is not in its dataset yet; fold it in with `mjirl "
                    "demos fold %s` first",
                    dir, dir);
  }
  return IRL_OK;
}

// Whether the dataset that stands is the one that was read, and its checksum. The place is open.
static irl_err check_unchanged(const irl_place* place, const irl_demos* demos, uint32_t* crc,
                               irl_errinfo* info) {
  char path[IRL_DEMOS_PATH];
  IRL_TRY(irl_demos_settled(place->dir, info));
  if (!irl_path_join(path, sizeof path, place->data, IRL_DEMOS_DATA)) {
    return irl_fail(info, IRL_ERANGE, "%s: the path is too long; choose a shorter one", place->dir);
  }
  IRL_TRY(irl_demos_file_crc(path, crc, info));
  return !demos->has_crc || demos->crc32c == *crc
             ? IRL_OK
             : irl_fail(info, IRL_EEXIST,
                        "%s: the dataset was changed by another program meanwhile; do it again",
                        place->dir);
}

irl_err irl_demos_store(const char* dir, bool in_place, const irl_demos* demos,
                        const irl_task* task, const char* command, irl_errinfo* info) {
  uint32_t replaced;
  irl_demos_meta meta = {.dataset_id = in_place && *demos->dataset_id ? demos->dataset_id : NULL,
                         .algorithm = *demos->algorithm ? demos->algorithm : NULL,
                         .command = command,
                         .seed = demos->seed,
                         .facts = demos->facts,
                         .label = (const char* const*)demos->label,
                         .recording = (const char* const*)demos->recording,
                         .platform = demos->platform,
                         .mask = demos->mask,
                         .no_logq = !demos->has_logq,
                         .no_action = !demos->has_action};
  IRL_TRY(irl_demos_match(demos, task, info));
  if (!in_place) {
    return irl_demos_save(dir, task, &demos->batch, &meta, info);
  }
  irl_place place;
  IRL_TRY(irl_place_open(&place, dir, true, info));
  irl_err err = check_unchanged(&place, demos, &replaced, info);
  if (err) {
    irl_place_abort(&place);
    return err;
  }
  place.keep = true;
  meta.replaces = &replaced;
  return irl_demos_save_at(&place, task, &demos->batch, &meta, info);
}

// What metadata.json says of the dataset in a folder, with the checksum that its file has.
static irl_err identify(const char* dir, irl_demos_metadata* metadata, irl_errinfo* info) {
  char data[IRL_DEMOS_PATH], text[IRL_DEMOS_PATH];
  uint32_t crc;
  IRL_TRY(irl_demos_find(dir, data, text, sizeof data, info));
  IRL_TRY(irl_demos_file_crc(data, &crc, info));
  IRL_TRY(irl_demos_metadata_read(metadata, text, info));
  irl_free(metadata->dataset_id);
  irl_free(metadata->algorithm);
  metadata->crc32c = crc;
  return IRL_OK;
}

// Whether one of two datasets was made from the other one by a change in place: a dataset that
// recordings were folded into since was not.
static irl_err check_pair(const char* dir, const char* before, irl_errinfo* info) {
  irl_demos_metadata now, old;
  IRL_TRY(identify(dir, &now, info));
  IRL_TRY(identify(before, &old, info));
  const bool made = now.has_replaces && now.replaces == old.crc32c;
  const bool undone = old.has_replaces && old.replaces == now.crc32c;
  return made || undone
             ? IRL_OK
             : irl_fail(info, IRL_EUNSUPPORTED,
                        "%s: episodes were recorded since the change, which undoing would take "
                        "back too; what stood before is in %s, join what you need with `mjirl "
                        "demos merge`",
                        dir, before);
}

// The kept dataset must be whole, and the one that the change was made from. The place is open, so
// that nobody comes between and what a crash interrupted is finished.
static irl_err check_undo(const char* dir, irl_errinfo* info) {
  char before[IRL_DEMOS_PATH];
  irl_demos* old = NULL;
  IRL_TRY(irl_demos_settled(dir, info));
  if (!irl_path_join(before, sizeof before, dir, IRL_DEMOS_BEFORE) || !irl_dir_exists(before)) {
    return irl_fail(info, IRL_ENOENT,
                    "%s: keeps no dataset from before a change; there is nothing to undo", dir);
  }
  IRL_TRY(irl_demos_load(&old, before, info));
  irl_demos_destroy(old);
  return check_pair(dir, before, info);
}

irl_err irl_demos_undo(const char* dir, irl_errinfo* info) {
  irl_place place;
  IRL_TRY(irl_path_check_seen(dir, info));
  if (!irl_dir_exists(dir)) {
    return irl_fail(info, IRL_ENOENT, "%s: there is no such folder; give that of a dataset", dir);
  }
  IRL_TRY(irl_place_open(&place, dir, true, info));
  irl_err err = check_undo(dir, info);
  if (err) {
    irl_place_abort(&place);
    return err;
  }
  return irl_place_undo(&place, info);
}
