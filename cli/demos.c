// `mjirl demos info` and `mjirl demos check`.
#include "demos/demos.h"

#include <math.h>

#include "base/file.h"
#include "cli/cli.h"
#include "demos/edit.h"
#include "demos/journal.h"
#include "demos/survey.h"
#include "irl/expert.h"

typedef struct demos_args {
  cli_common common;
  const char* folder;
  const char* task;
  const char* policy;
} demos_args;

enum { PATH_BYTES = 4096 };

//---------------------------------- demos info ----------------------------------------------------

// write_summary writes the figures of one condition, or of all (-1).
static void write_summary(irl_jout* out, const irl_demos* demos, int condition) {
  irl_demos_summary s;
  irl_demos_summarise(&s, demos, condition);
  irl_jout_key_int(out, "episodes", s.episodes);
  irl_jout_key_int(out, "steps", s.steps);
  irl_jout_key_int(out, "length_min", s.length_min);
  irl_jout_key_int(out, "length_max", s.length_max);
  irl_jout_key_number(out, "return_mean", s.return_mean);
  irl_jout_key_number(out, "return_std", s.return_std);
  irl_jout_key_number(out, "return_min", s.return_min);
  irl_jout_key_number(out, "return_max", s.return_max);
  irl_jout_key_int(out, "successes", s.successes);
  irl_jout_key_int(out, "terminations", s.terminations);
  irl_jout_key_number(out, "action_min", s.action_min);
  irl_jout_key_number(out, "action_max", s.action_max);
  irl_jout_key_number(out, "clipped", s.clipped);
}

// write_conditions goes over those of the task too that no episode shows.
static void write_conditions(irl_jout* out, const irl_demos* demos, const irl_task* task) {
  const int used = irl_demos_nconditions(demos);
  const int all = task != NULL ? irl_task_get(task)->nconditions : 0;
  irl_jout_key(out, "conditions");
  irl_jout_open(out, '[');
  for (int i = 0; i < (all > used ? all : used); i++) {
    irl_jout_open(out, '{');
    irl_jout_key_int(out, "condition", i);
    write_summary(out, demos, i);
    irl_jout_close(out);
  }
  irl_jout_close(out);
}

static void write_column(irl_jout* out, const irl_demos_column* c) {
  irl_jout_key_number(out, "min", c->min);
  irl_jout_key_number(out, "q05", c->low);
  irl_jout_key_number(out, "median", c->median);
  irl_jout_key_number(out, "q95", c->high);
  irl_jout_key_number(out, "max", c->max);
  irl_jout_key_number(out, "mean", c->mean);
  irl_jout_key_number(out, "std", c->std);
}

// write_entries is the coverage of each observation entry, and how each action entry moves.
static void write_entries(irl_jout* out, const irl_demos_survey* s, const irl_task* task) {
  irl_jout_key(out, "actions");
  irl_jout_open(out, '[');
  for (int i = 0; s->action != NULL && i < s->nu; i++) {
    irl_jout_open(out, '{');
    irl_jout_key_int(out, "entry", i);
    write_column(out, &s->action[i]);
    irl_jout_key_number(out, "saturated", s->motion[i].saturated);
    irl_jout_key_number(out, "roughness", s->motion[i].roughness);
    irl_jout_close(out);
  }
  irl_jout_close(out);
  irl_jout_key(out, "observations");
  irl_jout_open(out, '[');
  for (int i = 0; i < s->nx; i++) {
    irl_jout_open(out, '{');
    irl_jout_key_int(out, "entry", i);
    write_column(out, &s->observation[i]);
    const bool named = task != NULL && irl_task_get(task)->nx == s->nx;
    irl_jout_key_string(out, "name", named ? irl_task_observation_name(task, i) : "");
    irl_jout_close(out);
  }
  irl_jout_close(out);
}

// write_world is what the episodes drew of the physics, where the task draws.
static void write_world(irl_jout* out, const irl_demos* demos, const irl_task* task) {
  const irl_batch* b = &demos->batch;
  const bool named = task != NULL && irl_task_get(task)->nworld == b->nworld;
  irl_jout_key(out, "world");
  irl_jout_open(out, '[');
  for (int k = 0; k < b->nworld; k++) {
    irl_demos_factor f;
    irl_demos_world_factor(&f, demos, k);
    irl_jout_open(out, '{');
    irl_jout_key_int(out, "factor", k);
    irl_jout_key_int(out, "episodes", f.episodes);
    irl_jout_key_number(out, "min", f.min);
    irl_jout_key_number(out, "mean", f.mean);
    irl_jout_key_number(out, "max", f.max);
    irl_jout_key_string(out, "name", named ? irl_task_world_factor(task, k).name : "");
    irl_jout_close(out);
  }
  irl_jout_close(out);
}

