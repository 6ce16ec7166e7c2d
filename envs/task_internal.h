// What a compiled task is made of; private to envs.
//
// Every number that a task measures (an observation, a residual, a checked value) is a channel: one
// entry of an mjData array, minus another, transformed. Channels stand in one flat array:
//   [0, nx) observation, [nx, nx + nz) residuals, then those of the checks.
#ifndef MJIRL_ENVS_TASK_INTERNAL_H_
#define MJIRL_ENVS_TASK_INTERNAL_H_

#include <mujoco/mjbatch.h>
#include <mujoco/mujoco.h>
#include <stdint.h>

#include "base/json.h"
#include "base/random.h"
#include "envs/task.h"

// Where a channel reads from: arrays of mjData, and the task's own constants.
typedef enum irl_source {
  IRL_SOURCE_CONSTANT,  // the first constant is 0
  IRL_SOURCE_QPOS,
  IRL_SOURCE_QVEL,
  IRL_SOURCE_QFRC_CONSTRAINT,
  IRL_SOURCE_QFRC_ACTUATOR,
  IRL_SOURCE_SENSOR,
  IRL_SOURCE_BODY,  // xpos
  IRL_SOURCE_SITE,  // site_xpos
  IRL_SOURCE_GEOM,  // geom_xpos
  IRL_SOURCE_COM,   // subtree_com
  IRL_SOURCE_CFRC_EXT,
  IRL_SOURCE_CINERT,
  IRL_SOURCE_CVEL,
  IRL_SOURCE_QUAT,  // xquat
  IRL_SOURCE_ACT,
  IRL_SOURCE_ACTUATOR_FORCE,
  IRL_SOURCE_ACTUATOR_LENGTH,
  IRL_SOURCE_ACTUATOR_VELOCITY,
  IRL_SOURCE_TENDON_LENGTH,
  IRL_SOURCE_TENDON_VELOCITY,
  IRL_SOURCE_NUMERIC,  // the model's own constants
  IRL_SOURCE_TANGENT,  // rotations between two quaternions, computed each step
  IRL_NSOURCE
} irl_source;

typedef enum irl_transform { IRL_IDENTITY, IRL_COS, IRL_SIN } irl_transform;

typedef struct irl_channel {
  int source, index;  // value = base[source][index] − base[minus][minus_index]
  int minus, minus_index;
  int memory;  // −1, or the slot of its last value: then value is a change per second
  irl_transform transform;
  double lo, hi;  // clip, after the transform; ±inf: none
  int run;        // so many channels from here on are entries in a row, all clipped alike; 0: not
} irl_channel;

// The rotation that takes one quaternion to another, as a vector: axis times angle, in the frame of
// the first [rad].
typedef struct irl_tangent {
  int source, index;       // of the second
  int minus, minus_index;  // of the first
} irl_tangent;

enum { IRL_LABEL = 80 };

typedef struct irl_group {  // consecutive channels
  int first, n;
} irl_group;

// A condition on channels: lo <= v <= hi for each (< where open), ‖v‖ <= norm. NaN never fulfils
// it.
typedef struct irl_check {
  irl_group group;
  double lo, hi, norm;  // ±inf: no such rule
  bool lo_open, hi_open;
} irl_check;

// A random part of the start state, over several of its entries.
typedef struct irl_draw {
  bool normal;   // scale × N(0, 1); else uniform in [lo, hi]
  bool replace;  // the draw is the value itself, not added to the start state
  int n;
  int* at;                        // entries of the start                             (n)
  double *lo, *hi;                // range; for normal: hi is the standard deviation  (n)
  double norm_above, norm_below;  // drawn again until ‖draw‖ is between; 0 and inf: no rule
} irl_draw;

// How a control step is simulated.
typedef enum irl_stepping {
  IRL_STEP_PLAIN,   // mj_step only; derived quantities are one substep old
  IRL_STEP_SPLIT,   // mj_step2, mj_step1: derived quantities of the new state for free
  IRL_STEP_REFRESH  // mj_step, then the position (and velocity) stage again: Runge-Kutta
} irl_stepping;

// A change of the physical world that is drawn for each trajectory: entries of mjModel's arrays are
// multiplied by a factor, uniform in its range.
typedef struct irl_domain_factor {
  double lo, hi;
  char name[IRL_LABEL];  // for people
} irl_domain_factor;

