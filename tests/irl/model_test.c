// What a finished run's model is worth: its files, its log Z, trajectories drawn from it, its
// distance from another one, and the truth where it is known.
#include "base/arena.h"
#include "irl/compare.h"
#include "irl/eval.h"
#include "irl/eval_internal.h"
#include "irl/learner_internal.h"
#include "irl/lqg_internal.h"
#include "irl/partition.h"
#include "irl/regularise_internal.h"
#include "irl/run.h"
#include "irl/sample.h"
#include "train_fixture.h"

static double sum_of(const double* x, int row, int n) {
  double sum = 0;
  for (int t = 0; t < n; t++) {
    sum += x[row * n + t];
  }
  return sum;
}

// The saved files give back the models that training ended with.
static void saved_run_agrees(void) {
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  irl_run* run = finished_run("saved", IRL_ALGO_GCL, 6, &r);
  CHECK(run->nconditions == 4 && run->seed == 3);
  irl_eval_result e;
  const irl_eval_options judging = {.episodes = 400, .seed = 1, .threads = 2};
  CHECK_OK(irl_eval(run, &judging, NULL, &e, &info));
  // Two independent samples of 80 and 400 returns: four standard errors of their difference.
  double tolerance = 4 * e.return_std * sqrt(1.0 / 80 + 1.0 / 400);
  CHECK_NEAR(e.return_mean, r.return_mean, tolerance);
  CHECK(e.auc > 0.5 && e.spearman > 0 && e.ess >= 1);

  irl_score_row* rows;
  int n;
  double sum[4] = {0};
  CHECK_OK(irl_score(run, demos, &rows, &n, &info));
  CHECK(n == demos->batch.n);
  for (int i = 0; i < n; i++) {
    CHECK_NEAR(rows[i].log_p, -rows[i].cost - run->log_z[rows[i].condition], 0);
    sum[rows[i].condition] += rows[i].weight;
  }
  for (int c = 0; c < 4; c++) {
    CHECK_NEAR(sum[c], 1.0, 1e-12);
  }
  irl_free(rows);
  irl_run_close(run);
}

// log Z of the last batch against 4,000 fresh rollouts, the mean over conditions. Their standard
// error is 0.04 nats here; weights of the batch by the density of all samplers came out 0.43 above.
static void stored_log_z_is_that_of_the_cost(void) {
  irl_train_result r;
  irl_errinfo info = {IRL_OK, ""};
  irl_run* run = finished_run("log_z", IRL_ALGO_GCL, 12, &r);
  irl_batch fresh;
  CHECK_OK(irl_run_rollout(run, run->learned, 4000, 5, 2, &fresh, &info));
  double *cost = IRL_NEW(double, fresh.n*fresh.horizon), *logw = IRL_NEW(double, 1000);
  CHECK_OK(irl_run_step_costs(run, &fresh, cost));
  double difference = 0;
  for (int k = 0; k < 4; k++) {
    for (int i = 0; i < 1000; i++) {
      logw[i] = -sum_of(cost, k + 4 * i, 30) - irl_batch_logq(&fresh, k + 4 * i);
    }
    irl_log_z z = irl_importance(logw, 1000, NULL);
    difference += (run->log_z[k] - z.log_z) / 4;
  }
  CHECK_NEAR(difference, 0, 0.2);
  irl_free(cost);
  irl_free(logw);
  irl_batch_destroy(&fresh);
  irl_run_close(run);
}

