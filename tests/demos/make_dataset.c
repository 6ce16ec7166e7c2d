// Writes a small dataset for the Python tests: make_dataset TASK DIR EPISODES SEED [DATASET_ID].
#include "rollout.h"

static irl_err make(char** argv, const char* id, irl_errinfo* info) {
  enum { MAX_EPISODES = 1000 };
  const int n = atoi(argv[3]);
  const uint64_t seed = strtoull(argv[4], NULL, 10);
  static uint64_t seeds[MAX_EPISODES];
  static const char* labels[MAX_EPISODES] = {"first"};
  irl_task* task = NULL;
  irl_batch batch;
  if (n < 1 || n > MAX_EPISODES) {
    return irl_fail(info, IRL_ERANGE, "episodes: %d; give 1 to %d", n, MAX_EPISODES);
  }
  for (int i = 0; i < n; i++) {
    seeds[i] = seed;
  }
  IRL_TRY(irl_task_load(&task, argv[1], NULL, 0, info));
  irl_err err = rollout_batch(&batch, task, n, seed, info);
  const irl_demos_meta meta = {
      .dataset_id = id, .algorithm = "random actions", .seed = seeds, .label = labels};
  err = err ? err : irl_demos_save(argv[2], task, &batch, &meta, info);
  irl_batch_destroy(&batch);
  irl_task_destroy(task);
  return err;
}

int main(int argc, char** argv) {
  irl_errinfo info = {0};
  if (argc < 5 || argc > 6) {
    fprintf(stderr, "use: make_dataset TASK DIR EPISODES SEED [DATASET_ID]\n");
    return 2;
  }
  if (make(argv, argc > 5 ? argv[5] : NULL, &info) != IRL_OK) {
    fprintf(stderr, "make_dataset: %s\n", info.text);
    return 1;
  }
  return 0;
}
