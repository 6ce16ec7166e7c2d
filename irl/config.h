// Settings of a training run: one table gives the structure, the defaults, the strict reading from
// JSON and from key=value, and the resolved config.json (docs/training.md has the meaning of each).
#ifndef MJIRL_IRL_CONFIG_H_
#define MJIRL_IRL_CONFIG_H_

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "irl/cost.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum irl_algo {
  IRL_ALGO_GCL,      // MaxEnt IRL, partition function by the mixture of demonstrations and samplers
  IRL_ALGO_GCL_Q,    // the same by the samplers alone
  IRL_ALGO_GAN_GCL,  // discriminator of trajectories that is given the samplers' density
  IRL_ALGO_EBM,      // energy-based model, contrastive gradient with samples of p_θ
  IRL_ALGO_AIRL,     // discriminator of single steps that is given the policy's density
  IRL_ALGO_GAIL,     // discriminator of single steps without a density: a baseline
  IRL_ALGO_BC,       // behaviour cloning, no cost: a baseline
  IRL_ALGO_MAXENT    // MaxEnt IRL in closed form, by the linear-quadratic model alone
} irl_algo;

// "gcl", "gcl-q", "gan-gcl", "ebm", "airl", "gail", "bc", "maxent"; NULL-ended.
extern const char* const irl_algo_names[];

// Settings that are a choice have names in JSON, in --set and in --help; NULL-ended lists.
typedef enum irl_keep { IRL_KEEP_ALL, IRL_KEEP_WINDOW, IRL_KEEP_RESERVOIR } irl_keep;
extern const char* const irl_keep_names[];

typedef enum irl_control_variate { IRL_CONTROL_NONE, IRL_CONTROL_LAPLACE } irl_control_variate;
extern const char* const irl_control_variate_names[];

typedef enum irl_sampler_kind {
  IRL_SAMPLER_TIME_VARYING,  // a controller of each step, by maximum-entropy LQR
  IRL_SAMPLER_STATIONARY     // one for all steps, by the natural gradient
} irl_sampler_kind;
extern const char* const irl_sampler_names[];

// X(type, name, default, least, greatest, "meaning [unit]"); type is int, double or an enum above,
// whose least and greatest are its first and last value.
#define IRL_CONFIG_FIELDS(X)                                                                       \
  X(int, iterations, 20, 1, 100000, "training iterations")                                         \
  X(irl_sampler_kind, sampler, IRL_SAMPLER_TIME_VARYING, IRL_SAMPLER_TIME_VARYING,                 \
    IRL_SAMPLER_STATIONARY, "controllers of the samplers: time_varying or stationary")             \
  X(int, samples, 14, 2, 10000, "sampler trajectories a condition and iteration")                  \
  X(int, cost_steps, 60, 0, 100000, "Adam steps on the cost an iteration")                         \
  X(int, sampler_steps, 1, 1, 100, "sampler updates (each with fresh trajectories) an iteration")  \
  X(int, demos_start, 1, 0, 1, "1: samplers start from the demonstrations' controllers, 0: zero")  \
  X(double, init_stddev, 0.3, 1e-6, 1e6, "start noise of zero controllers, in action half-ranges") \
  X(double, demo_widen, 40.0, 1.0, 1000.0,                                                         \
    "factor on the demonstrations' covariance at the start")                                       \
  X(int, demo_window, 2, 0, 1000000,                                                               \
    "steps on either side that a step's demo gains are fitted to")                                 \
  X(int, explore, 6, 0, 10000, "trajectories a condition of samplers that start from nothing")     \
  X(int, explore_restart, 20, 1, 100000, "iterations after which such a sampler starts again")     \
  X(double, kl_step, 0.5, 1e-6, 1e6, "KL limit of a sampler update, a control step [nats]")        \
  X(double, kl_min, 0.1, 1e-6, 1e6, "least factor that step adaptation may put on kl_step")        \
  X(double, kl_max, 4.0, 1e-6, 1e6, "greatest factor on kl_step")                                  \
  X(double, discount, 0.99, 0.0, 1.0, "of costs to come in a stationary sampler's advantages")     \
  X(double, trace, 0.97, 0.0, 1.0, "of its advantages: 0 trusts their values, 1 the costs")        \
  X(irl_keep, keep, IRL_KEEP_RESERVOIR, IRL_KEEP_ALL, IRL_KEEP_RESERVOIR,                          \
    "rounds of samplers that stay in the mixture: all, window or reservoir")                       \
  X(int, keep_rounds, 40, 2, 100000, "rounds that a window or a reservoir holds")                  \
  X(irl_control_variate, control_variate, IRL_CONTROL_NONE, IRL_CONTROL_NONE, IRL_CONTROL_LAPLACE, \
    "of the weights in gcl and gcl-q: none or laplace")                                            \
  X(int, batch_samples, 20, 1, 1000000, "sampler trajectories a condition in one Adam step")       \
  X(int, width, 32, 1, 1024, "units of a hidden layer")                                            \
  X(int, depth, 2, 0, 8, "hidden layers")                                                          \
  X(int, outputs, 16, 1, 1024, "rows of A in the quadratic cost")                                  \
  X(int, network, 0, 0, 1, "0: quadratic cost, 1: general network")                                \
  X(int, identity, 1, 0, 1, "1: normalised observations among the features")                       \
  X(irl_activation, activation, IRL_TANH, IRL_TANH, IRL_SOFTPLUS,                                  \
    "of the hidden layers: tanh, relu or softplus")                                                \
  X(irl_cost_input, input, IRL_COST_STATE, IRL_COST_STATE, IRL_COST_STATE_ACTION,                  \
    "what the features read: state or state-action")                                               \
  X(irl_action_penalty, action_penalty, IRL_PENALTY_LEARNED, IRL_PENALTY_LEARNED,                  \
    IRL_PENALTY_FIXED, "weight w of the action cost: learned or fixed")                            \
  X(double, rate, 2e-3, 1e-12, 1.0, "Adam's step size")                                            \
  X(double, rate_end, 2e-4, 1e-12, 1.0,                                                            \
    "Adam's step size at the last iteration (geometric decay)")                                    \
  X(double, weight_decay, 0.0, 0.0, 10.0, "decoupled weight decay")                                \
  X(double, lcr, 0.0, 0.0, 1e9, "weight of the penalty on uneven change of the cost along a path") \
  X(double, mono, 0.0, 0.0, 1e9, "weight of the penalty on cost that rises along demonstrations")  \
  X(double, gradient_penalty, 100.0, 0.0, 1e9, "weight of the penalty on the cost's slope")        \
  X(double, gradient_norm, 10.0, 1e-6, 1e12, "gradients are scaled down to this norm")             \
  X(double, action_weight, 1.0, 1e-6, 1e9, "initial weight w of the action cost above its floor")  \
  X(double, action_weight_min, 0.01, 1e-9, 1e9, "floor of w")                                      \
  X(double, heldout, 0.2, 0.0, 0.5, "share of a condition's demonstrations kept from training")    \
  X(double, min_ess, 0.0, 0.0, 1.0, "weights are tempered until ess/N reaches this; 0: never")     \
  X(double, min_stddev, 1e-3, 0.0, 1e6, "floor of the sampler's noise, in action half-ranges")     \
  X(double, max_stddev, 1.0, 1e-6, 1e6, "ceiling of the sampler's noise, in action half-ranges")   \
  X(int, checkpoint_every, 10, 1, 100000, "iterations between checkpoints")

