// Training as a whole on the linear task: the same bytes for any number of threads, and after a
// stop and a resume; refusals leave nothing behind.
#include "base/arena.h"
#include "base/file.h"
#include "irl/learner_internal.h"
#include "irl/run.h"
#include "train_fixture.h"

static void threads_do_not_matter(void) {
  char first[1200], other[1200], name[32];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("threads1", first), 1);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  for (int n = 2; n <= 3; n++) {
    snprintf(name, sizeof name, "threads%d", n);
    o = options(folder(name, other), n);
    CHECK_OK(irl_train(&o, NULL, &r, &info));
    same_run(first, other);
  }
}

static void seeds_differ(void) {
  char a[1200], b[1200], *da = NULL, *db = NULL, path[2300];
  size_t na = 0, nb = 0;
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("seed3", a), 2);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  o = options(folder("seed4", b), 2);
  o.seed = 4;
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  snprintf(path, sizeof path, "%s/cost.safetensors", a);
  CHECK_OK(irl_file_read(path, 1 << 28, &da, &na, NULL));
  snprintf(path, sizeof path, "%s/cost.safetensors", b);
  CHECK_OK(irl_file_read(path, 1 << 28, &db, &nb, NULL));
  CHECK(na == nb && memcmp(da, db, na) != 0);
  irl_free(da);
  irl_free(db);
}

// What stays in the mixture: with room for 3 of 6 rounds some are forgotten before and some after
// the stops.
static void keep_all(irl_config* c) {
  c->keep = IRL_KEEP_ALL;
}

static void keep_window(irl_config* c) {
  c->keep = IRL_KEEP_WINDOW;
  c->keep_rounds = 3;
}

// Steps so large that many are taken back, from rounds that the mixture has forgotten.
static void overstep(irl_config* c) {
  keep_window(c);
  c->keep_rounds = 2;
  c->kl_step = c->kl_min = c->kl_max = 5.0;
}

// Everything that is off by default, together.
static void everything(irl_config* c) {
  c->keep = IRL_KEEP_RESERVOIR;
  c->keep_rounds = 3;
  c->sampler_steps = 2;
  c->control_variate = IRL_CONTROL_LAPLACE;
  c->activation = IRL_SOFTPLUS;
  c->input = IRL_COST_STATE_ACTION;
  c->action_penalty = IRL_PENALTY_FIXED;
  c->weight_decay = 0.1;
  c->lcr = c->mono = c->gradient_penalty = 1.0;
  c->heldout = 0.4;
}

static void stopped_and_resumed_ends_the_same(void) {
  stopped_and_resumed_with(keep_all, "straight_all", "broken_all");
  stopped_and_resumed_with(keep_window, "straight_window", "broken_window");
  stopped_and_resumed_with(overstep, "straight_overstep", "broken_overstep");
  stopped_and_resumed_with(everything, "straight_everything", "broken_everything");
}

// What a host is told.
typedef struct listener {
  int warnings;
  char last[800];
} listener;

static void hear(void* user, irl_level level, const char* text) {
  listener* l = user;
  if (level == IRL_LOG_WARNING) {
    l->warnings++;
    snprintf(l->last, sizeof l->last, "%s", text);
  }
}

// Flips a bit of a file.
static void damage(const char* folder, const char* name) {
  char path[2300], *data = NULL;
  size_t size = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK_OK(irl_file_read(path, 1 << 28, &data, &size, NULL));
  data[size - 9] = (char)(data[size - 9] ^ 4);
  CHECK_OK(irl_file_write(path, data, size, NULL));
  irl_free(data);
}

static void broken_checkpoint_is_passed_over(void) {
  char straight[1200], broken[1200];
  listener heard = {0};
  const irl_host host = {.sink = {hear, &heard}};
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("whole", straight), 2);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  o = options(folder("flipped", broken), 2);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  damage(broken, "checkpoints/000006");
  o.resume = true;
  CHECK_OK(irl_train(&o, &host, &r, &info));
  same_run(straight, broken);
  CHECK(heard.warnings == 1);
  CHECK_CONTAINS(heard.last, "passed over");

  // With none left it starts over, and says so.
  damage(broken, "checkpoints/000002");
  damage(broken, "checkpoints/000004");
  damage(broken, "checkpoints/000006");
  CHECK_OK(irl_train(&o, &host, &r, &info));
  same_run(straight, broken);
  CHECK(heard.warnings == 5);
  CHECK_CONTAINS(heard.last, "starts over");
}

