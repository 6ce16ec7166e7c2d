#include "base/json.h"
#include "base/json_internal.h"
#include "test.h"

static void distances(void) {
  CHECK(irl_name_distance("", "") == 0);
  CHECK(irl_name_distance("horizon", "horizon") == 0);
  CHECK(irl_name_distance("Horizon", "horizon") == 0);
  CHECK(irl_name_distance("horizn", "horizon") == 1);
  CHECK(irl_name_distance("hroizon", "horizon") == 1);
  CHECK(irl_name_distance("kitten", "sitting") == 3);
  CHECK(irl_name_distance("", "abc") == 3);
  char longer[200];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  CHECK(irl_name_distance(longer, longer) == 0);
  CHECK(irl_name_distance(longer, "x") >= 64);
}

static void closest(void) {
  const char* const names[] = {"horizon", "frame_skip", "reward", "u", NULL};
  const char* const none[] = {NULL};
  CHECK(strcmp(irl_closest_name("frameskip", names), "frame_skip") == 0);
  CHECK(strcmp(irl_closest_name("rewards", names), "reward") == 0);
  CHECK(irl_closest_name("zebra", names) == NULL);
  CHECK(irl_closest_name("x", names) == NULL);  // all of it would have to change
  CHECK(irl_closest_name("", names) == NULL);
  CHECK(irl_closest_name("horizon", none) == NULL);
}

TESTS(TEST(distances), TEST(closest))
