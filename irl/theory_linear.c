// A linear system with quadratic cost whose partition function is a Gaussian integral.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "base/random.h"
#include "irl/partition.h"
#include "irl/theory.h"
#include "policy/lqr.h"

// A unit mass in the plane, positions and velocities, pushed by a force: T nu = 10.
enum { T = 5, NX = 4, NU = 2, NY = NX + NU, ACTIONS = T * NU };

// Errors are measured at these numbers of trajectories, each from all replicates of all samples.
enum { LEVELS = 4, REPLICATES = 4, CHUNK = 1000, CHUNKS = IRL_THEORY_SAMPLES / CHUNK };
static const int LEVEL_SIZE[LEVELS] = {100, 1000, 10000, IRL_THEORY_SAMPLES};

static const double LOG_2PI = 1.8378770664093454836;
static const double START[NX] = {1, -0.5, 0.3, 0.2};
static const double WIDER = 1.5;  // covariance of the samplers over the right one
static const double MISS = 1.5;   // standard deviations

enum { RIGHT, WIDE, MISSED, DENSITIES };

typedef struct problem {
  irl_dynamics dyn;
  irl_quadratic cost;
  irl_policy policy[DENSITIES];
  double log_z_backward;
} problem;

//---------------------------------- The problem ---------------------------------------------------

// x' = F [x; u] over 0.3 s, a little damped.
static void set_dynamics(irl_dynamics* dyn) {
  const double dt = 0.3, damping = 0.9;
  for (int t = 0; t < T; t++) {
    double* F = dyn->F + t * NX * NY;
    for (int k = 0; k < 2; k++) {
      F[k * NY + k] = 1;
      F[k * NY + 2 + k] = dt;
      F[(2 + k) * NY + 2 + k] = damping;
      F[k * NY + NX + k] = 0.5 * dt * dt;
      F[(2 + k) * NY + NX + k] = dt;
    }
  }
  memcpy(dyn->x0_mean, START, sizeof START);
}

// Distance to a target that moves, velocities, a product of the two directions so that nothing
// separates, and effort.
static void set_cost(irl_quadratic* cost) {
  irl_quadratic_zero(cost);
  for (int t = 0; t < T; t++) {
    const double diagonal[NY] = {2, 1, 0.3, 0.3, 0.8, 1.2};
    double H[NY * NY] = {0}, g[NY] = {0};
    double y[NY] = {0.2 * t, -0.1 * t, 0, 0, 0, 0};
    for (int i = 0; i < NY; i++) {
      H[i * NY + i] = diagonal[i];
    }
    H[0 * NY + 1] = H[1 * NY + 0] = 0.5;
    H[2 * NY + 4] = H[4 * NY + 2] = 0.2;
    irl_quadratic_add(cost, t, 1, y, 0.1, g, H);
  }
}

static irl_err set_samplers(problem* p) {
  irl_lqr* lqr;
  IRL_TRY(irl_lqr_create(&lqr, T, NX, NU));
  irl_err err = irl_lqr_backward(lqr, &p->dyn, &p->cost, NULL, 0, 1, &p->policy[RIGHT]);
  p->log_z_backward = err == IRL_OK ? irl_lqr_log_z(lqr, &p->dyn, START) : 0;
  irl_lqr_destroy(lqr);
  IRL_TRY(err);
  irl_policy_copy(&p->policy[WIDE], &p->policy[RIGHT]);
  irl_policy_scale_covariance(&p->policy[WIDE], WIDER);
  irl_policy_copy(&p->policy[MISSED], &p->policy[WIDE]);
  for (int t = 0; t < T; t++) {
    for (int j = 0; j < NU; j++) {
      double variance = p->policy[WIDE].sigma[(t * NU + j) * NU + j];
      p->policy[MISSED].k[t * NU + j] += MISS * sqrt(variance);
    }
  }
  return irl_policy_factor(&p->policy[MISSED], NULL);
}

// A problem of which only a part was created is fine.
static void problem_destroy(problem* p) {
  irl_dynamics_destroy(&p->dyn);
  irl_quadratic_destroy(&p->cost);
  for (int d = 0; d < DENSITIES; d++) {
    irl_policy_destroy(&p->policy[d]);
  }
}

