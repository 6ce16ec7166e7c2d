#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "irl/metrics_internal.h"
#include "irl/wire_internal.h"

#define COUNT(name) +1
enum { MAX_PATH = 4096, MAX_FILE = 1 << 30, NFIELDS = IRL_METRICS_FIELDS(COUNT), MAX_TEXT = 4096 };
#undef COUNT

static const char jsonl_name[] = "metrics.jsonl";
static const char csv_name[] = "metrics.csv";
static const char event_name[] = "events.out.tfevents.0.mjirl";

static const char* const field_names[NFIELDS] = {
#define NAME(name) #name,
    IRL_METRICS_FIELDS(NAME)
#undef NAME
};

static void field_values(const irl_metrics* m, double out[NFIELDS]) {
  int i = 0;
#define VALUE(name) out[i++] = m->name;
  IRL_METRICS_FIELDS(VALUE)
#undef VALUE
}

static irl_err join(char out[MAX_PATH], const char* folder, const char* name, irl_errinfo* info) {
  return irl_path_join(out, MAX_PATH, folder, name)
             ? IRL_OK
             : irl_fail(info, IRL_ERANGE, "%s: path is too long; use a shorter one", folder);
}

//---------------------------------- Lines --------------------------------------------------------

static void json_line(const irl_metrics* m, irl_jout* out) {
  double values[NFIELDS];
  field_values(m, values);
  irl_jout_open(out, '{');
  irl_jout_key_int(out, "iteration", m->iteration);
  irl_jout_key_int(out, "env_steps", m->env_steps);
  for (int i = 0; i < NFIELDS; i++) {
    irl_jout_key_number(out, field_names[i], values[i]);
  }
  irl_jout_close(out);
}

static int csv_header(char* text, size_t size) {
  int n = snprintf(text, size, "iteration,env_steps");
  for (int i = 0; i < NFIELDS; i++) {
    n += snprintf(text + n, size - (size_t)n, ",%s", field_names[i]);
  }
  n += snprintf(text + n, size - (size_t)n, "\n");
  return n;
}

// An empty cell stands for a figure without meaning.
static int csv_line(const irl_metrics* m, char* text, size_t size) {
  double values[NFIELDS];
  field_values(m, values);
  int n = snprintf(text, size, "%d,%lld", m->iteration, (long long)m->env_steps);
  for (int i = 0; i < NFIELDS; i++) {
    n += isfinite(values[i]) ? snprintf(text + n, size - (size_t)n, ",%.17g", values[i])
                             : snprintf(text + n, size - (size_t)n, ",");
  }
  n += snprintf(text + n, size - (size_t)n, "\n");
  return n;
}

//---------------------------------- TensorBoard events -------------------------------------------

