// Any bytes are either refused with a sentence, or read as a recording whose every part lies within
// them and holds what a recording may hold.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "demos/journal_internal.h"
#include "fuzz.h"

enum { MAX_NUMBERS = 1 << 20 };

// Copies an episode out, where sanitizers see reads and writes beyond the ends.
static void check_episode(const irl_recording* r, int e) {
  const irl_recorded* episode = &r->episodes[e];
  const irl_journal_head* h = &r->head;
  irl_batch b = {0};
  assert(episode->number >= 0 && (e == 0 || episode->number > episode[-1].number));
  assert(episode->condition >= 0 && episode->condition < h->nconditions && episode->length >= 0);
  assert(episode->success >= -1 && episode->success <= 1);
  assert(strlen(episode->label) < r->size);
  const double numbers = (episode->length + 1.0) * (2.0 + h->nx + h->nu + h->nz + h->nstate);
  if (episode->length == 0 || numbers > MAX_NUMBERS) {
    return;
  }
  irl_err err = irl_batch_create(&b, 1, episode->length, h->nx, h->nu, h->nz, h->nstate);
  assert(err == IRL_OK);
  irl_recording_copy(r, e, &b, 0);
  for (int i = 0; i < (episode->length + 1) * h->nx; i++) {
    assert(isfinite(b.x[i]));
  }
  assert(b.length[0] == episode->length && isfinite(irl_batch_return(&b, 0)));
  irl_batch_destroy(&b);
}

static void decode(const uint8_t* data, size_t size) {
  irl_recording r;
  irl_errinfo info = {0};
  irl_err err = irl_recording_decode(&r, "input", data, size, &info);
  if (err != IRL_OK) {
    assert(info.code == err && strncmp(info.text, "input", 5) == 0);
    return;
  }
  assert(r.good <= size && r.size == size);
  for (int i = 0; i < IRL_JOURNAL_TEXTS; i++) {
    assert(strlen(r.text[i]) + 1 == r.head.text_size[i]);
  }
  for (int e = 0; e < r.n; e++) {
    check_episode(&r, e);
  }
  irl_recording_fini(&r);
}

// Gives every record the number and the checksum that it should have: otherwise most changes that a
// fuzzer makes stop there.
static void mend(uint8_t* data, size_t size) {
  irl_journal_frame f;
  irl_journal_head h = {0};
  size_t at = 0;
  if (size >= sizeof f + sizeof h) {
    memcpy(&h, data + sizeof f, sizeof h);
  }
  for (uint64_t sequence = 0; size - at >= sizeof f; sequence++) {
    memcpy(&f, data + at, sizeof f);
    if (f.size > size - at - sizeof f) {
      return;
    }
    f.magic = IRL_JOURNAL_MAGIC;
    f.sequence = sequence;
    f.crc = irl_journal_crc(sequence == 0 ? 0 : h.session, &f, data + at + sizeof f);
    memcpy(data + at, &f, sizeof f);
    at += sizeof f + f.size;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  decode(data, size);
  uint8_t* mended = irl_calloc(size, 1);
  if (mended != NULL && size > 0) {
    memcpy(mended, data, size);
    mend(mended, size);
    decode(mended, size);
  }
  irl_free(mended);
  return 0;
}
