// Files that others made. HDF5 is not hardened against hostile files, so one that does not carry a
// valid checksum of ours is first read to its end by a helper: another process with limits on
// memory, time and writing, which may crash without harm. The program mjirl is its own helper.
//
// A checksum proves that nothing was damaged, not who made the file: a stranger can compute one
// too. Remove mjirl_crc32c from metadata.json to have a stranger's dataset read by the helper.
#ifndef MJIRL_DEMOS_GUARD_H_
#define MJIRL_DEMOS_GUARD_H_

#include <stdbool.h>

#include "base/err.h"
#include "demos/demos.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_demos_access {
  // Program that is started as `helper demos probe-hdf5 FILE`; NULL: what the environment says in
  // MJIRL_PROBE. Without either, files of others are refused.
  const char* helper;
  bool trusted;  // read files of others in this process, without a helper
  bool lean;     // leave out what irl_demos_load_lean does
} irl_demos_access;

// irl_demos_load with another access than {0}, which NULL stands for too.
IRL_NODISCARD irl_err irl_demos_load_with(irl_demos** demos, const char* dir,
                                          const irl_demos_access* access, irl_errinfo* info);

// Has the helper read an HDF5 file. Errors: IRL_EUNSUPPORTED without a helper, IRL_EPARSE with the
// helper's sentence, or saying how it ended.
IRL_NODISCARD irl_err irl_demos_guard(const char* path, const irl_demos_access* access,
                                      irl_errinfo* info);

// The helper's work: limits this process for good and reads all of a file. A program that serves as
// a helper calls this, answers "ok" or the sentence as its one line of output, and ends.
IRL_NODISCARD irl_err irl_demos_probe(const char* path, irl_errinfo* info);

//---------------------------------- One episode at a time -----------------------------------------

// A dataset that is read an episode at a time: nothing is held but the names and texts. The whole
// file's checksum is not computed, so a file is only read so where it is trusted to be whole: it
// carries a checksum of ours, or access allows files of others as above.
typedef struct irl_demos_stream irl_demos_stream;

IRL_NODISCARD irl_err irl_demos_open(irl_demos_stream** stream, const char* dir,
                                     const irl_demos_access* access, irl_errinfo* info);
int irl_demos_stream_count(const irl_demos_stream* stream);  // episodes

// One episode as a dataset of its own (N = 1, horizon its length); irl_demos_destroy takes it.
// Errors: as irl_demos_load; IRL_ERANGE for an episode that is not there.
IRL_NODISCARD irl_err irl_demos_read_episode(irl_demos** demos, irl_demos_stream* stream,
                                             int episode, irl_errinfo* info);
void irl_demos_close(irl_demos_stream* stream);  // NULL is fine

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_GUARD_H_
