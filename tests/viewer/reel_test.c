#include "viewer/reel.h"

#include <ftw.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "irl/history.h"
#include "irl/run.h"
#include "irl/runtime.h"
#include "irl/train.h"
#include "test.h"
#include "viewer/field.h"

enum { ROLLOUTS = 8 };

static char folder[512];

static int remove_one(const char* path, const struct stat* st, int type, struct FTW* place) {
  (void)st;
  (void)type;
  (void)place;
  return remove(path);
}

static void remove_run(void) {
  (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

// A run of three short iterations on the bundled demonstrations, trained once for all tests.
static const char* trained(void) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  irl_demos* demos = NULL;
  irl_train_result result;
  char data[512];
  const char* root = test_folder();
  if (folder[0] != 0) {
    return folder;
  }
  (void)snprintf(folder, sizeof folder, "%s/reel_%d", root, (int)getpid());
  (void)atexit(remove_run);
  irl_runtime_init();
  CHECK_OK(irl_task_load(&task, "point_mass", NULL, 0, &info));
  CHECK_OK(irl_data_path(data, sizeof data, "demos/point_mass", &info));
  CHECK_OK(irl_demos_load(&demos, data, &info));
  irl_train_options o = {.task = task, .demos = demos, .demos_path = data, .out = folder};
  o.config = irl_config_for(IRL_ALGO_GCL, 0, 0);
  o.config.iterations = 3;
  o.config.samples = 2;
  o.config.explore = 1;
  o.config.cost_steps = 5;
  o.config.batch_samples = 6;
  irl_err err = irl_train(&o, NULL, &result, &info);
  if (err != IRL_OK) {
    printf("%s\n", info.text);
  }
  CHECK_OK(err);
  irl_demos_destroy(demos);
  irl_task_destroy(task);
  return folder;
}

static irl_reel* opened(void) {
  irl_reel* reel = NULL;
  irl_errinfo info = {0};
  const irl_reel_options options = {.first = 0, .last = ROLLOUTS - 1, .threads = 1};
  irl_err err = irl_reel_open(&reel, trained(), &options, NULL, &info);
  if (err != IRL_OK) {
    printf("%s\n", info.text);
    exit(101);
  }
  return reel;
}

static const double* layer_of(const irl_reel* reel, const char* key, int group) {
  int layer = irl_reel_layer(reel, key);
  CHECK(layer >= 0);
  return irl_reel_replay(reel)->layers[layer].value[group];
}

// Learned: the run's own cost. True: minus reward. Density: as recorded.
static void layers_are_what_they_are_called(void) {
  irl_reel* reel = opened();
  irl_run* run = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_run_open(&run, trained(), &info));
  const irl_replay* replay = irl_reel_replay(reel);
  CHECK(replay->ngroups == 3 && replay->nlayers == 5);
  CHECK(irl_reel_layer(reel, "nonsense") == -1);
  for (int g = 0; g < 3; g++) {
    const irl_batch* b = replay->groups[g].batch;
    double* cost = IRL_NEW(double, b->n * b->horizon);
    CHECK(b->n == ROLLOUTS);
    CHECK_OK(irl_run_step_costs(run, b, cost));
    for (int k = 0; k < b->n * b->horizon; k++) {
      CHECK(layer_of(reel, "learned", g)[k] == cost[k]);
      CHECK(layer_of(reel, "true", g)[k] == -b->reward[k]);
      CHECK(layer_of(reel, "density", g)[k] == b->logq[k]);
    }
    irl_free(cost);
  }
  irl_run_close(run);
  irl_reel_close(reel);
}

// Least squares leaves a rest that is zero in the mean and orthogonal to what was fitted.
static void difference_is_the_rest_of_a_fit(void) {
  irl_reel* reel = opened();
  double sum = 0.0, dot = 0.0, size = 0.0, scale = 0.0;
  for (int g = 0; g < 3; g++) {
    const irl_batch* b = irl_reel_replay(reel)->groups[g].batch;
    for (int k = 0; k < b->n * b->horizon; k++) {
      double d = layer_of(reel, "difference", g)[k], t = layer_of(reel, "true", g)[k];
      sum += d;
      dot += d * t;
      size += fabs(d);
      scale += fabs(d * t);
    }
  }
  CHECK(size > 0.0);
  CHECK_NEAR(sum / size, 0.0, 1e-9);  // rounding of some thousand terms
  CHECK_NEAR(dot / scale, 0.0, 1e-9);
  irl_reel_close(reel);
}

// Weights of a condition sum to 1, and the layer holds log10 of weight times number.
static void weights_sum_to_one(void) {
  irl_reel* reel = opened();
  for (int g = 0; g < 3; g++) {
    const irl_replay_group* group = &irl_reel_replay(reel)->groups[g];
    const irl_batch* b = group->batch;
    double sum[8] = {0};
    int count[8] = {0};
    for (int i = 0; i < b->n; i++) {
      sum[b->condition[i]] += group->weight[i];
      count[b->condition[i]]++;
    }
    for (int i = 0; i < b->n; i++) {
      int c = b->condition[i];
      double expected = fmax(-12.0, log10(group->weight[i] * count[c]));
      CHECK_NEAR(sum[c], 1.0, 1e-12);
      CHECK_NEAR(layer_of(reel, "weight", g)[(long)i * b->horizon], expected, 1e-12);
    }
  }
  irl_reel_close(reel);
}

