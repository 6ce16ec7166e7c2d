// Journals: what was recorded is read back, and folds into the dataset once, whatever happened to
// the file in between.
#include <fcntl.h>
#include <sys/file.h>

#include "demos/journal_internal.h"
#include "synthetic.h"

#define TASK "reacher"

static const irl_journal_options each_step = {.seed = 7, .sync_ms = 0};

typedef struct scene {
  char dir[2048];
  char path[4096];  // of the journal
  irl_task* task;
  synthetic s;
  irl_errinfo info;
} scene;

static void open_scene(scene* c, const char* name) {
  memset(c, 0, sizeof *c);
  sample_dir(c->dir, name);
  snprintf(c->path, sizeof c->path, "%s/recording.journal", c->dir);
  c->task = sample_task(TASK);
  c->s = synthetic_make(c->task);
}

static void close_scene(scene* c) {
  synthetic_free(&c->s);
  irl_task_destroy(c->task);
}

static irl_journal* create(scene* c) {
  irl_journal* j = NULL;
  CHECK_OK(irl_journal_create(&j, c->dir, c->task, &each_step, &c->info));
  if (!j) {
    printf("%s\n", c->info.text);
    exit(101);
  }
  return j;
}

static void record(scene* c, irl_journal* j, uint64_t seed, int steps) {
  CHECK_OK(synthetic_record(j, &c->s, seed, steps, &c->info));
}

static void end(scene* c, irl_journal* j, bool kept) {
  CHECK_OK(irl_journal_end(j, kept, -1, NULL, &c->info));
}

static irl_demos* load(scene* c) {
  irl_demos* demos = NULL;
  irl_err err = irl_demos_load(&demos, c->dir, &c->info);
  if (err) {
    printf("%s\n", c->info.text);
  }
  CHECK_OK(err);
  return demos;
}

// The dataset has this episode, with so many steps.
static int check_episode(scene* c, const irl_demos* demos, uint64_t seed, int length) {
  int i = synthetic_find(demos, seed);
  CHECK(i >= 0);
  if (i >= 0) {
    CHECK(demos->batch.length[i] == length);
    CHECK(synthetic_is(&c->s, &demos->batch, i, seed));
  }
  return i < 0 ? 0 : i;
}

static irl_demos_folded fold(scene* c) {
  irl_demos_folded folded;
  irl_err err = irl_demos_fold(c->dir, &folded, &c->info);
  if (err) {
    printf("%s\n", c->info.text);
  }
  CHECK_OK(err);
  return folded;
}

//---------------------------------- Sessions ------------------------------------------------------

static void a_session_becomes_a_dataset(void) {
  scene c;
  open_scene(&c, "session");
  irl_journal* j = create(&c);
  irl_journal_status status;
  record(&c, j, 11, 9);
  CHECK_OK(irl_journal_rewind(j, 4, &c.info));
  CHECK_OK(irl_journal_step(j, synthetic_step(&c.s, 11, 4), &c.info));
  CHECK_OK(irl_journal_end(j, true, 1, "größer", &c.info));
  record(&c, j, 12, 3);
  end(&c, j, false);
  record(&c, j, 13, 6);
  end(&c, j, true);
  record(&c, j, 14, 2);
  end(&c, j, true);
  CHECK_OK(irl_journal_discard(j, 3, true, &c.info));
  CHECK_OK(irl_journal_discard(j, 1, true, &c.info));
  CHECK_OK(irl_journal_discard(j, 1, false, &c.info));
  irl_journal_get(j, &status);
  CHECK(status.episode == -1 && status.steps == 21 && status.synced == 21);
  CHECK_OK(irl_journal_close(j, &c.info));
  irl_demos_folded folded = fold(&c);
  CHECK(folded.added == 3 && folded.discarded == 1 && folded.incomplete == 0 && folded.steps == 14);
  CHECK(!irl_journal_waits(c.dir));
  irl_demos* demos = load(&c);
  int i = check_episode(&c, demos, 11, 5);
  CHECK(strcmp(demos->label[i], "größer") == 0 && demos->batch.success[i] == 1);
  CHECK(strncmp(demos->recording[i] + 16, "-0", 3) == 0);
  CHECK((demos->facts[i] & IRL_DEMO_SUCCESS) != 0);
  i = check_episode(&c, demos, 13, 6);
  CHECK((demos->facts[i] & IRL_DEMO_INCOMPLETE) == 0);
  CHECK(((demos->facts[i] & IRL_DEMO_SUCCESS) != 0) == irl_task_get(c.task)->has_success);
  check_episode(&c, demos, 12, 3);
  CHECK(synthetic_find(demos, 14) < 0 && demos->batch.n == 3);
  irl_demos_destroy(demos);
  close_scene(&c);
}

