// A reel from inside: reel.c opens and follows it, reel_layers.c works out what the colours mean.
#ifndef MJIRL_VIEWER_REEL_INTERNAL_H_
#define MJIRL_VIEWER_REEL_INTERNAL_H_

#include <time.h>

#include "demos/demos.h"
#include "irl/run.h"
#include "viewer/reel.h"

// Side by side: expert, initial, learned.
enum { IRL_REEL_GROUPS = 3 };

typedef enum irl_reel_meaning {
  IRL_REEL_LEARNED,
  IRL_REEL_TRUE,
  IRL_REEL_DIFFERENCE,
  IRL_REEL_WEIGHT,
  IRL_REEL_DENSITY,
  IRL_REEL_MEANINGS
} irl_reel_meaning;

struct irl_reel {
  irl_reel_options options;
  irl_run* run;          // what is replayed, or NULL for a dataset
  irl_run* other;        // --cost: whose cost colours it, or NULL
  const irl_run* judge;  // one of the two, or NULL
  irl_demos* demos;      // the dataset, or NULL
  irl_task* task;        // owned only for a dataset

  irl_batch batch[IRL_REEL_GROUPS];  // the chosen episodes
  bool has_logq[IRL_REEL_GROUPS];
  double* value[IRL_REEL_MEANINGS][IRL_REEL_GROUPS];  // (N, T)
  double* weight[IRL_REEL_GROUPS];                    // (N)
  char difference[160];  // says how the true cost was brought to the learned one's scale

  irl_replay_group groups[IRL_REEL_GROUPS];
  int ngroups;
  irl_replay_layer layers[IRL_REEL_MEANINGS];
  irl_replay replay;

  int* iterations;  // that have costs, rising
  int niterations;
  int chosen;              // index of the one shown
  irl_cost* cost;          // its cost when it is not the judge's own
  struct timespec models;  // when the judge's models were written
};

// Makes the arrays of all layers there is something for, and fills them. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_reel_make_layers(irl_reel* reel);

// Fills them again for the cost chosen now.
IRL_NODISCARD irl_err irl_reel_fill_layers(irl_reel* reel);
void irl_reel_free_layers(irl_reel* reel);

#endif  // MJIRL_VIEWER_REEL_INTERNAL_H_
