// A cost as safetensors: arrays by name, the configuration as JSON in the metadata.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/linalg.h"
#include "irl/cost_internal.h"

static const char FORMAT[] = "mjirl.cost.1";

//---------------------------------- Names ---------------------------------------------------------

// A float matrix of θ.
static irl_tensor matrix(const char* name, const float* data, int rows, int columns) {
  return irl_tensor_of(name, IRL_F32, data, 2, (int64_t[]){rows, columns});
}

// A float vector of θ.
static irl_tensor vector(const char* name, const float* data, int n) {
  return irl_tensor_of(name, IRL_F32, data, 1, (int64_t[]){n});
}

// A part of the normalisation.
static irl_tensor doubles(const char* name, const double* data, int n) {
  return irl_tensor_of(name, IRL_F64, data, 1, (int64_t[]){n});
}

// θ in its own order first, then the normalisation: read_tensors relies on it.
int irl_cost_tensors(const irl_cost* cost, irl_tensor out[IRL_COST_MAX_TENSORS]) {
  const float* p = cost->params;
  int n = 0;
  for (int l = 0; l < cost->config.depth; l++) {
    char name[IRL_TENSOR_NAME_SIZE];
    snprintf(name, sizeof name, "layers.%d.weight", l);
    out[n++] = matrix(name, p + cost->weight_at[l], cost->config.width, irl_cost_inputs(cost, l));
    snprintf(name, sizeof name, "layers.%d.bias", l);
    out[n++] = vector(name, p + cost->bias_at[l], cost->config.width);
  }
  out[n++] = matrix("A", p + cost->a_at, cost->outputs, cost->features);
  out[n++] = vector("b", p + cost->b_at, cost->outputs);
  out[n++] = vector("omega", p + cost->omega_at, cost->nu);
  out[n++] = doubles("x_mean", cost->mean, cost->nx);
  out[n++] = doubles("x_scale", cost->scale, cost->nx);
  out[n++] = doubles("u_scale", cost->action_scale, cost->nu);
  return n;
}

//---------------------------------- Saving --------------------------------------------------------

// The configuration in full, so that a file stands for itself.
static void write_config(const irl_cost* cost, irl_jout* out) {
  const irl_cost_config* c = &cost->config;
  irl_jout_open(out, '{');
  irl_jout_key_string(out, "kind", irl_cost_kind_names[c->kind]);
  irl_jout_key_int(out, "nx", cost->nx);
  irl_jout_key_int(out, "nu", cost->nu);
  irl_jout_key_int(out, "depth", c->depth);
  irl_jout_key_int(out, "width", c->width);
  irl_jout_key_int(out, "outputs", c->outputs);
  irl_jout_key_bool(out, "identity", c->identity);
  irl_jout_key_number(out, "action_weight", c->action_weight);
  irl_jout_key_number(out, "action_weight_min", c->action_weight_min);
  irl_jout_key_string(out, "activation", irl_activation_names[c->activation]);
  irl_jout_key_string(out, "input", irl_cost_input_names[c->input]);
  irl_jout_key_string(out, "action_penalty", irl_action_penalty_names[c->penalty]);
  irl_jout_key_number(out, "output_scale", c->output_scale);
  irl_jout_close(out);
}

// Nothing but the contents decides the bytes.
irl_err irl_cost_save(const irl_cost* cost, const char* path, irl_errinfo* info) {
  irl_tensor tensors[IRL_COST_MAX_TENSORS];
  int n = irl_cost_tensors(cost, tensors);
  irl_jout config;
  irl_jout_init(&config, false);
  write_config(cost, &config);
  if (config.failed) {
    irl_jout_fini(&config);
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; close other programs", path);
  }
  const char* metadata[] = {"format", FORMAT, "config", config.text};
  irl_err err = irl_tensors_save(path, tensors, n, metadata, 2, info);
  irl_jout_fini(&config);
  return err;
}

//---------------------------------- Loading -------------------------------------------------------

