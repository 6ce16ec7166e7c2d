// `mjirl replay`: rollouts coloured by what was learned, in a window or into pictures.
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "viewer/reel.h"

// Three rollouts for each of four conditions.
enum { DEFAULT_EPISODES = 12, NOT_GIVEN = -1 };

typedef struct replay_args {
  cli_common common;
  const char* source;
  const char* cost;
  const char* offscreen;
  const char* camera;
  cli_pixels size;
  cli_span episodes;
  int color_by;  // index into COLORS, or NOT_GIVEN
  const char* range;
  const char* groups;
  int iteration, step, focus;  // NOT_GIVEN: the newest, the whole course, none
  bool chart, field, follow;
  const char* field_body;
} replay_args;

static const char* const COLORS[] = {"learned", "true", "difference", "weight", "density", NULL};

static irl_err usage(cli_context* cli, const char* text) {
  cli->usage = true;
  return irl_fail(&cli->info, IRL_EPARSE, "%s", text);
}

//---------------------------------- Options -------------------------------------------------------

static bool ends_with(const char* text, const char* end) {
  const size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

// looks_like_a_file tells a mistyped ending (a.jpg) from a folder for frames.
static bool looks_like_a_file(const char* path) {
  const char* slash = strrchr(path, '/');
  const char* name = slash != NULL ? slash + 1 : path;
  const char* dot = strrchr(name, '.');
  return dot != NULL && dot != name && dot[1] != '\0' && !irl_dir_exists(path);
}

// check_offscreen checks the place of the pictures before anything is simulated.
static irl_err check_offscreen(cli_context* cli, const char* path) {
  if (path == NULL) {
    return IRL_OK;
  }
  if (ends_with(path, ".png") || ends_with(path, ".mp4")) {
    return cli_check_file(path, &cli->info);
  }
  if (looks_like_a_file(path)) {
    return irl_fail(&cli->info, IRL_EUNSUPPORTED,
                    "--offscreen: %.200s is neither *.png nor *.mp4; end it with / if it is to be "
                    "a folder of frames",
                    path);
  }
  return cli_check_folder(path, &cli->info);
}

static irl_err check_options(cli_context* cli, const replay_args* a, irl_range* range) {
  if (a->follow && a->offscreen != NULL) {
    return usage(cli, "--follow: needs a window; leave out --offscreen");
  }
  if (!irl_range_parse(range, a->range)) {
    return usage(cli, "--range: is no range; give auto, LO:HI or LO%:HI%, e.g. 0:5 or 5%:95%");
  }
  if (a->step != NOT_GIVEN && a->offscreen != NULL && !ends_with(a->offscreen, ".png")) {
    return usage(cli, "--step: is of single pictures; give --offscreen F.png");
  }
  return check_offscreen(cli, a->offscreen);
}

//---------------------------------- What is shown -------------------------------------------------

// choose_layer finds the colours that were asked for, or says which there are.
static irl_err choose_layer(cli_context* cli, const irl_reel* reel, int color_by, int* layer) {
  char there[128] = "none";
  const irl_replay* replay = irl_reel_replay(reel);
  *layer = color_by == NOT_GIVEN ? 0 : irl_reel_layer(reel, COLORS[color_by]);
  if (*layer >= 0) {
    return IRL_OK;
  }
  for (int k = 0, used = 0; k < replay->nlayers; k++) {
    used += snprintf(there + used, sizeof there - (size_t)used, "%s%s", k > 0 ? ", " : "",
                     replay->layers[k].key);
  }
  return irl_fail(&cli->info, IRL_ENOENT,
                  "--color-by: %s is not known of these rollouts; choose from: %s",
                  COLORS[color_by], there);
}

// named tells whether a comma-separated list holds a name.
static bool named(const char* list, const char* name) {
  const size_t n = strlen(name);
  for (const char* at = list; at != NULL; at = strchr(at, ',')) {
    at += *at == ',';
    if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == '\0')) {
      return true;
    }
  }
  return false;
}

