// Models of others go through the helper; hostile ones end in a sentence, within bounds.
#include <stdio.h>
#include <unistd.h>

#include "sample.h"

static const char* const sound =
    "<mujoco><worldbody><body><joint/><geom size='.1'/></body></worldbody></mujoco>";

static void use_helper(const char* program) {
  setenv("MJIRL_PROBE", program, 1);
}

static void use_test_helper(void) {
  const char* program = getenv("MJIRL_TEST_PROBE");
  use_helper(program == NULL ? "?" : program);
}

// Loads a text, as one that was kept and as a file.
static irl_err load(const char* mjcf, irl_errinfo* info) {
  irl_task* task = NULL;
  const irl_err err = irl_task_from_text(&task, SAMPLE_TASK(""), mjcf, info);
  irl_task_destroy(task);
  return err;
}

static irl_err load_file(const char* mjcf, irl_errinfo* info) {
  const char* folder = test_folder();
  char path[1024];
  irl_task* task = NULL;
  snprintf(path, sizeof path, "%s/guard_%d.xml", folder, (int)getpid());
  FILE* file = fopen(path, "w");
  CHECK(file != NULL && fputs(mjcf, file) >= 0 && fclose(file) == 0);
  const irl_err err = irl_task_load(&task, path, NULL, 0, info);
  irl_task_destroy(task);
  remove(path);
  return err;
}

static void refused(const char* mjcf, irl_err code, const char* reason) {
  irl_errinfo info = {0};
  CHECK(load(mjcf, &info) == code);
  CHECK_CONTAINS(info.text, reason);
  CHECK(load_file(mjcf, &info) == code);
  CHECK_CONTAINS(info.text, reason);
}

static void sound_models_pass(void) {
  irl_errinfo info = {0};
  use_test_helper();
  CHECK_OK(load(sound, &info));
  CHECK_OK(load_file(sound, &info));
  refused("<mujoco><worldbody><body><joint/></body></worldbody></mujoco>", IRL_EPARSE, "mass");
}

// They cost no process, also when a dataset keeps their text.
static void bundled_models_need_no_helper(void) {
  irl_errinfo info = {0};
  use_helper("/nonexistent/helper");
  irl_task* task = bundled_task("reacher");
  irl_task* again = sample_task(irl_task_json(task), irl_task_mjcf(task));
  irl_task_destroy(again);
  irl_task_destroy(task);
  refused(sound, IRL_EUNSUPPORTED, "cannot be started");
  setenv("MJIRL_TRUST_MODELS", "1", 1);
  CHECK_OK(load(sound, &info));
  unsetenv("MJIRL_TRUST_MODELS");
  unsetenv("MJIRL_PROBE");
  CHECK_OK(load(sound, &info));
}

static void misbehaving_helpers(void) {
  use_test_helper();
  setenv("PROBE_MOOD", "crash", 1);
  refused(sound, IRL_EPARSE, "signal 9");
  setenv("PROBE_MOOD", "silent", 1);
  refused(sound, IRL_EUNSUPPORTED, "no word");
  unsetenv("PROBE_MOOD");
}

static void endless_work_is_cut(void) {
  irl_errinfo info = {0};
  use_test_helper();
  setenv("MJIRL_MODEL_SECONDS", "1", 1);
  CHECK(load("<mujoco><worldbody><replicate count='100000'><geom size='.1'/></replicate>"
             "</worldbody></mujoco>",
             &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "more than 1 s");
  unsetenv("MJIRL_MODEL_SECONDS");
}

// Under sanitizers memory has no limit, and these would take it.
static void hostile_sizes_are_refused(void) {
  use_test_helper();
#ifndef SANITIZED
  refused(
      "<mujoco><size memory='500G'/><worldbody><body><joint/><geom size='.1'/></body>"
      "</worldbody></mujoco>",
      IRL_EPARSE, "allocate");
  refused(
      "<mujoco><size nuserdata='2000000000'/><worldbody><body><joint/><geom size='.1'/></body>"
      "</worldbody></mujoco>",
      IRL_EPARSE, "allocate");
  refused(
      "<mujoco><asset><texture name='t' type='2d' builtin='checker' width='60000' "
      "height='60000'/></asset></mujoco>",
      IRL_EPARSE, "allocate");
  refused(
      "<mujoco><asset><hfield name='h' nrow='40000' ncol='40000' size='1 1 1 1'/></asset>"
      "</mujoco>",
      IRL_EPARSE, "4 GiB");
#endif
}

static void files_of_the_machine_are_refused(void) {
  irl_errinfo info = {0};
  use_test_helper();
  CHECK(
      load_file("<mujoco><asset><mesh name='m' file='/dev/zero' content_type='model/stl'/></asset>"
                "</mujoco>",
                &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "not a regular file");
  CHECK(load("<mujoco><include file='/etc/hostname'/></mujoco>", &info) == IRL_EPARSE);
}

TESTS(TEST(sound_models_pass), TEST(bundled_models_need_no_helper), TEST(misbehaving_helpers),
      TEST(endless_work_is_cut), TEST(hostile_sizes_are_refused),
      TEST(files_of_the_machine_are_refused))
