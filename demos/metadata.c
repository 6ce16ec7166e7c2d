// metadata.json: what Minari asks for, and the checksum of the HDF5 file.
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "demos/demos_internal.h"

// The newest dataset version that Minari's own reader lists; it refuses versions it does not know.
#define MINARI_VERSION "0.5.4"

//---------------------------------- Names ---------------------------------------------------------

static bool name_char(char c) {
  return isalnum((unsigned char)c) || c == '_' || c == '-';
}

// Minari's form: (namespace/)name-v<number>.
static bool valid_id(const char* id) {
  const char* version = NULL;
  for (const char* c = id; *c; c++) {
    bool slash = *c == '/' && c > id && c[1] && c[1] != '/' && c[1] != '-';
    if (!name_char(*c) && !slash) {
      return false;
    }
    version = strncmp(c, "-v", 2) == 0 ? c + 2 : *c == '/' ? NULL : version;
  }
  const char* last = strrchr(id, '/');
  bool named = version && version - 2 > (last ? last + 1 : id);
  return named && *version && !version[strspn(version, "0123456789")];
}

// Task names may hold what Minari does not allow in an id.
static void clean_name(char* name) {
  for (char* c = name; *c; c++) {
    *c = name_char(*c) ? *c : '_';
  }
}

// "mjirl/<task>/<folder>" where the folder is itself named like a dataset (expert-v0), as it must
// be for Minari to find it under its root; else "mjirl/<task>/demonstrations-v0".
static void make_id(char* out, size_t size, const char* dir, const char* task) {
  char folder[128] = "", name[128];
  size_t end = strlen(dir);
  while (end > 0 && dir[end - 1] == '/') {
    end--;
  }
  size_t begin = end;
  while (begin > 0 && dir[begin - 1] != '/') {
    begin--;
  }
  snprintf(folder, sizeof folder, "%.*s", (int)(end - begin < 127 ? end - begin : 127),
           dir + begin);
  snprintf(name, sizeof name, "%s", task);
  clean_name(name);
  bool good = valid_id(folder);
  snprintf(out, size, "mjirl/%s/%s", name, good ? folder : "demonstrations-v0");
}

//---------------------------------- Writing -------------------------------------------------------

// A bound as Python's json module writes it: it knows Infinity, which strict JSON does not.
static size_t put_bound(char* out, double value) {
  if (isinf(value)) {
    return (size_t)sprintf(out, value < 0 ? "-Infinity" : "Infinity");
  }
  return (size_t)sprintf(out, "%.17g", value);
}

// A list of bounds, all of them `fallback` where there is no list.
static size_t put_bounds(char* out, const double* bounds, double fallback, int n) {
  size_t size = 0;
  for (int i = 0; i < n; i++) {
    size += (size_t)sprintf(out + size, i ? ", " : "[");
    size += put_bound(out + size, bounds ? bounds[i] : fallback);
  }
  return size + (size_t)sprintf(out + size, "]");
}

// Minari's text of a Box space (irl_free); NULL bounds are infinite.
static char* box_text(const double* low, const double* high, int n) {
  char* text = irl_calloc((size_t)n * 64 + 256, 1);  // a bound and its comma take at most 27 bytes
  if (text) {
    size_t size = (size_t)sprintf(
        text, "{\"type\": \"Box\", \"dtype\": \"float64\", \"shape\": [%d], \"low\": ", n);
    size += put_bounds(text + size, low, -INFINITY, n);
    size += (size_t)sprintf(text + size, ", \"high\": ");
    size += put_bounds(text + size, high, INFINITY, n);
    sprintf(text + size, "}");
  }
  return text;
}

// The two spaces, each JSON text inside a JSON string, as Minari demands.
static bool put_spaces(irl_jout* out, const irl_task* task) {
  const irl_task_info* t = irl_task_get(task);
  char* observation = box_text(NULL, NULL, t->nx);
  char* action = box_text(irl_task_action_low(task), irl_task_action_high(task), t->nu);
  bool good = observation && action;
  if (good) {
    irl_jout_key_string(out, "observation_space", observation);
    irl_jout_key_string(out, "action_space", action);
  }
  irl_free(observation);
  irl_free(action);
  return good;
}

// A name for each observation entry, for people who look at the arrays elsewhere.
static void put_names(irl_jout* out, const irl_task* task) {
  irl_jout_key(out, "mjirl_observation");
  irl_jout_open(out, '[');
  for (int i = 0; i < irl_task_get(task)->nx; i++) {
    irl_jout_string(out, irl_task_observation_name(task, i));
  }
  irl_jout_close(out);
}

