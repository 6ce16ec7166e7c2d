// Training with stationary samplers on the linear task: one controller for all steps from start to
// end, every algorithm that can, the same bytes after a resume and for any number of threads, and
// what is refused.
#include "irl/eval.h"
#include "irl/learner_internal.h"
#include "irl/sample.h"
#include "train_fixture.h"

static void stationary(irl_config* c) {
  c->sampler = IRL_SAMPLER_STATIONARY;
  c->kl_step = 0.05;
  c->explore_restart = 3;
}

// With steps that are taken back, rounds that are forgotten and several steps an iteration.
static void everything(irl_config* c) {
  stationary(c);
  c->keep = IRL_KEEP_RESERVOIR;
  c->keep_rounds = 3;
  c->sampler_steps = 2;
  c->kl_step = c->kl_min = c->kl_max = 2.0;
  c->gradient_penalty = 1.0;
}

static void resumed_ends_the_same(void) {
  stopped_and_resumed_with(stationary, "straight", "broken");
  stopped_and_resumed_with(everything, "straight_everything", "broken_everything");
}

static void same_controller(const irl_policy* a, const irl_policy* b) {
  const size_t n = (size_t)a->nu * (size_t)a->nx * sizeof(double);
  CHECK(a->steps == 1 && b->steps == 1);
  CHECK(memcmp(a->K, b->K, n) == 0);
}

// Figures of the first and the last iteration's samplers, and what has no meaning without a model
// of each step.
static void rows_are_sound(const irl_train_options* o, irl_algo algo) {
  irl_learner* l;
  irl_metrics m;
  irl_errinfo info = {IRL_OK, ""};
  CHECK_OK(irl_learner_create(&l, task, demos, algo, &o->config, 3, 2, &info));
  for (int i = 0; i < 2; i++) {
    CHECK_OK(irl_learner_iterate(l, &m, &info));
    CHECK(isnan(m.log_z_laplace) && isnan(m.log_z_controlled));
    CHECK(isfinite(m.entropy) && isfinite(m.normalized_return) && m.kl >= 0);
    const irl_policy* p = &irl_learner_sampler(l, 0)->policy;
    CHECK(p->steps == 1 && l->store[0].demo_policy.steps == 1);
    CHECK(l->store[0].kept[0].steps == 1);
  }
  irl_learner_destroy(l);
}

static void every_algorithm(void) {
  static const irl_algo algos[] = {IRL_ALGO_GCL, IRL_ALGO_GCL_Q, IRL_ALGO_GAN_GCL,
                                   IRL_ALGO_EBM, IRL_ALGO_AIRL,  IRL_ALGO_GAIL};
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  for (size_t a = 0; a < sizeof algos / sizeof algos[0]; a++) {
    irl_train_options o = options(NULL, 2);
    o.algo = algos[a];
    o.config.iterations = 3;
    stationary(&o.config);
    rows_are_sound(&o, algos[a]);
    CHECK_OK(irl_train(&o, NULL, &r, &info));
    CHECK(isfinite(r.normalized_return));
  }
}

// Cloning: the fitted controller, not widened, is what the run holds.
static void cloning_is_the_fit(void) {
  char out[1200];
  irl_train_result r;
  irl_run* run;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("clone", out), 2);
  o.algo = IRL_ALGO_BC;
  o.config.iterations = 1;
  o.config.heldout = 0.0;
  stationary(&o.config);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  CHECK_OK(irl_run_open(&run, out, &info));
  for (int k = 0; k < run->nconditions; k++) {
    int index[64], n = 0;
    irl_policy fitted;
    for (int i = 0; i < demos->batch.n; i++) {
      if (demos->batch.condition[i] == run->condition[k]) {
        index[n++] = i;
      }
    }
    const irl_policy_fit_options fit = {.ridge = 1e-6, .min_stddev = 1e-2, .stationary = true};
    CHECK_OK(irl_policy_fit(&fitted, &demos->batch, index, n, &fit, &info));
    same_controller(&fitted, &run->learned[k]);
    CHECK(fitted.sigma[0] == run->learned[k].sigma[0]);
    irl_policy_destroy(&fitted);
  }
  irl_run_close(run);
}

