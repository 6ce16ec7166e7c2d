#include "viewer/motion.h"

#include <math.h>
#include <mujoco/mujoco.h>
#include <string.h>

#include "base/arena.h"

enum {
  SCOUTS = 4,          // rollouts of a group that are looked at to choose the trailed point
  BALL_ROLLOUTS = 24,  // rollouts of a group that take part in framing
  BALL_MOMENTS = 6     // moments of each of them
};

// Times the bodies' own room that motion takes which is better seen by going along with it.
#define FAR 4.0

// Movement below this, relative to the model's extent, is rounding.
#define STILL 1e-6

//---------------------------------- Access --------------------------------------------------------

static const irl_batch* batch_of(const irl_motion* motion, int group) {
  return motion->replay->groups[group].batch;
}

static int clamp_step(int t, int last) {
  return t < 0 ? 0 : t > last ? last : t;
}

static int rollout_number(const irl_motion* motion, int group, int episode) {
  return motion->first[group] + episode;
}

bool irl_motion_shown(const irl_motion* motion, int group, int episode) {
  return motion->trail[rollout_number(motion, group, episode)] != NULL;
}

bool irl_motion_moves(const irl_motion* motion, int group, int episode, int body) {
  size_t i = (size_t)rollout_number(motion, group, episode);
  return motion->moves[i * (size_t)motion->nbody + (size_t)body] != 0;
}

const float* irl_motion_trail(const irl_motion* motion, int group, int episode, int t, int k) {
  int last = batch_of(motion, group)->length[episode];
  const float* trail = motion->trail[rollout_number(motion, group, episode)];
  return trail + 3 * ((long)clamp_step(t, last) * motion->npoints + k);
}

// The values behind the colours of a group, (N, T); or NULL.
static const double* values_of(const irl_motion* motion, int group) {
  const irl_replay* replay = motion->replay;
  return replay->nlayers > 0 ? replay->layers[motion->layer].value[group]
                             : replay->groups[group].cost;
}

const char* irl_motion_quantity(const irl_motion* motion) {
  const irl_replay* replay = motion->replay;
  const char* text =
      replay->nlayers > 0 ? replay->layers[motion->layer].quantity : replay->quantity;
  return text != NULL ? text : "cost per step";
}

const char* irl_motion_word(const irl_motion* motion) {
  const irl_replay* replay = motion->replay;
  return replay->nlayers > 0 ? replay->layers[motion->layer].word : "cost";
}

bool irl_motion_diverging(const irl_motion* motion) {
  return motion->replay->nlayers > 0 && motion->replay->layers[motion->layer].diverging;
}

double irl_motion_cost(const irl_motion* motion, int group, int episode, int t) {
  const irl_batch* batch = batch_of(motion, group);
  const double* cost = values_of(motion, group);
  if (cost == NULL || batch->length[episode] == 0) {
    return NAN;
  }
  return cost[(long)episode * batch->horizon + clamp_step(t, batch->length[episode] - 1)];
}

double irl_motion_cost_at(const irl_motion* motion, int group, int episode, int t) {
  double before = irl_motion_cost(motion, group, episode, t - 1);
  double after = irl_motion_cost(motion, group, episode, t);
  return 0.5 * (before + after);
}

void irl_motion_pose(const irl_motion* motion, int group, int episode, int t) {
  const irl_batch* batch = batch_of(motion, group);
  int step = clamp_step(t, batch->length[episode]);
  irl_task_set_state(motion->replay->task, motion->data, irl_batch_state(batch, episode, step));
  mj_kinematics(motion->model, motion->data);
  mj_comPos(motion->model, motion->data);
  mj_camlight(motion->model, motion->data);
  mj_flex(motion->model, motion->data);
  mj_tendon(motion->model, motion->data);
}

//---------------------------------- Which points to trail -----------------------------------------

static int trace_sites(irl_motion* motion) {
  const mjModel* model = motion->model;
  int n = 0;
  for (int site = 0; site < model->nsite && n < IRL_TRAILS_MAX; site++) {
    const char* name = mj_id2name(model, mjOBJ_SITE, site);
    if (name != NULL && strncmp(name, "trace", 5) == 0) {
      motion->body[n] = model->site_bodyid[site];
      mju_copy3(motion->local[n], model->site_pos + 3 * site);
      n++;
    }
  }
  return n;
}