// choose_groups switches off the groups that are not in the list, at least one of which must be
// there.
static irl_err choose_groups(cli_context* cli, const irl_replay* replay, const char* list,
                             unsigned* hidden) {
  int shown = 0;
  *hidden = 0;
  for (int g = 0; g < replay->ngroups; g++) {
    const bool on = list == NULL || named(list, replay->groups[g].name);
    *hidden |= on ? 0U : 1U << g;
    shown += on;
  }
  return shown > 0 ? IRL_OK
                   : irl_fail(&cli->info, IRL_ENOENT,
                              "--groups: none of them is there; choose from expert, initial and "
                              "learned, separated by commas");
}

// count_shown finds the most rollouts of a group that is shown, and the most steps of any.
static void count_shown(const irl_replay* replay, unsigned hidden, int* rollouts, int* steps) {
  *rollouts = *steps = 0;
  for (int g = 0; g < replay->ngroups; g++) {
    const irl_batch* b = replay->groups[g].batch;
    for (int i = 0; i < b->n && !(hidden >> g & 1U); i++) {
      *rollouts = i >= *rollouts ? i + 1 : *rollouts;
      *steps = b->valid[i] && b->length[i] > *steps ? b->length[i] : *steps;
    }
  }
}

// check_moment refuses a step and a rollout that none of those shown has.
static irl_err check_moment(cli_context* cli, const replay_args* a, const irl_replay* replay,
                            unsigned hidden) {
  int rollouts, steps;
  count_shown(replay, hidden, &rollouts, &steps);
  if (a->step > steps) {
    return irl_fail(&cli->info, IRL_ERANGE,
                    "--step: %d is past the end of every rollout shown; count from 0 to %d",
                    a->step, steps);
  }
  return a->focus < rollouts
             ? IRL_OK
             : irl_fail(&cli->info, IRL_ERANGE,
                        "--focus: %d is past the last rollout shown; count from 0 to %d", a->focus,
                        rollouts - 1);
}

// choose_iteration takes an older cost of the run.
static irl_err choose_iteration(cli_context* cli, irl_reel* reel, int iteration) {
  const int* there = NULL;
  const int n = irl_reel_iterations(reel, &there);
  if (iteration == NOT_GIVEN) {
    return IRL_OK;
  }
  for (int k = 0; k < n; k++) {
    if (there[k] == iteration) {
      return irl_reel_choose(reel, k, &cli->info);
    }
  }
  return n > 0 ? irl_fail(&cli->info, IRL_ENOENT,
                          "--iteration: the cost of iteration %d was not kept; there are %d to %d",
                          iteration, there[0], there[n - 1])
               : irl_fail(&cli->info, IRL_ENOENT,
                          "--iteration: no past costs were kept; only the newest can be shown");
}

// show hands the scene to the viewer: to a file where one is named, else to a window.
static irl_err show(cli_context* cli, irl_reel* reel, const replay_args* a,
                    const irl_range* range) {
  const irl_replay* replay = irl_reel_replay(reel);
  irl_view_options view = {.width = a->size.width,
                           .height = a->size.height,
                           .camera = a->camera,
                           .range = *range,
                           .step = a->step == NOT_GIVEN ? 0 : a->step + 1,
                           .focus = a->focus == NOT_GIVEN ? 0 : a->focus + 1,
                           .chart = a->chart,
                           .field = a->field || a->field_body != NULL,
                           .field_body = a->field_body,
                           .follow = a->follow};
  int frames = 0;
  IRL_TRY(choose_layer(cli, reel, a->color_by, &view.layer));
  IRL_TRY(choose_groups(cli, replay, a->groups, &view.hidden));
  IRL_TRY(check_moment(cli, a, replay, view.hidden));
  IRL_TRY(choose_iteration(cli, reel, a->iteration));
  const irl_err err =
      a->offscreen != NULL
          ? irl_viewer_offscreen(replay, &view, a->offscreen, &frames, &cli->host, &cli->info)
          : irl_viewer_window(replay, &view, &frames, &cli->host, &cli->info);
  irl_jout_key_int(&cli->result, "frames", frames);
  return err;
}

