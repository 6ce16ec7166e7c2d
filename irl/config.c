#include "irl/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char* const irl_algo_names[] = {"gcl",  "gcl-q", "gan-gcl", "ebm", "airl",
                                      "gail", "bc",    "maxent",  NULL};

const char* const irl_keep_names[] = {"all", "window", "reservoir", NULL};
const char* const irl_sampler_names[] = {"time_varying", "stationary", NULL};
const char* const irl_control_variate_names[] = {"none", "laplace", NULL};

// What a member's type decides: how it is read from JSON and written.
typedef enum field_type {
  FIELD_int,
  FIELD_double,
  FIELD_irl_sampler_kind,
  FIELD_irl_keep,
  FIELD_irl_control_variate,
  FIELD_irl_activation,
  FIELD_irl_cost_input,
  FIELD_irl_action_penalty
} field_type;

// Names of a choice's values, by type; NULL for numbers.
static const char* const* const names_of[] = {
    [FIELD_int] = NULL,
    [FIELD_double] = NULL,
    [FIELD_irl_sampler_kind] = irl_sampler_names,
    [FIELD_irl_keep] = irl_keep_names,
    [FIELD_irl_control_variate] = irl_control_variate_names,
    [FIELD_irl_activation] = irl_activation_names,
    [FIELD_irl_cost_input] = irl_cost_input_names,
    [FIELD_irl_action_penalty] = irl_action_penalty_names};

_Static_assert(sizeof(irl_keep) == sizeof(int) && sizeof(irl_activation) == sizeof(int) &&
                   sizeof(irl_control_variate) == sizeof(int) &&
                   sizeof(irl_sampler_kind) == sizeof(int) &&
                   sizeof(irl_cost_input) == sizeof(int) &&
                   sizeof(irl_action_penalty) == sizeof(int),
               "choices are read and written as int");

typedef struct field {
  const char* name;
  field_type type;
  size_t offset;
  double fallback, lo, hi;
  const char* meaning;
} field;

