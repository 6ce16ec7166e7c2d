#include "viewer/camera_file.h"

#include <mujoco/mujoco.h>

#include "base/file.h"
#include "synthetic.h"

static void cameras_come_back(void) {
  synthetic s;
  char path[512];
  irl_errinfo info = {0};
  bool given = false;
  mjvCamera camera, back;
  syn_open(&s, 1);
  const mjModel* model = irl_task_model(s.task);
  mjv_defaultCamera(&camera);
  camera.lookat[0] = 0.125;
  camera.lookat[2] = -3.0;
  camera.distance = 2.5;
  camera.azimuth = 12.25;
  camera.elevation = -33.0;
  syn_path(path, sizeof path, "camera.json");
  CHECK_OK(irl_camera_save(&camera, model, path, &info));
  mjv_defaultCamera(&back);
  CHECK_OK(irl_camera_find(&back, model, path, &given, &info));
  CHECK(given && memcmp(&camera, &back, sizeof back) == 0);
  camera.type = mjCAMERA_FIXED;
  camera.fixedcamid = 1;
  CHECK_OK(irl_camera_save(&camera, model, path, &info));
  CHECK_OK(irl_camera_find(&back, model, path, &given, &info));
  CHECK(back.type == mjCAMERA_FIXED && back.fixedcamid == 1);
  CHECK_OK(irl_camera_find(&back, model, "above", &given, &info));
  CHECK(given && back.fixedcamid == 0);
  CHECK_OK(irl_camera_find(&back, model, NULL, &given, &info));
  CHECK(!given);
  syn_close(&s);
}

static void bad_cameras_are_refused(void) {
  static const struct {
    const char *text, *says;
  } bad[] = {
      {"{", "camera.json"},
      {"{\"format\": \"other\"}", "format"},
      {"{\"format\": \"mjirl-camera-1\", \"name\": \"nowhere\"}", "nowhere"},
      {"{\"format\": \"mjirl-camera-1\", \"lookat\": [0, 0], \"distance\": 1, \"azimuth\": 0,"
       " \"elevation\": 0}",
       "lookat"},
      {"{\"format\": \"mjirl-camera-1\", \"lookat\": [0, 0, 0], \"distance\": -1,"
       " \"azimuth\": 0, \"elevation\": 0}",
       "distance"},
      {"{\"format\": \"mjirl-camera-1\", \"lookat\": [0, 0, 0], \"distance\": 1,"
       " \"azimuth\": 0, \"elevation\": 0, \"roll\": 3}",
       "roll"}};
  synthetic s;
  char path[512];
  bool given = false;
  mjvCamera camera;
  syn_open(&s, 1);
  syn_path(path, sizeof path, "camera.json");
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
    irl_errinfo info = {0};
    CHECK_OK(irl_file_write(path, bad[k].text, strlen(bad[k].text), &info));
    mjv_defaultCamera(&camera);
    CHECK(irl_camera_find(&camera, irl_task_model(s.task), path, &given, &info) != IRL_OK);
    CHECK_CONTAINS(info.text, bad[k].says);
  }
  irl_errinfo info = {0};
  CHECK(irl_camera_find(&camera, irl_task_model(s.task), "gone.json", &given, &info) == IRL_ENOENT);
  CHECK(irl_camera_find(&camera, irl_task_model(s.task), "gone", &given, &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "above");
  syn_close(&s);
}

TESTS(TEST(cameras_come_back), TEST(bad_cameras_are_refused))
