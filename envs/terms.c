// Reward terms, health and success of the task JSON.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "envs/task_internal.h"

static const char* const norm_names[] = {
    "constant", "linear", "quadratic", "square",     "l2",          "smooth_l2", "log",
    "l22",      "cosh",   "power",     "smooth_abs", "smooth_abs2", "rectify",   NULL};

//---------------------------------- Reward --------------------------------------------------------

// Norm, weight and parameter that a user sensor declares as MJPC does: user="norm weight lo hi p".
static bool from_user_sensor(irl_task* task, irl_reward_term* term, irl_jnode node, int sensor) {
  const mjModel* m = task->model;
  const int nuser = (int)m->nuser_sensor;
  const double* user = m->sensor_user + sensor * nuser;
  static const irl_norm norms[] = {IRL_NORM_LINEAR, IRL_NORM_QUADRATIC,  IRL_NORM_L22,
                                   IRL_NORM_L2,     IRL_NORM_COSH,       IRL_NORM_LINEAR,
                                   IRL_NORM_POWER,  IRL_NORM_SMOOTH_ABS, IRL_NORM_SMOOTH_ABS2,
                                   IRL_NORM_RECTIFY};  // MJPC's -1 to 8; there is no 4
  const int norm = nuser >= 2 && user[0] >= -1 && user[0] <= 8 ? (int)user[0] : 4;
  term->weight = nuser >= 2 ? user[1] : 0;
  term->parameter = nuser >= 5 ? user[4] : 0;
  term->exponent = nuser >= 6 ? user[5] : 0;
  term->norm = norms[norm + 1];
  if (norm == 4) {
    irl_json_refuse(node, IRL_EUNSUPPORTED,
                    "user sensor '%s' has norm %g; give \"norm\" and \"weight\" here, or use one "
                    "of MJPC's -1 to 3 and 5 to 8 there",
                    term->name, nuser >= 1 ? user[0] : 0);
    return false;
  }
  if (term->norm == IRL_NORM_L2 && term->parameter > 0) {
    term->norm = IRL_NORM_SMOOTH_L2;
  }
  if (term->dim != m->sensor_dim[sensor]) {
    irl_json_refuse(node, IRL_EDIM,
                    "has %d residual entries where the user sensor '%s' has dim %d; "
                    "make them agree",
                    term->dim, term->name, m->sensor_dim[sensor]);
    return false;
  }
  return true;
}

static void residual_parse(irl_task* task, irl_reward_term* term, irl_jnode node) {
  irl_jnode residual = irl_json_get(node, "residual");
  if (irl_json_type(residual) == IRL_JSON_STRING) {
    if (strcmp(irl_json_as_string(residual), "action") != 0) {
      irl_json_refuse(residual, IRL_ERANGE,
                      "'%s' is no residual; give \"action\" or entries such "
                      "as {\"body\": \"hand\"}",
                      irl_json_as_string(residual));
    }
    term->of_action = true;
    term->dim = task->info.nu;
    return;
  }
  irl_group group = irl_entries_parse(task, residual, true);
  term->offset = group.first - task->info.nx;
  term->dim = group.n;
}

static void cap_parse(irl_reward_term* term, irl_jnode node) {
  term->capped = irl_json_has(node, "max");
  term->cap = irl_json_number_or(node, "max", -1e10, 1e10, 0);
}

static void check_parameter(const irl_reward_term* term, irl_jnode node) {
  const irl_norm norm = term->norm;
  const bool positive = norm == IRL_NORM_LOG || norm == IRL_NORM_COSH || norm == IRL_NORM_POWER;
  if (positive && !(term->parameter > 0)) {
    irl_json_refuse(node, IRL_ERANGE, "norm %s needs a \"parameter\" above 0; it is %g",
                    norm_names[norm], term->parameter);
  }
  if ((norm == IRL_NORM_L22 || norm == IRL_NORM_SMOOTH_ABS2) && !(term->exponent >= 1)) {
    irl_json_refuse(node, IRL_ERANGE, "norm %s needs an \"exponent\" of at least 1; it is %g",
                    norm_names[norm], term->exponent);
  }
}

static void term_parse(irl_task* task, int k, irl_jnode node) {
  static const char* const health[] = {"always", "healthy", NULL};
  irl_reward_term* term = &task->term[k];
  const char* name = irl_json_as_string(irl_json_get(node, "name"));
  snprintf(term->name, sizeof term->name, "%.63s", name);
  const int sensor = irl_model_user_sensor(task->model, name);
  const bool declared = sensor >= 0 && !irl_json_has(node, "norm");
  if (!declared) {
    term->norm = (irl_norm)irl_json_as_choice(irl_json_get(node, "norm"), norm_names);
    term->weight = irl_json_number_or(node, "weight", -1e10, 1e10, 1);
    term->parameter = irl_json_number_or(node, "parameter", 0, 1e10, 0);
    term->exponent = irl_json_number_or(node, "exponent", 0, 100, 0);
  }
  if (!irl_json_ok(node.doc)) {
    return;
  }
  if (declared || term->norm != IRL_NORM_CONSTANT) {
    residual_parse(task, term, node);
  }
  if (declared && irl_json_ok(node.doc) && !from_user_sensor(task, term, node, sensor)) {
    return;
  }
  cap_parse(term, node);
  task->while_healthy[k] = irl_json_choice_or(node, "while", health, 0) == 1;
  if (task->while_healthy[k] && term->norm != IRL_NORM_CONSTANT && irl_json_ok(node.doc)) {
    irl_json_refuse(node, IRL_EUNSUPPORTED, "\"while\" goes with norm constant only; leave it out");
  }
  check_parameter(term, node);
}