static const field fields[] = {
#define ROW(type, name, value, lo, hi, meaning) \
  {#name, FIELD_##type, offsetof(irl_config, name), value, lo, hi, meaning},
    IRL_CONFIG_FIELDS(ROW)
#undef ROW
};

enum { NFIELDS = sizeof fields / sizeof fields[0], MOST_WINDOW = 1000000 };

static double get_field(const irl_config* config, const field* f) {
  const char* place = (const char*)config + f->offset;
  double number;
  int whole;
  if (f->type == FIELD_double) {
    memcpy(&number, place, sizeof number);
    return number;
  }
  memcpy(&whole, place, sizeof whole);
  return whole;
}

static void set_field(irl_config* config, const field* f, double value) {
  char* place = (char*)config + f->offset;
  int whole = (int)value;
  if (f->type == FIELD_double) {
    memcpy(place, &value, sizeof value);
  } else {
    memcpy(place, &whole, sizeof whole);
  }
}

irl_config irl_config_defaults(void) {
  irl_config config;
  memset(&config, 0, sizeof config);
  for (int i = 0; i < NFIELDS; i++) {
    set_field(&config, &fields[i], fields[i].fallback);
  }
  return config;
}

// What a long horizon asks of the samplers that it has.
static void set_long(irl_config* config, int horizon) {
  if (config->sampler == IRL_SAMPLER_TIME_VARYING) {
    config->demo_widen = 4.0;
    config->kl_step *= 0.5 * IRL_CONFIG_LONG / horizon;
  } else {
    config->demo_widen = 1.0;
    config->kl_step = 0.05 * IRL_CONFIG_LONG / horizon;
    config->kl_max = 2.0;
  }
}

irl_config irl_config_for(irl_algo algo, int horizon, int inputs) {
  irl_config config = irl_config_defaults();
  if (inputs > IRL_CONFIG_WIDE) {
    config.demo_widen = 4.0;
    config.kl_max = 1.0;
    if (horizon <= IRL_CONFIG_LONG) {
      config.sampler_steps = 4;
      config.mono = 100.0;
    }
  }
  if (horizon > IRL_CONFIG_LONG) {
    config.demo_window = horizon < MOST_WINDOW ? horizon : MOST_WINDOW;
    config.sampler = algo == IRL_ALGO_MAXENT ? IRL_SAMPLER_TIME_VARYING : IRL_SAMPLER_STATIONARY;
    set_long(&config, horizon);
  }
  switch (algo) {
    case IRL_ALGO_GCL_Q:
      config.demo_widen = fmin(config.demo_widen, 4.0);
      config.mono = 0.0;
      break;
    case IRL_ALGO_AIRL:
    case IRL_ALGO_GAIL:
      config.demo_widen = fmin(config.demo_widen, 10.0);
      config.gradient_penalty = config.mono = 0.0;
      break;
    case IRL_ALGO_BC:
      config.iterations = 1;
      break;
    case IRL_ALGO_GAN_GCL:
      // its gradients are smaller, of the trajectories in doubt alone, and of long ones few are
      config.gradient_penalty = horizon > IRL_CONFIG_LONG ? 0.0 : 1.0;
      config.mono *= 0.01;
      break;
    case IRL_ALGO_MAXENT:
      // nothing else holds its cost up off the way; on long horizons it was not tried
      config.gradient_penalty = horizon > IRL_CONFIG_LONG ? 0.0 : 1000.0;
      break;
    case IRL_ALGO_GCL:
    case IRL_ALGO_EBM:
      break;
  }
  return config;
}

static double read_member(irl_jnode member, const field* f) {
  if (names_of[f->type] != NULL) {
    return irl_json_as_choice(member, names_of[f->type]);
  }
  return f->type == FIELD_int ? irl_json_as_int(member, (int)f->lo, (int)f->hi)
                              : irl_json_as_number(member, f->lo, f->hi);
}

irl_err irl_config_read(irl_config* config, irl_jnode object) {
  for (int i = 0; i < NFIELDS; i++) {
    const field* f = &fields[i];
    irl_jnode member = irl_json_get_opt(object, f->name);
    if (irl_json_type(member) == IRL_JSON_NONE) {
      continue;
    }
    double value = read_member(member, f);
    if (!irl_json_ok(object.doc)) {
      return IRL_EPARSE;
    }
    set_field(config, f, value);
  }
  return irl_json_ok(object.doc) ? IRL_OK : IRL_EPARSE;
}

irl_err irl_config_load(irl_config* config, const char* path, irl_errinfo* info) {
  irl_json* doc;
  IRL_TRY(irl_json_load(&doc, path, info));
  irl_config read = *config;
  irl_err read_err = irl_config_read(&read, irl_json_root(doc));
  irl_err err = irl_json_close(doc, info);
  if (err == IRL_OK && read_err == IRL_OK) {
    *config = read;
  }
  return err != IRL_OK ? err : read_err;
}

static const field* find_field(const char* name, size_t length) {
  for (int i = 0; i < NFIELDS; i++) {
    if (strlen(fields[i].name) == length && strncmp(fields[i].name, name, length) == 0) {
      return &fields[i];
    }
  }
  return NULL;
}

static irl_err unknown_key(const char* key, irl_errinfo* info) {
  const char* names[NFIELDS + 1];
  for (int i = 0; i < NFIELDS; i++) {
    names[i] = fields[i].name;
  }
  names[NFIELDS] = NULL;
  const char* near = irl_closest_name(key, names);
  return near != NULL
             ? irl_fail(info, IRL_ENOENT, "setting '%s': unknown; did you mean '%s'?", key, near)
             : irl_fail(info, IRL_ENOENT,
                        "setting '%s': unknown; `mjirl train --help` lists the settings", key);
}

// "all, window or reservoir"
static void list_names(const char* const* names, char* text, size_t size) {
  text[0] = '\0';
  for (int i = 0; names[i] != NULL; i++) {
    size_t used = strlen(text);
    const char* gap = i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ";
    snprintf(text + used, size - used, "%s%s", gap, names[i]);
  }
}

static irl_err set_choice(irl_config* config, const field* f, const char* value,
                          irl_errinfo* info) {
  const char* const* names = names_of[f->type];
  for (int i = 0; names[i] != NULL; i++) {
    if (strcmp(names[i], value) == 0) {
      set_field(config, f, i);
      return IRL_OK;
    }
  }
  char list[128];
  list_names(names, list, sizeof list);
  return irl_fail(info, IRL_EPARSE, "setting '%s': '%s' is unknown; give %s", f->name, value, list);
}

irl_err irl_config_set(irl_config* config, const char* assignment, irl_errinfo* info) {
  const char* equals = strchr(assignment, '=');
  if (equals == NULL) {
    return irl_fail(info, IRL_EPARSE, "setting '%s': no value; write key=value", assignment);
  }
  const field* f = find_field(assignment, (size_t)(equals - assignment));
  if (f == NULL) {
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
    return unknown_key(key, info);
  }
  if (names_of[f->type] != NULL) {
    return set_choice(config, f, equals + 1, info);
  }
  char* end;
  double value = strtod(equals + 1, &end);
  if (end == equals + 1 || *end != '\0' || !isfinite(value)) {
    return irl_fail(info, IRL_EPARSE, "setting '%s': '%s' is not a number; give %g to %g", f->name,
                    equals + 1, f->lo, f->hi);
  }
  if (value < f->lo || value > f->hi || (f->type == FIELD_int && value != floor(value))) {
    return irl_fail(info, IRL_ERANGE, "setting '%s': %s is out of range; give %s from %g to %g",
                    f->name, equals + 1, f->type == FIELD_int ? "a whole number" : "a number",
                    f->lo, f->hi);
  }
  set_field(config, f, value);
  return IRL_OK;
}

irl_err irl_config_check(const irl_config* config, irl_errinfo* info) {
  const struct {
    const char *least, *most;
    double lo, hi;
  } pairs[] = {{"kl_min", "kl_max", config->kl_min, config->kl_max},
               {"min_stddev", "max_stddev", config->min_stddev, config->max_stddev}};
  for (int i = 0; i < 2; i++) {
    if (pairs[i].lo > pairs[i].hi) {
      return irl_fail(info, IRL_ERANGE, "setting '%s': %g is above %s, %g; lower it or raise %s",
                      pairs[i].least, pairs[i].lo, pairs[i].most, pairs[i].hi, pairs[i].most);
    }
  }
  if (config->sampler == IRL_SAMPLER_STATIONARY && config->control_variate == IRL_CONTROL_LAPLACE) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "setting 'control_variate': laplace is a model of each step, which stationary "
                    "samplers do not make; give control_variate=none or sampler=time_varying");
  }
  return IRL_OK;
}

