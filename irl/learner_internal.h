// Guided cost learning in memory: algorithm 1 of Finn, Levine and Abbeel 2016 without files.
// train.c drives it and keeps the run folder.
#ifndef MJIRL_IRL_LEARNER_INTERNAL_H_
#define MJIRL_IRL_LEARNER_INTERNAL_H_

#include "base/log.h"
#include "demos/demos.h"
#include "envs/env.h"
#include "irl/config.h"
#include "irl/cost.h"
#include "irl/loss_internal.h"
#include "irl/metrics_internal.h"
#include "irl/sampler_internal.h"
#include "irl/store_internal.h"

// Samplers of all conditions that draw together. The main crew is what training is for; the
// explorers start from nothing on the present cost again and again, so that the cost is also put
// right where a new policy would find a way round it and the main crew no longer goes.
typedef struct irl_crew {
  irl_sampler* sampler;   //                                              (nc)
  irl_batch batch;        // newest trajectories, condition by condition  (nc × samples)
  uint64_t* round;        // that drew those of a condition               (nc)
  irl_policy* stood;      // what the samplers took their last step from  (nc)
  irl_batch stood_on;     // and the trajectories that it was taken on    (nc × samples)
  uint64_t* stood_round;  // that drew them, IRL_NO_ROUND before a step   (nc)
  int samples;            // a condition and round; 0: the crew rests
  bool near_demos;        // the demonstrations tell of its dynamics too
  int most;               // trajectories behind a condition's model
  irl_batch model;        // what it is made of                           (nc × most)
  int* index;             // scratch                                      (nc × most)
  int* added;             // trajectories of the last draw                (nc)
  double* path;           // scratch                                      (2 × samples)
  double* cost;           // of the newest trajectories' steps, where samplers are stationary
                          //                                              (nc × samples, T)
} irl_crew;

#define IRL_NO_ROUND UINT64_MAX

enum { IRL_CREW_EXPLORE, IRL_CREW_MAIN, IRL_NCREWS };  // in the order of drawing

typedef struct irl_learner {
  const irl_task* task;
  const irl_task_info* info;
  irl_algo algo;
  irl_config config;
  uint64_t seed;
  int nc;  // conditions that have demonstrations

  irl_env* env;
  irl_pool* pool;
  irl_cost* cost;
  float *gradient, *adam_m, *adam_v;  // (nparam)
  int adam_step;
  int iteration;  // finished iterations
  int64_t env_steps;

  int* condition;  // task's number of each condition in use    (nc)
  irl_crew crew[IRL_NCREWS];
  irl_policy* initial;  // samplers before the first update          (nc)
  irl_store* store;     //                                           (nc)
  irl_sampler_options sampler_options;
  double first_stddev;  // greatest of the samplers' noise before the first update: a ceiling of
                        // stationary ones                            [action units]
  const irl_policy** policy;  // by the task's condition, for rollouts   (nconditions)
  double* log_z;              // newest estimate                           (nc)
  double* log_z_before;       // of the newest samples before the cost was learned   (nc)
  double* calm;               // scratch of irl_crew_calm                           (3 × nc)
  irl_policy* model;          // p_θ of the linear-quadratic model            (nc)
  double* model_work;         // scratch of maxent                         (nc, irl_maxent_work)
  double* log_z_model;        // and its log Z, in closed form             (nc)
  double* constant;           // learned constants of a step-wise discriminator     (nc)

  irl_cost_rows* rows;                            // minibatch of all conditions
  double *row_logpi, *step_cost, *step_gradient;  // of step-wise algorithms (rows), (a condition's)
  int nprobe;                                     // pairs of probes behind the trajectories' rows
  double* probe;                                  // scratch of one pair     (2 nx)
  float *row_cost, *row_weight;                   //                                      (rows)
  int* pick;          // store index of each minibatch trajectory  (nc, per_condition)
  int* npick;         // trajectories picked                       (nc)
  int per_condition;  // most trajectories of a condition in a minibatch
  bool controlled;    // the model of the last iteration is the weights' control variate
  double* path_logv;  // its log-density over the background's        (nc, per_condition)
  double *path_cost, *path_logmu, *path_gradient, *path_work;  //        (nc, per_condition)

  irl_batch heldout;  // demonstrations kept from training; n 0: none
  int nheldout;
  double expert_return, random_return;  // NAN without rewards
  uint32_t demos_crc32c;                // of what training reads of the demonstrations
} irl_learner;

