// Tasks that are refused, each with a sentence that names the place and the remedy.
#include "sample.h"

static const char* const with_user_sensor =
    "<mujoco><worldbody><body><joint name='slider' type='slide'/><geom size='0.1'/></body>"
    "</worldbody><sensor><user name='Height' dim='1' user='4 1 0 1'/></sensor></mujoco>";

// Loads and expects an error whose text contains all of the parts.
static void refuse(const char* json, const char* mjcf, irl_err code, const char* a, const char* b) {
  irl_task* task = NULL;
  irl_errinfo info = {0};
  const irl_err err = irl_task_from_text(&task, json, mjcf == NULL ? sample_mjcf : mjcf, &info);
  CHECK(err == code && info.code == code && task == NULL);
  if (err != code) {
    printf("  is %d, not %d: %s\n", err, code, info.text);
  }
  CHECK_CONTAINS(info.text, a);
  CHECK_CONTAINS(info.text, b);
  CHECK(strchr(info.text, '\n') == NULL);
  irl_task_destroy(task);
}

#define OBSERVE(entry) \
  "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 3, \"observation\": [" entry "]}"
#define REWARD(term) SAMPLE_TASK(", \"reward\": [" term "]")

static void entries(void) {
  refuse(OBSERVE("{\"qpos\": \"slidr\"}"), NULL, IRL_ENOENT, "$.observation[0].qpos",
         "did you mean 'slider'?");
  refuse(OBSERVE("{\"qpos\": [\"slider\", \"hing\"]}"), NULL, IRL_ENOENT,
         "$.observation[0].qpos[1]", "no joint 'hing'; did you mean 'hinge'?");
  refuse(OBSERVE("{\"site\": \"tap\"}"), NULL, IRL_ENOENT, "no site 'tap'", "'tip'");
  refuse(OBSERVE("{\"sensor\": \"sped\"}"), NULL, IRL_ENOENT, "no sensor 'sped'", "'speed'");
  refuse(OBSERVE("{\"body\": \"quite another\"}"), NULL, IRL_ENOENT, "no body", "one of its");
  refuse(OBSERVE("{\"qposs\": \"slider\"}"), NULL, IRL_EPARSE, "'qposs'", "did you mean 'qpos'?");
  refuse(OBSERVE("{\"qpos\": \"slider\", \"qvel\": \"slider\"}"), NULL, IRL_EPARSE, "2 things",
         "one entry of each");
  refuse(OBSERVE("{}"), NULL, IRL_EPARSE, "what to measure", "qpos");
  refuse(OBSERVE("7"), NULL, IRL_EPARSE, "$.observation[0]", "must be an object");
  refuse(OBSERVE("{\"qpos\": 3}"), NULL, IRL_EPARSE, "$.observation[0].qpos", "string");
  refuse(OBSERVE("{\"qpos\": []}"), NULL, IRL_ERANGE, "$.observation[0].qpos", "names nothing");
  refuse(OBSERVE("{\"qpos\": \"slider\", \"transform\": \"cosine\"}"), NULL, IRL_ERANGE, "cosine",
         "cos");
  refuse(OBSERVE("{\"qpos\": \"slider\", \"clip\": [1, -1]}"), NULL, IRL_ERANGE, "clip",
         "is empty");
  refuse(OBSERVE("{\"qpos\": \"slider\", \"clip\": [1]}"), NULL, IRL_EDIM, "clip", "2");
  refuse(OBSERVE("{\"site\": \"tip\", \"components\": [3]}"), NULL, IRL_ERANGE, "components[0]",
         "2");
  refuse(OBSERVE("{\"site\": \"tip\", \"components\": []}"), NULL, IRL_ERANGE, "components",
         "empty");
  refuse(OBSERVE("{\"site\": \"tip\", \"minus\": {\"qpos\": \"hinge\"}}"), NULL, IRL_EDIM, "minus",
         "has 1 entries where");
  refuse(OBSERVE("{\"velocity\": {\"qpos\": \"hinge\"}}"), NULL, IRL_EPARSE, "velocity", "reward");
  refuse(OBSERVE("{\"qpos\": \"slider\", \"clipp\": [0, 1]}"), NULL, IRL_EPARSE, "clipp", "clip");
  refuse(OBSERVE(""), NULL, IRL_ERANGE, "observation", "at least one");
}

