// Gamepads without a gamepad: mappings from files, dead zones, what has just been pressed.
#include "viewer/gamepad.h"

#include <unistd.h>

#include "test.h"

static irl_gamepad_state at_rest(void) {
  return (irl_gamepad_state){.axis = {0, 0, 0, 0, -1, -1}};
}

static irl_err load(irl_gamepad_map* map, const char* text, irl_errinfo* info) {
  char path[256];
  const char* root = test_folder();
  snprintf(path, sizeof path, "%s/gamepad_%d.json", root, (int)getpid());
  FILE* file = fopen(path, "w");
  fputs(text, file);
  fclose(file);
  const irl_err err = irl_gamepad_load(map, path, 7, info);
  unlink(path);
  return err;
}

static void rests(void) {
  const irl_gamepad_map map = irl_gamepad_defaults();
  const irl_gamepad_state rest = at_rest();
  irl_gamepad_wish wish;
  irl_gamepad_read(&wish, &map, &rest, &rest);
  CHECK(!wish.used && wish.move[0] == 0 && wish.turn[2] == 0);
}

static void has_dead_zones(void) {
  const irl_gamepad_map map = irl_gamepad_defaults();
  const irl_gamepad_state rest = at_rest();
  irl_gamepad_state now = rest;
  irl_gamepad_wish wish;
  now.axis[0] = 0.149F;
  irl_gamepad_read(&wish, &map, &rest, &now);
  CHECK(wish.move[0] == 0);
  now.axis[0] = 1.0F;
  now.axis[1] = -0.575F;  // up on the stick is away: (0.575 - 0.15)/0.85 = 0.5
  irl_gamepad_read(&wish, &map, &rest, &now);
  CHECK_NEAR(wish.move[0], 1, 1e-12);
  CHECK_NEAR(wish.move[1], 0.5, 1e-6);
  now.axis[0] = -1.2F;  // worn-out devices go too far
  irl_gamepad_read(&wish, &map, &rest, &now);
  CHECK_NEAR(wish.move[0], -1, 1e-12);
}

static void presses_once(void) {
  const irl_gamepad_map map = irl_gamepad_defaults();
  const irl_gamepad_state rest = at_rest();
  irl_gamepad_state now = rest;
  irl_gamepad_wish wish;
  now.button[3] = 1;  // Y
  now.axis[5] = 1.0F;
  irl_gamepad_read(&wish, &map, &rest, &now);
  CHECK(wish.pressed[IRL_ACTION_SUCCESS] && wish.pressed[IRL_ACTION_GRIP]);
  irl_gamepad_read(&wish, &map, &now, &now);
  CHECK(!wish.pressed[IRL_ACTION_SUCCESS] && !wish.pressed[IRL_ACTION_GRIP]);
}

static void reads_a_mapping(void) {
  irl_gamepad_map map;
  irl_errinfo info = {0};
  irl_gamepad_wish wish;
  CHECK_OK(load(&map,
                "{\"dead_zone\": 0, \"axes\": {\"right_x\": {\"moves\": \"control3\", \"scale\": "
                "-0.5}, \"left_x\": \"none\"}, \"buttons\": {\"guide\": \"pause\"}}",
                &info));
  const irl_gamepad_state rest = at_rest();
  irl_gamepad_state now = rest;
  now.axis[2] = 0.5F;
  now.axis[0] = 1.0F;
  now.button[8] = 1;
  now.button[7] = 1;  // start keeps its default
  irl_gamepad_read(&wish, &map, &rest, &now);
  CHECK_NEAR(wish.rate[3], -0.25, 1e-12);
  CHECK(wish.pushes && wish.move[0] == 0);
  CHECK(wish.pressed[IRL_ACTION_PAUSE] && wish.pressed[IRL_ACTION_RECORD]);
}

static void refuses(void) {
  irl_gamepad_map map;
  irl_errinfo info = {0};
  CHECK(load(&map, "{\"axes\": {\"left_q\": \"up\"}}", &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "did you mean 'left_x'");
  CHECK(load(&map, "{\"axes\": {\"left_x\": \"control9\"}}", &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "no control 9; give 0 to 6");
  CHECK(load(&map, "{\"buttons\": {\"a\": \"sucess\"}}", &info) != IRL_OK);
  CHECK_CONTAINS(info.text, "success");
  CHECK(load(&map, "{\"deadzone\": 0.1}", &info) != IRL_OK);
  CHECK(load(&map, "{\"dead_zone\": 2}", &info) == IRL_ERANGE);
  CHECK(irl_gamepad_load(&map, "no/such/file.json", 7, &info) == IRL_ENOENT);
}

TESTS(TEST(rests), TEST(has_dead_zones), TEST(presses_once), TEST(reads_a_mapping), TEST(refuses))
