#include "irl/history.h"

#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "test.h"

static const char* folder_named(char* out, size_t size, const char* name) {
  const char* root = test_folder();
  (void)snprintf(out, size, "%s/%s", root, name);
  return out;
}

// Three iterations with parameters of their own come back as they were, in rising order.
static void costs_come_back(void) {
  char folder[512];
  irl_errinfo info = {0};
  irl_cost* cost = NULL;
  irl_cost_config config = irl_cost_defaults();
  const int saved[] = {20, 0, 3};
  folder_named(folder, sizeof folder, "history");
  CHECK_OK(irl_cost_create(&cost, &config, 4, 2, 7, &info));
  for (int k = 0; k < 3; k++) {
    irl_cost_params(cost)[0] = (float)saved[k] + 0.25F;
    CHECK_OK(irl_history_save(folder, saved[k], cost, &info));
  }
  int *there = NULL, n = 0;
  CHECK_OK(irl_history_list(folder, &there, &n, &info));
  CHECK(n == 3 && there[0] == 0 && there[1] == 3 && there[2] == 20);
  for (int k = 0; k < n; k++) {
    irl_cost* loaded = NULL;
    CHECK_OK(irl_history_load(&loaded, folder, there[k], &info));
    CHECK(irl_cost_params(loaded)[0] == (float)there[k] + 0.25F);
    irl_cost_destroy(loaded);
  }
  irl_free(there);
  irl_cost_destroy(cost);
}

// Other files in the folder are no costs, and a run without the folder has none.
static void strangers_are_passed_over(void) {
  char folder[512], path[600];
  irl_errinfo info = {0};
  int *there = NULL, n = -1;
  folder_named(folder, sizeof folder, "strangers");
  CHECK_OK(irl_history_list(folder, &there, &n, &info));
  CHECK(n == 0 && there == NULL);
  (void)snprintf(path, sizeof path, "%s/costs", folder);
  CHECK_OK(irl_dir_create(path, &info));
  const char* const names[] = {"000001.safetensors.tmp", "1.safetensors", "00000x.safetensors",
                               "notes.txt"};
  for (int k = 0; k < 4; k++) {
    (void)snprintf(path, sizeof path, "%s/costs/%s", folder, names[k]);
    CHECK_OK(irl_file_write(path, "x", 1, &info));
  }
  CHECK_OK(irl_history_list(folder, &there, &n, &info));
  CHECK(n == 0 && there == NULL);
  irl_cost* cost = NULL;
  CHECK(irl_history_load(&cost, folder, 1, &info) == IRL_ENOENT);
  CHECK(strstr(info.text, "costs/000001.safetensors") != NULL);
}

TESTS(TEST(costs_come_back), TEST(strangers_are_passed_over))