// What a killed run left half written goes when the run goes on, and not while another program may
// be writing it; files beside a run's own are not touched.
static void left_temporaries_go_at_a_resume(void) {
  static const char* const left[] = {"costs/000004.safetensors.8217-0.tmp",
                                     "checkpoints/000004.8217-0.tmp", "policy.safetensors.1-0.tmp",
                                     "plot.png.8217-0.tmp", "costs/note.tmp"};
  enum { N = sizeof left / sizeof left[0], GO = 3 };
  char out[1200], path[N][1300];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  int other;
  need_demos();
  irl_train_options o = options(folder("left", out), 2);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  for (int i = 0; i < N; i++) {
    snprintf(path[i], sizeof path[i], "%s/%s", out, left[i]);
    CHECK_OK(irl_file_append(path[i], "x", 1, &info));
  }
  o.resume = true;
  CHECK_OK(irl_dir_lock(&other, out, &info));
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_EEXIST);
  CHECK_CONTAINS(info.text, "another program is writing there");
  for (int i = 0; i < N; i++) {
    CHECK(irl_file_exists(path[i]));
  }
  irl_dir_unlock(other);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  for (int i = 0; i < N; i++) {
    CHECK(irl_file_exists(path[i]) == (i >= GO));
  }
  CHECK_OK(irl_dir_lock(&other, out, &info));  // given back
  irl_dir_unlock(other);
}

// A message of a run comes while it holds its folder.
static void try_folder(void* user, irl_level level, const char* text) {
  int lock;
  (void)text;
  CHECK(level != IRL_LOG_PROGRESS || irl_dir_lock(&lock, user, NULL) == IRL_EEXIST);
}

static void running_run_holds_its_folder(void) {
  char out[1200];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("held", out), 2);
  const irl_host host = {.sink = {try_folder, out}};
  o.config.iterations = 2;
  CHECK_OK(irl_train(&o, &host, &r, &info));
}

static void refusals(void) {
  char out[1200], other[1200];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("refused", out), 1);
  o.resume = true;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "leave out --resume");
  CHECK(!irl_dir_exists(out));

  irl_task* reacher;
  CHECK_OK(irl_task_load(&reacher, "reacher", NULL, 0, &info));
  o = options(folder("refused", out), 1);
  o.task = reacher;
  CHECK(irl_train(&o, NULL, &r, &info) != IRL_OK);
  CHECK(strlen(info.text) > 20);
  CHECK(!irl_dir_exists(out));
  irl_task_destroy(reacher);

  irl_task* longer;
  const char* const set[] = {"horizon=31"};
  CHECK_OK(irl_task_load(&longer, "lq_point_mass", set, 1, &info));
  o = options(folder("refused", out), 1);
  o.task = longer;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "no episode of 31 steps");
  CHECK(!irl_dir_exists(out));
  irl_task_destroy(longer);

  o = options(folder("taken", other), 1);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_EEXIST);
  CHECK_CONTAINS(info.text, "--resume");
  o.resume = true;
  o.config.rate = 0.5;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "other settings");
}

// The dataset may be recorded anew under the same name between a stop and a resume.
static void changed_demonstrations_are_refused(void) {
  char out[1200];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("changed", out), 2);
  o.config.iterations = 2;
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  o.resume = true;
  demos->batch.u[7] += 1e-9;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_EDIM);
  demos->batch.u[7] -= 1e-9;
  CHECK_CONTAINS(info.text, "are not those the run was started with");
}