typedef struct irl_domain_target {
  int factor;  // number of the factor
  int field;   // array of mjModel (domain.c)
  int at;      // entry of the array
} irl_domain_target;

typedef struct irl_domain {
  irl_domain_factor* factor;  // (nfactors), fixed ones too, which are in the model already
  irl_domain_target* target;  // (ntargets) of random factors
  int nfactors, factor_capacity, ntargets, target_capacity;
  int nworld;  // factors that are drawn; targets go by their numbers among these
} irl_domain;

enum { IRL_DOMAIN_FIELDS = 12 };

// A batch's own values of the arrays that a domain changes.
typedef struct irl_domain_rows {
  double* row[IRL_DOMAIN_FIELDS];  // (simulations, size) each; NULL: unchanged
  int size[IRL_DOMAIN_FIELDS];
  bool constants;  // mj_setConst derives numbers from one of them
} irl_domain_rows;

enum {
  IRL_NEED_KINEMATICS = 1,  // body, site, geom positions
  IRL_NEED_STAGES = 2,      // all of the position and velocity stage
  IRL_NEED_FORCES = 4,      // mj_rnePostConstraint
  IRL_NEED_START = 8        // joint forces: nothing but a forward pass at the start
};

struct irl_task {
  irl_task_info info;
  irl_expert_plan plan;
  char name[64];
  mjModel* model;
  char* json;
  char* mjcf;

  irl_channel* channel;      // (nchannel)
  char (*label)[IRL_LABEL];  // (nchannel)
  int nchannel, channel_capacity;
  double* constant;  // (nconstant), constant[0] = 0
  int nconstant;
  irl_tangent* tangent;  // (ntangent)
  int ntangent;
  int nmemory;  // slots of channels that are velocities
  int need;     // IRL_NEED_ flags of all channels
  irl_stepping stepping;

  irl_reward_term* term;  // (nterms)
  bool* while_healthy;    // (nterms)
  irl_check* healthy;     // (nhealthy)
  int nhealthy;
  irl_check* success;  // (nsuccess)
  int nsuccess;
  int hold;  // control steps in a row that success must hold

  irl_draw* draw;  // (ndraw)
  int ndraw;
  int* key;        // keyframe of each condition, −1: none               (nconditions)
  double* start;   // qpos, qvel, act, mocap poses of each condition     (nconditions, nstart)
  uint8_t* fixed;  // entries that the condition itself sets             (nconditions, nstart)
  int nstart;      // nq + nv + na + 7 nmocap

  irl_domain domain;  // changes of the physical world that are drawn for each trajectory

  double *low, *high;  // action bounds (nu)
  irl_state_part part[12];
  int nparts;
  int state_spec;  // mjtState bits of the recorded state
};

//---------------------------------- model.c -------------------------------------------------------

// Compiles an MJCF. *text is what a dataset keeps: irl_model_from_text makes the same model of it.
irl_err irl_model_load(mjModel** model, char** text, const char* path, irl_errinfo* info);
irl_err irl_model_from_text(mjModel** model, const char* text, const char* name, irl_errinfo* info);

// The same without asking a helper first.
irl_err irl_model_load_trusted(mjModel** model, char** text, const char* path, irl_errinfo* info);
irl_err irl_model_from_text_trusted(mjModel** model, const char* text, const char* name,
                                    irl_errinfo* info);

// The id of a named object; refuses `where` with the closest name when there is none.
int irl_model_find(irl_jnode where, const mjModel* model, int objtype, const char* name);

int irl_model_count(const mjModel* m, int objtype);
const char* irl_model_word(int objtype);  // "joint", "body", ...

// Control steps in the horizon that MJPC's numeric agent_horizon [s] gives; 0 without one.
int irl_model_horizon(const mjModel* model, int frame_skip);

// A sensor of type user by name, −1 if there is none.
int irl_model_user_sensor(const mjModel* model, const char* name);

//---------------------------------- lean.c --------------------------------------------------------

// The model with those stages of a step switched off that cannot find anything in it, for
// simulations: states are the same to the last bit, steps cheaper. Borrows the arrays of m.
mjModel irl_model_lean(const mjModel* m);

