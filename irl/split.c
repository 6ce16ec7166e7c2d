// Which demonstrations are kept from training, to see whether a cost is learned or learned by
// heart.
#include <math.h>

#include "irl/split_internal.h"

// Episodes of the dataset's own validation mask (robomimic's mask/valid) among the n given.
static int masked(const irl_demos* demos, const int* index, int n) {
  int count = 0;
  for (int i = 0; demos->mask != NULL && i < n; i++) {
    count += demos->mask[index[i]] == IRL_DEMOS_VALID;
  }
  return count;
}

int irl_split(const irl_demos* demos, int* index, int n, double share, int* heldout) {
  int by_mask = masked(demos, index, n), out = 0, kept = 0;
  bool use_mask = share > 0.0 && by_mask > 0 && by_mask < n;
  int wanted = (int)floor(share * n + 1e-9);
  for (int i = 0; i < n; i++) {
    // Spread evenly: the k-th goes where i·wanted/n passes a whole number.
    bool by_share = (long)(i + 1) * wanted / n > (long)i * wanted / n;
    bool leaves = use_mask ? demos->mask[index[i]] == IRL_DEMOS_VALID : by_share;
    if (leaves) {
      heldout[out++] = index[i];
    } else {
      index[kept++] = index[i];
    }
  }
  return out;
}
