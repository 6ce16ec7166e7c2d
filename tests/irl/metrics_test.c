// The three metric files agree with each other, and going back leaves what was there before.
#include <stdint.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "irl/metrics_internal.h"
#include "test.h"

static char folder[1024];

static irl_metrics row(int iteration) {
  irl_metrics m = {.iteration = iteration, .env_steps = 100 * iteration};
  m.wall_seconds = 0.5 * iteration;
  m.loss = 1.0 / (3 * iteration);
  m.return_mean = NAN;
  m.normalized_return = NAN;
  return m;
}

static char* slurp(const char* name, size_t* size) {
  char path[2048], *data = NULL;
  CHECK(irl_path_join(path, sizeof path, folder, name));
  CHECK_OK(irl_file_read(path, 1 << 20, &data, size, NULL));
  return data;
}

static void start(const char* name, int rows) {
  const char* root = test_folder();
  char path[2048];
  snprintf(folder, sizeof folder, "%s/metrics_%s", root, name);
  CHECK_OK(irl_dir_create(folder, NULL));
  const char* const names[] = {"metrics.jsonl", "metrics.csv", "events.out.tfevents.0.mjirl"};
  for (int i = 0; i < 3; i++) {
    irl_path_join(path, sizeof path, folder, names[i]);
    unlink(path);
  }
  for (int i = 1; i <= rows; i++) {
    irl_metrics m = row(i);
    CHECK_OK(irl_metrics_append(folder, &m, NULL));
  }
}

static void text_files(void) {
  size_t size;
  start("text", 2);
  char* jsonl = slurp("metrics.jsonl", &size);
  CHECK_CONTAINS(jsonl, "{\"iteration\":1,\"env_steps\":100,");
  CHECK_CONTAINS(jsonl, "\"return_mean\":null");
  char* csv = slurp("metrics.csv", &size);
  CHECK(strncmp(csv, "iteration,env_steps,wall_seconds,loss,", 38) == 0);
  CHECK_CONTAINS(csv, "\n2,200,1,0.16666666666666666,");
  irl_free(jsonl);
  irl_free(csv);
}

static uint32_t unmask(uint32_t masked) {
  uint32_t rotated = masked - 0xa282ead8u;
  return (rotated >> 17) | (rotated << 15);
}

// Every record: length, CRC of the length, data, CRC of the data (TFRecord).
static void events_are_framed(void) {
  size_t size, at = 0;
  int records = 0;
  start("events", 3);
  char* data = slurp("events.out.tfevents.0.mjirl", &size);
  while (at < size) {
    uint64_t length;
    uint32_t crc;
    memcpy(&length, data + at, 8);
    memcpy(&crc, data + at + 8, 4);
    CHECK(unmask(crc) == irl_crc32c(0, data + at, 8));
    memcpy(&crc, data + at + 12 + length, 4);
    CHECK(unmask(crc) == irl_crc32c(0, data + at + 12, length));
    at += 16 + length;
    records++;
  }
  CHECK(at == size);
  CHECK(records == 4);
  irl_free(data);
}

static void rewind_restores(void) {
  const char* const names[] = {"metrics.jsonl", "metrics.csv", "events.out.tfevents.0.mjirl"};
  char* before[3];
  size_t size[3], now;
  double wall;
  start("rewind", 3);
  for (int i = 0; i < 3; i++) {
    before[i] = slurp(names[i], &size[i]);
  }
  for (int i = 4; i <= 6; i++) {
    irl_metrics m = row(i);
    CHECK_OK(irl_metrics_append(folder, &m, NULL));
  }
  char path[2048];
  irl_path_join(path, sizeof path, folder, "metrics.jsonl");
  CHECK_OK(irl_file_append(path, "{\"iteration\":7,\"env", 19, NULL));  // torn by a kill
  CHECK_OK(irl_metrics_rewind(folder, 3, &wall, NULL));
  CHECK_NEAR(wall, 1.5, 0);
  for (int i = 0; i < 3; i++) {
    char* after = slurp(names[i], &now);
    CHECK(now == size[i] && memcmp(after, before[i], now) == 0);
    irl_free(after);
    irl_free(before[i]);
  }
}

static void rewind_past_the_end_is_refused(void) {
  irl_errinfo info;
  double wall;
  start("short", 2);
  CHECK(irl_metrics_rewind(folder, 5, &wall, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "holds 2 iterations where the checkpoint has 5");
}

static void damaged_line_is_named(void) {
  irl_errinfo info;
  char path[2048];
  double wall;
  start("damaged", 3);
  irl_path_join(path, sizeof path, folder, "metrics.jsonl");
  CHECK_OK(irl_file_append(path, "garbage\n", 8, NULL));
  CHECK(irl_metrics_rewind(folder, 4, &wall, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "metrics.jsonl:4: $: ");
}

TESTS(TEST(text_files), TEST(events_are_framed), TEST(rewind_restores),
      TEST(rewind_past_the_end_is_refused), TEST(damaged_line_is_named))
