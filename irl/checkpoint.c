#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/tensors.h"
#include "irl/checkpoint_internal.h"

enum {
  MAX_PATH = 4096,
  STATE_SIZE = 4,
  CREW_SCALARS = 3,
  SCALARS = 2 * CREW_SCALARS + 2,
  KINDS = 2,  // present policies and those stepped from
  PER_CONDITION = 8,
  MAX_CHECKPOINTS = 100000
};

//---------------------------------- What is kept -------------------------------------------------

// Memory that tensors point into while a checkpoint is written.
typedef struct image {
  irl_tensor* tensors;
  int n;
  int64_t state[STATE_SIZE];
  int64_t* rounds;  // kept ones, in the order of drawing
  double** blocks;  // stacked arrays
  int nblocks;
} image;

static void add(image* im, const char* name, irl_dtype type, const void* data, int64_t count) {
  im->tensors[im->n++] = irl_tensor_of(name, type, data, 1, &count);
}

static size_t policy_size(const irl_policy* p) {
  return (size_t)p->steps * (size_t)(p->nu * p->nx + p->nu + p->nu * p->nu);
}

// K, k and Σ of a policy one after the other.
static void pack(const irl_policy* p, double* out) {
  size_t S = (size_t)p->steps, nu = (size_t)p->nu, nx = (size_t)p->nx;
  memcpy(out, p->K, S * nu * nx * sizeof(double));
  memcpy(out + S * nu * nx, p->k, S * nu * sizeof(double));
  memcpy(out + S * nu * (nx + 1), p->sigma, S * nu * nu * sizeof(double));
}

static irl_err unpack(irl_policy* p, const double* in, irl_errinfo* info) {
  size_t S = (size_t)p->steps, nu = (size_t)p->nu, nx = (size_t)p->nx;
  memcpy(p->K, in, S * nu * nx * sizeof(double));
  memcpy(p->k, in + S * nu * nx, S * nu * sizeof(double));
  memcpy(p->sigma, in + S * nu * (nx + 1), S * nu * nu * sizeof(double));
  return irl_policy_factor(p, info);
}

// A condition's numbers: per crew the step control's state, log Z and the constant, then per crew
// the present policy, the same of the policies that the last step was taken from, then every kept
// one in the order of drawing.
static size_t condition_size(const irl_learner* l, int k, int kept) {
  return SCALARS +
         policy_size(&irl_learner_sampler(l, k)->policy) * (size_t)(kept + KINDS * IRL_NCREWS);
}

// A round as a float64 tensor holds it, and back: −1 stands for none.
static double round_number(uint64_t round) {
  return round == IRL_NO_ROUND ? -1.0 : (double)round;
}

static uint64_t number_round(double number) {
  return number < 0.0 ? IRL_NO_ROUND : (uint64_t)number;
}

static irl_err add_condition(image* im, const irl_learner* l, int k) {
  const irl_store* store = &l->store[k];
  size_t size = policy_size(&irl_learner_sampler(l, k)->policy);
  size_t count = condition_size(l, k, store->nkept);
  double *block = IRL_NEW(double, count), *at = block;
  if (block == NULL) {
    return IRL_ENOMEM;
  }
  im->blocks[im->nblocks++] = block;
  for (int which = 0; which < IRL_NCREWS; which++, at += CREW_SCALARS) {
    if (l->crew[which].samples > 0) {
      const irl_sampler* s = &l->crew[which].sampler[k];
      at[0] = s->eta;
      at[1] = s->multiplier;
      at[2] = round_number(l->crew[which].stood_round[k]);
    }
  }
  *at++ = l->log_z[k];
  *at++ = l->constant[k];
  for (int which = 0; which < IRL_NCREWS; which++, at += size) {
    if (l->crew[which].samples > 0) {
      pack(&l->crew[which].sampler[k].policy, at);
      pack(&l->crew[which].stood[k], at + size * IRL_NCREWS);
    }
  }
  at += size * IRL_NCREWS;
  for (int m = 0; m < store->nkept; m++, at += size) {
    pack(&store->kept[m], at);
  }
  char name[64];
  snprintf(name, sizeof name, "condition%d", l->condition[k]);
  add(im, name, IRL_F64, block, (int64_t)count);
  return IRL_OK;
}

