// What is replayed: the rollouts of a run (expert, initial, learned) or of a dataset, and all that
// their colours can mean. Past costs are looked up in the run's folder, and its news followed.
#ifndef MJIRL_VIEWER_REEL_H_
#define MJIRL_VIEWER_REEL_H_

#include "irl/cost.h"
#include "viewer/viewer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_reel irl_reel;

typedef struct irl_reel_options {
  const char* cost;  // run whose cost colours the rollouts; NULL: the run's own, a dataset's none
  int first, last;   // episodes of each group, counted from 0
  bool past_expert;  // a run's may lie past the expert's, whose group is not asked for
  uint64_t seed;
  int threads;  // 0: all
  bool wait;    // a run that has no checkpoint yet is waited for
} irl_reel_options;

// Opens a run or a dataset, whichever the folder is. A run's expert group is left out, with a
// warning to the host, where its dataset is gone. Errors: those of irl_run_open and irl_demos_load,
// IRL_EDIM for a cost of another task, IRL_ERANGE for episodes that are not there, IRL_ECANCELED.
IRL_NODISCARD irl_err irl_reel_open(irl_reel** reel, const char* source,
                                    const irl_reel_options* options, const irl_host* host,
                                    irl_errinfo* info);
void irl_reel_close(irl_reel* reel);  // NULL is fine

// For the viewer; valid until the reel is closed. Layers, where there is something to show:
// "learned" and "true" (minus reward) cost, "difference" of the learned cost and the true one
// brought to its scale by least squares over the shown steps, "weight" (log10 of a rollout's
// importance weight e^{-c}/q over its condition's mean), "density" (log q(u|x) of each action).
const irl_replay* irl_reel_replay(const irl_reel* reel);
int irl_reel_layer(const irl_reel* reel, const char* key);  // its number, or -1

// Iterations whose costs the run keeps, rising; returns their number (0: only the newest is there).
int irl_reel_iterations(const irl_reel* reel, const int** iterations);
int irl_reel_chosen(const irl_reel* reel);  // index of the one that is shown; the last: the newest

// Fills the layers with the cost of another iteration. Errors: those of irl_history_load, and the
// layers stay.
IRL_NODISCARD irl_err irl_reel_choose(irl_reel* reel, int index, irl_errinfo* info);

typedef enum irl_news {
  IRL_NEWS_NONE,
  IRL_NEWS_COST,     // newer costs: the layers' values have changed if the newest one is shown
  IRL_NEWS_ROLLOUTS  // new rollouts as well
} irl_news;

// Looks whether training has gone on. Errors: IRL_ENOENT when the run's folder has gone.
IRL_NODISCARD irl_err irl_reel_poll(irl_reel* reel, irl_news* news, irl_errinfo* info);

// The cost that the layers show now; NULL without a run.
const irl_cost* irl_reel_cost(const irl_reel* reel);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_VIEWER_REEL_H_