// Mean costs of drawn trajectories against the weighted means of the pool they come from. The
// draws' standard error is below sd/√ess of what was drawn, the pool's own sd/√ess of its weights
// (a chain uses other random numbers than the weights do); four of both is the bound.
static void check_samples(const irl_run* run, irl_sample_method method) {
  irl_errinfo info = {IRL_OK, ""};
  irl_sample_result s;
  irl_batch pool;
  CHECK_OK(irl_sample(run, 800, method, 5, 2, &s, &info));
  CHECK(s.batch.n == 800 && s.pool == 1600 && s.ess >= 1 && s.ess <= s.pool);
  CHECK(method == IRL_SAMPLE_SIR ? isnan(s.acceptance) : s.acceptance > 0 && s.acceptance <= 1);
  CHECK_OK(irl_run_rollout(run, run->learned, s.pool * 4, 5, 2, &pool, &info));
  double *pool_cost = IRL_NEW(double, pool.n*pool.horizon), *w = IRL_NEW(double, s.pool);
  double* logw = IRL_NEW(double, s.pool);
  double* cost = IRL_NEW(double, s.batch.n* s.batch.horizon);
  CHECK_OK(irl_run_step_costs(run, &pool, pool_cost));
  CHECK_OK(irl_run_step_costs(run, &s.batch, cost));
  for (int k = 0; k < 4; k++) {
    double expected = 0, square = 0, mean = 0;
    for (int i = 0; i < s.pool; i++) {
      logw[i] = -sum_of(pool_cost, k + 4 * i, 30) - irl_batch_logq(&pool, k + 4 * i);
    }
    double ess = irl_importance(logw, s.pool, w).ess;
    for (int i = 0; i < s.pool; i++) {
      double c = sum_of(pool_cost, k + 4 * i, 30);
      expected += w[i] * c;
      square += w[i] * c * c;
    }
    for (int i = k; i < s.batch.n; i += 4) {
      mean += sum_of(cost, i, 30) / 200;
    }
    double share = 1.0 / fmin(200, s.ess) + (method == IRL_SAMPLE_CHAIN ? 1.0 / ess : 0.0);
    CHECK_NEAR(mean, expected, 4 * sqrt((square - expected * expected) * share));
  }
  irl_free(pool_cost);
  irl_free(w);
  irl_free(logw);
  irl_free(cost);
  irl_batch_destroy(&pool);
  irl_sample_result_fini(&s);
}

static void samples_follow_the_weights(void) {
  irl_train_result r;
  irl_run* run = finished_run("sampled", IRL_ALGO_GCL, 6, &r);
  check_samples(run, IRL_SAMPLE_BOTH);
  check_samples(run, IRL_SAMPLE_SIR);
  check_samples(run, IRL_SAMPLE_CHAIN);
  irl_run_close(run);
}

// `auc` of a run whose demonstrations have been made dear: those held out, or the others.
static double auc_with_dear(const irl_run* run, bool heldout) {
  const irl_eval_options o = {.episodes = 8, .seed = 1, .threads = 2};
  irl_judge j = {.run = run, .options = &o};
  irl_eval_result r;
  irl_eval_set set;
  int count[2] = {0};
  CHECK_OK(irl_judge_init(&j, run->task, NULL));
  CHECK_OK(irl_eval_set_create(&set, &j, demos, NULL));
  for (int i = 0; i < set.batch.n; i++) {
    bool out = set.group[i] == IRL_EVAL_HELDOUT;
    count[out] += out || set.group[i] == IRL_EVAL_DEMOS;
    if ((out || set.group[i] == IRL_EVAL_DEMOS) && out == heldout) {
      set.path_cost[i] += 1e9;
    }
  }
  CHECK(count[1] == 4 && count[0] == demos->batch.n - 4);  // one of five in each condition
  CHECK_OK(irl_judge_cost(&j, &set, &r, NULL));
  irl_eval_set_destroy(&set);
  irl_judge_fini(&j);
  return r.auc;
}

static void auc_is_of_what_was_held_out(void) {
  irl_train_result r;
  irl_run* run = finished_run("separated", IRL_ALGO_GCL, 6, &r);
  CHECK(auc_with_dear(run, false) > 0.9);
  CHECK_NEAR(auc_with_dear(run, true), 0, 0);
  irl_run_close(run);
}