static void image_fini(image* im) {
  for (int i = 0; i < im->nblocks; i++) {
    irl_free(im->blocks[i]);
  }
  irl_free(im->blocks);
  irl_free(im->rounds);
  irl_free(im->tensors);
}

static irl_err image_init(image* im, const irl_learner* l) {
  memset(im, 0, sizeof *im);
  im->tensors = IRL_NEW(irl_tensor, l->nc + PER_CONDITION);
  im->blocks = IRL_NEW(double*, l->nc);
  int rounds = irl_learner_kept_rounds(l);
  im->rounds = IRL_NEW(int64_t, rounds);
  if (im->tensors == NULL || im->blocks == NULL || im->rounds == NULL) {
    return IRL_ENOMEM;
  }
  int n = irl_cost_nparam(l->cost);
  im->state[0] = l->iteration;
  im->state[1] = l->env_steps;
  im->state[2] = l->adam_step;
  im->state[3] = rounds;
  for (int i = 0; i < rounds; i++) {
    im->rounds[i] = (int64_t)irl_learner_kept_round(l, i);
  }
  // Wider types first, as irl_tensors_save lays them out: the checksum runs in the file's order.
  add(im, "state", IRL_I64, im->state, STATE_SIZE);
  add(im, "rounds", IRL_I64, im->rounds, rounds);
  for (int k = 0; k < l->nc; k++) {
    IRL_TRY(add_condition(im, l, k));
  }
  add(im, "theta", IRL_F32, irl_cost_params(l->cost), n);
  add(im, "adam_m", IRL_F32, l->adam_m, n);
  add(im, "adam_v", IRL_F32, l->adam_v, n);
  return IRL_OK;
}

static size_t tensor_bytes(const irl_tensor* t) {
  static const size_t width[] = {4, 8, 8, 1};
  return (size_t)t->shape[0] * width[t->dtype];
}

static uint32_t checksum(const irl_tensor* tensors, int n) {
  uint32_t crc = 0;
  for (int i = 0; i < n; i++) {
    crc = irl_crc32c(crc, tensors[i].data, tensor_bytes(&tensors[i]));
  }
  return crc;
}

//---------------------------------- Folder -------------------------------------------------------

static bool is_checkpoint(const char* name, int* iteration) {
  char* end;
  long value = strtol(name, &end, 10);
  *iteration = (int)value;
  return end == name + 6 && *end == '\0' && value > 0;
}

// Greatest checkpoint below `below` in the folder, 0 when there is none.
static int newest_below(const char* folder, int below) {
  DIR* dir = opendir(folder);
  int best = 0, iteration;
  if (dir == NULL) {
    return 0;
  }
  for (struct dirent* e = readdir(dir); e != NULL; e = readdir(dir)) {
    if (is_checkpoint(e->d_name, &iteration) && iteration < below && iteration > best) {
      best = iteration;
    }
  }
  closedir(dir);
  return best;
}

static irl_err checkpoint_path(char out[MAX_PATH], const char* folder, int iteration,
                               irl_errinfo* info) {
  char name[16];
  snprintf(name, sizeof name, "%06d", iteration);
  return irl_path_join(out, MAX_PATH, folder, name)
             ? IRL_OK
             : irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
}

static irl_err load_verified(irl_tensors** tensors, const char* path, irl_errinfo* info) {
  IRL_TRY(irl_tensors_load(tensors, path, info));
  const char* stated = irl_tensors_metadata(*tensors, "crc32c");
  char actual[16];
  uint32_t crc = 0;
  for (int i = 0; i < irl_tensors_count(*tensors); i++) {
    const irl_tensor* t = irl_tensors_at(*tensors, i);
    if (t->rank == 1) {
      crc = irl_crc32c(crc, t->data, tensor_bytes(t));
    }
  }
  snprintf(actual, sizeof actual, "%08x", crc);
  if (stated == NULL || strcmp(stated, actual) != 0) {
    irl_tensors_destroy(*tensors);
    return irl_fail(info, IRL_EPARSE, "%s: checksum does not match; it is passed over", path);
  }
  return IRL_OK;
}

