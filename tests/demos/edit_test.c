// Changes of a dataset beside recordings into the same folder: neither takes anything of the other.
#include "demos/edit.h"

#include "demos/journal_internal.h"
#include "synthetic.h"

typedef struct scene {
  char dir[2048];
  irl_task* task;
  synthetic s;
  irl_errinfo info;
} scene;

static void open_scene(scene* c, const char* name) {
  memset(c, 0, sizeof *c);
  sample_dir(c->dir, name);
  c->task = sample_task("reacher");
  c->s = synthetic_make(c->task);
}

static void close_scene(scene* c) {
  synthetic_free(&c->s);
  irl_task_destroy(c->task);
}

// Records episodes first..first+n-1 and leaves their journal.
static void record(scene* c, uint64_t first, int n) {
  const irl_journal_options options = {.sync_ms = 1000000};
  irl_journal* j = NULL;
  CHECK_OK(irl_journal_create(&j, c->dir, c->task, &options, &c->info));
  for (int i = 0; i < n; i++) {
    CHECK_OK(synthetic_record(j, &c->s, first + (uint64_t)i, 3, &c->info));
    CHECK_OK(irl_journal_end(j, true, -1, NULL, &c->info));
  }
  CHECK_OK(irl_journal_close(j, &c->info));
}

static void fold(scene* c, int added) {
  irl_demos_folded folded;
  CHECK_OK(irl_demos_fold(c->dir, &folded, &c->info));
  CHECK(folded.added == added);
}

static irl_demos* load(scene* c) {
  irl_demos* demos = NULL;
  CHECK_OK(irl_demos_load(&demos, c->dir, &c->info));
  return demos;
}

static int count(scene* c) {
  irl_demos* demos = load(c);
  const int n = demos ? demos->batch.n : -1;
  irl_demos_destroy(demos);
  return n;
}

// Keeps one episode of what was read, in place.
static irl_err keep_one(scene* c, const irl_demos* demos, int episode) {
  irl_demos* picked = NULL;
  const irl_demos_pick pick = {.episode = episode};
  CHECK_OK(irl_demos_pick_episodes(&picked, &demos, 1, &pick, 1, &c->info));
  irl_err err = irl_demos_store(c->dir, true, picked, c->task, NULL, &c->info);
  irl_demos_destroy(picked);
  return err;
}

// A journal whose fold was interrupted names episodes that the dataset has: were they deleted
// meanwhile, folding would bring them back.
static void changes_wait_for_recordings(void) {
  scene c;
  open_scene(&c, "edit_waits");
  record(&c, 1, 2);
  irl_demos* demos = NULL;
  CHECK(irl_demos_load(&demos, c.dir, &c.info) == IRL_ENOENT);
  CHECK_CONTAINS(c.info.text, "demos fold");
  fold(&c, 2);
  CHECK_OK(irl_demos_settled(c.dir, &c.info));
  demos = load(&c);
  CHECK_OK(keep_one(&c, demos, 0));
  irl_demos_destroy(demos);
  record(&c, 3, 1);
  demos = load(&c);
  CHECK(keep_one(&c, demos, 0) == IRL_EEXIST);
  CHECK_CONTAINS(c.info.text, "demos fold");
  CHECK(irl_demos_undo(c.dir, &c.info) == IRL_EEXIST);
  CHECK_CONTAINS(c.info.text, "demos fold");
  CHECK(count(&c) == 1 && irl_journal_waits(c.dir));
  irl_demos_destroy(demos);
  close_scene(&c);
}

// What was recorded after a change is not part of the change.
static void undoing_takes_no_recordings_back(void) {
  scene c;
  open_scene(&c, "edit_undo");
  record(&c, 1, 3);
  fold(&c, 3);
  irl_demos* demos = load(&c);
  CHECK_OK(keep_one(&c, demos, 1));
  irl_demos_destroy(demos);
  CHECK_OK(irl_demos_undo(c.dir, &c.info));
  CHECK(count(&c) == 3);
  CHECK_OK(irl_demos_undo(c.dir, &c.info));
  CHECK(count(&c) == 1);
  record(&c, 4, 1);
  fold(&c, 1);
  CHECK(irl_demos_undo(c.dir, &c.info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(c.info.text, "recorded since");
  demos = load(&c);
  CHECK(demos->batch.n == 2 && synthetic_find(demos, 2) >= 0 && synthetic_find(demos, 4) >= 0);
  CHECK_OK(keep_one(&c, demos, 0));  // the next change can be undone again
  CHECK_OK(irl_demos_undo(c.dir, &c.info));
  CHECK(count(&c) == 2);
  irl_demos_destroy(demos);
  close_scene(&c);
}

// Two programs that change one dataset: the second one would take the first one's change back.
static void a_change_of_something_else_is_refused(void) {
  scene c;
  open_scene(&c, "edit_meanwhile");
  record(&c, 1, 3);
  fold(&c, 3);
  irl_demos* demos = load(&c);
  CHECK_OK(keep_one(&c, demos, 1));
  CHECK(keep_one(&c, demos, 0) == IRL_EEXIST);
  CHECK_CONTAINS(c.info.text, "changed by another program");
  CHECK(count(&c) == 1);
  irl_demos_destroy(demos);
  close_scene(&c);
}

TESTS(TEST(changes_wait_for_recordings), TEST(undoing_takes_no_recordings_back),
      TEST(a_change_of_something_else_is_refused))