// A model has no distance to itself; to another's cost it has one, larger for a more different
// cost; and runs of other tasks are refused.
static void models_are_compared(void) {
  const char* const names[] = {"compared_a", "compared_b", "compared_c"};
  irl_run* run[3];
  irl_train_result r;
  irl_comparison c;
  irl_errinfo info = {IRL_OK, ""};
  for (int i = 0; i < 3; i++) {
    run[i] = finished_run(names[i], i == 0 ? IRL_ALGO_GCL : IRL_ALGO_GAN_GCL, i < 2 ? 6 : 1, &r);
  }
  CHECK_OK(irl_compare(run[0], run[0], demos, &c, &info));
  CHECK(c.kl == 0 && c.kl_reverse == 0 && c.conditions == 4 && c.ess == c.ess_against);
  CHECK_OK(irl_compare(run[0], run[1], demos, &c, &info));
  double near = c.kl, back = c.kl_reverse;
  CHECK(near > 0 && back > 0 && near < log(5));
  CHECK_OK(irl_compare(run[1], run[0], demos, &c, &info));
  CHECK_NEAR(c.kl, back, 1e-12);
  CHECK_NEAR(c.kl_reverse, near, 1e-12);
  irl_task* reacher;
  irl_task* kept = run[2]->task;
  CHECK_OK(irl_task_load(&reacher, "reacher", NULL, 0, &info));
  run[2]->task = reacher;
  CHECK(irl_compare(run[0], run[2], demos, &c, &info) == IRL_EDIM);
  CHECK_CONTAINS(info.text, "two runs of one task");
  run[2]->task = kept;
  irl_task_destroy(reacher);
  for (int i = 0; i < 3; i++) {
    irl_run_close(run[i]);
  }
}

// The closed form's gradient against finite differences of its loss along random directions of θ,
// and its log Z against the samples' with the model as control variate. With a quadratic cost of
// the observation the first is exact up to the float network (some thousand rows of 1e-7) and the
// steps.
static void closed_form_is_the_gradient(void) {
  irl_learner* l;
  irl_metrics m;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(NULL, 2);
  o.config.depth = 0;
  CHECK_OK(irl_learner_create(&l, task, demos, IRL_ALGO_MAXENT, &o.config, 3, 2, &info));
  for (int i = 0; i < 6; i++) {
    CHECK_OK(irl_learner_iterate(l, &m, &info));
  }
  CHECK(m.log_z_controlled_stderr < 0.2 * m.log_z_stderr);
  CHECK_NEAR(m.log_z_laplace, m.log_z_controlled, 0.5);

  int n = irl_cost_nparam(l->cost);
  float *theta = irl_cost_params(l->cost), *kept = IRL_NEW(float, 2 * n), *gradient = kept + n;
  memcpy(kept, theta, sizeof(float) * (size_t)n);
  CHECK(isfinite(irl_maxent_gradient(l)));
  memcpy(gradient, l->gradient, sizeof(float) * (size_t)n);
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int trial = 0; trial < 6; trial++) {
    double loss[2], slope = 0, norm = 0;
    irl_rng direction = rng;
    for (int side = 0; side < 2; side++) {
      direction = rng;
      for (int i = 0; i < n; i++) {
        theta[i] = kept[i] + (float)((side == 0 ? -2e-3 : 2e-3) * irl_rng_normal(&direction));
      }
      loss[side] = irl_maxent_gradient(l);
    }
    direction = rng;
    for (int i = 0; i < n; i++) {
      double v = irl_rng_normal(&direction);
      slope += (double)gradient[i] * v;
      norm += (double)gradient[i] * (double)gradient[i];
    }
    rng = direction;
    CHECK_NEAR((loss[1] - loss[0]) / 4e-3, slope, 0.01 * sqrt(norm));
  }
  irl_free(kept);
  irl_learner_destroy(l);
}

// The gradient penalty of the picked trajectories' probes, and the variance it is in units of.
static double penalty(irl_learner* l, double* variance) {
  *variance = 0;
  irl_learner_path_costs(l);
  for (int k = 0, row = 0; k < l->nc; row += l->npick[k++] * l->info->horizon) {
    *variance += irl_step_variance(l->row_cost + row, l->npick[k] * l->info->horizon) / l->nc;
  }
  return irl_learner_regularise(l);
}