// One demonstration of each condition's five is held out. Where those are unlike the others, here
// by larger actions, the cost tells them apart, and that is said once.
static void overfitting_is_said(void) {
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  listener heard = {0};
  const irl_host host = {.sink = {hear, &heard}};
  need_demos();
  irl_train_options o = options(NULL, 2);
  CHECK_OK(irl_train(&o, &host, &r, &info));
  CHECK(heard.warnings == 0);
  irl_batch* b = &demos->batch;
  for (int i = b->n - 4; i < b->n; i++) {
    for (int t = 0; t < b->horizon; t++) {
      irl_batch_u(b, i, t)[0] += 10;
    }
  }
  CHECK_OK(irl_train(&o, &host, &r, &info));
  CHECK(heard.warnings == 1);
  CHECK_CONTAINS(heard.last, "held out");
  heard.warnings = 0;
  o.config.heldout = 0;
  CHECK_OK(irl_train(&o, &host, &r, &info));
  CHECK(heard.warnings == 0);
  for (int i = b->n - 4; i < b->n; i++) {
    for (int t = 0; t < b->horizon; t++) {
      irl_batch_u(b, i, t)[0] -= 10;
    }
  }
}

// A fixed action penalty stays where it began; a learned one moves.
static void fixed_penalties_stay(void) {
  for (int fixed = 0; fixed < 2; fixed++) {
    char out[1200];
    irl_train_result r;
    irl_errinfo info = {IRL_OK, ""};
    irl_run* run;
    need_demos();
    irl_train_options o = options(folder(fixed ? "fixed" : "learned", out), 2);
    o.config.iterations = 2;
    o.config.action_penalty = fixed ? IRL_PENALTY_FIXED : IRL_PENALTY_LEARNED;
    CHECK_OK(irl_train(&o, NULL, &r, &info));
    CHECK_OK(irl_run_open(&run, out, &info));
    irl_tensor t[IRL_COST_MAX_TENSORS];
    const float* omega = NULL;
    for (int i = irl_cost_tensors(run->cost, t) - 1; i >= 0; i--) {
      omega = strcmp(t[i].name, "omega") == 0 ? t[i].data : omega;
    }
    CHECK(omega != NULL);
    double start = log(expm1(o.config.action_weight));  // softplus⁻¹ of the weight above its floor
    CHECK((fabs((double)omega[0] - start) < 1e-6) == (fixed == 1));
    irl_run_close(run);
  }
}

// Trains on changed demonstrations and expects a sentence and no folder.
static void refuses_demos(const irl_demos* changed, bool from_zero, irl_err code,
                          const char* part) {
  char out[1200];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  irl_train_options o = options(folder("refused_demos", out), 1);
  o.demos = changed;
  o.config.demos_start = !from_zero;
  CHECK(irl_train(&o, NULL, &r, &info) == code);
  CHECK_CONTAINS(info.text, part);
  CHECK_CONTAINS(info.text, ";");
  CHECK(!irl_dir_exists(out));
}

// Demonstrations of another task, of other sizes, of one step, none at all, with numbers that are
// none and with actions of no density. (A file with such numbers does not get this far: demos.)
static void bad_demonstrations_are_refused(void) {
  need_demos();
  irl_demos changed = *demos;
  char other[] = "reacher";
  changed.task_name = other;
  refuses_demos(&changed, false, IRL_ERANGE, "are of task reacher, not of lq_point_mass");

  changed = *demos;
  changed.batch.nu++;
  refuses_demos(&changed, false, IRL_EDIM, "demonstrations");

  changed = *demos;
  changed.batch.n = 0;
  refuses_demos(&changed, false, IRL_EDIM, "no episode of 30 steps");

  int n = demos->batch.n;
  for (int i = 0; i < n; i++) {
    demos->batch.length[i] = 1;
  }
  refuses_demos(demos, false, IRL_EDIM, "no episode of 30 steps");
  for (int i = 0; i < n; i++) {
    demos->batch.length[i] = demos->batch.horizon;
  }

  double *u = irl_batch_u(&demos->batch, 0, 3), *x = irl_batch_x(&demos->batch, 1, 30);
  double action = *u, observation = *x;
  *u = NAN;
  refuses_demos(demos, false, IRL_ENUM, "episode 0 has the action nan");
  *u = -1e200;  // its square is infinite: zero density under every Gaussian
  refuses_demos(demos, true, IRL_ENUM, "the action -1e+200, to which no sampler gives a density");
  *u = action;
  *x = INFINITY;
  refuses_demos(demos, false, IRL_ENUM, "episode 1 has the observation inf");
  *x = observation;
}