static void a_second_session_is_appended(void) {
  scene c;
  open_scene(&c, "appended");
  for (uint64_t seed = 1; seed <= 3; seed++) {
    irl_journal* j = create(&c);
    record(&c, j, seed, (int)seed * 4);
    end(&c, j, true);
    CHECK_OK(irl_journal_close(j, &c.info));
    CHECK(fold(&c).added == 1);
  }
  irl_demos* demos = load(&c);
  for (int seed = 1; seed <= 3; seed++) {
    CHECK(check_episode(&c, demos, (uint64_t)seed, 4 * seed) == seed - 1);
  }
  char platform[512];
  irl_demos_platform(platform, sizeof platform);
  CHECK(strcmp(demos->platform, platform) == 0);
  irl_demos_destroy(demos);
  CHECK(fold(&c).added == 0);
  close_scene(&c);
}

// A human acts in the model as it is: of a task that draws its physics, all factors are 1.
static void recordings_are_of_the_plain_world(void) {
  scene c;
  irl_demos_folded folded;
  const char* set[] = {"domain.gain=[0.5, 2]", "domain.mass=[0.5, 2]"};
  memset(&c, 0, sizeof c);
  sample_dir(c.dir, "plain_world");
  CHECK_OK(irl_task_load(&c.task, TASK, set, 2, &c.info));
  c.s = synthetic_make(c.task);
  irl_journal* j = create(&c);
  record(&c, j, 1, 3);
  end(&c, j, true);
  CHECK_OK(irl_journal_close(j, &c.info));
  CHECK_OK(irl_demos_fold(c.dir, &folded, &c.info));
  irl_demos* demos = load(&c);
  const double* world = irl_batch_world(&demos->batch, 0);
  CHECK(demos->batch.nworld == 2 && world != NULL && world[0] == 1 && world[1] == 1);
  irl_demos_destroy(demos);
  close_scene(&c);
}

static void nothing_recorded_makes_no_dataset(void) {
  scene c;
  char data[4096];
  open_scene(&c, "nothing");
  irl_journal* j = create(&c);
  record(&c, j, 1, 0);
  end(&c, j, true);
  CHECK_OK(irl_journal_close(j, &c.info));
  irl_demos_folded folded = fold(&c);
  CHECK(folded.added == 0 && folded.empty == 1 && !irl_journal_waits(c.dir));
  snprintf(data, sizeof data, "%s/data", c.dir);
  CHECK(!irl_dir_exists(data));
  close_scene(&c);
}

static void refuses_what_is_wrong(void) {
  scene c;
  open_scene(&c, "wrong");
  irl_journal* j = create(&c);
  CHECK(irl_journal_end(j, true, -1, NULL, &c.info) == IRL_ERANGE);
  CHECK_CONTAINS(c.info.text, "no episode is running; begin one");
  CHECK(irl_journal_begin(j, 4, 1, c.s.x, c.s.state, NULL, &c.info) == IRL_ERANGE);
  CHECK_CONTAINS(c.info.text, "condition 4 is not one of the task's; give 0 to 3");
  record(&c, j, 1, 2);
  CHECK(irl_journal_rewind(j, 3, &c.info) == IRL_ERANGE);
  CHECK(irl_journal_discard(j, 0, true, &c.info) == IRL_ERANGE);
  irl_journal_row row = *synthetic_step(&c.s, 1, 2);
  row.reward = (double)NAN;
  CHECK(irl_journal_step(j, &row, &c.info) == IRL_ENUM);
  CHECK_CONTAINS(c.info.text, "step 2 of episode 0 is not finite");
  end(&c, j, true);
  CHECK_OK(irl_journal_close(j, &c.info));
  CHECK(fold(&c).steps == 2);
  close_scene(&c);
}

