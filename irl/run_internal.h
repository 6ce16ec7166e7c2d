// The run folder from the side that writes it.
#ifndef MJIRL_IRL_RUN_INTERNAL_H_
#define MJIRL_IRL_RUN_INTERNAL_H_

#include "irl/learner_internal.h"
#include "irl/run.h"

// config.json, task.json, model.xml: what stands from the start.
IRL_NODISCARD irl_err irl_run_write_start(const char* folder, const irl_learner* learner,
                                          const char* demos_path, irl_errinfo* info);

// Fails unless the folder's config.json and task.json are what write_start would write: a run goes
// on with the settings it was started with, in the same world.
IRL_NODISCARD irl_err irl_run_check_same(const char* folder, const irl_learner* learner,
                                         const char* demos_path, irl_errinfo* info);

// cost.safetensors and policy.safetensors as they are now. Time, paths and thread counts stay out,
// so equal runs have equal bytes.
IRL_NODISCARD irl_err irl_run_write_models(const char* folder, const irl_learner* learner,
                                           irl_errinfo* info);

#endif  // MJIRL_IRL_RUN_INTERNAL_H_
