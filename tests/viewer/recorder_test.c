// The recorder without a window: by hand with a clock of the test's own, and on its thread. What it
// recorded must re-simulate to the same states, whatever was rewound and discarded on the way.
#include "viewer/recorder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arms.h"
#include "demos/demos.h"
#include "demos/journal.h"

typedef struct desk {
  irl_task* task;
  irl_recorder* recorder;
  irl_recorder_view view;
  char dir[256];
  double now;
} desk;

static void desk_open(desk* k, const char* task, const char* name, irl_session_options session) {
  irl_errinfo info = {0};
  const char* root = test_folder();
  *k = (desk){0};
  CHECK_OK(irl_task_load(&k->task, task, NULL, 0, &info));
  if (k->task == NULL) {
    printf("%s\n", info.text);
    exit(100);
  }
  snprintf(k->dir, sizeof k->dir, "%s/recorder_%s_%d", root, name, (int)getpid());
  const irl_recorder_options options = {
      .dir = k->dir, .seed = 5, .speed = 1, .label = "by test", .session = session};
  CHECK_OK(irl_recorder_create(&k->recorder, k->task, &options, &info));
  if (k->recorder == NULL) {
    printf("%s\n", info.text);
    exit(100);
  }
  k->view.state = calloc((size_t)irl_task_get(k->task)->nstate, sizeof(double));
  k->view.u = calloc((size_t)irl_task_get(k->task)->nu + 1, sizeof(double));
}

static void look(desk* k) {
  irl_recorder_look(k->recorder, &k->view);
}

// Turns until `seconds` later.
static void pass(desk* k, double seconds) {
  const double until = k->now + seconds;
  while (k->now < until) {
    const double next = irl_recorder_turn(k->recorder, k->now);
    k->now = fmin(until, fmax(next, k->now + 1e-4));
  }
  (void)irl_recorder_turn(k->recorder, k->now);
  look(k);
}

static void press(desk* k, irl_event event, int argument) {
  irl_recorder_send(k->recorder, event, argument);
  pass(k, 1e-3);
}

static void pull_to(desk* k, double x, double y, double z) {
  irl_command c = irl_command_defaults();
  c.placed = true;
  c.target[0] = x;
  c.target[1] = y;
  c.target[2] = z;
  irl_recorder_command(k->recorder, &c, k->view.epoch);
}

// Ends the session and reads back what it left; the folder is removed.
static irl_demos* desk_close(desk* k, int episodes) {
  irl_errinfo info = {0};
  irl_demos_folded folded = {0};
  irl_demos* demos = NULL;
  irl_demos_verdict verdict;
  char command[400];
  CHECK_OK(irl_recorder_close(k->recorder, &info));
  CHECK_OK(irl_demos_fold(k->dir, &folded, &info));
  CHECK(folded.added == episodes);
  if (episodes > 0) {
    CHECK_OK(irl_demos_load(&demos, k->dir, &info));
    CHECK_OK(irl_demos_check(&verdict, demos, k->task, 1, &info));
    CHECK(verdict.episodes == episodes && verdict.differing == 0 && verdict.same_platform);
  }
  irl_task_destroy(k->task);
  free(k->view.state);
  free(k->view.u);
  snprintf(command, sizeof command, "rm -rf '%s'", k->dir);
  CHECK(system(command) == 0);
  return demos;
}

static const irl_session_options quick = {.condition = -1};

//---------------------------------- Tests ---------------------------------------------------------

static void records_what_rollouts_would(void) {
  desk k;
  desk_open(&k, "reacher", "rollout", quick);
  pass(&k, 0.3);
  CHECK(k.view.session.phase == IRL_PHASE_READY);
  press(&k, IRL_EVENT_RECORD, 0);
  pull_to(&k, 0.1, 0.1, 0.01);
  pass(&k, 1.5);
  CHECK(k.view.session.phase == IRL_PHASE_REVIEW && k.view.session.length == 50);
  CHECK(k.view.success);  // the fingertip is held at the target
  CHECK(k.view.synced == k.view.written);
  press(&k, IRL_EVENT_RECORD, 0);
  CHECK(k.view.session.kept == 1 && k.view.session.successes == 1);
  irl_demos* demos = desk_close(&k, 1);
  CHECK(demos->batch.length[0] == 50 && demos->batch.success[0] == 1);
  CHECK(!demos->has_logq && strcmp(demos->label[0], "by test") == 0);
  irl_demos_destroy(demos);
}

static void practice_leaves_nothing(void) {
  desk k;
  desk_open(&k, "reacher", "practice", quick);
  pull_to(&k, 0, 0.1, 0.01);
  pass(&k, 0.5);
  CHECK(k.view.u[0] != 0);
  press(&k, IRL_EVENT_PAUSE, 0);
  CHECK(k.view.resting);
  irl_demos* demos = desk_close(&k, 0);
  irl_demos_destroy(demos);
}

