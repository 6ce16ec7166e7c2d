#include "irl/export.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/tensors.h"
#include "irl/cost_internal.h"
#include "irl/export_internal.h"

const char* const irl_export_formats[] = {"safetensors", "onnx", NULL};
const char* const irl_export_parts[] = {"cost", "policy", "all", NULL};

//---------------------------------- Policies ------------------------------------------------------

// Rows of a policy's array, `size` doubles a controller, the last one repeated up to `steps`.
static void spread(double* to, const double* from, int own, int steps, long size) {
  for (int t = 0; t < steps; t++) {
    const long at = t < own ? t : own - 1;
    memcpy(to + t * size, from + at * size, (size_t)size * sizeof *to);
  }
}

irl_err irl_export_policies_init(irl_export_policies* p, const irl_run* run) {
  const long nx = run->learned[0].nx, nu = run->learned[0].nu, n = run->nconditions;
  *p = (irl_export_policies){.steps = 1};
  for (int c = 0; c < run->nconditions; c++) {
    p->steps = run->learned[c].steps > p->steps ? run->learned[c].steps : p->steps;
  }
  p->K = IRL_NEW(double, n * p->steps * nu * nx);
  p->k = IRL_NEW(double, n * p->steps * nu);
  p->sigma = IRL_NEW(double, n * p->steps * nu * nu);
  if (p->K == NULL || p->k == NULL || p->sigma == NULL) {
    irl_export_policies_fini(p);
    return IRL_ENOMEM;
  }
  for (int c = 0; c < run->nconditions; c++) {
    const irl_policy* l = &run->learned[c];
    const long first = (long)c * p->steps;
    spread(p->K + first * nu * nx, l->K, l->steps, p->steps, nu * nx);
    spread(p->k + first * nu, l->k, l->steps, p->steps, nu);
    spread(p->sigma + first * nu * nu, l->sigma, l->steps, p->steps, nu * nu);
  }
  return IRL_OK;
}

void irl_export_policies_fini(irl_export_policies* p) {
  irl_free(p->K);
  irl_free(p->k);
  irl_free(p->sigma);
  *p = (irl_export_policies){0};
}

//---------------------------------- What a file says of itself ------------------------------------

// Keys and values of the metadata; the texts that are made here lie in `made`.
typedef struct description {
  const char* pairs[2 * IRL_EXPORT_MAX_PAIRS];  // key, value
  int n;                                        // pairs
  irl_jout made[IRL_EXPORT_MAX_PAIRS];
  int nmade;
} description;

static void tell(description* d, const char* key, const char* value) {
  d->pairs[2 * d->n] = key;
  d->pairs[2 * d->n + 1] = value;
  d->n++;
}

// A JSON text to be filled in, and told once it is complete.
static irl_jout* begin(description* d) {
  irl_jout* out = &d->made[d->nmade++];
  irl_jout_init(out, false);
  return out;
}

static void tell_number(description* d, const char* key, double value) {
  irl_jout* out = begin(d);
  irl_jout_number(out, value);
  tell(d, key, out->text);
}

// The names of the entries of x, in order.
static void tell_observation(description* d, const irl_run* run) {
  irl_jout* out = begin(d);
  irl_jout_open(out, '[');
  for (int i = 0; i < irl_task_get(run->task)->nx; i++) {
    irl_jout_string(out, irl_task_observation_name(run->task, i));
  }
  irl_jout_close(out);
  tell(d, "observation", out->text);
}

// The conditions with demonstrations and their log Z.
static void tell_conditions(description* d, const irl_run* run) {
  irl_jout* out = begin(d);
  irl_jout_open(out, '[');
  for (int k = 0; k < run->nconditions; k++) {
    irl_jout_int(out, run->condition[k]);
  }
  irl_jout_close(out);
  tell(d, "condition", out->text);
  out = begin(d);
  irl_jout_open(out, '[');
  for (int k = 0; k < run->nconditions; k++) {
    irl_jout_number(out, run->log_z[k]);
  }
  irl_jout_close(out);
  tell(d, "log_z", out->text);
}

