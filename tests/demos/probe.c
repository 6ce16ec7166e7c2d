// A helper for the tests, so that they do not need the program: probe demos probe-hdf5 FILE. The
// environment makes it misbehave.
#include <signal.h>
#include <unistd.h>

#include "demos/guard.h"
#include "test.h"

int main(int argc, char** argv) {
  const char* mood = getenv("PROBE_MOOD");
  irl_errinfo info = {0};
  if (argc != 4 || strcmp(argv[1], "demos") != 0 || strcmp(argv[2], "probe-hdf5") != 0) {
    return 2;
  }
  if (mood && !strcmp(mood, "crash")) {
    signal(SIGABRT, SIG_DFL);
    raise(SIGKILL);
  }
  if (mood && !strcmp(mood, "silent")) {
    return 0;
  }
  const irl_err err = irl_demos_probe(argv[3], &info);
  printf("%s\n", err ? info.text : "ok");
  return err != IRL_OK;
}