// A body that roams: the root of a tree with a free joint or with two slides.
static bool roams(const mjModel* model, int body) {
  int slides = 0;
  for (int k = 0; k < model->body_jntnum[body]; k++) {
    int type = model->jnt_type[model->body_jntadr[body] + k];
    if (type == mjJNT_FREE) {
      return true;
    }
    slides += type == mjJNT_SLIDE;
  }
  return slides >= 2 && model->body_parentid[body] == 0;
}

// The telling point of a body: the centre of mass of one that roams, else its tip, that is the end
// of a geom that lies farthest from the body's origin.
static void telling_point(const mjModel* model, int body, double local[3]) {
  mju_copy3(local, model->body_ipos + 3 * body);
  if (roams(model, body)) {
    return;
  }
  double farthest = -1.0;
  for (int k = 0; k < model->body_geomnum[body]; k++) {
    int geom = model->body_geomadr[body] + k, type = model->geom_type[geom];
    double axis[3], along = model->geom_size[3 * geom + 1];
    mju_rotVecQuat(axis, (const double[3]){0.0, 0.0, 1.0}, model->geom_quat + 4 * geom);
    along = type == mjGEOM_CAPSULE || type == mjGEOM_CYLINDER ? along : 0.0;
    for (int end = -1; end <= 1; end += 2) {
      double point[3];
      mju_addScl3(point, model->geom_pos + 3 * geom, axis, end * along);
      if (mju_norm3(point) > farthest) {
        farthest = mju_norm3(point);
        mju_copy3(local, point);
      }
    }
  }
}

// Where a body's point is now [m].
static void place_of(const irl_motion* motion, int body, const double local[3], double out[3]) {
  mju_mulMatVec3(out, motion->data->xmat + 9 * body, local);
  mju_addTo3(out, motion->data->xpos + 3 * body);
}

// Adds the path lengths (nbody) of the bodies' telling points over a few rollouts.
static void scout(const irl_motion* motion, double* path, double* local, double* last) {
  for (int b = 1; b < motion->nbody; b++) {
    telling_point(motion->model, b, local + 3 * b);
  }
  for (int g = 0; g < motion->replay->ngroups; g++) {
    const irl_batch* batch = batch_of(motion, g);
    for (int i = 0; i < batch->n && i < SCOUTS; i++) {
      for (int t = 0; batch->valid[i] && t <= batch->length[i]; t++) {
        irl_motion_pose(motion, g, i, t);
        for (int b = 1; b < motion->nbody; b++) {
          double now[3];
          place_of(motion, b, local + 3 * b, now);
          path[b] += t > 0 ? mju_dist3(now, last + 3 * b) : 0.0;
          mju_copy3(last + 3 * b, now);
        }
      }
    }
  }
}

static int depth_of(const mjModel* model, int body) {
  int depth = 0;
  for (; body > 0; body = model->body_parentid[body]) {
    depth++;
  }
  return depth;
}

// Sites named trace*; else the roaming root that moves most; else the end of the chain that moves
// most.
static irl_err choose_points(irl_motion* motion) {
  motion->npoints = trace_sites(motion);
  if (motion->npoints > 0) {
    return IRL_OK;
  }
  double* path = IRL_NEW(double, 7 * motion->nbody);
  if (path == NULL) {
    return IRL_ENOMEM;
  }
  scout(motion, path, path + motion->nbody, path + 4 * motion->nbody);
  int best = motion->nbody > 1 ? 1 : 0, root = 0;
  for (int b = 1; b < motion->nbody; b++) {
    best = path[b] > path[best] ? b : best;
  }
  int end = best;  // a cart may move more than the pole on it, but the pole is what matters
  for (int b = 1; b < motion->nbody; b++) {
    end = path[b] > 0.4 * path[best] && depth_of(motion->model, b) > depth_of(motion->model, end)
              ? b
              : end;
    root = roams(motion->model, b) && path[b] > path[root] ? b : root;
  }
  // A roaming root that hardly moves is not the robot: a puck waiting to be pushed, a fixed target.
  motion->body[0] = root > 0 && path[root] > 0.3 * path[best] ? root : end;
  motion->npoints = 1;
  telling_point(motion->model, motion->body[0], motion->local[0]);
  irl_free(path);
  return IRL_OK;
}

