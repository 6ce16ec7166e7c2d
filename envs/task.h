// Tasks: an MJCF model and a task JSON (docs/tasks.md), compiled once and then read-only, so that
// any number of threads may share one.
#ifndef MJIRL_ENVS_TASK_H_
#define MJIRL_ENVS_TASK_H_

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "envs/reward.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_task irl_task;
struct mjModel_;
struct mjData_;

enum { IRL_TASK_TEXT_MAX = 256 << 20 };  // bytes of the text that keeps a model
enum { IRL_TASK_WORLD_MAX = 4096 };      // factors that a trajectory may draw

typedef enum irl_timing {
  IRL_TIMING_FRESH,     // observations of the new state
  IRL_TIMING_GYMNASIUM  // as Gymnasium: body positions one substep old
} irl_timing;

typedef struct irl_task_info {
  const char* name;
  int nq, nv, nu;
  int nx;              // observation entries
  int nz;              // residual entries
  int nstate;          // physics state entries, components below
  int horizon;         // control steps T
  int frame_skip;      // physics steps a control step
  int nconditions;     // fixed initial conditions, >= 1
  double dt;           // control step [s]
  double temperature;  // p(τ) ∝ exp(return/temperature) of the bundled expert
  irl_timing timing;
  bool has_reward;
  bool has_success;
  bool has_termination;
  int nworld;  // factors of the physics that each trajectory draws ("domain" with ranges)
  int nterms;  // reward terms
} irl_task_info;

// How an expert of the task is searched for: the task JSON's "expert" (docs/tasks.md). It is no
// part of what a task is, so datasets and runs do not keep it.
typedef enum irl_expert_method {
  IRL_EXPERT_TRAJECTORY,  // maximum-entropy LQR on fitted dynamics, a controller of each step
  IRL_EXPERT_NATURAL,     // natural policy gradient, one stationary controller
  IRL_EXPERT_RANDOM       // augmented random search, one stationary controller
} irl_expert_method;

extern const char* const irl_expert_methods[];  // their names in the order of the enum, NULL-ended

typedef struct irl_expert_plan {
  irl_expert_method method;
  int iterations;  // steps of the policy (trajectory: of the longest stage)
  int restarts;    // trajectory: starts a condition, the best are continued; stationary methods:
                   // starts that are auditioned, where the search is given none
  int audition;    // stationary methods: steps of a start until the better half goes on
  int rounds;      // trajectory: of exchange between the conditions, at most
  int samples;     // trajectory: trajectories a step of each condition
  double entropy;  // trajectory: weight ν of the entropy, 1: the temperature's own

  int steps;      // stationary methods: of a search's trajectories; 0: the task's horizon
  double grow;    // stationary methods: factor on steps once half of a batch lasts; 1: none
  double spread;  // stationary methods: factor on the start noise of a search's trajectories
  double stddev;  // stationary methods: initial noise [action half-ranges]
  double last;    // stationary methods: share of step and noise, or of kl, left at the end
  int judge;      // stationary methods: episodes a condition that decide which policy is kept, the
                  // same throughout; 0: 10, others each time
  double kl;      // natural: KL(old ‖ new) of a step, a control step's mean [nats]
  double floor;   // natural: share of the initial noise that always stays
  double discount;  // natural: of rewards a control step later
  double trace;     // natural: λ of generalised advantage estimation
  bool products;    // natural: the value sees products of observations, not their squares alone

  int directions, best;  // random: directions a step, and those that count
  double step, noise;    // random: α and ν                       [action units]
  bool offset;           // random: an offset is searched too
  int observed;          // random: gains on the first so many observations; 0: on all
  int average;           // random: steps over which what is judged and kept is averaged; 1: none
  bool alive;            // stationary methods: constant terms count in the search (always after it)

  double stop_return;  // the search ends when mean actions reach this; NAN: never
  double best_return;  // best known mean-action return; NAN: not known

  struct irl_expert_plan* then;  // stationary methods: the search that follows from the best
                                 // policy; owned by the plan that was read, borrowed by its copies
} irl_expert_plan;

irl_expert_plan irl_expert_plan_defaults(irl_expert_method method);
void irl_expert_plan_fini(irl_expert_plan* plan);  // of one that was read

// The object of a task JSON, strictly (errors show when the document is closed), the trajectory
// method's defaults where there is none; and the same object with everything resolved.
void irl_expert_plan_read(irl_expert_plan* plan, irl_jnode object);
void irl_expert_plan_write(const irl_expert_plan* plan, irl_jout* out);

// Loads a bundled task by name, a task JSON, or a bare MJCF file (docs/tasks.md). `set` holds nset
// texts "key=value" that replace values of the JSON in their order: of the top level
// ("horizon=100") or, by "key.key=value", of objects in it ("domain.mass=1.5"); may be NULL.
// Errors: IRL_ENOENT, IRL_EPARSE, IRL_ERANGE, IRL_ESIM with the place and the remedy.
IRL_NODISCARD irl_err irl_task_load(irl_task** task, const char* name_or_path,
                                    const char* const* set, int nset, irl_errinfo* info);

