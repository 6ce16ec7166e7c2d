// The course of a recording session as a state machine: pure, without clock, files or simulation.
// Events go in, orders come out; whoever owns the journal and the simulation carries them out.
//
//   READY      practice: the robot can be moved, nothing is recorded
//   COUNTDOWN  at the episode's first state, about to begin (or to go on)
//   RECORDING  every control step is kept
//   PAUSED     stopped at a step; earlier ones can be looked at and gone on from
//   REVIEW     the episode is over and waits to be judged
#ifndef MJIRL_VIEWER_SESSION_H_
#define MJIRL_VIEWER_SESSION_H_

#include <stdbool.h>

typedef enum irl_phase {
  IRL_PHASE_READY,
  IRL_PHASE_COUNTDOWN,
  IRL_PHASE_RECORDING,
  IRL_PHASE_PAUSED,
  IRL_PHASE_REVIEW,
} irl_phase;
const char* irl_phase_name(irl_phase phase);  // "ready", "countdown", ...

typedef enum irl_event {
  IRL_EVENT_RECORD,     // start; stop; keep what is reviewed
  IRL_EVENT_PAUSE,      // pause; go on, from an earlier step after SEEK
  IRL_EVENT_STEP,       // look `argument` steps further on (back if negative)
  IRL_EVENT_SEEK,       // look at step `argument`
  IRL_EVENT_SUCCESS,    // end the episode as a success and keep it
  IRL_EVENT_FAILURE,    // end it as a failure and keep it, unless only successes are wanted
  IRL_EVENT_DISCARD,    // throw the episode away; in READY: the last one, or take it back again
  IRL_EVENT_RETRY,      // throw it away and begin again from the same start
  IRL_EVENT_CONDITION,  // the condition `argument` places further on, in READY
  IRL_EVENT_RESTART,    // back to the start of the practice, in READY
} irl_event;

typedef struct irl_session_options {
  int horizon;     // most steps of an episode
  int conditions;  // of the task
  int condition;   // the only one to record, or -1: all in turn
  int wanted;      // episodes, 0: any number
  int hold;        // steps in a row of success after which an episode ends by itself, 0: never
  bool only_success;
  bool judged;       // the task says what success is
  double countdown;  // [s]
} irl_session_options;

typedef struct irl_session {
  irl_session_options options;
  irl_phase phase;
  int condition;                   // of this episode
  int start;                       // number of its start state in the stream of noise
  int length;                      // steps recorded
  int cursor;                      // step that is shown, <= length
  bool over;                       // the task's rules ended it: it cannot go on from its last step
  bool resumes;                    // COUNTDOWN goes on with an episode instead of beginning one
  int first_success;               // step after which the task's success held, -1: none
  int held;                        // steps in a row of it
  double count;                    // of the countdown [s]
  int kept, discarded, successes;  // episodes of this session
  int last;  // 1: the last ended episode is kept, -1: discarded, 0: there is none
  bool last_success;
} irl_session;

// What is to be done, in this order; zero: nothing.
typedef struct irl_orders {
  bool end;     // end the journal's running episode,
  bool keep;    // to keep it or not,
  int success;  // as success (1), failure (0), or as the task's rule says (-1)
  int undo;     // 1: discard the last ended episode after all, -1: take that back
  bool reset;   // simulation to the start (condition, start)
  bool begin;   // an episode begins in the journal
  bool rewind;  // take back all steps from `step` on and put the simulation there
  int step;
  const char* say;  // for the person, or NULL
} irl_orders;

void irl_session_init(irl_session* session, const irl_session_options* options, int start);

irl_orders irl_session_event(irl_session* session, irl_event event, int argument);

// Some seconds passed: the countdown runs.
irl_orders irl_session_wait(irl_session* session, double seconds);

// A control step was recorded. True when success has held as long as was asked for: the episode is
// over and good, and IRL_EVENT_RECORD keeps it.
bool irl_session_stepped(irl_session* session, bool terminated, bool success);

// The simulation or the journal failed: the episode stops where it is. A simulation that diverged
// cannot go on from its last step.
void irl_session_failed(irl_session* session, bool diverged);

// The session closes: an episode that runs is kept (unless it is no success and only those are
// wanted).
irl_orders irl_session_close(irl_session* session);

bool irl_session_done(const irl_session* session);     // as many episodes as wanted
bool irl_session_running(const irl_session* session);  // an episode is open in the journal

#endif  // MJIRL_VIEWER_SESSION_H_
