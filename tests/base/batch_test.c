#include "base/batch.h"

#include <limits.h>

#include "test.h"

static void new_batch_is_zero(void) {
  irl_batch b;
  CHECK_OK(irl_batch_create(&b, 3, 5, 2, 1, 4, 6));
  CHECK(b.has_reward);
  for (int i = 0; i < 3; i++) {
    CHECK(b.length[i] == 5 && b.valid[i] == 1 && b.condition[i] == 0);
    CHECK(b.terminated[i] == 0 && b.success[i] == 0);
    CHECK(irl_batch_return(&b, i) == 0.0 && irl_batch_logq(&b, i) == 0.0);
  }
  for (int k = 0; k < 3 * 6 * 6; k++) {
    CHECK(b.state[k] == 0.0);
  }
  irl_batch_destroy(&b);
  irl_batch_destroy(&b);
}

// Every entry of every array gets its own number; nothing may share a place.
static void arrays_do_not_overlap(void) {
  const int n = 3, T = 4, nx = 3, nu = 2, nz = 1, ns = 5;
  irl_batch b;
  CHECK_OK(irl_batch_create(&b, n, T, nx, nu, nz, ns));
  double* arrays[] = {b.x, b.u, b.z, b.reward, b.logq, b.state};
  const int sizes[] = {n * (T + 1) * nx, n * T * nu, n * T * nz, n * T, n * T, n * (T + 1) * ns};
  double value = 1.0;
  for (int a = 0; a < 6; a++) {
    for (int k = 0; k < sizes[a]; k++) {
      arrays[a][k] = value++;
    }
  }
  memset(b.valid, 2, (size_t)n);
  memset(b.terminated, 3, (size_t)n);
  memset(b.success, 4, (size_t)n);
  value = 1.0;
  for (int a = 0; a < 6; a++) {
    for (int k = 0; k < sizes[a]; k++) {
      CHECK(arrays[a][k] == value++);
    }
  }
  CHECK(b.valid[n - 1] == 2 && b.terminated[n - 1] == 3 && b.success[n - 1] == 4);
  CHECK(b.length[n - 1] == T);
  CHECK(irl_batch_x(&b, 2, 4) == b.x + sizes[0] - nx);
  CHECK(irl_batch_u(&b, 2, 3) == b.u + sizes[1] - nu);
  CHECK(irl_batch_z(&b, 2, 3) == b.z + sizes[2] - nz);
  CHECK(irl_batch_state(&b, 2, 4) == b.state + sizes[5] - ns);
  irl_batch_destroy(&b);
}

static void sizes_are_checked(void) {
  irl_batch b;
  CHECK(irl_batch_create(&b, 0, 5, 2, 1, 0, 0) == IRL_ERANGE);
  CHECK(irl_batch_create(&b, 1, 0, 2, 1, 0, 0) == IRL_ERANGE);
  CHECK(irl_batch_create(&b, 1, 5, 0, 1, 0, 0) == IRL_ERANGE);
  CHECK(irl_batch_create(&b, 1, 5, 1, -1, 0, 0) == IRL_ERANGE);
  CHECK(irl_batch_create(&b, 1, 5, 1, 1, -1, 0) == IRL_ERANGE);
  CHECK(irl_batch_create(&b, 1, 5, 1, 1, 0, -1) == IRL_ERANGE);
  CHECK(irl_batch_create(&b, 1, INT_MAX, 1, 1, 0, 0) == IRL_ERANGE);
  CHECK(irl_batch_create(&b, INT_MAX, INT_MAX - 1, INT_MAX, 1, 0, 0) == IRL_ERANGE);
  CHECK(b.memory == NULL);
  CHECK_OK(irl_batch_create(&b, 1, 1, 1, 0, 0, 0));
  irl_batch_destroy(&b);
}

static void fill(irl_batch* b, int i, double from) {
  for (int t = 0; t < b->length[i]; t++) {
    irl_batch_x(b, i, t)[0] = from + t;
    irl_batch_u(b, i, t)[0] = -from - t;
    b->reward[i * b->horizon + t] = 1.0;
    b->logq[i * b->horizon + t] = -0.5;
  }
  irl_batch_x(b, i, b->length[i])[0] = from + b->length[i];
}

static void copy_moves_one_trajectory(void) {
  irl_batch src, dst;
  CHECK_OK(irl_batch_create(&src, 2, 3, 1, 1, 0, 2));
  CHECK_OK(irl_batch_create(&dst, 2, 5, 1, 1, 3, 0));
  src.length[1] = 2;
  src.condition[1] = 9;
  src.valid[1] = 0;
  src.success[1] = 1;
  fill(&src, 1, 10.0);
  fill(&dst, 0, 100.0);
  fill(&dst, 1, 200.0);
  irl_batch_copy(&dst, 1, &src, 1);
  CHECK(dst.length[1] == 2 && dst.condition[1] == 9 && dst.valid[1] == 0 && dst.success[1] == 1);
  const double x[] = {10, 11, 12, 0, 0, 0}, u[] = {-10, -11, 0, 0, 0};
  for (int t = 0; t <= 5; t++) {
    CHECK(irl_batch_x(&dst, 1, t)[0] == x[t]);
    CHECK(t == 5 || irl_batch_u(&dst, 1, t)[0] == u[t]);
    CHECK(irl_batch_x(&dst, 0, t)[0] == 100.0 + t);
  }
  CHECK(irl_batch_return(&dst, 1) == 2.0 && irl_batch_logq(&dst, 1) == -1.0);
  CHECK(irl_batch_return(&dst, 0) == 5.0);
  CHECK(dst.has_reward);
  src.has_reward = false;
  irl_batch_copy(&dst, 0, &src, 0);
  CHECK(!dst.has_reward);
  irl_batch_destroy(&src);
  irl_batch_destroy(&dst);
}

// A world is known or not as a whole; a batch without room for it takes the rest.
static void worlds_go_with_their_trajectories(void) {
  irl_batch src, dst, without;
  CHECK_OK(irl_batch_create(&src, 2, 3, 1, 1, 0, 0));
  CHECK_OK(irl_batch_create(&dst, 2, 3, 1, 1, 0, 0));
  CHECK_OK(irl_batch_create(&without, 2, 3, 1, 1, 0, 0));
  CHECK_OK(irl_batch_add_worlds(&src, 2));
  CHECK_OK(irl_batch_add_worlds(&dst, 2));
  CHECK_OK(irl_batch_add_worlds(&without, 0));
  CHECK(irl_batch_world(&src, 1) == NULL && irl_batch_world(&without, 1) == NULL);
  src.world[2] = 0.5;
  src.world[3] = 2;
  irl_batch_copy(&dst, 0, &src, 1);
  CHECK(irl_batch_world(&dst, 0)[0] == 0.5 && irl_batch_world(&dst, 0)[1] == 2);
  CHECK(irl_batch_world(&dst, 1) == NULL);
  irl_batch_copy(&dst, 0, &src, 0);
  CHECK(irl_batch_world(&dst, 0) == NULL);
  irl_batch_copy(&dst, 1, &src, 1);
  irl_batch_copy(&without, 0, &src, 1);
  irl_batch_copy(&dst, 1, &without, 0);
  CHECK(irl_batch_world(&dst, 1) == NULL);
  irl_batch_destroy(&src);
  irl_batch_destroy(&dst);
  irl_batch_destroy(&without);
}

TESTS(TEST(new_batch_is_zero), TEST(arrays_do_not_overlap), TEST(sizes_are_checked),
      TEST(copy_moves_one_trajectory), TEST(worlds_go_with_their_trajectories))