// The same from the two texts that a dataset or a run keeps (irl_task_json, irl_task_mjcf).
IRL_NODISCARD irl_err irl_task_from_text(irl_task** task, const char* json, const char* mjcf,
                                         irl_errinfo* info);

// The same task in a changed world: values of its JSON replaced as in irl_task_load. The
// original stays as it is. Errors: those of irl_task_load.
IRL_NODISCARD irl_err irl_task_vary(irl_task** varied, const irl_task* task, const char* const* set,
                                    int nset, irl_errinfo* info);
void irl_task_destroy(irl_task* task);

const irl_task_info* irl_task_get(const irl_task* task);
const irl_expert_plan* irl_task_expert(const irl_task* task);

// What the reward's constant terms pay in a step after which the checks of `healthy` hold, or not.
double irl_task_constant_reward(const irl_task* task, bool healthy);
const struct mjModel_* irl_task_model(const irl_task* task);
const irl_reward_term* irl_task_terms(const irl_task* task);         // (nterms)
const char* irl_task_observation_name(const irl_task* task, int i);  // e.g. "cos joint0", i < nx
const double* irl_task_action_low(const irl_task* task);             // (nu), -inf where unbounded
const double* irl_task_action_high(const irl_task* task);            // (nu)

// The observations that are an actuator's own joint angle or slide and its velocity, −1 where there
// is none, and the actuator's gear. False where it drives no hinge or slide.
typedef struct irl_joint_view {
  int position, velocity;
  double gear;
} irl_joint_view;
bool irl_task_joint_of(const irl_task* task, int actuator, irl_joint_view* view);

// Self-contained texts: JSON with everything resolved, the MJCF as it was written. Where a model
// has other files (included ones, meshes, textures, height fields), they stand in comments behind
// the MJCF, so that the text alone makes the same model to the last bit.
const char* irl_task_json(const irl_task* task);
const char* irl_task_mjcf(const irl_task* task);

// The factors of the physics that are drawn for each trajectory, in the order in which batches and
// datasets keep them (nworld).
typedef struct irl_task_factor {
  const char* name;  // "mass upper": of one object; "mass upper ...": of several; "mass": of all
  double lo, hi;     // drawn uniformly between
} irl_task_factor;
irl_task_factor irl_task_world_factor(const irl_task* task, int i);

// The physics state that batches and datasets keep: named components in order.
typedef struct irl_state_part {
  const char* name;  // "time", "qpos", "qvel", "act", "qacc_warmstart", ...
  int offset;        // first entry
  int size;          // entries
} irl_state_part;
const irl_state_part* irl_task_state_parts(const irl_task* task, int* count);

// Puts a recorded physics state (nstate) into d; call mj_forward after it to draw. d is of this
// task's model.
void irl_task_set_state(const irl_task* task, struct mjData_* d, const double* state);

// Names of the bundled tasks in alphabetical order, NULL-ended, one heap block that
// irl_task_list_free takes; errors when the data folder is missing.
IRL_NODISCARD irl_err irl_task_list(const char* const** names, irl_errinfo* info);
void irl_task_list_free(const char* const* names);  // NULL is fine

// Path of bundled data, e.g. "tasks/reacher.json", "models", "demos/reacher". With MJIRL_DATA set
// it is looked for in that folder alone; else in share/mjirl above the program, then above the
// library (an installation and a build tree both look like that). Errors: IRL_ENOENT naming the
// place.
IRL_NODISCARD irl_err irl_data_path(char* out, size_t size, const char* relative,
                                    irl_errinfo* info);

// Models of others. MuJoCo's compiler has no limits of its own: a line of MJCF can ask for a year
// of work or a terabyte. A model that is not bundled, from a file or a kept text, is therefore
// first compiled and stepped once by a helper, the program that MJIRL_PROBE names (mjirl names
// itself), started as `helper env probe-model FILE|-`; without one it is loaded at once.
// MJIRL_TRUST_MODELS=1 does without as well. Errors of the loaders: IRL_EPARSE with the helper's
// sentence, or with how it ended.
//
// This is the helper's work: limits this process for good, then loads the model at path (NULL: the
// text on the standard input). A program that serves as a helper answers "ok" or the sentence as
// its one line of output, and ends with 0 or 1.
IRL_NODISCARD irl_err irl_task_probe_model(const char* path, irl_errinfo* info);

// Installs MuJoCo's log handler for the whole process: messages go to nowhere instead of a file in
// the user's folder, errors never exit. Called by irl_runtime_init; safe to call again.
void irl_env_runtime_init(void);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_ENVS_TASK_H_
