// Diverged episodes are in none of an expert's figures.
#include <stdio.h>
#include <stdlib.h>

#include "envs/env.h"
#include "irl/expert.h"
#include "test.h"

// A spring whose stiffness is drawn: above 4m/h² = 400 N/m semi-implicit Euler diverges.
// Few do, as the search itself wants judged episodes that do not; this seed gives it those.
static const char* const spring =
    "<mujoco><option timestep='0.1' integrator='Euler' gravity='0 0 0'/><worldbody><body><joint "
    "name='x' type='slide' stiffness='1' springref='1'/><geom size='0.1' mass='1'/></body>"
    "</worldbody><actuator><motor joint='x' ctrlrange='-1 1'/></actuator></mujoco>";

// A step costs 1: an episode to the end returns −60, one that diverged returns more.
static const char* const task_json =
    "{\"name\": \"spring\", \"model\": \"m\", \"horizon\": 60, \"observation\": [{\"qpos\": \"x\"},"
    "{\"qvel\": \"x\"}], \"reward\": [{\"name\": \"time\", \"norm\": \"constant\"}],"
    "\"conditions\": [{\"qpos\": {\"x\": 0}}, {\"qpos\": {\"x\": 0.5}}],"
    "\"domain\": {\"stiffness\": [1, 434]},"
    "\"expert\": {\"method\": \"random_search\", \"iterations\": 1, \"directions\": 2, \"best\": "
    "2}}";

static void remember(void* user, irl_level level, const char* text) {
  if (level == IRL_LOG_WARNING) {
    snprintf(user, 300, "%s", text);
  }
}

static void diverged_episodes_are_left_out(void) {
  irl_task* task = NULL;
  irl_errinfo info = {0};
  irl_expert_result r;
  char warning[300] = "";
  irl_host host = {.sink = {.write = remember, .user = warning}};
  irl_env_runtime_init();
  CHECK_OK(irl_task_from_text(&task, task_json, spring, &info));
  irl_expert_options o = irl_expert_defaults(task);
  o.episodes = 300;
  o.threads = 1;
  o.seed = 2;
  const irl_err err = irl_expert(&o, &host, &r, &info);
  CHECK_OK(err);
  if (err != IRL_OK) {
    irl_task_destroy(task);
    return;
  }
  int valid = 0;
  for (int i = 0; i < r.demos.n; i++) {
    valid += r.demos.valid[i];
    CHECK(r.demos.valid[i] == (r.demos.length[i] == 60));
  }
  CHECK(valid > 250 && valid < 300);
  CHECK(r.judged > 90 && r.judged < 100);
  CHECK(r.return_mean == -60 && r.return_std == 0 && r.random_return == -60);
  CHECK(r.condition_return[0] == -60 && r.condition_return[1] == -60 && r.sampled_mean == -60);
  CHECK_CONTAINS(warning, "of 300 demonstrations diverged and are left out");
  irl_expert_result_fini(&r);
  irl_task_destroy(task);
}

TESTS(TEST(diverged_episodes_are_left_out))