static void top_level(void) {
  refuse("{\"name\": \"s\", \"model\": \"m\", \"observation\": []}", NULL, IRL_EPARSE, "horizon",
         "");
  refuse(SAMPLE_TASK(", \"horizont\": 3"), NULL, IRL_EPARSE, "$.horizont", "");
  refuse(SAMPLE_TASK(", \"horizon\": 3"), NULL, IRL_EPARSE, "horizon", "");
  refuse(SAMPLE_TASK(", \"temperature\": 0"), NULL, IRL_ERANGE, "$.temperature", "");
  refuse(SAMPLE_TASK(", \"timing\": \"gym\""), NULL, IRL_ERANGE, "$.timing", "gymnasium");
  refuse(SAMPLE_TASK(", \"description\": 7"), NULL, IRL_EPARSE, "$.description", "string");
  refuse(
      "{\"name\": \"a/b\", \"model\": \"m\", \"horizon\": 3, \"observation\": {\"qpos\": \"*\"}}",
      NULL, IRL_ERANGE, "$.name", "letters");
  refuse("{\"name\": \"s\"", NULL, IRL_EPARSE, "kept task", "");
  refuse(SAMPLE_TASK(""), "<mujoco><worldbod/></mujoco>", IRL_EPARSE, "worldbod",
         "correct the MJCF");
  refuse(SAMPLE_TASK(""), "<mujoco><worldbody><body><joint/></body></worldbody></mujoco>",
         IRL_EPARSE, "cannot compile", "correct the MJCF");
}

static void rewards(void) {
  refuse(REWARD("{\"name\": \"a\"}"), NULL, IRL_EPARSE, "$.reward[0]", "norm");
  refuse(REWARD("{\"norm\": \"l2\"}"), NULL, IRL_EPARSE, "$.reward[0]", "name");
  refuse(REWARD("{\"name\": \"a\", \"norm\": \"l3\", \"residual\": \"action\"}"), NULL, IRL_ERANGE,
         "l3", "l2");
  refuse(REWARD("{\"name\": \"a\", \"norm\": \"l2\", \"residual\": \"actions\"}"), NULL, IRL_ERANGE,
         "$.reward[0].residual", "\"action\"");
  refuse(REWARD("{\"name\": \"a\", \"norm\": \"log\", \"residual\": \"action\"}"), NULL, IRL_ERANGE,
         "$.reward[0]", "parameter");
  refuse(REWARD("{\"name\": \"a\", \"norm\": \"constant\", \"while\": \"healthy\"}"), NULL,
         IRL_EPARSE, "'a'", "healthy");
  refuse(SAMPLE_TASK(
             ", \"healthy\": [{\"qpos\": \"hinge\", \"max\": 1}], \"reward\": [{\"name\": \"a\", "
             "\"norm\": \"l2\", \"residual\": \"action\", \"while\": \"healthy\"}]"),
         NULL, IRL_EUNSUPPORTED, "while", "constant");
  refuse(
      "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 3, \"observation\": {\"qpos\": \"*\"}, "
      "\"reward\": [{\"name\": \"a\", \"norm\": \"l2\", \"residual\": \"action\"}]}",
      with_user_sensor, IRL_EUNSUPPORTED, "user sensor 'Height'", "reward term");
  refuse(
      "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 3, \"observation\": {\"sensor\": \"*\"}}",
      with_user_sensor, IRL_ERANGE, "leaves at 0", "parts");
  refuse(
      "{\"name\": \"s\", \"model\": \"m\", \"horizon\": 3, \"observation\": {\"qpos\": \"*\"},"
      "\"reward\": [{\"name\": \"Height\", \"residual\": {\"qpos\": \"slider\"}}]}",
      with_user_sensor, IRL_EUNSUPPORTED, "norm 4", "\"norm\"");
}

