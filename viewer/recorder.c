#include "viewer/recorder.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "demos/journal.h"
#include "envs/live.h"

#define EPISODE_SECONDS 5.0  // of the person: shorter episodes are slowed down to about this
#define REST_SECONDS 0.05    // between turns while nothing moves
#define MEASURE_SECONDS 0.5  // over which the speed is measured

enum { INBOX = 64, CATCH_UP = 4 };

typedef struct mail {
  irl_event event;
  int argument;
} mail;

// What crosses between the threads, under the lock.
typedef struct shared {
  mail inbox[INBOX];
  int nmail;
  irl_command command;
  unsigned epoch;  // that the command belongs to
  bool waiting;    // the target's new place has not been acted upon
  double speed;
  char label[128];
  bool stop;
  irl_recorder_view view;  // its state and u are this side's memory
} shared;

struct irl_recorder {
  const irl_task* task;
  const irl_task_info* about;
  irl_recorder_options options;
  irl_live* live;
  irl_teleop* teleop;
  irl_journal* journal;
  irl_session session;
  irl_live_row row;

  double* state;     // of this episode                      (horizon + 1, nstate)
  double* action;    //                                      (horizon, nu)
  double* result;    // return up to a step                  (horizon + 1)
  bool* success;     // the task's rule at a step            (horizon + 1)
  double* practice;  // state and action of the practice     (nstate + nu)
  int number;        // of the last kept episode in the journal
  int running;       // number of the one that runs
  unsigned epoch;    // of the robot's posture
  bool behind;       // the simulation is not at the episode's last step
  bool resting;

  double last, due;  // times of the last turn and of the next control step [s]
  double began;      // of the measurement [s]
  int measured;      // control steps in it
  double real_time;
  int late;

  pthread_t thread;
  bool threaded;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  shared shared;
};

double irl_recorder_speed(const irl_task* task, int joints) {
  static const double tidy[] = {0.5, 0.2, 0.1, 0.05, 0.02, 0.01};
  const irl_task_info* t = irl_task_get(task);
  const double wanted = t->horizon * t->dt / (joints >= 6 ? 2 * EPISODE_SECONDS : EPISODE_SECONDS);
  double speed = 1;
  for (int i = 0; i < 6 && speed > wanted * 1.0001; i++) {
    speed = tidy[i];
  }
  return speed;
}

//---------------------------------- Messages ------------------------------------------------------

static void say(irl_recorder* r, bool alarming, const char* text) {
  pthread_mutex_lock(&r->lock);
  (void)snprintf(r->shared.view.message, sizeof r->shared.view.message, "%.310s", text);
  r->shared.view.alarming = alarming;
  r->shared.view.messages++;
  pthread_mutex_unlock(&r->lock);
}

//---------------------------------- Simulation ----------------------------------------------------

static double* state_at(const irl_recorder* r, int step) {
  return r->state + (size_t)step * (size_t)r->about->nstate;
}

static double* action_at(const irl_recorder* r, int step) {
  return r->action + (size_t)step * (size_t)r->about->nu;
}

// Puts the simulation at the start of the session's condition.
static irl_err reset(irl_recorder* r, irl_errinfo* info) {
  IRL_TRY(irl_live_reset(r->live, r->session.condition, r->options.seed, (uint64_t)r->session.start,
                         false, &r->row, info));
  irl_teleop_reset(r->teleop, r->row.state);
  memcpy(r->practice, r->row.state, (size_t)r->about->nstate * sizeof(double));
  memset(r->practice + r->about->nstate, 0, (size_t)r->about->nu * sizeof(double));
  memcpy(state_at(r, 0), r->row.state, (size_t)r->about->nstate * sizeof(double));
  r->behind = false;
  r->epoch++;
  return IRL_OK;
}

// Simulates the episode again up to its step `step`: the same actions give the same states, and so
// everything that is not in a state (velocities by difference, how long success has held) is right.
static irl_err repeat(irl_recorder* r, int step, irl_errinfo* info) {
  r->behind = true;
  IRL_TRY(irl_live_restore(r->live, state_at(r, 0), &r->row, info));
  for (int t = 0; t < step; t++) {
    IRL_TRY(irl_live_step(r->live, action_at(r, t), &r->row, info));
  }
  if (memcmp(r->row.state, state_at(r, step), (size_t)r->about->nstate * sizeof(double)) != 0) {
    return irl_fail(info, IRL_ESIM,
                    "%s: the simulation did not come to the recorded state again; keep or discard "
                    "the episode",
                    r->about->name);
  }
  irl_teleop_reset(r->teleop, r->row.state);
  r->behind = false;
  r->epoch++;
  return IRL_OK;
}