// run_replay takes a run or a dataset, whichever the folder is.
static irl_err run_replay(cli_context* cli, const void* args) {
  const replay_args* a = args;
  irl_reel* reel = NULL;
  irl_range range;
  IRL_TRY(check_options(cli, a, &range));
  const irl_reel_options options = {
      .cost = a->cost,
      .first = a->episodes.given ? a->episodes.first : 0,
      .last = a->episodes.given ? a->episodes.last : DEFAULT_EPISODES - 1,
      .past_expert = a->groups != NULL && !named(a->groups, "expert"),
      .seed = a->common.seed,
      .threads = a->common.threads,
      .wait = a->follow};
  IRL_TRY(irl_reel_open(&reel, a->source, &options, &cli->host, &cli->info));
  const irl_err err = show(cli, reel, a, &range);
  irl_reel_close(reel);
  return err;
}

static const cli_option options[] = {
    CLI_ARGUMENT(replay_args, source, "RUN|DIR",
                 "training run (expert, initial and learned side by side) or dataset"),
    CLI_OPTIONAL(replay_args, cost, "cost", "RUN",
                 "colour by the cost of this run (the run's own; datasets: minus reward)"),
    CLI_OPTIONAL(replay_args, offscreen, "offscreen", "F.png|F.mp4|FRAMES/",
                 "write a picture, a film or a folder of frames instead of opening a window"),
    {.kind = CLI_PIXELS,
     .name = "size",
     .metavar = "WxH",
     .help = "size in pixels (1280x720)",
     .offset = offsetof(replay_args, size)},
    CLI_OPTIONAL(replay_args, camera, "camera", "FILE|NAME",
                 "saved camera or named one of the model (a free one that frames the motion)"),
    {.kind = CLI_SPAN,
     .name = "episodes",
     .metavar = "A-B",
     .help = "episodes to show, counted from 0 (0-11)",
     .offset = offsetof(replay_args, episodes)},
    CLI_ONE_OF(replay_args, color_by, "color-by", "WHAT", COLORS,
               "what the colours mean (learned, or else true)"),
    CLI_OPTIONAL(replay_args, range, "range", "R",
                 "ends of the colour bar: auto, values LO:HI or percentiles LO%:HI% (auto)"),
    CLI_OPTIONAL(replay_args, groups, "groups", "NAMES",
                 "only these of expert, initial, learned, separated by commas (all)"),
    CLI_WHOLE(replay_args, iteration, "iteration", "N", 0, 999999,
              "colour by the cost after this iteration (the newest)"),
    CLI_WHOLE(replay_args, step, "step", "N", 0, 1000000,
              "picture of this step instead of the whole course"),
    CLI_WHOLE(replay_args, focus, "focus", "N", 0, 1000000,
              "rollout that stands out, counted from 0 among those shown (none)"),
    CLI_SWITCH(replay_args, chart, "chart", "pictures and films: with the cost over time below"),
    CLI_SWITCH(replay_args, field, "field",
               "draw the learned cost over a plane of positions into the scene"),
    CLI_OPTIONAL(replay_args, field_body, "field-body", "NAME",
                 "body that is moved over that plane (what the trails follow)"),
    CLI_SWITCH(replay_args, follow, "follow",
               "window: show what a run that is still training has learned so far"),
    CLI_SEED(replay_args),
    CLI_THREADS(replay_args),
    CLI_JSON(replay_args),
    CLI_END,
};

const cli_command cli_replay = {
    .name = "replay",
    .summary = "show rollouts coloured by a learned cost",
    .options = options,
    .defaults = &(const replay_args){.size = {1280, 720},
                                     .range = "auto",
                                     .color_by = NOT_GIVEN,
                                     .iteration = NOT_GIVEN,
                                     .step = NOT_GIVEN,
                                     .focus = NOT_GIVEN},
    .size = sizeof(replay_args),
    .blas = true,
    .stops = true,
    .run = run_replay,
};
