// Settings: one table in, the same table out, everything else refused by name.
#include "irl/config.h"

#include "test.h"

static void round_trip(void) {
  irl_config config = irl_config_defaults();
  irl_errinfo info;
  CHECK_OK(irl_config_set(&config, "iterations=7", &info));
  CHECK_OK(irl_config_set(&config, "rate=0.0012345678901234567", &info));
  CHECK_OK(irl_config_set(&config, "keep=window", &info));
  irl_jout out;
  irl_jout_init(&out, true);
  irl_jout_open(&out, '{');
  irl_config_write(&config, &out);
  irl_jout_close(&out);
  irl_config read = irl_config_defaults();
  irl_json* doc;
  CHECK_OK(irl_json_parse(&doc, "text", out.text, out.size, &info));
  CHECK_OK(irl_config_read(&read, irl_json_root(doc)));
  CHECK_OK(irl_json_close(doc, &info));
  CHECK(memcmp(&read, &config, sizeof config) == 0);
  CHECK(read.iterations == 7 && read.keep == IRL_KEEP_WINDOW);
  irl_jout_fini(&out);
}

static void refuses(const char* assignment, irl_err code, const char* part) {
  irl_config config = irl_config_defaults(), before = config;
  irl_errinfo info;
  CHECK(irl_config_set(&config, assignment, &info) == code);
  CHECK_CONTAINS(info.text, part);
  CHECK(memcmp(&config, &before, sizeof config) == 0);
}

static void refusals(void) {
  refuses("iterations", IRL_EPARSE, "key=value");
  refuses("iteration=3", IRL_ENOENT, "did you mean 'iterations'");
  refuses("iterations=0", IRL_ERANGE, "1 to 100000");
  refuses("iterations=2.5", IRL_ERANGE, "whole number");
  refuses("iterations=3x", IRL_EPARSE, "not a number");
  refuses("rate=nan", IRL_EPARSE, "not a number");
  refuses("rate=1e999", IRL_EPARSE, "not a number");
  refuses("rate=", IRL_EPARSE, "not a number");
  refuses("rate=0", IRL_ERANGE, "1e-12 to 1");  // its decay is geometric
  refuses("action_weight=0", IRL_ERANGE, "1e-06 to 1e+09");
  refuses("rate_end=0", IRL_ERANGE, "1e-12 to 1");
  refuses("=1", IRL_ENOENT, "unknown");
  refuses("keep=some", IRL_EPARSE, "give all, window or reservoir");
  refuses("keep=1", IRL_EPARSE, "'1' is unknown");
}

static void refuses_json(const char* text, const char* part) {
  irl_config config = irl_config_defaults();
  irl_errinfo info;
  irl_json* doc;
  CHECK_OK(irl_json_parse(&doc, "f.json", text, strlen(text), &info));
  irl_err read = irl_config_read(&config, irl_json_root(doc));
  irl_err err = irl_json_close(doc, &info);
  CHECK(read != IRL_OK || err != IRL_OK);
  CHECK_CONTAINS(info.text, part);
}

static void json_refusals(void) {
  refuses_json("{\"iteration\": 3}", "iterations");
  refuses_json("{\"iterations\": \"3\"}", "$.iterations");
  refuses_json("{\"iterations\": 1.5}", "$.iterations");
  refuses_json("{\"rate\": 2}", "$.rate");
  refuses_json("{\"keep\": 1}", "$.keep");
  refuses_json("{\"keep\": \"some\"}", "reservoir");
}

