// Demonstrations for training and demonstrations held out.
#ifndef MJIRL_IRL_SPLIT_INTERNAL_H_
#define MJIRL_IRL_SPLIT_INTERNAL_H_

#include "demos/demos.h"

// Splits one condition's demonstrations, index (n): the first ones of index stay for training,
// heldout (n) gets the others; returns the number held out. With share 0 none is. A dataset that
// marks validation episodes (robomimic's mask/valid) and leaves some for training decides itself;
// else floor(share n) are taken, evenly spread over their order: with a fifth that is none of four
// and one of five. Fewer than half of the demonstrations can go, so one always stays.
int irl_split(const irl_demos* demos, int* index, int n, double share, int* heldout);

#endif  // MJIRL_IRL_SPLIT_INTERNAL_H_
