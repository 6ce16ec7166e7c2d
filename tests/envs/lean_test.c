// Simulations leave out stages that cannot find anything: states must be mj_step's own to the last
// bit, whether anything was left out or not, and a step must find whatever there is.
#include <mujoco/mujoco.h>

#include "envs/task_internal.h"
#include "sample.h"

#define TASK                                                                             \
  "{\"name\": \"t\", \"model\": \"m\", \"horizon\": 10, \"frame_skip\": 5, \"timing\": " \
  "\"gymnasium\", \"observation\": [{\"qpos\": \"*\"}]}"

// A ball falls on a slide from 0.3 m to a plate on a stiff spring.
#define FALL(ball, plate, more)                                                                   \
  "<mujoco><worldbody><body name='b' pos='0 0 .3'><joint name='fall' type='slide' axis='0 0 1'/>" \
  "<geom name='ball' size='.05' " ball                                                            \
  "/></body>"                                                                                     \
  "<body name='p'><joint name='give' type='slide' axis='0 0 1' stiffness='1e6' damping='1e4'/>"   \
  "<geom name='plate' type='box' size='1 1 .02' " plate "/></body></worldbody>" more              \
  "<actuator><motor joint='give'/></actuator></mujoco>"

// Steps the model of a task and traces the task itself under the same actions; both must agree, in
// the values of sensors too where they are all that is observed.
static bool traced_alike(const irl_task* task, int steps) {
  const irl_task_info* t = irl_task_get(task);
  const mjModel* m = irl_task_model(task);
  const size_t nq = (size_t)t->nq, nv = (size_t)t->nv, nu = (size_t)t->nu, rows = (size_t)steps + 1;
  double* q = calloc(rows * (nq + nv + (size_t)t->nx + 1 + nu), sizeof *q);
  double *v = q + rows * nq, *x = v + rows * nv, *r = x + rows * (size_t)t->nx, *u = r + rows;
  uint8_t* ended = calloc(rows, 1);
  irl_env* env = NULL;
  mjData* d = mj_makeData(m);
  const bool senses = strncmp(irl_task_observation_name(task, 0), "sensor", 6) == 0;
  bool same = true;
  for (size_t k = 0; k < (size_t)steps * nu; k++) {
    u[k] = sin(0.7 * (double)k);
    u[k] = fmax(irl_task_action_low(task)[k % nu], fmin(irl_task_action_high(task)[k % nu], u[k]));
  }
  CHECK_OK(irl_env_create(&env, task, 1, 1, NULL));
  CHECK_OK(irl_env_trace(env, m->qpos0, d->qvel, u, steps, q, v, x, r, ended, NULL));
  mj_forward(m, d);
  for (int s = 0; s < steps; s++) {
    memcpy(d->ctrl, u + (size_t)s * nu, nu * sizeof *u);
    for (int k = 0; k < t->frame_skip; k++) {
      mj_step(m, d);
    }
    same &= memcmp(d->qpos, q + (size_t)(s + 1) * nq, nq * sizeof *q) == 0;
    same &= memcmp(d->qvel, v + (size_t)(s + 1) * nv, nv * sizeof *v) == 0;
    same &= !senses || memcmp(d->sensordata, x + (size_t)(s + 1) * (size_t)t->nx,
                              (size_t)t->nx * sizeof *x) == 0;
  }
  mj_deleteData(d);
  irl_env_destroy(env);
  free(q);
  free(ended);
  return same;
}

// Whether the ball's fall was stopped, in mj_step and in the task alike.
static bool lands(const irl_task* task) {
  const mjModel* m = irl_task_model(task);
  mjData* d = mj_makeData(m);
  CHECK(traced_alike(task, 50));
  for (int k = 0; k < 250; k++) {
    mj_step(m, d);
  }
  const bool stopped = d->qpos[0] > -0.4;
  mj_deleteData(d);
  return stopped;
}

static int switched_off(const irl_task* task) {
  const mjModel* m = irl_task_model(task);
  const mjModel lean = irl_model_lean(m);
  return lean.opt.disableflags & ~m->opt.disableflags;
}