// Far outside the actuators' range, but with a density: the logarithms carry it through.
static void far_actions_are_trained_on(void) {
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(NULL, 2);
  o.config.iterations = 2;
  double *u = irl_batch_u(&demos->batch, 0, 3), action = *u;
  *u = 1e6;
  const irl_algo algos[] = {IRL_ALGO_GCL, IRL_ALGO_GCL_Q, IRL_ALGO_GAN_GCL, IRL_ALGO_EBM};
  for (int i = 0; i < 4; i++) {
    o.algo = algos[i];
    o.config.demos_start = 0;
    CHECK_OK(irl_train(&o, NULL, &r, &info));
  }
  // A sampler fitted to such a demonstration throws the simulation about.
  o.config.demos_start = 1;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_ESIM);
  CHECK_CONTAINS(info.text, "the task's action range");
  *u = action;
}

// Seeds beyond 2^53 are kept to the last digit: a resume with the next one is refused.
static void large_seeds_are_told_apart(void) {
  char out[1200];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("large_seed", out), 2);
  o.config.iterations = 1;
  o.seed = UINT64_MAX;
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  irl_run* run;
  CHECK_OK(irl_run_open(&run, out, &info));
  CHECK(run->seed == UINT64_MAX);
  irl_run_close(run);
  o.resume = true;
  o.seed = UINT64_MAX - 1;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "other settings");
}

// More explorers than samples, and settings for which there is no memory.
static void sizes_of_the_crews(void) {
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(NULL, 2);
  o.config.iterations = 2;
  o.config.explore = 24;
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  o.config.keep = IRL_KEEP_ALL;
  o.config.iterations = 100000;
  o.config.sampler_steps = 100;
  o.config.samples = 10000;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_ENOMEM);
  CHECK_CONTAINS(info.text, "use fewer iterations");
}

// Nothing of a plan, or of what follows it, is lost; returns how many searches it has.
static int check_plans(const irl_expert_plan* a, const irl_expert_plan* b) {
  int n = 0;
  for (; a != NULL && b != NULL; a = a->then, b = b->then, n++) {
    CHECK(a->method == b->method && a->iterations == b->iterations && a->restarts == b->restarts &&
          a->rounds == b->rounds);
    CHECK(a->samples == b->samples && a->steps == b->steps && a->stddev == b->stddev);
    CHECK(a->kl == b->kl && a->discount == b->discount && a->trace == b->trace);
    CHECK(a->directions == b->directions && a->best == b->best && a->step == b->step);
    CHECK(a->noise == b->noise && a->offset == b->offset && a->alive == b->alive &&
          a->grow == b->grow && a->spread == b->spread);
    CHECK(a->judge == b->judge && a->last == b->last && a->floor == b->floor &&
          a->products == b->products && a->observed == b->observed && a->average == b->average);
    CHECK(isnan(a->stop_return) == isnan(b->stop_return) &&
          isnan(a->best_return) == isnan(b->best_return));
    CHECK(isnan(a->stop_return) || a->stop_return == b->stop_return);
    CHECK(isnan(a->best_return) || a->best_return == b->best_return);
    CHECK(a->audition == b->audition && (a->then == NULL) == (b->then == NULL));
  }
  return n;
}

