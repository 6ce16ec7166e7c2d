// `verify RUN`'s gradient goes through the run's own network.
#include "irl/cost_internal.h"
#include "irl/verify_internal.h"
#include "train_fixture.h"

static const double TOLERANCE = 1e-4;  // verify's own

// A short run with these settings, read back; the caller closes it.
static irl_run* run_with(const char* name, irl_algo algo, setting set) {
  char out[1200];
  irl_errinfo info = {IRL_OK, ""};
  irl_run* run = NULL;
  irl_train_result result;
  need_demos();
  irl_train_options o = options(folder(name, out), 1);
  o.algo = algo;
  o.config.iterations = 2;
  set(&o.config);
  CHECK_OK(irl_train(&o, NULL, &result, &info));
  CHECK_OK(irl_run_open(&run, out, &info));
  return run;
}

static double error_of(const irl_run* run, uint64_t seed) {
  irl_errinfo info = {IRL_OK, ""};
  irl_batch samples;
  double error = 0;
  CHECK_OK(irl_run_rollout(run, run->learned, 8 * run->nconditions, seed, 1, &samples, &info));
  CHECK_OK(irl_verify_run_gradient(run, &demos->batch, &samples, seed, NULL, &error, &info));
  irl_batch_destroy(&samples);
  return error;
}

static void leave(irl_config* c) {
  (void)c;
}

static void relu(irl_config* c) {
  c->activation = IRL_RELU;
  c->width = 64;
  c->depth = 3;
}

static void softplus(irl_config* c) {
  c->activation = IRL_SOFTPLUS;
}

static void state_action(irl_config* c) {
  c->input = IRL_COST_STATE_ACTION;
}

static void relu_state_action_fixed(irl_config* c) {
  relu(c);
  c->input = IRL_COST_STATE_ACTION;
  c->action_penalty = IRL_PENALTY_FIXED;
}

static void without_layers(irl_config* c) {
  c->activation = IRL_RELU;
  c->depth = 0;
}

static const struct {
  const char* name;
  irl_algo algo;
  setting set;
} kinds[] = {{"tanh", IRL_ALGO_GCL, leave},
             {"relu", IRL_ALGO_GCL, relu},
             {"softplus", IRL_ALGO_GCL, softplus},
             {"state-action", IRL_ALGO_GCL, state_action},
             {"fixed", IRL_ALGO_GCL, relu_state_action_fixed},
             {"flat", IRL_ALGO_GCL, without_layers},
             {"airl", IRL_ALGO_AIRL, leave},
             {"gail", IRL_ALGO_GAIL, relu},
             {"bc", IRL_ALGO_BC, softplus}};
enum { NKINDS = sizeof kinds / sizeof kinds[0] };

static void every_network_is_checked_to_float_precision(void) {
  double error[NKINDS];
  for (int i = 0; i < NKINDS; i++) {
    irl_run* run = run_with(kinds[i].name, kinds[i].algo, kinds[i].set);
    error[i] = 0;
    for (uint64_t seed = 0; seed < 2; seed++) {
      double e = error_of(run, seed);
      printf("     %s, seed %d: %.2g\n", kinds[i].name, (int)seed, e);
      CHECK(e > 0 && e < 0.1 * TOLERANCE);
      error[i] += e;
    }
    for (int j = 0; j < i; j++) {
      CHECK(error[i] != error[j]);
    }
    irl_run_close(run);
  }
}

// The two lie in different layers' places; a copy of the cost lays itself out anew, rightly.
static void swap(int* a, int* b) {
  int c = *a;
  *a = *b;
  *b = c;
}

static void a_wrong_layout_of_the_run_is_seen(void) {
  irl_verify_result result;
  irl_errinfo info = {IRL_OK, ""};
  irl_run* run = run_with("layout", IRL_ALGO_GCL, relu);
  CHECK(error_of(run, 1) < TOLERANCE);
  swap(&run->cost->weight_at[1], &run->cost->weight_at[2]);
  CHECK(error_of(run, 1) > 100 * TOLERANCE);
  CHECK_OK(irl_verify(run, 1, 1, NULL, &result, &info));
  CHECK(result.theta_gradient_error > 100 * TOLERANCE);
  CHECK(!result.passed);
  irl_run_close(run);
}

// θ of the file counts, not what the network began with.
static void the_trained_parameters_are_checked(void) {
  irl_run* run = run_with("theta", IRL_ALGO_GCL, leave);
  double before = error_of(run, 1);
  for (int i = 0; i < run->cost->nparam; i++) {
    run->cost->params[i] *= 1.25F;
  }
  double after = error_of(run, 1);
  CHECK(before != after && after < TOLERANCE);
  irl_run_close(run);
}

static void batches_without_a_valid_trajectory_are_refused(void) {
  irl_errinfo info = {IRL_OK, ""};
  double error;
  irl_run* run = run_with("invalid", IRL_ALGO_GCL, leave);
  irl_batch samples;
  CHECK_OK(irl_run_rollout(run, run->learned, 2, 1, 1, &samples, &info));
  samples.valid[0] = samples.valid[1] = false;
  CHECK(irl_verify_run_gradient(run, &demos->batch, &samples, 1, NULL, &error, &info) ==
        IRL_ERANGE);
  CHECK_CONTAINS(info.text, "sampler");
  irl_batch_destroy(&samples);
  irl_run_close(run);
}

TESTS(TEST(every_network_is_checked_to_float_precision), TEST(a_wrong_layout_of_the_run_is_seen),
      TEST(the_trained_parameters_are_checked),
      TEST(batches_without_a_valid_trajectory_are_refused))