//---------------------------------- Saving -------------------------------------------------------

static irl_err remove_old(const char* folder, int newest, int keep, irl_errinfo* info) {
  char path[MAX_PATH];
  int iteration = newest + 1;
  for (int i = 0; i < keep; i++) {
    iteration = newest_below(folder, iteration);
  }
  while (iteration > 0 && (iteration = newest_below(folder, iteration)) > 0) {
    IRL_TRY(checkpoint_path(path, folder, iteration, info));
    remove(path);
  }
  return IRL_OK;
}

irl_err irl_checkpoint_save(const irl_learner* l, const char* folder, int keep, irl_errinfo* info) {
  char path[MAX_PATH], crc[16];
  image im;
  IRL_TRY(checkpoint_path(path, folder, l->iteration, info));
  irl_err err = image_init(&im, l);
  if (err == IRL_OK) {
    snprintf(crc, sizeof crc, "%08x", checksum(im.tensors, im.n));
    const char* metadata[] = {"crc32c", crc, "format", "mjirl-checkpoint-3"};
    err = irl_tensors_save(path, im.tensors, im.n, metadata, 2, info);
  } else {
    irl_fail(info, err, "checkpoint: %s; free some memory", irl_err_name(err));
  }
  image_fini(&im);
  return err == IRL_OK ? remove_old(folder, l->iteration, keep, info) : err;
}

//---------------------------------- Restoring ----------------------------------------------------

static irl_err copy_floats(const irl_tensors* t, const char* name, float* out, int n,
                           irl_errinfo* info) {
  const void* data;
  int64_t count = n;
  IRL_TRY(irl_tensors_find(t, name, IRL_F32, 1, &count, &data, info));
  memcpy(out, data, sizeof(float) * (size_t)n);
  return IRL_OK;
}

// Pointer to a condition's packed numbers; their count must be that of `kept` samplers.
static irl_err find_condition(const irl_learner* l, const irl_tensors* t, int k, int kept,
                              const double** block, irl_errinfo* info) {
  char name[64];
  const void* data;
  int64_t count = (int64_t)condition_size(l, k, kept);
  snprintf(name, sizeof name, "condition%d", l->condition[k]);
  IRL_TRY(irl_tensors_find(t, name, IRL_F64, 1, &count, &data, info));
  *block = data;
  return IRL_OK;
}

// Puts packed policies into the crews at work: those from `slot` on, one a crew.
static irl_err unpack_crews(irl_learner* l, const irl_tensors* t, int kept, int slot,
                            irl_errinfo* info) {
  const double* block;
  for (int k = 0; k < l->nc; k++) {
    IRL_TRY(find_condition(l, t, k, kept, &block, info));
    size_t size = policy_size(&irl_learner_sampler(l, k)->policy);
    int at = slot;
    for (int which = 0; which < IRL_NCREWS; which++) {
      bool works = l->crew[which].samples > 0;
      if (works) {
        irl_policy* policy = &l->crew[which].sampler[k].policy;
        IRL_TRY(unpack(policy, block + SCALARS + size * (size_t)at, info));
      }
      // Present policies and those stepped from have a place for every crew.
      at += works || slot < KINDS * IRL_NCREWS;
    }
  }
  return IRL_OK;
}

// The policies that a crew stepped from are in its samplers' place.
static irl_err draw_stood(irl_learner* l, const irl_tensors* t, int which, int kept,
                          irl_errinfo* info) {
  irl_crew* crew = &l->crew[which];
  const double* block;
  for (int k = 0; crew->samples > 0 && k < l->nc; k++) {
    IRL_TRY(find_condition(l, t, k, kept, &block, info));
    crew->stood_round[k] = number_round(block[CREW_SCALARS * which + 2]);
    irl_policy_copy(&crew->stood[k], &crew->sampler[k].policy);
  }
  return irl_crew_draw_stood(l, which, info);
}

