#include "base/log.h"

#include "test.h"

typedef struct heard {
  int count;
  irl_level level;
  char text[2048];
} heard;

static void hear(void* user, irl_level level, const char* text) {
  heard* h = user;
  h->count++;
  h->level = level;
  snprintf(h->text, sizeof h->text, "%s", text);
}

static void messages_reach_the_sink(void) {
  heard h = {0};
  irl_sink sink = {hear, &h};
  irl_log(&sink, IRL_LOG_WARNING, "%d of %s", 3, "four");
  CHECK(h.count == 1 && h.level == IRL_LOG_WARNING && strcmp(h.text, "3 of four") == 0);
  char longer[3000];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  irl_log(&sink, IRL_LOG_INFO, "%s", longer);
  CHECK(h.count == 2 && strlen(h.text) == 1023);
}

static void silence_is_fine(void) {
  irl_sink sink = {0};
  irl_log(&sink, IRL_LOG_INFO, "nobody hears");
  irl_log(NULL, IRL_LOG_INFO, "nobody hears");
}

static void stop_is_seen(void) {
  atomic_bool stop = false;
  irl_host host = {.stop = &stop};
  CHECK(!irl_host_stop(NULL) && !irl_host_stop(&host));
  atomic_store(&stop, true);
  CHECK(irl_host_stop(&host));
  host.stop = NULL;
  CHECK(!irl_host_stop(&host));
}

TESTS(TEST(messages_reach_the_sink), TEST(silence_is_fine), TEST(stop_is_seen))
