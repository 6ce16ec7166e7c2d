// Folding a journal into the dataset of its folder.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "demos/journal_internal.h"

enum { ID = 32 };                     // bytes of "<session>-<number>"
#define MAX_BYTES ((int64_t)8 << 30)  // of the dataset's arrays, as in load.c

// What a dataset says of its episodes, one behind the other: the old ones, then the journal's.
typedef struct merged {
  irl_batch batch;
  uint64_t* seed;
  uint8_t* facts;
  const char** label;      // borrowed from the dataset and the journal
  const char** recording;  // borrowed from the dataset, or in `ids`
  uint8_t* mask;           // new episodes belong to neither part of a split
  char (*ids)[ID];
  int n;
} merged;

typedef struct fold {
  irl_place place;
  char path[IRL_DEMOS_PATH];  // of the journal
  int fd;                     // its lock
  irl_recording journal;
  irl_task* task;
  irl_demos* old;  // NULL: none
  bool* wanted;    // episodes of the journal that are to be added
  irl_demos_folded* report;
  irl_errinfo* info;
} fold;

//---------------------------------- Lock ----------------------------------------------------------

bool irl_journal_waits(const char* dir) {
  char path[IRL_DEMOS_PATH];
  return irl_path_join(path, sizeof path, dir, IRL_JOURNAL_NAME) && irl_file_exists(path);
}

// Between opening and locking, the journal may have been folded in and removed.
static bool still_named(int fd, const char* path) {
  struct stat mine, named;
  return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
         mine.st_dev == named.st_dev;
}

irl_err irl_journal_lock(int* fd, char path[IRL_DEMOS_PATH], const char* dir, irl_errinfo* info) {
  *fd = -1;
  if (!irl_path_join(path, IRL_DEMOS_PATH, dir, IRL_JOURNAL_NAME)) {
    return irl_fail(info, IRL_ERANGE, "%s: the path is too long; choose a shorter one", dir);
  }
  int file;
  do {
    file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  } while (file < 0 && errno == EINTR);
  if (file < 0 && errno == ENOENT) {
    return IRL_ENOENT;
  }
  if (file < 0) {
    return irl_fail(info, IRL_EIO, "%s: cannot be opened: %s; check its rights", path,
                    strerror(errno));
  }
  if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(file);
    return irl_fail(info, IRL_EEXIST,
                    "%s: another program is recording here; end its session or choose another "
                    "folder",
                    path);
  }
  if (!still_named(file, path)) {
    close(file);
    return IRL_ENOENT;
  }
  *fd = file;
  return IRL_OK;
}

//---------------------------------- Fit -----------------------------------------------------------

irl_err irl_demos_joinable(const irl_demos* demos, const irl_task* task, bool has_logq,
                           const char* where, irl_errinfo* info) {
  const irl_task_info* t = irl_task_get(task);
  const irl_batch* b = &demos->batch;
  IRL_TRY(irl_demos_match(demos, task, info));
  const char* other = NULL;
  if (strcmp(demos->task_json, irl_task_json(task)) != 0 ||
      strcmp(demos->mjcf, irl_task_mjcf(task)) != 0) {
    other = "another version of the task";
  } else if (b->nstate != t->nstate || b->nz != t->nz || b->has_reward != t->has_reward ||
             !demos->has_action) {
    other = "other arrays than the task has now";
  } else if (demos->has_logq != has_logq) {
    other = has_logq ? "no log-densities" : "log-densities, which a human's actions do not have";
  }
  return other ? irl_fail(info, IRL_EDIM,
                          "%s: its dataset has %s; record into another folder, or move the journal "
                          "there",
                          where, other)
               : IRL_OK;
}

//---------------------------------- Choice --------------------------------------------------------

// A session is random, so that two sessions with one seed are not taken for the same.
static void name_episode(char id[ID], const irl_recording* r, int episode) {
  snprintf(id, ID, "%016" PRIx64 "-%d", r->head.session, r->episodes[episode].number);
}

// Notes which episodes of this session the dataset has: an earlier fold came as far as that.
static irl_err find_present(fold* f, bool** present) {
  const irl_recording* r = &f->journal;
  char prefix[ID];
  snprintf(prefix, sizeof prefix, "%016" PRIx64 "-", r->head.session);
  *present = irl_calloc((size_t)r->n + 1, 1);
  if (!*present) {
    return irl_fail(f->info, IRL_ENOMEM, "%s: out of memory; free some", f->path);
  }
  for (int i = 0; f->old && i < f->old->batch.n; i++) {
    const char* id = f->old->recording[i];
    for (int e = 0; strncmp(id, prefix, 17) == 0 && e < r->n; e++) {
      char mine[ID];
      name_episode(mine, r, e);
      (*present)[e] |= strcmp(mine, id) == 0;
    }
  }
  return IRL_OK;
}