//---------------------------------- Orders --------------------------------------------------------

static void tell_ended(irl_recorder* r, const irl_session* before, const irl_orders* orders) {
  char text[200];
  if (!orders->keep) {
    return;
  }
  (void)snprintf(text, sizeof text, "episode %d kept: %d steps, return %.3g%s", r->session.kept,
                 before->length, r->result[before->length],
                 r->session.last_success ? ", success" : "");
  say(r, false, text);
}

static irl_err end_episode(irl_recorder* r, const irl_session* before, const irl_orders* orders,
                           irl_errinfo* info) {
  char label[sizeof r->shared.label];
  pthread_mutex_lock(&r->lock);
  memcpy(label, r->shared.label, sizeof label);
  pthread_mutex_unlock(&r->lock);
  IRL_TRY(irl_journal_end(r->journal, orders->keep, orders->keep ? orders->success : -1,
                          label[0] != '\0' ? label : NULL, info));
  if (orders->keep) {
    r->number = r->running;
  }
  tell_ended(r, before, orders);
  return IRL_OK;
}

static irl_err begin_episode(irl_recorder* r, irl_errinfo* info) {
  r->result[0] = 0;
  r->success[0] = false;
  return irl_journal_begin(r->journal, r->session.condition, r->options.seed, r->row.x,
                           r->row.state, &r->running, info);
}

static irl_err carry_out(irl_recorder* r, const irl_session* before, const irl_orders* orders,
                         irl_errinfo* info) {
  if (orders->end) {
    IRL_TRY(end_episode(r, before, orders, info));
  }
  if (orders->undo != 0) {
    IRL_TRY(irl_journal_discard(r->journal, r->number, orders->undo > 0, info));
  }
  if (orders->rewind) {
    IRL_TRY(irl_journal_rewind(r->journal, orders->step, info));
    r->behind = true;
  }
  if (orders->begin) {
    IRL_TRY(begin_episode(r, info));
  }
  return IRL_OK;
}

// Carries orders out. Where the journal refuses, the session is as it was before them: nothing is
// lost, and the person can try again.
static void obey(irl_recorder* r, const irl_session* before, const irl_orders* orders) {
  irl_errinfo info = {0};
  if (carry_out(r, before, orders, &info) != IRL_OK) {
    r->session = *before;
    irl_session_failed(&r->session, false);
    say(r, true, info.text);
    return;
  }
  if (orders->reset && reset(r, &info) != IRL_OK) {
    r->resting = true;
    say(r, true, info.text);
  } else if (orders->say != NULL) {
    say(r, false, orders->say);
  }
}

static void handle(irl_recorder* r, const mail* m) {
  const irl_session before = r->session;
  if (m->event == IRL_EVENT_PAUSE && r->session.phase == IRL_PHASE_READY) {
    r->resting = !r->resting;
    return;
  }
  const irl_orders orders = irl_session_event(&r->session, m->event, m->argument);
  r->resting = false;
  obey(r, &before, &orders);
}

//---------------------------------- Steps ---------------------------------------------------------

// A step of the practice; where the task would end, it begins again.
static void practise(irl_recorder* r, const irl_command* command, double speed) {
  irl_errinfo info = {0};
  double* u = r->practice + r->about->nstate;
  irl_teleop_act(r->teleop, r->practice, command, speed, u);
  if (irl_live_step(r->live, u, &r->row, &info) != IRL_OK || r->row.terminated) {
    if (reset(r, &info) != IRL_OK) {
      r->resting = true;
      say(r, true, info.text);
    }
    return;
  }
  memcpy(r->practice, r->row.state, (size_t)r->about->nstate * sizeof(double));
}

// Keeps what a recorded step gave.
static irl_err write_step(irl_recorder* r, int t, irl_errinfo* info) {
  const irl_live_row* row = &r->row;
  const irl_journal_row step = {.x = row->x,
                                .state = row->state,
                                .u = action_at(r, t),
                                .applied = row->applied,
                                .z = row->z,
                                .reward = row->reward,
                                .terminated = row->terminated,
                                .success = row->success};
  IRL_TRY(irl_journal_step(r->journal, &step, info));
  memcpy(state_at(r, t + 1), row->state, (size_t)r->about->nstate * sizeof(double));
  r->result[t + 1] = r->result[t] + row->reward;
  r->success[t + 1] = row->success;
  return IRL_OK;
}

