// Every bundled task: it loads, starts within Gymnasium's noise where it is Gymnasium's, and rolls
// out to the same bits on one and on two threads.
#include <mujoco/mujoco.h>

#include "sample.h"

enum { NSTART = 300, NROLL = 6, STEPS = 60 };

static const double* part(const irl_task* task, const irl_batch* b, int i, const char* name) {
  int count = 0;
  const irl_state_part* parts = irl_task_state_parts(task, &count);
  for (int k = 0; k < count; k++) {
    if (strcmp(parts[k].name, name) == 0) {
      return irl_batch_state(b, i, 0) + parts[k].offset;
    }
  }
  CHECK(!"no such part");
  return NULL;
}

static irl_batch starts_of(const irl_task* task) {
  irl_batch batch = sample_batch(task, NSTART, 1);
  irl_rollout rollout = sample_rollout(IRL_ACTION_ZERO, NULL);
  CHECK(roll_out(task, &rollout, &batch, 1) == 0);
  return batch;
}

// Gymnasium's start noise around qpos0: uniform in ±scale; of qvel either that or normal.
static const struct {
  const char* name;
  double scale;
  bool normal_qvel;
} noisy[] = {
    {"inverted_pendulum", 0.01, false},
    {"inverted_double_pendulum", 0.1, true},
    {"swimmer", 0.1, false},
    {"hopper", 0.005, false},
    {"half_cheetah", 0.1, true},
    {"walker2d", 0.005, false},
    {"ant", 0.1, true},
    {"humanoid", 0.01, false},
    {"humanoid_standup", 0.01, false},
};

// Largest distance from `from` of entry k over all starts, and the root of the mean square.
static void spread(const irl_task* task, const irl_batch* b, const char* name, int k, double from,
                   double* most, double* rms) {
  double squares = 0;
  *most = 0;
  for (int i = 0; i < b->n; i++) {
    const double d = part(task, b, i, name)[k] - from;
    *most = fmax(*most, fabs(d));
    squares += d * d;
  }
  *rms = sqrt(squares / b->n);
}

// All within the range and, of 300, the largest within 5 % of its end; a root mean square of a
// normal number has the relative standard error 1/√600: five of them.
static void noise_is_gymnasiums(void) {
  for (int n = 0; n < (int)(sizeof noisy / sizeof noisy[0]); n++) {
    irl_task* task = bundled_task(noisy[n].name);
    const mjModel* m = irl_task_model(task);
    const bool afloat = m->jnt_type[0] == mjJNT_FREE;  // its quaternion is normalised
    const double scale = noisy[n].scale;
    irl_batch b = starts_of(task);
    double most, rms;
    for (int k = 0; k < m->nq; k++) {
      spread(task, &b, "qpos", k, m->qpos0[k], &most, &rms);
      const bool turn = afloat && k >= 3 && k < 7;
      CHECK(turn ? most < 2 * scale : most <= scale * (1 + 1e-12) && most > 0.95 * scale);
    }
    for (int k = 0; k < m->nv; k++) {
      spread(task, &b, "qvel", k, 0, &most, &rms);
      CHECK(noisy[n].normal_qvel ? fabs(rms / scale - 1) < 5 / sqrt(2.0 * NSTART)
                                 : most <= scale && most > 0.95 * scale);
    }
    irl_batch_destroy(&b);
    irl_task_destroy(task);
  }
}

// Pusher's object lies in [-0.3, 0] x [-0.2, 0.2], further than 0.17 from the goal.
static void pusher_rejects(void) {
  irl_task* task = bundled_task("pusher");
  irl_batch b = starts_of(task);
  double least = 1, low = 0, high = -1;
  for (int i = 0; i < b.n; i++) {
    const double *qpos = part(task, &b, i, "qpos"), *qvel = part(task, &b, i, "qvel");
    const double distance = hypot(qpos[7], qpos[8]);
    CHECK(distance > 0.17 && qpos[7] >= -0.3 && qpos[7] <= 0 && fabs(qpos[8]) <= 0.2);
    least = fmin(least, distance);
    low = fmin(low, qpos[7]);
    high = fmax(high, qpos[7]);
    for (int k = 0; k < 11; k++) {
      CHECK(k == 7 || k == 8 || qpos[k] == 0);
      CHECK(k < 7 ? fabs(qvel[k]) <= 0.005 && qvel[k] != 0 : qvel[k] == 0);
    }
  }
  CHECK(least < 0.18 && low < -0.28 && high > -0.02);
  irl_batch_destroy(&b);
  irl_task_destroy(task);
}

static uint64_t bits(const irl_task* task, int nthread) {
  irl_batch batch = sample_batch(task, NROLL, STEPS);
  irl_rollout rollout = sample_rollout(IRL_ACTION_UNIFORM, NULL);
  CHECK(roll_out(task, &rollout, &batch, nthread) == 0);
  const uint64_t hash = hash_batch(&batch);
  irl_batch_destroy(&batch);
  return hash;
}

static void all_roll_out_alike(void) {
  const char* const* names = NULL;
  CHECK_OK(irl_task_list(&names, NULL));
  int count = 0;
  for (; names[count] != NULL; count++) {
    irl_task* task = bundled_task(names[count]);
    CHECK(strcmp(irl_task_get(task)->name, names[count]) == 0);
    CHECK(irl_task_get(task)->has_reward);
    CHECK(bits(task, 1) == bits(task, 2));
    irl_task_destroy(task);
  }
  CHECK(count >= 13);
  irl_task_list_free(names);
}

TESTS(TEST(noise_is_gymnasiums), TEST(pusher_rejects), TEST(all_roll_out_alike))