static void one_recorder_at_a_time(void) {
  scene c;
  irl_journal* second = NULL;
  irl_demos_folded folded;
  open_scene(&c, "locked");
  irl_journal* j = create(&c);
  record(&c, j, 1, 2);
  CHECK(irl_journal_create(&second, c.dir, c.task, NULL, &c.info) == IRL_EEXIST && !second);
  CHECK_CONTAINS(c.info.text, "another program is recording here");
  CHECK(irl_journal_open(&second, c.dir, c.task, &each_step, &c.info) == IRL_EEXIST && !second);
  CHECK(irl_demos_fold(c.dir, &folded, &c.info) == IRL_EEXIST);
  CHECK_CONTAINS(c.info.text, "another program is recording here");
  CHECK_OK(irl_journal_close(j, &c.info));
  CHECK(irl_journal_create(&second, c.dir, c.task, NULL, &c.info) == IRL_EEXIST);
  CHECK_CONTAINS(c.info.text, "holds a recording that is not in the dataset yet");
  int lock = open(c.dir, O_RDONLY | O_DIRECTORY);
  CHECK(flock(lock, LOCK_EX) == 0);
  CHECK(irl_demos_fold(c.dir, &folded, &c.info) == IRL_EEXIST && irl_journal_waits(c.dir));
  CHECK_CONTAINS(c.info.text, "another program is writing a dataset here");
  close(lock);
  CHECK(fold(&c).incomplete == 1);
  close_scene(&c);
}

// A dataset that could not take the episodes is known before they are recorded.
static void other_datasets_are_refused(void) {
  scene c;
  irl_journal* j = NULL;
  open_scene(&c, "other");
  sample_save(c.dir, "inverted_pendulum");
  CHECK(irl_journal_create(&j, c.dir, c.task, NULL, &c.info) == IRL_ERANGE && !j);
  sample_save(sample_dir(c.dir, "other"), TASK);
  const irl_journal_options human = {.no_logq = true};
  CHECK(irl_journal_create(&j, c.dir, c.task, &human, &c.info) == IRL_EDIM && !j);
  CHECK_CONTAINS(c.info.text, "log-densities, which a human's actions do not have");
  CHECK(!irl_journal_waits(c.dir));
  j = create(&c);
  record(&c, j, 5, 3);
  end(&c, j, true);
  CHECK_OK(irl_journal_close(j, &c.info));
  CHECK(fold(&c).added == 1);
  irl_demos* demos = load(&c);
  CHECK(demos->batch.n == 5 && check_episode(&c, demos, 5, 3) == 4);
  irl_demos_destroy(demos);
  close_scene(&c);
}

static void a_human_has_no_densities(void) {
  scene c;
  irl_journal* j = NULL;
  open_scene(&c, "human");
  const irl_journal_options human = {.no_logq = true, .sync_ms = 1000};
  CHECK_OK(irl_journal_create(&j, c.dir, c.task, &human, &c.info));
  record(&c, j, 1, 5);
  irl_journal_status status;
  irl_journal_get(j, &status);
  CHECK(status.steps == 5 && status.synced == 0);  // the sync of begin was the last one
  CHECK_OK(irl_journal_sync(j, &c.info));
  irl_journal_get(j, &status);
  CHECK(status.synced == 5);
  CHECK_OK(irl_journal_close(j, &c.info));
  CHECK(fold(&c).incomplete == 1);
  irl_demos* demos = load(&c);
  CHECK(!demos->has_logq && demos->batch.length[0] == 5);
  CHECK((demos->facts[0] & IRL_DEMO_INCOMPLETE) != 0);
  irl_demos_destroy(demos);
  close_scene(&c);
}

//---------------------------------- After a crash -------------------------------------------------

static size_t journal_of(scene* c, char** bytes) {
  size_t size = 0;
  irl_journal* j = create(c);
  record(c, j, 1, 3);
  end(c, j, true);
  record(c, j, 2, 4);
  CHECK_OK(irl_journal_rewind(j, 2, &c->info));
  CHECK_OK(irl_journal_step(j, synthetic_step(&c->s, 2, 2), &c->info));
  CHECK_OK(irl_journal_close(j, &c->info));
  *bytes = sample_read(c->path, &size);
  return size;
}