static irl_err problem_create(problem* p) {
  *p = (problem){0};
  IRL_TRY(irl_dynamics_create(&p->dyn, T, NX, NU, 0));
  IRL_TRY(irl_quadratic_create(&p->cost, T, NX, NU));
  for (int d = 0; d < DENSITIES; d++) {
    IRL_TRY(irl_policy_create(&p->policy[d], T, NX, NU));
  }
  set_dynamics(&p->dyn);
  set_cost(&p->cost);
  return set_samplers(p);
}

//---------------------------------- Exact ---------------------------------------------------------

// The cost as one quadratic of all actions U: ½ UᵀHU + gᵀU + c0.
typedef struct stacked {
  double H[ACTIONS * ACTIONS];
  double g[ACTIONS];
  double c0;
} stacked;

// Adds step t, whose y is M U + m: M (NY, ACTIONS), m (NY).
static void add_step(stacked* s, const problem* p, int t, const double* M, const double* m) {
  const double *C = p->cost.C + t * NY * NY, *c = p->cost.c + t * NY;
  double CM[NY * ACTIONS], part[ACTIONS * ACTIONS], slope[NY], g[ACTIONS];
  irl_mat_mul(CM, C, M, NY, NY, ACTIONS);
  irl_mat_mul_tn(part, M, CM, ACTIONS, NY, ACTIONS);
  irl_axpy(s->H, 1, part, ACTIONS * ACTIONS);
  irl_mat_vec(slope, C, m, NY, NY);
  s->c0 += p->cost.c0[t] + irl_dot(c, m, NY) + 0.5 * irl_dot(slope, m, NY);
  irl_axpy(slope, 1, c, NY);
  irl_mat_vec_t(g, M, slope, NY, ACTIONS);
  irl_axpy(s->g, 1, g, ACTIONS);
}

// y_t as a function of all actions at once, step by step: y_0 = [x_0; u_0], x_{t+1} = F y_t.
static void stack(stacked* s, const problem* p) {
  double M[NY * ACTIONS] = {0}, m[NY] = {0}, next[NX * ACTIONS], next_m[NX];
  *s = (stacked){0};
  memcpy(m, START, sizeof START);
  for (int t = 0; t < T; t++) {
    memset(M + NX * ACTIONS, 0, NU * ACTIONS * sizeof *M);
    for (int j = 0; j < NU; j++) {
      M[(NX + j) * ACTIONS + t * NU + j] = 1;
    }
    add_step(s, p, t, M, m);
    irl_mat_mul(next, p->dyn.F + t * NX * NY, M, NX, NY, ACTIONS);
    irl_mat_vec(next_m, p->dyn.F + t * NX * NY, m, NX, NY);
    memcpy(M, next, sizeof next);
    memcpy(m, next_m, sizeof next_m);
  }
}

// log ∫ e^{−½UᵀHU − gᵀU − c0} dU = ½ n log 2π − ½ log|H| + ½ gᵀH⁻¹g − c0
static irl_err exact_log_z(const problem* p, double* log_z) {
  stacked s;
  double L[ACTIONS * ACTIONS], v[ACTIONS];
  stack(&s, p);
  if (!irl_cholesky(L, s.H, ACTIONS)) {
    return IRL_ENUM;
  }
  irl_solve_lower(v, L, s.g, ACTIONS);
  *log_z =
      0.5 * (ACTIONS * LOG_2PI - irl_cholesky_logdet(L, ACTIONS) + irl_dot(v, v, ACTIONS)) - s.c0;
  return IRL_OK;
}

//---------------------------------- Sampling ------------------------------------------------------

// Trajectories of one sampler: costs and log-densities under every density.
typedef struct sample {
  double* cost;             // (N)
  double* logq[DENSITIES];  // (N)
} sample;

// ½ yᵀCy + cᵀy + c0
static double step_cost(const problem* p, int t, const double* y) {
  double Cy[NY];
  irl_mat_vec(Cy, p->cost.C + t * NY * NY, y, NY, NY);
  return 0.5 * irl_dot(Cy, y, NY) + irl_dot(p->cost.c + t * NY, y, NY) + p->cost.c0[t];
}

