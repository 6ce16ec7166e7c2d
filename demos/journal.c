// Writing a journal: one write for each record, synced by policy, repaired after a failure.
#include "demos/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "demos/journal_internal.h"

#define NEW_NAME ".recording.journal.new"

enum { FRAME = sizeof(irl_journal_frame), MAX_UNSYNCED = 1 << 20 };  // bytes

// The file holds `synced` bytes that are on the disk, then the records of `unsynced`. After a
// failure nothing is sure about the part behind `synced` (the kernel drops what it could not write
// and calls it clean), so it is written again from memory before anything is added.
struct irl_journal {
  int fd;
  char path[IRL_DEMOS_PATH];
  irl_journal_head head;
  int sync_ms;
  uint64_t sequence;        // of the next record
  int next;                 // number of the next episode
  int episode;              // running, -1: none
  int length;               // its steps
  int64_t steps;            // written in this process
  int64_t steps_synced;     // of them on the disk
  int64_t synced;           // bytes of the file on the disk
  size_t size;              // bytes of `unsynced` in use
  size_t capacity;          // its bytes
  unsigned char* unsynced;  // whole records; the one that is being made behind them
  bool torn;                // behind `synced` the file may differ from `unsynced`
  int64_t last_sync;        // monotonic [ns]
};

//---------------------------------- System calls --------------------------------------------------