// The whole object; the order is fixed, so that equal data gives equal bytes.
static void put_all(irl_jout* out, const char* id, const irl_task* task, const irl_demos_meta* meta,
                    const irl_demos_totals* totals) {
  char crc[16];
  snprintf(crc, sizeof crc, "%08" PRIx32, totals->crc32c);
  irl_jout_open(out, '{');
  irl_jout_key_string(out, "dataset_id", id);
  irl_jout_key_string(out, "minari_version", MINARI_VERSION);
  irl_jout_key_string(out, "data_format", "hdf5");
  irl_jout_key_int(out, "total_episodes", totals->episodes);
  irl_jout_key_int(out, "total_steps", totals->steps);
  irl_jout_key_number(out, "dataset_size", nearbyint((double)totals->bytes / 1e5) / 10);
  out->failed |= !put_spaces(out, task);
  if (meta->algorithm) {
    irl_jout_key_string(out, "algorithm_name", meta->algorithm);
  }
  irl_jout_key_int(out, "mjirl_format", IRL_DEMOS_FORMAT);
  irl_jout_key_string(out, "mjirl_task", irl_task_get(task)->name);
  put_names(out, task);
  if (meta->command) {
    irl_jout_key_string(out, "mjirl_command", meta->command);
  }
  irl_jout_key_string(out, "mjirl_crc32c", crc);
  if (meta->replaces) {
    snprintf(crc, sizeof crc, "%08" PRIx32, *meta->replaces);
    irl_jout_key_string(out, "mjirl_replaces", crc);
  }
  irl_jout_close(out);
}

irl_err irl_demos_metadata_text(char** text, const char* dir, const irl_task* task,
                                const irl_demos_meta* meta, const irl_demos_totals* totals,
                                irl_errinfo* info) {
  char made[320];
  const char* id = meta->dataset_id ? meta->dataset_id : made;
  make_id(made, sizeof made, dir, irl_task_get(task)->name);
  *text = NULL;
  if (!valid_id(id)) {
    return irl_fail(info, IRL_ERANGE,
                    "dataset id \"%s\": is not of the form namespace/name-v0 in letters, digits, - "
                    "and _; give such a name",
                    id);
  }
  irl_jout out;
  irl_jout_init(&out, true);
  put_all(&out, id, task, meta, totals);
  if (!out.failed) {
    *text = irl_calloc(out.size + 2, 1);
  }
  if (*text) {
    memcpy(*text, out.text, out.size);
    (*text)[out.size] = '\n';
  }
  irl_jout_fini(&out);
  return *text ? IRL_OK
               : irl_fail(info, IRL_ENOMEM, "metadata of %s: out of memory; free some", dir);
}

//---------------------------------- Reading -------------------------------------------------------

char* irl_demos_text(const char* text) {
  size_t size = strlen(text);
  char* copy = irl_calloc(size + 1, 1);
  if (copy) {
    memcpy(copy, text, size);
  }
  return copy;
}

// Whether the file has such a checksum, and which.
static bool read_crc(irl_jnode root, const char* key, uint32_t* crc) {
  if (!irl_json_has(root, key)) {
    return false;
  }
  irl_jnode node = irl_json_get(root, key);
  const char* text = irl_json_as_string(node);
  if (strlen(text) != 8 || text[strspn(text, "0123456789abcdef")]) {
    irl_json_refuse(node, IRL_EPARSE, "is not a checksum of 8 hexadecimal digits; remove the key");
    return false;
  }
  *crc = (uint32_t)strtoul(text, NULL, 16);
  return true;
}

irl_err irl_demos_metadata_read(irl_demos_metadata* metadata, const char* path, irl_errinfo* info) {
  *metadata = (irl_demos_metadata){.episodes = -1};
  irl_json* doc = NULL;
  if (irl_file_exists(path)) {
    IRL_TRY(irl_json_load(&doc, path, info));
    irl_jnode root = irl_json_root(doc);
    metadata->has_crc = read_crc(root, "mjirl_crc32c", &metadata->crc32c);
    metadata->has_replaces = read_crc(root, "mjirl_replaces", &metadata->replaces);
    metadata->episodes = irl_json_int_or(root, "total_episodes", 0, 1 << 30, -1);
  }
  metadata->dataset_id =
      irl_demos_text(doc ? irl_json_string_or(irl_json_root(doc), "dataset_id", "") : "");
  metadata->algorithm =
      irl_demos_text(doc ? irl_json_string_or(irl_json_root(doc), "algorithm_name", "") : "");
  // Other programs put keys of their own into this file, so unknown ones are no error here.
  bool good = !doc || irl_json_ok(doc);
  irl_err closed = doc ? irl_json_close(doc, good ? NULL : info) : IRL_OK;
  irl_err err = good ? IRL_OK : closed;
  if (!err && (!metadata->dataset_id || !metadata->algorithm)) {
    err = irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path);
  }
  if (err) {
    irl_free(metadata->dataset_id);
    irl_free(metadata->algorithm);
  }
  return err;
}