// Sorts the journal's episodes; returns how many are to be added.
static irl_err choose(fold* f) {
  const irl_recording* r = &f->journal;
  irl_demos_folded* report = f->report;
  bool* present = NULL;
  IRL_TRY(find_present(f, &present));
  f->wanted = irl_calloc((size_t)r->n + 1, 1);
  for (int e = 0; f->wanted && e < r->n; e++) {
    const irl_recorded* episode = &r->episodes[e];
    f->wanted[e] = !episode->discarded && episode->length > 0 && !present[e];
    report->discarded += episode->discarded;
    report->empty += !episode->discarded && episode->length == 0;
    report->present += !episode->discarded && present[e];
    report->added += f->wanted[e];
    report->incomplete += f->wanted[e] && !episode->ended;
    report->steps += f->wanted[e] ? episode->length : 0;
  }
  report->torn = r->damaged ? 0 : (int64_t)(r->size - r->good);
  report->damaged = r->damaged;
  irl_free(present);
  return f->wanted ? IRL_OK
                   : irl_fail(f->info, IRL_ENOMEM, "%s: out of memory; free some", f->path);
}

//---------------------------------- Merge ---------------------------------------------------------

// Short episodes are padded to the longest, so this is what memory must hold.
static irl_err allocate(merged* m, fold* f) {
  const irl_journal_head* h = &f->journal.head;
  int64_t n = f->report->added + (f->old ? f->old->batch.n : 0);
  int horizon = f->old ? f->old->batch.horizon : 1;
  for (int e = 0; e < f->journal.n; e++) {
    if (f->wanted[e] && f->journal.episodes[e].length > horizon) {
      horizon = f->journal.episodes[e].length;
    }
  }
  int64_t numbers = (int64_t)h->nx + h->nstate + 2 * h->nu + h->nz + 2;
  if (n * ((int64_t)horizon + 1) > MAX_BYTES / 8 / numbers) {
    return irl_fail(f->info, IRL_ERANGE,
                    "%s: %" PRId64
                    " episodes of up to %d steps pass 8 GiB; move the journal to a "
                    "folder of its own",
                    f->place.dir, n, horizon);
  }
  irl_err err = irl_batch_create(&m->batch, (int)n, horizon, h->nx, h->nu, h->nz, h->nstate);
  err = err ? err : irl_batch_add_worlds(&m->batch, irl_task_get(f->task)->nworld);
  m->seed = IRL_NEW(uint64_t, n);
  m->facts = IRL_NEW(uint8_t, n);
  m->label = IRL_NEW(const char*, n);
  m->recording = IRL_NEW(const char*, n);
  m->mask = IRL_NEW(uint8_t, n);
  m->ids = irl_calloc((size_t)n, sizeof *m->ids);
  bool good = !err && m->seed && m->facts && m->label && m->recording && m->mask && m->ids;
  return good ? IRL_OK
              : irl_fail(f->info, IRL_ENOMEM, "%s: no memory for %" PRId64 " episodes; free some",
                         f->place.dir, n);
}

static void destroy(merged* m) {
  irl_batch_destroy(&m->batch);
  irl_free(m->seed);
  irl_free(m->facts);
  irl_free(m->label);
  irl_free(m->recording);
  irl_free(m->mask);
  irl_free(m->ids);
}

// Nothing of the old dataset is interpreted: what was known stays known, and no more.
static void add_old(merged* m, const irl_demos* old) {
  for (int i = 0; i < old->batch.n; i++) {
    const int to = m->n++;
    irl_batch_copy(&m->batch, to, &old->batch, i);
    m->seed[to] = old->seed[i];
    m->facts[to] = old->facts[i];
    m->label[to] = old->label[i];
    m->recording[to] = old->recording[i];
    m->mask[to] = old->mask ? old->mask[i] : IRL_DEMOS_UNMASKED;
  }
}

// What the task's rule or the user did not judge stays unjudged, not failed.
static void add_new(merged* m, const fold* f) {
  for (int e = 0; e < f->journal.n; e++) {
    const irl_recorded* episode = &f->journal.episodes[e];
    if (!f->wanted[e]) {
      continue;
    }
    const int to = m->n++;
    irl_recording_copy(&f->journal, e, &m->batch, to);
    for (int k = 0; k < m->batch.nworld; k++) {  // recorded in the model as it is, without draws
      m->batch.world[(ptrdiff_t)to * m->batch.nworld + k] = 1;
    }
    name_episode(m->ids[to], &f->journal, e);
    m->seed[to] = episode->seed;
    m->facts[to] = (uint8_t)(IRL_DEMO_CONDITION | IRL_DEMO_SEED |
                             (episode->success >= 0 ? IRL_DEMO_SUCCESS : 0) |
                             (episode->ended ? 0 : IRL_DEMO_INCOMPLETE));
    m->label[to] = episode->label;
    m->recording[to] = m->ids[to];
  }
}