// write_survey is what concerns the dataset as a whole.
static void write_survey(irl_jout* out, const irl_demos_survey* s) {
  irl_jout_key_number(out, "saturated", s->saturated);
  irl_jout_key_number(out, "roughness", s->roughness);
  irl_jout_key_number(out, "repeated_actions", s->repeated);
  irl_jout_key_number(out, "sparc_mean", s->sparc_mean);
  irl_jout_key_number(out, "sparc_min", s->sparc_min);
  irl_jout_key_int(out, "duplicate_episodes", s->duplicates);
  irl_jout_key_int(out, "duplicate_actions", s->copies);
  irl_jout_key_int(out, "first_duplicate", s->twin);
  irl_jout_key_int(out, "duplicate_of", s->twin_of);
}

// own_task is the task that the dataset keeps, as far as it is of use: NULL is not an error here.
static irl_task* own_task(const irl_demos* demos) {
  irl_task* task = NULL;
  irl_errinfo unused = {0};
  if (irl_demos_own_task(&task, demos, &unused) == IRL_OK &&
      irl_demos_match(demos, task, &unused) != IRL_OK) {
    irl_task_destroy(task);
    task = NULL;
  }
  return task;
}

// write_info is all that info says of a dataset that was read.
static irl_err write_info(cli_context* cli, const demos_args* a, const irl_demos* demos,
                          const irl_task* task) {
  irl_jout* out = &cli->result;
  irl_demos_survey* survey = NULL;
  IRL_TRY(irl_demos_survey_create(&survey, demos, task, &cli->info));
  irl_jout_key_string(out, "dataset_id", demos->dataset_id);
  irl_jout_key_string(out, "task", demos->task_name);
  irl_jout_key_string(out, "algorithm", demos->algorithm);
  irl_jout_key_int(out, "observation", demos->batch.nx);
  irl_jout_key_int(out, "nu", demos->batch.nu);
  irl_jout_key_bool(out, "states", demos->batch.nstate > 0);
  irl_jout_key_bool(out, "log_densities", demos->has_logq);
  irl_jout_key_bool(out, "waiting", irl_journal_waits(a->folder));
  write_summary(out, demos, -1);
  write_survey(out, survey);
  write_conditions(out, demos, task);
  write_entries(out, survey, task);
  write_world(out, demos, task);
  irl_demos_survey_destroy(survey);
  return IRL_OK;
}

// run_info reads the whole file, so that what it reports is really there.
static irl_err run_info(cli_context* cli, const void* args) {
  const demos_args* a = args;
  irl_demos* demos = NULL;
  IRL_TRY(irl_demos_load(&demos, a->folder, &cli->info));
  irl_task* task = own_task(demos);
  const irl_err err = write_info(cli, a, demos, task);
  irl_task_destroy(task);
  irl_demos_destroy(demos);
  return err;
}

static const cli_option info_options[] = {
    CLI_ARGUMENT(demos_args, folder, "DIR", "dataset of demonstrations"),
    CLI_JSON(demos_args),
    CLI_END,
};

const cli_command cli_demos_info = {
    .name = "demos info",
    .summary = "what a dataset holds",
    .detail =
        "`states` says whether the physics state of each step was recorded, `waiting` whether a\n"
        "recording waits for `mjirl demos fold`. `clipped` is the share of action entries that "
        "the\n"
        "simulator saw changed, `saturated` that of those at or beyond their bounds. Smoothness:\n"
        "`roughness` is the mean square successive difference over the variance (0 smooth, 2\n"
        "noise), `sparc` the spectral arc length of the speed (smooth towards 0).",
    .options = info_options,
    .defaults = &(const demos_args){.folder = NULL},
    .size = sizeof(demos_args),
    .run = run_info,
};

//---------------------------------- demos check ---------------------------------------------------

// load_task loads the task asked for, or else the one that the dataset was recorded with.
static irl_err load_task(const demos_args* a, const irl_demos* demos, irl_task** task,
                         irl_errinfo* info) {
  if (a->task != NULL) {
    return irl_task_load(task, a->task, NULL, 0, info);
  }
  if (demos->task_json[0] == '\0' || demos->mjcf[0] == '\0') {
    return irl_fail(info, IRL_ENOENT, "%s: the dataset keeps no task; name one with --task",
                    a->folder);
  }
  return irl_task_from_text(task, demos->task_json, demos->mjcf, info);
}

// write_derived writes a largest difference, null where nothing could be derived.
static void write_derived(irl_jout* out, const char* key, const irl_demos_derived* d) {
  irl_jout_key(out, key);
  irl_jout_open(out, '{');
  irl_jout_key_int(out, "derived", d->count);
  irl_jout_key_int(out, "differing", d->differing);
  irl_jout_key_number(out, "largest_difference", d->count > 0 ? d->largest : (double)NAN);
  irl_jout_close(out);
}

// check_densities uses the policy that was named, or that an expert left beside its dataset.
static irl_err check_densities(const demos_args* a, const irl_demos* demos, const irl_task* task,
                               irl_demos_derived* densities, irl_errinfo* info) {
  char path[PATH_BYTES];
  int n = 0;
  irl_policy* policies = NULL;
  *densities = (irl_demos_derived){.episode = -1, .step = -1};
  if (!irl_path_join(path, sizeof path, a->folder, "policy.safetensors")) {
    return irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", a->folder);
  }
  if (a->policy == NULL && (!demos->has_logq || !irl_file_exists(path))) {
    return IRL_OK;
  }
  IRL_TRY(irl_expert_load(&policies, &n, task, a->policy != NULL ? a->policy : path, info));
  const irl_err err = irl_demos_check_densities(densities, demos, policies, n, info);
  irl_expert_policies_free(policies, n);
  return err;
}

