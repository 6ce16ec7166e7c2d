// The host's side of the helper: start it, wait within limits, take its word.
#include "demos/guard.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/helper.h"

enum { GRACE = 20 };  // seconds beyond twice the helper's own limit

// Turns how the helper ended into an error.
static irl_err judge(const char* path, const irl_helper_end* end, irl_errinfo* info) {
  if (irl_helper_agrees(end)) {
    return IRL_OK;
  }
  if (end->in_time && end->exited && end->code == 1 && end->answer[0]) {
    return irl_fail(info, IRL_EPARSE, "%s", end->answer);
  }
  if (irl_helper_was_slow(end)) {
    return irl_fail(info, IRL_EPARSE,
                    "%s: takes longer to read than any sound file of its size; it is damaged or "
                    "hostile, get it anew from where it came",
                    path);
  }
  if (!end->exited) {
    return irl_fail(info, IRL_EPARSE,
                    "%s: reading it crashes HDF5 (signal %d, in a helper process, no harm was "
                    "done); it is damaged or hostile, get it anew from where it came",
                    path, end->code);
  }
  return irl_fail(info, IRL_EUNSUPPORTED,
                  "%s: the helper that reads files of others ended with %d and no word; let "
                  "MJIRL_PROBE name the program mjirl",
                  path, end->code);
}

irl_err irl_demos_guard(const char* path, const irl_demos_access* access, irl_errinfo* info) {
  const char* helper = access && access->helper ? access->helper : getenv("MJIRL_PROBE");
  const char* words[] = {"demos", "probe-hdf5", path, NULL};
  struct stat file;
  irl_helper_end end;
  if (access && access->trusted) {
    return IRL_OK;
  }
  if (stat(path, &file) != 0 || !S_ISREG(file.st_mode)) {
    return irl_fail(info, IRL_ENOENT, "%s: is not a file; give an HDF5 file", path);
  }
  if (!helper || !*helper) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: has no checksum of mjirl's, and there is no helper to read it first; let "
                    "MJIRL_PROBE name the program mjirl, or open it as trusted",
                    path);
  }
  if (!irl_helper_run(&end, helper, words, -1, 2 * (5 + (double)file.st_size / 5e7) + GRACE)) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: the helper %s that reads files of others first cannot be started; let "
                    "MJIRL_PROBE name the program mjirl",
                    path, helper);
  }
  return judge(path, &end, info);
}
