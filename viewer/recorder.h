// The recorder: simulation, teleoperation, session and journal together, on a thread of their own,
// so that no window ever stalls the physics. The window sends events and commands and copies out
// views; both are short copies under a lock.
#ifndef MJIRL_VIEWER_RECORDER_H_
#define MJIRL_VIEWER_RECORDER_H_

#include <stdbool.h>
#include <stdint.h>

#include "envs/task.h"
#include "viewer/session.h"
#include "viewer/teleop.h"

typedef struct irl_recorder_options {
  const char* dir;              // folder of the dataset
  uint64_t seed;                // of the starts
  int first;                    // number of the first start in the streams of noise
  double speed;                 // seconds of the simulation a second, 0: irl_recorder_speed
  const char* label;            // of the episodes, or NULL
  irl_session_options session;  // horizon, conditions and judged are filled in
} irl_recorder_options;

// What a person can follow: short episodes slowed down to five seconds or more, twice that for
// hands that six joints or more place and turn.
double irl_recorder_speed(const irl_task* task, int joints);

typedef struct irl_recorder irl_recorder;

// Makes everything, and the journal last: a failure leaves nothing behind. The first practice
// stands at its start. Errors: those of irl_teleop_create, irl_live_create, irl_journal_create.
IRL_NODISCARD irl_err irl_recorder_create(irl_recorder** recorder, const irl_task* task,
                                          const irl_recorder_options* options, irl_errinfo* info);

// Runs turns on a thread until irl_recorder_close. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_recorder_start(irl_recorder* recorder, irl_errinfo* info);

// One turn by hand, without a thread: does what is due at time `now` [s] and returns when the next
// thing is. Time must not run backwards.
double irl_recorder_turn(irl_recorder* recorder, double now);

// Ends: an episode that runs is kept, the journal is closed and waits for irl_demos_fold. Frees the
// recorder in any case. NULL is fine.
IRL_NODISCARD irl_err irl_recorder_close(irl_recorder* recorder, irl_errinfo* info);

//---------------------------------- From the window -----------------------------------------------

void irl_recorder_send(irl_recorder* recorder, irl_event event, int argument);

// What the person wants from now on. epoch: that of the view by which the target was placed; a
// place from before the robot was put somewhere else means nothing.
void irl_recorder_command(irl_recorder* recorder, const irl_command* command, unsigned epoch);
void irl_recorder_set_speed(irl_recorder* recorder, double speed);
void irl_recorder_set_label(irl_recorder* recorder, const char* label);  // of episodes that end

//---------------------------------- To the window -------------------------------------------------

// A moment of the recording.
typedef struct irl_recorder_view {
  irl_session session;
  double* state;  // physics state to show (nstate), the caller's memory
  double* u;      // action that led to it (nu), the caller's memory
  irl_teleop_pose pose;
  unsigned epoch;           // grows when the robot is put somewhere else: a start, an earlier step
  double result;            // return up to the step shown
  bool success;             // the task's rule held at the step shown
  double speed;             // asked for
  double real_time;         // seconds of the simulation in a second, measured; NaN while it stands
  int late;                 // control steps that came more than a step's time too late
  int64_t written, synced;  // steps in the journal, and of them on the disk
  bool resting;             // practice is paused
  unsigned messages;        // grows with each message
  char message[320];
  bool alarming;  // the message tells of a failure
} irl_recorder_view;

void irl_recorder_look(irl_recorder* recorder, irl_recorder_view* view);

const irl_teleop* irl_recorder_teleop(const irl_recorder* recorder);  // only what never changes

#endif  // MJIRL_VIEWER_RECORDER_H_
