// Models of several files: kept as one text that makes the same model without the files.
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "sample.h"

static char root[512];  // a folder for the files

static const char* place(const char* name) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/%s", root, name);
  return path;
}

static void write_file(const char* name, const char* text) {
  FILE* file = fopen(place(name), "w");
  CHECK(file != NULL);
  if (file != NULL) {
    fputs(text, file);
    fclose(file);
  }
}

// A tetrahedron whose first corner is at x, as an OBJ file.
static void write_mesh(const char* name, double x) {
  char text[200];
  snprintf(text, sizeof text,
           "v %.17g 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n", x);
  write_file(name, text);
}

static const char* const part =
    "<mujocoinclude><body name='b' pos='0.123456789012 0 1'><joint name='j' type='ball'/>"
    "<geom type='mesh' mesh='wedge'/></body></mujocoinclude>";

static const char* const scene =
    "<mujoco><compiler meshdir='../some  meshes'/><asset><mesh name='wedge' file='we--dge.obj'/>"
    "</asset><worldbody><include file='part.xml'/></worldbody></mujoco>";

static void make_folders(void) {
  const char* folder = test_folder();
  char* real = realpath(folder, NULL);
  snprintf(root, sizeof root, "%.400s/archive_%d", real, (int)getpid());
  free(real);
  mkdir(root, 0700);
  mkdir(place("scenes"), 0700);
  mkdir(place("some  meshes"), 0700);
  write_mesh("some  meshes/we--dge.obj", -0.1234567890123);
  write_file("scenes/part.xml", part);
  write_file("scenes/scene.xml", scene);
}

// The root is gone too then.
static void remove_files(void) {
  static const char* const names[] = {"some  meshes/we--dge.obj", "some  meshes", "scenes/part.xml",
                                      "scenes/scene.xml", "scenes"};
  for (int i = 0; i < 5; i++) {
    remove(place(names[i]));
  }
  rmdir(root);
}

// All of a compiled model as bytes, but for the path of its one file.
static uint64_t model_hash(const irl_task* task) {
  mjModel* m = mj_copyModel(NULL, irl_task_model(task));
  const int size = (int)(mj_sizeModel(m) - m->npaths);
  unsigned char* bytes = irl_calloc((size_t)size, 1);
  m->npaths = 0;
  m->nbuffer = 0;  // has the path's length in it
  mj_saveModel(m, NULL, bytes, size);
  const uint64_t hash = hash_bytes(0xcbf29ce484222325u, bytes, (size_t)size);
  irl_free(bytes);
  mj_deleteModel(m);
  return hash;
}

static irl_task* load(const char* name) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  CHECK_OK(irl_task_load(&task, place(name), NULL, 0, &info));
  if (task == NULL) {
    printf("%s\n", info.text);
    exit(100);
  }
  return task;
}

static void the_text_alone_makes_the_model(void) {
  make_folders();
  irl_task* task = load("scenes/scene.xml");
  CHECK(irl_task_model(task)->nmesh == 1 && irl_task_model(task)->nbody == 2);
  CHECK(strncmp(irl_task_mjcf(task), scene, strlen(scene)) == 0);
  CHECK(strstr(irl_task_mjcf(task), root) == NULL);  // no path of this machine
  const uint64_t hash = model_hash(task);
  char* json = strdup(irl_task_json(task));
  char* mjcf = strdup(irl_task_mjcf(task));
  irl_task_destroy(task);
  remove_files();
  irl_task* again = sample_task(json, mjcf);
  CHECK(model_hash(again) == hash);
  CHECK(strcmp(irl_task_mjcf(again), mjcf) == 0);
  irl_task_destroy(again);
  mkdir(root, 0700);
  write_file("kept.xml", mjcf);  // as a run keeps it: also a model to load
  again = load("kept.xml");
  CHECK(irl_task_model(again)->body_pos[3] == 0.123456789012);
  irl_task_destroy(again);
  remove(place("kept.xml"));
  rmdir(root);
  free(json);
  free(mjcf);
}

