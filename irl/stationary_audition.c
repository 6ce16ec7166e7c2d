// Independent starts of one search, of which the better half goes on after every round (successive
// halving: Jamieson and Talwalkar 2016, with rounds of equal length). One campaign does them all in
// turn; those that wait are copies of what their next steps depend on.
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "irl/search_file_internal.h"
#include "irl/stationary_internal.h"

enum { NUMBERS = 5 };  // of a start that waits, before its arrays

int irl_campaign_starts(const irl_campaign* c) {
  return c->options->start == NULL ? c->options->plan.restarts : 1;
}

// Start 0 of the first search has the search's own seed, others streams that meet none of its.
uint64_t irl_campaign_seed(const irl_stationary_options* o, int start) {
  if (start == 0 && o->phase == 0) {
    return o->seed;
  }
  irl_rng rng = irl_rng_stream(o->seed, IRL_PURPOSE_EXPERT, (uint64_t)o->phase, 1, (uint64_t)start);
  return irl_rng_u64(&rng);
}

static long count_of(const irl_tensor* t) {
  long n = 1;
  for (int k = 0; k < t->rank; k++) {
    n *= (long)t->shape[k];
  }
  return n;
}

long irl_campaign_size(const irl_campaign* c) {
  irl_tensor t[IRL_CAMPAIGN_TENSORS];
  const int n = irl_campaign_tensors(c, t);
  long size = NUMBERS;
  for (int k = 0; k < n; k++) {
    size += count_of(&t[k]);
  }
  return size;
}

static void pack(const irl_campaign* c, double* p) {
  irl_tensor t[IRL_CAMPAIGN_TENSORS];
  const int n = irl_campaign_tensors(c, t);
  *p++ = c->iteration;
  *p++ = c->batch.horizon;
  *p++ = c->best_score;
  *p++ = c->score;
  *p++ = c->report;
  for (int k = 0; k < n; k++) {
    memcpy(p, t[k].data, (size_t)count_of(&t[k]) * sizeof *p);
    p += count_of(&t[k]);
  }
}

static irl_err unpack(irl_campaign* c, const double* p) {
  irl_tensor t[IRL_CAMPAIGN_TENSORS];
  const int n = irl_campaign_tensors(c, t);
  c->iteration = (int)*p++;
  c->batch.horizon = (int)*p++;
  c->best_score = *p++;
  c->score = *p++;
  c->report = *p++;
  for (int k = 0; k < n; k++) {
    memcpy(irl_tensor_place(&t[k]), p, (size_t)count_of(&t[k]) * sizeof *p);
    p += count_of(&t[k]);
  }
  return irl_campaign_refresh(c);
}

static double* place(const irl_campaign* c, int64_t start) {
  return c->waiting + start * irl_campaign_size(c);
}

static double best_of(const irl_campaign* c, int64_t start) {
  return place(c, start)[IRL_WAITING_BEST];
}

irl_err irl_campaign_audition(irl_campaign* c) {
  const int n = irl_campaign_starts(c);
  c->left = n;
  if (n == 1) {
    return IRL_OK;
  }
  c->order = IRL_NEW(int64_t, n);
  c->waiting = IRL_NEW(double, (size_t)n*(size_t)irl_campaign_size(c));
  if (c->order == NULL || c->waiting == NULL) {
    return IRL_ENOMEM;
  }
  for (int k = 0; k < n; k++) {
    c->order[k] = k;
    pack(c, place(c, k));
  }
  return IRL_OK;
}

void irl_campaign_audition_fini(irl_campaign* c) {
  irl_free(c->order);
  irl_free(c->waiting);
}

int irl_campaign_until(const irl_campaign* c) {
  const irl_expert_plan* p = &c->options->plan;
  const int64_t until = (int64_t)p->audition * (c->round + 1);
  return c->left > 1 && until < p->iterations ? (int)until : p->iterations;
}

// Takes up the start whose turn it is.
static irl_err take_up(irl_campaign* c) {
  c->seed = irl_campaign_seed(c->options, (int)c->order[c->turn]);
  c->random.seed = c->seed;
  return unpack(c, place(c, c->order[c->turn]));
}

// Sorts those that are left by the judged cost of their best policies; ties keep their order.
static void rank(irl_campaign* c) {
  for (int k = 1; k < c->left; k++) {
    const int64_t start = c->order[k];
    int at = k;
    for (; at > 0 && best_of(c, start) < best_of(c, c->order[at - 1]); at--) {
      c->order[at] = c->order[at - 1];
    }
    c->order[at] = start;
  }
}

irl_err irl_campaign_next(irl_campaign* c) {
  pack(c, place(c, c->order[c->turn]));
  c->turn++;
  if (c->turn == c->left) {
    rank(c);
    c->left = (c->left + 1) / 2;
    c->turn = 0;
    c->round++;
  }
  return take_up(c);
}

irl_err irl_campaign_settle(irl_campaign* c) {
  pack(c, place(c, c->order[c->turn]));
  rank(c);
  c->left = 1;
  c->turn = 0;
  return take_up(c);
}