static int64_t clock_ns(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Returns 0 or an errno. What a signal interrupted goes on.
static int write_at(int fd, const unsigned char* data, size_t size, int64_t at) {
  while (size > 0) {
    ssize_t n = pwrite(fd, data, size, (off_t)at);
    if (n < 0 && errno != EINTR) {
      return errno;
    }
    if (n == 0) {
      return EIO;
    }
    size_t done = n > 0 ? (size_t)n : 0;
    data += done;
    size -= done;
    at += (int64_t)done;
  }
  return 0;
}

// Of the metadata only the size is needed to read a file again, and fdatasync brings it along.
static int sync_data(int fd) {
  int result;
  do {
    result = fdatasync(fd);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

// Returns 0 or an errno, as all of these.
static int cut(int fd, int64_t size) {
  int result;
  do {
    result = ftruncate(fd, (off_t)size);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

static irl_err fail_errno(irl_errinfo* info, const char* path, const char* what, int error) {
  bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return irl_fail(info, full ? IRL_ENOSPC : IRL_EIO, "%s: %s: %s; %s", path, what, strerror(error),
                  full ? "free some space and go on" : "check the disk");
}

//---------------------------------- Records -------------------------------------------------------

// Brings the file to what memory says it should hold. Returns 0 or an errno.
static int mend(irl_journal* j) {
  if (!j->torn) {
    return 0;
  }
  int error = cut(j->fd, j->synced);
  if (error == 0) {
    error = write_at(j->fd, j->unsynced, j->size, j->synced);
  }
  j->torn = error != 0;
  return error;
}

// What is synced need not be kept in memory.
static int sync_all(irl_journal* j) {
  int error = mend(j);
  if (error == 0 && j->size > 0) {
    error = sync_data(j->fd);
    j->torn = error != 0;
  }
  if (error == 0) {
    j->synced += (int64_t)j->size;
    j->size = 0;
    j->steps_synced = j->steps;
    j->last_sync = clock_ns(CLOCK_MONOTONIC);
  }
  return error;
}

// Where the bytes of a new record go; its fixed part first.
static unsigned char* payload(irl_journal* j) {
  return j->unsynced + j->size + FRAME;
}

static unsigned char* put(unsigned char* to, const void* data, size_t size) {
  if (size > 0) {
    memcpy(to, data, size);
  }
  return to + size;
}

static unsigned char* put_numbers(unsigned char* to, const double* numbers, int count) {
  return put(to, numbers, (size_t)count * sizeof *numbers);
}

// A late sync bounds what power loss may take; SIGKILL takes nothing that was written.
static bool sync_due(const irl_journal* j, bool now) {
  return now || j->sync_ms == 0 || j->size >= MAX_UNSYNCED ||
         clock_ns(CLOCK_MONOTONIC) - j->last_sync >= (int64_t)j->sync_ms * 1000000;
}

// Frames the payload that was put behind `unsynced` and writes it. A record that fails is taken
// back at once, so that a program that ends now leaves nothing of it; if that fails too, the next
// call sees to it.
static irl_err append(irl_journal* j, irl_journal_type type, size_t size, bool now,
                      irl_errinfo* info) {
  irl_journal_frame f = {IRL_JOURNAL_MAGIC, type, j->sequence, (uint32_t)size, 0};
  const size_t before = j->size;
  f.crc = irl_journal_crc(type == IRL_JOURNAL_HEADER ? 0 : j->head.session, &f, payload(j));
  memcpy(j->unsynced + before, &f, FRAME);
  int error = mend(j);
  if (error == 0) {
    error = write_at(j->fd, j->unsynced + before, FRAME + size, j->synced + (int64_t)before);
    j->torn = error != 0;
  }
  if (error == 0) {
    j->size += FRAME + size;
    j->steps += type == IRL_JOURNAL_STEP;
    error = sync_due(j, now) ? sync_all(j) : 0;
    j->steps -= error != 0 && type == IRL_JOURNAL_STEP;
  }
  if (error != 0) {
    j->size = before;
    j->torn = true;
    (void)mend(j);
    return fail_errno(info, j->path, "cannot record", error);
  }
  j->sequence++;
  return IRL_OK;
}

//---------------------------------- Episodes ------------------------------------------------------

static bool all_finite(const double* numbers, int count) {
  for (int i = 0; i < count; i++) {
    if (!isfinite(numbers[i])) {
      return false;
    }
  }
  return true;
}

// Misuse is refused with a sentence and not asserted: a viewer's keys may come in any order.
static irl_err not_running(const irl_journal* j, irl_errinfo* info) {
  return irl_fail(info, IRL_ERANGE, "%s: no episode is running; begin one", j->path);
}

static irl_err not_finite(const irl_journal* j, irl_errinfo* info) {
  return irl_fail(info, IRL_ENUM,
                  "%s: step %d of episode %d is not finite; end the episode, it diverged", j->path,
                  j->length, j->episode);
}

// The first observation and state stand in the begin record, so that T steps give T + 1 rows.
irl_err irl_journal_begin(irl_journal* journal, int condition, uint64_t seed, const double* x,
                          const double* state, int* number, irl_errinfo* info) {
  irl_journal* j = journal;
  if (condition < 0 || condition >= j->head.nconditions) {
    return irl_fail(info, IRL_ERANGE, "%s: condition %d is not one of the task's; give 0 to %d",
                    j->path, condition, j->head.nconditions - 1);
  }
  if (!all_finite(x, j->head.nx) || !all_finite(state, j->head.nstate)) {
    return irl_fail(info, IRL_ENUM, "%s: the first state of an episode is not finite; reset it",
                    j->path);
  }
  irl_journal_begin_record b = {j->next, condition, seed, clock_ns(CLOCK_REALTIME)};
  unsigned char* end = put(payload(j), &b, sizeof b);
  end = put_numbers(end, x, j->head.nx);
  end = put_numbers(end, state, j->head.nstate);
  IRL_TRY(append(j, IRL_JOURNAL_BEGIN, (size_t)(end - payload(j)), true, info));
  if (number) {
    *number = j->next;
  }
  j->episode = j->next++;
  j->length = 0;
  return IRL_OK;
}

irl_err irl_journal_step(irl_journal* journal, const irl_journal_row* step, irl_errinfo* info) {
  irl_journal* j = journal;
  const irl_journal_head* h = &j->head;
  if (j->episode < 0) {
    return not_running(j, info);
  }
  irl_journal_step_record s = {.episode = j->episode,
                               .step = j->length,
                               .wall_ns = clock_ns(CLOCK_REALTIME),
                               .terminated = step->terminated,
                               .success = step->success,
                               .reward = h->has_reward ? step->reward : 0,
                               .logq = h->has_logq ? step->logq : 0};
  if (!isfinite(s.reward) || !isfinite(s.logq) || !all_finite(step->u, h->nu) ||
      !all_finite(step->applied, h->nu) || !all_finite(step->z, h->nz) ||
      !all_finite(step->x, h->nx) || !all_finite(step->state, h->nstate)) {
    return not_finite(j, info);
  }
  unsigned char* end = put(payload(j), &s, sizeof s);
  end = put_numbers(end, step->u, h->nu);
  end = put_numbers(end, step->applied, h->nu);
  end = put_numbers(end, step->z, h->nz);
  end = put_numbers(end, step->x, h->nx);
  end = put_numbers(end, step->state, h->nstate);
  IRL_TRY(append(j, IRL_JOURNAL_STEP, (size_t)(end - payload(j)), false, info));
  j->length++;
  return IRL_OK;
}

irl_err irl_journal_rewind(irl_journal* journal, int step, irl_errinfo* info) {
  irl_journal* j = journal;
  if (j->episode < 0) {
    return not_running(j, info);
  }
  if (step < 0 || step > j->length) {
    return irl_fail(info, IRL_ERANGE, "%s: episode %d has %d steps; rewind it to 0 to %d, not %d",
                    j->path, j->episode, j->length, j->length, step);
  }
  irl_journal_rewind_record w = {j->episode, step, clock_ns(CLOCK_REALTIME)};
  put(payload(j), &w, sizeof w);
  IRL_TRY(append(j, IRL_JOURNAL_REWIND, sizeof w, true, info));
  j->length = step;
  return IRL_OK;
}

// The label is the one part of free length; the rest of its last 8 bytes is zero.
irl_err irl_journal_end(irl_journal* journal, bool kept, int success, const char* label,
                        irl_errinfo* info) {
  irl_journal* j = journal;
  label = label ? label : "";
  const size_t size = strlen(label);
  if (j->episode < 0) {
    return not_running(j, info);
  }
  if (size >= IRL_JOURNAL_MAX_LABEL) {
    return irl_fail(info, IRL_ERANGE, "%s: the label has %zu bytes; give at most %d", j->path, size,
                    IRL_JOURNAL_MAX_LABEL - 1);
  }
  irl_journal_end_record e = {.episode = j->episode,
                              .length = j->length,
                              .success = success < 0 ? -1 : success != 0,
                              .kept = kept,
                              .wall_ns = clock_ns(CLOCK_REALTIME),
                              .label_size = (uint32_t)size};
  const size_t all = sizeof e + irl_journal_pad(size + 1);
  memset(payload(j), 0, all);
  put(put(payload(j), &e, sizeof e), label, size);
  IRL_TRY(append(j, IRL_JOURNAL_END, all, true, info));
  j->episode = -1;
  return IRL_OK;
}

// Whether such an episode is there at all is the reader's to find out: here its number is enough.
irl_err irl_journal_discard(irl_journal* journal, int number, bool discarded, irl_errinfo* info) {
  irl_journal* j = journal;
  if (number < 0 || number >= j->next || number == j->episode) {
    return irl_fail(info, IRL_ERANGE, "%s: %d is no ended episode of this session; give one",
                    j->path, number);
  }
  irl_journal_discard_record d = {number, discarded, clock_ns(CLOCK_REALTIME)};
  put(payload(j), &d, sizeof d);
  return append(j, IRL_JOURNAL_DISCARD, sizeof d, true, info);
}

irl_err irl_journal_sync(irl_journal* journal, irl_errinfo* info) {
  int error = sync_all(journal);
  return error ? fail_errno(info, journal->path, "cannot be synced", error) : IRL_OK;
}

void irl_journal_get(const irl_journal* journal, irl_journal_status* status) {
  *status = (irl_journal_status){.episode = journal->episode,
                                 .length = journal->episode < 0 ? 0 : journal->length,
                                 .steps = journal->steps,
                                 .synced = journal->steps_synced,
                                 .bytes = journal->synced + (int64_t)journal->size};
}

//---------------------------------- Open and close ------------------------------------------------

// Writing happens in memory of fixed size: the records between two syncs and the largest record.
static irl_err allocate(irl_journal** journal, const irl_task* task,
                        const irl_journal_options* options, irl_errinfo* info) {
  const irl_journal_options usual = {.sync_ms = IRL_JOURNAL_SYNC_MS};
  const irl_task_info* t = irl_task_get(task);
  irl_journal* j = IRL_NEW(irl_journal, 1);
  options = options ? options : &usual;
  *journal = j;
  if (!j) {
    return irl_fail(info, IRL_ENOMEM, "journal: out of memory; free some");
  }
  j->fd = -1;
  j->episode = -1;
  j->sync_ms = options->sync_ms;
  j->head = (irl_journal_head){.format = IRL_JOURNAL_FORMAT,
                               .endian = IRL_JOURNAL_ENDIAN,
                               .seed = options->seed,
                               .wall_ns = clock_ns(CLOCK_REALTIME),
                               .nx = t->nx,
                               .nu = t->nu,
                               .nz = t->nz,
                               .nstate = t->nstate,
                               .nconditions = t->nconditions,
                               .has_reward = t->has_reward,
                               .has_success = t->has_success,
                               .has_logq = !options->no_logq};
  size_t texts = strlen(irl_task_json(task)) + strlen(irl_task_mjcf(task)) + strlen(t->name);
  size_t record = sizeof(irl_journal_step_record) + 8 * irl_journal_step_numbers(&j->head);
  j->capacity = MAX_UNSYNCED + 2 * FRAME + record + texts + 2 * IRL_JOURNAL_MAX_LABEL;
  j->unsynced = irl_calloc(j->capacity, 1);
  return j->unsynced ? IRL_OK : irl_fail(info, IRL_ENOMEM, "journal: out of memory; free some");
}

// Descriptor and memory; nothing is synced.
static void destroy(irl_journal* j) {
  if (j && j->fd >= 0) {
    close(j->fd);
  }
  if (j) {
    irl_free(j->unsynced);
    irl_free(j);
  }
}

// Puts the header's bytes where a record is made and returns their number.
static size_t put_header(irl_journal* j, const irl_task* task) {
  char platform[512], mujoco[64];
  irl_demos_platform(platform, sizeof platform);
  irl_demos_mujoco(mujoco, sizeof mujoco);
  const char* texts[IRL_JOURNAL_TEXTS] = {irl_task_get(task)->name, irl_task_json(task),
                                          irl_task_mjcf(task), platform, mujoco};
  unsigned char* end = payload(j) + sizeof j->head;
  for (int i = 0; i < IRL_JOURNAL_TEXTS; i++) {
    j->head.text_size[i] = (uint32_t)strlen(texts[i]) + 1;
    end = put(end, texts[i], j->head.text_size[i]);
  }
  put(payload(j), &j->head, sizeof j->head);
  const size_t size = (size_t)(end - payload(j)), padded = irl_journal_pad(size);
  memset(end, 0, padded - size);
  return padded;
}

// The dataset must be able to take what is recorded, and this is known before work begins.
static irl_err check_dataset(const irl_place* place, const irl_task* task, bool has_logq,
                             irl_errinfo* info) {
  irl_demos* demos = NULL;
  if (irl_dir_empty(place->data)) {
    return IRL_OK;
  }
  IRL_TRY(irl_demos_load(&demos, place->dir, info));
  irl_err err = irl_demos_joinable(demos, task, has_logq, place->dir, info);
  irl_demos_destroy(demos);
  return err;
}

// Whether nothing was ever recorded in a journal.
static bool is_blank(const char* path) {
  irl_recording r;
  bool blank = irl_recording_load(&r, path, NULL) == IRL_OK && r.n == 0 && !r.damaged;
  irl_recording_fini(&r);
  return blank;
}

// A journal that is there is in use, or waits: neither is touched. A blank one makes way.
static irl_err refuse_existing(const char* dir, irl_errinfo* info) {
  char path[IRL_DEMOS_PATH];
  int fd;
  irl_err err = irl_journal_lock(&fd, path, dir, info);
  if (err == IRL_ENOENT) {
    return IRL_OK;
  }
  IRL_TRY(err);
  bool gone = is_blank(path) && unlink(path) == 0;
  close(fd);
  return gone ? IRL_OK
              : irl_fail(info, IRL_EEXIST,
                         "%s: holds a recording that is not in the dataset yet; fold it in or go "
                         "on with it first",
                         path);
}

// The file gets its name when its header is on the disk, so that a journal without one is damaged
// and not young.
static irl_err make_file(irl_journal* j, const irl_place* place, const irl_task* task,
                         irl_errinfo* info) {
  char made[IRL_DEMOS_PATH];
  if (!irl_path_join(made, sizeof made, place->dir, NEW_NAME) ||
      !irl_path_join(j->path, sizeof j->path, place->dir, IRL_JOURNAL_NAME)) {
    return irl_fail(info, IRL_ERANGE, "%s: the path is too long; choose a shorter one", place->dir);
  }
  if (getrandom(&j->head.session, sizeof j->head.session, 0) != sizeof j->head.session) {
    return fail_errno(info, j->path, "no random number for its name", errno);
  }
  do {
    j->fd = open(made, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  } while (j->fd < 0 && errno == EINTR);
  if (j->fd < 0) {
    return fail_errno(info, made, "cannot be made", errno);
  }
  (void)flock(j->fd, LOCK_EX | LOCK_NB);  // fails only on file systems that cannot
  irl_err err = append(j, IRL_JOURNAL_HEADER, put_header(j, task), true, info);
  if (!err && rename(made, j->path) != 0) {
    err = fail_errno(info, j->path, "cannot be put in place", errno);
  }
  if (err) {
    (void)unlink(made);
    return err;
  }
  err = irl_place_sync(place, info);
  if (err) {
    (void)unlink(j->path);
  }
  return err;
}

irl_err irl_journal_create(irl_journal** journal, const char* dir, const irl_task* task,
                           const irl_journal_options* options, irl_errinfo* info) {
  irl_place place;
  irl_journal* j = NULL;
  *journal = NULL;
  IRL_TRY(irl_place_open(&place, dir, true, info));
  irl_err err = refuse_existing(place.dir, info);
  if (!err) {
    err = allocate(&j, task, options, info);
  }
  if (!err) {
    err = check_dataset(&place, task, j->head.has_logq, info);
  }
  if (!err) {
    err = make_file(j, &place, task, info);
  }
  irl_place_abort(&place);  // takes away what it made, but not a folder with a journal in it
  if (err) {
    destroy(j);
    return err;
  }
  *journal = j;
  return IRL_OK;
}

// Whether a recording is one of this task, made here with the same options.
static bool same_session(const irl_journal* j, const irl_recording* r, const irl_task* task) {
  char platform[512];
  irl_demos_platform(platform, sizeof platform);
  return strcmp(r->text[0], irl_task_get(task)->name) == 0 &&
         strcmp(r->text[1], irl_task_json(task)) == 0 &&
         strcmp(r->text[2], irl_task_mjcf(task)) == 0 && strcmp(r->text[3], platform) == 0 &&
         r->head.nx == j->head.nx && r->head.nu == j->head.nu && r->head.nz == j->head.nz &&
         r->head.nstate == j->head.nstate && r->head.nconditions == j->head.nconditions &&
         r->head.has_logq == j->head.has_logq;
}

// Takes up numbers and place where a recording ends, and cuts off what is torn.
static irl_err go_on(irl_journal* j, const irl_recording* r, const irl_task* task,
                     irl_errinfo* info) {
  if (!same_session(j, r, task)) {
    return irl_fail(info, IRL_EDIM,
                    "%s: is of another task or from another machine; fold it in first", j->path);
  }
  if (r->damaged) {
    return irl_fail(info, IRL_EPARSE,
                    "%s: is damaged at byte %zu of %zu; fold it in, which keeps it aside", j->path,
                    r->good, r->size);
  }
  j->head = r->head;
  j->sequence = r->sequence;
  j->next = r->n > 0 ? r->episodes[r->n - 1].number + 1 : 0;
  j->synced = (int64_t)r->good;
  j->torn = true;  // what is there may not be on the disk, or be torn
  int error = mend(j);
  if (error == 0) {
    error = sync_data(j->fd);
  }
  return error ? fail_errno(info, j->path, "cannot be repaired", error) : IRL_OK;
}

irl_err irl_journal_open(irl_journal** journal, const char* dir, const irl_task* task,
                         const irl_journal_options* options, irl_errinfo* info) {
  irl_journal* j = NULL;
  irl_recording r = {0};
  *journal = NULL;
  irl_err err = allocate(&j, task, options, info);
  if (!err) {
    err = irl_journal_lock(&j->fd, j->path, dir, info);
    if (err == IRL_ENOENT) {
      err = irl_fail(info, err, "%s: has no journal to go on with; begin a new one", dir);
    }
  }
  if (!err) {
    err = irl_recording_load(&r, j->path, info);
  }
  if (!err) {
    err = go_on(j, &r, task, info);
    irl_recording_fini(&r);
  }
  if (err) {
    destroy(j);
    return err;
  }
  *journal = j;
  return IRL_OK;
}

irl_err irl_journal_close(irl_journal* journal, irl_errinfo* info) {
  if (!journal) {
    return IRL_OK;
  }
  irl_err err = irl_journal_sync(journal, info);
  destroy(journal);
  return err;
}