// MuJoCo keeps compiled meshes by name: another file of that name must not get them.
static void equal_names_are_no_equal_files(void) {
  char* text[2];
  for (int i = 0; i < 2; i++) {
    make_folders();
    write_mesh("some  meshes/we--dge.obj", i == 0 ? -0.5 : -0.75);
    irl_task* task = load("scenes/scene.xml");
    text[i] = strdup(irl_task_mjcf(task));
    irl_task_destroy(task);
    remove_files();
  }
  const char* json = SAMPLE_TASK("");
  irl_task *a = sample_task(json, text[0]), *b = sample_task(json, text[1]);
  CHECK(irl_task_model(a)->body_mass[1] != irl_task_model(b)->body_mass[1]);
  irl_task_destroy(a);
  irl_task_destroy(b);
  free(text[0]);
  free(text[1]);
}

static void absolute_paths_are_kept_too(void) {
  make_folders();
  char text[1500];
  snprintf(text, sizeof text,
           "<mujoco><asset><mesh name='wedge' file = \"%s/some  meshes/we--dge.obj\"/></asset>"
           "<worldbody><body><freejoint/><geom type='mesh' mesh='wedge'/></body></worldbody>"
           "</mujoco>",
           root);
  write_file("scenes/scene.xml", text);
  irl_task* task = load("scenes/scene.xml");
  const double mass = irl_task_model(task)->body_mass[1];
  char* mjcf = strdup(irl_task_mjcf(task));
  irl_task_destroy(task);
  remove_files();
  CHECK(strncmp(mjcf, text, strlen(text)) == 0);
  irl_task* again = sample_task(SAMPLE_TASK(""), mjcf);
  CHECK(irl_task_model(again)->body_mass[1] == mass);
  irl_task_destroy(again);
  free(mjcf);
}

static void refused(const char* mjcf, const char* reason) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  CHECK(irl_task_from_text(&task, SAMPLE_TASK(""), mjcf, &info) == IRL_EPARSE && task == NULL);
  CHECK_CONTAINS(info.text, reason);
}

// Cut after any byte of the list, or with any of its bytes replaced.
static void damaged_texts_are_refused(void) {
  make_folders();
  irl_task* task = load("scenes/scene.xml");
  char* mjcf = strdup(irl_task_mjcf(task));
  irl_task_destroy(task);
  remove_files();
  const size_t n = strlen(mjcf), list = (size_t)(strstr(mjcf, "mjirl-file ") - mjcf);
  for (size_t i = list + 12; i < n; i += 7) {
    const char kept = mjcf[i];
    mjcf[i] = 0;
    refused(mjcf, "damaged");
    mjcf[i] = '\n';
    refused(mjcf, "damaged");
    mjcf[i] = kept;
  }
  free(mjcf);
}

// A kept text is a stranger's: it must not read this machine's files, nor load without its own.
static void a_text_reads_no_files(void) {
  make_folders();
  char text[1500];
  snprintf(text, sizeof text,
           "<mujoco><worldbody><include file='%s/scenes/part.xml'/></worldbody>"
           "</mujoco>",
           root);
  refused(text, "part.xml");
  refused("<mujoco><include file='scenes/part.xml'/></mujoco>", "part.xml");
  remove_files();
}

static void bad_files_are_named(void) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  make_folders();
  remove(place("scenes/part.xml"));
  CHECK(irl_task_load(&task, place("scenes/scene.xml"), NULL, 0, &info) == IRL_EPARSE);
  CHECK(strstr(info.text, "part.xml") != NULL && strstr(info.text, "mjirl-files") == NULL);
  write_file("scenes/part.xml", "<mujocoinclude><include file='part.xml'/></mujocoinclude>");
  CHECK(irl_task_load(&task, place("scenes/scene.xml"), NULL, 0, &info) == IRL_EPARSE);
  CHECK(strstr(info.text, "part.xml") != NULL);
  write_file("scenes/part.xml", part);
  remove(place("some  meshes/we--dge.obj"));
  mkfifo(place("some  meshes/we--dge.obj"), 0600);  // would be waited for without end
  CHECK(irl_task_load(&task, place("scenes/scene.xml"), NULL, 0, &info) == IRL_EPARSE);
  CHECK(strstr(info.text, "not a regular file") != NULL);
  remove_files();
}

TESTS(TEST(the_text_alone_makes_the_model), TEST(equal_names_are_no_equal_files),
      TEST(absolute_paths_are_kept_too), TEST(damaged_texts_are_refused),
      TEST(a_text_reads_no_files), TEST(bad_files_are_named))
