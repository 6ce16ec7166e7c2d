// Graphics drivers are unloaded with their last context, and what they leave behind then looks like
// a leak of nobody's. Kept in memory, they have a name that lsan.supp knows.
#ifndef MJIRL_TESTS_VIEWER_DRIVERS_H_
#define MJIRL_TESTS_VIEWER_DRIVERS_H_

#include <dlfcn.h>
#include <link.h>

#include "test.h"
#include "viewer/context.h"

static inline int drivers_keep(struct dl_phdr_info* library, size_t size, void* arg) {
  (void)size;
  (void)arg;
  if (library->dlpi_name[0] == '/') {
    (void)dlopen(library->dlpi_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }
  return 0;
}

static inline void drivers_pin(void) {
  irl_context gl;
  irl_errinfo info = {0};
  CHECK_OK(irl_context_headless(&gl, &info));
  (void)dl_iterate_phdr(drivers_keep, NULL);
  irl_context_close(&gl);
}

#endif  // MJIRL_TESTS_VIEWER_DRIVERS_H_
