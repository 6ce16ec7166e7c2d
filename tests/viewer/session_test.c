// The course of a session: every phase's keys, and what is ordered for them.
#include "viewer/session.h"

#include "test.h"

static irl_session begin(irl_session_options o) {
  irl_session s;
  o.horizon = o.horizon > 0 ? o.horizon : 10;
  o.conditions = o.conditions > 0 ? o.conditions : 3;
  irl_session_init(&s, &o, 0);
  return s;
}

static irl_session_options all_conditions(void) {
  return (irl_session_options){.condition = -1, .judged = true, .countdown = 2};
}

static irl_orders press(irl_session* s, irl_event event) {
  return irl_session_event(s, event, 0);
}

// From practice to recording with n steps in it.
static void run_to(irl_session* s, int n) {
  CHECK(press(s, IRL_EVENT_RECORD).reset);
  CHECK(s->phase == IRL_PHASE_COUNTDOWN);
  CHECK(irl_session_wait(s, s->options.countdown + 0.1).begin);
  CHECK(s->phase == IRL_PHASE_RECORDING);
  for (int i = 0; i < n; i++) {
    CHECK(!irl_session_stepped(s, false, false));
  }
}

static void counts_down(void) {
  irl_session s = begin(all_conditions());
  CHECK(press(&s, IRL_EVENT_RECORD).reset);
  CHECK(!irl_session_wait(&s, 1.9).begin && s.phase == IRL_PHASE_COUNTDOWN);
  CHECK(!irl_session_running(&s));
  CHECK(press(&s, IRL_EVENT_PAUSE).reset);  // cancelled: nothing had begun
  CHECK(s.phase == IRL_PHASE_READY);
  run_to(&s, 2);
  CHECK(irl_session_running(&s) && s.length == 2 && s.cursor == 2);
}

static void records_and_keeps(void) {
  irl_session s = begin(all_conditions());
  run_to(&s, 4);
  CHECK(!press(&s, IRL_EVENT_RECORD).end);
  CHECK(s.phase == IRL_PHASE_REVIEW);
  const irl_orders o = press(&s, IRL_EVENT_RECORD);
  CHECK(o.end && o.keep && o.success == -1 && o.reset);
  CHECK(s.phase == IRL_PHASE_READY && s.kept == 1 && s.successes == 0);
  CHECK(s.condition == 1 && s.start == 1);  // the next start
}

static void ends_at_the_horizon_and_by_the_rules(void) {
  irl_session s = begin(all_conditions());
  run_to(&s, 9);
  CHECK(!irl_session_stepped(&s, false, false));
  CHECK(s.phase == IRL_PHASE_REVIEW && s.length == 10);
  CHECK(press(&s, IRL_EVENT_PAUSE).say != NULL);  // nothing to go on to
  CHECK(s.phase == IRL_PHASE_REVIEW);
  (void)press(&s, IRL_EVENT_DISCARD);
  run_to(&s, 3);
  CHECK(!irl_session_stepped(&s, true, false));
  CHECK(s.phase == IRL_PHASE_REVIEW && s.over);
}

static void judges(void) {
  irl_session s = begin(all_conditions());
  run_to(&s, 2);
  irl_orders o = press(&s, IRL_EVENT_SUCCESS);
  CHECK(o.end && o.keep && o.success == 1 && s.successes == 1);
  run_to(&s, 2);
  o = press(&s, IRL_EVENT_FAILURE);
  CHECK(o.end && o.keep && o.success == 0 && s.successes == 1 && s.kept == 2);
  run_to(&s, 2);
  CHECK(!irl_session_stepped(&s, false, true));  // by the task's rule
  (void)press(&s, IRL_EVENT_RECORD);
  o = press(&s, IRL_EVENT_RECORD);
  CHECK(o.keep && o.success == -1 && s.successes == 2);
}