// What the penalty adds to the closed form's gradient is the penalty's own: finite differences of
// its value at the variance of the middle, which is a constant to it. Probes divide differences of
// float costs by 0.1, so slopes are known to some 1e-5 and the sum to 1e-3 of its derivative.
static void closed_form_bears_the_penalty(void) {
  irl_learner* l;
  irl_metrics m;
  irl_errinfo info = {IRL_OK, ""};
  need_demos();
  irl_train_options o = options(NULL, 2);
  o.config.gradient_penalty = 50;
  CHECK_OK(irl_learner_create(&l, task, demos, IRL_ALGO_MAXENT, &o.config, 3, 2, &info));
  for (int i = 0; i < 3; i++) {
    CHECK_OK(irl_learner_iterate(l, &m, &info));
  }
  int n = irl_cost_nparam(l->cost);
  float *theta = irl_cost_params(l->cost), *kept = IRL_NEW(float, 2 * n), *added = kept + n;
  memcpy(kept, theta, sizeof(float) * (size_t)n);
  irl_learner_pick(l, IRL_PICK_RANDOM, 0);
  CHECK(l->nprobe > 0);
  for (int i = 0; i < 10; i++) {  // until the models' mean paths stay where they are
    CHECK(isfinite(irl_maxent_gradient(l)));
  }
  double variance, ignored = penalty(l, &variance), loss = irl_maxent_gradient(l);
  CHECK(ignored > 0);
  memcpy(added, l->gradient, sizeof(float) * (size_t)n);
  int nprobe = l->nprobe;
  l->nprobe = 0;
  CHECK_NEAR(irl_maxent_gradient(l), loss, 1e-3);  // the loss is told without the penalty
  l->nprobe = nprobe;
  for (int i = 0; i < n; i++) {
    added[i] -= l->gradient[i];
  }
  irl_rng rng = irl_rng_stream(2, IRL_PURPOSE_VERIFY, 0, 0, 0);
  for (int trial = 0; trial < 4; trial++) {
    double value[2], slope = 0, norm = 0;
    for (int side = 0; side < 2; side++) {
      irl_rng direction = irl_rng_stream(2, IRL_PURPOSE_VERIFY, 1, (uint64_t)trial, 0);
      for (int i = 0; i < n; i++) {
        theta[i] = kept[i] + (float)((side == 0 ? -1e-3 : 1e-3) * irl_rng_normal(&direction));
      }
      double now;
      irl_learner_pick(l, IRL_PICK_RANDOM, 0);
      value[side] = penalty(l, &now);
      value[side] *= now / variance;
    }
    rng = irl_rng_stream(2, IRL_PURPOSE_VERIFY, 1, (uint64_t)trial, 0);
    for (int i = 0; i < n; i++) {
      slope += (double)added[i] * irl_rng_normal(&rng);
      norm += (double)added[i] * (double)added[i];
    }
    CHECK_NEAR((value[1] - value[0]) / 2e-3, slope, 0.01 * sqrt(norm));
  }
  irl_free(kept);
  irl_learner_destroy(l);
}

// GCL's appendix B: the learned sampler is far closer to the truth than behaviour cloning. The
// project promises a quarter, with the demonstrations' true density and with a fitted one; measured
// values are below a hundredth.
static void linear_quadratic_truth(void) {
  irl_lqg_result r[2];
  irl_errinfo info = {IRL_OK, ""};
  irl_runtime_init();
  for (int known = 0; known < 2; known++) {
    CHECK_OK(irl_lqg_experiment(IRL_ALGO_GCL, known, 1, 2, NULL, &r[known], &info));
    printf("density %s: %g, cloning %g\n", known ? "true" : "fitted", r[known].kl_to_truth,
           r[known].kl_bc);
    CHECK(r[known].kl_to_truth >= 0 && r[known].kl_to_truth < 0.25 * r[known].kl_bc);
    CHECK(r[known].kl_bc < r[known].kl_initial);
  }
  CHECK(r[0].kl_bc == r[1].kl_bc && r[0].kl_initial == r[1].kl_initial);
  CHECK(r[0].kl_to_truth != r[1].kl_to_truth);
}

TESTS(TEST(saved_run_agrees), TEST(stored_log_z_is_that_of_the_cost),
      TEST(samples_follow_the_weights), TEST(auc_is_of_what_was_held_out),
      TEST(models_are_compared), TEST(closed_form_is_the_gradient),
      TEST(closed_form_bears_the_penalty), TEST(linear_quadratic_truth))