static void floors_lie_below_ceilings(void) {
  irl_config config = irl_config_defaults();
  irl_errinfo info;
  CHECK_OK(irl_config_check(&config, &info));
  config.kl_min = config.kl_max;
  CHECK_OK(irl_config_check(&config, &info));
  config.kl_min = 2 * config.kl_max;
  CHECK(irl_config_check(&config, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "'kl_min'");
  config = irl_config_defaults();
  config.min_stddev = 2 * config.max_stddev;
  CHECK(irl_config_check(&config, &info) == IRL_ERANGE);
  CHECK_CONTAINS(info.text, "max_stddev");
}

static void every_setting_is_described(void) {
  char text[256];
  int n = 0;
  while (irl_config_describe(n, text, sizeof text) != NULL) {
    CHECK(strlen(text) > 10 && strlen(text) < sizeof text - 1);
    n++;
  }
  CHECK(n > 20);
  CHECK_CONTAINS(irl_config_describe(7, text, sizeof text), "demo_widen (40; gcl-q 4; airl 10;");
}

// Beyond the long horizon a trajectory's KL limit is the same whatever the horizon, and samplers
// are stationary but for maxent, whose limit is that of half the long horizon.
static void long_horizons_have_defaults_of_their_own(void) {
  irl_config any = irl_config_for(IRL_ALGO_GCL, 0, 0),
             reach = irl_config_for(IRL_ALGO_GCL, 200, 20);
  CHECK(memcmp(&any, &reach, sizeof any) == 0);
  CHECK(any.sampler == IRL_SAMPLER_TIME_VARYING);
  irl_config walk = irl_config_for(IRL_ALGO_GCL, 1000, 0),
             run = irl_config_for(IRL_ALGO_GCL, 500, 0),
             airl = irl_config_for(IRL_ALGO_AIRL, 1000, 0),
             model = irl_config_for(IRL_ALGO_MAXENT, 1000, 0);
  CHECK(walk.sampler == IRL_SAMPLER_STATIONARY && airl.sampler == IRL_SAMPLER_STATIONARY);
  CHECK(model.sampler == IRL_SAMPLER_TIME_VARYING);
  CHECK_NEAR(walk.kl_step * 1000, run.kl_step * 500, 1e-12);
  CHECK_NEAR(model.kl_step * 1000, any.kl_step * 100, 1e-12);
  CHECK(walk.demo_widen < 5.0 && airl.demo_widen < 5.0);
  CHECK(walk.demo_window == 1000 && any.demo_window == 2);
  CHECK_NEAR(irl_config_for(IRL_ALGO_MAXENT, 200, 0).gradient_penalty, 1000, 0);
  CHECK_NEAR(irl_config_for(IRL_ALGO_MAXENT, 201, 0).gradient_penalty, 0, 0);
  CHECK_OK(irl_config_check(&walk, NULL));
}

// Many observations: a nearer start, no faster steps and four of them, and a cost that falls along
// demonstrations; gcl-q and the step-wise ones start no wider.
static void wide_tasks_have_defaults_of_their_own(void) {
  irl_config any = irl_config_for(IRL_ALGO_GCL, 100, 12),
             arm = irl_config_for(IRL_ALGO_GCL, 100, 33);
  CHECK_NEAR(any.demo_widen, 40.0, 0);
  CHECK_NEAR(arm.demo_widen, 4.0, 0);
  CHECK_NEAR(arm.kl_max, 1.0, 0);
  CHECK_NEAR(arm.kl_step, any.kl_step, 0);
  CHECK(any.sampler_steps == 1 && arm.sampler_steps == 4);
  CHECK(irl_config_for(IRL_ALGO_GCL, 1000, 33).sampler_steps == 1);
  CHECK_NEAR(arm.mono, 100.0, 0);
  CHECK_NEAR(irl_config_for(IRL_ALGO_GAN_GCL, 100, 33).mono, 1.0, 1e-15);
  CHECK(any.mono == 0.0 && irl_config_for(IRL_ALGO_GCL, 201, 33).mono == 0.0);
  CHECK(irl_config_for(IRL_ALGO_GCL, 200, 21).mono == 100.0);
  CHECK(irl_config_for(IRL_ALGO_MAXENT, 100, 33).mono == 100.0);
  CHECK(irl_config_for(IRL_ALGO_GAIL, 100, 33).mono == 0.0);
  CHECK(irl_config_for(IRL_ALGO_GCL_Q, 100, 33).mono == 0.0);
  CHECK_NEAR(irl_config_for(IRL_ALGO_GAIL, 100, 33).demo_widen, 4.0, 0);
  CHECK_OK(irl_config_check(&arm, NULL));
}

TESTS(TEST(wide_tasks_have_defaults_of_their_own), TEST(round_trip), TEST(refusals),
      TEST(json_refusals), TEST(floors_lie_below_ceilings), TEST(every_setting_is_described),
      TEST(long_horizons_have_defaults_of_their_own))
