// `mjirl demos merge`, `trim`, `delete`, `filter`, `split`, `undo` and `fold`.
#include "base/arena.h"
#include "cli/cli.h"
#include "demos/edit.h"
#include "demos/guard.h"
#include "demos/journal.h"

typedef struct edit_args {
  cli_common common;
  const char* folder;
  const char* out;  // NULL: in place
  cli_texts folders;
  cli_texts where;
  cli_span episodes;
  cli_span steps;
  int valid;  // per cent
} edit_args;

// What one command does to the dataset: fills in which episodes stay, or changes it as it is.
typedef struct change {
  const edit_args* args;
  const irl_demos* demos;
  irl_demos_pick* picks;  // (N) room
  int npicks;
  irl_errinfo* info;
} change;
typedef irl_err (*change_rule)(change* c);

//---------------------------------- Writing -------------------------------------------------------

// store writes the new dataset, in a new folder or in place of the old one, and the result.
static irl_err store(cli_context* cli, const edit_args* a, const irl_demos* demos) {
  irl_task* task = NULL;
  int64_t steps = 0;
  IRL_TRY(irl_demos_own_task(&task, demos, &cli->info));
  const irl_err err = irl_demos_store(a->out != NULL ? a->out : a->folder, a->out == NULL, demos,
                                      task, NULL, &cli->info);
  irl_task_destroy(task);
  for (int i = 0; i < demos->batch.n; i++) {
    steps += demos->batch.length[i];
  }
  irl_jout_key_int(&cli->result, "episodes", demos->batch.n);
  irl_jout_key_int(&cli->result, "steps", steps);
  return err;
}

// pick_and_store applies a rule to a loaded dataset.
static irl_err pick_and_store(cli_context* cli, const edit_args* a, const irl_demos* demos,
                              change_rule rule) {
  irl_demos* changed = NULL;
  change c = {.args = a, .demos = demos, .info = &cli->info};
  c.picks = IRL_NEW(irl_demos_pick, demos->batch.n);
  if (c.picks == NULL) {
    return IRL_ENOMEM;
  }
  irl_err err = rule(&c);
  if (err == IRL_OK) {
    err = irl_demos_pick_episodes(&changed, &demos, 1, c.picks, c.npicks, &cli->info);
  }
  if (err == IRL_OK) {
    err = store(cli, a, changed);
  }
  irl_demos_destroy(changed);
  irl_free(c.picks);
  return err;
}

// check_folders refuses before any work what is not to be changed or written.
static irl_err check_folders(const edit_args* a, irl_errinfo* info) {
  IRL_TRY(irl_demos_settled(a->folder, info));
  return a->out != NULL ? irl_demos_check_output(a->out, info) : IRL_OK;
}

// change_dataset is what trim, delete and filter share.
static irl_err change_dataset(cli_context* cli, const edit_args* a, change_rule rule) {
  irl_demos* demos = NULL;
  IRL_TRY(check_folders(a, &cli->info));
  IRL_TRY(irl_demos_load(&demos, a->folder, &cli->info));
  const irl_err err = pick_and_store(cli, a, demos, rule);
  irl_demos_destroy(demos);
  return err;
}

// check_span refuses episodes that are not there, so that a mistyped number changes nothing.
static irl_err check_span(const change* c) {
  const cli_span* span = &c->args->episodes;
  if (span->given && span->last >= c->demos->batch.n) {
    return irl_fail(c->info, IRL_ERANGE, "--episodes: there is no episode %d; give 0 to %d",
                    span->last, c->demos->batch.n - 1);
  }
  return IRL_OK;
}

static bool in_span(const cli_span* span, int episode) {
  return span->given && episode >= span->first && episode <= span->last;
}

#define EDIT_FOLDER CLI_ARGUMENT(edit_args, folder, "DIR", "dataset of demonstrations")
#define EDIT_OUT \
  CLI_OPTIONAL(edit_args, out, "out", "DIR", "new folder for the result (in place of DIR)")
