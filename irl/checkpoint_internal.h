// Checkpoints: all that a learner needs to go on as if it had not stopped. Trajectories are not
// kept: they are a pure function of the kept samplers and the random streams and are simulated
// again, bit for bit on the same machine and library.
#ifndef MJIRL_IRL_CHECKPOINT_INTERNAL_H_
#define MJIRL_IRL_CHECKPOINT_INTERNAL_H_

#include "irl/learner_internal.h"

// Writes <folder>/NNNNNN (a safetensors file with a checksum of its own), and removes all but the
// newest `keep` that verify.
IRL_NODISCARD irl_err irl_checkpoint_save(const irl_learner* learner, const char* folder, int keep,
                                          irl_errinfo* info);

// Puts a fresh learner into the newest checkpoint that verifies; *iteration is 0 when there is
// none. The host (or NULL) is told of each one that is passed over. Errors: IRL_EDIM when the
// checkpoint is of another set-up.
IRL_NODISCARD irl_err irl_checkpoint_restore(irl_learner* learner, const char* folder,
                                             const irl_host* host, int* iteration,
                                             irl_errinfo* info);

#endif  // MJIRL_IRL_CHECKPOINT_INTERNAL_H_