// Only the algorithms of a trajectory's energy learn p_θ; the others' cost is a discriminator's.
static const char* meaning_of_cost(irl_algo algo) {
  return algo == IRL_ALGO_AIRL || algo == IRL_ALGO_GAIL
             ? "cost of one control step from a step-wise discriminator, up to a constant; its "
               "negative is the learned reward"
             : "energy of one control step: p(trajectory) = exp(-sum of costs)/Z (Finn, Levine and "
               "Abbeel 2016, Guided Cost Learning, arXiv 1603.00448, equation 1)";
}

static void tell_cost(description* d, const irl_run* run) {
  const irl_cost_config* c = irl_cost_get_config(run->cost);
  const bool quadratic = c->kind == IRL_COST_QUADRATIC;
  tell(d, "cost", meaning_of_cost(run->algo));
  tell(d, "cost_formula",
       quadratic ? "c(x, u) = 1/2 |A f + b|^2 + 1/2 sum_j w_j (u_j/u_scale_j)^2"
                 : "c(x, u) = A f + b + 1/2 sum_j w_j (u_j/u_scale_j)^2");
  tell(d, "kind", irl_cost_kind_names[c->kind]);
  tell(d, "activation", irl_activation_names[c->activation]);
  tell(d, "input", irl_cost_input_names[c->input]);
  tell(d, "identity", c->identity ? "true" : "false");
  tell_number(d, "depth", c->depth);
}

static void describe(description* d, const irl_run* run, irl_export_part part) {
  const irl_task_info* t = irl_task_get(run->task);
  tell(d, "format", "mjirl-export-1");
  tell(d, "mjirl_version", MJIRL_VERSION);
  tell(d, "task", t->name);
  tell(d, "algo", irl_algo_names[run->algo]);
  tell_number(d, "horizon", t->horizon);
  tell_number(d, "dt", t->dt);
  tell_observation(d, run);
  tell_conditions(d, run);
  if (part != IRL_EXPORT_POLICY) {
    tell_cost(d, run);
  }
  if (part != IRL_EXPORT_COST) {
    tell(d, "policy",
         "u_t ~ N(K_t x_t + k_t, sigma_t): the sampler q(trajectory) of Guided Cost Learning, "
         "section 4.2, a controller a condition and step");
  }
}

static bool incomplete(const description* d) {
  bool failed = false;
  for (int i = 0; i < d->nmade; i++) {
    failed = failed || d->made[i].failed;
  }
  return failed;
}

static void forget(description* d) {
  for (int i = 0; i < d->nmade; i++) {
    irl_jout_fini(&d->made[i]);
  }
}

//---------------------------------- safetensors ---------------------------------------------------

// The cost's arrays under "cost.", ω as the weights w that it stands for.
static int cost_tensors(const irl_cost* cost, const double* w, irl_tensor* out) {
  const int n = irl_cost_tensors(cost, out);
  const int64_t nu = cost->nu;
  for (int i = 0; i < n; i++) {
    char name[IRL_TENSOR_NAME_SIZE];
    snprintf(name, sizeof name, "cost.%.80s", out[i].name);
    out[i] = strcmp(out[i].name, "omega") == 0
                 ? irl_tensor_of("cost.w", IRL_F64, w, 1, &nu)
                 : irl_tensor_of(name, out[i].dtype, out[i].data, out[i].rank, out[i].shape);
  }
  return n;
}

static int policy_tensors(const irl_run* run, const irl_export_policies* p, irl_tensor* out) {
  const int64_t n = run->nconditions, nx = run->learned[0].nx, nu = run->learned[0].nu;
  out[0] = irl_tensor_of("policy.K", IRL_F64, p->K, 4, (int64_t[]){n, p->steps, nu, nx});
  out[1] = irl_tensor_of("policy.k", IRL_F64, p->k, 3, (int64_t[]){n, p->steps, nu});
  out[2] = irl_tensor_of("policy.sigma", IRL_F64, p->sigma, 4, (int64_t[]){n, p->steps, nu, nu});
  return 3;
}

// What the arrays of the file point to beside the run itself.
typedef struct borrowed {
  double* w;           // weights of the action cost  (nu)
  int64_t* condition;  // (nconditions)
  irl_export_policies policies;
} borrowed;