static void goes_on_after_a_crash(void) {
  scene c;
  char* bytes;
  irl_journal* j = NULL;
  open_scene(&c, "goes_on");
  size_t size = journal_of(&c, &bytes);
  sample_write(c.path, bytes, size - 1);  // the last step is torn
  CHECK_OK(irl_journal_open(&j, c.dir, c.task, &each_step, &c.info));
  record(&c, j, 3, 2);
  end(&c, j, true);
  CHECK_OK(irl_journal_close(j, &c.info));
  irl_demos_folded folded = fold(&c);
  CHECK(folded.added == 3 && folded.incomplete == 1 && folded.torn == 0 && !folded.damaged);
  irl_demos* demos = load(&c);
  check_episode(&c, demos, 1, 3);
  check_episode(&c, demos, 2, 2);
  check_episode(&c, demos, 3, 2);
  CHECK(strcmp(demos->recording[2] + 16, "-2") == 0);
  irl_demos_destroy(demos);
  irl_free(bytes);
  close_scene(&c);
}

// Episodes of what a recording holds, in words that can be compared.
static void describe(const irl_recording* r, char* out, size_t size) {
  size_t used = 0;
  *out = 0;
  for (int e = 0; e < r->n && used < size; e++) {
    used += (size_t)snprintf(out + used, size - used, "%d:%d%s ", r->episodes[e].number,
                             r->episodes[e].length, r->episodes[e].ended ? "." : "");
  }
}

// Cut anywhere, what was whole before the cut is there, and nothing else.
static void cut_at_every_byte(void) {
  scene c;
  char *bytes, text[256];
  open_scene(&c, "cut");
  size_t size = journal_of(&c, &bytes), header = 0, last_good = 0;
  int states = 0;
  char before[256] = "-";
  for (size_t cut = 0; cut <= size; cut++) {
    irl_recording r;
    char* exact = irl_calloc(cut + 1, 1);  // behind it sanitizers see a read beyond the end
    memcpy(exact, bytes, cut);
    irl_err err = irl_recording_decode(&r, "cut", exact, cut, &c.info);
    header += err != IRL_OK;
    if (!err) {
      describe(&r, text, sizeof text);
      CHECK(r.good <= cut && r.good >= last_good && !r.damaged);
      last_good = r.good;
      states += strcmp(text, before) != 0;
      memcpy(before, text, sizeof text);
      irl_recording_fini(&r);
    }
    irl_free(exact);
  }
  // Nothing, begin, 3 steps, end; begin, 4 steps, rewind, 1 step.
  CHECK(header > 1000 && states == 13);
  CHECK(strcmp(before, "0:3. 1:3 ") == 0 && last_good == size);
  irl_free(bytes);
  close_scene(&c);
}

// Any changed bit is found: the records before it are there, whole, and the episodes behind it.
static void every_flipped_bit_is_found(void) {
  scene c;
  char *bytes, text[256];
  int found_behind = 0, refused = 0;
  open_scene(&c, "flip");
  size_t size = journal_of(&c, &bytes);
  for (size_t bit = 0; bit < 8 * size; bit += 5) {
    irl_recording r;
    bytes[bit / 8] ^= (char)(1 << bit % 8);
    irl_err err = irl_recording_decode(&r, "flip", bytes, size, &c.info);
    bytes[bit / 8] ^= (char)(1 << bit % 8);
    refused += err != IRL_OK;
    if (!err) {
      describe(&r, text, sizeof text);
      CHECK(r.good <= bit / 8);  // which is to say that it was noticed
      found_behind += r.damaged && strstr(text, "1:3") != NULL;
      irl_recording_fini(&r);
    }
  }
  CHECK(refused > 1000 && found_behind > 100);
  irl_free(bytes);
  close_scene(&c);
}