void irl_config_write(const irl_config* config, irl_jout* out) {
  for (int i = 0; i < NFIELDS; i++) {
    double value = get_field(config, &fields[i]);
    if (names_of[fields[i].type] != NULL) {
      irl_jout_key_string(out, fields[i].name, names_of[fields[i].type][(int)value]);
    } else if (fields[i].type == FIELD_int) {
      irl_jout_key_int(out, fields[i].name, (int64_t)value);
    } else {
      irl_jout_key_number(out, fields[i].name, value);
    }
  }
}

// A value as a person writes it.
static void value_text(const field* f, double value, char* text, size_t size) {
  if (names_of[f->type] != NULL) {
    snprintf(text, size, "%s", names_of[f->type][(int)value]);
  } else {
    snprintf(text, size, "%g", value);
  }
}

const char* irl_config_describe(int index, char* text, int size) {
  if (index < 0 || index >= NFIELDS) {
    return NULL;
  }
  const field* f = &fields[index];
  char value[32];
  value_text(f, f->fallback, value, sizeof value);
  int n = snprintf(text, (size_t)size, "%s (%s", f->name, value);
  for (int a = 0; irl_algo_names[a] != NULL && n < size; a++) {
    irl_config config = irl_config_for((irl_algo)a, 0, 0);
    double own = get_field(&config, f);
    if (own != f->fallback) {
      value_text(f, own, value, sizeof value);
      n += snprintf(text + n, (size_t)(size - n), "; %s %s", irl_algo_names[a], value);
    }
  }
  if (n < size) {
    snprintf(text + n, (size_t)(size - n), "): %s", f->meaning);
  }
  return text;
}
