// The state of a search for trajectories, which its parts share.
#ifndef MJIRL_IRL_OPTIMIZER_INTERNAL_H_
#define MJIRL_IRL_OPTIMIZER_INTERNAL_H_

#include "base/pool.h"
#include "envs/env.h"
#include "envs/linearize.h"
#include "irl/optimize_internal.h"
#include "irl/trial_internal.h"

enum { IRL_MOST_STAGES = 4, IRL_JUDGE_EPISODES = 100 };

// A stretch of iterations with one number of starts, after which the worst are given up.
typedef struct irl_stage {
  int width;              // starts a condition that go on from the stage before
  int guests;             // starts that begin where another condition is
  int iterations;         // proposals of each
  int samples;            // trajectories of a proposal
  double entropy_weight;  // ν, 1: the task's own temperature
  int repeats;            // how often, as long as each time brings something
  irl_dynamics_kind dynamics;
  bool polishes;  // results have the noise from before it
} irl_stage;

typedef struct irl_optimizer {
  const irl_optimize_options* options;
  const irl_task_info* info;
  const irl_host* host;
  irl_env* env;
  irl_pool* pool;
  irl_linearizer* linearizer;  // NULL where no stage needs one
  irl_stage stages[IRL_MOST_STAGES];
  int nstages;
  irl_sampler* worker;  // one a thread
  irl_trial* trial;     // by condition                        (nc × each)
  irl_trial** alive;    // those of this stage, by condition   (nc × (width + guests))
  irl_trial** active;   // those that still gain something     (nactive)
  int ntrials, nalive, nactive;
  int each;  // trials of a condition, guests among them
  irl_sampler_options step;
  irl_batch drawn;         // of all active ones, `samples` each
  irl_batch judge;         // mean-action trajectories (nc × IRL_JUDGE_EPISODES)
  const irl_policy** own;  // of each drawn trajectory
  int* number;             // its random stream
  double* best;            // lowest mean-action cost so far (nc)
  double* before;          // lowest objective before the stage (nc)
  double* scale;           // of the results' covariances at the end (nc)
  irl_policy* result;      // (nc)
  irl_policy* visitor;     // of one condition (irl_visitors)
  double* shift;           // scratch of bending (2 nx)
  irl_policy* rough;       // the kept policies before the polish (nrough), NULL: there is none
  int nrough;
  int64_t* env_steps;
  int64_t steps_before;  // that the caller counted before the search
  int at;                // stage
  int next, repeat;      // stage that is due, and how often it has been run
  int turn;              // stages so far, repeats counted
  int iteration;         // over all stages
  bool gained;           // some condition is better off by the last stage
  irl_seconds past;      // parts before a resumption
  irl_seconds begun;
} irl_optimizer;

// Draws the trajectories of a batch by s->own with streams s->number.
IRL_NODISCARD irl_err irl_optimizer_roll(irl_optimizer* s, irl_action_mode mode, int stream,
                                         irl_batch* batch);

// Puts the best policy of each condition in s->result, with the noise of the whole entropy.
// IRL_ENUM where none of a condition has a finite cost.
IRL_NODISCARD irl_err irl_optimizer_finish(irl_optimizer* s, irl_errinfo* info);

// The policies with their noise, most of which a polish takes away: s->rough.
IRL_NODISCARD irl_err irl_optimizer_remember_rough(irl_optimizer* s);

// The file of a search between two stages (options->state, NULL: none), written atomically: equal
// searches give equal bytes but for `seconds` and the checksum. Loading fills a search that has
// been set up. Errors: IRL_EDIM for a file of another search or a damaged one.
IRL_NODISCARD irl_err irl_optimizer_save(irl_optimizer* s, irl_errinfo* info);
IRL_NODISCARD irl_err irl_optimizer_load(irl_optimizer* s, irl_errinfo* info);
// Refuses to save what the file does not hold.
IRL_NODISCARD irl_err irl_optimizer_check_state(const irl_optimizer* s, irl_errinfo* info);

// Guests of a condition in each stage that has them: the policies of up to 3 other conditions, and
// its own once more.
int irl_guests(const irl_optimizer* s);

// Policies that are tried in a condition before its guests are chosen.
int irl_visitors(const irl_optimizer* s);

// Bends the trajectory that a policy follows so that it begins `shift` (nx) away from where it did
// and is back on its old way after half of the steps: u = K (x − max(1 − 2 t/T, 0) shift) + k.
void irl_policy_bend(irl_policy* policy, const double* shift);

// Gives policies of other conditions, as they are or bent to begin here, whichever does better from
// the starts of this one, places behind those that have gone on to this stage, and the best of the
// condition itself another; all with more noise than they came with.
IRL_NODISCARD irl_err irl_exchange(irl_optimizer* s);

#endif  // MJIRL_IRL_OPTIMIZER_INTERNAL_H_