static void record(irl_recorder* r, const irl_command* command, double speed) {
  irl_errinfo info = {0};
  const int t = r->session.length;
  double* u = action_at(r, t);
  irl_teleop_act(r->teleop, state_at(r, t), command, speed, u);
  irl_err err = irl_live_step(r->live, u, &r->row, &info);
  const bool diverged = err != IRL_OK;
  r->behind = true;
  if (!diverged) {
    err = write_step(r, t, &info);
  }
  if (err != IRL_OK) {
    irl_session_failed(&r->session, diverged);
    say(r, true, info.text);
    return;
  }
  r->behind = false;
  if (irl_session_stepped(&r->session, r->row.terminated, r->row.success)) {
    handle(r, &(mail){IRL_EVENT_RECORD, 0});
  }
}

//---------------------------------- Turns ---------------------------------------------------------

static bool moving(const irl_recorder* r) {
  return r->session.phase == IRL_PHASE_RECORDING ||
         (r->session.phase == IRL_PHASE_READY && !r->resting);
}

static void count_down(irl_recorder* r, double seconds) {
  const irl_session before = r->session;
  irl_errinfo info = {0};
  const irl_orders orders = irl_session_wait(&r->session, seconds);
  if (before.phase != r->session.phase && r->behind &&
      repeat(r, r->session.length, &info) != IRL_OK) {
    irl_session_failed(&r->session, true);
    say(r, true, info.text);
    return;
  }
  obey(r, &before, &orders);
}

// Does the control steps that are due; how many.
static int keep_pace(irl_recorder* r, double now, const irl_command* command, double speed) {
  const double period = r->about->dt / speed;
  int n = 0;
  for (; moving(r) && r->due <= now; n++) {
    if (now - r->due > period || n == CATCH_UP) {
      r->late += r->session.phase == IRL_PHASE_RECORDING;
      r->due = now;  // what was missed is not made up for: nobody acts in the past
    }
    if (r->session.phase == IRL_PHASE_RECORDING) {
      record(r, command, speed);
    } else {
      practise(r, command, speed);
    }
    r->due += period;
    r->measured++;
  }
  return n;
}

static void measure(irl_recorder* r, double now, double speed, bool was_moving) {
  if (!was_moving || !moving(r)) {
    r->began = now;
    r->measured = 0;
    r->real_time = moving(r) ? r->real_time : NAN;
  } else if (now - r->began > fmax(MEASURE_SECONDS, 4 * r->about->dt / speed)) {
    r->real_time = r->measured * r->about->dt / (now - r->began);
    r->began = now;
    r->measured = 0;
  }
}

// What stands still on the screen is on the disk.
static void settle(irl_recorder* r, irl_phase before) {
  irl_errinfo info = {0};
  const irl_phase now = r->session.phase;
  if (now != before && (now == IRL_PHASE_PAUSED || now == IRL_PHASE_REVIEW) &&
      irl_journal_sync(r->journal, &info) != IRL_OK) {
    say(r, true, info.text);
  }
}

static void publish(irl_recorder* r) {
  const irl_session* s = &r->session;
  irl_journal_status status;
  irl_journal_get(r->journal, &status);
  const bool episode = irl_session_running(s);
  const double* state = episode ? state_at(r, s->cursor) : r->practice;
  const double* u =
      episode && s->cursor > 0 ? action_at(r, s->cursor - 1) : r->practice + r->about->nstate;
  pthread_mutex_lock(&r->lock);
  irl_recorder_view* v = &r->shared.view;
  v->session = *s;
  memcpy(v->state, state, (size_t)r->about->nstate * sizeof(double));
  memcpy(v->u, u, (size_t)r->about->nu * sizeof(double));
  irl_teleop_where(r->teleop, &v->pose);
  v->epoch = r->epoch;
  if (r->shared.waiting && r->shared.command.placed && r->shared.epoch == r->epoch) {
    memcpy(v->pose.target, r->shared.command.target, sizeof v->pose.target);
  }
  v->result = episode ? r->result[s->cursor] : 0;
  v->success = episode && r->success[s->cursor];
  v->speed = r->shared.speed;
  v->real_time = r->real_time;
  v->late = r->late;
  v->written = status.steps;
  v->synced = status.synced;
  v->resting = r->resting;
  pthread_mutex_unlock(&r->lock);
}