static void keeps_only_successes(void) {
  irl_session_options options = all_conditions();
  options.only_success = true;
  irl_session s = begin(options);
  run_to(&s, 2);
  irl_orders o = press(&s, IRL_EVENT_FAILURE);
  CHECK(o.end && !o.keep && s.kept == 0 && s.discarded == 1 && s.start == 0);
  run_to(&s, 2);
  (void)press(&s, IRL_EVENT_RECORD);
  CHECK(!press(&s, IRL_EVENT_RECORD).keep);
  run_to(&s, 2);
  CHECK(press(&s, IRL_EVENT_SUCCESS).keep);
  options.judged = false;  // no rule: the person must say it
  s = begin(options);
  run_to(&s, 2);
  (void)press(&s, IRL_EVENT_RECORD);
  o = press(&s, IRL_EVENT_RECORD);
  CHECK(!o.end && o.say != NULL && s.phase == IRL_PHASE_REVIEW);
  CHECK(irl_session_close(&s).keep);  // not judged is not failed
}

static void ends_after_a_hold(void) {
  irl_session_options options = all_conditions();
  options.hold = 3;
  irl_session s = begin(options);
  run_to(&s, 1);
  CHECK(!irl_session_stepped(&s, false, true) && !irl_session_stepped(&s, false, true));
  CHECK(!irl_session_stepped(&s, false, false));  // it slips: counted anew
  CHECK(!irl_session_stepped(&s, false, true) && !irl_session_stepped(&s, false, true));
  CHECK(irl_session_stepped(&s, false, true));
  CHECK(s.phase == IRL_PHASE_REVIEW);
  CHECK(press(&s, IRL_EVENT_RECORD).keep && s.successes == 1);
}

static void discards_and_retries(void) {
  irl_session s = begin(all_conditions());
  run_to(&s, 3);
  irl_orders o = press(&s, IRL_EVENT_DISCARD);
  CHECK(o.end && !o.keep && o.reset && s.discarded == 1);
  CHECK(s.start == 0 && s.condition == 0);  // the same start again
  run_to(&s, 3);
  o = press(&s, IRL_EVENT_RETRY);
  CHECK(o.end && !o.keep && o.reset && s.phase == IRL_PHASE_COUNTDOWN && s.length == 0);
  CHECK(irl_session_wait(&s, 3).begin);
}

static void takes_the_last_back(void) {
  irl_session s = begin(all_conditions());
  CHECK(press(&s, IRL_EVENT_DISCARD).undo == 0);
  run_to(&s, 3);
  (void)press(&s, IRL_EVENT_SUCCESS);
  CHECK(press(&s, IRL_EVENT_DISCARD).undo == 1);
  CHECK(s.kept == 0 && s.discarded == 1 && s.successes == 0);
  CHECK(press(&s, IRL_EVENT_DISCARD).undo == -1);
  CHECK(s.kept == 1 && s.discarded == 0 && s.successes == 1);
}

static void rewinds_and_goes_on(void) {
  irl_session s = begin(all_conditions());
  run_to(&s, 8);
  CHECK(!press(&s, IRL_EVENT_PAUSE).rewind && s.phase == IRL_PHASE_PAUSED);
  (void)irl_session_event(&s, IRL_EVENT_STEP, -3);
  CHECK(s.cursor == 5 && s.length == 8);
  (void)irl_session_event(&s, IRL_EVENT_STEP, -30);
  CHECK(s.cursor == 0);
  (void)irl_session_event(&s, IRL_EVENT_SEEK, 6);
  const irl_orders o = press(&s, IRL_EVENT_PAUSE);
  CHECK(o.rewind && o.step == 6 && s.length == 6);
  CHECK(s.phase == IRL_PHASE_COUNTDOWN && irl_session_running(&s));
  CHECK(!irl_session_wait(&s, 3).begin);  // it goes on, it does not begin
  CHECK(s.phase == IRL_PHASE_RECORDING);
  (void)irl_session_stepped(&s, false, false);
  CHECK(s.length == 7);
}

