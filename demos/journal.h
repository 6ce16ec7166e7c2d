// Journals: a live recording goes to an append-only file, record by record, and from there into the
// folder's dataset (docs/demos.md gives the layout and the promise).
//
// What a call returned IRL_OK for survives the death of this process at any moment; what has been
// synced since survives power loss too, if the disk honours fsync. A call that failed left nothing
// behind, and the recorder may go on, say after space was freed. A program under a limit on file
// sizes ignores SIGXFSZ, or the signal ends it. A journal belongs to one thread.
#ifndef MJIRL_DEMOS_JOURNAL_H_
#define MJIRL_DEMOS_JOURNAL_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

//---------------------------------- Recording -----------------------------------------------------

typedef struct irl_journal irl_journal;

enum { IRL_JOURNAL_SYNC_MS = 500 };  // at most 1 % of the time where a sync takes 5 ms

typedef struct irl_journal_options {
  uint64_t seed;  // of the session
  int sync_ms;    // steps are synced when the last sync is older; 0: each one is
  bool no_logq;   // the steps have no log-density (a human acts)
} irl_journal_options;

// Begins a session in the folder of a dataset, which is made if need be; its journal is then
// <dir>/recording.journal, locked. options may be NULL: seed 0, IRL_JOURNAL_SYNC_MS. Errors:
// IRL_EEXIST when somebody records there or a journal waits for irl_demos_fold, IRL_EDIM,
// IRL_ERANGE or IRL_EUNSUPPORTED when the dataset in dir could not take such episodes, IRL_EIO,
// IRL_ENOSPC.
IRL_NODISCARD irl_err irl_journal_create(irl_journal** journal, const char* dir,
                                         const irl_task* task, const irl_journal_options* options,
                                         irl_errinfo* info);

// Goes on with the journal that a crash left in dir (same task, same platform); what is torn at its
// end is cut off. options->seed is ignored. Errors: IRL_ENOENT, and those of create.
IRL_NODISCARD irl_err irl_journal_open(irl_journal** journal, const char* dir, const irl_task* task,
                                       const irl_journal_options* options, irl_errinfo* info);

// Begins an episode with its first observation (nx) and physics state (nstate); *number (may be
// NULL) names it within the session. One that was running is left incomplete.
IRL_NODISCARD irl_err irl_journal_begin(irl_journal* journal, int condition, uint64_t seed,
                                        const double* x, const double* state, int* number,
                                        irl_errinfo* info);

typedef struct irl_journal_row {
  const double* x;        // observation after the step     (nx)
  const double* state;    // physics state after the step   (nstate)
  const double* u;        // raw action                     (nu)
  const double* applied;  // as the simulator got it        (nu)
  const double* z;        // residuals of the reward        (nz)
  double reward, logq;
  bool terminated, success;  // by the task's rules, at this step
} irl_journal_row;

IRL_NODISCARD irl_err irl_journal_step(irl_journal* journal, const irl_journal_row* step,
                                       irl_errinfo* info);

// Takes back the steps from `step` on: the next one recorded is number `step`.
IRL_NODISCARD irl_err irl_journal_rewind(irl_journal* journal, int step, irl_errinfo* info);

// Ends the running episode; success is -1 (as the task's rule says), 0 or 1; label may be NULL.
IRL_NODISCARD irl_err irl_journal_end(irl_journal* journal, bool kept, int success,
                                      const char* label, irl_errinfo* info);

// Discards an ended episode of this session, or takes that back.
IRL_NODISCARD irl_err irl_journal_discard(irl_journal* journal, int number, bool discarded,
                                          irl_errinfo* info);

// Brings everything to the disk now. begin, rewind, end and discard do so by themselves.
IRL_NODISCARD irl_err irl_journal_sync(irl_journal* journal, irl_errinfo* info);

// Where the recording stands.
typedef struct irl_journal_status {
  int episode;     // running, -1: none
  int length;      // its steps
  int64_t steps;   // written in this process, whatever became of them
  int64_t synced;  // of them on the disk
  int64_t bytes;   // of the journal
} irl_journal_status;
void irl_journal_get(const irl_journal* journal, irl_journal_status* status);

// Syncs and closes; the journal waits for irl_demos_fold. A running episode is left incomplete. The
// memory is freed also when the sync fails. NULL is fine.
IRL_NODISCARD irl_err irl_journal_close(irl_journal* journal, irl_errinfo* info);

//---------------------------------- Folding -------------------------------------------------------

typedef struct irl_demos_folded {
  int added;       // episodes that are new in the dataset
  int incomplete;  // of them, broken off by a crash
  int present;     // were in the dataset already: an earlier fold was interrupted
  int discarded;   // by the user
  int empty;       // without a step
  int64_t steps;   // added
  int64_t torn;    // bytes at the journal's end that hold no whole record
  bool damaged;    // not only at its end: it is kept as <dir>/recording-<session>.damaged
} irl_demos_folded;

bool irl_journal_waits(const char* dir);  // whether dir has a journal, perhaps in use

// Puts the episodes of the journal in dir into its dataset, which is written anew, read back and
// replaced, then removes the journal. Safe to repeat after a crash or an error at any point:
// nothing is lost and nothing comes twice. No journal is fine. Journal, old and new dataset are
// held in memory. Errors: IRL_EEXIST while somebody records, those of irl_demos_load and
// irl_demos_save.
IRL_NODISCARD irl_err irl_demos_fold(const char* dir, irl_demos_folded* folded, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_JOURNAL_H_
