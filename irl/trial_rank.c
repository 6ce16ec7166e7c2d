// Which starts of a condition go on.
#include <math.h>
#include <string.h>

#include "irl/trial_internal.h"

static const double same_valley_share = 5e-3;  // of the objective's parts

static double standing(const irl_trial* t, double weight) {
  return t->started ? irl_judgement_standing(&t->now, weight) : INFINITY;
}

static void sort_by_standing(irl_trial** group, int n, double weight) {
  for (int i = 1; i < n; i++) {
    irl_trial* t = group[i];
    int j = i;
    for (; j > 0 && standing(t, weight) < standing(group[j - 1], weight); j--) {
      group[j] = group[j - 1];
    }
    group[j] = t;
  }
}

static double valley_size(const irl_trial* t, double weight) {
  return same_valley_share * (fabs(t->now.median) + fabs(weight * t->now.entropy));
}

// Two starts of the same value have most likely found the same valley.
static bool same_valley(const irl_trial* a, const irl_trial* b, double weight) {
  return fabs(standing(a, weight) - standing(b, weight)) <= valley_size(a, weight);
}

// Brings the best start of each valley to the front of a sorted group, in order, the others behind:
// many starts that have settled in one valley must not push out one that is still on its way down
// another.
static void valleys_first(irl_trial** group, int n, double weight) {
  int front = n > 0;
  for (int i = 1; i < n; i++) {
    irl_trial* t = group[i];
    if (!t->started || same_valley(t, group[front - 1], weight)) {
      continue;
    }
    memmove(group + front + 1, group + front, (size_t)(i - front) * sizeof *group);
    group[front++] = t;
  }
}

void irl_trials_rank(irl_trial** group, int n, double entropy_weight) {
  sort_by_standing(group, n, entropy_weight);
  valleys_first(group, n, entropy_weight);
}

double irl_trials_least(irl_trial* const* group, int n, double entropy_weight) {
  double least = INFINITY;
  for (int i = 0; i < n; i++) {
    least = fmin(least, standing(group[i], entropy_weight));
  }
  return least;
}

bool irl_trials_gained(irl_trial* const* group, int n, double before, double entropy_weight) {
  for (int i = 0; i < n; i++) {
    if (group[i]->started &&
        standing(group[i], entropy_weight) < before - valley_size(group[i], entropy_weight)) {
      return true;
    }
  }
  return false;
}
