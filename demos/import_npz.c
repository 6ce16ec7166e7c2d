// Import of imitation's .npz: all episodes joined, `indices` says where they part. The arrays
// beside imitation's own are those that irl_demos_export adds.
#include <string.h>

#include "base/arena.h"
#include "demos/import_internal.h"
#include "demos/npz_internal.h"

typedef struct source {
  irl_npz npz;
  irl_raw* raw;
  int* begin;  // (n+1) first action row of each episode, and the end
} source;

// Numbers of an array; NULL data where there is none that can be used.
static irl_err read_array(source* s, const char* name, irl_raw_array* out) {
  const irl_npy* a = irl_npz_find(&s->npz, name);
  double* block;
  *out = (irl_raw_array){0};
  if (!a) {
    return IRL_OK;
  }
  if (a->type == IRL_NPY_OTHER || a->type == IRL_NPY_BYTES) {
    irl_report_lost(s->raw->report, "%s: is no array of numbers in one or two dimensions", name);
    return IRL_OK;
  }
  IRL_TRY(irl_raw_block(s->raw, a->rows, a->cols, &block));
  irl_npy_numbers(a, block);
  *out = (irl_raw_array){block, a->rows, a->cols};
  return IRL_OK;
}

// `indices`: the first row of each episode but the first.
static irl_err read_indices(source* s, int rows) {
  irl_raw_array indices;
  IRL_TRY(read_array(s, "indices", &indices));
  int n = indices.data ? indices.rows + 1 : 1;
  IRL_TRY(irl_raw_init(s->raw, n));
  s->begin = IRL_NEW(int, (int64_t)n + 1);
  if (!s->begin) {
    return irl_fail(s->raw->info, IRL_ENOMEM, "%s: no memory; free some", s->raw->path);
  }
  s->begin[n] = rows;
  for (int i = 1; i < n; i++) {
    double at = indices.data[i - 1];
    if (!(at > s->begin[i - 1] && at < rows) || at != (double)(int)at) {
      return irl_fail(s->raw->info, IRL_EPARSE,
                      "%s: indices[%d] = %g does not part %d steps after row %d; repair the file",
                      s->raw->path, i - 1, at, rows, s->begin[i - 1]);
    }
    s->begin[i] = (int)at;
  }
  return IRL_OK;
}

// Cuts a joined array into episodes, each with `extra` rows more than its actions.
static irl_err cut(source* s, const char* name, irl_raw_kind kind, int extra) {
  irl_raw_array all;
  IRL_TRY(read_array(s, name, &all));
  int n = s->raw->n;
  if (all.data && all.rows != s->begin[n] + n * extra) {
    return irl_fail(
        s->raw->info, IRL_EDIM,
        "%s: %s has %d rows, %d episodes of %d steps in all ask for %d; repair the file",
        s->raw->path, name, all.rows, n, s->begin[n], s->begin[n] + n * extra);
  }
  for (int i = 0; all.data && i < n; i++) {
    int64_t first = s->begin[i] + (int64_t)i * extra;
    s->raw->episode[i].part[kind] = (irl_raw_array){
        all.data + first * all.cols, s->begin[i + 1] - s->begin[i] + extra, all.cols};
  }
  return IRL_OK;
}

// One number an episode; NULL where the file has none.
static const irl_npy* per_episode(const source* s, const char* name) {
  const irl_npy* a = irl_npz_find(&s->npz, name);
  return a && a->rank == 1 && a->rows == s->raw->n && a->type != IRL_NPY_OTHER ? a : NULL;
}

static irl_err read_facts(source* s) {
  const irl_npy *terminal = per_episode(s, "terminal"), *seed = per_episode(s, "seed"),
                *condition = per_episode(s, "condition"), *success = per_episode(s, "success"),
                *label = per_episode(s, "label");
  for (int i = 0; i < s->raw->n; i++) {
    irl_raw_episode* e = &s->raw->episode[i];
    e->terminated = terminal ? irl_npy_bits(terminal, i) != 0 : -1;
    e->success = success ? irl_npy_bits(success, i) != 0 : -1;
    e->condition = condition ? (int64_t)(irl_npy_bits(condition, i) & 0xffff) : -1;
    e->has_seed = seed != NULL;
    e->seed = seed ? irl_npy_bits(seed, i) : 0;
    if (label && label->type == IRL_NPY_BYTES) {
      e->label = irl_calloc(label->item + 1, 1);
      if (!e->label) {
        return irl_fail(s->raw->info, IRL_ENOMEM, "%s: no memory; free some", s->raw->path);
      }
      memcpy(e->label, label->data + (size_t)i * label->item, label->item);
    }
  }
  return IRL_OK;
}

static irl_err read_all(source* s) {
  const irl_npy *acts = irl_npz_find(&s->npz, "acts"), *obs = irl_npz_find(&s->npz, "obs");
  if (!acts && !obs) {
    return irl_fail(s->raw->info, IRL_EUNSUPPORTED,
                    "%s: holds neither obs nor acts; give an .npz of imitation's trajectories",
                    s->raw->path);
  }
  const irl_npy* indices = irl_npz_find(&s->npz, "indices");
  IRL_TRY(read_indices(s, acts ? acts->rows : obs->rows - (indices ? indices->rows + 1 : 1)));
  IRL_TRY(cut(s, "obs", RAW_X, 1));
  IRL_TRY(cut(s, "acts", RAW_U, 0));
  IRL_TRY(cut(s, "rews", RAW_REWARD, 0));
  IRL_TRY(cut(s, "action_log_probs", RAW_LOGQ, 0));
  IRL_TRY(cut(s, "residuals", RAW_Z, 0));
  IRL_TRY(cut(s, "state", RAW_STATE, 1));
  return read_facts(s);
}

irl_err irl_import_npz(irl_raw* raw, const char* path) {
  source s = {.raw = raw};
  IRL_TRY(irl_npz_open(&s.npz, path, raw->info));
  irl_err err = read_all(&s);
  irl_free(s.begin);
  irl_npz_close(&s.npz);
  return err;
}
