// Work that may crash, hang or eat all memory is done by a helper first: another process, with
// limits, whose word is taken. A program can be its own helper.
#ifndef MJIRL_BASE_HELPER_H_
#define MJIRL_BASE_HELPER_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { IRL_HELPER_ANSWER = 700 };  // bytes

typedef struct irl_helper_end {
  bool in_time;
  bool exited;                     // else a signal ended it
  int code;                        // its exit code, or the signal
  char answer[IRL_HELPER_ANSWER];  // the first line of its output
} irl_helper_end;

// Runs `program words...` (words NULL-ended) with its input from a descriptor (-1: none) and takes
// what it says, at most for `seconds`; then it is killed. False when it cannot be started.
bool irl_helper_run(irl_helper_end* end, const char* program, const char* const* words, int input,
                    double seconds);

// Whether it ended well and said "ok".
bool irl_helper_agrees(const irl_helper_end* end);

// Whether it ran out of its time, of either kind.
bool irl_helper_was_slow(const irl_helper_end* end);

// The helper's own side, for good: seconds of processor time, bytes of memory beyond what the
// process has now, and no file may be written. Sanitizers know no limit of memory.
void irl_helper_limit(double seconds, size_t memory);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_HELPER_H_
