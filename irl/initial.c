#include <math.h>
#include <string.h>

#include "irl/initial_internal.h"

static const char* const names[] = {"zero", "pd", "lqr", "warm", NULL};

const char* irl_initial_name(int initial) {
  const int count = (int)(sizeof names / sizeof names[0]) - 1;
  return initial >= 0 && initial < count ? names[initial] : NULL;
}

bool irl_initial_parse(const char* name, irl_initial* initial) {
  for (int i = 0; names[i] != NULL; i++) {
    if (strcmp(name, names[i]) == 0) {
      *initial = (irl_initial)i;
      return true;
    }
  }
  return false;
}

irl_err irl_initial_policy(const irl_initial_request* r, irl_policy* policy, int64_t* env_steps,
                           irl_errinfo* info) {
  static const double noise[] = {0.3, 0.5, 0.2, 1.0};
  irl_rng rng =
      irl_rng_stream(r->seed, IRL_PURPOSE_EXPERT, 0, (uint64_t)r->condition, (uint64_t)r->number);
  (void)env_steps;
  (void)info;
  return irl_policy_start(policy, r->task, noise[r->number % 4], r->number > 0 ? 0.3 : 0.0, &rng);
}
