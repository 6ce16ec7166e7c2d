// `mjirl record`: demonstrations by hand, in a window.
#include "viewer/record.h"

#include "cli/cli.h"

typedef struct record_args {
  cli_common common;
  const char* task;
  const char* out;
  const char* label;
  const char* gamepad;
  const char* camera;
  int episodes;
  int condition;
  int slow;
  int hold;
  int countdown;
  bool only_success;
  bool free_running;
  cli_pixels size;
  cli_texts set;
} record_args;

static irl_err run_record(cli_context* cli, const void* args) {
  const record_args* a = args;
  irl_task* task = NULL;
  int episodes = 0;
  IRL_TRY(irl_task_load(&task, a->task, a->set.item, a->set.count, &cli->info));
  const irl_record_options options = {
      .dir = a->out,
      .episodes = a->episodes,
      .condition = a->condition,
      .seed = a->common.seed,
      .speed = a->slow > 0 ? 1.0 / a->slow : 0,
      .countdown = a->countdown,
      .hold = a->hold,
      .only_success = a->only_success,
      .label = a->label,
      .gamepad = a->gamepad,
      .camera = a->camera,
      .width = a->size.width,
      .height = a->size.height,
      .free_running = a->free_running,
  };
  const irl_err err = irl_viewer_record(task, &options, &episodes, &cli->host, &cli->info);
  if (err == IRL_OK) {
    irl_jout_key_int(&cli->result, "episodes", episodes);
  }
  irl_task_destroy(task);
  return err;
}

static const cli_option options[] = {
    CLI_ARGUMENT(record_args, task, "TASK", CLI_TASK_HELP),
    CLI_NEEDED(record_args, out, "out", "DIR", "folder of the dataset, new or added to"),
    CLI_WHOLE(record_args, episodes, "episodes", "N", 1, 100000,
              "episodes wanted in this session (any number)"),
    CLI_WHOLE(record_args, condition, "condition", "N", 0, 100000,
              "record this condition only, counted from 0 (all in turn)"),
    CLI_WHOLE(record_args, slow, "slow", "N", 1, 1000,
              "N times slower than real time (so that an episode lasts some seconds)"),
    CLI_WHOLE(record_args, countdown, "countdown", "N", 0, 60,
              "seconds before an episode begins (3)"),
    CLI_SWITCH(record_args, only_success, "only-success", "keep successes only"),
    CLI_WHOLE(record_args, hold, "hold", "N", 1, 100000,
              "end and keep an episode after N steps of the task's success in a row (never)"),
    CLI_OPTIONAL(record_args, label, "label", "TEXT", "kept with each episode"),
    CLI_OPTIONAL(record_args, gamepad, "gamepad", "F.json",
                 "what a gamepad's sticks and buttons mean (as docs/recording.md says)"),
    CLI_OPTIONAL(record_args, camera, "camera", "NAME",
                 "named camera of the model (a free one that frames the robot)"),
    {.kind = CLI_PIXELS,
     .name = "size",
     .metavar = "WxH",
     .help = "size of the window in pixels (1280x720)",
     .offset = offsetof(record_args, size)},
    CLI_SWITCH(record_args, free_running, "no-vsync", "draw as often as the machine can"),
    CLI_SET(record_args),
    CLI_SEED(record_args),
    CLI_JSON(record_args),
    CLI_END,
};

const cli_command cli_record = {
    .name = "record",
    .summary = "record demonstrations by hand in a window",
    .detail =
        "Enter records; drag the yellow ball and the robot follows by its own actuators; F1\n"
        "lists the keys. Every step is safe as it is made: episodes of a session that a crash\n"
        "broke off join the dataset at the next start. Closing the window keeps the episode.",
    .options = options,
    .defaults = &(const record_args){.condition = -1, .countdown = 3},
    .size = sizeof(record_args),
    .stops = true,
    .run = run_record,
};
