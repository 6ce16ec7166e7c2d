// What the Python tests compare with NumPy:
//   irl_peer cost FILE KIND DEPTH WIDTH IDENTITY N
//   irl_peer tail < LOG-WEIGHTS
// The first saves a cost (4 observation and 2 action entries) in FILE and prints, for N points, x,
// u, the cost of the float forward pass, the cost in double and its gradient; the second prints the
// tail index of the weights.
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "irl/cost.h"
#include "irl/partition.h"

enum { NX = 4, NU = 2, NY = NX + NU, MAX_POINTS = 2000, MAX_WEIGHTS = 100000 };

static void perturb(irl_cost* cost, irl_rng* rng) {
  const double mean[NX] = {0.5, -1, 2, 0}, scale[NX] = {1, 0.5, 3, 0.1}, action[NU] = {0.4, 2};
  irl_cost_set_normalizer(cost, mean, scale, action);
  for (int i = 0; i < irl_cost_nparam(cost); i++) {
    irl_cost_params(cost)[i] += (float)(0.2 * irl_rng_normal(rng));
  }
}

static void print_points(irl_cost* cost, irl_cost_rows* rows, int n, irl_rng* rng) {
  static double y[MAX_POINTS][NY], work[100000];
  static float c[MAX_POINTS];
  irl_cost_rows_resize(rows, n);
  for (int r = 0; r < n; r++) {
    for (int i = 0; i < NY; i++) {
      y[r][i] = irl_rng_normal(rng);
    }
    irl_cost_rows_set(rows, cost, r, 1, y[r], y[r] + NX);
  }
  irl_cost_forward(cost, rows, NULL, c);
  for (int r = 0; r < n; r++) {
    double gradient[NY], hessian[NY * NY];
    double value = irl_cost_expand(cost, y[r], y[r] + NX, gradient, hessian, work);
    for (int i = 0; i < NY; i++) {
      printf("%.17g ", y[r][i]);
    }
    printf("%.9g %.17g", (double)c[r], value);
    for (int i = 0; i < NY; i++) {
      printf(" %.17g", gradient[i]);
    }
    printf("\n");
  }
}

static int show_cost(char** args) {
  irl_cost_config config = irl_cost_defaults();
  config.kind = strcmp(args[1], "network") == 0 ? IRL_COST_NETWORK : IRL_COST_QUADRATIC;
  config.depth = atoi(args[2]);
  config.width = atoi(args[3]);
  config.identity = atoi(args[4]) != 0;
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  irl_cost* cost;
  irl_cost_rows* rows;
  irl_errinfo info = {0};
  if (irl_cost_create(&cost, &config, NX, NU, 1, &info) != IRL_OK ||
      irl_cost_rows_create(&rows, cost, MAX_POINTS) != IRL_OK) {
    fprintf(stderr, "%s\n", info.text);
    return 1;
  }
  perturb(cost, &rng);
  irl_err err = irl_cost_save(cost, args[0], &info);
  if (err == IRL_OK) {
    print_points(cost, rows, atoi(args[5]), &rng);
  } else {
    fprintf(stderr, "%s\n", info.text);
  }
  irl_cost_rows_destroy(rows);
  irl_cost_destroy(cost);
  return err != IRL_OK;
}

// Log-weights from standard input, their tail index to standard output.
static int show_tail(void) {
  static double logw[MAX_WEIGHTS], work[MAX_WEIGHTS];
  int n = 0;
  while (n < MAX_WEIGHTS && scanf("%lf", &logw[n]) == 1) {
    n++;
  }
  printf("%.17g\n", irl_tail_index(logw, n, work));
  return 0;
}

int main(int argc, char** argv) {
  openblas_set_num_threads(1);
  if (argc == 8 && strcmp(argv[1], "cost") == 0 && atoi(argv[7]) <= MAX_POINTS) {
    return show_cost(argv + 2);
  }
  if (argc == 2 && strcmp(argv[1], "tail") == 0) {
    return show_tail();
  }
  fprintf(stderr, "usage: irl_peer cost FILE KIND DEPTH WIDTH IDENTITY N | irl_peer tail\n");
  return 2;
}
