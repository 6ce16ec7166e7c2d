// One start of one condition in a search: the policy that is kept, the trajectories it drew, and a
// proposal that has yet to show its worth.
#ifndef MJIRL_IRL_TRIAL_INTERNAL_H_
#define MJIRL_IRL_TRIAL_INTERNAL_H_

#include "irl/sampler_internal.h"

// What trajectories say of a policy: their costs, E[c] with its variance, and the entropy.
typedef struct irl_judgement {
  double* path;           // costs, NAN where a trajectory diverged   (capacity), owned
  double* sorted;         // scratch of the median, NULL: none (capacity), owned
  int n;                  // trajectories drawn
  double median;          // of the costs; diverged ones are the highest
  double limit;           // costs above it are of trajectories that went wrong
  int wrong;              // trajectories beyond it, diverged ones not
  double cost, variance;  // of the mean
  double entropy;
} irl_judgement;

typedef struct irl_trial {
  int slot;             // of the condition among those that are solved
  int number;           // of the start
  int from;             // slot of the condition whose policy it began with, -1: none
  irl_policy proposal;  // draws the next trajectories
  irl_policy kept;      // the last accepted
  irl_batch batch;      // trajectories of `kept`, behind them older ones    (most)
  int* index;           // 0, 1, 2, ...                                   (most)
  int samples;          // at most, of one policy
  int n;                // trajectories of `kept`
  int older;            // of it with other noise, or of a policy close by
  int stream;           // of starts and noise
  irl_judgement now;    // of `kept`
  irl_judgement best;   // the lowest objective of any policy accepted in this stage
  irl_judgement next;   // of the proposal
  double gain, error;   // of the proposal against `kept`, by trajectories
  irl_differences differences;
  irl_dynamics_fitter* fitter;  // own one, for mixtures; NULL: the worker's
  double eta, multiplier;
  double predicted;  // gain of the proposal by the model
  irl_lqr_report report;
  int rejected;  // proposals in a row
  int idle;      // draws in a row that brought nothing worth having, those twice that were not
                 // predicted to either
  bool moved;    // a proposal was made that differs from `kept`
  bool calmed;   // by less noise alone; of a proposal that was made
  bool started;  // `kept` has trajectories
  bool fresh;    // the next trajectories are of other starts and noise: nothing to compare with
} irl_trial;

IRL_NODISCARD irl_err irl_trial_init(irl_trial* trial, const irl_task* task, int samples);
void irl_trial_fini(irl_trial* trial);

// Begins another search in a trial's memory, with a copy of `policy`, its covariances times
// `noise`. Trajectories of what was there are forgotten.
void irl_trial_restart(irl_trial* trial, int from, const irl_policy* policy, double noise);

// Readies a trial for a stage: the policy that is kept is drawn from first.
void irl_trial_resume(irl_trial* trial);

// Median cost less ν H. Where robots touch things one trajectory that goes wrong in twenty costs
// more than all the others.
double irl_judgement_typical(const irl_judgement* j, double entropy_weight);

// What the trajectories that went wrong add to the mean cost; 0 where none did. [nats]
double irl_judgement_excess(const irl_judgement* j);

// KL divergence of a policy with Σ/4 from that with Σ. Where Σ is the best there is for a quadratic
// cost, ν times as much is what E[c] − ν H loses by it: ln 2 of entropy an action, ⅜ of which the
// cost gives back. [nats]
double irl_calm_price(int nu, int steps);

// The typical value and what all trajectories that went wrong but one, which is luck, add to the
// mean: what counts between starts, whose trajectories are of different noise.
double irl_judgement_standing(const irl_judgement* j, double entropy_weight);

// Sorts the trials of one condition by that: the best of each valley in order, then the others.
// Values that differ by half a percent of the objective's parts are of one valley.
void irl_trials_rank(irl_trial** group, int n, double entropy_weight);

// The lowest of these values, INFINITY when none has started.
double irl_trials_least(irl_trial* const* group, int n, double entropy_weight);

// Whether some value is below `before` by more than the width of a valley.
bool irl_trials_gained(irl_trial* const* group, int n, double before, double entropy_weight);

// E[c] − ν H.
double irl_judgement_value(const irl_judgement* j, double entropy_weight);

// Judges by trajectories first .. first + n − 1 of a batch.
void irl_judge_trajectories(irl_judgement* j, const irl_objective* o, const irl_batch* batch,
                            int first, int n, const irl_policy* policy);

void irl_judgement_copy(irl_judgement* to, const irl_judgement* from);

// Whether trajectory i is one to go by: it did not diverge and costs no more than the median and
// nine median deviations (six standard deviations of normal costs). Robots that touch things have
// such trajectories, and no linear model holds for them and for the others.
bool irl_judgement_usable(const irl_judgement* j, int i);

// How much lower the objective of `b` is than that of `a`, and the standard error of that. Where
// both have as many trajectories these are pairs of the same starts and noise, and the error is
// that of the pairs' differences, without those that went wrong where both have as many of them.
double irl_judgement_gain(const irl_judgement* a, const irl_judgement* b, double entropy_weight,
                          double* error);

// The test of a proposal: it is refused when its objective is above the best of the stage by more
// than IRL_TRIAL_SIGNIFICANT standard errors of the difference, or is not finite; above it at all,
// where more trajectories went wrong. Starts and noise are the same, so one more is no bad luck,
// and one more in every step ends where every other trajectory goes wrong.
#define IRL_TRIAL_SIGNIFICANT 1.0
bool irl_trial_accepts(const irl_trial* trial, double entropy_weight);

// Judges the proposal by its trajectories (first .. first + n − 1 of drawn) in trial->next, and
// takes it or returns to the policy that is kept; adapts the KL limit by actual against predicted
// gain. After two refusals in a row, of which a refused quarter of the noise is none, that policy
// is drawn from again, with other starts and noise, and the model of the next proposal has the more
// trajectories to go by; so it is where a draw was lost, half of its trajectories or more.
bool irl_trial_settle(irl_trial* trial, const irl_sampler_options* options, const irl_objective* o,
                      const irl_batch* drawn, int first, int n);

// Makes the next proposal with a worker's memory: a step on the model, or a quarter of the noise
// when none led on and what goes wrong costs more than that. False: there is none; the policy that
// is kept, or the first one where none is, is drawn from with other starts and noise.
bool irl_trial_propose(irl_trial* trial, irl_sampler* worker, const irl_sampler_options* options,
                       const irl_objective* o);

#endif  // MJIRL_IRL_TRIAL_INTERNAL_H_