static void collisions_are_left_out_where_none_is_possible(void) {
  static const struct {
    const char* mjcf;
    bool collides;
  } cases[] = {
      {FALL("", "", ""), true},
      {FALL("contype='2' conaffinity='0'", "contype='0' conaffinity='2'", ""), true},
      {FALL("contype='0' conaffinity='4'", "contype='6' conaffinity='0'", ""), true},
      {FALL("contype='-2147483648' conaffinity='0'", "contype='0' conaffinity='-2147483648'", ""),
       true},
      {FALL("contype='0' conaffinity='1'", "contype='0' conaffinity='1'", ""), false},
      {FALL("contype='1' conaffinity='2'", "contype='1' conaffinity='4'", ""), false},
      {FALL("contype='0' conaffinity='0'", "contype='1' conaffinity='1'", ""), false},
      {FALL("contype='0' conaffinity='0'", "contype='0' conaffinity='0'",
            "<contact><pair geom1='ball' geom2='plate'/></contact>"),
       true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    irl_task* task = sample_task(TASK, cases[i].mjcf);
    CHECK(lands(task) == cases[i].collides);
    CHECK(((switched_off(task) & mjDSBL_CONTACT) == 0) == cases[i].collides);
    irl_task_destroy(task);
  }
}

// A wheel with two geoms in each other, and a body welded to it.
static void bodies_welded_together_do_not_count(void) {
  irl_task* task = sample_task(
      TASK,
      "<mujoco><worldbody><body name='wheel'><joint name='h' axis='0 1 0'/><geom size='.1'/>"
      "<geom size='.1' pos='.05 0 0'/><body name='rim'><geom size='.1' pos='.1 0 0'/></body></body>"
      "</worldbody><actuator><motor joint='h'/></actuator></mujoco>");
  CHECK((switched_off(task) & mjDSBL_CONTACT) != 0);
  CHECK(traced_alike(task, 20));
  irl_task_destroy(task);
}

static void dry_friction_is_found_in_joints_and_tendons(void) {
  static const char* const form =
      "<mujoco><worldbody><body name='b'><joint name='h' axis='0 1 0' frictionloss='%s'/>"
      "<geom size='.1' pos='.2 0 0'/></body></worldbody><tendon><fixed frictionloss='%s'><joint "
      "joint='h' coef='1'/></fixed></tendon><actuator><motor joint='h'/></actuator></mujoco>";
  static const char* const loss[3][2] = {{"0", "0"}, {"0.3", "0"}, {"0", "0.3"}};
  for (int i = 0; i < 3; i++) {
    char mjcf[600];
    snprintf(mjcf, sizeof mjcf, form, loss[i][0], loss[i][1]);
    irl_task* task = sample_task(TASK, mjcf);
    CHECK(((switched_off(task) & mjDSBL_FRICTIONLOSS) != 0) == (i == 0));
    CHECK(traced_alike(task, 20));
    irl_task_destroy(task);
  }
}

// A link that swings beside a ball on a slide, a tendon between them: with what `option`, `joint`,
// `body`, `tendon`, `motor` and `more` add.
typedef struct addition {
  const char *option, *joint, *body, *tendon, *motor, *more;
} addition;

static irl_task* swing(const addition* a) {
  char mjcf[1500];
  snprintf(mjcf, sizeof mjcf,
           "<mujoco><option integrator='implicitfast' %s/><default><geom contype='0' "
           "conaffinity='0'/></default><worldbody><light pos='0 0 3'/><camera name='eye' pos='0 -2 "
           "1' mode='targetbody' target='b'/><body name='b' %s><joint name='h' axis='0 1 0' "
           "%s/><geom size='.1' pos='.2 0 0'/><site name='s' pos='.3 0 0'/></body><body "
           "name='c' pos='.5 .1 .2'><joint name='slide' type='slide' axis='0 0 1'/><geom name='g' "
           "size='.05'/><site name='e'/></body></worldbody><tendon><spatial name='t' %s><site "
           "site='s'/><site site='e'/></spatial></tendon><actuator><motor joint='h' %s/></actuator>"
           "%s</mujoco>",
           a->option != NULL ? a->option : "", a->body != NULL ? a->body : "",
           a->joint != NULL ? a->joint : "", a->tendon != NULL ? a->tendon : "",
           a->motor != NULL ? a->motor : "", a->more != NULL ? a->more : "");
  return sample_task(TASK, mjcf);
}

static void passive_forces_are_found_wherever_they_are(void) {
  static const addition cases[] = {
      {.joint = ""},  // none
      {.joint = "stiffness='3'"},
      {.joint = "stiffness='0 3'"},
      {.joint = "damping='.5'"},
      {.joint = "damping='0 .5'"},
      {.tendon = "stiffness='3' springlength='.1'"},
      {.tendon = "stiffness='0 3' springlength='.1'"},
      {.tendon = "damping='2'"},
      {.tendon = "damping='0 2'"},
      {.body = "gravcomp='1'"},
      {.option = "density='100'"},
      {.option = "viscosity='10'"},
      {.motor = "damping='.5'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    irl_task* task = swing(&cases[i]);
    CHECK(((switched_off(task) & (mjDSBL_SPRING | mjDSBL_DAMPER)) != 0) == (i == 0));
    CHECK((switched_off(task) & mjDSBL_CONSTRAINT) != 0);
    CHECK(traced_alike(task, 40));
    irl_task_destroy(task);
  }
}

static void constraints_are_found_wherever_they_are(void) {
  static const addition cases[] = {
      {.joint = ""},  // none
      {.joint = "limited='true' range='-5 5'"},
      {.joint = "frictionloss='.2'"},
      {.tendon = "limited='true' range='0 .3'"},
      {.tendon = "frictionloss='.2'"},
      {.more = "<equality><joint joint1='h' joint2='slide'/></equality>"},
      {.more = "<equality><connect active='false' body1='b' anchor='0 0 0'/></equality>"},
      {.more = "<contact><pair geom1='g' geom2='g2'/></contact><worldbody><geom name='g2' "
               "size='.1' pos='.5 .1 0'/></worldbody>"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    irl_task* task = swing(&cases[i]);
    CHECK(((switched_off(task) & mjDSBL_CONSTRAINT) != 0) == (i == 0));
    CHECK(traced_alike(task, 60));
    irl_task_destroy(task);
  }
}

// The camera turns after a body, and what is seen from it changes with that.
static void cameras_are_there_for_sensors(void) {
  static const char* const sensors[] = {
      "<camprojection site='s' camera='eye'/>", "<framequat objtype='camera' objname='eye'/>",
      "<framepos objtype='site' objname='s' reftype='camera' refname='eye'/>",
      "<framepos objtype='site' objname='s'/>",  // looks from nowhere
  };
  for (int i = 0; i < 4; i++) {
    char more[200];
    snprintf(more, sizeof more, "<sensor>%s</sensor>", sensors[i]);
    irl_task* plain = swing(&(const addition){.more = more});
    irl_task* task = NULL;
    CHECK_OK(irl_task_vary(&task, plain, (const char* const[]){"observation={\"sensor\": \"*\"}"},
                           1, NULL));
    CHECK(irl_model_needs_cameras(irl_task_model(task)) == (i < 3));
    CHECK((switched_off(task) & mjDSBL_SENSOR) == 0);
    CHECK(traced_alike(task, 20));
    irl_task_destroy(task);
    irl_task_destroy(plain);
  }
}

// Bundled tasks, of which pendulums, reacher and swimmer leave collisions out.
static void bundled_tasks_step_as_mujoco_does(void) {
  const char* const* names;
  int without = 0;
  CHECK_OK(irl_task_list(&names, NULL));
  for (int i = 0; names[i] != NULL; i++) {
    irl_task* task = bundled_task(names[i]);
    without += (switched_off(task) & mjDSBL_CONTACT) != 0;
    if (!traced_alike(task, 30)) {
      printf("%s\n", names[i]);
      CHECK(!"steps as mj_step does");
    }
    irl_task_destroy(task);
  }
  CHECK(without == 5);
  irl_task_list_free(names);
}

TESTS(TEST(collisions_are_left_out_where_none_is_possible),
      TEST(bodies_welded_together_do_not_count), TEST(dry_friction_is_found_in_joints_and_tendons),
      TEST(passive_forces_are_found_wherever_they_are),
      TEST(constraints_are_found_wherever_they_are), TEST(cameras_are_there_for_sensors),
      TEST(bundled_tasks_step_as_mujoco_does))