// Strictly: an unknown, missing or mistyped key is an error that names it.
static irl_err read_config(irl_cost_config* c, int* nx, int* nu, const char* path, const char* text,
                           irl_errinfo* info) {
  irl_json* doc;
  IRL_TRY(irl_json_parse(&doc, path, text, strlen(text), info));
  irl_jnode root = irl_json_root(doc);
  const int most = 1 << 20;  // irl_cost_create has the narrower limits
  c->kind = (irl_cost_kind)irl_json_as_choice(irl_json_get(root, "kind"), irl_cost_kind_names);
  *nx = irl_json_as_int(irl_json_get(root, "nx"), 1, most);
  *nu = irl_json_as_int(irl_json_get(root, "nu"), 1, most);
  c->depth = irl_json_as_int(irl_json_get(root, "depth"), 0, IRL_COST_MAX_DEPTH);
  c->width = irl_json_as_int(irl_json_get(root, "width"), 0, most);
  c->outputs = irl_json_as_int(irl_json_get(root, "outputs"), 0, most);
  c->identity = irl_json_as_bool(irl_json_get(root, "identity"));
  c->action_weight = irl_json_as_number(irl_json_get(root, "action_weight"), 0, 1e300);
  c->action_weight_min = irl_json_as_number(irl_json_get(root, "action_weight_min"), 0, 1e300);
  // Files older than these choices have their first values.
  c->activation = (irl_activation)irl_json_choice_or(root, "activation", irl_activation_names, 0);
  c->input = (irl_cost_input)irl_json_choice_or(root, "input", irl_cost_input_names, 0);
  c->penalty =
      (irl_action_penalty)irl_json_choice_or(root, "action_penalty", irl_action_penalty_names, 0);
  c->output_scale = irl_json_as_number(irl_json_get(root, "output_scale"), 0, 1e300);
  return irl_json_close(doc, info);
}

// Every tensor of the new cost from the file, into the place the cost's own list points at.
static irl_err read_tensors(irl_cost* cost, const irl_tensors* file, const char* path,
                            irl_errinfo* info) {
  irl_tensor own[IRL_COST_MAX_TENSORS];
  int n = irl_cost_tensors(cost, own);
  if (irl_tensors_count(file) != n) {
    return irl_fail(info, IRL_EDIM, "%s: holds %d arrays where its configuration needs %d; %s",
                    path, irl_tensors_count(file), n, "save the cost again");
  }
  float* to_params = cost->params;
  double* to_doubles = cost->mean;
  for (int i = 0; i < n; i++) {
    const irl_tensor* t = &own[i];
    const void* data;
    IRL_TRY(irl_tensors_find(file, t->name, t->dtype, t->rank, t->shape, &data, info));
    size_t count = (size_t)t->shape[0] * (size_t)(t->rank > 1 ? t->shape[1] : 1);
    if (t->dtype == IRL_F32) {
      memcpy(to_params, data, count * sizeof(float));
      to_params += count;
    } else {
      memcpy(to_doubles, data, count * sizeof(double));
      to_doubles += count;
    }
  }
  return IRL_OK;
}

// A file may have been made elsewhere: numbers that would spread through everything are refused.
static irl_err check_loaded(const irl_cost* cost, const char* path, irl_errinfo* info) {
  for (int i = 0; i < cost->nparam; i++) {
    if (!isfinite(cost->params[i])) {
      return irl_fail(info, IRL_ENUM, "%s: a parameter is not finite; train or save the cost again",
                      path);
    }
  }
  bool ok = irl_all_finite(cost->mean, 2 * cost->nx + cost->nu);
  for (int i = 0; i < cost->nx + cost->nu; i++) {
    ok = ok && cost->scale[i] > 0;
  }
  if (!ok) {
    return irl_fail(info, IRL_ENUM,
                    "%s: the normalisation holds a scale that is not above 0 or a number that is "
                    "not finite; save the cost again",
                    path);
  }
  return IRL_OK;
}

// On failure *cost is NULL and nothing is left to free.
static irl_err load_from(irl_cost** cost, const irl_tensors* file, const char* path,
                         irl_errinfo* info) {
  const char* format = irl_tensors_metadata(file, "format");
  const char* text = irl_tensors_metadata(file, "config");
  if (format == NULL || strcmp(format, FORMAT) != 0 || text == NULL) {
    return irl_fail(info, IRL_EPARSE, "%s: not a cost (its metadata lacks format %s); give a %s",
                    path, FORMAT, "cost.safetensors of a run");
  }
  irl_cost_config config;
  int nx, nu;
  IRL_TRY(read_config(&config, &nx, &nu, path, text, info));
  IRL_TRY(irl_cost_create(cost, &config, nx, nu, 0, info));
  irl_err err = read_tensors(*cost, file, path, info);
  if (err == IRL_OK) {
    err = check_loaded(*cost, path, info);
  }
  if (err != IRL_OK) {
    irl_cost_destroy(*cost);
    *cost = NULL;
  }
  return err;
}

irl_err irl_cost_load(irl_cost** cost, const char* path, irl_errinfo* info) {
  *cost = NULL;
  irl_tensors* file;
  IRL_TRY(irl_tensors_load(&file, path, info));
  irl_err err = load_from(cost, file, path, info);
  irl_tensors_destroy(file);
  return err;
}