// Rewind and go on, twice; the steps taken back are gone and the rest re-simulates. hopper: rewards
// by differences between steps, which no physics state holds.
static void rewinds(void) {
  desk k;
  desk_open(&k, "hopper", "rewind", quick);
  irl_command c = irl_command_defaults();
  c.mode = IRL_TELEOP_CONTROLS;
  c.rate[1] = 0.3;
  irl_recorder_command(k.recorder, &c, k.view.epoch);
  press(&k, IRL_EVENT_RECORD, 0);
  pass(&k, 0.2);
  const int first = k.view.session.length;
  CHECK(first > 10);
  press(&k, IRL_EVENT_STEP, -6);
  CHECK(k.view.session.phase == IRL_PHASE_PAUSED && k.view.session.cursor < first);
  const int back = k.view.session.cursor;
  const double result = k.view.result;
  c.rate[1] = -0.5;
  irl_recorder_command(k.recorder, &c, k.view.epoch);
  irl_recorder_send(k.recorder, IRL_EVENT_PAUSE, 0);
  pass(&k, 0.1);
  CHECK(k.view.session.phase == IRL_PHASE_RECORDING && k.view.session.length > back);
  press(&k, IRL_EVENT_STEP, -200);  // to the first state, and forward again to look
  press(&k, IRL_EVENT_SEEK, back);
  CHECK(k.view.result == result);
  press(&k, IRL_EVENT_PAUSE, 0);
  pass(&k, 0.1);
  press(&k, IRL_EVENT_SUCCESS, 0);
  irl_demos* demos = desk_close(&k, 1);
  CHECK(demos->batch.success[0] == 1 && demos->batch.length[0] > back);
  irl_demos_destroy(demos);
}

// A ball that was put somewhere in practice is not pulled at when the episode begins; one that was
// let go between two control steps is not forgotten.
static void forgets_old_places_only(void) {
  desk k;
  desk_open(&k, "reacher", "places", quick);
  look(&k);
  pull_to(&k, -0.1, 0, 0.01);
  press(&k, IRL_EVENT_RECORD, 0);
  pass(&k, 0.1);
  CHECK(fabs(k.view.u[0]) < 0.01 && fabs(k.view.u[1]) < 0.01);
  pull_to(&k, 0.1, 0.1, 0.01);
  irl_command c = irl_command_defaults();
  irl_recorder_command(k.recorder, &c, k.view.epoch);
  pass(&k, 1);
  CHECK_NEAR(k.view.pose.target[0], 0.1, 1e-12);
  CHECK(k.view.success);
  irl_demos_destroy(desk_close(&k, 1));
}

static void discards_and_takes_back(void) {
  desk k;
  desk_open(&k, "reacher", "discard", quick);
  for (int i = 0; i < 4; i++) {
    press(&k, IRL_EVENT_RECORD, 0);
    pass(&k, 0.2);
    press(&k, i == 1 ? IRL_EVENT_DISCARD : IRL_EVENT_FAILURE, 0);
  }
  CHECK(k.view.session.kept == 3 && k.view.session.discarded == 1);
  press(&k, IRL_EVENT_DISCARD, 0);  // the last one
  press(&k, IRL_EVENT_DISCARD, 0);  // and back
  press(&k, IRL_EVENT_DISCARD, 0);  // and gone
  CHECK(k.view.session.kept == 2);
  irl_demos* demos = desk_close(&k, 2);
  CHECK(demos->batch.condition[0] == 0 && demos->batch.condition[1] == 1);
  CHECK(demos->batch.success[0] == 0);
  irl_demos_destroy(demos);
}

static void closing_keeps_the_episode(void) {
  desk k;
  desk_open(&k, "reacher", "closing", quick);
  press(&k, IRL_EVENT_RECORD, 0);
  pass(&k, 0.3);
  const int length = k.view.session.length;
  CHECK(length > 10);
  irl_demos* demos = desk_close(&k, 1);
  CHECK(demos->batch.length[0] == length);
  CHECK((demos->facts[0] & IRL_DEMO_INCOMPLETE) == 0);
  irl_demos_destroy(demos);
}