double irl_recorder_turn(irl_recorder* r, double now) {
  mail inbox[INBOX];
  pthread_mutex_lock(&r->lock);
  const int nmail = r->shared.nmail;
  memcpy(inbox, r->shared.inbox, (size_t)nmail * sizeof *inbox);
  r->shared.nmail = 0;
  irl_command command = r->shared.command;
  const unsigned epoch = r->shared.epoch;
  const double speed = r->shared.speed;
  pthread_mutex_unlock(&r->lock);
  const bool was_moving = moving(r);
  const irl_phase phase = r->session.phase;
  for (int i = 0; i < nmail; i++) {
    handle(r, &inbox[i]);
  }
  count_down(r, now - r->last);
  r->last = now;
  if (!was_moving) {
    r->due = fmax(r->due, now);
  }
  if (epoch != r->epoch) {
    command.placed = command.turned = false;
  }
  const int steps = keep_pace(r, now, &command, speed);
  measure(r, now, speed, was_moving);
  settle(r, phase);
  publish(r);
  if (steps > 0) {
    pthread_mutex_lock(&r->lock);
    // unless another place was given meanwhile
    r->shared.waiting = r->shared.waiting && memcmp(r->shared.command.target, command.target,
                                                    sizeof command.target) != 0;
    pthread_mutex_unlock(&r->lock);
  }
  return moving(r) ? r->due : now + REST_SECONDS;
}

//---------------------------------- Thread --------------------------------------------------------