//---------------------------------- Trails, still bodies, framing ---------------------------------

static void add_ball(irl_motion* motion, const double center[3], double radius) {
  irl_ball* ball = &motion->balls[motion->nballs++];
  for (int k = 0; k < 3; k++) {
    ball->center[k] = (float)center[k];
    motion->low[k] = fmin(motion->low[k], center[k] - radius);
    motion->high[k] = fmax(motion->high[k], center[k] + radius);
  }
  ball->radius = (float)radius;
}

bool irl_motion_is_goal(const irl_motion* motion, int geom) {
  const char* name = mj_id2name(motion->model, mjOBJ_GEOM, geom);
  return motion->model->geom_bodyid[geom] == 0 && name != NULL &&
         (strstr(name, "goal") != NULL || strstr(name, "target") != NULL);
}

// Marks in the world: its goals, and its sites.
static void add_marks(irl_motion* motion) {
  const mjModel* model = motion->model;
  for (int geom = 0; geom < model->ngeom; geom++) {
    if (irl_motion_is_goal(motion, geom)) {
      add_ball(motion, model->geom_pos + 3 * geom, model->geom_rbound[geom]);
    }
  }
  for (int site = 0; site < model->nsite; site++) {
    bool seen = model->site_rgba[4 * site + 3] > 0 && model->site_group[site] < 3;
    if (model->site_bodyid[site] == 0 && seen) {
      add_ball(motion, model->site_pos + 3 * site, model->site_size[3 * site]);
    }
  }
}

// The shapes of all bodies but the world's, as they stand now.
static void add_shapes(irl_motion* motion) {
  const mjModel* model = motion->model;
  for (int geom = 0; geom < model->ngeom; geom++) {
    bool seen = model->geom_rgba[4 * geom + 3] > 0 && model->geom_group[geom] < 3;
    if (model->geom_bodyid[geom] > 0 && seen) {
      add_ball(motion, motion->data->geom_xpos + 3 * geom, model->geom_rbound[geom]);
    }
  }
}

// Whether a body belongs to a robot that can go away: its root roams and it has limbs, whose gait
// is worth a closer look than its way.
static bool wanders(const mjModel* model, int body) {
  const int root = model->body_rootid[body];
  bool limbs = false;
  for (int b = 1; b < model->nbody; b++) {
    limbs |= b != root && model->body_rootid[b] == root && model->body_jntnum[b] > 0;
  }
  return root > 0 && roams(model, root) && limbs;
}

// The ball around all wandering shapes, as they stand now: about the middle of their box.
static void measure_bodies(irl_motion* motion) {
  const mjModel* model = motion->model;
  double low[3] = {1e30, 1e30, 1e30}, high[3] = {-1e30, -1e30, -1e30}, squared = 0.0;
  for (int geom = 0; geom < model->ngeom; geom++) {
    const double* at = motion->data->geom_xpos + 3 * geom;
    const bool part = wanders(model, model->geom_bodyid[geom]);
    for (int k = 0; k < 3 && part; k++) {
      low[k] = fmin(low[k], at[k] - model->geom_rbound[geom]);
      high[k] = fmax(high[k], at[k] + model->geom_rbound[geom]);
    }
  }
  for (int k = 0; k < 3 && low[k] < high[k]; k++) {
    motion->center[k] = 0.5 * (low[k] + high[k]);
    squared += 0.25 * (high[k] - low[k]) * (high[k] - low[k]);
  }
  motion->radius = sqrt(squared);
}

// Along the ground alone: who jumps high comes down again.
static bool goes_far(const irl_motion* motion) {
  const double x = motion->high[0] - motion->low[0], y = motion->high[1] - motion->low[1];
  return motion->radius > 0.0 && fmax(x, y) > 2.0 * FAR * motion->radius;
}

static bool differs(const double* a, const double* b, int n, double slack) {
  for (int k = 0; k < n; k++) {
    if (fabs(a[k] - b[k]) > slack) {
      return true;
    }
  }
  return false;
}

