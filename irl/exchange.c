// Conditions try each other's policies: a good valley that one of them has found is then found by
// all that are like it.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "irl/optimizer_internal.h"

enum { HOSTS = 3, VARIANTS = 2 };
// Noise of a policy that is to serve another condition, in covariance: what it did not meet in its
// own it has to find out about here. And that of a policy which is to leave the place it is in.
static const double guest_noise = 4, kick_noise = 16;

static int hosts(const irl_optimizer* s) {
  return s->options->nc > HOSTS ? HOSTS : s->options->nc - 1;
}

int irl_guests(const irl_optimizer* s) {
  return hosts(s) + 1;
}

int irl_visitors(const irl_optimizer* s) {
  return VARIANTS * (s->options->nc - 1);
}

//---------------------------------- Visits --------------------------------------------------------

static irl_trial* best_of(const irl_optimizer* s, int k) {
  return s->alive[k * (s->nalive / s->options->nc)];
}

// Visitor i of condition k is the best of another condition.
static irl_trial* host_of(const irl_optimizer* s, int k, int i) {
  const int other = i / VARIANTS;
  return best_of(s, other + (other >= k));
}

// Mean of what the trajectories of a start begin with.    mean (nx)
static void first_observation(const irl_trial* t, double* mean) {
  const int nx = t->batch.nx;
  memset(mean, 0, (size_t)nx * sizeof *mean);
  for (int i = 0; i < t->n; i++) {
    irl_axpy(mean, 1.0 / t->n, irl_batch_x(&t->batch, i, 0), nx);
  }
}

void irl_policy_bend(irl_policy* policy, const double* shift) {
  for (int t = 0; t < policy->steps; t++) {
    const double left = fmax(1 - 2.0 * t / policy->steps, 0);
    for (int a = 0; a < policy->nu; a++) {
      const ptrdiff_t row = (ptrdiff_t)t * policy->nu + a;
      policy->k[row] -= left * irl_dot(policy->K + row * policy->nx, shift, policy->nx);
    }
  }
}

// The policies that visit condition k: of each other one the best as it is, and bent to begin here.
static void prepare(irl_optimizer* s, int k) {
  const int nx = s->info->nx;
  double *here = s->shift, *shift = s->shift + nx;
  first_observation(best_of(s, k), here);
  for (int i = 0; i < irl_visitors(s); i++) {
    const irl_trial* host = host_of(s, k, i);
    irl_policy_copy(&s->visitor[i], host->started ? &host->kept : &host->proposal);
    if (i % VARIANTS == 1 && host->started && best_of(s, k)->started) {
      first_observation(host, shift);
      for (int j = 0; j < nx; j++) {
        shift[j] = here[j] - shift[j];
      }
      irl_policy_bend(&s->visitor[i], shift);
    }
  }
}

// They act from the starts of the condition.
static irl_err visit(irl_optimizer* s, int k) {
  const int samples = s->stages[0].samples;
  s->drawn.n = irl_visitors(s) * samples;
  for (int i = 0; i < s->drawn.n; i++) {
    s->drawn.condition[i] = s->options->condition[k];
    s->own[i] = &s->visitor[i / samples];
    s->number[i] = i % samples;
  }
  return irl_optimizer_roll(s, IRL_ACTION_SAMPLE, s->turn, &s->drawn);
}

// Of a visitor by its trajectories.
static double value_of(irl_optimizer* s, int i, irl_judgement* scratch) {
  const int samples = s->stages[0].samples;
  irl_judge_trajectories(scratch, &s->options->objective, &s->drawn, i * samples, samples,
                         &s->visitor[i]);
  return irl_judgement_typical(scratch, s->step.lqr.entropy_weight);
}

// The better of a host's visitors; -1 when all diverge.
static int best_variant(irl_optimizer* s, int other, irl_judgement* scratch) {
  int best = -1;
  double least = INFINITY;
  for (int i = other * VARIANTS; i < (other + 1) * VARIANTS; i++) {
    const double value = value_of(s, i, scratch);
    if (value < least) {
      least = value;
      best = i;
    }
  }
  return best;
}

//---------------------------------- Guests --------------------------------------------------------

// A start of condition k that is in use no more.
static irl_trial* spare(irl_optimizer* s, int k) {
  const int width = s->nalive / s->options->nc;
  for (int i = k * s->each; i < (k + 1) * s->each; i++) {
    bool used = false;
    for (int j = k * width; j < (k + 1) * width; j++) {
      used |= s->alive[j] == &s->trial[i];
    }
    if (!used) {
      return &s->trial[i];
    }
  }
  return NULL;  // never: there are `guests` more than start
}

// Fills the places behind the starts of condition k that go on: with visitors, and with its own
// best policy once more, noisy enough to get off a plateau. How well a visitor does before it has
// been changed to suit says little of its valley, so hosts are taken in turn, from round to round,
// where there are more of them than places. One whose policies all diverge here leaves its place.
static void invite(irl_optimizer* s, int k) {
  const int width = s->stages[s->at].width, guests = s->stages[s->at].guests;
  const irl_trial* own = best_of(s, k);
  for (int g = 0; g < guests; g++) {
    irl_trial* guest = spare(s, k);
    const int other = (s->turn * hosts(s) + g) % (s->options->nc > 1 ? s->options->nc - 1 : 1);
    const int i = g < hosts(s) ? best_variant(s, other, &guest->next) : -1;
    if (i >= 0) {
      irl_trial_restart(guest, host_of(s, k, i)->slot, &s->visitor[i], guest_noise);
    } else {
      irl_trial_restart(guest, k, own->started ? &own->kept : &own->proposal, kick_noise);
    }
    s->alive[k * (width + guests) + width + g] = guest;
  }
}

irl_err irl_exchange(irl_optimizer* s) {
  for (int k = 0; k < s->options->nc && s->stages[s->at].guests > 0; k++) {
    if (s->options->nc > 1) {
      prepare(s, k);
      IRL_TRY(visit(s, k));
    }
    invite(s, k);
  }
  return IRL_OK;
}