// derived_wrongly is the sentence for a number that does not follow from the rest.
static irl_err derived_wrongly(const demos_args* a, const char* what, const irl_demos_derived* d,
                               irl_errinfo* info) {
  return irl_fail(info, IRL_ENUM,
                  "%s: episode %d, step %d, %s[%d] is recorded as %.17g but derived as %.17g; the "
                  "task, the policy or the file was changed",
                  a->folder, d->episode, d->step, what, d->entry, d->recorded, d->derived);
}

// verdict_error is the sentence for the first thing that is wrong. Off the platform of the
// recording nothing that is simulated is held against the dataset.
static irl_err verdict_error(const demos_args* a, const irl_demos_verdict* v,
                             const irl_demos_derived* densities, irl_errinfo* info) {
  if (v->same_platform && v->differing > 0) {
    return irl_fail(info, IRL_ENUM,
                    "%s: episode %d, step %d, %s[%d] is recorded as %.17g but simulates to %.17g "
                    "on the same platform; the model or the file was changed",
                    a->folder, v->episode, v->step, v->component, v->entry, v->recorded,
                    v->simulated);
  }
  if (v->same_platform && v->observations.differing > 0) {
    return derived_wrongly(a, "observation", &v->observations, info);
  }
  if (v->same_platform && v->rewards.differing > 0) {
    return derived_wrongly(a, "reward", &v->rewards, info);
  }
  return densities->differing > 0 ? derived_wrongly(a, "log-density", densities, info) : IRL_OK;
}

// judge simulates the recorded actions again, where the dataset keeps the states to compare with,
// and derives from them what follows.
static irl_err judge(cli_context* cli, const demos_args* a, const irl_demos* demos,
                     const irl_task* task) {
  irl_jout* out = &cli->result;
  irl_demos_verdict v = {.episode = -1, .step = -1};
  irl_demos_derived densities;
  IRL_TRY(irl_demos_match(demos, task, &cli->info));
  IRL_TRY(check_densities(a, demos, task, &densities, &cli->info));
  if (demos->batch.nstate > 0) {
    IRL_TRY(irl_demos_check(&v, demos, task, a->common.threads, &cli->info));
  }
  const irl_err err = verdict_error(a, &v, &densities, &cli->info);
  irl_jout_key_string(out, "task", irl_task_get(task)->name);
  irl_jout_key_int(out, "episodes", demos->batch.n);
  irl_jout_key_int(out, "simulated", v.episodes);
  irl_jout_key_int(out, "differing", v.differing);
  irl_jout_key_number(out, "largest_difference", v.largest);
  write_derived(out, "observations", &v.observations);
  write_derived(out, "rewards", &v.rewards);
  write_derived(out, "log_densities", &densities);
  irl_jout_key_bool(out, "same_platform", v.same_platform);
  irl_jout_key_bool(out, "passed", err == IRL_OK);
  cli->complete = true;
  return err;
}

// run_check leaves the order to the dataset: it must be whole before it can be compared.
static irl_err run_check(cli_context* cli, const void* args) {
  const demos_args* a = args;
  irl_demos* demos = NULL;
  irl_task* task = NULL;
  IRL_TRY(irl_demos_load(&demos, a->folder, &cli->info));
  irl_err err = load_task(a, demos, &task, &cli->info);
  if (err == IRL_OK) {
    err = judge(cli, a, demos, task);
  }
  irl_task_destroy(task);
  irl_demos_destroy(demos);
  return err;
}

static const cli_option check_options[] = {
    CLI_ARGUMENT(demos_args, folder, "DIR", "dataset of demonstrations"),
    CLI_OPTIONAL(demos_args, task, "task", "TASK",
                 "task that it must belong to (the one that the dataset keeps)"),
    CLI_OPTIONAL(demos_args, policy, "policy", "FILE",
                 "policy that drew the actions (DIR/policy.safetensors, if there)"),
    CLI_THREADS(demos_args),
    CLI_JSON(demos_args),
    CLI_END,
};

const cli_command cli_demos_check = {
    .name = "demos check",
    .summary = "read a whole dataset, compare it with its task and simulate it again",
    .detail =
        "Every size and number is checked. Where physics states were recorded, the actions\n"
        "are simulated again and all states compared: on the platform of the recording they\n"
        "must be equal bit for bit, elsewhere the largest difference is reported. Observations\n"
        "and rewards are derived from the simulated states, log-densities by the policy, where\n"
        "it is known: to 1e-9 of max(1, |number|).",
    .options = check_options,
    .defaults = &(const demos_args){.folder = NULL},
    .size = sizeof(demos_args),
    .run = run_check,
};
