// Reading a journal, whatever its bytes are: records up to the first broken one, then those behind.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "demos/journal_internal.h"

enum { FRAME = sizeof(irl_journal_frame) };
#define MAX_BYTES ((size_t)8 << 30)  // of a journal: it is held in memory

_Static_assert(FRAME == 24 && sizeof(irl_journal_head) == 88, "no gaps, multiples of 8 bytes");
_Static_assert(sizeof(irl_journal_begin_record) == 24, "no gaps");
_Static_assert(sizeof(irl_journal_step_record) == 40, "no gaps");
_Static_assert(sizeof(irl_journal_end_record) == 32, "no gaps");

typedef struct reader {
  irl_recording* r;
  const unsigned char* data;
  size_t size;
  size_t episode_capacity, step_capacity, nsteps;
  size_t budget;  // bytes that may still be checked in search of whole records
  bool running;   // the last episode takes steps
  bool no_memory;
} reader;

uint32_t irl_journal_crc(uint64_t session, const irl_journal_frame* frame, const void* payload) {
  uint32_t crc = irl_crc32c(0, &session, sizeof session);
  crc = irl_crc32c(crc, frame, offsetof(irl_journal_frame, crc));
  return irl_crc32c(crc, payload, frame->size);
}

//---------------------------------- Frames --------------------------------------------------------

// Whether a frame's size can be one of its type's.
static bool fits_type(const irl_journal_head* h, const irl_journal_frame* f) {
  const size_t label = sizeof(irl_journal_end_record);
  switch (f->type) {
    case IRL_JOURNAL_BEGIN:
      return f->size == sizeof(irl_journal_begin_record) + 8 * irl_journal_begin_numbers(h);
    case IRL_JOURNAL_STEP:
      return f->size == sizeof(irl_journal_step_record) + 8 * irl_journal_step_numbers(h);
    case IRL_JOURNAL_REWIND:
      return f->size == sizeof(irl_journal_rewind_record);
    case IRL_JOURNAL_END:
      return f->size > label && f->size <= label + IRL_JOURNAL_MAX_LABEL + 8 && f->size % 8 == 0;
    case IRL_JOURNAL_DISCARD:
      return f->size == sizeof(irl_journal_discard_record);
    default:
      return false;
  }
}

// Whether a whole record stands at an offset; its checksum is taken only if all else is right.
static bool frame_at(reader* k, size_t at, irl_journal_frame* f) {
  if (k->size - at < FRAME) {
    return false;
  }
  memcpy(f, k->data + at, FRAME);
  if (f->magic != IRL_JOURNAL_MAGIC || f->sequence < k->r->sequence ||
      f->size > k->size - at - FRAME || !fits_type(&k->r->head, f)) {
    return false;
  }
  k->budget -= k->budget < f->size ? k->budget : f->size;
  return f->crc == irl_journal_crc(k->r->head.session, f, k->data + at + FRAME);
}

// The next whole record behind a broken one, or the end. Records made up so that each looks whole
// but for its checksum would make the search quadratic: the budget ends it.
static size_t search(reader* k, size_t at) {
  irl_journal_frame f;
  for (at += 8; at < k->size && k->budget > 0; at += 8) {
    if (frame_at(k, at, &f)) {
      return at;
    }
  }
  return k->size;
}

//---------------------------------- Growing lists -------------------------------------------------

// Room for one entry more. Lists grow with the records that were read, never by a declared number.
static void* grow(reader* k, void* list, size_t count, size_t* capacity, size_t entry) {
  if (count < *capacity) {
    return list;
  }
  size_t wanted = *capacity ? 2 * *capacity : 64;
  void* bigger = irl_calloc(wanted, entry);
  if (!bigger) {
    k->no_memory = true;
    return list;
  }
  if (count > 0) {
    memcpy(bigger, list, count * entry);
  }
  irl_free(list);
  *capacity = wanted;
  return bigger;
}

//---------------------------------- Records -------------------------------------------------------

// Datasets promise finite numbers, and the writer refuses others.
static bool all_finite(const unsigned char* numbers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    double value;
    memcpy(&value, numbers + 8 * i, 8);
    if (!isfinite(value)) {
      return false;
    }
  }
  return true;
}

static irl_recorded* last(const reader* k) {
  return k->r->n > 0 ? &k->r->episodes[k->r->n - 1] : NULL;
}

// A begin ends what was running: the recorder went on after a crash.
static bool take_begin(reader* k, const unsigned char* payload) {
  irl_recording* r = k->r;
  irl_journal_begin_record b;
  memcpy(&b, payload, sizeof b);
  bool next = b.number >= 0 && (!last(k) || b.number > last(k)->number);
  if (!next || b.condition < 0 || b.condition >= r->head.nconditions ||
      !all_finite(payload + sizeof b, irl_journal_begin_numbers(&r->head))) {
    return false;
  }
  r->episodes = grow(k, r->episodes, (size_t)r->n, &k->episode_capacity, sizeof(irl_recorded));
  if (k->no_memory || r->n == INT32_MAX) {
    return false;
  }
  r->episodes[r->n++] = (irl_recorded){.number = b.number,
                                       .condition = b.condition,
                                       .seed = b.seed,
                                       .success = -1,
                                       .label = "",
                                       .begin = (size_t)(payload - k->data),
                                       .first = k->nsteps};
  k->running = true;
  return true;
}