static void give_back(borrowed* b) {
  irl_free(b->w);
  irl_free(b->condition);
  irl_export_policies_fini(&b->policies);
}

static irl_err borrow(borrowed* b, const irl_run* run) {
  *b = (borrowed){.w = IRL_NEW(double, irl_cost_nu(run->cost)),
                  .condition = IRL_NEW(int64_t, run->nconditions)};
  irl_err err = b->w == NULL || b->condition == NULL ? IRL_ENOMEM
                                                     : irl_export_policies_init(&b->policies, run);
  if (err != IRL_OK) {
    give_back(b);
    return err;
  }
  irl_cost_action_weights(run->cost, b->w);
  for (int k = 0; k < run->nconditions; k++) {
    b->condition[k] = run->condition[k];
  }
  return IRL_OK;
}

static irl_err encode_tensors(const irl_run* run, irl_export_part part, const description* d,
                              irl_wire* out, int* arrays) {
  irl_tensor t[IRL_COST_MAX_TENSORS + 5];
  const int64_t nc = run->nconditions;
  borrowed b;
  char* data = NULL;
  size_t size = 0;
  IRL_TRY(borrow(&b, run));
  int n = part == IRL_EXPORT_POLICY ? 0 : cost_tensors(run->cost, b.w, t);
  n += part == IRL_EXPORT_COST ? 0 : policy_tensors(run, &b.policies, t + n);
  t[n++] = irl_tensor_of("condition", IRL_I64, b.condition, 1, &nc);
  t[n++] = irl_tensor_of("log_z", IRL_F64, run->log_z, 1, &nc);
  irl_err err = irl_tensors_encode(t, n, d->pairs, d->n, &data, &size);
  give_back(&b);
  irl_wire_put(out, data, size);
  irl_free(data);
  *arrays = n;
  return err == IRL_OK && out->failed ? IRL_ENOMEM : err;
}

//---------------------------------- Face ----------------------------------------------------------

static irl_err check(const irl_run* run, const char* path, irl_export_format format,
                     irl_export_part part, irl_errinfo* info) {
  if (irl_file_exists(path) || irl_dir_exists(path)) {
    return irl_fail(info, IRL_EEXIST, "%s: is there already; choose another name or remove it",
                    path);
  }
  if (format == IRL_EXPORT_ONNX && part == IRL_EXPORT_ALL) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: an ONNX model holds the cost or the policy; export them one by one", path);
  }
  if (part != IRL_EXPORT_POLICY && run->algo == IRL_ALGO_BC) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "%s: bc learns no cost; export the policy alone (--part policy)", run->folder);
  }
  return IRL_OK;
}

static irl_err explain(irl_err err, const char* path, const irl_run* run, irl_errinfo* info) {
  switch (err) {
    case IRL_ENUM:
      return irl_fail(info, err,
                      "%s: holds a number that ONNX's 32-bit floats cannot; export safetensors",
                      run->folder);
    case IRL_ERANGE:
      return irl_fail(info, err, "%s: would be larger than such a file may be; %s", path,
                      "export the cost and the policy one by one, or as safetensors");
    default:
      return irl_fail(info, err, "%s: %s; close other programs", path, irl_err_name(err));
  }
}

irl_err irl_export(const irl_run* run, const char* path, irl_export_format format,
                   irl_export_part part, irl_export_report* report, irl_errinfo* info) {
  irl_wire file = {0};
  description d = {.n = 0};
  IRL_TRY(check(run, path, format, part, info));
  describe(&d, run, part);
  irl_err err = incomplete(&d) ? IRL_ENOMEM
                : format == IRL_EXPORT_ONNX
                    ? irl_export_onnx(run, part, d.pairs, d.n, &file, &report->tensors)
                    : encode_tensors(run, part, &d, &file, &report->tensors);
  forget(&d);
  report->bytes = (int64_t)file.size;
  err = err == IRL_OK ? irl_file_write(path, file.data, file.size, info)
                      : explain(err, path, run, info);
  irl_wire_fini(&file);
  return err;
}