// One trajectory and its log-density under all three policies.
static void draw(const problem* p, int source, irl_rng* rng, double* cost, double* logq) {
  double y[NY], next[NX];
  memcpy(y, START, sizeof START);
  *cost = 0;
  memset(logq, 0, DENSITIES * sizeof *logq);
  for (int t = 0; t < T; t++) {
    (void)irl_policy_sample(&p->policy[source], t, y, rng, y + NX);
    for (int d = 0; d < DENSITIES; d++) {
      logq[d] += irl_policy_logdensity(&p->policy[d], t, y, y + NX);
    }
    *cost += step_cost(p, t, y);
    irl_mat_vec(next, p->dyn.F + t * NX * NY, y, NX, NY);
    memcpy(y, next, sizeof next);
  }
}

typedef struct drawing {
  const problem* p;
  sample* out;
  int source;
  uint64_t seed;
  int replicate;
} drawing;

// A chunk has a random stream of its own, whichever thread draws it.
static void draw_chunk(int chunk, int thread, void* arg) {
  (void)thread;
  const drawing* d = (const drawing*)arg;
  irl_rng rng = irl_rng_stream(d->seed, IRL_PURPOSE_VERIFY, (uint64_t)d->source,
                               (uint64_t)d->replicate, (uint64_t)chunk);
  for (int i = chunk * CHUNK; i < (chunk + 1) * CHUNK; i++) {
    double logq[DENSITIES];
    draw(d->p, d->source, &rng, &d->out->cost[i], logq);
    for (int k = 0; k < DENSITIES; k++) {
      d->out->logq[k][i] = logq[k];
    }
  }
}

//---------------------------------- Estimates -----------------------------------------------------

// Memory of the estimates, for the largest N.
typedef struct workspace {
  sample samples[DENSITIES];
  double* cost;     // (N)
  double* logq;     // two densities  (2, N)
  double* mixture;  // (N)
  double* work;     // (N)
} workspace;

// Sums over groups of N trajectories, for each level of N.
typedef struct errors {
  double square[LEVELS];
  int count[LEVELS];
  irl_log_z last;  // of the largest N in the last replicate
} errors;

// From trajectories first to first + n of a sampler, by its own density.
static irl_log_z estimate_q(workspace* w, int source, int first, int n) {
  const sample* s = &w->samples[source];
  return irl_log_z_from_q(s->cost + first, s->logq[source] + first, n, w->work);
}

// Half of the trajectories from the sampler, half from the right density.
static irl_log_z estimate_mixture(workspace* w, int source, int first, int n) {
  const int half = n / 2, from[2] = {source, RIGHT};
  const double count[2] = {half, half};
  for (int part = 0; part < 2; part++) {
    const sample* s = &w->samples[from[part]];
    const size_t bytes = (size_t)half * sizeof *w->cost;
    memcpy(w->cost + part * half, s->cost + first / 2, bytes);
    for (int d = 0; d < 2; d++) {
      memcpy(w->logq + d * n + part * half, s->logq[from[d]] + first / 2, bytes);
    }
  }
  irl_log_mixture(w->logq, count, 2, n, w->mixture);
  return irl_log_z_from_q(w->cost, w->mixture, n, w->work);
}

// By q's own density, with the right one for control variate: the model is the truth here.
static irl_log_z estimate_controlled(workspace* w, int source, int first, int n) {
  const sample* s = &w->samples[source];
  for (int i = 0; i < n; i++) {
    w->work[i] = -s->cost[first + i] - s->logq[source][first + i];
    w->mixture[i] = s->logq[RIGHT][first + i] - s->logq[source][first + i];
  }
  return irl_log_z_controlled(w->work, w->mixture, n, NULL);
}

typedef irl_log_z (*estimator)(workspace* w, int source, int first, int n);

