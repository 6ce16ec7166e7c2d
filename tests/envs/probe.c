// A helper for the tests, so that they do not need the program: probe env probe-model FILE|-. The
// environment makes it misbehave.
#include <signal.h>

#include "envs/task.h"
#include "test.h"

int main(int argc, char** argv) {
  const char* mood = getenv("PROBE_MOOD");
  irl_errinfo info = {0};
  if (argc != 4 || strcmp(argv[1], "env") != 0 || strcmp(argv[2], "probe-model") != 0) {
    return 2;
  }
  if (mood != NULL && strcmp(mood, "crash") == 0) {
    raise(SIGKILL);
  }
  if (mood != NULL && strcmp(mood, "silent") == 0) {
    return 0;
  }
  const irl_err err = irl_task_probe_model(strcmp(argv[3], "-") == 0 ? NULL : argv[3], &info);
  printf("%s\n", err == IRL_OK ? "ok" : info.text);
  return err != IRL_OK;
}
