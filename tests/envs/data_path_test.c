// Where bundled data is found.
#include "sample.h"

static void data_is_above_the_program(void) {
  char path[4096];
  irl_errinfo info = {0};
  unsetenv("MJIRL_DATA");
  CHECK_OK(irl_data_path(path, sizeof path, "tasks/reacher.json", &info));
  CHECK_CONTAINS(path, "share/mjirl/tasks/reacher.json");
  CHECK_OK(irl_data_path(path, sizeof path, "demos", &info));
  CHECK(irl_data_path(path, sizeof path, "tasks/none.json", &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "tasks/none.json");
  CHECK_CONTAINS(info.text, "set MJIRL_DATA");
}

static void a_chosen_folder_is_the_only_one(void) {
  char path[4096], relative[100];
  irl_errinfo info = {0};
  const char* const* names = NULL;
  setenv("MJIRL_DATA", "no/such/folder", 1);
  CHECK(irl_data_path(path, sizeof path, "tasks/reacher.json", &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "MJIRL_DATA (no/such/folder)");
  CHECK(irl_task_list(&names, &info) == IRL_ENOENT && names == NULL);
  unsetenv("MJIRL_DATA");
  memset(relative, 'x', sizeof relative);
  relative[sizeof relative - 1] = 0;
  CHECK(irl_data_path(path, 20, "tasks/reacher.json", &info) == IRL_ENOENT);
  CHECK(irl_data_path(path, sizeof path, relative, &info) == IRL_ENOENT);
}

TESTS(TEST(data_is_above_the_program), TEST(a_chosen_folder_is_the_only_one))
