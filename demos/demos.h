// Demonstrations: datasets that are a Minari dataset directory and a robomimic file at once
// (docs/demos.md gives the layout).
//
// HDF5 is not thread safe: calls into this room come from one thread at a time.
#ifndef MJIRL_DEMOS_DEMOS_H_
#define MJIRL_DEMOS_DEMOS_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"
#include "base/err.h"
#include "envs/task.h"
#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

//---------------------------------- Files ---------------------------------------------------------

// What is known of an episode: bits of irl_demos.facts.
enum {
  IRL_DEMO_CONDITION = 1,
  IRL_DEMO_SEED = 2,
  IRL_DEMO_SUCCESS = 4,     // success or failure was judged
  IRL_DEMO_INCOMPLETE = 8,  // the recording broke off: it ends where a crash left it
};

// A loaded dataset. Texts are never NULL; they are "" where the file does not have them.
typedef struct irl_demos {
  irl_batch batch;    // all episodes, horizon = the longest; state recorded where the file has it
  uint64_t* seed;     // (N), 0 without has_seed
  double* applied;    // actions as the simulator saw them (N, T, nu), or NULL
  uint8_t* facts;     // IRL_DEMO_... of each episode (N)
  char** label;       // free text of each episode (N)
  char** recording;   // what its journal called it, "<session>-<number>" (N)
  char* dataset_id;   // e.g. "mjirl/reacher/expert-v0"
  char* algorithm;    // how the data came about
  char* task_name;    // as the file says
  char* task_json;    // compiled task
  char* mjcf;         // model
  char* state_parts;  // JSON: [{"name": "qpos", "offset": 1, "size": 4}, ...]
  char* platform;     // JSON: what bit-for-bit repetition depends on; "" unknown
  uint8_t* mask;      // irl_demos_mask of each episode (N), or NULL: the file has no masks
  uint32_t crc32c;    // checksum of the file that it was read from, and was found to have
  bool has_crc;       // false: the file carries none, or this was not read from one file
  bool has_logq;      // false: batch.logq holds zeros and means nothing
  bool has_seed;
  bool has_condition;        // false: batch.condition holds zeros
  bool has_success;          // false: batch.success holds zeros
  bool has_action;           // false: batch.u holds zeros and means nothing
  int left_nz, left_nstate;  // widths of residuals and states that the file has but were left out
} irl_demos;

// robomimic's filter keys, as `mask/train` and `mask/valid` in the file.
typedef enum irl_demos_mask { IRL_DEMOS_UNMASKED, IRL_DEMOS_TRAIN, IRL_DEMOS_VALID } irl_demos_mask;

typedef struct irl_demos_meta {
  const char* dataset_id;    // e.g. "mjirl/reacher/expert-v0"; NULL: made from the task's name
  const char* algorithm;     // how the data came about, e.g. "maximum-entropy LQR expert"
  const char* command;       // command line that makes it again, or NULL
  const uint64_t* seed;      // (N) or NULL
  const uint8_t* facts;      // (N) or NULL: condition, seed if given, success if the task judges it
  const char* const* label;  // (N) or NULL; an entry may be NULL
  const char* const* recording;  // (N) or NULL; an entry may be NULL
  const char* platform;          // where it was recorded; NULL: here, "" unknown
  const uint8_t* mask;           // (N) irl_demos_mask, or NULL
  const uint32_t* replaces;  // checksum of the dataset that this one takes the place of, or NULL
  bool no_logq;              // the batch's log-densities mean nothing (a human acted): not written
  bool no_action;            // actions are not known, those of the batch are zeros
} irl_demos_meta;

// Writes <dir>/data/main_data.hdf5 and <dir>/data/metadata.json, whole or not at all: both are
// written to a hidden folder, read back, compared and then moved into place. Invalid trajectories
// are left out. Equal data gives equal bytes. meta may be NULL. Errors: IRL_EEXIST when dir already
// holds a dataset, IRL_EDIM or IRL_ENUM for a batch that does not fit the task or is not finite,
// IRL_EIO, IRL_ENOSPC, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_save(const char* dir, const irl_task* task, const irl_batch* batch,
                                     const irl_demos_meta* meta, irl_errinfo* info);

// The same in the place of a dataset that dir may already hold; it stands until the new one has
// been read back. What stands can change between a load and this call: see irl_place_open.
IRL_NODISCARD irl_err irl_demos_replace(const char* dir, const irl_task* task,
                                        const irl_batch* batch, const irl_demos_meta* meta,
                                        irl_errinfo* info);

// The refusals of irl_demos_save that can be known before the work begins: IRL_EEXIST, IRL_EIO.
IRL_NODISCARD irl_err irl_demos_check_output(const char* dir, irl_errinfo* info);