static void ranges_and_starts(void) {
  refuse(SAMPLE_TASK(", \"healthy\": [{\"qpos\": \"hinge\"}]"), NULL, IRL_EPARSE, "$.healthy[0]",
         "allows everything");
  refuse(SAMPLE_TASK(", \"healthy\": [{\"qpos\": \"hinge\", \"finite\": 1}]"), NULL, IRL_EPARSE,
         "$.healthy[0].finite", "");
  refuse(SAMPLE_TASK(", \"reward\": [{\"name\": \"r\", \"norm\": \"square\", \"max\": \"much\", "
                     "\"residual\": \"action\"}]"),
         NULL, IRL_EPARSE, "$.reward[0].max", "");
  refuse(SAMPLE_TASK(", \"healthy\": [{\"qpos\": \"hinge\", \"min\": 2, \"max\": 1}]"), NULL,
         IRL_ERANGE, "$.healthy[0]", "allows nothing");
  refuse(SAMPLE_TASK(", \"success\": {\"hold\": 2}"), NULL, IRL_EPARSE, "$.success", "when");
  refuse(SAMPLE_TASK(", \"reset\": {\"key\": \"hme\"}"), NULL, IRL_ENOENT, "keyframe 'hme'",
         "'home'");
  refuse(SAMPLE_TASK(", \"reset\": {\"noise\": [{\"qpos\": \"hinge\"}]}"), NULL, IRL_EPARSE,
         "$.reset.noise[0]", "uniform");
  refuse(SAMPLE_TASK(", \"reset\": {\"noise\": [{\"normal\": 1}]}"), NULL, IRL_EPARSE, "noise[0]",
         "\"qpos\" or \"qvel\"");
  refuse(SAMPLE_TASK(", \"reset\": {\"noise\": [{\"qpos\": \"hinge\", \"uniform\": [2, 1]}]}"),
         NULL, IRL_ERANGE, "noise[0].uniform", "is empty");
  refuse(SAMPLE_TASK(", \"reset\": {\"noise\": [{\"qpos\": \"hinge\", \"uniform\": 1}]}"), NULL,
         IRL_EDIM, "noise[0].uniform", "[low, high]");
  refuse(SAMPLE_TASK(", \"reset\": {\"noise\": [{\"qpos\": \"hinge\", \"normal\": -1}]}"), NULL,
         IRL_ERANGE, "noise[0].normal", "");
  refuse(SAMPLE_TASK(
             ", \"reset\": {\"noise\": [{\"qpos\": \"hinge\", \"normal\": 1, \"norm_below\": 1, "
             "\"norm_above\": 2}]}"),
         NULL, IRL_ERANGE, "noise[0]", "ring");
  refuse(SAMPLE_TASK(", \"conditions\": [{\"qpos\": {\"slide\": 1}}]"), NULL, IRL_ENOENT,
         "$.conditions[0].qpos.slide", "'slider'");
  refuse(SAMPLE_TASK(", \"conditions\": [{\"qpos\": {\"ball\": 1}}]"), NULL, IRL_EPARSE,
         "$.conditions[0].qpos.ball", "");
  refuse(SAMPLE_TASK(", \"conditions\": [{\"qps\": {\"slider\": 1}}]"), NULL, IRL_EPARSE,
         "$.conditions[0].qps", "qpos");
}

static void refuse_load(const char* name, const char* set, irl_err code, const char* part) {
  irl_task* task = NULL;
  irl_errinfo info = {0};
  CHECK(irl_task_load(&task, name, &set, set == NULL ? 0 : 1, &info) == code && task == NULL);
  CHECK_CONTAINS(info.text, part);
}

static void names_and_settings(void) {
  refuse_load("reachher", NULL, IRL_ENOENT, "did you mean 'reacher'?");
  refuse_load("nothing of the kind", NULL, IRL_ENOENT, "env list");
  refuse_load("nowhere/at.json", NULL, IRL_ENOENT, "nowhere/at.json");
  refuse_load("nowhere/at.xml", NULL, IRL_ENOENT, "nowhere/at.xml");
  refuse_load("reacher", "horizon", IRL_ERANGE, "key=value");
  refuse_load("reacher", "=3", IRL_ERANGE, "key=value");
  refuse_load("reacher", "horizon=many", IRL_EPARSE, "$.horizon");
  refuse_load("reacher", "horizont=3", IRL_EPARSE, "horizont");
  refuse_load("reacher", "model=\"../models/gone.xml\"", IRL_ENOENT, "gone.xml");
}

TESTS(TEST(entries), TEST(top_level), TEST(rewards), TEST(ranges_and_starts),
      TEST(names_and_settings))