// Episodes from several machines repeat bit for bit on none of them: it counts as unknown.
static const char* common_platform(const fold* f) {
  const char* mine = f->journal.text[3];
  return f->old && strcmp(f->old->platform, mine) != 0 ? "" : mine;
}

// Writes the dataset; ends the place.
static irl_err save(fold* f) {
  merged m = {0};
  irl_err err = allocate(&m, f);
  if (err) {
    irl_place_abort(&f->place);
    destroy(&m);
    return err;
  }
  if (f->old) {
    add_old(&m, f->old);
  }
  add_new(&m, f);
  m.batch.has_reward = f->journal.head.has_reward != 0;
  const irl_demos_meta meta = {
      .dataset_id = f->old && f->old->dataset_id[0] ? f->old->dataset_id : NULL,
      .algorithm = f->old && f->old->algorithm[0] ? f->old->algorithm : "live recording",
      .seed = m.seed,
      .facts = m.facts,
      .label = m.label,
      .recording = m.recording,
      .mask = f->old && f->old->mask ? m.mask : NULL,
      .platform = common_platform(f),
      .no_logq = f->journal.head.has_logq == 0};
  err = irl_demos_save_at(&f->place, f->task, &m.batch, &meta, f->info);
  destroy(&m);
  return err;
}

//---------------------------------- Fold ----------------------------------------------------------

// Ends the place when there is nothing to save. An interrupted fold may have left the dataset in
// place, but not yet durably, so that the journal may go only after this sync.
static irl_err settle(fold* f) {
  irl_err err = irl_place_sync(&f->place, f->info);
  irl_place_abort(&f->place);
  return err;
}

// A journal that was damaged may hold what this program could not read: it is kept, aside.
static irl_err remove_journal(const fold* f) {
  char aside[IRL_DEMOS_PATH];
  int size = snprintf(aside, sizeof aside, "%s/recording-%016" PRIx64 ".damaged", f->place.dir,
                      f->journal.head.session);
  bool fits = size > 0 && (size_t)size < sizeof aside;
  int result = f->journal.damaged ? (fits ? rename(f->path, aside) : -1) : unlink(f->path);
  return result == 0 ? IRL_OK
                     : irl_fail(f->info, IRL_EIO,
                                "%s: is in the dataset now but cannot be removed: %s; fold again",
                                f->path, strerror(errno));
}

// What must be known before a choice: the journal, its task, and the dataset that stands.
static irl_err gather(fold* f) {
  const irl_recording* r = &f->journal;
  IRL_TRY(irl_recording_load(&f->journal, f->path, f->info));
  IRL_TRY(irl_task_from_text(&f->task, r->text[1], r->text[2], f->info));
  const irl_task_info* t = irl_task_get(f->task);
  if (t->nx != r->head.nx || t->nu != r->head.nu || t->nz != r->head.nz ||
      t->nstate != r->head.nstate || t->nconditions != r->head.nconditions) {
    return irl_fail(f->info, IRL_EDIM,
                    "%s: its sizes are not those of its task under this MuJoCo; fold it with "
                    "MuJoCo %s",
                    f->path, r->text[4]);
  }
  if (!irl_dir_empty(f->place.data)) {
    IRL_TRY(irl_demos_load(&f->old, f->place.dir, f->info));
    IRL_TRY(irl_demos_joinable(f->old, f->task, r->head.has_logq != 0, f->place.dir, f->info));
  }
  return choose(f);
}

// The place is open and the journal locked.
static irl_err fold_locked(fold* f) {
  irl_err err = gather(f);
  if (err) {
    irl_place_abort(&f->place);
    return err;
  }
  IRL_TRY(f->report->added > 0 ? save(f) : settle(f));
  return remove_journal(f);
}

irl_err irl_demos_fold(const char* dir, irl_demos_folded* folded, irl_errinfo* info) {
  *folded = (irl_demos_folded){0};
  fold f = {.fd = -1, .report = folded, .info = info};
  if (!irl_journal_waits(dir)) {
    return IRL_OK;
  }
  IRL_TRY(irl_place_open(&f.place, dir, true, info));
  irl_err err = irl_journal_lock(&f.fd, f.path, f.place.dir, info);
  if (err) {
    irl_place_abort(&f.place);
    return err == IRL_ENOENT ? IRL_OK : err;
  }
  err = fold_locked(&f);
  if (err) {
    *folded = (irl_demos_folded){0};
  }
  close(f.fd);
  irl_free(f.wanted);
  irl_recording_fini(&f.journal);
  irl_demos_destroy(f.old);
  irl_task_destroy(f.task);
  return err;
}