// Marks the bodies that have left their pose at the rollout's start (nbody, 7).
static void mark_moving(const irl_motion* motion, uint8_t* moves, double* start, int t) {
  const mjData* d = motion->data;
  double slack = STILL * fmax(motion->model->stat.extent, 1e-3);
  for (int b = 0; b < motion->nbody; b++) {
    double* pose = start + 7 * b;
    if (t == 0) {
      mju_copy3(pose, d->xpos + 3 * b);
      mju_copy4(pose + 3, d->xquat + 4 * b);
    } else if (differs(pose, d->xpos + 3 * b, 3, slack) ||
               differs(pose + 3, d->xquat + 4 * b, 4, STILL)) {
      moves[b] = 1;
    }
  }
}

// One pass over a rollout's states: trails, moving bodies, and balls at a few moments.
static void trace_rollout(irl_motion* motion, int group, int episode, double* start) {
  const irl_batch* batch = batch_of(motion, group);
  int number = rollout_number(motion, group, episode), last = batch->length[episode];
  float* out = motion->trail[number];
  int stride = last / (BALL_MOMENTS - 1) > 0 ? last / (BALL_MOMENTS - 1) : 1;
  for (int t = 0; t <= last; t++) {
    irl_motion_pose(motion, group, episode, t);
    mark_moving(motion, motion->moves + (size_t)number * (size_t)motion->nbody, start, t);
    for (int k = 0; k < motion->npoints; k++, out += 3) {
      double now[3];
      place_of(motion, motion->body[k], motion->local[k], now);
      mju_n2f(out, now, 3);
    }
    if (t == 0 && motion->radius == 0.0) {
      measure_bodies(motion);
    }
    if (episode < BALL_ROLLOUTS && t % stride == 0 && t / stride < BALL_MOMENTS) {
      add_shapes(motion);
    }
  }
  for (int t = 0; t <= last; t++) {
    const float* at = irl_motion_trail(motion, group, episode, t, 0);
    add_ball(motion, (double[3]){(double)at[0], (double)at[1], (double)at[2]}, 0.0);
  }
}

//---------------------------------- Life ----------------------------------------------------------

static irl_err check(const irl_replay* replay, irl_errinfo* info) {
  if (replay->ngroups < 1) {
    return irl_fail(info, IRL_ERANGE, "replay: there is nothing to show; give it some rollouts");
  }
  int shown = 0;
  for (int g = 0; g < replay->ngroups; g++) {
    const irl_batch* batch = replay->groups[g].batch;
    if (batch->nstate != irl_task_get(replay->task)->nstate || batch->state == NULL) {
      return irl_fail(
          info, IRL_ERANGE,
          "replay: group '%s' has no physics states of this task; record them, or give the "
          "task that they belong to",
          replay->groups[g].name);
    }
    for (int i = 0; i < batch->n; i++) {
      shown += batch->valid[i] != 0;
    }
  }
  if (shown == 0) {
    return irl_fail(info, IRL_ERANGE,
                    "replay: all rollouts diverged, so there is nothing to show; train longer or "
                    "choose other episodes");
  }
  return IRL_OK;
}

// Sizes the arrays and gives every shown rollout its piece of trail_data.
static irl_err place_memory(irl_motion* motion) {
  const irl_replay* replay = motion->replay;
  size_t rollouts = 0, points = 0, balls = (size_t)(motion->model->nsite + motion->model->ngeom);
  motion->first = IRL_NEW(int, replay->ngroups + 1);
  if (motion->first == NULL) {
    return IRL_ENOMEM;
  }
  for (int g = 0; g < replay->ngroups; g++) {
    const irl_batch* batch = replay->groups[g].batch;
    motion->first[g] = (int)rollouts;
    rollouts += (size_t)batch->n;
    for (int i = 0; i < batch->n; i++) {
      points += (size_t)(batch->length[i] + 1);
      motion->steps = batch->length[i] > motion->steps ? batch->length[i] : motion->steps;
    }
    int framed = batch->n < BALL_ROLLOUTS ? batch->n : BALL_ROLLOUTS;
    balls += (size_t)framed * BALL_MOMENTS * (size_t)motion->model->ngeom;
  }
  motion->first[replay->ngroups] = (int)rollouts;
  motion->trail = IRL_NEW(float*, rollouts);
  motion->trail_data = IRL_NEW(float, points*(size_t)motion->npoints * 3);
  motion->moves = IRL_NEW(uint8_t, rollouts * (size_t)motion->nbody);
  motion->balls = IRL_NEW(irl_ball, balls + points);
  if (motion->trail == NULL || motion->trail_data == NULL || motion->moves == NULL ||
      motion->balls == NULL) {
    return IRL_ENOMEM;
  }
  return IRL_OK;
}