// Lets no file grow beyond what it has (or lifts that again), like a full disk.
static void fill_disk(const desk* k, bool full) {
  char path[300];
  struct stat about;
  struct rlimit limit;
  snprintf(path, sizeof path, "%s/recording.journal", k->dir);
  CHECK(stat(path, &about) == 0 && getrlimit(RLIMIT_FSIZE, &limit) == 0);
  limit.rlim_cur = full ? (rlim_t)about.st_size : limit.rlim_max;
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

// The episode stops with a sentence where no more could be written, and goes on from there when
// there is room; what could not be written is simulated anew.
static void survives_a_full_disk(void) {
  desk k;
  signal(SIGXFSZ, SIG_IGN);
  desk_open(&k, "reacher", "full", quick);
  press(&k, IRL_EVENT_RECORD, 0);
  pass(&k, 0.2);
  fill_disk(&k, true);
  pass(&k, 0.3);
  fill_disk(&k, true);
  CHECK(k.view.session.phase == IRL_PHASE_PAUSED && k.view.alarming);
  CHECK_CONTAINS(k.view.message, "recording.journal");
  const int length = k.view.session.length;
  press(&k, IRL_EVENT_SUCCESS, 0);  // cannot be written either: nothing changes
  CHECK(k.view.session.kept == 0 && irl_session_running(&k.view.session));
  press(&k, IRL_EVENT_PAUSE, 0);
  pass(&k, 0.1);
  CHECK(k.view.session.phase == IRL_PHASE_PAUSED && k.view.session.length <= length + 2);
  fill_disk(&k, false);
  pull_to(&k, 0.1, 0.1, 0.01);
  press(&k, IRL_EVENT_PAUSE, 0);
  pass(&k, 2);
  CHECK(k.view.session.phase == IRL_PHASE_REVIEW && k.view.session.length == 50);
  press(&k, IRL_EVENT_RECORD, 0);
  irl_demos* demos = desk_close(&k, 1);
  CHECK(demos->batch.length[0] == 50);
  irl_demos_destroy(demos);
}

// Control steps come at their time.
static void keeps_the_pace(void) {
  desk k;
  desk_open(&k, "reacher", "pace", quick);
  press(&k, IRL_EVENT_RECORD, 0);
  pass(&k, 0.5);
  CHECK(abs(k.view.session.length - 25) <= 1);
  CHECK(k.view.late == 0);
  irl_recorder_set_speed(k.recorder, 0.5);
  pass(&k, 0.4);
  CHECK(abs(k.view.session.length - 35) <= 2);
  k.now += 1;  // the machine stood still: late, but nothing is made up for
  pass(&k, 0.04);
  CHECK(k.view.late > 0 && k.view.session.length < 42);
  irl_demos_destroy(desk_close(&k, 1));
}

static void nap(void) {
  const struct timespec t = {0, 5000000};
  (void)nanosleep(&t, NULL);
}

// On its thread; the window's side only sends and looks.
static void runs_on_a_thread(void) {
  desk k;
  irl_errinfo info = {0};
  desk_open(&k, "reacher", "thread", quick);
  irl_recorder_set_speed(k.recorder, 4);
  CHECK_OK(irl_recorder_start(k.recorder, &info));
  pull_to(&k, -0.1, 0.12, 0.01);
  irl_recorder_send(k.recorder, IRL_EVENT_RECORD, 0);
  for (int i = 0; i < 2000 && k.view.session.phase != IRL_PHASE_REVIEW; i++) {
    nap();
    look(&k);
  }
  CHECK(k.view.session.length == 50);
  irl_recorder_send(k.recorder, IRL_EVENT_RECORD, 0);
  for (int i = 0; i < 2000 && k.view.session.kept == 0; i++) {
    nap();
    look(&k);
  }
  CHECK_CONTAINS(k.view.message, "episode 1 kept: 50 steps");
  irl_demos_destroy(desk_close(&k, 1));
}

static void one_recorder_a_folder(void) {
  desk k;
  irl_recorder* second = NULL;
  irl_errinfo info = {0};
  desk_open(&k, "reacher", "lock", quick);
  const irl_recorder_options options = {.dir = k.dir, .session = quick};
  CHECK(irl_recorder_create(&second, k.task, &options, &info) == IRL_EEXIST);
  CHECK(second == NULL && info.text[0] != '\0');
  irl_demos_destroy(desk_close(&k, 0));
}

static void chooses_a_speed(void) {
  irl_task* task = NULL;
  irl_errinfo info = {0};
  CHECK_OK(irl_task_load(&task, "reacher", NULL, 0, &info));
  CHECK_NEAR(irl_recorder_speed(task, 2), 0.2, 1e-12);  // 1 s of simulation in 5 s
  irl_task_destroy(task);
  CHECK_OK(irl_task_load(&task, "humanoid", NULL, 0, &info));
  CHECK_NEAR(irl_recorder_speed(task, 7), 1, 1e-12);  // 15 s
  irl_task_destroy(task);
}

TESTS(TEST(records_what_rollouts_would), TEST(practice_leaves_nothing), TEST(rewinds),
      TEST(forgets_old_places_only), TEST(discards_and_takes_back), TEST(closing_keeps_the_episode),
      TEST(keeps_the_pace), TEST(survives_a_full_disk), TEST(runs_on_a_thread),
      TEST(one_recorder_a_folder), TEST(chooses_a_speed))