static void past_costs_are_shown(void) {
  irl_reel* reel = opened();
  irl_errinfo info = {0};
  const int* there = NULL;
  CHECK(irl_reel_iterations(reel, &there) == 4);
  CHECK(there[0] == 0 && there[3] == 3 && irl_reel_chosen(reel) == 3);
  const irl_batch* b = irl_reel_replay(reel)->groups[0].batch;
  double newest = layer_of(reel, "learned", 0)[5];
  CHECK_OK(irl_reel_choose(reel, 0, &info));
  irl_cost* first = NULL;
  double expected[8];
  CHECK_OK(irl_history_load(&first, trained(), 0, &info));
  irl_cost_eval(first, 8, b->x, b->u, expected);
  for (int k = 0; k < 8; k++) {
    CHECK(layer_of(reel, "learned", 0)[k] == expected[k]);
  }
  CHECK(expected[5] != newest);
  CHECK_OK(irl_reel_choose(reel, 99, &info));  // clamped to the newest
  CHECK(irl_reel_chosen(reel) == 3 && layer_of(reel, "learned", 0)[5] == newest);
  irl_cost_destroy(first);
  irl_reel_close(reel);
}

// The field over a point mass without inertia's help: the observation is place and velocity, so the
// cost at a place is the cost of that observation at rest.
static void field_is_the_cost_at_places(void) {
  irl_reel* reel = opened();
  irl_motion motion;
  irl_field field;
  irl_errinfo info = {0};
  CHECK_OK(irl_motion_create(&motion, irl_reel_replay(reel), &info));
  CHECK_OK(irl_field_create(&field, &motion, reel, NULL, &info));
  irl_field_aim(&field, 2, 1, 30, 0);
  while (irl_field_work(&field, 1.0)) {
  }
  CHECK(field.reached > IRL_FIELD_NODES / 2);
  for (int node = 0; node < IRL_FIELD_NODES; node += 7) {
    double x[4] = {0}, u[2] = {0}, cost;
    if (isnan(field.cost[node])) {
      continue;
    }
    for (int k = 0; k < 2; k++) {
      x[k] = field.corner[k] + field.side[0][k] * (node % IRL_FIELD_SIDE) / (IRL_FIELD_SIDE - 1.0) +
             field.side[1][k] * (int)(node / IRL_FIELD_SIDE) / (IRL_FIELD_SIDE - 1.0);
      // The kinematics stop within 2e-3 of the plane's side.
      CHECK_NEAR(field.qpos[(long)node * motion.model->nq + k], x[k], 2e-3 * field.side[0][0]);
      x[k] = field.qpos[(long)node * motion.model->nq + k];
    }
    irl_cost_eval(irl_reel_cost(reel), 1, x, u, &cost);
    CHECK_NEAR(field.cost[node], cost, 1e-12 * fabs(cost));
  }
  irl_field_destroy(&field);
  CHECK(irl_field_create(&field, &motion, reel, "nobody", &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "nobody");
  CHECK(irl_field_create(&field, &motion, NULL, NULL, &info) == IRL_EUNSUPPORTED);
  irl_motion_destroy(&motion);
  irl_reel_close(reel);
}

// Last, for it takes the run apart.
static void news_are_noticed(void) {
  irl_reel* reel = opened();
  irl_errinfo info = {0};
  irl_news news = IRL_NEWS_ROLLOUTS;
  CHECK_OK(irl_reel_poll(reel, &news, &info));
  CHECK(news == IRL_NEWS_NONE);
  irl_cost* cost = NULL;
  CHECK_OK(irl_history_load(&cost, folder, 0, &info));
  CHECK_OK(irl_history_save(folder, 4, cost, &info));
  CHECK_OK(irl_reel_poll(reel, &news, &info));
  CHECK(news == IRL_NEWS_COST && irl_reel_chosen(reel) == 4);
  double expected;
  const irl_batch* b = irl_reel_replay(reel)->groups[0].batch;
  irl_cost_eval(cost, 1, b->x, b->u, &expected);
  CHECK(layer_of(reel, "learned", 0)[0] == expected);
  char path[600], moved[600];
  (void)snprintf(path, sizeof path, "%s/policy.safetensors", folder);
  (void)snprintf(moved, sizeof moved, "%s/policy.copy", folder);
  char* data = NULL;
  size_t size = 0;
  CHECK_OK(irl_file_read(path, 1 << 24, &data, &size, &info));
  CHECK_OK(irl_file_write(path, data, size, &info));
  irl_free(data);
  CHECK_OK(irl_reel_poll(reel, &news, &info));
  CHECK(news == IRL_NEWS_ROLLOUTS);
  (void)snprintf(path, sizeof path, "%s/config.json", folder);
  CHECK(rename(path, moved) == 0);
  CHECK(irl_reel_poll(reel, &news, &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "the run has gone");
  irl_cost_destroy(cost);
  irl_reel_close(reel);
}

TESTS(TEST(layers_are_what_they_are_called), TEST(difference_is_the_rest_of_a_fit),
      TEST(weights_sum_to_one), TEST(past_costs_are_shown), TEST(field_is_the_cost_at_places),
      TEST(news_are_noticed))