IRL_NODISCARD irl_err irl_learner_create(irl_learner** learner, const irl_task* task,
                                         const irl_demos* demos, irl_algo algo,
                                         const irl_config* config, uint64_t seed, int threads,
                                         irl_errinfo* info);
void irl_learner_destroy(irl_learner* learner);

// One iteration: sample, learn the cost, move the samplers. Errors: IRL_ENUM when nothing finite is
// left.
IRL_NODISCARD irl_err irl_learner_iterate(irl_learner* learner, irl_metrics* metrics,
                                          irl_errinfo* info);

static inline bool irl_learner_stationary(const irl_learner* learner) {
  return learner->config.sampler == IRL_SAMPLER_STATIONARY;
}

// Control steps that a policy of the learner has controllers for.
static inline int irl_learner_policy_steps(const irl_learner* learner) {
  return irl_learner_stationary(learner) ? 1 : learner->info->horizon;
}

static inline irl_sampler* irl_learner_sampler(const irl_learner* learner, int k) {
  return &learner->crew[IRL_CREW_MAIN].sampler[k];
}

// Puts a stationary policy's noise within the samplers' bounds, for its steps stay there: what
// began beyond them could take none.
IRL_NODISCARD irl_err irl_learner_bound_noise(const irl_learner* learner, irl_policy* policy);

// A crew's memory for l->nc conditions, and its end. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_crew_init(irl_crew* crew, const irl_learner* learner, int samples,
                                    bool near_demos);
void irl_crew_fini(irl_crew* crew, int nc);

// Fresh trajectories of one crew into its batch, and into the stores too.
IRL_NODISCARD irl_err irl_crew_roll(irl_learner* learner, int which, uint64_t round,
                                    irl_errinfo* info);
IRL_NODISCARD irl_err irl_crew_draw(irl_learner* learner, int which, uint64_t round,
                                    irl_errinfo* info);

// Copies what condition k's model is made of into the crew's `model` and their places into its
// share of index: the valid trajectories of its batch, whose number is returned, and behind them,
// where the crew is near them, the demonstrations; nfit counts both.
int irl_crew_gather(irl_learner* learner, int which, int k, int* nfit);

// One step of every sampler of every crew on the present cost.
void irl_crew_step(irl_learner* learner);

// Step control under the cost that the last step was taken on: compares E_q[c] − H(q) of the newest
// trajectories with that of those the step was taken on, adapts the KL limit, and takes back a step
// that made it worse by more than `patience` standard errors.
void irl_crew_settle(irl_learner* learner, int which, double patience);

// Takes back noise of the samplers of each step that costs more than its entropy is worth: where
// the newest trajectories show that some went wrong, dearly enough to pay for it, Σ is divided by
// 4, up to three times, as often as that makes E[c] − H less over trajectories from the same starts
// and noise, of rounds from `round` on that enter nothing else.
IRL_NODISCARD irl_err irl_crew_calm(irl_learner* learner, uint64_t round, irl_errinfo* info);

// The trajectories that the samplers took their last step on, drawn again from `stood` after a
// checkpoint was read, into both batches.
IRL_NODISCARD irl_err irl_crew_draw_stood(irl_learner* learner, int which, irl_errinfo* info);

// The explorers' new starts where they are due, before drawing.
IRL_NODISCARD irl_err irl_explorers_prepare(irl_learner* learner);

