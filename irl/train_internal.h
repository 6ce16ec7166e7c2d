// What training and its forecast share.
#ifndef MJIRL_IRL_TRAIN_INTERNAL_H_
#define MJIRL_IRL_TRAIN_INTERNAL_H_

#include "irl/forecast.h"
#include "irl/learner_internal.h"

enum { IRL_TRAIN_JUDGE_EPISODES = 80 };  // at the end, for report.json

// The forecast's figures of data, from a learner after its first iteration; env_steps and
// wall_seconds are left 0. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_forecast_look(const irl_learner* learner, irl_forecast* forecast);

#endif  // MJIRL_IRL_TRAIN_INTERNAL_H_
