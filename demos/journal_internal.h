// The journal's layout, and its reader (docs/demos.md). Numbers are in the writer's byte order,
// which the header tells; every record is a multiple of 8 bytes long.
#ifndef MJIRL_DEMOS_JOURNAL_INTERNAL_H_
#define MJIRL_DEMOS_JOURNAL_INTERNAL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"
#include "demos/demos_internal.h"
#include "demos/journal.h"

#define IRL_JOURNAL_NAME "recording.journal"

//---------------------------------- Records -------------------------------------------------------

enum {
  IRL_JOURNAL_FORMAT = 1,
  IRL_JOURNAL_ENDIAN = 0x01020304,
  IRL_JOURNAL_MAGIC = 0x4a4c5249,     // "IRLJ" where the lowest byte comes first
  IRL_JOURNAL_MAX_ENTRIES = 1 << 20,  // of each array of a step
  IRL_JOURNAL_MAX_LABEL = 4096,       // bytes
};

typedef enum irl_journal_type {
  IRL_JOURNAL_HEADER = 1,
  IRL_JOURNAL_BEGIN,
  IRL_JOURNAL_STEP,
  IRL_JOURNAL_REWIND,
  IRL_JOURNAL_END,
  IRL_JOURNAL_DISCARD,
} irl_journal_type;

typedef struct irl_journal_frame {
  uint32_t magic;
  uint32_t type;
  uint64_t sequence;  // number of the record in the file
  uint32_t size;      // bytes that follow
  uint32_t crc;       // CRC-32C of the session, the fields above and the bytes that follow
} irl_journal_frame;

enum { IRL_JOURNAL_TEXTS = 5 };  // task name, task JSON, MJCF, platform, MuJoCo's version

typedef struct irl_journal_head {
  uint32_t format, endian;
  uint64_t session;  // random, so that sessions with the same seed can be told apart
  uint64_t seed;
  int64_t wall_ns;  // since 1970, as in all records
  int32_t nx, nu, nz, nstate, nconditions;
  uint32_t has_reward, has_success, has_logq;
  uint32_t text_size[IRL_JOURNAL_TEXTS];  // with the zero byte; the texts follow
  uint32_t zero;
} irl_journal_head;

typedef struct irl_journal_begin_record {
  int32_t number, condition;
  uint64_t seed;
  int64_t wall_ns;
} irl_journal_begin_record;  // x (nx), state (nstate) follow

typedef struct irl_journal_step_record {
  int32_t episode, step;
  int64_t wall_ns;
  uint32_t terminated, success;
  double reward, logq;
} irl_journal_step_record;  // u (nu), applied (nu), z (nz), x (nx), state (nstate) follow

typedef struct irl_journal_rewind_record {
  int32_t episode, step;
  int64_t wall_ns;
} irl_journal_rewind_record;

typedef struct irl_journal_end_record {
  int32_t episode, length;
  int32_t success;  // -1: as the steps say
  uint32_t kept;
  int64_t wall_ns;
  uint32_t label_size, zero;
} irl_journal_end_record;  // the label and its zero byte follow

typedef struct irl_journal_discard_record {
  int32_t episode;
  uint32_t discarded;
  int64_t wall_ns;
} irl_journal_discard_record;

static inline size_t irl_journal_pad(size_t size) {
  return (size + 7) / 8 * 8;
}

// Doubles behind the fixed part of a begin and of a step record.
static inline size_t irl_journal_begin_numbers(const irl_journal_head* h) {
  return (size_t)h->nx + (size_t)h->nstate;
}
static inline size_t irl_journal_step_numbers(const irl_journal_head* h) {
  return 2 * (size_t)h->nu + (size_t)h->nz + (size_t)h->nx + (size_t)h->nstate;
}

// The checksum of a frame whose bytes follow it in memory; the header's own session is 0.
uint32_t irl_journal_crc(uint64_t session, const irl_journal_frame* frame, const void* payload);

//---------------------------------- Reading -------------------------------------------------------

typedef struct irl_recorded {
  int number, condition, length;
  uint64_t seed;
  bool ended;  // by the user; else broken off
  bool discarded;
  bool terminated;
  int success;        // -1: not judged
  const char* label;  // inside the journal's bytes
  size_t begin;       // offset of the begin record's fixed part
  size_t first;       // first of its entries in irl_recording.steps
} irl_recorded;

typedef struct irl_recording {
  irl_journal_head head;
  const char* text[IRL_JOURNAL_TEXTS];  // inside the bytes
  irl_recorded* episodes;
  int n;
  size_t* steps;      // offsets of the step records' fixed parts
  size_t good;        // bytes of whole records before the first that is not
  size_t size;        // of the file
  uint64_t sequence;  // of the record after the last whole one
  bool damaged;       // whole records stand behind a broken one
  const char* bytes;  // of the file
  char* owned;        // the same if they are to be freed
} irl_recording;

// Decodes a journal's bytes, which must outlive the recording. Any bytes will do: sizes are bounded
// by those that are there. A broken record ends its episode; whole ones behind it are found again.
// Errors: IRL_EPARSE, IRL_ERANGE, IRL_EUNSUPPORTED for the header, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_recording_decode(irl_recording* recording, const char* name,
                                           const void* data, size_t size, irl_errinfo* info);
IRL_NODISCARD irl_err irl_recording_load(irl_recording* recording, const char* path,
                                         irl_errinfo* info);
void irl_recording_fini(irl_recording* recording);  // zeroed is fine

// Copies an episode over trajectory i of a batch of its sizes and at least its length.
void irl_recording_copy(const irl_recording* recording, int episode, irl_batch* batch, int i);

// MuJoCo's version, as in the platform's text.
void irl_demos_mujoco(char* out, size_t size);

//---------------------------------- fold.c --------------------------------------------------------

// Whether a session of this task can be added to a dataset: "where" names it in the sentence.
IRL_NODISCARD irl_err irl_demos_joinable(const irl_demos* demos, const irl_task* task,
                                         bool has_logq, const char* where, irl_errinfo* info);

// Opens and locks the journal of dir; IRL_ENOENT (silent) when there is none, IRL_EEXIST when
// somebody records.
IRL_NODISCARD irl_err irl_journal_lock(int* fd, char path[IRL_DEMOS_PATH], const char* dir,
                                       irl_errinfo* info);

#endif  // MJIRL_DEMOS_JOURNAL_INTERNAL_H_