static uint32_t masked_crc(const void* data, size_t size) {
  uint32_t crc = irl_crc32c(0, data, size);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

// A TFRecord: u64 length | its masked CRC | data | its masked CRC.
static void put_record(irl_wire* out, const irl_wire* event) {
  uint64_t size = event->size;
  uint32_t crc = masked_crc(&size, sizeof size);
  irl_wire_put(out, &size, sizeof size);
  irl_wire_put(out, &crc, sizeof crc);
  irl_wire_put(out, event->data, event->size);
  crc = masked_crc(event->data, event->size);
  irl_wire_put(out, &crc, sizeof crc);
  out->failed = out->failed || event->failed;
}

// Event {wall_time = 1 (double), step = 2, file_version = 3, summary = 5}. The time is the run's
// own, so that equal runs on equal clocks give equal files.
static void version_record(irl_wire* out) {
  irl_wire event = {0};
  irl_wire_double(&event, 1, 0.0);
  irl_wire_text(&event, 3, "brain.Event:2");
  put_record(out, &event);
  irl_wire_fini(&event);
}

// Summary {value = 1 {tag = 1, simple_value = 2 (float)}} of every figure that has a meaning.
static void put_summary(irl_wire* summary, const irl_metrics* m) {
  double values[NFIELDS];
  irl_wire value = {0};
  field_values(m, values);
  for (int i = 0; i < NFIELDS; i++) {
    if (isfinite(values[i])) {
      irl_wire_reset(&value);
      irl_wire_text(&value, 1, field_names[i]);
      irl_wire_float(&value, 2, (float)values[i]);
      irl_wire_message(summary, 1, &value);
    }
  }
  irl_wire_fini(&value);
}

static void metrics_record(const irl_metrics* m, irl_wire* out) {
  irl_wire event = {0}, summary = {0};
  put_summary(&summary, m);
  irl_wire_double(&event, 1, m->wall_seconds);
  irl_wire_int(&event, 2, m->env_steps);
  irl_wire_message(&event, 5, &summary);
  put_record(out, &event);
  irl_wire_fini(&event);
  irl_wire_fini(&summary);
}

//---------------------------------- Files --------------------------------------------------------

static irl_err append_jsonl(const char* folder, const irl_metrics* m, irl_errinfo* info) {
  char path[MAX_PATH];
  IRL_TRY(join(path, folder, jsonl_name, info));
  irl_jout out;
  irl_jout_init(&out, false);
  json_line(m, &out);
  irl_err err = IRL_ENOMEM;
  char line[MAX_TEXT];
  if (!out.failed && out.size + 1 < sizeof line) {
    int n = snprintf(line, sizeof line, "%s\n", out.text);
    err = irl_file_append(path, line, (size_t)n, info);
  }
  irl_jout_fini(&out);
  return err;
}

static irl_err append_csv(const char* folder, const irl_metrics* m, irl_errinfo* info) {
  char path[MAX_PATH], text[MAX_TEXT];
  IRL_TRY(join(path, folder, csv_name, info));
  int n = irl_file_exists(path) ? 0 : csv_header(text, sizeof text);
  n += csv_line(m, text + n, sizeof text - (size_t)n);
  return irl_file_append(path, text, (size_t)n, info);
}

static irl_err append_event(const char* folder, const irl_metrics* m, irl_errinfo* info) {
  char path[MAX_PATH];
  IRL_TRY(join(path, folder, event_name, info));
  irl_wire out = {0};
  if (!irl_file_exists(path)) {
    version_record(&out);
  }
  metrics_record(m, &out);
  irl_err err = out.failed ? irl_fail(info, IRL_ENOMEM, "%s: out of memory; free some", path)
                           : irl_file_append(path, out.data, out.size, info);
  irl_wire_fini(&out);
  return err;
}

irl_err irl_metrics_append(const char* folder, const irl_metrics* m, irl_errinfo* info) {
  IRL_TRY(append_jsonl(folder, m, info));
  IRL_TRY(append_csv(folder, m, info));
  return append_event(folder, m, info);
}

irl_err irl_metrics_sync(const char* folder, irl_errinfo* info) {
  char path[MAX_PATH];
  IRL_TRY(join(path, folder, jsonl_name, info));
  return irl_file_exists(path) ? irl_file_sync(path, info) : IRL_OK;
}

//---------------------------------- Going back ---------------------------------------------------

static double number_or_nan(irl_jnode object, const char* key) {
  irl_jnode node = irl_json_get(object, key);
  return irl_json_type(node) == IRL_JSON_NULL ? NAN : irl_json_as_number(node, -1e300, 1e300);
}

static irl_err parse_line(const char* name, int line, const char* text, size_t size, irl_metrics* m,
                          irl_errinfo* info) {
  irl_json* doc;
  IRL_TRY(irl_json_parse_line(&doc, name, line, text, size, info));
  irl_jnode root = irl_json_root(doc);
  m->iteration = irl_json_as_int(irl_json_get(root, "iteration"), 1, 1 << 30);
  m->env_steps = (int64_t)irl_json_as_number(irl_json_get(root, "env_steps"), 0, 9e15);
#define READ(name) m->name = number_or_nan(root, #name);
  IRL_METRICS_FIELDS(READ)
#undef READ
  return irl_json_close(doc, info);
}

// The CSV and the event file are made again from the lines that stay.
static irl_err remove_derived(const char* folder, irl_errinfo* info) {
  const char* const names[] = {csv_name, event_name};
  char path[MAX_PATH];
  for (int i = 0; i < 2; i++) {
    IRL_TRY(join(path, folder, names[i], info));
    remove(path);
  }
  return IRL_OK;
}

// Appends the first iterations of text (metrics.jsonl) to the derived files; *kept gets their
// bytes. A torn line at the end is passed over.
static irl_err derive(const char* folder, const char* text, int iterations, size_t* kept,
                      double* wall_seconds, irl_errinfo* info) {
  const char* line = text;
  int done = 0;
  for (const char* end; done < iterations && (end = strchr(line, '\n')) != NULL; line = end + 1) {
    irl_metrics m;
    IRL_TRY(parse_line(jsonl_name, done + 1, line, (size_t)(end - line), &m, info));
    IRL_TRY(append_csv(folder, &m, info));
    IRL_TRY(append_event(folder, &m, info));
    *wall_seconds = m.wall_seconds;
    done++;
  }
  *kept = (size_t)(line - text);
  return done == iterations
             ? IRL_OK
             : irl_fail(info, IRL_EPARSE,
                        "%s/%s: holds %d iterations where the checkpoint has %d; restore it or "
                        "train anew",
                        folder, jsonl_name, done, iterations);
}

irl_err irl_metrics_rewind(const char* folder, int iterations, double* wall_seconds,
                           irl_errinfo* info) {
  char path[MAX_PATH], *text;
  size_t size;
  *wall_seconds = 0.0;
  IRL_TRY(join(path, folder, jsonl_name, info));
  if (!irl_file_exists(path)) {
    return iterations == 0
               ? IRL_OK
               : irl_fail(info, IRL_ENOENT, "%s: missing; restore it or train anew", path);
  }
  IRL_TRY(irl_file_read(path, MAX_FILE, &text, &size, info));
  size_t kept = 0;
  irl_err err = remove_derived(folder, info);
  if (err == IRL_OK) {
    err = derive(folder, text, iterations, &kept, wall_seconds, info);
  }
  if (err == IRL_OK && kept < size) {
    err = irl_file_write(path, text, kept, info);
  }
  irl_free(text);
  return err;
}
