// The costs that a run went through: a small file for each iteration, so that the viewer can show
// how the cost came about, and colour a run while it is still training.
#ifndef MJIRL_IRL_HISTORY_H_
#define MJIRL_IRL_HISTORY_H_

#include "base/err.h"
#include "irl/cost.h"

#ifdef __cplusplus
extern "C" {
#endif

// Writes <folder>/costs/NNNNNN.safetensors; the folder costs is made. 0 is the cost before
// training.
IRL_NODISCARD irl_err irl_history_save(const char* folder, int iteration, const irl_cost* cost,
                                       irl_errinfo* info);

// Numbers of the iterations whose cost is there, rising: heap memory (irl_free), *n of them. A run
// without any (made by an older version) has n = 0. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_history_list(const char* folder, int** iterations, int* n,
                                       irl_errinfo* info);

// Loads one. Errors: IRL_ENOENT, those of irl_cost_load.
IRL_NODISCARD irl_err irl_history_load(irl_cost** cost, const char* folder, int iteration,
                                       irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_HISTORY_H_
