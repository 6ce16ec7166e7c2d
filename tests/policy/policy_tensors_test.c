#include "policy/policy.h"
#include "problems.h"
#include "test.h"

static const char* path_of(const char* name) {
  static char path[1024];
  const char* dir = test_folder();
  (void)snprintf(path, sizeof path, "%s/%s", dir, name);
  return path;
}

static irl_policy random_policy(void) {
  irl_rng rng = irl_rng_stream(2, IRL_PURPOSE_VERIFY, 0, 0, 0);
  irl_policy p;
  CHECK_OK(irl_policy_create(&p, 4, 3, 2));
  random_normals(p.K, 4 * 6, 1, &rng);
  random_normals(p.k, 4 * 2, 1, &rng);
  for (int t = 0; t < 4; t++) {
    random_spd(p.sigma + 4 * t, 2, 1, &rng);
  }
  CHECK_OK(irl_policy_factor(&p, NULL));
  return p;
}

static void test_round_trip(void) {
  irl_policy p = random_policy();
  irl_policy q;
  irl_tensors* file = NULL;
  irl_tensor out[3];
  const char* path = path_of("policy.safetensors");
  irl_policy_tensors(&p, "policy/0/", out);
  CHECK(strcmp(out[2].name, "policy/0/sigma") == 0 && out[1].rank == 2 && out[0].shape[2] == 3);
  CHECK_OK(irl_tensors_save(path, out, 3, NULL, 0, NULL));
  CHECK_OK(irl_tensors_load(&file, path, NULL));
  CHECK_OK(irl_policy_from_tensors(&q, file, "policy/0/", NULL));
  CHECK(q.steps == 4 && q.nx == 3 && q.nu == 2);
  CHECK(memcmp(p.memory, q.memory, (4 * (6 + 2 + 12) + 4) * sizeof(double)) == 0);
  irl_policy_destroy(&q);
  irl_errinfo info = {0};
  CHECK(irl_policy_from_tensors(&q, file, "policy/1/", &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "'policy/1/K' is missing");
  irl_tensors_destroy(file);
  irl_policy_destroy(&p);
}

static irl_err reload(const irl_tensor* tensors, int n, irl_errinfo* info) {
  irl_tensors* file = NULL;
  irl_policy q;
  const char* path = path_of("broken.safetensors");
  CHECK_OK(irl_tensors_save(path, tensors, n, NULL, 0, NULL));
  CHECK_OK(irl_tensors_load(&file, path, NULL));
  const irl_err err = irl_policy_from_tensors(&q, file, "", info);
  CHECK(err == IRL_OK || q.memory == NULL);
  irl_tensors_destroy(file);
  return err;
}

static void test_refusals(void) {
  irl_policy p = random_policy();
  irl_tensor out[3];
  irl_errinfo info = {0};
  irl_policy_tensors(&p, "", out);
  CHECK(reload(out, 2, &info) == IRL_ENOENT);  // no covariance
  out[1].shape[0] = 3;
  CHECK(reload(out, 3, &info) == IRL_EDIM);
  irl_policy_tensors(&p, "", out);
  out[0].rank = 2;
  out[0].shape[1] = 6;
  CHECK(reload(out, 3, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "rank 2; it must have rank 3");
  irl_policy_tensors(&p, "", out);
  p.sigma[0] = -1;
  CHECK(reload(out, 3, &info) == IRL_ENUM);
  CHECK_CONTAINS(info.text, "step 0 is not positive definite");
  irl_policy_destroy(&p);
}

TESTS(TEST(test_round_trip), TEST(test_refusals))