// Steps come in order and belong to the running episode: whole records of another one would be a
// mistake of the writer, or of somebody who made them up.
static bool take_step(reader* k, const unsigned char* payload) {
  irl_recording* r = k->r;
  irl_recorded* e = last(k);
  irl_journal_step_record s;
  memcpy(&s, payload, sizeof s);
  if (!k->running || s.episode != e->number || s.step != e->length || !isfinite(s.reward) ||
      !isfinite(s.logq) || !all_finite(payload + sizeof s, irl_journal_step_numbers(&r->head))) {
    return false;
  }
  r->steps = grow(k, r->steps, k->nsteps, &k->step_capacity, sizeof *r->steps);
  if (k->no_memory || e->length == INT32_MAX) {
    return false;
  }
  r->steps[k->nsteps++] = (size_t)(payload - k->data);
  e->length++;
  return true;
}

// What was taken back is forgotten at once; its bytes stay in the file.
static bool take_rewind(reader* k, const unsigned char* payload) {
  irl_recorded* e = last(k);
  irl_journal_rewind_record w;
  memcpy(&w, payload, sizeof w);
  if (!k->running || w.episode != e->number || w.step < 0 || w.step > e->length) {
    return false;
  }
  k->nsteps -= (size_t)(e->length - w.step);
  e->length = w.step;
  return true;
}

// The episode's length is repeated, so that a lost step cannot pass for a short episode.
static bool take_end(reader* k, const unsigned char* payload, size_t size) {
  irl_recorded* e = last(k);
  irl_journal_end_record end;
  memcpy(&end, payload, sizeof end);
  const char* label = (const char*)payload + sizeof end;
  if (!k->running || end.episode != e->number || end.length != e->length || end.success < -1 ||
      end.success > 1 || end.label_size >= size - sizeof end ||
      strnlen(label, size - sizeof end) != end.label_size) {
    return false;
  }
  e->ended = true;
  e->discarded = end.kept == 0;
  e->success = end.success;
  e->label = label;
  k->running = false;
  return true;
}

// Numbers rise, so that a binary search finds an episode.
static bool take_discard(reader* k, const unsigned char* payload) {
  irl_journal_discard_record d;
  memcpy(&d, payload, sizeof d);
  int low = 0, high = k->r->n;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (k->r->episodes[middle].number < d.episode) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == k->r->n || k->r->episodes[low].number != d.episode) {
    return false;
  }
  k->r->episodes[low].discarded = d.discarded != 0;
  return true;
}

// What a whole record says; false when it cannot follow on those before it.
static bool take(reader* k, const irl_journal_frame* f, const unsigned char* payload) {
  switch (f->type) {
    case IRL_JOURNAL_BEGIN:
      return take_begin(k, payload);
    case IRL_JOURNAL_STEP:
      return take_step(k, payload);
    case IRL_JOURNAL_REWIND:
      return take_rewind(k, payload);
    case IRL_JOURNAL_END:
      return take_end(k, payload, f->size);
    default:
      return take_discard(k, payload);
  }
}

//---------------------------------- Header --------------------------------------------------------

static bool in_range(int32_t value, int32_t low) {
  return value >= low && value <= IRL_JOURNAL_MAX_ENTRIES;
}

// The texts behind the fixed part of the header; each ends with its zero byte.
static bool split_texts(irl_recording* r, const char* text, size_t size) {
  for (int i = 0; i < IRL_JOURNAL_TEXTS; i++) {
    size_t length = r->head.text_size[i];
    if (length == 0 || length > size || strnlen(text, length) != length - 1) {
      return false;
    }
    r->text[i] = text;
    text += length;
    size -= length;
  }
  return true;
}

// The first record tells how to read the others, so that without it nothing can be read.
static irl_err read_header(reader* k, const char* name, size_t* end, irl_errinfo* info) {
  irl_journal_frame f = {0};
  irl_journal_head* h = &k->r->head;
  if (k->size >= FRAME) {
    memcpy(&f, k->data, FRAME);
  }
  bool swapped = f.magic == 0x49524c4a;
  if (swapped) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: was written on a machine of the other byte order; fold it there", name);
  }
  bool good = f.magic == IRL_JOURNAL_MAGIC && f.type == IRL_JOURNAL_HEADER && f.sequence == 0 &&
              f.size >= sizeof *h && f.size <= k->size - FRAME && f.size % 8 == 0 &&
              f.crc == irl_journal_crc(0, &f, k->data + FRAME);
  if (good) {
    memcpy(h, k->data + FRAME, sizeof *h);
  }
  if (good && h->format != IRL_JOURNAL_FORMAT) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: has format %" PRIu32
                    ", this program reads format %d; use the program it was made with",
                    name, h->format, IRL_JOURNAL_FORMAT);
  }
  good = good && h->endian == IRL_JOURNAL_ENDIAN && in_range(h->nx, 1) && in_range(h->nu, 1) &&
         in_range(h->nz, 0) && in_range(h->nstate, 0) && in_range(h->nconditions, 1) &&
         split_texts(k->r, (const char*)k->data + FRAME + sizeof *h, f.size - sizeof *h);
  *end = FRAME + (good ? f.size : 0);
  return good ? IRL_OK
              : irl_fail(info, IRL_EPARSE,
                         "%s: is no journal, or its first record is damaged; restore it or move it "
                         "away",
                         name);
}