typedef struct irl_config {
#define IRL_CONFIG_MEMBER(type, name, value, lo, hi, meaning) type name;
  IRL_CONFIG_FIELDS(IRL_CONFIG_MEMBER)
#undef IRL_CONFIG_MEMBER
} irl_config;

irl_config irl_config_defaults(void);

// The defaults that suit an algorithm: those without demonstrations in the background start their
// samplers nearer to them, discriminators bear less of the penalties (none: of single steps; no
// gradient penalty beyond IRL_CONFIG_LONG), the closed form needs more of it (none beyond
// IRL_CONFIG_LONG), and behaviour cloning needs one iteration. And what is known of the task, 0
// where nothing is yet.
//   horizon [control steps]: beyond IRL_CONFIG_LONG one behaviour lasts over many steps, and
//     samplers are stationary, but for maxent, which is about a model of each step. Noise has the
//     time to bring a robot down there, so they start nearer to the demonstrations, and the KL
//     limit of a whole trajectory does not grow with the horizon. Time-varying ones share the gains
//     of the demonstrations' controllers over all steps.
//   inputs, nx + nu: beyond IRL_CONFIG_WIDE a step's dynamics have more unknowns than the
//     trajectories of an iteration tell of, so samplers start nearer to the demonstrations, where
//     these tell of them too, and do not speed up. Up to IRL_CONFIG_LONG they take more steps for
//     one of the cost, which but for gcl-q and single steps is held to fall along demonstrations.
enum { IRL_CONFIG_LONG = 200, IRL_CONFIG_WIDE = 20 };
irl_config irl_config_for(irl_algo algo, int horizon, int inputs);

// Reads members from a JSON file over the present values. Errors: as base/json.h.
IRL_NODISCARD irl_err irl_config_load(irl_config* config, const char* path, irl_errinfo* info);
IRL_NODISCARD irl_err irl_config_read(irl_config* config, irl_jnode object);

// Sets one member from "key=value". Errors: IRL_ENOENT (with the closest key), IRL_ERANGE.
IRL_NODISCARD irl_err irl_config_set(irl_config* config, const char* assignment, irl_errinfo* info);

// What no single member shows: a floor above its ceiling (IRL_ERANGE), a control variate without
// the model of each step that it is made of (IRL_EUNSUPPORTED).
IRL_NODISCARD irl_err irl_config_check(const irl_config* config, irl_errinfo* info);

// Writes all members into the object that is open in out.
void irl_config_write(const irl_config* config, irl_jout* out);

// For --help: the i-th member as "name (default): meaning", with the defaults of the algorithms
// that have their own ("name (40; gcl-q 4): meaning"); NULL past the last.
const char* irl_config_describe(int index, char* text, int size);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_CONFIG_H_
