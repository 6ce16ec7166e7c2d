// `mjirl replay`: rollouts coloured by a cost, in a window or into pictures.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "demos/demos.h"
#include "irl/run.h"
#include "viewer/viewer.h"

// Side by side: expert, initial, learned; three rollouts for each of four conditions.
enum { MAX_GROUPS = 3, DEFAULT_EPISODES = 12 };

typedef struct replay_args {
  cli_common common;
  const char* source;
  const char* cost;
  const char* offscreen;
  const char* camera;
  cli_pixels size;
  cli_span episodes;
} replay_args;

// Everything that is shown, and all that it is made of.
typedef struct scene {
  irl_run* run;       // what is replayed, or NULL for a dataset
  irl_run* cost_run;  // whose cost colours it, or NULL
  irl_demos* demos;
  irl_task* task;  // owned only for a dataset
  irl_replay_group groups[MAX_GROUPS];
  irl_batch batch[MAX_GROUPS];
  double* cost[MAX_GROUPS];
  int ngroups;
} scene;

// scene_fini knows that a run owns its task and may lend its cost.
static void scene_fini(scene* s) {
  for (int i = 0; i < MAX_GROUPS; i++) {
    irl_batch_destroy(&s->batch[i]);
    irl_free(s->cost[i]);
  }
  if (s->run == NULL) {
    irl_task_destroy(s->task);
  }
  irl_demos_destroy(s->demos);
  if (s->cost_run != s->run) {
    irl_run_close(s->cost_run);
  }
  irl_run_close(s->run);
}

// select_episodes copies trajectories first to last, as far as there are any.
static irl_err select_episodes(irl_batch* out, const irl_batch* from, int first, int last,
                               irl_errinfo* info) {
  last = last < from->n ? last : from->n - 1;
  if (first > last) {
    return irl_fail(info, IRL_ERANGE, "--episodes: %d is past the last one; count from 0 to %d",
                    first, from->n - 1);
  }
  IRL_TRY(irl_batch_create(out, last - first + 1, from->horizon, from->nx, from->nu, from->nz,
                           from->nstate));
  out->has_reward = from->has_reward;
  for (int i = first; i <= last; i++) {
    irl_batch_copy(out, i - first, from, i);
  }
  return IRL_OK;
}

// color_group fills a group's costs: those of a run, or else the task's own.
static irl_err color_group(scene* s, int index, irl_errinfo* info) {
  const irl_batch* batch = &s->batch[index];
  const size_t n = (size_t)batch->n * (size_t)batch->horizon;
  s->cost[index] = IRL_NEW(double, n);
  if (s->cost[index] == NULL) {
    return IRL_ENOMEM;
  }
  s->groups[index].batch = batch;
  s->groups[index].cost = s->cost[index];
  if (s->cost_run != NULL) {
    if (s->cost_run->task == NULL || irl_task_get(s->cost_run->task)->nx != batch->nx ||
        irl_task_get(s->cost_run->task)->nu != batch->nu) {
      return irl_fail(info, IRL_EDIM,
                      "--cost: %s was trained on a task of other sizes; give a run of this task",
                      s->cost_run->folder);
    }
    return irl_run_step_costs(s->cost_run, batch, s->cost[index]);
  }
  for (size_t i = 0; i < n; i++) {
    s->cost[index][i] = -batch->reward[i];
  }
  return IRL_OK;
}

// add_group adds the chosen episodes of a batch under a name.
static irl_err add_group(scene* s, const char* name, const irl_batch* from, const cli_span* span,
                         irl_errinfo* info) {
  const int index = s->ngroups++;
  s->groups[index].name = name;
  IRL_TRY(select_episodes(&s->batch[index], from, span->first, span->last, info));
  return color_group(s, index, info);
}

// add_rollouts simulates a run's policy from the start, so that episode 3 is the same whatever else
// is shown.
static irl_err add_rollouts(scene* s, const replay_args* a, const char* name,
                            const irl_policy* policy, const cli_span* span, irl_errinfo* info) {
  irl_batch batch = {0};
  irl_err err = irl_run_rollout(s->run, policy, span->last + 1, a->common.seed, a->common.threads,
                                &batch, info);
  if (err == IRL_OK) {
    err = add_group(s, name, &batch, span, info);
  }
  irl_batch_destroy(&batch);
  return err;
}

