#include "policy/bench.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "base/pool.h"
#include "base/random.h"
#include "policy/lqr.h"

enum { T = 100, NX = 26, NU = 7, N = NX + NU };

typedef struct problem {
  irl_dynamics dyn;
  irl_quadratic cost;
  irl_policy prev;
  irl_policy out;
  irl_lqr* lqr;
  double* times;  // (repetitions), then the same for the reference
} problem;

// A stable random system with a positive definite cost.
static irl_err fill(problem* p) {
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  const double stddev[NU] = {1, 1, 1, 1, 1, 1, 1};
  for (int t = 0; t < T; t++) {
    for (int i = 0; i < NX * N; i++) {
      p->dyn.F[t * NX * N + i] = 0.1 * irl_rng_normal(&rng) + (i % (N + 1) == 0 ? 0.5 : 0);
    }
    for (int i = 0; i < NX; i++) {
      p->dyn.cov[(t * NX + i) * NX + i] = 0.01;
    }
    for (int i = 0; i < N; i++) {
      p->cost.C[(t * N + i) * N + i] = 1;
      p->cost.c[t * N + i] = irl_rng_normal(&rng);
    }
    for (int i = 0; i < NU * NX; i++) {
      p->prev.K[t * NU * NX + i] = 0.1 * irl_rng_normal(&rng);
    }
  }
  for (int s = 0; s < T; s++) {
    for (int i = 0; i < NU; i++) {
      p->prev.sigma[(s * NU + i) * NU + i] = stddev[i];
    }
  }
  return irl_policy_factor(&p->prev, NULL);
}

// FᵀVF as one would write it without thinking: the yardstick for the pass.
static void plain_product(double* Q, double* W, const double* F, const double* V) {
  memset(W, 0, NX * N * sizeof(double));
  memset(Q, 0, N * N * sizeof(double));
  for (int i = 0; i < NX; i++) {
    for (int k = 0; k < NX; k++) {
      for (int j = 0; j < N; j++) {
        W[i * N + j] += V[i * NX + k] * F[k * N + j];
      }
    }
  }
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < NX; k++) {
      for (int j = 0; j < N; j++) {
        Q[i * N + j] += F[k * N + i] * W[k * N + j];
      }
    }
  }
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

static double median(double* x, int n) {
  qsort(x, (size_t)n, sizeof(double), by_value);
  return 0.5 * (x[(n - 1) / 2] + x[n / 2]);
}

static irl_err measure(problem* p, double* microseconds, double* reference, int repetitions) {
  double W[NX * N];
  double Q[N * N];
  for (int r = 0; r < repetitions; r++) {
    const double start = irl_now();
    IRL_TRY(irl_lqr_backward(p->lqr, &p->dyn, &p->cost, &p->prev, 1, 1, &p->out));
    const double middle = irl_now();
    for (int t = 0; t < T; t++) {
      plain_product(Q, W, p->dyn.F + (ptrdiff_t)t * NX * N, irl_lqr_value(p->lqr, t).V);
      p->times[0] += 0 * Q[t % (N * N)];  // keeps the product from being optimised away
    }
    p->times[repetitions + r] = 1e6 * (irl_now() - middle);
    p->times[r] = 1e6 * (middle - start);
  }
  *microseconds = median(p->times, repetitions);
  *reference = median(p->times + repetitions, repetitions);
  return IRL_OK;
}

irl_err irl_policy_bench_backward(double* microseconds, double* reference, int repetitions) {
  if (repetitions < 1) {
    return IRL_ERANGE;
  }
  problem p = {0};
  irl_err err = IRL_ENOMEM;
  p.times = IRL_NEW(double, 2 * (size_t)repetitions);
  if (p.times == NULL || irl_dynamics_create(&p.dyn, T, NX, NU, 0) != IRL_OK ||
      irl_quadratic_create(&p.cost, T, NX, NU) != IRL_OK ||
      irl_policy_create(&p.prev, T, NX, NU) != IRL_OK ||
      irl_policy_create(&p.out, T, NX, NU) != IRL_OK ||
      irl_lqr_create(&p.lqr, T, NX, NU) != IRL_OK) {
    goto done;
  }
  err = fill(&p);
  if (err == IRL_OK) {
    err = measure(&p, microseconds, reference, repetitions);
  }

done:
  irl_lqr_destroy(p.lqr);
  irl_policy_destroy(&p.out);
  irl_policy_destroy(&p.prev);
  irl_quadratic_destroy(&p.cost);
  irl_dynamics_destroy(&p.dyn);
  irl_free(p.times);
  return err;
}