#define EDIT_UNDO                                                                             \
  "Without --out the dataset is changed in place, once the new one has been read back. The\n" \
  "old one is kept until the next change: `mjirl demos undo` exchanges the two."

//---------------------------------- demos trim ----------------------------------------------------

// trim_rule keeps a span of steps of the chosen episodes; the others stay whole.
static irl_err trim_rule(change* c) {
  const edit_args* a = c->args;
  IRL_TRY(check_span(c));
  for (int i = 0; i < c->demos->batch.n; i++) {
    irl_demos_pick* pick = &c->picks[c->npicks++];
    *pick = (irl_demos_pick){.episode = i};
    if (!a->episodes.given || in_span(&a->episodes, i)) {
      const int length = c->demos->batch.length[i];
      pick->begin = a->steps.first;
      pick->end = a->steps.last + 1 < length ? a->steps.last + 1 : length;
    }
  }
  return IRL_OK;
}

static irl_err run_trim(cli_context* cli, const void* args) {
  return change_dataset(cli, args, trim_rule);
}

static const cli_option trim_options[] = {
    EDIT_FOLDER,
    {.kind = CLI_SPAN,
     .name = "steps",
     .metavar = "A-B",
     .help = "control steps to keep, counted from 0",
     .offset = offsetof(edit_args, steps),
     .required = true},
    {.kind = CLI_SPAN,
     .name = "episodes",
     .metavar = "A-B",
     .help = "episodes to cut, counted from 0 (all)",
     .offset = offsetof(edit_args, episodes)},
    EDIT_OUT,
    CLI_JSON(edit_args),
    CLI_END,
};

const cli_command cli_demos_trim = {
    .name = "demos trim",
    .summary = "cut steps off the beginning and the end of episodes",
    .detail = EDIT_UNDO,
    .options = trim_options,
    .defaults = &(const edit_args){.folder = NULL},
    .size = sizeof(edit_args),
    .run = run_trim,
};

//---------------------------------- demos delete --------------------------------------------------

static irl_err delete_rule(change* c) {
  IRL_TRY(check_span(c));
  for (int i = 0; i < c->demos->batch.n; i++) {
    if (!in_span(&c->args->episodes, i)) {
      c->picks[c->npicks++] = (irl_demos_pick){.episode = i};
    }
  }
  return IRL_OK;
}

static irl_err run_delete(cli_context* cli, const void* args) {
  return change_dataset(cli, args, delete_rule);
}

static const cli_option delete_options[] = {
    EDIT_FOLDER,
    {.kind = CLI_SPAN,
     .name = "episodes",
     .metavar = "A-B",
     .help = "episodes to delete, counted from 0",
     .offset = offsetof(edit_args, episodes),
     .required = true},
    EDIT_OUT,
    CLI_JSON(edit_args),
    CLI_END,
};

const cli_command cli_demos_delete = {
    .name = "demos delete",
    .summary = "take episodes out of a dataset",
    .detail = EDIT_UNDO,
    .options = delete_options,
    .defaults = &(const edit_args){.folder = NULL},
    .size = sizeof(edit_args),
    .run = run_delete,
};

//---------------------------------- demos filter --------------------------------------------------

// filter_rule keeps the episodes that fulfil every condition.
static irl_err filter_rule(change* c) {
  for (int i = 0; i < c->demos->batch.n; i++) {
    bool keep = true;
    for (int k = 0; k < c->args->where.count; k++) {
      bool holds = false;
      IRL_TRY(irl_demos_where(&holds, c->args->where.item[k], c->demos, i, c->info));
      keep = keep && holds;
    }
    if (keep) {
      c->picks[c->npicks++] = (irl_demos_pick){.episode = i};
    }
  }
  return IRL_OK;
}

static irl_err run_filter(cli_context* cli, const void* args) {
  return change_dataset(cli, args, filter_rule);
}

static const cli_option filter_options[] = {
    EDIT_FOLDER,
    {.kind = CLI_TEXTS,
     .name = "where",
     .metavar = "COND",
     .help = "keep episodes for which it holds; several must all hold",
     .offset = offsetof(edit_args, where),
     .required = true},
    EDIT_OUT,
    CLI_JSON(edit_args),
    CLI_END,
};