// load_run shows expert, initial and learned rollouts beside each other; the expert's only where
// its dataset is still there and keeps states.
static irl_err load_run(scene* s, cli_context* cli, const replay_args* a, const cli_span* span) {
  IRL_TRY(irl_run_open(&s->run, a->source, &cli->info));
  s->task = s->run->task;
  s->cost_run = s->cost_run != NULL ? s->cost_run : s->run;
  irl_errinfo why = {0};
  if (irl_demos_load(&s->demos, s->run->demos_path, &why) != IRL_OK) {
    irl_log(&cli->host.sink, IRL_LOG_WARNING, "%s", why.text);
  } else if (s->demos->batch.nstate > 0 && span->first < s->demos->batch.n) {
    IRL_TRY(add_group(s, "expert", &s->demos->batch, span, &cli->info));
  }
  IRL_TRY(add_rollouts(s, a, "initial", s->run->initial, span, &cli->info));
  return add_rollouts(s, a, "learned", s->run->learned, span, &cli->info);
}

// load_dataset shows a dataset by itself, in the task that it keeps.
static irl_err load_dataset(scene* s, const replay_args* a, const cli_span* span,
                            irl_errinfo* info) {
  IRL_TRY(irl_demos_load(&s->demos, a->source, info));
  if (s->demos->batch.nstate == 0 || s->demos->task_json[0] == '\0') {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: the dataset keeps no physics states or no task, so it cannot be drawn; "
                    "give one that mjirl recorded",
                    a->source);
  }
  IRL_TRY(irl_task_from_text(&s->task, s->demos->task_json, s->demos->mjcf, info));
  IRL_TRY(irl_demos_match(s->demos, s->task, info));
  return add_group(s, "demonstrations", &s->demos->batch, span, info);
}

static bool ends_with(const char* text, const char* end) {
  const size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

// check_offscreen checks the place of the pictures before anything is simulated.
static irl_err check_offscreen(const char* path, irl_errinfo* info) {
  if (path == NULL) {
    return IRL_OK;
  }
  return ends_with(path, ".png") || ends_with(path, ".mp4") ? cli_check_file(path, info)
                                                            : cli_check_folder(path, info);
}

// show hands the scene to the viewer: to a file where one is named, else to a window.
static irl_err show(scene* s, cli_context* cli, const replay_args* a) {
  const irl_replay replay = {
      .task = s->task,
      .groups = s->groups,
      .ngroups = s->ngroups,
      .quantity = s->cost_run != NULL ? "learned cost per step" : "true cost per step",
  };
  const irl_view_options view = {
      .width = a->size.width, .height = a->size.height, .camera = a->camera};
  int frames = 0;
  const irl_err err =
      a->offscreen != NULL
          ? irl_viewer_offscreen(&replay, &view, a->offscreen, &frames, &cli->host, &cli->info)
          : irl_viewer_window(&replay, &view, &frames, &cli->host, &cli->info);
  irl_jout_key_int(&cli->result, "frames", frames);
  return err;
}

// run_replay takes a run or a dataset, whichever the folder is.
static irl_err run_replay(cli_context* cli, const void* args) {
  const replay_args* a = args;
  scene s = {0};
  cli_span span = a->episodes;
  IRL_TRY(check_offscreen(a->offscreen, &cli->info));
  const bool is_run = irl_run_exists(a->source);
  if (!span.given) {
    span.last = DEFAULT_EPISODES - 1;
  }
  irl_err err = IRL_OK;
  if (a->cost != NULL) {
    err = irl_run_open(&s.cost_run, a->cost, &cli->info);
  }
  if (err == IRL_OK) {
    err = is_run ? load_run(&s, cli, a, &span) : load_dataset(&s, a, &span, &cli->info);
  }
  if (err == IRL_OK) {
    err = show(&s, cli, a);
  }
  scene_fini(&s);
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
    CLI_OPTIONAL(replay_args, camera, "camera", "NAME",
                 "named camera of the model (a free one that frames the motion)"),
    {.kind = CLI_SPAN,
     .name = "episodes",
     .metavar = "A-B",
     .help = "episodes to show, counted from 0 (0-11)",
     .offset = offsetof(replay_args, episodes)},
    CLI_SEED(replay_args),
    CLI_THREADS(replay_args),
    CLI_JSON(replay_args),
    CLI_END,
};

const cli_command cli_replay = {
    .name = "replay",
    .summary = "show rollouts coloured by a learned cost",
    .options = options,
    .defaults = &(const replay_args){.size = {1280, 720}},
    .size = sizeof(replay_args),
    .blas = true,
    .stops = true,
    .run = run_replay,
};
