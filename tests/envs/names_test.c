// Every kind of name that a task gives: one that is wrong is refused with its line, its place and
// the closest that is right.
#include "sample.h"

// A model with one of each, under names that differ by kind.
static const char* const model =
    "<mujoco><worldbody><body name='forearm'><joint name='elbow' type='slide'/><geom name='tube' "
    "size='0.1'/><site name='grip'/></body><body name='marker' mocap='true'><geom name='ring' "
    "size='0.1' contype='0' conaffinity='0'/></body></worldbody>"
    "<tendon><fixed name='cable'><joint joint='elbow' coef='1'/></fixed></tendon>"
    "<actuator><general name='puller' joint='elbow' dyntype='filter' dynprm='0.1'/></actuator>"
    "<sensor><jointpos name='encoder' joint='elbow'/></sensor>"
    "<custom><numeric name='gauge' data='1'/></custom>"
    "<keyframe><key name='parked'/></keyframe></mujoco>";

// The member that is tried stands in line 6.
#define LINE "6"
#define TASK(member)                                                                           \
  "{\n\"name\": \"n\",\n\"model\": \"n.xml\",\n\"horizon\": 3,\n\"observation\": [{\"qpos\": " \
  "\"*\"}],\n" member "\n}"
#define SEEN(entry) TASK("\"healthy\": [{" entry ", \"min\": 0}]")
#define TERM(rest) TASK("\"reward\": [{\"name\": \"r\", " rest "}]")

static const struct {
  const char *json, *place, *why, *near;
} wrong[] = {
    // names of the model
    {SEEN("\"qpos\": \"elbw\""), "$.healthy[0].qpos", "no joint 'elbw'", "elbow"},
    {SEEN("\"qvel\": [\"elbow\", \"ellbow\"]"), "$.healthy[0].qvel[1]", "no joint", "elbow"},
    {SEEN("\"qfrc_actuator\": \"elbo\""), "$.healthy[0].qfrc_actuator", "no joint", "elbow"},
    {SEEN("\"sensor\": \"encodr\""), "$.healthy[0].sensor", "no sensor 'encodr'", "encoder"},
    {SEEN("\"body\": \"forarm\""), "$.healthy[0].body", "no body 'forarm'", "forearm"},
    {SEEN("\"com\": \"foreram\""), "$.healthy[0].com", "no body", "forearm"},
    {SEEN("\"quat\": \"forearms\""), "$.healthy[0].quat", "no body", "forearm"},
    {SEEN("\"site\": \"gripp\""), "$.healthy[0].site", "no site 'gripp'", "grip"},
    {SEEN("\"geom\": \"tub\""), "$.healthy[0].geom", "no geom 'tub'", "tube"},
    {SEEN("\"tendon\": \"cabel\""), "$.healthy[0].tendon", "no tendon 'cabel'", "cable"},
    {SEEN("\"actuator_force\": \"puler\""), "$.healthy[0].actuator_force", "no actuator", "puller"},
    {SEEN("\"act\": \"pullr\""), "$.healthy[0].act", "no actuator 'pullr'", "puller"},
    {SEEN("\"numeric\": \"guage\""), "$.healthy[0].numeric", "no numeric 'guage'", "gauge"},
    {SEEN("\"site\": \"grip\", \"minus\": {\"site\": \"gripe\"}"), "$.healthy[0].minus.site",
     "no site", "grip"},
    {TERM("\"norm\": \"l2\", \"residual\": {\"velocity\": {\"geom\": \"rng\"}}"),
     "$.reward[0].residual.velocity.geom", "no geom", "ring"},
    {TASK("\"reset\": {\"key\": \"parkd\"}"), "$.reset.key", "no keyframe 'parkd'", "parked"},
    {TASK("\"reset\": {\"qpos\": {\"elbowe\": 1}}"), "$.reset.qpos.elbowe", "no joint", "elbow"},
    {TASK("\"reset\": {\"noise\": [{\"qvel\": \"elbov\", \"normal\": 1}]}"),
     "$.reset.noise[0].qvel", "no joint", "elbow"},
    {TASK("\"conditions\": [{\"act\": {\"pulle\": 1}}]"), "$.conditions[0].act.pulle",
     "no actuator", "puller"},
    {TASK("\"conditions\": [{}, {\"mocap\": {\"markr\": [0, 0, 0]}}]"),
     "$.conditions[1].mocap.markr", "no body", "marker"},
    {TASK("\"domain\": {\"mass\": {\"body\": \"fourarm\", \"scale\": 2}}"), "$.domain.mass.body",
     "no body", "forearm"},
    {TASK("\"domain\": {\"friction\": {\"geom\": \"tubes\", \"scale\": 2}}"),
     "$.domain.friction.geom", "no geom", "tube"},
    {TASK("\"domain\": {\"disable\": {\"actuator\": \"pular\"}}"), "$.domain.disable.actuator",
     "no actuator", "puller"},
    // the task's own words
    {TASK("\"temprature\": 3"), "$.temprature", "unknown key", "temperature"},
    {SEEN("\"qpo\": \"elbow\""), "$.healthy[0]", "unknown key 'qpo'", "qpos"},
    {SEEN("\"qpos\": \"elbow\", \"componets\": [0]"), "$.healthy[0].componets", "unknown key",
     "components"},
    {TERM("\"norm\": \"squared\", \"residual\": \"action\""), "$.reward[0].norm", "'squared'",
     "square"},
    {TERM("\"norm\": \"l2\", \"wieght\": 1, \"residual\": \"action\""), "$.reward[0].wieght",
     "unknown key", "weight"},
    {TASK("\"timing\": \"gymnasum\""), "$.timing", "'gymnasum'", "gymnasium"},
    {TASK("\"expert\": {\"method\": \"trajectori\"}"), "$.expert.method", "'trajectori'",
     "trajectory"},
    {TASK("\"domain\": {\"gravty\": 1}"), "$.domain.gravty", "unknown key", "gravity"},
    {TASK("\"success\": {\"when\": [], \"holds\": 1}"), "$.success.holds", "unknown key", "hold"},
};

static void wrong_names_are_put_right(void) {
  for (int i = 0; i < (int)(sizeof wrong / sizeof wrong[0]); i++) {
    irl_task* task = NULL;
    irl_errinfo info = {0};
    char place[128], near[64];
    CHECK(irl_task_from_text(&task, wrong[i].json, model, &info) != IRL_OK && task == NULL);
    snprintf(place, sizeof place, "kept task:" LINE ": %s: ", wrong[i].place);
    snprintf(near, sizeof near, "did you mean '%s'?", wrong[i].near);
    CHECK_CONTAINS(info.text, place);
    CHECK_CONTAINS(info.text, wrong[i].why);
    CHECK_CONTAINS(info.text, near);
    irl_task_destroy(task);
  }
}

// Nothing near: the sentence says how many there are.
static void far_names_are_counted(void) {
  irl_task* task = NULL;
  irl_errinfo info = {0};
  CHECK(irl_task_from_text(&task, SEEN("\"site\": \"something else\""), model, &info) ==
        IRL_ENOENT);
  CHECK_CONTAINS(info.text, "no site 'something else'; name one of its 1");
}

TESTS(TEST(wrong_names_are_put_right), TEST(far_names_are_counted))