const cli_command cli_demos_filter = {
    .name = "demos filter",
    .summary = "keep the episodes that fulfil conditions",
    .detail =
        "COND is a key, an operator and a value, like 'return>=-5', 'length<200', 'success=1',\n"
        "'label!=bad', 'condition=2', 'episode<10'; the operators are >=, <=, !=, =, > and "
        "<.\n\n" EDIT_UNDO,
    .options = filter_options,
    .defaults = &(const edit_args){.folder = NULL},
    .size = sizeof(edit_args),
    .run = run_filter,
};

//---------------------------------- demos split ---------------------------------------------------

static irl_err split_rule(cli_context* cli, const edit_args* a, irl_demos* demos) {
  int valid = 0;
  IRL_TRY(irl_demos_split(demos, 0.01 * a->valid, a->common.seed, &cli->info));
  for (int i = 0; i < demos->batch.n; i++) {
    valid += demos->mask[i] == IRL_DEMOS_VALID;
  }
  IRL_TRY(store(cli, a, demos));
  irl_jout_key_int(&cli->result, "train", demos->batch.n - valid);
  irl_jout_key_int(&cli->result, "valid", valid);
  return IRL_OK;
}

static irl_err run_split(cli_context* cli, const void* args) {
  const edit_args* a = args;
  irl_demos* demos = NULL;
  IRL_TRY(check_folders(a, &cli->info));
  IRL_TRY(irl_demos_load(&demos, a->folder, &cli->info));
  const irl_err err = split_rule(cli, a, demos);
  irl_demos_destroy(demos);
  return err;
}

static const cli_option split_options[] = {
    EDIT_FOLDER,
    CLI_WHOLE(edit_args, valid, "valid", "PERCENT", 1, 99,
              "share for validation, of each condition (10)"),
    CLI_SEED(edit_args),
    EDIT_OUT,
    CLI_JSON(edit_args),
    CLI_END,
};

const cli_command cli_demos_split = {
    .name = "demos split",
    .summary = "mark episodes for training and validation, as robomimic does",
    .detail = "The marks are robomimic's filter keys mask/train and mask/valid.\n\n" EDIT_UNDO,
    .options = split_options,
    .defaults = &(const edit_args){.valid = 10},
    .size = sizeof(edit_args),
    .run = run_split,
};

//---------------------------------- demos merge ---------------------------------------------------

// merge_loaded joins all episodes of all datasets.
static irl_err merge_loaded(cli_context* cli, const edit_args* a, const irl_demos* const* sources) {
  irl_demos* merged = NULL;
  int n = 0;
  for (int s = 0; s < a->folders.count; s++) {
    n += sources[s]->batch.n;
  }
  irl_demos_pick* picks = IRL_NEW(irl_demos_pick, n);
  if (picks == NULL) {
    return IRL_ENOMEM;
  }
  int at = 0;
  for (int s = 0; s < a->folders.count; s++) {
    for (int i = 0; i < sources[s]->batch.n; i++) {
      picks[at++] = (irl_demos_pick){.source = s, .episode = i};
    }
  }
  irl_err err = irl_demos_pick_episodes(&merged, sources, a->folders.count, picks, n, &cli->info);
  if (err == IRL_OK) {
    err = store(cli, a, merged);
  }
  irl_demos_destroy(merged);
  irl_free(picks);
  return err;
}

static irl_err run_merge(cli_context* cli, const void* args) {
  const edit_args* a = args;
  irl_demos* sources[CLI_MAX_TEXTS] = {0};
  irl_err err = irl_demos_check_output(a->out, &cli->info);
  for (int i = 0; i < a->folders.count && err == IRL_OK; i++) {
    err = irl_demos_settled(a->folders.item[i], &cli->info);
    err = err != IRL_OK ? err : irl_demos_load(&sources[i], a->folders.item[i], &cli->info);
  }
  if (err == IRL_OK) {
    err = merge_loaded(cli, a, (const irl_demos* const*)sources);
  }
  for (int i = 0; i < a->folders.count; i++) {
    irl_demos_destroy(sources[i]);
  }
  return err;
}

