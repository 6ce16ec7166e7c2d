// What the recording driver tells the test that kills it, over a pipe.
#ifndef MJIRL_TESTS_CRASH_ACK_H_
#define MJIRL_TESTS_CRASH_ACK_H_

#include <stdint.h>

#define CRASH_TASK "inverted_pendulum"

enum { CRASH_EPISODES = 900 };  // that a driver records at most

typedef enum ack_kind {
  ACK_FOLDING,     // about to fold
  ACK_FOLDED,      // irl_demos_fold returned
  ACK_BEGUN,       // irl_journal_begin returned
  ACK_STEPPED,     // irl_journal_step returned; value: steps of the episode so far
  ACK_REWINDING,   // about to rewind to `value` steps
  ACK_REWOUND,     // done
  ACK_ENDING,      // about to end; value: kept
  ACK_ENDED,       // done
  ACK_DISCARDING,  // about to discard (1) or take that back (0)
  ACK_DISCARDED,   // done
} ack_kind;

// Small enough that a pipe takes it whole or not at all.
typedef struct ack {
  uint64_t seed;  // of the episode
  int32_t kind, value;
} ack;

#endif  // MJIRL_TESTS_CRASH_ACK_H_