static double clock_now(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void* run(void* arg) {
  irl_recorder* r = arg;
  bool stop = false;
  r->last = r->due = r->began = clock_now();
  while (!stop) {
    const double next = irl_recorder_turn(r, clock_now());
    const struct timespec until = {(time_t)floor(next), (long)((next - floor(next)) * 1e9)};
    pthread_mutex_lock(&r->lock);
    if (!r->shared.stop && r->shared.nmail == 0) {
      (void)pthread_cond_timedwait(&r->wake, &r->lock, &until);
    }
    stop = r->shared.stop;
    pthread_mutex_unlock(&r->lock);
  }
  return NULL;
}

irl_err irl_recorder_start(irl_recorder* r, irl_errinfo* info) {
  if (pthread_create(&r->thread, NULL, run, r) != 0) {
    return irl_fail(info, IRL_ENOMEM, "record: no thread to be had; end other programs");
  }
  r->threaded = true;
  return IRL_OK;
}

static void stop_thread(irl_recorder* r) {
  if (!r->threaded) {
    return;
  }
  pthread_mutex_lock(&r->lock);
  r->shared.stop = true;
  pthread_cond_signal(&r->wake);
  pthread_mutex_unlock(&r->lock);
  (void)pthread_join(r->thread, NULL);
}

//---------------------------------- Exchange ------------------------------------------------------

void irl_recorder_send(irl_recorder* r, irl_event event, int argument) {
  pthread_mutex_lock(&r->lock);
  if (r->shared.nmail < INBOX) {
    r->shared.inbox[r->shared.nmail++] = (mail){event, argument};
  }
  pthread_cond_signal(&r->wake);
  pthread_mutex_unlock(&r->lock);
}

// A target that was placed and let go before a control step came must not be forgotten.
void irl_recorder_command(irl_recorder* r, const irl_command* command, unsigned epoch) {
  pthread_mutex_lock(&r->lock);
  irl_command* c = &r->shared.command;
  const irl_command last = *c;
  *c = *command;
  r->shared.waiting = r->shared.waiting && epoch == r->shared.epoch;
  r->shared.epoch = epoch;
  if (r->shared.waiting && last.placed && !command->placed) {
    c->placed = true;
    memcpy(c->target, last.target, sizeof c->target);
  }
  if (r->shared.waiting && last.turned && !command->turned) {
    c->turned = true;
    memcpy(c->quat, last.quat, sizeof c->quat);
  }
  r->shared.waiting = c->placed || c->turned;
  pthread_mutex_unlock(&r->lock);
}

void irl_recorder_set_speed(irl_recorder* r, double speed) {
  pthread_mutex_lock(&r->lock);
  r->shared.speed = speed;
  r->shared.view.speed = speed;
  pthread_mutex_unlock(&r->lock);
}

void irl_recorder_set_label(irl_recorder* r, const char* label) {
  pthread_mutex_lock(&r->lock);
  (void)snprintf(r->shared.label, sizeof r->shared.label, "%s", label != NULL ? label : "");
  pthread_mutex_unlock(&r->lock);
}

void irl_recorder_look(irl_recorder* r, irl_recorder_view* view) {
  double *state = view->state, *u = view->u;
  pthread_mutex_lock(&r->lock);
  *view = r->shared.view;
  memcpy(state, r->shared.view.state, (size_t)r->about->nstate * sizeof(double));
  memcpy(u, r->shared.view.u, (size_t)r->about->nu * sizeof(double));
  pthread_mutex_unlock(&r->lock);
  view->state = state;
  view->u = u;
}

const irl_teleop* irl_recorder_teleop(const irl_recorder* r) {
  return r->teleop;
}

//---------------------------------- Life ----------------------------------------------------------

static irl_err allocate(irl_recorder* r) {
  const size_t rows = (size_t)r->about->horizon + 1;
  const size_t nstate = (size_t)r->about->nstate, nu = (size_t)r->about->nu;
  r->state = IRL_NEW(double, rows* nstate);
  r->action = IRL_NEW(double, rows* nu);
  r->result = IRL_NEW(double, rows);
  r->success = IRL_NEW(bool, rows);
  r->practice = IRL_NEW(double, nstate + nu);
  r->shared.view.state = IRL_NEW(double, nstate);
  r->shared.view.u = IRL_NEW(double, nu + 1);
  return r->state != NULL && r->action != NULL && r->result != NULL && r->success != NULL &&
                 r->practice != NULL && r->shared.view.state != NULL && r->shared.view.u != NULL
             ? IRL_OK
             : IRL_ENOMEM;
}

static void init_locks(irl_recorder* r) {
  pthread_condattr_t attributes;
  (void)pthread_condattr_init(&attributes);
  (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  (void)pthread_mutex_init(&r->lock, NULL);
  (void)pthread_cond_init(&r->wake, &attributes);
  (void)pthread_condattr_destroy(&attributes);
}

static void destroy(irl_recorder* r) {
  irl_live_destroy(r->live);
  irl_teleop_destroy(r->teleop);
  irl_free(r->state);
  irl_free(r->action);
  irl_free(r->result);
  irl_free(r->success);
  irl_free(r->practice);
  irl_free(r->shared.view.state);
  irl_free(r->shared.view.u);
  (void)pthread_cond_destroy(&r->wake);
  (void)pthread_mutex_destroy(&r->lock);
  irl_free(r);
}

static irl_err prepare(irl_recorder* r, irl_errinfo* info) {
  if (allocate(r) != IRL_OK) {
    return irl_fail(info, IRL_ENOMEM, "record: out of memory; shorten the task's horizon");
  }
  IRL_TRY(irl_teleop_create(&r->teleop, r->task, info));
  IRL_TRY(irl_live_create(&r->live, r->task, info));
  IRL_TRY(reset(r, info));
  const irl_journal_options journal = {
      .seed = r->options.seed, .sync_ms = IRL_JOURNAL_SYNC_MS, .no_logq = true};
  return irl_journal_create(&r->journal, r->options.dir, r->task, &journal, info);
}

irl_err irl_recorder_create(irl_recorder** out, const irl_task* task,
                            const irl_recorder_options* options, irl_errinfo* info) {
  *out = NULL;
  irl_recorder* r = IRL_NEW(irl_recorder, 1);
  if (r == NULL) {
    return IRL_ENOMEM;
  }
  r->task = task;
  r->about = irl_task_get(task);
  r->options = *options;
  r->options.session.horizon = r->about->horizon;
  r->options.session.conditions = r->about->nconditions;
  r->options.session.judged = r->about->has_success;
  r->real_time = NAN;
  r->shared.command = irl_command_defaults();
  irl_session_init(&r->session, &r->options.session, options->first);
  init_locks(r);
  const irl_err err = prepare(r, info);
  if (err != IRL_OK) {
    destroy(r);
    return err;
  }
  r->shared.speed = options->speed > 0
                        ? options->speed
                        : irl_recorder_speed(task, irl_teleop_get(r->teleop)->joints);
  irl_recorder_set_label(r, options->label);
  publish(r);
  *out = r;
  return IRL_OK;
}

irl_err irl_recorder_close(irl_recorder* r, irl_errinfo* info) {
  if (r == NULL) {
    return IRL_OK;
  }
  stop_thread(r);
  const irl_session before = r->session;
  const irl_orders orders = irl_session_close(&r->session);
  irl_errinfo first = {0};
  irl_err err = IRL_OK;
  if (orders.end) {
    err = end_episode(r, &before, &orders, &first);
  }
  irl_errinfo second = {0};
  const irl_err closed = irl_journal_close(r->journal, &second);
  destroy(r);
  if (err == IRL_OK) {
    err = closed;
    first = second;
  }
  return err == IRL_OK ? IRL_OK : irl_fail(info, err, "%s", first.text);
}