// Fresh trajectories of every sampler into the batches and the stores; `round` numbers all
// sampling of the run, from 0.
IRL_NODISCARD irl_err irl_learner_draw(irl_learner* learner, uint64_t round, irl_errinfo* info);

// Rounds whose samplers and trajectories the stores hold, and the number of the i-th, in the order
// of drawing.
int irl_learner_kept_rounds(const irl_learner* learner);
uint64_t irl_learner_kept_round(const irl_learner* learner, int i);

// Place, among `kept` rounds in the order of drawing, of the one that goes before `round` is drawn.
int irl_keep_leaver(irl_keep keep, uint64_t seed, int kept, uint64_t round);

// Forgets a round where config.keep bounds their number; called before `round` is drawn.
void irl_learner_make_room(irl_learner* learner, uint64_t round);

// log Z of each condition's linear-quadratic model, which stationary samplers do not have, after a
// step of the samplers, and the newest batch's log Z with that model as control variate.
void irl_learner_measure_model(irl_learner* learner, irl_metrics* metrics);

// The same model from the newest trajectories and the present cost, as it stood when they were
// stepped on: for a learner that goes on from a checkpoint.
void irl_learner_restore_model(irl_learner* learner);
void irl_learner_fit_models(irl_learner* learner);  // the same whether it is asked for or not

// Adam steps on the closed-form loss of the linear-quadratic models (irl/maxent.c), and the points
// that stand for a step of a condition in it.
void irl_learner_learn_closed(irl_learner* learner, const irl_adam* adam);
int irl_maxent_points(const irl_learner* learner);
int irl_maxent_work(const irl_learner* learner);  // doubles of scratch a condition

// Its loss at the present parameters, penalties aside, with the gradient of both in
// learner->gradient; NAN without models. The models' dynamics and marginals must stand
// (irl_learner_fit_models, or the call before), and a choice of trajectories (irl_learner_pick),
// which the penalties are on.
double irl_maxent_gradient(irl_learner* learner);

// Picks trajectories for the network: all demonstrations of each condition and samples, either the
// newest ones or a random choice among all (stream `draw`), and fills the rows and path_logmu.
typedef enum irl_pick_mode { IRL_PICK_NEWEST, IRL_PICK_RANDOM } irl_pick_mode;
enum { IRL_STEPS_PER_PICK = 10 };  // Adam steps on a random choice
void irl_learner_pick(irl_learner* learner, irl_pick_mode mode, uint64_t draw);

// The algorithm's loss on condition k's picked trajectories; path_gradient gets its derivatives.
irl_loss_output irl_learner_path_loss(irl_learner* learner, int k, irl_rng* rng);

// Costs of the picked trajectories: path_cost.
void irl_learner_path_costs(irl_learner* learner);

// Adds the derivatives of the penalties on the cost to the weights of the picked rows, whose costs
// stand in row_cost: along the paths of each condition, means over their steps and over the
// conditions, and over all probes. Returns their value.
double irl_learner_regularise(irl_learner* learner);

// Adam's step size of the iteration: geometric decay from config.rate to config.rate_end over the
// run. The KL limits of stationary samplers fall with it.
double irl_learner_rate(const irl_learner* learner);

// The cost's share of an iteration: config.cost_steps Adam steps.
void irl_learner_learn_cost(irl_learner* learner);

// Mean true return of sampled (or mean) actions of the newest samplers over fresh trajectories.
IRL_NODISCARD irl_err irl_learner_judge(irl_learner* learner, int episodes, double* return_mean,
                                        double* normalized_return);

// Mean return of a batch's valid trajectories, NAN when none is: one that diverged has none.
double irl_learner_batch_return(const irl_batch* batch);

// CRC-32C of all that training reads of a dataset: sizes, observations, actions, rewards, lengths,
// conditions. A run goes on with the demonstrations it was started with.
uint32_t irl_learner_demos_crc(const irl_demos* demos);

// (J − random)/(expert − random).
double irl_normalized_return(double value, double random, double expert);

#endif  // MJIRL_IRL_LEARNER_INTERNAL_H_
