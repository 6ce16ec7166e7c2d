// Search of one stationary Gaussian policy for all conditions of a task, by natural policy gradient
// or by augmented random search, on any cost of single steps. For long horizons, where a controller
// of each step is too much to learn and gives way to one for all.
#ifndef MJIRL_IRL_STATIONARY_INTERNAL_H_
#define MJIRL_IRL_STATIONARY_INTERNAL_H_

#include <stdint.h>

#include "base/batch.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/tensors.h"
#include "envs/env.h"
#include "irl/cost.h"
#include "policy/advantage.h"
#include "policy/natural.h"
#include "policy/policy.h"
#include "policy/random_search.h"

//---------------------------------- Costs ---------------------------------------------------------

// A cost of single steps: costs fills c (N, T), zero past each length.
typedef struct irl_step_costs {
  void (*costs)(const void* arg, const irl_batch* batch, double* c);
  const void* arg;
} irl_step_costs;

// The task's own reward with the sign turned; `alive` false leaves out its constant terms. Argument
// of irl_reward_step_costs.
typedef struct irl_reward_steps {
  const irl_task* task;
  bool alive;
} irl_reward_steps;
irl_step_costs irl_reward_step_costs(const irl_reward_steps* arg);

// A learned cost, by forward passes over blocks of rows.
typedef struct irl_learned_steps {
  const irl_cost* cost;
  irl_cost_rows* rows;  // of any capacity
  int capacity;
  irl_pool* pool;
  float* c;  // (capacity)
} irl_learned_steps;
irl_step_costs irl_learned_step_costs(const irl_learned_steps* arg);

//---------------------------------- Search --------------------------------------------------------

typedef struct irl_stationary_options {
  const irl_task* task;
  irl_expert_plan plan;     // method and its settings, and what follows
  irl_step_costs search;    // what is lowered
  double temperature;       // weight of the entropy beside the cost (natural gradient)
  irl_step_costs judge;     // what decides which of the policies on the way is kept
  const irl_policy* start;  // where the search begins, or NULL: zero gains
  const int* condition;     // task's numbers of the conditions that count (nc), or NULL: all
  int nc;
  bool run_on;   // trajectories go on to the horizon after the task's end: a cost that was learned
                 // with fixed horizons is due for every step, also of a robot that lies there
  bool endless;  // the plan's stop_return does not count: it is none of this cost's
  int64_t most_env_steps;  // beyond which no further step is made; 0: any
  uint64_t seed;
  int threads;
  const char* state;     // file that the search is saved in every few seconds, or NULL
  bool resume;           // go on from that file
  irl_seconds* earlier;  // gets what the parts before a resumption took, or NULL

  // irl_stationary's own, zero before: of what follows, `plan` is then that part alone.
  int phase;                     // searches before this one
  const irl_expert_plan* whole;  // the first search's plan, NULL: this one's
} irl_stationary_options;

// Several starts, each with random streams of its own, are auditioned where the plan asks for that
// and no policy is given to start from: all take `audition` steps, the better half as many again,
// until one is left, which goes on to the plan's end.
//
// policy is of one step and the task's sizes, and gets the best policy found: the one whose mean
// actions had the lowest judged cost on the way, in the last of the plan's searches. *env_steps
// grows. Errors: IRL_ENUM when every trajectory diverged, IRL_EDIM for a state of another search,
// IRL_ECANCELED (saved), IRL_ENOMEM.
IRL_NODISCARD irl_err irl_stationary(const irl_stationary_options* options, const irl_host* host,
                                     irl_policy* policy, int64_t* env_steps, irl_errinfo* info);

// Number of the task's condition that trajectory i of a call belongs to.
int irl_stationary_condition(const irl_stationary_options* options, int i);
int irl_stationary_conditions(const irl_stationary_options* options);  // how many count

// Gives a policy the Σ that demonstrations are drawn with: Σ is scaled down by factors of 4 until
// the return of sampled actions, less that of doing nothing, is at least 0.97 of what mean actions
// get beyond it, on starts of its own. A search that found nothing gets the smallest Σ. Errors:
// also IRL_ECANCELED.
IRL_NODISCARD irl_err irl_stationary_noise(const irl_stationary_options* options,
                                           const irl_host* host, irl_policy* policy,
                                           int64_t* env_steps, irl_errinfo* info);

// Gives it the Σ of maximum entropy: of Σ, Σ/4, Σ/16, … the one with the least E[c] − temperature ·
// H by the judge's cost of sampled trajectories, all from the same starts with the same noise.
IRL_NODISCARD irl_err irl_stationary_soften(const irl_stationary_options* options,
                                            const irl_host* host, irl_policy* policy,
                                            int64_t* env_steps, irl_errinfo* info);

//---------------------------------- Inside --------------------------------------------------------

