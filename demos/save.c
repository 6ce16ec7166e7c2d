// Saving a dataset: build it in memory, write it beside its place, read it back, put it in place.
#include <stdlib.h>
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
  return good && (!b->has_reward || same(a->reward + at, b->reward + bt, T, real));
}

static bool same_logq(const irl_batch* a, int i, const irl_batch* b, int j) {
  return same(a->logq + (int64_t)i * a->horizon, b->logq + (int64_t)j * b->horizon, a->length[i],
              sizeof(double));
}

// Missing and empty texts are the same.
static bool same_text(const char* const* written, int i, char* const* read, int j) {
  return strcmp(written && written[i] ? written[i] : "", read[j]) == 0;
}

// What is written of an episode beside its arrays.
static bool same_facts(const irl_demos_meta* meta, int i, const irl_demos* read, int j) {
  return (!meta->seed || !(read->facts[j] & IRL_DEMO_SEED) || meta->seed[i] == read->seed[j]) &&
         same_text(meta->label, i, read->label, j) &&
         same_text(meta->recording, i, read->recording, j);
}

// Compares what stands on the disk with what was to be written.
static irl_err compare(const irl_demos* read, const irl_batch* batch, const irl_demos_meta* meta,
                       const char* dir, irl_errinfo* info) {
  const irl_batch* b = &read->batch;
  int j = 0;
  bool good = b->nx == batch->nx && b->nu == batch->nu && b->nz == batch->nz &&
              b->nstate == batch->nstate && b->has_reward == batch->has_reward;
  for (int i = 0; good && i < batch->n; i++) {
    if (batch->valid[i]) {
      good = j < b->n && same_trajectory(batch, i, b, j) && same_facts(meta, i, read, j) &&
             (!read->has_logq || same_logq(batch, i, b, j)) &&
             (!read->has_success || (batch->success[i] != 0) == (b->success[j] != 0));
      j++;
    }
  }
  if (good && j == b->n) {
    return IRL_OK;
  }
  return irl_fail(info, IRL_EIO,
                  "%s: the dataset read back differs from what was written; check the disk", dir);
}

// The writer's own word is not taken for it: what counts is what a reader gets from the disk.
static irl_err write_and_compare(const irl_place* place, const void* image, size_t size,
                                 const char* metadata, const irl_batch* batch,
                                 const irl_demos_meta* meta, irl_errinfo* info) {
  char data_path[IRL_DEMOS_PATH], metadata_path[IRL_DEMOS_PATH];
  if (!irl_path_join(data_path, sizeof data_path, place->partial, IRL_DEMOS_DATA) ||
      !irl_path_join(metadata_path, sizeof metadata_path, place->partial, IRL_DEMOS_METADATA)) {
    return irl_fail(info, IRL_ERANGE, "%s: the path is too long; choose a shorter one", place->dir);
  }
  IRL_TRY(irl_file_write(data_path, image, size, info));
  IRL_TRY(irl_file_write(metadata_path, metadata, strlen(metadata), info));
  irl_demos* read = NULL;
  IRL_TRY(irl_demos_read(&read, data_path, metadata_path, NULL, info));
  irl_err err = compare(read, batch, meta, place->dir, info);
  irl_demos_destroy(read);
  return err;
}

// Builds both files and writes them to the place.
static irl_err build_and_write(const irl_place* place, const irl_task* task, const irl_batch* batch,
                               const irl_demos_meta* meta, irl_errinfo* info) {
  void* image = NULL;
  char* metadata = NULL;
  irl_demos_totals totals;
  IRL_TRY(irl_demos_build(&image, &totals, task, batch, meta, info));
  irl_err err = irl_demos_metadata_text(&metadata, place->dir, task, meta, &totals, info);
  if (!err) {
    err = write_and_compare(place, image, totals.bytes, metadata, batch, meta, info);
  }
  irl_free(metadata);
  free(image);
  return err;
}

irl_err irl_demos_save_at(irl_place* place, const irl_task* task, const irl_batch* batch,
                          const irl_demos_meta* meta, irl_errinfo* info) {
  const irl_demos_meta none = {0};
  irl_err err = build_and_write(place, task, batch, meta ? meta : &none, info);
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