//---------------------------------- All -----------------------------------------------------------

// Behind a broken record, or one that cannot follow, the running episode takes no more steps: some
// are missing.
static void read_records(reader* k, size_t at) {
  irl_recording* r = k->r;
  irl_journal_frame f;
  bool broken = false;
  r->sequence = 1;
  while (at < k->size && !k->no_memory) {
    bool whole = frame_at(k, at, &f) && (broken || f.sequence == r->sequence);
    bool taken = whole && take(k, &f, k->data + at + FRAME);
    if (!taken) {
      k->running = false;
      broken = true;
    }
    if (whole) {
      r->sequence = f.sequence + 1;
      r->damaged |= broken;
      at += FRAME + f.size;
    } else {
      at = search(k, at);
    }
    r->good = broken ? r->good : at;
  }
}

// The last step tells whether an episode terminated; any may have succeeded.
static void judge(const reader* k) {
  for (int i = 0; i < k->r->n; i++) {
    irl_recorded* e = &k->r->episodes[i];
    bool success = false;
    for (int t = 0; t < e->length; t++) {
      irl_journal_step_record s;
      memcpy(&s, k->data + k->r->steps[e->first + (size_t)t], sizeof s);
      success |= s.success != 0;
      e->terminated = s.terminated != 0;
    }
    if (e->success < 0 && k->r->head.has_success) {
      e->success = success;
    }
  }
}

irl_err irl_recording_decode(irl_recording* recording, const char* name, const void* data,
                             size_t size, irl_errinfo* info) {
  *recording = (irl_recording){.bytes = data, .size = size};
  reader k = {.r = recording, .data = data, .size = size, .budget = 4 * size};
  size_t end;
  IRL_TRY(read_header(&k, name, &end, info));
  recording->good = end;
  read_records(&k, end);
  if (k.no_memory) {
    irl_recording_fini(recording);
    return irl_fail(info, IRL_ENOMEM, "%s: no memory for its %zu bytes; free some", name, size);
  }
  judge(&k);
  return IRL_OK;
}

irl_err irl_recording_load(irl_recording* recording, const char* path, irl_errinfo* info) {
  char* data = NULL;
  size_t size = 0;
  *recording = (irl_recording){0};
  IRL_TRY(irl_file_read(path, MAX_BYTES, &data, &size, info));
  irl_err err = irl_recording_decode(recording, path, data, size, info);
  if (err) {
    irl_free(data);
    return err;
  }
  recording->owned = data;
  return IRL_OK;
}

void irl_recording_fini(irl_recording* recording) {
  irl_free(recording->episodes);
  irl_free(recording->steps);
  irl_free(recording->owned);
  *recording = (irl_recording){0};
}

//---------------------------------- Episodes ------------------------------------------------------

// Copies numbers and returns what follows them.
static const char* copy_numbers(double* to, const char* from, int count) {
  if (count > 0) {
    memcpy(to, from, (size_t)count * sizeof *to);
  }
  return from + (size_t)count * sizeof *to;
}

void irl_recording_copy(const irl_recording* recording, int episode, irl_batch* batch, int i) {
  const irl_recorded* e = &recording->episodes[episode];
  const irl_journal_head* h = &recording->head;
  irl_batch* b = batch;
  const char* bytes = recording->bytes;
  const char* from = bytes + e->begin + sizeof(irl_journal_begin_record);
  from = copy_numbers(irl_batch_x(b, i, 0), from, h->nx);
  copy_numbers(irl_batch_state(b, i, 0), from, h->nstate);
  for (int t = 0; t < e->length; t++) {
    const size_t at = recording->steps[e->first + (size_t)t];
    irl_journal_step_record s;
    memcpy(&s, bytes + at, sizeof s);
    from = copy_numbers(irl_batch_u(b, i, t), bytes + at + sizeof s, h->nu);
    from += (size_t)h->nu * sizeof(double);  // applied actions follow from the raw ones
    from = copy_numbers(irl_batch_z(b, i, t), from, h->nz);
    from = copy_numbers(irl_batch_x(b, i, t + 1), from, h->nx);
    copy_numbers(irl_batch_state(b, i, t + 1), from, h->nstate);
    b->reward[(int64_t)i * b->horizon + t] = s.reward;
    b->logq[(int64_t)i * b->horizon + t] = s.logq;
  }
  b->length[i] = e->length;
  b->condition[i] = e->condition;
  b->terminated[i] = e->terminated;
  b->success[i] = e->success > 0;
  b->valid[i] = 1;
}
