// Changing datasets: joining, choosing, cutting, dividing. A change is written as a new dataset, or
// in place of the old one, which is kept until the next change and can be had back.
#ifndef MJIRL_DEMOS_EDIT_H_
#define MJIRL_DEMOS_EDIT_H_

#include "base/err.h"
#include "demos/demos.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

// An episode of a source dataset, or a stretch of it.
typedef struct irl_demos_pick {
  int source;      // index of the dataset
  int episode;     // its episode
  int begin, end;  // control steps begin..end-1; end 0: to its end
} irl_demos_pick;

// A dataset of chosen episodes, in the order of the picks. What not all sources have (residuals,
// states, rewards, log-densities) is left out of all; the platform stays known if it is the same. A
// stretch that begins late loses its seed, one that ends early its termination and success.
// Errors: IRL_EDIM for datasets of different tasks or widths, IRL_ERANGE for a pick that is not
// there, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_pick_episodes(irl_demos** demos, const irl_demos* const* sources,
                                              int nsources, const irl_demos_pick* picks, int npicks,
                                              irl_errinfo* info);

// A condition on an episode: "<key><op><value>", key one of return, length, success, label,
// condition, episode; op one of >= <= != = > < (label and success: = and != alone).
// *holds tells whether episode i fulfils it. Errors: IRL_EPARSE; IRL_EUNSUPPORTED where the dataset
// does not know the key.
IRL_NODISCARD irl_err irl_demos_where(bool* holds, const char* where, const irl_demos* demos, int i,
                                      irl_errinfo* info);

// Deals episodes into IRL_DEMOS_TRAIN and, a share of each condition's, IRL_DEMOS_VALID; which ones
// depends on the seed alone. At least one stays for training. Errors: IRL_ERANGE for a share
// outside (0, 1) or fewer than two episodes, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_split(irl_demos* demos, double valid_share, uint64_t seed,
                                      irl_errinfo* info);

// The task that a dataset keeps. Errors: IRL_ENOENT where it keeps none.
IRL_NODISCARD irl_err irl_demos_own_task(irl_task** task, const irl_demos* demos,
                                         irl_errinfo* info);

// Fails with IRL_EEXIST while dir has a recording that is not folded into its dataset yet: a change
// of the dataset would be one of a part.
IRL_NODISCARD irl_err irl_demos_settled(const char* dir, irl_errinfo* info);

// Writes a dataset to a new folder; with in_place, over the one that dir holds and demos was read
// from, which then stands in <dir>/data.before until the next such change. Either way nothing old
// goes before the new one has been read back. Errors: as irl_demos_save; in place IRL_EEXIST too,
// where the dataset is no longer the one that was read, or a recording waits to be folded in.
IRL_NODISCARD irl_err irl_demos_store(const char* dir, bool in_place, const irl_demos* demos,
                                      const irl_task* task, const char* command, irl_errinfo* info);

// Exchanges the dataset of dir with the one before its last change, after reading it. Twice gives
// the change back. Errors: IRL_ENOENT when there is none, IRL_EEXIST while a recording waits to be
// folded in, IRL_EUNSUPPORTED where episodes were recorded since (undoing would take them back too)
// or the file system cannot exchange folders, those of irl_demos_load.
IRL_NODISCARD irl_err irl_demos_undo(const char* dir, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_EDIT_H_
