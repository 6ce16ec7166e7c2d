#include "viewer/session.h"

#include <stddef.h>

const char* irl_phase_name(irl_phase phase) {
  static const char* const names[] = {"ready", "countdown", "recording", "paused", "review"};
  return names[phase];
}

void irl_session_init(irl_session* s, const irl_session_options* options, int start) {
  *s = (irl_session){.options = *options, .start = start, .first_success = -1};
  s->condition = options->condition >= 0 ? options->condition : start % options->conditions;
}

bool irl_session_done(const irl_session* s) {
  return s->options.wanted > 0 && s->kept >= s->options.wanted;
}

bool irl_session_running(const irl_session* s) {
  return s->phase == IRL_PHASE_RECORDING || s->phase == IRL_PHASE_PAUSED ||
         s->phase == IRL_PHASE_REVIEW || (s->phase == IRL_PHASE_COUNTDOWN && s->resumes);
}

//---------------------------------- Beginning and ending ------------------------------------------

static void clear_episode(irl_session* s) {
  s->length = s->cursor = s->held = 0;
  s->first_success = -1;
  s->over = s->resumes = false;
}

static irl_orders count_down(irl_session* s) {
  clear_episode(s);
  s->phase = IRL_PHASE_COUNTDOWN;
  s->count = s->options.countdown;
  return (irl_orders){.reset = true};
}

// The next start: another noise and, where all conditions are wanted, the next one.
static void next_start(irl_session* s) {
  s->start++;
  if (s->options.condition < 0) {
    s->condition = (s->condition + 1) % s->options.conditions;
  }
}

static irl_orders go_ready(irl_session* s, irl_orders orders) {
  clear_episode(s);
  s->phase = IRL_PHASE_READY;
  orders.reset = true;
  return orders;
}

// Success by the person's word (0 or 1) or else by the task's rule.
static bool succeeded(const irl_session* s, int verdict) {
  return verdict >= 0 ? verdict == 1 : s->first_success >= 0;
}

static irl_orders throw_away(irl_session* s, const char* say) {
  s->discarded++;
  s->last = 0;  // it is the same start again: nothing to take back
  return go_ready(s, (irl_orders){.end = true, .say = say});
}

static irl_orders keep(irl_session* s, int verdict) {
  const bool good = succeeded(s, verdict);
  if (s->length == 0) {
    return throw_away(s, "the episode had no step and is gone");
  }
  if (s->options.only_success && !good && (verdict >= 0 || s->options.judged)) {
    return throw_away(s, "no success: discarded");
  }
  s->kept++;
  s->successes += good;
  s->last = 1;
  s->last_success = good;
  next_start(s);
  return go_ready(s, (irl_orders){.end = true,
                                  .keep = true,
                                  .success = verdict,
                                  .say = irl_session_done(s) ? "all episodes are recorded" : NULL});
}

//---------------------------------- Stopping and going on -----------------------------------------

static irl_orders pause_at(irl_session* s, int step) {
  if (s->phase == IRL_PHASE_RECORDING) {
    s->phase = IRL_PHASE_PAUSED;
  }
  s->cursor = step < 0 ? 0 : step > s->length ? s->length : step;
  return (irl_orders){0};
}

// Goes on from the cursor: what lies behind it is taken back.
static irl_orders go_on(irl_session* s) {
  irl_orders orders = {0};
  if (s->cursor == s->length && (s->over || s->length >= s->options.horizon)) {
    return (irl_orders){.say = "the episode is at its end; go back first (Left)"};
  }
  if (s->cursor < s->length) {
    orders.rewind = true;
    orders.step = s->cursor;
    s->length = s->cursor;
    s->over = false;
    s->held = 0;
    s->first_success = s->first_success > s->cursor ? -1 : s->first_success;
  }
  s->phase = IRL_PHASE_COUNTDOWN;
  s->resumes = true;
  s->count = s->options.countdown;
  return orders;
}

static irl_orders to_review(irl_session* s) {
  s->phase = IRL_PHASE_REVIEW;
  s->cursor = s->length;
  return (irl_orders){0};
}

//---------------------------------- Events --------------------------------------------------------

static irl_orders undo_last(irl_session* s) {
  if (s->last == 0) {
    return (irl_orders){.say = "there is no episode to discard"};
  }
  const bool discard = s->last == 1;
  s->last = -s->last;
  s->kept += discard ? -1 : 1;
  s->discarded += discard ? 1 : -1;
  s->successes += s->last_success ? (discard ? -1 : 1) : 0;
  return (irl_orders){.undo = discard ? 1 : -1,
                      .say = discard ? "the last episode is discarded (again: take that back)"
                                     : "the last episode is kept after all"};
}

