// Messages to the host. The library never prints: it tells a sink, which may be empty.
#ifndef MJIRL_BASE_LOG_H_
#define MJIRL_BASE_LOG_H_

#ifdef __cplusplus
#include <atomic>
using std::atomic_bool;
#else
#include <stdatomic.h>
#endif
#include <stdbool.h>

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum irl_level { IRL_LOG_INFO, IRL_LOG_WARNING, IRL_LOG_PROGRESS } irl_level;

// One line without newline. IRL_LOG_PROGRESS lines replace each other on a terminal.
typedef struct irl_sink {
  void (*write)(void* user, irl_level level, const char* text);  // NULL: messages are dropped
  void* user;
} irl_sink;

void irl_log(const irl_sink* sink, irl_level level, const char* format, ...) IRL_PRINTF(3, 4);

// What a long call needs from its host: where messages go and when to stop early.
typedef struct irl_host {
  irl_sink sink;
  const atomic_bool* stop;  // set by the host (a signal handler) to ask for a clean stop; or NULL
} irl_host;

bool irl_host_stop(const irl_host* host);  // host may be NULL

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_LOG_H_