static const cli_option merge_options[] = {
    {.kind = CLI_TEXTS,
     .metavar = "DIR",
     .help = "datasets of one task, in this order",
     .offset = offsetof(edit_args, folders),
     .required = true},
    CLI_NEEDED(edit_args, out, "out", "DIR", "folder of the new dataset"),
    CLI_JSON(edit_args),
    CLI_END,
};

const cli_command cli_demos_merge = {
    .name = "demos merge",
    .summary = "join datasets of one task",
    .detail = "What one of them lacks (states, rewards, log-densities), the result lacks.",
    .options = merge_options,
    .defaults = &(const edit_args){.folder = NULL},
    .size = sizeof(edit_args),
    .run = run_merge,
};

//---------------------------------- demos undo ----------------------------------------------------

static irl_err run_undo(cli_context* cli, const void* args) {
  const edit_args* a = args;
  irl_demos* demos = NULL;
  IRL_TRY(irl_demos_undo(a->folder, &cli->info));
  IRL_TRY(irl_demos_load(&demos, a->folder, &cli->info));
  irl_jout_key_int(&cli->result, "episodes", demos->batch.n);
  irl_demos_destroy(demos);
  return IRL_OK;
}

static const cli_option undo_options[] = {
    EDIT_FOLDER,
    CLI_JSON(edit_args),
    CLI_END,
};

const cli_command cli_demos_undo = {
    .name = "demos undo",
    .summary = "take back the last change of a dataset in place",
    .detail = "Twice takes the undoing back.",
    .options = undo_options,
    .defaults = &(const edit_args){.folder = NULL},
    .size = sizeof(edit_args),
    .run = run_undo,
};

//---------------------------------- demos fold ----------------------------------------------------

// run_fold counts what the dataset holds then, so that a folder without a journal is judged too.
static irl_err run_fold(cli_context* cli, const void* args) {
  const edit_args* a = args;
  irl_jout* out = &cli->result;
  irl_demos_folded folded;
  irl_demos_stream* stream = NULL;
  IRL_TRY(irl_demos_fold(a->folder, &folded, &cli->info));
  irl_err err = irl_demos_open(&stream, a->folder, NULL, &cli->info);
  if (err == IRL_ENOENT && folded.discarded + folded.empty > 0) {
    err = IRL_OK;  // nothing was worth keeping, so there is no dataset
  }
  irl_jout_key_int(out, "episodes", stream != NULL ? irl_demos_stream_count(stream) : 0);
  irl_jout_key_int(out, "added", folded.added);
  irl_jout_key_int(out, "steps", folded.steps);
  irl_jout_key_int(out, "incomplete", folded.incomplete);
  irl_jout_key_int(out, "present", folded.present);
  irl_jout_key_int(out, "discarded", folded.discarded);
  irl_jout_key_int(out, "empty", folded.empty);
  irl_jout_key_int(out, "torn", folded.torn);
  irl_jout_key_bool(out, "damaged", folded.damaged);
  irl_demos_close(stream);
  return err;
}

static const cli_option fold_options[] = {
    CLI_ARGUMENT(edit_args, folder, "DIR", "folder that was recorded into"),
    CLI_JSON(edit_args),
    CLI_END,
};

const cli_command cli_demos_fold = {
    .name = "demos fold",
    .summary = "put what a recording's journal holds into its dataset",
    .detail =
        "`mjirl record` does so itself at its end and at its next start. A journal that a crash\n"
        "left is read up to its last whole record; `incomplete` counts the episodes that broke\n"
        "off. May be stopped at any moment and done again: nothing is lost or comes twice.",
    .options = fold_options,
    .defaults = &(const edit_args){.folder = NULL},
    .size = sizeof(edit_args),
    .run = run_fold,
};