// Whether anything that a step computes looks from a camera.
bool irl_model_needs_cameras(const mjModel* m);

//---------------------------------- plugins.c -----------------------------------------------------

// Loads MuJoCo's plugins, once in the process, if a text may speak of them.
void irl_plugins_need(const char* mjcf);

//---------------------------------- guard.c -------------------------------------------------------

// Has a helper load the model first, if there is one and the model is not bundled: a file, or a
// kept text that is called `name`.
irl_err irl_guard_file(const char* path, irl_errinfo* info);
irl_err irl_guard_text(const char* text, const char* name, irl_errinfo* info);

//---------------------------------- entry.c -------------------------------------------------------

// Reads a list of entries (or one) into channels at the end of the array. velocity: those are
// allowed. Errors go to the document.
irl_group irl_entries_parse(irl_task* task, irl_jnode node, bool velocity);
irl_group irl_entry_parse(irl_task* task, irl_jnode node, bool velocity);

// Reads names of objects: one, a list, or "*" for all (of bodies: all but the world). Returns their
// number; *ids is heap memory.
int irl_objects_parse(int** ids, irl_jnode node, const mjModel* model, int objtype);
int irl_joint_nq(const mjModel* model, int joint);
int irl_joint_nv(const mjModel* model, int joint);

//---------------------------------- rotation.c ----------------------------------------------------

// Makes rotations of the differences of quaternions in a group at the end of the array; all else
// stays the difference that it is. Without "minus" they are taken from the model's own pose.
void irl_rotation_parse(irl_task* task, irl_jnode node, irl_group* group, bool has_minus);

//---------------------------------- domain.c ------------------------------------------------------

// Reads "domain" and puts its fixed changes into the task's model.
void irl_domain_parse(irl_task* task, irl_jnode root);
void irl_domain_free(irl_task* task);

// Gives a batch of the task's model its own values of what the domain changes; false when it
// cannot.
bool irl_domain_attach(irl_domain_rows* rows, const irl_task* task, mjBatch* batch);

// Draws the factors of a world (nworld). Puts a world in place for a simulation; NULL: the task's
// model as it is. Then, once for all of a call, settle: constants that MuJoCo derives; false when
// it refuses.
void irl_domain_draw(const irl_task* task, irl_rng* rng, double* world);
void irl_domain_put(const irl_task* task, const irl_domain_rows* rows, int sim,
                    const double* world);
bool irl_domain_settle(const irl_domain_rows* rows, mjBatch* batch, const int* ids, int n);

//---------------------------------- start.c -------------------------------------------------------

void irl_start_parse(irl_task* task, irl_jnode root);
void irl_start_free(irl_task* task);

// Resets d, to the keyframe of the condition if it has one; m: the task's model, perhaps varied.
void irl_start_reset(const irl_task* task, const mjModel* m, int condition, mjData* d);

// The noise of a start.
typedef struct irl_start_noise {
  irl_rng rng;
  double spread;  // factor on what draws differ from the middle of their range by, 1: as the task
                  // says
} irl_start_noise;

// Resets d and puts the start state of a condition into it; noise NULL: without. False when a
// rejection rule, which no spread changes, was not met in many tries.
bool irl_start_draw(const irl_task* task, const mjModel* m, int condition, irl_start_noise* noise,
                    mjData* d);

//---------------------------------- terms.c -------------------------------------------------------

void irl_reward_parse(irl_task* task, irl_jnode root);
void irl_checks_parse(irl_task* task, irl_jnode root);

//---------------------------------- plan.c --------------------------------------------------------

void irl_plan_parse(irl_task* task, irl_jnode root);

//---------------------------------- text.c --------------------------------------------------------

// The document again with "key=value" put over a top-level member, or "key.key=value" over a member
// of an object in it. Heap memory.
irl_err irl_text_override(char** text, irl_jnode root, const char* setting, irl_errinfo* info);

// The JSON that a dataset keeps: all top-level values resolved.
irl_err irl_text_resolved(char** text, const irl_task* task, irl_jnode root);

// The default task of a bare MJCF.
irl_err irl_text_default(char** text, const mjModel* model, const char* path);

//---------------------------------- data_path.c ---------------------------------------------------

char* irl_strdup(const char* text);

#endif  // MJIRL_ENVS_TASK_INTERNAL_H_
