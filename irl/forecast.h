// Before training: whether the demonstrations are enough, and what training will cost. Definitions
// and what the figures were worth on bundled data: docs/evaluation.md.
#ifndef MJIRL_IRL_FORECAST_H_
#define MJIRL_IRL_FORECAST_H_

#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "irl/train.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { IRL_FORECAST_ADVICE = 6, IRL_FORECAST_TEXT = 240 };

// NAN where a figure has no meaning for the algorithm.
typedef struct irl_forecast {
  int demonstrations;       // that training would use
  int conditions;           // of the task that have any
  int conditions_of_task;   //
  int fewest;               // demonstrations of one condition
  double rows_per_unknown;  // data for the demonstrations' controllers: pooled rows over regressors
  double coverage;          // share of the first sampler's observations that demonstrations cover
  double overlap;           // share of the demonstrations' observations that the sampler covers
  double ess;               // of the first mixture's weights towards the demonstrations' density,
                            // mean over conditions [trajectories of a condition]
  double ess_share;         // of the trajectories that were weighed
  int64_t env_steps;        // that the whole training will take
  double wall_seconds;      // that it will take here
  bool enough;              // no advice speaks against it
  int nadvice;              // sentences for the user
  char advice[IRL_FORECAST_ADVICE][IRL_FORECAST_TEXT];
} irl_forecast;

// Runs the first two iterations in memory and measures; options->out and resume are not looked at.
// Errors: those of irl_train.
IRL_NODISCARD irl_err irl_forecast_make(irl_forecast* forecast, const irl_train_options* options,
                                        const irl_host* host, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_FORECAST_H_