// A part of the reward that the model declares must not be missing, unless there is no reward at
// all.
static void check_user_sensors(const irl_task* task, irl_jnode root) {
  const mjModel* m = task->model;
  const int n = task->info.nterms > 0 ? (int)m->nsensor : 0;
  for (int i = 0; i < n && irl_json_ok(root.doc); i++) {
    const char* name = m->sensor_type[i] == mjSENS_USER ? mj_id2name(m, mjOBJ_SENSOR, i) : NULL;
    bool known = m->sensor_type[i] != mjSENS_USER;
    for (int k = 0; k < task->info.nterms && !known; k++) {
      known = name != NULL && strcmp(name, task->term[k].name) == 0;
    }
    if (!known) {
      irl_json_refuse(root, IRL_EUNSUPPORTED,
                      "the model's user sensor '%s' has no residual; add a "
                      "reward term of that name",
                      name == NULL ? "" : name);
    }
  }
}

void irl_reward_parse(irl_task* task, irl_jnode root) {
  irl_jnode list = irl_json_get_opt(root, "reward");
  const int n = irl_json_length(list);
  task->term = IRL_NEW(irl_reward_term, n + 1);
  task->while_healthy = IRL_NEW(bool, n + 1);
  if (task->term == NULL || task->while_healthy == NULL) {
    irl_json_refuse(root, IRL_ENOMEM, "out of memory; list fewer terms");
    return;
  }
  task->info.nterms = n;
  task->info.has_reward = n > 0;
  for (int k = 0; k < n && irl_json_ok(root.doc); k++) {
    term_parse(task, k, irl_json_at(list, k));
  }
  task->info.nz = task->nchannel - task->info.nx;
  check_user_sensors(task, root);
}

//---------------------------------- Checks --------------------------------------------------------

static double bound(irl_jnode node, const char* closed, const char* open, double none,
                    bool* is_open) {
  *is_open = irl_json_has(node, open);
  const double at = irl_json_number_or(node, closed, -1e10, 1e10, none);
  return *is_open ? irl_json_number_or(node, open, -1e10, 1e10, none) : at;
}

static void check_parse(irl_task* task, irl_check* check, irl_jnode node) {
  check->group = irl_entry_parse(task, node, false);
  if (!irl_json_ok(node.doc)) {
    return;
  }
  check->lo = bound(node, "min", "above", -HUGE_VAL, &check->lo_open);
  check->hi = bound(node, "max", "below", HUGE_VAL, &check->hi_open);
  check->norm = irl_json_number_or(node, "norm_below", 0, 1e10, HUGE_VAL);
  const bool finite = irl_json_bool_or(node, "finite", false);
  check->lo_open |= finite && check->lo == -HUGE_VAL;  // infinity itself is the open bound
  check->hi_open |= finite && check->hi == HUGE_VAL;
  if (irl_json_ok(node.doc) && !finite && check->lo == -HUGE_VAL && check->hi == HUGE_VAL &&
      check->norm == HUGE_VAL) {
    irl_json_refuse(node, IRL_EPARSE,
                    "allows everything; give min, max, above, below, norm_below or finite");
  }
  if (irl_json_ok(node.doc) && check->lo > check->hi) {
    irl_json_refuse(node, IRL_ERANGE, "allows nothing (from %g to %g); exchange the bounds",
                    check->lo, check->hi);
  }
}

static int check_list(irl_task* task, irl_check** out, irl_jnode list) {
  const int n = irl_json_length(list);
  *out = n > 0 ? IRL_NEW(irl_check, n) : NULL;
  for (int i = 0; i < n && *out != NULL && irl_json_ok(list.doc); i++) {
    check_parse(task, &(*out)[i], irl_json_at(list, i));
  }
  return *out == NULL ? 0 : n;
}

void irl_checks_parse(irl_task* task, irl_jnode root) {
  task->nhealthy = check_list(task, &task->healthy, irl_json_get_opt(root, "healthy"));
  task->info.has_termination = task->nhealthy > 0;
  irl_jnode success = irl_json_get_opt(root, "success");
  task->hold = 1;
  if (success.item != NULL) {
    task->nsuccess = check_list(task, &task->success, irl_json_get(success, "when"));
    task->hold = irl_json_int_or(success, "hold", 1, 1000000, 1);
  }
  task->info.has_success = task->nsuccess > 0;
  for (int k = 0; k < task->info.nterms && irl_json_ok(root.doc); k++) {
    if (task->while_healthy[k] && task->nhealthy == 0) {
      irl_json_refuse(root, IRL_EPARSE,
                      "reward term '%s' holds while healthy, but \"healthy\" is "
                      "missing; add the ranges",
                      task->term[k].name);
    }
  }
}