// Draws the kept rounds' trajectories again from their samplers, then those that the last steps
// were taken on, then puts the newest samplers in place.
static irl_err draw_again(irl_learner* l, const irl_tensors* t, int64_t rounds, int crews,
                          irl_errinfo* info) {
  const void* data;
  IRL_TRY(irl_tensors_find(t, "rounds", IRL_I64, 1, &rounds, &data, info));
  for (int m = 0; m < rounds; m++) {
    int64_t round;
    memcpy(&round, (const char*)data + sizeof round * (size_t)m, sizeof round);
    IRL_TRY(unpack_crews(l, t, (int)rounds * crews, KINDS * IRL_NCREWS + m * crews, info));
    IRL_TRY(irl_learner_draw(l, (uint64_t)round, info));
  }
  IRL_TRY(unpack_crews(l, t, (int)rounds * crews, IRL_NCREWS, info));
  for (int which = 0; which < IRL_NCREWS; which++) {
    IRL_TRY(draw_stood(l, t, which, (int)rounds * crews, info));
  }
  return unpack_crews(l, t, (int)rounds * crews, 0, info);
}

static void restore_condition(irl_learner* l, int k, const double* block) {
  for (int which = 0; which < IRL_NCREWS; which++, block += CREW_SCALARS) {
    if (l->crew[which].samples > 0) {
      irl_sampler* s = &l->crew[which].sampler[k];
      s->eta = block[0];
      s->multiplier = block[1];
    }
  }
  l->log_z[k] = block[0];
  l->constant[k] = block[1];
}

static irl_err restore(irl_learner* l, const irl_tensors* t, irl_errinfo* info) {
  int n = irl_cost_nparam(l->cost);
  int64_t size = STATE_SIZE;
  int crews = l->crew[IRL_CREW_EXPLORE].samples > 0 ? IRL_NCREWS : 1;
  const void* state;
  const double* block;
  IRL_TRY(irl_tensors_find(t, "state", IRL_I64, 1, &size, &state, info));
  int64_t values[STATE_SIZE];
  memcpy(values, state, sizeof values);
  IRL_TRY(copy_floats(t, "theta", irl_cost_params(l->cost), n, info));
  IRL_TRY(copy_floats(t, "adam_m", l->adam_m, n, info));
  IRL_TRY(copy_floats(t, "adam_v", l->adam_v, n, info));
  if (values[0] < 0 || values[0] > l->config.iterations || values[3] < 0 ||
      values[3] > l->store[0].max_kept / crews) {
    return irl_fail(info, IRL_ERANGE,
                    "checkpoint: holds %lld iterations of %d; raise iterations to go on",
                    (long long)values[0], l->config.iterations);
  }
  IRL_TRY(draw_again(l, t, values[3], crews, info));
  for (int k = 0; k < l->nc; k++) {
    IRL_TRY(find_condition(l, t, k, l->store[k].nkept, &block, info));
    restore_condition(l, k, block);
  }
  irl_learner_restore_model(l);
  l->iteration = (int)values[0];
  l->env_steps = values[1];
  l->adam_step = (int)values[2];
  return IRL_OK;
}

static void warn(const irl_host* host, const char* text) {
  if (host != NULL) {
    irl_log(&host->sink, IRL_LOG_WARNING, "%s", text);
  }
}

irl_err irl_checkpoint_restore(irl_learner* l, const char* folder, const irl_host* host,
                               int* iteration, irl_errinfo* info) {
  char path[MAX_PATH];
  irl_errinfo reason = {IRL_OK, ""};
  *iteration = newest_below(folder, MAX_CHECKPOINTS * 10);
  for (; *iteration > 0; *iteration = newest_below(folder, *iteration)) {
    irl_tensors* tensors;
    IRL_TRY(checkpoint_path(path, folder, *iteration, info));
    if (load_verified(&tensors, path, &reason) == IRL_OK) {
      irl_err err = restore(l, tensors, info);
      irl_tensors_destroy(tensors);
      return err;
    }
    warn(host, reason.text);
  }
  return IRL_OK;
}