static irl_err trace_all(irl_motion* motion) {
  double* start = IRL_NEW(double, 7 * motion->nbody);
  if (start == NULL) {
    return IRL_ENOMEM;
  }
  float* next = motion->trail_data;
  for (int k = 0; k < 3; k++) {
    motion->low[k] = 1e30;
    motion->high[k] = -1e30;
  }
  add_marks(motion);
  for (int g = 0; g < motion->replay->ngroups; g++) {
    const irl_batch* batch = batch_of(motion, g);
    for (int i = 0; i < batch->n; i++) {
      if (batch->valid[i]) {
        motion->trail[motion->first[g] + i] = next;
        next += 3 * (long)(batch->length[i] + 1) * motion->npoints;
        trace_rollout(motion, g, i, start);
      }
    }
  }
  motion->far = goes_far(motion);
  irl_free(start);
  return IRL_OK;
}

// The colour scale over the steps of all rollouts that are shown.
static irl_err measure_costs(irl_motion* motion) {
  size_t n = 0, used = 0;
  for (int g = 0; g < motion->replay->ngroups; g++) {
    n += (size_t)batch_of(motion, g)->n * (size_t)batch_of(motion, g)->horizon;
  }
  double* values = IRL_NEW(double, n);
  if (values == NULL) {
    return IRL_ENOMEM;
  }
  for (int g = 0; g < motion->replay->ngroups; g++) {
    const irl_batch* batch = batch_of(motion, g);
    motion->has_cost = motion->has_cost || values_of(motion, g) != NULL;
    for (int i = 0; i < batch->n && !(motion->hidden >> g & 1U); i++) {
      for (int t = 0; irl_motion_shown(motion, g, i) && t < batch->length[i]; t++) {
        values[used++] = irl_motion_cost(motion, g, i, t);
      }
    }
  }
  irl_scale_fit(&motion->scale, values, used, &motion->range, irl_motion_diverging(motion));
  irl_free(values);
  return IRL_OK;
}

irl_err irl_motion_create(irl_motion* motion, const irl_replay* replay, irl_errinfo* info) {
  *motion = (irl_motion){.replay = replay};
  if (replay->range[0] < replay->range[1]) {
    motion->range = (irl_range){IRL_RANGE_FIXED, replay->range[0], replay->range[1]};
  }
  IRL_TRY(check(replay, info));
  motion->model = irl_task_model(replay->task);
  motion->nbody = (int)motion->model->nbody;
  motion->data = mj_makeData(motion->model);
  irl_err err = motion->data == NULL ? IRL_ENOMEM : choose_points(motion);
  if (err == IRL_OK) {
    err = place_memory(motion);
  }
  if (err == IRL_OK) {
    err = trace_all(motion);
  }
  if (err == IRL_OK) {
    err = measure_costs(motion);
  }
  if (err != IRL_OK) {
    irl_motion_destroy(motion);
    return irl_fail(info, err, "replay: out of memory; show fewer episodes");
  }
  return IRL_OK;
}

irl_err irl_motion_color(irl_motion* motion, int layer, const irl_range* range) {
  irl_motion before = *motion;
  motion->layer = layer;
  motion->range = *range;
  irl_err err = measure_costs(motion);
  if (err != IRL_OK) {
    *motion = before;
  }
  return err;
}

void irl_motion_destroy(irl_motion* motion) {
  mj_deleteData(motion->data);
  irl_free(motion->first);
  irl_free(motion->trail);
  irl_free(motion->trail_data);
  irl_free(motion->moves);
  irl_free(motion->balls);
  *motion = (irl_motion){0};
}