// A run keeps how experts of its task are searched for, all of it, and a plan that cannot be is
// refused.
static void the_expert_plan_is_kept(void) {
  static const char* const plans[] = {
      "expert={\"method\": \"random_search\", \"directions\": 5, \"best\": 3, \"step\": 0.5, "
      "\"noise\": "
      "0.25, \"offset\": false, \"alive\": true, \"steps\": 9, \"grow\": 1.5, \"spread\": 1.25, "
      "\"judge\": 8, "
      "\"last\": 0.5, \"stddev\": 0.125, "
      "\"iterations\": "
      "7, "
      "\"stop_return\": -3, \"best_return\": 2, \"restarts\": 4, \"audition\": 3, \"observed\": 2, "
      "\"average\": 6, "
      "\"then\": {\"step\": 0.125, \"then\": {\"iterations\": 2, \"stop_return\": -2}}}",
      "expert={\"method\": \"natural_gradient\", \"samples\": 6, \"kl\": 0.5, \"discount\": 0.75, "
      "\"trace\": 0.5, \"floor\": 0.25, \"products\": true, \"alive\": false, "
      "\"then\": {\"kl\": 0.25, \"samples\": 9}}",
      "expert={\"restarts\": 3, \"rounds\": 1, \"samples\": 4, \"iterations\": 2}"};
  static const int searches[] = {3, 2, 1};
  char out[1200], path[2300], *text;
  size_t size;
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  irl_run* run;
  need_demos();
  for (int i = 0; i < 3; i++) {
    irl_task* own;
    const char* const set[] = {"horizon=30", plans[i]};
    char name[16];
    snprintf(name, sizeof name, "plan%d", i);
    CHECK_OK(irl_task_load(&own, "lq_point_mass", set, 2, &info));
    irl_train_options o = options(folder(name, out), 2);
    o.task = own;
    o.config.iterations = 1;
    CHECK_OK(irl_train(&o, NULL, &r, &info));
    CHECK_OK(irl_run_open(&run, out, &info));
    CHECK(check_plans(&run->plan, irl_task_expert(own)) == searches[i]);
    irl_run_close(run);
    irl_task_destroy(own);
  }
  snprintf(path, sizeof path, "%s/plan0/config.json", root);
  CHECK_OK(irl_file_read(path, 1 << 20, &text, &size, &info));
  char* directions = strstr(text, "\"directions\": 5");
  CHECK(directions != NULL);
  directions[strlen("\"directions\": ")] = '2';  // of which the best 3 are to be taken
  CHECK_OK(irl_file_write(path, text, size, &info));
  CHECK(irl_run_open(&run, folder("plan0", out), &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "expert.best");
  irl_free(text);
}

// A folder into which the cost of another task was copied is refused, not read past its end.
static void foreign_files_are_refused(void) {
  char out[1200], path[2300];
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  irl_cost* cost;
  irl_run* run;
  need_demos();
  irl_train_options o = options(folder("foreign", out), 2);
  o.config.iterations = 1;
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  irl_cost_config config = irl_cost_defaults();
  CHECK_OK(irl_cost_create(&cost, &config, 10, 2, 1, &info));
  snprintf(path, sizeof path, "%s/cost.safetensors", out);
  CHECK_OK(irl_cost_save(cost, path, &info));
  irl_cost_destroy(cost);
  CHECK(irl_run_open(&run, out, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "cost.safetensors");
  snprintf(path, sizeof path, "%s/task.json", out);
  CHECK_OK(irl_file_write(path, "{", 1, &info));
  CHECK(irl_run_open(&run, out, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, out);
}

// A controller of each step for 348 observations over 1000 steps is refused, not tried.
static void too_large_tasks_are_refused(void) {
  irl_task* humanoid;
  irl_errinfo info = {IRL_OK, ""};
  irl_expert_result r;
  irl_runtime_init();
  CHECK_OK(irl_task_load(&humanoid, "humanoid", NULL, 0, &info));
  irl_expert_options o = irl_expert_defaults(humanoid);
  o.plan = irl_expert_plan_defaults(IRL_EXPERT_TRAJECTORY);
  CHECK(irl_expert(&o, NULL, &r, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "shorter horizon");
  irl_task_destroy(humanoid);
}

// A sampler that has got far too noisy goes back to what it stepped from, trajectories and all; one
// that draws as before stays, for chance takes nothing back.
static void bad_steps_are_taken_back(void) {
  irl_learner* l;
  irl_metrics m;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(NULL, 2);
  CHECK_OK(irl_learner_create(&l, task, demos, IRL_ALGO_GCL, &o.config, 3, 2, &info));
  CHECK_OK(irl_learner_iterate(l, &m, &info));
  irl_crew* crew = &l->crew[IRL_CREW_MAIN];
  irl_sampler *bad = &crew->sampler[0], *same = &crew->sampler[1];
  const double before = bad->multiplier, after = 0.5 * before;
  irl_policy_scale_covariance(&bad->policy, 1e4);
  irl_policy_copy(&same->policy, &crew->stood[1]);
  CHECK_OK(irl_crew_roll(l, IRL_CREW_MAIN, 1, &info));
  irl_crew_settle(l, IRL_CREW_MAIN, 3.0);
  CHECK(crew->round[0] == 0 && crew->round[1] == 1);
  CHECK_NEAR(bad->multiplier, after, 1e-15);
  const irl_policy* stood = &crew->stood[0];
  CHECK(memcmp(bad->policy.sigma, stood->sigma,
               sizeof(double) * (size_t)(stood->steps * stood->nu * stood->nu)) == 0);
  CHECK(memcmp(irl_batch_x(&crew->batch, 0, 1), irl_batch_x(&crew->stood_on, 0, 1),
               sizeof(double) * (size_t)crew->batch.nx) == 0);
  irl_learner_destroy(l);
}

// A trajectory of condition k that cost more than all others together.
static void lead_astray(irl_learner* l, int k) {
  irl_batch* b = &l->crew[IRL_CREW_MAIN].batch;
  for (int t = 0; t < b->horizon; t++) {
    for (int j = 0; j < b->nx; j++) {
      irl_batch_x(b, k * l->crew[IRL_CREW_MAIN].samples, t)[j] += 1000.0;
    }
  }
}

// Where a trajectory goes astray noise that costs more than its entropy is taken back, by 4³ at
// most, and noise that does not stays to the last bit; where none does nothing is asked.
static void noise_that_leads_astray_is_taken_back(void) {
  enum { WIDE, NARROW, STRAIGHT, CONDITIONS };
  static const double factor[CONDITIONS] = {1e4, 1e-3, 1e4};
  irl_learner* l;
  irl_metrics m;
  irl_errinfo info = {IRL_OK, ""};
  double before[CONDITIONS];
  need_demos();
  irl_train_options o = options(NULL, 2);
  CHECK_OK(irl_learner_create(&l, task, demos, IRL_ALGO_GCL, &o.config, 3, 2, &info));
  CHECK_OK(irl_learner_iterate(l, &m, &info));
  irl_crew* crew = &l->crew[IRL_CREW_MAIN];
  for (int k = 0; k < CONDITIONS; k++) {
    irl_policy_scale_covariance(&crew->sampler[k].policy, factor[k]);
    before[k] = crew->sampler[k].policy.sigma[0];
  }
  CHECK_OK(irl_crew_roll(l, IRL_CREW_MAIN, 1, &info));
  int64_t steps = l->env_steps;
  CHECK_OK(irl_crew_calm(l, 2, &info));
  CHECK(l->env_steps == steps && crew->sampler[WIDE].policy.sigma[0] == before[WIDE]);
  lead_astray(l, WIDE);
  lead_astray(l, NARROW);
  CHECK_OK(irl_crew_calm(l, 2, &info));
  CHECK(l->env_steps - steps == (int64_t)4 * 3 * crew->batch.n * l->info->horizon);
  CHECK_NEAR(crew->sampler[WIDE].policy.sigma[0] / before[WIDE], 1.0 / 64, 1e-15);
  CHECK(crew->sampler[NARROW].policy.sigma[0] == before[NARROW]);
  CHECK(crew->sampler[STRAIGHT].policy.sigma[0] == before[STRAIGHT]);
  irl_learner_destroy(l);
}

TESTS(TEST(bad_steps_are_taken_back), TEST(noise_that_leads_astray_is_taken_back),
      TEST(threads_do_not_matter), TEST(seeds_differ), TEST(stopped_and_resumed_ends_the_same),
      TEST(broken_checkpoint_is_passed_over), TEST(left_temporaries_go_at_a_resume),
      TEST(running_run_holds_its_folder), TEST(changed_demonstrations_are_refused),
      TEST(overfitting_is_said), TEST(bad_demonstrations_are_refused),
      TEST(far_actions_are_trained_on), TEST(fixed_penalties_stay), TEST(refusals),
      TEST(too_large_tasks_are_refused), TEST(large_seeds_are_told_apart), TEST(sizes_of_the_crews),
      TEST(foreign_files_are_refused), TEST(the_expert_plan_is_kept))
