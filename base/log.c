#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

// Without a sink nothing is formatted: a call costs two comparisons.
void irl_log(const irl_sink* sink, irl_level level, const char* format, ...) {
  if (sink == NULL || sink->write == NULL) {
    return;
  }
  char text[1024];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (length >= 0) {
    sink->write(sink->user, level, text);
  }
}

// Relaxed: the flag carries no data, and seeing it one iteration later is early enough.
bool irl_host_stop(const irl_host* host) {
  return host != NULL && host->stop != NULL &&
         atomic_load_explicit(host->stop, memory_order_relaxed);
}