// Reads a dataset directory (or its main_data.hdf5). Every size and number is checked; NaN,
// episodes of different widths, truncated files end in a sentence. Errors: IRL_ENOENT, IRL_EPARSE,
// IRL_EDIM, IRL_ENUM, IRL_ERANGE (too large), IRL_EUNSUPPORTED, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_load(irl_demos** demos, const char* dir, irl_errinfo* info);

// The same without what learning does not look at: residuals, applied actions, and physics states,
// unless an episode does not say its condition, which irl_demos_prepare then finds by its first
// state. States are most of a file; what is left out takes no memory and does not count towards the
// 8 GiB that a dataset may have.
IRL_NODISCARD irl_err irl_demos_load_lean(irl_demos** demos, const char* dir, irl_errinfo* info);
void irl_demos_destroy(irl_demos* demos);  // NULL is fine

//---------------------------------- Judging -------------------------------------------------------

// Checks that the demonstrations belong to this task (sizes and conditions, and the name and the
// parts of the physics state when the file gives them). Errors: IRL_EDIM, IRL_ERANGE.
IRL_NODISCARD irl_err irl_demos_match(const irl_demos* demos, const irl_task* task,
                                      irl_errinfo* info);

// What learning asks for beyond that: actions must be known, and episodes of a file without
// conditions get the nearest ones (irl_demos_assign_conditions in demos/transfer.h). Errors: those
// of irl_demos_match; IRL_EUNSUPPORTED without actions, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_prepare(irl_demos* demos, const irl_task* task, irl_errinfo* info);

// Figures of the episodes of one condition, or of all.
typedef struct irl_demos_summary {
  int episodes;
  int64_t steps;
  int length_min, length_max;                              // control steps
  double return_mean, return_std, return_min, return_max;  // NaN without rewards or episodes
  int successes;                                           // episodes; 0 without has_success
  int terminations;                                        // episodes ended by the task's rule
  double action_min, action_max;                           // of all raw entries; NaN if none
  double clipped;  // share of action entries that the simulator saw changed; NaN if unknown
} irl_demos_summary;

// condition < 0: all episodes.
void irl_demos_summarise(irl_demos_summary* summary, const irl_demos* demos, int condition);

// One factor of the worlds that the episodes drew, over those that know theirs; NaN if none does.
typedef struct irl_demos_factor {
  int episodes;
  double min, mean, max;
} irl_demos_factor;
void irl_demos_world_factor(irl_demos_factor* factor, const irl_demos* demos, int k);

int irl_demos_nconditions(const irl_demos* demos);  // largest condition + 1

// What deriving numbers of the dataset again gave: observations, rewards or log-densities.
#define IRL_DEMOS_TOLERANCE 1e-9  // of |recorded - derived| / max(1, |recorded|)
typedef struct irl_demos_derived {
  int64_t count;      // numbers that were derived; 0: none could be
  double largest;     // the largest such difference
  int differing;      // episodes with one beyond the tolerance
  int episode, step;  // the first of them; -1 when there is none
  int entry;
  double recorded, derived;
} irl_demos_derived;

// What a re-simulation of the recorded actions gave.
typedef struct irl_demos_verdict {
  bool same_platform;  // recorded with this CPU, C library and MuJoCo: equality may be demanded
  int episodes;        // re-simulated
  int differing;       // of them, with a state that is not equal bit for bit
  int episode, step;   // first difference in episode order; -1 when there is none
  char component[64];  // its state part, e.g. "qvel"
  int entry;           // entry within the part
  double recorded, simulated;
  double largest;  // |recorded - simulated| over all states of all episodes
  irl_demos_derived observations, rewards;  // of the simulated states
} irl_demos_verdict;

// Simulates each episode again from its first state with its raw actions and compares all states.
// Differences are the verdict, not an error. Where physics are drawn, each in the world that it
// keeps; those that keep none are left out. Errors: IRL_EUNSUPPORTED when the dataset keeps no
// states, or none of the worlds that its task draws, those of irl_demos_match and irl_env_rollout.
IRL_NODISCARD irl_err irl_demos_check(irl_demos_verdict* verdict, const irl_demos* demos,
                                      const irl_task* task, int nthread, irl_errinfo* info);

// Log-densities of the raw actions once more, by the policies that drew them: npolicies is 1 or the
// task's number of conditions. Episodes whose first step is not known to be the policy's (cut ones
// have no seed) are left out. Errors: IRL_EDIM for policies of other sizes.
IRL_NODISCARD irl_err irl_demos_check_densities(irl_demos_derived* verdict, const irl_demos* demos,
                                                const irl_policy* policies, int npolicies,
                                                irl_errinfo* info);

// JSON text of what bit-for-bit repetition depends on here: machine, CPU family and vector
// instructions, C library, MuJoCo. Caller's memory; no host name, no path.
void irl_demos_platform(char* out, size_t size);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_DEMOS_H_
