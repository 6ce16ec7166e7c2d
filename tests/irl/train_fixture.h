// Demonstrations of a short linear task and runs on them, for the tests of training.
#ifndef MJIRL_TESTS_IRL_TRAIN_FIXTURE_H_
#define MJIRL_TESTS_IRL_TRAIN_FIXTURE_H_

#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "irl/expert.h"
#include "irl/run.h"
#include "irl/runtime.h"
#include "irl/train.h"
#include "test.h"

static irl_task* task;
static irl_demos* demos;
static char root[1024], demos_dir[1100];

static inline const char* folder(const char* name, char path[1200]) {
  snprintf(path, 1200, "%s/%s", root, name);
  return path;
}

// Demonstrations of the short linear task, made once.
static inline void need_demos(void) {
  irl_errinfo info = {IRL_OK, ""};
  if (demos != NULL) {
    return;
  }
  irl_runtime_init();
  const char* dir = test_folder();
  snprintf(root, sizeof root, "%s/train_%d", dir, (int)getpid());
  snprintf(demos_dir, sizeof demos_dir, "%s/demos", root);
  CHECK_OK(irl_dir_create(root, NULL));
  const char* const set[] = {"horizon=30"};
  CHECK_OK(irl_task_load(&task, "lq_point_mass", set, 1, &info));
  irl_expert_options o = irl_expert_defaults(task);
  o.plan.restarts = 1;
  o.plan.iterations = 6;
  irl_expert_result expert;
  CHECK_OK(irl_expert(&o, NULL, &expert, &info));
  irl_demos_meta meta = {0};
  CHECK_OK(irl_demos_save(demos_dir, task, &expert.demos, &meta, &info));
  irl_expert_result_fini(&expert);
  CHECK_OK(irl_demos_load(&demos, demos_dir, &info));
}

static inline irl_train_options options(const char* out, int threads) {
  irl_train_options o = {.task = task,
                         .demos = demos,
                         .demos_path = demos_dir,
                         .out = out,
                         .config = irl_config_defaults(),
                         .seed = 3,
                         .threads = threads};
  o.config.iterations = 6;
  o.config.cost_steps = 10;
  o.config.checkpoint_every = 2;
  o.config.width = 8;
  return o;
}

// A run of that name with these settings, read back; the caller closes it.
static inline irl_run* finished_run(const char* name, irl_algo algo, int iterations,
                                    irl_train_result* result) {
  char out[1200];
  irl_errinfo info = {IRL_OK, ""};
  irl_run* run = NULL;
  need_demos();
  irl_train_options o = options(folder(name, out), 2);
  o.algo = algo;
  o.config.iterations = iterations;
  CHECK_OK(irl_train(&o, NULL, result, &info));
  CHECK_OK(irl_run_open(&run, out, &info));
  return run;
}

//---------------------------------- Sameness -----------------------------------------------------

static inline void same_file(const char* a, const char* b, const char* name) {
  char path[2300], *data_a = NULL, *data_b = NULL;
  size_t size_a = 0, size_b = 1;
  snprintf(path, sizeof path, "%s/%s", a, name);
  CHECK_OK(irl_file_read(path, 1 << 28, &data_a, &size_a, NULL));
  snprintf(path, sizeof path, "%s/%s", b, name);
  CHECK_OK(irl_file_read(path, 1 << 28, &data_b, &size_b, NULL));
  CHECK(size_a == size_b && size_a > 0 && memcmp(data_a, data_b, size_a) == 0);
  irl_free(data_a);
  irl_free(data_b);
}

static inline void same_run(const char* a, const char* b) {
  same_file(a, b, "cost.safetensors");
  same_file(a, b, "policy.safetensors");
  same_file(a, b, "checkpoints/000006");
  same_file(a, b, "config.json");
}

// Asks for a stop when a given iteration has been reported.
typedef struct stopper {
  atomic_bool stop;
  int after, seen;
} stopper;

static inline void count_and_stop(void* user, irl_level level, const char* text) {
  (void)text;
  stopper* s = user;
  if (level == IRL_LOG_PROGRESS && ++s->seen >= s->after) {
    atomic_store(&s->stop, true);
  }
}

typedef void (*setting)(irl_config* config);

// A run that was stopped twice and resumed, with another number of threads, ends in the same bytes
// as one that was not.
static inline void stopped_and_resumed_with(setting set, const char* one, const char* other) {
  char straight[1200], broken[1200];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder(one, straight), 2);
  set(&o.config);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  double expected = r.normalized_return;
  o.out = folder(other, broken);
  o.threads = 1;
  for (int part = 1; part <= 2; part++) {
    stopper s = {.after = 2};
    irl_host host = {.sink = {count_and_stop, &s}, .stop = &s.stop};
    CHECK(irl_train(&o, &host, &r, &info) == IRL_ECANCELED);
    CHECK_CONTAINS(info.text, "--resume");
    CHECK(r.iterations == 2 * part);  // it went on, it did not start over
    o.resume = true;
  }
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  CHECK_NEAR(r.normalized_return, expected, 0);
  same_run(straight, broken);
}

#endif  // MJIRL_TESTS_IRL_TRAIN_FIXTURE_H_
