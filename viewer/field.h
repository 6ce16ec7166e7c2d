// A cost field: what the learned cost would be if a point of the robot (or of an object) stood
// elsewhere, over a plane of places.
//
// A cost takes observations, not places. So the state of a rollout at a step is taken, the point is
// brought to each place by damped inverse kinematics (Wampler 1986), going outwards from where it
// is so that neighbours bend alike, and the cost of that state at rest and without action is what
// is drawn. A robot that roams is moved as a whole. Places out of reach stay blank.
#ifndef MJIRL_VIEWER_FIELD_H_
#define MJIRL_VIEWER_FIELD_H_

#include "envs/env.h"
#include "viewer/draw.h"
#include "viewer/reel.h"

enum { IRL_FIELD_SIDE = 65, IRL_FIELD_NODES = IRL_FIELD_SIDE * IRL_FIELD_SIDE };

typedef struct irl_field_node {
  uint8_t state;  // untouched, waiting, reached, out of reach
  uint8_t tries;
  int16_t parent;  // reached node that it is tried from, or -1: the state itself
} irl_field_node;

typedef struct irl_field {
  const irl_motion* motion;
  const irl_reel* reel;
  irl_env* env;     // makes observations
  int body;         // that is moved
  double local[3];  // its point, in the body's frame [m]
  int ndof;         // degrees of freedom that may move
  int* dof;         // (ndof)

  int group, episode, step, generation;  // what it is of now
  double corner[3], side[2][3];          // the plane's rectangle [m]
  irl_field_node* node;                  // (IRL_FIELD_NODES)
  double* qpos;                          // (IRL_FIELD_NODES, nq), of reached ones
  double* qvel;                          // (nv) zeros
  double* start;                         // (nq) the state's
  double* after;                         // (nq + nv) where a trace of no steps ends
  double* x;                             // (IRL_FIELD_NODES, nx) observations of reached ones
  double* u;                             // (nu) zeros
  double* jac;                           // (3, nv) and work
  double* cost;                          // (IRL_FIELD_NODES), NaN out of reach
  int* queue;
  int head, tail;
  bool busy;    // there is more to do
  int reached;  // nodes

  irl_ribbon_vertex* vertex;  // triangles, as they are drawn; complete when not busy
  size_t nvertex;
  bool colored;
} irl_field;

// body: name of a body, or NULL for what the trails follow. Errors: IRL_ENOENT for an unknown body,
// IRL_EUNSUPPORTED without a learned cost or where the body cannot be moved, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_field_create(irl_field* field, const irl_motion* motion,
                                       const irl_reel* reel, const char* body, irl_errinfo* info);
void irl_field_destroy(irl_field* field);  // a zeroed field is fine

// Begins anew unless the field is of this state already. generation counts changes of the cost or
// its colours: for those the places are kept.
void irl_field_aim(irl_field* field, int group, int episode, int step, int generation);

// Works for about so many seconds; true while there is more to do.
bool irl_field_work(irl_field* field, double seconds);

// Makes the triangles in the stage's colours.
void irl_field_paint(irl_field* field, const irl_stage* stage);

// What the field shows, for words.
void irl_field_describe(const irl_field* field, char* out, size_t size);

#endif  // MJIRL_VIEWER_FIELD_H_