// Damage that is no torn tail: what can be read is folded in, and the file is kept.
static void a_damaged_journal_is_kept(void) {
  scene c;
  char *bytes, aside[4096];
  open_scene(&c, "damaged");
  size_t size = journal_of(&c, &bytes);
  irl_recording r;
  CHECK_OK(irl_recording_decode(&r, "whole", bytes, size, &c.info));
  bytes[r.steps[1] + 100] ^= 1;  // in the second step of the first episode
  snprintf(aside, sizeof aside, "%s/recording-%016llx.damaged", c.dir,
           (unsigned long long)r.head.session);
  irl_recording_fini(&r);
  sample_write(c.path, bytes, size);
  irl_journal* j = NULL;
  CHECK(irl_journal_open(&j, c.dir, c.task, &each_step, &c.info) == IRL_EPARSE);
  CHECK_CONTAINS(c.info.text, "is damaged at byte");
  irl_demos_folded folded = fold(&c);
  CHECK(folded.added == 2 && folded.incomplete == 2 && folded.damaged);
  CHECK(!irl_journal_waits(c.dir) && irl_file_exists(aside));
  irl_demos* demos = load(&c);
  check_episode(&c, demos, 1, 1);
  check_episode(&c, demos, 2, 3);
  irl_demos_destroy(demos);
  irl_free(bytes);
  close_scene(&c);
}

// The dataset was replaced, but the journal not yet removed.
static void folding_again_adds_nothing(void) {
  scene c;
  char* bytes;
  open_scene(&c, "again");
  size_t size = journal_of(&c, &bytes);
  CHECK(fold(&c).added == 2);
  sample_write(c.path, bytes, size);
  irl_demos_folded folded = fold(&c);
  CHECK(folded.added == 0 && folded.present == 2 && !irl_journal_waits(c.dir));
  irl_demos* demos = load(&c);
  CHECK(demos->batch.n == 2);
  irl_demos_destroy(demos);
  irl_free(bytes);
  close_scene(&c);
}

// Journals that another program wrote (tests/python/journal_format.py).
static void another_writer_is_understood(void) {
  static const struct {
    const char *name, *episodes;
    bool damaged;
  } cases[] = {{"whole", "0:2. 1:2. 2:1 ", false},      {"header", "", false},
               {"torn", "0:2. 1:2. 2:0 ", false},       {"zeros", "0:2. 1:2. 2:1 ", false},
               {"torn_frame", "0:2. 1:2. 2:1 ", false}, {"damaged", "0:2. 2:1 ", true},
               {"wrong_step", "0:2. 1:0 ", true},       {"wrong_end", "0:2. 1:1 2:0 ", true},
               {"not_finite", "0:2. 1:0 ", true},       {"no_numbers", "0:1. ", false}};
  const char* source = getenv("MJIRL_SOURCE");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char path[4096], text[256];
    irl_recording r;
    irl_errinfo info = {0};
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/journal/%s", source ? source : ".",
             cases[i].name);
    CHECK_OK(irl_recording_load(&r, path, &info));
    describe(&r, text, sizeof text);
    if (strcmp(text, cases[i].episodes) != 0) {
      printf("%s: %s\n", cases[i].name, text);
    }
    CHECK(strcmp(text, cases[i].episodes) == 0 && r.damaged == cases[i].damaged);
    irl_recording_fini(&r);
  }
}

static void files_that_are_no_journals(void) {
  scene c;
  irl_demos_folded folded;
  open_scene(&c, "no_journal");
  CHECK(mkdir(c.dir, 0777) == 0);
  sample_write(c.path, "not a journal, but some other file", 34);
  CHECK(irl_demos_fold(c.dir, &folded, &c.info) == IRL_EPARSE);
  CHECK_CONTAINS(c.info.text, "is no journal, or its first record is damaged");
  CHECK(irl_journal_waits(c.dir));
  CHECK(unlink(c.path) == 0 && symlink("/dev/zero", c.path) == 0);
  irl_journal* j = NULL;
  CHECK(irl_journal_open(&j, c.dir, c.task, NULL, &c.info) == IRL_EIO);
  CHECK(unlink(c.path) == 0);
  CHECK(irl_journal_open(&j, c.dir, c.task, NULL, &c.info) == IRL_ENOENT);
  close_scene(&c);
}

TESTS(TEST(recordings_are_of_the_plain_world), TEST(a_session_becomes_a_dataset),
      TEST(a_second_session_is_appended), TEST(nothing_recorded_makes_no_dataset),
      TEST(refuses_what_is_wrong), TEST(one_recorder_at_a_time), TEST(other_datasets_are_refused),
      TEST(a_human_has_no_densities), TEST(goes_on_after_a_crash), TEST(cut_at_every_byte),
      TEST(every_flipped_bit_is_found), TEST(a_damaged_journal_is_kept),
      TEST(folding_again_adds_nothing), TEST(another_writer_is_understood),
      TEST(files_that_are_no_journals))