// What is read from such a run: densities and samples of the model.
static void run_is_usable(void) {
  char out[1200];
  irl_train_result r;
  irl_run* run;
  irl_score_row* rows;
  irl_sample_result samples;
  int n;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(folder("usable", out), 2);
  stationary(&o.config);
  CHECK_OK(irl_train(&o, NULL, &r, &info));
  CHECK_OK(irl_run_open(&run, out, &info));
  CHECK(run->config.sampler == IRL_SAMPLER_STATIONARY);
  CHECK_OK(irl_score(run, demos, &rows, &n, &info));
  CHECK(n == demos->batch.n);
  for (int i = 0; i < n; i++) {
    CHECK(isfinite(rows[i].log_q) && isfinite(rows[i].log_p));
  }
  irl_free(rows);
  CHECK_OK(irl_sample(run, 4, IRL_SAMPLE_BOTH, 1, 2, &samples, &info));
  irl_sample_result_fini(&samples);
  irl_run_close(run);
}

static void refusals(void) {
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  char out[1200];
  need_demos();
  irl_train_options o = options(folder("refused", out), 1);
  stationary(&o.config);
  o.algo = IRL_ALGO_MAXENT;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "maxent is about a model of each step");
  CHECK_CONTAINS(info.text, "sampler=time_varying");
  CHECK(!irl_dir_exists(out));
  o.algo = IRL_ALGO_GCL;
  o.config.control_variate = IRL_CONTROL_LAPLACE;
  CHECK(irl_train(&o, NULL, &r, &info) == IRL_EUNSUPPORTED);
  CHECK_CONTAINS(info.text, "setting 'control_variate': laplace");
  CHECK_CONTAINS(info.text, "control_variate=none");
  CHECK(!irl_dir_exists(out));
}

// Noise that would begin beyond its bounds begins at them, and can still step.
static void first_noise_is_within_bounds(void) {
  irl_learner* l;
  irl_metrics m;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(NULL, 1);
  stationary(&o.config);
  o.config.demo_widen = 1000.0;
  o.config.max_stddev = 0.3;
  CHECK_OK(irl_learner_create(&l, task, demos, IRL_ALGO_GCL, &o.config, 3, 1, &info));
  const double most = l->sampler_options.lqr.max_stddev;
  const irl_policy* p = &irl_learner_sampler(l, 0)->policy;
  CHECK_NEAR(sqrt(p->sigma[0]), most, 1e-9 * most);
  CHECK_OK(irl_learner_iterate(l, &m, &info));
  CHECK(m.kl > 0);
  irl_learner_destroy(l);
}

// The cost is too new to say what noise costs, so entropy raises it: to where it began and no
// further, while explorers may go to the ceiling of the settings.
static void noise_stays_below_its_start(void) {
  irl_learner* l;
  irl_metrics m;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(NULL, 1);
  stationary(&o.config);
  o.config.demo_widen = 1.0;
  o.config.cost_steps = 0;
  o.config.action_weight = 1e-6;
  o.config.kl_step = o.config.kl_max = 1.0;
  CHECK_OK(irl_learner_create(&l, task, demos, IRL_ALGO_GCL, &o.config, 3, 1, &info));
  double most = 0.0, explored = 0.0;
  for (int i = 0; i < 3; i++) {
    CHECK_OK(irl_learner_iterate(l, &m, &info));
    for (int k = 0; k < l->nc; k++) {
      const irl_policy* p = &irl_learner_sampler(l, k)->policy;
      const irl_policy* e = &l->crew[IRL_CREW_EXPLORE].sampler[k].policy;
      most = fmax(most, sqrt(fmax(p->sigma[0], p->sigma[3])));
      explored = fmax(explored, sqrt(fmax(e->sigma[0], e->sigma[3])));
    }
  }
  printf("     start %.4f, greatest %.4f, explorers' %.4f\n", l->first_stddev, most, explored);
  CHECK(most <= l->first_stddev * (1 + 1e-9) && most > 0.98 * l->first_stddev);
  CHECK(explored > 1.05 * l->first_stddev);
  irl_learner_destroy(l);
}

TESTS(TEST(noise_stays_below_its_start), TEST(resumed_ends_the_same), TEST(every_algorithm),
      TEST(cloning_is_the_fit), TEST(run_is_usable), TEST(refusals),
      TEST(first_noise_is_within_bounds))