// Going back before the success takes it back; going back from a failed end opens it again.
static void rewinding_takes_back_what_came_after(void) {
  irl_session s = begin(all_conditions());
  run_to(&s, 3);
  (void)irl_session_stepped(&s, false, true);
  (void)irl_session_stepped(&s, true, false);
  CHECK(s.phase == IRL_PHASE_REVIEW && s.first_success == 4);
  (void)irl_session_event(&s, IRL_EVENT_SEEK, 4);
  CHECK(press(&s, IRL_EVENT_PAUSE).rewind && s.first_success == 4 && !s.over);
  (void)irl_session_wait(&s, 3);
  (void)irl_session_event(&s, IRL_EVENT_STEP, -1);
  CHECK(s.phase == IRL_PHASE_PAUSED && s.cursor == 3);
  CHECK(press(&s, IRL_EVENT_PAUSE).rewind && s.first_success == -1);
}

static void closes(void) {
  irl_session s = begin(all_conditions());
  CHECK(!irl_session_close(&s).end);
  run_to(&s, 3);
  irl_orders o = irl_session_close(&s);
  CHECK(o.end && o.keep && o.success == -1);
  run_to(&s, 0);
  o = irl_session_close(&s);
  CHECK(o.end && !o.keep);  // without a step there is nothing to keep
}

static void counts_what_is_wanted(void) {
  irl_session_options options = all_conditions();
  options.wanted = 2;
  irl_session s = begin(options);
  for (int i = 0; i < 2; i++) {
    CHECK(!irl_session_done(&s));
    run_to(&s, 1);
    (void)press(&s, IRL_EVENT_SUCCESS);
  }
  CHECK(irl_session_done(&s));
  (void)press(&s, IRL_EVENT_DISCARD);
  CHECK(!irl_session_done(&s));
}

static void chooses_conditions(void) {
  irl_session s = begin(all_conditions());
  CHECK(irl_session_event(&s, IRL_EVENT_CONDITION, -1).reset && s.condition == 2);
  run_to(&s, 1);
  CHECK(!irl_session_event(&s, IRL_EVENT_CONDITION, 1).reset && s.condition == 2);
  (void)press(&s, IRL_EVENT_SUCCESS);
  CHECK(s.condition == 0);
  irl_session_options options = all_conditions();
  options.condition = 1;
  s = begin(options);
  run_to(&s, 1);
  (void)press(&s, IRL_EVENT_SUCCESS);
  CHECK(s.condition == 1 && s.start == 1);
}

static void survives_failures(void) {
  irl_session s = begin(all_conditions());
  (void)press(&s, IRL_EVENT_RECORD);
  irl_session_failed(&s, false);
  CHECK(s.phase == IRL_PHASE_READY);
  run_to(&s, 4);
  irl_session_failed(&s, false);
  CHECK(s.phase == IRL_PHASE_PAUSED && s.length == 4);
  CHECK(press(&s, IRL_EVENT_PAUSE).say == NULL);  // it can go on
  (void)irl_session_wait(&s, 3);
  irl_session_failed(&s, true);
  CHECK(press(&s, IRL_EVENT_PAUSE).say != NULL);  // diverged: only from an earlier step
  (void)irl_session_event(&s, IRL_EVENT_STEP, -1);
  CHECK(press(&s, IRL_EVENT_PAUSE).rewind);
}

TESTS(TEST(counts_down), TEST(records_and_keeps), TEST(ends_at_the_horizon_and_by_the_rules),
      TEST(judges), TEST(keeps_only_successes), TEST(ends_after_a_hold), TEST(discards_and_retries),
      TEST(takes_the_last_back), TEST(rewinds_and_goes_on),
      TEST(rewinding_takes_back_what_came_after), TEST(closes), TEST(counts_what_is_wanted),
      TEST(chooses_conditions), TEST(survives_failures))
