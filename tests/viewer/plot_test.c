#include "viewer/plot.h"

#include "base/arena.h"
#include "base/file.h"
#include "pictures.h"

static const char* folder_of(char* out, size_t size, const char* name, const char* metrics) {
  char path[600];
  irl_errinfo info = {0};
  const char* root = test_folder();
  (void)snprintf(out, size, "%s/%s", root, name);
  CHECK_OK(irl_dir_create(out, &info));
  (void)snprintf(path, sizeof path, "%s/metrics.jsonl", out);
  CHECK_OK(irl_file_write(path, metrics, strlen(metrics), &info));
  return out;
}

static const char* const THREE =
    "{\"iteration\": 1, \"env_steps\": 100, \"log_z\": -5.5, \"normalized_return\": -40,"
    " \"sample_cost\": 900, \"demo_cost\": 30, \"ess\": 1.5, \"kl\": null}\n"
    "{\"iteration\": 2, \"env_steps\": 200, \"log_z\": null, \"normalized_return\": 0.5,"
    " \"sample_cost\": 90, \"demo_cost\": 20, \"ess\": 2.5, \"kl\": 3}\n"
    "{\"iteration\": 3, \"env_steps\": 400, \"log_z\": -2, \"normalized_return\": 1,"
    " \"sample_cost\": 9, \"demo_cost\": 10, \"ess\": 3.5, \"kl\": 3}\n";

// Numbers by key, null as NAN, the line that is still being written left out.
static void runs_are_read(void) {
  char folder[512], text[1024];
  irl_errinfo info = {0};
  irl_plot_run run;
  (void)snprintf(text, sizeof text, "%s{\"iteration\": 4, \"env_st", THREE);
  folder_of(folder, sizeof folder, "plot_read", text);
  CHECK_OK(irl_plot_read(&run, folder, &info));
  CHECK(run.n == 3 && strcmp(run.name, "plot_read") == 0);
  CHECK(run.steps[2] == 400.0 && run.value[0][0] == -40.0 && run.value[1][1] == 90.0);
  CHECK(run.value[2][2] == -2.0 && isnan(run.value[2][1]) && run.value[3][0] == 1.5);
  CHECK(run.value[4][2] == 10.0);
  irl_plot_run_fini(&run);
  strcat(folder, "/");
  CHECK_OK(irl_plot_read(&run, folder, &info));
  CHECK(strcmp(run.name, "plot_read") == 0);
  irl_plot_run_fini(&run);
}

static void what_is_no_run_is_refused(void) {
  char folder[512];
  irl_errinfo info = {0};
  irl_plot_run run;
  CHECK(irl_plot_read(&run, "nowhere", &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "nowhere");
  folder_of(folder, sizeof folder, "plot_empty", "");
  CHECK(irl_plot_read(&run, folder, &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "no iteration yet");
  folder_of(folder, sizeof folder, "plot_broken", "{\"env_steps\": 1}\n{\"env_steps\": }\n");
  CHECK(irl_plot_read(&run, folder, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "metrics.jsonl:2: $.env_steps: ");
}

// The number after `key` in the text, from a place on.
static double number_after(const char** at, const char* key) {
  *at = strstr(*at, key);
  CHECK(*at != NULL);
  return *at != NULL ? strtod(*at += strlen(key), NULL) : NAN;
}

// In the SVG the return's curve ends at the right edge, at the height of 1 on its axis: the grid
// line of 1.0 and the curve's end agree.
static void curves_stand_where_the_axes_say(void) {
  char folder[512], path[600], *text = NULL;
  irl_errinfo info = {0};
  irl_plot_run run;
  size_t size = 0;
  folder_of(folder, sizeof folder, "plot_svg", THREE);
  CHECK_OK(irl_plot_read(&run, folder, &info));
  (void)snprintf(path, sizeof path, "%s/curves.svg", folder);
  CHECK_OK(irl_plot_write(&run, 1, path, 1280, 800, true, &info));
  CHECK_OK(irl_file_read(path, 1 << 20, &text, &size, &info));
  int curves = 0;
  for (const char* at = text; (at = strstr(at, "<polyline")) != NULL; at++) {
    curves++;
  }
  CHECK(curves == 5);  // return, two costs, ESS, legend; log Z has a gap between two single points
  const char* at = strstr(text, ">1.0<");
  CHECK(at != NULL);
  while (at != NULL && at > text && *at != '<') {
    at--;
  }
  double label = number_after(&at, " y=\"");
  at = text;
  double first_x = number_after(&at, "points=\""), first_y = number_after(&at, ",");
  double second_x = number_after(&at, " "), second_y = number_after(&at, ",");
  double third_x = number_after(&at, " "), third_y = number_after(&at, ",");
  CHECK_NEAR(label - third_y, 4.4, 0.011);  // the label's baseline below its line; two decimals
  // Steps 100, 200, 400 of an axis from 0; returns 0.5 and 1; the first is held at the edge.
  CHECK_NEAR((third_x - second_x) / (second_x - first_x), 2.0, 1e-3);
  CHECK(first_y > second_y && second_y > third_y);
  irl_free(text);
  irl_plot_run_fini(&run);
}

// Each run has its own colour in the picture, and sizes and endings are checked.
static void pictures_hold_all_runs(void) {
  char folder[512], path[600];
  irl_errinfo info = {0};
  irl_plot_run runs[2];
  picture p;
  folder_of(folder, sizeof folder, "plot_png", THREE);
  for (int r = 0; r < 2; r++) {
    CHECK_OK(irl_plot_read(&runs[r], folder, &info));
  }
  (void)snprintf(path, sizeof path, "%s/curves.png", folder);
  CHECK_OK(irl_plot_write(runs, 2, path, 640, 400, true, &info));
  CHECK(picture_read(&p, path) && p.width == 640 && p.height == 400);
  const float green[3] = {0.0F, 0.50F, 0.36F}, blue[3] = {0.10F, 0.40F, 0.80F};
  bool seen[2] = {false, false};
  for (int i = 0; i < p.width * p.height; i++) {
    seen[0] = seen[0] || picture_differs(&p, i % p.width, i / p.width, green) < 3.0;
    seen[1] = seen[1] || picture_differs(&p, i % p.width, i / p.width, blue) < 3.0;
  }
  CHECK(seen[0] && seen[1]);
  picture_free(&p);
  CHECK(irl_plot_write(runs, 2, "curves.pdf", 640, 400, false, &info) == IRL_EUNSUPPORTED);
  CHECK(irl_plot_write(runs, 2, path, 100, 400, false, &info) == IRL_ERANGE);
  CHECK(irl_plot_write(runs, 2, "nowhere/curves.svg", 640, 400, false, &info) != IRL_OK);
  for (int r = 0; r < 2; r++) {
    irl_plot_run_fini(&runs[r]);
  }
}

TESTS(TEST(runs_are_read), TEST(what_is_no_run_is_refused), TEST(curves_stand_where_the_axes_say),
      TEST(pictures_hold_all_runs))
