// Which rounds of drawing stay in the background, so that memory and work of a long run are
// bounded.
//
// The newest round always stays: step control and metrics are about it. With a window the oldest
// one goes. With a reservoir (Vitter 1985, algorithm R) every earlier round is kept with the same
// probability: when round n joins those that may be forgotten it takes the place of a random one
// with probability K/n, K the reservoir's size, and is forgotten itself otherwise.
#include "irl/learner_internal.h"

// Rounds that all stores hold; every round has one sampler of each crew at work.
int irl_learner_kept_rounds(const irl_learner* l) {
  int crews = l->crew[IRL_CREW_EXPLORE].samples > 0 ? IRL_NCREWS : 1;
  return l->store[0].nkept / crews;
}

uint64_t irl_learner_kept_round(const irl_learner* l, int i) {
  int crews = l->crew[IRL_CREW_EXPLORE].samples > 0 ? IRL_NCREWS : 1;
  return l->store[0].round[i * crews];
}

int irl_keep_leaver(irl_keep keep, uint64_t seed, int kept, uint64_t round) {
  if (keep == IRL_KEEP_WINDOW) {
    return 0;
  }
  irl_rng rng = irl_rng_stream(seed, IRL_PURPOSE_KEEP, round, 0, 0);
  uint64_t place = irl_rng_below(&rng, round);  // `round` rounds have been drawn so far
  return place < (uint64_t)(kept - 1) ? (int)place : kept - 1;
}

void irl_learner_make_room(irl_learner* l, uint64_t round) {
  int kept = irl_learner_kept_rounds(l);
  if (l->config.keep == IRL_KEEP_ALL || kept < l->config.keep_rounds) {
    return;
  }
  uint64_t gone = irl_learner_kept_round(l, irl_keep_leaver(l->config.keep, l->seed, kept, round));
  for (int k = 0; k < l->nc; k++) {
    irl_store_forget(&l->store[k], gone);
  }
}