typedef struct irl_campaign {
  const irl_stationary_options* options;
  const irl_task_info* info;
  const irl_host* host;
  irl_env* env;
  irl_batch batch;   // of one call of rollouts
  irl_batch judged;  // mean-action trajectories
  double* cost;      // of either's steps

  // random search
  irl_random_search random;
  irl_policy* tried;  // policies of the directions        (2 × directions)
  double* returns;    // (directions, 2)

  // natural gradient
  irl_natural natural;
  irl_critic value;
  irl_whiten whiten;
  double* stddev;       // of the observations so far        (nx)
  double* advantage;    // (samples, T)
  int* index;           // valid trajectories                (samples)
  double least_stddev;  // floor of the noise                [action units]

  const irl_policy** each;  // by trajectory of a call
  irl_policy policy;        // present policy
  irl_policy best;
  double best_score;  // judged cost of best, +inf before the first
  double score;       // of the newest policy judged
  double report;      // mean return of the search's own last trajectories
  int iteration;      // steps done, of this start
  int lasting;        // trajectories of this step that did not end early
  int64_t env_steps;  // of all starts and of the searches before, earlier parts included
  uint64_t seed;      // of this start's own streams
  double simulating;  // time that the search's own rollouts took [s], for measurements

  // Starts: all above is of the one whose turn it is.
  int left;         // that are still in the audition; 1: it is over
  int turn;         // whose, a place in order
  int round;        // halvings
  int64_t* order;   // starts by rank, the best first in a round's beginning  (starts), NULL for one
  double* waiting;  // state of each, the numbers first                       (starts, size)
  irl_seconds past;  // earlier parts
  irl_seconds begun;
  double saved;  // when, on irl_now's clock
} irl_campaign;

// The arrays of a start that its next steps depend on, all doubles: names, shapes and places in the
// campaign. Returns their number.
enum { IRL_CAMPAIGN_TENSORS = 16 };
int irl_campaign_tensors(const irl_campaign* c, irl_tensor t[IRL_CAMPAIGN_TENSORS]);
IRL_NODISCARD irl_err irl_campaign_refresh(irl_campaign* c);  // what is derived from them

// The starts of a search, once it is open; how far the one whose turn it is goes now; the next
// one's turn, after a round with the better half; and the end of it all with the best so far.
IRL_NODISCARD irl_err irl_campaign_audition(irl_campaign* c);
void irl_campaign_audition_fini(irl_campaign* c);
int irl_campaign_starts(const irl_campaign* c);
long irl_campaign_size(const irl_campaign* c);  // doubles that wait for a start
enum { IRL_WAITING_ITERATION, IRL_WAITING_STEPS, IRL_WAITING_BEST };  // the first of them
int irl_campaign_until(const irl_campaign* c);
IRL_NODISCARD irl_err irl_campaign_next(irl_campaign* c);
IRL_NODISCARD irl_err irl_campaign_settle(irl_campaign* c);
uint64_t irl_campaign_seed(const irl_stationary_options* options, int start);

// What a search is made of, for measurements: a campaign ready for its first step, one step of its
// method with its rollouts, and its end (also of one that did not open).
IRL_NODISCARD irl_err irl_campaign_open(irl_campaign* c, const irl_stationary_options* options,
                                        irl_errinfo* info);
IRL_NODISCARD irl_err irl_campaign_step(irl_campaign* c, irl_errinfo* info);
void irl_campaign_close(irl_campaign* c);

int irl_campaign_most_steps(const irl_campaign* c);  // that there is room for in a trajectory

// Counts the batch's trajectories that did not end early into c->lasting.
void irl_campaign_count(irl_campaign* c);

// What is left of the plan's sizes of a step: 1 at first, plan.last at the end, evenly in its
// logarithm.
double irl_campaign_share(const irl_campaign* c);

// One step of random search.
IRL_NODISCARD irl_err irl_campaign_random_init(irl_campaign* c);
// Before the first step: weights of the policy to start from, if there is one. What they stand for
// depends on the whitening, which would be another one after the first step if that policy had not
// been seen at work before.
IRL_NODISCARD irl_err irl_campaign_random_begin(irl_campaign* c, irl_errinfo* info);
void irl_campaign_random_fini(irl_campaign* c);
IRL_NODISCARD irl_err irl_campaign_random_step(irl_campaign* c, irl_errinfo* info);

// One step of natural gradient.
IRL_NODISCARD irl_err irl_campaign_natural_init(irl_campaign* c);
void irl_campaign_natural_fini(irl_campaign* c);
IRL_NODISCARD irl_err irl_campaign_natural_step(irl_campaign* c, irl_errinfo* info);

// The file of a search, written atomically: equal searches give equal bytes but for `seconds`.
IRL_NODISCARD irl_err irl_campaign_save(const irl_campaign* c, const char* path, irl_errinfo* info);
IRL_NODISCARD irl_err irl_campaign_load(irl_campaign* c, const char* path, irl_errinfo* info);
// Which of the plan's searches it was in, and the policy that this began with (phase > 0).
IRL_NODISCARD irl_err irl_campaign_peek(const char* path, int* phase, irl_policy* start,
                                        irl_errinfo* info);

#endif  // MJIRL_IRL_STATIONARY_INTERNAL_H_