// Errors of all groups of each size; groups of one size share no trajectory.
static void gather(errors* e, workspace* w, estimator estimate, int source, double exact) {
  for (int level = 0; level < LEVELS; level++) {
    const int n = LEVEL_SIZE[level];
    for (int first = 0; first + n <= IRL_THEORY_SAMPLES; first += n) {
      e->last = estimate(w, source, first, n);
      double error = e->last.log_z - exact;
      e->square[level] += error * error;
      e->count[level]++;
    }
  }
}

static double worst_controlled(workspace* w, double exact) {
  double worst = 0.0;
  for (int first = 0; first + LEVEL_SIZE[0] <= IRL_THEORY_SAMPLES; first += LEVEL_SIZE[0]) {
    double log_z = estimate_controlled(w, WIDE, first, LEVEL_SIZE[0]).log_z;
    worst = fmax(worst, fabs(log_z - exact));
  }
  return worst;
}

// Least squares of log(rms error) over log N, weighted: of m groups the logarithm of the mean
// square has a variance near 2/m.
static irl_theory_estimate conclude(const errors* e) {
  double sw = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int level = 0; level < LEVELS; level++) {
    double w = e->count[level], x = log(LEVEL_SIZE[level]);
    double y = 0.5 * log(e->square[level] / e->count[level]);
    sw += w;
    sx += w * x;
    sy += w * y;
    sxx += w * x * x;
    sxy += w * x * y;
  }
  return (irl_theory_estimate){.log_z = e->last.log_z,
                               .std_error = e->last.std_error,
                               .ess = e->last.ess / IRL_THEORY_SAMPLES,
                               .slope = (sw * sxy - sx * sy) / (sw * sxx - sx * sx)};
}

static irl_err workspace_init(workspace* w, irl_arena* arena) {
  enum { ARRAYS = DENSITIES * (1 + DENSITIES) + 5 };
  const size_t n = IRL_THEORY_SAMPLES;
  IRL_TRY(irl_arena_init(arena, ARRAYS * (n * sizeof(double) + 64)));
  for (int s = 0; s < DENSITIES; s++) {
    w->samples[s].cost = IRL_ARENA_NEW(arena, double, n);
    for (int d = 0; d < DENSITIES; d++) {
      w->samples[s].logq[d] = IRL_ARENA_NEW(arena, double, n);
    }
  }
  w->cost = IRL_ARENA_NEW(arena, double, n);
  w->logq = IRL_ARENA_NEW(arena, double, 2 * n);
  w->mixture = IRL_ARENA_NEW(arena, double, n);
  w->work = IRL_ARENA_NEW(arena, double, n);
  return IRL_OK;
}

static void run(const problem* p, workspace* w, uint64_t seed, irl_pool* pool,
                irl_theory_linear* result) {
  errors e[4] = {0};
  for (int r = 0; r < REPLICATES; r++) {
    for (int source = 0; source < DENSITIES; source++) {
      drawing d = {p, &w->samples[source], source, seed, r};
      irl_pool_run(pool, CHUNKS, draw_chunk, &d);
    }
    gather(&e[0], w, estimate_q, WIDE, result->log_z_exact);
    gather(&e[1], w, estimate_mixture, WIDE, result->log_z_exact);
    gather(&e[2], w, estimate_q, MISSED, result->log_z_exact);
    gather(&e[3], w, estimate_mixture, MISSED, result->log_z_exact);
  }
  result->controlled_error = worst_controlled(w, result->log_z_exact);
  result->q = conclude(&e[0]);
  result->mixture = conclude(&e[1]);
  result->missed_q = conclude(&e[2]);
  result->missed_mixture = conclude(&e[3]);
}

irl_err irl_theory_check_linear(uint64_t seed, irl_pool* pool, irl_theory_linear* result) {
  problem p;
  workspace w;
  irl_arena arena = {0};
  *result = (irl_theory_linear){0};
  irl_err err = problem_create(&p);
  if (err == IRL_OK) {
    result->log_z_backward = p.log_z_backward;
    err = exact_log_z(&p, &result->log_z_exact);
  }
  if (err == IRL_OK) {
    err = workspace_init(&w, &arena);
  }
  if (err == IRL_OK) {
    run(&p, &w, seed, pool, result);
  }
  irl_arena_fini(&arena);
  problem_destroy(&p);
  return err;
}
