// Saving a dataset: write it beside its place, read it back, compare, sync, put it in place.
#include <string.h>

#include "base/arena.h"
#include "demos/demos_internal.h"

static bool same(const void* a, const void* b, int64_t count, size_t size) {
  return count == 0 || memcmp(a, b, (size_t)count * size) == 0;
}

// Whether trajectory j of what was read back is trajectory i of what was to be written.
static bool same_trajectory(const irl_batch* a, int i, const irl_batch* b, int j) {
  if (a->length[i] != b->length[j] || a->condition[i] != b->condition[j] ||
      (a->terminated[i] != 0) != (b->terminated[j] != 0)) {
    return false;
  }
  int64_t T = a->length[i], at = (int64_t)i * a->horizon, bt = (int64_t)j * b->horizon;
  size_t real = sizeof(double);
  bool good = same(irl_batch_x(a, i, 0), irl_batch_x(b, j, 0), (T + 1) * a->nx, real) &&
              same(irl_batch_u(a, i, 0), irl_batch_u(b, j, 0), T * a->nu, real) &&
              same(a->z + at * a->nz, b->z + bt * b->nz, T * a->nz, real) &&
              same(irl_batch_state(a, i, 0), irl_batch_state(b, j, 0), (T + 1) * a->nstate, real);
  const double *world = irl_batch_world(a, i), *other = irl_batch_world(b, j);
  good &= (world != NULL) == (other != NULL) &&
          (world == NULL || (a->nworld == b->nworld && same(world, other, a->nworld, real)));
  return good && (!b->has_reward || same(a->reward + at, b->reward + bt, T, real));
}

static bool same_logq(const irl_batch* a, int i, const irl_batch* b, int j) {
  return same(a->logq + (int64_t)i * a->horizon, b->logq + (int64_t)j * b->horizon, a->length[i],
              sizeof(double));
}

// Missing and empty texts are the same.
static bool same_text(const char* const* written, int i, char* const* read) {
  return strcmp(written && written[i] ? written[i] : "", read[0]) == 0;
}

// What is written of an episode beside its arrays.
static bool same_facts(const irl_demos_meta* meta, int i, const irl_demos* read) {
  return (!meta->seed || !(read->facts[0] & IRL_DEMO_SEED) || meta->seed[i] == read->seed[0]) &&
         same_text(meta->label, i, read->label) && same_text(meta->recording, i, read->recording);
}

// What was to be written, and how much of it has been found.
typedef struct comparison {
  const char* dir;
  const irl_batch* batch;
  const irl_demos_meta* meta;
  int next;  // trajectory that the next episode must be, if it is valid
  irl_errinfo* info;
} comparison;

static irl_err differs(const comparison* c) {
  return irl_fail(c->info, IRL_EIO,
                  "%s: the dataset read back differs from what was written; check the disk",
                  c->dir);
}

static bool same_widths(const irl_batch* a, const irl_batch* b) {
  return a->nx == b->nx && a->nu == b->nu && a->nz == b->nz && a->nstate == b->nstate &&
         a->has_reward == b->has_reward;
}

// Compares an episode as it stands on the disk with what was to be written.
static irl_err compare(void* user, const irl_demos* read, int episode) {
  comparison* c = user;
  const irl_batch *a = c->batch, *b = &read->batch;
  (void)episode;
  while (c->next < a->n && !a->valid[c->next]) {
    c->next++;
  }
  const int i = c->next++;
  const bool good =
      i < a->n && same_widths(a, b) && same_trajectory(a, i, b, 0) &&
      same_facts(c->meta, i, read) && (!read->has_logq || same_logq(a, i, b, 0)) &&
      (!(read->facts[0] & IRL_DEMO_SUCCESS) || (a->success[i] != 0) == (b->success[0] != 0));
  return good ? IRL_OK : differs(c);
}

// All of it: none may be missing.
static irl_err read_back(comparison* c, const char* data_path, const char* metadata_path,
                         const irl_demos_totals* totals) {
  IRL_TRY(irl_demos_scan(data_path, metadata_path, &totals->crc32c, compare, c, c->info));
  while (c->next < c->batch->n && !c->batch->valid[c->next]) {
    c->next++;
  }
  return c->next == c->batch->n ? IRL_OK : differs(c);
}

// The writer's own word is not taken for it: what counts is what a reader gets. The disk works
// meanwhile; only what has been compared is waited for.
static irl_err build_and_compare(const irl_place* place, const irl_task* task,
                                 const irl_batch* batch, const irl_demos_meta* meta,
                                 irl_errinfo* info) {
  char data_path[IRL_DEMOS_PATH], metadata_path[IRL_DEMOS_PATH];
  char* metadata = NULL;
  irl_demos_totals totals;
  comparison c = {.dir = place->dir, .batch = batch, .meta = meta, .info = info};
  if (!irl_path_join(data_path, sizeof data_path, place->partial, IRL_DEMOS_DATA) ||
      !irl_path_join(metadata_path, sizeof metadata_path, place->partial, IRL_DEMOS_METADATA)) {
    return irl_fail(info, IRL_ERANGE, "%s: the path is too long; choose a shorter one", place->dir);
  }
  IRL_TRY(irl_demos_build(data_path, &totals, task, batch, meta, info));
  IRL_TRY(irl_demos_metadata_text(&metadata, place->dir, task, meta, &totals, info));
  irl_err err = irl_file_stage(metadata_path, metadata, strlen(metadata), info);
  irl_free(metadata);
  err = err ? err : read_back(&c, data_path, metadata_path, &totals);
  err = err ? err : irl_file_sync(data_path, info);
  return err ? err : irl_file_sync(metadata_path, info);
}

irl_err irl_demos_save_at(irl_place* place, const irl_task* task, const irl_batch* batch,
                          const irl_demos_meta* meta, irl_errinfo* info) {
  const irl_demos_meta none = {0};
  irl_err err = build_and_compare(place, task, batch, meta ? meta : &none, info);
  if (err) {
    irl_place_abort(place);  // nothing is left of a dataset that does not read back
    return err;
  }
  return irl_place_commit(place, info);
}

irl_err irl_demos_save(const char* dir, const irl_task* task, const irl_batch* batch,
                       const irl_demos_meta* meta, irl_errinfo* info) {
  irl_place place;
  IRL_TRY(irl_demos_check_output(dir, info));
  IRL_TRY(irl_place_open(&place, dir, false, info));
  return irl_demos_save_at(&place, task, batch, meta, info);
}

irl_err irl_demos_replace(const char* dir, const irl_task* task, const irl_batch* batch,
                          const irl_demos_meta* meta, irl_errinfo* info) {
  irl_place place;
  IRL_TRY(irl_place_open(&place, dir, true, info));
  return irl_demos_save_at(&place, task, batch, meta, info);
}