static irl_orders when_ready(irl_session* s, irl_event event, int argument) {
  const int n = s->options.conditions;
  switch (event) {
    case IRL_EVENT_RECORD:
    case IRL_EVENT_RETRY:
      return count_down(s);
    case IRL_EVENT_DISCARD:
      return undo_last(s);
    case IRL_EVENT_RESTART:
      return (irl_orders){.reset = true};
    case IRL_EVENT_CONDITION:
      s->condition = ((s->condition + argument) % n + n) % n;
      s->options.condition = s->options.condition >= 0 ? s->condition : -1;
      return (irl_orders){.reset = true};
    default:
      return (irl_orders){0};
  }
}

static irl_orders when_counting(irl_session* s, irl_event event) {
  switch (event) {
    case IRL_EVENT_RECORD:
    case IRL_EVENT_PAUSE:
    case IRL_EVENT_STEP:
    case IRL_EVENT_SEEK:
    case IRL_EVENT_DISCARD:
    case IRL_EVENT_RETRY:
      if (s->resumes) {
        s->phase = IRL_PHASE_PAUSED;
        return (irl_orders){0};
      }
      return go_ready(s, (irl_orders){0});
    default:
      return (irl_orders){0};
  }
}

// A task without a rule of its own leaves it to the person when only successes are wanted.
static irl_orders keep_reviewed(irl_session* s) {
  if (s->options.only_success && !s->options.judged) {
    return (irl_orders){.say = "say what it was: Y success, N failure"};
  }
  return keep(s, -1);
}

static irl_orders when_running(irl_session* s, irl_event event, int argument) {
  switch (event) {
    case IRL_EVENT_RECORD:
      return s->phase == IRL_PHASE_REVIEW ? keep_reviewed(s) : to_review(s);
    case IRL_EVENT_PAUSE:
      return s->phase == IRL_PHASE_RECORDING ? pause_at(s, s->length) : go_on(s);
    case IRL_EVENT_STEP:
      return pause_at(s, s->cursor + argument);
    case IRL_EVENT_SEEK:
      return pause_at(s, argument);
    case IRL_EVENT_SUCCESS:
      return keep(s, 1);
    case IRL_EVENT_FAILURE:
      return keep(s, 0);
    case IRL_EVENT_DISCARD:
      return throw_away(s, "discarded");
    case IRL_EVENT_RETRY: {
      const irl_orders away = throw_away(s, "discarded; once more");
      irl_orders orders = count_down(s);
      orders.end = away.end;
      orders.say = away.say;
      return orders;
    }
    default:
      return (irl_orders){0};
  }
}

irl_orders irl_session_event(irl_session* s, irl_event event, int argument) {
  if (s->phase == IRL_PHASE_READY) {
    return when_ready(s, event, argument);
  }
  if (s->phase == IRL_PHASE_COUNTDOWN) {
    return when_counting(s, event);
  }
  return when_running(s, event, argument);
}

//---------------------------------- Time ----------------------------------------------------------

irl_orders irl_session_wait(irl_session* s, double seconds) {
  if (s->phase != IRL_PHASE_COUNTDOWN) {
    return (irl_orders){0};
  }
  s->count -= seconds;
  if (s->count > 0) {
    return (irl_orders){0};
  }
  const bool begins = !s->resumes;
  s->phase = IRL_PHASE_RECORDING;
  s->resumes = false;
  return (irl_orders){.begin = begins};
}

bool irl_session_stepped(irl_session* s, bool terminated, bool success) {
  s->length++;
  s->cursor = s->length;
  s->held = success ? s->held + 1 : 0;
  if (success && s->first_success < 0) {
    s->first_success = s->length;
  }
  s->over = terminated;
  const bool ripe = s->options.hold > 0 && s->held >= s->options.hold;
  if (ripe || terminated || s->length >= s->options.horizon) {
    (void)to_review(s);
  }
  return ripe;
}

void irl_session_failed(irl_session* s, bool diverged) {
  if (s->phase == IRL_PHASE_RECORDING || (s->phase == IRL_PHASE_COUNTDOWN && s->resumes)) {
    s->phase = IRL_PHASE_PAUSED;
    s->cursor = s->length;
    s->over = s->over || diverged;
  } else if (s->phase == IRL_PHASE_COUNTDOWN) {
    s->phase = IRL_PHASE_READY;
  }
}

irl_orders irl_session_close(irl_session* s) {
  if (!irl_session_running(s)) {
    return (irl_orders){0};
  }
  return keep(s, -1);
}
