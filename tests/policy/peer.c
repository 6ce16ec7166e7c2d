// What tests/python compares with NumPy, from standard input to standard output:
//   policy_peer advantage DISCOUNT TRACE LAST < "reward value" lines: advantages
//   policy_peer whiten N BLOCK < rows of N numbers, taken in in blocks of BLOCK: means and
//   deviations
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/advantage.h"
#include "policy/whiten.h"

enum { MAX_NUMBERS = 200000 };

static double number[MAX_NUMBERS];

static int read_numbers(void) {
  int n = 0;
  while (n < MAX_NUMBERS && scanf("%lf", &number[n]) == 1) {
    n++;
  }
  return n;
}

static int show_advantage(char** args) {
  static double reward[MAX_NUMBERS], value[MAX_NUMBERS], advantage[MAX_NUMBERS];
  const int n = read_numbers() / 2;
  for (int t = 0; t < n; t++) {
    reward[t] = number[2 * t];
    value[t] = number[2 * t + 1];
  }
  irl_advantage(reward, value, n, atof(args[2]), atof(args[0]), atof(args[1]), advantage);
  for (int t = 0; t < n; t++) {
    printf("%.17g\n", advantage[t]);
  }
  return 0;
}

static int show_whiten(char** args) {
  irl_whiten w;
  const int n = atoi(args[0]), block = atoi(args[1]), rows = read_numbers() / (n > 0 ? n : 1);
  if (block < 1 || irl_whiten_create(&w, n) != IRL_OK) {
    return 1;
  }
  for (int r = 0; r < rows; r += block) {
    irl_whiten_add(&w, number + (long)r * n, rows - r < block ? rows - r : block);
  }
  irl_whiten_stddev(&w, number);
  for (int i = 0; i < n; i++) {
    printf("%.17g %.17g\n", w.mean[i], number[i]);
  }
  irl_whiten_destroy(&w);
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 5 && strcmp(argv[1], "advantage") == 0) {
    return show_advantage(argv + 2);
  }
  if (argc == 4 && strcmp(argv[1], "whiten") == 0) {
    return show_whiten(argv + 2);
  }
  fprintf(stderr,
          "usage: policy_peer advantage DISCOUNT TRACE LAST | policy_peer whiten N BLOCK\n");
  return 2;
}
