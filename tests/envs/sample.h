// What the tests of envs/ share: small tasks from texts, policies, rollouts, a hash.
#ifndef MJIRL_TESTS_ENVS_SAMPLE_H_
#define MJIRL_TESTS_ENVS_SAMPLE_H_

#include <stdint.h>

#include "envs/env.h"
#include "test.h"

// A cart with a pole, sensors, and a pendant in contact on a ball joint: something of everything
// that entries can name. MuJoCo does not clamp controls here, so that clipping is ours.
static const char* const sample_mjcf =
    "<mujoco><option timestep='0.01' integrator='Euler'><flag clampctrl='disable'/></option>"
    "<worldbody><site name='goal' pos='0.5 0.25 0.1'/>"
    "<body name='cart'><joint name='slider' type='slide' axis='1 0 0' damping='1'/>"
    "<geom name='box' type='box' size='0.1 0.1 0.1'/>"
    "<body name='pole' pos='0 0 0.1'><joint name='hinge' axis='0 1 0' damping='0.1'/>"
    "<geom name='rod' type='capsule' size='0.02' fromto='0 0 0 0 0 0.5'/>"
    "<site name='tip' pos='0 0 0.5'/></body></body>"
    "<body name='pendant' pos='0 1 1'><joint name='ball' type='ball' damping='0.1'/>"
    "<geom name='bob' type='sphere' size='0.05' pos='0 0 -0.3'/></body>"
    "<geom name='anvil' type='box' size='0.1 0.1 0.05' pos='0 1 0.601'/>"
    "</worldbody><actuator><motor name='push' joint='slider' gear='10' ctrllimited='true' "
    "ctrlrange='-1 2'/><motor name='twist' joint='hinge'/></actuator>"
    "<sensor><jointvel name='speed' joint='slider'/><accelerometer name='felt' "
    "site='tip'/></sensor>"
    "<keyframe><key name='home' qpos='0.3 0.1 1 0 0 0' qvel='0 0.2 0 0 0'/></keyframe></mujoco>";

// The head of a task JSON on it, to which members are added: SAMPLE_TASK(", \"reward\": []").
#define SAMPLE_TASK(more)                                                                  \
  "{\"name\": \"sample\", \"model\": \"sample.xml\", \"horizon\": 30, \"frame_skip\": 2, " \
  "\"observation\": [{\"qpos\": \"*\"}, {\"qvel\": \"*\"}]" more "}"

static inline irl_task* sample_task(const char* json, const char* mjcf) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  CHECK_OK(irl_task_from_text(&task, json, mjcf == NULL ? sample_mjcf : mjcf, &info));
  if (task == NULL) {
    printf("%s\n", info.text);
    exit(100);
  }
  return task;
}

static inline irl_task* bundled_task(const char* name) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  CHECK_OK(irl_task_load(&task, name, NULL, 0, &info));
  if (task == NULL) {
    printf("%s\n", info.text);
    exit(100);
  }
  return task;
}

// A time-varying policy with gains that depend on every index, so that a wrong one is noticed.
static inline irl_policy sample_policy(const irl_task* task, int horizon, double stddev) {
  const irl_task_info* t = irl_task_get(task);
  irl_policy policy = {0};
  CHECK_OK(irl_policy_create(&policy, horizon, t->nx, t->nu));
  for (int s = 0; s < horizon; s++) {
    for (int i = 0; i < t->nu; i++) {
      policy.k[s * t->nu + i] = 0.01 * (s % 7) - 0.02 * i;
      policy.sigma[(s * t->nu + i) * t->nu + i] = stddev * stddev * (1 + 0.1 * i);
      for (int j = 0; j < t->nx; j++) {
        policy.K[(s * t->nu + i) * t->nx + j] = 0.02 * ((3 * s + 5 * i + 7 * j) % 11) - 0.1;
      }
    }
  }
  CHECK_OK(irl_policy_factor(&policy, NULL));
  return policy;
}

static inline irl_batch sample_batch(const irl_task* task, int n, int horizon) {
  const irl_task_info* t = irl_task_get(task);
  irl_batch batch = {0};
  CHECK_OK(irl_batch_create(&batch, n, horizon, t->nx, t->nu, t->nz, t->nstate));
  for (int i = 0; i < n; i++) {
    batch.condition[i] = i % t->nconditions;
  }
  return batch;
}

// Streams of seed 5, iteration 2.
static inline irl_rollout sample_rollout(irl_action_mode mode, const irl_policy* const* policies) {
  return (irl_rollout){.mode = mode,
                       .policy = policies,
                       .seed = 5,
                       .iteration = 2,
                       .reset_purpose = IRL_PURPOSE_RESET,
                       .action_purpose = IRL_PURPOSE_ACTION};
}

// Rolls the batch out on an env of its own; returns the number of invalid trajectories.
static inline int roll_out(const irl_task* task, const irl_rollout* rollout, irl_batch* batch,
                           int nthread) {
  irl_errinfo info = {0};
  irl_env* env = NULL;
  int invalid = -1;
  CHECK_OK(irl_env_create(&env, task, batch->n, nthread, &info));
  CHECK_OK(irl_env_rollout(env, rollout, batch, NULL, &invalid, &info));
  if (info.text[0] != 0) {
    printf("%s\n", info.text);
  }
  irl_env_destroy(env);
  return invalid;
}

// FNV-1a, 64 bits.
static inline uint64_t hash_bytes(uint64_t hash, const void* data, size_t size) {
  const unsigned char* bytes = data;
  for (size_t i = 0; i < size; i++) {
    hash = (hash ^ bytes[i]) * 0x100000001b3u;
  }
  return hash;
}

// Hash of all that a batch holds.
static inline uint64_t hash_batch(const irl_batch* b) {
  const size_t n = (size_t)b->n, T = (size_t)b->horizon, d = sizeof(double);
  uint64_t h = 0xcbf29ce484222325u;
  h = hash_bytes(h, b->x, n * (T + 1) * (size_t)b->nx * d);
  h = hash_bytes(h, b->u, n * T * (size_t)b->nu * d);
  h = hash_bytes(h, b->z, n * T * (size_t)b->nz * d);
  h = hash_bytes(h, b->reward, n * T * d);
  h = hash_bytes(h, b->logq, n * T * d);
  h = hash_bytes(h, b->state, n * (T + 1) * (size_t)b->nstate * d);
  h = hash_bytes(h, b->length, n * sizeof *b->length);
  h = hash_bytes(h, b->valid, n);
  h = hash_bytes(h, b->terminated, n);
  return hash_bytes(h, b->success, n);
}

#endif  // MJIRL_TESTS_ENVS_SAMPLE_H_
