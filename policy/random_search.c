#include "policy/random_search.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "base/random.h"
#include "policy/policy_internal.h"

static int width(const irl_random_search* s) {
  return s->nx + 1;
}

static irl_err check(const irl_random_search_options* o, int nx, int nu) {
  const bool sound = o->directions >= 1 && o->directions <= 1 << 20 && o->best >= 1 &&
                     o->best <= o->directions && o->step > 0 && isfinite(o->step) && o->noise > 0 &&
                     isfinite(o->noise) && o->observed >= 0 && o->observed <= nx &&
                     o->average >= 0 && nx >= 1 && nx <= IRL_POLICY_MAX_NX && nu >= 1 &&
                     nu <= IRL_POLICY_MAX_NU;
  return sound ? IRL_OK : IRL_ERANGE;
}

irl_err irl_random_search_create(irl_random_search* s, const irl_random_search_options* o, int nx,
                                 int nu, uint64_t seed) {
  *s = (irl_random_search){.options = *o, .nx = nx, .nu = nu, .seed = seed};
  IRL_TRY(check(o, nx, nu));
  const size_t weights = (size_t)nu * ((size_t)nx + 1);
  double* p = IRL_NEW(double, 4 * weights + (size_t)nx);
  s->memory = p;
  s->order = IRL_NEW(int, o->directions);
  irl_err err = irl_whiten_create(&s->whiten, nx);
  if (p == NULL || s->order == NULL || err != IRL_OK) {
    irl_random_search_destroy(s);
    return IRL_ENOMEM;
  }
  s->M = p;
  s->mean = s->M + weights;
  s->work = s->mean + weights;
  s->stddev = s->work + 2 * weights;
  irl_random_search_refresh(s);
  return IRL_OK;
}

void irl_random_search_destroy(irl_random_search* s) {
  irl_free(s->memory);
  irl_free(s->order);
  irl_whiten_destroy(&s->whiten);
  *s = (irl_random_search){0};
}

void irl_random_search_refresh(irl_random_search* s) {
  irl_whiten_stddev(&s->whiten, s->stddev);
}

void irl_random_search_start(irl_random_search* s, const irl_policy* policy) {
  assert(policy->steps == 1 && policy->nx == s->nx && policy->nu == s->nu);
  for (int j = 0; j < s->nu; j++) {
    const double* K = policy->K + (ptrdiff_t)j * s->nx;
    double* row = s->M + (ptrdiff_t)j * width(s);
    double offset = policy->k[j];
    for (int i = 0; i < s->nx; i++) {
      const bool seen = isfinite(s->stddev[i]);
      row[i] = seen ? K[i] * s->stddev[i] : 0;
      offset += K[i] * s->whiten.mean[i];  // of what is constant nothing but this is left
    }
    row[s->nx] = offset;
  }
}

// δ_j, (nu, nx + 1).
static void draw_direction(const irl_random_search* s, uint64_t iteration, int j, double* delta) {
  irl_rng rng = irl_rng_stream(s->seed, IRL_PURPOSE_EXPERT, iteration, 0, (uint64_t)j);
  const int observed = s->options.observed > 0 ? s->options.observed : s->nx;
  for (int a = 0; a < s->nu; a++) {
    double* row = delta + (ptrdiff_t)a * width(s);
    for (int i = 0; i < s->nx; i++) {
      row[i] = i < observed ? irl_rng_normal(&rng) : 0;
    }
    row[s->nx] = s->options.offset ? irl_rng_normal(&rng) : 0;
  }
}

void irl_random_search_policy(irl_random_search* s, uint64_t iteration, int j, int sign,
                              irl_policy* policy) {
  assert(policy->steps == 1 && policy->nx == s->nx && policy->nu == s->nu);
  if (sign == 0) {
    irl_whiten_fold(&s->whiten, s->stddev, s->M, policy);
    return;
  }
  const int n = s->nu * width(s);
  draw_direction(s, iteration, j, s->work);
  for (int i = 0; i < n; i++) {
    s->work[i] = s->M[i] + sign * s->options.noise * s->work[i];
  }
  irl_whiten_fold(&s->whiten, s->stddev, s->work, policy);
}

//---------------------------------- The step -----------------------------------------------------

// The directions with finite returns, the best first; ties keep their order. Returns their number,
// at most b.
static int choose(const irl_random_search* s, const double* returns) {
  int n = 0;
  for (int j = 0; j < s->options.directions; j++) {
    const double* r = returns + 2 * (ptrdiff_t)j;
    if (!isfinite(r[0]) || !isfinite(r[1])) {
      continue;
    }
    const double score = fmax(r[0], r[1]);
    int at = n < s->options.best ? n++ : s->options.best;
    while (at > 0 && score > fmax(returns[2 * (ptrdiff_t)s->order[at - 1]],
                                  returns[2 * (ptrdiff_t)s->order[at - 1] + 1])) {
      if (at < s->options.best) {
        s->order[at] = s->order[at - 1];
      }
      at--;
    }
    if (at < s->options.best) {
      s->order[at] = j;
    }
  }
  return n;
}

static void measure(const irl_random_search* s, const double* returns,
                    irl_random_search_report* report) {
  double mean = 0, square = 0;
  for (int k = 0; k < report->used; k++) {
    const double* r = returns + 2 * (ptrdiff_t)s->order[k];
    mean += (r[0] + r[1]) / (2.0 * report->used);
  }
  for (int k = 0; k < report->used; k++) {
    const double* r = returns + 2 * (ptrdiff_t)s->order[k];
    square += (r[0] - mean) * (r[0] - mean) + (r[1] - mean) * (r[1] - mean);
  }
  report->mean = mean;
  report->spread = sqrt(square / (2.0 * report->used));
}

static void move(irl_random_search* s, uint64_t iteration, const double* returns,
                 irl_random_search_report* report) {
  const int n = s->nu * width(s);
  double *delta = s->work, *sum = s->work + n;
  *report = (irl_random_search_report){choose(s, returns), NAN, NAN, 0};
  if (report->used == 0) {
    return;
  }
  measure(s, returns, report);
  if (!(report->spread > 1e-12 * fmax(1, fabs(report->mean))) || !isfinite(report->spread)) {
    report->used = 0;
    return;
  }
  memset(sum, 0, (size_t)n * sizeof *sum);
  for (int k = 0; k < report->used; k++) {
    const double* r = returns + 2 * (ptrdiff_t)s->order[k];
    draw_direction(s, iteration, s->order[k], delta);
    irl_axpy(sum, r[0] - r[1], delta, n);
  }
  const double rate = s->options.step / (report->used * report->spread);
  irl_axpy(s->M, rate, sum, n);
  report->moved = rate * sqrt(irl_dot(sum, sum, n));
}

void irl_random_search_step(irl_random_search* s, uint64_t iteration, const double* returns,
                            irl_random_search_report* report) {
  const int weights = s->nu * width(s);
  move(s, iteration, returns, report);
  const double steps = fmin((double)iteration + 1, s->options.average);
  for (int i = 0; i < weights; i++) {  // without an average exactly M
    s->mean[i] = steps > 1 ? s->mean[i] + (s->M[i] - s->mean[i]) / steps : s->M[i];
  }
}

void irl_random_search_result(irl_random_search* s, irl_policy* policy) {
  irl_whiten_fold(&s->whiten, s->stddev, s->mean, policy);
}
